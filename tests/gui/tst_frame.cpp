// SPDX-License-Identifier: GPL-3.0-or-later
#include <QAbstractButton>
#include <QJsonDocument>
#include <QLineEdit>
#include <QListView>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>
#include <QToolButton>

#include "gui/app/endpointbar.h"
#include "gui/app/freshnessbadge.h"
#include "gui/app/mainwindow.h"
#include "gui/app/session.h"
#include "gui/environments/environmentsdialog.h"
#include "gui/palette/commandpalette.h"
#include "gui/support/timetext.h"
#include "gui/support/watchdog.h"
#include "gui/widgets/messagestrip.h"
#include "gui/widgets/picker.h"
#include "tests/gui/guitest.h"
#include "tests/support/silentserver.h"

using namespace atlas;
using gui::MainWindow;
using gui::Theme;

namespace {

/// Port 1 of this machine: nobody listens, the answer is an honest "refused".
Environment refusing(const QString& name)
{
    Environment environment;
    environment.name = name;
    environment.color = QStringLiteral("#3a7bd5");
    for (const QString& keyword : {QStringLiteral("host"), QStringLiteral("port"), QStringLiteral("user")})
        environment.primary.set(keyword, keyword == QLatin1String("host")   ? QStringLiteral("127.0.0.1")
                                         : keyword == QLatin1String("port") ? QStringLiteral("1")
                                                                            : QStringLiteral("nobody"));
    environment.replicas << NamedConnection{QStringLiteral("replica-1"), environment.primary};
    return environment;
}

} // namespace

class TestFrame : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_sandbox = std::make_unique<test::GuiSandbox>();
        // Not below a folder with a local cluster of its own.
        m_before = QDir::currentPath();
        QDir::setCurrent(m_sandbox->path({}));
        m_store = std::make_shared<EnvironmentStore>();
    }
    void cleanup() { QDir::setCurrent(m_before); }

    void withoutAnEnvironmentThereIsAWelcome()
    {
        MainWindow window(m_store);
        window.show();
        QTRY_VERIFY(window.showsWelcome());
        auto* local = window.findChild<QPushButton*>(QStringLiteral("useLocal"));
        QVERIFY(!local->isVisible());
        QVERIFY(window.findChild<QPushButton*>(QStringLiteral("lookAgain"))->isVisible());
        test::shoot(&window, QStringLiteral("welcome"));
        QTest::mouseClick(window.findChild<QPushButton*>(QStringLiteral("addEnvironment")), Qt::LeftButton);
        auto* dialog = window.findChild<gui::EnvironmentsDialog*>();
        QVERIFY(dialog && dialog->isVisible());
        QCOMPARE(dialog->names(), QStringList{QStringLiteral("new")});
        // Nothing was connected behind anybody's back.
        QVERIFY(window.context()->client()->endpoints().isEmpty());
    }

    void theLocalClusterIsFound()
    {
        MainWindow window(m_store);
        window.show();
        QTRY_VERIFY(window.showsWelcome());
        QVERIFY(QDir().mkpath(m_sandbox->path(QStringLiteral(".atlas/cluster"))));
        QFile file(m_sandbox->path(QStringLiteral(".atlas/cluster/environment.json")));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(QJsonDocument(refusing(QStringLiteral("local")).toJson()).toJson());
        file.close();
        QTest::mouseClick(window.findChild<QPushButton*>(QStringLiteral("lookAgain")), Qt::LeftButton);
        auto* local = window.findChild<QPushButton*>(QStringLiteral("useLocal"));
        QVERIFY(local->isVisible());
        QTest::mouseClick(local, Qt::LeftButton);
        QVERIFY(window.context()->environment());
        QCOMPARE(window.context()->environment()->name, QStringLiteral("local"));
        QVERIFY(!window.showsWelcome());
        // Known at the next start, and from anywhere.
        QVERIFY(m_store->environments().size() == 1);
        QVERIFY(!QFile::exists(m_store->path()));
        window.close();
        QDir::setCurrent(m_before);
        auto later = std::make_shared<EnvironmentStore>();
        MainWindow second(later);
        second.show();
        QTRY_VERIFY(second.context()->environment());
        QCOMPARE(second.context()->environment()->name, QStringLiteral("local"));
    }

    void aDeadEnvironmentIsToldInPlace()
    {
        QVERIFY(m_store->save(refusing(QStringLiteral("dead"))).ok());
        MainWindow window(m_store);
        window.show();
        QTRY_VERIFY_WITH_TIMEOUT(!window.shownError().isEmpty(), 20'000);
        QVERIFY2(window.shownError().contains(QStringLiteral("Nobody answers")),
                 qPrintable(window.shownError()));
        QVERIFY(!QApplication::activeModalWidget());
        auto* bar = window.findChild<gui::EndpointBar*>(QStringLiteral("endpointBar"));
        QTRY_VERIFY2(bar->textOf(QStringLiteral("primary")).contains(QStringLiteral("down")),
                     qPrintable(bar->textOf(QStringLiteral("primary"))));
        test::shoot(&window, QStringLiteral("dead"));
        Theme::instance().setMode(Theme::Mode::Dark);
        // Palettes reach the widgets by events.
        QTest::qWait(20);
        test::shoot(&window, QStringLiteral("dead-dark"));
    }

    void keyboardReachesEverything()
    {
        QVERIFY(m_store->save(refusing(QStringLiteral("dead"))).ok());
        MainWindow window(m_store);
        window.show();
        QVERIFY(QTest::qWaitForWindowActive(&window));
        QTRY_VERIFY(window.currentWorkspace());
        const QStringList ids = window.workspaceIds();
        for (int i = int(ids.size()) - 1; i >= 0; --i) {
            QTest::keyClick(&window, Qt::Key(Qt::Key_1 + i), Qt::ControlModifier);
            QCOMPARE(window.currentWorkspaceId(), ids.at(i));
            QVERIFY(window.findChild<QAbstractButton*>(QStringLiteral("rail-") + ids.at(i))->isChecked());
        }
        QTest::keyClick(&window, Qt::Key_K, Qt::ControlModifier);
        auto* palette = window.findChild<gui::CommandPalette*>(QStringLiteral("commandPalette"));
        QVERIFY(palette->isOpen());
        test::shoot(&window, QStringLiteral("palette-open"));
        QTest::keyClicks(palette->field(), QStringLiteral("dark theme"));
        QTest::keyClick(palette->field(), Qt::Key_Return);
        QVERIFY(Theme::instance().isDark());
        QTest::keyClick(&window, Qt::Key_K, Qt::ControlModifier);
        QTest::keyClicks(palette->field(), QStringLiteral("show ") + ids.last());
        QTest::keyClick(palette->field(), Qt::Key_Return);
        QCOMPARE(window.currentWorkspaceId(), ids.last());
        // Ctrl+K again closes it.
        QTest::keyClick(&window, Qt::Key_K, Qt::ControlModifier);
        QVERIFY(palette->isOpen());
        QTest::keyClick(&window, Qt::Key_K, Qt::ControlModifier);
        QVERIFY(!palette->isOpen());
    }

    void theSessionComesBack()
    {
        QVERIFY(m_store->save(refusing(QStringLiteral("one"))).ok());
        QVERIFY(m_store->save(refusing(QStringLiteral("two"))).ok());
        {
            MainWindow window(m_store);
            window.show();
            QTRY_VERIFY(window.currentWorkspace());
            window.useEnvironment(*m_store->find(QStringLiteral("two")));
            window.showWorkspace(window.workspaceIds().last());
            window.resize(1100, 700);
            window.close();
        }
        MainWindow window(m_store);
        QCOMPARE(window.size(), QSize(1100, 700));
        window.show();
        QTRY_VERIFY(window.currentWorkspace());
        QCOMPARE(window.context()->environment()->name, QStringLiteral("two"));
        QCOMPARE(window.currentWorkspaceId(), window.workspaceIds().last());
    }

    void theSessionIsSavedOnTheWay()
    {
        QVERIFY(m_store->save(refusing(QStringLiteral("one"))).ok());
        gui::StartOptions options;
        options.tenant = QStringLiteral("wanted");
        MainWindow window(m_store, options);
        window.show();
        QTRY_VERIFY(window.currentWorkspace());
        window.showWorkspace(window.workspaceIds().last());
        // Not closed: a crash does not cost the place.
        QTRY_COMPARE_WITH_TIMEOUT(gui::session::Settings().value(QStringLiteral("workspace")).toString(),
                                  window.workspaceIds().last(), 10'000);
        // The tenants cannot be read there; which one was wanted is not forgotten for that.
        QCOMPARE(gui::session::Settings().value(QStringLiteral("tenant")).toString(),
                 QStringLiteral("wanted"));
    }

    void thePaletteBringsThePageOfWhatWasChosen()
    {
        QVERIFY(m_store->save(refusing(QStringLiteral("dead"))).ok());
        MainWindow window(m_store);
        window.show();
        QVERIFY(QTest::qWaitForWindowActive(&window));
        QTRY_VERIFY(window.currentWorkspace());
        QVERIFY(window.workspace(QStringLiteral("assets")));
        const QString elsewhere = window.workspaceIds().last();
        window.showWorkspace(elsewhere);
        window.context()->setTenant({1, QStringLiteral("somebody")});
        QCOMPARE(window.currentWorkspaceId(), elsewhere);
        window.openPalette();
        auto* palette = window.findChild<gui::CommandPalette*>(QStringLiteral("commandPalette"));
        QTest::keyClicks(palette->field(), QStringLiteral("10482"));
        QTest::keyClick(palette->field(), Qt::Key_Return);
        QCOMPARE(window.currentWorkspaceId(), QStringLiteral("assets"));
    }

    void theSameMessageLeavesItsDetailsOpen()
    {
        using Kind = gui::MessageStrip::Kind;
        gui::MessageStrip strip;
        strip.showMessage(Kind::Error, QStringLiteral("Down."), QStringLiteral("the server's words"));
        auto* details = strip.findChild<QToolButton*>();
        QVERIFY(details && !details->isChecked());
        details->setChecked(true);
        strip.showMessage(Kind::Error, QStringLiteral("Down."), QStringLiteral("the server's words"));
        QVERIFY(details->isChecked());
        strip.showMessage(Kind::Error, QStringLiteral("Down."), QStringLiteral("other words"));
        QVERIFY(!details->isChecked());
    }

    void theCommandLineWins()
    {
        QVERIFY(m_store->save(refusing(QStringLiteral("one"))).ok());
        gui::StartOptions options;
        options.environment = QStringLiteral("missing");
        MainWindow window(m_store, options);
        window.show();
        QTRY_VERIFY(!window.shownError().isEmpty());
        QVERIFY(window.shownError().contains(QStringLiteral("\"one\"")));
        gui::StartOptions service;
        service.service = QStringLiteral("no_such_service");
        MainWindow other(m_store, service);
        other.show();
        QTRY_VERIFY(other.context()->environment());
        QCOMPARE(other.context()->environment()->primary.value(QStringLiteral("service")),
                 QStringLiteral("no_such_service"));
    }

    void nastyNamesAreShownAsTheyAre()
    {
        const QString name = QString::fromUtf8("<b>x</b> & 🚚 %1");
        QVERIFY(m_store->save(refusing(name)).ok());
        MainWindow window(m_store);
        window.show();
        QTRY_VERIFY(window.context()->environment());
        auto* picker = window.findChild<gui::Picker*>(QStringLiteral("environmentPicker"));
        QCOMPARE(picker->currentData().toString(), name);
        test::shoot(&window, QStringLiteral("nasty"));
    }

    void pickerByKeyboard()
    {
        gui::Picker picker(QStringLiteral("Tenant"), QStringLiteral("none"));
        QList<gui::Picker::Item> items;
        for (int i = 0; i < 40; ++i)
            items << gui::Picker::Item{QStringLiteral("Tenant %1 of forty").arg(i), {}, {}, i};
        picker.setItems(items);
        picker.show();
        QVERIFY(QTest::qWaitForWindowActive(&picker));
        QSignalSpy chosen(&picker, &gui::Picker::chosen);
        QTest::keyClick(&picker, Qt::Key_Down);
        QVERIFY(picker.isListOpen());
        auto* search = picker.findChild<QLineEdit*>();
        QTest::keyClicks(search, QStringLiteral("forty 17"));
        QTest::keyClick(search, Qt::Key_Return);
        QCOMPARE(chosen.count(), 1);
        QCOMPARE(picker.currentData().toInt(), 17);
        QVERIFY(!picker.isListOpen());
        // New items keep the choice by what it is, not by where it was.
        items.removeFirst();
        picker.setItems(items);
        QCOMPARE(picker.currentData().toInt(), 17);
    }

    void freshness_data()
    {
        QTest::addColumn<QString>("endpoint");
        QTest::addColumn<double>("age");
        QTest::addColumn<bool>("met");
        QTest::addColumn<QString>("expected");
        QTest::newRow("met") << QStringLiteral("replica-2") << 0.4 << true
                             << QStringLiteral("replica-2  ·  0.4 s old  ·  ✓ < 10 s");
        QTest::newRow("late") << QStringLiteral("replica-2") << 14.0 << false
                              << QStringLiteral("replica-2  ·  14 s old  ·  ! not < 10 s");
        QTest::newRow("unknown is not 0") << QStringLiteral("replica-2") << -1.0 << false
                                          << QStringLiteral("replica-2  ·  age unknown  ·  ! not < 10 s");
        QTest::newRow("nothing shown yet") << QString() << -1.0 << false << QString();
    }

    void freshness()
    {
        QFETCH(QString, endpoint);
        QFETCH(double, age);
        QFETCH(bool, met);
        QFETCH(QString, expected);
        gui::FreshnessBadge badge;
        gui::Provenance provenance;
        provenance.endpoint = endpoint;
        if (age >= 0)
            provenance.ageSeconds = age;
        provenance.slaSeconds = 10;
        provenance.met = met;
        badge.setProvenance(provenance);
        QCOMPARE(badge.text(), expected);
    }

    void whatStaysOnTheScreenGrowsOlder()
    {
        QLocale::setDefault(QLocale::c());
        const auto readBefore = [](int seconds, double sla) {
            gui::Provenance provenance;
            provenance.endpoint = QStringLiteral("replica-2");
            provenance.ageSeconds = 0.4;
            provenance.slaSeconds = sla;
            provenance.met = true;
            provenance.readAt = QDateTime::currentDateTimeUtc().addSecs(-seconds);
            return provenance;
        };
        gui::FreshnessBadge badge;
        badge.setProvenance(readBefore(3600, 10));
        QCOMPARE(badge.text(), QStringLiteral("replica-2  ·  60 min old  ·  ! not < 10 s"));
        badge.show();
        badge.setProvenance(readBefore(7, 10));
        QVERIFY2(badge.text().endsWith(QStringLiteral("✓ < 10 s")), qPrintable(badge.text()));
        QTRY_VERIFY2_WITH_TIMEOUT(badge.text().endsWith(QStringLiteral("! not < 10 s")),
                                  qPrintable(badge.text()), 20'000);
        // Another verdict is told; that a second has passed is only shown.
        QVERIFY2(badge.accessibleName().endsWith(QStringLiteral("! not < 10 s")),
                 qPrintable(badge.accessibleName()));
        badge.setProvenance(readBefore(20, 100));
        const QString first = badge.text();
        QTRY_VERIFY(badge.text() != first);
        QCOMPARE(badge.accessibleName(), first);
        // A page that reads again by itself says how old its data were at that.
        gui::Provenance live = readBefore(3600, 10);
        live.readAt = {};
        badge.setProvenance(live);
        QCOMPARE(badge.text(), QStringLiteral("replica-2  ·  0.4 s old  ·  ✓ < 10 s"));
    }

    void figures()
    {
        QLocale::setDefault(QLocale::c());
        QCOMPARE(gui::durationText(0.42), QStringLiteral("0.4 s"));
        QCOMPARE(gui::durationText(75), QStringLiteral("75 s"));
        QCOMPARE(gui::durationText(600), QStringLiteral("10 min"));
        QCOMPARE(gui::durationText(qQNaN()), QStringLiteral("unknown"));
        QCOMPARE(gui::elapsedText(0.83), QStringLiteral("0.8 ms"));
        QCOMPARE(gui::elapsedText(14.2), QStringLiteral("14 ms"));
        QCOMPARE(gui::elapsedText(1234), QStringLiteral("1.2 s"));
        QCOMPARE(gui::estimateText(3123), QString::fromUtf8("≈ 3120"));
        QCOMPARE(gui::estimateText(87), QString::fromUtf8("≈ 87"));
        QCOMPARE(gui::bytesText(12'400'000), QStringLiteral("12.4 MB"));
        QCOMPARE(gui::bytesText(999.9), QStringLiteral("1.0 kB"));
    }

    void theWindowNeverWaits()
    {
        MainWindow window(m_store);
        window.show();
        QTRY_VERIFY(window.showsWelcome());
        // Whoever waited for an answer, or for the connection, would stand still for two seconds.
        const test::SilentServer server;
        Environment silent = refusing(QStringLiteral("silent"));
        silent.primary.set(QStringLiteral("port"), QString::number(server.port()));
        silent.primary.set(QStringLiteral("connect_timeout"), QStringLiteral("2"));
        silent.replicas.first().info = silent.primary;
        gui::Watchdog watchdog;
        watchdog.start();
        window.useEnvironment(silent);
        QTRY_VERIFY_WITH_TIMEOUT(window.context()->tenantsLoading() == gui::AppContext::Loading::Failed,
                                 60'000);
        QVERIFY(server.wasCalled());
        QVERIFY2(watchdog.waitCount() == 0, qPrintable(watchdog.summary()));
    }

private:
    std::unique_ptr<test::GuiSandbox> m_sandbox;
    std::shared_ptr<EnvironmentStore> m_store;
    QString m_before;
};

QTEST_MAIN(TestFrame)
#include "tst_frame.moc"
