// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>

#include "gui/app/workspace.h"

namespace atlas::gui {

struct WorkspaceEntry
{
    WorkspaceInfo info;
    std::function<Workspace*(QWidget* parent)> make;
};

/// The workspaces in the order of the rail. A workspace has `static WorkspaceInfo info()` and a constructor
/// taking the parent; adding one is a line in workspaces.cpp.
QList<WorkspaceEntry> workspaceEntries();

} // namespace atlas::gui
