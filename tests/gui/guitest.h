// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDir>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>
#include <QWidget>

#include "gui/theme/theme.h"

namespace atlas::test {

/// A settings folder of this test's own, none of the variables that would lead it to a real environment, our
/// looks.
class GuiSandbox
{
public:
    GuiSandbox()
    {
        qputenv("XDG_CONFIG_HOME", QFile::encodeName(m_folder.path()));
        for (const char* variable : {"ATLAS_LOCAL_ENVIRONMENT", "ATLAS_ENVIRONMENT", "GTK_THEME", "PGHOST",
                                     "PGPORT", "PGSERVICE", "PGUSER", "PGDATABASE"})
            qunsetenv(variable);
        gui::Theme::instance().install();
        gui::Theme::instance().setMode(gui::Theme::Mode::Light);
    }
    QString path(const QString& name) const { return m_folder.filePath(name); }
    bool isValid() const { return m_folder.isValid(); }

private:
    QTemporaryDir m_folder;
};

/// Keeps a picture when somebody asked for it with ATLAS_TEST_SHOTS.
inline void shoot(QWidget* widget, const QString& name)
{
    const QString folder = qEnvironmentVariable("ATLAS_TEST_SHOTS");
    if (!folder.isEmpty() && QDir().mkpath(folder))
        widget->grab().save(QDir(folder).filePath(name + QStringLiteral(".png")));
}

} // namespace atlas::test
