// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QList>
#include <QString>

#include <optional>
#include <vector>

namespace atlas::gui {

struct ChartSeries
{
    QString id;    ///< stable: colour, visibility and budgets go by it
    QString name;  ///< in the legend
    int color = 0; ///< index into ChartStyle::series
    bool visible = true;
    std::vector<double> at;     ///< ascending, UTC seconds since 1970
    std::vector<double> values; ///< NaN: a gap
};

/// A limit drawn as a line; where a series of it is above, the time is shaded.
struct ChartBudget
{
    QString label; ///< "operational 10 s"
    double value = 0;
    QList<QString> series; ///< ids it counts for; empty: all
    bool operator==(const ChartBudget&) const = default;
};

/// A vertical mark: a promotion, a failover, an alert.
struct ChartAnnotation
{
    double at = 0;
    QString text;
    bool operator==(const ChartAnnotation&) const = default;
};

struct ChartBreach
{
    QString series;
    QString budget; ///< label
    double from = 0;
    double to = 0;
};

struct ChartReading
{
    QString id;
    QString name;
    std::optional<double> value; ///< nullopt: a gap there
    int color = 0;
};

/// The series of one chart: pure data, no drawing.
class ChartData
{
public:
    const std::vector<ChartSeries>& series() const { return m_series; }
    const ChartSeries* find(const QString& id) const;
    ChartSeries* find(const QString& id);
    /// Adds a series or replaces its name and values; its colour and visibility stay.
    ChartSeries& set(const QString& id, const QString& name, std::vector<double> at,
                     std::vector<double> values);
    /// A value at a time that is not after the last one replaces nothing and is dropped.
    bool append(const QString& id, double at, double value);
    void remove(const QString& id);
    void clear();
    /// Forgets everything before `at`.
    void trim(double at);
    /// Two neighbours further apart than this have a gap between them; 0: never.
    void setGapAfter(double seconds) { m_gapAfter = seconds; }
    double gapAfter() const { return m_gapAfter; }
    void setBudgets(QList<ChartBudget> budgets) { m_budgets = std::move(budgets); }
    const QList<ChartBudget>& budgets() const { return m_budgets; }

    /// The sample of each visible series that is nearest to `at`, no further than half a gap (or `reach`)
    /// away; `previous`: the last one not after it, however old (a value that holds until the next).
    QList<ChartReading> readings(double at, double reach, bool previous = false) const;
    /// Time of the sample nearest to `at` over all visible series.
    std::optional<double> nearest(double at) const;
    /// Time of the sample next to `at` over all visible series, `direction` -1 or +1; nullopt: there is none.
    std::optional<double> neighbour(double at, int direction) const;
    /// Where visible series are above their budgets, within [from, to].
    std::vector<ChartBreach> breaches(double from, double to) const;
    /// Any value that is not NaN of a visible series in [from, to].
    bool hasValues(double from, double to) const;
    struct Bounds
    {
        double low;
        double high;
    };
    /// Of the visible series in [from, to], stacked when asked; nullopt: no values.
    std::optional<Bounds> bounds(double from, double to, bool stacked) const;
    /// Header and a line a time; times in ISO 8601 UTC, a gap is an empty field. RFC 4180.
    QByteArray toCsv(double from, double to) const;

private:
    std::vector<ChartSeries> m_series;
    QList<ChartBudget> m_budgets;
    double m_gapAfter = 0;
};

} // namespace atlas::gui
