// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/app/endpointbar.h"

#include <QHBoxLayout>
#include <QHelpEvent>
#include <QLocale>
#include <QPainter>
#include <QTimer>
#include <QToolButton>
#include <QToolTip>

#include "gui/app/appcontext.h"
#include "gui/support/timetext.h"
#include "gui/theme/theme.h"
#include "gui/widgets/busyindicator.h"
#include "gui/widgets/messagestrip.h"

namespace atlas::gui {

namespace {

constexpr int barHeight = 28;

/// "operator login refused", "operator and admin logins refused".
QString refusedText(const EndpointBar::Refused& refused)
{
    QStringList purposes;
    for (auto it = refused.cbegin(); it != refused.cend(); ++it)
        purposes << purposeName(it.key());
    const QString names = purposes.join(EndpointBar::tr(" and "));
    return purposes.size() == 1 ? EndpointBar::tr("%1 login refused").arg(names)
                                : EndpointBar::tr("%1 logins refused").arg(names);
}

} // namespace

class EndpointBar::NodeButton : public QToolButton
{
public:
    NodeButton(const QString& node, QWidget* parent)
        : QToolButton(parent)
        , m_node(node)
    {
        setAutoRaise(true);
        setFocusPolicy(Qt::TabFocus);
        setAttribute(Qt::WA_Hover);
        setObjectName(QStringLiteral("node-") + node);
    }

    void setState(const db::EndpointState& state, const Refused& refused)
    {
        m_state = state;
        m_refused = refused;
        setAccessibleName(label());
        setAccessibleDescription(description(state, refused));
        updateGeometry();
        update();
    }

    /// The word is there whenever it is not plainly good, so that nobody has to tell shapes apart.
    QString label() const
    {
        if (m_state.link == db::EndpointState::Link::Up && m_refused.isEmpty())
            return m_node;
        return QStringLiteral("%1 · %2").arg(m_node, stateText(m_state, m_refused));
    }

    QSize sizeHint() const override
    {
        return {QFontMetrics(Theme::instance().smallFont()).horizontalAdvance(label()) + 32, barHeight - 4};
    }

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        if (underMouse() || hasFocus()) {
            painter.setRenderHint(QPainter::Antialiasing);
            painter.setPen(hasFocus() ? QPen(color(ColorRole::Accent), 1) : QPen(Qt::NoPen));
            painter.setBrush(color(ColorRole::Hover));
            painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
        }
        StateDot::paint(&painter, QRectF(8, (height() - 10) / 2.0, 10, 10), dotState(m_state, m_refused));
        painter.setFont(Theme::instance().smallFont());
        painter.setPen(color(ColorRole::TextMuted));
        painter.drawText(rect().adjusted(24, 0, -2, 0), Qt::AlignLeft | Qt::AlignVCenter, label());
    }

    bool event(QEvent* event) override
    {
        // Made when asked for: it says how long ago.
        if (event->type() == QEvent::ToolTip) {
            const QString text = description(m_state, m_refused)
                                     .toHtmlEscaped()
                                     .replace(QLatin1Char('\n'), QLatin1String("<br>"));
            QToolTip::showText(static_cast<QHelpEvent*>(event)->globalPos(),
                               QStringLiteral("<p>%1</p>").arg(text), this);
            return true;
        }
        return QToolButton::event(event);
    }

private:
    QString m_node;
    db::EndpointState m_state;
    Refused m_refused;
};

EndpointBar::EndpointBar(AppContext* context, QWidget* parent)
    : QWidget(parent)
    , m_context(context)
    , m_running(new QToolButton(this))
    , m_busy(new BusyIndicator(this, 14))
{
    setObjectName(QStringLiteral("endpointBar"));
    setFixedHeight(barHeight);
    auto* line = new QHBoxLayout(this);
    line->setContentsMargins(metrics::tight, 1, metrics::small, 0);
    line->setSpacing(metrics::tight);
    m_nodesLine = new QHBoxLayout;
    m_nodesLine->setSpacing(metrics::hair);
    line->addLayout(m_nodesLine);
    line->addStretch();
    line->addWidget(m_busy);
    m_running->setAutoRaise(true);
    m_running->setFocusPolicy(Qt::TabFocus);
    m_running->setFont(Theme::instance().smallFont());
    m_running->setToolTip(tr("Statements running on your databases; click for Activity"));
    m_running->hide();
    line->addWidget(m_running);
    connect(m_running, &QToolButton::clicked, this, &EndpointBar::runningClicked);
    connect(context, &AppContext::environmentChanged, this, &EndpointBar::rebuild);
    connect(context, &AppContext::nodeStateChanged, this, &EndpointBar::refresh);
    // By id: a statement that waited for a connection is announced again when it runs.
    connect(context->client(), &db::Client::statementStarted, this,
            [this](const db::StatementRecord& record) {
                m_runningIds.insert(record.id);
                // Polls last a few milliseconds; what comes and goes at once is not worth a flicker.
                QTimer::singleShot(250, this, &EndpointBar::countRunning);
            });
    connect(context->client(), &db::Client::statementFinished, this,
            [this](const db::StatementRecord& record) {
                m_runningIds.remove(record.id);
                if (m_running->isVisible())
                    countRunning();
            });
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
    rebuild();
}

StateDot::State EndpointBar::dotState(const db::EndpointState& state, const Refused& refused)
{
    switch (state.link) {
    case db::EndpointState::Link::Unknown:
        return StateDot::State::Unknown;
    case db::EndpointState::Link::Connecting:
        return StateDot::State::Busy;
    case db::EndpointState::Link::Up:
        return refused.isEmpty() ? StateDot::State::Good : StateDot::State::Warning;
    case db::EndpointState::Link::Down:
        return StateDot::State::Bad;
    }
    return StateDot::State::Unknown;
}

QString EndpointBar::stateText(const db::EndpointState& state, const Refused& refused)
{
    switch (state.link) {
    case db::EndpointState::Link::Unknown:
        return tr("not used yet");
    case db::EndpointState::Link::Connecting:
        return tr("connecting");
    case db::EndpointState::Link::Up:
        return refused.isEmpty() ? tr("up") : tr("up, %1").arg(refusedText(refused));
    case db::EndpointState::Link::Down:
        // The server is there.
        return refused.isEmpty() || !AppContext::isLoginRefused(state) ? tr("down") : refusedText(refused);
    }
    return {};
}

QString EndpointBar::description(const db::EndpointState& state, const Refused& refused)
{
    QStringList lines;
    QString first = QStringLiteral("%1: %2").arg(state.endpoint, stateText(state, refused));
    if (state.since.isValid() && state.link != db::EndpointState::Link::Unknown) {
        const double seconds = double(state.since.msecsTo(QDateTime::currentDateTimeUtc())) / 1000;
        first += tr(", since %1 (%2)")
                     .arg(QLocale().toString(state.since.toLocalTime().time(), QLocale::ShortFormat),
                          durationText(qMax(0.0, seconds)));
    }
    lines << first;
    if (state.serverVersion > 0) {
        lines
            << (state.isRedshift
                    ? tr("Amazon Redshift")
                    : tr("PostgreSQL %1.%2").arg(state.serverVersion / 10000).arg(state.serverVersion % 100));
        lines << (state.tls ? tr("Encrypted (TLS)") : tr("Not encrypted"));
    }
    if (state.inRecovery)
        lines << (*state.inRecovery ? tr("Standby, read-only") : tr("Takes writes"));
    if (!state.serverUser.isEmpty())
        lines << tr("Logged in as %1").arg(state.serverUser);
    const bool isRefusal = AppContext::isLoginRefused(state) && !refused.isEmpty();
    if (state.lastError && state.link != db::EndpointState::Link::Up && !isRefusal) {
        const Advice advice = adviceFor(*state.lastError);
        lines << advice.what;
        lines << errorDetails(*state.lastError);
    }
    for (auto it = refused.cbegin(); it != refused.cend(); ++it) {
        lines << tr("The %1's login is refused; what needs it is not shown. Check it under Environments.")
                     .arg(purposeName(it.key()));
        lines << errorDetails(*it);
    }
    return lines.join(QLatin1Char('\n'));
}

QString EndpointBar::textOf(const QString& node) const
{
    const NodeButton* found = m_nodes.value(node);
    return found ? found->label() : QString();
}

void EndpointBar::rebuild()
{
    qDeleteAll(m_nodes);
    m_nodes.clear();
    const Environment* environment = m_context->environment();
    if (!environment)
        return;
    // The primary first: the order of data, not the order of preference.
    QStringList nodes = {QStringLiteral("primary")};
    nodes << m_context->replicaNodes();
    if (environment->warehouse)
        nodes << QStringLiteral("warehouse");
    for (const QString& node : nodes) {
        auto* made = new NodeButton(node, this);
        connect(made, &QToolButton::clicked, this, [this, node, made] {
            QToolTip::showText(
                made->mapToGlobal(QPoint(0, -8)),
                QStringLiteral("<p>%1</p>")
                    .arg(description(m_context->nodeState(node), m_context->refusedLogins(node))
                             .toHtmlEscaped()
                             .replace(QLatin1Char('\n'), QLatin1String("<br>"))),
                made);
            Q_EMIT nodeClicked(node);
        });
        m_nodes.insert(node, made);
        m_nodesLine->addWidget(made);
        refresh(node);
    }
}

void EndpointBar::refresh(const QString& node)
{
    if (NodeButton* found = m_nodes.value(node))
        found->setState(m_context->nodeState(node), m_context->refusedLogins(node));
}

void EndpointBar::countRunning()
{
    const auto count = m_runningIds.size();
    m_running->setVisible(count > 0);
    m_busy->setRunning(count > 0);
    m_running->setText(tr("%1 running").arg(count));
}

void EndpointBar::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.fillRect(rect(), color(ColorRole::Surface));
    painter.setPen(color(ColorRole::Border));
    painter.drawLine(0, 0, width(), 0);
}

} // namespace atlas::gui
