// SPDX-License-Identifier: GPL-3.0-or-later
// atlasctl load, collect and agent as people call them. The load is small; its speed is measured in
// tests/bench.
#include <QElapsedTimer>
#include <QProcess>
#include <QTest>

#include <csignal>

#include "model/ingest/platform/load.h"
#include "tests/support/platform.h"

using namespace atlas;
using test::sql;

namespace {

const QStringList loadWords{QStringLiteral("load"), QStringLiteral("--entities"),
                            QStringLiteral("3000"), QStringLiteral("--attributes"),
                            QStringLiteral("600"),  QStringLiteral("--seed"),
                            QStringLiteral("7")};

} // namespace

class TestLoad : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void interruptedLoadGoesOn();
    void loadedAgainChangesNothing();
    void otherOptionsAreNotLoaded();
    void rateGoesOnWithTelemetry();
    void telemetryReachesTheLedger();
    void collectSeesThisMachine();
    void agentBeatsAloneAndStopsAtOnce();
    void agentOutlivesTheServer();

private:
    std::unique_ptr<QProcess> start(const QStringList& words);
    int stop(QProcess& process, qint64* milliseconds = nullptr);
    QString ask(const QByteArray& query);
    bool cluster(const QStringList& words);
    test::Platform m_platform;
    QString m_skip;
};

void TestLoad::initTestCase()
{
    test::TestCluster cluster;
    ATLAS_REQUIRE_CLUSTER(cluster);
    QCOMPARE(m_platform.prepare(cluster), QString());
    const test::Ran status = m_platform.ctl(loadWords + QStringList{QStringLiteral("--status")});
    if (status.err.contains("other options"))
        m_skip = QStringLiteral("another synthetic platform is loaded on this cluster");
}

std::unique_ptr<QProcess> TestLoad::start(const QStringList& words)
{
    auto process = std::make_unique<QProcess>();
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("ATLAS_LOCAL_ENVIRONMENT"),
                       m_platform.cluster().stateDirectory() + QStringLiteral("/environment.json"));
    environment.insert(QStringLiteral("ATLAS_ENVIRONMENT"), QStringLiteral("local"));
    process->setProcessEnvironment(environment);
    process->setProcessChannelMode(QProcess::MergedChannels);
    process->start(qEnvironmentVariable("ATLAS_CTL"), words);
    return process->waitForStarted(10'000) ? std::move(process) : nullptr;
}

int TestLoad::stop(QProcess& process, qint64* milliseconds)
{
    QElapsedTimer timer;
    timer.start();
    ::kill(static_cast<pid_t>(process.processId()), SIGTERM);
    if (!process.waitForFinished(30'000))
        return -1;
    if (milliseconds)
        *milliseconds = timer.elapsed();
    return process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -2;
}

QString TestLoad::ask(const QByteArray& query)
{
    auto session = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    if (!session)
        return QStringLiteral("no session");
    const auto rows = session->exec(sql(query));
    return rows ? rows->string(0, 0) : rows.error().text();
}

bool TestLoad::cluster(const QStringList& words)
{
    return QProcess::execute(qEnvironmentVariable("ATLAS_TEST_CLUSTER_SCRIPT",
                                                  QStringLiteral(ATLAS_SOURCE_DIR "/infra/local/cluster.sh")),
                             QStringList{QStringLiteral("--state"), m_platform.cluster().stateDirectory()} +
                                 words) == 0;
}

void TestLoad::interruptedLoadGoesOn()
{
    if (!m_skip.isEmpty())
        QSKIP(qPrintable(m_skip));
    const test::Ran before = m_platform.ctl(loadWords + QStringList{QStringLiteral("--status")});
    if (before.status == 1) {
        auto process = start(loadWords + QStringList{QStringLiteral("--writers"), QStringLiteral("1")});
        QVERIFY(process);
        const QByteArray batches = "select count(*) from atlas.ingest_batches where source = 'load'";
        QTRY_VERIFY_WITH_TIMEOUT(ask(batches).toInt() >= 3, 60'000);
        const int ended = stop(*process);
        QVERIFY2(ended == 130 || ended == 0, process->readAll().constData());
    }
    const test::Ran ran = m_platform.ctl(loadWords, {}, 300'000);
    QVERIFY2(ran.status == 0, ran.err.constData());

    // Whatever was interrupted: the same rows as the generator makes in one go.
    ingest::PlatformOptions options;
    options.entities = 3000;
    options.attributes = 600;
    options.seed = 7;
    options.baseTime = 1;
    const ingest::Platform platform(options);
    qint64 values = 0;
    for (const ingest::LoadItem& item : ingest::loadPlan(platform)) {
        if (item.stage != ingest::LoadItem::Stage::Entities)
            continue;
        ingest::Batch batch(1, "test");
        ingest::fillLoadBatch(platform, item, batch);
        values += batch.rows();
    }
    const QByteArray names =
        "('Northwind Fleet', 'Helios Wind', 'Polar Chain', 'Blue Meter', 'Basement Lab')";
    QCOMPARE(
        ask("select count(*) from atlas.entities join atlas.tenants t using (tenant_id) where t.name in " +
            names),
        QStringLiteral("3000"));
    QCOMPARE(ask("select sum(changed) from atlas.ingest_batches join atlas.tenants t using (tenant_id) where "
                 "source = 'load' and t.name in " +
                 names)
                 .toLongLong(),
             values);
    QCOMPARE(ask("select count(distinct (tenant_id, batch_id)) - count(*) from atlas.ingest_batches where "
                 "source = 'load'"),
             QStringLiteral("0"));
    QVERIFY(ask("select count(*) from atlas.attribute_stats where entities_with > 0").toInt() >= 600);
    QVERIFY(ask("select count(*) from atlas.attributes where unit = '°C'").toInt() >= 3);
}

void TestLoad::loadedAgainChangesNothing()
{
    if (!m_skip.isEmpty())
        QSKIP(qPrintable(m_skip));
    const QString before = ask("select count(*) from atlas.ingest_batches where source = 'load'");
    const test::Ran again = m_platform.ctl(loadWords);
    QCOMPARE(again.status, 0);
    QVERIFY2(again.err.contains("already loaded"), again.err.constData());
    QCOMPARE(m_platform.ctl(loadWords + QStringList{QStringLiteral("--status")}).status, 0);
    QCOMPARE(ask("select count(*) from atlas.ingest_batches where source = 'load'"), before);
}

void TestLoad::otherOptionsAreNotLoaded()
{
    if (!m_skip.isEmpty())
        QSKIP(qPrintable(m_skip));
    const QString before = ask("select count(*) from atlas.ingest_batches where source = 'load'");
    const QStringList otherSeed = loadWords.mid(0, loadWords.size() - 1) + QStringList{QStringLiteral("8")};
    // Fewer would be there, and they are others all the same.
    const QStringList fewer{QStringLiteral("load"), QStringLiteral("--entities"),
                            QStringLiteral("1000"), QStringLiteral("--attributes"),
                            QStringLiteral("600"),  QStringLiteral("--seed"),
                            QStringLiteral("7")};
    for (const QStringList& words : {otherSeed, fewer}) {
        for (const QStringList& more : {QStringList(), QStringList{QStringLiteral("--status")},
                                        QStringList{QStringLiteral("--rate"), QStringLiteral("10")}}) {
            const test::Ran ran = m_platform.ctl(words + more);
            QVERIFY2(ran.status == 1 && ran.err.contains("other options"), ran.err.constData());
        }
    }
    QCOMPARE(ask("select count(*) from atlas.ingest_batches where source = 'load'"), before);
}

void TestLoad::rateGoesOnWithTelemetry()
{
    if (!m_skip.isEmpty())
        QSKIP(qPrintable(m_skip));
    const QByteArray sent =
        "select coalesce(sum(rows), 0) from atlas.ingest_batches where source = 'telemetry'";
    const qint64 before = ask(sent).toLongLong();
    auto process = start(loadWords + QStringList{QStringLiteral("--rate"), QStringLiteral("500")});
    QVERIFY(process);
    QTRY_VERIFY_WITH_TIMEOUT(ask(sent).toLongLong() >= before + 500, 60'000);
    const int ended = stop(*process);
    const QByteArray said = process->readAll();
    QVERIFY2(ended == 0, said.constData());
    QVERIFY2(said.contains("already loaded") && said.contains("sending 500 events"), said.constData());
}

void TestLoad::telemetryReachesTheLedger()
{
    auto process = start({QStringLiteral("load"), QStringLiteral("--telemetry"), QStringLiteral("--rate"),
                          QStringLiteral("500")});
    QVERIFY(process);
    QTRY_VERIFY_WITH_TIMEOUT(ask("select coalesce(sum(rows), 0) from atlas.ingest_batches where source = "
                                 "'telemetry' and committed_at > now() - interval '1 minute'")
                                     .toLongLong() >= 1000,
                             60'000);
    qint64 took = 0;
    const int ended = stop(*process, &took);
    QVERIFY2(ended == 0, process->readAll().constData());
    QCOMPARE(ask("select count(*) from atlas.ingest_batches where source = 'telemetry' and rejected > 0"),
             QStringLiteral("0"));
}

void TestLoad::collectSeesThisMachine()
{
    const test::Ran ran = m_platform.ctl({QStringLiteral("collect"), QStringLiteral("--once"),
                                          QStringLiteral("--interval"), QStringLiteral("300ms")});
    QVERIFY2(ran.status == 0, ran.err.constData());
    const QByteArray mine =
        " from atlas.entities e join atlas.tenants t using (tenant_id) where t.name = 'This machine'";
    QCOMPARE(ask("select count(*)" + mine + " and entity_type = 'host'"), QStringLiteral("1"));
    QVERIFY(ask("select count(*)" + mine + " and entity_type = 'process'").toInt() >= 1);
    QVERIFY(ask("select count(*) from atlas.attributes a join atlas.tenants t using (tenant_id) where t.name "
                "= 'This machine'")
                .toInt() >= 50);
    QCOMPARE(m_platform.ctl({QStringLiteral("collect"), QStringLiteral("--interval"), QStringLiteral("fast")})
                 .status,
             2);
}

void TestLoad::agentBeatsAloneAndStopsAtOnce()
{
    const qint64 seq = ask("select seq from atlas.heartbeat").toLongLong();
    auto agent = start({QStringLiteral("agent")});
    QVERIFY(agent);
    QTRY_VERIFY_WITH_TIMEOUT(ask("select seq from atlas.heartbeat").toLongLong() >= seq + 3, 20'000);
    const test::Ran second = m_platform.ctl({QStringLiteral("agent")});
    QCOMPARE(second.status, 1);
    QVERIFY2(second.err.contains("another agent"), second.err.constData());
    // Staged rows do not wait.
    QVERIFY(m_platform
                .ctl({QStringLiteral("collect"), QStringLiteral("--once"), QStringLiteral("--interval"),
                      QStringLiteral("100ms"), QStringLiteral("--door"), QStringLiteral("fast")})
                .status == 0);
    QTRY_VERIFY_WITH_TIMEOUT(ask("select count(*) from atlas.ingest_staging") == QLatin1String("0"), 10'000);
    QTRY_VERIFY_WITH_TIMEOUT(
        ask("select count(*) from atlas.stage_lag_samples where measured_at > now() - interval '20 seconds'")
                .toInt() > 0,
        20'000);
    qint64 took = 0;
    const int ended = stop(*agent, &took);
    QVERIFY2(ended == 0, agent->readAll().constData());
    QVERIFY2(took < 5'000, qPrintable(QString::number(took))); // a second on a quiet machine
    // The lock went with it.
    auto next = start({QStringLiteral("agent")});
    QVERIFY(next);
    const qint64 now = ask("select seq from atlas.heartbeat").toLongLong();
    QTRY_VERIFY_WITH_TIMEOUT(ask("select seq from atlas.heartbeat").toLongLong() >= now + 2, 20'000);
    QCOMPARE(stop(*next), 0);
}

void TestLoad::agentOutlivesTheServer()
{
    auto agent = start({QStringLiteral("agent")});
    QVERIFY(agent);
    const qint64 seq = ask("select seq from atlas.heartbeat").toLongLong();
    QTRY_VERIFY_WITH_TIMEOUT(ask("select seq from atlas.heartbeat").toLongLong() >= seq + 2, 20'000);
    QVERIFY(cluster({QStringLiteral("kill"), QStringLiteral("primary")}));
    QVERIFY(cluster({QStringLiteral("start"), QStringLiteral("primary")}));
    qint64 after = 0;
    QTRY_VERIFY_WITH_TIMEOUT((after = ask("select seq from atlas.heartbeat").toLongLong()) > 0, 60'000);
    QTRY_VERIFY_WITH_TIMEOUT(ask("select seq from atlas.heartbeat").toLongLong() >= after + 3, 60'000);
    const int ended = stop(*agent);
    const QByteArray said = agent->readAll();
    QVERIFY2(ended == 0, said.constData());
    QCOMPARE(said.count("heartbeat: goes on"), 1);
}

QTEST_GUILESS_MAIN(TestLoad)
#include "tst_load.moc"
