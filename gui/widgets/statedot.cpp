// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/widgets/statedot.h"

#include <QPainter>
#include <QPainterPath>

namespace atlas::gui {

StateDot::StateDot(QWidget* parent, int size)
    : QWidget(parent)
    , m_size(size)
{
    setFixedSize(size, size);
    setAttribute(Qt::WA_TransparentForMouseEvents);
}

void StateDot::setState(State state)
{
    if (state == m_state)
        return;
    m_state = state;
    update();
}

ColorRole StateDot::colorRole(State state)
{
    switch (state) {
    case State::Unknown:
        return ColorRole::Outline;
    case State::Busy:
        return ColorRole::Info;
    case State::Good:
        return ColorRole::Positive;
    case State::Warning:
        return ColorRole::Warning;
    case State::Bad:
        return ColorRole::Critical;
    }
    return ColorRole::Outline;
}

void StateDot::paint(QPainter* painter, const QRectF& rect, State state)
{
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    const QColor ink = color(colorRole(state));
    const QRectF box = rect.adjusted(0.75, 0.75, -0.75, -0.75);
    const qreal pen = qMax(1.4, rect.width() / 7);
    switch (state) {
    case State::Unknown:
        painter->setPen(QPen(ink, pen));
        painter->setBrush(Qt::NoBrush);
        painter->drawEllipse(box.adjusted(pen / 2, pen / 2, -pen / 2, -pen / 2));
        break;
    case State::Busy:
        painter->setPen(QPen(ink, pen));
        painter->setBrush(Qt::NoBrush);
        painter->drawEllipse(box.adjusted(pen / 2, pen / 2, -pen / 2, -pen / 2));
        painter->setPen(Qt::NoPen);
        painter->setBrush(ink);
        painter->drawChord(box, 90 * 16, 180 * 16);
        break;
    case State::Good:
        painter->setPen(Qt::NoPen);
        painter->setBrush(ink);
        painter->drawEllipse(box);
        break;
    case State::Warning: {
        QPainterPath triangle;
        triangle.moveTo(box.center().x(), box.top());
        triangle.lineTo(box.bottomRight());
        triangle.lineTo(box.bottomLeft());
        triangle.closeSubpath();
        painter->fillPath(triangle, ink);
        break;
    }
    case State::Bad: {
        painter->setPen(Qt::NoPen);
        painter->setBrush(ink);
        painter->drawRoundedRect(box, 2, 2);
        painter->setPen(QPen(color(ColorRole::Surface), pen, Qt::SolidLine, Qt::RoundCap));
        const qreal inset = box.width() * 0.3;
        const QRectF cross = box.adjusted(inset, inset, -inset, -inset);
        painter->drawLine(cross.topLeft(), cross.bottomRight());
        painter->drawLine(cross.topRight(), cross.bottomLeft());
        break;
    }
    }
    painter->restore();
}

void StateDot::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    paint(&painter, rect(), m_state);
}

ColorDot::ColorDot(const QColor& initial, QWidget* parent, int size)
    : QWidget(parent)
    , m_size(size)
    , m_color(initial)
{
    setFixedSize(size, size);
    setAttribute(Qt::WA_TransparentForMouseEvents);
}

void ColorDot::setColor(const QColor& color)
{
    m_color = color;
    update();
}

QIcon ColorDot::icon(const QColor& color, int size)
{
    QIcon result;
    for (const int scale : {1, 2, 3}) {
        QPixmap pixmap(metrics::iconSize * scale, metrics::iconSize * scale);
        pixmap.setDevicePixelRatio(scale);
        pixmap.fill(Qt::transparent);
        QPainter painter(&pixmap);
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(Qt::NoPen);
        painter.setBrush(color);
        const qreal offset = (metrics::iconSize - size) / 2.0;
        painter.drawEllipse(QRectF(offset, offset, size, size));
        painter.end();
        result.addPixmap(pixmap);
    }
    return result;
}

void ColorDot::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(m_color);
    painter.drawEllipse(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5));
}

} // namespace atlas::gui
