// SPDX-License-Identifier: GPL-3.0-or-later
// The doors of the write path against a real server: what each promises.
#include <QCryptographicHash>
#include <QElapsedTimer>
#include <QProcess>
#include <QRandomGenerator>
#include <QScopeGuard>
#include <QTest>

#include <atomic>
#include <bit>
#include <cmath>
#include <thread>

#include "model/ingest/door.h"
#include "tests/support/nastystrings.h"
#include "tests/support/platform.h"

using namespace atlas;
using namespace atlas::ingest;
using test::sql;

namespace {

constexpr std::int64_t minuteUs = 60'000'000;

RetryPolicy patient()
{
    RetryPolicy policy;
    policy.patience = std::chrono::seconds(90);
    return policy;
}

} // namespace

class TestIngest : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void float8TextIsTheServers();
    void numericLimitsAreTheServers();
    void batchAndItsLedgerRow();
    void sentAgainChangesNothing();
    void sentByManyAtOnceCountsOnce();
    void newestWinsAndFirstOfEquals();
    void clearedValues();
    void wrongTypesAreRejectedNotDropped();
    void farFutureIsRejected();
    void startFarAheadIsRefused();
    void rejectedValuesAreWrittenOut();
    void everyNastyStringComesBack();
    void writersOnTheSameRowsDoNotDeadlock();
    void copiedBatchesDoWhatSentOnesDo();
    void wholeBatchesDoWhatTheirPiecesDo();
    void theLedgerSaysWhenABatchEnded();
    void aBatchWithoutTypesIsRefused();
    void valuesThatAreNoneOfTheirTypeAreRejected();
    void copiedValuesWithoutAnEntityAreRefused();
    void aFlushTakesSoManyBytes();
    void tenThousandAttributesOfOneEntity();
    void twentyMegabytesInOneValue();
    void brokenConnectionIsTriedAgain();
    void errorsOfTheDataAreNotTriedAgain();
    void fastDoorIsSeenAfterTheFlush();
    void fastDoorKeepsWhatNoTableTakes();
    void fastDoorRejectsABadRowAlone();
    void fastDoorTakesTheLatestName();
    void fastDoorRecordsABatchWithoutValues();
    void fastDoorLeavesOutWhatHasNoValue();
    void maintenanceDrainsTheDefaultPartition();
    void retentionDropsWholePartitions();
    void aFrozenPrimaryIsNotWaitedFor();
    void acknowledgedSurvivesAKilledPrimary();
    void fastDoorLosesWhatWasNotFlushed();

private:
    QString endpoint() const { return QStringLiteral("primary#ingest"); }
    int freshTenant();
    /// The first column of the only row, as the owner's, whom row security does not bind.
    QString ask(const QByteArray& query, const QList<db::Param>& params = {});
    /// -1, and the reason said, when there is no answer: never a 0 that nobody counted.
    qint64 count(const QByteArray& query, const QList<db::Param>& params = {})
    {
        const QString answer = ask(query, params);
        bool ok = false;
        const qint64 number = answer.toLongLong(&ok);
        if (!ok)
            qWarning("%s", qPrintable(answer));
        return ok ? number : -1;
    }
    bool cluster(const QStringList& words);
    /// Both tenants hold the same values, history, entities and attributes. What differs, or nothing.
    QString difference(int one, int other);
    /// What the agent does every 100 ms, until nothing waits. False after an error.
    bool flushStaging();
    test::Platform m_platform;
};

void TestIngest::initTestCase()
{
    test::TestCluster cluster;
    ATLAS_REQUIRE_CLUSTER(cluster);
    QCOMPARE(m_platform.prepare(cluster), QString());
    QVERIFY(m_platform.open(QStringLiteral("primary"), QStringLiteral("ingest"))); // makes the endpoint known
    QVERIFY(m_platform.open(QStringLiteral("primary"), QStringLiteral("agent")));
}

int TestIngest::freshTenant()
{
    auto session = m_platform.open(QStringLiteral("primary"), QStringLiteral("ingest"));
    const auto made = session->exec(
        sql("select atlas.create_tenant($1, 'shared', $2::name[])",
            {db::param(test::Platform::freshName(QStringLiteral("ingest"))),
             db::arrayParam(QStringList{m_platform.cluster().role(QStringLiteral("analyst"))})}));
    return made ? static_cast<int>(made->integer(0, 0).value_or(0)) : 0;
}

QString TestIngest::ask(const QByteArray& query, const QList<db::Param>& params)
{
    auto session = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    if (!session)
        return QStringLiteral("no session");
    const auto rows = session->exec(sql(query, params));
    if (!rows)
        return rows.error().text();
    return rows->rowCount() == 1 ? rows->string(0, 0) : QStringLiteral("%1 rows").arg(rows->rowCount());
}

bool TestIngest::cluster(const QStringList& words)
{
    QProcess process;
    process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    process.start(qEnvironmentVariable("ATLAS_TEST_CLUSTER_SCRIPT",
                                       QStringLiteral(ATLAS_SOURCE_DIR "/infra/local/cluster.sh")),
                  QStringList{QStringLiteral("--state"), m_platform.cluster().stateDirectory()} + words);
    return process.waitForFinished(60'000) && process.exitCode() == 0;
}

bool TestIngest::flushStaging()
{
    const auto agent = m_platform.open(QStringLiteral("primary"), QStringLiteral("agent"));
    while (agent) {
        const auto flushed = agent->exec(sql("select waiting from atlas.flush_staging(1000)"));
        if (!flushed) {
            qWarning("%s", qPrintable(flushed.error().text()));
            return false;
        }
        if (!flushed->boolean(0, 0))
            return true;
    }
    return false;
}

void TestIngest::float8TextIsTheServers()
{
    // value_exact is left out exactly where the server will print what was sent; so we must know what it
    // prints.
    std::vector<double> values;
    quint64 state = 42;
    const auto next = [&state] { return state = state * 6364136223846793005u + 1442695040888963407u; };
    for (int i = 0; i < 20'000; ++i) { // any bits
        const double value = std::bit_cast<double>(next() ^ (next() >> 29));
        if (std::isfinite(value))
            values.push_back(value);
    }
    for (int exponent = -1074; exponent < 1024; ++exponent) // edges of intervals
        values.push_back(std::ldexp(1.0, exponent));
    for (int exponent = -30; exponent < 40; ++exponent) { // half-way decimals and the change of notation
        for (const int digit : {1, 2, 5, 9})
            values.push_back(QStringLiteral("%1e%2").arg(digit).arg(exponent).toDouble());
    }
    for (int i = 0; i < 20'000; ++i) // what people send
        values.push_back(static_cast<double>(static_cast<qint64>(next() % 2'000'000'001) - 1'000'000'000) /
                         std::pow(10, static_cast<double>(next() % 12)));
    for (qint64 big = (1LL << 53) - 50; big < (1LL << 53) + 50; ++big)
        values.push_back(static_cast<double>(big));

    auto session = m_platform.open(QStringLiteral("primary"), QStringLiteral("ingest"));
    for (std::size_t from = 0; from < values.size(); from += 5000) {
        QStringList texts;
        for (std::size_t i = from; i < std::min(values.size(), from + 5000); ++i)
            texts.append(QString::fromStdString(float8Text(values[i])));
        const auto rows = session->exec(
            sql("select t::float8::text, t from unnest($1::text[]) with ordinality u (t, n) order by n",
                {db::arrayParam(texts)}));
        QVERIFY2(rows.ok(), rows.ok() ? "" : qPrintable(rows.error().text()));
        for (int row = 0; row < rows->rowCount(); ++row) {
            QCOMPARE(texts[row], rows->string(row, 0));
            QCOMPARE(texts[row].toDouble(), values[from + static_cast<std::size_t>(row)]);
        }
    }
}

void TestIngest::numericLimitsAreTheServers()
{
    auto session = m_platform.open(QStringLiteral("primary"), QStringLiteral("ingest"));
    for (const char* text : {"1e131071", "1e131072", "1e-16383", "1e-16384", "9.9e131071", "12e131070",
                             "12e131071", "1.5e-16382", "1.5e-16383", "0e-16384", "-1e131072"}) {
        ValueColumns value;
        const bool ours = encodeNumber(text, value) == nullptr;
        const bool theirs = session->exec(sql("select $1::numeric is not null", {db::param(text)})).ok();
        QVERIFY2(ours == theirs, text);
    }
}

void TestIngest::batchAndItsLedgerRow()
{
    const int tenant = freshTenant();
    DurableDoor door(m_platform.client(), endpoint(), patient());
    Batch batch(tenant, "test");
    const std::int64_t now = nowMicroseconds();
    const int truck = batch.entity("t-1", "truck", "Truck 1");
    const int other = batch.entity("t-2");
    batch.addDecimal(truck, batch.attribute("speed", ValueType::Number), now - 2 * minuteUs, 805, 1);
    batch.addDecimal(truck, batch.attribute("speed", ValueType::Number), now - minuteUs, 815, 1);
    batch.addBoolean(other, batch.attribute("open", ValueType::Boolean), now, true);
    const BatchId id = BatchId::random();
    const auto sent = door.send(batch, id);
    QVERIFY2(sent.ok(), sent.ok() ? "" : qPrintable(sent.error().text()));
    QVERIFY(!sent->duplicate);
    QCOMPARE(sent->rows, std::int64_t(3));
    QCOMPARE(sent->changed, std::int64_t(2));
    QCOMPARE(sent->rejected, std::int64_t(0));
    QCOMPARE(sent->newEntities, std::int64_t(2));
    QCOMPARE(sent->newAttributes, std::int64_t(2));
    QCOMPARE(ask("select format('%s %s %s %s %s %s %s', door, source, rows, changed, rejected, bytes, login) "
                 "from atlas.ingest_batches where tenant_id = $1::int and batch_id = $2::uuid",
                 {db::param(tenant), db::param(id.uuid)}),
             QStringLiteral("durable test 3 2 0 %1 %2")
                 .arg(batch.bytes())
                 .arg(m_platform.cluster().role(QStringLiteral("ingest"))));
    QCOMPARE(ask("select string_agg(format('%s/%s/%s=%s', e.external_id, e.entity_type, a.name, "
                 "v.value_num), ' ' order by e.external_id) from atlas.attribute_values v "
                 "join atlas.entities e using (tenant_id, entity_id) join atlas.attributes a using "
                 "(tenant_id, attribute_id) where v.tenant_id = $1::int",
                 {db::param(tenant)}),
             QStringLiteral("t-1/truck/speed=81.5 t-2//open=1"));
    QCOMPARE(
        count("select count(*) from atlas.attribute_events where tenant_id = $1::int", {db::param(tenant)}),
        3);
}

void TestIngest::sentAgainChangesNothing()
{
    const int tenant = freshTenant();
    DurableDoor door(m_platform.client(), endpoint(), patient());
    Batch batch(tenant, "test");
    const int a = batch.entity("a", "type", "name");
    batch.addDecimal(a, batch.attribute("x", ValueType::Number), nowMicroseconds(), 1, 0);
    const BatchId id = BatchId::random();
    QVERIFY(door.send(batch, id).ok());
    const QByteArray state =
        "select (select string_agg(v::text, ';') from atlas.attribute_values v where tenant_id = $1::int) || "
        "(select string_agg(v::text, ';') from atlas.attribute_events v where tenant_id = $1::int) || "
        "(select string_agg(v::text, ';') from atlas.entities v where tenant_id = $1::int) || "
        "(select string_agg(v::text, ';') from atlas.ingest_batches v where tenant_id = $1::int)";
    const QString before = ask(state, {db::param(tenant)});
    const auto again = door.send(batch, id);
    QVERIFY(again.ok());
    QVERIFY(again->duplicate);
    QCOMPARE(again->rows, std::int64_t(1)); // what the first did
    QCOMPARE(ask(state, {db::param(tenant)}), before);
    // The same observations under another id: in the ledger, but nothing new in them.
    const auto other = door.send(batch, BatchId::random());
    QVERIFY(other.ok() && !other->duplicate);
    QCOMPARE(other->rows, std::int64_t(0));
    QCOMPARE(other->changed, std::int64_t(0));
}

void TestIngest::sentByManyAtOnceCountsOnce()
{
    const int tenant = freshTenant();
    Batch batch(tenant, "test");
    const std::int64_t now = nowMicroseconds();
    for (int i = 0; i < 500; ++i)
        batch.addDecimal(batch.entity("e" + std::to_string(i)), batch.attribute("x", ValueType::Number), now,
                         i, 0);
    const BatchId id = BatchId::random();
    std::atomic<int> first{0};
    std::atomic<int> failures{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            DurableDoor door(m_platform.client(), endpoint(), patient());
            const auto sent = door.send(batch, id);
            if (!sent)
                ++failures;
            else if (!sent->duplicate)
                ++first;
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    QCOMPARE(failures.load(), 0);
    QCOMPARE(first.load(), 1);
    QCOMPARE(
        count("select sum(rows) from atlas.ingest_batches where tenant_id = $1::int", {db::param(tenant)}),
        500);
    QCOMPARE(
        count("select count(*) from atlas.attribute_events where tenant_id = $1::int", {db::param(tenant)}),
        500);
}

void TestIngest::newestWinsAndFirstOfEquals()
{
    const int tenant = freshTenant();
    DurableDoor door(m_platform.client(), endpoint(), patient());
    const std::int64_t now = nowMicroseconds();
    const auto send = [&](std::initializer_list<std::pair<std::int64_t, int>> observations) {
        Batch batch(tenant, "test");
        for (const auto& [time, value] : observations)
            batch.addDecimal(batch.entity("a"), batch.attribute("x", ValueType::Number), time, value, 0);
        return door.send(batch, BatchId::random()).ok();
    };
    const auto current = [&] {
        return ask("select value_num from atlas.attribute_values where tenant_id = $1::int",
                   {db::param(tenant)});
    };
    const auto history = [&] {
        return ask("select string_agg(value_num::text, ' ' order by observed_at) from atlas.attribute_events "
                   "where tenant_id = $1::int",
                   {db::param(tenant)});
    };
    QVERIFY(send({{now, 10}}));
    QVERIFY(send({{now - minuteUs, 5}}));
    QCOMPARE(current(), QStringLiteral("10"));
    QCOMPARE(history(), QStringLiteral("5 10"));
    QVERIFY(send({{now, 99}})); // the same time again
    QCOMPARE(current(), QStringLiteral("10"));
    QCOMPARE(history(), QStringLiteral("5 10"));
    // Within one batch: out of order, and two at the same time. History and current value must agree.
    QVERIFY(send({{now + 2000, 30}, {now + 1000, 20}, {now + 2000, 31}, {now + 2000, 29}}));
    QCOMPARE(current(), QStringLiteral("30"));
    QCOMPARE(history(), QStringLiteral("5 10 20 30"));
}

void TestIngest::clearedValues()
{
    const int tenant = freshTenant();
    DurableDoor door(m_platform.client(), endpoint(), patient());
    const std::int64_t now = nowMicroseconds();
    const auto send = [&](std::int64_t time, bool clear) {
        Batch batch(tenant, "test");
        ValueColumns value;
        if (clear)
            encodeCleared(ValueType::String, value);
        else
            encodeString("on", value);
        batch.add(batch.entity("a"), batch.attribute("x", ValueType::String), time, value);
        return door.send(batch, BatchId::random()).ok();
    };
    const QByteArray has =
        "select count(*) from atlas.attribute_values where tenant_id = $1::int and value_text is not null";
    QVERIFY(send(now, false));
    QCOMPARE(count(has, {db::param(tenant)}), 1);
    QVERIFY(send(now + 1000, true));
    QCOMPARE(count(has, {db::param(tenant)}), 0);
    QVERIFY(send(now + 500, false)); // a late one from before must not come back
    QCOMPARE(count(has, {db::param(tenant)}), 0);
    QVERIFY(send(now + 2000, false));
    QCOMPARE(count(has, {db::param(tenant)}), 1);
}

void TestIngest::wrongTypesAreRejectedNotDropped()
{
    const int tenant = freshTenant();
    DurableDoor door(m_platform.client(), endpoint(), patient());
    const std::int64_t now = nowMicroseconds();
    Batch first(tenant, "test");
    first.addDecimal(first.entity("a"), first.attribute("x", ValueType::Number), now, 1, 0);
    QVERIFY(door.send(first, BatchId::random()).ok());
    Batch second(tenant, "test");
    second.addShortText(second.entity("a"), second.attribute("x", ValueType::String), now + 1, "warm");
    second.addDecimal(second.entity("a"), second.attribute("x", ValueType::Number), now + 2, 2, 0);
    second.addShortText(second.entity("a"), second.attribute("new", ValueType::String), now + 1, "s");
    second.addBoolean(second.entity("a"), second.attribute("new", ValueType::Boolean), now + 1,
                      true); // the first in the batch decides
    const auto sent = door.send(second, BatchId::random());
    QVERIFY(sent.ok());
    QCOMPARE(sent->rejected, std::int64_t(2));
    QCOMPARE(sent->rows, std::int64_t(2));
    QCOMPARE(
        ask("select string_agg(format('%s %s %s: %s', external_id, attribute, value, reason), '; ' "
            "order by attribute) from atlas.ingest_rejects where tenant_id = $1::int",
            {db::param(tenant)}),
        QStringLiteral("a new true: attribute new holds strings, a boolean was sent; a x warm: attribute "
                       "x holds numbers, a string was sent"));
    QCOMPARE(ask("select rejected from atlas.ingest_batches where tenant_id = $1::int and rejected > 0",
                 {db::param(tenant)}),
             QStringLiteral("2"));
}

void TestIngest::farFutureIsRejected()
{
    const int tenant = freshTenant();
    DurableDoor door(m_platform.client(), endpoint(), patient());
    Batch batch(tenant, "test");
    const int a = batch.entity("a");
    const int x = batch.attribute("x", ValueType::Number);
    batch.addDecimal(a, x, nowMicroseconds() + 25 * 60 * minuteUs, 9, 0);
    batch.addDecimal(a, x, nowMicroseconds() + 60 * minuteUs, 1, 0);
    const auto sent = door.send(batch, BatchId::random());
    QVERIFY(sent.ok());
    QCOMPARE(sent->rejected, std::int64_t(1));
    QCOMPARE(sent->rows, std::int64_t(1));
    QCOMPARE(ask("select reason from atlas.ingest_rejects where tenant_id = $1::int", {db::param(tenant)}),
             QStringLiteral("observed_at is more than a day ahead of the primary's clock"));
}

void TestIngest::startFarAheadIsRefused()
{
    const int tenant = freshTenant();
    DurableDoor door(m_platform.client(), endpoint(), patient());
    Batch batch(tenant, "test");
    batch.addDecimal(batch.entity("a"), batch.attribute("x", ValueType::Number), nowMicroseconds(), 1, 0);
    BatchId id = BatchId::random();
    id.startedAt += 25 * 60 * minuteUs;
    const auto refused = door.send(batch, id);
    QVERIFY(!refused.ok());
    QVERIFY2(refused.error().message.contains(QLatin1String("started_at")),
             qPrintable(refused.error().text()));
    QCOMPARE(
        count("select count(*) from atlas.ingest_batches where tenant_id = $1::int", {db::param(tenant)}), 0);
    // The past is an import's that goes on with the start of its first run.
    id.startedAt = nowMicroseconds() - 2 * 24 * 60 * minuteUs;
    QVERIFY(door.send(batch, id).ok());
}

void TestIngest::rejectedValuesAreWrittenOut()
{
    const int tenant = freshTenant();
    DurableDoor door(m_platform.client(), endpoint(), patient());
    const std::int64_t now = nowMicroseconds();
    Batch first(tenant, "test");
    first.addShortText(first.entity("a"), first.attribute("x", ValueType::String), now, "text");
    QVERIFY(door.send(first, BatchId::random()).ok());
    Batch second(tenant, "test");
    const int a = second.entity("a");
    second.addBoolean(a, second.attribute("x", ValueType::Boolean), now + 1, false);
    second.addTimestamp(a, second.attribute("x", ValueType::Timestamp), now + 2, 1'769'860'800'500'000);
    second.addTimestamp(a, second.attribute("x", ValueType::Timestamp), now + 3, 1'769'860'800'000'000);
    QVERIFY(door.send(second, BatchId::random()).ok());
    QCOMPARE(ask("select string_agg(value, ' ' order by observed_at) from atlas.ingest_rejects where "
                 "tenant_id = $1::int",
                 {db::param(tenant)}),
             QStringLiteral("false 2026-01-31T12:00:00.5Z 2026-01-31T12:00:00Z"));
}

void TestIngest::everyNastyStringComesBack()
{
    const int tenant = freshTenant();
    const std::int64_t now = nowMicroseconds();
    for (const DoorKind kind : {DoorKind::Durable, DoorKind::Fast}) {
        const std::string prefix = kind == DoorKind::Fast ? "f" : "d";
        Batch batch(tenant, "test'\\\t");
        const QStringList nasty = test::nastyStrings();
        ValueColumns value;
        for (int i = 0; i < nasty.size(); ++i) {
            const std::string text = nasty[i].toStdString();
            QCOMPARE(encodeString(text, value), nullptr);
            const std::string id = countCharacters(text) < 490 ? prefix + text : prefix + std::to_string(i);
            batch.add(batch.entity(id, std::string_view("t"), std::string_view(text)),
                      batch.attribute(text, ValueType::String), now + i, value);
        }
        const auto door = makeDoor(kind, m_platform.client(), endpoint(), patient());
        const auto sent = door->send(batch, BatchId::random());
        QVERIFY2(sent.ok(), sent.ok() ? "" : qPrintable(sent.error().text()));
        if (kind == DoorKind::Fast) {
            auto agent = m_platform.open(QStringLiteral("primary"), QStringLiteral("agent"));
            while (agent->exec(sql("select waiting from atlas.flush_staging(10000)"))->boolean(0, 0)) {
            }
        }
        auto session = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
        const auto rows =
            session->exec(sql("select e.external_id, e.name, a.name, v.value_text, v.value_long from "
                              "atlas.attribute_values v join atlas.entities e using (tenant_id, entity_id) "
                              "join atlas.attributes a using (tenant_id, attribute_id) where v.tenant_id = "
                              "$1::int and e.external_id like $2 order by v.observed_at",
                              {db::param(tenant), db::param(QByteArray::fromStdString(prefix) + "%")}));
        QVERIFY(rows.ok());
        QCOMPARE(rows->rowCount(), nasty.size());
        for (int i = 0; i < nasty.size(); ++i) {
            QCOMPARE(rows->bytes(i, 1).toByteArray(), nasty[i].toUtf8());
            QCOMPARE(rows->bytes(i, 2).toByteArray(), nasty[i].toUtf8());
            const std::optional<QByteArrayView> longText =
                rows->isNull(i, 4) ? std::nullopt : std::optional(rows->bytes(i, 4));
            QCOMPARE(decodeValue(ValueType::String, {}, rows->bytes(i, 3), {}, longText).text, nasty[i]);
        }
    }
}

void TestIngest::writersOnTheSameRowsDoNotDeadlock()
{
    const int tenant = freshTenant();
    std::atomic<int> failures{0};
    std::atomic<int> retries{0};
    std::vector<std::thread> threads;
    for (int writer = 0; writer < 5; ++writer) {
        threads.emplace_back([&, writer] {
            DurableDoor door(m_platform.client(), endpoint(), patient());
            for (int round = 0; round < 8; ++round) {
                Batch batch(tenant, "test");
                const std::int64_t now = nowMicroseconds();
                // Everybody touches the same rows, each in an order of its own, and makes the same new
                // entities and attributes.
                for (int k = 0; k < 300; ++k) {
                    const int i = writer % 2 ? 299 - k : (k * 7 + writer * 13) % 300;
                    const int entity =
                        batch.entity("e" + std::to_string(i), "t", "round " + std::to_string(round));
                    for (int a = 0; a < 5; ++a)
                        batch.addDecimal(
                            entity,
                            batch.attribute("a" + std::to_string((writer % 2 ? 4 - a : a) + round),
                                            ValueType::Number),
                            now + i, round, 0);
                }
                const auto sent = door.send(batch, BatchId::random());
                if (!sent) {
                    qWarning("%s", qPrintable(sent.error().text()));
                    ++failures;
                } else {
                    retries += sent->attempts - 1;
                }
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    QCOMPARE(failures.load(), 0);
    QCOMPARE(retries.load(), 0); // the order of locks, not the retry, must make it work
    QCOMPARE(
        count("select count(*) from atlas.ingest_batches where tenant_id = $1::int", {db::param(tenant)}),
        40);
    // New to all of them at once: each name is one attribute, each id one entity.
    QCOMPARE(count("select count(*) from atlas.attributes where tenant_id = $1::int", {db::param(tenant)}),
             12);
    QCOMPARE(count("select count(*) from atlas.entities where tenant_id = $1::int", {db::param(tenant)}),
             300);
}

QString TestIngest::difference(int one, int other)
{
    const QByteArray named = " join atlas.entities e using (tenant_id, entity_id) join atlas.attributes a "
                             "using (tenant_id, attribute_id) "
                             "where tenant_id = $1::int";
    const QByteArray columns =
        "md5(string_agg(concat_ws('|', e.external_id, a.name, v.observed_at, v.value_num, v.value_text, "
        "v.value_exact, v.value_long), ';' order by e.external_id, a.name, v.observed_at)) || ' ' || "
        "count(*)";
    for (const QByteArray& state :
         {QByteArray("select " + columns + " from atlas.attribute_values v" + named),
          QByteArray("select " + columns + " from atlas.attribute_events v" + named),
          QByteArray("select string_agg(concat_ws('|', external_id, entity_type, name), ';' order by "
                     "external_id) from atlas.entities where tenant_id = $1::int"),
          QByteArray("select string_agg(concat_ws('|', name, value_type, state), ';' order by name) from "
                     "atlas.attributes where tenant_id = $1::int")}) {
        const QString first = ask(state, {db::param(one)});
        const QString second = ask(state, {db::param(other)});
        if (first.isEmpty() || first != second)
            return QStringLiteral("%1: %2, %3").arg(QString::fromUtf8(state), first, second);
    }
    return {};
}

/// The same batches to two tenants, to one through the door and to the other as senders do that rather copy
/// into the temporary tables of ingest_commit.
void TestIngest::copiedBatchesDoWhatSentOnesDo()
{
    const int tenants[] = {freshTenant(), freshTenant()};
    DurableDoor door(m_platform.client(), endpoint(), patient());
    auto copier = m_platform.open(QStringLiteral("primary"), QStringLiteral("ingest"));
    QVERIFY(copier && copier->exec(sql("select atlas.ingest_open()")).ok());
    const auto copied = [&copier](const Batch& batch, const BatchId& id) -> db::Result<BatchResult> {
        if (const auto begun = copier->exec(sql("begin")); !begun)
            return begun.error();
        for (const auto& [table, text] :
             {std::pair<const char*, std::string>("entities (entity_ord, external_id, entity_type, "
                                                  "entity_name)",
                                                  batch.entitiesCopy()),
              std::pair<const char*, std::string>("attributes (attribute_ord, name, value_type)",
                                                  batch.attributesCopy()),
              std::pair<const char*, std::string>("values (entity_ord, attribute_ord, observed_at, "
                                                  "value_num, value_text, value_exact, value_long)",
                                                  batch.valuesCopy())}) {
            QByteArray rest = QByteArray::fromStdString(text);
            const auto taken = copier->copyIn(sql(QByteArray("copy pg_temp.ingest_") + table + " from stdin"),
                                              [&rest] { return std::exchange(rest, QByteArray()); });
            if (!taken)
                return taken.error();
        }
        const auto row = copier->exec(
            sql("select duplicate, rows, changed, rejected, new_entities, new_attributes from "
                "atlas.ingest_commit($1::int, $2::uuid, $3::timestamptz, 'durable', 'test', $4::bigint)",
                {db::param(batch.tenant()), db::param(id.uuid),
                 db::param(QByteArray::fromStdString(canonicalTimestamp(id.startedAt))),
                 db::param(batch.bytes())}));
        if (!row)
            return row.error();
        if (const auto ended = copier->exec(sql("commit")); !ended)
            return ended.error();
        BatchResult result;
        result.duplicate = row->boolean(0, 0);
        result.rows = row->integer(0, 1).value_or(-1);
        result.changed = row->integer(0, 2).value_or(-1);
        result.rejected = row->integer(0, 3).value_or(-1);
        result.newEntities = row->integer(0, 4).value_or(-1);
        result.newAttributes = row->integer(0, 5).value_or(-1);
        return result;
    };
    const std::int64_t now = nowMicroseconds();
    const char* const nasty[] = {"",  "a\tb\nc\rd",          "\\N", "NULL", "{\"x\",y}", "\\\"",
                                 "'", "ä €\xf0\x9f\x98\x80", "\\t", "$1"};
    QRandomGenerator random(20261125);
    std::int64_t rejected = 0;
    std::int64_t unchanged = 0;
    for (int round = 0; round < 120; ++round) {
        if (round == 30) { // two attributes are hot from here on
            for (const int tenant : tenants)
                QCOMPARE(ask("with hot as (update atlas.attributes set state = 'hot' where tenant_id = "
                             "$1::int and name in "
                             "('number 1', 'text 2') returning 1) select count(*)::text from hot",
                             {db::param(tenant)}),
                         QStringLiteral("2"));
        }
        Batch batches[] = {Batch(tenants[0], "test"), Batch(tenants[1], "test")};
        const int rows = random.bounded(30);
        for (int row = 0; row < rows; ++row) {
            const std::string id = "e " + std::to_string(random.bounded(8)) + nasty[random.bounded(10)];
            const bool named = random.bounded(6) == 0;
            const std::string name = "name " + std::to_string(random.bounded(3));
            const int which = random.bounded(4);
            // Seldom the same name with another type, and seldom a time beyond the horizon.
            const int kind = random.bounded(25) == 0 ? 4 : random.bounded(4);
            const std::int64_t time =
                random.bounded(60) == 0 ? now + 48 * 60 * minuteUs : now + random.bounded(50) * 1000;
            const int number = random.bounded(5);
            const char* const text = nasty[random.bounded(10)];
            for (Batch& batch : batches) {
                const int entity = named ? batch.entity(id, "kind", name) : batch.entity(id);
                const std::string suffix = ' ' + std::to_string(which);
                ValueColumns value;
                switch (kind) {
                case 0:
                    batch.addDecimal(entity, batch.attribute("number" + suffix, ValueType::Number), time,
                                     number, 1);
                    break;
                case 1:
                    QCOMPARE(encodeString(text, value), nullptr);
                    batch.add(entity, batch.attribute("text" + suffix, ValueType::String), time, value);
                    break;
                case 2: // cleared
                    batch.add(entity, batch.attribute("number" + suffix, ValueType::Number), time, value);
                    break;
                case 3: // beyond float8 and beyond the search column
                    QCOMPARE(encodeString(std::string(300, 'x') + text, value), nullptr);
                    batch.add(entity, batch.attribute("text" + suffix, ValueType::String), time, value);
                    break;
                default:
                    batch.addBoolean(entity, batch.attribute("number" + suffix, ValueType::Boolean), time,
                                     true);
                }
            }
        }
        BatchResult results[2];
        for (int i = 0; i < 2; ++i) {
            const BatchId id = BatchId::derive("small" + std::to_string(tenants[i]), now + round / 2 * 2);
            // Every second one is found in the ledger.
            const auto sent = i == 0 ? door.send(batches[i], id) : copied(batches[i], id);
            QVERIFY2(sent.ok(), sent.ok() ? "" : qPrintable(sent.error().text()));
            results[i] = *sent;
        }
        QCOMPARE(results[0].duplicate, round % 2 == 1);
        QCOMPARE(results[0].duplicate, results[1].duplicate);
        if (!results[0].duplicate) { // else the door says what the ledger says
            QCOMPARE(results[0].rows, results[1].rows);
            QCOMPARE(results[0].changed, results[1].changed);
            QCOMPARE(results[0].rejected, results[1].rejected);
        }
        QCOMPARE(results[0].newEntities, results[1].newEntities);
        QCOMPARE(results[0].newAttributes, results[1].newAttributes);
        rejected += results[0].rejected;
        unchanged += results[0].rows - results[0].changed;
    }
    QVERIFY(rejected > 0);
    QVERIFY(unchanged > 0);
    QCOMPARE(difference(tenants[0], tenants[1]), QString());
    for (const QByteArray& state : {
             QByteArray("select string_agg(concat_ws('|', e.external_id, a.name, d.value), ';' order by "
                        "e.external_id, a.name) from "
                        "atlas.entity_hot h cross join jsonb_each(h.doc) d join atlas.entities e using "
                        "(tenant_id, entity_id) "
                        "join atlas.attributes a on a.tenant_id = h.tenant_id and a.attribute_id = "
                        "d.key::int where tenant_id = "
                        "$1::int"),
             QByteArray("select string_agg(concat_ws('|', external_id, attribute, observed_at, value_type, "
                        "value, reason), ';' order "
                        "by reject_id) from atlas.ingest_rejects where tenant_id = $1::int"),
             QByteArray("select string_agg(concat_ws('|', started_at, door, source, rows, changed, rejected, "
                        "bytes, first_observed, "
                        "last_observed, login), ';' order by started_at) from atlas.ingest_batches where "
                        "tenant_id = $1::int"),
             QByteArray("select string_agg(w.name || ' ' || w.n, ';' order by w.name) from (select "
                        "coalesce(a.name, '') as name, "
                        "sum(writes) as n from atlas.attribute_writes w left join atlas.attributes a using "
                        "(tenant_id, attribute_id) "
                        "where tenant_id = $1::int group by 1) w"),
         }) {
        const QString small = ask(state, {db::param(tenants[0])});
        QVERIFY2(!small.isEmpty(), state.constData());
        QCOMPARE(small, ask(state, {db::param(tenants[1])}));
    }
}

/// What a large batch finds to be new it writes without looking for each key; pieces of it are too small for
/// that. xmin tells which way a batch went: the quick one is a transaction of its own within the batch's.
void TestIngest::wholeBatchesDoWhatTheirPiecesDo()
{
    const int whole = freshTenant();
    const int pieces = freshTenant();
    DurableDoor door(m_platform.client(), endpoint(), patient());
    const std::int64_t now = nowMicroseconds();
    int sent = 0;
    struct Value
    {
        int entity;
        int attribute;
        std::int64_t time;
        int number;
    };
    const auto send = [&](const std::vector<Value>& values, std::size_t most, int tenant) {
        BatchResult sum;
        for (std::size_t at = 0; at < values.size(); at += most) {
            Batch batch(tenant, "test");
            // A new attribute each time, whose row is the batch's own.
            batch.attribute("batch " + std::to_string(sent), ValueType::Number);
            for (std::size_t i = at; i < std::min(at + most, values.size()); ++i)
                batch.addDecimal(
                    batch.entity("e" + std::to_string(values[i].entity)),
                    batch.attribute("a" + std::to_string(values[i].attribute), ValueType::Number),
                    values[i].time, values[i].number, 1);
            const auto taken = door.send(batch, BatchId::random());
            if (!taken) {
                qWarning("%s", qPrintable(taken.error().text()));
                return BatchResult();
            }
            sum.rows += taken->rows;
            sum.changed += taken->changed;
        }
        return sum;
    };
    const auto quick = [&] {
        return ask("select (b.xmin <> a.xmin)::text from atlas.ingest_batches b, atlas.attributes a where "
                   "b.tenant_id = $1::int and a.tenant_id = $1::int and a.name = $2 order by b.committed_at "
                   "desc limit 1",
                   {db::param(whole), db::param(QStringLiteral("batch %1").arg(sent))}) ==
               QStringLiteral("true");
    };
    const auto both = [&](const std::vector<Value>& values) {
        const BatchResult large = send(values, values.size(), whole);
        const bool wasQuick = quick();
        const BatchResult small = send(values, 400, pieces);
        ++sent;
        if (large.rows != small.rows || large.changed < 1)
            qWarning("%lld and %lld rows, %lld changed", static_cast<long long>(large.rows),
                     static_cast<long long>(small.rows), static_cast<long long>(large.changed));
        return std::tuple(wasQuick, large.rows == small.rows, difference(whole, pieces));
    };
    const auto grid = [&](int fromEntity, std::int64_t time) {
        std::vector<Value> values;
        for (int entity = fromEntity; entity < fromEntity + 150; ++entity) {
            for (int attribute = 0; attribute < 10; ++attribute)
                values.push_back({entity, attribute, time, entity + attribute});
        }
        return values;
    };
    using Outcome = std::tuple<bool, bool, QString>;
    QCOMPARE(both(grid(0, now)), Outcome(true, true, QString()));        // all of it new
    QCOMPARE(both(grid(0, now + 1000)), Outcome(true, true, QString())); // newer observations
    // Older ones, of which history keeps all and the current values none.
    std::vector<Value> older = grid(0, now - 5000);
    older.push_back({0, 0, now + 2000, 7});
    QCOMPARE(both(older), Outcome(true, true, QString()));
    // New, but for one that is there with that very time: it stands as it is, and the rest is written.
    std::vector<Value> almost = grid(1000, now);
    almost.insert(almost.begin() + 777, {3, 3, now + 1000, 999});
    QCOMPARE(both(almost), Outcome(false, true, QString()));
    // New entities, and one value of an old one that is only newer.
    std::vector<Value> mixed = grid(2000, now);
    mixed.insert(mixed.begin() + 100, {3, 3, now + 9000, 998});
    QCOMPARE(both(mixed), Outcome(false, true, QString()));
    // The same key twice and three times in the batch: the first stands, and of other times the newest.
    std::vector<Value> twice = grid(3000, now);
    for (int i = 0; i < 300; ++i) {
        twice.push_back({3000 + i % 150, i % 10, now, 5'000 + i});
        twice.push_back({3000 + i % 150, i % 10, now + i % 7 - 3, 6'000 + i});
    }
    QCOMPARE(both(twice), Outcome(true, true, QString()));
    // Sent once more, with another id.
    std::vector<Value> again = grid(3000, now);
    again.push_back({3000, 0, now + 50'000, 1});
    QCOMPARE(both(again), Outcome(false, true, QString()));
}

void TestIngest::theLedgerSaysWhenABatchEnded()
{
    const int tenant = freshTenant();
    DurableDoor door(m_platform.client(), endpoint(), patient());
    Batch batch(tenant, "test");
    for (int i = 0; i < 30'000; ++i)
        batch.addDecimal(batch.entity("e" + std::to_string(i / 10)),
                         batch.attribute("a" + std::to_string(i % 10), ValueType::Number), nowMicroseconds(),
                         i, 0);
    const QString before = ask("select clock_timestamp()::text");
    const auto sent = door.send(batch, BatchId::random());
    QVERIFY2(sent.ok(), sent.ok() ? "" : qPrintable(sent.error().text()));
    // The rates are added up two seconds after: what is late by the time it takes to write is not in them.
    QCOMPARE(ask("select (clock_timestamp() - committed_at < committed_at - $2::timestamptz)::text from "
                 "atlas.ingest_batches where tenant_id = $1::int",
                 {db::param(tenant), db::param(before)}),
             QStringLiteral("true"));
}

void TestIngest::aBatchWithoutTypesIsRefused()
{
    const int tenant = freshTenant();
    DurableDoor door(m_platform.client(), endpoint(), patient());
    Batch known(tenant, "test");
    known.attribute("a1", ValueType::Number);
    known.attribute("a2", ValueType::Number);
    QVERIFY(door.send(known, BatchId::random()).ok());
    auto writer = m_platform.open(QStringLiteral("primary"), QStringLiteral("ingest"));
    for (const char* types : {"{2}", "{}", "{2,NULL}"}) {
        const auto taken = writer->exec(sql(
            "select rows from atlas.ingest_batch($1::int, gen_random_uuid(), now(), 'durable', 'test', 0, "
            "'{e}', '{}', '{}', '{a1,a2}', $2::smallint[], '{0,0}', '{0,1}', array[now(), now()], "
            "'{1,2}', '{}', '{}', '{}')",
            {db::param(tenant), db::param(types)}));
        QVERIFY(!taken.ok());
        QCOMPARE(taken.error().sqlState, QStringLiteral("23502"));
    }
    QCOMPARE(
        count("select count(*) from atlas.attribute_values where tenant_id = $1::int", {db::param(tenant)}),
        0);
}

/// What our doors never send: by a sender of its own, whole as arrays and staged.
void TestIngest::valuesThatAreNoneOfTheirTypeAreRejected()
{
    auto owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    auto writer = m_platform.open(QStringLiteral("primary"), QStringLiteral("ingest"));
    auto agent = m_platform.open(QStringLiteral("primary"), QStringLiteral("agent"));
    // An entity a value; its name says what is to become of it: "ok", or how the reason begins.
    const auto made = writer->execScript(R"(
        create temporary table given (n serial, type smallint, num float8, txt text, exact numeric, long text, at timestamptz, outcome text);
        insert into given (type, num, txt, exact, long, at, outcome) values
            (2, 1, null, null, null, now(), 'ok'), (2, 'Infinity', null, 1e400, null, now(), 'ok'),
            (1, null, 'a', null, null, now(), 'ok'), (3, 1, null, null, null, now(), 'ok'),
            (4, 1e15, null, null, null, now(), 'ok'), (5, null, '{"a": [1]}', null, null, now(), 'ok'),
            (2, null, null, null, null, now(), 'ok'), (4, 1e15, null, null, '2001-09-09T03:46:40+02:00', now(), 'ok'),
            (2, 'NaN', null, null, null, now(), 'NaN'), (2, 'Infinity', null, null, null, now(), 'NaN'),
            (2, 1, null, 'NaN', null, now(), 'NaN'), (2, null, 'x', null, null, now(), 'a text'),
            (1, 5, null, null, null, now(), 'a number'), (3, 2, null, null, null, now(), 'not a boolean'),
            (3, null, 'true', null, null, now(), 'not a boolean'), (4, 1e300, null, null, null, now(), 'not a time'),
            (4, 'NaN', null, null, null, now(), 'not a time'), (4, null, 'noon', null, null, now(), 'not a time'),
            (5, null, '{broken', null, null, now(), 'not JSON'), (5, null, '{', null, '{"a":', now(), 'not JSON'),
            (2, 1, null, null, null, '-infinity', 'observed_at is no time'),
            (2, 1, null, null, null, 'infinity', 'observed_at is more');)",
                                         QStringLiteral("test.given"));
    QVERIFY2(made.ok(), made.ok() ? "" : qPrintable(made.error().text()));
    const auto check = [this](int tenant, bool isHot) {
        QCOMPARE(ask("select coalesce(string_agg(format('%s: %s', external_id, reason), '; '), '') from "
                     "atlas.ingest_rejects where tenant_id = $1::int and "
                     "not starts_with(reason, split_part(external_id, '#', 2))",
                     {db::param(tenant)}),
                 QString());
        QCOMPARE(
            count("select count(*) from atlas.ingest_rejects where tenant_id = $1::int", {db::param(tenant)}),
            14);
        for (const char* table : {"attribute_values", "attribute_events"})
            QCOMPARE(ask(QByteArray("select format('%s %s', count(*), bool_and(e.external_id like '%#ok')) "
                                    "from atlas.") +
                             table +
                             " join atlas.entities e using (tenant_id, entity_id) where "
                             "tenant_id = $1::int",
                         {db::param(tenant)}),
                     QStringLiteral("8 t"));
        QCOMPARE(
            count("select count(*) from atlas.entity_hot where tenant_id = $1::int", {db::param(tenant)}),
            isHot ? 8 : 0);
    };
    for (const bool isHot : {false, true}) {
        for (const bool isStaged : {false, true}) {
            const int tenant = freshTenant();
            const auto attributes = owner->exec(
                sql("insert into atlas.attributes (tenant_id, name, value_type, state) select $1::int, 'a' "
                    "|| t, t, $2 from generate_series(1, 5) t",
                    {db::param(tenant), db::param(isHot ? "hot" : "cold")}));
            QVERIFY2(attributes.ok(), attributes.ok() ? "" : qPrintable(attributes.error().text()));
            const auto sent = writer->exec(
                isStaged
                    ? sql("insert into atlas.ingest_staging (tenant_id, external_id, attribute, value_type, "
                          "observed_at, value_num, value_text, value_exact, value_long, source) select "
                          "$1::int, n || '#' || outcome, 'a' || type, type, at, num, txt, exact, long, "
                          "'test' from given order by n",
                          {db::param(tenant)})
                    : sql("select b.rows, b.rejected from (select array_agg(n || '#' || outcome order by n) "
                          "as ids, array_agg(n - 1 order by n) as entities, array_agg(type::int - 1 order by "
                          "n) as attributes, array_agg(at order by n) as times, array_agg(num order by n) as "
                          "nums, array_agg(txt order by n) as texts, array_agg(exact order by n) as exacts, "
                          "array_agg(long order by n) as longs from given) g, "
                          "atlas.ingest_batch($1::int, gen_random_uuid(), now(), 'durable', 'test', 0, "
                          "g.ids, '{}', '{}', '{a1,a2,a3,a4,a5}', '{1,2,3,4,5}', g.entities, g.attributes, "
                          "g.times, g.nums, g.texts, g.exacts, g.longs) b",
                          {db::param(tenant)}));
            QVERIFY2(sent.ok(), sent.ok() ? "" : qPrintable(sent.error().text()));
            if (isStaged) {
                while (agent->exec(sql("select waiting from atlas.flush_staging(1000)"))->boolean(0, 0)) {
                }
            } else {
                QCOMPARE(sent->integer(0, 0), 8);
                QCOMPARE(sent->integer(0, 1), 14);
            }
            check(tenant, isHot);
        }
    }
}

void TestIngest::copiedValuesWithoutAnEntityAreRefused()
{
    const int tenant = freshTenant();
    auto writer = m_platform.open(QStringLiteral("primary"), QStringLiteral("ingest"));
    for (const char* ords : {"7, 0", "0, 7", "null, 0", "0, null"}) {
        QVERIFY(writer->exec(sql("select atlas.ingest_open()")).ok());
        QVERIFY(writer->exec(sql("begin")).ok());
        QVERIFY(writer
                    ->execScript("insert into pg_temp.ingest_entities values (0, 'e', null, null);"
                                 "insert into pg_temp.ingest_attributes values (0, 'x', 2);"
                                 "insert into pg_temp.ingest_values values (0, 0, now(), 1);"
                                 "insert into pg_temp.ingest_values values (" +
                                     QByteArray(ords) + ", now(), 2);",
                                 QStringLiteral("test.copied"))
                    .ok());
        const auto taken =
            writer->exec(sql("select rows from atlas.ingest_commit($1::int, gen_random_uuid(), now(), "
                             "'durable', 'test', 0)",
                             {db::param(tenant)}));
        QVERIFY2(!taken.ok(), ords);
        QCOMPARE(taken.error().sqlState, QStringLiteral("23502"));
        QVERIFY(writer->exec(sql("rollback")).ok());
    }
    QCOMPARE(
        count("select count(*) from atlas.attribute_values where tenant_id = $1::int", {db::param(tenant)}),
        0);
}

/// Long values pass through the server's memory: a flush leaves for the next what goes beyond 64 MB.
void TestIngest::aFlushTakesSoManyBytes()
{
    const int tenant = freshTenant();
    FastDoor door(m_platform.client(), endpoint(), patient());
    const std::string text(1'500'000, 'x');
    constexpr int values = 60;
    QVERIFY(flushStaging()); // of the tests before
    for (int i = 0; i < values; i += 10) {
        Batch batch(tenant, "test");
        ValueColumns value;
        QCOMPARE(encodeString(text, value), nullptr);
        for (int k = i; k < i + 10; ++k)
            batch.add(batch.entity("e" + std::to_string(k)), batch.attribute("text", ValueType::String),
                      nowMicroseconds(), value);
        const auto sent = door.send(batch, BatchId::random());
        QVERIFY2(sent.ok(), sent.ok() ? "" : qPrintable(sent.error().text()));
    }
    auto agent = m_platform.open(QStringLiteral("primary"), QStringLiteral("agent"));
    const auto first = agent->exec(sql("select rows, waiting from atlas.flush_staging(20000)"));
    QVERIFY2(first.ok(), first.ok() ? "" : qPrintable(first.error().text()));
    QCOMPARE(first->integer(0, 0).value_or(0), 45); // the 45th begins below 64 MB
    QVERIFY(first->boolean(0, 1));
    QVERIFY(flushStaging());
    QCOMPARE(count("select count(*) from atlas.attribute_values where tenant_id = $1::int and "
                   "length(value_long) = 1500000",
                   {db::param(tenant)}),
             values);
}

void TestIngest::tenThousandAttributesOfOneEntity()
{
    for (const DoorKind kind : {DoorKind::Durable, DoorKind::Fast}) {
        const int tenant = freshTenant();
        const auto door = makeDoor(kind, m_platform.client(), endpoint(), patient());
        Batch batch(tenant, "test");
        const int entity = batch.entity("wide");
        // The statistics know nothing of this tenant: the plans must not build on one row of everything.
        auto owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
        QVERIFY(owner && owner->exec(sql("analyze atlas.attributes, atlas.entities")).ok());
        for (int i = 0; i < 10'000; ++i)
            batch.addDecimal(entity, batch.attribute("attribute " + std::to_string(i), ValueType::Number),
                             nowMicroseconds(), i, 0);
        QElapsedTimer timer;
        timer.start();
        const auto sent = door->send(batch, BatchId::random());
        QVERIFY2(sent.ok(), sent.ok() ? "" : qPrintable(sent.error().text()));
        QVERIFY(kind == DoorKind::Durable || flushStaging());
        QVERIFY2(timer.elapsed() < 15'000, qPrintable(QString::number(timer.elapsed())));
        QCOMPARE(
            count("select count(*) from atlas.attribute_values v join atlas.attributes a using (tenant_id, "
                  "attribute_id) where tenant_id = $1::int and a.name = 'attribute ' || v.value_num",
                  {db::param(tenant)}),
            10'000);
        // Each is found by itself.
        QCOMPARE(count("select v.value_num::int from atlas.attribute_values v join atlas.attributes a using "
                       "(tenant_id, "
                       "attribute_id) where tenant_id = $1::int and a.name = 'attribute 9999'",
                       {db::param(tenant)}),
                 9'999);
    }
}

void TestIngest::twentyMegabytesInOneValue()
{
    // Does not compress to nothing, and ends in the middle of no character.
    std::string text;
    for (qint64 i = 0; text.size() < 20'000'000; ++i)
        text += std::to_string(i * 7919) + "ä\\\t";
    const QByteArray digest =
        QCryptographicHash::hash(QByteArray::fromStdString(text), QCryptographicHash::Md5).toHex();
    for (const DoorKind kind : {DoorKind::Durable, DoorKind::Fast}) {
        const int tenant = freshTenant();
        const auto door = makeDoor(kind, m_platform.client(), endpoint(), patient());
        Batch batch(tenant, "test");
        ValueColumns value;
        QCOMPARE(encodeString(text, value), nullptr);
        const int entity = batch.entity("large");
        batch.add(entity, batch.attribute("log", ValueType::String), nowMicroseconds(), value);
        batch.addDecimal(entity, batch.attribute("level", ValueType::Number), nowMicroseconds(), 1, 0);
        const auto sent = door->send(batch, BatchId::random());
        QVERIFY2(sent.ok(), sent.ok() ? "" : qPrintable(sent.error().text()));
        QVERIFY(kind == DoorKind::Durable || flushStaging());
        for (const char* table : {"atlas.attribute_values", "atlas.attribute_events"})
            QCOMPARE(ask(QByteArray("select md5(value_long) from ") + table +
                             " where tenant_id = $1::int and value_long is not null",
                         {db::param(tenant)}),
                     QString::fromLatin1(digest));
        QCOMPARE(count("select count(*) from atlas.attribute_values where tenant_id = $1::int",
                       {db::param(tenant)}),
                 2);
    }
}

void TestIngest::brokenConnectionIsTriedAgain()
{
    const int tenant = freshTenant();
    RetryPolicy policy = patient();
    int told = 0;
    policy.retrying = [&](const db::DbError&) { ++told; };
    DurableDoor door(m_platform.client(), endpoint(), policy);
    Batch batch(tenant, "break-me");
    batch.addDecimal(batch.entity("a"), batch.attribute("x", ValueType::Number), nowMicroseconds(), 1, 0);
    QVERIFY(door.send(batch, BatchId::random()).ok());
    auto session = m_platform.open(QStringLiteral("primary"), QStringLiteral("ingest"));
    QVERIFY(session
                ->exec(sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = "
                           "current_user and pid <> pg_backend_pid()"))
                .ok());
    const auto sent = door.send(batch, BatchId::random());
    QVERIFY2(sent.ok(), sent.ok() ? "" : qPrintable(sent.error().text()));
    QVERIFY(sent->attempts >= 2);
    QCOMPARE(told, sent->attempts - 1);
}

void TestIngest::errorsOfTheDataAreNotTriedAgain()
{
    DurableDoor door(m_platform.client(), endpoint(), patient());
    Batch batch(2'000'000'000, "test"); // no such tenant
    batch.addDecimal(batch.entity("a"), batch.attribute("x", ValueType::Number), nowMicroseconds(), 1, 0);
    QElapsedTimer timer;
    timer.start();
    const auto sent = door.send(batch, BatchId::random());
    QVERIFY(!sent.ok());
    // A tenant that is not there is open to nobody.
    QCOMPARE(sent.error().kind, db::ErrorKind::Permission);
    QVERIFY(timer.elapsed() < 20'000); // at once, not after the patience of 90 s
}

void TestIngest::fastDoorIsSeenAfterTheFlush()
{
    const int tenant = freshTenant();
    FastDoor door(m_platform.client(), endpoint(), patient());
    Batch batch(tenant, "fast test");
    const std::int64_t now = nowMicroseconds();
    const int a = batch.entity("a", "truck", "A");
    batch.addDecimal(a, batch.attribute("x", ValueType::Number), now, 15, 1);
    batch.addShortText(a, batch.attribute("x", ValueType::String), now, "wrong type");
    batch.addShortText(a, batch.attribute("s", ValueType::String), now, "text");
    const auto sent = door.send(batch, BatchId::random());
    QVERIFY2(sent.ok(), sent.ok() ? "" : qPrintable(sent.error().text()));
    QCOMPARE(sent->rows, std::int64_t(3));
    auto ingest = m_platform.open(QStringLiteral("primary"), QStringLiteral("ingest"));
    auto agent = m_platform.open(QStringLiteral("primary"), QStringLiteral("agent"));
    while (agent->exec(sql("select waiting from atlas.flush_staging(1000)"))->boolean(0, 0)) {
    }
    QVERIFY(!ingest->exec(sql("select atlas.staging_waiting()"))->boolean(0, 0));
    QCOMPARE(
        count("select count(*) from atlas.attribute_values where tenant_id = $1::int", {db::param(tenant)}),
        2);
    QCOMPARE(ask("select format('%s %s %s %s', door, source, rows, rejected) from atlas.ingest_batches where "
                 "tenant_id = $1::int",
                 {db::param(tenant)}),
             QStringLiteral("fast fast test 2 1"));
    QCOMPARE(ask("select entity_type || ' ' || name from atlas.entities where tenant_id = $1::int",
                 {db::param(tenant)}),
             QStringLiteral("truck A"));
    // Landing twice, as after a lost answer, changes nothing.
    QVERIFY(door.send(batch, BatchId::random()).ok());
    while (agent->exec(sql("select waiting from atlas.flush_staging(1000)"))->boolean(0, 0)) {
    }
    QCOMPARE(
        count("select count(*) from atlas.attribute_events where tenant_id = $1::int", {db::param(tenant)}),
        2);
}

void TestIngest::fastDoorKeepsWhatNoTableTakes()
{
    // A sender that skipped every check must not stop the flush for the others. Of the senders only the agent
    // may stage for a tenant that is not there.
    const int tenant = freshTenant();
    FastDoor door(m_platform.client(), endpoint(), patient());
    FastDoor agentsDoor(m_platform.client(), QStringLiteral("primary#agent"), patient());
    Batch poison(2'000'000'000, "poison");
    poison.addDecimal(poison.entity("a"), poison.attribute("x", ValueType::Number), nowMicroseconds(), 1, 0);
    QCOMPARE(door.send(poison, BatchId::random()).ok(), false);
    QVERIFY(agentsDoor.send(poison, BatchId::random()).ok());
    Batch good(tenant, "good");
    good.addDecimal(good.entity("a"), good.attribute("x", ValueType::Number), nowMicroseconds(), 1, 0);
    QVERIFY(door.send(good, BatchId::random()).ok());
    auto agent = m_platform.open(QStringLiteral("primary"), QStringLiteral("agent"));
    const qint64 before = count("select count(*) from atlas.ingest_rejects where tenant_id = 2000000000");
    const auto flushed = agent->exec(sql("select batches from atlas.flush_staging(10000)"));
    QVERIFY2(flushed.ok(), flushed.ok() ? "" : qPrintable(flushed.error().text()));
    QCOMPARE(
        count("select count(*) from atlas.attribute_values where tenant_id = $1::int", {db::param(tenant)}),
        1);
    QVERIFY(count("select count(*) from atlas.ingest_rejects where tenant_id = 2000000000") >= before);
    QVERIFY(count("select count(*) from atlas.ingest_rejects where tenant_id = 2000000000") >= 1);
}

void TestIngest::fastDoorRejectsABadRowAlone()
{
    const int tenant = freshTenant();
    FastDoor door(m_platform.client(), endpoint(), patient());
    Batch batch(tenant, "mixed");
    const std::int64_t now = nowMicroseconds();
    for (int i = 0; i < 100; ++i)
        batch.addDecimal(batch.entity("e" + std::to_string(i)), batch.attribute("x", ValueType::Number), now,
                         i, 0);
    batch.addBoolean(batch.entity("e0"), batch.attribute(std::string(501, 'n'), ValueType::Boolean), now,
                     true);
    QVERIFY(door.send(batch, BatchId::random()).ok());
    auto agent = m_platform.open(QStringLiteral("primary"), QStringLiteral("agent"));
    while (agent->exec(sql("select waiting from atlas.flush_staging(1000)"))->boolean(0, 0)) {
    }
    QCOMPARE(
        count("select count(*) from atlas.attribute_events where tenant_id = $1::int", {db::param(tenant)}),
        100);
    QCOMPARE(ask("select string_agg(format('%s %s %s: %s', external_id, length(attribute), value, reason), "
                 "'; ') from atlas.ingest_rejects where tenant_id = $1::int",
                 {db::param(tenant)}),
             QStringLiteral("e0 501 true: an attribute's name is longer than 500 characters"));
    QCOMPARE(ask("select format('%s %s', sum(rows), sum(rejected)) from atlas.ingest_batches where "
                 "tenant_id = $1::int and source = 'mixed'",
                 {db::param(tenant)}),
             QStringLiteral("100 1"));
}

void TestIngest::fastDoorTakesTheLatestName()
{
    const int tenant = freshTenant();
    FastDoor door(m_platform.client(), endpoint(), patient());
    const std::int64_t now = nowMicroseconds();
    for (const char* name : {"Zoe", "Adam"}) {
        Batch batch(tenant, "names");
        batch.addDecimal(batch.entity("a", std::string_view("t"), std::string_view(name)),
                         batch.attribute("x", ValueType::Number), now, 1, 0);
        QVERIFY(door.send(batch, BatchId::random()).ok());
    }
    auto agent = m_platform.open(QStringLiteral("primary"), QStringLiteral("agent"));
    while (agent->exec(sql("select waiting from atlas.flush_staging(1000)"))->boolean(0, 0)) {
    }
    QCOMPARE(ask("select name from atlas.entities where tenant_id = $1::int", {db::param(tenant)}),
             QStringLiteral("Adam"));
}

void TestIngest::fastDoorRecordsABatchWithoutValues()
{
    const int tenant = freshTenant();
    FastDoor door(m_platform.client(), endpoint(), patient());
    Batch batch(tenant, "catalogue");
    batch.attribute("x", ValueType::Number);
    const BatchId id = BatchId::random();
    const auto sent = door.send(batch, id);
    QVERIFY2(sent.ok(), sent.ok() ? "" : qPrintable(sent.error().text()));
    QCOMPARE(sent->newAttributes, std::int64_t(1));
    QCOMPARE(ask("select door from atlas.ingest_batches where tenant_id = $1::int and batch_id = $2::uuid",
                 {db::param(tenant), db::param(id.uuid)}),
             QStringLiteral("durable"));
    QVERIFY(door.send(batch, id)->duplicate);
}

void TestIngest::fastDoorLeavesOutWhatHasNoValue()
{
    // As its documentation says; a batch of such entities alone takes them.
    const int tenant = freshTenant();
    FastDoor door(m_platform.client(), endpoint(), patient());
    Batch batch(tenant, "no values");
    batch.addDecimal(batch.entity("a"), batch.attribute("x", ValueType::Number), nowMicroseconds(), 1, 0);
    batch.entity("b", std::string_view("truck"));
    QVERIFY(door.send(batch, BatchId::random()).ok());
    QVERIFY(flushStaging());
    const QByteArray names = "select string_agg(external_id, ' ' order by external_id) from atlas.entities "
                             "where tenant_id = $1::int";
    QCOMPARE(ask(names, {db::param(tenant)}), QStringLiteral("a"));
    Batch alone(tenant, "no values");
    alone.entity("b", std::string_view("truck"));
    QVERIFY(door.send(alone, BatchId::random()).ok());
    QCOMPARE(ask(names, {db::param(tenant)}), QStringLiteral("a b"));
}

void TestIngest::maintenanceDrainsTheDefaultPartition()
{
    auto agent = m_platform.open(QStringLiteral("primary"), QStringLiteral("agent"));
    const auto before = agent->exec(sql("select atlas.maintain()"));
    QVERIFY2(before.ok(), before.ok() ? "" : qPrintable(before.error().text()));
    QVERIFY2(before->isNull(0, 0), qPrintable(before->string(0, 0)));
    // As if nobody had made partitions for days: the last one is gone, and a row of its day is in the
    // default.
    const QString last = ask("select format('%I.%I', partition_schemaname, partition_tablename) from "
                             "partman.show_partitions('atlas.ingest_rate_samples', 'DESC') limit 1");
    const QString day = ask("select (partman.show_partition_info($1, null, "
                            "'atlas.ingest_rate_samples')).child_start_time + interval '1 hour'",
                            {db::param(last)});
    auto owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    const db::Status dropped =
        owner->execScript("drop table " + last.toUtf8(), QStringLiteral("test")); // holds nothing yet
    QVERIFY2(dropped.ok(), dropped.ok() ? "" : qPrintable(dropped.error().text()));
    const int tenant = freshTenant();
    for (const QByteArray& time : {day.toUtf8(), QByteArray("2020-01-01"), QByteArray("2999-01-01")}) {
        const auto put = owner->exec(sql("insert into atlas.ingest_rate_samples values ($2::timestamptz, "
                                         "$1::int, 10, 1, 1, 1)",
                                         {db::param(tenant), db::param(time)}));
        QVERIFY2(put.ok(), put.ok() ? "" : qPrintable(put.error().text()));
    }
    const auto after = agent->exec(sql("select atlas.maintain()"));
    QVERIFY2(after.ok(), after.ok() ? "" : qPrintable(after.error().text()));
    QVERIFY2(after->isNull(0, 0), qPrintable(after->string(0, 0)));
    QCOMPARE(ask("select tableoid::regclass = $2::regclass from atlas.ingest_rate_samples where tenant_id = "
                 "$1::int and sampled_at = $3::timestamptz",
                 {db::param(tenant), db::param(last), db::param(day)}),
             QStringLiteral("t"));
    // The long past and the far future stand in nobody's way.
    QCOMPARE(count("select count(*) from atlas.ingest_rate_samples where tenant_id = $1::int",
                   {db::param(tenant)}),
             3);
    QVERIFY(owner
                ->exec(sql("delete from atlas.ingest_rate_samples where tenant_id = $1::int",
                           {db::param(tenant)}))
                .ok());
}

void TestIngest::retentionDropsWholePartitions()
{
    auto owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    auto agent = m_platform.open(QStringLiteral("primary"), QStringLiteral("agent"));
    QCOMPARE(ask("select retention || ' ' || retention_keep_table from partman.part_config where "
                 "parent_table = 'atlas.attribute_events'"),
             QStringLiteral("400 days false"));
    const int tenant = freshTenant();
    QStringList places;
    for (const char* age : {"500 days", "300 days"}) {
        QVERIFY(owner
                    ->exec(sql("select partman.create_partition_time('atlas.attribute_events', array[now() - "
                               "$1::interval], false)",
                               {db::param(age)}))
                    .ok());
        const auto put = owner->exec(sql("insert into atlas.attribute_events (tenant_id, entity_id, "
                                         "attribute_id, observed_at, value_num) values ($1::int, 1, 1, "
                                         "now() - $2::interval, 1) returning tableoid::regclass::text",
                                         {db::param(tenant), db::param(age)}));
        QVERIFY2(put.ok(), put.ok() ? "" : qPrintable(put.error().text()));
        places.append(put->string(0, 0));
        QVERIFY2(!places.constLast().contains(QLatin1String("default")), qPrintable(places.constLast()));
    }
    const auto maintained = agent->exec(sql("select atlas.maintain()"));
    QVERIFY2(maintained.ok(), maintained.ok() ? "" : qPrintable(maintained.error().text()));
    QVERIFY2(maintained->isNull(0, 0), qPrintable(maintained->string(0, 0)));
    QCOMPARE(ask("select format('%s %s', to_regclass($1) is null, to_regclass($2) is null)",
                 {db::param(places[0]), db::param(places[1])}),
             QStringLiteral("t f"));
    QCOMPARE(
        count("select count(*) from atlas.attribute_events where tenant_id = $1::int", {db::param(tenant)}),
        1);
    // And those of the days to come are there.
    QCOMPARE(
        ask("select count(*) >= (select premake from partman.part_config where parent_table = "
            "'atlas.attribute_events') from partman.show_partitions('atlas.attribute_events') p, lateral "
            "partman.show_partition_info(p.partition_schemaname || '.' || p.partition_tablename, null, "
            "'atlas.attribute_events') i where i.child_start_time > now()"),
        QStringLiteral("t"));
}

void TestIngest::aFrozenPrimaryIsNotWaitedFor()
{
    const int tenant = freshTenant();
    std::atomic<int> told{0};
    RetryPolicy policy = patient();
    policy.retrying = [&told](const db::DbError&) { ++told; };
    DurableDoor door(m_platform.client(), endpoint(), policy);
    Batch batch(tenant, "frozen");
    batch.addDecimal(batch.entity("a"), batch.attribute("x", ValueType::Number), nowMicroseconds(), 1, 0);
    QVERIFY(door.send(batch, BatchId::random()).ok());
    const auto resume = qScopeGuard([this] {
        cluster({QStringLiteral("resume"), QStringLiteral("primary")});
    });
    QVERIFY(cluster({QStringLiteral("pause"), QStringLiteral("primary")}));
    const BatchId id = BatchId::random();
    std::atomic<bool> taken{false};
    std::thread writer([&] { taken = door.send(batch, id).ok(); });
    // Long before the deadline of its statement, which is two minutes.
    const bool gaveUp = QTest::qWaitFor([&] { return told > 0; }, 30'000);
    const bool resumed = cluster({QStringLiteral("resume"), QStringLiteral("primary")});
    writer.join();
    QVERIFY(gaveUp && resumed && taken);
    QTRY_COMPARE_WITH_TIMEOUT(count("select count(*) from atlas.ingest_batches where tenant_id = $1::int and "
                                    "batch_id = $2::uuid",
                                    {db::param(tenant), db::param(id.uuid)}),
                              1, 20'000);
}

void TestIngest::fastDoorLosesWhatWasNotFlushed()
{
    // The guarantee of the fast door, word by word. No agent runs here: flushes are ours.
    const int tenant = freshTenant();
    FastDoor door(m_platform.client(), endpoint(), patient());
    const auto stage = [&](const char* entity) {
        Batch batch(tenant, "guarantee");
        batch.addDecimal(batch.entity(entity), batch.attribute("x", ValueType::Number), nowMicroseconds(), 1,
                         0);
        return door.send(batch, BatchId::random()).ok();
    };
    const auto entities = [&] {
        return ask("select string_agg(e.external_id, ' ' order by e.external_id) from atlas.entities e "
                   "join atlas.attribute_values v using (tenant_id, entity_id) where tenant_id = $1::int",
                   {db::param(tenant)});
    };
    const QByteArray staged = "select count(*) from atlas.ingest_staging where tenant_id = $1::int";
    const QByteArray moved =
        "select count(*) from atlas.ingest_batches where tenant_id = $1::int and door = 'fast' and rows = 1";

    QVERIFY(stage("A"));
    QVERIFY(flushStaging());
    QVERIFY(stage("B"));
    QCOMPARE(count(staged, {db::param(tenant)}), 1);
    const bool killed = cluster({QStringLiteral("kill"), QStringLiteral("primary")});
    const bool restarted = cluster({QStringLiteral("start"), QStringLiteral("primary")});
    QVERIFY(killed && restarted);
    QTRY_COMPARE_WITH_TIMEOUT(ask("select 1"), QStringLiteral("1"), 30'000);
    QCOMPARE(entities(), QStringLiteral("A"));
    QCOMPARE(count(moved, {db::param(tenant)}), 1);
    QCOMPARE(count("select count(*) from atlas.ingest_staging"), 0);

    // A clean restart keeps what is staged.
    QVERIFY(stage("C"));
    const bool stopped = cluster({QStringLiteral("stop"), QStringLiteral("primary")});
    const bool started = cluster({QStringLiteral("start"), QStringLiteral("primary")});
    QVERIFY(stopped && started);
    QTRY_VERIFY_WITH_TIMEOUT(flushStaging(), 30'000);
    QTRY_COMPARE_WITH_TIMEOUT(entities(), QStringLiteral("A C"), 30'000);
    QCOMPARE(count(moved, {db::param(tenant)}), 2);
}

void TestIngest::acknowledgedSurvivesAKilledPrimary()
{
    const int tenant = freshTenant();
    std::atomic<int> acknowledged{0};
    std::atomic<bool> stopping{false};
    std::atomic<int> failures{0};
    std::atomic<int> retried{0};
    std::thread writer([&] {
        DurableDoor door(m_platform.client(), endpoint(), patient());
        for (int round = 0; !stopping; ++round) {
            Batch batch(tenant, "test");
            for (int i = 0; i < 200; ++i)
                batch.addDecimal(batch.entity("e" + std::to_string(i)),
                                 batch.attribute("x", ValueType::Number), nowMicroseconds() + i, round, 0);
            const auto sent = door.send(batch, BatchId::random());
            if (!sent) {
                qWarning("%s", qPrintable(sent.error().text()));
                ++failures;
                return;
            }
            retried += sent->attempts > 1;
            ++acknowledged;
        }
    });
    QTRY_VERIFY_WITH_TIMEOUT(acknowledged >= 5, 20'000);
    const bool killed = cluster({QStringLiteral("kill"), QStringLiteral("primary")});
    const int atKill = acknowledged;
    const bool started = cluster({QStringLiteral("start"), QStringLiteral("primary")});
    const bool goesOn = QTest::qWaitFor([&] { return acknowledged >= atKill + 5 || failures > 0; }, 60'000);
    stopping = true;
    writer.join();
    QVERIFY(killed && started && goesOn);
    QCOMPARE(failures.load(), 0);
    // The owner's idle connection died with the primary, and its pool may not have noticed yet.
    QTRY_COMPARE_WITH_TIMEOUT(ask("select 1"), QStringLiteral("1"), 20'000);
    // Not one more either: the batch that was under way is there once or was sent again.
    QCOMPARE(
        count("select count(*) from atlas.ingest_batches where tenant_id = $1::int", {db::param(tenant)}),
        acknowledged.load());
    QCOMPARE(
        count("select count(*) from atlas.attribute_events where tenant_id = $1::int", {db::param(tenant)}),
        acknowledged.load() * 200);
}

QTEST_GUILESS_MAIN(TestIngest)
#include "tst_ingest.moc"
