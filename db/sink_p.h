// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <variant>

#include "db/client.h"
#include "db/mailbox.h"

namespace atlas::db {

struct BatchEvent
{
    ResultSet rows;
};
struct ChunkEvent
{
    QByteArray bytes;
};
struct DoneEvent
{
    Result<ResultSet> result;
};
struct SessionEvent
{
    Result<std::shared_ptr<Session>> session;
};
struct StateEvent
{
    Result<EndpointState> state;
};
/// Less than the asked number of bytes of a COPY … FROM STDIN are still unsent. Comes once, to a sink of its
/// own.
struct DrainedEvent
{
};
using Event = std::variant<BatchEvent, ChunkEvent, DoneEvent, SessionEvent, StateEvent, DrainedEvent>;

/// Where the I/O thread leaves what came of a request.
class Sink
{
public:
    Sink() = default;
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;
    virtual ~Sink();
    virtual void post(Event event) = 0;
};

/// Calls the handlers on the receiver's thread, in order, and never once the receiver is gone.
class ReceiverSink final : public Sink, public std::enable_shared_from_this<ReceiverSink>
{
public:
    /// Called and destroyed on the receiver's thread.
    struct Handlers
    {
        BatchHandler batch;
        std::function<void(QByteArray)> chunk;
        ResultHandler done;
        SessionHandler session;
        std::function<void(Result<EndpointState>)> state;
        std::function<void()> drained;
        /// After batch or chunk has returned: the next may be read.
        std::function<void()> acknowledge;
    };

    /// `receiver` must be alive during the call. `gone` is called, on the receiver's thread, when it is
    /// destroyed before the last event. `open` turns false when handlers must not be called any more (the
    /// Client is gone).
    static std::shared_ptr<ReceiverSink> make(QObject* receiver, Handlers handlers,
                                              std::function<void()> gone,
                                              std::shared_ptr<const std::atomic<bool>> open);
    ~ReceiverSink() override;
    void post(Event event) override;

private:
    ReceiverSink() = default;
    void dispatch();
    void call(Event& event);

    Mailbox<Event> m_events;
    std::mutex m_mutex;            ///< held while posting to m_receiver, so that it cannot die meanwhile
    QObject* m_receiver = nullptr; ///< guarded by m_mutex
    QMetaObject::Connection m_destroyed;
    std::shared_ptr<const std::atomic<bool>> m_open;

    // Only on the receiver's thread:
    std::shared_ptr<Handlers> m_handlers;
    std::deque<Event> m_pending;
    bool m_isCalling = false; ///< of the receiver's thread
};

/// For a thread that waits: BlockingSession.
class WaitingSink final : public Sink
{
public:
    void post(Event event) override { m_events.post(std::move(event)); }
    std::optional<Event> wait(std::chrono::steady_clock::time_point deadline)
    {
        return m_events.waitAndTake(deadline);
    }
    void close() { m_events.close(); }

private:
    Mailbox<Event> m_events;
};

} // namespace atlas::db
