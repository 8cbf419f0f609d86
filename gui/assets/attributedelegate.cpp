// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/attributedelegate.h"

#include <QPainter>

#include <cmath>

#include "gui/assets/attributelistmodel.h"
#include "gui/theme/theme.h"
#include "gui/widgets/badge.h"

namespace atlas::gui {

namespace {
constexpr int barWidth = 26;
constexpr int shareWidth = 46;
} // namespace

AttributeDelegate::AttributeDelegate(QObject* parent)
    : QStyledItemDelegate(parent)
{
}

int textWidth(const QFont& font, const QString& text)
{
    return int(std::ceil(QFontMetricsF(font).horizontalAdvance(text))) + 1;
}

void paintRowBackground(QPainter* painter, const QStyleOptionViewItem& option)
{
    const QRect box = option.rect.adjusted(metrics::tight, 0, -metrics::tight, 0);
    if (option.state & QStyle::State_Selected) {
        painter->setPen(Qt::NoPen);
        painter->setBrush(color(ColorRole::AccentSoft));
        painter->drawRoundedRect(box, metrics::radius, metrics::radius);
    } else if (option.state & QStyle::State_MouseOver) {
        painter->setPen(Qt::NoPen);
        painter->setBrush(color(ColorRole::Hover));
        painter->drawRoundedRect(box, metrics::radius, metrics::radius);
    }
    if ((option.state & QStyle::State_HasFocus) && (option.state & QStyle::State_Active)) {
        painter->setPen(QPen(color(ColorRole::Accent), 1));
        painter->setBrush(Qt::NoBrush);
        painter->drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), metrics::radius,
                                 metrics::radius);
    }
}

void paintMarkedText(QPainter* painter, const QRect& rect, const QString& text, const QStringList& words)
{
    const QFontMetrics fontMetrics = painter->fontMetrics();
    const QString shown = fontMetrics.elidedText(text, Qt::ElideMiddle, rect.width(), Qt::TextSingleLine);
    if (!words.isEmpty()) {
        const QString lower = shown.toLower();
        // Lower-casing can change the length (İ): marks would then stand beside what they mark.
        if (lower.size() == shown.size()) {
            painter->setPen(Qt::NoPen);
            painter->setBrush(blend(color(ColorRole::Accent), color(ColorRole::Surface),
                                    Theme::instance().isDark() ? 0.45 : 0.28));
            for (const QString& word : words) {
                for (qsizetype at = lower.indexOf(word); at >= 0;
                     at = lower.indexOf(word, at + word.size())) {
                    const int left = fontMetrics.horizontalAdvance(shown.left(at));
                    const int right = fontMetrics.horizontalAdvance(shown.left(at + word.size()));
                    painter->drawRoundedRect(QRectF(rect.left() + left - 0.5,
                                                    rect.center().y() - fontMetrics.height() / 2.0 + 1.5,
                                                    right - left + 1, fontMetrics.height() - 1),
                                             2, 2);
                }
            }
        }
    }
    painter->setPen(color(ColorRole::Text));
    painter->drawText(rect, Qt::AlignVCenter | Qt::AlignLeft | Qt::TextSingleLine, shown);
}

void AttributeDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                              const QModelIndex& index) const
{
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    paintRowBackground(painter, option);

    QRect rest = option.rect.adjusted(metrics::small + metrics::tight, 0, -metrics::small - metrics::hair, 0);
    const auto type = static_cast<ValueType>(index.data(AttributeListModel::TypeRole).toInt());
    const QRect iconRect(rest.left(), rest.center().y() - metrics::iconSize / 2 + 1, metrics::iconSize,
                         metrics::iconSize);
    icon(typeIcon(type)).paint(painter, iconRect);
    rest.setLeft(iconRect.right() + metrics::small);

    const double share = index.data(AttributeListModel::ShareRole).toDouble();
    painter->setFont(Theme::instance().smallFont());
    painter->setPen(color(ColorRole::TextMuted));
    const QRect shareRect(rest.right() - shareWidth + 1, rest.top(), shareWidth, rest.height());
    painter->drawText(shareRect, Qt::AlignRight | Qt::AlignVCenter, shareText(share));
    rest.setRight(shareRect.left() - metrics::tight);
    const QRectF bar(rest.right() - barWidth, rest.center().y() - 1.0, barWidth, 4);
    painter->setPen(Qt::NoPen);
    painter->setBrush(color(ColorRole::Grid));
    painter->drawRoundedRect(bar, 2, 2);
    if (share > 0) {
        // Rare is the rule here: something must be seen of what is there.
        painter->setBrush(color(ColorRole::Accent));
        painter->drawRoundedRect(
            QRectF(bar.left(), bar.top(), std::max(2.0, bar.width() * share), bar.height()), 2, 2);
    }
    rest.setRight(int(bar.left()) - metrics::small);

    const auto state = static_cast<HotState>(index.data(AttributeListModel::HotRole).toInt());
    if (state != HotState::Cold) {
        const QString text = hotStateName(state);
        const int width = Badge::width(text);
        const QRect place(rest.right() - width + 1, rest.top(), width, rest.height());
        Badge::paint(painter, place, text, state == HotState::Hot ? Badge::Tone::Hot : Badge::Tone::Neutral);
        rest.setRight(place.left() - metrics::tight);
    }
    painter->setFont(option.font);
    paintMarkedText(painter, rest, index.data(Qt::DisplayRole).toString(), m_words);
    painter->restore();
}

QSize AttributeDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const
{
    return {160, metrics::rowHeight};
}

} // namespace atlas::gui
