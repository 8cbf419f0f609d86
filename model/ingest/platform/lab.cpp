// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/platform/assetkind.h"

#include <array>
#include <cstdio>

namespace atlas::ingest {

namespace {

enum Attribute {
    Temperature,
    Humidity,
    Co2,
    Illuminance,
    SupplyVoltage,
    TelemetryCount,
    Kind = TelemetryCount,
    Room,
    Firmware,
    Calibrated,
    CalibrationDue,
    Enabled,
    Owner,
    SamplePeriod,
    Batch,
    Config,
    Comment,
    Ph,
    Rack
};

constexpr std::array<const char*, 5> kinds{"incubator", "fridge", "fume hood", "room sensor", "bioreactor"};
constexpr std::array<const char*, 4> rooms{"B.01", "B.02 (dark)", "B.07", "Chemie-Lager"};

struct Traits
{
    int kind;
    int room;
    int firmware;
    bool drift; ///< planted: incubators with firmware 0.9 read too much CO₂
};

Traits traitsOf(const Asset& asset)
{
    Random random = asset.stream(1);
    Traits t{};
    t.kind = random.pick(std::array<double, 5>{24, 22, 12, 30, 12});
    t.room = random.below(4);
    t.firmware = random.below(3);
    t.drift = t.kind == 0 && t.firmware == 0;
    return t;
}

class Lab final : public AssetKind
{
public:
    const char* tenant() const override { return "Basement Lab"; }
    const char* isolation() const override { return "shared"; }
    int entityShare() const override { return 1; }
    int attributeShare() const override { return 20; }
    const char* entityType() const override { return "instrument"; }
    const char* idPrefix() const override { return "LAB"; }
    const char* namePrefix() const override { return "Instrument"; }
    const char* rareTheme() const override { return "lab"; }
    int telemetryCount() const override { return TelemetryCount; }

    const std::vector<AttributeSpec>& common() const override
    {
        static const std::vector<AttributeSpec> specs{
            {"temperature", ValueType::Number, "°C", ""},
            {"humidity", ValueType::Number, "%", ""},
            {"co2", ValueType::Number, "ppm", ""},
            {"illuminance", ValueType::Number, "lx", ""},
            {"supply_voltage", ValueType::Number, "V", ""},
            {"kind", ValueType::String, "", ""},
            {"room", ValueType::String, "", ""},
            {"firmware", ValueType::String, "", ""},
            {"calibrated_at", ValueType::Timestamp, "", ""},
            {"calibration due", ValueType::Timestamp, "", ""},
            {"enabled", ValueType::Boolean, "", ""},
            {"owner", ValueType::String, "", "Who to ask"},
            {"sample_period", ValueType::Number, "s", ""},
            {"reagent.batch", ValueType::String, "", ""},
            {"config", ValueType::Json, "", ""},
            {"comment", ValueType::String, "", ""},
            {"pH", ValueType::Number, "", ""},
            {"rack", ValueType::String, "", ""},
        };
        return specs;
    }

    void writeState(const Asset& asset, AssetWriter& w, std::int64_t seen) const override
    {
        const Traits t = traitsOf(asset);
        Random random = asset.stream(2);
        const std::int64_t slow = seen - static_cast<std::int64_t>(random.unit() * 20 * hour);
        char buffer[160];
        static constexpr const char* firmwares[] = {"0.9", "1.0", "1.1-β"};
        w.text(Kind, slow, kinds[static_cast<std::size_t>(t.kind)]);
        w.text(Room, slow, rooms[static_cast<std::size_t>(t.room)]);
        w.text(Firmware, slow, firmwares[t.firmware]);
        w.timestamp(Calibrated, slow, (asset.baseTime / day - random.below(500)) * day);
        if (random.chance(0.7))
            w.timestamp(CalibrationDue, slow, (asset.baseTime / day + random.below(300)) * day);
        w.boolean(Enabled, seen, random.chance(0.9));
        static constexpr const char* owners[] = {"Ada", "Grace", "Łukasz", "José", "美咲", "O'Brien"};
        w.text(Owner, slow, owners[random.below(6)]);
        w.number(SamplePeriod, slow, random.chance(0.5) ? 0.5 : 10, 1);
        if (random.chance(0.5)) {
            std::snprintf(buffer, sizeof buffer, "Batch %c", 'A' + random.below(5));
            w.text(Batch, slow, buffer);
        }
        if (random.chance(0.6)) {
            std::snprintf(buffer, sizeof buffer,
                          R"({"gain":%d,"channels":[1,2,%d],"filter":{"kind":"iir","hz":0.%d}})",
                          1 << random.below(5), 3 + random.below(5), 1 + random.below(9));
            w.json(Config, slow, buffer);
        }
        if (random.chance(0.3))
            w.text(Comment, slow, random.chance(0.5) ? "don't touch; ask first" : "μ-stage, ±0.1 °C");
        if (t.kind == 4)
            w.number(Ph, seen, 7 + random.bell() * 0.3, 2);
        if (random.chance(0.6)) {
            std::snprintf(buffer, sizeof buffer, "R%d/%d", 1 + random.below(4), 1 + random.below(20));
            w.text(Rack, slow, buffer);
        }
    }

    void writeTelemetry(const Asset& asset, AssetWriter& w, std::int64_t time) const override
    {
        const Traits t = traitsOf(asset);
        static constexpr double middles[] = {37, 4, 21, 20.5, 30};
        w.number(Temperature, time, asset.signal(Temperature, time, middles[t.kind], 0.3, hour, 0.08), 2);
        w.number(Humidity, time, asset.signal(Humidity, time, t.kind == 0 ? 92 : 44, 4, 5 * hour, 0.5), 1);
        w.number(Co2, time,
                 asset.signal(Co2, time, t.kind == 0 ? 50'000 : 610, t.kind == 0 ? 300 : 140, 3 * hour, 12) +
                     (t.drift ? 4'200 : 0),
                 0);
        w.number(Illuminance, time,
                 std::max(0.0, asset.signal(Illuminance, time, t.room == 1 ? 2 : 320, t.room == 1 ? 1 : 210,
                                            24 * hour, 6)),
                 0);
        w.number(SupplyVoltage, time, asset.signal(SupplyVoltage, time, 24.02, 0.03, 20 * minute, 0.02), 2);
    }
};

} // namespace

std::unique_ptr<AssetKind> makeLab()
{
    return std::make_unique<Lab>();
}

} // namespace atlas::ingest
