// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QDateTime>
#include <QList>
#include <QMetaType>
#include <QString>

#include <chrono>
#include <optional>
#include <type_traits>

#include "db/error.h"

namespace atlas::db {

/// A bound parameter in text format; nullopt is SQL NULL. Types come from casts in the statement
/// ($1::bigint).
using Param = std::optional<QByteArray>;

/// Any integer type, so that neither long nor quint64 is ambiguous.
template<class Integer>
requires(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool> &&
         !std::is_same_v<Integer, char>) Param param(Integer value)
{
    if constexpr (std::is_signed_v<Integer>)
        return QByteArray::number(static_cast<qlonglong>(value));
    else
        return QByteArray::number(static_cast<qulonglong>(value));
}
inline Param param(const QString& value)
{
    return value.toUtf8();
}
/// Text as it is, in UTF-8. The server refuses NUL: a statement with one in a value fails with BadArgument.
inline Param param(const QByteArray& value)
{
    return value;
}
inline Param param(const char* utf8)
{
    return QByteArray(utf8);
} // else a literal would become a bool
/// Shortest text that reads back as the same double.
Param param(double value);
Param param(bool value);
/// A PostgreSQL array literal, every text quoted. For $n::int[] and $n::text[].
Param arrayParam(const QList<qint64>& values);
Param arrayParam(const QList<int>& values);
Param arrayParam(const QStringList& values);
/// Of any type, each element as param() gives it; nullopt is NULL.
Param arrayParam(const QList<Param>& values);

/// An SQL identifier, quoted whatever it holds. NUL is not possible in an identifier: returns an empty array.
QByteArray quoteIdentifier(QStringView name);
/// An SQL string literal for the few places that take no parameter (SET, COPY options). Prefer parameters.
/// NUL: returns an empty array. Not for Redshift when the value holds a backslash (it has no E'').
QByteArray quoteLiteral(QStringView value);

/// One statement with its values. `name` is its stable identity in Activity and `atlasctl statements`
/// ("browse.page"); `purpose` is for people ("Page of filter results").
struct Statement
{
    QString name;
    QByteArray sql;
    QList<Param> params;
    QString purpose;
    /// Our own deadline, counted from the call, waiting for a connection included. Also sent as
    /// statement_timeout. Must be positive: nothing runs without a time budget.
    std::chrono::milliseconds deadline{30'000};
    /// The one tenant it is about, where there is one: sent along as the setting atlas.tenant, for this
    /// statement only, so that row security looks at no other (schema/postgres/0014_one_tenant.sql). It
    /// narrows what the login sees and cannot widen it. Not sent inside a transaction of the session's own,
    /// nor to Redshift.
    std::optional<int> tenant = std::nullopt;
};

/// What became of a statement, for Activity and for provenance.
struct StatementRecord
{
    enum class State { Waiting = 1, Running, Done, Failed, Cancelled };
    quint64 id = 0;
    State state = State::Waiting;
    Statement statement;
    QString endpoint;
    QDateTime startedAt;     ///< UTC, when it was asked for
    double milliseconds = 0; ///< from the call to the last row handed over
    qint64 rows = 0;
    std::optional<DbError> error;
};

} // namespace atlas::db

Q_DECLARE_METATYPE(atlas::db::StatementRecord)
