// SPDX-License-Identifier: GPL-3.0-or-later
#include <QElapsedTimer>
#include <QEventLoop>
#include <QFile>
#include <QRegularExpression>
#include <QTimer>

#include <chrono>
#include <cmath>
#include <cstdio>

#include "cli/command.h"
#include "model/browse/browse.h"
#include "model/export/rowwriter.h"
#include "model/filter/compiler.h"
#include "model/filter/parser.h"
#include "model/filter/validate.h"
#include "model/hotset/usage.h"
#include "model/lag/monitor.h"
#include "model/sessionwatch.h"

namespace atlas::cli {

namespace {

/// Commas separate; a name with a comma stands in backquotes.
QStringList columnNames(const QStringList& values)
{
    QStringList names;
    for (const QString& value : values) {
        QString current;
        bool quoted = false;
        for (qsizetype i = 0; i < value.size(); ++i) {
            const QChar c = value.at(i);
            if (c == QLatin1Char('`')) {
                if (quoted && i + 1 < value.size() && value.at(i + 1) == c) {
                    current += c;
                    ++i;
                } else {
                    quoted = !quoted;
                }
            } else if (c == QLatin1Char(',') && !quoted) {
                names.append(current);
                current.clear();
            } else {
                current += c;
            }
        }
        names.append(current);
    }
    names.removeAll(QString());
    names.removeDuplicates();
    return names;
}

/// NAME, NAME:asc or NAME:desc, where NAME is written as in the language: in backquotes where it has a colon.
std::optional<filter::Sort> sortFrom(QString text)
{
    filter::Sort sort;
    if (text.endsWith(QStringLiteral(":desc"))) {
        sort.descending = true;
        text.chop(5);
    } else if (text.endsWith(QStringLiteral(":asc"))) {
        text.chop(4);
    }
    if (!text.startsWith(QLatin1Char('`')) && text.contains(QLatin1Char(':')))
        return std::nullopt;
    // The language itself says what a name is.
    const filter::ParseResult parsed = filter::parse(QStringLiteral("exists(%1)").arg(text));
    if (!parsed.ok() || parsed.expression.root().children.size() != 1 ||
        !parsed.expression.root().children.constFirst().isClause())
        return std::nullopt;
    sort.subject = parsed.expression.root().children.constFirst().clause().subject;
    return sort;
}

/// The line of the text with a mark under what is wrong.
void sayPosition(const QString& text, qsizetype position, qsizetype length)
{
    const qsizetype begin = position > 0 ? text.lastIndexOf(QLatin1Char('\n'), position - 1) + 1 : 0;
    qsizetype end = text.indexOf(QLatin1Char('\n'), position);
    if (end < 0)
        end = text.size();
    const qsizetype from = std::max(begin, position - 60);
    say(QStringLiteral("  ") + text.mid(from, std::min<qsizetype>(end - from, 100)));
    say(QString(2 + position - from, QLatin1Char(' ')) +
        QString(std::max<qsizetype>(1, length), QLatin1Char('^')));
}

/// One look at every node, to know where the query may go.
bool look(lag::Monitor& monitor)
{
    QEventLoop loop;
    QObject::connect(&monitor, &lag::Monitor::sampled, &loop, &QEventLoop::quit);
    QTimer signalTimer;
    QObject::connect(&signalTimer, &QTimer::timeout, &loop, [&loop] {
        if (interrupted())
            loop.quit();
    });
    signalTimer.start(std::chrono::milliseconds(50));
    monitor.probeNow();
    loop.exec();
    return monitor.hasSampled();
}

struct Call
{
    QString tenantName;
    QString text;
    filter::ParseResult parsed;
    QStringList columns;
    exporting::RowFormat format = exporting::RowFormat::Table;
    std::optional<filter::Sort> sort;
    std::optional<qint64> limit;
    bool count = false;
    bool top = false;       ///< the values of the sort, not the rows
    bool histogram = false; ///< how they are spread
    bool explain = false;
    bool analyze = false;                            ///< with explain: every source counted too
    std::optional<std::chrono::milliseconds> budget; ///< of the count
};

/// Runs it on one node. Nothing has been written when it returns an error that another node may not have.
struct Attempt
{
    int status = Ok; ///< with an error: Ok leaves it to exitStatusFor()
    std::optional<db::DbError> error;
    bool wrote = false;
    qint64 rows = 0;                    ///< written
    std::optional<hotset::Usage> usage; ///< to be noted
};

/// For the advice on the hot set, once all is written and said. Whatever comes of it, the filter has run: no
/// error is told, and nobody waits for more than two seconds.
void note(Connection& connection, const hotset::Usage& usage)
{
    const QString endpoint = hotset::usageEndpoint(connection.client());
    if (endpoint.isEmpty() || interrupted())
        return;
    auto session = db::BlockingSession::open(connection.client(), endpoint, std::chrono::seconds(1));
    if (!session)
        return;
    (*session)->setWatch(&interrupted);
    db::Statement statement = hotset::usageStatement(usage);
    statement.deadline = std::chrono::seconds(1);
    (void)(*session)->exec(statement);
}

/// Ends what runs on a node after Ctrl+C, or when the node has stopped: no batch comes by to notice it.
class NodeWatch
{
public:
    NodeWatch(Connection& connection, const QString& node, db::BlockingSession& session)
        : m_watch(session,
                  [&client = connection.client(), endpoint = connection.endpoint(node, Purpose::Analyst)] {
                      return interrupted() || isOut(client, endpoint);
                  })
    {
    }
    /// The error as it is: what was cancelled because of the node is the node's failure, and another may do.
    db::DbError cause(db::DbError error) const
    {
        if (error.kind == db::ErrorKind::Cancelled && m_watch.hasCancelled() && !interrupted()) {
            error.kind = db::ErrorKind::ConnectionLost;
            error.message = QStringLiteral("the server has stopped answering");
        }
        return error;
    }

private:
    SessionWatch m_watch;
};

constexpr std::chrono::milliseconds sourceBudget(2'000);

/// The end of a bin: a number, or a time to the second.
QByteArray edge(ValueType type, double value)
{
    if (type == ValueType::Timestamp)
        return QDateTime::fromMSecsSinceEpoch(qRound64(value / 1000), Qt::UTC)
            .toString(Qt::ISODate)
            .toLatin1();
    return QByteArray::number(value, 'g', 10);
}

/// Counts every source by itself, each in its own time. Afterwards: the data may have moved on since.
void countSources(db::BlockingSession& session, const browse::PageRequest& request,
                  const AttributeCatalog& catalog, filter::Explain& plan)
{
    for (filter::Explain::Source& source : plan.sources) {
        if (!source.filter || interrupted())
            continue;
        browse::PageRequest apart = request;
        apart.filter = *source.filter;
        apart.useHot = false; // what was hot may not be any more; a count does not depend on it
        browse::PageStatement counted = browse::countStatement(apart, catalog);
        if (counted.problem)
            continue;
        counted.statement.deadline = sourceBudget;
        const auto rows = session.exec(counted.statement);
        if (rows)
            source.actual = rows->integer(0, 0);
        else if (rows.error().kind == db::ErrorKind::Deadline)
            source.actual = -1;
        else
            return; // the node has gone, or Ctrl+C: what is known so far is said
    }
}

/// What an estimate may be wrong by.
QString between(const filter::Bounds& bounds)
{
    return QStringLiteral(" (%L1 to %L2)")
        .arg(static_cast<qint64>(std::floor(bounds.low)))
        .arg(static_cast<qint64>(std::ceil(bounds.high)));
}

/// "500ms", "2 s", "1min"; nullopt otherwise, and for what is not above zero.
std::optional<std::chrono::milliseconds> budgetFrom(const QString& text)
{
    static const QRegularExpression form(QStringLiteral("^\\s*(\\d{1,7})\\s*(ms|s|min)\\s*$"));
    const auto match = form.match(text);
    if (!match.hasMatch())
        return std::nullopt;
    const QString unit = match.captured(2);
    const std::chrono::milliseconds budget(match.captured(1).toLongLong() * (unit == u"ms"  ? 1
                                                                             : unit == u"s" ? 1'000
                                                                                            : 60'000));
    // What a statement's deadline can be.
    if (budget.count() < 1 || budget > std::chrono::hours(24))
        return std::nullopt;
    return budget;
}

Attempt runOn(Connection& connection, const routing::Route& route, const Call& call, bool useHot)
{
    Attempt attempt;
    auto opened =
        db::BlockingSession::open(connection.client(), connection.endpoint(route.node, Purpose::Analyst));
    if (!opened) {
        attempt.error = opened.error();
        attempt.status = exitStatusForOpening(opened.error());
        return attempt;
    }
    db::BlockingSession& session = **opened;
    const NodeWatch watch(connection, route.node, session);
    const auto found = findTenant(session, call.tenantName);
    if (!found) {
        attempt.error = watch.cause(found.error());
        return attempt;
    }
    if (!*found) {
        attempt.status = Failed;
        return attempt;
    }
    const int tenant = **found;

    // The catalogue is the primary's; the warehouse has a copy without statistics.
    QStringList names = call.parsed.expression.attributes();
    names += call.columns;
    if (call.sort && call.sort->subject.isAttribute())
        names += call.sort->subject.attribute;
    names.removeDuplicates();
    const QString catalogNode =
        route.role == db::EndpointRole::Warehouse ? QStringLiteral("primary") : route.node;
    std::unique_ptr<db::BlockingSession> catalogSession;
    std::optional<NodeWatch> catalogWatch;
    db::BlockingSession* catalogFrom = &session;
    if (route.role == db::EndpointRole::Warehouse) {
        auto other = db::BlockingSession::open(connection.client(),
                                               connection.endpoint(catalogNode, Purpose::Analyst));
        if (!other) {
            attempt.error = other.error();
            attempt.status = exitStatusForOpening(other.error());
            return attempt;
        }
        catalogSession = std::move(other).value();
        catalogFrom = catalogSession.get();
        catalogWatch.emplace(connection, catalogNode, *catalogSession);
    }
    const auto rows = catalogFrom->exec(AttributeCatalog::namedStatement(tenant, names));
    if (!rows) {
        attempt.error = (catalogWatch ? *catalogWatch : watch).cause(rows.error());
        return attempt;
    }
    AttributeCatalog catalog = AttributeCatalog::fromRows(*rows);
    const auto problems = filter::validate(call.parsed, catalog);
    const auto unknownColumn =
        std::find_if(call.columns.cbegin(), call.columns.cend(),
                     [&catalog](const QString& name) { return !catalog.findName(name); });
    if (!problems.isEmpty() || unknownColumn != call.columns.cend()) {
        // Suggestions need every name.
        const auto all = catalogFrom->exec(AttributeCatalog::listStatement(tenant));
        const AttributeCatalog whole = all ? AttributeCatalog::fromRows(*all) : catalog;
        for (const filter::Problem& problem : filter::validate(call.parsed, whole)) {
            fail(problem.message);
            if (problem.position >= 0)
                sayPosition(call.text, problem.position, problem.length);
        }
        if (unknownColumn != call.columns.cend()) {
            const QStringList similar = filter::similarNames(*unknownColumn, whole.names(), 3);
            fail(QStringLiteral("no attribute \"%1\" for a column%2")
                     .arg(*unknownColumn, similar.isEmpty() ? QString()
                                                            : QStringLiteral("; there is ") +
                                                                  similar.join(QStringLiteral(", "))));
        }
        attempt.status = Usage;
        return attempt;
    }

    browse::PageRequest request;
    request.tenant = tenant;
    request.filter = call.parsed.expression;
    for (const QString& name : call.columns)
        request.columns.append(catalog.findName(name)->id);
    request.sort = call.sort;
    request.limit = call.limit;
    request.role = route.role;
    request.realRedshift = browse::isRedshift(connection.client(), route.node);
    request.useHot = useHot;
    request.longestValue = call.format == exporting::RowFormat::Table ? 1024 : 0;
    browse::PageStatement built = call.top         ? browse::topStatement(request, catalog)
                                  : call.histogram ? browse::histogramStatement(request, catalog)
                                  : call.count     ? browse::countStatement(request, catalog)
                                                   : browse::pageStatement(request, catalog);
    if (built.problem) {
        fail(built.problem->message);
        attempt.status = Failed;
        return attempt;
    }
    built.statement.deadline = std::chrono::hours(1);

    QElapsedTimer timer;
    timer.start();
    qint64 count = 0;
    bool uncounted = false;
    double firstRows = -1; // until a page was there: what comes after it waits for whoever reads
    QFile out;
    if (!out.open(stdout, QIODevice::WriteOnly)) {
        fail(QStringLiteral("cannot write: ") + out.errorString());
        attempt.status = Failed;
        return attempt;
    }
    if (call.count) {
        if (call.budget)
            built.statement.deadline = *call.budget;
        const auto result = session.exec(built.statement);
        // The server ends it by itself: the deadline is its statement_timeout too.
        uncounted =
            !result && call.budget && result.error().kind == db::ErrorKind::Deadline && !interrupted();
        if (!result && !uncounted) {
            attempt.error = watch.cause(result.error());
            return attempt;
        }
        count = uncounted ? qRound64(built.expectedRows) : result->integer(0, 0).value_or(0);
        attempt.wrote = true;
        const QByteArray line = (uncounted ? "about " : "") + QByteArray::number(count) + '\n';
        if (out.write(line) != line.size() || !out.flush()) {
            fail(QStringLiteral("cannot write: ") + out.errorString());
            attempt.status = Failed;
            return attempt;
        }
    } else if (call.top || call.histogram) {
        if (call.budget)
            built.statement.deadline = *call.budget;
        const auto result = session.exec(built.statement);
        if (!result && call.budget && result.error().kind == db::ErrorKind::Deadline && !interrupted()) {
            fail(QStringLiteral("not counted within %L1 ms: about %L2 assets match")
                     .arg(call.budget->count())
                     .arg(qRound64(built.expectedRows)));
            attempt.status = Failed;
            return attempt;
        }
        if (!result) {
            attempt.error = watch.cause(result.error());
            return attempt;
        }
        const auto attribute = catalog.find(call.sort->subject.attribute);
        const ValueType type = attribute ? attribute->type : ValueType::String;
        QByteArray lines = call.top ? "entities,value\n" : "from,to,entities\n";
        if (call.histogram) {
            for (const filter::Bin& bin : filter::binsOf(*result, static_cast<int>(call.limit.value_or(20))))
                lines += edge(type, bin.from) + ',' + edge(type, bin.to) + ',' +
                         QByteArray::number(bin.entities) + '\n';
        }
        for (int row = 0; call.top && row < result->rowCount(); ++row)
            lines += QByteArray::number(result->integer(row, 1).value_or(0)) + ',' +
                     exporting::csvField(displayValue(type, result->string(row, 0))) + '\n';
        count = result->rowCount();
        attempt.wrote = true;
        if (out.write(lines) != lines.size() || !out.flush()) {
            fail(QStringLiteral("cannot write: ") + out.errorString());
            attempt.status = Failed;
            return attempt;
        }
    } else {
        exporting::RowWriter writer(call.format, &out, exporting::rowColumns(request.columns, catalog));
        bool begun = false;
        bool writable = true;
        const auto streamed = session.stream(built.statement, 1000, [&](const db::ResultSet& batch) {
            if (!begun) {
                firstRows = static_cast<double>(timer.nsecsElapsed()) / 1e6;
                writable = writer.begin();
            }
            begun = true;
            attempt.wrote = true;
            for (const browse::Row& row : browse::rowsOf(batch, request.columns, catalog)) {
                if (writable)
                    writable = writer.write(row);
            }
            if (!writable || interrupted())
                session.cancel();
        });
        if (streamed) {
            if (!begun)
                writable = writer.begin();
            writable = writable && writer.finish();
        }
        count = writer.rows();
        // The writer knows only what the buffer refused.
        const bool flushed = out.flush();
        if (interrupted()) {
            fail(QStringLiteral("interrupted after %1 rows").arg(count));
            attempt.status = Interrupted;
            return attempt;
        }
        if (!writable || !flushed) {
            fail(QStringLiteral("cannot write: ") + (writable ? out.errorString() : writer.error()));
            attempt.status = Failed;
            return attempt;
        }
        if (!streamed) {
            attempt.error = watch.cause(streamed.error());
            attempt.rows = count;
            return attempt;
        }
    }
    const double milliseconds = static_cast<double>(timer.nsecsElapsed()) / 1e6;
    // The warehouse has no hot set.
    if (!call.top && !call.histogram && route.role != db::EndpointRole::Warehouse) {
        attempt.usage = hotset::usageOf(request.filter, catalog, tenant);
        if (attempt.usage) {
            attempt.usage->milliseconds = firstRows < 0 ? milliseconds : firstRows;
            attempt.usage->endpoint = route.node;
            if (!uncounted)
                attempt.usage->rows = count;
        }
    }
    if (call.explain) {
        built.plan.addBounds(request.filter, catalog, QDateTime::currentDateTimeUtc());
        if (call.analyze)
            countSources(session, request, catalog, built.plan);
        say(built.plan.text());
        say(QStringLiteral("expected %L1 assets, %2 %L3")
                .arg(qRound64(built.expectedRows))
                .arg(call.top         ? QStringLiteral("values written:")
                     : call.histogram ? QStringLiteral("bins hold a value:")
                     : uncounted      ? QStringLiteral("estimated")
                     : call.count     ? QStringLiteral("counted")
                                      : QStringLiteral("wrote"))
                .arg(count));
        say(QString::fromUtf8(built.statement.sql));
    }
    if (call.histogram)
        say(QStringLiteral("counted in %1 ms").arg(milliseconds, 0, 'f', 1));
    else if (call.top)
        say(QStringLiteral("%L1 values in %2 ms").arg(count).arg(milliseconds, 0, 'f', 1));
    else if (!call.count)
        say(QStringLiteral("%L1 assets in %2 ms").arg(count).arg(milliseconds, 0, 'f', 1));
    else if (uncounted)
        say(QStringLiteral("about %L1 assets by statistics%2, not counted within %L3 ms")
                .arg(count)
                .arg(built.plan.measured ? between(filter::bounds(request.filter, catalog))
                                         : QStringLiteral(" and partly guessed"))
                .arg(call.budget->count()));
    else
        say(QStringLiteral("counted in %1 ms").arg(milliseconds, 0, 'f', 1));
    say(routing::describe(route));
    say(QStringLiteral("route: %1 (%2)").arg(route.node, route.reason));
    for (const QString& passed : route.passedOver)
        say(QStringLiteral("  not ") + passed);
    return attempt;
}

} // namespace

int runFilter(const QStringList& arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral(
        "Runs a filter. Rows go to stdout; where they came from, how old they may be and how long it took to "
        "stderr.\n"
        "The language is described in docs/filter-language.md; an empty expression matches every asset."));
    Connection::addOptions(parser);
    const QCommandLineOption tenant(QStringLiteral("tenant"), QStringLiteral("Tenant, by name."),
                                    QStringLiteral("name"));
    const QCommandLineOption count(QStringLiteral("count"),
                                   QStringLiteral("Write the exact number of assets only."));
    const QCommandLineOption columns(QStringLiteral("columns"),
                                     QStringLiteral("Attributes to show; names with commas in backquotes."),
                                     QStringLiteral("a,b"));
    const QCommandLineOption format(QStringLiteral("format"),
                                    QStringLiteral("table, csv or jsonl (default: table)."),
                                    QStringLiteral("format"), QStringLiteral("table"));
    const QCommandLineOption sort(
        QStringLiteral("sort"),
        QStringLiteral("Order by an attribute, entity.name, entity.type or entity.id; :desc backwards. "
                       "Assets without it come last. A name with a colon in backquotes."),
        QStringLiteral("attribute[:desc]"));
    const QCommandLineOption limit(QStringLiteral("limit"),
                                   QStringLiteral("At most this many assets (default: all)."),
                                   QStringLiteral("n"));
    const QCommandLineOption intent(
        QStringLiteral("intent"),
        QStringLiteral(
            "What it is for, which decides how fresh it must be: critical, dashboard, operational, "
            "alert, reporting, analytics, historical, compliance (default: operational)."),
        QStringLiteral("intent"), QStringLiteral("operational"));
    const QCommandLineOption explain(QStringLiteral("explain"),
                                     QStringLiteral("Tell how it was compiled and why, on stderr."));
    const QCommandLineOption analyze(
        QStringLiteral("analyze"),
        QStringLiteral("With the explanation, how many assets each condition by itself finds. Counted "
                       "afterwards, two seconds each at most."));
    const QCommandLineOption budget(
        QStringLiteral("budget"),
        QStringLiteral(
            "The time that --count, --top or --histogram may take, as 500ms or 2s. After it the count by "
            "statistics is written, as \"about N\"; the others fail and say it."),
        QStringLiteral("time"));
    const QCommandLineOption top(
        QStringLiteral("top"),
        QStringLiteral("Write the most common values of an attribute within the filter, as CSV; --limit of "
                       "them (default: 20)."),
        QStringLiteral("attribute"));
    const QCommandLineOption histogram(
        QStringLiteral("histogram"),
        QStringLiteral("Write how the values of a number or timestamp are spread within the filter, as CSV; "
                       "--limit bins (default: 20, at most 1,000)."),
        QStringLiteral("attribute"));
    parser.addOptions(
        {tenant, count, budget, top, histogram, columns, format, sort, limit, intent, explain, analyze});
    parser.addPositionalArgument(QStringLiteral("expression"), QStringLiteral("The filter."));
    parse(parser, QStringLiteral("filter"), arguments);

    Call call;
    call.tenantName = parser.value(tenant);
    if (call.tenantName.isEmpty() || parser.positionalArguments().size() != 1) {
        fail(QStringLiteral("say --tenant NAME and one expression (in quotes)"));
        return Usage;
    }
    call.text = parser.positionalArguments().constFirst();
    call.parsed = filter::parse(call.text);
    if (!call.parsed.ok()) {
        const filter::LineColumn place = filter::lineColumn(call.text, call.parsed.error->position);
        fail(QStringLiteral("line %1, column %2: %3")
                 .arg(place.line)
                 .arg(place.column)
                 .arg(call.parsed.error->message));
        sayPosition(call.text, call.parsed.error->position, call.parsed.error->length);
        return Usage;
    }
    call.columns = columnNames(parser.values(columns));
    const auto rowFormat = exporting::rowFormatFromName(parser.value(format));
    if (!rowFormat) {
        fail(QStringLiteral("format is table, csv or jsonl"));
        return Usage;
    }
    call.format = *rowFormat;
    if (parser.isSet(top) || parser.isSet(histogram)) {
        call.top = parser.isSet(top);
        call.histogram = parser.isSet(histogram);
        call.sort = sortFrom(parser.value(call.top ? top : histogram));
        if ((call.top && call.histogram) || parser.isSet(sort) || parser.isSet(count) ||
            parser.isSet(columns) || !call.sort || !call.sort->subject.isAttribute()) {
            fail(QStringLiteral("top and histogram take an attribute, and neither each other nor --count, "
                                "--sort or --columns"));
            return Usage;
        }
        call.sort->descending = false;
    }
    if (parser.isSet(sort)) {
        call.sort = sortFrom(parser.value(sort));
        if (!call.sort) {
            fail(QStringLiteral("sort is an attribute, or an attribute and :desc"));
            return Usage;
        }
    }
    if (parser.isSet(limit)) {
        bool isNumber = false;
        const qint64 most = parser.value(limit).toLongLong(&isNumber);
        if (!isNumber || most < 1 || most > 2'000'000'000) {
            fail(QStringLiteral("limit is a number from 1"));
            return Usage;
        }
        call.limit = most;
    }
    if (call.histogram && call.limit.value_or(1) > 1'000) {
        fail(QStringLiteral("a histogram has 1,000 bins at most"));
        return Usage;
    }
    const auto wantedIntent = routing::intentFromName(parser.value(intent));
    if (!wantedIntent) {
        fail(QStringLiteral("there is no intent \"%1\"").arg(parser.value(intent)));
        return Usage;
    }
    call.count = parser.isSet(count);
    call.analyze = parser.isSet(analyze);
    call.explain = parser.isSet(explain) || call.analyze;
    if (parser.isSet(budget)) {
        call.budget = budgetFrom(parser.value(budget));
        if (!call.budget) {
            fail(QStringLiteral("budget is a time, as 500ms, 2s or 1min"));
            return Usage;
        }
        if (!call.count && !call.top && !call.histogram) {
            fail(QStringLiteral("--budget is the time of --count, --top or --histogram"));
            return Usage;
        }
    }

    auto connection = Connection::fromParser(parser);
    if (!connection)
        return Usage;
    connection->use(Purpose::Operator);
    connection->use(Purpose::Analyst);
    lag::Monitor monitor(&connection->client(), connection->environment());
    if (!look(monitor))
        return Interrupted;

    bool useHot = true;
    std::optional<db::DbError> lastError;
    int lastStatus = Unreachable;
    // Every node once, and once more where an attribute left the hot set meanwhile.
    for (int tries = 0; tries < connection->environment().nodes().size() + 2; ++tries) {
        const routing::Route route = monitor.route(*wantedIntent);
        if (route.node.isEmpty()) {
            if (lastError)
                fail(*lastError);
            else
                fail(route.reason);
            for (const QString& passed : route.passedOver)
                say(QStringLiteral("  ") + passed);
            return lastStatus;
        }
        const Attempt attempt = runOn(*connection, route, call, useHot);
        if (!attempt.error) {
            // A primary that is known to be out is not waited for.
            if (attempt.usage && !monitor.route(routing::Intent::Critical).readOnly)
                note(*connection, *attempt.usage);
            return attempt.status;
        }
        if (interrupted()) {
            fail(QStringLiteral("interrupted"));
            return Interrupted;
        }
        if (useHot && !attempt.wrote && attempt.error->sqlState == QLatin1String(filter::notHotSqlState)) {
            useHot = false;
            continue;
        }
        lastStatus = attempt.status != Ok ? attempt.status : exitStatusFor(*attempt.error);
        if (attempt.wrote || !attempt.error->isTransient()) {
            fail(*attempt.error);
            if (attempt.wrote)
                say(QStringLiteral("  %L1 assets were written by then; the rest is missing")
                        .arg(attempt.rows));
            return lastStatus;
        }
        lastError = attempt.error;
        monitor.reportFailure(route.node, *attempt.error);
    }
    fail(*lastError);
    return lastStatus;
}

} // namespace atlas::cli
