// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractTableModel>
#include <QHash>
#include <QSortFilterProxyModel>

#include <deque>

#include "db/statement.h"

namespace atlas::gui {

/// The statements of this session, newest first, at most `capacity` of them: older ones are forgotten,
/// running ones never.
class ActivityModel : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column { State, Started, Purpose, Time, Rows, Endpoint, Name, Error, ColumnCount };
    enum Role { RecordRole = Qt::UserRole + 1, SortRole, SearchRole };

    explicit ActivityModel(int capacity = 2000, QObject* parent = nullptr);

    void start(const db::StatementRecord& record);
    void finish(const db::StatementRecord& record);
    /// Forgets what has finished.
    void clearFinished();

    /// nullptr when it is forgotten.
    const db::StatementRecord* record(quint64 id) const;
    const db::StatementRecord& recordAt(int row) const { return m_records.at(size_t(row)); }
    int rowOf(quint64 id) const;
    int runningCount() const { return m_running; }
    /// Repaints how long the running ones have been running.
    void tick();

    static bool isRunning(const db::StatementRecord& record);
    static QString stateText(const db::StatementRecord& record);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    void trim();

    int m_capacity;
    int m_running = 0;
    std::deque<db::StatementRecord> m_records; ///< newest first
};

/// Several words in any order over purpose, name, endpoint, SQL and error; optionally running or failed ones
/// only.
class ActivityFilterModel : public QSortFilterProxyModel
{
    Q_OBJECT
public:
    enum class Show { All = 1, Running, Failed };
    explicit ActivityFilterModel(QObject* parent = nullptr);
    void setSearch(const QString& text);
    void setShow(Show show);

protected:
    bool filterAcceptsRow(int sourceRow, const QModelIndex& sourceParent) const override;
    bool lessThan(const QModelIndex& left, const QModelIndex& right) const override;

private:
    QStringList m_words;
    Show m_show = Show::All;
};

} // namespace atlas::gui
