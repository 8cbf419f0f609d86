// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "db/mailbox.h"

using atlas::db::Mailbox;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// The one place where this layer's threads meet; made to run under ThreadSanitizer.
class TestMailbox : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void firstPostWakes();
    void keepsOrder();
    void closedBoxDrops();
    void waitEndsOnCloseAndDeadline();
    void manyPostersLoseNothing();
    void wakeUpsAreEnough();
    void closingWhilePosting();
};

void TestMailbox::firstPostWakes()
{
    Mailbox<int> box;
    QCOMPARE(box.post(1), Mailbox<int>::Posted::First);
    QCOMPARE(box.post(2), Mailbox<int>::Posted::Queued);
    QCOMPARE(box.takeAll().size(), std::size_t(2));
    QCOMPARE(box.post(3), Mailbox<int>::Posted::First);
    QVERIFY(box.waitAndTake(Clock::now()).has_value());
    QCOMPARE(box.post(4), Mailbox<int>::Posted::First);
}

void TestMailbox::keepsOrder()
{
    Mailbox<int> box;
    for (int i = 0; i < 100; ++i)
        box.post(i);
    for (int i = 0; i < 50; ++i)
        QCOMPARE(box.waitAndTake(Clock::now()), std::optional<int>(i));
    int expected = 50;
    for (const int item : box.takeAll())
        QCOMPARE(item, expected++);
    QCOMPARE(expected, 100);
    QVERIFY(box.takeAll().empty());
}

void TestMailbox::closedBoxDrops()
{
    Mailbox<std::shared_ptr<int>> box;
    const auto before = std::make_shared<int>(1);
    const auto after = std::make_shared<int>(2);
    box.post(before);
    box.close();
    QCOMPARE(box.post(after), Mailbox<std::shared_ptr<int>>::Posted::Closed);
    QCOMPARE(after.use_count(), 1L);
    QCOMPARE(box.takeAll().size(), std::size_t(1));
    QVERIFY(box.isClosed());
}

void TestMailbox::waitEndsOnCloseAndDeadline()
{
    Mailbox<int> box;
    const auto start = Clock::now();
    QVERIFY(!box.waitAndTake(start + 20ms).has_value());
    QVERIFY(Clock::now() - start >= 20ms);
    std::thread closer([&box] { box.close(); });
    QVERIFY(!box.waitAndTake(Clock::now() + 1h).has_value());
    closer.join();
}

void TestMailbox::manyPostersLoseNothing()
{
    constexpr int Posters = 4;
    constexpr int Each = 20'000;
    struct Item
    {
        int poster;
        int number;
        std::unique_ptr<int> payload; // written by the poster, read by the taker: what TSan looks at
    };
    Mailbox<Item> box;
    std::vector<std::thread> posters;
    for (int p = 0; p < Posters; ++p) {
        posters.emplace_back([&box, p] {
            for (int i = 0; i < Each; ++i)
                box.post({p, i, std::make_unique<int>(p * Each + i)});
        });
    }
    std::vector<int> next(Posters, 0);
    int taken = 0;
    while (taken < Posters * Each) {
        const auto item = box.waitAndTake(Clock::now() + 30s);
        QVERIFY(item.has_value());
        QCOMPARE(item->number, next[std::size_t(item->poster)]++);
        QCOMPARE(*item->payload, item->poster * Each + item->number);
        ++taken;
    }
    for (auto& poster : posters)
        poster.join();
    QVERIFY(box.takeAll().empty());
}

void TestMailbox::wakeUpsAreEnough()
{
    // A taker that only looks when it has been told, as the I/O thread does, must still see everything.
    constexpr int Items = 50'000;
    Mailbox<int> box;
    Mailbox<bool> bell;
    std::thread poster([&] {
        for (int i = 0; i < Items; ++i) {
            if (box.post(i) == Mailbox<int>::Posted::First)
                bell.post(true);
        }
    });
    int seen = 0;
    while (seen < Items) {
        if (!bell.waitAndTake(Clock::now() + 30s))
            break;
        for (const int item : box.takeAll()) {
            if (item != seen)
                break;
            ++seen;
        }
    }
    poster.join();
    QCOMPARE(seen, Items);
}

void TestMailbox::closingWhilePosting()
{
    for (int round = 0; round < 200; ++round) {
        Mailbox<std::shared_ptr<int>> box;
        std::atomic<int> accepted{0};
        std::thread poster([&] {
            while (box.post(std::make_shared<int>(0)) != Mailbox<std::shared_ptr<int>>::Posted::Closed)
                ++accepted;
        });
        std::size_t taken = 0;
        while (taken < 10)
            taken += box.takeAll().size();
        box.close();
        poster.join();
        taken += box.takeAll().size();
        QCOMPARE(taken, std::size_t(accepted));
    }
}

QTEST_APPLESS_MAIN(TestMailbox)
#include "tst_mailbox.moc"
