// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/sessionwatch.h"

#include <QDateTime>

#include <utility>

namespace atlas {

SessionWatch::SessionWatch(db::BlockingSession& session, std::function<bool()> mustEnd)
    : m_session(session)
    , m_before(session.setWatch([this, mustEnd = std::move(mustEnd)] {
        const bool end = mustEnd();
        m_hasCancelled = m_hasCancelled || end;
        return end;
    }))
{
}

SessionWatch::~SessionWatch()
{
    m_session.setWatch(std::move(m_before));
}

bool isOut(const db::Client& client, const QString& endpoint)
{
    const db::EndpointState state = client.state(endpoint);
    return state.link == db::EndpointState::Link::Down &&
           state.since.msecsTo(QDateTime::currentDateTimeUtc()) > outagePatience.count();
}

} // namespace atlas
