// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>

#include "db/client.h"

namespace atlas::db {

/// A Session with waiting calls, for the command line, worker threads and tests; never for the GUI thread
/// (asserts, unless a test sets the application's property "atlasMayBlock"). Runs over the same I/O thread
/// and the same connection code as everything else.
class BlockingSession
{
public:
    static Result<std::unique_ptr<BlockingSession>>
    open(Client& client, const QString& endpoint,
         std::chrono::milliseconds deadline = std::chrono::seconds(10));
    ~BlockingSession();

    Result<ResultSet> exec(const Statement& statement);
    /// Several statements without parameters or results ("begin", a migration file). Stops at the first
    /// error.
    Status execScript(const QByteArray& sql, const QString& name,
                      std::chrono::milliseconds deadline = std::chrono::minutes(10));
    Status stream(const Statement& statement, int batchRows,
                  const std::function<void(const ResultSet&)>& batch);
    /// Calls `next` for chunks until it returns an empty one. Waits while more than 4 MB are unsent.
    Result<ResultSet> copyIn(const Statement& statement, const std::function<QByteArray()>& next);
    Status copyOut(const Statement& statement, const std::function<void(const QByteArray&)>& chunk);
    /// From any thread: makes the running call return with Cancelled.
    void cancel();
    /// Asked about every 50 ms while a call waits, on the thread that waits; true cancels what runs. Again
    /// and again: a cancel that comes between two statements stops neither. Empty: nobody is asked. Returns
    /// what was asked before. Not while a call runs.
    std::function<bool()> setWatch(std::function<bool()> mustEnd);

private:
    struct Private;
    explicit BlockingSession(std::unique_ptr<Private> d);
    std::unique_ptr<Private> d;
};

} // namespace atlas::db
