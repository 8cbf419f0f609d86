// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QWidget>

#include "gui/theme/theme.h"

namespace atlas::gui {

/// A state as a shape, so that it does not depend on colour: good = filled disc, busy = half disc,
/// warning = triangle, bad = cross in a square, unknown = empty ring.
class StateDot : public QWidget
{
    Q_OBJECT
public:
    enum class State { Unknown = 1, Busy, Good, Warning, Bad };

    explicit StateDot(QWidget* parent = nullptr, int size = 10);
    void setState(State state);
    State state() const { return m_state; }
    QSize sizeHint() const override { return {m_size, m_size}; }

    static void paint(QPainter* painter, const QRectF& rect, State state);
    static ColorRole colorRole(State state);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    int m_size;
    State m_state = State::Unknown;
};

/// The colour of an environment.
class ColorDot : public QWidget
{
    Q_OBJECT
public:
    explicit ColorDot(const QColor& color, QWidget* parent = nullptr, int size = 10);
    void setColor(const QColor& color);
    QSize sizeHint() const override { return {m_size, m_size}; }
    static QIcon icon(const QColor& color, int size = 10);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    int m_size;
    QColor m_color;
};

} // namespace atlas::gui
