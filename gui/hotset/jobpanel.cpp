// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/hotset/jobpanel.h"

#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QLocale>
#include <QProgressBar>
#include <QPushButton>
#include <QTableWidget>
#include <QVBoxLayout>

#include "gui/assets/attributelistmodel.h"
#include "gui/assets/estimatetext.h"
#include "gui/hotset/hotsetmodel.h"
#include "gui/support/timetext.h"
#include "gui/theme/theme.h"
#include "gui/widgets/badge.h"
#include "gui/widgets/buttons.h"
#include "gui/widgets/elidedlabel.h"
#include "gui/widgets/messagestrip.h"

namespace atlas::gui {

namespace {

Badge::Tone toneOf(HotState state)
{
    switch (state) {
    case HotState::Hot:
        return Badge::Tone::Hot;
    case HotState::Warming:
    case HotState::Cooling:
        return Badge::Tone::Warning;
    case HotState::Cold:
        break;
    }
    return Badge::Tone::Cold;
}

QLabel* wrapped(QWidget* parent)
{
    auto* label = new QLabel(parent);
    label->setWordWrap(true);
    label->setTextFormat(Qt::PlainText);
    return label;
}

constexpr int historyRows = 6;

} // namespace

JobPanel::JobPanel(QWidget* parent)
    : QWidget(parent)
    , m_name(new ElidedLabel(this))
    , m_state(new Badge(this))
    , m_facts(mutedLabel({}, this))
    , m_explain(wrapped(this))
    , m_change(primaryButton(tr("Promote"), this, QStringLiteral("hot")))
    , m_confirm(new QWidget(this))
    , m_question(wrapped(m_confirm))
    , m_yes(primaryButton(tr("Promote now"), m_confirm))
    , m_no(button(tr("Not now"), m_confirm))
    , m_why(mutedLabel({}, this))
    , m_jobBox(new QWidget(this))
    , m_phase(new QLabel(m_jobBox))
    , m_rate(mutedLabel({}, m_jobBox))
    , m_progress(new QProgressBar(m_jobBox))
    , m_pause(button(tr("Pause"), m_jobBox, QStringLiteral("pause")))
    , m_cancel(button(tr("Cancel and undo"), m_jobBox, QStringLiteral("cancel")))
    , m_resume(button(tr("Go on with it"), m_jobBox, QStringLiteral("play")))
    , m_strip(new MessageStrip(this))
    , m_historyTitle(sectionLabel(tr("History"), this))
    , m_history(new QTableWidget(0, 4, this))
{
    setAutoFillBackground(true);
    setBackgroundRole(QPalette::Base);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(metrics::large, metrics::normal, metrics::large, metrics::normal);
    column->setSpacing(metrics::small);
    auto* head = new QHBoxLayout;
    m_name->setFont(Theme::instance().titleFont());
    head->addWidget(m_name, 1);
    head->addWidget(m_state);
    column->addLayout(head);
    m_facts->setWordWrap(true);
    column->addWidget(m_facts);
    column->addWidget(m_explain);

    auto* changeRow = new QHBoxLayout;
    m_change->setObjectName(QStringLiteral("hotsetChange"));
    changeRow->addWidget(m_change);
    changeRow->addStretch();
    column->addLayout(changeRow);
    m_why->setWordWrap(true);
    column->addWidget(m_why);

    m_confirm->setObjectName(QStringLiteral("hotsetConfirm"));
    auto* confirmColumn = new QVBoxLayout(m_confirm);
    confirmColumn->setContentsMargins(0, 0, 0, 0);
    confirmColumn->addWidget(m_question);
    auto* confirmRow = new QHBoxLayout;
    m_yes->setObjectName(QStringLiteral("hotsetYes"));
    m_no->setObjectName(QStringLiteral("hotsetNo"));
    confirmRow->addWidget(m_yes);
    confirmRow->addWidget(m_no);
    confirmRow->addStretch();
    confirmColumn->addLayout(confirmRow);
    column->addWidget(m_confirm);

    auto* jobColumn = new QVBoxLayout(m_jobBox);
    jobColumn->setContentsMargins(0, metrics::small, 0, 0);
    jobColumn->setSpacing(metrics::small);
    auto* jobHead = new QHBoxLayout;
    m_phase->setFont(Theme::instance().strongFont());
    m_phase->setObjectName(QStringLiteral("hotsetPhase"));
    jobHead->addWidget(m_phase, 1);
    jobHead->addWidget(m_rate);
    jobColumn->addLayout(jobHead);
    m_rate->setObjectName(QStringLiteral("hotsetRate"));
    m_progress->setObjectName(QStringLiteral("hotsetProgress"));
    m_progress->setTextVisible(false);
    m_progress->setFixedHeight(8);
    m_progress->setRange(0, 1000);
    jobColumn->addWidget(m_progress);
    auto* jobRow = new QHBoxLayout;
    m_pause->setObjectName(QStringLiteral("hotsetPause"));
    m_cancel->setObjectName(QStringLiteral("hotsetCancel"));
    m_resume->setObjectName(QStringLiteral("hotsetResume"));
    jobRow->addWidget(m_resume);
    jobRow->addWidget(m_pause);
    jobRow->addWidget(m_cancel);
    jobRow->addStretch();
    jobColumn->addLayout(jobRow);
    column->addWidget(m_jobBox);
    column->addWidget(m_strip);

    column->addSpacing(metrics::small);
    column->addWidget(m_historyTitle);
    m_history->setObjectName(QStringLiteral("hotsetHistory"));
    m_history->setHorizontalHeaderLabels({tr("When"), tr("What"), tr("By"), tr("Result")});
    m_history->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    m_history->horizontalHeader()->setSectionResizeMode(3, QHeaderView::Stretch);
    m_history->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_history->setWordWrap(false);
    m_history->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_history->horizontalHeader()->setHighlightSections(false);
    m_history->verticalHeader()->hide();
    m_history->verticalHeader()->setDefaultSectionSize(metrics::rowHeight);
    m_history->setShowGrid(false);
    m_history->setFrameShape(QFrame::NoFrame);
    m_history->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_history->setSelectionMode(QAbstractItemView::NoSelection);
    m_history->setFocusPolicy(Qt::NoFocus);
    column->addWidget(m_history, 1);
    // Without a history the room goes here, not between the lines.
    column->addStretch(0);

    connect(m_change, &QPushButton::clicked, this, &JobPanel::askToChange);
    connect(m_no, &QPushButton::clicked, this, [this] {
        m_asking = false;
        refresh();
        m_change->setFocus();
    });
    connect(m_yes, &QPushButton::clicked, this, [this] {
        m_asking = false;
        const bool promotes = m_attribute.state == HotState::Cold || m_attribute.state == HotState::Warming;
        refresh();
        if (promotes)
            Q_EMIT promoteRequested(m_attribute.id);
        else
            Q_EMIT demoteRequested(m_attribute.id);
    });
    connect(m_pause, &QPushButton::clicked, this, [this] {
        if (m_running && m_running->paused)
            Q_EMIT unpauseRequested();
        else
            Q_EMIT pauseRequested();
    });
    connect(m_cancel, &QPushButton::clicked, this, &JobPanel::cancelRequested);
    connect(m_resume, &QPushButton::clicked, this, [this] {
        if (m_running)
            Q_EMIT resumeRequested(m_running->job);
    });
    refresh();
}

void JobPanel::setAttribute(const Attribute& attribute, double entitiesTotal)
{
    if (attribute.id != m_attribute.id) {
        m_asking = false;
        m_strip->clear();
    }
    m_attribute = attribute;
    m_total = entitiesTotal;
    refresh();
}

void JobPanel::setRunning(const std::optional<Running>& running)
{
    m_running = running;
    if (running && running->job.id != m_rateJob) {
        m_rateJob = running->job.id;
        m_rateFrom = running->job.rowsDone;
        m_rateTimer.start();
    }
    refresh();
}

void JobPanel::setBlocked(const QString& reason)
{
    if (reason == m_blocked)
        return;
    m_blocked = reason;
    refresh();
}

void JobPanel::setQueued(bool queued)
{
    m_queued = queued;
    refresh();
}

void JobPanel::askToChange()
{
    if (!m_change->isEnabled() || m_running)
        return;
    m_asking = true;
    refresh();
    m_yes->setFocus();
}

void JobPanel::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Escape && m_asking) {
        m_no->click();
        return;
    }
    QWidget::keyPressEvent(event);
}

void JobPanel::refresh()
{
    const bool promotes = m_attribute.state == HotState::Cold || m_attribute.state == HotState::Warming;
    // From a sample they are no counts.
    const auto number = [this](qint64 count) {
        return m_attribute.sampledEntities ? estimateText(static_cast<double>(count)) : countText(count);
    };
    const QString rows =
        m_attribute.entitiesWith ? number(*m_attribute.entitiesWith) : tr("an unknown number of");
    m_name->setText(m_attribute.name);
    m_state->setText(hotStateName(m_attribute.state));
    m_state->setTone(toneOf(m_attribute.state));
    m_state->setIconName(m_attribute.state == HotState::Hot ? QStringLiteral("hot") : QStringLiteral("cold"));
    QStringList facts{typeText(m_attribute.type)};
    if (m_attribute.entitiesWith && m_total > 0)
        facts.append(tr("%1 assets have it (%2)")
                         .arg(number(*m_attribute.entitiesWith),
                              shareText(static_cast<double>(*m_attribute.entitiesWith) / m_total)));
    if (m_attribute.distinctValues)
        facts.append(tr("%1 values").arg(number(*m_attribute.distinctValues)));
    m_facts->setText(facts.join(QStringLiteral(" · ")));
    m_facts->setToolTip(measuredText(m_attribute.measuredAt, m_attribute.sampledEntities.has_value()));

    switch (m_attribute.state) {
    case HotState::Cold:
        m_explain->setText(
            tr("Filters find it through the covering index. Promoted, its values also stand in one "
               "document per asset: equalities on several hot attributes become a single look-up. Every "
               "write of it then costs a little more."));
        break;
    case HotState::Warming:
        m_explain->setText(
            tr("Writers already write it to the projection; readers do not use it before every row was "
               "filled in and compared."));
        break;
    case HotState::Hot:
        m_explain->setText(
            tr("Equalities on it are looked up in the hot projection. Demoting it gives the space and "
               "the write cost back; filters go on finding the same assets."));
        break;
    case HotState::Cooling:
        m_explain->setText(
            tr("Readers and writers no longer use the projection; what is left of it is being removed."));
        break;
    }

    m_change->setText(promotes ? tr("Promote…") : tr("Demote…"));
    m_change->setIcon(icon(promotes ? QStringLiteral("hot") : QStringLiteral("cold"), ColorRole::AccentText));
    m_change->setVisible(!m_running && !m_asking && !m_queued);
    m_change->setEnabled(m_blocked.isEmpty() && m_attribute.id > 0);
    QString why = m_blocked;
    if (m_queued)
        why = tr("Waits for the change before it to end.");
    m_why->setText(why);
    m_why->setVisible(!why.isEmpty() && !m_running);
    m_confirm->setVisible(m_asking && !m_running);
    m_question->setText(
        promotes ? tr("Write about %1 rows into the projection, online, in small batches, then compare "
                      "every row? It can be paused, cancelled and undone.")
                       .arg(rows)
                 : tr("Stop using the projection for it at once and remove it from about %1 documents?")
                       .arg(rows));
    m_yes->setText(promotes ? tr("Promote now") : tr("Demote now"));

    m_jobBox->setVisible(m_running.has_value());
    if (!m_running)
        return;
    const hotset::Job& job = m_running->job;
    QString phase = phaseText(job);
    if (!phase.isEmpty())
        phase[0] = phase.at(0).toUpper();
    if (!m_running->ours)
        phase += tr(", nobody drives it here");
    else if (m_running->paused)
        phase += tr(", paused");
    else if (!m_running->waiting.isEmpty())
        phase += tr(", waits: %1").arg(m_running->waiting);
    m_phase->setText(phase);
    QString rate = job.rowsExpected > 0
                       ? tr("%1 of ≈%2 rows").arg(countText(job.rowsDone), countText(job.rowsExpected))
                       : tr("%1 rows").arg(countText(job.rowsDone));
    const double seconds = static_cast<double>(m_rateTimer.elapsed()) / 1000;
    if (m_running->ours && seconds > 1 && job.rowsDone > m_rateFrom && job.phase == QLatin1String("fill"))
        rate +=
            tr(" · %1/s").arg(countText(qRound64(static_cast<double>(job.rowsDone - m_rateFrom) / seconds)));
    m_rate->setText(rate);
    if (const auto progress = job.progress()) {
        m_progress->setRange(0, 1000);
        m_progress->setValue(static_cast<int>(*progress * 1000));
    } else {
        m_progress->setRange(0, 0);
    }
    m_pause->setVisible(m_running->ours);
    m_pause->setText(m_running->paused ? tr("Go on") : tr("Pause"));
    m_pause->setIcon(icon(m_running->paused ? QStringLiteral("play") : QStringLiteral("pause")));
    m_cancel->setVisible(m_running->ours && job.kind == hotset::Kind::Promote);
    m_resume->setVisible(!m_running->ours);
}

void JobPanel::setHistory(const std::vector<hotset::Job>& jobs)
{
    const int count = std::min(static_cast<int>(jobs.size()), historyRows);
    m_historyTitle->setVisible(count > 0);
    m_history->setVisible(count > 0);
    m_history->setRowCount(count);
    for (int row = 0; row < count; ++row) {
        const hotset::Job& job = jobs[static_cast<std::size_t>(row)];
        const QStringList cells{QLocale().toString(job.startedAt.toLocalTime(), QLocale::ShortFormat),
                                job.kind == hotset::Kind::Promote ? tr("promote") : tr("demote"),
                                job.requestedBy,
                                job.isOver() && !job.message.isEmpty() ? job.message : phaseText(job)};
        for (int column = 0; column < cells.size(); ++column) {
            auto* item = new QTableWidgetItem(cells.at(column));
            item->setToolTip(cells.at(column));
            m_history->setItem(row, column, item);
        }
    }
}

} // namespace atlas::gui
