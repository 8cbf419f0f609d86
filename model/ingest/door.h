// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "db/blocking.h"
#include "model/ingest/batch.h"
#include "model/ingest/pressure.h"

namespace atlas::ingest {

/// What became of a batch.
struct BatchResult
{
    bool duplicate = false;       ///< it was in the ledger already; the counts are those of then
    std::int64_t rows = 0;        ///< observations new in history
    std::int64_t changed = 0;     ///< current values that became newer
    std::int64_t rejected = 0;    ///< observations in ingest_rejects
    std::int64_t newEntities = 0; ///< 0 for a duplicate: the ledger does not keep it
    std::int64_t newAttributes = 0;
    int attempts = 1;
    std::chrono::milliseconds took{0}; ///< the attempt that succeeded, without any waiting before it
};

/// How long a door keeps trying, and who is told.
struct RetryPolicy
{
    /// From the first failure on; the same batch is sent again with growing pauses.
    std::chrono::milliseconds patience = std::chrono::seconds(60);
    /// Looked at every 50 ms, from any thread; true gives up with the last error. What is under way by then
    /// has two seconds more: enough for a batch, and a server that has stopped holds up nobody.
    std::function<bool()> stopped;
    /// Each failure that will be tried again.
    std::function<void(const db::DbError&)> retrying;
    /// The door waits before batches because something downstream is behind (writePressure()): why, when that
    /// begins or changes; empty when it is over.
    std::function<void(const QString&)> throttled;
};

/// Time for a statement that takes a batch. Generous: one that waits behind a checkpoint is still worth
/// waiting for. A server that has stopped is found by its endpoint's being down.
inline constexpr std::chrono::milliseconds batchDeadline = std::chrono::seconds(120);

/// A way for batches into the platform. Opens a session of its own when it needs one and again when that
/// broke or its server has stopped. Looks every half second whether a replica, a slot or the staging table is
/// too far behind, and then waits before each batch, up to 5 s: it slows down, it never stops and never
/// drops. Waits for the server: for worker threads and the command line. One thread at a time.
class Door
{
public:
    Door(db::Client& client, QString endpoint, RetryPolicy policy);
    virtual ~Door();
    Door(const Door&) = delete;
    Door& operator=(const Door&) = delete;

    db::Result<BatchResult> send(const Batch& batch, const BatchId& id);
    /// Runs statements on the door's session with the same patience: the question is put again, from its
    /// beginning, after an error that is worth it.
    db::Status ask(const std::function<db::Status(db::BlockingSession&)>& question);
    /// "durable" or "fast", as the ledger has it.
    virtual const char* name() const = 0;

protected:
    using Attempt = std::function<db::Result<BatchResult>(db::BlockingSession&)>;
    virtual db::Result<BatchResult> deliver(const Batch& batch, const BatchId& id) = 0;
    /// Runs the attempt until it succeeds, fails for good, or patience ends.
    db::Result<BatchResult> persist(const Attempt& attempt);
    bool isStopped() const { return m_policy.stopped && m_policy.stopped(); }
    /// SQL of a fresh session, after connecting.
    virtual db::Status prepare(db::BlockingSession& session);

    db::Client& m_client;
    const QString m_endpoint;
    const RetryPolicy m_policy;
    std::unique_ptr<db::BlockingSession> m_session;

private:
    void look(db::BlockingSession& session);
    void waitFor(std::chrono::milliseconds time);

    Pacer m_pacer;
    std::chrono::milliseconds m_wait{0}; ///< before the next batch
    std::chrono::steady_clock::time_point m_looked = std::chrono::steady_clock::now();
    QString m_reason;
    bool m_asks = true; ///< false once the server has said that it has no such question
};

/// Guarantee: when send() returns a result, history, current values, hot projection and ledger row are
/// committed together and flushed to the primary's disk (synchronous_commit of the server permitting); a
/// crash of the primary loses none of it. When it returns an error, all of it is there or none; sending the
/// same batch with the same id again is always right: it is found in the ledger, or taken. Conflicts,
/// deadlocks and lost connections are tried again that way by send() itself.
class DurableDoor final : public Door
{
public:
    using Door::Door;
    const char* name() const override { return "durable"; }

protected:
    db::Result<BatchResult> deliver(const Batch& batch, const BatchId& id) override;

private:
    db::Result<BatchResult> attempt(db::BlockingSession& session, const Batch& batch, const BatchId& id);
    /// Of what ingest_batch returned.
    static db::Result<BatchResult> outcome(db::BlockingSession& session, const db::ResultSet& taken,
                                           const Batch& batch, const BatchId& id);
};

/// Guarantee: when send() returns a result, the rows are in ingest_staging, an unlogged table, and in no
/// reader's view yet. The agent's flush moves them on every 100 ms in a synchronous transaction; from then on
/// they are as safe as the durable door's. A crash of the primary before that empties the table: lost is what
/// was acknowledged since the last flush, that is 100 ms and the time one flush takes while the agent runs
/// and keeps up, everything that waits when it does not; a failover to a replica likewise (unlogged tables
/// are not replicated). A client's crash or a clean restart loses nothing. Rows are counted when they land;
/// what a wrong type rejects is found at the flush, in ingest_rejects. After a lost connection the rows are
/// sent again and may land twice: the second copy of an observation changes nothing. A batch without values
/// has nothing to stage and goes through a durable door, with its id: so the start and the end of a load are
/// in the ledger, while the batches of values are not known there by their ids. In a batch that has values
/// only they travel: an entity, or an attribute, that has none among them is left out, with its type and
/// name. Send such entities in a batch of their own.
class FastDoor final : public Door
{
public:
    using Door::Door;
    const char* name() const override { return "fast"; }

protected:
    db::Result<BatchResult> deliver(const Batch& batch, const BatchId& id) override;
    db::Status prepare(db::BlockingSession& session) override;
};

enum class DoorKind { Durable = 1, Fast };
std::unique_ptr<Door> makeDoor(DoorKind kind, db::Client& client, const QString& endpoint,
                               RetryPolicy policy);

/// Worth sending the same again: broken or refused connections, conflicts, a server that starts, fails over
/// or is short of memory or disk for a while.
bool isWorthRetrying(const db::DbError& error);

} // namespace atlas::ingest
