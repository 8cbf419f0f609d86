// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFontMetrics>
#include <QString>

#include "model/catalog/attributecatalog.h"
#include "model/filter/expression.h"

/// Clauses from what people point at. Plain functions.
namespace atlas::gui {

/// A value as it is shown (or as statistics keep it: booleans as 0 and 1, times as microseconds) as a
/// literal.
filter::Literal literalFor(ValueType type, const QString& value);
/// How statistics keep it, as people read it.
QString valueForPeople(ValueType type, const QString& value);

/// name = value, or != when `excluded`. JSON and texts that are cut off at 256 characters become the nearest
/// clause that can be asked: the values that begin like it.
filter::Clause valueClause(const Attribute& attribute, const QString& value, bool excluded = false);
filter::Clause fieldClause(filter::EntityField field, const QString& value, bool excluded = false);
/// Both ends belong to it. Times in microseconds since 1970.
filter::Clause rangeClause(const Attribute& attribute, double low, double high);
filter::Clause existsClause(const Attribute& attribute, bool missing = false);

/// The parts of a clause as the builder shows them.
struct ClauseText
{
    QString subject; ///< "temperature", "Asset name"
    QString op;      ///< "is", "is one of", "≥"
    QString value;   ///< empty where there is none
    QString whole() const;
};
ClauseText clauseText(const filter::Clause& clause);
/// What is enough of a text for one line: eliding or shaping megabytes for it takes seconds.
QString beginningOf(const QString& text);
/// A clause as an entry of a menu, `width` pixels at most; an & of its own underlines nothing.
QString menuText(const filter::Clause& clause, const QFontMetrics& metrics, int width);
/// At least that long in code points, as the server counts: a text of which no more is kept may go on.
bool reaches(const QString& text, qsizetype codePoints);
/// As menus list it; reads differently for times than for texts.
QString operatorText(filter::Operator op, ValueType type);
QString subjectText(const filter::Subject& subject);
QString groupKindText(filter::GroupKind kind); ///< "all of"

} // namespace atlas::gui
