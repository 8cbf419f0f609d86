// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/catalog/attributecatalog.h"

#include <QJsonDocument>

#include <algorithm>

#include "model/filter/estimate_p.h"
#include "model/filter/validate.h"
#include "model/statements.h"

namespace atlas {

namespace {

// The fields that every entity has come along, as rows with numbers below zero: with what they hold, for
// which 10,000 attributes would be too much.
const RegisteredStatement listSql{"catalog.attributes", "Attributes of a tenant", R"sql(
select a.attribute_id, a.name, a.value_type, a.unit, a.description, a.state, s.entities_with, s.distinct_values,
       extract(epoch from s.measured_at)::float8 as measured_at, s.entities_total, t.isolation, s.sampled_entities,
       r.writes_since, r.write_rate, null::jsonb as top_values, null::jsonb as histogram, null::jsonb as text_histogram
  from atlas.tenants t
  join atlas.attributes a on a.tenant_id = t.tenant_id
  left join atlas.attribute_stats s on s.tenant_id = a.tenant_id and s.attribute_id = a.attribute_id
  left join atlas.attribute_rates r on r.tenant_id = a.tenant_id and r.attribute_id = a.attribute_id
 where t.tenant_id = $1::int
 union all
select case f.field when 'id' then -1 when 'type' then -2 else -3 end, f.field, 1::smallint, '', '', 'cold',
       f.entities_total + f.entities_since, f.distinct_values, extract(epoch from f.measured_at)::float8,
       f.entities_total + f.entities_since, t.isolation, f.sampled_entities, f.entities_since + f.changes_since, 0, f.top_values, '[]',
       f.text_histogram
  from atlas.tenants t
  join atlas.entity_field_stats f on f.tenant_id = t.tenant_id
 where t.tenant_id = $1::int
 order by 2)sql"};

const RegisteredStatement namedSql{"catalog.named",
                                   "The attributes that a filter names, with their statistics", R"sql(
select a.attribute_id, a.name, a.value_type, a.unit, a.description, a.state, s.entities_with, s.distinct_values,
       extract(epoch from s.measured_at)::float8 as measured_at, s.entities_total, t.isolation, s.sampled_entities,
       r.writes_since, r.write_rate, s.top_values, s.histogram, s.text_histogram
  from atlas.tenants t
  join atlas.attributes a on a.tenant_id = t.tenant_id
  left join atlas.attribute_stats s on s.tenant_id = a.tenant_id and s.attribute_id = a.attribute_id
  left join atlas.attribute_rates r on r.tenant_id = a.tenant_id and r.attribute_id = a.attribute_id
 where t.tenant_id = $1::int and a.name = any ($2::text[])
 union all
select case f.field when 'id' then -1 when 'type' then -2 else -3 end, f.field, 1::smallint, '', '', 'cold',
       f.entities_total + f.entities_since, f.distinct_values, extract(epoch from f.measured_at)::float8,
       f.entities_total + f.entities_since, t.isolation, f.sampled_entities, f.entities_since + f.changes_since, 0, f.top_values, '[]',
       f.text_histogram
  from atlas.tenants t
  join atlas.entity_field_stats f on f.tenant_id = t.tenant_id
 where t.tenant_id = $1::int
 order by 2)sql"};

const RegisteredStatement detailSql{"catalog.details", "Common values and histograms of some attributes",
                                    R"sql(
select a.attribute_id, a.value_type, s.top_values, s.histogram, s.text_histogram
  from atlas.attributes a
  left join atlas.attribute_stats s on s.tenant_id = a.tenant_id and s.attribute_id = a.attribute_id
 where a.tenant_id = $1::int and a.attribute_id = any ($2::int[]))sql"};

/// Of the rows of entity fields.
std::optional<filter::EntityField> fieldOfRow(int id)
{
    switch (id) {
    case -1:
        return filter::EntityField::Id;
    case -2:
        return filter::EntityField::Type;
    case -3:
        return filter::EntityField::Name;
    default:
        return std::nullopt;
    }
}

QDateTime timeOf(std::optional<double> seconds)
{
    return seconds ? QDateTime::fromMSecsSinceEpoch(static_cast<qint64>(*seconds * 1000), Qt::UTC)
                   : QDateTime();
}

AttributeDetail readDetail(int id, ValueType type, const QByteArray& top, const QByteArray& histogram,
                           const QByteArray& texts)
{
    AttributeDetail detail;
    detail.attributeId = id;
    const QJsonArray values = QJsonDocument::fromJson(top).array();
    for (const QJsonValue& value : values) {
        const QJsonArray pair = value.toArray();
        if (pair.size() != 2)
            continue;
        const QString raw = pair.at(0).isDouble()
                                ? QString::number(pair.at(0).toDouble(), 'g', QLocale::FloatingPointShortest)
                                : pair.at(0).toString();
        detail.top.push_back({displayValue(type, raw), static_cast<qint64>(pair.at(1).toDouble())});
    }
    const QJsonArray bounds = QJsonDocument::fromJson(histogram).array();
    for (const QJsonValue& bound : bounds)
        detail.bounds.push_back(filter::numberIn(bound).value_or(0));
    const QJsonArray textBounds = QJsonDocument::fromJson(texts).array();
    for (const QJsonValue& bound : textBounds)
        detail.textBounds.append(bound.toString());
    return detail;
}

} // namespace

QString hotStateName(HotState state)
{
    switch (state) {
    case HotState::Warming:
        return QStringLiteral("warming");
    case HotState::Hot:
        return QStringLiteral("hot");
    case HotState::Cooling:
        return QStringLiteral("cooling");
    case HotState::Cold:
        break;
    }
    return QStringLiteral("cold");
}

HotState hotStateFromName(QStringView name)
{
    for (const HotState state : {HotState::Warming, HotState::Hot, HotState::Cooling}) {
        if (name == hotStateName(state))
            return state;
    }
    return HotState::Cold;
}

struct AttributeCatalog::Data
{
    std::vector<Attribute> attributes;
    QHash<QString, int> byName;
    QHash<int, int> byId;
    QHash<int, AttributeDetail> details;
    QHash<int, std::shared_ptr<const filter::AttributeStats>> stats;
    QHash<int, std::shared_ptr<const filter::AttributeStats>> fields; ///< by EntityField
    double entitiesTotal = 0;
    int partitions = 1;

    void addDetail(const AttributeDetail& detail)
    {
        details.insert(detail.attributeId, detail);
        const int index = byId.value(detail.attributeId, -1);
        // What was never measured has no values to tell: that is not to say that nobody has it.
        if (index < 0 || !stats.contains(detail.attributeId))
            return;
        const Attribute& attribute = attributes[static_cast<std::size_t>(index)];
        auto known = std::make_shared<filter::AttributeStats>(*stats.value(detail.attributeId));
        known->topValues.clear();
        for (const AttributeDetail::Top& top : detail.top) {
            filter::AttributeStats::TopValue value;
            value.text = top.value;
            value.entities = static_cast<double>(top.entities);
            if (attribute.type == ValueType::Boolean)
                value.number = top.value == QLatin1String("true") ? 1 : 0;
            else if (attribute.type == ValueType::Timestamp)
                value.number = static_cast<double>(filter::parseTimestamp(top.value).value_or(0));
            else
                value.number = filter::numberIn(QJsonValue(top.value)).value_or(top.value.toDouble());
            known->topValues.append(value);
        }
        known->histogram = QList<double>(detail.bounds.begin(), detail.bounds.end());
        known->textHistogram = detail.textBounds;
        stats.insert(detail.attributeId, known);
    }
};

AttributeCatalog::AttributeCatalog()
    : m_data(std::make_shared<const Data>())
{
}

AttributeCatalog AttributeCatalog::fromRows(const db::ResultSet& rows)
{
    auto data = std::make_shared<Data>();
    const int id = rows.columnIndex(u"attribute_id");
    const int name = rows.columnIndex(u"name");
    const int type = rows.columnIndex(u"value_type");
    const int unit = rows.columnIndex(u"unit");
    const int description = rows.columnIndex(u"description");
    const int state = rows.columnIndex(u"state");
    const int with = rows.columnIndex(u"entities_with");
    const int distinct = rows.columnIndex(u"distinct_values");
    const int measured = rows.columnIndex(u"measured_at");
    const int total = rows.columnIndex(u"entities_total");
    const int isolation = rows.columnIndex(u"isolation");
    const int top = rows.columnIndex(u"top_values");
    const int histogram = rows.columnIndex(u"histogram");
    const int texts = rows.columnIndex(u"text_histogram");
    const int sampled = rows.columnIndex(u"sampled_entities");
    const int since = rows.columnIndex(u"writes_since");
    const int rate = rows.columnIndex(u"write_rate");
    double fieldsTotal = 0;
    data->attributes.reserve(static_cast<std::size_t>(rows.rowCount()));
    for (int row = 0; row < rows.rowCount(); ++row) {
        Attribute attribute;
        attribute.id = static_cast<int>(rows.integer(row, id).value_or(0));
        if (const auto field = fieldOfRow(attribute.id)) {
            auto stats = std::make_shared<filter::AttributeStats>();
            stats->entitiesTotal = static_cast<double>(rows.integer(row, total).value_or(0));
            stats->entitiesWith = stats->entitiesTotal;
            stats->distinctValues = static_cast<double>(rows.integer(row, distinct).value_or(0));
            stats->readJson(rows.bytes(row, top).toByteArray(), {}, rows.bytes(row, texts).toByteArray());
            stats->sampledEntities = static_cast<double>(rows.integer(row, sampled).value_or(0));
            stats->changedSince = static_cast<double>(rows.integer(row, since).value_or(0));
            stats->measuredAt = timeOf(rows.real(row, measured));
            fieldsTotal = stats->entitiesTotal;
            data->fields.insert(static_cast<int>(*field), stats);
            continue;
        }
        attribute.name = rows.string(row, name);
        attribute.type = valueTypeFromNumber(static_cast<int>(rows.integer(row, type).value_or(0)))
                             .value_or(ValueType::String);
        attribute.unit = rows.string(row, unit);
        attribute.description = rows.string(row, description);
        attribute.state = hotStateFromName(rows.string(row, state));
        attribute.entitiesWith = rows.integer(row, with);
        attribute.distinctValues = rows.integer(row, distinct);
        attribute.sampledEntities = rows.integer(row, sampled);
        attribute.writesSince = rows.integer(row, since).value_or(0);
        attribute.writeRate = rows.real(row, rate).value_or(0);
        attribute.measuredAt = timeOf(rows.real(row, measured));
        data->entitiesTotal =
            std::max(data->entitiesTotal, static_cast<double>(rows.integer(row, total).value_or(0)));
        if (rows.string(row, isolation) != QLatin1String("shared"))
            data->partitions = 8;
        if (attribute.entitiesWith) {
            auto stats = std::make_shared<filter::AttributeStats>();
            stats->entitiesTotal = static_cast<double>(rows.integer(row, total).value_or(0));
            stats->entitiesWith = static_cast<double>(*attribute.entitiesWith);
            stats->distinctValues = static_cast<double>(attribute.distinctValues.value_or(0));
            stats->sampledEntities = static_cast<double>(attribute.sampledEntities.value_or(0));
            stats->changedSince = static_cast<double>(attribute.writesSince);
            stats->measuredAt = attribute.measuredAt;
            const bool detailed = !rows.isNull(row, top);
            if (detailed)
                stats->readJson(rows.bytes(row, top).toByteArray(), rows.bytes(row, histogram).toByteArray(),
                                rows.bytes(row, texts).toByteArray());
            data->stats.insert(attribute.id, stats);
            if (detailed)
                data->details.insert(attribute.id, readDetail(attribute.id, attribute.type,
                                                              rows.bytes(row, top).toByteArray(),
                                                              rows.bytes(row, histogram).toByteArray(),
                                                              rows.bytes(row, texts).toByteArray()));
        }
        const int index = static_cast<int>(data->attributes.size());
        data->byName.insert(attribute.name, index);
        data->byId.insert(attribute.id, index);
        data->attributes.push_back(std::move(attribute));
    }
    // Attributes were measured at different times; what the tenant has now is known with its fields.
    if (fieldsTotal > 0)
        data->entitiesTotal = fieldsTotal;
    return AttributeCatalog(std::move(data));
}

db::Statement AttributeCatalog::listStatement(int tenant)
{
    return about(tenant, listSql({db::param(tenant)}));
}

db::Statement AttributeCatalog::namedStatement(int tenant, const QStringList& names)
{
    return about(tenant, namedSql({db::param(tenant), db::arrayParam(names)}));
}

db::Statement AttributeCatalog::detailStatement(int tenant, const QList<int>& ids)
{
    return about(tenant, detailSql({db::param(tenant), db::arrayParam(ids)}));
}

QList<AttributeDetail> AttributeCatalog::detailsFromRows(const db::ResultSet& rows)
{
    QList<AttributeDetail> details;
    for (int row = 0; row < rows.rowCount(); ++row) {
        details.append(
            readDetail(static_cast<int>(rows.integer(row, rows.columnIndex(u"attribute_id")).value_or(0)),
                       valueTypeFromNumber(
                           static_cast<int>(rows.integer(row, rows.columnIndex(u"value_type")).value_or(0)))
                           .value_or(ValueType::String),
                       rows.bytes(row, rows.columnIndex(u"top_values")).toByteArray(),
                       rows.bytes(row, rows.columnIndex(u"histogram")).toByteArray(),
                       rows.bytes(row, rows.columnIndex(u"text_histogram")).toByteArray()));
    }
    return details;
}

int AttributeCatalog::size() const
{
    return static_cast<int>(m_data->attributes.size());
}

const Attribute& AttributeCatalog::at(int index) const
{
    return m_data->attributes.at(static_cast<std::size_t>(index));
}

const Attribute* AttributeCatalog::findName(const QString& name) const
{
    const int index = m_data->byName.value(name, -1);
    return index < 0 ? nullptr : &m_data->attributes[static_cast<std::size_t>(index)];
}

const Attribute* AttributeCatalog::findId(int id) const
{
    const int index = m_data->byId.value(id, -1);
    return index < 0 ? nullptr : &m_data->attributes[static_cast<std::size_t>(index)];
}

const AttributeDetail* AttributeCatalog::detail(int id) const
{
    const auto found = m_data->details.constFind(id);
    return found == m_data->details.constEnd() ? nullptr : &*found;
}

int AttributeCatalog::partitions() const
{
    return m_data->partitions;
}

std::optional<filter::AttributeInfo> AttributeCatalog::find(const QString& name) const
{
    const Attribute* attribute = findName(name);
    if (!attribute)
        return std::nullopt;
    return filter::AttributeInfo{attribute->id, attribute->name, attribute->type,
                                 attribute->state == HotState::Hot, m_data->stats.value(attribute->id)};
}

QStringList AttributeCatalog::names() const
{
    QStringList names;
    names.reserve(size());
    for (const Attribute& attribute : m_data->attributes)
        names.append(attribute.name);
    return names;
}

double AttributeCatalog::entitiesTotal() const
{
    return m_data->entitiesTotal;
}

std::shared_ptr<const filter::AttributeStats> AttributeCatalog::fieldStats(filter::EntityField field) const
{
    return m_data->fields.value(static_cast<int>(field));
}

AttributeCatalog AttributeCatalog::withDetails(const QList<AttributeDetail>& details) const
{
    auto data = std::make_shared<Data>(*m_data);
    for (const AttributeDetail& detail : details)
        data->addDetail(detail);
    return AttributeCatalog(std::move(data));
}

QString displayValue(ValueType type, const QString& raw)
{
    switch (type) {
    case ValueType::Boolean:
        return raw == QLatin1String("0") ? QStringLiteral("false") : QStringLiteral("true");
    case ValueType::Timestamp: {
        // Microseconds as float8 text ("1.7e+15") unless the text as sent was kept.
        bool isNumber = false;
        const double microseconds = raw.toDouble(&isNumber);
        return isNumber ? filter::formatTimestamp(static_cast<qint64>(microseconds)) : raw;
    }
    case ValueType::String:
    case ValueType::Number:
    case ValueType::Json:
        break;
    }
    return raw;
}

} // namespace atlas
