// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/platform/platform.h"

#include <algorithm>
#include <cstdio>

#include "model/ingest/platform/rare.h"

namespace atlas::ingest {

namespace {

std::string numbered(const char* prefix, char separator, int index)
{
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, "%s%c%05d", prefix, separator, index + 1);
    return buffer;
}

/// When the asset was heard of last: most within minutes, some hours ago, never more than two days.
std::int64_t lastSeen(const Asset& asset)
{
    Random random = asset.stream(4);
    const double hours = random.chance(0.9) ? random.exponential(0.2) : random.exponential(9);
    return asset.baseTime -
           static_cast<std::int64_t>(std::min(hours, 48.0) * static_cast<double>(hour)) / second * second;
}

} // namespace

Platform::Platform(const PlatformOptions& options)
    : m_options(options)
{
    std::unique_ptr<AssetKind> kinds[] = {makeTrucks(), makeTurbines(), makeColdChain(), makeWaterMeters(),
                                          makeLab()};
    int entitiesLeft = options.entities;
    int attributesLeft = options.attributes;
    for (std::unique_ptr<AssetKind>& kind : kinds) {
        Tenant tenant;
        const bool last = m_tenants.size() + 1 == std::size(kinds);
        const auto share = [](int total, int parts) {
            return static_cast<int>(static_cast<std::int64_t>(total) * parts / 1000);
        };
        tenant.commonCount = static_cast<int>(kind->common().size());
        tenant.entities =
            last ? entitiesLeft : std::min(share(options.entities, kind->entityShare()), entitiesLeft);
        tenant.entities = std::max(tenant.entities, 1);
        const int attributes =
            last ? attributesLeft
                 : std::min(share(options.attributes, kind->attributeShare()), attributesLeft);
        entitiesLeft -= tenant.entities;
        attributesLeft -= attributes;
        tenant.seed = mix({options.seed, m_tenants.size() + 1});
        tenant.attributes = kind->common();
        const std::vector<AttributeSpec> rare = makeRareAttributes(
            kind->rareTheme(), std::max(0, attributes - tenant.commonCount), tenant.seed, kind->common());
        tenant.attributes.insert(tenant.attributes.end(), rare.begin(), rare.end());
        tenant.kind = std::move(kind);
        m_tenants.push_back(std::move(tenant));
    }
    // How many rare values bring the mean to twenty: what the common ones give is counted on a sample.
    for (int t = 0; t < tenantCount(); ++t) {
        Tenant& tenant = m_tenants[static_cast<std::size_t>(t)];
        const int sample = std::min(tenant.entities, 500);
        Batch batch(0, {});
        AttributeNumbers numbers = attributeNumbers(t);
        for (int i = 0; i < sample; ++i)
            writeEntity(t, static_cast<int>(static_cast<std::int64_t>(i) * tenant.entities / sample), batch,
                        numbers);
        tenant.rarePerEntity =
            std::max(0.0, meanValuesPerEntity - static_cast<double>(batch.rows()) / sample);
    }
}

Platform::~Platform() = default;

Platform::AttributeNumbers Platform::attributeNumbers(int tenantIndex) const
{
    return AttributeNumbers(tenant(tenantIndex).attributes.size(), -1);
}

std::string Platform::entityId(const AssetKind& kind, int index)
{
    return numbered(kind.idPrefix(), '-', index);
}

std::string Platform::entityName(const AssetKind& kind, int index)
{
    return numbered(kind.namePrefix(), ' ', index);
}

Asset Platform::asset(int tenantIndex, int index) const
{
    return {mix({tenant(tenantIndex).seed, 17, static_cast<std::uint64_t>(index)}), index,
            m_options.baseTime};
}

void Platform::writeEntity(int tenantIndex, int index, Batch& batch, AttributeNumbers& numbers) const
{
    const Tenant& tenant = this->tenant(tenantIndex);
    const Asset asset = this->asset(tenantIndex, index);
    const std::int64_t seen = atlas::ingest::lastSeen(asset);
    AssetWriter writer(batch, tenant.attributes, numbers);
    writer.begin(entityId(*tenant.kind, index), tenant.kind->entityType(), entityName(*tenant.kind, index));
    tenant.kind->writeState(asset, writer, seen);
    tenant.kind->writeTelemetry(asset, writer, seen);

    const int rareCount = static_cast<int>(tenant.attributes.size()) - tenant.commonCount;
    if (rareCount == 0)
        return;
    Random random = asset.stream(5);
    std::vector<int> given;
    const auto give = [&](int rank) {
        if (std::find(given.begin(), given.end(), rank) != given.end())
            return;
        given.push_back(rank);
        const int attribute = tenant.commonCount + rank;
        writeRareValue(tenant.attributes[static_cast<std::size_t>(attribute)], attribute, random,
                       seen - static_cast<std::int64_t>(random.unit() * static_cast<double>(hour)),
                       m_options.baseTime, writer);
    };
    // Every attribute type has an asset at least…
    for (int rank = index; rank < rareCount; rank += tenant.entities)
        give(rank);
    // …and the rest follows a power law: rank r is drawn with probability about 1/r.
    const double wanted = tenant.rarePerEntity;
    int draws = static_cast<int>(wanted) + (random.chance(wanted - std::floor(wanted)) ? 1 : 0);
    for (; draws > 0; --draws)
        give(std::min(rareCount - 1,
                      static_cast<int>(std::pow(static_cast<double>(rareCount) + 1, random.unit())) - 1));
}

void Platform::writeTelemetry(int tenantIndex, int index, std::int64_t time, Batch& batch,
                              AttributeNumbers& numbers) const
{
    const Tenant& tenant = this->tenant(tenantIndex);
    AssetWriter writer(batch, tenant.attributes, numbers);
    writer.begin(entityId(*tenant.kind, index), std::nullopt, std::nullopt);
    tenant.kind->writeTelemetry(asset(tenantIndex, index), writer, time);
}

std::int64_t Platform::lastSeen(int tenantIndex, int index) const
{
    return atlas::ingest::lastSeen(asset(tenantIndex, index));
}

int Platform::featuredCount(int tenantIndex) const
{
    return std::min(tenant(tenantIndex).entities, 40);
}

} // namespace atlas::ingest
