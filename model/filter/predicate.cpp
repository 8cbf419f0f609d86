// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/filter/predicate_p.h"

#include <algorithm>
#include <functional>

#include "model/filter/compiler.h"
#include "model/filter/conditions_p.h"
#include "model/filter/printer.h"

namespace atlas::filter {

namespace {

using Kind = Predicate::Kind;

bool isLowerBound(Operator op)
{
    return op == Operator::Greater || op == Operator::GreaterOrEqual || op == Operator::After;
}
bool isUpperBound(Operator op)
{
    return op == Operator::Less || op == Operator::LessOrEqual || op == Operator::Before;
}

/// Equality in the index: its column is then constant, and entity_id next in order.
bool isIndexEquality(const Clause& clause, ValueType type)
{
    if (clause.op == Operator::Equal)
        return true;
    return clause.op == Operator::NotEqual && type == ValueType::Boolean; // the other of the two
}

bool readsWholeAttribute(const Clause& clause, ValueType type)
{
    switch (clause.op) {
    case Operator::Exists:
    case Operator::Contains:
        return true;
    case Operator::NotEqual:
        return type != ValueType::Boolean;
    default:
        return false;
    }
}

Predicate constant(bool value, double total)
{
    Predicate predicate;
    predicate.kind = value ? Kind::Always : Kind::Never;
    predicate.rows = value ? total : 0;
    predicate.scanned = predicate.rows;
    return predicate;
}

/// Takes members of a nested group of the same kind into this one.
std::vector<Predicate> flattened(std::vector<Predicate> parts, Kind kind)
{
    std::vector<Predicate> result;
    for (Predicate& part : parts) {
        if (part.kind != kind) {
            result.push_back(std::move(part));
            continue;
        }
        for (Predicate& child : part.children)
            result.push_back(std::move(child));
    }
    return result;
}

class Builder
{
public:
    Builder(const CatalogLookup& catalog, const Estimator& estimator)
        : m_catalog(catalog)
        , m_estimator(estimator)
        , m_total(std::max(1.0, estimator.entitiesTotal()))
    {
    }

    double total() const { return m_total; }

    Predicate node(const Node& node) const
    {
        if (node.isClause())
            return clause(node.clause());
        std::vector<Predicate> parts;
        for (const Node& child : node.group().children)
            parts.push_back(this->node(child));
        if (node.group().kind == GroupKind::All)
            return allOf(merged(flattened(std::move(parts), Kind::All)), m_total);
        Predicate any = anyOf(united(flattened(std::move(parts), Kind::Any)), m_total);
        return node.group().kind == GroupKind::Any ? any : negation(std::move(any), m_total);
    }

private:
    Predicate clause(Clause clause) const
    {
        if (clause.op == Operator::In && clause.literals.size() == 1)
            clause.op = Operator::Equal;
        if (!clause.subject.isAttribute()) {
            // Every entity has its fields, an empty text at least.
            if (clause.op == Operator::Exists || clause.op == Operator::Missing)
                return constant(clause.op == Operator::Exists, m_total);
            Predicate field;
            field.kind = Kind::Field;
            field.clauses = {clause};
            measure(field);
            return field;
        }
        const bool missing = clause.op == Operator::Missing;
        if (missing)
            clause.op = Operator::Exists;
        Predicate values;
        values.kind = Kind::Values;
        values.clauses = {clause};
        values.attribute = m_catalog.find(clause.subject.attribute).value_or(AttributeInfo());
        measure(values);
        return missing ? negation(std::move(values), m_total) : values;
    }

    double entitiesWith(const Predicate& predicate, bool& measured) const
    {
        if (predicate.kind == Kind::Field)
            return m_total;
        Clause exists = predicate.clauses.constFirst();
        exists.op = Operator::Exists;
        exists.literals.clear();
        const Estimate with = m_estimator.clause(exists);
        measured = measured && with.measured;
        return with.entities;
    }

    /// Bounds of one attribute overlap; anything else counts as independent among those that have it.
    void measure(Predicate& predicate) const
    {
        bool measured = true;
        const double with = std::max(1.0, entitiesWith(predicate, measured));
        const ValueType type = predicate.kind == Kind::Values ? predicate.attribute.type : ValueType::String;
        double share = 1;
        double lower = 1;
        double upper = 1;
        double scannedShare = 1;
        for (const Clause& clause : predicate.clauses) {
            const Estimate rows = m_estimator.clause(clause);
            measured = measured && rows.measured;
            const double part = std::clamp(rows.entities / with, 0.0, 1.0);
            if (isLowerBound(clause.op))
                lower = std::min(lower, part);
            else if (isUpperBound(clause.op))
                upper = std::min(upper, part);
            else
                share *= part;
            if (!isLowerBound(clause.op) && !isUpperBound(clause.op) && !readsWholeAttribute(clause, type))
                scannedShare = std::min(scannedShare, part);
        }
        const double between =
            lower < 1 && upper < 1 ? std::max(lower + upper - 1, 0.3 * lower * upper) : lower * upper;
        predicate.rows = with * share * between;
        predicate.scanned = std::max(predicate.rows, with * std::min(scannedShare, between));
        predicate.measured = measured;
    }

    /// Clauses on the same attribute, all of which must hold, become one source.
    std::vector<Predicate> merged(std::vector<Predicate> parts) const
    {
        std::vector<Predicate> result;
        for (Predicate& part : parts) {
            const auto same = std::find_if(result.begin(), result.end(), [&](const Predicate& other) {
                return other.kind == part.kind && (part.kind == Kind::Values || part.kind == Kind::Field) &&
                       other.clauses.constFirst().subject == part.clauses.constFirst().subject;
            });
            if (same == result.end()) {
                result.push_back(std::move(part));
                continue;
            }
            same->clauses += part.clauses;
            // What compares at all implies that the attribute exists.
            const bool compares =
                std::any_of(same->clauses.cbegin(), same->clauses.cend(),
                            [](const Clause& clause) { return clause.op != Operator::Exists; });
            same->clauses.removeIf(
                [&](const Clause& clause) { return compares && clause.op == Operator::Exists; });
            if (!compares)
                same->clauses = {same->clauses.constFirst()};
            measure(*same);
        }
        return result;
    }

    /// a = 1 or a = 2 is a in (1, 2): one source.
    std::vector<Predicate> united(std::vector<Predicate> parts) const
    {
        const auto unites = [](const Predicate& part) {
            return (part.kind == Kind::Values || part.kind == Kind::Field) && part.clauses.size() == 1 &&
                   (part.clauses.constFirst().op == Operator::Equal ||
                    part.clauses.constFirst().op == Operator::In) &&
                   (part.kind == Kind::Field ||
                    (part.attribute.type != ValueType::Boolean && part.attribute.type != ValueType::Json));
        };
        std::vector<Predicate> result;
        for (Predicate& part : parts) {
            const auto same = std::find_if(result.begin(), result.end(), [&](const Predicate& other) {
                return unites(part) && unites(other) && other.kind == part.kind &&
                       other.clauses.constFirst().subject == part.clauses.constFirst().subject;
            });
            if (same == result.end()) {
                result.push_back(std::move(part));
                continue;
            }
            Clause& in = same->clauses.first();
            in.op = Operator::In;
            for (const Literal& literal : part.clauses.constFirst().literals) {
                if (!in.literals.contains(literal))
                    in.literals.append(literal);
            }
            if (in.literals.size() == 1)
                in.op = Operator::Equal;
            measure(*same);
        }
        return result;
    }

    const CatalogLookup& m_catalog;
    const Estimator& m_estimator;
    double m_total;
};

} // namespace

bool Predicate::isEnumerable() const
{
    switch (kind) {
    case Kind::Values:
    case Kind::Field:
    case Kind::Hot:
        return true;
    case Kind::All:
        return std::any_of(children.begin(), children.end(),
                           [](const Predicate& child) { return child.isEnumerable(); });
    case Kind::Any:
        return std::all_of(children.begin(), children.end(),
                           [](const Predicate& child) { return child.isEnumerable(); });
    default:
        return false;
    }
}

bool Predicate::isOrdered() const
{
    if (kind == Kind::Values)
        return std::any_of(clauses.cbegin(), clauses.cend(),
                           [this](const Clause& clause) { return isIndexEquality(clause, attribute.type); });
    return kind == Kind::Field && std::any_of(clauses.cbegin(), clauses.cend(), [](const Clause& clause) {
               return clause.op == Operator::Equal && clause.subject.field != EntityField::Id;
           });
}

bool Predicate::isHotEquality() const
{
    return kind == Kind::Values && attribute.hot && clauses.size() == 1 &&
           attribute.type != ValueType::Json && isIndexEquality(clauses.constFirst(), attribute.type);
}

QString Predicate::text() const
{
    const auto joined = [](const std::vector<Predicate>& parts, const QString& word) {
        QStringList texts;
        for (const Predicate& part : parts) {
            const bool group = part.kind == Kind::All || part.kind == Kind::Any;
            texts.append(group ? u'(' + part.text() + u')' : part.text());
        }
        return texts.join(word);
    };
    switch (kind) {
    case Kind::Always:
        return QStringLiteral("every entity");
    case Kind::Never:
        return QStringLiteral("no entity");
    case Kind::Values:
    case Kind::Field: {
        QStringList texts;
        for (const Clause& clause : clauses)
            texts.append(print(Node(clause)));
        return texts.join(QStringLiteral(" and "));
    }
    case Kind::Hot:
    case Kind::All:
        return joined(children, QStringLiteral(" and "));
    case Kind::Any:
        return joined(children, QStringLiteral(" or "));
    case Kind::Not: {
        const QString inner = children.front().text();
        return inner.endsWith(u')') && inner.startsWith(QStringLiteral("exists("))
                   ? QStringLiteral("not ") + inner
                   : QStringLiteral("not (") + inner + u')';
    }
    }
    return {};
}

Predicate allOf(std::vector<Predicate> parts, double total)
{
    parts = flattened(std::move(parts), Kind::All);
    std::erase_if(parts, [](const Predicate& part) { return part.kind == Kind::Always; });
    if (std::any_of(parts.begin(), parts.end(),
                    [](const Predicate& part) { return part.kind == Kind::Never; }))
        return constant(false, total);
    if (parts.empty())
        return constant(true, total);
    if (parts.size() == 1)
        return std::move(parts.front());
    Predicate all;
    all.kind = Kind::All;
    all.rows = total;
    for (const Predicate& part : parts) {
        all.rows *= part.rows / total;
        all.scanned += part.scanned;
        all.measured = all.measured && part.measured;
    }
    all.children = std::move(parts);
    return all;
}

Predicate anyOf(std::vector<Predicate> parts, double total)
{
    parts = flattened(std::move(parts), Kind::Any);
    std::erase_if(parts, [](const Predicate& part) { return part.kind == Kind::Never; });
    if (std::any_of(parts.begin(), parts.end(),
                    [](const Predicate& part) { return part.kind == Kind::Always; }))
        return constant(true, total);
    if (parts.empty())
        return constant(false, total);
    if (parts.size() == 1)
        return std::move(parts.front());
    Predicate any;
    any.kind = Kind::Any;
    double noneOf = 1;
    for (const Predicate& part : parts) {
        noneOf *= 1 - std::clamp(part.rows / total, 0.0, 1.0);
        any.scanned += part.scanned;
        any.measured = any.measured && part.measured;
    }
    any.rows = total * (1 - noneOf);
    any.children = std::move(parts);
    return any;
}

Predicate negation(Predicate part, double total)
{
    if (part.kind == Kind::Not)
        return Predicate(std::move(part.children.front()));
    if (part.kind == Kind::Always || part.kind == Kind::Never)
        return constant(part.kind == Kind::Never, total);
    if (part.kind == Kind::Any) {
        // None of them: each negated, so that each can be left out of a join by itself.
        std::vector<Predicate> parts;
        for (Predicate& child : part.children)
            parts.push_back(negation(std::move(child), total));
        return allOf(std::move(parts), total);
    }
    Predicate result;
    result.kind = Kind::Not;
    result.rows = std::max(0.0, total - part.rows);
    result.scanned = total;
    result.measured = part.measured;
    result.children.push_back(std::move(part));
    return result;
}

Predicate hotPredicate(std::vector<Predicate> equalities, double total)
{
    Predicate hot;
    hot.kind = Kind::Hot;
    hot.rows = total;
    hot.scanned = total;
    for (const Predicate& part : equalities) {
        hot.rows *= part.rows / total;
        hot.scanned = std::min(hot.scanned, part.rows);
        hot.measured = hot.measured && part.measured;
    }
    hot.children = std::move(equalities);
    return hot;
}

Predicate toPredicate(const Expression& expression, const CatalogLookup& catalog, const Estimator& estimator)
{
    const Builder builder(catalog, estimator);
    return builder.node(Node(expression.enabledOnly().root()));
}

QList<int> hotEqualities(const Expression& expression, const CatalogLookup& catalog)
{
    /// As the planner would see it if everything were hot.
    class AllHot : public CatalogLookup
    {
    public:
        explicit AllHot(const CatalogLookup& real)
            : m_real(real)
        {
        }
        std::optional<AttributeInfo> find(const QString& name) const override
        {
            std::optional<AttributeInfo> info = m_real.find(name);
            if (info)
                info->hot = true;
            return info;
        }
        double entitiesTotal() const override { return m_real.entitiesTotal(); }
        std::shared_ptr<const AttributeStats> fieldStats(EntityField field) const override
        {
            return m_real.fieldStats(field);
        }

    private:
        const CatalogLookup& m_real;
    };
    const AllHot hot(catalog);
    QList<int> ids;
    const std::function<void(const Predicate&)> look = [&](const Predicate& predicate) {
        if (predicate.isHotEquality() && !ids.contains(predicate.attribute.id))
            ids.append(predicate.attribute.id);
        for (const Predicate& child : predicate.children)
            look(child);
    };
    look(toPredicate(expression, hot, StatsEstimator(hot)));
    std::sort(ids.begin(), ids.end());
    return ids;
}

std::optional<Node> Predicate::node() const
{
    Group group;
    group.kind = kind == Kind::Any ? GroupKind::Any : kind == Kind::Not ? GroupKind::None : GroupKind::All;
    switch (kind) {
    case Kind::Never:
        return std::nullopt;
    case Kind::Always:
        break;
    case Kind::Values:
    case Kind::Field:
        for (const Clause& clause : clauses)
            group.children.append(Node(clause));
        break;
    default:
        for (const Predicate& child : children) {
            auto part = child.node();
            if (!part)
                return std::nullopt;
            group.children.append(*part);
        }
        break;
    }
    return Node(group);
}

} // namespace atlas::filter
