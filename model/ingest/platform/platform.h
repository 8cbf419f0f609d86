// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/ingest/platform/assetkind.h"

namespace atlas::ingest {

struct PlatformOptions
{
    std::uint64_t seed = 1;
    int entities = 200'000;
    int attributes = 10'000;
    /// "Now" of the platform: what was seen last, was seen a little before. µs since 1970 UTC.
    std::int64_t baseTime = 0;
};

inline constexpr double meanValuesPerEntity = 20;

/// The synthetic platform: five tenants of very different size, any part of it made on its own and always the
/// same for the same options. What is planted in it is in docs/synthetic-platform.md. Immutable after
/// construction: any thread, each with an AttributeNumbers of its own.
class Platform
{
public:
    explicit Platform(const PlatformOptions& options);
    ~Platform();

    struct Tenant
    {
        std::unique_ptr<AssetKind> kind;
        int entities = 0;
        std::vector<AttributeSpec> attributes; ///< common ones first, then the rare by falling frequency
        int commonCount = 0;
        double rarePerEntity =
            0; ///< drawn by the power law, beside the one that every attribute is given at least
        std::uint64_t seed = 0;
    };
    int tenantCount() const { return static_cast<int>(m_tenants.size()); }
    const Tenant& tenant(int index) const { return m_tenants[static_cast<std::size_t>(index)]; }
    const PlatformOptions& options() const { return m_options; }

    /// Numbers of a tenant's attributes within a batch; clear it when the batch is reset.
    using AttributeNumbers = std::vector<int>;
    AttributeNumbers attributeNumbers(int tenant) const;

    static std::string entityId(const AssetKind& kind, int index);   ///< TRK-00042
    static std::string entityName(const AssetKind& kind, int index); ///< Truck 00042

    /// The current value of everything the asset has.
    void writeEntity(int tenant, int index, Batch& batch, AttributeNumbers& numbers) const;
    /// One telemetry message; the asset's type and name are left as they are.
    void writeTelemetry(int tenant, int index, std::int64_t time, Batch& batch,
                        AttributeNumbers& numbers) const;
    /// When the asset was heard of last before the base time.
    std::int64_t lastSeen(int tenant, int index) const;
    /// The assets that have two days of history from the start.
    int featuredCount(int tenant) const;

private:
    Asset asset(int tenant, int index) const;
    PlatformOptions m_options;
    std::vector<Tenant> m_tenants;
};

} // namespace atlas::ingest
