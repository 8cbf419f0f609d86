// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <thread>

#include "db/mailbox.h"

namespace atlas::db {

/// The one thread on which connections are read and written. Work reaches it as closures through a mailbox
/// and an eventfd, so the hand-over itself involves no Qt object of another thread.
class IoThread
{
public:
    using Work = std::function<void()>;

    IoThread();
    /// Must have been stopped.
    ~IoThread();
    IoThread(const IoThread&) = delete;
    IoThread& operator=(const IoThread&) = delete;

    /// From any thread. False once stopping: the work was dropped.
    bool post(Work work);
    /// Runs `last` on the thread as its final work, then waits for the thread to end. Not from the thread
    /// itself.
    void stop(Work last);
    bool isCurrent() const { return std::this_thread::get_id() == m_thread.get_id(); }

private:
    void run();

    Mailbox<Work> m_box;
    int m_wakeUp = -1;
    /// Not a QThread: joining one of those does not wait for what OpenSSL frees when a thread ends.
    std::thread m_thread;
};

} // namespace atlas::db
