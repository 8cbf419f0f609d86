// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/charts/plotdecorations_p.h"

namespace atlas::gui {

namespace {
QColor translucent(QColor color, double alpha)
{
    color.setAlphaF(float(alpha));
    return color;
}
} // namespace

BreachShades::BreachShades(QCustomPlot* plot, const PlotModel* model)
    : QCPAbstractItem(plot)
    , m_model(model)
{
    setSelectable(false);
}

double BreachShades::selectTest(const QPointF&, bool, QVariant*) const
{
    return -1;
}

void BreachShades::draw(QCPPainter* painter)
{
    const QCPAxis* x = parentPlot()->xAxis;
    const QRect rect = parentPlot()->axisRect()->rect();
    // Several series may be over at once: the union is shaded, once.
    std::vector<ChartBreach> breaches = m_model->data.breaches(x->range().lower, x->range().upper);
    std::sort(breaches.begin(), breaches.end(),
              [](const ChartBreach& a, const ChartBreach& b) { return a.from < b.from; });
    painter->setPen(Qt::NoPen);
    const auto shade = [&](double from, double to) {
        double left = x->coordToPixel(from);
        const double width = std::max(2.0, x->coordToPixel(to) - left); // a moment must be seen too
        left = std::min(left, double(rect.right() + 1) - width);
        painter->fillRect(QRectF(left, rect.top(), width, rect.height()),
                          translucent(m_model->style.breach, 0.13));
        painter->fillRect(QRectF(left, rect.top(), width, 2), translucent(m_model->style.breach, 0.8));
    };
    for (std::size_t i = 0; i < breaches.size();) {
        const double from = breaches[i].from;
        double to = breaches[i].to;
        for (++i; i < breaches.size() && breaches[i].from <= to; ++i)
            to = std::max(to, breaches[i].to);
        shade(from, to);
    }
}

Marks::Marks(QCustomPlot* plot, const PlotModel* model)
    : QCPAbstractItem(plot)
    , m_model(model)
{
    setSelectable(false);
}

double Marks::selectTest(const QPointF&, bool, QVariant*) const
{
    return -1;
}

void Marks::draw(QCPPainter* painter)
{
    const QRect rect = parentPlot()->axisRect()->rect();
    drawBudgets(painter, rect);
    drawAnnotations(painter, rect);
}

void Marks::drawBudgets(QCPPainter* painter, const QRect& rect)
{
    const QCPAxis* y = parentPlot()->yAxis;
    const QFontMetricsF metrics(m_model->style.smallFont);
    painter->setFont(m_model->style.smallFont);
    double beyond = rect.top() + 2;
    double lowestLabel = 1e9; // top of the label drawn last: two must not cover each other
    QList<ChartBudget> budgets = m_model->data.budgets();
    std::sort(budgets.begin(), budgets.end(),
              [](const ChartBudget& a, const ChartBudget& b) { return a.value < b.value; });
    for (const ChartBudget& budget : budgets) {
        const bool above = budget.value > y->range().upper;
        if (budget.value < y->range().lower)
            continue;
        const QString text = above ? QStringLiteral("↑ ") + budget.label : budget.label;
        const double width = metrics.horizontalAdvance(text) + 8;
        QRectF label(rect.right() - width - 4, 0, width, metrics.height() + 2);
        if (above) {
            label.moveTop(beyond);
            beyond = label.bottom() + 2;
        } else {
            const double at = std::round(y->coordToPixel(budget.value)) + 0.5;
            painter->setAntialiasing(false);
            painter->setPen(QPen(m_model->style.budget, 1.01, Qt::DashLine));
            painter->drawLine(QPointF(rect.left(), at), QPointF(rect.right(), at));
            label.moveBottom(at - 2);
            if (label.top() < rect.top() + 1)
                label.moveTop(at + 2);
            if (label.bottom() > lowestLabel)
                label.moveBottom(lowestLabel - 1);
            lowestLabel = label.top();
        }
        painter->setAntialiasing(true);
        painter->setPen(Qt::NoPen);
        painter->setBrush(translucent(m_model->style.background, 0.85));
        painter->drawRoundedRect(label, 3, 3);
        painter->setPen(m_model->style.budget);
        painter->drawText(label, Qt::AlignCenter, text);
    }
}

void Marks::drawAnnotations(QCPPainter* painter, const QRect& rect)
{
    const QCPAxis* x = parentPlot()->xAxis;
    const QFontMetricsF metrics(m_model->style.smallFont);
    painter->setFont(m_model->style.smallFont);
    double freeFrom = rect.left();
    for (const ChartAnnotation& annotation : m_model->annotations) {
        if (!x->range().contains(annotation.at))
            continue;
        const double at = std::round(x->coordToPixel(annotation.at)) + 0.5;
        painter->setAntialiasing(false);
        painter->setPen(QPen(m_model->style.annotation, 1.01, Qt::DotLine));
        painter->drawLine(QPointF(at, rect.top()), QPointF(at, rect.bottom()));
        painter->setAntialiasing(true);
        painter->setPen(Qt::NoPen);
        painter->setBrush(m_model->style.annotation);
        QPolygonF flag;
        flag << QPointF(at - 4, rect.top()) << QPointF(at + 4, rect.top()) << QPointF(at, rect.top() + 6);
        painter->drawPolygon(flag);
        if (at + 6 < freeFrom)
            continue; // the mark stays, its text would cover another
        const QString text = metrics.elidedText(annotation.text, Qt::ElideRight, 180);
        const double width = metrics.horizontalAdvance(text);
        double left = at + 6;
        if (left + width > rect.right())
            left = at - 6 - width;
        painter->setPen(m_model->style.annotation);
        painter->drawText(QPointF(left, rect.top() + metrics.ascent() + 1), text);
        freeFrom = left + width + 8;
    }
}

} // namespace atlas::gui
