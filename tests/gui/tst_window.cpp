// SPDX-License-Identifier: GPL-3.0-or-later
// The whole window over the real cluster: a filter's rows, a replica that stops while a query runs, a
// promotion.
#include <QDeadlineTimer>
#include <QElapsedTimer>
#include <QProcess>
#include <QPushButton>
#include <QScopeGuard>
#include <QTableView>
#include <QTest>
#include <QThread>

#include <atomic>

#include "gui/activity/activitymodel.h"
#include "gui/app/mainwindow.h"
#include "gui/assets/assetsworkspace.h"
#include "gui/assets/filterpane.h"
#include "gui/assets/resultsmodel.h"
#include "gui/assets/resultspane.h"
#include "gui/hotset/hotsetmodel.h"
#include "gui/hotset/hotsetworkspace.h"
#include "gui/hotset/jobpanel.h"
#include "gui/support/watchdog.h"
#include "gui/widgets/messagestrip.h"
#include "tests/gui/guitest.h"
#include "tests/support/platform.h"

using namespace atlas;
using namespace atlas::gui;

namespace {

constexpr int entities = 600;
constexpr int patience = 20'000;

} // namespace

class TestWindow : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void aFilterShowsItsRows();
    void theFirstCellsAreWhatWasImported();
    void aStoppedReplicaStopsNobody();
    void aWaitingStatementIsCancelledOnTheServer();
    void promotionByKeyboardIsVerified();
    void everyWorkspaceOpens();

private:
    AssetsWorkspace* assets();
    bool settled(Workspace* workspace);
    QString shown(const ResultsModel* model, int row, int column);

    QString load(const test::TestCluster& cluster) const;

    QString m_state;
    std::unique_ptr<test::GuiSandbox> m_sandbox;
    std::unique_ptr<MainWindow> m_window;
    QString m_tenant;
    QString m_paused;
};

void TestWindow::initTestCase()
{
    test::TestCluster cluster;
    ATLAS_REQUIRE_CLUSTER(cluster);
    m_sandbox = std::make_unique<test::GuiSandbox>();
    m_tenant = test::Platform::freshName(QStringLiteral("window"));
    // Waiting for a server is not for this thread: the db layer refuses it, and rightly so.
    QString problem;
    std::unique_ptr<QThread> setUp(QThread::create([&] { problem = load(cluster); }));
    setUp->start();
    QVERIFY(setUp->wait(patience * 3));
    QCOMPARE(problem, QString());
    m_state = cluster.stateDirectory();
    qputenv("ATLAS_LOCAL_ENVIRONMENT", QFile::encodeName(m_state + QStringLiteral("/environment.json")));
}

QString TestWindow::load(const test::TestCluster& cluster) const
{
    test::Platform platform;
    if (const QString problem = platform.prepare(cluster); !problem.isEmpty())
        return problem;
    QByteArray lines;
    for (int i = 0; i < entities; ++i) {
        const QByteArray number = QByteArray::number(i);
        lines += "{\"id\": \"W-" + number.rightJustified(4, '0') +
                 "\", \"type\": \"pump\", \"name\": \"Pump " + number +
                 "\", \"observed_at\": \"2026-01-01T00:00:00Z\", \"attributes\": {\"status\": \"" +
                 (i % 3 ? "active" : "idle") + "\", \"region\": \"r" + QByteArray::number(i % 5) +
                 "\", \"pressure\": " + number + ".50}}\n";
    }
    if (const QString problem = platform.import(m_tenant, lines); !problem.isEmpty())
        return problem;
    auto owner = platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    if (!owner)
        return QStringLiteral("no session as owner");
    const auto measured = owner->exec(
        test::sql("select atlas.refresh_attribute_stats($1::int)", {db::param(platform.tenantId(m_tenant))}));
    if (!measured)
        return measured.error().text();
    return platform.waitForEveryNode() ? QString() : QStringLiteral("the nodes did not catch up");
}

void TestWindow::init()
{
    StartOptions options;
    options.environment = QStringLiteral("local");
    options.tenant = m_tenant;
    options.workspace = QStringLiteral("assets");
    m_window = std::make_unique<MainWindow>(std::make_shared<EnvironmentStore>(), options);
    m_window->resize(1280, 800);
    m_window->show();
    QVERIFY(QTest::qWaitForWindowExposed(m_window.get()));
    QTRY_VERIFY_WITH_TIMEOUT(m_window->context()->tenant().name == m_tenant, patience);
    QVERIFY(settled(m_window->workspace(QStringLiteral("assets"))));
}

void TestWindow::cleanup()
{
    if (!m_paused.isEmpty()) {
        QProcess::execute(qEnvironmentVariable("ATLAS_TEST_CLUSTER_SCRIPT"),
                          {QStringLiteral("--state"), m_state, QStringLiteral("resume"), m_paused});
        m_paused.clear();
    }
    m_window.reset();
}

AssetsWorkspace* TestWindow::assets()
{
    return qobject_cast<AssetsWorkspace*>(m_window->workspace(QStringLiteral("assets")));
}

bool TestWindow::settled(Workspace* workspace)
{
    return QTest::qWaitFor([workspace] { return workspace->isSettled(); }, patience);
}

QString TestWindow::shown(const ResultsModel* model, int row, int column)
{
    return model->index(row, column).data(Qt::DisplayRole).toString();
}

void TestWindow::aFilterShowsItsRows()
{
    AssetsWorkspace* workspace = assets();
    QVERIFY(workspace->setFilterText(
        QStringLiteral("status = \"active\" and region in (\"r1\", \"r2\") and pressure >= 100")));
    QVERIFY(settled(workspace));
    int expected = 0;
    for (int i = 100; i < entities; ++i)
        expected += i % 3 != 0 && (i % 5 == 1 || i % 5 == 2);
    QTRY_COMPARE_WITH_TIMEOUT(workspace->results()->rowCount(), expected, patience);
    QVERIFY2(workspace->shownError().isEmpty(), qPrintable(workspace->shownError()));
    QVERIFY(workspace->provenance().endpoint.startsWith(QStringLiteral("replica")));
    QVERIFY(workspace->provenance().met);
}

void TestWindow::theFirstCellsAreWhatWasImported()
{
    AssetsWorkspace* workspace = assets();
    QVERIFY(workspace->setFilterText(QStringLiteral("entity.id = \"W-0007\"")));
    QVERIFY(settled(workspace));
    QTRY_COMPARE_WITH_TIMEOUT(workspace->results()->rowCount(), 1, patience);
    const ResultsModel* model = workspace->results();
    QCOMPARE(shown(model, 0, ResultsModel::IdColumn), QStringLiteral("W-0007"));
    QCOMPARE(shown(model, 0, ResultsModel::NameColumn), QStringLiteral("Pump 7"));
    const Attribute* pressure = model->catalog().findName(QStringLiteral("pressure"));
    QVERIFY(pressure);
    workspace->results()->addColumn(pressure->id);
    QVERIFY(settled(workspace));
    QTRY_COMPARE_WITH_TIMEOUT(
        model->index(0, model->columnOf(pressure->id)).data(ResultsModel::ValueRole).toString(),
        QStringLiteral("7.50"), patience); // exactly as it was sent
}

void TestWindow::aStoppedReplicaStopsNobody()
{
    AssetsWorkspace* workspace = assets();
    QVERIFY(workspace->setFilterText(QStringLiteral("status = \"idle\"")));
    QVERIFY(settled(workspace));
    const QString victim = workspace->provenance().endpoint;
    QVERIFY2(victim.startsWith(QStringLiteral("replica")), qPrintable(victim));

    Watchdog watchdog;
    watchdog.start();
    m_paused = victim;
    QCOMPARE(QProcess::execute(qEnvironmentVariable("ATLAS_TEST_CLUSTER_SCRIPT"),
                               {QStringLiteral("--state"), m_state, QStringLiteral("pause"), victim}),
             0);
    watchdog.reset(); // starting the script is the test's own doing
    QElapsedTimer timer;
    timer.start();
    // The console does not know yet: the query goes to the stopped server and hangs there.
    QVERIFY(workspace->setFilterText(QStringLiteral("status = \"active\"")));
    const bool elsewhere = QTest::qWaitFor(
        [&] {
            return workspace->filterPane()->summary().counted == qint64(entities * 2 / 3) &&
                   workspace->results()->knownRows() >= 200 && workspace->provenance().endpoint != victim;
        },
        patience);
    QVERIFY2(elsewhere,
             qPrintable(QStringLiteral("%1 rows from %2, outdated %3, loading %4, error '%5', line '%6'")
                            .arg(workspace->results()->rowCount())
                            .arg(workspace->provenance().endpoint)
                            .arg(workspace->results()->isOutdated())
                            .arg(workspace->results()->isLoading())
                            .arg(workspace->shownError(), workspace->filterPane()->summaryShown())));
    const qint64 took = timer.elapsed();
    QVERIFY2(workspace->shownError().isEmpty(), qPrintable(workspace->shownError()));
    QVERIFY(m_window->shownError().isEmpty());
    QVERIFY2(
        took < 4000,
        qPrintable(
            QStringLiteral("rows came from %1 after %2 ms").arg(workspace->provenance().endpoint).arg(took)));
    watchdog.stop();
    qInfo("rows after %lld ms; %s", static_cast<long long>(took), qPrintable(watchdog.summary()));
    // A window that waited for the server would stand still for most of a second. Less is the machine's
    // noise, and counted.
    QVERIFY2(watchdog.longest() < std::chrono::milliseconds(400), qPrintable(watchdog.summary()));
}

void TestWindow::aWaitingStatementIsCancelledOnTheServer()
{
    AssetsWorkspace* workspace = assets();
    test::TestCluster cluster;
    ATLAS_REQUIRE_CLUSTER(cluster);
    // Somebody's exclusive lock, on every node: whatever reads assets waits for it.
    std::atomic<bool> locked{false};
    std::atomic<bool> release{false};
    std::unique_ptr<QThread> holder(QThread::create([&] {
        test::Platform platform;
        if (!platform.prepare(cluster).isEmpty())
            return;
        auto owner = platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
        if (!owner || !owner->execScript("begin; lock table atlas.entities in access exclusive mode",
                                         QStringLiteral("test.lock")))
            return;
        // A commit beside it sends what the lock wrote on its way at once.
        auto other = platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
        locked = other && other->execScript("create temp table sent ()", QStringLiteral("test.sent")) &&
                 platform.waitForEveryNode();
        while (!release)
            QThread::msleep(5);
    }));
    holder->start();
    const auto unlock = qScopeGuard([&] {
        release = true;
        holder->wait();
    });
    QTRY_VERIFY_WITH_TIMEOUT(locked || holder->isFinished(), patience);
    QVERIFY(locked);

    const int before = workspace->results()->rowCount();
    QVERIFY(workspace->setFilterText(QStringLiteral("status = \"idle\"")));
    m_window->showWorkspace(QStringLiteral("activity"));
    auto* activity = m_window->workspace(QStringLiteral("activity"));
    auto* table = activity->findChild<QTableView*>(QStringLiteral("activityTable"));
    auto* cancel = activity->findChild<QPushButton*>(QStringLiteral("cancelStatement"));
    QVERIFY(table && cancel);
    const auto stateOf = [&](const QString& name) {
        for (int row = 0; row < table->model()->rowCount(); ++row) {
            if (table->model()->index(row, ActivityModel::Name).data().toString() == name)
                return std::pair(row, table->model()->index(row, ActivityModel::State).data().toString());
        }
        return std::pair(-1, QString());
    };
    const QString page = QStringLiteral("browse.page");
    QTRY_COMPARE_WITH_TIMEOUT(stateOf(page).second, QStringLiteral("running"), patience);
    const QString node =
        table->model()->index(stateOf(page).first, ActivityModel::Endpoint).data().toString();

    table->selectRow(stateOf(page).first);
    QTRY_VERIFY(cancel->isEnabled());
    QTest::mouseClick(cancel, Qt::LeftButton);
    QTRY_COMPARE_WITH_TIMEOUT(stateOf(page).second, QStringLiteral("cancelled"), patience);
    // The workspace says so where the rows would be; the count, which waits just the same, is its own.
    m_window->showWorkspace(QStringLiteral("assets"));
    const auto* strip = workspace->findChild<ResultsPane*>()->strip();
    QTRY_VERIFY_WITH_TIMEOUT(strip->text().startsWith(QStringLiteral("Stopped")), patience);
    QTest::keyClick(m_window.get(), Qt::Key_Escape);
    QVERIFY(settled(workspace));
    QCOMPARE(workspace->results()->rowCount(), before);

    // Cancelled on the server, not only forgotten here.
    QString waiting;
    std::unique_ptr<QThread> observer(QThread::create([&] {
        test::Platform platform;
        if (!platform.prepare(cluster).isEmpty())
            return;
        auto server = platform.open(node.section(QLatin1Char('#'), 0, 0), QStringLiteral("operator"));
        QDeadlineTimer deadline(patience);
        do {
            const auto rows =
                server->exec(test::sql("select count(*) from pg_stat_activity where wait_event_type = 'Lock' "
                                       "and usename like '%analyst%'"));
            waiting = rows ? rows->string(0, 0) : rows.error().text();
        } while (waiting != QLatin1String("0") && !deadline.hasExpired());
    }));
    observer->start();
    QVERIFY(observer->wait());
    QCOMPARE(waiting, QStringLiteral("0"));

    release = true;
    QVERIFY(holder->wait());
    QTest::keyClick(m_window.get(), Qt::Key_F5);
    QTRY_COMPARE_WITH_TIMEOUT(workspace->filterPane()->summary().counted.value_or(-1), qint64(entities / 3),
                              patience);
    QVERIFY2(workspace->shownError().isEmpty(), qPrintable(workspace->shownError()));
}

void TestWindow::promotionByKeyboardIsVerified()
{
    m_window->showWorkspace(QStringLiteral("hotset"));
    auto* workspace = qobject_cast<HotSetWorkspace*>(m_window->workspace(QStringLiteral("hotset")));
    QVERIFY(workspace);
    QVERIFY(settled(workspace));
    QVERIFY2(workspace->shownError().isEmpty(), qPrintable(workspace->shownError()));
    auto* search = workspace->findChild<QWidget*>(QStringLiteral("hotsetSearch"));
    auto* table = workspace->findChild<QTableView*>(QStringLiteral("hotsetTable"));
    auto* change = workspace->findChild<QPushButton*>(QStringLiteral("hotsetChange"));
    auto* yes = workspace->findChild<QPushButton*>(QStringLiteral("hotsetYes"));
    for (const HotState wanted : {HotState::Hot, HotState::Cold}) {
        workspace->focusSearch();
        QTest::keyClicks(search, QStringLiteral("region"));
        QCOMPARE(workspace->model()->rowCount(), 1);
        QTest::keyClick(search, Qt::Key_Down);
        QTest::keyClick(table, Qt::Key_Return);
        QTRY_VERIFY(yes->isVisible());
        QVERIFY(!change->isVisible());
        QTest::keyClick(yes, Qt::Key_Space);
        QVERIFY(settled(workspace));
        QTRY_COMPARE_WITH_TIMEOUT(workspace->model()->attributeAt(0)->state, wanted, patience);
        QVERIFY2(workspace->panel()->strip()->text().startsWith(QStringLiteral("Verified")),
                 qPrintable(workspace->panel()->strip()->text()));
        const hotset::Job* job = workspace->model()->newestJob(workspace->model()->attributeAt(0)->id);
        QVERIFY(job);
        QCOMPARE(job->phase, QStringLiteral("done"));
        QCOMPARE(job->mismatches.value_or(-1), 0);
        workspace->focusSearch();
        QTest::keyClick(search, Qt::Key_Delete);
    }
}

void TestWindow::everyWorkspaceOpens()
{
    const QStringList ids = m_window->workspaceIds();
    QVERIFY(ids.contains(QStringLiteral("assets")) && ids.contains(QStringLiteral("hotset")) &&
            ids.contains(QStringLiteral("activity")));
    for (const QString& id : ids) {
        m_window->showWorkspace(id);
        QVERIFY2(settled(m_window->workspace(id)), qPrintable(id));
        QVERIFY2(m_window->workspace(id)->shownError().isEmpty(),
                 qPrintable(id + m_window->workspace(id)->shownError()));
        test::shoot(m_window.get(), QStringLiteral("window-") + id);
    }
}

QTEST_MAIN(TestWindow)
#include "tst_window.moc"
