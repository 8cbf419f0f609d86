// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/resultsmodel.h"

#include <algorithm>

#include "gui/assets/attributelistmodel.h"
#include "gui/support/timetext.h"

namespace atlas::gui {

namespace {
// A query of a few milliseconds is over before a cancel request would have arrived.
constexpr std::chrono::milliseconds grace(120);
constexpr int ahead = ResultsModel::pageRows / 2;
} // namespace

ResultsModel::ResultsModel(QObject* parent)
    : QAbstractTableModel(parent)
{
    m_starts = {Key()};
    m_grace.setSingleShot(true);
    m_grace.setInterval(grace);
    connect(&m_grace, &QTimer::timeout, this, [this] {
        if (m_pending)
            startQuery();
    });
}

ResultsModel::~ResultsModel()
{
    if (m_source && m_ticket)
        m_source->cancel(m_ticket);
}

void ResultsModel::setSource(std::shared_ptr<PageSource> source)
{
    clear();
    m_source = std::move(source);
}

void ResultsModel::clear()
{
    if (m_source && m_ticket)
        m_source->cancel(m_ticket);
    m_ticket = 0;
    m_starting = false;
    ++m_generation;
    m_pending.reset();
    m_grace.stop();
    beginResetModel();
    m_pages.clear();
    m_failedPages.clear();
    m_starts = {Key()};
    m_known = 0;
    m_rows = 0;
    m_complete = m_capped = m_loaded = m_outdated = m_goingToEnd = false;
    m_total.reset();
    m_problem.reset();
    m_filter = {};
    const bool wasSorted = std::exchange(m_sort, std::nullopt).has_value();
    endResetModel();
    if (wasSorted)
        Q_EMIT sortChanged();
    Q_EMIT loadingChanged();
}

void ResultsModel::setFilter(const filter::Expression& filter, const AttributeCatalog& catalog)
{
    if (!m_source)
        return;
    m_pending = Wanted{filter, catalog};
    m_goingToEnd = false;
    if (m_ticket && m_starting) {
        // One in flight, one waiting: the newest wins.
        if (!m_grace.isActive())
            m_grace.start();
        return;
    }
    startQuery();
}

void ResultsModel::refresh()
{
    setFilter(m_pending ? m_pending->filter : m_filter, m_pending ? m_pending->catalog : m_catalog);
}

PageQuery ResultsModel::queryFrom(const Key& key, const QList<int>& columns, int limit) const
{
    return {m_filter, m_catalog, columns, key.entityId, limit, m_sort, key.value};
}

void ResultsModel::setSort(const std::optional<filter::Sort>& sort)
{
    if (sort == m_sort)
        return;
    m_sort = sort;
    // Whatever page of the old order is on its way belongs to nothing any more.
    const bool wasAsked = m_ticket != 0 || m_loaded || m_pending || m_problem;
    if (m_ticket) {
        m_source->cancel(m_ticket);
        m_ticket = 0;
        m_starting = false;
        ++m_generation;
    }
    Q_EMIT sortChanged();
    if (m_source && wasAsked)
        refresh();
}

std::optional<filter::Subject> ResultsModel::subjectOf(int column) const
{
    switch (column) {
    case IdColumn:
        return filter::Subject::ofEntity(filter::EntityField::Id);
    case NameColumn:
        return filter::Subject::ofEntity(filter::EntityField::Name);
    case TypeColumn:
        return filter::Subject::ofEntity(filter::EntityField::Type);
    default:
        break;
    }
    const int id = attributeOf(column);
    const Attribute* attribute = id ? m_catalog.findId(id) : nullptr;
    return attribute ? std::optional(filter::Subject::ofAttribute(attribute->name)) : std::nullopt;
}

int ResultsModel::sortedColumn() const
{
    for (int column = 0; m_sort && column < columnCount(); ++column) {
        if (subjectOf(column) == m_sort->subject)
            return column;
    }
    return -1;
}

void ResultsModel::cancelLoading()
{
    m_pending.reset();
    m_grace.stop();
    m_goingToEnd = false;
    if (!m_ticket)
        return;
    m_source->cancel(m_ticket);
    m_ticket = 0;
    ++m_generation;
    const bool first = std::exchange(m_starting, false);
    if (first) {
        browse::Problem stopped;
        stopped.message = tr("Stopped.");
        m_problem = stopped;
        Q_EMIT failed(stopped);
    }
    Q_EMIT loadingChanged();
}

void ResultsModel::startQuery()
{
    m_grace.stop();
    if (m_ticket)
        m_source->cancel(m_ticket);
    const Wanted wanted = *std::exchange(m_pending, std::nullopt);
    const quint64 generation = ++m_generation;
    m_problem.reset();
    m_starting = true;
    m_outdated = m_loaded;
    m_filter = wanted.filter;
    m_catalog = wanted.catalog;
    m_clock.start();
    const PageQuery query = queryFrom(Key(), m_columns, pageRows);
    m_ticket = m_source->page(query, this, [this, generation, columns = m_columns](auto outcome) {
        if (generation != m_generation)
            return; // an answer to an older question
        if (auto* page = std::get_if<browse::Page>(&outcome)) {
            // Columns may have been added since: the page says which it has.
            beginResetModel();
            m_pages.clear();
            m_failedPages.clear();
            m_starts = {Key()};
            m_known = 0;
            m_rows = 0;
            m_complete = m_capped = false;
            m_total.reset();
            m_windowFirst = 0;
            m_windowLast = pageRows - 1;
            m_outdated = false;
            m_loaded = true;
            Held held{page->rows, columns, ++m_uses};
            const auto count = qint64(held.rows.size());
            if (count > 0 && !page->last)
                m_starts.push_back(keyOf(held.rows.back()));
            m_known = count;
            m_complete = page->last;
            m_pages.insert(0, held);
            m_rows = int(wantedRowCount());
            endResetModel();
        }
        firstPage(std::move(outcome), generation);
    });
    if (m_outdated && m_rows > 0)
        Q_EMIT dataChanged(index(0, 0), index(m_rows - 1, columnCount() - 1), {StateRole});
    Q_EMIT loadingChanged();
}

void ResultsModel::firstPage(std::variant<browse::Page, browse::Problem> outcome, quint64 generation)
{
    m_ticket = 0;
    m_starting = false;
    if (const auto* problem = std::get_if<browse::Problem>(&outcome)) {
        if (m_pending) {
            startQuery();
            return;
        }
        m_problem = *problem;
        Q_EMIT failed(*problem);
    } else {
        Q_EMIT started(std::get<browse::Page>(outcome), double(m_clock.nsecsElapsed()) / 1e6);
    }
    if (generation != m_generation)
        return; // whoever listened asked for something else
    Q_EMIT loadingChanged();
    if (m_pending)
        startQuery();
    else
        pump();
}

void ResultsModel::setCatalog(const AttributeCatalog& catalog)
{
    m_catalog = catalog;
    Q_EMIT headerDataChanged(Qt::Horizontal, 0, columnCount() - 1);
}

void ResultsModel::setColumns(const QList<int>& attributeIds)
{
    if (attributeIds == m_columns)
        return;
    beginResetModel();
    m_columns.clear();
    for (const int id : attributeIds) {
        if (!m_columns.contains(id))
            m_columns.append(id);
    }
    endResetModel();
    if (m_sort && m_sort->subject.isAttribute() && sortedColumn() < 0)
        setSort(std::nullopt);
    pump();
}

void ResultsModel::addColumn(int attributeId, int position)
{
    if (m_columns.contains(attributeId))
        return;
    const int at = position < 0 ? int(m_columns.size()) : std::min(position, int(m_columns.size()));
    beginInsertColumns({}, FirstAttributeColumn + at, FirstAttributeColumn + at);
    m_columns.insert(at, attributeId);
    endInsertColumns();
    pump();
}

void ResultsModel::removeColumn(int attributeId)
{
    const int at = int(m_columns.indexOf(attributeId));
    if (at < 0)
        return;
    beginRemoveColumns({}, FirstAttributeColumn + at, FirstAttributeColumn + at);
    m_columns.removeAt(at);
    endRemoveColumns();
    if (m_sort && m_sort->subject.isAttribute() && sortedColumn() < 0)
        setSort(std::nullopt);
}

int ResultsModel::attributeOf(int column) const
{
    const int at = column - FirstAttributeColumn;
    return at >= 0 && at < m_columns.size() ? m_columns.at(at) : 0;
}

int ResultsModel::columnOf(int attributeId) const
{
    const auto at = m_columns.indexOf(attributeId);
    return at < 0 ? -1 : FirstAttributeColumn + int(at);
}

void ResultsModel::setTotal(qint64 total)
{
    if (m_complete || !m_loaded)
        return;
    m_total = total;
    updateRowCount();
}

qint64 ResultsModel::wantedRowCount() const
{
    if (m_complete)
        return m_known;
    // Counted at another moment than the pages were read: never fewer than are known, plus the one that says
    // "more".
    const qint64 least = m_known + 1;
    return std::max(least, m_total.value_or(0));
}

void ResultsModel::updateRowCount()
{
    qint64 wanted = wantedRowCount();
    m_capped = wanted > mostRows;
    const int rows = int(std::min<qint64>(wanted, mostRows));
    if (rows > m_rows) {
        beginInsertRows({}, m_rows, rows - 1);
        m_rows = rows;
        endInsertRows();
    } else if (rows < m_rows) {
        beginRemoveRows({}, rows, m_rows - 1);
        m_rows = rows;
        endRemoveRows();
    }
}

void ResultsModel::setWindow(int firstRow, int lastRow)
{
    m_windowFirst = std::max(0, firstRow);
    m_windowLast = std::max(m_windowFirst, lastRow);
    m_failedPages.clear(); // looking at it again tries again
    pump();
}

bool ResultsModel::complete(const Held& held) const
{
    return std::all_of(m_columns.begin(), m_columns.end(),
                       [&held](int id) { return held.columns.contains(id); });
}

std::pair<int, int> ResultsModel::pagesInView() const
{
    const int end = std::max(0, m_rows - 1);
    return {std::min(m_windowFirst, end) / pageRows, std::min(m_windowLast, end) / pageRows};
}

int ResultsModel::nextMissingPage() const
{
    if (m_rows == 0)
        return -1;
    const auto missing = [this](int page) {
        if (page * pageRows >= m_rows || m_failedPages.contains(page))
            return false;
        const auto held = m_pages.constFind(page);
        return held == m_pages.constEnd() || !complete(*held);
    };
    const auto [first, last] = pagesInView();
    for (int page = first; page <= last; ++page) {
        if (missing(page))
            return page;
    }
    // Then what comes next while scrolling, either way.
    const int after = std::min(m_windowLast + ahead, m_rows - 1) / pageRows;
    const int before = std::max(0, m_windowFirst - ahead) / pageRows;
    for (const int page : {after, before}) {
        // Only where it costs one page: a key walk is not begun for something nobody looks at.
        if (missing(page) && size_t(page) < m_starts.size())
            return page;
    }
    return -1;
}

void ResultsModel::pump()
{
    if (m_ticket || !m_loaded || m_outdated || !m_source)
        return;
    if (m_goingToEnd) {
        if (m_complete || m_known >= mostRows) {
            m_goingToEnd = false;
            updateRowCount();
            m_windowFirst = std::max(0, m_rows - pageRows / 2);
            m_windowLast = std::max(0, m_rows - 1);
            Q_EMIT reachedEnd(m_rows - 1);
        } else {
            askKeys();
            return;
        }
    }
    const int page = nextMissingPage();
    if (page < 0)
        return;
    if (size_t(page) < m_starts.size())
        askPage(page);
    else if (!m_complete)
        askKeys();
}

void ResultsModel::askPage(int page)
{
    const quint64 generation = m_generation;
    const PageQuery query = queryFrom(m_starts[size_t(page)], m_columns, pageRows);
    m_ticket = m_source->page(query, this, [this, generation, page, columns = m_columns](auto outcome) {
        if (generation != m_generation)
            return;
        m_ticket = 0;
        if (auto* got = std::get_if<browse::Page>(&outcome)) {
            pageArrived(page, columns, std::move(*got));
        } else {
            m_failedPages.insert(page, std::get<browse::Problem>(outcome).message);
            fail(std::get<browse::Problem>(outcome));
        }
        Q_EMIT loadingChanged();
        if (m_pending)
            startQuery();
        else
            pump();
    });
    Q_EMIT loadingChanged();
}

void ResultsModel::pageArrived(int page, const QList<int>& columns, browse::Page got)
{
    const auto next = size_t(page) + 1;
    if (next < m_starts.size()) {
        // Read again: rows behind the next page's start belong to that page.
        const qint64 end = m_starts[next].entityId;
        if (m_sort) {
            // Where that entity has left the result, or has another value now, the page stays as it came.
            const auto found = std::find_if(got.rows.begin(), got.rows.end(),
                                            [end](const browse::Row& row) { return row.entityId == end; });
            if (found != got.rows.end())
                got.rows.erase(found + 1, got.rows.end());
        } else {
            while (!got.rows.empty() && got.rows.back().entityId > end)
                got.rows.pop_back();
        }
    } else if (got.last) {
        learnEnd(qint64(page) * pageRows + qint64(got.rows.size()));
    } else if (!got.rows.empty()) {
        m_starts.push_back(keyOf(got.rows.back()));
        m_known = std::max(m_known, qint64(page + 1) * pageRows);
        m_complete = false; // what was the end has grown
    }
    m_pages.insert(page, Held{std::move(got.rows), columns, ++m_uses});
    updateRowCount();
    const int first = page * pageRows;
    const int last = std::min(first + pageRows, m_rows) - 1;
    if (last >= first)
        Q_EMIT dataChanged(index(first, 0), index(last, columnCount() - 1));
    evict();
}

void ResultsModel::learnEnd(qint64 rows)
{
    m_complete = true;
    m_known = rows;
}

void ResultsModel::askKeys()
{
    const quint64 generation = m_generation;
    const PageQuery query = queryFrom(m_starts.back(), {}, stepRows);
    m_ticket = m_source->page(query, this, [this, generation](auto outcome) {
        if (generation != m_generation)
            return;
        m_ticket = 0;
        if (const auto* got = std::get_if<browse::Page>(&outcome)) {
            keysArrived(*got);
        } else {
            m_goingToEnd = false;
            // The walk was for all that is in view: one page left out would begin it again at once, for ever.
            const auto [first, last] = pagesInView();
            for (int page = first; page <= last; ++page) {
                if (!m_pages.contains(page))
                    m_failedPages.insert(page, std::get<browse::Problem>(outcome).message);
            }
            fail(std::get<browse::Problem>(outcome));
        }
        Q_EMIT loadingChanged();
        if (m_pending)
            startQuery();
        else
            pump();
    });
    Q_EMIT loadingChanged();
}

void ResultsModel::keysArrived(const browse::Page& got)
{
    const qint64 base = qint64(m_starts.size() - 1) * pageRows;
    const auto count = qint64(got.rows.size());
    // The last row of each full page is the start of the next; there is a next page only when something
    // follows.
    for (qint64 end = pageRows; end <= count; end += pageRows) {
        if (end < count || !got.last)
            m_starts.push_back(keyOf(got.rows[size_t(end - 1)]));
    }
    if (got.last)
        learnEnd(base + count);
    else
        m_known = std::max(m_known, qint64(m_starts.size() - 1) * pageRows);
    updateRowCount();
    Q_EMIT walked(m_known);
}

void ResultsModel::fail(const browse::Problem& problem)
{
    m_problem = problem;
    Q_EMIT failed(problem);
    if (m_rows > 0)
        Q_EMIT dataChanged(index(0, 0), index(m_rows - 1, columnCount() - 1), {StateRole});
}

void ResultsModel::evict()
{
    while (m_pages.size() > mostPages) {
        auto oldest = m_pages.cbegin();
        for (auto it = m_pages.cbegin(); it != m_pages.cend(); ++it) {
            if (it->used < oldest->used)
                oldest = it;
        }
        m_pages.erase(oldest);
    }
}

void ResultsModel::goToEnd()
{
    if (!m_loaded || m_rows == 0)
        return;
    m_goingToEnd = true;
    pump();
    if (m_goingToEnd)
        Q_EMIT loadingChanged();
}

const browse::Row* ResultsModel::row(int row) const
{
    const auto held = m_pages.find(row / pageRows);
    if (row < 0 || held == m_pages.end())
        return nullptr;
    held->used = ++m_uses;
    const auto at = size_t(row % pageRows);
    return at < held->rows.size() ? &held->rows[at] : nullptr;
}

int ResultsModel::rowOf(qint64 entityId) const
{
    for (auto held = m_pages.constBegin(); held != m_pages.constEnd(); ++held) {
        for (size_t i = 0; i < held->rows.size(); ++i) {
            if (held->rows[i].entityId == entityId)
                return held.key() * pageRows + int(i);
        }
    }
    return -1;
}

int ResultsModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : m_rows;
}

int ResultsModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : seenColumn() + 1;
}

CellState ResultsModel::stateOf(int row, int column) const
{
    const int page = row / pageRows;
    const auto held = m_pages.constFind(page);
    if (held == m_pages.constEnd())
        return m_failedPages.contains(page) ? CellState::Failed : CellState::Loading;
    if (size_t(row % pageRows) >= held->rows.size())
        return CellState::Gone;
    const int attribute = attributeOf(column);
    if (attribute && !held->columns.contains(attribute))
        return m_failedPages.contains(page) ? CellState::Failed : CellState::Loading;
    return m_outdated ? CellState::Outdated : CellState::Loaded;
}

std::optional<QString> ResultsModel::value(const browse::Row& row, const Held& held, int attributeId) const
{
    const auto at = held.columns.indexOf(attributeId);
    if (at < 0 || size_t(at) >= row.values.size())
        return std::nullopt;
    return row.values[size_t(at)];
}

QVariant ResultsModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid() || index.row() >= m_rows || index.column() >= columnCount())
        return {};
    const int column = index.column();
    const int attributeId = attributeOf(column);
    const Attribute* attribute = attributeId ? m_catalog.findId(attributeId) : nullptr;
    switch (role) {
    case StateRole:
        return int(stateOf(index.row(), column));
    case TypeRole:
        return attribute ? QVariant(int(attribute->type)) : QVariant();
    case Qt::TextAlignmentRole:
        return int((attribute && attribute->type == ValueType::Number ? Qt::AlignRight : Qt::AlignLeft) |
                   Qt::AlignVCenter);
    case Qt::DisplayRole:
    case Qt::ToolTipRole:
    case Qt::AccessibleTextRole:
    case ValueRole:
    case EntityIdRole:
        break;
    default:
        return {};
    }
    const auto held = m_pages.find(index.row() / pageRows);
    const auto at = size_t(index.row() % pageRows);
    if (held == m_pages.end() || at >= held->rows.size()) {
        if (role != Qt::ToolTipRole)
            return {};
        switch (stateOf(index.row(), column)) {
        case CellState::Failed:
            return m_failedPages.value(index.row() / pageRows);
        case CellState::Gone:
            return tr("No longer in the result. F5 reads it anew.");
        default:
            return {};
        }
    }
    held->used = ++m_uses;
    const browse::Row& found = held->rows[at];
    if (role == EntityIdRole)
        return found.entityId;
    const bool exact = role == ValueRole || role == Qt::ToolTipRole;
    std::optional<QString> text;
    switch (column) {
    case IdColumn:
        text = found.externalId;
        break;
    case NameColumn:
        text = found.name;
        break;
    case TypeColumn:
        text = found.type;
        break;
    default:
        if (attributeId) {
            text = value(found, *held, attributeId);
            if (text && !exact && attribute && attribute->type == ValueType::Timestamp) {
                // Read at a glance; the exact text is in the tooltip and in copies.
                QString shown = *text;
                if (shown.endsWith(QLatin1String("Z")) && shown.size() > 11 &&
                    shown.at(10) == QLatin1Char('T')) {
                    shown.chop(1);
                    shown[10] = QLatin1Char(' ');
                }
                text = shown;
            }
        } else if (found.seen.isValid()) {
            text = exact ? found.seen.toUTC().toString(Qt::ISODateWithMs)
                         : tr("%1 ago").arg(durationText(std::max(
                               0.0, double(found.seen.msecsTo(QDateTime::currentDateTimeUtc())) / 1000)));
        }
        break;
    }
    if (!text)
        return {};
    if (role == Qt::ToolTipRole && (text->size() > 2000))
        return text->left(2000) + QChar(0x2026);
    return *text;
}

QVariant ResultsModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    const int attributeId = attributeOf(section);
    const Attribute* attribute = attributeId ? m_catalog.findId(attributeId) : nullptr;
    if (role == Qt::TextAlignmentRole)
        return int((attribute && attribute->type == ValueType::Number ? Qt::AlignRight : Qt::AlignLeft) |
                   Qt::AlignVCenter);
    if (role == Qt::ToolTipRole) {
        if (section == seenColumn())
            return tr("Newest observation of any attribute");
        QString text = section == IdColumn ? tr("The platform's own identifier")
                       : attribute ? QStringLiteral("%1 (%2)").arg(attribute->name, typeText(attribute->type))
                                   : QString();
        if (!text.isEmpty())
            text += QLatin1Char('\n');
        if (section == sortedColumn())
            text += m_sort->descending ? tr("Sorted, greatest first.") : tr("Sorted, least first.");
        else
            text += tr("Click to sort by it.");
        if (attribute)
            text += QLatin1Char(' ') + tr("Assets without a value come last.");
        if (!m_sort)
            text += QLatin1Char('\n') + tr("Rows are in the order in which the assets were first seen.");
        return text;
    }
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case IdColumn:
        return tr("id");
    case NameColumn:
        return tr("name");
    case TypeColumn:
        return tr("type");
    default:
        break;
    }
    if (section == seenColumn())
        return tr("seen");
    if (!attribute)
        return attributeId ? QString::number(attributeId) : QString();
    return attribute->unit.isEmpty() ? attribute->name
                                     : QStringLiteral("%1 [%2]").arg(attribute->name, attribute->unit);
}

} // namespace atlas::gui
