// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/environment/environment.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QSet>

#include <array>
#include <utility>

namespace atlas {

namespace {

constexpr std::array<std::pair<Purpose, const char*>, 6> purposeNames = {{
    {Purpose::Analyst, "analyst"},
    {Purpose::Operator, "operator"},
    {Purpose::Admin, "admin"},
    {Purpose::Ingest, "ingest"},
    {Purpose::Agent, "agent"},
    {Purpose::Owner, "owner"},
}};

constexpr QLatin1String primaryNode("primary");
constexpr QLatin1String warehouseNode("warehouse");

db::DbError badArgument(const QString& message)
{
    db::DbError error;
    error.kind = db::ErrorKind::BadArgument;
    error.message = message;
    return error;
}

/// Keywords whose value is a secret; a file of ours never holds one.
bool isSecretKeyword(const QString& keyword)
{
    return keyword == QLatin1String("password") || keyword == QLatin1String("sslpassword") ||
           keyword.endsWith(QLatin1String("_secret"));
}

bool holdsSecret(const QString& keyword, const QString& value)
{
    if (value.isEmpty())
        return false;
    if (isSecretKeyword(keyword))
        return true;
    // libpq expands a connection string in dbname, and with it a password.
    return keyword == QLatin1String("dbname") && db::redactSecrets(value) != value;
}

QString passwordRefused(const QString& where)
{
    return QStringLiteral(
               "%1: a password does not belong in this file. Put it into ~/.pgpass (or the file named by "
               "\"passfile\"), or let the console keep it in the system keychain.")
        .arg(where);
}

/// Quoted as libpq reads it.
QString conninfoText(const db::ConnectionInfo& info)
{
    QStringList parts;
    const QMap<QString, QString>& options = info.options();
    for (auto it = options.cbegin(); it != options.cend(); ++it) {
        QString value = it.value();
        value.replace(QLatin1Char('\\'), QLatin1String("\\\\"))
            .replace(QLatin1Char('\''), QLatin1String("\\'"));
        parts << QStringLiteral("%1='%2'").arg(it.key(), value);
    }
    return parts.join(QLatin1Char(' '));
}

/// `skip` is the one key that is not a libpq keyword.
db::Result<db::ConnectionInfo> infoFromJson(const QJsonObject& object, const QString& where,
                                            QLatin1String skip = {})
{
    db::ConnectionInfo info;
    for (auto it = object.constBegin(); it != object.constEnd(); ++it) {
        if (!skip.isEmpty() && it.key() == skip)
            continue;
        const QString place = where + QLatin1Char('.') + it.key();
        QString value;
        if (it->isString())
            value = it->toString();
        else if (it->isDouble() && it->toDouble() == double(it->toInteger()))
            value = QString::number(it->toInteger());
        else
            return badArgument(QStringLiteral("%1 must be a text.").arg(place));
        if (holdsSecret(it.key(), value))
            return badArgument(passwordRefused(place));
        info.set(it.key(), value);
    }
    // libpq itself knows which keywords there are.
    if (const auto parsed = db::ConnectionInfo::parse(conninfoText(info)); !parsed)
        return badArgument(QStringLiteral("%1: %2").arg(where, parsed.error().message));
    return info;
}

QJsonObject infoToJson(const db::ConnectionInfo& info)
{
    QJsonObject object;
    const QMap<QString, QString>& options = info.options();
    for (auto it = options.cbegin(); it != options.cend(); ++it) {
        // The last guard: whoever set it, a secret is not written.
        if (!it.value().isEmpty() && !holdsSecret(it.key(), it.value()))
            object.insert(it.key(), it.value());
    }
    return object;
}

QString infoProblem(const db::ConnectionInfo& info, const QString& node)
{
    const QMap<QString, QString>& options = info.options();
    for (auto it = options.cbegin(); it != options.cend(); ++it) {
        if (it.value().contains(QChar(u'\0')))
            return QStringLiteral("%1: %2 contains a NUL character.").arg(node, it.key());
        if (holdsSecret(it.key(), it.value()))
            return passwordRefused(node);
    }
    if (const auto parsed = db::ConnectionInfo::parse(conninfoText(info)); !parsed)
        return QStringLiteral("%1: %2").arg(node, parsed.error().message);
    const QStringList ports = info.value(QStringLiteral("port")).split(QLatin1Char(','), Qt::SkipEmptyParts);
    for (const QString& port : ports) {
        bool isNumber = false;
        const int number = port.trimmed().toInt(&isNumber);
        if (!isNumber || number < 1 || number > 65535)
            return QStringLiteral("%1: the port must be a number from 1 to 65535, not \"%2\".")
                .arg(node, port);
    }
    return {};
}

bool isColor(const QString& text)
{
    if (text.size() != 7 || text.at(0) != QLatin1Char('#'))
        return false;
    bool isHex = false;
    const uint rgb = QStringView(text).mid(1).toUInt(&isHex, 16);
    Q_UNUSED(rgb)
    return isHex;
}

db::Result<NamedConnection> namedFromJson(const QJsonObject& object, const QString& where,
                                          const QString& fallback)
{
    NamedConnection named;
    const QJsonValue name = object.value(QLatin1String("name"));
    if (!name.isUndefined() && !name.isString())
        return badArgument(QStringLiteral("%1.name must be a text.").arg(where));
    named.name = name.toString(fallback);
    auto info = infoFromJson(object, where, QLatin1String("name"));
    if (!info)
        return info.error();
    named.info = std::move(info).value();
    return named;
}

} // namespace

QList<Purpose> allPurposes()
{
    QList<Purpose> purposes;
    for (const auto& [purpose, name] : purposeNames)
        purposes << purpose;
    return purposes;
}

QString purposeName(Purpose purpose)
{
    for (const auto& [known, name] : purposeNames) {
        if (known == purpose)
            return QString::fromLatin1(name);
    }
    return {};
}

std::optional<Purpose> purposeFromName(QStringView name)
{
    for (const auto& [purpose, known] : purposeNames) {
        if (name == QLatin1String(known))
            return purpose;
    }
    return std::nullopt;
}

QString endpointId(const QString& node, Purpose purpose)
{
    return purpose == Purpose::Analyst ? node : node + QLatin1Char('#') + purposeName(purpose);
}

QString endpointNode(const QString& id)
{
    return id.section(QLatin1Char('#'), 0, 0);
}

Purpose endpointPurpose(const QString& id)
{
    return purposeFromName(id.section(QLatin1Char('#'), 1)).value_or(Purpose::Analyst);
}

QString loginFor(const QMap<Purpose, QString>& logins, Purpose purpose, const db::ConnectionInfo& info)
{
    const QString login = logins.value(purpose);
    return login.isEmpty() ? info.value(QStringLiteral("user")) : login;
}

bool refusesLogin(const db::DbError& error)
{
    return error.kind == db::ErrorKind::Authentication || error.kind == db::ErrorKind::Permission;
}

QStringList Environment::nodes() const
{
    QStringList names;
    for (const NamedConnection& replica : replicas)
        names << replica.name;
    names << primaryNode;
    if (warehouse)
        names << warehouseNode;
    return names;
}

QList<db::Endpoint> Environment::endpointsFor(Purpose purpose) const
{
    const bool readsOnly = purpose == Purpose::Analyst || purpose == Purpose::Operator;
    QList<db::Endpoint> endpoints;
    const auto add = [&](const QString& node, db::EndpointRole role, const db::ConnectionInfo& info) {
        db::Endpoint endpoint;
        endpoint.id = endpointId(node, purpose);
        endpoint.role = role;
        endpoint.info = info;
        endpoint.info.set(QStringLiteral("user"), loginFor(logins, purpose, info));
        endpoint.maxConnections = purpose == Purpose::Analyst ? 4 : 2;
        endpoint.readOnly = readsOnly || role == db::EndpointRole::Replica;
        endpoints << endpoint;
    };
    for (const NamedConnection& replica : replicas)
        add(replica.name, db::EndpointRole::Replica, replica.info);
    add(primaryNode, db::EndpointRole::Primary, primary);
    if (warehouse)
        add(warehouseNode, db::EndpointRole::Warehouse, warehouse->info);
    return endpoints;
}

QString Environment::validate() const
{
    if (name.trimmed().isEmpty())
        return QStringLiteral("The environment needs a name.");
    if (name != name.trimmed())
        return QStringLiteral("The name must not begin or end with a space.");
    if (name.size() > 200)
        return QStringLiteral("The name is longer than 200 characters.");
    for (const QChar character : name) {
        if (character.category() == QChar::Other_Control)
            return QStringLiteral("The name contains a line break or another control character.");
    }
    if (!isColor(color))
        return QStringLiteral("The colour must look like #2a9d8f.");
    if (const QString problem = infoProblem(primary, primaryNode); !problem.isEmpty())
        return problem;
    QSet<QString> names = {primaryNode, warehouseNode};
    for (const NamedConnection& replica : replicas) {
        if (replica.name.trimmed().isEmpty())
            return QStringLiteral("Every replica needs a name.");
        if (replica.name.contains(QLatin1Char('#')))
            return QStringLiteral("The replica name \"%1\" must not contain #.").arg(replica.name);
        if (names.contains(replica.name))
            return QStringLiteral("The replica name \"%1\" is already taken.").arg(replica.name);
        names.insert(replica.name);
        if (replica.info.options().isEmpty())
            return QStringLiteral("The replica \"%1\" needs a host or a service.").arg(replica.name);
        if (const QString problem = infoProblem(replica.info, replica.name); !problem.isEmpty())
            return problem;
    }
    if (warehouse) {
        if (warehouse->info.options().isEmpty())
            return QStringLiteral("The warehouse needs a host or a service.");
        if (const QString problem = infoProblem(warehouse->info, warehouseNode); !problem.isEmpty())
            return problem;
    }
    return {};
}

QJsonObject Environment::toJson() const
{
    QJsonObject object;
    object.insert(QLatin1String("name"), name);
    object.insert(QLatin1String("color"), color);
    object.insert(QLatin1String("primary"), infoToJson(primary));
    QJsonArray list;
    for (const NamedConnection& replica : replicas) {
        QJsonObject entry = infoToJson(replica.info);
        entry.insert(QLatin1String("name"), replica.name);
        list.append(entry);
    }
    object.insert(QLatin1String("replicas"), list);
    if (warehouse) {
        QJsonObject entry = infoToJson(warehouse->info);
        entry.insert(QLatin1String("name"),
                     warehouse->name.isEmpty() ? QString(warehouseNode) : warehouse->name);
        object.insert(QLatin1String("warehouse"), entry);
    }
    QJsonObject users;
    for (auto it = logins.cbegin(); it != logins.cend(); ++it)
        users.insert(purposeName(it.key()), it.value());
    object.insert(QLatin1String("logins"), users);
    if (useKeychain)
        object.insert(QLatin1String("useKeychain"), true);
    return object;
}

db::Result<Environment> Environment::fromJson(const QJsonObject& object)
{
    Environment environment;
    if (!object.value(QLatin1String("name")).isString())
        return badArgument(QStringLiteral("\"name\" is missing."));
    environment.name = object.value(QLatin1String("name")).toString();
    environment.color = object.value(QLatin1String("color")).toString(environment.color);

    const QJsonValue primaryValue = object.value(QLatin1String("primary"));
    if (!primaryValue.isUndefined() && !primaryValue.isObject())
        return badArgument(QStringLiteral("\"primary\" must be an object of libpq keywords."));
    auto info = infoFromJson(primaryValue.toObject(), primaryNode);
    if (!info)
        return info.error();
    environment.primary = std::move(info).value();

    const QJsonValue replicasValue = object.value(QLatin1String("replicas"));
    if (!replicasValue.isUndefined() && !replicasValue.isArray())
        return badArgument(QStringLiteral("\"replicas\" must be a list."));
    const QJsonArray list = replicasValue.toArray();
    for (qsizetype i = 0; i < list.size(); ++i) {
        const QString where = QStringLiteral("replicas[%1]").arg(i);
        if (!list.at(i).isObject())
            return badArgument(QStringLiteral("%1 must be an object of libpq keywords.").arg(where));
        auto replica = namedFromJson(list.at(i).toObject(), where, QStringLiteral("replica-%1").arg(i + 1));
        if (!replica)
            return replica.error();
        environment.replicas << std::move(replica).value();
    }

    const QJsonValue warehouseValue = object.value(QLatin1String("warehouse"));
    if (warehouseValue.isObject()) {
        auto named = namedFromJson(warehouseValue.toObject(), warehouseNode, warehouseNode);
        if (!named)
            return named.error();
        environment.warehouse = std::move(named).value();
    } else if (!warehouseValue.isUndefined() && !warehouseValue.isNull()) {
        return badArgument(QStringLiteral("\"warehouse\" must be an object of libpq keywords."));
    }

    const QJsonObject users = object.value(QLatin1String("logins")).toObject();
    for (auto it = users.constBegin(); it != users.constEnd(); ++it) {
        const std::optional<Purpose> purpose = purposeFromName(it.key());
        if (!purpose || !it->isString()) {
            return badArgument(
                QStringLiteral("logins.%1: known are analyst, operator, admin, ingest, agent and owner, "
                               "each with the name of a login.")
                    .arg(it.key()));
        }
        if (!it->toString().isEmpty())
            environment.logins.insert(*purpose, it->toString());
    }
    environment.useKeychain = object.value(QLatin1String("useKeychain")).toBool();
    if (const QString problem = environment.validate(); !problem.isEmpty())
        return badArgument(problem);
    return environment;
}

db::Result<Environment> Environment::fromFile(const QString& path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return badArgument(QStringLiteral("%1 cannot be read: %2").arg(path, file.errorString()));
    QJsonParseError parseError;
    const QJsonDocument document = QJsonDocument::fromJson(file.readAll(), &parseError);
    if (parseError.error != QJsonParseError::NoError) {
        return badArgument(QStringLiteral("%1 is not JSON: %2 at byte %3.")
                               .arg(path, parseError.errorString())
                               .arg(parseError.offset));
    }
    if (!document.isObject())
        return badArgument(QStringLiteral("%1 does not hold an object.").arg(path));
    auto environment = fromJson(document.object());
    if (!environment)
        return badArgument(QStringLiteral("%1: %2").arg(path, environment.error().message));
    return environment;
}

} // namespace atlas
