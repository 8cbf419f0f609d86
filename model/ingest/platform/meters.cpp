// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/platform/assetkind.h"

#include <array>
#include <cstdio>

namespace atlas::ingest {

namespace {

enum Attribute {
    Volume,
    FlowRate,
    BatteryVoltage,
    WaterTemp,
    Pressure,
    TelemetryCount,
    Serial = TelemetryCount,
    District,
    Street,
    Medium,
    Diameter,
    Installed,
    BatteryYears,
    LowBattery,
    Leak,
    Tamper,
    LastRead,
    TariffZone,
    Radio,
    Firmware,
    Billing,
    ContractNo
};

constexpr std::array<const char*, 8> districts{"Altstadt",   "Hafen",   "Nordpark", "Südufer",
                                               "Mühlenberg", "Am Wall", "Neustadt", "Øster Allé"};
constexpr std::array<double, 8> districtWeights{22, 9, 14, 17, 12, 8, 13, 5};

struct Traits
{
    int district;
    double years;
    bool leak; ///< planted: old pipes in the harbour district
};

Traits traitsOf(const Asset& asset)
{
    Random random = asset.stream(1);
    Traits t{};
    t.district = random.pick(districtWeights);
    t.years = random.between(0, 13);
    t.leak = random.chance(t.district == 1 ? 0.24 : 0.012);
    return t;
}

class WaterMeters final : public AssetKind
{
public:
    const char* tenant() const override { return "Blue Meter"; }
    const char* isolation() const override { return "shared"; }
    int entityShare() const override { return 59; }
    int attributeShare() const override { return 110; }
    const char* entityType() const override { return "water meter"; }
    const char* idPrefix() const override { return "WM"; }
    const char* namePrefix() const override { return "Meter"; }
    const char* rareTheme() const override { return "meter"; }
    int telemetryCount() const override { return TelemetryCount; }

    const std::vector<AttributeSpec>& common() const override
    {
        static const std::vector<AttributeSpec> specs{
            {"volume", ValueType::Number, "m³", "Counter"},
            {"flow_rate", ValueType::Number, "l/h", "Mean of the last hour"},
            {"battery_voltage", ValueType::Number, "V", "Lithium cell under load"},
            {"water_temp", ValueType::Number, "°C", ""},
            {"pressure", ValueType::Number, "bar", ""},
            {"serial", ValueType::String, "", "Number on the plate"},
            {"district", ValueType::String, "", ""},
            {"street", ValueType::String, "", ""},
            {"medium", ValueType::String, "", "Cold or hot water"},
            {"diameter", ValueType::Number, "mm", "Nominal diameter"},
            {"installed_at", ValueType::Timestamp, "", ""},
            {"battery.age", ValueType::Number, "years", ""},
            {"low_battery", ValueType::Boolean, "", "Under 3.05 V"},
            {"leak", ValueType::Boolean, "", "Flow has not stopped for 24 h"},
            {"tamper", ValueType::Boolean, "", "Magnet or opened case"},
            {"last_read", ValueType::Timestamp, "", ""},
            {"tariff zone", ValueType::String, "", ""},
            {"radio", ValueType::String, "", "How it is read"},
            {"firmware", ValueType::String, "", ""},
            {"billing", ValueType::Json, "", "Contract terms"},
            {"contract_no", ValueType::Number, "", ""},
        };
        return specs;
    }

    void writeState(const Asset& asset, AssetWriter& w, std::int64_t seen) const override
    {
        const Traits t = traitsOf(asset);
        Random random = asset.stream(2);
        const std::int64_t slow = seen - static_cast<std::int64_t>(random.unit() * 20 * hour);
        char buffer[160];
        std::snprintf(buffer, sizeof buffer, "8BLU%010d", 20'000'000 + asset.index * 7);
        w.text(Serial, slow, buffer);
        w.text(District, slow, districts[static_cast<std::size_t>(t.district)]);
        if (random.chance(0.8)) {
            static constexpr const char* streets[] = {"Am Markt",  "Hauptstraße", "Brückenweg", "Lindenallee",
                                                      "Fährgasse", "Im Tal",      "Kirchhof",   "Ringstraße"};
            std::snprintf(buffer, sizeof buffer, "%s %d", streets[random.below(8)], 1 + random.below(140));
            w.text(Street, slow, buffer);
        }
        w.text(Medium, slow, random.chance(0.72) ? "cold" : "hot");
        w.number(Diameter, slow, random.chance(0.8) ? 15 : random.chance(0.7) ? 20 : 50, 0);
        if (random.chance(0.9))
            w.timestamp(
                Installed, slow,
                (asset.baseTime - static_cast<std::int64_t>(t.years * 365 * static_cast<double>(day))) / day *
                    day);
        w.number(BatteryYears, slow, t.years, 1);
        w.boolean(LowBattery, seen, 3.65 - 0.06 * t.years < 3.05);
        if (random.chance(0.9))
            w.boolean(Leak, seen, t.leak);
        if (random.chance(0.5))
            w.boolean(Tamper, seen, random.chance(0.006));
        if (random.chance(0.9))
            w.timestamp(LastRead, seen, seen / second * second);
        if (random.chance(0.8)) {
            static constexpr const char* zones[] = {"A", "B", "C", "C (rabais)"};
            w.text(TariffZone, slow, zones[random.below(4)]);
        }
        if (random.chance(0.9)) {
            static constexpr const char* radios[] = {"wM-Bus T1", "wM-Bus C1", "LoRaWAN", "NB-IoT"};
            w.text(Radio, slow, radios[random.pick(std::array<double, 4>{40, 20, 28, 12})]);
        }
        if (random.chance(0.6)) {
            std::snprintf(buffer, sizeof buffer, "1.%02d", random.below(30));
            w.text(Firmware, slow, buffer);
        }
        if (random.chance(0.3))
            w.number(ContractNo, slow, 4'700'000'000.0 + asset.index * 13, 0);
        if (random.chance(0.15)) {
            std::snprintf(buffer, sizeof buffer, R"({"party":%d,"monthly":%s,"rate":1.%02d})",
                          100'000 + asset.index, random.chance(0.5) ? "true" : "false", random.below(99));
            w.json(Billing, slow, buffer);
        }
    }

    void writeTelemetry(const Asset& asset, AssetWriter& w, std::int64_t time) const override
    {
        const Traits t = traitsOf(asset);
        Random has = asset.stream(3);
        const double flow = std::max(t.leak ? 18.0 : 0.0, asset.signal(FlowRate, time, 9, 26, 24 * hour, 8)) +
                            (t.leak ? 22 : 0);
        const double start = has.between(4, 2'800);
        w.number(Volume, time,
                 start + static_cast<double>(time - asset.baseTime) / static_cast<double>(hour) * 0.012, 3);
        w.number(FlowRate, time, flow, 0);
        w.number(BatteryVoltage, time,
                 3.65 - 0.06 * t.years + asset.signal(BatteryVoltage, time, 0, 0.01, 24 * hour, 0.015), 3);
        if (has.chance(0.7))
            w.number(WaterTemp, time, asset.signal(WaterTemp, time, 11, 2, 24 * hour, 0.3), 1);
        if (has.chance(0.5))
            w.number(Pressure, time, asset.signal(Pressure, time, t.leak ? 3.1 : 4.2, 0.3, 6 * hour, 0.1), 2);
    }
};

} // namespace

std::unique_ptr<AssetKind> makeWaterMeters()
{
    return std::make_unique<WaterMeters>();
}

} // namespace atlas::ingest
