// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include "db/error.h"
#include "db/sqlstate.h"

using namespace atlas::db;

class TestErrors : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void sqlStatesMapToKinds_data();
    void sqlStatesMapToKinds();
    void textIsOneLine();
    void transientMeansElsewhereMayHelp();
    void resultHoldsEither();
};

Q_DECLARE_METATYPE(atlas::db::ErrorKind)

void TestErrors::sqlStatesMapToKinds_data()
{
    QTest::addColumn<ErrorKind>("kind");
    const QList<std::pair<const char*, ErrorKind>> rows{
        {"28P01", ErrorKind::Authentication},
        {"28000", ErrorKind::Authentication},
        {"3D000", ErrorKind::NoSuchDatabase},
        {"57P03", ErrorKind::Unavailable},
        {"53300", ErrorKind::Unavailable},
        {"53100", ErrorKind::OutOfResources},
        {"53200", ErrorKind::OutOfResources},
        {"54001", ErrorKind::OutOfResources},
        {"57014", ErrorKind::Deadline},
        {"57P01", ErrorKind::ConnectionLost},
        {"57P02", ErrorKind::ConnectionLost},
        {"08006", ErrorKind::ConnectionLost},
        {"08P01", ErrorKind::Protocol},
        {"42501", ErrorKind::Permission},
        {"42601", ErrorKind::Syntax},
        {"42P01", ErrorKind::Syntax},
        {"25006", ErrorKind::ReadOnly},
        {"25P02", ErrorKind::Other},
        {"23505", ErrorKind::Constraint},
        {"40001", ErrorKind::Conflict},
        {"40P01", ErrorKind::Conflict},
        {"55P03", ErrorKind::Conflict},
        {"22003", ErrorKind::Data},
        {"22P02", ErrorKind::Data},
        {"P0001", ErrorKind::Other},
        {"XX000", ErrorKind::Other},
        {"", ErrorKind::Other},
        {"42", ErrorKind::Other},
    };
    for (const auto& [code, kind] : rows)
        QTest::newRow(*code ? code : "empty") << kind;
}

void TestErrors::sqlStatesMapToKinds()
{
    QFETCH(ErrorKind, kind);
    const QByteArray tag(QTest::currentDataTag());
    QCOMPARE(kindOfSqlState(tag == "empty" ? QByteArray() : tag), kind);
}

void TestErrors::textIsOneLine()
{
    DbError error;
    error.kind = ErrorKind::Syntax;
    error.sqlState = QStringLiteral("42601");
    error.message = QStringLiteral("syntax error\n  at or near \"form\"");
    error.endpoint = QStringLiteral("replica-1");
    QCOMPARE(error.text(), QStringLiteral("replica-1: syntax error at or near \"form\" [42601]"));
    error.sqlState.clear();
    error.mayStillBeRunning = true;
    QVERIFY(error.text().endsWith(QLatin1String("(the server may still be running it)")));
    QVERIFY(!DbError().text().isEmpty());
}

void TestErrors::transientMeansElsewhereMayHelp()
{
    DbError error;
    for (const ErrorKind kind : {ErrorKind::Refused, ErrorKind::NameNotFound, ErrorKind::Unavailable,
                                 ErrorKind::ConnectionLost, ErrorKind::Conflict}) {
        error.kind = kind;
        QVERIFY(error.isTransient());
    }
    for (const ErrorKind kind :
         {ErrorKind::Syntax, ErrorKind::Permission, ErrorKind::Authentication, ErrorKind::Cancelled,
          ErrorKind::BadArgument, ErrorKind::Data, ErrorKind::ReadOnly}) {
        error.kind = kind;
        QVERIFY(!error.isTransient());
    }
    // A server that did not answer may be dead; one that stopped a slow statement is not.
    error.kind = ErrorKind::Deadline;
    QVERIFY(error.isTransient());
    error.sqlState = QStringLiteral("57014");
    QVERIFY(!error.isTransient());
}

void TestErrors::resultHoldsEither()
{
    const Result<int> value(42);
    QVERIFY(value.ok());
    QCOMPARE(*value, 42);
    DbError error;
    error.message = QStringLiteral("no");
    const Result<int> none(error);
    QVERIFY(!none);
    QCOMPARE(none.error().message, QStringLiteral("no"));
    QVERIFY(success().ok());
    // A moved-out value leaves without a copy.
    Result<std::unique_ptr<int>> owner(std::make_unique<int>(7));
    const std::unique_ptr<int> taken = std::move(owner).value();
    QCOMPARE(*taken, 7);
}

QTEST_APPLESS_MAIN(TestErrors)
#include "tst_errors.moc"
