// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/filter/estimate.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QSet>

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/filter/conditions_p.h"
#include "model/filter/decimal.h"
#include "model/filter/estimate_p.h"
#include "model/filter/validate.h"

namespace atlas::filter {

Estimator::~Estimator() = default;

bool lessByCodePoint(const QString& a, const QString& b)
{
    return a.toUcs4() < b.toUcs4();
}

QString searchKey(const QString& text)
{
    if (text.size() <= searchKeyLength)
        return text;
    qsizetype at = 0;
    for (int count = 0; count < searchKeyLength && at < text.size(); ++count)
        at += text.at(at).isHighSurrogate() && at + 1 < text.size() ? 2 : 1;
    return text.first(at);
}

QString textOf(const Literal& literal, ValueType type)
{
    return searchKey(type == ValueType::Json ? compactJson(literal.text) : literal.text);
}

double numberOf(const Literal& literal, ValueType type)
{
    if (type == ValueType::Boolean)
        return literal.text == u"true" ? 1 : 0;
    if (type == ValueType::Timestamp)
        return static_cast<double>(parseTimestamp(literal.text).value_or(0));
    const auto decimal = Decimal::parse(literal.text);
    return decimal ? decimal->nearestDouble() : 0;
}

QList<Literal> differentValues(const Clause& clause, ValueType type)
{
    QList<Literal> different;
    QSet<QString> texts;
    QSet<double> numbers;
    for (const Literal& literal : clause.literals) {
        const auto known = texts.size() + numbers.size();
        if (type == ValueType::String || type == ValueType::Json)
            texts.insert(textOf(literal, type));
        else
            numbers.insert(numberOf(literal, type));
        if (texts.size() + numbers.size() > known)
            different.append(literal);
    }
    return different;
}

std::optional<double> numberIn(const QJsonValue& value)
{
    constexpr double infinite = std::numeric_limits<double>::infinity();
    if (value.isDouble())
        return value.toDouble();
    if (value.toString() == QLatin1String("Infinity"))
        return infinite;
    if (value.toString() == QLatin1String("-Infinity"))
        return -infinite;
    return std::nullopt;
}

void AttributeStats::readJson(const QByteArray& top, const QByteArray& bounds, const QByteArray& texts)
{
    topValues.clear();
    histogram.clear();
    textHistogram.clear();
    const QJsonArray values = QJsonDocument::fromJson(top).array();
    for (const QJsonValue& entry : values) {
        const QJsonArray pair = entry.toArray();
        if (pair.size() != 2 || !pair.at(1).isDouble())
            continue;
        TopValue value;
        value.entities = pair.at(1).toDouble();
        if (pair.at(0).isString()) {
            value.text = pair.at(0).toString();
            value.number = numberIn(pair.at(0)).value_or(0);
        } else if (pair.at(0).isDouble()) {
            value.number = pair.at(0).toDouble();
        } else {
            continue;
        }
        topValues.append(value);
    }
    const QJsonArray numbers = QJsonDocument::fromJson(bounds).array();
    for (const QJsonValue& bound : numbers) {
        if (const auto number = numberIn(bound))
            histogram.append(*number);
    }
    std::sort(histogram.begin(), histogram.end());
    const QJsonArray strings = QJsonDocument::fromJson(texts).array();
    for (const QJsonValue& bound : strings) {
        if (bound.isString())
            textHistogram.append(bound.toString());
    }
    std::sort(textHistogram.begin(), textHistogram.end(), lessByCodePoint);
}

namespace {

// Where nothing was measured. Only their order matters: equality is rarer than a range, a range than
// existence.
constexpr double unknownFill = 0.1;
constexpr double unknownEqual = 0.02;
constexpr double unknownRange = 0.3;
constexpr double unknownText = 0.05;
constexpr double unknownTotal = 10'000;

/// Where `text` lies between two bounds, 0 to 1: the characters after what the bounds have in common, read as
/// digits of a number.
double placeWithin(const QString& lower, const QString& upper, const QString& text)
{
    const QList<uint> low = lower.toUcs4(), high = upper.toUcs4(), at = text.toUcs4();
    qsizetype same = 0;
    while (same < low.size() && same < high.size() && low[same] == high[same])
        ++same;
    // What is used there: the range of the bounds' own characters, all of a kind with them.
    uint least = U'~', most = U' ';
    for (const QList<uint>& bound : {low, high}) {
        for (qsizetype i = same; i < bound.size(); ++i) {
            least = std::min(least, bound[i]);
            most = std::max(most, bound[i]);
        }
    }
    for (const auto& [first, last] : {std::pair{U'0', U'9'}, {U'A', U'Z'}, {U'a', U'z'}}) {
        if (least <= last && most >= first) {
            least = std::min(least, static_cast<uint>(first));
            most = std::max(most, static_cast<uint>(last));
        }
    }
    const double base = static_cast<double>(most - std::min(least, most)) + 2; // an end comes before them all
    const auto number = [&](const QList<uint>& points) {
        double value = 0, place = 1;
        for (qsizetype i = same; i < same + 10; ++i) {
            place /= base;
            if (i < points.size())
                value += place * (1 + std::clamp(static_cast<double>(points[i]) - static_cast<double>(least),
                                                 0.0, base - 2));
        }
        return value;
    };
    const double from = number(low), to = number(high);
    return to > from ? std::clamp((number(at) - from) / (to - from), 0.0, 1.0) : 0.0;
}

/// Answers about one measured attribute. Shares are of the entities that have it.
class Measured
{
public:
    Measured(const AttributeStats& stats, ValueType type)
        : m_stats(stats)
        , m_type(type)
    {
        for (const auto& value : stats.topValues)
            m_topEntities += value.entities;
    }

    bool complete() const { return m_stats.distinctValues <= static_cast<double>(m_stats.topValues.size()); }

    double equal(const Literal& literal) const
    {
        const bool isText = m_type == ValueType::String || m_type == ValueType::Json;
        const QString key = isText ? searchKey(literal.text) : QString();
        const double number = isText ? 0 : numberOf(literal, m_type);
        for (const auto& value : m_stats.topValues) {
            if (isText ? value.text == key : value.number == number)
                return value.entities;
        }
        // Nothing is ever expected to be exactly absent: statistics are older than the data.
        const double rest = m_stats.entitiesWith - m_topEntities;
        const double restDistinct = m_stats.distinctValues - static_cast<double>(m_stats.topValues.size());
        if (rest <= 0 || restDistinct <= 0)
            return std::min(1.0, m_stats.entitiesWith);
        if (!isText && outside(number))
            return std::min(1.0, m_stats.entitiesWith);
        return std::max(1.0, rest / restDistinct);
    }

    /// Entities whose number is below `number`, or at most it.
    double below(double number, bool orEqual) const
    {
        if (complete() && !m_stats.topValues.isEmpty()) {
            double sum = 0;
            for (const auto& value : m_stats.topValues) {
                if (value.number < number || (orEqual && value.number == number))
                    sum += value.entities;
            }
            return sum;
        }
        const auto& bounds = m_stats.histogram;
        if (bounds.size() < 2)
            return m_stats.entitiesWith * unknownRange;
        const auto at = orEqual ? std::upper_bound(bounds.begin(), bounds.end(), number)
                                : std::lower_bound(bounds.begin(), bounds.end(), number);
        const auto buckets = static_cast<double>(bounds.size() - 1);
        if (at == bounds.begin())
            return 0;
        if (at == bounds.end())
            return m_stats.entitiesWith;
        const double upper = *at;
        const double lower = *(at - 1);
        const bool spans = upper > lower && std::isfinite(lower) && std::isfinite(upper);
        const double within = spans ? std::clamp((number - lower) / (upper - lower), 0.0, 1.0) : 0.0;
        return (static_cast<double>(at - bounds.begin() - 1) + within) / buckets * m_stats.entitiesWith;
    }

    bool hasTextBounds() const { return m_stats.textHistogram.size() >= 2; }

    /// Entities whose text is below `text`. Only with bounds.
    double below(const QString& text) const
    {
        const QStringList& bounds = m_stats.textHistogram;
        const auto at = std::lower_bound(bounds.begin(), bounds.end(), text, lessByCodePoint);
        if (at == bounds.begin())
            return 0;
        if (at == bounds.end())
            return m_stats.entitiesWith;
        const double before = static_cast<double>(at - bounds.begin() - 1);
        return (before + placeWithin(*(at - 1), *at, text)) / static_cast<double>(bounds.size() - 1) *
               m_stats.entitiesWith;
    }

    /// Share of the bounds, which are a fair sample, for which the test holds. Only with bounds.
    template<class Test> double shareOfBounds(const Test& test) const
    {
        const auto found = std::count_if(m_stats.textHistogram.begin(), m_stats.textHistogram.end(), test);
        return static_cast<double>(found) / static_cast<double>(m_stats.textHistogram.size());
    }

    template<class Test> double textMatching(const Test& test, double shareOfRest) const
    {
        double sum = 0;
        for (const auto& value : m_stats.topValues) {
            if (test(value.text))
                sum += value.entities;
        }
        if (complete())
            return std::max(sum, std::min(1.0, m_stats.entitiesWith));
        // Where every value is rare, those listed are only the first of them in order.
        if (hasTextBounds() && m_topEntities < m_stats.entitiesWith / 2)
            return std::max(sum, m_stats.entitiesWith * std::max(shareOfBounds(test), shareOfRest / 10));
        const double rest = std::max(0.0, m_stats.entitiesWith - m_topEntities);
        // The values that are not listed are taken to be like those that are, but never free of matches.
        const double share =
            m_topEntities > 0 ? std::clamp(sum / m_topEntities, shareOfRest / 10, 1.0) : shareOfRest;
        return sum + rest * share;
    }

private:
    bool outside(double number) const
    {
        return m_stats.histogram.size() >= 2 &&
               (number < m_stats.histogram.constFirst() || number > m_stats.histogram.constLast());
    }

    const AttributeStats& m_stats;
    ValueType m_type;
    double m_topEntities = 0;
};

double clauseShareUnknown(const Clause& clause)
{
    switch (clause.op) {
    case Operator::Equal:
        return unknownEqual;
    case Operator::In:
        return std::min(0.5, unknownEqual * static_cast<double>(clause.literals.size()));
    case Operator::NotEqual:
        return 1 - unknownEqual;
    case Operator::Contains:
    case Operator::StartsWith:
        return unknownText;
    case Operator::Exists:
        return 1;
    case Operator::Missing:
        return 0;
    default:
        return unknownRange;
    }
}

double measuredRows(const Clause& clause, const AttributeStats& stats, ValueType type, const QDateTime& now)
{
    const Measured measured(stats, type);
    const double with = stats.entitiesWith;
    const bool isText = type == ValueType::String || type == ValueType::Json;
    const auto literal = [&](qsizetype index) { return clause.literals.value(index); };
    const auto below = [&](qsizetype index, bool orEqual) {
        if (!isText)
            return measured.below(numberOf(literal(index), type), orEqual);
        const QString bound = literal(index).text;
        if (measured.hasTextBounds())
            return measured.below(bound);
        return measured.textMatching(
            [&](const QString& value) {
                return lessByCodePoint(value, bound) || (orEqual && value == bound);
            },
            unknownRange);
    };
    switch (clause.op) {
    case Operator::Equal:
        return measured.equal(literal(0));
    case Operator::NotEqual:
        return with - measured.equal(literal(0));
    case Operator::Less:
    case Operator::Before:
        return below(0, false);
    case Operator::LessOrEqual:
        return below(0, true);
    case Operator::Greater:
    case Operator::After:
        return with - below(0, true);
    case Operator::GreaterOrEqual:
        return with - below(0, false);
    case Operator::Between:
        return below(1, true) - below(0, false);
    case Operator::In: {
        double sum = 0;
        const QList<Literal> values = differentValues(clause, type);
        for (const Literal& value : values)
            sum += measured.equal(value);
        return sum;
    }
    case Operator::Contains:
        return measured.textMatching([&](const QString& value) { return value.contains(literal(0).text); },
                                     unknownText);
    case Operator::StartsWith:
        if (const QString prefix = searchKey(literal(0).text); measured.hasTextBounds()) {
            const QString end = upperBound(prefix);
            const double upto = end.isNull() ? with : measured.below(end);
            return std::max(upto - measured.below(prefix), std::min(1.0, with));
        }
        return measured.textMatching(
            [&](const QString& value) { return value.startsWith(searchKey(literal(0).text)); }, unknownText);
    case Operator::InTheLast: {
        const auto until = static_cast<double>(now.toMSecsSinceEpoch()) * 1000.0;
        const auto length = static_cast<double>(parseDuration(literal(0).text).value_or(0));
        return measured.below(until, true) - measured.below(until - length, true);
    }
    case Operator::Exists:
        return with;
    case Operator::Missing:
        return 0;
    }
    return with;
}

/// Share of the tenant's entities for which the node is true; nullopt when it restricts nothing.
struct Share
{
    double value = 1;
    bool measured = true;
};

std::optional<Share> share(const Node& node, const Estimator& estimator, double total)
{
    if (!node.enabled())
        return std::nullopt;
    if (node.isClause()) {
        const Estimate rows = estimator.clause(node.clause());
        return Share{std::clamp(rows.entities / total, 0.0, 1.0), rows.measured};
    }
    const Group& group = node.group();
    Share result;
    double noneOf = 1;
    bool any = false;
    for (const Node& child : group.children) {
        const auto part = share(child, estimator, total);
        if (!part)
            continue;
        any = true;
        result.measured = result.measured && part->measured;
        result.value *= part->value;
        noneOf *= 1 - part->value;
    }
    if (!any)
        return std::nullopt;
    if (group.kind == GroupKind::Any)
        result.value = 1 - noneOf;
    else if (group.kind == GroupKind::None)
        result.value = noneOf;
    return result;
}

} // namespace

Estimate estimate(const Node& node, const Estimator& estimator)
{
    const double total = std::max(1.0, estimator.entitiesTotal());
    const auto part = share(node, estimator, total);
    if (!part)
        return {estimator.entitiesTotal(), true};
    return {part->value * total, part->measured};
}

Estimate estimate(const Expression& expression, const Estimator& estimator)
{
    return estimate(Node(expression.root()), estimator);
}

StatsEstimator::StatsEstimator(const CatalogLookup& catalog, const QDateTime& now)
    : m_catalog(catalog)
    , m_now(now)
{
}

double StatsEstimator::entitiesTotal() const
{
    const double total = m_catalog.entitiesTotal();
    return total > 0 ? total : unknownTotal;
}

Estimate StatsEstimator::clause(const Clause& clause) const
{
    const double total = entitiesTotal();
    ValueType type = ValueType::String;
    std::shared_ptr<const AttributeStats> stats;
    double with = total;
    bool known = true;
    if (clause.subject.isAttribute()) {
        const auto attribute = m_catalog.find(clause.subject.attribute);
        if (attribute) {
            type = attribute->type;
            stats = attribute->stats;
        }
        known = stats != nullptr;
        // Measured when the tenant was smaller or larger: the share is what lasts.
        with = stats ? (stats->entitiesTotal > 0 ? stats->entitiesWith / stats->entitiesTotal * total : 0)
                     : total * unknownFill;
    } else {
        if (clause.op == Operator::Equal && clause.subject.field == EntityField::Id)
            return {1, true};
        if (clause.op == Operator::In && clause.subject.field == EntityField::Id)
            return {static_cast<double>(clause.literals.size()), true};
        stats = m_catalog.fieldStats(clause.subject.field);
        known = stats != nullptr;
    }
    if (clause.op == Operator::Exists)
        return {with, known};
    if (clause.op == Operator::Missing)
        return {total - with, known};
    if (!stats || clause.literals.size() < arity(clause.op).least)
        return {with * clauseShareUnknown(clause), false};
    const double scale = stats->entitiesTotal > 0 ? total / stats->entitiesTotal : 1;
    const double rows = measuredRows(clause, *stats, type, m_now) * scale;
    return {std::clamp(rows, 0.0, with), true};
}

} // namespace atlas::filter
