// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/activity/activityworkspace.h"

#include <QApplication>
#include <QClipboard>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QShortcut>
#include <QSplitter>
#include <QStackedWidget>
#include <QTableView>
#include <QTimer>
#include <QToolButton>
#include <QVBoxLayout>

#include "db/utf8.h"
#include "gui/activity/activitymodel.h"
#include "gui/activity/psqltext.h"
#include "gui/activity/sqlhighlighter.h"
#include "gui/support/timetext.h"
#include "gui/theme/theme.h"
#include "gui/widgets/badge.h"
#include "gui/widgets/buttons.h"
#include "gui/widgets/elidedlabel.h"
#include "gui/widgets/emptystate.h"
#include "gui/widgets/messagestrip.h"
#include "gui/widgets/searchfield.h"
#include "gui/widgets/segmentedcontrol.h"

namespace atlas::gui {

namespace {

QString shownValue(const db::Param& param)
{
    constexpr qsizetype most = 120;
    if (!param)
        return QStringLiteral("NULL");
    QString text = db::textOf(*param);
    text.replace(QLatin1Char('\n'), QChar(0x2424));
    return text.size() > most ? text.left(most) + QStringLiteral("… (%1)").arg(countText(text.size())) : text;
}

} // namespace

WorkspaceInfo ActivityWorkspace::info()
{
    return {QStringLiteral("activity"), tr("Activity"), QStringLiteral("activity"),
            tr("Every statement this console ran on your databases")};
}

ActivityWorkspace::ActivityWorkspace(QWidget* parent)
    : Workspace(info(), parent)
    , m_model(new ActivityModel(2000, this))
    , m_filter(new ActivityFilterModel(this))
    , m_search(new SearchField(tr("Search statements"), this))
    , m_table(new QTableView(this))
    , m_splitter(new QSplitter(Qt::Horizontal, this))
    , m_tick(new QTimer(this))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* bar = new QHBoxLayout;
    bar->setSpacing(metrics::small);
    bar->setContentsMargins(metrics::normal, metrics::small, metrics::normal, metrics::small);
    m_search->setMaximumWidth(340);
    m_search->setObjectName(QStringLiteral("activitySearch"));
    bar->addWidget(m_search, 1);
    auto* show = new SegmentedControl(this);
    show->setObjectName(QStringLiteral("activityShow"));
    show->addSegment(tr("All"), int(ActivityFilterModel::Show::All));
    show->addSegment(tr("Running"), int(ActivityFilterModel::Show::Running));
    show->addSegment(tr("Failed"), int(ActivityFilterModel::Show::Failed));
    bar->addWidget(show);
    bar->addStretch();
    m_count = mutedLabel({}, this);
    bar->addWidget(m_count);
    QToolButton* clear = iconButton(QStringLiteral("trash"), tr("Forget finished statements"), this);
    bar->addWidget(clear);
    column->addLayout(bar);
    column->addWidget(horizontalLine(this));

    m_filter->setSourceModel(m_model);
    m_table->setObjectName(QStringLiteral("activityTable"));
    m_table->setModel(m_filter);
    m_table->setFrameShape(QFrame::NoFrame);
    m_table->setShowGrid(false);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setWordWrap(false);
    m_table->setTabKeyNavigation(false);
    m_table->setSortingEnabled(true);
    m_table->sortByColumn(ActivityModel::Started, Qt::DescendingOrder);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(metrics::rowHeight);
    m_table->verticalHeader()->setMinimumSectionSize(metrics::rowHeight);
    QHeaderView* header = m_table->horizontalHeader();
    header->setHighlightSections(false);
    header->setSectionsMovable(true);
    const QFontMetrics text(Theme::instance().font());
    const auto width = [&](int section, const QString& sample) {
        header->resizeSection(section, text.horizontalAdvance(sample) + 26);
    };
    width(ActivityModel::State, QStringLiteral("cancelledmm"));
    width(ActivityModel::Started, QStringLiteral("00:00:00.000"));
    width(ActivityModel::Purpose, QStringLiteral("Committed rows per tenant"));
    width(ActivityModel::Endpoint, QStringLiteral("warehouse#analyst"));
    width(ActivityModel::Error, QStringLiteral("canceling statement due to"));
    width(ActivityModel::Name, QStringLiteral("catalog.attributes"));
    width(ActivityModel::Time, QStringLiteral("000 ms"));
    width(ActivityModel::Rows, QStringLiteral("00,000"));
    // What went wrong comes before the name, which only the source code knows.
    header->moveSection(header->visualIndex(ActivityModel::Error), header->visualIndex(ActivityModel::Name));
    header->setStretchLastSection(true);
    m_splitter->addWidget(m_table);

    auto* details = new QWidget(m_splitter);
    details->setAutoFillBackground(true);
    details->setBackgroundRole(QPalette::Base);
    auto* detailColumn = new QVBoxLayout(details);
    m_title = new ElidedLabel(details);
    m_title->setFont(Theme::instance().strongFont());
    detailColumn->addWidget(m_title);
    m_facts = mutedLabel({}, details);
    m_facts->setWordWrap(true);
    m_facts->setTextFormat(Qt::PlainText);
    m_facts->setTextInteractionFlags(Qt::TextSelectableByMouse);
    detailColumn->addWidget(m_facts);
    m_error = new MessageStrip(details);
    detailColumn->addWidget(m_error);
    detailColumn->addWidget(sectionLabel(tr("SQL"), details));
    m_sql = new QPlainTextEdit(details);
    m_sql->setObjectName(QStringLiteral("activitySql"));
    m_sql->setReadOnly(true);
    m_sql->setFont(Theme::instance().monospaceFont());
    m_sql->setTabChangesFocus(true);
    new SqlHighlighter(m_sql->document());
    detailColumn->addWidget(m_sql, 1);
    auto* buttons = new QHBoxLayout;
    m_copy = button(tr("Copy for psql"), details, QStringLiteral("copy"));
    m_copy->setObjectName(QStringLiteral("copyPsql"));
    m_copy->setToolTip(tr("PREPARE and EXECUTE with the values, to paste into psql"));
    m_cancel = button(tr("Cancel statement"), details, QStringLiteral("stop"));
    m_cancel->setObjectName(QStringLiteral("cancelStatement"));
    buttons->addWidget(m_copy);
    buttons->addStretch();
    buttons->addWidget(m_cancel);
    detailColumn->addLayout(buttons);

    auto* right = new QStackedWidget(m_splitter);
    right->addWidget(details);
    m_empty = new EmptyState(QStringLiteral("activity"), tr("No statement chosen"),
                             tr("Choose one to see its SQL, its values and how to run it in psql."), right);
    m_empty->setAutoFillBackground(true);
    m_empty->setBackgroundRole(QPalette::Base);
    right->addWidget(m_empty);
    m_details = right;
    m_splitter->addWidget(right);
    m_splitter->setStretchFactor(0, 3);
    m_splitter->setStretchFactor(1, 2);
    m_splitter->setChildrenCollapsible(false);
    m_splitter->setSizes({800, 400});
    column->addWidget(m_splitter, 1);

    m_tick->setInterval(250);
    connect(m_tick, &QTimer::timeout, m_model, &ActivityModel::tick);
    connect(m_search, &QLineEdit::textChanged, m_filter, &ActivityFilterModel::setSearch);
    connect(m_search, &SearchField::downPressed, this, [this] {
        m_table->setFocus(Qt::OtherFocusReason);
        if (!m_table->currentIndex().isValid())
            m_table->selectRow(0);
    });
    connect(show, &SegmentedControl::currentChanged, this, [this, show] {
        m_filter->setShow(ActivityFilterModel::Show(show->currentData().toInt()));
        updateCount();
    });
    connect(clear, &QToolButton::clicked, m_model, &ActivityModel::clearFinished);
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            &ActivityWorkspace::showCurrent);
    connect(m_model, &QAbstractItemModel::modelReset, this, &ActivityWorkspace::showCurrent);
    connect(m_filter, &QAbstractItemModel::rowsInserted, this, &ActivityWorkspace::updateCount);
    connect(m_filter, &QAbstractItemModel::rowsRemoved, this, &ActivityWorkspace::updateCount);
    connect(m_filter, &QAbstractItemModel::modelReset, this, &ActivityWorkspace::updateCount);
    connect(m_copy, &QPushButton::clicked, this, &ActivityWorkspace::copyCurrent);
    connect(m_cancel, &QPushButton::clicked, this, &ActivityWorkspace::cancelCurrent);
    auto* remove = new QShortcut(QKeySequence::Delete, m_table, nullptr, nullptr, Qt::WidgetShortcut);
    connect(remove, &QShortcut::activated, this, &ActivityWorkspace::cancelCurrent);
    showCurrent();
    updateCount();
}

ActivityWorkspace::~ActivityWorkspace() = default;

void ActivityWorkspace::contextSet()
{
    connect(context()->client(), &db::Client::statementStarted, this,
            [this](const db::StatementRecord& record) {
                m_model->start(record);
                updateTick();
            });
    connect(context()->client(), &db::Client::statementFinished, this,
            [this](const db::StatementRecord& record) {
                m_model->finish(record);
                updateTick();
                if (record.id == currentId())
                    showCurrent();
            });
}

void ActivityWorkspace::activate()
{
    m_isActive = true;
    updateTick();
    if (!m_table->currentIndex().isValid() && m_filter->rowCount() > 0)
        m_table->selectRow(0);
}

void ActivityWorkspace::deactivate()
{
    m_isActive = false;
    updateTick();
}

void ActivityWorkspace::updateTick()
{
    const bool wanted = m_isActive && m_model->runningCount() > 0;
    if (wanted && !m_tick->isActive())
        m_tick->start();
    else if (!wanted)
        m_tick->stop();
    updateCount();
}

void ActivityWorkspace::updateCount()
{
    const int shown = m_filter->rowCount();
    const int all = m_model->rowCount();
    QString text = shown == all ? all == 1 ? tr("1 statement") : tr("%1 statements").arg(countText(all))
                                : tr("%1 of %2 statements").arg(countText(shown), countText(all));
    if (m_model->runningCount() > 0)
        text += tr(", %1 running").arg(countText(m_model->runningCount()));
    m_count->setText(text);
}

quint64 ActivityWorkspace::currentId() const
{
    const QModelIndex current = m_table->currentIndex();
    if (!current.isValid())
        return 0;
    return m_model->recordAt(m_filter->mapToSource(current).row()).id;
}

void ActivityWorkspace::showCurrent()
{
    const db::StatementRecord* record = m_model->record(currentId());
    m_details->setCurrentIndex(record ? 0 : 1);
    if (!record)
        return;
    m_title->setText(record->statement.purpose.isEmpty() ? record->statement.name
                                                         : record->statement.purpose);
    QStringList facts = {record->statement.name, record->endpoint, ActivityModel::stateText(*record)};
    if (!ActivityModel::isRunning(*record)) {
        facts << elapsedText(record->milliseconds);
        facts << (record->rows == 1 ? tr("1 row") : tr("%1 rows").arg(countText(record->rows)));
    }
    facts.removeAll(QString());
    m_facts->setText(facts.join(QStringLiteral("  ·  ")));
    if (record->error && record->state != db::StatementRecord::State::Cancelled)
        m_error->showError({}, *record->error);
    else
        m_error->clear();
    QString text = QString::fromUtf8(record->statement.sql).trimmed();
    if (!record->statement.params.isEmpty()) {
        const auto count = record->statement.params.size();
        text += QLatin1String("\n\n-- ") + (count == 1 ? tr("1 value") : tr("%1 values").arg(count));
        for (int i = 0; i < count; ++i)
            text +=
                QStringLiteral("\n-- $%1 = %2").arg(i + 1).arg(shownValue(record->statement.params.at(i)));
    }
    if (m_sql->toPlainText() != text)
        m_sql->setPlainText(text);
    m_cancel->setEnabled(ActivityModel::isRunning(*record));
}

void ActivityWorkspace::cancelCurrent()
{
    const db::StatementRecord* record = m_model->record(currentId());
    if (record && ActivityModel::isRunning(*record))
        context()->client()->cancel(record->id);
}

void ActivityWorkspace::copyCurrent()
{
    if (const db::StatementRecord* record = m_model->record(currentId()))
        QApplication::clipboard()->setText(psqlText(record->statement));
}

void ActivityWorkspace::cancel()
{
    cancelCurrent();
}

void ActivityWorkspace::focusSearch()
{
    m_search->setFocus(Qt::ShortcutFocusReason);
    m_search->selectAll();
}

QList<Command> ActivityWorkspace::commands()
{
    QList<Command> all;
    all << Command{QStringLiteral("activity.cancelAll"),
                   tr("Cancel every running statement"),
                   {},
                   tr("stop kill"),
                   QStringLiteral("stop"),
                   {},
                   [this] {
                       for (int row = 0; row < m_model->rowCount(); ++row) {
                           if (ActivityModel::isRunning(m_model->recordAt(row)))
                               context()->client()->cancel(m_model->recordAt(row).id);
                       }
                   }};
    if (currentId() != 0) {
        all << Command{QStringLiteral("activity.copy"),
                       tr("Copy the chosen statement for psql"),
                       {},
                       tr("sql clipboard"),
                       QStringLiteral("copy"),
                       {},
                       [this] { copyCurrent(); }};
    }
    all << Command{QStringLiteral("activity.clear"),
                   tr("Forget finished statements"),
                   {},
                   tr("clear activity"),
                   QStringLiteral("trash"),
                   {},
                   [this] { m_model->clearFinished(); }};
    return all;
}

QVariantMap ActivityWorkspace::saveState() const
{
    return {{QStringLiteral("header"), m_table->horizontalHeader()->saveState()},
            {QStringLiteral("splitter"), m_splitter->saveState()}};
}

void ActivityWorkspace::restoreState(const QVariantMap& state)
{
    m_table->horizontalHeader()->restoreState(state.value(QStringLiteral("header")).toByteArray());
    m_splitter->restoreState(state.value(QStringLiteral("splitter")).toByteArray());
}

QList<TourStep> ActivityWorkspace::tourSteps()
{
    return {{tr("choose the longest statement"), [this] {
                 int longest = -1;
                 for (int row = 0; row < m_filter->rowCount(); ++row) {
                     const auto& record =
                         m_model->recordAt(m_filter->mapToSource(m_filter->index(row, 0)).row());
                     if (longest < 0 ||
                         record.statement.sql.size() >
                             m_model->recordAt(m_filter->mapToSource(m_filter->index(longest, 0)).row())
                                 .statement.sql.size())
                         longest = row;
                 }
                 if (longest >= 0)
                     m_table->selectRow(longest);
             }}};
}

} // namespace atlas::gui
