// SPDX-License-Identifier: GPL-3.0-or-later
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTabWidget>
#include <QTest>
#include <QToolButton>

#include "gui/environments/connectionform.h"
#include "gui/environments/connectiontest.h"
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

/// As jane, who may do anything.
gui::LoginTrial letIn(Purpose purpose)
{
    gui::LoginTrial trial;
    trial.user = QStringLiteral("jane");
    trial.purposes = {purpose};
    trial.state.serverUser = trial.user;
    trial.state.serverVersion = 150006;
    trial.state.tls = true;
    trial.state.inRecovery = false;
    trial.access = discovery::Access{true, true, true, {QStringLiteral("atlas_admin")}};
    return trial;
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

    void whoLogsIn()
    {
        db::ConnectionInfo info;
        const QMap<Purpose, QString> logins{{Purpose::Operator, QStringLiteral("op")}};
        QCOMPARE(loginFor(logins, Purpose::Operator, info), QStringLiteral("op"));
        QCOMPARE(loginFor(logins, Purpose::Analyst, info), QString());
        info.set(QStringLiteral("user"), QStringLiteral("alice"));
        QCOMPARE(loginFor(logins, Purpose::Operator, info), QStringLiteral("op"));
        QCOMPARE(loginFor(logins, Purpose::Analyst, info), QStringLiteral("alice"));
    }

    void testTriesWhoWillLogIn_data()
    {
        QTest::addColumn<int>("role");
        QTest::addColumn<QString>("user");
        QTest::addColumn<QString>("analyst");
        QTest::addColumn<QString>("watcher");
        QTest::addColumn<QString>("admin");
        QTest::addColumn<QString>("tried");
        const auto row = [](const char* name, db::EndpointRole role, const char* user, const char* analyst,
                            const char* watcher, const char* admin, const char* tried) {
            QTest::newRow(name) << int(role) << QString::fromLatin1(user) << QString::fromLatin1(analyst)
                                << QString::fromLatin1(watcher) << QString::fromLatin1(admin)
                                << QString::fromLatin1(tried);
        };
        const auto primary = db::EndpointRole::Primary;
        row("one for all", primary, "alice", "", "", "", "alice:analyst");
        row("nobody named", primary, "", "", "", "", ":analyst");
        row("each its own", primary, "alice", "ana", "op", "adm", "ana:analyst op:operator adm:admin");
        row("one for two", primary, "alice", "", "alice", "adm", "alice:analyst,operator adm:admin");
        // The console looks after the nodes as operator, whoever that is then.
        row("an operator by default", primary, "alice", "ana", "", "", "ana:analyst alice:operator");
        row("nothing to change", db::EndpointRole::Replica, "", "ana", "op", "adm",
            "ana:analyst op:operator");
    }

    void testTriesWhoWillLogIn()
    {
        QFETCH(int, role);
        QFETCH(QString, user);
        QFETCH(QString, analyst);
        QFETCH(QString, watcher);
        QFETCH(QString, admin);
        QFETCH(QString, tried);
        db::ConnectionInfo info;
        info.set(QStringLiteral("user"), user);
        const QMap<Purpose, QString> logins{
            {Purpose::Analyst, analyst}, {Purpose::Operator, watcher}, {Purpose::Admin, admin}};
        QStringList words;
        const QList<gui::LoginTrial> trials = gui::loginTrials(db::EndpointRole(role), logins, info);
        for (const gui::LoginTrial& trial : trials) {
            QStringList purposes;
            for (const Purpose purpose : trial.purposes)
                purposes << purposeName(purpose);
            words << QStringLiteral("%1:%2").arg(trial.user, purposes.join(QLatin1Char(',')));
        }
        QCOMPARE(words.join(QLatin1Char(' ')), tried);
    }

    void testSaysWhatALoginLacks_data()
    {
        QTest::addColumn<int>("purpose");
        QTest::addColumn<bool>("hasSchema");
        QTest::addColumn<bool>("mayRead");
        QTest::addColumn<QString>("groups");
        QTest::addColumn<int>("kind");
        QTest::addColumn<QString>("says");
        using Kind = gui::MessageStrip::Kind;
        const auto row = [](const char* name, Purpose purpose, bool hasSchema, bool mayRead,
                            const char* groups, Kind kind, const char* says) {
            QTest::newRow(name) << int(purpose) << hasSchema << mayRead << QString::fromLatin1(groups)
                                << int(kind) << QString::fromLatin1(says);
        };
        row("an analyst", Purpose::Analyst, true, true, "atlas_analyst", Kind::Success, "logged in as jane");
        row("an operator reads too", Purpose::Analyst, true, true, "atlas_operator", Kind::Success,
            "logged in as jane");
        row("an admin operates too", Purpose::Operator, true, true, "atlas_admin", Kind::Success,
            "logged in as jane");
        row("an analyst is no operator", Purpose::Operator, true, true, "atlas_analyst", Kind::Warning,
            "grant atlas_operator to \"jane\"");
        row("an operator is no admin", Purpose::Admin, true, true, "atlas_operator", Kind::Warning,
            "grant atlas_admin to \"jane\"");
        row("in no role", Purpose::Analyst, true, false, "", Kind::Warning,
            "grant atlas_analyst to \"jane\"");
        row("a role without rights", Purpose::Analyst, true, false, "atlas_analyst", Kind::Warning,
            "may not read");
        row("no schema", Purpose::Analyst, false, false, "atlas_analyst", Kind::Warning, "no schema atlas");
    }

    void testSaysWhatALoginLacks()
    {
        QFETCH(int, purpose);
        QFETCH(bool, hasSchema);
        QFETCH(bool, mayRead);
        QFETCH(QString, groups);
        QFETCH(int, kind);
        QFETCH(QString, says);
        gui::LoginTrial trial = letIn(Purpose(purpose));
        trial.access->hasSchema = hasSchema;
        trial.access->mayRead = mayRead;
        trial.access->groups = groups.split(QLatin1Char(','), Qt::SkipEmptyParts);
        const gui::TestReport report = gui::testReport(db::EndpointRole::Primary, {}, {trial});
        QVERIFY2(report.text.contains(says), qPrintable(report.text));
        QCOMPARE(int(report.kind), kind);
    }

    void testNamesTheLoginThatIsRefused()
    {
        gui::LoginTrial refused;
        refused.user = QStringLiteral("op");
        refused.purposes = {Purpose::Operator};
        refused.error = db::DbError{.kind = db::ErrorKind::Authentication,
                                    .message = QStringLiteral("password authentication failed"),
                                    .endpoint = QStringLiteral("primary")};
        const QList<gui::LoginTrial> trials = {letIn(Purpose::Analyst), refused};
        const gui::TestReport report = gui::testReport(db::EndpointRole::Primary, {}, trials);
        QCOMPARE(report.kind, gui::MessageStrip::Kind::Error);
        const QStringList lines = report.text.split(QLatin1Char('\n'));
        QCOMPARE(lines.size(), 3);
        QVERIFY2(lines.at(0).contains(QStringLiteral("It is a primary.")), qPrintable(report.text));
        QCOMPARE(lines.at(1), QStringLiteral("Analyst: logged in as jane."));
        QVERIFY2(lines.at(2).startsWith(QStringLiteral("Operator, as op: primary does not accept")),
                 qPrintable(report.text));
        QVERIFY2(report.details.contains(QStringLiteral(":op:PASSWORD")), qPrintable(report.details));
        // Nobody chose that login: where it comes from is said too.
        refused.isChosen = false;
        QVERIFY(gui::testReport(db::EndpointRole::Primary, {}, {letIn(Purpose::Analyst), refused})
                    .text.contains(QStringLiteral("No login is set")));
    }

    void aWarehouseIsNoPrimary()
    {
        gui::LoginTrial trial = letIn(Purpose::Analyst);
        trial.state.isRedshift = true;
        trial.state.inRecovery.reset();
        trial.access.reset();
        const gui::TestReport primary = gui::testReport(db::EndpointRole::Primary, {}, {trial});
        QCOMPARE(primary.kind, gui::MessageStrip::Kind::Warning);
        QVERIFY2(primary.text.contains(QStringLiteral("under Warehouse")), qPrintable(primary.text));
        QCOMPARE(gui::testReport(db::EndpointRole::Warehouse, {}, {trial}).kind,
                 gui::MessageStrip::Kind::Success);
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

    void thePasswordIsOfWhoLogsIn()
    {
        db::Client client;
        gui::ConnectionForm form(db::EndpointRole::Primary, &client);
        db::ConnectionInfo info;
        info.set(QStringLiteral("user"), QStringLiteral("alice"));
        form.setInfo(info);
        const QMap<Purpose, QString> logins{{Purpose::Analyst, QStringLiteral("ana")}};
        form.setNode(QStringLiteral("primary"), logins);
        auto* password = form.findChild<QLineEdit*>(QStringLiteral("password"));
        auto* note = form.findChild<QLabel*>(QStringLiteral("override"));
        QCOMPARE(password->accessibleName(), QStringLiteral("Password of ana"));
        QVERIFY(!note->isHidden());
        QVERIFY2(note->text().contains(QStringLiteral("as ana, not as alice")), qPrintable(note->text()));
        form.setNode(QStringLiteral("primary"), {});
        QCOMPARE(password->accessibleName(), QStringLiteral("Password of alice"));
        QVERIFY(note->isHidden());
    }

    void aLoginThatIsEditedIsKnownEverywhere()
    {
        auto store = std::make_shared<EnvironmentStore>();
        QVERIFY(store->save(sample(QStringLiteral("a"))).ok());
        db::Client client;
        gui::EnvironmentsDialog dialog(store, &client);
        dialog.show();
        auto* login = dialog.findChild<QLineEdit*>(QStringLiteral("login-analyst"));
        login->selectAll();
        QTest::keyClicks(login, QStringLiteral("bea"));
        const QList<gui::ConnectionForm*> forms = dialog.findChildren<gui::ConnectionForm*>();
        QCOMPARE(forms.size(), 3);
        for (const gui::ConnectionForm* form : forms)
            QCOMPARE(form->findChild<QLineEdit*>(QStringLiteral("password"))->accessibleName(),
                     QStringLiteral("Password of bea"));
    }

    void aDeletedPasswordIsNotKept()
    {
        auto store = std::make_shared<EnvironmentStore>();
        QVERIFY(store->save(sample(QStringLiteral("a"))).ok());
        db::Client client;
        gui::EnvironmentsDialog dialog(store, &client);
        dialog.show();
        auto* form = dialog.findChild<gui::ConnectionForm*>(QStringLiteral("primaryForm"));
        for (QLineEdit* field : {form->findChild<QLineEdit*>(QStringLiteral("password")),
                                 dialog.findChild<QLineEdit*>(QStringLiteral("password-operator"))}) {
            QTest::keyClicks(field, QStringLiteral("s3cret"));
            field->selectAll();
            QTest::keyClick(field, Qt::Key_Delete);
            QCOMPARE(field->text(), QString());
        }
        // The same in the connection string.
        auto* text = form->findChild<QPlainTextEdit*>(QStringLiteral("connectionString"));
        text->setPlainText(QStringLiteral("host=db.example password=s"));
        QCOMPARE(form->password(), QStringLiteral("s"));
        text->setPlainText(QStringLiteral("host=db.example"));
        QCOMPARE(form->password(), QString());
        QTest::mouseClick(dialog.findChild<QPushButton*>(QStringLiteral("save")), Qt::LeftButton);
        QVERIFY(!dialog.hasDrafts());
        // It would be, had there been one to put into the keychain.
        QVERIFY(!store->find(QStringLiteral("a"))->useKeychain);
    }

    void aTextThatIsNotUnderstoodIsKept()
    {
        auto store = std::make_shared<EnvironmentStore>();
        Environment two = sample(QStringLiteral("a"));
        two.replicas << two.replicas.constFirst();
        two.replicas.last().name = QStringLiteral("us east 1");
        QVERIFY(store->save(two).ok());
        QVERIFY(store->save(sample(QStringLiteral("b"))).ok());
        db::Client client;
        gui::EnvironmentsDialog dialog(store, &client);
        dialog.show();
        dialog.select(QStringLiteral("a"));
        const QString bad = QStringLiteral("host=x nonsense=y");
        auto* form = dialog.findChild<gui::ConnectionForm*>(QStringLiteral("primaryForm"));
        auto* mode = form->findChild<gui::SegmentedControl*>(QStringLiteral("connectionMode"));
        auto* text = form->findChild<QPlainTextEdit*>(QStringLiteral("connectionString"));
        mode->setCurrentIndex(1);
        text->setPlainText(bad);
        dialog.select(QStringLiteral("b"));
        QVERIFY(form->problem().isEmpty());
        QVERIFY(!text->toPlainText().contains(QStringLiteral("nonsense")));
        mode->setCurrentIndex(0);
        dialog.select(QStringLiteral("a"));
        QCOMPARE(text->toPlainText(), bad);
        QCOMPARE(mode->currentIndex(), 1);
        auto* save = dialog.findChild<QPushButton*>(QStringLiteral("save"));
        QTest::mouseClick(save, Qt::LeftButton);
        QVERIFY2(dialog.strip()->text().contains(QStringLiteral("nonsense")),
                 qPrintable(dialog.strip()->text()));
        QVERIFY(dialog.hasDrafts());

        // One of several replicas, and another one is shown.
        text->setPlainText(QStringLiteral("host=x"));
        auto* pane = dialog.findChild<gui::ReplicasPane*>();
        auto* list = pane->findChild<QListWidget*>(QStringLiteral("replicaList"));
        auto* replica = pane->form()->findChild<QPlainTextEdit*>(QStringLiteral("connectionString"));
        list->setCurrentRow(0);
        replica->setPlainText(bad);
        list->setCurrentRow(1);
        QVERIFY(pane->form()->problem().isEmpty());
        QTest::mouseClick(save, Qt::LeftButton);
        QVERIFY2(dialog.strip()->text().contains(QStringLiteral("eu west 1")),
                 qPrintable(dialog.strip()->text()));
        QCOMPARE(list->currentRow(), 0);
        QCOMPARE(replica->toPlainText(), bad);
        replica->setPlainText(QStringLiteral("host=y"));
        QTest::mouseClick(save, Qt::LeftButton);
        QVERIFY2(!dialog.hasDrafts(), qPrintable(dialog.strip()->text()));
        QCOMPARE(store->find(QStringLiteral("a"))->replicas.constFirst().info.value(QStringLiteral("host")),
                 QStringLiteral("y"));
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
