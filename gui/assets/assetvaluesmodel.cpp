// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/assetvaluesmodel.h"

#include <QPainter>

#include <algorithm>

#include "gui/assets/attributedelegate.h"
#include "gui/assets/attributelistmodel.h"
#include "gui/support/timetext.h"
#include "gui/theme/theme.h"
#include "gui/widgets/searchfield.h"

namespace atlas::gui {

namespace {
constexpr int starSide = 14;
constexpr int ageWidth = 52;
} // namespace

AssetValuesModel::AssetValuesModel(QObject* parent)
    : QAbstractListModel(parent)
{
}

void AssetValuesModel::setAsset(const browse::Asset& asset, const AttributeCatalog& catalog)
{
    beginResetModel();
    m_catalog = catalog;
    m_all.clear();
    for (const browse::AssetValue& value : asset.values) {
        const Attribute* attribute = catalog.findId(value.attributeId);
        const QString name = attribute ? attribute->name : QString::number(value.attributeId);
        m_all.push_back({value, name, name.toLower() + QLatin1Char('\n') + value.value.left(300).toLower()});
    }
    arrange();
    endResetModel();
}

void AssetValuesModel::clear()
{
    beginResetModel();
    m_all.clear();
    m_shown.clear();
    endResetModel();
}

void AssetValuesModel::arrange()
{
    m_shown.clear();
    for (int i = 0; i < int(m_all.size()); ++i) {
        if (matchesWords(m_all[size_t(i)].lower, m_words))
            m_shown.push_back(i);
    }
    std::stable_sort(m_shown.begin(), m_shown.end(), [this](int a, int b) {
        const Entry& left = m_all[size_t(a)];
        const Entry& right = m_all[size_t(b)];
        const bool leftPinned = m_pinned.contains(left.name);
        const bool rightPinned = m_pinned.contains(right.name);
        if (leftPinned != rightPinned)
            return leftPinned;
        return left.name.compare(right.name, Qt::CaseInsensitive) < 0;
    });
}

void AssetValuesModel::setSearch(const QString& text)
{
    beginResetModel();
    m_words = searchWords(text);
    arrange();
    endResetModel();
}

void AssetValuesModel::setPinned(const QSet<QString>& names)
{
    beginResetModel();
    m_pinned = names;
    arrange();
    endResetModel();
}

void AssetValuesModel::togglePinned(const QString& name)
{
    QSet<QString> names = m_pinned;
    if (!names.remove(name))
        names.insert(name);
    setPinned(names);
}

const browse::AssetValue* AssetValuesModel::valueAt(int row) const
{
    return row >= 0 && row < int(m_shown.size()) ? &m_all[size_t(m_shown[size_t(row)])].value : nullptr;
}

const Attribute* AssetValuesModel::attributeAt(int row) const
{
    const browse::AssetValue* value = valueAt(row);
    return value ? m_catalog.findId(value->attributeId) : nullptr;
}

int AssetValuesModel::rowOf(int attributeId) const
{
    for (int row = 0; row < int(m_shown.size()); ++row) {
        if (m_all[size_t(m_shown[size_t(row)])].value.attributeId == attributeId)
            return row;
    }
    return -1;
}

int AssetValuesModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_shown.size());
}

QVariant AssetValuesModel::data(const QModelIndex& index, int role) const
{
    const browse::AssetValue* value = valueAt(index.row());
    if (!value)
        return {};
    const Entry& entry = m_all[size_t(m_shown[size_t(index.row())])];
    const Attribute* attribute = m_catalog.findId(value->attributeId);
    const double age =
        value->observedAt.isValid()
            ? std::max(0.0, double(value->observedAt.msecsTo(QDateTime::currentDateTimeUtc())) / 1000)
            : -1;
    switch (role) {
    case Qt::DisplayRole:
    case NameRole:
        return entry.name;
    case ValueRole:
        return value->value;
    case AttributeRole:
        return value->attributeId;
    case UnitRole:
        return attribute ? attribute->unit : QString();
    case AgeRole:
        return age;
    case PinnedRole:
        return m_pinned.contains(entry.name);
    case Qt::AccessibleTextRole:
        return tr("%1: %2 %3%4")
            .arg(entry.name, value->value.left(200), attribute ? attribute->unit : QString(),
                 m_pinned.contains(entry.name) ? tr(", pinned") : QString());
    case Qt::ToolTipRole:
        return QStringLiteral("<p><b>%1</b>%2<br>%3%4</p><p>%5</p>")
            .arg(entry.name.toHtmlEscaped(),
                 attribute ? QStringLiteral(" · ") + typeText(attribute->type) : QString(),
                 value->value.left(1500).toHtmlEscaped(),
                 attribute && !attribute->unit.isEmpty() ? QLatin1Char(' ') + attribute->unit.toHtmlEscaped()
                                                         : QString(),
                 value->observedAt.isValid()
                     ? tr("observed %1 (%2 ago)")
                           .arg(QLocale().toString(value->observedAt.toLocalTime(),
                                                   QStringLiteral("yyyy-MM-dd HH:mm:ss")),
                                durationText(age))
                     : QString());
    default:
        return {};
    }
}

QRect AssetValueDelegate::starRect(const QRect& row)
{
    return {row.left() + metrics::small + 2, row.center().y() - starSide / 2 + 1, starSide, starSide};
}

void AssetValueDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                               const QModelIndex& index) const
{
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    paintRowBackground(painter, option);
    const bool pinned = index.data(AssetValuesModel::PinnedRole).toBool();
    const bool hover =
        option.state.testFlag(QStyle::State_MouseOver) || option.state.testFlag(QStyle::State_Selected);
    const QRect star = starRect(option.rect);
    if (pinned || hover)
        icon(QStringLiteral("star"), pinned ? ColorRole::Warning : ColorRole::TextDisabled)
            .paint(painter, star);
    QRect inside = option.rect.adjusted(0, 0, -metrics::small - 2, 0);
    inside.setLeft(star.right() + metrics::small);
    const double age = index.data(AssetValuesModel::AgeRole).toDouble();
    painter->setFont(Theme::instance().smallFont());
    painter->setPen(color(ColorRole::TextMuted));
    if (age >= 0) {
        painter->drawText(inside, Qt::AlignRight | Qt::AlignVCenter, durationText(age));
        inside.setRight(inside.right() - ageWidth);
    }
    const QString value = index.data(AssetValuesModel::ValueRole).toString();
    const QString unit = index.data(AssetValuesModel::UnitRole).toString();
    // Half for the name, half for the value; either gives what it does not need.
    const QFont strong = Theme::instance().strongFont();
    const int nameWanted = textWidth(option.font, index.data(Qt::DisplayRole).toString());
    QString shown = unit.isEmpty() ? value : value + QLatin1Char(' ') + unit;
    shown.truncate(400);
    shown.replace(QLatin1Char('\n'), QChar(0x21b5));
    const int valueWanted = textWidth(strong, shown);
    const int room = inside.width() - metrics::small;
    int nameWidth = std::min(nameWanted, std::max(room / 2, room - valueWanted));
    nameWidth = std::max(nameWidth, std::min(nameWanted, 60));
    painter->setFont(option.font);
    paintMarkedText(painter, QRect(inside.left(), inside.top(), nameWidth, inside.height()),
                    index.data(Qt::DisplayRole).toString(), m_words);
    const QRect valueRect(inside.left() + nameWidth + metrics::small, inside.top(),
                          inside.width() - nameWidth - metrics::small, inside.height());
    painter->setFont(strong);
    painter->setPen(color(ColorRole::Text));
    painter->drawText(
        valueRect, Qt::AlignRight | Qt::AlignVCenter | Qt::TextSingleLine,
        painter->fontMetrics().elidedText(shown, Qt::ElideRight, valueRect.width(), Qt::TextSingleLine));
    painter->restore();
}

QSize AssetValueDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const
{
    return {160, metrics::rowHeight};
}

} // namespace atlas::gui
