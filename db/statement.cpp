// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/statement.h"

#include <array>
#include <charconv>
#include <cmath>

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
    QByteArray text;
    text.reserve(2 + values.size() * 8);
    text += '{';
    for (qsizetype i = 0; i < values.size(); ++i) {
        if (i > 0)
            text += ',';
        text += QByteArray::number(values[i]);
    }
    text += '}';
    return text;
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
    QList<Param> elements;
    elements.reserve(values.size());
    for (const QString& value : values)
        elements.append(param(value));
    return arrayParam(elements);
}

Param arrayParam(const QList<Param>& values)
{
    qsizetype size = 2;
    for (const Param& value : values)
        size += 4 + (value ? value->size() : 0);
    QByteArray text;
    text.reserve(size);
    text += '{';
    for (const Param& value : values) {
        if (text.size() > 1)
            text += ',';
        if (!value) {
            text += "NULL";
            continue;
        }
        // Always quoted: an unquoted NULL, an empty word, a brace or a comma would all mean something else.
        text += '"';
        for (const char c : *value) {
            if (c == '"' || c == '\\')
                text += '\\';
            text += c;
        }
        text += '"';
    }
    text += '}';
    return text;
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
