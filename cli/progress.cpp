// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/progress.h"

#include <QLocale>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <unistd.h>

#include "cli/command.h"

namespace atlas::cli {

namespace {

QString duration(double seconds)
{
    const auto s = static_cast<int>(std::lround(seconds));
    return s < 90 ? QStringLiteral("%1 s").arg(s)
                  : QStringLiteral("%1:%2 min").arg(s / 60).arg(s % 60, 2, 10, QLatin1Char('0'));
}

} // namespace

void put(const QString& text)
{
    const QByteArray bytes = text.toUtf8();
    std::fwrite(bytes.constData(), 1, static_cast<std::size_t>(bytes.size()), stdout);
}

QString grouped(qint64 number)
{
    return QLocale(QLocale::English, QLocale::UnitedStates).toString(number);
}

Progress::Progress(QString what, QString unit, qint64 total, qint64 alreadyDone)
    : m_what(std::move(what))
    , m_unit(std::move(unit))
    , m_total(total)
    , m_first(alreadyDone)
    , m_terminal(isatty(STDERR_FILENO) != 0)
{
}

Progress::~Progress()
{
    clearLine();
}

double Progress::seconds() const
{
    return std::chrono::duration<double>(Clock::now() - m_start).count();
}

void Progress::clearLine()
{
    if (m_drawn && m_terminal)
        std::fputs("\r\033[K", stderr);
    m_drawn = false;
}

void Progress::update(qint64 done)
{
    const Clock::time_point now = Clock::now();
    if (now < m_next)
        return;
    m_next = now + (m_terminal ? std::chrono::milliseconds(200) : std::chrono::milliseconds(5000));
    const double elapsed = seconds();
    const double rate = elapsed > 0.2 ? static_cast<double>(done - m_first) / elapsed : 0;
    QString line = m_what;
    if (m_total > 0) {
        const double part = std::min(1.0, static_cast<double>(done) / static_cast<double>(m_total));
        if (m_terminal) {
            const int filled = static_cast<int>(part * 30);
            line += QStringLiteral(" [%1%2]").arg(QString(filled, QLatin1Char('#')),
                                                  QString(30 - filled, QLatin1Char('.')));
        }
        line += QStringLiteral(" %1 %").arg(part * 100, 0, 'f', 0);
    }
    line += QStringLiteral("  %1 %2").arg(grouped(done), m_unit);
    if (rate > 0) {
        line += QStringLiteral("  %1/s").arg(grouped(static_cast<qint64>(rate)));
        if (m_total > done)
            line += QStringLiteral("  %1 left").arg(duration(static_cast<double>(m_total - done) / rate));
    }
    if (m_terminal)
        std::fprintf(stderr, "\r\033[K%s", qUtf8Printable(line));
    else
        say(line);
    m_drawn = true;
}

void Progress::finish(const QString& line)
{
    clearLine();
    say(line);
}

} // namespace atlas::cli
