// SPDX-License-Identifier: GPL-3.0-or-later
// What people wait for: a key in the attribute search, the window, its first rows, the rows of a filter.
#include <QApplication>
#include <QElapsedTimer>
#include <QListView>
#include <QProcess>
#include <QRegularExpression>
#include <QSortFilterProxyModel>
#include <QStringListModel>
#include <QTest>

#include "gui/app/mainwindow.h"
#include "gui/assets/assetsworkspace.h"
#include "gui/assets/attributebrowser.h"
#include "gui/assets/attributelistmodel.h"
#include "gui/assets/resultsmodel.h"
#include "gui/assets/resultsview.h"
#include "gui/theme/theme.h"
#include "gui/widgets/searchfield.h"
#include "tests/bench/bench.h"

namespace atlas::bench {

using namespace atlas::gui;

namespace {

constexpr int attributeCount = 10'000;

QStringList attributeNames()
{
    const QStringList subjects{QStringLiteral("engine"), QStringLiteral("battery"),
                               QStringLiteral("geo"),    QStringLiteral("door"),
                               QStringLiteral("cargo"),  QStringLiteral("firmware"),
                               QStringLiteral("brake"),  QStringLiteral("Öldruck")};
    const QStringList facts{QStringLiteral("temperature"), QStringLiteral("voltage"), QStringLiteral("dest"),
                            QStringLiteral("state"), QStringLiteral("pressure")};
    QStringList names;
    for (int i = 0; i < attributeCount; ++i)
        names.append(QStringLiteral("%1.%2_%3").arg(subjects.at(i % 8), facts.at(i / 8 % 5)).arg(i));
    return names;
}

AttributeCatalog catalogOf(const QStringList& names)
{
    QList<db::Column> columns;
    for (const char* name :
         {"attribute_id", "name", "value_type", "unit", "description", "state", "entities_with",
          "distinct_values", "measured_at", "entities_total", "isolation", "sampled_entities", "writes_since",
          "write_rate", "top_values", "histogram", "text_histogram"})
        columns.append({QString::fromLatin1(name), 0});
    db::ResultSet::Builder rows(columns);
    for (int i = 0; i < names.size(); ++i) {
        rows.addCell(QByteArray::number(i + 1));
        rows.addCell(names.at(i).toUtf8());
        rows.addCell(QByteArray::number(i % 5 + 1));
        for (const char* cell : {"°C", "", "cold"})
            rows.addCell(QByteArray(cell));
        rows.addCell(QByteArray::number(200'000 / (i + 1) + 1));
        for (const char* cell : {"50", "1790000000", "200000", "partition"})
            rows.addCell(QByteArray(cell));
        for (int unknown = 0; unknown < 6; ++unknown)
            rows.addNull();
    }
    return AttributeCatalog::fromRows(rows.take());
}

/// Milliseconds from a key until the view is painted, for every key of some searches and their deletion.
std::vector<double> typeInto(QWidget* field, QWidget* view)
{
    std::vector<double> taken;
    const auto press = [&](auto&& send) {
        QElapsedTimer timer;
        timer.start();
        send();
        QCoreApplication::sendPostedEvents();
        view->repaint();
        taken.push_back(static_cast<double>(timer.nsecsElapsed()) / 1e6);
    };
    for (int round = 0; round < 5; ++round) {
        for (const char* text : {"temp", "geo dest", "bat volt 12", "zzz", "e"}) {
            for (const char* c = text; *c; ++c)
                press([&] { QTest::keyClick(field, *c); });
            for (const char* c = text; *c; ++c)
                press([&] { QTest::keyClick(field, Qt::Key_Backspace); });
        }
    }
    return taken;
}

QList<Figure> runSearch(Context&)
{
    Theme::instance().install();
    const QStringList names = attributeNames();
    AttributeBrowser browser;
    browser.resize(280, 700);
    browser.setCatalog(catalogOf(names));
    browser.show();
    auto* edit = browser.findChild<QLineEdit*>();
    if (!edit)
        return {};
    edit->setFocus();
    const std::vector<double> ours = typeInto(edit, browser.list()->viewport());

    QStringListModel plain(names);
    QSortFilterProxyModel proxy;
    proxy.setSourceModel(&plain);
    proxy.setFilterCaseSensitivity(Qt::CaseInsensitive);
    QWidget window;
    window.resize(280, 700);
    QLineEdit other(&window);
    QListView view(&window);
    view.setGeometry(0, 40, 280, 660);
    view.setModel(&proxy);
    view.setUniformItemSizes(true);
    QObject::connect(&other, &QLineEdit::textChanged, &proxy,
                     [&proxy](const QString& text) { proxy.setFilterFixedString(text); });
    window.show();
    const std::vector<double> theirs = typeInto(&other, view.viewport());

    const double p99 = percentile(ours, 0.99);
    return {{QStringLiteral("search.key_to_paint.p99"), p99, QStringLiteral("ms"),
             QStringLiteral("QSortFilterProxyModel over the same 10,000 names"), percentile(theirs, 0.99),
             QStringLiteral("≤ 16 ms"), p99 <= 16}};
}

QList<Figure> runStart(Context& context)
{
    const QString program =
        QCoreApplication::applicationDirPath() + QStringLiteral("/../../gui/atlas-console");
    std::vector<double> paints;
    std::vector<double> rows;
    for (int i = 0; i < 6; ++i) {
        QProcess process;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QStringLiteral("QT_QPA_PLATFORM"), QStringLiteral("offscreen"));
        environment.insert(QStringLiteral("ATLAS_LOCAL_ENVIRONMENT"),
                           context.platform().cluster().stateDirectory() +
                               QStringLiteral("/environment.json"));
        process.setProcessEnvironment(environment);
        process.start(program,
                      {QStringLiteral("--time-start"), QStringLiteral("--environment"),
                       QStringLiteral("local"), QStringLiteral("--tenant"), QStringLiteral("Northwind Fleet"),
                       QStringLiteral("--workspace"), QStringLiteral("assets")});
        process.waitForFinished(60'000);
        const QString out =
            QString::fromUtf8(process.readAllStandardOutput() + process.readAllStandardError());
        static const QRegularExpression paint(QStringLiteral("first paint after ([\\d.]+) ms"));
        static const QRegularExpression first(QStringLiteral("first rows after ([\\d.]+) ms"));
        const auto painted = paint.match(out);
        const auto shown = first.match(out);
        if (!painted.hasMatch() || !shown.hasMatch()) {
            std::fprintf(stderr, "%s\n", qUtf8Printable(out));
            return {};
        }
        if (i > 0) { // the first run warms the caches
            paints.push_back(painted.captured(1).toDouble());
            rows.push_back(shown.captured(1).toDouble());
        }
    }
    const double paintMedian = median(paints);
    const double rowsMedian = median(rows);
    return {{QStringLiteral("start.first_paint"), paintMedian, QStringLiteral("ms"),
             QStringLiteral("the bar; from the start of the process"), std::nullopt,
             QStringLiteral("≤ 300 ms"), paintMedian <= 300},
            {QStringLiteral("start.first_rows"), rowsMedian, QStringLiteral("ms"),
             QStringLiteral("the bar; from the start of the process, connecting included"), std::nullopt,
             QStringLiteral("≤ 1,000 ms"), rowsMedian <= 1000}};
}

/// The console as it is after a start: the bench cluster's largest tenant, its assets, quiet.
struct OpenConsole
{
    std::unique_ptr<MainWindow> window;
    AssetsWorkspace* workspace = nullptr; ///< null: it never came to rest

    explicit OpenConsole(Context& context)
    {
        qputenv("ATLAS_LOCAL_ENVIRONMENT", QFile::encodeName(context.platform().cluster().stateDirectory() +
                                                             QStringLiteral("/environment.json")));
        Theme::instance().install();
        StartOptions options;
        options.environment = QStringLiteral("local");
        options.tenant = QStringLiteral("Northwind Fleet");
        options.workspace = QStringLiteral("assets");
        window = std::make_unique<MainWindow>(std::make_shared<EnvironmentStore>(), options);
        window->setKeepsSession(false);
        window->resize(1280, 800);
        window->show();
        workspace = qobject_cast<AssetsWorkspace*>(window->workspace(QStringLiteral("assets")));
        if (workspace && !settles())
            workspace = nullptr;
    }

    bool settles(int milliseconds = 30'000)
    {
        return QTest::qWaitFor(
            [&] { return window->context()->tenant().isValid() && workspace->isSettled(); }, milliseconds);
    }

    /// Milliseconds until the first rows of that filter are there; nullopt when they did not come.
    std::optional<double> rowsOf(const QString& filter)
    {
        const ResultsModel* results = workspace->results();
        QElapsedTimer timer;
        timer.start();
        if (!workspace->setFilterText(filter) ||
            !QTest::qWaitFor(
                [&] { return !results->isOutdated() && results->isLoaded() && results->rowCount() > 1; },
                10'000))
            return std::nullopt;
        return static_cast<double>(timer.nsecsElapsed()) / 1e6;
    }
};

/// From the moment the filter changes to its first rows on the screen: the window, the router, the server,
/// the paint.
QList<Figure> runClick(Context& context)
{
    OpenConsole console(context);
    if (!console.workspace)
        return {};
    auto* view = console.workspace->findChild<ResultsView*>();
    std::vector<double> taken;
    for (int i = 0; i < 40; ++i) {
        const auto arrived = console.rowsOf(
            QStringLiteral("status = \"active\" and region = \"%1\" and engine.coolant_temp > %2")
                .arg(i % 2 ? QStringLiteral("eu-west") : QStringLiteral("us-east"))
                .arg(80 + i % 7));
        if (!arrived)
            return {};
        QElapsedTimer painting;
        painting.start();
        view->viewport()->repaint();
        if (i >= 5)
            taken.push_back(*arrived + static_cast<double>(painting.nsecsElapsed()) / 1e6);
        if (!console.settles(10'000)) // the exact count, which comes after
            return {};
    }
    const double value = median(taken);
    return {
        {QStringLiteral("click.filter_to_painted_rows"), value, QStringLiteral("ms"),
         QStringLiteral(
             "the bar; three clauses, 200,000 entities of five tenants, 110,000 in this one, as an analyst"),
         std::nullopt, QStringLiteral("median ≤ 100 ms"), value <= 100}};
}

/// From the moment a filter changes to its rows on the screen while the replica it goes to stands still.
QList<Figure> runFailover(Context& context)
{
    const QString state = context.platform().cluster().stateDirectory();
    const QString script = qEnvironmentVariable("ATLAS_TEST_CLUSTER_SCRIPT");
    const auto tell = [&](const char* what, const QString& node) {
        return QProcess::execute(script,
                                 {QStringLiteral("--state"), state, QString::fromLatin1(what), node}) == 0;
    };
    OpenConsole console(context);
    if (!console.workspace)
        return {};
    const auto ask = [&](int temperature) {
        return console.rowsOf(
            QStringLiteral("status = \"active\" and engine.coolant_temp > %1").arg(temperature));
    };
    std::vector<double> stopped;
    std::vector<double> usual;
    for (int round = 0; round < 5; ++round) {
        const auto before = ask(80 + 2 * round);
        if (!before || !console.settles())
            return {};
        const QString victim = console.workspace->provenance().endpoint;
        if (!victim.startsWith(QStringLiteral("replica")) || !tell("pause", victim))
            return {};
        const auto taken = ask(81 + 2 * round);
        const bool clean =
            console.workspace->shownError().isEmpty() && console.workspace->provenance().endpoint != victim;
        if (!tell("resume", victim) || !taken || !clean || !console.settles())
            return {};
        usual.push_back(*before);
        stopped.push_back(*taken);
        // The replica is trusted again before the next round.
        if (!QTest::qWaitFor(
                [&] {
                    return console.window->context()->nodeState(victim).link == db::EndpointState::Link::Up;
                },
                30'000))
            return {};
    }
    const double worst = percentile(stopped, 1);
    return {{QStringLiteral("failover.worst_of_five"), worst, QStringLiteral("ms"),
             QStringLiteral(
                 "the same filter with every replica well, median; one replica stopped (SIGSTOP) unnoticed"),
             median(usual), QStringLiteral("≤ 2,000 ms"), worst <= 2000}};
}

} // namespace

Benchmark failoverBenchmark()
{
    return {"failover", "a filter whose replica has stopped, until its rows come from elsewhere", true,
            runFailover};
}

Benchmark clickBenchmark()
{
    return {"click", "a three-clause filter, from the click to painted rows", true, runClick};
}

Benchmark searchBenchmark()
{
    return {"search", "a key in the attribute search of 10,000 names, until it is painted", false, runSearch};
}

Benchmark startBenchmark()
{
    return {"start", "the window's first paint and first rows", true, runStart};
}

} // namespace atlas::bench
