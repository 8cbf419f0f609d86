// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include <memory>

#include "db/client.h"
#include "tests/db/asyncresult.h"
#include "tests/support/fakeserver.h"

using namespace atlas;
using namespace atlas::db;
using namespace atlas::test;

/// What we send to a server that says it is Redshift, as far as a server of our own can tell: nothing that
/// the protocol of 8.0 lacks. And servers that talk nonsense.
class TestRedshift : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void isDetected();
    void nothingIsSentThatItLacks();
    void readOnlyFallsBack();
    void refusalOfReadOnlyIsNotTheEnd();
    void timeoutIsSetApart();
    void sessionsAreNotReused();
    void postgresIsTakenForPostgres();
    void checkIntervalThatThePlatformLacks();
    void nonsense_data();
    void nonsense();

private:
    static Endpoint endpointOf(const FakeServer& server, bool readOnly = true)
    {
        Endpoint endpoint;
        endpoint.id = QStringLiteral("warehouse");
        endpoint.role = EndpointRole::Warehouse;
        endpoint.info = *ConnectionInfo::parse(
            QStringLiteral("host=127.0.0.1 port=%1 user=u dbname=d sslmode=prefer").arg(server.port()));
        endpoint.readOnly = readOnly;
        return endpoint;
    }
};

static const QString W = QStringLiteral("warehouse");
static const QByteArray
    Version("PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat "
            "3.4.2-6.fc3), Redshift 1.0.65262");

static const std::map<QByteArray, QByteArray> RedshiftParameters{{"server_version", "8.0.2"},
                                                                 {"server_encoding", "UNICODE"},
                                                                 {"client_encoding", "UTF8"},
                                                                 {"is_superuser", "off"}};

static FakeServer::Reply redshift(const QByteArray& sql)
{
    if (sql.contains("version()"))
        return {.columns = {"version", "current_user"}, .rows = {{Version, "analyst"}}};
    if (sql.startsWith("set default_transaction_read_only"))
        return {.sqlState = "42704", .message = "unrecognized configuration parameter"};
    if (sql.startsWith("set "))
        return {.tag = "SET"};
    return {.columns = {"one"}, .rows = {{"1"}, {std::nullopt}}};
}

void TestRedshift::isDetected()
{
    FakeServer server(RedshiftParameters, redshift);
    Client client;
    client.setEndpoint(endpointOf(server));
    const AsyncRows rows = query(client, W, "select 1");
    VERIFY_OK(rows);
    QCOMPARE(rows.value().rowCount(), 2);
    const EndpointState state = client.state(W);
    QVERIFY(state.isRedshift);
    QCOMPARE(state.serverVersion, 80002);
    QVERIFY(!state.inRecovery);
    QCOMPARE(state.serverUser, QStringLiteral("analyst"));
    QVERIFY(!state.tls);
    QCOMPARE(server.startup().at("client_encoding"), QByteArray("UTF8"));
    QVERIFY(!server.startup().contains("options"));
}

void TestRedshift::nothingIsSentThatItLacks()
{
    FakeServer server(RedshiftParameters, redshift);
    Client client;
    client.setEndpoint(endpointOf(server));
    for (const auto deadline : {30s, 30s, 7s, 9s})
        VERIFY_OK(query(client, W, statement("select $1::int", {param(1)}, deadline)));
    QVERIFY(!server.sawPipeline());
    for (const QByteArray& sql : server.statements()) {
        for (const char* word : {"pg_is_in_recovery", "session_user", "client_connection_check_interval",
                                 "intervalstyle", "discard", ";"})
            QVERIFY2(!sql.contains(word), sql.constData());
    }
}

void TestRedshift::readOnlyFallsBack()
{
    FakeServer server(RedshiftParameters, redshift);
    Client client;
    client.setEndpoint(endpointOf(server));
    VERIFY_OK(query(client, W, "select 1"));
    QVERIFY(server.statements().contains("set session characteristics as transaction read only"));

    FakeServer writable(RedshiftParameters, redshift);
    client.setEndpoint(endpointOf(writable, false));
    VERIFY_OK(query(client, W, "select 1"));
    for (const QByteArray& sql : writable.statements())
        QVERIFY(!sql.contains("read_only") && !sql.contains("read only"));
}

void TestRedshift::refusalOfReadOnlyIsNotTheEnd()
{
    FakeServer server(RedshiftParameters, [](const QByteArray& sql) -> FakeServer::Reply {
        if (sql.contains("read only"))
            return {.sqlState = "0A000", .message = "not supported"};
        return redshift(sql);
    });
    Client client;
    client.setEndpoint(endpointOf(server));
    QTest::ignoreMessage(QtWarningMsg,
                         QRegularExpression(QStringLiteral("only the role's rights protect it")));
    VERIFY_OK(query(client, W, "select 1"));
}

void TestRedshift::timeoutIsSetApart()
{
    FakeServer server(RedshiftParameters, redshift);
    Client client;
    client.setEndpoint(endpointOf(server));
    VERIFY_OK(query(client, W, statement("select 1", {}, 7s)));
    VERIFY_OK(query(client, W, statement("select 2", {}, 7s)));
    VERIFY_OK(query(client, W, statement("select 3", {}, 8s)));
    QList<QByteArray> tail = server.statements().mid(server.statements().size() - 5);
    QCOMPARE(tail, (QList<QByteArray>{"set statement_timeout = 7000", "select 1", "select 2",
                                      "set statement_timeout = 8000", "select 3"}));
}

void TestRedshift::sessionsAreNotReused()
{
    FakeServer server(RedshiftParameters, redshift);
    Client client;
    client.setEndpoint(endpointOf(server));
    Async<std::shared_ptr<Session>> opened;
    client.openSession(W, 10s, this, opened.handler());
    QVERIFY(opened.wait());
    VERIFY_OK(opened);
    opened = {};
    VERIFY_OK(query(client, W, "select 1"));
    QCOMPARE(server.connections(), 2);
}

void TestRedshift::postgresIsTakenForPostgres()
{
    FakeServer server(
        {{"server_version", "17.2"}, {"client_encoding", "UTF8"}},
        [](const QByteArray& sql) -> FakeServer::Reply {
            if (sql.contains("version()"))
                return {.columns = {"version", "session_user", "r"}, .rows = {{"PostgreSQL 17.2", "u", "t"}}};
            return {.columns = {"one"}, .rows = {{"1"}}};
        });
    Client client;
    client.setEndpoint(endpointOf(server));
    VERIFY_OK(query(client, W, statement("select 1", {}, 7s)));
    VERIFY_OK(query(client, W, statement("select 1", {}, 8s)));
    const EndpointState state = client.state(W);
    QVERIFY(!state.isRedshift);
    QCOMPARE(state.serverVersion, 170002);
    QCOMPARE(state.inRecovery, std::optional(true));
    // One round trip to get ready, the first deadline in it; the second deadline goes along with its
    // statement.
    const QList<QByteArray> statements = server.statements();
    QCOMPARE(statements.size(), 4);
    QVERIFY(statements[0].contains("set statement_timeout = 7000") &&
            statements[0].contains("pg_is_in_recovery()") &&
            statements[0].contains("set default_transaction_read_only = on"));
}

void TestRedshift::checkIntervalThatThePlatformLacks()
{
    FakeServer server({{"server_version", "16.1"}, {"client_encoding", "UTF8"}},
                      [](const QByteArray& sql) -> FakeServer::Reply {
                          if (sql.contains("client_connection_check_interval"))
                              return {.sqlState = "22023", .message = "invalid value for parameter"};
                          if (sql.contains("version()"))
                              return {.columns = {"version", "session_user", "r"},
                                      .rows = {{"PostgreSQL 16.1 on Windows", "u", "f"}}};
                          return {.columns = {"one"}, .rows = {{"1"}}};
                      });
    Client client;
    client.setEndpoint(endpointOf(server));
    VERIFY_OK(query(client, W, "select 1"));
}

void TestRedshift::nonsense_data()
{
    QTest::addColumn<QByteArray>("raw");
    QTest::addColumn<bool>("hangUp");
    QTest::newRow("hangs up") << QByteArray() << true;
    QTest::newRow("unknown message") << QByteArray("y\0\0\0\4", 5) << false;
    QTest::newRow("length too small") << QByteArray("D\0\0\0\0", 5) << false;
    QTest::newRow("not the protocol") << QByteArray("HTTP/1.1 400 Bad Request\r\n\r\n") << false;
}

void TestRedshift::nonsense()
{
    QFETCH(QByteArray, raw);
    QFETCH(bool, hangUp);
    std::atomic<bool> sane{false};
    FakeServer server(RedshiftParameters, [&](const QByteArray& sql) -> FakeServer::Reply {
        if (!sane && sql == "select 1")
            return {.raw = raw, .hangUp = hangUp};
        return redshift(sql);
    });
    Client client;
    client.setEndpoint(endpointOf(server));
    const AsyncRows rows = query(client, W, statement("select 1", {}, 1s));
    QVERIFY2(rows.isThere() && !rows.ok(), rows.text().constData());
    QVERIFY(!rows.error().message.isEmpty());
    sane = true;
    QVERIFY(becomes(client, W, "select 1", 1)); // by way of a fresh connection
}

QTEST_GUILESS_MAIN(TestRedshift)
#include "tst_redshift.moc"
