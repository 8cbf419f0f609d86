// SPDX-License-Identifier: GPL-3.0-or-later
// The Assets workspace on a real cluster: from the click to the rows, and everything out again as it went in.
#include <QFile>
#include <QHeaderView>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLabel>
#include <QListView>
#include <QMenu>
#include <QSignalSpy>
#include <QTableWidget>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>
#include <QTreeView>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <limits>

#include <sys/resource.h>

#include "gui/app/appcontext.h"
#include "gui/assets/assetpanel.h"
#include "gui/assets/assetsworkspace.h"
#include "gui/assets/assetvaluesmodel.h"
#include "gui/assets/attributebrowser.h"
#include "gui/assets/attributelistmodel.h"
#include "gui/assets/explaindialog.h"
#include "gui/assets/filterbuilder.h"
#include "gui/assets/filtertextedit.h"
#include "gui/assets/groupbox.h"
#include "gui/assets/histogram.h"
#include "gui/assets/histogrampanel.h"
#include "gui/assets/resultsmodel.h"
#include "gui/assets/resultspane.h"
#include "gui/assets/resultsview.h"
#include "gui/assets/topvalues.h"
#include "gui/assets/topvaluespopup.h"
#include "gui/charts/timeserieschart.h"
#include "gui/palette/paletteprovider.h"
#include "gui/support/watchdog.h"
#include "gui/widgets/messagestrip.h"
#include "model/environment/environment.h"
#include "model/filter/parser.h"
#include "model/filter/printer.h"
#include "tests/gui/guitest.h"
#include "tests/support/csv.h"
#include "tests/support/nastystrings.h"
#include "tests/support/platform.h"

using namespace atlas;
using namespace atlas::gui;

namespace {
constexpr int assetCount = 1200;
constexpr int observationCount = 25'000;
constexpr int peakAt = 100; // among the oldest

QByteArray jsonLine(const QString& id, const QString& name, const QJsonObject& attributes,
                    const QString& observedAt = QStringLiteral("2026-05-04T03:02:01Z"))
{
    QJsonObject object{{QStringLiteral("id"), id},
                       {QStringLiteral("type"), QStringLiteral("pump")},
                       {QStringLiteral("name"), name},
                       {QStringLiteral("observed_at"), observedAt},
                       {QStringLiteral("attributes"), attributes}};
    return QJsonDocument(object).toJson(QJsonDocument::Compact) + '\n';
}

QByteArray pumps()
{
    QByteArray lines;
    for (int i = 0; i < assetCount; ++i) {
        QJsonObject attributes{
            {QStringLiteral("status"), i % 3 ? QStringLiteral("on") : QStringLiteral("off")},
            {QStringLiteral("pressure"), i / 10.0}};
        if (i >= 500 && i < 1000)
            attributes.insert(QStringLiteral("flow"), i == 507 ? 1e12 : i == 511 ? -1e9 : 10 + i / 50.0);
        if (i % 4 == 0)
            attributes.insert(QStringLiteral("alarm"), i % 8 == 0);
        lines += jsonLine(QStringLiteral("P-%1").arg(i), QStringLiteral("Pump %1").arg(i), attributes);
    }
    return lines;
}

QDateTime momentOf(const QDateTime& until, int observation)
{
    return until.addMSecs(qint64(observation - observationCount) * 3200); // 22 hours in all
}

/// One asset, observed again and again: its level is about 20 but for one peak, its step is another one with
/// every 25th observation.
QByteArray observations(const QString& id, const QDateTime& until)
{
    QByteArray lines;
    for (int i = 0; i < observationCount; ++i)
        lines += jsonLine(id, id,
                          {{QStringLiteral("level"), i == peakAt ? 999 : 20 + i % 5},
                           {QStringLiteral("step"), QStringLiteral("step %1").arg(i / 25)}},
                          momentOf(until, i).toString(Qt::ISODateWithMs));
    return lines;
}
} // namespace

class TestAssets : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        test::TestCluster cluster;
        ATLAS_REQUIRE_CLUSTER(cluster);
        QCOMPARE(m_platform.prepare(cluster), QString());
        m_sandbox = std::make_unique<test::GuiSandbox>();
        m_tenant = test::Platform::freshName(QStringLiteral("assets"));
        QCOMPARE(m_platform.import(m_tenant, pumps()), QString());
        QVERIFY(m_platform.waitForEveryNode());
        const auto environment = Environment::fromFile(
            QDir(cluster.stateDirectory()).filePath(QStringLiteral("environment.json")));
        QVERIFY2(environment.ok(), environment.ok() ? "" : qPrintable(environment.error().message));
        m_context = std::make_shared<AppContext>();
        m_context->setWantedTenant(m_tenant);
        m_context->setEnvironment(*environment);
        QVERIFY(waitFor([this] { return m_context->tenant().name == m_tenant; }));
        m_workspace = std::make_unique<AssetsWorkspace>();
        m_workspace->setContext(m_context);
        m_workspace->restoreState({});
        m_workspace->resize(1200, 720);
        m_workspace->show();
        m_workspace->activate();
        QVERIFY2(settled(), qPrintable(m_workspace->shownError()));
    }
    void cleanupTestCase() { m_workspace.reset(); }
    void init()
    {
        if (!m_workspace)
            QSKIP("no cluster");
        m_workspace->document()->apply({}, QStringLiteral("test"));
        QVERIFY(settled());
    }

    void showsEverythingAtFirst()
    {
        QCOMPARE(m_workspace->attributes()->model()->total(), 4);
        QCOMPARE(m_workspace->results()->rowCount(), assetCount);
        QCOMPARE(m_workspace->results()->index(0, 0).data().toString(), QStringLiteral("P-0"));
        QVERIFY(m_workspace->filterPane()->summaryShown().contains(QLocale().toString(assetCount)));
        QVERIFY(!m_workspace->provenance().endpoint.isEmpty());
        QCOMPARE(m_workspace->shownError(), QString());
    }
    void countsExactly()
    {
        QVERIFY(m_workspace->setFilterText(
            QStringLiteral("status = \"off\" and pressure < 100 and not alarm = true")));
        QVERIFY(settled());
        int expected = 0;
        for (int i = 0; i < assetCount; ++i)
            expected += i % 3 == 0 && i / 10.0 < 100 && i % 8 != 0;
        QCOMPARE(m_workspace->filterPane()->summary().counted, std::optional<qint64>(expected));
        QCOMPARE(m_workspace->results()->rowCount(), expected);
        // Rows to the last one, by key.
        m_workspace->results()->goToEnd();
        QVERIFY(settled());
        const QModelIndex last = m_workspace->results()->index(expected - 1, 0);
        QTRY_VERIFY(last.data().isValid());
        QSet<QString> ids;
        for (int row = 0; row < expected; row += 50) {
            m_workspace->results()->setWindow(row, row + 50);
            QVERIFY(settled());
            for (int r = row; r < std::min(expected, row + 50); ++r)
                ids.insert(m_workspace->results()->index(r, 0).data().toString());
        }
        QCOMPARE(ids.size(), expected);
    }
    void switchingAClauseOffWidensTheResult()
    {
        QVERIFY(m_workspace->setFilterText(QStringLiteral("status = \"off\" and pressure between 0 and 1")));
        QVERIFY(settled());
        QCOMPARE(m_workspace->results()->rowCount(), 4);
        auto* chip = m_workspace->filterPane()->builder()->rootGroup()->members().first();
        chip->setFocus();
        QTest::keyClick(chip, Qt::Key_Space);
        QVERIFY(settled());
        QCOMPARE(m_workspace->results()->rowCount(), 11);
        m_workspace->document()->undoStack()->undo();
        QVERIFY(settled());
        QCOMPARE(m_workspace->results()->rowCount(), 4);
    }
    void nothingFoundSaysSo()
    {
        QVERIFY(m_workspace->setFilterText(QStringLiteral("status = \"exploded\"")));
        QVERIFY(settled());
        QVERIFY(!m_workspace->resultsPane()->showsRows());
        QCOMPARE(m_workspace->shownError(), QString());
        Q_EMIT m_workspace->resultsPane()->emptyAction();
        QVERIFY(settled());
        QVERIFY(m_workspace->resultsPane()->showsRows());
    }
    void opensAssets()
    {
        QVERIFY(m_workspace->setFilterText(QStringLiteral("entity.id = \"P-8\"")));
        QVERIFY(settled());
        m_workspace->resultsPane()->view()->setCurrentIndex(m_workspace->results()->index(0, 0));
        QVERIFY(settled());
        QVERIFY(m_workspace->assetPanel()->asset().has_value());
        QCOMPARE(m_workspace->assetPanel()->asset()->externalId, QStringLiteral("P-8"));
        QCOMPARE(m_workspace->assetPanel()->model()->rowCount(), 3);
        // By its id, as from the palette.
        for (PaletteProvider* provider : m_workspace->paletteProviders()) {
            if (!provider->itemsFor(QStringLiteral("P-1011")).isEmpty())
                provider->activate(0, QStringLiteral("P-1011"));
        }
        QVERIFY(settled());
        QCOMPARE(m_workspace->assetPanel()->asset()->externalId, QStringLiteral("P-1011"));
    }
    void anAssetThatCannotBeReadLeavesNoOtherBehind()
    {
        QVERIFY(m_workspace->setFilterText(QStringLiteral("entity.id = \"P-8\"")));
        QVERIFY(settled());
        AssetPanel* panel = m_workspace->assetPanel();
        const qint64 there = m_workspace->results()->row(0)->entityId;
        panel->showEntity(there);
        QVERIFY(settled());
        QCOMPARE(panel->asset()->externalId, QStringLiteral("P-8"));
        panel->showEntity(std::numeric_limits<qint64>::max());
        QVERIFY(settled());
        QVERIFY(!panel->asset());
        QCOMPARE(panel->model()->rowCount(), 0);
        panel->showEntity(there);
        QVERIFY(settled());
        QCOMPARE(panel->asset()->externalId, QStringLiteral("P-8"));
        QCOMPARE(panel->model()->rowCount(), 3);
    }
    void anotherFilterLeavesTheAssetAsItIs()
    {
        QVERIFY(m_workspace->setFilterText(QStringLiteral("entity.id = \"P-9\"")));
        QVERIFY(settled());
        m_workspace->resultsPane()->view()->setCurrentIndex(m_workspace->results()->index(0, 0));
        QVERIFY(settled());
        QCOMPARE(m_workspace->assetPanel()->asset()->externalId, QStringLiteral("P-9"));
        const QSignalSpy refilled(m_workspace->assetPanel()->model(), &QAbstractItemModel::modelReset);
        QVERIFY(m_workspace->setFilterText(QStringLiteral("status = \"off\"")));
        QVERIFY(settled());
        QCOMPARE(m_workspace->assetPanel()->asset()->externalId, QStringLiteral("P-9"));
        QCOMPARE(refilled.count(), 0);
    }
    void addedColumnsShowValues()
    {
        const AttributeCatalog catalog = m_workspace->results()->catalog();
        m_workspace->results()->setColumns({});
        const int alarm = catalog.findName(QStringLiteral("alarm"))->id;
        m_workspace->results()->addColumn(alarm);
        QVERIFY(settled());
        const int column = m_workspace->results()->columnOf(alarm);
        QTRY_COMPARE(m_workspace->results()->index(0, column).data().toString(), QStringLiteral("true"));
        // Rows come in the order of arrival, which import does not promise: P-4 is where it is.
        const ResultsModel* results = m_workspace->results();
        for (int row = 0; row < 200; ++row) {
            const int number = results->index(row, 0).data().toString().mid(2).toInt();
            const QString expected = number % 4   ? QString()
                                     : number % 8 ? QStringLiteral("false")
                                                  : QStringLiteral("true");
            QCOMPARE(results->index(row, column).data().toString(), expected);
        }
    }
    void sortsTheWholeResult_data()
    {
        QTest::addColumn<QString>("by");
        QTest::addColumn<bool>("descending");
        for (const char* by : {"pressure", "status", "alarm", "id", "name", "type"}) {
            QTest::addRow("%s", by) << QString::fromLatin1(by) << false;
            QTest::addRow("%s, descending", by) << QString::fromLatin1(by) << true;
        }
    }
    /// Numbers, texts with many ties, what three of four lack, and the fields; none of it is hot.
    void sortsTheWholeResult()
    {
        QFETCH(QString, by);
        QFETCH(bool, descending);
        ResultsModel* results = m_workspace->results();
        showColumns({QStringLiteral("status"), QStringLiteral("pressure"), QStringLiteral("alarm")});
        results->setSort(filter::Sort{subjectOf(by), descending});
        QVERIFY(settled());
        QCOMPARE(m_workspace->shownError(), QString());
        QCOMPARE(m_workspace->filterPane()->summary().counted, std::optional<qint64>(assetCount));
        const QString order = m_workspace->resultsPane()->orderShown();
        QVERIFY2(order.contains(by) && order.contains(QStringLiteral("descending")) == descending,
                 qPrintable(order));
        const QList<Pump> found = everyRow();
        QCOMPARE(found.size(), assetCount);
        QSet<QString> ids;
        for (int i = 0; i < assetCount; ++i) {
            ids.insert(found.at(i).id);
            if (i > 0 && !comesBefore(found.at(i - 1), found.at(i), by, descending))
                QFAIL(qPrintable(
                    QStringLiteral("row %1: %2 after %3").arg(i).arg(found.at(i).id, found.at(i - 1).id)));
        }
        QCOMPARE(ids.size(), assetCount);
        // The file is in the order of the table.
        QStringList written;
        for (const test::CsvRow& row : test::csvRows(exported(exporting::RowFormat::Csv)))
            written.append(QString::fromUtf8(row.first().value_or(QByteArray())));
        QStringList shown{written.value(0)}; // the header
        for (const Pump& pump : found)
            shown.append(pump.id);
        QCOMPARE(written, shown);
        results->setSort(std::nullopt);
        QVERIFY(settled());
    }
    void aSortIsKeptWithTheFilterAndGoesWithItsColumn()
    {
        ResultsModel* results = m_workspace->results();
        showColumns({QStringLiteral("status"), QStringLiteral("pressure")});
        const filter::Sort sort{subjectOf(QStringLiteral("pressure")), true};
        results->setSort(sort);
        QVERIFY(settled());
        QCOMPARE(results->row(0)->externalId, QStringLiteral("P-%1").arg(assetCount - 1));
        QVERIFY(m_workspace->setFilterText(QStringLiteral("pressure < 50 and status = \"off\"")));
        QVERIFY(settled());
        QCOMPARE(results->sort(), std::optional(sort));
        QCOMPARE(results->row(0)->externalId, QStringLiteral("P-498"));
        QCOMPARE(results->row(1)->externalId, QStringLiteral("P-495"));
        // What ran says so: here, and in the list of statements.
        QVERIFY2(m_workspace->filterPane()->summary().note.contains(QStringLiteral("pressure, descending")),
                 qPrintable(m_workspace->filterPane()->summary().note));
        // The next start has it again.
        AssetsWorkspace again;
        again.setContext(m_context);
        again.restoreState(m_workspace->saveState());
        again.resize(1000, 600);
        again.show();
        again.activate();
        QVERIFY(waitFor([&again] { return again.isSettled() && again.results()->isLoaded(); }));
        QCOMPARE(again.results()->sort(), std::optional(sort));
        QCOMPARE(again.results()->row(0)->externalId, QStringLiteral("P-498"));
        again.hide();
        // Without its column there is no sort, now and then.
        Q_EMIT m_workspace->resultsPane()->view()->columnRemoved(
            results->catalog().findName(QStringLiteral("pressure"))->id);
        QVERIFY(settled());
        QVERIFY(!results->sort());
        QCOMPARE(m_workspace->resultsPane()->orderShown(), QString());
        QVERIFY(results->row(0)->entityId < results->row(1)->entityId);
        AssetsWorkspace third;
        third.setContext(m_context);
        third.restoreState(m_workspace->saveState());
        third.activate();
        QVERIFY(waitFor([&third] { return third.isSettled() && third.results()->isLoaded(); }));
        QVERIFY(!third.results()->sort());
    }
    void theLastOfManySortsWins()
    {
        ResultsModel* results = m_workspace->results();
        showColumns({QStringLiteral("status"), QStringLiteral("pressure")});
        const filter::Subject pressure = subjectOf(QStringLiteral("pressure"));
        // Also one that comes while a further page is on its way.
        results->setWindow(150, 260);
        results->setSort(filter::Sort{pressure, false});
        results->setSort(filter::Sort{subjectOf(QStringLiteral("status")), false});
        results->setSort(filter::Sort{pressure, true});
        QVERIFY(settled());
        const QList<Pump> found = everyRow();
        QCOMPARE(found.size(), assetCount);
        for (int i = 0; i < assetCount; ++i)
            QCOMPARE(found.at(i).number, assetCount - 1 - i);
        results->setSort(std::nullopt);
        QVERIFY(settled());
    }
    void sortsByKeysAlone()
    {
        showColumns({QStringLiteral("status"), QStringLiteral("pressure")});
        ResultsView* view = m_workspace->resultsPane()->view();
        const ResultsModel* results = m_workspace->results();
        view->setFocus();
        const int column = results->columnOf(results->catalog().findName(QStringLiteral("pressure"))->id);
        view->setCurrentIndex(results->index(5, column));
        QVERIFY(settled());
        const QString asset = m_workspace->assetPanel()->asset()->externalId;
        const auto press = [this, view] {
            QTest::keyClick(view, Qt::Key_S, Qt::ControlModifier | Qt::ShiftModifier);
            return settled();
        };
        QVERIFY(press());
        QCOMPARE(results->row(0)->externalId, QStringLiteral("P-0"));
        QCOMPARE(view->currentIndex().column(), column);
        QVERIFY(press());
        QCOMPARE(results->row(0)->externalId, QStringLiteral("P-%1").arg(assetCount - 1));
        QCOMPARE(view->currentIndex().column(), column);
        QCOMPARE(m_workspace->assetPanel()->asset()->externalId, asset);
        shootBothThemes(QStringLiteral("sorted"));
        QTest::keyClick(view, Qt::Key_Home, Qt::ControlModifier);
        QTest::keyClick(view, Qt::Key_Down);
        QVERIFY(settled());
        QCOMPARE(m_workspace->assetPanel()->asset()->externalId, QStringLiteral("P-%1").arg(assetCount - 2));
        QVERIFY(press());
        QVERIFY(!results->sort());
        QVERIFY(results->row(0)->entityId < results->row(1)->entityId);
    }
    void theMostCommonValuesWithinTheFilter()
    {
        showColumns({QStringLiteral("status"), QStringLiteral("alarm"), QStringLiteral("pressure")});
        QVERIFY(m_workspace->setFilterText(QStringLiteral("pressure < 60 and exists(alarm)")));
        QVERIFY(settled());
        const AttributeCatalog catalog = m_workspace->results()->catalog();
        const auto open = [this, &catalog](const QString& name) {
            Q_EMIT m_workspace->resultsPane()->view()->topValuesWanted(catalog.findName(name)->id,
                                                                       {300, 200});
            return QPointer(m_workspace->findChild<TopValuesPopup*>());
        };
        QMap<QString, int> expected;
        for (int i = 0; i < 600; i += 4)
            ++expected[i % 3 ? QStringLiteral("on") : QStringLiteral("off")];
        QPointer<TopValuesPopup> popup = open(QStringLiteral("status"));
        QVERIFY(popup);
        QVERIFY(waitFor([popup] { return !popup->isCounting(); }));
        const QAbstractItemModel* values = popup->list()->model();
        QCOMPARE(values->rowCount(), 2);
        QCOMPARE(values->index(0, 0).data().toString(), QStringLiteral("on"));
        QCOMPARE(values->index(0, 0).data(TopValuesModel::CountRole).toInt(), expected[QStringLiteral("on")]);
        QCOMPARE(values->index(1, 0).data(TopValuesModel::CountRole).toInt(),
                 expected[QStringLiteral("off")]);
        shootBothThemes(QStringLiteral("top"), popup);
        QTest::keyClick(popup->list(), Qt::Key_Down);
        QTest::keyClick(popup->list(), Qt::Key_Return);
        QTRY_VERIFY(!popup);
        QVERIFY(settled());
        QCOMPARE(filter::print(m_workspace->document()->expression()),
                 QStringLiteral("pressure < 60 and exists(alarm) and status = \"off\""));
        QCOMPARE(m_workspace->results()->rowCount(), expected[QStringLiteral("off")]);
        // Alt leaves out; numbers, of which there are more than are shown.
        popup = open(QStringLiteral("alarm"));
        QVERIFY(waitFor([popup] { return !popup->isCounting(); }));
        QTest::keyClick(popup->list(), Qt::Key_Return, Qt::AltModifier);
        QTRY_VERIFY(!popup);
        QVERIFY(filter::print(m_workspace->document()->expression()).contains(QStringLiteral("alarm != ")));
        QVERIFY(settled());
        popup = open(QStringLiteral("pressure"));
        QVERIFY(waitFor([popup] { return !popup->isCounting(); }));
        QCOMPARE(popup->list()->model()->rowCount(), int(TopValuesPopup::mostValues));
        popup->close();
        // Another tenant takes it along, also while it counts.
        QTRY_VERIFY(!popup);
        popup = open(QStringLiteral("status"));
        QVERIFY(popup->isCounting());
        const Tenant here = m_context->tenant();
        m_context->setTenant({});
        QVERIFY(!popup);
        m_context->setTenant(here);
        QVERIFY(settled());
        QVERIFY(waitFor([this] { return m_workspace->results()->isLoaded(); }));
    }
    void valuesAreSpreadWithinTheFilter()
    {
        AttributeBrowser* attributes = m_workspace->attributes();
        HistogramPanel* spread = attributes->spread();
        const auto count = [&] {
            QTest::mouseClick(spread->countButton(), Qt::LeftButton);
            return spread->isCounting() && settled();
        };
        // Two values far out, one a thousand times as far as the other: the others are looked at by
        // themselves.
        QVERIFY(m_workspace->setFilterText(QStringLiteral("exists(flow)")));
        QVERIFY(settled());
        attributes->select(m_workspace->results()->catalog().findName(QStringLiteral("flow"))->id);
        QVERIFY(settled());
        QVERIFY(count());
        QVERIFY2(spread->scopeShown().contains(QStringLiteral("500 ")), qPrintable(spread->scopeShown()));
        const HistogramBins closer = spread->histogram()->columns();
        QVERIFY2(closer.low >= 19.9 && closer.high <= 30.1,
                 qPrintable(QStringLiteral("%1 to %2").arg(closer.low).arg(closer.high)));
        QVERIFY(closer.shares.size() >= 24);
        QVERIFY(closer.clipped);
        QVERIFY2(spread->scopeShown().contains(QStringLiteral("2 far out")),
                 qPrintable(spread->scopeShown()));
        shootBothThemes(QStringLiteral("spread-closer"));
        QVERIFY(m_workspace->setFilterText(QStringLiteral("pressure between 30 and 60 and exists(alarm)")));
        QVERIFY(settled());
        attributes->select(m_workspace->results()->catalog().findName(QStringLiteral("pressure"))->id);
        QVERIFY(settled());
        QVERIFY(count());
        QVERIFY2(spread->scope() == HistogramPanel::Scope::Counted, qPrintable(spread->strip()->text()));
        // P-300 to P-600, every fourth.
        QVERIFY2(spread->scopeShown().contains(QStringLiteral("76 ")), qPrintable(spread->scopeShown()));
        QCOMPARE(spread->histogram()->columns().low, 30.0);
        QCOMPARE(spread->histogram()->columns().high, 60.0);
        double half = 0;
        const std::vector<double>& shares = spread->histogram()->columns().shares;
        for (size_t i = 0; i < shares.size() / 2; ++i)
            half += shares[i];
        QVERIFY2(std::abs(half - 0.5) < 0.02, qPrintable(QString::number(half)));
        shootBothThemes(QStringLiteral("spread"));
        // Another filter: it says so, and counts that one when asked to.
        QVERIFY(m_workspace->setFilterText(QStringLiteral("pressure < 10")));
        QVERIFY(settled());
        QCOMPARE(spread->scope(), HistogramPanel::Scope::Outdated);
        QVERIFY(count());
        QVERIFY2(spread->scopeShown().contains(QStringLiteral("100 ")), qPrintable(spread->scopeShown()));
        QVERIFY(spread->histogram()->columns().high < 10);
        // What waits for a lock is stopped by Esc, and nothing runs on. The test itself waits for servers.
        qApp->setProperty("atlasMayBlock", true);
        const auto mayNot = qScopeGuard([] { qApp->setProperty("atlasMayBlock", false); });
        auto owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
        QVERIFY(owner);
        std::vector<std::unique_ptr<db::BlockingSession>> nodes;
        for (const char* node : {"primary", "replica-1", "replica-2"}) {
            nodes.push_back(m_platform.open(QLatin1String(node), QStringLiteral("agent")));
            QVERIFY(nodes.back());
        }
        const auto sumOf = [&nodes](const char* text, const QList<db::Param>& params = {}) {
            qint64 sum = 0;
            for (const auto& node : nodes) {
                const auto rows = node->exec(test::sql(text, params));
                sum += rows ? rows->integer(0, 0).value_or(-100) : -100;
            }
            return sum;
        };
        const auto waiting = [&] {
            return sumOf("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and usename = "
                         "$1::text",
                         {db::param(m_platform.cluster().role(QStringLiteral("analyst")))});
        };
        QVERIFY(owner->exec(test::sql("begin")).ok());
        QVERIFY(owner->exec(test::sql("lock table atlas.attribute_values in access exclusive mode")).ok());
        // Its replicas hold a lock of the primary once another commit has carried it there.
        QVERIFY(nodes.front()->exec(test::sql("select atlas.note_attribute_writes()")).ok());
        QVERIFY(waitFor([&] {
            return sumOf("select count(*) from pg_locks where mode = 'AccessExclusiveLock' and granted and "
                         "relation = 'atlas.attribute_values'::regclass") == 3;
        }));
        QTest::mouseClick(spread->countButton(), Qt::LeftButton);
        QVERIFY(waitFor([&] { return waiting() > 0; }));
        QVERIFY(spread->isCounting());
        m_workspace->cancel();
        QVERIFY(!spread->isCounting());
        QTRY_COMPARE(waiting(), 0);
        QVERIFY(owner->exec(test::sql("rollback")).ok());
        QVERIFY(settled());
        QTest::mouseClick(spread->allButton(), Qt::LeftButton);
        QCOMPARE(spread->scope(), HistogramPanel::Scope::Measured);
    }
    /// Nobody has measured this tenant: what is expected is a guess, and not shown as nothing.
    void whatWasNeverMeasuredIsNotExpectedToBeAbsent()
    {
        QVERIFY(m_workspace->setFilterText(QStringLiteral("status = \"off\"")));
        QVERIFY(settled());
        // With its details, which are nothing.
        const AttributeCatalog catalog = m_workspace->results()->catalog();
        QVERIFY(catalog.detail(catalog.findName(QStringLiteral("status"))->id));
        const filter::Estimate guess =
            filter::estimate(m_workspace->document()->expression(), filter::StatsEstimator(catalog));
        QVERIFY(!guess.measured);
        QVERIFY(guess.entities > 1);
        QVERIFY(!filter::bounds(m_workspace->document()->expression(), catalog).measured);
        QVERIFY(!m_workspace->filterPane()->summaryShown().contains(QStringLiteral("≈")));
    }
    void explainsHowTheFilterWasAnswered()
    {
        QVERIFY(m_workspace->setFilterText(
            QStringLiteral("status = \"off\" and pressure < 60 and not exists(alarm)")));
        QVERIFY(settled());
        int whole = 0;
        for (int i = 0; i < 600; ++i)
            whole += i % 3 == 0 && i % 4 != 0;
        QTest::mouseClick(m_workspace->findChild<QToolButton*>(QStringLiteral("explainButton")),
                          Qt::LeftButton);
        QPointer<ExplainDialog> dialog = m_workspace->findChild<ExplainDialog*>();
        QVERIFY(dialog);
        QVERIFY(dialog->isCounting());
        QVERIFY(waitFor([dialog] { return !dialog->isCounting(); }));
        QVERIFY2(!dialog->strip()->isShowing(), qPrintable(dialog->strip()->text()));
        QVERIFY2(dialog->summaryShown().endsWith(QStringLiteral(" %1 found").arg(whole)),
                 qPrintable(dialog->summaryShown()));
        QMap<QString, QString> found;
        for (int row = 0; row < dialog->conditions()->rowCount(); ++row)
            found.insert(dialog->conditions()->item(row, 0)->text(),
                         dialog->conditions()->item(row, 4)->text());
        QCOMPARE(found.value(QStringLiteral("status = \"off\"")), QLocale().toString(assetCount / 3));
        QCOMPARE(found.value(QStringLiteral("pressure < 60")), QLocale().toString(600));
        QCOMPARE(found.size(), 3);
        QVERIFY(dialog->shapes()->rowCount() > 1);
        QVERIFY(dialog->text().contains(QStringLiteral("rejected")));
        shootBothThemes(QStringLiteral("explained"), dialog);
        // Another filter: it says that it is about the one before, and follows when asked to.
        QVERIFY(m_workspace->setFilterText(QStringLiteral("pressure < 10")));
        QVERIFY(settled());
        QVERIFY(dialog->strip()->isShowing());
        Q_EMIT dialog->strip()->retryRequested();
        QVERIFY(waitFor([dialog] { return !dialog->isCounting(); }));
        QVERIFY(dialog->summaryShown().endsWith(QStringLiteral(" 100 found")));
        QVERIFY(!dialog->strip()->isShowing());
        // By key, and away with the tenant.
        dialog->close();
        QTRY_VERIFY(!dialog);
        const QList<Command> commands = m_workspace->commands();
        const auto command = std::find_if(commands.begin(), commands.end(), [](const Command& each) {
            return each.id == QLatin1String("assets.explain");
        });
        QVERIFY(command != commands.end());
        command->run();
        dialog = m_workspace->findChild<ExplainDialog*>();
        QVERIFY(dialog);
        const Tenant here = m_context->tenant();
        m_context->setTenant({});
        QVERIFY(!dialog);
        QVERIFY(!m_workspace->findChild<QToolButton*>(QStringLiteral("explainButton"))->isEnabled());
        m_context->setTenant(here);
        QVERIFY(settled());
        QVERIFY(waitFor([this] { return m_workspace->results()->isLoaded(); }));
    }
    void stateComesBack()
    {
        QVERIFY(m_workspace->setFilterText(QStringLiteral("pressure > 50")));
        QVERIFY(settled());
        m_workspace->filterPane()->textEdit()->setFilterText(QStringLiteral("pressure > 50 and half"));
        const QVariantMap state = m_workspace->saveState();
        AssetsWorkspace again;
        again.setContext(m_context);
        again.restoreState(state);
        again.resize(1000, 600);
        again.show();
        again.activate();
        QVERIFY(waitFor([&again] { return again.isSettled(); }));
        QCOMPARE(filter::print(again.document()->expression()), QStringLiteral("pressure > 50"));
        QCOMPARE(again.filterPane()->textEdit()->filterText(), QStringLiteral("pressure > 50 and half"));
        QCOMPARE(again.results()->columns(), m_workspace->results()->columns());
        QCOMPARE(again.results()->rowCount(), m_workspace->results()->rowCount());
    }
    void whatIsTypedBeforeTheTenantIsThereIsKept()
    {
        m_workspace->filterPane()->setUnappliedText({});
        const Tenant here = m_context->tenant();
        FilterTextEdit* editor = m_workspace->filterPane()->textEdit();
        m_context->setTenant({});
        const QString first = QStringLiteral("pressure > 7 and half");
        editor->setFilterText(first);
        m_context->setTenant(here);
        QCOMPARE(editor->filterText(), first);
        // And away again before the attributes are there.
        const QString second = QStringLiteral("pressure > 8 and half");
        editor->setFilterText(second);
        m_context->setTenant({});
        QCOMPARE(editor->filterText(), QString());
        // What is typed now replaces nothing that waits.
        editor->setFilterText(QStringLiteral("pressure > 9 and half"));
        m_context->setTenant(here);
        QCOMPARE(editor->filterText(), second);
        QVERIFY(editor->history().contains(QStringLiteral("pressure > 9 and half")));
        QVERIFY(settled());
        m_workspace->filterPane()->setUnappliedText({});

        m_context->setTenant({});
        m_workspace->document()->apply(filter::parse(QStringLiteral("pressure < 1")).expression,
                                       QStringLiteral("test"));
        // The end of the program is no reason to lose it either.
        AssetsWorkspace again;
        again.restoreState(m_workspace->saveState());
        QCOMPARE(filter::print(again.document()->expression()), QStringLiteral("pressure < 1"));
        m_context->setTenant(here);
        QVERIFY(settled());
        QVERIFY(waitFor([this] { return m_workspace->results()->isLoaded(); }));
        QCOMPARE(filter::print(m_workspace->document()->expression()), QStringLiteral("pressure < 1"));
        QCOMPARE(m_workspace->results()->rowCount(), 10);
    }
    void whatIsShownGrowsOlder()
    {
        // How old a node is is known once all were looked at.
        QVERIFY(waitFor([this] { return m_workspace->provenance().ageSeconds.has_value(); }));
        QVERIFY(m_workspace->provenance().readAt.isValid());
        const double atFirst = *m_workspace->provenance().ageSeconds;
        QVERIFY(waitFor([this, atFirst] {
            return m_workspace->filterPane()->summary().ageSeconds.value_or(0) >= atFirst + 2;
        }));
        QVERIFY2(m_workspace->filterPane()->summaryShown().endsWith(QStringLiteral(" old")),
                 qPrintable(m_workspace->filterPane()->summaryShown()));
    }
    void anyIdIsOpened()
    {
        QVERIFY(chooseTenant(oddTenant()));
        for (const QString& id : {QStringLiteral("hall lamp"), QStringLiteral(" edge ")}) {
            for (PaletteProvider* provider : m_workspace->paletteProviders()) {
                if (!provider->itemsFor(id).isEmpty())
                    provider->activate(0, id);
            }
            QVERIFY(settled());
            QVERIFY2(m_workspace->assetPanel()->asset(), qPrintable(id));
            QCOMPARE(m_workspace->assetPanel()->asset()->externalId, id);
        }
        QVERIFY(chooseTenant(m_tenant));
    }
    void historyReachesBackToItsBeginning()
    {
        QVERIFY(chooseTenant(oddTenant()));
        openOnlyRow(QStringLiteral("hall lamp"));
        AssetPanel* panel = m_workspace->assetPanel();
        panel->selectAttribute(m_workspace->results()->catalog().findName(QStringLiteral("level"))->id);
        QVERIFY(settled());
        const auto* chart = panel->findChild<TimeSeriesChart*>(QStringLiteral("historyChart"));
        const ChartSeries* series = chart->data().find(QStringLiteral("value"));
        QVERIFY(series);
        QVERIFY2(series->at.size() < 3000, qPrintable(QString::number(series->at.size())));
        const auto secondsOf = [this](int observation) {
            return double(momentOf(m_until, observation).toMSecsSinceEpoch()) / 1000;
        };
        QVERIFY(std::is_sorted(series->at.begin(), series->at.end()));
        QVERIFY(std::abs(series->at.front() - secondsOf(0)) < 0.001);
        QVERIFY(std::abs(series->at.back() - secondsOf(observationCount - 1)) < 0.001);
        // A peak of one observation is where it was.
        const auto peak = std::max_element(series->values.begin(), series->values.end());
        QCOMPARE(*peak, 999.0);
        const auto place = size_t(peak - series->values.begin());
        QVERIFY(std::abs(series->at[place] - secondsOf(peakAt)) < 0.001);
        QCOMPARE(*std::min_element(series->values.begin(), series->values.end()), 20.0);
        QVERIFY(panel->findChild<QLabel*>(QStringLiteral("historyCut"))->isHidden());
        QVERIFY(chooseTenant(m_tenant));
    }
    void historyOfATextSaysWhereItIsCut()
    {
        QVERIFY(chooseTenant(oddTenant()));
        openOnlyRow(QStringLiteral("hall lamp"));
        AssetPanel* panel = m_workspace->assetPanel();
        panel->selectAttribute(m_workspace->results()->catalog().findName(QStringLiteral("step"))->id);
        QVERIFY(settled());
        const QAbstractItemModel* changes =
            panel->findChild<QTreeView*>(QStringLiteral("historyChanges"))->model();
        QCOMPARE(changes->rowCount(), 500);
        QCOMPARE(changes->index(0, 1).data().toString(), QStringLiteral("step 999"));
        QCOMPARE(changes->index(499, 1).data().toString(), QStringLiteral("step 500"));
        const auto* cut = panel->findChild<QLabel*>(QStringLiteral("historyCut"));
        QVERIFY(!cut->isHidden());
        QVERIFY2(cut->text().contains(QStringLiteral("500")), qPrintable(cut->text()));
        QVERIFY2(cut->text().contains(changes->index(499, 0).data().toString()), qPrintable(cut->text()));
        QVERIFY(chooseTenant(m_tenant));
    }
    void neverBlocksTheWindow()
    {
        Watchdog watchdog;
        watchdog.start();
        for (const char* text :
             {"status = \"on\"", "status = \"on\" and pressure > 5", "alarm = true or pressure < 3", ""}) {
            QVERIFY(m_workspace->setFilterText(QLatin1String(text)));
            QVERIFY(settled());
        }
        QVERIFY2(watchdog.waitCount() == 0, qPrintable(watchdog.summary()));
        watchdog.stop();
    }

    /// Names and values that have broken somebody's program: in through import, found by the builder's clause
    /// and by the text form, out through both exports, in again: the same.
    void nastyStringsGoThroughEverything()
    {
        const QStringList nasty = test::nastyStrings();
        QByteArray lines;
        for (int i = 0; i < nasty.size(); ++i) {
            QJsonObject attributes{{nasty.at(i), nasty.at(i)}, {QStringLiteral("number"), i}};
            lines += jsonLine(nasty.at(i), nasty.at(i), attributes);
        }
        const QString tenant = test::Platform::freshName(QStringLiteral("nasty ' \" ;--"));
        QCOMPARE(m_platform.import(tenant, lines), QString());
        QVERIFY(m_platform.waitForEveryNode());
        QVERIFY(chooseTenant(tenant));
        const AttributeCatalog catalog = m_workspace->results()->catalog();
        QCOMPARE(catalog.size(), int(nasty.size()) + 1);
        QCOMPARE(m_workspace->results()->rowCount(), int(nasty.size()));

        for (const QString& text : nasty) {
            const Attribute* attribute = catalog.findName(text);
            QVERIFY2(attribute, qPrintable(text));
            const filter::Clause clause{filter::Subject::ofAttribute(text),
                                        filter::Operator::Equal,
                                        {filter::Literal::string(text)},
                                        true};
            // As a click on the value does it, and as the text form says it.
            m_workspace->document()->apply({}, QStringLiteral("clear"));
            Q_EMIT m_workspace->attributes()->clauseChosen(clause);
            QVERIFY(settled());
            QVERIFY2(m_workspace->results()->rowCount() == 1, qPrintable(text));
            QCOMPARE(m_workspace->results()->row(0)->externalId, text);
            QCOMPARE(m_workspace->results()->row(0)->name, text);
            const QString written = m_workspace->filterPane()->textEdit()->filterText();
            m_workspace->document()->apply({}, QStringLiteral("clear"));
            QVERIFY2(m_workspace->setFilterText(written), qPrintable(written));
            QVERIFY(settled());
            QVERIFY2(m_workspace->results()->rowCount() == 1, qPrintable(written));
        }

        m_workspace->document()->apply({}, QStringLiteral("clear"));
        QList<int> all;
        for (int i = 0; i < catalog.size(); ++i)
            all.append(catalog.at(i).id);
        m_workspace->results()->setColumns(all);
        QVERIFY(settled());
        const QByteArray first = exported(exporting::RowFormat::JsonLines);
        const QList<test::CsvRow> csv = test::csvRows(exported(exporting::RowFormat::Csv));
        QCOMPARE(csv.size(), nasty.size() + 1);
        for (const QString& text : nasty) {
            const std::optional<QByteArray> bytes = text.toUtf8();
            const qsizetype column = csv.first().indexOf(bytes);
            const auto row = std::find_if(csv.cbegin() + 1, csv.cend(), [&bytes](const test::CsvRow& each) {
                return each.first() == bytes;
            });
            QVERIFY2(column >= 3 && row != csv.cend(), qPrintable(text));
            QVERIFY2(row->size() == csv.first().size() && row->at(2) == bytes && row->at(column) == bytes,
                     qPrintable(text));
        }
        const QString copy = test::Platform::freshName(QStringLiteral("copy"));
        QCOMPARE(m_platform.import(copy, first), QString());
        QVERIFY(m_platform.waitForEveryNode());
        QVERIFY(chooseTenant(copy));
        QList<int> again;
        for (int i = 0; i < m_workspace->results()->catalog().size(); ++i)
            again.append(m_workspace->results()->catalog().at(i).id);
        QCOMPARE(again.size(), all.size());
        m_workspace->results()->setColumns(again);
        QVERIFY(settled());
        const QByteArray second = exported(exporting::RowFormat::JsonLines);
        QCOMPARE(objects(second), objects(first));
        // By its bytes: QJsonDocument itself drops a byte order mark at the beginning of a string.
        for (const QString& text : nasty) {
            const QByteArray json = exporting::jsonString(text);
            QVERIFY2(first.contains(json + ':' + json), qPrintable(text));
        }
        QVERIFY(chooseTenant(m_tenant));
    }
    void exportWritesTheWholeResultOrNothing()
    {
        QVERIFY(m_workspace->setFilterText(QStringLiteral("status = \"on\"")));
        QVERIFY(settled());
        const QByteArray csv = exported(exporting::RowFormat::Csv);
        QCOMPARE(csv.count('\n'), assetCount * 2 / 3 + 1);
        QSignalSpy settledSpy(m_workspace.get(), &Workspace::settledChanged);
        m_workspace->startExport(exporting::RowFormat::Csv, QStringLiteral("/no/such/folder/file.csv"));
        QTRY_VERIFY(!m_workspace->resultsPane()->exportStrip()->errorText().isEmpty());
        m_workspace->resultsPane()->exportStrip()->clear();
    }
    void aFullDiskIsSaid()
    {
        // Nothing may become longer than a page meanwhile.
        rlimit before{};
        QCOMPARE(getrlimit(RLIMIT_FSIZE, &before), 0);
        const auto handler = std::signal(SIGXFSZ, SIG_IGN);
        rlimit small = before;
        small.rlim_cur = 4096;
        QCOMPARE(setrlimit(RLIMIT_FSIZE, &small), 0);
        const MessageStrip* strip = m_workspace->resultsPane()->exportStrip();
        m_workspace->startExport(exporting::RowFormat::Csv, m_folder.filePath(QStringLiteral("full.csv")));
        const bool said = waitFor([strip] { return !strip->errorText().isEmpty(); });
        setrlimit(RLIMIT_FSIZE, &before);
        std::signal(SIGXFSZ, handler);
        QVERIFY(said);
        QVERIFY2(strip->text().contains(QStringLiteral("cannot be written")), qPrintable(strip->text()));
        QVERIFY(!m_workspace->resultsPane()->isExporting());
        QVERIFY(waitFor([this] { return filesOf(QStringLiteral("full.csv")).isEmpty(); }));
        // The next one is none the worse for it.
        QCOMPARE(exported(exporting::RowFormat::Csv).count('\n'), assetCount + 1);
    }
    void aWorkspaceThatGoesTakesItsExportAlong()
    {
        const QString path = m_folder.filePath(QStringLiteral("gone.csv"));
        {
            AssetsWorkspace other;
            other.setContext(m_context);
            other.restoreState({});
            other.activate();
            QVERIFY(waitFor([&other] { return other.isSettled() && other.results()->isLoaded(); }));
            other.startExport(exporting::RowFormat::Csv, path);
            QVERIFY(other.resultsPane()->isExporting());
        }
        QCOMPARE(filesOf(QStringLiteral("gone.csv")), QStringList());
    }
    void anotherTenantEndsTheExportWithAWord()
    {
        const Tenant here = m_context->tenant();
        const QString path = m_folder.filePath(QStringLiteral("ended.csv"));
        m_workspace->startExport(exporting::RowFormat::Csv, path);
        QVERIFY(m_workspace->resultsPane()->isExporting());
        m_context->setTenant({});
        QVERIFY(!m_workspace->resultsPane()->isExporting());
        const MessageStrip* strip = m_workspace->resultsPane()->exportStrip();
        QVERIFY(strip->isShowing());
        QVERIFY2(strip->text().contains(QStringLiteral("cancelled")), qPrintable(strip->text()));
        QVERIFY(!QFile::exists(path));
        m_context->setTenant(here);
        QVERIFY(settled());
        QVERIFY(waitFor([this] { return m_workspace->results()->isLoaded(); }));
    }

private:
    struct Pump
    {
        QString id;
        int number = 0;
        qint64 entityId = 0;
    };
    static std::optional<double> valueOf(int number, const QString& by)
    {
        if (by == QLatin1String("pressure"))
            return number / 10.0;
        if (by == QLatin1String("status"))
            return number % 3 ? 2 : 1; // "off" is before "on"
        if (by == QLatin1String("alarm"))
            return number % 4 ? std::nullopt : std::optional(number % 8 ? 0.0 : 1.0);
        return 0;
    }
    /// Without any of the product's own comparing.
    static bool comesBefore(const Pump& a, const Pump& b, const QString& by, bool descending)
    {
        if (by == QLatin1String("id") || by == QLatin1String("name")) {
            const QByteArray first = QByteArray::number(a.number);
            const QByteArray second = QByteArray::number(b.number);
            return descending ? first > second : first < second;
        }
        const std::optional<double> first = valueOf(a.number, by);
        const std::optional<double> second = valueOf(b.number, by);
        if (first.has_value() != second.has_value())
            return first.has_value();
        if (first != second)
            return descending ? first > second : first < second;
        return descending ? a.entityId > b.entityId : a.entityId < b.entityId;
    }
    static filter::Subject subjectOf(const QString& by)
    {
        if (by == QLatin1String("id"))
            return filter::Subject::ofEntity(filter::EntityField::Id);
        if (by == QLatin1String("name"))
            return filter::Subject::ofEntity(filter::EntityField::Name);
        if (by == QLatin1String("type"))
            return filter::Subject::ofEntity(filter::EntityField::Type);
        return filter::Subject::ofAttribute(by);
    }
    void showColumns(const QStringList& names)
    {
        QList<int> ids;
        for (const QString& name : names)
            ids.append(m_workspace->results()->catalog().findName(name)->id);
        m_workspace->results()->setColumns(ids);
        QVERIFY(settled());
    }
    /// With the menu of the header of the column that is sorted by.
    void shootBothThemes(const QString& name, QWidget* popup = nullptr)
    {
        QHeaderView* header = m_workspace->resultsPane()->view()->horizontalHeader();
        for (const Theme::Mode mode : {Theme::Mode::Dark, Theme::Mode::Light}) {
            Theme::instance().setMode(mode);
            const QString suffix = QLatin1Char('-') + Theme::modeName(mode);
            QTest::qWait(100);
            test::shoot(popup ? popup : m_workspace.get(), name + suffix);
            if (popup)
                continue;
            Q_EMIT header->customContextMenuRequested(
                {header->sectionViewportPosition(header->sortIndicatorSection()) + 5, 5});
            for (QMenu* menu : m_workspace->findChildren<QMenu*>(QStringLiteral("headerMenu"))) {
                test::shoot(menu, name + QStringLiteral("-menu") + suffix);
                menu->close();
            }
        }
    }
    /// From the first to the last, as by scrolling.
    QList<Pump> everyRow()
    {
        QList<Pump> found;
        ResultsModel* results = m_workspace->results();
        for (int row = 0; row < results->rowCount(); row += 50) {
            results->setWindow(row, row + 60);
            if (!settled())
                return {};
            for (int r = row; r < std::min(results->rowCount(), row + 50); ++r) {
                const browse::Row* each = results->row(r);
                if (!each)
                    return {};
                found.append({each->externalId, each->externalId.mid(2).toInt(), each->entityId});
            }
        }
        return found;
    }
    template<class Condition> bool waitFor(Condition condition) { return QTest::qWaitFor(condition, 20'000); }
    bool settled()
    {
        // A turn of the event loop first: what was asked for just now may not have begun.
        QCoreApplication::processEvents();
        return waitFor([this] { return m_workspace->isSettled(); });
    }
    bool chooseTenant(const QString& name)
    {
        // A tenant that is open stays open when the list is read again: choosing is the person's.
        m_context->reloadTenants();
        const auto named = [&](const Tenant& tenant) { return tenant.name == name; };
        const auto isListed = [&] {
            const QList<Tenant> tenants = m_context->tenants();
            return std::any_of(tenants.cbegin(), tenants.cend(), named);
        };
        if (!waitFor(isListed))
            return false;
        const QList<Tenant> tenants = m_context->tenants();
        m_context->setTenant(*std::find_if(tenants.cbegin(), tenants.cend(), named));
        return waitFor([&] { return m_context->tenant().name == name; }) && settled() &&
               waitFor([this] { return m_workspace->results()->isLoaded(); });
    }
    /// With one asset that was observed very often, and with ids that are anything.
    QString oddTenant()
    {
        if (m_oddTenant.isEmpty()) {
            m_oddTenant = test::Platform::freshName(QStringLiteral("odd"));
            m_until = QDateTime::currentDateTimeUtc();
            QByteArray lines =
                jsonLine(QStringLiteral(" edge "), QStringLiteral("Edge"), {{QStringLiteral("level"), 1}});
            lines += observations(QStringLiteral("hall lamp"), m_until);
            if (const QString problem = m_platform.import(m_oddTenant, lines); !problem.isEmpty())
                qWarning("%s", qPrintable(problem));
            m_platform.waitForEveryNode();
        }
        return m_oddTenant;
    }
    void openOnlyRow(const QString& id)
    {
        QVERIFY(m_workspace->setFilterText(QStringLiteral("entity.id = \"%1\"").arg(id)));
        QVERIFY(settled());
        QCOMPARE(m_workspace->results()->rowCount(), 1);
        m_workspace->assetPanel()->showEntity(m_workspace->results()->row(0)->entityId);
        QVERIFY(settled());
    }
    /// Of that name, temporary ones too.
    QStringList filesOf(const QString& name) const
    {
        return QDir(m_folder.path()).entryList({name + QLatin1Char('*')}, QDir::Files | QDir::Hidden);
    }
    QByteArray exported(exporting::RowFormat format)
    {
        const QString path = m_folder.filePath(QStringLiteral("export.") + exporting::fileSuffix(format));
        QFile::remove(path);
        m_workspace->startExport(format, path);
        if (!waitFor([&] { return !m_workspace->resultsPane()->isExporting() && QFile::exists(path); }))
            return "not written: " + m_workspace->resultsPane()->exportStrip()->text().toUtf8();
        QFile file(path);
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray("not readable");
    }
    static QMap<QString, QJsonObject> objects(const QByteArray& lines)
    {
        QMap<QString, QJsonObject> all;
        for (const QByteArray& line : lines.split('\n')) {
            if (line.isEmpty())
                continue;
            const QJsonObject object = QJsonDocument::fromJson(line).object();
            all.insert(object.value(QLatin1String("id")).toString(), object);
        }
        return all;
    }

    test::Platform m_platform;
    std::unique_ptr<test::GuiSandbox> m_sandbox;
    std::shared_ptr<AppContext> m_context;
    std::unique_ptr<AssetsWorkspace> m_workspace;
    QString m_tenant;
    QString m_oddTenant;
    QDateTime m_until; ///< the newest observation of the odd tenant is just before
    QTemporaryDir m_folder;
};

QTEST_MAIN(TestAssets)
#include "tst_assets.moc"
