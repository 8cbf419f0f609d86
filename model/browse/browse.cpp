// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/browse/browse.h"

#include <algorithm>

#include "model/environment/environment.h"
#include "model/filter/compiler.h"
#include "model/filter/validate.h"
#include "model/ingest/value.h"
#include "model/statements.h"

namespace atlas::browse {

using db::EndpointRole;

namespace {

const RegisteredStatement assetSql{"browse.asset", "One asset with all its attributes", R"sql(
select e.external_id, e.name, e.entity_type, extract(epoch from e.created_at)::float8 as created_at, v.attribute_id,
       coalesce(v.value_long, v.value_text, v.value_exact::text, v.value_num::text) as value,
       extract(epoch from v.observed_at)::float8 as observed_at
  from atlas.entities e
  left join atlas.attribute_values v on v.tenant_id = e.tenant_id and v.entity_id = e.entity_id
        and (v.value_num is not null or v.value_text is not null)
 where e.tenant_id = $1::int and e.entity_id = $2::bigint)sql"};

// History is in PostgreSQL's words: a warehouse is asked for it only when nothing else answers at all.

// Every observation counts, a few rows come back. An array is ordered by its first element and brings the
// second along: the value at the first and the last time, the time of the lowest and the highest value.
constexpr double historySlices = 600;
const RegisteredStatement slicesSql{"browse.slices", "History of one number of one asset", R"sql(
select (min(array[seconds, value_num]))[1] as first_at, (min(array[seconds, value_num]))[2] as first_value,
       (min(array[value_num, seconds]) filter (where value_num is not null))[2] as low_at, min(value_num) as low_value,
       (max(array[value_num, seconds]) filter (where value_num is not null))[2] as high_at, max(value_num) as high_value,
       (max(array[seconds, value_num]))[1] as last_at, (max(array[seconds, value_num]))[2] as last_value
  from (select extract(epoch from observed_at)::float8 as seconds, value_num,
               date_bin(make_interval(secs => $5::float8), observed_at, to_timestamp($4::float8)) as slice
          from atlas.attribute_events
         where tenant_id = $1::int and entity_id = $2::bigint and attribute_id = $3::int
           and observed_at >= to_timestamp($4::float8)) e
 group by slice order by slice)sql"};

// Newest first, only where the value is another one than before, and one more than is shown, which says that
// there are more.
constexpr int mostChanges = 500;
const RegisteredStatement historySql{"browse.history", "History of one attribute of one asset", R"sql(
select extract(epoch from observed_at)::float8 as seconds, left(value, 200) as value
  from (select observed_at, value, lead(value) over (order by observed_at desc) as earlier
          from (select observed_at, coalesce(value_long, value_text, value_exact::text, value_num::text) as value
                  from atlas.attribute_events
                 where tenant_id = $1::int and entity_id = $2::bigint and attribute_id = $3::int
                   and observed_at >= to_timestamp($4::float8)) e) c
 where value is distinct from earlier
 order by observed_at desc limit 501)sql"};

const RegisteredStatement findSql{
    "browse.find", "Asset by its external id",
    "select entity_id from atlas.entities where tenant_id = $1::int and external_id = $2::text"};

// Leakproof comparisons only, so that row security lets them into the covering index.
const RegisteredStatement suggestSql{"browse.suggest", "Values that begin with what was typed", R"sql(
select value_text as value, count(*) as entities
  from atlas.attribute_values
 where tenant_id = $1::int and attribute_id = $2::int and value_text >= $3::text and value_text < $4::text
 group by value_text order by 2 desc, 1 limit 20)sql"};

const bool composed = [] {
    StatementRegistry::add("browse.page", "Page of filter results",
                           "(the compiled filter's entity ids, joined with entities and one probe of "
                           "attribute_values per column)");
    StatementRegistry::add("browse.count", "Exact count of a filter",
                           "(select count(*) over the compiled filter)");
    StatementRegistry::add("browse.top", "Most common values of an attribute within a filter",
                           "(the attribute's values of the compiled filter's entities, grouped and counted)");
    StatementRegistry::add(
        "browse.histogram", "How the values of an attribute within a filter are spread",
        "(the attribute's values of the compiled filter's entities, counted in bins of equal "
        "width)");
    return true;
}();

QDateTime timeOf(const db::ResultSet& rows, int row, int column)
{
    const auto seconds = rows.real(row, column);
    return seconds ? QDateTime::fromMSecsSinceEpoch(qRound64(*seconds * 1000), Qt::UTC) : QDateTime();
}

/// Rows of slicesSql.
std::vector<HistoryPoint> slicePoints(const db::ResultSet& rows)
{
    const auto earlier = [](const HistoryPoint& a, const HistoryPoint& b) { return a.at < b.at; };
    const auto same = [](const HistoryPoint& a, const HistoryPoint& b) { return a.at == b.at; };
    constexpr int columns = 8;
    std::vector<HistoryPoint> points;
    points.reserve(static_cast<std::size_t>(rows.rowCount()) * columns / 2);
    for (int row = 0; row < rows.rowCount(); ++row) {
        const auto known = static_cast<std::ptrdiff_t>(points.size());
        for (int column = 0; column < columns; column += 2) {
            if (const auto at = rows.real(row, column))
                points.push_back({*at, rows.real(row, column + 1), {}});
        }
        // The first may be the lowest as well.
        std::sort(points.begin() + known, points.end(), earlier);
        points.erase(std::unique(points.begin() + known, points.end(), same), points.end());
    }
    return points;
}

/// Rows of historySql.
History changesOf(const db::ResultSet& rows, ValueType type)
{
    History history;
    const int shown = std::min(rows.rowCount(), mostChanges);
    history.cut = rows.rowCount() > shown;
    history.points.reserve(static_cast<std::size_t>(shown));
    for (int row = shown - 1; row >= 0; --row) {
        HistoryPoint point;
        point.at = rows.real(row, 0).value_or(0);
        point.text = rows.isNull(row, 1) ? QString() : displayValue(type, rows.string(row, 1));
        history.points.push_back(std::move(point));
    }
    return history;
}

Problem problemOf(const QList<filter::Problem>& problems)
{
    Problem problem;
    if (problems.isEmpty()) {
        problem.message = QStringLiteral("The filter cannot be compiled.");
        return problem;
    }
    problem.message = problems.first().message;
    problem.position = static_cast<int>(problems.first().position);
    return problem;
}

Problem problemOf(const db::DbError& error)
{
    return {error.text(), -1, error};
}

QByteArray number(int value)
{
    return QByteArray::number(value);
}

/// One cell as text; a probe by primary key, so that the planner has nothing to choose.
QByteArray cellExpression(const QByteArray& alias, const PageRequest& request)
{
    // On Redshift value_exact is text already, and a cast to text cuts off after 256 bytes.
    const QByteArray value = "coalesce(" + alias + ".value_long, " + alias + ".value_text, " + alias +
                             (request.realRedshift ? ".value_exact, " : ".value_exact::text, ") + alias +
                             ".value_num::text)";
    const int longest = request.longestValue;
    return longest > 0 ? "left(" + value + ", " + number(longest) + ")" : value;
}

filter::CompileOptions optionsFor(const PageRequest& request, const AttributeCatalog& catalog)
{
    filter::CompileOptions options;
    options.dialect =
        request.role == EndpointRole::Warehouse ? filter::Dialect::Redshift : filter::Dialect::Postgres;
    options.realRedshift = request.realRedshift && request.role == EndpointRole::Warehouse;
    options.useHot = request.useHot && request.role != EndpointRole::Warehouse;
    options.partitions = request.role == EndpointRole::Warehouse ? 1 : catalog.partitions();
    return options;
}

} // namespace

bool isRedshift(const db::Client& client, const QString& node)
{
    // The monitor connects for another purpose than the reader, and usually first.
    const QList<Purpose> purposes = allPurposes();
    return std::any_of(purposes.begin(), purposes.end(),
                       [&](Purpose purpose) { return client.state(endpointId(node, purpose)).isRedshift; });
}

PageStatement pageStatement(const PageRequest& request, const AttributeCatalog& catalog)
{
    PageStatement result;
    filter::CompileOptions options = optionsFor(request, catalog);
    options.projection = request.limit ? filter::Projection::EntityIds : filter::Projection::Stream;
    if (request.limit)
        options.limit = static_cast<int>(std::min<qint64>(*request.limit, std::numeric_limits<int>::max()));
    if (request.afterEntityId > 0)
        options.after = request.afterEntityId;
    options.sort = request.sort;
    options.sortAfter = request.sortAfter;
    const filter::StatsEstimator estimator(catalog, options.now);
    const auto compiled = filter::compileIds(request.tenant, request.filter, catalog, estimator, options);
    if (!compiled.ok()) {
        result.problem = problemOf(compiled.problems);
        return result;
    }

    QList<db::Param> params = compiled.value->params;
    int next = compiled.value->nextParameter;
    const QByteArray tenant = "$" + number(next++) + "::int";
    params.append(db::param(request.tenant));
    QByteArray select = "select p.entity_id, e.external_id, e.name, e.entity_type";
    QByteArray joins;
    const bool warehouse = request.role == EndpointRole::Warehouse;
    if (warehouse) {
        // Redshift takes few correlated sub-selects: joins, and no newest observation.
        select += ", cast(null as double precision) as seen";
    } else {
        // The condition that is none spares the server looking for an index in the order of times: a sixth of
        // what a small page takes to plan.
        select += ", (select extract(epoch from max(v.observed_at) filter (where true))::float8 from "
                  "atlas.attribute_values v where v.tenant_id = " +
                  tenant + " and v.entity_id = p.entity_id) as seen";
    }
    for (int i = 0; i < request.columns.size(); ++i) {
        const QByteArray attribute = "$" + number(next++) + "::int";
        params.append(db::param(request.columns.at(i)));
        const QByteArray alias = "c" + number(i);
        const QByteArray where = alias + ".tenant_id = " + tenant + " and " + alias +
                                 ".entity_id = p.entity_id and " + alias + ".attribute_id = " + attribute;
        if (warehouse) {
            select += ", " + cellExpression(alias, request) + " as c" + number(i);
            joins += " left join atlas.attribute_values " + alias + " on " + where;
        } else {
            select += ", (select " + cellExpression(alias, request) + " from atlas.attribute_values " +
                      alias + " where " + where + ") as c" + number(i);
        }
    }
    if (request.sort)
        select += warehouse ? ", cast(p.sort_value as varchar(65535)) as sort_value"
                            : ", p.sort_value::text as sort_value";
    result.statement.name = QStringLiteral("browse.page");
    result.statement.purpose = QStringLiteral("Page of filter results");
    result.statement.sql =
        select + "\n  from (" + compiled.value->sql +
        ") p\n  join atlas.entities e on e.tenant_id = " + tenant + " and e.entity_id = p.entity_id" + joins +
        "\n order by " +
        (request.sort ? filter::sortOrder("p", request.sort->descending) : QByteArrayLiteral("p.entity_id"));
    result.statement.params = params;
    result.statement.tenant = request.tenant;
    result.plan = compiled.value->explain;
    result.explain = result.plan.text();
    result.expectedRows = compiled.value->explain.expected;
    return result;
}

PageStatement countStatement(const PageRequest& request, const AttributeCatalog& catalog)
{
    PageStatement result;
    filter::CompileOptions options = optionsFor(request, catalog);
    options.projection = filter::Projection::Count;
    const filter::StatsEstimator estimator(catalog, options.now);
    auto compiled = filter::compile(request.tenant, request.filter, catalog, estimator, options);
    if (!compiled.ok()) {
        result.problem = problemOf(compiled.problems);
        return result;
    }
    result.statement = std::move(compiled.value->statement);
    result.statement.name = QStringLiteral("browse.count");
    result.statement.purpose = QStringLiteral("Exact count of a filter");
    result.plan = compiled.value->explain;
    result.explain = result.plan.text();
    result.expectedRows = compiled.value->explain.expected;
    return result;
}

PageStatement topStatement(const PageRequest& request, const AttributeCatalog& catalog)
{
    PageStatement result;
    filter::CompileOptions options = optionsFor(request, catalog);
    options.projection = filter::Projection::Top;
    options.sort = request.sort;
    options.limit = static_cast<int>(std::min<qint64>(request.limit.value_or(20), 1'000'000));
    const filter::StatsEstimator estimator(catalog, options.now);
    auto compiled = filter::compile(request.tenant, request.filter, catalog, estimator, options);
    if (!compiled.ok()) {
        result.problem = problemOf(compiled.problems);
        return result;
    }
    result.statement = std::move(compiled.value->statement);
    result.statement.name = QStringLiteral("browse.top");
    result.plan = compiled.value->explain;
    result.explain = result.plan.text();
    result.expectedRows = result.plan.expected;
    return result;
}

PageStatement histogramStatement(const PageRequest& request, const AttributeCatalog& catalog)
{
    PageStatement result;
    filter::CompileOptions options = optionsFor(request, catalog);
    options.projection = filter::Projection::Histogram;
    options.sort = request.sort;
    options.limit = static_cast<int>(std::min<qint64>(request.limit.value_or(20), 1'000));
    const filter::StatsEstimator estimator(catalog, options.now);
    auto compiled = filter::compile(request.tenant, request.filter, catalog, estimator, options);
    if (!compiled.ok()) {
        result.problem = problemOf(compiled.problems);
        return result;
    }
    result.statement = std::move(compiled.value->statement);
    result.statement.name = QStringLiteral("browse.histogram");
    result.plan = compiled.value->explain;
    result.explain = result.plan.text();
    result.expectedRows = result.plan.expected;
    return result;
}

std::vector<Row> rowsOf(const db::ResultSet& rows, const QList<int>& columns, const AttributeCatalog& catalog)
{
    std::vector<ValueType> types;
    types.reserve(static_cast<std::size_t>(columns.size()));
    for (const int id : columns) {
        const Attribute* attribute = catalog.findId(id);
        types.push_back(attribute ? attribute->type : ValueType::String);
    }
    std::vector<Row> result;
    result.reserve(static_cast<std::size_t>(rows.rowCount()));
    for (int r = 0; r < rows.rowCount(); ++r) {
        Row row;
        row.entityId = rows.integer(r, 0).value_or(0);
        row.externalId = rows.string(r, 1);
        row.name = rows.string(r, 2);
        row.type = rows.string(r, 3);
        row.seen = timeOf(rows, r, 4);
        row.values.reserve(types.size());
        for (std::size_t c = 0; c < types.size(); ++c) {
            const int column = 5 + static_cast<int>(c);
            if (rows.isNull(r, column))
                row.values.emplace_back(std::nullopt);
            else
                row.values.emplace_back(displayValue(types[c], rows.string(r, column)));
        }
        const int sorted = 5 + static_cast<int>(types.size());
        if (sorted < rows.columnCount() && !rows.isNull(r, sorted))
            row.sortValue = rows.string(r, sorted);
        result.push_back(std::move(row));
    }
    return result;
}

namespace {

/// What of the filter has a value from `low` to `high`, as value_num.
filter::Expression within(const filter::Expression& all, const filter::Subject& subject, ValueType type,
                          double low, double high)
{
    const auto literal = [type](double value) {
        if (type != ValueType::Timestamp)
            return filter::Literal::number(QString::number(value, 'g', 17));
        return filter::Literal::string(
            QString::fromStdString(ingest::canonicalTimestamp(static_cast<std::int64_t>(value))));
    };
    filter::Clause range;
    range.subject = subject;
    range.op = filter::Operator::Between;
    range.literals = {literal(low), literal(high)};
    filter::Group both;
    both.children = {filter::Node(range)};
    if (!all.isEmpty())
        both.children.prepend(filter::Node(all.root()));
    return filter::Expression(both);
}

} // namespace

Browser::Browser(routing::Reader* reader, int tenant, QObject* parent)
    : QObject(parent)
    , m_reader(reader)
    , m_tenant(tenant)
    , m_usage(reader->client())
{
}

void Browser::note(std::optional<hotset::Usage> usage, double milliseconds, std::optional<qint64> rows,
                   const QString& endpoint)
{
    if (!usage || !m_reader->client())
        return;
    const QList<db::Endpoint> known = m_reader->client()->endpoints();
    if (std::any_of(known.cbegin(), known.cend(), [&endpoint](const db::Endpoint& one) {
            return one.id == endpoint && one.role == EndpointRole::Warehouse;
        }))
        return;
    usage->milliseconds = milliseconds;
    usage->rows = rows;
    usage->endpoint = endpoint;
    m_usage.record(*usage);
}

quint64 Browser::runFiltered(const PageRequest& request, const AttributeCatalog& catalog, Build build,
                             std::chrono::milliseconds deadline, QObject* receiver, routing::Intent intent,
                             std::function<void(std::variant<Ran, Problem>)> done)
{
    // What a filter lacks does not depend on the node: say it before anything is sent.
    if (PageStatement checked = build(request, catalog); checked.problem) {
        QMetaObject::invokeMethod(
            receiver, [done, problem = *checked.problem] { done(problem); }, Qt::QueuedConnection);
        return 0;
    }
    const quint64 ticket = ++m_next;
    start(ticket, request, catalog, build, deadline, receiver, intent, done);
    return ticket;
}

void Browser::start(quint64 ticket, const PageRequest& request, const AttributeCatalog& catalog, Build build,
                    std::chrono::milliseconds deadline, QObject* receiver, routing::Intent intent,
                    std::function<void(std::variant<Ran, Problem>)> done)
{
    auto built = std::make_shared<PageStatement>();
    const quint64 reading = m_reader->read(
        intent,
        [client = QPointer(m_reader->client()), request, catalog, build, deadline, built](const QString& node,
                                                                                          EndpointRole role) {
            PageRequest forNode = request;
            forNode.role = role;
            forNode.realRedshift = client && isRedshift(*client, node);
            *built = build(forNode, catalog);
            built->statement.deadline = deadline;
            return built->statement;
        },
        receiver,
        [this, self = QPointer(this), ticket, request, catalog, build, deadline, receiver, intent, done,
         built](db::Result<routing::Routed> result) {
            if (!self)
                return;
            m_running.remove(ticket);
            if (result) {
                done(Ran{std::move(result).value(), *built});
                return;
            }
            if (request.useHot && result.error().sqlState == QLatin1String(filter::notHotSqlState)) {
                PageRequest cold = request;
                cold.useHot = false;
                start(ticket, cold, catalog, build, deadline, receiver, intent, done);
                return;
            }
            done(problemOf(result.error()));
        });
    m_running.insert(ticket, reading);
}

quint64 Browser::page(const filter::Expression& filter, const AttributeCatalog& catalog,
                      const QList<int>& columns, qint64 afterEntityId, int limit, QObject* receiver,
                      Handler<Page> done, routing::Intent intent)
{
    PageRequest request;
    request.filter = filter;
    request.columns = columns;
    request.afterEntityId = afterEntityId;
    request.limit = limit;
    return page(std::move(request), catalog, receiver, std::move(done), intent);
}

quint64 Browser::page(PageRequest request, const AttributeCatalog& catalog, QObject* receiver,
                      Handler<Page> done, routing::Intent intent)
{
    request.tenant = m_tenant;
    const bool first = request.afterEntityId == 0 && !request.sortAfter;
    return runFiltered(request, catalog, &pageStatement, std::chrono::seconds(30), receiver, intent,
                       [this, done, columns = request.columns, catalog, limit = request.limit,
                        filter = request.filter, first](std::variant<Ran, Problem> outcome) {
                           if (const auto* problem = std::get_if<Problem>(&outcome)) {
                               done(*problem);
                               return;
                           }
                           Ran& ran = std::get<Ran>(outcome);
                           Page page;
                           page.rows = rowsOf(ran.routed.rows, columns, catalog);
                           page.last = !limit || static_cast<qint64>(page.rows.size()) < *limit;
                           page.route = ran.routed.route;
                           page.milliseconds = ran.routed.milliseconds;
                           page.statement = ran.routed.statement;
                           page.explain = ran.built.explain;
                           page.plan = ran.built.plan;
                           page.expectedRows = ran.built.expectedRows;
                           if (first)
                               note(hotset::usageOf(filter, catalog, m_tenant), page.milliseconds,
                                    static_cast<qint64>(page.rows.size()), page.route.node);
                           done(std::move(page));
                       });
}

quint64 Browser::count(const filter::Expression& filter, const AttributeCatalog& catalog,
                       std::chrono::milliseconds budget, QObject* receiver, Handler<Count> done,
                       routing::Intent intent, Noted noted)
{
    PageRequest request;
    request.tenant = m_tenant;
    request.filter = filter;
    const double estimate = expected(filter, catalog);
    return runFiltered(
        request, catalog, &countStatement, budget, receiver, intent,
        [this, done, estimate, budget, filter, catalog, noted](std::variant<Ran, Problem> outcome) {
            Count count;
            if (const auto* problem = std::get_if<Problem>(&outcome)) {
                if (!problem->error || problem->error->kind != db::ErrorKind::Deadline) {
                    done(*problem);
                    return;
                }
                count.entities = qRound64(estimate);
                count.milliseconds = static_cast<double>(budget.count());
                // What takes too long counts most.
                if (noted == Noted::Yes)
                    note(hotset::usageOf(filter, catalog, m_tenant), count.milliseconds, std::nullopt,
                         problem->error->endpoint);
                done(count);
                return;
            }
            const Ran& ran = std::get<Ran>(outcome);
            count.entities = ran.routed.rows.integer(0, 0).value_or(0);
            count.exact = true;
            count.milliseconds = ran.routed.milliseconds;
            count.route = ran.routed.route;
            if (noted == Noted::Yes)
                note(hotset::usageOf(filter, catalog, m_tenant), count.milliseconds, count.entities,
                     count.route.node);
            done(count);
        });
}

quint64 Browser::top(const filter::Expression& filter, const AttributeCatalog& catalog,
                     const Attribute& attribute, int most, std::chrono::milliseconds budget,
                     QObject* receiver, Handler<TopValues> done, routing::Intent intent)
{
    PageRequest request;
    request.tenant = m_tenant;
    request.filter = filter;
    request.sort = filter::Sort{filter::Subject::ofAttribute(attribute.name), false};
    request.limit = most;
    return runFiltered(request, catalog, &topStatement, budget, receiver, intent,
                       [done, type = attribute.type](std::variant<Ran, Problem> outcome) {
                           if (const auto* problem = std::get_if<Problem>(&outcome)) {
                               done(*problem);
                               return;
                           }
                           const Ran& ran = std::get<Ran>(outcome);
                           const db::ResultSet& rows = ran.routed.rows;
                           TopValues top;
                           for (int row = 0; row < rows.rowCount(); ++row)
                               top.values.push_back({displayValue(type, rows.string(row, 0)),
                                                     rows.integer(row, 1).value_or(0)});
                           top.route = ran.routed.route;
                           top.milliseconds = ran.routed.milliseconds;
                           done(std::move(top));
                       });
}

quint64 Browser::histogram(const filter::Expression& filter, const AttributeCatalog& catalog,
                           const Attribute& attribute, int most, std::chrono::milliseconds budget,
                           QObject* receiver, Handler<ValueBins> done, routing::Intent intent)
{
    const auto look = std::make_shared<Look>();
    look->request.tenant = m_tenant;
    look->request.filter = filter;
    look->request.sort = filter::Sort{filter::Subject::ofAttribute(attribute.name), false};
    look->request.limit = most;
    look->type = attribute.type;
    look->done = std::move(done);
    look->again = [this, catalog, budget, receiver, intent](const std::shared_ptr<Look>& next) {
        start(next->ticket, next->request, catalog, &histogramStatement, budget, receiver, intent,
              [this, next](std::variant<Ran, Problem> outcome) { takeBins(next, std::move(outcome)); });
    };
    look->ticket =
        runFiltered(look->request, catalog, &histogramStatement, budget, receiver, intent,
                    [this, look](std::variant<Ran, Problem> outcome) { takeBins(look, std::move(outcome)); });
    return look->ticket;
}

void Browser::takeBins(const std::shared_ptr<Look>& look, std::variant<Ran, Problem> outcome)
{
    // Of these nearly all should be told apart: a histogram of so many columns is worth looking at.
    constexpr std::size_t fewest = 24;
    constexpr int mostLooks = 3;
    if (const auto* problem = std::get_if<Problem>(&outcome)) {
        look->done(*problem);
        return;
    }
    const Ran& ran = std::get<Ran>(outcome);
    ValueBins& spread = look->spread;
    std::vector<filter::Bin> bins =
        filter::binsOf(ran.routed.rows, static_cast<int>(look->request.limit.value_or(1)));
    if (look->looks > 0 && bins.size() < 2) {
        // Nearly all have the same value: what is seen from afar says more.
        look->done(look->before);
        return;
    }
    spread.bins = std::move(bins);
    spread.route = ran.routed.route;
    spread.milliseconds += ran.routed.milliseconds;
    const auto [first, last] = filter::innerBins(spread.bins);
    // With fewer bins than that to begin with, all of them hold something or nothing is gained.
    if (last - first + 1 >= std::min(fewest, spread.bins.size() / 2) || ++look->looks > mostLooks) {
        look->done(spread);
        return;
    }
    look->before = spread;
    for (std::size_t i = 0; i < spread.bins.size(); ++i)
        spread.outside += i < first || i > last ? spread.bins[i].entities : 0;
    look->request.filter = within(look->request.filter, look->request.sort->subject, look->type,
                                  spread.bins[first].from, spread.bins[last].to);
    look->again(look);
}

double Browser::expected(const filter::Expression& filter, const AttributeCatalog& catalog)
{
    const filter::StatsEstimator estimator(catalog);
    return filter::estimate(filter, estimator).entities;
}

QStringList Browser::attributesOf(const filter::Expression& filter)
{
    return filter.attributes();
}

quint64 Browser::readRows(const db::Statement& statement, QObject* receiver,
                          std::function<void(std::variant<routing::Routed, Problem>)> done)
{
    const quint64 ticket = ++m_next;
    m_running.insert(
        ticket,
        m_reader->read(
            routing::Intent::Operational,
            [statement = about(m_tenant, statement)](const QString&, EndpointRole) { return statement; },
            receiver,
            [this, self = QPointer(this), ticket, done](db::Result<routing::Routed> result) {
                if (!self)
                    return;
                m_running.remove(ticket);
                if (result)
                    done(std::move(result).value());
                else
                    done(problemOf(result.error()));
            }));
    return ticket;
}

quint64 Browser::asset(qint64 entityId, const AttributeCatalog& catalog, QObject* receiver,
                       Handler<Asset> done)
{
    return readRows(
        assetSql({db::param(m_tenant), db::param(entityId)}), receiver,
        [done, entityId, catalog](std::variant<routing::Routed, Problem> outcome) {
            if (const auto* problem = std::get_if<Problem>(&outcome)) {
                done(*problem);
                return;
            }
            const routing::Routed& routed = std::get<routing::Routed>(outcome);
            const db::ResultSet& rows = routed.rows;
            if (rows.rowCount() == 0) {
                done(Problem{
                    QStringLiteral("This asset is not there (any more), or not open to you."), -1, {}});
                return;
            }
            Asset asset;
            asset.entityId = entityId;
            asset.externalId = rows.string(0, 0);
            asset.name = rows.string(0, 1);
            asset.type = rows.string(0, 2);
            asset.createdAt = timeOf(rows, 0, 3);
            asset.route = routed.route;
            for (int row = 0; row < rows.rowCount(); ++row) {
                if (rows.isNull(row, 4))
                    continue;
                AssetValue value;
                value.attributeId = static_cast<int>(rows.integer(row, 4).value_or(0));
                const Attribute* attribute = catalog.findId(value.attributeId);
                value.value =
                    displayValue(attribute ? attribute->type : ValueType::String, rows.string(row, 5));
                value.observedAt = timeOf(rows, row, 6);
                asset.values.push_back(std::move(value));
            }
            done(std::move(asset));
        });
}

quint64 Browser::history(qint64 entityId, int attributeId, ValueType type, const QDateTime& since,
                         QObject* receiver, Handler<History> done)
{
    const bool numbers = type == ValueType::Number || type == ValueType::Boolean;
    QList<db::Param> params{db::param(m_tenant), db::param(entityId), db::param(attributeId),
                            db::param(static_cast<double>(since.toMSecsSinceEpoch()) / 1000.0)};
    if (numbers) {
        const double seconds = static_cast<double>(since.msecsTo(QDateTime::currentDateTimeUtc())) / 1000.0;
        params.append(db::param(std::max(seconds, 1.0) / historySlices));
    }
    return readRows(numbers ? slicesSql(params) : historySql(params), receiver,
                    [done, type, numbers](std::variant<routing::Routed, Problem> outcome) {
                        if (const auto* problem = std::get_if<Problem>(&outcome)) {
                            done(*problem);
                            return;
                        }
                        const db::ResultSet& rows = std::get<routing::Routed>(outcome).rows;
                        done(numbers ? History{slicePoints(rows), false} : changesOf(rows, type));
                    });
}

quint64 Browser::find(const QString& externalId, QObject* receiver, Handler<qint64> done)
{
    return readRows(findSql({db::param(m_tenant), db::param(externalId)}), receiver,
                    [done](std::variant<routing::Routed, Problem> outcome) {
                        if (const auto* problem = std::get_if<Problem>(&outcome)) {
                            done(*problem);
                            return;
                        }
                        const db::ResultSet& rows = std::get<routing::Routed>(outcome).rows;
                        done(rows.rowCount() > 0 ? rows.integer(0, 0).value_or(0) : qint64(0));
                    });
}

quint64 Browser::suggest(int attributeId, ValueType type, const QString& prefix, QObject* receiver,
                         Handler<std::vector<AttributeDetail::Top>> done)
{
    const char32_t last = 0x10ffff; // after every text that begins with the prefix
    db::Statement statement = suggestSql({db::param(m_tenant), db::param(attributeId), db::param(prefix),
                                          db::param(prefix + QString::fromUcs4(&last, 1))},
                                         std::chrono::milliseconds(800));
    return readRows(statement, receiver, [done, type](std::variant<routing::Routed, Problem> outcome) {
        if (const auto* problem = std::get_if<Problem>(&outcome)) {
            done(*problem);
            return;
        }
        const db::ResultSet& rows = std::get<routing::Routed>(outcome).rows;
        std::vector<AttributeDetail::Top> values;
        for (int row = 0; row < rows.rowCount(); ++row)
            values.push_back({displayValue(type, rows.string(row, 0)), rows.integer(row, 1).value_or(0)});
        done(std::move(values));
    });
}

void Browser::cancel(quint64 ticket)
{
    if (const quint64 reading = m_running.take(ticket))
        m_reader->cancel(reading);
}

} // namespace atlas::browse
