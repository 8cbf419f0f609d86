// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/clauses.h"

#include <QCoreApplication>
#include <QDateTime>

#include "gui/assets/histogram.h"
#include "model/filter/validate.h"

namespace atlas::gui {

using namespace filter;

namespace {
QString tr(const char* text)
{
    return QCoreApplication::translate("Clauses", text);
}

/// attribute_values.value_text holds this many code points; a text that fills it may go on.
constexpr int searchKeyLength = 256;
constexpr qsizetype longestShown = 300;

bool mayBeCutOff(const QString& value)
{
    return reaches(value, searchKeyLength);
}
} // namespace

bool reaches(const QString& text, qsizetype codePoints)
{
    return text.size() >= codePoints && text.toUcs4().size() >= codePoints;
}

QString valueForPeople(ValueType type, const QString& value)
{
    if (type == ValueType::Boolean) {
        if (value == QLatin1String("1") || value == QLatin1String("t"))
            return QStringLiteral("true");
        if (value == QLatin1String("0") || value == QLatin1String("f"))
            return QStringLiteral("false");
    } else if (type == ValueType::Timestamp && !parseTimestamp(value)) {
        bool ok = false;
        const double microseconds = value.toDouble(&ok);
        if (ok)
            return formatTimestamp(qint64(microseconds));
    }
    return value;
}

Literal literalFor(ValueType type, const QString& value)
{
    const QString text = valueForPeople(type, value);
    switch (type) {
    case ValueType::Number:
        return isNumberText(text) ? Literal::number(text) : Literal::string(text);
    case ValueType::Boolean:
        return Literal::boolean(text == QLatin1String("true"));
    case ValueType::String:
    case ValueType::Timestamp:
    case ValueType::Json:
        break;
    }
    return Literal::string(text);
}

Clause valueClause(const Attribute& attribute, const QString& value, bool excluded)
{
    Clause clause;
    clause.subject = Subject::ofAttribute(attribute.name);
    clause.op = excluded ? Operator::NotEqual : Operator::Equal;
    clause.literals = {literalFor(attribute.type, value)};
    const bool text = attribute.type == ValueType::String || attribute.type == ValueType::Json;
    if (!excluded && text && mayBeCutOff(value) && isPossible(Operator::StartsWith, attribute.type))
        clause.op = Operator::StartsWith;
    return clause;
}

Clause fieldClause(EntityField field, const QString& value, bool excluded)
{
    Clause clause;
    clause.subject = Subject::ofEntity(field);
    clause.op = excluded ? Operator::NotEqual : Operator::Equal;
    clause.literals = {Literal::string(value)};
    return clause;
}

Clause rangeClause(const Attribute& attribute, double low, double high)
{
    Clause clause;
    clause.subject = Subject::ofAttribute(attribute.name);
    clause.op = Operator::Between;
    if (attribute.type == ValueType::Timestamp)
        clause.literals = {Literal::string(formatTimestamp(qint64(low))),
                           Literal::string(formatTimestamp(qint64(high)))};
    else
        clause.literals = {Literal::number(plainNumber(low)), Literal::number(plainNumber(high))};
    return clause;
}

Clause existsClause(const Attribute& attribute, bool missing)
{
    Clause clause;
    clause.subject = Subject::ofAttribute(attribute.name);
    clause.op = missing ? Operator::Missing : Operator::Exists;
    return clause;
}

QString subjectText(const Subject& subject)
{
    if (subject.isAttribute())
        return subject.attribute;
    switch (subject.field) {
    case EntityField::Id:
        return tr("asset id");
    case EntityField::Type:
        return tr("asset type");
    case EntityField::Name:
        return tr("asset name");
    }
    return {};
}

QString operatorText(Operator op, ValueType type)
{
    const bool time = type == ValueType::Timestamp;
    switch (op) {
    case Operator::Equal:
        return tr("is");
    case Operator::NotEqual:
        return tr("is not");
    case Operator::Less:
        return time ? tr("is before") : QStringLiteral("<");
    case Operator::LessOrEqual:
        return time ? tr("is at or before") : QStringLiteral("≤");
    case Operator::Greater:
        return time ? tr("is after") : QStringLiteral(">");
    case Operator::GreaterOrEqual:
        return time ? tr("is at or after") : QStringLiteral("≥");
    case Operator::Between:
        return tr("is between");
    case Operator::In:
        return tr("is one of");
    case Operator::Contains:
        return tr("contains");
    case Operator::StartsWith:
        return tr("starts with");
    case Operator::Exists:
        return tr("exists");
    case Operator::Missing:
        return tr("is missing");
    case Operator::InTheLast:
        return tr("in the last");
    case Operator::Before:
        return tr("is before");
    case Operator::After:
        return tr("is after");
    }
    return {};
}

ClauseText clauseText(const Clause& clause)
{
    ClauseText text;
    text.subject = subjectText(clause.subject);
    text.op = operatorText(clause.op, ValueType::String);
    QStringList values;
    for (const Literal& literal : clause.literals)
        values.append(literal.kind == Literal::Kind::String && literal.text.trimmed().isEmpty()
                          ? QLatin1Char('"') + literal.text + QLatin1Char('"')
                          : literal.text);
    if (clause.op == Operator::Between && values.size() == 2)
        text.value = tr("%1 and %2").arg(values.at(0), values.at(1));
    else
        text.value = values.join(QStringLiteral(", "));
    return text;
}

QString ClauseText::whole() const
{
    return value.isEmpty() ? subject + QLatin1Char(' ') + op
                           : subject + QLatin1Char(' ') + op + QLatin1Char(' ') + value;
}

QString beginningOf(const QString& text)
{
    if (text.size() <= longestShown)
        return text;
    // Not in the middle of a character of two units.
    const bool split = text.at(longestShown - 1).isHighSurrogate();
    return text.left(split ? longestShown - 1 : longestShown) + QChar(0x2026);
}

QString menuText(const Clause& clause, const QFontMetrics& metrics, int width)
{
    return metrics.elidedText(beginningOf(clauseText(clause).whole()), Qt::ElideRight, width)
        .replace(QLatin1Char('&'), QStringLiteral("&&"));
}

QString groupKindText(GroupKind kind)
{
    switch (kind) {
    case GroupKind::All:
        return tr("all of");
    case GroupKind::Any:
        return tr("any of");
    case GroupKind::None:
        return tr("none of");
    }
    return {};
}

} // namespace atlas::gui
