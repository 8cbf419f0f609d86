// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTemporaryDir>
#include <QTest>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "db/client.h"
#include "tests/db/asyncresult.h"
#include "tests/support/tcpproxy.h"
#include "tests/support/testcluster.h"

using namespace atlas;
using namespace atlas::db;
using namespace atlas::test;

namespace {

/// Listens on 127.0.0.1 and never accepts: the kernel takes connections and nobody answers. `full`: it does
/// not take any more either, and drops without a word what asks for one.
class SilentListener
{
public:
    explicit SilentListener(bool full)
    {
        const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        m_sockets.push_back(listener);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        socklen_t length = sizeof(address);
        if (bind(listener, generic, length) != 0 || listen(listener, full ? 0 : 16) != 0 ||
            getsockname(listener, generic, &length) != 0)
            qFatal("cannot listen");
        m_port = ntohs(address.sin_port);
        for (int i = 0; full && i < 4; ++i) {
            const int filler = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
            m_sockets.push_back(filler);
            [[maybe_unused]] const int pending = connect(filler, generic, length);
        }
    }
    ~SilentListener()
    {
        for (const int one : m_sockets)
            close(one);
    }
    SilentListener(const SilentListener&) = delete;
    SilentListener& operator=(const SilentListener&) = delete;
    int port() const { return m_port; }

private:
    std::vector<int> m_sockets;
    int m_port = 0;
};

} // namespace

/// What is wrong with a connection is said by name, and by libpq's own means it is made.
class TestDbConnecting : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void mistakesAreNamed_data();
    void mistakesAreNamed();
    void goodEndpointPassesTheTest();
    void testDoesNotTouchThePool();
    void serverThatNeverAnswers();
    void receiverOfATestGone();
    void severalHostsSkipTheDeadOne();
    void aSilentAddressIsSkipped_data();
    void aSilentAddressIsSkipped();
    void serviceAloneIsEnough();
    void environmentAloneIsEnough();
    void ourDefaultsArrive();
    void encodingIsUtf8WhateverTheEnvironmentSays();
    void multiplePasswordsNeverShow();

private:
    using Change = std::function<void(ConnectionInfo&)>;
    TestCluster m_cluster;
    QTemporaryDir m_directory;
};

static const QString Primary = QStringLiteral("primary");

static const char OtherCa[] = R"(-----BEGIN CERTIFICATE-----
MIIBkTCCATegAwIBAgIUVOXavENQwRhWYpsxxVi96V3RSQMwCgYIKoZIzj0EAwIw
HTEbMBkGA1UEAwwSU29tZWJvZHkgZWxzZSdzIENBMCAXDTI2MTEyMTExMTMxMFoY
DzIxMjYxMDI4MTExMzEwWjAdMRswGQYDVQQDDBJTb21lYm9keSBlbHNlJ3MgQ0Ew
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASHzD5bXd1CzWL2O3JMKSFIdjrmRr9Y
kwSScUhccp+WRPUIeRKVoIojIyfaOhlDiTf55p5WZdSevItbdBVVncgPo1MwUTAd
BgNVHQ4EFgQUG/z78eY1NaXchsvhWC49dyuN4hEwHwYDVR0jBBgwFoAUG/z78eY1
NaXchsvhWC49dyuN4hEwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBF
AiEAhB5EM5udmk9Smum8goa1k4OGtXkG5PpVIAeRvTyqOCcCIFxZb5EjVqXxjR+/
+ppKhqyJjzpxMusn5Ge6g5DZruJU
-----END CERTIFICATE-----
)";

void TestDbConnecting::initTestCase()
{
    ATLAS_REQUIRE_CLUSTER(m_cluster);
    QFile file(m_directory.filePath(QStringLiteral("other-ca.crt")));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(OtherCa);
}

static QString s(const char* text)
{
    return QString::fromUtf8(text);
}

void TestDbConnecting::mistakesAreNamed_data()
{
    QTest::addColumn<QStringList>("changes");
    QTest::addColumn<int>("kind");
    QTest::addColumn<QString>("sqlState");
    const auto row = [](const char* name, const QStringList& changes, ErrorKind expected,
                        const char* sqlState = "") {
        QTest::newRow(name) << changes << kind(expected) << s(sqlState);
    };
    const QString none; // unset
    row("name", {s("host"), s("no-such-host.invalid"), s("hostaddr"), none}, ErrorKind::NameNotFound);
    row("port", {s("port"), s("1")}, ErrorKind::Refused);
    row("no socket", {s("host"), s("/nonexistent"), s("hostaddr"), none, s("sslmode"), none},
        ErrorKind::Refused);
    row("password", {s("password"), s("hunter2")}, ErrorKind::Authentication, "28P01");
    row("no password", {s("passfile"), s("/nonexistent")}, ErrorKind::Authentication);
    row("role", {s("user"), s("nobody_of_this_name"), s("password"), s("hunter2")}, ErrorKind::Authentication,
        "28P01");
    row("database", {s("dbname"), s("no such database")}, ErrorKind::NoSuchDatabase, "3D000");
    row("another CA", {s("sslrootcert"), s("OTHER")}, ErrorKind::Tls);
    row("no CA file", {s("sslrootcert"), s("/nonexistent")}, ErrorKind::Tls);
    row("name not in the certificate", {s("host"), s("elsewhere.example.org")}, ErrorKind::Tls);
    row("no TLS where it is needed", {s("sslmode"), s("disable")}, ErrorKind::Authentication, "28000");
    row("sslmode", {s("sslmode"), s("maybe")}, ErrorKind::BadArgument);
    row("service", {s("service"), s("nowhere")}, ErrorKind::BadArgument);
}

void TestDbConnecting::mistakesAreNamed()
{
    QFETCH(QStringList, changes);
    QFETCH(int, kind);
    QFETCH(QString, sqlState);
    Endpoint endpoint = m_cluster.endpoint(Primary, QStringLiteral("analyst"));
    for (qsizetype i = 0; i < changes.size(); i += 2)
        endpoint.info.set(changes[i], changes[i + 1] == s("OTHER") ? m_directory.filePath(s("other-ca.crt"))
                                                                   : changes[i + 1]);
    Client client;
    Async<EndpointState> tested;
    client.testEndpoint(endpoint, 10s, this, tested.handler());
    QVERIFY(tested.wait());
    QVERIFY(!tested.ok());
    QVERIFY2(int(tested.error().kind) == kind, tested.text().constData());
    QCOMPARE(tested.error().sqlState, sqlState);
    QCOMPARE(tested.error().endpoint, Primary);
    QVERIFY(!tested.error().message.isEmpty());
    QVERIFY2(!tested.text().contains("hunter2"), tested.text().constData());

    // A statement meets the same error.
    client.setEndpoint(endpoint);
    const AsyncRows rows = query(client, Primary, "select 1");
    QVERIFY(rows.isThere() && !rows.ok());
    QCOMPARE(int(rows.error().kind), kind);
    QCOMPARE(int(client.state(Primary).link), int(EndpointState::Link::Down));
    QCOMPARE(int(client.state(Primary).lastError->kind), kind);
}

void TestDbConnecting::goodEndpointPassesTheTest()
{
    Client client;
    for (const QString& node : m_cluster.nodes()) {
        Async<EndpointState> tested;
        client.testEndpoint(m_cluster.endpoint(node, s("analyst")), 10s, this, tested.handler());
        QVERIFY(tested.wait());
        VERIFY_OK(tested);
        QCOMPARE(tested.value().inRecovery, std::optional(m_cluster.replicas().contains(node)));
        QVERIFY(tested.value().tls);
        QCOMPARE(tested.value().serverUser, m_cluster.role(s("analyst")));
    }
}

void TestDbConnecting::testDoesNotTouchThePool()
{
    Client client;
    Endpoint good = m_cluster.endpoint(Primary, s("analyst"));
    client.setEndpoint(good);
    Endpoint bad = good;
    bad.info.set(s("port"), s("1"));
    Async<EndpointState> tested;
    client.testEndpoint(bad, 10s, this, tested.handler());
    QVERIFY(tested.wait());
    COMPARE_KIND(tested, ErrorKind::Refused);
    QCOMPARE(int(client.state(Primary).link), int(EndpointState::Link::Unknown));
    VERIFY_OK(query(client, Primary, "select 1"));
}

void TestDbConnecting::serverThatNeverAnswers()
{
    TcpProxy proxy(m_cluster.address(Primary), m_cluster.port(Primary));
    proxy.setFrozen(true);
    Client client;
    Async<EndpointState> tested;
    client.testEndpoint(m_cluster.endpointThrough(proxy.port(), Primary, s("analyst")), 300ms, this,
                        tested.handler());
    QVERIFY(tested.wait());
    COMPARE_KIND(tested, ErrorKind::Deadline);

    Endpoint slow = m_cluster.endpointThrough(proxy.port(), Primary, s("analyst"));
    slow.info.set(s("connect_timeout"), s("1"));
    client.setEndpoint(slow);
    const AsyncRows rows = query(client, Primary, statement("select 1", {}, 60s));
    COMPARE_KIND(rows, ErrorKind::Deadline); // the connection's, long before the statement's
}

void TestDbConnecting::receiverOfATestGone()
{
    Client client;
    int calls = 0;
    auto receiver = std::make_unique<QObject>();
    client.testEndpoint(m_cluster.endpoint(Primary, s("analyst")), 10s, receiver.get(),
                        [&](const Result<EndpointState>&) { ++calls; });
    receiver.reset();
    Async<EndpointState> tested;
    client.testEndpoint(m_cluster.endpoint(Primary, s("analyst")), 10s, this, tested.handler());
    QVERIFY(tested.wait());
    QCOMPARE(calls, 0);
}

void TestDbConnecting::severalHostsSkipTheDeadOne()
{
    Client client;
    Endpoint endpoint = m_cluster.endpoint(Primary, s("analyst"));
    const QString password = m_cluster.password(Primary, s("analyst"));
    endpoint.info.set(s("host"), s("no-such-host.invalid,localhost,localhost"));
    endpoint.info.set(s("hostaddr"), QString());
    endpoint.info.set(s("port"), s("5432,1,%1").arg(m_cluster.port(Primary)));
    endpoint.info.set(s("password"), password);
    client.setEndpoint(endpoint);
    VERIFY_OK(query(client, Primary, "select 1"));
    QVERIFY(client.state(Primary).tls);
}

void TestDbConnecting::aSilentAddressIsSkipped_data()
{
    QTest::addColumn<bool>("full");
    QTest::newRow("takes connections, never answers") << false;
    QTest::newRow("takes no connections") << true;
}

void TestDbConnecting::aSilentAddressIsSkipped()
{
    QFETCH(bool, full);
    const SilentListener silent(full);
    Client client;
    Endpoint endpoint = m_cluster.endpoint(Primary, s("analyst"));
    endpoint.info.set(s("host"), s("localhost,localhost"));
    endpoint.info.set(s("hostaddr"), s("127.0.0.1,%1").arg(m_cluster.address(Primary)));
    endpoint.info.set(s("port"), s("%1,%2").arg(silent.port()).arg(m_cluster.port(Primary)));
    endpoint.info.set(s("password"), m_cluster.password(Primary, s("analyst")));
    endpoint.info.set(s("connect_timeout"), s("1"));
    client.setEndpoint(endpoint);
    VERIFY_OK(query(client, Primary, statement("select 1", {}, 15s)));
    QVERIFY(client.state(Primary).tls);
}

void TestDbConnecting::serviceAloneIsEnough()
{
    qputenv("PGSERVICEFILE", (m_cluster.stateDirectory() + s("/pg_service.conf")).toUtf8());
    Client client;
    Endpoint endpoint;
    endpoint.id = s("by-service");
    endpoint.info = *ConnectionInfo::parse(s("service=atlas-primary"));
    client.setEndpoint(endpoint);
    const AsyncRows rows = query(client, endpoint.id, "select 1");
    qunsetenv("PGSERVICEFILE");
    VERIFY_OK(rows);
    QVERIFY(client.state(endpoint.id).tls);
}

void TestDbConnecting::environmentAloneIsEnough()
{
    const Endpoint described = m_cluster.endpoint(Primary, s("analyst"));
    const QList<std::pair<const char*, const char*>> names{
        {"PGHOST", "host"},         {"PGHOSTADDR", "hostaddr"}, {"PGPORT", "port"},
        {"PGDATABASE", "dbname"},   {"PGSSLMODE", "sslmode"},   {"PGSSLROOTCERT", "sslrootcert"},
        {"PGPASSFILE", "passfile"}, {"PGUSER", "user"}};
    for (const auto& [variable, keyword] : names)
        qputenv(variable, described.info.value(s(keyword)).toUtf8());
    Client client;
    Endpoint endpoint;
    endpoint.id = s("by-environment");
    client.setEndpoint(endpoint);
    const AsyncRows rows = query(client, endpoint.id, "select current_database(), current_user");
    for (const auto& [variable, keyword] : names)
        qunsetenv(variable);
    VERIFY_OK(rows);
    QCOMPARE(rows.value().string(0, 0), described.info.value(s("dbname")));
    QCOMPARE(rows.value().string(0, 1), described.info.value(s("user")));
}

void TestDbConnecting::ourDefaultsArrive()
{
    Client client;
    client.setEndpoint(m_cluster.endpoint(Primary, s("analyst")));
    const AsyncRows rows =
        query(client, Primary,
              "select current_setting('application_name'), current_setting('client_encoding'), "
              "current_setting('client_connection_check_interval'), current_setting('DateStyle')");
    VERIFY_OK(rows);
    QCOMPARE(rows.value().string(0, 0), s("atlas-console"));
    QCOMPARE(rows.value().string(0, 1), s("UTF8"));
    QCOMPARE(rows.value().string(0, 2), s("2s"));
    QVERIFY(rows.value().string(0, 3).startsWith(s("ISO")));
    Endpoint named = m_cluster.endpoint(Primary, s("analyst"));
    named.id = s("named");
    named.info.set(s("application_name"), s("mine"));
    client.setEndpoint(named);
    QCOMPARE(query(client, named.id, "show application_name").value().string(0, 0), s("mine"));
}

void TestDbConnecting::encodingIsUtf8WhateverTheEnvironmentSays()
{
    qputenv("PGCLIENTENCODING", "LATIN1");
    Client client;
    client.setEndpoint(m_cluster.endpoint(Primary, s("analyst")));
    const AsyncRows rows = query(client, Primary, "select 'größe'::text");
    qunsetenv("PGCLIENTENCODING");
    VERIFY_OK(rows);
    QCOMPARE(rows.value().string(0, 0), s("größe"));
}

void TestDbConnecting::multiplePasswordsNeverShow()
{
    Client client;
    Endpoint endpoint = m_cluster.endpoint(Primary, s("analyst"));
    endpoint.info.set(s("host"), s("/nonexistent/password=hunter2"));
    endpoint.info.set(s("hostaddr"), QString());
    endpoint.info.set(s("password"), s("hunter2"));
    endpoint.info.set(s("sslmode"), s("disable"));
    Async<EndpointState> tested;
    client.testEndpoint(endpoint, 10s, this, tested.handler());
    QVERIFY(tested.wait());
    QVERIFY(!tested.ok());
    QVERIFY2(!tested.text().contains("hunter2"), tested.text().constData());
    QVERIFY(!tested.error().detail.contains(s("hunter2")));
}

QTEST_GUILESS_MAIN(TestDbConnecting)
#include "tst_dbconnecting.moc"
