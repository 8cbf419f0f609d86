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
    explicit Parameters(const CompileOptions& options)
        : m_dialect(options.dialect)
        , m_first(options.firstParameter)
    {
    }

    QByteArray integer(int value) { return bind(QByteArrayLiteral("int"), QByteArray::number(value)); }
    QByteArray bigint(qint64 value) { return bind(QByteArrayLiteral("bigint"), QByteArray::number(value)); }
    QByteArray float8(double value);
    QByteArray text(const QString& value);
    /// An exact number, as numeric input.
    QByteArray numeric(const QByteArray& number) { return bind(QByteArrayLiteral("numeric"), number); }
    /// The same where a bare numeric would round: with that many digits after the point, 38 in all.
    QByteArray decimal38(const QByteArray& number, int scale);
    QByteArray json(const QByteArray& document) { return bind(QByteArrayLiteral("jsonb"), document); }
    QByteArray integers(const QList<int>& values);
    /// "= any ($n::text[])" or, where there are no arrays, "in ($n, …)".
    QByteArray anyText(const QStringList& values);
    QByteArray anyFloat8(const QList<double>& values);
    QByteArray anyNumeric(const QList<QByteArray>& numbers);

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
