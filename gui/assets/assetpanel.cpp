// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/assetpanel.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QListView>
#include <QMenu>
#include <QMouseEvent>
#include <QScrollBar>
#include <QSplitter>
#include <QStackedWidget>
#include <QStandardItemModel>
#include <QToolButton>
#include <QTreeView>
#include <QVBoxLayout>

#include <algorithm>

#include "gui/assets/assetvaluesmodel.h"
#include "gui/assets/clauses.h"
#include "gui/charts/timeserieschart.h"
#include "gui/support/chartlooks.h"
#include "gui/support/timetext.h"
#include "gui/theme/theme.h"
#include "gui/widgets/busyindicator.h"
#include "gui/widgets/buttons.h"
#include "gui/widgets/elidedlabel.h"
#include "gui/widgets/emptystate.h"
#include "gui/widgets/messagestrip.h"
#include "gui/widgets/searchfield.h"
#include "gui/widgets/segmentedcontrol.h"

namespace atlas::gui {

namespace {
/// Whether the asset reads the same with either.
bool sameFor(const browse::Asset& asset, const AttributeCatalog& a, const AttributeCatalog& b)
{
    return std::all_of(asset.values.begin(), asset.values.end(), [&](const browse::AssetValue& value) {
        const Attribute* left = a.findId(value.attributeId);
        const Attribute* right = b.findId(value.attributeId);
        if (!left || !right)
            return left == right;
        return left->name == right->name && left->type == right->type && left->unit == right->unit;
    });
}

/// UTC seconds since 1970 in the clock of whoever looks at it.
QString momentText(double seconds)
{
    return QLocale().toString(QDateTime::fromMSecsSinceEpoch(qRound64(seconds * 1000)),
                              QStringLiteral("MM-dd HH:mm:ss"));
}
} // namespace

AssetPanel::AssetPanel(QWidget* parent)
    : QWidget(parent)
{
    setObjectName(QStringLiteral("assetPanel"));
    setAutoFillBackground(true);
    setBackgroundRole(QPalette::Base);
    setMinimumWidth(220);

    m_empty = new EmptyState(QStringLiteral("assets"), tr("No asset chosen"),
                             tr("Choose a row to see all its attributes and their history."), this);
    m_content = new QWidget(this);
    m_title = new ElidedLabel(m_content);
    m_title->setFont(Theme::instance().strongFont());
    m_subtitle = new ElidedLabel(m_content);
    m_subtitle->setForegroundRole(QPalette::PlaceholderText);
    m_subtitle->setFont(Theme::instance().smallFont());
    m_copyId = iconButton(QStringLiteral("copy"), tr("Copy the id"), m_content);
    m_busy = new BusyIndicator(m_content, 14);
    m_strip = new MessageStrip(m_content);
    m_strip->setRetryVisible(true);
    m_search = new SearchField(tr("Search its attributes"), m_content);
    m_search->setObjectName(QStringLiteral("assetSearch"));
    m_model = new AssetValuesModel(this);
    m_delegate = new AssetValueDelegate(this);
    m_list = new QListView(m_content);
    m_list->setObjectName(QStringLiteral("assetValues"));
    m_list->setAccessibleName(tr("Attributes of the asset"));
    m_list->setModel(m_model);
    m_list->setItemDelegate(m_delegate);
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setUniformItemSizes(true);
    m_list->setMouseTracking(true);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_list->setContextMenuPolicy(Qt::CustomContextMenu);
    m_list->installEventFilter(this);
    m_list->viewport()->installEventFilter(this);

    m_history = new QWidget(m_content);
    m_historyTitle = new ElidedLabel(m_history);
    m_historyTitle->setFont(Theme::instance().strongFont());
    m_range = new SegmentedControl(m_history);
    m_range->setAccessibleName(tr("Time shown"));
    m_range->addSegment(tr("24h"), 24);
    m_range->addSegment(tr("7d"), 7 * 24);
    m_range->addSegment(tr("30d"), 30 * 24);
    m_range->setCurrentIndex(0);
    m_chart = new TimeSeriesChart({}, ChartUnit::None, m_history);
    m_chart->setObjectName(QStringLiteral("historyChart"));
    m_chart->setLegendVisible(false);
    followTheme(m_chart);
    m_changes = new QStandardItemModel(0, 2, this);
    m_changes->setHorizontalHeaderLabels({tr("since"), tr("value")});
    m_changeList = new QTreeView(m_history);
    m_changeList->setObjectName(QStringLiteral("historyChanges"));
    m_changeList->setModel(m_changes);
    m_changeList->setRootIsDecorated(false);
    m_changeList->setUniformRowHeights(true);
    m_changeList->setFrameShape(QFrame::NoFrame);
    m_changeList->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_changeList->setAccessibleName(tr("Values over time"));
    m_historyNote = mutedLabel({}, m_history);
    m_historyNote->setAlignment(Qt::AlignCenter);
    m_historyNote->setWordWrap(true);
    m_historyPages = new QStackedWidget(m_history);
    m_historyPages->addWidget(m_historyNote);
    m_historyPages->addWidget(m_chart);
    m_historyPages->addWidget(m_changeList);
    m_historyCut = mutedLabel({}, m_history);
    m_historyCut->setObjectName(QStringLiteral("historyCut"));
    m_historyCut->setContentsMargins(metrics::normal, 0, metrics::small, 0);
    m_historyCut->setWordWrap(true);
    m_historyCut->hide();
    auto* historyHead = new QHBoxLayout;
    historyHead->setContentsMargins(metrics::normal, metrics::tight, metrics::small, 0);
    historyHead->addWidget(m_historyTitle, 1);
    historyHead->addWidget(m_range);
    auto* historyLayout = new QVBoxLayout(m_history);
    historyLayout->setContentsMargins(0, metrics::tight, 0, metrics::small);
    historyLayout->setSpacing(metrics::tight);
    historyLayout->addLayout(historyHead);
    historyLayout->addWidget(m_historyPages, 1);
    historyLayout->addWidget(m_historyCut);
    m_history->setMinimumHeight(150);

    m_splitter = new QSplitter(Qt::Vertical, m_content);
    m_splitter->setChildrenCollapsible(false);
    m_splitter->addWidget(m_list);
    m_splitter->addWidget(m_history);
    m_splitter->setStretchFactor(0, 3);
    m_splitter->setStretchFactor(1, 2);

    auto* names = new QVBoxLayout;
    names->setSpacing(0);
    names->addWidget(m_title);
    names->addWidget(m_subtitle);
    auto* head = new QHBoxLayout;
    head->setContentsMargins(metrics::normal, metrics::small, metrics::tight, metrics::tight);
    head->addLayout(names, 1);
    head->addWidget(m_busy);
    head->addWidget(m_copyId);
    auto* searchRow = new QHBoxLayout;
    searchRow->setContentsMargins(metrics::small, 0, metrics::small, metrics::small);
    searchRow->addWidget(m_search);
    auto* content = new QVBoxLayout(m_content);
    content->setContentsMargins(0, 0, 0, 0);
    content->setSpacing(0);
    content->addLayout(head);
    content->addLayout(searchRow);
    content->addWidget(m_strip);
    content->addWidget(m_splitter, 1);
    m_pages = new QStackedWidget(this);
    m_pages->addWidget(m_empty);
    m_pages->addWidget(m_content);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_pages);

    connect(m_search, &QLineEdit::textChanged, this, [this](const QString& text) {
        m_model->setSearch(text);
        m_delegate->setWords(m_model->words());
        if (const int row = m_model->rowOf(m_attributeId); row >= 0)
            m_list->setCurrentIndex(m_model->index(row));
    });
    connect(m_search, &SearchField::downPressed, this, [this] {
        m_list->setFocus(Qt::OtherFocusReason);
        if (!m_list->currentIndex().isValid())
            m_list->setCurrentIndex(m_model->index(0));
    });
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this, &AssetPanel::chooseCurrent);
    connect(m_list, &QWidget::customContextMenuRequested, this, &AssetPanel::showMenu);
    connect(m_list, &QListView::doubleClicked, this, [this](const QModelIndex& index) {
        if (const Attribute* attribute = m_model->attributeAt(index.row()))
            Q_EMIT columnChosen(attribute->id);
    });
    connect(m_range, &SegmentedControl::currentChanged, this, &AssetPanel::askHistory);
    connect(m_copyId, &QToolButton::clicked, this, [this] {
        if (m_asset)
            QGuiApplication::clipboard()->setText(m_asset->externalId);
    });
    connect(m_strip, &MessageStrip::retryRequested, this, &AssetPanel::refresh);
    m_history->hide();
}

AssetPanel::~AssetPanel() = default;

void AssetPanel::setBrowser(browse::Browser* browser)
{
    clear();
    m_browser = browser;
}

void AssetPanel::setCatalog(const AttributeCatalog& catalog)
{
    const bool same = !m_asset || sameFor(*m_asset, m_catalog, catalog);
    m_catalog = catalog;
    // Statistics come with every filter; what is being read must not jump for them.
    if (!same)
        fill();
}

void AssetPanel::clear()
{
    if (m_browser && m_ticket)
        m_browser->cancel(m_ticket);
    m_ticket = 0;
    m_wanted = m_reading = 0;
    dropAsset();
    m_strip->clear();
    m_busy->setRunning(false);
    m_pages->setCurrentWidget(m_empty);
    Q_EMIT settledChanged();
}

void AssetPanel::dropAsset()
{
    dropHistory();
    m_asset.reset();
    m_filled = 0;
    m_model->clear();
    m_title->setText({});
    m_subtitle->setText({});
    m_subtitle->setToolTip({});
    m_history->hide();
}

void AssetPanel::showEntity(qint64 entityId)
{
    if (!m_browser || entityId == 0 || (entityId == m_wanted && (m_asset || m_ticket)))
        return;
    m_wanted = entityId;
    if (!m_ticket)
        ask();
}

void AssetPanel::refresh()
{
    if (!m_wanted || !m_browser || m_ticket)
        return;
    m_historyOf.reset(); // asked for by hand: the history, too
    ask();
}

void AssetPanel::ask()
{
    m_reading = m_wanted;
    m_busy->setRunning(true);
    m_pages->setCurrentWidget(m_content);
    m_ticket = m_browser->asset(
        m_reading, m_catalog, this, [this](std::variant<browse::Asset, browse::Problem> outcome) {
            m_ticket = 0;
            m_busy->setRunning(false);
            if (m_reading != m_wanted) {
                ask(); // somebody moved on meanwhile
                return;
            }
            if (const auto* problem = std::get_if<browse::Problem>(&outcome)) {
                // Under its error nobody wants the values of another one.
                if (!m_asset || m_asset->entityId != m_reading)
                    dropAsset();
                if (problem->error)
                    m_strip->showError(tr("The asset could not be read"), *problem->error);
                else
                    m_strip->showMessage(MessageStrip::Kind::Warning, problem->message);
                m_strip->setRetryVisible(true);
            } else {
                m_strip->clear();
                m_asset = std::get<browse::Asset>(std::move(outcome));
                fill();
            }
            Q_EMIT settledChanged();
        });
    Q_EMIT settledChanged();
}

void AssetPanel::fill()
{
    // Read again it stays where it was scrolled to.
    const bool again = m_filled == m_asset->entityId;
    const int scrolled = m_list->verticalScrollBar()->value();
    m_filled = m_asset->entityId;
    m_title->setText(m_asset->name.isEmpty() ? m_asset->externalId : m_asset->name);
    QStringList facts;
    if (!m_asset->type.isEmpty())
        facts.append(m_asset->type);
    if (!m_asset->name.isEmpty())
        facts.append(m_asset->externalId);
    facts.append(m_asset->values.size() == 1
                     ? tr("1 attribute")
                     : tr("%1 attributes").arg(countText(qint64(m_asset->values.size()))));
    m_subtitle->setText(facts.join(QStringLiteral(" · ")));
    m_subtitle->setToolTip(
        m_asset->createdAt.isValid()
            ? tr("First seen %1")
                  .arg(QLocale().toString(m_asset->createdAt.toLocalTime(), QLocale::ShortFormat))
            : QString());
    {
        const QSignalBlocker quiet(m_list->selectionModel());
        m_model->setAsset(*m_asset, m_catalog);
    }
    int row = m_model->rowOf(m_attributeId);
    if (row < 0 && !m_attributeId) {
        // Something to look at: the first number there is.
        for (int i = 0; i < m_model->rowCount() && row < 0; ++i) {
            const Attribute* attribute = m_model->attributeAt(i);
            if (attribute && attribute->type == ValueType::Number)
                row = i;
        }
    }
    if (row >= 0) {
        m_list->setCurrentIndex(m_model->index(row));
        m_list->scrollTo(m_model->index(row));
        if (again)
            m_list->verticalScrollBar()->setValue(scrolled);
        chooseCurrent();
        askHistory();
    } else {
        dropHistory();
        m_history->hide();
    }
}

void AssetPanel::chooseCurrent()
{
    const browse::AssetValue* value = m_model->valueAt(m_list->currentIndex().row());
    if (!value || value->attributeId == m_attributeId)
        return;
    m_attributeId = value->attributeId;
    askHistory();
}

void AssetPanel::selectAttribute(int attributeId)
{
    const int row = m_model->rowOf(attributeId);
    if (row >= 0) {
        m_list->setCurrentIndex(m_model->index(row));
        m_list->scrollTo(m_model->index(row));
    } else {
        m_attributeId = attributeId;
        dropHistory();
    }
}

void AssetPanel::askHistory()
{
    const Attribute* attribute = m_catalog.findId(m_attributeId);
    if (!m_browser || !m_asset || !attribute)
        return;
    m_history->show();
    m_historyTitle->setText(attribute->name);
    const int hours = m_range->currentData().toInt();
    const int id = m_attributeId;
    const qint64 entity = m_asset->entityId;
    const HistoryQuestion question{entity, id, hours};
    if (m_historyOf == question)
        return;
    const QDateTime since = QDateTime::currentDateTimeUtc().addSecs(-qint64(hours) * 3600);
    dropHistory();
    m_historyOf = question;
    m_historyTicket = m_browser->history(
        entity, id, attribute->type, since, this,
        [this, id, entity, hours](std::variant<browse::History, browse::Problem> outcome) {
            if (id != m_attributeId || !m_asset || m_asset->entityId != entity ||
                hours != m_range->currentData().toInt())
                return; // an answer to an older question
            m_historyTicket = 0;
            if (const auto* problem = std::get_if<browse::Problem>(&outcome)) {
                m_historyOf.reset(); // the next one to ask tries again
                if (!problem->error || problem->error->kind != db::ErrorKind::Cancelled) {
                    m_historyNote->setText(tr("The history could not be read.\n%1").arg(problem->message));
                    m_historyPages->setCurrentWidget(m_historyNote);
                    m_historyCut->hide();
                }
            } else {
                fillHistory(std::get<browse::History>(outcome));
            }
            Q_EMIT settledChanged();
        });
    Q_EMIT settledChanged();
}

void AssetPanel::dropHistory()
{
    if (m_browser && m_historyTicket)
        m_browser->cancel(m_historyTicket);
    m_historyTicket = 0;
    m_historyOf.reset();
}

void AssetPanel::fillHistory(const browse::History& history)
{
    const Attribute* attribute = m_catalog.findId(m_attributeId);
    if (!attribute)
        return;
    const std::vector<browse::HistoryPoint>& points = history.points;
    m_historyCut->setVisible(history.cut);
    if (points.empty()) {
        m_historyNote->setText(tr("Nothing was observed in the last %1.")
                                   .arg(durationText(m_range->currentData().toInt() * 3600.0)));
        m_historyPages->setCurrentWidget(m_historyNote);
        return;
    }
    const bool numbers = attribute->type == ValueType::Number || attribute->type == ValueType::Boolean;
    if (numbers) {
        std::vector<double> at;
        std::vector<double> values;
        at.reserve(points.size());
        values.reserve(points.size());
        for (const browse::HistoryPoint& point : points) {
            at.push_back(point.at);
            values.push_back(point.number.value_or(std::numeric_limits<double>::quiet_NaN()));
        }
        m_chart->setUnit(ChartUnit::None, attribute->unit);
        m_chart->setShape(attribute->type == ValueType::Boolean ? TimeSeriesChart::Shape::Steps
                                                                : TimeSeriesChart::Shape::Lines);
        m_chart->clearSeries();
        m_chart->setSeries(QStringLiteral("value"), attribute->name, std::move(at), std::move(values));
        const double now = double(QDateTime::currentMSecsSinceEpoch()) / 1000;
        m_chart->setTimeRange(now - m_range->currentData().toInt() * 3600.0, now);
        m_historyPages->setCurrentWidget(m_chart);
        return;
    }
    // Text has no curve: what it was, since when.
    m_changes->removeRows(0, m_changes->rowCount());
    for (auto point = points.crbegin(); point != points.crend(); ++point) {
        auto* when = new QStandardItem(momentText(point->at));
        auto* what = new QStandardItem(point->text);
        what->setToolTip(point->text);
        m_changes->appendRow({when, what});
    }
    m_changeList->resizeColumnToContents(0);
    m_historyPages->setCurrentWidget(m_changeList);
    if (history.cut)
        m_historyCut->setText(tr("The newest %1 changes, since %2; there were more before.")
                                  .arg(countText(qint64(points.size())), momentText(points.front().at)));
}

void AssetPanel::focusSearch()
{
    m_search->setFocus(Qt::ShortcutFocusReason);
}

QStringList AssetPanel::pinned() const
{
    QStringList names(m_model->pinned().begin(), m_model->pinned().end());
    names.sort();
    return names;
}

void AssetPanel::setPinned(const QStringList& names)
{
    m_model->setPinned(QSet<QString>(names.begin(), names.end()));
}

QString AssetPanel::shownError() const
{
    return m_strip->errorText();
}

QByteArray AssetPanel::saveSplitter() const
{
    return m_splitter->saveState();
}

void AssetPanel::restoreSplitter(const QByteArray& state)
{
    m_splitter->restoreState(state);
}

int AssetPanel::rangeIndex() const
{
    return m_range->currentIndex();
}

void AssetPanel::setRangeIndex(int index)
{
    if (index >= 0 && index < m_range->count())
        m_range->setCurrentIndex(index);
}

void AssetPanel::showMenu(const QPoint& position)
{
    const QModelIndex index = m_list->indexAt(position);
    const Attribute* found = m_model->attributeAt(index.row());
    const browse::AssetValue* value = m_model->valueAt(index.row());
    if (!found || !value)
        return;
    const Attribute attribute = *found;
    const QString text = value->value;
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    for (const bool excluded : {false, true}) {
        const filter::Clause clause = valueClause(attribute, text, excluded);
        menu->addAction(icon(excluded ? QStringLiteral("remove") : QStringLiteral("filter")),
                        tr("Filter: %1").arg(menuText(clause, fontMetrics(), 280)), this,
                        [this, clause] { Q_EMIT clauseChosen(clause); });
    }
    menu->addSeparator();
    menu->addAction(icon(QStringLiteral("star")),
                    m_model->pinned().contains(attribute.name) ? tr("Unpin\tSpace")
                                                               : tr("Pin to the top\tSpace"),
                    this, [this, attribute] {
                        m_model->togglePinned(attribute.name);
                        selectAttribute(attribute.id);
                        Q_EMIT pinnedChanged();
                    });
    menu->addAction(icon(QStringLiteral("columns")), tr("Add as a column\tEnter"), this,
                    [this, attribute] { Q_EMIT columnChosen(attribute.id); });
    menu->addAction(tr("Show in the attribute list"), this,
                    [this, attribute] { Q_EMIT attributeShown(attribute.id); });
    menu->addSeparator();
    menu->addAction(icon(QStringLiteral("copy")), tr("Copy the value\tCtrl+C"), this,
                    [text] { QGuiApplication::clipboard()->setText(text); });
    menu->addAction(tr("Copy the name"), this,
                    [attribute] { QGuiApplication::clipboard()->setText(attribute.name); });
    menu->popup(m_list->viewport()->mapToGlobal(position));
}

bool AssetPanel::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_list->viewport() && event->type() == QEvent::MouseButtonPress) {
        auto* mouse = static_cast<QMouseEvent*>(event);
        const QModelIndex index = m_list->indexAt(mouse->pos());
        const Attribute* attribute = m_model->attributeAt(index.row());
        if (attribute && mouse->button() == Qt::LeftButton &&
            AssetValueDelegate::starRect(m_list->visualRect(index))
                .adjusted(-5, -6, 5, 6)
                .contains(mouse->pos())) {
            const int id = attribute->id;
            m_model->togglePinned(attribute->name);
            selectAttribute(id);
            Q_EMIT pinnedChanged();
            return true;
        }
    }
    if (watched == m_list && event->type() == QEvent::KeyPress) {
        auto* key = static_cast<QKeyEvent*>(event);
        const Attribute* attribute = m_model->attributeAt(m_list->currentIndex().row());
        if (!attribute)
            return false;
        if (key->key() == Qt::Key_Space) {
            const int id = attribute->id;
            m_model->togglePinned(attribute->name);
            selectAttribute(id);
            Q_EMIT pinnedChanged();
            return true;
        }
        if (key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter) {
            Q_EMIT columnChosen(attribute->id);
            return true;
        }
        if (key->matches(QKeySequence::Copy)) {
            QGuiApplication::clipboard()->setText(m_model->valueAt(m_list->currentIndex().row())->value);
            return true;
        }
        if (key->key() == Qt::Key_Up && m_list->currentIndex().row() <= 0) {
            m_search->setFocus(Qt::OtherFocusReason);
            return true;
        }
    }
    return QWidget::eventFilter(watched, event);
}

} // namespace atlas::gui
