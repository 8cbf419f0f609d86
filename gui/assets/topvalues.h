// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractListModel>
#include <QListView>
#include <QStyledItemDelegate>

#include <functional>
#include <vector>

#include "model/catalog/attributecatalog.h"

namespace atlas::gui {

/// Common values with their counts. Values are shown as people read them; the role gives them as they came.
class TopValuesModel : public QAbstractListModel
{
    Q_OBJECT
public:
    enum Role { ValueRole = Qt::UserRole + 1, CountRole, PartRole, CheckedRole, SampledRole };
    explicit TopValuesModel(QObject* parent = nullptr);

    /// `of`: what a full bar stands for, the assets that have the attribute.
    void setValues(ValueType type, std::vector<AttributeDetail::Top> values, qint64 of);
    void clear() { setValues(ValueType::String, {}, 0); }
    const std::vector<AttributeDetail::Top>& values() const { return m_values; }
    /// From a sample: the counts are estimates. `about` says for a value how good its count is, for its
    /// tooltip.
    void setKnowledge(bool sampled, std::function<QString(const QString& value)> about);
    /// For choosing several: shows check marks. nullopt: none.
    void setChecked(std::optional<QStringList> checked);

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;

private:
    ValueType m_type = ValueType::String;
    std::vector<AttributeDetail::Top> m_values;
    qint64 m_of = 0;
    std::optional<QStringList> m_checked;
    bool m_sampled = false;
    std::function<QString(const QString& value)> m_about;
};

class TopValueDelegate : public QStyledItemDelegate
{
    Q_OBJECT
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
};

/// Click or Enter chooses a value, with Alt excludes it.
class TopValuesView : public QListView
{
    Q_OBJECT
public:
    explicit TopValuesView(QWidget* parent = nullptr);

Q_SIGNALS:
    void valueChosen(const QString& value, bool excluded);

protected:
    void mousePressEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    QPersistentModelIndex m_pressed;
};

} // namespace atlas::gui
