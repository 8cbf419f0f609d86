// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLoggingCategory>

namespace atlas::db {

Q_DECLARE_LOGGING_CATEGORY(connectionLog) // atlas.db.connection: the life of each connection
Q_DECLARE_LOGGING_CATEGORY(poolLog)       // atlas.db.pool: up, down, back-off
Q_DECLARE_LOGGING_CATEGORY(statementLog)  // atlas.db.statement: every statement by name, never its values
Q_DECLARE_LOGGING_CATEGORY(noticeLog)     // atlas.db.notice: what servers say by themselves

} // namespace atlas::db
