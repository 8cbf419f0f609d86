// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QWidget>

#include "model/filter/expression.h"

class QMimeData;
class QLabel;
class QToolButton;

namespace atlas::gui {

class ClauseChip;
class FlowLayout;

/// One group of the builder: which kind, what is in it, room to drop more. Lays out and reports; the builder
/// decides.
class GroupBox : public QWidget
{
    Q_OBJECT
public:
    GroupBox(const filter::NodePath& path, QWidget* parent);

    const filter::NodePath& path() const { return m_path; }
    void setPath(const filter::NodePath& path) { m_path = path; }
    void setGroup(filter::GroupKind kind, bool enabled, bool outsideOff);
    filter::GroupKind kind() const { return m_kind; }
    bool isRoot() const { return m_path.isEmpty(); }

    /// Chips and groups in order.
    const QList<QWidget*>& members() const { return m_members; }
    void insertMember(int index, QWidget* widget);
    void removeMember(int index);

    QToolButton* kindButton() const { return m_kindButton; }
    QToolButton* addButton() const { return m_add; }
    QToolButton* addGroupButton() const { return m_addGroup; }
    /// Shown behind the members of an empty group.
    void setHint(const QString& text);
    /// Place among the members for something dropped there.
    int indexAt(const QPoint& point) const;
    int dropIndex() const { return m_dropAt; }

Q_SIGNALS:
    void kindMenuRequested(const QPoint& globalPosition);
    void addClauseRequested();
    void addGroupRequested();
    void dropped(const QMimeData* dragged, int index);
    void keyPressed(QKeyEvent* event);

protected:
    void paintEvent(QPaintEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dragMoveEvent(QDragMoveEvent* event) override;
    void dragLeaveEvent(QDragLeaveEvent* event) override;
    void dropEvent(QDropEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    bool accepts(const QMimeData* dragged) const;

    filter::NodePath m_path;
    filter::GroupKind m_kind = filter::GroupKind::All;
    bool m_enabled = true;
    bool m_outsideOff = false;
    FlowLayout* m_flow;
    QToolButton* m_kindButton;
    QToolButton* m_add;
    QToolButton* m_addGroup;
    QLabel* m_hint;
    QList<QWidget*> m_members;
    int m_dropAt = -1;
};

} // namespace atlas::gui
