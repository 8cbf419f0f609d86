// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include "gui/charts/plotsurface_p.h"

namespace atlas::gui {

/// Crosshair, readout box, focus ring and the words of an empty chart, on top of the plot: moving the
/// crosshair paints these few things and draws no line anew.
class CrosshairOverlay : public QWidget
{
    Q_OBJECT
public:
    CrosshairOverlay(const PlotModel* model, PlotSurface* surface);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void paintEmpty(QPainter& painter);
    void paintCrosshair(QPainter& painter, double at);
    void paintReadout(QPainter& painter, double x, double at, const QList<ChartReading>& readings);

    const PlotModel* m_model;
    PlotSurface* m_surface;
};

} // namespace atlas::gui
