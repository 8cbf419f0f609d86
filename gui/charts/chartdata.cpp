// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/charts/chartdata.h"

#include <QDateTime>
#include <QLocale>

#include <algorithm>
#include <cmath>
#include <limits>

#include "gui/charts/downsample.h"

namespace atlas::gui {

namespace {

/// Index range of the samples in [from, to].
std::pair<std::size_t, std::size_t> within(const ChartSeries& series, double from, double to)
{
    const auto begin = series.at.begin();
    return {std::size_t(std::lower_bound(begin, series.at.end(), from) - begin),
            std::size_t(std::upper_bound(begin, series.at.end(), to) - begin)};
}

QByteArray csvField(const QString& text)
{
    QByteArray field = text.toUtf8();
    if (field.contains('"') || field.contains(',') || field.contains('\n') || field.contains('\r'))
        field = '"' + field.replace("\"", "\"\"") + '"';
    return field;
}

} // namespace

const ChartSeries* ChartData::find(const QString& id) const
{
    const auto found =
        std::find_if(m_series.begin(), m_series.end(), [&id](const ChartSeries& s) { return s.id == id; });
    return found == m_series.end() ? nullptr : &*found;
}

ChartSeries* ChartData::find(const QString& id)
{
    return const_cast<ChartSeries*>(std::as_const(*this).find(id));
}

ChartSeries& ChartData::set(const QString& id, const QString& name, std::vector<double> at,
                            std::vector<double> values)
{
    ChartSeries* known = find(id);
    if (!known) {
        // The first colour that nobody has, so that a series that comes and goes does not shift the others.
        int color = 0;
        while (std::any_of(m_series.begin(), m_series.end(),
                           [color](const ChartSeries& s) { return s.color == color; }))
            ++color;
        known = &m_series.emplace_back();
        known->id = id;
        known->color = color;
    }
    const std::size_t size = std::min(at.size(), values.size());
    at.resize(size);
    values.resize(size);
    known->name = name;
    known->at = std::move(at);
    known->values = std::move(values);
    return *known;
}

bool ChartData::append(const QString& id, double at, double value)
{
    ChartSeries* series = find(id);
    if (!series || (!series->at.empty() && at <= series->at.back()))
        return false;
    series->at.push_back(at);
    series->values.push_back(value);
    return true;
}

void ChartData::remove(const QString& id)
{
    std::erase_if(m_series, [&id](const ChartSeries& s) { return s.id == id; });
}

void ChartData::clear()
{
    m_series.clear();
}

void ChartData::trim(double at)
{
    for (ChartSeries& series : m_series) {
        const auto gone = std::lower_bound(series.at.begin(), series.at.end(), at) - series.at.begin();
        series.at.erase(series.at.begin(), series.at.begin() + gone);
        series.values.erase(series.values.begin(), series.values.begin() + gone);
    }
}

QList<ChartReading> ChartData::readings(double at, double reach, bool previous) const
{
    QList<ChartReading> readings;
    for (const ChartSeries& series : m_series) {
        if (!series.visible)
            continue;
        ChartReading reading{series.id, series.name, std::nullopt, series.color};
        const auto after = std::upper_bound(series.at.begin(), series.at.end(), at) - series.at.begin();
        std::ptrdiff_t nearest = after - 1;
        if (!previous && after < std::ptrdiff_t(series.at.size()) &&
            (nearest < 0 || series.at[std::size_t(after)] - at < at - series.at[std::size_t(nearest)]))
            nearest = after;
        if (nearest >= 0) {
            const auto i = std::size_t(nearest);
            const bool near = previous || std::fabs(series.at[i] - at) <= std::max(reach, m_gapAfter / 2);
            if (near && std::isfinite(series.values[i]))
                reading.value = series.values[i];
        }
        readings << reading;
    }
    return readings;
}

std::optional<double> ChartData::nearest(double at) const
{
    const std::optional<double> before =
        neighbour(std::nextafter(at, std::numeric_limits<double>::infinity()), -1);
    const std::optional<double> after = neighbour(at, 1);
    if (before && after)
        return at - *before <= *after - at ? before : after;
    return before ? before : after;
}

std::optional<double> ChartData::neighbour(double at, int direction) const
{
    std::optional<double> best;
    for (const ChartSeries& series : m_series) {
        if (!series.visible || series.at.empty())
            continue;
        if (direction > 0) {
            const auto next = std::upper_bound(series.at.begin(), series.at.end(), at);
            if (next != series.at.end() && (!best || *next < *best))
                best = *next;
        } else {
            const auto next = std::lower_bound(series.at.begin(), series.at.end(), at);
            if (next != series.at.begin() && (!best || *(next - 1) > *best))
                best = *(next - 1);
        }
    }
    return best;
}

std::vector<ChartBreach> ChartData::breaches(double from, double to) const
{
    std::vector<ChartBreach> breaches;
    for (const ChartBudget& budget : m_budgets) {
        for (const ChartSeries& series : m_series) {
            if (!series.visible || (!budget.series.isEmpty() && !budget.series.contains(series.id)))
                continue;
            for (const chart::Span& span :
                 chart::spansAbove(series.at, series.values, budget.value, from, to, m_gapAfter))
                breaches.push_back({series.id, budget.label, span.from, span.to});
        }
    }
    return breaches;
}

bool ChartData::hasValues(double from, double to) const
{
    return bounds(from, to, false).has_value();
}

std::optional<ChartData::Bounds> ChartData::bounds(double from, double to, bool stacked) const
{
    std::optional<Bounds> bounds;
    const auto take = [&bounds](double value) {
        if (!std::isfinite(value))
            return;
        if (!bounds)
            bounds = Bounds{value, value};
        bounds->low = std::min(bounds->low, value);
        bounds->high = std::max(bounds->high, value);
    };
    if (stacked) {
        std::vector<chart::Points> parts;
        for (const ChartSeries& series : m_series) {
            if (!series.visible)
                continue;
            const auto [first, last] = within(series, from, to);
            chart::Points& part = parts.emplace_back();
            part.x.assign(series.at.begin() + std::ptrdiff_t(first),
                          series.at.begin() + std::ptrdiff_t(last));
            part.y.assign(series.values.begin() + std::ptrdiff_t(first),
                          series.values.begin() + std::ptrdiff_t(last));
        }
        for (const chart::Points& sums : chart::stack(parts))
            for (const double value : sums.y)
                take(value);
        return bounds;
    }
    for (const ChartSeries& series : m_series) {
        if (!series.visible)
            continue;
        const auto [first, last] = within(series, from, to);
        for (std::size_t i = first; i < last; ++i)
            take(series.values[i]);
    }
    return bounds;
}

QByteArray ChartData::toCsv(double from, double to) const
{
    std::vector<double> times;
    QByteArray csv = "time";
    std::vector<std::size_t> next;
    for (const ChartSeries& series : m_series) {
        csv += ',' + csvField(series.name);
        const auto [first, last] = within(series, from, to);
        times.insert(times.end(), series.at.begin() + std::ptrdiff_t(first),
                     series.at.begin() + std::ptrdiff_t(last));
        next.push_back(first);
    }
    csv += "\r\n";
    std::sort(times.begin(), times.end());
    times.erase(std::unique(times.begin(), times.end()), times.end());
    for (const double time : times) {
        csv += QDateTime::fromMSecsSinceEpoch(qint64(std::llround(time * 1000)), Qt::UTC)
                   .toString(Qt::ISODateWithMs)
                   .toLatin1();
        for (std::size_t s = 0; s < m_series.size(); ++s) {
            csv += ',';
            const ChartSeries& series = m_series[s];
            if (next[s] < series.at.size() && series.at[next[s]] == time) {
                const double value = series.values[next[s]++];
                if (std::isfinite(value))
                    csv += QByteArray::number(value, 'g', QLocale::FloatingPointShortest);
            }
        }
        csv += "\r\n";
    }
    return csv;
}

} // namespace atlas::gui
