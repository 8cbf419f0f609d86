// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>

#include <string>
#include <string_view>

namespace atlas::db {

/// A PostgreSQL array literal in the making ({1,NULL,"a"}): a value of a bound parameter, $n::text[]. Not
/// thread-safe.
class ArrayLiteral
{
public:
    void addNull() { next() += "NULL"; }
    /// As it is: numbers, timestamps, what has no quote, comma, brace or backslash in it and is not empty.
    void addPlain(std::string_view text)
    {
        next() += text;
        m_holdsValues = true;
    }
    /// Any UTF-8, quoted: an unquoted NULL, an empty word, a brace or a comma would all mean something else.
    void addText(std::string_view utf8)
    {
        std::string& out = next();
        out += '"';
        for (const char c : utf8) {
            if (c == '"' || c == '\\')
                out += '\\';
            out += c;
        }
        out += '"';
        m_holdsValues = true;
    }
    /// Whether anything but nulls was added.
    bool holdsValues() const { return m_holdsValues; }
    QByteArray literal() const
    {
        return m_text.empty() ? QByteArrayLiteral("{}") : QByteArray::fromStdString(m_text) + '}';
    }

private:
    std::string& next()
    {
        m_text += m_text.empty() ? '{' : ',';
        return m_text;
    }

    std::string m_text; ///< without the brace at the end
    bool m_holdsValues = false;
};

} // namespace atlas::db
