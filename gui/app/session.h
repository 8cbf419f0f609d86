// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QSettings>

namespace atlas::gui::session {

/// What is remembered between starts, beside the environments: ~/.config/atlas-console/session.ini. No
/// secrets.
class Settings : public QSettings
{
public:
    Settings();
};

} // namespace atlas::gui::session
