// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDateTime>
#include <QObject>
#include <QString>

#include <functional>
#include <optional>
#include <variant>
#include <vector>

#include "model/catalog/attributecatalog.h"
#include "model/filter/compiler.h"
#include "model/filter/expression.h"
#include "model/hotset/usage.h"
#include "model/routing/reader.h"

namespace atlas::browse {

/// One asset of a result, with the values of the columns that were asked for.
struct Row
{
    qint64 entityId = 0;
    QString externalId;
    QString name;
    QString type;
    QDateTime seen; ///< newest observation, UTC; null when it has no value
    std::vector<std::optional<QString>>
        values; ///< as displayed, in the order of the columns; at most 1,024 characters each
    std::optional<QString> sortValue; ///< with a sort: for the cursor of the next page
};

struct Page
{
    std::vector<Row> rows;
    bool last = false; ///< fewer than asked for: nothing follows
    routing::Route route;
    double milliseconds = 0;
    db::Statement statement; ///< what ran
    QString explain;         ///< shape and reasons of the compiler
    filter::Explain plan;    ///< what `explain` says
    double expectedRows = 0; ///< of the whole result, by statistics
};

struct Count
{
    qint64 entities = 0;
    bool exact = false; ///< false: the time budget ended before, entities is the estimate
    double milliseconds = 0;
    routing::Route route;
};

/// Values of one attribute among the assets of a filter.
struct TopValues
{
    std::vector<AttributeDetail::Top> values; ///< as displayed, most common first
    routing::Route route;
    double milliseconds = 0;
};

/// How the values of one number or timestamp are spread among the assets of a filter.
struct ValueBins
{
    /// Of equal width, the empty ones too; none where no asset has a value. Where values far out would leave
    /// nearly all in a few bins, they are those of the range in which nearly all lie.
    std::vector<filter::Bin> bins;
    qint64 outside = 0; ///< assets whose value lies beyond that range
    routing::Route route;
    double milliseconds = 0;
};

/// All attributes of one asset.
struct AssetValue
{
    int attributeId = 0;
    QString value; ///< as displayed, whole
    QDateTime observedAt;
};
struct Asset
{
    qint64 entityId = 0;
    QString externalId, name, type;
    QDateTime createdAt;
    std::vector<AssetValue> values;
    routing::Route route;
};

struct HistoryPoint
{
    double at = 0;                ///< UTC seconds since 1970
    std::optional<double> number; ///< number, boolean (0/1); nullopt: it was cleared
    QString text;                 ///< of the other types: as displayed, at most 200 characters
};
/// What one attribute of one asset was. Of a number what a line through all of its observations would show
/// in some hundreds of columns: of each slice of the time its first, lowest, highest and last. Of the other
/// types each change.
struct History
{
    std::vector<HistoryPoint> points; ///< oldest first
    bool cut = false;                 ///< these are the newest changes, there were more in the time asked for
};

struct Problem
{
    QString message;   ///< for people, in place
    int position = -1; ///< in the text form, -1 when it has no place
    std::optional<db::DbError> error;
};

template<class T> using Handler = std::function<void(std::variant<T, Problem>)>;

/// The statement behind page(), for the command line and for exports: wraps the compiled ids.
struct PageStatement
{
    db::Statement statement;
    QString explain;
    filter::Explain plan; ///< what `explain` says
    double expectedRows = 0;
    std::optional<Problem> problem;
};
struct PageRequest
{
    int tenant = 0;
    filter::Expression filter;
    QList<int> columns;
    qint64 afterEntityId = 0;
    std::optional<filter::Sort> sort;            ///< instead of the order of the entity ids
    std::optional<filter::SortCursor> sortAfter; ///< with sort, instead of afterEntityId
    std::optional<qint64> limit;                 ///< nullopt: all
    db::EndpointRole role = db::EndpointRole::Primary;
    bool realRedshift = false; ///< the warehouse is Redshift itself: see isRedshift()
    bool useHot = true;
    int longestValue = 1024; ///< characters; 0: whole values (exports)
};
/// Whether a node is Redshift itself, not PostgreSQL in its place, as far as any connection to it has shown.
bool isRedshift(const db::Client& client, const QString& node);
PageStatement pageStatement(const PageRequest& request, const AttributeCatalog& catalog);
PageStatement countStatement(const PageRequest& request, const AttributeCatalog& catalog);
/// request.sort names the attribute, request.limit how many values (20 when it is not set): value and
/// entities.
PageStatement topStatement(const PageRequest& request, const AttributeCatalog& catalog);
/// request.sort names a number or timestamp, request.limit how many bins of equal width (20 when it is not
/// set, 1,000 at most). See filter::binsOf().
PageStatement histogramStatement(const PageRequest& request, const AttributeCatalog& catalog);
std::vector<Row> rowsOf(const db::ResultSet& rows, const QList<int>& columns,
                        const AttributeCatalog& catalog);

/// Runs filters for one tenant: compiles for the node that the router chooses, pages by keyset. Reads only.
/// GUI thread; handlers run there, never when the receiver is gone. A tenth of a second is a long time here:
/// nothing blocks. First pages and counts are noted for the advice on the hot set, beside the reading
/// (hotset::UsageRecorder); what the warehouse answered is not, it has no hot set.
class Browser : public QObject
{
    Q_OBJECT
public:
    enum class Noted { No = 1, Yes };

    Browser(routing::Reader* reader, int tenant, QObject* parent = nullptr);

    /// Rows after `afterEntityId` (0: from the start), in the order of entity ids. An AT001 of the server (an
    /// attribute left the hot set meanwhile) is answered by compiling without the hot set, once.
    quint64 page(const filter::Expression& filter, const AttributeCatalog& catalog, const QList<int>& columns,
                 qint64 afterEntityId, int limit, QObject* receiver, Handler<Page> done,
                 routing::Intent intent = routing::Intent::Operational);
    /// The same as the request says, in the order it asks for; tenant, role and node are set here.
    quint64 page(PageRequest request, const AttributeCatalog& catalog, QObject* receiver, Handler<Page> done,
                 routing::Intent intent = routing::Intent::Operational);
    /// Exact count within a time budget. Noted, unless it is of something that nobody asked as a filter.
    quint64 count(const filter::Expression& filter, const AttributeCatalog& catalog,
                  std::chrono::milliseconds budget, QObject* receiver, Handler<Count> done,
                  routing::Intent intent = routing::Intent::Operational, Noted noted = Noted::Yes);
    /// The most common values of an attribute within a filter, counted: an error when the budget ends before.
    quint64 top(const filter::Expression& filter, const AttributeCatalog& catalog, const Attribute& attribute,
                int most, std::chrono::milliseconds budget, QObject* receiver, Handler<TopValues> done,
                routing::Intent intent = routing::Intent::Operational);
    /// The values of a number or timestamp within a filter, counted in `most` bins of equal width: an error
    /// when the budget ends before. Where far values leave nearly all in a few bins, the range of those is
    /// counted again by itself, up to three times.
    quint64 histogram(const filter::Expression& filter, const AttributeCatalog& catalog,
                      const Attribute& attribute, int most, std::chrono::milliseconds budget,
                      QObject* receiver, Handler<ValueBins> done,
                      routing::Intent intent = routing::Intent::Operational);
    /// Expected entities at once, by statistics.
    static double expected(const filter::Expression& filter, const AttributeCatalog& catalog);
    /// Names of all attributes that a filter uses.
    static QStringList attributesOf(const filter::Expression& filter);

    quint64 asset(qint64 entityId, const AttributeCatalog& catalog, QObject* receiver, Handler<Asset> done);
    /// From `since` to now.
    quint64 history(qint64 entityId, int attributeId, ValueType type, const QDateTime& since,
                    QObject* receiver, Handler<History> done);
    /// Entity id of an external id; 0 when there is none.
    quint64 find(const QString& externalId, QObject* receiver, Handler<qint64> done);
    /// Values that begin with or contain `prefix`, most common first, within a small budget.
    quint64 suggest(int attributeId, ValueType type, const QString& prefix, QObject* receiver,
                    Handler<std::vector<AttributeDetail::Top>> done);
    void cancel(quint64 ticket);
    int tenant() const { return m_tenant; }
    routing::Reader* reader() const { return m_reader; }

private:
    struct Ran
    {
        routing::Routed routed;
        PageStatement built;
    };
    using Build = PageStatement (*)(const PageRequest& request, const AttributeCatalog& catalog);
    quint64 runFiltered(const PageRequest& request, const AttributeCatalog& catalog, Build build,
                        std::chrono::milliseconds deadline, QObject* receiver, routing::Intent intent,
                        std::function<void(std::variant<Ran, Problem>)> done);
    void start(quint64 ticket, const PageRequest& request, const AttributeCatalog& catalog, Build build,
               std::chrono::milliseconds deadline, QObject* receiver, routing::Intent intent,
               std::function<void(std::variant<Ran, Problem>)> done);
    /// A histogram that may take several statements.
    struct Look
    {
        quint64 ticket = 0;
        PageRequest request;
        ValueType type = ValueType::Number;
        Handler<ValueBins> done;
        std::function<void(const std::shared_ptr<Look>&)> again;
        ValueBins spread;
        ValueBins before; ///< of the look before this one
        int looks = 0;    ///< after the first
    };
    void note(std::optional<hotset::Usage> usage, double milliseconds, std::optional<qint64> rows,
              const QString& endpoint);
    void takeBins(const std::shared_ptr<Look>& look, std::variant<Ran, Problem> outcome);
    quint64 readRows(const db::Statement& statement, QObject* receiver,
                     std::function<void(std::variant<routing::Routed, Problem>)> done);

    routing::Reader* m_reader;
    int m_tenant;
    hotset::UsageRecorder m_usage;
    quint64 m_next = 0;
    QHash<quint64, quint64> m_running; ///< ours to the reader's
};

} // namespace atlas::browse
