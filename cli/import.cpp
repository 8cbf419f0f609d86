// SPDX-License-Identifier: GPL-3.0-or-later
#include <QFile>
#include <QFileInfo>

#include <cerrno>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/ingestoptions.h"
#include "cli/progress.h"
#include "model/ingest/importer.h"
#include "model/sessionwatch.h"
#include "model/statements.h"

namespace atlas::cli {

namespace {

using namespace std::chrono_literals;

/// On two cores that run the servers, too, a third gains nothing.
constexpr int defaultWriters = 2;

const RegisteredStatement tenantSql{"import.tenant", "Tenant to import into",
                                    "select tenant_id from atlas.tenants where name = $1"};
const RegisteredStatement createSql{"import.create_tenant", "Create the tenant to import into",
                                    "select atlas.create_tenant($1, $2, $3::name[])"};

std::optional<int> tenantFor(const Connection& connection, const QCommandLineParser& parser,
                             db::BlockingSession& session, const QString& name, int& status)
{
    if (!parser.isSet(QStringLiteral("create"))) {
        const auto known = findTenant(session, name);
        if (known) {
            status = Failed;
            return *known;
        }
        status = failWith(known.error());
        return std::nullopt;
    }
    const QString what = QStringLiteral("tenant \"%1\"").arg(name);
    const auto found = session.exec(tenantSql({db::param(name)}));
    if (found && found->rowCount() == 1) {
        sayNotOpened(what, parser);
        return static_cast<int>(found->integer(0, 0).value_or(0));
    }
    const QStringList logins = tenantLogins(connection, parser);
    const auto created =
        found ? session.exec(createSql({db::param(name), db::param(parser.value(QStringLiteral("isolation"))),
                                        db::arrayParam(logins)}))
              : found;
    if (!created) {
        status = failWith(created.error());
        return std::nullopt;
    }
    sayCreated(what, logins);
    return static_cast<int>(created->integer(0, 0).value_or(0));
}

} // namespace

int runImport(const QStringList& arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(
        QStringLiteral("Imports entities from JSON Lines, one entity a line; - reads standard input. Lines "
                       "and values that cannot be\n"
                       "taken go to the rejects file with line number and reason, the rest goes on. Exit "
                       "status 1 when there were any."));
    Connection::addOptions(parser);
    const QCommandLineOption tenantName(QStringLiteral("tenant"), QStringLiteral("Tenant to import into."),
                                        QStringLiteral("name"));
    const QCommandLineOption create(QStringLiteral("create"),
                                    QStringLiteral("Create the tenant when it does not exist."));
    const QCommandLineOption isolation(
        QStringLiteral("isolation"),
        QStringLiteral("Of a tenant that is created: shared (default) or partition, for a large one."),
        QStringLiteral("kind"), QStringLiteral("shared"));
    const QCommandLineOption rejectsPath(
        QStringLiteral("rejects"),
        QStringLiteral("Rejects file (default: FILE.rejects.jsonl, of standard input import.rejects.jsonl)."),
        QStringLiteral("file"));
    const QCommandLineOption plain(QStringLiteral("no-timestamps"),
                                   QStringLiteral("Keep date-time strings of new attributes as strings."));
    const QCommandLineOption writers(
        QStringLiteral("writers"),
        QStringLiteral("Connections that write at once, 1 to %1 (default %2). What is imported is the same.")
            .arg(ingest::LaneRunner::laneCount)
            .arg(defaultWriters),
        QStringLiteral("n"), QString::number(defaultWriters));
    parser.addOptions({tenantName, create, isolation, openToOption(), rejectsPath, plain, writers});
    parser.addPositionalArgument(QStringLiteral("file"), QStringLiteral("JSON Lines, or -."));
    parse(parser, QStringLiteral("import"), arguments);
    const QStringList words = parser.positionalArguments();
    if (words.size() != 1 || parser.value(tenantName).isEmpty()) {
        fail(QStringLiteral("import needs --tenant NAME and one FILE (or -)"));
        return Usage;
    }
    if (parser.value(tenantName).contains(QChar(0))) {
        fail(QStringLiteral("a tenant's name cannot hold the character NUL"));
        return Usage;
    }
    if (parser.isSet(QStringLiteral("open-to")) && !parser.isSet(create)) {
        fail(QStringLiteral("--open-to goes with --create"));
        return Usage;
    }
    bool isNumber = false;
    const int writerCount = parser.value(writers).toInt(&isNumber);
    if (!isNumber || writerCount < 1 || writerCount > ingest::LaneRunner::laneCount) {
        fail(QStringLiteral("--writers takes 1 to %1").arg(ingest::LaneRunner::laneCount));
        return Usage;
    }
    const bool fromStdin = words.first() == QLatin1String("-");
    const QByteArray path = QFile::encodeName(words.first());
    const int file = fromStdin ? STDIN_FILENO : ::open(path.constData(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        if (errno == EINTR && interrupted())
            return Interrupted;
        fail(QStringLiteral("%1: %2").arg(words.first(), QString::fromLocal8Bit(std::strerror(errno))));
        return Failed;
    }
    QString rejectsFile = parser.value(rejectsPath);
    if (rejectsFile.isEmpty())
        rejectsFile = fromStdin ? QStringLiteral("import.rejects.jsonl")
                                : words.first() + QStringLiteral(".rejects.jsonl");

    auto connection = Connection::fromParser(parser);
    if (!connection)
        return Usage;
    // The reader has a connection of its own, beside the writers'.
    auto session = openPrimary(*connection, Purpose::Ingest, writerCount + 1);
    if (!session)
        return connection->lastStatus() == Ok ? Unreachable : connection->lastStatus();
    int status = Ok;
    std::optional<int> tenant;
    {
        const SessionWatch watch(*session, interrupted);
        tenant = tenantFor(*connection, parser, *session, parser.value(tenantName), status);
    }
    session.reset(); // the doors have their own
    if (!tenant)
        return status;

    // A pipe or a terminal: its lines come as they arise, and only once.
    struct stat about = {};
    const bool live = ::fstat(file, &about) != 0 || !S_ISREG(about.st_mode);
    ingest::ImportOptions options;
    options.tenant = *tenant;
    options.timestamps = !parser.isSet(plain);
    options.writers = writerCount;
    options.live = live;
    ingest::RejectsFile rejects(rejectsFile);
    const QString endpoint = connection->endpoint(QStringLiteral("primary"), Purpose::Ingest);
    const ingest::RetryPolicy policy = retryPolicy();
    ingest::Importer importer(
        [&](std::function<bool()> stopped) {
            ingest::RetryPolicy own = policy;
            own.stopped = std::move(stopped);
            return std::make_unique<ingest::DurableDoor>(connection->client(), endpoint, std::move(own));
        },
        rejects, options);
    int readError = 0;
    ingest::LineReader lines([file, live, &readError](char* data, std::int64_t size) -> std::int64_t {
        constexpr int step = 200; // ms
        for (int waited = 0;;) {
            // A signal goes to the main thread: a read() that waits for input would not notice it.
            pollfd input{file, POLLIN, 0};
            const int ready = ::poll(&input, 1, step);
            ssize_t got = -1;
            if (ready == 0)
                errno = EINTR;
            else if (ready > 0 && !interrupted())
                got = ::read(file, data, static_cast<std::size_t>(size));
            if (got < 0 && (errno != EINTR || interrupted())) {
                readError = errno;
                return -1;
            }
            if (got > 0)
                return got;
            if (ready == 0 && live && (waited += step) >= 1000)
                return ingest::LineReader::quiet;
            if (got == 0) {
                // Ctrl+C also ends the program at the other end of a pipe, maybe before it comes to us: what
                // it wrote last may be half a line.
                if (live)
                    std::this_thread::sleep_for(50ms);
                if (!interrupted())
                    return 0;
                readError = EINTR;
                return -1;
            }
        }
    });

    const qint64 total = fromStdin ? 0 : QFileInfo(words.first()).size();
    Progress progress(QStringLiteral("importing"), QStringLiteral("bytes"), total);
    std::optional<ingest::Importer::End> end;
    std::atomic<bool> finished{false};
    std::thread work([&] {
        end = importer.run(lines, interrupted);
        finished = true;
    });
    while (!finished) {
        progress.update(importer.counts().bytes);
        std::this_thread::sleep_for(20ms);
    }
    work.join();
    if (!fromStdin)
        ::close(file);

    const ingest::ImportCounts& n = importer.counts();
    const double seconds = std::max(progress.seconds(), 0.001);
    progress.finish(QStringLiteral("%1 lines, %2 values taken (%3 new), %4 new entities, %5 new attributes; "
                                   "rejected: %6 lines, %7 values; %8 s, %9 values/s")
                        .arg(grouped(n.lines), grouped(n.values), grouped(n.newRows), grouped(n.newEntities),
                             grouped(n.newAttributes), grouped(n.rejectedLines), grouped(n.rejectedValues),
                             QString::number(seconds, 'f', 1),
                             grouped(static_cast<qint64>(static_cast<double>(n.values) / seconds))));
    if (n.sameTimes > 0)
        say(QStringLiteral(
                "%1 of the values taken had the time of an earlier one of their entity and attribute, "
                "which stands")
                .arg(grouped(n.sameTimes)));
    if (n.duplicateBatches > 0)
        say(QStringLiteral("%1 of %2 batches were imported before; they changed nothing")
                .arg(n.duplicateBatches)
                .arg(n.batches));
    if (rejects.isUsed())
        say(QStringLiteral("rejects are in ") + rejects.path());

    switch (*end) {
    case ingest::Importer::End::Done:
        return n.rejectedLines > 0 || n.rejectedValues > 0 ? Failed : Ok;
    case ingest::Importer::End::ReadFailed:
        fail(QStringLiteral("%1: %2").arg(words.first(), QString::fromLocal8Bit(std::strerror(readError))));
        return Failed;
    case ingest::Importer::End::Stopped:
        say(live ? QStringLiteral("interrupted; every whole line that was read is imported")
                 : QStringLiteral("interrupted; what was imported stays, the same call goes on from there"));
        return Interrupted;
    case ingest::Importer::End::RejectsFailed:
        fail(QStringLiteral("%1: %2").arg(rejects.path(), QString::fromStdString(rejects.problem())));
        return Failed;
    case ingest::Importer::End::DatabaseFailed:
        status = failWith(*importer.error());
        say(live ? QStringLiteral("what was imported stays; the lines that were read last are not in")
                 : QStringLiteral("what was imported stays, the same call goes on from there"));
        return status;
    }
    return Failed;
}

} // namespace atlas::cli
