// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QJsonObject>
#include <QList>
#include <QMap>
#include <QString>
#include <QStringList>

#include <array>
#include <optional>

#include "db/endpoint.h"
#include "db/error.h"

namespace atlas {

/// What a connection is opened for; each may log in as somebody else. Stored by name, never by number.
enum class Purpose { Analyst = 1, Operator, Admin, Ingest, Agent, Owner };

QList<Purpose> allPurposes();
/// Those that the window itself logs in for; the others are atlasctl's.
inline constexpr std::array consolePurposes = {Purpose::Analyst, Purpose::Operator, Purpose::Admin};
/// "analyst", "operator", …: the key in environment files and the suffix of endpoint ids.
QString purposeName(Purpose purpose);
std::optional<Purpose> purposeFromName(QStringView name);

struct NamedConnection
{
    QString name;
    db::ConnectionInfo info;
    bool operator==(const NamedConnection&) const = default;
};

/// Who logs in for a purpose over that connection: the purpose's own login, else the connection's user, else
/// (empty) libpq's default. Also whose password is typed and kept for it.
QString loginFor(const QMap<Purpose, QString>& logins, Purpose purpose, const db::ConnectionInfo& info);

/// Of an attempt to connect: the server is there but does not let this login in. Others may fare better.
bool refusesLogin(const db::DbError& error);

/// A platform to connect to. `service=…` alone is enough for the primary, and so is nothing at all: libpq's
/// own variables and defaults then decide. Holds no password: libpq (passfile, service file) or the keychain
/// has it.
struct Environment
{
    QString name;
    QString color = QStringLiteral("#2a9d8f"); ///< #rrggbb, to tell production from the rest at a glance
    db::ConnectionInfo primary;
    QList<NamedConnection> replicas; ///< the name is the endpoint id: unique, see validate()
    std::optional<NamedConnection> warehouse;
    QMap<Purpose, QString> logins; ///< missing: the connection's own user, else libpq's default
    bool useKeychain = false;      ///< passwords were put into the system keychain for this environment

    bool operator==(const Environment&) const = default;

    /// Node names in the order reads prefer them: replicas, primary, warehouse.
    QStringList nodes() const;
    /// Every node as an endpoint for that purpose: ids by endpointId(), user by loginFor(). Analysts and
    /// operators are read-only everywhere, everybody is on a replica.
    QList<db::Endpoint> endpointsFor(Purpose purpose) const;
    /// The first thing that is wrong with it, in words for the person who edits it; empty when it is fine.
    QString validate() const;

    QJsonObject toJson() const;
    /// BadArgument with the place ("replicas[1].port") when the object is not an environment, or holds a
    /// password.
    static db::Result<Environment> fromJson(const QJsonObject& object);
    static db::Result<Environment> fromFile(const QString& path);
};

/// Id of a node's endpoint in a db::Client. Analysts' ids are the bare node names ("primary", "replica-1",
/// "warehouse"); other purposes have a suffix ("primary#admin").
QString endpointId(const QString& node, Purpose purpose = Purpose::Analyst);
/// The node of an endpoint id: "primary#admin" → "primary".
QString endpointNode(const QString& id);
Purpose endpointPurpose(const QString& id);

} // namespace atlas
