// SPDX-License-Identifier: GPL-3.0-or-later
// Charts: what must hold of the reduction of a line, of gaps, budgets and readings, and of the widget on top.
#include <QSignalSpy>
#include <QTest>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "gui/charts/downsample.h"
#include "gui/charts/timeserieschart.h"
#include "tests/gui/guitest.h"

using namespace atlas;
using gui::ChartBudget;
using gui::ChartData;
using gui::ChartUnit;
using gui::TimeSeriesChart;

namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

std::vector<double> secondsFrom(double from, std::size_t count)
{
    std::vector<double> at(count);
    for (std::size_t i = 0; i < count; ++i)
        at[i] = from + double(i);
    return at;
}

std::size_t breaksIn(const chart::Points& points)
{
    return std::size_t(
        std::count_if(points.y.begin(), points.y.end(), [](double y) { return std::isnan(y); }));
}

} // namespace

class TestCharts : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { m_sandbox = std::make_unique<test::GuiSandbox>(); }

    void noPeakIsLost_data()
    {
        QTest::addColumn<int>("samples");
        QTest::addColumn<int>("pixels");
        QTest::newRow("many to few") << 20'000 << 300;
        QTest::newRow("about as many") << 400 << 300;
        QTest::newRow("few to many") << 20 << 300;
    }

    void noPeakIsLost()
    {
        QFETCH(int, samples);
        QFETCH(int, pixels);
        std::mt19937 random(7);
        std::normal_distribution<double> noise(0, 1);
        const std::vector<double> x = secondsFrom(1000, std::size_t(samples));
        std::vector<double> y(x.size());
        std::generate(y.begin(), y.end(), [&] { return noise(random); });
        y[y.size() / 3] = 1000; // one sample wide
        y[y.size() / 2] = -1000;
        const double to = x.back() + 1;
        const chart::Points points = chart::downsample(x, y, x.front(), to, pixels, 0);
        QVERIFY(points.size() <= std::min(x.size(), std::size_t(4 * pixels)) + 2);
        QVERIFY(std::is_sorted(points.x.begin(), points.x.end()));
        QCOMPARE(breaksIn(points), std::size_t(0));
        QCOMPARE(points.x.front(), x.front());
        QCOMPARE(points.x.back(), x.back());
        // Column by column the same lowest and highest value, out of the samples themselves.
        const double width = (to - x.front()) / pixels;
        const auto extremes = [&](const std::vector<double>& at, const std::vector<double>& values) {
            std::vector<std::pair<double, double>> found(
                std::size_t(pixels) + 1,
                {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()});
            for (std::size_t i = 0; i < at.size(); ++i) {
                auto& column = found[std::size_t((at[i] - x.front()) / width)];
                column = {std::min(column.first, values[i]), std::max(column.second, values[i])};
            }
            return found;
        };
        QVERIFY(extremes(points.x, points.y) == extremes(x, y));
    }

    void gapsBreakTheLine()
    {
        // By NaN and by distance; a sample alone between two gaps still makes a dot.
        const std::vector<double> x{0, 1, 2, 3, 4, 20, 40, 41};
        const std::vector<double> y{1, 1, nothing, 1, 1, 5, 1, 1};
        const chart::Points by = chart::downsample(x, y, 0, 50, 500, 10);
        QCOMPARE(breaksIn(by), std::size_t(3));
        QCOMPARE(std::count(by.y.begin(), by.y.end(), 5.0), std::ptrdiff_t(2));
        // Without a distance only the NaN counts.
        QCOMPARE(breaksIn(chart::downsample(x, y, 0, 50, 500, 0)), std::size_t(1));
        QCOMPARE(chart::downsample({}, {}, 0, 50, 500, 0).size(), std::size_t(0));
        QCOMPARE(chart::downsample(x, y, 50, 50, 500, 0).size(), std::size_t(0));
    }

    void oneSampleBeyondEachEndIsKept()
    {
        const std::vector<double> x = secondsFrom(0, 100);
        const chart::Points points = chart::downsample(x, x, 40, 60, 200, 0);
        QCOMPARE(points.x.front(), 39.0);
        QCOMPARE(points.x.back(), 61.0);
    }

    void stackedSums()
    {
        const auto sums = chart::stack({{{1, 2, 3}, {1, 1, nothing}}, {{2, 3, 4}, {10, nothing, 30}}});
        QCOMPARE(sums.size(), std::size_t(2));
        QCOMPARE(sums[0].x, (std::vector<double>{1, 2, 3, 4}));
        QCOMPARE(sums[0].y[1], 1.0);
        QCOMPARE(sums[1].y[0], 1.0);
        QCOMPARE(sums[1].y[1], 11.0);
        QVERIFY(std::isnan(sums[0].y[2]) && std::isnan(sums[1].y[2]));
        QCOMPARE(sums[0].y[3], 0.0);
        QCOMPARE(sums[1].y[3], 30.0);
    }

    void breachesAreInterpolated()
    {
        ChartData data;
        data.set(QStringLiteral("a"), QStringLiteral("A"), {0, 10, 20, 30}, {0, 20, 20, 0});
        data.set(QStringLiteral("b"), QStringLiteral("B"), {0, 10, 20, 30}, {99, 99, 99, 99});
        data.setBudgets({ChartBudget{QStringLiteral("10 s"), 10, {QStringLiteral("a")}}});
        auto breaches = data.breaches(0, 30);
        QCOMPARE(breaches.size(), std::size_t(1)); // b is not what the budget is for
        QCOMPARE(breaches[0].series, QStringLiteral("a"));
        QCOMPARE(breaches[0].budget, QStringLiteral("10 s"));
        QCOMPARE(breaches[0].from, 5.0);
        QCOMPARE(breaches[0].to, 25.0);
        breaches = data.breaches(8, 12);
        QCOMPARE(breaches[0].from, 8.0);
        QCOMPARE(breaches[0].to, 12.0);
        // Across a gap nothing is known, so nothing is breached.
        data.set(QStringLiteral("a"), QStringLiteral("A"), {0, 10, 100, 110}, {20, 20, 20, 0});
        data.setGapAfter(30);
        breaches = data.breaches(0, 200);
        QCOMPARE(breaches.size(), std::size_t(2));
        QCOMPARE(breaches[0].to, 10.0);
        QCOMPARE(breaches[1].from, 100.0);
        QCOMPARE(breaches[1].to, 105.0);
        data.find(QStringLiteral("a"))->visible = false;
        QVERIFY(data.breaches(0, 200).empty());
    }

    void valuesAreReplacedColourAndVisibilityStay()
    {
        ChartData data;
        data.set(QStringLiteral("a"), QStringLiteral("A"), {1}, {1});
        const int color = data.set(QStringLiteral("b"), QStringLiteral("B"), {1}, {2}).color;
        data.find(QStringLiteral("b"))->visible = false;
        data.remove(QStringLiteral("a"));
        const gui::ChartSeries& again =
            data.set(QStringLiteral("b"), QStringLiteral("new"), {1, 2, 3}, {4, 5});
        QCOMPARE(again.color, color);
        QVERIFY(!again.visible);
        QCOMPARE(again.name, QStringLiteral("new"));
        QCOMPARE(again.at.size(), std::size_t(2)); // cut to what has both
        QVERIFY(data.append(QStringLiteral("b"), 5, 1));
        QVERIFY(!data.append(QStringLiteral("b"), 5, 2)); // not after the last one
        QVERIFY(!data.append(QStringLiteral("no"), 6, 1));
        data.trim(2);
        QCOMPARE(data.find(QStringLiteral("b"))->at, (std::vector<double>{2, 5}));
    }

    void readingsAtTheCrosshair()
    {
        ChartData data;
        data.set(QStringLiteral("a"), QStringLiteral("A"), {0, 10, 20}, {1, nothing, 3});
        data.set(QStringLiteral("b"), QStringLiteral("B"), {0, 100}, {7, 8});
        const auto at = [&data](double time, bool previous = false) {
            QStringList all;
            for (const gui::ChartReading& reading : data.readings(time, 2, previous))
                all << (reading.value ? QString::number(*reading.value) : QStringLiteral("-"));
            return all.join(QLatin1Char(' '));
        };
        QCOMPARE(at(1), QStringLiteral("1 7"));
        QCOMPARE(at(10), QStringLiteral("- -")); // a gap is a gap, b is too far away
        QCOMPARE(at(19), QStringLiteral("3 -"));
        QCOMPARE(at(50, true), QStringLiteral("3 7")); // what holds until the next
        QCOMPARE(data.nearest(16), std::optional<double>(20));
        QCOMPARE(data.neighbour(20, 1), std::optional<double>(100));
        QCOMPARE(data.neighbour(20, -1), std::optional<double>(10));
        QVERIFY(!data.neighbour(100, 1));
        data.find(QStringLiteral("b"))->visible = false;
        QCOMPARE(at(1), QStringLiteral("1"));
        QVERIFY(!data.neighbour(20, 1));
    }

    void csvLeavesGapsEmpty()
    {
        ChartData data;
        data.set(QStringLiteral("a"), QStringLiteral("A, \"quoted\""), {0, 1}, {1.5, nothing});
        const QByteArray csv = data.toCsv(0, 10);
        QVERIFY2(csv.contains("\"A, \"\"quoted\"\"\""), csv.constData());
        QVERIFY2(csv.contains("1970-01-01T00:00:00"), csv.constData());
        QList<QByteArray> lines = csv.split('\n');
        std::for_each(lines.begin(), lines.end(), [](QByteArray& line) { line = line.trimmed(); });
        QVERIFY2(lines.at(1).endsWith(",1.5"), lines.at(1).constData());
        QVERIFY2(lines.at(2).endsWith(','), lines.at(2).constData());
    }

    void aSeriesIsHidden()
    {
        TimeSeriesChart chart(QStringLiteral("Lag"), ChartUnit::Seconds);
        chart.resize(800, 300);
        chart.setTimeRange(0, 100);
        chart.setSeries(QStringLiteral("a"), QStringLiteral("A"), secondsFrom(0, 100),
                        std::vector<double>(100, 5));
        chart.setSeries(QStringLiteral("b"), QStringLiteral("B"), secondsFrom(0, 100),
                        std::vector<double>(100, 50));
        chart.setBudgets({ChartBudget{QStringLiteral("10 s"), 10, {}}});
        QCOMPARE(chart.breaches().size(), std::size_t(1));
        QSignalSpy spy(&chart, &TimeSeriesChart::seriesVisibilityChanged);
        chart.setSeriesVisible(QStringLiteral("b"), false);
        chart.setSeriesVisible(QStringLiteral("b"), false);
        QCOMPARE(spy.count(), 1);
        QVERIFY(!chart.isSeriesVisible(QStringLiteral("b")));
        QVERIFY(chart.breaches().empty());
        QVERIFY(!chart.isEmptyShown());
        chart.setSeriesVisible(QStringLiteral("a"), false);
        QVERIFY(chart.isEmptyShown());
        // New values do not bring back what somebody put away.
        chart.setSeries(QStringLiteral("b"), QStringLiteral("B"), {1}, {1});
        QVERIFY(!chart.isSeriesVisible(QStringLiteral("b")));
    }

    void linkedChartsShareTimeAndCrosshair()
    {
        const auto link = std::make_shared<gui::ChartLink>();
        TimeSeriesChart upper(QStringLiteral("Rows"), ChartUnit::RowsPerSecond);
        TimeSeriesChart lower(QStringLiteral("Lag"), ChartUnit::Seconds);
        for (TimeSeriesChart* chart : {&upper, &lower}) {
            chart->setLink(link);
            chart->setSeries(QStringLiteral("s"), QStringLiteral("S"), {0, 50, 100}, {1, 2, 3});
            chart->resize(600, 240);
        }
        link->setExtent(0, 100);
        QVERIFY(upper.readings().isEmpty());
        link->setCrosshair(50);
        QCOMPARE(upper.readings().size(), 1);
        QCOMPARE(lower.readings().first().value, std::optional<double>(2));
        // Zooming pauses: the present goes on, what is shown stays.
        QSignalSpy live(&lower, &TimeSeriesChart::liveChanged);
        link->zoom(0.5, 50);
        QCOMPARE(live.count(), 1);
        QVERIFY(!upper.isLive());
        QCOMPARE(link->from(), 25.0);
        link->setExtent(10, 110);
        QCOMPARE(link->from(), 25.0);
        link->pan(1000);
        QCOMPARE(link->to(), 110.0);
        link->resetToLive();
        QCOMPARE(link->from(), 10.0);
        QVERIFY(lower.isLive());
    }

    void keysMoveTheCrosshair()
    {
        TimeSeriesChart chart(QStringLiteral("Lag"), ChartUnit::Seconds);
        chart.resize(600, 240);
        chart.setTimeRange(0, 100);
        chart.setSeries(QStringLiteral("s"), QStringLiteral("S"), {10, 50, 90}, {1, 2, 3});
        chart.show();
        auto* plot = chart.findChild<QWidget*>(QStringLiteral("plot"));
        QVERIFY(plot);
        plot->setFocus();
        chart.link()->setCrosshair(50);
        QTest::keyClick(plot, Qt::Key_Right);
        QCOMPARE(chart.link()->crosshair(), std::optional<double>(90));
        QTest::keyClick(plot, Qt::Key_Left);
        QTest::keyClick(plot, Qt::Key_Left);
        QCOMPARE(chart.link()->crosshair(), std::optional<double>(10));
        QTest::keyClick(plot, Qt::Key_Space);
        QVERIFY(!chart.isLive());
        QTest::keyClick(plot, Qt::Key_Escape);
        QVERIFY(!chart.link()->crosshair());
    }

    void valuesInWords()
    {
        QCOMPARE(gui::valueText(nothing, ChartUnit::Seconds), QStringLiteral("–"));
        QCOMPARE(gui::valueText(0.4, ChartUnit::Seconds), QStringLiteral("0.4 s"));
        QCOMPARE(gui::valueText(200, ChartUnit::Seconds), QStringLiteral("3 min 20 s"));
    }

    /// One value makes no line, and is there all the same.
    void aSingleValueIsSeen()
    {
        TimeSeriesChart chart(QStringLiteral("Lag"), ChartUnit::Seconds);
        chart.resize(600, 240);
        chart.setTimeRange(0, 100);
        const auto colours = [&chart] {
            chart.flush();
            const QImage image = chart.grab().toImage();
            QSet<QRgb> seen;
            for (int y = 0; y < image.height(); ++y)
                for (int x = 0; x < image.width(); ++x)
                    seen.insert(image.pixel(x, y));
            return seen;
        };
        chart.setSeries(QStringLiteral("s"), QStringLiteral("S"), {}, {});
        chart.show();
        colours(); // it settles
        const QSet<QRgb> without = colours();
        chart.setSeries(QStringLiteral("s"), QStringLiteral("S"), {50}, {2});
        QVERIFY(!(colours() - without).isEmpty());
    }

    void picturesAndFiles()
    {
        TimeSeriesChart chart(QStringLiteral("Lag"), ChartUnit::Seconds);
        chart.resize(600, 240);
        chart.setTimeRange(0, 100);
        chart.setSeries(QStringLiteral("s"), QStringLiteral("S"), {10, 50, 90}, {1, 2, 3});
        chart.show();
        chart.flush();
        const QString png = m_sandbox->path(QStringLiteral("chart.png"));
        QVERIFY(chart.savePng(png));
        QCOMPARE(QImage(png).width(), 1200);
        QSignalSpy failed(&chart, &TimeSeriesChart::saveFailed);
        QVERIFY(!chart.saveCsv(m_sandbox->path(QStringLiteral("no/such/folder.csv"))));
        QCOMPARE(failed.count(), 1);
    }

private:
    std::unique_ptr<test::GuiSandbox> m_sandbox;
};

QTEST_MAIN(TestCharts)
#include "tst_charts.moc"
