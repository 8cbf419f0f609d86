// SPDX-License-Identifier: GPL-3.0-or-later
#include <QAbstractItemModelTester>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMimeData>
#include <QRandomGenerator>
#include <QSignalSpy>
#include <QTest>
#include <QToolButton>

#include "gui/assets/attributebrowser.h"
#include "gui/assets/attributelistmodel.h"
#include "gui/assets/clauses.h"
#include "gui/assets/estimatetext.h"
#include "gui/assets/filterpane.h"
#include "gui/assets/histogram.h"
#include "gui/assets/histogrampanel.h"
#include "gui/assets/mimetypes.h"
#include "gui/assets/topvalues.h"
#include "gui/widgets/messagestrip.h"
#include "tests/gui/fakecatalog.h"
#include "tests/gui/guitest.h"
#include "tests/support/nastystrings.h"

using namespace atlas;
using namespace atlas::gui;

namespace {
QStringList namesOf(const QAbstractItemModel& model)
{
    QStringList names;
    for (int row = 0; row < model.rowCount(); ++row)
        names.append(model.index(row, 0).data().toString());
    return names;
}

int rowOf(const QAbstractItemModel& model, const QString& name)
{
    return int(namesOf(model).indexOf(name));
}

AttributeCatalog manyNames(int count)
{
    const QStringList words{QStringLiteral("engine"), QStringLiteral("geo"),  QStringLiteral("dest"),
                            QStringLiteral("temp"),   QStringLiteral("Temp"), QStringLiteral("x"),
                            QStringLiteral("9")};
    QRandomGenerator random(7);
    QList<test::FakeAttribute> attributes;
    for (int i = 0; i < count; ++i) {
        QStringList parts;
        for (int k = 0; k < 1 + random.bounded(3); ++k)
            parts.append(words.at(random.bounded(int(words.size()))));
        parts.append(QString::number(i));
        attributes.append(
            {parts.join(QLatin1Char("._-"[random.bounded(3)])), ValueType::Number, random.bounded(1000)});
    }
    return test::fakeCatalog(attributes);
}

/// Counts when told to.
struct Counting
{
    HistogramPanel::Source source()
    {
        return {[this](const Attribute& attribute, QObject*, browse::Handler<browse::ValueBins> handler) {
                    asked.append(attribute.name);
                    done.append(std::move(handler));
                    return ++tickets;
                },
                [this](quint64 ticket) { cancelled.append(ticket); }};
    }
    /// Also what was cancelled: it may come too late.
    void answer(const std::variant<browse::ValueBins, browse::Problem>& outcome)
    {
        const auto handler = done.takeFirst();
        handler(outcome);
    }
    QList<browse::Handler<browse::ValueBins>> done;
    QStringList asked;
    QList<quint64> cancelled;
    quint64 tickets = 0;
};

browse::ValueBins binsFrom(double low, double high, const QList<qint64>& counts)
{
    browse::ValueBins spread;
    const double width = (high - low) / double(counts.size());
    for (qsizetype i = 0; i < counts.size(); ++i)
        spread.bins.push_back({low + double(i) * width, low + double(i + 1) * width, counts.at(i)});
    return spread;
}
} // namespace

class TestAttributeList : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { m_sandbox = std::make_unique<test::GuiSandbox>(); }

    void keepsTheRulesOfModels()
    {
        AttributeListModel model;
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.setCatalog(test::fleetCatalog());
        model.setSearch(QStringLiteral("e"));
        model.setOrder(AttributeListModel::Order::Share);
        model.setSearch({});
        model.setCatalog(AttributeCatalog());
    }
    void findsWordsInAnyOrder()
    {
        AttributeListModel model;
        model.setCatalog(test::fleetCatalog());
        model.setSearch(QStringLiteral("geo dest"));
        QCOMPARE(namesOf(model), QStringList{QStringLiteral("dest_geohash")});
        model.setSearch(QStringLiteral("DEST Geo"));
        QCOMPARE(namesOf(model), QStringList{QStringLiteral("dest_geohash")});
        model.setSearch(QStringLiteral("  "));
        QCOMPARE(model.rowCount(), 9);
        model.setSearch(QStringLiteral("nothing like it"));
        QCOMPARE(model.rowCount(), 0);
    }
    void whatBeginsWithTheWordComesFirst()
    {
        AttributeListModel model;
        model.setCatalog(test::fakeCatalog(
            {{QStringLiteral("a_motor_temp")}, {QStringLiteral("attempts")}, {QStringLiteral("temp")}}));
        model.setSearch(QStringLiteral("temp"));
        QCOMPARE(namesOf(model), (QStringList{QStringLiteral("temp"), QStringLiteral("a_motor_temp"),
                                              QStringLiteral("attempts")}));
    }
    /// Narrowing from what was found before must find what a search from the start finds, in the same order.
    void typingOnFindsTheSame()
    {
        const AttributeCatalog catalog = manyNames(2000);
        AttributeListModel typed;
        typed.setCatalog(catalog);
        QRandomGenerator random(11);
        const QString letters = QStringLiteral("geo dest temp 19.x");
        QString text;
        for (int i = 0; i < 600; ++i) {
            if (!text.isEmpty() && random.bounded(4) == 0)
                text.chop(1 + random.bounded(2));
            else
                text += letters.at(random.bounded(int(letters.size())));
            typed.setSearch(text);
            AttributeListModel fresh;
            fresh.setCatalog(catalog);
            fresh.setSearch(text);
            QVERIFY2(namesOf(typed) == namesOf(fresh), qPrintable(text));
        }
    }
    void sortsByShare()
    {
        AttributeListModel model;
        model.setCatalog(test::fleetCatalog());
        model.setOrder(AttributeListModel::Order::Share);
        QCOMPARE(namesOf(model).first(), QStringLiteral("status"));
        QCOMPARE(namesOf(model).last(), QStringLiteral("dest_geohash"));
    }
    void saysSharesWithoutClaimingTooMuch()
    {
        const QLocale before;
        QLocale::setDefault(QLocale::c());
        QCOMPARE(shareText(1), QStringLiteral("100 %"));
        QCOMPARE(shareText(0.9999), QStringLiteral(">99 %"));
        QCOMPARE(shareText(0.98), QStringLiteral("98 %"));
        QCOMPARE(shareText(0.0421), QStringLiteral("4.2 %"));
        QCOMPARE(shareText(0.0003), QStringLiteral("0.03 %"));
        QCOMPARE(shareText(0.000001), QStringLiteral("<0.01 %"));
        QCOMPARE(shareText(0), QStringLiteral("0 %"));
        QCOMPARE(shareText(-1), QStringLiteral("–"));
        QLocale::setDefault(before);
    }
    void dragsCarryAnyName()
    {
        for (const QString& name : test::nastyStrings()) {
            AttributeListModel model;
            model.setCatalog(test::fakeCatalog({{name}}));
            const std::unique_ptr<QMimeData> dragged(model.mimeData({model.index(0)}));
            QCOMPARE(mime::attributeName(dragged.get()), std::optional(name));
        }
    }

    void histogramKeepsEveryValue()
    {
        std::vector<double> bounds;
        for (int i = 0; i <= 100; ++i)
            bounds.push_back(i * i);
        const HistogramBins bins = histogramBins(bounds, 48);
        double sum = 0;
        for (const double share : bins.shares)
            sum += share;
        QVERIFY(!bins.clipped);
        QVERIFY2(std::abs(sum - 1) < 1e-9, qPrintable(QString::number(sum)));
        QVERIFY(bins.shares.front() > bins.shares.back());
    }
    void histogramShowsManyEqualValuesInOneColumn()
    {
        // Half of all values are exactly 5.
        const HistogramBins bins = histogramBins({0, 2.5, 5, 5, 5, 7.5, 10}, 10);
        QVERIFY(std::abs(bins.shares[5] - (2.0 / 6 + 1.0 / 6 * 0.4)) < 1e-9);
    }
    void histogramLeavesFarValuesOut()
    {
        std::vector<double> bounds{-1e9};
        for (int i = 0; i < 100; ++i)
            bounds.push_back(i);
        const HistogramBins bins = histogramBins(bounds, 20);
        QVERIFY(bins.clipped);
        QCOMPARE(bins.low, 0.0);
    }
    void histogramOfNothing()
    {
        QVERIFY(histogramBins({}, 10).shares.empty());
        QVERIFY(histogramBins({4, 4, 4}, 10).shares.empty());
        QVERIFY(histogramBins({0, qInf()}, 10).shares.empty());
    }
    void countedBinsBecomeColumns()
    {
        // Even: every value is in some column, each as wide as the others.
        const browse::ValueBins even = binsFrom(0, 960, QList<qint64>(960, 2));
        HistogramBins bins = histogramColumns(even.bins, 48);
        QCOMPARE(bins.shares.size(), size_t(48));
        QVERIFY(!bins.clipped);
        QCOMPARE(bins.low, 0.0);
        QCOMPARE(bins.high, 960.0);
        for (const double share : bins.shares)
            QVERIFY(std::abs(share - 1.0 / 48) < 1e-9);
        // Not a multiple: the last column reaches beyond the last bin, and nothing is lost.
        bins = histogramColumns(binsFrom(0, 50, QList<qint64>(50, 1)).bins, 48);
        QCOMPARE(bins.shares.size(), size_t(25));
        bins = histogramColumns(binsFrom(0, 97, QList<qint64>(97, 1)).bins, 48);
        double sum = 0;
        for (const double share : bins.shares)
            sum += share;
        QVERIFY(std::abs(sum - 1) < 1e-9);
        QCOMPARE(bins.high, 99.0);
        // Far values are left out as they are among all assets.
        QList<qint64> far(960, 0);
        far[0] = 1;
        for (int i = 500; i < 540; ++i)
            far[i] = 50;
        far[959] = 1;
        bins = histogramColumns(binsFrom(0, 960, far).bins, 48);
        QVERIFY(bins.clipped);
        QCOMPARE(bins.low, 500.0);
        QCOMPARE(bins.high, 540.0);
        QVERIFY(histogramColumns({}, 48).shares.empty());
        QVERIFY(histogramColumns({{4, 4, 12}}, 48).shares.empty());
    }
    void estimatesSayWhatTheyMayBeWrongBy_data()
    {
        QTest::addColumn<double>("expected");
        QTest::addColumn<double>("low");
        QTest::addColumn<double>("high");
        QTest::addColumn<QString>("text");
        QTest::newRow("exact") << 48'200.0 << 48'200.0 << 48'200.0 << QStringLiteral("≈ 48,200");
        QTest::newRow("a few") << 48'200.0 << 45'900.0 << 50'500.0 << QStringLiteral("≈ 48,200 ± 5 %");
        QTest::newRow("never rounded down") << 1000.0 << 949.0 << 1000.0 << QStringLiteral("≈ 1,000 ± 6 %");
        QTest::newRow("less than one")
            << 100'000.0 << 99'980.0 << 100'020.0 << QStringLiteral("≈ 100,000 ± 0.1 %");
        QTest::newRow("lopsided") << 540.0 << 120.0 << 600.0 << QStringLiteral("≈ 540 (120 to 600)");
        QTest::newRow("at most") << 540.0 << 0.0 << 12'344.0 << QStringLiteral("≈ 540 (at most 12,400)");
        QTest::newRow("nothing") << 0.0 << 0.0 << 0.2 << QStringLiteral("≈ 0");
    }
    void estimatesSayWhatTheyMayBeWrongBy()
    {
        QFETCH(double, expected);
        QFETCH(double, low);
        QFETCH(double, high);
        QFETCH(QString, text);
        const QLocale before;
        QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedStates));
        filter::Bounds bounds;
        bounds.low = low;
        bounds.high = high;
        bounds.measured = true;
        QCOMPARE(boundedText(expected, bounds), text);
        bounds.measured = false;
        QVERIFY(!boundedText(expected, bounds).contains(QLatin1Char('(')));
        QVERIFY(boundsText(bounds).contains(QStringLiteral("guess")));
        // Where an estimate stays the only number, the line under the filter says it; else its tooltip does.
        bounds.measured = true;
        bounds.measuredAt = QDateTime::currentDateTimeUtc().addSecs(-180);
        ResultSummary summary;
        summary.expected = expected;
        summary.bounds = bounds;
        summary.counting = ResultSummary::Counting::OutOfTime;
        QVERIFY(summaryText(summary).startsWith(text));
        summary.counting = ResultSummary::Counting::Running;
        QVERIFY(!summaryText(summary).contains(QLatin1Char('%')));
        QVERIFY2(summaryNote(summary).contains(QStringLiteral("Counted 3 min ago")),
                 qPrintable(summaryNote(summary)));
        QLocale::setDefault(before);
    }
    void boundsAreToldInWords()
    {
        const QLocale before;
        QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedStates));
        const QDateTime now(QDate(2026, 4, 11), QTime(12, 0), Qt::UTC);
        filter::Bounds bounds{900, 900, true, false, 0, now.addSecs(-180)};
        QCOMPARE(boundsText(bounds, false, now), QStringLiteral("Counted 3 min ago, exact then"));
        bounds.low = 800;
        bounds.high = 1'000;
        bounds.changedSince = 100;
        QCOMPARE(boundsText(bounds, false, now),
                 QStringLiteral("Between 800 and 1,000\nCounted 3 min ago\n100 values written since"));
        bounds.sampled = true;
        bounds.changedSince = 0;
        QCOMPARE(boundsText(bounds, true, now),
                 QStringLiteral("Between 800 and 1,000, however the clauses go together\n"
                                "Sampled 3 min ago; holds in 95 of 100 cases"));
        QLocale::setDefault(before);
    }
    void whatIsKnownOfAnAttributeSaysHowWell()
    {
        const QLocale before;
        QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedStates));
        const AttributeCatalog catalog =
            test::fakeCatalog({{QStringLiteral("counted"),
                                ValueType::String,
                                900,
                                QStringLiteral("cold"),
                                {{QStringLiteral("on"), 600}, {QStringLiteral("off"), 300}}},
                               {QStringLiteral("written"),
                                ValueType::String,
                                900,
                                QStringLiteral("cold"),
                                {{QStringLiteral("on"), 900}},
                                {},
                                {},
                                0,
                                45},
                               {QStringLiteral("sampled"),
                                ValueType::String,
                                500'000,
                                QStringLiteral("cold"),
                                {{QStringLiteral("on"), 400'000}, {QStringLiteral("off"), 100'000}},
                                {},
                                {},
                                20'000}},
                              1'000'000);
        AttributeBrowser browser;
        browser.setDetailSource(
            [&catalog](int, std::function<void(const AttributeCatalog&)> done) { done(catalog); });
        browser.setCatalog(catalog);
        const auto* facts = browser.findChild<QLabel*>(QStringLiteral("attributeFacts"));
        QVERIFY(facts);
        browser.select(catalog.findName(QStringLiteral("counted"))->id);
        QVERIFY2(browser.factsShown().contains(QStringLiteral(" 900 assets · 2 values · counted ")),
                 qPrintable(browser.factsShown()));
        QVERIFY2(facts->toolTip().contains(QStringLiteral("exact then")), qPrintable(facts->toolTip()));
        browser.select(catalog.findName(QStringLiteral("written"))->id);
        QVERIFY2(browser.factsShown().contains(QStringLiteral("≈ 900 ± 5 % assets")),
                 qPrintable(browser.factsShown()));
        QVERIFY2(facts->toolTip().contains(QStringLiteral("Between 855 and 945")),
                 qPrintable(facts->toolTip()));
        browser.select(catalog.findName(QStringLiteral("sampled"))->id);
        QVERIFY2(
            browser.factsShown().contains(QStringLiteral("≈ 500,000 ± 2 % assets · ≈ 2 values · sampled ")),
            qPrintable(browser.factsShown()));
        // Its values, too: nobody counted them.
        const auto* values = browser.findChild<TopValuesView*>();
        const QString about = values->model()->index(0, 0).data(Qt::ToolTipRole).toString();
        QVERIFY2(about.contains(QStringLiteral("≈ 400,000 assets")) &&
                     about.contains(QStringLiteral("Between 393,000 and 407,000")),
                 qPrintable(about));
        // And in the list.
        const AttributeListModel* list = browser.model();
        const QString tip =
            list->index(rowOf(*list, QStringLiteral("sampled")), 0).data(Qt::ToolTipRole).toString();
        QVERIFY2(tip.contains(QStringLiteral("± 2 %")) && tip.contains(QStringLiteral("sampled")),
                 qPrintable(tip));
        QLocale::setDefault(before);
    }
    void countsWithinTheFilter()
    {
        const QLocale before;
        QLocale::setDefault(QLocale::c());
        Counting counting;
        const auto browser = shownBrowser();
        HistogramPanel* spread = browser->spread();
        spread->setSource(counting.source());
        browser->select(idOf(QStringLiteral("temperature")));
        QTRY_VERIFY(spread->histogram()->isVisible());
        QCOMPARE(spread->scope(), HistogramPanel::Scope::Measured);
        QCOMPARE(spread->histogram()->columns().high, 120.0);
        QVERIFY(spread->allButton()->isHidden());
        QTest::qWait(50); // laid out
        test::shoot(browser.get(), QStringLiteral("spread-all"));

        QTest::mouseClick(spread->countButton(), Qt::LeftButton);
        QCOMPARE(counting.asked, QStringList{QStringLiteral("temperature")});
        QVERIFY(spread->isCounting());
        QTest::qWait(50); // laid out
        test::shoot(browser.get(), QStringLiteral("spread-counting"));
        counting.answer(binsFrom(40, 60, {10, 20, 12, 0}));
        QCOMPARE(spread->scope(), HistogramPanel::Scope::Counted);
        QVERIFY2(spread->scopeShown().contains(QStringLiteral("42 assets")),
                 qPrintable(spread->scopeShown()));
        QCOMPARE(spread->histogram()->columns().low, 40.0);
        QCOMPARE(spread->histogram()->columns().high, 60.0);
        QVERIFY(!browser->findChild<TopValuesView*>()->isVisible()); // those are of all assets
        QTest::qWait(50);                                            // laid out
        test::shoot(browser.get(), QStringLiteral("spread-counted"));
        // Its columns choose a range, too.
        QSignalSpy chosen(browser.get(), &AttributeBrowser::clauseChosen);
        spread->histogram()->setFocus();
        QTest::keyClick(spread->histogram(), Qt::Key_Right);
        QTest::keyClick(spread->histogram(), Qt::Key_Return);
        QCOMPARE(chosen.size(), 1);
        const auto clause = chosen.first().first().value<filter::Clause>();
        const double low = clause.literals.at(0).text.toDouble();
        QVERIFY(low > 40 && low < 42);

        // Details that arrive change nothing of it; another filter does.
        browser->setCatalog(test::fleetCatalog());
        QCOMPARE(spread->scope(), HistogramPanel::Scope::Counted);
        spread->filterChanged();
        QCOMPARE(spread->scope(), HistogramPanel::Scope::Outdated);
        QVERIFY(spread->histogram()->isFaded());
        QVERIFY(spread->scopeShown().contains(QStringLiteral("changed")));
        QTest::qWait(50); // laid out
        test::shoot(browser.get(), QStringLiteral("spread-outdated"));
        // Counted again, and stopped by the key: the server is told, a late answer is not taken.
        QTest::mouseClick(spread->countButton(), Qt::LeftButton);
        QTest::keyClick(spread->histogram(), Qt::Key_Escape); // lets go of the brush, or stops
        QTest::keyClick(spread->histogram(), Qt::Key_Escape);
        QVERIFY(!spread->isCounting());
        QCOMPARE(counting.cancelled, QList<quint64>{2});
        counting.answer(binsFrom(0, 1, {7}));
        QCOMPARE(spread->histogram()->columns().high, 60.0);
        QVERIFY(spread->histogram()->isFaded());

        // An error stands in place and can be tried again.
        QTest::mouseClick(spread->countButton(), Qt::LeftButton);
        browse::Problem problem;
        problem.error = db::DbError();
        problem.error->kind = db::ErrorKind::Deadline;
        problem.error->endpoint = QStringLiteral("replica-1");
        counting.answer(problem);
        QVERIFY(spread->strip()->errorText().contains(QStringLiteral("could not be counted")));
        QTest::qWait(50); // laid out
        test::shoot(browser.get(), QStringLiteral("spread-error"));
        QTest::mouseClick(spread->countButton(), Qt::LeftButton);
        QVERIFY(spread->isCounting());
        QVERIFY(!spread->strip()->isShowing());
        // A filter that changes meanwhile ends it.
        spread->filterChanged();
        QVERIFY(!spread->isCounting());
        QCOMPARE(counting.cancelled.size(), 2);
        counting.done.clear();

        // Nothing there, and one value only, are said in words.
        QTest::mouseClick(spread->countButton(), Qt::LeftButton);
        counting.answer(browse::ValueBins());
        QVERIFY(spread->scopeShown().startsWith(QStringLiteral("None of")));
        QVERIFY(!spread->histogram()->isVisible());
        QTest::mouseClick(spread->countButton(), Qt::LeftButton);
        counting.answer(binsFrom(42, 42, {12}));
        QVERIFY2(spread->scopeShown().contains(QStringLiteral("all with 42")),
                 qPrintable(spread->scopeShown()));
        // Back to all assets; another attribute begins there.
        QTest::mouseClick(spread->allButton(), Qt::LeftButton);
        QCOMPARE(spread->scope(), HistogramPanel::Scope::Measured);
        QCOMPARE(spread->histogram()->columns().high, 120.0);
        QTest::mouseClick(spread->countButton(), Qt::LeftButton);
        browser->select(idOf(QStringLiteral("last_service")));
        QVERIFY(!spread->isCounting());
        QCOMPARE(counting.cancelled.size(), 3);
        QCOMPARE(spread->scope(), HistogramPanel::Scope::Measured);
        // Texts have no order to be spread over.
        browser->select(idOf(QStringLiteral("status")));
        QVERIFY(!spread->isVisible());
        QLocale::setDefault(before);
    }
    void rangesAreRoundAndHoldWhatWasSwept_data()
    {
        QTest::addColumn<double>("low");
        QTest::addColumn<double>("high");
        QTest::addColumn<double>("span");
        QTest::newRow("tens") << 21.234 << 78.9 << 100.0;
        QTest::newRow("fractions") << 0.01234 << 0.0456 << 0.1;
        QTest::newRow("large") << 123456.0 << 987654.0 << 1e6;
        QTest::newRow("negative") << -45.678 << -12.3 << 60.0;
    }
    void rangesAreRoundAndHoldWhatWasSwept()
    {
        QFETCH(double, low);
        QFETCH(double, high);
        QFETCH(double, span);
        const auto [from, to] = roundedRange(low, high, span);
        QVERIFY(from <= low && to >= high);
        QVERIFY(low - from <= span / 100 && to - high <= span / 100);
        QVERIFY2(plainNumber(from).size() <= 8, qPrintable(plainNumber(from)));
        QCOMPARE(plainNumber(from).toDouble(), from);
    }
    void numbersArePlain()
    {
        QCOMPARE(plainNumber(0.1), QStringLiteral("0.1"));
        QCOMPARE(plainNumber(1200), QStringLiteral("1200"));
        QCOMPARE(plainNumber(-0.25), QStringLiteral("-0.25"));
        QCOMPARE(plainNumber(0), QStringLiteral("0"));
        QVERIFY(filter::isNumberText(plainNumber(1e300)));
        QVERIFY(filter::isNumberText(plainNumber(-1e-300)));
    }

    void clickOnAValueFilters_data()
    {
        QTest::addColumn<Qt::KeyboardModifiers>("modifiers");
        QTest::addColumn<int>("op");
        QTest::newRow("click") << Qt::KeyboardModifiers() << int(filter::Operator::Equal);
        QTest::newRow("Alt+click") << Qt::KeyboardModifiers(Qt::AltModifier)
                                   << int(filter::Operator::NotEqual);
    }
    void clickOnAValueFilters()
    {
        QFETCH(Qt::KeyboardModifiers, modifiers);
        QFETCH(int, op);
        const auto browser = shownBrowser();
        browser->select(idOf(QStringLiteral("status")));
        auto* values = browser->findChild<TopValuesView*>();
        QTRY_VERIFY(values->isVisible());
        QSignalSpy chosen(browser.get(), &AttributeBrowser::clauseChosen);
        QTest::mouseClick(values->viewport(), Qt::LeftButton, modifiers,
                          values->visualRect(values->model()->index(1, 0)).center());
        QCOMPARE(chosen.size(), 1);
        const auto clause = chosen.first().first().value<filter::Clause>();
        QCOMPARE(clause.subject.attribute, QStringLiteral("status"));
        QCOMPARE(int(clause.op), op);
        QCOMPARE(clause.literals, QList<filter::Literal>{filter::Literal::string(QStringLiteral("idle"))});
    }
    void booleanValuesAreTrueAndFalse()
    {
        const auto browser = shownBrowser();
        browser->select(idOf(QStringLiteral("door_open")));
        auto* values = browser->findChild<TopValuesView*>();
        QTRY_VERIFY(values->isVisible());
        QCOMPARE(namesOf(*values->model()), (QStringList{QStringLiteral("false"), QStringLiteral("true")}));
        QSignalSpy chosen(browser.get(), &AttributeBrowser::clauseChosen);
        values->setFocus();
        values->setCurrentIndex(values->model()->index(1, 0));
        QTest::keyClick(values, Qt::Key_Return);
        QCOMPARE(chosen.size(), 1);
        QCOMPARE(chosen.first().first().value<filter::Clause>().literals,
                 QList<filter::Literal>{filter::Literal::boolean(true)});
    }
    void brushBecomesARange()
    {
        const auto browser = shownBrowser();
        browser->select(idOf(QStringLiteral("temperature")));
        auto* histogram = browser->findChild<Histogram*>();
        QTRY_VERIFY(histogram->isVisible() && !histogram->isEmpty());
        QSignalSpy chosen(browser.get(), &AttributeBrowser::clauseChosen);
        const int y = histogram->height() / 2;
        const auto x = [histogram](double part) { return int(1 + part * (histogram->width() - 2)); };
        QTest::mousePress(histogram, Qt::LeftButton, {}, QPoint(x(0.75), y));
        QTest::mouseMove(histogram, QPoint(x(0.5), y));
        QTest::mouseMove(histogram, QPoint(x(0.25), y));
        QTest::mouseRelease(histogram, Qt::LeftButton, {}, QPoint(x(0.25), y));
        QCOMPARE(chosen.size(), 1);
        const auto clause = chosen.first().first().value<filter::Clause>();
        QCOMPARE(clause.op, filter::Operator::Between);
        const double low = clause.literals.at(0).text.toDouble();
        const double high = clause.literals.at(1).text.toDouble();
        QVERIFY2(std::abs(low - 45) < 2 && std::abs(high - 95) < 2,
                 qPrintable(QStringLiteral("%1 to %2").arg(low).arg(high)));
    }
    void aClickOnTheHistogramIsNoRange()
    {
        const auto browser = shownBrowser();
        browser->select(idOf(QStringLiteral("temperature")));
        auto* histogram = browser->findChild<Histogram*>();
        QTRY_VERIFY(histogram->isVisible());
        QSignalSpy chosen(browser.get(), &AttributeBrowser::clauseChosen);
        QTest::mouseClick(histogram, Qt::LeftButton, {}, histogram->rect().center());
        QCOMPARE(chosen.size(), 0);
        // The keyboard can do it too.
        histogram->setFocus();
        QTest::keyClick(histogram, Qt::Key_Right);
        QTest::keyClick(histogram, Qt::Key_Left, Qt::ShiftModifier);
        QTest::keyClick(histogram, Qt::Key_Return);
        QCOMPARE(chosen.size(), 1);
    }
    void keyboardAlone()
    {
        const auto browser = shownBrowser();
        browser->focusSearch();
        auto* search = browser->findChild<QLineEdit*>(QStringLiteral("attributeSearch"));
        QTest::keyClicks(search, QStringLiteral("firm"));
        QCOMPARE(browser->model()->rowCount(), 1);
        QTest::keyClick(search, Qt::Key_Return);
        QTRY_VERIFY(browser->list()->hasFocus());
        QSignalSpy column(browser.get(), &AttributeBrowser::columnChosen);
        QTest::keyClick(browser->list(), Qt::Key_Return);
        QCOMPARE(column.size(), 1);
        QCOMPARE(column.first().first().toInt(), idOf(QStringLiteral("firmware")));
        auto* values = browser->findChild<TopValuesView*>();
        QTRY_VERIFY(values->isVisible());
        QTest::keyClick(browser->list(), Qt::Key_Right);
        QVERIFY(values->hasFocus());
        QSignalSpy chosen(browser.get(), &AttributeBrowser::clauseChosen);
        QTest::keyClick(values, Qt::Key_Return, Qt::AltModifier);
        QCOMPARE(chosen.size(), 1);
        QCOMPARE(chosen.first().first().value<filter::Clause>().op, filter::Operator::NotEqual);
    }
    void doubleClickAddsAColumn()
    {
        const auto browser = shownBrowser();
        QSignalSpy column(browser.get(), &AttributeBrowser::columnChosen);
        const QModelIndex index =
            browser->model()->index(rowOf(*browser->model(), QStringLiteral("region")), 0);
        const QPoint there = browser->list()->visualRect(index).center();
        QTest::mouseClick(browser->list()->viewport(), Qt::LeftButton, {}, there);
        QCoreApplication::processEvents();
        // What the first click opened must not have moved the row away from under the second.
        QCOMPARE(browser->list()->indexAt(there), index);
        QTest::mouseDClick(browser->list()->viewport(), Qt::LeftButton, {}, there);
        QCOMPARE(column.size(), 1);
        QCOMPARE(column.first().first().toInt(), idOf(QStringLiteral("region")));
    }
    /// Details that arrive, and the same list read again, must not move what somebody is looking at.
    void staysWhereItIsWhenTheCatalogueIsReadAgain()
    {
        const auto browser = shownBrowser();
        browser->select(idOf(QStringLiteral("region")));
        browser->setCatalog(test::fleetCatalog());
        QCOMPARE(browser->selected(), idOf(QStringLiteral("region")));
        QVERIFY(browser->list()->currentIndex().isValid());
        browser->setSearch(QStringLiteral("status"));
        QCOMPARE(browser->selected(), idOf(QStringLiteral("region"))); // still shown below
    }
    void nastyNamesAndValuesReachTheClauseUnchanged()
    {
        for (const QString& text : test::nastyStrings()) {
            const AttributeCatalog catalog =
                test::fakeCatalog({{text, ValueType::String, 10, QStringLiteral("cold"), {{text, 5}}}});
            const filter::Clause clause = valueClause(catalog.at(0), text);
            QCOMPARE(clause.subject.attribute, text);
            QCOMPARE(clause.literals.first().text, text);
            QVERIFY(clause.op == filter::Operator::Equal || text.toUcs4().size() >= 256);
        }
    }

private:
    static int idOf(const QString& name) { return test::fleetCatalog().findName(name)->id; }
    static std::unique_ptr<AttributeBrowser> shownBrowser()
    {
        auto browser = std::make_unique<AttributeBrowser>();
        browser->setDetailSource(
            [](int, std::function<void(const AttributeCatalog&)> done) { done(test::fleetCatalog()); });
        browser->setCatalog(test::fleetCatalog());
        browser->resize(260, 700);
        browser->show();
        browser->activateWindow();
        if (!QTest::qWaitForWindowActive(browser.get()))
            qWarning("the window did not become active");
        return browser;
    }
    std::unique_ptr<test::GuiSandbox> m_sandbox;
};

QTEST_MAIN(TestAttributeList)
#include "tst_attributelist.moc"
