// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QWidget>

#include "gui/app/workspace.h"

class QAbstractButton;
class QButtonGroup;
class QMenu;
class QVBoxLayout;

namespace atlas::gui {

/// The strip on the left: one button a workspace, the application's menu at the bottom.
class Rail : public QWidget
{
    Q_OBJECT
public:
    Rail(const QList<WorkspaceInfo>& workspaces, QMenu* menu, QWidget* parent = nullptr);
    void setCurrent(const QString& id);
    QAbstractButton* button(const QString& id) const;

Q_SIGNALS:
    void chosen(const QString& id);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QList<WorkspaceInfo> m_workspaces;
    QButtonGroup* m_group = nullptr;
};

} // namespace atlas::gui
