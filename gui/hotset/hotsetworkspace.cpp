// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/hotset/hotsetworkspace.h"

#include <QHeaderView>
#include <QLabel>
#include <QPainter>
#include <QShortcut>
#include <QSplitter>
#include <QStackedWidget>
#include <QStyledItemDelegate>
#include <QTableView>
#include <QTimer>
#include <QVBoxLayout>

#include "gui/app/services.h"
#include "gui/hotset/hotsetmodel.h"
#include "gui/hotset/jobpanel.h"
#include "gui/support/timetext.h"
#include "gui/theme/theme.h"
#include "gui/widgets/badge.h"
#include "gui/widgets/buttons.h"
#include "gui/widgets/emptystate.h"
#include "gui/widgets/messagestrip.h"
#include "gui/widgets/searchfield.h"

namespace atlas::gui {

namespace {

/// The state as a badge; the progress of a job as a thin bar under its words.
class HotSetDelegate : public QStyledItemDelegate
{
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        if (index.column() != HotSetModel::State) {
            QStyledItemDelegate::paint(painter, option, index);
            const double progress = index.data(HotSetModel::ProgressRole).toDouble();
            if (index.column() == HotSetModel::Job && progress >= 0) {
                const QRectF track(option.rect.left() + 4, option.rect.bottom() - 4, option.rect.width() - 12,
                                   2);
                painter->fillRect(track, color(ColorRole::Border));
                painter->fillRect(QRectF(track.topLeft(), QSizeF(track.width() * progress, track.height())),
                                  color(ColorRole::Accent));
            }
            return;
        }
        QStyleOptionViewItem background(option);
        initStyleOption(&background, index);
        const QString text = background.text;
        background.text.clear();
        background.widget->style()->drawControl(QStyle::CE_ItemViewItem, &background, painter,
                                                background.widget);
        const auto state = static_cast<HotState>(index.data(HotSetModel::StateRole).toInt());
        const Badge::Tone tone = state == HotState::Hot    ? Badge::Tone::Hot
                                 : state == HotState::Cold ? Badge::Tone::Cold
                                                           : Badge::Tone::Warning;
        Badge::paint(painter, option.rect.adjusted(6, 0, 0, 0), text, tone,
                     state == HotState::Hot ? QStringLiteral("hot") : QString());
    }
};

constexpr auto pollInterval = std::chrono::seconds(3);

} // namespace

WorkspaceInfo HotSetWorkspace::info()
{
    return {QStringLiteral("hotset"), tr("Hot set"), QStringLiteral("hotset"),
            tr("Promote attributes that filters use often, and see what is hot")};
}

HotSetWorkspace::HotSetWorkspace(QWidget* parent)
    : Workspace(info(), parent)
    , m_model(new HotSetModel(this))
    , m_search(new SearchField(tr("Search attributes"), this))
    , m_count(mutedLabel({}, this))
    , m_strip(new MessageStrip(this))
    , m_table(new QTableView(this))
    , m_splitter(new QSplitter(Qt::Horizontal, this))
    , m_side(new QStackedWidget(this))
    , m_panel(new JobPanel(this))
    , m_empty(new EmptyState(QStringLiteral("hotset"), tr("No attribute chosen"),
                             tr("Choose one to see what promoting it means."), this))
    , m_poll(new QTimer(this))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* bar = new QHBoxLayout;
    bar->setContentsMargins(metrics::normal, metrics::small, metrics::normal, metrics::small);
    bar->setSpacing(metrics::small);
    m_search->setObjectName(QStringLiteral("hotsetSearch"));
    m_search->setMaximumWidth(340);
    bar->addWidget(m_search, 1);
    bar->addStretch();
    bar->addWidget(m_count);
    column->addLayout(bar);
    column->addWidget(horizontalLine(this));
    column->addWidget(m_strip);

    m_table->setObjectName(QStringLiteral("hotsetTable"));
    // Before the model: afterwards every one of 10,000 rows is resized by itself.
    m_table->verticalHeader()->setDefaultSectionSize(metrics::rowHeight);
    m_table->verticalHeader()->setMinimumSectionSize(metrics::rowHeight);
    m_table->verticalHeader()->hide();
    m_table->setModel(m_model);
    m_table->setItemDelegate(new HotSetDelegate(m_table));
    m_table->setFrameShape(QFrame::NoFrame);
    m_table->setShowGrid(false);
    m_table->setWordWrap(false);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setTabKeyNavigation(false);
    QHeaderView* header = m_table->horizontalHeader();
    header->setHighlightSections(false);
    header->setStretchLastSection(true);
    const QFontMetrics text(Theme::instance().font());
    const auto width = [&](int section, const QString& sample) {
        header->resizeSection(section, text.horizontalAdvance(sample) + 26);
    };
    width(HotSetModel::Name, QStringLiteral("tire_pressure.front_left_00"));
    width(HotSetModel::Type, QStringLiteral("timestamp"));
    width(HotSetModel::State, QStringLiteral("warming mm"));
    width(HotSetModel::Filters, QStringLiteral("Filters, 30 d"));
    width(HotSetModel::Share, QStringLiteral("<0.01 %"));
    width(HotSetModel::Distinct, QStringLiteral("1,000,000"));
    m_splitter->addWidget(m_table);
    m_empty->setAutoFillBackground(true);
    m_empty->setBackgroundRole(QPalette::Base);
    m_side->addWidget(m_empty);
    m_side->addWidget(m_panel);
    m_splitter->addWidget(m_side);
    m_splitter->setStretchFactor(0, 3);
    m_splitter->setStretchFactor(1, 2);
    m_splitter->setChildrenCollapsible(false);
    m_splitter->setSizes({830, 410});
    column->addWidget(m_splitter, 1);

    m_poll->setInterval(pollInterval);
    connect(m_poll, &QTimer::timeout, this, &HotSetWorkspace::loadJobs);
    connect(m_search, &QLineEdit::textChanged, this, [this](const QString& typed) {
        const Attribute* current = m_model->attributeAt(m_table->currentIndex().row());
        const int id = current ? current->id : 0;
        m_model->setSearch(typed);
        select(id);
    });
    connect(m_search, &SearchField::downPressed, this, [this] {
        m_table->setFocus(Qt::OtherFocusReason);
        if (!m_table->currentIndex().isValid())
            m_table->selectRow(0);
    });
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            &HotSetWorkspace::showCurrent);
    connect(m_table, &QTableView::activated, this, [this] { m_panel->askToChange(); });
    connect(m_panel, &JobPanel::promoteRequested, this,
            [this](int id) { change(id, hotset::Kind::Promote); });
    connect(m_panel, &JobPanel::demoteRequested, this, [this](int id) { change(id, hotset::Kind::Demote); });
    connect(m_panel, &JobPanel::pauseRequested, this, [this] {
        if (m_runner)
            m_runner->pause();
        showCurrent();
    });
    connect(m_panel, &JobPanel::unpauseRequested, this, [this] {
        if (m_runner)
            m_runner->unpause();
        showCurrent();
    });
    connect(m_panel, &JobPanel::cancelRequested, this, [this] {
        if (m_runner)
            m_runner->cancel();
    });
    connect(m_panel, &JobPanel::resumeRequested, this, &HotSetWorkspace::resume);
    connect(m_strip, &MessageStrip::retryRequested, this, &HotSetWorkspace::refresh);
    showCurrent();
}

HotSetWorkspace::~HotSetWorkspace() = default;

void HotSetWorkspace::contextSet()
{
    connect(context(), &AppContext::tenantChanged, this, &HotSetWorkspace::tenantChanged);
    connect(context(), &AppContext::environmentChanged, this, &HotSetWorkspace::environmentChanged);
}

void HotSetWorkspace::environmentChanged()
{
    tenantChanged();
    // The same number is another tenant there.
    m_left.clear();
}

void HotSetWorkspace::stopDriving()
{
    if (m_runner && m_runner->isRunning() && m_catalog)
        m_left.insert(m_catalog->tenant(), {m_runner->job().attributeId, m_queue.size()});
    // Deleted here and now: it addresses the server by name, and its next step would go to whichever database
    // has that name by then. The job is in the database it belongs to, and can be gone on with.
    delete m_runner;
    m_runner = nullptr;
    m_queue.clear();
    m_waiting.clear();
}

void HotSetWorkspace::tenantChanged()
{
    ++m_generation;
    stopDriving();
    if (m_catalog)
        m_catalog->disconnect(this);
    if (m_monitor)
        m_monitor->disconnect(this);
    m_catalog.reset();
    m_monitor.reset();
    m_jobsLoaded = false;
    m_jobsLoading = false;
    m_usageLoading = false;
    m_jobsError.reset();
    m_reloading = false;
    m_note.clear();
    m_said.clear();
    m_strip->clear();
    m_model->setJobs({});
    m_model->setUsage({});
    m_model->setCatalog({});
    // An attribute of the next tenant may have the same number: neither question nor message is about it.
    m_panel->setAttribute({}, 0);
    m_panel->setRunning({});
    showCurrent();
    if (m_active)
        activate();
}

void HotSetWorkspace::activate()
{
    m_active = true;
    if (!m_catalog) {
        m_catalog = catalogOf(*context());
        m_monitor = monitorOf(*context());
        if (m_catalog) {
            connect(m_catalog.get(), &CatalogService::changed, this, &HotSetWorkspace::catalogChanged);
            connect(m_catalog.get(), &CatalogService::failed, this, [this] {
                m_reloading = false;
                showProblem();
            });
        }
        if (m_monitor)
            connect(m_monitor.get(), &lag::Monitor::sampled, this, &HotSetWorkspace::updateBlocked);
    }
    if (!m_catalog)
        return;
    if (m_catalog->isLoaded())
        catalogChanged();
    else
        showProblem(); // it is shared: it may have failed before anybody looked here
    loadJobs();
    loadUsage();
    m_poll->start();
    updateBlocked();
}

void HotSetWorkspace::deactivate()
{
    m_active = false;
    m_poll->stop();
}

void HotSetWorkspace::refresh()
{
    if (m_catalog)
        reloadCatalog();
    loadJobs();
    loadUsage();
}

void HotSetWorkspace::loadUsage()
{
    if (!m_catalog || m_usageLoading)
        return;
    m_usageLoading = true;
    const quint64 generation = m_generation;
    context()->client()->query(context()->endpoint(QStringLiteral("primary"), Purpose::Admin),
                               hotset::candidatesStatement(m_catalog->tenant()), this,
                               [this, generation](const db::Result<db::ResultSet>& result) {
                                   if (generation != m_generation)
                                       return;
                                   m_usageLoading = false;
                                   // It is advice: without it the list is what it was, and what is wrong with
                                   // the primary is said by those who need it.
                                   if (!result)
                                       return;
                                   const Attribute* current =
                                       m_model->attributeAt(m_table->currentIndex().row());
                                   const int id = current ? current->id : m_wantedSelection;
                                   m_model->setUsage(hotset::candidatesFromRows(*result));
                                   select(id);
                               });
}

void HotSetWorkspace::reloadCatalog()
{
    m_reloading = true;
    m_catalog->reload(routing::Intent::Critical);
}

void HotSetWorkspace::focusSearch()
{
    m_search->setFocus(Qt::ShortcutFocusReason);
    m_search->selectAll();
}

void HotSetWorkspace::showProblem()
{
    if (m_catalog && m_catalog->error()) {
        m_strip->showError(tr("The attributes could not be read"), *m_catalog->error());
        m_strip->setRetryVisible(true);
    } else if (m_jobsError) {
        m_strip->showError(tr("The history of the hot set could not be read"), *m_jobsError);
        m_strip->setRetryVisible(true);
    } else if (!m_note.isEmpty()) {
        m_strip->showMessage(MessageStrip::Kind::Info, m_note);
        m_strip->setRetryVisible(false);
    } else {
        m_strip->clear();
    }
}

void HotSetWorkspace::catalogChanged()
{
    m_reloading = false;
    showProblem();
    const Attribute* current = m_model->attributeAt(m_table->currentIndex().row());
    int id = current ? current->id : m_wantedSelection;
    m_model->setCatalog(m_catalog->catalog());
    if (id == 0 && !m_restoredName.isEmpty()) {
        if (const Attribute* restored = m_model->catalog().findName(m_restoredName))
            id = restored->id;
        m_restoredName.clear();
    }
    select(id);
    m_count->setText(tr("%1 hot of %2 attributes")
                         .arg(countText(m_model->hotCount()), countText(m_model->catalog().size())));
}

void HotSetWorkspace::select(int attributeId)
{
    m_wantedSelection = attributeId;
    const int row = attributeId ? m_model->rowOf(attributeId) : -1;
    if (row >= 0) {
        m_table->selectRow(row);
        m_table->scrollTo(m_model->index(row, 0));
    } else if (m_model->rowCount() > 0 && !m_table->currentIndex().isValid() && m_search->text().isEmpty()) {
        m_table->selectRow(0);
    }
    showCurrent();
}

void HotSetWorkspace::loadJobs()
{
    if (!m_catalog || m_jobsLoading)
        return;
    m_jobsLoading = true;
    const quint64 generation = m_generation;
    context()->client()->query(context()->endpoint(QStringLiteral("primary"), Purpose::Admin),
                               hotset::Runner::jobsStatement(m_catalog->tenant()), this,
                               [this, generation](const db::Result<db::ResultSet>& result) {
                                   if (generation == m_generation)
                                       jobsAnswered(result);
                               });
}

void HotSetWorkspace::jobsAnswered(const db::Result<db::ResultSet>& result)
{
    m_jobsLoading = false;
    m_jobsLoaded = true;
    if (!result) {
        m_jobsError = result.error();
        showProblem();
        return;
    }
    if (m_jobsError) {
        m_jobsError.reset();
        showProblem();
    }
    setProvenance({QStringLiteral("primary"), 0.0, 1, true,
                   tr("The hot set is read from the primary, where it is changed.")});
    std::vector<hotset::Job> jobs;
    bool isNews = false;
    for (int row = 0; row < result->rowCount(); ++row) {
        auto job = hotset::Job::fromRow(*result, row);
        if (!job)
            continue;
        const hotset::Job* known = m_model->job(job->id);
        // The read may be older than what became known meanwhile: what is over stays over.
        if (known && known->isOver()) {
            jobs.push_back(*known);
            continue;
        }
        isNews = isNews || !known || job->isOver();
        jobs.push_back(*job);
    }
    // What this window drives it knows better, too.
    m_model->setJobs(jobs);
    if (m_runner && m_runner->isRunning() && m_runner->job().id > 0)
        m_model->updateJob(m_runner->job());
    // Somebody else began or ended a change, and with it the attribute has another state.
    if (isNews)
        reloadCatalog();
    sayWhatWasLeft();
    showCurrent();
}

void HotSetWorkspace::sayWhatWasLeft()
{
    const auto left = m_left.constFind(m_catalog->tenant());
    if (left == m_left.constEnd())
        return;
    const Left was = *left;
    m_left.erase(left);
    const hotset::Job* job = m_model->newestJob(was.attributeId);
    const bool stands = job && !job->isOver();
    if (stands)
        m_note = tr("A change was under way when this tenant was left. It has stood still since, and can be "
                    "gone on with.");
    if (was.waiting > 0)
        m_note = QStringLiteral("%1 %2").arg(m_note, tr("Changes that waited were not begun.")).trimmed();
    if (stands)
        select(was.attributeId);
    showProblem();
}

void HotSetWorkspace::showCurrent()
{
    const Attribute* attribute = m_model->attributeAt(m_table->currentIndex().row());
    m_side->setCurrentWidget(attribute ? static_cast<QWidget*>(m_panel) : m_empty);
    if (!attribute)
        return;
    m_panel->setAttribute(*attribute, m_model->catalog().entitiesTotal());
    m_panel->setHistory(m_model->jobsOf(attribute->id));
    std::optional<JobPanel::Running> running;
    if (m_runner && m_runner->isRunning() && m_runner->job().attributeId == attribute->id) {
        running = JobPanel::Running{m_runner->job(), true, m_runner->isPaused(), m_waiting};
    } else if (const hotset::Job* job = m_model->newestJob(attribute->id); job && !job->isOver()) {
        running = JobPanel::Running{*job, false, false, {}};
    }
    m_panel->setRunning(running);
    m_panel->setQueued(std::any_of(m_queue.cbegin(), m_queue.cend(), [attribute](const Wanted& wanted) {
        return wanted.attributeId == attribute->id;
    }));
    showSaid();
}

void HotSetWorkspace::showSaid()
{
    const auto said = m_said.constFind(m_panel->attributeId());
    if (said == m_said.constEnd())
        m_panel->strip()->clear();
    else if (said->error)
        m_panel->strip()->showError(said->text, *said->error);
    else
        m_panel->strip()->showMessage(said->worked ? MessageStrip::Kind::Success : MessageStrip::Kind::Error,
                                      said->text);
}

void HotSetWorkspace::updateBlocked()
{
    QString reason;
    if (m_monitor && m_monitor->hasSampled() && m_monitor->route(routing::Intent::Critical).readOnly)
        reason = tr("The primary cannot be reached: nothing can be changed now.");
    m_panel->setBlocked(reason);
}

hotset::Runner* HotSetWorkspace::makeRunner()
{
    if (m_runner)
        return m_runner;
    m_runner = new hotset::Runner(context()->client(), m_monitor.get(), m_catalog->tenant(), this);
    connect(m_runner, &hotset::Runner::progressed, this, [this](const hotset::Job& job) {
        const bool begun = !m_model->job(job.id);
        m_model->updateJob(job);
        if (m_said.value(job.attributeId).passes)
            m_said.remove(job.attributeId);
        if (begun) {
            reloadCatalog(); // warming or cooling from now on
            loadJobs();      // the end of a job that was cancelled for this one
        }
        showCurrent();
    });
    connect(m_runner, &hotset::Runner::throttled, this, [this](const QString& reason) {
        m_waiting = reason;
        showCurrent();
    });
    connect(m_runner, &hotset::Runner::troubled, this, [this](const db::DbError& error) {
        m_said.insert(m_runner->job().attributeId,
                      {.text = tr("A step failed and is tried again"), .error = error, .passes = true});
        showCurrent();
    });
    connect(m_runner, &hotset::Runner::refused, this, [this](const db::DbError& error) {
        m_said.insert(m_runner->job().attributeId, {.text = tr("It was not done"), .error = error});
        m_waiting.clear();
        reloadCatalog();
        loadJobs();
        showCurrent();
        startNext();
    });
    connect(m_runner, &hotset::Runner::finished, this, [this](const hotset::Job& job) {
        m_model->updateJob(job);
        m_waiting.clear();
        Said said{.text = job.message, .error = {}, .worked = job.phase == QLatin1String("done")};
        if (said.worked && job.kind == hotset::Kind::Promote)
            said.text = tr("Verified: %1 rows compared, no difference. Filters use it from now on.")
                            .arg(countText(job.rowsDone));
        else if (said.worked)
            said.text = tr("Verified: removed from %1 documents, none left.").arg(countText(job.rowsDone));
        else if (!said.text.isEmpty())
            said.text[0] = said.text.at(0).toUpper();
        m_said.insert(job.attributeId, said);
        reloadCatalog(); // badges everywhere
        showCurrent();
        startNext();
    });
    return m_runner;
}

void HotSetWorkspace::change(int attributeId, hotset::Kind kind)
{
    if (!m_catalog)
        return;
    m_said.remove(attributeId);
    m_note.clear();
    showProblem();
    m_queue.append({attributeId, kind});
    startNext();
    showCurrent();
}

void HotSetWorkspace::startNext()
{
    if (m_queue.isEmpty() || (m_runner && m_runner->isRunning()))
        return;
    const Wanted next = m_queue.takeFirst();
    makeRunner()->begin(next.attributeId, next.kind);
    showCurrent();
}

void HotSetWorkspace::resume(const hotset::Job& job)
{
    if (m_runner && m_runner->isRunning())
        return;
    m_said.remove(job.attributeId);
    m_note.clear();
    showProblem();
    makeRunner()->resume(job);
    showCurrent();
}

QList<Command> HotSetWorkspace::commands()
{
    QList<Command> list;
    const Attribute* attribute = m_model->attributeAt(m_table->currentIndex().row());
    if (attribute) {
        const bool promotes = attribute->state == HotState::Cold;
        list.append(
            {QStringLiteral("hotset.change"),
             promotes ? tr("Promote %1…").arg(attribute->name) : tr("Demote %1…").arg(attribute->name),
             hotStateName(attribute->state),
             tr("hot set promote demote"),
             promotes ? QStringLiteral("hot") : QStringLiteral("cold"),
             {},
             [this] { m_panel->askToChange(); }});
    }
    list.append({QStringLiteral("hotset.refresh"),
                 tr("Read the hot set again"),
                 {},
                 {},
                 QStringLiteral("refresh"),
                 QKeySequence(Qt::Key_F5),
                 [this] { refresh(); }});
    return list;
}

QVariantMap HotSetWorkspace::saveState() const
{
    const Attribute* attribute = m_model->attributeAt(m_table->currentIndex().row());
    return {{QStringLiteral("attribute"), attribute ? attribute->name : m_restoredName},
            {QStringLiteral("splitter"), m_splitter->saveState()}};
}

void HotSetWorkspace::restoreState(const QVariantMap& state)
{
    m_restoredName = state.value(QStringLiteral("attribute")).toString();
    m_splitter->restoreState(state.value(QStringLiteral("splitter")).toByteArray());
}

bool HotSetWorkspace::isSettled() const
{
    if (!m_catalog)
        return !context() || !context()->tenant().isValid();
    const bool catalogShown = m_catalog->isLoaded() || m_catalog->error().has_value();
    return catalogShown && m_jobsLoaded && !m_usageLoading && !m_reloading && m_queue.isEmpty() &&
           !(m_runner && m_runner->isRunning());
}

QString HotSetWorkspace::shownError() const
{
    return m_strip->errorText().isEmpty() ? m_panel->strip()->errorText() : m_strip->errorText();
}

QList<TourStep> HotSetWorkspace::tourSteps()
{
    // Two attributes that many assets have: the pictures show a verified promotion, whatever the demo did
    // before.
    QList<TourStep> steps;
    for (const int place : {1, 0}) {
        steps.append({tr("promote a common attribute (%1)").arg(place + 1), [this, place] {
                          std::vector<const Attribute*> common;
                          for (int i = 0; i < m_model->catalog().size(); ++i) {
                              const Attribute& attribute = m_model->catalog().at(i);
                              if (attribute.type == ValueType::String &&
                                  attribute.distinctValues.value_or(1'000'000) <= 50)
                                  common.push_back(&attribute);
                          }
                          std::stable_sort(
                              common.begin(), common.end(), [](const Attribute* a, const Attribute* b) {
                                  return a->entitiesWith.value_or(0) > b->entitiesWith.value_or(0);
                              });
                          if (static_cast<int>(common.size()) <= place)
                              return;
                          const Attribute attribute = *common[static_cast<std::size_t>(place)];
                          select(attribute.id);
                          if (attribute.state == HotState::Cold)
                              change(attribute.id, hotset::Kind::Promote);
                      }});
    }
    return steps;
}

} // namespace atlas::gui
