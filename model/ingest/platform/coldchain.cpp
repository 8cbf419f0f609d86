// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/platform/assetkind.h"

#include <array>
#include <cstdio>

namespace atlas::ingest {

namespace {

enum Attribute {
    Temperature,
    Humidity,
    CompressorCurrent,
    AmbientTemp,
    BatteryLevel,
    SignalStrength,
    TelemetryCount,
    Status = TelemetryCount,
    Setpoint,
    Compressor,
    DoorOpen,
    DoorOpenCount,
    DoorSensorBatch,
    Firmware,
    Region,
    Goods,
    Customer,
    LastDefrost,
    Calibrated,
    Mains,
    Refrigerant,
    Alarm,
    Network,
    Probe,
    Note
};

constexpr std::array<const char*, 5> regions{"benelux", "iberia", "nordics", "mena", "east asia"};
constexpr std::array<double, 5> regionWeights{31, 22, 18, 17, 12};
constexpr std::array<double, 5> climate{11, 21, 4, 33, 20};
constexpr std::array<const char*, 4> compressors{"K1", "K2", "K3", "scroll-9"};
constexpr std::array<const char*, 6> batches{"DS-2207", "DS-2208", "DS-2209",
                                             "DS-2301", "DS-2304", "DS-2306"};
constexpr std::array<int, 4> setpoints{-20, -70, 4, 2};
constexpr std::array<const char*, 4> goods{"frozen food", "vaccines (mRNA)", "dairy", "fleurs coupées"};

struct Traits
{
    int region;
    int compressor;
    int batch;
    int load;   ///< goods and setpoint
    bool weak;  ///< planted: compressor K3 cannot hold -20 °C in hot places
    bool loose; ///< planted: door sensors of batch DS-2209 report open doors that are shut
};

Traits traitsOf(const Asset& asset)
{
    Random random = asset.stream(1);
    Traits t{};
    t.region = random.pick(regionWeights);
    t.compressor = random.pick(std::array<double, 4>{40, 27, 23, 10});
    t.batch = random.below(6);
    t.load = random.pick(std::array<double, 4>{44, 8, 33, 15});
    t.weak = t.compressor == 2 && t.load == 0 && climate[static_cast<std::size_t>(t.region)] > 20;
    t.loose = t.batch == 2;
    return t;
}

class ColdChain final : public AssetKind
{
public:
    const char* tenant() const override { return "Polar Chain"; }
    const char* isolation() const override { return "shared"; }
    int entityShare() const override { return 140; }
    int attributeShare() const override { return 180; }
    const char* entityType() const override { return "cold unit"; }
    const char* idPrefix() const override { return "CCU"; }
    const char* namePrefix() const override { return "Cold unit"; }
    const char* rareTheme() const override { return "cold"; }
    int telemetryCount() const override { return TelemetryCount; }

    const std::vector<AttributeSpec>& common() const override
    {
        static const std::vector<AttributeSpec> specs{
            {"temperature", ValueType::Number, "°C", "Return air"},
            {"humidity", ValueType::Number, "%", "Relative humidity of the return air"},
            {"compressor.current", ValueType::Number, "A", ""},
            {"ambient_temp", ValueType::Number, "°C", "Outside the box"},
            {"battery_level", ValueType::Number, "%", "Tracker's own battery"},
            {"rssi", ValueType::Number, "dBm", "Signal of the mobile network"},
            {"status", ValueType::String, "", ""},
            {"setpoint", ValueType::Number, "°C", "What it is told to hold"},
            {"compressor.type", ValueType::String, "", ""},
            {"door_open", ValueType::Boolean, "", "Door switch"},
            {"door_open_count", ValueType::Number, "count", "Openings in 24 h"},
            {"door_sensor.batch", ValueType::String, "", "Production batch of the door switch"},
            {"firmware", ValueType::String, "", ""},
            {"region", ValueType::String, "", ""},
            {"goods", ValueType::String, "", "What it carries"},
            {"customer", ValueType::String, "", ""},
            {"last_defrost", ValueType::Timestamp, "", ""},
            {"calibrated_at", ValueType::Timestamp, "", "Last calibration of the probes"},
            {"mains", ValueType::Boolean, "", "On external power"},
            {"refrigerant", ValueType::String, "", ""},
            {"alarm", ValueType::Json, "", "Open alarm, with thresholds"},
            {"network", ValueType::String, "", "Operator it is booked into"},
            {"probe.offsets", ValueType::Json, "", "Calibration offsets, K"},
            {"note", ValueType::String, "", ""},
        };
        return specs;
    }

    void writeState(const Asset& asset, AssetWriter& w, std::int64_t seen) const override
    {
        const Traits t = traitsOf(asset);
        Random random = asset.stream(2);
        const std::int64_t slow = seen - static_cast<std::int64_t>(random.unit() * 20 * hour);
        char buffer[200];
        static constexpr const char* statuses[] = {"cooling", "holding", "defrost", "alarm", "parked"};
        const int status = random.pick(t.weak ? std::array<double, 5>{58, 8, 4, 27, 3}
                                              : std::array<double, 5>{34, 49, 6, 2, 9});
        w.text(Status, seen, statuses[status]);
        w.number(Setpoint, slow, setpoints[static_cast<std::size_t>(t.load)], 0);
        w.text(Compressor, slow, compressors[static_cast<std::size_t>(t.compressor)]);
        if (random.chance(0.9))
            w.boolean(DoorOpen, seen, random.chance(t.loose ? 0.38 : 0.04));
        if (random.chance(0.7))
            w.number(DoorOpenCount, seen, std::floor(random.exponential(t.loose ? 160 : 11)), 0);
        if (random.chance(0.9))
            w.text(DoorSensorBatch, slow, batches[static_cast<std::size_t>(t.batch)]);
        if (random.chance(0.9)) {
            std::snprintf(buffer, sizeof buffer, "2.%d.%d", random.below(4), random.below(9));
            w.text(Firmware, slow, buffer);
        }
        w.text(Region, slow, regions[static_cast<std::size_t>(t.region)]);
        if (random.chance(0.8))
            w.text(Goods, seen, goods[static_cast<std::size_t>(t.load)]);
        if (random.chance(0.6)) {
            std::snprintf(buffer, sizeof buffer, "Customer %03d",
                          static_cast<int>(std::pow(400.0, random.unit())));
            w.text(Customer, slow, buffer);
        }
        if (random.chance(0.6))
            w.timestamp(LastDefrost, seen,
                        seen - static_cast<std::int64_t>(random.unit() * 9 * hour) / second * second);
        if (random.chance(0.5))
            w.timestamp(Calibrated, slow, (asset.baseTime / day - random.below(900)) * day);
        if (random.chance(0.5))
            w.boolean(Mains, seen, status == 4 || random.chance(0.3));
        if (random.chance(0.4)) {
            static constexpr const char* gases[] = {"R452A", "R404A", "R744 (CO₂)", "R290"};
            w.text(Refrigerant, slow, gases[random.below(4)]);
        }
        if (status == 3) {
            std::snprintf(buffer, sizeof buffer, R"({"code":"T-HIGH","limit":%d,"since":"%dh"})",
                          setpoints[static_cast<std::size_t>(t.load)] + 5, 1 + random.below(30));
            w.json(Alarm, seen, buffer);
        }
        if (random.chance(0.5)) {
            static constexpr const char* networks[] = {"Proximus",         "Vodafone", "Telia",
                                                       "Etisalat اتصالات", "ドコモ",   "Orange"};
            w.text(Network, seen, networks[random.below(6)]);
        }
        if (random.chance(0.1)) {
            std::snprintf(buffer, sizeof buffer, R"({"supply":0.%02d,"return":-0.%02d})", random.below(50),
                          random.below(50));
            w.json(Probe, slow, buffer);
        }
        if (random.chance(0.03))
            w.text(Note, slow, random.chance(0.5) ? "Tür klemmt" : "seal replaced — watch it");
    }

    void writeTelemetry(const Asset& asset, AssetWriter& w, std::int64_t time) const override
    {
        const Traits t = traitsOf(asset);
        Random has = asset.stream(3);
        const double set = setpoints[static_cast<std::size_t>(t.load)];
        w.number(Temperature, time,
                 set + (t.weak ? 7.5 : 0.4) +
                     asset.signal(Temperature, time, 0, t.weak ? 2.5 : 0.8, 47 * minute, 0.3),
                 1);
        if (has.chance(0.7))
            w.number(Humidity, time, std::min(100.0, asset.signal(Humidity, time, 71, 14, 3 * hour, 2)), 0);
        if (has.chance(0.7))
            w.number(CompressorCurrent, time,
                     std::max(0.0, asset.signal(CompressorCurrent, time, t.weak ? 16.5 : 9.5, 3, 47 * minute,
                                                0.4)),
                     1);
        if (has.chance(0.8))
            w.number(AmbientTemp, time,
                     climate[static_cast<std::size_t>(t.region)] +
                         asset.signal(AmbientTemp, time, 0, 6, 24 * hour, 0.5),
                     1);
        if (has.chance(0.8))
            w.number(BatteryLevel, time,
                     std::min(100.0, std::max(3.0, asset.signal(BatteryLevel, time, 64, 34, 60 * hour, 1))),
                     0);
        if (has.chance(0.5))
            w.number(SignalStrength, time, asset.signal(SignalStrength, time, -87, 14, 29 * minute, 4), 0);
    }
};

} // namespace

std::unique_ptr<AssetKind> makeColdChain()
{
    return std::make_unique<ColdChain>();
}

} // namespace atlas::ingest
