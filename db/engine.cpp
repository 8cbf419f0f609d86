// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/engine_p.h"

#include <algorithm>

#include "db/log_p.h"
#include "db/redaction.h"
#include "db/session_p.h"

namespace atlas::db {

namespace {

using namespace std::chrono_literals;

/// The server's own statement_timeout gets this head start: a server that ends the statement by itself keeps
/// its connection, and says so.
constexpr auto Grace = 250ms;
constexpr int MostParams = 65535;

DbError errorOf(ErrorKind kind, const QString& message, const QString& endpoint)
{
    DbError error;
    error.kind = kind;
    error.message = message;
    error.endpoint = endpoint;
    return error;
}

Event failureEvent(const Request& request, const DbError& error)
{
    if (request.kind == Request::Kind::OpenSession)
        return SessionEvent{error};
    return DoneEvent{error};
}

} // namespace

/// One connection of its own, only to see whether it can be made.
class Engine::EndpointTest final : public QObject, private Connection::Owner
{
public:
    EndpointTest(Engine& engine, const Endpoint& endpoint, std::chrono::milliseconds deadline, RequestId id,
                 std::shared_ptr<Sink> sink)
        : m_engine(engine)
        , m_id(id)
        , m_endpoint(endpoint)
        , m_sink(std::move(sink))
        , m_connection(engine.m_thread, *this, endpoint)
    {
        m_connection.limitAttempt(deadline);
        m_connection.open(30s);
    }

    void end(Result<EndpointState> result)
    {
        m_connection.close();
        if (const auto sink = std::exchange(m_sink, nullptr))
            sink->post(StateEvent{std::move(result)});
        if (const auto self = m_engine.m_tests.extract(m_id); !self.empty())
            self.mapped().release()->deleteLater();
    }

private:
    void opened(Connection& connection) override
    {
        const ServerFacts& facts = connection.facts();
        EndpointState state;
        state.endpoint = m_endpoint.id;
        state.link = EndpointState::Link::Up;
        state.since = QDateTime::currentDateTimeUtc();
        state.serverVersion = facts.version;
        state.isRedshift = facts.isRedshift;
        state.inRecovery = facts.inRecovery;
        state.serverUser = facts.user;
        state.tls = facts.tls;
        end(state);
    }
    void lost(Connection&, const DbError& error) override { end(error); }
    void finished(Connection&, const RequestPtr&, Result<ResultSet>) override {}
    void ready(Connection&) override {}

    Engine& m_engine;
    RequestId m_id;
    Endpoint m_endpoint;
    std::shared_ptr<Sink> m_sink;
    Connection m_connection;
};

Engine::Engine(Listener listener)
    : m_listener(std::move(listener))
    , m_thread(std::make_shared<IoThread>())
{
}

Engine::~Engine() = default;

// ---- from any thread

bool Engine::post(const RequestPtr& request, IoThread::Work work)
{
    if (m_thread->post(std::move(work)))
        return true;
    request->sink->post(failureEvent(
        *request, errorOf(ErrorKind::Cancelled, QStringLiteral("cancelled: closing"), request->endpoint)));
    return false;
}

std::optional<DbError> Engine::refuse(const Request& request)
{
    const auto bad = [&request](const QString& message) {
        return errorOf(ErrorKind::BadArgument, message, request.endpoint);
    };
    const Statement& statement = request.statement;
    if (statement.deadline <= 0ms)
        return bad(QStringLiteral("a statement needs a deadline"));
    if (request.kind == Request::Kind::OpenSession)
        return std::nullopt;
    if (statement.params.size() > MostParams)
        return bad(QStringLiteral("more than %1 parameters").arg(MostParams));
    // libpq takes C strings: what follows a NUL would silently be lost.
    if (statement.sql.contains('\0'))
        return bad(QStringLiteral("a statement cannot hold a NUL character"));
    for (const Param& value : statement.params) {
        if (value && value->contains('\0'))
            return bad(
                QStringLiteral("a value cannot hold a NUL character: PostgreSQL has no way to store it"));
    }
    const bool isCopy = request.kind == Request::Kind::CopyIn || request.kind == Request::Kind::CopyOut;
    if (!statement.params.isEmpty() && (isCopy || request.kind == Request::Kind::Script))
        return bad(QStringLiteral("COPY and scripts take no parameters"));
    if (request.kind == Request::Kind::Stream && request.batchRows <= 0)
        return bad(QStringLiteral("a batch needs at least one row"));
    return std::nullopt;
}

void Engine::submit(RequestPtr request)
{
    if (auto error = refuse(*request)) {
        if (request->feed)
            request->feed->over = true;
        request->sink->post(failureEvent(*request, *error));
        return;
    }
    post(request, [this, request] { accept(request); });
}

void Engine::stop(RequestId id, Request::Stop why)
{
    m_thread->post([this, id, why] { stopNow(id, why); });
}

void Engine::acknowledge(RequestId id)
{
    m_thread->post([this, id] {
        // The answer to a batch of a request that has ended meanwhile finds none.
        if (const RequestPtr request = find(id); request && request->connection)
            request->connection->acknowledge();
    });
}

void Engine::stopSession(quint64 session, Request::Stop why)
{
    m_thread->post([this, session, why] {
        std::vector<RequestId> ids;
        for (const auto& [id, request] : m_requests) {
            if (request->session == session && request->kind != Request::Kind::OpenSession)
                ids.push_back(id);
        }
        // From the back: what waits is gone before what runs can make room for it.
        std::sort(ids.begin(), ids.end(), std::greater<>());
        for (const RequestId id : ids)
            stopNow(id, why);
    });
}

void Engine::closeSession(quint64 session)
{
    m_thread->post([this, session] {
        const auto place = m_poolOfSession.find(session);
        if (place == m_poolOfSession.end())
            return;
        Pool* pool = place->second;
        m_poolOfSession.erase(place);
        pool->closeSession(session);
    });
}

void Engine::feed(RequestId id, QByteArray data)
{
    m_thread->post([this, id, data = std::move(data)]() mutable {
        const RequestPtr request = find(id);
        if (!request || !request->feed || request->feed->failure)
            return;
        request->feed->chunks.push_back(std::move(data));
        if (request->connection)
            request->connection->feedCopy();
    });
}

void Engine::endFeed(RequestId id, std::optional<QByteArray> failure)
{
    m_thread->post([this, id, failure = std::move(failure)]() mutable {
        const RequestPtr request = find(id);
        if (!request || !request->feed || request->feed->finished || request->feed->failure)
            return;
        if (failure) {
            request->feed->chunks.clear();
            request->feed->offset = 0;
            request->feed->failure = std::move(failure);
        } else {
            request->feed->finished = true;
        }
        if (request->connection)
            request->connection->feedCopy();
    });
}

void Engine::waitForFeed(RequestId id, std::shared_ptr<CopyFeed> feed, qint64 below,
                         std::shared_ptr<Sink> sink)
{
    const bool posted = m_thread->post([this, id, feed, below, sink] {
        if (feed->over || feed->unsent < below || !find(id))
            sink->post(DrainedEvent{});
        else
            feed->waiters.push_back({below, sink});
    });
    if (!posted)
        sink->post(DrainedEvent{});
}

void Engine::setEndpoint(const Endpoint& endpoint)
{
    m_thread->post([this, endpoint] {
        std::deque<RequestPtr> waiting;
        if (const auto old = m_pools.find(endpoint.id); old != m_pools.end()) {
            const Endpoint& known = old->second->endpoint();
            if (known.role == endpoint.role && known.info == endpoint.info &&
                known.readOnly == endpoint.readOnly && known.maxConnections == endpoint.maxConnections)
                return; // its connections are as good as new ones
            waiting = old->second->retire();
            m_retired.push_back(std::move(old->second));
            m_pools.erase(old);
            watchRetired();
        }
        Pool::Host& host = *this;
        auto pool = std::make_unique<Pool>(host, endpoint);
        Pool& fresh = *pool;
        m_pools.emplace(endpoint.id, std::move(pool));
        stateChanged(fresh.state());
        for (const RequestPtr& request : waiting) {
            m_poolOfRequest[request->id] = &fresh;
            fresh.submit(request);
        }
    });
}

void Engine::removeEndpoint(const QString& id)
{
    m_thread->post([this, id] {
        const auto place = m_pools.find(id);
        if (place == m_pools.end())
            return;
        const std::deque<RequestPtr> waiting = place->second->retire();
        m_retired.push_back(std::move(place->second));
        m_pools.erase(place);
        watchRetired();
        for (const RequestPtr& request : waiting) {
            const DbError error =
                errorOf(ErrorKind::Cancelled, QStringLiteral("the endpoint was removed"), id);
            if (request->kind == Request::Kind::OpenSession)
                sessionOpened(request, error);
            else
                completed(request, error);
        }
    });
}

void Engine::testEndpoint(const Endpoint& endpoint, std::chrono::milliseconds deadline, RequestId id,
                          std::shared_ptr<Sink> sink)
{
    const bool posted = m_thread->post([this, endpoint, deadline, id, sink] {
        m_tests.emplace(id, std::make_unique<EndpointTest>(*this, endpoint, deadline, id, sink));
    });
    if (!posted)
        sink->post(
            StateEvent{errorOf(ErrorKind::Cancelled, QStringLiteral("cancelled: closing"), endpoint.id)});
}

void Engine::shutDown()
{
    m_open->store(false);
    m_thread->stop([this] {
        while (!m_tests.empty())
            m_tests.begin()->second->end(
                errorOf(ErrorKind::Cancelled, QStringLiteral("cancelled: closing"), QString()));
        for (const auto& [id, pool] : m_pools)
            pool->shutDown();
        for (const auto& pool : m_retired)
            pool->shutDown();
        m_pools.clear();
        m_retired.clear();
        m_requests.clear();
        m_poolOfRequest.clear();
        m_poolOfSession.clear();
        m_reaper.reset();
    });
}

// ---- on the I/O thread

void Engine::accept(const RequestPtr& request)
{
    Pool* pool = nullptr;
    if (request->session != 0 && request->kind != Request::Kind::OpenSession) {
        const auto place = m_poolOfSession.find(request->session);
        pool = place == m_poolOfSession.end() ? nullptr : place->second;
    } else if (const auto place = m_pools.find(request->endpoint); place != m_pools.end()) {
        pool = place->second.get();
    }
    m_requests.emplace(request->id, request);
    if (request->kind != Request::Kind::OpenSession)
        m_listener.started(recordOf(*request, StatementRecord::State::Waiting));
    if (!pool) {
        const DbError error =
            request->session != 0 && request->kind != Request::Kind::OpenSession
                ? errorOf(ErrorKind::ConnectionLost, QStringLiteral("the session is closed"),
                          request->endpoint)
                : errorOf(ErrorKind::BadArgument, QStringLiteral("there is no endpoint of this name"),
                          request->endpoint);
        if (request->kind == Request::Kind::OpenSession)
            sessionOpened(request, error);
        else
            completed(request, error);
        return;
    }
    m_poolOfRequest.emplace(request->id, pool);
    armTimer(request, request->deadline());
    if (request->session != 0 && request->kind != Request::Kind::OpenSession)
        pool->submitToSession(request);
    else
        pool->submit(request);
}

void Engine::armTimer(const RequestPtr& request, Clock::time_point when)
{
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - Clock::now());
    request->timer = std::make_unique<QTimer>();
    request->timer->setSingleShot(true);
    request->timer->setTimerType(left < 10s ? Qt::PreciseTimer : Qt::CoarseTimer);
    QObject::connect(request->timer.get(), &QTimer::timeout, request->timer.get(), [this, id = request->id] {
        const RequestPtr due = find(id);
        if (!due)
            return;
        const auto end = due->deadline() + (due->running ? Grace : 0ms);
        if (Clock::now() >= end) {
            stopNow(id, Request::Stop::ByDeadline);
        } else {
            const auto more = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
            due->timer->start(std::max(1ms, more));
        }
    });
    request->timer->start(int(std::clamp<qint64>(left.count(), 0, std::numeric_limits<int>::max())));
}

void Engine::stopNow(RequestId id, Request::Stop why)
{
    const RequestPtr request = find(id);
    if (!request || request->stop != Request::Stop::No)
        return;
    request->stop = why;
    if (Pool* pool = poolOf(*request))
        pool->stop(request);
}

RequestPtr Engine::find(RequestId id) const
{
    const auto place = m_requests.find(id);
    return place == m_requests.end() ? nullptr : place->second;
}

Pool* Engine::poolOf(const Request& request) const
{
    const auto place = m_poolOfRequest.find(request.id);
    return place == m_poolOfRequest.end() ? nullptr : place->second;
}

void Engine::forget(const RequestPtr& request)
{
    // The timer may be the very one whose timeout is being handled.
    if (request->timer) {
        request->timer->stop();
        request->timer.release()->deleteLater();
    }
    m_requests.erase(request->id);
    m_poolOfRequest.erase(request->id);
}

StatementRecord Engine::recordOf(const Request& request, StatementRecord::State state) const
{
    StatementRecord record;
    record.id = request.id;
    record.state = state;
    record.statement = request.statement;
    record.statement.sql = redactSql(request.statement.sql);
    record.endpoint = request.endpoint;
    record.startedAt = request.calledAt;
    record.milliseconds = std::chrono::duration<double, std::milli>(Clock::now() - request.called).count();
    record.rows = request.rows;
    return record;
}

void Engine::started(const RequestPtr& request)
{
    m_listener.started(recordOf(*request, StatementRecord::State::Running));
}

void Engine::completed(const RequestPtr& request, Result<ResultSet> result)
{
    forget(request);
    if (CopyFeed* feed = request->feed.get()) {
        feed->over = true;
        feed->chunks.clear();
        feed->unsent = 0;
        for (const auto& waiter : feed->waiters)
            waiter.sink->post(DrainedEvent{});
        feed->waiters.clear();
    }
    auto state = StatementRecord::State::Done;
    if (!result)
        state = result.error().kind == ErrorKind::Cancelled ? StatementRecord::State::Cancelled
                                                            : StatementRecord::State::Failed;
    StatementRecord record = recordOf(*request, state);
    if (!result)
        record.error = result.error();
    else if (result->affectedRows() > record.rows)
        record.rows = result->affectedRows();
    qCDebug(statementLog).noquote() << request->endpoint << request->statement.name << record.milliseconds
                                    << "ms" << record.rows << "rows"
                                    << (result ? QString() : result.error().text());
    request->sink->post(DoneEvent{std::move(result)});
    m_listener.finished(record);
}

void Engine::sessionOpened(const RequestPtr& request, std::optional<DbError> error)
{
    Pool* pool = poolOf(*request);
    forget(request);
    if (error) {
        request->sink->post(SessionEvent{*error});
        return;
    }
    m_poolOfSession.emplace(request->session, pool);
    request->sink->post(
        SessionEvent{Session::Private::make(shared_from_this(), request->session, request->endpoint)});
}

void Engine::stateChanged(const EndpointState& state)
{
    m_listener.state(state);
}

void Engine::watchRetired()
{
    if (!m_reaper) {
        m_reaper = std::make_unique<QTimer>();
        QObject::connect(m_reaper.get(), &QTimer::timeout, m_reaper.get(), [this] { reap(); });
    }
    m_reaper->start(500ms);
}

void Engine::reap()
{
    std::erase_if(m_retired, [this](const auto& pool) {
        if (!pool->isEmpty())
            return false;
        // Sessions whose connection is gone are still somebody's: what they ask next is answered without a
        // pool.
        std::erase_if(m_poolOfSession, [&pool](const auto& entry) { return entry.second == pool.get(); });
        std::erase_if(m_poolOfRequest, [&pool](const auto& entry) { return entry.second == pool.get(); });
        return true;
    });
    if (m_retired.empty())
        m_reaper->stop();
}

} // namespace atlas::db
