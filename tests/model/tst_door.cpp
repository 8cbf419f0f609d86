// SPDX-License-Identifier: GPL-3.0-or-later
// What a door makes of errors, and of a server that does not answer.
#include <QElapsedTimer>
#include <QScopeGuard>
#include <QTest>

#include <algorithm>
#include <future>

#include "model/ingest/door.h"
#include "tests/support/fakeserver.h"

using namespace atlas;
using namespace atlas::ingest;

class TestDoor : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void worthRetrying_data();
    void worthRetrying();
    void stoppedSenderLeavesASilentServer();
    void pacesUpToFiveSecondsAndForgetsAtOnce();
    void batchesGrowAndShrinkWithWhatTheyTake();
};

void TestDoor::worthRetrying_data()
{
    using db::ErrorKind;
    QTest::addColumn<int>("kind");
    QTest::addColumn<QString>("sqlState");
    QTest::addColumn<bool>("worth");
    const auto row = [](const char* name, ErrorKind kind, const char* sqlState, bool worth) {
        QTest::addRow("%s", name) << static_cast<int>(kind) << QString::fromLatin1(sqlState) << worth;
    };
    row("nobody listens", ErrorKind::Refused, "", true);
    row("the server starts", ErrorKind::Unavailable, "57P03", true);
    row("the name is being moved", ErrorKind::NameNotFound, "", true);
    row("the old primary is a standby now", ErrorKind::ReadOnly, "25006", true);
    row("deadlock", ErrorKind::Conflict, "40P01", true);
    row("the same batch at once", ErrorKind::Constraint, "23505", true);
    row("disk full", ErrorKind::OutOfResources, "53100", true);
    row("out of memory", ErrorKind::OutOfResources, "53200", true);
    row("a statement too complex", ErrorKind::OutOfResources, "54001", false);
    row("memory of our own", ErrorKind::OutOfResources, "", false);
    row("no such tenant", ErrorKind::Constraint, "23503", false);
    row("wrong password", ErrorKind::Authentication, "28P01", false);
    row("no right", ErrorKind::Permission, "42501", false);
    row("bad data", ErrorKind::Data, "22001", false);
}

void TestDoor::worthRetrying()
{
    QFETCH(int, kind);
    QFETCH(QString, sqlState);
    QFETCH(bool, worth);
    db::DbError error;
    error.kind = static_cast<db::ErrorKind>(kind);
    error.sqlState = sqlState;
    QCOMPARE(isWorthRetrying(error), worth);
}

void TestDoor::stoppedSenderLeavesASilentServer()
{
    std::promise<void> goOn;
    const std::shared_future<void> wentOn = goOn.get_future().share();
    const test::FakeServer server({{"server_version", "15.2"}, {"client_encoding", "UTF8"}},
                                  [wentOn](const QByteArray& sql) -> test::FakeServer::Reply {
                                      if (sql.contains("ingest_batch"))
                                          wentOn.wait();
                                      if (sql.contains("version()"))
                                          return {.columns = {"version", "session_user", "pg_is_in_recovery"},
                                                  .rows = {{"PostgreSQL 15.2", "me", "f"}}};
                                      return {.tag = "SET"};
                                  });
    const auto release = qScopeGuard([&goOn] { goOn.set_value(); }); // before the server joins its threads
    db::Client client;
    db::Endpoint endpoint;
    endpoint.id = QStringLiteral("primary");
    endpoint.readOnly = false;
    endpoint.info.set(QStringLiteral("host"), QStringLiteral("127.0.0.1"));
    endpoint.info.set(QStringLiteral("port"), QString::number(server.port()));
    endpoint.info.set(QStringLiteral("user"), QStringLiteral("me"));
    endpoint.info.set(QStringLiteral("dbname"), QStringLiteral("db"));
    endpoint.info.set(QStringLiteral("sslmode"), QStringLiteral("disable"));
    client.setEndpoint(endpoint);

    RetryPolicy policy;
    policy.stopped = [&server] {
        const auto statements = server.statements();
        return std::any_of(statements.cbegin(), statements.cend(),
                           [](const QByteArray& sql) { return sql.contains("ingest_batch"); });
    };
    DurableDoor door(client, endpoint.id, policy);
    Batch batch(1, "test");
    batch.entity("a");
    QElapsedTimer timer;
    timer.start();
    const auto sent = door.send(batch, BatchId::random());
    QVERIFY(!sent.ok());
    QCOMPARE(sent.error().kind, db::ErrorKind::Cancelled);
    QVERIFY2(timer.elapsed() < 15'000, qPrintable(sent.error().text())); // three seconds on a quiet machine
}

void TestDoor::pacesUpToFiveSecondsAndForgetsAtOnce()
{
    using std::chrono::milliseconds;
    Pacer pacer;
    QVERIFY(pacer.next(false) == milliseconds(0));
    QVERIFY(pacer.next(true) == milliseconds(50));
    QVERIFY(pacer.next(true) == milliseconds(100));
    for (int i = 0; i < 20; ++i)
        QVERIFY(pacer.next(true) <= milliseconds(5000));
    QVERIFY(pacer.next(true) == milliseconds(5000));
    QVERIFY(pacer.next(false) == milliseconds(0));
    QVERIFY(pacer.next(true) == milliseconds(50));
}

void TestDoor::batchesGrowAndShrinkWithWhatTheyTake()
{
    using std::chrono::milliseconds;
    BatchSizer sizer(milliseconds(200), 100, 10'000, 1'000);
    QCOMPARE(sizer.rows(), 1'000);
    sizer.took(1'000, milliseconds(50));
    QCOMPARE(sizer.rows(), 1'500);
    sizer.took(300, milliseconds(10)); // not full: it says nothing of a full one
    QCOMPARE(sizer.rows(), 1'500);
    sizer.took(1'500, milliseconds(150)); // about right
    QCOMPARE(sizer.rows(), 1'500);
    for (int i = 0; i < 20; ++i)
        sizer.took(sizer.rows(), milliseconds(1));
    QCOMPARE(sizer.rows(), 10'000);
    sizer.took(10'000, milliseconds(900));
    QCOMPARE(sizer.rows(), 5'000);
    for (int i = 0; i < 20; ++i)
        sizer.took(sizer.rows(), milliseconds(5'000));
    QCOMPARE(sizer.rows(), 100);

    // A server that takes 20 µs a row and 5 ms a batch: it settles between half of what is wanted and that.
    BatchSizer settles(milliseconds(200));
    milliseconds last(0);
    for (int i = 0; i < 50; ++i) {
        last = milliseconds(5 + settles.rows() / 50);
        settles.took(settles.rows(), last);
    }
    QVERIFY(last >= milliseconds(90) && last <= milliseconds(200));
}

QTEST_GUILESS_MAIN(TestDoor)
#include "tst_door.moc"
