// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/topvalues.h"

#include <QKeyEvent>
#include <QLocale>
#include <QMouseEvent>
#include <QPainter>

#include "gui/assets/attributedelegate.h"
#include "gui/assets/attributelistmodel.h"
#include "gui/assets/clauses.h"
#include "gui/support/timetext.h"
#include "gui/theme/theme.h"

namespace atlas::gui {

namespace {
constexpr int countWidth = 88;
}

TopValuesModel::TopValuesModel(QObject* parent)
    : QAbstractListModel(parent)
{
}

void TopValuesModel::setValues(ValueType type, std::vector<AttributeDetail::Top> values, qint64 of)
{
    beginResetModel();
    m_type = type;
    m_values = std::move(values);
    m_of = of;
    endResetModel();
}

void TopValuesModel::setChecked(std::optional<QStringList> checked)
{
    m_checked = std::move(checked);
    if (!m_values.empty())
        Q_EMIT dataChanged(index(0), index(rowCount() - 1));
}

void TopValuesModel::setKnowledge(bool sampled, std::function<QString(const QString& value)> about)
{
    m_sampled = sampled;
    m_about = std::move(about);
    if (!m_values.empty())
        Q_EMIT dataChanged(index(0), index(rowCount() - 1));
}

int TopValuesModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_values.size());
}

QVariant TopValuesModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid() || size_t(index.row()) >= m_values.size())
        return {};
    const AttributeDetail::Top& top = m_values[size_t(index.row())];
    const double part = m_of > 0 ? double(top.entities) / double(m_of) : 0;
    const QString count = m_sampled ? estimateText(double(top.entities)) : countText(top.entities);
    switch (role) {
    case Qt::DisplayRole:
        return valueForPeople(m_type, top.value);
    case Qt::ToolTipRole: {
        const QString about = m_about ? m_about(top.value) : QString();
        return (m_of > 0 ? tr("%1\n%2, %3 of those that have it")
                               .arg(valueForPeople(m_type, top.value).left(500), assetsText(count),
                                    shareText(part))
                         : tr("%1\n%2").arg(valueForPeople(m_type, top.value).left(500), assetsText(count))) +
               (about.isEmpty() ? QString() : QLatin1Char('\n') + about) +
               tr("\nClick: is · Alt+click: is not");
    }
    case Qt::AccessibleTextRole:
        return tr("%1, %2").arg(valueForPeople(m_type, top.value), assetsText(count));
    case ValueRole:
        return top.value;
    case CountRole:
        return top.entities;
    case PartRole:
        return part;
    case SampledRole:
        return m_sampled;
    case CheckedRole:
        return m_checked ? QVariant(m_checked->contains(valueForPeople(m_type, top.value))) : QVariant();
    default:
        return {};
    }
}

void TopValueDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                             const QModelIndex& index) const
{
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    paintRowBackground(painter, option);
    const QRect row = option.rect.adjusted(metrics::tight, 1, -metrics::tight, -1);
    const double part = std::min(1.0, index.data(TopValuesModel::PartRole).toDouble());
    if (part > 0) {
        QRectF bar = row;
        bar.setWidth(std::max(3.0, bar.width() * part));
        painter->setPen(Qt::NoPen);
        painter->setBrush(blend(color(ColorRole::Accent), color(ColorRole::Surface),
                                option.state & QStyle::State_MouseOver ? 0.3 : 0.18));
        painter->drawRoundedRect(bar, 3, 3);
    }
    QRect inside = row.adjusted(metrics::small, 0, -metrics::small, 0);
    const QVariant checked = index.data(TopValuesModel::CheckedRole);
    if (checked.isValid()) {
        const QRectF box(inside.left(), inside.center().y() - 6.5, 14, 14);
        painter->setPen(QPen(color(checked.toBool() ? ColorRole::Accent : ColorRole::Outline), 1));
        painter->setBrush(checked.toBool() ? color(ColorRole::Accent) : color(ColorRole::Surface));
        painter->drawRoundedRect(box, 3, 3);
        if (checked.toBool())
            icon(QStringLiteral("check"), ColorRole::AccentText)
                .paint(painter, box.adjusted(1, 1, -1, -1).toRect());
        inside.setLeft(int(box.right()) + metrics::small);
    }
    const qint64 count = index.data(TopValuesModel::CountRole).toLongLong();
    if (count > 0) {
        const QString number =
            index.data(TopValuesModel::SampledRole).toBool() ? estimateText(double(count)) : countText(count);
        const QString text = part > 0 ? QStringLiteral("%1 · %2").arg(number, shareText(part)) : number;
        painter->setFont(Theme::instance().smallFont());
        painter->setPen(color(ColorRole::TextMuted));
        const int width = std::max(countWidth / 2, textWidth(painter->font(), text));
        painter->drawText(inside, Qt::AlignRight | Qt::AlignVCenter, text);
        inside.setRight(inside.right() - width - metrics::small);
    }
    painter->setFont(option.font);
    painter->setPen(color(ColorRole::Text));
    QString text = index.data(Qt::DisplayRole).toString();
    if (text.trimmed().isEmpty()) {
        text =
            text.isEmpty() ? TopValuesModel::tr("(empty text)") : QLatin1Char('"') + text + QLatin1Char('"');
        painter->setPen(color(ColorRole::TextMuted));
    }
    painter->drawText(
        inside, Qt::AlignLeft | Qt::AlignVCenter | Qt::TextSingleLine,
        painter->fontMetrics().elidedText(text, Qt::ElideRight, inside.width(), Qt::TextSingleLine));
    painter->restore();
}

QSize TopValueDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const
{
    return {120, metrics::rowHeight - 2};
}

TopValuesView::TopValuesView(QWidget* parent)
    : QListView(parent)
{
    setItemDelegate(new TopValueDelegate(this));
    setFrameShape(QFrame::NoFrame);
    setUniformItemSizes(true);
    setMouseTracking(true);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setSelectionMode(QAbstractItemView::SingleSelection);
    setEditTriggers(QAbstractItemView::NoEditTriggers);
    viewport()->setCursor(Qt::PointingHandCursor);
}

void TopValuesView::mousePressEvent(QMouseEvent* event)
{
    m_pressed = event->button() == Qt::LeftButton ? indexAt(event->pos()) : QModelIndex();
    QListView::mousePressEvent(event);
}

void TopValuesView::mouseReleaseEvent(QMouseEvent* event)
{
    QListView::mouseReleaseEvent(event);
    const QModelIndex index = indexAt(event->pos());
    const bool same = index.isValid() && m_pressed == index;
    m_pressed = QModelIndex();
    if (same && event->button() == Qt::LeftButton)
        Q_EMIT valueChosen(index.data(TopValuesModel::ValueRole).toString(),
                           event->modifiers().testFlag(Qt::AltModifier));
}

void TopValuesView::keyPressEvent(QKeyEvent* event)
{
    if ((event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter || event->key() == Qt::Key_Space) &&
        currentIndex().isValid()) {
        Q_EMIT valueChosen(currentIndex().data(TopValuesModel::ValueRole).toString(),
                           event->modifiers().testFlag(Qt::AltModifier));
        event->accept();
        return;
    }
    QListView::keyPressEvent(event);
}

} // namespace atlas::gui
