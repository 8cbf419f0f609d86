// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QBasicTimer>
#include <QWidget>

namespace atlas::gui {

/// A turning ring while something is awaited. Has a timer only while it is running and visible.
class BusyIndicator : public QWidget
{
    Q_OBJECT
public:
    explicit BusyIndicator(QWidget* parent = nullptr, int diameter = 16);
    /// Keeps its place in the layout when it stops.
    void setRunning(bool running);
    bool isRunning() const { return m_running; }
    QSize sizeHint() const override { return {m_diameter, m_diameter}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    void timerEvent(QTimerEvent* event) override;
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;

private:
    void updateTimer();

    int m_diameter;
    int m_step = 0;
    bool m_running = false;
    QBasicTimer m_timer;
};

} // namespace atlas::gui
