// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/widgets/badge.h"

#include <QPainter>

namespace atlas::gui {

namespace {
constexpr int padding = 6;
constexpr int iconSide = 12;
constexpr int iconGap = 3;

int badgeHeight(const QFontMetrics& fontMetrics)
{
    return fontMetrics.height() + 4;
}
} // namespace

Badge::Badge(QWidget* parent)
    : Badge(QString(), Tone::Neutral, parent)
{
}

Badge::Badge(const QString& text, Tone tone, QWidget* parent)
    : QWidget(parent)
    , m_text(text)
    , m_tone(tone)
{
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setAccessibleName(text);
}

void Badge::setText(const QString& text)
{
    if (text == m_text)
        return;
    m_text = text;
    setAccessibleName(text);
    updateGeometry();
    update();
}

void Badge::setTone(Tone tone)
{
    m_tone = tone;
    update();
}

void Badge::setIconName(const QString& name)
{
    if (name == m_icon)
        return;
    m_icon = name;
    updateGeometry();
    update();
}

ColorRole Badge::foreground(Tone tone)
{
    switch (tone) {
    case Tone::Neutral:
        return ColorRole::TextMuted;
    case Tone::Accent:
        return ColorRole::Accent;
    case Tone::Positive:
        return ColorRole::Positive;
    case Tone::Warning:
        return ColorRole::Warning;
    case Tone::Critical:
        return ColorRole::Critical;
    case Tone::Info:
        return ColorRole::Info;
    case Tone::Hot:
        return ColorRole::Hot;
    case Tone::Cold:
        return ColorRole::Cold;
    }
    return ColorRole::TextMuted;
}

ColorRole Badge::background(Tone tone)
{
    switch (tone) {
    case Tone::Neutral:
        return ColorRole::Hover;
    case Tone::Accent:
        return ColorRole::AccentSoft;
    case Tone::Positive:
        return ColorRole::PositiveSoft;
    case Tone::Warning:
        return ColorRole::WarningSoft;
    case Tone::Critical:
        return ColorRole::CriticalSoft;
    case Tone::Info:
        return ColorRole::InfoSoft;
    case Tone::Hot:
        return ColorRole::HotSoft;
    case Tone::Cold:
        return ColorRole::ColdSoft;
    }
    return ColorRole::Hover;
}

int Badge::width(const QString& text, const QString& iconName)
{
    const QFontMetrics fontMetrics(Theme::instance().smallFont());
    const int icon = iconName.isEmpty() ? 0 : iconSide + (text.isEmpty() ? 0 : iconGap);
    return fontMetrics.horizontalAdvance(text) + icon + 2 * padding;
}

int Badge::paint(QPainter* painter, const QRect& rect, const QString& text, Tone tone,
                 const QString& iconName)
{
    const QFont font = Theme::instance().smallFont();
    const QFontMetrics fontMetrics(font);
    const int full = width(text, iconName);
    QRect pill(rect.left(), 0, qMin(full, rect.width()), qMin(badgeHeight(fontMetrics), rect.height()));
    pill.moveTop(rect.top() + (rect.height() - pill.height()) / 2);
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setPen(Qt::NoPen);
    painter->setBrush(color(background(tone)));
    painter->drawRoundedRect(pill, 4, 4);
    QRect inside = pill.adjusted(padding, 0, -padding, 0);
    if (!iconName.isEmpty()) {
        const QRect icon(inside.left(), pill.center().y() - iconSide / 2 + 1, iconSide, iconSide);
        Theme::icon(iconName, foreground(tone)).paint(painter, icon);
        inside.setLeft(icon.right() + 1 + iconGap);
    }
    painter->setFont(font);
    painter->setPen(color(foreground(tone)));
    painter->drawText(inside, Qt::AlignLeft | Qt::AlignVCenter | Qt::TextSingleLine,
                      pill.width() < full ? fontMetrics.elidedText(text, Qt::ElideRight, inside.width())
                                          : text);
    painter->restore();
    return pill.width();
}

QSize Badge::sizeHint() const
{
    return {width(m_text, m_icon), badgeHeight(QFontMetrics(Theme::instance().smallFont()))};
}

void Badge::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    paint(&painter, rect(), m_text, m_tone, m_icon);
}

} // namespace atlas::gui
