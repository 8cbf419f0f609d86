// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDateTime>
#include <QMetaType>
#include <QString>

#include <algorithm>
#include <optional>

namespace atlas::gui {

/// Where what is on the screen came from, for the freshness badge.
struct Provenance
{
    QString endpoint;                 ///< node name; empty: nothing shown yet
    std::optional<double> ageSeconds; ///< nullopt: not known, shown as such, never as 0
    double slaSeconds = 0;            ///< freshness wanted; 0: none
    bool met = false;
    QString note; ///< one sentence for the tooltip ("replica-2 is 14 s behind, read from the primary")
    /// UTC; what stays on the screen grows older from then on. Null: the page reads again by itself.
    QDateTime readAt{};
    bool operator==(const Provenance&) const = default;

    /// As of now, older by whole seconds since it was read.
    std::optional<double> ageNow() const
    {
        if (!ageSeconds || !readAt.isValid())
            return ageSeconds;
        return *ageSeconds + double(std::max<qint64>(0, readAt.secsTo(QDateTime::currentDateTimeUtc())));
    }
    bool metNow() const
    {
        const std::optional<double> age = ageNow();
        return met && (!age || slaSeconds <= 0 || *age <= slaSeconds);
    }
};

} // namespace atlas::gui

Q_DECLARE_METATYPE(atlas::gui::Provenance)
