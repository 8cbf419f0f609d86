// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QHeaderView>
#include <QStyledItemDelegate>
#include <QTableView>
#include <QTimer>

#include "model/filter/expression.h"

class QMenu;

namespace atlas::gui {

class ResultsModel;

/// Cells: placeholders while a page is read, muted where there is nothing.
class ResultsDelegate : public QStyledItemDelegate
{
    Q_OBJECT
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override;
};

/// Takes attributes that are dropped on it; attribute columns can be moved and removed.
class ResultsHeader : public QHeaderView
{
    Q_OBJECT
public:
    explicit ResultsHeader(QWidget* parent);

Q_SIGNALS:
    void attributeDropped(const QString& name, int visualPosition);

protected:
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dragMoveEvent(QDragMoveEvent* event) override;
    void dragLeaveEvent(QDragLeaveEvent* event) override;
    void dropEvent(QDropEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    int placeAt(int x) const;
    int m_dropX = -1;
};

/// The rows of the result. Tells the model which of them are in view.
class ResultsView : public QTableView
{
    Q_OBJECT
public:
    explicit ResultsView(ResultsModel* model, QWidget* parent = nullptr);

    ResultsModel* results() const { return m_results; }
    /// Attribute columns as they stand on the screen.
    QList<int> shownColumns() const;
    QVariantMap saveWidths() const; ///< by attribute name or column
    void restoreWidths(const QVariantMap& widths);
    /// Tab-separated, a line a row, of the selected rows that are loaded; says how many are not.
    QString selectedText(int* missing = nullptr) const;
    void copySelection();
    void copyCell();
    void copyValue(const QString& text);
    /// Ascending, descending, and back to the order of the assets.
    void stepSort(int column);
    /// The column of the current cell, also while rows are on their way; -1: none.
    int currentColumn() const;

Q_SIGNALS:
    void clauseChosen(const atlas::filter::Clause& clause);
    void columnRemoved(int attributeId);
    void attributeShown(int attributeId); ///< "show in the attribute list"
    /// Below the header of its column.
    void topValuesWanted(int attributeId, const QPoint& place);
    /// Of the current row, once that has been read.
    void entityChosen(qint64 entityId);
    void activatedEntity(qint64 entityId);
    void attributeDropped(const QString& name, int position);
    void columnsMoved();
    void copied(const QString& what);
    void refused(const QString& why);

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void scrollContentsBy(int dx, int dy) override;
    void currentChanged(const QModelIndex& current, const QModelIndex& previous) override;
    void selectionChanged(const QItemSelection& selected, const QItemSelection& deselected) override;
    void paintEvent(QPaintEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;

private:
    void tellWindow();
    void tellEntity(int row);
    void showHeaderMenu(const QPoint& position);
    void addSortActions(QMenu* menu, int column);
    void addTopValuesAction(QMenu* menu, int attributeId);
    void showSort();
    void returnToColumn();
    std::optional<filter::Clause> clauseOf(const QModelIndex& index, bool excluded) const;
    void fitColumns();

    ResultsModel* m_results;
    QTimer m_windowTimer;
    QVariantMap m_widths;
    bool m_fitted = false;
    int m_column = -1; ///< of the current cell, kept while there is none
    int m_columnAttribute = 0;
    bool m_isReturning = false;  ///< nobody chose the cell that becomes the current one
    bool m_isReordered = false;  ///< the next rows are in another order: they are looked at from the first
    bool m_awaitsEntity = false; ///< nobody knows yet which one the current row is
};

} // namespace atlas::gui
