// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <numbers>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/ingest/batch.h"
#include "model/ingest/platform/random.h"

namespace atlas::ingest {

inline constexpr std::int64_t second = 1'000'000; ///< µs
inline constexpr std::int64_t minute = 60 * second;
inline constexpr std::int64_t hour = 60 * minute;
inline constexpr std::int64_t day = 24 * hour;

/// An attribute as the catalogue describes it.
struct AttributeSpec
{
    std::string name;
    ValueType type;
    std::string unit;
    std::string description;
};

/// One of the synthetic assets at one moment. The seed is the asset's own: the same traits every time.
struct Asset
{
    std::uint64_t seed = 0;
    int index = 0;             ///< within its tenant
    std::int64_t baseTime = 0; ///< when the platform was made, µs since 1970 UTC

    Random stream(std::uint64_t purpose) const { return Random(mix({seed, purpose})); }
    /// A slow wave with noise on it: what a sensor says at `time`. Depends on nothing but its arguments, so
    /// history, current value and later telemetry fit together.
    double signal(int attribute, std::int64_t time, double middle, double swing, std::int64_t period,
                  double noise) const
    {
        const double phase = unitOf(mix({seed, 11, static_cast<std::uint64_t>(attribute)}));
        const double turns =
            static_cast<double>(time % (period * 1000)) / static_cast<double>(period) + phase;
        const double jitter =
            unitOf(mix({seed, static_cast<std::uint64_t>(attribute), static_cast<std::uint64_t>(time)})) -
            0.5;
        return middle + swing * std::sin(2 * std::numbers::pi * turns) + noise * 2 * jitter;
    }
};

/// Writes values of one asset into a batch; attributes by their place in the kind's catalogue.
class AssetWriter
{
public:
    AssetWriter(Batch& batch, std::span<const AttributeSpec> attributes, std::vector<int>& numbers)
        : m_batch(batch)
        , m_attributes(attributes)
        , m_numbers(numbers)
    {
    }
    void begin(std::string_view id, std::optional<std::string_view> type,
               std::optional<std::string_view> name)
    {
        m_entity = m_batch.entity(id, type, name);
    }
    void number(int attribute, std::int64_t time, double value, int decimals)
    {
        static constexpr double scales[] = {1, 10, 100, 1'000, 10'000, 100'000, 1'000'000};
        m_batch.addDecimal(m_entity, attributeNumber(attribute), time, std::llround(value * scales[decimals]),
                           decimals);
    }
    void text(int attribute, std::int64_t time, std::string_view value)
    {
        m_batch.addShortText(m_entity, attributeNumber(attribute), time, value);
    }
    void json(int attribute, std::int64_t time, std::string_view compact) { text(attribute, time, compact); }
    void boolean(int attribute, std::int64_t time, bool value)
    {
        m_batch.addBoolean(m_entity, attributeNumber(attribute), time, value);
    }
    void timestamp(int attribute, std::int64_t time, std::int64_t value)
    {
        m_batch.addTimestamp(m_entity, attributeNumber(attribute), time, value);
    }

private:
    int attributeNumber(int attribute)
    {
        int& number = m_numbers[static_cast<std::size_t>(attribute)];
        if (number < 0) {
            const AttributeSpec& spec = m_attributes[static_cast<std::size_t>(attribute)];
            number = m_batch.attribute(spec.name, spec.type);
        }
        return number;
    }

    Batch& m_batch;
    std::span<const AttributeSpec> m_attributes;
    std::vector<int>& m_numbers; ///< the batch's number of each attribute, -1: not in it yet
    int m_entity = 0;
};

/// What the assets of one tenant are and do.
class AssetKind
{
public:
    virtual ~AssetKind() = default;

    virtual const char* tenant() const = 0;
    virtual const char* isolation() const = 0;
    /// Parts of 1,000 of all entities, and of all attribute types.
    virtual int entityShare() const = 0;
    virtual int attributeShare() const = 0;
    virtual const char* entityType() const = 0;
    virtual const char* idPrefix() const = 0;   ///< "TRK": ids are TRK-00042
    virtual const char* namePrefix() const = 0; ///< "Truck"
    virtual const char* rareTheme() const = 0;  ///< vocabulary of its rare attributes, see rare.h
    /// The attributes most assets have, telemetry first.
    virtual const std::vector<AttributeSpec>& common() const = 0;
    virtual int telemetryCount() const = 0;
    /// Values of everything but telemetry as of the base time.
    virtual void writeState(const Asset& asset, AssetWriter& writer, std::int64_t seen) const = 0;
    /// One message of the asset at that time: those of its telemetry attributes that it has.
    virtual void writeTelemetry(const Asset& asset, AssetWriter& writer, std::int64_t time) const = 0;
};

std::unique_ptr<AssetKind> makeTrucks();
std::unique_ptr<AssetKind> makeTurbines();
std::unique_ptr<AssetKind> makeColdChain();
std::unique_ptr<AssetKind> makeWaterMeters();
std::unique_ptr<AssetKind> makeLab();

} // namespace atlas::ingest
