// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/app/welcomepage.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>

#include "gui/theme/theme.h"
#include "gui/widgets/buttons.h"
#include "gui/widgets/messagestrip.h"

namespace atlas::gui {

namespace {

class Card : public QFrame
{
public:
    Card(const QString& iconName, const QString& title, QWidget* parent)
        : QFrame(parent)
        , m_icon(iconName)
    {
        m_column = new QVBoxLayout(this);
        m_column->setContentsMargins(metrics::huge, metrics::huge + 40, metrics::huge, metrics::huge);
        m_column->setSpacing(metrics::small);
        auto* heading = new QLabel(title, this);
        QFont font = Theme::instance().strongFont();
        font.setPointSizeF(font.pointSizeF() * 1.15);
        heading->setFont(font);
        m_column->addWidget(heading);
        setFixedWidth(330);
        setMinimumHeight(236);
    }
    QLabel* addText(const QString& text)
    {
        QLabel* label = mutedLabel(text, this);
        label->setWordWrap(true);
        label->setTextFormat(Qt::PlainText);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
        m_column->addWidget(label);
        m_column->addStretch();
        return label;
    }
    QVBoxLayout* column() const { return m_column; }

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(color(ColorRole::Border));
        painter.setBrush(color(ColorRole::Surface));
        painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 10, 10);
        icon(m_icon, ColorRole::Accent).paint(&painter, QRect(metrics::huge, metrics::huge, 30, 30));
    }

private:
    QString m_icon;
    QVBoxLayout* m_column = nullptr;
};

} // namespace

WelcomePage::WelcomePage(QWidget* parent)
    : QWidget(parent)
    , m_strip(new MessageStrip(this))
{
    setObjectName(QStringLiteral("welcomePage"));
    auto* column = new QVBoxLayout(this);
    column->setSpacing(metrics::small);
    column->addWidget(m_strip);
    column->addStretch(3);
    QLabel* title = titleLabel(tr("Welcome to Atlas Console"), this);
    QFont font = title->font();
    font.setPointSizeF(font.pointSizeF() * 1.25);
    title->setFont(font);
    title->setAlignment(Qt::AlignCenter);
    column->addWidget(title);
    QLabel* lead =
        mutedLabel(tr("Choose the platform to connect to. Nothing is connected before you do."), this);
    lead->setAlignment(Qt::AlignCenter);
    column->addWidget(lead);
    column->addSpacing(metrics::huge);
    auto* cards = new QHBoxLayout;
    cards->setSpacing(metrics::large);
    cards->addStretch();

    auto* local = new Card(QStringLiteral("server"), tr("Use the local cluster"), this);
    m_localText = local->addText({});
    m_local = primaryButton(tr("Use the local cluster"), local);
    m_local->setObjectName(QStringLiteral("useLocal"));
    m_again = gui::button(tr("Look again"), local, QStringLiteral("refresh"));
    m_again->setObjectName(QStringLiteral("lookAgain"));
    local->column()->addWidget(m_local);
    local->column()->addWidget(m_again);
    cards->addWidget(local);

    auto* own = new Card(QStringLiteral("environment"), tr("Add your own"), this);
    own->addText(
        tr("A primary, its replicas and a warehouse. A libpq service name alone is enough; .pgpass and "
           "PG… variables work as they do in psql."));
    m_add = gui::button(tr("Add an environment…"), own, QStringLiteral("add"));
    m_add->setObjectName(QStringLiteral("addEnvironment"));
    own->column()->addWidget(m_add);
    cards->addWidget(own);
    cards->addStretch();
    column->addLayout(cards);
    column->addStretch(4);

    connect(m_local, &QPushButton::clicked, this, [this] { Q_EMIT useLocalRequested(m_file); });
    connect(m_again, &QPushButton::clicked, this, &WelcomePage::lookAgainRequested);
    connect(m_add, &QPushButton::clicked, this, &WelcomePage::addRequested);
    setLocalFile({});
}

void WelcomePage::setLocalFile(const QString& file)
{
    m_file = file;
    m_localText->setText(
        file.isEmpty()
            ? tr("None was found from this folder. Run ./atlas cluster up in the source tree: it starts a "
                 "primary, two replicas and a warehouse of your own, then look again.")
            : tr("A primary, two replicas and a warehouse on this machine, started with ./atlas "
                 "cluster up."));
    m_local->setVisible(!file.isEmpty());
    m_local->setEnabled(!file.isEmpty());
    m_local->setToolTip(file.toHtmlEscaped());
    m_again->setVisible(file.isEmpty());
}

void WelcomePage::showProblem(const QString& text)
{
    m_strip->showMessage(MessageStrip::Kind::Error, text);
}

void WelcomePage::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    // isVisible() is still false for the children here.
    QPushButton* first = m_file.isEmpty() ? m_add : m_local;
    first->setFocus(Qt::OtherFocusReason);
}

} // namespace atlas::gui
