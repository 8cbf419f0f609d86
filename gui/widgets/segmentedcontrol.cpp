// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/widgets/segmentedcontrol.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>

#include "gui/theme/theme.h"

namespace atlas::gui {

namespace {
constexpr int padding = 11;
constexpr int frame = 2;
} // namespace

SegmentedControl::SegmentedControl(QWidget* parent)
    : QWidget(parent)
{
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
}

void SegmentedControl::addSegment(const QString& text, const QVariant& value, const QString& tooltip)
{
    m_segments << Segment{text, value, tooltip};
    if (m_current < 0)
        m_current = 0;
    updateGeometry();
    update();
}

void SegmentedControl::setCurrentIndex(int index)
{
    if (index == m_current || index < 0 || index >= m_segments.size())
        return;
    m_current = index;
    setAccessibleName(m_segments.at(index).text);
    update();
    Q_EMIT currentChanged(index);
}

QVariant SegmentedControl::currentData() const
{
    return m_current < 0 ? QVariant() : m_segments.at(m_current).data;
}

void SegmentedControl::setCurrentData(const QVariant& value)
{
    for (int i = 0; i < m_segments.size(); ++i) {
        if (m_segments.at(i).data == value)
            setCurrentIndex(i);
    }
}

QSize SegmentedControl::sizeHint() const
{
    int width = 2 * frame;
    for (const Segment& segment : m_segments)
        width += fontMetrics().horizontalAdvance(segment.text) + 2 * padding;
    return {width, metrics::controlHeight};
}

QRect SegmentedControl::segmentRect(int index) const
{
    int left = frame;
    for (int i = 0; i < index; ++i)
        left += fontMetrics().horizontalAdvance(m_segments.at(i).text) + 2 * padding;
    const int width = fontMetrics().horizontalAdvance(m_segments.at(index).text) + 2 * padding;
    return {left, frame, width, height() - 2 * frame};
}

int SegmentedControl::segmentAt(const QPoint& point) const
{
    for (int i = 0; i < m_segments.size(); ++i) {
        if (segmentRect(i).contains(point))
            return i;
    }
    return -1;
}

void SegmentedControl::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(hasFocus() ? color(ColorRole::Accent) : color(ColorRole::Border));
    painter.setBrush(color(ColorRole::SurfaceAlt));
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), metrics::radius, metrics::radius);
    for (int i = 0; i < m_segments.size(); ++i) {
        const QRect area = segmentRect(i);
        const bool chosen = i == m_current;
        if (chosen) {
            painter.setPen(blend(color(ColorRole::Outline), color(ColorRole::Surface), 0.5));
            painter.setBrush(Theme::instance().isDark() ? color(ColorRole::AccentSoft)
                                                        : color(ColorRole::Surface));
            painter.drawRoundedRect(QRectF(area).adjusted(0.5, 0.5, -0.5, -0.5), metrics::radius - 1,
                                    metrics::radius - 1);
        }
        const bool strong = chosen || i == m_hover;
        painter.setPen(!isEnabled() ? color(ColorRole::TextDisabled)
                                    : color(strong ? ColorRole::Text : ColorRole::TextMuted));
        painter.drawText(area, Qt::AlignCenter | Qt::TextSingleLine, m_segments.at(i).text);
    }
}

void SegmentedControl::mousePressEvent(QMouseEvent* event)
{
    if (event->button() == Qt::LeftButton)
        setCurrentIndex(segmentAt(event->pos()));
}

void SegmentedControl::mouseMoveEvent(QMouseEvent* event)
{
    const int hover = segmentAt(event->pos());
    if (hover != m_hover) {
        m_hover = hover;
        update();
    }
}

void SegmentedControl::leaveEvent(QEvent*)
{
    m_hover = -1;
    update();
}

void SegmentedControl::keyPressEvent(QKeyEvent* event)
{
    switch (event->key()) {
    case Qt::Key_Left:
    case Qt::Key_Up:
        setCurrentIndex(m_current - 1);
        return;
    case Qt::Key_Right:
    case Qt::Key_Down:
        setCurrentIndex(m_current + 1);
        return;
    case Qt::Key_Home:
        setCurrentIndex(0);
        return;
    case Qt::Key_End:
        setCurrentIndex(count() - 1);
        return;
    default:
        QWidget::keyPressEvent(event);
    }
}

bool SegmentedControl::event(QEvent* event)
{
    if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        const int index = segmentAt(help->pos());
        if (index >= 0 && !m_segments.at(index).tooltip.isEmpty())
            QToolTip::showText(help->globalPos(), m_segments.at(index).tooltip, this);
        else
            QToolTip::hideText();
        return true;
    }
    return QWidget::event(event);
}

} // namespace atlas::gui
