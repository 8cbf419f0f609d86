// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QHash>
#include <QMainWindow>
#include <QPointer>
#include <QTimer>

#include <memory>

#include "gui/app/appcontext.h"
#include "gui/app/session.h"
#include "gui/app/workspaces.h"
#include "gui/theme/theme.h"
#include "model/environment/environmentstore.h"

class QMenu;
class QStackedWidget;

namespace atlas::gui {

class EndpointBar;
class FreshnessBadge;
class MessageStrip;
class Rail;
class TopBar;
class WelcomePage;
class CommandPalette;
class CommandProvider;
class EnvironmentsDialog;
class NameProvider;

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
    /// nullptr on the welcome page.
    Workspace* currentWorkspace() const;
    void showWorkspace(const QString& id);
    bool showsWelcome() const;
    /// False: neither geometry nor choices are remembered (tour, measurements). True by default.
    void setKeepsSession(bool keeps) { m_keepsSession = keeps; }
    /// What the frame itself complains about at the moment (tenants cannot be read, a broken settings file).
    QString shownError() const;

    void openPalette();
    void openEnvironments(bool addOne = false);
    void useEnvironment(const Environment& environment);

Q_SIGNALS:
    void workspaceShown(const QString& id);
    void firstPainted();

protected:
    void closeEvent(QCloseEvent* event) override;
    void showEvent(QShowEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void buildActions();
    void fitToScreen();
    /// What had the focus may have been hidden: no key may go nowhere.
    void keepFocusLater();
    /// Into the workspace, where it was there last.
    void focusPage();
    void restoreSession();
    QVariantMap sessionState() const;
    /// Where the session is to be kept; returns at once.
    void keepSession();
    void start();
    void makeNextWorkspace();
    void showWelcome();
    void showAbout();
    void setTheme(Theme::Mode mode);
    void environmentsEdited();
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
    QString m_pageAfterWelcome;
    bool m_started = false;
    bool m_keepsSession = true;
    bool m_startPending = false;
    bool m_stripIsTenants = false;
    QTimer m_sessionPause; ///< a crash costs no more than the last moments
    session::Writer m_session;
    std::unique_ptr<CommandProvider> m_commandProvider;
    std::unique_ptr<NameProvider> m_tenantProvider;
    std::unique_ptr<NameProvider> m_environmentProvider;
    QMenu* m_menu = nullptr;
    QPointer<EnvironmentsDialog> m_dialog;

    Rail* m_rail = nullptr;
    TopBar* m_top = nullptr;
    MessageStrip* m_strip = nullptr;
    QStackedWidget* m_pages = nullptr;
    WelcomePage* m_welcome = nullptr;
    EndpointBar* m_endpoints = nullptr;
    CommandPalette* m_palette = nullptr;
};

} // namespace atlas::gui
