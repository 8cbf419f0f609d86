// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include "db/backoff.h"

using atlas::db::Backoff;
using namespace std::chrono_literals;

class TestBackoff : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void doublesUpToTheLimit();
    void jitterStaysInBounds();
    void resetStartsOver();
    void manyFailuresDoNotOverflow();
};

void TestBackoff::doublesUpToTheLimit()
{
    Backoff backoff;
    // 0.5 is the middle of the jitter: no deviation.
    for (const auto expected : {500ms, 1000ms, 2000ms, 4000ms, 8000ms, 16000ms, 30000ms, 30000ms})
        QCOMPARE(backoff.next(0.5), expected);
}

void TestBackoff::jitterStaysInBounds()
{
    for (const double random : {0.0, 0.25, 0.999999}) {
        Backoff backoff;
        const auto pause = backoff.next(random);
        QVERIFY(pause >= 375ms && pause <= 625ms);
    }
    Backoff a;
    Backoff b;
    QVERIFY(a.next(0.1) != b.next(0.9));
}

void TestBackoff::resetStartsOver()
{
    Backoff backoff;
    backoff.next(0.5);
    backoff.next(0.5);
    QCOMPARE(backoff.failures(), 2);
    backoff.reset();
    QCOMPARE(backoff.next(0.5), 500ms);
}

void TestBackoff::manyFailuresDoNotOverflow()
{
    Backoff backoff;
    for (int i = 0; i < 1000; ++i) {
        const auto pause = backoff.next(0.999);
        QVERIFY(pause > 0ms && pause <= 37500ms);
    }
}

QTEST_APPLESS_MAIN(TestBackoff)
#include "tst_backoff.moc"
