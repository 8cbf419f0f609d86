// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/charts/charttext.h"

#include <QDateTime>
#include <QLocale>

#include <algorithm>
#include <cmath>

namespace atlas::gui {

namespace {

QString number(double value, int decimals)
{
    QLocale locale;
    locale.setNumberOptions(QLocale::OmitGroupSeparator);
    return locale.toString(value, 'f', decimals);
}

/// Three significant digits at most, none of them a trailing zero behind the point.
QString significant(double value, int digits = 3)
{
    const double size = std::fabs(value);
    int decimals = size == 0 ? 0 : digits - 1 - int(std::floor(std::log10(size)));
    decimals = std::clamp(decimals, 0, 6);
    QString text = number(value, decimals);
    const QString point = QLocale().decimalPoint();
    if (text.contains(point)) {
        while (text.endsWith(QLatin1Char('0')))
            text.chop(1);
        if (text.endsWith(point))
            text.chop(point.size());
    }
    return text == QLatin1String("-0") ? QStringLiteral("0") : text;
}

QString twoParts(double value, double big, const char* bigName, double small, const char* smallName)
{
    auto whole = std::floor(value / big);
    auto rest = std::round((value - whole * big) / small);
    if (rest * small >= big) {
        whole += 1;
        rest = 0;
    }
    QString text = number(whole, 0) + QLatin1Char(' ') + QLatin1String(bigName);
    if (rest > 0)
        text += QLatin1Char(' ') + number(rest, 0) + QLatin1Char(' ') + QLatin1String(smallName);
    return text;
}

QString secondsText(double value)
{
    if (value < 0)
        return QStringLiteral("−") + secondsText(-value);
    if (value == 0)
        return QStringLiteral("0 s");
    if (value < 0.001)
        return QStringLiteral("< 1 ms");
    if (value < 0.0995)
        return number(value * 1000, 0) + QStringLiteral(" ms");
    if (value < 9.95)
        return significant(value, 2) + QStringLiteral(" s");
    if (value < 59.5)
        return number(value, 0) + QStringLiteral(" s");
    if (value < 3600)
        return twoParts(value, 60, "min", 1, "s");
    if (value < 86400)
        return twoParts(value, 3600, "h", 60, "min");
    return twoParts(value, 86400, "d", 3600, "h");
}

struct Prefixed
{
    double value;
    const char* prefix;
};

Prefixed prefixed(double value)
{
    static constexpr struct
    {
        double size;
        const char* prefix;
    } steps[] = {{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
    for (const auto& step : steps)
        if (std::fabs(value) >= step.size * 0.9995)
            return {value / step.size, step.prefix};
    return {value, ""};
}

QString withPrefix(double value, const QString& unit)
{
    const Prefixed p = prefixed(value);
    return significant(p.value) + QLatin1Char(' ') + QLatin1String(p.prefix) + unit;
}

/// 1, 2, 5, 10 … or what clocks use, whichever is next above `rough`.
double niceStep(double rough, ChartUnit unit)
{
    if (unit == ChartUnit::Seconds && rough > 10) {
        static constexpr double steps[] = {15,   20,   30,   60,    120,   300,   600,  900,
                                           1800, 3600, 7200, 10800, 21600, 43200, 86400};
        for (const double step : steps)
            if (step >= rough)
                return step;
        return std::ceil(rough / 86400) * 86400;
    }
    const double power = std::pow(10, std::floor(std::log10(rough)));
    for (const double m : {1.0, 2.0, 2.5, 5.0, 10.0}) {
        // 2.5 only where it is a whole number of units to read.
        if (m == 2.5 && power < 10)
            continue;
        if (m * power >= rough * 0.999999)
            return m * power;
    }
    return 10 * power;
}

QDateTime localTime(double at)
{
    return QDateTime::fromMSecsSinceEpoch(qint64(std::floor(at * 1000)), Qt::LocalTime);
}

} // namespace

QString valueText(double value, ChartUnit unit, const QString& unitText)
{
    if (!std::isfinite(value))
        return QStringLiteral("–");
    switch (unit) {
    case ChartUnit::RowsPerSecond:
        if (std::fabs(value) < 9999.5)
            return QLocale().toString(value, 'f',
                                      value == std::floor(value) || std::fabs(value) >= 100 ? 0 : 1) +
                   QStringLiteral(" rows/s");
        return withPrefix(value, QStringLiteral("rows/s"));
    case ChartUnit::Seconds:
        return secondsText(value);
    case ChartUnit::Bytes:
        return withPrefix(value, QStringLiteral("B"));
    case ChartUnit::BytesPerSecond:
        return withPrefix(value, QStringLiteral("B/s"));
    case ChartUnit::None:
        break;
    }
    const QString text = QLocale().toString(value, 'g', QLocale::FloatingPointShortest);
    return unitText.isEmpty() ? text : text + QLatin1Char(' ') + unitText;
}

QString axisText(double value, ChartUnit unit)
{
    switch (unit) {
    case ChartUnit::Seconds:
        return secondsText(value);
    case ChartUnit::Bytes:
        return withPrefix(value, QStringLiteral("B"));
    case ChartUnit::BytesPerSecond:
        return withPrefix(value, QStringLiteral("B/s"));
    case ChartUnit::RowsPerSecond:
    case ChartUnit::None:
        break;
    }
    const double size = std::fabs(value);
    if (size != 0 && (size >= 1e15 || size < 1e-4))
        return QLocale().toString(value, 'g', 3);
    const Prefixed p = prefixed(value);
    const QString text = significant(p.value, p.prefix[0] ? 4 : 6);
    return p.prefix[0] ? text + QLatin1Char(' ') + QLatin1String(p.prefix) : text;
}

std::vector<double> valueTicks(double low, double high, int count, ChartUnit unit)
{
    std::vector<double> ticks;
    if (!std::isfinite(low) || !std::isfinite(high) || !(high > low) || count < 1)
        return ticks;
    const double step = niceStep((high - low) / count, unit);
    if (!(step > 0) || !std::isfinite(step))
        return ticks;
    const double first = std::ceil(low / step - 1e-9);
    for (double n = first; n * step <= high + step * 1e-9; n += 1) {
        ticks.push_back(n == 0 ? 0 : n * step);
        if (ticks.size() > 100 || n + 1 == n)
            break;
    }
    return ticks;
}

std::vector<double> logTicks(double low, double high, ChartUnit unit)
{
    std::vector<double> ticks;
    if (!(low > 0) || !(high > low) || !std::isfinite(high))
        return ticks;
    if (unit == ChartUnit::Seconds) {
        for (const double tick :
             {0.001, 0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 36000.0, 86400.0, 864000.0})
            if (tick >= low * 0.999999 && tick <= high * 1.000001)
                ticks.push_back(tick);
        return ticks;
    }
    for (int e = int(std::ceil(std::log10(low) - 1e-9)); e <= int(std::floor(std::log10(high) + 1e-9)); ++e)
        ticks.push_back(std::pow(10, e));
    return ticks;
}

std::vector<TimeTick> timeTicks(double from, double to, int count)
{
    static constexpr qint64 steps[] = {1,     2,     5,     10,    15,        30,        60,
                                       120,   300,   600,   900,   1800,      3600,      7200,
                                       10800, 21600, 43200, 86400, 2 * 86400, 7 * 86400, 14 * 86400};
    std::vector<TimeTick> ticks;
    if (!(to > from) || count < 1)
        return ticks;
    qint64 step = steps[std::size(steps) - 1];
    for (const qint64 candidate : steps) {
        if ((to - from) / double(candidate) <= count) {
            step = candidate;
            break;
        }
    }
    const QLocale locale;
    const auto dayLabel = [&locale](const QDate& date) {
        return locale.toString(date, QStringLiteral("d MMM"));
    };
    const auto add = [&](const QDateTime& when) {
        const double at = double(when.toMSecsSinceEpoch()) / 1000;
        if (at < from || at > to || (!ticks.empty() && at <= ticks.back().at))
            return;
        const bool midnight = when.time() == QTime(0, 0);
        const QString label = midnight    ? dayLabel(when.date())
                              : step < 60 ? when.toString(QStringLiteral("HH:mm:ss"))
                                          : when.toString(QStringLiteral("HH:mm"));
        ticks.push_back({at, label, midnight});
    };

    if (step >= 86400) {
        const qint64 days = step / 86400;
        QDate date = localTime(from).date();
        // Weeks begin on Mondays: Julian day 0 was one.
        date = date.addDays(-(date.toJulianDay() % days));
        for (; double(date.startOfDay().toMSecsSinceEpoch()) / 1000 <= to; date = date.addDays(days))
            add(date.startOfDay());
        return ticks;
    }
    if (step >= 3600) {
        // By the wall clock, so that 06:00 stays 06:00 over a change to or from summer time.
        const QDateTime start = localTime(from);
        for (QDate date = start.date(); double(date.startOfDay().toMSecsSinceEpoch()) / 1000 <= to;
             date = date.addDays(1))
            for (qint64 second = 0; second < 86400; second += step)
                add(second == 0 ? date.startOfDay()
                                : QDateTime(date, QTime::fromMSecsSinceStartOfDay(int(second * 1000)),
                                            Qt::LocalTime));
        return ticks;
    }
    // Offsets from UTC are multiples of 15 minutes, so these are round on the wall clock too.
    const qint64 offset = localTime(from).offsetFromUtc();
    auto at = qint64(std::ceil((from + double(offset)) / double(step))) * step - offset;
    for (; double(at) <= to; at += step)
        add(QDateTime::fromSecsSinceEpoch(at, Qt::LocalTime));
    return ticks;
}

QString instantText(double at, double span)
{
    const QDateTime when = localTime(at);
    return QLocale().toString(when.date(), QStringLiteral("ddd d MMM")) + QLatin1Char(' ') +
           when.toString(span < 60 ? QStringLiteral("HH:mm:ss.zzz") : QStringLiteral("HH:mm:ss"));
}

} // namespace atlas::gui
