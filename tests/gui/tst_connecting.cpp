// SPDX-License-Identifier: GPL-3.0-or-later
// The environments dialog against real servers: what the Test button says, replicas that are found.
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>

#include "gui/app/appcontext.h"
#include "gui/app/endpointbar.h"
#include "gui/app/services.h"
#include "gui/environments/connectionform.h"
#include "gui/environments/replicaspane.h"
#include "gui/widgets/messagestrip.h"
#include "model/environment/discovery.h"
#include "model/lag/monitor.h"
#include "tests/gui/guitest.h"
#include "tests/support/tcpproxy.h"
#include "tests/support/testcluster.h"

using namespace atlas;

class TestConnecting : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        ATLAS_REQUIRE_CLUSTER(m_cluster);
        m_sandbox = std::make_unique<test::GuiSandbox>();
        m_client = std::make_unique<db::Client>();
    }

    void test_data()
    {
        QTest::addColumn<QString>("node");
        QTest::addColumn<int>("role");
        QTest::addColumn<QString>("keyword");
        QTest::addColumn<QString>("value");
        QTest::addColumn<int>("kind");
        QTest::addColumn<QString>("says");
        using db::EndpointRole;
        using Kind = gui::MessageStrip::Kind;
        const QString primary = QStringLiteral("primary");
        const QString replica = m_cluster.replicas().value(0);
        const auto row = [](const char* name, const QString& node, EndpointRole role, const char* keyword,
                            const QString& value, Kind kind, const char* says) {
            QTest::newRow(name) << node << int(role) << QString::fromLatin1(keyword) << value << int(kind)
                                << QString::fromLatin1(says);
        };
        row("a primary", primary, EndpointRole::Primary, "", {}, Kind::Success, "It is a primary");
        row("a replica", replica, EndpointRole::Replica, "", {}, Kind::Success, "It is a replica");
        row("a replica as primary", replica, EndpointRole::Primary, "", {}, Kind::Warning,
            "This is a replica, not a primary");
        row("a primary as replica", primary, EndpointRole::Replica, "", {}, Kind::Warning,
            "This is a primary, not a replica");
        row("database", primary, EndpointRole::Primary, "dbname", QStringLiteral("no_such_db"), Kind::Error,
            "no database of that name");
        row("schema", primary, EndpointRole::Primary, "dbname", QStringLiteral("postgres"), Kind::Warning,
            "no schema atlas");
        row("user", primary, EndpointRole::Primary, "user", QStringLiteral("no_such_login"), Kind::Error,
            "does not accept the login");
        row("CA", primary, EndpointRole::Primary, "sslrootcert", QStringLiteral("/nowhere/ca.crt"),
            Kind::Error, "TLS");
        row("port", primary, EndpointRole::Primary, "port", QStringLiteral("1"), Kind::Error,
            "Nobody answers");
        row("name", primary, EndpointRole::Primary, "host", QStringLiteral("no-such-host.invalid"),
            Kind::Error, "host name");
    }

    void test()
    {
        QFETCH(QString, node);
        QFETCH(int, role);
        QFETCH(QString, keyword);
        QFETCH(QString, value);
        QFETCH(int, kind);
        QFETCH(QString, says);
        db::ConnectionInfo info = m_cluster.endpoint(node, QStringLiteral("analyst")).info;
        if (keyword == QLatin1String("host"))
            info.set(QStringLiteral("hostaddr"), {});
        if (!keyword.isEmpty())
            info.set(keyword, value);
        gui::ConnectionForm form(db::EndpointRole(role), m_client.get());
        form.setNode(node, {});
        form.setInfo(info);
        form.resize(640, 560);
        form.show();
        QSignalSpy tested(&form, &gui::ConnectionForm::tested);
        QTest::mouseClick(form.findChild<QPushButton*>(QStringLiteral("test")), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(tested.count(), 1, 20'000);
        const QString all = form.result()->text() + QLatin1Char('\n') + form.result()->details();
        QVERIFY2(form.result()->text().contains(says), qPrintable(all));
        QCOMPARE(int(form.result()->kind()), kind);
        test::shoot(&form, QStringLiteral("test-") + QString::fromLatin1(QTest::currentDataTag()));
    }

    void everyLoginOfTheConsoleIsTried()
    {
        const QString primary = QStringLiteral("primary");
        db::ConnectionInfo info = m_cluster.endpoint(primary, QStringLiteral("analyst")).info;
        info.set(QStringLiteral("user"), QStringLiteral("nobody_logs_in_as_this"));
        QMap<Purpose, QString> logins;
        for (const Purpose purpose : consolePurposes)
            logins.insert(purpose, m_cluster.role(purposeName(purpose)));
        gui::ConnectionForm form(db::EndpointRole::Primary, m_client.get());
        form.setNode(primary, logins);
        form.setInfo(info);
        form.resize(640, 560);
        form.show();
        QSignalSpy tested(&form, &gui::ConnectionForm::tested);
        form.test();
        QTRY_COMPARE_WITH_TIMEOUT(tested.count(), 1, 30'000);
        QVERIFY2(tested.constLast().constFirst().toBool(), qPrintable(form.result()->text()));
        const auto says = [&form](const QString& who, const QString& login) {
            return form.result()->text().contains(QStringLiteral("%1: logged in as %2.").arg(who, login));
        };
        QVERIFY2(says(QStringLiteral("Analyst"), logins.value(Purpose::Analyst)),
                 qPrintable(form.result()->text()));
        QVERIFY2(says(QStringLiteral("Operator"), logins.value(Purpose::Operator)),
                 qPrintable(form.result()->text()));
        QVERIFY2(says(QStringLiteral("Admin"), logins.value(Purpose::Admin)),
                 qPrintable(form.result()->text()));
        test::shoot(&form, QStringLiteral("test-logins"));

        // One lacks its role, one is not let in; the analyst is well all the same.
        logins.insert(Purpose::Operator, logins.value(Purpose::Analyst));
        logins.insert(Purpose::Admin, QStringLiteral("no_such_login"));
        form.setNode(primary, logins);
        form.test();
        QTRY_COMPARE_WITH_TIMEOUT(tested.count(), 2, 30'000);
        const QString text = form.result()->text();
        QCOMPARE(form.result()->kind(), gui::MessageStrip::Kind::Error);
        QVERIFY2(says(QStringLiteral("Analyst, Operator"), logins.value(Purpose::Analyst)), qPrintable(text));
        QVERIFY2(text.contains(QStringLiteral("lacks the role atlas_operator")), qPrintable(text));
        QVERIFY2(text.contains(QStringLiteral("Admin, as no_such_login: primary does not accept")),
                 qPrintable(text));
        test::shoot(&form, QStringLiteral("test-logins-refused"));
        QVERIFY(m_client->endpoints().isEmpty());
    }

    void theWarehouseIsRead()
    {
        const QString warehouse = QStringLiteral("warehouse");
        if (!m_cluster.nodes().contains(warehouse))
            QSKIP("no warehouse");
        gui::ConnectionForm form(db::EndpointRole::Warehouse, m_client.get());
        form.setNode(warehouse, {});
        db::ConnectionInfo info = m_cluster.endpoint(warehouse, QStringLiteral("analyst")).info;
        form.setInfo(info);
        QSignalSpy tested(&form, &gui::ConnectionForm::tested);
        form.test();
        QTRY_COMPARE_WITH_TIMEOUT(tested.count(), 1, 20'000);
        QVERIFY2(tested.constLast().constFirst().toBool(), qPrintable(form.result()->text()));
        info.set(QStringLiteral("dbname"), QStringLiteral("postgres"));
        form.setInfo(info);
        form.test();
        QTRY_COMPARE_WITH_TIMEOUT(tested.count(), 2, 20'000);
        QVERIFY2(form.result()->text().contains(QStringLiteral("no schema atlas")),
                 qPrintable(form.result()->text()));
    }

    void aRefusedOperatorLeavesTheNodesUp()
    {
        const auto read =
            Environment::fromFile(m_cluster.stateDirectory() + QStringLiteral("/environment.json"));
        QVERIFY(read.ok());
        Environment environment = *read;
        environment.logins.insert(Purpose::Operator, QStringLiteral("no_such_login"));
        const QString primary = QStringLiteral("primary");
        gui::AppContext context;
        gui::EndpointBar bar(&context);
        context.setEnvironment(environment);
        QTRY_COMPARE_WITH_TIMEOUT(context.tenantsLoading(), gui::AppContext::Loading::Ready, 20'000);
        const auto monitor = gui::monitorOf(context);
        const QStringList nodes = m_cluster.replicas() << primary;
        for (const QString& node : nodes)
            QTRY_VERIFY_WITH_TIMEOUT(context.refusedLogins(node).contains(Purpose::Operator), 20'000);
        // The analyst, who has read the tenants from it, is in.
        const QString first = m_cluster.replicas().value(0);
        const auto isUp = [&context](const QString& node) {
            return context.nodeState(node).link == db::EndpointState::Link::Up;
        };
        QVERIFY2(isUp(first), qPrintable(bar.textOf(first)));
        QCOMPARE(bar.textOf(first), first + QStringLiteral(" · up, operator login refused"));
        QVERIFY2(gui::EndpointBar::description(context.nodeState(first), context.refusedLogins(first))
                     .contains(QStringLiteral("The operator's login is refused")),
                 qPrintable(bar.textOf(first)));
        // Where nobody else has been yet, the node is not called dead, nor left out.
        QVERIFY2(!bar.textOf(primary).contains(QStringLiteral("down")), qPrintable(bar.textOf(primary)));
        QCOMPARE(context.readNodes(), nodes);
        for (const routing::NodeFreshness& node : monitor->nodes())
            QVERIFY2(node.usable, qPrintable(node.node + QLatin1Char(' ') + node.note));
        bool answered = false;
        context.client()->query(context.endpoint(primary),
                                discovery::tenantsStatement(std::chrono::seconds(10)), this,
                                [&answered](const db::Result<db::ResultSet>& rows) { answered = rows.ok(); });
        QTRY_VERIFY_WITH_TIMEOUT(answered, 20'000);
        QTRY_VERIFY2(isUp(primary), qPrintable(bar.textOf(primary)));
        QVERIFY(context.refusedLogins(primary).contains(Purpose::Operator));
    }

    void aRefusedLoginIsNotTriedAgainUnasked()
    {
        const QString primary = QStringLiteral("primary");
        test::TcpProxy proxy(m_cluster.address(primary), m_cluster.port(primary));
        Environment environment;
        environment.primary =
            m_cluster.endpointThrough(proxy.port(), primary, QStringLiteral("operator")).info;
        environment.primary.set(QStringLiteral("password"), QStringLiteral("wr0ng-pass"));
        db::Client client;
        for (const db::Endpoint& endpoint : environment.endpointsFor(Purpose::Operator))
            client.setEndpoint(endpoint);
        lag::Monitor monitor(&client, environment);
        QSignalSpy sampled(&monitor, &lag::Monitor::sampled);
        monitor.start(std::chrono::milliseconds(100));
        const auto evidence = [&monitor] {
            return monitor.stages().isEmpty() ? QString() : monitor.stages().constFirst().evidence;
        };
        QTRY_VERIFY2_WITH_TIMEOUT(evidence().contains(QStringLiteral("password authentication failed")),
                                  qPrintable(evidence()), 20'000);
        const int attempts = proxy.accepted();
        sampled.clear();
        QTRY_VERIFY_WITH_TIMEOUT(sampled.size() >= 20, 20'000);
        QCOMPARE(proxy.accepted(), attempts);
        // It is said in every round, and keeps nobody else from the node.
        QVERIFY2(evidence().contains(QStringLiteral("password authentication failed")),
                 qPrintable(evidence()));
        QVERIFY(monitor.nodes().constFirst().usable);
        monitor.probeNow();
        QTRY_VERIFY_WITH_TIMEOUT(proxy.accepted() > attempts, 20'000);
    }

    void aWrongPasswordComesWithALineForPgpass()
    {
        gui::ConnectionForm form(db::EndpointRole::Primary, m_client.get());
        form.setNode(QStringLiteral("primary"), {});
        db::ConnectionInfo info =
            m_cluster.endpoint(QStringLiteral("primary"), QStringLiteral("analyst")).info;
        info.set(QStringLiteral("passfile"), QStringLiteral("/dev/null"));
        info.set(QStringLiteral("password"), {});
        form.setInfo(info);
        QSignalSpy tested(&form, &gui::ConnectionForm::tested);
        form.test();
        QTRY_COMPARE_WITH_TIMEOUT(tested.count(), 1, 20'000);
        QVERIFY2(form.result()->details().contains(QStringLiteral("~/.pgpass")),
                 qPrintable(form.result()->text()));
        form.findChild<QLineEdit*>(QStringLiteral("password"))->setText(QStringLiteral("wr0ng-pass"));
        form.test();
        QTRY_COMPARE_WITH_TIMEOUT(tested.count(), 2, 20'000);
        QVERIFY2(form.result()->text().contains(QStringLiteral("does not accept")),
                 qPrintable(form.result()->text()));
        QVERIFY(!form.result()->details().contains(QStringLiteral("wr0ng-pass")));
    }

    void replicasAreFound()
    {
        gui::ReplicasPane pane(m_client.get());
        pane.setPrimary(m_cluster.endpoint(QStringLiteral("primary"), QStringLiteral("operator")).info);
        pane.resize(760, 480);
        pane.show();
        QTest::mouseClick(pane.findChild<QPushButton*>(QStringLiteral("findReplicas")), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(pane.strip()->isShowing(), 20'000);
        QVERIFY2(pane.strip()->errorText().isEmpty(), qPrintable(pane.strip()->details()));
        test::shoot(&pane, QStringLiteral("replicas-found"));
        QCOMPARE(pane.replicas().size(), m_cluster.replicas().size());
        for (const NamedConnection& replica : pane.replicas()) {
            QVERIFY(!replica.info.contains(QStringLiteral("password")));
            QVERIFY(replica.info.contains(QStringLiteral("host")));
            QVERIFY(!replica.info.contains(QStringLiteral("hostaddr")));
        }
        // Asked again, nothing is added twice.
        pane.strip()->clear();
        pane.find();
        QTRY_VERIFY_WITH_TIMEOUT(pane.strip()->isShowing(), 20'000);
        QCOMPARE(pane.replicas().size(), m_cluster.replicas().size());
    }

private:
    test::TestCluster m_cluster;
    std::unique_ptr<test::GuiSandbox> m_sandbox;
    std::unique_ptr<db::Client> m_client;
};

QTEST_MAIN(TestConnecting)
#include "tst_connecting.moc"
