// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include "db/connectfailure.h"

using namespace atlas::db;

Q_DECLARE_METATYPE(atlas::db::ErrorKind)
Q_DECLARE_METATYPE(atlas::db::ConnectPhase)

/// Messages as libpq 15 leaves them with PQERRORS_VERBOSE, in several languages.
class TestConnectFailure : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void isNamed_data();
    void isNamed();
    void messageIsTheServersOwn();
    void lastHostCounts();
    void earlierHostDoesNotCount();
    void noSecretGetsThrough();
};

void TestConnectFailure::isNamed_data()
{
    QTest::addColumn<ConnectPhase>("phase");
    QTest::addColumn<QByteArray>("message");
    QTest::addColumn<bool>("needsPassword");
    QTest::addColumn<bool>("peerClosed");
    QTest::addColumn<bool>("tls");
    QTest::addColumn<ErrorKind>("kind");
    const QByteArray at("connection to server at \"db\" (10.0.0.1), port 5432 failed: ");

    QTest::newRow("refused")
        << ConnectPhase::Reaching
        << at + "Connection refused\n\tIs the server running on that host and accepting TCP/IP "
                "connections?\n"
        << false << false << false << ErrorKind::Refused;
    QTest::newRow("refused, German") << ConnectPhase::Reaching
                                     << QByteArray("Verbindung zum Server auf »db« (10.0.0.1), Port 5432 "
                                                   "fehlgeschlagen: Verbindungsaufbau abgelehnt\n")
                                     << false << false << false << ErrorKind::Refused;
    QTest::newRow("wrong password") << ConnectPhase::Authenticating
                                    << at + "FATAL:  28P01: password authentication failed for user "
                                            "\"x\"\nLOCATION:  auth_failed, auth.c:326\n"
                                    << false << true << true << ErrorKind::Authentication;
    QTest::newRow("wrong password, French")
        << ConnectPhase::Authenticating
        << QByteArray("la connexion au serveur sur « db » (10.0.0.1), port 5432 a échoué : FATAL:  28P01: "
                      "authentification par mot de passe échouée pour l'utilisateur « x »\nEMPLACEMENT :  "
                      "auth_failed, auth.c:326\n")
        << false << false << false << ErrorKind::Authentication;
    QTest::newRow("wrong password, Japanese")
        << ConnectPhase::Authenticating
        << QByteArray(
               "\"db\" (10.0.0.1)、ポート5432でのサーバーへの接続に失敗しました: 致命的エラー:  28P01: "
               "ユーザー\"x\"のパスワード認証に失敗しました\n")
        << false << false << false << ErrorKind::Authentication;
    QTest::newRow("no password") << ConnectPhase::Authenticating << at + "fe_sendauth: no password supplied\n"
                                 << true << false << false << ErrorKind::Authentication;
    QTest::newRow("pg_hba")
        << ConnectPhase::Authenticating
        << at + "FATAL:  28000: no pg_hba.conf entry for host \"10.0.0.2\", user \"x\", database "
                "\"d\", no encryption\nLOCATION:  ClientAuthentication, auth.c:540\n"
        << false << true << false << ErrorKind::Authentication;
    QTest::newRow("no database")
        << ConnectPhase::Authenticating
        << at + "FATAL:  3D000: database \"nope\" does not exist\nLOCATION:  InitPostgres, "
                "postinit.c:885\n"
        << false << true << true << ErrorKind::NoSuchDatabase;
    QTest::newRow("starting up") << ConnectPhase::Authenticating
                                 << at + "FATAL:  57P03: the database system is starting up\n"
                                 << false << true << false << ErrorKind::Unavailable;
    QTest::newRow("too many") << ConnectPhase::Authenticating
                              << at + "FATAL:  53300: sorry, too many clients already\n"
                              << false << true << false << ErrorKind::Unavailable;
    QTest::newRow("killed at login")
        << ConnectPhase::Authenticating
        << at + "FATAL:  57P01: terminating connection due to administrator command\n"
        << false << true << false << ErrorKind::Unavailable;
    QTest::newRow("closed at login") << ConnectPhase::Authenticating
                                     << at + "server closed the connection unexpectedly\n"
                                     << false << true << true << ErrorKind::Unavailable;
    QTest::newRow("TLS not offered") << ConnectPhase::TlsRequest
                                     << at + "server does not support SSL, but SSL was required\n"
                                     << false << false << false << ErrorKind::Tls;
    QTest::newRow("not a PostgreSQL")
        << ConnectPhase::TlsRequest << at + "server closed the connection unexpectedly\n"
        << false << true << false << ErrorKind::Unavailable;
    QTest::newRow("killed before TLS")
        << ConnectPhase::TlsRequest << at + "server closed the connection unexpectedly\n"
        << false << false << false << ErrorKind::Unavailable;
    QTest::newRow("killed in the handshake")
        << ConnectPhase::TlsHandshake << at + "SSL SYSCALL error: EOF detected\n"
        << false << false << false << ErrorKind::Unavailable;
    QTest::newRow("unknown issuer") << ConnectPhase::TlsHandshake
                                    << at + "SSL error: certificate verify failed\n"
                                    << false << false << false << ErrorKind::Tls;
    QTest::newRow("wrong host name") << ConnectPhase::TlsHandshake
                                     << at + "server certificate for \"a\" does not match host name \"b\"\n"
                                     << false << false << true << ErrorKind::Tls;
    QTest::newRow("client certificate wanted")
        << ConnectPhase::Authenticating << at + "SSL error: tlsv13 alert certificate required\n"
        << false << false << true << ErrorKind::Tls;
    QTest::newRow("SCRAM gone wrong") << ConnectPhase::Authenticating << at + "incorrect server signature\n"
                                      << false << false << true << ErrorKind::Authentication;
    QTest::newRow("not a primary") << ConnectPhase::Checking << at + "session is read-only\n"
                                   << false << false << true << ErrorKind::Unavailable;
    QTest::newRow("options") << ConnectPhase::Configuring << QByteArray("invalid sslmode value: \"x\"\n")
                             << false << false << false << ErrorKind::BadArgument;
    QTest::newRow("nothing said") << ConnectPhase::Reaching << QByteArray() << false << false << false
                                  << ErrorKind::Refused;
}

void TestConnectFailure::isNamed()
{
    QFETCH(ConnectPhase, phase);
    QFETCH(QByteArray, message);
    QFETCH(bool, needsPassword);
    QFETCH(bool, peerClosed);
    QFETCH(bool, tls);
    QFETCH(ErrorKind, kind);
    const DbError error = classifyConnectFailure({phase, message, needsPassword, peerClosed, tls});
    QCOMPARE(error.kind, kind);
    QVERIFY(!error.message.isEmpty());
    QVERIFY2(!error.message.contains(QLatin1String("auth.c")), qPrintable(error.message));
}

void TestConnectFailure::messageIsTheServersOwn()
{
    const DbError error =
        classifyConnectFailure({ConnectPhase::Authenticating,
                                "connection to server at \"db\" (10.0.0.1), port 5432 failed: FATAL:  28000: "
                                "role \"x\" is not permitted to log "
                                "in\nDETAIL:  why\nLOCATION:  InitializeSessionUserId, miscinit.c:773\n"});
    QCOMPARE(error.sqlState, QStringLiteral("28000"));
    QCOMPARE(error.message, QStringLiteral("role \"x\" is not permitted to log in"));
    QCOMPARE(error.detail, QStringLiteral("DETAIL:  why"));
}

void TestConnectFailure::lastHostCounts()
{
    const DbError error = classifyConnectFailure(
        {ConnectPhase::Authenticating, "connection to server at \"a\" (10.0.0.1), port 5432 failed: FATAL:  "
                                       "57P03: the database system is starting up\n"
                                       "connection to server at \"b\" (10.0.0.2), port 5432 failed: FATAL:  "
                                       "28P01: password authentication failed\n"});
    QCOMPARE(error.kind, ErrorKind::Authentication);
    QCOMPARE(error.sqlState, QStringLiteral("28P01"));
}

void TestConnectFailure::earlierHostDoesNotCount()
{
    const DbError error = classifyConnectFailure(
        {ConnectPhase::Reaching,
         "connection to server at \"a\" (10.0.0.1), port 5432 failed: FATAL:  57P03: the database system is "
         "starting up\n"
         "connection to server at \"b\" (10.0.0.2), port 5432 failed: Connection refused\n"});
    QCOMPARE(error.kind, ErrorKind::Refused);
    QVERIFY(error.sqlState.isEmpty());
    QVERIFY(error.message.contains(QLatin1String("\"b\"")));
}

void TestConnectFailure::noSecretGetsThrough()
{
    const DbError error = classifyConnectFailure(
        {ConnectPhase::Configuring, "could not parse postgresql://u:hunter2@h/d and password=hunter2\n"});
    QVERIFY2(!error.message.contains(QLatin1String("hunter2")), qPrintable(error.message));
}

QTEST_APPLESS_MAIN(TestConnectFailure)
#include "tst_connectfailure.moc"
