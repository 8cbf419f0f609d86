// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QDateTime>
#include <QList>
#include <QString>
#include <QStringList>

#include <memory>
#include <optional>

#include "model/filter/expression.h"

namespace atlas::filter {

/// What attribute_stats knows of one attribute.
struct AttributeStats
{
    struct TopValue
    {
        QString text;      ///< strings and JSON: the search key (first 256 characters)
        double number = 0; ///< numbers, booleans (0, 1), timestamps (microseconds since 1970 UTC)
        double entities = 0;
    };
    double entitiesTotal = 0;
    double entitiesWith = 0;
    double distinctValues = 0;
    QList<TopValue> topValues; ///< most common first
    QList<double> histogram;   ///< ascending bounds of equal-frequency buckets; empty for strings
    /// The same of strings and JSON, in code point order, the first 64 characters of each; empty where
    /// topValues are all there are.
    QStringList textHistogram;
    double sampledEntities = 0; ///< looked at; 0: every value was counted
    double changedSince = 0;    ///< values written since then (of a field: entities added), as far as noted
    QDateTime measuredAt;

    /// From the JSON columns of attribute_stats. What cannot be read is left out.
    void readJson(const QByteArray& topValues, const QByteArray& histogram,
                  const QByteArray& textHistogram = {});
};

/// What the filter needs to know of an attribute.
struct AttributeInfo
{
    int id = 0;
    QString name;
    ValueType type = ValueType::String;
    bool hot = false;                            ///< state 'hot': readers may use the hot projection
    std::shared_ptr<const AttributeStats> stats; ///< null: never measured
};

/// Attributes of one tenant. Implemented by the catalogue; must not change during a call.
class CatalogLookup
{
public:
    virtual ~CatalogLookup();
    virtual std::optional<AttributeInfo> find(const QString& name) const = 0;
    /// Every name, for suggestions; may be empty.
    virtual QStringList names() const;
    /// Entities of the tenant, as last measured; 0 when unknown.
    virtual double entitiesTotal() const;
    /// Statistics of an entity field, where somebody measured them; entitiesWith is then entitiesTotal.
    virtual std::shared_ptr<const AttributeStats> fieldStats(EntityField field) const;
};

} // namespace atlas::filter
