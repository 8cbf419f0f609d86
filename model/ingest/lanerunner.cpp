// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/lanerunner.h"

#include <utility>

namespace atlas::ingest {

LaneRunner::LaneRunner(int threads, std::size_t mostWeight)
    : m_most(threads)
    , m_mostWeight(mostWeight)
{
}

LaneRunner::~LaneRunner()
{
    {
        const std::lock_guard lock(m_mutex);
        drop();
        m_over = true;
    }
    m_changed.notify_all();
    for (std::thread& thread : m_threads)
        thread.join();
}

bool LaneRunner::waitForRoom(std::size_t weight)
{
    std::unique_lock lock(m_mutex);
    m_changed.wait(lock, [&] { return m_ended || m_underWay == 0 || m_weight + weight <= m_mostWeight; });
    return !m_ended;
}

void LaneRunner::add(Lanes lanes, std::size_t weight, Job job)
{
    {
        const std::lock_guard lock(m_mutex);
        if (m_ended)
            return;
        m_queue.push_back({lanes, weight, std::move(job)});
        ++m_underWay;
        m_weight += weight;
        const int threads = static_cast<int>(m_threads.size());
        // A free thread may still be on its way to a job that was added before this one.
        if (threads < m_most && m_idle < static_cast<int>(m_queue.size()))
            m_threads.emplace_back([this, threads] { work(threads); });
    }
    m_changed.notify_all();
}

bool LaneRunner::finish()
{
    std::unique_lock lock(m_mutex);
    m_changed.wait(lock, [this] { return m_underWay == 0; });
    return !m_ended;
}

void LaneRunner::abandon()
{
    {
        const std::lock_guard lock(m_mutex);
        drop();
    }
    finish();
}

/// m_mutex is held.
void LaneRunner::drop()
{
    m_ended = true;
    for (const Entry& entry : m_queue)
        m_weight -= entry.weight;
    m_underWay -= static_cast<int>(m_queue.size());
    m_queue.clear();
}

/// m_mutex is held. The first job that shares no lane with what runs, or with what waits before it.
std::list<LaneRunner::Entry>::iterator LaneRunner::next()
{
    Lanes taken = m_busy;
    auto entry = m_queue.begin();
    for (; entry != m_queue.end() && (entry->lanes & taken) != 0; ++entry)
        taken |= entry->lanes;
    return entry;
}

void LaneRunner::work(int thread)
{
    std::unique_lock lock(m_mutex);
    while (!m_over) {
        const auto found = next();
        if (found == m_queue.end()) {
            ++m_idle;
            m_changed.wait(lock);
            --m_idle;
            continue;
        }
        Entry entry = std::move(*found);
        m_queue.erase(found);
        m_busy |= entry.lanes;
        lock.unlock();
        const bool done = entry.job(thread);
        entry.job = nullptr; // what it holds is let go before there is room for more
        lock.lock();
        m_busy &= ~entry.lanes;
        --m_underWay;
        m_weight -= entry.weight;
        if (!done)
            drop();
        m_changed.notify_all();
    }
}

} // namespace atlas::ingest
