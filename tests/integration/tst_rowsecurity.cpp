// SPDX-License-Identifier: GPL-3.0-or-later
// A login for one tenant gets nothing of another: through the statements that the product sends, and by hand.
#include <QHash>
#include <QMap>
#include <QRandomGenerator>
#include <QRegularExpression>
#include <QSet>
#include <QTest>

#include <optional>
#include <utility>

#include "model/browse/browse.h"
#include "model/catalog/attributecatalog.h"
#include "model/filter/parser.h"
#include "model/ingest/door.h"
#include "tests/support/platform.h"

using namespace atlas;
using test::sql;

namespace {

const QString primary = QStringLiteral("primary");
const QString replica = QStringLiteral("replica-1");
const QString warehouse = QStringLiteral("warehouse");
/// A writer's login to which the other tenant is not open. The cluster's own made both tenants.
const QString stranger = QStringLiteral("stranger");

/// A statement of the product, called about the other tenant.
struct Call
{
    enum class Kind {
        Reads,  ///< of the tenant in its parameters: comes back empty, and not so for the owner
        Writes, ///< into that tenant: refused, or finds no row
        Lists,  ///< names no tenant: what comes back may be of one's own
        Exempt, ///< is not called, because of `reason`
    };
    Kind kind = Kind::Exempt;
    QList<db::Param> params = {};
    QStringList nodes = {primary};
    QString reason = {};
    QByteArray copy = {};   ///< rows of a COPY
    QByteArray before = {}; ///< a writer runs this first, in a transaction
    /// SQLSTATEs of a refusal.
    QStringList refusals = {QStringLiteral("42501")};
};

/// The listing of `atlasctl statements`: name, purpose, text.
QMap<QString, QByteArray> statementsOf(const QByteArray& listing)
{
    static const QRegularExpression head(QStringLiteral("^([a-zA-Z]+\\.\\w+) — "));
    QMap<QString, QByteArray> statements;
    QString name;
    const QStringList lines = QString::fromUtf8(listing).split(QLatin1Char('\n'));
    for (const QString& line : lines) {
        if (const auto match = head.match(line); match.hasMatch())
            name = match.captured(1);
        else if (!name.isEmpty())
            statements[name] += line.toUtf8() + '\n';
    }
    return statements;
}

/// Null, false, zero: nothing is said of anybody.
bool saysNothing(const db::ResultSet& rows)
{
    for (int row = 0; row < rows.rowCount(); ++row) {
        for (int column = 0; column < rows.columnCount(); ++column) {
            const QString cell = rows.string(row, column);
            if (!cell.isEmpty() && cell != QLatin1String("f") && cell != QLatin1String("0"))
                return false;
        }
    }
    return true;
}

} // namespace

class TestRowSecurity : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void cleanupTestCase();
    void tablesShowGrantedTenantsOnly_data();
    void tablesShowGrantedTenantsOnly();
    void everyTableWithTenantIsCovered();
    void everyStatementIsTried();
    void statementsReachNothingOfAnother_data();
    void statementsReachNothingOfAnother();
    void compiledFiltersReturnNothingOfAnother_data();
    void compiledFiltersReturnNothingOfAnother();
    void hotMatchChecksTheTenant();
    void administratorsMeasureOnlyWhatIsOpenToThem();
    void oneTenantNarrowsAndNeverWidens();
    void writersWriteThroughTheDoorAlone();
    void nobodyTalksHimselfIn_data();
    void nobodyTalksHimselfIn();
    void peopleWriteNothingOfOthers_data();
    void peopleWriteNothingOfOthers();
    void theServerSignsWhatPeopleSet();
    void writersStayInTheirTenants_data();
    void writersStayInTheirTenants();
    void aTakenNameIsSaidToBe();
    void analystsMayHaveParallelPlans();
    void commandLineSeesNoOtherTenant();

private:
    QString prepareOther();
    QHash<QString, Call> calls() const;
    std::unique_ptr<db::BlockingSession> open(const QString& node, const QString& login);
    QString role(const QString& login) const;
    /// The other tenant as a whole: changes with every change to any of its rows.
    QString digest();
    /// Why the answer is not as it should be; empty when it is.
    QString leak(const db::Result<db::ResultSet>& answer, const Call& call) const;

    test::Platform m_platform;
    QMap<QString, QByteArray> m_statements;
    QString m_mine, m_other, m_stranger, m_strangersPassword;
    int m_mineId = 0, m_otherId = 0;
    /// Of the other tenant: an asset, its text and its number attribute, a batch with its start, a job.
    qint64 m_entity = 0, m_status = 0, m_level = 0, m_job = 0;
    QString m_batch, m_started;
    QByteArray m_digestSql;
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
            lines += "{\"id\": \"e" + QByteArray::number(i) +
                     "\", \"type\": \"thing\", \"name\": \"secret of " + tenant.toUtf8() + ' ' +
                     QByteArray::number(i) +
                     "\", \"observed_at\": \"2026-01-01T00:00:00Z\", \"attributes\": {\"status\": "
                     "\"active\", \"level\": " +
                     QByteArray::number(i) + ", \"open\": true, \"present\": true}}\n";
        QCOMPARE(m_platform.import(tenant, lines), QString());
    }
    m_mineId = m_platform.tenantId(m_mine);
    m_otherId = m_platform.tenantId(m_other);
    QVERIFY(m_mineId > 0 && m_otherId > 0);
    m_strangersPassword = QString::number(QRandomGenerator::system()->generate64(), 16);
    m_stranger =
        QStringLiteral("stranger_%1").arg(QRandomGenerator::system()->generate64(), 16, 16, QLatin1Char('0'));
    QVERIFY(cluster.superuser(
        primary, QStringLiteral("postgres"),
        {QStringLiteral("-c"), QStringLiteral("create role %1 login password '%2' in role atlas_ingest")
                                   .arg(m_stranger, m_strangersPassword)}));
    QCOMPARE(prepareOther(), QString());
    const test::Ran listed = m_platform.ctl({QStringLiteral("statements")});
    QVERIFY2(listed.status == 0, listed.err.constData());
    m_statements = statementsOf(listed.out);
    QVERIFY(m_platform.waitForEveryNode());
}

/// Something of the other tenant in every table, closed to all logins but the one that imported it.
QString TestRowSecurity::prepareOther()
{
    auto owner = open(primary, QStringLiteral("owner"));
    if (!owner)
        return QStringLiteral("no session");
    const QByteArray id = QByteArray::number(m_otherId);
    QByteArray script = R"(
        insert into atlas.tenant_access (tenant_id, login) values (:mine, ':stranger');
        delete from atlas.tenant_access where tenant_id = :other and login in (':analyst', ':operator', ':admin');
        insert into atlas.entity_hot (tenant_id, entity_id, doc)
            select tenant_id, entity_id, '{"1": 1}' from atlas.entities where tenant_id = :other;
        insert into atlas.ingest_rejects (tenant_id, batch_id, external_id, attribute, value_type, value, reason)
            select tenant_id, batch_id, 'e0', 'status', 1, 'x', 'test' from atlas.ingest_batches where tenant_id = :other;
        insert into atlas.ingest_rate_samples (sampled_at, tenant_id, seconds, rows, bytes, batches)
            values (clock_timestamp(), :other, 10, 1, 1, 1);
        insert into atlas.hot_set_jobs (tenant_id, attribute_id, kind, phase)
            select tenant_id, attribute_id, 'promote', 'failed' from atlas.attributes where tenant_id = :other and name = 'status';
        insert into atlas.tenant_moves (tenant_id, kind, phase, leaf) values (:other, 'isolate', 'failed', 0);
        insert into atlas.filter_usage (tenant_id, filter, attributes, milliseconds)
            select tenant_id, 'x', array[attribute_id], 1 from atlas.attributes where tenant_id = :other and name = 'status';
        insert into atlas.saved_filters (tenant_id, name, filter, shared) values (:other, 'x', 'y', true);
        insert into atlas.attribute_rates (tenant_id, attribute_id)
            select tenant_id, attribute_id from atlas.attributes where tenant_id = :other on conflict do nothing;
        select atlas.refresh_attribute_stats(:other))";
    script.replace(":mine", QByteArray::number(m_mineId))
        .replace(":other", id)
        .replace(":stranger", m_stranger.toUtf8());
    for (const char* login : {"analyst", "operator", "admin"})
        script.replace(QByteArray(":") + login, role(QString::fromLatin1(login)).toUtf8());
    if (const auto done = owner->execScript(script, QStringLiteral("test")); !done)
        return done.error().text();
    const auto found = owner->exec(sql(R"(
        select (select min(entity_id) from atlas.entities where tenant_id = $1::int),
               (select attribute_id from atlas.attributes where tenant_id = $1::int and name = 'status'),
               (select attribute_id from atlas.attributes where tenant_id = $1::int and name = 'level'),
               (select job_id from atlas.hot_set_jobs where tenant_id = $1::int), b.batch_id, b.started_at,
               (select count(*) from atlas.attribute_values where tenant_id = $1::int)
          from atlas.ingest_batches b where b.tenant_id = $1::int)",
                                       {db::param(m_otherId)}));
    if (!found)
        return found.error().text();
    if (found->rowCount() != 1 || found->integer(0, 6) != 200)
        return QStringLiteral("the other tenant was not imported as one batch of 200 values");
    m_entity = found->integer(0, 0).value_or(0);
    m_status = found->integer(0, 1).value_or(0);
    m_level = found->integer(0, 2).value_or(0);
    m_job = found->integer(0, 3).value_or(0);
    m_batch = found->string(0, 4);
    m_started = found->string(0, 5);

    const auto tables = owner->exec(sql(R"(
        select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
         where c.relnamespace = 'atlas'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
         order by 1)"));
    if (!tables)
        return tables.error().text();
    for (int row = 0; row < tables->rowCount(); ++row)
        m_digestSql += (row == 0 ? "select md5(concat(" : ", ") +
                       QByteArray("(select string_agg(md5(t::text), '' order by md5(t::text)) from atlas.") +
                       tables->bytes(row, 0).toByteArray() + " t where tenant_id = " + id + ')';
    m_digestSql += "))";
    return {};
}

void TestRowSecurity::cleanupTestCase()
{
    if (m_stranger.isEmpty())
        return;
    const QStringList nodes = m_platform.cluster().nodes();
    for (const QString& node : nodes)
        m_platform.client().removeEndpoint(node + QStringLiteral("#stranger"));
    // A session that is still there may own temporary tables.
    QVERIFY(m_platform.cluster().superuser(
        primary, QStringLiteral("postgres"),
        {QStringLiteral("-c"),
         QStringLiteral("select pg_terminate_backend(pid, 10000) from pg_stat_activity where usename = '%1'")
             .arg(m_stranger),
         QStringLiteral("-c"), QStringLiteral("drop role if exists %1").arg(m_stranger)}));
}

std::unique_ptr<db::BlockingSession> TestRowSecurity::open(const QString& node, const QString& login)
{
    if (login != stranger)
        return m_platform.open(node, login);
    db::Endpoint endpoint = m_platform.cluster().endpoint(node, QStringLiteral("ingest"), false);
    endpoint.id = node + QStringLiteral("#stranger");
    endpoint.info.set(QStringLiteral("user"), m_stranger);
    endpoint.info.set(QStringLiteral("password"), m_strangersPassword);
    if (m_platform.client().state(endpoint.id).link == db::EndpointState::Link::Unknown)
        m_platform.client().setEndpoint(endpoint);
    auto session = db::BlockingSession::open(m_platform.client(), endpoint.id);
    if (!session) {
        qWarning("%s", qPrintable(session.error().text()));
        return nullptr;
    }
    return std::move(session).value();
}

QString TestRowSecurity::role(const QString& login) const
{
    return login == stranger ? m_stranger : m_platform.cluster().role(login);
}

QString TestRowSecurity::digest()
{
    const auto rows = open(primary, QStringLiteral("owner"))->exec(sql(m_digestSql));
    return rows ? rows->string(0, 0) : rows.error().text();
}

void TestRowSecurity::tablesShowGrantedTenantsOnly_data()
{
    QTest::addColumn<QString>("node");
    QTest::addColumn<QString>("login");
    QTest::addColumn<QByteArray>("table");
    // Every table of ours with tenant_id that the login may read at all.
    const QByteArray readable = R"(
        select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
         where c.relnamespace = 'atlas'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
           and has_table_privilege($1::name, c.oid, 'select') order by 1)";
    const QStringList nodes = m_platform.cluster().nodes();
    for (const QString& node : nodes) {
        auto owner = open(node, QStringLiteral("owner"));
        for (const QString& login :
             {QStringLiteral("analyst"), QStringLiteral("operator"), QStringLiteral("admin"), stranger}) {
            if (node == warehouse && login == stranger)
                continue; // has no login there
            const auto tables = owner->exec(sql(readable, {db::param(role(login))}));
            if (!tables || tables->rowCount() < 6)
                qFatal("%s may read nothing on %s", qPrintable(login), qPrintable(node));
            for (int row = 0; row < tables->rowCount(); ++row) {
                const QByteArray table = tables->bytes(row, 0).toByteArray();
                QTest::addRow("%s on %s as %s", table.constData(), qPrintable(node), qPrintable(login))
                    << node << login << table;
            }
        }
    }
}

void TestRowSecurity::tablesShowGrantedTenantsOnly()
{
    QFETCH(QString, node);
    QFETCH(QString, login);
    QFETCH(QByteArray, table);
    const QByteArray count = "select count(*) from atlas." + table;
    const QByteArray ofOther = count + " where tenant_id = " + QByteArray::number(m_otherId);
    auto session = open(node, login);
    QVERIFY(session);
    for (const QByteArray& query :
         {ofOther, QByteArray(count + " where tenant_id <> all (select tenant_id from atlas.tenant_access "
                                      "where login = session_user)")}) {
        const auto rows = session->exec(sql(query));
        QVERIFY2(rows.ok(), rows.ok() ? "" : qPrintable(rows.error().text()));
        QCOMPARE(rows->integer(0, 0).value(), 0);
    }
    // What the owner sees is there to be stolen.
    const auto there = open(node, QStringLiteral("owner"))->exec(sql(ofOther));
    QVERIFY2(there.ok(), there.ok() ? "" : qPrintable(there.error().text()));
    QVERIFY(there->integer(0, 0).value() > 0);
    if (table == "entities" || table == "attribute_values" || table == "tenants") {
        const auto own = session->exec(sql(count + " where tenant_id = " + QByteArray::number(m_mineId)));
        QVERIFY(own->integer(0, 0).value() > 0);
    }
}

void TestRowSecurity::everyTableWithTenantIsCovered()
{
    auto owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    // Partitions have no grants; what has tenant_id and a grant to a group must have row security.
    const auto unprotected = owner->exec(sql(R"(
        select string_agg(c.relname, ', ') from pg_class c
          join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'atlas'
          join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
         where c.relkind in ('r', 'p') and not c.relrowsecurity
           and (has_table_privilege('atlas_analyst', c.oid, 'select') or has_table_privilege('atlas_operator', c.oid, 'select')
             or has_table_privilege('atlas_admin', c.oid, 'select') or has_table_privilege('atlas_ingest', c.oid, 'select')))"));
    QVERIFY2(unprotected->isNull(0, 0), qPrintable(unprotected->string(0, 0)));
    const auto partitions = owner->exec(sql(R"(
        select string_agg(c.relname, ', ') from pg_class c, lateral aclexplode(c.relacl) a
         where c.relnamespace = 'atlas'::regnamespace and c.relispartition and a.grantee <> c.relowner)"));
    QVERIFY2(partitions->isNull(0, 0), qPrintable(partitions->string(0, 0)));
    // A function of ours is for whom it is granted to, never for everybody.
    const auto functions = owner->exec(sql(R"(
        select string_agg(p.oid::regprocedure::text, ', ') from pg_proc p
          join pg_namespace n on n.oid = p.pronamespace and n.nspname = 'atlas',
               lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
         where a.grantee = 0)"));
    QVERIFY2(functions->isNull(0, 0), qPrintable(functions->string(0, 0)));
}

QHash<QString, Call> TestRowSecurity::calls() const
{
    using Kind = Call::Kind;
    const db::Param tenant = db::param(m_otherId);
    const db::Param name = db::param(m_other);
    const db::Param batch = db::param(m_batch);
    const db::Param entity = db::param(m_entity);
    const db::Param status = db::param(m_status);
    const db::Param level = db::param(m_level);
    const db::Param job = db::param(m_job);
    const db::Param tenants = db::arrayParam(QList<int>{m_otherId});
    const db::Param names = db::arrayParam(QStringList{m_other});
    const db::Param batches = db::arrayParam(QStringList{m_batch});
    const db::Param nobody = QByteArray("{}");
    const db::Param day = QByteArray("86400");
    const QStringList copies{primary, replica};
    const QStringList everywhere{primary, replica, warehouse};
    const QStringList refusedOrTaken{QStringLiteral("42501"), QStringLiteral("23505")};

    QHash<QString, Call> all;
    const auto add = [&all](const char* statement, const Call& call) {
        all.insert(QString::fromLatin1(statement), call);
    };
    const auto exempt = [&add](const char* statement, const char* reason) {
        add(statement, Call{.kind = Kind::Exempt, .reason = QString::fromLatin1(reason)});
    };
    const auto reads = [&add](const char* statement, const QList<db::Param>& params,
                              const QStringList& nodes = {primary}) {
        add(statement, Call{.kind = Kind::Reads, .params = params, .nodes = nodes});
    };
    const auto writes = [&add](const char* statement, const QList<db::Param>& params) {
        add(statement, Call{.kind = Kind::Writes, .params = params});
    };
    const auto lists = [&add](const char* statement, const QList<db::Param>& params = {},
                              const QStringList& nodes = {primary}) {
        add(statement, Call{.kind = Kind::Lists, .params = params, .nodes = nodes});
    };

    lists("agent.alive");
    writes("agent.beat", {});
    writes("agent.flush", {QByteArray("1")});
    writes("agent.lag", {QByteArray("[]")});
    exempt("agent.lock", "a lock that an agent waits for; no data");
    writes("agent.maintain", {});
    writes("agent.rate", {});
    writes("agent.stats", {QByteArray("0"), QByteArray("1"), QByteArray("1")});
    writes("agent.usage", {QByteArray("0"), QByteArray("1000")});
    writes("agent.writes", {});
    reads("rejects.groups", {tenant, QByteArray(""), QByteArray("")});
    reads("rejects.list",
          {tenant, QByteArray("0"), QByteArray(""), QByteArray(""), QByteArray("10"), QByteArray("0")});
    exempt("rejects.last", "one number; row security makes it 0 for others");
    writes("rejects.settle", {tenant, QByteArray("{1}"), QByteArray("false")});
    reads("rejects.types", {tenant, QByteArray("{status}")});
    reads("browse.asset", {tenant, entity}, everywhere);
    exempt("browse.count", "composed: compiledFiltersReturnNothingOfAnother");
    reads("browse.find", {tenant, QByteArray("e1")}, everywhere);
    exempt("browse.histogram", "composed: compiledFiltersReturnNothingOfAnother");
    reads("browse.history", {tenant, entity, status, QByteArray("0")}, everywhere);
    exempt("browse.page", "composed: compiledFiltersReturnNothingOfAnother");
    reads("browse.slices", {tenant, entity, level, QByteArray("0"), day}, everywhere);
    reads("browse.suggest", {tenant, status, QByteArray("a"), QByteArray("z")}, everywhere);
    exempt("browse.top", "composed: compiledFiltersReturnNothingOfAnother");
    reads("catalog.attributes", {tenant}, copies);
    reads("catalog.details", {tenant, db::arrayParam(QList<qint64>{m_status})}, copies);
    reads("catalog.named", {tenant, QByteArray("{status,level,open}")}, copies);
    lists("catalog.position", {}, copies);
    add("collect.create_tenant",
        Call{.kind = Kind::Writes, .params = {name, nobody}, .refusals = refusedOrTaken});
    reads("collect.known", {tenant});
    writes("collect.refresh_stats", {tenant});
    reads("collect.tenant", {name});
    lists("environments.access", {}, copies);
    lists("environments.findReplicas");
    lists("environments.warehouseAccess", {}, {warehouse});
    writes("hotset.begin", {tenant, status, QByteArray("promote")});
    writes("hotset.cancel", {tenant, job});
    reads("hotset.candidates", {tenant, QByteArray("30")}, copies);
    reads("hotset.jobs", {tenant}, copies);
    writes("hotset.step", {tenant, job, QByteArray("10")});
    reads("import.catalogue", {tenant});
    add("import.create_tenant", Call{.kind = Kind::Writes,
                                     .params = {name, QByteArray("shared"), nobody},
                                     .refusals = refusedOrTaken});
    reads("import.earlier", {tenant, batches});
    reads("import.rejects", {tenant, batch});
    reads("import.tenant", {name});
    exempt("ingest.asynchronous", "a setting; no data");
    add("ingest.copy_staging",
        Call{.kind = Kind::Writes,
             .copy = QByteArray::number(m_otherId) +
                     "\tstolen\t\\N\t\\N\tstatus\t1\t2026-06-01 00:00:00+00\t\\N\tx\t\\N\t\\N\ttest\n"});
    exempt("ingest.pressure", "servers and limits only, no tenant's");
    reads("ingest.ledger", {tenant, batch, db::param(m_started)});
    add("ingest.take",
        Call{.kind = Kind::Writes,
             .params = {tenant, QByteArray("00000000-0000-4000-8000-000000000002"),
                        QByteArray("2026-06-01 00:00:00+00"), QByteArray("durable"), QByteArray("test"),
                        QByteArray("0"), QByteArray("{stolen}"), QByteArray("{NULL}"), QByteArray("{NULL}"),
                        QByteArray("{status}"), QByteArray("{1}"), QByteArray("{0}"), QByteArray("{0}"),
                        QByteArray("{2026-06-01 00:00:00+00}"), QByteArray("{NULL}"), QByteArray("{x}"),
                        QByteArray("{NULL}"), QByteArray("{NULL}")}});
    lists("lag.primary");
    lists("lag.replica", {}, {replica});
    lists("lag.warehouse", {}, {warehouse});
    lists("load.analyze");
    reads("load.began", {tenant, batch});
    add("load.create_tenant", Call{.kind = Kind::Writes,
                                   .params = {name, QByteArray("shared"), nobody},
                                   .refusals = refusedOrTaken});
    writes("load.describe", {tenant, QByteArray("{status}"), QByteArray("{stolen}"), QByteArray("{stolen}")});
    reads("load.done", {tenants, batches});
    lists("load.is_owner");
    reads("load.otherwise", {tenants, QByteArray("import")});
    writes("load.refresh_stats", {tenant});
    lists("load.staging");
    reads("load.tenants", {names});
    lists("load.vacuum");
    lists("pipeline.lag", {day, QByteArray("10")}, copies);
    lists("pipeline.ledger", {day, QByteArray("10")}, copies);
    lists("pipeline.rates", {day, QByteArray("10")}, copies);
    writes("schema.applied", {});
    lists("schema.catalogue");
    lists("schema.exists");
    exempt("schema.lock", "a lock that migrations wait for; no data");
    writes("schema.record", {QByteArray("99"), QByteArray("x"), QByteArray("x")});
    writes("schema.recorded", {});
    writes("schema.stamp", {nobody, QByteArray("x")});
    exempt("schema.unlock", "a lock that migrations wait for; no data");
    reads("tenant.find", {name}, everywhere);
    lists("tenant.names", {}, everywhere);
    writes("tenantmoves.begin", {tenant, QByteArray("isolate")});
    writes("tenantmoves.cancel", {tenant, job});
    exempt("tenantmoves.elders", "processes only, no tenant's");
    reads("tenantmoves.moves", {tenant});
    lists("tenantmoves.sizes", {}, copies);
    writes("tenantmoves.step", {tenant, job, QByteArray("10")});
    lists("tenants.list", {}, copies);
    writes("usage.note", {tenant, QByteArray("status = ?"), QByteArray("{1}"), QByteArray("1"), std::nullopt,
                          QByteArray("primary")});
    return all;
}

void TestRowSecurity::everyStatementIsTried()
{
    const QHash<QString, Call> known = calls();
    QStringList unknown = m_statements.keys();
    unknown.removeIf([&known](const QString& name) { return known.contains(name); });
    QVERIFY2(unknown.isEmpty(),
             qPrintable(QStringLiteral("say in calls() how these are tried, or why not: ") +
                        unknown.join(QLatin1Char(' '))));
    QStringList gone = known.keys();
    gone.removeIf([this](const QString& name) { return m_statements.contains(name); });
    QVERIFY2(gone.isEmpty(), qPrintable(gone.join(QLatin1Char(' '))));
}

QString TestRowSecurity::leak(const db::Result<db::ResultSet>& answer, const Call& call) const
{
    if (!answer)
        return call.refusals.contains(answer.error().sqlState) ? QString() : answer.error().text();
    if (call.kind != Call::Kind::Lists && !saysNothing(*answer))
        return QStringLiteral("it answers");
    if (call.kind == Call::Kind::Writes && answer->affectedRows() > 0 && answer->rowCount() == 0)
        return QStringLiteral("it changes %1 rows").arg(answer->affectedRows());
    for (int column = 0; column < answer->columnCount(); ++column) {
        const bool isTenant = answer->columns().at(column).name == QLatin1String("tenant_id");
        for (int row = 0; row < answer->rowCount(); ++row) {
            const QString cell = answer->string(row, column);
            if (cell.contains(m_other) || (isTenant && cell == QString::number(m_otherId)))
                return QStringLiteral("it tells of the other tenant: ") + cell;
        }
    }
    return {};
}

void TestRowSecurity::statementsReachNothingOfAnother_data()
{
    QTest::addColumn<QString>("name");
    for (auto it = m_statements.cbegin(); it != m_statements.cend(); ++it)
        QTest::newRow(qPrintable(it.key())) << it.key();
}

void TestRowSecurity::statementsReachNothingOfAnother()
{
    QFETCH(QString, name);
    const Call call = calls().value(name);
    if (call.kind == Call::Kind::Exempt) {
        QVERIFY(!call.reason.isEmpty());
        return;
    }
    const db::Statement statement = sql(m_statements.value(name), call.params);
    const QString before = digest();
    for (const QString& node : call.nodes) {
        for (const QString& login :
             {QStringLiteral("analyst"), QStringLiteral("operator"), QStringLiteral("admin"), stranger}) {
            if (node == warehouse && login == stranger)
                continue; // has no login there
            auto session = open(node, login);
            QVERIFY(session);
            if (login == stranger && !call.before.isEmpty()) {
                const auto ready = session->execScript("begin; " + call.before, QStringLiteral("test"));
                QVERIFY2(ready.ok(), ready.ok() ? "" : qPrintable(ready.error().text()));
            }
            QByteArray rows = call.copy;
            const auto answer =
                rows.isEmpty()
                    ? session->exec(statement)
                    : session->copyIn(statement, [&rows] { return std::exchange(rows, QByteArray()); });
            const QString why = leak(answer, call);
            QVERIFY2(why.isEmpty(), qPrintable(QStringLiteral("%1 on %2: %3").arg(login, node, why)));
        }
    }
    QCOMPARE(digest(), before);
    if (call.kind != Call::Kind::Reads)
        return;
    // The same as owner tells something, or nothing was proved.
    const auto there = open(primary, QStringLiteral("owner"))->exec(statement);
    QVERIFY2(there.ok(), there.ok() ? "" : qPrintable(there.error().text()));
    QVERIFY(!saysNothing(*there));
}

void TestRowSecurity::compiledFiltersReturnNothingOfAnother_data()
{
    QTest::addColumn<QString>("node");
    QTest::addColumn<QString>("login");
    QTest::addColumn<QString>("text");
    const QStringList nodes = m_platform.cluster().nodes();
    for (const QString& node : nodes) {
        for (const char* login : {"analyst", "operator", "admin"}) {
            for (const char* text : {"", "status = \"active\"", "level > 3 and open = true",
                                     "not exists(open)", "missing(level)", "entity.name contains \"secret\"",
                                     "status in (\"active\", \"x\") or level between 1 and 5"})
                QTest::addRow("%s on %s as %s", text, qPrintable(node), login)
                    << node << QString::fromLatin1(login) << QString::fromLatin1(text);
        }
    }
}

void TestRowSecurity::compiledFiltersReturnNothingOfAnother()
{
    QFETCH(QString, node);
    QFETCH(QString, login);
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
    request.role = node == warehouse ? db::EndpointRole::Warehouse : db::EndpointRole::Primary;
    auto session = m_platform.open(node, login, true);
    const auto page = browse::pageStatement(request, catalog);
    QVERIFY2(!page.problem, page.problem ? qPrintable(page.problem->message) : "");
    const auto rows = session->exec(page.statement);
    QVERIFY2(rows.ok(), rows.ok() ? "" : qPrintable(rows.error().text()));
    QCOMPARE(rows->rowCount(), 0);
    const auto count = session->exec(browse::countStatement(request, catalog).statement);
    QVERIFY(count.ok());
    QCOMPARE(count->integer(0, 0).value(), 0);
    // Sorted, with and without an end, and the most common values.
    request.sort = filter::Sort{filter::Subject::ofAttribute(QStringLiteral("level")), false};
    for (const auto& built :
         {browse::pageStatement(request, catalog), browse::topStatement(request, catalog), [&] {
              browse::PageRequest limited = request;
              limited.limit = 10;
              return browse::pageStatement(limited, catalog);
          }()}) {
        QVERIFY(!built.problem);
        const auto found = session->exec(built.statement);
        QVERIFY2(found.ok(), found.ok() ? "" : qPrintable(found.error().text()));
        QCOMPARE(found->rowCount(), 0);
    }
}

void TestRowSecurity::hotMatchChecksTheTenant()
{
    for (const char* login : {"analyst", "operator", "admin"}) {
        auto session = m_platform.open(QStringLiteral("primary"), QString::fromLatin1(login), true);
        for (const char* function : {"hot_match", "hot_count"}) {
            const QByteArray call = QByteArray("select * from atlas.") + function + "($1::int, '{}', '{}')";
            const auto refused = session->exec(sql(call, {db::param(m_otherId)}));
            QVERIFY(!refused.ok());
            QCOMPARE(refused.error().sqlState, QStringLiteral("42501"));
            QVERIFY(session->exec(sql(call, {db::param(m_mineId)})).ok());
        }
        // What they call as the owner asks for no one else.
        const auto inner =
            session->exec(sql("select atlas.require_hot($1::int, '{}')", {db::param(m_mineId)}));
        QVERIFY(!inner.ok());
        QCOMPARE(inner.error().sqlState, QStringLiteral("42501"));
    }
}

void TestRowSecurity::administratorsMeasureOnlyWhatIsOpenToThem()
{
    for (const QString& login : {QStringLiteral("admin"), stranger}) {
        auto session = open(primary, login);
        QVERIFY(session);
        const auto refused =
            session->exec(sql("select atlas.refresh_attribute_stats($1::int)", {db::param(m_otherId)}));
        QVERIFY(!refused.ok());
        QCOMPARE(refused.error().sqlState, QStringLiteral("42501"));
        const auto allowed =
            session->exec(sql("select atlas.refresh_attribute_stats($1::int)", {db::param(m_mineId)}));
        QVERIFY2(allowed.ok(), allowed.ok() ? "" : qPrintable(allowed.error().text()));
    }
    // The agent measures every tenant.
    auto agent = m_platform.open(QStringLiteral("primary"), QStringLiteral("agent"));
    QVERIFY(agent->exec(sql("select atlas.refresh_attribute_stats($1::int)", {db::param(m_otherId)})).ok());
}

/// db::Statement::tenant, and the setting behind it, which anybody may set to anything.
/// Of a tenant that is open to it, too: history, values and ledger are for ingest_batch to write.
void TestRowSecurity::writersWriteThroughTheDoorAlone()
{
    auto writer = m_platform.open(primary, QStringLiteral("ingest"));
    QVERIFY(writer);
    const auto refused = [&writer](const QByteArray& statement) {
        const auto done = writer->exec(sql(statement));
        return done ? QStringLiteral("taken") : done.error().sqlState;
    };
    for (const char* table : {"entities", "attributes", "attribute_values", "attribute_events", "entity_hot",
                              "ingest_batches", "ingest_rejects", "attribute_writes"}) {
        const QByteArray name = QByteArray("atlas.") + table;
        QCOMPARE(refused("insert into " + name + " (tenant_id) values (1)"), QStringLiteral("42501"));
        QCOMPARE(refused("update " + name + " set tenant_id = 1"), QStringLiteral("42501"));
        QCOMPARE(refused("delete from " + name), QStringLiteral("42501"));
        QCOMPARE(refused("truncate " + name), QStringLiteral("42501"));
    }
    QCOMPARE(refused("update atlas.attributes set value_type = 2"), QStringLiteral("42501"));
    QCOMPARE(refused("update atlas.attributes set unit = unit where false"), QStringLiteral("taken"));
}

void TestRowSecurity::oneTenantNarrowsAndNeverWidens()
{
    const QByteArray mine =
        "select string_agg(distinct tenant_id::text, ',') from atlas.attribute_values where tenant_id in (" +
        QByteArray::number(m_mineId) + ',' + QByteArray::number(m_otherId) + ')';
    for (const char* login : {"analyst", "operator", "admin"}) {
        auto session = m_platform.open(primary, QString::fromLatin1(login), true);
        QVERIFY(session);
        const auto seen = [&](std::optional<int> tenant) {
            db::Statement statement = sql(mine);
            statement.tenant = tenant;
            const auto rows = session->exec(statement);
            return rows ? rows->string(0, 0) : rows.error().text();
        };
        const QString own = QString::number(m_mineId);
        QCOMPARE(seen(std::nullopt), own);
        QCOMPARE(seen(m_mineId), own);
        QCOMPARE(seen(m_otherId), QString()); // not open: nothing, not even one's own
        QCOMPARE(seen(std::nullopt), own);    // and it held for that statement only
        // Rows in batches, on the same connection, before and after one without a tenant.
        db::Statement stream =
            sql("select g, t.tenant_id from generate_series(1, 1000) g cross join atlas.tenants t");
        for (const std::optional<int> tenant :
             {std::optional(m_mineId), std::optional<int>(), std::optional(m_otherId)}) {
            stream.tenant = tenant;
            QSet<QString> tenants;
            qint64 rows = 0;
            QVERIFY(session
                        ->stream(stream, 100,
                                 [&](const db::ResultSet& batch) {
                                     rows += batch.rowCount();
                                     for (int row = 0; row < batch.rowCount(); ++row)
                                         tenants.insert(batch.string(row, 1));
                                 })
                        .ok());
            QVERIFY(!tenants.contains(QString::number(m_otherId)));
            QCOMPARE(tenants.contains(own), tenant != m_otherId);
            if (tenant)
                QCOMPARE(rows, tenant == m_mineId ? 1000 : 0);
        }
        // With another deadline, which is sent ahead of it: in a transaction of one's own and without.
        for (const bool inTransaction : {false, true}) {
            if (inTransaction)
                QVERIFY(session->exec(sql("begin")).ok());
            for (const int seconds : {7, 8, 8, 9}) {
                db::Statement other = sql("select t.tenant_id, 'x' from atlas.tenants t where tenant_id = " +
                                          QByteArray::number(m_mineId));
                other.tenant = m_mineId;
                other.deadline = std::chrono::seconds(seconds);
                const auto rows = session->exec(other);
                QVERIFY2(rows.ok(), rows.ok() ? "" : qPrintable(rows.error().text()));
                QCOMPARE(rows->rowCount(), 1);
                QCOMPARE(rows->columnCount(), 2);
                QCOMPARE(rows->string(0, 0), own);
            }
            if (inTransaction)
                QVERIFY(session->exec(sql("rollback")).ok());
        }
        // The error of a statement is its own, and the connection goes on.
        db::Statement wrong = sql("select 1 / 0 from atlas.tenants");
        wrong.tenant = m_mineId;
        const auto failed = session->exec(wrong);
        QVERIFY(!failed.ok());
        QCOMPARE(failed.error().sqlState, QStringLiteral("22012"));
        QCOMPARE(seen(m_mineId), own);
        // In a transaction of one's own it is not sent: the statements after it would see less.
        QVERIFY(session->exec(sql("begin")).ok());
        QCOMPARE(seen(m_otherId), own);
        QVERIFY(session->exec(sql("rollback")).ok());
        for (const char* value : {"0", "-1", "99999999"}) {
            QVERIFY(session->exec(sql(QByteArray("set atlas.tenant = '") + value + "'")).ok());
            QCOMPARE(seen(std::nullopt), QString());
        }
        QVERIFY(session->exec(sql("set atlas.tenant = '" + QByteArray::number(m_otherId) + "'")).ok());
        QCOMPARE(seen(std::nullopt), QString());
        QVERIFY(session->exec(sql("set atlas.tenant = '1 or true'")).ok());
        QVERIFY(seen(std::nullopt).contains(QLatin1String("integer"))); // refused, nothing is read
    }
}

void TestRowSecurity::nobodyTalksHimselfIn_data()
{
    QTest::addColumn<QString>("login");
    QTest::addColumn<QByteArray>("statement");
    const QByteArray other = QByteArray::number(m_otherId);
    for (const char* login : {"analyst", "operator", "admin", "stranger"}) {
        const auto add = [login](const char* name, const QByteArray& statement) {
            QTest::addRow("%s as %s", name, login) << QString::fromLatin1(login) << statement;
        };
        const bool isAdmin = qstrcmp(login, "admin") == 0;
        const bool isWriter = qstrcmp(login, "stranger") == 0;
        add("become owner", "set role atlas_owner");
        add("become agent", "set role atlas_agent");
        add("another session user", "set session authorization atlas_owner");
        add("row security off", "set row_security = off; select count(*) from atlas.entities");
        add("grant to oneself",
            "insert into atlas.tenant_access (tenant_id, login) values (" + other + ", session_user)");
        add("take a grant over", "update atlas.tenant_access set login = session_user");
        add("grant function", "select atlas.grant_tenant(" + other + ", session_user::name)");
        add("revoke function", "select atlas.revoke_tenant(" + other + ", 'atlas_ingest')");
        add("a partition", "select * from atlas.attribute_values_shared_0");
        add("the whole branch", "select * from atlas.attribute_values_shared");
        add("staging", "select * from atlas.ingest_staging");
        add("drop the policy", "drop policy granted_tenants on atlas.entities");
        add("disable row security", "alter table atlas.entities disable row level security");
        add("disable the fast door's check", "alter table atlas.ingest_staging disable trigger all");
        add("triggers off", "set session_replication_role = replica");
        add("a function in the schema", "create function atlas.f() returns int language sql as 'select 1'");
        add("a table in public", "create table public.t (x int)");
        add("the owner's passwords", "select rolpassword from pg_authid");
        add("a file of the server", "select pg_read_file('/etc/passwd')");
        add("a program of the server", "copy (select 1) to program 'true'");
        add("the audit log's end", "delete from atlas.audit_log");
        add("promote", "select atlas.hot_set_begin(" + other + ", 1, 'promote')");
        add("flush", "select * from atlas.flush_staging(1)");
        add("a helper's branches", "select atlas.create_branches(99999)");
        add("another's catalogue", "update atlas.schema_catalogue set lines = '{}'");
        if (!isWriter)
            add("become ingest", "set role atlas_ingest");
        if (!isAdmin) {
            add("the audit log", "select * from atlas.audit_log");
            if (!isWriter) {
                add("create a tenant", "select atlas.create_tenant('x', 'shared', '{}')");
                add("the hot projection", "select * from atlas.entity_hot");
            }
        }
    }
}

void TestRowSecurity::nobodyTalksHimselfIn()
{
    QFETCH(QString, login);
    QFETCH(QByteArray, statement);
    auto session = open(primary, login);
    QVERIFY(session);
    const auto status = session->execScript(statement, QStringLiteral("test"));
    QVERIFY2(!status.ok(), statement.constData());
    QVERIFY2(status.error().sqlState == QLatin1String("42501") ||
                 status.error().sqlState == QLatin1String("42704"),
             qPrintable(status.error().text()));
}

void TestRowSecurity::peopleWriteNothingOfOthers_data()
{
    QTest::addColumn<QByteArray>("refused");
    QTest::addColumn<QByteArray>("allowed");
    const QByteArray mine = QByteArray::number(m_mineId);
    const QByteArray other = QByteArray::number(m_otherId);
    const auto add = [](const char* name, const QByteArray& refused, const QByteArray& allowed) {
        QTest::newRow(name) << refused << allowed;
    };
    const QByteArray usage = "insert into atlas.filter_usage (tenant_id, filter, milliseconds) values (";
    const QByteArray saved = "insert into atlas.saved_filters (tenant_id, name, filter) values (";
    add("usage of another tenant", usage + other + ", 'x', 1)", usage + mine + ", 'x', 1)");
    add("usage of another login",
        "insert into atlas.filter_usage (tenant_id, filter, milliseconds, login) values (" + mine +
            ", 'x', 1, 'boss')",
        usage + mine + ", 'x', 1)");
    add("a number of usage",
        "insert into atlas.filter_usage (tenant_id, usage_id, filter, milliseconds) overriding system value "
        "values (" +
            mine + ", 9000000000, 'x', 1)",
        usage + mine + ", 'x', 1)");
    add("filter of another tenant", saved + other + ", 'x', 'y')", saved + mine + ", 'x', 'y')");
    add("filter of another login",
        "insert into atlas.saved_filters (tenant_id, name, filter, owner) values (" + mine +
            ", 'x', 'y', 'boss')",
        saved + mine + ", 'x', 'y')");
    add("a number of a filter",
        "insert into atlas.saved_filters (tenant_id, filter_id, name, filter) values (" + mine +
            ", 9000000000, 'x', 'y')",
        saved + mine + ", 'x', 'y')");
    add("a filter moved to another tenant", "update atlas.saved_filters set tenant_id = " + other,
        "update atlas.saved_filters set shared = true, filter = 'z'");
}

void TestRowSecurity::peopleWriteNothingOfOthers()
{
    QFETCH(QByteArray, refused);
    QFETCH(QByteArray, allowed);
    for (const char* login : {"analyst", "operator", "admin"}) {
        auto session = m_platform.open(QStringLiteral("primary"), QString::fromLatin1(login));
        const auto no = session->exec(sql(refused));
        QVERIFY(!no.ok());
        QCOMPARE(no.error().sqlState, QStringLiteral("42501"));
        const auto yes = session->exec(sql(allowed));
        QVERIFY2(yes.ok(), yes.ok() ? "" : qPrintable(yes.error().text()));
        QVERIFY(session->exec(sql("delete from atlas.saved_filters")).ok());
    }
}

void TestRowSecurity::theServerSignsWhatPeopleSet()
{
    auto owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    const auto event =
        owner->exec(sql("with rule as (insert into atlas.alert_rules (name, metric, raise_above, "
                        "clear_below, severity) values "
                        "($1, 'replica.lag_seconds', 1, 0, 'info') returning rule_id) insert into "
                        "atlas.alert_events (rule_id, "
                        "state) select rule_id, 'raised' from rule returning event_id, rule_id",
                        {db::param(m_other)}));
    QVERIFY2(event.ok(), event.ok() ? "" : qPrintable(event.error().text()));
    const QByteArray eventId = event->bytes(0, 0).toByteArray();
    auto session = m_platform.open(QStringLiteral("primary"), QStringLiteral("operator"));
    const QString self = role(QStringLiteral("operator"));

    const auto budget =
        session->exec(sql("update atlas.freshness_budgets set wanted_seconds = wanted_seconds "
                          "where intent = 'reporting' returning set_by, set_at > now() - "
                          "interval '1 minute'"));
    QVERIFY2(budget.ok(), budget.ok() ? "" : qPrintable(budget.error().text()));
    QCOMPARE(budget->string(0, 0), self);
    QVERIFY(budget->boolean(0, 1));
    const auto forged =
        session->exec(sql("update atlas.freshness_budgets set set_by = 'boss' where intent = 'reporting'"));
    QVERIFY(!forged.ok());
    QCOMPARE(forged.error().sqlState, QStringLiteral("42501"));

    const auto seen = session->exec(
        sql("update atlas.alert_events set acknowledged_by = 'boss', acknowledged_at = "
            "'2020-01-01' where event_id = " +
            eventId + " returning acknowledged_by, acknowledged_at > now() - interval '1 minute'"));
    QVERIFY2(seen.ok(), seen.ok() ? "" : qPrintable(seen.error().text()));
    QCOMPARE(seen->string(0, 0), self);
    QVERIFY(seen->boolean(0, 1));
    QVERIFY(
        owner->exec(sql("delete from atlas.alert_rules where rule_id = " + event->bytes(0, 1).toByteArray()))
            .ok());
}

void TestRowSecurity::writersStayInTheirTenants_data()
{
    QTest::addColumn<int>("door");
    QTest::newRow("durable") << int(ingest::DoorKind::Durable);
    QTest::newRow("fast") << int(ingest::DoorKind::Fast);
}

void TestRowSecurity::writersStayInTheirTenants()
{
    QFETCH(int, door);
    QVERIFY(open(primary, stranger)); // makes the endpoint known
    const QString before = digest();
    const auto send = [&](int tenant) {
        ingest::Batch batch(tenant, "stranger");
        batch.addDecimal(batch.entity("e0"), batch.attribute("level", ValueType::Number),
                         ingest::nowMicroseconds(), 1, 0);
        return ingest::makeDoor(ingest::DoorKind(door), m_platform.client(),
                                primary + QStringLiteral("#stranger"), {})
            ->send(batch, ingest::BatchId::random());
    };
    const auto refused = send(m_otherId);
    QVERIFY(!refused.ok());
    QCOMPARE(refused.error().kind, db::ErrorKind::Permission);
    const auto allowed = send(m_mineId);
    QVERIFY2(allowed.ok(), allowed.ok() ? "" : qPrintable(allowed.error().text()));
    auto agent = m_platform.open(QStringLiteral("primary"), QStringLiteral("agent"));
    for (bool waiting = true; waiting;) {
        const auto flushed = agent->exec(sql("select waiting from atlas.flush_staging(10000)"));
        QVERIFY2(flushed.ok(), flushed.ok() ? "" : qPrintable(flushed.error().text()));
        waiting = flushed->boolean(0, 0);
    }
    QCOMPARE(digest(), before);
    // What it may change by itself it does not see there.
    auto session = open(primary, stranger);
    const auto done =
        session->exec(sql("update atlas.attributes set description = 'stolen' where tenant_id = " +
                          QByteArray::number(m_otherId)));
    QVERIFY2(done.ok(), done.ok() ? "" : qPrintable(done.error().text()));
    QCOMPARE(done->affectedRows(), 0);
    QCOMPARE(digest(), before);
}

void TestRowSecurity::aTakenNameIsSaidToBe()
{
    auto session = open(primary, stranger);
    const auto taken =
        session->exec(sql("select atlas.create_tenant($1, 'shared', '{}')", {db::param(m_other)}));
    QVERIFY(!taken.ok());
    QCOMPARE(taken.error().sqlState, QStringLiteral("23505"));
    QVERIFY2(taken.error().message.contains(QLatin1String("exists already")),
             qPrintable(taken.error().message));
    QVERIFY2(taken.error().hint.contains(QLatin1String("grant_tenant")), qPrintable(taken.error().hint));
}

void TestRowSecurity::analystsMayHaveParallelPlans()
{
    auto session = m_platform.open(QStringLiteral("primary"), QStringLiteral("analyst"), true);
    QVERIFY(session
                ->execScript("set parallel_setup_cost = 0; set parallel_tuple_cost = 0; "
                             "set min_parallel_table_scan_size = 0; set min_parallel_index_scan_size = 0; "
                             "set max_parallel_workers_per_gather = 2",
                             QStringLiteral("test"))
                .ok());
    const auto plan = session->exec(sql("explain (costs off) select count(*) from atlas.attribute_values"));
    QVERIFY2(plan.ok(), plan.ok() ? "" : qPrintable(plan.error().text()));
    QStringList lines;
    for (int row = 0; row < plan->rowCount(); ++row)
        lines.append(plan->string(row, 0));
    const QString text = lines.join(QLatin1Char('\n'));
    QVERIFY2(text.contains(QLatin1String("Gather")), qPrintable(text));
    // Wherever a policy asks, a worker may: one unsafe function and the whole statement has one process.
    auto owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    const auto unsafe = owner->exec(sql(R"(
        select string_agg(p.oid::regprocedure::text, ', ') from pg_proc p
         where p.pronamespace = 'atlas'::regnamespace and p.proparallel = 'u'
           and (p.proname in ('hot_match', 'hot_count') or exists (
                select from pg_policy o join pg_depend d on d.classid = 'pg_policy'::regclass and d.objid = o.oid
                 where d.refclassid = 'pg_proc'::regclass and d.refobjid = p.oid)))"));
    QVERIFY2(unsafe->isNull(0, 0), qPrintable(unsafe->string(0, 0)));
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
