// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/pool_p.h"

#include <QRandomGenerator>

#include <algorithm>

#include "db/log_p.h"

namespace atlas::db {

namespace {

using namespace std::chrono_literals;

constexpr auto IdleLife = 60s;
/// A statement that fails sooner than this on a used connection has met one that was dead already.
constexpr auto StaleWithin = 500ms;
/// A server from which nothing has come for so long while it had something to do is asked whether it still
/// lives.
constexpr auto FirstSilence = 800ms;
constexpr auto LongestSilence = 30s;
/// What it gets for the answer, or eight times what connecting took before: a busy server is not a dead one.
constexpr auto ProbePatience = 1200ms;
constexpr int ProbeFactor = 8;
constexpr auto DefaultTimeout = 30s;

/// Trying again without being asked may lock an account or fill the server's log, and cannot help before a
/// person has changed something.
bool needsPerson(const DbError& error)
{
    switch (error.kind) {
    case ErrorKind::BadArgument:
    case ErrorKind::Authentication:
    case ErrorKind::NoSuchDatabase:
    case ErrorKind::Permission:
        return true;
    default:
        return false;
    }
}

} // namespace

Pool::Pool(Host& host, Endpoint endpoint)
    : m_host(host)
    , m_endpoint(std::move(endpoint))
    , m_silenceAllowed(FirstSilence)
{
    m_state.endpoint = m_endpoint.id;
    m_state.since = QDateTime::currentDateTimeUtc();
    m_retry.setSingleShot(true);
    m_growthPause.setSingleShot(true);
    m_suspicion.setSingleShot(true);
    m_silence.setInterval(200ms);
    m_idle.setInterval(10s);
    connect(&m_retry, &QTimer::timeout, this, [this] { retryInBackground(); });
    connect(&m_growthPause, &QTimer::timeout, this, [this] { pump(); });
    connect(&m_silence, &QTimer::timeout, this, [this] { checkSilence(); });
    connect(&m_idle, &QTimer::timeout, this, [this] { closeIdle(); });
    connect(&m_suspicion, &QTimer::timeout, this, [this] {
        if (m_state.link != EndpointState::Link::Up || wasHeardLately())
            return;
        DbError error;
        error.kind = ErrorKind::Deadline;
        error.endpoint = m_endpoint.id;
        error.message = QStringLiteral("the server has stopped answering");
        // The attempt goes on: should it succeed after all, the endpoint is up again at once.
        goDown(error);
    });
}

Pool::~Pool() = default;

// ---- requests

void Pool::submit(const RequestPtr& request)
{
    m_waiting.push_back(request);
    pump();
    if (!request->running && m_state.link == EndpointState::Link::Down && isRestingAfterFailure())
        failWaiting(*m_state.lastError);
}

void Pool::submitToSession(const RequestPtr& request)
{
    const auto lease = m_sessions.find(request->session);
    if (lease == m_sessions.end()) {
        DbError error;
        error.kind = ErrorKind::ConnectionLost;
        error.message = QStringLiteral("the session is closed");
        finish(request, error);
        return;
    }
    if (lease->second.broken) {
        finish(request, *lease->second.broken);
        return;
    }
    lease->second.queue.push_back(request);
    pumpSession(request->session);
}

void Pool::stop(const RequestPtr& request)
{
    if (request->connection) {
        request->connection->stopRunning();
        return;
    }
    auto* queue = &m_waiting;
    if (const auto lease = m_sessions.find(request->session); lease != m_sessions.end())
        queue = &lease->second.queue;
    const auto place = std::find(queue->begin(), queue->end(), request);
    if (place == queue->end())
        return;
    queue->erase(place);
    DbError error = stopError(*request);
    if (error.kind == ErrorKind::Deadline) {
        error.neverSent = openConnections() > 0;
        if (!error.neverSent)
            error.message = QStringLiteral("still connecting: %1").arg(error.message);
    }
    finish(request, error);
}

void Pool::finish(const RequestPtr& request, const DbError& error)
{
    DbError located = error;
    if (located.endpoint.isEmpty())
        located.endpoint = m_endpoint.id;
    if (request->kind == Request::Kind::OpenSession)
        m_host.sessionOpened(request, located);
    else
        m_host.completed(request, located);
}

void Pool::failWaiting(const DbError& error)
{
    for (const RequestPtr& request : std::exchange(m_waiting, {}))
        finish(request, error);
}

void Pool::start(Connection& connection, const RequestPtr& request)
{
    request->connection = &connection;
    if (!m_silence.isActive())
        m_silence.start();
    connection.run(request);
    m_host.started(request);
}

void Pool::pump()
{
    while (!m_waiting.empty()) {
        Slot* idle = nullptr;
        for (const auto& slot : m_slots) {
            // The one used last: the others may then grow old and be closed.
            if (slot->connection->state() == Connection::State::Idle && slot->session == 0 &&
                (!idle || slot->connection->idleSince() > idle->connection->idleSince()))
                idle = slot.get();
        }
        if (!idle) {
            grow();
            return;
        }
        const RequestPtr request = m_waiting.front();
        m_waiting.pop_front();
        if (request->kind == Request::Kind::OpenSession) {
            idle->session = request->session;
            m_sessions.emplace(request->session, Lease());
            m_host.sessionOpened(request, std::nullopt);
        } else {
            start(*idle->connection, request);
        }
    }
}

void Pool::grow()
{
    if (m_retired || isRestingAfterFailure() || m_growthPause.isActive())
        return;
    // The first one alone: a wrong password tried by several at once may lock the account.
    const int most = openConnections() == 0 ? 1 : std::max(1, m_endpoint.maxConnections);
    while (int(m_slots.size()) < most && attemptsRunning() < int(m_waiting.size()))
        connectOne(false);
}

void Pool::connectOne(bool probe)
{
    auto slot = std::make_unique<Slot>();
    Connection::Owner& owner = *this;
    slot->connection = std::make_unique<Connection>(m_host.thread(), owner, m_endpoint);
    slot->probe = probe;
    Connection& connection = *slot->connection;
    m_slots.push_back(std::move(slot));
    if (m_state.link == EndpointState::Link::Unknown)
        setLink(EndpointState::Link::Connecting);
    const auto first = m_waiting.empty() ? DefaultTimeout : m_waiting.front()->statement.deadline;
    connection.open(first);
}

// ---- what connections report

void Pool::opened(Connection& connection)
{
    Slot* slot = slotOf(connection);
    slot->open = true;
    m_connectTook = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - slot->since);
    m_lastProof = Clock::now();
    m_suspicion.stop();
    m_backoff.reset();
    m_retry.stop();
    goUp(connection);
    if (!m_idle.isActive())
        m_idle.start();
    const bool surplus = int(m_slots.size()) > std::max(1, m_endpoint.maxConnections);
    if (m_retired || (slot->probe && surplus)) {
        removeSlot(connection);
        return;
    }
    slot->probe = false;
    pump();
}

void Pool::lost(Connection& connection, const DbError& error)
{
    const Slot* slot = slotOf(connection);
    const bool wasOpen = slot->open;
    const quint64 session = slot->session;
    removeSlot(connection);
    if (session != 0)
        breakSession(session, error);
    if (!wasOpen) {
        attemptFailed(error);
        return;
    }
    qCDebug(poolLog).noquote() << "an idle connection broke:" << error.text();
    // The last one gone: is there still a server? Better known now than at the next click.
    if (openConnections() == 0 && m_state.link == EndpointState::Link::Up && attemptsRunning() == 0 &&
        !m_retired)
        connectOne(false);
    pump();
}

void Pool::finished(Connection& connection, const RequestPtr& request, Result<ResultSet> result)
{
    request->connection = nullptr;
    Slot* slot = slotOf(connection);
    const bool closed = connection.state() == Connection::State::Closed;
    if (!closed) {
        m_lastProof = Clock::now();
        m_silenceAllowed = FirstSilence;
        if (m_state.link == EndpointState::Link::Down)
            goUp(connection);
    }

    const quint64 session = slot->session;
    const bool lostIt = !result && result.error().kind == ErrorKind::ConnectionLost;
    const bool stale = lostIt && session == 0 && m_endpoint.readOnly && request->stop == Request::Stop::No &&
                       !request->retried && !connection.hasAnswer() && connection.statementsRun() > 0 &&
                       Clock::now() - request->sentAt < StaleWithin &&
                       (request->kind == Request::Kind::Query || request->kind == Request::Kind::Stream);
    const bool dropped = !result && result.error().mayStillBeRunning;
    if (closed) {
        removeSlot(connection);
        slot = nullptr;
    }

    if (stale) {
        // It had died unnoticed while idle, and so have its neighbours, most likely.
        request->retried = true;
        request->running = false;
        std::vector<const Connection*> old;
        for (const auto& other : m_slots) {
            if (other->connection->state() == Connection::State::Idle && other->session == 0)
                old.push_back(other->connection.get());
        }
        for (const Connection* other : old)
            removeSlot(*other);
        m_waiting.push_front(request);
        pump();
        return;
    }

    const std::optional<DbError> error = result ? std::nullopt : std::optional(result.error());
    m_host.completed(request, std::move(result));
    if (closed) {
        if (session != 0)
            breakSession(session, *error);
        if (dropped || (openConnections() == 0 && m_state.link == EndpointState::Link::Up))
            suspect();
        pump();
        return;
    }
    if (connection.state() == Connection::State::Idle)
        ready(connection);
}

void Pool::ready(Connection& connection)
{
    Slot* slot = slotOf(connection);
    if (slot->session != 0) {
        pumpSession(slot->session);
        return;
    }
    if (slot->abandoned || connection.inTransaction()) {
        slot->abandoned = false;
        giveBack(*slot);
        return;
    }
    if (m_retired)
        removeSlot(connection);
    else
        pump();
}

/// Wipes what the last user may have left.
void Pool::giveBack(Slot& slot)
{
    if (m_retired || slot.connection->isLegacy()) {
        // No DISCARD there, and temporary tables live as long as the connection.
        removeSlot(*slot.connection);
        pump();
        return;
    }
    slot.connection->reset();
}

// ---- sessions

void Pool::pumpSession(quint64 session)
{
    const auto lease = m_sessions.find(session);
    Slot* slot = slotOfSession(session);
    if (lease == m_sessions.end() || !slot || lease->second.queue.empty() ||
        slot->connection->state() != Connection::State::Idle)
        return;
    const RequestPtr request = lease->second.queue.front();
    lease->second.queue.pop_front();
    start(*slot->connection, request);
}

void Pool::breakSession(quint64 session, const DbError& error)
{
    const auto lease = m_sessions.find(session);
    if (lease == m_sessions.end())
        return;
    DbError lost = error;
    lost.kind = ErrorKind::ConnectionLost;
    lost.message = QStringLiteral("the session has lost its connection: %1").arg(error.message);
    lease->second.broken = lost;
    for (const RequestPtr& request : std::exchange(lease->second.queue, {}))
        finish(request, lost);
}

void Pool::closeSession(quint64 session)
{
    const auto lease = m_sessions.find(session);
    if (lease == m_sessions.end())
        return;
    const std::deque<RequestPtr> queue = std::move(lease->second.queue);
    m_sessions.erase(lease);
    for (const RequestPtr& request : queue) {
        request->stop = Request::Stop::ByCaller;
        finish(request, stopError(*request));
    }
    Slot* slot = slotOfSession(session);
    if (!slot)
        return;
    slot->session = 0;
    if (slot->connection->state() == Connection::State::Idle) {
        giveBack(*slot);
        return;
    }
    slot->abandoned = true;
    if (const RequestPtr& running = slot->connection->request();
        running && running->stop == Request::Stop::No) {
        running->stop = Request::Stop::ByCaller;
        slot->connection->stopRunning();
    }
}

// ---- up, down, in doubt

bool Pool::isRestingAfterFailure() const
{
    // While an attempt of our own accord is under way, too: nobody should wait for a server that is known to
    // be down.
    const auto isOurs = [](const auto& slot) { return !slot->open && slot->probe; };
    return m_state.link == EndpointState::Link::Down &&
           (m_retry.isActive() || std::any_of(m_slots.begin(), m_slots.end(), isOurs));
}

void Pool::attemptFailed(const DbError& error)
{
    if (m_retired)
        return;
    if (openConnections() > 0 && (error.kind == ErrorKind::Unavailable || wasHeardLately())) {
        // It lives but takes no more connections. Those that there are will do for a while.
        if (!m_growthPause.isActive())
            m_growthPause.start(m_backoff.next(QRandomGenerator::global()->generateDouble()));
        return;
    }
    goDown(error);
}

void Pool::goDown(const DbError& error)
{
    m_state.lastError = error;
    if (!m_retry.isActive())
        m_retry.start(m_backoff.next(QRandomGenerator::global()->generateDouble()));
    if (m_state.link != EndpointState::Link::Down)
        qCInfo(poolLog).noquote() << m_endpoint.id << "is down:" << error.text();
    setLink(EndpointState::Link::Down);
    failWaiting(error);
}

void Pool::goUp(const Connection& connection)
{
    const ServerFacts& facts = connection.facts();
    const bool changed = m_state.inRecovery != facts.inRecovery || m_state.serverVersion != facts.version;
    m_state.serverVersion = facts.version;
    m_state.isRedshift = facts.isRedshift;
    m_state.inRecovery = facts.inRecovery;
    m_state.serverUser = facts.user;
    m_state.tls = facts.tls;
    if (m_state.link == EndpointState::Link::Up) {
        if (changed) // promoted while nobody looked
            m_host.stateChanged(m_state);
        return;
    }
    if (m_state.link == EndpointState::Link::Down)
        qCInfo(poolLog).noquote() << m_endpoint.id << "is up again";
    m_state.lastError.reset();
    m_backoff.reset();
    m_retry.stop();
    setLink(EndpointState::Link::Up);
}

void Pool::setLink(EndpointState::Link link)
{
    if (m_state.link != link) {
        m_state.link = link;
        m_state.since = QDateTime::currentDateTimeUtc();
    }
    if (!m_retired)
        m_host.stateChanged(m_state);
}

void Pool::retryInBackground()
{
    if (m_state.link != EndpointState::Link::Down || m_retired)
        return;
    if (attemptsRunning() > 0) {
        // Asked for before the endpoint went down; from now on nobody waits for them.
        for (const auto& slot : m_slots)
            slot->probe = slot->probe || !slot->open;
        return;
    }
    if (needsPerson(*m_state.lastError))
        return; // the next request is the attempt
    connectOne(true);
}

/// Something is odd: does the server still take connections?
void Pool::suspect()
{
    if (m_retired || m_state.link != EndpointState::Link::Up)
        return;
    if (attemptsRunning() == 0)
        connectOne(true);
    if (!m_suspicion.isActive())
        m_suspicion.start(std::max<std::chrono::milliseconds>(ProbePatience, ProbeFactor * m_connectTook));
}

void Pool::checkSilence()
{
    const auto now = Clock::now();
    auto lastHeard = m_lastProof;
    auto longest = Clock::duration::zero();
    bool isRunning = false;
    for (const auto& slot : m_slots) {
        if (slot->open)
            lastHeard = std::max(lastHeard, slot->connection->lastHeard());
        if (slot->connection->state() != Connection::State::Running)
            continue;
        isRunning = true;
        const auto since = std::max(slot->connection->lastHeard(), slot->connection->request()->sentAt);
        longest = std::max(longest, now - since);
    }
    if (!isRunning) {
        m_silence.stop();
        return;
    }
    if (longest < m_silenceAllowed || now - lastHeard < m_silenceAllowed)
        return;
    // A long statement is silent too: ask less and less often.
    m_silenceAllowed = std::min<std::chrono::milliseconds>(m_silenceAllowed * 3, LongestSilence);
    suspect();
}

void Pool::closeIdle()
{
    int idle = 0;
    for (const auto& slot : m_slots)
        idle += slot->connection->state() == Connection::State::Idle && slot->session == 0 ? 1 : 0;
    std::vector<const Connection*> old;
    for (const auto& slot : m_slots) {
        if (idle > 1 && slot->connection->state() == Connection::State::Idle && slot->session == 0 &&
            Clock::now() - slot->connection->idleSince() > IdleLife) {
            old.push_back(slot->connection.get());
            --idle;
        }
    }
    for (const Connection* connection : old)
        removeSlot(*connection);
}

// ---- the end

std::deque<RequestPtr> Pool::retire()
{
    m_retired = true;
    m_retry.stop();
    m_suspicion.stop();
    std::vector<const Connection*> unused;
    for (const auto& slot : m_slots) {
        if (slot->session == 0 && slot->connection->state() != Connection::State::Running &&
            slot->connection->state() != Connection::State::Settling)
            unused.push_back(slot->connection.get());
    }
    for (const Connection* connection : unused)
        removeSlot(*connection);
    return std::exchange(m_waiting, {});
}

void Pool::shutDown()
{
    m_retired = true;
    const auto end = [this](const RequestPtr& request) {
        request->stop = Request::Stop::ByClient;
        finish(request, stopError(*request));
    };
    for (const RequestPtr& request : std::exchange(m_waiting, {}))
        end(request);
    for (auto& [id, lease] : m_sessions) {
        for (const RequestPtr& request : std::exchange(lease.queue, {}))
            end(request);
    }
    for (const auto& slot : m_slots) {
        const RequestPtr running = slot->connection->request();
        if (running) {
            running->stop = Request::Stop::ByClient;
            slot->connection->stopRunning();
        }
        slot->connection->close();
        if (running) {
            running->connection = nullptr;
            finish(running, stopError(*running));
        }
    }
    m_slots.clear();
    m_sessions.clear();
}

Pool::Slot* Pool::slotOf(const Connection& connection)
{
    const auto place = std::find_if(m_slots.begin(), m_slots.end(),
                                    [&](const auto& slot) { return slot->connection.get() == &connection; });
    Q_ASSERT(place != m_slots.end());
    return place->get();
}

Pool::Slot* Pool::slotOfSession(quint64 session)
{
    const auto place = std::find_if(m_slots.begin(), m_slots.end(),
                                    [&](const auto& slot) { return slot->session == session; });
    return place == m_slots.end() ? nullptr : place->get();
}

void Pool::removeSlot(const Connection& connection)
{
    const auto place = std::find_if(m_slots.begin(), m_slots.end(),
                                    [&](const auto& slot) { return slot->connection.get() == &connection; });
    Q_ASSERT(place != m_slots.end());
    (*place)->connection->close();
    // It may be on the call stack right now.
    (*place)->connection.release()->deleteLater();
    m_slots.erase(place);
}

bool Pool::wasHeardLately() const
{
    const auto since = Clock::now() - FirstSilence;
    return m_lastProof > since || std::any_of(m_slots.begin(), m_slots.end(), [since](const auto& slot) {
               return slot->open && slot->connection->lastHeard() > since;
           });
}

int Pool::attemptsRunning() const
{
    return int(std::count_if(m_slots.begin(), m_slots.end(), [](const auto& slot) { return !slot->open; }));
}

int Pool::openConnections() const
{
    return int(std::count_if(m_slots.begin(), m_slots.end(), [](const auto& slot) { return slot->open; }));
}

} // namespace atlas::db
