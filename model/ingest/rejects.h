// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDateTime>
#include <QList>
#include <QString>

#include <functional>
#include <optional>

#include "db/blocking.h"
#include "model/catalog/valuetype.h"
#include "model/ingest/door.h"

namespace atlas::ingest {

/// Which dead letters of a tenant; empty words select all.
struct RejectSelection
{
    int tenant = 0;
    QString attribute; ///< by name
    QString reason;    ///< a part of it
};

/// One row of ingest_rejects.
struct Reject
{
    qint64 id = 0;
    QDateTime rejectedAt;
    QString externalId;
    QString attribute;
    std::optional<qint64> observedAt; ///< µs since 1970 UTC; nullopt: none, or one that no table takes
    std::optional<ValueType> type;    ///< nullopt: a sender of its own staged what is none
    std::optional<QString> value;     ///< nullopt: a cleared one
    qint64 bytes = 0;                 ///< of the whole value
    QString reason;
};

/// How many letters of one attribute were rejected for one reason.
struct RejectGroup
{
    QString attribute;
    QString reason;
    qint64 count = 0;
    QDateTime first;
    QDateTime last;
};

/// Letters with numbers above `after`, in that order. Values are cut after `longest` characters (0: whole).
db::Result<QList<Reject>> listRejects(db::BlockingSession& session, const RejectSelection& selection,
                                      qint64 after, int limit, int longest);
db::Result<QList<RejectGroup>> groupRejects(db::BlockingSession& session, const RejectSelection& selection);
/// Removes letters, as an administrator; yields how many there were.
db::Result<qint64> discardRejects(db::BlockingSession& session, int tenant, const QList<qint64>& ids);

struct ReplayCounts
{
    qint64 taken = 0;    ///< stored, or stored before
    qint64 rejected = 0; ///< refused again by the server: letters anew, with the reason of today
    qint64 kept = 0;     ///< not sent: no batch can carry them
};

struct ReplayOptions
{
    /// Reads each value as the type that its attribute holds now ("12.5" for a number); what cannot be read
    /// so is kept.
    bool convert = false;
    std::function<bool()> stopped;
    /// After each batch.
    std::function<void(const ReplayCounts&)> progressed;
    /// Each letter that is kept, with why.
    std::function<void(const Reject&, const QString&)> keeping;
};

/// Sends the letters again, those that are there when it begins, through the durable door, and removes what
/// was sent. Killed at any moment it may be begun again: a batch that was committed is found in the ledger by
/// its letters' numbers, and changes nothing. Waits for the server: for worker threads and the command line.
db::Result<ReplayCounts> replayRejects(Door& door, db::BlockingSession& session,
                                       const RejectSelection& selection, const ReplayOptions& options);

} // namespace atlas::ingest
