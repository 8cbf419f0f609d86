// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QCommandLineOption>

#include <optional>

#include "cli/command.h"
#include "model/ingest/door.h"

namespace atlas::cli {

// What load, import and collect have in common.

/// --door durable|fast
QCommandLineOption doorOption();
/// Prints what is wrong and returns nullopt.
std::optional<ingest::DoorKind> doorFromParser(const QCommandLineParser& parser);
/// Tries again for a minute, stops on a signal, says the first failure of a row of them.
ingest::RetryPolicy retryPolicy();
/// The people's logins of the environment, to whom a new tenant is opened.
QStringList demoLogins(const Connection& connection);
/// Raises how many connections may be open to the primary as the ingest login.
void allowConnections(Connection& connection, int count);
/// Waits until the agent has flushed what was staged up to now; false after ten
/// minutes, a signal or an error.
bool waitForStaging(db::BlockingSession& session);

} // namespace atlas::cli
