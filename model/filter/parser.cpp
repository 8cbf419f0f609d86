// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/filter/parser.h"

#include "model/filter/lexer_p.h"

namespace atlas::filter {

namespace {

using lexer::Kind;
using lexer::Lexeme;

/// A node with the places of its clauses, until the paths are known.
struct Parsed
{
    bool isClause = true;
    Clause clause;
    ClauseSource source;
    GroupKind kind = GroupKind::All;
    bool enabled = true;
    std::vector<Parsed> children;
};

/// Thrown inside this file only: the first error ends the parse.
struct Failure
{
    ParseError error;
};

/// expression := conjunction { "or" conjunction };  conjunction := unary { "and" unary };
/// unary := { "not" } ( "(" expression ")" | "off" "(" expression ")" | clause )
class Parser
{
public:
    explicit Parser(QStringView text)
        : m_lexemes(lexer::lex(text))
    {
    }

    ParseResult run()
    {
        ParseResult result;
        if (current().kind == Kind::End)
            return result;
        try {
            Parsed root = expression();
            if (current().kind != Kind::End)
                unexpectedAfterClause();
            const bool asIs = !root.isClause && root.enabled && root.kind != GroupKind::None;
            if (!asIs) {
                Parsed all;
                all.isClause = false;
                all.children.push_back(std::move(root));
                root = std::move(all);
            }
            NodePath path;
            result.expression = Expression(toGroup(root, path, result.sources));
        } catch (const Failure& failure) {
            result.error = failure.error;
        }
        return result;
    }

private:
    const Lexeme& current() const { return m_lexemes.at(m_at); }
    const Lexeme& ahead() const { return m_lexemes.at(qMin(m_at + 1, m_lexemes.size() - 1)); }

    [[noreturn]] void fail(qsizetype position, qsizetype length, const QString& message,
                           const QStringList& expected = {}) const
    {
        throw Failure{{position, length, message, expected}};
    }
    [[noreturn]] void fail(const Lexeme& at, const QString& message, const QStringList& expected = {}) const
    {
        // What the lexer has to say about a broken word is nearer to the cause.
        if (!at.error.isEmpty())
            fail(at.errorPosition, at.errorLength, at.error, expected);
        fail(at.position, at.length, message, expected);
    }

    static QString shown(const Lexeme& lexeme)
    {
        if (lexeme.kind == Kind::End)
            return QStringLiteral("the end");
        QString value = lexeme.value;
        if (value.size() > 40)
            value = value.first(value.at(39).isHighSurrogate() ? 39 : 40) + QChar(0x2026);
        if (lexeme.kind == Kind::String)
            return u'"' + value + u'"';
        return value;
    }

    [[noreturn]] void unexpectedAfterClause() const
    {
        const Lexeme& at = current();
        if (at.kind == Kind::RightParenthesis)
            fail(at, QStringLiteral("this parenthesis was never opened"),
                 {QStringLiteral("and"), QStringLiteral("or")});
        fail(at, QStringLiteral("and, or or the end was expected, not %1").arg(shown(at)),
             {QStringLiteral("and"), QStringLiteral("or")});
    }

    Parsed combined(GroupKind kind, std::vector<Parsed> children) const
    {
        if (children.size() == 1)
            return std::move(children.front());
        Parsed group;
        group.isClause = false;
        group.kind = kind;
        group.children = std::move(children);
        return group;
    }

    Parsed expression()
    {
        std::vector<Parsed> branches;
        branches.push_back(conjunction());
        while (current().isWord("or")) {
            ++m_at;
            branches.push_back(conjunction());
        }
        return combined(GroupKind::Any, std::move(branches));
    }

    Parsed conjunction()
    {
        std::vector<Parsed> parts;
        parts.push_back(unary());
        while (current().isWord("and")) {
            ++m_at;
            parts.push_back(unary());
        }
        return combined(GroupKind::All, std::move(parts));
    }

    struct Depth
    {
        explicit Depth(Parser& owner)
            : parser(owner)
        {
            if (++parser.m_depth > maximumDepth)
                parser.fail(parser.current(),
                            QStringLiteral("nested deeper than %1 levels").arg(maximumDepth));
        }
        ~Depth() { --parser.m_depth; }
        Q_DISABLE_COPY_MOVE(Depth)
        Parser& parser;
    };

    Parsed unary()
    {
        if (current().isWord("not")) {
            const Depth depth(*this);
            ++m_at;
            Parsed inner = unary();
            Parsed none;
            none.isClause = false;
            none.kind = GroupKind::None;
            if (!inner.isClause && inner.enabled && inner.kind == GroupKind::Any)
                none.children = std::move(inner.children);
            else
                none.children.push_back(std::move(inner));
            return none;
        }
        if (current().kind == Kind::LeftParenthesis) {
            const Depth depth(*this);
            return parenthesised();
        }
        if (current().isWord("off") && ahead().kind == Kind::LeftParenthesis) {
            const Depth depth(*this);
            ++m_at;
            Parsed inner = parenthesised();
            (inner.isClause ? inner.clause.enabled : inner.enabled) = false;
            return inner;
        }
        return clause();
    }

    Parsed parenthesised()
    {
        const Lexeme& open = current();
        ++m_at;
        Parsed inner = expression();
        closeParenthesis(open, {QStringLiteral("and"), QStringLiteral("or"), QStringLiteral(")")});
        return inner;
    }

    void closeParenthesis(const Lexeme& open, const QStringList& expected)
    {
        if (current().kind == Kind::RightParenthesis) {
            ++m_at;
            return;
        }
        if (current().kind == Kind::End)
            fail(open, QStringLiteral("this parenthesis is never closed"), expected);
        fail(current(),
             QStringLiteral("%1 was expected, not %2")
                 .arg(expected.join(QStringLiteral(" or ")), shown(current())),
             expected);
    }

    Parsed clause()
    {
        Parsed parsed;
        const Lexeme& first = current();
        parsed.source.whole.position = first.position;
        const bool function =
            (first.isWord("exists") || first.isWord("missing")) && ahead().kind == Kind::LeftParenthesis;
        if (function) {
            parsed.clause.op = first.isWord("exists") ? Operator::Exists : Operator::Missing;
            parsed.source.op = {first.position, first.length};
            ++m_at;
            const Lexeme& open = current();
            ++m_at;
            subject(parsed);
            closeParenthesis(open, {QStringLiteral(")")});
        } else {
            subject(parsed);
            comparison(parsed);
        }
        parsed.source.whole.length = m_lexemes.at(m_at - 1).end() - first.position;
        return parsed;
    }

    void subject(Parsed& parsed)
    {
        const Lexeme& at = current();
        const QStringList expected{QStringLiteral("name"),     QStringLiteral("not"),
                                   QStringLiteral("("),        QStringLiteral("exists("),
                                   QStringLiteral("missing("), QStringLiteral("off(")};
        if (at.kind == Kind::Word) {
            for (const char* word : {"and", "or", "not", "true", "false"}) {
                if (at.isWord(word))
                    fail(at,
                         QStringLiteral("a condition was expected, not %1; an attribute of that name stands "
                                        "in backquotes")
                             .arg(at.value),
                         expected);
            }
            if (const auto field = lexer::entityField(at.value))
                parsed.clause.subject = Subject::ofEntity(*field);
            else
                parsed.clause.subject = Subject::ofAttribute(at.value);
        } else if (at.is(Kind::QuotedName)) {
            parsed.clause.subject = Subject::ofAttribute(at.value);
        } else if (at.kind == Kind::End) {
            fail(at, QStringLiteral("a condition is missing at the end"), expected);
        } else if (at.is(Kind::String)) {
            fail(at,
                 QStringLiteral("a condition begins with the name of an attribute; a name that needs quotes "
                                "stands in backquotes"),
                 expected);
        } else {
            fail(at, QStringLiteral("a condition was expected, not %1").arg(shown(at)), expected);
        }
        parsed.source.subject = {at.position, at.length};
        ++m_at;
    }

    void comparison(Parsed& parsed)
    {
        const Lexeme& first = current();
        parsed.clause.op = comparisonOperator();
        parsed.source.op = {first.position, m_lexemes.at(m_at - 1).end() - first.position};
        if (parsed.clause.op == Operator::In) {
            list(parsed);
            return;
        }
        literal(parsed);
        if (parsed.clause.op == Operator::Between) {
            if (!current().isWord("and"))
                fail(current(), QStringLiteral("between takes two values: between 1 and 2"),
                     {QStringLiteral("and")});
            ++m_at;
            literal(parsed);
        }
    }

    void follow(const char* word, const QString& whole)
    {
        if (!current().isWord(word))
            fail(current(), QStringLiteral("%1 was expected, not %2").arg(whole, shown(current())),
                 {QLatin1String(word)});
        ++m_at;
    }

    Operator comparisonOperator()
    {
        static const QStringList expected{QStringLiteral("operator")};
        const Lexeme& at = current();
        if (at.kind == Kind::Symbol) {
            ++m_at;
            return *lexer::symbolOperator(at.value);
        }
        for (const Operator op : {Operator::Between, Operator::Contains, Operator::Before, Operator::After}) {
            if (at.isWord(text(op).toLatin1().constData())) {
                ++m_at;
                return op;
            }
        }
        if (at.isWord("starts")) {
            ++m_at;
            follow("with", text(Operator::StartsWith));
            return Operator::StartsWith;
        }
        if (at.isWord("in")) {
            ++m_at;
            if (!current().isWord("the"))
                return Operator::In;
            ++m_at;
            follow("last", text(Operator::InTheLast));
            return Operator::InTheLast;
        }
        if (at.kind == Kind::End)
            fail(at, QStringLiteral("an operator is missing after the name"), expected);
        if (at.isWord("not"))
            fail(at, QStringLiteral("not stands before the whole condition: not (name in (…))"), expected);
        if (at.isWord("exists") || at.isWord("missing"))
            fail(at, QStringLiteral("%1 stands before the name: %1(name)").arg(at.value.toLower()), expected);
        if (at.isWord("is"))
            fail(at, QStringLiteral("write = or !=, exists(name) or missing(name)"), expected);
        if (at.isWord("like"))
            fail(at, QStringLiteral("write contains or starts with"), expected);
        if (at.kind == Kind::Word && at.value.startsWith(u'-'))
            fail(at,
                 QStringLiteral("%1 has no place here; a name with spaces stands in backquotes")
                     .arg(shown(at)),
                 expected);
        const Lexeme& before = m_lexemes.at(m_at - 1);
        if (before.isWord("exists") || before.isWord("missing"))
            fail(at, QStringLiteral("%1 takes its name in parentheses: %1(name)").arg(before.value.toLower()),
                 {QStringLiteral("(")});
        fail(at, QStringLiteral("an operator was expected, not %1").arg(shown(at)), expected);
    }

    void list(Parsed& parsed)
    {
        const Lexeme& open = current();
        if (open.kind != Kind::LeftParenthesis)
            fail(open, QStringLiteral("in takes a list: in (\"a\", \"b\")"),
                 {QStringLiteral("("), QStringLiteral("the last")});
        ++m_at;
        if (current().kind == Kind::RightParenthesis) {
            ++m_at;
            return;
        }
        literal(parsed);
        while (current().kind == Kind::Comma) {
            ++m_at;
            literal(parsed);
        }
        closeParenthesis(open, {QStringLiteral(","), QStringLiteral(")")});
    }

    void literal(Parsed& parsed)
    {
        const Lexeme& at = current();
        const QStringList expected{QStringLiteral("string"), QStringLiteral("number"), QStringLiteral("true"),
                                   QStringLiteral("false")};
        if (at.is(Kind::String))
            parsed.clause.literals.append(Literal::string(at.value));
        else if (at.kind == Kind::Number)
            parsed.clause.literals.append(Literal::number(at.value));
        else if (at.isWord("true") || at.isWord("false"))
            parsed.clause.literals.append(Literal::boolean(at.isWord("true")));
        else if (at.kind == Kind::End)
            fail(at, QStringLiteral("a value is missing at the end"), expected);
        else if (at.kind == Kind::Word && !lexer::isKeyword(at.value))
            fail(at, QStringLiteral("text stands in double quotes: \"%1\"").arg(shown(at)), expected);
        else if (at.is(Kind::QuotedName))
            fail(at, QStringLiteral("a value stands in double quotes, backquotes are for names"), expected);
        else
            fail(at, QStringLiteral("a value was expected, not %1").arg(shown(at)), expected);
        parsed.source.literals.append({at.position, at.length});
        ++m_at;
    }

    static Group toGroup(Parsed& parsed, NodePath& path, QList<ClauseSource>& sources)
    {
        Group group;
        group.kind = parsed.kind;
        group.enabled = parsed.enabled;
        group.children.reserve(static_cast<qsizetype>(parsed.children.size()));
        for (size_t i = 0; i < parsed.children.size(); ++i) {
            Parsed& child = parsed.children[i];
            path.append(static_cast<int>(i));
            if (child.isClause) {
                child.source.path = path;
                sources.append(child.source);
                group.children.append(Node(std::move(child.clause)));
            } else {
                group.children.append(Node(toGroup(child, path, sources)));
            }
            path.removeLast();
        }
        return group;
    }

    QList<Lexeme> m_lexemes;
    qsizetype m_at = 0;
    int m_depth = 0;
};

} // namespace

ParseResult parse(QStringView text)
{
    return Parser(text).run();
}

LineColumn lineColumn(QStringView text, qsizetype position)
{
    LineColumn place;
    for (qsizetype at = 0; at < qMin(position, text.size());) {
        int units = 1;
        const char32_t c = lexer::codePointAt(text, at, &units);
        at += units;
        if (c == U'\n') {
            ++place.line;
            place.column = 1;
        } else {
            ++place.column;
        }
    }
    return place;
}

} // namespace atlas::filter
