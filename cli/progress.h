// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include <chrono>

namespace atlas::cli {

/// "how far, how fast, how long still" on stderr: a bar that redraws itself on a terminal, plain lines every
/// few seconds elsewhere.
class Progress
{
public:
    /// `unit` as in "values". `total` 0: not known, only count and rate are shown.
    Progress(QString what, QString unit, qint64 total, qint64 alreadyDone = 0);
    ~Progress();

    void update(qint64 done);
    /// Replaces the bar by a last line.
    void finish(const QString& line);
    double seconds() const;

private:
    void clearLine();
    using Clock = std::chrono::steady_clock;
    QString m_what;
    QString m_unit;
    qint64 m_total;
    qint64 m_first;
    Clock::time_point m_start = Clock::now();
    Clock::time_point m_next = m_start;
    bool m_terminal;
    bool m_drawn = false;
};

/// 4012345 → "4,012,345"
QString grouped(qint64 number);
/// To standard output, as it is.
void put(const QString& text);

} // namespace atlas::cli
