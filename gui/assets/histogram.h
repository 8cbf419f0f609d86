// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include <optional>
#include <utility>
#include <vector>

#include "model/catalog/valuetype.h"
#include "model/filter/compiler.h"

namespace atlas::gui {

/// Columns of equal width over the part of the axis that is shown.
struct HistogramBins
{
    double low = 0;
    double high = 0;
    std::vector<double> shares; ///< of all values, summing to at most 1
    bool clipped = false;       ///< a few far values lie outside
};
/// From the bounds of equal-frequency buckets (ascending, at least two). Where the outer hundredth stretches
/// the axis more than ten times, it is left out and `clipped` is set. Empty shares: nothing to show.
HistogramBins histogramBins(const std::vector<double>& bounds, int count);
/// From counted bins of equal width, many more than `count`, at most so many columns. What is far out is left
/// out in the same way.
HistogramBins histogramColumns(const std::vector<filter::Bin>& counted, int count);

/// A range in round numbers about as fine as a pixel of the histogram: lower end down, upper end up.
std::pair<double, double> roundedRange(double low, double high, double span);
/// The number as few digits as say it: "0.25", "1200", not "1.2e3".
QString plainNumber(double value);

/// Distribution of a numeric attribute, with a brush: drag over it and what was swept becomes a range. With
/// the keyboard: arrows move the lower end, with Shift the upper one, Enter takes the range, Esc lets go.
class Histogram : public QWidget
{
    Q_OBJECT
public:
    explicit Histogram(QWidget* parent = nullptr);
    /// Times are microseconds since 1970.
    void setBounds(const std::vector<double>& bounds, ValueType type, const QString& unit);
    /// The same from counted bins; `clipped`: there are values beyond them.
    void setBins(const std::vector<filter::Bin>& counted, ValueType type, const QString& unit,
                 bool clipped = false);
    /// What is shown is no longer so.
    void setFaded(bool faded);
    bool isFaded() const { return m_faded; }
    void clear();
    bool isEmpty() const { return m_bins.shares.empty(); }
    const HistogramBins& columns() const { return m_bins; }
    std::optional<std::pair<double, double>> brush() const { return m_brush; }

    QSize sizeHint() const override { return {220, 108}; }
    QSize minimumSizeHint() const override { return {120, 84}; }

Q_SIGNALS:
    /// Both ends belong to it, in round numbers.
    void rangeChosen(double low, double high);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    QRectF plotRect() const;
    double valueAt(double x) const;
    double xOf(double value) const;
    QString textOf(double value) const;
    void choose();
    void showColumns(HistogramBins bins, ValueType type, const QString& unit);

    HistogramBins m_bins;
    ValueType m_type = ValueType::Number;
    QString m_unit;
    std::optional<std::pair<double, double>> m_brush; ///< as swept, low ≤ high
    std::optional<double> m_anchor;
    std::optional<double> m_hover;
    bool m_faded = false;
};

} // namespace atlas::gui
