// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDateTime>
#include <QElapsedTimer>
#include <QObject>
#include <QPointer>
#include <QTimer>

#include <optional>

#include "db/client.h"
#include "model/environment/environment.h"
#include "model/lag/monitor.h"

namespace atlas::hotset {

enum class Kind { Promote = 1, Demote };

/// Where a promotion or demotion stands (hot_set_jobs).
struct Job
{
    qint64 id = 0;
    int attributeId = 0;
    Kind kind = Kind::Promote;
    QString phase; ///< drain, fill, verify, done, failed, cancelled
    qint64 rowsDone = 0;
    qint64 rowsExpected = 0;
    std::optional<qint64> mismatches; ///< of verify; nullopt before
    QString message;
    QString requestedBy;
    QDateTime startedAt;
    QDateTime updatedAt;
    bool isOver() const
    {
        return phase == QLatin1String("done") || phase == QLatin1String("failed") ||
               phase == QLatin1String("cancelled");
    }
    /// 0…1 over all phases, nullopt when the number of rows is not known.
    std::optional<double> progress() const;
    static db::Result<Job> fromRow(const db::ResultSet& rows, int row);
};

/// When a fill pauses by itself.
struct Limits
{
    double replicaLagSeconds = 10;
    qint64 slotRetainedBytes = 2'000'000'000; ///< WAL kept for one slot
    double commitMilliseconds = 1000;         ///< one batch took longer than this: halve it
};

/// Drives one job by steps over Purpose::Admin on the primary; survives a lost connection (the job is in the
/// database: it goes on where it was). GUI thread or any thread with an event loop.
class Runner : public QObject
{
    Q_OBJECT
public:
    /// `monitor` may be null: then it is not throttled by lag.
    Runner(db::Client* client, lag::Monitor* monitor, int tenant, QObject* parent = nullptr);
    ~Runner() override;

    void begin(int attributeId, Kind kind);
    /// Goes on with a job that somebody began and nobody drives.
    void resume(const Job& job);
    void pause();
    void unpause();
    bool isPaused() const { return m_paused; }
    /// A promotion: cancels and then removes what it wrote (the runner goes on with that job). Asked until
    /// the server has answered.
    void cancel();
    const Job& job() const { return m_job; }
    bool isRunning() const { return m_running; }
    void setLimits(const Limits& limits) { m_limits = limits; }

    static db::Statement jobsStatement(int tenant); ///< newest first, at most 200

Q_SIGNALS:
    void progressed(const atlas::hotset::Job& job);
    /// Why it waits ("replica-1 is 14 s behind"), empty when it goes on.
    void throttled(const QString& reason);
    /// A step failed and is tried again after a pause.
    void troubled(const atlas::db::DbError& error);
    void finished(const atlas::hotset::Job& job);
    /// It could not begin, or was refused.
    void refused(const atlas::db::DbError& error);

private:
    void step();
    void stepAnswered(db::Result<db::ResultSet> result);
    void cancelAnswered(const db::Result<db::ResultSet>& result);
    void findRemoval();
    static bool comesBack(const db::DbError& error);
    void tryAgain(const db::DbError& error);
    QString reasonToWait() const;

    db::Client* m_client;
    QPointer<lag::Monitor> m_monitor;
    int m_tenant;
    Job m_job;
    Limits m_limits;
    int m_batch = 1000;
    bool m_running = false;
    bool m_paused = false;
    bool m_cancelling = false;
    bool m_cancelInDoubt = false; ///< asked for, and the answer did not come
    bool m_inStep = false;        ///< a statement is under way, also the one that begins the job
    int m_troubles = 0;
    QString m_waiting;
    QTimer m_timer;
    QElapsedTimer m_stepTimer;
};

} // namespace atlas::hotset

Q_DECLARE_METATYPE(atlas::hotset::Job)
