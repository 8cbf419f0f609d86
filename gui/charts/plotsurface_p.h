// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTimer>

#include <memory>

#include "gui/charts/chartdata.h"
#include "gui/charts/chartlink.h"
#include "gui/charts/chartstyle.h"
#include "gui/charts/charttext.h"
#include "gui/charts/qcustomplot_p.h"
#include "gui/charts/timeserieschart.h"

namespace atlas::gui {

class CrosshairOverlay;

/// What a chart draws, and how. Shared by the surface and its overlay.
struct PlotModel
{
    ChartData data;
    ChartStyle style;
    ChartUnit unit = ChartUnit::None;
    QString unitText;
    TimeSeriesChart::Shape shape = TimeSeriesChart::Shape::Lines;
    TimeSeriesChart::Scale scale = TimeSeriesChart::Scale::Linear;
    QList<ChartAnnotation> annotations;
    std::shared_ptr<ChartLink> link;
    QString emptyText;

    QColor seriesColor(int color) const { return style.series.at(color % style.series.size()); }
    QString value(double y) const { return valueText(y, unit, unitText); }
    bool isStacked() const { return shape == TimeSeriesChart::Shape::StackedAreas; }
    bool isLogarithmic() const { return scale == TimeSeriesChart::Scale::Logarithmic && !isStacked(); }
    QList<ChartReading> readings() const;
};

/// The plot itself: axes, lines, budgets, and the mouse and keys on them.
class PlotSurface : public QCustomPlot
{
    Q_OBJECT
public:
    explicit PlotSurface(PlotModel* model, QWidget* parent);
    ~PlotSurface() override;

    void restyle();
    /// Draws soon; calls until then are one.
    void schedule();
    /// Draws now.
    void redraw();
    void relink();
    bool isEmptyShown() const { return m_empty; }
    /// Geometry of the plot inside the axes, in this widget's coordinates.
    QRect plotRect() const { return axisRect()->rect(); }
    double timeAt(double x) const { return xAxis->pixelToCoord(x); }

    QSize sizeHint() const override { return {480, 160}; }
    QSize minimumSizeHint() const override { return {160, 72}; }

Q_SIGNALS:
    void redrawn();

protected:
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void showEvent(QShowEvent* event) override;

private:
    void updateMargins();
    void updateAxes();
    void updateGraphs();
    void moveCrosshair(int direction);

    PlotModel* m_model;
    CrosshairOverlay* m_overlay;
    QSharedPointer<QCPAxisTickerText> m_timeTicker;
    QSharedPointer<QCPAxisTickerText> m_valueTicker;
    QTimer m_timer;
    std::vector<QMetaObject::Connection> m_linked;
    bool m_empty = true;
    std::optional<QPoint> m_pressedAt;
    double m_pressedFrom = 0;
    double m_pressedTo = 0;
    bool m_dragging = false;
};

} // namespace atlas::gui
