// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "gui/charts/chartdata.h"
#include "model/pipeline/history.h"

namespace atlas::gui {

/// What a history is in a chart. Pure.

/// The tenants with the most rows, at most `most`, the rest summed up as one; in the order of their ids, so
/// that nobody changes place from one look to the next.
std::vector<ChartSeries> rateSeries(const pipeline::History& history, int most = 7);
/// Stages in the order rows pass them, without the commit: that is what they are measured against, and the
/// age of its newest heartbeat would only draw a saw.
std::vector<ChartSeries> lagSeries(const pipeline::History& history);
/// Over all tenants in the last whole bucket; nullopt: nothing is known.
std::optional<double> latestRate(const pipeline::History& history);
/// The highest lag of a stage in the history, and when.
struct WorstLag
{
    QString name;
    std::optional<double> seconds; ///< nullopt: no sample that says
    double at = 0;
    bool operator==(const WorstLag&) const = default;
};
std::vector<WorstLag> worstLags(const std::vector<ChartSeries>& series);
/// What operational queries may be behind. It counts for the stages they are read through: staging and the
/// replicas; a slot or the warehouse has other budgets.
QList<ChartBudget> lagBudgets(std::optional<double> operationalSeconds,
                              const std::vector<ChartSeries>& series);

} // namespace atlas::gui
