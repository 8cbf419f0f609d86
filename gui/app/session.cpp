// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/app/session.h"

#include <QStandardPaths>

namespace atlas::gui::session {

Settings::Settings()
    : QSettings(QStandardPaths::writableLocation(QStandardPaths::GenericConfigLocation) +
                    QStringLiteral("/atlas-console/session.ini"),
                QSettings::IniFormat)
{
}

} // namespace atlas::gui::session
