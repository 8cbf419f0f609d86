// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <functional>

#include "db/blocking.h"

namespace atlas {

/// Cancels what runs on a session while a condition holds: ends waits that nothing else would end, after a
/// signal or when the server has stopped. Looks about every 50 ms while the session waits, on the thread that
/// waits. Of several on one session the last made is asked.
class SessionWatch
{
public:
    /// `session` outlives it.
    SessionWatch(db::BlockingSession& session, std::function<bool()> mustEnd);
    ~SessionWatch();
    SessionWatch(const SessionWatch&) = delete;
    SessionWatch& operator=(const SessionWatch&) = delete;

    /// It has cancelled something, or tried to.
    bool hasCancelled() const { return m_hasCancelled; }

private:
    db::BlockingSession& m_session;
    bool m_hasCancelled = false;
    std::function<bool()> m_before;
};

/// What runs on an endpoint that has been down for longer than this is given up: a connection that merely
/// took its time is found up again before.
inline constexpr std::chrono::milliseconds outagePatience{2'000};
/// The endpoint has been down for longer than outagePatience. From any thread.
bool isOut(const db::Client& client, const QString& endpoint);

} // namespace atlas
