// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/app/application.h"

#include <QApplication>
#include <QCommandLineParser>
#include <QFile>
#include <QProcess>
#include <QTimer>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>
#include <unistd.h>

#include "gui/app/mainwindow.h"
#include "gui/app/session.h"
#include "gui/app/tour.h"
#include "gui/support/watchdog.h"
#include "gui/theme/theme.h"

namespace atlas::gui {

namespace {

/// Exit statuses, as in --help.
enum ExitStatus { Worked = 0, Failed = 1, WrongUse = 2 };

constexpr std::chrono::seconds timeStartPatience(20);

/// Milliseconds since the kernel started this process (resolution: a clock tick, usually 10 ms).
double sinceProcessStart()
{
    QFile file(QStringLiteral("/proc/self/stat"));
    if (!file.open(QIODevice::ReadOnly))
        return -1;
    // The second field is the name in brackets and may hold blanks.
    const QByteArray all = file.readAll();
    const QList<QByteArray> fields = all.mid(all.lastIndexOf(')') + 2).split(' ');
    constexpr int startTimeField = 22 - 3;
    const double ticks = fields.value(startTimeField).toDouble();
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    const double seconds = double(now.tv_sec) + double(now.tv_nsec) / 1e9;
    return (seconds - ticks / double(sysconf(_SC_CLK_TCK))) * 1000;
}

void print(const QString& text)
{
    std::fputs(qPrintable(text + QLatin1Char('\n')), stdout);
    std::fflush(stdout);
}

bool hasDisplay()
{
    return qEnvironmentVariableIsSet("DISPLAY") || qEnvironmentVariableIsSet("WAYLAND_DISPLAY") ||
           qEnvironmentVariableIsSet("QT_QPA_PLATFORM");
}

/// The option itself or --option=value, before there is a QApplication to parse for us.
bool isGiven(int argc, char** argv, const char* option)
{
    for (int i = 1; i < argc; ++i) {
        const QByteArray argument(argv[i]);
        if (argument == option || argument.startsWith(QByteArray(option) + '='))
            return true;
    }
    return false;
}

void timeStart(MainWindow* window)
{
    QObject::connect(window, &MainWindow::firstPainted, window, [] {
        print(QObject::tr("first paint after %1 ms").arg(sinceProcessStart(), 0, 'f', 0));
    });
    auto* poll = new QTimer(window);
    poll->setInterval(2);
    QObject::connect(poll, &QTimer::timeout, window, [window, poll] {
        const AppContext* context = window->context();
        const Workspace* shown = window->currentWorkspace();
        if (!shown || !context->tenant().isValid() || !shown->isSettled())
            return;
        poll->stop();
        // What settled in this turn of the loop is painted in the next.
        QTimer::singleShot(0, window, [window] {
            window->repaint();
            print(QObject::tr("first rows after %1 ms").arg(sinceProcessStart(), 0, 'f', 0));
            QCoreApplication::exit(Worked);
        });
    });
    poll->start();
    QTimer::singleShot(timeStartPatience, window, [window] {
        print(QObject::tr("no rows after %1 s. %2").arg(timeStartPatience.count()).arg(window->shownError()));
        QCoreApplication::exit(Failed);
    });
}

/// The pictures at twice the scale come from a process of its own: Qt has one scale for the life of a
/// process.
int tourAtDoubleScale()
{
    QProcess again;
    QStringList arguments = QCoreApplication::arguments().mid(1);
    arguments << QStringLiteral("--tour-suffix") << QStringLiteral("@2x");
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("QT_SCALE_FACTOR"), QStringLiteral("2"));
    again.setProcessEnvironment(environment);
    again.setProcessChannelMode(QProcess::ForwardedChannels);
    again.start(QCoreApplication::applicationFilePath(), arguments);
    if (!again.waitForFinished(-1) || again.exitStatus() != QProcess::NormalExit)
        return Failed;
    return again.exitCode();
}

} // namespace

int runApplication(int& argc, char** argv)
{
    if (isGiven(argc, argv, "--tour") && !hasDisplay())
        qputenv("QT_QPA_PLATFORM", "offscreen");
    QApplication application(argc, argv);
    QApplication::setApplicationName(QStringLiteral("atlas-console"));
    QApplication::setApplicationDisplayName(QStringLiteral("Atlas Console"));
    QApplication::setApplicationVersion(QStringLiteral(ATLAS_VERSION));
    QApplication::setDesktopFileName(QStringLiteral("atlas-console"));
    QApplication::setWindowIcon(QIcon(QStringLiteral(":/icons/atlas-console.svg")));

    QCommandLineParser parser;
    parser.setApplicationDescription(
        QObject::tr("Desktop console for telemetry platforms on PostgreSQL and Redshift."));
    parser.addHelpOption();
    parser.addVersionOption();
    const QCommandLineOption environment(QStringLiteral("environment"), QObject::tr("Open this environment."),
                                         QObject::tr("name"));
    const QCommandLineOption service(
        QStringLiteral("service"), QObject::tr("Open the primary named by this section of pg_service.conf."),
        QObject::tr("name"));
    const QCommandLineOption tenant(QStringLiteral("tenant"), QObject::tr("Choose this tenant."),
                                    QObject::tr("name"));
    const QCommandLineOption workspace(
        QStringLiteral("workspace"),
        QObject::tr("Show this workspace: assets, pipeline, hotset or activity."), QObject::tr("id"));
    const QCommandLineOption theme(QStringLiteral("theme"), QObject::tr("light, dark or system."),
                                   QObject::tr("name"));
    const QCommandLineOption tour(
        QStringLiteral("tour"),
        QObject::tr("Walk through every workspace in both themes, write pictures to this folder at "
                    "scale 1 and 2, and quit; status 0 only when all of it worked."),
        QObject::tr("folder"));
    QCommandLineOption suffix(QStringLiteral("tour-suffix"), {}, QStringLiteral("text"));
    suffix.setFlags(QCommandLineOption::HiddenFromHelp);
    const QCommandLineOption time(
        QStringLiteral("time-start"),
        QObject::tr("Print how long the first paint and the first rows took, then quit."));
    const QCommandLineOption watch(
        QStringLiteral("watchdog"),
        QObject::tr("Count the moments in which the window did not respond for 50 ms, print them at "
                    "the end."));
    parser.addOptions({environment, service, tenant, workspace, theme, tour, suffix, time, watch});
    parser.process(application);

    const QString themeName = parser.value(theme);
    if (!themeName.isEmpty() && themeName != QLatin1String("light") && themeName != QLatin1String("dark") &&
        themeName != QLatin1String("system")) {
        std::fputs(qPrintable(QObject::tr("--theme must be light, dark or system, not %1\n").arg(themeName)),
                   stderr);
        return WrongUse;
    }
    const QString workspaceId = parser.value(workspace);
    QStringList ids;
    const QList<WorkspaceEntry> entries = workspaceEntries();
    for (const WorkspaceEntry& entry : entries)
        ids << entry.info.id;
    if (!workspaceId.isEmpty() && !ids.contains(workspaceId)) {
        std::fputs(qPrintable(QObject::tr("There is no workspace %1. There are: %2\n")
                                  .arg(workspaceId, ids.join(QStringLiteral(", ")))),
                   stderr);
        return WrongUse;
    }

    Theme& look = Theme::instance();
    look.install();
    look.setMode(Theme::modeFromName(
        themeName.isEmpty() ? session::Settings().value(QStringLiteral("theme")).toString() : themeName));

    auto store = std::make_shared<EnvironmentStore>();
    StartOptions options;
    options.environment = parser.value(environment);
    options.service = parser.value(service);
    options.tenant = parser.value(tenant);
    options.workspace = workspaceId;
    Watchdog watchdog;
    if (parser.isSet(watch))
        watchdog.start();
    const bool isTour = parser.isSet(tour);
    int status = Worked;
    {
        MainWindow window(store, options);
        window.setKeepsSession(!isTour && !parser.isSet(time));
        if (parser.isSet(time))
            timeStart(&window);
        std::unique_ptr<Tour> guide;
        if (isTour) {
            guide = std::make_unique<Tour>(&window, parser.value(tour), parser.value(suffix));
            QObject::connect(guide.get(), &Tour::finished, &application,
                             [](bool worked) { QCoreApplication::exit(worked ? Worked : Failed); });
            QTimer::singleShot(0, guide.get(), &Tour::start);
        }
        window.show();
        status = QApplication::exec();
    }
    if (parser.isSet(watch))
        print(watchdog.summary());
    if (isTour && !parser.isSet(suffix)) {
        const int doubled = tourAtDoubleScale();
        if (status == Worked)
            status = doubled;
    }
    return status;
}

} // namespace atlas::gui
