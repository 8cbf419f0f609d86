// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QString>
#include <QStringView>

#include "model/filter/expression.h"

/// Words of the text form, shared by parser, highlighting, completion and (for quoting) the printer.
namespace atlas::filter::lexer {

enum class Kind {
    End = 1,
    Word,
    QuotedName,
    String,
    Number,
    Symbol,
    LeftParenthesis,
    RightParenthesis,
    Comma,
    Bad
};

struct Lexeme
{
    Kind kind = Kind::End;
    qsizetype position = 0;
    qsizetype length = 0;
    QString value; ///< strings and quoted names without quotes and escapes; words and numbers as they stand
    QString error; ///< Bad, or a string with something wrong in it
    qsizetype errorPosition = 0;
    qsizetype errorLength = 0;
    bool closed = true; ///< false: a string or quoted name whose end is missing

    qsizetype end() const { return position + length; }
    bool is(Kind wanted) const { return kind == wanted && error.isEmpty(); }
    /// A bare word, compared without case, ASCII only: no letter of another alphabet spells a keyword.
    bool isWord(const char* keyword) const;
};

/// Every word, then one End. Tolerant: what cannot be read is Bad.
QList<Lexeme> lex(QStringView text);

bool equalsIgnoringAsciiCase(QStringView text, const char* lower);
/// True for a word the language uses somewhere: the printer quotes names that are one.
bool isKeyword(QStringView word);
std::optional<EntityField> entityField(QStringView word);
/// Letters and digits of any alphabet, marks, _ . : -
bool isNameCharacter(char32_t c);
bool isNameStart(char32_t c);
/// Symbols with their spellings ("=", "==", "<>", …).
std::optional<Operator> symbolOperator(QStringView symbol);
/// The code point at a position (a lone surrogate is returned as it is) and how many units it takes.
char32_t codePointAt(QStringView text, qsizetype position, int* units);

} // namespace atlas::filter::lexer
