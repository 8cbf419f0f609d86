// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/sink_p.h"

#include <QThread>

#include <atomic>

namespace atlas::db {

Sink::~Sink() = default;

std::shared_ptr<ReceiverSink> ReceiverSink::make(QObject* receiver, Handlers handlers,
                                                 std::function<void()> gone,
                                                 std::shared_ptr<const std::atomic<bool>> open)
{
    Q_ASSERT(receiver);
    std::shared_ptr<ReceiverSink> sink(new ReceiverSink);
    sink->m_receiver = receiver;
    sink->m_open = std::move(open);
    sink->m_handlers = std::make_shared<Handlers>(std::move(handlers));
    // Without a context object on purpose: this has to run in the thread that destroys the receiver, before
    // its destructor goes on. As long as it waits for the mutex, an event may safely be posted to the
    // receiver.
    const auto connection =
        QObject::connect(receiver, &QObject::destroyed, [weak = std::weak_ptr(sink), gone = std::move(gone)] {
            const auto self = weak.lock();
            if (!self)
                return;
            {
                const std::lock_guard lock(self->m_mutex);
                self->m_receiver = nullptr;
            }
            self->m_handlers.reset();
            self->m_pending.clear();
            gone();
        });
    const std::lock_guard lock(sink->m_mutex);
    sink->m_destroyed = connection;
    return sink;
}

ReceiverSink::~ReceiverSink()
{
    QObject::disconnect(m_destroyed);
}

void ReceiverSink::post(Event event)
{
    if (m_events.post(std::move(event)) != Mailbox<Event>::Posted::First)
        return;
    const std::lock_guard lock(m_mutex);
    if (m_receiver)
        QMetaObject::invokeMethod(
            m_receiver, [self = shared_from_this()] { self->dispatch(); }, Qt::QueuedConnection);
}

void ReceiverSink::dispatch()
{
    for (Event& event : m_events.takeAll())
        m_pending.push_back(std::move(event));
    // A handler may run an event loop of its own (a dialog): what comes meanwhile waits until it has
    // returned.
    if (m_isCalling)
        return;
    m_isCalling = true;
    while (!m_pending.empty()) {
        Event event = std::move(m_pending.front());
        m_pending.pop_front();
        call(event);
    }
    m_isCalling = false;
}

void ReceiverSink::call(Event& event)
{
    // The handler may delete the receiver, and with it this object's handlers: a copy keeps what is running.
    const std::shared_ptr<Handlers> handlers = m_handlers;
    if (!handlers)
        return;
    const bool last =
        !std::holds_alternative<BatchEvent>(event) && !std::holds_alternative<ChunkEvent>(event);
    if (last) {
        // Nothing to watch any more. The handlers die here, on the receiver's thread, like all they captured.
        QObject::disconnect(m_destroyed);
        m_handlers.reset();
    }
    if (!m_open->load())
        return;
    if (auto* batch = std::get_if<BatchEvent>(&event)) {
        handlers->batch(std::move(batch->rows));
        handlers->acknowledge();
    } else if (auto* chunk = std::get_if<ChunkEvent>(&event)) {
        handlers->chunk(std::move(chunk->bytes));
        handlers->acknowledge();
    } else if (auto* done = std::get_if<DoneEvent>(&event)) {
        handlers->done(std::move(done->result));
    } else if (auto* session = std::get_if<SessionEvent>(&event)) {
        handlers->session(std::move(session->session));
    } else if (auto* state = std::get_if<StateEvent>(&event)) {
        handlers->state(std::move(state->state));
    } else {
        handlers->drained();
    }
}

} // namespace atlas::db
