// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QPointer>

#include <functional>
#include <memory>

#include "db/endpoint.h"
#include "db/error.h"
#include "db/resultset.h"
#include "db/statement.h"

namespace atlas::db {

class Client;
class Engine;

using RequestId = quint64; ///< 0 is never a request

using ResultHandler = std::function<void(Result<ResultSet>)>;
/// Called for each batch of rows of a stream. While it runs at most one more batch is read (bounded memory).
using BatchHandler = std::function<void(ResultSet)>;
using StatusHandler = std::function<void(Status)>;

/// A connection of one's own for as long as it lives: transactions, temporary tables, COPY. Statements run in
/// the order of the calls; one that fails inside a transaction leaves it to the caller to roll back. A broken
/// connection fails everything after it with ConnectionLost: a session never reconnects by itself, state
/// would be lost. Destroying it rolls back and gives the connection back (or drops it while something runs).
class Session
{
public:
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    RequestId query(Statement statement, QObject* receiver, ResultHandler done);
    RequestId stream(Statement statement, int batchRows, QObject* receiver, BatchHandler batch,
                     ResultHandler done);

    /// COPY … FROM STDIN. Call write() as often as needed, then finish() or fail().
    RequestId copyIn(Statement statement, QObject* receiver, ResultHandler done);
    /// Queues bytes for the running copyIn. Returns the bytes still waiting to be sent, so that a producer
    /// can pause.
    qint64 write(QByteArray data);
    void finish();
    /// Ends the running copyIn without storing anything: its handler gets Cancelled.
    void fail(const QString& reason);
    /// Calls `handler` once, when fewer than `bytes` of the running copyIn are unsent or it has ended.
    void notifyWhenBelow(qint64 bytes, QObject* receiver, std::function<void()> handler);
    /// COPY … TO STDOUT, raw bytes in chunks; stops reading from the socket until the handler has returned.
    RequestId copyOut(Statement statement, QObject* receiver, std::function<void(QByteArray)> chunk,
                      ResultHandler done);

    /// What runs and everything queued behind it.
    void cancel();
    QString endpoint() const;

private:
    friend class Client;
    friend class BlockingSession;
    friend class Engine;
    struct Private;
    explicit Session(std::shared_ptr<Private> d);
    std::shared_ptr<Private> d;
};

using SessionHandler = std::function<void(Result<std::shared_ptr<Session>>)>;

/// The one door to all databases. Lives on the thread that made it (usually the GUI thread), owns the one I/O
/// thread on which every connection is read and written. All calls return at once; handlers run on the
/// receiver's thread, exactly once, and never when the receiver is gone (the request is then cancelled on the
/// server too) or the Client is being destroyed. A receiver may live in any thread with an event loop; it
/// must not be null. Thread-safe: everything but the destructor may be called from any thread; signals come
/// on the Client's own.
///
/// An endpoint that is down fails requests at once, so that they can go elsewhere, and comes back by itself.
class Client : public QObject
{
    Q_OBJECT
public:
    explicit Client(QObject* parent = nullptr);
    ~Client() override;

    /// Adds or replaces an endpoint; connections of a replaced one are closed once idle. Does not connect.
    void setEndpoint(const Endpoint& endpoint);
    void removeEndpoint(const QString& id);
    QList<Endpoint> endpoints() const;
    EndpointState state(const QString& endpoint) const;

    /// Runs one statement on any pooled connection of the endpoint, connecting if need be.
    RequestId query(const QString& endpoint, Statement statement, QObject* receiver, ResultHandler done);
    /// The same in batches (single-row mode). `done` gets an empty set with columns, tag and totals.
    RequestId stream(const QString& endpoint, Statement statement, int batchRows, QObject* receiver,
                     BatchHandler batch, ResultHandler done);
    void openSession(const QString& endpoint, std::chrono::milliseconds deadline, QObject* receiver,
                     SessionHandler done);
    /// Cancel request first; when the server does not obey within a second the connection is dropped and the
    /// error says that the statement may still be running. Unknown or finished ids are ignored.
    void cancel(RequestId id);

    /// Connects apart from the pool and says what is wrong: name, port, TLS, password, database, role.
    void testEndpoint(const Endpoint& endpoint, std::chrono::milliseconds deadline, QObject* receiver,
                      std::function<void(Result<EndpointState>)> done);

Q_SIGNALS:
    void endpointStateChanged(const atlas::db::EndpointState& state);
    /// Twice for a statement: when it was asked for (Waiting) and when it is sent (Running).
    void statementStarted(const atlas::db::StatementRecord& record);
    void statementFinished(const atlas::db::StatementRecord& record);

private:
    friend class BlockingSession;
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace atlas::db
