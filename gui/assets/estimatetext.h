// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDateTime>
#include <QString>

#include "model/catalog/attributecatalog.h"
#include "model/filter/estimate.h"

namespace atlas::gui {

/// "≈ 48,200 ± 5 %", "≈ 540 (at most 12,000)", "≈ 540": an estimate with what it may be wrong by, where that
/// is known and not nothing. What it may be wrong by is never rounded down.
QString boundedText(double expected, const filter::Bounds& bounds);
/// The same in full, for tooltips, a line each: between what the number lies, how that is known and how old
/// it is, what was written since. Empty where nothing was measured for it. `combined`: clauses were put
/// together.
QString boundsText(const filter::Bounds& bounds, bool combined = false,
                   const QDateTime& now = QDateTime::currentDateTimeUtc());
/// "counted 3 min ago", "sampled 3 min ago"; empty when it never was.
QString measuredText(const QDateTime& measuredAt, bool sampled,
                     const QDateTime& now = QDateTime::currentDateTimeUtc());
/// How many assets have the attribute.
filter::Bounds boundsOf(const Attribute& attribute, const AttributeCatalog& catalog);
/// "900", "≈ 48,200 ± 5 %": how many assets have it. Empty when it was never measured.
QString havingText(const Attribute& attribute, const AttributeCatalog& catalog);

} // namespace atlas::gui
