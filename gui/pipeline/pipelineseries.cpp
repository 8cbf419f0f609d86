// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/pipeline/pipelineseries.h"

#include <QObject>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "gui/charts/charttext.h"

namespace atlas::gui {

namespace {

constexpr std::array<const char*, 5> order{"commit", "staging", "replica", "slot", "warehouse"};

std::size_t placeOf(const QString& stage)
{
    return std::size_t(std::find_if(order.begin(), order.end(),
                                    [&](const char* name) { return stage == QLatin1String(name); }) -
                       order.begin());
}

QString nameOf(const pipeline::LagSeries& lag)
{
    if (lag.stage == QLatin1String("replica") || lag.stage == lag.node)
        return lag.node;
    if (lag.stage == QLatin1String("slot"))
        return QObject::tr("slot %1").arg(lag.node);
    return lag.stage;
}

} // namespace

std::vector<ChartSeries> rateSeries(const pipeline::History& history, int most)
{
    std::vector<std::pair<double, std::size_t>> sizes;
    for (std::size_t i = 0; i < history.rates.size(); ++i) {
        const auto& values = history.rates[i].rowsPerSecond;
        sizes.emplace_back(std::accumulate(values.begin(), values.end(), 0.0), i);
    }
    std::stable_sort(sizes.begin(), sizes.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<bool> own(history.rates.size(), false);
    for (std::size_t i = 0; i < sizes.size() && i < std::size_t(most); ++i)
        own[sizes[i].second] = true;

    std::vector<ChartSeries> all;
    ChartSeries others;
    int othersCount = 0;
    for (std::size_t i = 0; i < history.rates.size(); ++i) {
        const pipeline::RateSeries& rate = history.rates[i];
        if (own[i]) {
            ChartSeries series;
            series.id = QStringLiteral("tenant-%1").arg(rate.tenant);
            series.name = rate.tenantName;
            series.at = rate.at;
            series.values = rate.rowsPerSecond;
            all.push_back(std::move(series));
            continue;
        }
        // All rates of one history have the same buckets.
        ++othersCount;
        if (others.at.empty()) {
            others.at = rate.at;
            others.values = rate.rowsPerSecond;
        } else {
            for (std::size_t k = 0; k < others.values.size() && k < rate.rowsPerSecond.size(); ++k)
                others.values[k] += rate.rowsPerSecond[k];
        }
    }
    if (othersCount > 0) {
        others.id = QStringLiteral("others");
        others.name =
            othersCount == 1 ? QObject::tr("1 other tenant") : QObject::tr("%1 others").arg(othersCount);
        all.push_back(std::move(others));
    }
    return all;
}

std::vector<ChartSeries> lagSeries(const pipeline::History& history)
{
    std::vector<const pipeline::LagSeries*> lags;
    for (const pipeline::LagSeries& lag : history.lags) {
        if (lag.stage != QLatin1String("commit"))
            lags.push_back(&lag);
    }
    std::stable_sort(lags.begin(), lags.end(),
                     [](const auto* a, const auto* b) { return placeOf(a->stage) < placeOf(b->stage); });
    std::vector<ChartSeries> all;
    for (const pipeline::LagSeries* lag : lags) {
        ChartSeries series;
        series.id = lag->stage + QLatin1Char('/') + lag->node;
        series.name = nameOf(*lag);
        series.at = lag->at;
        series.values = lag->seconds;
        all.push_back(std::move(series));
    }
    return all;
}

std::optional<double> latestRate(const pipeline::History& history)
{
    std::optional<double> sum;
    for (const pipeline::RateSeries& rate : history.rates) {
        if (!rate.rowsPerSecond.empty())
            sum = sum.value_or(0) + rate.rowsPerSecond.back();
    }
    return sum;
}

std::vector<WorstLag> worstLags(const std::vector<ChartSeries>& series)
{
    std::vector<WorstLag> all;
    for (const ChartSeries& each : series) {
        WorstLag worst;
        worst.name = each.name;
        for (std::size_t i = 0; i < each.values.size(); ++i) {
            if (std::isfinite(each.values[i]) && (!worst.seconds || each.values[i] > *worst.seconds)) {
                worst.seconds = each.values[i];
                worst.at = each.at[i];
            }
        }
        all.push_back(worst);
    }
    return all;
}

QList<ChartBudget> lagBudgets(std::optional<double> operationalSeconds,
                              const std::vector<ChartSeries>& series)
{
    if (!operationalSeconds)
        return {};
    ChartBudget budget;
    budget.label = QObject::tr("operational %1").arg(valueText(*operationalSeconds, ChartUnit::Seconds));
    budget.value = *operationalSeconds;
    for (const ChartSeries& each : series) {
        if (each.id.startsWith(QLatin1String("replica/")) || each.id.startsWith(QLatin1String("staging/")))
            budget.series << each.id;
    }
    // An empty list would mean all of them.
    return budget.series.isEmpty() ? QList<ChartBudget>() : QList<ChartBudget>{budget};
}

} // namespace atlas::gui
