// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <vector>

#include "model/filter/compiler.h"
#include "model/filter/conditions_p.h"
#include "model/filter/predicate_p.h"

namespace atlas::filter {

/// What is asked of a select that yields entity_id.
struct Need
{
    bool ordered = false;
    qint64 limit = -1; ///< -1: all of them; only together with ordered
    double taken =
        -1; ///< of a page: rows that are expected to be asked for, where others fill it too; -1: limit

    bool isPage() const { return ordered && limit >= 0; }
};

/// A sort, resolved.
struct SortedBy
{
    Sort sort;
    AttributeInfo attribute; ///< of an attribute
    Predicate having;        ///< the entities with a value
    bool nearest = false;    ///< numbers as their nearest float8, which is enough and cheaper
};
SortedBy sortedBy(const Sort& sort, const CatalogLookup& catalog, const Estimator& estimator);

/// One way to answer, with its expected cost. The SQL is made only for the one that is taken.
struct Candidate
{
    Shape shape = Shape::EntityScan;
    double cost = 0; ///< microseconds
    bool usesHot = false;
    QString driver;
    std::function<QByteArray()> sql;
    std::function<void(Explain&)> describe;
};

/// Chooses and writes the statement of one filter. PostgreSQL cannot estimate (attribute, value) pairs, so
/// every shape is written such that its planner has nothing left to get badly wrong: what drives is alone in
/// its query level, probes are scalar sub-selects by primary key, sets are brought together by full joins,
/// which only hash or merge.
class Planner
{
public:
    Planner(int tenantId, const CompileOptions& options, double total);

    /// Cheapest first; never empty.
    std::vector<Candidate> candidates(const Predicate& predicate, const Need& need);
    /// The ways to count, each a complete statement.
    std::vector<Candidate> countCandidates(const Predicate& predicate);

    /// The same in the order of a sort: selects of entity_id and sort_value.
    std::vector<Candidate> sortedCandidates(const Predicate& predicate, const SortedBy& by, const Need& need);

    /// Complete statements: the most common values of an attribute within the filter.
    /// Projection::Top or Histogram; `most`: values, or bins.
    std::vector<Candidate> valueCandidates(const Predicate& predicate, const SortedBy& by,
                                           Projection projection, int most);

    Parameters& parameters() { return m_parameters; }
    /// Only what the options ask for, where there is such.
    static void keepAskedFor(std::vector<Candidate>& candidates, const CompileOptions& options);

private:
    struct Driver
    {
        Predicate predicate;
        std::vector<Predicate> rest;
    };

    void conjunctions(const std::vector<Predicate>& parts, const Need& need, std::vector<Candidate>& out);
    Candidate entityScan(const std::vector<Predicate>& parts, const Need& need);
    Candidate orderedDriver(const Driver& driver, const Need& need);
    Candidate sortedDriver(const Driver& driver, const Need& need);
    std::optional<Candidate> join(const std::vector<Predicate>& parts, size_t joined, const Need& need);
    std::optional<Candidate> unionPages(const Predicate& any, const Need& need);
    Candidate setAlgebra(const Predicate& predicate, const Need& need);
    std::optional<Candidate> hotCount(const Predicate& predicate);

    std::optional<Candidate> sortWalk(const Predicate& predicate, const SortedBy& by, const Need& need);
    Candidate sortLookups(const Predicate& predicate, const SortedBy& by, const Need& need);
    Candidate sortJoin(const Predicate& predicate, const SortedBy& by, const Need& need);
    std::vector<Candidate> sortTail(const Predicate& predicate, const SortedBy& by, const Need& need);
    QByteArray sortValue(const SortedBy& by, const QByteArray& alias) const;
    QByteArray noSortValue(const SortedBy& by) const;
    QByteArray sortParameter(const SortedBy& by, const QString& value);
    QByteArray lookedUp(const Candidate& set, const SortedBy& by);
    QByteArray joined(const Candidate& set, const SortedBy& by);
    QByteArray sortedPage(const QByteArray& set, const SortedBy& by, const Need& need);

    // What it costs.
    double matching(const std::vector<Predicate>& parts) const;
    double fractionRead(const std::vector<Predicate>& parts, const Need& need) const;
    double sourceCost(const Predicate& source) const;
    double probeRow(double rows) const;
    double hotRow(double rows) const;
    double probeCost(const Predicate& probe) const;
    double probesCost(const std::vector<Predicate>& probes) const;
    double algebraCost(const Predicate& predicate) const;
    double relationCost() const;
    std::vector<Predicate> inProbeOrder(std::vector<Predicate> probes) const;

    // What it looks like.
    QByteArray source(const Predicate& predicate);
    QByteArray hotSource(const Predicate& predicate);
    QByteArray hotCall(const QByteArray& function, const Predicate& predicate);
    QByteArray rowsOf(const Predicate& predicate, const QByteArray& alias, Access access);
    QByteArray probe(const Predicate& predicate, const QByteArray& driver, bool driverIsEntities);
    QByteArray probes(const std::vector<Predicate>& predicates, bool driverIsEntities);
    QByteArray algebra(const Predicate& predicate);
    QByteArray tenant() { return m_parameters.integer(m_tenant); }
    QByteArray cursor(const QByteArray& column);
    QByteArray ordering(const QByteArray& column) const;
    QByteArray limit(const Need& need);
    QByteArray readWhole(const QByteArray& set, const Need& need);

    Explain::Source explained(const Predicate& predicate, const QString& role) const;
    void explainProbes(Explain& explain, const std::vector<Predicate>& probes, bool driverIsEntities) const;

    int m_tenant;
    CompileOptions m_options;
    double m_total;
    Parameters m_parameters;
    Conditions m_conditions;
};

} // namespace atlas::filter
