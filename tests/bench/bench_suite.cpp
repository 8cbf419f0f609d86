// SPDX-License-Identifier: GPL-3.0-or-later
// A suite of filters, counted, against the two forms that people write by hand: one scan grouped by entity,
// and one document an entity without an index.
#include <algorithm>
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
    const char* row;                ///< on a row of attribute_values
    const char* document = nullptr; ///< on the document, where the filter is compared with that
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

constexpr Clause candidate{R"(firmware = "5.0.0-rc2")", "firmware", "v.value_text = '5.0.0-rc2'"};
constexpr Clause hasFirmware{"exists(firmware)", "firmware", "v.value_text is not null"};
constexpr Clause europe{R"(region in ("eu-west", "eu-south", "eu-north"))", "region",
                        "v.value_text in ('eu-west', 'eu-south', 'eu-north')"};
constexpr Clause sevens{R"(vin contains "77")", "vin", "v.value_text like '%77%'"};
constexpr Clause warm{"engine.coolant_temp > 95", "engine.coolant_temp", "v.value_num > 95"};
constexpr Clause racing{"speed > 120", "speed", "v.value_num > 120"};
constexpr Clause flat{"battery_voltage < 22", "battery_voltage", "v.value_num < 22"};
constexpr Clause young{"odometer < 100", "odometer", "v.value_num < 100"};
constexpr Clause empty{"fuel_level < 1", "fuel_level", "v.value_num < 1"};

/// What must hold of an asset: one of the clauses, or with `isNone` none of them.
struct Term
{
    QList<Clause> anyOf;
    bool isNone = false;
};

/// Conjunctions: the geometric mean that the bar is about is theirs.
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
/// What the grouped scan can say as well: any-of, none-of beside something else, a list, a text within.
const QList<QList<Term>> otherSuite{
    {{{apac, candidate}}},
    {{{firmware, oldFirmware, veryHot, racing, young, flat, empty, faulty, open, apac}}},
    {{{active}}, {{south, firmware}}, {{warm}}},
    {{{faulty}}, {{active}, true}},
    {{{active}}, {{west}}, {{open}, true}},
    {{{active}}, {{hasFirmware}, true}},
    {{{fast}}, {{south, west}, true}},
    {{{sevens}}},
    {{{sevens}}, {{apac}}},
    {{{europe}}},
    {{{europe}}, {{firmware}}, {{hot}}},
};
/// Nothing but equalities of attributes that runSuite() promotes.
const QList<QList<Clause>> hotSuite{
    {active, south, firmware},   {active, west},           {idle, apac},
    {idle, apac, oldFirmware},   {active, apac, firmware}, {south, firmware},
    {oldFirmware, apac, active}, {idle, south, firmware},
};

QList<Term> allOf(const QList<Clause>& clauses)
{
    QList<Term> terms;
    for (const Clause& clause : clauses)
        terms.append({{clause}});
    return terms;
}

QString textOf(const QList<Term>& terms)
{
    QStringList parts;
    for (const Term& term : terms) {
        QStringList any;
        for (const Clause& clause : term.anyOf)
            any.append(QString::fromLatin1(clause.filter));
        const QString text = any.join(QStringLiteral(" or "));
        parts.append(term.isNone                          ? QStringLiteral("not (%1)").arg(text)
                     : any.size() > 1 && terms.size() > 1 ? QStringLiteral("(%1)").arg(text)
                                                          : text);
    }
    return parts.join(QStringLiteral(" and "));
}

/// One scan of every row that some clause is about, grouped by asset; HAVING says which and how many.
db::Statement groupedScan(int tenant, const QList<Term>& terms, const AttributeCatalog& catalog)
{
    const auto rows = [&catalog](const QList<Clause>& clauses) {
        QByteArrayList any;
        for (const Clause& clause : clauses)
            any.append("v.attribute_id = " +
                       QByteArray::number(catalog.findName(QString::fromLatin1(clause.attribute))->id) +
                       " and " + clause.row);
        return any.join(" or ");
    };
    const auto counted = [&](const QList<Clause>& clauses) { // all the rows: no need to say which
        return terms.size() == 1 ? QByteArray("count(*)") : "count(*) filter (where " + rows(clauses) + ")";
    };
    QList<Clause> all, single;
    QByteArrayList having;
    for (const Term& term : terms) {
        all += term.anyOf;
        if (term.isNone)
            having.append(counted(term.anyOf) + " = 0");
        else if (term.anyOf.size() > 1)
            having.append(counted(term.anyOf) + " >= 1");
        else
            single += term.anyOf;
    }
    // Each of these is of one attribute, which an asset has once.
    if (!single.isEmpty())
        having.append((having.isEmpty() ? QByteArray("count(*)") : counted(single)) + " = " +
                      QByteArray::number(single.size()));
    return sql("select count(*) from (select v.entity_id from atlas.attribute_values v where v.tenant_id = " +
               QByteArray::number(tenant) + " and (" + rows(all) + ") group by v.entity_id having " +
               having.join(" and ") + ") s");
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
    const auto catalogOf = [&](const QStringList& attributes) {
        return AttributeCatalog::fromRows(
            need(analyst->exec(AttributeCatalog::namedStatement(tenant, attributes))));
    };
    const auto compare = [&](const QString& text, db::BlockingSession& session, const db::Statement& byHand) {
        const auto parsed = filter::parse(text);
        const AttributeCatalog catalog = catalogOf(parsed.expression.attributes());
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
            std::fprintf(stderr, "%s: the two forms count %lld and %lld\n", qUtf8Printable(text),
                         static_cast<long long>(ours), static_cast<long long>(theirs));
            same = false;
        }
        if (qEnvironmentVariableIsSet("ATLAS_BENCH_EACH"))
            std::fprintf(stderr, "%6.3f  %8.2f of %8.2f ms  %8lld  %s\n", compiled / hand, compiled, hand,
                         static_cast<long long>(ours), qUtf8Printable(text));
        return compiled / hand;
    };

    std::pair<double, QString> worst;
    const auto overGroupedScan = [&](const QList<Term>& terms) {
        const QString text = textOf(terms);
        const AttributeCatalog catalog = catalogOf(filter::parse(text).expression.attributes());
        const double ratio = compare(text, *analyst, groupedScan(tenant, terms, catalog));
        worst = std::max(worst, {ratio, text});
        return ratio;
    };
    std::vector<double> overGrouped, otherOverGrouped, overDocuments;
    for (const QList<Clause>& clauses : suite)
        overGrouped.push_back(overGroupedScan(allOf(clauses)));
    for (const QList<Term>& terms : otherSuite)
        otherOverGrouped.push_back(overGroupedScan(terms));
    for (const QList<Clause>& clauses : hotSuite) {
        QByteArray all;
        for (const Clause& clause : clauses)
            all += (all.isEmpty() ? "" : " and ") + QByteArray(clause.document);
        overDocuments.push_back(compare(textOf(allOf(clauses)), *owner,
                                        sql("select count(*) from bench.snapshot s where " + all)));
    }
    if (!same)
        return {};
    const double grouped = geometricMean(overGrouped);
    const double other = geometricMean(otherOverGrouped);
    const double documents = geometricMean(overDocuments);
    return {
        {QStringLiteral("filters.over_grouped_scan"), grouped, QStringLiteral("ratio"),
         QStringLiteral("one scan with OR, GROUP BY entity HAVING count(*), the same login; geometric mean "
                        "of %1 conjunctions")
             .arg(suite.size()),
         std::nullopt, QStringLiteral("≤ 0.12"), grouped <= 0.12},
        {QStringLiteral("filters.other_over_grouped_scan"), other, QStringLiteral("ratio"),
         QStringLiteral("the same of %1 filters with any-of, none-of, a list or a text within")
             .arg(otherSuite.size()),
         std::nullopt, QStringLiteral("≤ 1"), other <= 1},
        {QStringLiteral("filters.worst_over_grouped_scan"), worst.first, QStringLiteral("ratio"),
         QStringLiteral("the same, of all %1 filters the one that fares worst: %2")
             .arg(suite.size() + otherSuite.size())
             .arg(worst.second),
         std::nullopt, QStringLiteral("≤ 1.1"), worst.first <= 1.1},
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
