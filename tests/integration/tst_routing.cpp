// SPDX-License-Identifier: GPL-3.0-or-later
// Lag, routing and failover on the real cluster: heartbeats, a stopped replica, a dead one, a read in flight.
#include <QElapsedTimer>
#include <QEventLoop>
#include <QJsonArray>
#include <QJsonDocument>
#include <QProcess>
#include <QSignalSpy>
#include <QTest>
#include <QTimer>

#include <signal.h>

#include "model/lag/monitor.h"
#include "model/routing/reader.h"
#include "tests/support/platform.h"

using namespace atlas;
using test::sql;

class TestRouting : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void cleanup();
    void cleanupTestCase();
    void everyStageIsThere();
    void lagCommandIsJson();
    void readsComeFromAReplica();
    void aStoppedReplicaIsLeftWithinTwoSeconds();
    void aStandbyIsNoPrimary();
    void readOwnWrites();

private:
    /// Process ids of a node's server: the postmaster and its children.
    QList<qint64> processes(const QString& node);
    void signalNode(const QString& node, int signal);

    test::Platform m_platform;
    Environment m_environment;
    QProcess m_agent;
    QString m_stopped;
};

void TestRouting::initTestCase()
{
    test::TestCluster cluster;
    ATLAS_REQUIRE_CLUSTER(cluster);
    QCOMPARE(m_platform.prepare(cluster), QString());
    const auto environment =
        Environment::fromFile(cluster.stateDirectory() + QStringLiteral("/environment.json"));
    QVERIFY2(environment.ok(), environment.ok() ? "" : qPrintable(environment.error().text()));
    m_environment = *environment;
    for (const Purpose purpose : {Purpose::Analyst, Purpose::Operator}) {
        for (const db::Endpoint& endpoint : m_environment.endpointsFor(purpose))
            m_platform.client().setEndpoint(endpoint);
    }
    QProcessEnvironment variables = QProcessEnvironment::systemEnvironment();
    variables.insert(QStringLiteral("ATLAS_LOCAL_ENVIRONMENT"),
                     cluster.stateDirectory() + QStringLiteral("/environment.json"));
    variables.insert(QStringLiteral("ATLAS_ENVIRONMENT"), QStringLiteral("local"));
    m_agent.setProcessEnvironment(variables);
    m_agent.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    m_agent.start(qEnvironmentVariable("ATLAS_CTL"), {QStringLiteral("agent")});
    QVERIFY(m_agent.waitForStarted());
    auto session = m_platform.open(QStringLiteral("primary"), QStringLiteral("operator"), true);
    QVERIFY(session);
    QTRY_VERIFY_WITH_TIMEOUT(
        session->exec(sql("select clock_timestamp() - beat_at < interval '2 s' from atlas.heartbeat"))
            ->boolean(0, 0),
        10'000);
}

void TestRouting::cleanup()
{
    if (!m_stopped.isEmpty())
        signalNode(m_stopped, SIGCONT);
    m_stopped.clear();
}

void TestRouting::cleanupTestCase()
{
    if (m_agent.state() != QProcess::NotRunning) {
        m_agent.terminate();
        QVERIFY(m_agent.waitForFinished(5000));
    }
}

QList<qint64> TestRouting::processes(const QString& node)
{
    auto session = m_platform.open(node, QStringLiteral("operator"), true);
    QList<qint64> ids;
    if (!session)
        return ids;
    const auto own = session->exec(sql("select pg_backend_pid()"));
    QProcess ps;
    ps.start(QStringLiteral("ps"),
             {QStringLiteral("-o"), QStringLiteral("ppid="), QStringLiteral("-p"), own->string(0, 0)});
    ps.waitForFinished();
    const QString postmaster = QString::fromLatin1(ps.readAllStandardOutput()).trimmed();
    ids.append(postmaster.toLongLong());
    ps.start(QStringLiteral("ps"),
             {QStringLiteral("-o"), QStringLiteral("pid="), QStringLiteral("--ppid"), postmaster});
    ps.waitForFinished();
    const QStringList children =
        QString::fromLatin1(ps.readAllStandardOutput()).split(QLatin1Char('\n'), Qt::SkipEmptyParts);
    for (const QString& child : children)
        ids.append(child.trimmed().toLongLong());
    return ids;
}

void TestRouting::signalNode(const QString& node, int signal)
{
    static QHash<QString, QList<qint64>> known; // a stopped server cannot be asked
    if (signal == SIGSTOP)
        known[node] = processes(node);
    for (const qint64 id : known.value(node)) {
        if (id > 1)
            kill(static_cast<pid_t>(id), signal);
    }
}

void TestRouting::everyStageIsThere()
{
    lag::Monitor monitor(&m_platform.client(), m_environment);
    QSignalSpy sampled(&monitor, &lag::Monitor::sampled);
    monitor.start();
    QTRY_VERIFY_WITH_TIMEOUT(sampled.size() >= 4, 10'000);
    QStringList seen;
    for (const lag::StageLag& stage : monitor.stages()) {
        seen.append(stage.stage + QLatin1Char('/') + stage.node);
        QVERIFY2(stage.state == lag::State::Current || stage.state == lag::State::Idle,
                 qPrintable(stage.stage + QLatin1Char(' ') + stage.node + QLatin1Char(' ') +
                            lag::stateName(stage.state) + QLatin1Char(' ') + stage.evidence));
        QVERIFY(stage.lagSeconds.has_value());
        QVERIFY(*stage.lagSeconds < 5);
    }
    QCOMPARE(seen,
             (QStringList{QStringLiteral("commit/primary"), QStringLiteral("staging/primary"),
                          QStringLiteral("replica/replica-1"), QStringLiteral("replica/replica-2"),
                          QStringLiteral("slot/atlas_warehouse"), QStringLiteral("warehouse/warehouse")}));
}

void TestRouting::lagCommandIsJson()
{
    const test::Ran ran = m_platform.ctl({QStringLiteral("lag"), QStringLiteral("--json")});
    QVERIFY2(ran.status == 0, ran.err.constData());
    const QJsonArray stages = QJsonDocument::fromJson(ran.out).array();
    QCOMPARE(stages.size(), 6);
    for (const QJsonValue& stage : stages) {
        for (const char* key :
             {"stage", "node", "state", "lag_seconds", "lag_bytes", "measured_at", "evidence"})
            QVERIFY2(stage.toObject().contains(QLatin1String(key)), key);
    }
}

void TestRouting::readsComeFromAReplica()
{
    lag::Monitor monitor(&m_platform.client(), m_environment);
    routing::Reader reader(&m_platform.client(), &monitor);
    QSignalSpy sampled(&monitor, &lag::Monitor::sampled);
    monitor.start();
    QTRY_VERIFY_WITH_TIMEOUT(sampled.size() >= 2, 10'000);
    for (const auto& [intent, role] : {std::pair{routing::Intent::Operational, db::EndpointRole::Replica},
                                       {routing::Intent::Critical, db::EndpointRole::Primary},
                                       {routing::Intent::Analytics, db::EndpointRole::Warehouse}}) {
        std::optional<routing::Routed> routed;
        reader.read(
            intent, [](const QString&, db::EndpointRole) { return sql("select 1"); }, this,
            [&](db::Result<routing::Routed> result) {
                QVERIFY(result.ok());
                routed = *result;
            });
        QTRY_VERIFY(routed.has_value());
        QCOMPARE(routed->route.role, role);
        QVERIFY(routed->route.met);
        QVERIFY(routed->route.ageSeconds.has_value());
    }
}

void TestRouting::aStoppedReplicaIsLeftWithinTwoSeconds()
{
    lag::Monitor monitor(&m_platform.client(), m_environment);
    routing::Reader reader(&m_platform.client(), &monitor);
    QSignalSpy sampled(&monitor, &lag::Monitor::sampled);
    monitor.start();
    QTRY_VERIFY_WITH_TIMEOUT(sampled.size() >= 3, 10'000);
    // A read that sits on the replica while it stops.
    const QString victim = monitor.route(routing::Intent::Operational).node;
    QVERIFY(victim.startsWith(QStringLiteral("replica")));
    std::optional<routing::Routed> routed;
    std::optional<db::DbError> error;
    QStringList asked;
    reader.read(
        routing::Intent::Operational,
        [&asked](const QString& node, db::EndpointRole) {
            asked.append(node);
            // Long on the first node, at once on the next.
            return asked.size() == 1 ? sql("select pg_sleep(20), 1") : sql("select 1");
        },
        this,
        [&](db::Result<routing::Routed> result) {
            if (result)
                routed = *result;
            else
                error = result.error();
        });
    QTest::qWait(300);
    QElapsedTimer timer;
    timer.start();
    m_stopped = victim;
    signalNode(victim, SIGSTOP);
    QTRY_VERIFY_WITH_TIMEOUT(routed.has_value() || error.has_value(), 8000);
    const qint64 took = timer.elapsed();
    QVERIFY2(routed.has_value(), error ? qPrintable(error->text()) : "");
    QVERIFY(routed->route.node != victim);
    QVERIFY2(took <= 2500,
             qPrintable(QStringLiteral("%1 ms").arg(took))); // two seconds, and room for a busy machine
    QVERIFY(!monitor.route(routing::Intent::Operational).node.isEmpty());
    QVERIFY(monitor.route(routing::Intent::Operational).node != victim);
    signalNode(victim, SIGCONT);
    m_stopped.clear();
    // It comes back by itself.
    const auto usable = [&] {
        for (const routing::NodeFreshness& node : monitor.nodes()) {
            if (node.node == victim)
                return node.usable;
        }
        return false;
    };
    QTRY_VERIFY_WITH_TIMEOUT(usable(), 40'000);
}

void TestRouting::aStandbyIsNoPrimary()
{
    // As after a failover: what the environment calls the primary is a standby now.
    QVERIFY(m_environment.replicas.size() >= 2);
    Environment environment = m_environment;
    environment.primary = environment.replicas.takeFirst().info;
    db::Client client;
    for (const db::Endpoint& endpoint : environment.endpointsFor(Purpose::Operator))
        client.setEndpoint(endpoint);
    lag::Monitor monitor(&client, environment);
    QSignalSpy sampled(&monitor, &lag::Monitor::sampled);
    monitor.start();
    QTRY_VERIFY_WITH_TIMEOUT(sampled.size() >= 2, 10'000);
    bool seen = false;
    for (const routing::NodeFreshness& node : monitor.nodes()) {
        if (node.role != db::EndpointRole::Primary)
            continue;
        seen = true;
        QVERIFY(!node.usable);
        QVERIFY(!node.ageSeconds.has_value());
        QVERIFY2(node.note.contains(QStringLiteral("in recovery")), qPrintable(node.note));
    }
    QVERIFY(seen);
    const routing::Route route = monitor.route(routing::Intent::Critical);
    QVERIFY(route.readOnly);
    QVERIFY(!route.met);
    QVERIFY(route.role != db::EndpointRole::Primary);
    for (const lag::StageLag& stage : monitor.stages()) {
        if (stage.stage != QLatin1String("commit"))
            continue;
        QCOMPARE(stage.state, lag::State::Unknown);
        QVERIFY2(stage.evidence.contains(QStringLiteral("in recovery")), qPrintable(stage.evidence));
    }
}

void TestRouting::readOwnWrites()
{
    lag::Monitor monitor(&m_platform.client(), m_environment);
    QSignalSpy sampled(&monitor, &lag::Monitor::sampled);
    monitor.start();
    QTRY_VERIFY_WITH_TIMEOUT(sampled.size() >= 2, 10'000);
    auto primary = m_platform.open(QStringLiteral("primary"), QStringLiteral("operator"), true);
    const QString now = primary->exec(sql("select pg_current_wal_lsn()"))->string(0, 0);
    QCOMPARE(monitor.route(routing::Intent::Operational, QStringLiteral("FFFFFFF/0")).node,
             QStringLiteral("primary"));
    QTRY_VERIFY_WITH_TIMEOUT(
        monitor.route(routing::Intent::Operational, now).node.startsWith(QStringLiteral("replica")), 10'000);
}

QTEST_GUILESS_MAIN(TestRouting)
#include "tst_routing.moc"
