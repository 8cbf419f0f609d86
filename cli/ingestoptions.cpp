// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/ingestoptions.h"

#include <QCommandLineParser>

#include <memory>
#include <mutex>
#include <thread>

#include "model/statements.h"

namespace atlas::cli {

namespace {

using namespace std::chrono_literals;

const RegisteredStatement stagingSql{"load.staging", "Is anything staged", "select atlas.staging_waiting()"};

} // namespace

QCommandLineOption doorOption()
{
    return {QStringLiteral("door"),
            QStringLiteral("durable (default): acknowledged is committed. fast: staged, flushed by the agent "
                           "every 100 ms; a crash of "
                           "the primary may lose what was not flushed."),
            QStringLiteral("door"), QStringLiteral("durable")};
}

std::optional<ingest::DoorKind> doorFromParser(const QCommandLineParser& parser)
{
    const QString value = parser.value(QStringLiteral("door"));
    if (value == QLatin1String("durable"))
        return ingest::DoorKind::Durable;
    if (value == QLatin1String("fast"))
        return ingest::DoorKind::Fast;
    fail(QStringLiteral("--door takes durable or fast"));
    return std::nullopt;
}

ingest::RetryPolicy retryPolicy()
{
    ingest::RetryPolicy policy;
    policy.stopped = interrupted;
    struct Said
    {
        std::mutex mutex;
        QString failure;
        std::chrono::steady_clock::time_point at;
        int slowed = 0; ///< doors that wait
    };
    const auto said = std::make_shared<Said>();
    // One line for a row of failures, not one each.
    policy.retrying = [said](const db::DbError& error) {
        const std::lock_guard lock(said->mutex);
        const auto now = std::chrono::steady_clock::now();
        if (said->failure != error.message || now - said->at > 10s)
            say(QStringLiteral("trying again: ") + error.text());
        said->failure = error.message;
        said->at = now;
    };
    policy.throttled = [said](const QString& reason) {
        const std::lock_guard lock(said->mutex);
        if (reason.isEmpty() ? --said->slowed == 0 : said->slowed++ == 0)
            say(reason.isEmpty() ? QStringLiteral("at full speed again")
                                 : QStringLiteral("slowing down: ") + reason);
    };
    return policy;
}

QCommandLineOption openToOption()
{
    return {
        QStringLiteral("open-to"),
        QStringLiteral("Open a tenant that is created to this login, beside the environment's logins. May be "
                       "repeated."),
        QStringLiteral("login")};
}

QStringList tenantLogins(const Connection& connection, const QCommandLineParser& parser)
{
    QStringList logins;
    for (const Purpose purpose : {Purpose::Analyst, Purpose::Operator, Purpose::Admin})
        logins.append(connection.environment().logins.value(purpose));
    logins += parser.values(QStringLiteral("open-to"));
    logins.removeAll(QString());
    logins.removeDuplicates();
    return logins;
}

void sayCreated(const QString& what, const QStringList& logins)
{
    if (!logins.isEmpty()) {
        say(QStringLiteral("created %1, open to %2").arg(what, logins.join(QStringLiteral(", "))));
        return;
    }
    say(QStringLiteral("created %1, open to no login but the one that writes it").arg(what));
    say(QStringLiteral(
        "  --open-to LOGIN opens a new tenant to people; docs/platform.md tells how to open this "
        "one"));
}

void sayNotOpened(const QString& what, const QCommandLineParser& parser)
{
    if (parser.isSet(QStringLiteral("open-to")))
        say(QStringLiteral("%1 was there already: --open-to changes nothing, an administrator opens it with "
                           "atlas.grant_tenant()")
                .arg(what));
}

std::unique_ptr<db::BlockingSession> openPrimary(Connection& connection, Purpose purpose, int count)
{
    const QString node = QStringLiteral("primary");
    auto session = connection.open(node, purpose);
    if (!session)
        return nullptr;
    // An endpoint that is replaced retires its connections: before anything is opened that stays.
    session.reset();
    const QString id = connection.endpoint(node, purpose);
    for (db::Endpoint endpoint : connection.client().endpoints()) {
        if (endpoint.id == id && endpoint.maxConnections < count + 1) {
            endpoint.maxConnections = count + 1;
            connection.client().setEndpoint(endpoint);
        }
    }
    auto opened = db::BlockingSession::open(connection.client(), id);
    if (opened)
        return std::move(*opened);
    fail(opened.error());
    return nullptr;
}

bool waitForStaging(ingest::Door& door)
{
    // 4 million rows take a flush at 30,000 a second over two minutes.
    const auto until = std::chrono::steady_clock::now() + 10min;
    while (!interrupted() && std::chrono::steady_clock::now() < until) {
        bool isWaiting = true;
        const db::Status asked = door.ask([&isWaiting](db::BlockingSession& session) -> db::Status {
            const auto waiting = session.exec(stagingSql());
            if (!waiting)
                return waiting.error();
            isWaiting = waiting->boolean(0, 0);
            return db::success();
        });
        if (!asked) {
            fail(asked.error());
            return false;
        }
        if (!isWaiting)
            return true;
        std::this_thread::sleep_for(200ms);
    }
    return false;
}

} // namespace atlas::cli
