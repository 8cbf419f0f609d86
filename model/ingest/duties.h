// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "db/blocking.h"

namespace atlas::ingest {

/// Something the agent does again and again on the primary.
struct Duty
{
    QString name;
    std::chrono::milliseconds interval;
    /// One round. True: there is more, come again at once.
    std::function<db::Result<bool>(db::BlockingSession&)> round;
};

/// Runs each duty on a thread and a connection of its own, so that a slow one delays no other. A failed round
/// is tried again at the next interval, over a new connection and with growing pauses when the server cannot
/// be reached. Every row of failures is reported once, and its end once.
class DutyRunner
{
public:
    using Report = std::function<void(const QString& line)>;
    /// `report` may be called from any thread.
    DutyRunner(db::Client& client, QString endpoint, Report report);
    ~DutyRunner();
    DutyRunner(const DutyRunner&) = delete;
    DutyRunner& operator=(const DutyRunner&) = delete;

    void start(Duty duty);
    /// Cancels what runs and waits for the threads: well under a second, whatever the server does.
    void stop();
    /// Rounds that succeeded since the start, of all duties.
    std::int64_t rounds() const { return m_rounds; }

private:
    struct Worker;
    void work(Worker& worker);
    bool pause(std::chrono::milliseconds time);

    db::Client& m_client;
    QString m_endpoint;
    Report m_report;
    std::vector<std::unique_ptr<Worker>> m_workers;
    std::mutex m_mutex;
    std::condition_variable m_wake;
    std::atomic<bool> m_stopping{false};
    std::atomic<std::int64_t> m_rounds{0};
};

} // namespace atlas::ingest
