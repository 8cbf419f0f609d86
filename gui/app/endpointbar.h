// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QHash>
#include <QList>
#include <QMap>
#include <QSet>
#include <QWidget>

#include "db/endpoint.h"
#include "gui/widgets/statedot.h"
#include "model/environment/environment.h"

class QHBoxLayout;
class QLabel;
class QToolButton;

namespace atlas::gui {

class AppContext;
class BusyIndicator;

/// The bar at the bottom: the state of every endpoint, and how many statements run.
class EndpointBar : public QWidget
{
    Q_OBJECT
public:
    explicit EndpointBar(AppContext* context, QWidget* parent = nullptr);

    using Refused = QMap<Purpose, db::DbError>; ///< see AppContext::refusedLogins()
    static StateDot::State dotState(const db::EndpointState& state, const Refused& refused = {});
    /// "up", "up, operator login refused", "not used yet", "down".
    static QString stateText(const db::EndpointState& state, const Refused& refused = {});
    /// Everything known of a node, as plain text lines.
    static QString description(const db::EndpointState& state, const Refused& refused = {});
    QString textOf(const QString& node) const;

Q_SIGNALS:
    void runningClicked();
    void nodeClicked(const QString& node);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    class NodeButton;
    void rebuild();
    void refresh(const QString& node);
    void countRunning();

    AppContext* m_context;
    QHBoxLayout* m_nodesLine = nullptr;
    QHash<QString, NodeButton*> m_nodes;
    QToolButton* m_running = nullptr;
    BusyIndicator* m_busy = nullptr;
    QSet<quint64> m_runningIds;
};

} // namespace atlas::gui
