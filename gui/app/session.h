// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QSettings>
#include <QThreadPool>
#include <QVariantMap>

#include <mutex>

namespace atlas::gui::session {

/// What is remembered between starts, beside the environments: ~/.config/atlas-console/session.ini. No
/// secrets.
class Settings : public QSettings
{
public:
    Settings();
};

/// Writes settings away from the window's thread: each writing takes a lock and waits for the disk.
class Writer
{
public:
    Writer();
    /// Waits.
    ~Writer() = default;
    /// By key; returns at once. One writing at a time; what comes meanwhile is written after it, of each key
    /// the newest value.
    void write(const QVariantMap& values);
    /// Until all of it is on the disk.
    void wait();

private:
    void run();

    std::mutex m_mutex;
    QVariantMap m_waiting;  ///< guarded by m_mutex
    bool m_running = false; ///< guarded by m_mutex
    QThreadPool m_pool;     ///< the last member, the first to go: it waits for what runs
};

} // namespace atlas::gui::session
