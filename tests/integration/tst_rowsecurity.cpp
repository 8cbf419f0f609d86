// SPDX-License-Identifier: GPL-3.0-or-later
// A login for one tenant gets nothing of another: through the statements that the product sends, and by hand.
#include <QTest>

#include "model/browse/browse.h"
#include "model/catalog/attributecatalog.h"
#include "model/filter/parser.h"
#include "model/statements.h"
#include "tests/support/platform.h"

using namespace atlas;
using test::sql;

class TestRowSecurity : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void tablesShowGrantedTenantsOnly_data();
    void tablesShowGrantedTenantsOnly();
    void everyTableWithTenantIsCovered();
    void registeredStatementsReturnNothingOfAnother();
    void compiledFiltersReturnNothingOfAnother_data();
    void compiledFiltersReturnNothingOfAnother();
    void hotMatchChecksTheTenant();
    void administratorsMeasureOnlyWhatIsOpenToThem();
    void nobodyTalksHimselfIn_data();
    void nobodyTalksHimselfIn();
    void analystsWriteNothingOfOthers_data();
    void analystsWriteNothingOfOthers();
    void commandLineSeesNoOtherTenant();

private:
    test::Platform m_platform;
    QString m_mine, m_other;
    int m_mineId = 0, m_otherId = 0;
};

void TestRowSecurity::initTestCase()
{
    test::TestCluster cluster;
    ATLAS_REQUIRE_CLUSTER(cluster);
    QCOMPARE(m_platform.prepare(cluster), QString());
    m_mine = test::Platform::freshName(QStringLiteral("mine"));
    m_other = test::Platform::freshName(QStringLiteral("other"));
    for (const QString& tenant : {m_mine, m_other}) {
        QByteArray lines;
        for (int i = 0; i < 50; ++i)
            lines += "{\"id\": \"e" + QByteArray::number(i) + "\", \"type\": \"thing\", \"name\": \"secret " +
                     QByteArray::number(i) +
                     "\", \"observed_at\": \"2026-01-01T00:00:00Z\", \"attributes\": {\"status\": "
                     "\"active\", \"level\": " +
                     QByteArray::number(i) + ", \"open\": true}}\n";
        QCOMPARE(m_platform.import(tenant, lines), QString());
    }
    m_mineId = m_platform.tenantId(m_mine);
    m_otherId = m_platform.tenantId(m_other);
    QVERIFY(m_mineId > 0 && m_otherId > 0);
    // Import opened both to the demo logins; the other one is taken back from the analyst.
    auto owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    QVERIFY(owner);
    QVERIFY(owner
                ->exec(sql("delete from atlas.tenant_access where tenant_id = $1::int and login = $2::name",
                           {db::param(m_otherId), db::param(cluster.role(QStringLiteral("analyst")))}))
                .ok());
    QVERIFY(owner->exec(sql("select atlas.refresh_attribute_stats($1::int)", {db::param(m_otherId)})).ok());
    // What the owner sees is there to be stolen.
    QCOMPARE(owner
                 ->exec(sql("select count(*) from atlas.attribute_values where tenant_id = $1::int",
                            {db::param(m_otherId)}))
                 ->integer(0, 0)
                 .value(),
             150);
    QVERIFY(m_platform.waitForEveryNode());
}

void TestRowSecurity::tablesShowGrantedTenantsOnly_data()
{
    QTest::addColumn<QString>("node");
    QTest::addColumn<QByteArray>("table");
    for (const QString& node : m_platform.cluster().nodes()) {
        for (const char* table :
             {"tenants", "entities", "attributes", "attribute_values", "attribute_events"})
            QTest::addRow("%s on %s", table, qPrintable(node)) << node << QByteArray(table);
        if (node != QLatin1String("warehouse")) {
            for (const char* table : {"ingest_batches", "ingest_rejects", "attribute_stats",
                                      "ingest_rate_samples", "hot_set_jobs", "filter_usage"})
                QTest::addRow("%s on %s", table, qPrintable(node)) << node << QByteArray(table);
        }
    }
}

void TestRowSecurity::tablesShowGrantedTenantsOnly()
{
    QFETCH(QString, node);
    QFETCH(QByteArray, table);
    auto analyst = m_platform.open(node, QStringLiteral("analyst"), true);
    QVERIFY(analyst);
    for (const QByteArray& where : {QByteArray(" where tenant_id = " + QByteArray::number(m_otherId)),
                                    QByteArray(" where tenant_id <> all (select tenant_id from "
                                               "atlas.tenant_access where login = session_user)")}) {
        const auto rows = analyst->exec(sql("select count(*) from atlas." + table + where));
        QVERIFY2(rows.ok(), rows.ok() ? "" : qPrintable(rows.error().text()));
        QCOMPARE(rows->integer(0, 0).value(), 0);
    }
    if (table == "entities" || table == "attribute_values" || table == "tenants") {
        const auto own = analyst->exec(sql("select count(*) from atlas." + table +
                                           " where tenant_id = " + QByteArray::number(m_mineId)));
        QVERIFY(own->integer(0, 0).value() > 0);
    }
}

void TestRowSecurity::everyTableWithTenantIsCovered()
{
    auto owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    // Partitions have no grants; what has tenant_id and a grant to a group must have row security.
    const auto open = owner->exec(sql(R"(
        select string_agg(c.relname, ', ') from pg_class c
          join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'atlas'
          join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
         where c.relkind in ('r', 'p') and not c.relrowsecurity
           and (has_table_privilege('atlas_analyst', c.oid, 'select') or has_table_privilege('atlas_operator', c.oid, 'select')
             or has_table_privilege('atlas_admin', c.oid, 'select')))"));
    QVERIFY2(open->isNull(0, 0), qPrintable(open->string(0, 0)));
    const auto partitions = owner->exec(sql(R"(
        select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'atlas'
         where c.relispartition and (has_table_privilege('atlas_analyst', c.oid, 'select')
            or has_table_privilege('atlas_ingest', c.oid, 'insert') and has_table_privilege('atlas_analyst', c.oid, 'insert')))"));
    QCOMPARE(partitions->integer(0, 0).value(), 0);
    // A function of ours is for whom it is granted to, never for everybody.
    const auto functions = owner->exec(sql(R"(
        select string_agg(p.oid::regprocedure::text, ', ') from pg_proc p
          join pg_namespace n on n.oid = p.pronamespace and n.nspname = 'atlas',
               lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
         where a.grantee = 0)"));
    QVERIFY2(functions->isNull(0, 0), qPrintable(functions->string(0, 0)));
}

void TestRowSecurity::registeredStatementsReturnNothingOfAnother()
{
    auto analyst = m_platform.open(QStringLiteral("replica-1"), QStringLiteral("analyst"), true);
    QVERIFY(analyst);
    auto owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    const auto entity = owner->exec(sql("select min(entity_id), (select min(attribute_id) from "
                                        "atlas.attributes where tenant_id = $1::int and name = 'status') "
                                        "from atlas.entities where tenant_id = $1::int",
                                        {db::param(m_otherId)}));
    const db::Param entityId = db::param(entity->integer(0, 0).value());
    const db::Param attributeId = db::param(entity->integer(0, 1).value());
    const db::Param tenant = db::param(m_otherId);
    const QHash<QString, QList<db::Param>> calls{
        {QStringLiteral("catalog.attributes"), {tenant}},
        {QStringLiteral("catalog.named"), {tenant, QByteArray("{status,level,open}")}},
        {QStringLiteral("catalog.details"), {tenant, QByteArray("{" + *attributeId + "}")}},
        {QStringLiteral("browse.asset"), {tenant, entityId}},
        {QStringLiteral("browse.history"), {tenant, entityId, attributeId, QByteArray("0")}},
        {QStringLiteral("browse.find"), {tenant, QByteArray("e1")}},
        {QStringLiteral("browse.suggest"), {tenant, attributeId, QByteArray("a"), QByteArray("z")}},
        {QStringLiteral("hotset.jobs"), {tenant}},
        {QStringLiteral("tenant.find"), {db::param(m_other)}},
    };
    int tried = 0;
    for (const StatementRegistry::Entry& entry : StatementRegistry::list()) {
        const auto call = calls.constFind(QString::fromLatin1(entry.name));
        if (call == calls.constEnd())
            continue;
        ++tried;
        const auto rows = analyst->exec(sql(entry.sql, *call));
        QVERIFY2(rows.ok(), rows.ok() ? ""
                                      : qPrintable(QLatin1String(entry.name) + QLatin1String(": ") +
                                                   rows.error().text()));
        QVERIFY2(rows->rowCount() == 0, entry.name);
        // The same as owner returns something, or the test would prove nothing.
        if (qstrcmp(entry.name, "hotset.jobs") != 0)
            QVERIFY2(owner->exec(sql(entry.sql, *call))->rowCount() > 0, entry.name);
    }
    QVERIFY(tried >= calls.size() - 1); // tenant.find is the command line's
}

void TestRowSecurity::compiledFiltersReturnNothingOfAnother_data()
{
    QTest::addColumn<QString>("node");
    QTest::addColumn<QString>("text");
    for (const QString& node : m_platform.cluster().nodes()) {
        for (const char* text :
             {"", "status = \"active\"", "level > 3 and open = true", "not exists(open)", "missing(level)",
              "entity.name contains \"secret\"", "status in (\"active\", \"x\") or level between 1 and 5"})
            QTest::addRow("%s on %s", text, qPrintable(node)) << node << QString::fromLatin1(text);
    }
}

void TestRowSecurity::compiledFiltersReturnNothingOfAnother()
{
    QFETCH(QString, node);
    QFETCH(QString, text);
    // The catalogue as somebody with access has it: the compiled statement is the one that would find rows.
    auto owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    const auto parsed = filter::parse(text);
    QVERIFY(parsed.ok());
    const AttributeCatalog catalog = AttributeCatalog::fromRows(
        owner
            ->exec(AttributeCatalog::namedStatement(
                m_otherId, {QStringLiteral("status"), QStringLiteral("level"), QStringLiteral("open")}))
            .value());
    browse::PageRequest request;
    request.tenant = m_otherId;
    request.filter = parsed.expression;
    request.columns = {catalog.at(0).id};
    request.role =
        node == QLatin1String("warehouse") ? db::EndpointRole::Warehouse : db::EndpointRole::Primary;
    auto analyst = m_platform.open(node, QStringLiteral("analyst"), true);
    const auto page = browse::pageStatement(request, catalog);
    QVERIFY2(!page.problem, page.problem ? qPrintable(page.problem->message) : "");
    const auto rows = analyst->exec(page.statement);
    QVERIFY2(rows.ok(), rows.ok() ? "" : qPrintable(rows.error().text()));
    QCOMPARE(rows->rowCount(), 0);
    const auto count = analyst->exec(browse::countStatement(request, catalog).statement);
    QVERIFY(count.ok());
    QCOMPARE(count->integer(0, 0).value(), 0);
}

void TestRowSecurity::hotMatchChecksTheTenant()
{
    auto analyst = m_platform.open(QStringLiteral("primary"), QStringLiteral("analyst"), true);
    const auto refused =
        analyst->exec(sql("select * from atlas.hot_match($1::int, '{}', '{}')", {db::param(m_otherId)}));
    QVERIFY(!refused.ok());
    QCOMPARE(refused.error().sqlState, QStringLiteral("42501"));
    QVERIFY(
        analyst->exec(sql("select * from atlas.hot_match($1::int, '{}', '{}')", {db::param(m_mineId)})).ok());
}

void TestRowSecurity::administratorsMeasureOnlyWhatIsOpenToThem()
{
    auto owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    QVERIFY(
        owner
            ->exec(sql("delete from atlas.tenant_access where tenant_id = $1::int and login = $2::name",
                       {db::param(m_otherId), db::param(m_platform.cluster().role(QStringLiteral("admin")))}))
            .ok());
    auto admin = m_platform.open(QStringLiteral("primary"), QStringLiteral("admin"));
    QVERIFY(admin);
    const auto refused =
        admin->exec(sql("select atlas.refresh_attribute_stats($1::int)", {db::param(m_otherId)}));
    QVERIFY(!refused.ok());
    QCOMPARE(refused.error().sqlState, QStringLiteral("42501"));
    const auto allowed =
        admin->exec(sql("select atlas.refresh_attribute_stats($1::int)", {db::param(m_mineId)}));
    QVERIFY2(allowed.ok(), allowed.ok() ? "" : qPrintable(allowed.error().text()));
    // The services measure every tenant.
    auto agent = m_platform.open(QStringLiteral("primary"), QStringLiteral("agent"));
    QVERIFY(agent->exec(sql("select atlas.refresh_attribute_stats($1::int)", {db::param(m_otherId)})).ok());
}

void TestRowSecurity::nobodyTalksHimselfIn_data()
{
    QTest::addColumn<QByteArray>("statement");
    const auto add = [](const char* name, const QByteArray& statement) { QTest::newRow(name) << statement; };
    add("become owner", "set role atlas_owner");
    add("become ingest", "set role atlas_ingest");
    add("another session user", "set session authorization atlas_owner");
    add("row security off", "set row_security = off; select count(*) from atlas.entities");
    add("grant to oneself", "insert into atlas.tenant_access (tenant_id, login) values (1, session_user)");
    add("grant function", "select atlas.grant_tenant(1, session_user::name)");
    add("create a tenant", "select atlas.create_tenant('x', 'shared', '{}')");
    add("a partition", "select * from atlas.attribute_values_shared_0");
    add("the whole branch", "select * from atlas.attribute_values_shared");
    add("the hot projection", "select * from atlas.entity_hot");
    add("staging", "select * from atlas.ingest_staging");
    add("drop the policy", "drop policy granted_tenants on atlas.entities");
    add("disable row security", "alter table atlas.entities disable row level security");
    add("a function in the schema", "create function atlas.f() returns int language sql as 'select 1'");
    add("a table in public", "create table public.t (x int)");
    add("the owner's passwords", "select rolpassword from pg_authid");
    add("a file of the server", "select pg_read_file('/etc/passwd')");
    add("a program of the server", "copy (select 1) to program 'true'");
    add("the audit log", "select * from atlas.audit_log");
    add("promote", "select atlas.hot_set_begin(1, 1, 'promote')");
    add("flush", "select * from atlas.flush_staging(1)");
    add("a helper's branches", "select atlas.create_branches(99999)");
}

void TestRowSecurity::nobodyTalksHimselfIn()
{
    QFETCH(QByteArray, statement);
    auto analyst = m_platform.open(QStringLiteral("primary"), QStringLiteral("analyst"), false);
    QVERIFY(analyst);
    const auto status = analyst->execScript(statement, QStringLiteral("test"));
    QVERIFY2(!status.ok(), statement.constData());
    QVERIFY2(status.error().sqlState == QLatin1String("42501") ||
                 status.error().sqlState == QLatin1String("42704"),
             qPrintable(status.error().text()));
}

void TestRowSecurity::analystsWriteNothingOfOthers_data()
{
    QTest::addColumn<QByteArray>("statement");
    QTest::newRow("usage of another tenant") << QByteArray(
        "insert into atlas.filter_usage (tenant_id, filter, milliseconds) values ($1::int, 'x', 1)");
    QTest::newRow("filter of another tenant")
        << QByteArray("insert into atlas.saved_filters (tenant_id, name, filter) values ($1::int, 'x', 'y')");
}

void TestRowSecurity::analystsWriteNothingOfOthers()
{
    QFETCH(QByteArray, statement);
    auto analyst = m_platform.open(QStringLiteral("primary"), QStringLiteral("analyst"), false);
    const auto refused = analyst->exec(sql(statement, {db::param(m_otherId)}));
    QVERIFY(!refused.ok());
    QCOMPARE(refused.error().sqlState, QStringLiteral("42501"));
    const auto allowed = analyst->exec(sql(statement, {db::param(m_mineId)}));
    QVERIFY2(allowed.ok(), allowed.ok() ? "" : qPrintable(allowed.error().text()));
}

void TestRowSecurity::commandLineSeesNoOtherTenant()
{
    const test::Ran refused =
        m_platform.ctl({QStringLiteral("filter"), QStringLiteral("--tenant"), m_other, QString()});
    QCOMPARE(refused.status, 1);
    QVERIFY(refused.out.isEmpty());
    QVERIFY(refused.err.contains("no tenant"));
    const test::Ran allowed = m_platform.ctl(
        {QStringLiteral("filter"), QStringLiteral("--tenant"), m_mine, QStringLiteral("--count"), QString()});
    QVERIFY2(allowed.status == 0, allowed.err.constData());
    QCOMPARE(allowed.out.trimmed(), QByteArray("50"));
}

QTEST_GUILESS_MAIN(TestRowSecurity)
#include "tst_rowsecurity.moc"
