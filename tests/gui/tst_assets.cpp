// SPDX-License-Identifier: GPL-3.0-or-later
// The Assets workspace on a real cluster: from the click to the rows, and everything out again as it went in.
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QListView>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "gui/app/appcontext.h"
#include "gui/assets/assetpanel.h"
#include "gui/assets/assetsworkspace.h"
#include "gui/assets/assetvaluesmodel.h"
#include "gui/assets/attributebrowser.h"
#include "gui/assets/attributelistmodel.h"
#include "gui/assets/filterbuilder.h"
#include "gui/assets/filtertextedit.h"
#include "gui/assets/groupbox.h"
#include "gui/assets/resultsmodel.h"
#include "gui/assets/resultspane.h"
#include "gui/assets/resultsview.h"
#include "gui/palette/paletteprovider.h"
#include "gui/support/watchdog.h"
#include "gui/widgets/messagestrip.h"
#include "model/environment/environment.h"
#include "model/filter/printer.h"
#include "tests/gui/guitest.h"
#include "tests/support/nastystrings.h"
#include "tests/support/platform.h"

using namespace atlas;
using namespace atlas::gui;

namespace {
constexpr int assetCount = 1200;

QByteArray jsonLine(const QString& id, const QString& name, const QJsonObject& attributes)
{
    QJsonObject object{{QStringLiteral("id"), id},
                       {QStringLiteral("type"), QStringLiteral("pump")},
                       {QStringLiteral("name"), name},
                       {QStringLiteral("observed_at"), QStringLiteral("2026-05-04T03:02:01Z")},
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
        if (i % 4 == 0)
            attributes.insert(QStringLiteral("alarm"), i % 8 == 0);
        lines += jsonLine(QStringLiteral("P-%1").arg(i), QStringLiteral("Pump %1").arg(i), attributes);
    }
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
        QCOMPARE(m_workspace->attributes()->model()->total(), 3);
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
    void neverBlocksTheWindow()
    {
        Watchdog watchdog(std::chrono::milliseconds(150)); // a debug build on a shared machine
        watchdog.start();
        for (const char* text :
             {"status = \"on\"", "status = \"on\" and pressure > 5", "alarm = true or pressure < 3", ""}) {
            QVERIFY(m_workspace->setFilterText(QLatin1String(text)));
            QVERIFY(settled());
        }
        watchdog.stop();
        QVERIFY2(watchdog.stallCount() == 0, qPrintable(watchdog.summary()));
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
    QTemporaryDir m_folder;
};

QTEST_MAIN(TestAssets)
#include "tst_assets.moc"
