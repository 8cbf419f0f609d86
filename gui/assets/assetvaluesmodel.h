// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractListModel>
#include <QSet>
#include <QStyledItemDelegate>

#include <vector>

#include "model/browse/browse.h"

namespace atlas::gui {

/// All attributes of one asset: pinned ones first, then by name; narrowed by words that occur in name or
/// value.
class AssetValuesModel : public QAbstractListModel
{
    Q_OBJECT
public:
    enum Role { AttributeRole = Qt::UserRole + 1, NameRole, ValueRole, UnitRole, AgeRole, PinnedRole };
    explicit AssetValuesModel(QObject* parent = nullptr);

    void setAsset(const browse::Asset& asset, const AttributeCatalog& catalog);
    void clear();
    void setSearch(const QString& text);
    const QStringList& words() const { return m_words; }
    /// Names, so that they hold for the next asset and the next session.
    void setPinned(const QSet<QString>& names);
    const QSet<QString>& pinned() const { return m_pinned; }
    void togglePinned(const QString& name);

    const browse::AssetValue* valueAt(int row) const;
    const Attribute* attributeAt(int row) const;
    int rowOf(int attributeId) const;
    int total() const { return int(m_all.size()); }

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;

private:
    void arrange();

    struct Entry
    {
        browse::AssetValue value;
        QString name;
        QString lower; ///< name and value, to search in
    };
    std::vector<Entry> m_all;
    std::vector<int> m_shown;
    AttributeCatalog m_catalog;
    QStringList m_words;
    QSet<QString> m_pinned;
};

class AssetValueDelegate : public QStyledItemDelegate
{
    Q_OBJECT
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void setWords(const QStringList& words) { m_words = words; }
    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    /// Where the star is, in the row's rectangle.
    static QRect starRect(const QRect& row);

private:
    QStringList m_words;
};

} // namespace atlas::gui
