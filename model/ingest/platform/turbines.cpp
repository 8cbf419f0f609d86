// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/platform/assetkind.h"

#include <array>
#include <cstdio>

namespace atlas::ingest {

namespace {

enum Attribute {
    WindSpeed,
    Power,
    RotorSpeed,
    NacelleTemp,
    GearboxTemp,
    Vibration,
    PitchAngle,
    GridFrequency,
    TelemetryCount,
    Status = TelemetryCount,
    Park,
    Country,
    ModelName,
    GearboxMaker,
    Firmware,
    RatedPower,
    HubHeight,
    OperatingHours,
    Commissioned,
    LastInspection,
    IceDetected,
    Curtailed,
    Blades,
    OilQuality,
    GeoLat,
    GeoLon,
    Crew
};

struct Park
{
    const char* name;
    const char* country;
    double latitude;
    double longitude;
    double wind;
};
constexpr std::array<struct Park, 8> parks{{
    {"Nordsee Ost", "DE", 54.44, 7.68, 10.1},
    {"Horns Rev 4", "DK", 55.60, 7.59, 10.4},
    {"Sierra de Tineo", "ES", 43.33, -6.41, 7.4},
    {"Markbygden", "SE", 65.42, 20.65, 7.9},
    {"Gode Wind", "DE", 54.03, 7.00, 9.8},
    {"Prairie Breaks", "US", 37.90, -99.85, 8.6},
    {"Gansu 甘肃", "CN", 40.20, 96.90, 7.8},
    {"Causeymire", "GB", 58.41, -3.49, 8.8},
}};
constexpr std::array<double, 8> parkWeights{16, 17, 9, 15, 12, 14, 10, 7};
constexpr std::array<const char*, 4> models{"H-110", "H-136", "H-164", "H-220"};
constexpr std::array<double, 4> ratedPower{2200, 3450, 8000, 14'000};
constexpr std::array<const char*, 4> gearboxes{"Winterthur", "Ostwind", "Harbin", "direct drive"};
constexpr std::array<const char*, 5> statuses{"producing", "waiting for wind", "curtailed", "service",
                                              "fault"};

struct Traits
{
    int park;
    int model;
    int gearbox;
    int status;
    double hours;
    bool worn; ///< planted: Ostwind gearboxes vibrate after 40,000 hours
};

Traits traitsOf(const Asset& asset)
{
    Random random = asset.stream(1);
    Traits t{};
    t.park = random.pick(parkWeights);
    t.model = random.pick(std::array<double, 4>{24, 38, 28, 10});
    t.gearbox = random.pick(std::array<double, 4>{46, 21, 20, 13});
    t.hours = random.between(500, 95'000);
    t.worn = t.gearbox == 1 && t.hours > 40'000;
    t.status = random.pick(t.worn ? std::array<double, 5>{52, 12, 4, 14, 18}
                                  : std::array<double, 5>{71, 17, 6, 4, 2});
    return t;
}

class Turbines final : public AssetKind
{
public:
    const char* tenant() const override { return "Helios Wind"; }
    const char* isolation() const override { return "partition"; }
    int entityShare() const override { return 250; }
    int attributeShare() const override { return 270; }
    const char* entityType() const override { return "turbine"; }
    const char* idPrefix() const override { return "WTG"; }
    const char* namePrefix() const override { return "Turbine"; }
    const char* rareTheme() const override { return "turbine"; }
    int telemetryCount() const override { return TelemetryCount; }

    const std::vector<AttributeSpec>& common() const override
    {
        static const std::vector<AttributeSpec> specs{
            {"wind_speed", ValueType::Number, "m/s", "Anemometer on the nacelle, 10 min mean"},
            {"power", ValueType::Number, "kW", "Active power at the converter"},
            {"rotor.speed", ValueType::Number, "1/min", ""},
            {"nacelle.temp", ValueType::Number, "°C", "Air inside the nacelle"},
            {"gearbox.temp", ValueType::Number, "°C", "Oil sump"},
            {"vibration.rms", ValueType::Number, "mm/s", "Gearbox, high-speed shaft"},
            {"pitch.angle", ValueType::Number, "°", "Mean of the three blades"},
            {"grid.frequency", ValueType::Number, "Hz", ""},
            {"status", ValueType::String, "", "Operating state"},
            {"park", ValueType::String, "", "Wind park"},
            {"country", ValueType::String, "", "ISO 3166 code"},
            {"model", ValueType::String, "", "Turbine type"},
            {"gearbox.maker", ValueType::String, "", "Manufacturer of the gearbox"},
            {"firmware", ValueType::String, "", "Version of the controller"},
            {"rated_power", ValueType::Number, "kW", "Nameplate"},
            {"hub_height", ValueType::Number, "m", ""},
            {"operating_hours", ValueType::Number, "h", "Hours connected to the grid"},
            {"commissioned", ValueType::Timestamp, "", "First day on the grid"},
            {"last_inspection", ValueType::Timestamp, "", "End of the last inspection"},
            {"ice_detected", ValueType::Boolean, "", "Ice on the blades"},
            {"curtailed", ValueType::Boolean, "", "Held back by the grid operator"},
            {"blades", ValueType::Json, "", "Serial numbers and last repair of each blade"},
            {"oil quality (ISO 4406)", ValueType::String, "", "Cleanliness code of the last sample"},
            {"geo_lat", ValueType::Number, "°", "Latitude, WGS 84"},
            {"geo_lon", ValueType::Number, "°", "Longitude, WGS 84"},
            {"service crew", ValueType::String, "", "Who comes when it stands"},
        };
        return specs;
    }

    void writeState(const Asset& asset, AssetWriter& w, std::int64_t seen) const override
    {
        const Traits t = traitsOf(asset);
        Random random = asset.stream(2);
        const struct Park& park = parks[static_cast<std::size_t>(t.park)];
        const std::int64_t slow = seen - static_cast<std::int64_t>(random.unit() * 20 * hour);
        char buffer[240];
        w.text(Status, seen, statuses[static_cast<std::size_t>(t.status)]);
        w.text(Attribute::Park, slow, park.name);
        w.text(Country, slow, park.country);
        w.text(ModelName, slow, models[static_cast<std::size_t>(t.model)]);
        if (random.chance(0.92))
            w.text(GearboxMaker, slow, gearboxes[static_cast<std::size_t>(t.gearbox)]);
        if (random.chance(0.7)) {
            std::snprintf(buffer, sizeof buffer, "%d.%d.%d", 7 + random.below(3), random.below(4),
                          random.below(12));
            w.text(Firmware, slow, buffer);
        }
        if (random.chance(0.8))
            w.number(RatedPower, slow, ratedPower[static_cast<std::size_t>(t.model)], 0);
        if (random.chance(0.3))
            w.number(HubHeight, slow, 80 + t.model * 22 + random.below(3) * 5, 0);
        if (random.chance(0.7))
            w.number(OperatingHours, seen, t.hours, 1);
        if (random.chance(0.5))
            w.timestamp(
                Commissioned, slow,
                (asset.baseTime - static_cast<std::int64_t>(t.hours * 1.25 * static_cast<double>(hour))) /
                    day * day);
        if (random.chance(0.4))
            w.timestamp(LastInspection, slow,
                        (asset.baseTime -
                         static_cast<std::int64_t>(random.exponential(160) * static_cast<double>(day))) /
                            hour * hour);
        if (random.chance(0.35))
            w.boolean(IceDetected, seen, random.chance(park.latitude > 57 ? 0.16 : 0.01));
        if (random.chance(0.4))
            w.boolean(Curtailed, seen, t.status == 2);
        if (random.chance(0.08)) {
            std::snprintf(
                buffer, sizeof buffer,
                R"([{"sn":"B%06d","repaired":%s},{"sn":"B%06d","repaired":null},{"sn":"B%06d","repaired":null}])",
                random.below(999'999), random.chance(0.3) ? "\"2025-06\"" : "null", random.below(999'999),
                random.below(999'999));
            w.json(Blades, slow, buffer);
        }
        if (random.chance(0.12)) {
            const int dirt = (t.worn ? 3 : 0) + random.below(4);
            std::snprintf(buffer, sizeof buffer, "%d/%d/%d", 15 + dirt, 13 + dirt, 10 + dirt);
            w.text(OilQuality, slow, buffer);
        }
        if (random.chance(0.5)) {
            w.number(GeoLat, slow, park.latitude + random.bell() * 0.05, 5);
            w.number(GeoLon, slow, park.longitude + random.bell() * 0.07, 5);
        }
        if (random.chance(0.08)) {
            static constexpr const char* crews[] = {"Team Nord", "Team Süd",   "Equipo 3",
                                                    "维修 二队", "Offshore A", "Offshore B"};
            w.text(Crew, slow, crews[random.below(6)]);
        }
    }

    void writeTelemetry(const Asset& asset, AssetWriter& w, std::int64_t time) const override
    {
        const Traits t = traitsOf(asset);
        Random has = asset.stream(3);
        const struct Park& park = parks[static_cast<std::size_t>(t.park)];
        // The weather is the park's, not the turbine's: neighbours move together.
        Asset weather = asset;
        weather.seed = mix({77, static_cast<std::uint64_t>(t.park)});
        const double wind = std::max(0.2, weather.signal(WindSpeed, time, park.wind, 4.1, 17 * hour, 0) +
                                              asset.signal(WindSpeed, time, 0, 0.7, 11 * minute, 0.5));
        const double rated = ratedPower[static_cast<std::size_t>(t.model)];
        const bool turning = t.status == 0 || t.status == 2;
        const double part =
            !turning || wind < 3.2 ? 0 : std::min(1.0, std::pow(wind / 12.2, 3)) * (t.status == 2 ? 0.45 : 1);
        w.number(WindSpeed, time, wind, 1);
        w.number(Power, time, part * rated, 0);
        if (has.chance(0.85))
            w.number(RotorSpeed, time, turning ? std::min(15.8, 4 + wind * 0.95) - t.model : 0, 1);
        if (has.chance(0.8))
            w.number(NacelleTemp, time, asset.signal(NacelleTemp, time, 24, 7, 24 * hour, 0.6), 1);
        if (has.chance(0.9) && t.gearbox != 3)
            w.number(GearboxTemp, time,
                     38 + part * 26 + (t.worn ? 9 : 0) + asset.signal(GearboxTemp, time, 0, 1.2, hour, 0.5),
                     1);
        if (has.chance(0.9))
            w.number(Vibration, time,
                     (t.worn ? 3.9 : 1.6) + part * 0.9 +
                         std::abs(asset.signal(Vibration, time, 0, 0.2, 13 * minute, 0.3)),
                     2);
        if (has.chance(0.5))
            w.number(PitchAngle, time, turning ? std::max(0.0, (wind - 11) * 2.4) : 88, 1);
        if (has.chance(0.3))
            w.number(GridFrequency, time,
                     (park.country == std::string_view("US") ? 60 : 50) +
                         asset.signal(GridFrequency, time, 0, 0.012, 9 * minute, 0.01),
                     3);
    }
};

} // namespace

std::unique_ptr<AssetKind> makeTurbines()
{
    return std::make_unique<Turbines>();
}

} // namespace atlas::ingest
