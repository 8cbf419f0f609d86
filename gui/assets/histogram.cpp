// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/histogram.h"

#include <QDateTime>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>

#include "gui/theme/theme.h"

namespace atlas::gui {

namespace {
constexpr int binCount = 48;
constexpr double clickDistance = 4;
} // namespace

HistogramBins histogramBins(const std::vector<double>& bounds, int count)
{
    HistogramBins bins;
    if (bounds.size() < 2 || count < 1 || !std::isfinite(bounds.front()) || !std::isfinite(bounds.back()) ||
        bounds.front() >= bounds.back())
        return bins;
    const size_t buckets = bounds.size() - 1;
    bins.low = bounds.front();
    bins.high = bounds.back();
    const size_t cut = buckets / 100;
    if (cut > 0) {
        const double inner = bounds[buckets - cut] - bounds[cut];
        if (inner > 0 && bins.high - bins.low > 10 * inner) {
            bins.low = bounds[cut];
            bins.high = bounds[buckets - cut];
            bins.clipped = true;
        }
    }
    bins.shares.assign(size_t(count), 0);
    const double width = (bins.high - bins.low) / count;
    const double each = 1.0 / double(buckets);
    const auto binOf = [&](double value) {
        return std::clamp(int(std::floor((value - bins.low) / width)), 0, count - 1);
    };
    for (size_t i = 0; i < buckets; ++i) {
        const double from = bounds[i];
        const double to = bounds[i + 1];
        if (to < bins.low || from > bins.high)
            continue;
        if (to - from <= width * 1e-9) { // many equal values
            bins.shares[size_t(binOf(from))] += each;
            continue;
        }
        // Spread evenly over the bucket; the part outside the axis is left out.
        const int first = binOf(std::max(from, bins.low));
        const int last = binOf(std::min(to, bins.high));
        for (int b = first; b <= last; ++b) {
            const double left = std::max(from, bins.low + b * width);
            const double right = std::min(to, b + 1 == count ? bins.high : bins.low + (b + 1) * width);
            if (right > left)
                bins.shares[size_t(b)] += each * (right - left) / (to - from);
        }
    }
    return bins;
}

HistogramBins histogramColumns(const std::vector<filter::Bin>& counted, int count)
{
    HistogramBins bins;
    if (counted.empty() || count < 1 || !std::isfinite(counted.front().from) ||
        !std::isfinite(counted.back().to) || counted.front().from >= counted.back().to)
        return bins;
    double all = 0;
    for (const filter::Bin& bin : counted)
        all += double(bin.entities);
    if (all <= 0)
        return bins;
    auto [first, last] = filter::innerBins(counted);
    bins.clipped = last > first && counted.size() > 10 * (last - first + 1);
    if (!bins.clipped) {
        first = 0;
        last = counted.size() - 1;
    }
    const size_t shown = last - first + 1;
    const size_t each = (shown + size_t(count) - 1) / size_t(count);
    const size_t columns = (shown + each - 1) / each;
    bins.low = counted[first].from;
    // The last column may reach beyond the last bin: all are of one width.
    const double width = (counted.back().to - counted.front().from) / double(counted.size());
    bins.high = columns * each == shown ? counted[last].to : bins.low + double(columns * each) * width;
    bins.shares.assign(columns, 0);
    for (size_t i = first; i <= last; ++i)
        bins.shares[(i - first) / each] += double(counted[i].entities) / all;
    return bins;
}

std::pair<double, double> roundedRange(double low, double high, double span)
{
    if (!(span > 0) || !std::isfinite(span))
        return {low, high};
    const double step = std::pow(10.0, std::floor(std::log10(span / 100)));
    const double down = std::floor(low / step + 1e-9) * step;
    const double up = std::ceil(high / step - 1e-9) * step;
    // Multiplying leaves crumbs (0.1 × 3); the decimal text has none.
    const int decimals = std::clamp(int(-std::floor(std::log10(step))), 0, 15);
    return {QString::number(down, 'f', decimals).toDouble(), QString::number(up, 'f', decimals).toDouble()};
}

QString plainNumber(double value)
{
    if (value == 0)
        return QStringLiteral("0");
    const double size = std::abs(value);
    if (size >= 1e15 || size < 1e-6)
        return QString::number(value, 'g', 15);
    QString text = QString::number(value, 'f', std::clamp(14 - int(std::floor(std::log10(size))), 0, 15));
    if (text.contains(QLatin1Char('.'))) {
        while (text.endsWith(QLatin1Char('0')))
            text.chop(1);
        if (text.endsWith(QLatin1Char('.')))
            text.chop(1);
    }
    return text;
}

Histogram::Histogram(QWidget* parent)
    : QWidget(parent)
{
    setMouseTracking(true);
    setFocusPolicy(Qt::TabFocus);
    setCursor(Qt::CrossCursor);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setAccessibleName(tr("Distribution; arrows and Enter choose a range"));
    setToolTip(tr("Drag over the columns to filter by a range"));
}

void Histogram::setBounds(const std::vector<double>& bounds, ValueType type, const QString& unit)
{
    showColumns(histogramBins(bounds, binCount), type, unit);
}

void Histogram::setBins(const std::vector<filter::Bin>& counted, ValueType type, const QString& unit,
                        bool clipped)
{
    HistogramBins bins = histogramColumns(counted, binCount);
    bins.clipped = bins.clipped || clipped;
    showColumns(std::move(bins), type, unit);
}

void Histogram::showColumns(HistogramBins bins, ValueType type, const QString& unit)
{
    m_type = type;
    m_unit = unit;
    m_bins = std::move(bins);
    m_brush.reset();
    m_anchor.reset();
    m_hover.reset();
    update();
}

void Histogram::setFaded(bool faded)
{
    if (std::exchange(m_faded, faded) != faded)
        update();
}

void Histogram::clear()
{
    setBounds({}, m_type, {});
}

QRectF Histogram::plotRect() const
{
    const int line = QFontMetrics(Theme::instance().smallFont()).height();
    return QRectF(rect()).adjusted(1, line + 4, -1, -line - 4);
}

double Histogram::valueAt(double x) const
{
    const QRectF plot = plotRect();
    const double part = std::clamp((x - plot.left()) / std::max(1.0, plot.width()), 0.0, 1.0);
    return m_bins.low + part * (m_bins.high - m_bins.low);
}

double Histogram::xOf(double value) const
{
    const QRectF plot = plotRect();
    const double part = std::clamp((value - m_bins.low) / (m_bins.high - m_bins.low), 0.0, 1.0);
    return plot.left() + part * plot.width();
}

QString Histogram::textOf(double value) const
{
    if (m_type == ValueType::Timestamp) {
        const QDateTime at = QDateTime::fromMSecsSinceEpoch(qint64(value / 1000), Qt::UTC);
        const double days = (m_bins.high - m_bins.low) / 86400e6;
        return at.toString(days > 3 ? QStringLiteral("yyyy-MM-dd") : QStringLiteral("yyyy-MM-dd HH:mm"));
    }
    const double step = (m_bins.high - m_bins.low) / 200;
    const int decimals = std::clamp(step > 0 ? int(std::ceil(-std::log10(step))) : 0, 0, 6);
    return QLocale().toString(value, 'f', decimals);
}

void Histogram::paintEvent(QPaintEvent*)
{
    if (isEmpty())
        return;
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF plot = plotRect();
    const double highest = *std::max_element(m_bins.shares.begin(), m_bins.shares.end());
    const double width = plot.width() / double(m_bins.shares.size());
    std::optional<std::pair<double, double>> chosen;
    if (m_brush)
        chosen = {xOf(m_brush->first), xOf(m_brush->second)};
    if (chosen) {
        painter.fillRect(QRectF(chosen->first, plot.top() - 2, std::max(1.0, chosen->second - chosen->first),
                                plot.height() + 2),
                         color(ColorRole::AccentSoft));
    }
    const QColor bar = color(m_faded ? ColorRole::TextDisabled : ColorRole::Accent);
    const QColor pale = blend(bar, color(ColorRole::Surface), 0.35);
    painter.setPen(Qt::NoPen);
    for (size_t i = 0; i < m_bins.shares.size(); ++i) {
        if (m_bins.shares[i] <= 0)
            continue;
        const double height = std::max(1.0, plot.height() * m_bins.shares[i] / highest);
        const double left = plot.left() + double(i) * width;
        const double middle = left + width / 2;
        const bool inside = !chosen || (middle >= chosen->first && middle <= chosen->second);
        painter.setBrush(inside ? bar : pale);
        painter.drawRect(QRectF(left, plot.bottom() - height, std::max(1.0, width - 1), height));
    }
    painter.setPen(QPen(color(ColorRole::Border), 1));
    painter.drawLine(QPointF(plot.left(), plot.bottom() + 0.5), QPointF(plot.right(), plot.bottom() + 0.5));

    painter.setFont(Theme::instance().smallFont());
    painter.setPen(color(ColorRole::TextMuted));
    const QRectF below(plot.left(), plot.bottom() + 2, plot.width(), height() - plot.bottom() - 2);
    const QString lowText = (m_bins.clipped ? QStringLiteral("‹ ") : QString()) + textOf(m_bins.low);
    const QString highText = textOf(m_bins.high) + (m_bins.clipped ? QStringLiteral(" ›") : QString());
    painter.drawText(below, Qt::AlignLeft | Qt::AlignTop, lowText);
    painter.drawText(below, Qt::AlignRight | Qt::AlignTop, highText);
    const QRectF above(plot.left(), 0, plot.width(), plot.top() - 2);
    if (m_brush) {
        painter.setPen(color(ColorRole::Accent));
        painter.setFont(Theme::instance().smallFont());
        painter.drawText(above, Qt::AlignCenter,
                         QStringLiteral("%1 – %2%3")
                             .arg(textOf(m_brush->first), textOf(m_brush->second),
                                  m_unit.isEmpty() ? QString() : QLatin1Char(' ') + m_unit));
        painter.setPen(QPen(color(ColorRole::Accent), 1));
        for (const double x : {chosen->first, chosen->second})
            painter.drawLine(QPointF(x, plot.top() - 2), QPointF(x, plot.bottom()));
    } else if (m_hover) {
        const double x = xOf(*m_hover);
        painter.drawText(above, Qt::AlignCenter,
                         textOf(*m_hover) + (m_unit.isEmpty() ? QString() : QLatin1Char(' ') + m_unit));
        painter.setPen(QPen(color(ColorRole::TextMuted), 1, Qt::DotLine));
        painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()));
    } else {
        painter.drawText(above, Qt::AlignLeft | Qt::AlignVCenter,
                         painter.fontMetrics().elidedText(tr("Drag to choose a range"), Qt::ElideRight,
                                                          int(above.width())));
    }
    if (hasFocus()) {
        painter.setPen(QPen(color(ColorRole::Accent), 1));
        painter.setBrush(Qt::NoBrush);
        painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
    }
}

void Histogram::mousePressEvent(QMouseEvent* event)
{
    if (event->button() != Qt::LeftButton || isEmpty())
        return;
    m_anchor = event->position().x();
    m_brush.reset();
    update();
}

void Histogram::mouseMoveEvent(QMouseEvent* event)
{
    if (isEmpty())
        return;
    m_hover = valueAt(event->position().x());
    if (m_anchor && std::abs(event->position().x() - *m_anchor) >= clickDistance) {
        const double a = valueAt(*m_anchor);
        const double b = valueAt(event->position().x());
        m_brush = std::minmax(a, b);
    }
    update();
}

void Histogram::mouseReleaseEvent(QMouseEvent* event)
{
    if (event->button() != Qt::LeftButton)
        return;
    m_anchor.reset();
    if (m_brush)
        choose();
    update();
}

void Histogram::choose()
{
    const double span = m_bins.high - m_bins.low;
    if (m_type == ValueType::Timestamp) {
        const double step = span > 3 * 86400e6 ? 86400e6 : 60e6; // whole days, else whole minutes
        Q_EMIT rangeChosen(std::floor(m_brush->first / step) * step,
                           std::ceil(m_brush->second / step) * step);
        return;
    }
    const auto [low, high] = roundedRange(m_brush->first, m_brush->second, span);
    Q_EMIT rangeChosen(low, high);
}

void Histogram::keyPressEvent(QKeyEvent* event)
{
    const double step = (m_bins.high - m_bins.low) / binCount;
    const bool upper = event->modifiers().testFlag(Qt::ShiftModifier);
    switch (event->key()) {
    case Qt::Key_Left:
    case Qt::Key_Right: {
        if (isEmpty())
            break;
        if (!m_brush)
            m_brush = {m_bins.low, m_bins.high};
        double& end = upper ? m_brush->second : m_brush->first;
        end += event->key() == Qt::Key_Left ? -step : step;
        end = upper ? std::clamp(end, m_brush->first, m_bins.high)
                    : std::clamp(end, m_bins.low, m_brush->second);
        update();
        return;
    }
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (!m_brush)
            break;
        choose();
        return;
    case Qt::Key_Escape:
        if (!m_brush)
            break;
        m_brush.reset();
        m_anchor.reset();
        update();
        return;
    default:
        break;
    }
    QWidget::keyPressEvent(event);
}

void Histogram::leaveEvent(QEvent*)
{
    m_hover.reset();
    update();
}

void Histogram::focusInEvent(QFocusEvent*)
{
    update();
}

void Histogram::focusOutEvent(QFocusEvent*)
{
    update();
}

} // namespace atlas::gui
