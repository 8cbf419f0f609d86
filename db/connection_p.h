// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QTimer>

#include <memory>
#include <optional>

#include "db/connectfailure.h"
#include "db/endpoint.h"
#include "db/pghandles_p.h"
#include "db/request_p.h"
#include "db/resolver.h"

class QSocketNotifier;

namespace atlas::db {

class IoThread;

/// What the server said about itself right after the login.
struct ServerFacts
{
    int version = 0;
    bool isRedshift = false;
    std::optional<bool> inRecovery;
    QString user;
    bool tls = false;
};

/// One libpq connection as a state machine on the I/O thread. Nothing in it waits: each step is driven by a
/// socket notifier, a timer or a helper's answer, and gives way to other connections after a few milliseconds
/// of work.
class Connection final : public QObject
{
public:
    enum class State {
        New,
        Resolving,  ///< a helper reads the configuration and looks names up
        Connecting, ///< PQconnectPoll
        SettingUp,  ///< session settings and the server's facts, one round trip
        Idle,
        Running,
        Settling,  ///< the statement is over, but its cancel request may still be on the way
        Resetting, ///< wiping what a session left behind
        Closed,
    };

    /// All calls come from the event loop, never from within a call made by the owner. After lost(), and
    /// after finished() with the state Closed, the owner deletes the connection (deleteLater).
    class Owner
    {
    public:
        virtual ~Owner() = default;
        virtual void opened(Connection& connection) = 0;
        /// The attempt failed, or an idle connection broke.
        virtual void lost(Connection& connection, const DbError& error) = 0;
        virtual void finished(Connection& connection, const RequestPtr& request,
                              Result<ResultSet> result) = 0;
        /// Idle again after Settling or Resetting.
        virtual void ready(Connection& connection) = 0;
    };

    Connection(std::weak_ptr<IoThread> thread, Owner& owner, Endpoint endpoint);
    ~Connection() override;

    State state() const { return m_state; }
    const ServerFacts& facts() const { return m_facts; }
    const RequestPtr& request() const { return m_request; }
    bool inTransaction() const;
    /// Speaks the protocol of 8.0: no pipeline, no DISCARD, no session settings of later versions.
    bool isLegacy() const { return m_facts.isRedshift || m_facts.version < 90000; }
    /// Statements finished so far: 0 means fresh.
    int statementsRun() const { return m_statementsRun; }
    /// Anything of the running statement's answer has arrived.
    bool hasAnswer() const { return m_hasAnswer; }
    Clock::time_point idleSince() const { return m_idleSince; }
    /// When the server last sent anything.
    Clock::time_point lastHeard() const { return m_lastHeard; }

    /// `statementTimeout` is set along with the session's settings, to save the first statement a round trip.
    void open(std::chrono::milliseconds statementTimeout);
    /// Gives up an attempt after this time even if its own timeout is longer.
    void limitAttempt(std::chrono::milliseconds timeout);
    /// Only when Idle.
    void run(RequestPtr request);
    /// The running request's `stop` has been set: cancel request, and after a second without effect, drop.
    void stopRunning();
    /// The receiver has dealt with a batch or chunk.
    void acknowledge();
    /// There are bytes in the running request's feed, or its end.
    void feedCopy();
    /// Only when Idle and not isLegacy(): rolls back and forgets everything a session may have changed.
    void reset();
    /// Closes without telling the owner. A running request is left to the caller.
    void close();

private:
    enum class Step { Setup, SetTimeout, SetTimeoutInPipeline, NarrowInPipeline, Main, Reset };
    enum class Copy { None, In, InEnded, Out, Discard };

    void resolved(const Result<ResolvedTarget>& target);
    void startConnecting();
    bool skipSilentAddress();
    void poll();
    void connectionMade();
    void sendSetup();
    bool handleSetup(PgResult result);
    void attemptFailed(const DbError& error);
    DbError connectError();

    void sendMain();
    /// Whether the statement is sent with its tenant; see Statement::tenant.
    bool narrows() const;
    /// The setting, where m_narrowed, and the statement: one transaction up to the synchronisation point.
    bool sendInPipeline();
    void nextInPipeline();
    void sendCancel();
    void sendingFailed();
    bool sendParams();
    bool setRowMode();
    void flush();
    void readable();
    void writable();
    /// Handles what has arrived. False: stop reading for now (paused, over, or scheduled again).
    bool advance(Clock::time_point until);
    void resumeLater();
    bool handle(PgResult result);
    bool handleMain(PgResult result);
    void addRows(const PGresult* result);
    void setColumns(const PGresult* result);
    bool handOverBatch();
    /// After handing something over: false when the receiver has to catch up first.
    bool mayReadOn();
    void readOn();
    bool waitsForReceiver() const { return m_withReceiver > 1; }
    bool pullCopy();
    void handOverChunk();
    void recordError(DbError error);
    DbError errorOf(const PGresult* result) const;
    void finishMain();
    void broken();
    void drop();
    void settle();
    void becomeIdle();
    void sendReset();
    void watch(bool read, bool write);
    void unwatch();
    void drainNotifies();
    static void notice(void* self, const PGresult* result);

    std::weak_ptr<IoThread> m_thread;
    Owner& m_owner;
    Endpoint m_endpoint;
    State m_state = State::New;
    PgConn m_conn;
    ServerFacts m_facts;
    /// Helpers hold it weakly and so notice that the connection has gone.
    std::shared_ptr<int> m_life = std::make_shared<int>(0);

    std::unique_ptr<QSocketNotifier> m_read;
    std::unique_ptr<QSocketNotifier> m_write;
    QTimer m_attemptTimer;
    QTimer m_dropTimer;
    QTimer m_cancelTimer;
    Clock::time_point m_idleSince{};
    Clock::time_point m_lastHeard{};

    // The attempt
    ConnectFailure m_attempt;
    ResolvedTarget m_target; ///< without the addresses that were given up
    std::chrono::milliseconds m_attemptLimit{std::chrono::hours(1)};
    Clock::time_point m_attemptStarted{};
    int m_setupStep = 0;
    bool m_withCheckInterval = true;

    // The statement
    RequestPtr m_request;
    Step m_step = Step::Setup;
    Copy m_copy = Copy::None;
    bool m_pipeline = false;
    bool m_narrowed = false; ///< the running statement was sent with its tenant
    bool m_broken = false;
    int m_withReceiver = 0; ///< batches or chunks handed over and not yet dealt with
    bool m_discarded = false;
    bool m_resumeScheduled = false;
    bool m_hasAnswer = false;
    std::optional<ResultSet::Builder> m_builder;
    QByteArray m_chunk;
    qint64 m_inLibpq = 0; ///< bytes of the feed that libpq holds unsent
    std::optional<DbError> m_error;
    std::optional<qint64> m_timeout;     ///< the server's statement_timeout, ms, as far as we know
    bool m_timeoutInTransaction = false; ///< a rollback would take it back
    int m_cancelsOut = 0;
    int m_statementsRun = 0;
};

} // namespace atlas::db
