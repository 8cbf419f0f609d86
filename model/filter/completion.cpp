// SPDX-License-Identifier: GPL-3.0-or-later
// What highlighting and completion need of a text that is still being typed.
#include "model/filter/lexer_p.h"
#include "model/filter/parser.h"

namespace atlas::filter {

namespace {

using lexer::Kind;
using lexer::Lexeme;
using Expecting = CompletionContext::Expecting;

/// Follows the words from left to right without ever failing: what does not fit is skipped.
class Follower
{
public:
    enum class State {
        Condition,
        FunctionOpen,
        FunctionName,
        FunctionClose,
        Operator,
        StartsWith,
        In,
        InThe,
        List,
        ListNext,
        Value,
        BetweenAnd,
        BetweenValue,
        Connective
    };

    State state() const { return m_state; }
    const std::optional<Subject>& subject() const { return m_subject; }
    std::optional<Operator> op() const { return m_op; }
    /// Start of an operator of several words that is not complete yet.
    qsizetype operatorStart() const { return m_operatorStart; }
    int openParentheses() const { return m_open; }

    /// Returns what the word is, for highlighting. `next` tells a function from a name.
    TokenKind feed(const Lexeme& word, const Lexeme& next)
    {
        switch (m_state) {
        case State::Condition:
            return condition(word, next);
        case State::FunctionOpen:
            m_state = State::FunctionName;
            return TokenKind::Punctuation;
        case State::FunctionName:
            if (!takeName(word))
                return literalKind(word);
            m_state = State::FunctionClose;
            return nameKind(word);
        case State::FunctionClose:
        case State::Connective:
            return afterCondition(word);
        case State::Operator:
            return comparison(word);
        case State::StartsWith:
            if (word.isWord("with"))
                return completeOperator(Operator::StartsWith, State::Value);
            break;
        case State::In:
            if (word.isWord("the")) {
                m_state = State::InThe;
                return TokenKind::Operator;
            }
            m_op = Operator::In;
            m_state = State::List;
            if (word.kind == Kind::LeftParenthesis)
                return TokenKind::Punctuation;
            break;
        case State::InThe:
            if (word.isWord("last"))
                return completeOperator(Operator::InTheLast, State::Value);
            break;
        case State::List:
            if (word.kind == Kind::RightParenthesis) {
                m_state = State::Connective;
                return TokenKind::Punctuation;
            }
            m_state = State::ListNext;
            break;
        case State::ListNext:
            if (word.kind == Kind::Comma || word.kind == Kind::RightParenthesis) {
                m_state = word.kind == Kind::Comma ? State::List : State::Connective;
                return TokenKind::Punctuation;
            }
            break;
        case State::Value:
            m_state = m_op == Operator::Between ? State::BetweenAnd : State::Connective;
            break;
        case State::BetweenAnd:
            m_state = State::BetweenValue;
            return word.isWord("and") ? TokenKind::Operator : literalKind(word);
        case State::BetweenValue:
            m_state = State::Connective;
            break;
        }
        return literalKind(word);
    }

private:
    static TokenKind nameKind(const Lexeme& word)
    {
        if (!word.error.isEmpty())
            return TokenKind::Error;
        return word.kind == Kind::Word && lexer::entityField(word.value) ? TokenKind::EntityField
                                                                         : TokenKind::Name;
    }

    static TokenKind literalKind(const Lexeme& word)
    {
        if (!word.error.isEmpty())
            return TokenKind::Error;
        switch (word.kind) {
        case Kind::String:
            return TokenKind::String;
        case Kind::Number:
            return TokenKind::Number;
        case Kind::Symbol:
            return TokenKind::Operator;
        case Kind::LeftParenthesis:
        case Kind::RightParenthesis:
        case Kind::Comma:
            return TokenKind::Punctuation;
        case Kind::QuotedName:
            return TokenKind::Name;
        case Kind::Word:
            if (word.isWord("true") || word.isWord("false"))
                return TokenKind::Boolean;
            if (word.isWord("and") || word.isWord("or") || word.isWord("not"))
                return TokenKind::Connective;
            return TokenKind::Name;
        default:
            return TokenKind::Error;
        }
    }

    bool takeName(const Lexeme& word)
    {
        if (word.kind == Kind::QuotedName) {
            m_subject = Subject::ofAttribute(word.value);
        } else if (word.kind == Kind::Word) {
            const auto field = lexer::entityField(word.value);
            m_subject = field ? Subject::ofEntity(*field) : Subject::ofAttribute(word.value);
        } else {
            return false;
        }
        m_op.reset();
        return true;
    }

    TokenKind condition(const Lexeme& word, const Lexeme& next)
    {
        if (word.kind == Kind::LeftParenthesis) {
            ++m_open;
            return TokenKind::Punctuation;
        }
        if (word.isWord("and") || word.isWord("or") || word.isWord("not"))
            return TokenKind::Connective;
        if (next.kind == Kind::LeftParenthesis && word.isWord("off"))
            return TokenKind::Function;
        if (next.kind == Kind::LeftParenthesis && (word.isWord("exists") || word.isWord("missing"))) {
            m_state = State::FunctionOpen;
            return TokenKind::Function;
        }
        if (word.isWord("true") || word.isWord("false") || !takeName(word))
            return literalKind(word);
        m_state = State::Operator;
        return nameKind(word);
    }

    TokenKind afterCondition(const Lexeme& word)
    {
        if (word.isWord("and") || word.isWord("or")) {
            m_state = State::Condition;
            return TokenKind::Connective;
        }
        if (word.kind == Kind::RightParenthesis && m_state == State::Connective)
            m_open = qMax(0, m_open - 1);
        m_state = State::Connective;
        return literalKind(word);
    }

    TokenKind completeOperator(Operator op, State state)
    {
        m_op = op;
        m_state = state;
        return TokenKind::Operator;
    }

    TokenKind comparison(const Lexeme& word)
    {
        m_operatorStart = word.position;
        if (word.kind == Kind::Symbol)
            return completeOperator(*lexer::symbolOperator(word.value), State::Value);
        for (const Operator op : {Operator::Between, Operator::Contains, Operator::Before, Operator::After}) {
            if (word.isWord(text(op).toLatin1().constData()))
                return completeOperator(op, State::Value);
        }
        if (word.isWord("starts") || word.isWord("in")) {
            m_state = word.isWord("in") ? State::In : State::StartsWith;
            return TokenKind::Operator;
        }
        if (word.isWord("and") || word.isWord("or"))
            m_state = State::Condition;
        return literalKind(word);
    }

    State m_state = State::Condition;
    std::optional<Subject> m_subject;
    std::optional<Operator> m_op;
    qsizetype m_operatorStart = 0;
    int m_open = 0;
};

bool isTyped(const Lexeme& word)
{
    return word.kind != Kind::LeftParenthesis && word.kind != Kind::RightParenthesis &&
           word.kind != Kind::Comma && word.kind != Kind::Symbol && word.kind != Kind::Bad;
}

/// True when the cursor is at or inside the word, so that what is typed changes it.
bool holds(const Lexeme& word, qsizetype cursor)
{
    if (!isTyped(word) || cursor <= word.position)
        return false;
    if (word.kind == Kind::String || word.kind == Kind::QuotedName)
        return word.closed ? cursor < word.end() : cursor <= word.end();
    return cursor <= word.end();
}

} // namespace

QList<Token> tokens(QStringView text)
{
    const QList<Lexeme> words = lexer::lex(text);
    QList<Token> all;
    all.reserve(words.size());
    Follower follower;
    for (qsizetype i = 0; i + 1 < words.size(); ++i) {
        const Lexeme& word = words.at(i);
        all.append({follower.feed(word, words.at(i + 1)), word.position, word.length});
    }
    return all;
}

CompletionContext completionContext(QStringView text, qsizetype cursor)
{
    cursor = qBound(qsizetype(0), cursor, text.size());
    const QList<Lexeme> words = lexer::lex(text);
    CompletionContext context;
    context.replace = {cursor, 0};
    Follower follower;
    for (qsizetype i = 0; i + 1 < words.size(); ++i) {
        const Lexeme& word = words.at(i);
        if (holds(word, cursor)) {
            context.replace = {word.position, word.length};
            context.quoted = word.kind == Kind::String || word.kind == Kind::QuotedName;
            if (context.quoted) {
                // The part before the cursor, unquoted by reading it again as far as the cursor.
                const QList<Lexeme> part = lexer::lex(text.sliced(word.position, cursor - word.position));
                context.prefix = part.constFirst().value;
            } else {
                context.prefix = text.sliced(word.position, cursor - word.position).toString();
            }
            break;
        }
        if (word.end() > cursor)
            break;
        follower.feed(word, words.at(i + 1));
    }

    using State = Follower::State;
    const auto add = [&](std::initializer_list<const char*> keywords) {
        for (const char* keyword : keywords)
            context.keywords.append(QLatin1String(keyword));
    };
    const auto operatorFrom = [&] {
        context.expecting = Expecting::Operator;
        context.subject = follower.subject();
    };
    const auto value = [&] {
        context.expecting = Expecting::Value;
        context.subject = follower.subject();
        context.op = follower.op();
    };
    switch (follower.state()) {
    case State::Condition:
        context.expecting = Expecting::Name;
        if (!context.quoted)
            add({"not", "exists(", "missing(", "off(", "(", "entity.id", "entity.type", "entity.name"});
        break;
    case State::FunctionOpen:
        context.expecting = Expecting::Nothing;
        add({"("});
        break;
    case State::FunctionName:
        context.expecting = Expecting::Name;
        break;
    case State::FunctionClose:
        context.expecting = Expecting::Connective;
        add({")"});
        break;
    case State::Operator:
        operatorFrom();
        break;
    case State::StartsWith:
    case State::InThe:
        // The words so far are part of what is being typed.
        operatorFrom();
        context.prefix = text.sliced(follower.operatorStart(), cursor - follower.operatorStart()).toString();
        context.replace = {follower.operatorStart(),
                           qMax(cursor, context.replace.position + context.replace.length) -
                               follower.operatorStart()};
        break;
    case State::In:
        value();
        context.op = Operator::In;
        add({"(", "the last"});
        break;
    case State::List:
        value();
        context.op = Operator::In;
        break;
    case State::ListNext:
        context.expecting = Expecting::Connective;
        add({",", ")"});
        break;
    case State::Value:
    case State::BetweenValue:
        value();
        break;
    case State::BetweenAnd:
        context.expecting = Expecting::Connective;
        add({"and"});
        break;
    case State::Connective:
        context.expecting = Expecting::Connective;
        add({"and", "or"});
        if (follower.openParentheses() > 0)
            add({")"});
        break;
    }
    return context;
}

} // namespace atlas::filter
