// SPDX-License-Identifier: GPL-3.0-or-later
// Applying migrations, each time in a database of its own on the test cluster's primary.
#include <QCryptographicHash>
#include <QMap>
#include <QProcess>
#include <QRandomGenerator>
#include <QTest>

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "db/blocking.h"
#include "model/schema/schema.h"
#include "tests/support/testcluster.h"

using namespace atlas;

class TestSchemaApply : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void cleanupTestCase();
    void goesOnWhereItFailed();
    void newerDatabaseIsRefused();
    void otherContentsAreRefused();
    void whatIsAlteredByHandIsRefused_data();
    void whatIsAlteredByHandIsRefused();
    void whatWasNotRecordedIs();
    void twoAtOnceDoNotCollide();
    void everythingBelongsToTheOwner();
    void othersMayNot();
    void tenantsAndPartitionsAreNoAlteration();

private:
    using Session = std::unique_ptr<db::BlockingSession>;
    db::Endpoint endpoint(const QString& login);
    Session open(const db::Endpoint& scratch);
    db::Result<schema::Outcome> apply(const QList<schema::Migration>& known);
    /// As the owner: one value, or the error.
    QString ask(const QByteArray& query);
    /// As the owner; empty, or the error.
    QString run(const QByteArray& statements);
    bool superuser(const QString& statement);
    /// atlasctl schema …, with libpq's own variables.
    int ctl(const QString& action, QByteArray* output);

    test::TestCluster m_cluster;
    std::unique_ptr<db::Client> m_client;
    QString m_database;
    int m_sessions = 0;
    /// A login that is a member of atlas_owner.
    QString m_member;
    QString m_password;
};

namespace {

schema::Migration file(int version, const QByteArray& sql)
{
    return {version, QStringLiteral("step%1").arg(version), sql,
            QString::fromLatin1(QCryptographicHash::hash(sql, QCryptographicHash::Sha256).toHex())};
}

QList<schema::Migration> files()
{
    return {file(1, "create table atlas.one (a int primary key);"),
            file(2, "create table atlas.things (id int primary key, name text not null default 'x');"
                    "create index things_name on atlas.things (name);"
                    "alter table atlas.things enable row level security;"
                    "create policy own on atlas.things for select to atlas_analyst using (id > 0);"
                    "grant usage on schema atlas to atlas_analyst;"
                    "grant select on atlas.things to atlas_analyst;"
                    "create function atlas.f() returns int language sql as 'select 1';"),
            file(3, "create table atlas.parts (day int) partition by range (day);")};
}

const QByteArray versions =
    "select coalesce(string_agg(version::text, ' ' order by version), '') from atlas.schema_migrations";

db::Statement sql(const QByteArray& text)
{
    db::Statement statement;
    statement.name = QStringLiteral("test");
    statement.sql = text;
    return statement;
}

template<class T> QString textOf(const db::Result<T>& result)
{
    return result ? QString() : result.error().text();
}

} // namespace

void TestSchemaApply::initTestCase()
{
    ATLAS_REQUIRE_CLUSTER(m_cluster);
    const QString unique =
        QStringLiteral("%1").arg(QRandomGenerator::system()->generate64(), 16, 16, QLatin1Char('0'));
    m_member = QStringLiteral("schema_member_") + unique;
    m_password = unique + unique;
    QVERIFY(superuser(
        QStringLiteral("create role %1 login password '%2' in role atlas_owner").arg(m_member, m_password)));
}

void TestSchemaApply::init()
{
    m_database = QStringLiteral("schema_test_%1")
                     .arg(QRandomGenerator::system()->generate64(), 16, 16, QLatin1Char('0'));
    m_client = std::make_unique<db::Client>();
    QVERIFY(
        superuser(QStringLiteral("create database %1 owner atlas_owner template template0").arg(m_database)));
}

void TestSchemaApply::cleanup()
{
    m_client.reset(); // its connections hold the database
    if (!m_database.isEmpty())
        QVERIFY(superuser(QStringLiteral("drop database if exists %1 with (force)").arg(m_database)));
}

void TestSchemaApply::cleanupTestCase()
{
    if (!m_member.isEmpty())
        QVERIFY(superuser(QStringLiteral("drop role if exists %1").arg(m_member)));
}

bool TestSchemaApply::superuser(const QString& statement)
{
    return m_cluster.superuser(QStringLiteral("primary"), QStringLiteral("postgres"),
                               {QStringLiteral("-c"), statement});
}

db::Endpoint TestSchemaApply::endpoint(const QString& login)
{
    db::Endpoint scratch = m_cluster.endpoint(QStringLiteral("primary"), login, false);
    scratch.id = QStringLiteral("scratch#%1").arg(++m_sessions);
    scratch.info.set(QStringLiteral("dbname"), m_database);
    return scratch;
}

TestSchemaApply::Session TestSchemaApply::open(const db::Endpoint& scratch)
{
    m_client->setEndpoint(scratch);
    auto session = db::BlockingSession::open(*m_client, scratch.id);
    if (!session)
        qFatal("%s", qPrintable(session.error().text()));
    return std::move(session).value();
}

db::Result<schema::Outcome> TestSchemaApply::apply(const QList<schema::Migration>& known)
{
    const Session session = open(endpoint(QStringLiteral("owner")));
    return schema::apply(*session, known, [](const schema::Migration&) {});
}

QString TestSchemaApply::ask(const QByteArray& query)
{
    const auto rows = open(endpoint(QStringLiteral("owner")))->exec(sql(query));
    return rows ? rows->string(0, 0) : rows.error().text();
}

QString TestSchemaApply::run(const QByteArray& statements)
{
    return textOf(open(endpoint(QStringLiteral("owner")))->execScript(statements, QStringLiteral("test")));
}

int TestSchemaApply::ctl(const QString& action, QByteArray* output)
{
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.remove(QStringLiteral("ATLAS_ENVIRONMENT"));
    const QMap<QString, QString> options = endpoint(QStringLiteral("owner")).info.options();
    for (auto it = options.cbegin(); it != options.cend(); ++it) {
        const QString name = it.key() == QLatin1String("dbname") ? QStringLiteral("database") : it.key();
        environment.insert(QStringLiteral("PG") + name.toUpper(), it.value());
    }
    QProcess process;
    process.setProcessEnvironment(environment);
    process.setProcessChannelMode(QProcess::MergedChannels);
    process.start(qEnvironmentVariable("ATLAS_CTL"), {QStringLiteral("schema"), action});
    if (!process.waitForFinished(60'000))
        return -1;
    *output = process.readAll();
    return process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -2;
}

void TestSchemaApply::goesOnWhereItFailed()
{
    QList<schema::Migration> known = files();
    known[2] = file(3, "create table atlas.parts (day int); insert into atlas.parts values (1 / 0);");
    const auto failed = apply(known);
    QVERIFY(!failed);
    QVERIFY2(failed.error().message.startsWith(QLatin1String("migration 3 (step3): division by zero")),
             qPrintable(failed.error().message));
    QCOMPARE(ask(versions), QStringLiteral("1 2"));
    QCOMPARE(ask("select to_regclass('atlas.things') is not null and to_regclass('atlas.parts') is null"),
             QStringLiteral("t"));

    const auto repaired = apply(files());
    QVERIFY2(repaired.ok(), qPrintable(textOf(repaired)));
    QCOMPARE(repaired->appliedNow, 1);
    QCOMPARE(repaired->version, 3);
    QCOMPARE(ask(versions), QStringLiteral("1 2 3"));

    const QByteArray everything =
        "select format('%s %s', (select string_agg(m::text, ' ' order by version) from "
        "atlas.schema_migrations m), (select c::text from atlas.schema_catalogue c))";
    const QString before = ask(everything);
    const auto again = apply(files());
    QVERIFY2(again.ok(), qPrintable(textOf(again)));
    QCOMPARE(again->appliedNow, 0);
    QCOMPARE(again->version, 3);
    QCOMPARE(ask(everything), before);
}

void TestSchemaApply::newerDatabaseIsRefused()
{
    QVERIFY(apply(files().mid(0, 2)).ok());
    QCOMPARE(run("insert into atlas.schema_migrations (version, name, checksum) values (99, 'future', 'x')"),
             QString());
    const auto refused = apply(files());
    QVERIFY(!refused);
    QVERIFY2(refused.error().message.contains(QLatin1String("version 99 (future)")) &&
                 refused.error().message.contains(QLatin1String("newer atlasctl")),
             qPrintable(refused.error().message));
    QCOMPARE(ask(versions), QStringLiteral("1 2 99"));
    QCOMPARE(ask("select to_regclass('atlas.parts') is null"), QStringLiteral("t"));
}

void TestSchemaApply::otherContentsAreRefused()
{
    QVERIFY(apply(files().mid(0, 2)).ok());
    QList<schema::Migration> known = files();
    known[1].checksum = QStringLiteral("0");
    const auto refused = apply(known);
    QVERIFY(!refused);
    QVERIFY2(refused.error().message.contains(QLatin1String("Migration 2 (step2)")) &&
                 refused.error().message.contains(QLatin1String("other contents")),
             qPrintable(refused.error().message));
    QCOMPARE(ask(versions), QStringLiteral("1 2"));
}

void TestSchemaApply::whatIsAlteredByHandIsRefused_data()
{
    QTest::addColumn<QByteArray>("statement");
    QTest::addColumn<QByteArray>("undo");
    QTest::addColumn<QString>("says");
    const auto add = [](const char* name, const char* statement, const char* undo, const char* says) {
        QTest::newRow(name) << QByteArray(statement) << QByteArray(undo) << QString::fromLatin1(says);
    };
    add("index", "drop index atlas.things_name", "create index things_name on atlas.things (name)",
        "index things_name is missing");
    add("row security", "alter table atlas.things disable row level security",
        "alter table atlas.things enable row level security",
        "table things is now kind r, persistence p, row security off");
    add("persistence", "alter table atlas.things set unlogged", "alter table atlas.things set logged",
        "persistence u");
    add("policy", "alter policy own on atlas.things using (true)",
        "alter policy own on atlas.things using (id > 0)",
        "policy things.own is now for r to atlas_analyst using true");
    add("column", "alter table atlas.things alter name drop not null",
        "alter table atlas.things alter name set not null", "column things.name is now text");
    add("default", "alter table atlas.things alter name drop default",
        "alter table atlas.things alter name set default 'x'", "column things.name is now text");
    add("constraint", "alter table atlas.one drop constraint one_pkey",
        "alter table atlas.one add primary key (a)", "constraint one.one_pkey is missing");
    add("function", "create or replace function atlas.f() returns int language sql as 'select 2'",
        "create or replace function atlas.f() returns int language sql as 'select 1'",
        "function atlas.f() is now");
    add("whose rights", "alter function atlas.f() security definer",
        "alter function atlas.f() security invoker", "security definer");
    add("grant", "grant insert on atlas.things to atlas_analyst",
        "revoke insert on atlas.things from atlas_analyst",
        "grant of INSERT on table things to atlas_analyst was added");
    add("grant of a column", "grant update (name) on atlas.things to atlas_analyst",
        "revoke update (name) on atlas.things from atlas_analyst",
        "grant of UPDATE on column things.name to atlas_analyst was added");
    add("grant of the schema", "revoke usage on schema atlas from atlas_analyst",
        "grant usage on schema atlas to atlas_analyst",
        "grant of USAGE on schema atlas to atlas_analyst is missing");
    add("table", "create table atlas.more ()", "drop table atlas.more", "table more was added");
}

void TestSchemaApply::whatIsAlteredByHandIsRefused()
{
    QFETCH(QByteArray, statement);
    QFETCH(QByteArray, undo);
    QFETCH(QString, says);
    QVERIFY(apply(files().mid(0, 2)).ok());
    QCOMPARE(run(statement), QString());
    const auto refused = apply(files());
    QVERIFY(!refused);
    QVERIFY2(refused.error().message.contains(says), qPrintable(refused.error().message));
    QCOMPARE(ask(versions), QStringLiteral("1 2"));
    QCOMPARE(run(undo), QString());
    const auto goesOn = apply(files());
    QVERIFY2(goesOn.ok(), qPrintable(textOf(goesOn)));
    QCOMPARE(goesOn->appliedNow, 1);
}

void TestSchemaApply::whatWasNotRecordedIs()
{
    QVERIFY(apply(files()).ok());
    const QByteArray recorded =
        "select format('%s %s', cardinality(lines) > 0, hash) from atlas.schema_catalogue";
    const QString before = ask(recorded);
    QVERIFY2(before.startsWith(QLatin1String("t ")), qPrintable(before));
    // Migrated before catalogues were recorded; recorded under another version of the server; accepted by
    // hand.
    for (const QByteArray& lost :
         {QByteArray("drop table atlas.schema_catalogue"),
          QByteArray("update atlas.schema_catalogue set server_major = 1, lines = '{}', hash = ''"),
          QByteArray("truncate atlas.schema_catalogue")}) {
        QCOMPARE(run(lost), QString());
        const auto applied = apply(files());
        QVERIFY2(applied.ok(), qPrintable(textOf(applied)));
        QCOMPARE(applied->appliedNow, 0);
        QCOMPARE(ask(recorded), before);
    }
}

void TestSchemaApply::twoAtOnceDoNotCollide()
{
    QList<schema::Migration> known = files();
    known[0].sql += "select pg_sleep(0.3);"; // long enough for the other to come
    std::optional<db::Result<schema::Outcome>> outcomes[2];
    const db::Endpoint endpoints[2] = {endpoint(QStringLiteral("owner")), endpoint(QStringLiteral("owner"))};
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i)
        threads.emplace_back([&, i] {
            const Session session = open(endpoints[i]);
            outcomes[i] = schema::apply(*session, known, [](const schema::Migration&) {});
        });
    for (std::thread& thread : threads)
        thread.join();
    for (const auto& outcome : outcomes)
        QVERIFY2(outcome->ok(), qPrintable(textOf(*outcome)));
    const int first = (*outcomes[0])->appliedNow;
    const int second = (*outcomes[1])->appliedNow;
    QCOMPARE(first + second, 3);
    QVERIFY2(first == 0 || second == 0, qPrintable(QString::number(first)));
    QCOMPARE(ask(versions), QStringLiteral("1 2 3"));
}

void TestSchemaApply::everythingBelongsToTheOwner()
{
    db::Endpoint member = endpoint(QStringLiteral("owner"));
    member.info.set(QStringLiteral("user"), m_member);
    member.info.set(QStringLiteral("password"), m_password);
    {
        const Session session = open(member);
        const auto applied = schema::apply(*session, files(), [](const schema::Migration&) {});
        QVERIFY2(applied.ok(), qPrintable(textOf(applied)));
        const auto state = schema::inspect(*session);
        QVERIFY2(state.ok(), qPrintable(textOf(state)));
        QCOMPARE(state->applied.size(), 3);
        QCOMPARE(state->found, state->recorded);
    }
    QCOMPARE(ask("select string_agg(distinct owner, ' ') from (select relowner::regrole::text as owner from "
                 "pg_class where relnamespace = 'atlas'::regnamespace union all select "
                 "proowner::regrole::text from pg_proc where pronamespace = 'atlas'::regnamespace union all "
                 "select nspowner::regrole::text from pg_namespace where nspname = 'atlas') o"),
             QStringLiteral("atlas_owner"));
}

void TestSchemaApply::othersMayNot()
{
    const Session session = open(endpoint(QStringLiteral("ingest")));
    const auto refused = schema::apply(*session, files(), [](const schema::Migration&) {});
    QVERIFY(!refused);
    QCOMPARE(refused.error().kind, db::ErrorKind::Permission);
    QVERIFY2(refused.error().hint.contains(QLatin1String("atlas_owner or a member of it")),
             qPrintable(refused.error().hint));
    QCOMPARE(ask("select to_regnamespace('atlas') is null"), QStringLiteral("t"));
}

void TestSchemaApply::tenantsAndPartitionsAreNoAlteration()
{
    QVERIFY(m_cluster.superuser(QStringLiteral("primary"), QStringLiteral("postgres"),
                                {QStringLiteral("-v"), QStringLiteral("database=") + m_database,
                                 QStringLiteral("-f"),
                                 QStringLiteral(ATLAS_SOURCE_DIR "/schema/postgres/bootstrap.sql")}));
    const QList<schema::Migration> known = schema::migrations(schema::Target::Postgres);
    QVERIFY(known.size() >= 8);
    const auto applied = apply(known);
    QVERIFY2(applied.ok(), qPrintable(textOf(applied)));
    QCOMPARE(applied->appliedNow, int(known.size()));
    const auto made = open(endpoint(QStringLiteral("ingest")))
                          ->exec(sql("select atlas.create_tenant('large', 'partition', '{}')"));
    QVERIFY2(made.ok(), qPrintable(textOf(made)));
    const auto maintained = open(endpoint(QStringLiteral("agent")))->exec(sql("select atlas.maintain()"));
    QVERIFY2(maintained.ok(), qPrintable(textOf(maintained)));
    QVERIFY2(maintained->isNull(0, 0), qPrintable(maintained->string(0, 0)));
    const auto again = apply(known);
    QVERIFY2(again.ok(), qPrintable(textOf(again)));
    QCOMPARE(again->appliedNow, 0);
    QByteArray output;
    const int fine = ctl(QStringLiteral("status"), &output);
    QVERIFY2(fine == 0, output.constData());

    QCOMPARE(run("alter table atlas.entities disable row level security; "
                 "drop index atlas.attribute_values_num; "
                 "grant select on atlas.attribute_values_shared_0 to atlas_analyst"),
             QString());
    for (const char* action : {"status", "apply"}) {
        const int ended = ctl(QString::fromLatin1(action), &output);
        QVERIFY2(ended == 1, output.constData());
        for (const char* says :
             {"index attribute_values_num is missing",
              "table entities is now kind p, persistence p, row security off",
              "grant of SELECT on table attribute_values_shared_0 to atlas_analyst was added"})
            QVERIFY2(output.contains(says), output.constData());
    }
}

QTEST_GUILESS_MAIN(TestSchemaApply)
#include "tst_schemaapply.moc"
