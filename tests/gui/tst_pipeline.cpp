// SPDX-License-Identifier: GPL-3.0-or-later
// Pipeline: what it says of stages and routes, decided without a server; then the page against a real one.
#include <QAbstractItemModelTester>
#include <QLabel>
#include <QPainter>
#include <QRegularExpression>
#include <QSignalSpy>
#include <QTest>

#include <cmath>
#include <limits>

#include "gui/charts/timeserieschart.h"
#include "gui/pipeline/hopstrip.h"
#include "gui/pipeline/pipelineseries.h"
#include "gui/pipeline/pipelineworkspace.h"
#include "gui/pipeline/routetable.h"
#include "model/environment/environment.h"
#include "tests/gui/guitest.h"
#include "tests/support/testcluster.h"

using namespace atlas;
using gui::HopStrip;
using gui::RouteModel;
using lag::StageLag;
using lag::State;

namespace {

StageLag stage(const char* name, const char* node, State state, std::optional<double> seconds = {},
               std::optional<qint64> bytes = {})
{
    StageLag made;
    made.stage = QString::fromLatin1(name);
    made.node = QString::fromLatin1(node);
    made.state = state;
    made.lagSeconds = seconds;
    made.lagBytes = bytes;
    made.evidence = QStringLiteral("evidence of %1").arg(made.node);
    made.measuredAt = QDateTime(QDate(2026, 1, 2), QTime(3, 4, 5), Qt::UTC);
    return made;
}

QList<StageLag> oneOfEach()
{
    return {stage("commit", "primary", State::Current, 0.4),
            stage("staging", "primary", State::Idle, 0.0, 0),
            stage("replica", "replica-1", State::Behind, 3.2, 12'000),
            stage("replica", "replica-2", State::Unknown),
            stage("slot", "warehouse_feed", State::FallingBehind, 64.0, 8'200'000),
            stage("warehouse", "warehouse", State::Current, 1.3)};
}

bool hasDigit(const QString& text)
{
    return text.contains(QRegularExpression(QStringLiteral("\\d")));
}

routing::Route route(routing::Intent intent, const char* node, db::EndpointRole role,
                     std::optional<double> age, std::optional<double> wanted, bool met)
{
    routing::Route made;
    made.intent = intent;
    made.node = QString::fromLatin1(node);
    made.role = role;
    made.ageSeconds = age;
    made.wantedSeconds = wanted;
    made.met = met;
    made.reason = QStringLiteral("because");
    made.passedOver = {QStringLiteral("replica-2: <14 s> behind")};
    return made;
}

pipeline::RateSeries rate(int tenant, double value)
{
    return {tenant, QStringLiteral("tenant %1").arg(tenant), {10, 20}, {value, value * 2}};
}

} // namespace

class TestPipeline : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        m_found = test::TestCluster::find(&m_cluster, &m_why);
        m_sandbox = std::make_unique<test::GuiSandbox>();
    }

    void eachStateInWords_data()
    {
        QTest::addColumn<int>("state");
        QTest::addColumn<QString>("word");
        QTest::newRow("current") << int(State::Current) << "current";
        QTest::newRow("behind") << int(State::Behind) << "behind";
        QTest::newRow("falling behind") << int(State::FallingBehind) << "falling behind";
        QTest::newRow("idle") << int(State::Idle) << "idle";
        QTest::newRow("unknown") << int(State::Unknown) << "unknown";
    }

    void eachStateInWords()
    {
        QFETCH(int, state);
        QFETCH(QString, word);
        HopStrip strip;
        strip.setStages({stage("replica", "replica-1", State(state), 2.5, 1000)});
        QCOMPARE(strip.cards().size(), 1);
        const gui::HopCard* card = strip.cards().first();
        QCOMPARE(card->text().state, word);
        QVERIFY2(card->accessibleName().contains(QStringLiteral("replica-1: ") + word),
                 qPrintable(card->accessibleName()));
        QCOMPARE(card->accessibleDescription(), QStringLiteral("evidence of replica-1"));
        QVERIFY(card->toolTip().contains(QStringLiteral("evidence of replica-1")));
        QVERIFY(card->focusPolicy() & Qt::TabFocus);
    }

    void statesDifferWithoutColour()
    {
        // The shapes alone, as a black and white printer would show them.
        QList<QImage> shapes;
        for (const State state :
             {State::Current, State::Behind, State::FallingBehind, State::Idle, State::Unknown}) {
            QImage image(16, 16, QImage::Format_ARGB32_Premultiplied);
            image.fill(Qt::white);
            {
                QPainter painter(&image);
                gui::paintHopState(&painter, QRect(2, 2, 12, 12), state);
            }
            QImage covered(16, 16, QImage::Format_Grayscale8);
            int ink = 0;
            for (int y = 0; y < 16; ++y) {
                for (int x = 0; x < 16; ++x) {
                    const bool dark = qGray(image.pixel(x, y)) < 220;
                    ink += int(dark);
                    covered.setPixel(x, y, dark ? qRgb(0, 0, 0) : qRgb(255, 255, 255));
                }
            }
            QVERIFY(ink > 10);
            for (const QImage& other : std::as_const(shapes))
                QVERIFY(covered != other);
            shapes << covered;
        }
    }

    void unknownShowsNoNumber()
    {
        // Even where somebody left numbers in it.
        const gui::HopText text = gui::hopText(stage("replica", "replica", State::Unknown, 0.0, 0));
        QCOMPARE(text.lag, QStringLiteral("–"));
        QVERIFY(!hasDigit(text.detail));
        QVERIFY2(!hasDigit(text.spoken), qPrintable(text.spoken));
        // Behind for certain, by how much time is not known: the bytes are.
        const gui::HopText slot = gui::hopText(stage("slot", "feed", State::Behind, {}, 2'000'000));
        QCOMPARE(slot.lag, QStringLiteral("–"));
        QCOMPARE(slot.detail, QStringLiteral("2.0 MB unconfirmed"));
    }

    void neverABareZero()
    {
        const gui::HopText text = gui::hopText(stage("staging", "primary", State::Idle, 0.0, 0));
        QCOMPARE(text.lag, QStringLiteral("< 0.1 s"));
        QCOMPARE(text.detail, QStringLiteral("no rows waiting"));
        QCOMPARE(text.state, QStringLiteral("idle"));
        QCOMPARE(gui::hopText(stage("staging", "primary", State::Behind, 2, 1)).detail,
                 QStringLiteral("1 row waiting"));
        QCOMPARE(gui::hopText(stage("replica", "r", State::Current, 0.4, 0)).detail,
                 QStringLiteral("all replayed"));
        QCOMPARE(gui::hopText(stage("replica", "r", State::Current, 0.4, 0)).lag, QStringLiteral("0.4 s"));
    }

    void aNameIsNotSaidTwice()
    {
        QCOMPARE(gui::hopText(stage("warehouse", "warehouse", State::Current, 1)).node, QString());
        QCOMPARE(gui::hopText(stage("warehouse", "redshift", State::Current, 1)).node,
                 QStringLiteral("redshift"));
    }

    void sixCardsFitANarrowWindow()
    {
        HopStrip strip;
        strip.setStages(oneOfEach());
        const int width = 1280 - gui::metrics::railWidth - 2 * gui::metrics::normal;
        strip.resize(width, strip.heightForWidth(width));
        strip.show();
        test::shoot(&strip, QStringLiteral("pipeline-hops"));
        QCOMPARE(strip.height(), gui::HopCard::heightWanted());
        int right = -1;
        const auto cards = strip.cards();
        QCOMPARE(cards.size(), 6);
        for (const gui::HopCard* card : cards) {
            QVERIFY(card->isVisible());
            QVERIFY(card->x() > right);
            QVERIFY(card->width() >= gui::HopCard::narrowest);
            right = card->geometry().right();
        }
        QVERIFY(right < width);
        // Half as wide they take two rows, all inside.
        strip.resize(width / 2, strip.heightForWidth(width / 2));
        QVERIFY(strip.height() > gui::HopCard::heightWanted());
        for (const gui::HopCard* card : cards)
            QVERIFY(strip.rect().contains(card->geometry()));
    }

    void cardsAreKeptAndArrowsMove()
    {
        HopStrip strip;
        strip.setStages(oneOfEach());
        strip.resize(1180, strip.heightForWidth(1180));
        strip.show();
        gui::HopCard* first = strip.cards().first();
        first->setFocus();
        strip.setStages(oneOfEach());
        QCOMPARE(strip.cards().first(), first);
        QVERIFY(QTest::qWaitForWindowActive(&strip));
        QTRY_VERIFY(first->hasFocus());
        QTest::keyClick(first, Qt::Key_Right);
        QVERIFY(strip.cards().at(1)->hasFocus());
        QTest::keyClick(strip.cards().at(1), Qt::Key_Left);
        QVERIFY(first->hasFocus());
        strip.setStages(oneOfEach().mid(0, 2));
        QCOMPARE(strip.cards().size(), 2);
        strip.clear();
        QVERIFY(strip.cards().isEmpty());
    }

    void routesAsATable()
    {
        using db::EndpointRole;
        using routing::Intent;
        RouteModel model;
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        const QList<routing::Route> routes{
            route(Intent::Critical, "primary", EndpointRole::Primary, 0, 1, true),
            route(Intent::Dashboard, "replica-1", EndpointRole::Replica, 7, 5, false),
            route(Intent::Reporting, "warehouse", EndpointRole::Warehouse, {}, 300, false),
            route(Intent::Historical, "warehouse", EndpointRole::Warehouse, 0.01, {}, true),
            route(Intent::Compliance, "", EndpointRole::Warehouse, {}, {}, false)};
        model.setRoutes(routes);
        const auto row = [&](int number) {
            QStringList all;
            for (int column = 0; column < RouteModel::ColumnCount; ++column)
                all << model.index(number, column).data().toString();
            return all.join(QLatin1Char('|'));
        };
        QCOMPARE(row(0), QStringLiteral("critical|< 1 s|primary|live|met"));
        QCOMPARE(row(1), QStringLiteral("dashboard|< 5 s|replica-1|7.0 s|not met"));
        QCOMPARE(row(2), QStringLiteral("reporting|< 5 min|warehouse|unknown|not met"));
        QCOMPARE(row(3), QStringLiteral("historical|best effort|warehouse|< 0.1 s|best effort"));
        QCOMPARE(row(4), QStringLiteral("compliance|best effort|–|–|nowhere"));
        const QString tip = model.index(1, RouteModel::Verdict).data(Qt::ToolTipRole).toString();
        QVERIFY2(tip.contains(QStringLiteral("Because.")), qPrintable(tip));
        // A copy that is current is not "0.0 s old".
        QVERIFY(RouteModel::reasonText(routes.at(3))
                    .startsWith(QStringLiteral("warehouse, < 0.1 s old; best effort")));
        QVERIFY2(tip.contains(QStringLiteral("&lt;14 s&gt;")), qPrintable(tip));
        for (int i = 0; i < model.rowCount(); ++i)
            QVERIFY(!model.index(i, RouteModel::Verdict).data(Qt::DecorationRole).value<QIcon>().isNull());
        // The same kinds of query again: no reset, so that a selection stays.
        QSignalSpy resets(&model, &QAbstractItemModel::modelReset);
        QSignalSpy changes(&model, &QAbstractItemModel::dataChanged);
        model.setRoutes(routes);
        QCOMPARE(resets.count(), 0);
        QCOMPARE(changes.count(), 1);
        model.setRoutes({});
        QCOMPARE(model.rowCount(), 0);
        QCOMPARE(resets.count(), 1);
    }

    void smallTenantsAreSummedUp()
    {
        pipeline::History history;
        for (int tenant = 1; tenant <= 5; ++tenant)
            history.rates.push_back(rate(tenant, tenant == 2 ? 100 : tenant));
        QCOMPARE(gui::latestRate(history), std::optional<double>(2 * (1 + 100 + 3 + 4 + 5)));
        const auto all = gui::rateSeries(history, 3);
        QCOMPARE(all.size(), std::size_t(4));
        QCOMPARE(all[0].name, QStringLiteral("tenant 2"));
        QCOMPARE(all[1].name, QStringLiteral("tenant 4"));
        QCOMPARE(all[2].name, QStringLiteral("tenant 5"));
        QCOMPARE(all[3].name, QStringLiteral("2 others"));
        QCOMPARE(all[3].values, (std::vector<double>{4, 8}));
        QVERIFY(!gui::latestRate(pipeline::History()));
    }

    void stagesInTheirOrderAndTheirBudget()
    {
        pipeline::History history;
        const double nothing = std::numeric_limits<double>::quiet_NaN();
        for (const auto& [name, node] :
             std::initializer_list<std::pair<const char*, const char*>>{{"commit", "primary"},
                                                                        {"replica", "replica-1"},
                                                                        {"slot", "feed"},
                                                                        {"staging", "primary"},
                                                                        {"warehouse", "warehouse"}})
            history.lags.push_back(
                {QString::fromLatin1(name), QString::fromLatin1(node), {1, 2, 3}, {20, nothing, 0.5}});
        const auto all = gui::lagSeries(history);
        QStringList names;
        for (const auto& series : all)
            names << series.name;
        QCOMPARE(names, (QStringList{QStringLiteral("staging"), QStringLiteral("replica-1"),
                                     QStringLiteral("slot feed"), QStringLiteral("warehouse")}));
        QVERIFY(std::isnan(all[0].values[1])); // a gap stays a gap
        const auto worst = gui::worstLags(all);
        QCOMPARE(worst.size(), all.size());
        QVERIFY((worst[1] == gui::WorstLag{QStringLiteral("replica-1"), 20.0, 1.0}));
        gui::ChartSeries silent;
        silent.at = {1};
        silent.values = {nothing};
        QVERIFY(!gui::worstLags({silent}).front().seconds);
        const auto budgets = gui::lagBudgets(10, all);
        QCOMPARE(budgets.size(), 1);
        QCOMPARE(budgets.first().label, QStringLiteral("operational 10 s"));
        QCOMPARE(budgets.first().series,
                 (QStringList{QStringLiteral("staging/primary"), QStringLiteral("replica/replica-1")}));
        QVERIFY(gui::lagBudgets({}, all).isEmpty());
        QVERIFY(gui::lagBudgets(10, {}).isEmpty());
    }

    void stateIsRestoredWithoutRunningAnything()
    {
        gui::PipelineWorkspace page;
        page.setContext(std::make_shared<gui::AppContext>());
        QCOMPARE(page.window(), std::chrono::seconds(900));
        page.restoreState({{QStringLiteral("window"), 21600}, {QStringLiteral("log"), true}});
        QCOMPARE(page.window(), std::chrono::seconds(21600));
        QCOMPARE(page.lagChart()->scale(), gui::TimeSeriesChart::Scale::Logarithmic);
        QCOMPARE(page.saveState().value(QStringLiteral("window")).toInt(), 21600);
        QVERIFY(page.saveState().value(QStringLiteral("log")).toBool());
        page.setPaused(true);
        QVERIFY(page.isPaused());
        page.setWindow(std::chrono::seconds(300));
        QVERIFY(!page.isPaused()); // another window is looked at live
        QVERIFY(page.isSettled()); // nothing can be asked for without an environment
        QVERIFY(page.shownError().isEmpty());
        QStringList ids;
        for (const gui::Command& command : page.commands())
            ids << command.id;
        QVERIFY(ids.contains(QStringLiteral("pipeline.pause")));
        QCOMPARE(ids.filter(QStringLiteral("pipeline.window.")).size(), 4);
        QCOMPARE(ids.filter(QStringLiteral("pipeline.export.")).size(), 8);
    }

    void pollingIsSlowerForLongWindows()
    {
        using gui::PipelineWorkspace;
        using namespace std::chrono_literals;
        QCOMPARE(PipelineWorkspace::pollInterval(5min), 2000ms);
        QCOMPARE(PipelineWorkspace::pollInterval(15min), 5000ms);
        QCOMPARE(PipelineWorkspace::pollInterval(1h), 5000ms);
        QCOMPARE(PipelineWorkspace::pollInterval(24h), 15000ms);
    }

    void aRealPipeline()
    {
        if (m_found == test::TestCluster::Found::NotAsked)
            QSKIP(qPrintable(m_why));
        QVERIFY2(m_found == test::TestCluster::Found::Yes, qPrintable(m_why));
        const auto environment = Environment::fromFile(
            QDir(m_cluster.stateDirectory()).filePath(QStringLiteral("environment.json")));
        QVERIFY2(environment, "environment.json cannot be used");

        auto context = std::make_shared<gui::AppContext>();
        gui::PipelineWorkspace page;
        page.setContext(context);
        context->setEnvironment(*environment);
        page.resize(1204, 720);
        page.show();
        int reads = 0;
        connect(context->client(), &db::Client::statementStarted, &page,
                [&](const db::StatementRecord& record) {
                    reads += int(record.statement.name == QLatin1String("pipeline.lag") &&
                                 record.state == db::StatementRecord::State::Running);
                });
        page.setWindow(std::chrono::minutes(5));
        page.activate();
        QVERIFY(!page.isSettled());
        QTRY_VERIFY_WITH_TIMEOUT(page.isSettled(), 20'000);
        QVERIFY2(page.shownError().isEmpty(), qPrintable(page.shownError()));
        QVERIFY(page.hops()->cards().size() >= 2 + m_cluster.replicas().size());
        QCOMPARE(page.hops()->cards().first()->stage().stage, QStringLiteral("commit"));
        QCOMPARE(page.routeTable()->routeModel()->rowCount(), int(routing::allIntents().size()));
        QVERIFY(!page.provenance().endpoint.isEmpty());
        test::shoot(&page, QStringLiteral("pipeline-live"));
        // Polls while it is shown, not afterwards.
        QTRY_VERIFY_WITH_TIMEOUT(reads >= 2, 10'000);
        page.deactivate();
        const int before = reads;
        QTest::qWait(2600);
        QCOMPARE(reads, before);
    }

private:
    test::TestCluster m_cluster;
    test::TestCluster::Found m_found = test::TestCluster::Found::NotAsked;
    QString m_why;
    std::unique_ptr<test::GuiSandbox> m_sandbox;
};

QTEST_MAIN(TestPipeline)
#include "tst_pipeline.moc"
