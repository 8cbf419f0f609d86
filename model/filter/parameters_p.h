// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QHash>
#include <QList>
#include <QStringList>

#include "db/statement.h"
#include "model/filter/compiler.h"

namespace atlas::filter {

/// Collects bound values and hands out their placeholders; the same value of the same type is bound once.
class Parameters
{
public:
    Parameters(Dialect dialect, int first)
        : m_dialect(dialect)
        , m_first(first)
    {
    }

    QByteArray integer(int value) { return bind(QByteArrayLiteral("int"), QByteArray::number(value)); }
    QByteArray bigint(qint64 value) { return bind(QByteArrayLiteral("bigint"), QByteArray::number(value)); }
    QByteArray float8(double value);
    QByteArray text(const QString& value);
    /// An exact number; `number` as numeric input, of that many digits before and after the point.
    QByteArray numeric(const QByteArray& number, qint64 integerDigits, qint64 scale);
    QByteArray json(const QByteArray& document) { return bind(QByteArrayLiteral("jsonb"), document); }
    QByteArray integers(const QList<int>& values);
    /// "= any ($n::text[])" or, where there are no arrays, "in ($n, …)".
    QByteArray anyText(const QStringList& values);
    QByteArray anyFloat8(const QList<double>& values);
    QByteArray anyNumeric(const QList<QByteArray>& numbers, qint64 integerDigits, qint64 scale);

    const QList<db::Param>& values() const { return m_values; }
    int next() const { return m_first + static_cast<int>(m_values.size()); }

private:
    QByteArray bind(const QByteArray& type, const QByteArray& value);
    QByteArray list(const QList<QByteArray>& placeholders) const;

    Dialect m_dialect;
    int m_first;
    QList<db::Param> m_values;
    QHash<QByteArray, QByteArray> m_bound;
};

} // namespace atlas::filter
