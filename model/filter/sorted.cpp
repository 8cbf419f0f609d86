// SPDX-License-Identifier: GPL-3.0-or-later
// Filters in the order of a value: by walking the values in index order where the filter is common, by
// looking up or joining the values of what the filter finds where it is rare.
#include <algorithm>
#include <cmath>

#include "model/filter/decimal.h"
#include "model/filter/planner_p.h"

namespace atlas::filter {

namespace {

using Kind = Predicate::Kind;

// Microseconds, as in plannercost.cpp.
constexpr double rowCost = 0.12;
constexpr double exactCost = 0.5; // the exact number of one row: by way of text
constexpr double joinCost = 0.12;
constexpr double sortCost = 0.03; // times n log2 n; a numeric or a text

bool isText(const SortedBy& by)
{
    return !by.sort.subject.isAttribute() || by.attribute.type == ValueType::String ||
           by.attribute.type == ValueType::Json;
}

bool isNumber(const SortedBy& by)
{
    return by.sort.subject.isAttribute() && by.attribute.type == ValueType::Number && !by.nearest;
}

QByteArray fieldColumn(const SortedBy& by)
{
    switch (by.sort.subject.field) {
    case EntityField::Id:
        return QByteArrayLiteral("external_id");
    case EntityField::Type:
        return QByteArrayLiteral("entity_type");
    case EntityField::Name:
        break;
    }
    return QByteArrayLiteral("name");
}

QString sortText(const SortedBy& by)
{
    QString name = by.attribute.name;
    if (!by.sort.subject.isAttribute()) {
        name = by.sort.subject.field == EntityField::Id     ? QStringLiteral("entity.id")
               : by.sort.subject.field == EntityField::Type ? QStringLiteral("entity.type")
                                                            : QStringLiteral("entity.name");
    }
    return name + (by.sort.descending ? QStringLiteral(", descending") : QStringLiteral(", ascending"));
}

double sorting(double rows)
{
    return sortCost * rows * std::log2(rows + 2);
}

} // namespace

QByteArray sortOrder(const QByteArray& alias, bool descending)
{
    const QByteArray way = descending ? " desc" : "";
    return "case when " + alias + ".sort_value is null then 1 else 0 end, " + alias + ".sort_value" + way +
           ", " + alias + ".entity_id" + way;
}

int compareInOrder(const Sort& sort, ValueType type, const SortCursor& a, const SortCursor& b)
{
    if (a.value.has_value() != b.value.has_value())
        return a.value ? -1 : 1;
    int order = 0;
    if (a.value) {
        const bool text = !sort.subject.isAttribute() || type == ValueType::String || type == ValueType::Json;
        if (text) {
            order = a.value->toUtf8().compare(b.value->toUtf8()); // by code point, as the server does
        } else {
            const Decimal first = Decimal::parse(*a.value).value_or(Decimal());
            const Decimal second = Decimal::parse(*b.value).value_or(Decimal());
            order = first < second ? -1 : first > second ? 1 : 0;
        }
    }
    if (order == 0)
        order = a.entityId < b.entityId ? -1 : a.entityId > b.entityId ? 1 : 0;
    return sort.descending ? -order : order;
}

SortedBy sortedBy(const Sort& sort, const CatalogLookup& catalog, const Estimator& estimator)
{
    SortedBy by;
    by.sort = sort;
    if (sort.subject.isAttribute())
        by.attribute = catalog.find(sort.subject.attribute).value_or(AttributeInfo());
    by.having =
        toPredicate(Expression(Node(Clause{sort.subject, Operator::Exists, {}, true})), catalog, estimator);
    return by;
}

/// What is sorted by, of a row of attribute_values or entities.
QByteArray Planner::sortValue(const SortedBy& by, const QByteArray& alias) const
{
    if (!by.sort.subject.isAttribute())
        return alias + '.' + fieldColumn(by);
    if (isText(by))
        return alias + ".value_text";
    if (isNumber(by) && !m_options.realRedshift)
        return "coalesce(" + alias + ".value_exact, " + alias + ".value_num::text::numeric)";
    return alias + ".value_num";
}

QByteArray Planner::noSortValue(const SortedBy& by) const
{
    if (isText(by))
        return m_options.dialect == Dialect::Redshift ? "cast(null as varchar(65535))" : "null::text";
    return isNumber(by) && !m_options.realRedshift ? "null::numeric" : "null::float8";
}

QByteArray Planner::sortParameter(const SortedBy& by, const QString& value)
{
    if (isText(by))
        return m_parameters.text(value);
    if (isNumber(by) && !m_options.realRedshift)
        return m_parameters.numeric(Decimal::parse(value).value_or(Decimal()).text());
    return m_parameters.float8(value.toDouble());
}

/// `set` yields entity_id and sort_value, null for those without.
QByteArray Planner::sortedPage(const QByteArray& set, const SortedBy& by, const Need& need)
{
    QByteArray sql = "select l.entity_id, l.sort_value from (\n" + set + "\n) l";
    if (m_options.sortAfter && m_options.sortAfter->value) {
        const QByteArray beyond = by.sort.descending ? " < " : " > ";
        const QByteArray value = sortParameter(by, *m_options.sortAfter->value);
        sql += "\n where (l.sort_value is null or l.sort_value" + beyond + value +
               "\n        or (l.sort_value = " + value + " and l.entity_id" + beyond +
               m_parameters.bigint(m_options.sortAfter->entityId) + "))";
    }
    return sql + "\n order by " + sortOrder("l", by.sort.descending) + limit(need);
}

std::vector<Candidate> Planner::sortedCandidates(const Predicate& predicate, const SortedBy& by,
                                                 const Need& need)
{
    if (m_options.sortAfter && !m_options.sortAfter->value)
        return sortTail(predicate, by, need);
    std::vector<Candidate> all;
    if (m_options.dialect == Dialect::Postgres) {
        all.push_back(sortLookups(predicate, by, need));
        if (auto walk = sortWalk(predicate, by, need))
            all.push_back(std::move(*walk));
    }
    if (m_options.dialect == Dialect::Redshift || by.sort.subject.isAttribute())
        all.push_back(sortJoin(predicate, by, need));
    std::stable_sort(all.begin(), all.end(),
                     [](const Candidate& a, const Candidate& b) { return a.cost < b.cost; });
    return all;
}

/// The entities without a value: in entity order, as if there were no sort.
std::vector<Candidate> Planner::sortTail(const Predicate& predicate, const SortedBy& by, const Need& need)
{
    auto all = candidates(allOf({predicate, negation(by.having, m_total)}, m_total), need);
    for (Candidate& candidate : all) {
        candidate.sql = [this, by, sql = candidate.sql] {
            return "select t.entity_id, " + noSortValue(by) + " as sort_value from (\n" + sql() + "\n) t" +
                   ordering("t.entity_id");
        };
    }
    return all;
}

std::optional<Candidate> Planner::sortWalk(const Predicate& predicate, const SortedBy& by, const Need& need)
{
    if (!need.isPage() || predicate.kind == Kind::Never)
        return std::nullopt;
    // A condition on the very values that are walked narrows the walk, and leaves no entity without a value.
    std::vector<Predicate> rest;
    if (predicate.kind == Kind::All)
        rest = predicate.children;
    else if (predicate.kind != Kind::Always)
        rest = {predicate};
    const bool isField = !by.sort.subject.isAttribute();
    std::optional<Predicate> walked;
    for (size_t i = 0; i < rest.size(); ++i) {
        const bool same = isField ? rest[i].kind == Kind::Field &&
                                        rest[i].clauses.constFirst().subject.field == by.sort.subject.field
                                  : rest[i].kind == Kind::Values && rest[i].attribute.id == by.attribute.id;
        if (same) {
            walked = rest[i];
            rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
            break;
        }
    }
    const bool hasTail = !walked && !isField;
    if (!walked && !isField)
        walked = by.having;
    rest = inProbeOrder(std::move(rest));

    Candidate candidate;
    candidate.shape = Shape::SortWalk;
    candidate.driver = sortText(by);
    const double rows = walked ? walked->rows : m_total;
    std::vector<Predicate> everything = rest;
    if (walked)
        everything.push_back(*walked);
    const double matches = matching(everything);
    const double row = rowCost + (isNumber(by) ? exactCost : 0);
    candidate.cost = relationCost() * (1 + static_cast<double>(rest.size())) +
                     fractionRead(everything, need) * rows * (row + probesCost(rest) * probeRow(0));
    // What does not fill the page goes on in the tail.
    std::optional<Candidate> tail;
    if (hasTail) {
        tail = candidates(allOf({predicate, negation(by.having, m_total)}, m_total), need).front();
        const double fills = std::min(1.0, matches / std::max(1.0, static_cast<double>(need.limit)));
        candidate.cost += (1 - 0.8 * fills) * tail->cost;
    }
    candidate.sql = [this, by, need, rest, walked, isField, tail] {
        const bool down = by.sort.descending;
        const QByteArray way = down ? " desc" : "";
        const QByteArray beyond = down ? " < " : " > ";
        const QByteArray table = isField ? "atlas.entities" : "atlas.attribute_values";
        const QByteArray key = isNumber(by) ? QByteArrayLiteral("v.value_num") : sortValue(by, "v");
        QByteArray walk = "select v.entity_id, " + sortValue(by, "v") + " as sort_value" +
                          (isNumber(by) ? ", v.value_num" : "") + " from " + table +
                          " v\n where v.tenant_id = " + tenant();
        if (walked)
            walk += "\n   and " + rowsOf(*walked, "v", Access::Index);
        if (m_options.sortAfter) {
            const QString value = m_options.sortAfter->value.value_or(QString());
            const QByteArray id = m_parameters.bigint(m_options.sortAfter->entityId);
            if (isNumber(by)) {
                // The float8 is what the index knows; the exact number decides among those that share it.
                const QByteArray near =
                    m_parameters.float8(Decimal::parse(value).value_or(Decimal()).nearestDouble());
                const QByteArray exact = sortParameter(by, value);
                walk += "\n   and " + key + (down ? " <= " : " >= ") + near + "\n   and (" + key + beyond +
                        near + " or (" + sortValue(by, "v") + ", v.entity_id)" + beyond + '(' + exact + ", " +
                        id + "))";
            } else {
                walk += "\n   and (" + key + ", v.entity_id)" + beyond + '(' + sortParameter(by, value) +
                        ", " + id + ')';
            }
        }
        // Sorted in a level of its own, which costs nothing where the index has that order, and probed row by
        // row above it.
        const QByteArray inner = isNumber(by) ? key + way + ", 2" + way : key + way;
        const QByteArray outer =
            isNumber(by) ? "d.value_num" + way + ", d.sort_value" + way : "d.sort_value" + way;
        walk = "select d.entity_id, d.sort_value from (\n" + walk + "\n order by " + inner + ", v.entity_id" +
               way + " offset 0\n) d\n where true" + probes(rest, false) + "\n order by " + outer +
               ", d.entity_id" + way + limit(need);
        if (!tail)
            return walk;
        // Branches of a union all run one after the other, and the limit ends it: the tail runs only where
        // the page is not full by then.
        return "select u.entity_id, u.sort_value from (\nselect entity_id, sort_value from (\n(" + walk +
               ")\nunion all\n(select t.entity_id, " + noSortValue(by) + " from (\n" + tail->sql() +
               "\n) t)\n) w" + limit(need) + "\n) u\n order by " + sortOrder("u", down);
    };
    candidate.describe = [this, by, rest, walked, tail](Explain& explain) {
        Explain::Source source;
        if (walked) {
            source = explained(*walked, QStringLiteral("walked in the order of the sort"));
        } else {
            source.description = QStringLiteral("every entity");
            source.role = QStringLiteral("walked in the order of the sort");
            source.access = QStringLiteral("entities, index");
            source.expected = m_total;
            source.measured = true;
            source.filter = Expression();
        }
        explain.sources.append(source);
        explainProbes(explain, rest, false);
        if (tail) {
            Explain::Source last =
                explained(by.having, QStringLiteral("excluded, for those without a value"));
            last.access = QStringLiteral("only where the page is not full by then");
            last.expected = std::max(0.0, m_total - by.having.rows);
            if (const auto node = by.having.node())
                last.filter = Expression(Node(Group{GroupKind::None, {*node}, true}));
            explain.sources.append(last);
        }
    };
    return candidate;
}

/// entity_id and sort_value of a set, by primary key.
QByteArray Planner::lookedUp(const Candidate& set, const SortedBy& by)
{
    const bool isField = !by.sort.subject.isAttribute();
    QByteArray lookup = "(select " + sortValue(by, "v") + " from " +
                        (isField ? "atlas.entities" : "atlas.attribute_values") +
                        " v where v.tenant_id = " + tenant() + " and v.entity_id = f.entity_id";
    if (!isField)
        lookup += " and v.attribute_id = " + m_parameters.integer(by.attribute.id);
    // Fenced on the inside too: of a join the server would compare with coalesce(a, b), which row security
    // does not let into an index.
    return "select f.entity_id, " + lookup + ") as sort_value from (\nselect entity_id from (\n" + set.sql() +
           "\n) s offset 0\n) f offset 0";
}

/// The same by reading all values.
QByteArray Planner::joined(const Candidate& set, const SortedBy& by)
{
    if (m_options.dialect == Dialect::Redshift) {
        const bool isField = !by.sort.subject.isAttribute();
        QByteArray join = "select f.entity_id, " + sortValue(by, "v") + " as sort_value from (\n" +
                          set.sql() + "\n) f left join " +
                          (isField ? "atlas.entities" : "atlas.attribute_values") +
                          " v on v.tenant_id = " + tenant() + " and v.entity_id = f.entity_id";
        if (!isField)
            join += " and v.attribute_id = " + m_parameters.integer(by.attribute.id);
        return join;
    }
    // A full join, as everywhere: it hashes or merges, whatever the server expects.
    return "select entity_id, b.sort_value from (\n" + set.sql() + "\n) a full join (\nselect v.entity_id, " +
           sortValue(by, "v") +
           " as sort_value from atlas.attribute_values v\n where v.tenant_id = " + tenant() + "\n   and " +
           rowsOf(by.having, "v", Access::Index) +
           "\n) b using (entity_id)\n where num_nulls(a.entity_id) = 0";
}

/// The most common values within the filter, with their entities; or how many entities each part of the range
/// has.
std::vector<Candidate> Planner::valueCandidates(const Predicate& predicate, const SortedBy& by,
                                                Projection projection, int most)
{
    const auto counted = [this, most, projection](const QByteArray& values) {
        if (projection == Projection::Histogram) {
            // A number beyond what float8 holds is infinite there; what is this large counts as the largest,
            // so that width times bins does not overflow. The server's own function, because an operator
            // takes underflow for an error; Redshift has none.
            const QByteArray bins = m_parameters.integer(most);
            const QByteArray bin = m_options.realRedshift ? "1 + cast(floor((v.x - r.lo) / (r.hi - r.lo) * " +
                                                                bins + ") as integer)"
                                                          : "width_bucket(v.x, r.lo, r.hi, " + bins + ")";
            return "with v as (\nselect greatest(least(t.sort_value, cast('1e300' as float8)), "
                   "cast('-1e300' as "
                   "float8)) as x from (\n" +
                   values +
                   "\n) t\n where t.sort_value is not null\n), r as (\n"
                   "select min(x) as lo, max(x) as hi from v\n)\n"
                   "select b.bin, b.entities, r.lo, r.hi from (\n"
                   "select case when r.hi = r.lo then 1 else least(" +
                   bins + ", " + bin +
                   ") end as bin, count(*) as entities\n  from v, r group by 1\n) b, r\n order by 1";
        }
        return "select t.sort_value, count(*) as entities from (\n" + values +
               "\n) t\n where t.sort_value is not null\n group by t.sort_value\n order by 2 desc, 1" +
               limit(Need{true, most});
    };
    // Without a page neither has a sort to speak of, and what it costs to group is the same for all.
    std::vector<Candidate> all;
    const Candidate set = candidates(predicate, Need()).front();
    if (m_options.dialect == Dialect::Postgres) {
        all.push_back(sortLookups(predicate, by, Need()));
        all.back().sql = [this, counted, set, by] { return counted(lookedUp(set, by)); };
    }
    all.push_back(sortJoin(predicate, by, Need()));
    all.back().sql = [this, counted, set, by] { return counted(joined(set, by)); };
    if (predicate.kind == Kind::Always && m_options.dialect == Dialect::Postgres) {
        Candidate index;
        index.shape = Shape::SortWalk;
        index.driver = by.attribute.name;
        index.cost = sourceCost(by.having) + by.having.rows * (isNumber(by) ? exactCost : 0);
        index.sql = [this, counted, by] {
            return counted("select " + sortValue(by, "v") +
                           " as sort_value from atlas.attribute_values v\n where v.tenant_id = " + tenant() +
                           "\n   and " + rowsOf(by.having, "v", Access::Index));
        };
        index.describe = [this, by](Explain& explain) {
            explain.sources.append(explained(by.having, QStringLiteral("counted")));
        };
        all.push_back(std::move(index));
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const Candidate& a, const Candidate& b) { return a.cost < b.cost; });
    return all;
}

Candidate Planner::sortLookups(const Predicate& predicate, const SortedBy& by, const Need& need)
{
    const Candidate set = candidates(predicate, Need()).front();
    Candidate candidate;
    candidate.shape = Shape::SortLookups;
    candidate.usesHot = set.usesHot;
    candidate.driver = set.driver;
    const double rows = std::max(1.0, predicate.rows);
    candidate.cost =
        set.cost + relationCost() + rows * (probeRow(rows) + (isNumber(by) ? exactCost : 0)) + sorting(rows);
    candidate.sql = [this, set, by, need] { return sortedPage(lookedUp(set, by), by, need); };
    candidate.describe = [this, set, by](Explain& explain) {
        set.describe(explain);
        Explain::Source source = explained(by.having, QStringLiteral("looked up"));
        source.description = sortText(by);
        source.access = QStringLiteral("primary key");
        explain.sources.append(source);
    };
    return candidate;
}

Candidate Planner::sortJoin(const Predicate& predicate, const SortedBy& by, const Need& need)
{
    const Candidate set = candidates(predicate, Need()).front();
    Candidate candidate;
    candidate.shape = Shape::SortJoin;
    candidate.usesHot = set.usesHot;
    candidate.driver = set.driver;
    const double rows = std::max(1.0, predicate.rows);
    candidate.cost = set.cost + sourceCost(by.having) + by.having.rows * (isNumber(by) ? exactCost : 0) +
                     (rows + by.having.rows) * joinCost + sorting(rows);
    candidate.sql = [this, set, by, need] { return sortedPage(joined(set, by), by, need); };
    candidate.describe = [this, set, by](Explain& explain) {
        set.describe(explain);
        Explain::Source source = explained(by.having, QStringLiteral("joined for the sort"));
        source.description = sortText(by);
        explain.sources.append(source);
    };
    return candidate;
}

} // namespace atlas::filter
