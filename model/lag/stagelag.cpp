// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/lag/stagelag.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace atlas::lag {

namespace {

constexpr std::array<std::pair<State, const char*>, 5> stateNames{{{State::Current, "current"},
                                                                   {State::Behind, "behind"},
                                                                   {State::FallingBehind, "falling behind"},
                                                                   {State::Idle, "idle"},
                                                                   {State::Unknown, "unknown"}}};

// A beat a second, read once a second: up to here a stage cannot be told from one that is current.
constexpr double heartbeatFloor = 2.5;
constexpr double heartbeatMissing = 6;
constexpr double replicaBehind = 1.0;
constexpr double trendSeconds = 12;

QString bytesText(qint64 bytes)
{
    if (bytes < 10'000)
        return QStringLiteral("%1 bytes").arg(bytes);
    if (bytes < 10'000'000)
        return QStringLiteral("%1 kB").arg(bytes / 1000);
    return QStringLiteral("%1 MB").arg(bytes / 1'000'000);
}

QString lsnText(quint64 lsn)
{
    return QStringLiteral("%1/%2").arg(lsn >> 32U, 0, 16).arg(lsn & 0xffffffffU, 0, 16).toUpper();
}

QString secondsText(double seconds)
{
    return QString::number(seconds, 'f', seconds < 10 ? 1 : 0) + QStringLiteral(" s");
}

} // namespace

QString stateName(State state)
{
    for (const auto& [value, name] : stateNames) {
        if (value == state)
            return QLatin1String(name);
    }
    return QStringLiteral("unknown");
}

std::optional<State> stateFromName(QStringView name)
{
    for (const auto& [value, text] : stateNames) {
        if (name == QLatin1String(text))
            return value;
    }
    return std::nullopt;
}

QJsonObject StageLag::toJson() const
{
    return {{QStringLiteral("stage"), stage},
            {QStringLiteral("node"), node},
            {QStringLiteral("state"), stateName(state)},
            {QStringLiteral("lag_seconds"), lagSeconds ? QJsonValue(*lagSeconds) : QJsonValue()},
            {QStringLiteral("lag_bytes"), lagBytes ? QJsonValue(*lagBytes) : QJsonValue()},
            {QStringLiteral("measured_at"), measuredAt.isValid()
                                                ? QJsonValue(measuredAt.toUTC().toString(Qt::ISODateWithMs))
                                                : QJsonValue()},
            {QStringLiteral("evidence"), evidence}};
}

void LsnClock::add(quint64 lsn, double epochSeconds)
{
    if (!m_pairs.empty()) {
        // A primary that was restored or replaced starts a new history.
        if (lsn < m_pairs.back().lsn || epochSeconds < m_pairs.back().seconds)
            m_pairs.clear();
        else if (lsn == m_pairs.back().lsn) {
            m_pairs.back().seconds = epochSeconds; // idle: the position held until now
            return;
        }
    }
    m_pairs.push_back({lsn, epochSeconds});
    while (m_pairs.size() > 2 && epochSeconds - m_pairs.front().seconds > 3600)
        m_pairs.pop_front();
}

std::optional<double> LsnClock::timeAt(quint64 lsn) const
{
    if (m_pairs.empty() || lsn < m_pairs.front().lsn)
        return std::nullopt;
    const auto after = std::lower_bound(m_pairs.begin(), m_pairs.end(), lsn,
                                        [](const Pair& pair, quint64 value) { return pair.lsn < value; });
    if (after == m_pairs.end())
        return m_pairs.back().seconds;
    if (after->lsn == lsn || after == m_pairs.begin())
        return after->seconds;
    const Pair& before = *std::prev(after);
    const double share = static_cast<double>(lsn - before.lsn) / static_cast<double>(after->lsn - before.lsn);
    return before.seconds + share * (after->seconds - before.seconds);
}

std::optional<double> Conclusions::primaryClock(double localSeconds) const
{
    if (!m_clockOffset)
        return std::nullopt;
    return localSeconds + *m_clockOffset;
}

State Conclusions::trend(const QString& key, double localSeconds, double seconds, double behindAbove)
{
    QList<Point>& points = m_history[key];
    points.append({localSeconds, seconds});
    while (points.size() > 1 && localSeconds - points.first().at > trendSeconds)
        points.removeFirst();
    if (seconds <= behindAbove)
        return State::Current;
    const double elapsed = localSeconds - points.first().at;
    // Falls behind: over some seconds it lost more than a third of the time that passed.
    if (elapsed >= 3 && seconds - points.first().lag > elapsed / 3)
        return State::FallingBehind;
    return State::Behind;
}

StageLag Conclusions::concludeReplica(const Readings::Replica& replica, const Readings& readings)
{
    StageLag lag;
    lag.stage = QStringLiteral("replica");
    lag.node = replica.node;
    const QString key = lag.stage + QLatin1Char('/') + lag.node;
    if (!replica.reachable) {
        lag.evidence = replica.error.isEmpty() ? QStringLiteral("no answer") : replica.error;
        m_history.remove(key);
        return lag;
    }
    if (!replica.inRecovery) {
        lag.evidence = QStringLiteral("is not in recovery: it is a primary of its own, not a replica");
        return lag;
    }
    if (replica.replayLsn)
        lag.lsn = lsnText(*replica.replayLsn);

    lag.localSeconds = replica.localSeconds;
    const auto clock = primaryClock(replica.localSeconds);
    std::optional<double> beatAge;
    if (clock && replica.beatAt)
        beatAge = std::max(0.0, *clock - *replica.beatAt);

    const bool disconnected = replica.receiverKnown && !replica.receiverRunning;
    if (readings.primary && replica.replayLsn) {
        lag.lagBytes = *replica.replayLsn >= readings.primary->lsn
                           ? 0
                           : static_cast<qint64>(readings.primary->lsn - *replica.replayLsn);
        if (!disconnected && lag.lagBytes == 0) {
            lag.lagSeconds = 0.0;
            lag.localSeconds = readings.primary->localSeconds; // it has what the primary had then
            // Caught up is not the same as followed: where nothing was written there was nothing to follow.
            const bool idle = m_lastPrimaryLsn == readings.primary->lsn;
            trend(key, replica.localSeconds, 0, replicaBehind);
            lag.state = idle ? State::Idle : State::Current;
            lag.evidence =
                idle ? QStringLiteral("replayed all there is; nothing was written since the last look")
                     : QStringLiteral("replayed %1, the primary's own position").arg(lag.lsn);
            return lag;
        }
        if (!disconnected) {
            if (const auto at = m_lsnClock.timeAt(*replica.replayLsn); at && clock)
                lag.lagSeconds = std::max(0.0, *clock - *at);
        }
    }
    if (!lag.lagSeconds || (beatAge && *beatAge < *lag.lagSeconds))
        lag.lagSeconds = beatAge;
    if (!lag.lagSeconds) {
        lag.evidence = readings.primary
                           ? QStringLiteral("no heartbeat and no LSN clock yet to turn bytes into time")
                           : QStringLiteral("the primary did not answer: nothing to compare with");
        return lag;
    }
    lag.state =
        trend(key, replica.localSeconds, *lag.lagSeconds, disconnected ? heartbeatFloor : replicaBehind);
    lag.evidence =
        disconnected ? QStringLiteral("not connected to the primary; newest heartbeat seen is %1 old")
                           .arg(secondsText(*lag.lagSeconds))
        : lag.lagBytes ? QStringLiteral("%1 of WAL to replay").arg(bytesText(*lag.lagBytes))
                       : QStringLiteral("newest heartbeat seen is %1 old").arg(secondsText(*lag.lagSeconds));
    return lag;
}

StageLag Conclusions::concludeSlot(const Readings::Slot& slot, const Readings& readings)
{
    StageLag lag;
    lag.stage = QStringLiteral("slot");
    lag.node = slot.name;
    lag.retainedBytes = slot.retainedBytes;
    const QString key = lag.stage + QLatin1Char('/') + lag.node;
    if (slot.walStatus == QLatin1String("lost")) {
        lag.evidence = QStringLiteral("its WAL is gone: the consumer must start over");
        return lag;
    }
    if (!slot.confirmedLsn || !readings.primary) {
        lag.evidence = QStringLiteral("has no position yet");
        return lag;
    }
    lag.lsn = lsnText(*slot.confirmedLsn);
    lag.lagBytes = *slot.confirmedLsn >= readings.primary->lsn
                       ? 0
                       : static_cast<qint64>(readings.primary->lsn - *slot.confirmedLsn);
    const auto clock = primaryClock(readings.primary->localSeconds);
    if (*lag.lagBytes == 0)
        lag.lagSeconds = 0.0;
    else if (const auto at = m_lsnClock.timeAt(*slot.confirmedLsn); at && clock)
        lag.lagSeconds = std::max(0.0, *clock - *at);

    QString evidence =
        slot.active ? QStringLiteral("consumer connected, %1 not confirmed").arg(bytesText(*lag.lagBytes))
                    : QStringLiteral("no consumer, holds back %1 of WAL")
                          .arg(bytesText(slot.retainedBytes.value_or(*lag.lagBytes)));
    if (slot.safeWalBytes)
        evidence += QStringLiteral(", %1 left before it is dropped").arg(bytesText(*slot.safeWalBytes));
    lag.evidence = evidence;
    if (!lag.lagSeconds) {
        // Older than the LSN clock: behind for certain, by how much time is not known.
        lag.state = slot.active ? State::Behind : State::FallingBehind;
        return lag;
    }
    // A consumer confirms every few seconds even when it is current.
    lag.state = trend(key, readings.primary->localSeconds, *lag.lagSeconds, 15);
    if (!slot.active && lag.state == State::Behind)
        lag.state = State::FallingBehind;
    if (lag.state == State::Current && *lag.lagBytes == 0 && m_lastPrimaryLsn == readings.primary->lsn)
        lag.state = State::Idle;
    return lag;
}

StageLag Conclusions::concludeWarehouse(const Readings::Warehouse& warehouse, const Readings& readings)
{
    StageLag lag;
    lag.stage = QStringLiteral("warehouse");
    lag.node = warehouse.node;
    const QString key = lag.stage + QLatin1Char('/') + lag.node;
    if (!warehouse.reachable) {
        lag.evidence = warehouse.error.isEmpty() ? QStringLiteral("no answer") : warehouse.error;
        m_history.remove(key);
        return lag;
    }
    lag.localSeconds = warehouse.localSeconds;
    const auto clock = primaryClock(warehouse.localSeconds);
    if (!warehouse.beatAt || !clock) {
        lag.evidence = warehouse.beatAt
                           ? QStringLiteral("the primary's clock is not known: it has not answered yet")
                           : QStringLiteral("no heartbeat has arrived");
        return lag;
    }
    const double age = std::max(0.0, *clock - *warehouse.beatAt);
    lag.lagSeconds = age;
    lag.evidence = QStringLiteral("newest heartbeat that arrived is %1 old").arg(secondsText(age));
    if (readings.primary && readings.primary->beatAt && clock &&
        *clock - *readings.primary->beatAt > heartbeatMissing &&
        std::abs(*readings.primary->beatAt - *warehouse.beatAt) < 0.001) {
        // The newest beat there is has arrived; nobody beats any more. How late data are cannot be told.
        lag.state = State::Unknown;
        lag.lagSeconds.reset();
        lag.evidence = QStringLiteral("the last heartbeat arrived, but nobody beats: is the agent running?");
        return lag;
    }
    lag.state = trend(key, warehouse.localSeconds, age, heartbeatFloor);
    return lag;
}

QList<StageLag> Conclusions::conclude(const Readings& readings)
{
    QList<StageLag> stages;
    if (readings.primary) {
        m_clockOffset = readings.primary->now - readings.primary->localSeconds;
        m_lsnClock.add(readings.primary->lsn, readings.primary->now);
    }

    StageLag commit;
    commit.stage = QStringLiteral("commit");
    commit.node = QStringLiteral("primary");
    if (!readings.primary) {
        commit.evidence =
            readings.primaryError.isEmpty() ? QStringLiteral("no answer") : readings.primaryError;
    } else {
        const Readings::Primary& primary = *readings.primary;
        commit.lsn = lsnText(primary.lsn);
        const double age = primary.beatAt ? std::max(0.0, primary.now - *primary.beatAt) : -1;
        if (age < 0 || age > heartbeatMissing) {
            commit.evidence =
                age < 0
                    ? QStringLiteral("no heartbeat: the schema is not there or not readable")
                    : QStringLiteral("last heartbeat %1 ago: is the agent running?").arg(secondsText(age));
        } else {
            commit.lagSeconds = age;
            const bool recent = primary.lastCommit && primary.now - *primary.lastCommit < 60;
            commit.state = recent ? State::Current : State::Idle;
            commit.evidence = recent
                                  ? QStringLiteral("last batch committed %1 ago")
                                        .arg(secondsText(std::max(0.0, primary.now - *primary.lastCommit)))
                                  : QStringLiteral("heartbeats arrive; no batch was committed for a minute");
        }
    }
    stages.append(commit);

    if (readings.primary && readings.primary->stagingRows) {
        StageLag staging;
        staging.stage = QStringLiteral("staging");
        staging.node = QStringLiteral("primary");
        staging.lagBytes = *readings.primary->stagingRows;
        if (*readings.primary->stagingRows == 0) {
            staging.state = State::Idle;
            staging.lagSeconds = 0.0;
            staging.evidence = QStringLiteral("nothing waits in the fast door");
            trend(QStringLiteral("staging"), readings.primary->localSeconds, 0, 1);
        } else if (readings.primary->stagingOldest) {
            const double age = std::max(0.0, readings.primary->now - *readings.primary->stagingOldest);
            staging.lagSeconds = age;
            staging.state = trend(QStringLiteral("staging"), readings.primary->localSeconds, age, 1);
            staging.evidence = QStringLiteral("%1 rows wait, the oldest for %2")
                                   .arg(*readings.primary->stagingRows)
                                   .arg(secondsText(age));
        }
        stages.append(staging);
    }

    for (const Readings::Replica& replica : readings.replicas)
        stages.append(concludeReplica(replica, readings));
    for (const Readings::Slot& slot : readings.replicationSlots) {
        // A physical slot whose replica is connected says nothing that the replica does not say better.
        if (slot.type == QLatin1String("logical") || !slot.active)
            stages.append(concludeSlot(slot, readings));
    }
    if (readings.warehouse)
        stages.append(concludeWarehouse(*readings.warehouse, readings));

    if (readings.primary)
        m_lastPrimaryLsn = readings.primary->lsn;
    const auto now = primaryClock(readings.localSeconds);
    for (StageLag& stage : stages) {
        if (now)
            stage.measuredAt = QDateTime::fromMSecsSinceEpoch(static_cast<qint64>(*now * 1000), Qt::UTC);
        else
            stage.measuredAt = QDateTime::currentDateTimeUtc();
    }
    return stages;
}

} // namespace atlas::lag
