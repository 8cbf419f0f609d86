// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QKeySequence>
#include <QString>

#include <functional>

namespace atlas::gui {

/// Something that can be done, as Ctrl+K lists it. Commands are asked for whenever the palette opens.
struct Command
{
    QString id;       ///< stable, "assets.export"
    QString title;    ///< "Export the result…"
    QString detail;   ///< muted, right of the title
    QString keywords; ///< more words it is found by
    QString icon;     ///< name in resources/icons
    QKeySequence shortcut;
    std::function<void()> run;
};

} // namespace atlas::gui
