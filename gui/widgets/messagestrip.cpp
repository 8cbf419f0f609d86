// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/widgets/messagestrip.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QToolButton>
#include <QVBoxLayout>

#include "gui/theme/theme.h"
#include "gui/widgets/buttons.h"

namespace atlas::gui {

namespace {

QString place(const db::DbError& error)
{
    return error.endpoint.isEmpty() ? QObject::tr("the server")
                                    : error.endpoint.section(QLatin1Char('#'), 0, 0);
}

struct Look
{
    ColorRole fore;
    ColorRole back;
    QString icon;
};

Look lookOf(MessageStrip::Kind kind)
{
    switch (kind) {
    case MessageStrip::Kind::Info:
        return {ColorRole::Info, ColorRole::InfoSoft, QStringLiteral("info")};
    case MessageStrip::Kind::Success:
        return {ColorRole::Positive, ColorRole::PositiveSoft, QStringLiteral("success")};
    case MessageStrip::Kind::Warning:
        return {ColorRole::Warning, ColorRole::WarningSoft, QStringLiteral("warning")};
    case MessageStrip::Kind::Error:
        break;
    }
    return {ColorRole::Critical, ColorRole::CriticalSoft, QStringLiteral("error")};
}

} // namespace

Advice adviceFor(const db::DbError& error)
{
    using db::ErrorKind;
    const QString where = place(error);
    switch (error.kind) {
    case ErrorKind::BadArgument:
        return {error.message, {}};
    case ErrorKind::NameNotFound:
        return {QObject::tr("The host name of %1 is not known.").arg(where),
                QObject::tr("Check how it is spelled, and that you are on the right network or VPN.")};
    case ErrorKind::Refused:
        return {
            QObject::tr("Nobody answers at the address of %1.").arg(where),
            QObject::tr("Check host and port, that the server runs, and that no firewall is in between.")};
    case ErrorKind::Tls:
        return {QObject::tr("No trusted TLS connection to %1.").arg(where),
                QObject::tr(
                    "Check sslmode, and that sslrootcert is the CA that signed this server's certificate.")};
    case ErrorKind::Authentication:
        return {QObject::tr("%1 does not accept the login.").arg(where),
                QObject::tr("Check the user and the password (~/.pgpass, passfile or keychain).")};
    case ErrorKind::NoSuchDatabase:
        return {QObject::tr("%1 has no database of that name.").arg(where), QObject::tr("Check dbname.")};
    case ErrorKind::Unavailable:
        return {QObject::tr("%1 takes no connections at the moment.").arg(where),
                QObject::tr("It is starting, stopping or full. Try again in a little while.")};
    case ErrorKind::ConnectionLost:
        return {QObject::tr("The connection to %1 was lost.").arg(where),
                QObject::tr("It is made again by itself when it is next needed.")};
    case ErrorKind::Deadline:
        return {QObject::tr("%1 did not answer in time.").arg(where),
                QObject::tr("Narrow the question, or try again when the server is less busy.")};
    case ErrorKind::Cancelled:
        return {QObject::tr("Cancelled."), {}};
    case ErrorKind::Permission:
        return {QObject::tr("This login may not do that on %1.").arg(where),
                QObject::tr("Ask an administrator for the role, or set another login in the environment.")};
    case ErrorKind::ReadOnly:
        return {
            QObject::tr("%1 only takes reads.").arg(where),
            QObject::tr("Writes go to the primary: check that the environment's primary is not a replica.")};
    case ErrorKind::Syntax:
        return {QObject::tr("%1 does not understand the statement.").arg(where),
                QObject::tr("The schema may be older than this console: see atlasctl schema status.")};
    case ErrorKind::Constraint:
        return {QObject::tr("%1 refused the change because it breaks a rule of the data.").arg(where), {}};
    case ErrorKind::Conflict:
        return {QObject::tr("Another transaction was in the way on %1.").arg(where),
                QObject::tr("Try again.")};
    case ErrorKind::OutOfResources:
        return {QObject::tr("%1 has run out of disk, memory or another limit.").arg(where),
                QObject::tr("An administrator has to look at the server.")};
    case ErrorKind::Data:
        return {QObject::tr("A value does not fit on %1.").arg(where), {}};
    case ErrorKind::Protocol:
        return {QObject::tr("%1 answered with something that is not understood.").arg(where),
                QObject::tr("Is it PostgreSQL or Redshift that listens there?")};
    case ErrorKind::Other:
        break;
    }
    return {QObject::tr("Something went wrong on %1.").arg(where), {}};
}

QString errorDetails(const db::DbError& error)
{
    QStringList lines;
    if (!error.message.isEmpty())
        lines << error.message;
    if (!error.detail.isEmpty())
        lines << QObject::tr("Detail: %1").arg(error.detail);
    if (!error.hint.isEmpty())
        lines << QObject::tr("Hint: %1").arg(error.hint);
    if (!error.sqlState.isEmpty())
        lines << QObject::tr("SQLSTATE: %1").arg(error.sqlState);
    if (!error.endpoint.isEmpty())
        lines << QObject::tr("Endpoint: %1").arg(error.endpoint);
    if (error.position > 0)
        lines << QObject::tr("At character %1 of the statement").arg(error.position);
    if (error.mayStillBeRunning)
        lines << QObject::tr("The connection was dropped; the server may still be working on it.");
    return lines.join(QLatin1Char('\n'));
}

MessageStrip::MessageStrip(QWidget* parent)
    : QFrame(parent)
    , m_icon(new QLabel(this))
    , m_text(new QLabel(this))
    , m_more(new QToolButton(this))
    , m_retry(button(tr("Try again"), this, QStringLiteral("refresh")))
    , m_close(iconButton(QStringLiteral("close"), tr("Dismiss"), this))
    , m_details(new QPlainTextEdit(this))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(metrics::normal, metrics::tight, metrics::small, metrics::tight);
    column->setSpacing(metrics::tight);
    auto* line = new QHBoxLayout;
    line->setSpacing(metrics::small);
    m_text->setWordWrap(true);
    m_text->setTextFormat(Qt::PlainText);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_text->setMinimumHeight(metrics::controlHeight);
    m_more->setText(tr("Details"));
    m_more->setCheckable(true);
    m_more->setToolButtonStyle(Qt::ToolButtonTextOnly);
    m_more->setAutoRaise(true);
    m_more->setFixedHeight(metrics::controlHeight);
    m_icon->setFixedSize(metrics::iconSize, metrics::controlHeight);
    line->addWidget(m_icon, 0, Qt::AlignTop);
    line->addWidget(m_text, 1);
    line->addWidget(m_more, 0, Qt::AlignTop);
    line->addWidget(m_retry, 0, Qt::AlignTop);
    line->addWidget(m_close, 0, Qt::AlignTop);
    column->addLayout(line);
    m_details->setReadOnly(true);
    m_details->setFont(Theme::instance().monospaceFont());
    m_details->setMaximumHeight(110);
    m_details->setTabChangesFocus(true);
    column->addWidget(m_details);
    m_details->hide();
    m_retry->hide();
    m_close->hide();
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
    connect(m_more, &QToolButton::toggled, m_details, &QWidget::setVisible);
    connect(m_retry, &QPushButton::clicked, this, &MessageStrip::retryRequested);
    connect(m_close, &QToolButton::clicked, this, [this] {
        clear();
        Q_EMIT closed();
    });
    connect(&Theme::instance(), &Theme::changed, this, &MessageStrip::restyle);
    hide();
}

void MessageStrip::showMessage(Kind kind, const QString& text, const QString& details)
{
    // A poll that says the same again closes no details that somebody reads.
    if (m_showing && kind == m_kind && text == m_text->text() && details == m_shownDetails)
        return;
    m_kind = kind;
    m_showing = true;
    m_shownDetails = details;
    m_text->setText(text);
    setAccessibleName(text);
    m_details->setPlainText(details);
    m_more->setVisible(!details.isEmpty());
    m_more->setChecked(false);
    restyle();
    show();
}

void MessageStrip::showError(const QString& action, const db::DbError& error)
{
    const Advice advice = adviceFor(error);
    QStringList parts;
    if (!action.isEmpty())
        parts << (action.endsWith(QLatin1Char('.')) ? action : action + QLatin1Char('.'));
    parts << advice.what;
    if (!advice.todo.isEmpty())
        parts << advice.todo;
    if (error.mayStillBeRunning)
        parts << tr("The server may still be working on it.");
    showMessage(Kind::Error, parts.join(QLatin1Char(' ')), errorDetails(error));
}

void MessageStrip::clear()
{
    m_showing = false;
    hide();
}

void MessageStrip::setRetryVisible(bool visible, const QString& text)
{
    if (!text.isEmpty())
        m_retry->setText(text);
    m_retry->setVisible(visible);
}

void MessageStrip::setClosable(bool closable)
{
    m_close->setVisible(closable);
}

QString MessageStrip::text() const
{
    return m_text->text();
}

QString MessageStrip::details() const
{
    return m_details->toPlainText();
}

void MessageStrip::restyle()
{
    const Look look = lookOf(m_kind);
    m_icon->setPixmap(Theme::icon(look.icon, look.fore).pixmap(metrics::iconSize));
    update();
}

void MessageStrip::changeEvent(QEvent* event)
{
    QFrame::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_icon)
        restyle();
}

void MessageStrip::paintEvent(QPaintEvent*)
{
    const Look look = lookOf(m_kind);
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(blend(color(look.fore), color(look.back), 0.3));
    painter.setBrush(color(look.back));
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), metrics::radius, metrics::radius);
}

} // namespace atlas::gui
