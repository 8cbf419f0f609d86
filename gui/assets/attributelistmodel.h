// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractListModel>
#include <QStringList>

#include <vector>

#include "model/catalog/attributecatalog.h"

namespace atlas::gui {

/// All attributes of the tenant, narrowed by search words. 10,000 names are searched within a millisecond:
/// names are lower-cased once, and a search that goes on typing looks only at what was found before.
class AttributeListModel : public QAbstractListModel
{
    Q_OBJECT
public:
    enum Role {
        IdRole = Qt::UserRole + 1,
        TypeRole,  ///< int, a ValueType
        ShareRole, ///< double 0…1 of the tenant's assets that have it; -1: never measured
        HotRole,   ///< int, a HotState
        UnitRole,
    };
    enum class Order { Name = 1, Share };

    explicit AttributeListModel(QObject* parent = nullptr);

    void setCatalog(const AttributeCatalog& catalog);
    const AttributeCatalog& catalog() const { return m_catalog; }
    void setSearch(const QString& text);
    QString search() const { return m_search; }
    const QStringList& words() const { return m_words; }
    void setOrder(Order order);
    Order order() const { return m_order; }

    /// nullptr: no such row.
    const Attribute* attributeAt(int row) const;
    const Attribute* attributeAt(const QModelIndex& index) const { return attributeAt(index.row()); }
    /// -1: not among what is shown.
    int rowOf(int attributeId) const;
    int total() const { return m_catalog.size(); }

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;
    QStringList mimeTypes() const override;
    QMimeData* mimeData(const QModelIndexList& indexes) const override;
    Qt::DropActions supportedDragActions() const override { return Qt::CopyAction; }

private:
    void sortAll();
    void narrow(const std::vector<int>& from);

    AttributeCatalog m_catalog;
    std::vector<QString> m_lower; ///< by index in the catalogue
    std::vector<int> m_all;       ///< indexes into the catalogue, in order
    std::vector<int> m_shown;
    Order m_order = Order::Name;
    QString m_search;
    QStringList m_words;
};

/// "98 %", "0.03 %", "<0.01 %", "–" when not known.
QString shareText(double share);
/// Name of the icon for values of that type.
QString typeIcon(ValueType type);
/// "number": for people.
QString typeText(ValueType type);

} // namespace atlas::gui
