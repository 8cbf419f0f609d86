// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/hotset/hotset.h"

#include <QCoreApplication>
#include <QEventLoop>
#include <QTimer>

#include "cli/command.h"
#include "model/catalog/attributecatalog.h"

namespace atlas::cli {

namespace {

int run(const QString& command, hotset::Kind kind, const QStringList& arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(
        kind == hotset::Kind::Promote
            ? QStringLiteral("Brings an attribute into the hot set: online, in batches, verified row by row "
                             "before readers use it.\n"
                             "Goes on with a job that was interrupted. Ctrl+C leaves the job where it is; "
                             "--cancel-on-interrupt undoes it.")
            : QStringLiteral("Takes an attribute out of the hot set: readers stop using it at once, then "
                             "what was written is removed."));
    Connection::addOptions(parser);
    const QCommandLineOption tenantOption(QStringLiteral("tenant"), QStringLiteral("Tenant, by name."),
                                          QStringLiteral("name"));
    const QCommandLineOption undoOption(
        QStringLiteral("cancel-on-interrupt"),
        QStringLiteral("Ctrl+C cancels the promotion and removes what it wrote."));
    parser.addOption(tenantOption);
    if (kind == hotset::Kind::Promote)
        parser.addOption(undoOption);
    parser.addPositionalArgument(QStringLiteral("attribute"), QStringLiteral("Attribute, by name."));
    parse(parser, command, arguments);
    if (parser.positionalArguments().size() != 1 || !parser.isSet(tenantOption)) {
        fail(QStringLiteral("say --tenant NAME and one attribute"));
        return Usage;
    }
    auto connection = Connection::fromParser(parser);
    if (!connection)
        return Usage;

    int attributeId = 0;
    int tenant = 0;
    {
        auto session = connection->open(QStringLiteral("primary"), Purpose::Admin);
        if (!session)
            return connection->lastStatus();
        const auto found = findTenant(*session, parser.value(tenantOption));
        if (!found) {
            fail(found.error());
            return exitStatusFor(found.error());
        }
        if (!*found)
            return Failed;
        tenant = **found;
        const QString name = parser.positionalArguments().constFirst();
        const auto rows = session->exec(AttributeCatalog::namedStatement(tenant, {name}));
        if (!rows) {
            fail(rows.error());
            return exitStatusFor(rows.error());
        }
        const AttributeCatalog catalog = AttributeCatalog::fromRows(*rows);
        if (catalog.size() != 1) {
            fail(QStringLiteral("tenant %1 has no attribute \"%2\"").arg(parser.value(tenantOption), name));
            return Failed;
        }
        const HotState state = catalog.at(0).state;
        if ((kind == hotset::Kind::Promote && state == HotState::Hot) ||
            (kind == hotset::Kind::Demote && state == HotState::Cold)) {
            say(QStringLiteral("%1 is %2 already").arg(name, hotStateName(state)));
            return Ok;
        }
        attributeId = catalog.at(0).id;
    }

    connection->use(Purpose::Operator);
    lag::Monitor monitor(&connection->client(), connection->environment());
    monitor.start();
    hotset::Runner runner(&connection->client(), &monitor, tenant);
    QEventLoop loop;
    int status = Failed;
    QString lastLine;
    const auto report = [&lastLine](const hotset::Job& job) {
        QString line = QStringLiteral("job %1: %2").arg(job.id).arg(job.phase);
        if (job.rowsDone > 0)
            line += QStringLiteral(", %L1 rows").arg(job.rowsDone);
        if (!job.message.isEmpty())
            line += QStringLiteral(", ") + job.message;
        if (line != lastLine)
            say(line);
        lastLine = line;
    };
    bool undoing = false;
    QObject::connect(&runner, &hotset::Runner::progressed, &loop, report);
    QObject::connect(&runner, &hotset::Runner::throttled, &loop, [](const QString& reason) {
        say(reason.isEmpty() ? QStringLiteral("going on") : QStringLiteral("waiting: ") + reason);
    });
    QObject::connect(&runner, &hotset::Runner::troubled, &loop,
                     [](const db::DbError& error) { say(QStringLiteral("trying again: ") + error.text()); });
    QObject::connect(&runner, &hotset::Runner::refused, &loop, [&](const db::DbError& error) {
        fail(error);
        status = exitStatusFor(error);
        loop.quit();
    });
    QObject::connect(&runner, &hotset::Runner::finished, &loop, [&](const hotset::Job& job) {
        status = undoing ? int(Interrupted) : job.phase == QLatin1String("done") ? int(Ok) : int(Failed);
        loop.quit();
    });
    QTimer signalTimer;
    QObject::connect(&signalTimer, &QTimer::timeout, &loop, [&] {
        if (!interrupted() || undoing)
            return;
        if (kind == hotset::Kind::Demote || !parser.isSet(undoOption)) {
            say(QStringLiteral("interrupted; the job stays where it is, the same command goes on with it"));
            status = Interrupted;
            loop.quit();
            return;
        }
        undoing = true;
        runner.cancel();
    });
    signalTimer.start(std::chrono::milliseconds(100));
    runner.begin(attributeId, kind);
    loop.exec();
    return status;
}

} // namespace

int runPromote(const QStringList& arguments)
{
    return run(QStringLiteral("promote"), hotset::Kind::Promote, arguments);
}

int runDemote(const QStringList& arguments)
{
    return run(QStringLiteral("demote"), hotset::Kind::Demote, arguments);
}

} // namespace atlas::cli
