// SPDX-License-Identifier: GPL-3.0-or-later
#include <array>

#include "model/filter/lexer_p.h"

namespace atlas::filter::lexer {

namespace {

constexpr std::array keywords{"and",      "or",     "not",  "true",   "false",   "in",  "between",
                              "contains", "starts", "with", "exists", "missing", "off", "before",
                              "after",    "the",    "last", "is",     "null"};

constexpr bool isAsciiDigit(QChar c)
{
    return c >= u'0' && c <= u'9';
}

int hexDigit(QChar c)
{
    if (isAsciiDigit(c))
        return c.unicode() - u'0';
    const char16_t lower = c.unicode() | 0x20;
    return lower >= u'a' && lower <= u'f' ? lower - u'a' + 10 : -1;
}

class Lexer
{
public:
    explicit Lexer(QStringView text)
        : m_text(text)
    {
    }

    QList<Lexeme> run()
    {
        QList<Lexeme> all;
        while (true) {
            while (m_at < m_text.size() && m_text.at(m_at).isSpace())
                ++m_at;
            if (m_at == m_text.size())
                break;
            all.append(next());
        }
        Lexeme end;
        end.position = m_text.size();
        all.append(end);
        return all;
    }

private:
    Lexeme next()
    {
        const QChar c = m_text.at(m_at);
        if (c == u'"')
            return quoted(Kind::String, u'"');
        if (c == u'`')
            return quoted(Kind::QuotedName, u'`');
        if (c == u'(')
            return take(Kind::LeftParenthesis, 1);
        if (c == u')')
            return take(Kind::RightParenthesis, 1);
        if (c == u',')
            return take(Kind::Comma, 1);
        if (const qsizetype length = numberLength(); length > 0)
            return take(Kind::Number, length);
        if (const qsizetype length = wordLength(); length > 0)
            return take(Kind::Word, length);
        for (const qsizetype length : {2, 1}) {
            if (m_at + length <= m_text.size() && symbolOperator(m_text.sliced(m_at, length)))
                return take(Kind::Symbol, length);
        }
        return bad();
    }

    Lexeme take(Kind kind, qsizetype length)
    {
        Lexeme lexeme;
        lexeme.kind = kind;
        lexeme.position = m_at;
        lexeme.length = length;
        lexeme.value = m_text.sliced(m_at, length).toString();
        m_at += length;
        return lexeme;
    }

    Lexeme bad()
    {
        int units = 1;
        const char32_t c = codePointAt(m_text, m_at, &units);
        Lexeme lexeme = take(Kind::Bad, units);
        lexeme.errorPosition = lexeme.position;
        lexeme.errorLength = lexeme.length;
        if (c == U'\'' || c == 0x2018 || c == 0x2019 || c == 0x201C || c == 0x201D || c == 0x201E ||
            c == 0xAB || c == 0xBB)
            lexeme.error = QStringLiteral("text stands in straight double quotes: \"…\"");
        else if (c == U'!')
            lexeme.error = QStringLiteral("! is only used in !=; write not (…)");
        else if (c == U'&' || c == U'|')
            lexeme.error = c == U'&' ? QStringLiteral("write and") : QStringLiteral("write or");
        else if (!QChar::isPrint(c))
            lexeme.error = QStringLiteral("the character U+%1 has no place here")
                               .arg(static_cast<uint>(c), 4, 16, QLatin1Char('0'));
        else
            lexeme.error =
                QStringLiteral(
                    "%1 has no place here; other names than letters, digits and _ . : - stand in backquotes")
                    .arg(lexeme.value);
        return lexeme;
    }

    qsizetype wordLength() const
    {
        qsizetype at = m_at;
        while (at < m_text.size()) {
            int units = 1;
            if (!isNameCharacter(codePointAt(m_text, at, &units)))
                break;
            at += units;
        }
        return at - m_at;
    }

    /// A number is one only when nothing of a name follows: 1e5 is a number, 2nd_axle and 5-3 are names.
    qsizetype numberLength() const
    {
        qsizetype at = m_at;
        const auto digits = [&] {
            const qsizetype start = at;
            while (at < m_text.size() && isAsciiDigit(m_text.at(at)))
                ++at;
            return at - start;
        };
        if (m_text.at(at) == u'-' || m_text.at(at) == u'+')
            ++at;
        const qsizetype whole = digits();
        if (at + 1 < m_text.size() && m_text.at(at) == u'.' && isAsciiDigit(m_text.at(at + 1))) {
            ++at;
            digits();
        } else if (whole == 0) {
            return 0;
        }
        if (at < m_text.size() && (m_text.at(at) == u'e' || m_text.at(at) == u'E')) {
            const qsizetype mantissaEnd = at;
            ++at;
            if (at < m_text.size() && (m_text.at(at) == u'-' || m_text.at(at) == u'+'))
                ++at;
            if (digits() == 0)
                at = mantissaEnd;
        }
        if (at < m_text.size()) {
            int units = 1;
            if (isNameCharacter(codePointAt(m_text, at, &units)))
                return 0;
        }
        return at - m_at;
    }

    void fail(Lexeme& lexeme, qsizetype position, qsizetype length, const QString& message)
    {
        if (!lexeme.error.isEmpty())
            return;
        lexeme.error = message;
        lexeme.errorPosition = position;
        lexeme.errorLength = length;
    }

    Lexeme quoted(Kind kind, QChar quote)
    {
        Lexeme lexeme;
        lexeme.kind = kind;
        lexeme.position = m_at;
        ++m_at;
        bool closed = false;
        while (m_at < m_text.size()) {
            const QChar c = m_text.at(m_at);
            if (c == quote) {
                ++m_at;
                if (kind == Kind::QuotedName && m_at < m_text.size() && m_text.at(m_at) == quote) {
                    lexeme.value += quote;
                    ++m_at;
                    continue;
                }
                closed = true;
                break;
            }
            if (c == u'\\')
                escape(lexeme);
            else
                plain(lexeme);
        }
        lexeme.length = m_at - lexeme.position;
        lexeme.closed = closed;
        if (!closed) {
            // Reported where it begins: the end of the text says nothing.
            lexeme.error.clear();
            fail(lexeme, lexeme.position, lexeme.length,
                 kind == Kind::String ? QStringLiteral("the closing double quote is missing")
                                      : QStringLiteral("the closing backquote is missing"));
        } else if (kind == Kind::QuotedName && lexeme.value.isEmpty()) {
            fail(lexeme, lexeme.position, lexeme.length, QStringLiteral("a name cannot be empty"));
        }
        return lexeme;
    }

    void plain(Lexeme& lexeme)
    {
        int units = 1;
        const char32_t c = codePointAt(m_text, m_at, &units);
        if (c == 0)
            fail(lexeme, m_at, 1, QStringLiteral("the NUL character cannot be stored"));
        else if (units == 1 && m_text.at(m_at).isSurrogate())
            fail(lexeme, m_at, 1, QStringLiteral("half of a surrogate pair is not a character"));
        lexeme.value += m_text.sliced(m_at, units);
        m_at += units;
    }

    /// The four digits of \uXXXX at a position, or -1.
    int escapedUnit(qsizetype at) const
    {
        if (at + 6 > m_text.size() || m_text.at(at) != u'\\' || m_text.at(at + 1) != u'u')
            return -1;
        int unit = 0;
        for (qsizetype i = 2; i < 6; ++i) {
            const int digit = hexDigit(m_text.at(at + i));
            if (digit < 0)
                return -1;
            unit = unit * 16 + digit;
        }
        return unit;
    }

    void escape(Lexeme& lexeme)
    {
        const qsizetype start = m_at;
        ++m_at;
        if (m_at == m_text.size())
            return;
        const QChar c = m_text.at(m_at++);
        switch (c.unicode()) {
        case u'"':
        case u'\\':
        case u'/':
        case u'`':
            lexeme.value += c;
            return;
        case u'n':
            lexeme.value += u'\n';
            return;
        case u't':
            lexeme.value += u'\t';
            return;
        case u'r':
            lexeme.value += u'\r';
            return;
        case u'u':
            break;
        default:
            if (c.isHighSurrogate() && m_at < m_text.size() && m_text.at(m_at).isLowSurrogate())
                ++m_at;
            fail(lexeme, start, m_at - start,
                 QStringLiteral("%1 is not an escape; they are \\\" \\\\ \\n \\t \\r \\uXXXX")
                     .arg(m_text.sliced(start, m_at - start)));
            return;
        }
        const int unit = escapedUnit(start);
        if (unit < 0) {
            fail(lexeme, start, 2, QStringLiteral("\\u takes four hexadecimal digits"));
            return;
        }
        m_at = start + 6;
        if (unit == 0) {
            fail(lexeme, start, 6, QStringLiteral("the NUL character cannot be stored"));
        } else if (QChar::isHighSurrogate(static_cast<uint>(unit))) {
            const int low = escapedUnit(m_at);
            if (low >= 0 && QChar::isLowSurrogate(static_cast<uint>(low))) {
                lexeme.value += QChar(static_cast<char16_t>(unit));
                lexeme.value += QChar(static_cast<char16_t>(low));
                m_at += 6;
                return;
            }
            fail(lexeme, start, 6, QStringLiteral("half of a surrogate pair is not a character"));
        } else if (QChar::isLowSurrogate(static_cast<uint>(unit))) {
            fail(lexeme, start, 6, QStringLiteral("half of a surrogate pair is not a character"));
        }
        lexeme.value += QChar(static_cast<char16_t>(unit));
    }

    QStringView m_text;
    qsizetype m_at = 0;
};

} // namespace

bool equalsIgnoringAsciiCase(QStringView text, const char* lower)
{
    for (const QChar c : text) {
        char16_t unit = c.unicode();
        if (unit >= u'A' && unit <= u'Z')
            unit = static_cast<char16_t>(unit + 32);
        if (*lower == '\0' || unit != static_cast<unsigned char>(*lower))
            return false;
        ++lower;
    }
    return *lower == '\0';
}

bool Lexeme::isWord(const char* keyword) const
{
    return kind == Kind::Word && equalsIgnoringAsciiCase(value, keyword);
}

bool isKeyword(QStringView word)
{
    for (const char* keyword : keywords) {
        if (equalsIgnoringAsciiCase(word, keyword))
            return true;
    }
    return false;
}

std::optional<EntityField> entityField(QStringView word)
{
    if (equalsIgnoringAsciiCase(word, "entity.id"))
        return EntityField::Id;
    if (equalsIgnoringAsciiCase(word, "entity.type"))
        return EntityField::Type;
    if (equalsIgnoringAsciiCase(word, "entity.name"))
        return EntityField::Name;
    return std::nullopt;
}

bool isNameCharacter(char32_t c)
{
    return c == U'_' || c == U'.' || c == U':' || c == U'-' || QChar::isLetterOrNumber(c) || QChar::isMark(c);
}

bool isNameStart(char32_t c)
{
    return c == U'_' || QChar::isLetter(c);
}

std::optional<Operator> symbolOperator(QStringView symbol)
{
    if (symbol == u"=" || symbol == u"==")
        return Operator::Equal;
    if (symbol == u"!=" || symbol == u"<>" || symbol == u"\u2260")
        return Operator::NotEqual;
    if (symbol == u"<=" || symbol == u"\u2264")
        return Operator::LessOrEqual;
    if (symbol == u">=" || symbol == u"\u2265")
        return Operator::GreaterOrEqual;
    if (symbol == u"<")
        return Operator::Less;
    if (symbol == u">")
        return Operator::Greater;
    return std::nullopt;
}

char32_t codePointAt(QStringView text, qsizetype position, int* units)
{
    const QChar c = text.at(position);
    if (c.isHighSurrogate() && position + 1 < text.size() && text.at(position + 1).isLowSurrogate()) {
        *units = 2;
        return QChar::surrogateToUcs4(c, text.at(position + 1));
    }
    *units = 1;
    return c.unicode();
}

QList<Lexeme> lex(QStringView text)
{
    return Lexer(text).run();
}

} // namespace atlas::filter::lexer
