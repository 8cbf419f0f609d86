// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QHash>
#include <QList>

#include <memory>
#include <optional>

#include "gui/app/workspace.h"
#include "model/hotset/hotset.h"

class QLabel;
class QSplitter;
class QStackedWidget;
class QTableView;
class QTimer;

namespace atlas {
class CatalogService;
}

namespace atlas::gui {

class EmptyState;
class HotSetModel;
class JobPanel;
class MessageStrip;
class SearchField;

/// Which attributes are in the hot set; promotes and demotes them.
class HotSetWorkspace : public Workspace
{
    Q_OBJECT
public:
    explicit HotSetWorkspace(QWidget* parent = nullptr);
    ~HotSetWorkspace() override;
    static WorkspaceInfo info();

    void activate() override;
    void deactivate() override;
    void refresh() override;
    void focusSearch() override;
    QList<Command> commands() override;
    QVariantMap saveState() const override;
    void restoreState(const QVariantMap& state) override;
    bool isSettled() const override;
    QString shownError() const override;
    QList<TourStep> tourSteps() override;

    HotSetModel* model() const { return m_model; }
    JobPanel* panel() const { return m_panel; }

protected:
    void contextSet() override;

private:
    void tenantChanged();
    void catalogChanged();
    void loadJobs();
    void loadUsage();
    void jobsAnswered(const db::Result<db::ResultSet>& result);
    void showCurrent();
    void reloadCatalog();
    void select(int attributeId);
    void change(int attributeId, hotset::Kind kind);
    void startNext();
    void resume(const hotset::Job& job);
    hotset::Runner* makeRunner();
    void updateBlocked();
    void environmentChanged();
    void stopDriving();
    void sayWhatWasLeft();
    void showProblem();
    void showSaid();

    struct Wanted
    {
        int attributeId = 0;
        hotset::Kind kind = hotset::Kind::Promote;
    };
    /// What was said last of an attribute's change.
    struct Said
    {
        QString text;                     ///< with an error: what failed
        std::optional<db::DbError> error; ///< what there is to tell of it
        bool worked = false;
        bool passes = false; ///< holds only until the next step works
    };
    /// What was under way when a tenant was left.
    struct Left
    {
        int attributeId = 0;
        qsizetype waiting = 0; ///< changes that waited behind it
    };

    HotSetModel* m_model;
    SearchField* m_search;
    QLabel* m_count;
    MessageStrip* m_strip;
    QTableView* m_table;
    QSplitter* m_splitter;
    QStackedWidget* m_side;
    JobPanel* m_panel;
    EmptyState* m_empty;
    QTimer* m_poll;

    std::shared_ptr<CatalogService> m_catalog;
    std::shared_ptr<lag::Monitor> m_monitor;
    hotset::Runner* m_runner = nullptr;
    QString m_waiting;
    QList<Wanted> m_queue;
    QHash<int, Said> m_said; ///< by attribute
    QHash<int, Left> m_left; ///< by tenant
    QString m_note;          ///< shown as long as nothing is wrong
    std::optional<db::DbError> m_jobsError;
    int m_wantedSelection = 0;
    QString m_restoredName;
    bool m_active = false;
    bool m_jobsLoaded = false;
    bool m_jobsLoading = false;
    bool m_usageLoading = false;
    bool m_reloading = false;
    quint64 m_generation = 0; ///< of tenant and environment: a late answer of an older one is dropped
};

} // namespace atlas::gui
