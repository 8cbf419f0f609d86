// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/connection_p.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "db/canceller.h"
#include "db/connectionparts_p.h"
#include "db/iothread.h"
#include "db/log_p.h"
#include "db/sqlstate.h"
#include "db/utf8.h"

namespace atlas::db {

namespace {

using namespace std::chrono_literals;

/// How long a cancel request may take to show effect.
constexpr auto CancelPatience = 1000ms;
constexpr qsizetype LargestBatch = 8 * 1024 * 1024;

QString fieldOf(const PGresult* result, int field)
{
    return redactSecrets(QString::fromUtf8(PQresultErrorField(result, field)));
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
                ? QStringLiteral("no answer within %1").arg(durationText(request.statement.deadline))
                : QStringLiteral("no free connection within %1")
                      .arg(durationText(request.statement.deadline));
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

void Connection::run(RequestPtr request)
{
    Q_ASSERT(m_state == State::Idle);
    m_state = State::Running;
    m_request = std::move(request);
    m_request->running = true;
    m_request->sentAt = Clock::now();
    m_builder.reset();
    m_chunk.clear();
    m_error.reset();
    m_copy = Copy::None;
    m_pipeline = false;
    m_hasAnswer = false;
    m_discarded = false;
    m_withReceiver = 0;
    m_inLibpq = 0;

    // Asked once: in the middle of a pipeline libpq gives no steady answer about transactions.
    m_narrowed = narrows();
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
        PQpipelineSync(conn) == 1 && sendInPipeline())
        flush();
    else
        sendingFailed();
}

bool Connection::narrows() const
{
    // Inside a transaction it would hold for the statements after it as well.
    return m_request->statement.tenant && !isLegacy() && !inTransaction() &&
           (m_request->kind == Request::Kind::Query || m_request->kind == Request::Kind::Stream);
}

bool Connection::sendInPipeline()
{
    PGconn* conn = m_conn.get();
    if (m_narrowed) {
        const QByteArray tenant = QByteArray::number(*m_request->statement.tenant);
        const char* const value = tenant.constData();
        if (PQsendQueryParams(conn, "select pg_catalog.set_config('atlas.tenant', $1, true)", 1, nullptr,
                              &value, nullptr, nullptr, 0) != 1)
            return false;
    }
    return sendParams() && PQpipelineSync(conn) == 1;
}

void Connection::nextInPipeline()
{
    if (m_narrowed) {
        m_step = Step::NarrowInPipeline;
        return;
    }
    m_step = Step::Main;
    setRowMode();
}

void Connection::sendMain()
{
    if (m_narrowed) {
        m_pipeline = true;
        m_step = Step::NarrowInPipeline;
        if (PQenterPipelineMode(m_conn.get()) == 1 && sendInPipeline())
            flush();
        else
            sendingFailed();
        return;
    }
    m_step = Step::Main;
    bool sent = false;
    if (m_request->kind == Request::Kind::Script)
        sent = PQsendQuery(m_conn.get(), m_request->statement.sql.constData()) == 1;
    else
        sent = sendParams() && setRowMode();
    if (sent)
        flush();
    else
        sendingFailed();
}

/// Rows as they come, straight into the arena: half the memory of a whole PGresult, and faster.
bool Connection::setRowMode()
{
#ifdef LIBPQ_HAS_CHUNK_MODE
    return PQsetChunkedRowsMode(m_conn.get(), 64) == 1;
#else
    return PQsetSingleRowMode(m_conn.get()) == 1;
#endif
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
#ifdef LIBPQ_HAS_CHUNK_MODE
    case PGRES_TUPLES_CHUNK:
#endif
        addRows(result.get());
        return handOverBatch();
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK: {
        if (m_request->kind == Request::Kind::Script)
            return true;
        if (PQntuples(result.get()) > 0)
            addRows(result.get()); // all at once, where libpq did not take the row mode
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
        columns += Column{textOf(PQfname(result, i)), PQftype(result, i)};
    m_builder.emplace(std::move(columns));
}

void Connection::addRows(const PGresult* result)
{
    if (!m_builder)
        setColumns(result);
    const int rows = PQntuples(result);
    m_request->rows += rows;
    if (m_request->stop != Request::Stop::No && m_request->kind == Request::Kind::Stream) {
        m_discarded = true;
        return;
    }
    const int columns = PQnfields(result);
    for (int row = 0; row < rows; ++row) {
        for (int column = 0; column < columns; ++column) {
            const int length = PQgetlength(result, row, column);
            if (length == 0 && PQgetisnull(result, row, column) == 1)
                m_builder->addNull();
            else
                m_builder->addCell(QByteArrayView(PQgetvalue(result, row, column), length));
        }
        if (columns == 0)
            m_builder->addEmptyRow();
    }
}

bool Connection::handOverBatch()
{
    if (m_request->kind != Request::Kind::Stream)
        return true;
    if (m_builder->rowCount() < m_request->batchRows && m_builder->sizeInBytes() < LargestBatch)
        return true;
    if (m_builder->rowCount() == 0)
        return true; // discarded
    m_request->sink->post(BatchEvent{m_builder->take()});
    return mayReadOn();
}

bool Connection::mayReadOn()
{
    // Back-pressure: one batch is read while the receiver deals with another, then nothing until it is done,
    // and TCP slows the server down.
    ++m_withReceiver;
    if (!waitsForReceiver())
        return true;
    watch(false, PQflush(m_conn.get()) == 1);
    return false;
}

void Connection::acknowledge()
{
    if (m_state != State::Running || m_withReceiver == 0)
        return;
    const bool waited = waitsForReceiver();
    --m_withReceiver;
    if (waited)
        readOn();
}

void Connection::readOn()
{
    watch(true, PQflush(m_conn.get()) == 1);
    // libpq may hold more rows already, of which no notifier would tell.
    resumeLater();
}

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
    m_withReceiver = 0;
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
    if (waitsForReceiver()) {
        m_withReceiver = 0;
        readOn();
    }
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
    m_cancelTimer.start();
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
    m_cancelTimer.stop();
    if (m_cancelsOut > 0) {
        // A cancel request that arrives late would hit the next statement. The drop timer is still running.
        m_state = State::Settling;
        watch(true, false);
    } else {
        becomeIdle();
    }
}

} // namespace atlas::db
