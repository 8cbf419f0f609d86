// SPDX-License-Identifier: GPL-3.0-or-later
#include <QFile>
#include <QSignalSpy>
#include <QTest>
#include <QThread>

#include <memory>

#include "db/arrayliteral.h"
#include "db/client.h"
#include "tests/db/asyncresult.h"
#include "tests/support/tcpproxy.h"
#include "tests/support/testcluster.h"

using namespace atlas;
using namespace atlas::db;
using namespace atlas::test;

static const QString Primary = QStringLiteral("primary");

class TestDbQueries : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();

    void everyNodeTellsWhatItIs_data();
    void everyNodeTellsWhatItIs();
    void valuesComeBackAsSent_data();
    void valuesComeBackAsSent();
    void arraysComeBackAsSent();
    void quotedTextComesBackAsSent();
    void nullsColumnsAndTags();
    void noRowsStillHaveColumns();
    void rowsWithoutColumns();
    void largeValues();
    void streamHasAllRowsInOrderAndBoundedMemory();
    void streamWaitsForItsReceiver();
    void streamOfNothing();
    void errorsOfTheServer_data();
    void errorsOfTheServer();
    void errorHalfwayThroughAStream();
    void refusedBeforeSending_data();
    void refusedBeforeSending();
    void readOnlyIsEnforcedByTheServer();
    void cancelEndsItOnTheServer();
    void cancelOfAStream();
    void cancelOfWhatIsUnknownOrOver();
    void deadlineIsTheServersFirst();
    void statementTimeoutFollowsTheDeadline();
    void receiverGoneCancels();
    void receiverDeletedInItsOwnHandler();
    void receiverInAnotherThread();
    void receiverDyingInAnotherThread();
    void nestedEventLoopInAHandler();
    void openTransactionIsNotInherited();
    void copyIsRefusedAndHarmless_data();
    void copyIsRefusedAndHarmless();
    void recordsTellTheStory();
    void recordsHoldNoPassword();

private:
    TestCluster m_cluster;
    std::unique_ptr<Client> m_client;
};

void TestDbQueries::initTestCase()
{
    ATLAS_REQUIRE_CLUSTER(m_cluster);
}

void TestDbQueries::init()
{
    m_client = std::make_unique<Client>();
    for (const QString& node : m_cluster.nodes())
        m_client->setEndpoint(m_cluster.endpoint(node, QStringLiteral("analyst")));
}

void TestDbQueries::cleanup()
{
    m_client.reset();
}

void TestDbQueries::everyNodeTellsWhatItIs_data()
{
    QTest::addColumn<QString>("node");
    for (const QString& node : m_cluster.nodes())
        QTest::newRow(qPrintable(node)) << node;
}

void TestDbQueries::everyNodeTellsWhatItIs()
{
    QFETCH(QString, node);
    QCOMPARE(int(m_client->state(node).link), int(EndpointState::Link::Unknown));
    const AsyncRows rows = query(*m_client, node, "select 1");
    VERIFY_OK(rows);
    const EndpointState state = m_client->state(node);
    QCOMPARE(int(state.link), int(EndpointState::Link::Up));
    QCOMPARE(state.endpoint, node);
    QVERIFY(state.serverVersion >= 150000);
    QVERIFY(!state.isRedshift);
    QCOMPARE(state.inRecovery, std::optional(m_cluster.replicas().contains(node)));
    QCOMPARE(state.serverUser, m_cluster.role(QStringLiteral("analyst")));
    QVERIFY(state.tls);
    QVERIFY(!state.lastError);
}

void TestDbQueries::valuesComeBackAsSent_data()
{
    QTest::addColumn<QString>("value");
    const QStringList nasty{
        QString(),
        QStringLiteral("NULL"),
        QStringLiteral("it's"),
        QStringLiteral("'; drop table entities; --"),
        QStringLiteral("\"double\""),
        QStringLiteral("back\\slash\\"),
        QStringLiteral("$1 $$ %s %1 ?"),
        QStringLiteral("{a,b}"),
        QStringLiteral("\\N"),
        QStringLiteral("tab\tnewline\nreturn\r"),
        QStringLiteral(" leading and trailing "),
        QStringLiteral("größe 温度 🌡 é"),
        QStringLiteral("‮right to left‬"),
        QString(QChar(u'\u0001')) + QChar(u'\u007f'),
        QString(10'000, u'x'),
    };
    for (const QString& value : nasty)
        QTest::newRow(qPrintable(QStringLiteral("%1…").arg(value.left(20)))) << value;
}

void TestDbQueries::valuesComeBackAsSent()
{
    QFETCH(QString, value);
    const AsyncRows rows = query(*m_client, Primary, "select $1::text, length($1::text)", {param(value)});
    VERIFY_OK(rows);
    QVERIFY(!rows.value().isNull(0, 0));
    QCOMPARE(rows.value().string(0, 0), value);
}

void TestDbQueries::arraysComeBackAsSent()
{
    const QStringList nasty{QString(),
                            QStringLiteral("NULL"),
                            QStringLiteral("a,b"),
                            QStringLiteral("{}"),
                            QStringLiteral("\"q\""),
                            QStringLiteral("\\"),
                            QStringLiteral("'"),
                            QStringLiteral(" x "),
                            QStringLiteral("é\n")};
    const AsyncRows rows =
        query(*m_client, Primary, "select v from unnest($1::text[]) with ordinality u(v, n) order by n",
              {arrayParam(nasty)});
    VERIFY_OK(rows);
    QStringList got;
    for (int i = 0; i < rows.value().rowCount(); ++i)
        got += rows.value().string(i, 0);
    QCOMPARE(got, nasty);
    ArrayLiteral withNulls;
    for (const QString& text : nasty) {
        withNulls.addNull();
        withNulls.addText(text.toStdString());
    }
    const AsyncRows some =
        query(*m_client, Primary, "select v from unnest($1::text[]) with ordinality u(v, n) order by n",
              {withNulls.literal()});
    VERIFY_OK(some);
    QCOMPARE(some.value().rowCount(), 2 * nasty.size());
    for (int i = 0; i < some.value().rowCount(); ++i) {
        QCOMPARE(some.value().isNull(i, 0), i % 2 == 0);
        QCOMPARE(some.value().string(i, 0), i % 2 == 0 ? QString() : nasty[i / 2]);
    }
    ArrayLiteral cut;
    cut.addNull();
    cut.addText(std::string_view("a\0b", 3));
    COMPARE_KIND(query(*m_client, Primary, "select $1::text[]", {cut.literal()}), ErrorKind::BadArgument);
    const AsyncRows sum = query(*m_client, Primary, "select sum(v)::bigint from unnest($1::bigint[]) v",
                                {arrayParam(QList<qint64>{1, -3, 9007199254740993})});
    VERIFY_OK(sum);
    QCOMPARE(sum.integer(), std::optional<qint64>(9007199254740991));
}

void TestDbQueries::quotedTextComesBackAsSent()
{
    for (const QString& text : {QStringLiteral("it's"), QStringLiteral("a\\b'c\\"),
                                QStringLiteral("\"x\"; --"), QStringLiteral("é🌡\n")}) {
        const AsyncRows rows =
            query(*m_client, Primary, "select " + quoteLiteral(text) + " as " + quoteIdentifier(text));
        VERIFY_OK(rows);
        QCOMPARE(rows.value().string(0, 0), text);
        QCOMPARE(rows.value().columns().first().name, text);
    }
}

void TestDbQueries::nullsColumnsAndTags()
{
    const AsyncRows rows = query(*m_client, Primary,
                                 "select $1::int as a, null::text as b, '' as c, true as d, 1.5::float8 as e "
                                 "union all select 2, 'x', null, false, null",
                                 {std::nullopt});
    VERIFY_OK(rows);
    const ResultSet& set = rows.value();
    QCOMPARE(set.rowCount(), 2);
    QVERIFY(set.isNull(0, 0) && set.isNull(0, 1) && !set.isNull(0, 2));
    QVERIFY(set.boolean(0, 3) && !set.boolean(1, 3));
    QCOMPARE(set.real(0, 4), std::optional(1.5));
    QCOMPARE(set.columnIndex(u"d"), 3);
    QCOMPARE(set.columns().at(0).typeOid, 23U);
    QCOMPARE(set.columns().at(4).typeOid, 701U);
    QCOMPARE(set.commandTag(), QStringLiteral("SELECT 2"));
    QCOMPARE(set.affectedRows(), 2);
}

void TestDbQueries::noRowsStillHaveColumns()
{
    const AsyncRows rows = query(*m_client, Primary, "select 1 as a, 2 as b where false");
    VERIFY_OK(rows);
    QCOMPARE(rows.value().rowCount(), 0);
    QCOMPARE(rows.value().columnCount(), 2);
    const AsyncRows empty = query(*m_client, Primary, "");
    VERIFY_OK(empty);
    QCOMPARE(empty.value().columnCount(), 0);
}

void TestDbQueries::rowsWithoutColumns()
{
    const AsyncRows rows = query(*m_client, Primary, "select from generate_series(1, 3)");
    VERIFY_OK(rows);
    QCOMPARE(rows.value().rowCount(), 3);
    QCOMPARE(rows.value().columnCount(), 0);
}

void TestDbQueries::largeValues()
{
    const QByteArray large = QByteArray(20 * 1024 * 1024, 'x') + "é";
    const AsyncRows rows = query(
        *m_client, Primary, "select octet_length($1::text), md5($1::text), $1::text || 'y'", {param(large)});
    VERIFY_OK(rows);
    QCOMPARE(rows.integer(), std::optional<qint64>(large.size()));
    QVERIFY(rows.value().bytes(0, 2) == large + 'y');
}

static qint64 residentBytes()
{
    QFile file(QStringLiteral("/proc/self/statm"));
    if (!file.open(QIODevice::ReadOnly))
        return 0;
    return file.readAll().split(' ').value(1).toLongLong() * 4096;
}

void TestDbQueries::streamHasAllRowsInOrderAndBoundedMemory()
{
    constexpr int Rows = 1'000'000;
    VERIFY_OK(query(*m_client, Primary, "select 1"));
    const qint64 before = residentBytes();
    qint64 most = 0;
    qint64 next = 1;
    bool inOrder = true;
    int largest = 0;
    AsyncRows done;
    m_client->stream(
        Primary, statement("select g, md5(g::text) from generate_series(1, $1::int) g", {param(Rows)}, 120s),
        2000, this,
        [&](const ResultSet& rows) {
            QVERIFY(!done.isThere());
            largest = std::max(largest, rows.rowCount());
            for (int i = 0; i < rows.rowCount(); ++i)
                inOrder = inOrder && rows.integer(i, 0) == next++ && rows.bytes(i, 1).size() == 32;
            most = std::max(most, residentBytes() - before);
        },
        done.handler());
    QVERIFY(done.wait(120s));
    VERIFY_OK(done);
    QVERIFY(inOrder);
    QCOMPARE(next, qint64(Rows) + 1);
    QCOMPARE(largest, 2000);
    QCOMPARE(done.value().rowCount(), 0);
    QCOMPARE(done.value().columnCount(), 2);
    QCOMPARE(done.value().commandTag(), QStringLiteral("SELECT 1000000"));
    QCOMPARE(done.value().affectedRows(), qint64(Rows));
    // All of it would be 50 MB of arena at the least.
#ifndef __SANITIZE_ADDRESS__
    QVERIFY2(most < 20 * 1024 * 1024, qPrintable(QString::number(most)));
#endif
}

void TestDbQueries::streamWaitsForItsReceiver()
{
    TcpProxy proxy(m_cluster.address(Primary), m_cluster.port(Primary));
    m_client->setEndpoint(m_cluster.endpointThrough(proxy.port(), Primary, QStringLiteral("analyst")));
    int batches = 0;
    qint64 stalledAt = 0;
    bool stalled = false;
    AsyncRows done;
    // 100 MB: far more than all buffers on the way together.
    m_client->stream(
        Primary, statement("select repeat('x', 1000) from generate_series(1, 100000)", {}, 120s), 1000, this,
        [&](const ResultSet&) {
            if (++batches != 1)
                return;
            // While this handler has not returned, the flow must come to a stop: the same count for a while.
            stalled = QTest::qWaitFor(
                [&, last = qint64(-1), quiet = 0]() mutable {
                    QTest::qWait(50);
                    quiet = proxy.bytesReceived() == last ? quiet + 1 : 0;
                    last = proxy.bytesReceived();
                    return quiet >= 5;
                },
                20'000);
            stalledAt = proxy.bytesReceived();
            QCOMPARE(batches, 1); // nested, and nothing was delivered meanwhile
        },
        done.handler());
    QVERIFY(done.wait(120s));
    VERIFY_OK(done);
    QCOMPARE(batches, 100);
    QVERIFY(stalled);
    QVERIFY2(stalledAt < 50'000'000, qPrintable(QString::number(stalledAt)));
    QVERIFY(proxy.bytesReceived() > 100'000'000);
}

void TestDbQueries::streamOfNothing()
{
    AsyncRows done;
    int batches = 0;
    m_client->stream(
        Primary, statement("select 1 as a where false"), 10, this, [&](const ResultSet&) { ++batches; },
        done.handler());
    QVERIFY(done.wait());
    VERIFY_OK(done);
    QCOMPARE(batches, 0);
    QCOMPARE(done.value().columnCount(), 1);
}

void TestDbQueries::errorsOfTheServer_data()
{
    QTest::addColumn<QByteArray>("sql");
    QTest::addColumn<QString>("sqlState");
    QTest::addColumn<int>("kind");
    QTest::newRow("syntax") << QByteArray("selec 1") << QStringLiteral("42601") << kind(ErrorKind::Syntax);
    QTest::newRow("no table") << QByteArray("select * from no_such_table") << QStringLiteral("42P01")
                              << kind(ErrorKind::Syntax);
    QTest::newRow("division") << QByteArray("select 1 / 0") << QStringLiteral("22012")
                              << kind(ErrorKind::Data);
    QTest::newRow("permission") << QByteArray("select rolpassword from pg_authid") << QStringLiteral("42501")
                                << kind(ErrorKind::Permission);
    QTest::newRow("several statements")
        << QByteArray("select 1; select 2") << QStringLiteral("42601") << kind(ErrorKind::Syntax);
    QTest::newRow("raised") << QByteArray(
                                   "do $$begin raise exception 'x' using hint = 'y', detail = 'z'; end$$")
                            << QStringLiteral("P0001") << kind(ErrorKind::Other);
}

void TestDbQueries::errorsOfTheServer()
{
    QFETCH(QByteArray, sql);
    QFETCH(QString, sqlState);
    QFETCH(int, kind);
    const AsyncRows rows = query(*m_client, Primary, sql);
    QVERIFY(rows.isThere() && !rows.ok());
    QCOMPARE(rows.error().sqlState, sqlState);
    QCOMPARE(int(rows.error().kind), kind);
    QCOMPARE(rows.error().endpoint, Primary);
    QVERIFY(!rows.error().message.isEmpty());
    if (sqlState == QLatin1String("42P01"))
        QCOMPARE(rows.error().position, 15);
    if (sqlState == QLatin1String("P0001")) {
        QCOMPARE(rows.error().hint, QStringLiteral("y"));
        QCOMPARE(rows.error().detail, QStringLiteral("z"));
    }
    VERIFY_OK(query(*m_client, Primary, "select 1"));
}

void TestDbQueries::errorHalfwayThroughAStream()
{
    qint64 rows = 0;
    AsyncRows done;
    m_client->stream(
        Primary, statement("select 100000 / (50000 - g) from generate_series(1, 100000) g"), 100, this,
        [&](const ResultSet& batch) { rows += batch.rowCount(); }, done.handler());
    QVERIFY(done.wait());
    COMPARE_KIND(done, ErrorKind::Data);
    QVERIFY(rows > 0 && rows < 50000);
    VERIFY_OK(query(*m_client, Primary, "select 1"));
}

void TestDbQueries::refusedBeforeSending_data()
{
    QTest::addColumn<QString>("endpoint");
    QTest::addColumn<QByteArray>("sql");
    QTest::addColumn<QByteArray>("value");
    QTest::addColumn<int>("deadline");
    QTest::newRow("unknown endpoint")
        << QStringLiteral("nowhere") << QByteArray("select 1") << QByteArray("x") << 1000;
    QTest::newRow("NUL in a value") << Primary << QByteArray("select $1::text") << QByteArray("a\0b", 3)
                                    << 1000;
    QTest::newRow("NUL in the statement")
        << Primary << QByteArray("select 1\0", 9) << QByteArray("x") << 1000;
    QTest::newRow("no deadline") << Primary << QByteArray("select $1::text") << QByteArray("x") << 0;
}

void TestDbQueries::refusedBeforeSending()
{
    QFETCH(QString, endpoint);
    QFETCH(QByteArray, sql);
    QFETCH(QByteArray, value);
    QFETCH(int, deadline);
    const AsyncRows rows =
        query(*m_client, endpoint, statement(sql, {param(value)}, std::chrono::milliseconds(deadline)));
    COMPARE_KIND(rows, ErrorKind::BadArgument);
    QCOMPARE(int(m_client->state(Primary).link), int(EndpointState::Link::Unknown)); // never even connected
}

void TestDbQueries::readOnlyIsEnforcedByTheServer()
{
    COMPARE_KIND(query(*m_client, Primary, "create table public.db_test_never (a int)"), ErrorKind::ReadOnly);
    const AsyncRows shown = query(*m_client, Primary, "show default_transaction_read_only");
    QCOMPARE(shown.value().string(0, 0), QStringLiteral("on"));
}

void TestDbQueries::cancelEndsItOnTheServer()
{
    AsyncRows sleeping;
    const RequestId id =
        m_client->query(Primary, statement("select pg_sleep(60) /* cancel me */"), this, sleeping.handler());
    const QByteArray active("select count(*) from pg_stat_activity where state = 'active' and query like "
                            "'select pg_sleep(60) /* cancel me%' and pid <> pg_backend_pid()");
    QVERIFY(becomes(*m_client, Primary, active, 1));
    m_client->cancel(id);
    QVERIFY(sleeping.wait());
    COMPARE_KIND(sleeping, ErrorKind::Cancelled);
    QVERIFY(!sleeping.error().mayStillBeRunning);
    QVERIFY(becomes(*m_client, Primary, active, 0));
    QCOMPARE(sleeping.calls(), 1);
}

void TestDbQueries::cancelOfAStream()
{
    AsyncRows done;
    RequestId id = 0;
    int after = 0;
    bool cancelled = false;
    id = m_client->stream(
        Primary, statement("select repeat('x', 100) from generate_series(1, 10000000)", {}, 120s), 1000, this,
        [&](const ResultSet&) {
            if (cancelled)
                ++after;
            cancelled = true;
            m_client->cancel(id);
        },
        done.handler());
    QVERIFY(done.wait());
    COMPARE_KIND(done, ErrorKind::Cancelled);
    QVERIFY2(after <= 1, qPrintable(QString::number(after))); // one may have been on its way
    VERIFY_OK(query(*m_client, Primary, "select 1"));
}

void TestDbQueries::cancelOfWhatIsUnknownOrOver()
{
    m_client->cancel(0);
    m_client->cancel(123456);
    AsyncRows rows;
    const RequestId id = m_client->query(Primary, statement("select 1"), this, rows.handler());
    QVERIFY(rows.wait());
    m_client->cancel(id);
    // Must not hit the next one on the same connection.
    for (int i = 0; i < 20; ++i)
        VERIFY_OK(query(*m_client, Primary, "select pg_sleep(0.005)"));
}

void TestDbQueries::deadlineIsTheServersFirst()
{
    const AsyncRows pid = query(*m_client, Primary, "select pg_backend_pid()");
    const AsyncRows rows = query(*m_client, Primary, statement("select pg_sleep(60)", {}, 300ms));
    COMPARE_KIND(rows, ErrorKind::Deadline);
    QCOMPARE(rows.error().sqlState, QStringLiteral("57014"));
    QVERIFY(!rows.error().mayStillBeRunning);
    QVERIFY(!rows.error().isTransient());
    // The connection survives.
    const AsyncRows again = query(*m_client, Primary, "select pg_backend_pid()");
    QCOMPARE(again.integer(), pid.integer());
}

void TestDbQueries::statementTimeoutFollowsTheDeadline()
{
    for (const auto& [deadline, shown] :
         {std::pair{7s, "7s"}, std::pair{7s, "7s"}, std::pair{9s, "9s"}, std::pair{30s, "30s"}}) {
        const AsyncRows rows = query(*m_client, Primary, statement("show statement_timeout", {}, deadline));
        VERIFY_OK(rows);
        QCOMPARE(rows.value().string(0, 0), QString::fromLatin1(shown));
    }
    // An error in between, with the setting sent along, does not upset the order of answers.
    COMPARE_KIND(query(*m_client, Primary, statement("select 1 / 0", {}, 5s)), ErrorKind::Data);
    const AsyncRows rows = query(*m_client, Primary, statement("select 42", {}, 6s));
    QCOMPARE(rows.integer(), std::optional<qint64>(42));
}

void TestDbQueries::receiverGoneCancels()
{
    int calls = 0;
    auto receiver = std::make_unique<QObject>();
    m_client->query(Primary, statement("select pg_sleep(60) /* orphan */"), receiver.get(),
                    [&](const Result<ResultSet>&) { ++calls; });
    const QByteArray active("select count(*) from pg_stat_activity where state = 'active' and query like "
                            "'select pg_sleep(60) /* orphan%' and pid <> pg_backend_pid()");
    QVERIFY(becomes(*m_client, Primary, active, 1));
    QSignalSpy finished(m_client.get(), &Client::statementFinished);
    receiver.reset();
    QVERIFY(becomes(*m_client, Primary, active, 0));
    QCOMPARE(calls, 0);
    // It is still accounted for.
    bool found = false;
    for (const auto& signal : finished) {
        const auto record = signal.first().value<StatementRecord>();
        found = found || (record.statement.sql.contains("orphan") &&
                          record.state == StatementRecord::State::Cancelled);
    }
    QVERIFY(found);
    VERIFY_OK(query(*m_client, Primary, "select 1"));
}

void TestDbQueries::receiverDeletedInItsOwnHandler()
{
    auto* receiver = new QObject(this);
    int batches = 0;
    int done = 0;
    m_client->stream(
        Primary, statement("select generate_series(1, 1000000)"), 100, receiver,
        [&, captured = QByteArray("still here")](const ResultSet&) {
            ++batches;
            delete receiver;
            QCOMPARE(captured, QByteArray("still here"));
        },
        [&](const Result<ResultSet>&) { ++done; });
    QTRY_COMPARE(batches, 1);
    VERIFY_OK(query(*m_client, Primary, "select 1"));
    QCOMPARE(batches, 1);
    QCOMPARE(done, 0);
}

void TestDbQueries::receiverInAnotherThread()
{
    QThread thread;
    QObject receiver;
    receiver.moveToThread(&thread);
    thread.start();
    std::atomic<int> answers{0};
    std::atomic<int> wrongThread{0};
    constexpr int Count = 200;
    for (int i = 0; i < Count; ++i) {
        m_client->query(Primary, statement("select $1::int", {param(i)}), &receiver,
                        [&, i](const Result<ResultSet>& rows) {
                            if (QThread::currentThread() != &thread || !rows || rows->integer(0, 0) != i)
                                ++wrongThread;
                            ++answers;
                        });
    }
    QTRY_COMPARE_WITH_TIMEOUT(answers.load(), Count, 20'000);
    QCOMPARE(wrongThread.load(), 0);
    thread.quit();
    thread.wait();
}

void TestDbQueries::receiverDyingInAnotherThread()
{
    // Answers are on their way while receivers die: never a call after the destructor, never a crash.
    std::atomic<int> lateCalls{0};
    for (int round = 0; round < 20; ++round) {
        auto thread = std::unique_ptr<QThread>(QThread::create([&] {
            QEventLoop loop;
            for (int i = 0; i < 20; ++i) {
                auto alive = std::make_shared<std::atomic<bool>>(true);
                QObject receiver;
                for (int n = 0; n < 5; ++n) {
                    m_client->query(Primary, statement("select 1"), &receiver,
                                    [alive, &lateCalls](const Result<ResultSet>&) {
                                        if (!*alive)
                                            ++lateCalls;
                                    });
                }
                loop.processEvents();
                *alive = false;
            }
        }));
        thread->start();
        QVERIFY(thread->wait(30'000));
    }
    VERIFY_OK(query(*m_client, Primary, "select 1"));
    QCOMPARE(lateCalls.load(), 0);
}

void TestDbQueries::nestedEventLoopInAHandler()
{
    // What a dialog does: the second batch comes while the handler of the first still runs only if
    // acknowledged.
    AsyncRows inner;
    AsyncRows outer;
    m_client->query(Primary, statement("select 1"), this, [&](Result<ResultSet> rows) {
        m_client->query(Primary, statement("select 2"), this, inner.handler());
        QVERIFY(inner.wait());
        outer.handler()(std::move(rows));
    });
    QVERIFY(outer.wait());
    VERIFY_OK(inner);
}

void TestDbQueries::openTransactionIsNotInherited()
{
    Endpoint endpoint = m_cluster.endpoint(Primary, QStringLiteral("analyst"));
    endpoint.id = QStringLiteral("single");
    endpoint.maxConnections = 1;
    m_client->setEndpoint(endpoint);
    VERIFY_OK(query(*m_client, endpoint.id, "begin"));
    COMPARE_KIND(query(*m_client, endpoint.id, "select 1 / 0"), ErrorKind::Data);
    VERIFY_OK(query(*m_client, endpoint.id, "select 1"));
}

void TestDbQueries::copyIsRefusedAndHarmless_data()
{
    QTest::addColumn<QByteArray>("sql");
    QTest::addColumn<int>("deadline");
    // The first deadline is the one the connection starts with, the second needs the setting sent along.
    QTest::newRow("in") << QByteArray("copy pg_temp.db_test from stdin") << 30'000;
    QTest::newRow("out") << QByteArray("copy (select generate_series(1, 100000)) to stdout") << 30'000;
    QTest::newRow("out, pipelined") << QByteArray("copy (select 1) to stdout") << 12'345;
}

void TestDbQueries::copyIsRefusedAndHarmless()
{
    QFETCH(QByteArray, sql);
    QFETCH(int, deadline);
    Endpoint endpoint = m_cluster.endpoint(Primary, QStringLiteral("owner"), false);
    endpoint.id = QStringLiteral("single");
    endpoint.maxConnections = 1;
    m_client->setEndpoint(endpoint);
    VERIFY_OK(query(*m_client, endpoint.id, "create temp table db_test (a int)"));
    COMPARE_KIND(query(*m_client, endpoint.id, statement(sql, {}, std::chrono::milliseconds(deadline))),
                 ErrorKind::BadArgument);
    const AsyncRows after = query(*m_client, endpoint.id, "select 1");
    VERIFY_OK(after);
    QCOMPARE(after.value().rowCount(), 1);
}

void TestDbQueries::recordsTellTheStory()
{
    QSignalSpy started(m_client.get(), &Client::statementStarted);
    QSignalSpy finished(m_client.get(), &Client::statementFinished);
    Statement what = statement("select generate_series(1, $1::int)", {param(17)});
    what.name = QStringLiteral("test.story");
    what.purpose = QStringLiteral("To see what is told");
    VERIFY_OK(query(*m_client, Primary, what));
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(started.size(), 2);
    const auto waiting = started[0].first().value<StatementRecord>();
    const auto running = started[1].first().value<StatementRecord>();
    const auto over = finished[0].first().value<StatementRecord>();
    QCOMPARE(int(waiting.state), int(StatementRecord::State::Waiting));
    QCOMPARE(int(running.state), int(StatementRecord::State::Running));
    QCOMPARE(int(over.state), int(StatementRecord::State::Done));
    QCOMPARE(waiting.id, over.id);
    QCOMPARE(over.statement.name, what.name);
    QCOMPARE(over.statement.purpose, what.purpose);
    QCOMPARE(over.statement.params.size(), 1);
    QCOMPARE(over.endpoint, Primary);
    QCOMPARE(over.rows, 17);
    QVERIFY(over.milliseconds > 0);
    QVERIFY(!over.error);

    COMPARE_KIND(query(*m_client, Primary, "select 1 / 0"), ErrorKind::Data);
    QTRY_COMPARE(finished.size(), 2);
    const auto failed = finished[1].first().value<StatementRecord>();
    QCOMPARE(int(failed.state), int(StatementRecord::State::Failed));
    QVERIFY(failed.error && failed.error->sqlState == QLatin1String("22012"));
}

void TestDbQueries::recordsHoldNoPassword()
{
    QSignalSpy started(m_client.get(), &Client::statementStarted);
    QSignalSpy finished(m_client.get(), &Client::statementFinished);
    const AsyncRows rows = query(*m_client, Primary, "alter role nobody_of_this_name password 'hunter2'");
    QVERIFY(rows.isThere() && !rows.ok());
    QTRY_COMPARE(finished.size(), 1);
    for (const auto& signal : started + finished)
        QVERIFY(!signal.first().value<StatementRecord>().statement.sql.contains("hunter2"));
}

QTEST_GUILESS_MAIN(TestDbQueries)
#include "tst_dbqueries.moc"
