// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include "model/routing/router.h"

using namespace atlas;
using namespace atlas::routing;
using db::EndpointRole;

namespace {

NodeFreshness node(const char* name, EndpointRole role, std::optional<double> age, bool usable = true,
                   const char* lsn = "0/100")
{
    NodeFreshness freshness;
    freshness.node = QString::fromLatin1(name);
    freshness.role = role;
    freshness.usable = usable;
    freshness.ageSeconds = age;
    freshness.replayedLsn = QString::fromLatin1(lsn);
    return freshness;
}

QList<NodeFreshness> cluster(std::optional<double> first, std::optional<double> second,
                             std::optional<double> warehouse, bool primaryUsable = true)
{
    return {node("replica-1", EndpointRole::Replica, first), node("replica-2", EndpointRole::Replica, second),
            node("primary", EndpointRole::Primary, 0.0, primaryUsable),
            node("warehouse", EndpointRole::Warehouse, warehouse)};
}

} // namespace

class TestRouter : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void choosesByTheTable_data();
    void choosesByTheTable();
    void passesOverADeadNode();
    void unknownLagIsNotZero();
    void readsGoOnWithoutThePrimary();
    void complianceNeverLeavesTheWarehouse();
    void complianceTakesAnyAge();
    void nothingReachable();
    void readsItsOwnWrites();
    void stricterBudgetCounts();
    void lsnText_data();
    void lsnText();
    void breakerOpensAndDoubles();
    void breakerCountsOneFailureEachTime();
    void intentNamesRoundTrip();
};

void TestRouter::choosesByTheTable_data()
{
    QTest::addColumn<QString>("intent");
    QTest::addColumn<double>("first");
    QTest::addColumn<double>("second");
    QTest::addColumn<double>("warehouse");
    QTest::addColumn<QString>("expected");
    QTest::addColumn<bool>("met");

    QTest::newRow("critical: primary") << "critical" << 0.1 << 0.1 << 0.1 << "primary" << true;
    QTest::newRow("dashboard: replica") << "dashboard" << 1.0 << 1.0 << 1.0 << "replica-1" << true;
    QTest::newRow("dashboard: fresher replica") << "dashboard" << 8.0 << 1.0 << 1.0 << "replica-2" << true;
    QTest::newRow("operational: replica within 5 s")
        << "operational" << 4.9 << 20.0 << 1.0 << "replica-1" << true;
    QTest::newRow("operational: both too late") << "operational" << 5.1 << 6.0 << 1.0 << "primary" << true;
    QTest::newRow("alert: 6 s is fine") << "alert" << 6.0 << 7.0 << 1.0 << "replica-1" << true;
    QTest::newRow("alert: over 10 s to the primary") << "alert" << 11.0 << 12.0 << 1.0 << "primary" << true;
    QTest::newRow("reporting: warehouse within 60 s")
        << "reporting" << 0.1 << 0.1 << 59.0 << "warehouse" << true;
    QTest::newRow("reporting: warehouse late") << "reporting" << 0.1 << 0.1 << 61.0 << "replica-1" << true;
    QTest::newRow("reporting: both late") << "reporting" << 11.0 << 12.0 << 61.0 << "primary" << true;
    QTest::newRow("analytics: warehouse 20 min")
        << "analytics" << 0.1 << 0.1 << 1200.0 << "warehouse" << true;
    QTest::newRow("analytics: warehouse 40 min")
        << "analytics" << 0.1 << 0.1 << 2400.0 << "replica-1" << true;
    QTest::newRow("historical: warehouse 1 h") << "historical" << 0.1 << 0.1 << 3600.0 << "warehouse" << true;
    QTest::newRow("compliance: warehouse however late")
        << "compliance" << 0.1 << 0.1 << 1e6 << "warehouse" << true;
}

void TestRouter::choosesByTheTable()
{
    QFETCH(QString, intent);
    QFETCH(double, first);
    QFETCH(double, second);
    QFETCH(double, warehouse);
    const Intent parsed = intentFromName(intent).value();
    const Route route =
        choose(parsed, cluster(first, second, warehouse), defaultBudget(parsed).wantedSeconds);
    QTEST(route.node, "expected");
    QTEST(route.met, "met");
    QVERIFY(!route.reason.isEmpty());
}

void TestRouter::passesOverADeadNode()
{
    auto nodes = cluster(0.1, 0.2, 1.0);
    nodes[0].usable = false;
    nodes[0].note = QStringLiteral("no answer for 0.9 s");
    const Route route = choose(Intent::Operational, nodes, 10);
    QCOMPARE(route.node, QStringLiteral("replica-2"));
    QVERIFY(route.passedOver.isEmpty() || route.passedOver.first().contains(QStringLiteral("no answer")));
    nodes[1].usable = false;
    const Route fallback = choose(Intent::Operational, nodes, 10);
    QCOMPARE(fallback.node, QStringLiteral("primary"));
    QCOMPARE(fallback.passedOver.first(), QStringLiteral("replica-1: no answer for 0.9 s"));
    QVERIFY(!fallback.readOnly);
}

void TestRouter::unknownLagIsNotZero()
{
    const Route route = choose(Intent::Operational, cluster(std::nullopt, std::nullopt, std::nullopt), 10);
    QCOMPARE(route.node, QStringLiteral("primary"));
    const Route only =
        choose(Intent::Operational, {node("replica-1", EndpointRole::Replica, std::nullopt)}, 10);
    QCOMPARE(only.node, QStringLiteral("replica-1"));
    QVERIFY(!only.met);
    QVERIFY(!only.ageSeconds);
}

void TestRouter::readsGoOnWithoutThePrimary()
{
    for (const Intent intent : {Intent::Critical, Intent::Operational, Intent::Dashboard}) {
        const Route route =
            choose(intent, cluster(20.0, 30.0, 1.0, false), defaultBudget(intent).wantedSeconds);
        QVERIFY(!route.node.isEmpty());
        QVERIFY(route.node != QStringLiteral("primary"));
        QVERIFY(route.readOnly);
    }
    const Route critical = choose(Intent::Critical, cluster(0.5, 30.0, 1.0, false), 1);
    QCOMPARE(critical.node, QStringLiteral("replica-1"));
    QVERIFY(critical.reason.contains(QStringLiteral("primary is down")));
}

void TestRouter::complianceNeverLeavesTheWarehouse()
{
    auto nodes = cluster(0.1, 0.1, 10.0);
    nodes[3].usable = false;
    const Route route = choose(Intent::Compliance, nodes, std::nullopt);
    QVERIFY(route.node.isEmpty());
    QVERIFY(route.reason.contains(QStringLiteral("warehouse")));
}

void TestRouter::complianceTakesAnyAge()
{
    const auto nodes = cluster(0.1, 0.1, std::nullopt);
    const Route route = choose(Intent::Compliance, nodes, std::nullopt);
    QCOMPARE(route.node, QStringLiteral("warehouse"));
    QVERIFY(!route.ageSeconds);
    // Unless an operator has set a limit.
    const Route limited = choose(Intent::Compliance, nodes, 60);
    QVERIFY(limited.node.isEmpty());
    QCOMPARE(limited.passedOver, QStringList{QStringLiteral("warehouse: its lag is not known")});
}

void TestRouter::nothingReachable()
{
    auto nodes = cluster(0.1, 0.1, 0.1, false);
    for (NodeFreshness& one : nodes)
        one.usable = false;
    const Route route = choose(Intent::Operational, nodes, 10);
    QVERIFY(route.node.isEmpty());
    QCOMPARE(route.passedOver.size(), 3); // the warehouse is no place for operational reads
}

void TestRouter::readsItsOwnWrites()
{
    auto nodes = cluster(0.1, 0.2, 0.3);
    nodes[0].replayedLsn = QStringLiteral("0/FF");
    nodes[1].replayedLsn = QStringLiteral("1/0");
    QCOMPARE(choose(Intent::Operational, nodes, 10, QStringLiteral("0/100")).node,
             QStringLiteral("replica-2"));
    QCOMPARE(choose(Intent::Operational, nodes, 10, QStringLiteral("1/1")).node, QStringLiteral("primary"));
    QCOMPARE(choose(Intent::Operational, nodes, 10).node, QStringLiteral("replica-1"));
}

void TestRouter::stricterBudgetCounts()
{
    QCOMPARE(choose(Intent::Operational, cluster(3.0, 4.0, 1.0), 2).node, QStringLiteral("primary"));
    QCOMPARE(choose(Intent::Operational, cluster(3.0, 4.0, 1.0), 10).node, QStringLiteral("replica-1"));
}

void TestRouter::lsnText_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<bool>("valid");
    QTest::addColumn<quint64>("value");
    QTest::newRow("zero") << "0/0" << true << quint64(0);
    QTest::newRow("plain") << "0/16B3748" << true << quint64(0x16B3748);
    QTest::newRow("high half") << "A/FFFFFFFF" << true << (quint64(0xA) << 32 | 0xFFFFFFFFU);
    QTest::newRow("no slash") << "16B3748" << false << quint64(0);
    QTest::newRow("not hexadecimal") << "0/xyz" << false << quint64(0);
    QTest::newRow("too wide") << "0/1FFFFFFFF" << false << quint64(0);
    QTest::newRow("empty") << "" << false << quint64(0);
}

void TestRouter::lsnText()
{
    QFETCH(QString, text);
    QFETCH(bool, valid);
    QFETCH(quint64, value);
    const auto parsed = parseLsn(text);
    QCOMPARE(parsed.has_value(), valid);
    if (valid)
        QCOMPARE(*parsed, value);
}

void TestRouter::breakerOpensAndDoubles()
{
    using std::chrono::milliseconds;
    CircuitBreaker breaker(2, milliseconds(500), milliseconds(2000));
    const CircuitBreaker::Clock::time_point start{};
    breaker.failed(start);
    QCOMPARE(breaker.state(start), CircuitBreaker::State::Closed);
    breaker.failed(start);
    QCOMPARE(breaker.state(start + milliseconds(499)), CircuitBreaker::State::Open);
    QCOMPARE(breaker.state(start + milliseconds(500)), CircuitBreaker::State::HalfOpen);
    breaker.failed(start + milliseconds(500));
    QCOMPARE(breaker.state(start + milliseconds(1499)), CircuitBreaker::State::Open);
    QVERIFY(breaker.allows(start + milliseconds(1500)));
    for (int i = 0; i < 10; ++i)
        breaker.failed(start + milliseconds(1500));
    QVERIFY(breaker.allows(start + milliseconds(3500)));
    breaker.succeeded();
    QCOMPARE(breaker.state(start), CircuitBreaker::State::Closed);
}

void TestRouter::breakerCountsOneFailureEachTime()
{
    // Ten statements were under way when the node failed: that is one failure, not ten.
    using std::chrono::milliseconds;
    CircuitBreaker breaker(1, milliseconds(500), milliseconds(15'000));
    const CircuitBreaker::Clock::time_point start{};
    for (int i = 0; i < 10; ++i)
        breaker.failed(start + milliseconds(i));
    QVERIFY(!breaker.allows(start + milliseconds(499)));
    QVERIFY(breaker.allows(start + milliseconds(500)));
    for (int i = 0; i < 10; ++i)
        breaker.failed(start + milliseconds(500 + i));
    QVERIFY(!breaker.allows(start + milliseconds(1499)));
    QVERIFY(breaker.allows(start + milliseconds(1500)));
    breaker.succeeded();
    breaker.failed(start + milliseconds(2000));
    QVERIFY(breaker.allows(start + milliseconds(2500)));
}

void TestRouter::intentNamesRoundTrip()
{
    QCOMPARE(allIntents().size(), 8);
    for (const Intent intent : allIntents())
        QCOMPARE(intentFromName(intentName(intent)).value(), intent);
    QVERIFY(!intentFromName(u"whatever"));
}

QTEST_GUILESS_MAIN(TestRouter)
#include "tst_router.moc"
