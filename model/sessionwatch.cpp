// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/sessionwatch.h"

#include <QDateTime>

#include <utility>

namespace atlas {

SessionWatch::SessionWatch(db::BlockingSession& session, std::function<bool()> mustEnd)
    : m_session(session)
    , m_mustEnd(std::move(mustEnd))
    , m_thread([this] { watch(); })
{
}

SessionWatch::~SessionWatch()
{
    {
        const std::lock_guard lock(m_mutex);
        m_over = true;
    }
    m_changed.notify_one();
    m_thread.join();
}

void SessionWatch::watch()
{
    std::unique_lock lock(m_mutex);
    // Again and again: a cancel that comes between two statements stops neither.
    while (!m_changed.wait_for(lock, std::chrono::milliseconds(50), [this] { return m_over; })) {
        if (m_mustEnd()) {
            m_hasCancelled = true;
            m_session.cancel();
        }
    }
}

bool isOut(const db::Client& client, const QString& endpoint)
{
    const db::EndpointState state = client.state(endpoint);
    return state.link == db::EndpointState::Link::Down &&
           state.since.msecsTo(QDateTime::currentDateTimeUtc()) > outagePatience.count();
}

} // namespace atlas
