// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/platform/assetkind.h"

#include <array>
#include <cstdio>

namespace atlas::ingest {

namespace {

enum Attribute {
    CoolantTemp,
    Speed,
    Rpm,
    FuelLevel,
    BatteryVoltage,
    GeoLat,
    GeoLon,
    Odometer,
    TelemetryCount,
    Status = TelemetryCount,
    Region,
    Firmware,
    Model,
    DriverId,
    Vin,
    Ignition,
    DoorOpen,
    CargoWeight,
    TireFrontLeft,
    TireFrontRight,
    LastService,
    NextInspection,
    Built,
    BatteryAge,
    Route,
    Tags,
    ErrorHot,
    DriverNote,
    AdBlue
};

struct City
{
    const char* region;
    const char* name;
    double latitude;
    double longitude;
};

constexpr std::array<City, 10> cities{{
    {"eu-north", "Göteborg", 57.709, 11.975},
    {"eu-north", "Tampere", 61.498, 23.761},
    {"eu-west", "Rotterdam", 51.924, 4.478},
    {"eu-west", "Köln", 50.938, 6.960},
    {"eu-south", "Zaragoza", 41.649, -0.889},
    {"eu-south", "Bari", 41.117, 16.872},
    {"us-east", "Columbus", 39.961, -82.999},
    {"us-east", "Charlotte", 35.227, -80.843},
    {"us-west", "Fresno", 36.738, -119.787},
    {"apac", "Nagoya 名古屋", 35.181, 136.906},
}};
constexpr std::array<double, 10> cityWeights{8, 4, 17, 15, 11, 7, 14, 9, 9, 6};
constexpr std::array<const char*, 6> firmwares{"4.1.7", "4.2.1", "4.2.3", "4.0.9", "3.9.12", "5.0.0-rc2"};
constexpr std::array<double, 6> firmwareWeights{34, 22, 25, 10, 7, 2};
constexpr std::array<const char*, 7> models{"Axor 18",     "Axor 26",  "Borealis 40", "Cargo E",
                                            "Courier 7.5", "Titan 44", "Titan 44 LNG"};
constexpr std::array<double, 7> modelWeights{20, 16, 14, 8, 18, 18, 6};
constexpr std::array<const char*, 5> statuses{"active", "idle", "maintenance", "offline", "charging"};

struct Traits
{
    int city;
    int firmware;
    int model;
    int status;
    double batteryYears;
    bool hot; ///< planted: firmware 4.2.1 in eu-south runs hot
};

Traits traitsOf(const Asset& asset)
{
    Random random = asset.stream(1);
    Traits t{};
    t.city = random.pick(cityWeights);
    t.firmware = random.pick(firmwareWeights);
    t.model = random.pick(modelWeights);
    t.status = random.pick(std::array<double, 5>{62, 21, 8, 7, 2});
    t.batteryYears = random.between(0, 7);
    t.hot = firmwares[static_cast<std::size_t>(t.firmware)] == std::string_view("4.2.1") &&
            cities[static_cast<std::size_t>(t.city)].region == std::string_view("eu-south");
    return t;
}

class Trucks final : public AssetKind
{
public:
    const char* tenant() const override { return "Northwind Fleet"; }
    const char* isolation() const override { return "partition"; }
    int entityShare() const override { return 550; }
    int attributeShare() const override { return 420; }
    const char* entityType() const override { return "truck"; }
    const char* idPrefix() const override { return "TRK"; }
    const char* namePrefix() const override { return "Truck"; }
    const char* rareTheme() const override { return "vehicle"; }
    int telemetryCount() const override { return TelemetryCount; }

    const std::vector<AttributeSpec>& common() const override
    {
        static const std::vector<AttributeSpec> specs{
            {"engine.coolant_temp", ValueType::Number, "°C", "Coolant temperature at the engine outlet"},
            {"speed", ValueType::Number, "km/h", "Speed over ground"},
            {"engine.rpm", ValueType::Number, "1/min", "Crankshaft speed"},
            {"fuel_level", ValueType::Number, "%", "Main tank, or state of charge"},
            {"battery_voltage", ValueType::Number, "V", "Starter battery under load"},
            {"geo_lat", ValueType::Number, "°", "Latitude, WGS 84"},
            {"geo_lon", ValueType::Number, "°", "Longitude, WGS 84"},
            {"odometer", ValueType::Number, "km", "Distance since it was built"},
            {"status", ValueType::String, "", "What it is doing"},
            {"region", ValueType::String, "", "Sales region it is registered in"},
            {"firmware", ValueType::String, "", "Version of the telematics unit"},
            {"model", ValueType::String, "", "Model as sold"},
            {"driver_id", ValueType::String, "", "Card of the last driver"},
            {"vin", ValueType::String, "", "Vehicle identification number"},
            {"ignition", ValueType::Boolean, "", "Ignition is on"},
            {"door_open", ValueType::Boolean, "", "A cargo door is open"},
            {"cargo.weight", ValueType::Number, "kg", "Load by axle sensors"},
            {"tire_pressure.front_left", ValueType::Number, "bar", ""},
            {"tire_pressure.front_right", ValueType::Number, "bar", ""},
            {"last_service", ValueType::Timestamp, "", "End of the last workshop visit"},
            {"next_inspection", ValueType::Timestamp, "", "Legal inspection is due"},
            {"built", ValueType::Number, "year", "Year of manufacture"},
            {"battery.age", ValueType::Number, "years", "Age of the starter battery"},
            {"route", ValueType::Json, "", "Planned tour"},
            {"tags", ValueType::Json, "", "Free labels of the dispatcher"},
            {"error:E1042", ValueType::Number, "count", "Coolant over temperature, events in 30 days"},
            {"driver note", ValueType::String, "", "Last message of the driver"},
            {"adblue_level", ValueType::Number, "%", "Tank of the exhaust cleaning"},
        };
        return specs;
    }

    void writeState(const Asset& asset, AssetWriter& w, std::int64_t seen) const override
    {
        const Traits t = traitsOf(asset);
        Random random = asset.stream(2);
        const City& city = cities[static_cast<std::size_t>(t.city)];
        const std::int64_t slow = seen - static_cast<std::int64_t>(random.unit() * 20 * hour);
        char buffer[200];
        w.text(Status, seen, statuses[static_cast<std::size_t>(t.status)]);
        w.text(Region, slow, city.region);
        if (random.chance(0.98))
            w.text(Firmware, slow, firmwares[static_cast<std::size_t>(t.firmware)]);
        w.text(Model, slow, models[static_cast<std::size_t>(t.model)]);
        if (random.chance(0.55)) {
            std::snprintf(buffer, sizeof buffer, "DRV-%05d", random.below(60'000));
            w.text(DriverId, seen, buffer);
        }
        if (random.chance(0.6)) {
            std::snprintf(buffer, sizeof buffer, "WNF%03d%c%c%08d", t.model * 37 + 11, 'A' + t.model,
                          'K' + t.city, asset.index);
            w.text(Vin, slow, buffer);
        }
        if (random.chance(0.7))
            w.boolean(Ignition, seen, t.status == 0 || (t.status == 1 && random.chance(0.3)));
        if (random.chance(0.4))
            w.boolean(DoorOpen, seen, random.chance(t.status == 1 ? 0.18 : 0.02));
        if (random.chance(0.4))
            w.number(CargoWeight, seen, random.chance(0.25) ? 0 : random.between(200, 24'000), 0);
        if (random.chance(0.3)) {
            w.number(TireFrontLeft, seen, 8.4 + random.bell() * 0.35, 2);
            w.number(TireFrontRight, seen, 8.4 + random.bell() * 0.35, 2);
        }
        if (random.chance(0.7))
            w.timestamp(LastService, slow,
                        (asset.baseTime -
                         static_cast<std::int64_t>(random.exponential(120) * static_cast<double>(day))) /
                            minute * minute);
        if (random.chance(0.2))
            w.timestamp(NextInspection, slow, (asset.baseTime / day + 3 + random.below(700)) * day);
        if (random.chance(0.4))
            w.number(Built, slow, 2025 - std::floor(random.exponential(4)), 0);
        if (random.chance(0.3))
            w.number(BatteryAge, slow, t.batteryYears, 1);
        if (random.chance(0.15)) {
            const City& to = cities[static_cast<std::size_t>(random.below(10))];
            std::snprintf(buffer, sizeof buffer, R"({"from":"%s","to":"%s","stops":%d,"km":%d.5})", city.name,
                          to.name, 1 + random.below(9), 40 + random.below(1500));
            w.json(Route, seen, buffer);
        }
        if (random.chance(0.06)) {
            static constexpr const char* tags[] = {
                R"(["adr"])", R"(["lease","2025"])",    R"(["spare"])",
                R"([])",      R"(["express","night"])", R"(["außer Dienst"])"};
            w.json(Tags, slow, tags[random.below(6)]);
        }
        if (random.chance(t.hot ? 0.6 : 0.012))
            w.number(ErrorHot, seen, 1 + std::floor(random.exponential(t.hot ? 6 : 1.2)), 0);
        if (random.chance(0.02)) {
            static constexpr const char* notes[] = {"OK",
                                                    "tyre noise at 80 km/h",
                                                    "Kühlwasser nachgefüllt",
                                                    "радио не работает",
                                                    "雨で遅延",
                                                    "says \"check engine\" since Monday",
                                                    "back door sticks; path C:\\spare\\key",
                                                    "🚚💨",
                                                    "line one\nline two",
                                                    "100 % fine, thanks"};
            w.text(DriverNote, seen, notes[random.below(10)]);
        }
        if (random.chance(0.35))
            w.number(AdBlue, seen, random.between(2, 100), 0);
    }

    void writeTelemetry(const Asset& asset, AssetWriter& w, std::int64_t time) const override
    {
        const Traits t = traitsOf(asset);
        Random has = asset.stream(3);
        const bool moving = t.status == 0;
        const City& city = cities[static_cast<std::size_t>(t.city)];
        const double load = asset.signal(Speed, time, 0.5, 0.42, 97 * minute, 0.06);
        const double speed = moving ? std::max(0.0, load * 96) : 0;
        if (has.chance(0.96))
            w.number(CoolantTemp, time,
                     (t.status == 3 ? 21.0
                      : moving      ? 84.0
                                    : 62.0) +
                         (t.hot ? 17.0 : 0.0) + asset.signal(CoolantTemp, time, 0, 5, 83 * minute, 1.5),
                     1);
        if (has.chance(0.95))
            w.number(Speed, time, speed, 0);
        if (has.chance(0.6))
            w.number(Rpm, time, moving ? 650 + load * 1100 : 0, 0);
        if (has.chance(0.85))
            w.number(FuelLevel, time,
                     std::min(100.0, std::max(1.0, asset.signal(FuelLevel, time, 55, 42, 19 * hour, 1))), 0);
        if (has.chance(0.7))
            w.number(BatteryVoltage, time,
                     28.3 - 0.34 * t.batteryYears +
                         asset.signal(BatteryVoltage, time, 0, 0.25, 5 * hour, 0.15),
                     2);
        if (has.chance(0.95)) {
            w.number(GeoLat, time,
                     city.latitude + asset.signal(GeoLat, time, 0, 0.9, 31 * hour, moving ? 0.01 : 0), 5);
            w.number(GeoLon, time,
                     city.longitude + asset.signal(GeoLon, time, 0, 1.3, 31 * hour, moving ? 0.01 : 0), 5);
        }
        if (has.chance(0.9)) {
            // Grows with time; never less than it was.
            const double start = has.between(900, 900'000);
            w.number(Odometer, time,
                     start +
                         (moving ? static_cast<double>(time - asset.baseTime) / static_cast<double>(hour) * 45
                                 : 0),
                     0);
        }
    }
};

} // namespace

std::unique_ptr<AssetKind> makeTrucks()
{
    return std::make_unique<Trucks>();
}

} // namespace atlas::ingest
