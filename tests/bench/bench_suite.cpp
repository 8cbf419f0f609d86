// SPDX-License-Identifier: GPL-3.0-or-later
// A suite of conjunctive filters, counted, against the two forms that people write by hand: one scan grouped
// by entity, and one document an entity without an index.
#include <cmath>
#include <cstdio>

#include "model/browse/browse.h"
#include "model/filter/parser.h"
#include "tests/bench/bench.h"

namespace atlas::bench {

using test::sql;

namespace {

const QString fleet = QStringLiteral("Northwind Fleet");

/// One clause in the three forms.
struct Clause
{
    const char* filter;
    const char* attribute;
    const char* row;      ///< on a row of attribute_values
    const char* document; ///< on the document
};

constexpr Clause active{R"(status = "active")", "status", "v.value_text = 'active'",
                        "s.doc ->> 'status' = 'active'"};
constexpr Clause idle{R"(status = "idle")", "status", "v.value_text = 'idle'", "s.doc ->> 'status' = 'idle'"};
constexpr Clause south{R"(region = "eu-south")", "region", "v.value_text = 'eu-south'",
                       "s.doc ->> 'region' = 'eu-south'"};
constexpr Clause west{R"(region = "eu-west")", "region", "v.value_text = 'eu-west'",
                      "s.doc ->> 'region' = 'eu-west'"};
constexpr Clause apac{R"(region = "apac")", "region", "v.value_text = 'apac'", "s.doc ->> 'region' = 'apac'"};
constexpr Clause firmware{R"(firmware = "4.2.1")", "firmware", "v.value_text = '4.2.1'",
                          "s.doc ->> 'firmware' = '4.2.1'"};
constexpr Clause oldFirmware{R"(firmware = "3.9.12")", "firmware", "v.value_text = '3.9.12'",
                             "s.doc ->> 'firmware' = '3.9.12'"};
constexpr Clause hot{"engine.coolant_temp > 90", "engine.coolant_temp", "v.value_num > 90",
                     "(s.doc ->> 'engine.coolant_temp')::float8 > 90"};
constexpr Clause veryHot{"engine.coolant_temp > 104", "engine.coolant_temp", "v.value_num > 104",
                         "(s.doc ->> 'engine.coolant_temp')::float8 > 104"};
constexpr Clause fast{"speed > 80", "speed", "v.value_num > 80", "(s.doc ->> 'speed')::float8 > 80"};
constexpr Clause lowFuel{"fuel_level < 10", "fuel_level", "v.value_num < 10",
                         "(s.doc ->> 'fuel_level')::float8 < 10"};
constexpr Clause weak{"battery_voltage < 24", "battery_voltage", "v.value_num < 24",
                      "(s.doc ->> 'battery_voltage')::float8 < 24"};
constexpr Clause worn{"odometer between 100000 and 105000", "odometer",
                      "v.value_num between 100000 and 105000",
                      "(s.doc ->> 'odometer')::float8 between 100000 and 105000"};
constexpr Clause faulty{"exists(error:E1042)", "error:E1042", "v.value_num is not null",
                        "s.doc ? 'error:E1042'"};
constexpr Clause open{"door_open = true", "door_open", "v.value_num = 1", "s.doc ->> 'door_open' = 'true'"};

const QList<QList<Clause>> suite{
    {active, west, hot},
    {active, south, firmware},
    {idle, apac},
    {firmware, veryHot},
    {active, west, lowFuel},
    {faulty, south},
    {faulty, active, fast},
    {worn, active},
    {weak, active, west},
    {open, west},
    {south, firmware, hot},
    {oldFirmware, apac, active},
    {idle, oldFirmware, fast},
    {veryHot, fast, lowFuel},
};
/// Nothing but equalities of attributes that runSuite() promotes.
const QList<QList<Clause>> hotSuite{
    {active, south, firmware},   {active, west},           {idle, apac},
    {idle, apac, oldFirmware},   {active, apac, firmware}, {south, firmware},
    {oldFirmware, apac, active}, {idle, south, firmware},
};

QString textOf(const QList<Clause>& clauses)
{
    QStringList parts;
    for (const Clause& clause : clauses)
        parts.append(QString::fromLatin1(clause.filter));
    return parts.join(QStringLiteral(" and "));
}

/// One document an entity, all of its attributes, made once.
void makeDocuments(db::BlockingSession& owner, int tenant)
{
    need(owner.exec(sql("create schema if not exists bench")));
    if (!need(owner.exec(sql("select to_regclass('bench.snapshot') is null"))).boolean(0, 0))
        return;
    std::fprintf(stderr, "making a document of each of the fleet's assets (once)…\n");
    need(owner.exec(sql("create table bench.snapshot (entity_id bigint primary key, doc jsonb not null)")));
    db::Statement fill = sql(R"(
        insert into bench.snapshot
            select v.entity_id, jsonb_object_agg(a.name, atlas.hot_value(a.value_type, v.value_num, v.value_text, v.value_exact, v.value_long))
              from atlas.attribute_values v join atlas.attributes a using (tenant_id, attribute_id)
             where v.tenant_id = $1::int group by 1)",
                             {db::param(tenant)});
    fill.deadline = std::chrono::minutes(30);
    need(owner.exec(fill));
    need(owner.exec(sql("analyze bench.snapshot")));
}

double geometricMean(const std::vector<double>& ratios)
{
    double sum = 0;
    for (const double ratio : ratios)
        sum += std::log(ratio);
    return std::exp(sum / static_cast<double>(ratios.size()));
}

QList<Figure> runSuite(Context& context)
{
    const int tenant = context.tenant(fleet);
    for (const char* attribute : {"status", "region", "firmware"})
        context.platform().ctl(
            {QStringLiteral("promote"), QStringLiteral("--tenant"), fleet, QString::fromLatin1(attribute)},
            {}, 600'000);
    auto analyst = context.platform().open(QStringLiteral("primary"), QStringLiteral("analyst"), true);
    auto owner = context.platform().open(QStringLiteral("primary"), QStringLiteral("owner"));
    if (!analyst || !owner)
        return {};
    need(owner->exec(sql("set row_security = off")));
    makeDocuments(*owner, tenant);

    bool same = true;
    const auto compare = [&](const QList<Clause>& clauses, db::BlockingSession& session,
                             const db::Statement& byHand) {
        const auto parsed = filter::parse(textOf(clauses));
        const AttributeCatalog catalog = AttributeCatalog::fromRows(
            need(analyst->exec(AttributeCatalog::namedStatement(tenant, parsed.expression.attributes()))));
        browse::PageRequest request;
        request.tenant = tenant;
        request.filter = parsed.expression;
        const db::Statement count = browse::countStatement(request, catalog).statement;
        qint64 ours = -1;
        qint64 theirs = -1;
        const double compiled =
            median(timed(7, [&] { ours = need(analyst->exec(count)).integer(0, 0).value_or(-1); }));
        const double hand =
            median(timed(3, [&] { theirs = need(session.exec(byHand)).integer(0, 0).value_or(-1); }));
        if (ours != theirs) {
            std::fprintf(stderr, "%s: the two forms count %lld and %lld\n", qUtf8Printable(textOf(clauses)),
                         static_cast<long long>(ours), static_cast<long long>(theirs));
            same = false;
        }
        if (qEnvironmentVariableIsSet("ATLAS_BENCH_EACH"))
            std::fprintf(stderr, "%6.3f  %8.2f of %8.2f ms  %8lld  %s\n", compiled / hand, compiled, hand,
                         static_cast<long long>(ours), qUtf8Printable(textOf(clauses)));
        return compiled / hand;
    };

    std::vector<double> overGrouped, overDocuments;
    for (const QList<Clause>& clauses : suite) {
        const auto ids = AttributeCatalog::fromRows(need(analyst->exec(AttributeCatalog::namedStatement(
            tenant, filter::parse(textOf(clauses)).expression.attributes()))));
        QByteArray any;
        for (const Clause& clause : clauses)
            any += (any.isEmpty() ? "" : " or ") + QByteArray("v.attribute_id = ") +
                   QByteArray::number(ids.findName(QString::fromLatin1(clause.attribute))->id) + " and " +
                   clause.row;
        overGrouped.push_back(compare(
            clauses, *analyst,
            sql("select count(*) from (select v.entity_id from atlas.attribute_values v where v.tenant_id "
                "= " +
                QByteArray::number(tenant) + " and (" + any +
                ") group by v.entity_id having count(*) = " + QByteArray::number(clauses.size()) + ") s")));
    }
    for (const QList<Clause>& clauses : hotSuite) {
        QByteArray all;
        for (const Clause& clause : clauses)
            all += (all.isEmpty() ? "" : " and ") + QByteArray(clause.document);
        overDocuments.push_back(
            compare(clauses, *owner, sql("select count(*) from bench.snapshot s where " + all)));
    }
    if (!same)
        return {};
    const double grouped = geometricMean(overGrouped);
    const double documents = geometricMean(overDocuments);
    return {
        {QStringLiteral("filters.over_grouped_scan"), grouped, QStringLiteral("ratio"),
         QStringLiteral("one scan with OR, GROUP BY entity HAVING count(*), the same login; geometric mean "
                        "of %1 filters")
             .arg(suite.size()),
         std::nullopt, QStringLiteral("≤ 0.12"), grouped <= 0.12},
        {QStringLiteral("filters.over_documents"), documents, QStringLiteral("ratio"),
         QStringLiteral(
             "one JSONB document an entity, ->> without an index, as the owner; geometric mean of %1 filters "
             "of hot attributes")
             .arg(hotSuite.size()),
         std::nullopt, QStringLiteral("≤ 0.1"), documents <= 0.1}};
}

} // namespace

Benchmark suiteBenchmark()
{
    return {"suite", "a suite of filters against a grouped scan and against documents, forms written by hand",
            true, runSuite};
}

} // namespace atlas::bench
