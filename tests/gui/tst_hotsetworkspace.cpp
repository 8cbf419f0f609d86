// SPDX-License-Identifier: GPL-3.0-or-later
// The Hot set workspace on a real cluster, by its buttons: promote, pause, go on, cancel, and what other
// clients do meanwhile.
#include <QAbstractItemModelTester>
#include <QDir>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QTableView>
#include <QTest>
#include <QThread>

#include <functional>
#include <memory>

#include "gui/app/appcontext.h"
#include "gui/hotset/hotsetmodel.h"
#include "gui/hotset/hotsetworkspace.h"
#include "gui/hotset/jobpanel.h"
#include "gui/support/timetext.h"
#include "gui/theme/theme.h"
#include "gui/widgets/messagestrip.h"
#include "model/environment/environment.h"
#include "tests/gui/guitest.h"
#include "tests/support/platform.h"

using namespace atlas;
using namespace atlas::gui;

namespace {

/// More than the largest batch of a fill, so that every fill has a middle.
constexpr int assetCount = 6000;
constexpr int patience = 30'000;

QByteArray pumps()
{
    QByteArray lines;
    for (int i = 0; i < assetCount; ++i)
        lines += "{\"id\":\"P-" + QByteArray::number(i) +
                 "\",\"observed_at\":\"2026-01-01T00:00:00Z\",\"attributes\":{\"region\":\"r" +
                 QByteArray::number(i % 5) + "\",\"status\":\"s" + QByteArray::number(i % 3) +
                 "\",\"level\":\"l" + QByteArray::number(i % 7) + "\"}}\n";
    return lines;
}

} // namespace

class TestHotSetWorkspace : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanupTestCase();
    void whatFiltersComparedComesFirst();
    void aPromotionIsPausedAndGoneOnWith();
    void aCancelledPromotionIsUndone();
    void whatAnotherClientDoesIsSeen();
    void whatIsSaidStaysWithItsAttribute();

private:
    /// Waiting for a server is not for this thread: the window goes on meanwhile. Returns the problem.
    QString elsewhere(const std::function<QString()>& work);
    QString beginElsewhere(const QString& name, int steps);
    QString ctlElsewhere(const QString& command, const QString& name);
    bool settled();
    int idOf(const QString& name) const { return m_workspace->model()->catalog().findName(name)->id; }
    bool choose(const QString& name);
    bool press(const char* button);
    bool promote(const QString& name);
    /// Presses it once a batch of the attribute was written and before the next one is asked for.
    void pressAtFirstBatch(const QString& name, const char* button);
    const hotset::Job* newest(const QString& name) const
    {
        return m_workspace->model()->newestJob(idOf(name));
    }
    QString shown(const QString& name, HotSetModel::Column column) const
    {
        const HotSetModel* model = m_workspace->model();
        return model->index(model->rowOf(idOf(name)), column).data().toString();
    }
    QString phaseShown() const
    {
        return m_workspace->findChild<QLabel*>(QStringLiteral("hotsetPhase"))->text();
    }
    const MessageStrip* strip() const { return m_workspace->panel()->strip(); }

    test::Platform m_platform;
    std::unique_ptr<test::GuiSandbox> m_sandbox;
    const QString m_region = QStringLiteral("region");
    const QString m_status = QStringLiteral("status");
    const QString m_level = QStringLiteral("level");
    QString m_tenant;
    int m_tenantId = 0;
    std::shared_ptr<AppContext> m_context;
    std::unique_ptr<HotSetWorkspace> m_workspace;
};

void TestHotSetWorkspace::initTestCase()
{
    test::TestCluster cluster;
    ATLAS_REQUIRE_CLUSTER(cluster);
    m_sandbox = std::make_unique<test::GuiSandbox>();
    m_tenant = test::Platform::freshName(QStringLiteral("hot set"));
    QCOMPARE(m_platform.prepare(cluster), QString());
    QCOMPARE(m_platform.import(m_tenant, pumps()), QString());
    const QString problem = elsewhere([this]() -> QString {
        m_tenantId = m_platform.tenantId(m_tenant);
        auto owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
        if (!owner)
            return QStringLiteral("no session as owner");
        // How many rows a job expects.
        const auto measured =
            owner->exec(test::sql("select atlas.refresh_attribute_stats($1::int)", {db::param(m_tenantId)}));
        return measured ? QString() : measured.error().text();
    });
    QCOMPARE(problem, QString());
    QVERIFY(m_platform.waitForEveryNode());
    const auto environment =
        Environment::fromFile(QDir(cluster.stateDirectory()).filePath(QStringLiteral("environment.json")));
    QVERIFY2(environment.ok(), environment.ok() ? "" : qPrintable(environment.error().message));
    m_context = std::make_shared<AppContext>();
    m_context->setWantedTenant(m_tenant);
    m_context->setEnvironment(*environment);
    QTRY_COMPARE_WITH_TIMEOUT(m_context->tenant().name, m_tenant, patience);
    m_workspace = std::make_unique<HotSetWorkspace>();
    new QAbstractItemModelTester(m_workspace->model(), QAbstractItemModelTester::FailureReportingMode::QtTest,
                                 m_workspace.get());
    m_workspace->setContext(m_context);
    m_workspace->restoreState({});
    m_workspace->resize(1200, 720);
    m_workspace->show();
    m_workspace->activate();
    QVERIFY2(settled(), qPrintable(m_workspace->shownError()));
    QCOMPARE(m_workspace->model()->rowCount(), 3);
}

void TestHotSetWorkspace::init()
{
    if (!m_workspace)
        QSKIP("no cluster");
    QVERIFY(settled());
}

void TestHotSetWorkspace::cleanupTestCase()
{
    m_workspace.reset();
}

QString TestHotSetWorkspace::elsewhere(const std::function<QString()>& work)
{
    QString problem;
    const std::unique_ptr<QThread> worker(QThread::create([&] { problem = work(); }));
    worker->start();
    if (!QTest::qWaitFor([&worker] { return worker->isFinished(); }, 4 * patience))
        qWarning("this takes long");
    worker->wait();
    return problem;
}

QString TestHotSetWorkspace::beginElsewhere(const QString& name, int steps)
{
    const int id = idOf(name);
    return elsewhere([this, id, steps]() -> QString {
        auto admin = m_platform.open(QStringLiteral("primary"), QStringLiteral("admin"));
        if (!admin)
            return QStringLiteral("no session as admin");
        const auto begun = admin->exec(test::sql("select atlas.hot_set_begin($1::int, $2::int, 'promote')",
                                                 {db::param(m_tenantId), db::param(id)}));
        if (!begun)
            return begun.error().text();
        for (int step = 0; step < steps; ++step) {
            const auto stepped =
                admin->exec(test::sql("select * from atlas.hot_set_step($1::int, $2::bigint, 10)",
                                      {db::param(m_tenantId), db::param(begun->string(0, 0))}));
            if (!stepped)
                return stepped.error().text();
        }
        return {};
    });
}

QString TestHotSetWorkspace::ctlElsewhere(const QString& command, const QString& name)
{
    return elsewhere([this, command, name] {
        const test::Ran ran = m_platform.ctl({command, QStringLiteral("--tenant"), m_tenant, name});
        return ran.status == 0 ? QString() : QString::fromUtf8(ran.err);
    });
}

bool TestHotSetWorkspace::settled()
{
    // A turn of the event loop first: what was asked for just now may not have begun.
    QCoreApplication::processEvents();
    return QTest::qWaitFor([this] { return m_workspace->isSettled(); }, patience);
}

bool TestHotSetWorkspace::choose(const QString& name)
{
    auto* table = m_workspace->findChild<QTableView*>(QStringLiteral("hotsetTable"));
    table->selectRow(m_workspace->model()->rowOf(idOf(name)));
    return m_workspace->panel()->attributeId() == idOf(name);
}

bool TestHotSetWorkspace::press(const char* button)
{
    auto* found = m_workspace->findChild<QPushButton*>(QLatin1String(button));
    if (!found || !found->isVisible() || !found->isEnabled())
        return false;
    QTest::mouseClick(found, Qt::LeftButton);
    return true;
}

bool TestHotSetWorkspace::promote(const QString& name)
{
    // A look at the nodes that came late on a busy machine forbids it for a moment.
    return choose(name) && QTest::qWaitFor([this] { return press("hotsetChange"); }, patience) &&
           press("hotsetYes");
}

void TestHotSetWorkspace::pressAtFirstBatch(const QString& name, const char* button)
{
    const int id = idOf(name);
    auto once = std::make_shared<QMetaObject::Connection>();
    *once = connect(m_workspace->model(), &QAbstractItemModel::dataChanged, this, [this, id, button, once] {
        const hotset::Job* job = m_workspace->model()->newestJob(id);
        if (!job || job->phase != QLatin1String("fill") || job->rowsDone == 0)
            return;
        disconnect(*once);
        QVERIFY(press(button));
    });
}

void TestHotSetWorkspace::whatFiltersComparedComesFirst()
{
    QVERIFY(choose(m_status));
    const int level = idOf(m_level);
    const int region = idOf(m_region);
    const QString problem = elsewhere([this, level, region]() -> QString {
        auto owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
        const auto done = owner->exec(
            test::sql("insert into atlas.filter_usage (tenant_id, filter, attributes, milliseconds) "
                      "select $1::int, 'x', case when i <= 12 then array[$2::int] else array[$3::int] end, "
                      "case when i <= 12 then 400 else 1 end from generate_series(1, 1512) i",
                      {db::param(m_tenantId), db::param(level), db::param(region)}));
        return done ? QString() : done.error().text();
    });
    QCOMPARE(problem, QString());
    m_workspace->refresh();
    QVERIFY(settled());
    // By their time, not their number.
    const HotSetModel* model = m_workspace->model();
    QCOMPARE(model->rowOf(level), 0);
    QCOMPARE(model->rowOf(region), 1);
    QCOMPARE(shown(m_level, HotSetModel::Filters), QStringLiteral("12"));
    QCOMPARE(shown(m_region, HotSetModel::Filters), countText(1'500));
    QCOMPARE(shown(m_status, HotSetModel::Filters), QString());
    // What was chosen stays so.
    QCOMPARE(m_workspace->panel()->attributeId(), idOf(m_status));
    m_workspace->resize(1280, 800);
    test::shoot(m_workspace.get(), QStringLiteral("hotset-usage-light"));
    Theme::instance().setMode(Theme::Mode::Dark);
    // Palettes reach the widgets by events.
    QTest::qWait(20);
    test::shoot(m_workspace.get(), QStringLiteral("hotset-usage-dark"));
    Theme::instance().setMode(Theme::Mode::Light);
    m_workspace->resize(1200, 720);
}

void TestHotSetWorkspace::aPromotionIsPausedAndGoneOnWith()
{
    QTRY_VERIFY_WITH_TIMEOUT(choose(m_region), patience);
    pressAtFirstBatch(m_region, "hotsetPause");
    QVERIFY(promote(m_region));
    QTRY_VERIFY_WITH_TIMEOUT(phaseShown().endsWith(QStringLiteral("paused")), patience);

    const hotset::Job stands = *newest(m_region);
    QCOMPARE(phaseShown(), QStringLiteral("Writing the projection, paused"));
    QVERIFY(stands.rowsDone > 0 && stands.rowsDone < assetCount);
    QCOMPARE(stands.rowsExpected, assetCount);
    const auto* progress = m_workspace->findChild<QProgressBar*>(QStringLiteral("hotsetProgress"));
    QVERIFY(progress->isVisible());
    QCOMPARE(progress->value(), int(950 * stands.rowsDone / assetCount));
    const auto* rate = m_workspace->findChild<QLabel*>(QStringLiteral("hotsetRate"));
    QVERIFY2(rate->text().startsWith(countText(stands.rowsDone)), qPrintable(rate->text()));
    QCOMPARE(shown(m_region, HotSetModel::Job), QStringLiteral("writing the projection"));
    // Writers project it already, and the list says so while the job runs.
    QTRY_COMPARE_WITH_TIMEOUT(shown(m_region, HotSetModel::State), hotStateName(HotState::Warming), patience);
    test::shoot(m_workspace.get(), QStringLiteral("hotset-paused"));

    // Another attribute has nothing to do with it.
    QVERIFY(choose(m_status));
    QVERIFY(!progress->isVisible());
    QVERIFY(choose(m_region));
    QVERIFY(progress->isVisible());
    QCOMPARE(newest(m_region)->rowsDone, stands.rowsDone);

    QVERIFY(press("hotsetPause")); // it says "Go on" by now
    QVERIFY(choose(m_status));
    QVERIFY(settled());
    QVERIFY2(!strip()->isShowing(), qPrintable(strip()->text()));
    QVERIFY(choose(m_region));
    QVERIFY2(strip()->isShowing() && strip()->text().startsWith(QStringLiteral("Verified")),
             qPrintable(strip()->text()));
    QCOMPARE(newest(m_region)->rowsDone, assetCount);
    QCOMPARE(newest(m_region)->mismatches.value_or(-1), 0);
    QCOMPARE(shown(m_region, HotSetModel::State), hotStateName(HotState::Hot));
    QCOMPARE(shown(m_region, HotSetModel::Job), QStringLiteral("promoted"));
    QVERIFY(!progress->isVisible());
}

void TestHotSetWorkspace::aCancelledPromotionIsUndone()
{
    pressAtFirstBatch(m_status, "hotsetCancel");
    QVERIFY(promote(m_status));
    QTRY_VERIFY_WITH_TIMEOUT(newest(m_status) && newest(m_status)->kind == hotset::Kind::Demote, patience);
    QVERIFY(settled());
    QCOMPARE(shown(m_status, HotSetModel::State), hotStateName(HotState::Cold));
    QCOMPARE(shown(m_status, HotSetModel::Job), QStringLiteral("demoted"));
    QCOMPARE(newest(m_status)->phase, QStringLiteral("done"));
    QVERIFY(newest(m_status)->rowsDone > 0); // there was something to take back
    QVERIFY2(strip()->text().startsWith(QStringLiteral("Verified: removed")), qPrintable(strip()->text()));
    // Nothing is left that could be gone on with, and the history tells both.
    QVERIFY(!m_workspace->findChild<QProgressBar*>(QStringLiteral("hotsetProgress"))->isVisible());
    const auto before = [this] { return m_workspace->model()->jobsOf(idOf(m_status)).at(1).phase; };
    QTRY_COMPARE_WITH_TIMEOUT(before(), QStringLiteral("cancelled"), patience);
}

void TestHotSetWorkspace::whatAnotherClientDoesIsSeen()
{
    QVERIFY(choose(m_level));
    QCOMPARE(shown(m_level, HotSetModel::State), hotStateName(HotState::Cold));
    QCOMPARE(beginElsewhere(m_level, 3), QString());
    // Nobody presses anything: it is looked at again and again.
    QTRY_VERIFY_WITH_TIMEOUT(newest(m_level) && !newest(m_level)->isOver(), patience);
    QTRY_COMPARE_WITH_TIMEOUT(shown(m_level, HotSetModel::State), hotStateName(HotState::Warming), patience);
    QVERIFY2(phaseShown().endsWith(QStringLiteral("nobody drives it here")), qPrintable(phaseShown()));
    QVERIFY(press("hotsetResume"));
    QVERIFY(settled());
    QCOMPARE(shown(m_level, HotSetModel::State), hotStateName(HotState::Hot));
    QCOMPARE(newest(m_level)->mismatches.value_or(-1), 0);

    QCOMPARE(ctlElsewhere(QStringLiteral("demote"), m_level), QString());
    QTRY_COMPARE_WITH_TIMEOUT(shown(m_level, HotSetModel::Job), QStringLiteral("demoted"), patience);
    QTRY_COMPARE_WITH_TIMEOUT(shown(m_level, HotSetModel::State), hotStateName(HotState::Cold), patience);
}

void TestHotSetWorkspace::whatIsSaidStaysWithItsAttribute()
{
    QCOMPARE(shown(m_level, HotSetModel::State), hotStateName(HotState::Cold));
    // Somebody else is quicker, and this page does not look.
    m_workspace->deactivate();
    QCOMPARE(ctlElsewhere(QStringLiteral("promote"), m_level), QString());
    QCOMPARE(shown(m_level, HotSetModel::State), hotStateName(HotState::Cold));
    QVERIFY(promote(m_level));
    // The refusal comes while another attribute is shown.
    QVERIFY(choose(m_status));
    QVERIFY(settled());
    QVERIFY2(strip()->errorText().isEmpty(), qPrintable(strip()->text()));
    QVERIFY(choose(m_level));
    QVERIFY2(strip()->errorText().startsWith(QStringLiteral("It was not done")), qPrintable(strip()->text()));
    QCOMPARE(shown(m_level, HotSetModel::State), hotStateName(HotState::Hot));
    QTRY_COMPARE_WITH_TIMEOUT(shown(m_level, HotSetModel::Job), QStringLiteral("promoted"), patience);
    QVERIFY(choose(m_region));
    QVERIFY(strip()->errorText().isEmpty());
    m_workspace->activate();
}

QTEST_MAIN(TestHotSetWorkspace)
#include "tst_hotsetworkspace.moc"
