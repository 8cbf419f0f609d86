// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/charts/downsample.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace atlas::chart {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

bool isBreak(double before, double after, double gapAfter)
{
    return gapAfter > 0 && after - before > gapAfter;
}

/// Collects the points of one pixel column and writes the four that matter.
class Column
{
public:
    explicit Column(Points& out)
        : m_out(out)
    {
    }

    void add(double x, double y)
    {
        const Sample sample{x, y, m_count++};
        if (sample.order == 0)
            m_first = m_low = m_high = sample;
        if (y < m_low.y)
            m_low = sample;
        if (y > m_high.y)
            m_high = sample;
        m_last = sample;
    }

    void flush()
    {
        if (m_count == 0)
            return;
        Sample kept[4] = {m_first, m_low, m_high, m_last};
        std::sort(std::begin(kept), std::end(kept),
                  [](const Sample& a, const Sample& b) { return a.order < b.order; });
        for (int i = 0; i < 4; ++i) {
            if (i == 0 || kept[i].order != kept[i - 1].order) {
                m_out.x.push_back(kept[i].x);
                m_out.y.push_back(kept[i].y);
            }
        }
        m_count = 0;
    }

private:
    struct Sample
    {
        double x = 0;
        double y = 0;
        std::size_t order = 0;
    };
    Points& m_out;
    std::size_t m_count = 0;
    Sample m_first, m_low, m_high, m_last;
};

/// A sample between two gaps would draw nothing: twice the same point makes a dot of it.
void doubleLonePoints(Points& points)
{
    Points out;
    out.x.reserve(points.size());
    out.y.reserve(points.size());
    const auto missing = [&points](std::size_t i) { return i >= points.size() || std::isnan(points.y[i]); };
    for (std::size_t i = 0; i < points.size(); ++i) {
        out.x.push_back(points.x[i]);
        out.y.push_back(points.y[i]);
        const bool startsHere = i == 0 || missing(i - 1);
        if (!missing(i) && startsHere && missing(i + 1)) {
            out.x.push_back(points.x[i]);
            out.y.push_back(points.y[i]);
        }
    }
    points = std::move(out);
}

} // namespace

Points downsample(const std::vector<double>& x, const std::vector<double>& y, double from, double to,
                  int pixels, double gapAfter)
{
    Points out;
    const std::size_t size = std::min(x.size(), y.size());
    if (size == 0 || !(to > from) || pixels <= 0)
        return out;
    const auto begin = x.begin();
    const auto end = begin + std::ptrdiff_t(size);
    auto first = std::size_t(std::lower_bound(begin, end, from) - begin);
    auto last = std::size_t(std::upper_bound(begin, end, to) - begin); // one past
    first = first > 0 ? first - 1 : 0;
    last = std::min(last + 1, size);

    const double width = (to - from) / pixels;
    Column column(out);
    long long current = std::numeric_limits<long long>::min();
    double previous = kNaN;
    for (std::size_t i = first; i < last; ++i) {
        const bool missing = !std::isfinite(y[i]);
        if (missing || (!std::isnan(previous) && isBreak(previous, x[i], gapAfter))) {
            column.flush();
            if (!out.y.empty() && !std::isnan(out.y.back())) {
                out.x.push_back(missing ? x[i] : (previous + x[i]) / 2);
                out.y.push_back(kNaN);
            }
            current = std::numeric_limits<long long>::min();
        }
        if (missing) {
            previous = kNaN;
            continue;
        }
        const auto index = static_cast<long long>(std::floor((x[i] - from) / width));
        if (index != current) {
            column.flush();
            current = index;
        }
        column.add(x[i], y[i]);
        previous = x[i];
    }
    column.flush();
    doubleLonePoints(out);
    return out;
}

std::vector<Points> stack(const std::vector<Points>& series)
{
    std::vector<double> times;
    for (const Points& points : series)
        times.insert(times.end(), points.x.begin(), points.x.end());
    std::sort(times.begin(), times.end());
    times.erase(std::unique(times.begin(), times.end()), times.end());

    std::vector<double> sum(times.size(), 0);
    std::vector<bool> known(times.size(), false);
    std::vector<Points> stacked(series.size());
    for (std::size_t s = 0; s < series.size(); ++s) {
        std::size_t i = 0;
        for (std::size_t t = 0; t < times.size(); ++t) {
            while (i < series[s].size() && series[s].x[i] < times[t])
                ++i;
            if (i < series[s].size() && series[s].x[i] == times[t] && std::isfinite(series[s].y[i])) {
                sum[t] += series[s].y[i];
                known[t] = true;
            }
        }
        stacked[s].x = times;
        stacked[s].y = sum;
    }
    for (Points& points : stacked)
        for (std::size_t t = 0; t < times.size(); ++t)
            if (!known[t])
                points.y[t] = kNaN;
    return stacked;
}

std::vector<Span> spansAbove(const std::vector<double>& x, const std::vector<double>& y, double limit,
                             double from, double to, double gapAfter)
{
    std::vector<Span> spans;
    bool open = false;
    double start = 0;
    double previous = kNaN; // time of the sample before, NaN after a gap
    double previousValue = kNaN;
    const auto close = [&](double at) {
        if (open && at >= from && start <= to)
            spans.push_back({std::max(start, from), std::min(at, to)});
        open = false;
    };
    const auto crossing = [&](double at, double value) {
        return previous + (at - previous) * (limit - previousValue) / (value - previousValue);
    };
    const std::size_t size = std::min(x.size(), y.size());
    for (std::size_t i = 0; i < size; ++i) {
        const bool missing = !std::isfinite(y[i]);
        if (!std::isnan(previous) && (missing || isBreak(previous, x[i], gapAfter))) {
            close(previous);
            previous = kNaN;
        }
        if (missing)
            continue;
        const bool above = y[i] > limit;
        if (above && !open) {
            start = std::isnan(previous) ? x[i] : crossing(x[i], y[i]);
            open = true;
        } else if (!above && open) {
            close(crossing(x[i], y[i]));
        }
        previous = x[i];
        previousValue = y[i];
    }
    if (open)
        close(previous);
    return spans;
}

} // namespace atlas::chart
