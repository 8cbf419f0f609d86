// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/support/watchdog.h"

#include <QCoreApplication>
#include <QEvent>

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <string>
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
        , watchedState("/proc/self/task/" + std::to_string(::gettid()) + "/stat")
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
            answeredAt = Clock::now();
        }
        answered.notify_all();
        return true;
    }

    /// The watched thread waits for something that is not the disk, and is not kept from a processor either:
    /// the kernel calls that state S, proc(5).
    bool isAsleep() const
    {
        std::ifstream file(watchedState);
        std::string line;
        std::getline(file, line);
        // "1234 (name) S …"; the name may hold anything.
        const std::size_t name = line.rfind(") ");
        return name != std::string::npos && line.compare(name + 2, 1, "S") == 0;
    }

    void watch()
    {
        std::unique_lock lock(mutex);
        while (!stopping) {
            beatPending = true;
            postedAt = Clock::now();
            waited = Clock::duration::zero();
            lock.unlock();
            // High priority, or a busy but live loop (a stream of results) would count as a stall of its
            // queue.
            QCoreApplication::postEvent(this, new QEvent(QEvent::User), Qt::HighEventPriority);
            lock.lock();
            while (!answered.wait_for(lock, beatInterval, [this] { return !beatPending || stopping; })) {
                // Looked at without the lock, or the watched thread might be found waiting for it.
                lock.unlock();
                const bool asleep = isAsleep();
                lock.lock();
                if (asleep && beatPending)
                    waited += beatInterval;
            }
            if (!beatPending && answeredAt - postedAt > limit)
                stalls << stall(answeredAt);
            answered.wait_for(lock, beatInterval, [this] { return stopping; });
        }
    }

    /// The one of the beat that was posted last.
    Stall stall(Clock::time_point end) const
    {
        return {inMilliseconds(end - postedAt), inMilliseconds(waited), inMilliseconds(postedAt - startedAt)};
    }

    const std::chrono::milliseconds limit;
    const std::string watchedState;
    mutable std::mutex mutex;
    std::condition_variable answered;
    bool beatPending = false;
    bool stopping = false;
    Clock::time_point startedAt;
    Clock::time_point postedAt;
    Clock::time_point answeredAt;
    Clock::duration waited = Clock::duration::zero(); ///< since postedAt
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
    const auto now = Clock::now();
    if (d->beatPending && now - d->postedAt > d->limit)
        all << d->stall(now);
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

int Watchdog::waitCount() const
{
    const QList<Stall> all = stalls();
    return int(std::count_if(all.cbegin(), all.cend(),
                             [this](const Stall& stall) { return stall.waited >= d->limit; }));
}

std::chrono::milliseconds Watchdog::longestWait() const
{
    std::chrono::milliseconds result(0);
    const QList<Stall> all = stalls();
    for (const Stall& stall : all)
        result = std::max(result, stall.waited);
    return result;
}

void Watchdog::reset()
{
    const std::lock_guard lock(d->mutex);
    d->stalls.clear();
    d->postedAt = Clock::now();
    d->waited = Clock::duration::zero();
}

QString Watchdog::summary() const
{
    return QStringLiteral("%1 stalls over %2 ms, longest %3 ms; %4 of them a wait, longest %5 ms")
        .arg(stallCount())
        .arg(d->limit.count())
        .arg(longest().count())
        .arg(waitCount())
        .arg(longestWait().count());
}

} // namespace atlas::gui
