// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDateTime>
#include <QList>
#include <QString>

#include <optional>
#include <vector>

#include "db/resultset.h"
#include "db/statement.h"
#include "model/filter/catalog.h"
#include "model/filter/estimate.h"
#include "model/filter/expression.h"
#include "model/filter/validate.h"

/// Turns a filter into one SQL statement. Pure: no database, no clock but options.now.
namespace atlas::filter {

enum class Dialect { Postgres = 1, Redshift = 2 };

enum class Projection {
    EntityIds = 1, ///< entity_id, one keyset page: beyond options.after, in order, at most options.limit
    Count = 2,     ///< one row, one bigint
    Stream = 3,    ///< every entity_id, in order
    Exists = 4,    ///< one row, one boolean: does any entity match
    Top = 5, ///< the most common values of the attribute options.sort within the filter, options.limit at
             ///< most, and how many entities have each (bigint): most common first, then by value
    Histogram =
        6, ///< of the attribute options.sort, a number or timestamp, within the filter: options.limit bins of
           ///< equal width between its least and greatest value. Bins that are not empty, in order: number
           ///< from 1, entities (bigint), and in each row least and greatest value of all (float8)
};

/// How the sources of a filter are brought together.
enum class Shape {
    OrderedDriver = 1, ///< a source that delivers in entity order; the rest are probed by primary key until
                       ///< the page is full
    SortedDriver = 2,  ///< a source read whole and sorted; the rest are probed
    EntityScan = 3,    ///< entities in order, every clause probed
    Join = 4,          ///< every source read whole, joined
    SetAlgebra = 5,    ///< every source read whole, one aggregate over all of them
    UnionPages = 6,    ///< any-of: a page of each branch, merged
    SortWalk = 7, ///< sorted: the values of the sort in index order, the filter probed until the page is full
    SortLookups = 8, ///< sorted: the filter's entities, the sort value of each looked up
    SortJoin = 9,    ///< sorted: the filter's entities, joined with all values of the sort
};
QString name(Shape shape);

/// An order other than that of the entity ids. Entities without a value come last, whichever the direction;
/// equal values are in the order of their entity ids, backwards when descending. Numbers compare exactly (on
/// Redshift itself as float8), strings and JSON by their search key, the first 256 characters.
struct Sort
{
    Subject subject;
    bool descending = false;
    bool operator==(const Sort&) const = default;
};

/// The last row of the page before.
struct SortCursor
{
    std::optional<QString> value; ///< sort_value as the server wrote it; nullopt: that entity had none
    qint64 entityId = 0;
    bool operator==(const SortCursor&) const = default;
};

/// Below zero: a row at `a` comes before one at `b` in that order; above zero: after it. `type` is that of
/// the attribute.
int compareInOrder(const Sort& sort, ValueType type, const SortCursor& a, const SortCursor& b);

struct CompileOptions
{
    Dialect dialect = Dialect::Postgres;
    /// With Dialect::Redshift: on Redshift itself, where value_exact is text and a number has 38 digits at
    /// most, instead of on the PostgreSQL stand-in. Numbers that share a float8 are then told apart within 38
    /// digits only.
    bool realRedshift = false;
    Projection projection = Projection::EntityIds;
    std::optional<qint64> after; ///< keyset cursor: the last entity_id of the page before
    bool descending = false;     ///< from the other end; `after` is then an upper limit
    int limit = 100;             ///< of EntityIds
    /// Of EntityIds and Stream (and Top and Histogram, for their attribute), instead of `descending`; a
    /// second column, sort_value, says where a row stands.
    std::optional<Sort> sort;
    std::optional<SortCursor> sortAfter; ///< with sort, instead of `after`
    bool useHot = true; ///< compile again without after SQLSTATE AT001 (an attribute stopped being hot)
    bool forceHot =
        false;          ///< for measuring: read the hot projection wherever that is possible, cheaper or not
    int partitions = 1; ///< leaves a tenant's values lie in: 1 shared, 8 with a branch of its own
    QDateTime now =
        QDateTime::currentDateTimeUtc(); ///< what "in the last" counts back from; keep it while paging
    std::optional<Shape>
        shape;              ///< for measuring: this shape where it is possible, else the compiler's choice
    int firstParameter = 1; ///< number of the first $n
};

/// Why the statement looks as it does; for the SQL pane, `atlasctl filter --explain` and the regret bench.
struct Explain
{
    struct Source
    {
        QString description; ///< text form of the clause(s)
        QString role;        ///< "drives", "joined", "probed", "excluded by probe", …
        QString access;      ///< "attribute_values_text, equality", "hot_match", "primary key", …
        double expected = 0; ///< entities
        bool measured = false;
        std::optional<Expression> filter; ///< what it is as a filter of its own, where it is one
        std::optional<Bounds> bounds;     ///< of `expected`, from addBounds()
        /// For whoever counts each source apart; -1: not within its time.
        std::optional<qint64> actual;
    };
    struct Alternative
    {
        Shape shape = Shape::EntityScan;
        QString driver;
        double cost = 0; ///< expected microseconds at the server, cached, one process
    };
    Shape shape = Shape::EntityScan;
    QString driver;
    double expected = 0; ///< entities that match, under independence
    bool measured = false;
    double cost = 0; ///< expected microseconds
    bool usesHot = false;
    QList<int> attributeIds;
    QList<Source> sources;
    QList<Alternative> rejected; ///< cheapest first
    QString reason;
    std::optional<Bounds> bounds; ///< of `expected`, from addBounds()

    /// For people who want to know how good the estimates are; costs a compilation nothing.
    void addBounds(const Expression& whole, const CatalogLookup& catalog, const QDateTime& now);
    QString text() const;
};

/// A select that yields one column, entity_id, for use inside another statement:
///   select … from (<sql>) p join atlas.entities e on e.tenant_id = … and e.entity_id = p.entity_id order by
///   p.entity_id
/// With a sort there is a second column, sort_value, and the order to ask for is sortOrder("p", …).
/// Parameters are $firstParameter … $(nextParameter - 1).
struct CompiledIds
{
    QByteArray sql;
    QList<db::Param> params;
    int nextParameter = 1;
    Explain explain;
};

template<class T> struct Compiled
{
    std::optional<T> value;
    QList<Problem> problems; ///< not empty when there is no value

    bool ok() const { return value.has_value(); }
};

struct CompiledStatement
{
    db::Statement statement;
    Explain explain;
};

/// The statement as options.projection wants it. Only enabled parts take part.
Compiled<CompiledStatement> compile(int tenantId, const Expression& expression, const CatalogLookup& catalog,
                                    const Estimator& estimator, const CompileOptions& options);
/// EntityIds or Stream as a sub-select.
Compiled<CompiledIds> compileIds(int tenantId, const Expression& expression, const CatalogLookup& catalog,
                                 const Estimator& estimator, const CompileOptions& options);
/// Shapes that are possible for this filter and projection, the compiler's choice first.
QList<Shape> possibleShapes(const Expression& expression, const CatalogLookup& catalog,
                            const Estimator& estimator, const CompileOptions& options);

struct Bin
{
    double from = 0; ///< as value_num: of a timestamp microseconds since 1970
    double to = 0;   ///< exclusive, but for the last bin
    qint64 entities = 0;
};
/// The bins of Projection::Histogram, the empty ones in between too; none where no entity has a value.
std::vector<Bin> binsOf(const db::ResultSet& rows, int bins);
/// First and last of the bins that hold all but the outer hundredth at either end; {0, 0} where all are
/// empty.
std::pair<std::size_t, std::size_t> innerBins(const std::vector<Bin>& bins);

/// What follows "order by" for the rows of a sorted select with that alias.
QByteArray sortOrder(const QByteArray& alias, bool descending);

/// Attributes of which the filter compares so that the hot set could answer it if they were hot, each once,
/// in order of their ids: equalities that are enabled, in groups too; not ranges, lists of several values,
/// JSON. The expression must be valid.
QList<int> hotEqualities(const Expression& expression, const CatalogLookup& catalog);

/// SQLSTATE that hot_match raises when one of its attributes is not hot (any more).
inline constexpr char notHotSqlState[] = "AT001";

} // namespace atlas::filter
