// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/clausechip.h"

#include <QApplication>
#include <QContextMenuEvent>
#include <QHelpEvent>
#include <QLocale>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>

#include <array>
#include <cmath>

#include "gui/assets/attributedelegate.h"
#include "gui/assets/estimatetext.h"
#include "gui/support/timetext.h"
#include "gui/theme/theme.h"
#include "gui/widgets/badge.h"

namespace atlas::gui {

namespace {
constexpr int chipHeight = 28;
constexpr int switchSide = 13;
constexpr int removeSide = 16;
constexpr int gap = 5;
constexpr int longestSubject = 190;
constexpr int longestValue = 230;
} // namespace

QString shortCount(double count)
{
    if (!std::isfinite(count) || count < 0)
        return QStringLiteral("?");
    constexpr std::array<const char*, 4> units = {"", "k", "M", "G"};
    size_t unit = 0;
    double value = std::round(count);
    while (value >= 999.5 && unit + 1 < units.size()) {
        value /= 1000;
        ++unit;
    }
    const int digits = unit > 0 && value < 9.95 ? 1 : 0;
    return QLocale().toString(value, 'f', digits) + QLatin1String(units[unit]);
}

ClauseChip::ClauseChip(const filter::NodePath& path, const filter::Clause& clause, QWidget* parent)
    : QWidget(parent)
    , m_path(path)
{
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setCursor(Qt::PointingHandCursor);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    setClause(clause);
}

void ClauseChip::setClause(const filter::Clause& clause)
{
    m_clause = clause;
    m_text = clauseText(clause);
    // Painted and read out from the beginning; the clause itself keeps the whole value.
    m_text.subject = beginningOf(m_text.subject);
    m_text.value = beginningOf(m_text.value);
    // A line break in a value is part of it, but a chip has one line.
    m_text.value.replace(QLatin1Char('\n'), QChar(0x21b5)).replace(QLatin1Char('\r'), QChar(0x240d));
    describe();
    updateGeometry();
    update();
}

void ClauseChip::setFacts(const FilterKnowledge::Facts& facts)
{
    m_facts = facts;
    m_haveFacts = true;
    describe();
    updateGeometry();
    update();
}

void ClauseChip::setOpen(bool open)
{
    m_open = open;
    update();
}

void ClauseChip::setOutsideOff(bool off)
{
    m_outsideOff = off;
    update();
}

void ClauseChip::describe()
{
    setObjectName(QStringLiteral("clauseChip"));
    QString name = m_text.whole();
    if (!m_clause.enabled)
        name += tr(", switched off");
    if (!m_facts.problem.isEmpty())
        name += tr(", cannot be asked: %1").arg(m_facts.problem);
    else if (m_haveFacts && m_facts.expected > 0)
        name += tr(", about %1 assets").arg(shortCount(m_facts.expected));
    setAccessibleName(name);
    setAccessibleDescription(tr("Enter edits, Space switches on or off, Delete removes"));
}

QString ClauseChip::expectedText() const
{
    if (!m_haveFacts || !m_facts.problem.isEmpty() || !m_facts.measured)
        return {};
    return QStringLiteral("≈") + shortCount(m_facts.expected);
}

ClauseChip::Places ClauseChip::places(int available) const
{
    Places at;
    const Theme& theme = Theme::instance();
    int subject = std::min(textWidth(font(), m_text.subject), longestSubject);
    const int op = textWidth(font(), m_text.op);
    int value = m_text.value.isEmpty()
                    ? 0
                    : std::min(textWidth(theme.strongFont(), m_text.value.left(200)), longestValue);
    const QString expected = expectedText();
    const int expectedWidth = expected.isEmpty() ? 0 : textWidth(theme.smallFont(), expected);
    const int badge = m_facts.hot ? Badge::width({}, QStringLiteral("hot")) : 0;
    const bool problem = !m_facts.problem.isEmpty();
    const auto total = [&] {
        return 8 + switchSide + gap + 1 + subject + gap + op + (value ? gap + value : 0) +
               (badge ? gap + badge : 0) + (expectedWidth ? gap + 1 + expectedWidth : 0) +
               (problem ? gap + 14 : 0) + gap - 1 + removeSide + 5;
    };
    // Too narrow: the value gives way first, then the name.
    if (available > 0 && total() > available && value > 60)
        value = std::max(60, value - (total() - available));
    if (available > 0 && total() > available && subject > 60)
        subject = std::max(60, subject - (total() - available));
    const int h = chipHeight;
    int x = 8;
    const auto place = [&x, h](int width, int side = 0) {
        const int height = side ? side : h;
        const QRect rect(x, (h - height) / 2, width, height);
        x += width;
        return rect;
    };
    at.switchBox = place(switchSide, switchSide);
    x += gap + 1;
    at.subject = place(subject);
    x += gap;
    at.op = place(op);
    if (value) {
        x += gap;
        at.value = place(value);
    }
    if (badge) {
        x += gap;
        at.badge = place(badge);
    }
    if (expectedWidth) {
        x += gap + 1;
        at.expected = place(expectedWidth);
    }
    if (problem) {
        x += gap;
        at.expected = place(14, 14);
    }
    x += gap - 1;
    at.remove = place(removeSide, removeSide);
    at.width = x + 5;
    return at;
}

QSize ClauseChip::sizeHint() const
{
    return {places(0).width, chipHeight};
}

QSize ClauseChip::minimumSizeHint() const
{
    return {std::min(places(0).width, 150), chipHeight};
}

QRect ClauseChip::zoneRect(Zone zone) const
{
    const Places at = places(width());
    switch (zone) {
    case Zone::Switch:
        return at.switchBox.adjusted(-6, -6, 3, 6);
    case Zone::Remove:
        return at.remove.adjusted(-3, -6, 6, 6);
    case Zone::Body:
        return {at.subject.left(), 0, at.remove.left() - 4 - at.subject.left(), height()};
    case Zone::Nowhere:
        break;
    }
    return {};
}

ClauseChip::Zone ClauseChip::zoneAt(const QPoint& point) const
{
    if (!rect().contains(point))
        return Zone::Nowhere;
    for (const Zone zone : {Zone::Switch, Zone::Remove}) {
        if (zoneRect(zone).contains(point))
            return zone;
    }
    return Zone::Body;
}

void ClauseChip::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Places at = places(width());
    const bool off = !m_clause.enabled || m_outsideOff;
    const bool problem = !m_facts.problem.isEmpty();
    const ColorRole edge = m_open || hasFocus() ? ColorRole::Accent
                           : problem && !off    ? ColorRole::Critical
                           : off                ? ColorRole::Border
                                                : ColorRole::Outline;
    QColor background = color(off       ? ColorRole::Window
                              : problem ? ColorRole::CriticalSoft
                                        : ColorRole::Raised);
    if (!off && !problem && (m_hover == Zone::Body || m_open))
        background = blend(color(ColorRole::Accent), background, 0.08);
    const double width = m_open || hasFocus() ? 1.6 : 1;
    QPen pen(blend(color(edge), background, edge == ColorRole::Outline ? 0.7 : 1), width);
    if (off)
        pen.setStyle(Qt::DashLine);
    painter.setPen(pen);
    painter.setBrush(background);
    painter.drawRoundedRect(QRectF(rect()).adjusted(width / 2, width / 2, -width / 2, -width / 2), 6, 6);

    // A small check box is what people know as "on, off, and kept".
    const QRectF box = QRectF(at.switchBox).adjusted(0.5, 0.5, -0.5, -0.5);
    const bool on = m_clause.enabled;
    painter.setPen(QPen(color(m_hover == Zone::Switch ? ColorRole::Accent
                              : on && !m_outsideOff   ? ColorRole::Accent
                                                      : ColorRole::Outline),
                        1));
    painter.setBrush(on ? color(m_outsideOff ? ColorRole::TextDisabled : ColorRole::Accent)
                        : color(ColorRole::Surface));
    painter.drawRoundedRect(box, 3, 3);
    if (on)
        icon(QStringLiteral("check"), ColorRole::AccentText)
            .paint(&painter, at.switchBox.adjusted(1, 1, -1, -1));

    const auto text = [&](const QRect& rect, const QString& content, const QFont& font, ColorRole role,
                          Qt::TextElideMode mode) {
        if (rect.isEmpty())
            return;
        painter.setFont(font);
        painter.setPen(color(off && role != ColorRole::TextDisabled ? ColorRole::TextDisabled : role));
        painter.drawText(rect.adjusted(0, 0, 1, 0), Qt::AlignVCenter | Qt::AlignLeft | Qt::TextSingleLine,
                         painter.fontMetrics().elidedText(content, mode, rect.width(), Qt::TextSingleLine));
    };
    text(at.subject, m_text.subject, font(), ColorRole::Text, Qt::ElideMiddle);
    text(at.op, m_text.op, font(), ColorRole::TextMuted, Qt::ElideRight);
    text(at.value, m_text.value, Theme::instance().strongFont(), ColorRole::Text, Qt::ElideRight);
    if (m_facts.hot)
        Badge::paint(&painter, at.badge, {}, off ? Badge::Tone::Neutral : Badge::Tone::Hot,
                     QStringLiteral("hot"));
    if (problem)
        icon(QStringLiteral("warning"), ColorRole::Critical).paint(&painter, at.expected);
    else
        text(at.expected, expectedText(), Theme::instance().smallFont(), ColorRole::TextMuted,
             Qt::ElideRight);
    if (m_hover == Zone::Remove) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(color(ColorRole::CriticalSoft));
        painter.drawRoundedRect(at.remove, 4, 4);
    }
    icon(QStringLiteral("close"), m_hover == Zone::Remove ? ColorRole::Critical : ColorRole::TextMuted)
        .paint(&painter, at.remove.adjusted(3, 3, -3, -3));
}

void ClauseChip::mousePressEvent(QMouseEvent* event)
{
    if (event->button() != Qt::LeftButton) {
        event->ignore();
        return;
    }
    m_pressed = zoneAt(event->position().toPoint());
    m_pressedAt = event->position().toPoint();
}

void ClauseChip::mouseMoveEvent(QMouseEvent* event)
{
    const Zone zone = zoneAt(event->position().toPoint());
    if (zone != m_hover) {
        m_hover = zone;
        update();
    }
    if (m_pressed == Zone::Body && (event->buttons() & Qt::LeftButton) &&
        (event->position().toPoint() - m_pressedAt).manhattanLength() >= QApplication::startDragDistance()) {
        m_pressed = Zone::Nowhere;
        Q_EMIT dragRequested();
    }
}

void ClauseChip::mouseReleaseEvent(QMouseEvent* event)
{
    const Zone zone = zoneAt(event->position().toPoint());
    const Zone pressed = std::exchange(m_pressed, Zone::Nowhere);
    if (event->button() != Qt::LeftButton || zone != pressed)
        return;
    if (zone == Zone::Switch)
        Q_EMIT switchRequested();
    else if (zone == Zone::Remove)
        Q_EMIT removeRequested();
    else if (zone == Zone::Body)
        Q_EMIT editRequested();
}

void ClauseChip::contextMenuEvent(QContextMenuEvent* event)
{
    Q_EMIT menuRequested(event->reason() == QContextMenuEvent::Mouse ? event->globalPos()
                                                                     : mapToGlobal(QPoint(12, height())));
}

void ClauseChip::keyPressEvent(QKeyEvent* event)
{
    event->ignore();
    Q_EMIT keyPressed(event);
    if (!event->isAccepted())
        QWidget::keyPressEvent(event);
}

void ClauseChip::leaveEvent(QEvent*)
{
    m_hover = Zone::Nowhere;
    update();
}

void ClauseChip::focusInEvent(QFocusEvent*)
{
    update();
}

void ClauseChip::focusOutEvent(QFocusEvent*)
{
    update();
}

bool ClauseChip::event(QEvent* event)
{
    if (event->type() == QEvent::ToolTip) {
        auto* help = static_cast<QHelpEvent*>(event);
        QString text = clauseText(m_clause).whole().left(600).toHtmlEscaped();
        if (!m_clause.enabled)
            text += tr("<br>Switched off");
        if (!m_facts.problem.isEmpty())
            text += QStringLiteral("<br><b>%1</b>").arg(m_facts.problem.toHtmlEscaped());
        else if (m_haveFacts)
            text +=
                QStringLiteral("<br>%1<br>%2")
                    .arg(assetsText(boundedText(m_facts.expected, m_facts.bounds)),
                         m_facts.measured
                             ? boundsText(m_facts.bounds).replace(QLatin1Char('\n'), QLatin1String("<br>"))
                             : tr("A guess: never measured"));
        if (m_facts.hot)
            text += tr("<br>Hot: answered from the hot set where it can be");
        switch (zoneAt(help->pos())) {
        case Zone::Switch:
            text = m_clause.enabled ? tr("Switch off, but keep (Space)") : tr("Switch on (Space)");
            break;
        case Zone::Remove:
            text = tr("Remove (Delete)");
            break;
        case Zone::Body:
        case Zone::Nowhere:
            break;
        }
        QToolTip::showText(help->globalPos(), QStringLiteral("<p>%1</p>").arg(text), this);
        return true;
    }
    if (event->type() == QEvent::FontChange)
        updateGeometry();
    return QWidget::event(event);
}

} // namespace atlas::gui
