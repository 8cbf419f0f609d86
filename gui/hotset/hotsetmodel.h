// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractTableModel>
#include <QHash>
#include <QStringList>

#include <optional>
#include <vector>

#include "model/catalog/attributecatalog.h"
#include "model/hotset/hotset.h"
#include "model/hotset/usage.h"

namespace atlas::gui {

/// All attributes of a tenant for the hot set: what is not cold first, then the cold ones that filters
/// compared for equality, by the time spent in those filters, then the rest by the share of assets that have
/// it.
class HotSetModel : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column { Name = 0, Type, State, Filters, Share, Distinct, Job, ColumnCount };
    enum Role { IdRole = Qt::UserRole + 1, StateRole, ProgressRole };

    explicit HotSetModel(QObject* parent = nullptr);

    void setCatalog(const AttributeCatalog& catalog);
    const AttributeCatalog& catalog() const { return m_catalog; }
    /// What filters of the last hotset::adviceDays compared for equality.
    void setUsage(const std::vector<hotset::Candidate>& candidates);
    void setSearch(const QString& text);
    /// Newest first, as jobsStatement() has them.
    void setJobs(const std::vector<hotset::Job>& jobs);
    /// Replaces the job of that id, or adds it as the newest.
    void updateJob(const hotset::Job& job);
    std::vector<hotset::Job> jobsOf(int attributeId) const;
    /// The newest job of the attribute, nullptr when there never was one. Only this one may be under way: an
    /// older one that does not seem to be over was cancelled, and its end not read yet.
    const hotset::Job* newestJob(int attributeId) const;
    /// nullptr when it is not known.
    const hotset::Job* job(qint64 id) const;

    const Attribute* attributeAt(int row) const;
    int rowOf(int attributeId) const; ///< -1: not among what is shown
    int hotCount() const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    void arrange();

    AttributeCatalog m_catalog;
    std::vector<int> m_shown; ///< indexes into the catalogue
    std::vector<hotset::Job> m_jobs;
    QHash<int, hotset::Candidate> m_usage; ///< by attribute
    QString m_search;
};

/// "waiting for writers", "writing", "comparing every row", …: a phase for people.
QString phaseText(const hotset::Job& job);

} // namespace atlas::gui
