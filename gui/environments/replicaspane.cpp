// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/environments/replicaspane.h"

#include <QFormLayout>
#include <QHBoxLayout>
#include <QHash>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>

#include <chrono>

#include "gui/environments/secretstore.h"
#include "gui/theme/theme.h"
#include "gui/widgets/busyindicator.h"
#include "gui/widgets/buttons.h"
#include "gui/widgets/emptystate.h"
#include "gui/widgets/messagestrip.h"
#include "model/environment/discovery.h"

namespace atlas::gui {

namespace {

/// Not a node of any environment: lives for one statement.
const char* const discoveryEndpoint = "replica search";

} // namespace

ReplicasPane::ReplicasPane(db::Client* client, QWidget* parent)
    : QWidget(parent)
    , m_client(client)
    , m_list(new QListWidget(this))
    , m_find(button(tr("Find replicas"), this, QStringLiteral("search")))
    , m_busy(new BusyIndicator(this))
    , m_add(iconButton(QStringLiteral("add"), tr("Add a replica"), this))
    , m_remove(iconButton(QStringLiteral("trash"), tr("Remove this replica"), this))
    , m_name(new QLineEdit(this))
    , m_form(new ConnectionForm(db::EndpointRole::Replica, client, this))
    , m_right(new QStackedWidget(this))
    , m_strip(new MessageStrip(this))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(m_strip);
    auto* line = new QHBoxLayout;
    line->setSpacing(metrics::large);
    auto* left = new QVBoxLayout;
    m_list->setObjectName(QStringLiteral("replicaList"));
    m_list->setFixedWidth(150);
    left->addWidget(m_list, 1);
    auto* tools = new QHBoxLayout;
    tools->setSpacing(0);
    m_add->setObjectName(QStringLiteral("addReplica"));
    m_remove->setObjectName(QStringLiteral("removeReplica"));
    tools->addWidget(m_add);
    tools->addWidget(m_remove);
    tools->addStretch();
    tools->addWidget(m_busy);
    left->addLayout(tools);
    m_find->setObjectName(QStringLiteral("findReplicas"));
    m_find->setToolTip(tr("Ask the primary which replicas stream from it"));
    left->addWidget(m_find);
    line->addLayout(left);

    auto* edit = new QWidget(m_right);
    auto* editColumn = new QVBoxLayout(edit);
    editColumn->setContentsMargins(0, 0, 0, 0);
    m_name->setObjectName(QStringLiteral("replicaName"));
    m_name->setPlaceholderText(tr("Name shown for it, such as replica-1"));
    m_name->setAccessibleName(tr("Name"));
    editColumn->addWidget(m_name);
    editColumn->addWidget(m_form, 1);
    m_right->addWidget(edit);
    m_right->addWidget(new EmptyState(
        QStringLiteral("replica"), tr("No replica"),
        tr("Reads then go to the primary. Add one below the list, or press Find replicas."), m_right));
    line->addWidget(m_right, 1);
    column->addLayout(line, 1);

    connect(m_list, &QListWidget::currentRowChanged, this, &ReplicasPane::showCurrent);
    connect(m_add, &QToolButton::clicked, this, &ReplicasPane::add);
    connect(m_remove, &QToolButton::clicked, this, [this] {
        const int row = m_list->currentRow();
        if (row < 0)
            return;
        m_replicas.removeAt(row);
        m_drafts.removeAt(row);
        fillList(qMin(row, int(m_replicas.size()) - 1));
        Q_EMIT edited();
    });
    connect(m_find, &QPushButton::clicked, this, &ReplicasPane::find);
    connect(m_name, &QLineEdit::textEdited, this, [this](const QString& text) {
        const int row = m_list->currentRow();
        if (m_filling || row < 0)
            return;
        m_replicas[row].name = text.trimmed();
        m_list->item(row)->setText(text.trimmed());
        Q_EMIT edited();
    });
    connect(m_form, &ConnectionForm::edited, this, [this] {
        const int row = m_list->currentRow();
        if (m_filling || row < 0)
            return;
        m_replicas[row].info = m_form->info();
        m_drafts[row] = m_form->draft();
        Q_EMIT edited();
    });
    fillList(-1);
}

ReplicasPane::~ReplicasPane()
{
    if (m_client)
        m_client->removeEndpoint(QLatin1String(discoveryEndpoint));
}

void ReplicasPane::setReplicas(const QList<NamedConnection>& replicas, const QList<ConnectionDraft>& drafts)
{
    ++m_findGeneration;
    if (m_client)
        m_client->removeEndpoint(QLatin1String(discoveryEndpoint));
    m_busy->setRunning(false);
    m_find->setEnabled(!m_readOnly);
    m_replicas = replicas;
    m_drafts = drafts;
    m_drafts.resize(replicas.size());
    m_strip->clear();
    fillList(replicas.isEmpty() ? -1 : 0);
}

void ReplicasPane::setDrafts(const QList<ConnectionDraft>& drafts)
{
    m_drafts = drafts;
    m_drafts.resize(m_replicas.size());
    if (const int row = m_list->currentRow(); row >= 0)
        m_form->setPassword(m_drafts.at(row).password);
}

void ReplicasPane::setLogins(const QMap<Purpose, QString>& logins)
{
    m_logins = logins;
    if (const int row = m_list->currentRow(); row >= 0)
        m_form->setNode(m_replicas.at(row).name, logins);
}

void ReplicasPane::setPasswordSource(const std::function<QString(const QString& login)>& source)
{
    m_passwordOf = source;
    m_form->setPasswordSource(source);
}

void ReplicasPane::setKeychain(const QString& environment)
{
    m_keychain = environment;
    m_form->setKeychain(environment);
}

void ReplicasPane::setReadOnly(bool readOnly)
{
    m_readOnly = readOnly;
    m_name->setReadOnly(readOnly);
    m_form->setReadOnly(readOnly);
    m_add->setEnabled(!readOnly);
    m_remove->setEnabled(!readOnly && m_list->currentRow() >= 0);
    m_find->setEnabled(!readOnly);
}

QString ReplicasPane::showProblem()
{
    for (int row = 0; row < int(m_drafts.size()); ++row) {
        if (m_drafts.at(row).problem.isEmpty())
            continue;
        m_list->setCurrentRow(row);
        return QStringLiteral("%1: %2").arg(m_replicas.at(row).name, m_drafts.at(row).problem);
    }
    return {};
}

void ReplicasPane::fillList(int current)
{
    m_filling = true;
    m_list->clear();
    for (const NamedConnection& replica : std::as_const(m_replicas))
        m_list->addItem(new QListWidgetItem(icon(QStringLiteral("replica")), replica.name));
    m_filling = false;
    m_list->setCurrentRow(current);
    showCurrent();
}

void ReplicasPane::showCurrent()
{
    if (m_filling)
        return;
    const int row = m_list->currentRow();
    m_right->setCurrentIndex(row < 0 ? 1 : 0);
    m_remove->setEnabled(row >= 0 && !m_readOnly);
    if (row < 0)
        return;
    m_filling = true;
    m_name->setText(m_replicas.at(row).name);
    m_form->setNode(m_replicas.at(row).name, m_logins);
    m_form->setInfo(m_replicas.at(row).info, m_drafts.at(row));
    m_filling = false;
}

QString ReplicasPane::freeName() const
{
    for (int number = 1;; ++number) {
        const QString name = QStringLiteral("replica-%1").arg(number);
        bool taken = false;
        for (const NamedConnection& replica : m_replicas)
            taken = taken || replica.name == name;
        if (!taken)
            return name;
    }
}

void ReplicasPane::add()
{
    NamedConnection replica;
    replica.name = freeName();
    // Same cluster: database, TLS and files are the primary's; host and service are its own.
    for (const char* keyword : {"port", "dbname", "user", "sslmode", "sslrootcert", "passfile"})
        replica.info.set(QLatin1String(keyword), m_primary.value(QLatin1String(keyword)));
    m_replicas << replica;
    m_drafts << ConnectionDraft();
    fillList(int(m_replicas.size()) - 1);
    m_form->findChild<QLineEdit*>(QStringLiteral("host"))->setFocus();
    Q_EMIT edited();
}

void ReplicasPane::find()
{
    db::Endpoint endpoint;
    endpoint.id = QLatin1String(discoveryEndpoint);
    endpoint.role = db::EndpointRole::Primary;
    endpoint.info = m_primary;
    // An analyst need not see from where they stream.
    const QString login = loginFor(m_logins, Purpose::Operator, m_primary);
    endpoint.info.set(QStringLiteral("user"), login);
    if (m_passwordOf)
        endpoint.info.set(QStringLiteral("password"), m_passwordOf(login));
    endpoint.maxConnections = 1;
    m_busy->setRunning(true);
    m_find->setEnabled(false);
    m_strip->clear();
    const quint64 generation = ++m_findGeneration;
    secrets::withPassword(endpoint, m_keychain, this, [this, generation](const db::Endpoint& complete) {
        if (m_client && generation == m_findGeneration)
            ask(complete, generation);
    });
}

void ReplicasPane::ask(const db::Endpoint& endpoint, quint64 generation)
{
    m_client->setEndpoint(endpoint);
    m_client->query(endpoint.id, discovery::replicasStatement(), this,
                    [this, generation](const db::Result<db::ResultSet>& answer) {
                        if (generation != m_findGeneration)
                            return;
                        m_client->removeEndpoint(QLatin1String(discoveryEndpoint));
                        m_busy->setRunning(false);
                        m_find->setEnabled(!m_readOnly);
                        if (!answer) {
                            m_strip->showError(tr("The primary could not be asked for its replicas"),
                                               answer.error());
                            return;
                        }
                        addFound(*answer);
                    });
}

void ReplicasPane::addFound(const db::ResultSet& rows)
{
    int added = 0;
    int hidden = 0;
    int known = 0;
    // Several on one machine cannot be told apart by address.
    QHash<QString, int> streams;
    for (int row = 0; row < rows.rowCount(); ++row)
        ++streams[rows.string(row, 1)];
    for (int row = 0; row < rows.rowCount(); ++row) {
        if (rows.isNull(row, 1)) {
            // Hidden from logins without pg_read_all_stats, or on a Unix socket.
            ++hidden;
            continue;
        }
        const QString address = rows.string(row, 1);
        QString name = rows.string(row, 0);
        bool isKnown = false;
        for (const NamedConnection& replica : std::as_const(m_replicas)) {
            const bool sameAddress = replica.info.value(QStringLiteral("host")) == address ||
                                     replica.info.value(QStringLiteral("hostaddr")) == address;
            isKnown = isKnown || replica.name == name || (sameAddress && streams.value(address) == 1);
        }
        if (isKnown) {
            ++known;
            continue;
        }
        NamedConnection replica;
        replica.name = name.isEmpty() || name == QLatin1String("walreceiver") ? freeName() : name;
        replica.info = m_primary;
        replica.info.set(QStringLiteral("service"), {});
        replica.info.set(QStringLiteral("password"), {});
        // It would win over the host.
        replica.info.set(QStringLiteral("hostaddr"), {});
        replica.info.set(QStringLiteral("host"), address);
        m_replicas << replica;
        m_drafts << ConnectionDraft();
        ++added;
    }
    using Kind = MessageStrip::Kind;
    if (added > 0) {
        fillList(int(m_replicas.size()) - added);
        m_strip->showMessage(Kind::Info,
                             tr("%1 found and added. The primary only knows their addresses: check host name "
                                "and port, then test.")
                                 .arg(added));
        Q_EMIT edited();
    } else if (hidden > 0) {
        m_strip->showMessage(Kind::Warning,
                             tr("%1 streaming, but this login may not see from where. Set one that is in "
                                "pg_monitor for the operator, under Logins, and try again.")
                                 .arg(hidden));
    } else if (known > 0) {
        m_strip->showMessage(Kind::Success, tr("All replicas of the primary are listed already."));
    } else {
        m_strip->showMessage(Kind::Info, tr("The primary has no replica streaming from it at the moment."));
    }
}

} // namespace atlas::gui
