// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include <optional>

namespace atlas::gui {

/// "< 0.1 s", "0.4 s", "12 s", "3 min", "2 h", "5 d": an age or a lag for people.
QString durationText(double seconds);
/// "0.8 ms", "14 ms", "1.2 s", "3 min": how long something took.
QString elapsedText(double milliseconds);
/// 1,234,567 in the locale's way.
QString countText(qint64 count);
/// "1 asset", "≈ 2,310 assets": `count` as countText() or estimateText() has it.
QString assetsText(const QString& count);
/// "≈ 3,120", two or three significant digits: an estimate must not look exact.
QString estimateText(double count);
/// "12.4 MB", decimal.
QString bytesText(double bytes);

} // namespace atlas::gui
