// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/connection_p.h"

#include <sys/socket.h>

#include <algorithm>
#include <vector>

#include "db/connectionparts_p.h"
#include "db/iothread.h"
#include "db/log_p.h"

namespace atlas::db {

using namespace std::chrono_literals;

void Connection::open(std::chrono::milliseconds statementTimeout)
{
    Q_ASSERT(m_state == State::New);
    m_state = State::Resolving;
    m_timeout = statementTimeout.count();
    m_attemptStarted = Clock::now();
    m_attemptTimer.start(std::min(m_target.connectTimeout, m_attemptLimit));
    resolveInBackground(m_endpoint.info,
                        [this, thread = m_thread, life = std::weak_ptr(m_life)](auto target) {
                            const auto io = thread.lock();
                            if (!io)
                                return;
                            io->post([this, life, target = std::move(target)] {
                                if (!life.expired() && m_state == State::Resolving)
                                    resolved(target);
                            });
                        });
}

void Connection::limitAttempt(std::chrono::milliseconds timeout)
{
    m_attemptLimit = timeout;
}

void Connection::resolved(const Result<ResolvedTarget>& target)
{
    if (!target) {
        attemptFailed(target.error());
        return;
    }
    m_target = *target;
    const auto passed =
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - m_attemptStarted);
    m_attemptTimer.start(std::max(0ms, std::min(m_target.connectTimeout, m_attemptLimit) - passed));
    startConnecting();
}

/// libpq's connect_timeout is for each address, but PQconnectPoll leaves time to its caller and has no way to
/// give up just one: so the attempt begins anew with the others, those that refuse at once among them.
bool Connection::skipSilentAddress()
{
    const auto passed =
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - m_attemptStarted);
    if (m_state != State::Connecting || passed >= m_attemptLimit)
        return false;
    PGconn* conn = m_conn.get();
    const QByteArray address(PQhostaddr(conn));
    if (!m_target.dropAddress(PQhost(conn), address, PQport(conn)))
        return false;
    qCDebug(connectionLog).noquote() << m_endpoint.id << "no answer from" << address << "going on without it";
    unwatch();
    m_attemptTimer.start(std::min(m_target.connectTimeout, m_attemptLimit - passed));
    startConnecting();
    return true;
}

void Connection::startConnecting()
{
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (const auto& [keyword, value] : std::as_const(m_target.options)) {
        keywords.push_back(keyword.constData());
        values.push_back(value.constData());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    m_state = State::Connecting;
    m_attempt.phase = ConnectPhase::Reaching;
    m_conn.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
    if (!m_conn) {
        attemptFailed(plainError(ErrorKind::OutOfResources, QStringLiteral("out of memory")));
        return;
    }
    // The verbose form alone carries the SQLSTATE of a refused login.
    PQsetErrorVerbosity(m_conn.get(), PQERRORS_VERBOSE);
    PQsetNoticeReceiver(m_conn.get(), &Connection::notice, this);
    if (PQstatus(m_conn.get()) == CONNECTION_BAD) {
        // Everything else was checked with the configuration; this one could not be, see there.
        if (QByteArray(PQerrorMessage(m_conn.get())).contains("target_session_attrs"))
            m_attempt.phase = ConnectPhase::Configuring;
        attemptFailed(connectError());
        return;
    }
    watch(false, true); // as if PQconnectPoll had asked for it, says the manual
}

void Connection::poll()
{
    // The socket may be another one after the call: the next host, or the same without TLS.
    unwatch();
    PGconn* conn = m_conn.get();
    const ConnStatusType before = PQstatus(conn);
    char first = 0;
    // Not while the socket still connects: recv() would take away the error that libpq is about to ask for.
    const bool established = before != CONNECTION_STARTED && before != CONNECTION_NEEDED;
    m_attempt.peerClosed = established && recv(PQsocket(conn), &first, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
    m_attempt.tls = PQsslInUse(conn) == 1;
    switch (before) {
    case CONNECTION_STARTED:
    case CONNECTION_MADE:
    case CONNECTION_NEEDED:
        m_attempt.phase = ConnectPhase::Reaching;
        break;
    case CONNECTION_SSL_STARTUP:
    case CONNECTION_GSS_STARTUP:
        m_attempt.phase =
            PQsslStruct(conn, "OpenSSL") ? ConnectPhase::TlsHandshake : ConnectPhase::TlsRequest;
        break;
    case CONNECTION_AWAITING_RESPONSE:
    case CONNECTION_AUTH_OK:
    case CONNECTION_SETENV:
        m_attempt.phase = ConnectPhase::Authenticating;
        break;
    default:
        m_attempt.phase = ConnectPhase::Checking;
        break;
    }
    switch (PQconnectPoll(conn)) {
    case PGRES_POLLING_READING:
        watch(true, false);
        break;
    case PGRES_POLLING_WRITING:
        watch(false, true);
        break;
    case PGRES_POLLING_OK:
        connectionMade();
        break;
    default:
        attemptFailed(connectError());
        break;
    }
}

DbError Connection::connectError()
{
    m_attempt.message = PQerrorMessage(m_conn.get());
    m_attempt.needsPassword = PQconnectionNeedsPassword(m_conn.get()) == 1;
    return classifyConnectFailure(m_attempt);
}

void Connection::attemptFailed(const DbError& error)
{
    DbError located = error;
    located.endpoint = m_endpoint.id;
    qCDebug(connectionLog).noquote() << "cannot connect:" << located.text();
    close();
    m_owner.lost(*this, located);
}

void Connection::connectionMade()
{
    PGconn* conn = m_conn.get();
    PQsetErrorVerbosity(conn, PQERRORS_DEFAULT);
    PQsetnonblocking(conn, 1);
    m_lastHeard = Clock::now();
    m_facts.version = PQserverVersion(conn);
    m_facts.tls = PQsslInUse(conn) == 1;
    m_state = State::SettingUp;
    m_step = Step::Setup;
    m_setupStep = 0;
    sendSetup();
}

void Connection::sendSetup()
{
    QByteArray sql;
    if (!isLegacy()) {
        // One simple query, one round trip. Dates in the one form that everything here reads.
        sql = "set datestyle = iso; set intervalstyle = postgres; set statement_timeout = " +
              QByteArray::number(*m_timeout) + "; ";
        if (m_endpoint.readOnly)
            sql += "set default_transaction_read_only = on; ";
        // A server that looks after its client ends the statements of a console that has died.
        if (m_facts.version >= 140000 && m_withCheckInterval)
            sql += "set client_connection_check_interval = '2s'; ";
        sql += "select version(), session_user, pg_is_in_recovery()";
    } else if (m_setupStep == 0) {
        sql = "select version(), current_user";
        m_timeout.reset();
    } else if (m_setupStep == 1) {
        sql = "set default_transaction_read_only = on";
    } else {
        sql = "set session characteristics as transaction read only";
    }
    m_error.reset();
    if (PQsendQuery(m_conn.get(), sql.constData()) != 1) {
        attemptFailed(plainError(ErrorKind::ConnectionLost,
                                 QString::fromUtf8(PQerrorMessage(m_conn.get())).simplified()));
        return;
    }
    flush();
}

bool Connection::handleSetup(PgResult result)
{
    if (result) {
        const auto status = PQresultStatus(result.get());
        if (status == PGRES_TUPLES_OK && PQntuples(result.get()) == 1) {
            const QByteArray version = PQgetvalue(result.get(), 0, 0);
            m_facts.isRedshift = version.contains("Redshift");
            m_facts.user = QString::fromUtf8(PQgetvalue(result.get(), 0, 1));
            if (PQnfields(result.get()) > 2)
                m_facts.inRecovery = *PQgetvalue(result.get(), 0, 2) == 't';
        } else if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
            recordError(errorOf(result.get()));
        }
        return true;
    }
    if (m_broken) {
        attemptFailed(
            m_error.value_or(plainError(ErrorKind::ConnectionLost, QStringLiteral("the connection broke"))));
        return false;
    }
    if (m_error && !isLegacy()) {
        if (m_error->sqlState == QLatin1String("22023") && m_withCheckInterval) {
            // The server's platform cannot watch its clients.
            m_withCheckInterval = false;
            sendSetup();
            return m_state == State::SettingUp;
        }
        attemptFailed(*m_error);
        return false;
    }
    if (isLegacy() && m_endpoint.readOnly) {
        if (m_setupStep == 0 || (m_setupStep == 1 && m_error)) {
            ++m_setupStep;
            sendSetup();
            return m_state == State::SettingUp;
        }
        if (m_error)
            qCWarning(connectionLog).noquote()
                << m_endpoint.id
                << "does not take a read-only default; only the role's rights protect it:" << m_error->text();
    } else if (m_error) {
        attemptFailed(*m_error);
        return false;
    }
    m_error.reset();
    m_attemptTimer.stop();
    qCDebug(connectionLog).noquote() << m_endpoint.id << "connected, version" << m_facts.version << "as"
                                     << m_facts.user;
    becomeIdle();
    m_owner.opened(*this);
    return false;
}

void Connection::reset()
{
    Q_ASSERT(m_state == State::Idle);
    m_state = State::Resetting;
    m_step = Step::Reset;
    m_setupStep = inTransaction() ? 0 : 1;
    m_dropTimer.start(5000);
    sendReset();
}

void Connection::sendReset()
{
    QByteArray sql;
    if (m_setupStep == 0) {
        sql = "rollback";
    } else if (m_setupStep == 1) {
        sql = "discard all";
        m_timeout.reset();
        m_timeoutInTransaction = false;
    } else if (m_setupStep == 2) {
        sql = "set datestyle = iso; set intervalstyle = postgres";
        if (m_endpoint.readOnly)
            sql += "; set default_transaction_read_only = on";
        if (m_facts.version >= 140000 && m_withCheckInterval)
            sql += "; set client_connection_check_interval = '2s'";
    } else {
        becomeIdle();
        m_owner.ready(*this);
        return;
    }
    m_error.reset();
    if (PQsendQuery(m_conn.get(), sql.constData()) == 1)
        flush();
    else
        sendingFailed();
}

} // namespace atlas::db
