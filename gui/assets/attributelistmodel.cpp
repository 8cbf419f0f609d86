// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/attributelistmodel.h"

#include <QLocale>

#include <algorithm>
#include <array>
#include <numeric>

#include "gui/assets/estimatetext.h"
#include "gui/assets/mimetypes.h"
#include "gui/support/timetext.h"
#include "gui/widgets/searchfield.h"

namespace atlas::gui {

namespace {
double shareOf(const Attribute& attribute, double total)
{
    if (!attribute.entitiesWith || total <= 0)
        return -1;
    return std::clamp(double(*attribute.entitiesWith) / total, 0.0, 1.0);
}

/// 0: begins with the first word, 1: a part of the name begins with it, 2: the rest.
size_t rank(const QString& lower, const QString& firstWord)
{
    const qsizetype at = lower.indexOf(firstWord);
    if (at == 0)
        return 0;
    for (qsizetype i = at; i > 0; i = lower.indexOf(firstWord, i + 1)) {
        if (!lower.at(i - 1).isLetterOrNumber())
            return 1;
    }
    return 2;
}

/// Every word found with `later` is also found with `earlier`: what was found before is enough to search in.
bool narrows(const QStringList& earlier, const QStringList& later)
{
    return std::all_of(earlier.begin(), earlier.end(), [&later](const QString& word) {
        return std::any_of(later.begin(), later.end(),
                           [&word](const QString& longer) { return longer.contains(word); });
    });
}
} // namespace

QString shareText(double share)
{
    if (share < 0)
        return QStringLiteral("–");
    const double percent = share * 100;
    const QLocale locale;
    if (percent <= 0)
        return QStringLiteral("0 %");
    if (percent < 0.01)
        return QStringLiteral("<%1 %").arg(locale.toString(0.01, 'f', 2));
    // Rounded up to 100 it would claim what is not so.
    if (percent >= 99.5 && share < 1)
        return QStringLiteral(">99 %");
    const int digits = percent < 1 ? 2 : percent < 9.95 ? 1 : 0;
    return QStringLiteral("%1 %").arg(locale.toString(percent, 'f', digits));
}

QString typeIcon(ValueType type)
{
    switch (type) {
    case ValueType::String:
        return QStringLiteral("type-text");
    case ValueType::Number:
        return QStringLiteral("type-number");
    case ValueType::Boolean:
        return QStringLiteral("type-boolean");
    case ValueType::Timestamp:
        return QStringLiteral("type-time");
    case ValueType::Json:
        return QStringLiteral("type-json");
    }
    return QStringLiteral("type-text");
}

QString typeText(ValueType type)
{
    switch (type) {
    case ValueType::String:
        return AttributeListModel::tr("text");
    case ValueType::Number:
        return AttributeListModel::tr("number");
    case ValueType::Boolean:
        return AttributeListModel::tr("yes/no");
    case ValueType::Timestamp:
        return AttributeListModel::tr("time");
    case ValueType::Json:
        return AttributeListModel::tr("JSON");
    }
    return {};
}

AttributeListModel::AttributeListModel(QObject* parent)
    : QAbstractListModel(parent)
{
}

void AttributeListModel::setCatalog(const AttributeCatalog& catalog)
{
    beginResetModel();
    m_catalog = catalog;
    m_lower.clear();
    m_lower.reserve(size_t(catalog.size()));
    for (int i = 0; i < catalog.size(); ++i)
        m_lower.push_back(catalog.at(i).name.toLower());
    sortAll();
    narrow(m_all);
    endResetModel();
}

void AttributeListModel::sortAll()
{
    m_all.resize(m_lower.size());
    std::iota(m_all.begin(), m_all.end(), 0);
    // The catalogue's own order is by code point; people look for names without regard to case.
    std::sort(m_all.begin(), m_all.end(), [this](int a, int b) {
        if (m_order == Order::Share) {
            const qint64 left = m_catalog.at(a).entitiesWith.value_or(-1);
            const qint64 right = m_catalog.at(b).entitiesWith.value_or(-1);
            if (left != right)
                return left > right;
        }
        const int order = m_lower[size_t(a)].compare(m_lower[size_t(b)]);
        return order != 0 ? order < 0 : a < b;
    });
}

void AttributeListModel::narrow(const std::vector<int>& from)
{
    if (m_words.isEmpty()) {
        m_shown = m_all;
        return;
    }
    std::array<std::vector<int>, 3> ranked;
    for (const int index : from) {
        const QString& name = m_lower[size_t(index)];
        if (matchesWords(name, m_words))
            ranked[rank(name, m_words.first())].push_back(index);
    }
    std::vector<int> shown;
    shown.reserve(ranked[0].size() + ranked[1].size() + ranked[2].size());
    for (const std::vector<int>& part : ranked)
        shown.insert(shown.end(), part.begin(), part.end());
    m_shown = std::move(shown);
}

void AttributeListModel::setSearch(const QString& text)
{
    QStringList found = searchWords(text);
    m_search = text;
    if (found == m_words)
        return;
    // What is shown is grouped by rank; it can be narrowed from only where the first word stays the same
    // word.
    const bool further = !m_words.isEmpty() && !found.isEmpty() && narrows(m_words, found);
    beginResetModel();
    std::vector<int> from;
    if (further) {
        from = m_shown;
        if (found.first() != m_words.first()) {
            // Back into the order of the list before ranking anew.
            std::vector<char> chosen(m_lower.size(), 0);
            for (const int index : from)
                chosen[size_t(index)] = 1;
            from.clear();
            for (const int index : m_all) {
                if (chosen[size_t(index)])
                    from.push_back(index);
            }
        }
    }
    m_words = std::move(found);
    narrow(further ? from : m_all);
    endResetModel();
}

void AttributeListModel::setOrder(Order order)
{
    if (order == m_order)
        return;
    beginResetModel();
    m_order = order;
    sortAll();
    narrow(m_all);
    endResetModel();
}

const Attribute* AttributeListModel::attributeAt(int row) const
{
    if (row < 0 || size_t(row) >= m_shown.size())
        return nullptr;
    return &m_catalog.at(m_shown[size_t(row)]);
}

int AttributeListModel::rowOf(int attributeId) const
{
    const auto found = std::find_if(m_shown.begin(), m_shown.end(), [this, attributeId](int index) {
        return m_catalog.at(index).id == attributeId;
    });
    return found == m_shown.end() ? -1 : int(found - m_shown.begin());
}

int AttributeListModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_shown.size());
}

QVariant AttributeListModel::data(const QModelIndex& index, int role) const
{
    const Attribute* attribute = attributeAt(index.row());
    if (!attribute)
        return {};
    switch (role) {
    case Qt::DisplayRole:
        return attribute->name;
    case Qt::ToolTipRole: {
        QString text =
            QStringLiteral("<b>%1</b><br>%2").arg(attribute->name.toHtmlEscaped(), typeText(attribute->type));
        if (!attribute->unit.isEmpty())
            text += QStringLiteral(" · ") + attribute->unit.toHtmlEscaped();
        if (attribute->entitiesWith)
            text += tr("<br>%1 of %2 assets have it")
                        .arg(havingText(*attribute, m_catalog), countText(qint64(m_catalog.entitiesTotal())));
        if (const QString when = measuredText(attribute->measuredAt, attribute->sampledEntities.has_value());
            !when.isEmpty())
            text += QStringLiteral(", ") + when;
        if (!attribute->description.isEmpty())
            text += QStringLiteral("<br>") + attribute->description.toHtmlEscaped();
        return text;
    }
    case Qt::AccessibleTextRole:
        return tr("%1, %2, %3 of assets%4")
            .arg(attribute->name, typeText(attribute->type),
                 shareText(shareOf(*attribute, m_catalog.entitiesTotal())),
                 attribute->state == HotState::Hot ? tr(", hot") : QString());
    case IdRole:
        return attribute->id;
    case TypeRole:
        return int(attribute->type);
    case ShareRole:
        return shareOf(*attribute, m_catalog.entitiesTotal());
    case HotRole:
        return int(attribute->state);
    case UnitRole:
        return attribute->unit;
    default:
        return {};
    }
}

Qt::ItemFlags AttributeListModel::flags(const QModelIndex& index) const
{
    return index.isValid()
               ? Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsDragEnabled | Qt::ItemNeverHasChildren
               : Qt::NoItemFlags;
}

QStringList AttributeListModel::mimeTypes() const
{
    return {QLatin1String(mime::attribute), QStringLiteral("text/plain")};
}

QMimeData* AttributeListModel::mimeData(const QModelIndexList& indexes) const
{
    const Attribute* attribute = indexes.isEmpty() ? nullptr : attributeAt(indexes.first().row());
    return attribute ? mime::ofAttribute(attribute->name) : nullptr;
}

} // namespace atlas::gui
