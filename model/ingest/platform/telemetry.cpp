// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/platform/telemetry.h"

#include <algorithm>
#include <mutex>
#include <thread>

namespace atlas::ingest {

Telemetry::Telemetry(const Platform& platform, std::vector<int> tenantIds, std::vector<std::int64_t> entities,
                     const TelemetryOptions& options)
    : m_platform(platform)
    , m_tenantIds(std::move(tenantIds))
    , m_entities(std::move(entities))
    , m_options(options)
{
    for (std::size_t t = 0; t < m_entities.size(); ++t) {
        if (m_tenantIds[t] == 0)
            m_entities[t] = 0;
        m_allEntities += m_entities[t];
    }
}

db::Status Telemetry::run(const std::function<std::unique_ptr<Door>()>& makeDoor,
                          const std::function<bool()>& stopped)
{
    // Each tenant belongs to one writer, the largest to the one with the least to do.
    const int writers = std::max(1, std::min(m_options.writers, m_platform.tenantCount()));
    std::vector<std::vector<int>> share(static_cast<std::size_t>(writers));
    std::vector<std::int64_t> weight(static_cast<std::size_t>(writers));
    std::vector<int> order;
    for (int t = 0; t < m_platform.tenantCount(); ++t) {
        if (m_entities[static_cast<std::size_t>(t)] > 0)
            order.push_back(t);
    }
    std::sort(order.begin(), order.end(), [this](int a, int b) {
        return m_entities[static_cast<std::size_t>(a)] > m_entities[static_cast<std::size_t>(b)];
    });
    for (const int t : order) {
        const auto least =
            static_cast<std::size_t>(std::min_element(weight.begin(), weight.end()) - weight.begin());
        share[least].push_back(t);
        weight[least] += m_entities[static_cast<std::size_t>(t)];
    }

    std::mutex mutex;
    std::optional<db::DbError> firstError;
    std::atomic<bool> failed{false};
    std::vector<std::thread> threads;
    for (const std::vector<int>& tenants : share) {
        if (tenants.empty())
            continue;
        threads.emplace_back([&, tenants] {
            const std::unique_ptr<Door> door = makeDoor();
            const db::Status status = write(*door, tenants, [&] { return failed || stopped(); });
            if (!status && !stopped()) {
                const std::lock_guard lock(mutex);
                if (!firstError)
                    firstError = status.error();
                failed = true;
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    if (firstError)
        return *firstError;
    return db::success();
}

db::Status Telemetry::write(Door& door, const std::vector<int>& tenants, const std::function<bool()>& stopped)
{
    using Clock = std::chrono::steady_clock;
    struct Lane
    {
        int tenant;
        double rate; ///< events a second
        double owed = 0;
        Batch batch;
        Platform::AttributeNumbers numbers;
        BatchSizer sizer{std::chrono::milliseconds(250)};
    };
    std::vector<Lane> lanes;
    for (const int t : tenants) {
        const auto index = static_cast<std::size_t>(t);
        lanes.push_back(
            {t, m_options.rate * static_cast<double>(m_entities[index]) / static_cast<double>(m_allEntities),
             0, Batch(m_tenantIds[index], "telemetry"), m_platform.attributeNumbers(t)});
    }
    // Not reproducible on purpose: who sends when is life's.
    Random random(
        mix({static_cast<std::uint64_t>(nowMicroseconds()), static_cast<std::uint64_t>(tenants.front())}));
    Clock::time_point last = Clock::now();
    Clock::time_point due = last + m_options.interval;
    while (!stopped()) {
        while (Clock::now() < due && !stopped())
            std::this_thread::sleep_for(
                std::min<Clock::duration>(std::chrono::milliseconds(50), due - Clock::now()));
        const Clock::time_point now = Clock::now();
        const double elapsed = std::chrono::duration<double>(now - last).count();
        last = now;
        due = std::max(due + m_options.interval, now);
        for (Lane& lane : lanes) {
            if (stopped())
                return db::success();
            lane.owed += lane.rate * elapsed;
            const double most =
                lane.rate * 1.0 + lane.rate * std::chrono::duration<double>(m_options.interval).count();
            if (lane.owed > most) {
                eventsLeftOut += static_cast<std::int64_t>(lane.owed - most);
                lane.owed = most;
            }
            const auto entities = static_cast<double>(m_entities[static_cast<std::size_t>(lane.tenant)]);
            const std::int64_t sentAt = nowMicroseconds();
            const auto span = static_cast<std::int64_t>(elapsed * 1e6);
            while (lane.owed >= 1 && !stopped()) {
                lane.batch.reset();
                std::fill(lane.numbers.begin(), lane.numbers.end(), -1);
                const double full = std::min(lane.owed, static_cast<double>(lane.sizer.rows()));
                while (static_cast<double>(lane.batch.rows()) < full) {
                    // A third of the messages come from the featured assets, the rest from anywhere.
                    const double featured = std::min<double>(m_platform.featuredCount(lane.tenant), entities);
                    const int index = static_cast<int>(random.chance(0.33) ? random.unit() * featured
                                                                           : random.unit() * entities);
                    const std::int64_t time =
                        (sentAt - static_cast<std::int64_t>(random.unit() * static_cast<double>(span))) /
                        1000 * 1000;
                    m_platform.writeTelemetry(lane.tenant, index, time, lane.batch, lane.numbers);
                }
                const auto sent = door.send(lane.batch, BatchId::random());
                if (!sent)
                    return sent.error();
                lane.sizer.took(lane.batch.rows(), sent->took);
                lane.owed -= static_cast<double>(lane.batch.rows());
                eventsSent += lane.batch.rows();
                ++batchesSent;
            }
        }
    }
    return db::success();
}

} // namespace atlas::ingest
