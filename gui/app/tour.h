// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QObject>
#include <QString>

#include <functional>

#include "gui/app/workspace.h"
#include "gui/theme/theme.h"

class QTimer;

namespace atlas::gui {

class MainWindow;

/// Walks the real window through every workspace in both themes and takes a picture of each, for the README
/// and as a check of the whole. Waits until a workspace says that its data are shown; an error on the screen
/// is a failure.
class Tour : public QObject
{
    Q_OBJECT
public:
    /// `suffix` goes before ".png" ("@2x").
    Tour(MainWindow* window, const QString& folder, const QString& suffix, QObject* parent = nullptr);
    void start();

Q_SIGNALS:
    void finished(bool worked);

private:
    struct Step
    {
        QString text;
        std::function<void()> run;
        std::function<bool()> isDone; ///< empty: at once
        QString workspace;            ///< for the message when it takes too long
    };
    void planWorkspaces();
    void next();
    void check();
    void fail(const QString& reason);
    void takePicture(const QString& name);
    void say(const QString& text) const;

    MainWindow* m_window;
    QString m_folder;
    QString m_suffix;
    QList<Step> m_steps;
    Step m_running;
    QTimer* m_poll = nullptr;
    QTimer* m_deadline = nullptr;
    int m_settledChecks = 0;
    bool m_worked = true;
};

} // namespace atlas::gui
