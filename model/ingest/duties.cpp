// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/duties.h"

#include <algorithm>

namespace atlas::ingest {

using namespace std::chrono_literals;

namespace {

/// The server went away, and may be back at any moment. Anything else would only fail again.
bool isLostConnection(const db::DbError& error)
{
    return error.kind == db::ErrorKind::ConnectionLost || error.kind == db::ErrorKind::Unavailable ||
           error.kind == db::ErrorKind::Refused;
}

} // namespace

struct DutyRunner::Worker
{
    Duty duty;
    std::thread thread;
    std::mutex mutex; ///< guards session against stop()
    std::unique_ptr<db::BlockingSession> session;
    std::atomic<bool> ended{false};
};

DutyRunner::DutyRunner(db::Client& client, QString endpoint, Report report)
    : m_client(client)
    , m_endpoint(std::move(endpoint))
    , m_report(std::move(report))
{
}

DutyRunner::~DutyRunner()
{
    stop();
}

void DutyRunner::start(Duty duty)
{
    Worker& worker = *m_workers.emplace_back(std::make_unique<Worker>());
    worker.duty = std::move(duty);
    worker.thread = std::thread([this, &worker] { work(worker); });
}

void DutyRunner::stop()
{
    {
        const std::lock_guard lock(m_mutex);
        m_stopping = true;
    }
    m_wake.notify_all();
    for (const std::unique_ptr<Worker>& worker : m_workers) {
        // A cancel that comes between two statements hits nothing: ask until the thread has ended.
        while (!worker->ended) {
            {
                const std::lock_guard lock(worker->mutex);
                if (worker->session)
                    worker->session->cancel();
            }
            std::this_thread::sleep_for(10ms);
        }
        worker->thread.join();
    }
    m_workers.clear();
}

bool DutyRunner::pause(std::chrono::milliseconds time)
{
    std::unique_lock lock(m_mutex);
    return !m_wake.wait_for(lock, time, [this] { return m_stopping.load(); });
}

void DutyRunner::work(Worker& worker)
{
    using Clock = std::chrono::steady_clock;
    Clock::time_point due = Clock::now();
    auto backOff = 100ms;
    bool failing = false;
    while (!m_stopping) {
        bool connected = true;
        const db::Result<bool> result = [&]() -> db::Result<bool> {
            if (!worker.session) {
                // Short: while it connects, stop() has nothing to cancel.
                auto opened = db::BlockingSession::open(m_client, m_endpoint, 700ms);
                if (!opened) {
                    connected = false;
                    return opened.error();
                }
                const std::lock_guard lock(worker.mutex);
                worker.session = std::move(*opened);
            }
            return worker.duty.round(*worker.session);
        }();
        if (m_stopping)
            break;
        if (!result) {
            if (!failing)
                m_report(QStringLiteral("%1: %2; trying again").arg(worker.duty.name, result.error().text()));
            failing = true;
            {
                const std::lock_guard lock(worker.mutex);
                worker.session.reset();
            }
            const bool lost = !connected || isLostConnection(result.error());
            pause(std::max(backOff, lost ? std::min(worker.duty.interval, std::chrono::milliseconds(1s))
                                         : worker.duty.interval));
            backOff = std::min(backOff * 2, 2'000ms);
            due = Clock::now();
            continue;
        }
        if (failing)
            m_report(QStringLiteral("%1: goes on").arg(worker.duty.name));
        failing = false;
        backOff = 100ms;
        ++m_rounds;
        if (*result)
            continue;
        due = std::max(due + worker.duty.interval, Clock::now());
        pause(std::chrono::duration_cast<std::chrono::milliseconds>(due - Clock::now()));
    }
    {
        const std::lock_guard lock(worker.mutex);
        worker.session.reset();
    }
    worker.ended = true;
}

} // namespace atlas::ingest
