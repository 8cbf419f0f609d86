// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/tenants/tenants.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include "cli/command.h"
#include "cli/progress.h"
#include "model/ingest/pressure.h"
#include "model/sessionwatch.h"

namespace atlas::cli {

namespace {

using tenants::Direction;
using tenants::Move;
using tenants::Tenant;

QString number(const std::optional<qint64>& value)
{
    return value ? grouped(*value) : QStringLiteral("-");
}

QString size(const std::optional<qint64>& bytes)
{
    if (!bytes)
        return QStringLiteral("-");
    return *bytes < 10'000'000 ? QStringLiteral("%1 kB").arg(grouped(*bytes / 1000))
                               : QStringLiteral("%1 MB").arg(grouped(*bytes / 1'000'000));
}

QJsonObject toJson(const Tenant& tenant)
{
    const auto whole = [](const std::optional<qint64>& value) {
        return value ? QJsonValue(*value) : QJsonValue();
    };
    return {{QStringLiteral("tenant"), tenant.name},
            {QStringLiteral("tenant_id"), tenant.id},
            {QStringLiteral("isolation"), tenant.isolation},
            {QStringLiteral("entities"), whole(tenant.entities)},
            {QStringLiteral("values"), whole(tenant.values)},
            {QStringLiteral("bytes"), whole(tenant.bytes)},
            {QStringLiteral("branch"), tenant.branch},
            {QStringLiteral("share_of_branch"), tenant.share ? QJsonValue(*tenant.share) : QJsonValue()},
            {QStringLiteral("measured_at"), tenant.measuredAt.isValid()
                                                ? QJsonValue(tenant.measuredAt.toString(Qt::ISODate))
                                                : QJsonValue()}};
}

int list(db::BlockingSession& session, bool json)
{
    const auto found = tenants::list(session);
    if (!found)
        return failWith(found.error());
    if (json) {
        QJsonArray array;
        for (const Tenant& tenant : *found)
            array.append(toJson(tenant));
        put(QString::fromUtf8(QJsonDocument(array).toJson()));
        return Ok;
    }
    if (found->isEmpty()) {
        say(QStringLiteral("no tenant is open to this login"));
        return Ok;
    }
    qsizetype width = 6;
    for (const Tenant& tenant : *found)
        width = std::max(width, tenant.name.size());
    put(QStringLiteral("%1  %2  %3  %4  %5  kept in\n")
            .arg(QStringLiteral("tenant"), -static_cast<int>(width))
            .arg(QStringLiteral("isolation"), -9)
            .arg(QStringLiteral("assets"), 12)
            .arg(QStringLiteral("values"), 15)
            .arg(QStringLiteral("size"), 12));
    for (const Tenant& tenant : *found) {
        QString branch = tenant.branch;
        if (tenant.share && tenant.isolation == QLatin1String("shared"))
            branch +=
                QStringLiteral(" (%1 % of it)").arg(*tenant.share * 100, 0, 'f', *tenant.share < 0.1 ? 1 : 0);
        put(QStringLiteral("%1  %2  %3  %4  %5  %6\n")
                .arg(tenant.name, -static_cast<int>(width))
                .arg(tenant.isolation, -9)
                .arg(number(tenant.entities), 12)
                .arg(number(tenant.values), 15)
                .arg(size(tenant.bytes), 12)
                .arg(branch));
    }
    return Ok;
}

QString describe(const Move& move)
{
    QString text =
        QStringLiteral("move %1, %2 %3: %4").arg(move.id).arg(move.kind, move.tenantName, move.phase);
    if (move.phase == QLatin1String("copy"))
        text +=
            QStringLiteral(", %1 of about %2 rows").arg(grouped(move.rowsDone), grouped(move.rowsExpected));
    if (move.phase == QLatin1String("verify"))
        text += QStringLiteral(", %1 of %2 rows").arg(grouped(move.rowsVerified), grouped(move.rowsDone));
    if (!move.message.isEmpty())
        text += QStringLiteral(", ") + move.message;
    return text +
           QStringLiteral(" (%1, %2)")
               .arg(move.requestedBy, move.updatedAt.toString(QStringLiteral("yyyy-MM-dd HH:mm:ss'Z'")));
}

int status(db::BlockingSession& session, int tenant)
{
    const auto found = tenants::moves(session, tenant);
    if (!found)
        return failWith(found.error());
    if (found->isEmpty())
        say(QStringLiteral("no tenant has been moved"));
    for (const Move& move : *found)
        put(describe(move) + QLatin1Char('\n'));
    return Ok;
}

/// Steps the move until it is over, telling how far it is.
int drive(db::BlockingSession& session, int tenant, qint64 move)
{
    tenants::Watch watch;
    QString line;
    std::unique_ptr<Progress> progress;
    watch.progressed = [&](const Move& now) {
        const bool counts = now.phase == QLatin1String("copy") || now.phase == QLatin1String("verify");
        const QString what = now.phase == QLatin1String("copy")     ? QStringLiteral("copying")
                             : now.phase == QLatin1String("verify") ? QStringLiteral("comparing")
                                                                    : now.phase;
        if (what != line) {
            progress.reset();
            line = what;
            if (counts)
                progress = std::make_unique<Progress>(
                    what, QStringLiteral("rows"),
                    now.phase == QLatin1String("copy") ? now.rowsExpected : now.rowsDone,
                    now.phase == QLatin1String("copy") ? now.rowsDone : now.rowsVerified);
            else if (!now.isOver())
                say(now.phase == QLatin1String("index") ? QStringLiteral("building indexes")
                    : now.phase == QLatin1String("check")
                        ? QStringLiteral("checking that no other leaf holds it")
                    : now.phase == QLatin1String("follow")
                        ? QStringLiteral("copying again what was written meanwhile")
                    : now.phase == QLatin1String("switch")
                        ? QStringLiteral("switching")
                        : QStringLiteral("removing what is not needed any more"));
        }
        if (progress)
            progress->update(now.phase == QLatin1String("copy") ? now.rowsDone : now.rowsVerified);
    };
    watch.waiting = [](const QString& reason) {
        if (!reason.isEmpty())
            say(reason);
    };
    watch.stopped = interrupted;
    watch.pressure = [&session]() -> QString {
        const auto reason = ingest::writePressure(session);
        return reason && !reason->isEmpty() ? QStringLiteral("waiting: ") + *reason : QString();
    };
    const auto over = tenants::drive(session, tenant, move, watch);
    progress.reset();
    if (!over) {
        const int status = failWith(over.error());
        say(QStringLiteral("the move stays where it is; the same call goes on with it"));
        return status;
    }
    if (!over->isOver()) {
        say(QStringLiteral("interrupted; the move stays where it is, the same call goes on with it"));
        return Interrupted;
    }
    say(over->phase + (over->message.isEmpty() ? QString() : QStringLiteral(": ") + over->message));
    return over->phase == QLatin1String("failed") ? Failed : Ok;
}

int cancel(db::BlockingSession& session, int tenant)
{
    const auto found = tenants::moves(session, tenant);
    if (!found)
        return failWith(found.error());
    for (const Move& move : *found) {
        if (move.isOver())
            continue;
        const auto cancelled = tenants::cancel(session, tenant, move.id);
        if (!cancelled)
            return failWith(cancelled.error());
        if (!*cancelled)
            say(QStringLiteral("it has switched already; what was replaced is removed"));
        return drive(session, tenant, move.id);
    }
    say(QStringLiteral("no move is under way"));
    return Failed;
}

} // namespace

int runTenant(const QStringList& arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral("Tenants and where they are kept. list: how large each "
                                                    "is, and which branch holds it. isolate NAME: moves "
                                                    "one to a\n"
                                                    "branch of its own while everybody reads and writes, "
                                                    "verified row by row; share NAME: back. Ctrl+C leaves "
                                                    "a move where\n"
                                                    "it is, the same call goes on; cancel NAME removes what "
                                                    "it has built. status [NAME]: moves, newest first."));
    Connection::addOptions(parser);
    const QCommandLineOption json(QStringLiteral("json"), QStringLiteral("list: as a JSON array."));
    parser.addOption(json);
    parser.addPositionalArgument(QStringLiteral("action"),
                                 QStringLiteral("list, status, isolate, share or cancel."));
    parser.addPositionalArgument(QStringLiteral("name"), QStringLiteral("Tenant, by name."),
                                 QStringLiteral("[name]"));
    parse(parser, QStringLiteral("tenant"), arguments);
    const QStringList words = parser.positionalArguments();
    const QString action = words.value(0);
    const bool isList = action == QLatin1String("list");
    const bool isStatus = action == QLatin1String("status");
    const bool changes = action == QLatin1String("isolate") || action == QLatin1String("share") ||
                         action == QLatin1String("cancel");
    if (!(isList && words.size() == 1) && !(isStatus && words.size() <= 2) &&
        !(changes && words.size() == 2)) {
        fail(QStringLiteral("say list, status [NAME], isolate NAME, share NAME or cancel NAME"));
        return Usage;
    }
    if (parser.isSet(json) && !isList) {
        fail(QStringLiteral("--json goes with list"));
        return Usage;
    }
    auto connection = Connection::fromParser(parser);
    if (!connection)
        return Usage;
    auto session = connection->open(QStringLiteral("primary"), changes ? Purpose::Admin : Purpose::Analyst);
    if (!session)
        return connection->lastStatus();
    const SessionWatch watch(*session, interrupted);
    if (isList)
        return list(*session, parser.isSet(json));
    int tenant = 0;
    if (words.size() == 2) {
        const auto found = findTenant(*session, words.at(1));
        if (!found)
            return failWith(found.error());
        if (!*found)
            return Failed;
        tenant = **found;
    }
    if (isStatus)
        return status(*session, tenant);
    if (action == QLatin1String("cancel"))
        return cancel(*session, tenant);
    const auto move = tenants::begin(
        *session, tenant, action == QLatin1String("isolate") ? Direction::Isolate : Direction::Share);
    if (!move)
        return failWith(move.error());
    return drive(*session, tenant, *move);
}

} // namespace atlas::cli
