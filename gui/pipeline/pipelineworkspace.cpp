// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/pipeline/pipelineworkspace.h"

#include <QAction>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QSplitter>
#include <QToolButton>

#include <algorithm>

#include "gui/app/services.h"
#include "gui/charts/timeserieschart.h"
#include "gui/pipeline/hopstrip.h"
#include "gui/pipeline/pipelineseries.h"
#include "gui/pipeline/routetable.h"
#include "gui/support/chartlooks.h"
#include "gui/support/timetext.h"
#include "gui/theme/theme.h"
#include "gui/widgets/busyindicator.h"
#include "gui/widgets/buttons.h"
#include "gui/widgets/messagestrip.h"
#include "gui/widgets/segmentedcontrol.h"
#include "model/environment/environment.h"

namespace atlas::gui {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

constexpr seconds defaultWindow = minutes(15);

int inSeconds(seconds window)
{
    return int(window.count());
}

/// Series that are not there any more go, the others keep colour and visibility.
void fill(TimeSeriesChart* chart, const std::vector<ChartSeries>& wanted)
{
    QStringList gone;
    for (const ChartSeries& known : chart->data().series()) {
        if (std::none_of(wanted.begin(), wanted.end(),
                         [&](const ChartSeries& each) { return each.id == known.id; }))
            gone << known.id;
    }
    for (const QString& id : std::as_const(gone))
        chart->removeSeries(id);
    for (const ChartSeries& series : wanted)
        chart->setSeries(series.id, series.name, series.at, series.values);
}

} // namespace

WorkspaceInfo PipelineWorkspace::info()
{
    return {QStringLiteral("pipeline"), tr("Pipeline"), QStringLiteral("pipeline"),
            tr("How rows come in and how far every stage is behind")};
}

milliseconds PipelineWorkspace::pollInterval(seconds window)
{
    if (window <= minutes(5))
        return seconds(2);
    return window <= std::chrono::hours(1) ? seconds(5) : seconds(15);
}

PipelineWorkspace::PipelineWorkspace(QWidget* parent)
    : Workspace(info(), parent)
    , m_strip(new MessageStrip(this))
    , m_hops(new HopStrip(this))
    , m_splitter(new QSplitter(Qt::Horizontal, this))
    , m_link(std::make_shared<ChartLink>())
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(buildBar());
    column->addWidget(horizontalLine(this));
    column->addWidget(m_strip);
    auto* hops = new QVBoxLayout;
    hops->setContentsMargins(metrics::normal, metrics::normal, metrics::normal, metrics::normal);
    hops->addWidget(m_hops);
    column->addLayout(hops);
    column->addWidget(horizontalLine(this));
    m_splitter->addWidget(buildCharts());
    m_splitter->addWidget(buildFreshness());
    m_splitter->setStretchFactor(0, 1);
    m_splitter->setStretchFactor(1, 0);
    m_splitter->setChildrenCollapsible(false);
    column->addWidget(m_splitter, 1);
    m_strip->setRetryVisible(true);

    m_next.setSingleShot(true);
    connect(&m_next, &QTimer::timeout, this, &PipelineWorkspace::readHistory);
    connect(m_strip, &MessageStrip::retryRequested, this, &PipelineWorkspace::refresh);
    connect(m_link.get(), &ChartLink::liveChanged, this, &PipelineWorkspace::liveChanged);
    for (TimeSeriesChart* chart : {m_rates, m_lags}) {
        connect(chart, &TimeSeriesChart::saveFailed, this, [this](const QString& path, const QString& why) {
            m_strip->showMessage(MessageStrip::Kind::Error,
                                 tr("The chart could not be saved as %1: %2").arg(path, why));
        });
    }
    liveChanged(true);
}

PipelineWorkspace::~PipelineWorkspace() = default;

QWidget* PipelineWorkspace::buildBar()
{
    auto* bar = new QWidget(this);
    auto* row = new QHBoxLayout(bar);
    row->setContentsMargins(metrics::normal, metrics::small, metrics::normal, metrics::small);
    row->setSpacing(metrics::small);
    m_windows = new SegmentedControl(bar);
    m_windows->setObjectName(QStringLiteral("pipelineWindow"));
    const auto window = [this](const QString& text, seconds length) {
        m_windows->addSegment(text, inSeconds(length), tr("Show the last %1").arg(text));
    };
    window(tr("5 min"), minutes(5));
    window(tr("15 min"), minutes(15));
    window(tr("1 h"), std::chrono::hours(1));
    window(tr("6 h"), std::chrono::hours(6));
    window(tr("24 h"), std::chrono::hours(24));
    m_windows->setCurrentData(inSeconds(defaultWindow));
    row->addWidget(m_windows);
    m_pause = button({}, bar);
    m_pause->setObjectName(QStringLiteral("pipelinePause"));
    row->addWidget(m_pause);
    m_busy = new BusyIndicator(bar);
    row->addWidget(m_busy);
    row->addStretch();
    m_status = mutedLabel({}, bar);
    row->addWidget(m_status);
    QToolButton* exports = iconButton(QStringLiteral("export"), tr("Save or copy a chart"), bar);
    exports->setObjectName(QStringLiteral("pipelineExport"));
    row->addWidget(exports);
    connect(m_windows, &SegmentedControl::currentChanged, this, [this] {
        m_pending = true;
        // Going live reads by itself.
        if (m_link->isLive())
            readHistory();
        else
            m_link->setPaused(false);
    });
    connect(m_pause, &QPushButton::clicked, this, [this] { setPaused(!isPaused()); });
    connect(exports, &QToolButton::clicked, this, [this, exports] {
        QMenu menu(this);
        for (TimeSeriesChart* chart : {m_rates, m_lags})
            menu.addMenu(chart->title())->addActions(chart->exportActions());
        menu.exec(exports->mapToGlobal(QPoint(0, exports->height())));
    });
    return bar;
}

QWidget* PipelineWorkspace::buildCharts()
{
    auto* charts = new QSplitter(Qt::Vertical, m_splitter);
    charts->setChildrenCollapsible(false);
    m_rates = new TimeSeriesChart(tr("Committed rows/s"), ChartUnit::RowsPerSecond, charts);
    m_rates->setObjectName(QStringLiteral("ratesChart"));
    m_rates->setShape(TimeSeriesChart::Shape::StackedAreas);
    m_lags = new TimeSeriesChart(tr("Lag per stage"), ChartUnit::Seconds, charts);
    m_lags->setObjectName(QStringLiteral("lagChart"));
    m_lags->setEmptyText(tr("No samples in this window: is the agent running?"));
    m_scale = new SegmentedControl(m_lags);
    m_scale->setObjectName(QStringLiteral("lagScale"));
    m_scale->addSegment(tr("Linear"), false, tr("Equal steps: how much worse it became"));
    m_scale->addSegment(tr("Log"), true, tr("Powers of ten: milliseconds and hours in one picture"));
    m_lags->addHeaderWidget(m_scale);
    connect(m_scale, &SegmentedControl::currentChanged, this,
            [this] { setLogarithmic(m_scale->currentData().toBool()); });
    for (TimeSeriesChart* chart : {m_rates, m_lags}) {
        followTheme(chart);
        chart->setLink(m_link);
        chart->setMinimumHeight(120);
        charts->addWidget(chart);
    }
    return charts;
}

QWidget* PipelineWorkspace::buildFreshness()
{
    auto* pane = new QWidget(m_splitter);
    pane->setAutoFillBackground(true);
    pane->setBackgroundRole(QPalette::Base);
    auto* column = new QVBoxLayout(pane);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* heading = sectionLabel(tr("Freshness"), pane);
    heading->setContentsMargins(metrics::normal, metrics::normal, metrics::normal, metrics::small);
    column->addWidget(heading);
    m_routes = new RouteTable(pane);
    auto* inset = new QVBoxLayout; // cells have the rest of the page's margin themselves
    inset->setContentsMargins(metrics::normal / 2, 0, metrics::normal / 2, 0);
    inset->addWidget(m_routes);
    column->addLayout(inset);
    column->addWidget(horizontalLine(pane));
    m_reason = mutedLabel({}, pane);
    m_reason->setObjectName(QStringLiteral("routeReason"));
    m_reason->setTextFormat(Qt::PlainText);
    m_reason->setWordWrap(true);
    m_reason->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    m_reason->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_reason->setContentsMargins(metrics::normal, metrics::small, metrics::normal, metrics::normal);
    column->addWidget(m_reason);
    column->addWidget(horizontalLine(pane));
    auto* worst = sectionLabel(tr("Worst in this window"), pane);
    worst->setContentsMargins(metrics::normal, metrics::normal, metrics::normal, metrics::tight);
    column->addWidget(worst);
    m_worst = new QLabel(pane);
    m_worst->setObjectName(QStringLiteral("worstLags"));
    m_worst->setTextFormat(Qt::RichText);
    m_worst->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    m_worst->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_worst->setContentsMargins(metrics::normal, 0, metrics::normal, metrics::normal);
    column->addWidget(m_worst);
    column->addStretch(1);
    showWorst({});
    pane->setMinimumWidth(300);
    connect(m_routes, &RouteTable::chosenChanged, this, &PipelineWorkspace::showReason);
    showReason();
    return pane;
}

void PipelineWorkspace::contextSet()
{
    connect(context(), &AppContext::environmentChanged, this, [this] {
        dropModels();
        if (m_active)
            activate();
    });
}

void PipelineWorkspace::dropModels()
{
    stopReading();
    m_next.stop();
    if (m_monitor)
        disconnect(m_monitor.get(), nullptr, this, nullptr);
    m_history.reset();
    m_reader.reset();
    m_monitor.reset();
    m_pending = true;
    m_hops->clear();
    m_rates->clearSeries();
    m_lags->clearSeries();
    showWorst({});
    m_routes->routeModel()->setRoutes({});
    m_status->clear();
    m_strip->clear();
    m_historyError = false;
    setProvenance({});
}

void PipelineWorkspace::connectModels()
{
    if (m_monitor)
        return;
    m_reader = readerOf(*context());
    m_monitor = monitorOf(*context());
    if (m_reader)
        m_history = std::make_unique<pipeline::HistoryReader>(m_reader.get());
}

void PipelineWorkspace::activate()
{
    m_active = true;
    if (!context() || !context()->environment())
        return;
    connectModels();
    connect(m_monitor.get(), &lag::Monitor::sampled, this, &PipelineWorkspace::showSample,
            Qt::UniqueConnection);
    if (m_monitor->hasSampled())
        showSample();
    if (m_link->isLive() || m_pending)
        readHistory();
}

void PipelineWorkspace::deactivate()
{
    m_active = false;
    m_next.stop();
    stopReading();
    if (m_monitor)
        disconnect(m_monitor.get(), &lag::Monitor::sampled, this, &PipelineWorkspace::showSample);
}

void PipelineWorkspace::readHistory()
{
    if (!m_active || !m_history)
        return;
    m_next.stop();
    stopReading(); // a read of another window; a poll never finds one
    m_asked.start();
    m_busy->setRunning(m_pending);
    const seconds asked = window();
    m_ticket = m_history->read(asked, this, [this, asked](db::Result<pipeline::History> result) {
        m_ticket = 0;
        m_busy->setRunning(false);
        m_pending = false;
        if (result) {
            if (m_historyError)
                m_strip->clear();
            m_historyError = false;
            showHistory(*result);
        } else {
            m_historyError = true;
            m_strip->showError(tr("The history could not be read"), result.error());
            m_strip->setRetryVisible(true);
        }
        // A login that was refused is tried again by a person only: a server may lock the account.
        if (m_link->isLive() && (result || !refusesLogin(result.error()))) {
            const auto left = pollInterval(asked) - milliseconds(m_asked.elapsed());
            m_next.start(std::max<milliseconds>(left, milliseconds(500)));
        }
        Q_EMIT settledChanged();
    });
}

void PipelineWorkspace::stopReading()
{
    if (m_ticket != 0 && m_history)
        m_history->cancel(m_ticket);
    m_ticket = 0;
    m_busy->setRunning(false);
}

void PipelineWorkspace::showHistory(const pipeline::History& history)
{
    const bool fromLedger = window() <= std::chrono::hours(1);
    m_rates->setEmptyText(fromLedger ? tr("Nothing was committed in this window.")
                                     : tr("No samples in this window: is the agent running?"));
    fill(m_rates, rateSeries(history));
    const std::optional<double> rate = latestRate(history);
    m_rates->setSubtitle(rate ? tr("%1 now").arg(valueText(*rate, ChartUnit::RowsPerSecond)) : QString());
    const std::vector<ChartSeries> lags = lagSeries(history);
    m_lags->setGapAfter(std::max(3 * history.bucketSeconds, 10.0));
    fill(m_lags, lags);
    showWorst(worstLags(lags));
    m_lags->setBudgets(lagBudgets(m_monitor->wantedSeconds(routing::Intent::Operational), lags));
    m_link->setExtent(history.from, history.to);

    Provenance provenance;
    provenance.endpoint = history.route.node;
    provenance.ageSeconds = history.route.ageSeconds;
    provenance.slaSeconds = history.route.wantedSeconds.value_or(0);
    provenance.met = history.route.met;
    provenance.note = RouteModel::reasonText(history.route);
    setProvenance(provenance);
}

void PipelineWorkspace::showSample()
{
    if (!m_monitor)
        return;
    const QList<lag::StageLag> stages = m_monitor->stages();
    m_hops->setStages(stages);
    QList<routing::Route> routes;
    for (const routing::Intent intent : routing::allIntents())
        routes << m_monitor->route(intent);
    const bool first = m_routes->routeModel()->rowCount() == 0;
    m_routes->routeModel()->setRoutes(routes);
    if (first) {
        m_routes->setFixedHeight(m_routes->sizeHint().height());
        m_routes->selectRow(int(routing::allIntents().indexOf(routing::Intent::Operational)));
    }
    if (!stages.isEmpty() && stages.first().measuredAt.isValid()) {
        m_status->setText(
            tr("Looked at %1")
                .arg(stages.first().measuredAt.toLocalTime().toString(QStringLiteral("HH:mm:ss"))));
    }
    if (first)
        Q_EMIT settledChanged();
}

void PipelineWorkspace::showReason()
{
    const routing::Route* route = m_routes->chosen();
    m_reason->setText(route ? RouteModel::reasonText(*route)
                            : tr("Choose a kind of query to see why it goes where it goes."));
}

void PipelineWorkspace::showWorst(const std::vector<WorstLag>& worst)
{
    const QString cell = QStringLiteral("<td align='%1' style='padding: 2px 16px 2px 0'>%2</td>");
    QString rows;
    for (const WorstLag& each : worst) {
        const QDateTime at = QDateTime::fromMSecsSinceEpoch(qRound64(each.at * 1000));
        const QString lag = each.seconds ? durationText(*each.seconds).toHtmlEscaped() : tr("unknown");
        rows += QStringLiteral("<tr>%1%2%3</tr>")
                    .arg(cell.arg(QStringLiteral("left"), each.name.toHtmlEscaped()),
                         cell.arg(QStringLiteral("right"), lag),
                         cell.arg(QStringLiteral("left"),
                                  each.seconds ? tr("at %1").arg(at.toString(QStringLiteral("HH:mm:ss")))
                                               : QString()));
    }
    const QString text = rows.isEmpty() ? tr("No samples in this window.")
                                        : QStringLiteral("<table cellspacing='0'>%1</table>").arg(rows);
    // Set again it would lose what is selected.
    if (m_worst->text() != text)
        m_worst->setText(text);
}

void PipelineWorkspace::liveChanged(bool live)
{
    m_pause->setText(live ? tr("Pause") : tr("Back to live"));
    m_pause->setIcon(icon(live ? QStringLiteral("pause") : QStringLiteral("play")));
    m_pause->setToolTip(live ? tr("Hold the charts still. The stages above stay live.")
                             : tr("Show the whole window again and follow the present"));
    if (live) {
        readHistory();
    } else {
        // What is on the screen must not slide out of the window while it is looked at.
        m_next.stop();
        if (!m_pending)
            stopReading();
    }
}

bool PipelineWorkspace::isPaused() const
{
    return !m_link->isLive();
}

void PipelineWorkspace::setPaused(bool paused)
{
    m_link->setPaused(paused);
}

seconds PipelineWorkspace::window() const
{
    return seconds(m_windows->currentData().toInt());
}

void PipelineWorkspace::setWindow(seconds window)
{
    m_windows->setCurrentData(inSeconds(window));
}

void PipelineWorkspace::setLogarithmic(bool logarithmic)
{
    m_lags->setScale(logarithmic ? TimeSeriesChart::Scale::Logarithmic : TimeSeriesChart::Scale::Linear);
}

void PipelineWorkspace::refresh()
{
    if (m_monitor)
        m_monitor->probeNow();
    m_pending = true;
    if (m_link->isLive())
        readHistory();
    else
        m_link->setPaused(false);
}

void PipelineWorkspace::cancel()
{
    if (m_ticket == 0)
        return;
    stopReading();
    m_pending = false;
    m_link->setPaused(true);
    m_strip->showMessage(MessageStrip::Kind::Info,
                         tr("Reading the history was cancelled. The charts are paused."));
    m_strip->setRetryVisible(true);
    m_historyError = true; // the next history takes the message away
    Q_EMIT settledChanged();
}

bool PipelineWorkspace::isSettled() const
{
    if (!context() || !context()->environment() || !m_active)
        return true;
    return !m_pending && m_monitor && m_monitor->hasSampled() && m_routes->routeModel()->rowCount() > 0;
}

QString PipelineWorkspace::shownError() const
{
    return m_strip->errorText();
}

QList<Command> PipelineWorkspace::commands()
{
    QList<Command> all;
    for (int i = 0; i < m_windows->count(); ++i) {
        if (i == m_windows->currentIndex())
            continue;
        all << Command{QStringLiteral("pipeline.window.%1").arg(i),
                       tr("Show the last %1").arg(m_windows->text(i)),
                       {},
                       tr("window time range history"),
                       QStringLiteral("history"),
                       {},
                       [this, i] { m_windows->setCurrentIndex(i); }};
    }
    all << Command{QStringLiteral("pipeline.pause"),
                   isPaused() ? tr("Charts back to live") : tr("Pause the charts"),
                   {},
                   tr("pause resume live hold"),
                   isPaused() ? QStringLiteral("play") : QStringLiteral("pause"),
                   {},
                   [this] { setPaused(!isPaused()); }};
    const bool logarithmic = m_scale->currentData().toBool();
    all << Command{QStringLiteral("pipeline.scale"),
                   logarithmic ? tr("Lag on a linear scale") : tr("Lag on a logarithmic scale"),
                   {},
                   tr("log linear axis"),
                   QStringLiteral("chart"),
                   {},
                   [this, logarithmic] { m_scale->setCurrentData(!logarithmic); }};
    for (TimeSeriesChart* chart : {m_rates, m_lags}) {
        const QList<QAction*> actions = chart->exportActions();
        for (int i = 0; i < actions.size(); ++i) {
            QAction* action = actions.at(i);
            all << Command{QStringLiteral("pipeline.export.%1.%2").arg(chart->objectName()).arg(i),
                           tr("%1: %2").arg(chart->title(), action->text()),
                           {},
                           tr("export chart png csv"),
                           QStringLiteral("export"),
                           {},
                           [action] { action->trigger(); }};
        }
    }
    return all;
}

QVariantMap PipelineWorkspace::saveState() const
{
    return {{QStringLiteral("window"), inSeconds(window())},
            {QStringLiteral("log"), m_scale->currentData().toBool()},
            {QStringLiteral("splitter"), m_splitter->saveState()}};
}

void PipelineWorkspace::restoreState(const QVariantMap& state)
{
    m_windows->setCurrentData(state.value(QStringLiteral("window"), inSeconds(defaultWindow)).toInt());
    m_scale->setCurrentData(state.value(QStringLiteral("log"), false).toBool());
    m_splitter->restoreState(state.value(QStringLiteral("splitter")).toByteArray());
}

QList<TourStep> PipelineWorkspace::tourSteps()
{
    return {{tr("the last 15 minutes"), [this] { setWindow(minutes(15)); }}};
}

} // namespace atlas::gui
