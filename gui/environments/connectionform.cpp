// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/environments/connectionform.h"

#include <QComboBox>
#include <QFileDialog>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollBar>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>

#include <chrono>

#include "gui/environments/secretstore.h"
#include "gui/theme/theme.h"
#include "gui/widgets/busyindicator.h"
#include "gui/widgets/buttons.h"
#include "gui/widgets/messagestrip.h"
#include "gui/widgets/segmentedcontrol.h"

namespace atlas::gui {

namespace {

constexpr std::chrono::seconds testPatience(8);
constexpr const char* keywordProperty = "atlasKeyword";
const char* const sslModes[] = {"verify-full", "verify-ca", "require", "prefer", "allow", "disable"};

bool isShownKeyword(const QString& keyword)
{
    static const QStringList shown = {QStringLiteral("service"),  QStringLiteral("host"),
                                      QStringLiteral("port"),     QStringLiteral("dbname"),
                                      QStringLiteral("user"),     QStringLiteral("sslmode"),
                                      QStringLiteral("passfile"), QStringLiteral("sslrootcert")};
    return shown.contains(keyword);
}

} // namespace

QString pgpassLine(const db::ConnectionInfo& info, const QString& user)
{
    const auto part = [](QString text) {
        if (text.isEmpty())
            return QStringLiteral("*");
        return text.replace(QLatin1Char('\\'), QLatin1String("\\\\"))
            .replace(QLatin1Char(':'), QLatin1String("\\:"));
    };
    return QStringLiteral("%1:%2:%3:%4:%5")
        .arg(part(info.value(QStringLiteral("host"))), part(info.value(QStringLiteral("port"))),
             part(info.value(QStringLiteral("dbname"))), part(user), QObject::tr("PASSWORD"));
}

ConnectionForm::ConnectionForm(db::EndpointRole role, db::Client* client, QWidget* parent)
    : QWidget(parent)
    , m_role(role)
    , m_client(client)
    , m_mode(new SegmentedControl(this))
    , m_pages(new QStackedWidget(this))
    , m_sslMode(new QComboBox(this))
    , m_text(new QPlainTextEdit(this))
    , m_others(mutedLabel({}, this))
    , m_password(new QLineEdit(this))
    , m_test(button(tr("Test"), this, QStringLiteral("plug")))
    , m_busy(new BusyIndicator(this))
    , m_result(new MessageStrip(this))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(metrics::small);
    m_mode->setObjectName(QStringLiteral("connectionMode"));
    m_mode->addSegment(tr("Fields"));
    m_mode->addSegment(tr("Connection string"));
    column->addWidget(m_mode);

    auto* fieldsPage = new QWidget(m_pages);
    auto* form = new QFormLayout(fieldsPage);
    form->setContentsMargins(0, 0, 0, 0);
    form->setVerticalSpacing(6);
    form->setLabelAlignment(Qt::AlignRight | Qt::AlignVCenter);
    addField(form, QStringLiteral("service"), tr("Service"),
             tr("a section of pg_service.conf; enough on its own"));
    addField(form, QStringLiteral("host"), tr("Host"), tr("name, address, or the folder of a Unix socket"));
    addField(form, QStringLiteral("port"), tr("Port"), QStringLiteral("5432"));
    addField(form, QStringLiteral("dbname"), tr("Database"), {});
    addField(form, QStringLiteral("user"), tr("User"), tr("unless a login is set for the purpose"));
    m_sslMode->setObjectName(QStringLiteral("sslmode"));
    m_sslMode->addItem(tr("libpq's default"), QString());
    for (const char* mode : sslModes)
        m_sslMode->addItem(QLatin1String(mode), QLatin1String(mode));
    connect(m_sslMode, &QComboBox::currentIndexChanged, this, &ConnectionForm::fieldsChanged);
    auto* tlsCaption = new QLabel(tr("TLS"), this);
    tlsCaption->setMinimumHeight(metrics::controlHeight);
    tlsCaption->setBuddy(m_sslMode);
    form->addRow(tlsCaption, m_sslMode);
    QLineEdit* rootCert = addField(form, QStringLiteral("sslrootcert"), tr("CA file"),
                                   tr("certificate that signed the server's"));
    QLineEdit* passfile =
        addField(form, QStringLiteral("passfile"), tr("Password file"), QStringLiteral("~/.pgpass"));
    for (QLineEdit* field : {rootCert, passfile}) {
        QAction* open = field->addAction(icon(QStringLiteral("more")), QLineEdit::TrailingPosition);
        open->setToolTip(tr("Choose a file"));
        connect(open, &QAction::triggered, this, [this, field] { browse(field, tr("Choose a file")); });
    }
    m_pages->addWidget(fieldsPage);

    auto* textPage = new QWidget(m_pages);
    auto* textColumn = new QVBoxLayout(textPage);
    textColumn->setContentsMargins(0, 0, 0, 0);
    m_text->setObjectName(QStringLiteral("connectionString"));
    m_text->setFont(Theme::instance().monospaceFont());
    m_text->setPlaceholderText(QStringLiteral("host=db.example dbname=atlas sslmode=verify-full\n"
                                              "postgresql://user@db.example:5432/atlas?sslmode=verify-full"));
    m_text->setTabChangesFocus(true);
    m_text->setMaximumHeight(120);
    connect(m_text, &QPlainTextEdit::textChanged, this, &ConnectionForm::textChanged);
    textColumn->addWidget(m_text);
    textColumn->addWidget(mutedLabel(
        tr("Anything psql takes. A password in it is taken out and offered to the keychain."), textPage));
    textColumn->addStretch();
    m_pages->addWidget(textPage);
    column->addWidget(m_pages);
    m_others->setWordWrap(true);
    m_others->setTextFormat(Qt::PlainText);
    column->addWidget(m_others);

    auto* line = new QHBoxLayout;
    m_password->setObjectName(QStringLiteral("password"));
    m_password->setEchoMode(QLineEdit::Password);
    m_password->setPlaceholderText(secrets::isAvailable()
                                       ? tr("Password: kept in the system keychain, never in a file of ours")
                                       : tr("Password: for this test only; use ~/.pgpass to keep it"));
    m_password->setAccessibleName(tr("Password"));
    connect(m_password, &QLineEdit::textEdited, this, &ConnectionForm::edited);
    m_test->setObjectName(QStringLiteral("test"));
    connect(m_test, &QPushButton::clicked, this, &ConnectionForm::test);
    line->setSpacing(metrics::small);
    line->addWidget(m_password, 1);
    line->addStretch();
    m_test->setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    line->addWidget(m_busy);
    line->addWidget(m_test);
    column->addLayout(line);
    column->addWidget(m_result);
    column->addStretch();

    // Keyboard order is that of the eye, not that in which the parts were made.
    QWidget* before = m_mode;
    const auto follow = [&before](QWidget* next) {
        QWidget::setTabOrder(before, next);
        before = next;
    };
    for (QLineEdit* field : std::as_const(m_fields)) {
        follow(field);
        if (field->objectName() == QLatin1String("user"))
            follow(m_sslMode);
    }
    follow(m_text);
    follow(m_password);
    follow(m_test);

    connect(m_mode, &SegmentedControl::currentChanged, this, [this](int mode) {
        // A text that is not understood stays, and with it the page.
        if (mode == 0 && !m_problem.isEmpty()) {
            m_mode->setCurrentIndex(1);
            return;
        }
        if (mode == 0)
            showInFields();
        else if (m_problem.isEmpty())
            showInText();
        m_pages->setCurrentIndex(mode);
    });
}

QLineEdit* ConnectionForm::addField(QFormLayout* form, const QString& keyword, const QString& label,
                                    const QString& hint)
{
    auto* field = new QLineEdit(this);
    field->setObjectName(keyword);
    field->setProperty(keywordProperty, keyword);
    field->setPlaceholderText(hint);
    field->setAccessibleName(label);
    connect(field, &QLineEdit::textEdited, this, &ConnectionForm::fieldsChanged);
    auto* caption = new QLabel(label, this);
    caption->setMinimumHeight(metrics::controlHeight);
    caption->setBuddy(field);
    form->addRow(caption, field);
    m_fields << field;
    return field;
}

void ConnectionForm::setInfo(const db::ConnectionInfo& info)
{
    m_info = info;
    m_info.set(QStringLiteral("password"), {});
    m_problem.clear();
    m_result->clear();
    ++m_testGeneration;
    m_busy->setRunning(false);
    m_test->setEnabled(true);
    m_password->clear();
    showInFields();
    showInText();
}

QString ConnectionForm::password() const
{
    return m_password->text();
}

void ConnectionForm::clearPassword()
{
    m_password->clear();
}

void ConnectionForm::setNode(const QString& node, const QString& fallbackUser)
{
    m_node = node;
    m_fallbackUser = fallbackUser;
}

void ConnectionForm::setReadOnly(bool readOnly)
{
    for (QLineEdit* field : std::as_const(m_fields))
        field->setReadOnly(readOnly);
    m_sslMode->setEnabled(!readOnly);
    m_text->setReadOnly(readOnly);
    m_password->setVisible(!readOnly);
}

void ConnectionForm::fieldsChanged()
{
    if (m_filling)
        return;
    for (const QLineEdit* field : std::as_const(m_fields))
        m_info.set(field->property(keywordProperty).toString(), field->text().trimmed());
    m_info.set(QStringLiteral("sslmode"), m_sslMode->currentData().toString());
    m_problem.clear();
    showInText();
    Q_EMIT edited();
}

void ConnectionForm::textChanged()
{
    if (m_filling)
        return;
    const auto parsed = db::ConnectionInfo::parse(m_text->toPlainText().simplified());
    if (!parsed) {
        m_problem = parsed.error().message;
        m_result->showMessage(MessageStrip::Kind::Error, tr("Not a connection string: %1").arg(m_problem));
        Q_EMIT edited();
        return;
    }
    m_problem.clear();
    m_result->clear();
    m_info = *parsed;
    const QString typed = m_info.value(QStringLiteral("password"));
    if (!typed.isEmpty()) {
        m_password->setText(typed);
        m_info.set(QStringLiteral("password"), {});
        m_result->showMessage(
            MessageStrip::Kind::Info,
            tr("The password was taken out of the connection string; it is not stored with it."));
    }
    showInFields();
    Q_EMIT edited();
}

void ConnectionForm::showInFields()
{
    m_filling = true;
    for (QLineEdit* field : std::as_const(m_fields)) {
        const QString value = m_info.value(field->property(keywordProperty).toString());
        if (field->text().trimmed() != value)
            field->setText(value);
    }
    const QString mode = m_info.value(QStringLiteral("sslmode"));
    int index = m_sslMode->findData(mode);
    if (index < 0) {
        m_sslMode->addItem(mode, mode);
        index = m_sslMode->count() - 1;
    }
    m_sslMode->setCurrentIndex(index);
    m_filling = false;
    showOthers();
}

void ConnectionForm::showInText()
{
    m_filling = true;
    m_text->setPlainText(m_info.redacted());
    m_filling = false;
    showOthers();
}

void ConnectionForm::showOthers()
{
    QStringList others;
    const QMap<QString, QString>& options = m_info.options();
    for (auto it = options.cbegin(); it != options.cend(); ++it) {
        if (!isShownKeyword(it.key()))
            others << QStringLiteral("%1=%2").arg(it.key(), db::redactSecrets(it.value()));
    }
    m_others->setText(tr("Also set: %1").arg(others.join(QLatin1Char(' '))));
    m_others->setVisible(!others.isEmpty());
}

void ConnectionForm::browse(QLineEdit* field, const QString& title)
{
    if (field->isReadOnly())
        return;
    auto* dialog = new QFileDialog(this, title, field->text());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    connect(dialog, &QFileDialog::fileSelected, this, [this, field](const QString& file) {
        field->setText(file);
        fieldsChanged();
    });
    dialog->open();
}

void ConnectionForm::test()
{
    if (!m_problem.isEmpty())
        return;
    db::Endpoint endpoint;
    endpoint.id = m_node;
    endpoint.role = m_role;
    endpoint.info = m_info;
    if (!endpoint.info.contains(QStringLiteral("user")))
        endpoint.info.set(QStringLiteral("user"), m_fallbackUser);
    endpoint.info.set(QStringLiteral("password"), m_password->text());
    m_busy->setRunning(true);
    m_test->setEnabled(false);
    m_result->clear();
    const quint64 generation = ++m_testGeneration;
    // With nothing typed it is the password that will be used.
    secrets::withPassword(endpoint, m_keychain, this, [this, generation](const db::Endpoint& complete) {
        if (generation != m_testGeneration)
            return;
        m_client->testEndpoint(complete, testPatience, this,
                               [this, generation](const db::Result<db::EndpointState>& answer) {
                                   if (generation != m_testGeneration)
                                       return;
                                   m_busy->setRunning(false);
                                   m_test->setEnabled(true);
                                   showTested(answer);
                               });
    });
}

void ConnectionForm::showTested(const db::Result<db::EndpointState>& answer)
{
    using Kind = MessageStrip::Kind;
    if (!answer) {
        const db::DbError& error = answer.error();
        m_result->showError({}, error);
        if (error.kind == db::ErrorKind::Authentication && m_password->text().isEmpty()) {
            const QString user = m_info.contains(QStringLiteral("user"))
                                     ? m_info.value(QStringLiteral("user"))
                                     : m_fallbackUser;
            const QString line = tr("A line for ~/.pgpass (mode 0600): %1").arg(pgpassLine(m_info, user));
            m_result->showMessage(Kind::Error, m_result->text(),
                                  errorDetails(error) + QLatin1Char('\n') + line);
        }
        Q_EMIT tested(false);
        return;
    }
    const db::EndpointState& state = *answer;
    const bool recovering = state.inRecovery.value_or(false);
    const QString server =
        state.isRedshift
            ? tr("Amazon Redshift")
            : tr("PostgreSQL %1.%2").arg(state.serverVersion / 10000).arg(state.serverVersion % 100);
    QStringList facts = {tr("Connected as %1 to %2").arg(state.serverUser, server),
                         state.tls ? tr("encrypted") : tr("not encrypted")};
    QStringList problems;
    if (m_role == db::EndpointRole::Primary && recovering)
        problems << tr("This is a replica, not a primary: it only takes reads. Enter it under Replicas.");
    if (m_role == db::EndpointRole::Replica && state.inRecovery && !recovering)
        problems << tr("This is a primary, not a replica: reads meant for a replica would burden it.");
    if (!state.isRedshift && state.serverVersion > 0 && state.serverVersion < 150000)
        problems << tr("PostgreSQL 15 or later is needed.");
    const QString host = m_info.value(QStringLiteral("host"));
    if (!state.tls && !host.isEmpty() && !host.startsWith(QLatin1Char('/')))
        problems << tr("Anyone on the way can read along: set TLS to verify-full.");
    const QString text = facts.join(QStringLiteral(", ")) + QLatin1Char('.');
    if (problems.isEmpty()) {
        const QString role = m_role == db::EndpointRole::Primary                 ? tr("It is a primary.")
                             : m_role == db::EndpointRole::Replica && recovering ? tr("It is a replica.")
                                                                                 : QString();
        m_result->showMessage(Kind::Success, QStringLiteral("%1 %2").arg(text, role).trimmed());
    } else {
        m_result->showMessage(Kind::Warning,
                              QStringLiteral("%1 %2").arg(text, problems.join(QLatin1Char(' '))));
    }
    Q_EMIT tested(problems.isEmpty());
}

} // namespace atlas::gui
