// SPDX-License-Identifier: GPL-3.0-or-later
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLineEdit>
#include <QListWidget>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTabWidget>
#include <QTest>
#include <QToolButton>

#include "gui/environments/connectionform.h"
#include "gui/environments/environmentsdialog.h"
#include "gui/environments/replicaspane.h"
#include "gui/environments/secretstore.h"
#include "gui/widgets/messagestrip.h"
#include "gui/widgets/segmentedcontrol.h"
#include "model/environment/environmentstore.h"
#include "tests/gui/guitest.h"

using namespace atlas;

namespace {

Environment sample(const QString& name)
{
    Environment environment;
    environment.name = name;
    environment.color = QStringLiteral("#d1495b");
    environment.primary.set(QStringLiteral("host"), QStringLiteral("db.example"));
    environment.primary.set(QStringLiteral("port"), QStringLiteral("6432"));
    environment.primary.set(QStringLiteral("options"), QStringLiteral("-c a='b c' \\ d"));
    NamedConnection replica;
    replica.name = QStringLiteral("eu west 1");
    replica.info.set(QStringLiteral("service"), QStringLiteral("prod-replica"));
    environment.replicas << replica;
    NamedConnection warehouse;
    warehouse.name = QStringLiteral("warehouse");
    warehouse.info.set(QStringLiteral("host"), QStringLiteral("redshift.example"));
    environment.warehouse = warehouse;
    environment.logins.insert(Purpose::Analyst, QStringLiteral("ana"));
    environment.logins.insert(Purpose::Admin, QStringLiteral("adm"));
    return environment;
}

/// JSON with single quotes, which moc and people read more easily than raw strings.
QByteArray json(QByteArray text)
{
    return text.replace('\'', '"');
}

QByteArray contents(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

void write(const QString& path, const QByteArray& bytes)
{
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(bytes);
}

} // namespace

class TestEnvironments : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { m_sandbox = std::make_unique<test::GuiSandbox>(); }

    void names_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<bool>("valid");
        QTest::newRow("plain") << QStringLiteral("prod") << true;
        QTest::newRow("sql") << QStringLiteral("x'; drop table t; --") << true;
        QTest::newRow("markup") << QStringLiteral("<b>&amp;\"'</b>") << true;
        QTest::newRow("path") << QStringLiteral("../../etc/passwd") << true;
        QTest::newRow("percent") << QStringLiteral("%1 %n %2F / \\") << true;
        QTest::newRow("emoji, right to left") << QString::fromUtf8("🚚 مرحبا 環境") << true;
        QTest::newRow("200 long") << QString(200, QLatin1Char('x')) << true;
        QTest::newRow("201 long") << QString(201, QLatin1Char('x')) << false;
        QTest::newRow("empty") << QString() << false;
        QTest::newRow("blank") << QStringLiteral("  ") << false;
        QTest::newRow("line break") << QStringLiteral("a\nb") << false;
        QTest::newRow("NUL") << QStringLiteral("a") + QChar(u'\0') + QStringLiteral("b") << false;
    }

    void names()
    {
        QFETCH(QString, name);
        QFETCH(bool, valid);
        EnvironmentStore store;
        QCOMPARE(store.save(sample(name)).ok(), valid);
        EnvironmentStore again;
        QCOMPARE(again.environments().size(), valid ? 1 : 0);
        if (valid) {
            QCOMPARE(again.environments().constFirst(), sample(name));
            QVERIFY(again.notices().isEmpty());
        }
    }

    void theFileIsOurs()
    {
        EnvironmentStore store;
        QVERIFY(store.save(sample(QStringLiteral("a"))).ok());
        const QFile::Permissions others =
            QFile::ReadGroup | QFile::WriteGroup | QFile::ReadOther | QFile::WriteOther;
        QCOMPARE(QFile(store.path()).permissions() & others, QFile::Permissions());
    }

    void noPasswordIsEverWritten()
    {
        EnvironmentStore store;
        Environment environment = sample(QStringLiteral("a"));
        environment.primary.set(QStringLiteral("password"), QStringLiteral("s3cret"));
        const db::Status saved = store.save(environment);
        QVERIFY(!saved.ok());
        QVERIFY(saved.error().message.contains(QStringLiteral("pgpass")));
        QVERIFY(!QFile::exists(store.path()));
        // The last guard, whoever asks for the JSON.
        QVERIFY(!QJsonDocument(environment.toJson()).toJson().contains("s3cret"));
    }

    void aFileWithAPasswordIsRefused_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::newRow("primary") << json("{'name':'x','primary':{'host':'h','password':'s3cret'}}");
        QTest::newRow("replica") << json(
            "{'name':'x','primary':{},'replicas':[{'name':'r','host':'h','password':'s3cret'}]}");
        QTest::newRow("warehouse") << json("{'name':'x','warehouse':{'host':'h','sslpassword':'s3cret'}}");
        QTest::newRow("inside dbname")
            << json("{'name':'x','primary':{'dbname':'postgresql://u:s3cret@h/db'}}");
    }

    void aFileWithAPasswordIsRefused()
    {
        QFETCH(QByteArray, text);
        const auto read = Environment::fromJson(QJsonDocument::fromJson(text).object());
        QVERIFY(!read.ok());
        QVERIFY2(read.error().message.contains(QStringLiteral("password does not belong")),
                 qPrintable(read.error().message));
        QVERIFY(!read.error().message.contains(QStringLiteral("s3cret")));
    }

    void wrongFiles_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<QString>("says");
        QTest::newRow("no name") << QByteArray("{}") << QStringLiteral("name");
        QTest::newRow("unknown keyword")
            << json("{'name':'x','primary':{'hots':'h'}}") << QStringLiteral("hots");
        QTest::newRow("port") << json("{'name':'x','primary':{'port':'70000'}}") << QStringLiteral("70000");
        QTest::newRow("list") << json("{'name':'x','primary':{'host':['a']}}")
                              << QStringLiteral("primary.host");
        QTest::newRow("same replica twice")
            << json("{'name':'x','replicas':[{'name':'r','host':'a'},{'name':'r','host':'b'}]}")
            << QStringLiteral("taken");
        QTest::newRow("replica called primary")
            << json("{'name':'x','replicas':[{'name':'primary','host':'a'}]}") << QStringLiteral("taken");
        QTest::newRow("purpose") << json("{'name':'x','logins':{'boss':'b'}}") << QStringLiteral("boss");
    }

    void wrongFiles()
    {
        QFETCH(QByteArray, text);
        QFETCH(QString, says);
        const auto read = Environment::fromJson(QJsonDocument::fromJson(text).object());
        QVERIFY(!read.ok());
        QVERIFY2(read.error().message.contains(says), qPrintable(read.error().message));
    }

    void aServiceAloneIsEnough()
    {
        const auto read = Environment::fromJson(
            QJsonDocument::fromJson(json("{'name':'x','primary':{'service':'prod'}}")).object());
        QVERIFY(read.ok());
        const QList<db::Endpoint> endpoints = read->endpointsFor(Purpose::Analyst);
        QCOMPARE(endpoints.size(), 1);
        QCOMPARE(endpoints.constFirst().id, QStringLiteral("primary"));
        QVERIFY(endpoints.constFirst().readOnly);
        QVERIFY(!endpoints.constFirst().info.contains(QStringLiteral("user")));
    }

    void endpointsOfAPurpose()
    {
        const Environment environment = sample(QStringLiteral("x"));
        QStringList ids;
        for (const db::Endpoint& endpoint : environment.endpointsFor(Purpose::Admin)) {
            ids << endpoint.id;
            QCOMPARE(endpoint.info.value(QStringLiteral("user")), QStringLiteral("adm"));
            QCOMPARE(endpoint.readOnly, endpoint.role == db::EndpointRole::Replica);
        }
        QCOMPARE(ids, (QStringList{QStringLiteral("eu west 1#admin"), QStringLiteral("primary#admin"),
                                   QStringLiteral("warehouse#admin")}));
        QCOMPARE(endpointNode(ids.constFirst()), QStringLiteral("eu west 1"));
        QCOMPARE(endpointPurpose(ids.constFirst()), Purpose::Admin);
        QCOMPARE(endpointPurpose(QStringLiteral("primary")), Purpose::Analyst);
    }

    void aBrokenFileIsKeptAside()
    {
        const QString path = EnvironmentStore::defaultPath();
        QVERIFY(QDir().mkpath(QFileInfo(path).absolutePath()));
        write(path, "{ not json");
        EnvironmentStore store;
        QCOMPARE(store.notices().size(), 1);
        QVERIFY(store.environments().isEmpty());
        QVERIFY(store.save(sample(QStringLiteral("new"))).ok());
        const QStringList kept = QFileInfo(path).dir().entryList({QStringLiteral("*.broken-*")});
        QCOMPARE(kept.size(), 1);
        QCOMPARE(contents(QFileInfo(path).dir().filePath(kept.constFirst())), QByteArray("{ not json"));
    }

    void oneBadEntryDoesNotCostTheOthers()
    {
        EnvironmentStore store;
        QVERIFY(store.save(sample(QStringLiteral("good"))).ok());
        QJsonObject all = QJsonDocument::fromJson(contents(store.path())).object();
        QJsonArray list = all.value(QStringLiteral("environments")).toArray();
        list.append(
            QJsonObject{{QStringLiteral("name"), QStringLiteral("bad")}, {QStringLiteral("primary"), 5}});
        all.insert(QStringLiteral("environments"), list);
        write(store.path(), QJsonDocument(all).toJson());
        EnvironmentStore again;
        QCOMPARE(again.environments().size(), 1);
        QVERIFY(again.notices().join(QLatin1Char(' ')).contains(QStringLiteral("\"bad\"")));
        QCOMPARE(QFileInfo(store.path()).dir().entryList({QStringLiteral("*.broken-*")}).size(), 1);
    }

    void resolve()
    {
        EnvironmentStore store;
        QVERIFY(store.save(sample(QStringLiteral("prod"))).ok());
        QCOMPARE(resolveEnvironment(store, QStringLiteral("prod"), QStringLiteral("svc"))->name,
                 QStringLiteral("prod"));
        QCOMPARE(
            resolveEnvironment(store, {}, QStringLiteral("svc"))->primary.value(QStringLiteral("service")),
            QStringLiteral("svc"));
        const auto missing = resolveEnvironment(store, QStringLiteral("nope"), {});
        QVERIFY(!missing.ok());
        QVERIFY(missing.error().message.contains(QStringLiteral("prod")));
        QVERIFY(resolveEnvironment(store, {}, {})->primary.options().isEmpty());
        qputenv("ATLAS_ENVIRONMENT", "prod");
        QCOMPARE(resolveEnvironment(store, {}, {})->name, QStringLiteral("prod"));
        QCOMPARE(resolveEnvironment(store, {}, QStringLiteral("svc"))->name, QStringLiteral("svc"));
        qunsetenv("ATLAS_ENVIRONMENT");
    }

    void theLocalEnvironmentIsNotStored()
    {
        const QString file = m_sandbox->path(QStringLiteral("local.json"));
        write(file, QJsonDocument(sample(QStringLiteral("local")).toJson()).toJson());
        qputenv("ATLAS_LOCAL_ENVIRONMENT", QFile::encodeName(file));
        EnvironmentStore store;
        qunsetenv("ATLAS_LOCAL_ENVIRONMENT");
        QVERIFY(store.isLocal(QStringLiteral("local")));
        QVERIFY(!store.save(sample(QStringLiteral("local"))).ok());
        QVERIFY(store.save(sample(QStringLiteral("mine"))).ok());
        QVERIFY(!contents(store.path()).contains("\"local\""));
    }

    void keychainKeysCannotBeConfused()
    {
        QVERIFY(gui::secrets::keyFor(QStringLiteral("a/cluster"), false, QStringLiteral("b")) !=
                gui::secrets::keyFor(QStringLiteral("a"), false, QStringLiteral("cluster/b")));
        QVERIFY(gui::secrets::keyFor(QStringLiteral("a%2F"), false, {}) !=
                gui::secrets::keyFor(QStringLiteral("a/"), false, {}));
    }

    void pgpassLineEscapes()
    {
        db::ConnectionInfo info;
        info.set(QStringLiteral("host"), QStringLiteral("::1"));
        info.set(QStringLiteral("dbname"), QStringLiteral("a\\b"));
        QCOMPARE(gui::pgpassLine(info, QStringLiteral("u:x")),
                 QStringLiteral("\\:\\:1:*:a\\\\b:u\\:x:PASSWORD"));
    }

    void addByHand()
    {
        auto store = std::make_shared<EnvironmentStore>();
        db::Client client;
        gui::EnvironmentsDialog dialog(store, &client);
        dialog.show();
        QVERIFY(QTest::qWaitForWindowExposed(&dialog));
        QTest::mouseClick(dialog.findChild<QToolButton*>(QStringLiteral("add")), Qt::LeftButton);
        auto* name = dialog.findChild<QLineEdit*>(QStringLiteral("environmentName"));
        name->selectAll();
        QTest::keyClicks(name, QStringLiteral("prod"));
        auto* form = dialog.findChild<gui::ConnectionForm*>(QStringLiteral("primaryForm"));
        QTest::keyClicks(form->findChild<QLineEdit*>(QStringLiteral("host")), QStringLiteral("db.example"));
        QTest::keyClicks(form->findChild<QLineEdit*>(QStringLiteral("port")), QStringLiteral("99999"));
        auto* list = dialog.findChild<QListWidget*>(QStringLiteral("environmentList"));
        QVERIFY(list->item(0)->text().contains(QStringLiteral("not saved")));
        auto* save = dialog.findChild<QPushButton*>(QStringLiteral("save"));
        QTest::mouseClick(save, Qt::LeftButton);
        QVERIFY2(dialog.strip()->text().contains(QStringLiteral("99999")),
                 qPrintable(dialog.strip()->text()));
        QVERIFY(store->environments().isEmpty());
        test::shoot(&dialog, QStringLiteral("environments-invalid"));
        // Closing does not lose it.
        dialog.close();
        QVERIFY(dialog.isVisible());
        QVERIFY(dialog.strip()->text().contains(QStringLiteral("prod")));
        auto* port = form->findChild<QLineEdit*>(QStringLiteral("port"));
        port->selectAll();
        QTest::keyClicks(port, QStringLiteral("6432"));
        QTest::mouseClick(save, Qt::LeftButton);
        QCOMPARE(store->environments().size(), 1);
        QCOMPARE(store->environments().constFirst().primary.value(QStringLiteral("port")),
                 QStringLiteral("6432"));
        QCOMPARE(list->item(0)->text(), QStringLiteral("prod"));
        QVERIFY(!dialog.hasDrafts());
    }

    void draftsSurviveLookingElsewhere()
    {
        auto store = std::make_shared<EnvironmentStore>();
        QVERIFY(store->save(sample(QStringLiteral("a"))).ok());
        QVERIFY(store->save(sample(QStringLiteral("b"))).ok());
        db::Client client;
        gui::EnvironmentsDialog dialog(store, &client);
        dialog.show();
        dialog.select(QStringLiteral("a"));
        auto* host = dialog.findChild<gui::ConnectionForm*>(QStringLiteral("primaryForm"))
                         ->findChild<QLineEdit*>(QStringLiteral("host"));
        QTest::keyClicks(host, QStringLiteral(".edited"));
        dialog.select(QStringLiteral("b"));
        QCOMPARE(host->text(), QStringLiteral("db.example"));
        dialog.findChild<QListWidget*>(QStringLiteral("environmentList"))->setCurrentRow(0);
        QCOMPARE(host->text(), QStringLiteral("db.example.edited"));
        QCOMPARE(store->find(QStringLiteral("a"))->primary.value(QStringLiteral("host")),
                 QStringLiteral("db.example"));
    }

    void duplicateRenameRemove()
    {
        auto store = std::make_shared<EnvironmentStore>();
        QVERIFY(store->save(sample(QStringLiteral("a"))).ok());
        db::Client client;
        gui::EnvironmentsDialog dialog(store, &client);
        dialog.show();
        QTest::mouseClick(dialog.findChild<QToolButton*>(QStringLiteral("duplicate")), Qt::LeftButton);
        auto* name = dialog.findChild<QLineEdit*>(QStringLiteral("environmentName"));
        auto* save = dialog.findChild<QPushButton*>(QStringLiteral("save"));
        name->selectAll();
        QTest::keyClicks(name, QStringLiteral("a"));
        QTest::mouseClick(save, Qt::LeftButton);
        QVERIFY(dialog.strip()->text().contains(QStringLiteral("already")));
        name->selectAll();
        QTest::keyClicks(name, QStringLiteral("c"));
        QTest::mouseClick(save, Qt::LeftButton);
        QVERIFY(store->find(QStringLiteral("c")));
        QCOMPARE(store->find(QStringLiteral("c"))->replicas, sample({}).replicas);
        auto* remove = dialog.findChild<QToolButton*>(QStringLiteral("remove"));
        QTest::mouseClick(remove, Qt::LeftButton);
        // Asked first, in place.
        QVERIFY(store->find(QStringLiteral("c")));
        QTest::mouseClick(remove, Qt::LeftButton);
        QVERIFY(!store->find(QStringLiteral("c")));
        QVERIFY(store->find(QStringLiteral("a")));
    }

    void fieldsAndStringAreTheSame()
    {
        db::Client client;
        gui::ConnectionForm form(db::EndpointRole::Primary, &client);
        form.setNode(QStringLiteral("primary"), {});
        form.show();
        auto* mode = form.findChild<gui::SegmentedControl*>(QStringLiteral("connectionMode"));
        mode->setCurrentIndex(1);
        auto* text = form.findChild<QPlainTextEdit*>(QStringLiteral("connectionString"));
        text->setPlainText(QStringLiteral(
            "postgresql://u:s3cret@db.example:6432/atlas?sslmode=verify-full&connect_timeout=3"));
        QCOMPARE(form.info().value(QStringLiteral("host")), QStringLiteral("db.example"));
        QCOMPARE(form.password(), QStringLiteral("s3cret"));
        QVERIFY(!form.info().contains(QStringLiteral("password")));
        mode->setCurrentIndex(0);
        QCOMPARE(form.findChild<QLineEdit*>(QStringLiteral("port"))->text(), QStringLiteral("6432"));
        mode->setCurrentIndex(1);
        QVERIFY(!text->toPlainText().contains(QStringLiteral("s3cret")));
        QVERIFY(text->toPlainText().contains(QStringLiteral("connect_timeout=3")));
        text->setPlainText(QStringLiteral("host=x nonsense=y"));
        QVERIFY(!form.problem().isEmpty());
        // What is not understood is not lost by turning the page.
        mode->setCurrentIndex(0);
        QCOMPARE(mode->currentIndex(), 1);
        QVERIFY(text->toPlainText().contains(QStringLiteral("nonsense")));
    }

    void testSaysRefused()
    {
        db::Client client;
        gui::ConnectionForm form(db::EndpointRole::Primary, &client);
        form.setNode(QStringLiteral("primary"), {});
        form.resize(640, 560);
        form.show();
        db::ConnectionInfo info;
        info.set(QStringLiteral("host"), QStringLiteral("127.0.0.1"));
        info.set(QStringLiteral("port"), QStringLiteral("1"));
        info.set(QStringLiteral("user"), QStringLiteral("nobody"));
        form.setInfo(info);
        QSignalSpy tested(&form, &gui::ConnectionForm::tested);
        QTest::mouseClick(form.findChild<QPushButton*>(QStringLiteral("test")), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(tested.count(), 1, 20'000);
        QCOMPARE(tested.constFirst().constFirst().toBool(), false);
        QVERIFY2(form.result()->text().contains(QStringLiteral("Nobody answers")),
                 qPrintable(form.result()->text()));
        QVERIFY2(form.result()->details().contains(QStringLiteral("refused"), Qt::CaseInsensitive),
                 qPrintable(form.result()->details()));
        test::shoot(&form, QStringLiteral("environments-refused"));
    }

    void testSaysUnknownName()
    {
        db::Client client;
        gui::ConnectionForm form(db::EndpointRole::Primary, &client);
        form.setNode(QStringLiteral("primary"), {});
        form.show();
        db::ConnectionInfo info;
        info.set(QStringLiteral("host"), QStringLiteral("no-such-host.invalid"));
        form.setInfo(info);
        QSignalSpy tested(&form, &gui::ConnectionForm::tested);
        form.test();
        QTRY_COMPARE_WITH_TIMEOUT(tested.count(), 1, 20'000);
        QVERIFY2(form.result()->text().contains(QStringLiteral("host name")),
                 qPrintable(form.result()->text()));
    }

    void replicasOfAnotherEnvironmentAreNotListed()
    {
        db::Client client;
        gui::ReplicasPane pane(&client);
        pane.show();
        db::ConnectionInfo info;
        info.set(QStringLiteral("host"), QStringLiteral("127.0.0.1"));
        info.set(QStringLiteral("port"), QStringLiteral("1"));
        info.set(QStringLiteral("user"), QStringLiteral("nobody"));
        pane.setPrimary(info);
        pane.find();
        auto* find = pane.findChild<QPushButton*>(QStringLiteral("findReplicas"));
        QVERIFY(!find->isEnabled());
        // Another environment is shown before the answer comes.
        pane.setReplicas(sample({}).replicas);
        QVERIFY(find->isEnabled());
        QTest::qWait(1000);
        QVERIFY2(!pane.strip()->isShowing(), qPrintable(pane.strip()->text()));
        QCOMPARE(pane.replicas(), sample({}).replicas);
        // Asked in this one, it is said here.
        pane.find();
        QTRY_VERIFY_WITH_TIMEOUT(!pane.strip()->errorText().isEmpty(), 20'000);
        QVERIFY(find->isEnabled());
    }

private:
    std::unique_ptr<test::GuiSandbox> m_sandbox;
};

QTEST_MAIN(TestEnvironments)
#include "tst_environments.moc"
