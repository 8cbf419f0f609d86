// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/sqlstate.h"

#include <array>
#include <utility>

namespace atlas::db {

ErrorKind kindOfSqlState(QByteArrayView sqlState)
{
    using Entry = std::pair<QByteArrayView, ErrorKind>;
    // Whole codes first: they mean something else than their class.
    static const std::array codes{
        Entry{"08P01", ErrorKind::Protocol},       // protocol_violation
        Entry{"25006", ErrorKind::ReadOnly},       // read_only_sql_transaction
        Entry{"25P03", ErrorKind::ConnectionLost}, // idle_in_transaction_session_timeout, FATAL
        Entry{"3D000", ErrorKind::NoSuchDatabase}, // invalid_catalog_name
        Entry{"42501", ErrorKind::Permission},     // insufficient_privilege
        Entry{"53300", ErrorKind::Unavailable},    // too_many_connections
        Entry{"55P03", ErrorKind::Conflict},       // lock_not_available
        Entry{"57014", ErrorKind::Deadline},       // query_canceled
        Entry{"57P01", ErrorKind::ConnectionLost}, // admin_shutdown
        Entry{"57P02", ErrorKind::ConnectionLost}, // crash_shutdown
        Entry{"57P03", ErrorKind::Unavailable},    // cannot_connect_now
        Entry{"57P04", ErrorKind::ConnectionLost}, // database_dropped
        Entry{"57P05", ErrorKind::ConnectionLost}, // idle_session_timeout
    };
    static const std::array classes{
        Entry{"08", ErrorKind::ConnectionLost}, Entry{"22", ErrorKind::Data},
        Entry{"23", ErrorKind::Constraint},     Entry{"28", ErrorKind::Authentication},
        Entry{"40", ErrorKind::Conflict},       Entry{"42", ErrorKind::Syntax},
        Entry{"53", ErrorKind::OutOfResources}, Entry{"54", ErrorKind::OutOfResources},
    };
    for (const auto& [code, kind] : codes) {
        if (sqlState == code)
            return kind;
    }
    for (const auto& [prefix, kind] : classes) {
        if (sqlState.size() == 5 && sqlState.startsWith(prefix))
            return kind;
    }
    return ErrorKind::Other;
}

} // namespace atlas::db
