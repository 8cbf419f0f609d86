// SPDX-License-Identifier: GPL-3.0-or-later
#include <QAbstractItemModelTester>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QGuiApplication>
#include <QHeaderView>
#include <QMenu>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTableWidget>
#include <QTest>
#include <QTimer>

#include <algorithm>

#include "gui/assets/explaindialog.h"
#include "gui/assets/resultsmodel.h"
#include "gui/assets/resultsview.h"
#include "gui/assets/topvalues.h"
#include "gui/assets/topvaluespopup.h"
#include "gui/widgets/messagestrip.h"
#include "model/filter/parser.h"
#include "model/filter/printer.h"
#include "tests/gui/fakecatalog.h"
#include "tests/gui/guitest.h"

using namespace atlas;
using namespace atlas::gui;

namespace {
/// By which a fake entity is sorted: few values, so that pages end among equals, and some have none.
std::optional<int> valueOf(qint64 id)
{
    return id % 130 == 0 ? std::nullopt : std::optional(int(id / 10 * 7919 % 11));
}

/// As the server promises it.
bool comesBefore(const filter::Sort& sort, qint64 a, qint64 b)
{
    const std::optional<int> first = valueOf(a);
    const std::optional<int> second = valueOf(b);
    if (first.has_value() != second.has_value())
        return first.has_value();
    if (first != second)
        return sort.descending ? first > second : first < second;
    return sort.descending ? a > b : a < b;
}

/// Entities with ids 10, 20, …; answers when told to, or at the next turn of the event loop.
class FakeSource : public PageSource
{
public:
    struct Asked
    {
        quint64 ticket = 0;
        PageQuery query;
        QPointer<QObject> receiver;
        browse::Handler<browse::Page> done;
    };

    quint64 page(const PageQuery& query, QObject* receiver, browse::Handler<browse::Page> done) override
    {
        asked.append({++tickets, query, receiver, std::move(done)});
        queries.append(query);
        if (answering)
            QTimer::singleShot(0, receiver, [this, ticket = tickets] { answer(ticket); });
        return tickets;
    }
    void cancel(quint64 ticket) override
    {
        cancelled.append(ticket);
        if (!deaf)
            asked.removeIf([ticket](const Asked& one) { return one.ticket == ticket; });
    }
    void answer(quint64 ticket)
    {
        for (qsizetype i = 0; i < asked.size(); ++i) {
            if (asked.at(i).ticket != ticket)
                continue;
            const Asked one = asked.takeAt(i);
            if (failing) {
                browse::Problem problem;
                problem.message = QStringLiteral("no rows today");
                one.done(problem);
                return;
            }
            browse::Page page;
            const std::optional<filter::Sort>& sort = one.query.sort;
            QList<qint64> inOrder = entities;
            if (sort)
                std::sort(inOrder.begin(), inOrder.end(),
                          [&sort](qint64 a, qint64 b) { return comesBefore(*sort, a, b); });
            for (const qint64 id : std::as_const(inOrder)) {
                if (!sort && id <= one.query.after)
                    continue;
                if (sort && one.query.sortAfter) {
                    // Its entity may be gone: what the key says counts.
                    const filter::SortCursor& after = *one.query.sortAfter;
                    QVERIFY(after.value == textOf(valueOf(after.entityId))); // nothing is made up
                    if (!comesBefore(*sort, after.entityId, id))
                        continue;
                }
                if (qsizetype(page.rows.size()) == one.query.limit)
                    break;
                browse::Row row;
                row.entityId = id;
                row.externalId = QStringLiteral("A-%1").arg(id);
                if (sort)
                    row.sortValue = textOf(valueOf(id));
                row.name = QStringLiteral("%1 %2").arg(filter::print(one.query.filter)).arg(id);
                for (const int column : one.query.columns)
                    row.values.emplace_back(
                        id % 3 ? std::optional(QStringLiteral("%1/%2").arg(id).arg(column)) : std::nullopt);
                page.rows.push_back(std::move(row));
            }
            page.last = qsizetype(page.rows.size()) < one.query.limit;
            one.done(std::move(page));
            return;
        }
    }
    void answerAll()
    {
        while (!asked.isEmpty())
            answer(asked.first().ticket);
    }

    static std::optional<QString> textOf(const std::optional<int>& value)
    {
        return value ? std::optional(QString::number(*value)) : std::nullopt;
    }

    QList<qint64> entities;
    QList<Asked> asked;
    QList<PageQuery> queries;
    QList<quint64> cancelled;
    quint64 tickets = 0;
    bool answering = true;
    bool failing = false;
    bool deaf = false; ///< cancelling comes too late
};

QList<qint64> ids(int count)
{
    QList<qint64> list;
    for (int i = 1; i <= count; ++i)
        list.append(i * 10);
    return list;
}

filter::Expression filterOf(const QString& value)
{
    return filter::Expression(
        filter::Node(filter::Clause{filter::Subject::ofAttribute(QStringLiteral("status")),
                                    filter::Operator::Equal,
                                    {filter::Literal::string(value)},
                                    true}));
}

/// Counts when told to.
struct Counting
{
    TopValuesPopup::Source source()
    {
        return {[this](QObject*, browse::Handler<browse::TopValues> handler) {
                    done = std::move(handler);
                    return ++tickets;
                },
                [this](quint64 ticket) { cancelled.append(ticket); }};
    }
    void answer(const std::variant<browse::TopValues, browse::Problem>& outcome)
    {
        const auto handler = std::exchange(done, nullptr);
        handler(outcome);
    }
    browse::Handler<browse::TopValues> done;
    QList<quint64> cancelled;
    quint64 tickets = 0;
};

struct Fixture
{
    std::shared_ptr<FakeSource> source = std::make_shared<FakeSource>();
    ResultsModel model;
    AttributeCatalog catalog = test::fleetCatalog();

    explicit Fixture(int rows)
    {
        source->entities = ids(rows);
        model.setSource(source);
        model.setColumns({1, 2});
    }
    bool start(const QString& value = QStringLiteral("a"))
    {
        QSignalSpy started(&model, &ResultsModel::started);
        model.setFilter(filterOf(value), catalog);
        return started.wait(3000);
    }
    bool settle()
    {
        return QTest::qWaitFor([this] { return !model.isLoading() && source->asked.isEmpty(); }, 3000);
    }
    filter::Sort by(int column, bool descending = false) const
    {
        return {*model.subjectOf(column), descending};
    }
    /// Ids of all rows, looked at page by page.
    QStringList everything()
    {
        QStringList found;
        for (int row = 0; row < model.rowCount() && row < 50'000; row += 50) { // never for ever
            model.setWindow(row, row + 60);
            if (!settle())
                return {};
            for (int r = row; r < std::min(row + 50, model.rowCount()); ++r)
                found.append(cell(r, 0));
        }
        return found;
    }
    QStringList inOrder(const filter::Sort& sort) const
    {
        QList<qint64> all = source->entities;
        std::sort(all.begin(), all.end(), [&sort](qint64 a, qint64 b) { return comesBefore(sort, a, b); });
        QStringList texts;
        for (const qint64 id : std::as_const(all))
            texts.append(QStringLiteral("A-%1").arg(id));
        return texts;
    }
    QString cell(int row, int column) const { return model.index(row, column).data().toString(); }
    CellState state(int row, int column = 0) const
    {
        return static_cast<CellState>(model.index(row, column).data(ResultsModel::StateRole).toInt());
    }
};
} // namespace

class TestResultsModel : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { m_sandbox = std::make_unique<test::GuiSandbox>(); }

    void keepsTheRulesOfModels()
    {
        Fixture f(450);
        QAbstractItemModelTester tester(&f.model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        QVERIFY(f.start());
        f.model.setTotal(470); // counted at another moment
        f.model.setWindow(180, 220);
        QVERIFY(f.settle());
        f.model.addColumn(3);
        QVERIFY(f.settle());
        f.model.removeColumn(1);
        f.model.goToEnd();
        QVERIFY(f.settle());
        QCOMPARE(f.model.rowCount(), 450);
        QVERIFY(f.start(QStringLiteral("b")));
        f.model.clear();
        QCOMPARE(f.model.rowCount(), 0);
    }
    void pagesByKeyNeverByOffset()
    {
        Fixture f(1000);
        QVERIFY(f.start());
        for (int row = 0; row < 1000; row += 40) {
            f.model.setWindow(row, row + 40);
            QVERIFY(f.settle());
        }
        QCOMPARE(f.model.rowCount(), 1000);
        QVERIFY(f.model.isComplete());
        for (int row = 0; row < 1000; row += 7)
            QCOMPARE(f.cell(row, 0), QStringLiteral("A-%1").arg((row + 1) * 10));
        for (const PageQuery& query : std::as_const(f.source->queries))
            QVERIFY2(query.after % 2000 == 0,
                     qPrintable(QString::number(query.after))); // behind a whole page
    }
    void aShortResultIsKnownAtOnce()
    {
        Fixture f(3);
        QVERIFY(f.start());
        QCOMPARE(f.model.rowCount(), 3);
        QVERIFY(f.model.isComplete());
        QCOMPARE(f.source->queries.size(), 1);
        Fixture exactlyOnePage(200);
        QVERIFY(exactlyOnePage.start());
        exactlyOnePage.model.setWindow(150, 200);
        QVERIFY(exactlyOnePage.settle());
        QCOMPARE(exactlyOnePage.model.rowCount(), 200);
        Fixture nothing(0);
        QVERIFY(nothing.start());
        QCOMPARE(nothing.model.rowCount(), 0);
    }
    void ctrlEndDoesNotLie()
    {
        Fixture f(12'345);
        QVERIFY(f.start());
        QSignalSpy reached(&f.model, &ResultsModel::reachedEnd);
        f.model.goToEnd();
        QVERIFY(reached.wait(5000));
        QCOMPARE(reached.first().first().toInt(), 12'344);
        QVERIFY(f.settle());
        QCOMPARE(f.model.rowCount(), 12'345);
        QTRY_COMPARE(f.cell(12'344, 0), QStringLiteral("A-123450"));
        // In large steps, not page by page.
        QVERIFY2(f.source->queries.size() < 12, qPrintable(QString::number(f.source->queries.size())));
    }
    void farPlacesAreReachedBySteps()
    {
        Fixture f(30'000);
        QVERIFY(f.start());
        f.model.setTotal(30'000);
        QCOMPARE(f.model.rowCount(), 30'000);
        f.model.setWindow(25'000, 25'030);
        QCOMPARE(f.state(25'000), CellState::Loading);
        QVERIFY(f.settle());
        QCOMPARE(f.cell(25'010, 0), QStringLiteral("A-250110"));
        QCOMPARE(f.state(12'000), CellState::Loading); // nobody looked there
    }
    void keepsOnlySoManyPages()
    {
        Fixture f(40'000);
        QVERIFY(f.start());
        f.model.setTotal(40'000);
        for (int row = 0; row < 40'000; row += ResultsModel::pageRows) {
            f.model.setWindow(row, row + 30);
            QVERIFY(f.settle());
        }
        QCOMPARE(f.state(100), CellState::Loading); // forgotten
        f.model.setWindow(0, 30);
        QVERIFY(f.settle());
        QCOMPARE(f.cell(20, 0), QStringLiteral("A-210"));
    }
    void aCountThatIsTooHighIsCorrected()
    {
        Fixture f(700);
        QVERIFY(f.start());
        f.model.setTotal(5000);
        QCOMPARE(f.model.rowCount(), 5000);
        f.model.setWindow(4900, 4990);
        QVERIFY(f.settle());
        QCOMPARE(f.model.rowCount(), 700);
    }
    void newColumnsLoadWhileTheRestStays()
    {
        Fixture f(300);
        QVERIFY(f.start());
        f.source->answering = false;
        f.model.addColumn(5, 0);
        QCOMPARE(f.model.attributeOf(ResultsModel::FirstAttributeColumn), 5);
        QCOMPARE(f.state(0, ResultsModel::FirstAttributeColumn), CellState::Loading);
        QCOMPARE(f.state(0, ResultsModel::FirstAttributeColumn + 1), CellState::Loaded);
        QCOMPARE(f.cell(0, ResultsModel::FirstAttributeColumn + 1), QStringLiteral("10/1"));
        f.source->answerAll();
        QCOMPARE(f.cell(0, ResultsModel::FirstAttributeColumn), QStringLiteral("10/5"));
        // What an asset does not have is nothing, not an empty text.
        QVERIFY(
            !f.model.index(2, ResultsModel::FirstAttributeColumn).data(ResultsModel::ValueRole).isValid());
    }
    void theNewestFilterWins()
    {
        Fixture f(50);
        f.source->answering = false;
        f.model.setFilter(filterOf(QStringLiteral("one")), f.catalog);
        f.model.setFilter(filterOf(QStringLiteral("two")), f.catalog);
        f.model.setFilter(filterOf(QStringLiteral("three")), f.catalog);
        QCOMPARE(f.source->queries.size(), 1); // one in flight, one waiting
        f.source->answer(1);
        QCOMPARE(f.source->queries.size(), 2);
        QCOMPARE(filter::print(f.source->queries.last().filter), QStringLiteral("status = \"three\""));
        f.source->answerAll();
        QVERIFY(f.cell(0, 1).startsWith(QStringLiteral("status = \"three\"")));
        QVERIFY(f.source->cancelled.isEmpty());
    }
    void aSlowQueryIsCancelledForANewerOne()
    {
        Fixture f(50);
        f.source->answering = false;
        f.model.setFilter(filterOf(QStringLiteral("slow")), f.catalog);
        f.model.setFilter(filterOf(QStringLiteral("next")), f.catalog);
        QTRY_COMPARE(f.source->cancelled, QList<quint64>{1});
        f.source->answerAll();
        QVERIFY(f.cell(0, 1).startsWith(QStringLiteral("status = \"next\"")));
    }
    void oldRowsStayUntilTheNewOnesAreThere()
    {
        Fixture f(50);
        QVERIFY(f.start());
        f.source->answering = false;
        f.model.setFilter(filterOf(QStringLiteral("b")), f.catalog);
        QVERIFY(f.model.isOutdated());
        QCOMPARE(f.state(0), CellState::Outdated);
        QVERIFY(f.cell(0, 1).startsWith(QStringLiteral("status = \"a\"")));
        f.source->answerAll();
        QCOMPARE(f.state(0), CellState::Loaded);
        QVERIFY(f.cell(0, 1).startsWith(QStringLiteral("status = \"b\"")));
    }
    void failuresAreSaidAndTriedAgain()
    {
        Fixture f(1000);
        QVERIFY(f.start());
        f.source->failing = true;
        QSignalSpy failed(&f.model, &ResultsModel::failed);
        f.model.setWindow(250, 280);
        QVERIFY(f.settle());
        QCOMPARE(failed.size(), 1);
        f.source->failing = false;
        f.model.setWindow(250, 280);
        QVERIFY(f.settle());
        QCOMPARE(f.cell(260, 0), QStringLiteral("A-2610"));
    }
    void aWalkThatFailedIsNotBegunAgainByItself()
    {
        Fixture f(30'000);
        QVERIFY(f.start());
        f.model.setTotal(30'000);
        QVERIFY(f.settle());
        f.source->failing = true;
        QSignalSpy failed(&f.model, &ResultsModel::failed);
        f.model.setWindow(25'000, 25'700); // several pages, the start of none is known
        QVERIFY(f.settle());
        QCOMPARE(failed.size(), 1);
        const qsizetype asked = f.source->queries.size();
        QTest::qWait(50);
        QCOMPARE(f.source->queries.size(), asked);
        QCOMPARE(f.state(25'000), CellState::Failed);
        QCOMPARE(f.state(25'700), CellState::Failed);
        // Looked at again it is tried again.
        f.source->failing = false;
        f.model.setWindow(25'000, 25'700);
        QVERIFY(f.settle());
        QCOMPARE(f.cell(25'010, 0), QStringLiteral("A-250110"));
        QCOMPARE(f.cell(25'700, 0), QStringLiteral("A-257010"));
    }
    void rowsThatLeftAreMarkedWhenReadAgain()
    {
        Fixture f(1000);
        QVERIFY(f.start());
        f.model.setWindow(0, 420);
        QVERIFY(f.settle());
        f.source->entities.removeAll(50);
        f.source->entities.removeAll(60);
        f.model.addColumn(4); // reads the page again
        f.model.setWindow(0, 30);
        QVERIFY(f.settle());
        QCOMPARE(f.state(199), CellState::Gone);
        QCOMPARE(f.state(198), CellState::Gone);
        QCOMPARE(f.cell(200, 0), QStringLiteral("A-2010")); // the next page did not move
    }
    void cancelStops()
    {
        Fixture f(100'000);
        QVERIFY(f.start());
        f.source->answering = false;
        f.model.goToEnd();
        QVERIFY(f.model.isGoingToEnd());
        f.model.cancelLoading();
        QVERIFY(!f.model.isGoingToEnd() && !f.model.isLoading());
        QCOMPARE(f.source->cancelled.size(), 1);
        f.source->answering = true;
        QCOMPARE(f.cell(0, 0), QStringLiteral("A-10"));
    }

    void sortsTheWholeResult()
    {
        Fixture f(1000);
        const QAbstractItemModelTester tester(&f.model,
                                              QAbstractItemModelTester::FailureReportingMode::QtTest);
        QVERIFY(f.start());
        const int temperature = f.model.columnOf(2);
        for (const bool descending : {false, true}) {
            const filter::Sort sort = f.by(temperature, descending);
            f.source->queries.clear();
            f.model.setSort(sort);
            QVERIFY(f.settle());
            QCOMPARE(f.source->queries.first().sort, std::optional(sort));
            QVERIFY(!f.source->queries.first().sortAfter);
            const QStringList found = f.everything();
            QCOMPARE(found.size(), 1000);
            QCOMPARE(found, f.inOrder(sort)); // none twice, none left out
            for (const PageQuery& query : std::as_const(f.source->queries))
                QCOMPARE(query.after, qint64(0));
        }
        f.model.setSort(std::nullopt);
        QVERIFY(f.settle());
        QCOMPARE(f.cell(0, 0), QStringLiteral("A-10"));
        QCOMPARE(f.cell(1, 0), QStringLiteral("A-20"));
        QVERIFY(!f.source->queries.last().sort);
    }
    void theEndOfASortedResultIsReachedBySteps()
    {
        Fixture f(12'345);
        QVERIFY(f.start());
        const filter::Sort sort = f.by(ResultsModel::FirstAttributeColumn);
        f.model.setSort(sort);
        QVERIFY(f.settle());
        f.source->queries.clear();
        QSignalSpy reached(&f.model, &ResultsModel::reachedEnd);
        f.model.goToEnd();
        QVERIFY(reached.wait(5000));
        QVERIFY(f.settle());
        QCOMPARE(f.model.rowCount(), 12'345);
        QTRY_COMPARE(f.cell(12'344, 0), f.inOrder(sort).constLast());
        QVERIFY2(f.source->queries.size() < 8, qPrintable(QString::number(f.source->queries.size())));
        // And from there back to somewhere between.
        f.model.setWindow(7000, 7030);
        QVERIFY(f.settle());
        QCOMPARE(f.cell(7010, 0), f.inOrder(sort).at(7010));
    }
    void anAnswerInAnotherOrderIsDropped()
    {
        Fixture f(1000);
        QVERIFY(f.start());
        const filter::Sort up = f.by(ResultsModel::FirstAttributeColumn);
        const filter::Sort down = f.by(ResultsModel::FirstAttributeColumn, true);
        f.source->answering = false;
        f.source->deaf = true;
        // While a further page is on its way.
        f.model.setWindow(250, 280);
        QCOMPARE(f.source->asked.size(), 1);
        const quint64 page = f.source->asked.first().ticket;
        f.model.setSort(up);
        QCOMPARE(f.source->cancelled, QList<quint64>{page});
        f.source->answer(page);
        QCOMPARE(f.model.rowCount(), 201); // nothing was learnt from it
        QVERIFY(f.model.isOutdated());
        // While the first page of an order is on its way.
        QSignalSpy started(&f.model, &ResultsModel::started);
        QCOMPARE(f.source->asked.size(), 1);
        f.model.setSort(down);
        QCOMPARE(f.source->asked.size(), 1); // one in flight, one waiting
        f.source->answer(f.source->asked.first().ticket);
        QCOMPARE(started.count(), 0);
        QVERIFY(f.model.isOutdated());
        QCOMPARE(f.cell(0, 0), QStringLiteral("A-10")); // of before both
        QCOMPARE(f.source->asked.size(), 1);
        QCOMPARE(f.source->queries.last().sort, std::optional(down));
        f.source->answerAll();
        QCOMPARE(started.count(), 1);
        QCOMPARE(f.cell(0, 0), f.inOrder(down).first());
        f.source->answerAll();
        f.source->answering = true;
        QCOMPARE(f.everything(), f.inOrder(down));
    }
    void theSortStaysWithTheFilterAndGoesWithItsColumn()
    {
        Fixture f(300);
        QVERIFY(f.start());
        const filter::Sort sort = f.by(f.model.columnOf(2), true);
        QSignalSpy changed(&f.model, &ResultsModel::sortChanged);
        f.model.setSort(sort);
        QVERIFY(f.settle());
        QVERIFY(f.start(QStringLiteral("b")));
        QCOMPARE(f.source->queries.last().sort, std::optional(sort));
        QCOMPARE(f.model.sortColumn(), f.model.columnOf(2));
        f.model.removeColumn(1);
        f.model.addColumn(5, 0);
        QVERIFY(f.settle());
        QCOMPARE(f.model.sort(), std::optional(sort));
        QCOMPARE(f.model.sortColumn(), f.model.columnOf(2));
        QCOMPARE(f.cell(0, 0), f.inOrder(sort).first());
        QCOMPARE(changed.count(), 1);
        f.model.removeColumn(2);
        QCOMPARE(changed.count(), 2);
        QVERIFY(!f.model.sort());
        QVERIFY(f.settle());
        QVERIFY(!f.source->queries.last().sort);
        QCOMPARE(f.cell(0, 0), QStringLiteral("A-10"));
        // What is no column is no sort.
        f.model.setSort(sort);
        QVERIFY(!f.model.sort());
        f.model.setSort(f.by(ResultsModel::NameColumn));
        QVERIFY(f.settle());
        f.model.setColumns({3});
        QCOMPARE(f.model.sortColumn(), int(ResultsModel::NameColumn));
        f.model.clear();
        QVERIFY(!f.model.sort());
    }
    void aSortedPageReadAgainEndsWhereTheNextBegins()
    {
        Fixture f(1000);
        QVERIFY(f.start());
        const filter::Sort sort = f.by(f.model.columnOf(2));
        f.model.setSort(sort);
        QVERIFY(f.settle());
        f.model.setWindow(0, 420);
        QVERIFY(f.settle());
        const QStringList before = f.everything();
        // Two of the first page leave, one of them the last of it, whose key the next page starts behind.
        for (const int row : {7, 199})
            f.source->entities.removeAll(before.at(row).mid(2).toLongLong());
        f.model.addColumn(4);
        f.model.setWindow(0, 30);
        QVERIFY(f.settle());
        QCOMPARE(f.state(197), CellState::Loaded);
        QCOMPARE(f.state(198), CellState::Gone);
        QCOMPARE(f.state(199), CellState::Gone);
        QCOMPARE(f.cell(200, 0), before.at(200));
    }
    void aSortThatFailedIsAskedAgain()
    {
        Fixture f(300);
        QVERIFY(f.start());
        const filter::Sort sort = f.by(f.model.columnOf(1));
        f.source->failing = true;
        f.model.setSort(sort);
        QVERIFY(f.settle());
        QVERIFY(f.model.problem());
        QVERIFY(f.model.isOutdated());
        const qsizetype asked = f.source->queries.size();
        f.model.setWindow(200, 250); // old rows in the old order: nothing is read behind them
        QVERIFY(f.settle());
        QCOMPARE(f.source->queries.size(), asked);
        f.source->failing = false;
        f.model.refresh();
        QVERIFY(f.settle());
        QCOMPARE(f.everything(), f.inOrder(sort));
    }
    void aClickOnTheHeaderSorts()
    {
        Fixture f(1000);
        ResultsView view(&f.model);
        view.resize(900, 400);
        view.show();
        QVERIFY(QTest::qWaitForWindowExposed(&view));
        QVERIFY(f.start());
        QHeaderView* header = view.horizontalHeader();
        const auto click = [header](int column) {
            QTest::mouseClick(header->viewport(), Qt::LeftButton, {},
                              {header->sectionViewportPosition(column) + header->sectionSize(column) / 2,
                               header->height() / 2});
        };
        view.verticalScrollBar()->setValue(100);
        QVERIFY(!header->isSortIndicatorShown());
        const int column = f.model.columnOf(2);
        click(column);
        QCOMPARE(f.model.sort(), std::optional(f.by(column)));
        QVERIFY(header->isSortIndicatorShown());
        QCOMPARE(header->sortIndicatorSection(), column);
        QCOMPARE(header->sortIndicatorOrder(), Qt::AscendingOrder);
        QVERIFY(f.settle());
        QCOMPARE(view.verticalScrollBar()->value(), 0);
        QCOMPARE(f.cell(0, 0), f.inOrder(f.by(column)).first());
        click(column);
        QCOMPARE(f.model.sort(), std::optional(f.by(column, true)));
        QCOMPARE(header->sortIndicatorOrder(), Qt::DescendingOrder);
        QVERIFY(f.settle());
        click(column);
        QVERIFY(!f.model.sort());
        QVERIFY(!header->isSortIndicatorShown());
        QVERIFY(f.settle());
        // Another column begins anew; the fields of the asset too.
        click(column);
        click(ResultsModel::NameColumn);
        QCOMPARE(f.model.sort(), std::optional(f.by(ResultsModel::NameColumn)));
        QCOMPARE(header->sortIndicatorSection(), int(ResultsModel::NameColumn));
        // The arrow stays with its column.
        click(column);
        f.model.addColumn(5, 0);
        QCOMPARE(header->sortIndicatorSection(), column + 1);
        QCOMPARE(f.model.attributeOf(header->sortIndicatorSection()), 2);
        const std::optional<filter::Sort> before = f.model.sort();
        QSignalSpy refused(&view, &ResultsView::refused);
        click(f.model.seenColumn());
        QCOMPARE(refused.count(), 1);
        QCOMPARE(f.model.sort(), before);
        QCOMPARE(header->sortIndicatorSection(), column + 1);
        f.model.removeColumn(2);
        QVERIFY(!header->isSortIndicatorShown());
        QVERIFY(f.settle());
    }
    void sortsByKeysAlone()
    {
        Fixture f(1000);
        ResultsView view(&f.model);
        view.resize(900, 400);
        view.show();
        QVERIFY(QTest::qWaitForWindowExposed(&view));
        QVERIFY(f.start());
        view.setFocus();
        QSignalSpy refused(&view, &ResultsView::refused);
        const auto press = [&view] {
            QTest::keyClick(&view, Qt::Key_S, Qt::ControlModifier | Qt::ShiftModifier);
        };
        press();
        QCOMPARE(refused.count(), 1); // no cell is chosen yet
        const int column = f.model.columnOf(2);
        view.setCurrentIndex(f.model.index(3, column));
        QSignalSpy chosen(&view, &ResultsView::entityChosen);
        for (const auto& expected : {std::optional(f.by(column)), std::optional(f.by(column, true)),
                                     std::optional<filter::Sort>()}) {
            press();
            QCOMPARE(f.model.sort(), expected);
            QVERIFY(f.settle());
            // The column is kept, and no other asset was chosen by that.
            QCOMPARE(view.currentIndex(), f.model.index(0, column));
            QVERIFY(view.selectionModel()->selectedRows().isEmpty());
        }
        QCOMPARE(chosen.count(), 0);
        QTest::keyClick(&view, Qt::Key_Down);
        QCOMPARE(view.currentIndex(), f.model.index(1, column));
        QCOMPARE(chosen.last().first().value<qint64>(), qint64(20));
        QCOMPARE(refused.count(), 1);
        // The same column, wherever it stands now; none, where it has gone.
        f.model.setColumns({5, 7, 2});
        QVERIFY(f.settle());
        QVERIFY(!view.currentIndex().isValid());
        press();
        QCOMPARE(f.model.sortColumn(), f.model.columnOf(2));
        f.model.setColumns({5, 7});
        QVERIFY(f.settle());
        QVERIFY(!f.model.sort());
        press();
        QCOMPARE(refused.count(), 2);
        QVERIFY(!f.model.sort());
    }
    void theMenusSortToo()
    {
        Fixture f(20);
        ResultsView view(&f.model);
        view.resize(900, 400);
        view.show();
        QVERIFY(QTest::qWaitForWindowExposed(&view));
        QVERIFY(f.start());
        const int column = f.model.columnOf(2);
        view.setCurrentIndex(f.model.index(3, column));
        const auto openMenu = [&view]() -> QMenu* {
            for (QMenu* menu : view.findChildren<QMenu*>()) {
                if (menu->isVisible())
                    return menu;
            }
            return nullptr;
        };
        const auto actionOf = [](const QMenu* menu, const QString& text) -> QAction* {
            for (QAction* action : menu->actions()) {
                if (action->text().section(QLatin1Char('\t'), 0, 0) == text)
                    return action;
            }
            return nullptr;
        };
        // By the menu key, on the current cell.
        QContextMenuEvent byKey(QContextMenuEvent::Keyboard, QPoint(), QPoint());
        QCoreApplication::sendEvent(view.viewport(), &byKey);
        QMenu* menu = openMenu();
        QVERIFY(menu);
        QVERIFY(actionOf(menu, QStringLiteral("Natural order")));
        QVERIFY(actionOf(menu, QStringLiteral("Natural order"))->isChecked());
        menu->setActiveAction(actionOf(menu, QStringLiteral("Sort descending")));
        QTest::keyClick(menu, Qt::Key_Return);
        QCOMPARE(f.model.sort(), std::optional(f.by(column, true)));
        QVERIFY(f.settle());
        // On the header.
        QHeaderView* header = view.horizontalHeader();
        Q_EMIT header->customContextMenuRequested(
            {header->sectionViewportPosition(column) + 5, header->height() / 2});
        menu = openMenu();
        QVERIFY(menu);
        QVERIFY(actionOf(menu, QStringLiteral("Sort descending")));
        QVERIFY(actionOf(menu, QStringLiteral("Sort descending"))->isChecked());
        QVERIFY(actionOf(menu, QStringLiteral("Remove the column")));
        menu->setActiveAction(actionOf(menu, QStringLiteral("Natural order")));
        QTest::keyClick(menu, Qt::Key_Return);
        QVERIFY(!f.model.sort());
        QVERIFY(f.settle());
        // What cannot be sorted by offers only the way back.
        Q_EMIT header->customContextMenuRequested(
            {header->sectionViewportPosition(f.model.seenColumn()) + 5, header->height() / 2});
        menu = openMenu();
        QVERIFY(menu);
        QVERIFY(!actionOf(menu, QStringLiteral("Sort ascending")));
        QVERIFY(actionOf(menu, QStringLiteral("Natural order")));
        menu->close();
    }

    void keysCompareAsTheServerDoes()
    {
        using filter::SortCursor;
        const auto compared = [](const filter::Sort& sort, ValueType type, const SortCursor& a,
                                 const SortCursor& b) {
            return std::clamp(filter::compareInOrder(sort, type, a, b), -1, 1);
        };
        const auto check = [&compared](ValueType type, const QList<std::optional<QString>>& ascending) {
            const filter::Sort up{filter::Subject::ofAttribute(QStringLiteral("a")), false};
            const filter::Sort down{filter::Subject::ofAttribute(QStringLiteral("a")), true};
            for (qsizetype i = 0; i < ascending.size(); ++i) {
                for (qsizetype j = 0; j < ascending.size(); ++j) {
                    const SortCursor a{ascending.at(i), 5};
                    const SortCursor b{ascending.at(j), 5};
                    const int order = i < j ? -1 : i > j ? 1 : 0;
                    QCOMPARE(compared(up, type, a, b), order);
                    // Without a value: last, whichever the direction.
                    const bool turns = a.value && b.value;
                    QCOMPARE(compared(down, type, a, b), turns ? -order : order);
                    QCOMPARE(compared(up, type, SortCursor{a.value, 4}, a), -1);
                    QCOMPARE(compared(down, type, SortCursor{a.value, 4}, a), 1);
                }
            }
        };
        const auto texts = [](const QStringList& some) {
            QList<std::optional<QString>> all(some.begin(), some.end());
            all.append(std::nullopt);
            return all;
        };
        // Doubles hold neither of the middle two; beyond U+FFFF the order of UTF-16 is another one.
        check(ValueType::Number,
              texts({QStringLiteral("-1e300"), QStringLiteral("-2"), QStringLiteral("0.10"),
                     QStringLiteral("9"), QStringLiteral("10"), QStringLiteral("9007199254740992"),
                     QStringLiteral("9007199254740993"), QStringLiteral("1e+17")}));
        check(ValueType::Boolean, texts({QStringLiteral("0"), QStringLiteral("1")}));
        check(ValueType::String, texts({QString(QLatin1String("")), QStringLiteral("10"), QStringLiteral("9"),
                                        QStringLiteral("Z"), QStringLiteral("a"), QStringLiteral("ä"),
                                        QString(QChar(0xfffd)), QString::fromUtf8("\xf0\x9f\x98\x80")}));
        const filter::Sort sort{filter::Subject::ofAttribute(QStringLiteral("a")), false};
        QCOMPARE(compared(sort, ValueType::Number, {QStringLiteral("1.50"), 7}, {QStringLiteral("1.5"), 7}),
                 0);
    }
    void theMostCommonValuesFilter()
    {
        Counting counting;
        const Attribute status = *test::fleetCatalog().findName(QStringLiteral("status"));
        const auto chosen = std::make_shared<QList<filter::Clause>>();
        const auto open = [&] {
            auto* popup = new TopValuesPopup(status, QStringLiteral("50 assets"), counting.source(), nullptr);
            connect(popup, &TopValuesPopup::clauseChosen, this,
                    [chosen](const filter::Clause& clause) { chosen->append(clause); });
            popup->openAt({10, 10});
            return QPointer(popup);
        };
        QPointer<TopValuesPopup> popup = open();
        QVERIFY(popup->isCounting());
        test::shoot(popup, QStringLiteral("top-counting"));
        QCOMPARE(popup->list()->model()->rowCount(), 0);
        counting.answer(
            browse::TopValues{{{QStringLiteral("active"), 30}, {QStringLiteral("idle"), 12}}, {}, 0});
        QVERIFY(!popup->isCounting());
        QCOMPARE(popup->list()->model()->rowCount(), 2);
        QVERIFY2(popup->summaryShown().contains(QStringLiteral("42")), qPrintable(popup->summaryShown()));
        QTest::keyClick(popup->list(), Qt::Key_Down);
        QTest::keyClick(popup->list(), Qt::Key_Return);
        QTRY_VERIFY(!popup);
        QCOMPARE(chosen->size(), 1);
        QCOMPARE(filter::print(filter::Node(chosen->first())), QStringLiteral("status = \"idle\""));
        QVERIFY(counting.cancelled.isEmpty());

        // Closed while it counts: the server stops.
        popup = open();
        QTest::keyClick(popup.data(), Qt::Key_Escape);
        QTRY_VERIFY(!popup);
        QCOMPARE(counting.cancelled, QList<quint64>{2});
        QCOMPARE(chosen->size(), 1);

        // An error stands in place, and can be tried again.
        popup = open();
        browse::Problem problem;
        problem.error = db::DbError();
        problem.error->kind = db::ErrorKind::Deadline;
        problem.error->endpoint = QStringLiteral("replica-1");
        counting.answer(problem);
        QVERIFY2(popup->strip()->errorText().contains(QStringLiteral("could not be counted")),
                 qPrintable(popup->strip()->text()));
        test::shoot(popup, QStringLiteral("top-error"));
        Q_EMIT popup->strip()->retryRequested();
        QVERIFY(popup->isCounting());
        QVERIFY(!popup->strip()->isShowing());
        // More than are shown: nobody knows how many have a value, so there are no shares.
        browse::TopValues many;
        for (int i = 0; i <= TopValuesPopup::mostValues; ++i)
            many.values.push_back({QString::number(i), 50 - i});
        counting.answer(many);
        QCOMPARE(popup->list()->model()->rowCount(), int(TopValuesPopup::mostValues));
        QCOMPARE(popup->list()->model()->index(0, 0).data(TopValuesModel::PartRole).toDouble(), 0.0);
        popup->close();
        QTRY_VERIFY(!popup);

        popup = open();
        counting.answer(browse::TopValues());
        QVERIFY2(popup->summaryShown().startsWith(QStringLiteral("None of")),
                 qPrintable(popup->summaryShown()));
        popup->close();
        QTRY_VERIFY(!popup);
        QCOMPARE(counting.cancelled.size(), 1);
    }

    void explainsWithWhatIsFound()
    {
        const QLocale before;
        QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedStates));
        struct
        {
            QStringList asked;
            QList<std::chrono::milliseconds> budgets;
            browse::Handler<browse::Count> done;
            QList<quint64> cancelled;
            quint64 tickets = 0;
        } counting;
        const auto answer = [&counting](const std::variant<browse::Count, browse::Problem>& outcome) {
            const auto handler = std::exchange(counting.done, nullptr);
            handler(outcome);
        };
        const auto counted = [](qint64 entities, bool exact = true) {
            browse::Count count;
            count.entities = entities;
            count.exact = exact;
            return count;
        };
        const AttributeCatalog catalog = test::fleetCatalog();
        const auto compiled = [&catalog](const QString& text) {
            ExplainDialog::Asked asked;
            asked.filter = filter::parse(text).expression;
            browse::PageRequest request;
            request.tenant = 7;
            request.filter = asked.filter;
            request.limit = 200;
            const browse::PageStatement built = browse::pageStatement(request, catalog);
            asked.plan = built.plan;
            asked.plan.addBounds(asked.filter, catalog, QDateTime::currentDateTimeUtc());
            asked.sql = built.statement.sql;
            asked.milliseconds = 14;
            asked.route.node = QStringLiteral("replica-2");
            return asked;
        };
        QPointer<ExplainDialog> dialog =
            new ExplainDialog({[&counting](const filter::Expression& filter, std::chrono::milliseconds budget,
                                           QObject*, browse::Handler<browse::Count> done) {
                                   counting.asked.append(filter::print(filter));
                                   counting.budgets.append(budget);
                                   counting.done = std::move(done);
                                   return ++counting.tickets;
                               },
                               [&counting](quint64 ticket) { counting.cancelled.append(ticket); }},
                              nullptr);
        const QString text =
            QStringLiteral("status = \"active\" and temperature > 95 and not (door_open = true)");
        dialog->explain(compiled(text));
        dialog->show();
        QVERIFY(QTest::qWaitForWindowExposed(dialog));
        // The whole filter first, then every condition, one at a time.
        QCOMPARE(counting.asked, QStringList{text});
        QCOMPARE(counting.budgets, QList<std::chrono::milliseconds>{ExplainDialog::wholeBudget});
        QVERIFY(dialog->isCounting());
        const QTableWidget* conditions = dialog->conditions();
        QCOMPARE(conditions->rowCount(), 3);
        test::shoot(dialog, QStringLiteral("explain-counting"));
        answer(counted(171));
        QVERIFY2(dialog->summaryShown().contains(QStringLiteral("expected · 171 found")),
                 qPrintable(dialog->summaryShown()));
        QMap<QString, qint64> truth{{QStringLiteral("status = \"active\""), 622},
                                    {QStringLiteral("temperature > 95"), 220}};
        QStringList notInTime;
        while (counting.done) {
            QCOMPARE(counting.budgets.last(), ExplainDialog::conditionBudget);
            const QString asked = counting.asked.last();
            if (!truth.contains(asked))
                notInTime.append(asked);
            answer(truth.contains(asked) ? counted(truth.value(asked)) : counted(980, false));
        }
        QVERIFY(!dialog->isCounting());
        QCOMPARE(notInTime.size(), 1);
        QCOMPARE(counting.asked.size(), 4);
        for (int row = 0; row < 3; ++row) {
            const QString condition = conditions->item(row, 0)->text();
            const QString found = conditions->item(row, 4)->text();
            const QString wanted = truth.contains(condition) ? QString::number(truth.value(condition))
                                                             : QStringLiteral("not within 2.0 s");
            QCOMPARE(found, wanted);
            QVERIFY(!conditions->item(row, 1)->text().isEmpty() &&
                    !conditions->item(row, 2)->text().isEmpty());
            if (condition.startsWith(QLatin1String("temperature")))
                QVERIFY2(conditions->item(row, 3)->text().contains(QStringLiteral("±")),
                         qPrintable(conditions->item(row, 3)->text()));
        }
        // The chosen shape first, then what it was chosen over, by cost.
        const QTableWidget* shapes = dialog->shapes();
        QVERIFY(shapes->rowCount() > 1);
        QVERIFY(shapes->item(0, 2)->text().contains(QStringLiteral("chosen")));
        for (const Theme::Mode mode : {Theme::Mode::Dark, Theme::Mode::Light}) {
            Theme::instance().setMode(mode);
            QTest::qWait(50);
            test::shoot(dialog, QStringLiteral("explain-") + Theme::modeName(mode));
        }
        // All of it as text, as the command line says it.
        QTest::keyClick(dialog, Qt::Key_C, Qt::ControlModifier);
        const QString copied = QGuiApplication::clipboard()->text();
        for (const char* part :
             {"shape ", "rejected", "found 622", "found 171", "not counted in time", "select"})
            QVERIFY2(copied.contains(QLatin1String(part)), qPrintable(copied));

        // Asked again: an error ends it, and says so in place.
        dialog->explain(compiled(QStringLiteral("status = \"active\"")));
        QVERIFY(dialog->isCounting());
        browse::Problem problem;
        problem.error = db::DbError();
        problem.error->kind = db::ErrorKind::ConnectionLost;
        problem.error->endpoint = QStringLiteral("replica-1");
        answer(problem);
        QVERIFY(!dialog->isCounting());
        QVERIFY(dialog->strip()->errorText().contains(QStringLiteral("could not be counted")));
        QSignalSpy again(dialog, &ExplainDialog::againRequested);
        Q_EMIT dialog->strip()->retryRequested();
        QCOMPARE(again.size(), 1);
        // Stopped, then outdated.
        dialog->explain(compiled(QStringLiteral("status = \"active\"")));
        QVERIFY(!dialog->strip()->isShowing());
        dialog->stop();
        QCOMPARE(counting.cancelled, QList<quint64>{6});
        QVERIFY(dialog->summaryShown().contains(QStringLiteral("not counted")));
        dialog->setOutdated();
        QVERIFY(dialog->strip()->isShowing());
        QTest::qWait(50); // laid out
        test::shoot(dialog, QStringLiteral("explain-outdated"));
        // Esc closes it, and the server stops.
        dialog->explain(compiled(QStringLiteral("status = \"active\"")));
        QTest::keyClick(dialog, Qt::Key_Escape);
        QTRY_VERIFY(!dialog);
        QCOMPARE(counting.cancelled, (QList<quint64>{6, 7}));
        QLocale::setDefault(before);
    }
    /// Rows reach to the right edge, also where no column does.
    void stripesReachTheEdge()
    {
        Fixture f(40);
        ResultsView view(&f.model);
        view.resize(1400, 400);
        view.show();
        QVERIFY(QTest::qWaitForWindowExposed(&view));
        QVERIFY(f.start());
        const int used = view.horizontalHeader()->length();
        QVERIFY(used + 100 < view.viewport()->width());
        const auto at = [&view](int x, int row) {
            const QImage image = view.viewport()->grab().toImage();
            const double scale = image.devicePixelRatio();
            const int y = view.rowViewportPosition(row) + 3;
            return image.pixelColor(int(x * scale), int(y * scale));
        };
        QTRY_VERIFY(view.verticalScrollBar()->isVisible());
        const int edge = view.viewport()->width() - 3;
        QCOMPARE(at(edge, 0), color(ColorRole::Surface));
        QCOMPARE(at(edge, 1), color(ColorRole::SurfaceAlt));
        QCOMPARE(at(used + 3, 3), color(ColorRole::SurfaceAlt));
        view.selectRow(2);
        QCOMPARE(at(edge, 2), color(ColorRole::AccentSoft));
        // Scrolled to the side where the columns need it, nothing is painted over them.
        view.verticalScrollBar()->setValue(1);
        QCOMPARE(at(edge, 2), color(ColorRole::AccentSoft));
        QCOMPARE(at(edge, 3), color(ColorRole::SurfaceAlt));
        // Below the last row there is nothing.
        Fixture few(2);
        ResultsView small(&few.model);
        small.resize(1400, 400);
        small.show();
        QVERIFY(few.start());
        const QImage image = small.viewport()->grab().toImage();
        QCOMPARE(image.pixelColor(image.width() - 3, image.height() - 5), color(ColorRole::Surface));
        test::shoot(&view, QStringLiteral("stripes"));
    }

    void theViewAsksForWhatItShows()
    {
        Fixture f(5000);
        ResultsView view(&f.model);
        view.resize(700, 400);
        view.show();
        QVERIFY(QTest::qWaitForWindowExposed(&view));
        QVERIFY(f.start());
        f.model.setTotal(5000);
        QTRY_VERIFY(view.verticalScrollBar()->maximum() > 3000);
        view.verticalScrollBar()->setValue(3000);
        QTRY_COMPARE(f.cell(3005, 0), QStringLiteral("A-30060"));
        // Keys: the end, and back.
        view.setFocus();
        view.setCurrentIndex(f.model.index(3001, 0));
        QTest::keyClick(&view, Qt::Key_End, Qt::ControlModifier);
        QTRY_COMPARE(view.currentIndex().row(), 4999);
        QTest::keyClick(&view, Qt::Key_Home, Qt::ControlModifier);
        QCOMPARE(view.currentIndex().row(), 0);
    }
    void theAssetOfARowIsToldOnceTheRowIsThere()
    {
        Fixture f(5000);
        ResultsView view(&f.model);
        view.resize(700, 400);
        view.show();
        QVERIFY(QTest::qWaitForWindowExposed(&view));
        QVERIFY(f.start());
        f.model.setTotal(5000);
        QTRY_VERIFY(view.verticalScrollBar()->maximum() > 3000);
        QSignalSpy chosen(&view, &ResultsView::entityChosen);
        const auto newest = [&chosen] {
            return chosen.isEmpty() ? qint64(0) : chosen.last().first().value<qint64>();
        };
        view.setCurrentIndex(f.model.index(1, 0));
        QCOMPARE(newest(), qint64(20));
        // Far down, where nothing has been read yet.
        QCOMPARE(f.state(3000), CellState::Loading);
        view.setCurrentIndex(f.model.index(3000, 0));
        QCOMPARE(newest(), qint64(20));
        QTRY_COMPARE(newest(), qint64(30'010));
        QTest::keyClick(&view, Qt::Key_End, Qt::ControlModifier);
        QTRY_COMPARE(newest(), qint64(50'000));
        const qsizetype told = chosen.count();
        f.model.addColumn(5); // reads the pages again: nobody has chosen anything
        QVERIFY(f.settle());
        QCOMPARE(chosen.count(), told);
    }
    void copiesTheCurrentValueByKey()
    {
        Fixture f(10);
        ResultsView view(&f.model);
        view.show();
        QVERIFY(f.start());
        view.setCurrentIndex(f.model.index(0, ResultsModel::FirstAttributeColumn));
        QSignalSpy copied(&view, &ResultsView::copied);
        QTest::keyClick(&view, Qt::Key_C, Qt::ControlModifier | Qt::ShiftModifier);
        QCOMPARE(QGuiApplication::clipboard()->text(), QStringLiteral("10/1"));
        QCOMPARE(copied.count(), 1);
    }
    void copiesRowsAsSpreadsheetsTakeThem()
    {
        Fixture f(10);
        ResultsView view(&f.model);
        view.show();
        QVERIFY(f.start());
        view.selectionModel()->select(f.model.index(0, 0),
                                      QItemSelectionModel::Select | QItemSelectionModel::Rows);
        view.selectionModel()->select(f.model.index(1, 0),
                                      QItemSelectionModel::Select | QItemSelectionModel::Rows);
        QTest::keyClick(&view, Qt::Key_C, Qt::ControlModifier);
        const QStringList lines =
            QGuiApplication::clipboard()->text().split(QLatin1Char('\n'), Qt::SkipEmptyParts);
        QCOMPARE(lines.size(), 2);
        QCOMPARE(lines.at(0), QStringLiteral("A-10\tstatus = \"a\" 10\t\t10/1\t10/2\t"));
    }

private:
    std::unique_ptr<test::GuiSandbox> m_sandbox;
};

QTEST_MAIN(TestResultsModel)
#include "tst_resultsmodel.moc"
