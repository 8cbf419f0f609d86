// SPDX-License-Identifier: GPL-3.0-or-later
#include <QFile>
#include <QFileInfo>

#include <cerrno>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/ingestoptions.h"
#include "cli/progress.h"
#include "model/ingest/importer.h"
#include "model/statements.h"

namespace atlas::cli {

namespace {

using namespace std::chrono_literals;

const RegisteredStatement tenantSql{"import.tenant", "Tenant to import into",
                                    "select tenant_id from atlas.tenants where name = $1"};
const RegisteredStatement createSql{"import.create_tenant", "Create the tenant to import into",
                                    "select atlas.create_tenant($1, $2, $3::name[])"};

std::optional<int> tenantFor(Connection& connection, db::BlockingSession& session, const QString& name,
                             bool create, const QString& isolation, int& status)
{
    if (!create) {
        const auto known = findTenant(session, name);
        if (known) {
            status = Failed;
            return *known;
        }
        fail(known.error());
        status = exitStatusFor(known.error());
        return std::nullopt;
    }
    const auto found = session.exec(tenantSql({db::param(name)}));
    if (found && found->rowCount() == 1)
        return static_cast<int>(found->integer(0, 0).value_or(0));
    const auto created = found ? session.exec(createSql({db::param(name), db::param(isolation),
                                                         db::arrayParam(demoLogins(connection))}))
                               : found;
    if (!created) {
        fail(created.error());
        status = exitStatusFor(created.error());
        return std::nullopt;
    }
    say(QStringLiteral("created tenant \"%1\"").arg(name));
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
    parser.addOptions({tenantName, create, isolation, rejectsPath, plain});
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
    auto session = connection->open(QStringLiteral("primary"), Purpose::Ingest);
    if (!session)
        return connection->lastStatus();
    int status = Ok;
    const auto tenant = tenantFor(*connection, *session, parser.value(tenantName), parser.isSet(create),
                                  parser.value(isolation), status);
    if (!tenant)
        return status;

    ingest::ImportOptions options;
    options.tenant = *tenant;
    options.timestamps = !parser.isSet(plain);
    ingest::RejectsFile rejects(rejectsFile);
    ingest::DurableDoor door(connection->client(),
                             connection->endpoint(QStringLiteral("primary"), Purpose::Ingest), retryPolicy());
    ingest::Importer importer(*session, door, rejects, options);
    int readError = 0;
    const bool mayBreakOff = fromStdin || !QFileInfo(words.first()).isFile();
    ingest::LineReader lines([file, mayBreakOff, &readError](char* data, std::int64_t size) -> std::int64_t {
        for (;;) {
            // A signal goes to the main thread: a read() that waits for input would not notice it.
            pollfd input{file, POLLIN, 0};
            const int ready = ::poll(&input, 1, 200);
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
            if (got == 0) {
                // Ctrl+C also ends the program at the other end of a pipe, maybe before it comes to us: what
                // it wrote last may be half a line.
                if (mayBreakOff)
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
        progress.update(importer.counts().bytesRead);
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
        if (!interrupted()) {
            fail(QStringLiteral("%1: %2").arg(words.first(),
                                              QString::fromLocal8Bit(std::strerror(readError))));
            return Failed;
        }
        [[fallthrough]]; // broken off while it waited for input
    case ingest::Importer::End::Stopped:
        say(QStringLiteral("interrupted; what was imported stays, the same call goes on from there"));
        return Interrupted;
    case ingest::Importer::End::RejectsFailed:
        fail(QStringLiteral("%1: %2").arg(rejects.path(), QString::fromStdString(rejects.problem())));
        return Failed;
    case ingest::Importer::End::DatabaseFailed:
        fail(*importer.error());
        return exitStatusFor(*importer.error());
    }
    return Failed;
}

} // namespace atlas::cli
