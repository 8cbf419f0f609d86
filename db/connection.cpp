// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/connection_p.h"

#include <QSocketNotifier>

#include <sys/ioctl.h>

#include "db/connectionparts_p.h"
#include "db/log_p.h"

// The life of a connection and its event loop. How it is made: connectionattempt.cpp; how a statement runs:
// connectionstatement.cpp; COPY: connectioncopy.cpp.

namespace atlas::db {

namespace {

using namespace std::chrono_literals;

/// A cancel request that reaches the server before the statement does is ignored there: repeated until it
/// works.
constexpr auto CancelAgain = 150ms;

int bytesWaiting(int socket)
{
    int count = 0;
    return socket >= 0 && ioctl(socket, FIONREAD, &count) == 0 ? count : 0;
}

} // namespace

QString durationText(std::chrono::milliseconds time)
{
    return time < 10s
               ? QStringLiteral("%1 ms").arg(time.count())
               : QStringLiteral("%1 s").arg(std::chrono::duration_cast<std::chrono::seconds>(time).count());
}

Connection::Connection(std::weak_ptr<IoThread> thread, Owner& owner, Endpoint endpoint)
    : m_thread(std::move(thread))
    , m_owner(owner)
    , m_endpoint(std::move(endpoint))
{
    m_attemptTimer.setSingleShot(true);
    m_dropTimer.setSingleShot(true);
    m_dropTimer.setTimerType(Qt::PreciseTimer);
    m_cancelTimer.setInterval(CancelAgain);
    connect(&m_cancelTimer, &QTimer::timeout, this, [this] {
        if (m_state == State::Running && m_cancelsOut == 0)
            sendCancel();
    });
    connect(&m_attemptTimer, &QTimer::timeout, this, [this] {
        if (skipSilentAddress())
            return;
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
        error.message = error.message.arg(durationText(waited));
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

void Connection::flush()
{
    const int left = PQflush(m_conn.get());
    // A failed write shows in the reading too, behind what the server still had to say.
    watch(!waitsForReceiver(), left == 1);
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
    if (!m_conn || waitsForReceiver())
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
                return !waitsForReceiver();
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
            nextInPipeline();
            if (m_request->stop != Request::Stop::No)
                sendCancel(); // the first one may have hit the setting
        } else if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) {
            m_timeout.reset();
            if (m_broken)
                recordError(errorOf(result.get()));
        }
        return true;
    case Step::NarrowInPipeline:
        if (!result) {
            if (m_broken) {
                broken();
                return false;
            }
            m_step = Step::Main;
            setRowMode();
        } else if (const ExecStatusType status = PQresultStatus(result.get());
                   status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
            recordError(errorOf(result.get())); // the statement is not run then
        } // else its row, or the end of it: libpq begins a pipeline in the row mode of what was before
        return true;
    case Step::Main:
        return handleMain(std::move(result));
    }
    return false;
}

void Connection::becomeIdle()
{
    m_dropTimer.stop();
    m_state = State::Idle;
    m_idleSince = Clock::now();
    watch(true, false); // to see it break
}

void Connection::close()
{
    unwatch();
    m_attemptTimer.stop();
    m_dropTimer.stop();
    m_cancelTimer.stop();
    m_state = State::Closed;
    m_life = std::make_shared<int>(0); // helpers still out have nobody to answer
    m_conn.reset();
}

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
