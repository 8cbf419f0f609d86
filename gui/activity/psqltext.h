// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include "db/statement.h"

namespace atlas::gui {

/// The statement as something to paste into psql 15: PREPARE with the SQL as it was sent, EXECUTE with the
/// values as quoted literals. (\bind would be shorter, but came with psql 16.) Values cannot end the literal,
/// whatever they hold.
QString psqlText(const db::Statement& statement);

} // namespace atlas::gui
