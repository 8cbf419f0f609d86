// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/app/workspaces.h"

#include "gui/activity/activityworkspace.h"
#include "gui/assets/assetsworkspace.h"
#include "gui/hotset/hotsetworkspace.h"
#include "gui/pipeline/pipelineworkspace.h"

namespace atlas::gui {

namespace {
template<class T> WorkspaceEntry entry()
{
    return {T::info(), [](QWidget* parent) -> Workspace* { return new T(parent); }};
}
} // namespace

QList<WorkspaceEntry> workspaceEntries()
{
    return {
        // One line each, in the order of the rail: Assets, Pipeline, Hot set, Activity.
        entry<AssetsWorkspace>(),
        entry<PipelineWorkspace>(),
        entry<HotSetWorkspace>(),
        entry<ActivityWorkspace>(),
    };
}

} // namespace atlas::gui
