// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>
#include <QStyledItemDelegate>

namespace atlas::gui {

/// One line of an attribute list: type, name with what was searched for marked, hot badge, share of assets.
class AttributeDelegate : public QStyledItemDelegate
{
    Q_OBJECT
public:
    explicit AttributeDelegate(QObject* parent = nullptr);
    /// Words to mark in the names.
    void setWords(const QStringList& words) { m_words = words; }
    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;

private:
    QStringList m_words;
};

/// Whole pixels that surely hold the text: what Qt rounds down would be elided in just that space.
int textWidth(const QFont& font, const QString& text);
/// Background of a row of a list that paints itself: chosen, hovered, or nothing.
void paintRowBackground(QPainter* painter, const QStyleOptionViewItem& option);
/// One line of text, elided, with the words marked by a tint behind them.
void paintMarkedText(QPainter* painter, const QRect& rect, const QString& text, const QStringList& words);

} // namespace atlas::gui
