// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QJsonArray>
#include <QJsonDocument>
#include <QList>
#include <QString>

#include "model/catalog/attributecatalog.h"

namespace atlas::test {

/// An attribute as a test wants it; `values` are its most common ones, `bounds` its histogram.
struct FakeAttribute
{
    QString name;
    ValueType type = ValueType::String;
    qint64 entitiesWith = 100;
    QString state = QStringLiteral("cold");
    QList<QPair<QString, qint64>> values = {};
    QList<double> bounds = {};
    QString unit = {};
    int sampled = 0; ///< entities that were looked at; 0: all
    qint64 writesSince = 0;
};

/// A catalogue without a server: rows as the server would send them. Ids count from 1 in the order given.
inline AttributeCatalog fakeCatalog(const QList<FakeAttribute>& attributes, qint64 entitiesTotal = 1000)
{
    QList<db::Column> columns;
    for (const char* name :
         {"attribute_id", "name", "value_type", "unit", "description", "state", "entities_with",
          "distinct_values", "measured_at", "entities_total", "isolation", "sampled_entities", "writes_since",
          "write_rate", "top_values", "histogram", "text_histogram"})
        columns.append({QLatin1String(name), 25});
    db::ResultSet::Builder builder(columns);
    int id = 0;
    for (const FakeAttribute& attribute : attributes) {
        QJsonArray top;
        for (const auto& [value, count] : attribute.values) {
            // As attribute_stats keeps them: numbers as numbers.
            const bool number = attribute.type != ValueType::String && attribute.type != ValueType::Json;
            top.append(QJsonArray{number ? QJsonValue(value.toDouble()) : QJsonValue(value), double(count)});
        }
        QJsonArray bounds;
        for (const double bound : attribute.bounds)
            bounds.append(bound);
        builder.addCell(QByteArray::number(++id));
        builder.addCell(attribute.name.toUtf8());
        builder.addCell(QByteArray::number(int(attribute.type)));
        builder.addCell(attribute.unit.toUtf8());
        builder.addCell("");
        builder.addCell(attribute.state.toUtf8());
        builder.addCell(QByteArray::number(attribute.entitiesWith));
        // A histogram tells of more values than the common ones.
        builder.addCell(
            QByteArray::number(std::max<qint64>({1, attribute.values.size(), attribute.bounds.size() * 4})));
        builder.addCell("1780000000");
        builder.addCell(QByteArray::number(entitiesTotal));
        builder.addCell("shared");
        if (attribute.sampled > 0)
            builder.addCell(QByteArray::number(attribute.sampled));
        else
            builder.addNull();
        builder.addCell(QByteArray::number(attribute.writesSince));
        builder.addCell("0");
        builder.addCell(QJsonDocument(top).toJson(QJsonDocument::Compact));
        builder.addCell(QJsonDocument(bounds).toJson(QJsonDocument::Compact));
        builder.addCell("[]");
    }
    return AttributeCatalog::fromRows(builder.take());
}

/// A small fleet, with every type and something hot.
inline AttributeCatalog fleetCatalog()
{
    QList<double> temperatures;
    for (int i = 0; i <= 100; ++i)
        temperatures.append(20 + i);
    QList<double> times;
    for (int i = 0; i <= 100; ++i)
        times.append(1.75e15 + i * 86400e6);
    return fakeCatalog({
        {QStringLiteral("status"),
         ValueType::String,
         1000,
         QStringLiteral("hot"),
         {{QStringLiteral("active"), 620}, {QStringLiteral("idle"), 210}, {QStringLiteral("offline"), 170}}},
        {QStringLiteral("temperature"),
         ValueType::Number,
         900,
         QStringLiteral("cold"),
         {{QStringLiteral("80"), 9}},
         temperatures,
         QStringLiteral("°C")},
        {QStringLiteral("region"),
         ValueType::String,
         950,
         QStringLiteral("cold"),
         {{QStringLiteral("eu-1"), 500}, {QStringLiteral("us-1"), 450}}},
        {QStringLiteral("door_open"),
         ValueType::Boolean,
         400,
         QStringLiteral("cold"),
         {{QStringLiteral("0"), 380}, {QStringLiteral("1"), 20}}},
        {QStringLiteral("last_service"), ValueType::Timestamp, 700, QStringLiteral("cold"), {}, times},
        {QStringLiteral("route"), ValueType::Json, 150, QStringLiteral("cold"), {{QStringLiteral("[]"), 3}}},
        {QStringLiteral("firmware"),
         ValueType::String,
         980,
         QStringLiteral("warming"),
         {{QStringLiteral("1.2.9"), 300}, {QStringLiteral("1.3.0"), 200}}},
        {QStringLiteral("dest_geohash"), ValueType::String, 10},
        {QStringLiteral("geo_lat"), ValueType::Number, 940},
    });
}

} // namespace atlas::test
