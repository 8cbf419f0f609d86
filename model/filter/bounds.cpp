// SPDX-License-Identifier: GPL-3.0-or-later
#include <QHash>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "model/filter/conditions_p.h"
#include "model/filter/estimate.h"
#include "model/filter/estimate_p.h"
#include "model/filter/validate.h"

namespace atlas::filter {

namespace {

constexpr int boundLength = 64; ///< characters of a bound of a text histogram

struct Interval
{
    double low = 0;
    double high = 0;
};

/// What the statistics of one attribute prove, before errors of sampling and later writes.
class Proof
{
public:
    Proof(const AttributeStats& stats, ValueType type, const QDateTime& now)
        : m_stats(stats)
        , m_type(type)
        , m_isText(type == ValueType::String || type == ValueType::Json)
        , m_now(static_cast<double>(now.toMSecsSinceEpoch()) * 1000.0)
    {
        double listed = 0;
        for (const auto& value : stats.topValues)
            listed += value.entities;
        m_rest = std::max(0.0, stats.entitiesWith - listed);
        m_mostOfOthers =
            stats.topValues.isEmpty() ? m_rest : std::min(m_rest, stats.topValues.constLast().entities);
    }

    Interval of(const Clause& clause) const
    {
        const double with = m_stats.entitiesWith;
        switch (clause.op) {
        case Operator::Exists:
            return {with, with};
        case Operator::Equal:
            return equal(clause.literals.constFirst());
        case Operator::NotEqual: {
            const Interval same = equal(clause.literals.constFirst());
            return {with - same.high, with - same.low};
        }
        case Operator::In: {
            Interval sum;
            const QList<Literal> values = differentValues(clause, m_type);
            for (const Literal& literal : values) {
                const Interval one = equal(literal);
                sum.low += one.low;
                sum.high += one.high;
            }
            return {std::min(sum.low, with), std::min(sum.high, with)};
        }
        default:
            return both(listed(clause), ranged(clause));
        }
    }

private:
    static Interval both(const Interval& a, const Interval& b)
    {
        const double low = std::max(a.low, b.low);
        return {low, std::max(low, std::min(a.high, b.high))};
    }

    /// The rest of it is not in the statistics.
    static bool isCut(const QString& text) { return characterCount(text) >= searchKeyLength; }

    Interval equal(const Literal& literal) const
    {
        const QString text = m_isText ? textOf(literal, m_type) : QString();
        const double number = m_isText ? 0 : numberOf(literal, m_type);
        for (const auto& value : m_stats.topValues) {
            if (m_isText ? value.text == text : value.number == number)
                return {isCut(text) ? 0 : value.entities, value.entities};
        }
        return {0, m_mostOfOthers};
    }

    /// What the listed values tell: those for which it is true, and perhaps all others.
    Interval listed(const Clause& clause) const
    {
        Interval sum;
        for (const auto& value : m_stats.topValues) {
            const bool matches = isTrue(clause, value);
            // What is cut off may hold the part, or be beyond the end.
            const bool unsure = m_isText && isCut(value.text);
            if (matches && !unsure)
                sum.low += value.entities;
            if (matches || unsure)
                sum.high += value.entities;
        }
        sum.high += m_rest;
        return sum;
    }

    bool isTrue(const Clause& clause, const AttributeStats::TopValue& value) const
    {
        const auto text = [&](int index) { return clause.literals.value(index).text; };
        // Below zero: the value comes before the literal.
        const auto order = [&](int index) {
            if (!m_isText) {
                const double number = numberOf(clause.literals.value(index), m_type);
                return value.number < number ? -1 : value.number > number ? 1 : 0;
            }
            return lessByCodePoint(value.text, text(index))   ? -1
                   : lessByCodePoint(text(index), value.text) ? 1
                                                              : 0;
        };
        switch (clause.op) {
        case Operator::Less:
        case Operator::Before:
            return order(0) < 0;
        case Operator::LessOrEqual:
            return order(0) <= 0;
        case Operator::Greater:
        case Operator::After:
            return order(0) > 0;
        case Operator::GreaterOrEqual:
            return order(0) >= 0;
        case Operator::Between:
            return order(0) >= 0 && order(1) <= 0;
        case Operator::Contains:
            return value.text.contains(text(0));
        case Operator::StartsWith:
            return value.text.startsWith(text(0));
        case Operator::InTheLast:
            return value.number > m_now - duration(clause) && value.number <= m_now;
        default:
            return false;
        }
    }

    static double duration(const Clause& clause)
    {
        return static_cast<double>(parseDuration(clause.literals.value(0).text).value_or(0));
    }

    /// What the histogram tells; anything where there is none, or where it cannot tell.
    Interval ranged(const Clause& clause) const
    {
        const double with = m_stats.entitiesWith;
        const Interval anything{0, with};
        if (m_isText ? m_stats.textHistogram.size() < 2 : m_stats.histogram.size() < 2)
            return anything;
        const auto below = [&](int index, bool orEqual) {
            return m_isText ? belowText(clause.literals.value(index).text, orEqual)
                            : belowNumber(numberOf(clause.literals.value(index), m_type), orEqual);
        };
        const auto above = [&](const Interval& part) { return Interval{with - part.high, with - part.low}; };
        const auto minus = [](const Interval& a, const Interval& b) {
            return Interval{std::max(0.0, a.low - b.high), std::max(0.0, a.high - b.low)};
        };
        switch (clause.op) {
        case Operator::Less:
        case Operator::Before:
            return below(0, false);
        case Operator::LessOrEqual:
            return below(0, true);
        case Operator::Greater:
        case Operator::After:
            return above(below(0, true));
        case Operator::GreaterOrEqual:
            return above(below(0, false));
        case Operator::Between:
            return minus(below(1, true), below(0, false));
        case Operator::InTheLast:
            return minus(belowNumber(m_now, true), belowNumber(m_now - duration(clause), false));
        case Operator::StartsWith: {
            const QString prefix = clause.literals.value(0).text;
            const QString end = upperBound(prefix);
            return minus(end.isNull() ? Interval{with, with} : belowText(end, false),
                         belowText(prefix, false));
        }
        default:
            return anything;
        }
    }

    /// Bound number i is the least value up to which at least i hundredths lie, so below it lie fewer.
    Interval between(std::ptrdiff_t surelyBelow, std::ptrdiff_t notBelow, std::ptrdiff_t bounds) const
    {
        const double bucket = m_stats.entitiesWith / static_cast<double>(bounds - 1);
        return {surelyBelow == bounds ? m_stats.entitiesWith
                                      : std::max(0.0, static_cast<double>(surelyBelow - 1) * bucket),
                notBelow == bounds ? m_stats.entitiesWith : static_cast<double>(notBelow) * bucket};
    }

    Interval belowNumber(double number, bool orEqual) const
    {
        const auto& all = m_stats.histogram;
        const auto at = orEqual ? std::upper_bound(all.begin(), all.end(), number)
                                : std::lower_bound(all.begin(), all.end(), number);
        return between(at - all.begin(), at - all.begin(), all.size());
    }

    Interval belowText(const QString& text, bool orEqual) const
    {
        const auto& all = m_stats.textHistogram;
        const QString start = firstCharacters(text, boundLength);
        const auto lower = std::lower_bound(all.begin(), all.end(), start, lessByCodePoint);
        const auto upper = std::upper_bound(all.begin(), all.end(), start, lessByCodePoint);
        // A bound that is cut off may be on either side of a text that begins like it.
        if (characterCount(start) >= boundLength)
            return between(lower - all.begin(), upper - all.begin(), all.size());
        const auto at = (orEqual ? upper : lower) - all.begin();
        return between(at, at, all.size());
    }

    const AttributeStats& m_stats;
    ValueType m_type;
    bool m_isText;
    double m_now;              ///< microseconds
    double m_rest = 0;         ///< entities whose value is not listed
    double m_mostOfOthers = 0; ///< that any one value has which is not listed
};

/// Of a share that was found among so many drawn by lot.
Interval score(double share, double drawn, double errors)
{
    const double p = std::clamp(share, 0.0, 1.0);
    const double square = errors * errors / drawn;
    const double middle = (p + square / 2) / (1 + square);
    const double half = errors / (1 + square) * std::sqrt((p * (1 - p) + square / 4) / drawn);
    return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

class Bounder
{
public:
    Bounder(const CatalogLookup& catalog, const QDateTime& now, double errors)
        : m_catalog(catalog)
        , m_estimator(catalog, now)
        , m_now(now)
        , m_errors(errors)
        , m_total(m_estimator.entitiesTotal())
    {
    }

    /// By attribute or field, of all that of() has met: how many values were written since it was measured.
    double changedSince() const { return std::accumulate(m_changed.cbegin(), m_changed.cend(), 0.0); }

    Bounds everything() const { return {m_total, m_total, m_catalog.entitiesTotal() > 0, false, 0, {}}; }

    /// nullopt where the node restricts nothing.
    std::optional<Bounds> of(const Node& node) const
    {
        if (!node.enabled())
            return std::nullopt;
        if (node.isClause())
            return holding(ofClause(node.clause()), node);
        std::optional<Bounds> all;
        const GroupKind kind = node.group().kind;
        double spare = 0; // how far the parts' complements may fill the tenant
        for (const Node& child : node.group().children) {
            const auto part = of(child);
            if (!part)
                continue;
            if (!all) {
                all = part;
                spare = m_total - part->low;
                continue;
            }
            all->measured = all->measured && part->measured;
            all->sampled = all->sampled || part->sampled;
            if (part->measuredAt.isValid() &&
                (!all->measuredAt.isValid() || part->measuredAt < all->measuredAt))
                all->measuredAt = part->measuredAt;
            if (kind == GroupKind::All) {
                spare += m_total - part->low;
                all->low = std::max(0.0, m_total - spare);
                all->high = std::min(all->high, part->high);
            } else {
                all->low = std::max(all->low, part->low);
                all->high = std::min(m_total, all->high + part->high);
            }
        }
        if (all && kind == GroupKind::None) {
            const double low = m_total - all->high;
            all->high = m_total - all->low;
            all->low = low;
        }
        return all ? std::optional(holding(*all, node)) : all;
    }

private:
    /// The tenant may have grown since something was measured, and the estimate with it.
    Bounds holding(Bounds bounds, const Node& node) const
    {
        const double expected = estimate(node, m_estimator).entities;
        bounds.low = std::clamp(std::min(bounds.low, expected), 0.0, m_total);
        bounds.high = std::clamp(std::max(bounds.high, expected), 0.0, m_total);
        return bounds;
    }

    Bounds ofClause(const Clause& clause) const
    {
        Bounds result{0, m_total, false, false, 0, {}};
        std::shared_ptr<const AttributeStats> stats;
        ValueType type = ValueType::String;
        if (clause.subject.isAttribute()) {
            if (const auto attribute = m_catalog.find(clause.subject.attribute)) {
                stats = attribute->stats;
                type = attribute->type;
            }
        } else {
            const bool one = clause.op == Operator::Equal || clause.op == Operator::In;
            if (one && clause.subject.field == EntityField::Id) // an id is there once or not at all
                return {0, static_cast<double>(clause.literals.size()), true, false, 0, {}};
            stats = m_catalog.fieldStats(clause.subject.field);
        }
        if (!stats || clause.literals.size() < arity(clause.op).least)
            return result;
        result.measured = true;
        result.sampled = stats->sampledEntities > 0;
        const QString of = clause.subject.isAttribute()
                               ? u'a' + clause.subject.attribute
                               : u'f' + QString::number(static_cast<int>(clause.subject.field));
        m_changed.insert(of, stats->changedSince);
        result.measuredAt = stats->measuredAt;
        const bool isMissing = clause.op == Operator::Missing;
        Clause asked = clause;
        if (isMissing)
            asked.op = Operator::Exists;
        Interval found = Proof(*stats, type, m_now).of(asked);
        if (result.sampled && stats->entitiesTotal > 0) {
            const double all = stats->entitiesTotal;
            found = {score(found.low / all, stats->sampledEntities, m_errors).low * all,
                     score(found.high / all, stats->sampledEntities, m_errors).high * all};
        }
        if (isMissing)
            found = {m_total - found.high, m_total - found.low};
        result.low = found.low - stats->changedSince;
        result.high = found.high + stats->changedSince;
        return result;
    }

    const CatalogLookup& m_catalog;
    StatsEstimator m_estimator;
    QDateTime m_now;
    double m_errors;
    double m_total;
    mutable QHash<QString, double> m_changed;
};

} // namespace

Bounds bounds(const Expression& expression, const CatalogLookup& catalog, const QDateTime& now,
              double standardErrors)
{
    const Bounder bounder(catalog, now, standardErrors);
    Bounds found = bounder.of(Node(expression.root())).value_or(bounder.everything());
    found.measured = found.measured && catalog.entitiesTotal() > 0; // else the total is a guess
    found.changedSince = bounder.changedSince();
    return found;
}

} // namespace atlas::filter
