// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QWidget>

#include <vector>

namespace atlas::gui {

/// A line without axes, as high as a line of text. NaN breaks it; values are spread evenly over the width.
class Sparkline : public QWidget
{
    Q_OBJECT
public:
    explicit Sparkline(QWidget* parent = nullptr);
    void setValues(std::vector<double> values);
    const std::vector<double>& values() const { return m_values; }
    void setColor(const QColor& color);
    QSize sizeHint() const override { return {64, 18}; }
    QSize minimumSizeHint() const override { return {24, 10}; }

    /// For item delegates. The lowest value lies on the bottom, the highest on top; a constant in the middle.
    static void paint(QPainter* painter, const QRectF& rect, const std::vector<double>& values,
                      const QColor& color);
    /// Columns standing on the bottom, 0 is no column: for histograms and common values.
    static void paintBars(QPainter* painter, const QRectF& rect, const std::vector<double>& values,
                          const QColor& color);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    std::vector<double> m_values;
    QColor m_color;
};

} // namespace atlas::gui
