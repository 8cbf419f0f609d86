// SPDX-License-Identifier: GPL-3.0-or-later
// Jobs on several threads, in order within a lane.
#include <QTest>

#include <array>
#include <atomic>
#include <future>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "model/ingest/lanerunner.h"

using namespace atlas::ingest;

class TestLaneRunner : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void sharesCoverEveryLaneOnce();
    void inOrderWithinALaneAndNeverTwoAtOnce();
    void otherLanesGoOn();
    void aWideJobIsNotOvertaken();
    void noMoreThreadsThanJobs();
    void roomIsBounded();
    void afterAFailureNothingBegins();
    void abandonedWaitsForWhatRuns();
};

void TestLaneRunner::sharesCoverEveryLaneOnce()
{
    for (const int parts : {1, 2, 4, 8, 16}) {
        LaneRunner::Lanes all = 0;
        for (int i = 0; i < parts; ++i) {
            QVERIFY(LaneRunner::share(i, parts) != 0);
            QCOMPARE(all & LaneRunner::share(i, parts), LaneRunner::Lanes{0});
            all |= LaneRunner::share(i, parts);
        }
        QCOMPARE(all, LaneRunner::allLanes);
    }
}

void TestLaneRunner::inOrderWithinALaneAndNeverTwoAtOnce()
{
    constexpr std::size_t lanes = LaneRunner::laneCount;
    std::array<std::atomic<int>, lanes> running{};
    std::array<int, lanes> last{}; // no atomics: jobs of one lane are one after another
    std::atomic<bool> wrong{false};
    std::mt19937 random(7);
    int added = 0;
    {
        LaneRunner runner(5, 1000);
        for (int i = 1; i <= 3000; ++i) {
            const int parts = 1 << (random() % 5);
            const LaneRunner::Lanes mask = LaneRunner::share(static_cast<int>(random()) & (parts - 1), parts);
            QVERIFY(runner.waitForRoom(1));
            runner.add(mask, 1, [&, mask, i](int) {
                for (std::size_t lane = 0; lane < lanes; ++lane) {
                    if ((mask >> lane & 1) == 0)
                        continue;
                    if (running[lane]++ != 0 || last[lane] >= i)
                        wrong = true;
                    last[lane] = i;
                }
                for (std::size_t lane = 0; lane < lanes; ++lane)
                    running[lane] -= static_cast<int>(mask >> lane & 1);
                return true;
            });
            ++added;
        }
        QVERIFY(runner.finish());
    }
    QVERIFY(!wrong);
    QCOMPARE(added, 3000);
    for (const int i : last)
        QVERIFY(i > 2900); // each lane had its turn to the end
}

void TestLaneRunner::otherLanesGoOn()
{
    std::promise<void> open;
    const std::shared_future<void> opened = open.get_future().share();
    std::atomic<int> others{0};
    LaneRunner runner(2, 100);
    runner.add(1, 1, [opened](int) {
        opened.wait();
        return true;
    });
    for (int i = 0; i < 10; ++i) {
        runner.add(1, 1, [&](int) { return others == 10; }); // waits for the first
        runner.add(2, 1, [&](int) {
            ++others;
            return true;
        });
    }
    QTRY_COMPARE_WITH_TIMEOUT(others.load(), 10, 10'000);
    open.set_value();
    QVERIFY(runner.finish());
}

void TestLaneRunner::aWideJobIsNotOvertaken()
{
    std::promise<void> open;
    const std::shared_future<void> opened = open.get_future().share();
    std::mutex mutex;
    std::vector<int> order;
    const auto note = [&](int what) {
        return [&, what](int) {
            const std::lock_guard lock(mutex);
            order.push_back(what);
            return true;
        };
    };
    LaneRunner runner(3, 100);
    runner.add(1, 1, [opened](int) {
        opened.wait();
        return true;
    });
    runner.add(LaneRunner::allLanes, 1, note(1));
    runner.add(4, 1, note(2)); // its lane is free, but the wide job wants it first
    QTest::qWait(100);
    {
        const std::lock_guard lock(mutex);
        QVERIFY(order.empty());
    }
    open.set_value();
    QVERIFY(runner.finish());
    QCOMPARE(order, (std::vector<int>{1, 2}));
}

void TestLaneRunner::noMoreThreadsThanJobs()
{
    std::atomic<int> highest{0};
    LaneRunner runner(8, 100);
    for (int i = 0; i < 20; ++i) {
        runner.add(LaneRunner::allLanes, 1, [&](int thread) {
            highest = std::max(highest.load(), thread);
            return true;
        });
        QVERIFY(runner.finish());
        QTest::qWait(20); // for the thread to wait again
    }
    QCOMPARE(highest.load(), 0);
}

void TestLaneRunner::roomIsBounded()
{
    std::promise<void> open;
    const std::shared_future<void> opened = open.get_future().share();
    LaneRunner runner(1, 10);
    QVERIFY(runner.waitForRoom(1000)); // more than there will ever be: alone
    runner.add(1, 8, [opened](int) {
        opened.wait();
        return true;
    });
    QVERIFY(runner.waitForRoom(2));
    std::atomic<bool> waited{false};
    std::thread opener([&] {
        QTest::qSleep(200);
        waited = true;
        open.set_value();
    });
    QVERIFY(runner.waitForRoom(3));
    QVERIFY(waited);
    opener.join();
}

void TestLaneRunner::afterAFailureNothingBegins()
{
    std::promise<void> open;
    const std::shared_future<void> opened = open.get_future().share();
    std::atomic<int> ran{0};
    LaneRunner runner(1, 10);
    runner.add(1, 5, [opened](int) {
        opened.wait();
        return false;
    });
    for (int i = 0; i < 5; ++i) {
        runner.add(2, 1, [&](int) {
            ++ran;
            return true;
        });
    }
    open.set_value();
    QVERIFY(!runner.waitForRoom(5));
    QVERIFY(!runner.finish());
    runner.add(2, 1, [&](int) {
        ++ran;
        return true;
    });
    QVERIFY(!runner.finish());
    QCOMPARE(ran.load(), 0);
}

void TestLaneRunner::abandonedWaitsForWhatRuns()
{
    std::promise<void> begun;
    std::atomic<bool> over{false};
    std::atomic<bool> second{false};
    LaneRunner runner(1, 10);
    runner.add(1, 1, [&](int) {
        begun.set_value();
        QTest::qSleep(200);
        over = true;
        return true;
    });
    runner.add(1, 1, [&](int) {
        second = true;
        return true;
    });
    begun.get_future().wait();
    runner.abandon();
    QVERIFY(over);
    QVERIFY(!second);
    QVERIFY(!runner.waitForRoom(1));
}

QTEST_GUILESS_MAIN(TestLaneRunner)
#include "tst_lanerunner.moc"
