// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/charts/crosshairoverlay_p.h"

#include <QPainter>

namespace atlas::gui {

namespace {
constexpr double kPadding = 8;
constexpr double kSwatch = 8;
} // namespace

CrosshairOverlay::CrosshairOverlay(const PlotModel* model, PlotSurface* surface)
    : QWidget(surface)
    , m_model(model)
    , m_surface(surface)
{
    setAttribute(Qt::WA_TransparentForMouseEvents);
    setFocusPolicy(Qt::NoFocus);
}

void CrosshairOverlay::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    if (m_surface->isEmptyShown())
        paintEmpty(painter);
    const std::optional<double> at = m_model->link->crosshair();
    if (at && *at >= m_model->link->from() && *at <= m_model->link->to())
        paintCrosshair(painter, *at);
    if (m_surface->hasFocus()) {
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(m_model->style.accent, 1.5));
        painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), 4, 4);
    }
}

void CrosshairOverlay::paintEmpty(QPainter& painter)
{
    painter.setFont(m_model->style.font);
    painter.setPen(m_model->style.mutedText);
    painter.drawText(m_surface->plotRect(), Qt::AlignCenter | Qt::TextWordWrap, m_model->emptyText);
}

void CrosshairOverlay::paintCrosshair(QPainter& painter, double at)
{
    const QRect plot = m_surface->plotRect();
    const double x = std::round(m_surface->xAxis->coordToPixel(at)) + 0.5;
    painter.setPen(QPen(m_model->style.accent, 1));
    painter.setRenderHint(QPainter::Antialiasing, false);
    painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()));
    painter.setRenderHint(QPainter::Antialiasing);

    const QList<ChartReading> readings = m_model->readings();
    double sum = 0;
    for (const ChartReading& reading : readings) {
        if (!reading.value)
            continue;
        sum += *reading.value;
        const double value = m_model->isStacked() ? sum : *reading.value;
        const double y = m_surface->yAxis->coordToPixel(value);
        if (!std::isfinite(y) || y < plot.top() - 2 || y > plot.bottom() + 2)
            continue;
        painter.setPen(QPen(m_model->style.background, 1.5));
        painter.setBrush(m_model->seriesColor(reading.color));
        painter.drawEllipse(QPointF(x, y), 3.5, 3.5);
    }
    paintReadout(painter, x, at, readings);
}

void CrosshairOverlay::paintReadout(QPainter& painter, double x, double at,
                                    const QList<ChartReading>& readings)
{
    struct Row
    {
        QString name;
        QString value;
        QColor color;
    };
    std::vector<Row> rows;
    double sum = 0;
    int known = 0;
    for (const ChartReading& reading : readings) {
        rows.push_back({reading.name, reading.value ? m_model->value(*reading.value) : tr("no sample"),
                        m_model->seriesColor(reading.color)});
        sum += reading.value.value_or(0);
        known += reading.value ? 1 : 0;
    }
    if (m_model->isStacked()) {
        std::reverse(rows.begin(), rows.end()); // as they lie on each other
        if (known > 1)
            rows.push_back({tr("Total"), m_model->value(sum), QColor()});
    }

    const QFontMetricsF metrics(m_model->style.smallFont);
    const QRectF area = QRectF(rect()).adjusted(4, 2, -4, -2);
    const double line = metrics.height() + 2;
    const auto fitting = int((area.height() - 2 * kPadding - line) / line);
    if (int(rows.size()) > fitting && fitting > 1) {
        const int more = int(rows.size()) - fitting + 1;
        rows.resize(std::size_t(fitting - 1));
        rows.push_back({tr("%n more", nullptr, more), QString(), QColor()});
    }
    const QString time = instantText(at, m_model->link->to() - m_model->link->from());
    double names = 0;
    double values = 0;
    for (Row& row : rows) {
        row.name = metrics.elidedText(row.name, Qt::ElideRight, 160);
        names = std::max(names, metrics.horizontalAdvance(row.name));
        values = std::max(values, metrics.horizontalAdvance(row.value));
    }
    const double width =
        std::max(metrics.horizontalAdvance(time), kSwatch + 6 + names + 16 + values) + 2 * kPadding;
    QRectF box(x + 12, 0, width, 2 * kPadding + line * double(rows.size() + 1));
    if (box.right() > area.right())
        box.moveRight(x - 12);
    box.moveLeft(std::max(box.left(), area.left()));
    box.moveTop(std::max(area.top(), double(m_surface->plotRect().top()) - 4));
    if (box.bottom() > area.bottom())
        box.moveBottom(std::max(area.bottom(), area.top() + box.height()));

    painter.setPen(QPen(m_model->style.border, 1));
    QColor background = m_model->style.readout;
    background.setAlphaF(0.96F);
    painter.setBrush(background);
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 5, 5);
    painter.setFont(m_model->style.smallFont);
    painter.setPen(m_model->style.mutedText);
    QRectF row(box.left() + kPadding, box.top() + kPadding, width - 2 * kPadding, line);
    painter.drawText(row, Qt::AlignLeft | Qt::AlignVCenter, time);
    for (const Row& r : rows) {
        row.translate(0, line);
        if (r.color.isValid()) {
            painter.setPen(Qt::NoPen);
            painter.setBrush(r.color);
            painter.drawRoundedRect(QRectF(row.left(), row.center().y() - kSwatch / 2, kSwatch, kSwatch), 2,
                                    2);
        }
        painter.setPen(m_model->style.text);
        painter.drawText(row.adjusted(kSwatch + 6, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter, r.name);
        painter.drawText(row, Qt::AlignRight | Qt::AlignVCenter, r.value);
    }
}

} // namespace atlas::gui
