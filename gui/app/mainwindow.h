// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QHash>
#include <QMainWindow>

#include <memory>

#include "gui/app/appcontext.h"
#include "gui/app/workspaces.h"
#include "model/environment/environmentstore.h"

class QStackedWidget;

namespace atlas::gui {

class EndpointBar;
class FreshnessBadge;
class MessageStrip;
class Rail;
class TopBar;
class WelcomePage;
class CommandPalette;

/// What the command line asked for; empty fields fall back to the last session.
struct StartOptions
{
    QString environment;
    QString service;
    QString tenant;
    QString workspace;
};

/// The frame: rail, pickers, freshness badge, palette, endpoint states, and the workspaces in the middle.
class MainWindow : public QMainWindow
{
    Q_OBJECT
public:
    explicit MainWindow(std::shared_ptr<EnvironmentStore> store, StartOptions options = {},
                        QWidget* parent = nullptr);
    ~MainWindow() override;

    AppContext* context() const { return m_context.get(); }
    /// Made when first asked for. nullptr: no such id.
    Workspace* workspace(const QString& id);
    QStringList workspaceIds() const;
    QString currentWorkspaceId() const;
    void showWorkspace(const QString& id);
    bool showsWelcome() const;
    /// What the frame itself complains about at the moment (tenants cannot be read, a broken settings file).
    QString shownError() const;

    void openPalette();
    void openEnvironments();
    void useEnvironment(const Environment& environment);

Q_SIGNALS:
    void workspaceShown(const QString& id);

protected:
    void closeEvent(QCloseEvent* event) override;
    void showEvent(QShowEvent* event) override;

private:
    void buildActions();
    void restoreSession();
    void saveSession() const;
    void start();
    void fillEnvironments();
    void showNotices();
    void updateTenants();
    QList<Command> frameCommands();

    std::shared_ptr<EnvironmentStore> m_store;
    StartOptions m_options;
    std::shared_ptr<AppContext> m_context;
    QList<WorkspaceEntry> m_entries;
    QHash<QString, Workspace*> m_workspaces;
    QHash<QString, QVariantMap> m_savedStates;
    QString m_current;
    bool m_started = false;

    Rail* m_rail = nullptr;
    TopBar* m_top = nullptr;
    MessageStrip* m_strip = nullptr;
    QStackedWidget* m_pages = nullptr;
    WelcomePage* m_welcome = nullptr;
    EndpointBar* m_endpoints = nullptr;
    CommandPalette* m_palette = nullptr;
};

} // namespace atlas::gui
