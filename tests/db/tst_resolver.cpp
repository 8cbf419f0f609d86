// SPDX-License-Identifier: GPL-3.0-or-later
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include "db/resolver.h"

using namespace atlas::db;

/// What is handed to libpq, and what of it comes from where. Looks up no name but localhost.
class TestResolver : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void defaultsFillGapsOnly();
    void serviceBeatsOurDefaults();
    void environmentBeatsOurDefaults();
    void encodingIsAlwaysUtf8();
    void connectTimeout();
    void hostNamesGetAddresses();
    void serviceHostsAreResolvedToo();
    void addressesAndSocketsAreLeftAlone_data();
    void addressesAndSocketsAreLeftAlone();
    void severalHosts();
    void unknownNames();
    void oneKnownNameIsEnough();
    void addressesAreDropped();
    void mistakes_data();
    void mistakes();

private:
    QTemporaryDir m_directory;
};

static QByteArray valueOf(const ResolvedTarget& target, const QByteArray& keyword)
{
    for (const auto& [key, value] : target.options) {
        if (key == keyword)
            return value;
    }
    return {};
}

static ConnectionInfo parsed(const char* text)
{
    return *ConnectionInfo::parse(QString::fromUtf8(text));
}

void TestResolver::initTestCase()
{
    QFile file(m_directory.filePath(QStringLiteral("services")));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(
        "[tuned]\nhost=localhost\nport=6001\nkeepalives_idle=77\nconnect_timeout=9\napplication_name=theirs\n"
        "gssencmode=require\n[addressed]\nhost=no-such-host.invalid\nhostaddr=127.0.0.1\n");
}

void TestResolver::init()
{
    for (const char* name : {"PGHOST", "PGHOSTADDR", "PGPORT", "PGSERVICE", "PGGSSENCMODE",
                             "PGCONNECT_TIMEOUT", "PGAPPNAME", "PGCLIENTENCODING", "PGSSLMODE"})
        qunsetenv(name);
    qputenv("PGSERVICEFILE", m_directory.filePath(QStringLiteral("services")).toUtf8());
}

void TestResolver::defaultsFillGapsOnly()
{
    const auto plain = resolve(parsed("host=127.0.0.1"));
    QVERIFY(plain.ok());
    QCOMPARE(valueOf(*plain, "keepalives_idle"), QByteArray("10"));
    QVERIFY(!valueOf(*plain, "tcp_user_timeout").isEmpty());
    QCOMPARE(valueOf(*plain, "gssencmode"), QByteArray("disable"));
    QCOMPARE(valueOf(*plain, "fallback_application_name"), QByteArray("atlas-console"));
    QVERIFY(valueOf(*plain, "application_name").isEmpty());

    const auto chosen =
        resolve(parsed("host=127.0.0.1 keepalives_idle=99 gssencmode=prefer application_name=mine"));
    QVERIFY(chosen.ok());
    QCOMPARE(valueOf(*chosen, "keepalives_idle"), QByteArray("99"));
    QCOMPARE(valueOf(*chosen, "gssencmode"), QByteArray("prefer"));
    QCOMPARE(valueOf(*chosen, "application_name"), QByteArray("mine"));
}

void TestResolver::serviceBeatsOurDefaults()
{
    const auto target = resolve(parsed("service=tuned"));
    QVERIFY(target.ok());
    // Left to libpq, which reads the service again.
    QCOMPARE(valueOf(*target, "service"), QByteArray("tuned"));
    QVERIFY(valueOf(*target, "keepalives_idle").isEmpty());
    QVERIFY(valueOf(*target, "gssencmode").isEmpty());
    QCOMPARE(target->connectTimeout, std::chrono::seconds(9));
    // But what the service leaves open gets ours.
    QCOMPARE(valueOf(*target, "keepalives_count"), QByteArray("3"));
}

void TestResolver::environmentBeatsOurDefaults()
{
    qputenv("PGGSSENCMODE", "prefer");
    qputenv("PGCONNECT_TIMEOUT", "3");
    const auto target = resolve(parsed("host=127.0.0.1"));
    QVERIFY(target.ok());
    QVERIFY(valueOf(*target, "gssencmode").isEmpty());
    QCOMPARE(target->connectTimeout, std::chrono::seconds(3));
}

void TestResolver::encodingIsAlwaysUtf8()
{
    qputenv("PGCLIENTENCODING", "LATIN1");
    const auto target = resolve(parsed("host=127.0.0.1"));
    QVERIFY(target.ok());
    QCOMPARE(valueOf(*target, "client_encoding"), QByteArray("UTF8"));
}

void TestResolver::connectTimeout()
{
    QCOMPARE(resolve(parsed("host=127.0.0.1"))->connectTimeout, std::chrono::seconds(5));
    QCOMPARE(resolve(parsed("host=127.0.0.1 connect_timeout=2"))->connectTimeout, std::chrono::seconds(2));
    QCOMPARE(resolve(parsed("host=127.0.0.1 connect_timeout=0"))->connectTimeout, std::chrono::seconds(5));
}

void TestResolver::hostNamesGetAddresses()
{
    const auto target = resolve(parsed("host=localhost port=6001"));
    QVERIFY2(target.ok(), target.ok() ? "" : qPrintable(target.error().text()));
    const QList<QByteArray> addresses = valueOf(*target, "hostaddr").split(',');
    QVERIFY(addresses.contains("127.0.0.1") || addresses.contains("::1"));
    // As many names as addresses, so that certificates are still compared with the name.
    QCOMPARE(valueOf(*target, "host").split(','), QList<QByteArray>(addresses.size(), "localhost"));
    QCOMPARE(valueOf(*target, "port").split(','), QList<QByteArray>(addresses.size(), "6001"));
}

void TestResolver::serviceHostsAreResolvedToo()
{
    const auto target = resolve(parsed("service=tuned"));
    QVERIFY(target.ok());
    QVERIFY(!valueOf(*target, "hostaddr").isEmpty());
    QVERIFY(valueOf(*target, "port").startsWith("6001"));
    // A service with an address of its own needs no look-up: this name has none.
    QVERIFY(resolve(parsed("service=addressed")).ok());
}

void TestResolver::addressesAndSocketsAreLeftAlone_data()
{
    QTest::addColumn<QByteArray>("info");
    QTest::newRow("address") << QByteArray("host=127.0.0.1");
    QTest::newRow("address of version 6") << QByteArray("host=::1");
    QTest::newRow("socket") << QByteArray("host=/run/postgresql");
    QTest::newRow("hostaddr") << QByteArray("host=no-such-host.invalid hostaddr=127.0.0.1");
    QTest::newRow("nothing") << QByteArray("user=x");
}

void TestResolver::addressesAndSocketsAreLeftAlone()
{
    QFETCH(QByteArray, info);
    const ConnectionInfo given = parsed(info.constData());
    const auto target = resolve(given);
    QVERIFY2(target.ok(), target.ok() ? "" : qPrintable(target.error().text()));
    QCOMPARE(QString::fromUtf8(valueOf(*target, "host")), given.value(QStringLiteral("host")));
}

void TestResolver::severalHosts()
{
    const auto target = resolve(parsed("host=127.0.0.1,/tmp,127.0.0.2 port=1,2,3"));
    QVERIFY(target.ok());
    QCOMPARE(valueOf(*target, "host"), QByteArray("127.0.0.1,/tmp,127.0.0.2"));
    QCOMPARE(valueOf(*target, "hostaddr"), QByteArray("127.0.0.1,,127.0.0.2"));
    QCOMPARE(valueOf(*target, "port"), QByteArray("1,2,3"));
}

void TestResolver::unknownNames()
{
    const auto target = resolve(parsed("host=no-such-host.invalid password=hunter2"));
    QVERIFY(!target.ok());
    QCOMPARE(target.error().kind, ErrorKind::NameNotFound);
    QVERIFY(target.error().message.contains(QLatin1String("no-such-host.invalid")));
    QVERIFY(!target.error().message.contains(QLatin1String("hunter2")));
}

void TestResolver::oneKnownNameIsEnough()
{
    const auto target = resolve(parsed("host=no-such-host.invalid,127.0.0.1 port=1,2"));
    QVERIFY(target.ok());
    QCOMPARE(valueOf(*target, "host"), QByteArray("127.0.0.1"));
    QCOMPARE(valueOf(*target, "port"), QByteArray("2"));
}

void TestResolver::addressesAreDropped()
{
    auto mixed = resolve(parsed("host=127.0.0.1,/tmp,127.0.0.2 port=1,2,3"));
    QVERIFY(mixed.ok());
    QCOMPARE(mixed->addresses.size(), 3);
    QVERIFY(!mixed->dropAddress("127.0.0.1", "127.0.0.1", "9"));
    QVERIFY(mixed->dropAddress("127.0.0.1", "127.0.0.1", "1"));
    QCOMPARE(valueOf(*mixed, "host"), QByteArray("/tmp,127.0.0.2"));
    QCOMPARE(valueOf(*mixed, "hostaddr"), QByteArray(",127.0.0.2"));
    QCOMPARE(valueOf(*mixed, "port"), QByteArray("2,3"));
    QVERIFY(mixed->dropAddress("127.0.0.2", "127.0.0.2", "3"));
    QCOMPARE(valueOf(*mixed, "host"), QByteArray("/tmp"));
    QVERIFY(valueOf(*mixed, "hostaddr").isEmpty());
    QCOMPARE(valueOf(*mixed, "port"), QByteArray("2"));
    QVERIFY(!mixed->dropAddress("/tmp", QByteArray(), "2")); // the last one stays

    // Without names PQhost gives the address.
    auto addressed = resolve(parsed("hostaddr=127.0.0.1,127.0.0.2 port=6001"));
    QVERIFY(addressed.ok());
    QVERIFY(addressed->dropAddress("127.0.0.1", "127.0.0.1", "6001"));
    QCOMPARE(valueOf(*addressed, "hostaddr"), QByteArray("127.0.0.2"));
    QCOMPARE(valueOf(*addressed, "port"), QByteArray("6001"));
    QVERIFY(valueOf(*addressed, "host").isEmpty());
}

void TestResolver::mistakes_data()
{
    QTest::addColumn<QByteArray>("info");
    QTest::newRow("unknown service") << QByteArray("service=nowhere");
    QTest::newRow("sslmode") << QByteArray("host=127.0.0.1 sslmode=maybe");
    QTest::newRow("port") << QByteArray("host=127.0.0.1 port=99999");
    QTest::newRow("port is a word") << QByteArray("host=127.0.0.1 port=postgres");
    QTest::newRow("more ports than hosts") << QByteArray("host=127.0.0.1 port=1,2");
}

void TestResolver::mistakes()
{
    QFETCH(QByteArray, info);
    const auto target = resolve(parsed(info.constData()));
    QVERIFY(!target.ok());
    QCOMPARE(target.error().kind, ErrorKind::BadArgument);
    QVERIFY(!target.error().message.isEmpty());
}

QTEST_APPLESS_MAIN(TestResolver)
#include "tst_resolver.moc"
