// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include <atomic>
#include <memory>
#include <thread>

#include "db/blocking.h"
#include "tests/db/asyncresult.h"
#include "tests/support/testcluster.h"

using namespace atlas;
using namespace atlas::db;
using namespace atlas::test;

/// Waiting calls, mostly from plain threads without an event loop.
class TestDbBlocking : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();

    void openFails();
    void statementsAndErrors();
    void scripts();
    void scriptIsOneTransaction();
    void streams();
    void copies();
    void copyInStopsAtTheServersError();
    void cancelFromAnotherThread();
    void deadline();
    void manyThreadsWithoutAnEventLoop();

private:
    TestCluster m_cluster;
    std::unique_ptr<Client> m_client;
};

static const QString P = QStringLiteral("p");

void TestDbBlocking::initTestCase()
{
    ATLAS_REQUIRE_CLUSTER(m_cluster);
}

void TestDbBlocking::init()
{
    m_client = std::make_unique<Client>();
    Endpoint endpoint = m_cluster.endpoint(QStringLiteral("primary"), QStringLiteral("owner"), false);
    endpoint.id = P;
    endpoint.maxConnections = 8;
    m_client->setEndpoint(endpoint);
}

void TestDbBlocking::cleanup()
{
    m_client.reset();
}

static QByteArray textOf(const DbError& error)
{
    return error.text().toUtf8();
}

#define OPEN(session)                                                                                        \
    auto session##Result = BlockingSession::open(*m_client, P);                                              \
    QVERIFY2(session##Result.ok(), session##Result.ok() ? "" : textOf(session##Result.error()).constData()); \
    BlockingSession& session = **session##Result

void TestDbBlocking::openFails()
{
    const auto unknown = BlockingSession::open(*m_client, QStringLiteral("nowhere"));
    QVERIFY(!unknown.ok());
    QCOMPARE(unknown.error().kind, ErrorKind::BadArgument);
    Endpoint dead = m_cluster.endpoint(QStringLiteral("primary"), QStringLiteral("owner"));
    dead.id = QStringLiteral("dead");
    dead.info.set(QStringLiteral("port"), QStringLiteral("1"));
    m_client->setEndpoint(dead);
    const auto refused = BlockingSession::open(*m_client, dead.id);
    QVERIFY(!refused.ok());
    QCOMPARE(refused.error().kind, ErrorKind::Refused);
}

void TestDbBlocking::statementsAndErrors()
{
    OPEN(session);
    const auto rows = session.exec(statement("select $1::int + 1", {param(41)}));
    QVERIFY(rows.ok());
    QCOMPARE(rows->integer(0, 0), std::optional<qint64>(42));
    const auto error = session.exec(statement("select 1 / 0"));
    QVERIFY(!error.ok());
    QCOMPARE(error.error().kind, ErrorKind::Data);
    QVERIFY(session.exec(statement("begin")).ok());
    QVERIFY(session.exec(statement("create temp table t (a int) on commit drop")).ok());
    QVERIFY(session.exec(statement("commit")).ok());
}

void TestDbBlocking::scripts()
{
    OPEN(session);
    const Status status = session.execScript("create temp table t (a int);\n"
                                             "insert into t values (1), (2);\n"
                                             "select * from t;\n"
                                             "do $$begin insert into t values (3); end$$;",
                                             QStringLiteral("test.script"));
    QVERIFY2(status.ok(), status.ok() ? "" : textOf(status.error()).constData());
    QCOMPARE(session.exec(statement("select count(*) from t"))->integer(0, 0), std::optional<qint64>(3));
    const Status wrong = session.execScript("select 1; selec 2; select 3", QStringLiteral("test.script"));
    QVERIFY(!wrong.ok());
    QCOMPARE(wrong.error().kind, ErrorKind::Syntax);
    QVERIFY(session.execScript("", QStringLiteral("test.script")).ok());
}

void TestDbBlocking::scriptIsOneTransaction()
{
    OPEN(session);
    QVERIFY(session.exec(statement("create temp table t (a int)")).ok());
    QVERIFY(!session
                 .execScript("insert into t values (1); select 1 / 0; insert into t values (2)",
                             QStringLiteral("test"))
                 .ok());
    QCOMPARE(session.exec(statement("select count(*) from t"))->integer(0, 0), std::optional<qint64>(0));
}

void TestDbBlocking::streams()
{
    OPEN(session);
    qint64 sum = 0;
    int batches = 0;
    const Status status = session.stream(statement("select g from generate_series(1, 10000) g"), 999,
                                         [&](const ResultSet& rows) {
                                             ++batches;
                                             for (int i = 0; i < rows.rowCount(); ++i)
                                                 sum += *rows.integer(i, 0);
                                         });
    QVERIFY(status.ok());
    QCOMPARE(sum, qint64(10000) * 10001 / 2);
    QCOMPARE(batches, 11);
    const Status wrong = session.stream(statement("select 1 / (g - 5000) from generate_series(1, 10000) g"),
                                        10, [](const ResultSet&) {});
    QVERIFY(!wrong.ok());
    QCOMPARE(wrong.error().kind, ErrorKind::Data);
}

void TestDbBlocking::copies()
{
    OPEN(session);
    QVERIFY(session.exec(statement("create temp table t (a int, b text)")).ok());
    constexpr int Lines = 200'000; // some 20 MB: more than may be unsent at a time
    const QByteArray filler(90, 'x');
    int line = 0;
    const auto in = session.copyIn(statement("copy t from stdin", {}, 120s), [&] {
        QByteArray chunk;
        while (line < Lines && chunk.size() < 100'000) {
            chunk += QByteArray::number(line) + '\t' + filler + '\n';
            ++line;
        }
        return chunk;
    });
    QVERIFY2(in.ok(), in.ok() ? "" : textOf(in.error()).constData());
    QCOMPARE(in->affectedRows(), qint64(Lines));
    qint64 bytes = 0;
    const Status out = session.copyOut(statement("copy t to stdout", {}, 120s),
                                       [&](const QByteArray& chunk) { bytes += chunk.size(); });
    QVERIFY(out.ok());
    QVERIFY(bytes > Lines * 90);
    QCOMPARE(session.exec(statement("select count(distinct a) from t"))->integer(0, 0),
             std::optional<qint64>(Lines));
}

void TestDbBlocking::copyInStopsAtTheServersError()
{
    OPEN(session);
    QVERIFY(session.exec(statement("create temp table t (a int)")).ok());
    int chunks = 0;
    const auto in = session.copyIn(statement("copy t from stdin"), [&] {
        return ++chunks > 1000 ? QByteArray() : QByteArray("not a number\n");
    });
    QVERIFY(!in.ok());
    QCOMPARE(in.error().kind, ErrorKind::Data);
    QVERIFY(session.exec(statement("select 1")).ok());
}

void TestDbBlocking::cancelFromAnotherThread()
{
    OPEN(session);
    std::optional<ErrorKind> kind;
    std::atomic<bool> over{false};
    std::thread thread([&] {
        const auto rows = session.exec(statement("select pg_sleep(60)", {}, 120s));
        if (!rows)
            kind = rows.error().kind;
        over = true;
    });
    while (!over) {
        session.cancel();
        std::this_thread::sleep_for(10ms);
    }
    thread.join();
    QCOMPARE(kind, std::optional(ErrorKind::Cancelled));
    QVERIFY(session.exec(statement("select 1")).ok());
}

void TestDbBlocking::deadline()
{
    OPEN(session);
    const auto rows = session.exec(statement("select pg_sleep(60)", {}, 200ms));
    QVERIFY(!rows.ok());
    QCOMPARE(rows.error().kind, ErrorKind::Deadline);
    QVERIFY(session.exec(statement("select 1")).ok());
}

void TestDbBlocking::manyThreadsWithoutAnEventLoop()
{
    constexpr int Threads = 4;
    std::atomic<int> right{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < Threads; ++t) {
        threads.emplace_back([&, t] {
            auto session = BlockingSession::open(*m_client, P);
            if (!session)
                return;
            for (int i = 0; i < 200; ++i) {
                const auto rows = (*session)->exec(statement("select $1::int", {param(t * 1000 + i)}));
                right += rows && rows->integer(0, 0) == t * 1000 + i ? 1 : 0;
            }
        });
    }
    for (auto& thread : threads)
        thread.join();
    QCOMPARE(right.load(), Threads * 200);
}

QTEST_GUILESS_MAIN(TestDbBlocking)
#include "tst_dbblocking.moc"
