// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QHash>

#include <atomic>
#include <functional>
#include <vector>

#include "db/blocking.h"
#include "model/ingest/door.h"
#include "model/ingest/platform/platform.h"

namespace atlas::ingest {

/// A batch of the load: the same options always give the same list, so an interrupted load goes on where it
/// was.
struct LoadItem
{
    enum class Stage { Catalogue = 1, Entities, History, Complete };
    Stage stage = Stage::Entities;
    int tenant = 0; ///< index in the platform
    int first = 0;  ///< entities first … last-1
    int last = 0;
    bool operator==(const LoadItem&) const = default;
};

/// Every batch in the order to send: catalogues, assets, two days of history of the featured ones, the mark
/// that all is there. About `values` values each.
std::vector<LoadItem> loadPlan(const Platform& platform, int values = 60'000);
/// Identity of an item's batch; needs only the options, not the base time.
std::string loadWords(const PlatformOptions& options, const LoadItem& item);
/// Puts the item's values into an empty batch.
void fillLoadBatch(const Platform& platform, const LoadItem& item, Batch& batch);

inline constexpr std::int64_t historySpan = 2 * day;
inline constexpr std::int64_t historyStep = 30 * minute;

/// What the server knows of a load.
struct LoadState
{
    std::vector<int> tenantIds;         ///< by the platform's tenants; 0: not there
    std::vector<std::int64_t> entities; ///< of those tenants
    std::int64_t startedAt = 0;         ///< base time of the load with these options; 0: never begun
    std::vector<bool> done;             ///< by loadPlan()'s items
    bool complete = false;

    bool anyTenant() const;
    bool anyEntities() const;
};

/// Reads the state; `options.baseTime` is not looked at.
db::Result<LoadState> readLoadState(db::BlockingSession& session, const Platform& platform,
                                    const std::vector<LoadItem>& plan);
/// The ledger tells of a load into these tenants. Asked when it knows none with the options at hand.
db::Result<bool> wasLoadedOtherwise(db::BlockingSession& session, const LoadState& state);
/// Makes the tenants that are missing and opens them to the logins.
db::Status createTenants(db::BlockingSession& session, const Platform& platform, const QStringList& logins,
                         LoadState& state);
/// Units and descriptions of the catalogue, which no batch carries.
db::Status describeAttributes(db::BlockingSession& session, const Platform& platform, const LoadState& state);

/// Sends what is not done yet, several doors at once. Counters may be read from any thread while it runs.
class LoadRun
{
public:
    LoadRun(const Platform& platform, const std::vector<LoadItem>& plan, const LoadState& state);

    std::atomic<std::int64_t> rowsSent{0};
    std::atomic<std::int64_t> itemsDone{0};
    /// Expected in all, for progress; what is done already is counted in rowsSent.
    std::int64_t rowsExpected() const { return m_rowsExpected; }

    /// Runs on `writers` threads and waits for them. Stops at the first error or when stopped() says so.
    db::Status run(int writers, const std::function<std::unique_ptr<Door>()>& makeDoor,
                   const std::function<bool()>& stopped);
    bool wasStopped() const { return m_stopped; }

private:
    db::Status send(Door& door, const LoadItem& item, Batch& batch);
    const Platform& m_platform;
    const std::vector<LoadItem>& m_plan;
    const LoadState& m_state;
    std::int64_t m_rowsExpected = 0;
    std::atomic<std::size_t> m_next{0};
    std::atomic<bool> m_stopped{false};
};

/// Sends the mark that the load with these options is complete.
db::Status markComplete(Door& door, const Platform& platform, const LoadState& state);

} // namespace atlas::ingest
