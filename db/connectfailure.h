// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>

#include "db/error.h"

namespace atlas::db {

/// How far a connection attempt had come when libpq gave it up.
enum class ConnectPhase {
    Configuring, ///< options, service and password file
    Reaching,    ///< socket and TCP
    TlsRequest,  ///< TLS asked for, the server's one-byte answer outstanding
    TlsHandshake,
    Authenticating, ///< startup packet sent
    Checking,       ///< logged in; libpq looks whether it is the server wanted (target_session_attrs)
};

struct ConnectFailure
{
    ConnectPhase phase = ConnectPhase::Reaching;
    QByteArray message;         ///< PQerrorMessage, asked for with PQERRORS_VERBOSE
    bool needsPassword = false; ///< PQconnectionNeedsPassword
    bool peerClosed = false;    ///< the socket was at its end before the last poll
    bool tls = false;           ///< the connection was encrypted by then
};

/// Names the failure. libpq 15 has no code for a failed connection and both its own words and the server's
/// may be translated, so this relies on the phase and on the SQLSTATE that the verbose form puts behind the
/// severity.
DbError classifyConnectFailure(const ConnectFailure& failure);

} // namespace atlas::db
