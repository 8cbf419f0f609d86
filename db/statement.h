// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QDateTime>
#include <QList>
#include <QMetaType>
#include <QString>

#include <chrono>
#include <optional>

#include "db/error.h"

namespace atlas::db {

/// A bound parameter in text format; nullopt is SQL NULL. Types come from casts in the statement ($1::bigint).
using Param = std::optional<QByteArray>;

inline Param param(qint64 value) { return QByteArray::number(value); }
inline Param param(int value) { return QByteArray::number(value); }
inline Param param(const QString& value) { return value.toUtf8(); }
inline Param param(const QByteArray& value) { return value; }
/// Shortest text that reads back as the same double.
Param param(double value);
Param param(bool value);
/// A PostgreSQL array literal, every element quoted. For $n::int[] and $n::text[].
Param arrayParam(const QList<qint64>& values);
Param arrayParam(const QList<int>& values);
Param arrayParam(const QStringList& values);

/// An SQL identifier, quoted whatever it holds. NUL is not possible in an identifier: returns an empty array.
QByteArray quoteIdentifier(QStringView name);
/// An SQL string literal for the few places that take no parameter (SET, COPY options). Prefer parameters.
QByteArray quoteLiteral(QStringView value);

/// One statement with its values. `name` is its stable identity in Activity and `atlasctl statements`
/// ("browse.page"); `purpose` is for people ("Page of filter results").
struct Statement
{
    QString name;
    QByteArray sql;
    QList<Param> params;
    QString purpose;
    /// Our own deadline, counted from the call, waiting for a connection included. Also sent as statement_timeout.
    std::chrono::milliseconds deadline{30'000};
};

/// What became of a statement, for Activity and for provenance.
struct StatementRecord
{
    enum class State { Waiting = 1, Running, Done, Failed, Cancelled };
    quint64 id = 0;
    State state = State::Waiting;
    Statement statement;
    QString endpoint;
    QDateTime startedAt;    ///< UTC, when it was asked for
    double milliseconds = 0;  ///< from the call to the last row handed over
    qint64 rows = 0;
    std::optional<DbError> error;
};

} // namespace atlas::db

Q_DECLARE_METATYPE(atlas::db::StatementRecord)
