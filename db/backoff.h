// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <chrono>

namespace atlas::db {

/// How long to leave a server alone after each failure in a row: doubling from `first` to `most`, spread by
/// ±25 % so that many consoles do not come back in step.
class Backoff
{
public:
    using Milliseconds = std::chrono::milliseconds;

    constexpr explicit Backoff(Milliseconds first = Milliseconds(500),
                               Milliseconds most = Milliseconds(30'000))
        : m_first(first)
        , m_most(most)
    {
    }

    /// The pause after one more failure. `random` is uniform in [0, 1).
    Milliseconds next(double random)
    {
        Milliseconds pause = m_most;
        if (m_failures < 30)
            pause = std::min(m_most, m_first * (Milliseconds::rep(1) << m_failures));
        ++m_failures;
        return Milliseconds(
            static_cast<Milliseconds::rep>(static_cast<double>(pause.count()) * (0.75 + 0.5 * random)));
    }
    void reset() { m_failures = 0; }
    int failures() const { return m_failures; }

private:
    Milliseconds m_first;
    Milliseconds m_most;
    int m_failures = 0;
};

} // namespace atlas::db
