// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDateTime>
#include <QList>
#include <QString>

#include <functional>
#include <optional>

#include "db/blocking.h"

namespace atlas::tenants {

/// A tenant as its login sees it, with where it is kept.
struct Tenant
{
    int id = 0;
    QString name;
    QString isolation; ///< shared, partition, schema, database (tenants.isolation)
    /// From the statistics (entity_field_stats, attribute_stats); nullopt before they were first measured.
    std::optional<qint64> entities;
    std::optional<qint64> values;
    QDateTime measuredAt;
    QString branch; ///< the table that holds its values: "attribute_values_shared_3", "attribute_values_7"
    std::optional<double> share; ///< of that branch's values, 0…1
    /// Tables and indexes of entities, values and hot documents. Of a shared branch the tenant's share: an
    /// estimate.
    std::optional<qint64> bytes;
};

/// Where a move to a branch of its own, or back, stands (tenant_moves).
struct Move
{
    qint64 id = 0;
    int tenant = 0;
    QString tenantName;
    QString kind;    ///< isolate, share
    QString phase;   ///< prepare, copy, index, check, follow, verify, switch, clean, done, failed, cancelled
    QString outcome; ///< what clean ends as
    QString message;
    qint64 rowsDone = 0;
    qint64 rowsVerified = 0;
    qint64 rowsExpected = 0; ///< an estimate
    std::optional<qint64> mismatches;
    QString requestedBy;
    QDateTime startedAt;
    QDateTime updatedAt;
    bool isOver() const
    {
        return phase == QLatin1String("done") || phase == QLatin1String("failed") ||
               phase == QLatin1String("cancelled");
    }
};

enum class Direction { Isolate = 1, Share };

/// By name.
db::Result<QList<Tenant>> list(db::BlockingSession& session);
/// Newest first, at most 50; of one tenant or, with 0, of all that the login sees.
db::Result<QList<Move>> moves(db::BlockingSession& session, int tenant);

/// What a driver of a move is told and asked, on its own thread.
struct Watch
{
    std::function<void(const Move&)> progressed;
    /// Why it waits, empty when it goes on.
    std::function<void(const QString&)> waiting;
    /// Looked at between steps; true leaves the move where it is.
    std::function<bool()> stopped;
    /// Why writers are asked to slow down ("replica-1 is 14 s behind"), empty when they are not.
    std::function<QString()> pressure;
};

/// Begins a move, or finds the one under way; returns its number.
db::Result<qint64> begin(db::BlockingSession& session, int tenant, Direction direction);
/// Steps until the move is over or `watch.stopped`. The move is in the database: after an error, or a stop,
/// the same call goes on. Steps grow and shrink to take about half a second. Administrator's session on the
/// primary.
db::Result<Move> drive(db::BlockingSession& session, int tenant, qint64 move, const Watch& watch);
/// False: there was nothing to cancel any more. drive() then removes what was built.
db::Result<bool> cancel(db::BlockingSession& session, int tenant, qint64 move);

} // namespace atlas::tenants
