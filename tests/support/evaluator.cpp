// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/evaluator.h"

#include <QRegularExpression>

#include <optional>

namespace atlas::test {

namespace {

using filter::Clause;
using filter::EntityField;
using filter::GroupKind;
using filter::Literal;
using filter::Node;
using filter::Operator;

/// Digits before and after the point, the exponent worked in.
struct Written
{
    bool negative = false;
    QString whole;
    QString fraction;
};

Written write(const QString& number)
{
    static const QRegularExpression form(QStringLiteral("^([+-]?)(\\d*)(?:\\.(\\d*))?(?:[eE]([+-]?\\d+))?$"));
    const auto match = form.match(number);
    Q_ASSERT(match.hasMatch());
    Written result;
    result.negative = match.captured(1) == u"-";
    result.whole = match.captured(2);
    result.fraction = match.captured(3);
    int exponent = match.captured(4).toInt();
    for (; exponent > 0; --exponent) {
        result.whole += result.fraction.isEmpty() ? QChar(u'0') : result.fraction.at(0);
        result.fraction.remove(0, 1);
    }
    for (; exponent < 0; ++exponent) {
        result.fraction.prepend(result.whole.isEmpty() ? QChar(u'0') : result.whole.back());
        result.whole.chop(1);
    }
    return result;
}

int sign(int number)
{
    return (number > 0) - (number < 0);
}

double microseconds(const QString& text)
{
    static const QRegularExpression form(
        QStringLiteral("^(\\d{4}-\\d\\d-\\d\\d)(?:[Tt "
                       "](\\d\\d:\\d\\d)(:\\d\\d)?(?:[.,](\\d+))?)?(?:[Zz]|([+-])(\\d\\d):?(\\d\\d)?)?$"));
    const auto match = form.match(text);
    Q_ASSERT(match.hasMatch());
    const QString seconds = match.captured(3).isEmpty() ? QStringLiteral(":00") : match.captured(3);
    const QString clock = match.captured(2).isEmpty() ? QStringLiteral("00:00") : match.captured(2);
    const QDateTime time(QDate::fromString(match.captured(1), Qt::ISODate),
                         QTime::fromString(clock + seconds, QStringLiteral("HH:mm:ss")), Qt::UTC);
    Q_ASSERT(time.isValid());
    qint64 total =
        time.toSecsSinceEpoch() * 1'000'000 + match.captured(4).leftJustified(6, u'0', true).toLongLong();
    const qint64 offset = (match.captured(6).toLongLong() * 60 + match.captured(7).toLongLong()) * 60'000'000;
    total -= match.captured(5) == u"-" ? -offset : offset;
    return static_cast<double>(total);
}

double duration(const QString& text)
{
    static const QRegularExpression form(QStringLiteral("^\\s*([0-9.]+)\\s*(s|min|h|d|w)\\s*$"));
    const auto match = form.match(text);
    Q_ASSERT(match.hasMatch());
    static const QMap<QString, double> units{{QStringLiteral("s"), 1},
                                             {QStringLiteral("min"), 60},
                                             {QStringLiteral("h"), 3600},
                                             {QStringLiteral("d"), 86400},
                                             {QStringLiteral("w"), 604800}};
    return match.captured(1).toDouble() * units.value(match.captured(2)) * 1e6;
}

/// White space outside of strings removed.
QString compact(const QString& json)
{
    QString out;
    bool quoted = false;
    for (qsizetype i = 0; i < json.size(); ++i) {
        const QChar c = json.at(i);
        if (c == u'"' && (i == 0 || json.at(i - 1) != u'\\'))
            quoted = !quoted;
        if (quoted || !c.isSpace())
            out += c;
    }
    return out;
}

int compareTimes(const QString& a, const QString& b)
{
    const double left = microseconds(a);
    const double right = microseconds(b);
    return (left > right) - (left < right);
}

int compare(const TestValue& value, const Literal& literal)
{
    switch (value.type) {
    case ValueType::String:
        return compareText(value.text, literal.text);
    case ValueType::Number:
        return compareNumbers(value.text, literal.text);
    case ValueType::Boolean:
        return value.text == literal.text ? 0 : 1;
    case ValueType::Timestamp:
        return compareTimes(value.text, literal.text);
    case ValueType::Json:
        return compareText(compact(value.text), compact(literal.text));
    }
    return 1;
}

bool holds(const Clause& clause, const std::optional<TestValue>& value, const QDateTime& now)
{
    if (clause.op == Operator::Missing)
        return !value;
    if (!value)
        return false;
    const auto order = [&](int index) { return compare(*value, clause.literals.at(index)); };
    switch (clause.op) {
    case Operator::Exists:
        return true;
    case Operator::Equal:
        return order(0) == 0;
    case Operator::NotEqual:
        return order(0) != 0;
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
    case Operator::In:
        for (int i = 0; i < clause.literals.size(); ++i) {
            if (order(i) == 0)
                return true;
        }
        return false;
    case Operator::Contains:
        return value->text.contains(clause.literals.at(0).text);
    case Operator::StartsWith:
        return value->text.startsWith(clause.literals.at(0).text);
    case Operator::InTheLast: {
        const auto until = static_cast<double>(now.toMSecsSinceEpoch()) * 1000;
        const double time = microseconds(value->text);
        return time > until - duration(clause.literals.at(0).text) && time <= until;
    }
    case Operator::Missing:
        break;
    }
    return false;
}

/// nullopt: restricts nothing.
std::optional<bool> evaluate(const Node& node, const TestEntity& entity, const QDateTime& now)
{
    if (!node.enabled())
        return std::nullopt;
    if (node.isClause()) {
        const Clause& clause = node.clause();
        std::optional<TestValue> value;
        if (clause.subject.isAttribute()) {
            if (entity.values.contains(clause.subject.attribute))
                value = entity.values.value(clause.subject.attribute);
        } else {
            const QString& field = clause.subject.field == EntityField::Id     ? entity.externalId
                                   : clause.subject.field == EntityField::Type ? entity.type
                                                                               : entity.name;
            value = TestValue{ValueType::String, field};
        }
        return holds(clause, value, now);
    }
    std::optional<bool> all;
    std::optional<bool> any;
    for (const Node& child : node.group().children) {
        const auto part = evaluate(child, entity, now);
        if (!part)
            continue;
        all = all.value_or(true) && *part;
        any = any.value_or(false) || *part;
    }
    if (!any)
        return std::nullopt;
    switch (node.group().kind) {
    case GroupKind::All:
        return all;
    case GroupKind::Any:
        return any;
    case GroupKind::None:
        return !*any;
    }
    return std::nullopt;
}

std::optional<TestValue> valueOf(const TestEntity& entity, const filter::Subject& subject)
{
    if (subject.isAttribute()) {
        if (!entity.values.contains(subject.attribute))
            return std::nullopt;
        return entity.values.value(subject.attribute);
    }
    return TestValue{ValueType::String, subject.field == EntityField::Id     ? entity.externalId
                                        : subject.field == EntityField::Type ? entity.type
                                                                             : entity.name};
}

int compareSorted(const TestValue& a, const TestValue& b, qsizetype keyLength)
{
    const auto key = [keyLength](const QString& text) { return text.toUcs4().mid(0, keyLength); };
    const auto compareKeys = [](const auto& left, const auto& right) {
        return left == right ? 0 : left < right ? -1 : 1;
    };
    switch (a.type) {
    case ValueType::Number:
        return compareNumbers(a.text, b.text);
    case ValueType::Timestamp:
        return compareTimes(a.text, b.text);
    case ValueType::Json:
        return compareKeys(key(compact(a.text)), key(compact(b.text)));
    default: // "false" is before "true"
        return compareKeys(key(a.text), key(b.text));
    }
}

} // namespace

std::strong_ordering sortOrder(const TestEntity& a, const TestEntity& b, const filter::Subject& subject,
                               bool descending)
{
    const auto left = valueOf(a, subject);
    const auto right = valueOf(b, subject);
    if (!left || !right)
        return right.has_value() <=> left.has_value();
    const int order = compareSorted(*left, *right, subject.isAttribute() ? 256 : 500);
    return (descending ? -order : order) <=> 0;
}

int compareNumbers(const QString& a, const QString& b)
{
    Written left = write(a);
    Written right = write(b);
    const auto whole = qMax(left.whole.size(), right.whole.size());
    const auto fraction = qMax(left.fraction.size(), right.fraction.size());
    const auto padded = [&](const Written& number) {
        return number.whole.rightJustified(whole, u'0') + number.fraction.leftJustified(fraction, u'0');
    };
    const QString leftDigits = padded(left);
    const QString rightDigits = padded(right);
    const QString zero(whole + fraction, u'0');
    const bool leftNegative = left.negative && leftDigits != zero;
    const bool rightNegative = right.negative && rightDigits != zero;
    if (leftNegative != rightNegative)
        return leftNegative ? -1 : 1;
    const int magnitude = sign(leftDigits.compare(rightDigits));
    return leftNegative ? -magnitude : magnitude;
}

int compareText(const QString& a, const QString& b)
{
    const auto left = a.toUcs4();
    const auto right = b.toUcs4();
    if (left == right)
        return 0;
    return left < right ? -1 : 1;
}

bool matches(const filter::Expression& expression, const TestEntity& entity, const QDateTime& now)
{
    return evaluate(Node(expression.root()), entity, now).value_or(true);
}

} // namespace atlas::test
