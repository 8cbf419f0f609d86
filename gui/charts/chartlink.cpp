// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/charts/chartlink.h"

#include <algorithm>

namespace atlas::gui {

namespace {
constexpr double kShortest = 1;
}

void ChartLink::setExtent(double from, double to)
{
    if (!(to > from))
        return;
    m_extentFrom = from;
    m_extentTo = to;
    if (m_live && (m_from != from || m_to != to)) {
        m_from = from;
        m_to = to;
        Q_EMIT rangeChanged();
    }
}

void ChartLink::show(double from, double to)
{
    const double longest = m_extentTo - m_extentFrom;
    const double length = std::clamp(to - from, std::min(kShortest, longest), longest);
    from = std::clamp(from, m_extentFrom, m_extentTo - length);
    to = from + length;
    const bool wasLive = m_live;
    m_live = false;
    if (m_from != from || m_to != to) {
        m_from = from;
        m_to = to;
        Q_EMIT rangeChanged();
    }
    if (wasLive)
        Q_EMIT liveChanged(false);
}

void ChartLink::zoom(double factor, double around)
{
    around = std::clamp(around, m_from, m_to);
    const double length = std::clamp((m_to - m_from) * factor, kShortest, m_extentTo - m_extentFrom);
    const double share = (around - m_from) / (m_to - m_from);
    show(around - share * length, around + (1 - share) * length);
}

void ChartLink::pan(double seconds)
{
    show(m_from + seconds, m_to + seconds);
}

void ChartLink::setPaused(bool paused)
{
    if (paused == !m_live)
        return;
    m_live = !paused;
    if (m_live && (m_from != m_extentFrom || m_to != m_extentTo)) {
        m_from = m_extentFrom;
        m_to = m_extentTo;
        Q_EMIT rangeChanged();
    }
    Q_EMIT liveChanged(m_live);
}

void ChartLink::setCrosshair(std::optional<double> at)
{
    if (m_crosshair == at)
        return;
    m_crosshair = at;
    Q_EMIT crosshairChanged();
}

} // namespace atlas::gui
