// SPDX-License-Identifier: GPL-3.0-or-later
// The environments dialog against real servers: what the Test button says, replicas that are found.
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>

#include "gui/environments/connectionform.h"
#include "gui/environments/replicaspane.h"
#include "gui/widgets/messagestrip.h"
#include "tests/gui/guitest.h"
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
