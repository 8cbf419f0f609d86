// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QMetaType>
#include <QString>

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
    bool operator==(const Provenance&) const = default;
};

} // namespace atlas::gui

Q_DECLARE_METATYPE(atlas::gui::Provenance)
