// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/statement.h"

#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include "db/arrayliteral.h"

namespace atlas::db {

Param param(double value)
{
    // The words PostgreSQL reads; to_chars would say "nan" and "inf", which Redshift refuses.
    if (std::isnan(value))
        return QByteArrayLiteral("NaN");
    if (std::isinf(value))
        return value > 0 ? QByteArrayLiteral("Infinity") : QByteArrayLiteral("-Infinity");
    std::array<char, 40> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    return QByteArray(text.data(), end - text.data());
}

Param param(bool value)
{
    return value ? QByteArrayLiteral("t") : QByteArrayLiteral("f");
}

namespace {

template<class Integer> Param integerArray(const QList<Integer>& values)
{
    ArrayLiteral array;
    for (const Integer value : values)
        array.addPlain(std::to_string(value));
    return array.literal();
}

} // namespace

Param arrayParam(const QList<qint64>& values)
{
    return integerArray(values);
}

Param arrayParam(const QList<int>& values)
{
    return integerArray(values);
}

Param arrayParam(const QStringList& values)
{
    ArrayLiteral array;
    for (const QString& value : values)
        array.addText(value.toStdString());
    return array.literal();
}

QByteArray quoteIdentifier(QStringView name)
{
    if (name.contains(QChar(u'\0')))
        return {};
    QByteArray quoted = name.toUtf8();
    quoted.replace("\"", "\"\"");
    return '"' + quoted + '"';
}

QByteArray quoteLiteral(QStringView value)
{
    if (value.contains(QChar(u'\0')))
        return {};
    QByteArray quoted = value.toUtf8();
    quoted.replace("'", "''");
    if (!quoted.contains('\\'))
        return '\'' + quoted + '\'';
    // E'' makes the meaning of a backslash independent of standard_conforming_strings. The space keeps the E
    // apart from a keyword or identifier right before it.
    quoted.replace("\\", "\\\\");
    return " E'" + quoted + '\'';
}

} // namespace atlas::db
