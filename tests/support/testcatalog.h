// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QMap>

#include "model/filter/catalog.h"

namespace atlas::test {

/// A catalogue of attributes that a test writes down.
class TestCatalog : public filter::CatalogLookup
{
public:
    filter::AttributeInfo& add(const QString& name, ValueType type, bool hot = false)
    {
        filter::AttributeInfo info;
        info.id = m_attributes.isEmpty() ? 70'001 : m_last + 1;
        m_last = info.id;
        info.name = name;
        info.type = type;
        info.hot = hot;
        return m_attributes[name] = info;
    }

    /// Statistics of an attribute that `with` of `total` entities have, with `distinct` values spread evenly
    /// over lower…upper.
    static std::shared_ptr<const filter::AttributeStats> spread(double total, double with, double distinct,
                                                                double lower = 0, double upper = 100)
    {
        auto stats = std::make_shared<filter::AttributeStats>();
        stats->entitiesTotal = total;
        stats->entitiesWith = with;
        stats->distinctValues = distinct;
        for (int i = 0; i <= 100; ++i)
            stats->histogram.append(lower + (upper - lower) * i / 100);
        return stats;
    }
    /// Statistics of text values with known counts, which are all there are.
    static std::shared_ptr<const filter::AttributeStats>
    counted(double total, const QList<std::pair<QString, double>>& values)
    {
        auto stats = std::make_shared<filter::AttributeStats>();
        stats->entitiesTotal = total;
        stats->distinctValues = static_cast<double>(values.size());
        for (const auto& [text, entities] : values) {
            filter::AttributeStats::TopValue value;
            value.text = text;
            value.number = text.toDouble();
            value.entities = entities;
            stats->topValues.append(value);
            stats->entitiesWith += entities;
        }
        return stats;
    }

    void setEntitiesTotal(double total) { m_total = total; }
    void setFieldStats(filter::EntityField field, const std::shared_ptr<const filter::AttributeStats>& stats)
    {
        m_fields.insert(static_cast<int>(field), stats);
    }

    std::optional<filter::AttributeInfo> find(const QString& name) const override
    {
        const auto found = m_attributes.constFind(name);
        return found == m_attributes.constEnd() ? std::nullopt : std::optional(*found);
    }
    QStringList names() const override { return m_attributes.keys(); }
    double entitiesTotal() const override { return m_total; }
    std::shared_ptr<const filter::AttributeStats> fieldStats(filter::EntityField field) const override
    {
        return m_fields.value(static_cast<int>(field));
    }

private:
    QMap<int, std::shared_ptr<const filter::AttributeStats>> m_fields;
    QMap<QString, filter::AttributeInfo> m_attributes;
    int m_last = 0;
    double m_total = 0;
};

} // namespace atlas::test
