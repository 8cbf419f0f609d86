// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/platform/rare.h"

#include <array>
#include <cstdio>
#include <unordered_set>

namespace atlas::ingest {

namespace {

struct Theme
{
    std::string_view name;
    std::array<const char*, 8> units;   ///< parts of the machine
    std::array<const char*, 8> sensors; ///< what is measured
    std::array<const char*, 4> unicode; ///< what local teams added
};

constexpr std::array<Theme, 5> themes{{
    {"vehicle",
     {"ecu", "brake", "axle", "gearbox", "cabin", "trailer", "exhaust", "can"},
     {"temp", "pressure", "current", "wear", "angle", "torque", "level", "cycles"},
     {"Öldruck Kreis", "温度センサー", "température_essieu", "датчик"}},
    {"turbine",
     {"blade", "pitch", "yaw", "bearing", "converter", "transformer", "tower", "scada"},
     {"temp", "strain", "current", "vibration", "pressure", "offset", "torque", "flow"},
     {"Turmschwingung", "轴承温度", "vitesse_arbre", "ángulo_pala"}},
    {"cold",
     {"evaporator", "condenser", "fan", "probe", "hatch", "genset", "tracker", "zone"},
     {"temp", "pressure", "duty", "current", "delta", "runtime", "offset", "speed"},
     {"Kühlkreis Druck", "冷媒圧力", "température_zone", "حرارة"}},
    {"meter",
     {"register", "backflow", "radio", "valve", "module", "pulse", "log", "hist"},
     {"volume", "peak", "minimum", "counter", "days", "rssi", "drift", "temp"},
     {"Zählerstand Vorjahr", "débit_nuit", "hladina", "måler"}},
    {"lab",
     {"pump", "stirrer", "channel", "probe", "laser", "shelf", "gas", "valve"},
     {"rate", "temp", "gain", "offset", "pressure", "runtime", "level", "speed"},
     {"Küvette", "試料", "échantillon", "проба"}},
}};

constexpr std::array<const char*, 8> unitsOfSensors{"°C", "bar", "A", "%", "°", "", "", ""};

} // namespace

std::vector<AttributeSpec> makeRareAttributes(std::string_view themeName, int count, std::uint64_t seed,
                                              const std::vector<AttributeSpec>& taken)
{
    const Theme* theme = &themes.front();
    for (const Theme& candidate : themes) {
        if (candidate.name == themeName)
            theme = &candidate;
    }
    std::unordered_set<std::string> used;
    for (const AttributeSpec& spec : taken)
        used.insert(spec.name);
    std::vector<AttributeSpec> specs;
    specs.reserve(static_cast<std::size_t>(count));
    Random random(mix({seed, 301}));
    char buffer[120];
    while (static_cast<int>(specs.size()) < count) {
        AttributeSpec spec{};
        const int unit = random.below(8);
        const int sensor = random.below(8);
        const char* part = theme->units[static_cast<std::size_t>(unit)];
        const char* what = theme->sensors[static_cast<std::size_t>(sensor)];
        switch (random.pick(std::array<double, 10>{22, 30, 10, 8, 7, 7, 5, 5, 3, 3})) {
        case 0:
            std::snprintf(buffer, sizeof buffer, "error:E%04d", 1000 + random.below(8000));
            spec = {buffer, ValueType::Number, "count", "Fault events in 30 days"};
            break;
        case 1:
            std::snprintf(buffer, sizeof buffer, "%s%d.%s_%d", part, 1 + random.below(24), what,
                          1 + random.below(16));
            spec = {buffer, ValueType::Number, unitsOfSensors[static_cast<std::size_t>(sensor)], ""};
            break;
        case 2:
            std::snprintf(buffer, sizeof buffer, "raw.0x%03X.byte%d", random.below(0x7FF), random.below(8));
            spec = {buffer, ValueType::Number, "", "Undecoded bus signal"};
            break;
        case 3:
            std::snprintf(buffer, sizeof buffer, "fault.%s%d.%s", part, 1 + random.below(30), what);
            spec = {buffer, ValueType::Boolean, "", ""};
            break;
        case 4:
            std::snprintf(buffer, sizeof buffer, "last_%s_%s:%d", part, what, 1 + random.below(40));
            spec = {buffer, ValueType::Timestamp, "", "Last event"};
            break;
        case 5:
            std::snprintf(buffer, sizeof buffer, "version.%s%d-%s", part, 1 + random.below(30), what);
            spec = {buffer, ValueType::String, "", ""};
            break;
        case 6:
            std::snprintf(buffer, sizeof buffer, "cfg.%s.%s.%d", part, what, random.below(60));
            spec = {buffer, ValueType::Json, "", "Settings as the device reports them"};
            break;
        case 7:
            std::snprintf(buffer, sizeof buffer, "%s %s (slot %d)", part, what, 1 + random.below(60));
            spec = {buffer, ValueType::String, "", ""};
            break;
        case 8:
            std::snprintf(buffer, sizeof buffer, "%s %d",
                          theme->unicode[static_cast<std::size_t>(random.below(4))], 1 + random.below(60));
            spec = {buffer, ValueType::Number, "", ""};
            break;
        default:
            std::snprintf(buffer, sizeof buffer, "x-%s/%s@%d", part, what, random.below(60));
            spec = {buffer, ValueType::String, "", "Left by a beta firmware"};
        }
        if (!used.insert(spec.name).second) {
            // A full vocabulary goes on with numbered names.
            spec.name += '#' + std::to_string(specs.size());
            if (!used.insert(spec.name).second)
                continue;
        }
        specs.push_back(std::move(spec));
    }
    return specs;
}

void writeRareValue(const AttributeSpec& spec, int attribute, Random& random, std::int64_t time,
                    std::int64_t baseTime, AssetWriter& writer)
{
    // Each attribute has a range of its own, the same for all assets.
    const std::uint64_t kind = mix(static_cast<std::uint64_t>(attribute) * 7919);
    char buffer[96];
    switch (spec.type) {
    case ValueType::Number:
        if (spec.unit == "count") {
            writer.number(attribute, time, 1 + std::floor(random.exponential(3)), 0);
        } else if (kind % 3 == 0) {
            writer.number(attribute, time, random.below(256), 0);
        } else {
            const double middle = static_cast<double>(kind % 900) / 3;
            writer.number(attribute, time, middle + random.bell() * (1 + middle / 8),
                          static_cast<int>(kind % 4));
        }
        break;
    case ValueType::Boolean:
        writer.boolean(attribute, time, random.chance(0.2));
        break;
    case ValueType::Timestamp:
        writer.timestamp(
            attribute, time,
            (baseTime - static_cast<std::int64_t>(random.exponential(30) * static_cast<double>(day))) /
                second * second);
        break;
    case ValueType::Json:
        std::snprintf(buffer, sizeof buffer, R"({"on":%s,"v":[%d,%d],"mode":"%c"})",
                      random.chance(0.5) ? "true" : "false", random.below(10), random.below(100),
                      'a' + random.below(4));
        writer.json(attribute, time, buffer);
        break;
    case ValueType::String: {
        static constexpr const char* words[] = {"ok",       "n/a",     "auto", "manual",
                                                "degraded", "unknown", "3.1",  "rev B"};
        if (kind % 2 == 0) {
            writer.text(attribute, time, words[(kind / 2 + static_cast<std::uint64_t>(random.below(4))) % 8]);
        } else {
            std::snprintf(buffer, sizeof buffer, "%d.%d.%d", random.below(4), random.below(10),
                          random.below(20));
            writer.text(attribute, time, buffer);
        }
        break;
    }
    }
}

} // namespace atlas::ingest
