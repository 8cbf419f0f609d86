// SPDX-License-Identifier: GPL-3.0-or-later
#include <QSignalSpy>
#include <QTest>

#include <memory>

#include "db/client.h"
#include "tests/db/asyncresult.h"
#include "tests/support/tcpproxy.h"
#include "tests/support/testcluster.h"

using namespace atlas;
using namespace atlas::db;
using namespace atlas::test;

class TestDbSessions : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();

    void statementsRunInOrderOnOneConnection();
    void transactionsCommitAndRollBack();
    void failedTransactionIsTheCallers();
    void timeoutInsideARolledBackTransaction();
    void readOnlyInASession();
    void streamInASession();
    void cancelStopsWhatRunsAndWhatWaits();
    void copyInAndOut();
    void copyInOfBadData();
    void copyInFailedByTheCaller();
    void copyInCancelled();
    void copyInWithoutPrivilege();
    void copyInOfNothing();
    void copyInTakesNoMoreThanItCanSend();
    void copyOutWaitsForItsReceiver();
    void copyOutCancelled();
    void writeWithoutACopy();
    void receiverGoneDuringCopyIn();
    void sessionDroppedInItsHandler();

private:
    AsyncRows run(const QByteArray& sql, const QList<Param>& params = {})
    {
        AsyncRows rows;
        m_session->query(statement(sql, params), this, rows.handler());
        rows.wait();
        return rows;
    }

    TestCluster m_cluster;
    std::unique_ptr<Client> m_client;
    std::shared_ptr<Session> m_session;
};

static const QString P = QStringLiteral("p");

void TestDbSessions::initTestCase()
{
    ATLAS_REQUIRE_CLUSTER(m_cluster);
}

void TestDbSessions::init()
{
    m_client = std::make_unique<Client>();
    Endpoint endpoint = m_cluster.endpoint(QStringLiteral("primary"), QStringLiteral("owner"), false);
    endpoint.id = P;
    m_client->setEndpoint(endpoint);
    Async<std::shared_ptr<Session>> opened;
    m_client->openSession(P, 10s, this, opened.handler());
    QVERIFY(opened.wait());
    VERIFY_OK(opened);
    m_session = opened.value();
    QCOMPARE(m_session->endpoint(), P);
    VERIFY_OK(run("create temp table t (a int primary key, b text)"));
}

void TestDbSessions::cleanup()
{
    m_session.reset();
    m_client.reset();
}

void TestDbSessions::statementsRunInOrderOnOneConnection()
{
    QList<int> order;
    QSet<qint64> pids;
    for (int i = 0; i < 50; ++i) {
        m_session->query(statement("select $1::int, pg_backend_pid()", {param(i)}), this,
                         [&](const Result<ResultSet>& rows) {
                             order += int(*rows->integer(0, 0));
                             pids += *rows->integer(0, 1);
                         });
    }
    QTRY_COMPARE(order.size(), 50);
    QVERIFY(std::is_sorted(order.begin(), order.end()));
    QCOMPARE(pids.size(), 1);
}

void TestDbSessions::transactionsCommitAndRollBack()
{
    VERIFY_OK(run("begin"));
    VERIFY_OK(run("insert into t values (1, 'one')"));
    VERIFY_OK(run("rollback"));
    QCOMPARE(run("select count(*) from t").integer(), std::optional<qint64>(0));
    VERIFY_OK(run("begin"));
    const AsyncRows inserted = run("insert into t select g, 'x' from generate_series(1, 5) g");
    VERIFY_OK(inserted);
    QCOMPARE(inserted.value().affectedRows(), 5);
    QCOMPARE(inserted.value().commandTag(), QStringLiteral("INSERT 0 5"));
    VERIFY_OK(run("commit"));
    QCOMPARE(run("select count(*) from t").integer(), std::optional<qint64>(5));
}

void TestDbSessions::failedTransactionIsTheCallers()
{
    VERIFY_OK(run("begin"));
    VERIFY_OK(run("insert into t values (1, 'one')"));
    const AsyncRows twice = run("insert into t values (1, 'again')");
    COMPARE_KIND(twice, ErrorKind::Constraint);
    QCOMPARE(twice.error().sqlState, QStringLiteral("23505"));
    const AsyncRows refused = run("select 1");
    QVERIFY(!refused.ok());
    QCOMPARE(refused.error().sqlState, QStringLiteral("25P02"));
    VERIFY_OK(run("rollback"));
    VERIFY_OK(run("select 1"));
}

void TestDbSessions::timeoutInsideARolledBackTransaction()
{
    // The setting that goes along with a statement is taken back by the rollback; the next statement must not
    // rely on it.
    const auto shown = [&](std::chrono::milliseconds deadline) {
        AsyncRows rows;
        m_session->query(statement("show statement_timeout", {}, deadline), this, rows.handler());
        rows.wait();
        return rows.ok() ? rows.value().string(0, 0) : QString::fromUtf8(rows.text());
    };
    VERIFY_OK(run("begin"));
    QCOMPARE(shown(11s), QStringLiteral("11s"));
    VERIFY_OK(run("rollback"));
    QCOMPARE(shown(30s), QStringLiteral("30s"));
    VERIFY_OK(run("begin"));
    QCOMPARE(shown(12s), QStringLiteral("12s"));
    QVERIFY(!run("select 1 / 0").ok());
    // In a failed transaction no setting is accepted: the end of it must still get through.
    AsyncRows end;
    m_session->query(statement("rollback", {}, 13s), this, end.handler());
    QVERIFY(end.wait());
    VERIFY_OK(end);
    QCOMPARE(shown(12s), QStringLiteral("12s"));
}

void TestDbSessions::readOnlyInASession()
{
    Endpoint endpoint = m_cluster.endpoint(QStringLiteral("primary"), QStringLiteral("owner"), true);
    endpoint.id = QStringLiteral("readonly");
    m_client->setEndpoint(endpoint);
    Async<std::shared_ptr<Session>> opened;
    m_client->openSession(endpoint.id, 10s, this, opened.handler());
    QVERIFY(opened.wait());
    VERIFY_OK(opened);
    m_session = opened.value();
    COMPARE_KIND(run("create table public.db_test_never (a int)"), ErrorKind::ReadOnly);
}

void TestDbSessions::streamInASession()
{
    qint64 sum = 0;
    int batches = 0;
    AsyncRows done;
    AsyncRows next;
    m_session->stream(
        statement("select g from generate_series(1, 1001) g"), 100, this,
        [&](const ResultSet& rows) {
            ++batches;
            for (int i = 0; i < rows.rowCount(); ++i)
                sum += *rows.integer(i, 0);
        },
        done.handler());
    m_session->query(statement("select 1"), this, [&](Result<ResultSet> rows) {
        QVERIFY(done.isThere());
        next.handler()(std::move(rows));
    });
    QVERIFY(next.wait());
    VERIFY_OK(done);
    QCOMPARE(batches, 11);
    QCOMPARE(sum, qint64(1001) * 1002 / 2);
}

void TestDbSessions::cancelStopsWhatRunsAndWhatWaits()
{
    AsyncRows running;
    AsyncRows waiting;
    m_session->query(statement("select pg_sleep(30)"), this, running.handler());
    m_session->query(statement("insert into t values (1, 'never')"), this, waiting.handler());
    m_session->cancel();
    QVERIFY(running.wait() && waiting.wait());
    COMPARE_KIND(running, ErrorKind::Cancelled);
    COMPARE_KIND(waiting, ErrorKind::Cancelled);
    QCOMPARE(run("select count(*) from t").integer(), std::optional<qint64>(0));
}

void TestDbSessions::copyInAndOut()
{
    AsyncRows in;
    m_session->copyIn(statement("copy t from stdin"), this, in.handler());
    QByteArray sent;
    for (int i = 0; i < 100'000; ++i) {
        const QByteArray line = QByteArray::number(i) + "\tvalue " + QByteArray::number(i * 7) + "\\\\é\n";
        sent += line;
        m_session->write(line);
    }
    m_session->finish();
    QVERIFY(in.wait());
    VERIFY_OK(in);
    QCOMPARE(in.value().affectedRows(), 100'000);
    QCOMPARE(in.value().commandTag(), QStringLiteral("COPY 100000"));

    QByteArray received;
    AsyncRows out;
    m_session->copyOut(
        statement("copy (select * from t order by a) to stdout"), this,
        [&](const QByteArray& chunk) { received += chunk; }, out.handler());
    QVERIFY(out.wait());
    VERIFY_OK(out);
    QVERIFY(received == sent);
    QCOMPARE(out.value().commandTag(), QStringLiteral("COPY 100000"));
    VERIFY_OK(run("select 1"));
}

void TestDbSessions::copyInOfBadData()
{
    AsyncRows in;
    m_session->copyIn(statement("copy t from stdin"), this, in.handler());
    m_session->write("1\tfine\nnot a number\tx\n");
    for (int i = 0; i < 1000; ++i)
        m_session->write(QByteArray::number(i + 10) + "\tmore\n");
    m_session->finish();
    QVERIFY(in.wait());
    COMPARE_KIND(in, ErrorKind::Data);
    QCOMPARE(run("select count(*) from t").integer(), std::optional<qint64>(0));
    QCOMPARE(m_session->write("too late"), 0);
}

void TestDbSessions::copyInFailedByTheCaller()
{
    AsyncRows in;
    m_session->copyIn(statement("copy t from stdin"), this, in.handler());
    m_session->write("1\tx\n");
    m_session->fail(QStringLiteral("the source broke"));
    QVERIFY(in.wait());
    COMPARE_KIND(in, ErrorKind::Cancelled);
    QVERIFY(in.error().message.contains(QLatin1String("the source broke")));
    QCOMPARE(run("select count(*) from t").integer(), std::optional<qint64>(0));
}

void TestDbSessions::copyInCancelled()
{
    AsyncRows in;
    m_session->copyIn(statement("copy t from stdin"), this, in.handler());
    m_session->write("1\tx\n");
    m_session->cancel();
    QVERIFY(in.wait());
    COMPARE_KIND(in, ErrorKind::Cancelled);
    QVERIFY(!in.error().mayStillBeRunning);
    QCOMPARE(run("select count(*) from t").integer(), std::optional<qint64>(0));
}

void TestDbSessions::copyInWithoutPrivilege()
{
    AsyncRows in;
    m_session->copyIn(statement("copy pg_authid from stdin"), this, in.handler());
    m_session->write("1\tx\n");
    m_session->finish();
    QVERIFY(in.wait());
    COMPARE_KIND(in, ErrorKind::Permission);
    VERIFY_OK(run("select 1"));
}

void TestDbSessions::copyInOfNothing()
{
    AsyncRows in;
    m_session->copyIn(statement("copy t from stdin"), this, in.handler());
    m_session->finish();
    QVERIFY(in.wait());
    VERIFY_OK(in);
    QCOMPARE(in.value().affectedRows(), 0);
}

void TestDbSessions::copyInTakesNoMoreThanItCanSend()
{
    const QString primary = QStringLiteral("primary");
    TcpProxy proxy(m_cluster.address(primary), m_cluster.port(primary));
    m_client->setEndpoint(m_cluster.endpointThrough(proxy.port(), primary, QStringLiteral("owner"), false));
    Async<std::shared_ptr<Session>> opened;
    m_client->openSession(primary, 10s, this, opened.handler());
    QVERIFY(opened.wait());
    VERIFY_OK(opened);
    m_session = opened.value();
    VERIFY_OK(run("create temp table t (a text)"));
    AsyncRows in;
    m_session->copyIn(statement("copy t from stdin", {}, 120s), this, in.handler());
    proxy.setFrozen(true);
    const QByteArray chunk = QByteArray(1023, 'x') + '\n';
    QByteArray large;
    for (int i = 0; i < 1024; ++i)
        large += chunk;
    // Nothing goes out: what is written stays counted.
    qint64 waiting = 0;
    for (int i = 0; i < 40; ++i)
        waiting = m_session->write(large);
    QVERIFY(waiting > 10 * 1024 * 1024);
    bool drained = false;
    m_session->notifyWhenBelow(1024 * 1024, this, [&] { drained = true; });
    QTest::qWait(300);
    QVERIFY(!drained);
    proxy.setFrozen(false);
    QTRY_VERIFY_WITH_TIMEOUT(drained, 60'000);
    m_session->finish();
    QVERIFY(in.wait(60s));
    VERIFY_OK(in);
    QCOMPARE(in.value().affectedRows(), 40 * 1024);
}

void TestDbSessions::copyOutWaitsForItsReceiver()
{
    bool inHandler = false;
    bool overlapped = false;
    qint64 bytes = 0;
    int chunks = 0;
    AsyncRows out;
    m_session->copyOut(
        statement("copy (select repeat('x', 99) from generate_series(1, 200000)) to stdout"), this,
        [&](const QByteArray& chunk) {
            overlapped = overlapped || inHandler;
            inHandler = true;
            if (++chunks < 5)
                QTest::qWait(20);
            bytes += chunk.size();
            inHandler = false;
        },
        out.handler());
    QVERIFY(out.wait(60s));
    VERIFY_OK(out);
    QCOMPARE(bytes, qint64(20'000'000));
    QVERIFY(!overlapped);
    QVERIFY(chunks > 10);
}

void TestDbSessions::copyOutCancelled()
{
    AsyncRows out;
    int chunks = 0;
    m_session->copyOut(
        statement("copy (select repeat('x', 1000) from generate_series(1, 1000000)) to stdout", {}, 120s),
        this,
        [&](const QByteArray&) {
            if (++chunks == 1)
                m_session->cancel();
        },
        out.handler());
    QVERIFY(out.wait());
    COMPARE_KIND(out, ErrorKind::Cancelled);
    QVERIFY(chunks <= 2);
    VERIFY_OK(run("select 1"));
}

void TestDbSessions::writeWithoutACopy()
{
    QCOMPARE(m_session->write("nowhere to go"), 0);
    m_session->finish();
    m_session->fail(QStringLiteral("x"));
    bool told = false;
    m_session->notifyWhenBelow(1, this, [&] { told = true; });
    QTRY_VERIFY(told);
    VERIFY_OK(run("select 1"));
}

void TestDbSessions::receiverGoneDuringCopyIn()
{
    int calls = 0;
    auto receiver = std::make_unique<QObject>();
    m_session->copyIn(statement("copy t from stdin"), receiver.get(),
                      [&](const Result<ResultSet>&) { ++calls; });
    m_session->write("1\tx\n");
    receiver.reset();
    // The session goes on as if the COPY had been cancelled.
    QCOMPARE(run("select count(*) from t").integer(), std::optional<qint64>(0));
    QCOMPARE(calls, 0);
}

void TestDbSessions::sessionDroppedInItsHandler()
{
    AsyncRows rows;
    m_session->query(statement("select 1"), this, [&](Result<ResultSet> result) {
        m_session.reset();
        rows.handler()(std::move(result));
    });
    QVERIFY(rows.wait());
    VERIFY_OK(rows);
    VERIFY_OK(query(*m_client, P, "select 1"));
}

QTEST_GUILESS_MAIN(TestDbSessions)
#include "tst_dbsessions.moc"
