// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QObject>

#include <chrono>
#include <memory>

namespace atlas::gui {

/// Counts how often the event loop of the thread that made it stood still for longer than a limit. A thread
/// of its own posts a beat and measures how long the loop took to answer, so a stall is seen however it came
/// about (also one that has not ended yet). Cheap enough to leave on: a beat every 10 ms.
///
/// A busy machine makes every loop stall. What no machine excuses is a wait, for a server, a lock or another
/// thread: then the loop's thread is asleep although it was called. That is looked at while a beat is late
/// and told apart.
class Watchdog : public QObject
{
    Q_OBJECT
public:
    struct Stall
    {
        std::chrono::milliseconds length;
        /// Of the length, how long it was found asleep: at least, a busy machine can only make it less. The
        /// rest is work, the disk, and waiting for a processor.
        std::chrono::milliseconds waited;
        std::chrono::milliseconds at; ///< since start()
    };

    explicit Watchdog(std::chrono::milliseconds limit = std::chrono::milliseconds(50),
                      QObject* parent = nullptr);
    ~Watchdog() override;

    void start();
    void stop();
    /// Finished stalls, and the running one when there is one.
    QList<Stall> stalls() const;
    int stallCount() const { return int(stalls().size()); }
    std::chrono::milliseconds longest() const;
    /// Stalls in which it waited for the limit or longer.
    int waitCount() const;
    std::chrono::milliseconds longestWait() const;
    void reset();
    /// "3 stalls over 50 ms, longest 212 ms; 1 of them a wait, longest 180 ms", for logs and test messages.
    QString summary() const;

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace atlas::gui
