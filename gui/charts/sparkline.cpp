// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/charts/sparkline.h"

#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <cmath>

namespace atlas::gui {

Sparkline::Sparkline(QWidget* parent)
    : QWidget(parent)
{
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
}

void Sparkline::setValues(std::vector<double> values)
{
    m_values = std::move(values);
    update();
}

void Sparkline::setColor(const QColor& color)
{
    m_color = color;
    update();
}

void Sparkline::paint(QPainter* painter, const QRectF& rect, const std::vector<double>& values,
                      const QColor& color)
{
    double low = std::numeric_limits<double>::infinity();
    double high = -low;
    for (const double value : values) {
        if (std::isfinite(value)) {
            low = std::min(low, value);
            high = std::max(high, value);
        }
    }
    if (!(high >= low))
        return;
    const QRectF area = rect.adjusted(1, 1.5, -1, -1.5);
    const double step = values.size() > 1 ? area.width() / double(values.size() - 1) : 0;
    const auto point = [&](std::size_t i) {
        const double share = high > low ? (values[i] - low) / (high - low) : 0.5;
        return QPointF(area.left() + step * double(i), area.bottom() - share * area.height());
    };
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    QPainterPath line;
    QPainterPath fill;
    for (std::size_t i = 0; i < values.size();) {
        if (!std::isfinite(values[i])) {
            ++i;
            continue;
        }
        const std::size_t begin = i;
        line.moveTo(point(i));
        for (++i; i < values.size() && std::isfinite(values[i]); ++i)
            line.lineTo(point(i));
        if (i == begin + 1) // a lone value: a dot
            line.lineTo(point(begin) + QPointF(0.01, 0));
        fill.moveTo(point(begin).x(), area.bottom() + 1);
        for (std::size_t j = begin; j < i; ++j)
            fill.lineTo(point(j));
        fill.lineTo(point(i - 1).x(), area.bottom() + 1);
    }
    QColor soft = color;
    soft.setAlphaF(0.14F);
    painter->fillPath(fill, soft);
    painter->strokePath(line, QPen(color, 1.3, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter->restore();
}

void Sparkline::paintBars(QPainter* painter, const QRectF& rect, const std::vector<double>& values,
                          const QColor& color)
{
    double high = 0;
    for (const double value : values)
        high = std::isfinite(value) ? std::max(high, value) : high;
    if (!(high > 0))
        return;
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    const double step = rect.width() / double(values.size());
    const double gap = step >= 4 ? 1 : 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!std::isfinite(values[i]) || values[i] <= 0)
            continue;
        const double height = std::max(1.0, values[i] / high * rect.height()); // something is never nothing
        painter->fillRect(QRectF(rect.left() + step * double(i), rect.bottom() - height, step - gap, height),
                          color);
    }
    painter->restore();
}

void Sparkline::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    paint(&painter, rect(), m_values, m_color.isValid() ? m_color : palette().color(QPalette::Highlight));
}

} // namespace atlas::gui
