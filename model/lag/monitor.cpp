// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/lag/monitor.h"

#include <QElapsedTimer>
#include <QJsonArray>
#include <QJsonDocument>
#include <QPointer>

#include "model/statements.h"

namespace atlas::lag {

using db::EndpointRole;
using routing::CircuitBreaker;
using routing::NodeFreshness;

namespace {

// After a failover the node may be a standby: there the write position is an error, and so is the backlog
// (its table is unlogged). Only a case around the subquery keeps it from being run.
// The last commit is the newest entry of ingest_batches_committed, an index on every partition: about a
// hundred descents of a few microseconds. No partition can be left out: they are by started_at, and an import
// that is resumed keeps the start of its first run. now(), because a condition with clock_timestamp() is
// volatile and cannot be looked up in an index: it would read the whole ledger.
const RegisteredStatement primaryStatement{"lag.primary", "Heartbeat and positions of the primary", R"sql(
select pg_is_in_recovery() as in_recovery, extract(epoch from clock_timestamp())::float8 as now,
       case when pg_is_in_recovery() then null else pg_current_wal_lsn() end as lsn,
       (select extract(epoch from beat_at)::float8 from atlas.heartbeat where id = 1) as beat_at,
       (s.backlog ->> 'waiting')::float8 as staging_rows, (s.backlog ->> 'oldest')::float8 as staging_oldest,
       (select extract(epoch from committed_at)::float8 from atlas.ingest_batches
         where committed_at > now() - interval '1 minute' order by committed_at desc limit 1) as last_commit,
       (select coalesce(json_agg(json_build_object('name', application_name, 'state', state, 'replay', replay_lsn,
                                                   'lag', extract(epoch from replay_lag))), '[]')
          from pg_stat_replication) as senders,
       (select coalesce(json_agg(json_build_object('name', slot_name, 'type', slot_type, 'active', active,
                                                   'confirmed', coalesce(confirmed_flush_lsn, restart_lsn), 'status', wal_status,
                                                   'safe', safe_wal_size,
                                                   'retained', case when pg_is_in_recovery() then null
                                                                    else pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) end)), '[]')
          from pg_replication_slots) as slots,
       (select coalesce(json_agg(json_build_object('intent', intent, 'wanted', wanted_seconds)), '[]')
          from atlas.freshness_budgets) as budgets
  from (select case when pg_is_in_recovery() then null
                    else (select json_build_object('waiting', b.waiting, 'oldest', extract(epoch from b.oldest))
                            from atlas.staging_backlog() b) end as backlog offset 0) s)sql"};

// Position and beat in one statement: one snapshot of the replica.
const RegisteredStatement replicaStatement{"lag.replica", "Heartbeat and position of a replica", R"sql(
select pg_is_in_recovery() as in_recovery, pg_last_wal_replay_lsn() as lsn,
       (select count(*) from pg_stat_wal_receiver) as receivers,
       (select status from pg_stat_wal_receiver limit 1) as receiver,
       (select extract(epoch from beat_at)::float8 from atlas.heartbeat where id = 1) as beat_at)sql"};

// Nothing here that Redshift lacks.
const RegisteredStatement warehouseStatement{
    "lag.warehouse", "Newest heartbeat that reached the warehouse",
    "select extract(epoch from beat_at) as beat_at from atlas.heartbeat where id = 1"};

/// Of an attempt to connect: trying again may lock the account, and cannot help before a person has changed
/// something.
bool needsPerson(const db::DbError& error)
{
    return error.kind == db::ErrorKind::Authentication || error.kind == db::ErrorKind::Permission ||
           error.kind == db::ErrorKind::NoSuchDatabase;
}

double localNow()
{
    static QElapsedTimer timer = [] {
        QElapsedTimer started;
        started.start();
        return started;
    }();
    return static_cast<double>(timer.nsecsElapsed()) / 1e9;
}

QJsonArray arrayOf(const db::ResultSet& rows, const char* column)
{
    const int index = rows.columnIndex(QString::fromLatin1(column));
    if (index < 0 || rows.isNull(0, index))
        return {};
    return QJsonDocument::fromJson(rows.bytes(0, index).toByteArray()).array();
}

std::optional<double> realOf(const db::ResultSet& rows, const char* column)
{
    const int index = rows.columnIndex(QString::fromLatin1(column));
    return index < 0 ? std::nullopt : rows.real(0, index);
}

std::optional<quint64> lsnOf(const db::ResultSet& rows, const char* column)
{
    const int index = rows.columnIndex(QString::fromLatin1(column));
    return index < 0 || rows.isNull(0, index) ? std::nullopt : routing::parseLsn(rows.string(0, index));
}

constexpr auto firstDeadline = std::chrono::milliseconds(3000); // TLS, a password exchange, a cold server
constexpr auto probeDeadline =
    std::chrono::milliseconds(900); // with the interval of a second: noticed within two

} // namespace

struct Monitor::Node
{
    QString name;
    EndpointRole role = EndpointRole::Primary;
    QString endpoint;
    CircuitBreaker breaker; ///< of statements, see reportFailure()
    bool answers = true;    ///< the last probe was answered in time
    bool usable = true;     ///< answers, and the breaker is not open
    bool answeredOnce = false;
    bool waiting = false; ///< a probe is under way, of this round or an older one
    double askedAt = 0;
    db::RequestId request = 0;
    QString refusal; ///< why our login was not let in, see probeNow(); empty: it was
    QString note;
    std::optional<double> lag;
    double lagAt = 0; ///< `lag` held then at the earliest
    QString lsn;
};

Monitor::Monitor(db::Client* client, const Environment& environment, QObject* parent)
    : QObject(parent)
    , m_client(client)
    , m_environment(environment)
{
    for (const db::Endpoint& endpoint : environment.endpointsFor(Purpose::Operator)) {
        auto node = std::make_unique<Node>();
        node->name = endpointNode(endpoint.id);
        node->role = endpoint.role;
        node->endpoint = endpoint.id;
        m_nodes.push_back(std::move(node));
    }
    m_timer.setTimerType(Qt::PreciseTimer);
    connect(&m_timer, &QTimer::timeout, this, &Monitor::beginRound);
    m_roundDeadline.setSingleShot(true);
    connect(&m_roundDeadline, &QTimer::timeout, this, &Monitor::finishRound);
}

Monitor::~Monitor() = default;

void Monitor::start(std::chrono::milliseconds interval)
{
    m_timer.start(interval);
    beginRound();
}

void Monitor::stop()
{
    m_timer.stop();
}

void Monitor::probeNow()
{
    for (const auto& node : m_nodes)
        node->refusal.clear();
    beginRound();
}

void Monitor::beginRound()
{
    if (m_inRound)
        return;
    m_inRound = true;
    m_readings = {};
    bool isAnyAsked = false;
    bool allAnsweredBefore = true;
    for (const auto& node : m_nodes) {
        if (!node->refusal.isEmpty()) {
            noteUnread(*node, node->refusal);
            // Nobody looks: reads find out, and again after the breaker's pauses.
            if (node->breaker.allows(CircuitBreaker::Clock::now()))
                setUsable(*node, true, node->refusal);
            continue;
        }
        isAnyAsked = true;
        allAnsweredBefore = allAnsweredBefore && (node->answeredOnce || !node->usable);
        if (node->waiting)
            continue;
        node->waiting = true;
        node->askedAt = localNow();
        switch (node->role) {
        case EndpointRole::Primary:
            probePrimary(*node);
            break;
        case EndpointRole::Replica:
            probeReplica(*node);
            break;
        case EndpointRole::Warehouse:
            probeWarehouse(*node);
            break;
        }
    }
    // Ended later in any case: who asked for a round connects to its end after that.
    m_roundDeadline.start(!isAnyAsked         ? std::chrono::milliseconds(0)
                          : allAnsweredBefore ? probeDeadline
                                              : firstDeadline);
}

void Monitor::answered(const QString& name, const std::optional<db::DbError>& error)
{
    Node* node = find(name);
    node->waiting = false;
    if (error && needsPerson(*error) && m_client->state(node->endpoint).link != db::EndpointState::Link::Up) {
        // Other logins may be let in: that is no reason to keep reads from the node.
        node->refusal = error->text();
        node->note = node->refusal;
    } else if (error) {
        // A server that answers with an error is there; what it lacks is another matter. A probe that never
        // left says nothing of it.
        if (!error->neverSent && (error->isTransient() || error->sqlState.isEmpty())) {
            node->answers = false;
            setUsable(*node, false, error->text());
        } else {
            node->note = error->text();
        }
    } else {
        node->answeredOnce = true;
        // Silent before, well now: what failed meanwhile failed for that. But what failed while probes were
        // answered is not mended by one more of them.
        if (!node->answers)
            node->breaker.succeeded();
        node->answers = true;
        if (node->breaker.allows(CircuitBreaker::Clock::now()))
            setUsable(*node, true, {});
    }
    if (!m_inRound)
        return;
    for (const auto& other : m_nodes) {
        if (other->waiting)
            return;
    }
    finishRound();
}

void Monitor::probePrimary(Node& node)
{
    const QString name = node.name;
    node.request = m_client->query(
        node.endpoint, primaryStatement({}, firstDeadline), this,
        [this, name](db::Result<db::ResultSet> result) {
            if (!result) {
                m_readings.primaryError = result.error().text();
                answered(name, result.error());
                return;
            }
            const db::ResultSet& rows = *result;
            if (rows.boolean(0, rows.columnIndex(u"in_recovery"))) {
                // It answers, with data of any age: taken for the primary it would pass them off as current.
                m_readings.primaryError = QStringLiteral("is in recovery: a standby, not the primary");
                answered(name,
                         db::DbError{.kind = db::ErrorKind::ReadOnly, .message = m_readings.primaryError});
                return;
            }
            Readings::Primary primary;
            primary.localSeconds = find(name)->askedAt;
            primary.now = realOf(rows, "now").value_or(0);
            primary.lsn = lsnOf(rows, "lsn").value_or(0);
            primary.beatAt = realOf(rows, "beat_at");
            if (const auto waiting = realOf(rows, "staging_rows"))
                primary.stagingRows = static_cast<qint64>(*waiting);
            primary.stagingOldest = realOf(rows, "staging_oldest");
            primary.lastCommit = realOf(rows, "last_commit");
            m_readings.primary = primary;
            m_readings.primaryReachable = true;
            const QJsonArray sendersRows = arrayOf(rows, "senders");
            for (const QJsonValue& value : sendersRows) {
                const QJsonObject row = value.toObject();
                Readings::Sender sender;
                sender.applicationName = row.value(QLatin1String("name")).toString();
                sender.state = row.value(QLatin1String("state")).toString();
                sender.replayLsn = routing::parseLsn(row.value(QLatin1String("replay")).toString());
                if (row.value(QLatin1String("lag")).isDouble())
                    sender.replayLagSeconds = row.value(QLatin1String("lag")).toDouble();
                m_readings.senders.append(sender);
            }
            // Without pg_monitor the rows are there and their columns are null.
            m_readings.sendersKnown =
                m_readings.senders.isEmpty() || !m_readings.senders.first().state.isEmpty();
            const QJsonArray slotsRows = arrayOf(rows, "slots");
            for (const QJsonValue& value : slotsRows) {
                const QJsonObject row = value.toObject();
                Readings::Slot slot;
                slot.name = row.value(QLatin1String("name")).toString();
                slot.type = row.value(QLatin1String("type")).toString();
                slot.active = row.value(QLatin1String("active")).toBool();
                slot.confirmedLsn = routing::parseLsn(row.value(QLatin1String("confirmed")).toString());
                slot.walStatus = row.value(QLatin1String("status")).toString();
                if (row.value(QLatin1String("safe")).isDouble())
                    slot.safeWalBytes = static_cast<qint64>(row.value(QLatin1String("safe")).toDouble());
                if (row.value(QLatin1String("retained")).isDouble())
                    slot.retainedBytes = static_cast<qint64>(row.value(QLatin1String("retained")).toDouble());
                m_readings.replicationSlots.append(slot);
            }
            const QJsonArray budgetsRows = arrayOf(rows, "budgets");
            for (const QJsonValue& value : budgetsRows) {
                const QJsonObject row = value.toObject();
                const auto intent = routing::intentFromName(row.value(QLatin1String("intent")).toString());
                const QJsonValue wanted = row.value(QLatin1String("wanted"));
                if (intent)
                    m_budgets[static_cast<int>(*intent)] =
                        wanted.isDouble() ? std::optional<double>(wanted.toDouble()) : std::nullopt;
            }
            answered(name, std::nullopt);
        });
}

void Monitor::probeReplica(Node& node)
{
    const QString name = node.name;
    node.request =
        m_client->query(node.endpoint, replicaStatement({}, firstDeadline), this,
                        [this, name](db::Result<db::ResultSet> result) {
                            Readings::Replica replica;
                            replica.node = name;
                            replica.localSeconds = find(name)->askedAt;
                            if (!result) {
                                replica.error = result.error().text();
                                m_readings.replicas.append(replica);
                                answered(name, result.error());
                                return;
                            }
                            const db::ResultSet& rows = *result;
                            replica.reachable = true;
                            replica.inRecovery = rows.boolean(0, rows.columnIndex(u"in_recovery"));
                            replica.replayLsn = lsnOf(rows, "lsn");
                            const auto receivers = realOf(rows, "receivers").value_or(0);
                            const int status = rows.columnIndex(u"receiver");
                            // A receiver whose status is hidden (no pg_monitor) is known to exist only.
                            replica.receiverKnown = true;
                            replica.receiverRunning =
                                receivers > 0 && (rows.isNull(0, status) ||
                                                  rows.string(0, status) == QLatin1String("streaming"));
                            replica.beatAt = realOf(rows, "beat_at");
                            m_readings.replicas.append(replica);
                            answered(name, std::nullopt);
                        });
}

void Monitor::probeWarehouse(Node& node)
{
    const QString name = node.name;
    node.request = m_client->query(node.endpoint, warehouseStatement({}, firstDeadline), this,
                                   [this, name](db::Result<db::ResultSet> result) {
                                       Readings::Warehouse warehouse;
                                       warehouse.node = name;
                                       warehouse.localSeconds = find(name)->askedAt;
                                       if (!result) {
                                           warehouse.error = result.error().text();
                                           m_readings.warehouse = warehouse;
                                           answered(name, result.error());
                                           return;
                                       }
                                       warehouse.reachable = true;
                                       if (result->rowCount() > 0)
                                           warehouse.beatAt = realOf(*result, "beat_at");
                                       m_readings.warehouse = warehouse;
                                       answered(name, std::nullopt);
                                   });
}

/// A node of which nothing was read in this round has its place in it all the same.
void Monitor::noteUnread(const Node& node, const QString& why)
{
    switch (node.role) {
    case EndpointRole::Primary:
        m_readings.primaryError = why;
        break;
    case EndpointRole::Replica: {
        Readings::Replica replica;
        replica.node = node.name;
        replica.error = why;
        m_readings.replicas.append(replica);
        break;
    }
    case EndpointRole::Warehouse: {
        Readings::Warehouse warehouse;
        warehouse.node = node.name;
        warehouse.error = why;
        m_readings.warehouse = warehouse;
        break;
    }
    }
}

void Monitor::finishRound()
{
    if (!m_inRound)
        return;
    m_inRound = false;
    m_roundDeadline.stop();
    const double now = localNow();
    m_readings.localSeconds = now;
    for (const auto& node : m_nodes) {
        if (!node->waiting)
            continue;
        const QString silence = QStringLiteral("no answer for %1 s").arg(now - node->askedAt, 0, 'f', 1);
        node->answers = false;
        setUsable(*node, false, silence);
        noteUnread(*node, silence);
    }
    // In the order of the environment, not of the answers.
    std::sort(m_readings.replicas.begin(), m_readings.replicas.end(),
              [this](const Readings::Replica& a, const Readings::Replica& b) {
                  const auto place = [this](const QString& name) {
                      for (std::size_t i = 0; i < m_nodes.size(); ++i) {
                          if (m_nodes[i]->name == name)
                              return i;
                      }
                      return m_nodes.size();
                  };
                  return place(a.node) < place(b.node);
              });
    m_stages = m_conclusions.conclude(m_readings);
    for (const StageLag& stage : std::as_const(m_stages)) {
        Node* node = find(stage.node);
        if (!node || (stage.stage != QLatin1String("replica") && stage.stage != QLatin1String("warehouse")))
            continue;
        node->lag = stage.lagSeconds;
        node->lagAt = stage.localSeconds;
        node->lsn = stage.lsn;
        if (node->usable)
            node->note = stage.evidence;
    }
    ++m_rounds;
    Q_EMIT sampled(m_stages);
}

void Monitor::setUsable(Node& node, bool usable, const QString& note)
{
    node.note = note;
    if (node.usable == usable)
        return;
    node.usable = usable;
    Q_EMIT nodeUsabilityChanged(node.name, usable);
}

Monitor::Node* Monitor::find(const QString& name)
{
    for (const auto& node : m_nodes) {
        if (node->name == name)
            return node.get();
    }
    return nullptr;
}

QList<NodeFreshness> Monitor::nodes() const
{
    QList<NodeFreshness> list;
    const double now = localNow();
    for (const auto& node : m_nodes) {
        NodeFreshness freshness;
        freshness.node = node->name;
        freshness.role = node->role;
        freshness.usable = node->usable;
        freshness.replayedLsn = node->lsn;
        freshness.note = node->note;
        if (node->role == EndpointRole::Primary) {
            // Not usable, it may be a standby: how old its data are is not known.
            if (node->usable)
                freshness.ageSeconds = 0;
        } else if (node->lag) {
            freshness.ageSeconds =
                *node->lag + (now - node->lagAt); // it may have stopped right after the look
        }
        list.append(freshness);
    }
    return list;
}

std::optional<double> Monitor::wantedSeconds(routing::Intent intent) const
{
    const auto found = m_budgets.constFind(static_cast<int>(intent));
    return found == m_budgets.constEnd() ? routing::defaultBudget(intent).wantedSeconds : *found;
}

routing::Route Monitor::route(routing::Intent intent, const QString& afterLsn) const
{
    return routing::choose(intent, nodes(), wantedSeconds(intent), afterLsn);
}

void Monitor::reportFailure(const QString& name, const db::DbError& error)
{
    Node* node = find(name);
    if (!node || !error.isTransient() || error.neverSent)
        return;
    node->breaker.failed(CircuitBreaker::Clock::now());
    setUsable(*node, false, error.text());
}

void Monitor::reportSuccess(const QString& name)
{
    Node* node = find(name);
    if (node && node->breaker.allows(CircuitBreaker::Clock::now()))
        node->breaker.succeeded();
}

} // namespace atlas::lag
