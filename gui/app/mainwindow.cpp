// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/app/mainwindow.h"

#include <QAction>
#include <QActionGroup>
#include <QApplication>
#include <QCloseEvent>
#include <QDir>
#include <QKeyEvent>
#include <QLabel>
#include <QMenu>
#include <QMessageBox>
#include <QScreen>
#include <QSettings>
#include <QStackedWidget>
#include <QTimer>
#include <QVBoxLayout>

#include "gui/app/endpointbar.h"
#include "gui/app/freshnessbadge.h"
#include "gui/app/providers.h"
#include "gui/app/rail.h"
#include "gui/app/topbar.h"
#include "gui/app/welcomepage.h"
#include "gui/environments/environmentsdialog.h"
#include "gui/palette/commandpalette.h"
#include "gui/theme/theme.h"
#include "gui/widgets/messagestrip.h"
#include "gui/widgets/picker.h"

namespace atlas::gui {

namespace {
constexpr QSize defaultSize(1280, 800);
constexpr std::chrono::milliseconds sessionPause(2000);

/// A strip has a margin around it only while it is shown.
class StripHolder : public QWidget
{
public:
    StripHolder(MessageStrip* strip, QWidget* parent)
        : QWidget(parent)
    {
        auto* layout = new QVBoxLayout(this);
        layout->setContentsMargins(metrics::small, metrics::small, metrics::small, 0);
        layout->addWidget(strip);
        strip->installEventFilter(this);
        hide();
    }

protected:
    bool eventFilter(QObject* watched, QEvent* event) override
    {
        if (event->type() == QEvent::ShowToParent)
            show();
        else if (event->type() == QEvent::HideToParent)
            hide();
        return QWidget::eventFilter(watched, event);
    }
};
} // namespace

MainWindow::MainWindow(std::shared_ptr<EnvironmentStore> store, StartOptions options, QWidget* parent)
    : QMainWindow(parent)
    , m_store(std::move(store))
    , m_options(std::move(options))
    , m_context(std::make_shared<AppContext>())
    , m_entries(workspaceEntries())
{
    setObjectName(QStringLiteral("mainWindow"));
    setWindowTitle(tr("Atlas Console"));
    setMinimumSize(900, 560);
    auto* central = new QWidget(this);
    auto* column = new QVBoxLayout(central);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    m_top = new TopBar(central);
    column->addWidget(m_top);
    auto* middle = new QHBoxLayout;
    middle->setSpacing(0);
    buildActions();
    QList<WorkspaceInfo> infos;
    for (const WorkspaceEntry& entry : std::as_const(m_entries))
        infos << entry.info;
    m_rail = new Rail(infos, m_menu, central);
    middle->addWidget(m_rail);
    auto* right = new QVBoxLayout;
    right->setSpacing(0);
    m_strip = new MessageStrip;
    right->addWidget(new StripHolder(m_strip, central));
    m_pages = new QStackedWidget(central);
    right->addWidget(m_pages, 1);
    middle->addLayout(right, 1);
    column->addLayout(middle, 1);
    m_endpoints = new EndpointBar(m_context.get(), central);
    column->addWidget(m_endpoints);
    setCentralWidget(central);
    m_palette = new CommandPalette(central);
    connect(m_palette, &CommandPalette::focusHasNowhereToGo, this, &MainWindow::focusPage);

    m_pages->addWidget(new QWidget(m_pages));
    m_commandProvider = std::make_unique<CommandProvider>(tr("Actions"));
    m_tenantProvider =
        std::make_unique<NameProvider>(tr("Tenants"), QStringLiteral("tenant"),
                                       [this](const QString& name) { m_context->setWantedTenant(name); });
    m_environmentProvider = std::make_unique<NameProvider>(tr("Environments"), QStringLiteral("environment"),
                                                           [this](const QString& name) {
                                                               if (const auto found = m_store->find(name))
                                                                   useEnvironment(*found);
                                                           });

    m_top->environments()->addFooter(tr("Environments…"), QStringLiteral("settings"),
                                     [this] { openEnvironments(); });
    connect(m_top->environments(), &Picker::chosen, this, [this] {
        const QString name = m_top->environments()->currentData().toString();
        const Environment* current = m_context->environment();
        if (const auto found = m_store->find(name); found && !(current && current->name == name))
            useEnvironment(*found);
    });
    connect(m_top->tenants(), &Picker::chosen, this,
            [this] { m_context->setWantedTenant(m_top->tenants()->currentData().toString()); });
    connect(m_top, &TopBar::paletteRequested, this, &MainWindow::openPalette);
    connect(m_rail, &Rail::chosen, this, &MainWindow::showWorkspace);
    connect(qApp, &QApplication::focusChanged, this, [this](const QWidget*, const QWidget* now) {
        if (!now && isActiveWindow())
            keepFocusLater();
    });
    connect(m_endpoints, &EndpointBar::runningClicked, this,
            [this] { showWorkspace(QStringLiteral("activity")); });
    connect(m_context.get(), &AppContext::tenantsChanged, this, &MainWindow::updateTenants);
    connect(m_context.get(), &AppContext::tenantChanged, this, &MainWindow::updateTenants);
    connect(m_context.get(), &AppContext::environmentChanged, this, &MainWindow::fillEnvironments);
    connect(m_strip, &MessageStrip::retryRequested, m_context.get(), &AppContext::reloadTenants);
    m_sessionPause.setSingleShot(true);
    m_sessionPause.setInterval(sessionPause);
    connect(&m_sessionPause, &QTimer::timeout, this, &MainWindow::keepSession);
    const auto keepLater = qOverload<>(&QTimer::start);
    connect(this, &MainWindow::workspaceShown, &m_sessionPause, keepLater);
    connect(m_context.get(), &AppContext::tenantChanged, &m_sessionPause, keepLater);
    // Ended without being closed: a signal, the end of the desktop's session.
    connect(qApp, &QCoreApplication::aboutToQuit, this, [this] {
        if (isVisible())
            keepSession();
        m_session.wait();
    });
    fillEnvironments();
    updateTenants();
    restoreSession();
}

MainWindow::~MainWindow()
{
    // Workspaces hold models that use the client, and so does the dialog: they go before the context.
    delete m_dialog;
    qDeleteAll(m_workspaces);
    m_workspaces.clear();
}

void MainWindow::buildActions()
{
    m_menu = new QMenu(this);
    const auto add = [this](const QString& text, const QKeySequence& keys, const QString& iconName,
                            auto run) {
        auto* action = new QAction(text, this);
        action->setShortcut(keys);
        if (!iconName.isEmpty())
            action->setIcon(icon(iconName));
        connect(action, &QAction::triggered, this, run);
        addAction(action);
        return action;
    };
    m_menu->addAction(add(tr("Go to…"), QKeySequence(Qt::CTRL | Qt::Key_K), QStringLiteral("search"),
                          [this] { openPalette(); }));
    m_menu->addAction(
        add(tr("Environments…"), {}, QStringLiteral("environment"), [this] { openEnvironments(); }));
    m_menu->addSeparator();
    auto* themes = new QActionGroup(this);
    const auto addTheme = [&](const QString& text, Theme::Mode mode, const QString& iconName) {
        QAction* action = add(text, {}, iconName, [this, mode] { setTheme(mode); });
        action->setCheckable(true);
        action->setData(int(mode));
        themes->addAction(action);
        m_menu->addAction(action);
    };
    addTheme(tr("Light theme"), Theme::Mode::Light, QStringLiteral("sun"));
    addTheme(tr("Dark theme"), Theme::Mode::Dark, QStringLiteral("moon"));
    addTheme(tr("Theme of the system"), Theme::Mode::System, QStringLiteral("monitor"));
    connect(m_menu, &QMenu::aboutToShow, this, [themes] {
        for (QAction* action : themes->actions())
            action->setChecked(action->data().toInt() == int(Theme::instance().mode()));
    });
    m_menu->addSeparator();
    m_menu->addAction(add(tr("About Atlas Console"), {}, QStringLiteral("info"), [this] { showAbout(); }));
    m_menu->addAction(add(tr("Quit"), QKeySequence(Qt::CTRL | Qt::Key_Q), {}, [this] { close(); }));
    for (int i = 0; i < m_entries.size() && i < 9; ++i) {
        const QString id = m_entries.at(i).info.id;
        add(m_entries.at(i).info.title, QKeySequence(int(Qt::CTRL) | int(Qt::Key_1 + i)), {},
            [this, id] { showWorkspace(id); });
    }
}

void MainWindow::setTheme(Theme::Mode mode)
{
    Theme::instance().setMode(mode);
    m_session.write({{QStringLiteral("theme"), Theme::modeName(mode)}});
}

void MainWindow::showAbout()
{
    QMessageBox box(this);
    box.setWindowTitle(tr("About Atlas Console"));
    box.setIconPixmap(QIcon(QStringLiteral(":/icons/atlas-console.svg")).pixmap(64));
    box.setText(tr("<b>Atlas Console %1</b>").arg(QStringLiteral(ATLAS_VERSION)));
    box.setInformativeText(tr("A console for telemetry platforms on PostgreSQL and Redshift.\n"
                              "Free software under the GNU General Public License, version 3 or later.\n"
                              "Uses Qt %1, libpq and QCustomPlot.")
                               .arg(QLatin1String(qVersion())));
    box.exec();
}

void MainWindow::showEvent(QShowEvent* event)
{
    QMainWindow::showEvent(event);
    if (m_started || m_startPending)
        return;
    m_startPending = true;
    // The window is on the screen first; should nothing ever be painted (minimised), it starts all the same.
    centralWidget()->installEventFilter(this);
    QTimer::singleShot(400, this, &MainWindow::start);
}

bool MainWindow::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == centralWidget() && event->type() == QEvent::Paint) {
        centralWidget()->removeEventFilter(this);
        QTimer::singleShot(0, this, &MainWindow::start);
        Q_EMIT firstPainted();
    }
    return QMainWindow::eventFilter(watched, event);
}

void MainWindow::start()
{
    if (m_started)
        return;
    m_started = true;
    showNotices();
    const session::Settings saved;
    const bool asked = !m_options.environment.isEmpty() || !m_options.service.isEmpty() ||
                       qEnvironmentVariableIsSet("ATLAS_ENVIRONMENT");
    std::optional<Environment> chosen;
    if (asked) {
        const auto resolved = resolveEnvironment(*m_store, m_options.environment, m_options.service);
        if (resolved) {
            chosen = *resolved;
        } else {
            m_strip->showMessage(MessageStrip::Kind::Error, resolved.error().message);
            m_strip->setRetryVisible(false);
        }
    } else {
        chosen = m_store->find(saved.value(QStringLiteral("environment")).toString());
        if (!chosen && !m_store->environments().isEmpty())
            chosen = m_store->environments().constFirst();
    }
    const QString tenant =
        m_options.tenant.isEmpty() ? saved.value(QStringLiteral("tenant")).toString() : m_options.tenant;
    if (!m_options.tenant.isEmpty() || (chosen && saved.value(QStringLiteral("environment")) == chosen->name))
        m_context->setWantedTenant(tenant);
    QString page = m_options.workspace.isEmpty() ? saved.value(QStringLiteral("workspace")).toString()
                                                 : m_options.workspace;
    if (!workspaceIds().contains(page))
        page = workspaceIds().value(0);
    if (chosen) {
        m_context->setEnvironment(*chosen);
        showWorkspace(page);
        QTimer::singleShot(0, this, &MainWindow::makeNextWorkspace);
    } else {
        m_pageAfterWelcome = page;
        showWelcome();
    }
}

void MainWindow::makeNextWorkspace()
{
    // One each turn of the loop, when nothing else is to be done: Ctrl+K wants all their commands.
    for (const WorkspaceEntry& entry : std::as_const(m_entries)) {
        if (!m_workspaces.contains(entry.info.id)) {
            workspace(entry.info.id);
            QTimer::singleShot(100, this, &MainWindow::makeNextWorkspace);
            return;
        }
    }
}

void MainWindow::showWelcome()
{
    if (!m_welcome) {
        m_welcome = new WelcomePage(m_pages);
        m_pages->addWidget(m_welcome);
        connect(m_welcome, &WelcomePage::addRequested, this, [this] { openEnvironments(true); });
        connect(m_welcome, &WelcomePage::lookAgainRequested, this,
                [this] { m_welcome->setLocalFile(EnvironmentStore::findLocalFile(QDir::currentPath())); });
        connect(m_welcome, &WelcomePage::useLocalRequested, this, [this](const QString& file) {
            if (const db::Status used = m_store->useLocalFile(file); !used) {
                m_welcome->showProblem(used.error().message);
                return;
            }
            // Found again at the next start, from whatever folder.
            m_session.write({{QStringLiteral("localFile"), file}});
            useEnvironment(m_store->environments().constFirst());
        });
    }
    m_welcome->setLocalFile(EnvironmentStore::findLocalFile(QDir::currentPath()));
    m_rail->setCurrent({});
    m_rail->setEnabled(false);
    m_top->freshness()->setProvenance({});
    m_pages->setCurrentWidget(m_welcome);
}

bool MainWindow::showsWelcome() const
{
    return m_welcome && m_pages->currentWidget() == m_welcome;
}

QStringList MainWindow::workspaceIds() const
{
    QStringList ids;
    for (const WorkspaceEntry& entry : m_entries)
        ids << entry.info.id;
    return ids;
}

Workspace* MainWindow::workspace(const QString& id)
{
    if (Workspace* known = m_workspaces.value(id))
        return known;
    for (const WorkspaceEntry& entry : std::as_const(m_entries)) {
        if (entry.info.id != id)
            continue;
        Workspace* made = entry.make(m_pages);
        m_pages->addWidget(made);
        m_workspaces.insert(id, made);
        made->setContext(m_context);
        made->restoreState(m_savedStates.value(id));
        connect(made, &Workspace::provenanceChanged, this, [this, made](const Provenance& provenance) {
            if (m_pages->currentWidget() == made)
                m_top->freshness()->setProvenance(provenance);
        });
        connect(made, &Workspace::showMe, this, [this, id] { showWorkspace(id); });
        connect(made, &Workspace::stateChanged, &m_sessionPause, qOverload<>(&QTimer::start));
        return made;
    }
    return nullptr;
}

QString MainWindow::currentWorkspaceId() const
{
    return m_current;
}

Workspace* MainWindow::currentWorkspace() const
{
    auto* shown = m_workspaces.value(m_current);
    return shown && m_pages->currentWidget() == shown ? shown : nullptr;
}

void MainWindow::showWorkspace(const QString& id)
{
    if (!m_context->environment())
        return;
    Workspace* next = workspace(id);
    if (!next)
        return;
    m_rail->setEnabled(true);
    m_rail->setCurrent(id);
    Workspace* before = currentWorkspace();
    if (before == next)
        return;
    if (before)
        before->deactivate();
    m_current = id;
    m_pages->setCurrentWidget(next);
    m_top->freshness()->setProvenance(next->provenance());
    next->activate();
    keepFocusLater();
    setWindowTitle(tr("%1 – Atlas Console").arg(next->title()));
    Q_EMIT workspaceShown(id);
}

void MainWindow::keepFocusLater()
{
    QTimer::singleShot(0, this, [this] {
        const QWidget* now = QApplication::focusWidget();
        if (isActiveWindow() && (!now || now == this || now == m_pages->currentWidget() || !now->isVisible()))
            focusPage();
    });
}

void MainWindow::focusPage()
{
    QWidget* page = m_pages->currentWidget();
    if (!page)
        return;
    QWidget* next = page->focusWidget();
    for (QWidget* each = page->nextInFocusChain(); (!next || !next->isVisible()) && each != page;
         each = each->nextInFocusChain()) {
        if (page->isAncestorOf(each) && each->isVisible() && each->isEnabled() &&
            (each->focusPolicy() & Qt::TabFocus))
            next = each;
    }
    if (next)
        next->setFocus(Qt::OtherFocusReason);
}

void MainWindow::useEnvironment(const Environment& environment)
{
    if (const Environment* current = m_context->environment(); !current || current->name != environment.name)
        m_context->setWantedTenant({});
    m_strip->clear();
    m_context->setEnvironment(environment);
    if (showsWelcome() || m_current.isEmpty()) {
        showWorkspace(m_pageAfterWelcome.isEmpty() ? workspaceIds().value(0) : m_pageAfterWelcome);
        QTimer::singleShot(0, this, &MainWindow::makeNextWorkspace);
    }
}

void MainWindow::openEnvironments(bool addOne)
{
    if (!m_dialog) {
        m_dialog = new EnvironmentsDialog(m_store, m_context->client(), this);
        m_dialog->setAttribute(Qt::WA_DeleteOnClose);
        connect(m_dialog, &EnvironmentsDialog::useRequested, this, [this](const QString& name) {
            if (const auto found = m_store->find(name))
                useEnvironment(*found);
        });
        connect(m_dialog, &EnvironmentsDialog::storeChanged, this, &MainWindow::environmentsEdited);
        // A new password changes nothing in the store; it takes effect by connecting again.
        connect(m_dialog, &EnvironmentsDialog::passwordsChanged, this, [this](const QString& name) {
            const Environment* current = m_context->environment();
            if (const auto stored = m_store->find(name); stored && current && current->name == name)
                m_context->setEnvironment(*stored);
        });
    }
    if (const Environment* current = m_context->environment())
        m_dialog->select(current->name);
    if (addOne)
        m_dialog->addNew();
    m_dialog->show();
    m_dialog->raise();
    m_dialog->activateWindow();
}

void MainWindow::environmentsEdited()
{
    fillEnvironments();
    const Environment* current = m_context->environment();
    if (!current)
        return;
    const auto stored = m_store->find(current->name);
    // What was edited takes effect at once; what was removed stays connected until another is chosen.
    if (stored && *stored != *current)
        m_context->setEnvironment(*stored);
}

void MainWindow::fillEnvironments()
{
    QList<Picker::Item> items;
    QList<Environment> all = m_store->environments();
    const Environment* current = m_context->environment();
    if (current && !m_store->find(current->name))
        all.prepend(*current);
    for (const Environment& environment : std::as_const(all)) {
        items << Picker::Item{environment.name,
                              m_store->isLocal(environment.name) ? tr("local cluster") : QString(),
                              ColorDot::icon(QColor(environment.color)), environment.name};
    }
    m_top->environments()->setItems(items);
    m_top->environments()->setCurrentData(current ? QVariant(current->name) : QVariant());
    m_top->setEnvironmentColor(current ? QColor(current->color) : QColor());
}

void MainWindow::updateTenants()
{
    QList<Picker::Item> items;
    const QList<Tenant> tenants = m_context->tenants();
    for (const Tenant& tenant : tenants)
        items << Picker::Item{tenant.name, {}, {}, tenant.name};
    Picker* picker = m_top->tenants();
    picker->setItems(items);
    picker->setEnabled(m_context->environment() != nullptr);
    const Tenant& current = m_context->tenant();
    picker->setCurrentData(current.isValid() ? QVariant(current.name) : QVariant());
    using Loading = AppContext::Loading;
    const Loading state = m_context->tenantsLoading();
    QString status;
    if (!current.isValid()) {
        if (state == Loading::Busy)
            status = tr("loading…");
        else if (state == Loading::Failed)
            status = tr("not readable");
    }
    picker->setStatusText(status);
    if (state == Loading::Failed) {
        m_strip->showError(tr("The list of tenants could not be read"), *m_context->tenantsError());
        m_strip->setRetryVisible(true);
        m_stripIsTenants = true;
    } else if (state == Loading::Ready && tenants.isEmpty()) {
        m_strip->showMessage(
            MessageStrip::Kind::Warning,
            tr("This login sees no tenant. Ask an administrator for access (atlas.tenant_access), or "
               "load some data first."));
        m_strip->setRetryVisible(true, tr("Look again"));
        m_stripIsTenants = true;
    } else if (state == Loading::Ready && !current.isValid() && !m_context->wantedTenant().isEmpty()) {
        m_strip->showMessage(
            MessageStrip::Kind::Warning,
            tr("There is no tenant called “%1” that this login may see. Choose another one above.")
                .arg(m_context->wantedTenant()));
        m_strip->setRetryVisible(false);
        m_stripIsTenants = true;
    } else if (m_stripIsTenants && state != Loading::Busy) {
        m_strip->clear();
        m_stripIsTenants = false;
    }
}

void MainWindow::showNotices()
{
    const QStringList notices = m_store->notices();
    if (notices.isEmpty())
        return;
    m_strip->showMessage(MessageStrip::Kind::Warning, notices.join(QLatin1Char(' ')));
    m_strip->setRetryVisible(false);
    m_strip->setClosable(true);
}

QString MainWindow::shownError() const
{
    return m_strip->errorText();
}

QList<Command> MainWindow::frameCommands()
{
    QList<Command> commands;
    for (int i = 0; i < m_entries.size(); ++i) {
        const WorkspaceInfo& info = m_entries.at(i).info;
        commands << Command{QStringLiteral("frame.show.") + info.id,
                            tr("Show %1").arg(info.title),
                            info.tooltip,
                            tr("go to workspace open"),
                            info.icon,
                            QKeySequence(int(Qt::CTRL) | int(Qt::Key_1 + i)),
                            [this, id = info.id] { showWorkspace(id); }};
    }
    commands << Command{QStringLiteral("frame.theme.light"),
                        tr("Light theme"),
                        {},
                        tr("colours appearance"),
                        QStringLiteral("sun"),
                        {},
                        [this] { setTheme(Theme::Mode::Light); }};
    commands << Command{QStringLiteral("frame.theme.dark"),
                        tr("Dark theme"),
                        {},
                        tr("colours appearance"),
                        QStringLiteral("moon"),
                        {},
                        [this] { setTheme(Theme::Mode::Dark); }};
    commands << Command{QStringLiteral("frame.theme.system"),
                        tr("Theme of the system"),
                        {},
                        tr("colours appearance auto"),
                        QStringLiteral("monitor"),
                        {},
                        [this] { setTheme(Theme::Mode::System); }};
    commands << Command{QStringLiteral("frame.environments"), tr("Environments…"),
                        tr("Add, edit, test connections"),    tr("connection server database"),
                        QStringLiteral("settings"),           {},
                        [this] { openEnvironments(); }};
    if (m_context->environment()) {
        commands << Command{QStringLiteral("frame.tenants.reload"),
                            tr("Read the list of tenants again"),
                            {},
                            tr("refresh"),
                            QStringLiteral("refresh"),
                            {},
                            [this] { m_context->reloadTenants(); }};
    }
    commands << Command{QStringLiteral("frame.about"),
                        tr("About Atlas Console"),
                        {},
                        tr("version help"),
                        QStringLiteral("info"),
                        {},
                        [this] { showAbout(); }};
    commands << Command{
        QStringLiteral("frame.quit"),       tr("Quit"),         {}, tr("exit close"), QStringLiteral("close"),
        QKeySequence(Qt::CTRL | Qt::Key_Q), [this] { close(); }};
    return commands;
}

void MainWindow::openPalette()
{
    if (m_palette->isOpen()) {
        m_palette->close();
        return;
    }
    QList<Command> commands;
    QList<PaletteProvider*> others;
    if (Workspace* shown = currentWorkspace()) {
        commands << shown->commands();
        others << shown->paletteProviders();
    }
    commands << frameCommands();
    for (const QString& id : workspaceIds()) {
        Workspace* other = m_workspaces.value(id);
        if (!other || other == currentWorkspace())
            continue;
        // A command of a page that is not shown brings the page with it.
        const QList<Command> theirs = other->commands();
        for (Command command : theirs) {
            command.run = [this, id, run = command.run] {
                showWorkspace(id);
                run();
            };
            if (command.detail.isEmpty())
                command.detail = other->title();
            commands << command;
        }
        others << other->paletteProviders();
    }
    m_commandProvider->setCommands(commands);
    QStringList tenants;
    const QList<Tenant> allTenants = m_context->tenants();
    for (const Tenant& tenant : allTenants)
        tenants << tenant.name;
    m_tenantProvider->setNames(tenants, m_context->tenant().name);
    QStringList environments;
    const QList<Environment> allEnvironments = m_store->environments();
    for (const Environment& environment : allEnvironments)
        environments << environment.name;
    m_environmentProvider->setNames(environments,
                                    m_context->environment() ? m_context->environment()->name : QString());
    QList<PaletteProvider*> providers = {m_commandProvider.get(), m_tenantProvider.get(),
                                         m_environmentProvider.get()};
    m_palette->open(providers + others);
}

void MainWindow::keyPressEvent(QKeyEvent* event)
{
    // Only what no focused widget wanted gets here.
    if (Workspace* shown = currentWorkspace()) {
        if (event->matches(QKeySequence::Refresh)) {
            shown->refresh();
            return;
        }
        if (event->matches(QKeySequence::Find)) {
            shown->focusSearch();
            return;
        }
        if (event->key() == Qt::Key_Escape) {
            shown->cancel();
            return;
        }
    }
    QMainWindow::keyPressEvent(event);
}

void MainWindow::fitToScreen()
{
    // Frame and title bar come on top; on a small screen they would push the status line out of sight.
    constexpr QSize frame(16, 56);
    if (QGuiApplication::platformName() == QLatin1String("offscreen")) {
        resize(defaultSize); // nobody looks at that screen
        return;
    }
    const QSize room = screen()->availableGeometry().size();
    resize(defaultSize.boundedTo(room - frame));
    if (room.width() < defaultSize.width() + frame.width() ||
        room.height() < defaultSize.height() + frame.height())
        setWindowState(windowState() | Qt::WindowMaximized);
}

void MainWindow::restoreSession()
{
    const session::Settings saved;
    if (!restoreGeometry(saved.value(QStringLiteral("geometry")).toByteArray()))
        fitToScreen();
    for (const WorkspaceEntry& entry : std::as_const(m_entries))
        m_savedStates.insert(entry.info.id,
                             saved.value(QStringLiteral("workspaces/") + entry.info.id).toMap());
    // A local cluster chosen on the welcome page, when it is still there.
    const QString localFile = saved.value(QStringLiteral("localFile")).toString();
    if (!localFile.isEmpty() && !qEnvironmentVariableIsSet("ATLAS_LOCAL_ENVIRONMENT") &&
        QFile::exists(localFile)) {
        if (m_store->useLocalFile(localFile))
            fillEnvironments();
    }
}

QVariantMap MainWindow::sessionState() const
{
    QVariantMap state;
    state.insert(QStringLiteral("geometry"), saveGeometry());
    for (auto it = m_workspaces.cbegin(); it != m_workspaces.cend(); ++it)
        state.insert(QStringLiteral("workspaces/") + it.key(), it.value()->saveState());
    // A one-off --service is not what the next start should open.
    const Environment* environment = m_context->environment();
    if (environment && m_store->find(environment->name)) {
        state.insert(QStringLiteral("environment"), environment->name);
        // Until the tenants could be read, the one that is wanted is still the one.
        const bool known = m_context->tenantsLoading() == AppContext::Loading::Ready;
        const Tenant& tenant = m_context->tenant();
        state.insert(QStringLiteral("tenant"),
                     known || tenant.isValid() ? tenant.name : m_context->wantedTenant());
        state.insert(QStringLiteral("workspace"), m_current);
    }
    return state;
}

void MainWindow::keepSession()
{
    m_sessionPause.stop();
    if (m_started && m_keepsSession)
        m_session.write(sessionState());
}

void MainWindow::closeEvent(QCloseEvent* event)
{
    keepSession();
    m_session.wait(); // nothing may come after it
    QMainWindow::closeEvent(event);
}

} // namespace atlas::gui
