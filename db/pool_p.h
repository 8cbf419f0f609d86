// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QTimer>

#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "db/backoff.h"
#include "db/connection_p.h"

namespace atlas::db {

/// The connections to one endpoint, who waits for them, and whether the endpoint is up. Lives on the I/O
/// thread.
///
/// Up: connections grow with the queue, up to the limit; what is idle for a minute is closed, but for one.
/// Down: a request fails at once with the last error, so that it can go elsewhere; attempts in the
/// background, with back-off, bring the endpoint back. Where trying again by itself would do harm (a wrong
/// password locks accounts), the next request after the back-off is the attempt.
class Pool final : public QObject, private Connection::Owner
{
public:
    /// What a pool needs from those above it.
    class Host
    {
    public:
        virtual ~Host() = default;
        virtual void started(const RequestPtr& request) = 0;
        /// The last that is heard of a request other than OpenSession.
        virtual void completed(const RequestPtr& request, Result<ResultSet> result) = 0;
        /// The end of an OpenSession.
        virtual void sessionOpened(const RequestPtr& request, std::optional<DbError> error) = 0;
        virtual void stateChanged(const EndpointState& state) = 0;
        virtual std::weak_ptr<IoThread> thread() = 0;
    };

    Pool(Host& host, Endpoint endpoint);
    ~Pool() override;

    const Endpoint& endpoint() const { return m_endpoint; }
    const EndpointState& state() const { return m_state; }

    void submit(const RequestPtr& request);
    void submitToSession(const RequestPtr& request);
    /// The request's `stop` has been set.
    void stop(const RequestPtr& request);
    void closeSession(quint64 session);
    /// No more connections; idle ones are closed now, others once they are. Returns what was still waiting.
    std::deque<RequestPtr> retire();
    bool isEmpty() const { return m_slots.empty(); }
    /// Ends everything at once; running statements are sent a cancel request that nobody waits for.
    void shutDown();

private:
    struct Lease
    {
        std::deque<RequestPtr> queue;
        std::optional<DbError> broken;
    };
    struct Slot
    {
        std::unique_ptr<Connection> connection;
        bool open = false;      ///< has been Idle once
        bool probe = false;     ///< opened to see whether the server answers
        quint64 session = 0;    ///< lent to it
        bool abandoned = false; ///< its session has gone while a statement ran
        Clock::time_point since = Clock::now();
    };

    void opened(Connection& connection) override;
    void lost(Connection& connection, const DbError& error) override;
    void finished(Connection& connection, const RequestPtr& request, Result<ResultSet> result) override;
    void ready(Connection& connection) override;

    void pump();
    void pumpSession(quint64 session);
    void grow();
    void connectOne(bool probe);
    void start(Connection& connection, const RequestPtr& request);
    void attemptFailed(const DbError& error);
    void goDown(const DbError& error);
    void goUp(const Connection& connection);
    void setLink(EndpointState::Link link);
    void retryInBackground();
    void suspect();
    void checkSilence();
    void closeIdle();
    void giveBack(Slot& slot);
    void failWaiting(const DbError& error);
    void breakSession(quint64 session, const DbError& error);
    void finish(const RequestPtr& request, const DbError& error);
    bool isRestingAfterFailure() const;
    Slot* slotOf(const Connection& connection);
    Slot* slotOfSession(quint64 session);
    void removeSlot(const Connection& connection);
    bool wasHeardLately() const;
    int attemptsRunning() const;
    int openConnections() const;

    Host& m_host;
    Endpoint m_endpoint;
    EndpointState m_state;
    std::vector<std::unique_ptr<Slot>> m_slots;
    std::deque<RequestPtr> m_waiting;
    std::map<quint64, Lease> m_sessions;
    Backoff m_backoff;
    QTimer m_retry;       ///< runs while the endpoint is left alone after a failure
    QTimer m_growthPause; ///< runs while no more connections are asked for than there are
    QTimer m_idle;
    QTimer m_silence;                ///< runs while statements do
    QTimer m_suspicion;              ///< the time a server in doubt has to take a connection
    Clock::time_point m_lastProof{}; ///< when the server last showed that it lives
    std::chrono::milliseconds m_connectTook{0};
    std::chrono::milliseconds m_silenceAllowed;
    bool m_retired = false;
};

} // namespace atlas::db
