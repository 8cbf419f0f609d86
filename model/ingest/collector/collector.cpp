// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/collector/collector.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "model/ingest/json.h"

namespace atlas::ingest {

namespace {

std::string readFile(const std::string& path)
{
    // Not by size: files of /proc say 0.
    std::ifstream file(path, std::ios::binary);
    std::string text;
    char buffer[8192];
    while (file.read(buffer, sizeof buffer) || file.gcount() > 0)
        text.append(buffer, static_cast<std::size_t>(file.gcount()));
    return text;
}

std::string trimmed(std::string text)
{
    const auto isSpace = [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\0'; };
    while (!text.empty() && isSpace(text.back()))
        text.pop_back();
    std::size_t start = 0;
    while (start < text.size() && isSpace(text[start]))
        ++start;
    return text.substr(start);
}

std::vector<std::string> fields(const std::string& line)
{
    std::istringstream in(line);
    std::vector<std::string> out;
    for (std::string word; in >> word;)
        out.push_back(word);
    return out;
}

std::vector<std::string> linesOf(const std::string& text)
{
    std::istringstream in(text);
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);)
        out.push_back(line);
    return out;
}

double toNumber(const std::string& text)
{
    return std::strtod(text.c_str(), nullptr);
}

/// Names of devices and processes are bytes; a replacement is better than none.
std::string validText(const std::string& text)
{
    if (isUtf8(text))
        return text;
    std::string out;
    for (const char c : text)
        out += static_cast<unsigned char>(c) < 0x80 ? std::string(1, c) : std::string("\xEF\xBF\xBD");
    return out;
}

std::vector<std::string> namesIn(const std::string& directory)
{
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(directory, error))
        names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

/// /proc/mounts writes blanks as \040.
std::string unescaped(const std::string& text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 3 < text.size()) {
            int code = 0;
            const auto [end, error] = std::from_chars(text.data() + i + 1, text.data() + i + 4, code, 8);
            if (end == text.data() + i + 4) {
                out += static_cast<char>(code);
                i += 3;
                continue;
            }
        }
        out += text[i];
    }
    return out;
}

} // namespace

void Reading::number(const char* attribute, double value, int decimals)
{
    if (!std::isfinite(value))
        return;
    char buffer[64];
    const auto [end, error] =
        std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, decimals);
    if (error != std::errc())
        return;
    std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
    if (decimals > 0) {
        text = text.substr(0, text.find_last_not_of('0') + 1);
        if (text.back() == '.')
            text.remove_suffix(1);
    }
    values.emplace_back(attribute, ValueColumns{});
    if (encodeNumber(text == "-0" ? "0" : text, values.back().second))
        values.pop_back();
}

void Reading::integer(const char* attribute, std::int64_t value)
{
    values.emplace_back(attribute, ValueColumns{});
    encodeNumber(std::to_string(value), values.back().second);
}

void Reading::text(const char* attribute, std::string_view value)
{
    const std::string clean = trimmed(validText(std::string(value)));
    if (clean.empty())
        return;
    values.emplace_back(attribute, ValueColumns{});
    if (encodeString(clean, values.back().second))
        values.pop_back();
}

void Reading::boolean(const char* attribute, bool value)
{
    values.emplace_back(attribute, ValueColumns{});
    encodeBoolean(value, values.back().second);
}

void Reading::timestamp(const char* attribute, std::int64_t microseconds)
{
    values.emplace_back(attribute, ValueColumns{});
    encodeTimestamp(microseconds, values.back().second);
}

void Reading::list(const char* attribute, const std::vector<std::string>& items)
{
    std::string json("[");
    for (const std::string& item : items) {
        if (json.size() > 1)
            json += ',';
        appendJsonString(json, validText(item));
    }
    json += ']';
    values.emplace_back(attribute, ValueColumns{});
    encodeJson(json, values.back().second);
}

Collector::Collector(CollectorOptions options)
    : m_options(std::move(options))
{
    m_host = trimmed(readProc("/sys/kernel/hostname"));
    if (m_host.empty())
        m_host = "localhost";
}

std::string Collector::readProc(const std::string& path) const
{
    return readFile(m_options.proc + path);
}

std::string Collector::readSys(const std::string& path) const
{
    return trimmed(readFile(m_options.sys + path));
}

double Collector::rate(const std::string& counter, double value)
{
    m_now[counter] = value;
    const auto before = m_before.find(counter);
    if (before == m_before.end() || m_elapsed <= 0 || value < before->second)
        return -1;
    return (value - before->second) / m_elapsed;
}

std::vector<Reading> Collector::collect(std::int64_t time)
{
    m_elapsed = m_lastTime ? static_cast<double>(time - m_lastTime) / 1e6 : 0;
    m_lastTime = time;
    m_now.clear();
    std::vector<Reading> out;
    readHost(out);
    readCpus(out);
    readDisks(out);
    readMounts(out);
    readInterfaces(out);
    readProcesses(out);
    m_before.swap(m_now);
    return out;
}

void Collector::readHost(std::vector<Reading>& out)
{
    Reading host{"host", "host", validText(m_host), {}};
    host.text("hostname", m_host);
    host.text("kernel.version", readProc("/sys/kernel/osrelease"));
    host.text("kernel.type", readProc("/sys/kernel/ostype"));
    utsname names{};
    if (uname(&names) == 0)
        host.text("architecture", names.machine);
    for (const std::string& line : linesOf(readFile("/etc/os-release"))) {
        if (line.starts_with("PRETTY_NAME=")) {
            std::string name = line.substr(12);
            std::erase(name, '"');
            host.text("os", name);
        }
    }

    const std::vector<std::string> load = fields(readProc("/loadavg"));
    if (load.size() >= 4) {
        host.number("load.1", toNumber(load[0]), 2);
        host.number("load.5", toNumber(load[1]), 2);
        host.number("load.15", toNumber(load[2]), 2);
        const std::size_t slash = load[3].find('/');
        if (slash != std::string::npos) {
            host.number("threads.runnable", toNumber(load[3].substr(0, slash)), 0);
            host.number("threads.total", toNumber(load[3].substr(slash + 1)), 0);
        }
    }
    const std::vector<std::string> uptime = fields(readProc("/uptime"));
    if (!uptime.empty())
        host.number("uptime", std::floor(toNumber(uptime[0])), 0);

    static constexpr std::pair<const char*, const char*> memory[] = {
        {"MemTotal", "memory.total"},
        {"MemFree", "memory.free"},
        {"MemAvailable", "memory.available"},
        {"Buffers", "memory.buffers"},
        {"Cached", "memory.cached"},
        {"SwapTotal", "swap.total"},
        {"SwapFree", "swap.free"},
        {"Dirty", "memory.dirty"},
        {"Writeback", "memory.writeback"},
        {"AnonPages", "memory.anonymous"},
        {"Mapped", "memory.mapped"},
        {"Shmem", "memory.shared"},
        {"Slab", "memory.slab"},
        {"PageTables", "memory.page_tables"},
        {"Committed_AS", "memory.committed"},
        {"HugePages_Total", "memory.huge_pages"}};
    double total = 0;
    double available = 0;
    for (const std::string& line : linesOf(readProc("/meminfo"))) {
        const std::vector<std::string> words = fields(line);
        if (words.size() < 2)
            continue;
        for (const auto& [key, attribute] : memory) {
            if (words[0].compare(0, words[0].size() - 1, key) != 0)
                continue;
            const double bytes = toNumber(words[1]) * (words.size() > 2 ? 1024 : 1);
            host.number(attribute, bytes, 0);
            if (std::strcmp(key, "MemTotal") == 0)
                total = bytes;
            if (std::strcmp(key, "MemAvailable") == 0)
                available = bytes;
        }
    }
    if (total > 0)
        host.number("memory.used_percent", 100 * (total - available) / total, 1);

    for (const std::string& line : linesOf(readProc("/stat"))) {
        const std::vector<std::string> words = fields(line);
        if (words.size() < 2)
            continue;
        const double value = toNumber(words[1]);
        const auto perSecond = [&](const char* attribute) {
            if (const double r = rate(words[0], value); r >= 0)
                host.number(attribute, r, 0);
        };
        if (words[0] == "ctxt")
            perSecond("context_switches");
        else if (words[0] == "intr")
            perSecond("interrupts");
        else if (words[0] == "processes")
            perSecond("processes.started");
        else if (words[0] == "procs_running")
            host.number("processes.running", value, 0);
        else if (words[0] == "procs_blocked")
            host.number("processes.blocked", value, 0);
        else if (words[0] == "btime") {
            m_booted = static_cast<std::int64_t>(value) * 1'000'000;
            host.timestamp("booted_at", m_booted);
        }
    }
    for (const std::string& line : linesOf(readProc("/vmstat"))) {
        static constexpr std::pair<const char*, const char*> counters[] = {
            {"pgfault", "page_faults"},
            {"pgmajfault", "page_faults.major"},
            {"pswpin", "swap.in"},
            {"pswpout", "swap.out"},
            {"oom_kill", "oom_kills"}};
        const std::vector<std::string> words = fields(line);
        for (const auto& [key, attribute] : counters) {
            if (words.size() == 2 && words[0] == key) {
                if (const double r = rate("vmstat " + words[0], toNumber(words[1])); r >= 0)
                    host.number(attribute, r, 1);
            }
        }
    }
    for (const char* resource : {"cpu", "memory", "io"}) {
        for (const std::string& line : linesOf(readProc(std::string("/pressure/") + resource))) {
            const std::vector<std::string> words = fields(line);
            if (words.size() > 1 && words[1].starts_with("avg10="))
                host.number((std::string("pressure.") + resource + '.' + words[0]).c_str(),
                            toNumber(words[1].substr(6)), 2);
        }
    }
    const std::vector<std::string> files = fields(readProc("/sys/fs/file-nr"));
    if (files.size() == 3)
        host.number("files.open", toNumber(files[0]), 0);
    host.number("entropy", toNumber(readProc("/sys/kernel/random/entropy_avail")), 0);
    for (const std::string& line : linesOf(readProc("/net/sockstat"))) {
        const std::vector<std::string> words = fields(line);
        if (words.size() > 2 && words[0] == "TCP:")
            host.number("tcp.sockets", toNumber(words[2]), 0);
        if (words.size() > 2 && words[0] == "UDP:")
            host.number("udp.sockets", toNumber(words[2]), 0);
    }
    const std::vector<std::string> snmp = linesOf(readProc("/net/snmp"));
    for (std::size_t i = 0; i + 1 < snmp.size(); ++i) {
        const std::vector<std::string> keys = fields(snmp[i]);
        const std::vector<std::string> counts = fields(snmp[i + 1]);
        if (keys.empty() || keys[0] != "Tcp:" || keys.size() != counts.size() || counts[0] != keys[0])
            continue;
        static constexpr std::pair<const char*, const char*> counters[] = {
            {"InSegs", "tcp.segments_in"},
            {"OutSegs", "tcp.segments_out"},
            {"RetransSegs", "tcp.retransmitted"},
            {"ActiveOpens", "tcp.opened"},
            {"PassiveOpens", "tcp.accepted"}};
        for (std::size_t k = 1; k < keys.size(); ++k) {
            if (keys[k] == "CurrEstab")
                host.number("tcp.established", toNumber(counts[k]), 0);
            for (const auto& [key, attribute] : counters) {
                if (keys[k] == key) {
                    if (const double r = rate("tcp " + keys[k], toNumber(counts[k])); r >= 0)
                        host.number(attribute, r, 1);
                }
            }
        }
    }
    out.push_back(std::move(host));
}

void Collector::readCpus(std::vector<Reading>& out)
{
    std::vector<std::string> models;
    std::vector<double> clocks;
    for (const std::string& line : linesOf(readProc("/cpuinfo"))) {
        const std::size_t colon = line.find(':');
        if (colon == std::string::npos)
            continue;
        const std::string key = trimmed(line.substr(0, colon));
        if (key == "model name")
            models.push_back(trimmed(line.substr(colon + 1)));
        else if (key == "cpu MHz")
            clocks.push_back(toNumber(line.substr(colon + 1)));
    }
    for (const std::string& line : linesOf(readProc("/stat"))) {
        const std::vector<std::string> words = fields(line);
        if (words.size() < 9 || !words[0].starts_with("cpu"))
            continue;
        const std::string number = words[0].substr(3);
        static constexpr const char* parts[] = {"user",   "nice", "system",  "idle",
                                                "iowait", "irq",  "softirq", "steal"};
        double rates[8];
        double all = 0;
        for (std::size_t i = 0; i < 8; ++i) {
            rates[i] = rate(words[0] + ' ' + parts[i], toNumber(words[i + 1]));
            all += std::max(0.0, rates[i]);
        }
        Reading cpu{"cpu/" + number, "cpu", "CPU " + number, {}};
        Reading& target = number.empty() ? out.front() : cpu; // the sum of all is the host's
        if (all > 0) {
            target.number("cpu.usage", 100 * (1 - (std::max(0.0, rates[3]) + std::max(0.0, rates[4])) / all),
                          1);
            for (const std::size_t i : {0u, 2u, 4u, 6u, 7u})
                target.number((std::string("cpu.") + parts[i]).c_str(), 100 * std::max(0.0, rates[i]) / all,
                              1);
        }
        if (number.empty())
            continue;
        const auto index = static_cast<std::size_t>(std::strtoul(number.c_str(), nullptr, 10));
        if (index < models.size())
            cpu.text("cpu.model", models[index]);
        if (index < clocks.size())
            cpu.number("cpu.clock", std::round(clocks[index] / 10) * 10, 0);
        cpu.text("cpu.governor", readSys("/devices/system/cpu/cpu" + number + "/cpufreq/scaling_governor"));
        cpu.boolean("present", true);
        out.push_back(std::move(cpu));
    }
}

void Collector::readDisks(std::vector<Reading>& out)
{
    for (const std::string& line : linesOf(readProc("/diskstats"))) {
        const std::vector<std::string> words = fields(line);
        if (words.size() < 14 || words[2].starts_with("loop") || words[2].starts_with("ram"))
            continue;
        const std::string& name = words[2];
        const std::string block = "/block/" + name;
        if (readSys(block + "/size").empty())
            continue; // a partition
        Reading disk{"disk/" + name, "disk", validText(name), {}};
        const auto perSecond = [&](const char* attribute, std::size_t field, double factor, int decimals) {
            if (const double r = rate("disk " + name + ' ' + attribute, toNumber(words[field])); r >= 0)
                disk.number(attribute, r * factor, decimals);
        };
        perSecond("disk.reads", 3, 1, 1);
        perSecond("disk.read_bytes", 5, 512, 0);
        perSecond("disk.writes", 7, 1, 1);
        perSecond("disk.written_bytes", 9, 512, 0);
        perSecond("disk.busy", 12, 0.1, 1); // milliseconds a second as per cent
        disk.number("disk.in_flight", toNumber(words[11]), 0);
        disk.number("disk.size", toNumber(readSys(block + "/size")) * 512, 0);
        disk.boolean("disk.rotational", readSys(block + "/queue/rotational") == "1");
        disk.boolean("disk.removable", readSys(block + "/removable") == "1");
        disk.text("disk.model", readSys(block + "/device/model"));
        disk.text("disk.scheduler", readSys(block + "/queue/scheduler"));
        disk.boolean("present", true);
        out.push_back(std::move(disk));
    }
}

void Collector::readMounts(std::vector<Reading>& out)
{
    static const std::set<std::string> virtualKinds{
        "proc",    "sysfs",       "devpts",     "cgroup", "cgroup2",  "mqueue",  "securityfs",
        "debugfs", "tracefs",     "pstore",     "bpf",    "configfs", "fusectl", "hugetlbfs",
        "autofs",  "binfmt_misc", "rpc_pipefs", "nsfs",   "efivarfs", "squashfs"};
    std::set<std::string> seen;
    for (const std::string& line : linesOf(readProc("/self/mounts"))) {
        const std::vector<std::string> words = fields(line);
        if (words.size() < 4 || virtualKinds.contains(words[2]))
            continue;
        const std::string place = unescaped(words[1]);
        if (place.size() > 400 || !seen.insert(place).second || seen.size() > 40)
            continue;
        struct statvfs space
        {
        };
        if (statvfs(place.c_str(), &space) != 0 || space.f_blocks == 0)
            continue;
        Reading mount{"mount/" + validText(place), "mount", validText(place), {}};
        const double unit = static_cast<double>(space.f_frsize);
        const double size = static_cast<double>(space.f_blocks) * unit;
        const double free = static_cast<double>(space.f_bfree) * unit;
        mount.text("mount.device", unescaped(words[0]));
        mount.text("mount.filesystem", words[2]);
        mount.number("mount.size", size, 0);
        mount.number("mount.used", size - free, 0);
        mount.number("mount.available", static_cast<double>(space.f_bavail) * unit, 0);
        mount.number("mount.used_percent", 100 * (size - free) / size, 1);
        if (space.f_files > 0)
            mount.number("mount.inodes_used", static_cast<double>(space.f_files - space.f_ffree), 0);
        mount.boolean("mount.read_only", (space.f_flag & ST_RDONLY) != 0);
        std::vector<std::string> options;
        std::istringstream in(words[3]);
        for (std::string option; std::getline(in, option, ',');) {
            if (option.find('=') == std::string::npos) // values may name users and paths
                options.push_back(option);
        }
        mount.list("mount.options", options);
        mount.boolean("present", true);
        out.push_back(std::move(mount));
    }
}

void Collector::readInterfaces(std::vector<Reading>& out)
{
    for (const std::string& line : linesOf(readProc("/net/dev"))) {
        const std::size_t colon = line.find(':');
        if (colon == std::string::npos)
            continue;
        const std::string name = trimmed(line.substr(0, colon));
        const std::vector<std::string> words = fields(line.substr(colon + 1));
        if (words.size() < 16)
            continue;
        Reading link{"interface/" + name, "interface", validText(name), {}};
        static constexpr std::pair<const char*, std::size_t> counters[] = {
            {"net.received_bytes", 0}, {"net.received_packets", 1}, {"net.receive_errors", 2},
            {"net.receive_drops", 3},  {"net.sent_bytes", 8},       {"net.sent_packets", 9},
            {"net.send_errors", 10},   {"net.send_drops", 11}};
        for (const auto& [attribute, field] : counters) {
            if (const double r = rate("net " + name + ' ' + attribute, toNumber(words[field])); r >= 0)
                link.number(attribute, r, 0);
        }
        const std::string device = "/class/net/" + name;
        link.number("net.mtu", toNumber(readSys(device + "/mtu")), 0);
        link.text("net.state", readSys(device + "/operstate"));
        if (const std::string speed = readSys(device + "/speed"); !speed.empty() && speed[0] != '-')
            link.number("net.speed", toNumber(speed), 0);
        link.boolean("net.carrier", readSys(device + "/carrier") == "1");
        link.boolean("present", true);
        out.push_back(std::move(link));
    }
}

void Collector::readProcesses(std::vector<Reading>& out)
{
    struct Process
    {
        int pid;
        std::string id;
        std::string start;
        std::string name;
        std::vector<std::string> stat; ///< from the state on
        double cpu;
        double resident;
        double age;
    };
    const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    const double page = static_cast<double>(sysconf(_SC_PAGESIZE));
    const double uptime = toNumber(readProc("/uptime"));
    std::vector<Process> all;
    m_alive.clear();
    for (const std::string& entry : namesIn(m_options.proc)) {
        int pid = 0;
        const auto [end, error] = std::from_chars(entry.data(), entry.data() + entry.size(), pid);
        if (error != std::errc() || end != entry.data() + entry.size())
            continue;
        const std::string stat = readProc('/' + entry + "/stat");
        // pid (comm) state …: the name may hold anything, parentheses included.
        const std::size_t open = stat.find('(');
        const std::size_t close = stat.rfind(')');
        if (open == std::string::npos || close == std::string::npos)
            continue; // gone meanwhile
        Process process{pid, {}, {}, stat.substr(open + 1, close - open - 1), fields(stat.substr(close + 1)),
                        0,   0,  0};
        if (process.stat.size() < 22)
            continue;
        process.start = process.stat[19];
        process.id = "process/" + entry + '@' + process.start;
        if (process.stat[0] != "Z" && process.stat[0] != "X") // has ended, but for its parent's notice
            m_alive.insert(process.id);
        process.age = uptime - toNumber(process.start) / ticks;
        const std::string key = "process " + entry + '@' + process.start;
        process.cpu = rate(key + " cpu", (toNumber(process.stat[11]) + toNumber(process.stat[12])) / ticks);
        process.resident = toNumber(process.stat[21]) * page;
        if (process.age >= m_options.minProcessAge && process.resident > 0) // kernel threads have no memory
            all.push_back(std::move(process));
    }
    const auto count = std::min(all.size(), static_cast<std::size_t>(m_options.processes));
    std::set<const Process*> chosen;
    std::vector<const Process*> order;
    for (const Process& process : all)
        order.push_back(&process);
    // Half by memory, which changes slowly, then the busiest: the choice must not flicker.
    std::sort(order.begin(), order.end(), [](const Process* a, const Process* b) {
        return a->resident != b->resident ? a->resident > b->resident : a->pid < b->pid;
    });
    for (std::size_t i = 0; i < order.size() && chosen.size() < count / 2; ++i)
        chosen.insert(order[i]);
    std::sort(order.begin(), order.end(), [](const Process* a, const Process* b) {
        return a->cpu != b->cpu ? a->cpu > b->cpu : a->pid < b->pid;
    });
    for (std::size_t i = 0; i < order.size() && chosen.size() < count; ++i)
        chosen.insert(order[i]);
    // Those of before stay: a process at the edge of the choice would come and go.
    const auto most = static_cast<std::size_t>(std::max(m_options.processes, m_options.processesInAll));
    for (std::size_t i = 0; i < order.size() && chosen.size() < most; ++i) {
        if (m_followed.contains(order[i]->id))
            chosen.insert(order[i]);
    }
    m_followed.clear();

    for (const Process* process : order) {
        if (!chosen.contains(process))
            continue;
        m_followed.insert(process->id);
        const std::string pid = std::to_string(process->pid);
        Reading reading{process->id, "process", validText(process->name) + " (" + pid + ')', {}};
        reading.integer("process.pid", process->pid);
        reading.text("process.command", process->name);
        reading.text("process.state", process->stat[0]);
        reading.number("process.parent", toNumber(process->stat[1]), 0);
        if (process->cpu >= 0)
            reading.number("process.cpu", 100 * process->cpu, 1);
        reading.number("process.resident", process->resident, 0);
        reading.number("process.virtual", toNumber(process->stat[20]), 0);
        reading.number("process.threads", toNumber(process->stat[17]), 0);
        reading.number("process.priority", toNumber(process->stat[15]), 0);
        reading.number("process.nice", toNumber(process->stat[16]), 0);
        reading.timestamp("process.started_at",
                          m_booted + static_cast<std::int64_t>(toNumber(process->start) / ticks) * 1'000'000);
        const std::string key = "process " + pid + '@' + process->start;
        if (const double r = rate(key + " faults", toNumber(process->stat[7])); r >= 0)
            reading.number("process.page_faults", r, 0);
        for (const std::string& line : linesOf(readProc('/' + pid + "/status"))) {
            const std::vector<std::string> words = fields(line);
            if (words.size() < 2)
                continue;
            if (words[0] == "Uid:")
                reading.number("process.uid", toNumber(words[1]), 0);
            else if (words[0] == "voluntary_ctxt_switches:") {
                if (const double r = rate(key + " switches", toNumber(words[1])); r >= 0)
                    reading.number("process.switches", r, 0);
            } else if (words[0] == "VmSwap:")
                reading.number("process.swapped", toNumber(words[1]) * 1024, 0);
        }
        for (const std::string& line : linesOf(readProc('/' + pid + "/io"))) {
            const std::vector<std::string> words = fields(line);
            if (words.size() < 2 || (words[0] != "read_bytes:" && words[0] != "write_bytes:"))
                continue;
            if (const double r = rate(key + ' ' + words[0], toNumber(words[1])); r >= 0)
                reading.number(words[0] == "read_bytes:" ? "process.read_bytes" : "process.written_bytes", r,
                               0);
        }
        if (const std::string score = trimmed(readProc('/' + pid + "/oom_score")); !score.empty())
            reading.number("process.oom_score", toNumber(score), 0);
        reading.boolean("present", true);
        out.push_back(std::move(reading));
    }
}

void Collector::remember(const std::string& id, const std::string& attribute, ValueType type)
{
    encodeCleared(type, m_known[id].values[attribute]); // differs from any value it may have now
    m_followed.insert(id);
}

void Collector::addChanges(const std::vector<Reading>& readings, std::int64_t time, Batch& batch)
{
    const auto same = [](const ValueColumns& a, const ValueColumns& b) {
        return a.type == b.type && a.hasNum == b.hasNum && a.hasText == b.hasText &&
               a.hasExact == b.hasExact && a.hasLong == b.hasLong && (!a.hasNum || a.num == b.num) &&
               (!a.hasText || a.text == b.text) && (!a.hasExact || a.exact == b.exact) &&
               (!a.hasLong || a.longText == b.longText);
    };
    ValueColumns cleared;
    std::set<std::string> present;
    for (const Reading& reading : readings) {
        if (nameProblem(reading.id, NameKind::EntityId) || nameProblem(reading.name, NameKind::EntityName))
            continue;
        present.insert(reading.id);
        const bool isNew = !m_known.contains(reading.id);
        Known& known = m_known[reading.id];
        std::map<std::string, ValueColumns> now;
        int entity = -1;
        const auto number = [&] {
            if (entity < 0)
                entity =
                    isNew ? batch.entity(reading.id, reading.type, reading.name) : batch.entity(reading.id);
            return entity;
        };
        for (const auto& [attribute, value] : reading.values) {
            const auto before = known.values.find(attribute);
            if (before == known.values.end() || !same(before->second, value))
                batch.add(number(), batch.attribute(attribute, value.type), time, value);
            now.insert_or_assign(attribute, value);
        }
        for (const auto& [attribute, value] : known.values) {
            if (!now.contains(attribute)) {
                encodeCleared(value.type, cleared);
                batch.add(number(), batch.attribute(attribute, value.type), time, cleared);
            }
        }
        known.values = std::move(now);
    }
    for (auto known = m_known.begin(); known != m_known.end();) {
        if (present.contains(known->first)) {
            ++known;
            continue;
        }
        // Measurements end; what it was (names, sizes, types) stays readable.
        std::erase_if(known->second.values, [&](const auto& entry) {
            const auto& [attribute, value] = entry;
            if (value.type != ValueType::Number || attribute == "process.pid")
                return false;
            encodeCleared(value.type, cleared);
            batch.add(batch.entity(known->first), batch.attribute(attribute, value.type), time, cleared);
            return true;
        });
        if (m_alive.contains(known->first)) {
            ++known; // others are looked at instead; its end is told when it comes
            continue;
        }
        ValueColumns gone;
        encodeBoolean(false, gone);
        batch.add(batch.entity(known->first), batch.attribute("present", ValueType::Boolean), time, gone);
        known = m_known.erase(known);
    }
}

} // namespace atlas::ingest
