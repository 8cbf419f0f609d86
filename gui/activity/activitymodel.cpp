// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/activity/activitymodel.h"

#include <QLocale>

#include <algorithm>

#include "gui/support/timetext.h"
#include "gui/theme/theme.h"
#include "gui/widgets/searchfield.h"
#include "model/environment/environment.h"

namespace atlas::gui {

namespace {
using State = db::StatementRecord::State;

double millisecondsSo(const db::StatementRecord& record)
{
    if (!ActivityModel::isRunning(record))
        return record.milliseconds;
    return double(std::max<qint64>(0, record.startedAt.msecsTo(QDateTime::currentDateTimeUtc())));
}
} // namespace

ActivityModel::ActivityModel(int capacity, QObject* parent)
    : QAbstractTableModel(parent)
    , m_capacity(capacity)
{
}

bool ActivityModel::isRunning(const db::StatementRecord& record)
{
    return record.state == State::Waiting || record.state == State::Running;
}

QString ActivityModel::stateText(const db::StatementRecord& record)
{
    switch (record.state) {
    case State::Waiting:
        return tr("waiting");
    case State::Running:
        return tr("running");
    case State::Done:
        return tr("done");
    case State::Failed:
        return tr("failed");
    case State::Cancelled:
        return tr("cancelled");
    }
    return {};
}

int ActivityModel::rowOf(quint64 id) const
{
    const auto found = std::find_if(m_records.cbegin(), m_records.cend(),
                                    [id](const db::StatementRecord& r) { return r.id == id; });
    return found == m_records.cend() ? -1 : int(found - m_records.cbegin());
}

const db::StatementRecord* ActivityModel::record(quint64 id) const
{
    const int row = rowOf(id);
    return row < 0 ? nullptr : &m_records[size_t(row)];
}

void ActivityModel::start(const db::StatementRecord& record)
{
    const int known = rowOf(record.id);
    if (known >= 0) {
        // Waiting became running.
        const bool was = isRunning(m_records[size_t(known)]);
        m_records[size_t(known)] = record;
        m_running += int(isRunning(record)) - int(was);
        Q_EMIT dataChanged(index(known, 0), index(known, ColumnCount - 1));
        return;
    }
    beginInsertRows({}, 0, 0);
    m_records.push_front(record);
    m_running += int(isRunning(record));
    endInsertRows();
    trim();
}

void ActivityModel::finish(const db::StatementRecord& record)
{
    start(record);
}

void ActivityModel::trim()
{
    for (int row = int(m_records.size()) - 1; row > 0 && int(m_records.size()) > m_capacity; --row) {
        if (isRunning(m_records[size_t(row)]))
            continue;
        beginRemoveRows({}, row, row);
        m_records.erase(m_records.begin() + row);
        endRemoveRows();
    }
}

void ActivityModel::clearFinished()
{
    beginResetModel();
    m_records.erase(std::remove_if(m_records.begin(), m_records.end(),
                                   [](const db::StatementRecord& record) { return !isRunning(record); }),
                    m_records.end());
    endResetModel();
}

void ActivityModel::tick()
{
    for (int row = 0, left = m_running; row < int(m_records.size()) && left > 0; ++row) {
        if (!isRunning(m_records[size_t(row)]))
            continue;
        Q_EMIT dataChanged(index(row, Time), index(row, Time), {Qt::DisplayRole});
        --left;
    }
}

int ActivityModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_records.size());
}

int ActivityModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(ColumnCount);
}

QVariant ActivityModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole) {
        const bool right = section == Time || section == Rows;
        return int((right ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    }
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case State:
        return tr("State");
    case Started:
        return tr("Started");
    case Purpose:
        return tr("What for");
    case Name:
        return tr("Statement");
    case Endpoint:
        return tr("Endpoint");
    case Time:
        return tr("Time");
    case Rows:
        return tr("Rows");
    case Error:
        return tr("Error");
    default:
        return {};
    }
}

QVariant ActivityModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const db::StatementRecord& record = m_records[size_t(index.row())];
    switch (role) {
    case Qt::DisplayRole:
        switch (index.column()) {
        case State:
            return stateText(record);
        case Started:
            return QLocale().toString(record.startedAt.toLocalTime().time(), QStringLiteral("HH:mm:ss.zzz"));
        case Purpose:
            return record.statement.purpose;
        case Name:
            return record.statement.name;
        case Endpoint:
            return record.endpoint;
        case Time:
            return elapsedText(millisecondsSo(record));
        case Rows:
            return isRunning(record) && record.rows == 0 ? QString() : countText(record.rows);
        case Error:
            return record.error ? record.error->text() : QString();
        default:
            return {};
        }
    case Qt::TextAlignmentRole:
        return int((index.column() == Time || index.column() == Rows ? Qt::AlignRight : Qt::AlignLeft) |
                   Qt::AlignVCenter);
    case Qt::DecorationRole:
        if (index.column() != State)
            return {};
        switch (record.state) {
        case State::Waiting:
            return icon(QStringLiteral("clock"), ColorRole::TextMuted);
        case State::Running:
            return icon(QStringLiteral("play"), ColorRole::Info);
        case State::Done:
            return icon(QStringLiteral("check"), ColorRole::Positive);
        case State::Failed:
            return icon(QStringLiteral("error"), ColorRole::Critical);
        case State::Cancelled:
            return icon(QStringLiteral("cancel"), ColorRole::Warning);
        }
        return {};
    case Qt::ForegroundRole:
        if (index.column() == Error)
            return color(record.state == State::Cancelled ? ColorRole::TextMuted : ColorRole::Critical);
        if (index.column() == Name || index.column() == Started)
            return color(ColorRole::TextMuted);
        return {};
    case Qt::ToolTipRole:
        if (index.column() == Error && record.error)
            return record.error->text().toHtmlEscaped();
        return {};
    case SortRole:
        switch (index.column()) {
        case State:
            return int(record.state);
        case Started:
            return record.startedAt;
        case Time:
            return millisecondsSo(record);
        case Rows:
            return record.rows;
        default:
            return data(index, Qt::DisplayRole);
        }
    case SearchRole:
        return QStringList({record.statement.purpose, record.statement.name, record.endpoint,
                            stateText(record), QString::fromUtf8(record.statement.sql),
                            record.error ? record.error->text() : QString()})
            .join(QLatin1Char(' '))
            .toLower();
    case RecordRole:
        return QVariant::fromValue(record);
    default:
        return {};
    }
}

ActivityFilterModel::ActivityFilterModel(QObject* parent)
    : QSortFilterProxyModel(parent)
{
    setSortRole(ActivityModel::SortRole);
    setDynamicSortFilter(true);
}

void ActivityFilterModel::setSearch(const QString& text)
{
    m_words = searchWords(text);
    invalidateFilter();
}

void ActivityFilterModel::setShow(Show show)
{
    m_show = show;
    invalidateFilter();
}

bool ActivityFilterModel::filterAcceptsRow(int sourceRow, const QModelIndex& sourceParent) const
{
    const auto* model = static_cast<const ActivityModel*>(sourceModel());
    const db::StatementRecord& record = model->recordAt(sourceRow);
    if (m_show == Show::Running && !ActivityModel::isRunning(record))
        return false;
    if (m_show == Show::Failed && record.state != db::StatementRecord::State::Failed)
        return false;
    if (m_words.isEmpty())
        return true;
    return matchesWords(model->index(sourceRow, 0, sourceParent).data(ActivityModel::SearchRole).toString(),
                        m_words);
}

bool ActivityFilterModel::lessThan(const QModelIndex& left, const QModelIndex& right) const
{
    const QVariant a = left.data(ActivityModel::SortRole);
    const QVariant b = right.data(ActivityModel::SortRole);
    const QPartialOrdering order = QVariant::compare(a, b);
    if (order != QPartialOrdering::Equivalent)
        return order == QPartialOrdering::Less;
    const auto* model = static_cast<const ActivityModel*>(sourceModel());
    return model->recordAt(left.row()).id < model->recordAt(right.row()).id;
}

} // namespace atlas::gui
