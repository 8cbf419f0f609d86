// SPDX-License-Identifier: GPL-3.0-or-later
// The same filter in a tenant and in one four times as large: what is found stays as much, what it takes
// should too.
#include <cstdio>

#include "model/browse/browse.h"
#include "model/filter/parser.h"
#include "tests/bench/bench.h"

namespace atlas::bench {

using test::sql;

namespace {

constexpr qint64 sitesHold = 200; ///< assets, however many there are in all

} // namespace

QString grownTenantName(qint64 entities)
{
    return QStringLiteral("bench growth %1").arg(entities);
}

int grownTenant(Context& context, qint64 entities)
{
    const QString name = grownTenantName(entities);
    auto owner = context.platform().open(QStringLiteral("primary"), QStringLiteral("owner"));
    if (!owner)
        return 0;
    int tenant = context.tenant(name);
    if (tenant == 0) {
        tenant = context.createTenant(name, QStringLiteral("partition"));
        need(owner->exec(sql(
            "insert into atlas.attributes (tenant_id, name, value_type) select $1::int, n, t from (values "
            "('site', 1), ('status', 1), ('reading', 2)) a (n, t)",
            {db::param(tenant)})));
    }
    const auto there = need(owner->exec(sql("select count(*), (select measured_at from atlas.attribute_stats "
                                            "where tenant_id = $1::int limit 1) is not null from "
                                            "atlas.entities where tenant_id = $1::int",
                                            {db::param(tenant)})));
    qint64 from = there.integer(0, 0).value_or(0);
    if (from == entities && there.boolean(0, 1))
        return tenant;
    std::fprintf(stderr, "making a tenant of %lld assets (once)…\n", static_cast<long long>(entities));
    constexpr qint64 chunk = 50'000;
    for (; from < entities; from += chunk) {
        // hashint4 is as good as random and the same every time.
        db::Statement fill =
            sql("with made as (insert into atlas.entities (tenant_id, external_id, entity_type, name) select "
                "$1::int, 'g' || i, "
                "'thing', 'number ' || i from generate_series($2::int, $3::int - 1) i returning entity_id, "
                "substr(external_id, 2)::int as i), ids as (select max(attribute_id) filter (where name = "
                "'site') as site, "
                "max(attribute_id) filter (where name = 'status') as status, max(attribute_id) filter (where "
                "name = 'reading') as "
                "reading from atlas.attributes where tenant_id = $1::int) "
                "insert into atlas.attribute_values (tenant_id, entity_id, attribute_id, observed_at, "
                "value_num, value_text) "
                "select $1::int, m.entity_id, v.attribute_id, now(), v.num, v.txt from made m, ids, lateral "
                "(values (ids.site, "
                "null::float8, 'site ' || m.i / $4::int), (ids.status, null, (array['on', 'off', 'idle', "
                "'fault'])[(hashint4(m.i) & 3) + 1]), (ids.reading, (hashint4(m.i + 1) & 1023) / 10.0, "
                "null)) v (attribute_id, "
                "num, txt) order by 2, 3",
                {db::param(tenant), db::param(from), db::param(std::min(from + chunk, entities)),
                 db::param(sitesHold)});
        fill.deadline = std::chrono::minutes(5);
        need(owner->exec(fill));
        if (QString problem; !context.platform().waitForEveryNode(600'000, &problem)) {
            std::fprintf(stderr, "%s: a node does not keep up: %s\n", qUtf8Printable(name),
                         qUtf8Printable(problem));
            return 0;
        }
    }
    need(owner->execScript("vacuum (analyze) atlas.entities_" + QByteArray::number(tenant),
                           QStringLiteral("bench.vacuum")));
    need(owner->execScript("vacuum (analyze) atlas.attribute_values_" + QByteArray::number(tenant),
                           QStringLiteral("bench.vacuum")));
    db::Statement measure = sql("select atlas.refresh_attribute_stats($1::int)", {db::param(tenant)});
    measure.deadline = std::chrono::minutes(10);
    need(owner->exec(measure));
    return tenant;
}

namespace {

QList<Figure> runGrowth(Context& context)
{
    const qint64 small = isShort() ? 2'000 : isScale() ? 1'000'000 : 50'000;
    int tenants[2] = {grownTenant(context, small), 0};
    if (tenants[0] > 0)
        tenants[1] = grownTenant(context, 4 * small);
    auto analyst = context.platform().open(QStringLiteral("primary"), QStringLiteral("analyst"), true);
    if (tenants[1] == 0 || !analyst)
        return {};
    QList<Figure> figures;
    // One finds as much in both, the others stop at a page.
    struct Asked
    {
        const char* name;
        const char16_t* filter;
        bool isCount;
    };
    for (const Asked& asked :
         {Asked{"selective.page", u"site = \"site 7\" and status = \"on\" and reading > 50", false},
          Asked{"selective.count", u"site = \"site 7\" and status = \"on\" and reading > 50", true},
          Asked{"common.page", u"status = \"on\" and reading > 50", false}}) {
        const bool isCount = asked.isCount;
        const auto parsed = filter::parse(asked.filter);
        db::Statement statements[2];
        qint64 found[2] = {0, 0};
        for (int i = 0; i < 2; ++i) {
            const AttributeCatalog catalog = AttributeCatalog::fromRows(need(
                analyst->exec(AttributeCatalog::namedStatement(tenants[i], parsed.expression.attributes()))));
            browse::PageRequest request;
            request.tenant = tenants[i];
            request.filter = parsed.expression;
            request.limit = 200;
            statements[i] =
                (isCount ? browse::countStatement(request, catalog) : browse::pageStatement(request, catalog))
                    .statement;
        }
        constexpr int each = 10;
        const auto run = [&](int i) {
            for (int n = 0; n < each; ++n) {
                const auto rows = need(analyst->exec(statements[i]));
                found[i] = isCount ? rows.integer(0, 0).value_or(0) : rows.rowCount();
            }
        };
        const auto [large, one] = alternated(
            isShort() ? 2 : 25, [&] { run(1); }, [&] { run(0); });
        if (found[0] == 0 || found[1] == 0) {
            std::fprintf(stderr, "growth: %s finds nothing\n", asked.name);
            return {};
        }
        const double value = median(large) / each;
        const double against = median(one) / each;
        figures.append(
            {QStringLiteral("growth.%1").arg(QLatin1String(asked.name)), value, QStringLiteral("ms"),
             QStringLiteral(
                 "the same in a tenant of %L1 assets; here of %L2, three values each; found %3 and %4")
                 .arg(small)
                 .arg(4 * small)
                 .arg(found[0])
                 .arg(found[1]),
             against, QStringLiteral("ratio ≤ 1.5"), value <= 1.5 * against});
    }
    return figures;
}

} // namespace

Benchmark growthBenchmark()
{
    return {"growth", "a filter in a tenant, and in one four times as large", true, runGrowth, false};
}

} // namespace atlas::bench
