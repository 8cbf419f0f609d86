// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/support/watchdog.h"

#include <QCoreApplication>
#include <QEvent>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace atlas::gui {

namespace {
using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds beatInterval(10);

std::chrono::milliseconds inMilliseconds(Clock::duration duration)
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
}
} // namespace

struct Watchdog::Private : public QObject
{
    explicit Private(std::chrono::milliseconds allowed)
        : limit(allowed)
    {
    }

    /// Runs on the watched thread: the loop is alive.
    bool event(QEvent* event) override
    {
        if (event->type() != QEvent::User)
            return QObject::event(event);
        {
            const std::lock_guard lock(mutex);
            beatPending = false;
        }
        answered.notify_all();
        return true;
    }

    void watch()
    {
        std::unique_lock lock(mutex);
        while (!stopping) {
            beatPending = true;
            postedAt = Clock::now();
            lock.unlock();
            // High priority, or a busy but live loop (a stream of results) would count as a stall of its
            // queue.
            QCoreApplication::postEvent(this, new QEvent(QEvent::User), Qt::HighEventPriority);
            lock.lock();
            answered.wait(lock, [this] { return !beatPending || stopping; });
            const Clock::duration took = Clock::now() - postedAt;
            if (!beatPending && took > limit)
                stalls << Stall{inMilliseconds(took), inMilliseconds(postedAt - startedAt)};
            answered.wait_for(lock, beatInterval, [this] { return stopping; });
        }
    }

    const std::chrono::milliseconds limit;
    mutable std::mutex mutex;
    std::condition_variable answered;
    bool beatPending = false;
    bool stopping = false;
    Clock::time_point startedAt;
    Clock::time_point postedAt;
    QList<Stall> stalls;
    std::thread thread;
};

Watchdog::Watchdog(std::chrono::milliseconds limit, QObject* parent)
    : QObject(parent)
    , d(std::make_unique<Private>(limit))
{
}

Watchdog::~Watchdog()
{
    stop();
}

void Watchdog::start()
{
    if (d->thread.joinable())
        return;
    d->stopping = false;
    d->startedAt = Clock::now();
    d->thread = std::thread([this] { d->watch(); });
}

void Watchdog::stop()
{
    if (!d->thread.joinable())
        return;
    {
        const std::lock_guard lock(d->mutex);
        d->stopping = true;
    }
    d->answered.notify_all();
    d->thread.join();
    const std::lock_guard lock(d->mutex);
    d->beatPending = false;
}

QList<Watchdog::Stall> Watchdog::stalls() const
{
    const std::lock_guard lock(d->mutex);
    QList<Stall> all = d->stalls;
    if (d->beatPending) {
        const Clock::duration took = Clock::now() - d->postedAt;
        if (took > d->limit)
            all << Stall{inMilliseconds(took), inMilliseconds(d->postedAt - d->startedAt)};
    }
    return all;
}

std::chrono::milliseconds Watchdog::longest() const
{
    std::chrono::milliseconds result(0);
    const QList<Stall> all = stalls();
    for (const Stall& stall : all)
        result = std::max(result, stall.length);
    return result;
}

void Watchdog::reset()
{
    const std::lock_guard lock(d->mutex);
    d->stalls.clear();
    d->postedAt = Clock::now();
}

QString Watchdog::summary() const
{
    return QStringLiteral("%1 stalls over %2 ms, longest %3 ms")
        .arg(stallCount())
        .arg(d->limit.count())
        .arg(longest().count());
}

} // namespace atlas::gui
