// SPDX-License-Identifier: GPL-3.0-or-later
// What the server and the way to it cost: filters as an analyst under row security, rows fetched.
#include <QDateTime>
#include <QElapsedTimer>
#include <QSqlDatabase>
#include <QSqlError>
#include <QSqlQuery>
#include <QThread>

#include <cstdio>
#include <libpq-fe.h>

#include "model/browse/browse.h"
#include "model/filter/parser.h"
#include "tests/bench/bench.h"

namespace atlas::bench {

using test::sql;

namespace {

const QString fleet = QStringLiteral("Northwind Fleet");

QList<Figure> runFilter(Context& context)
{
    const int tenant = context.tenant(fleet);
    auto analyst = context.platform().open(QStringLiteral("primary"), QStringLiteral("analyst"), true);
    const auto parsed =
        filter::parse(u"status = \"active\" and region = \"eu-west\" and engine.coolant_temp > 90");
    const AttributeCatalog catalog = AttributeCatalog::fromRows(
        need(analyst->exec(AttributeCatalog::namedStatement(tenant, parsed.expression.attributes()))));
    browse::PageRequest request;
    request.tenant = tenant;
    request.filter = parsed.expression;
    const db::Statement count = browse::countStatement(request, catalog).statement;

    // The form that people write by hand: one scan with OR, grouped by entity.
    const db::Statement naive =
        sql(R"(
        select count(*) from (
            select v.entity_id from atlas.attribute_values v
             where v.tenant_id = $1::int
               and (v.attribute_id = $2::int and v.value_text = 'active' or v.attribute_id = $3::int and v.value_text = 'eu-west'
                    or v.attribute_id = $4::int and v.value_num > 90)
             group by v.entity_id having count(*) = 3) s)",
            {db::param(tenant), db::param(catalog.findName(QStringLiteral("status"))->id),
             db::param(catalog.findName(QStringLiteral("region"))->id),
             db::param(catalog.findName(QStringLiteral("engine.coolant_temp"))->id)});
    qint64 ours = -1;
    qint64 theirs = -1;
    const double compiled =
        median(timed(9, [&] { ours = need(analyst->exec(count)).integer(0, 0).value_or(-1); }));
    const double grouped =
        median(timed(5, [&] { theirs = need(analyst->exec(naive)).integer(0, 0).value_or(-1); }));
    if (ours != theirs) {
        std::fprintf(stderr, "the two forms count %lld and %lld: one is wrong\n",
                     static_cast<long long>(ours), static_cast<long long>(theirs));
        return {};
    }
    return {
        {QStringLiteral("filter.three_clauses.count"), compiled, QStringLiteral("ms"),
         QStringLiteral(
             "one scan with OR, GROUP BY entity HAVING count(*) = 3, the same login and data (%L1 assets)")
             .arg(ours),
         grouped, QStringLiteral("ratio ≤ 0.5"), compiled <= 0.5 * grouped}};
}

/// QPSQL on the same server with the same settings; what is wrong in `problem`.
QSqlDatabase openQtDriver(const db::Endpoint& endpoint, QString* problem)
{
    QSqlDatabase database = QSqlDatabase::addDatabase(QStringLiteral("QPSQL"), QStringLiteral("bench"));
    if (!database.isValid()) {
        *problem = QStringLiteral("there is no QPSQL driver (libqt6sql6-psql)");
        return database;
    }
    QStringList options;
    for (auto it = endpoint.info.options().cbegin(); it != endpoint.info.options().cend(); ++it) {
        if (it.key() == QLatin1String("host"))
            database.setHostName(it.value());
        else if (it.key() == QLatin1String("port"))
            database.setPort(it.value().toInt());
        else if (it.key() == QLatin1String("dbname"))
            database.setDatabaseName(it.value());
        else if (it.key() == QLatin1String("user"))
            database.setUserName(it.value());
        else
            options.append(it.key() + QLatin1Char('=') + it.value());
    }
    database.setConnectOptions(options.join(QLatin1Char(';')));
    if (!database.open())
        *problem = database.lastError().text().simplified();
    return database;
}

/// Rows as values of their types, as a program uses them: that is all that QPSQL gives.
Figure fetchTyped(const QByteArray& text, int rows, db::BlockingSession& session,
                  const db::Endpoint& endpoint)
{
    Figure figure{QStringLiteral("fetch.typed_rows"),
                  0,
                  QStringLiteral("rows/s"),
                  QStringLiteral("QPSQL, forward only, 100,000 rows × 10 columns, each value in its type"),
                  std::nullopt,
                  QStringLiteral("ratio > 1"),
                  false};
    double ourSum = 0;
    double theirSum = 0;
    const auto ours = [&] {
        ourSum = 0;
        need(session.stream(sql(text), 1000, [&ourSum](const db::ResultSet& batch) {
            for (int row = 0; row < batch.rowCount(); ++row) {
                for (const int column : {0, 1, 3})
                    ourSum += static_cast<double>(batch.integer(row, column).value_or(0));
                for (const int column : {2, 4, 7, 8})
                    ourSum += static_cast<double>(batch.string(row, column).size());
                ourSum += batch.real(row, 5).value_or(0) + batch.boolean(row, 6);
                ourSum +=
                    static_cast<double>(QDateTime::fromString(batch.string(row, 9), Qt::ISODate).isValid());
            }
        }));
    };
    {
        QString problem;
        QSqlDatabase database = openQtDriver(endpoint, &problem);
        const auto theirs = [&] {
            theirSum = 0;
            QSqlQuery query(database);
            query.setForwardOnly(true);
            if (!query.exec(QString::fromUtf8(text)))
                problem = query.lastError().text().simplified();
            while (query.next()) {
                for (const int column : {0, 1, 3})
                    theirSum += static_cast<double>(query.value(column).toLongLong());
                for (const int column : {2, 4, 7, 8})
                    theirSum += static_cast<double>(query.value(column).toString().size());
                theirSum += query.value(5).toDouble() + query.value(6).toBool();
                theirSum += static_cast<double>(query.value(9).toDateTime().isValid());
            }
        };
        if (problem.isEmpty()) {
            const auto [ourTimes, theirTimes] = alternated(5, ours, theirs);
            figure.value = rows / median(ourTimes) * 1000;
            figure.againstValue = rows / median(theirTimes) * 1000;
        }
        if (problem.isEmpty() && ourSum != theirSum)
            problem = QStringLiteral("the two do not read the same");
        if (problem.isEmpty())
            figure.holds = figure.value > *figure.againstValue;
        else
            figure.against += QStringLiteral(": not measured, ") + problem;
    }
    QSqlDatabase::removeDatabase(QStringLiteral("bench"));
    return figure;
}

QList<Figure> runFetch(Context& context)
{
    constexpr int rows = 100'000;
    const QByteArray text = "select i, i * 2, 'name ' || i, i % 7, 'some text', i * 1.5, i % 2 = 0, 'x', 'y' "
                            "|| i, timestamptz '2026-01-02 03:04:05.678901Z' from generate_series(1, " +
                            QByteArray::number(rows) + ") i";
    auto session = context.platform().open(QStringLiteral("primary"), QStringLiteral("analyst"), true);
    qint64 bytes = 0;
    const auto ours = [&] {
        bytes = 0;
        need(session->stream(sql(text), 1000, [&bytes](const db::ResultSet& batch) {
            for (int row = 0; row < batch.rowCount(); ++row)
                for (int column = 0; column < 10; ++column)
                    bytes += batch.bytes(row, column).size();
        }));
    };
    // libpq by itself in the same mode, over an equally encrypted connection.
    const db::Endpoint endpoint =
        context.platform().cluster().endpoint(QStringLiteral("primary"), QStringLiteral("analyst"));
    std::vector<QByteArray> keywords;
    std::vector<QByteArray> values;
    for (auto it = endpoint.info.options().cbegin(); it != endpoint.info.options().cend(); ++it) {
        keywords.push_back(it.key().toUtf8());
        values.push_back(it.value().toUtf8());
    }
    std::vector<const char*> keywordPointers;
    std::vector<const char*> valuePointers;
    for (std::size_t i = 0; i < keywords.size(); ++i) {
        keywordPointers.push_back(keywords[i].constData());
        valuePointers.push_back(values[i].constData());
    }
    keywordPointers.push_back(nullptr);
    valuePointers.push_back(nullptr);
    PGconn* raw = PQconnectdbParams(keywordPointers.data(), valuePointers.data(), 0);
    if (PQstatus(raw) != CONNECTION_OK) {
        PQfinish(raw);
        return {};
    }
    qint64 rawBytes = 0;
    const auto theirs = [&] {
        rawBytes = 0;
        PQsendQuery(raw, text.constData());
        PQsetSingleRowMode(raw);
        while (PGresult* result = PQgetResult(raw)) {
            for (int row = 0; row < PQntuples(result); ++row)
                for (int column = 0; column < 10; ++column)
                    rawBytes += PQgetlength(result, row, column);
            PQclear(result);
        }
    };
    const auto [ourTimes, theirTimes] = alternated(5, ours, theirs);
    const double rate = rows / median(ourTimes) * 1000;
    const double rawRate = rows / median(theirTimes) * 1000;
    const bool same = bytes == rawBytes;
    // A small statement: what the threads cost that every answer passes through.
    constexpr int small = 2000;
    const auto each = [](const std::vector<double>& times) { return median(times) * 1000 / small; };
    const double trip = each(timed(5, [&] {
        for (int i = 0; i < small; ++i)
            need(session->exec(sql("select 1")));
    }));
    const double rawTrip = each(timed(5, [&] {
        for (int i = 0; i < small; ++i)
            PQclear(PQexecParams(raw, "select 1", 0, nullptr, nullptr, nullptr, nullptr, 0));
    }));
    PQfinish(raw);
    if (!same)
        return {};
    return {{QStringLiteral("fetch.small_statement"), trip, QStringLiteral("us"),
             QStringLiteral("PQexecParams, one after the other, the same connection settings"), rawTrip,
             QStringLiteral("ratio ≤ 3"), trip <= 3 * rawTrip},
            {QStringLiteral("fetch.rows"), rate, QStringLiteral("rows/s"),
             QStringLiteral("a raw libpq loop, 100,000 rows × 10 columns"), rawRate,
             QStringLiteral("ratio ≥ 0.8"), rate >= 0.8 * rawRate},
            fetchTyped(text, rows, *session, endpoint)};
}

} // namespace

Benchmark filterBenchmark()
{
    return {"filter", "a three-clause filter against the form written by hand", true, runFilter};
}

Benchmark fetchBenchmark()
{
    return {"fetch", "rows through the db layer against libpq and against QPSQL", true, runFetch};
}

} // namespace atlas::bench
