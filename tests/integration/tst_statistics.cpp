// SPDX-License-Identifier: GPL-3.0-or-later
// Statistics against exact counts: after a load, after changes, whole and from samples.
#include <QRegularExpression>
#include <QTest>

#include <cmath>

#include "db/blocking.h"
#include "model/browse/browse.h"
#include "model/catalog/attributecatalog.h"
#include "model/filter/estimate.h"
#include "model/filter/parser.h"
#include "tests/support/platform.h"

using namespace atlas;
using test::sql;

class TestStatistics : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void loadsAreCountedWhole();
    void fieldsOfEntitiesAreMeasured();
    void nothingChangedNothingMeasured();
    void changesAreNotedAndMeasured();
    void whatIsNewComesFirst();
    void replacedTypesAreMeasured();
    void aCrashLosesNoCount();
    void samplesFavourNobody();
    void samplesKeepTheirBounds();
    void boundsHold();
    void workIsBounded();
    void onlyTheAgentMeasuresForAll();

private:
    static constexpr int entities = 6'000;

    QByteArray line(int entity, int generation) const;
    QString import(const QByteArray& lines) const;
    db::ResultSet ask(const QByteArray& text, const QList<db::Param>& params = {});
    /// One round of the agent; "measured waiting".
    QList<qint64> round(double seconds = 60, qint64 exactUpTo = 200'000, int sample = 30'000);
    /// As if more than a tenth of each attribute had been written.
    void allHaveChanged();
    /// As if all of it had been measured an hour ago.
    void age();
    void compareWithCounts();
    /// What is expected of many filters lies with what is counted within the bounds. `widest`: how far apart
    /// these may be, as a share of all assets, for each clause.
    void compareBounds(double standardErrors, double widest);

    test::Platform m_platform;
    QString m_name;
    int m_tenant = 0;
    std::unique_ptr<db::BlockingSession> m_owner;
    std::unique_ptr<db::BlockingSession> m_agent;
};

QByteArray TestStatistics::line(int entity, int generation) const
{
    const int value = (entity * 7919 + generation * 104'729) % 10'007;
    QByteArray attributes;
    const auto add = [&attributes](const QByteArray& name, const QByteArray& json) {
        attributes += (attributes.isEmpty() ? "" : ",") + ('"' + name + "\":") + json;
    };
    add("status", value % 10 < 7 ? "\"active\"" : (value % 10 < 9 ? "\"idle\"" : "\"retired\""));
    add("temperature", QByteArray::number(value / 10.0));
    add("serial", "\"SN-" + QByteArray::number(100'000 + entity) + '"');
    if (value % 3 != 0)
        add("open", value % 2 == 0 ? "true" : "false");
    if (value % 97 == 0)
        add("error", QByteArray::number(value % 5));
    if (value % 4 == 0)
        add("tags", "[\"" + QByteArray::number(value % 11) + "\"]");
    return "{\"id\":\"E" + QByteArray::number(entity) + R"(","type":")" +
           (entity % 5 == 0 ? "van" : "truck") + R"(","name":"Unit )" + QByteArray::number(10'000 + entity) +
           R"(","attributes":{)" + attributes + "}}\n";
}

QString TestStatistics::import(const QByteArray& lines) const
{
    const test::Ran ran = m_platform.ctl({QStringLiteral("import"), QStringLiteral("--tenant"), m_name,
                                          QStringLiteral("--create"), QStringLiteral("-")},
                                         lines);
    return ran.status == 0 ? QString() : QString::fromUtf8(ran.err);
}

db::ResultSet TestStatistics::ask(const QByteArray& text, const QList<db::Param>& params)
{
    auto rows = m_owner->exec(sql(text, params));
    if (!rows.ok()) {
        qWarning("%s", qPrintable(rows.error().text()));
        return {};
    }
    return std::move(rows).value();
}

QList<qint64> TestStatistics::round(double seconds, qint64 exactUpTo, int sample)
{
    const auto noted = m_agent->exec(sql("select atlas.note_attribute_writes()"));
    const auto rows =
        m_agent->exec(sql("select measured, waiting from atlas.refresh_stale_stats($1::double precision, "
                          "$2::bigint, $3::integer)",
                          {db::param(seconds), db::param(exactUpTo), db::param(sample)}));
    if (!noted.ok() || !rows.ok()) {
        qWarning("%s", qPrintable((noted.ok() ? rows.error() : noted.error()).text()));
        return {-1, -1};
    }
    return {rows->integer(0, 0).value_or(-1), rows->integer(0, 1).value_or(-1)};
}

void TestStatistics::allHaveChanged()
{
    ask("insert into atlas.attribute_rates (tenant_id, attribute_id, writes_since) "
        "select tenant_id, attribute_id, entities_with + 1 from atlas.attribute_stats where tenant_id = "
        "$1::int "
        "on conflict (tenant_id, attribute_id) do update set writes_since = excluded.writes_since",
        {db::param(m_tenant)});
}

void TestStatistics::age()
{
    ask("update atlas.attribute_stats set measured_at = measured_at - interval '1 hour' where tenant_id = "
        "$1::int",
        {db::param(m_tenant)});
}

void TestStatistics::initTestCase()
{
    test::TestCluster cluster;
    ATLAS_REQUIRE_CLUSTER(cluster);
    QCOMPARE(m_platform.prepare(cluster), QString());
    m_name = test::Platform::freshName(QStringLiteral("statistics"));
    QByteArray lines;
    for (int i = 0; i < entities; ++i)
        lines += line(i, 0);
    QCOMPARE(import(lines), QString());
    m_tenant = m_platform.tenantId(m_name);
    QVERIFY(m_tenant > 0);
    m_owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    m_agent = m_platform.open(QStringLiteral("primary"), QStringLiteral("agent"));
    QVERIFY(m_owner && m_agent);
    QVERIFY(ask("set row_security = off").rowCount() == 0);
    // Another test may have killed the primary, which the first to note finds.
    QVERIFY(m_agent->exec(sql("select atlas.note_attribute_writes()")).ok());
}

/// Every figure of every attribute that was counted whole is what counting says.
void TestStatistics::compareWithCounts()
{
    const auto wrong = ask(R"(
        with counted as (
            select a.attribute_id, a.name, coalesce(to_jsonb(v.value_num), to_jsonb(v.value_text)) as value, count(v.entity_id) as n
              from atlas.attributes a
              left join atlas.attribute_values v on v.tenant_id = a.tenant_id and v.attribute_id = a.attribute_id
                    and (v.value_num is not null or v.value_text is not null)
             where a.tenant_id = $1::int group by 1, 2, 3
        ), totals as (
            select attribute_id, name, sum(n) as entities_with, count(*) filter (where n > 0) as distinct_values from counted group by 1, 2
        )
        select t.name, t.entities_with, s.entities_with, t.distinct_values, s.distinct_values, r.writes_since
          from totals t join atlas.attribute_stats s on s.tenant_id = $1::int and s.attribute_id = t.attribute_id
          left join atlas.attribute_rates r on r.tenant_id = s.tenant_id and r.attribute_id = s.attribute_id
         where s.entities_with <> t.entities_with or s.distinct_values <> t.distinct_values or s.sampled_entities is not null
            or r.writes_since <> 0
            or exists (select from jsonb_array_elements(s.top_values) o
                        where (o ->> 1)::bigint is distinct from
                              (select c.n from counted c where c.attribute_id = t.attribute_id and c.value = o -> 0))
            or jsonb_array_length(s.top_values) <> least(100, t.distinct_values))",
                           {db::param(m_tenant)});
    for (int row = 0; row < wrong.rowCount(); ++row)
        qWarning("%s: %s with, says %s; %s values, says %s; %s since", qPrintable(wrong.string(row, 0)),
                 qPrintable(wrong.string(row, 1)), qPrintable(wrong.string(row, 2)),
                 qPrintable(wrong.string(row, 3)), qPrintable(wrong.string(row, 4)),
                 qPrintable(wrong.string(row, 5)));
    QCOMPARE(wrong.columnCount(), 6);
    QCOMPARE(wrong.rowCount(), 0);
    const auto missing =
        ask("select count(*) from atlas.attributes a where tenant_id = $1::int and not exists (select from "
            "atlas.attribute_stats s where s.tenant_id = a.tenant_id and s.attribute_id = a.attribute_id)",
            {db::param(m_tenant)});
    QCOMPARE(missing.integer(0, 0), 0);
}

void TestStatistics::loadsAreCountedWhole()
{
    const auto measured =
        m_agent->exec(sql("select atlas.refresh_attribute_stats($1::int)", {db::param(m_tenant)}));
    QVERIFY2(measured.ok(), measured.ok() ? "" : qPrintable(measured.error().text()));
    QCOMPARE(measured->integer(0, 0), 6);
    compareWithCounts();
    // Equal-frequency bounds: a tenth of the values lies below the tenth of them.
    const auto serials =
        ask("select text_histogram ->> 10, text_histogram ->> 50, jsonb_array_length(text_histogram), "
            "jsonb_array_length(histogram) from atlas.attribute_stats join atlas.attributes using "
            "(tenant_id, attribute_id) where tenant_id = $1::int and name = 'serial'",
            {db::param(m_tenant)});
    QCOMPARE(serials.string(0, 0).mid(3).toInt(), 100'000 + entities / 10 - 1);
    QCOMPARE(serials.string(0, 1).mid(3).toInt(), 100'000 + entities / 2 - 1);
    QCOMPARE(serials.integer(0, 2), 101);
    QCOMPARE(serials.integer(0, 3), 0);
    // Where every value is a common one there is nothing to add.
    const auto status =
        ask("select text_histogram::text from atlas.attribute_stats join atlas.attributes using (tenant_id, "
            "attribute_id) where tenant_id = $1::int and name = 'status'",
            {db::param(m_tenant)});
    QCOMPARE(status.string(0, 0), QStringLiteral("[]"));
}

void TestStatistics::fieldsOfEntitiesAreMeasured()
{
    auto analyst = m_platform.open(QStringLiteral("primary"), QStringLiteral("analyst"), true);
    QVERIFY(analyst);
    for (const db::Statement& statement :
         {AttributeCatalog::listStatement(m_tenant), AttributeCatalog::namedStatement(m_tenant, {})}) {
        const auto rows = analyst->exec(statement);
        QVERIFY2(rows.ok(), rows.ok() ? "" : qPrintable(rows.error().text()));
        const AttributeCatalog catalog = AttributeCatalog::fromRows(*rows);
        QVERIFY(!catalog.findName(QStringLiteral("type"))); // the field is no attribute
        QCOMPARE(catalog.entitiesTotal(), static_cast<double>(entities));
        const filter::StatsEstimator estimator(catalog);
        const auto expected = [&](const char* text) {
            return filter::estimate(filter::parse(QString::fromUtf8(text)).expression, estimator);
        };
        QCOMPARE(expected("entity.type = \"van\"").entities, entities / 5.0);
        QVERIFY(expected("entity.type = \"van\"").measured);
        const double prefix = expected("entity.name starts with \"Unit 12\"").entities;
        QVERIFY2(prefix > 800 && prefix < 1'200, qPrintable(QString::number(prefix)));
        const double below = expected("entity.id < \"E3\"").entities; // E0, E1…, E2…: 2,223 of them
        QVERIFY2(below > 2'000 && below < 2'400, qPrintable(QString::number(below)));
    }
}

void TestStatistics::nothingChangedNothingMeasured()
{
    age();
    const QByteArray text =
        "select max(measured_at)::text from atlas.attribute_stats where tenant_id = $1::int";
    const QString before = ask(text, {db::param(m_tenant)}).string(0, 0);
    QCOMPARE(round().at(1), 0);
    QCOMPARE(ask(text, {db::param(m_tenant)}).string(0, 0), before);
}

void TestStatistics::changesAreNotedAndMeasured()
{
    QByteArray lines;
    for (int i = 0; i < entities / 2; ++i)
        lines += line(i, 1);
    QCOMPARE(import(lines), QString());
    const QByteArray since =
        "select writes_since, write_rate from atlas.attribute_rates join atlas.attributes using "
        "(tenant_id, attribute_id) where tenant_id = $1::int and name = 'status'";
    ask("update atlas.attribute_stats set measured_at = clock_timestamp() where tenant_id = $1::int",
        {db::param(m_tenant)});
    ask("update atlas.attribute_rates set write_rate = 0 where tenant_id = $1::int", {db::param(m_tenant)});
    const QByteArray versions =
        "select string_agg(xmin::text || ' ' || ctid::text, ',' order by attribute_id) "
        "from atlas.attribute_stats where tenant_id = $1::int";
    const QString written = ask(versions, {db::param(m_tenant)}).string(0, 0);
    // Measured just now: noted, not measured again before five minutes have passed.
    QCOMPARE(round().at(1), 0);
    auto noted = ask(since, {db::param(m_tenant)});
    QCOMPARE(noted.integer(0, 0), entities / 2);
    // To note it does not write the common values and bounds anew, which are many times as large.
    QCOMPARE(ask(versions, {db::param(m_tenant)}).string(0, 0), written);
    // The mean over five minutes of what came in the seconds since the round before: between what these
    // values make of a second and of an hour.
    const double rate = noted.real(0, 1).value_or(0);
    QVERIFY2(rate > entities / 2.0 / 3600 && rate <= entities / 2.0 / 300 * 1.01,
             qPrintable(QString::number(rate)));
    age();
    QCOMPARE(round().at(1), 0);
    compareWithCounts();
    // Cleared values are changes too.
    lines.clear();
    for (int i = 0; i < entities / 4; ++i)
        lines +=
            "{\"id\":\"E" + QByteArray::number(i) + R"(","attributes":{"open":null,"error":null}})" + '\n';
    QCOMPARE(import(lines), QString());
    age();
    QCOMPARE(round().at(1), 0);
    const auto fill =
        ask("select s.entities_with, (select count(*) from atlas.attribute_values v where v.tenant_id = "
            "$1::int and "
            "v.attribute_id = a.attribute_id and v.value_num is not null) from atlas.attribute_stats s join "
            "atlas.attributes a using (tenant_id, attribute_id) where tenant_id = $1::int and name = 'open'",
            {db::param(m_tenant)});
    QCOMPARE(fill.integer(0, 0), fill.integer(0, 1));
}

void TestStatistics::whatIsNewComesFirst()
{
    QByteArray lines;
    for (int i = 0; i < 100; ++i)
        lines += "{\"id\":\"E" + QByteArray::number(i) + R"(","attributes":{"brand_new":)" +
                 QByteArray::number(i % 3) + "}}\n";
    QCOMPARE(import(lines), QString());
    QVERIFY(round().at(0) >= 1);
    const auto fresh = ask(
        "select entities_with, distinct_values, sampled_entities from atlas.attribute_stats join "
        "atlas.attributes using (tenant_id, attribute_id) where tenant_id = $1::int and name = 'brand_new'",
        {db::param(m_tenant)});
    QCOMPARE(fresh.rowCount(), 1);
    QCOMPARE(fresh.integer(0, 0), 100);
    QCOMPARE(fresh.integer(0, 1), 3);
    // New entities are counted without counting all.
    lines.clear();
    for (int i = entities; i < entities + 250; ++i)
        lines += line(i, 0);
    QCOMPARE(import(lines), QString());
    round();
    const auto total = ask("select distinct entities_total + entities_since from atlas.entity_field_stats "
                           "where tenant_id = $1::int",
                           {db::param(m_tenant)});
    QCOMPARE(total.rowCount(), 1);
    QCOMPARE(total.integer(0, 0), entities + 250);
}

/// Master data that comes after the telemetry.
void TestStatistics::replacedTypesAreMeasured()
{
    round();
    const QByteArray trams = "select (select t -> 1 from jsonb_array_elements(top_values) t where t ->> 0 = "
                             "'tram')::text, changes_since from atlas.entity_field_stats where tenant_id = "
                             "$1::int and field = 'type'";
    QVERIFY(ask(trams, {db::param(m_tenant)}).isNull(0, 0));
    QByteArray lines;
    for (int i = 0; i < 600; ++i)
        lines += "{\"id\":\"E" + QByteArray::number(i) + R"(","type":"tram","attributes":{}})" + '\n';
    QCOMPARE(import(lines), QString());
    round();
    QCOMPARE(ask(trams, {db::param(m_tenant)}).string(0, 0), QStringLiteral("600"));
    QCOMPARE(ask(trams, {db::param(m_tenant)}).integer(0, 1), 0);
    // A few are only noted, and the bounds know of them, until a day has passed.
    lines.clear();
    for (int i = 600; i < 620; ++i)
        lines += "{\"id\":\"E" + QByteArray::number(i) + R"(","type":"tram","attributes":{}})" + '\n';
    QCOMPARE(import(lines), QString());
    round();
    QCOMPARE(ask(trams, {db::param(m_tenant)}).string(0, 0), QStringLiteral("600"));
    QCOMPARE(ask(trams, {db::param(m_tenant)}).integer(0, 1), 20);
    ask("update atlas.entity_field_stats set measured_at = measured_at - interval '25 hours' where tenant_id "
        "= $1::int",
        {db::param(m_tenant)});
    round();
    QCOMPARE(ask(trams, {db::param(m_tenant)}).string(0, 0), QStringLiteral("620"));
}

/// A crash empties unlogged tables. Of a tenant too large to be counted each time, too.
void TestStatistics::aCrashLosesNoCount()
{
    QByteArray lines;
    for (int i = 0; i < 100; ++i)
        lines += "{\"id\":\"L" + QByteArray::number(i) + R"(","type":"van","attributes":{"status":"lost"}})" +
                 '\n';
    QCOMPARE(import(lines), QString());
    ask("truncate atlas.attribute_writes");
    const qint64 there =
        ask("select count(*) from atlas.entities where tenant_id = $1::int", {db::param(m_tenant)})
            .integer(0, 0)
            .value_or(0);
    round(60, 50, 2'000);
    QCOMPARE(ask("select min(entities_total + entities_since) || ' ' || max(entities_total + entities_since) "
                 "from atlas.entity_field_stats where tenant_id = $1::int",
                 {db::param(m_tenant)})
                 .string(0, 0),
             QStringLiteral("%1 %1").arg(there));
    // What was written and forgotten is measured within a day.
    ask("update atlas.attribute_stats set measured_at = measured_at - interval '25 hours' where tenant_id = "
        "$1::int",
        {db::param(m_tenant)});
    round();
    QCOMPARE(
        ask("select (select t -> 1 from jsonb_array_elements(top_values) t where t ->> 0 = 'lost')::text "
            "from atlas.attribute_stats join atlas.attributes using (tenant_id, attribute_id) where "
            "tenant_id = $1::int and name = 'status'",
            {db::param(m_tenant)})
            .string(0, 0),
        QStringLiteral("100"));
    round(); // the notes are kept again
    QCOMPARE(ask("select count(*) from atlas.entity_field_stats where recount").integer(0, 0), 0);
}

/// Entities that came while other tenants grew lie apart in the numbers.
void TestStatistics::samplesFavourNobody()
{
    const int tenant =
        static_cast<int>(m_platform.open(QStringLiteral("primary"), QStringLiteral("admin"))
                             ->exec(sql("select atlas.create_tenant($1, 'shared', '{}')",
                                        {db::param(test::Platform::freshName(QStringLiteral("apart")))}))
                             ->integer(0, 0)
                             .value_or(0));
    // 8,000 one after the other, 2,000 twenty apart.
    ask("insert into atlas.entities (tenant_id, entity_id, external_id, entity_type) overriding system value "
        "select $1::int, 9000000000000 + case when i < 8000 then i else 8000 + (i - 8000) * 20 end, 'x' || "
        "i, "
        "case when i < 8000 then 'near' else 'apart' end from generate_series(0, 9999) i",
        {db::param(tenant)});
    const auto drawn = ask("select count(*), count(*) filter (where e.entity_type = 'apart') from "
                           "unnest(atlas.sample_entities($1::int, 1500, 10000)) s (entity_id) join "
                           "atlas.entities e on e.tenant_id = $1::int and e.entity_id = s.entity_id",
                           {db::param(tenant)});
    const auto all = static_cast<double>(drawn.integer(0, 0).value_or(0));
    const double apart = static_cast<double>(drawn.integer(0, 1).value_or(0)) / all;
    QVERIFY2(all > 900 && all < 3'000, qPrintable(QString::number(all)));
    // A fifth; five standard errors, doubled for neighbours that are drawn together.
    QVERIFY2(std::abs(apart - 0.2) < 10 * std::sqrt(0.16 / all), qPrintable(QString::number(apart)));
}

void TestStatistics::samplesKeepTheirBounds()
{
    allHaveChanged();
    age();
    QCOMPARE(round(60, 50, 2'000).at(1), 0);
    const auto rows = ask(R"(
        select a.name, s.sampled_entities, s.entities_total, s.entities_with,
               (select count(*) from atlas.attribute_values v where v.tenant_id = $1::int and v.attribute_id = a.attribute_id
                   and (v.value_num is not null or v.value_text is not null)),
               s.distinct_values,
               (select count(distinct coalesce(v.value_num::text, v.value_text)) from atlas.attribute_values v
                 where v.tenant_id = $1::int and v.attribute_id = a.attribute_id)
          from atlas.attribute_stats s join atlas.attributes a using (tenant_id, attribute_id) where tenant_id = $1::int)",
                          {db::param(m_tenant)});
    QCOMPARE(rows.rowCount(), 7);
    int sampled = 0;
    for (int row = 0; row < rows.rowCount(); ++row) {
        const auto n = rows.integer(row, 1);
        const auto total = static_cast<double>(rows.integer(row, 2).value_or(0));
        const auto says = static_cast<double>(rows.integer(row, 3).value_or(-1));
        const auto is = static_cast<double>(rows.integer(row, 4).value_or(-1));
        if (!n) {
            QCOMPARE(says, is);
            continue;
        }
        ++sampled;
        QVERIFY2(*n > 1'000 && *n < 4'000, qPrintable(QString::number(*n)));
        // Five standard errors: wrong once in two million.
        const double share = is / total;
        const double bound =
            5 * std::sqrt(share * (1 - share) / static_cast<double>(*n)) + 1.0 / static_cast<double>(*n);
        QVERIFY2(std::abs(says / total - share) <= bound, qPrintable(QStringLiteral("%1: %2 of %3, says %4")
                                                                         .arg(rows.string(row, 0))
                                                                         .arg(is)
                                                                         .arg(total)
                                                                         .arg(says)));
        const auto values = static_cast<double>(rows.integer(row, 6).value_or(0));
        const auto guessed = static_cast<double>(rows.integer(row, 5).value_or(0));
        QVERIFY2(
            guessed > values / 3 && guessed < values * 3,
            qPrintable(
                QStringLiteral("%1: %2 values, says %3").arg(rows.string(row, 0)).arg(values).arg(guessed)));
    }
    QVERIFY(sampled >= 5);
    const auto active =
        ask("select (o ->> 1)::float8 / s.entities_total, (select count(*)::float8 from "
            "atlas.attribute_values v where "
            "v.tenant_id = $1::int and v.attribute_id = a.attribute_id and v.value_text = 'active') / "
            "s.entities_total, s.sampled_entities from atlas.attribute_stats s join atlas.attributes a using "
            "(tenant_id, attribute_id), jsonb_array_elements(s.top_values) o where tenant_id = $1::int and "
            "a.name = "
            "'status' and o ->> 0 = 'active'",
            {db::param(m_tenant)});
    QCOMPARE(active.rowCount(), 1);
    const double share = active.real(0, 1).value_or(0);
    QVERIFY(std::abs(active.real(0, 0).value_or(0) - share) <=
            5 * std::sqrt(share * (1 - share) / active.real(0, 2).value_or(1)));
    // Whole again, for whoever looks next.
    QVERIFY(m_agent->exec(sql("select atlas.refresh_attribute_stats($1::int)", {db::param(m_tenant)})).ok());
    compareWithCounts();
}

void TestStatistics::compareBounds(double standardErrors, double widest)
{
    const auto rows = m_owner->exec(AttributeCatalog::listStatement(m_tenant));
    QVERIFY(rows.ok());
    AttributeCatalog catalog = AttributeCatalog::fromRows(*rows);
    QList<int> ids;
    for (int i = 0; i < catalog.size(); ++i)
        ids.append(catalog.at(i).id);
    const auto details = m_owner->exec(AttributeCatalog::detailStatement(m_tenant, ids));
    QVERIFY(details.ok());
    catalog = catalog.withDetails(AttributeCatalog::detailsFromRows(*details));
    QStringList filters;
    const auto add = [&filters](const char* text) { filters.append(QString::fromUtf8(text)); };
    for (const char* text : {"status = \"active\"",
                             "status != \"idle\"",
                             "status in (\"idle\", \"retired\", \"lost\")",
                             "status = \"lost\"",
                             "status contains \"i\"",
                             "status starts with \"re\"",
                             "status >= \"idle\"",
                             "exists(error)",
                             "missing(error)",
                             "open = true",
                             "open != true",
                             "error > 2",
                             "error between 1 and 3",
                             "tags = \"[\\\"3\\\"]\"",
                             "exists(tags)",
                             "serial = \"SN-100017\"",
                             "serial starts with \"SN-1000\"",
                             "serial starts with \"SN-1034\"",
                             "serial < \"SN-102500\"",
                             "serial between \"SN-101111\" and \"SN-104444\"",
                             "serial contains \"77\"",
                             "entity.type = \"van\"",
                             "entity.name starts with \"Unit 12\"",
                             "entity.id < \"E3\""})
        add(text);
    for (int at = 3; at < 1'000; at += 90) {
        filters += QStringLiteral("temperature < %1").arg(at);
        filters += QStringLiteral("temperature >= %1.5").arg(at);
        filters += QStringLiteral("temperature between %1 and %2").arg(at / 2).arg(at);
        filters += QStringLiteral("temperature = %1.7").arg(at);
    }
    const qsizetype clauses = filters.size();
    add("status = \"active\" and temperature < 300");
    add("status = \"active\" and status != \"idle\" and open = true");
    add("status = \"active\" or error > 2 or exists(tags)");
    add("not (status = \"active\" or open = true)");
    add("temperature < 300 and not (serial < \"SN-102500\" and exists(tags))");
    const double all = catalog.entitiesTotal();
    for (qsizetype i = 0; i < filters.size(); ++i) {
        const auto parsed = filter::parse(filters.at(i));
        QVERIFY2(parsed.ok(), qPrintable(filters.at(i)));
        browse::PageRequest request;
        request.tenant = m_tenant;
        request.filter = parsed.expression;
        const auto counted = m_owner->exec(browse::countStatement(request, catalog).statement);
        QVERIFY2(counted.ok(), counted.ok() ? "" : qPrintable(counted.error().text()));
        const auto is = static_cast<double>(counted->integer(0, 0).value_or(-1));
        const filter::Bounds bounds =
            filter::bounds(parsed.expression, catalog, QDateTime::currentDateTimeUtc(), standardErrors);
        const QString what = QStringLiteral("%1: %2 counted, between %3 and %4 expected")
                                 .arg(filters.at(i))
                                 .arg(is)
                                 .arg(bounds.low)
                                 .arg(bounds.high);
        QVERIFY2(bounds.measured && bounds.low <= is + 1e-6 && is <= bounds.high + 1e-6, qPrintable(what));
        const bool partOfText = filters.at(i).contains(QLatin1String("serial contains"));
        QVERIFY2(i >= clauses || partOfText || bounds.high - bounds.low <= widest * all + 1,
                 qPrintable(what));
    }
}

void TestStatistics::boundsHold()
{
    // Counted whole: to a bucket at each end.
    compareBounds(2, 0.0201);
    if (QTest::currentTestFailed())
        return;
    // The command line says the same.
    const test::Ran said = m_platform.ctl({QStringLiteral("filter"), QStringLiteral("--tenant"), m_name,
                                           QStringLiteral("--count"), QStringLiteral("--explain"),
                                           QStringLiteral("temperature < 300.5")});
    QVERIFY2(said.status == 0, said.err.constData());
    static const QRegularExpression within(
        QStringLiteral("expected  (\\d+) entities \\((\\d+) to (\\d+)\\)"));
    const auto match = within.match(QString::fromUtf8(said.err));
    QVERIFY2(match.hasMatch(), said.err.constData());
    const qint64 counted = said.out.trimmed().toLongLong();
    QVERIFY2(match.captured(2).toLongLong() <= counted && counted <= match.captured(3).toLongLong(),
             said.err.constData());
    QVERIFY2(said.err.contains("\nmeasured  20"), said.err.constData());
    // Values written since are allowed for.
    QByteArray lines;
    for (int i = 0; i < 300; ++i)
        lines += line(i, 7);
    QCOMPARE(import(lines), QString());
    QVERIFY(m_agent->exec(sql("select atlas.note_attribute_writes()")).ok());
    compareBounds(2, 0.0201 + 2 * 300.0 / entities);
    if (QTest::currentTestFailed())
        return;
    // From a sample: five standard errors, which are wrong once in two million, of 2,000 drawn.
    allHaveChanged();
    age();
    QCOMPARE(round(60, 50, 2'000).at(1), 0);
    const auto sampled = ask("select count(*) from atlas.attribute_stats where tenant_id = $1::int and "
                             "sampled_entities is not null",
                             {db::param(m_tenant)});
    QVERIFY(sampled.integer(0, 0).value_or(0) >= 5);
    compareBounds(5, 0.0201 + 2 * 5 * std::sqrt(0.25 / 1'000));
    if (QTest::currentTestFailed())
        return;
    QVERIFY(m_agent->exec(sql("select atlas.refresh_attribute_stats($1::int)", {db::param(m_tenant)})).ok());
}

void TestStatistics::workIsBounded()
{
    allHaveChanged();
    age();
    const QList<qint64> none = round(0);
    QCOMPARE(none.at(0), 0);
    QVERIFY(none.at(1) >= 7);
    const QList<qint64> all = round();
    QVERIFY(all.at(0) >= 7);
    QCOMPARE(all.at(1), 0);
    compareWithCounts();
}

void TestStatistics::onlyTheAgentMeasuresForAll()
{
    for (const char* login : {"analyst", "operator", "admin", "ingest"}) {
        auto session = m_platform.open(QStringLiteral("primary"), QString::fromLatin1(login));
        QVERIFY(session);
        for (const char* call :
             {"select atlas.note_attribute_writes()", "select atlas.refresh_stale_stats(1, 1, 1)",
              "select atlas.measure_attributes(1, null, null, 1)",
              "select atlas.measure_entity_fields(1, null, 1)", "select atlas.sample_entities(1, 1, 1)",
              "select * from atlas.attribute_writes"}) {
            const auto refused = session->exec(sql(call));
            QVERIFY2(!refused.ok(), call);
            QCOMPARE(refused.error().sqlState, QStringLiteral("42501"));
        }
    }
}

QTEST_GUILESS_MAIN(TestStatistics)
#include "tst_statistics.moc"
