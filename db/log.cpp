// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/log_p.h"

namespace atlas::db {

// Quiet unless asked, e.g. QT_LOGGING_RULES="atlas.db.*=true".
Q_LOGGING_CATEGORY(connectionLog, "atlas.db.connection", QtInfoMsg)
Q_LOGGING_CATEGORY(poolLog, "atlas.db.pool", QtInfoMsg)
Q_LOGGING_CATEGORY(statementLog, "atlas.db.statement", QtInfoMsg)
Q_LOGGING_CATEGORY(noticeLog, "atlas.db.notice", QtInfoMsg)

} // namespace atlas::db
