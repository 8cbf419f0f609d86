// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QPointer>

#include <functional>

#include "db/client.h"
#include "model/lag/monitor.h"
#include "model/routing/router.h"

namespace atlas::routing {

/// A result with where it came from and how old it may be.
struct Routed
{
    db::ResultSet rows;
    Route route;
    double milliseconds = 0;
    db::Statement statement; ///< what ran, for the SQL view
};

/// Makes the statement for a node: the warehouse speaks another dialect.
using StatementFor = std::function<db::Statement(const QString& node, db::EndpointRole role)>;
using RoutedHandler = std::function<void(db::Result<Routed>)>;

/// Sends a read where its intent wants it, and elsewhere when that node fails, or when it stops answering
/// while the read runs and another can take it: reads only, so running it twice does no harm. Lives on one
/// thread, and the receivers on the same. A handler is called once, never within read(), never after cancel()
/// and never when the receiver is gone: then the statement is cancelled on the server, too.
class Reader : public QObject
{
    Q_OBJECT
public:
    Reader(db::Client* client, lag::Monitor* monitor, QObject* parent = nullptr);
    ~Reader() override;

    /// Returns a ticket for cancel(). The statement's own deadline counts for each attempt. `afterLsn`: only
    /// nodes that have replayed it, so that a write of one's own is in what is read.
    quint64 read(Intent intent, StatementFor statementFor, QObject* receiver, RoutedHandler done,
                 Purpose purpose = Purpose::Analyst, const QString& afterLsn = {});
    void cancel(quint64 ticket);
    lag::Monitor* monitor() const { return m_monitor; }
    db::Client* client() const { return m_client; }

private:
    struct Attempt;
    void tryNext(const std::shared_ptr<Attempt>& attempt);
    Route routeOf(const Attempt& attempt, bool evenUnusable) const;
    void send(const std::shared_ptr<Attempt>& attempt, const Route& route);
    void answered(const std::shared_ptr<Attempt>& attempt, db::Result<db::ResultSet> result);
    void leaveUnusableNodes();
    std::shared_ptr<Attempt> take(quint64 ticket);
    void finish(const std::shared_ptr<Attempt>& attempt, db::Result<Routed> result);
    QPointer<db::Client> m_client;
    QPointer<lag::Monitor> m_monitor;
    QHash<quint64, std::shared_ptr<Attempt>> m_running; ///< until the answer has been delivered
    quint64 m_next = 0;
};

} // namespace atlas::routing
