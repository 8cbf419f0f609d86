// SPDX-License-Identifier: GPL-3.0-or-later
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>

#include "cli/command.h"
#include "cli/progress.h"
#include "model/catalog/attributecatalog.h"
#include "model/filter/printer.h"
#include "model/hotset/usage.h"

namespace atlas::cli {

namespace {

using hotset::Candidate;

QString number(const std::optional<qint64>& value)
{
    return value ? grouped(*value) : QStringLiteral("-");
}

QJsonObject toJson(const Candidate& one, const Attribute& attribute)
{
    const auto known = [](const auto& value) { return value ? QJsonValue(*value) : QJsonValue(); };
    return {{QStringLiteral("attribute"), attribute.name},
            {QStringLiteral("type"), name(attribute.type)},
            {QStringLiteral("state"), hotStateName(attribute.state)},
            {QStringLiteral("filters"), one.filters},
            {QStringLiteral("combined"), one.combined},
            {QStringLiteral("milliseconds"), one.milliseconds},
            {QStringLiteral("entities_with"), known(one.entitiesWith)},
            {QStringLiteral("distinct_values"), known(one.distinctValues)},
            {QStringLiteral("writes_per_second"), known(one.writeRate)}};
}

void printTable(const std::vector<std::pair<Candidate, Attribute>>& lines)
{
    qsizetype width = 9;
    for (const auto& [one, attribute] : lines)
        width = std::max(width, filter::quoteName(attribute.name).size());
    const int wide = static_cast<int>(std::min<qsizetype>(width, 60));
    put(QStringLiteral("%1  %2  %3  %4  %5  %6  %7  %8  %9\n")
            .arg(QStringLiteral("attribute"), -wide)
            .arg(QStringLiteral("type"), -9)
            .arg(QStringLiteral("state"), -7)
            .arg(QStringLiteral("filters"), 9)
            .arg(QStringLiteral("combined"), 9)
            .arg(QStringLiteral("time"), 12)
            .arg(QStringLiteral("assets with"), 13)
            .arg(QStringLiteral("distinct"), 13)
            .arg(QStringLiteral("writes/s"), 10));
    for (const auto& [one, attribute] : lines) {
        put(filter::quoteName(attribute.name).leftJustified(wide) +
            QStringLiteral("  %1  %2  %3  %4  %5  %6  %7  %8\n")
                .arg(name(attribute.type), -9)
                .arg(hotStateName(attribute.state), -7)
                .arg(grouped(one.filters), 9)
                .arg(grouped(one.combined), 9)
                .arg(QStringLiteral("%1 s").arg(one.milliseconds / 1000, 0, 'f', 2), 12)
                .arg(number(one.entitiesWith), 13)
                .arg(number(one.distinctValues), 13)
                .arg(one.writeRate ? QString::number(*one.writeRate, 'f', 1) : QStringLiteral("-"), 10));
    }
}

} // namespace

int runCandidates(const QStringList& arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral(
        "Attributes that filters compared for equality, those first in whose filters most time was spent, "
        "beside what each is\n"
        "written a second: promoting one costs that many writes of a document. Combined are filters that "
        "compared another\n"
        "attribute as well: those gain most. Filters of the console and of atlasctl filter are noted; what "
        "the warehouse answered is not."));
    Connection::addOptions(parser);
    const QCommandLineOption tenantOption(QStringLiteral("tenant"), QStringLiteral("Tenant, by name."),
                                          QStringLiteral("name"));
    const QCommandLineOption daysOption(QStringLiteral("days"),
                                        QStringLiteral("Filters of so many days, 1 to 35 (default: 30)."),
                                        QStringLiteral("n"), QString::number(hotset::adviceDays));
    const QCommandLineOption jsonOption(QStringLiteral("json"),
                                        QStringLiteral("An array, one object an attribute."));
    parser.addOptions({tenantOption, daysOption, jsonOption});
    parse(parser, QStringLiteral("candidates"), arguments);
    bool isNumber = false;
    const int days = parser.value(daysOption).toInt(&isNumber);
    if (!parser.positionalArguments().isEmpty() || !parser.isSet(tenantOption)) {
        fail(QStringLiteral("say --tenant NAME and nothing else"));
        return Usage;
    }
    if (!isNumber || days < 1 || days > hotset::keptDays) {
        fail(QStringLiteral("days is a number from 1 to %1").arg(hotset::keptDays));
        return Usage;
    }
    auto connection = Connection::fromParser(parser);
    if (!connection)
        return Usage;
    auto session = connection->open(QStringLiteral("primary"), Purpose::Analyst);
    if (!session)
        return connection->lastStatus();
    const auto found = findTenant(*session, parser.value(tenantOption));
    if (!found)
        return failWith(found.error());
    if (!*found)
        return Failed;
    const auto rows = session->exec(hotset::candidatesStatement(**found, days));
    if (!rows)
        return failWith(rows.error());
    std::vector<std::pair<Candidate, Attribute>> lines;
    if (rows->rowCount() > 0) {
        const auto attributes = session->exec(AttributeCatalog::listStatement(**found));
        if (!attributes)
            return failWith(attributes.error());
        const AttributeCatalog catalog = AttributeCatalog::fromRows(*attributes);
        for (const Candidate& one : hotset::candidatesFromRows(*rows)) {
            if (const Attribute* attribute = catalog.findId(one.attributeId))
                lines.emplace_back(one, *attribute);
        }
    }
    if (parser.isSet(jsonOption)) {
        QJsonArray array;
        for (const auto& [one, attribute] : lines)
            array.append(toJson(one, attribute));
        put(QString::fromUtf8(QJsonDocument(array).toJson()));
    } else if (lines.empty()) {
        say(QStringLiteral("no filter of tenant %1 that compares for equality was noted in the last %2 days")
                .arg(parser.value(tenantOption))
                .arg(days));
    } else {
        printTable(lines);
    }
    return Ok;
}

} // namespace atlas::cli
