// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/pipeline/hopstrip.h"

#include <QKeyEvent>
#include <QPainter>

#include "gui/support/timetext.h"
#include "gui/widgets/statedot.h"

namespace atlas::gui {

namespace {

constexpr int gap = 20; ///< room for an arrow
constexpr int padding = 10;
constexpr int shapeSide = 11;

QString titleOf(const QString& stage)
{
    if (stage == QLatin1String("commit"))
        return HopStrip::tr("Commit");
    if (stage == QLatin1String("staging"))
        return HopStrip::tr("Staging");
    if (stage == QLatin1String("replica"))
        return HopStrip::tr("Replica");
    if (stage == QLatin1String("slot"))
        return HopStrip::tr("Slot");
    if (stage == QLatin1String("warehouse"))
        return HopStrip::tr("Warehouse");
    return stage;
}

QString stateWord(lag::State state)
{
    switch (state) {
    case lag::State::Current:
        return HopStrip::tr("current");
    case lag::State::Behind:
        return HopStrip::tr("behind");
    case lag::State::FallingBehind:
        return HopStrip::tr("falling behind");
    case lag::State::Idle:
        return HopStrip::tr("idle");
    case lag::State::Unknown:
        break;
    }
    return HopStrip::tr("unknown");
}

QString detailOf(const lag::StageLag& stage)
{
    if (stage.state == lag::State::Unknown)
        return HopStrip::tr("not known");
    if (stage.stage == QLatin1String("commit") || stage.stage == QLatin1String("warehouse"))
        return HopStrip::tr("newest heartbeat");
    if (!stage.lagBytes)
        return {};
    if (stage.stage == QLatin1String("staging")) {
        if (*stage.lagBytes == 0)
            return HopStrip::tr("no rows waiting");
        return *stage.lagBytes == 1 ? HopStrip::tr("1 row waiting")
                                    : HopStrip::tr("%1 rows waiting").arg(countText(*stage.lagBytes));
    }
    const bool slot = stage.stage == QLatin1String("slot");
    if (*stage.lagBytes == 0)
        return slot ? HopStrip::tr("all confirmed") : HopStrip::tr("all replayed");
    const QString bytes = bytesText(double(*stage.lagBytes));
    return slot ? HopStrip::tr("%1 unconfirmed").arg(bytes) : HopStrip::tr("%1 to replay").arg(bytes);
}

} // namespace

HopText hopText(const lag::StageLag& stage)
{
    HopText text;
    text.title = titleOf(stage.stage);
    if (stage.node.compare(text.title, Qt::CaseInsensitive) != 0)
        text.node = stage.node;
    text.state = stateWord(stage.state);
    // A number beside "unknown" would be believed.
    const bool known = stage.lagSeconds && stage.state != lag::State::Unknown;
    text.lag = known ? durationText(*stage.lagSeconds) : QStringLiteral("–");
    text.detail = detailOf(stage);
    text.evidence = stage.evidence;
    text.spoken = text.node.isEmpty() ? HopStrip::tr("%1: %2").arg(text.title, text.state)
                                      : HopStrip::tr("%1 %2: %3").arg(text.title, text.node, text.state);
    if (known)
        text.spoken += QStringLiteral(", ") + text.lag;
    if (!text.detail.isEmpty() && stage.state != lag::State::Unknown)
        text.spoken += QStringLiteral(", ") + text.detail;
    return text;
}

ColorRole hopColor(lag::State state)
{
    switch (state) {
    case lag::State::Current:
        return ColorRole::Positive;
    case lag::State::Behind:
        return ColorRole::Warning;
    case lag::State::FallingBehind:
        return ColorRole::Critical;
    case lag::State::Idle:
    case lag::State::Unknown:
        break;
    }
    return ColorRole::TextMuted;
}

void paintHopState(QPainter* painter, const QRect& rect, lag::State state)
{
    switch (state) {
    case lag::State::Current:
        StateDot::paint(painter, rect, StateDot::State::Good);
        break;
    case lag::State::Behind:
        StateDot::paint(painter, rect, StateDot::State::Warning);
        break;
    case lag::State::FallingBehind:
        StateDot::paint(painter, rect, StateDot::State::Bad);
        break;
    case lag::State::Idle: {
        // Two bars, as on a pause button: nothing moves.
        const int bar = qMax(3, rect.width() / 3);
        painter->fillRect(QRect(rect.left() + 1, rect.top() + 1, bar, rect.height() - 2),
                          color(ColorRole::TextMuted));
        painter->fillRect(QRect(rect.right() - bar, rect.top() + 1, bar, rect.height() - 2),
                          color(ColorRole::TextMuted));
        break;
    }
    case lag::State::Unknown:
        StateDot::paint(painter, rect, StateDot::State::Unknown);
        break;
    }
}

HopCard::HopCard(QWidget* parent)
    : QWidget(parent)
{
    setFocusPolicy(Qt::StrongFocus);
}

void HopCard::setStage(const lag::StageLag& stage)
{
    m_stage = stage;
    m_text = hopText(stage);
    if (accessibleName() != m_text.spoken)
        setAccessibleName(m_text.spoken);
    if (accessibleDescription() != m_text.evidence)
        setAccessibleDescription(m_text.evidence);
    QStringList lines{m_text.spoken, m_text.evidence};
    if (!stage.lsn.isEmpty())
        lines << tr("Position %1").arg(stage.lsn);
    if (stage.measuredAt.isValid())
        lines << tr("Looked at %1").arg(stage.measuredAt.toLocalTime().toString(QStringLiteral("HH:mm:ss")));
    lines.removeAll(QString());
    setToolTip(QStringLiteral("<p>%1</p>")
                   .arg(lines.join(QLatin1Char('\n'))
                            .toHtmlEscaped()
                            .replace(QLatin1Char('\n'), QLatin1String("<br>"))));
    update();
}

int HopCard::heightWanted()
{
    const Theme& theme = Theme::instance();
    return 2 * padding + QFontMetrics(theme.strongFont()).height() + metrics::hair +
           QFontMetrics(theme.titleFont()).height() + metrics::hair +
           QFontMetrics(theme.smallFont()).height();
}

void HopCard::paintEvent(QPaintEvent*)
{
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const ColorRole ink = hopColor(m_stage.state);
    const ColorRole back = m_stage.state == lag::State::FallingBehind ? ColorRole::CriticalSoft
                           : m_stage.state == lag::State::Behind      ? ColorRole::WarningSoft
                           : underMouse()                             ? ColorRole::Hover
                                                                      : ColorRole::Surface;
    const bool focus = hasFocus();
    painter.setPen(QPen(color(focus ? ColorRole::Accent : ColorRole::Border), focus ? 2 : 1));
    painter.setBrush(color(back));
    const qreal inset = focus ? 1 : 0.5;
    painter.drawRoundedRect(QRectF(rect()).adjusted(inset, inset, -inset, -inset), metrics::radius,
                            metrics::radius);

    QRect line = rect().adjusted(padding, padding, -padding, -padding);
    const auto nextLine = [&line](int used) { line.setTop(line.top() + used + metrics::hair); };

    // Stage and node.
    const QFontMetrics strong(theme.strongFont());
    QRect part(line.left(), line.top(), line.width(), strong.height());
    painter.setFont(theme.strongFont());
    painter.setPen(color(ColorRole::Text));
    painter.drawText(part, Qt::AlignLeft | Qt::AlignVCenter, m_text.title);
    part.setLeft(part.left() + strong.horizontalAdvance(m_text.title) + metrics::small);
    painter.setFont(theme.smallFont());
    painter.setPen(color(ColorRole::TextMuted));
    painter.drawText(part, Qt::AlignRight | Qt::AlignVCenter,
                     QFontMetrics(theme.smallFont()).elidedText(m_text.node, Qt::ElideMiddle, part.width()));
    nextLine(strong.height());

    // The state in words, the lag beside it: neither is ever alone.
    const QFontMetrics big(theme.titleFont());
    const QFontMetrics word(theme.font());
    part = QRect(line.left(), line.top(), line.width(), big.height());
    paintHopState(&painter, QRect(part.left(), part.center().y() - shapeSide / 2 + 1, shapeSide, shapeSide),
                  m_stage.state);
    painter.setFont(theme.titleFont());
    painter.setPen(color(ColorRole::Text));
    painter.drawText(part, Qt::AlignRight | Qt::AlignVCenter, m_text.lag);
    part.setLeft(part.left() + shapeSide + metrics::tight + metrics::hair);
    part.setRight(part.right() - big.horizontalAdvance(m_text.lag) - metrics::tight);
    painter.setFont(theme.font());
    painter.setPen(color(ink));
    painter.drawText(part, Qt::AlignLeft | Qt::AlignVCenter,
                     word.elidedText(m_text.state, Qt::ElideRight, part.width()));
    nextLine(big.height());

    const QFontMetrics smallText(theme.smallFont());
    part = QRect(line.left(), line.top(), line.width(), smallText.height());
    painter.setFont(theme.smallFont());
    painter.setPen(color(ColorRole::TextMuted));
    painter.drawText(part, Qt::AlignRight | Qt::AlignVCenter,
                     smallText.elidedText(m_text.detail, Qt::ElideRight, part.width()));
}

void HopCard::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Left || event->key() == Qt::Key_Right) {
        const auto cards = static_cast<HopStrip*>(parentWidget())->cards();
        const qsizetype to = cards.indexOf(this) + (event->key() == Qt::Key_Right ? 1 : -1);
        if (to >= 0 && to < cards.size())
            cards.at(to)->setFocus(Qt::TabFocusReason);
        return;
    }
    QWidget::keyPressEvent(event);
}

void HopCard::enterEvent(QEnterEvent*)
{
    update();
}

void HopCard::leaveEvent(QEvent*)
{
    update();
}

HopStrip::HopStrip(QWidget* parent)
    : QWidget(parent)
{
    QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
    setAccessibleName(tr("Stages of the pipeline"));
}

void HopStrip::setStages(const QList<lag::StageLag>& stages)
{
    const auto before = m_cards.size();
    while (m_cards.size() > stages.size())
        delete m_cards.takeLast();
    while (m_cards.size() < stages.size()) {
        auto* card = new HopCard(this);
        if (!m_cards.isEmpty())
            setTabOrder(m_cards.last(), card);
        m_cards << card;
        card->show();
    }
    for (int i = 0; i < m_cards.size(); ++i)
        m_cards.at(i)->setStage(stages.at(i));
    if (before != m_cards.size()) {
        updateGeometry();
        arrange();
    }
    update();
}

void HopStrip::clear()
{
    setStages({});
}

int HopStrip::columnsFor(int width) const
{
    const int fit = (width + gap) / (HopCard::narrowest + gap);
    const int count = qMax(1, int(m_cards.size()));
    if (fit >= count)
        return count;
    // Rows of about the same length rather than one long and one stray.
    const int rows = (count + qMax(1, fit) - 1) / qMax(1, fit);
    return (count + rows - 1) / rows;
}

int HopStrip::heightForWidth(int width) const
{
    const int columns = columnsFor(width);
    const int rows = (qMax(1, int(m_cards.size())) + columns - 1) / columns;
    return rows * HopCard::heightWanted() + (rows - 1) * metrics::small;
}

QSize HopStrip::sizeHint() const
{
    const int count = qMax(1, int(m_cards.size()));
    return {count * 170 + (count - 1) * gap, HopCard::heightWanted()};
}

QSize HopStrip::minimumSizeHint() const
{
    return {HopCard::narrowest, HopCard::heightWanted()};
}

void HopStrip::arrange()
{
    const int columns = columnsFor(width());
    const double cardWidth = double(width() - (columns - 1) * gap) / columns;
    const int height = HopCard::heightWanted();
    for (int i = 0; i < m_cards.size(); ++i) {
        const int column = i % columns;
        const int left = qRound(column * (cardWidth + gap));
        const int right = qRound(column * (cardWidth + gap) + cardWidth);
        m_cards.at(i)->setGeometry(left, (i / columns) * (height + metrics::small), right - left, height);
    }
}

void HopStrip::resizeEvent(QResizeEvent*)
{
    arrange();
}

void HopStrip::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    if (m_cards.isEmpty()) {
        painter.setPen(color(ColorRole::TextMuted));
        painter.drawText(rect(), Qt::AlignCenter, tr("Looking at every node for the first time …"));
        return;
    }
    for (int i = 0; i + 1 < m_cards.size(); ++i) {
        const QRect here = m_cards.at(i)->geometry();
        const QRect next = m_cards.at(i + 1)->geometry();
        // Replicas stand side by side: no arrow leads from one to the other.
        if (next.left() < here.left() || m_cards.at(i)->stage().stage == m_cards.at(i + 1)->stage().stage)
            continue;
        constexpr int side = 14;
        const QRect middle((here.right() + next.left()) / 2 - side / 2 + 1, here.center().y() - side / 2,
                           side, side);
        icon(QStringLiteral("chevron-right")).paint(&painter, middle);
    }
}

} // namespace atlas::gui
