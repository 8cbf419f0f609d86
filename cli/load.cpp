// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <thread>

#include "cli/command.h"
#include "cli/ingestoptions.h"
#include "cli/progress.h"
#include "model/ingest/platform/load.h"
#include "model/ingest/platform/telemetry.h"
#include "model/sessionwatch.h"
#include "model/statements.h"

namespace atlas::cli {

namespace {

using namespace std::chrono_literals;

const RegisteredStatement refreshSql{"load.refresh_stats", "Measure a tenant's attributes after the load",
                                     "select atlas.refresh_attribute_stats($1::integer)"};
const RegisteredStatement analyzeSql{"load.analyze", "Planner statistics after the load",
                                     "select atlas.analyze_values()"};
const RegisteredStatement vacuumSql{
    "load.vacuum", "Visibility map and planner statistics after the load",
    "vacuum (analyze, skip_locked) atlas.entities, atlas.attributes, atlas.attribute_values"};

// VACUUM of somebody else's table is a warning, not an error.
const RegisteredStatement ownerSql{
    "load.is_owner", "May this login vacuum",
    "select pg_has_role(relowner, 'member') from pg_class where oid = 'atlas.attribute_values'::regclass"};

struct Options
{
    ingest::PlatformOptions platform;
    ingest::DoorKind door = ingest::DoorKind::Durable;
    int writers = 3;
    int senders = 2; ///< of telemetry
    bool status = false;
    double rate = 10'000;
};

/// Statistics and visibility map: without them the first filters after a load would be slow.
db::Status settle(Connection& connection, ingest::Door& door, const ingest::LoadState& state)
{
    // VACUUM is the owner's. Where its login is not ours to use, autovacuum will come to it.
    connection.use(Purpose::Owner);
    bool vacuumed = false;
    auto owner = db::BlockingSession::open(
        connection.client(), connection.endpoint(QStringLiteral("primary"), Purpose::Owner), 5s);
    if (owner) {
        const SessionWatch watch(**owner, interrupted);
        const auto mayVacuum = (*owner)->exec(ownerSql());
        const auto done =
            mayVacuum && mayVacuum->boolean(0, 0) ? (*owner)->exec(vacuumSql({}, 10min)) : mayVacuum;
        vacuumed = mayVacuum && mayVacuum->boolean(0, 0) && done;
        if (!done)
            say(QStringLiteral("vacuum is left to autovacuum: ") + done.error().text());
        else if (!vacuumed)
            say(QStringLiteral("vacuum is left to autovacuum: this login does not own the tables"));
    } else {
        say(QStringLiteral("vacuum is left to autovacuum: ") + owner.error().text());
    }
    return door.ask([&state, vacuumed](db::BlockingSession& session) -> db::Status {
        if (!vacuumed) {
            if (const auto analyzed = session.exec(analyzeSql({}, 10min)); !analyzed)
                return analyzed.error();
        }
        for (const int tenant : state.tenantIds) {
            if (interrupted())
                return db::success();
            if (const auto measured = session.exec(refreshSql({db::param(tenant)}, 10min)); !measured)
                return measured.error();
        }
        return db::success();
    });
}

/// Exit status when there is nothing more to do for this platform, nullopt when it is to be loaded.
std::optional<int> alreadyThere(db::BlockingSession& session, const ingest::LoadState& state,
                                const Options& options)
{
    qint64 present = 0;
    for (const qint64 entities : state.entities)
        present += entities;
    if (state.complete) {
        say(QStringLiteral("already loaded: %1 entities, seed %2")
                .arg(grouped(present))
                .arg(options.platform.seed));
        return Ok;
    }
    if (state.startedAt != 0 || !state.anyEntities())
        return std::nullopt;
    const auto otherwise = ingest::wasLoadedOtherwise(session, state);
    if (!otherwise)
        return failWith(otherwise.error());
    if (*otherwise) {
        fail(QStringLiteral("the platform's tenants hold %1 entities, loaded with other options")
                 .arg(grouped(present)));
        say(QStringLiteral(
            "  say --entities, --attributes and --seed as then, or load into an empty database"));
        return Failed;
    }
    // The ledger forgets after its retention; what is there still counts.
    const bool enough = present >= options.platform.entities;
    say(QStringLiteral(
            "the platform's tenants hold %1 entities%2; with which options they were loaded is not "
            "known any more")
            .arg(grouped(present), enough ? QString() : QStringLiteral(", fewer than asked for")));
    if (!options.status && !enough)
        say(QStringLiteral("  nothing was done; load into an empty database"));
    return enough ? Ok : Failed;
}

int load(Connection& connection, const QCommandLineParser& parser, db::BlockingSession& session,
         Options options)
{
    const SessionWatch watch(session, interrupted);
    // The plan does not depend on the base time, which an interrupted load brings along.
    options.platform.baseTime = ingest::nowMicroseconds();
    const auto sketch = std::make_unique<ingest::Platform>(options.platform);
    const std::vector<ingest::LoadItem> plan = ingest::loadPlan(*sketch);
    auto state = ingest::readLoadState(session, *sketch, plan);
    if (!state)
        return failWith(state.error());
    if (const std::optional<int> ended = alreadyThere(session, *state, options))
        return *ended;
    if (options.status) {
        const auto done = std::count(state->done.begin(), state->done.end(), true);
        say(state->startedAt ? QStringLiteral("loaded in part: %1 of %2 batches").arg(done).arg(plan.size())
                             : QStringLiteral("not loaded"));
        return Failed;
    }

    if (state->startedAt) {
        options.platform.baseTime = state->startedAt;
        say(QStringLiteral("going on with an interrupted load"));
    }
    const ingest::Platform platform(options.platform);
    const auto missing = std::count(state->tenantIds.begin(), state->tenantIds.end(), 0);
    const QStringList logins = tenantLogins(connection, parser);
    if (const db::Status created = ingest::createTenants(session, platform, logins, *state); !created)
        return failWith(created.error());
    if (missing > 0)
        sayCreated(QStringLiteral("the platform's tenants"), logins);
    else
        sayNotOpened(QStringLiteral("the platform's tenants"), parser);

    ingest::LoadRun run(platform, plan, *state);
    Progress progress(QStringLiteral("loading"), QStringLiteral("values"), run.rowsExpected(), run.rowsSent);
    const qint64 before = run.rowsSent;
    const QString endpoint = connection.endpoint(QStringLiteral("primary"), Purpose::Ingest);
    std::optional<db::Status> result;
    std::atomic<bool> finished{false};
    std::thread work([&] {
        result = run.run(
            options.writers,
            [&] { return ingest::makeDoor(options.door, connection.client(), endpoint, retryPolicy()); },
            interrupted);
        finished = true;
    });
    while (!finished) {
        progress.update(run.rowsSent);
        std::this_thread::sleep_for(50ms);
    }
    work.join();
    // An error after a signal is that of a batch that was given up.
    if (run.wasStopped() && interrupted()) {
        progress.finish(QStringLiteral(
            "interrupted; what was loaded stays, the same call goes on from there (through the fast "
            "door: sends everything again, which changes nothing)"));
        return Interrupted;
    }
    if (!*result)
        return failWith(result->error());
    const double seconds = progress.seconds();
    progress.finish(
        QStringLiteral("%1 values of %2 entities in %3 s (%4/s, %5 writers, %6 door)")
            .arg(grouped(run.rowsSent - before), grouped(options.platform.entities))
            .arg(seconds, 0, 'f', 1)
            .arg(grouped(static_cast<qint64>(static_cast<double>(run.rowsSent - before) / seconds)))
            .arg(options.writers)
            .arg(options.door == ingest::DoorKind::Fast ? QStringLiteral("fast")
                                                        : QStringLiteral("durable")));
    // The session of before the load may have died under it; the door gets itself another.
    ingest::DurableDoor door(connection.client(), endpoint, retryPolicy());
    if (options.door == ingest::DoorKind::Fast && !waitForStaging(door)) {
        if (interrupted())
            return Interrupted;
        fail(QStringLiteral("staged rows are not being flushed: is the agent running?"));
        return Failed;
    }

    const db::Status described = door.ask([&platform, &state](db::BlockingSession& own) {
        return ingest::describeAttributes(own, platform, *state);
    });
    if (!described)
        return failWith(described.error());
    Progress settling(QStringLiteral("measuring"), QString(), 0);
    if (const db::Status settled = settle(connection, door, *state); !settled)
        return failWith(settled.error());
    if (interrupted())
        return Interrupted;
    if (const db::Status marked = ingest::markComplete(door, platform, *state); !marked)
        return failWith(marked.error());
    say(QStringLiteral("visibility map, planner and attribute statistics in %1 s; %2 s in all")
            .arg(settling.seconds(), 0, 'f', 1)
            .arg(progress.seconds(), 0, 'f', 1));
    return Ok;
}

int telemetry(Connection& connection, Options options)
{
    options.platform.baseTime = ingest::nowMicroseconds();
    const ingest::Platform names(options.platform);
    const QString endpoint = connection.endpoint(QStringLiteral("primary"), Purpose::Ingest);
    std::optional<ingest::LoadState> state;
    {
        ingest::DurableDoor door(connection.client(), endpoint, retryPolicy());
        const db::Status read = door.ask([&](db::BlockingSession& session) -> db::Status {
            auto found = ingest::readLoadState(session, names, ingest::loadPlan(names));
            if (!found)
                return found.error();
            state = std::move(*found);
            return db::success();
        });
        if (!read)
            return failWith(read.error());
    }
    if (!state->anyEntities()) {
        fail(QStringLiteral("there is no platform to send telemetry for; run atlasctl load first"));
        return Failed;
    }
    // Counters (odometer, volume) go on from the time of the load.
    if (state->startedAt)
        options.platform.baseTime = state->startedAt;
    const ingest::Platform platform(options.platform);
    ingest::TelemetryOptions telemetryOptions;
    telemetryOptions.rate = options.rate;
    telemetryOptions.writers = options.senders;
    ingest::Telemetry telemetry(platform, state->tenantIds, state->entities, telemetryOptions);

    ingest::RetryPolicy policy = retryPolicy();
    policy.patience = std::chrono::hours(24 * 365); // the primary may restart, the trucks do not wait for it
    std::optional<db::Status> result;
    std::atomic<bool> finished{false};
    std::thread work([&] {
        result = telemetry.run(
            [&] { return ingest::makeDoor(options.door, connection.client(), endpoint, policy); },
            interrupted);
        finished = true;
    });
    say(QStringLiteral("sending %1 events a second until stopped")
            .arg(grouped(static_cast<qint64>(options.rate))));
    auto next = std::chrono::steady_clock::now() + 10s;
    qint64 last = 0;
    qint64 lastLeftOut = 0;
    while (!finished) {
        std::this_thread::sleep_for(50ms);
        if (std::chrono::steady_clock::now() < next)
            continue;
        next += 10s;
        const qint64 sent = telemetry.eventsSent;
        const qint64 leftOut = telemetry.eventsLeftOut;
        QString line = QStringLiteral("%1/s").arg(grouped((sent - last) / 10));
        if (leftOut > lastLeftOut)
            line += QStringLiteral(", %1 events left out to keep up").arg(grouped(leftOut - lastLeftOut));
        say(line);
        last = sent;
        lastLeftOut = leftOut;
    }
    work.join();
    if (!*result)
        return failWith(result->error());
    say(QStringLiteral("%1 events in %2 batches")
            .arg(grouped(telemetry.eventsSent), grouped(telemetry.batchesSent)));
    return Ok; // being stopped is how it ends
}

} // namespace

int runLoad(const QStringList& arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral(
        "Loads a synthetic platform: five tenants (trucks, turbines, cold-chain units, water "
        "meters, a small lab),\n"
        "the same for the same seed. Loading again changes nothing; an interrupted load goes "
        "on where it was.\n"
        "With --rate: goes on with telemetry of its assets, until stopped. With --telemetry: only "
        "that."));
    Connection::addOptions(parser);
    const QCommandLineOption entities(QStringLiteral("entities"),
                                      QStringLiteral("Entities of all tenants together (default 200000)."),
                                      QStringLiteral("n"), QStringLiteral("200000"));
    const QCommandLineOption attributes(
        QStringLiteral("attributes"),
        QStringLiteral("Attribute types of all tenants together (default 10000)."), QStringLiteral("n"),
        QStringLiteral("10000"));
    const QCommandLineOption seed(QStringLiteral("seed"), QStringLiteral("Seed (default 1)."),
                                  QStringLiteral("s"), QStringLiteral("1"));
    const QCommandLineOption writers(
        QStringLiteral("writers"), QStringLiteral("Connections that write at once (default 3; telemetry 2)."),
        QStringLiteral("n"));
    const QCommandLineOption status(QStringLiteral("status"),
                                    QStringLiteral("Only tell: exit status 0 when loaded, 1 when not."));
    const QCommandLineOption telemetryOption(
        QStringLiteral("telemetry"),
        QStringLiteral("Load nothing; send telemetry of the loaded assets until stopped."));
    const QCommandLineOption rate(
        QStringLiteral("rate"),
        QStringLiteral("Telemetry events a second (default 10000). Without --telemetry: load first."),
        QStringLiteral("r"), QStringLiteral("10000"));
    parser.addOptions(
        {entities, attributes, seed, writers, doorOption(), openToOption(), status, telemetryOption, rate});
    parse(parser, QStringLiteral("load"), arguments);
    if (!parser.positionalArguments().isEmpty()) {
        fail(QStringLiteral("load takes no words"));
        return Usage;
    }
    Options options;
    bool ok[5] = {true, true, true, true, true};
    options.platform.entities = parser.value(entities).toInt(&ok[0]);
    options.platform.attributes = parser.value(attributes).toInt(&ok[1]);
    options.platform.seed = parser.value(seed).toULongLong(&ok[2]);
    if (parser.isSet(writers))
        options.writers = options.senders = parser.value(writers).toInt(&ok[3]);
    options.rate = parser.value(rate).toDouble(&ok[4]);
    options.status = parser.isSet(status);
    const auto door = doorFromParser(parser);
    if (!door)
        return Usage;
    options.door = *door;
    if (!std::all_of(std::begin(ok), std::end(ok), [](bool b) { return b; }) ||
        options.platform.entities < 5 || options.platform.attributes < 200 ||
        options.platform.entities > 99'999'999 || options.platform.attributes > 1'000'000 ||
        options.writers < 1 || options.writers > 32 || !(options.rate >= 1) || options.rate > 1e7) {
        fail(QStringLiteral("--entities takes 5 to 99999999, --attributes 200 to 1000000, --writers 1 to 32, "
                            "--rate 1 to 10000000, --seed a whole number"));
        return Usage;
    }
    auto connection = Connection::fromParser(parser);
    if (!connection)
        return Usage;
    auto session = openPrimary(*connection, Purpose::Ingest, options.writers + 1);
    if (!session)
        return connection->lastStatus() == Ok ? Unreachable : connection->lastStatus();
    if (options.status || !parser.isSet(telemetryOption)) {
        const int loaded = load(*connection, parser, *session, options);
        if (loaded != Ok || options.status || !parser.isSet(rate))
            return loaded;
    }
    session.reset();
    return telemetry(*connection, options);
}

} // namespace atlas::cli
