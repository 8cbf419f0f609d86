// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/iothread.h"

#include <QCoreApplication>
#include <QEvent>
#include <QEventLoop>
#include <QSocketNotifier>

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace atlas::db {

IoThread::IoThread()
    : m_wakeUp(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))
{
    if (m_wakeUp < 0)
        qFatal("eventfd: %s", std::strerror(errno));
    m_thread = std::thread([this] { run(); });
    pthread_setname_np(m_thread.native_handle(), "atlas-db");
}

IoThread::~IoThread()
{
    Q_ASSERT(!m_thread.joinable());
    close(m_wakeUp);
}

bool IoThread::post(Work work)
{
    const auto posted = m_box.post(std::move(work));
    if (posted == Mailbox<Work>::Posted::First) {
        const quint64 one = 1;
        // Can only fail when the counter is full, and then the thread is awake.
        [[maybe_unused]] const auto written = write(m_wakeUp, &one, sizeof(one));
    }
    return posted != Mailbox<Work>::Posted::Closed;
}

void IoThread::stop(Work last)
{
    Q_ASSERT(!isCurrent());
    post(std::move(last));
    m_box.close();
    const quint64 one = 1;
    [[maybe_unused]] const auto written = write(m_wakeUp, &one, sizeof(one));
    m_thread.join();
}

void IoThread::run()
{
    QEventLoop loop;
    QSocketNotifier notifier(m_wakeUp, QSocketNotifier::Read);
    QObject::connect(&notifier, &QSocketNotifier::activated, &loop, [this, &loop] {
        quint64 count = 0;
        [[maybe_unused]] const auto got = read(m_wakeUp, &count, sizeof(count));
        // Asked before taking: what was posted before the box was closed is still done.
        const bool closed = m_box.isClosed();
        for (Work& work : m_box.takeAll()) {
            work();
            work = nullptr; // what it captured dies here and now, not with the whole batch
        }
        if (closed)
            loop.quit();
    });
    loop.exec();
    // What connections left to be deleted later: this was the last chance.
    QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
}

} // namespace atlas::db
