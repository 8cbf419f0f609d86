// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QHash>
#include <QObject>
#include <QTimer>

#include <memory>

#include "db/client.h"
#include "model/environment/environment.h"
#include "model/lag/stagelag.h"
#include "model/routing/router.h"

namespace atlas::lag {

/// Looks at every node of an environment each second over connections of its own (Purpose::Operator), so that
/// a busy pool cannot make a node look dead. One for the whole window; lives on the GUI thread, never blocks.
/// A node whose probe is not answered within a second, or refused, is not usable until a probe succeeds
/// again. One that answers probes while statements fail on it is tried again after pauses that double (its
/// circuit breaker).
/// A node that does not let our login in is left in peace after the first try, so as not to lock the account,
/// until probeNow(); it counts as usable as long as statements, under other logins, do not fail on it.
class Monitor : public QObject
{
    Q_OBJECT
public:
    Monitor(db::Client* client, const Environment& environment, QObject* parent = nullptr);
    ~Monitor() override;

    void start(std::chrono::milliseconds interval = std::chrono::seconds(1));
    void stop();
    /// One round, also while stopped; sampled() follows. Asks also where our login was refused.
    void probeNow();

    /// The last round. Empty before the first.
    QList<StageLag> stages() const { return m_stages; }
    QList<routing::NodeFreshness> nodes() const;
    /// Budgets the operators set (freshness_budgets), defaults before they are read.
    std::optional<double> wantedSeconds(routing::Intent intent) const;
    /// Where a query of that intent goes now.
    routing::Route route(routing::Intent intent, const QString& afterLsn = {}) const;
    /// A statement failed on that node in a way that says that the node is gone: do not wait for the next
    /// probe.
    void reportFailure(const QString& node, const db::DbError& error);
    /// A statement succeeded there.
    void reportSuccess(const QString& node);
    /// At least one round has ended.
    bool hasSampled() const { return m_rounds > 0; }

Q_SIGNALS:
    void sampled(const QList<atlas::lag::StageLag>& stages);
    /// A node became usable or unusable.
    void nodeUsabilityChanged(const QString& node, bool usable);

private:
    struct Node;
    void beginRound();
    void finishRound();
    void noteUnread(const Node& node, const QString& why);
    void probePrimary(Node& node);
    void probeReplica(Node& node);
    void probeWarehouse(Node& node);
    void answered(const QString& name, const std::optional<db::DbError>& error);
    void setUsable(Node& node, bool usable, const QString& note);
    Node* find(const QString& name);

    db::Client* m_client;
    Environment m_environment;
    QTimer m_timer;
    QTimer m_roundDeadline;
    std::vector<std::unique_ptr<Node>> m_nodes;
    Readings m_readings;
    Conclusions m_conclusions;
    QList<StageLag> m_stages;
    QHash<int, std::optional<double>> m_budgets;
    int m_pending = 0;
    int m_rounds = 0;
    bool m_inRound = false;
};

} // namespace atlas::lag
