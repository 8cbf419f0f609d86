// SPDX-License-Identifier: GPL-3.0-or-later
// Promotion and demotion while writers write: no difference, ever; cancel, resume, stale readers.
#include <QEventLoop>
#include <QMutex>
#include <QSignalSpy>
#include <QTest>
#include <QThread>
#include <QTimer>

#include <atomic>
#include <utility>

#include "model/catalog/catalogservice.h"
#include "model/hotset/hotset.h"
#include "tests/support/platform.h"
#include "tests/support/tcpproxy.h"

using namespace atlas;
using test::sql;

namespace {

constexpr int entities = 400;

/// One batch through ingest_commit: every entity gets new values of three attributes, one of them now and
/// then cleared.
db::Status writeBatch(db::BlockingSession& session, int tenant, int round, int writer)
{
    const QByteArray t = QByteArray::number(tenant);
    const QByteArray r = QByteArray::number(round * 10 + writer);
    const QByteArray script =
        "begin; select atlas.ingest_open();"
        "insert into pg_temp.ingest_entities select i, 'e' || i from generate_series(1, " +
        QByteArray::number(entities) + ") i where (i + " + r +
        ") % 3 <> 0;"
        "insert into pg_temp.ingest_attributes values (1, 'status', 1), (2, 'level', 2), (3, 'open', 3);"
        "insert into pg_temp.ingest_values"
        "  select e.entity_ord, a.attribute_ord, clock_timestamp() - random() * interval '2 seconds',"
        "         case a.attribute_ord when 2 then (random() * 50)::int when 3 then (random() > 0.5)::int "
        "end,"
        "         case when a.attribute_ord = 1 and random() > 0.1 then 's' || (random() * 5)::int end"
        "    from pg_temp.ingest_entities e, pg_temp.ingest_attributes a;"
        "select * from atlas.ingest_commit(" +
        t + ", gen_random_uuid(), clock_timestamp(), 'durable', 'test', 0); commit;";
    return session.execScript(script, QStringLiteral("test.batch"));
}

} // namespace

class TestHotSet : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void promoteUnderIngestHasNoDifference();
    void sameValueChangesNoDocument();
    void demoteUnderIngestLeavesNothing();
    void cancelRemovesWhatItWrote();
    void cancelWhileItBegins();
    void cancelSurvivesALostConnection_data();
    void cancelSurvivesALostConnection();
    void retainedWalHoldsItUp();
    void anotherClientGoesOn();
    void twoAtOnceAreOne();
    void staleReaderIsToldNotFooled();
    void analystsMayNot();
    void commandLinePromotesAndDemotes();
    void detailsFollowTheMeasurement();

private:
    /// Writers until stop(); every batch must succeed.
    struct Writers
    {
        Writers(test::Platform& platform, int tenant, int count);
        ~Writers();
        QString stop();
        std::atomic<bool> stopping{false};
        std::atomic<int> batches{0};
        QStringList errors;
        QMutex mutex;
        std::vector<std::unique_ptr<QThread>> threads;
    };
    hotset::Job drive(hotset::Runner& runner, const std::function<void()>& begin);
    int attributeId(const QString& name);
    qint64 differences(const QString& name);
    QString state(const QString& name);
    /// Adds the cluster's endpoints for these purposes.
    Environment use(db::Client& client, const QList<Purpose>& purposes);

    test::Platform m_platform;
    QString m_tenantName;
    int m_tenant = 0;
};

TestHotSet::Writers::Writers(test::Platform& platform, int tenant, int count)
{
    for (int writer = 0; writer < count; ++writer) {
        std::shared_ptr<db::BlockingSession> session =
            platform.open(QStringLiteral("primary"), QStringLiteral("ingest"));
        threads.emplace_back(QThread::create([this, tenant, writer, session] {
            for (int round = 0; !stopping; ++round) {
                const auto status = writeBatch(*session, tenant, round, writer);
                if (!status) {
                    const QMutexLocker locked(&mutex);
                    errors.append(status.error().text());
                    return;
                }
                ++batches;
            }
        }));
        threads.back()->start();
    }
}

QString TestHotSet::Writers::stop()
{
    stopping = true;
    for (const auto& thread : threads)
        thread->wait();
    return errors.join(QLatin1Char('\n'));
}

TestHotSet::Writers::~Writers()
{
    stop();
}

void TestHotSet::initTestCase()
{
    test::TestCluster cluster;
    ATLAS_REQUIRE_CLUSTER(cluster);
    QCOMPARE(m_platform.prepare(cluster), QString());
    m_tenantName = test::Platform::freshName(QStringLiteral("hot"));
    QCOMPARE(m_platform.import(
                 m_tenantName,
                 "{\"id\": \"e1\", \"attributes\": {\"status\": \"s1\", \"level\": 1, \"open\": true}}\n"),
             QString());
    m_tenant = m_platform.tenantId(m_tenantName);
    QVERIFY(m_tenant > 0);
    auto session = m_platform.open(QStringLiteral("primary"), QStringLiteral("ingest"));
    QVERIFY(session);
    const auto written = writeBatch(*session, m_tenant, 0, 0);
    QVERIFY2(written.ok(), written.ok() ? "" : qPrintable(written.error().text()));
    db::Endpoint admin = cluster.endpoint(QStringLiteral("primary"), QStringLiteral("admin"), false);
    admin.id = endpointId(QStringLiteral("primary"), Purpose::Admin);
    m_platform.client().setEndpoint(admin);
}

hotset::Job TestHotSet::drive(hotset::Runner& runner, const std::function<void()>& begin)
{
    QEventLoop loop;
    hotset::Job last;
    connect(&runner, &hotset::Runner::finished, &loop, [&](const hotset::Job& job) {
        last = job;
        loop.quit();
    });
    connect(&runner, &hotset::Runner::refused, &loop, [&](const db::DbError& error) {
        last.phase = QStringLiteral("refused");
        last.message = error.text();
        loop.quit();
    });
    QTimer::singleShot(60'000, &loop, &QEventLoop::quit);
    begin();
    loop.exec();
    return last;
}

int TestHotSet::attributeId(const QString& name)
{
    auto owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    return static_cast<int>(
        owner
            ->exec(sql("select attribute_id from atlas.attributes where tenant_id = $1::int and name = $2",
                       {db::param(m_tenant), db::param(name)}))
            ->integer(0, 0)
            .value_or(0));
}

QString TestHotSet::state(const QString& name)
{
    auto owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    return owner
        ->exec(sql("select state from atlas.attributes where tenant_id = $1::int and name = $2",
                   {db::param(m_tenant), db::param(name)}))
        ->string(0, 0);
}

/// Independent of the server's own verification: values and documents compared as text.
qint64 TestHotSet::differences(const QString& name)
{
    auto owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    const auto rows = owner->exec(sql(
        R"(
        select count(*) from (select entity_id, coalesce(value_text, case a.value_type when 3 then case value_num when 1 then 'true' else 'false' end
                                                                     else value_num::text end) as value
                                from atlas.attribute_values v join atlas.attributes a using (tenant_id, attribute_id)
                               where v.tenant_id = $1::int and v.attribute_id = $2::int and (value_num is not null or value_text is not null)) v
          full join (select entity_id, doc ->> $3 as value from atlas.entity_hot where tenant_id = $1::int and doc ->> $3 is not null) h using (entity_id)
         where v.value is distinct from h.value)",
        {db::param(m_tenant), db::param(attributeId(name)), db::param(QString::number(attributeId(name)))}));
    return rows.ok() ? rows->integer(0, 0).value_or(-1) : -2;
}

void TestHotSet::promoteUnderIngestHasNoDifference()
{
    Writers writers(m_platform, m_tenant, 3);
    for (const char* name : {"status", "level", "open"}) {
        hotset::Runner runner(&m_platform.client(), nullptr, m_tenant);
        const int id = attributeId(QString::fromLatin1(name));
        QVERIFY(id > 0);
        const hotset::Job job = drive(runner, [&] { runner.begin(id, hotset::Kind::Promote); });
        QVERIFY2(job.phase == QLatin1String("done"),
                 qPrintable(job.phase + QLatin1String(": ") + job.message));
        QCOMPARE(job.mismatches.value(), 0);
        QCOMPARE(state(QString::fromLatin1(name)), QStringLiteral("hot"));
        for (int look = 0; look < 5; ++look)
            QCOMPARE(differences(QString::fromLatin1(name)), 0);
    }
    QCOMPARE(writers.stop(), QString());
    QVERIFY(writers.batches > 10);
    for (const char* name : {"status", "level", "open"})
        QCOMPARE(differences(QString::fromLatin1(name)), 0);
}

/// Most observations repeat what was there: those write no row version and nothing into the index.
void TestHotSet::sameValueChangesNoDocument()
{
    auto owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    int sent = 0; // the same lines again would be the same batch
    const auto send = [&](const char* level) -> QString {
        const QString failed =
            m_platform.import(m_tenantName, QByteArray(R"({"id": "e1", "attributes": {"level": )") + level +
                                                R"(, "sent": )" + QByteArray::number(++sent) + "}}\n");
        if (!failed.isEmpty())
            return failed;
        const auto place = owner->exec(
            sql("select h.ctid::text || ' ' || (h.doc -> a.attribute_id::text) || ' ' || v.observed_at "
                "from atlas.entities e join atlas.attributes a using (tenant_id) "
                "join atlas.attribute_values v using (tenant_id, entity_id, attribute_id) "
                "join atlas.entity_hot h using (tenant_id, entity_id) "
                "where e.tenant_id = $1::int and e.external_id = 'e1' and a.name = 'level'",
                {db::param(m_tenant)}));
        return place && place->rowCount() == 1 ? place->string(0, 0) : QStringLiteral("no document");
    };
    const QStringList first = send("4711").split(u' ');
    QCOMPARE(first.value(1), QStringLiteral("4711"));
    const QStringList again = send("4711").split(u' ');
    QCOMPARE(again.mid(0, 2), first.mid(0, 2));
    QVERIFY(again.mid(2) != first.mid(2)); // it has arrived
    const QStringList other = send("4712").split(u' ');
    QCOMPARE(other.value(1), QStringLiteral("4712"));
    QVERIFY(other.value(0) != first.value(0));
    QCOMPARE(differences(QStringLiteral("level")), 0);
}

void TestHotSet::demoteUnderIngestLeavesNothing()
{
    Writers writers(m_platform, m_tenant, 2);
    hotset::Runner runner(&m_platform.client(), nullptr, m_tenant);
    const int id = attributeId(QStringLiteral("status"));
    const hotset::Job job = drive(runner, [&] { runner.begin(id, hotset::Kind::Demote); });
    QVERIFY2(job.phase == QLatin1String("done"), qPrintable(job.message));
    QCOMPARE(state(QStringLiteral("status")), QStringLiteral("cold"));
    QCOMPARE(writers.stop(), QString());
    auto owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    const auto left =
        owner->exec(sql("select count(*) from atlas.entity_hot where tenant_id = $1::int and doc ? $2",
                        {db::param(m_tenant), db::param(QString::number(id))}));
    QCOMPARE(left->integer(0, 0).value(), 0);
    QCOMPARE(differences(QStringLiteral("level")), 0); // the others stay
}

void TestHotSet::cancelRemovesWhatItWrote()
{
    hotset::Runner runner(&m_platform.client(), nullptr, m_tenant);
    const int id = attributeId(QStringLiteral("status"));
    connect(&runner, &hotset::Runner::progressed, &runner, [&runner](const hotset::Job& job) {
        if (job.kind == hotset::Kind::Promote && job.phase != QLatin1String("drain"))
            runner.cancel();
    });
    const hotset::Job job = drive(runner, [&] { runner.begin(id, hotset::Kind::Promote); });
    // It may have been done before the cancel arrived; then there is nothing to cancel.
    if (job.kind == hotset::Kind::Promote) {
        QCOMPARE(state(QStringLiteral("status")), QStringLiteral("hot"));
        hotset::Runner undo(&m_platform.client(), nullptr, m_tenant);
        QCOMPARE(drive(undo, [&] { undo.begin(id, hotset::Kind::Demote); }).phase, QStringLiteral("done"));
    }
    QCOMPARE(state(QStringLiteral("status")), QStringLiteral("cold"));
    auto owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    QCOMPARE(owner
                 ->exec(sql("select count(*) from atlas.entity_hot where tenant_id = $1::int and doc ? $2",
                            {db::param(m_tenant), db::param(QString::number(id))}))
                 ->integer(0, 0)
                 .value(),
             0);
}

void TestHotSet::cancelWhileItBegins()
{
    const int id = attributeId(QStringLiteral("status"));
    QCOMPARE(state(QStringLiteral("status")), QStringLiteral("cold"));
    // hot_set_begin waits for this row, and with it the answer that says which job it is.
    auto blocker = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    QVERIFY(blocker);
    const QByteArray lock =
        "begin; select from atlas.attributes where tenant_id = " + QByteArray::number(m_tenant) +
        " and attribute_id = " + QByteArray::number(id) + " for update";
    const auto locked = blocker->execScript(lock, QStringLiteral("test.lock"));
    QVERIFY2(locked.ok(), locked.ok() ? "" : qPrintable(locked.error().text()));
    hotset::Runner runner(&m_platform.client(), nullptr, m_tenant);
    QTimer::singleShot(500, &runner, [&] {
        const auto released = blocker->execScript("commit", QStringLiteral("test.release"));
        QVERIFY2(released.ok(), released.ok() ? "" : qPrintable(released.error().text()));
    });
    const hotset::Job job = drive(runner, [&] {
        runner.begin(id, hotset::Kind::Promote);
        runner.cancel();
    });
    QVERIFY2(job.phase == QLatin1String("done"), qPrintable(job.phase + QLatin1String(": ") + job.message));
    QCOMPARE(job.kind, hotset::Kind::Demote); // the job that removes what was written
    QCOMPARE(state(QStringLiteral("status")), QStringLiteral("cold"));
    auto admin = m_platform.open(QStringLiteral("primary"), QStringLiteral("admin"));
    const auto jobs = admin->exec(hotset::Runner::jobsStatement(m_tenant));
    QVERIFY(jobs.ok());
    const auto removal = hotset::Job::fromRow(*jobs, 0);
    const auto promotion = hotset::Job::fromRow(*jobs, 1);
    QVERIFY(removal.ok() && promotion.ok());
    QCOMPARE(removal->id, job.id);
    QCOMPARE(promotion->attributeId, id);
    QCOMPARE(promotion->kind, hotset::Kind::Promote);
    QCOMPARE(promotion->phase, QStringLiteral("cancelled"));
}

Environment TestHotSet::use(db::Client& client, const QList<Purpose>& purposes)
{
    const auto environment =
        Environment::fromFile(m_platform.cluster().stateDirectory() + QStringLiteral("/environment.json"));
    if (!environment)
        return {};
    for (const Purpose purpose : purposes) {
        for (const db::Endpoint& endpoint : environment->endpointsFor(purpose))
            client.setEndpoint(endpoint);
    }
    return *environment;
}

void TestHotSet::cancelSurvivesALostConnection_data()
{
    QTest::addColumn<bool>("arrived");
    QTest::newRow("the cancel does not arrive") << false;
    QTest::newRow("the cancel arrives and its answer does not") << true;
}

void TestHotSet::cancelSurvivesALostConnection()
{
    QFETCH(bool, arrived);
    const QString primary = QStringLiteral("primary");
    const QString admin = QStringLiteral("admin");
    const int id = attributeId(QStringLiteral("status"));
    QCOMPARE(state(QStringLiteral("status")), QStringLiteral("cold"));
    test::TcpProxy link(m_platform.cluster().address(primary), m_platform.cluster().port(primary));
    db::Endpoint endpoint = m_platform.cluster().endpointThrough(link.port(), primary, admin, false);
    endpoint.id = endpointId(primary, Purpose::Admin);
    db::Client client;
    client.setEndpoint(endpoint);
    hotset::Runner runner(&client, nullptr, m_tenant);
    bool cut = false;
    connect(&runner, &hotset::Runner::progressed, &runner, [&](const hotset::Job& job) {
        if (cut || job.phase != QLatin1String("fill"))
            return;
        cut = true;
        link.setRefusing(true);
        link.cutAll();
        runner.cancel();
    });
    bool mended = false;
    connect(&runner, &hotset::Runner::troubled, &runner, [&] {
        if (std::exchange(mended, true))
            return;
        if (arrived) {
            auto session = m_platform.open(primary, admin);
            QVERIFY(session);
            const auto done = session->exec(sql("select atlas.hot_set_cancel($1::int, $2::bigint)",
                                                {db::param(m_tenant), db::param(runner.job().id)}));
            QVERIFY2(done.ok(), done.ok() ? "" : qPrintable(done.error().text()));
        }
        link.setRefusing(false);
    });
    const hotset::Job job = drive(runner, [&] { runner.begin(id, hotset::Kind::Promote); });
    QVERIFY(cut && mended);
    QVERIFY2(job.phase == QLatin1String("done"), qPrintable(job.phase + QLatin1String(": ") + job.message));
    QCOMPARE(job.kind, hotset::Kind::Demote); // the job that removes what was written
    QCOMPARE(state(QStringLiteral("status")), QStringLiteral("cold"));
}

void TestHotSet::retainedWalHoldsItUp()
{
    db::Client client;
    const Environment environment = use(client, {Purpose::Operator, Purpose::Admin});
    lag::Monitor monitor(&client, environment);
    QSignalSpy sampled(&monitor, &lag::Monitor::sampled);
    monitor.start();
    QTRY_VERIFY_WITH_TIMEOUT(!sampled.empty(), 10'000);
    hotset::Runner runner(&client, &monitor, m_tenant);
    hotset::Limits none;
    none.slotRetainedBytes = 0; // a logical slot keeps some, however current its consumer is
    runner.setLimits(none);
    QStringList reasons;
    connect(&runner, &hotset::Runner::throttled, &runner, [&](const QString& reason) {
        reasons.append(reason);
        runner.setLimits(hotset::Limits());
    });
    const int id = attributeId(QStringLiteral("status"));
    const hotset::Job job = drive(runner, [&] { runner.begin(id, hotset::Kind::Promote); });
    QVERIFY2(job.phase == QLatin1String("done"), qPrintable(job.phase + QLatin1String(": ") + job.message));
    QVERIFY2(!reasons.isEmpty() && reasons.first().contains(QLatin1String("holds back")),
             qPrintable(reasons.join(QLatin1Char(';'))));
    QCOMPARE(drive(runner, [&] { runner.begin(id, hotset::Kind::Demote); }).phase, QStringLiteral("done"));
}

void TestHotSet::anotherClientGoesOn()
{
    const int id = attributeId(QStringLiteral("status"));
    qint64 jobId = 0;
    {
        // A client that begins, does two steps of few rows, and is never seen again.
        auto admin = m_platform.open(QStringLiteral("primary"), QStringLiteral("admin"));
        jobId = admin
                    ->exec(sql("select atlas.hot_set_begin($1::int, $2::int, 'promote')",
                               {db::param(m_tenant), db::param(id)}))
                    ->integer(0, 0)
                    .value();
        for (int step = 0; step < 4; ++step)
            QVERIFY(admin
                        ->exec(sql("select * from atlas.hot_set_step($1::int, $2::bigint, 7)",
                                   {db::param(m_tenant), db::param(jobId)}))
                        .ok());
    }
    QCOMPARE(state(QStringLiteral("status")), QStringLiteral("warming"));
    auto admin = m_platform.open(QStringLiteral("primary"), QStringLiteral("admin"));
    const auto jobs = admin->exec(hotset::Runner::jobsStatement(m_tenant));
    QVERIFY(jobs.ok());
    const auto unfinished = hotset::Job::fromRow(*jobs, 0);
    QVERIFY(unfinished.ok());
    QCOMPARE(unfinished->id, jobId);
    QVERIFY(!unfinished->isOver());
    QVERIFY(unfinished->rowsDone > 0);
    hotset::Runner runner(&m_platform.client(), nullptr, m_tenant);
    const hotset::Job job = drive(runner, [&] { runner.resume(*unfinished); });
    QVERIFY2(job.phase == QLatin1String("done"), qPrintable(job.message));
    QCOMPARE(job.id, jobId);
    QCOMPARE(differences(QStringLiteral("status")), 0);
}

void TestHotSet::twoAtOnceAreOne()
{
    const int id = attributeId(QStringLiteral("level"));
    auto admin = m_platform.open(QStringLiteral("primary"), QStringLiteral("admin"));
    auto other = m_platform.open(QStringLiteral("primary"), QStringLiteral("admin"));
    const auto begin =
        sql("select atlas.hot_set_begin($1::int, $2::int, 'demote')", {db::param(m_tenant), db::param(id)});
    const auto first = admin->exec(begin);
    const auto second = other->exec(begin);
    QVERIFY(first.ok() && second.ok());
    QCOMPARE(second->integer(0, 0), first->integer(0, 0));
    const auto opposite = other->exec(
        sql("select atlas.hot_set_begin($1::int, $2::int, 'promote')", {db::param(m_tenant), db::param(id)}));
    QVERIFY(!opposite.ok());
    QCOMPARE(opposite.error().sqlState, QStringLiteral("55006"));
    hotset::Runner runner(&m_platform.client(), nullptr, m_tenant);
    QCOMPARE(drive(runner, [&] { runner.begin(id, hotset::Kind::Demote); }).phase, QStringLiteral("done"));
}

void TestHotSet::staleReaderIsToldNotFooled()
{
    const int id = attributeId(QStringLiteral("level"));
    QCOMPARE(state(QStringLiteral("level")), QStringLiteral("cold"));
    auto analyst = m_platform.open(QStringLiteral("primary"), QStringLiteral("analyst"), true);
    const auto refused =
        analyst->exec(sql("select count(*) from atlas.hot_match($1::int, array[$2::int], '{}')",
                          {db::param(m_tenant), db::param(id)}));
    QVERIFY(!refused.ok());
    QCOMPARE(refused.error().sqlState, QStringLiteral("AT001"));
}

void TestHotSet::analystsMayNot()
{
    auto analyst = m_platform.open(QStringLiteral("primary"), QStringLiteral("analyst"), false);
    const auto refused =
        analyst->exec(sql("select atlas.hot_set_begin($1::int, $2::int, 'promote')",
                          {db::param(m_tenant), db::param(attributeId(QStringLiteral("level")))}));
    QVERIFY(!refused.ok());
    QCOMPARE(refused.error().sqlState, QStringLiteral("42501"));
    QCOMPARE(state(QStringLiteral("level")), QStringLiteral("cold"));
}

void TestHotSet::commandLinePromotesAndDemotes()
{
    const QStringList rest{QStringLiteral("--tenant"), m_tenantName, QStringLiteral("level")};
    test::Ran ran = m_platform.ctl(QStringList{QStringLiteral("promote")} + rest);
    QVERIFY2(ran.status == 0, ran.err.constData());
    QVERIFY(ran.err.contains("no difference"));
    QCOMPARE(state(QStringLiteral("level")), QStringLiteral("hot"));
    ran = m_platform.ctl(QStringList{QStringLiteral("promote")} + rest);
    QCOMPARE(ran.status, 0);
    QVERIFY(ran.err.contains("hot already"));
    ran = m_platform.ctl(QStringList{QStringLiteral("demote")} + rest);
    QVERIFY2(ran.status == 0, ran.err.constData());
    QCOMPARE(state(QStringLiteral("level")), QStringLiteral("cold"));
    ran = m_platform.ctl({QStringLiteral("promote"), QStringLiteral("--tenant"), m_tenantName,
                          QStringLiteral("no such thing")});
    QCOMPARE(ran.status, 1);
    ran = m_platform.ctl({QStringLiteral("promote"), QStringLiteral("level")});
    QCOMPARE(ran.status, 2);
}

void TestHotSet::detailsFollowTheMeasurement()
{
    const int id = attributeId(QStringLiteral("status"));
    auto owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    const auto measure = sql("select atlas.refresh_attribute_stats($1::int)", {db::param(m_tenant)});
    QVERIFY(owner->exec(measure).ok());
    QVERIFY(m_platform.waitForEveryNode());
    db::Client client;
    const Environment environment = use(client, {Purpose::Analyst, Purpose::Operator});
    lag::Monitor monitor(&client, environment);
    QSignalSpy sampled(&monitor, &lag::Monitor::sampled);
    monitor.start();
    QTRY_VERIFY_WITH_TIMEOUT(!sampled.empty(), 10'000);
    routing::Reader reader(&client, &monitor);
    CatalogService service(&reader, m_tenant);
    QSignalSpy changed(&service, &CatalogService::changed);
    service.reload();
    QTRY_COMPARE(changed.size(), 1);
    bool fetched = false;
    service.ensureDetails({id}, this, [&] { fetched = true; });
    QTRY_VERIFY(fetched);
    QVERIFY(service.catalog().detail(id));
    // Nothing was measured since: what is known stays.
    service.reload();
    QTRY_COMPARE(changed.size(), 2);
    QVERIFY(service.catalog().detail(id));
    // Measured again: what was known is old.
    QVERIFY(owner->exec(measure).ok());
    service.reload(routing::Intent::Critical);
    QTRY_COMPARE(changed.size(), 3);
    QVERIFY(!service.catalog().detail(id));
    fetched = false;
    service.ensureDetails({id}, this, [&] { fetched = true; });
    QTRY_VERIFY(fetched);
    QVERIFY(service.catalog().detail(id));
}

QTEST_GUILESS_MAIN(TestHotSet)
#include "tst_hotset.moc"
