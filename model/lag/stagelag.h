// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDateTime>
#include <QHash>
#include <QJsonObject>
#include <QList>
#include <QMetaType>
#include <QString>

#include <deque>
#include <optional>

namespace atlas::lag {

/// A stage of the pipeline is in one of these; unknown is never shown as 0.
enum class State { Current = 1, Behind, FallingBehind, Idle, Unknown };
QString stateName(State state); ///< "current", "behind", "falling behind", "idle", "unknown"
std::optional<State> stateFromName(QStringView name);

/// How far one stage is behind the primary's commits.
struct StageLag
{
    QString stage; ///< "commit", "staging", "replica", "slot", "warehouse"
    QString node;  ///< "primary", "replica-1", slot name, …
    State state = State::Unknown;
    std::optional<double> lagSeconds;
    std::optional<qint64> lagBytes;      ///< WAL bytes; for staging: rows waiting
    QDateTime measuredAt;                ///< the primary's clock, UTC
    QString evidence;                    ///< what the state was concluded from, for people
    QString lsn;                         ///< position of the stage, empty when not known
    std::optional<qint64> retainedBytes; ///< of a slot: WAL the server keeps for it, from restart_lsn on
    /// Of a replica and the warehouse: when lagSeconds held at the earliest, by our monotonic clock. With
    /// what has passed since it is an upper bound.
    double localSeconds = 0;
    QJsonObject toJson() const; ///< stage, node, state, lag_seconds, lag_bytes, measured_at, evidence
    bool operator==(const StageLag&) const = default;
};

/// (LSN, time) pairs that heartbeats leave, to turn "n bytes behind" into seconds. Keeps an hour.
class LsnClock
{
public:
    void add(quint64 lsn, double epochSeconds);
    /// When the primary was at `lsn`: between the pairs linearly, nullopt before the first; the last pair's
    /// time after it.
    std::optional<double> timeAt(quint64 lsn) const;
    bool isEmpty() const { return m_pairs.empty(); }

private:
    struct Pair
    {
        quint64 lsn;
        double seconds;
    };
    std::deque<Pair> m_pairs;
};

/// What was read of the pipeline in one round, with nothing concluded yet. Missing is nullopt, never 0.
struct Readings
{
    double localSeconds = 0; ///< our monotonic clock when the round ended
    bool primaryReachable = false;
    struct Primary
    {
        double now = 0;          ///< its clock, seconds since 1970
        double localSeconds = 0; ///< our clock when it was asked: `now` was read later
        quint64 lsn = 0;
        std::optional<double> beatAt;
        std::optional<qint64> stagingRows;
        std::optional<double> stagingOldest; ///< staged_at of the oldest
        std::optional<double> lastCommit;    ///< committed_at of the newest batch
    };
    std::optional<Primary> primary;
    QString primaryError;
    struct Sender ///< a row of pg_stat_replication
    {
        QString applicationName;
        QString state;
        std::optional<quint64> replayLsn;
        std::optional<double> replayLagSeconds; ///< null when idle
    };
    QList<Sender> senders;
    bool sendersKnown = false;
    struct Slot
    {
        QString name;
        QString type; ///< physical, logical
        bool active = false;
        std::optional<quint64>
            confirmedLsn; ///< confirmed_flush_lsn of a logical slot, restart_lsn of a physical one
        QString walStatus;
        std::optional<qint64> safeWalBytes;
        std::optional<qint64> retainedBytes;
    };
    QList<Slot> replicationSlots;
    struct Replica
    {
        QString node;
        bool reachable = false;
        QString error;
        bool inRecovery = true;
        bool receiverRunning = false;
        bool receiverKnown = false;
        std::optional<quint64> replayLsn;
        std::optional<double> beatAt;
        double localSeconds = 0; ///< our clock when it was asked: what it answers is no older
    };
    QList<Replica> replicas;
    struct Warehouse
    {
        QString node;
        bool reachable = false;
        QString error;
        std::optional<double> beatAt;
        double localSeconds = 0; ///< our clock when it was asked
    };
    std::optional<Warehouse> warehouse;
};

/// Concludes states from readings; remembers what it needs to tell "falling behind". Pure: no I/O, no clock
/// of its own.
class Conclusions
{
public:
    QList<StageLag> conclude(const Readings& readings);
    /// The primary's clock at one of our monotonic instants, at the latest; nullopt before the first answer
    /// of the primary.
    std::optional<double> primaryClock(double localSeconds) const;

private:
    State trend(const QString& key, double localSeconds, double seconds, double behindAbove);
    StageLag concludeReplica(const Readings::Replica& replica, const Readings& readings);
    StageLag concludeSlot(const Readings::Slot& slot, const Readings& readings);
    StageLag concludeWarehouse(const Readings::Warehouse& warehouse, const Readings& readings);
    LsnClock m_lsnClock;
    std::optional<quint64> m_lastPrimaryLsn; ///< of the round before, to tell idle from current
    std::optional<double> m_clockOffset;
    struct Point
    {
        double at;
        double lag;
    };
    QHash<QString, QList<Point>> m_history;
};

} // namespace atlas::lag

Q_DECLARE_METATYPE(atlas::lag::StageLag)
