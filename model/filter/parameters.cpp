// SPDX-License-Identifier: GPL-3.0-or-later
#include <array>
#include <charconv>
#include <cmath>

#include "model/filter/parameters_p.h"

namespace atlas::filter {

namespace {

QByteArray floatText(double value)
{
    if (std::isinf(value))
        return value > 0 ? QByteArrayLiteral("Infinity") : QByteArrayLiteral("-Infinity");
    std::array<char, 64> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    return QByteArray(buffer.data(), end.ptr - buffer.data());
}

/// Array elements that need no quotes.
QByteArray plainArray(const QList<QByteArray>& elements)
{
    return '{' + elements.join(',') + '}';
}

} // namespace

QByteArray Parameters::bind(const QByteArray& type, const QByteArray& value)
{
    const QByteArray key = type + '\0' + value;
    if (const auto known = m_bound.constFind(key); known != m_bound.constEnd())
        return *known;
    QByteArray placeholder = '$' + QByteArray::number(next());
    if (!type.isEmpty())
        placeholder += "::" + type;
    m_values.append(db::Param(value));
    m_bound.insert(key, placeholder);
    return placeholder;
}

QByteArray Parameters::float8(double value)
{
    return bind(QByteArrayLiteral("float8"), floatText(value));
}

QByteArray Parameters::text(const QString& value)
{
    const QByteArray utf8 = value.toUtf8();
    if (m_dialect == Dialect::Postgres)
        return bind(QByteArrayLiteral("text"), utf8);
    // Redshift's text is varchar(256) and a cast to it cuts off. Nothing longer than its longest varchar is
    // stored there; left without a cast it takes the column's type.
    return bind(utf8.size() <= 65535 ? QByteArrayLiteral("varchar(65535)") : QByteArray(), utf8);
}

QByteArray Parameters::decimal38(const QByteArray& number, int scale)
{
    return bind("decimal(38," + QByteArray::number(scale) + ')', number);
}

QByteArray Parameters::integers(const QList<int>& values)
{
    QList<QByteArray> texts;
    for (const int value : values)
        texts.append(QByteArray::number(value));
    return bind(QByteArrayLiteral("int[]"), plainArray(texts));
}

QByteArray Parameters::list(const QList<QByteArray>& placeholders) const
{
    return " in (" + placeholders.join(", ") + ')';
}

QByteArray Parameters::anyText(const QStringList& values)
{
    if (m_dialect == Dialect::Postgres)
        return " = any (" + bind(QByteArrayLiteral("text[]"), db::arrayParam(values).value_or(QByteArray())) +
               ')';
    QList<QByteArray> placeholders;
    for (const QString& value : values)
        placeholders.append(text(value));
    return list(placeholders);
}

QByteArray Parameters::anyFloat8(const QList<double>& values)
{
    QList<QByteArray> items;
    for (const double value : values)
        items.append(m_dialect == Dialect::Postgres ? floatText(value) : float8(value));
    if (m_dialect == Dialect::Postgres)
        return " = any (" + bind(QByteArrayLiteral("float8[]"), plainArray(items)) + ')';
    return list(items);
}

QByteArray Parameters::anyNumeric(const QList<QByteArray>& numbers)
{
    if (m_dialect == Dialect::Postgres)
        return " = any (" + bind(QByteArrayLiteral("numeric[]"), plainArray(numbers)) + ')';
    QList<QByteArray> placeholders;
    for (const QByteArray& number : numbers)
        placeholders.append(numeric(number));
    return list(placeholders);
}

} // namespace atlas::filter
