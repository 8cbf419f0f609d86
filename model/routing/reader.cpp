// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/routing/reader.h"

#include <QElapsedTimer>

#include <utility>

namespace atlas::routing {

struct Reader::Attempt
{
    quint64 ticket = 0;
    Intent intent = Intent::Operational;
    Purpose purpose = Purpose::Analyst;
    QString afterLsn;
    StatementFor statementFor;
    QPointer<QObject> receiver;
    QMetaObject::Connection receiverGone;
    RoutedHandler done;
    QStringList tried;
    Route route;
    db::Statement statement;
    db::RequestId request = 0;
    std::optional<db::DbError> lastError;
    QElapsedTimer timer;
    bool over = false; ///< cancelled, or its answer is on the way to the receiver
};

Reader::Reader(db::Client* client, lag::Monitor* monitor, QObject* parent)
    : QObject(parent)
    , m_client(client)
    , m_monitor(monitor)
{
    connect(monitor, &lag::Monitor::nodeUsabilityChanged, this, &Reader::leaveUnusableNodes);
}

Reader::~Reader() = default;

quint64 Reader::read(Intent intent, StatementFor statementFor, QObject* receiver, RoutedHandler done,
                     Purpose purpose, const QString& afterLsn)
{
    auto attempt = std::make_shared<Attempt>();
    const quint64 ticket = ++m_next;
    attempt->ticket = ticket;
    attempt->intent = intent;
    attempt->purpose = purpose;
    attempt->afterLsn = afterLsn;
    attempt->statementFor = std::move(statementFor);
    attempt->receiver = receiver;
    attempt->receiverGone = connect(receiver, &QObject::destroyed, this, [this, ticket] { cancel(ticket); });
    attempt->done = std::move(done);
    attempt->timer.start();
    m_running.insert(ticket, attempt);
    tryNext(attempt);
    return ticket;
}

void Reader::cancel(quint64 ticket)
{
    const auto attempt = take(ticket);
    if (!attempt)
        return;
    attempt->over = true;
    attempt->done = nullptr; // its answer may be on the way already
    if (m_client)
        m_client->cancel(attempt->request);
}

std::shared_ptr<Reader::Attempt> Reader::take(quint64 ticket)
{
    auto attempt = m_running.take(ticket);
    if (attempt)
        disconnect(attempt->receiverGone);
    return attempt;
}

void Reader::finish(const std::shared_ptr<Attempt>& attempt, db::Result<Routed> result)
{
    attempt->over = true;
    // Always later, so that a caller has its ticket before its answer. Until then the ticket is good.
    QMetaObject::invokeMethod(
        attempt->receiver.data(),
        [self = QPointer(this), attempt, result = std::move(result)]() mutable {
            if (self)
                self->take(attempt->ticket);
            if (const RoutedHandler done = std::exchange(attempt->done, nullptr))
                done(std::move(result));
        },
        Qt::QueuedConnection);
}

Route Reader::routeOf(const Attempt& attempt, bool evenUnusable) const
{
    QList<NodeFreshness> nodes = m_monitor->nodes();
    // Before the first look nothing is known of lag: the nodes are taken as the table prefers them, and the
    // badge says so.
    for (NodeFreshness& node : nodes) {
        if (attempt.tried.contains(node.node)) {
            node.usable = false;
            if (attempt.lastError)
                node.note = attempt.lastError->text();
        } else if (evenUnusable) {
            node.usable = true;
        }
        if (!m_monitor->hasSampled() && !node.ageSeconds)
            node.ageSeconds = 0;
    }
    Route route = choose(attempt.intent, nodes, m_monitor->wantedSeconds(attempt.intent), attempt.afterLsn);
    if (!m_monitor->hasSampled() && route.role != db::EndpointRole::Primary) {
        route.ageSeconds.reset();
        route.met = false;
    }
    return route;
}

/// A node that does not answer any more may be dead: its reads go elsewhere, now or once another node can
/// take them, and do not wait for their own deadline. Where there is nowhere to go they stay: it may answer
/// yet.
void Reader::leaveUnusableNodes()
{
    if (!m_monitor || !m_client)
        return;
    QStringList unusable;
    for (const NodeFreshness& node : m_monitor->nodes()) {
        if (!node.usable)
            unusable.append(node.node);
    }
    const auto running = m_running.values();
    for (const auto& attempt : running) {
        if (attempt->over || !unusable.contains(attempt->route.node))
            continue;
        const Route route = routeOf(*attempt, false);
        if (route.node.isEmpty())
            continue;
        m_client->cancel(attempt->request);
        send(attempt, route);
    }
}

void Reader::tryNext(const std::shared_ptr<Attempt>& attempt)
{
    if (!m_monitor || !m_client) {
        finish(attempt,
               db::DbError{.kind = db::ErrorKind::Cancelled, .message = tr("The environment was closed.")});
        return;
    }
    Route route = routeOf(*attempt, false);
    if (route.node.isEmpty()) {
        // Every node that is left failed its last look. A look may be wrong (a busy machine answers late); an
        // answer that comes is right. So each is tried all the same before it is said that nothing can be
        // reached.
        const QStringList passedOver = route.passedOver;
        route = routeOf(*attempt, true);
        if (route.node.isEmpty())
            route.passedOver = passedOver;
        else
            route.reason = tr("no node answered its last look; tried all the same");
    }
    if (route.node.isEmpty()) {
        db::DbError error = attempt->lastError.value_or(
            db::DbError{.kind = db::ErrorKind::Unavailable, .message = route.reason});
        if (!attempt->lastError && !route.passedOver.isEmpty())
            error.detail = route.passedOver.join(QLatin1Char('\n'));
        finish(attempt, error);
        return;
    }
    send(attempt, route);
}

void Reader::send(const std::shared_ptr<Attempt>& attempt, const Route& route)
{
    attempt->route = route;
    attempt->tried.append(route.node);
    attempt->statement = attempt->statementFor(route.node, route.role);
    attempt->request = m_client->query(
        endpointId(route.node, attempt->purpose), attempt->statement, this,
        [this, attempt, generation = attempt->tried.size()](db::Result<db::ResultSet> result) {
            if (!attempt->over && generation == attempt->tried.size()) // else of a node that was given up
                answered(attempt, std::move(result));
        });
}

void Reader::answered(const std::shared_ptr<Attempt>& attempt, db::Result<db::ResultSet> result)
{
    if (result) {
        if (m_monitor)
            m_monitor->reportSuccess(attempt->route.node);
        finish(attempt, Routed{std::move(result).value(), attempt->route,
                               static_cast<double>(attempt->timer.nsecsElapsed()) / 1e6, attempt->statement});
        return;
    }
    const db::DbError error = result.error();
    // A deadline with a SQLSTATE is the server's word that the statement is slow: it would be as slow
    // elsewhere. One without is the silence of a server (isTransient() knows), unless it passed in our own
    // queue: that is no fault of the node, and beginning anew on another would only make more work.
    if (!error.isTransient() || error.neverSent) {
        finish(attempt, error);
        return;
    }
    attempt->lastError = error;
    // A conflict with recovery says nothing of the node; a lost connection does.
    const auto tried = attempt->tried.size();
    if (m_monitor && error.kind != db::ErrorKind::Conflict)
        m_monitor->reportFailure(attempt->route.node, error);
    if (!attempt->over && tried == attempt->tried.size()) // else the report has sent it on
        tryNext(attempt);
}

} // namespace atlas::routing
