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

#include <utility>

#include "gui/environments/secretstore.h"
#include "gui/theme/theme.h"
#include "gui/widgets/busyindicator.h"
#include "gui/widgets/buttons.h"
#include "gui/widgets/messagestrip.h"
#include "gui/widgets/segmentedcontrol.h"

namespace atlas::gui {

namespace {

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

TypedPassword TypedPassword::now(const QString& password)
{
    static quint64 turns = 0;
    return {password, ++turns};
}

ConnectionForm::ConnectionForm(db::EndpointRole role, db::Client* client, QWidget* parent)
    : QWidget(parent)
    , m_role(role)
    , m_trial(new ConnectionTest(client, this))
    , m_mode(new SegmentedControl(this))
    , m_pages(new QStackedWidget(this))
    , m_sslMode(new QComboBox(this))
    , m_text(new QPlainTextEdit(this))
    , m_others(mutedLabel({}, this))
    , m_override(mutedLabel({}, this))
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
    addField(form, QStringLiteral("user"), tr("User"), tr("who logs in; empty: libpq's default"));
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
    m_override->setObjectName(QStringLiteral("override"));
    m_override->setWordWrap(true);
    m_override->setTextFormat(Qt::PlainText);
    column->addWidget(m_override);

    auto* line = new QHBoxLayout;
    m_password->setObjectName(QStringLiteral("password"));
    m_password->setEchoMode(QLineEdit::Password);
    connect(m_password, &QLineEdit::textChanged, this, [this](const QString& password) {
        if (m_filling)
            return;
        m_typed = TypedPassword::now(password);
        Q_EMIT edited();
    });
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
    showNotes();
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

void ConnectionForm::setInfo(const db::ConnectionInfo& info, const ConnectionDraft& draft)
{
    m_trial->stop();
    m_busy->setRunning(false);
    m_test->setEnabled(true);
    m_info = info;
    m_info.set(QStringLiteral("password"), {});
    m_problem.clear();
    m_result->clear();
    setPassword(draft.password);
    showInFields();
    showInText();
    if (draft.problem.isEmpty())
        return;
    m_filling = true;
    m_text->setPlainText(draft.text);
    m_filling = false;
    showProblem(draft.problem);
    m_mode->setCurrentIndex(1);
}

ConnectionDraft ConnectionForm::draft() const
{
    return {m_problem.isEmpty() ? QString() : m_text->toPlainText(), m_problem, m_typed};
}

void ConnectionForm::setPassword(const TypedPassword& password)
{
    m_typed = password;
    m_filling = true;
    m_password->setText(password.text);
    m_filling = false;
}

void ConnectionForm::setNode(const QString& node, const QMap<Purpose, QString>& logins)
{
    m_node = node;
    m_logins = logins;
    showNotes();
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
        showProblem(parsed.error().message);
        Q_EMIT edited();
        return;
    }
    m_problem.clear();
    m_result->clear();
    m_info = *parsed;
    const QString typed = m_info.value(QStringLiteral("password"));
    m_info.set(QStringLiteral("password"), {});
    // Deleted there, it is deleted here.
    if (!typed.isEmpty() || m_textHasPassword)
        m_password->setText(typed);
    m_textHasPassword = !typed.isEmpty();
    if (!typed.isEmpty()) {
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
    showNotes();
}

void ConnectionForm::showInText()
{
    m_filling = true;
    m_text->setPlainText(m_info.redacted());
    m_filling = false;
    m_textHasPassword = false;
    showNotes();
}

void ConnectionForm::showProblem(const QString& problem)
{
    m_problem = problem;
    m_result->showMessage(MessageStrip::Kind::Error, tr("Not a connection string: %1").arg(problem));
}

void ConnectionForm::showNotes()
{
    QStringList others;
    const QMap<QString, QString>& options = m_info.options();
    for (auto it = options.cbegin(); it != options.cend(); ++it) {
        if (!isShownKeyword(it.key()))
            others << QStringLiteral("%1=%2").arg(it.key(), db::redactSecrets(it.value()));
    }
    m_others->setText(tr("Also set: %1").arg(others.join(QLatin1Char(' '))));
    m_others->setVisible(!others.isEmpty());

    const QString user = m_info.value(QStringLiteral("user"));
    const QString login = loginFor(m_logins, Purpose::Analyst, m_info);
    m_override->setText(
        tr("Under Logins, %1 is set for analysts: the console logs in as %1, not as %2.").arg(login, user));
    m_override->setVisible(!user.isEmpty() && user != login);
    const QString whose = login.isEmpty() ? tr("Password") : tr("Password of %1").arg(login);
    m_password->setAccessibleName(whose);
    m_password->setPlaceholderText(secrets::isAvailable()
                                       ? tr("%1: kept in the system keychain, in no file of ours").arg(whose)
                                       : tr("%1: for this test only; use ~/.pgpass to keep it").arg(whose));
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
    m_busy->setRunning(true);
    m_test->setEnabled(false);
    m_result->clear();
    ConnectionTest::Question question;
    question.node = m_node;
    question.role = m_role;
    question.info = m_info;
    question.logins = m_logins;
    question.keychain = m_keychain;
    question.typedPassword = m_passwordOf;
    if (!question.typedPassword)
        question.typedPassword = [this](const QString&) { return password(); };
    m_trial->start(question, [this](const TestReport& report) {
        m_busy->setRunning(false);
        m_test->setEnabled(true);
        m_result->showMessage(report.kind, report.text, report.details);
        Q_EMIT tested(report.kind == MessageStrip::Kind::Success);
    });
}

} // namespace atlas::gui
