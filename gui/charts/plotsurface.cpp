// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/charts/plotsurface_p.h"

#include <algorithm>
#include <cmath>

#include "gui/charts/crosshairoverlay_p.h"
#include "gui/charts/downsample.h"
#include "gui/charts/plotdecorations_p.h"

namespace atlas::gui {

namespace {

/// On a logarithmic axis nothing can be drawn at 0; it lies on the bottom line.
constexpr double kLogFloor = 0.001;
constexpr auto fewPoints = 40;

QVector<double> toQt(const std::vector<double>& values)
{
    return QVector<double>(values.begin(), values.end());
}

} // namespace

QList<ChartReading> PlotModel::readings() const
{
    const std::optional<double> at = link->crosshair();
    if (!at)
        return {};
    return data.readings(*at, (link->to() - link->from()) / 100, shape == TimeSeriesChart::Shape::Steps);
}

PlotSurface::PlotSurface(PlotModel* model, QWidget* parent)
    : QCustomPlot(parent)
    , m_model(model)
    , m_overlay(new CrosshairOverlay(model, this))
    , m_timeTicker(new QCPAxisTickerText)
    , m_valueTicker(new QCPAxisTickerText)
{
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setPlottingHint(QCP::phFastPolylines);
    setNotAntialiasedElements(QCP::aeAxes | QCP::aeGrid);
    xAxis->setTicker(m_timeTicker);
    yAxis->setTicker(m_valueTicker);
    for (QCPAxis* axis : {xAxis, yAxis}) {
        axis->setSubTicks(false);
        axis->grid()->setSubGridVisible(false);
        axis->grid()->setZeroLinePen(Qt::NoPen);
        axis->setLayer(QStringLiteral("axes"));
    }
    axisRect()->setAutoMargins(QCP::msNone);
    auto* shades = new BreachShades(this, model); // owned by the plot
    shades->setLayer(QStringLiteral("background"));
    auto* marks = new Marks(this, model);
    marks->setLayer(QStringLiteral("overlay"));
    m_timer.setSingleShot(true);
    m_timer.setInterval(0);
    connect(&m_timer, &QTimer::timeout, this, &PlotSurface::redraw);
    relink();
    restyle();
}

PlotSurface::~PlotSurface() = default;

void PlotSurface::relink()
{
    for (const QMetaObject::Connection& connection : m_linked)
        disconnect(connection);
    const ChartLink* link = m_model->link.get();
    m_linked = {
        connect(link, &ChartLink::rangeChanged, this, &PlotSurface::schedule),
        connect(link, &ChartLink::crosshairChanged, m_overlay, qOverload<>(&QWidget::update)),
    };
    schedule();
}

void PlotSurface::restyle()
{
    const ChartStyle& style = m_model->style;
    setBackground(style.background);
    for (QCPAxis* axis : {xAxis, yAxis}) {
        axis->setTickLabelFont(style.smallFont);
        axis->setTickLabelColor(style.mutedText);
        axis->setTickPen(QPen(style.axis, 1));
        axis->setBasePen(axis == xAxis ? QPen(style.axis, 1) : QPen(Qt::NoPen));
        axis->grid()->setPen(QPen(style.grid, 1));
    }
    yAxis->setTickLength(0, 0);
    xAxis->setTickLength(0, 4);
    yAxis->setTickLabelPadding(6);
    xAxis->setTickLabelPadding(3);
    updateMargins();
    schedule();
}

void PlotSurface::updateMargins()
{
    // The same for every chart of a style: linked charts stand exactly below each other.
    const QFontMetrics metrics(m_model->style.smallFont);
    const int left = std::max(metrics.horizontalAdvance(QStringLiteral("000.0 MB")),
                              metrics.horizontalAdvance(QStringLiteral("2 min 30 s"))) +
                     8;
    axisRect()->setMargins(QMargins(left, 8, 14, metrics.height() + 10));
    axisRect()->setMinimumMargins(QMargins());
}

void PlotSurface::schedule()
{
    if (isVisible() && !m_timer.isActive())
        m_timer.start();
}

void PlotSurface::showEvent(QShowEvent* event)
{
    QCustomPlot::showEvent(event);
    schedule();
}

void PlotSurface::redraw()
{
    m_timer.stop();
    updateAxes();
    updateGraphs();
    replot(QCustomPlot::rpQueuedRefresh);
    m_overlay->update();
    Q_EMIT redrawn();
}

void PlotSurface::updateAxes()
{
    const double from = m_model->link->from();
    const double to = m_model->link->to();
    const QFontMetrics metrics(m_model->style.smallFont);
    // The layout may be older than the widget's size: take the width from the widget.
    const int plotWidth = std::max(1, width() - axisRect()->margins().left() - axisRect()->margins().right());
    const int plotHeight =
        std::max(1, height() - axisRect()->margins().top() - axisRect()->margins().bottom());

    xAxis->setRange(from, to);
    m_timeTicker->clear();
    const int labelWidth =
        metrics.horizontalAdvance(to - from <= 60 ? QStringLiteral("00:00:00") : QStringLiteral("00 MMM"));
    for (const TimeTick& tick : timeTicks(from, to, std::max(2, plotWidth / (labelWidth + 32))))
        m_timeTicker->addTick(tick.at, tick.label);

    const std::optional<ChartData::Bounds> bounds = m_model->data.bounds(from, to, m_model->isStacked());
    m_empty = !bounds;
    m_valueTicker->clear();
    const int rows = std::max(2, plotHeight / (metrics.height() + 16));
    yAxis->setScaleType(m_model->isLogarithmic() ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    double low = bounds ? bounds->low : 0;
    double high = bounds ? bounds->high : 1;

    if (m_model->isLogarithmic()) {
        for (const ChartBudget& budget : m_model->data.budgets())
            high = std::max(high, budget.value * 1.5);
        low = std::pow(10, std::floor(std::log10(std::max(low, kLogFloor)) + 1e-9));
        high = std::max(high * 1.3, low * 10);
        yAxis->setRange(low, high);
        for (const double tick : logTicks(low, high, m_model->unit))
            m_valueTicker->addTick(tick, axisText(tick, m_model->unit));
        return;
    }
    // Amounts stand on 0; a measured value (a temperature) is shown where it is.
    const bool fromZero = m_model->unit != ChartUnit::None || m_model->isStacked();
    if (fromZero) {
        low = std::min(low, 0.0);
        // A budget that is near is part of the picture, one far above would flatten it.
        for (const ChartBudget& budget : m_model->data.budgets())
            if (budget.value <= high * 2.5 && budget.value * 1.1 > high)
                high = budget.value * 1.1;
        if (high <= low)
            high = low + 1;
    } else if (high <= low) {
        const double room = low == 0 ? 1 : std::fabs(low) * 0.05;
        low -= room;
        high += room;
    }
    const std::vector<double> ticks = valueTicks(low, high + (high - low) * 0.02, rows, m_model->unit);
    if (ticks.size() > 1) {
        // Ends on a tick, so that the scale does not jump with every sample.
        const double step = ticks[1] - ticks[0];
        high = std::max(high, std::ceil(high / step - 1e-9) * step);
        if (!fromZero)
            low = std::floor(low / step + 1e-9) * step;
    }
    yAxis->setRange(low, high);
    for (const double tick : valueTicks(low, high, rows, m_model->unit))
        m_valueTicker->addTick(tick, axisText(tick, m_model->unit));
}

void PlotSurface::updateGraphs()
{
    const double from = xAxis->range().lower;
    const double to = xAxis->range().upper;
    const int pixels = std::max(1, width() - axisRect()->margins().left() - axisRect()->margins().right());
    const bool stacked = m_model->isStacked();

    std::vector<const ChartSeries*> shown;
    for (const ChartSeries& series : m_model->data.series())
        if (series.visible)
            shown.push_back(&series);
    std::vector<chart::Points> sums;
    if (stacked) {
        for (const ChartSeries* series : shown)
            sums.push_back({series->at, series->values});
        sums = chart::stack(sums);
    }

    while (graphCount() < int(shown.size()))
        addGraph();
    while (graphCount() > int(shown.size()))
        removeGraph(graphCount() - 1);
    for (std::size_t i = 0; i < shown.size(); ++i) {
        QCPGraph* line = graph(int(i));
        const std::vector<double>& at = stacked ? sums[i].x : shown[i]->at;
        const std::vector<double>& values = stacked ? sums[i].y : shown[i]->values;
        chart::Points points = chart::downsample(at, values, from, to, pixels, m_model->data.gapAfter());
        if (m_model->isLogarithmic())
            for (double& y : points.y)
                y = y < kLogFloor ? kLogFloor : y; // NaN stays
        line->setData(toQt(points.x), toQt(points.y), true);
        line->setAdaptiveSampling(false); // done already
        line->setLineStyle(m_model->shape == TimeSeriesChart::Shape::Steps ? QCPGraph::lsStepLeft
                                                                           : QCPGraph::lsLine);
        const QColor color = m_model->seriesColor(shown[i]->color);
        line->setPen(QPen(color, stacked ? 1.2 : 1.6, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
        // A line through one value is none: where there are few, each is a dot as well.
        const auto seen =
            std::count_if(points.y.begin(), points.y.end(), [](double y) { return !std::isnan(y); });
        line->setScatterStyle(!stacked && seen <= fewPoints
                                  ? QCPScatterStyle(QCPScatterStyle::ssDisc, color, color, 4)
                                  : QCPScatterStyle(QCPScatterStyle::ssNone));
        if (stacked) {
            QColor fill = color;
            fill.setAlphaF(0.55F);
            line->setBrush(fill);
            line->setChannelFillGraph(i > 0 ? graph(int(i) - 1) : nullptr);
        } else {
            line->setBrush(Qt::NoBrush);
            line->setChannelFillGraph(nullptr);
        }
    }
}

void PlotSurface::resizeEvent(QResizeEvent* event)
{
    QCustomPlot::resizeEvent(event);
    m_overlay->setGeometry(rect());
    schedule();
}

void PlotSurface::mousePressEvent(QMouseEvent* event)
{
    if (event->button() != Qt::LeftButton) {
        event->ignore();
        return;
    }
    m_pressedAt = event->pos();
    m_pressedFrom = m_model->link->from();
    m_pressedTo = m_model->link->to();
    m_dragging = false;
}

void PlotSurface::mouseMoveEvent(QMouseEvent* event)
{
    ChartLink* link = m_model->link.get();
    if (m_pressedAt && (event->buttons() & Qt::LeftButton)) {
        const int moved = event->pos().x() - m_pressedAt->x();
        if (!m_dragging && std::abs(moved) < QApplication::startDragDistance())
            return;
        m_dragging = true;
        setCursor(Qt::ClosedHandCursor);
        link->setCrosshair(std::nullopt);
        const double shift = -moved * (m_pressedTo - m_pressedFrom) / std::max(1, plotRect().width());
        link->show(m_pressedFrom + shift, m_pressedTo + shift);
        return;
    }
    if (m_empty || !plotRect().adjusted(-4, 0, 4, 0).contains(event->pos())) {
        link->setCrosshair(std::nullopt);
        return;
    }
    const double at = timeAt(event->pos().x());
    std::optional<double> nearest = m_model->data.nearest(at);
    if (nearest && (*nearest < link->from() || *nearest > link->to()))
        nearest.reset();
    // In a gap the crosshair stays with the mouse and says that there is no sample.
    const double reach = (link->to() - link->from()) / 50;
    link->setCrosshair(nearest && std::fabs(*nearest - at) <= reach ? *nearest : at);
}

void PlotSurface::mouseReleaseEvent(QMouseEvent* event)
{
    Q_UNUSED(event)
    m_pressedAt.reset();
    m_dragging = false;
    unsetCursor();
}

void PlotSurface::mouseDoubleClickEvent(QMouseEvent* event)
{
    if (event->button() == Qt::LeftButton)
        m_model->link->resetToLive();
}

void PlotSurface::wheelEvent(QWheelEvent* event)
{
    ChartLink* link = m_model->link.get();
    const QPoint delta = event->angleDelta();
    if (std::abs(delta.x()) > std::abs(delta.y()))
        link->pan(-delta.x() / 120.0 * (link->to() - link->from()) / 10);
    else if (delta.y() != 0)
        link->zoom(std::pow(0.8, delta.y() / 120.0), timeAt(event->position().x()));
    event->accept();
}

void PlotSurface::leaveEvent(QEvent* event)
{
    QCustomPlot::leaveEvent(event);
    m_model->link->setCrosshair(std::nullopt);
}

void PlotSurface::moveCrosshair(int direction)
{
    ChartLink* link = m_model->link.get();
    // Without one it comes in at the end the key points away from: ← begins at the newest sample.
    const double start = link->crosshair().value_or(direction < 0 ? link->to() + 1e-6 : link->from() - 1e-6);
    const std::optional<double> next = m_model->data.neighbour(start, direction);
    if (next && *next >= link->from() && *next <= link->to())
        link->setCrosshair(next);
}

void PlotSurface::keyPressEvent(QKeyEvent* event)
{
    ChartLink* link = m_model->link.get();
    const double span = link->to() - link->from();
    const double middle = link->crosshair().value_or((link->from() + link->to()) / 2);
    const bool shift = event->modifiers() & Qt::ShiftModifier;
    switch (event->key()) {
    case Qt::Key_Left:
    case Qt::Key_Right: {
        const int direction = event->key() == Qt::Key_Left ? -1 : 1;
        if (shift)
            link->pan(direction * span / 10);
        else
            moveCrosshair(direction);
        return;
    }
    case Qt::Key_Plus:
    case Qt::Key_Equal:
        link->zoom(0.5, middle);
        return;
    case Qt::Key_Minus:
        link->zoom(2, middle);
        return;
    case Qt::Key_Home:
    case Qt::Key_0:
        link->resetToLive();
        return;
    case Qt::Key_Space:
        link->setPaused(link->isLive());
        return;
    case Qt::Key_Escape:
        if (link->crosshair()) {
            link->setCrosshair(std::nullopt);
            return;
        }
        break;
    default:
        break;
    }
    event->ignore();
}

void PlotSurface::focusInEvent(QFocusEvent* event)
{
    QCustomPlot::focusInEvent(event);
    m_overlay->update();
}

void PlotSurface::focusOutEvent(QFocusEvent* event)
{
    QCustomPlot::focusOutEvent(event);
    m_overlay->update();
}

} // namespace atlas::gui
