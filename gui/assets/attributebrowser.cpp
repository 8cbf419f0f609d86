// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/attributebrowser.h"

#include <QActionGroup>
#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QListView>
#include <QMenu>
#include <QSplitter>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

#include "gui/assets/attributedelegate.h"
#include "gui/assets/attributelistmodel.h"
#include "gui/assets/clauses.h"
#include "gui/assets/estimatetext.h"
#include "gui/assets/histogram.h"
#include "gui/assets/histogrampanel.h"
#include "gui/assets/topvalues.h"
#include "gui/support/timetext.h"
#include "gui/theme/theme.h"
#include "gui/widgets/buttons.h"
#include "gui/widgets/elidedlabel.h"
#include "gui/widgets/emptystate.h"
#include "gui/widgets/messagestrip.h"
#include "gui/widgets/searchfield.h"

namespace atlas::gui {

namespace {
constexpr int roomForValues = 232;
constexpr int roomForErrors = 124; // beside them

/// Cheap enough to ask at every change: the details of one attribute must not reset the list.
bool sameAttributes(const AttributeCatalog& a, const AttributeCatalog& b)
{
    if (a.size() != b.size() || a.entitiesTotal() != b.entitiesTotal())
        return false;
    for (int i = 0; i < a.size(); ++i) {
        const Attribute& left = a.at(i);
        const Attribute& right = b.at(i);
        if (left.id != right.id || left.state != right.state || left.entitiesWith != right.entitiesWith ||
            left.name != right.name || left.unit != right.unit || left.measuredAt != right.measuredAt ||
            left.writesSince != right.writesSince)
            return false;
    }
    return true;
}

/// When and how exactly it was measured, and what has happened since; empty when it never was.
QString measurementText(const Attribute& attribute, const AttributeCatalog& catalog)
{
    if (!attribute.measuredAt.isValid())
        return {};
    QStringList lines{
        AttributeBrowser::tr("Measured %1")
            .arg(QLocale().toString(attribute.measuredAt.toLocalTime(), QLocale::ShortFormat)),
        attribute.sampledEntities
            ? AttributeBrowser::tr("From %1 assets drawn by lot; the number of values may be far off")
                  .arg(countText(*attribute.sampledEntities))
            : AttributeBrowser::tr("Every value counted"),
        AttributeBrowser::tr("Assets that have it: %1").arg(boundsText(boundsOf(attribute, catalog)))};
    if (attribute.writeRate >= 0.05)
        lines += AttributeBrowser::tr("%1 values written a second")
                     .arg(QLocale().toString(attribute.writeRate, 'f', attribute.writeRate < 10 ? 1 : 0));
    return lines.join(QLatin1Char('\n'));
}
} // namespace

AttributeBrowser::AttributeBrowser(QWidget* parent)
    : QWidget(parent)
    , m_model(new AttributeListModel(this))
    , m_delegate(new AttributeDelegate(this))
{
    setObjectName(QStringLiteral("attributeBrowser"));
    setAutoFillBackground(true);
    setBackgroundRole(QPalette::Base);

    auto* head = new QHBoxLayout;
    head->setContentsMargins(metrics::normal, metrics::small, metrics::tight, 0);
    head->setSpacing(metrics::small);
    head->addWidget(sectionLabel(tr("Attributes"), this));
    m_count = mutedLabel({}, this);
    m_count->setFont(Theme::instance().smallFont());
    head->addWidget(m_count);
    head->addStretch();
    m_sort = iconButton(QStringLiteral("bars"), tr("Sort attributes"), this);
    auto* menu = new QMenu(this);
    auto* group = new QActionGroup(menu);
    const auto addOrder = [&](const QString& text, AttributeListModel::Order order) {
        QAction* action = menu->addAction(text, this, [this, order] {
            const int id = selected();
            m_model->setOrder(order);
            select(id);
        });
        action->setCheckable(true);
        action->setChecked(m_model->order() == order);
        group->addAction(action);
    };
    addOrder(tr("By name"), AttributeListModel::Order::Name);
    addOrder(tr("By share of assets"), AttributeListModel::Order::Share);
    // Opened by hand: a button with a menu of its own wears an arrow over its icon.
    connect(m_sort, &QToolButton::clicked, this,
            [this, menu] { menu->popup(m_sort->mapToGlobal(QPoint(0, m_sort->height()))); });
    head->addWidget(m_sort);

    m_search = new SearchField(tr("Search attributes"), this);
    m_search->setObjectName(QStringLiteral("attributeSearch"));
    m_search->installEventFilter(this);
    auto* searchRow = new QHBoxLayout;
    searchRow->setContentsMargins(metrics::small, metrics::tight, metrics::small, metrics::small);
    searchRow->addWidget(m_search);

    m_strip = new MessageStrip(this);
    m_strip->setRetryVisible(true);
    connect(m_strip, &MessageStrip::retryRequested, this, &AttributeBrowser::retryRequested);

    m_list = new QListView(this);
    m_list->setObjectName(QStringLiteral("attributeList"));
    m_list->setAccessibleName(tr("Attributes"));
    m_list->setModel(m_model);
    m_list->setItemDelegate(m_delegate);
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setUniformItemSizes(true);
    m_list->setMouseTracking(true);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setDragEnabled(true);
    m_list->setDragDropMode(QAbstractItemView::DragOnly);
    m_list->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_list->setContextMenuPolicy(Qt::CustomContextMenu);
    m_list->installEventFilter(this);

    m_empty = new EmptyState(QStringLiteral("search"), {}, {}, this);
    m_pages = new QStackedWidget(this);
    m_pages->addWidget(m_list);
    m_pages->addWidget(m_empty);

    // Below: what is known of the chosen one.
    m_details = new QWidget(this);
    m_details->setObjectName(QStringLiteral("attributeDetails"));
    m_name = new ElidedLabel(m_details);
    m_name->setFont(Theme::instance().strongFont());
    m_name->setElideMode(Qt::ElideMiddle);
    m_addColumn = iconButton(QStringLiteral("columns"), tr("Add as a column"), m_details);
    m_exists = iconButton(QStringLiteral("eye"), tr("Only assets that have it"), m_details);
    m_missing = iconButton(QStringLiteral("eye-off"), tr("Only assets that lack it"), m_details);
    m_facts = mutedLabel({}, m_details);
    m_facts->setObjectName(QStringLiteral("attributeFacts"));
    m_facts->setFont(Theme::instance().smallFont());
    m_facts->setWordWrap(true);
    m_note = mutedLabel({}, m_details);
    m_note->setWordWrap(true);
    m_spread = new HistogramPanel(m_details);
    m_values = new TopValuesModel(this);
    m_valueList = new TopValuesView(m_details);
    m_valueList->setObjectName(QStringLiteral("topValues"));
    m_valueList->setAccessibleName(tr("Most common values"));
    m_valueList->setModel(m_values);
    m_titleRow = new QWidget(m_details);
    auto* titleRow = new QHBoxLayout(m_titleRow);
    titleRow->setContentsMargins(metrics::normal, 0, metrics::tight, 0);
    titleRow->setSpacing(0);
    titleRow->addWidget(m_name, 1);
    titleRow->addWidget(m_exists);
    titleRow->addWidget(m_missing);
    titleRow->addWidget(m_addColumn);
    auto* text = new QVBoxLayout;
    text->setContentsMargins(metrics::normal, 0, metrics::normal, metrics::tight);
    text->setSpacing(metrics::tight);
    text->addWidget(m_facts);
    text->addWidget(m_note);
    text->addWidget(m_spread);
    auto* details = new QVBoxLayout(m_details);
    details->setContentsMargins(0, metrics::tight, 0, 0);
    details->setSpacing(0);
    details->addWidget(m_titleRow);
    details->addLayout(text);
    details->addWidget(m_valueList, 1);
    details->addStretch();

    m_splitter = new QSplitter(Qt::Vertical, this);
    m_splitter->setChildrenCollapsible(false);
    m_splitter->addWidget(m_pages);
    m_splitter->addWidget(m_details);
    m_splitter->setStretchFactor(0, 3);
    m_splitter->setStretchFactor(1, 2);
    m_details->setMinimumHeight(roomForValues);
    m_details->hide();

    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addLayout(head);
    layout->addLayout(searchRow);
    layout->addWidget(m_strip);
    layout->addWidget(m_splitter, 1);
    setMinimumWidth(200);
    setTabOrder(m_search, m_list);

    connect(m_search, &QLineEdit::textChanged, this, &AttributeBrowser::setSearch);
    connect(m_search, &SearchField::downPressed, this, [this] {
        m_list->setFocus(Qt::OtherFocusReason);
        if (!m_list->currentIndex().isValid() && m_model->rowCount() > 0)
            m_list->setCurrentIndex(m_model->index(0));
    });
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this,
            &AttributeBrowser::showDetails);
    // Choosing the same one again changes no current row.
    connect(m_list, &QListView::clicked, this, &AttributeBrowser::showDetails);
    connect(m_list, &QListView::doubleClicked, this, [this](const QModelIndex& index) {
        if (const Attribute* attribute = m_model->attributeAt(index))
            Q_EMIT columnChosen(attribute->id);
    });
    connect(m_list, &QWidget::customContextMenuRequested, this, &AttributeBrowser::showMenu);
    connect(m_valueList, &TopValuesView::valueChosen, this, [this](const QString& value, bool excluded) {
        if (const Attribute* attribute = current())
            Q_EMIT clauseChosen(valueClause(*attribute, value, excluded));
    });
    connect(m_spread, &HistogramPanel::scopeChanged, this, [this] {
        fillValues();
        m_details->setMinimumHeight(roomForValues + (m_spread->strip()->isShowing() ? roomForErrors : 0));
    });
    connect(m_spread, &HistogramPanel::rangeChosen, this, [this](double low, double high) {
        if (const Attribute* attribute = current())
            Q_EMIT clauseChosen(rangeClause(*attribute, low, high));
    });
    connect(m_addColumn, &QToolButton::clicked, this, [this] {
        if (m_shownId)
            Q_EMIT columnChosen(m_shownId);
    });
    connect(m_exists, &QToolButton::clicked, this, [this] {
        if (const Attribute* attribute = current())
            Q_EMIT clauseChosen(existsClause(*attribute));
    });
    connect(m_missing, &QToolButton::clicked, this, [this] {
        if (const Attribute* attribute = current())
            Q_EMIT clauseChosen(existsClause(*attribute, true));
    });
    clear(tr("Choose a tenant to see its attributes."));
}

const Attribute* AttributeBrowser::current() const
{
    return m_shownId ? m_model->catalog().findId(m_shownId) : nullptr;
}

void AttributeBrowser::setCatalog(const AttributeCatalog& catalog)
{
    m_strip->clear();
    if (sameAttributes(m_model->catalog(), catalog) && m_pages->currentWidget() == m_list)
        return;
    const int id = selected();
    m_model->setCatalog(catalog);
    m_known = catalog;
    select(id);
    if (id && !m_model->catalog().findId(id)) {
        m_shownId = 0;
        m_detailsFailed = false;
    } else if (const Attribute* attribute = current()) {
        fillFacts(*attribute);
        askDetails(); // measured anew
    }
    // Room for values is there from the start: a list that shrinks under a double click is missed by it.
    m_details->setVisible(m_model->total() > 0);
    if (m_shownId == 0)
        showHint();
    updateCount();
    if (m_model->total() == 0) {
        m_empty->setIconName(QStringLiteral("filter"));
        m_empty->setTexts(tr("This tenant has no attributes yet."), tr("They come with its first data."));
        m_pages->setCurrentWidget(m_empty);
    }
}

void AttributeBrowser::showHint()
{
    m_titleRow->hide();
    m_facts->hide();
    m_spread->clear();
    m_valueList->hide();
    m_note->setText(
        tr("Choose an attribute to see its values here.\n\nA click on a value filters by it, Alt+click "
           "excludes it. "
           "Drag over a histogram for a range. Double-click an attribute to add it as a column."));
    m_note->show();
}

void AttributeBrowser::setLoading()
{
    clear(tr("Reading the attributes…"));
}

void AttributeBrowser::clear(const QString& why)
{
    m_model->setCatalog(AttributeCatalog());
    m_known = {};
    m_spread->clear();
    m_shownId = 0;
    m_detailsFailed = false;
    m_details->hide();
    m_strip->clear();
    updateCount();
    m_empty->setIconName(QStringLiteral("filter"));
    m_empty->setTexts(why, {});
    m_pages->setCurrentWidget(m_empty);
}

void AttributeBrowser::showError(const QString& action, const db::DbError& error)
{
    m_strip->showError(action, error);
    m_strip->setRetryVisible(true);
    if (m_model->total() == 0)
        m_empty->setTexts(tr("No attributes to show."), {});
}

void AttributeBrowser::focusSearch()
{
    m_search->setFocus(Qt::ShortcutFocusReason);
    m_search->selectAll();
}

void AttributeBrowser::setSearch(const QString& text)
{
    if (m_search->text() != text)
        m_search->setText(text); // comes back here
    const int id = selected();
    m_model->setSearch(text);
    m_delegate->setWords(m_model->words());
    const int row = id ? m_model->rowOf(id) : -1;
    if (row >= 0)
        select(id);
    else
        m_list->scrollToTop();
    updateCount();
}

void AttributeBrowser::updateCount()
{
    const int total = m_model->total();
    const int shown = m_model->rowCount();
    m_count->setText(total == 0                   ? QString()
                     : m_model->words().isEmpty() ? countText(total)
                                                  : tr("%1 of %2").arg(countText(shown), countText(total)));
    if (total > 0 && shown == 0) {
        m_empty->setIconName(QStringLiteral("search"));
        m_empty->setTexts(tr("No attribute is called that."),
                          tr("Words may stand in any order: “geo dest” finds dest_geohash."));
        m_pages->setCurrentWidget(m_empty);
    } else if (total > 0) {
        m_pages->setCurrentWidget(m_list);
    }
}

void AttributeBrowser::select(int attributeId)
{
    int row = m_model->rowOf(attributeId);
    if (row < 0 && attributeId && m_model->catalog().findId(attributeId) && !m_search->hasFocus()) {
        m_search->clear(); // it is there, only not among what was searched for
        row = m_model->rowOf(attributeId);
    }
    if (row < 0)
        return;
    m_list->setCurrentIndex(m_model->index(row));
    m_list->scrollTo(m_model->index(row));
}

int AttributeBrowser::selected() const
{
    const Attribute* attribute = m_model->attributeAt(m_list->currentIndex());
    return attribute ? attribute->id : m_shownId;
}

void AttributeBrowser::showDetails()
{
    const Attribute* attribute = m_model->attributeAt(m_list->currentIndex());
    if (!attribute || (attribute->id == m_shownId && !m_detailsFailed))
        return; // a search that hides the row does not close what is being looked at
    m_shownId = attribute->id;
    m_detailsFailed = false;
    fillDetails(m_model->catalog(), m_shownId);
    askDetails();
}

void AttributeBrowser::askDetails()
{
    if (!m_detailSource)
        return;
    const int id = m_shownId;
    m_detailSource(id, [self = QPointer(this), id](const AttributeCatalog& catalog) {
        if (!self || self->m_shownId != id)
            return;
        self->m_detailsFailed = catalog.detail(id) == nullptr;
        self->fillDetails(catalog, id);
    });
}

QString AttributeBrowser::factsShown() const
{
    return m_facts->text();
}

void AttributeBrowser::updateAge()
{
    const Attribute* attribute = m_shownId ? m_known.findId(m_shownId) : nullptr;
    if (attribute && m_facts->isVisible())
        fillFacts(*attribute);
}

void AttributeBrowser::fillFacts(const Attribute& attribute)
{
    QStringList facts{typeText(attribute.type)};
    if (!attribute.unit.isEmpty())
        facts.append(attribute.unit);
    if (attribute.state != HotState::Cold)
        facts.append(hotStateName(attribute.state));
    const bool isSampled = attribute.sampledEntities.has_value();
    if (attribute.entitiesWith)
        facts.append(assetsText(havingText(attribute, m_known)));
    if (attribute.distinctValues)
        facts.append(*attribute.distinctValues == 1
                         ? tr("1 value")
                         : tr("%1 values")
                               .arg(isSampled ? estimateText(double(*attribute.distinctValues))
                                              : countText(*attribute.distinctValues)));
    if (attribute.measuredAt.isValid())
        facts.append(measuredText(attribute.measuredAt, isSampled));
    m_facts->setText(facts.join(QStringLiteral(" · ")));
    m_facts->setToolTip(measurementText(attribute, m_known));
}

void AttributeBrowser::fillDetails(const AttributeCatalog& catalog, int attributeId)
{
    const Attribute* attribute = catalog.findId(attributeId);
    if (!attribute)
        return;
    m_known = catalog;
    m_titleRow->show();
    m_facts->show();
    m_name->setText(attribute->name);
    fillFacts(*attribute);

    const AttributeDetail* detail = catalog.detail(attributeId);
    const bool ordered = attribute->type == ValueType::Number || attribute->type == ValueType::Timestamp;
    if (ordered)
        m_spread->showMeasured(*attribute, detail ? detail->bounds : std::vector<double>());
    else
        m_spread->clear();
    fillValues();
    m_valueList->scrollToTop();

    QString note;
    if (!attribute->description.isEmpty())
        note = attribute->description;
    if (!detail && m_detailsFailed)
        note += (note.isEmpty() ? QString() : QStringLiteral("\n")) +
                tr("Its values could not be read. Choose it again to try again.");
    else if (!detail)
        note += (note.isEmpty() ? QString() : QStringLiteral("\n")) + tr("Reading its values…");
    else if (m_spread->histogram()->isEmpty() && m_values->rowCount() == 0)
        note += (note.isEmpty() ? QString() : QStringLiteral("\n")) +
                tr("Its values have not been measured yet. It can be filtered all the same.");
    m_note->setText(note);
    m_note->setVisible(!note.isEmpty());
}

/// Those of all assets, from statistics: beside a count within the filter they would be taken for its values.
void AttributeBrowser::fillValues()
{
    const Attribute* attribute = m_shownId ? m_known.findId(m_shownId) : nullptr;
    const AttributeDetail* detail = attribute ? m_known.detail(m_shownId) : nullptr;
    std::vector<AttributeDetail::Top> top;
    const bool isAll = m_spread->scope() == HistogramPanel::Scope::Measured;
    if (detail && isAll)
        top = detail->top;
    // Of a measurement with as many values as assets, single values say nothing.
    if (!m_spread->histogram()->isEmpty() && !top.empty() && attribute->entitiesWith &&
        double(top.front().entities) < 0.03 * double(*attribute->entitiesWith))
        top.clear();
    const qint64 of = attribute ? attribute->entitiesWith.value_or(0) : 0;
    m_valueList->setVisible(!top.empty());
    m_values->setValues(attribute ? attribute->type : ValueType::String, std::move(top), of);
    m_values->setKnowledge(attribute && attribute->sampledEntities, [this](const QString& value) {
        const Attribute* known = m_shownId ? m_known.findId(m_shownId) : nullptr;
        return known ? boundsText(filter::bounds(filter::Expression(filter::Node(valueClause(*known, value))),
                                                 m_known))
                     : QString();
    });
}

void AttributeBrowser::showMenu(const QPoint& position)
{
    const Attribute* attribute = m_model->attributeAt(m_list->indexAt(position));
    if (!attribute)
        return;
    const Attribute chosen = *attribute; // the catalogue may be replaced while the menu is open
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->addAction(icon(QStringLiteral("eye")), tr("Filter: has a value"), this,
                    [this, chosen] { Q_EMIT clauseChosen(existsClause(chosen)); });
    menu->addAction(icon(QStringLiteral("eye-off")), tr("Filter: is missing"), this,
                    [this, chosen] { Q_EMIT clauseChosen(existsClause(chosen, true)); });
    menu->addSeparator();
    menu->addAction(icon(QStringLiteral("columns")), tr("Add as a column"), this,
                    [this, chosen] { Q_EMIT columnChosen(chosen.id); });
    menu->addAction(icon(QStringLiteral("copy")), tr("Copy name"), this,
                    [chosen] { QGuiApplication::clipboard()->setText(chosen.name); });
    menu->popup(m_list->viewport()->mapToGlobal(position));
}

bool AttributeBrowser::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() == QEvent::KeyPress) {
        auto* key = static_cast<QKeyEvent*>(event);
        if (watched == m_search && (key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter)) {
            // Enter takes the first one found: its values appear below, ready to be chosen from.
            if (m_model->rowCount() > 0) {
                m_list->setCurrentIndex(m_model->index(0));
                m_list->setFocus(Qt::OtherFocusReason);
            }
            return true;
        }
        if (watched == m_list) {
            const Attribute* attribute = m_model->attributeAt(m_list->currentIndex());
            if (attribute && (key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter)) {
                Q_EMIT columnChosen(attribute->id);
                return true;
            }
            if (attribute && key->key() == Qt::Key_Right && m_valueList->isVisible()) {
                m_valueList->setFocus(Qt::OtherFocusReason);
                if (!m_valueList->currentIndex().isValid())
                    m_valueList->setCurrentIndex(m_values->index(0));
                return true;
            }
            if (attribute && key->key() == Qt::Key_Right && m_spread->histogram()->isVisible()) {
                m_spread->histogram()->setFocus(Qt::OtherFocusReason);
                return true;
            }
            if (attribute && key->matches(QKeySequence::Copy)) {
                QGuiApplication::clipboard()->setText(attribute->name);
                return true;
            }
            if (key->key() == Qt::Key_Up && m_list->currentIndex().row() <= 0) {
                m_search->setFocus(Qt::OtherFocusReason);
                return true;
            }
            // Typing in the list goes on searching.
            const QString text = key->text();
            if (!text.isEmpty() && text.at(0).isPrint() && !text.at(0).isSpace() &&
                !(key->modifiers() & (Qt::ControlModifier | Qt::AltModifier))) {
                m_search->setFocus(Qt::OtherFocusReason);
                m_search->setText(m_search->text() + text);
                return true;
            }
        }
    }
    return QWidget::eventFilter(watched, event);
}

QByteArray AttributeBrowser::saveSplitter() const
{
    return m_splitter->saveState();
}

void AttributeBrowser::restoreSplitter(const QByteArray& state)
{
    m_splitter->restoreState(state);
}

} // namespace atlas::gui
