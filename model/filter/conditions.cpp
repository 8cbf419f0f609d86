// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/filter/conditions_p.h"

#include <QSet>

#include <cmath>

#include "model/filter/decimal.h"
#include "model/filter/validate.h"
#include "model/ingest/json.h"

namespace atlas::filter {

namespace {

constexpr int keyLength = 256; // of attribute_values.value_text

/// A number literal against the pair (value_num, value_exact). A row without value_exact is exactly the
/// number that PostgreSQL prints for value_num, so of the rows at the literal's own float8 all is known here
/// but value_exact.
class NumberComparison
{
public:
    NumberComparison(const Decimal& literal, const QByteArray& alias, Parameters& parameters,
                     bool realRedshift)
        : m_literal(literal)
        , m_realRedshift(realRedshift)
        , m_float(literal.nearestDouble())
        , m_parameters(parameters)
        , m_key(alias + ".value_num")
        , m_exact(alias + ".value_exact")
    {
        // Beyond the range of float8 every row has value_exact.
        m_plainExists = std::isfinite(m_float);
        if (m_plainExists)
            m_plain = Decimal::fromFloat8Text(m_float);
    }

    QByteArray equal() { return m_key + " = " + key() + " and " + atBoundary("=", m_plain == m_literal); }

    QByteArray notEqual()
    {
        const bool plainDiffers = m_plain != m_literal;
        return m_key + " is not null and (" + m_key + " <> " + key() + " or " +
               atBoundary("<>", plainDiffers) + ')';
    }

    QByteArray order(const char* op)
    {
        const bool less = op[0] == '<';
        const bool orEqual = op[1] == '=';
        const auto order = m_plain <=> m_literal;
        const bool plain = (less ? order < 0 : order > 0) || (orEqual && order == 0);
        const QByteArray strict = less ? " < " : " > ";
        const QByteArray wide = less ? " <= " : " >= ";
        return m_key + wide + key() + " and (" + m_key + strict + key() + " or " + atBoundary(op, plain) +
               ')';
    }

private:
    QByteArray key() { return m_parameters.float8(m_float); }

    /// Of the rows at the boundary: those whose exact number compares, and the plain ones when `plainTrue`.
    QByteArray atBoundary(const QByteArray& op, bool plainTrue)
    {
        const QByteArray exact = m_realRedshift
                                     ? textAtBoundary(op)
                                     : m_exact + ' ' + op + ' ' + m_parameters.numeric(m_literal.text());
        if (m_plainExists && plainTrue)
            return '(' + m_exact + " is null or " + exact + ')';
        return exact;
    }

    /// Where value_exact is text and a number has 38 digits: as many of them as fit. Only rows at the
    /// boundary are converted (hence case): others may hold more than fits.
    QByteArray textAtBoundary(const QByteArray& op)
    {
        const qint64 integerDigits = m_literal.integerDigits() + 1;
        if (!m_plainExists || integerDigits > 38)
            return m_exact + ' ' + op + ' ' + m_parameters.text(QString::fromLatin1(m_literal.text()));
        const auto scale = static_cast<int>(38 - integerDigits);
        return "case when " + m_key + " = " + key() + " then cast(" + m_exact + " as decimal(38," +
               QByteArray::number(scale) + ")) " + op + ' ' +
               m_parameters.decimal38(m_literal.text(), scale) + " else false end";
    }

    Decimal m_literal;
    bool m_realRedshift;
    double m_float;
    Decimal m_plain;
    bool m_plainExists = false;
    Parameters& m_parameters;
    QByteArray m_key;
    QByteArray m_exact;
};

const char* orderSymbol(Operator op)
{
    switch (op) {
    case Operator::Less:
    case Operator::Before:
        return "<";
    case Operator::LessOrEqual:
        return "<=";
    case Operator::Greater:
    case Operator::After:
        return ">";
    case Operator::GreaterOrEqual:
        return ">=";
    default:
        return nullptr;
    }
}

} // namespace

qsizetype characterCount(QStringView text)
{
    qsizetype count = text.size();
    for (qsizetype i = 0; i + 1 < text.size(); ++i) {
        if (text.at(i).isHighSurrogate() && text.at(i + 1).isLowSurrogate())
            --count;
    }
    return count;
}

QString firstCharacters(const QString& text, int count)
{
    qsizetype at = 0;
    for (; count > 0 && at < text.size(); --count)
        at +=
            text.at(at).isHighSurrogate() && at + 1 < text.size() && text.at(at + 1).isLowSurrogate() ? 2 : 1;
    return text.first(at);
}

QString upperBound(const QString& prefix)
{
    QList<uint> points = prefix.toUcs4();
    while (!points.isEmpty() && points.constLast() == 0x10FFFF)
        points.removeLast();
    if (points.isEmpty())
        return {};
    uint& last = points.last();
    last = last == 0xD7FF ? 0xE000 : last + 1; // no character lies between
    // Not QString::fromUcs4: it takes a leading U+FEFF for a byte order mark and drops it.
    QString bound;
    for (const uint point : std::as_const(points))
        bound += QChar::fromUcs4(point);
    return bound;
}

QString compactJson(const QString& text)
{
    const QByteArray utf8 = text.toUtf8();
    ingest::JsonReader reader(std::string_view(utf8.constData(), static_cast<std::size_t>(utf8.size())));
    std::string compact;
    const char* unstorable = nullptr;
    if (!reader.compactValue(compact, unstorable) || !reader.atEnd())
        return text;
    return QString::fromStdString(compact);
}

QByteArray Conditions::ofValue(const Clause& clause, const AttributeInfo& attribute, const QByteArray& alias,
                               Access access)
{
    const bool isText = attribute.type == ValueType::String || attribute.type == ValueType::Json;
    if (clause.op == Operator::Exists)
        return alias + (isText ? ".value_text is not null" : ".value_num is not null");
    switch (attribute.type) {
    case ValueType::String:
    case ValueType::Json:
        return ofText(clause, {alias, alias + ".value_text", alias + ".value_long", access, attribute.id},
                      attribute.type == ValueType::Json);
    case ValueType::Number:
        return ofNumber(clause, alias);
    case ValueType::Boolean:
        return ofBoolean(clause, alias);
    case ValueType::Timestamp:
        return ofTimestamp(clause, alias);
    }
    return {};
}

QByteArray Conditions::ofEntity(const Clause& clause, const QByteArray& alias)
{
    static const char* const columns[] = {".external_id", ".entity_type", ".name"};
    const QByteArray column = alias + columns[static_cast<int>(clause.subject.field) - 1];
    return ofText(clause, {alias, column, {}, Access::Probe}, false);
}

QByteArray Conditions::ofText(const Clause& clause, const TextColumn& column, bool isJson)
{
    QStringList values;
    for (const Literal& literal : clause.literals) {
        const bool compared =
            clause.op == Operator::Equal || clause.op == Operator::NotEqual || clause.op == Operator::In;
        values.append(isJson && compared ? compactJson(literal.text) : literal.text);
    }
    switch (clause.op) {
    case Operator::Equal:
        return textEqual(values.constFirst(), column);
    case Operator::NotEqual:
        return textNotEqual(values.constFirst(), column);
    case Operator::In:
        return textIn(values, column);
    case Operator::Contains:
        return textContains(values.constFirst(), column);
    case Operator::StartsWith:
        return textStartsWith(values.constFirst(), column);
    case Operator::Between:
        return textOrder(">=", values.at(0), column) + " and " + textOrder("<=", values.at(1), column);
    default:
        return textOrder(orderSymbol(clause.op), values.constFirst(), column);
    }
}

QByteArray Conditions::textEqual(const QString& value, const TextColumn& column)
{
    const qsizetype length = column.whole.isEmpty() ? 0 : characterCount(value);
    if (length < keyLength)
        return column.key + " = " + m_parameters.text(value);
    if (length == keyLength)
        return column.key + " = " + m_parameters.text(value) + " and " + column.whole + " is null";
    return column.key + " = " + m_parameters.text(firstCharacters(value, keyLength)) + " and " +
           column.whole + " = " + m_parameters.text(value);
}

QByteArray Conditions::textNotEqual(const QString& value, const TextColumn& column)
{
    const qsizetype length = column.whole.isEmpty() ? 0 : characterCount(value);
    if (length < keyLength)
        return column.key + " is not null and " + column.key + " <> " + m_parameters.text(value);
    const QByteArray prefix = m_parameters.text(firstCharacters(value, keyLength));
    QByteArray rest = column.whole + " is not null";
    if (length > keyLength)
        rest = column.whole + " is null or " + column.whole + " <> " + m_parameters.text(value);
    return column.key + " is not null and (" + column.key + " <> " + prefix + " or " + rest + ')';
}

QByteArray Conditions::textOrder(const char* op, const QString& value, const TextColumn& column)
{
    // A key of 256 characters compares with anything shorter as the whole text does.
    if (column.whole.isEmpty() || characterCount(value) < keyLength)
        return column.key + ' ' + op + ' ' + m_parameters.text(value);
    const QByteArray prefix = m_parameters.text(firstCharacters(value, keyLength));
    const QByteArray strict(1, op[0]);
    return column.key + ' ' + strict + "= " + prefix + " and (" + column.key + ' ' + strict + ' ' + prefix +
           " or coalesce(" + column.whole + ", " + column.key + ") " + op + ' ' + m_parameters.text(value) +
           ')';
}

QByteArray Conditions::textIn(const QStringList& values, const TextColumn& column)
{
    QStringList keys, within, exactly, longer;
    QSet<QString> seen, seenKeys;
    for (const QString& value : values) {
        if (seen.contains(value))
            continue;
        seen.insert(value);
        const qsizetype length = column.whole.isEmpty() ? 0 : characterCount(value);
        (length < keyLength ? within : length == keyLength ? exactly : longer).append(value);
        const QString key = length > keyLength ? firstCharacters(value, keyLength) : value;
        if (!seenKeys.contains(key))
            keys.append(key);
        seenKeys.insert(key);
    }
    if (exactly.isEmpty() && longer.isEmpty())
        return column.key + m_parameters.anyText(within);
    QList<QByteArray> cases;
    if (!within.isEmpty())
        cases.append(column.key + m_parameters.anyText(within));
    if (!exactly.isEmpty())
        cases.append(column.key + m_parameters.anyText(exactly) + " and " + column.whole + " is null");
    if (!longer.isEmpty())
        cases.append(column.whole + m_parameters.anyText(longer));
    return column.key + m_parameters.anyText(keys) + " and (" + cases.join(" or ") + ')';
}

QByteArray Conditions::textContains(const QString& part, const TextColumn& column)
{
    if (part.isEmpty())
        return column.key + " is not null";
    const QByteArray needle = m_parameters.text(part);
    const QByteArray found = "strpos(" + column.key + ", " + needle + ") > 0";
    if (column.whole.isEmpty())
        return found;
    if (column.access == Access::Probe || m_dialect == Dialect::Redshift)
        return column.key + " is not null and (" + found + " or strpos(" + column.whole + ", " + needle +
               ") > 0)";
    // The scan stays index-only; only texts that go on beyond the key are looked at whole. Bytes are told
    // without counting characters, and tenant and attribute by their numbers: of a look-up by columns the
    // server would plan every branch that there is.
    return column.key + " is not null and (" + found + " or octet_length(" + column.key +
           ") >= 256 and length(" + column.key + ") = 256 and (select strpos(w.value_long, " + needle +
           ") > 0 from atlas.attribute_values w where w.tenant_id = " + m_parameters.integer(m_tenant) +
           " and w.entity_id = " + column.alias +
           ".entity_id and w.attribute_id = " + m_parameters.integer(column.attribute) + "))";
}

QByteArray Conditions::textStartsWith(const QString& prefix, const TextColumn& column)
{
    const auto range = [this](const QByteArray& name, const QString& from) {
        QByteArray condition = name + " >= " + m_parameters.text(from);
        if (const QString upper = upperBound(from); !upper.isNull())
            condition += " and " + name + " < " + m_parameters.text(upper);
        return condition;
    };
    if (prefix.isEmpty())
        return column.key + " is not null";
    const qsizetype length = column.whole.isEmpty() ? 0 : characterCount(prefix);
    if (length < keyLength)
        return range(column.key, prefix);
    if (length == keyLength)
        return column.key + " = " + m_parameters.text(prefix);
    return column.key + " = " + m_parameters.text(firstCharacters(prefix, keyLength)) + " and " +
           range(column.whole, prefix);
}

QByteArray Conditions::ofBoolean(const Clause& clause, const QByteArray& alias)
{
    const bool wanted = (clause.literals.constFirst().text == u"true") == (clause.op == Operator::Equal);
    return alias + ".value_num = " + m_parameters.float8(wanted ? 1 : 0);
}

QByteArray Conditions::ofTimestamp(const Clause& clause, const QByteArray& alias)
{
    const QByteArray key = alias + ".value_num";
    QList<qint64> times;
    if (clause.op == Operator::InTheLast) {
        const qint64 until = m_now.toMSecsSinceEpoch() * 1000;
        times = {until - parseDuration(clause.literals.constFirst().text).value_or(0), until};
    } else {
        for (const Literal& literal : clause.literals)
            times.append(parseTimestamp(literal.text).value_or(0));
    }
    // Only the float8 is stored: beyond the years 1684 to 2255 it no longer tells all microseconds apart, and
    // times that share one count as the same.
    const auto value = [&](qsizetype index) {
        return m_parameters.float8(static_cast<double>(times.at(index)));
    };
    switch (clause.op) {
    case Operator::Equal:
        return key + " = " + value(0);
    case Operator::NotEqual:
        return key + " is not null and " + key + " <> " + value(0);
    case Operator::Between:
        return key + " >= " + value(0) + " and " + key + " <= " + value(1);
    case Operator::InTheLast:
        return key + " > " + value(0) + " and " + key + " <= " + value(1);
    case Operator::In: {
        QList<double> values;
        for (const qint64 time : times)
            values.append(static_cast<double>(time));
        return key + m_parameters.anyFloat8(values);
    }
    default:
        return key + ' ' + orderSymbol(clause.op) + ' ' + value(0);
    }
}

QByteArray Conditions::ofNumber(const Clause& clause, const QByteArray& alias)
{
    QList<Decimal> numbers;
    for (const Literal& literal : clause.literals)
        numbers.append(Decimal::parse(literal.text).value_or(Decimal()));
    const auto comparison = [&](qsizetype index) {
        return NumberComparison(numbers.at(index), alias, m_parameters, m_realRedshift);
    };
    switch (clause.op) {
    case Operator::Equal:
        return comparison(0).equal();
    case Operator::NotEqual:
        return comparison(0).notEqual();
    case Operator::Between:
        return comparison(0).order(">=") + " and " + comparison(1).order("<=");
    case Operator::InTheLast:
        return comparison(0).order(">") + " and " + comparison(1).order("<=");
    case Operator::In:
        break;
    default:
        return comparison(0).order(orderSymbol(clause.op));
    }
    QList<double> keys, plainKeys;
    QSet<QByteArray> seen;
    QList<QByteArray> exact;
    for (const Decimal& number : numbers) {
        if (seen.contains(number.text()))
            continue;
        seen.insert(number.text());
        const double key = number.nearestDouble();
        keys.append(key);
        if (std::isfinite(key) && Decimal::fromFloat8Text(key) == number)
            plainKeys.append(key);
        exact.append(number.text());
    }
    const QByteArray key = alias + ".value_num";
    QByteArray sameExact;
    if (m_realRedshift) {
        for (qsizetype i = 0; i < numbers.size(); ++i)
            sameExact += (i == 0 ? "" : " or ") + comparison(i).equal();
    } else {
        sameExact = alias + ".value_exact" + m_parameters.anyNumeric(exact);
    }
    QByteArray plain = alias + ".value_exact is null";
    if (plainKeys.isEmpty())
        plain.clear();
    else if (plainKeys.size() != keys.size())
        plain += " and " + key + m_parameters.anyFloat8(plainKeys);
    return key + m_parameters.anyFloat8(keys) + " and (" + (plain.isEmpty() ? QByteArray() : plain + " or ") +
           sameExact + ')';
}

} // namespace atlas::filter
