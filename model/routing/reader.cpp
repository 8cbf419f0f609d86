// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/routing/reader.h"

#include <QElapsedTimer>

namespace atlas::routing {

struct Reader::Attempt
{
    quint64 ticket = 0;
    Intent intent = Intent::Operational;
    Purpose purpose = Purpose::Analyst;
    StatementFor statementFor;
    QPointer<QObject> receiver;
    RoutedHandler done;
    QStringList tried;
    Route route;
    db::Statement statement;
    db::RequestId request = 0;
    std::optional<db::DbError> lastError;
    QElapsedTimer timer;
    bool over = false;
};

Reader::Reader(db::Client* client, lag::Monitor* monitor, QObject* parent)
    : QObject(parent)
    , m_client(client)
    , m_monitor(monitor)
{
    // The node under a running read is gone: do not wait for the read's own deadline.
    connect(monitor, &lag::Monitor::nodeUsabilityChanged, this, [this](const QString& node, bool usable) {
        if (usable)
            return;
        const auto running = m_running.values();
        for (const auto& attempt : running) {
            if (attempt->over || attempt->route.node != node)
                continue;
            m_client->cancel(attempt->request);
            attempt->request = 0;
            tryNext(attempt);
        }
    });
}

Reader::~Reader() = default;

quint64 Reader::read(Intent intent, StatementFor statementFor, QObject* receiver, RoutedHandler done,
                     Purpose purpose)
{
    auto attempt = std::make_shared<Attempt>();
    attempt->ticket = ++m_next;
    attempt->intent = intent;
    attempt->purpose = purpose;
    attempt->statementFor = std::move(statementFor);
    attempt->receiver = receiver;
    attempt->done = std::move(done);
    attempt->timer.start();
    m_running.insert(attempt->ticket, attempt);
    tryNext(attempt);
    return attempt->ticket;
}

void Reader::cancel(quint64 ticket)
{
    const auto attempt = m_running.take(ticket);
    if (!attempt)
        return;
    attempt->over = true;
    m_client->cancel(attempt->request);
}

void Reader::tryNext(const std::shared_ptr<Attempt>& attempt)
{
    const auto finish = [this, attempt](db::Result<Routed> result) {
        attempt->over = true;
        m_running.remove(attempt->ticket);
        if (!attempt->receiver)
            return;
        // Always later, so that a caller has its ticket before its answer.
        QMetaObject::invokeMethod(
            attempt->receiver.data(),
            [attempt, result = std::move(result)]() mutable { attempt->done(std::move(result)); },
            Qt::QueuedConnection);
    };
    if (!m_monitor) {
        finish(db::DbError{.kind = db::ErrorKind::Cancelled, .message = tr("The environment was closed.")});
        return;
    }

    QList<NodeFreshness> nodes = m_monitor->nodes();
    // Before the first look nothing is known of lag: the nodes are taken as the table prefers them, and the
    // badge says so.
    for (NodeFreshness& node : nodes) {
        if (attempt->tried.contains(node.node)) {
            node.usable = false;
            if (attempt->lastError)
                node.note = attempt->lastError->text();
        }
        if (!m_monitor->hasSampled() && !node.ageSeconds)
            node.ageSeconds = 0;
    }
    Route route = choose(attempt->intent, nodes, m_monitor->wantedSeconds(attempt->intent));
    if (route.node.isEmpty()) {
        // Every node that is left failed its last look. A look may be wrong (a busy machine answers late); an
        // answer that comes is right. So each is tried all the same before it is said that nothing can be
        // reached.
        for (NodeFreshness& node : nodes)
            node.usable = node.usable || !attempt->tried.contains(node.node);
        const QStringList passedOver = route.passedOver;
        route = choose(attempt->intent, nodes, m_monitor->wantedSeconds(attempt->intent));
        if (route.node.isEmpty())
            route.passedOver = passedOver;
        else
            route.reason = tr("no node answered its last look; tried all the same");
    }
    if (!m_monitor->hasSampled() && route.role != db::EndpointRole::Primary) {
        route.ageSeconds.reset();
        route.met = false;
    }
    if (route.node.isEmpty()) {
        db::DbError error = attempt->lastError.value_or(
            db::DbError{.kind = db::ErrorKind::Unavailable, .message = route.reason});
        if (!attempt->lastError && !route.passedOver.isEmpty())
            error.detail = route.passedOver.join(QLatin1Char('\n'));
        finish(error);
        return;
    }
    attempt->route = route;
    attempt->tried.append(route.node);
    attempt->statement = attempt->statementFor(route.node, route.role);
    const int generation = static_cast<int>(attempt->tried.size());
    attempt->request = m_client->query(
        endpointId(route.node, attempt->purpose), attempt->statement, this,
        [this, attempt, finish, generation](db::Result<db::ResultSet> result) {
            if (attempt->over || generation != attempt->tried.size())
                return; // an answer of a node that was given up
            if (result) {
                finish(Routed{std::move(result).value(), attempt->route,
                              static_cast<double>(attempt->timer.nsecsElapsed()) / 1e6, attempt->statement});
                return;
            }
            const db::DbError error = result.error();
            // A deadline with a SQLSTATE is the server's word that the statement is slow: it would be as slow
            // elsewhere. One without is the silence of a server (isTransient() knows).
            const bool elsewhere =
                error.isTransient() && error.kind != db::ErrorKind::Cancelled && attempt->receiver;
            if (!elsewhere) {
                finish(error);
                return;
            }
            attempt->lastError = error;
            // A conflict with recovery says nothing of the node; a lost connection does.
            if (m_monitor && error.kind != db::ErrorKind::Conflict)
                m_monitor->reportFailure(attempt->route.node, error);
            if (!attempt->over && generation == attempt->tried.size())
                tryNext(attempt);
        });
}

} // namespace atlas::routing
