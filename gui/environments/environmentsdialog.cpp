// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/environments/environmentsdialog.h"

#include <QCheckBox>
#include <QCloseEvent>
#include <QFormLayout>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QTabWidget>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

#include "gui/environments/replicaspane.h"
#include "gui/environments/secretstore.h"
#include "gui/environments/swatchrow.h"
#include "gui/theme/theme.h"
#include "gui/widgets/buttons.h"
#include "gui/widgets/messagestrip.h"
#include "gui/widgets/statedot.h"

namespace atlas::gui {

namespace {

QString purposeText(Purpose purpose)
{
    switch (purpose) {
    case Purpose::Analyst:
        return QObject::tr("Analyst: assets, filters, reports");
    case Purpose::Operator:
        return QObject::tr("Operator: pipeline, lag, health");
    case Purpose::Admin:
        return QObject::tr("Admin: promote and demote");
    case Purpose::Ingest:
        return QObject::tr("Ingest: atlasctl load, import, collect");
    case Purpose::Agent:
        return QObject::tr("Agent: atlasctl agent");
    case Purpose::Owner:
        return QObject::tr("Owner: atlasctl schema");
    }
    return {};
}

} // namespace

EnvironmentsDialog::EnvironmentsDialog(std::shared_ptr<EnvironmentStore> store, db::Client* client,
                                       QWidget* parent)
    : QDialog(parent)
    , m_store(std::move(store))
    , m_client(client)
    , m_list(new QListWidget(this))
    , m_right(new QWidget(this))
    , m_strip(new MessageStrip(this))
{
    setObjectName(QStringLiteral("environmentsDialog"));
    setWindowTitle(tr("Environments"));
    resize(880, 660);
    auto* all = new QHBoxLayout(this);
    all->setContentsMargins(0, 0, 0, 0);
    all->setSpacing(0);

    auto* left = new QVBoxLayout;
    left->setContentsMargins(metrics::normal, metrics::normal, metrics::normal, metrics::normal);
    left->setSpacing(metrics::small);
    m_list->setObjectName(QStringLiteral("environmentList"));
    m_list->setFixedWidth(200);
    m_list->setIconSize(QSize(metrics::iconSize, metrics::iconSize));
    left->addWidget(m_list, 1);
    auto* tools = new QHBoxLayout;
    tools->setSpacing(0);
    QToolButton* add = iconButton(QStringLiteral("add"), tr("Add an environment"), this);
    QToolButton* copy = iconButton(QStringLiteral("duplicate"), tr("Duplicate"), this);
    m_remove = iconButton(QStringLiteral("trash"), tr("Remove"), this);
    add->setObjectName(QStringLiteral("add"));
    copy->setObjectName(QStringLiteral("duplicate"));
    m_remove->setObjectName(QStringLiteral("remove"));
    tools->addWidget(add);
    tools->addWidget(copy);
    tools->addWidget(m_remove);
    tools->addStretch();
    left->addLayout(tools);
    all->addLayout(left);
    all->addWidget(verticalLine(this));

    auto* right = new QVBoxLayout;
    right->setContentsMargins(metrics::large, metrics::normal, metrics::large, metrics::normal);
    right->setSpacing(metrics::small);
    auto* formColumn = new QVBoxLayout(m_right);
    formColumn->setContentsMargins(0, 0, 0, 0);
    auto* head = new QHBoxLayout;
    m_name = new QLineEdit(m_right);
    m_name->setObjectName(QStringLiteral("environmentName"));
    m_name->setPlaceholderText(tr("Name, such as prod"));
    m_name->setAccessibleName(tr("Name"));
    head->addWidget(m_name, 1);
    m_swatches = new SwatchRow(m_right);
    head->addWidget(m_swatches);
    formColumn->addLayout(head);
    m_note = mutedLabel({}, m_right);
    m_note->setWordWrap(true);
    formColumn->addWidget(m_note);

    m_tabs = new QTabWidget(m_right);
    m_tabs->setObjectName(QStringLiteral("environmentTabs"));
    m_tabs->setDocumentMode(true);
    const auto page = [this](QWidget* inside) {
        auto* holder = new QWidget(m_tabs);
        auto* column = new QVBoxLayout(holder);
        column->setContentsMargins(metrics::tight, metrics::normal, metrics::tight, 0);
        column->addWidget(inside);
        return holder;
    };
    m_primary = new ConnectionForm(db::EndpointRole::Primary, client, m_tabs);
    m_primary->setObjectName(QStringLiteral("primaryForm"));
    m_tabs->addTab(page(m_primary), icon(QStringLiteral("primary")), tr("Primary"));
    m_replicas = new ReplicasPane(client, m_tabs);
    m_tabs->addTab(page(m_replicas), icon(QStringLiteral("replica")), tr("Replicas"));
    auto* warehousePage = new QWidget(m_tabs);
    auto* warehouseColumn = new QVBoxLayout(warehousePage);
    warehouseColumn->setContentsMargins(0, 0, 0, 0);
    m_hasWarehouse =
        new QCheckBox(tr("There is a warehouse (Redshift, or PostgreSQL fed by replication)"), warehousePage);
    m_hasWarehouse->setObjectName(QStringLiteral("hasWarehouse"));
    m_warehouse = new ConnectionForm(db::EndpointRole::Warehouse, client, warehousePage);
    m_warehouse->setObjectName(QStringLiteral("warehouseForm"));
    m_warehouse->setNode(QStringLiteral("warehouse"), {});
    warehouseColumn->addWidget(m_hasWarehouse);
    warehouseColumn->addWidget(m_warehouse, 1);
    m_tabs->addTab(page(warehousePage), icon(QStringLiteral("warehouse")), tr("Warehouse"));
    m_tabs->addTab(page(buildLogins()), icon(QStringLiteral("key")), tr("Logins"));
    formColumn->addWidget(m_tabs, 1);
    right->addWidget(m_right, 1);
    right->addWidget(m_strip);
    auto* buttons = new QHBoxLayout;
    m_use = button(tr("Use this environment"), this);
    m_use->setObjectName(QStringLiteral("use"));
    m_save = primaryButton(tr("Save"), this);
    m_save->setObjectName(QStringLiteral("save"));
    m_save->setShortcut(QKeySequence::Save);
    m_close = button(tr("Close"), this);
    m_close->setObjectName(QStringLiteral("close"));
    buttons->addWidget(m_use);
    buttons->addStretch();
    buttons->addWidget(m_close);
    buttons->addWidget(m_save);
    right->addLayout(buttons);
    all->addLayout(right, 1);

    const auto changed = [this] {
        if (m_filling || m_current < 0)
            return;
        takeFromForms();
        m_discard = false;
    };
    connect(m_name, &QLineEdit::textEdited, this, changed);
    connect(m_swatches, &SwatchRow::chosen, this, changed);
    connect(m_primary, &ConnectionForm::edited, this, changed);
    connect(m_replicas, &ReplicasPane::edited, this, changed);
    connect(m_warehouse, &ConnectionForm::edited, this, changed);
    connect(m_hasWarehouse, &QCheckBox::toggled, this, [this, changed](bool on) {
        m_warehouse->setEnabled(on);
        changed();
    });
    for (QLineEdit* login : std::as_const(m_logins))
        connect(login, &QLineEdit::textEdited, this, changed);
    for (auto it = m_loginPasswords.cbegin(); it != m_loginPasswords.cend(); ++it) {
        connect(it.value(), &QLineEdit::textEdited, this,
                [this, changed, purpose = it.key()](const QString& password) {
                    if (m_current >= 0)
                        m_rows[m_current].loginPasswords.insert(purpose, TypedPassword::now(password));
                    changed();
                });
    }
    const auto typedPassword = [this](const QString& login, bool isWarehouse) {
        const Passwords typed = m_current < 0 ? Passwords() : passwordsOf(m_rows.at(m_current));
        return (isWarehouse ? typed.warehouse : typed.cluster).value(login);
    };
    const auto ofCluster = [typedPassword](const QString& login) { return typedPassword(login, false); };
    m_primary->setPasswordSource(ofCluster);
    m_replicas->setPasswordSource(ofCluster);
    m_warehouse->setPasswordSource(
        [typedPassword](const QString& login) { return typedPassword(login, true); });
    connect(m_list, &QListWidget::currentRowChanged, this, [this](int row) {
        if (!m_filling)
            showRow(row);
    });
    connect(add, &QToolButton::clicked, this, &EnvironmentsDialog::addNew);
    connect(copy, &QToolButton::clicked, this, &EnvironmentsDialog::duplicate);
    connect(m_remove, &QToolButton::clicked, this, &EnvironmentsDialog::removeCurrent);
    connect(m_save, &QPushButton::clicked, this, &EnvironmentsDialog::saveCurrent);
    connect(m_close, &QPushButton::clicked, this, &QDialog::close);
    connect(m_use, &QPushButton::clicked, this, [this] {
        if (m_current < 0)
            return;
        if (!m_rows.at(m_current).isDraft) {
            use(m_rows.at(m_current).environment.name);
            return;
        }
        // Connected before its passwords are kept, it would try without.
        m_useWhenStored = m_rows.at(m_current).environment.name.trimmed();
        if (!saveCurrent())
            m_useWhenStored.clear();
    });
    connect(m_strip, &MessageStrip::retryRequested, this, [this] {
        if (m_confirmRemove) {
            removeCurrent();
            return;
        }
        m_discard = true;
        close();
    });

    const QList<Environment> known = m_store->environments();
    for (const Environment& environment : known) {
        Row row;
        row.storedName = environment.name;
        row.environment = environment;
        row.isLocal = m_store->isLocal(environment.name);
        m_rows << row;
    }
    fillList(m_rows.isEmpty() ? QString() : m_rows.constFirst().environment.name);
}

EnvironmentsDialog::~EnvironmentsDialog() = default;

QWidget* EnvironmentsDialog::buildLogins()
{
    auto* pane = new QWidget(m_tabs);
    auto* grid = new QGridLayout(pane);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setVerticalSpacing(6);
    QLabel* lead = mutedLabel(tr("Who logs in for what. Empty: the user of the connection, else libpq's "
                                 "default. The console itself "
                                 "uses the first three, and Test tries them; the others are for atlasctl, "
                                 "which takes its passwords "
                                 "from ~/.pgpass."),
                              pane);
    lead->setWordWrap(true);
    grid->addWidget(lead, 0, 0, 1, 3);
    int row = 1;
    for (const Purpose purpose : allPurposes()) {
        auto* login = new QLineEdit(pane);
        login->setObjectName(QStringLiteral("login-") + purposeName(purpose));
        login->setPlaceholderText(tr("login"));
        login->setAccessibleName(purposeText(purpose));
        grid->addWidget(new QLabel(purposeText(purpose), pane), row, 0);
        grid->addWidget(login, row, 1);
        m_logins.insert(purpose, login);
        if (std::find(consolePurposes.begin(), consolePurposes.end(), purpose) != consolePurposes.end()) {
            auto* password = new QLineEdit(pane);
            password->setObjectName(QStringLiteral("password-") + purposeName(purpose));
            password->setEchoMode(QLineEdit::Password);
            password->setPlaceholderText(tr("password, to the keychain"));
            password->setAccessibleName(tr("Password of %1").arg(purposeName(purpose)));
            password->setVisible(secrets::isAvailable());
            grid->addWidget(password, row, 2);
            m_loginPasswords.insert(purpose, password);
        }
        ++row;
    }
    grid->setColumnStretch(1, 1);
    grid->setColumnStretch(2, 1);
    grid->setRowStretch(row, 1);
    return pane;
}

QStringList EnvironmentsDialog::names() const
{
    QStringList all;
    for (const Row& row : m_rows)
        all << row.environment.name;
    return all;
}

bool EnvironmentsDialog::hasDrafts() const
{
    for (const Row& row : m_rows) {
        if (row.isDraft)
            return true;
    }
    return false;
}

void EnvironmentsDialog::fillList(const QString& current)
{
    m_filling = true;
    m_list->clear();
    int chosen = -1;
    for (int i = 0; i < m_rows.size(); ++i) {
        m_list->addItem(new QListWidgetItem);
        updateRowLook(i);
        if (m_rows.at(i).environment.name == current)
            chosen = i;
    }
    m_list->setCurrentRow(chosen);
    m_filling = false;
    showRow(chosen);
}

void EnvironmentsDialog::updateRowLook(int row)
{
    QListWidgetItem* item = m_list->item(row);
    const Row& source = m_rows.at(row);
    QString text = source.environment.name.isEmpty() ? tr("(no name yet)") : source.environment.name;
    text.replace(QLatin1Char('\n'), QChar(0x2424));
    item->setText(source.isDraft ? tr("%1 (not saved)").arg(text) : text);
    item->setIcon(ColorDot::icon(QColor(source.environment.color)));
    item->setToolTip(source.environment.name.toHtmlEscaped());
}

void EnvironmentsDialog::select(const QString& name)
{
    for (int i = 0; i < m_rows.size(); ++i) {
        if (m_rows.at(i).environment.name == name)
            m_list->setCurrentRow(i);
    }
}

void EnvironmentsDialog::showRow(int row)
{
    m_current = row;
    m_confirmRemove = false;
    m_strip->clear();
    m_right->setEnabled(row >= 0);
    m_save->setEnabled(row >= 0 && !m_rows.at(row).isLocal);
    m_use->setEnabled(row >= 0);
    m_remove->setEnabled(row >= 0 && !m_rows.at(row).isLocal);
    m_filling = true;
    const Row shown = row >= 0 ? m_rows.at(row) : Row();
    const Environment& environment = shown.environment;
    m_name->setText(environment.name);
    m_name->setReadOnly(shown.isLocal);
    m_swatches->setColor(environment.color);
    m_swatches->setEnabled(!shown.isLocal);
    tellForms(environment);
    m_primary->setInfo(environment.primary, shown.primary);
    m_primary->setReadOnly(shown.isLocal);
    m_replicas->setReplicas(environment.replicas, shown.replicas);
    m_replicas->setReadOnly(shown.isLocal);
    m_hasWarehouse->setChecked(environment.warehouse.has_value());
    m_hasWarehouse->setEnabled(!shown.isLocal);
    m_warehouse->setInfo(environment.warehouse ? environment.warehouse->info : db::ConnectionInfo(),
                         shown.warehouse);
    m_warehouse->setEnabled(environment.warehouse.has_value());
    m_warehouse->setReadOnly(shown.isLocal);
    for (const Purpose purpose : allPurposes()) {
        m_logins.value(purpose)->setText(environment.logins.value(purpose));
        m_logins.value(purpose)->setReadOnly(shown.isLocal);
    }
    for (QLineEdit* password : std::as_const(m_loginPasswords))
        password->setEnabled(!shown.isLocal);
    showPasswords(shown);
    m_note->setText(
        shown.isLocal
            ? tr("Comes from the local cluster's own file and changes with it. Duplicate it to edit.")
            : tr("There is no environment yet: add one below the list."));
    m_note->setVisible(shown.isLocal || row < 0);
    tellKeychain();
    m_filling = false;
}

void EnvironmentsDialog::tellKeychain()
{
    // Kept under the name it is stored by, whatever is typed now; a duplicate has none yet.
    const bool has = m_current >= 0 && m_rows.at(m_current).environment.useKeychain;
    const QString name = has ? m_rows.at(m_current).storedName : QString();
    m_primary->setKeychain(name);
    m_replicas->setKeychain(name);
    m_warehouse->setKeychain(name);
}

void EnvironmentsDialog::use(const QString& name)
{
    Q_EMIT useRequested(name);
    if (mayClose())
        accept();
}

void EnvironmentsDialog::takeFromForms()
{
    Row& row = m_rows[m_current];
    Environment& environment = row.environment;
    environment.name = m_name->text();
    environment.color = m_swatches->color();
    environment.primary = m_primary->info();
    environment.replicas = m_replicas->replicas();
    if (m_hasWarehouse->isChecked()) {
        if (!environment.warehouse)
            environment.warehouse = NamedConnection{QStringLiteral("warehouse"), {}};
        environment.warehouse->info = m_warehouse->info();
    } else {
        environment.warehouse.reset();
    }
    for (const Purpose purpose : allPurposes()) {
        const QString login = m_logins.value(purpose)->text().trimmed();
        if (login.isEmpty())
            environment.logins.remove(purpose);
        else
            environment.logins.insert(purpose, login);
    }
    row.primary = m_primary->draft();
    row.replicas = m_replicas->drafts();
    row.warehouse = m_warehouse->draft();
    row.isDraft = true;
    tellForms(environment);
    updateRowLook(m_current);
}

/// What each of them must know of the rest.
void EnvironmentsDialog::tellForms(const Environment& environment)
{
    m_primary->setNode(QStringLiteral("primary"), environment.logins);
    m_replicas->setPrimary(environment.primary);
    m_replicas->setLogins(environment.logins);
    m_warehouse->setNode(QStringLiteral("warehouse"), environment.logins);
}

/// Of the row whose connections are shown already.
void EnvironmentsDialog::showPasswords(const Row& row)
{
    m_primary->setPassword(row.primary.password);
    m_replicas->setDrafts(row.replicas);
    m_warehouse->setPassword(row.warehouse.password);
    for (auto it = m_loginPasswords.cbegin(); it != m_loginPasswords.cend(); ++it)
        it.value()->setText(row.loginPasswords.value(it.key()).text);
}

EnvironmentsDialog::Passwords EnvironmentsDialog::passwordsOf(const Row& row)
{
    struct Found
    {
        QString login;
        QString password;
    };
    // In the order in which they were typed.
    QMap<quint64, Found> cluster;
    QMap<quint64, Found> warehouse;
    const auto add = [](QMap<quint64, Found>& world, const TypedPassword& typed, const QString& login) {
        if (!typed.text.isEmpty())
            world.insert(typed.turn, Found{login, typed.text});
    };
    const Environment& environment = row.environment;
    const auto analystOf = [&environment](const db::ConnectionInfo& info) {
        return loginFor(environment.logins, Purpose::Analyst, info);
    };
    add(cluster, row.primary.password, analystOf(environment.primary));
    const qsizetype count = std::min(row.replicas.size(), environment.replicas.size());
    for (qsizetype i = 0; i < count; ++i)
        add(cluster, row.replicas.at(i).password, analystOf(environment.replicas.at(i).info));
    if (environment.warehouse)
        add(warehouse, row.warehouse.password, analystOf(environment.warehouse->info));
    for (auto it = row.loginPasswords.cbegin(); it != row.loginPasswords.cend(); ++it) {
        const QString login = loginFor(environment.logins, it.key(), environment.primary);
        add(cluster, it.value(), login);
        if (environment.warehouse &&
            loginFor(environment.logins, it.key(), environment.warehouse->info) == login)
            add(warehouse, it.value(), login);
    }
    Passwords passwords;
    for (const Found& found : std::as_const(cluster))
        passwords.cluster.insert(found.login, found.password);
    for (const Found& found : std::as_const(warehouse))
        passwords.warehouse.insert(found.login, found.password);
    return passwords;
}

QList<TypedPassword*> EnvironmentsDialog::typedIn(Row& row)
{
    QList<TypedPassword*> all = {&row.primary.password, &row.warehouse.password};
    for (ConnectionDraft& replica : row.replicas)
        all << &replica.password;
    for (TypedPassword& password : row.loginPasswords)
        all << &password;
    return all;
}

QString EnvironmentsDialog::freeName(const QString& base) const
{
    const QStringList taken = names();
    if (!taken.contains(base))
        return base;
    for (int number = 2;; ++number) {
        const QString name = QStringLiteral("%1 %2").arg(base).arg(number);
        if (!taken.contains(name))
            return name;
    }
}

void EnvironmentsDialog::addNew()
{
    Row row;
    row.environment.name = freeName(tr("new"));
    row.environment.color = SwatchRow::suggestion(int(m_rows.size()));
    row.isDraft = true;
    m_rows << row;
    fillList(row.environment.name);
    m_tabs->setCurrentIndex(0);
    m_name->setFocus();
    m_name->selectAll();
}

void EnvironmentsDialog::duplicate()
{
    if (m_current < 0)
        return;
    Row row;
    row.environment = m_rows.at(m_current).environment;
    row.environment.name = freeName(tr("%1 copy").arg(row.environment.name));
    row.isDraft = true;
    m_rows << row;
    fillList(row.environment.name);
    m_name->setFocus();
    m_name->selectAll();
}

void EnvironmentsDialog::removeCurrent()
{
    if (m_current < 0 || m_rows.at(m_current).isLocal)
        return;
    const Row row = m_rows.at(m_current);
    if (!m_confirmRemove && !row.storedName.isEmpty()) {
        m_strip->showMessage(
            MessageStrip::Kind::Warning,
            tr("Remove “%1”? Only this entry goes, nothing on the servers.").arg(row.environment.name));
        m_strip->setRetryVisible(true, tr("Remove"));
        m_confirmRemove = true;
        return;
    }
    m_confirmRemove = false;
    if (!row.storedName.isEmpty()) {
        if (const db::Status removed = m_store->remove(row.storedName); !removed) {
            m_strip->showMessage(MessageStrip::Kind::Error, removed.error().message);
            m_strip->setRetryVisible(false);
            return;
        }
        if (row.environment.useKeychain) {
            const QStringList keys = secrets::keysOf(row.environment);
            // Left over passwords are only ours to find; nothing to tell when one is already gone.
            for (const QString& key : keys)
                secrets::remove(key, m_client, [](const QString&) {});
        }
    }
    const int index = m_current;
    m_rows.removeAt(index);
    fillList(m_rows.isEmpty() ? QString() : m_rows.at(qMin(index, int(m_rows.size()) - 1)).environment.name);
    Q_EMIT storeChanged();
}

bool EnvironmentsDialog::saveCurrent()
{
    if (m_current < 0)
        return false;
    const auto refuse = [this](const QString& text, int tab) {
        if (tab >= 0)
            m_tabs->setCurrentIndex(tab);
        m_strip->showMessage(MessageStrip::Kind::Error, text);
        m_strip->setRetryVisible(false);
        return false;
    };
    if (!m_primary->problem().isEmpty())
        return refuse(tr("Primary: %1").arg(m_primary->problem()), 0);
    if (const QString problem = m_replicas->showProblem(); !problem.isEmpty())
        return refuse(problem, 1);
    if (m_hasWarehouse->isChecked() && !m_warehouse->problem().isEmpty())
        return refuse(tr("Warehouse: %1").arg(m_warehouse->problem()), 2);
    Row& row = m_rows[m_current];
    row.environment.name = row.environment.name.trimmed();
    if (!passwordsOf(row).isEmpty() && secrets::isAvailable())
        row.environment.useKeychain = true;
    if (const db::Status replaced = m_store->replace(row.storedName, row.environment); !replaced)
        return refuse(replaced.error().message, -1);
    const QString oldName = std::exchange(row.storedName, row.environment.name);
    row.isDraft = false;
    tellKeychain();
    updateRowLook(m_current);
    m_name->setText(row.environment.name);
    m_strip->showMessage(MessageStrip::Kind::Success,
                         oldName.isEmpty() ? tr("Saved. To connect to it, press Use this environment.")
                                           : tr("Saved."));
    m_strip->setRetryVisible(false);
    const Row saved = row;
    const bool isRenamed = !oldName.isEmpty() && oldName != saved.environment.name;
    if (!isRenamed || !saved.environment.useKeychain) {
        storePasswords(saved);
        return true;
    }
    Environment before = saved.environment;
    before.name = oldName;
    // What was typed now is written last: it wins over what is moved.
    secrets::rename(before, saved.environment.name, this, [this, saved](const QString& error) {
        if (!error.isEmpty()) {
            m_strip->showMessage(
                MessageStrip::Kind::Warning,
                tr("Saved, but the system keychain did not take its passwords along. Type them again."),
                tr("Keychain: %1").arg(error));
            m_strip->setRetryVisible(false);
        }
        storePasswords(saved);
    });
    return true;
}

void EnvironmentsDialog::storePasswords(const Row& row)
{
    const Passwords typed = passwordsOf(row);
    if (typed.isEmpty()) {
        announceStored(row.environment.name, false, true);
        return;
    }
    struct Write
    {
        QString key;
        QString password;
    };
    QList<Write> writes;
    for (auto it = typed.cluster.cbegin(); it != typed.cluster.cend(); ++it)
        writes << Write{secrets::keyFor(row.environment.name, false, it.key()), it.value()};
    for (auto it = typed.warehouse.cbegin(); it != typed.warehouse.cend(); ++it)
        writes << Write{secrets::keyFor(row.environment.name, true, it.key()), it.value()};
    auto left = std::make_shared<qsizetype>(writes.size());
    auto problem = std::make_shared<QString>();
    auto areWritten = std::make_shared<bool>(false);
    const QString name = row.environment.name;
    const QString line =
        pgpassLine(row.environment.primary, typed.cluster.isEmpty() ? QString() : typed.cluster.firstKey());
    for (const Write& write : std::as_const(writes)) {
        const auto written = [this, row, name, left, problem, areWritten, line](const QString& error) {
            if (error.isEmpty())
                *areWritten = true;
            else
                *problem = error;
            if (--*left > 0)
                return;
            if (!problem->isEmpty()) {
                m_strip->showMessage(
                    MessageStrip::Kind::Warning,
                    tr("Saved, but without the password: the system keychain did not take it. Put it into "
                       "~/.pgpass instead (mode 0600)."),
                    tr("Keychain: %1\nA line for ~/.pgpass: %2").arg(*problem, line));
                m_strip->setRetryVisible(false);
            } else {
                forgetPasswords(row);
            }
            announceStored(name, *areWritten, problem->isEmpty());
        };
        secrets::write(write.key, write.password, this, written);
    }
}

/// The keychain has them. What was typed since then stays.
void EnvironmentsDialog::forgetPasswords(Row saved)
{
    quint64 last = 0;
    for (const TypedPassword* password : typedIn(saved))
        last = std::max(last, password->turn);
    for (int i = 0; i < m_rows.size(); ++i) {
        if (m_rows.at(i).storedName != saved.storedName)
            continue;
        for (TypedPassword* password : typedIn(m_rows[i])) {
            if (password->turn <= last)
                *password = {};
        }
        if (i == m_current)
            showPasswords(m_rows.at(i));
    }
}

void EnvironmentsDialog::announceStored(const QString& name, bool areWritten, bool isComplete)
{
    if (areWritten)
        Q_EMIT passwordsChanged(name);
    Q_EMIT storeChanged();
    if (m_useWhenStored.isEmpty() || m_useWhenStored != name)
        return;
    m_useWhenStored.clear();
    // What the keychain did not take is said here: the dialog stays.
    if (isComplete)
        use(name);
    else
        Q_EMIT useRequested(name);
}

bool EnvironmentsDialog::mayClose()
{
    if (m_discard || !hasDrafts())
        return true;
    QStringList open;
    for (const Row& row : std::as_const(m_rows)) {
        if (row.isDraft)
            open << QStringLiteral("“%1”").arg(row.environment.name);
    }
    m_confirmRemove = false;
    m_strip->showMessage(MessageStrip::Kind::Warning,
                         tr("Not saved yet: %1. Choose it in the list and save it, or discard the changes.")
                             .arg(open.join(QStringLiteral(", "))));
    m_strip->setRetryVisible(true, tr("Discard and close"));
    return false;
}

void EnvironmentsDialog::reject()
{
    if (mayClose())
        QDialog::reject();
}

void EnvironmentsDialog::closeEvent(QCloseEvent* event)
{
    if (!mayClose()) {
        event->ignore();
        return;
    }
    QDialog::closeEvent(event);
}

} // namespace atlas::gui
