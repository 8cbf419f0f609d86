// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "gui/charts/plotsurface_p.h"

namespace atlas::gui {

/// Shades the time in which a budget was broken, behind the lines.
class BreachShades : public QCPAbstractItem
{
    Q_OBJECT
public:
    BreachShades(QCustomPlot* plot, const PlotModel* model);
    double selectTest(const QPointF& pos, bool onlySelectable, QVariant* details) const override;

protected:
    void draw(QCPPainter* painter) override;

private:
    const PlotModel* m_model;
};

/// Budget lines and annotations, over the lines.
class Marks : public QCPAbstractItem
{
    Q_OBJECT
public:
    Marks(QCustomPlot* plot, const PlotModel* model);
    double selectTest(const QPointF& pos, bool onlySelectable, QVariant* details) const override;

protected:
    void draw(QCPPainter* painter) override;

private:
    void drawBudgets(QCPPainter* painter, const QRect& rect);
    void drawAnnotations(QCPPainter* painter, const QRect& rect);
    const PlotModel* m_model;
};

} // namespace atlas::gui
