// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QString>

#include "model/filter/catalog.h"
#include "model/filter/expression.h"
#include "model/filter/parser.h"

namespace atlas::filter {

struct Problem
{
    enum class Kind {
        UnknownAttribute = 1,
        OperatorNotPossible,
        WrongLiteral,     ///< type or number of literals, bad timestamp, bad duration
        NotRepresentable, ///< NUL, broken Unicode, more digits than a number may have
        TooLarge,         ///< more than the server takes (parameters, depth)
    };
    Kind kind = Kind::WrongLiteral;
    NodePath path;           ///< of the clause
    int literal = -1;        ///< index of the literal it is about, -1 for the clause
    qsizetype position = -1; ///< in the text the expression was parsed from; -1 when it was not
    qsizetype length = 0;
    QString message;    ///< for people
    QString suggestion; ///< a name that exists, for UnknownAttribute; may be empty
};

/// Everything that keeps the enabled parts from being compiled; empty when they can be. With `withDisabled`
/// also what is wrong with the parts that are switched off.
QList<Problem> validate(const Expression& expression, const CatalogLookup& catalog,
                        bool withDisabled = false);
/// The same with positions in the text.
QList<Problem> validate(const ParseResult& parsed, const CatalogLookup& catalog, bool withDisabled = false);

/// The names most like `name`, best first: same but for case, then few edits, then containing it.
QStringList similarNames(const QString& name, const QStringList& names, int most = 3);

/// Microseconds since 1970 UTC of an ISO 8601 date ("2026-01-01", midnight) or date-time ("2026-01-01T10:30",
/// "2026-01-01 10:30:15.123456+02:00", "…Z"); without offset it is UTC; more than six decimals are cut off.
std::optional<qint64> parseTimestamp(QStringView text);
/// Canonical form: YYYY-MM-DDTHH:MM:SS[.ffffff]Z.
QString formatTimestamp(qint64 microseconds);
/// Microseconds of "7 d", "30min", "1.5 h"; units s, min, h, d, w (and their English names).
std::optional<qint64> parseDuration(QStringView text);

} // namespace atlas::filter
