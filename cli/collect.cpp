// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>
#include <thread>

#include "cli/command.h"
#include "cli/ingestoptions.h"
#include "cli/progress.h"
#include "model/ingest/collector/collector.h"
#include "model/sessionwatch.h"
#include "model/statements.h"

namespace atlas::cli {

namespace {

using namespace std::chrono_literals;

const RegisteredStatement tenantSql{"collect.tenant", "Tenant of this machine",
                                    "select tenant_id from atlas.tenants where name = $1"};
const RegisteredStatement createSql{"collect.create_tenant", "Create the tenant of this machine",
                                    "select atlas.create_tenant($1, 'shared', $2::name[])"};
const RegisteredStatement refreshSql{"collect.refresh_stats",
                                     "Measure this machine's attributes for the first time",
                                     "select atlas.refresh_attribute_stats($1::integer)"};

const RegisteredStatement knownSql{
    "collect.known", "What an earlier run of the collector left",
    "select e.external_id, a.name, a.value_type "
    "from atlas.attributes p "
    "join atlas.attribute_values here on here.tenant_id = p.tenant_id and here.attribute_id = p.attribute_id "
    "and here.value_num = 1 "
    "join atlas.entities e on e.tenant_id = p.tenant_id and e.entity_id = here.entity_id "
    "join atlas.attribute_values v on v.tenant_id = p.tenant_id and v.entity_id = here.entity_id and "
    "coalesce(v.value_num::text, v.value_text) is not null "
    "join atlas.attributes a on a.tenant_id = p.tenant_id and a.attribute_id = v.attribute_id "
    "where p.tenant_id = $1::integer and p.name = 'present' and p.value_type = 3"};

db::Status rememberEarlierRun(db::BlockingSession& session, int tenant, ingest::Collector& collector)
{
    return session.stream(knownSql({db::param(tenant)}), 1000, [&](const db::ResultSet& rows) {
        for (int row = 0; row < rows.rowCount(); ++row)
            collector.remember(rows.string(row, 0).toStdString(), rows.string(row, 1).toStdString(),
                               static_cast<ValueType>(rows.integer(row, 2).value_or(1)));
    });
}

db::Result<int> ownTenant(const Connection& connection, const QCommandLineParser& parser,
                          db::BlockingSession& session, const QString& name)
{
    const QString what = QStringLiteral("tenant \"%1\"").arg(name);
    auto found = session.exec(tenantSql({db::param(name)}));
    if (found && found->rowCount() == 0) {
        const QStringList logins = tenantLogins(connection, parser);
        found = session.exec(createSql({db::param(name), db::arrayParam(logins)}));
        if (found)
            sayCreated(what, logins);
    } else if (found) {
        sayNotOpened(what, parser);
    }
    if (!found)
        return found.error();
    return static_cast<int>(found->integer(0, 0).value_or(0));
}

/// "1s", "250ms", "2": seconds unless it says otherwise.
std::optional<std::chrono::milliseconds> parseInterval(QString text)
{
    double factor = 1000;
    if (text.endsWith(QLatin1String("ms"))) {
        text.chop(2);
        factor = 1;
    } else if (text.endsWith(QLatin1Char('s'))) {
        text.chop(1);
    }
    bool ok = false;
    const double value = text.trimmed().toDouble(&ok) * factor;
    if (!ok || !(value >= 100) || value > 3'600'000)
        return std::nullopt;
    return std::chrono::milliseconds(std::llround(value));
}

} // namespace

int runCollect(const QStringList& arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(
        QStringLiteral("Observes this machine: the host, its CPUs, disks, mounts, network interfaces and "
                       "largest processes become\n"
                       "entities of the tenant \"This machine\". Sends what has changed, until stopped. "
                       "Reads no command lines."));
    Connection::addOptions(parser);
    const QCommandLineOption tenantName(
        QStringLiteral("tenant"),
        QStringLiteral("Tenant to write to, created when missing (default: This machine)."),
        QStringLiteral("name"), QStringLiteral("This machine"));
    const QCommandLineOption interval(QStringLiteral("interval"),
                                      QStringLiteral("Time between two looks (default 1s)."),
                                      QStringLiteral("time"), QStringLiteral("1s"));
    const QCommandLineOption once(
        QStringLiteral("once"), QStringLiteral("Look twice, one interval apart (rates need two), then end."));
    parser.addOptions({tenantName, openToOption(), interval, once, doorOption()});
    parse(parser, QStringLiteral("collect"), arguments);
    const auto pause = parseInterval(parser.value(interval));
    const auto kind = doorFromParser(parser);
    if (!parser.positionalArguments().isEmpty() || !pause || !kind) {
        if (kind)
            fail(pause ? QStringLiteral("collect takes no words")
                       : QStringLiteral("--interval takes 100ms to 3600s"));
        return Usage;
    }
    auto connection = Connection::fromParser(parser);
    if (!connection)
        return Usage;
    auto session = connection->open(QStringLiteral("primary"), Purpose::Ingest);
    if (!session)
        return connection->lastStatus();
    std::optional<SessionWatch> watch(std::in_place, *session, interrupted);
    const auto tenant = ownTenant(*connection, parser, *session, parser.value(tenantName));
    if (!tenant)
        return failWith(tenant.error());

    ingest::RetryPolicy policy = retryPolicy();
    if (!parser.isSet(once))
        policy.patience = std::chrono::hours(24 * 365);
    const auto door =
        ingest::makeDoor(*kind, connection->client(),
                         connection->endpoint(QStringLiteral("primary"), Purpose::Ingest), policy);
    ingest::CollectorOptions options;
    if (parser.isSet(once))
        options.minProcessAge = 0;
    ingest::Collector collector(options);
    if (const db::Status remembered = rememberEarlierRun(*session, *tenant, collector); !remembered)
        return failWith(remembered.error());
    ingest::Batch batch(*tenant, "collect");
    qint64 values = 0;
    int rounds = 0;
    auto due = std::chrono::steady_clock::now();
    while (!interrupted()) {
        const std::int64_t now = ingest::nowMicroseconds() / 1000 * 1000;
        batch.reset();
        const std::vector<ingest::Reading> readings = collector.collect(now);
        collector.addChanges(readings, now, batch);
        if (!batch.isEmpty()) {
            const auto sent = door->send(batch, ingest::BatchId::random());
            if (!sent) {
                if (interrupted())
                    break;
                return failWith(sent.error());
            }
            values += batch.rows();
        }
        ++rounds;
        if (rounds == 2) {
            // So that the attribute list knows them before the agent's next round.
            if (const auto measured = session->exec(refreshSql({db::param(*tenant)})); !measured)
                say(QStringLiteral("not measured yet: ") + measured.error().text());
            watch.reset();
            session.reset();
            if (parser.isSet(once)) {
                say(QStringLiteral("%1 values of %2 entities").arg(grouped(values)).arg(readings.size()));
                return Ok;
            }
        }
        // After a pause of the server the clock goes on from now: no burst of old looks.
        due = std::max(due + *pause, std::chrono::steady_clock::now());
        while (!interrupted() && std::chrono::steady_clock::now() < due)
            std::this_thread::sleep_for(
                std::min<std::chrono::steady_clock::duration>(50ms, due - std::chrono::steady_clock::now()));
    }
    say(QStringLiteral("%1 values in %2 rounds").arg(grouped(values)).arg(rounds));
    return parser.isSet(once) ? Interrupted : Ok;
}

} // namespace atlas::cli
