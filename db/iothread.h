// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QThread>

#include <functional>
#include <memory>

#include "db/mailbox.h"

class QSocketNotifier;

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
    bool isCurrent() const { return QThread::currentThread() == m_thread.get(); }

private:
    void run();

    Mailbox<Work> m_box;
    int m_wakeUp = -1;
    std::unique_ptr<QThread> m_thread;
};

} // namespace atlas::db
