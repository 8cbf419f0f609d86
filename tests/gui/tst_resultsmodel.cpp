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
            for (const qint64 id : std::as_const(entities)) {
                if (id <= one.query.after)
                    continue;
                if (qsizetype(page.rows.size()) == one.query.limit)
                    break;
                browse::Row row;
                row.entityId = id;
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
