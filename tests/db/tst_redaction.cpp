// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include "db/endpoint.h"
#include "db/redaction.h"

using namespace atlas::db;

class TestRedaction : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void secretsDisappear_data();
    void secretsDisappear();
    void harmlessTextStays_data();
    void harmlessTextStays();
    void sqlIsRedacted();
    void connectionInfoIsRedacted();
    void parseErrorsDoNotQuoteThePassword_data();
    void parseErrorsDoNotQuoteThePassword();
};

// Every secret of the corpus holds this word, and nothing else does.
static const QString Secret = QStringLiteral("hunter2");

void TestRedaction::secretsDisappear_data()
{
    QTest::addColumn<QString>("text");
    const QStringList corpus{
        QStringLiteral("host=a password=hunter2 user=b"),
        QStringLiteral("host=a password = hunter2 user=b"),
        QStringLiteral("password='hunter2 with blanks' user=b"),
        QStringLiteral("password='it\\'s hunter2' user=b"),
        QStringLiteral("password='back\\\\hunter2' user=b"),
        QStringLiteral("password='never closed hunter2"),
        QStringLiteral("password='line\nhunter2'"),
        QStringLiteral("PASSWORD=hunter2"),
        QStringLiteral("PGPASSWORD=hunter2 psql -h a"),
        QStringLiteral("sslpassword=hunter2"),
        QStringLiteral("passwd=hunter2"),
        QStringLiteral("pwd=hunter2;server=a"),
        QStringLiteral("password=ab&cd,hunter2"),
        QStringLiteral("oauth_client_secret=hunter2"),
        QStringLiteral("scram_client_key=hunter2"),
        QStringLiteral("aws_access_key_id=AKIA aws_secret_access_key=hunter2"),
        QStringLiteral("credentials 'aws_access_key_id=A;aws_secret_access_key=hunter2'"),
        QStringLiteral("postgresql://user:hunter2@host:5432/db"),
        QStringLiteral("could not connect to \"postgres://user:hunter2@host/db?sslmode=require\": no"),
        QStringLiteral("postgresql://user:p@ss/hunter2@host/db"),
        QStringLiteral("postgresql://user:hunter2@[::1]:5432,other:5433/db"),
        QStringLiteral("postgresql://:hunter2@host/db"),
        QStringLiteral("postgresql://host/db?user=u&password=hunter2&sslmode=require"),
        QStringLiteral("{\"password\": \"hunter2\", \"user\": \"u\"}"),
        QStringLiteral("{\"password\":\"esc\\\"hunter2\"}"),
        QStringLiteral("{'password': 'hunter2'}"),
        QStringLiteral("alter role r password 'hunter2'"),
        QStringLiteral("ALTER ROLE r WITH ENCRYPTED PASSWORD 'it''s hunter2' LOGIN"),
        QStringLiteral("create user u password E'a\\'hunter2'"),
        QStringLiteral("create role r password $$hunter2$$"),
        QStringLiteral("create role r password $tag$ hunter2 $tag$ login"),
        QStringLiteral("alter role r\n  password\n  'hunter2'"),
        QStringLiteral("create user mapping for u server s options (user 'u', password 'hunter2')"),
        QStringLiteral("create subscription s connection 'host=h password=hunter2' publication p"),
        QStringLiteral(
            "create subscription s connection 'host=h password=''hunter2 x'' user=u' publication p"),
        QStringLiteral("copy t from 's3://b' access_key_id 'A' secret_access_key 'hunter2'"),
        QStringLiteral("passphrase=hunter2"),
    };
    for (const QString& text : corpus)
        QTest::newRow(qPrintable(text)) << text;
}

void TestRedaction::secretsDisappear()
{
    QFETCH(QString, text);
    const QString redacted = redactSecrets(text);
    QVERIFY2(!redacted.contains(Secret), qPrintable(redacted));
    QVERIFY2(redacted.contains(u'…'), "something should say that something was removed");
    QCOMPARE(redactSecrets(redacted), redacted);
}

void TestRedaction::harmlessTextStays_data()
{
    QTest::addColumn<QString>("text");
    const QStringList corpus{
        QStringLiteral("password authentication failed for user \"atlas\""),
        QStringLiteral("fe_sendauth: no password supplied"),
        QStringLiteral("password file \"/home/a/.pgpass\" has group or world access"),
        QStringLiteral("select * from attributes where name = 'x'"),
        QStringLiteral(
            "connection to server at \"db.example.org\" (10.0.0.1), port 5432 failed: Connection refused"),
        QStringLiteral("postgresql://host:5432/db"),
        QStringLiteral("postgresql://user@host:5432/db"),
        QStringLiteral("s3://bucket/key:with@sign is not matched by accident in prose: a:b@c"),
        QStringLiteral("column \"password\" does not exist"),
        QString(),
    };
    for (const QString& text : corpus)
        QTest::newRow(qPrintable(text)) << text;
}

void TestRedaction::harmlessTextStays()
{
    QFETCH(QString, text);
    QCOMPARE(redactSecrets(text), text);
}

void TestRedaction::sqlIsRedacted()
{
    QVERIFY(!redactSql("alter role r password 'hunter2'").contains("hunter2"));
    QVERIFY(!redactSql("create subscription s connection 'postgresql://u:hunter2@h/d'").contains("hunter2"));
    const QByteArray plain("select a, b from t where c = $1 and d = 'é'");
    QCOMPARE(redactSql(plain), plain);
    // Bytes that are no UTF-8 are passed on as they are when there is nothing to hide.
    const QByteArray odd("select '\xff\xfe'");
    QCOMPARE(redactSql(odd), odd);
}

void TestRedaction::connectionInfoIsRedacted()
{
    ConnectionInfo info;
    info.set(QStringLiteral("host"), QStringLiteral("db.example.org"));
    info.set(QStringLiteral("user"), QStringLiteral("o'brien"));
    info.set(QStringLiteral("password"), QStringLiteral("hunter2"));
    info.set(QStringLiteral("sslpassword"), QStringLiteral("hunter2"));
    info.set(QStringLiteral("options"), QStringLiteral("-c x=y"));
    const QString text = info.redacted();
    QCOMPARE(text, QStringLiteral(
                       "host=db.example.org options='-c x=y' password=… sslpassword=… user='o\\'brien'"));
    // What is not a secret can be read back.
    const auto again = ConnectionInfo::parse(text);
    QVERIFY(again.ok());
    QCOMPARE(again->value(QStringLiteral("user")), QStringLiteral("o'brien"));
}

void TestRedaction::parseErrorsDoNotQuoteThePassword_data()
{
    QTest::addColumn<QString>("text");
    QTest::newRow("blank in it") << QStringLiteral("host=a password=my hunter2");
    QTest::newRow("equals sign behind a blank") << QStringLiteral("host=a password=my hunter2=x");
    QTest::newRow("unterminated") << QStringLiteral("password='hunter2");
    QTest::newRow("uri, bad percent") << QStringLiteral("postgresql://u:hunter2%zz@h/d");
    QTest::newRow("uri, bad option") << QStringLiteral("postgresql://u:hunter2@h/d?hunter2=1");
}

void TestRedaction::parseErrorsDoNotQuoteThePassword()
{
    QFETCH(QString, text);
    const auto info = ConnectionInfo::parse(text);
    QVERIFY(!info.ok());
    QCOMPARE(info.error().kind, ErrorKind::BadArgument);
    QVERIFY2(!info.error().text().contains(Secret), qPrintable(info.error().text()));
    QVERIFY(!info.error().message.isEmpty());
}

QTEST_APPLESS_MAIN(TestRedaction)
#include "tst_redaction.moc"
