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
/// Tries again for a minute, stops on a signal, says the first failure of a row of them. Several doors may
/// have copies of one policy: they say what they have in common once.
ingest::RetryPolicy retryPolicy();
/// --open-to LOGIN, as often as there are logins.
QCommandLineOption openToOption();
/// To whom a new tenant is opened beside its maker: the people's logins of the environment and those of
/// --open-to.
QStringList tenantLogins(const Connection& connection, const QCommandLineParser& parser);
/// Says that `what` ("tenant \"x\"") was made, and to whom it is open.
void sayCreated(const QString& what, const QStringList& logins);
/// Says that --open-to, if it was given, does nothing for a tenant that is there.
void sayNotOpened(const QString& what, const QCommandLineParser& parser);
/// A session on the primary, with room for `count` connections beside it. Null after having said why, see
/// Connection::lastStatus().
std::unique_ptr<db::BlockingSession> openPrimary(Connection& connection, Purpose purpose, int count);
/// Waits until the agent has flushed what was staged up to now; false after ten
/// minutes, a signal or an error.
bool waitForStaging(ingest::Door& door);

} // namespace atlas::cli
