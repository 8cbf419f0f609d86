// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include "db/endpoint.h"

using namespace atlas::db;

class TestConnectionInfo : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void parsesKeywordsAndValues();
    void parsesUris();
    void refusesWhatLibpqRefuses_data();
    void refusesWhatLibpqRefuses();
    void emptyMeansNotGiven();
    void equalityIsByValue();
};

void TestConnectionInfo::parsesKeywordsAndValues()
{
    const auto info =
        ConnectionInfo::parse(QStringLiteral("host=a,b port=5432,5433 user='two words' password='it\\'s'"));
    QVERIFY(info.ok());
    QCOMPARE(info->value(QStringLiteral("host")), QStringLiteral("a,b"));
    QCOMPARE(info->value(QStringLiteral("port")), QStringLiteral("5432,5433"));
    QCOMPARE(info->value(QStringLiteral("user")), QStringLiteral("two words"));
    QCOMPARE(info->value(QStringLiteral("password")), QStringLiteral("it's"));
    QVERIFY(!info->contains(QStringLiteral("dbname")));
    QCOMPARE(info->options().size(), 4);
}

void TestConnectionInfo::parsesUris()
{
    const auto info = ConnectionInfo::parse(QStringLiteral(
        "postgresql://us%65r:p%40ss@[::1]:6000/db%20name?sslmode=verify-full&application_name=x"));
    QVERIFY(info.ok());
    QCOMPARE(info->value(QStringLiteral("user")), QStringLiteral("user"));
    QCOMPARE(info->value(QStringLiteral("password")), QStringLiteral("p@ss"));
    QCOMPARE(info->value(QStringLiteral("host")), QStringLiteral("::1"));
    QCOMPARE(info->value(QStringLiteral("port")), QStringLiteral("6000"));
    QCOMPARE(info->value(QStringLiteral("dbname")), QStringLiteral("db name"));
    QCOMPARE(info->value(QStringLiteral("sslmode")), QStringLiteral("verify-full"));
}

void TestConnectionInfo::refusesWhatLibpqRefuses_data()
{
    QTest::addColumn<QString>("text");
    QTest::newRow("unknown keyword") << QStringLiteral("hots=a");
    QTest::newRow("no equals sign") << QStringLiteral("just words");
    QTest::newRow("open quote") << QStringLiteral("host='a");
    QTest::newRow("bad uri") << QStringLiteral("postgresql://[::1/db");
    QTest::newRow("NUL") << QStringLiteral("host=a") + QChar(u'\0') + QStringLiteral("user=b");
}

void TestConnectionInfo::refusesWhatLibpqRefuses()
{
    QFETCH(QString, text);
    const auto info = ConnectionInfo::parse(text);
    QVERIFY(!info.ok());
    QCOMPARE(info.error().kind, ErrorKind::BadArgument);
    QVERIFY(!info.error().message.isEmpty());
}

void TestConnectionInfo::emptyMeansNotGiven()
{
    ConnectionInfo info;
    info.set(QStringLiteral("host"), QStringLiteral("a"));
    QVERIFY(info.contains(QStringLiteral("host")));
    info.set(QStringLiteral("host"), QString());
    QVERIFY(!info.contains(QStringLiteral("host")));
    QCOMPARE(info, ConnectionInfo());
    const auto empty = ConnectionInfo::parse(QString());
    QVERIFY(empty.ok());
    QCOMPARE(*empty, ConnectionInfo());
}

void TestConnectionInfo::equalityIsByValue()
{
    const auto a = ConnectionInfo::parse(QStringLiteral("host=a user=b"));
    const auto b = ConnectionInfo::parse(QStringLiteral("user='b' host='a'"));
    const auto c = ConnectionInfo::parse(QStringLiteral("user=b host=a port=1"));
    QCOMPARE(*a, *b);
    QVERIFY(!(*a == *c));
}

QTEST_APPLESS_MAIN(TestConnectionInfo)
#include "tst_connectioninfo.moc"
