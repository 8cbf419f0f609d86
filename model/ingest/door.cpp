// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/door.h"

#include <algorithm>
#include <thread>

#include "model/sessionwatch.h"
#include "model/statements.h"

namespace atlas::ingest {

namespace {

using namespace std::chrono_literals;

const RegisteredStatement takeBatch{
    "ingest.take", "Take a batch into history, current values, hot set and ledger",
    "select duplicate, rows, changed, rejected, new_entities, new_attributes "
    "from atlas.ingest_batch($1::integer, $2::uuid, $3::timestamptz, $4, $5, $6::bigint, $7::text[], "
    "$8::text[], "
    "$9::text[], $10::text[], $11::smallint[], $12::integer[], $13::integer[], $14::timestamptz[], "
    "$15::float8[], $16::text[], $17::numeric[], $18::text[])"};
const RegisteredStatement readLedger{
    "ingest.ledger", "What an earlier attempt of a batch did",
    "select rows, changed, rejected from atlas.ingest_batches "
    "where tenant_id = $1::integer and batch_id = $2::uuid and started_at = $3::timestamptz"};
const RegisteredStatement asynchronous{"ingest.asynchronous", "Staging does not wait for the disk",
                                       "set synchronous_commit = off"};
const RegisteredStatement copyStaging{"ingest.copy_staging", "Rows of the fast door",
                                      "copy atlas.ingest_staging (tenant_id, external_id, entity_type, "
                                      "entity_name, attribute, value_type, observed_at, "
                                      "value_num, value_text, value_exact, value_long, source) from stdin"};

/// Nothing ends the wait for a connection, so it is short; the attempt at one goes on meanwhile, and the next
/// call finds it.
constexpr auto openDeadline = 2s;
/// For what is under way when the sender is told to stop.
constexpr auto stopPatience = 2s;
constexpr auto betweenLooks = 500ms;

db::Param timestampParam(std::int64_t microseconds)
{
    return QByteArray::fromStdString(canonicalTimestamp(microseconds));
}

} // namespace

bool isWorthRetrying(const db::DbError& error)
{
    switch (error.kind) {
    case db::ErrorKind::NameNotFound: // a failover moves the name
    case db::ErrorKind::Refused:
    case db::ErrorKind::Unavailable:
    case db::ErrorKind::ConnectionLost:
    case db::ErrorKind::Conflict:
    case db::ErrorKind::Deadline:
    case db::ErrorKind::ReadOnly: // the old primary, until the name leads to the new one
        return true;
    case db::ErrorKind::OutOfResources:
        // Memory, disk, connections may come free. Class 54 is a limit that the same batch meets again.
        return error.sqlState.startsWith(QLatin1String("53"));
    case db::ErrorKind::Constraint:
        // The same batch by two connections at once: the second attempt finds it in the ledger.
        return error.sqlState == QLatin1String("23505");
    default:
        return false;
    }
}

Door::Door(db::Client& client, QString endpoint, RetryPolicy policy)
    : m_client(client)
    , m_endpoint(std::move(endpoint))
    , m_policy(std::move(policy))
{
}

Door::~Door() = default;

db::Result<BatchResult> Door::send(const Batch& batch, const BatchId& id)
{
    waitFor(m_wait);
    auto sent = deliver(batch, id);
    if (sent && m_session && m_asks &&
        (m_wait.count() > 0 || std::chrono::steady_clock::now() - m_looked >= betweenLooks)) {
        const SessionWatch watch(*m_session, [this] { return isStopped() || isOut(m_client, m_endpoint); });
        look(*m_session);
    }
    return sent;
}

/// After a batch was taken: what it finds holds for the next one. A question that fails is no reason to wait,
/// and a session that broke over it is found to be broken by the next batch.
void Door::look(db::BlockingSession& session)
{
    m_looked = std::chrono::steady_clock::now();
    const auto reason = writePressure(session);
    if (!reason) {
        // A schema from before the question, or a login that may not ask.
        m_asks = reason.error().isTransient() || reason.error().kind == db::ErrorKind::Cancelled;
        m_wait = {};
        return;
    }
    m_wait = m_pacer.next(!reason->isEmpty());
    // The figures in it change all the time: told once, then when it is over.
    if (reason->isEmpty() != m_reason.isEmpty() && m_policy.throttled)
        m_policy.throttled(*reason);
    m_reason = *reason;
}

void Door::waitFor(std::chrono::milliseconds time)
{
    const auto until = std::chrono::steady_clock::now() + time;
    while (!isStopped() && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(
            std::min<std::chrono::steady_clock::duration>(50ms, until - std::chrono::steady_clock::now()));
}

db::Result<BatchResult> Door::persist(const Attempt& attempt)
{
    using Clock = std::chrono::steady_clock;
    std::optional<Clock::time_point> firstFailure;
    auto pause = 50ms;
    for (int attempts = 1;; ++attempts) {
        const Clock::time_point begun = Clock::now();
        db::Result<BatchResult> result = [&]() -> db::Result<BatchResult> {
            const bool isNew = !m_session;
            if (isNew) {
                auto opened = db::BlockingSession::open(m_client, m_endpoint, openDeadline);
                if (!opened)
                    return opened.error();
                m_session = std::move(*opened);
            }
            // A server that has stopped would be waited for until the statement's deadline.
            const SessionWatch watch(*m_session, [this,
                                                  stoppedAt = std::optional<Clock::time_point>()]() mutable {
                if (isStopped() && !stoppedAt)
                    stoppedAt = Clock::now();
                return (stoppedAt && Clock::now() - *stoppedAt > stopPatience) || isOut(m_client, m_endpoint);
            });
            if (isNew) {
                if (const db::Status ready = prepare(*m_session); !ready)
                    return ready.error();
            }
            return attempt(*m_session);
        }();
        if (result) {
            result->attempts = attempts;
            result->took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun);
            return result;
        }
        // Whatever state the session is in: a new one is clean, and the old one's work is rolled back with
        // it.
        m_session.reset();
        const Clock::time_point now = Clock::now();
        if (!firstFailure)
            firstFailure = now;
        // Cancelled by the watch. Whether a batch was taken all the same is found by its id.
        const bool again = isWorthRetrying(result.error()) || result.error().kind == db::ErrorKind::Cancelled;
        if (!again || now + pause > *firstFailure + m_policy.patience || isStopped())
            return result;
        if (m_policy.retrying)
            m_policy.retrying(result.error());
        for (const auto until = now + pause; Clock::now() < until;) {
            if (isStopped())
                return result;
            std::this_thread::sleep_for(std::min<Clock::duration>(50ms, until - Clock::now()));
        }
        pause = std::min(pause * 2, 2'000ms);
    }
}

db::Status Door::ask(const std::function<db::Status(db::BlockingSession&)>& question)
{
    const auto answered = persist([&question](db::BlockingSession& session) -> db::Result<BatchResult> {
        if (const db::Status status = question(session); !status)
            return status.error();
        return BatchResult();
    });
    return answered ? db::success() : db::Status(answered.error());
}

db::Status Door::prepare(db::BlockingSession&)
{
    return db::success();
}

db::Result<BatchResult> DurableDoor::deliver(const Batch& batch, const BatchId& id)
{
    return persist([&](db::BlockingSession& session) { return attempt(session, batch, id); });
}

db::Result<BatchResult> DurableDoor::attempt(db::BlockingSession& session, const Batch& batch,
                                             const BatchId& id)
{
    QList<db::Param> params{db::param(batch.tenant()),
                            db::param(id.uuid),
                            timestampParam(id.startedAt),
                            db::param(name()),
                            db::param(QByteArray::fromStdString(batch.source())),
                            db::param(batch.bytes())};
    params += batch.arrays();
    // A transaction of its own. A connection that breaks here leaves the outcome open: the next attempt finds
    // the batch in the ledger, or not.
    const auto taken = session.exec(takeBatch(params, batchDeadline));
    if (!taken)
        return taken.error();
    return outcome(session, *taken, batch, id);
}

db::Result<BatchResult> DurableDoor::outcome(db::BlockingSession& session, const db::ResultSet& taken,
                                             const Batch& batch, const BatchId& id)
{
    if (taken.rowCount() != 1 || taken.columnCount() != 6)
        return db::DbError{.kind = db::ErrorKind::Protocol,
                           .message = QStringLiteral("the server did not say what became of the batch"),
                           .endpoint = {}};
    BatchResult result;
    result.duplicate = taken.boolean(0, 0);
    result.rows = taken.integer(0, 1).value_or(0);
    result.changed = taken.integer(0, 2).value_or(0);
    result.rejected = taken.integer(0, 3).value_or(0);
    result.newEntities = taken.integer(0, 4).value_or(0);
    result.newAttributes = taken.integer(0, 5).value_or(0);
    if (result.duplicate) {
        const auto earlier = session.exec(
            readLedger({db::param(batch.tenant()), db::param(id.uuid), timestampParam(id.startedAt)}));
        if (!earlier)
            return earlier.error();
        if (earlier->rowCount() == 1) {
            result.rows = earlier->integer(0, 0).value_or(0);
            result.changed = earlier->integer(0, 1).value_or(0);
            result.rejected = earlier->integer(0, 2).value_or(0);
        }
    }
    return result;
}

db::Status FastDoor::prepare(db::BlockingSession& session)
{
    const auto set = session.exec(asynchronous());
    return set ? db::success() : db::Status(set.error());
}

db::Result<BatchResult> FastDoor::deliver(const Batch& batch, const BatchId& id)
{
    if (batch.rows() == 0) {
        m_session.reset(); // callers count on one connection a door
        return DurableDoor(m_client, m_endpoint, m_policy).send(batch, id); // too young to look
    }
    // The id is not sent along: the flush makes ledger entries of its own.
    return persist([&](db::BlockingSession& session) -> db::Result<BatchResult> {
        std::vector<std::string> pieces;
        batch.stagingCopy([&](std::string&& piece) { pieces.push_back(std::move(piece)); });
        std::size_t next = 0;
        const auto copied = session.copyIn(copyStaging({}, batchDeadline), [&]() -> QByteArray {
            return next < pieces.size() ? QByteArray::fromStdString(pieces[next++]) : QByteArray();
        });
        if (!copied)
            return copied.error();
        BatchResult result;
        result.rows = batch.rows();
        return result;
    });
}

std::unique_ptr<Door> makeDoor(DoorKind kind, db::Client& client, const QString& endpoint, RetryPolicy policy)
{
    if (kind == DoorKind::Fast)
        return std::make_unique<FastDoor>(client, endpoint, std::move(policy));
    return std::make_unique<DurableDoor>(client, endpoint, std::move(policy));
}

} // namespace atlas::ingest
