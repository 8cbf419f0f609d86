// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include "model/filter/estimate.h"
#include "model/filter/parser.h"
#include "tests/support/testcatalog.h"

using namespace atlas;
using namespace atlas::filter;

class TestFilterEstimate : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void estimates_data();
    void estimates();
    void guessesSaySo();
    void statisticsOfASmallerTenantScale();
    void readsTheColumnsOfAttributeStats();
    void bounds_data();
    void bounds();
    void numbersBeyondFloat8AreCountedToo();
    void nothingIsProvedOfAnEmptyTenant();
    void samplesAndWritesWidenBounds();
    void nobodyKnowsWhatWasNeverMeasured();

private:
    test::TestCatalog m_catalog;
};

void TestFilterEstimate::initTestCase()
{
    m_catalog.setEntitiesTotal(10'000);
    m_catalog.add(QStringLiteral("status"), ValueType::String).stats =
        test::TestCatalog::counted(10'000, {{QStringLiteral("active"), 5'000},
                                            {QStringLiteral("idle"), 2'500},
                                            {QStringLiteral("retired"), 500}});
    m_catalog.add(QStringLiteral("temperature"), ValueType::Number).stats =
        test::TestCatalog::spread(10'000, 8'000, 4'000);
    auto serials = std::make_shared<AttributeStats>(
        *test::TestCatalog::counted(10'000, {{QStringLiteral("common"), 1'000}}));
    serials->entitiesWith = 10'000;
    serials->distinctValues = 901;
    m_catalog.add(QStringLiteral("serial"), ValueType::String).stats = serials;
    m_catalog.add(QStringLiteral("flag"), ValueType::Boolean).stats =
        test::TestCatalog::counted(10'000, {{QStringLiteral("0"), 9'000}, {QStringLiteral("1"), 100}});
    // Microseconds, a hundred days up to 2026-04-11.
    m_catalog.add(QStringLiteral("seen"), ValueType::Timestamp).stats =
        test::TestCatalog::spread(10'000, 10'000, 9'000, 1'767'225'600e6, 1'767'225'600e6 + 100 * 86'400e6);
    auto clustered = std::make_shared<AttributeStats>(*test::TestCatalog::spread(10'000, 1'000, 500));
    for (int i = 0; i <= 50; ++i)
        clustered->histogram[i] = 7; // half of them are exactly 7
    m_catalog.add(QStringLiteral("clustered"), ValueType::Number).stats = clustered;
    m_catalog.add(QStringLiteral("unmeasured"), ValueType::Number);
    // 10,000 names "name-00000" to "name-09999", a hundred buckets of a hundred.
    auto names = std::make_shared<AttributeStats>();
    names->entitiesTotal = names->entitiesWith = names->distinctValues = 10'000;
    for (int i = 0; i <= 100; ++i) {
        const int number = std::min(i * 100, 9'999);
        names->textHistogram.append(QStringLiteral("name-%1").arg(number, 5, 10, QLatin1Char('0')));
        if (i < 100) {
            AttributeStats::TopValue value;
            value.text = QStringLiteral("name-%1").arg(i, 5, 10, QLatin1Char('0'));
            value.entities = 1;
            names->topValues.append(value);
        }
    }
    m_catalog.add(QStringLiteral("unique"), ValueType::String).stats = names;
    m_catalog.setFieldStats(EntityField::Name, names);
}

void TestFilterEstimate::estimates_data()
{
    QTest::addColumn<QString>("input");
    QTest::addColumn<double>("expected");
    const auto row = [](const char* input, double expected) {
        QTest::newRow(input) << QString::fromUtf8(input) << expected;
    };
    row("", 10'000);
    row("status = \"active\"", 5'000);
    row("status != \"active\"", 3'000);
    row("status in (\"active\", \"idle\")", 7'500);
    row("exists(status)", 8'000);
    row("missing(status)", 2'000);
    row("status contains \"e\"", 8'000);
    row("status starts with \"a\"", 5'000);
    row("status < \"idle\"", 5'000);
    row("status >= \"idle\"", 3'000);
    row("serial = \"common\"", 1'000);
    row("serial = \"x\"", 10); // (10000 - 1000) / 900
    row("temperature < 25", 2'000);
    row("temperature >= 25", 6'000);
    row("temperature between 25 and 75", 4'000);
    row("temperature > 100", 0);
    row("temperature < -5", 0);
    row("temperature > -5", 8'000);
    row("temperature = 12.5", 2);
    row("temperature = 1000", 1);
    row("clustered <= 7", 500);
    row("clustered < 7", 0);
    row("flag = true", 100);
    row("flag != true", 9'000);
    row("seen before \"2026-01-11\"", 1'000);
    row("seen in the last \"10 d\"", 1'000);
    row("status = \"active\" and temperature < 25", 1'000);
    row("status = \"active\" or temperature < 25", 6'000);
    row("not (status = \"active\" or temperature < 25)", 4'000);
    row("not status = \"active\"", 5'000);
    row("off(status = \"idle\") and status = \"active\"", 5'000);
    row("not off(status = \"idle\")", 10'000);
    row("unique = \"name-05000\"", 1);
    row("unique < \"name-02500\"", 2'500);
    row("unique >= \"name-02500\"", 7'500);
    row("unique between \"name-01000\" and \"name-01999\"", 1'000);
    row("unique starts with \"name-01\"", 1'000);
    row("unique starts with \"name-0123\"", 10); // within one bucket
    row("unique starts with \"name-\"", 10'000);
    row("unique starts with \"other\"", 1);
    row("unique contains \"7\"", 10'000 * 19 / 101.0); // of the bounds, not of the first hundred
    row("entity.name starts with \"name-01\"", 1'000);
    row("entity.name < \"name-02500\"", 2'500);
    row("entity.name = \"name-05000\"", 1);
    row("entity.id = \"x\"", 1);
    row("entity.id in (\"x\", \"y\")", 2);
}

void TestFilterEstimate::estimates()
{
    QFETCH(QString, input);
    QFETCH(double, expected);
    const ParseResult parsed = parse(input);
    QVERIFY(parsed.ok());
    const StatsEstimator estimator(m_catalog, QDateTime(QDate(2026, 4, 11), QTime(0, 0), Qt::UTC));
    const Estimate result = estimate(parsed.expression, estimator);
    // Text is placed within a bucket by its characters only.
    const double close = input.contains(QLatin1String("name")) || input.contains(QLatin1String("unique"))
                             ? 2 + expected / 10
                             : 0.5 + expected / 1000;
    QVERIFY2(std::abs(result.entities - expected) < close, qPrintable(QString::number(result.entities)));
    QVERIFY(result.measured);
}

void TestFilterEstimate::guessesSaySo()
{
    const StatsEstimator estimator(m_catalog);
    const Estimate guess = estimate(parse(u"unmeasured > 5 and status = \"active\"").expression, estimator);
    QVERIFY(!guess.measured);
    QVERIFY(guess.entities > 0 && guess.entities < 5'000);
    const Estimate equal = estimate(parse(u"unmeasured = 5").expression, estimator);
    const Estimate range = estimate(parse(u"unmeasured > 5").expression, estimator);
    const Estimate exists = estimate(parse(u"exists(unmeasured)").expression, estimator);
    QVERIFY(equal.entities < range.entities && range.entities < exists.entities);
}

void TestFilterEstimate::statisticsOfASmallerTenantScale()
{
    test::TestCatalog catalog;
    catalog.setEntitiesTotal(20'000);
    catalog.add(QStringLiteral("status"), ValueType::String).stats =
        test::TestCatalog::counted(10'000, {{QStringLiteral("active"), 5'000}});
    const StatsEstimator estimator(catalog);
    QCOMPARE(estimate(parse(u"status = \"active\"").expression, estimator).entities, 10'000.0);
    QCOMPARE(estimate(parse(u"exists(status)").expression, estimator).entities, 10'000.0);
}

void TestFilterEstimate::readsTheColumnsOfAttributeStats()
{
    AttributeStats stats;
    stats.readJson(R"([["eu-1", 5], [80.5, 3], ["broken"], "x", [null, 2], ["a", "b"]])",
                   "[1, 2.5, \"x\", 3]");
    QCOMPARE(stats.topValues.size(), 2);
    QCOMPARE(stats.topValues.at(0).text, QStringLiteral("eu-1"));
    QCOMPARE(stats.topValues.at(1).number, 80.5);
    QCOMPARE(stats.topValues.at(1).entities, 3.0);
    QCOMPARE(stats.histogram, (QList<double>{1, 2.5, 3}));
    stats.readJson("[]", "[]", "[\"b\", 7, \"a\", \"\\ud83d\\ude00\", \"\\uffee\"]");
    QCOMPARE(stats.textHistogram,
             (QStringList{QStringLiteral("a"), QStringLiteral("b"), QString(QChar(0xffee)),
                          QString::fromUtf8("\xf0\x9f\x98\x80")}));
    stats.readJson("not json", "{}", "nor this");
    QVERIFY(stats.topValues.isEmpty() && stats.histogram.isEmpty() && stats.textHistogram.isEmpty());
}

void TestFilterEstimate::bounds_data()
{
    QTest::addColumn<QString>("input");
    QTest::addColumn<double>("low");
    QTest::addColumn<double>("high");
    const auto row = [](const char* input, double low, double high) {
        QTest::newRow(input) << QString::fromUtf8(input) << low << high;
    };
    row("", 10'000, 10'000);
    // Every value is listed: exact, whatever the operator.
    row("status = \"active\"", 5'000, 5'000);
    row("status != \"active\"", 3'000, 3'000);
    row("status in (\"active\", \"idle\")", 7'500, 7'500);
    row("status in (\"active\", \"active\")", 5'000, 5'000);
    row("status in (\"active\", \"idle\", \"active\")", 7'500, 7'500);
    row("status = \"unheard of\"", 0, 1); // the estimate is never nothing
    row("status contains \"i\"", 8'000, 8'000);
    row("status starts with \"a\"", 5'000, 5'000);
    row("status < \"idle\"", 5'000, 5'000);
    row("exists(status)", 8'000, 8'000);
    row("missing(status)", 2'000, 2'000);
    row("not status = \"active\"", 5'000, 5'000);
    // One is listed with 1,000: no other has more, and 9,000 have another.
    row("serial = \"x\"", 0, 1'000);
    row("serial in (\"common\", \"x\")", 1'000, 2'000);
    row("serial != \"common\"", 9'000, 9'000);
    row("serial contains \"o\"", 1'000, 10'000);
    // A bucket at each open end: 80 of 8,000.
    row("temperature < 25.5", 2'000, 2'080);
    row("temperature >= 25.5", 5'920, 6'000);
    row("temperature between 25.5 and 75.5", 3'920, 4'080);
    row("temperature > 100", 0, 0);
    row("temperature < -5", 0, 0);
    row("temperature >= -5", 8'000, 8'000);
    // Half of all buckets are exactly 7: what is below the first of them is less than one.
    row("clustered < 7", 0, 0);
    row("clustered <= 7", 500, 510);
    row("unique < \"name-02550\"", 2'500, 2'600);
    row("unique starts with \"name-01\"", 900, 1'100);
    row("entity.name < \"name-02550\"", 2'500, 2'600);
    row("entity.id = \"x\"", 0, 1);
    row("entity.id in (\"x\", \"y\")", 0, 2);
    // However they depend on each other.
    row("status = \"active\" and temperature >= -5", 3'000, 5'000);
    row("status = \"active\" and flag = true", 0, 100);
    row("status = \"active\" or flag = true", 5'000, 5'100);
    row("not (status = \"active\" or flag = true)", 4'900, 5'000);
    row("status = \"active\" and exists(serial) and exists(seen)", 5'000, 5'000);
    row("off(flag = true) and status = \"idle\"", 2'500, 2'500);
}

void TestFilterEstimate::bounds()
{
    QFETCH(QString, input);
    QFETCH(double, low);
    QFETCH(double, high);
    const ParseResult parsed = parse(input);
    QVERIFY(parsed.ok());
    const QDateTime now(QDate(2026, 4, 11), QTime(0, 0), Qt::UTC);
    const Bounds found = filter::bounds(parsed.expression, m_catalog, now);
    QVERIFY2(std::abs(found.low - low) < 0.01 && std::abs(found.high - high) < 0.01,
             qPrintable(QStringLiteral("%1 to %2").arg(found.low).arg(found.high)));
    QVERIFY(found.measured);
    QVERIFY(!found.sampled);
    const double expected = estimate(parsed.expression, StatsEstimator(m_catalog, now)).entities;
    QVERIFY(found.low <= expected + 1e-6 && expected <= found.high + 1e-6);
}

/// 1e400 is kept as infinite, which JSON has no number for.
void TestFilterEstimate::numbersBeyondFloat8AreCountedToo()
{
    test::TestCatalog catalog;
    catalog.setEntitiesTotal(8'000);
    AttributeStats stats;
    stats.entitiesTotal = 8'000;
    stats.entitiesWith = 8'000;
    stats.distinctValues = 7'001;
    stats.readJson(R"([["Infinity", 1000], [7, 1]])", R"([1, 20, 40, 60, 80, 99, "Infinity"])", "[]");
    QCOMPARE(stats.topValues.size(), 2);
    QCOMPARE(stats.histogram.size(), 7);
    QVERIFY(std::isinf(stats.histogram.constLast()));
    catalog.add(QStringLiteral("x"), ValueType::Number).stats = std::make_shared<const AttributeStats>(stats);
    const auto of = [&](const char* input) {
        return filter::bounds(parse(QString::fromUtf8(input)).expression, catalog);
    };
    QVERIFY(of("x < 5").low < 1'000); // the infinite ones are not below
    QVERIFY(of("x > 1000").low >= 1'000);
    QCOMPARE(of("x = 0").high, 1.0);
    QVERIFY(of("x < 1e300").low <= 7'000 && of("x < 1e300").high >= 7'000);
}

/// Without assets the total is a guess, and what follows from it.
void TestFilterEstimate::nothingIsProvedOfAnEmptyTenant()
{
    const test::TestCatalog catalog;
    QVERIFY(!filter::bounds(parse(u"missing(a)").expression, catalog).measured);
    QVERIFY(!filter::bounds(parse(u"").expression, catalog).measured);
}

void TestFilterEstimate::samplesAndWritesWidenBounds()
{
    test::TestCatalog catalog;
    catalog.setEntitiesTotal(1'000'000);
    auto half = std::make_shared<AttributeStats>(*test::TestCatalog::counted(
        1'000'000, {{QStringLiteral("a"), 500'000}, {QStringLiteral("b"), 500'000}}));
    half->sampledEntities = 20'000;
    half->measuredAt = QDateTime(QDate(2026, 4, 11), QTime(0, 0), Qt::UTC);
    catalog.add(QStringLiteral("half"), ValueType::String).stats = half;
    const auto of = [&catalog](const char* text, double errors) {
        return filter::bounds(parse(QString::fromUtf8(text)).expression, catalog,
                              QDateTime::currentDateTimeUtc(), errors);
    };
    // As the guide says: half of 20,000 drawn is known to 0.7 points in 95 of 100 cases.
    Bounds found = of("half = \"a\"", 2);
    QVERIFY(found.sampled);
    QCOMPARE(found.measuredAt, half->measuredAt);
    QVERIFY2(std::abs(found.low - 493'000) < 200 && std::abs(found.high - 507'000) < 200,
             qPrintable(QStringLiteral("%1 to %2").arg(found.low).arg(found.high)));
    found = of("half = \"a\"", 4);
    QVERIFY(std::abs(found.low - 486'000) < 400);
    // What was not among those drawn is rare, not absent.
    found = of("half = \"c\"", 2);
    QVERIFY(found.low == 0 && found.high > 150 && found.high < 250);
    auto written = std::make_shared<AttributeStats>(*half);
    written->sampledEntities = 0;
    written->changedSince = 1'200;
    catalog.add(QStringLiteral("written"), ValueType::String).stats = written;
    found = of("written = \"a\"", 2);
    QCOMPARE(found.low, 498'800.0);
    QCOMPARE(found.high, 501'200.0);
    QCOMPARE(found.changedSince, 1'200.0);
    QCOMPARE(of("missing(written)", 2).high, 1'200.0);
    // Both: the oldest measurement, and every write.
    written->measuredAt = half->measuredAt.addDays(-1);
    catalog.add(QStringLiteral("written"), ValueType::String).stats = written;
    found = of("half = \"a\" and written = \"a\"", 2);
    QVERIFY(found.sampled);
    QCOMPARE(found.measuredAt, written->measuredAt);
    QCOMPARE(found.low, 0.0);
    // The tenant has grown: the estimate goes with it, and is within.
    catalog.setEntitiesTotal(1'100'000);
    found = of("written = \"a\"", 2);
    QCOMPARE(found.high, 550'000.0);
}

void TestFilterEstimate::nobodyKnowsWhatWasNeverMeasured()
{
    Bounds found = filter::bounds(parse(u"unmeasured = 1").expression, m_catalog);
    QVERIFY(!found.measured);
    QCOMPARE(found.low, 0.0);
    QCOMPARE(found.high, 10'000.0);
    found = filter::bounds(parse(u"unmeasured = 1 and flag = true").expression, m_catalog);
    QVERIFY(!found.measured);
    QCOMPARE(found.high, 100.0);
}

QTEST_APPLESS_MAIN(TestFilterEstimate)
#include "tst_filterestimate.moc"
