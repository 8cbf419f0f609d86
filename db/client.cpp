// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/client.h"

#include "db/client_p.h"
#include "db/session_p.h"

namespace atlas::db {

Client::Private::Private(Client* client)
    : q(client)
{
    Engine::Listener listener;
    listener.state = [this](const EndpointState& state) {
        {
            const std::lock_guard lock(mutex);
            if (!endpoints.contains(state.endpoint))
                return; // removed meanwhile
            states.insert(state.endpoint, state);
        }
        raise(state);
    };
    listener.started = [this](const StatementRecord& record) { raise(Started{record}); };
    listener.finished = [this](const StatementRecord& record) { raise(Finished{record}); };
    engine = std::make_shared<Engine>(std::move(listener));
}

/// On the I/O thread, which ends before the Client does: posting to `q` is safe.
void Client::Private::raise(Signal signal)
{
    if (signals_.post(std::move(signal)) == Mailbox<Signal>::Posted::First)
        QMetaObject::invokeMethod(
            q, [this] { emitAll(); }, Qt::QueuedConnection);
}

void Client::Private::emitAll()
{
    for (const Signal& signal : signals_.takeAll()) {
        if (const auto* state = std::get_if<EndpointState>(&signal))
            Q_EMIT q->endpointStateChanged(*state);
        else if (const auto* started = std::get_if<Started>(&signal))
            Q_EMIT q->statementStarted(started->record);
        else if (const auto* finished = std::get_if<Finished>(&signal))
            Q_EMIT q->statementFinished(finished->record);
    }
}

RequestPtr Client::Private::request(const QString& endpoint, Request::Kind kind, Statement statement) const
{
    auto request = std::make_shared<Request>();
    request->id = engine->nextId();
    request->kind = kind;
    request->statement = std::move(statement);
    request->endpoint = endpoint;
    return request;
}

RequestId Client::Private::submit(const RequestPtr& request, QObject* receiver,
                                  ReceiverSink::Handlers handlers) const
{
    request->sink = receiverSink(engine, request->id, receiver, std::move(handlers));
    const RequestId id = request->id;
    engine->submit(request);
    return id;
}

Client::Client(QObject* parent)
    : QObject(parent)
    , d(std::make_unique<Private>(this))
{
    qRegisterMetaType<atlas::db::EndpointState>();
    qRegisterMetaType<atlas::db::StatementRecord>();
}

Client::~Client()
{
    d->engine->shutDown();
}

void Client::setEndpoint(const Endpoint& endpoint)
{
    {
        const std::lock_guard lock(d->mutex);
        if (const auto old = d->endpoints.constFind(endpoint.id);
            old != d->endpoints.cend() && old->role == endpoint.role && old->info == endpoint.info &&
            old->maxConnections == endpoint.maxConnections && old->readOnly == endpoint.readOnly)
            return; // replacing it by itself would only lose the connections
        d->endpoints.insert(endpoint.id, endpoint);
        EndpointState state;
        state.endpoint = endpoint.id;
        state.since = QDateTime::currentDateTimeUtc();
        d->states.insert(endpoint.id, state);
    }
    d->engine->setEndpoint(endpoint);
}

void Client::removeEndpoint(const QString& id)
{
    {
        const std::lock_guard lock(d->mutex);
        d->endpoints.remove(id);
        d->states.remove(id);
    }
    d->engine->removeEndpoint(id);
}

QList<Endpoint> Client::endpoints() const
{
    const std::lock_guard lock(d->mutex);
    return d->endpoints.values();
}

EndpointState Client::state(const QString& endpoint) const
{
    const std::lock_guard lock(d->mutex);
    EndpointState unknown;
    unknown.endpoint = endpoint;
    return d->states.value(endpoint, unknown);
}

RequestId Client::query(const QString& endpoint, Statement statement, QObject* receiver, ResultHandler done)
{
    ReceiverSink::Handlers handlers;
    handlers.done = std::move(done);
    return d->submit(d->request(endpoint, Request::Kind::Query, std::move(statement)), receiver,
                     std::move(handlers));
}

RequestId Client::stream(const QString& endpoint, Statement statement, int batchRows, QObject* receiver,
                         BatchHandler batch, ResultHandler done)
{
    const RequestPtr request = d->request(endpoint, Request::Kind::Stream, std::move(statement));
    request->batchRows = batchRows;
    ReceiverSink::Handlers handlers;
    handlers.batch = std::move(batch);
    handlers.done = std::move(done);
    return d->submit(request, receiver, std::move(handlers));
}

void Client::openSession(const QString& endpoint, std::chrono::milliseconds deadline, QObject* receiver,
                         SessionHandler done)
{
    Statement statement;
    statement.deadline = deadline;
    const RequestPtr request = d->request(endpoint, Request::Kind::OpenSession, statement);
    request->session = request->id;
    ReceiverSink::Handlers handlers;
    handlers.session = std::move(done);
    d->submit(request, receiver, std::move(handlers));
}

void Client::cancel(RequestId id)
{
    d->engine->stop(id, Request::Stop::ByCaller);
}

void Client::testEndpoint(const Endpoint& endpoint, std::chrono::milliseconds deadline, QObject* receiver,
                          std::function<void(Result<EndpointState>)> done)
{
    const RequestId id = d->engine->nextId();
    ReceiverSink::Handlers handlers;
    handlers.state = std::move(done);
    d->engine->testEndpoint(endpoint, deadline, id,
                            receiverSink(d->engine, id, receiver, std::move(handlers)));
}

} // namespace atlas::db
