// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QString>
#include <QVariantMap>
#include <QWidget>

#include <functional>
#include <memory>

#include "gui/app/appcontext.h"
#include "gui/app/command.h"
#include "gui/app/provenance.h"

namespace atlas::gui {

class PaletteProvider;

/// What the rail needs to know of a workspace before it exists.
struct WorkspaceInfo
{
    QString id;      ///< "assets"; also the name of its picture
    QString title;   ///< "Assets"
    QString icon;    ///< name in resources/icons
    QString tooltip; ///< "Filter assets and see what they have in common"
};

/// One thing the tour does in a workspace before its picture is taken (choose a filter, open an asset).
struct TourStep
{
    QString title;
    std::function<void()> run; ///< may start work: the tour then waits for isSettled()
};

/// One of the pages of the window. Made once, cheaply (no I/O, heavy parts in the first activate()), and
/// kept.
class Workspace : public QWidget
{
    Q_OBJECT
public:
    Workspace(WorkspaceInfo info, QWidget* parent = nullptr);
    ~Workspace() override;

    QString id() const { return m_info.id; }
    QString title() const { return m_info.title; }
    QString iconName() const { return m_info.icon; }

    /// Called once, right after construction. Connect to the context's signals in contextSet().
    void setContext(std::shared_ptr<AppContext> context);
    AppContext* context() const { return m_context.get(); }

    /// Shown from now on; load what is missing.
    virtual void activate() {}
    /// Hidden from now on; stop polling.
    virtual void deactivate() {}

    virtual QList<Command> commands() { return {}; }
    /// Extra palette sources (attributes, asset ids); owned by the workspace.
    virtual QList<PaletteProvider*> paletteProviders() { return {}; }
    /// Ctrl+F, F5 and Esc, when the focused widget did not take them.
    virtual void focusSearch() {}
    virtual void refresh() {}
    virtual void cancel() {}

    virtual QVariantMap saveState() const { return {}; }
    /// Called before the first activate(). Must not run anything.
    virtual void restoreState(const QVariantMap& state) { Q_UNUSED(state) }

    /// True when everything that was asked for is on the screen (or has failed visibly).
    virtual bool isSettled() const { return true; }
    /// The error the workspace shows right now; empty when it shows none.
    virtual QString shownError() const { return {}; }
    virtual QList<TourStep> tourSteps() { return {}; }

    const Provenance& provenance() const { return m_provenance; }

Q_SIGNALS:
    void provenanceChanged(const atlas::gui::Provenance& provenance);
    /// isSettled() may have changed.
    void settledChanged();
    /// Something was chosen elsewhere (Ctrl+K) that is seen here: the frame brings this page.
    void showMe();
    /// saveState() is worth saving again; what the next save would take anyway need not be told.
    void stateChanged();

protected:
    virtual void contextSet() {}
    void setProvenance(const Provenance& provenance);

private:
    WorkspaceInfo m_info;
    std::shared_ptr<AppContext> m_context;
    Provenance m_provenance;
};

} // namespace atlas::gui
