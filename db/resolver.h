// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QList>

#include <chrono>
#include <functional>
#include <utility>

#include "db/endpoint.h"

namespace atlas::db {

/// What PQconnectStartParams gets: no name left to look up.
struct ResolvedTarget
{
    QList<std::pair<QByteArray, QByteArray>> options;
    std::chrono::milliseconds connectTimeout{5000}; ///< for each address
    struct Address
    {
        QByteArray host;
        QByteArray hostaddr;
        QByteArray port;
    };
    /// Host, hostaddr and port of the options, one entry for each address that libpq will try. Empty where
    /// the lists differ in length: libpq has the words for that.
    QList<Address> addresses;

    /// Leaves an address out, named as PQhost, PQhostaddr and PQport name it. False, and nothing changed,
    /// when it is not there or the only one.
    bool dropAddress(const QByteArray& host, const QByteArray& hostaddr, const QByteArray& port);
};

/// Reads what libpq would take from service file, environment and defaults, looks up host names, and adds our
/// own defaults where nothing else said anything. Blocks (files, LDAP services, DNS): see
/// resolveInBackground().
Result<ResolvedTarget> resolve(const ConnectionInfo& info);

/// The same on a thread of its own, which cannot be interrupted and so belongs to nobody: `done` is called on
/// that thread and must only hold what may outlive everything else.
void resolveInBackground(const ConnectionInfo& info, std::function<void(Result<ResolvedTarget>)> done);

} // namespace atlas::db
