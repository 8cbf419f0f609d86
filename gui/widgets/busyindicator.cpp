// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/widgets/busyindicator.h"

#include <QPainter>
#include <QTimerEvent>

#include "gui/theme/theme.h"

namespace atlas::gui {

namespace {
constexpr int steps = 24;
constexpr int stepMilliseconds = 42;
} // namespace

BusyIndicator::BusyIndicator(QWidget* parent, int diameter)
    : QWidget(parent)
    , m_diameter(diameter)
{
    setFixedSize(diameter, diameter);
    QSizePolicy policy = sizePolicy();
    policy.setRetainSizeWhenHidden(true);
    setSizePolicy(policy);
    setAttribute(Qt::WA_TransparentForMouseEvents);
    setAccessibleName(tr("Working"));
}

void BusyIndicator::setRunning(bool running)
{
    if (running == m_running)
        return;
    m_running = running;
    updateTimer();
    update();
}

void BusyIndicator::updateTimer()
{
    if (m_running && isVisible()) {
        if (!m_timer.isActive())
            m_timer.start(stepMilliseconds, this);
    } else {
        m_timer.stop();
    }
}

void BusyIndicator::timerEvent(QTimerEvent* event)
{
    if (event->timerId() != m_timer.timerId())
        return;
    m_step = (m_step + 1) % steps;
    update();
}

void BusyIndicator::showEvent(QShowEvent*)
{
    updateTimer();
}

void BusyIndicator::hideEvent(QHideEvent*)
{
    updateTimer();
}

void BusyIndicator::paintEvent(QPaintEvent*)
{
    if (!m_running)
        return;
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const qreal pen = qMax(1.6, m_diameter / 9.0);
    const QRectF ring = QRectF(rect()).adjusted(pen, pen, -pen, -pen);
    painter.setPen(QPen(color(ColorRole::Border), pen));
    painter.drawEllipse(ring);
    painter.setPen(QPen(color(ColorRole::Accent), pen, Qt::SolidLine, Qt::RoundCap));
    painter.drawArc(ring, -m_step * 360 * 16 / steps, 100 * 16);
}

} // namespace atlas::gui
