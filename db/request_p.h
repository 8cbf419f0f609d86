// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTimer>

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>

#include "db/sink_p.h"
#include "db/statement.h"

namespace atlas::db {

using Clock = std::chrono::steady_clock;

class Connection;

/// The bytes of a running COPY … FROM STDIN. All but `unsent` belongs to the I/O thread.
struct CopyFeed
{
    std::atomic<qint64> unsent{0}; ///< bytes given to write() that the socket has not taken yet
    std::atomic<bool> over{false}; ///< the COPY has ended, more bytes are pointless
    std::deque<QByteArray> chunks;
    qsizetype offset = 0; ///< of the first chunk, already handed to libpq
    bool finished = false;
    std::optional<QByteArray> failure;
    struct Waiter
    {
        qint64 below;
        std::shared_ptr<Sink> sink;
    };
    std::deque<Waiter> waiters;
};

/// One statement on its way. Lives on the I/O thread once submitted.
struct Request
{
    enum class Kind { Query, Stream, Script, CopyIn, CopyOut, OpenSession };
    /// Why it was told to stop; the first reason stays.
    enum class Stop { No, ByCaller, ByDeadline, ByReceiver, ByClient };

    RequestId id = 0;
    Kind kind = Kind::Query;
    Statement statement;
    int batchRows = 0;
    std::shared_ptr<Sink> sink;
    std::shared_ptr<CopyFeed> feed; ///< of a CopyIn
    quint64 session = 0;            ///< 0: any pooled connection will do; for OpenSession the one to be

    QString endpoint;
    Clock::time_point called = Clock::now();
    QDateTime calledAt = QDateTime::currentDateTimeUtc();
    std::unique_ptr<QTimer> timer;    ///< our own deadline
    Connection* connection = nullptr; ///< while running: the one it runs on
    bool running = false;             ///< sent, or being sent
    Clock::time_point sentAt{};
    Stop stop = Stop::No;
    bool retried = false;
    qint64 rows = 0;

    Clock::time_point deadline() const { return called + statement.deadline; }
};
using RequestPtr = std::shared_ptr<Request>;

/// What a stopped request ends with.
DbError stopError(const Request& request);

} // namespace atlas::db
