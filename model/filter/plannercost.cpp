// SPDX-License-Identifier: GPL-3.0-or-later
// What the shapes cost, in microseconds of one server process with everything cached. Measured on PostgreSQL
// 15 as a login under row security; only their proportions matter.
#include <algorithm>
#include <cmath>

#include "model/filter/planner_p.h"

namespace atlas::filter {

namespace {

using Kind = Predicate::Kind;

constexpr double rowCost = 0.12;             // one entry of an index-only scan
constexpr double textTestCost = 0.12;        // strpos and the like, on top of it
constexpr double joinCost = 0.09;            // one row into a hash or merge full join
constexpr double largeJoinCost = 0.155;      // the same, where one side is large
constexpr double joinPlanCost = 60;          // the server weighs hash against merge
constexpr double sortCost = 0.009;           // times n log2 n
constexpr double mergeCost = 0.3;            // one row of a branch, merged with the others
constexpr double unionCost = 0.22;           // one row into a hash aggregate
constexpr double algebraRowCost = 0.12;      // one row into intersect or except
constexpr double largeAlgebraRowCost = 0.35; // the same, where they no longer fit into memory and are sorted
constexpr double large = 400'000;            // rows of one side
constexpr double denseProbeCost = 2.0;  // one row by primary key, a sub-plan call included, page after page
constexpr double sparseProbeCost = 3.4; // the same, each on a page of its own
constexpr double leafProbeCost = 0.02;  // share that each further leaf adds: it is looked for at run time
constexpr double fieldTestCost = 0.06;  // a condition on the row at hand
constexpr double entityRowCost = 0.085;
constexpr double hotCallCost = 350;
constexpr double hotRowCost = 0.85; // bitmap heap scan and recheck of the document, each on a page of its own
constexpr double denseHotRowCost = 0.38; // the same, where a quarter of all match, or more
constexpr double hotHandOverCost = 0.1;  // of it: one row out of the function that looks it up
constexpr double hotEntryCost = 0.08;    // one entry of the rarest posting list, looked for in the others

constexpr double emptyBranch = 0.15; // how likely

double joinRow(double largest)
{
    return largest > large ? largeJoinCost : joinCost;
}

} // namespace

/// Planning and starting one relation; every leaf counts.
double Planner::relationCost() const
{
    return 70 + 25.0 * m_options.partitions;
}

/// One row by primary key, when `rows` of all entities are looked up in order.
double Planner::probeRow(double rows) const
{
    const double share = std::clamp(rows / m_total, 0.0, 1.0);
    return (sparseProbeCost + (denseProbeCost - sparseProbeCost) * share) *
           (1 + leafProbeCost * (m_options.partitions - 1));
}

double Planner::hotRow(double rows) const
{
    const double share = std::clamp(rows / m_total * 4, 0.0, 1.0);
    return hotRowCost + (denseHotRowCost - hotRowCost) * share;
}

double Planner::matching(const std::vector<Predicate>& parts) const
{
    double rows = m_total;
    for (const Predicate& part : parts)
        rows *= std::clamp(part.rows / m_total, 0.0, 1.0);
    return rows;
}

/// Share of the driver that is read until a page is full. What people ask for together tends to be found
/// together (see join()), but not always; a page that never fills reads everything. So half of the weight is
/// on more than independence would say, and a tenth on a result ten times smaller.
double Planner::fractionRead(const std::vector<Predicate>& parts, const Need& need) const
{
    if (!need.isPage())
        return 1;
    const double wanted = need.taken >= 0 ? need.taken : static_cast<double>(need.limit);
    const auto share = [&](double rows) { return rows <= wanted ? 1.0 : wanted / rows; };
    const double independent = matching(parts);
    if (parts.size() < 2)
        return share(independent);
    std::vector<double> shares;
    for (const Predicate& part : parts)
        shares.push_back(std::clamp(part.rows / m_total, 0.0, 1.0));
    std::sort(shares.begin(), shares.end());
    double together = m_total;
    double exponent = 1;
    for (const double one : shares) {
        together *= std::pow(one, exponent);
        exponent /= 2;
    }
    return 0.5 * share(together) + 0.4 * share(independent) + 0.1 * share(independent / 10);
}

double Planner::sourceCost(const Predicate& source) const
{
    switch (source.kind) {
    case Kind::Values: {
        double row = rowCost;
        for (const Clause& clause : source.clauses)
            row += clause.op == Operator::Contains ? textTestCost : 0;
        return relationCost() + source.scanned * row;
    }
    case Kind::Field:
        return relationCost() + std::max(1.0, source.scanned) * rowCost;
    case Kind::Hot:
        return hotCallCost + 20.0 * m_options.partitions + source.rows * hotRow(source.rows) +
               (source.children.size() > 1 ? source.scanned * hotEntryCost : 0);
    case Kind::Any: {
        double cost = 0;
        for (const Predicate& child : source.children)
            cost += sourceCost(child) + child.rows * unionCost;
        return cost;
    }
    case Kind::All: {
        // The best set of a nested group is chosen when it is written; this is an upper estimate of it.
        double cost = 0;
        for (const Predicate& child : source.children)
            cost += child.isEnumerable() ? sourceCost(child) + child.rows * joinRow(child.rows)
                                         : source.rows * probeRow(source.rows);
        return cost;
    }
    default:
        return relationCost() + m_total * entityRowCost;
    }
}

/// In rows looked up.
double Planner::probeCost(const Predicate& probe) const
{
    switch (probe.kind) {
    case Kind::Values:
    case Kind::Field:
        return 1;
    case Kind::All:
    case Kind::Any:
    case Kind::Hot: {
        double cost = 0;
        double reached = 1;
        for (const Predicate& child : probe.children) {
            cost += reached * probeCost(child);
            const double share = std::clamp(child.rows / m_total, 0.0, 1.0);
            reached *= probe.kind == Kind::Any ? 1 - share : share;
        }
        return cost;
    }
    case Kind::Not:
        return probeCost(probe.children.front());
    default:
        return 0;
    }
}

double Planner::probesCost(const std::vector<Predicate>& probes) const
{
    double cost = 0;
    double reached = 1;
    double exponent = 0.5; // as for joins
    for (const Predicate& probe : probes) {
        cost += reached * probeCost(probe);
        reached *= std::pow(std::clamp(probe.rows / m_total, 0.0, 1.0), exponent);
        exponent /= 2;
    }
    return cost;
}

std::vector<Predicate> Planner::inProbeOrder(std::vector<Predicate> probes) const
{
    // The classic rank of expensive predicates: what throws out most for its price goes first.
    const auto rank = [this](const Predicate& probe) {
        return (1 - std::clamp(probe.rows / m_total, 0.0, 1.0)) / std::max(probeCost(probe), 0.01);
    };
    std::stable_sort(probes.begin(), probes.end(),
                     [&](const Predicate& a, const Predicate& b) { return rank(a) > rank(b); });
    return probes;
}

double Planner::algebraCost(const Predicate& predicate) const
{
    // The server compares whole inputs: one that is too large to hash makes the others wait to be sorted too.
    const auto algebraRow = [](double largest) {
        return largest > large ? largeAlgebraRowCost : algebraRowCost;
    };
    switch (predicate.kind) {
    case Kind::Values:
    case Kind::Field:
        return sourceCost(predicate);
    case Kind::Not: {
        const Predicate& inner = predicate.children.front();
        return relationCost() + m_total * entityRowCost + algebraCost(inner) +
               (m_total + inner.rows) * algebraRow(m_total);
    }
    case Kind::Any: {
        double cost = 0;
        for (const Predicate& child : predicate.children)
            cost += algebraCost(child) + child.rows * unionCost;
        return cost;
    }
    case Kind::All:
    case Kind::Hot: {
        double cost = 0;
        double rows = 0;
        double largest = 0;
        bool positive = false;
        for (const Predicate& child : predicate.children) {
            const bool isNot = child.kind == Kind::Not;
            const Predicate& set = isNot ? child.children.front() : child;
            cost += algebraCost(set);
            rows += set.rows;
            largest = std::max(largest, set.rows);
            positive = positive || !isNot;
        }
        if (!positive) {
            cost += relationCost() + m_total * entityRowCost;
            rows += m_total;
            largest = m_total;
        }
        return cost + rows * algebraRow(largest);
    }
    default:
        return relationCost() + m_total * entityRowCost;
    }
}

Candidate Planner::entityScan(const std::vector<Predicate>& parts, const Need& need)
{
    std::vector<Predicate> fields, others;
    for (const Predicate& part : parts)
        (part.kind == Kind::Field ? fields : others).push_back(part);
    others = inProbeOrder(std::move(others));

    Candidate candidate;
    candidate.shape = Shape::EntityScan;
    candidate.driver = QStringLiteral("entities in order");
    const double read = fractionRead(parts, need) * m_total;
    const double reached = matching(fields) / m_total;
    candidate.cost = relationCost() * (1 + static_cast<double>(others.size())) +
                     read * (entityRowCost + fieldTestCost * static_cast<double>(fields.size()) +
                             reached * probesCost(others) * probeRow(m_total * reached));
    candidate.sql = [this, fields, others, need] {
        QByteArray sql = "select d.entity_id from atlas.entities d\n where d.tenant_id = " + tenant();
        for (const Predicate& field : fields)
            sql += "\n   and " + rowsOf(field, "d", Access::Probe);
        return sql + cursor("d.entity_id") + probes(others, true) +
               (need.ordered ? ordering("d.entity_id") + limit(need) : QByteArray());
    };
    candidate.describe = [this, fields, others](Explain& explain) {
        Explain::Source entities;
        entities.description = QStringLiteral("every entity");
        entities.role = QStringLiteral("drives");
        entities.access = QStringLiteral("entities, primary key");
        entities.expected = m_total;
        entities.measured = true;
        explain.sources.append(entities);
        for (const Predicate& field : fields)
            explain.sources.append(explained(field, QStringLiteral("tested")));
        explainProbes(explain, others, true);
    };
    return candidate;
}

Candidate Planner::orderedDriver(const Driver& driver, const Need& need)
{
    Candidate candidate;
    candidate.shape = Shape::OrderedDriver;
    candidate.driver = driver.predicate.text();
    std::vector<Predicate> all = driver.rest;
    all.push_back(driver.predicate);
    const auto rest = inProbeOrder(driver.rest);
    const bool isField = driver.predicate.kind == Kind::Field;
    candidate.cost = relationCost() * (1 + static_cast<double>(rest.size())) +
                     fractionRead(all, need) *
                         (driver.predicate.scanned * rowCost +
                          driver.predicate.rows * probesCost(rest) * probeRow(driver.predicate.rows));
    candidate.sql = [this, driver, rest, need, isField] {
        const QByteArray table = isField ? "atlas.entities" : "atlas.attribute_values";
        return "select d.entity_id from " + table + " d\n where d.tenant_id = " + tenant() + "\n   and " +
               rowsOf(driver.predicate, "d", Access::Index) + cursor("d.entity_id") + probes(rest, isField) +
               (need.ordered ? ordering("d.entity_id") + limit(need) : QByteArray());
    };
    candidate.describe = [this, driver, rest, isField](Explain& explain) {
        explain.sources.append(explained(driver.predicate, QStringLiteral("drives, in entity order")));
        explainProbes(explain, rest, isField);
    };
    return candidate;
}

Candidate Planner::sortedDriver(const Driver& driver, const Need& need)
{
    Candidate candidate;
    candidate.shape = Shape::SortedDriver;
    candidate.driver = driver.predicate.text();
    std::vector<Predicate> all = driver.rest;
    all.push_back(driver.predicate);
    const auto rest = inProbeOrder(driver.rest);
    const double rows = std::max(1.0, driver.predicate.rows);
    candidate.usesHot = driver.predicate.kind == Kind::Hot;
    candidate.cost = sourceCost(driver.predicate) + relationCost() * static_cast<double>(rest.size()) +
                     (need.ordered ? sortCost * rows * std::log2(rows + 1) : 0) +
                     fractionRead(all, need) * rows * probesCost(rest) * probeRow(rows);
    candidate.sql = [this, driver, rest, need] {
        const QByteArray inner = source(driver.predicate);
        if (rest.empty())
            return need.ordered ? readWhole(inner, need) : inner;
        // offset 0 keeps the sub-select a level of its own: sorted first, then probed row by row until the
        // page is full.
        const QByteArray order = need.ordered ? ordering("entity_id") : QByteArray();
        return "select d.entity_id from (\nselect entity_id from (\n" + inner + "\n) s" + order +
               " offset 0\n) d\n where true" + probes(rest, false) +
               (need.ordered ? ordering("d.entity_id") + limit(need) : QByteArray());
    };
    candidate.describe = [this, driver, rest](Explain& explain) {
        explain.sources.append(explained(driver.predicate, QStringLiteral("drives")));
        explainProbes(explain, rest, false);
    };
    return candidate;
}

std::optional<Candidate> Planner::join(const std::vector<Predicate>& parts, size_t joined, const Need& need)
{
    std::vector<Predicate> positive, negative, rest;
    for (const Predicate& part : parts) {
        if (part.isEnumerable())
            positive.push_back(part);
        else if (part.kind == Kind::Not && part.children.front().isEnumerable())
            negative.push_back(part);
        else
            rest.push_back(part);
    }
    std::stable_sort(positive.begin(), positive.end(),
                     [](const Predicate& a, const Predicate& b) { return a.rows < b.rows; });
    if (positive.size() < joined || (positive.empty() && joined > 0))
        return std::nullopt;
    while (positive.size() > joined) {
        rest.push_back(positive.back());
        positive.pop_back();
    }
    double cost = 0;
    double survivors = m_total;
    double exponent = 1;
    if (positive.empty()) {
        Predicate every;
        every.rows = m_total;
        positive.push_back(every);
    }
    for (const Predicate& part : positive) {
        cost += sourceCost(part);
        if (positive.size() > 1)
            cost += part.rows * joinRow(part.rows) + joinPlanCost;
        // What people ask for together tends to be found together: each further clause halves what
        // independence would say of it, so that a large set is not joined only because few are expected to be
        // left for probes.
        survivors *= std::pow(std::clamp(part.rows / m_total, 0.0, 1.0), exponent);
        exponent /= 2;
    }
    std::vector<Predicate> excluded;
    for (const Predicate& part : negative) {
        const Predicate& inner = part.children.front();
        const double joinedCost = sourceCost(inner) +
                                  (inner.rows + survivors) * joinRow(std::max(inner.rows, survivors)) +
                                  joinPlanCost;
        if (joinedCost < relationCost() + survivors * probeCost(inner) * probeRow(survivors)) {
            excluded.push_back(inner);
            cost += joinedCost;
            survivors *= std::clamp(part.rows / m_total, 0.0, 1.0);
        } else {
            rest.push_back(part);
        }
    }
    if (positive.size() + excluded.size() < 2)
        return std::nullopt;
    rest = inProbeOrder(std::move(rest));
    const double sorted = std::max(1.0, survivors);
    cost += (need.ordered ? sortCost * sorted * std::log2(sorted + 1) : 0) +
            relationCost() * static_cast<double>(rest.size()) +
            fractionRead(parts, need) * survivors * probesCost(rest) * probeRow(survivors);

    Candidate candidate;
    candidate.shape = Shape::Join;
    candidate.cost = cost;
    candidate.usesHot = std::any_of(positive.begin(), positive.end(),
                                    [](const Predicate& part) { return part.kind == Kind::Hot; });
    QStringList names;
    for (const Predicate& part : positive)
        names.append(part.text());
    candidate.driver = names.join(QStringLiteral(" \u22c8 "));
    candidate.sql = [this, positive, excluded, rest, need] {
        // Full joins can only hash or merge, so no wrong guess of the server's turns them into nested loops;
        // num_nulls is not strict, so it does not turn them into inner joins first.
        QByteArray set = source(positive.front());
        const auto with = [&](const Predicate& part, const QByteArray& condition) {
            set = "select entity_id from (\n" + set + "\n) a full join (\n" + source(part) +
                  "\n) b using (entity_id)\n where " + condition;
        };
        for (size_t i = 1; i < positive.size(); ++i)
            with(positive[i], "num_nulls(a.entity_id, b.entity_id) = 0");
        for (const Predicate& part : excluded)
            with(part, "num_nulls(a.entity_id) = 0 and num_nulls(b.entity_id) = 1");
        if (!rest.empty()) {
            const QByteArray order = need.ordered ? ordering("entity_id") : QByteArray();
            set = "select d.entity_id from (\nselect entity_id from (\n" + set + "\n) s" + order +
                  " offset 0\n) d\n where true" + probes(rest, false);
            return need.ordered ? set + ordering("d.entity_id") + limit(need) : set;
        }
        return need.ordered ? readWhole(set, need) : set;
    };
    candidate.describe = [this, positive, excluded, rest](Explain& explain) {
        for (const Predicate& part : positive)
            explain.sources.append(explained(part, QStringLiteral("joined")));
        for (const Predicate& part : excluded)
            explain.sources.append(explained(part, QStringLiteral("excluded by join")));
        explainProbes(explain, rest, false);
    };
    return candidate;
}

std::optional<Candidate> Planner::unionPages(const Predicate& any, const Need& need)
{
    if (any.kind != Kind::Any || !need.isPage())
        return std::nullopt;
    auto branches = std::make_shared<std::vector<Candidate>>();
    double cost = 0;
    const double wanted = need.taken >= 0 ? need.taken : static_cast<double>(need.limit);
    for (const Predicate& child : any.children) {
        if (!child.isEnumerable())
            return std::nullopt;
        // Read side by side in order, each only as far as the page reaches, and to its next entity.
        Need part = need;
        part.taken = 1 + wanted * std::min(1.0, child.rows / std::max(1.0, any.rows));
        branches->push_back(candidates(child, part).front());
        const double likely = branches->back().cost + part.taken * mergeCost;
        // A branch of several conditions may find nothing at all where independence promises plenty: then the
        // page waits until it has been read to its end.
        Need whole = need;
        whole.taken = m_total;
        cost += child.kind == Kind::All
                    ? (1 - emptyBranch) * likely + emptyBranch * candidates(child, whole).front().cost
                    : likely;
    }
    Candidate candidate;
    candidate.shape = Shape::UnionPages;
    candidate.cost = cost;
    candidate.usesHot = std::any_of(branches->begin(), branches->end(),
                                    [](const Candidate& branch) { return branch.usesHot; });
    candidate.driver = any.text();
    candidate.sql = [this, branches, need] {
        QByteArray all;
        for (const Candidate& branch : *branches)
            all += (all.isEmpty() ? "(" : "\nunion all\n(") + branch.sql() + ')';
        // An entity may come from every branch: with so many rows the page is full all the same.
        Need merged = need;
        merged.limit = need.limit * static_cast<qint64>(branches->size());
        return "select distinct u.entity_id from (\n" + all + ordering("entity_id") + limit(merged) +
               "\n) u" + ordering("u.entity_id") + limit(need);
    };
    candidate.describe = [branches](Explain& explain) {
        for (const Candidate& branch : *branches)
            branch.describe(explain);
    };
    return candidate;
}

/// Nothing but hot equalities: counted inside, without a row being handed out.
std::optional<Candidate> Planner::hotCount(const Predicate& predicate)
{
    if (!m_options.useHot || m_options.dialect == Dialect::Redshift || m_options.after)
        return std::nullopt;
    const std::vector<Predicate> parts =
        predicate.kind == Kind::All ? predicate.children : std::vector<Predicate>{predicate};
    if (!std::all_of(parts.begin(), parts.end(), [](const Predicate& part) { return part.isHotEquality(); }))
        return std::nullopt;
    const Predicate hot = hotPredicate(parts, m_total);
    Candidate candidate;
    candidate.shape = Shape::SortedDriver;
    candidate.cost = sourceCost(hot) - hot.rows * hotHandOverCost;
    candidate.usesHot = true;
    candidate.driver = hot.text();
    candidate.sql = [this, hot] { return "select " + hotCall("hot_count", hot); };
    candidate.describe = [this, hot](Explain& explain) {
        explain.sources.append(explained(hot, QStringLiteral("counted")));
    };
    return candidate;
}

Candidate Planner::setAlgebra(const Predicate& predicate, const Need& need)
{
    Candidate candidate;
    candidate.shape = Shape::SetAlgebra;
    candidate.driver = predicate.text();
    candidate.cost = algebraCost(predicate) +
                     (need.ordered ? sortCost * predicate.rows * std::log2(predicate.rows + 2) : 0);
    candidate.sql = [this, predicate, need] {
        const QByteArray set = algebra(predicate);
        return need.ordered ? readWhole(set, need) : set;
    };
    candidate.describe = [this, predicate](Explain& explain) {
        std::vector<const Predicate*> open{&predicate};
        while (!open.empty()) {
            const Predicate* part = open.back();
            open.pop_back();
            if (part->children.empty())
                explain.sources.prepend(explained(*part, QStringLiteral("part of a set expression")));
            for (const Predicate& child : part->children)
                open.push_back(&child);
        }
    };
    return candidate;
}

} // namespace atlas::filter
