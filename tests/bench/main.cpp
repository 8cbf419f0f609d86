// SPDX-License-Identifier: GPL-3.0-or-later
// atlas-bench [NAME…] [--json FILE]: the benchmarks, each against the thing it is measured against. Beside
// the figures FILE.json the machine that they are from, FILE.machine.json.
#include <QApplication>
#include <QCommandLineParser>
#include <QElapsedTimer>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLocale>
#include <QRegularExpression>
#include <QSaveFile>

#include <algorithm>
#include <cstdio>

#include "tests/bench/bench.h"
#include "tests/bench/machine.h"

namespace atlas::bench {

std::optional<double> Figure::ratio() const
{
    if (!againstValue || *againstValue == 0)
        return std::nullopt;
    return value / *againstValue;
}

QString Context::prepare(qint64 entities)
{
    test::TestCluster cluster;
    QString reason;
    if (test::TestCluster::find(&cluster, &reason) != test::TestCluster::Found::Yes)
        return reason;
    if (const QString problem = m_platform.prepare(cluster); !problem.isEmpty())
        return problem;
    if (entities == 0)
        return {};
    const QStringList load{QStringLiteral("load"), QStringLiteral("--entities"), QString::number(entities)};
    if (m_platform.ctl(load + QStringList{QStringLiteral("--status")}).status == 0) {
        // Loaded by an earlier version, it may lack statistics that the agent would have taken by now.
        auto agent = m_platform.open(QStringLiteral("primary"), QStringLiteral("agent"));
        if (!agent)
            return QStringLiteral("no session as the agent");
        const auto measured =
            agent->exec(test::sql("select measured from atlas.refresh_stale_stats(60, 200000, 30000)"));
        return measured.ok() ? QString() : measured.error().text();
    }
    std::fprintf(stderr, "loading %s entities into the bench cluster (once)…\n",
                 qUtf8Printable(QLocale::c().toString(entities)));
    const test::Ran loaded = m_platform.ctl(load, {}, 7'200'000);
    return loaded.status == 0 ? QString() : QString::fromUtf8(loaded.err);
}

int Context::createTenant(const QString& name, const QString& isolation)
{
    auto writer = m_platform.open(QStringLiteral("primary"), QStringLiteral("ingest"));
    return static_cast<int>(
        need(writer->exec(test::sql(
                 "select atlas.create_tenant($1, $2, $3::name[])",
                 {db::param(name), db::param(isolation),
                  db::arrayParam(QStringList{m_platform.cluster().role(QStringLiteral("analyst")),
                                             m_platform.cluster().role(QStringLiteral("admin"))})})))
            .integer(0, 0)
            .value_or(0));
}

double percentile(std::vector<double> values, double p)
{
    if (values.empty())
        return 0;
    std::sort(values.begin(), values.end());
    const double place = p * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    const double share = place - static_cast<double>(below);
    return values[below] * (1 - share) + values[above] * share;
}

double median(std::vector<double> values)
{
    return percentile(std::move(values), 0.5);
}

std::vector<double> timed(int times, const std::function<void()>& run)
{
    std::vector<double> taken;
    for (int i = 0; i <= times; ++i) {
        QElapsedTimer timer;
        timer.start();
        run();
        if (i > 0)
            taken.push_back(static_cast<double>(timer.nsecsElapsed()) / 1e6);
    }
    return taken;
}

std::pair<std::vector<double>, std::vector<double>> alternated(int times, const std::function<void()>& one,
                                                               const std::function<void()>& other)
{
    std::pair<std::vector<double>, std::vector<double>> taken;
    for (int i = 0; i <= times; ++i) {
        for (const bool first : {true, false}) {
            QElapsedTimer timer;
            timer.start();
            (first ? one : other)();
            if (i > 0)
                (first ? taken.first : taken.second)
                    .push_back(static_cast<double>(timer.nsecsElapsed()) / 1e6);
        }
    }
    return taken;
}

bool isShort()
{
    return qEnvironmentVariableIsSet("ATLAS_BENCH_SHORT");
}

bool isScale()
{
    return QCoreApplication::arguments().contains(QStringLiteral("--scale"));
}

} // namespace atlas::bench

using namespace atlas::bench;

namespace {

QJsonObject toJson(const Figure& figure)
{
    const auto number = [](const std::optional<double>& value) {
        return value ? QJsonValue(*value) : QJsonValue();
    };
    return {{QStringLiteral("name"), figure.name},
            {QStringLiteral("value"), figure.value},
            {QStringLiteral("unit"), figure.unit},
            {QStringLiteral("against"), figure.against},
            {QStringLiteral("against_value"), number(figure.againstValue)},
            {QStringLiteral("ratio"), number(figure.ratio())},
            {QStringLiteral("bar"), figure.bar},
            {QStringLiteral("holds"), figure.holds}};
}

bool write(const QString& path, const QJsonDocument& document)
{
    QSaveFile file(path);
    if (file.open(QIODevice::WriteOnly) && file.write(document.toJson()) >= 0 && file.commit())
        return true;
    std::fprintf(stderr, "cannot write %s: %s\n", qUtf8Printable(path), qUtf8Printable(file.errorString()));
    return false;
}

void print(const Figure& figure)
{
    const QString against = figure.againstValue ? QStringLiteral("%1 %2 (ratio %3)")
                                                      .arg(*figure.againstValue, 0, 'f', 2)
                                                      .arg(figure.unit)
                                                      .arg(*figure.ratio(), 0, 'f', 2)
                                                : QStringLiteral("-");
    std::printf("%-34s %12.2f %-6s  %-28s  %-14s  %-5s  %s\n", qUtf8Printable(figure.name), figure.value,
                qUtf8Printable(figure.unit), qUtf8Printable(against), qUtf8Printable(figure.bar),
                figure.holds ? "holds" : "FAILS", qUtf8Printable(figure.against));
    std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv)
{
    QApplication application(argc, argv);
    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral("Runs the benchmarks named, all when none is."));
    parser.addHelpOption();
    const QCommandLineOption json(QStringLiteral("json"),
                                  QStringLiteral("Writes the figures to this file, and beside it "
                                                 "what they were measured on (.machine.json)."),
                                  QStringLiteral("file"));
    const QCommandLineOption scale(
        QStringLiteral("scale"),
        QStringLiteral("On a cluster of its own with 1,000,000 entities and 20 million values, for growth 5 "
                       "million entities "
                       "more: twenty minutes to load, 45 GB. Runs what grows with the data, unless named."));
    parser.addOptions({json, scale});
    parser.addPositionalArgument(QStringLiteral("name"), QStringLiteral("Benchmarks to run."),
                                 QStringLiteral("[name…]"));
    parser.process(application);

    const std::vector<Benchmark> all{
        filterBenchmark(), suiteBenchmark(), regretBenchmark(), growthBenchmark(),  fetchBenchmark(),
        csvBenchmark(),    smallBenchmark(), doorBenchmark(),   clusterBenchmark(), readAfterBenchmark(),
        searchBenchmark(), startBenchmark(), clickBenchmark(),  failoverBenchmark()};
    std::vector<Benchmark> chosen;
    const QStringList names = parser.positionalArguments();
    for (const QString& name : names) {
        const auto found = std::find_if(all.begin(), all.end(), [&name](const Benchmark& one) {
            return name == QLatin1String(one.name);
        });
        if (found == all.end()) {
            std::fprintf(stderr, "there is no benchmark \"%s\"; there are:\n", qUtf8Printable(name));
            for (const Benchmark& one : all)
                std::fprintf(stderr, "  %-10s %s\n", one.name, one.description);
            return 2;
        }
        chosen.push_back(*found);
    }
    if (chosen.empty() && parser.isSet(scale))
        chosen = {filterBenchmark(), suiteBenchmark(), regretBenchmark(), growthBenchmark(), csvBenchmark()};
    if (chosen.empty())
        chosen = all;

    Context context;
    const bool needsCluster =
        std::any_of(chosen.begin(), chosen.end(), [](const Benchmark& one) { return one.needsCluster; });
    if (needsCluster) {
        const bool fleet = std::any_of(chosen.begin(), chosen.end(), [](const Benchmark& one) {
            return one.needsCluster && one.needsFleet;
        });
        if (const QString problem = context.prepare(!fleet      ? 0
                                                    : isScale() ? 1'000'000
                                                    : isShort() ? 5'000
                                                                : 200'000);
            !problem.isEmpty()) {
            std::fprintf(stderr, "the bench cluster cannot be used: %s\n", qUtf8Printable(problem));
            return 3;
        }
    }
    QJsonObject machine;
    if (parser.isSet(json)) {
        QStringList asked = names;
        if (parser.isSet(scale))
            asked.append(QStringLiteral("--scale"));
        machine = describeMachine(needsCluster ? &context : nullptr, asked);
    }
    QJsonArray figures;
    bool allHold = true;
    for (const Benchmark& one : chosen) {
        const QList<Figure> measured = one.run(context);
        if (measured.isEmpty()) {
            std::fprintf(stderr, "%s measured nothing\n", one.name);
            allHold = false;
        }
        for (const Figure& figure : measured) {
            print(figure);
            figures.append(toJson(figure));
            // In the short form a figure is enough.
            allHold = allHold && (figure.holds || isShort());
        }
    }
    if (parser.isSet(json)) {
        QString path = parser.value(json);
        const bool written = write(path, QJsonDocument(figures));
        path.remove(QRegularExpression(QStringLiteral("\\.json$")));
        if (!write(path + QStringLiteral(".machine.json"), QJsonDocument(machine)) || !written)
            return 1;
    }
    return allHold ? 0 : 1;
}
