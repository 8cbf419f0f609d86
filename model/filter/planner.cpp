// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/filter/planner_p.h"

#include <algorithm>

#include "model/filter/decimal.h"
#include "model/filter/printer.h"
#include "model/filter/validate.h"

namespace atlas::filter {

namespace {

using Kind = Predicate::Kind;

constexpr size_t mostDrivers = 8;

QByteArray jsonString(const QString& text)
{
    QByteArray out = "\"";
    const QByteArray utf8 = text.toUtf8();
    for (const char c : utf8) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20) {
            out += "\\u00" + QByteArray(1, static_cast<char>(byte)).toHex();
        } else {
            out += c;
        }
    }
    return out + '"';
}

/// The value as entity_hot.doc holds it.
QByteArray hotValue(const Predicate& equality)
{
    const Clause& clause = equality.clauses.constFirst();
    const Literal& literal = clause.literals.constFirst();
    switch (equality.attribute.type) {
    case ValueType::Number:
        return Decimal::parse(literal.text).value_or(Decimal()).text();
    case ValueType::Boolean:
        return (literal.text == u"true") == (clause.op == Operator::Equal) ? "true" : "false";
    case ValueType::Timestamp:
        // By way of float8, as everything stored.
        return QByteArray::number(
            static_cast<qint64>(static_cast<double>(parseTimestamp(literal.text).value_or(0))));
    default:
        return jsonString(literal.text);
    }
}

std::vector<Predicate> without(const std::vector<Predicate>& parts, size_t index)
{
    std::vector<Predicate> rest = parts;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(index));
    return rest;
}

void sortByCost(std::vector<Candidate>& candidates)
{
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.cost < b.cost; });
}

} // namespace

Planner::Planner(int tenantId, const CompileOptions& options, double total)
    : m_tenant(tenantId)
    , m_options(options)
    , m_total(std::max(1.0, total))
    , m_parameters(options)
    , m_conditions(tenantId, options, m_parameters)
{
}

void Planner::keepAskedFor(std::vector<Candidate>& candidates, const CompileOptions& options)
{
    const auto keep = [&](const auto& wanted) {
        if (std::any_of(candidates.begin(), candidates.end(), wanted))
            std::erase_if(candidates, [&](const Candidate& candidate) { return !wanted(candidate); });
    };
    if (options.shape)
        keep([&](const Candidate& candidate) { return candidate.shape == options.shape; });
    if (options.forceHot)
        keep([](const Candidate& candidate) { return candidate.usesHot; });
}

std::vector<Candidate> Planner::candidates(const Predicate& predicate, const Need& need)
{
    std::vector<Candidate> all;
    if (m_options.dialect == Dialect::Redshift) {
        // Whole-column scans there: sets, and no correlated sub-selects, of which it knows only some.
        all.push_back(setAlgebra(predicate, need));
        return all;
    }
    switch (predicate.kind) {
    case Kind::Always:
        all.push_back(entityScan({}, need));
        return all;
    case Kind::Never:
        all.push_back(sortedDriver({predicate, {}}, need));
        return all;
    case Kind::All:
        conjunctions(predicate.children, need, all);
        break;
    default:
        conjunctions({predicate}, need, all);
        break;
    }
    if (auto pages = unionPages(predicate, need))
        all.push_back(std::move(*pages));
    all.push_back(setAlgebra(predicate, need));
    sortByCost(all);
    return all;
}

void Planner::conjunctions(const std::vector<Predicate>& parts, const Need& need, std::vector<Candidate>& out)
{
    out.push_back(entityScan(parts, need));
    const auto drivenFrom = [&](const std::vector<Predicate>& from) {
        // The rarest few: no other can be the best driver, and a filter may hold thousands of clauses.
        std::vector<size_t> order;
        for (size_t i = 0; i < from.size(); ++i) {
            if (from[i].isEnumerable())
                order.push_back(i);
        }
        std::stable_sort(order.begin(), order.end(),
                         [&](size_t a, size_t b) { return from[a].rows < from[b].rows; });
        if (order.size() > mostDrivers)
            order.resize(mostDrivers);
        for (const size_t i : order) {
            if (from[i].isOrdered())
                out.push_back(orderedDriver({from[i], without(from, i)}, need));
            out.push_back(sortedDriver({from[i], without(from, i)}, need));
        }
        for (size_t joined = 0; joined <= order.size(); ++joined) {
            if (auto candidate = join(from, joined, need))
                out.push_back(std::move(*candidate));
        }
    };
    drivenFrom(parts);
    if (!m_options.useHot)
        return;
    std::vector<Predicate> equalities, rest;
    for (const Predicate& part : parts)
        (part.isHotEquality() ? equalities : rest).push_back(part);
    if (equalities.empty())
        return;
    rest.insert(rest.begin(), hotPredicate(std::move(equalities), m_total));
    drivenFrom(rest);
}

std::vector<Candidate> Planner::countCandidates(const Predicate& predicate)
{
    std::vector<Candidate> all = candidates(predicate, Need());
    for (Candidate& candidate : all) {
        candidate.sql = [sql = candidate.sql] { return "select count(*) from (\n" + sql() + "\n) s"; };
    }
    if (auto candidate = hotCount(predicate)) {
        all.push_back(std::move(*candidate));
        sortByCost(all);
    }
    if (predicate.kind != Kind::Not || !predicate.children.front().isEnumerable() ||
        m_options.dialect == Dialect::Redshift)
        return all;
    // The complement is what is left: two counts instead of one probe per entity.
    Predicate every;
    every.rows = m_total;
    const Candidate inner = countCandidates(predicate.children.front()).front();
    Candidate difference;
    difference.shape = Shape::SetAlgebra;
    difference.driver = QStringLiteral("every entity, less ") + predicate.children.front().text();
    difference.usesHot = inner.usesHot;
    difference.cost = sourceCost(every) * 0.7 + inner.cost;
    difference.sql = [this, every, inner] {
        return "select (select count(*) from (\n" + source(every) + "\n) s) - (\n" + inner.sql() + "\n)";
    };
    difference.describe = [this, every, inner](Explain& explain) {
        explain.sources.append(explained(every, QStringLiteral("counted")));
        inner.describe(explain);
        explain.sources.last().role = QStringLiteral("counted and subtracted");
    };
    all.push_back(std::move(difference));
    sortByCost(all);
    return all;
}

QByteArray Planner::cursor(const QByteArray& column)
{
    if (!m_options.after)
        return {};
    return "\n   and " + column + (m_options.descending ? " < " : " > ") +
           m_parameters.bigint(*m_options.after);
}

QByteArray Planner::ordering(const QByteArray& column) const
{
    return "\n order by " + column + (m_options.descending ? " desc" : "");
}

QByteArray Planner::limit(const Need& need)
{
    if (need.limit < 0)
        return {};
    if (m_options.dialect == Dialect::Redshift)
        return "\n limit " + QByteArray::number(need.limit);
    return "\n limit " + m_parameters.bigint(need.limit);
}

/// A page, or all, of a set that is read whole. offset 0 keeps the set a level of its own: seen through, an
/// order by with a limit makes the server believe that walking all values in entity order would soon fill the
/// page, and with what it guesses of one attribute's values it never does.
QByteArray Planner::readWhole(const QByteArray& set, const Need& need)
{
    const bool fenced = m_options.dialect == Dialect::Postgres;
    return "select s.entity_id from (\nselect entity_id from (\n" + set + "\n) t" +
           (fenced ? " offset 0" : "") + "\n) s" + ordering("s.entity_id") + limit(need);
}

/// Conditions of a Values or Field predicate on a row that is already of the right tenant.
QByteArray Planner::rowsOf(const Predicate& predicate, const QByteArray& alias, Access access)
{
    QList<QByteArray> conditions;
    if (predicate.kind == Kind::Values) {
        if (access == Access::Index)
            conditions.append(alias + ".attribute_id = " + m_parameters.integer(predicate.attribute.id));
        for (const Clause& clause : predicate.clauses)
            conditions.append(m_conditions.ofValue(clause, predicate.attribute, alias, access));
    } else {
        for (const Clause& clause : predicate.clauses)
            conditions.append(m_conditions.ofEntity(clause, alias));
    }
    return conditions.join("\n   and ");
}

/// A select of the entities of an enumerable predicate, each once, in any order.
QByteArray Planner::source(const Predicate& predicate)
{
    switch (predicate.kind) {
    case Kind::Values:
    case Kind::Field: {
        const QByteArray table = predicate.kind == Kind::Values ? "atlas.attribute_values" : "atlas.entities";
        return "select v.entity_id from " + table + " v\n where v.tenant_id = " + tenant() + "\n   and " +
               rowsOf(predicate, "v", Access::Index) + cursor("v.entity_id");
    }
    case Kind::Hot:
        return hotSource(predicate);
    case Kind::Any: {
        QByteArray all;
        for (const Predicate& child : predicate.children)
            all += (all.isEmpty() ? "" : "\nunion\n") + ("(" + source(child) + ")");
        return all;
    }
    case Kind::All:
        return candidates(predicate, Need()).front().sql();
    case Kind::Never:
        return "select v.entity_id from atlas.entities v where false";
    default:
        return "select v.entity_id from atlas.entities v\n where v.tenant_id = " + tenant() +
               cursor("v.entity_id");
    }
}

QByteArray Planner::hotSource(const Predicate& predicate)
{
    QByteArray sql = "select h.entity_id from " + hotCall("hot_match", predicate) + " h (entity_id)";
    if (m_options.after)
        sql += "\n where true" + cursor("h.entity_id");
    return sql;
}

QByteArray Planner::hotCall(const QByteArray& function, const Predicate& predicate)
{
    QList<int> attributes;
    QList<QByteArray> members;
    for (const Predicate& equality : predicate.children) {
        attributes.append(equality.attribute.id);
        members.append('"' + QByteArray::number(equality.attribute.id) + "\":" + hotValue(equality));
    }
    return "atlas." + function + '(' + tenant() + ", " + m_parameters.integers(attributes) + ", " +
           m_parameters.json('{' + members.join(',') + '}') + ')';
}

/// A condition on the driver's row; null counts as false.
QByteArray Planner::probe(const Predicate& predicate, const QByteArray& driver, bool driverIsEntities)
{
    const auto joined = [&](const char* word) {
        QList<QByteArray> parts;
        for (const Predicate& child : predicate.children)
            parts.append(probe(child, driver, driverIsEntities));
        return '(' + parts.join(word) + ')';
    };
    switch (predicate.kind) {
    case Kind::Values:
        return "(select " + rowsOf(predicate, "v", Access::Probe) +
               "\n          from atlas.attribute_values v where v.tenant_id = " + tenant() +
               " and v.entity_id = " + driver +
               ".entity_id and v.attribute_id = " + m_parameters.integer(predicate.attribute.id) + ')';
    case Kind::Field:
        if (driverIsEntities)
            return '(' + rowsOf(predicate, driver, Access::Probe) + ')';
        return "(select " + rowsOf(predicate, "e", Access::Probe) +
               "\n          from atlas.entities e where e.tenant_id = " + tenant() +
               " and e.entity_id = " + driver + ".entity_id)";
    case Kind::All:
    case Kind::Hot:
        return joined(" and ");
    case Kind::Any:
        return joined(" or ");
    case Kind::Not:
        return '(' + probe(predicate.children.front(), driver, driverIsEntities) + " is not true)";
    case Kind::Always:
        return "true";
    case Kind::Never:
        return "false";
    }
    return "true";
}

QByteArray Planner::probes(const std::vector<Predicate>& predicates, bool driverIsEntities)
{
    if (predicates.empty())
        return {};
    if (predicates.size() == 1)
        return "\n   and " + probe(predicates.front(), "d", driverIsEntities);
    // The server would order them by a guess of its own; case keeps ours.
    QByteArray sql = "\n   and case";
    for (size_t i = 0; i + 1 < predicates.size(); ++i)
        sql += "\n       when " + probe(predicates[i], "d", driverIsEntities) + " is not true then false";
    return sql + "\n       else " + probe(predicates.back(), "d", driverIsEntities) + " end";
}

QByteArray Planner::algebra(const Predicate& predicate)
{
    const auto every = [this] {
        return "select v.entity_id from atlas.entities v\n where v.tenant_id = " + tenant() +
               cursor("v.entity_id");
    };
    switch (predicate.kind) {
    case Kind::Any: {
        QByteArray all;
        for (const Predicate& child : predicate.children)
            all += (all.isEmpty() ? "(" : "\nunion\n(") + algebra(child) + ')';
        return all;
    }
    case Kind::All: {
        QByteArray positive, negative;
        for (const Predicate& child : predicate.children) {
            if (child.kind == Kind::Not)
                negative += "\nexcept\n(" + algebra(child.children.front()) + ')';
            else
                positive += (positive.isEmpty() ? "(" : "\nintersect\n(") + algebra(child) + ')';
        }
        // intersect binds tighter than except, and except goes from left to right.
        return (positive.isEmpty() ? '(' + every() + ')' : positive) + negative;
    }
    case Kind::Not:
        return '(' + every() + ")\nexcept\n(" + algebra(predicate.children.front()) + ')';
    default:
        return source(predicate);
    }
}

Explain::Source Planner::explained(const Predicate& predicate, const QString& role) const
{
    Explain::Source source;
    source.description = predicate.text();
    source.role = role;
    source.expected = predicate.rows;
    source.measured = predicate.measured;
    if (const auto node = predicate.node())
        source.filter = Expression(*node);
    const bool probed = role.contains(QStringLiteral("probe"));
    switch (predicate.kind) {
    case Kind::Values: {
        const bool isText =
            predicate.attribute.type == ValueType::String || predicate.attribute.type == ValueType::Json;
        source.access = probed ? QStringLiteral("attribute_values, primary key")
                               : (isText ? QStringLiteral("attribute_values_text, index only")
                                         : QStringLiteral("attribute_values_num, index only"));
        if (predicate.attribute.hot && !probed)
            source.access += QStringLiteral(" (hot too, but this is cheaper)");
        break;
    }
    case Kind::Field:
        source.access = probed ? QStringLiteral("entities, primary key") : QStringLiteral("entities");
        break;
    case Kind::Hot:
        source.access =
            probed ? QStringLiteral("primary key, one after the other")
                   : QStringLiteral("entity_hot, one containment through %1")
                         .arg(role == u"counted" ? QStringLiteral("hot_count") : QStringLiteral("hot_match"));
        break;
    case Kind::Any:
        source.access =
            probed ? QStringLiteral("primary key, one after the other") : QStringLiteral("union of sources");
        break;
    case Kind::All:
    case Kind::Not:
        source.access =
            probed ? QStringLiteral("primary key, one after the other") : QStringLiteral("sub-select");
        break;
    default:
        source.access = QStringLiteral("entities, primary key");
        break;
    }
    return source;
}

void Planner::explainProbes(Explain& explain, const std::vector<Predicate>& probes,
                            bool driverIsEntities) const
{
    for (const Predicate& probe : probes) {
        const bool onRow = driverIsEntities && probe.kind == Kind::Field;
        explain.sources.append(explained(probe, onRow ? QStringLiteral("tested") : QStringLiteral("probed")));
    }
}

} // namespace atlas::filter
