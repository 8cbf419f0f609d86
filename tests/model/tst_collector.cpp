// SPDX-License-Identifier: GPL-3.0-or-later
// The collector over a made-up /proc, and over the real one.
#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <set>

#include <unistd.h>

#include "model/ingest/collector/collector.h"

using namespace atlas;
using namespace atlas::ingest;

class TestCollector : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void ratesNeedTwoLooks();
    void oddProcessNames();
    void youngProcessesAreLeftOut();
    void onlyChangesAreSent();
    void whatHasGoneIsCleared();
    void chosenProcessesAreFollowed();
    void aProcessThatLivesIsPresent();
    void earlierRunIsCleared();
    void brokenFilesAreLeftOut();
    void thisMachine();

private:
    void put(const QString& path, const QByteArray& text);
    void process(int pid, const QByteArray& name, int start, int ticks);
    const Reading* find(const std::vector<Reading>& readings, const std::string& id);
    QString value(const Reading* reading, const char* attribute);
    /// What the batch says of it; "cleared", or "not sent".
    QString sent(const Batch& batch, const QByteArray& id, const QByteArray& attribute);
    std::unique_ptr<QTemporaryDir> m_dir;
    CollectorOptions m_options;
};

void TestCollector::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    m_options.proc = m_dir->filePath(QStringLiteral("proc")).toStdString();
    m_options.sys = m_dir->filePath(QStringLiteral("sys")).toStdString();
    put(QStringLiteral("proc/sys/kernel/hostname"), "box\n");
    put(QStringLiteral("proc/uptime"), "1000.00 900.00\n");
    put(QStringLiteral("proc/stat"),
        "cpu  100 0 50 850 0 0 0 0 0 0\ncpu0 100 0 50 850 0 0 0 0 0 0\nctxt 5000\nbtime 1700000000\n");
    put(QStringLiteral("proc/meminfo"), "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 250 kB\n");
    process(10, "init", 0, 100);
}

void TestCollector::put(const QString& path, const QByteArray& text)
{
    const QString full = m_dir->filePath(path);
    QDir().mkpath(QFileInfo(full).path());
    QFile file(full);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(text);
}

void TestCollector::process(int pid, const QByteArray& name, int start, int ticks)
{
    const QByteArray id = QByteArray::number(pid);
    put(QStringLiteral("proc/%1/stat").arg(pid), id + " (" + name + ") S 1 0 0 0 0 0 7 0 0 0 " +
                                                     QByteArray::number(ticks) + " 0 0 0 20 0 3 0 " +
                                                     QByteArray::number(start) + " 4096000 50 0\n");
}

const Reading* TestCollector::find(const std::vector<Reading>& readings, const std::string& id)
{
    for (const Reading& reading : readings) {
        if (reading.id == id)
            return &reading;
    }
    return nullptr;
}

QString TestCollector::value(const Reading* reading, const char* attribute)
{
    if (reading) {
        for (const auto& [name, columns] : reading->values) {
            if (name == attribute)
                return QString::fromStdString(columns.hasNum ? columns.num : columns.text);
        }
    }
    return QStringLiteral("none");
}

QString TestCollector::sent(const Batch& batch, const QByteArray& id, const QByteArray& attribute)
{
    const auto number = [](const std::string& copy, const QByteArray& wanted) {
        for (const QByteArray& line : QByteArray::fromStdString(copy).split('\n')) {
            const QByteArrayList words = line.split('\t');
            if (words.size() > 1 && words[1] == wanted)
                return words[0];
        }
        return QByteArray("none");
    };
    const QByteArray key =
        number(batch.entitiesCopy(), id) + '\t' + number(batch.attributesCopy(), attribute) + '\t';
    for (const QByteArray& line : QByteArray::fromStdString(batch.valuesCopy()).split('\n')) {
        if (!line.startsWith(key))
            continue;
        const QByteArrayList words = line.split('\t');
        if (words[3] == "\\N" && words[4] == "\\N")
            return QStringLiteral("cleared");
        return QString::fromUtf8(words[3] == "\\N" ? words[4] : words[3]);
    }
    return QStringLiteral("not sent");
}

void TestCollector::ratesNeedTwoLooks()
{
    Collector collector(m_options);
    auto first = collector.collect(1'000'000);
    QCOMPARE(value(find(first, "host"), "context_switches"), QStringLiteral("none"));
    QCOMPARE(value(find(first, "host"), "memory.used_percent"), QStringLiteral("75"));
    QCOMPARE(value(find(first, "host"), "booted_at"), QStringLiteral("1700000000000000"));
    put(QStringLiteral("proc/stat"),
        "cpu  150 0 50 900 0 0 0 0 0 0\ncpu0 150 0 50 900 0 0 0 0 0 0\nctxt 5300\nbtime 1700000000\n");
    process(10, "init", 0, 200);
    auto second = collector.collect(3'000'000);
    QCOMPARE(value(find(second, "host"), "context_switches"), QStringLiteral("150"));
    QCOMPARE(value(find(second, "cpu/0"), "cpu.usage"), QStringLiteral("50"));
    QCOMPARE(value(find(second, "process/10@0"), "process.cpu"),
             QStringLiteral("%1").arg(100.0 * (100.0 / static_cast<double>(sysconf(_SC_CLK_TCK))) / 2));
    // A counter that went back (a device came anew) gives no rate rather than a negative one.
    put(QStringLiteral("proc/stat"), "cpu  1 0 1 1 0 0 0 0 0 0\nctxt 3\nbtime 1700000000\n");
    QCOMPARE(value(find(collector.collect(4'000'000), "host"), "context_switches"), QStringLiteral("none"));
}

void TestCollector::oddProcessNames()
{
    process(11, "a) S 1 (b", 5, 1);
    process(12, "bad\xFF name", 5, 1);
    Collector collector(m_options);
    const auto readings = collector.collect(1'000'000);
    const Reading* odd = find(readings, "process/11@5");
    QVERIFY(odd);
    QCOMPARE(QString::fromStdString(odd->name), QStringLiteral("a) S 1 (b (11)"));
    const Reading* bytes = find(readings, "process/12@5");
    QVERIFY(bytes && isUtf8(bytes->name));
}

void TestCollector::youngProcessesAreLeftOut()
{
    const long ticks = sysconf(_SC_CLK_TCK);
    process(20, "young", static_cast<int>(995 * ticks), 1);
    process(21, "older", static_cast<int>(980 * ticks), 1);
    Collector collector(m_options);
    const auto readings = collector.collect(1'000'000);
    QVERIFY(!find(readings, "process/20@" + std::to_string(995 * ticks)));
    QVERIFY(find(readings, "process/21@" + std::to_string(980 * ticks)));
}

void TestCollector::onlyChangesAreSent()
{
    Collector collector(m_options);
    Batch batch(1, "collect");
    collector.addChanges(collector.collect(1'000'000), 1'000'000, batch);
    QVERIFY(batch.rows() > 5);
    batch.reset();
    collector.addChanges(collector.collect(2'000'000), 2'000'000, batch);
    batch.reset(); // rates came
    collector.addChanges(collector.collect(3'000'000), 3'000'000, batch);
    QCOMPARE(batch.rows(), std::int64_t(0));
    put(QStringLiteral("proc/meminfo"), "MemTotal: 1000 kB\nMemFree: 101 kB\nMemAvailable: 250 kB\n");
    collector.addChanges(collector.collect(4'000'000), 4'000'000, batch);
    QCOMPARE(batch.rows(), std::int64_t(1));
    QCOMPARE(QByteArray::fromStdString(batch.valuesCopy()),
             QByteArray("0\t0\t1970-01-01T00:00:04Z\t103424\t\\N\t\\N\t\\N\n"));
}

void TestCollector::whatHasGoneIsCleared()
{
    process(30, "leaves", 5, 1);
    Collector collector(m_options);
    Batch batch(1, "collect");
    collector.addChanges(collector.collect(1'000'000), 1'000'000, batch);
    QDir(m_dir->filePath(QStringLiteral("proc/30"))).removeRecursively();
    batch.reset();
    collector.addChanges(collector.collect(1'000'000), 2'000'000, batch);
    const QByteArray entities = QByteArray::fromStdString(batch.entitiesCopy());
    QVERIFY(entities.contains("process/30@5\t\\N\t\\N"));
    const QByteArray attributes = QByteArray::fromStdString(batch.attributesCopy());
    QVERIFY(attributes.contains("process.resident"));
    QVERIFY(!attributes.contains("process.command"));
    const QByteArray values = QByteArray::fromStdString(batch.valuesCopy());
    QVERIFY(values.contains("\t\\N\t\\N\t\\N\t\\N\n")); // cleared
    QVERIFY(values.contains("\t0\t\\N\t\\N\t\\N\n"));   // present is false
    batch.reset();
    collector.addChanges(collector.collect(3'000'000), 3'000'000, batch);
    QVERIFY(!QByteArray::fromStdString(batch.entitiesCopy()).contains("process/30"));
}

void TestCollector::chosenProcessesAreFollowed()
{
    process(11, "first", 5, 100);
    process(12, "second", 5, 100);
    m_options.processes = 2;
    m_options.processesInAll = 3;
    Collector collector(m_options);
    const auto first = collector.collect(1'000'000);
    QVERIFY(find(first, "process/10@0") && find(first, "process/11@5") && !find(first, "process/12@5"));
    // The choice is another one now, and 11 is no part of it.
    process(12, "second", 5, 500);
    const auto second = collector.collect(2'000'000);
    QVERIFY(find(second, "process/12@5"));
    QVERIFY(find(second, "process/11@5"));
    // Its end is its end.
    QDir(m_dir->filePath(QStringLiteral("proc/11"))).removeRecursively();
    QVERIFY(!find(collector.collect(3'000'000), "process/11@5"));
}

void TestCollector::aProcessThatLivesIsPresent()
{
    process(11, "first", 5, 100);
    process(12, "second", 5, 100);
    m_options.processes = 2;
    m_options.processesInAll = 2;
    Collector collector(m_options);
    Batch batch(1, "collect");
    collector.addChanges(collector.collect(1'000'000), 1'000'000, batch);
    QCOMPARE(sent(batch, "process/11@5", "present"), QStringLiteral("1"));
    // Another one takes its place: what it measured ends, it does not.
    process(12, "second", 5, 500);
    batch.reset();
    auto readings = collector.collect(2'000'000);
    QVERIFY(!find(readings, "process/11@5"));
    collector.addChanges(readings, 2'000'000, batch);
    QCOMPARE(sent(batch, "process/12@5", "present"), QStringLiteral("1"));
    QCOMPARE(sent(batch, "process/11@5", "process.resident"), QStringLiteral("cleared"));
    QCOMPARE(sent(batch, "process/11@5", "process.pid"), QStringLiteral("not sent"));
    QCOMPARE(sent(batch, "process/11@5", "present"), QStringLiteral("not sent"));
    // It is told once.
    process(12, "second", 5, 900);
    batch.reset();
    collector.addChanges(collector.collect(3'000'000), 3'000'000, batch);
    QVERIFY(!QByteArray::fromStdString(batch.entitiesCopy()).contains("process/11@5"));
    // It comes back with its measurements alone.
    process(11, "first", 5, 900);
    batch.reset();
    readings = collector.collect(4'000'000);
    QVERIFY(find(readings, "process/11@5"));
    collector.addChanges(readings, 4'000'000, batch);
    QVERIFY(sent(batch, "process/11@5", "process.resident").toDouble() > 0);
    QCOMPARE(sent(batch, "process/11@5", "present"), QStringLiteral("not sent"));
    QCOMPARE(sent(batch, "process/11@5", "process.command"), QStringLiteral("not sent"));
    // Looked at or not, its end is told.
    process(12, "second", 5, 5'000);
    batch.reset();
    collector.addChanges(collector.collect(5'000'000), 5'000'000, batch);
    QCOMPARE(sent(batch, "process/11@5", "process.resident"), QStringLiteral("cleared"));
    QDir(m_dir->filePath(QStringLiteral("proc/11"))).removeRecursively();
    batch.reset();
    collector.addChanges(collector.collect(6'000'000), 6'000'000, batch);
    QCOMPARE(sent(batch, "process/11@5", "present"), QStringLiteral("0"));
}

void TestCollector::earlierRunIsCleared()
{
    Collector collector(m_options);
    collector.remember("process/99@1", "process.resident", ValueType::Number);
    Batch batch(1, "collect");
    collector.addChanges(collector.collect(1'000'000), 1'000'000, batch);
    QVERIFY(QByteArray::fromStdString(batch.entitiesCopy()).contains("process/99@1"));
}

void TestCollector::brokenFilesAreLeftOut()
{
    put(QStringLiteral("proc/stat"), "cpu\nctxt\ncpu0 x y\n");
    put(QStringLiteral("proc/meminfo"), "MemTotal:\nnothing\n");
    put(QStringLiteral("proc/40/stat"), "40 (cut");
    put(QStringLiteral("proc/diskstats"), "8 0\n");
    put(QStringLiteral("proc/net/dev"), "a:1 2\nb\n");
    put(QStringLiteral("proc/loadavg"), "");
    Collector collector(m_options);
    QVERIFY(find(collector.collect(1'000'000), "host"));
}

void TestCollector::thisMachine()
{
    CollectorOptions real;
    real.minProcessAge = 0;
    Collector collector(real);
    collector.collect(1'000'000);
    const std::vector<Reading> readings = collector.collect(2'000'000);
    std::set<std::string> attributes;
    std::set<std::string> kinds;
    int processes = 0;
    for (const Reading& reading : readings) {
        kinds.insert(reading.type);
        processes += reading.type == "process";
        QCOMPARE(nameProblem(reading.id, NameKind::EntityId), nullptr);
        for (const auto& [name, columns] : reading.values) {
            attributes.insert(name);
            QVERIFY2(!columns.isCleared(), name.c_str());
        }
    }
    QVERIFY(kinds.contains("host") && kinds.contains("process"));
    QVERIFY(processes >= 1 && processes <= std::max(real.processes, real.processesInAll));
    QVERIFY2(attributes.size() >= 50, qPrintable(QString::number(attributes.size())));
}

QTEST_GUILESS_MAIN(TestCollector)
#include "tst_collector.moc"
