// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/pipeline/history.h"

#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <memory>

#include "model/statements.h"

namespace atlas::pipeline {

namespace {

// Every partition is looked up in its index by committed_at: an import that is resumed keeps the start of its
// first run, however long before the window that was. now() throughout: a condition with clock_timestamp() is
// volatile, can neither be looked up in an index nor leave partitions out.
const RegisteredStatement ledgerSql{"pipeline.ledger", "Committed rows per tenant, from the ledger", R"sql(
select b.tenant_id, t.name, extract(epoch from date_bin(make_interval(secs => $2::float8), b.committed_at, 'epoch'))::float8 as at,
       sum(b.rows)::bigint as rows, extract(epoch from clock_timestamp())::float8 as now
  from atlas.ingest_batches b
  join atlas.tenants t using (tenant_id)
 where b.committed_at >= now() - make_interval(secs => $1::float8)
 group by 1, 2, 3 order by 1, 3)sql"};

const RegisteredStatement samplesSql{"pipeline.rates", "Committed rows per tenant, from the ledger's sums",
                                     R"sql(
select s.tenant_id, t.name, extract(epoch from date_bin(make_interval(secs => $2::float8), s.sampled_at, 'epoch'))::float8 as at,
       sum(s.rows)::bigint as rows, extract(epoch from clock_timestamp())::float8 as now
  from atlas.ingest_rate_samples s
  join atlas.tenants t using (tenant_id)
 where s.sampled_at >= now() - make_interval(secs => $1::float8)
 group by 1, 2, 3 order by 1, 3)sql"};

const RegisteredStatement lagSql{"pipeline.lag", "Lag per stage over time", R"sql(
select stage, node, extract(epoch from date_bin(make_interval(secs => $2::float8), measured_at, 'epoch'))::float8 as at,
       max(lag_seconds) as seconds, extract(epoch from clock_timestamp())::float8 as now
  from atlas.stage_lag_samples
 where measured_at >= now() - make_interval(secs => $1::float8)
 group by 1, 2, 3 order by 1, 2, 3)sql"};

void addRates(History& history, const db::ResultSet& rows, double windowSeconds)
{
    if (rows.rowCount() > 0)
        history.to = std::max(history.to, rows.real(0, 4).value_or(0));
    if (history.to <= 0)
        history.to = static_cast<double>(QDateTime::currentMSecsSinceEpoch()) / 1000.0;
    history.from = history.to - windowSeconds;
    const double width = history.bucketSeconds;
    const double first = std::ceil(history.from / width) * width;
    const double end = std::floor(history.to / width) * width; // the bucket that is still filling is left out

    std::map<int, RateSeries> byTenant;
    std::map<int, std::map<qint64, double>> filled;
    for (int row = 0; row < rows.rowCount(); ++row) {
        const int tenant = static_cast<int>(rows.integer(row, 0).value_or(0));
        byTenant[tenant].tenantName = rows.string(row, 1);
        filled[tenant][qRound64(rows.real(row, 2).value_or(0) / width)] =
            rows.real(row, 3).value_or(0) / width;
    }
    for (auto& [tenant, series] : byTenant) {
        series.tenant = tenant;
        for (qint64 bucket = qRound64(first / width); static_cast<double>(bucket) * width < end; ++bucket) {
            series.at.push_back(static_cast<double>(bucket) * width);
            const auto found = filled[tenant].find(bucket);
            series.rowsPerSecond.push_back(found == filled[tenant].end() ? 0.0 : found->second);
        }
        history.rates.push_back(std::move(series));
    }
}

void addLags(History& history, const db::ResultSet& rows)
{
    const double gap = std::max(3 * history.bucketSeconds, 10.0);
    for (int row = 0; row < rows.rowCount(); ++row) {
        const QString stage = rows.string(row, 0);
        const QString node = rows.string(row, 1);
        if (history.lags.empty() || history.lags.back().stage != stage || history.lags.back().node != node)
            history.lags.push_back({stage, node, {}, {}});
        LagSeries& series = history.lags.back();
        const double at = rows.real(row, 2).value_or(0);
        if (!series.at.empty() && at - series.at.back() > gap) {
            series.at.push_back(series.at.back() + history.bucketSeconds);
            series.seconds.push_back(std::numeric_limits<double>::quiet_NaN());
        }
        series.at.push_back(at);
        series.seconds.push_back(rows.real(row, 3).value_or(std::numeric_limits<double>::quiet_NaN()));
    }
}

} // namespace

double bucketFor(std::chrono::seconds window)
{
    constexpr std::array widths{1, 2, 5, 10, 30, 60, 300, 600, 1800, 3600};
    for (const int width : widths) {
        if (window.count() / width <= 600)
            return width;
    }
    return widths.back();
}

HistoryReader::HistoryReader(routing::Reader* reader, QObject* parent)
    : QObject(parent)
    , m_reader(reader)
{
}

quint64 HistoryReader::read(std::chrono::seconds window, QObject* receiver,
                            std::function<void(db::Result<History>)> done)
{
    const quint64 ticket = ++m_next;
    auto history = std::make_shared<History>();
    const double seconds = static_cast<double>(window.count());
    // The sums have ten seconds each; a shorter window is worth a look at the ledger itself.
    const bool fromLedger = window <= std::chrono::hours(1);
    history->bucketSeconds = fromLedger ? bucketFor(window) : std::max(10.0, bucketFor(window));
    const QList<db::Param> params{db::param(seconds), db::param(history->bucketSeconds)};
    const db::Statement rates = fromLedger ? ledgerSql(params) : samplesSql(params);
    const db::Statement lags = lagSql(params);

    const auto runLags = [this, self = QPointer(this), ticket, lags, receiver, done, history] {
        m_running[ticket] = m_reader->read(
            routing::Intent::Dashboard, [lags](const QString&, db::EndpointRole) { return lags; }, receiver,
            [this, self, ticket, done, history](db::Result<routing::Routed> result) {
                if (!self)
                    return;
                m_running.remove(ticket);
                if (!result) {
                    done(result.error());
                    return;
                }
                addLags(*history, result->rows);
                done(std::move(*history));
            },
            Purpose::Operator);
    };
    m_running[ticket] = m_reader->read(
        routing::Intent::Dashboard, [rates](const QString&, db::EndpointRole) { return rates; }, receiver,
        [this, self = QPointer(this), ticket, done, history, seconds,
         runLags](db::Result<routing::Routed> result) {
            if (!self)
                return;
            if (!result) {
                m_running.remove(ticket);
                done(result.error());
                return;
            }
            history->route = result->route;
            addRates(*history, result->rows, seconds);
            runLags();
        },
        Purpose::Operator);
    return ticket;
}

void HistoryReader::cancel(quint64 ticket)
{
    if (const quint64 reading = m_running.take(ticket))
        m_reader->cancel(reading);
}

} // namespace atlas::pipeline
