// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "gui/charts/chartstyle.h"

namespace atlas::gui {

class TimeSeriesChart;

/// The theme of this moment as charts take it.
ChartStyle chartStyle();
/// Sets it now and whenever the theme changes.
void followTheme(TimeSeriesChart* chart);

} // namespace atlas::gui
