// SPDX-License-Identifier: GPL-3.0-or-later
#include <QCoreApplication>
#include <QEventLoop>
#include <QJsonArray>
#include <QJsonDocument>
#include <QTimer>

#include <cstdio>

#include "cli/command.h"
#include "model/lag/monitor.h"

namespace atlas::cli {

namespace {

void printTable(const QList<lag::StageLag>& stages)
{
    std::printf("%-10s %-16s %-15s %10s %14s  %s\n", "STAGE", "NODE", "STATE", "SECONDS", "BYTES",
                "EVIDENCE");
    for (const lag::StageLag& stage : stages) {
        // A dash where it is not known: never a zero that nobody measured.
        const QString seconds =
            stage.lagSeconds ? QString::number(*stage.lagSeconds, 'f', 2) : QStringLiteral("-");
        const QString bytes = stage.lagBytes ? QString::number(*stage.lagBytes) : QStringLiteral("-");
        std::printf("%-10s %-16s %-15s %10s %14s  %s\n", qUtf8Printable(stage.stage),
                    qUtf8Printable(stage.node), qUtf8Printable(lag::stateName(stage.state)),
                    qUtf8Printable(seconds), qUtf8Printable(bytes), qUtf8Printable(stage.evidence));
    }
}

void printJson(const QList<lag::StageLag>& stages)
{
    QJsonArray array;
    for (const lag::StageLag& stage : stages)
        array.append(stage.toJson());
    std::printf("%s\n", QJsonDocument(array).toJson(QJsonDocument::Compact).constData());
}

} // namespace

int runLag(const QStringList& arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(
        QStringLiteral("Tells how far each stage is behind the primary's commits. States: current, behind, "
                       "falling behind, idle, unknown.\n"
                       "Exit status 1 when a stage is behind, falling behind or unknown."));
    Connection::addOptions(parser);
    const QCommandLineOption json(
        QStringLiteral("json"),
        QStringLiteral("An array, one object a stage (with --watch: one array a line)."));
    const QCommandLineOption watch(QStringLiteral("watch"),
                                   QStringLiteral("Look every second until interrupted."));
    parser.addOptions({json, watch});
    parse(parser, QStringLiteral("lag"), arguments);
    if (!parser.positionalArguments().isEmpty()) {
        fail(QStringLiteral("lag takes no words"));
        return Usage;
    }
    auto connection = Connection::fromParser(parser);
    if (!connection)
        return Usage;
    connection->use(Purpose::Operator);

    lag::Monitor monitor(&connection->client(), connection->environment());
    QEventLoop loop;
    int status = Ok;
    int rounds = 0;
    QObject::connect(&monitor, &lag::Monitor::sampled, &loop, [&](const QList<lag::StageLag>& stages) {
        ++rounds;
        // One look cannot tell idle from current, nor bytes from seconds: the second one can.
        if (rounds == 1 && !parser.isSet(watch)) {
            QTimer::singleShot(std::chrono::milliseconds(700), &monitor, &lag::Monitor::probeNow);
            return;
        }
        if (parser.isSet(json))
            printJson(stages);
        else
            printTable(stages);
        // Also when nobody reads any more (| head): a watch would go on for ever.
        if (!flushOutput()) {
            status = Failed;
            loop.quit();
            return;
        }
        if (parser.isSet(watch)) {
            if (!parser.isSet(json))
                std::printf("\n");
            return;
        }
        bool reachable = false;
        for (const lag::StageLag& stage : stages) {
            reachable = reachable || stage.state != lag::State::Unknown;
            if (stage.state != lag::State::Current && stage.state != lag::State::Idle)
                status = Failed;
        }
        if (!reachable)
            status = Unreachable;
        loop.quit();
    });
    QTimer signalTimer;
    QObject::connect(&signalTimer, &QTimer::timeout, &loop, [&] {
        if (interrupted()) {
            status = parser.isSet(watch) ? int(Ok) : int(Interrupted);
            loop.quit();
        }
    });
    signalTimer.start(std::chrono::milliseconds(100));
    if (parser.isSet(watch))
        monitor.start();
    else
        monitor.probeNow();
    loop.exec();
    return status;
}

} // namespace atlas::cli
