// SPDX-License-Identifier: GPL-3.0-or-later
#include <QCoreApplication>
#include <QDateTime>
#include <QEventLoop>
#include <QJsonArray>
#include <QJsonDocument>
#include <QTimer>

#include <atomic>
#include <mutex>
#include <utility>

#include "cli/command.h"
#include "cli/ingestoptions.h"
#include "model/hotset/usage.h"
#include "model/ingest/duties.h"
#include "model/lag/monitor.h"
#include "model/statements.h"

namespace atlas::cli {

namespace {

using namespace std::chrono_literals;

// One agent per database: the key is any number that nobody else uses.
const RegisteredStatement lockSql{"agent.lock", "Only one agent",
                                  "select pg_try_advisory_lock(4716288371129)"};
const RegisteredStatement aliveSql{"agent.alive", "Still the one agent", "select 1"};
const RegisteredStatement beatSql{"agent.beat", "Heartbeat", "select seq from atlas.beat()"};
const RegisteredStatement flushSql{"agent.flush", "Move staged rows on",
                                   "select batches, rows, waiting from atlas.flush_staging($1::integer)"};
const RegisteredStatement rateSql{"agent.rate", "Throughput samples from the ledger",
                                  "select atlas.sample_ingest_rate(10)"};
const RegisteredStatement maintainSql{"agent.maintain", "Partitions ahead, retention",
                                      "select atlas.maintain()"};
const RegisteredStatement forgetSql{"agent.usage", "Forget filters that ran long ago",
                                    "select atlas.forget_filter_usage($1::integer, $2::integer)"};
const RegisteredStatement notedSql{"agent.writes", "Add up what was written to each attribute",
                                   "select atlas.note_attribute_writes()"};
const RegisteredStatement statsSql{
    "agent.stats", "Measure the attributes that changed most",
    "select measured, waiting from atlas.refresh_stale_stats($1::double precision, "
    "$2::bigint, $3::integer)"};
const RegisteredStatement lagSql{"agent.lag", "Lag samples",
                                 "insert into atlas.stage_lag_samples (measured_at, stage, node, state, "
                                 "lag_seconds, lag_bytes, lsn, evidence) "
                                 "select d.measured_at::timestamptz, d.stage, d.node, d.state, "
                                 "d.lag_seconds, d.lag_bytes, d.lsn::pg_lsn, d.evidence "
                                 "from jsonb_to_recordset($1::jsonb) as d (measured_at text, stage text, "
                                 "node text, state text, lag_seconds double precision, "
                                 "lag_bytes bigint, lsn text, evidence text) on conflict do nothing"};

// A twentieth of one processor at most. An attribute with up to so many values is counted whole (a tenth of a
// second), others are measured from a sample: shares are then within a hundredth, nineteen times out of
// twenty.
constexpr auto statisticsEvery = 10s;
constexpr double statisticsSeconds = 0.5;
constexpr qint64 exactUpTo = 200'000;
constexpr int sampledEntities = 30'000;

// Transactions that are short.
constexpr int usageBatch = 5'000;

db::Result<bool> once(const db::Result<db::ResultSet>& result)
{
    if (!result)
        return result.error();
    return false;
}

/// What the monitor saw last, from its thread to the one that writes it down.
class LagMailbox
{
public:
    void put(const QList<lag::StageLag>& stages)
    {
        const std::lock_guard lock(m_mutex);
        m_stages = stages;
    }
    QList<lag::StageLag> take()
    {
        const std::lock_guard lock(m_mutex);
        return std::exchange(m_stages, {});
    }

private:
    std::mutex m_mutex;
    QList<lag::StageLag> m_stages;
};

QByteArray lagRows(const QList<lag::StageLag>& stages)
{
    QJsonArray rows;
    for (const lag::StageLag& stage : stages) {
        QJsonObject row = stage.toJson();
        if (!stage.lsn.isEmpty())
            row.insert(QStringLiteral("lsn"), stage.lsn);
        if (stage.measuredAt.isValid()) // without the primary's clock there is no time to write it at
            rows.append(row);
    }
    return rows.isEmpty() ? QByteArray() : QJsonDocument(rows).toJson(QJsonDocument::Compact);
}

void startDuties(ingest::DutyRunner& duties, LagMailbox& lagMailbox)
{
    duties.start({QStringLiteral("heartbeat"), 1s,
                  [](db::BlockingSession& s) { return once(s.exec(beatSql({}, 5s))); }});
    duties.start({QStringLiteral("flush"), 100ms, [](db::BlockingSession& s) -> db::Result<bool> {
                      const auto flushed = s.exec(flushSql({db::param(20'000)}, 60s));
                      if (!flushed)
                          return flushed.error();
                      return flushed->boolean(0, 2);
                  }});
    duties.start({QStringLiteral("throughput samples"), 10s,
                  [](db::BlockingSession& s) { return once(s.exec(rateSql())); }});
    duties.start({QStringLiteral("partitions"), 1h, [](db::BlockingSession& s) -> db::Result<bool> {
                      const auto done = s.exec(maintainSql({}, 10min));
                      if (!done || done->rowCount() == 0 || done->isNull(0, 0))
                          return once(done);
                      // One table's trouble held up no other: said, and tried again in an hour.
                      db::DbError error;
                      error.kind = db::ErrorKind::Other;
                      error.message = done->string(0, 0);
                      return error;
                  }});
    duties.start(
        {QStringLiteral("filter usage"), 1h, [](db::BlockingSession& s) -> db::Result<bool> {
             const auto gone = s.exec(forgetSql({db::param(hotset::keptDays), db::param(usageBatch)}, 60s));
             if (!gone)
                 return gone.error();
             return gone->integer(0, 0).value_or(0) >= usageBatch;
         }});
    duties.start(
        {QStringLiteral("attribute statistics"), statisticsEvery,
         [](db::BlockingSession& s) -> db::Result<bool> {
             if (const auto noted = s.exec(notedSql({}, 60s)); !noted)
                 return noted.error();
             return once(s.exec(statsSql(
                 {db::param(statisticsSeconds), db::param(exactUpTo), db::param(sampledEntities)}, 5min)));
         }});
    duties.start(
        {QStringLiteral("lag samples"), 1s, [&lagMailbox](db::BlockingSession& s) -> db::Result<bool> {
             const QByteArray rows = lagRows(lagMailbox.take());
             return rows.isEmpty() ? db::Result<bool>(false) : once(s.exec(lagSql({db::param(rows)}, 5s)));
         }});
}

} // namespace

int runAgent(const QStringList& arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(
        QStringLiteral("Keeps the platform going until stopped: heartbeat every second, staged rows flushed "
                       "every 100 ms, lag and\n"
                       "throughput samples, partitions ahead, attribute statistics. One agent per database; "
                       "it outlives restarts of\n"
                       "the servers. Exit status 1 when another one runs."));
    Connection::addOptions(parser);
    parse(parser, QStringLiteral("agent"), arguments);
    if (!parser.positionalArguments().isEmpty()) {
        fail(QStringLiteral("agent takes no words"));
        return Usage;
    }
    auto connection = Connection::fromParser(parser);
    if (!connection)
        return Usage;
    // The lock lives as long as this session.
    auto guard = openPrimary(*connection, Purpose::Agent, 9);
    if (!guard)
        return connection->lastStatus() == Ok ? Unreachable : connection->lastStatus();
    const QString endpoint = connection->endpoint(QStringLiteral("primary"), Purpose::Agent);
    const auto locked = guard->exec(lockSql());
    if (!locked) {
        fail(locked.error());
        return exitStatusFor(locked.error());
    }
    if (!locked->boolean(0, 0)) {
        fail(QStringLiteral("another agent runs on this database"));
        return Failed;
    }

    const auto report = [](const QString& line) {
        say(QDateTime::currentDateTimeUtc().toString(Qt::ISODate) + QLatin1Char(' ') + line);
    };
    LagMailbox lagMailbox;
    connection->use(Purpose::Operator);
    lag::Monitor monitor(&connection->client(), connection->environment());
    QObject::connect(&monitor, &lag::Monitor::sampled, &monitor,
                     [&lagMailbox](const QList<lag::StageLag>& stages) { lagMailbox.put(stages); });
    ingest::DutyRunner duties(connection->client(), endpoint, report);
    startDuties(duties, lagMailbox);
    std::atomic<bool> replaced{false};
    duties.start(
        {QStringLiteral("lock"), 2s, [&, refused = 0](db::BlockingSession& s) mutable -> db::Result<bool> {
             if (guard && guard->exec(aliveSql({}, 2s)))
                 return false;
             // The primary went away and the lock with it: take it again, in this duty's session.
             guard.reset();
             const auto again = s.exec(lockSql({}, 2s));
             if (!again)
                 return again.error();
             // A server that has not noticed our broken connection yet holds the lock for us a while longer.
             refused = again->boolean(0, 0) ? 0 : refused + 1;
             replaced = refused >= 15;
             return false;
         }});
    // Half way between two beats: right before or after one, the age of the beat would say 0 or 1 s by
    // chance.
    QTimer::singleShot(500ms, &monitor, [&monitor] { monitor.start(2s); });
    report(QStringLiteral("the agent runs"));

    QEventLoop loop;
    QTimer look;
    QObject::connect(&look, &QTimer::timeout, &loop, [&] {
        if (interrupted() || replaced)
            loop.quit();
    });
    look.start(50ms);
    loop.exec();
    monitor.stop();
    duties.stop();
    if (replaced) {
        fail(QStringLiteral("another agent has taken over"));
        return Failed;
    }
    report(QStringLiteral("stopped"));
    return Ok;
}

} // namespace atlas::cli
