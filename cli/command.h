// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QCommandLineParser>
#include <QString>
#include <QStringList>

#include <memory>
#include <optional>

#include "db/blocking.h"
#include "db/client.h"
#include "model/environment/environment.h"

namespace atlas::cli {

/// Exit statuses of every command, also in the man page.
enum ExitStatus : int {
    Ok = 0,
    Failed =
        1, ///< it ran and did not succeed (a rejected line, a failed verification, an error of the server)
    Usage = 2,         ///< the call's words are wrong
    Unreachable = 3,   ///< no connection to what it needs
    Denied = 4,        ///< the server refused: authentication or permission
    Interrupted = 130, ///< SIGINT or SIGTERM; what was committed stays
};

/// Maps a database error to an exit status.
int exitStatusFor(const db::DbError& error);
/// The same for an error of opening a session, where no answer in time means unreachable.
int exitStatusForOpening(const db::DbError& error);

/// To stderr, one line, prefixed with the program's name. The only way commands report.
void say(const QString& line);
void fail(const QString& line);
void fail(const db::DbError& error);
/// Says the error and returns its exit status. After SIGINT or SIGTERM that is Interrupted, whatever the
/// error: what was cancelled, or waited in vain by then, is only a consequence.
int failWith(const db::DbError& error);
/// Writes out what stdout holds; false after having said why not all of it arrived.
bool flushOutput();

/// What a command connects with: --environment NAME, --service NAME, $ATLAS_ENVIRONMENT, or libpq's own
/// variables.
class Connection
{
public:
    static void addOptions(QCommandLineParser& parser);
    /// Reads the options; prints what is wrong and returns null when they make no environment.
    static std::unique_ptr<Connection> fromParser(const QCommandLineParser& parser);

    db::Client& client() { return m_client; }
    const Environment& environment() const { return m_environment; }
    /// Makes the endpoints of a purpose known to the client. --user (or PGUSER) overrides the environment's
    /// logins.
    void use(Purpose purpose);
    /// Endpoint id of a node ("primary", "replica-1", "warehouse") for a purpose. See
    /// Environment::endpointId.
    QString endpoint(const QString& node, Purpose purpose) const;
    /// A session of one's own, or null after having said why not.
    std::unique_ptr<db::BlockingSession> open(const QString& node, Purpose purpose);
    /// Exit status of the failure that made the last open() return null.
    int lastStatus() const { return m_lastStatus; }

private:
    explicit Connection(Environment environment)
        : m_environment(std::move(environment))
    {
    }
    Environment m_environment;
    db::Client m_client;
    QString m_user;
    int m_lastStatus = Ok;
};

/// tenant_id of a tenant by name as this session sees it; nullopt after having said that there is none. The
/// error of the server is the caller's to say.
db::Result<std::optional<int>> findTenant(db::BlockingSession& session, const QString& name);

/// Set by SIGINT and SIGTERM; long commands look at it between batches. installSignalHandlers() makes the
/// first signal set it and the second end the program.
bool interrupted();
void installSignalHandlers();

/// One subcommand: parses its own arguments (without the program's and its own name).
struct Command
{
    const char* name;
    const char* summary;
    int (*run)(const QStringList& arguments);
};

/// Parses with --help handled: prints help to stdout and exits 0; a wrong option prints to stderr and exits
/// Usage.
void parse(QCommandLineParser& parser, const QString& command, const QStringList& arguments);

int runSchema(const QStringList& arguments);
int runLoad(const QStringList& arguments);
int runImport(const QStringList& arguments);
int runCollect(const QStringList& arguments);
int runAgent(const QStringList& arguments);
int runRejects(const QStringList& arguments);
int runTenant(const QStringList& arguments);
int runFilter(const QStringList& arguments);
int runLag(const QStringList& arguments);
int runCandidates(const QStringList& arguments);
int runPromote(const QStringList& arguments);
int runDemote(const QStringList& arguments);
int runStatements(const QStringList& arguments);

} // namespace atlas::cli
