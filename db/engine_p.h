// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTimer>

#include <atomic>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "db/client.h"
#include "db/iothread.h"
#include "db/pool_p.h"

namespace atlas::db {

/// All that runs on the I/O thread, and the way in. Shared by the Client and its sessions; when the Client
/// goes, the thread ends and every later call finds it closed.
class Engine final : public std::enable_shared_from_this<Engine>, private Pool::Host
{
public:
    struct Listener
    {
        /// Called on the I/O thread.
        std::function<void(const EndpointState&)> state;
        std::function<void(const StatementRecord&)> started;
        std::function<void(const StatementRecord&)> finished;
    };

    explicit Engine(Listener listener);
    ~Engine() override;

    // From any thread:

    quint64 nextId() { return m_ids.fetch_add(1); }
    /// Turns false when handlers must not be called any more.
    const std::shared_ptr<std::atomic<bool>>& open() const { return m_open; }
    /// Takes over a request; one that cannot even be sent is answered at once, by its sink.
    void submit(RequestPtr request);
    void stop(RequestId id, Request::Stop why);
    void acknowledge(RequestId id);
    /// What runs on the session and what waits behind it.
    void stopSession(quint64 session, Request::Stop why);
    void closeSession(quint64 session);
    void feed(RequestId id, QByteArray data);
    void endFeed(RequestId id, std::optional<QByteArray> failure);
    void waitForFeed(RequestId id, std::shared_ptr<CopyFeed> feed, qint64 below, std::shared_ptr<Sink> sink);
    void setEndpoint(const Endpoint& endpoint);
    void removeEndpoint(const QString& id);
    void testEndpoint(const Endpoint& endpoint, std::chrono::milliseconds deadline, RequestId id,
                      std::shared_ptr<Sink> sink);
    /// Ends the thread. Everything unanswered gets Cancelled.
    void shutDown();

private:
    class EndpointTest;

    /// False, and the sink told, when there is no thread any more.
    bool post(const RequestPtr& request, IoThread::Work work);
    static std::optional<DbError> refuse(const Request& request);
    void accept(const RequestPtr& request);
    void armTimer(const RequestPtr& request, Clock::time_point when);
    void stopNow(RequestId id, Request::Stop why);
    RequestPtr find(RequestId id) const;
    Pool* poolOf(const Request& request) const;
    void forget(const RequestPtr& request);
    void reap();
    void watchRetired();

    void started(const RequestPtr& request) override;
    void completed(const RequestPtr& request, Result<ResultSet> result) override;
    void sessionOpened(const RequestPtr& request, std::optional<DbError> error) override;
    void stateChanged(const EndpointState& state) override;
    std::weak_ptr<IoThread> thread() override { return m_thread; }

    StatementRecord recordOf(const Request& request, StatementRecord::State state) const;

    Listener m_listener;
    std::shared_ptr<std::atomic<bool>> m_open = std::make_shared<std::atomic<bool>>(true);
    std::atomic<quint64> m_ids{1};
    std::shared_ptr<IoThread> m_thread;

    // Only on the I/O thread:
    std::map<QString, std::unique_ptr<Pool>> m_pools;
    std::vector<std::unique_ptr<Pool>> m_retired; ///< replaced or removed, still with something running
    std::unordered_map<RequestId, RequestPtr> m_requests;
    std::unordered_map<RequestId, Pool*> m_poolOfRequest;
    std::unordered_map<quint64, Pool*> m_poolOfSession;
    std::map<RequestId, std::unique_ptr<EndpointTest>> m_tests;
    std::unique_ptr<QTimer> m_reaper;
};

} // namespace atlas::db
