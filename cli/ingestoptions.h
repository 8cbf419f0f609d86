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
/// A session on the primary, with room for `count` connections beside it. Null after having said why, see
/// Connection::lastStatus().
std::unique_ptr<db::BlockingSession> openPrimary(Connection& connection, Purpose purpose, int count);
/// Waits until the agent has flushed what was staged up to now; false after ten
/// minutes, a signal or an error.
bool waitForStaging(db::BlockingSession& session);

} // namespace atlas::cli
