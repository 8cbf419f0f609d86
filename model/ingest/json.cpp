// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/json.h"

#include "model/ingest/value.h"

namespace atlas::ingest {

JsonReader::JsonReader(std::string_view text)
    : m_text(text)
{
}

bool JsonReader::fail(const char* problem)
{
    if (!m_problem)
        m_problem = problem;
    return false;
}

void JsonReader::skipSpace()
{
    while (m_at < m_text.size() &&
           (m_text[m_at] == ' ' || m_text[m_at] == '\t' || m_text[m_at] == '\n' || m_text[m_at] == '\r'))
        ++m_at;
}

JsonReader::Kind JsonReader::peek()
{
    skipSpace();
    if (failed() || m_at >= m_text.size())
        return Kind::None;
    switch (m_text[m_at]) {
    case 'n':
        return Kind::Null;
    case 't':
        return Kind::True;
    case 'f':
        return Kind::False;
    case '"':
        return Kind::String;
    case '{':
        return Kind::Object;
    case '[':
        return Kind::Array;
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return Kind::Number;
    default:
        return Kind::None;
    }
}

bool JsonReader::enterObject()
{
    if (peek() != Kind::Object)
        return fail("an object is expected");
    ++m_at;
    m_firstMember = true;
    return true;
}

bool JsonReader::nextMember(std::string& key)
{
    if (failed())
        return false;
    skipSpace();
    if (m_at >= m_text.size())
        return fail("the line ends inside an object");
    if (m_text[m_at] == '}') {
        ++m_at;
        m_firstMember = false;
        return false;
    }
    if (!m_firstMember) {
        if (m_text[m_at] != ',')
            return fail("a comma or } is expected");
        ++m_at;
        skipSpace();
    }
    m_firstMember = false;
    if (m_at >= m_text.size() || m_text[m_at] != '"')
        return fail("a key in double quotes is expected");
    if (!readString(key))
        return false;
    skipSpace();
    if (m_at >= m_text.size() || m_text[m_at] != ':')
        return fail("a colon is expected");
    ++m_at;
    return true;
}

bool JsonReader::readUnit(unsigned& unit)
{
    if (m_text.size() - m_at < 4)
        return fail("\\u needs four hexadecimal digits");
    unit = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        const char c = m_text[m_at + i];
        unsigned digit = 0;
        if (c >= '0' && c <= '9')
            digit = static_cast<unsigned>(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = static_cast<unsigned>(c - 'a') + 10;
        else if (c >= 'A' && c <= 'F')
            digit = static_cast<unsigned>(c - 'A') + 10;
        else
            return fail("\\u needs four hexadecimal digits");
        unit = unit * 16 + digit;
    }
    m_at += 4;
    return true;
}

bool JsonReader::appendCodePoint(std::string& out)
{
    unsigned code = 0;
    if (!readUnit(code))
        return false;
    if (code >= 0xDC00 && code <= 0xDFFF)
        return fail("a surrogate stands alone (\\uDC00 to \\uDFFF without its first half)");
    if (code >= 0xD800 && code <= 0xDBFF) {
        unsigned low = 0;
        if (m_text.substr(m_at, 2) != "\\u")
            return fail("a surrogate stands alone (\\uD800 to \\uDBFF without its second half)");
        m_at += 2;
        if (!readUnit(low))
            return false;
        if (low < 0xDC00 || low > 0xDFFF)
            return fail("a surrogate stands alone (\\uD800 to \\uDBFF without its second half)");
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xC0 | (code >> 6));
        out += static_cast<char>(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        out += static_cast<char>(0xE0 | (code >> 12));
        out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (code & 0x3F));
    } else {
        out += static_cast<char>(0xF0 | (code >> 18));
        out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
        out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (code & 0x3F));
    }
    return true;
}

bool JsonReader::readString(std::string& out)
{
    out.clear();
    if (peek() != Kind::String)
        return fail("a string is expected");
    ++m_at;
    std::size_t from = m_at;
    while (m_at < m_text.size()) {
        const auto c = static_cast<unsigned char>(m_text[m_at]);
        if (c == '"') {
            out.append(m_text, from, m_at - from);
            ++m_at;
            return true;
        }
        if (c < 0x20)
            return fail("a control character inside a string must be escaped");
        if (c != '\\') {
            ++m_at;
            continue;
        }
        out.append(m_text, from, m_at - from);
        if (++m_at >= m_text.size())
            break;
        const char escape = m_text[m_at++];
        switch (escape) {
        case '"':
        case '\\':
        case '/':
            out += escape;
            break;
        case 'b':
            out += '\b';
            break;
        case 'f':
            out += '\f';
            break;
        case 'n':
            out += '\n';
            break;
        case 'r':
            out += '\r';
            break;
        case 't':
            out += '\t';
            break;
        case 'u':
            if (!appendCodePoint(out))
                return false;
            break;
        default:
            return fail("an unknown escape after a backslash");
        }
        from = m_at;
    }
    return fail("the line ends inside a string");
}

bool JsonReader::readNumber(std::string_view& token)
{
    skipSpace();
    const std::size_t from = m_at;
    const auto digits = [this] {
        const std::size_t start = m_at;
        while (m_at < m_text.size() && m_text[m_at] >= '0' && m_text[m_at] <= '9')
            ++m_at;
        return m_at - start;
    };
    const auto at = [this](char c) { return m_at < m_text.size() && m_text[m_at] == c; };
    if (at('-'))
        ++m_at;
    if (at('0'))
        ++m_at;
    else if (digits() == 0)
        return fail("a number is expected");
    if (at('.')) {
        ++m_at;
        if (digits() == 0)
            return fail("digits are expected after the point");
    }
    if (at('e') || at('E')) {
        ++m_at;
        if (at('+') || at('-'))
            ++m_at;
        if (digits() == 0)
            return fail("digits are expected in the exponent");
    }
    token = slice(from, m_at);
    return true;
}

bool JsonReader::readLiteral()
{
    const Kind kind = peek();
    const std::string_view word = kind == Kind::Null ? "null" : kind == Kind::True ? "true" : "false";
    if (m_text.substr(m_at, word.size()) != word)
        return fail("not a JSON value");
    m_at += word.size();
    return true;
}

bool JsonReader::compactValue(std::string& out, const char*& unstorable)
{
    out.clear();
    unstorable = nullptr;
    std::string open; // one of { [ for every level we are in: no recursion, any depth is read
    ValueColumns number;
    const auto member = [&] {
        if (!readString(m_scratch))
            return false;
        if (m_scratch.find('\0') != std::string::npos)
            unstorable = "JSON with the character NUL (U+0000) cannot be stored";
        appendJsonString(out, m_scratch);
        skipSpace();
        if (m_at >= m_text.size() || m_text[m_at] != ':')
            return fail("a colon is expected");
        ++m_at;
        out += ':';
        return true;
    };
    for (;;) {
        switch (peek()) {
        case Kind::Null:
        case Kind::True:
        case Kind::False: {
            const std::size_t from = m_at;
            if (!readLiteral())
                return false;
            out.append(slice(from, m_at));
            break;
        }
        case Kind::Number: {
            std::string_view token;
            if (!readNumber(token))
                return false;
            if (const char* problem = encodeNumber(token, number))
                unstorable = problem;
            out.append(token);
            break;
        }
        case Kind::String:
            if (!readString(m_scratch))
                return false;
            if (m_scratch.find('\0') != std::string::npos)
                unstorable = "JSON with the character NUL (U+0000) cannot be stored";
            appendJsonString(out, m_scratch);
            break;
        case Kind::Object:
        case Kind::Array: {
            const char bracket = m_text[m_at++];
            const char closing = bracket == '{' ? '}' : ']';
            out += bracket;
            if (open.size() >= maxJsonDepth)
                unstorable = "JSON is nested deeper than 500 levels";
            skipSpace();
            if (m_at < m_text.size() && m_text[m_at] == closing) {
                ++m_at;
                out += closing;
                break;
            }
            open += bracket;
            if (bracket == '{' && !member())
                return false;
            continue; // the first element's value
        }
        case Kind::None:
            return fail(m_at >= m_text.size() ? "the line ends inside a value" : "not a JSON value");
        }
        // A value is complete: close what ends here, or go on with the next element.
        for (;;) {
            if (open.empty())
                return true;
            skipSpace();
            if (m_at >= m_text.size())
                return fail("the line ends inside a value");
            const char c = m_text[m_at];
            const bool inObject = open.back() == '{';
            if (c == (inObject ? '}' : ']')) {
                ++m_at;
                out += c;
                open.pop_back();
                continue;
            }
            if (c != ',')
                return fail(inObject ? "a comma or } is expected" : "a comma or ] is expected");
            ++m_at;
            out += ',';
            if (inObject) {
                skipSpace();
                if (m_at >= m_text.size() || m_text[m_at] != '"')
                    return fail("a key in double quotes is expected");
                if (!member())
                    return false;
            }
            break;
        }
    }
}

bool JsonReader::skipValue()
{
    std::string ignored;
    const char* unstorable = nullptr;
    return compactValue(ignored, unstorable);
}

bool JsonReader::atEnd()
{
    skipSpace();
    return !failed() && m_at >= m_text.size();
}

void appendJsonString(std::string& out, std::string_view text)
{
    static constexpr char hex[] = "0123456789abcdef";
    out += '"';
    std::size_t from = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        out.append(text, from, i - from);
        from = i + 1;
        switch (c) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\b':
            out += "\\b";
            break;
        case '\f':
            out += "\\f";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\r':
            out += "\\r";
            break;
        case '\t':
            out += "\\t";
            break;
        default:
            out += "\\u00";
            out += hex[c >> 4];
            out += hex[c & 15];
        }
    }
    out.append(text, from, text.size() - from);
    out += '"';
}

} // namespace atlas::ingest
