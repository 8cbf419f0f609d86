// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/resultsview.h"

#include <QActionGroup>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QGuiApplication>
#include <QKeyEvent>
#include <QMenu>
#include <QMimeData>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>

#include <algorithm>

#include "gui/assets/clauses.h"
#include "gui/assets/mimetypes.h"
#include "gui/assets/resultsmodel.h"
#include "gui/support/timetext.h"
#include "gui/theme/theme.h"
#include "model/filter/printer.h"

namespace atlas::gui {

using namespace filter;

namespace {
// A drag of the scroll bar passes hundreds of pages: only where it rests is read.
constexpr std::chrono::milliseconds restPause(40);
constexpr int mostCopied = 100'000;
constexpr int narrowest = 56;
constexpr int cellPadding = 6; // where the style puts the texts of the header
constexpr int widestFitted = 260;
constexpr int sortArrow = 14; // beside the text of the header

/// A page has the beginning of long values; the asset and an export have all.
bool isCut(const QString& text)
{
    static const qsizetype longest = browse::PageRequest().longestValue;
    return reaches(text, longest);
}
} // namespace

void ResultsDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                            const QModelIndex& index) const
{
    painter->save();
    const auto state = static_cast<CellState>(index.data(ResultsModel::StateRole).toInt());
    const bool selected = option.state.testFlag(QStyle::State_Selected);
    if (selected)
        painter->fillRect(option.rect, color(ColorRole::AccentSoft));
    else if (index.row() % 2)
        painter->fillRect(option.rect, color(ColorRole::SurfaceAlt));
    const QRect inside = option.rect.adjusted(cellPadding, 0, -cellPadding, 0);
    if (state == CellState::Loading) {
        // The outline of something that is on its way; widths vary so that it reads as text.
        const int share = 35 + (index.row() * 37 + index.column() * 61) % 45;
        const bool right = Qt::Alignment(index.data(Qt::TextAlignmentRole).toInt()).testFlag(Qt::AlignRight);
        QRectF bar(0, 0, inside.width() * share / 100.0, 8);
        bar.moveTop(inside.center().y() - 3.5);
        bar.moveLeft(right ? inside.right() - bar.width() : inside.left());
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(Qt::NoPen);
        painter->setBrush(color(ColorRole::Grid));
        painter->drawRoundedRect(bar, 4, 4);
    } else {
        QString text = index.data(Qt::DisplayRole).toString();
        ColorRole role = state == CellState::Outdated ? ColorRole::TextDisabled : ColorRole::Text;
        if (state == CellState::Failed) {
            text = index.column() == 0 ? ResultsModel::tr("could not be read") : QString();
            role = ColorRole::Critical;
        } else if (state == CellState::Gone) {
            text = index.column() == 0 ? ResultsModel::tr("no longer in the result") : QString();
            role = ColorRole::TextMuted;
        } else if (!index.data(ResultsModel::ValueRole).isValid()) {
            text = QStringLiteral("–");
            role = ColorRole::TextDisabled;
        } else if (index.column() >= ResultsModel::TypeColumn && role == ColorRole::Text &&
                   !index.data(ResultsModel::TypeRole).isValid()) {
            role = ColorRole::TextMuted; // type and age are beside the point of a row
        }
        text.truncate(600);
        text.replace(QLatin1Char('\n'), QChar(0x21b5));
        painter->setFont(option.font);
        painter->setPen(color(role));
        painter->drawText(
            inside, index.data(Qt::TextAlignmentRole).toInt() | Qt::TextSingleLine,
            option.fontMetrics.elidedText(text, Qt::ElideRight, inside.width(), Qt::TextSingleLine));
    }
    if (option.state.testFlag(QStyle::State_HasFocus) && option.state.testFlag(QStyle::State_Active)) {
        painter->setPen(QPen(color(ColorRole::Accent), 1));
        painter->setBrush(Qt::NoBrush);
        painter->drawRect(QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5));
    }
    painter->restore();
}

ResultsHeader::ResultsHeader(QWidget* parent)
    : QHeaderView(Qt::Horizontal, parent)
{
    setSectionsMovable(true);
    setFirstSectionMovable(false);
    setSectionsClickable(true);
    setHighlightSections(false);
    setTextElideMode(Qt::ElideMiddle);
    setAcceptDrops(true);
    viewport()->setAcceptDrops(true);
    setContextMenuPolicy(Qt::CustomContextMenu);
    setMinimumSectionSize(narrowest);
    setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
}

int ResultsHeader::placeAt(int x) const
{
    const int section = visualIndexAt(x);
    if (section < 0)
        return count();
    const int logical = logicalIndex(section);
    return x > sectionViewportPosition(logical) + sectionSize(logical) / 2 ? section + 1 : section;
}

void ResultsHeader::dragEnterEvent(QDragEnterEvent* event)
{
    if (mime::attributeName(event->mimeData())) {
        event->setDropAction(Qt::CopyAction);
        event->accept();
    }
}

void ResultsHeader::dragMoveEvent(QDragMoveEvent* event)
{
    if (!mime::attributeName(event->mimeData())) {
        event->ignore();
        return;
    }
    event->setDropAction(Qt::CopyAction);
    event->accept();
    const int place = placeAt(event->position().toPoint().x());
    m_dropX = place >= count() ? length() - offset() : sectionViewportPosition(logicalIndex(place));
    viewport()->update();
}

void ResultsHeader::dragLeaveEvent(QDragLeaveEvent*)
{
    m_dropX = -1;
    viewport()->update();
}

void ResultsHeader::dropEvent(QDropEvent* event)
{
    m_dropX = -1;
    viewport()->update();
    if (const std::optional<QString> name = mime::attributeName(event->mimeData())) {
        event->setDropAction(Qt::CopyAction);
        event->accept();
        Q_EMIT attributeDropped(*name, placeAt(event->position().toPoint().x()));
    }
}

void ResultsHeader::paintEvent(QPaintEvent* event)
{
    QHeaderView::paintEvent(event);
    if (m_dropX >= 0) {
        QPainter painter(viewport());
        painter.fillRect(QRect(m_dropX - 1, 2, 2, height() - 4), color(ColorRole::Accent));
    }
}

ResultsView::ResultsView(ResultsModel* model, QWidget* parent)
    : QTableView(parent)
    , m_results(model)
{
    setObjectName(QStringLiteral("results"));
    setAccessibleName(tr("Assets found"));
    auto* header = new ResultsHeader(this);
    setHorizontalHeader(header);
    header->setDefaultSectionSize(120);
    header->setFixedHeight(metrics::rowHeight + 2);
    // Before the model: each row's size is set one by one afterwards.
    verticalHeader()->setDefaultSectionSize(metrics::rowHeight);
    verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    verticalHeader()->hide();
    setModel(model);
    setItemDelegate(new ResultsDelegate(this));
    setSelectionBehavior(QAbstractItemView::SelectRows);
    setSelectionMode(QAbstractItemView::ExtendedSelection);
    setEditTriggers(QAbstractItemView::NoEditTriggers);
    setShowGrid(false);
    setWordWrap(false);
    setFrameShape(QFrame::NoFrame);
    setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    setVerticalScrollMode(QAbstractItemView::ScrollPerItem);
    setTabKeyNavigation(false);
    setCornerButtonEnabled(false);
    setAcceptDrops(false);

    m_windowTimer.setSingleShot(true);
    m_windowTimer.setInterval(restPause);
    connect(&m_windowTimer, &QTimer::timeout, this, &ResultsView::tellWindow);
    connect(header, &QWidget::customContextMenuRequested, this, &ResultsView::showHeaderMenu);
    connect(header, &ResultsHeader::attributeDropped, this, [this](const QString& name, int place) {
        // Counted among the attribute columns on the screen.
        int position = 0;
        for (int visual = 0; visual < place && visual < horizontalHeader()->count(); ++visual)
            position += m_results->attributeOf(horizontalHeader()->logicalIndex(visual)) ? 1 : 0;
        Q_EMIT attributeDropped(name, position);
    });
    connect(header, &QHeaderView::sectionMoved, this, &ResultsView::columnsMoved);
    connect(header, &QHeaderView::sectionResized, this, [this](int logical, int, int size) {
        const int id = m_results->attributeOf(logical);
        const Attribute* attribute = id ? m_results->catalog().findId(id) : nullptr;
        if (attribute)
            m_widths.insert(QLatin1Char('=') + attribute->name, size);
    });
    connect(model, &QAbstractItemModel::modelReset, this, [this] {
        m_windowTimer.stop();
        fitColumns();
        showSort();
        if (m_results->isLoaded() && !m_results->isOutdated() && std::exchange(m_isReordered, false)) {
            verticalScrollBar()->setValue(0);
            returnToColumn();
        }
    });
    connect(model, &QAbstractItemModel::columnsInserted, this, [this] {
        fitColumns();
        showSort();
    });
    connect(model, &QAbstractItemModel::columnsRemoved, this, &ResultsView::showSort);
    connect(model, &ResultsModel::sortChanged, this, [this] {
        m_isReordered = m_results->isLoaded();
        fitColumns(); // room for the arrow
        showSort();
    });
    connect(header, &QHeaderView::sectionClicked, this, &ResultsView::stepSort);
    connect(model, &QAbstractItemModel::dataChanged, this, [this] {
        if (m_awaitsEntity)
            tellEntity(currentIndex().row());
    });
    connect(model, &ResultsModel::reachedEnd, this, [this](int row) {
        if (row < 0)
            return;
        setCurrentIndex(m_results->index(row, std::max(0, currentIndex().column())));
        scrollToBottom();
    });
    fitColumns();
}

void ResultsView::fitColumns()
{
    // Once by what the first rows hold; afterwards widths belong to the person.
    const QFontMetrics metricsOfText(font());
    QFont headFont = horizontalHeader()->font();
    const QFontMetrics metricsOfHead(headFont);
    const QSignalBlocker quiet(horizontalHeader());
    const bool rows = m_results->isLoaded() && m_results->rowCount() > 0;
    const int sorted = m_results->sortColumn();
    for (int column = 0; column < m_results->columnCount(); ++column) {
        const int id = m_results->attributeOf(column);
        const Attribute* attribute = id ? m_results->catalog().findId(id) : nullptr;
        if (attribute && m_widths.contains(QLatin1Char('=') + attribute->name)) {
            setColumnWidth(column, m_widths.value(QLatin1Char('=') + attribute->name).toInt());
            continue;
        }
        if (!id && m_fitted)
            continue;
        int width = metricsOfHead.horizontalAdvance(
                        m_results->headerData(column, Qt::Horizontal, Qt::DisplayRole).toString()) +
                    2 * cellPadding + 6 + (column == sorted ? sortArrow : 0);
        for (int row = 0; rows && row < std::min(60, m_results->rowCount()); ++row)
            width =
                std::max(width, metricsOfText.horizontalAdvance(
                                    m_results->index(row, column).data(Qt::DisplayRole).toString().left(80)) +
                                    2 * cellPadding + 4);
        setColumnWidth(column, std::clamp(width, narrowest, widestFitted));
    }
    m_fitted = m_fitted || rows;
}

QList<int> ResultsView::shownColumns() const
{
    QList<int> ids;
    for (int visual = 0; visual < horizontalHeader()->count(); ++visual) {
        const int logical = horizontalHeader()->logicalIndex(visual);
        if (const int id = m_results->attributeOf(logical))
            ids.append(id);
    }
    return ids;
}

QVariantMap ResultsView::saveWidths() const
{
    QVariantMap widths = m_widths;
    widths.insert(QStringLiteral("id"), columnWidth(ResultsModel::IdColumn));
    widths.insert(QStringLiteral("name"), columnWidth(ResultsModel::NameColumn));
    widths.insert(QStringLiteral("type"), columnWidth(ResultsModel::TypeColumn));
    return widths;
}

void ResultsView::restoreWidths(const QVariantMap& widths)
{
    m_widths = widths;
    for (const auto& [key, column] :
         {std::pair{"id", int(ResultsModel::IdColumn)}, std::pair{"name", int(ResultsModel::NameColumn)},
          std::pair{"type", int(ResultsModel::TypeColumn)}}) {
        const int width = m_widths.take(QLatin1String(key)).toInt();
        if (width > 0) {
            setColumnWidth(column, width);
            m_fitted = true;
        }
    }
    fitColumns();
}

void ResultsView::tellWindow()
{
    if (m_results->rowCount() == 0)
        return;
    const int first = std::max(0, rowAt(0));
    int last = rowAt(viewport()->height() - 1);
    if (last < 0)
        last = m_results->rowCount() - 1;
    m_results->setWindow(first, last);
}

void ResultsView::scrollContentsBy(int dx, int dy)
{
    QTableView::scrollContentsBy(dx, dy);
    if (dy != 0)
        m_windowTimer.start();
}

void ResultsView::resizeEvent(QResizeEvent* event)
{
    QTableView::resizeEvent(event);
    m_windowTimer.start();
}

void ResultsView::currentChanged(const QModelIndex& current, const QModelIndex& previous)
{
    QTableView::currentChanged(current, previous);
    if (current.isValid()) {
        m_column = current.column();
        m_columnAttribute = m_results->attributeOf(m_column);
    }
    if (!m_isReturning)
        tellEntity(current.row());
}

void ResultsView::selectionChanged(const QItemSelection& selected, const QItemSelection& deselected)
{
    QTableView::selectionChanged(selected, deselected);
    viewport()->update(); // beside the last column, too
}

/// Rows reach to the edge, beyond the last column: the delegate paints only cells.
void ResultsView::paintEvent(QPaintEvent* event)
{
    const int used = horizontalHeader()->length() - horizontalHeader()->offset();
    QRect beside = viewport()->rect();
    if (isRightToLeft())
        beside.setRight(beside.right() - used);
    else
        beside.setLeft(used);
    if (!beside.isEmpty() && m_results->rowCount() > 0) {
        QPainter painter(viewport());
        const int last = rowAt(viewport()->height() - 1);
        for (int row = std::max(0, rowAt(0)); row <= (last < 0 ? m_results->rowCount() - 1 : last); ++row) {
            beside.setTop(rowViewportPosition(row));
            beside.setHeight(rowHeight(row));
            if (selectionModel()->isRowSelected(row))
                painter.fillRect(beside, color(ColorRole::AccentSoft));
            else if (row % 2)
                painter.fillRect(beside, color(ColorRole::SurfaceAlt));
        }
    }
    QTableView::paintEvent(event);
}

void ResultsView::tellEntity(int row)
{
    const browse::Row* found = row >= 0 ? m_results->row(row) : nullptr;
    m_awaitsEntity = row >= 0 && !found;
    if (found)
        Q_EMIT entityChosen(found->entityId);
}

void ResultsView::mouseDoubleClickEvent(QMouseEvent* event)
{
    QTableView::mouseDoubleClickEvent(event);
    const QModelIndex index = indexAt(event->pos());
    if (const browse::Row* row = index.isValid() ? m_results->row(index.row()) : nullptr)
        Q_EMIT activatedEntity(row->entityId);
}

void ResultsView::keyPressEvent(QKeyEvent* event)
{
    const bool control = event->modifiers().testFlag(Qt::ControlModifier);
    if (event->key() == Qt::Key_C && event->modifiers() == (Qt::ControlModifier | Qt::ShiftModifier)) {
        copyCell();
        return;
    }
    if (event->matches(QKeySequence::Copy)) {
        copySelection();
        return;
    }
    if (event->key() == Qt::Key_End && control && !event->modifiers().testFlag(Qt::ShiftModifier)) {
        m_results->goToEnd(); // the last row may not be known yet
        return;
    }
    if (event->key() == Qt::Key_Home && control && m_results->rowCount() > 0) {
        setCurrentIndex(m_results->index(0, std::max(0, currentIndex().column())));
        return;
    }
    const QModelIndex current = currentIndex();
    if ((event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) && current.isValid()) {
        if (const browse::Row* row = m_results->row(current.row()))
            Q_EMIT activatedEntity(row->entityId);
        return;
    }
    if (current.isValid() && event->key() == Qt::Key_F &&
        event->modifiers() == (Qt::ControlModifier | Qt::ShiftModifier)) {
        if (const auto clause = clauseOf(current, false))
            Q_EMIT clauseChosen(*clause);
        return;
    }
    if (event->key() == Qt::Key_S && event->modifiers() == (Qt::ControlModifier | Qt::ShiftModifier)) {
        stepSort(currentColumn());
        return;
    }
    QTableView::keyPressEvent(event);
}

int ResultsView::currentColumn() const
{
    if (currentIndex().isValid())
        return currentIndex().column();
    // Columns may have come and gone since.
    if (m_columnAttribute)
        return m_results->columnOf(m_columnAttribute);
    return m_column < ResultsModel::FirstAttributeColumn ? m_column : m_results->seenColumn();
}

void ResultsView::stepSort(int column)
{
    if (column < 0 || column >= m_results->columnCount()) {
        Q_EMIT refused(tr("Choose a cell of the column to sort by"));
        return;
    }
    const std::optional<Subject> subject = m_results->subjectOf(column);
    const std::optional<Sort> sort = m_results->sort();
    if (!subject)
        Q_EMIT refused(tr("Rows cannot be sorted by this column"));
    else if (!sort || sort->subject != *subject)
        m_results->setSort(Sort{*subject, false});
    else if (!sort->descending)
        m_results->setSort(Sort{*subject, true});
    else
        m_results->setSort(std::nullopt);
    showSort(); // the header marks what was clicked by itself
}

void ResultsView::showSort()
{
    const int column = m_results->sortColumn();
    horizontalHeader()->setSortIndicatorShown(column >= 0);
    if (column >= 0)
        horizontalHeader()->setSortIndicator(column, m_results->sort()->descending ? Qt::DescendingOrder
                                                                                   : Qt::AscendingOrder);
}

/// To the same column in the new rows, so that keys go on from there; to the same asset where it is among
/// them. Where it is not, no row is chosen.
void ResultsView::returnToColumn()
{
    const int column = currentColumn();
    if (column < 0 || m_results->rowCount() == 0)
        return;
    m_awaitsEntity = false;
    m_isReturning = true;
    selectionModel()->setCurrentIndex(m_results->index(0, column), QItemSelectionModel::NoUpdate);
    m_isReturning = false;
}

void ResultsView::addSortActions(QMenu* menu, int column)
{
    const std::optional<Subject> subject = m_results->subjectOf(column);
    const std::optional<Sort> sort = m_results->sort();
    const bool isSorted = sort && subject == sort->subject;
    const bool isDown = isSorted && sort->descending;
    auto* group = new QActionGroup(menu);
    const auto add = [&](const QString& text, bool isChecked, bool isNext,
                         const std::optional<Sort>& wanted) {
        // The key takes the next of the three.
        QAction* action = menu->addAction(isNext ? text + QStringLiteral("\tCtrl+Shift+S") : text, this,
                                          [this, wanted] { m_results->setSort(wanted); });
        action->setCheckable(true);
        action->setChecked(isChecked);
        group->addAction(action);
        return action;
    };
    if (subject) {
        add(tr("Sort ascending"), isSorted && !isDown, !isSorted, Sort{*subject, false});
        add(tr("Sort descending"), isDown, isSorted && !isDown, Sort{*subject, true});
    }
    add(tr("Natural order"), !sort, isDown, std::nullopt);
}

std::optional<Clause> ResultsView::clauseOf(const QModelIndex& index, bool excluded) const
{
    if (!index.isValid())
        return std::nullopt;
    const auto state = static_cast<CellState>(index.data(ResultsModel::StateRole).toInt());
    if (state != CellState::Loaded && state != CellState::Outdated)
        return std::nullopt;
    const QVariant value = index.data(ResultsModel::ValueRole);
    const int id = m_results->attributeOf(index.column());
    if (id) {
        const Attribute* attribute = m_results->catalog().findId(id);
        if (!attribute)
            return std::nullopt;
        if (!value.isValid())
            return existsClause(*attribute, !excluded);
        const Clause clause = valueClause(*attribute, value.toString(), excluded);
        // A cell holds the beginning of a long value: nothing is equal to that, and nothing is excluded by
        // it.
        if (isCut(value.toString()) && clause.op != Operator::StartsWith)
            return std::nullopt;
        return clause;
    }
    switch (index.column()) {
    case ResultsModel::IdColumn:
        return fieldClause(EntityField::Id, value.toString(), excluded);
    case ResultsModel::NameColumn:
        return fieldClause(EntityField::Name, value.toString(), excluded);
    case ResultsModel::TypeColumn:
        return fieldClause(EntityField::Type, value.toString(), excluded);
    default:
        return std::nullopt;
    }
}

void ResultsView::contextMenuEvent(QContextMenuEvent* event)
{
    const bool byKey = event->reason() == QContextMenuEvent::Keyboard;
    const QModelIndex index = byKey ? currentIndex() : indexAt(event->pos());
    if (!index.isValid())
        return;
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    const std::optional<Clause> same = clauseOf(index, false);
    const std::optional<Clause> other = clauseOf(index, true);
    if (same || other) {
        if (same)
            menu->addAction(icon(QStringLiteral("filter")),
                            tr("Filter: %1").arg(menuText(*same, fontMetrics(), 320)), this,
                            [this, clause = *same] { Q_EMIT clauseChosen(clause); });
        if (other)
            menu->addAction(icon(QStringLiteral("remove")),
                            tr("Filter: %1").arg(menuText(*other, fontMetrics(), 320)), this,
                            [this, clause = *other] { Q_EMIT clauseChosen(clause); });
        menu->addSeparator();
    }
    const QString cell = index.data(ResultsModel::ValueRole).toString();
    QAction* copyOne = menu->addAction(icon(QStringLiteral("copy")), tr("Copy the value\tCtrl+Shift+C"), this,
                                       [this, cell] { copyValue(cell); });
    copyOne->setEnabled(index.data(ResultsModel::ValueRole).isValid());
    menu->addAction(tr("Copy the rows\tCtrl+C"), this, &ResultsView::copySelection);
    if (same) {
        menu->addAction(tr("Copy as a filter"), this, [this, clause = *same] {
            QGuiApplication::clipboard()->setText(print(Node(clause)));
            Q_EMIT copied(tr("Filter copied"));
        });
    }
    menu->addSeparator();
    addSortActions(menu, index.column());
    if (const int id = m_results->attributeOf(index.column())) {
        menu->addSeparator();
        addTopValuesAction(menu, id);
        menu->addAction(tr("Show in the attribute list"), this, [this, id] { Q_EMIT attributeShown(id); });
        menu->addAction(icon(QStringLiteral("columns")), tr("Remove the column"), this,
                        [this, id] { Q_EMIT columnRemoved(id); });
    }
    menu->popup(byKey ? viewport()->mapToGlobal(visualRect(index).bottomLeft()) : event->globalPos());
}

void ResultsView::showHeaderMenu(const QPoint& position)
{
    const int column = horizontalHeader()->logicalIndexAt(position);
    if (column < 0)
        return;
    const int id = m_results->attributeOf(column);
    const Attribute* found = id ? m_results->catalog().findId(id) : nullptr;
    auto* menu = new QMenu(this);
    menu->setObjectName(QStringLiteral("headerMenu"));
    menu->setAttribute(Qt::WA_DeleteOnClose);
    addSortActions(menu, column);
    if (id)
        menu->addSeparator();
    if (found) {
        const Attribute attribute = *found;
        addTopValuesAction(menu, id);
        menu->addAction(icon(QStringLiteral("eye")), tr("Filter: has a value"), this,
                        [this, attribute] { Q_EMIT clauseChosen(existsClause(attribute)); });
        menu->addAction(icon(QStringLiteral("eye-off")), tr("Filter: is missing"), this,
                        [this, attribute] { Q_EMIT clauseChosen(existsClause(attribute, true)); });
        menu->addAction(tr("Show in the attribute list"), this, [this, id] { Q_EMIT attributeShown(id); });
        menu->addAction(icon(QStringLiteral("copy")), tr("Copy name"), this,
                        [attribute] { QGuiApplication::clipboard()->setText(attribute.name); });
        menu->addSeparator();
    }
    if (id)
        menu->addAction(icon(QStringLiteral("columns")), tr("Remove the column"), this,
                        [this, id] { Q_EMIT columnRemoved(id); });
    menu->popup(horizontalHeader()->mapToGlobal(position));
}

void ResultsView::addTopValuesAction(QMenu* menu, int attributeId)
{
    menu->addAction(icon(QStringLiteral("bars")), tr("Most common values…"), this, [this, attributeId] {
        const QHeaderView* header = horizontalHeader();
        const int x = std::max(0, header->sectionViewportPosition(m_results->columnOf(attributeId)));
        Q_EMIT topValuesWanted(attributeId, header->viewport()->mapToGlobal(QPoint(x, header->height())));
    });
}

QString ResultsView::selectedText(int* missing) const
{
    QList<int> rows;
    for (const QItemSelectionRange& range : selectionModel()->selection()) {
        for (int row = range.top(); row <= range.bottom() && rows.size() < mostCopied; ++row)
            rows.append(row);
    }
    std::sort(rows.begin(), rows.end());
    QList<int> distinct;
    std::unique_copy(rows.cbegin(), rows.cend(), std::back_inserter(distinct));
    const auto field = [](QString text) {
        // What a spreadsheet would take for the next cell or row.
        return text.replace(QLatin1Char('\t'), QLatin1Char(' '))
            .replace(QLatin1Char('\n'), QLatin1Char(' '))
            .replace(QLatin1Char('\r'), QLatin1Char(' '));
    };
    QString text;
    int absent = 0;
    for (const int row : std::as_const(distinct)) {
        if (!m_results->row(row)) {
            ++absent;
            continue;
        }
        QStringList cells;
        for (int visual = 0; visual < horizontalHeader()->count(); ++visual) {
            const QModelIndex index = m_results->index(row, horizontalHeader()->logicalIndex(visual));
            cells.append(field(index.data(ResultsModel::ValueRole).toString()));
        }
        text += cells.join(QLatin1Char('\t')) + QLatin1Char('\n');
    }
    if (missing)
        *missing = absent;
    return text;
}

void ResultsView::copySelection()
{
    int missing = 0;
    const QString text = selectedText(&missing);
    if (text.isEmpty())
        return;
    QGuiApplication::clipboard()->setText(text);
    const auto rows = text.count(QLatin1Char('\n'));
    Q_EMIT copied(missing == 0
                      ? (rows == 1 ? tr("1 row copied") : tr("%1 rows copied").arg(countText(rows)))
                      : tr("%1 rows copied; %2 selected ones are not loaded. Export writes them all.")
                            .arg(countText(rows), countText(missing)));
}

void ResultsView::copyCell()
{
    const QVariant value = currentIndex().data(ResultsModel::ValueRole);
    if (value.isValid())
        copyValue(value.toString());
}

void ResultsView::copyValue(const QString& text)
{
    QGuiApplication::clipboard()->setText(text);
    Q_EMIT copied(isCut(text)
                      ? tr("The beginning of the value copied. The asset and an export have all of it.")
                      : tr("Value copied"));
}

} // namespace atlas::gui
