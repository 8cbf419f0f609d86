// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QElapsedTimer>
#include <QTimer>

#include <chrono>
#include <memory>

#include "gui/app/workspace.h"
#include "model/pipeline/history.h"

class QLabel;
class QPushButton;
class QSplitter;

namespace atlas::gui {

class BusyIndicator;
class ChartLink;
class HopStrip;
class MessageStrip;
class RouteTable;
class SegmentedControl;
class TimeSeriesChart;
struct WorstLag;

/// The way from commit to warehouse, live: every stage with its state, rows committed and lag over time, and
/// where each kind of query goes now.
class PipelineWorkspace : public Workspace
{
    Q_OBJECT
public:
    explicit PipelineWorkspace(QWidget* parent = nullptr);
    ~PipelineWorkspace() override;
    static WorkspaceInfo info();
    /// How long after a look at the history the next one begins.
    static std::chrono::milliseconds pollInterval(std::chrono::seconds window);

    QList<Command> commands() override;
    void refresh() override;
    void cancel() override;
    void activate() override;
    void deactivate() override;
    QVariantMap saveState() const override;
    void restoreState(const QVariantMap& state) override;
    bool isSettled() const override;
    QString shownError() const override;
    QList<TourStep> tourSteps() override;

    std::chrono::seconds window() const;
    void setWindow(std::chrono::seconds window);
    bool isPaused() const;
    void setPaused(bool paused);
    HopStrip* hops() const { return m_hops; }
    RouteTable* routeTable() const { return m_routes; }
    TimeSeriesChart* ratesChart() const { return m_rates; }
    TimeSeriesChart* lagChart() const { return m_lags; }

protected:
    void contextSet() override;

private:
    QWidget* buildBar();
    QWidget* buildCharts();
    QWidget* buildFreshness();
    void connectModels();
    void dropModels();
    void readHistory();
    void stopReading();
    void showHistory(const pipeline::History& history);
    void showSample();
    void showReason();
    void showWorst(const std::vector<WorstLag>& worst);
    void liveChanged(bool live);
    void setLogarithmic(bool logarithmic);

    SegmentedControl* m_windows = nullptr;
    QPushButton* m_pause = nullptr;
    BusyIndicator* m_busy = nullptr;
    QLabel* m_status = nullptr;
    MessageStrip* m_strip = nullptr;
    HopStrip* m_hops = nullptr;
    QSplitter* m_splitter = nullptr;
    TimeSeriesChart* m_rates = nullptr;
    TimeSeriesChart* m_lags = nullptr;
    SegmentedControl* m_scale = nullptr;
    RouteTable* m_routes = nullptr;
    QLabel* m_reason = nullptr;
    QLabel* m_worst = nullptr;

    std::shared_ptr<ChartLink> m_link;
    std::shared_ptr<lag::Monitor> m_monitor;
    std::shared_ptr<routing::Reader> m_reader;
    std::unique_ptr<pipeline::HistoryReader> m_history;
    QTimer m_next;
    QElapsedTimer m_asked;
    quint64 m_ticket = 0;  ///< of the read under way
    bool m_pending = true; ///< what was asked for is not on the screen yet
    bool m_active = false;
    bool m_historyError = false;
};

} // namespace atlas::gui
