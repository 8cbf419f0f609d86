// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDateTime>
#include <QList>

#include "model/filter/catalog.h"
#include "model/filter/expression.h"

namespace atlas::filter {

/// Entities expected. Without statistics it is a guess and says so.
struct Estimate
{
    double entities = 0;
    bool measured = false; ///< from attribute_stats; false: a default was used somewhere
};

class Estimator
{
public:
    virtual ~Estimator();
    /// Entities of the tenant.
    virtual double entitiesTotal() const = 0;
    /// Entities for which the clause is true, whether it is enabled or not.
    virtual Estimate clause(const Clause& clause) const = 0;
};

/// Combines clauses as if they were independent of each other. Disabled nodes do not count.
Estimate estimate(const Expression& expression, const Estimator& estimator);
Estimate estimate(const Node& node, const Estimator& estimator);

/// Equality from the common values, the rest spread evenly over the remaining distinct values; ranges from
/// the histogram, linear within a bucket; parts of text from the common values that contain it.
class StatsEstimator : public Estimator
{
public:
    /// `catalog` must outlive it. `now` is what "in the last" counts back from.
    explicit StatsEstimator(const CatalogLookup& catalog,
                            const QDateTime& now = QDateTime::currentDateTimeUtc());
    double entitiesTotal() const override;
    Estimate clause(const Clause& clause) const override;

private:
    const CatalogLookup& m_catalog;
    QDateTime m_now;
};

} // namespace atlas::filter
