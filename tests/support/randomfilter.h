// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QRandomGenerator>
#include <QStringList>

#include "model/filter/expression.h"

namespace atlas::test {

/// An attribute that random filters may use, with values that occur in the data.
struct RandomSubject
{
    filter::Subject subject;
    ValueType type = ValueType::String;
    QStringList values;
};

/// Random filters, the same for the same seed: every operator the type allows, values from the data and their
/// nearest neighbours, nesting, negation, empty groups, parts that are switched off.
class RandomFilter
{
public:
    RandomFilter(quint32 seed, const QList<RandomSubject>& subjects)
        : m_random(seed)
        , m_subjects(subjects)
    {
    }

    /// Valid for the subjects' types. Roughly `clauses` clauses.
    filter::Expression expression(int clauses)
    {
        filter::Group root{pick({filter::GroupKind::All, filter::GroupKind::All, filter::GroupKind::Any,
                                 filter::GroupKind::None}),
                           {},
                           true};
        fill(root, clauses, 0);
        if (chance(2))
            root.enabled = false;
        return filter::Expression(root);
    }

    filter::Clause clause()
    {
        const RandomSubject& subject = m_subjects.at(below(m_subjects.size()));
        filter::Clause clause;
        clause.subject = subject.subject;
        const auto operators = filter::operatorsFor(subject.type);
        clause.op = operators.at(below(operators.size()));
        int count = filter::arity(clause.op).least;
        if (clause.op == filter::Operator::In)
            count = 1 + static_cast<int>(below(5));
        for (int i = 0; i < count; ++i)
            clause.literals.append(literal(subject, clause.op));
        clause.enabled = !chance(8);
        return clause;
    }

private:
    qsizetype below(qsizetype limit)
    {
        return static_cast<qsizetype>(m_random.bounded(static_cast<quint32>(limit)));
    }
    bool chance(int percent) { return m_random.bounded(100) < percent; }
    template<class T> T pick(std::initializer_list<T> list)
    {
        return *(list.begin() + below(static_cast<qsizetype>(list.size())));
    }

    void fill(filter::Group& group, int clauses, int depth)
    {
        while (clauses > 0) {
            if (depth < 5 && chance(depth == 0 ? 35 : 20)) {
                filter::Group nested{
                    pick({filter::GroupKind::All, filter::GroupKind::Any, filter::GroupKind::None}),
                    {},
                    !chance(8)};
                const int inside = chance(5) ? 0 : 1 + static_cast<int>(below(clauses));
                fill(nested, inside, depth + 1);
                group.children.append(filter::Node(nested));
                clauses -= qMax(inside, 1);
            } else {
                group.children.append(filter::Node(clause()));
                --clauses;
            }
        }
    }

    filter::Literal literal(const RandomSubject& subject, filter::Operator op)
    {
        const QString value = subject.values.at(below(subject.values.size()));
        switch (subject.type) {
        case ValueType::Number:
            return filter::Literal::number(nearNumber(value));
        case ValueType::Boolean:
            return filter::Literal::boolean(chance(50));
        case ValueType::Timestamp:
            if (op == filter::Operator::InTheLast)
                return filter::Literal::string(
                    pick({QStringLiteral("30 s"), QStringLiteral("10 min"), QStringLiteral("1.5h"),
                          QStringLiteral("7 d"), QStringLiteral("52 w"), QStringLiteral("3000 w")}));
            return filter::Literal::string(value);
        case ValueType::Json:
            return filter::Literal::string(op == filter::Operator::Contains ? part(value) : spaced(value));
        case ValueType::String:
            break;
        }
        if (op == filter::Operator::Contains)
            return filter::Literal::string(part(value));
        if (op == filter::Operator::StartsWith)
            return filter::Literal::string(prefix(value));
        return filter::Literal::string(nearText(value));
    }

    /// The number, written otherwise, or one that differs from it in the last place.
    QString nearNumber(const QString& value)
    {
        const bool plain = !value.contains(u'e') && !value.contains(u'E');
        switch (below(9)) {
        case 0:
            return plain ? value + (value.contains(u'.') ? QStringLiteral("0") : QStringLiteral(".0"))
                         : value;
        case 1:
            return plain ? value + QStringLiteral("e0") : value;
        case 2:
            return plain ? value + (value.contains(u'.') ? QStringLiteral("0000000000000000000001")
                                                         : QStringLiteral(".0000000000000000000001"))
                         : value;
        case 3:
            return value.startsWith(u'-') ? value.mid(1) : u'-' + value;
        case 4:
            return value.startsWith(u'-') ? value : u'+' + value;
        default:
            return value;
        }
    }

    QString nearText(const QString& value)
    {
        switch (below(8)) {
        case 0:
            return value + u'a';
        case 1:
            return prefix(value);
        case 2:
            return value.toUpper();
        default:
            return value;
        }
    }

    /// Cuts only between characters.
    qsizetype boundary(const QString& value, qsizetype at)
    {
        return at > 0 && at < value.size() && value.at(at).isLowSurrogate() ? at - 1 : at;
    }
    QString prefix(const QString& value) { return value.first(boundary(value, below(value.size() + 1))); }
    QString part(const QString& value)
    {
        const qsizetype from = boundary(value, below(value.size() + 1));
        const qsizetype longest = value.size() - from;
        return value.sliced(from, boundary(value, from + below(qMin(longest, qsizetype(400)) + 1)) - from);
    }
    QString spaced(QString json)
    {
        if (chance(50))
            json.replace(QStringLiteral(","), QStringLiteral(" ,\n "));
        return json;
    }

    QRandomGenerator m_random;
    QList<RandomSubject> m_subjects;
};

} // namespace atlas::test
