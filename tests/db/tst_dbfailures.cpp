// SPDX-License-Identifier: GPL-3.0-or-later
#include <QElapsedTimer>
#include <QSignalSpy>
#include <QTest>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>

#include "db/blocking.h"
#include "db/client.h"
#include "tests/db/asyncresult.h"
#include "tests/support/tcpproxy.h"
#include "tests/support/testcluster.h"

using namespace atlas;
using namespace atlas::db;
using namespace atlas::test;

/// Servers and links that stop, break and come back. The link is a proxy of our own, so the cluster stays
/// unharmed.
class TestDbFailures : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();

    void stoppedServer();
    void stoppedServerIsNoticedBeforeTheDeadline();
    void slowStatementIsNotTakenForAStoppedServer();
    void stoppedBackend();
    void linkCutMidQuery();
    void backendTerminatedMidQuery();
    void brokenIdleConnectionIsReplacedSilently();
    void writesAreNeverRepeated();
    void refusedServerFailsFastAndComesBack();
    void failFastKeepsOffTheServer();
    void allWaitersFailTogether();
    void wrongPasswordIsNotTriedAgainByItself();
    void sessionOnABrokenLink();
    void closingWithAStoppedServer();
    void closingWhileConnecting();
    void closingUnblocksWaitingThreads();
    void cancelOnAStoppedServer();

private:
    bool reachesLink(EndpointState::Link link)
    {
        return QTest::qWaitFor([&] { return m_client->state(QStringLiteral("p")).link == link; }, 20'000);
    }
    Endpoint proxied(bool readOnly = true, const char* login = "analyst") const
    {
        Endpoint endpoint = m_cluster.endpointThrough(m_proxy->port(), QStringLiteral("primary"),
                                                      QString::fromLatin1(login), readOnly);
        endpoint.id = QStringLiteral("p");
        return endpoint;
    }

    TestCluster m_cluster;
    std::unique_ptr<TcpProxy> m_proxy;
    std::unique_ptr<Client> m_client;
};

static const QString P = QStringLiteral("p");
using Link = EndpointState::Link;

void TestDbFailures::initTestCase()
{
    ATLAS_REQUIRE_CLUSTER(m_cluster);
}

void TestDbFailures::init()
{
    const QString primary = QStringLiteral("primary");
    m_proxy = std::make_unique<TcpProxy>(m_cluster.address(primary), m_cluster.port(primary));
    m_client = std::make_unique<Client>();
    m_client->setEndpoint(proxied());
}

void TestDbFailures::cleanup()
{
    m_client.reset();
    m_proxy.reset();
}

void TestDbFailures::stoppedServer()
{
    VERIFY_OK(query(*m_client, P, "select 1"));
    m_proxy->setFrozen(true);
    QElapsedTimer timer;
    timer.start();
    const AsyncRows rows = query(*m_client, P, statement("select 1", {}, 500ms));
    COMPARE_KIND(rows, ErrorKind::Deadline);
    QVERIFY(rows.error().sqlState.isEmpty());
    QVERIFY(rows.error().mayStillBeRunning);
    QVERIFY(rows.error().isTransient());
    QVERIFY(!rows.error().neverSent);
    // Deadline, grace, a second for the cancel request; the rest is for a busy machine.
    QVERIFY2(timer.elapsed() < 10'000, qPrintable(QString::number(timer.elapsed())));
    QVERIFY(reachesLink(Link::Down));
    QVERIFY(m_client->state(P).lastError);

    m_proxy->setFrozen(false);
    QVERIFY(reachesLink(Link::Up)); // by itself
    QVERIFY(!m_client->state(P).lastError);
    VERIFY_OK(query(*m_client, P, "select 1"));
}

void TestDbFailures::stoppedServerIsNoticedBeforeTheDeadline()
{
    VERIFY_OK(query(*m_client, P, "select 1"));
    AsyncRows hanging;
    m_proxy->setFrozen(true);
    m_client->query(P, statement("select 1", {}, 60s), this, hanging.handler());
    QVERIFY(reachesLink(Link::Down));
    QVERIFY(!hanging.isThere());
    // Others need not find out for themselves.
    const AsyncRows fast = query(*m_client, P, statement("select 2", {}, 60s));
    COMPARE_KIND(fast, ErrorKind::Deadline);
    m_proxy->setFrozen(false);
    QVERIFY(hanging.wait());
    VERIFY_OK(hanging);
    QVERIFY(reachesLink(Link::Up));
}

void TestDbFailures::slowStatementIsNotTakenForAStoppedServer()
{
    QSignalSpy states(m_client.get(), &Client::endpointStateChanged);
    VERIFY_OK(query(*m_client, P, "select pg_sleep(5)"));
    for (const auto& signal : states)
        QVERIFY(signal.first().value<EndpointState>().link != Link::Down);
}

void TestDbFailures::stoppedBackend()
{
    const AsyncRows pidRow = query(*m_client, P, "select pg_backend_pid()");
    VERIFY_OK(pidRow);
    const auto pid = pid_t(*pidRow.value().integer(0, 0));
    if (kill(pid, SIGSTOP) != 0)
        QSKIP(qPrintable(
            QStringLiteral("cannot stop the backend: %1").arg(QString::fromLocal8Bit(std::strerror(errno)))));
    const AsyncRows rows = query(*m_client, P, statement("select 1", {}, 500ms));
    kill(pid, SIGCONT);
    COMPARE_KIND(rows, ErrorKind::Deadline);
    QVERIFY(rows.error().mayStillBeRunning);
    // The server itself is well.
    const AsyncRows after = query(*m_client, P, "select pg_backend_pid()");
    VERIFY_OK(after);
    QVERIFY(*after.value().integer(0, 0) != pid);
    QCOMPARE(int(m_client->state(P).link), int(Link::Up));
}

void TestDbFailures::linkCutMidQuery()
{
    VERIFY_OK(query(*m_client, P, "select 1"));
    AsyncRows rows;
    QSignalSpy finished(m_client.get(), &Client::statementFinished);
    m_client->query(P, statement("select pg_sleep(30) /* cut */"), this, rows.handler());
    // On the server, so that the loss comes while it runs and not while it is sent.
    Client other;
    Endpoint direct = m_cluster.endpoint(QStringLiteral("primary"), QStringLiteral("analyst"));
    other.setEndpoint(direct);
    QVERIFY(becomes(
        other, direct.id,
        "select count(*) from pg_stat_activity where state = 'active' and query like '%/* cut */%' and pid "
        "<> pg_backend_pid() and query_start < now() - interval '700 ms'",
        1));
    m_proxy->cutAll();
    QVERIFY(rows.wait());
    COMPARE_KIND(rows, ErrorKind::ConnectionLost);
    QVERIFY(rows.error().isTransient());
    VERIFY_OK(query(*m_client, P, "select 1"));
}

void TestDbFailures::backendTerminatedMidQuery()
{
    VERIFY_OK(query(*m_client, P, "select 1"));
    AsyncRows rows;
    m_client->query(P, statement("select pg_sleep(30) /* terminate */"), this, rows.handler());
    Client other;
    Endpoint direct = m_cluster.endpoint(QStringLiteral("primary"), QStringLiteral("analyst"));
    other.setEndpoint(direct);
    QVERIFY(becomes(
        other, direct.id,
        "with found as materialized (select pid from pg_stat_activity where state = 'active' and query "
        "like '%/* terminate */%' and pid <> pg_backend_pid() and query_start < now() - interval '700 "
        "ms') select count(*) filter (where pg_terminate_backend(pid)) from found",
        1));
    QVERIFY(rows.wait());
    COMPARE_KIND(rows, ErrorKind::ConnectionLost);
    QCOMPARE(rows.error().sqlState, QStringLiteral("57P01"));
    VERIFY_OK(query(*m_client, P, "select 1"));
    QCOMPARE(int(m_client->state(P).link), int(Link::Up));
}

void TestDbFailures::brokenIdleConnectionIsReplacedSilently()
{
    // Twenty times: the break is found by the idle connection's notifier or by the statement, whichever comes
    // first.
    for (int i = 0; i < 20; ++i) {
        VERIFY_OK(query(*m_client, P, "select 1"));
        m_proxy->cutAll();
        const AsyncRows rows = query(*m_client, P, "select 2");
        VERIFY_OK(rows);
        QCOMPARE(rows.integer(), std::optional<qint64>(2));
    }
}

void TestDbFailures::writesAreNeverRepeated()
{
    // Where something might have been written, a lost connection is reported, not tried again.
    m_client->setEndpoint(proxied(false, "owner"));
    VERIFY_OK(query(*m_client, P, "select 1"));
    const int before = m_proxy->accepted();
    AsyncRows rows;
    m_client->query(P, statement("select pg_sleep(30)"), this, rows.handler());
    QSignalSpy started(m_client.get(), &Client::statementStarted);
    QTRY_VERIFY(started.size() >= 2); // sent, right now
    m_proxy->cutAll();
    QVERIFY(rows.wait());
    COMPARE_KIND(rows, ErrorKind::ConnectionLost);
    QCOMPARE(started.size(), 2);
    QVERIFY(m_proxy->accepted() <= before + 1); // the look whether the server still lives
}

void TestDbFailures::refusedServerFailsFastAndComesBack()
{
    QSignalSpy states(m_client.get(), &Client::endpointStateChanged);
    VERIFY_OK(query(*m_client, P, "select 1"));
    m_proxy->setRefusing(true);
    m_proxy->cutAll();
    // Seen without a request, from the broken idle connection.
    QVERIFY(reachesLink(Link::Down));
    QCOMPARE(int(m_client->state(P).lastError->kind), int(ErrorKind::Refused));
    COMPARE_KIND(query(*m_client, P, "select 1"), ErrorKind::Refused);
    m_proxy->setRefusing(false);
    QVERIFY(reachesLink(Link::Up));
    VERIFY_OK(query(*m_client, P, "select 1"));

    QList<int> links;
    for (const auto& signal : states) {
        const int link = int(signal.first().value<EndpointState>().link);
        if (links.isEmpty() || links.last() != link)
            links += link;
    }
    while (!links.isEmpty() && links.first() == int(Link::Unknown))
        links.removeFirst();
    QCOMPARE(links, (QList<int>{int(Link::Connecting), int(Link::Up), int(Link::Down), int(Link::Up)}));
}

void TestDbFailures::failFastKeepsOffTheServer()
{
    m_proxy->setFrozen(true);
    Endpoint endpoint = proxied();
    endpoint.info.set(QStringLiteral("connect_timeout"), QStringLiteral("1"));
    m_client->setEndpoint(endpoint);
    COMPARE_KIND(query(*m_client, P, statement("select 1", {}, 20s)), ErrorKind::Deadline);
    QVERIFY(reachesLink(Link::Down));
    // However many ask: they are answered at once, and the server sees only the attempts in the background.
    QElapsedTimer timer;
    timer.start();
    const int before = m_proxy->accepted();
    for (int i = 0; i < 200; ++i)
        COMPARE_KIND(query(*m_client, P, statement("select 1", {}, 20s)), ErrorKind::Deadline);
    const int attempts = m_proxy->accepted() - before;
    QVERIFY2(attempts <= 1 + int(timer.elapsed() / 375), qPrintable(QString::number(attempts)));
}

void TestDbFailures::allWaitersFailTogether()
{
    m_proxy->setRefusing(true);
    std::array<AsyncRows, 20> rows;
    for (AsyncRows& one : rows)
        m_client->query(P, statement("select 1", {}, 20s), this, one.handler());
    for (AsyncRows& one : rows) {
        QVERIFY(one.wait());
        COMPARE_KIND(one, ErrorKind::Refused);
        QCOMPARE(one.error().endpoint, P);
    }
}

void TestDbFailures::wrongPasswordIsNotTriedAgainByItself()
{
    Endpoint endpoint = proxied();
    endpoint.info.set(QStringLiteral("password"), QStringLiteral("wrong"));
    m_client->setEndpoint(endpoint);
    COMPARE_KIND(query(*m_client, P, "select 1"), ErrorKind::Authentication);
    const int attempts = m_proxy->accepted();
    // Longer than three of the pauses after which other failures are tried again. Nothing may happen, so
    // there is nothing to wait for but time.
    QTest::qWait(3000);
    QCOMPARE(m_proxy->accepted(), attempts);
    // But a person who asks again gets a fresh answer.
    COMPARE_KIND(query(*m_client, P, "select 1"), ErrorKind::Authentication);
    QVERIFY(m_proxy->accepted() > attempts);
}

void TestDbFailures::sessionOnABrokenLink()
{
    Async<std::shared_ptr<Session>> opened;
    m_client->openSession(P, 10s, this, opened.handler());
    QVERIFY(opened.wait());
    VERIFY_OK(opened);
    const std::shared_ptr<Session> session = opened.value();
    AsyncRows first;
    AsyncRows second;
    session->query(statement("select pg_sleep(30)"), this, first.handler());
    session->query(statement("select 1"), this, second.handler());
    QSignalSpy started(m_client.get(), &Client::statementStarted);
    QTRY_VERIFY(started.size() >= 3);
    m_proxy->cutAll();
    QVERIFY(first.wait());
    QVERIFY(second.wait());
    COMPARE_KIND(first, ErrorKind::ConnectionLost);
    COMPARE_KIND(second, ErrorKind::ConnectionLost);
    AsyncRows third;
    session->query(statement("select 1"), this, third.handler());
    QVERIFY(third.wait());
    COMPARE_KIND(third, ErrorKind::ConnectionLost); // a session never reconnects
}

void TestDbFailures::closingWithAStoppedServer()
{
    int calls = 0;
    VERIFY_OK(query(*m_client, P, "select 1"));
    m_client->query(P, statement("select pg_sleep(30)"), this, [&](const Result<ResultSet>&) { ++calls; });
    QSignalSpy started(m_client.get(), &Client::statementStarted);
    QTRY_VERIFY(started.size() >= 2);
    m_proxy->setFrozen(true);
    QElapsedTimer timer;
    timer.start();
    m_client.reset();
    QVERIFY2(timer.elapsed() < 2000, qPrintable(QString::number(timer.elapsed())));
    QCoreApplication::processEvents();
    QCOMPARE(calls, 0);
}

void TestDbFailures::closingWhileConnecting()
{
    m_proxy->setFrozen(true);
    int calls = 0;
    m_client->query(P, statement("select 1"), this, [&](const Result<ResultSet>&) { ++calls; });
    QTRY_VERIFY(m_proxy->accepted() > 0);
    QElapsedTimer timer;
    timer.start();
    m_client.reset();
    QVERIFY2(timer.elapsed() < 2000, qPrintable(QString::number(timer.elapsed())));
    QCoreApplication::processEvents();
    QCOMPARE(calls, 0);
}

void TestDbFailures::closingUnblocksWaitingThreads()
{
    std::optional<ErrorKind> kind;
    std::optional<ErrorKind> later;
    std::atomic<bool> running{false};
    std::thread waiting([&] {
        auto session = BlockingSession::open(*m_client, P);
        if (!session)
            return;
        running = true;
        if (const auto rows = (*session)->exec(statement("select pg_sleep(30)", {}, 60s)); !rows)
            kind = rows.error().kind;
        if (const auto rows = (*session)->exec(statement("select 1")); !rows)
            later = rows.error().kind;
    });
    const bool started = QTest::qWaitFor([&] { return running.load(); }, 10'000);
    QTest::qWait(50);
    m_client.reset();
    waiting.join();
    QVERIFY(started);
    QCOMPARE(kind, std::optional(ErrorKind::Cancelled));
    QCOMPARE(later, std::optional(ErrorKind::Cancelled));
}

void TestDbFailures::cancelOnAStoppedServer()
{
    VERIFY_OK(query(*m_client, P, "select 1"));
    AsyncRows rows;
    const RequestId id = m_client->query(P, statement("select pg_sleep(30)", {}, 60s), this, rows.handler());
    QSignalSpy started(m_client.get(), &Client::statementStarted);
    QTRY_VERIFY(started.size() >= 2);
    m_proxy->setFrozen(true);
    m_client->cancel(id);
    QVERIFY(rows.wait(10s));
    COMPARE_KIND(rows, ErrorKind::Cancelled);
    QVERIFY(rows.error().mayStillBeRunning);
}

QTEST_GUILESS_MAIN(TestDbFailures)
#include "tst_dbfailures.moc"
