// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QString>
#include <QStringList>

#include <optional>

#include "model/filter/expression.h"

/// Text form of a filter, described in docs/filter-language.md. Positions count UTF-16 code units, as Qt's
/// editors do.
namespace atlas::filter {

struct ParseError
{
    qsizetype position = 0;
    qsizetype length = 0; ///< 0 at the end of the text
    QString message;      ///< for people: what is wrong and, where it can be told, what to write instead
    QStringList expected; ///< what could stand there: "name", "operator", "string", "number", ")", "and", …
};

/// Where a clause of the parsed expression stands in the text.
struct SourceRange
{
    qsizetype position = 0;
    qsizetype length = 0;
};
struct ClauseSource
{
    NodePath path;
    SourceRange whole;
    SourceRange subject;
    SourceRange op;
    QList<SourceRange> literals;
};

struct ParseResult
{
    Expression expression;           ///< canonical; empty on error
    std::optional<ParseError> error; ///< the first one
    QList<ClauseSource> sources;

    bool ok() const { return !error.has_value(); }
};

/// Never crashes and is linear in the text; nesting deeper than 200 is an error.
inline constexpr int maximumDepth = 200;
ParseResult parse(QStringView text);

/// Both from 1; the column counts characters (code points). For the command line.
struct LineColumn
{
    int line = 1;
    int column = 1;
};
LineColumn lineColumn(QStringView text, qsizetype position);

enum class TokenKind {
    Name = 1,    ///< bare or in backquotes
    EntityField, ///< entity.id, entity.type, entity.name
    Operator,    ///< symbol or word, each word of "starts with" by itself
    Connective,  ///< and, or, not
    Function,    ///< exists, missing, off
    String,
    Number,
    Boolean,
    Punctuation, ///< ( ) ,
    Error,       ///< a character that belongs nowhere, an unfinished string or quoted name
};
struct Token
{
    TokenKind kind = TokenKind::Error;
    qsizetype position = 0;
    qsizetype length = 0;
    bool operator==(const Token&) const = default;
};
/// Tolerant: every character that is not white space belongs to a token, whatever the text. For highlighting.
QList<Token> tokens(QStringView text);

/// What could be typed at the cursor. For completion.
struct CompletionContext
{
    enum class Expecting { Nothing = 1, Name, Operator, Value, Connective };
    Expecting expecting = Expecting::Name;
    QString prefix;                 ///< what is already typed of it, unquoted
    bool quoted = false;            ///< the prefix is inside a string or a quoted name
    SourceRange replace;            ///< what a chosen completion replaces: the whole word under the cursor
    std::optional<Subject> subject; ///< for Operator and Value
    std::optional<Operator> op;     ///< for Value
    QStringList keywords; ///< words of the language possible here besides: "not", "exists(", "and", ")", …
};
CompletionContext completionContext(QStringView text, qsizetype cursor);

} // namespace atlas::filter
