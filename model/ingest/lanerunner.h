// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

namespace atlas::ingest {

/// Runs jobs on several threads. Each job names its lanes: of two that share one, the one that was added
/// first is over before the other begins; any others may run at the same time. The first job that fails ends
/// it all: what has not begun by then never does. All members but the jobs themselves are for one thread.
class LaneRunner
{
public:
    static constexpr int laneCount = 16;
    using Lanes = std::uint32_t; ///< a bit a lane
    static constexpr Lanes allLanes = (Lanes{1} << laneCount) - 1;
    /// The lanes of the i-th of `parts` equal shares; `parts` is a power of two up to laneCount.
    static constexpr Lanes share(int i, int parts)
    {
        const int width = laneCount / parts;
        return ((Lanes{1} << width) - 1) << (i * width);
    }

    /// On which of the threads it runs, from 0. False: it failed.
    using Job = std::function<bool(int thread)>;

    /// At most `threads`, each started when there is a job that no other is free for. `mostWeight` bounds
    /// what is added and not over, in whatever unit add() is given.
    LaneRunner(int threads, std::size_t mostWeight);
    /// Abandons.
    ~LaneRunner();
    LaneRunner(const LaneRunner&) = delete;
    LaneRunner& operator=(const LaneRunner&) = delete;

    /// Waits until so much more may be added: at once when nothing is under way. False after a failure.
    bool waitForRoom(std::size_t weight);
    /// After a failure the job is dropped.
    void add(Lanes lanes, std::size_t weight, Job job);
    /// Waits until all jobs are over. False after a failure.
    bool finish();
    /// Drops what has not begun, now and from now on, and waits for what has.
    void abandon();

private:
    struct Entry
    {
        Lanes lanes;
        std::size_t weight;
        Job job;
    };
    void work(int thread);
    std::list<Entry>::iterator next();
    void drop();

    const int m_most;
    const std::size_t m_mostWeight;
    std::mutex m_mutex; ///< of everything below but m_threads
    std::condition_variable m_changed;
    std::list<Entry> m_queue;
    Lanes m_busy = 0;
    int m_underWay = 0; ///< queued and running
    std::size_t m_weight = 0;
    int m_idle = 0;
    bool m_ended = false; ///< failed or abandoned
    bool m_over = false;  ///< the threads are to return
    std::vector<std::thread> m_threads;
};

} // namespace atlas::ingest
