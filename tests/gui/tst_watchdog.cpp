// SPDX-License-Identifier: GPL-3.0-or-later
#include <QElapsedTimer>
#include <QTest>
#include <QTimer>

#include <thread>

#include "gui/support/watchdog.h"

using namespace std::chrono_literals;
using atlas::gui::Watchdog;

namespace {
/// At work, as a slot that computes would be.
void block(std::chrono::milliseconds time)
{
    QElapsedTimer timer;
    timer.start();
    while (timer.elapsed() < time.count()) {
    }
}
} // namespace

class TestWatchdog : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aBlockedLoopIsSeen()
    {
        // A limit far above what a loaded machine does to an idle loop, and a block far above the limit.
        Watchdog watchdog(200ms);
        watchdog.start();
        QTest::qWait(60);
        watchdog.reset();
        QTimer::singleShot(0, this, [] { block(700ms); });
        QTRY_VERIFY_WITH_TIMEOUT(watchdog.stallCount() >= 1, 5000);
        QVERIFY(watchdog.longest() >= 400ms);
        QVERIFY(watchdog.summary().contains(QStringLiteral("over 200 ms")));
    }

    void aStallThatHasNotEndedIsSeen()
    {
        Watchdog watchdog(100ms);
        watchdog.start();
        QTest::qWait(60);
        watchdog.reset();
        // No event is handled from here on.
        block(600ms);
        QVERIFY(watchdog.stallCount() >= 1);
    }

    void aWaitIsToldFromWork()
    {
        Watchdog watchdog(50ms);
        watchdog.start();
        QTest::qWait(60);
        watchdog.reset();
        QTimer::singleShot(0, this, [] { block(700ms); });
        QTRY_VERIFY_WITH_TIMEOUT(watchdog.longest() >= 400ms, 5000);
        QVERIFY2(watchdog.waitCount() == 0, qPrintable(watchdog.summary()));
        // As a call that waits for a server: no processor is used, and none is wanted.
        QTimer::singleShot(0, this, [] { std::this_thread::sleep_for(1000ms); });
        QTRY_VERIFY_WITH_TIMEOUT(watchdog.waitCount() >= 1, 5000);
        // Found asleep a hundred times when the machine is idle, less often when it is not.
        QVERIFY2(watchdog.longestWait() >= 100ms, qPrintable(watchdog.summary()));
        QVERIFY2(watchdog.longestWait() <= watchdog.longest(), qPrintable(watchdog.summary()));
    }

    void aWaitThatHasNotEndedIsSeen()
    {
        Watchdog watchdog(50ms);
        watchdog.start();
        QTest::qWait(60);
        watchdog.reset();
        // No event is handled from here on.
        std::this_thread::sleep_for(1000ms);
        QVERIFY2(watchdog.waitCount() >= 1, qPrintable(watchdog.summary()));
    }

    void anIdleLoopIsNoStall()
    {
        Watchdog watchdog(2s);
        watchdog.start();
        QTest::qWait(200);
        QCOMPARE(watchdog.stallCount(), 0);
        QCOMPARE(watchdog.waitCount(), 0);
        watchdog.stop();
        block(50ms);
        QCOMPARE(watchdog.stallCount(), 0);
    }

    void stoppingWhileBlockedReturns()
    {
        Watchdog watchdog(50ms);
        watchdog.start();
        block(120ms);
        QElapsedTimer timer;
        timer.start();
        watchdog.stop();
        QVERIFY(timer.elapsed() < 5000);
    }
};

QTEST_MAIN(TestWatchdog)
#include "tst_watchdog.moc"
