// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QImage>
#include <QWidget>

#include <memory>

#include "gui/charts/chartdata.h"
#include "gui/charts/chartlink.h"
#include "gui/charts/chartstyle.h"
#include "gui/charts/charttext.h"

class QAction;

namespace atlas::gui {

/// Lines or stacked areas over time: header with title, legend and room for controls, below it the plot.
/// Wheel zooms, drag pans, double-click (or Home) goes back to live; with the keyboard ←/→ move the crosshair
/// from sample to sample, +/− zoom, Shift+←/→ pan, Space pauses, Esc hides the crosshair. Redraws are merged,
/// so calling the setters often is fine.
class TimeSeriesChart : public QWidget
{
    Q_OBJECT
public:
    enum class Shape { Lines = 1, Steps, StackedAreas };
    enum class Scale { Linear = 1, Logarithmic };

    explicit TimeSeriesChart(const QString& title, ChartUnit unit, QWidget* parent = nullptr);
    ~TimeSeriesChart() override;

    void setStyle(const ChartStyle& style);
    const ChartStyle& style() const;
    QString title() const;
    void setTitle(const QString& title);
    /// Muted, right of the title.
    void setSubtitle(const QString& text);
    void setUnit(ChartUnit unit, const QString& unitText = {});
    ChartUnit unit() const;
    void setShape(Shape shape);
    void setScale(Scale scale);
    Scale scale() const;
    /// Room at the right end of the header (segmented control, menu button). Takes ownership.
    void addHeaderWidget(QWidget* widget);
    /// False: no legend even with several series. Without a call: shown from two series on.
    void setLegendVisible(bool visible);

    // Series, in the order of the legend (and from the bottom up when stacked).
    void setSeries(const QString& id, const QString& name, std::vector<double> at,
                   std::vector<double> values);
    void append(const QString& id, double at, double value);
    void removeSeries(const QString& id);
    void clearSeries();
    void trim(double before);
    void setSeriesColor(const QString& id, int color); ///< index into ChartStyle::series
    void setSeriesVisible(const QString& id, bool visible);
    bool isSeriesVisible(const QString& id) const;
    void setGapAfter(double seconds);
    void setBudgets(const QList<ChartBudget>& budgets);
    void setAnnotations(const QList<ChartAnnotation>& annotations);
    const QList<ChartAnnotation>& annotations() const;
    const ChartData& data() const;

    // Time shown. Linked charts share it, and the crosshair.
    void setLink(std::shared_ptr<ChartLink> link);
    ChartLink* link() const;
    /// Shorthand for link()->setExtent(): what can be shown, and is shown while live.
    void setTimeRange(double from, double to);
    bool isLive() const;

    /// Of the part of time that is shown.
    std::vector<ChartBreach> breaches() const;
    QList<ChartReading> readings() const; ///< at the crosshair; empty without one
    bool isEmptyShown() const;
    void setEmptyText(const QString& text);

    QImage toImage(double pixelRatio = 2) const; ///< header, legend and plot, without the crosshair
    QByteArray toCsv() const;
    bool savePng(const QString& path) const;
    bool saveCsv(const QString& path) const;
    void copyImage() const;
    void copyCsv() const;
    /// Save and copy, with a file dialog; also in the context menu. Owned by the chart.
    QList<QAction*> exportActions() const;

    /// Draws now what is due; for pictures and tests.
    void flush();

Q_SIGNALS:
    void seriesVisibilityChanged(const QString& id, bool visible);
    void liveChanged(bool live);
    void saveFailed(const QString& path, const QString& reason);

protected:
    void contextMenuEvent(QContextMenuEvent* event) override;

private:
    void refreshLegend();
    void describe();

    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace atlas::gui
