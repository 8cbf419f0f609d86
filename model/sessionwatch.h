// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "db/blocking.h"

namespace atlas {

/// Cancels what runs on a session while a condition holds: ends waits that nothing else would end, after a
/// signal or when the server has stopped. Looks every 50 ms, on a thread of its own, as long as it lives.
class SessionWatch
{
public:
    /// `session` outlives it. `mustEnd` is called on the watch's thread.
    SessionWatch(db::BlockingSession& session, std::function<bool()> mustEnd);
    ~SessionWatch();
    SessionWatch(const SessionWatch&) = delete;
    SessionWatch& operator=(const SessionWatch&) = delete;

    /// It has cancelled something, or tried to.
    bool hasCancelled() const { return m_hasCancelled; }

private:
    void watch();

    db::BlockingSession& m_session;
    const std::function<bool()> m_mustEnd;
    std::atomic<bool> m_hasCancelled{false};
    std::mutex m_mutex;
    std::condition_variable m_changed;
    bool m_over = false;  ///< guarded by m_mutex
    std::thread m_thread; ///< last: it uses the others
};

/// What runs on an endpoint that has been down for longer than this is given up: a connection that merely
/// took its time is found up again before.
inline constexpr std::chrono::milliseconds outagePatience{2'000};
/// The endpoint has been down for longer than outagePatience. From any thread.
bool isOut(const db::Client& client, const QString& endpoint);

} // namespace atlas
