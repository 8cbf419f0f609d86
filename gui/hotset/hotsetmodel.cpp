// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/hotset/hotsetmodel.h"

#include <QLocale>

#include <algorithm>

#include "gui/assets/attributelistmodel.h"
#include "gui/support/timetext.h"
#include "gui/theme/theme.h"
#include "gui/widgets/searchfield.h"

namespace atlas::gui {

namespace {

int stateOrder(HotState state)
{
    // What is under way first, then what is hot, then the thousands that are not.
    switch (state) {
    case HotState::Warming:
    case HotState::Cooling:
        return 0;
    case HotState::Hot:
        return 1;
    case HotState::Cold:
        break;
    }
    return 2;
}

bool isNumber(int column)
{
    return column == HotSetModel::Filters || column == HotSetModel::Share || column == HotSetModel::Distinct;
}

QString usageText(const hotset::Candidate& usage)
{
    QString text =
        HotSetModel::tr("Filters that compared it for equality in the last 30 days: %1\n"
                        "Of those, with another attribute: %2\n"
                        "Their time together: %3")
            .arg(countText(usage.filters), countText(usage.combined), elapsedText(usage.milliseconds));
    if (usage.writeRate)
        text += HotSetModel::tr("\nWritten %1 times a second: so many more documents written once it is hot")
                    .arg(QLocale().toString(*usage.writeRate, 'f', 1));
    return text;
}

} // namespace

QString phaseText(const hotset::Job& job)
{
    const bool promotes = job.kind == hotset::Kind::Promote;
    if (job.phase == QLatin1String("drain"))
        return HotSetModel::tr("waiting for writers that began before");
    if (job.phase == QLatin1String("fill"))
        return promotes ? HotSetModel::tr("writing the projection")
                        : HotSetModel::tr("removing the projection");
    if (job.phase == QLatin1String("verify"))
        return promotes ? HotSetModel::tr("comparing every row") : HotSetModel::tr("looking for leftovers");
    if (job.phase == QLatin1String("done"))
        return promotes ? HotSetModel::tr("promoted") : HotSetModel::tr("demoted");
    if (job.phase == QLatin1String("failed"))
        return HotSetModel::tr("failed");
    return HotSetModel::tr("cancelled");
}

HotSetModel::HotSetModel(QObject* parent)
    : QAbstractTableModel(parent)
{
}

void HotSetModel::setCatalog(const AttributeCatalog& catalog)
{
    beginResetModel();
    m_catalog = catalog;
    arrange();
    endResetModel();
}

void HotSetModel::setUsage(const std::vector<hotset::Candidate>& candidates)
{
    QHash<int, hotset::Candidate> usage;
    for (const hotset::Candidate& one : candidates)
        usage.insert(one.attributeId, one);
    if (usage == m_usage)
        return;
    beginResetModel();
    m_usage = usage;
    arrange();
    endResetModel();
}

void HotSetModel::setSearch(const QString& text)
{
    beginResetModel();
    m_search = text;
    arrange();
    endResetModel();
}

void HotSetModel::setJobs(const std::vector<hotset::Job>& jobs)
{
    m_jobs = jobs;
    if (!m_shown.empty())
        Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
}

void HotSetModel::updateJob(const hotset::Job& job)
{
    const auto known = std::find_if(m_jobs.begin(), m_jobs.end(),
                                    [&job](const hotset::Job& one) { return one.id == job.id; });
    if (known == m_jobs.end())
        m_jobs.insert(m_jobs.begin(), job);
    else
        *known = job;
    const int row = rowOf(job.attributeId);
    if (row >= 0)
        Q_EMIT dataChanged(index(row, 0), index(row, ColumnCount - 1));
}

std::vector<hotset::Job> HotSetModel::jobsOf(int attributeId) const
{
    std::vector<hotset::Job> found;
    std::copy_if(m_jobs.begin(), m_jobs.end(), std::back_inserter(found),
                 [attributeId](const hotset::Job& job) { return job.attributeId == attributeId; });
    return found;
}

const hotset::Job* HotSetModel::newestJob(int attributeId) const
{
    const auto found = std::find_if(m_jobs.begin(), m_jobs.end(), [attributeId](const hotset::Job& job) {
        return job.attributeId == attributeId;
    });
    return found == m_jobs.end() ? nullptr : &*found;
}

const hotset::Job* HotSetModel::job(qint64 id) const
{
    const auto found =
        std::find_if(m_jobs.begin(), m_jobs.end(), [id](const hotset::Job& job) { return job.id == id; });
    return found == m_jobs.end() ? nullptr : &*found;
}

void HotSetModel::arrange()
{
    const QStringList words = searchWords(m_search);
    m_shown.clear();
    // Among those that are cold it says which to promote; what is hot stays where it was.
    const auto spent = [this](const Attribute& attribute) {
        const auto usage = m_usage.constFind(attribute.id);
        return attribute.state != HotState::Cold || usage == m_usage.constEnd() ? -1.0 : usage->milliseconds;
    };
    for (int i = 0; i < m_catalog.size(); ++i) {
        if (words.isEmpty() || matchesWords(m_catalog.at(i).name.toLower(), words))
            m_shown.push_back(i);
    }
    std::stable_sort(m_shown.begin(), m_shown.end(), [this, &spent](int left, int right) {
        const Attribute& a = m_catalog.at(left);
        const Attribute& b = m_catalog.at(right);
        if (stateOrder(a.state) != stateOrder(b.state))
            return stateOrder(a.state) < stateOrder(b.state);
        const double spentOnA = spent(a);
        const double spentOnB = spent(b);
        if (spentOnA != spentOnB)
            return spentOnA > spentOnB;
        return a.entitiesWith.value_or(-1) > b.entitiesWith.value_or(-1);
    });
}

const Attribute* HotSetModel::attributeAt(int row) const
{
    if (row < 0 || row >= rowCount())
        return nullptr;
    return &m_catalog.at(m_shown[static_cast<std::size_t>(row)]);
}

int HotSetModel::rowOf(int attributeId) const
{
    const auto found = std::find_if(m_shown.begin(), m_shown.end(),
                                    [&](int index) { return m_catalog.at(index).id == attributeId; });
    return found == m_shown.end() ? -1 : static_cast<int>(found - m_shown.begin());
}

int HotSetModel::hotCount() const
{
    int count = 0;
    for (int i = 0; i < m_catalog.size(); ++i)
        count += m_catalog.at(i).state == HotState::Hot;
    return count;
}

int HotSetModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_shown.size());
}

int HotSetModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant HotSetModel::data(const QModelIndex& index, int role) const
{
    const Attribute* attribute = index.isValid() ? attributeAt(index.row()) : nullptr;
    if (!attribute)
        return {};
    const hotset::Job* job = newestJob(attribute->id);
    const double share = attribute->entitiesWith && m_catalog.entitiesTotal() > 0
                             ? static_cast<double>(*attribute->entitiesWith) / m_catalog.entitiesTotal()
                             : -1;
    switch (role) {
    case IdRole:
        return attribute->id;
    case StateRole:
        return int(attribute->state);
    case ProgressRole:
        return job && !job->isOver() ? job->progress().value_or(0) : -1.0;
    case Qt::DisplayRole:
        switch (index.column()) {
        case Name:
            return attribute->name;
        case Type:
            return typeText(attribute->type);
        case State:
            return hotStateName(attribute->state);
        case Filters: {
            const auto usage = m_usage.constFind(attribute->id);
            return usage == m_usage.constEnd() ? QString() : countText(usage->filters);
        }
        case Share:
            return shareText(share);
        case Distinct:
            return attribute->distinctValues ? countText(*attribute->distinctValues) : QStringLiteral("–");
        case Job:
            return job ? phaseText(*job) : QString();
        default:
            return {};
        }
    case Qt::DecorationRole:
        return index.column() == Name ? QVariant(icon(typeIcon(attribute->type))) : QVariant();
    case Qt::ToolTipRole:
        if (index.column() == Filters) {
            const auto usage = m_usage.constFind(attribute->id);
            return usage == m_usage.constEnd() ? QVariant() : QVariant(usageText(*usage));
        }
        return index.column() == Job && job ? QVariant(job->message) : QVariant();
    case Qt::TextAlignmentRole:
        return isNumber(index.column()) ? QVariant(Qt::AlignRight | Qt::AlignVCenter)
                                        : QVariant(Qt::AlignLeft | Qt::AlignVCenter);
    default:
        return {};
    }
}

QVariant HotSetModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole)
        return isNumber(section) ? QVariant(Qt::AlignRight | Qt::AlignVCenter)
                                 : QVariant(Qt::AlignLeft | Qt::AlignVCenter);
    if (role == Qt::ToolTipRole && section == Filters)
        return tr("How many filters compared it for equality; pointed at, a number tells what they cost");
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Name:
        return tr("Attribute");
    case Type:
        return tr("Type");
    case State:
        return tr("State");
    case Filters:
        return tr("Filters, 30 d");
    case Share:
        return tr("Assets");
    case Distinct:
        return tr("Values");
    case Job:
        return tr("Last change");
    default:
        return {};
    }
}

} // namespace atlas::gui
