// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/schema/schema.h"

#include <cstdio>

#include "cli/command.h"
#include "model/sessionwatch.h"

namespace atlas::cli {

namespace {

int status(db::BlockingSession& session, const QString& node, const QList<schema::Migration>& known)
{
    const auto state = schema::inspect(session);
    if (!state)
        return failWith(state.error());
    for (const schema::Migration& migration : known) {
        QString words = QStringLiteral("not applied");
        for (const schema::Applied& one : state->applied) {
            if (one.version == migration.version)
                words = one.checksum == migration.checksum
                            ? QStringLiteral("applied %1").arg(one.appliedAt.toString(Qt::ISODate))
                            : QStringLiteral("ALTERED: applied with other contents");
        }
        std::printf("%-10s %04d %-14s %s\n", qUtf8Printable(node), migration.version,
                    qUtf8Printable(migration.name), qUtf8Printable(words));
    }
    if (!state->applied.isEmpty() && state->recorded.isEmpty())
        say(node + QStringLiteral(": what is in the schema is not recorded yet; schema apply does it"));
    bool good = state->applied.size() == known.size();
    for (const QString& problem : {schema::conflict(known, state->applied), schema::alteration(*state)}) {
        if (!problem.isEmpty()) {
            fail(node + QStringLiteral(": ") + problem);
            good = false;
        }
    }
    return good ? Ok : Failed;
}

int apply(db::BlockingSession& session, const QString& node, const QList<schema::Migration>& known)
{
    const auto outcome = schema::apply(session, known, [&node](const schema::Migration& migration) {
        say(QStringLiteral("%1: applying %2 %3")
                .arg(node)
                .arg(migration.version, 4, 10, QLatin1Char('0'))
                .arg(migration.name));
    });
    if (!outcome)
        return failWith(outcome.error());
    say(outcome->appliedNow == 0
            ? QStringLiteral("%1: schema version %2, nothing to do").arg(node).arg(outcome->version)
            : QStringLiteral("%1: schema version %2").arg(node).arg(outcome->version));
    return Ok;
}

} // namespace

int runSchema(const QStringList& arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral(
        "Applies the schema (schema/postgres, and schema/redshift/local where the warehouse is PostgreSQL),\n"
        "or tells what is applied and whether it is still as it was applied.\n"
        "Log in as atlas_owner or a member of it. Run schema/postgres/bootstrap.sql once before, as a "
        "superuser:\nit makes roles, database and extensions."));
    Connection::addOptions(parser);
    parser.addPositionalArgument(QStringLiteral("action"), QStringLiteral("apply or status"),
                                 QStringLiteral("apply|status"));
    parse(parser, QStringLiteral("schema"), arguments);
    const QStringList words = parser.positionalArguments();
    if (words.size() != 1 ||
        (words.first() != QLatin1String("apply") && words.first() != QLatin1String("status"))) {
        fail(QStringLiteral("say apply or status"));
        return Usage;
    }
    auto connection = Connection::fromParser(parser);
    if (!connection)
        return Usage;

    const auto run = words.first() == QLatin1String("apply") ? apply : status;
    QStringList nodes{QStringLiteral("primary")};
    if (connection->environment().warehouse)
        nodes.append(connection->environment().warehouse->name);
    int worst = Ok;
    for (const QString& node : nodes) {
        auto session = connection->open(node, Purpose::Owner);
        if (!session)
            return connection->lastStatus();
        const SessionWatch watch(*session, interrupted);
        const bool isPrimary = node == QLatin1String("primary");
        if (!isPrimary && connection->client().state(connection->endpoint(node, Purpose::Owner)).isRedshift) {
            say(QStringLiteral("%1: Redshift; apply schema/redshift/*.sql with your own tool").arg(node));
            continue;
        }
        worst = std::max(worst, run(*session, node,
                                    schema::migrations(isPrimary ? schema::Target::Postgres
                                                                 : schema::Target::LocalWarehouse)));
        if (worst != Ok && words.first() == QLatin1String("apply"))
            return worst;
    }
    return worst;
}

} // namespace atlas::cli
