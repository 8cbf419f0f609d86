// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/support/timetext.h"

#include <QLocale>
#include <QObject>

#include <array>
#include <cmath>

namespace atlas::gui {

QString durationText(double seconds)
{
    if (!std::isfinite(seconds))
        return QObject::tr("unknown");
    const double size = std::abs(seconds);
    const QLocale locale;
    if (size < 0.05)
        return QObject::tr("< %1 s").arg(locale.toString(0.1, 'f', 1)); // never a bare 0
    if (size < 10)
        return QObject::tr("%1 s").arg(locale.toString(seconds, 'f', 1));
    if (size < 120)
        return QObject::tr("%1 s").arg(locale.toString(seconds, 'f', 0));
    if (size < 2 * 3600.0)
        return QObject::tr("%1 min").arg(locale.toString(seconds / 60, 'f', 0));
    if (size < 48 * 3600.0)
        return QObject::tr("%1 h").arg(locale.toString(seconds / 3600, 'f', 0));
    return QObject::tr("%1 d").arg(locale.toString(seconds / 86400, 'f', 0));
}

QString elapsedText(double milliseconds)
{
    const QLocale locale;
    if (milliseconds < 9.95)
        return QObject::tr("%1 ms").arg(locale.toString(milliseconds, 'f', 1));
    if (milliseconds < 999.5)
        return QObject::tr("%1 ms").arg(locale.toString(milliseconds, 'f', 0));
    return durationText(milliseconds / 1000);
}

QString countText(qint64 count)
{
    return QLocale().toString(count);
}

QString assetsText(const QString& count)
{
    const QString one = QLocale().toString(1);
    return count == one || count == QStringLiteral("≈ ") + one ? QObject::tr("%1 asset").arg(count)
                                                               : QObject::tr("%1 assets").arg(count);
}

QString estimateText(double count)
{
    if (!std::isfinite(count))
        return QObject::tr("unknown");
    if (count < 0)
        count = 0;
    double rounded = std::round(count);
    if (rounded >= 1000) {
        const double step = std::pow(10.0, std::floor(std::log10(rounded)) - 2);
        rounded = std::round(rounded / step) * step;
    }
    return QStringLiteral("≈ %1").arg(QLocale().toString(rounded, 'f', 0));
}

QString bytesText(double bytes)
{
    constexpr std::array<const char*, 5> units = {"B", "kB", "MB", "GB", "TB"};
    size_t unit = 0;
    double value = bytes;
    while (std::abs(value) >= 999.5 && unit + 1 < units.size()) {
        value /= 1000;
        ++unit;
    }
    const int digits = unit == 0 || std::abs(value) >= 99.95 ? 0 : 1;
    return QStringLiteral("%1 %2").arg(QLocale().toString(value, 'f', digits), QLatin1String(units.at(unit)));
}

} // namespace atlas::gui
