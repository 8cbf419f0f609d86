// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include "model/lag/stagelag.h"

using namespace atlas::lag;

namespace {

constexpr double epoch = 1'800'000'000; // the primary's clock when ours is at 0

Readings reading(double local, quint64 lsn, std::optional<double> beatAge = 0.3)
{
    Readings readings;
    readings.localSeconds = local;
    Readings::Primary primary;
    primary.localSeconds = local;
    primary.now = epoch + local;
    primary.lsn = lsn;
    if (beatAge)
        primary.beatAt = epoch + local - *beatAge;
    primary.lastCommit = epoch + local - 1;
    readings.primary = primary;
    return readings;
}

Readings::Replica replica(double local, std::optional<quint64> lsn, double beatAge, bool receiver = true)
{
    Readings::Replica one;
    one.node = QStringLiteral("replica-1");
    one.reachable = true;
    one.receiverKnown = true;
    one.receiverRunning = receiver;
    one.replayLsn = lsn;
    one.beatAt = epoch + local - beatAge;
    one.localSeconds = local;
    return one;
}

StageLag stage(const QList<StageLag>& stages, const char* name)
{
    for (const StageLag& one : stages) {
        if (one.stage == QLatin1String(name))
            return one;
    }
    StageLag none;
    none.stage = QStringLiteral("(missing)");
    return none;
}

} // namespace

class TestStageLag : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void clockInterpolates();
    void clockStartsOverWhenThePositionFalls();
    void caughtUpAndWritingIsCurrent();
    void caughtUpWithNothingWrittenIsIdle();
    void disconnectedIsNotZero();
    void bytesBecomeSeconds();
    void fallingBehindIsTold();
    void steadyLagIsBehindOnly();
    void unreachableIsUnknown();
    void aPrimaryOfItsOwnIsNoReplica();
    void noHeartbeatIsUnknown();
    void quietPrimaryIsIdle();
    void warehouseByHeartbeat();
    void warehouseCannotBeJudgedWhenNobodyBeats();
    void slotWithoutConsumerFallsBehind();
    void lostSlotIsUnknown();
    void stagingBacklog();
    void ageGoesOnWithoutThePrimary();
    void ageIsAnUpperBound();
    void jsonHasNullForUnknown();
};

void TestStageLag::clockInterpolates()
{
    LsnClock clock;
    QVERIFY(!clock.timeAt(5));
    clock.add(100, 10);
    clock.add(200, 20);
    QVERIFY(!clock.timeAt(99));
    QCOMPARE(clock.timeAt(100).value(), 10.0);
    QCOMPARE(clock.timeAt(150).value(), 15.0);
    QCOMPARE(clock.timeAt(200).value(), 20.0);
    QCOMPARE(clock.timeAt(999).value(), 20.0);
    clock.add(200, 30); // idle: the position held
    QCOMPARE(clock.timeAt(200).value(), 30.0);
}

void TestStageLag::clockStartsOverWhenThePositionFalls()
{
    LsnClock clock;
    clock.add(1000, 10);
    clock.add(50, 11);
    QVERIFY(!clock.timeAt(49));
    QCOMPARE(clock.timeAt(1000).value(), 11.0);
}

void TestStageLag::caughtUpAndWritingIsCurrent()
{
    Conclusions conclusions;
    Readings first = reading(0, 1000);
    conclusions.conclude(first);
    Readings second = reading(1, 2000);
    second.replicas = {replica(1, 2000, 0.4)};
    const StageLag lag = stage(conclusions.conclude(second), "replica");
    QCOMPARE(lag.state, State::Current);
    QCOMPARE(lag.lagBytes.value(), 0);
    QCOMPARE(lag.node, QStringLiteral("replica-1"));
}

void TestStageLag::caughtUpWithNothingWrittenIsIdle()
{
    Conclusions conclusions;
    conclusions.conclude(reading(0, 1000));
    Readings second = reading(1, 1000);
    second.replicas = {replica(1, 1000, 30)};
    QCOMPARE(stage(conclusions.conclude(second), "replica").state, State::Idle);
}

void TestStageLag::disconnectedIsNotZero()
{
    // Received = replayed = the primary's position, but nobody receives: the usual repair would say 0.
    Conclusions conclusions;
    for (int second = 0; second < 8; ++second) {
        Readings readings = reading(second, 1000);
        readings.replicas = {replica(second, 1000, 10 + second, false)};
        const StageLag lag = stage(conclusions.conclude(readings), "replica");
        QVERIFY(lag.lagSeconds.value_or(0) >= 10);
        QVERIFY(lag.evidence.contains(QStringLiteral("not connected")));
        QVERIFY(lag.state == State::Behind || lag.state == State::FallingBehind);
        if (second >= 4)
            QCOMPARE(lag.state, State::FallingBehind);
    }
}

void TestStageLag::bytesBecomeSeconds()
{
    Conclusions conclusions;
    for (int second = 0; second <= 10; ++second)
        conclusions.conclude(reading(second, 1000 + 100ULL * static_cast<quint64>(second)));
    Readings readings = reading(11, 2100);
    readings.replicas = {replica(11, 1600, 9)};
    const StageLag lag = stage(conclusions.conclude(readings), "replica");
    QCOMPARE(lag.lagBytes.value(), 500);
    QCOMPARE(qRound(lag.lagSeconds.value()),
             5); // it is where the primary was 5 s ago, whatever the beat says
    QVERIFY(lag.state != State::Current);
}

void TestStageLag::fallingBehindIsTold()
{
    Conclusions conclusions;
    StageLag lag;
    for (int second = 0; second <= 10; ++second) {
        Readings readings = reading(second, 1000 + 100ULL * static_cast<quint64>(second));
        readings.replicas = {replica(second, 1000, second + 0.5)};
        lag = stage(conclusions.conclude(readings), "replica");
    }
    QCOMPARE(lag.state, State::FallingBehind);
}

void TestStageLag::steadyLagIsBehindOnly()
{
    Conclusions conclusions;
    StageLag lag;
    for (int second = 0; second <= 20; ++second) {
        Readings readings = reading(second, 10'000 + 100ULL * static_cast<quint64>(second));
        readings.replicas = {replica(second, 9'500 + 100ULL * static_cast<quint64>(second), 5)};
        lag = stage(conclusions.conclude(readings), "replica");
    }
    QCOMPARE(lag.state, State::Behind);
    QCOMPARE(qRound(lag.lagSeconds.value()), 5);
}

void TestStageLag::unreachableIsUnknown()
{
    Conclusions conclusions;
    Readings readings = reading(0, 1000);
    Readings::Replica dead;
    dead.node = QStringLiteral("replica-1");
    dead.error = QStringLiteral("connection refused");
    readings.replicas = {dead};
    const StageLag lag = stage(conclusions.conclude(readings), "replica");
    QCOMPARE(lag.state, State::Unknown);
    QVERIFY(!lag.lagSeconds);
    QVERIFY(!lag.lagBytes);
    QCOMPARE(lag.evidence, QStringLiteral("connection refused"));
}

void TestStageLag::aPrimaryOfItsOwnIsNoReplica()
{
    Conclusions conclusions;
    Readings readings = reading(0, 1000);
    Readings::Replica wrong = replica(0, 1000, 0);
    wrong.inRecovery = false;
    readings.replicas = {wrong};
    const StageLag lag = stage(conclusions.conclude(readings), "replica");
    QCOMPARE(lag.state, State::Unknown);
    QVERIFY(lag.evidence.contains(QStringLiteral("not a replica")));
}

void TestStageLag::noHeartbeatIsUnknown()
{
    Conclusions conclusions;
    QCOMPARE(stage(conclusions.conclude(reading(0, 1000, std::nullopt)), "commit").state, State::Unknown);
    const StageLag old = stage(conclusions.conclude(reading(1, 1000, 60.0)), "commit");
    QCOMPARE(old.state, State::Unknown);
    QVERIFY(old.evidence.contains(QStringLiteral("agent")));
}

void TestStageLag::quietPrimaryIsIdle()
{
    Conclusions conclusions;
    Readings readings = reading(0, 1000);
    readings.primary->lastCommit.reset();
    QCOMPARE(stage(conclusions.conclude(readings), "commit").state, State::Idle);
    QCOMPARE(stage(conclusions.conclude(reading(1, 1001)), "commit").state, State::Current);
}

void TestStageLag::warehouseByHeartbeat()
{
    Conclusions conclusions;
    StageLag lag;
    for (int second = 0; second <= 6; ++second) {
        Readings readings = reading(second, 1000 + static_cast<quint64>(second));
        Readings::Warehouse warehouse;
        warehouse.node = QStringLiteral("warehouse");
        warehouse.reachable = true;
        warehouse.localSeconds = second;
        warehouse.beatAt = epoch + second - 1.2;
        readings.warehouse = warehouse;
        lag = stage(conclusions.conclude(readings), "warehouse");
    }
    QCOMPARE(lag.state, State::Current);
    QVERIFY(qAbs(lag.lagSeconds.value() - 1.2) < 0.01);
}

void TestStageLag::warehouseCannotBeJudgedWhenNobodyBeats()
{
    Conclusions conclusions;
    Readings readings = reading(100, 1000, 60.0);
    Readings::Warehouse warehouse;
    warehouse.node = QStringLiteral("warehouse");
    warehouse.reachable = true;
    warehouse.localSeconds = 100;
    warehouse.beatAt = readings.primary->beatAt;
    readings.warehouse = warehouse;
    const StageLag lag = stage(conclusions.conclude(readings), "warehouse");
    QCOMPARE(lag.state, State::Unknown);
    QVERIFY(!lag.lagSeconds);
}

void TestStageLag::slotWithoutConsumerFallsBehind()
{
    Conclusions conclusions;
    StageLag lag;
    for (int second = 0; second <= 40; ++second) {
        Readings readings = reading(second, 1000 + 100ULL * static_cast<quint64>(second));
        Readings::Slot slot;
        slot.name = QStringLiteral("atlas_warehouse");
        slot.type = QStringLiteral("logical");
        slot.confirmedLsn = 1000;
        slot.retainedBytes = 50'000'000;
        readings.replicationSlots = {slot};
        lag = stage(conclusions.conclude(readings), "slot");
    }
    QCOMPARE(lag.state, State::FallingBehind);
    QVERIFY(lag.evidence.contains(QStringLiteral("50 MB")));
    // What it keeps is another figure than what its consumer has not confirmed.
    QCOMPARE(lag.retainedBytes.value(), 50'000'000);
    QCOMPARE(lag.lagBytes.value(), 4000);
}

void TestStageLag::lostSlotIsUnknown()
{
    Conclusions conclusions;
    Readings readings = reading(0, 1000);
    Readings::Slot slot;
    slot.name = QStringLiteral("atlas_warehouse");
    slot.type = QStringLiteral("logical");
    slot.walStatus = QStringLiteral("lost");
    slot.confirmedLsn = 900;
    readings.replicationSlots = {slot};
    const StageLag lag = stage(conclusions.conclude(readings), "slot");
    QCOMPARE(lag.state, State::Unknown);
    QVERIFY(!lag.lagSeconds);
}

void TestStageLag::stagingBacklog()
{
    Conclusions conclusions;
    Readings readings = reading(0, 1000);
    readings.primary->stagingRows = 0;
    QCOMPARE(stage(conclusions.conclude(readings), "staging").state, State::Idle);
    readings = reading(1, 1000);
    readings.primary->stagingRows = 5000;
    readings.primary->stagingOldest = epoch + 1 - 7;
    const StageLag lag = stage(conclusions.conclude(readings), "staging");
    QVERIFY(lag.state == State::Behind || lag.state == State::FallingBehind);
    QCOMPARE(lag.lagBytes.value(), 5000);
    QCOMPARE(qRound(lag.lagSeconds.value()), 7);
}

void TestStageLag::ageGoesOnWithoutThePrimary()
{
    Conclusions conclusions;
    conclusions.conclude(reading(0, 1000));
    Readings readings;
    readings.localSeconds = 30;
    readings.primaryError = QStringLiteral("refused");
    readings.replicas = {replica(30, 1000, 30)};
    const QList<StageLag> stages = conclusions.conclude(readings);
    QCOMPARE(stage(stages, "commit").state, State::Unknown);
    QCOMPARE(qRound(stage(stages, "replica").lagSeconds.value()), 30);
}

void TestStageLag::ageIsAnUpperBound()
{
    // The primary was asked at 10 and read its clock at 10.3: what is known of its clock is late, never
    // early.
    Conclusions conclusions;
    Readings readings = reading(10, 2000);
    readings.primary->now = epoch + 10.3;
    readings.replicas = {replica(10, std::nullopt, 5)};
    Readings::Warehouse warehouse;
    warehouse.node = QStringLiteral("warehouse");
    warehouse.reachable = true;
    warehouse.localSeconds = 10.1;
    warehouse.beatAt = epoch + 4;
    readings.warehouse = warehouse;
    QList<StageLag> stages = conclusions.conclude(readings);
    const StageLag behind = stage(stages, "replica");
    QVERIFY(behind.lagSeconds.value() + (12 - behind.localSeconds) >= 12 - 5);
    const StageLag copied = stage(stages, "warehouse");
    QVERIFY(copied.lagSeconds.value() + (12 - copied.localSeconds) >= 12 - 4);

    // Caught up: it has what the primary had when that was asked, not when the replica was.
    readings.replicas = {replica(10.8, 2000, 5)};
    stages = conclusions.conclude(readings);
    QCOMPARE(stage(stages, "replica").lagSeconds.value(), 0.0);
    QCOMPARE(stage(stages, "replica").localSeconds, 10.0);
}

void TestStageLag::jsonHasNullForUnknown()
{
    StageLag lag;
    lag.stage = QStringLiteral("replica");
    lag.node = QStringLiteral("replica-1");
    const QJsonObject json = lag.toJson();
    QCOMPARE(json.keys(),
             (QStringList{QStringLiteral("evidence"), QStringLiteral("lag_bytes"),
                          QStringLiteral("lag_seconds"), QStringLiteral("measured_at"),
                          QStringLiteral("node"), QStringLiteral("stage"), QStringLiteral("state")}));
    QVERIFY(json.value(QStringLiteral("lag_seconds")).isNull());
    QCOMPARE(json.value(QStringLiteral("state")).toString(), QStringLiteral("unknown"));
    QCOMPARE(stateFromName(u"falling behind").value(), State::FallingBehind);
}

QTEST_GUILESS_MAIN(TestStageLag)
#include "tst_stagelag.moc"
