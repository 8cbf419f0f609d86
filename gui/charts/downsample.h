// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <vector>

namespace atlas::chart {

/// Points of a line in drawing order; y NaN: the line is broken there. No Qt here: plain arithmetic.
struct Points
{
    std::vector<double> x;
    std::vector<double> y;
    std::size_t size() const { return x.size(); }
};

/// Reduces a line to what `pixels` columns over [from, to] can show: of each column the first, lowest,
/// highest and last value, in their order, so that no peak is lost and a line drawn through them covers the
/// same pixels (M4 of Jugel et al., VLDB 2014). One point beyond each end is kept, for the line to leave the
/// picture. A NaN, or two neighbours further apart than `gapAfter` (0: never), breaks the line. `x` must be
/// ascending.
Points downsample(const std::vector<double>& x, const std::vector<double>& y, double from, double to,
                  int pixels, double gapAfter);

/// Running sums of several series over the union of their times, lowest first. A series without a sample at a
/// time counts as 0 there; where none has a value, all sums are NaN.
std::vector<Points> stack(const std::vector<Points>& series);

/// Parts of [from, to] in which the line through the points is above `limit`, crossings interpolated, not
/// across gaps. A lone sample above the limit counts for no time at all: from = to.
struct Span
{
    double from;
    double to;
};
std::vector<Span> spansAbove(const std::vector<double>& x, const std::vector<double>& y, double limit,
                             double from, double to, double gapAfter);

} // namespace atlas::chart
