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

/// Between what a number of entities lies, as far as statistics can tell.
struct Bounds
{
    double low = 0;
    double high = 0;
    bool measured = false;   ///< false: something in it was never measured; it may then be anything
    bool sampled = false;    ///< holds with the odds of a sample; false: held for certain when it was counted
    double changedSince = 0; ///< writes since then, which `low` and `high` allow for
    QDateTime measuredAt;    ///< the oldest measurement in it
    bool operator==(const Bounds&) const = default;
};

/// What an estimate of the same filter may be wrong by. A clause: a common value is known exactly, any other
/// has no more entities than the least common one that is listed; a range is known to a bucket of the
/// histogram at each open end, a hundredth of the entities that have the attribute. From a sample it is the
/// score interval (Wilson) of so many standard errors: two are right in 95 of 100 cases. Each write since
/// then may have moved one entity. Clauses together: what holds however they depend on each other (Fréchet),
/// while the estimate takes them as independent. Holds the estimate itself. Numbers are told apart as float8.
/// Writes that the agent has not added up yet (ten seconds), and changed names and types of entities, are not
/// in it.
Bounds bounds(const Expression& expression, const CatalogLookup& catalog,
              const QDateTime& now = QDateTime::currentDateTimeUtc(), double standardErrors = 2);

} // namespace atlas::filter
