// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/support/chartlooks.h"

#include "gui/charts/timeserieschart.h"
#include "gui/theme/theme.h"

namespace atlas::gui {

ChartStyle chartStyle()
{
    const Theme& theme = Theme::instance();
    ChartStyle style;
    style.background = theme.color(ColorRole::Surface);
    style.text = theme.color(ColorRole::Text);
    style.mutedText = theme.color(ColorRole::TextMuted);
    style.grid = theme.color(ColorRole::Grid);
    style.axis = theme.color(ColorRole::Border);
    style.accent = theme.color(ColorRole::Accent);
    style.readout = theme.color(ColorRole::Raised);
    style.border = theme.color(ColorRole::Outline);
    style.budget = theme.color(ColorRole::Warning);
    style.breach = theme.color(ColorRole::Critical);
    style.annotation = theme.color(ColorRole::TextMuted);
    style.font = theme.font();
    style.smallFont = theme.smallFont();
    style.strongFont = theme.strongFont();
    style.series.clear();
    for (int i = 0; i < Theme::seriesCount(); ++i)
        style.series << theme.series(i);
    return style;
}

void followTheme(TimeSeriesChart* chart)
{
    chart->setStyle(chartStyle());
    QObject::connect(&Theme::instance(), &Theme::changed, chart, [chart] { chart->setStyle(chartStyle()); });
}

} // namespace atlas::gui
