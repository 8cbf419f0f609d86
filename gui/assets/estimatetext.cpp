// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/estimatetext.h"

#include <QLocale>
#include <QObject>

#include <algorithm>
#include <cmath>

#include "gui/assets/clauses.h"
#include "gui/support/timetext.h"

namespace atlas::gui {

namespace {

constexpr double widestPercent = 50; // beyond that both ends say more

/// Three digits, away from what lies between.
QString endText(double count, bool up)
{
    const double size = std::max(0.0, count);
    const double step = size >= 1000 ? std::pow(10.0, std::floor(std::log10(size)) - 2) : 1;
    // What is whole stays so: sums of doubles may be a hair off.
    const double steps = size / step;
    const double whole = std::abs(steps - std::round(steps)) < 1e-6 ? std::round(steps)
                         : up                                       ? std::ceil(steps)
                                                                    : std::floor(steps);
    return QLocale().toString(whole * step, 'f', 0);
}

} // namespace

QString boundedText(double expected, const filter::Bounds& bounds)
{
    const QString text = estimateText(expected);
    const double off = std::max(bounds.high - expected, expected - bounds.low);
    if (!bounds.measured || off < 0.5)
        return text;
    const double percent = expected > 0 ? 100 * off / expected : 1e9;
    if (percent > widestPercent)
        return bounds.low < 1 ? QObject::tr("%1 (at most %2)").arg(text, endText(bounds.high, true))
                              : QObject::tr("%1 (%2 to %3)")
                                    .arg(text, endText(bounds.low, false), endText(bounds.high, true));
    const int digits = percent < 1 ? 1 : 0;
    const double unit = digits ? 0.1 : 1;
    return QObject::tr("%1 ± %2 %")
        .arg(text, QLocale().toString(std::ceil(percent / unit - 1e-9) * unit, 'f', digits));
}

QString measuredText(const QDateTime& measuredAt, bool sampled, const QDateTime& now)
{
    if (!measuredAt.isValid())
        return {};
    // The primary's clock and this one may differ by a little.
    const QString age = durationText(std::max(0.0, double(measuredAt.msecsTo(now)) / 1000));
    return sampled ? QObject::tr("sampled %1 ago").arg(age) : QObject::tr("counted %1 ago").arg(age);
}

QString boundsText(const filter::Bounds& bounds, bool combined, const QDateTime& now)
{
    if (!bounds.measured)
        return QObject::tr("A guess: a part of it was never measured");
    if (!bounds.measuredAt.isValid())
        return {};
    QStringList lines;
    QString measured = measuredText(bounds.measuredAt, bounds.sampled, now);
    measured[0] = measured.at(0).toUpper();
    if (bounds.high - bounds.low < 0.5) {
        lines += QObject::tr("%1, exact then").arg(measured);
    } else {
        const QString ends =
            QObject::tr("Between %1 and %2").arg(endText(bounds.low, false), endText(bounds.high, true));
        lines += combined ? QObject::tr("%1, however the clauses go together").arg(ends) : ends;
        lines += bounds.sampled ? QObject::tr("%1; holds in 95 of 100 cases").arg(measured) : measured;
    }
    if (bounds.changedSince > 0)
        lines += QObject::tr("%1 values written since").arg(countText(qRound64(bounds.changedSince)));
    return lines.join(QLatin1Char('\n'));
}

filter::Bounds boundsOf(const Attribute& attribute, const AttributeCatalog& catalog)
{
    return filter::bounds(filter::Expression(filter::Node(existsClause(attribute))), catalog);
}

QString havingText(const Attribute& attribute, const AttributeCatalog& catalog)
{
    if (!attribute.entitiesWith)
        return {};
    const filter::Bounds bounds = boundsOf(attribute, catalog);
    return bounds.sampled || bounds.changedSince > 0 ? boundedText(double(*attribute.entitiesWith), bounds)
                                                     : countText(*attribute.entitiesWith);
}

} // namespace atlas::gui
