// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/app/workspace.h"

namespace atlas::gui {

Workspace::Workspace(WorkspaceInfo info, QWidget* parent)
    : QWidget(parent)
    , m_info(std::move(info))
{
    setObjectName(QStringLiteral("workspace-") + m_info.id);
    setAccessibleName(m_info.title);
}

Workspace::~Workspace() = default;

void Workspace::setContext(std::shared_ptr<AppContext> context)
{
    Q_ASSERT(!m_context);
    m_context = std::move(context);
    contextSet();
}

void Workspace::setProvenance(const Provenance& provenance)
{
    if (provenance == m_provenance)
        return;
    m_provenance = provenance;
    Q_EMIT provenanceChanged(m_provenance);
}

} // namespace atlas::gui
