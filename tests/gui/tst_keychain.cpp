// SPDX-License-Identifier: GPL-3.0-or-later
// Passwords in a real keychain: a Secret Service of this test's own, which withbus.sh starts.
#include <QElapsedTimer>
#include <QLineEdit>
#include <QProcess>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>

#include <csignal>

#include "gui/app/appcontext.h"
#include "gui/environments/connectionform.h"
#include "gui/environments/environmentsdialog.h"
#include "gui/environments/replicaspane.h"
#include "gui/environments/secretstore.h"
#include "gui/widgets/messagestrip.h"
#include "model/environment/environmentstore.h"
#include "tests/gui/guitest.h"
#include "tests/support/nastystrings.h"
#include "tests/support/testcluster.h"

using namespace atlas;
namespace secrets = gui::secrets;

namespace {
constexpr int patience = 20'000;
}

class TestKeychain : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        if (!secrets::isAvailable())
            QSKIP("built without a keychain");
        if (!qEnvironmentVariableIsSet("ATLAS_TEST_KEYRING_PID"))
            QSKIP("no Secret Service here: install gnome-keyring and dbus-daemon");
        m_sandbox = std::make_unique<test::GuiSandbox>();
    }

    void cleanup()
    {
        if (m_stopped > 0)
            ::kill(std::exchange(m_stopped, 0), SIGCONT);
    }

    void whatIsWrittenIsRead()
    {
        QMap<QString, QString> all;
        for (const QString& nasty : test::nastyStrings())
            all.insert(secrets::keyFor(nasty, all.size() % 2 == 0, nasty), nasty);
        for (auto it = all.cbegin(); it != all.cend(); ++it)
            QCOMPARE(write(it.key(), it.value()), QString());
        const QString missing = secrets::keyFor(QStringLiteral("never"), false, QStringLiteral("written"));
        for (auto it = all.cbegin(); it != all.cend(); ++it)
            QCOMPARE(read({it.key(), missing}), (QMap<QString, QString>{{it.key(), it.value()}}));

        const QString key = all.firstKey();
        QCOMPARE(write(key, QStringLiteral("another")), QString());
        QCOMPARE(read({key}).value(key), QStringLiteral("another"));
        QCOMPARE(remove(key), QString());
        QVERIFY(read({key}).isEmpty());
        QVERIFY(read({}).isEmpty());
    }

    void aRenamedEnvironmentTakesItsPasswordsAlong()
    {
        Environment environment;
        environment.name = QStringLiteral("old");
        environment.primary.set(QStringLiteral("host"), QStringLiteral("db.example"));
        environment.primary.set(QStringLiteral("user"), QStringLiteral("reader"));
        environment.warehouse = NamedConnection{QStringLiteral("warehouse"), environment.primary};
        environment.logins.insert(Purpose::Operator, QStringLiteral("watcher"));
        environment.useKeychain = true;
        const QStringList before = secrets::keysOf(environment);
        QCOMPARE(before.size(), 4);
        for (const QString& key : before)
            QCOMPARE(write(key, QStringLiteral("of ") + key), QString());

        auto store = std::make_shared<EnvironmentStore>();
        QVERIFY(store->save(environment).ok());
        db::Client client;
        gui::EnvironmentsDialog dialog(store, &client);
        dialog.show();
        auto* name = dialog.findChild<QLineEdit*>(QStringLiteral("environmentName"));
        name->selectAll();
        QTest::keyClicks(name, QStringLiteral("new"));
        // A password that is typed with it wins over the one that is moved.
        QTest::keyClicks(dialog.findChild<QLineEdit*>(QStringLiteral("password-operator")),
                         QStringLiteral("typed"));
        QSignalSpy changed(&dialog, &gui::EnvironmentsDialog::storeChanged);
        QTest::mouseClick(dialog.findChild<QPushButton*>(QStringLiteral("save")), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(changed.count(), 1, patience);

        Environment renamed = environment;
        renamed.name = QStringLiteral("new");
        const QStringList after = secrets::keysOf(renamed);
        QTRY_VERIFY_WITH_TIMEOUT(read(before).isEmpty(), patience);
        const QMap<QString, QString> found = read(after);
        QCOMPARE(found.size(), after.size());
        for (qsizetype i = 0; i < after.size(); ++i)
            QCOMPARE(found.value(after.at(i)), after.at(i).endsWith(QLatin1String("/watcher"))
                                                   ? QStringLiteral("typed") // for both worlds
                                                   : QStringLiteral("of ") + before.at(i));
        QVERIFY(store->remove(QStringLiteral("new")).ok());
    }

    void aNewPasswordIsTold()
    {
        Environment environment;
        environment.name = QStringLiteral("same as before");
        environment.primary.set(QStringLiteral("host"), QStringLiteral("db.example"));
        environment.logins.insert(Purpose::Operator, QStringLiteral("watcher"));
        environment.useKeychain = true;
        auto store = std::make_shared<EnvironmentStore>();
        QVERIFY(store->save(environment).ok());
        db::Client client;
        gui::EnvironmentsDialog dialog(store, &client);
        dialog.show();
        dialog.select(environment.name);
        QTest::keyClicks(dialog.findChild<QLineEdit*>(QStringLiteral("password-operator")),
                         QStringLiteral("typed"));
        QSignalSpy passwords(&dialog, &gui::EnvironmentsDialog::passwordsChanged);
        QSignalSpy used(&dialog, &gui::EnvironmentsDialog::useRequested);
        // Whoever connects by it finds the password there.
        QTest::mouseClick(dialog.findChild<QPushButton*>(QStringLiteral("use")), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(used.count(), 1, patience);
        const QString key = secrets::keyFor(environment.name, false, QStringLiteral("watcher"));
        QCOMPARE(read({key}).value(key), QStringLiteral("typed"));
        QCOMPARE(passwords.count(), 1);
        QCOMPARE(passwords.constFirst().constFirst().toString(), environment.name);
        // In the store it is what it was: only the signal says that something is new.
        QCOMPARE(*store->find(environment.name), environment);
        QVERIFY(!dialog.isVisible());
        QVERIFY(store->remove(environment.name).ok());
    }

    void aPasswordIsKeptForWhoLogsInWhenSaved()
    {
        Environment environment;
        environment.name = QStringLiteral("typed in any order");
        environment.primary.set(QStringLiteral("host"), QStringLiteral("db.example"));
        environment.primary.set(QStringLiteral("user"), QStringLiteral("alice"));
        auto store = std::make_shared<EnvironmentStore>();
        QVERIFY(store->save(environment).ok());
        db::Client client;
        gui::EnvironmentsDialog dialog(store, &client);
        dialog.show();
        dialog.select(environment.name);
        const auto field = [&dialog](const char* name) {
            return dialog.findChild<QLineEdit*>(QString::fromLatin1(name));
        };
        auto* form = dialog.findChild<gui::ConnectionForm*>(QStringLiteral("primaryForm"));
        // Before anybody said whose they are.
        QTest::keyClicks(field("password-analyst"), QStringLiteral("overridden"));
        QTest::keyClicks(form->findChild<QLineEdit*>(QStringLiteral("password")),
                         QStringLiteral("analyst's"));
        QTest::keyClicks(field("password-operator"), QStringLiteral("watcher's"));
        QTest::keyClicks(field("password-admin"), QStringLiteral("gone"));
        field("password-admin")->selectAll();
        QTest::keyClick(field("password-admin"), Qt::Key_Delete);
        QTest::keyClicks(field("login-analyst"), QStringLiteral("ana"));
        QTest::keyClicks(field("login-operator"), QStringLiteral("wat"));
        QTest::keyClicks(field("login-admin"), QStringLiteral("adm"));

        QSignalSpy changed(&dialog, &gui::EnvironmentsDialog::storeChanged);
        QTest::mouseClick(dialog.findChild<QPushButton*>(QStringLiteral("save")), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(changed.count(), 1, patience);
        QStringList keys;
        for (const char* login : {"", "alice", "a", "an", "ana", "w", "wa", "wat", "adm"}) {
            for (const bool isWarehouse : {false, true})
                keys << secrets::keyFor(environment.name, isWarehouse, QString::fromLatin1(login));
        }
        const QString analystKey = secrets::keyFor(environment.name, false, QStringLiteral("ana"));
        const QString watcherKey = secrets::keyFor(environment.name, false, QStringLiteral("wat"));
        QCOMPARE(read(keys), (QMap<QString, QString>{{analystKey, QStringLiteral("analyst's")},
                                                     {watcherKey, QStringLiteral("watcher's")}}));
        // The keychain has them: the fields are free again.
        QCOMPARE(form->password(), QString());
        QCOMPARE(field("password-operator")->text(), QString());
        QVERIFY(!dialog.hasDrafts());
        QCOMPARE(remove(analystKey), QString());
        QCOMPARE(remove(watcherKey), QString());
        QVERIFY(store->remove(environment.name).ok());
    }

    void testAndFindUseIt()
    {
        test::TestCluster cluster;
        ATLAS_REQUIRE_CLUSTER(cluster);
        const QString primary = QStringLiteral("primary");
        const QString name = QStringLiteral("tested with the keychain");
        const QString user = QStringLiteral("user");
        db::Client client;
        const auto withoutPassword = [&](const QString& login) {
            db::ConnectionInfo info = cluster.endpoint(primary, login).info;
            info.set(QStringLiteral("passfile"), QStringLiteral("/dev/null"));
            info.set(QStringLiteral("password"), {});
            return info;
        };
        const db::ConnectionInfo analyst = withoutPassword(QStringLiteral("analyst"));
        const QString analystKey = secrets::keyFor(name, false, analyst.value(user));
        gui::ConnectionForm form(db::EndpointRole::Primary, &client);
        form.setNode(primary, {});
        form.setInfo(analyst);
        form.setKeychain(name);
        QSignalSpy tested(&form, &gui::ConnectionForm::tested);
        form.test();
        QTRY_COMPARE_WITH_TIMEOUT(tested.count(), 1, patience);
        QCOMPARE(tested.constLast().constFirst().toBool(), false);
        QCOMPARE(write(analystKey, cluster.password(primary, QStringLiteral("analyst"))), QString());
        form.test();
        QTRY_COMPARE_WITH_TIMEOUT(tested.count(), 2, patience);
        QVERIFY2(tested.constLast().constFirst().toBool(), qPrintable(form.result()->text()));
        // What is typed wins.
        form.findChild<QLineEdit*>(QStringLiteral("password"))->setText(QStringLiteral("wr0ng-pass"));
        form.test();
        QTRY_COMPARE_WITH_TIMEOUT(tested.count(), 3, patience);
        QCOMPARE(tested.constLast().constFirst().toBool(), false);

        const db::ConnectionInfo watcher = withoutPassword(QStringLiteral("operator"));
        const QString watcherKey = secrets::keyFor(name, false, watcher.value(user));
        QCOMPARE(write(watcherKey, cluster.password(primary, QStringLiteral("operator"))), QString());
        gui::ReplicasPane pane(&client);
        pane.setPrimary(watcher);
        pane.setKeychain(name);
        pane.find();
        QTRY_VERIFY_WITH_TIMEOUT(pane.strip()->isShowing(), patience);
        QVERIFY2(pane.strip()->errorText().isEmpty(), qPrintable(pane.strip()->details()));
        QCOMPARE(pane.replicas().size(), cluster.replicas().size());
        for (const NamedConnection& replica : pane.replicas())
            QVERIFY(!replica.info.contains(QStringLiteral("password")));
        QCOMPARE(remove(analystKey), QString());
        QCOMPARE(remove(watcherKey), QString());
    }

    void theConsoleLogsInWithIt()
    {
        test::TestCluster cluster;
        ATLAS_REQUIRE_CLUSTER(cluster);
        const QString primary = QStringLiteral("primary");
        Environment environment;
        environment.name = QStringLiteral("kept in the keychain");
        environment.primary = cluster.endpoint(primary, QStringLiteral("analyst")).info;
        environment.primary.set(QStringLiteral("passfile"), QStringLiteral("/dev/null"));
        environment.primary.set(QStringLiteral("password"), {});
        environment.useKeychain = true;
        const QString key =
            secrets::keyFor(environment.name, false, environment.primary.value(QStringLiteral("user")));
        const auto connects = [&] {
            gui::AppContext context;
            context.setEnvironment(environment);
            return QTest::qWaitFor(
                       [&] {
                           return context.tenantsLoading() == gui::AppContext::Loading::Ready ||
                                  context.tenantsLoading() == gui::AppContext::Loading::Failed;
                       },
                       patience) &&
                   context.nodeState(primary).link == db::EndpointState::Link::Up;
        };
        QVERIFY(!connects());
        QCOMPARE(write(key, cluster.password(primary, QStringLiteral("analyst"))), QString());
        QVERIFY(connects());
        QCOMPARE(remove(key), QString());
        QVERIFY(!connects());
    }

    void aKeychainThatHangsHoldsUpNobody()
    {
        m_stopped = pid_t(qEnvironmentVariableIntValue("ATLAS_TEST_KEYRING_PID"));
        QCOMPARE(::kill(m_stopped, SIGSTOP), 0);
        QElapsedTimer clock;
        clock.start();
        bool answered = false;
        QMap<QString, QString> found;
        secrets::readAll({QStringLiteral("a/cluster/b")}, this, [&](const QMap<QString, QString>& passwords) {
            found = passwords;
            answered = true;
        });
        QVERIFY(clock.elapsed() < 1000); // the call itself waits for nothing
        QTRY_VERIFY_WITH_TIMEOUT(answered, patience);
        QVERIFY(found.isEmpty());
    }

private:
    /// The error, or nothing.
    QString write(const QString& key, const QString& password)
    {
        return answerOf([&](const auto& done) { secrets::write(key, password, this, done); });
    }
    QString remove(const QString& key)
    {
        return answerOf([&](const auto& done) { secrets::remove(key, this, done); });
    }
    template<class Call> QString answerOf(Call call)
    {
        std::optional<QString> answer;
        call([&](const QString& error) { answer = error; });
        if (!QTest::qWaitFor([&] { return answer.has_value(); }, patience))
            qWarning("no answer");
        return answer.value_or(QStringLiteral("no answer"));
    }
    QMap<QString, QString> read(const QStringList& keys)
    {
        std::optional<QMap<QString, QString>> answer;
        secrets::readAll(keys, this, [&](const QMap<QString, QString>& found) { answer = found; });
        if (!QTest::qWaitFor([&] { return answer.has_value(); }, patience))
            qWarning("no answer");
        return answer.value_or(QMap<QString, QString>{{QStringLiteral("no answer"), {}}});
    }

    std::unique_ptr<test::GuiSandbox> m_sandbox;
    pid_t m_stopped = 0;
};

QTEST_MAIN(TestKeychain)
#include "tst_keychain.moc"
