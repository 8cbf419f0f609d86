// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include <chrono>
#include <cstdint>

#include "db/blocking.h"

namespace atlas::ingest {

/// Why writers should slow down (atlas.write_pressure): a replica, a slot or the staging table is further
/// behind than write_limits allows. Empty when nothing is.
db::Result<QString> writePressure(db::BlockingSession& session);

/// How long a writer waits before its next batch while there is pressure: from 50 ms, doubled each time it is
/// asked, to 5 s; at once nothing when the pressure has gone. Plain arithmetic, no clock.
class Pacer
{
public:
    static constexpr std::chrono::milliseconds shortest{50};
    static constexpr std::chrono::milliseconds longest{5000};

    std::chrono::milliseconds next(bool pressed);

private:
    std::chrono::milliseconds m_wait{0};
};

/// How many rows (or bytes) the next batch should have so that taking it lasts about as long as wanted: a
/// batch that takes longer is halved, one well below grows by half. Plain arithmetic, no clock.
class BatchSizer
{
public:
    explicit BatchSizer(std::chrono::milliseconds wanted, std::int64_t smallest = 200,
                        std::int64_t largest = 50'000, std::int64_t first = 5'000);

    std::int64_t rows() const { return m_rows; }
    /// A batch of so many rows took so long. One that was not nearly full tells nothing about a larger one.
    void took(std::int64_t rows, std::chrono::milliseconds time);

private:
    std::chrono::milliseconds m_wanted;
    std::int64_t m_smallest;
    std::int64_t m_largest;
    std::int64_t m_rows;
};

} // namespace atlas::ingest
