// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDateTime>
#include <QHash>
#include <QJsonArray>
#include <QMetaType>
#include <QString>

#include <memory>
#include <optional>
#include <vector>

#include "db/resultset.h"
#include "db/statement.h"
#include "model/catalog/valuetype.h"
#include "model/filter/catalog.h"

namespace atlas {

/// Numbered in this order everywhere; stored by name.
enum class HotState { Cold = 1, Warming, Hot, Cooling };
QString hotStateName(HotState state);
HotState hotStateFromName(QStringView name);

struct Attribute
{
    int id = 0;
    QString name;
    ValueType type = ValueType::String;
    QString unit;
    QString description;
    HotState state = HotState::Cold;
    // From attribute_stats; nullopt: never measured.
    std::optional<qint64> entitiesWith;
    std::optional<qint64> distinctValues;
    std::optional<qint64> sampledEntities; ///< looked at; nullopt: every value was counted
    qint64 writesSince = 0;                ///< current values written since it was measured
    double writeRate = 0;                  ///< current values written a second, over some five minutes
    QDateTime measuredAt;
};

/// Most common values and histogram of one attribute, fetched when asked for: 10,000 of them would be
/// megabytes.
struct AttributeDetail
{
    int attributeId = 0;
    struct Top
    {
        QString value; ///< text; a number as its shortest text
        qint64 entities = 0;
    };
    std::vector<Top> top;       ///< most common first, at most 100
    std::vector<double> bounds; ///< ascending, equal frequency, up to 101; empty for text
    QStringList textBounds;     ///< the same of text; empty where all values are in top
};

/// All attributes of one tenant as of one moment. Immutable, cheap to copy, any thread. What the filter
/// compiler looks names up in, too.
class AttributeCatalog : public filter::CatalogLookup
{
public:
    AttributeCatalog();
    /// Rows of listStatement(). `details` of attributes that were asked for by name are included.
    static AttributeCatalog fromRows(const db::ResultSet& rows);

    /// Everything but top values and histograms, ordered by name. 10,000 rows, about 1 MB.
    static db::Statement listStatement(int tenant);
    /// The same with details, for the named attributes only.
    static db::Statement namedStatement(int tenant, const QStringList& names);
    /// Details of some attributes by id, for a catalogue already loaded.
    static db::Statement detailStatement(int tenant, const QList<int>& ids);
    static QList<AttributeDetail> detailsFromRows(const db::ResultSet& rows);

    int size() const;
    const Attribute& at(int index) const;
    const Attribute* findName(const QString& name) const; ///< nullptr when there is none
    const Attribute* findId(int id) const;
    const AttributeDetail* detail(int id) const; ///< nullptr when not fetched
    /// Partitions that the tenant's values lie in: 1 in the shared branch, 8 in a branch of its own.
    int partitions() const;
    std::optional<filter::AttributeInfo> find(const QString& name) const override;
    QStringList names() const override;
    double entitiesTotal() const override;
    std::shared_ptr<const filter::AttributeStats> fieldStats(filter::EntityField field) const override;
    /// The same catalogue with these details as well.
    AttributeCatalog withDetails(const QList<AttributeDetail>& details) const;

private:
    struct Data;
    explicit AttributeCatalog(std::shared_ptr<const Data> data)
        : m_data(std::move(data))
    {
    }
    std::shared_ptr<const Data> m_data;
};

/// A value as it is shown: number and string exactly as sent, boolean true/false, timestamp canonical or as
/// sent. `raw` is coalesce(value_long, value_text, value_exact::text, value_num::text) of the row.
QString displayValue(ValueType type, const QString& raw);

} // namespace atlas

Q_DECLARE_METATYPE(atlas::AttributeCatalog)
