// SPDX-License-Identifier: GPL-3.0-or-later
// What is said about filters that cannot be compiled; times, durations, exact numbers.
#include <QTest>

#include <cmath>
#include <limits>

#include "model/filter/decimal.h"
#include "model/filter/parser.h"
#include "model/filter/validate.h"
#include "tests/support/evaluator.h"
#include "tests/support/testcatalog.h"

using namespace atlas;
using namespace atlas::filter;

class TestFilterValidate : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void accepts_data();
    void accepts();
    void problems_data();
    void problems();
    void positionsPointIntoTheText();
    void whatIsOffIsNotChecked();
    void unstorableText();
    void similar();
    void timestamps_data();
    void timestamps();
    void timestampsComeBack();
    void durations_data();
    void durations();
    void decimals_data();
    void decimals();
    void decimalsCompareExactly();
    void nearestDoubles_data();
    void nearestDoubles();

private:
    test::TestCatalog m_catalog;
};

void TestFilterValidate::initTestCase()
{
    m_catalog.add(QStringLiteral("status"), ValueType::String);
    m_catalog.add(QStringLiteral("temperature"), ValueType::Number);
    m_catalog.add(QStringLiteral("door_open"), ValueType::Boolean);
    m_catalog.add(QStringLiteral("last_service"), ValueType::Timestamp);
    m_catalog.add(QStringLiteral("tags"), ValueType::Json);
    m_catalog.add(QStringLiteral("Temperature Max"), ValueType::Number);
}

void TestFilterValidate::accepts_data()
{
    QTest::addColumn<QString>("input");
    for (const char* input :
         {"",
          "status = \"x\" and status in (\"a\", \"b\") and status contains \"\" and status < \"m\" and "
          "status between \"a\" and \"b\"",
          "temperature > 80 and temperature in (1, 2.50, -1e400) and temperature between 1 and 2 and "
          "temperature != 0",
          "door_open = true or door_open != FALSE or exists(door_open)",
          "last_service before \"2026-01-01\" and last_service in the last \"7 d\" and last_service = "
          "\"2026-01-01T10:00:00+02:00\"",
          "last_service in (\"2026-01-01\", \"2026-01-02 10:00\") and last_service >= \"2026-01-01\"",
          "tags contains \"x\" and tags = \"[1, 2]\" and not missing(tags)",
          "entity.id = \"a\" and entity.type in (\"t\") and entity.name starts with \"x\" and "
          "exists(entity.id)",
          "`Temperature Max` = 1"})
        QTest::newRow(input) << QString::fromUtf8(input);
}

void TestFilterValidate::accepts()
{
    QFETCH(QString, input);
    const ParseResult parsed = parse(input);
    QVERIFY2(parsed.ok(), parsed.ok() ? "" : qPrintable(parsed.error->message));
    const auto problems = validate(parsed, m_catalog, true);
    QVERIFY2(problems.isEmpty(), problems.isEmpty() ? "" : qPrintable(problems.constFirst().message));
}

void TestFilterValidate::problems_data()
{
    using Kind = Problem::Kind;
    QTest::addColumn<QString>("input");
    QTest::addColumn<int>("kind");
    QTest::addColumn<QString>("place");
    QTest::addColumn<QString>("inMessage");
    const auto row = [](const char* input, Kind kind, const char* place, const char* inMessage) {
        QTest::newRow(input) << QString::fromUtf8(input) << static_cast<int>(kind) << QString::fromUtf8(place)
                             << QString::fromUtf8(inMessage);
    };
    row("temprature > 80", Kind::UnknownAttribute, "temprature", "did you mean temperature?");
    row("STATUS = \"x\"", Kind::UnknownAttribute, "STATUS", "did you mean status?");
    row("exists(zzzzzz)", Kind::UnknownAttribute, "zzzzzz", "no attribute zzzzzz");
    row("`Temperature max` = 1", Kind::UnknownAttribute, "`Temperature max`",
        "did you mean `Temperature Max`?");
    row("status > 5", Kind::WrongLiteral, "5", "double quotes");
    row("temperature = \"80\"", Kind::WrongLiteral, "\"80\"", "without quotes");
    row("temperature in (1, true, 2)", Kind::WrongLiteral, "true", "number");
    row("temperature contains \"8\"", Kind::OperatorNotPossible, "contains", "possible are =");
    row("temperature before \"2026-01-01\"", Kind::OperatorNotPossible, "before", "a number");
    row("door_open = \"true\"", Kind::WrongLiteral, "\"true\"", "true or false");
    row("door_open = 1", Kind::WrongLiteral, "1", "true or false");
    row("door_open > false", Kind::OperatorNotPossible, ">", "a boolean");
    row("last_service after \"yesterday\"", Kind::WrongLiteral, "\"yesterday\"", "2026-01-01");
    row("last_service after \"2026-02-30\"", Kind::WrongLiteral, "\"2026-02-30\"", "2026-01-01");
    row("last_service > 2026", Kind::WrongLiteral, "2026", "2026-01-01");
    row("last_service in the last \"7 months\"", Kind::WrongLiteral, "\"7 months\"", "7 d");
    row("last_service in the last 7", Kind::WrongLiteral, "7", "7 d");
    row("status in the last \"7 d\"", Kind::OperatorNotPossible, "in the last", "a string");
    row("tags > \"a\"", Kind::OperatorNotPossible, ">", "JSON");
    row("tags = 5", Kind::WrongLiteral, "5", "JSON text");
    row("entity.id = 5", Kind::WrongLiteral, "5", "double quotes");
    row("entity.type before \"2026-01-01\"", Kind::OperatorNotPossible, "before", "entity.type");
    row("status in ()", Kind::WrongLiteral, "status in ()", "needs a value");
    row("temperature = 1e200000", Kind::NotRepresentable, "1e200000", "digits");
    row("temperature = 1e-20000", Kind::NotRepresentable, "1e-20000", "digits");
    row("temperature = 1e99999999999", Kind::NotRepresentable, "1e99999999999", "digits");
}

void TestFilterValidate::problems()
{
    QFETCH(QString, input);
    QFETCH(int, kind);
    QFETCH(QString, place);
    QFETCH(QString, inMessage);
    const auto parsed =
        parse(QStringLiteral("exists(status) and (") + input + QStringLiteral(" or exists(tags))"));
    QVERIFY(parsed.ok());
    const auto problems = validate(parsed, m_catalog);
    QCOMPARE(problems.size(), 1);
    const Problem& problem = problems.constFirst();
    QCOMPARE(static_cast<int>(problem.kind), kind);
    QCOMPARE(problem.path, (NodePath{1, 0}));
    const QString whole = QStringLiteral("exists(status) and (") + input;
    QCOMPARE(whole.mid(problem.position, problem.length), place);
    QVERIFY2(problem.message.contains(inMessage), qPrintable(problem.message));
}

void TestFilterValidate::positionsPointIntoTheText()
{
    const QString text = QStringLiteral("a = 1 and not (temperature in (1, \"x\", \"y\"))");
    const auto problems = validate(parse(text), m_catalog);
    QCOMPARE(problems.size(), 3);
    QCOMPARE(text.mid(problems.at(0).position, problems.at(0).length), QStringLiteral("a"));
    QCOMPARE(problems.at(1).literal, 1);
    QCOMPARE(text.mid(problems.at(2).position, problems.at(2).length), QStringLiteral("\"y\""));
    // Without the text there is nothing to point into.
    QCOMPARE(validate(parse(text).expression, m_catalog).constFirst().position, qsizetype(-1));
}

void TestFilterValidate::whatIsOffIsNotChecked()
{
    const auto parsed =
        parse(u"off(nothing = 1) and not (off(temperature = \"x\" and tags = 5)) and exists(status)");
    QVERIFY(parsed.ok());
    QVERIFY(validate(parsed, m_catalog).isEmpty());
    QCOMPARE(validate(parsed, m_catalog, true).size(), 3);
}

void TestFilterValidate::unstorableText()
{
    const auto with = [&](const QString& name, const QString& value) {
        return validate(Expression(Node(Clause{
                            Subject::ofAttribute(name), Operator::Equal, {Literal::string(value)}, true})),
                        m_catalog);
    };
    const QString status = QStringLiteral("status");
    QVERIFY(with(status, QStringLiteral("\U0010FFFF")).isEmpty());
    QCOMPARE(with(status, QString(QChar(0))).value(0).kind, Problem::Kind::NotRepresentable);
    QCOMPARE(with(status, QStringLiteral("a") + QChar(0xD800)).value(0).kind,
             Problem::Kind::NotRepresentable);
    QCOMPARE(with(QString(QChar(0xDC00)), status).value(0).kind, Problem::Kind::NotRepresentable);
}

void TestFilterValidate::similar()
{
    const QStringList names{QStringLiteral("engine_temperature"), QStringLiteral("temperature"),
                            QStringLiteral("Temperature"), QStringLiteral("pressure"),
                            QStringLiteral("tempreature_x")};
    QCOMPARE(similarNames(QStringLiteral("tempreature"), names, 2),
             (QStringList{QStringLiteral("Temperature"), QStringLiteral("temperature")}));
    QCOMPARE(similarNames(QStringLiteral("temperatur"), names, 1).size(), 1);
    QVERIFY(
        similarNames(QStringLiteral("temperature"), names, 5).contains(QStringLiteral("engine_temperature")));
    QVERIFY(similarNames(QStringLiteral("qqq"), names).isEmpty());
    QVERIFY(similarNames(QStringLiteral("x"), {}).isEmpty());
}

void TestFilterValidate::timestamps_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<qlonglong>("expected");
    constexpr qlonglong none = std::numeric_limits<qlonglong>::min();
    const auto row = [](const char* text, qlonglong expected) {
        QTest::newRow(text) << QString::fromUtf8(text) << expected;
    };
    row("1970-01-01", 0);
    row("2026-01-01", 1'767'225'600'000'000);
    row("2026-01-01T00:00:00Z", 1'767'225'600'000'000);
    row("2026-01-01t00:00z", 1'767'225'600'000'000);
    row("2026-01-01 02:00:00+02:00", 1'767'225'600'000'000);
    row("2026-01-01T02:00+0200", 1'767'225'600'000'000);
    row("2026-01-01T02:00+02", 1'767'225'600'000'000);
    row("2025-12-31T14:30-09:30", 1'767'225'600'000'000);
    row("2026-01-01T00:00:00.5Z", 1'767'225'600'500'000);
    row("2026-01-01T00:00:00.123456", 1'767'225'600'123'456);
    row("2026-01-01T00:00:00,123456789", 1'767'225'600'123'456);
    row("1969-12-31T23:59:59.999999Z", -1);
    row("0001-01-01", -62'135'596'800'000'000);
    row("9999-12-31T23:59:59.999999Z", 253'402'300'799'999'999);
    row("2024-02-29", 1'709'164'800'000'000);
    for (const char* bad : {"",
                            "2026",
                            "2026-1-1",
                            "2026-13-01",
                            "2026-02-29",
                            "2026-00-01",
                            "2026-01-01T",
                            "2026-01-01T24:00",
                            "2026-01-01T10:60",
                            "2026-01-01T10:00:60",
                            "2026-01-01T10",
                            "2026-01-01T10:00:00.",
                            "2026-01-01T10:00+25:00",
                            "2026-01-01T10:00X",
                            "2026-01-01 ",
                            " 2026-01-01",
                            "2026-01-01Z",
                            "0000-01-01",
                            "12026-01-01",
                            "2026-01-01T10:00:00+02:00x"})
        row(bad, none);
}

void TestFilterValidate::timestamps()
{
    QFETCH(QString, text);
    QFETCH(qlonglong, expected);
    const auto parsed = parseTimestamp(text);
    if (expected == std::numeric_limits<qlonglong>::min())
        QVERIFY(!parsed);
    else
        QCOMPARE(qlonglong(parsed.value_or(std::numeric_limits<qint64>::min())), expected);
}

void TestFilterValidate::timestampsComeBack()
{
    for (const qint64 time : {qint64(0), qint64(-1), qint64(1'767'225'600'123'456),
                              qint64(-62'135'596'800'000'000), qint64(253'402'300'799'999'999)})
        QCOMPARE(parseTimestamp(formatTimestamp(time)).value_or(-7), time);
    QCOMPARE(formatTimestamp(1'767'225'600'000'000), QStringLiteral("2026-01-01T00:00:00Z"));
    QCOMPARE(formatTimestamp(-1), QStringLiteral("1969-12-31T23:59:59.999999Z"));
}

void TestFilterValidate::durations_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<qlonglong>("expected");
    const auto row = [](const char* text, qlonglong expected) {
        QTest::newRow(text) << QString::fromUtf8(text) << expected;
    };
    row("30 s", 30'000'000);
    row("5min", 300'000'000);
    row("1.5 h", 5'400'000'000);
    row(" 7 d ", 604'800'000'000);
    row("2 W", 1'209'600'000'000);
    row("1 day", 86'400'000'000);
    row("2 hours", 7'200'000'000);
    for (const char* bad :
         {"", "7", "d", "7 months", "-7 d", "0 d", "7 d 3 h", "1e3 s", "99999999 w", "7 ays", "1..5 h"})
        row(bad, -1);
}

void TestFilterValidate::durations()
{
    QFETCH(QString, text);
    QFETCH(qlonglong, expected);
    QCOMPARE(qlonglong(parseDuration(text).value_or(-1)), expected);
}

void TestFilterValidate::decimals_data()
{
    QTest::addColumn<QString>("number");
    QTest::addColumn<QByteArray>("text");
    const auto row = [](const char* number, const char* text) {
        QTest::newRow(number) << QString::fromUtf8(number) << QByteArray(text);
    };
    row("0", "0");
    row("-0.000", "0");
    row("0e999999999", "0");
    row("80.5", "805e-1");
    row("+080.500", "805e-1");
    row("-.5e-7", "-5e-8");
    row("1e400", "1e400");
    row("9007199254740993", "9007199254740993");
    row("1200", "12e2");
    row("0.00120", "12e-4");
    row("1x", "none");
    row("", "none");
    row("1e9999999999", "none");
    row("Infinity", "none");
    row("0x10", "none");
    row("1.", "none");
}

void TestFilterValidate::decimals()
{
    QFETCH(QString, number);
    QFETCH(QByteArray, text);
    const auto decimal = Decimal::parse(number);
    QCOMPARE(decimal ? decimal->text() : QByteArrayLiteral("none"), text);
}

void TestFilterValidate::decimalsCompareExactly()
{
    const QStringList ascending{QStringLiteral("-1e400"),
                                QStringLiteral("-9007199254740993"),
                                QStringLiteral("-9007199254740992"),
                                QStringLiteral("-1.0000000000000000001"),
                                QStringLiteral("-1"),
                                QStringLiteral("-1e-400"),
                                QStringLiteral("0"),
                                QStringLiteral("1e-400"),
                                QStringLiteral("0.1"),
                                QStringLiteral("0.1000000000000000055511151231257827"),
                                QStringLiteral("1"),
                                QStringLiteral("9.9"),
                                QStringLiteral("10"),
                                QStringLiteral("99"),
                                QStringLiteral("100"),
                                QStringLiteral("9007199254740992"),
                                QStringLiteral("9007199254740993"),
                                QStringLiteral("1e400")};
    for (qsizetype i = 0; i < ascending.size(); ++i) {
        for (qsizetype j = 0; j < ascending.size(); ++j) {
            const Decimal a = *Decimal::parse(ascending.at(i));
            const Decimal b = *Decimal::parse(ascending.at(j));
            QVERIFY2((a <=> b) == (i <=> j), qPrintable(ascending.at(i) + u' ' + ascending.at(j)));
            // The evaluator of the integration tests has an arithmetic of its own; the two must agree.
            QCOMPARE(test::compareNumbers(ascending.at(i), ascending.at(j)), (i > j) - (i < j));
        }
    }
    QVERIFY(*Decimal::parse(u"1.50") == *Decimal::parse(u"15e-1"));
}

void TestFilterValidate::nearestDoubles_data()
{
    QTest::addColumn<QString>("number");
    QTest::addColumn<double>("expected");
    const auto row = [](const char* number, double expected) {
        QTest::newRow(number) << QString::fromUtf8(number) << expected;
    };
    constexpr double infinity = std::numeric_limits<double>::infinity();
    row("0.1", 0.1);
    row("-80.5", -80.5);
    row("9007199254740993", 9007199254740992.0);
    row("9007199254740995", 9007199254740996.0);
    row("1e400", infinity);
    row("-1e400", -infinity);
    row("1e-400", 0);
    row("5e-324", 5e-324);
    row("1.7976931348623157e308", std::numeric_limits<double>::max());
    row("1.7976931348623159e308", infinity);
    row("1e23", 1e23);
    row("0", 0);
}

void TestFilterValidate::nearestDoubles()
{
    QFETCH(QString, number);
    QFETCH(double, expected);
    const double nearest = Decimal::parse(number)->nearestDouble();
    QVERIFY2(nearest == expected, qPrintable(QString::number(nearest, 'g', 17)));
}

QTEST_APPLESS_MAIN(TestFilterValidate)
#include "tst_filtervalidate.moc"
