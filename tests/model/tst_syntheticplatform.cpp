// SPDX-License-Identifier: GPL-3.0-or-later
// The synthetic platform: reproducible, of the promised size and shape, with the planted causes in it.
#include <QHash>
#include <QTest>

#include <algorithm>
#include <set>

#include "model/ingest/json.h"
#include "model/ingest/platform/load.h"
#include "model/ingest/platform/platform.h"

using namespace atlas;
using namespace atlas::ingest;

namespace {

constexpr std::int64_t someTime = 1'780'000'000'000'000;

PlatformOptions options(int entities = 20'000, int attributes = 10'000, std::uint64_t seed = 1)
{
    return {seed, entities, attributes, someTime};
}

std::string dump(const Platform& platform, int tenant, int first, int last)
{
    Batch batch(1, "test");
    Platform::AttributeNumbers numbers = platform.attributeNumbers(tenant);
    for (int i = first; i < last; ++i)
        platform.writeEntity(tenant, i, batch, numbers);
    return batch.entitiesCopy() + batch.attributesCopy() + batch.valuesCopy();
}

/// attribute name → text of the value, for one asset.
QHash<QString, QString> valuesOf(const Platform& platform, int tenant, int index)
{
    Batch batch(1, "test");
    Platform::AttributeNumbers numbers = platform.attributeNumbers(tenant);
    platform.writeEntity(tenant, index, batch, numbers);
    QStringList names;
    const QList<QByteArray> attributeLines = QByteArray::fromStdString(batch.attributesCopy()).split('\n');
    for (const QByteArray& line : attributeLines)
        names.append(QString::fromUtf8(line.split('\t').value(1)));
    QHash<QString, QString> values;
    const QList<QByteArray> valueLines = QByteArray::fromStdString(batch.valuesCopy()).split('\n');
    for (const QByteArray& line : valueLines) {
        const QList<QByteArray> columns = line.split('\t');
        if (columns.size() == 7)
            values.insert(names[columns[1].toInt()],
                          QString::fromUtf8(columns[3] == "\\N" ? columns[4] : columns[3]));
    }
    return values;
}

double mean(const QList<double>& numbers)
{
    double sum = 0;
    for (const double n : numbers)
        sum += n;
    return numbers.isEmpty() ? 0 : sum / static_cast<double>(numbers.size());
}

} // namespace

class TestSyntheticPlatform : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void sameSeedSamePlatform();
    void otherSeedOtherPlatform();
    void anyPartOnItsOwn();
    void sizes();
    void everyAttributeOccurs();
    void twentyValuesAnEntity();
    void rareOnesFollowAPowerLaw();
    void allTypes();
    void valuesAreValid();
    void hotFirmware();
    void doorSensors();
    void weakBatteries();
    void historyMeetsTheCurrentValue();
    void planCoversEverythingOnce();
    void planIdentities();
    void tinyPlatform();
};

void TestSyntheticPlatform::sameSeedSamePlatform()
{
    const Platform a(options());
    const Platform b(options());
    for (int t = 0; t < a.tenantCount(); ++t)
        QVERIFY(dump(a, t, 0, 15) == dump(b, t, 0, 15));
}

void TestSyntheticPlatform::otherSeedOtherPlatform()
{
    const Platform a(options());
    const Platform b(options(20'000, 10'000, 2));
    QVERIFY(dump(a, 0, 0, 15) != dump(b, 0, 0, 15));
    // Names of assets do not depend on the seed: telemetry finds them without knowing it.
    QCOMPARE(Platform::entityId(*a.tenant(0).kind, 41), Platform::entityId(*b.tenant(0).kind, 41));
    QCOMPARE(Platform::entityId(*a.tenant(0).kind, 41), std::string("TRK-00042"));
}

void TestSyntheticPlatform::anyPartOnItsOwn()
{
    // A writer that makes entity 500 first must give it the same values as one that came past 0 to 499.
    const Platform platform(options());
    QCOMPARE(valuesOf(platform, 1, 500), valuesOf(Platform(options()), 1, 500));
}

void TestSyntheticPlatform::sizes()
{
    const Platform platform(options(200'000));
    QList<int> entities;
    int attributes = 0;
    for (int t = 0; t < platform.tenantCount(); ++t) {
        entities.append(platform.tenant(t).entities);
        attributes += static_cast<int>(platform.tenant(t).attributes.size());
        std::set<std::string> names;
        for (const AttributeSpec& spec : platform.tenant(t).attributes) {
            QVERIFY2(names.insert(spec.name).second, spec.name.c_str());
            QCOMPARE(nameProblem(spec.name, NameKind::Attribute), nullptr);
        }
    }
    QCOMPARE(entities, (QList<int>{110'000, 50'000, 28'000, 11'800, 200}));
    QCOMPARE(attributes, 10'000);
}

void TestSyntheticPlatform::everyAttributeOccurs()
{
    const Platform platform(options(5'000, 3'000));
    for (int t = 0; t < platform.tenantCount(); ++t) {
        Batch batch(1, "test");
        Platform::AttributeNumbers numbers = platform.attributeNumbers(t);
        for (int i = 0; i < platform.tenant(t).entities; ++i)
            platform.writeEntity(t, i, batch, numbers);
        const auto missing = std::count(numbers.begin() + platform.tenant(t).commonCount, numbers.end(), -1);
        QCOMPARE(missing, 0);
    }
}

void TestSyntheticPlatform::twentyValuesAnEntity()
{
    const Platform platform(options(200'000));
    for (int t = 0; t < platform.tenantCount() - 1; ++t) {
        Batch batch(1, "test");
        Platform::AttributeNumbers numbers = platform.attributeNumbers(t);
        for (int i = 0; i < 4'000; ++i)
            platform.writeEntity(t, i, batch, numbers);
        const double each = static_cast<double>(batch.rows()) / 4'000;
        QVERIFY2(each > 18 && each < 23, qPrintable(QStringLiteral("tenant %1: %2").arg(t).arg(each)));
    }
}

void TestSyntheticPlatform::rareOnesFollowAPowerLaw()
{
    const Platform platform(options(40'000, 5'000));
    const Platform::Tenant& trucks = platform.tenant(0);
    QHash<QString, int> counts;
    for (int i = 0; i < 6'000; ++i) {
        const auto values = valuesOf(platform, 0, i);
        for (auto it = values.begin(); it != values.end(); ++it)
            ++counts[it.key()];
    }
    const auto decade = [&](int from, int to) {
        int sum = 0;
        for (int rank = from; rank < to; ++rank)
            sum += counts.value(QString::fromStdString(
                trucks.attributes.at(std::size_t(trucks.commonCount) + std::size_t(rank)).name));
        return sum;
    };
    // Zipf: each tenfold range of ranks has about the same number of values in all…
    const double first = decade(0, 10);
    const double second = decade(10, 100);
    const double third = decade(100, 1000);
    QVERIFY2(first > 500 && second > 500,
             qPrintable(QStringLiteral("%1 %2 %3").arg(first).arg(second).arg(third)));
    QVERIFY2(second / first > 0.5 && second / first < 2.0,
             qPrintable(QStringLiteral("%1 %2").arg(first).arg(second)));
    QVERIFY2(third / second > 0.5 && third / second < 2.0,
             qPrintable(QStringLiteral("%1 %2").arg(second).arg(third)));
    // …so most attribute types are rare.
    int rare = 0;
    for (std::size_t a = static_cast<std::size_t>(trucks.commonCount); a < trucks.attributes.size(); ++a)
        rare += counts.value(QString::fromStdString(trucks.attributes[a].name)) < 60; // of 6,000
    QVERIFY2(rare > static_cast<int>(trucks.attributes.size()) * 8 / 10, qPrintable(QString::number(rare)));
}

void TestSyntheticPlatform::allTypes()
{
    const Platform platform(options());
    for (int t = 0; t < platform.tenantCount(); ++t) {
        std::set<ValueType> types;
        for (int i = 0; i < platform.tenant(t).commonCount; ++i)
            types.insert(platform.tenant(t).attributes[static_cast<std::size_t>(i)].type);
        QCOMPARE(types.size(), std::size_t(5));
    }
}

void TestSyntheticPlatform::valuesAreValid()
{
    const Platform platform(options(10'000, 4'000));
    for (int t = 0; t < platform.tenantCount(); ++t) {
        QHash<QString, ValueType> types;
        for (const AttributeSpec& spec : platform.tenant(t).attributes)
            types.insert(QString::fromStdString(spec.name), spec.type);
        for (int i = 0; i < std::min(300, platform.tenant(t).entities); ++i) {
            const auto values = valuesOf(platform, t, i);
            for (auto it = values.begin(); it != values.end(); ++it) {
                const std::string text = it.value().toStdString();
                ValueColumns columns;
                switch (types.value(it.key())) {
                case ValueType::Number:
                    QCOMPARE(encodeNumber(text, columns), nullptr);
                    QVERIFY2(!columns.hasExact, text.c_str()); // written without it: must need none
                    break;
                case ValueType::Json: {
                    JsonReader reader(text);
                    std::string compact;
                    const char* unstorable = nullptr;
                    QVERIFY2(reader.compactValue(compact, unstorable) && reader.atEnd() && !unstorable,
                             text.c_str());
                    QCOMPARE(compact, text);
                    break;
                }
                case ValueType::String:
                    QVERIFY(isUtf8(text) && countCharacters(text) <= maxSearchCharacters && !text.empty());
                    break;
                default:
                    break;
                }
            }
        }
    }
}

void TestSyntheticPlatform::hotFirmware()
{
    const Platform platform(options());
    QList<double> hot;
    QList<double> sameFirmware;
    QList<double> sameRegion;
    for (int i = 0; i < 6'000; ++i) {
        const auto v = valuesOf(platform, 0, i);
        if (v.value(QStringLiteral("status")) != QLatin1String("active") ||
            !v.contains(QStringLiteral("engine.coolant_temp")))
            continue;
        const double temp = v.value(QStringLiteral("engine.coolant_temp")).toDouble();
        const bool firmware = v.value(QStringLiteral("firmware")) == QLatin1String("4.2.1");
        const bool region = v.value(QStringLiteral("region")) == QLatin1String("eu-south");
        if (firmware && region)
            hot.append(temp);
        else if (firmware)
            sameFirmware.append(temp);
        else if (region && v.contains(QStringLiteral("firmware")))
            sameRegion.append(temp);
    }
    QVERIFY(hot.size() > 50);
    QVERIFY(mean(hot) > mean(sameFirmware) + 12);
    QVERIFY(mean(hot) > mean(sameRegion) + 12);
}

void TestSyntheticPlatform::doorSensors()
{
    const Platform platform(options());
    int open = 0;
    int all = 0;
    int otherOpen = 0;
    int otherAll = 0;
    for (int i = 0; i < platform.tenant(2).entities; ++i) {
        const auto v = valuesOf(platform, 2, i);
        if (!v.contains(QStringLiteral("door_open")) || !v.contains(QStringLiteral("door_sensor.batch")))
            continue;
        const bool batch = v.value(QStringLiteral("door_sensor.batch")) == QLatin1String("DS-2209");
        const bool isOpen = v.value(QStringLiteral("door_open")) == QLatin1String("1");
        (batch ? open : otherOpen) += isOpen;
        ++(batch ? all : otherAll);
    }
    QVERIFY(all > 100 && otherAll > 500);
    QVERIFY(static_cast<double>(open) / all > 0.3);
    QVERIFY(static_cast<double>(otherOpen) / otherAll < 0.08);
}

void TestSyntheticPlatform::weakBatteries()
{
    const Platform platform(options());
    QList<double> young;
    QList<double> old;
    for (int i = 0; i < platform.tenant(3).entities; ++i) {
        const auto v = valuesOf(platform, 3, i);
        (v.value(QStringLiteral("battery.age")).toDouble() < 2 ? young : old)
            .append(v.value(QStringLiteral("battery_voltage")).toDouble());
    }
    QVERIFY(mean(young) > mean(old) + 0.2);
}

void TestSyntheticPlatform::historyMeetsTheCurrentValue()
{
    // The chart of one asset must not jump where history ends: same time, same value.
    const Platform platform(options());
    Batch a(1, "test");
    Batch b(1, "test");
    auto numbersA = platform.attributeNumbers(0);
    auto numbersB = platform.attributeNumbers(0);
    platform.writeTelemetry(0, 3, someTime - hour, a, numbersA);
    platform.writeTelemetry(0, 3, someTime - hour, b, numbersB);
    QVERIFY(a.rows() > 0);
    QCOMPARE(a.valuesCopy(), b.valuesCopy());
}

void TestSyntheticPlatform::planCoversEverythingOnce()
{
    const Platform platform(options(50'000));
    std::vector<std::vector<int>> seen(static_cast<std::size_t>(platform.tenantCount()));
    for (int t = 0; t < platform.tenantCount(); ++t)
        seen[static_cast<std::size_t>(t)].resize(static_cast<std::size_t>(platform.tenant(t).entities));
    LoadItem::Stage stage = LoadItem::Stage::Catalogue;
    for (const LoadItem& item : loadPlan(platform, 10'000)) {
        QVERIFY(item.stage >= stage); // the writers rely on it
        stage = item.stage;
        if (item.stage == LoadItem::Stage::Entities) {
            for (int i = item.first; i < item.last; ++i)
                ++seen[static_cast<std::size_t>(item.tenant)][static_cast<std::size_t>(i)];
        }
    }
    QVERIFY(stage == LoadItem::Stage::Complete);
    for (const std::vector<int>& tenant : seen)
        QVERIFY(std::all_of(tenant.begin(), tenant.end(), [](int n) { return n == 1; }));
}

void TestSyntheticPlatform::planIdentities()
{
    const Platform platform(options());
    std::set<std::string> words;
    for (const LoadItem& item : loadPlan(platform)) {
        QVERIFY(words.insert(loadWords(platform.options(), item)).second);
        QVERIFY(words.insert(loadWords(options(20'000, 10'000, 2), item)).second);
    }
}

void TestSyntheticPlatform::tinyPlatform()
{
    const Platform platform(options(5, 200));
    int entities = 0;
    for (int t = 0; t < platform.tenantCount(); ++t) {
        entities += platform.tenant(t).entities;
        QVERIFY(platform.tenant(t).entities >= 1);
        QVERIFY(!dump(platform, t, 0, 1).empty());
    }
    QVERIFY(entities >= 5);
    QVERIFY(!loadPlan(platform).empty());
}

QTEST_GUILESS_MAIN(TestSyntheticPlatform)
#include "tst_syntheticplatform.moc"
