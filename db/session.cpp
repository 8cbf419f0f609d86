// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/session_p.h"

namespace atlas::db {

std::shared_ptr<Sink> receiverSink(const std::shared_ptr<Engine>& engine, RequestId id, QObject* receiver,
                                   ReceiverSink::Handlers handlers)
{
    const std::weak_ptr weak(engine);
    handlers.acknowledge = [weak, id] {
        if (const auto e = weak.lock())
            e->acknowledge(id);
    };
    const auto gone = [weak, id] {
        if (const auto e = weak.lock())
            e->stop(id, Request::Stop::ByReceiver);
    };
    return ReceiverSink::make(receiver, std::move(handlers), gone, engine->open());
}

std::shared_ptr<Session> Session::Private::make(std::shared_ptr<Engine> engine, quint64 id,
                                                const QString& endpoint)
{
    return std::shared_ptr<Session>(new Session(std::make_shared<Private>(std::move(engine), id, endpoint)));
}

RequestPtr Session::Private::request(Request::Kind kind, Statement statement) const
{
    auto request = std::make_shared<Request>();
    request->id = engine->nextId();
    request->kind = kind;
    request->statement = std::move(statement);
    request->session = id;
    request->endpoint = endpoint;
    return request;
}

RequestId Session::Private::submit(const RequestPtr& request)
{
    if (request->kind == Request::Kind::CopyIn) {
        request->feed = std::make_shared<CopyFeed>();
        const std::lock_guard lock(mutex);
        copyId = request->id;
        feed = request->feed;
    }
    const RequestId requestId = request->id;
    engine->submit(request);
    return requestId;
}

qint64 Session::Private::write(QByteArray data)
{
    const std::lock_guard lock(mutex);
    if (!feed || feed->over || data.isEmpty())
        return feed ? feed->unsent.load() : 0;
    const qint64 unsent = feed->unsent += data.size();
    engine->feed(copyId, std::move(data));
    return unsent;
}

void Session::Private::endCopy(std::optional<QByteArray> failure)
{
    const std::lock_guard lock(mutex);
    if (feed)
        engine->endFeed(copyId, std::move(failure));
}

void Session::Private::notifyWhenBelow(qint64 bytes, std::shared_ptr<Sink> sink)
{
    const std::lock_guard lock(mutex);
    if (feed)
        engine->waitForFeed(copyId, feed, bytes, std::move(sink));
    else
        sink->post(DrainedEvent{});
}

Session::Session(std::shared_ptr<Private> priv)
    : d(std::move(priv))
{
}

Session::~Session() = default;

RequestId Session::query(Statement statement, QObject* receiver, ResultHandler done)
{
    const RequestPtr request = d->request(Request::Kind::Query, std::move(statement));
    ReceiverSink::Handlers handlers;
    handlers.done = std::move(done);
    request->sink = receiverSink(d->engine, request->id, receiver, std::move(handlers));
    return d->submit(request);
}

RequestId Session::stream(Statement statement, int batchRows, QObject* receiver, BatchHandler batch,
                          ResultHandler done)
{
    const RequestPtr request = d->request(Request::Kind::Stream, std::move(statement));
    request->batchRows = batchRows;
    ReceiverSink::Handlers handlers;
    handlers.batch = std::move(batch);
    handlers.done = std::move(done);
    request->sink = receiverSink(d->engine, request->id, receiver, std::move(handlers));
    return d->submit(request);
}

RequestId Session::copyIn(Statement statement, QObject* receiver, ResultHandler done)
{
    const RequestPtr request = d->request(Request::Kind::CopyIn, std::move(statement));
    ReceiverSink::Handlers handlers;
    handlers.done = std::move(done);
    request->sink = receiverSink(d->engine, request->id, receiver, std::move(handlers));
    return d->submit(request);
}

qint64 Session::write(QByteArray data)
{
    return d->write(std::move(data));
}

void Session::finish()
{
    d->endCopy(std::nullopt);
}

void Session::fail(const QString& reason)
{
    // An empty one would mean success to libpq's callers elsewhere; here it only must not hold a NUL.
    QByteArray text = reason.toUtf8();
    text.replace('\0', ' ');
    d->endCopy(text);
}

void Session::notifyWhenBelow(qint64 bytes, QObject* receiver, std::function<void()> handler)
{
    ReceiverSink::Handlers handlers;
    handlers.drained = std::move(handler);
    d->notifyWhenBelow(bytes, ReceiverSink::make(
                                  receiver, std::move(handlers), [] {}, d->engine->open()));
}

RequestId Session::copyOut(Statement statement, QObject* receiver, std::function<void(QByteArray)> chunk,
                           ResultHandler done)
{
    const RequestPtr request = d->request(Request::Kind::CopyOut, std::move(statement));
    ReceiverSink::Handlers handlers;
    handlers.chunk = std::move(chunk);
    handlers.done = std::move(done);
    request->sink = receiverSink(d->engine, request->id, receiver, std::move(handlers));
    return d->submit(request);
}

void Session::cancel()
{
    d->engine->stopSession(d->id, Request::Stop::ByCaller);
}

QString Session::endpoint() const
{
    return d->endpoint;
}

} // namespace atlas::db
