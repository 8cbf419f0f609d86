// SPDX-License-Identifier: GPL-3.0-or-later
#include <QAbstractItemModelTester>
#include <QClipboard>
#include <QGuiApplication>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTest>
#include <QTimer>

#include "gui/assets/resultsmodel.h"
#include "gui/assets/resultsview.h"
#include "model/filter/printer.h"
#include "tests/gui/fakecatalog.h"
#include "tests/gui/guitest.h"

using namespace atlas;
using namespace atlas::gui;

namespace {
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
            QList<qint64> ordered = entities;
            if (one.query.sort) {
                const bool down = one.query.sort->descending;
                std::stable_sort(ordered.begin(), ordered.end(), [this, down](qint64 a, qint64 b) {
                    const auto [va, vb] = std::pair(sortedBy(a), sortedBy(b));
                    if (va.has_value() != vb.has_value())
                        return va.has_value();
                    const auto ka = std::pair(va.value_or(0), a);
                    const auto kb = std::pair(vb.value_or(0), b);
                    return down ? ka > kb : ka < kb;
                });
            }
            bool behind = one.query.after == 0;
            for (const qint64 id : std::as_const(ordered)) {
                if (one.query.sort ? !behind : id <= one.query.after) {
                    behind = behind || id == one.query.after;
                    continue;
                }
                if (qsizetype(page.rows.size()) == one.query.limit)
                    break;
                browse::Row row;
                row.entityId = id;
                if (one.query.sort && sortedBy(id))
                    row.sortValue = QString::number(*sortedBy(id));
                row.externalId = QStringLiteral("A-%1").arg(id);
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

    /// Many share a value, and a ninth has none.
    std::optional<qint64> sortedBy(qint64 id) const
    {
        return id % 90 ? std::optional<qint64>((id * 7919 + shift) % 37) : std::nullopt;
    }

    qint64 shift = 0; ///< other values
    QList<qint64> entities;
    QList<Asked> asked;
    QList<PageQuery> queries;
    QList<quint64> cancelled;
    quint64 tickets = 0;
    bool answering = true;
    bool failing = false;
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
    void sortsByTheServerAndPagesOn()
    {
        for (const bool down : {false, true}) {
            Fixture f(1000);
            QVERIFY(f.start());
            QCOMPARE(f.model.sortedColumn(), -1);
            f.model.setSort(filter::Sort{filter::Subject::ofAttribute(f.catalog.findId(2)->name), down});
            QVERIFY(f.settle());
            QCOMPARE(f.model.sortedColumn(), f.model.columnOf(2));
            f.source->queries.clear();
            QList<qint64> seen;
            for (int row = 0; row < 1000; ++row) {
                if (!f.model.row(row)) {
                    f.model.setWindow(row, row + 30);
                    QVERIFY(f.settle());
                }
                seen.append(f.model.row(row)->entityId);
            }
            f.model.setWindow(980, 1000);
            QVERIFY(f.settle());
            QCOMPARE(f.model.rowCount(), 1000);
            QCOMPARE(QSet<qint64>(seen.begin(), seen.end()).size(), 1000);
            for (int row = 1; row < 1000; ++row) {
                const auto before = f.source->sortedBy(seen.at(row - 1));
                const auto here = f.source->sortedBy(seen.at(row));
                QVERIFY(before || !here); // those without a value are last
                if (before && here)
                    QVERIFY(down ? *before >= *here : *before <= *here);
                if (before == here)
                    QVERIFY(down ? seen.at(row - 1) > seen.at(row) : seen.at(row - 1) < seen.at(row));
            }
            QVERIFY(!f.source->queries.isEmpty());
            for (const PageQuery& query : std::as_const(f.source->queries)) {
                QVERIFY(query.sort.has_value() && query.after != 0);
                const auto value = f.source->sortedBy(query.after);
                QCOMPARE(query.afterValue, value ? std::optional(QString::number(*value)) : std::nullopt);
            }
            // To the end by keys, in the same order.
            Fixture far(12'345);
            QVERIFY(far.start());
            far.model.setSort(filter::Sort{filter::Subject::ofEntity(filter::EntityField::Name), down});
            QVERIFY(far.settle());
            far.model.goToEnd();
            QVERIFY(far.settle());
            QCOMPARE(far.model.rowCount(), 12'345);
            QVERIFY(far.model.row(12'344));
            QVERIFY(!far.source->sortedBy(far.model.row(12'344)->entityId));
        }
    }
    void anAnswerInTheOldOrderIsDropped()
    {
        Fixture f(1000);
        QVERIFY(f.start());
        f.source->answering = false;
        f.model.setWindow(400, 430); // on its way
        QCOMPARE(f.source->asked.size(), 1);
        const auto old = f.source->asked.first();
        f.model.setSort(filter::Sort{filter::Subject::ofAttribute(f.catalog.findId(1)->name), false});
        QVERIFY(f.source->cancelled.contains(old.ticket));
        QVERIFY(f.model.isOutdated());
        browse::Page late;
        browse::Row row;
        row.entityId = 77;
        late.rows.push_back(row);
        old.done(late); // all the same
        QVERIFY(f.model.isOutdated());
        QCOMPARE(f.model.rowOf(77), -1);
        f.source->answering = true;
        f.source->answerAll();
        QVERIFY(f.settle());
        QCOMPARE(f.source->sortedBy(f.model.row(0)->entityId), std::optional<qint64>(0));
        // A click while the very first page is on its way.
        Fixture early(100);
        early.source->answering = false;
        early.model.setFilter(filterOf(QStringLiteral("a")), early.catalog);
        early.model.setSort(filter::Sort{filter::Subject::ofAttribute(early.catalog.findId(1)->name), true});
        early.source->answerAll();
        QVERIFY(early.settle());
        QVERIFY(early.source->queries.constLast().sort.has_value());
        QCOMPARE(early.model.rowCount(), 100);
    }
    void theSortGoesWithItsColumn()
    {
        Fixture f(300);
        QVERIFY(f.start());
        QSignalSpy changed(&f.model, &ResultsModel::sortChanged);
        f.model.setSort(filter::Sort{filter::Subject::ofAttribute(f.catalog.findId(2)->name), false});
        QVERIFY(f.settle());
        QVERIFY(f.start(QStringLiteral("another filter")));
        QVERIFY(f.source->queries.constLast().sort.has_value());
        f.model.removeColumn(1);
        QVERIFY(f.model.sort().has_value());
        f.model.removeColumn(2);
        QVERIFY(!f.model.sort().has_value());
        QVERIFY(f.settle());
        QVERIFY(!f.source->queries.constLast().sort.has_value());
        QCOMPARE(f.model.row(0)->entityId, 10);
        QCOMPARE(changed.size(), 2);
        f.model.setSort(filter::Sort{filter::Subject::ofEntity(filter::EntityField::Type), false});
        QVERIFY(f.settle());
        f.model.clear(); // another tenant
        QVERIFY(!f.model.sort().has_value());
    }
    void aPageOfASortIsReadAgainWithoutRowsTwice()
    {
        Fixture f(1000);
        QVERIFY(f.start());
        f.model.setSort(filter::Sort{filter::Subject::ofAttribute(f.catalog.findId(1)->name), false});
        QVERIFY(f.settle());
        f.model.setWindow(200, 399);
        QVERIFY(f.settle());
        const qint64 start = f.model.row(399)->entityId;
        f.model.setWindow(400, 430);
        QVERIFY(f.settle());
        const qint64 next = f.model.row(400)->entityId;
        f.model.addColumn(3); // reads the pages in view again
        f.model.setWindow(390, 410);
        QVERIFY(f.settle());
        QCOMPARE(f.model.row(399)->entityId, start);
        QCOMPARE(f.model.row(400)->entityId, next);
        // The one that ends the page has moved away: what comes is shown.
        f.source->entities.removeOne(start);
        f.model.addColumn(4);
        QVERIFY(f.settle());
        QVERIFY(f.model.row(399));
    }
    void clickAndKeySortAlike()
    {
        Fixture f(300);
        ResultsView view(&f.model);
        view.resize(800, 400);
        view.show();
        QVERIFY(QTest::qWaitForWindowExposed(&view));
        QVERIFY(f.start());
        QHeaderView* header = view.horizontalHeader();
        const auto click = [&](int column) {
            QTest::mouseClick(header->viewport(), Qt::LeftButton, {},
                              QPoint(header->sectionViewportPosition(column) + 20, header->height() / 2));
            return f.settle();
        };
        const int column = f.model.columnOf(2);
        const filter::Subject subject = filter::Subject::ofAttribute(f.catalog.findId(2)->name);
        QVERIFY(click(column));
        QCOMPARE(f.model.sort(), std::optional(filter::Sort{subject, false}));
        QCOMPARE(header->sortIndicatorSection(), column);
        QCOMPARE(header->sortIndicatorOrder(), Qt::AscendingOrder);
        QVERIFY(click(column));
        QCOMPARE(f.model.sort(), std::optional(filter::Sort{subject, true}));
        QCOMPARE(header->sortIndicatorOrder(), Qt::DescendingOrder);
        QVERIFY(click(column));
        QCOMPARE(f.model.sort(), std::nullopt);
        QCOMPARE(header->sortIndicatorSection(), -1);
        QVERIFY(click(f.model.seenColumn())); // has no order of its own
        QCOMPARE(f.model.sort(), std::nullopt);
        QCOMPARE(header->sortIndicatorSection(), -1);

        view.setFocus();
        view.setCurrentIndex(f.model.index(3, column));
        for (const auto& wanted :
             {std::optional(filter::Sort{subject, false}), std::optional(filter::Sort{subject, true}),
              std::optional<filter::Sort>()}) {
            QTest::keyClick(&view, Qt::Key_S, Qt::ControlModifier | Qt::ShiftModifier);
            QVERIFY(f.settle());
            QCOMPARE(f.model.sort(), wanted);
            view.setCurrentIndex(f.model.index(3, column));
        }
        // The arrow goes with its column.
        f.model.setSort(filter::Sort{subject, true});
        QVERIFY(f.settle());
        f.model.removeColumn(1);
        QCOMPARE(header->sortIndicatorSection(), f.model.columnOf(2));
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
