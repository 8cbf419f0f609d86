// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>

#include <optional>

namespace atlas::gui {

/// What linked charts have in common: the part of time they show, whether they follow the present, and one
/// crosshair. Times are UTC seconds since 1970. A chart that is not linked has one of its own.
class ChartLink : public QObject
{
    Q_OBJECT
public:
    explicit ChartLink(QObject* parent = nullptr)
        : QObject(parent)
    {
    }

    /// The part that can be shown; while live it is the part shown. Paused, what is shown stays.
    void setExtent(double from, double to);
    double extentFrom() const { return m_extentFrom; }
    double extentTo() const { return m_extentTo; }

    double from() const { return m_from; }
    double to() const { return m_to; }
    bool isLive() const { return m_live; }
    /// Pauses and shows that part, kept inside the extent and not shorter than a second.
    void show(double from, double to);
    void zoom(double factor, double around); ///< factor < 1: closer
    void pan(double seconds);
    void setPaused(bool paused); ///< false: back to the whole extent, following the present
    void resetToLive() { setPaused(false); }

    std::optional<double> crosshair() const { return m_crosshair; }
    void setCrosshair(std::optional<double> at);

Q_SIGNALS:
    void rangeChanged();
    void liveChanged(bool live);
    void crosshairChanged();

private:
    double m_extentFrom = 0;
    double m_extentTo = 1;
    double m_from = 0;
    double m_to = 1;
    bool m_live = true;
    std::optional<double> m_crosshair;
};

} // namespace atlas::gui
