// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <iterator>

namespace atlas::ingest {

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a good hash of one 64-bit number.
constexpr std::uint64_t mix(std::uint64_t x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

constexpr std::uint64_t mix(std::initializer_list<std::uint64_t> parts)
{
    std::uint64_t state = 0;
    for (const std::uint64_t part : parts)
        state = mix(state ^ part);
    return state;
}

/// 0 ≤ x < 1 from the upper 53 bits.
constexpr double unitOf(std::uint64_t bits)
{
    return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

/// SplitMix64 as a stream. Every entity has streams of its own, so any part of the platform can be made
/// without the rest, and the same everywhere: the standard library's distributions differ between
/// implementations.
class Random
{
public:
    explicit constexpr Random(std::uint64_t seed)
        : m_state(seed)
    {
    }

    constexpr std::uint64_t next() { return mix(m_state += 0x9E3779B97F4A7C15u); }
    constexpr double unit() { return unitOf(next()); }
    constexpr bool chance(double probability) { return unit() < probability; }
    /// 0 … n-1
    constexpr int below(int n) { return static_cast<int>(unit() * n); }
    constexpr double between(double low, double high) { return low + (high - low) * unit(); }
    /// Mean 0, deviation 1, between -3.5 and 3.5: the sum of twelve uniform numbers would cost more than it
    /// is worth.
    constexpr double bell()
    {
        const double sum = unit() + unit() + unit() + unit();
        return (sum - 2.0) * 1.7320508075688772;
    }
    double exponential(double mean) { return -mean * std::log(1.0 - unit()); }
    /// Index into weights (need not sum to 1).
    template<class Weights> constexpr int pick(const Weights& weights)
    {
        double sum = 0;
        for (const double w : weights)
            sum += w;
        double at = unit() * sum;
        int i = 0;
        const int last = static_cast<int>(std::size(weights)) - 1;
        for (const double w : weights) {
            if (at < w || i == last)
                return i;
            at -= w;
            ++i;
        }
        return last;
    }

private:
    std::uint64_t m_state;
};

} // namespace atlas::ingest
