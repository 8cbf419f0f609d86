// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/command.h"

#include <QCoreApplication>
#include <QRegularExpression>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "model/environment/environmentstore.h"
#include "model/statements.h"

namespace atlas::cli {

namespace {

const RegisteredStatement tenantSql{"tenant.find", "Tenant by name",
                                    "select tenant_id from atlas.tenants where name = $1::text"};
const RegisteredStatement tenantsSql{"tenant.names", "Tenants of this login",
                                     "select name from atlas.tenants order by name limit 50"};

std::atomic<bool> stopAsked{false};

extern "C" void onSignal(int signal)
{
    if (stopAsked.exchange(true)) {
        // The second one means it.
        std::signal(signal, SIG_DFL);
        std::raise(signal);
    }
}

QString programName()
{
    return QStringLiteral("atlasctl");
}

} // namespace

int exitStatusFor(const db::DbError& error)
{
    using db::ErrorKind;
    switch (error.kind) {
    case ErrorKind::NameNotFound:
    case ErrorKind::Refused:
    case ErrorKind::Tls:
    case ErrorKind::NoSuchDatabase:
    case ErrorKind::Unavailable:
    case ErrorKind::ConnectionLost:
        return Unreachable;
    case ErrorKind::Authentication:
    case ErrorKind::Permission:
    case ErrorKind::ReadOnly:
        return Denied;
    case ErrorKind::Cancelled:
        return interrupted() ? Interrupted : Failed;
    default:
        return Failed;
    }
}

int exitStatusForOpening(const db::DbError& error)
{
    // With an SQLSTATE somebody answered; without one it makes no difference whether anybody is there.
    if (error.kind == db::ErrorKind::Deadline && error.sqlState.isEmpty())
        return Unreachable;
    return exitStatusFor(error);
}

void say(const QString& line)
{
    std::fprintf(stderr, "%s\n", line.toUtf8().constData());
}

void fail(const QString& line)
{
    say(programName() + QStringLiteral(": ") + line);
}

void fail(const db::DbError& error)
{
    fail(error.text());
    if (!error.detail.isEmpty())
        say(QStringLiteral("  ") + error.detail);
    if (!error.hint.isEmpty())
        say(QStringLiteral("  ") + error.hint);
}

int failWith(const db::DbError& error)
{
    if (interrupted()) {
        fail(QStringLiteral("interrupted: ") + error.text());
        return Interrupted;
    }
    fail(error);
    return exitStatusFor(error);
}

bool flushOutput()
{
    if (std::fflush(stdout) != 0) {
        fail(QStringLiteral("cannot write: %1").arg(QString::fromLocal8Bit(std::strerror(errno))));
        return false;
    }
    // What an earlier write could not get rid of; why is forgotten by now.
    if (std::ferror(stdout) != 0) {
        fail(QStringLiteral("cannot write to standard output"));
        return false;
    }
    return true;
}

void Connection::addOptions(QCommandLineParser& parser)
{
    parser.addOption(
        {QStringLiteral("environment"),
         QStringLiteral("Connect to this environment of the console (default: $ATLAS_ENVIRONMENT)."),
         QStringLiteral("name")});
    parser.addOption({QStringLiteral("service"),
                      QStringLiteral("Connect to this service of pg_service.conf as the primary."),
                      QStringLiteral("name")});
    parser.addOption(
        {QStringLiteral("user"),
         QStringLiteral("Log in as this role (default: the environment's login for the command)."),
         QStringLiteral("role")});
}

std::unique_ptr<Connection> Connection::fromParser(const QCommandLineParser& parser)
{
    const EnvironmentStore store;
    for (const QString& notice : store.notices())
        say(notice);
    auto environment = resolveEnvironment(store, parser.value(QStringLiteral("environment")),
                                          parser.value(QStringLiteral("service")));
    if (!environment) {
        fail(environment.error());
        return nullptr;
    }
    std::unique_ptr<Connection> connection(new Connection(std::move(environment).value()));
    connection->m_user = parser.value(QStringLiteral("user"));
    return connection;
}

void Connection::use(Purpose purpose)
{
    QList<db::Endpoint> endpoints = m_environment.endpointsFor(purpose);
    for (db::Endpoint& endpoint : endpoints) {
        if (!m_user.isEmpty())
            endpoint.info.set(QStringLiteral("user"), m_user);
        m_client.setEndpoint(endpoint);
    }
}

QString Connection::endpoint(const QString& node, Purpose purpose) const
{
    return endpointId(node, purpose);
}

std::unique_ptr<db::BlockingSession> Connection::open(const QString& node, Purpose purpose)
{
    use(purpose);
    auto session = db::BlockingSession::open(m_client, endpoint(node, purpose));
    if (!session) {
        fail(session.error());
        m_lastStatus = interrupted() ? Interrupted : exitStatusForOpening(session.error());
        return nullptr;
    }
    m_lastStatus = Ok;
    return std::move(session).value();
}

db::Result<std::optional<int>> findTenant(db::BlockingSession& session, const QString& name)
{
    const auto found = session.exec(tenantSql({db::param(name)}));
    if (!found)
        return found.error();
    if (found->rowCount() == 1)
        return std::optional<int>(static_cast<int>(found->integer(0, 0).value_or(0)));
    fail(QStringLiteral("no tenant \"%1\" is open to this login").arg(name));
    if (const auto names = session.exec(tenantsSql()); names && names->rowCount() > 0) {
        QStringList known;
        for (int row = 0; row < names->rowCount(); ++row)
            known.append(names->string(row, 0));
        say(QStringLiteral("  open are: ") + known.join(QStringLiteral(", ")));
    }
    return std::optional<int>();
}

bool interrupted()
{
    return stopAsked.load();
}

void installSignalHandlers()
{
    struct sigaction action = {};
    action.sa_handler = onSignal;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    // A closed pipe (| head) is an error of the write, not the end of the program without a word.
    std::signal(SIGPIPE, SIG_IGN);
}

void parse(QCommandLineParser& parser, const QString& command, const QStringList& arguments)
{
    // Not Qt's own, which also offers options of Qt that no command has.
    const QCommandLineOption help({QStringLiteral("h"), QStringLiteral("help")},
                                  QStringLiteral("Show this help."));
    parser.addOption(help);
    if (!parser.parse(QStringList{programName() + QLatin1Char(' ') + command} + arguments)) {
        fail(parser.errorText());
        say(QStringLiteral("Try: atlasctl %1 --help").arg(command));
        std::exit(Usage);
    }
    if (parser.isSet(help)) {
        QString text = parser.helpText();
        // Qt prints the program's path as it was started; what is typed is the command.
        text.replace(QCoreApplication::applicationFilePath(), programName());
        static const QRegularExpression usage(QStringLiteral("^Usage: \\S+"));
        text.replace(usage, QStringLiteral("Usage: atlasctl ") + command);
        std::fputs(text.toUtf8().constData(), stdout);
        std::exit(flushOutput() ? Ok : Failed);
    }
}

} // namespace atlas::cli
