// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <functional>

#include "model/ingest/door.h"
#include "model/ingest/platform/platform.h"

namespace atlas::ingest {

struct TelemetryOptions
{
    double rate = 10'000;                    ///< events (values) a second, all tenants together
    std::chrono::milliseconds interval{400}; ///< a batch of each tenant that often
    int writers = 2;
};

/// Keeps existing assets sending at a steady rate until stopped. A few assets send much more often than the
/// rest, as they do in life; what cannot be sent in time is left out beyond a second's worth, never queued
/// without bound.
class Telemetry
{
public:
    /// `tenantIds` and `entities` (how many there are) by the platform's tenants; 0 leaves a tenant out.
    Telemetry(const Platform& platform, std::vector<int> tenantIds, std::vector<std::int64_t> entities,
              const TelemetryOptions& options);

    /// Blocks until stopped() or a failure that the doors do not get over.
    db::Status run(const std::function<std::unique_ptr<Door>()>& makeDoor,
                   const std::function<bool()>& stopped);

    std::atomic<std::int64_t> eventsSent{0};
    std::atomic<std::int64_t> batchesSent{0};
    std::atomic<std::int64_t> eventsLeftOut{0};

private:
    db::Status write(Door& door, const std::vector<int>& tenants, const std::function<bool()>& stopped);
    const Platform& m_platform;
    std::vector<int> m_tenantIds;
    std::vector<std::int64_t> m_entities;
    TelemetryOptions m_options;
    std::int64_t m_allEntities = 0;
};

} // namespace atlas::ingest
