// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QDateTime>

#include "model/filter/catalog.h"
#include "model/filter/compiler.h"
#include "model/filter/expression.h"
#include "model/filter/parameters_p.h"

namespace atlas::filter {

/// How a row of attribute_values is reached; what may be touched follows from it.
enum class Access {
    Index = 1, ///< scanning a covering index: only its columns where that is possible
    Probe = 2, ///< the one row of a primary key: every column is at hand
};

/// SQL conditions of single clauses. Every value goes through Parameters. A condition is true, false or null;
/// null counts as false everywhere.
class Conditions
{
public:
    Conditions(int tenant, const CompileOptions& options, Parameters& parameters)
        : m_tenant(tenant)
        , m_dialect(options.dialect)
        , m_realRedshift(options.realRedshift)
        , m_parameters(parameters)
        , m_now(options.now)
    {
    }

    /// On a row of attribute_values of the clause's attribute. Strict in value_num or value_text, so that the
    /// partial covering indexes are usable.
    QByteArray ofValue(const Clause& clause, const AttributeInfo& attribute, const QByteArray& alias,
                       Access access);
    /// On a row of entities.
    QByteArray ofEntity(const Clause& clause, const QByteArray& alias);

private:
    struct TextColumn
    {
        QByteArray alias;
        QByteArray key;   ///< column compared first
        QByteArray whole; ///< column with what is longer than the key; empty: the key is all there is
        Access access = Access::Index;
        int attribute = 0; ///< id, where it is one
    };
    QByteArray ofText(const Clause& clause, const TextColumn& column, bool isJson);
    QByteArray textEqual(const QString& value, const TextColumn& column);
    QByteArray textNotEqual(const QString& value, const TextColumn& column);
    QByteArray textOrder(const char* op, const QString& value, const TextColumn& column);
    QByteArray textIn(const QStringList& values, const TextColumn& column);
    QByteArray textContains(const QString& part, const TextColumn& column);
    QByteArray textStartsWith(const QString& prefix, const TextColumn& column);
    QByteArray ofNumber(const Clause& clause, const QByteArray& alias);
    QByteArray ofTimestamp(const Clause& clause, const QByteArray& alias);
    QByteArray ofBoolean(const Clause& clause, const QByteArray& alias);

    int m_tenant;
    Dialect m_dialect;
    bool m_realRedshift;
    Parameters& m_parameters;
    QDateTime m_now;
};

/// The smallest string greater than every string that begins with `prefix`, by code point; null when there is
/// none.
QString upperBound(const QString& prefix);
/// First `count` characters (code points).
QString firstCharacters(const QString& text, int count);
qsizetype characterCount(QStringView text);
/// JSON text in the form that is stored; what is no JSON comes back as it is and equals nothing stored.
QString compactJson(const QString& text);

} // namespace atlas::filter
