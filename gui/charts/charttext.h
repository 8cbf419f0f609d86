// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include <vector>

namespace atlas::gui {

/// What the values of a chart are counted in; decides ticks and how a value is written.
enum class ChartUnit { None = 1, RowsPerSecond, Seconds, Bytes, BytesPerSecond };

/// "1.25 k rows/s", "0.4 s", "3 min 20 s", "12.4 MB"; "–" for NaN. `unitText` is appended for
/// ChartUnit::None.
QString valueText(double value, ChartUnit unit, const QString& unitText = {});
/// The same, short, for an axis: "1.2k", "500 ms", "10 MB".
QString axisText(double value, ChartUnit unit);

/// About `count` round values within [low, high]; times step as clocks do (1, 2, 5, 10, 15, 30 …).
std::vector<double> valueTicks(double low, double high, int count, ChartUnit unit);
/// Powers of ten within [low, high]; for seconds 1 ms … 1 s, 10 s, 1 min, 10 min, 1 h, 1 d.
std::vector<double> logTicks(double low, double high, ChartUnit unit);

/// A tick of a time axis. UTC seconds since 1970.
struct TimeTick
{
    double at = 0;
    QString label;      ///< "14:05", "14:05:30", "3 Oct"
    bool major = false; ///< begins a day
};
/// At most `count` ticks at round local times in [from, to].
std::vector<TimeTick> timeTicks(double from, double to, int count);
/// "Fri 3 Oct 14:05:31", local, with milliseconds when the span shown is under a minute.
QString instantText(double at, double span);

} // namespace atlas::gui
