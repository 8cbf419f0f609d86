// SPDX-License-Identifier: GPL-3.0-or-later
#include <QElapsedTimer>
#include <QSet>
#include <QSignalSpy>
#include <QTest>
#include <QThread>

#include <memory>

#include "db/client.h"
#include "tests/db/asyncresult.h"
#include "tests/support/testcluster.h"

using namespace atlas;
using namespace atlas::db;
using namespace atlas::test;

class TestDbPool : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();

    void limitIsKeptAndEverybodyServed();
    void idleConnectionIsReused();
    void growsOnlyAsNeeded();
    void waitingEndsAtTheDeadline();
    void cancelWhileWaiting();
    void sessionsCount();
    void sessionLeavesNothingBehind();
    void sessionCannotUndoReadOnly();
    void abandonedSessionIsCleanedUp();
    void sameEndpointAgainKeepsConnections();
    void replacedEndpointServesTheWaiting();
    void sessionOutlivesItsReplacedEndpoint();
    void removedEndpoint();
    void manyThreads();

private:
    Endpoint limited(int connections, const char* login = "analyst", bool readOnly = true) const
    {
        Endpoint endpoint =
            m_cluster.endpoint(QStringLiteral("primary"), QString::fromLatin1(login), readOnly);
        endpoint.id = QStringLiteral("pool");
        endpoint.maxConnections = connections;
        endpoint.info.set(QStringLiteral("application_name"), m_name);
        return endpoint;
    }
    /// As the server sees it, from another client.
    QByteArray connectionCount(const char* condition = "true") const
    {
        return "select count(*) from pg_stat_activity where application_name = " + quoteLiteral(m_name) +
               " and " + condition;
    }

    TestCluster m_cluster;
    QString m_name;
    std::unique_ptr<Client> m_client;
    std::unique_ptr<Client> m_observer;
};

static const QString P = QStringLiteral("pool");
static const QString Direct = QStringLiteral("primary");

void TestDbPool::initTestCase()
{
    ATLAS_REQUIRE_CLUSTER(m_cluster);
}

void TestDbPool::init()
{
    m_name = QStringLiteral("pool-test-%1-%2")
                 .arg(QCoreApplication::applicationPid())
                 .arg(QLatin1String(QTest::currentTestFunction()));
    m_client = std::make_unique<Client>();
    m_observer = std::make_unique<Client>();
    m_observer->setEndpoint(m_cluster.endpoint(Direct, QStringLiteral("analyst")));
}

void TestDbPool::cleanup()
{
    m_client.reset();
    // Nothing stays on the server when a client has gone.
    if (m_observer && !m_cluster.stateDirectory().isEmpty())
        QVERIFY(becomes(*m_observer, Direct, connectionCount(), 0));
    m_observer.reset();
}

void TestDbPool::limitIsKeptAndEverybodyServed()
{
    m_client->setEndpoint(limited(3));
    std::array<AsyncRows, 12> rows;
    for (AsyncRows& one : rows)
        m_client->query(P, statement("select pg_sleep(0.2), pg_backend_pid()"), this, one.handler());
    qint64 most = 0;
    while (std::any_of(rows.begin(), rows.end(), [](const AsyncRows& one) { return !one.isThere(); })) {
        const AsyncRows count = query(*m_observer, Direct, connectionCount());
        VERIFY_OK(count);
        most = std::max(most, *count.value().integer(0, 0));
    }
    QSet<qint64> pids;
    for (const AsyncRows& one : rows) {
        VERIFY_OK(one);
        pids += *one.value().integer(0, 1);
    }
    QCOMPARE(pids.size(), 3);
    QCOMPARE(most, 3);
}

void TestDbPool::idleConnectionIsReused()
{
    m_client->setEndpoint(limited(3));
    QSet<qint64> pids;
    for (int i = 0; i < 10; ++i) {
        const AsyncRows rows = query(*m_client, P, "select pg_backend_pid()");
        VERIFY_OK(rows);
        pids += *rows.value().integer(0, 0);
    }
    QCOMPARE(pids.size(), 1);
}

void TestDbPool::growsOnlyAsNeeded()
{
    m_client->setEndpoint(limited(8));
    AsyncRows a;
    AsyncRows b;
    m_client->query(P, statement("select pg_sleep(0.3)"), this, a.handler());
    m_client->query(P, statement("select pg_sleep(0.3)"), this, b.handler());
    QVERIFY(a.wait() && b.wait());
    QCOMPARE(query(*m_observer, Direct, connectionCount()).integer(), std::optional<qint64>(2));
}

void TestDbPool::waitingEndsAtTheDeadline()
{
    m_client->setEndpoint(limited(1));
    AsyncRows busy;
    AsyncRows impatient;
    m_client->query(P, statement("select pg_sleep(1.5)"), this, busy.handler());
    m_client->query(P, statement("select 1", {}, 200ms), this, impatient.handler());
    QVERIFY(impatient.wait());
    QVERIFY(!busy.isThere());
    COMPARE_KIND(impatient, ErrorKind::Deadline);
    QVERIFY(!impatient.error().mayStillBeRunning);
    QVERIFY(impatient.error().neverSent);
    QVERIFY(busy.wait());
    VERIFY_OK(busy);
    VERIFY_OK(query(*m_client, P, "select 1"));
    // The deadline of one that was sent is another matter.
    const AsyncRows slow = query(*m_client, P, statement("select pg_sleep(20)", {}, 200ms));
    COMPARE_KIND(slow, ErrorKind::Deadline);
    QVERIFY(!slow.error().neverSent);
}

void TestDbPool::cancelWhileWaiting()
{
    m_client->setEndpoint(limited(1));
    AsyncRows busy;
    AsyncRows waiting;
    AsyncRows last;
    m_client->query(P, statement("select pg_sleep(0.5)"), this, busy.handler());
    const RequestId id = m_client->query(P, statement("select 1"), this, waiting.handler());
    m_client->query(P, statement("select 2"), this, last.handler());
    m_client->cancel(id);
    QVERIFY(waiting.wait());
    COMPARE_KIND(waiting, ErrorKind::Cancelled);
    QVERIFY(!busy.isThere());
    QVERIFY(last.wait());
    VERIFY_OK(busy);
    VERIFY_OK(last);
}

void TestDbPool::sessionsCount()
{
    m_client->setEndpoint(limited(2));
    Async<std::shared_ptr<Session>> first;
    Async<std::shared_ptr<Session>> second;
    m_client->openSession(P, 10s, this, first.handler());
    m_client->openSession(P, 10s, this, second.handler());
    QVERIFY(first.wait() && second.wait());
    VERIFY_OK(first);
    VERIFY_OK(second);
    COMPARE_KIND(query(*m_client, P, statement("select 1", {}, 200ms)), ErrorKind::Deadline);
    Async<std::shared_ptr<Session>> third;
    m_client->openSession(P, 200ms, this, third.handler());
    QVERIFY(third.wait());
    COMPARE_KIND(third, ErrorKind::Deadline);
    second = {};
    VERIFY_OK(query(*m_client, P, "select 1"));
}

void TestDbPool::sessionLeavesNothingBehind()
{
    m_client->setEndpoint(limited(1, "owner", false));
    const auto use = [&](const QByteArray& sql) {
        Async<std::shared_ptr<Session>> opened;
        m_client->openSession(P, 10s, this, opened.handler());
        opened.wait();
        AsyncRows rows;
        opened.value()->query(statement(sql), this, rows.handler());
        rows.wait();
        return rows;
    };
    const AsyncRows pid = query(*m_client, P, "select pg_backend_pid()");
    VERIFY_OK(use("create temp table leftover (a int)"));
    VERIFY_OK(use("set search_path = pg_catalog"));
    VERIFY_OK(use("set default_transaction_read_only = on"));
    VERIFY_OK(use("set statement_timeout = 1"));
    VERIFY_OK(use("begin"));
    VERIFY_OK(use("prepare p as select 1"));
    VERIFY_OK(use("select pg_advisory_lock(424242)"));
    const AsyncRows after =
        query(*m_client, P,
              "select pg_backend_pid(), to_regclass('pg_temp.leftover') is null, "
              "current_setting('search_path') <> 'pg_catalog', "
              "current_setting('default_transaction_read_only'), "
              "current_setting('statement_timeout'), "
              "(select count(*) from pg_prepared_statements where name = 'p'), "
              "(select count(*) from pg_locks where locktype = 'advisory' and objid = 424242)");
    VERIFY_OK(after);
    QCOMPARE(after.value().integer(0, 0), pid.value().integer(0, 0)); // the same connection all along
    QVERIFY(after.value().boolean(0, 1));
    QVERIFY(after.value().boolean(0, 2));
    QCOMPARE(after.value().string(0, 3), QStringLiteral("off"));
    QCOMPARE(after.value().string(0, 4), QStringLiteral("30s"));
    QCOMPARE(after.value().integer(0, 5), std::optional<qint64>(0));
    QCOMPARE(after.value().integer(0, 6), std::optional<qint64>(0));
}

void TestDbPool::sessionCannotUndoReadOnly()
{
    // For itself it can, it is a default; but nobody inherits that.
    m_client->setEndpoint(limited(1));
    {
        Async<std::shared_ptr<Session>> opened;
        m_client->openSession(P, 10s, this, opened.handler());
        QVERIFY(opened.wait());
        VERIFY_OK(opened);
        AsyncRows rows;
        opened.value()->query(statement("set default_transaction_read_only = off"), this, rows.handler());
        QVERIFY(rows.wait());
        VERIFY_OK(rows);
    }
    const AsyncRows after = query(*m_client, P, "show default_transaction_read_only");
    VERIFY_OK(after);
    QCOMPARE(after.value().string(0, 0), QStringLiteral("on"));
}

void TestDbPool::abandonedSessionIsCleanedUp()
{
    m_client->setEndpoint(limited(1));
    AsyncRows running;
    AsyncRows queued;
    {
        Async<std::shared_ptr<Session>> opened;
        m_client->openSession(P, 10s, this, opened.handler());
        QVERIFY(opened.wait());
        VERIFY_OK(opened);
        opened.value()->query(statement("select pg_sleep(30)"), this, running.handler());
        opened.value()->query(statement("select 1"), this, queued.handler());
        QVERIFY(becomes(*m_observer, Direct, connectionCount("state = 'active'"), 1));
    }
    QVERIFY(running.wait() && queued.wait());
    COMPARE_KIND(running, ErrorKind::Cancelled);
    COMPARE_KIND(queued, ErrorKind::Cancelled);
    VERIFY_OK(query(*m_client, P, "select 1"));
}

void TestDbPool::sameEndpointAgainKeepsConnections()
{
    m_client->setEndpoint(limited(2));
    const AsyncRows before = query(*m_client, P, "select pg_backend_pid()");
    m_client->setEndpoint(limited(2));
    QCOMPARE(int(m_client->state(P).link), int(EndpointState::Link::Up));
    const AsyncRows after = query(*m_client, P, "select pg_backend_pid()");
    QCOMPARE(after.integer(), before.integer());
}

void TestDbPool::replacedEndpointServesTheWaiting()
{
    m_client->setEndpoint(limited(1));
    AsyncRows running;
    AsyncRows waiting;
    m_client->query(P, statement("select pg_sleep(0.5), current_user"), this, running.handler());
    m_client->query(P, statement("select current_user"), this, waiting.handler());
    QVERIFY(becomes(*m_observer, Direct, connectionCount("state = 'active'"), 1));
    m_client->setEndpoint(limited(1, "operator"));
    QVERIFY(waiting.wait());
    VERIFY_OK(waiting);
    QCOMPARE(waiting.value().string(0, 0), m_cluster.role(QStringLiteral("operator")));
    QVERIFY(running.wait());
    VERIFY_OK(running);
    QCOMPARE(running.value().string(0, 1), m_cluster.role(QStringLiteral("analyst")));
    QVERIFY(becomes(*m_observer, Direct, connectionCount(), 1)); // the old one is closed
}

void TestDbPool::sessionOutlivesItsReplacedEndpoint()
{
    m_client->setEndpoint(limited(1));
    Async<std::shared_ptr<Session>> opened;
    m_client->openSession(P, 10s, this, opened.handler());
    QVERIFY(opened.wait());
    VERIFY_OK(opened);
    const auto ask = [&] {
        AsyncRows rows;
        opened.value()->query(statement("select pg_backend_pid()"), this, rows.handler());
        rows.wait();
        return rows;
    };
    const AsyncRows pid = ask();
    VERIFY_OK(pid);
    m_client->setEndpoint(limited(1, "operator"));
    const AsyncRows after = ask();
    VERIFY_OK(after); // it goes on where it was
    QCOMPARE(after.integer(), pid.integer());
    VERIFY_OK(query(*m_client, P, "select 1"));

    // Its connection dies: nothing is left of the pool it came from, and who still holds it is told so, each
    // time.
    VERIFY_OK(query(*m_observer, Direct,
                    "select pg_terminate_backend(" + QByteArray::number(*pid.integer()) + ")"));
    QVERIFY(becomes(*m_observer, Direct, connectionCount(), 1));
    QElapsedTimer since;
    since.start();
    while (since.elapsed() < 1500) { // the emptied pool is looked for twice a second
        const AsyncRows lost = ask();
        QVERIFY(lost.isThere());
        COMPARE_KIND(lost, ErrorKind::ConnectionLost);
        QTest::qWait(20);
    }
    VERIFY_OK(query(*m_client, P, "select 1"));
}

void TestDbPool::removedEndpoint()
{
    m_client->setEndpoint(limited(1));
    AsyncRows running;
    AsyncRows waiting;
    m_client->query(P, statement("select pg_sleep(0.5)"), this, running.handler());
    m_client->query(P, statement("select 1"), this, waiting.handler());
    QVERIFY(becomes(*m_observer, Direct, connectionCount("state = 'active'"), 1));
    m_client->removeEndpoint(P);
    QVERIFY(waiting.wait());
    COMPARE_KIND(waiting, ErrorKind::Cancelled);
    QVERIFY(running.wait());
    VERIFY_OK(running);
    COMPARE_KIND(query(*m_client, P, "select 1"), ErrorKind::BadArgument);
    QVERIFY(m_client->endpoints().isEmpty());
}

void TestDbPool::manyThreads()
{
    m_client->setEndpoint(limited(4));
    constexpr int Threads = 4;
    constexpr int Each = 100;
    std::atomic<int> right{0};
    std::vector<std::unique_ptr<QThread>> threads;
    for (int t = 0; t < Threads; ++t) {
        threads.emplace_back(QThread::create([&, t] {
            QObject receiver;
            QEventLoop loop;
            int left = Each;
            for (int i = 0; i < Each; ++i) {
                const int expected = t * Each + i;
                m_client->query(P, statement("select $1::int", {param(expected)}), &receiver,
                                [&, expected](const Result<ResultSet>& rows) {
                                    right += rows && rows->integer(0, 0) == expected ? 1 : 0;
                                    if (--left == 0)
                                        loop.quit();
                                });
            }
            loop.exec();
        }));
        threads.back()->start();
    }
    for (const auto& thread : threads)
        QVERIFY(thread->wait(60'000));
    QCOMPARE(right.load(), Threads * Each);
}

QTEST_GUILESS_MAIN(TestDbPool)
#include "tst_dbpool.moc"
