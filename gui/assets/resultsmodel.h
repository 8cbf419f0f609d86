// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractTableModel>
#include <QElapsedTimer>
#include <QHash>
#include <QTimer>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "gui/assets/pagesource.h"

namespace atlas::gui {

/// What is known of one cell now.
enum class CellState { Loaded = 1, Loading, Outdated, Failed, Gone };

/// Rows of a filter's result, a window onto keyset pages. Never OFFSET: a page starts behind the last entity
/// id of the page before. Start keys are remembered, pages are kept by last use and read again when they are
/// wanted. To get to a place whose start key is not known yet, keys alone are read on the way in large steps.
///
/// The number of rows is exact once the end was seen or the total was told; before that there is one row more
/// than are known, which is read when it comes into view. What was read stays as it was until refresh(), so
/// that rows do not jump while data arrives; a row that has left the result when its page is read again is
/// marked as gone.
class ResultsModel : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column { IdColumn = 0, NameColumn = 1, TypeColumn = 2, FirstAttributeColumn = 3 };
    enum Role {
        StateRole = Qt::UserRole + 1, ///< int, a CellState
        ValueRole,                    ///< exact text; invalid where the asset has none
        TypeRole,                     ///< int, ValueType of an attribute column; invalid for the others
        EntityIdRole,
    };
    static constexpr int pageRows = 200;
    static constexpr int mostPages = 64;  ///< kept at a time
    static constexpr int stepRows = 5000; ///< keys read at once on the way to a far place
    static constexpr int mostRows =
        1'000'000; ///< a table with more is no table any more; exports have no limit

    explicit ResultsModel(QObject* parent = nullptr);
    ~ResultsModel() override;

    /// nullptr: nothing can be read, nothing is shown.
    void setSource(std::shared_ptr<PageSource> source);
    /// Shows the rows of the filter: the old ones stay, marked as outdated, until the first page is there.
    /// While one query runs the newest one waits; what runs longer than a moment is cancelled for it.
    void setFilter(const filter::Expression& filter, const AttributeCatalog& catalog);
    const filter::Expression& filter() const { return m_filter; }
    void setCatalog(const AttributeCatalog& catalog); ///< names, types and units only; reads nothing
    const AttributeCatalog& catalog() const { return m_catalog; }
    void refresh();
    void clear();
    /// Stops what runs. What was there stays.
    void cancelLoading();

    /// Rows in the order of a value, by the server, those without it last; nullopt: in the order in which the
    /// assets were first seen. Asks for the first page again. Goes with the column of its attribute.
    void setSort(const std::optional<filter::Sort>& sort);
    const std::optional<filter::Sort>& sort() const { return m_sort; }
    /// What a column sorts by; nullopt: it has no order of its own.
    std::optional<filter::Subject> subjectOf(int column) const;
    int sortedColumn() const; ///< -1: none

    QList<int> columns() const { return m_columns; }
    void setColumns(const QList<int>& attributeIds);
    void addColumn(int attributeId, int position = -1);
    void removeColumn(int attributeId);
    int attributeOf(int column) const;   ///< 0: none
    int columnOf(int attributeId) const; ///< -1: not shown
    int seenColumn() const { return FirstAttributeColumn + int(m_columns.size()); }

    /// The exact number of rows, counted elsewhere.
    void setTotal(qint64 total);
    /// The end was seen: rowCount() is the number of rows of the result.
    bool isComplete() const { return m_complete; }
    /// More rows than are shown at most.
    bool isCapped() const { return m_capped; }
    qint64 knownRows() const { return m_known; }
    bool isLoaded() const { return m_loaded; }
    bool isLoading() const { return m_ticket != 0 || m_starting; }
    /// The rows belong to another filter than the one asked for last.
    bool isOutdated() const { return m_outdated; }
    const std::optional<browse::Problem>& problem() const { return m_problem; }

    /// The rows in view; what is missing of them is read, nearest first.
    void setWindow(int firstRow, int lastRow);
    /// Reads keys until the end (or the most rows); reachedEnd() follows.
    void goToEnd();
    bool isGoingToEnd() const { return m_goingToEnd; }

    /// nullptr: not read (yet, or any more).
    const browse::Row* row(int row) const;
    /// Loaded row of that entity, -1.
    int rowOf(qint64 entityId) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

Q_SIGNALS:
    /// The first page of a filter; the rows are there. Milliseconds from asking to here.
    void started(const atlas::browse::Page& page, double milliseconds);
    void failed(const atlas::browse::Problem& problem);
    void loadingChanged();
    void reachedEnd(int lastRow);
    void walked(qint64 rows);
    void sortChanged();

private:
    struct Held
    {
        std::vector<browse::Row> rows;
        QList<int> columns;
        quint64 used = 0;
    };
    struct Wanted
    {
        filter::Expression filter;
        AttributeCatalog catalog;
    };

    /// What a page starts behind.
    struct Key
    {
        qint64 entityId = 0;          ///< 0: the beginning
        std::optional<QString> value; ///< with a sort: of that entity
    };
    static Key keyOf(const browse::Row& row) { return {row.entityId, row.sortValue}; }
    PageQuery queryFrom(const Key& key, const QList<int>& columns, int limit) const;

    void startQuery();
    void firstPage(std::variant<browse::Page, browse::Problem> outcome, quint64 generation);
    void pump();
    void askPage(int page);
    void askKeys();
    void pageArrived(int page, const QList<int>& columns, browse::Page got);
    void keysArrived(const browse::Page& got);
    void fail(const browse::Problem& problem);
    void learnEnd(qint64 rows);
    void updateRowCount();
    qint64 wantedRowCount() const;
    void evict();
    bool complete(const Held& held) const;
    CellState stateOf(int row, int column) const;
    std::optional<QString> value(const browse::Row& row, const Held& held, int attributeId) const;
    std::pair<int, int> pagesInView() const; ///< the first and the last
    int nextMissingPage() const;

    std::shared_ptr<PageSource> m_source;
    filter::Expression m_filter;
    AttributeCatalog m_catalog;
    QList<int> m_columns;

    std::optional<filter::Sort> m_sort;

    std::vector<Key> m_starts; ///< key that page i starts behind, as far as known
    mutable QHash<int, Held> m_pages;
    QHash<int, QString> m_failedPages;
    mutable quint64 m_uses = 0;
    qint64 m_known = 0; ///< rows of which it is known that they are there
    int m_rows = 0;     ///< rowCount
    bool m_complete = false;
    bool m_capped = false;
    bool m_loaded = false;
    bool m_outdated = false;
    std::optional<qint64> m_total;
    std::optional<browse::Problem> m_problem;

    int m_windowFirst = 0;
    int m_windowLast = 0;
    bool m_goingToEnd = false;
    bool m_starting = false; ///< the query in flight is a first page
    quint64 m_ticket = 0;
    quint64 m_generation = 0;
    std::optional<Wanted> m_pending;
    QTimer m_grace; ///< of the running query once a newer one waits
    QElapsedTimer m_clock;
};

} // namespace atlas::gui
