// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace atlas::db {

/// What one thread hands to another: many may post, one takes. Plain C++ and free of Qt on purpose: it is the
/// place where all of this layer's threads meet, and ThreadSanitizer can only vouch for code that it has
/// instrumented.
///
/// Whoever posts into an empty box is told to wake the taker, so that a burst costs one wake-up. A taker
/// without an event loop waits in waitAndTake() instead.
template<class T> class Mailbox
{
public:
    enum class Posted {
        First,  ///< the box was empty: wake the taker
        Queued, ///< the taker has been told already
        Closed, ///< nobody takes any more; the item was dropped
    };

    /// A closed box drops the item (in the poster's thread, outside the lock).
    Posted post(T item)
    {
        {
            const std::lock_guard lock(m_mutex);
            if (m_closed)
                return Posted::Closed;
            const bool first = m_items.empty();
            m_items.push_back(std::move(item));
            if (!first)
                return Posted::Queued;
        }
        m_arrived.notify_one();
        return Posted::First;
    }

    /// All there is now, in the order of posting. After it the next post is First again.
    std::deque<T> takeAll()
    {
        const std::lock_guard lock(m_mutex);
        return std::exchange(m_items, {});
    }

    /// The oldest item; waits until there is one, the deadline passes or the box is closed.
    std::optional<T> waitAndTake(std::chrono::steady_clock::time_point deadline)
    {
        std::unique_lock lock(m_mutex);
        m_arrived.wait_until(lock, deadline, [this] { return !m_items.empty() || m_closed; });
        if (m_items.empty())
            return std::nullopt;
        T item = std::move(m_items.front());
        m_items.pop_front();
        return item;
    }

    /// From now on posts are dropped and waiting ends; what is in the box can still be taken.
    void close()
    {
        {
            const std::lock_guard lock(m_mutex);
            m_closed = true;
        }
        m_arrived.notify_all();
    }

    bool isClosed() const
    {
        const std::lock_guard lock(m_mutex);
        return m_closed;
    }

private:
    mutable std::mutex m_mutex;
    std::condition_variable m_arrived;
    std::deque<T> m_items;
    bool m_closed = false;
};

} // namespace atlas::db
