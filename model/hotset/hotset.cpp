// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/hotset/hotset.h"

#include <algorithm>

#include "model/statements.h"

namespace atlas::hotset {

namespace {

const RegisteredStatement beginSql{"hotset.begin", "Begin a promotion or demotion",
                                   "select atlas.hot_set_begin($1::int, $2::int, $3::text) as job_id"};

#define ATLAS_JOB_COLUMNS                                                                                    \
    "j.job_id, j.attribute_id, j.kind, j.phase, j.rows_done, j.rows_expected, j.mismatches, j.message, "     \
    "j.requested_by, extract(epoch from j.started_at)::float8 as started_at, "                               \
    "extract(epoch from j.updated_at)::float8 as updated_at"

// Verification reads every row in one statement: long for a large tenant, and rightly so.
const RegisteredStatement stepSql{"hotset.step", "One step of a promotion or demotion",
                                  "select " ATLAS_JOB_COLUMNS
                                  " from atlas.hot_set_step($1::int, $2::bigint, $3::int) j"};

const RegisteredStatement cancelSql{"hotset.cancel", "Cancel a promotion and remove what it wrote",
                                    "select atlas.hot_set_cancel($1::int, $2::bigint) as job_id"};

const RegisteredStatement jobsSql{
    "hotset.jobs", "Promotions and demotions of a tenant",
    "select " ATLAS_JOB_COLUMNS
    " from atlas.hot_set_jobs j where j.tenant_id = $1::int order by j.job_id desc limit 200"};

#undef ATLAS_JOB_COLUMNS

constexpr auto stepDeadline = std::chrono::minutes(30);
constexpr auto betweenDrainSteps = std::chrono::milliseconds(100);
constexpr auto betweenLooks = std::chrono::milliseconds(500);
constexpr int largestBatch = 5000;
constexpr int smallestBatch = 50;

QDateTime timeOf(const db::ResultSet& rows, int row, QStringView column)
{
    const auto seconds = rows.real(row, rows.columnIndex(column));
    return seconds ? QDateTime::fromMSecsSinceEpoch(qRound64(*seconds * 1000), Qt::UTC) : QDateTime();
}

} // namespace

std::optional<double> Job::progress() const
{
    if (phase == QLatin1String("done"))
        return 1.0;
    if (phase == QLatin1String("drain"))
        return 0.0;
    if (phase == QLatin1String("verify"))
        return 0.95;
    if (rowsExpected <= 0)
        return std::nullopt;
    return std::min(0.95, 0.95 * static_cast<double>(rowsDone) / static_cast<double>(rowsExpected));
}

db::Result<Job> Job::fromRow(const db::ResultSet& rows, int row)
{
    const int id = rows.columnIndex(u"job_id");
    if (row >= rows.rowCount() || id < 0 || rows.isNull(row, id))
        return db::DbError{.kind = db::ErrorKind::Protocol,
                           .message = QStringLiteral("the server returned no job")};
    Job job;
    job.id = rows.integer(row, id).value_or(0);
    job.attributeId = static_cast<int>(rows.integer(row, rows.columnIndex(u"attribute_id")).value_or(0));
    job.kind =
        rows.string(row, rows.columnIndex(u"kind")) == QLatin1String("demote") ? Kind::Demote : Kind::Promote;
    job.phase = rows.string(row, rows.columnIndex(u"phase"));
    job.rowsDone = rows.integer(row, rows.columnIndex(u"rows_done")).value_or(0);
    job.rowsExpected = rows.integer(row, rows.columnIndex(u"rows_expected")).value_or(0);
    job.mismatches = rows.integer(row, rows.columnIndex(u"mismatches"));
    job.message = rows.string(row, rows.columnIndex(u"message"));
    job.requestedBy = rows.string(row, rows.columnIndex(u"requested_by"));
    job.startedAt = timeOf(rows, row, u"started_at");
    job.updatedAt = timeOf(rows, row, u"updated_at");
    return job;
}

Runner::Runner(db::Client* client, lag::Monitor* monitor, int tenant, QObject* parent)
    : QObject(parent)
    , m_client(client)
    , m_monitor(monitor)
    , m_tenant(tenant)
{
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &Runner::step);
}

Runner::~Runner() = default;

db::Statement Runner::jobsStatement(int tenant)
{
    return about(tenant, jobsSql({db::param(tenant)}));
}

void Runner::begin(int attributeId, Kind kind)
{
    if (m_running)
        return;
    m_running = true;
    m_cancelling = false;
    m_cancelInDoubt = false;
    m_paused = false;
    m_job = {};
    m_job.attributeId = attributeId;
    m_job.kind = kind;
    // A cancel that comes now waits for the answer: before it nobody knows which job to cancel.
    m_inStep = true;
    m_client->query(
        endpointId(QStringLiteral("primary"), Purpose::Admin),
        beginSql({db::param(m_tenant), db::param(attributeId),
                  db::param(kind == Kind::Promote ? QStringLiteral("promote") : QStringLiteral("demote"))}),
        this, [this](db::Result<db::ResultSet> result) {
            m_inStep = false;
            if (!result) {
                m_running = false;
                Q_EMIT refused(result.error());
                return;
            }
            m_job.id = result->integer(0, 0).value_or(0);
            m_job.phase = QStringLiteral("drain");
            Q_EMIT progressed(m_job);
            step();
        });
}

void Runner::resume(const Job& job)
{
    if (m_running || job.isOver())
        return;
    m_running = true;
    m_cancelling = false;
    m_cancelInDoubt = false;
    m_paused = false;
    m_job = job;
    step();
}

void Runner::pause()
{
    m_paused = true;
    m_timer.stop();
}

void Runner::unpause()
{
    if (!m_paused)
        return;
    m_paused = false;
    if (m_running && !m_inStep)
        step();
}

void Runner::cancel()
{
    if (!m_running || m_cancelling)
        return;
    m_cancelling = true;
    m_paused = false;
    // A step under way is short and ends first: its batch is committed, the removal takes it back.
    if (!m_inStep) {
        m_timer.stop();
        step();
    }
}

QString Runner::reasonToWait() const
{
    if (!m_monitor || m_job.phase != QLatin1String("fill"))
        return {};
    for (const lag::StageLag& stage : m_monitor->stages()) {
        if (stage.stage == QLatin1String("replica") && stage.lagSeconds &&
            *stage.lagSeconds > m_limits.replicaLagSeconds)
            return tr("%1 is %2 s behind").arg(stage.node).arg(*stage.lagSeconds, 0, 'f', 0);
        if (stage.retainedBytes && *stage.retainedBytes > m_limits.slotRetainedBytes)
            return tr("slot %1 holds back %2 MB of WAL")
                .arg(stage.node)
                .arg(*stage.retainedBytes / 1'000'000);
    }
    return {};
}

void Runner::step()
{
    if (!m_running || m_inStep)
        return;
    const QString primary = endpointId(QStringLiteral("primary"), Purpose::Admin);
    if (m_cancelling) {
        m_inStep = true;
        m_client->query(primary, cancelSql({db::param(m_tenant), db::param(m_job.id)}), this,
                        [this](const db::Result<db::ResultSet>& result) { cancelAnswered(result); });
        return;
    }
    if (m_paused)
        return;
    const QString waiting = reasonToWait();
    if (waiting != m_waiting) {
        m_waiting = waiting;
        Q_EMIT throttled(waiting);
    }
    if (!waiting.isEmpty()) {
        m_timer.start(betweenLooks);
        return;
    }
    m_inStep = true;
    m_stepTimer.start();
    m_client->query(primary,
                    stepSql({db::param(m_tenant), db::param(m_job.id), db::param(m_batch)}, stepDeadline),
                    this, [this](db::Result<db::ResultSet> result) { stepAnswered(std::move(result)); });
}

void Runner::cancelAnswered(const db::Result<db::ResultSet>& result)
{
    m_inStep = false;
    if (!result && comesBack(result.error())) {
        m_cancelInDoubt = true;
        tryAgain(result.error());
        return;
    }
    m_cancelling = false;
    if (!result) {
        Q_EMIT refused(result.error());
        m_timer.start(betweenLooks);
        return;
    }
    m_troubles = 0;
    if (const auto job = result->integer(0, 0)) {
        // Go on with the job that removes what was written.
        m_job.id = *job;
        m_job.kind = Kind::Demote;
        m_job.phase = QStringLiteral("drain");
        m_job.rowsExpected = m_job.rowsDone;
        m_job.rowsDone = 0;
        m_job.message = tr("cancelled; removing what was written");
        Q_EMIT progressed(m_job);
        step();
    } else if (m_cancelInDoubt) {
        findRemoval();
    } else {
        step();
    }
}

/// There was nothing to cancel: the job was over before, or an earlier cancel was done and only its answer
/// lost. Then another job removes what was written, and nobody drives it.
void Runner::findRemoval()
{
    m_inStep = true;
    m_client->query(endpointId(QStringLiteral("primary"), Purpose::Admin), jobsStatement(m_tenant), this,
                    [this](const db::Result<db::ResultSet>& result) {
                        m_inStep = false;
                        if (!result && comesBack(result.error())) {
                            m_cancelling = true; // asks again, and comes here again
                            tryAgain(result.error());
                            return;
                        }
                        m_cancelInDoubt = false;
                        for (int row = 0; result && row < result->rowCount(); ++row) {
                            const auto job = Job::fromRow(*result, row);
                            if (job && job->attributeId == m_job.attributeId && job->kind == Kind::Demote &&
                                job->id > m_job.id) {
                                m_job = *job;
                                Q_EMIT progressed(m_job);
                                break;
                            }
                        }
                        step();
                    });
}

bool Runner::comesBack(const db::DbError& error)
{
    return error.isTransient() || error.kind == db::ErrorKind::Deadline;
}

void Runner::tryAgain(const db::DbError& error)
{
    ++m_troubles;
    Q_EMIT troubled(error);
    m_timer.start(std::min(std::chrono::milliseconds(500) * (1 << std::min(m_troubles, 6)),
                           std::chrono::milliseconds(15'000)));
}

void Runner::stepAnswered(db::Result<db::ResultSet> result)
{
    m_inStep = false;
    if (result) {
        auto job = Job::fromRow(*result, 0);
        if (!job) {
            m_running = false;
            Q_EMIT refused(job.error());
            return;
        }
        const bool filled = m_job.phase == QLatin1String("fill") && job->rowsDone > m_job.rowsDone;
        m_job = *job;
        m_troubles = 0;
        if (filled) {
            const double took = static_cast<double>(m_stepTimer.elapsed());
            if (took > m_limits.commitMilliseconds)
                m_batch = std::max(smallestBatch, m_batch / 2);
            else if (took < m_limits.commitMilliseconds / 4)
                m_batch = std::min(largestBatch, m_batch * 2);
        }
        Q_EMIT progressed(m_job);
        if (m_job.isOver()) {
            m_running = false;
            Q_EMIT finished(m_job);
            return;
        }
        if (m_job.phase == QLatin1String("drain") && !m_cancelling)
            m_timer.start(betweenDrainSteps);
        else
            step();
        return;
    }
    if (!comesBack(result.error())) {
        m_running = false;
        Q_EMIT refused(result.error());
        return;
    }
    // The job is in the database: whatever this step did or did not commit, the next one goes on from there.
    tryAgain(result.error());
}

} // namespace atlas::hotset
