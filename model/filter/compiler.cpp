// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/filter/compiler.h"

#include <algorithm>
#include <set>

#include "model/filter/planner_p.h"
#include "model/filter/predicate_p.h"

namespace atlas::filter {

namespace {

// What the protocols take; PostgreSQL counts parameters in 16 bits.
constexpr int mostParametersPostgres = 65'535;
constexpr int mostParametersRedshift = 32'767;

QString rounded(double number)
{
    return QString::number(number, 'f', number < 10 ? 1 : 0);
}

void collectAttributes(const Predicate& predicate, std::set<int>& ids)
{
    if (predicate.kind == Predicate::Kind::Values)
        ids.insert(predicate.attribute.id);
    for (const Predicate& child : predicate.children)
        collectAttributes(child, ids);
}

Need needOf(const CompileOptions& options)
{
    switch (options.projection) {
    case Projection::EntityIds:
        return {true, std::max(0, options.limit)};
    case Projection::Exists:
        return {true, 1};
    case Projection::Stream:
        return {true, -1};
    case Projection::Count:
    case Projection::Top:
    case Projection::Histogram:
        break;
    }
    return {};
}

/// Values of an attribute rather than entities.
bool ofValues(const CompileOptions& options)
{
    return options.projection == Projection::Top || options.projection == Projection::Histogram;
}

bool isSorted(const CompileOptions& options)
{
    return options.sort && (options.projection == Projection::EntityIds ||
                            options.projection == Projection::Stream || ofValues(options));
}

/// What the planner is told: the sort has a cursor of its own, which only the entities without a value share.
CompileOptions plannerOptions(CompileOptions options)
{
    if (!isSorted(options))
        return options;
    options.descending = options.sort->descending;
    options.after.reset();
    if (options.sortAfter && !options.sortAfter->value)
        options.after = options.sortAfter->entityId;
    return options;
}

std::vector<Candidate> allCandidates(Planner& planner, const Predicate& predicate,
                                     const CatalogLookup& catalog, const Estimator& estimator,
                                     const CompileOptions& options)
{
    if (isSorted(options)) {
        SortedBy by = sortedBy(*options.sort, catalog, estimator);
        by.nearest = options.projection == Projection::Histogram;
        auto sorted = ofValues(options) ? planner.valueCandidates(predicate, by, options.projection,
                                                                  std::max(1, options.limit))
                                        : planner.sortedCandidates(predicate, by, needOf(options));
        Planner::keepAskedFor(sorted, options);
        return sorted;
    }
    auto candidates = options.projection == Projection::Count
                          ? planner.countCandidates(predicate)
                          : planner.candidates(predicate, needOf(options));
    Planner::keepAskedFor(candidates, options);
    return candidates;
}

QString reasonFor(const Candidate& taken, const std::vector<Candidate>& others, const CompileOptions& options)
{
    if (options.dialect == Dialect::Redshift)
        return QStringLiteral("the warehouse reads whole columns: one set per clause");
    if (options.shape)
        return QStringLiteral("this shape was asked for");
    if (others.empty())
        return QStringLiteral("nothing else is possible");
    const double ratio = others.front().cost / std::max(1.0, taken.cost);
    return QStringLiteral("the next best (%1) is expected to cost %2 times as much")
        .arg(name(others.front().shape), QString::number(ratio, 'f', 1));
}

Explain explain(const Predicate& predicate, const std::vector<Candidate>& candidates,
                const CompileOptions& options)
{
    const Candidate& taken = candidates.front();
    Explain result;
    result.shape = taken.shape;
    result.driver = taken.driver;
    result.expected = predicate.rows;
    result.measured = predicate.measured;
    result.cost = taken.cost;
    std::set<int> ids;
    collectAttributes(predicate, ids);
    result.attributeIds = QList<int>(ids.begin(), ids.end());
    taken.describe(result);
    const std::vector<Candidate> others(candidates.begin() + 1, candidates.end());
    for (const Candidate& other : others) {
        if (result.rejected.size() == 12)
            break;
        result.rejected.append({other.shape, other.driver, other.cost});
    }
    result.reason = reasonFor(taken, others, options);
    return result;
}

QList<Problem> tooManyParameters(const CompileOptions& options, int next)
{
    const int most = options.dialect == Dialect::Redshift ? mostParametersRedshift : mostParametersPostgres;
    if (next - 1 <= most)
        return {};
    Problem problem;
    problem.kind = Problem::Kind::TooLarge;
    problem.message =
        QStringLiteral("the filter holds more values than one statement can carry (%1)").arg(most);
    return {problem};
}

struct Written
{
    QByteArray sql;
    QList<db::Param> params;
    int next = 1;
    Explain explained;
    QList<Problem> problems;
};

Written write(int tenantId, const Expression& expression, const CatalogLookup& catalog,
              const Estimator& estimator, const CompileOptions& options)
{
    Written written;
    written.problems = validate(expression, catalog);
    if (!written.problems.isEmpty())
        return written;
    if (ofValues(options) && (!options.sort || !options.sort->subject.isAttribute())) {
        Problem problem;
        problem.kind = Problem::Kind::UnknownAttribute;
        problem.message = options.projection == Projection::Top
                              ? QStringLiteral("the most common values are those of an attribute")
                              : QStringLiteral("a histogram is that of an attribute");
        written.problems = {problem};
        return written;
    }
    if (isSorted(options)) {
        // A sort by what is not there is told as a clause on it would be.
        written.problems =
            validate(Expression(Node(Clause{options.sort->subject, Operator::Exists, {}, true})), catalog);
        if (!written.problems.isEmpty()) {
            for (Problem& problem : written.problems)
                problem.position = -1;
            return written;
        }
    }
    if (options.projection == Projection::Histogram) {
        const auto attribute = catalog.find(options.sort->subject.attribute);
        if (!attribute || (attribute->type != ValueType::Number && attribute->type != ValueType::Timestamp)) {
            Problem problem;
            problem.kind = Problem::Kind::OperatorNotPossible;
            problem.message =
                QStringLiteral("a histogram is of numbers or times; ask for the most common values");
            written.problems = {problem};
            return written;
        }
    }
    const Predicate predicate = toPredicate(expression, catalog, estimator);
    Planner planner(tenantId, plannerOptions(options), estimator.entitiesTotal());
    const auto candidates = allCandidates(planner, predicate, catalog, estimator, options);
    written.sql = candidates.front().sql();
    if (options.projection == Projection::Exists) {
        written.sql = options.dialect == Dialect::Redshift
                          ? "select count(*) > 0 from (\n" + written.sql + "\n) s"
                          : "select exists (\n" + written.sql + "\n)";
    }
    written.params = planner.parameters().values();
    written.next = planner.parameters().next();
    written.problems = tooManyParameters(options, written.next);
    written.explained = explain(predicate, candidates, options);
    written.explained.usesHot = written.sql.contains("atlas.hot_"); // in a nested group too
    return written;
}

} // namespace

QString name(Shape shape)
{
    switch (shape) {
    case Shape::OrderedDriver:
        return QStringLiteral("ordered driver, probes");
    case Shape::SortedDriver:
        return QStringLiteral("sorted driver, probes");
    case Shape::EntityScan:
        return QStringLiteral("entities in order, probes");
    case Shape::Join:
        return QStringLiteral("join");
    case Shape::SetAlgebra:
        return QStringLiteral("set expression");
    case Shape::UnionPages:
        return QStringLiteral("union of pages");
    case Shape::SortWalk:
        return QStringLiteral("values in order, probes");
    case Shape::SortLookups:
        return QStringLiteral("look-ups, sort");
    case Shape::SortJoin:
        return QStringLiteral("join, sort");
    }
    return {};
}

namespace {

/// " (4,700 to 5,100)", nothing where the estimate is exact.
QString between(const std::optional<Bounds>& bounds, double expected)
{
    if (!bounds || !bounds->measured ||
        (rounded(bounds->low) == rounded(expected) && rounded(bounds->high) == rounded(expected)))
        return {};
    return QStringLiteral(" (%1 to %2)").arg(rounded(bounds->low), rounded(bounds->high));
}

} // namespace

void Explain::addBounds(const Expression& whole, const CatalogLookup& catalog, const QDateTime& now)
{
    bounds = filter::bounds(whole, catalog, now);
    for (Source& source : sources) {
        if (source.filter)
            source.bounds = filter::bounds(*source.filter, catalog, now);
    }
}

QString Explain::text() const
{
    QString out =
        QStringLiteral("shape     %1\ndriver    %2\nexpected  %3 entities%4\ncost      %5 ms\nreason    %6\n")
            .arg(name(shape), driver, rounded(expected),
                 measured ? between(bounds, expected) : QStringLiteral(" (partly guessed)"),
                 QString::number(cost / 1000, 'f', 1), reason);
    if (bounds && bounds->measuredAt.isValid())
        out +=
            QStringLiteral("measured  %1%2%3\n")
                .arg(bounds->measuredAt.toUTC().toString(Qt::ISODate),
                     bounds->sampled ? QStringLiteral(", from a sample: within the bounds in 95 of 100 cases")
                                     : QString(),
                     bounds->changedSince > 0
                         ? QStringLiteral(", %1 values written since").arg(rounded(bounds->changedSince))
                         : QString());
    out += QStringLiteral("sources\n");
    for (const Source& source : sources) {
        QString found;
        if (source.actual)
            found = *source.actual < 0 ? QStringLiteral(", not counted in time")
                                       : QStringLiteral(", found %1").arg(*source.actual);
        out += QStringLiteral("  %1: %2\n    %3, %4%5 entities%6%7\n")
                   .arg(source.role, source.description, source.access,
                        source.measured ? QString() : QStringLiteral("perhaps "), rounded(source.expected),
                        between(source.bounds, source.expected), found);
    }
    if (!rejected.isEmpty())
        out += QStringLiteral("rejected\n");
    for (const Alternative& alternative : rejected)
        out += QStringLiteral("  %1 ms  %2: %3\n")
                   .arg(QString::number(alternative.cost / 1000, 'f', 1), name(alternative.shape),
                        alternative.driver);
    return out;
}

Compiled<CompiledStatement> compile(int tenantId, const Expression& expression, const CatalogLookup& catalog,
                                    const Estimator& estimator, const CompileOptions& options)
{
    Written written = write(tenantId, expression, catalog, estimator, options);
    if (!written.problems.isEmpty())
        return {std::nullopt, written.problems};
    CompiledStatement compiled;
    compiled.statement.sql = written.sql;
    compiled.statement.params = written.params;
    compiled.statement.tenant = tenantId;
    compiled.explain = written.explained;
    switch (options.projection) {
    case Projection::EntityIds:
        compiled.statement.name = QStringLiteral("filter.page");
        compiled.statement.purpose = QStringLiteral("Page of entities that match a filter");
        break;
    case Projection::Count:
        compiled.statement.name = QStringLiteral("filter.count");
        compiled.statement.purpose = QStringLiteral("Exact number of entities that match a filter");
        break;
    case Projection::Stream:
        compiled.statement.name = QStringLiteral("filter.stream");
        compiled.statement.purpose = QStringLiteral("All entities that match a filter");
        break;
    case Projection::Top:
        compiled.statement.name = QStringLiteral("filter.top");
        compiled.statement.purpose = QStringLiteral("Most common values of an attribute within a filter");
        break;
    case Projection::Histogram:
        compiled.statement.name = QStringLiteral("filter.histogram");
        compiled.statement.purpose =
            QStringLiteral("How the values of an attribute within a filter are spread");
        break;
    case Projection::Exists:
        compiled.statement.name = QStringLiteral("filter.exists");
        compiled.statement.purpose = QStringLiteral("Whether any entity matches a filter");
        break;
    }
    return {compiled, {}};
}

Compiled<CompiledIds> compileIds(int tenantId, const Expression& expression, const CatalogLookup& catalog,
                                 const Estimator& estimator, const CompileOptions& options)
{
    CompileOptions ids = options;
    if (ids.projection != Projection::EntityIds)
        ids.projection = Projection::Stream;
    Written written = write(tenantId, expression, catalog, estimator, ids);
    if (!written.problems.isEmpty())
        return {std::nullopt, written.problems};
    return {CompiledIds{written.sql, written.params, written.next, written.explained}, {}};
}

QList<Shape> possibleShapes(const Expression& expression, const CatalogLookup& catalog,
                            const Estimator& estimator, const CompileOptions& options)
{
    if (!validate(expression, catalog).isEmpty())
        return {};
    CompileOptions any = options;
    any.shape.reset();
    Planner planner(0, plannerOptions(any), estimator.entitiesTotal());
    QList<Shape> shapes;
    for (const Candidate& candidate :
         allCandidates(planner, toPredicate(expression, catalog, estimator), catalog, estimator, any)) {
        if (!shapes.contains(candidate.shape))
            shapes.append(candidate.shape);
    }
    return shapes;
}

std::vector<Bin> binsOf(const db::ResultSet& rows, int bins)
{
    std::vector<Bin> result;
    if (rows.rowCount() == 0 || bins < 1)
        return result;
    const double low = rows.real(0, 2).value_or(0);
    const double high = rows.real(0, 3).value_or(0);
    if (low == high)
        bins = 1;
    result.resize(static_cast<std::size_t>(bins));
    const auto edge = [&](int i) { return i == bins ? high : low + (high - low) * i / bins; };
    for (int i = 0; i < bins; ++i) {
        result[static_cast<std::size_t>(i)].from = edge(i);
        result[static_cast<std::size_t>(i)].to = edge(i + 1);
    }
    for (int row = 0; row < rows.rowCount(); ++row) {
        const qint64 bin = std::clamp<qint64>(rows.integer(row, 0).value_or(1), 1, bins);
        result[static_cast<std::size_t>(bin - 1)].entities = rows.integer(row, 1).value_or(0);
    }
    return result;
}

std::pair<std::size_t, std::size_t> innerBins(const std::vector<Bin>& bins)
{
    double all = 0;
    for (const Bin& bin : bins)
        all += static_cast<double>(bin.entities);
    if (all <= 0)
        return {0, 0};
    std::size_t first = 0;
    double passed = 0;
    while ((passed += static_cast<double>(bins[first].entities)) < all / 100)
        ++first;
    std::size_t last = bins.size() - 1;
    passed = 0;
    while ((passed += static_cast<double>(bins[last].entities)) < all / 100)
        --last;
    return {first, last};
}

} // namespace atlas::filter
