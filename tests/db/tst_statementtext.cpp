// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include <cmath>
#include <limits>

#include "db/arrayliteral.h"
#include "db/statement.h"

using namespace atlas::db;

/// Parameters, arrays and quoting as text; that servers read them back is for the integration tests.
class TestStatementText : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void integersOfEveryType();
    void doublesReadBackExactly();
    void literalsAreTextNotBooleans();
    void arraysQuoteEverything();
    void arraysHoldNulls();
    void identifiers_data();
    void identifiers();
    void literals_data();
    void literals();
};

void TestStatementText::integersOfEveryType()
{
    QCOMPARE(*param(std::numeric_limits<qint64>::min()), QByteArray("-9223372036854775808"));
    QCOMPARE(*param(std::numeric_limits<quint64>::max()), QByteArray("18446744073709551615"));
    QCOMPARE(*param(long(-1)), QByteArray("-1"));
    QCOMPARE(*param(quint16(65535)), QByteArray("65535"));
    QCOMPARE(*param(42), QByteArray("42"));
}

void TestStatementText::doublesReadBackExactly()
{
    const QLocale previous;
    QLocale::setDefault(QLocale(QLocale::German)); // a comma would be a syntax error
    for (const double value : {0.1, -0.0, 1e300, 5e-324, 1.0 / 3, 9007199254740993.0, 123456789.123456789}) {
        const QByteArray text = *param(value);
        QCOMPARE(text.toDouble(), value);
        QVERIFY(!text.contains(','));
    }
    QLocale::setDefault(previous);
    QCOMPARE(*param(0.1), QByteArray("0.1"));
    QCOMPARE(*param(std::nan("")), QByteArray("NaN"));
    QCOMPARE(*param(std::numeric_limits<double>::infinity()), QByteArray("Infinity"));
    QCOMPARE(*param(-std::numeric_limits<double>::infinity()), QByteArray("-Infinity"));
}

void TestStatementText::literalsAreTextNotBooleans()
{
    QCOMPARE(*param("text"), QByteArray("text"));
    QCOMPARE(*param(true), QByteArray("t"));
    QCOMPARE(*param(false), QByteArray("f"));
    QCOMPARE(*param(QStringLiteral("é𝄞")), QByteArray("é𝄞"));
    QCOMPARE(*param(QString()), QByteArray()); // empty, not null
    QVERIFY(param(QString()).has_value());
}

void TestStatementText::arraysQuoteEverything()
{
    QCOMPARE(*arrayParam(QList<int>{}), QByteArray("{}"));
    QCOMPARE(*arrayParam(QList<int>{1, -2}), QByteArray("{1,-2}"));
    QCOMPARE(*arrayParam(QList<qint64>{9007199254740993}), QByteArray("{9007199254740993}"));
    QCOMPARE(*arrayParam(QStringList{}), QByteArray("{}"));
    QCOMPARE(*arrayParam(QStringList{QStringLiteral("a"), QString(), QStringLiteral("NULL"),
                                     QStringLiteral("x,y"), QStringLiteral("{}"), QStringLiteral("q\"uote"),
                                     QStringLiteral("back\\slash"), QStringLiteral(" blank ")}),
             QByteArray(R"({"a","","NULL","x,y","{}","q\"uote","back\\slash"," blank "})"));
}

void TestStatementText::arraysHoldNulls()
{
    QCOMPARE(ArrayLiteral().literal(), QByteArray("{}"));
    ArrayLiteral nulls;
    nulls.addNull();
    nulls.addNull();
    QVERIFY(!nulls.holdsValues());
    QCOMPARE(nulls.literal(), QByteArray("{NULL,NULL}"));
    // Neither an empty text nor the word is a null, and none is left out or runs into its neighbour.
    ArrayLiteral mixed;
    mixed.addNull();
    for (const char* text : {"", "NULL", "q\"uote", "back\\slash", "\\N", "{a,b}", " é\t\n"})
        mixed.addText(text);
    mixed.addPlain("-0.5");
    mixed.addNull();
    QVERIFY(mixed.holdsValues());
    QCOMPARE(
        mixed.literal(),
        QByteArray(
            "{NULL,\"\",\"NULL\",\"q\\\"uote\",\"back\\\\slash\",\"\\\\N\",\"{a,b}\",\" é\t\n\",-0.5,NULL}"));
    // What follows a NUL is kept: the statement is refused, it must not go out cut off.
    ArrayLiteral cut;
    cut.addText(std::string_view("a\0b", 3));
    QCOMPARE(cut.literal(), QByteArray("{\"a\0b\"}", 7));
}

void TestStatementText::identifiers_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<QByteArray>("quoted");
    QTest::newRow("plain") << QStringLiteral("a") << QByteArray("\"a\"");
    QTest::newRow("quote") << QStringLiteral("a\"b") << QByteArray("\"a\"\"b\"");
    QTest::newRow("only quotes") << QStringLiteral("\"\"") << QByteArray("\"\"\"\"\"\"");
    QTest::newRow("injection") << QStringLiteral("x\"; drop table t; --")
                               << QByteArray("\"x\"\"; drop table t; --\"");
    QTest::newRow("backslash") << QStringLiteral("a\\b") << QByteArray("\"a\\b\"");
    QTest::newRow("unicode") << QStringLiteral("größe") << QByteArray("\"größe\"");
    QTest::newRow("NUL") << QStringLiteral("a") + QChar(u'\0') << QByteArray();
}

void TestStatementText::identifiers()
{
    QFETCH(QString, name);
    QFETCH(QByteArray, quoted);
    QCOMPARE(quoteIdentifier(name), quoted);
}

void TestStatementText::literals_data()
{
    QTest::addColumn<QString>("value");
    QTest::addColumn<QByteArray>("quoted");
    QTest::newRow("plain") << QStringLiteral("a") << QByteArray("'a'");
    QTest::newRow("empty") << QString() << QByteArray("''");
    QTest::newRow("quote") << QStringLiteral("it's") << QByteArray("'it''s'");
    QTest::newRow("backslash") << QStringLiteral("a\\'b") << QByteArray(" E'a\\\\''b'");
    QTest::newRow("trailing backslash") << QStringLiteral("\\") << QByteArray(" E'\\\\'");
    QTest::newRow("NUL") << QString(QChar(u'\0')) << QByteArray();
}

void TestStatementText::literals()
{
    QFETCH(QString, value);
    QFETCH(QByteArray, quoted);
    QCOMPARE(quoteLiteral(value), quoted);
}

QTEST_APPLESS_MAIN(TestStatementText)
#include "tst_statementtext.moc"
