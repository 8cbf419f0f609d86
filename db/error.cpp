// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/error.h"

namespace atlas::db {

QString DbError::text() const
{
    QString line = message.simplified();
    if (line.isEmpty())
        line = QStringLiteral("unknown error");
    if (!endpoint.isEmpty())
        line.prepend(endpoint + QStringLiteral(": "));
    if (mayStillBeRunning)
        line += QStringLiteral(" (the server may still be running it)");
    if (!sqlState.isEmpty())
        line += QStringLiteral(" [%1]").arg(sqlState);
    return line;
}

bool DbError::isTransient() const
{
    switch (kind) {
    case ErrorKind::NameNotFound:
    case ErrorKind::Refused:
    case ErrorKind::Tls:
    case ErrorKind::Unavailable:
    case ErrorKind::ConnectionLost:
    case ErrorKind::Conflict:
    case ErrorKind::OutOfResources:
        return true;
    case ErrorKind::Deadline:
        // A server that enforced its statement_timeout is alive and the statement is slow: the same elsewhere
        // would be as slow. One that did not answer at all may be dead.
        return sqlState.isEmpty();
    default:
        return false;
    }
}

} // namespace atlas::db
