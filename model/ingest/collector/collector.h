// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/ingest/batch.h"

namespace atlas::ingest {

/// What this machine says about one of its parts.
struct Reading
{
    std::string id;   ///< "cpu/0", "mount//home", "process/812@123456"
    std::string type; ///< host, cpu, disk, mount, interface, process
    std::string name;
    std::vector<std::pair<std::string, ValueColumns>> values;

    void number(const char* attribute, double value, int decimals);
    void integer(const char* attribute, std::int64_t value);
    void text(const char* attribute, std::string_view value);
    void boolean(const char* attribute, bool value);
    void timestamp(const char* attribute, std::int64_t microseconds);
    /// A JSON array of strings.
    void list(const char* attribute, const std::vector<std::string>& items);
};

struct CollectorOptions
{
    std::string proc = "/proc"; ///< tests put a tree of files here
    std::string sys = "/sys";
    int processes = 60; ///< the busiest and the largest, together at most that many
    /// One that was chosen is looked at as long as it lives, while all together are no more than this.
    int processesInAll = 120;
    /// Younger processes are left out: a build would leave thousands of assets that lived for a second.
    double minProcessAge = 10;
};

/// Reads /proc and /sys. Rates are per second between two calls; the first call gives none. Reads no command
/// lines and no environments: they hold secrets. Not thread-safe.
class Collector
{
public:
    explicit Collector(CollectorOptions options = {});

    /// What an earlier run left: it is sent again or, where it has gone, cleared.
    void remember(const std::string& id, const std::string& attribute, ValueType type);

    /// Everything as of now (`time`: µs since 1970 UTC).
    std::vector<Reading> collect(std::int64_t time);

    /// Adds to the batch what differs from the last call; what has gone since is cleared, a part that has
    /// gone says so in its attribute "present". A process that lives and is not looked at any more only loses
    /// its measurements.
    void addChanges(const std::vector<Reading>& readings, std::int64_t time, Batch& batch);

private:
    using Counters = std::unordered_map<std::string, double>;
    /// Increase of a counter a second since the last round; negative: not known yet.
    double rate(const std::string& counter, double value);
    void readHost(std::vector<Reading>& out);
    void readCpus(std::vector<Reading>& out);
    void readDisks(std::vector<Reading>& out);
    void readMounts(std::vector<Reading>& out);
    void readInterfaces(std::vector<Reading>& out);
    void readProcesses(std::vector<Reading>& out);
    std::string readProc(const std::string& path) const;
    std::string readSys(const std::string& path) const;

    CollectorOptions m_options;
    Counters m_before;
    Counters m_now;
    double m_elapsed = 0;
    std::int64_t m_lastTime = 0;
    std::int64_t m_booted = 0;
    std::string m_host;
    struct Known
    {
        std::map<std::string, ValueColumns> values;
    };
    std::map<std::string, Known> m_known;
    std::set<std::string> m_alive;    ///< ids of every process of the last round
    std::set<std::string> m_followed; ///< of those that were read
};

} // namespace atlas::ingest
