// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/connection_p.h"

#include <algorithm>

#include "db/connectionparts_p.h"

namespace atlas::db {

namespace {

constexpr qsizetype CopyChunk = 256 * 1024;
constexpr qsizetype FeedChunk = 64 * 1024;

} // namespace

bool Connection::pullCopy()
{
    char* raw = nullptr;
    const int length = PQgetCopyData(m_conn.get(), &raw, 1);
    const PgText row(raw);
    if (length == 0 && !m_broken)
        return false;
    if (length == 0) {
        m_copy = Copy::None; // no more will come, and PQgetResult says why
        return true;
    }
    m_hasAnswer = true;
    if (length < 0) {
        if (!m_chunk.isEmpty())
            handOverChunk(); // the last one: nothing waits for it
        m_copy = Copy::None;
        return true;
    }
    if (m_copy == Copy::Discard || m_request->stop != Request::Stop::No) {
        m_discarded = true;
        return true;
    }
    ++m_request->rows;
    m_chunk.append(row.get(), length);
    if (m_chunk.size() < CopyChunk)
        return true;
    handOverChunk();
    return mayReadOn();
}

void Connection::handOverChunk()
{
    m_request->sink->post(ChunkEvent{std::exchange(m_chunk, {})});
}

void Connection::feedCopy()
{
    if (m_state != State::Running || (m_copy != Copy::In && m_copy != Copy::InEnded))
        return;
    CopyFeed* feed = m_request->feed.get();
    const auto until = Clock::now() + WorkBudget;
    for (;;) {
        const int left = PQflush(m_conn.get());
        if (left != 0) {
            watch(true, left == 1);
            return;
        }
        if (m_inLibpq > 0) {
            const qint64 unsent = feed->unsent -= m_inLibpq;
            m_inLibpq = 0;
            for (auto it = feed->waiters.begin(); it != feed->waiters.end();) {
                if (unsent < it->below) {
                    it->sink->post(DrainedEvent{});
                    it = feed->waiters.erase(it);
                } else {
                    ++it;
                }
            }
        }
        if (m_copy == Copy::InEnded) {
            watch(true, false);
            return;
        }
        if (feed->failure) {
            PQputCopyEnd(m_conn.get(), feed->failure->constData());
            m_copy = Copy::InEnded;
            continue;
        }
        if (feed->chunks.empty()) {
            if (!feed->finished) {
                watch(true, false);
                return;
            }
            PQputCopyEnd(m_conn.get(), nullptr);
            m_copy = Copy::InEnded;
            continue;
        }
        const QByteArray& chunk = feed->chunks.front();
        const qsizetype length = std::min(chunk.size() - feed->offset, FeedChunk);
        const int put = PQputCopyData(m_conn.get(), chunk.constData() + feed->offset, int(length));
        if (put < 0) {
            m_broken = true;
            resumeLater();
            return;
        }
        if (put == 1) {
            m_inLibpq += length;
            feed->offset += length;
            if (feed->offset == chunk.size()) {
                feed->chunks.pop_front();
                feed->offset = 0;
            }
        }
        if (put == 0 || Clock::now() > until) {
            watch(true, true); // called again from the loop
            return;
        }
    }
}

} // namespace atlas::db
