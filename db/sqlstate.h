// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArrayView>

#include "db/error.h"

namespace atlas::db {

/// What a five-character SQLSTATE means to a caller (errcodes.txt of PostgreSQL). 57014 is taken as Deadline:
/// whoever asked for a cancellation knows better and says so.
ErrorKind kindOfSqlState(QByteArrayView sqlState);

} // namespace atlas::db
