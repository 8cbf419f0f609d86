// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "gui/app/workspace.h"

class QLabel;
class QPlainTextEdit;
class QPushButton;
class QSplitter;
class QTableView;
class QStackedWidget;
class QTimer;

namespace atlas::gui {

class ActivityFilterModel;
class ActivityModel;
class ElidedLabel;
class EmptyState;
class MessageStrip;
class SearchField;

/// Every statement the console ran: what for, where, how long, how many rows, and a way to stop it.
class ActivityWorkspace : public Workspace
{
    Q_OBJECT
public:
    explicit ActivityWorkspace(QWidget* parent = nullptr);
    ~ActivityWorkspace() override;
    static WorkspaceInfo info();

    QList<Command> commands() override;
    void focusSearch() override;
    void cancel() override;
    void activate() override;
    void deactivate() override;
    QVariantMap saveState() const override;
    void restoreState(const QVariantMap& state) override;
    QList<TourStep> tourSteps() override;

protected:
    void contextSet() override;

private:
    void showCurrent();
    void updateTick();
    void updateCount();
    quint64 currentId() const;
    void cancelCurrent();
    void copyCurrent();

    ActivityModel* m_model = nullptr;
    ActivityFilterModel* m_filter = nullptr;
    SearchField* m_search = nullptr;
    QTableView* m_table = nullptr;
    QSplitter* m_splitter = nullptr;
    ElidedLabel* m_title = nullptr;
    QStackedWidget* m_details = nullptr;
    QTimer* m_tick = nullptr;
    bool m_isActive = false;
    QLabel* m_facts = nullptr;
    QPlainTextEdit* m_sql = nullptr;
    MessageStrip* m_error = nullptr;
    QPushButton* m_cancel = nullptr;
    QPushButton* m_copy = nullptr;
    QLabel* m_count = nullptr;
    EmptyState* m_empty = nullptr;
};

} // namespace atlas::gui
