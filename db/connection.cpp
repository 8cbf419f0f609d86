// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/connection_p.h"

#include <QSocketNotifier>

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "db/canceller.h"
#include "db/iothread.h"
#include "db/log_p.h"
#include "db/sqlstate.h"

namespace atlas::db {

namespace {

using namespace std::chrono_literals;

/// After this the event loop gets its turn: other connections, timers, cancellations.
constexpr auto WorkBudget = 5ms;
/// How long a cancel request may take to show effect.
constexpr auto CancelPatience = 1000ms;
constexpr qsizetype LargestBatch = 8 * 1024 * 1024;
constexpr qsizetype CopyChunk = 256 * 1024;
constexpr qsizetype FeedChunk = 64 * 1024;

DbError plainError(ErrorKind kind, const QString& message)
{
    DbError error;
    error.kind = kind;
    error.message = message;
    return error;
}

QString fieldOf(const PGresult* result, int field)
{
    return redactSecrets(QString::fromUtf8(PQresultErrorField(result, field)));
}

int bytesWaiting(int socket)
{
    int count = 0;
    return socket >= 0 && ioctl(socket, FIONREAD, &count) == 0 ? count : 0;
}

QString duration(std::chrono::milliseconds time)
{
    return time < 10s
               ? QStringLiteral("%1 ms").arg(time.count())
               : QStringLiteral("%1 s").arg(std::chrono::duration_cast<std::chrono::seconds>(time).count());
}

} // namespace

DbError stopError(const Request& request)
{
    DbError error;
    error.endpoint = request.endpoint;
    switch (request.stop) {
    case Request::Stop::ByDeadline:
        error.kind = ErrorKind::Deadline;
        error.message =
            request.running
                ? QStringLiteral("no answer within %1").arg(duration(request.statement.deadline))
                : QStringLiteral("no free connection within %1").arg(duration(request.statement.deadline));
        break;
    case Request::Stop::ByClient:
        error.kind = ErrorKind::Cancelled;
        error.message = QStringLiteral("cancelled: closing");
        break;
    default:
        error.kind = ErrorKind::Cancelled;
        error.message = QStringLiteral("cancelled");
        break;
    }
    return error;
}

Connection::Connection(std::weak_ptr<IoThread> thread, Owner& owner, Endpoint endpoint)
    : m_thread(std::move(thread))
    , m_owner(owner)
    , m_endpoint(std::move(endpoint))
{
    m_attemptTimer.setSingleShot(true);
    m_dropTimer.setSingleShot(true);
    m_dropTimer.setTimerType(Qt::PreciseTimer);
    connect(&m_attemptTimer, &QTimer::timeout, this, [this] {
        DbError error = plainError(ErrorKind::Deadline, QString());
        const auto waited =
            std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - m_attemptStarted);
        switch (m_state) {
        case State::Resolving:
            error.message = QStringLiteral("the host name was not resolved within %1");
            break;
        case State::Connecting:
            error.message = m_attempt.phase == ConnectPhase::Reaching
                                ? QStringLiteral("no connection within %1")
                                : QStringLiteral("connected, but the server did not answer within %1");
            break;
        default:
            error.message = QStringLiteral("logged in, but the server did not answer within %1");
            break;
        }
        error.message = error.message.arg(duration(waited));
        attemptFailed(error);
    });
    connect(&m_dropTimer, &QTimer::timeout, this, [this] {
        if (m_state == State::Running) {
            drop();
        } else {
            // Settling or resetting and no answer: not worth keeping.
            close();
            m_owner.lost(
                *this, plainError(ErrorKind::ConnectionLost, QStringLiteral("the server stopped answering")));
        }
    });
}

Connection::~Connection()
{
    close();
}

bool Connection::inTransaction() const
{
    return m_conn && PQtransactionStatus(m_conn.get()) != PQTRANS_IDLE;
}

// ----------------------------------------------------------------------------------------------------
// connecting

void Connection::open(std::chrono::milliseconds statementTimeout)
{
    Q_ASSERT(m_state == State::New);
    m_state = State::Resolving;
    m_timeout = statementTimeout.count();
    m_attemptStarted = Clock::now();
    m_attemptTimer.start(std::min(m_connectTimeout, m_attemptLimit));
    resolveInBackground(m_endpoint.info,
                        [this, thread = m_thread, life = std::weak_ptr(m_life)](auto target) {
                            const auto io = thread.lock();
                            if (!io)
                                return;
                            io->post([this, life, target = std::move(target)] {
                                if (!life.expired() && m_state == State::Resolving)
                                    startConnecting(target);
                            });
                        });
}

void Connection::limitAttempt(std::chrono::milliseconds timeout)
{
    m_attemptLimit = timeout;
}

void Connection::startConnecting(const Result<ResolvedTarget>& target)
{
    if (!target) {
        attemptFailed(target.error());
        return;
    }
    m_connectTimeout = target->connectTimeout;
    const auto passed =
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - m_attemptStarted);
    m_attemptTimer.start(std::max(0ms, std::min(m_connectTimeout, m_attemptLimit) - passed));

    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (const auto& [keyword, value] : target->options) {
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

// ------------------------------------------------------------------------------------------------- one
// statement

void Connection::run(RequestPtr request)
{
    Q_ASSERT(m_state == State::Idle);
    m_state = State::Running;
    m_request = std::move(request);
    m_request->running = true;
    m_request->sentAt = Clock::now();
    m_lastHeard = Clock::now();
    m_builder.reset();
    m_chunk.clear();
    m_error.reset();
    m_copy = Copy::None;
    m_pipeline = false;
    m_hasAnswer = false;
    m_discarded = false;
    m_waitingForReceiver = false;
    m_inLibpq = 0;

    const qint64 timeout =
        std::min<qint64>(m_request->statement.deadline.count(), std::numeric_limits<int>::max());
    const bool sameTimeout = m_timeout == timeout;
    // In a failed transaction nothing but its end is accepted.
    if (sameTimeout || PQtransactionStatus(m_conn.get()) == PQTRANS_INERROR) {
        sendMain();
        return;
    }
    const QByteArray set = "set statement_timeout = " + QByteArray::number(timeout);
    m_timeout = timeout;
    m_timeoutInTransaction = inTransaction();
    const bool pipelined =
        !isLegacy() && (m_request->kind == Request::Kind::Query || m_request->kind == Request::Kind::Stream);
    if (!pipelined) {
        m_step = Step::SetTimeout;
        if (PQsendQuery(m_conn.get(), set.constData()) == 1)
            flush();
        else
            sendingFailed();
        return;
    }
    // Both at once: the setting costs no round trip of its own.
    m_pipeline = true;
    m_step = Step::SetTimeoutInPipeline;
    PGconn* conn = m_conn.get();
    if (PQenterPipelineMode(conn) == 1 &&
        PQsendQueryParams(conn, set.constData(), 0, nullptr, nullptr, nullptr, nullptr, 0) == 1 &&
        PQpipelineSync(conn) == 1 && sendParams() && PQpipelineSync(conn) == 1)
        flush();
    else
        sendingFailed();
}

void Connection::sendMain()
{
    m_step = Step::Main;
    bool sent = false;
    if (m_request->kind == Request::Kind::Script)
        sent = PQsendQuery(m_conn.get(), m_request->statement.sql.constData()) == 1;
    else
        sent = sendParams() && PQsetSingleRowMode(m_conn.get()) == 1;
    if (sent)
        flush();
    else
        sendingFailed();
}

void Connection::sendingFailed()
{
    // Told from the event loop: the owner is still in its call.
    m_broken = true;
    resumeLater();
}

bool Connection::sendParams()
{
    const Statement& statement = m_request->statement;
    std::vector<const char*> values;
    values.reserve(std::size_t(statement.params.size()));
    for (const Param& value : statement.params)
        values.push_back(value ? value->constData() : nullptr);
    return PQsendQueryParams(m_conn.get(), statement.sql.constData(), int(values.size()), nullptr,
                             values.data(), nullptr, nullptr, 0) == 1;
}

void Connection::flush()
{
    const int left = PQflush(m_conn.get());
    // A failed write shows in the reading too, behind what the server still had to say.
    watch(!m_waitingForReceiver, left == 1);
}

void Connection::writable()
{
    if (m_state == State::Connecting) {
        poll();
        return;
    }
    if (m_state == State::Running && (m_copy == Copy::In || m_copy == Copy::InEnded))
        feedCopy();
    else
        flush();
}

void Connection::readable()
{
    if (m_state == State::Connecting) {
        poll();
        return;
    }
    if (!m_conn || m_waitingForReceiver)
        return;
    const auto until = Clock::now() + WorkBudget;
    m_lastHeard = Clock::now();
    for (;;) {
        if (PQconsumeInput(m_conn.get()) != 1)
            m_broken = true;
        drainNotifies();
        if (m_state == State::Idle || m_state == State::Settling) {
            if (m_broken) {
                const DbError error = plainError(
                    ErrorKind::ConnectionLost, QString::fromUtf8(PQerrorMessage(m_conn.get())).simplified());
                close();
                m_owner.lost(*this, error);
            }
            return;
        }
        if (!advance(until))
            return;
        if (bytesWaiting(PQsocket(m_conn.get())) == 0 || Clock::now() > until)
            return; // the notifier calls again
    }
}

bool Connection::advance(Clock::time_point until)
{
    for (unsigned round = 1;; ++round) {
        if (m_broken && PQstatus(m_conn.get()) != CONNECTION_BAD) {
            broken(); // would wait for more in PQgetResult
            return false;
        }
        if (m_copy == Copy::Out || m_copy == Copy::Discard) {
            if (!pullCopy())
                return !m_waitingForReceiver;
        } else if (m_copy == Copy::In && !m_broken) {
            return true; // the server waits for us; an error of its own shows once the copy is ended
        } else {
            if (!m_broken && PQisBusy(m_conn.get()) == 1)
                return true;
            if (!handle(PgResult(PQgetResult(m_conn.get()))))
                return false;
        }
        if (round % 64 == 0 && Clock::now() > until) {
            resumeLater();
            return false;
        }
    }
}

void Connection::resumeLater()
{
    if (m_resumeScheduled)
        return;
    m_resumeScheduled = true;
    QMetaObject::invokeMethod(
        this,
        [this] {
            m_resumeScheduled = false;
            if (m_state != State::Connecting)
                readable();
        },
        Qt::QueuedConnection);
}

bool Connection::handle(PgResult result)
{
    switch (m_step) {
    case Step::Setup:
        return handleSetup(std::move(result));
    case Step::Reset:
        if (result) {
            if (PQresultStatus(result.get()) != PGRES_COMMAND_OK &&
                PQresultStatus(result.get()) != PGRES_TUPLES_OK)
                recordError(errorOf(result.get()));
            return true;
        }
        if (m_error || m_broken) {
            const DbError error = m_error.value_or(
                plainError(ErrorKind::ConnectionLost, QStringLiteral("the connection broke")));
            close();
            m_owner.lost(*this, error);
            return false;
        }
        ++m_setupStep;
        sendReset();
        return m_state == State::Resetting;
    case Step::SetTimeout:
        if (result) {
            if (PQresultStatus(result.get()) != PGRES_COMMAND_OK)
                m_timeout.reset(); // our own deadline still holds
            return true;
        }
        if (m_broken) {
            broken();
            return false;
        }
        if (m_request->stop != Request::Stop::No) {
            recordError(
                stopError(*m_request)); // what was cancelled is the setting; the statement was never sent
            finishMain();
            return false;
        }
        sendMain();
        return true;
    case Step::SetTimeoutInPipeline:
        if (!result) {
            if (m_broken) {
                broken();
                return false;
            }
            return true;
        }
        if (PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC) {
            m_step = Step::Main;
            PQsetSingleRowMode(m_conn.get());
            if (m_request->stop != Request::Stop::No)
                sendCancel(); // the first one may have hit the setting
        } else if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) {
            m_timeout.reset();
            if (m_broken)
                recordError(errorOf(result.get()));
        }
        return true;
    case Step::Main:
        return handleMain(std::move(result));
    }
    return false;
}

bool Connection::handleMain(PgResult result)
{
    if (!result) {
        if (m_broken) {
            broken();
            return false;
        }
        if (m_pipeline)
            return true; // the synchronisation point comes next
        finishMain();
        return false;
    }
    const ExecStatusType status = PQresultStatus(result.get());
    const bool isError = status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
    m_hasAnswer = m_hasAnswer || !isError;
    switch (status) {
    case PGRES_SINGLE_TUPLE:
        addRow(result.get());
        return handOverBatch();
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK: {
        if (m_request->kind == Request::Kind::Script)
            return true;
        if (!m_builder)
            setColumns(result.get());
        bool isNumber = false;
        const qint64 affected = QByteArray(PQcmdTuples(result.get())).toLongLong(&isNumber);
        m_builder->setCommand(QString::fromUtf8(PQcmdStatus(result.get())), isNumber ? affected : -1);
        return true;
    }
    case PGRES_EMPTY_QUERY:
        return true;
    case PGRES_PIPELINE_SYNC:
        m_pipeline = false;
        if (PQexitPipelineMode(m_conn.get()) != 1) {
            broken();
            return false;
        }
        finishMain();
        return false;
    case PGRES_COPY_IN:
        if (m_pipeline)
            break;
        m_copy = Copy::In;
        if (!m_request->feed) {
            recordError(plainError(ErrorKind::BadArgument,
                                   QStringLiteral("COPY … FROM STDIN needs a session's copyIn()")));
            PQputCopyEnd(m_conn.get(), "not here");
            m_copy = Copy::InEnded;
            flush();
            return true;
        }
        feedCopy();
        return m_state == State::Running;
    case PGRES_COPY_OUT:
        if (m_pipeline)
            break;
        m_copy = Copy::Out;
        if (m_request->kind != Request::Kind::CopyOut) {
            recordError(plainError(ErrorKind::BadArgument,
                                   QStringLiteral("COPY … TO STDOUT needs a session's copyOut()")));
            m_copy = Copy::Discard;
        }
        return true;
    case PGRES_FATAL_ERROR:
    case PGRES_BAD_RESPONSE:
    case PGRES_PIPELINE_ABORTED:
        if (m_copy == Copy::InEnded)
            m_copy = Copy::None;
        recordError(errorOf(result.get()));
        return true;
    default:
        break;
    }
    // Replication, or COPY inside the pipeline, which libpq cannot leave any more.
    recordError(
        plainError(ErrorKind::BadArgument, QStringLiteral("this kind of statement cannot be run here")));
    broken();
    return false;
}

void Connection::setColumns(const PGresult* result)
{
    QList<Column> columns;
    const int count = PQnfields(result);
    columns.reserve(count);
    for (int i = 0; i < count; ++i)
        columns += Column{QString::fromUtf8(PQfname(result, i)), PQftype(result, i)};
    m_builder.emplace(std::move(columns));
}

void Connection::addRow(const PGresult* row)
{
    if (!m_builder)
        setColumns(row);
    ++m_request->rows;
    if (m_request->stop != Request::Stop::No && m_request->kind == Request::Kind::Stream) {
        m_discarded = true;
        return;
    }
    const int count = PQnfields(row);
    for (int i = 0; i < count; ++i) {
        const int length = PQgetlength(row, 0, i);
        if (length == 0 && PQgetisnull(row, 0, i) == 1)
            m_builder->addNull();
        else
            m_builder->addCell(QByteArrayView(PQgetvalue(row, 0, i), length));
    }
    if (count == 0)
        m_builder->addEmptyRow();
}

bool Connection::handOverBatch()
{
    if (m_request->kind != Request::Kind::Stream)
        return true;
    if (m_builder->rowCount() < m_request->batchRows && m_builder->sizeInBytes() < LargestBatch)
        return true;
    if (m_builder->rowCount() == 0)
        return true; // discarded
    // Back-pressure: nothing is read until the receiver has dealt with these, and TCP slows the server down.
    m_waitingForReceiver = true;
    watch(false, PQflush(m_conn.get()) == 1);
    m_request->sink->post(BatchEvent{m_builder->take()});
    return false;
}

void Connection::acknowledge()
{
    if (m_state != State::Running || !m_waitingForReceiver)
        return;
    m_waitingForReceiver = false;
    watch(true, PQflush(m_conn.get()) == 1);
    // libpq may hold more rows already, of which no notifier would tell.
    resumeLater();
}

// ----------------------------------------------------------------------------------------------------------
// COPY

bool Connection::pullCopy()
{
    char* raw = nullptr;
    const int length = PQgetCopyData(m_conn.get(), &raw, 1);
    const PgText row(raw);
    if (length == 0 && !m_broken)
        return false;
    if (length == 0) {
        m_copy = Copy::None; // no more will come, and PQgetResult says why
        return true;
    }
    m_hasAnswer = true;
    if (length < 0) {
        if (!m_chunk.isEmpty())
            handOverChunk(); // the last one: nothing waits for it
        m_copy = Copy::None;
        return true;
    }
    if (m_copy == Copy::Discard || m_request->stop != Request::Stop::No) {
        m_discarded = true;
        return true;
    }
    ++m_request->rows;
    m_chunk.append(row.get(), length);
    if (m_chunk.size() < CopyChunk)
        return true;
    m_waitingForReceiver = true;
    watch(false, false);
    handOverChunk();
    return false;
}

void Connection::handOverChunk()
{
    m_request->sink->post(ChunkEvent{std::exchange(m_chunk, {})});
}

void Connection::feedCopy()
{
    if (m_state != State::Running || (m_copy != Copy::In && m_copy != Copy::InEnded))
        return;
    CopyFeed* feed = m_request->feed.get();
    const auto until = Clock::now() + WorkBudget;
    for (;;) {
        const int left = PQflush(m_conn.get());
        if (left != 0) {
            watch(true, left == 1);
            return;
        }
        if (feed && m_inLibpq > 0) {
            const qint64 unsent = feed->unsent -= m_inLibpq;
            m_inLibpq = 0;
            for (auto it = feed->waiters.begin(); it != feed->waiters.end();) {
                if (unsent < it->below) {
                    it->sink->post(DrainedEvent{});
                    it = feed->waiters.erase(it);
                } else {
                    ++it;
                }
            }
        }
        if (m_copy == Copy::InEnded) {
            watch(true, false);
            return;
        }
        if (feed->failure) {
            PQputCopyEnd(m_conn.get(), feed->failure->constData());
            m_copy = Copy::InEnded;
            continue;
        }
        if (feed->chunks.empty()) {
            if (!feed->finished) {
                watch(true, false);
                return;
            }
            PQputCopyEnd(m_conn.get(), nullptr);
            m_copy = Copy::InEnded;
            continue;
        }
        const QByteArray& chunk = feed->chunks.front();
        const qsizetype length = std::min(chunk.size() - feed->offset, FeedChunk);
        const int put = PQputCopyData(m_conn.get(), chunk.constData() + feed->offset, int(length));
        if (put < 0) {
            m_broken = true;
            resumeLater();
            return;
        }
        if (put == 1) {
            m_inLibpq += length;
            feed->offset += length;
            if (feed->offset == chunk.size()) {
                feed->chunks.pop_front();
                feed->offset = 0;
            }
        }
        if (put == 0 || Clock::now() > until) {
            watch(true, true); // called again from the loop
            return;
        }
    }
}

// --------------------------------------------------------------------------------------------------- how it
// ends

void Connection::recordError(DbError error)
{
    // The first is the cause, later ones follow from it.
    if (m_error)
        return;
    error.endpoint = m_endpoint.id;
    m_error = std::move(error);
}

DbError Connection::errorOf(const PGresult* result) const
{
    DbError error;
    error.endpoint = m_endpoint.id;
    error.sqlState = QString::fromLatin1(PQresultErrorField(result, PG_DIAG_SQLSTATE));
    if (error.sqlState.isEmpty()) {
        error.kind =
            PQstatus(m_conn.get()) == CONNECTION_BAD ? ErrorKind::ConnectionLost : ErrorKind::Protocol;
        error.message = redactSecrets(QString::fromUtf8(PQresultErrorMessage(result)).simplified());
        return error;
    }
    error.kind = kindOfSqlState(error.sqlState.toLatin1());
    error.message = fieldOf(result, PG_DIAG_MESSAGE_PRIMARY);
    error.detail = fieldOf(result, PG_DIAG_MESSAGE_DETAIL);
    error.hint = fieldOf(result, PG_DIAG_MESSAGE_HINT);
    error.position = QByteArray(PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION)).toInt();
    if (error.sqlState == QLatin1String("57014") && m_request) {
        if (m_request->stop == Request::Stop::ByDeadline) {
            error.kind = ErrorKind::Deadline;
        } else if (m_request->stop != Request::Stop::No || (m_request->feed && m_request->feed->failure)) {
            error.kind = ErrorKind::Cancelled;
        } else {
            // Nobody here asked: the server's statement_timeout, or somebody else's pg_cancel_backend().
            const auto ran = Clock::now() - m_request->sentAt;
            error.kind =
                ran * 10 >= m_request->statement.deadline * 9 ? ErrorKind::Deadline : ErrorKind::Cancelled;
        }
    }
    return error;
}

void Connection::finishMain()
{
    Q_ASSERT(m_state == State::Running);
    const RequestPtr request = std::move(m_request);
    m_request.reset();
    ++m_statementsRun;
    if (m_timeoutInTransaction && !inTransaction()) {
        m_timeoutInTransaction = false;
        m_timeout.reset(); // it may have been rolled back
    }

    if (!m_builder)
        m_builder.emplace(QList<Column>());
    std::optional<Result<ResultSet>> result;
    if (m_error) {
        result.emplace(*m_error);
    } else if (m_discarded) {
        result.emplace(stopError(*request));
    } else {
        if (request->kind == Request::Kind::Stream && m_builder->rowCount() > 0) {
            // `take` starts a set with the same columns but no command: that belongs to the end.
            ResultSet rows = m_builder->take();
            m_builder->setCommand(rows.commandTag(), rows.affectedRows());
            request->sink->post(BatchEvent{std::move(rows)});
        }
        result.emplace(m_builder->take());
    }
    m_builder.reset();
    m_error.reset();
    m_waitingForReceiver = false;
    settle();
    m_owner.finished(*this, request, std::move(*result));
}

void Connection::broken()
{
    if (m_state == State::SettingUp) {
        attemptFailed(
            m_error.value_or(plainError(ErrorKind::ConnectionLost, QStringLiteral("the connection broke"))));
        return;
    }
    Q_ASSERT(m_state == State::Running);
    DbError error = m_error.value_or(DbError());
    if (!m_error) {
        error.message = redactSecrets(QString::fromUtf8(PQerrorMessage(m_conn.get())).simplified());
        if (error.message.isEmpty())
            error.message = QStringLiteral("the connection broke");
        error.kind = ErrorKind::ConnectionLost;
    } else if (error.kind == ErrorKind::Protocol || error.kind == ErrorKind::Other) {
        error.kind = ErrorKind::ConnectionLost;
    }
    error.endpoint = m_endpoint.id;
    const RequestPtr request = std::move(m_request);
    m_request.reset();
    close();
    m_owner.finished(*this, request, Result<ResultSet>(error));
}

void Connection::stopRunning()
{
    if (m_state != State::Running)
        return;
    // Rows are read on, to reach the end of the answer, but handed to nobody.
    if (m_waitingForReceiver)
        acknowledge();
    if (m_request->feed && !m_request->feed->failure) {
        m_request->feed->chunks.clear();
        m_request->feed->offset = 0;
        m_request->feed->failure = QByteArrayLiteral("cancelled by the client");
        feedCopy();
        if (m_state != State::Running)
            return;
    }
    if (m_dropTimer.isActive())
        return;
    m_dropTimer.start(CancelPatience);
    sendCancel();
}

void Connection::sendCancel()
{
    PGcancel* cancel = PQgetCancel(m_conn.get());
    if (!cancel)
        return;
    const bool started = cancelInBackground(
        {cancel, &PQfreeCancel}, [this, thread = m_thread, life = std::weak_ptr(m_life)](bool sent) {
            const auto io = thread.lock();
            if (!io)
                return;
            io->post([this, life, sent] {
                if (life.expired())
                    return;
                --m_cancelsOut;
                if (!sent)
                    qCDebug(connectionLog) << m_endpoint.id << "did not take the cancel request";
                if (m_state == State::Settling && m_cancelsOut == 0) {
                    becomeIdle();
                    m_owner.ready(*this);
                }
            });
        });
    if (started)
        ++m_cancelsOut;
}

void Connection::drop()
{
    DbError error = stopError(*m_request);
    error.mayStillBeRunning = true;
    const RequestPtr request = std::move(m_request);
    m_request.reset();
    close();
    m_owner.finished(*this, request, Result<ResultSet>(error));
}

void Connection::settle()
{
    if (m_cancelsOut > 0) {
        // A cancel request that arrives late would hit the next statement. The drop timer is still running.
        m_state = State::Settling;
        watch(true, false);
    } else {
        becomeIdle();
    }
}

void Connection::becomeIdle()
{
    m_dropTimer.stop();
    m_state = State::Idle;
    m_idleSince = Clock::now();
    watch(true, false); // to see it break
}

// --------------------------------------------------------------------------------------------------- giving
// back

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

void Connection::close()
{
    unwatch();
    m_attemptTimer.stop();
    m_dropTimer.stop();
    m_state = State::Closed;
    m_life = std::make_shared<int>(0); // helpers still out have nobody to answer
    m_conn.reset();
}

// -------------------------------------------------------------------------------------------------------
// plumbing

void Connection::watch(bool read, bool write)
{
    const int socket = m_conn ? PQsocket(m_conn.get()) : -1;
    const auto apply = [this, socket](std::unique_ptr<QSocketNotifier>& notifier, QSocketNotifier::Type type,
                                      bool on, void (Connection::*slot)()) {
        if (socket < 0) {
            on = false;
        } else if (on && !notifier) {
            notifier = std::make_unique<QSocketNotifier>(socket, type);
            connect(notifier.get(), &QSocketNotifier::activated, this, slot);
        }
        if (notifier)
            notifier->setEnabled(on);
    };
    apply(m_read, QSocketNotifier::Read, read, &Connection::readable);
    apply(m_write, QSocketNotifier::Write, write, &Connection::writable);
    // A socket that has gone tells nobody any more.
    if (socket < 0 && read && m_conn && m_state != State::Connecting) {
        m_broken = true;
        resumeLater();
    }
}

void Connection::unwatch()
{
    // May be called from a notifier's own signal: switched off now, deleted later.
    for (auto* notifier : {&m_read, &m_write}) {
        if (*notifier) {
            (*notifier)->setEnabled(false);
            (*notifier)->disconnect(this);
            notifier->release()->deleteLater();
        }
    }
}

void Connection::drainNotifies()
{
    while (const PgNotify notify{PQnotifies(m_conn.get())})
        qCDebug(noticeLog).noquote() << m_endpoint.id << "notification on" << notify->relname;
}

void Connection::notice(void* self, const PGresult* result)
{
    if (!noticeLog().isDebugEnabled())
        return;
    const auto* connection = static_cast<const Connection*>(self);
    qCDebug(noticeLog).noquote() << connection->m_endpoint.id << ':'
                                 << redactSecrets(QString::fromUtf8(PQresultErrorMessage(result)).trimmed());
}

} // namespace atlas::db
