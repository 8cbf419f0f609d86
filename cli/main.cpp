// SPDX-License-Identifier: GPL-3.0-or-later
#include <QCoreApplication>

#include <array>
#include <cstdio>

#include "cli/command.h"

using namespace atlas::cli;

namespace {

constexpr std::array commands{
    Command{"schema", "Apply the schema, or tell its status", runSchema},
    Command{"load", "Load a synthetic platform, or keep telemetry flowing", runLoad},
    Command{"import", "Import entities from JSON Lines", runImport},
    Command{"collect", "Observe this machine and ingest what is seen", runCollect},
    Command{"agent", "Heartbeat, staging flush, lag and throughput samples", runAgent},
    Command{"rejects", "List, send again or throw away values that could not be stored", runRejects},
    Command{"filter", "Run a filter and write its rows", runFilter},
    Command{"lag", "How far each stage is behind the primary", runLag},
    Command{"candidates", "Attributes that are worth promoting, by the filters that ran", runCandidates},
    Command{"promote", "Bring an attribute into the hot set", runPromote},
    Command{"demote", "Take an attribute out of the hot set", runDemote},
    Command{"tenant", "List tenants, move one to a branch of its own or back", runTenant},
    Command{"statements", "List every statement this product can send", runStatements},
};

void printHelp(FILE* out)
{
    std::fputs("Usage: atlasctl COMMAND [OPTIONS]\n\n"
               "Works on the same platform as Atlas Console, without a window.\n\nCommands:\n",
               out);
    for (const Command& command : commands)
        std::fprintf(out, "  %-12s %s\n", command.name, command.summary);
    std::fputs(
        "\n"
        "atlasctl COMMAND --help tells a command's options.\n\n"
        "Connects to --environment NAME, --service NAME, $ATLAS_ENVIRONMENT, or as libpq's own variables "
        "say.\n"
        "Passwords come from libpq (~/.pgpass, PGPASSFILE, pg_service.conf); there is no option for them.\n\n"
        "Exit status: 0 done; 1 it ran and did not succeed; 2 wrong call; 3 no connection; 4 refused by the "
        "server;\n"
        "130 interrupted.\n",
        out);
}

} // namespace

int main(int argc, char** argv)
{
    QCoreApplication application(argc, argv);
    QCoreApplication::setApplicationName(QStringLiteral("atlasctl"));
    QCoreApplication::setApplicationVersion(QStringLiteral(ATLAS_VERSION));
    QStringList arguments = QCoreApplication::arguments().mid(1);
    if (arguments.isEmpty()) {
        printHelp(stderr);
        return Usage;
    }
    const QString name = arguments.takeFirst();
    if (name == QLatin1String("--help") || name == QLatin1String("-h") || name == QLatin1String("help")) {
        printHelp(stdout);
        return flushOutput() ? Ok : Failed;
    }
    if (name == QLatin1String("--version")) {
        std::puts("atlasctl " ATLAS_VERSION);
        return Ok;
    }
    installSignalHandlers();
    for (const Command& command : commands) {
        if (name == QLatin1String(command.name)) {
            const int status = command.run(arguments);
            // What was printed and did not arrive is not done.
            return status == Ok && !flushOutput() ? int(Failed) : status;
        }
    }
    fail(QStringLiteral("there is no command \"%1\"").arg(name));
    say(QStringLiteral("Try: atlasctl --help"));
    return Usage;
}
