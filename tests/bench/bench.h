// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QString>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "tests/support/platform.h"

namespace atlas::bench {

/// One figure beside what it is measured against, taken in the same run: the machine is shared, ratios hold,
/// absolute times are a guide.
struct Figure
{
    QString name;
    double value = 0;
    QString unit;
    QString against;                    ///< what it is measured against, in words
    std::optional<double> againstValue; ///< in the same unit; nullopt where `against` is a fixed bar
    QString bar;                        ///< "≤ 100 ms", "ratio ≥ 0.8"
    bool holds = false;

    std::optional<double> ratio() const;
};

/// What benchmarks share: the bench cluster with a synthetic platform loaded.
class Context
{
public:
    /// Applies the schema and loads so many entities (0: none) where that is missing. Empty, or what went
    /// wrong.
    QString prepare(qint64 entities);
    test::Platform& platform() { return m_platform; }
    int tenant(const QString& name) { return m_platform.tenantId(name); }
    /// By the ingest login, open to the analyst and the admin. Isolation "shared" or "partition".
    int createTenant(const QString& name, const QString& isolation);

private:
    test::Platform m_platform;
};

struct Benchmark
{
    const char* name;
    const char* description;
    bool needsCluster;
    std::function<QList<Figure>(Context&)> run;
    bool needsFleet = true; ///< the synthetic platform; false: the schema alone will do
};

double median(std::vector<double> values);
/// p in 0…1.
double percentile(std::vector<double> values, double p);
/// Milliseconds of each of `times` runs, after one that does not count.
std::vector<double> timed(int times, const std::function<void()>& run);
/// The same of two things in turn, so that what else the machine does meets both alike.
std::pair<std::vector<double>, std::vector<double>> alternated(int times, const std::function<void()>& one,
                                                               const std::function<void()>& other);
/// $ATLAS_BENCH_SHORT: whether it works is what is asked, not how fast it is.
bool isShort();
/// --scale: a million assets.
bool isScale();

/// The tenant that growth reads, in a branch of its own: each asset with a site, a status and a reading. Made
/// where it is missing, by the server, a transaction a chunk: what is measured is reading, and the replicas
/// must keep up. 0, and the reason said, on failure.
int grownTenant(Context& context, qint64 entities);
QString grownTenantName(qint64 entities);

/// The value, or the end of the program with the error.
template<class T> T need(db::Result<T> result)
{
    if (!result.ok()) {
        std::fprintf(stderr, "%s\n", qUtf8Printable(result.error().text()));
        std::exit(1);
    }
    return std::move(result).value();
}

Benchmark filterBenchmark();
Benchmark regretBenchmark();
Benchmark growthBenchmark();
Benchmark suiteBenchmark();
Benchmark fetchBenchmark();
Benchmark csvBenchmark();
Benchmark smallBenchmark();
Benchmark doorBenchmark();
Benchmark clusterBenchmark();
Benchmark readAfterBenchmark();
Benchmark searchBenchmark();
Benchmark startBenchmark();
Benchmark clickBenchmark();
Benchmark failoverBenchmark();

} // namespace atlas::bench
