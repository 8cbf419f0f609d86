// SPDX-License-Identifier: GPL-3.0-or-later
// Tenants moved to a branch of their own and back, while others read and write; and what is left when that
// goes wrong.
#include <QElapsedTimer>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTest>

#include <csignal>
#include <thread>

#include "db/blocking.h"
#include "model/ingest/door.h"
#include "model/tenants/tenants.h"
#include "tests/support/platform.h"

using namespace atlas;
using namespace atlas::ingest;
using tenants::Direction;
using tenants::Move;
using test::sql;

class TestTenants : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void cleanup();
    void movesWhileOthersReadAndWrite();
    void goesOnAfterTheClientAndThePrimaryAreKilled();
    void cancelledItLeavesNothing();
    void aDifferenceIsFoundAndNothingIsSwitched();
    void aLongStatementIsWaitedForWithoutHoldingWritersUp();
    void oldSnapshotsAreWaitedFor();
    void switchingReadsNoRows();
    void oneAtATimeAndOnlyByAdministrators();
    void listsWhereTenantsAreKept();

private:
    int freshTenant(QString* name = nullptr);
    QString branchOf(int tenant);
    /// The second tenant lies in the same shared leaf as the first.
    std::pair<int, int> neighbours(QString* name = nullptr);
    QString ask(const QByteArray& query, const QList<db::Param>& params = {},
                const QString& node = QStringLiteral("primary"));
    std::unique_ptr<db::BlockingSession> admin();
    db::Result<Move> move(int tenant, Direction direction);
    /// Steps until the phase is reached. Not over it.
    bool moveUntil(db::BlockingSession& session, int tenant, qint64 move, const QString& phase,
                   int limit = 2000);
    void fill(int tenant, int entities, int attributes);
    QString leftOvers();
    QString differences(const QList<int>& tenants);
    QString digest(int tenant, const QString& node);
    bool cluster(const QStringList& words);
    QString endpoint() const { return QStringLiteral("primary#ingest"); }
    RetryPolicy patient() const;

    test::Platform m_platform;
};

void TestTenants::initTestCase()
{
    test::TestCluster cluster;
    ATLAS_REQUIRE_CLUSTER(cluster);
    QCOMPARE(m_platform.prepare(cluster), QString());
    QVERIFY(m_platform.open(QStringLiteral("primary"), QStringLiteral("ingest"))); // makes the endpoint known
}

/// A test that failed in the middle must not keep the others from moving anything.
void TestTenants::cleanup()
{
    auto session = admin();
    QVERIFY(session);
    const auto found = tenants::moves(*session, 0);
    QVERIFY(found.ok());
    for (const Move& one : *found) {
        if (!one.isOver()) {
            QVERIFY(tenants::cancel(*session, one.tenant, one.id).ok());
            QVERIFY(tenants::drive(*session, one.tenant, one.id, {}).ok());
        }
    }
    QCOMPARE(leftOvers(), QString());
}

QString TestTenants::ask(const QByteArray& query, const QList<db::Param>& params, const QString& node)
{
    auto session = m_platform.open(node, QStringLiteral("owner"));
    if (!session)
        return QStringLiteral("no session");
    const auto rows = session->exec(sql(query, params));
    if (!rows)
        return rows.error().text();
    return rows->rowCount() == 1 ? rows->string(0, 0) : QStringLiteral("%1 rows").arg(rows->rowCount());
}

std::unique_ptr<db::BlockingSession> TestTenants::admin()
{
    return m_platform.open(QStringLiteral("primary"), QStringLiteral("admin"));
}

RetryPolicy TestTenants::patient() const
{
    RetryPolicy policy;
    policy.patience = std::chrono::seconds(30);
    return policy;
}

int TestTenants::freshTenant(QString* name)
{
    const QString fresh = test::Platform::freshName(QStringLiteral("moving"));
    if (name)
        *name = fresh;
    auto session = m_platform.open(QStringLiteral("primary"), QStringLiteral("ingest"));
    const auto made = session->exec(sql(
        "select atlas.create_tenant($1, 'shared', $2::name[])",
        {db::param(fresh), db::arrayParam(QStringList{m_platform.cluster().role(QStringLiteral("analyst")),
                                                      m_platform.cluster().role(QStringLiteral("admin"))})}));
    return made ? static_cast<int>(made->integer(0, 0).value_or(0)) : 0;
}

QString TestTenants::branchOf(int tenant)
{
    auto session = admin();
    const auto rows =
        session->exec(sql("select branch from atlas.tenant_sizes() where tenant_id = $1::int and "
                          "branch like 'attribute\\_values%'",
                          {db::param(tenant)}));
    return rows && rows->rowCount() == 1 ? rows->string(0, 0) : QString();
}

std::pair<int, int> TestTenants::neighbours(QString* name)
{
    const int first = freshTenant(name);
    const QString branch = branchOf(first);
    for (int i = 0; i < 200; ++i) {
        const int second = freshTenant();
        if (branchOf(second) == branch)
            return {first, second};
    }
    return {first, 0};
}

void TestTenants::fill(int tenant, int entities, int attributes)
{
    DurableDoor door(m_platform.client(), endpoint(), patient());
    Batch batch(tenant, "test");
    const std::int64_t now = nowMicroseconds();
    ValueColumns text;
    QCOMPARE(encodeString(std::string(300, 'x'), text), nullptr);
    for (int i = 0; i < entities; ++i) {
        const int entity = batch.entity("e" + std::to_string(i), "thing", "number " + std::to_string(i));
        for (int a = 0; a < attributes; ++a)
            batch.addDecimal(entity, batch.attribute("a" + std::to_string(a), ValueType::Number), now, i, 0);
        batch.add(entity, batch.attribute("note", ValueType::String), now, text);
    }
    QVERIFY(door.send(batch, BatchId::random()).ok());
}

db::Result<Move> TestTenants::move(int tenant, Direction direction)
{
    auto session = admin();
    const auto begun = tenants::begin(*session, tenant, direction);
    if (!begun)
        return begun.error();
    return tenants::drive(*session, tenant, *begun, {});
}

bool TestTenants::moveUntil(db::BlockingSession& session, int tenant, qint64 move, const QString& phase,
                            int limit)
{
    QElapsedTimer timer;
    timer.start();
    while (timer.elapsed() < 60'000) {
        const auto step = session.exec(
            sql("select phase, message from atlas.tenant_move_step($1::int, $2::bigint, $3::int)",
                {db::param(tenant), db::param(move), db::param(limit)}));
        if (!step) {
            qWarning("%s", qPrintable(step.error().text()));
            return false;
        }
        if (step->string(0, 0) == phase)
            return true;
        if (step->string(0, 1).startsWith(QLatin1String("waiting")))
            QTest::qWait(100);
    }
    return false;
}

/// What moves have left behind, in words; empty when there is nothing.
QString TestTenants::leftOvers()
{
    return ask("select coalesce((select string_agg(c.relname, ', ') from pg_class c where c.relkind in ('r', "
               "'p') and c.relname <> "
               "'changes' and c.relnamespace in ('atlas_moves'::regnamespace, "
               "'atlas_retired'::regnamespace)), '') || "
               "coalesce((select string_agg(conname, ', ') from pg_constraint where conname like "
               "'tenant\\_move%' and conrelid <> "
               "'atlas.tenant_moves'::regclass), '') || "
               "coalesce((select string_agg(tgname, ', ') from pg_trigger where tgname like "
               "'tenant\\_move%'), '') || "
               "case when exists (select from atlas_moves.changes) then 'changes' else '' end");
}

/// How many current values are not the newest in history, and hot documents not the current values; history
/// is not moved.
QString TestTenants::differences(const QList<int>& tenants)
{
    QStringList ids;
    for (const int tenant : tenants)
        ids.append(QString::number(tenant));
    return ask(
        "with newest as (select distinct on (tenant_id, entity_id, attribute_id) tenant_id, entity_id, "
        "attribute_id, value_num, value_text "
        "from atlas.attribute_events where tenant_id = any ($1::int[]) order by tenant_id, entity_id, "
        "attribute_id, observed_at desc), "
        "current as (select * from atlas.attribute_values where tenant_id = any ($1::int[])), "
        "hot as (select a.tenant_id, a.attribute_id from atlas.attributes a where a.state = 'hot' and "
        "a.tenant_id = any ($1::int[])) "
        "select (select count(*) from newest n full join current c using (tenant_id, entity_id, "
        "attribute_id) where (n.value_num, n.value_text) is distinct from (c.value_num, c.value_text)) "
        "|| ' values, ' || (select count(*) from current c join hot using (tenant_id, attribute_id) left "
        "join atlas.entity_hot h using (tenant_id, entity_id) "
        "where (h.doc ->> c.attribute_id::text)::float8 is distinct from c.value_num) || ' documents, ' || "
        "(select count(*) from current c left join atlas.entities e using (tenant_id, entity_id) where "
        "e.entity_id is null) || ' entities'",
        {db::arrayParam(ids)});
}

QString TestTenants::digest(int tenant, const QString& node)
{
    return ask("select (select md5(string_agg(v::text, '|' order by v.entity_id, v.attribute_id)) from "
               "(select entity_id, attribute_id, observed_at, "
               "value_num, value_text, value_exact, value_long from atlas.attribute_values where tenant_id = "
               "$1::int) v) || ' ' || "
               "(select count(*) from atlas.attribute_values where tenant_id = $1::int) || ' ' || "
               "(select md5(string_agg(e::text, '|' order by e.entity_id)) from (select entity_id, "
               "external_id, entity_type, name from atlas.entities "
               "where tenant_id = $1::int) e)",
               {db::param(tenant)}, node);
}

bool TestTenants::cluster(const QStringList& words)
{
    QProcess process;
    process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    process.start(qEnvironmentVariable("ATLAS_TEST_CLUSTER_SCRIPT",
                                       QStringLiteral(ATLAS_SOURCE_DIR "/infra/local/cluster.sh")),
                  QStringList{QStringLiteral("--state"), m_platform.cluster().stateDirectory()} + words);
    return process.waitForFinished(60'000) && process.exitCode() == 0;
}

void TestTenants::movesWhileOthersReadAndWrite()
{
    QString name;
    const std::pair<int, int> both = neighbours(&name);
    const int tenant = both.first;
    const int neighbour = both.second;
    QVERIFY(tenant > 0 && neighbour > 0);
    fill(tenant, 1000, 5);
    fill(neighbour, 300, 5);
    const test::Ran promoted =
        m_platform.ctl({QStringLiteral("promote"), QStringLiteral("--tenant"), name, QStringLiteral("a0")});
    QVERIFY2(promoted.status == 0, promoted.err.constData());
    const QString shared = branchOf(tenant);
    QCOMPARE(branchOf(neighbour), shared);

    std::atomic<bool> over{false};
    std::atomic<int> failures{0};
    std::atomic<int> batches{0};
    std::atomic<std::int64_t> slowest{0};
    std::atomic<int> reads{0};
    std::vector<std::thread> threads;
    for (const int whose : {tenant, neighbour, tenant}) {
        threads.emplace_back([&, whose, number = threads.size()] {
            DurableDoor door(m_platform.client(), endpoint(), patient());
            for (int round = 1; !over; ++round) {
                Batch batch(whose, "test");
                const std::int64_t now = nowMicroseconds();
                for (int k = 0; k < 200; ++k) {
                    const int i =
                        (k * 5 + round * 31 + static_cast<int>(number)) % 1100; // some of them are new
                    const int entity =
                        batch.entity("e" + std::to_string(i), "thing", "round " + std::to_string(round));
                    for (int a = 0; a < 3; ++a)
                        batch.addDecimal(
                            entity, batch.attribute("a" + std::to_string((a + round) % 6), ValueType::Number),
                            now, round, 0);
                }
                QElapsedTimer timer;
                timer.start();
                if (const auto sent = door.send(batch, BatchId::random()); !sent) {
                    qWarning("%s", qPrintable(sent.error().text()));
                    ++failures;
                }
                ++batches;
                slowest = std::max<std::int64_t>(slowest, timer.elapsed());
                std::this_thread::sleep_for(std::chrono::milliseconds(50));
            }
        });
    }
    auto reader = m_platform.open(QStringLiteral("primary"), QStringLiteral("analyst"));
    QVERIFY(reader);
    threads.emplace_back([&] {
        while (!over) {
            for (const int whose : {tenant, neighbour}) {
                const auto rows =
                    reader->exec(sql("select count(*) from atlas.attribute_values where tenant_id = $1::int",
                                     {db::param(whose)}));
                // Rows are never removed: a moment without them would be a count that is too small.
                if (!rows || rows->integer(0, 0).value_or(0) < (whose == tenant ? 6000 : 1800)) {
                    qWarning("%s", rows ? qPrintable(rows->string(0, 0)) : qPrintable(rows.error().text()));
                    ++failures;
                }
                ++reads;
            }
        }
    });
    const auto rest = [&] {
        over = true;
        for (std::thread& thread : threads)
            thread.join();
        threads.clear();
    };
    QTest::qWait(300);
    const auto isolated = move(tenant, Direction::Isolate);
    const QString own = branchOf(tenant);
    QTest::qWait(300);
    const auto back = isolated ? move(tenant, Direction::Share) : isolated;
    QTest::qWait(300);
    const auto again = back ? move(tenant, Direction::Isolate) : back;
    rest();
    for (const auto* one : {&isolated, &back, &again}) {
        QVERIFY2(one->ok(), one->ok() ? "" : qPrintable(one->error().text()));
        QCOMPARE((*one)->phase, QStringLiteral("done"));
        QCOMPARE((*one)->mismatches, std::optional<qint64>(0));
        QVERIFY((*one)->rowsVerified >= 9'000);
    }
    QCOMPARE(own, QStringLiteral("attribute_values_%1").arg(tenant));
    QCOMPARE(branchOf(tenant), own);
    QCOMPARE(branchOf(neighbour), shared);
    QCOMPARE(failures.load(), 0);
    QVERIFY2(batches > 30 && reads > 30,
             qPrintable(QStringLiteral("%1 batches, %2 reads").arg(batches).arg(reads)));
    QVERIFY2(slowest < 5'000, qPrintable(QStringLiteral("a batch took %1 ms").arg(slowest)));
    QCOMPARE(differences({tenant, neighbour}), QStringLiteral("0 values, 0 documents, 0 entities"));
    QCOMPARE(leftOvers(), QString());
    QCOMPARE(ask("select count(*) from atlas.attribute_values v join pg_class c on c.oid = v.tableoid where "
                 "v.tenant_id = "
                 "$1::int and c.relname !~ ('^attribute_values_' || $1::int || '_[0-7]$')",
                 {db::param(tenant)}),
             QStringLiteral("0"));
    QCOMPARE(ask("select isolation from atlas.tenants where tenant_id = $1::int", {db::param(tenant)}),
             QStringLiteral("partition"));

    // The replicas and the warehouse have each row once, as the primary has it.
    QVERIFY(m_platform.waitForEveryNode());
    for (const QString& node : {QStringLiteral("replica-1"), QStringLiteral("warehouse")}) {
        QCOMPARE(digest(tenant, node), digest(tenant, QStringLiteral("primary")));
        QCOMPARE(digest(neighbour, node), digest(neighbour, QStringLiteral("primary")));
    }
    // It has not become another schema, nor open to anybody.
    const test::Ran status = m_platform.ctl({QStringLiteral("schema"), QStringLiteral("status")});
    QVERIFY2(status.status == 0, status.err.constData());
    for (const QByteArray& table :
         {"atlas." + own.toUtf8(), "atlas." + own.toUtf8() + "_0", QByteArray("atlas_moves.changes")}) {
        const auto denied = reader->exec(sql("select * from " + table));
        QVERIFY(!denied.ok());
        QCOMPARE(denied.error().sqlState, QStringLiteral("42501"));
    }
    // Hot documents are found by containment, after the move as before.
    const test::Ran found = m_platform.ctl(
        {QStringLiteral("filter"), QStringLiteral("--tenant"), name, QStringLiteral("--count"),
         QStringLiteral("--intent"), QStringLiteral("critical"), QStringLiteral("a0 >= 0 and exists(note)")});
    QVERIFY2(found.status == 0, found.err.constData());
    QCOMPARE(found.out.trimmed(), QByteArray("1000"));
}

void TestTenants::goesOnAfterTheClientAndThePrimaryAreKilled()
{
    QString name;
    const std::pair<int, int> both = neighbours(&name);
    const int tenant = both.first;
    const int neighbour = both.second;
    QVERIFY(tenant > 0 && neighbour > 0);
    fill(tenant, 3000, 9);
    fill(neighbour, 200, 3);
    {
        auto session = admin();
        const auto begun = tenants::begin(*session, tenant, Direction::Isolate);
        QVERIFY(begun.ok());
        QVERIFY(moveUntil(*session, tenant, *begun, QStringLiteral("copy"), 1000));
        for (int i = 0; i < 6; ++i)
            QVERIFY(session
                        ->exec(sql("select from atlas.tenant_move_step($1::int, $2::bigint, 1000)",
                                   {db::param(tenant), db::param(*begun)}))
                        .ok());
    }
    fill(tenant, 3000, 9); // noted, and written again under what was copied
    QVERIFY(cluster({QStringLiteral("kill"), QStringLiteral("primary")}));
    QVERIFY(cluster({QStringLiteral("up")}));
    QVERIFY(admin());

    QProcess process;
    process.setProcessEnvironment(QProcessEnvironment::systemEnvironment());
    const auto begun = [&] {
        auto session = admin();
        return tenants::begin(*session, tenant, Direction::Isolate);
    }();
    QVERIFY(begun.ok()); // the one that is under way
    {
        auto session = admin();
        const auto all = tenants::moves(*session, tenant);
        QVERIFY(all.ok());
        QCOMPARE(all->size(), 1);
        QCOMPARE(all->constFirst().phase, QStringLiteral("copy"));
        QVERIFY(all->constFirst().rowsDone > 0);
    }
    const test::Ran over = m_platform.ctl({QStringLiteral("tenant"), QStringLiteral("isolate"), name});
    QVERIFY2(over.status == 0, over.err.constData());
    QVERIFY2(over.err.contains("done: verified: "), over.err.constData());
    QCOMPARE(differences({tenant, neighbour}), QStringLiteral("0 values, 0 documents, 0 entities"));
    QCOMPARE(leftOvers(), QString());
    const test::Ran again = m_platform.ctl({QStringLiteral("tenant"), QStringLiteral("isolate"), name});
    QCOMPARE(again.status, 1);
    QVERIFY2(again.err.contains("is partition already"), again.err.constData());
    QVERIFY(m_platform.waitForEveryNode(60'000));
    QCOMPARE(digest(tenant, QStringLiteral("warehouse")), digest(tenant, QStringLiteral("primary")));
}

void TestTenants::cancelledItLeavesNothing()
{
    QString name;
    const int tenant = freshTenant(&name);
    fill(tenant, 500, 3);
    const QString before = branchOf(tenant);
    auto session = admin();
    for (const char* phase : {"copy", "index", "follow", "switch"}) {
        const auto begun = tenants::begin(*session, tenant, Direction::Isolate);
        QVERIFY(begun.ok());
        QVERIFY(moveUntil(*session, tenant, *begun, QLatin1String(phase)));
        QVERIFY(!leftOvers().isEmpty());
        const test::Ran cancelled =
            m_platform.ctl({QStringLiteral("tenant"), QStringLiteral("cancel"), name});
        QVERIFY2(cancelled.status == 0 && cancelled.err.contains("cancelled"), cancelled.err.constData());
        QCOMPARE(leftOvers(), QString());
        QCOMPARE(branchOf(tenant), before);
    }
    const test::Ran nothing = m_platform.ctl({QStringLiteral("tenant"), QStringLiteral("cancel"), name});
    QCOMPARE(nothing.status, 1);
    QCOMPARE(
        ask("select count(*) from atlas.attribute_values where tenant_id = $1::int", {db::param(tenant)}),
        QStringLiteral("2000"));
    const test::Ran status = m_platform.ctl({QStringLiteral("tenant"), QStringLiteral("status"), name});
    QVERIFY2(status.status == 0 && status.out.count("cancelled") >= 4, status.out.constData());
}

void TestTenants::aDifferenceIsFoundAndNothingIsSwitched()
{
    const int tenant = freshTenant();
    fill(tenant, 400, 3);
    const QString leaf = branchOf(tenant);
    auto session = admin();
    const QByteArray copy = "atlas_moves.attribute_values_" + QByteArray::number(tenant);
    for (const QByteArray& damage :
         {"update " + copy + " set value_num = -1 where value_num = 7",
          "delete from " + copy + " where value_num = 7 and attribute_id = (select max(attribute_id) from " +
              copy + " where value_num = 7)",
          "insert into " + copy +
              " select 999999999, observed_at, value_num, tenant_id, attribute_id, value_text, value_exact, "
              "value_long from " +
              copy + " limit 1",
          "delete from atlas_moves.entities_" + QByteArray::number(tenant) + " where external_id = 'e399'"}) {
        const auto begun = tenants::begin(*session, tenant, Direction::Isolate);
        QVERIFY(begun.ok());
        QVERIFY(moveUntil(*session, tenant, *begun, QStringLiteral("follow")));
        auto owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
        const auto damaged = owner->exec(sql(damage));
        QVERIFY2(damaged.ok(), damaged.ok() ? "" : qPrintable(damaged.error().text()));
        QVERIFY(damaged->affectedRows() > 0);
        const auto over = tenants::drive(*session, tenant, *begun, {});
        QVERIFY(over.ok());
        QVERIFY2(over->phase == QLatin1String("failed"), damage.constData());
        QVERIFY(over->mismatches.value_or(0) > 0);
        QVERIFY2(over->message.contains(QLatin1String("nothing was switched")), qPrintable(over->message));
        QCOMPARE(branchOf(tenant), leaf);
        QCOMPARE(leftOvers(), QString());
    }
    QCOMPARE(ask("select isolation from atlas.tenants where tenant_id = $1::int", {db::param(tenant)}),
             QStringLiteral("shared"));
}

void TestTenants::aLongStatementIsWaitedForWithoutHoldingWritersUp()
{
    const int tenant = freshTenant();
    const int other = freshTenant();
    fill(tenant, 200, 3);
    auto session = admin();
    const auto begun = tenants::begin(*session, tenant, Direction::Isolate);
    QVERIFY(begun.ok());
    QVERIFY(moveUntil(*session, tenant, *begun, QStringLiteral("switch")));

    auto reader = m_platform.open(QStringLiteral("primary"), QStringLiteral("analyst"));
    QVERIFY(reader->exec(sql("begin")).ok());
    QVERIFY(reader
                ->exec(sql("select count(*) from atlas.attribute_values where tenant_id = $1::int",
                           {db::param(tenant)}))
                .ok());
    std::atomic<bool> stop{false};
    std::atomic<int> steps{0};
    bool driven = false;
    QStringList reasons;
    std::thread driver([&] {
        auto own = admin();
        tenants::Watch watch;
        watch.stopped = [&] { return stop.load(); };
        watch.waiting = [&](const QString& reason) { reasons.append(reason); };
        watch.progressed = [&](const Move&) { ++steps; };
        driven = tenants::drive(*own, tenant, *begun, watch).ok();
    });
    std::int64_t slowest = 0;
    for (int i = 0; i < 8; ++i) {
        QElapsedTimer timer;
        timer.start();
        fill(other, 20, 2);
        slowest = std::max<std::int64_t>(slowest, timer.elapsed());
        QTest::qWait(100);
    }
    const QString during = branchOf(tenant);
    stop = true;
    driver.join();
    QVERIFY(driven);
    QVERIFY2(slowest < 3'000, qPrintable(QStringLiteral("a batch took %1 ms").arg(slowest)));
    QVERIFY2(!reasons.isEmpty() && reasons.constFirst().contains(QLatin1String(
                                       "waiting for statements that use the shared branch (process ")),
             qPrintable(reasons.join(QLatin1Char('\n'))));
    QVERIFY(during.contains(QLatin1String("shared")));
    QVERIFY(reader->exec(sql("commit")).ok());
    const auto over = tenants::drive(*session, tenant, *begun, {});
    QVERIFY(over.ok());
    QCOMPARE(over->phase, QStringLiteral("done"));
}

/// A snapshot from before the copy, used after the switch, would see the tenant as it was half copied.
void TestTenants::oldSnapshotsAreWaitedFor()
{
    const int tenant = freshTenant();
    fill(tenant, 200, 3);
    auto reader = m_platform.open(QStringLiteral("primary"), QStringLiteral("analyst"));
    QVERIFY(reader->exec(sql("begin isolation level repeatable read")).ok());
    QVERIFY(reader->exec(sql("select count(*) from atlas.tenants"))
                .ok()); // takes the snapshot, touches nothing else
    auto session = admin();
    const auto begun = tenants::begin(*session, tenant, Direction::Isolate);
    QVERIFY(begun.ok());
    int looks = 0;
    QStringList reasons;
    tenants::Watch watch;
    watch.waiting = [&](const QString& reason) { reasons.append(reason); };
    watch.stopped = [&] {
        return !reasons.isEmpty() &&
               reasons.constLast().contains(QLatin1String("transactions that began before")) && ++looks > 20;
    };
    const auto waits = tenants::drive(*session, tenant, *begun, watch);
    QVERIFY(waits.ok());
    QCOMPARE(waits->phase, QStringLiteral("switch"));
    const auto seen = reader->exec(
        sql("select count(*) from atlas.attribute_values where tenant_id = $1::int", {db::param(tenant)}));
    QVERIFY(seen.ok());
    QCOMPARE(seen->integer(0, 0).value_or(0), 800);
    QVERIFY(reader->exec(sql("commit")).ok());
    const auto over = tenants::drive(*session, tenant, *begun, {});
    QVERIFY(over.ok());
    QCOMPARE(over->phase, QStringLiteral("done"));
}

/// Both ways everything that the server would look at while everybody waits has been proved before.
void TestTenants::switchingReadsNoRows()
{
    QString name;
    const std::pair<int, int> both = neighbours(&name);
    const int tenant = both.first;
    const int neighbour = both.second;
    fill(tenant, 300, 3);
    fill(neighbour, 300, 3);
    auto session = admin();
    for (const Direction direction : {Direction::Isolate, Direction::Share}) {
        const auto begun = tenants::begin(*session, tenant, direction);
        QVERIFY(begun.ok());
        QVERIFY(moveUntil(*session, tenant, *begun, QStringLiteral("switch")));
        // The server says of each table whether its rows must be read; psql shows it.
        QProcess psql;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QStringLiteral("PGSERVICEFILE"),
                           m_platform.cluster().stateDirectory() + QStringLiteral("/pg_service.conf"));
        environment.insert(QStringLiteral("PGPASSFILE"),
                           m_platform.cluster().stateDirectory() + QStringLiteral("/pgpass"));
        environment.insert(QStringLiteral("PGOPTIONS"), QStringLiteral("-c client_min_messages=debug1"));
        psql.setProcessEnvironment(environment);
        psql.start(QStringLiteral("psql"),
                   {QStringLiteral("service=atlas-primary-admin"), QStringLiteral("-qAtc"),
                    QStringLiteral("select phase from atlas.tenant_move_step(%1, %2, 1000)")
                        .arg(tenant)
                        .arg(*begun)});
        QVERIFY(psql.waitForFinished(30'000));
        QCOMPARE(psql.readAllStandardOutput().trimmed(), QByteArray("clean"));
        const QByteArray said = psql.readAllStandardError();
        QVERIFY2(!said.contains("will be scanned") && !said.contains("verifying table"), said.constData());
        QVERIFY2(!said.contains("building index") && !said.contains("rewriting table"), said.constData());
        const qsizetype implied = said.count("is implied by existing constraints");
        // The leaf of each table; the branch of each, and 16 leaves that hold nothing of it.
        QVERIFY2(implied >= (direction == Direction::Isolate ? 3 + 3 + 48 : 3),
                 qPrintable(QString::number(implied) + QLatin1Char('\n') + QString::fromUtf8(said)));
        const auto over = tenants::drive(*session, tenant, *begun, {});
        QVERIFY(over.ok());
        QCOMPARE(over->phase, QStringLiteral("done"));
    }
}

void TestTenants::oneAtATimeAndOnlyByAdministrators()
{
    QString name;
    QString otherName;
    const int tenant = freshTenant(&name);
    const int other = freshTenant(&otherName);
    auto session = admin();
    const auto begun = tenants::begin(*session, tenant, Direction::Isolate);
    QVERIFY(begun.ok());
    const auto second = tenants::begin(*session, other, Direction::Isolate);
    QVERIFY(!second.ok());
    QVERIFY2(second.error().text().contains(QLatin1String("another tenant is being moved")),
             qPrintable(second.error().text()));
    const auto otherWay = tenants::begin(*session, tenant, Direction::Share);
    QVERIFY(!otherWay.ok());
    const auto same = tenants::begin(*session, tenant, Direction::Isolate);
    QVERIFY(same.ok());
    QCOMPARE(*same, *begun);
    QVERIFY(tenants::cancel(*session, tenant, *begun).ok());
    QVERIFY(tenants::drive(*session, tenant, *begun, {}).ok());

    for (const QString& login : {QStringLiteral("analyst"), QStringLiteral("operator"),
                                 QStringLiteral("ingest"), QStringLiteral("agent")}) {
        auto denied = m_platform.open(QStringLiteral("primary"), login);
        const auto refused = tenants::begin(*denied, tenant, Direction::Isolate);
        QVERIFY(!refused.ok());
        QCOMPARE(refused.error().sqlState, QStringLiteral("42501"));
    }
    // A tenant that is not open to the administrator.
    auto ingest = m_platform.open(QStringLiteral("primary"), QStringLiteral("ingest"));
    const auto made = ingest->exec(sql("select atlas.create_tenant($1, 'shared', '{}')",
                                       {db::param(test::Platform::freshName(QStringLiteral("closed")))}));
    QVERIFY(made.ok());
    const auto closed =
        tenants::begin(*session, static_cast<int>(made->integer(0, 0).value_or(0)), Direction::Isolate);
    QVERIFY(!closed.ok());
    QCOMPARE(closed.error().sqlState, QStringLiteral("42501"));

    QCOMPARE(m_platform.ctl({QStringLiteral("tenant"), QStringLiteral("isolate")}).status, 2);
    QCOMPARE(m_platform.ctl({QStringLiteral("tenant"), QStringLiteral("move"), name}).status, 2);
    QCOMPARE(m_platform
                 .ctl({QStringLiteral("tenant"), QStringLiteral("isolate"), QStringLiteral("no such tenant")})
                 .status,
             1);
    QCOMPARE(m_platform.ctl({QStringLiteral("tenant"), QStringLiteral("share"), name}).status, 1);
}

void TestTenants::listsWhereTenantsAreKept()
{
    QString name;
    const int tenant = freshTenant(&name);
    fill(tenant, 100, 3);
    QVERIFY(ask("select atlas.refresh_attribute_stats($1::int)", {db::param(tenant)}).toInt() > 0);
    const auto entry = [&]() -> QJsonObject {
        const test::Ran ran =
            m_platform.ctl({QStringLiteral("tenant"), QStringLiteral("list"), QStringLiteral("--json")});
        const QJsonArray all = QJsonDocument::fromJson(ran.out).array();
        for (const QJsonValue& one : all) {
            if (one[QStringLiteral("tenant")].toString() == name)
                return one.toObject();
        }
        return {};
    };
    QJsonObject one = entry();
    QCOMPARE(one[QStringLiteral("isolation")].toString(), QStringLiteral("shared"));
    QCOMPARE(one[QStringLiteral("entities")].toInt(), 100);
    QCOMPARE(one[QStringLiteral("values")].toInt(), 400);
    QCOMPARE(one[QStringLiteral("branch")].toString(), branchOf(tenant));
    const auto moved = move(tenant, Direction::Isolate);
    QVERIFY(moved.ok());
    one = entry();
    QCOMPARE(one[QStringLiteral("isolation")].toString(), QStringLiteral("partition"));
    QCOMPARE(one[QStringLiteral("branch")].toString(), QStringLiteral("attribute_values_%1").arg(tenant));
    QVERIFY(one[QStringLiteral("bytes")].toDouble() > 100'000);
    const test::Ran text = m_platform.ctl({QStringLiteral("tenant"), QStringLiteral("list")});
    QVERIFY2(text.out.contains(name.toUtf8()) && text.out.startsWith("tenant "), text.out.constData());
}

QTEST_GUILESS_MAIN(TestTenants)
#include "tst_tenants.moc"
