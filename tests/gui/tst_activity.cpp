// SPDX-License-Identifier: GPL-3.0-or-later
#include <QAbstractItemModelTester>
#include <QClipboard>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTableView>
#include <QTest>

#include "gui/activity/activitymodel.h"
#include "gui/activity/activityworkspace.h"
#include "gui/activity/psqltext.h"
#include "gui/widgets/messagestrip.h"
#include "tests/gui/guitest.h"

using namespace atlas;
using gui::ActivityFilterModel;
using gui::ActivityModel;
using State = db::StatementRecord::State;

namespace {

db::StatementRecord record(quint64 id, State state, const QString& name = QStringLiteral("test.statement"))
{
    db::StatementRecord made;
    made.id = id;
    made.state = state;
    made.statement.name = name;
    made.statement.purpose = QStringLiteral("Purpose of %1").arg(id);
    made.statement.sql = "select $1::text";
    made.statement.params = {db::param(QStringLiteral("value"))};
    made.endpoint = QStringLiteral("replica-1");
    made.startedAt = QDateTime(QDate(2026, 1, 2), QTime(3, 4, 5), Qt::UTC).addSecs(qint64(id));
    made.milliseconds = double(id) * 1.5;
    made.rows = qint64(id) * 10;
    return made;
}

QStringList column(const QAbstractItemModel& model, int number)
{
    QStringList all;
    for (int row = 0; row < model.rowCount(); ++row)
        all << model.index(row, number).data().toString();
    return all;
}

} // namespace

class TestActivity : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { m_sandbox = std::make_unique<test::GuiSandbox>(); }

    void aStatementGoesThroughItsStates()
    {
        ActivityModel model;
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.start(record(1, State::Waiting));
        QCOMPARE(model.runningCount(), 1);
        model.start(record(1, State::Running));
        QCOMPARE(model.rowCount(), 1);
        QCOMPARE(model.runningCount(), 1);
        QCOMPARE(model.index(0, ActivityModel::State).data().toString(), QStringLiteral("running"));
        model.finish(record(1, State::Done));
        QCOMPARE(model.runningCount(), 0);
        QCOMPARE(model.index(0, ActivityModel::Rows).data().toString(), QStringLiteral("10"));
        QCOMPARE(model.index(0, ActivityModel::Time).data().toString(), QStringLiteral("1.5 ms"));
    }

    void theOldestFinishedIsForgotten()
    {
        ActivityModel model(3);
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.start(record(1, State::Running));
        for (quint64 id = 2; id <= 6; ++id)
            model.start(record(id, State::Done));
        QCOMPARE(model.rowCount(), 3);
        // The one that still runs is the oldest and stays.
        QVERIFY(model.record(1));
        QVERIFY(!model.record(2));
        QVERIFY(model.record(6));
        model.clearFinished();
        QCOMPARE(model.rowCount(), 1);
    }

    void searchAndShow()
    {
        ActivityModel model;
        ActivityFilterModel filter;
        filter.setSourceModel(&model);
        QAbstractItemModelTester tester(&filter, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.start(record(1, State::Done, QStringLiteral("browse.page")));
        model.start(record(2, State::Running, QStringLiteral("browse.count")));
        db::StatementRecord failed = record(3, State::Failed, QStringLiteral("catalog.list"));
        failed.error = db::DbError();
        failed.error->message = QStringLiteral("relation does not exist");
        failed.error->sqlState = QStringLiteral("42P01");
        model.start(failed);
        filter.setSearch(QStringLiteral("COUNT browse"));
        QCOMPARE(column(filter, ActivityModel::Name), QStringList{QStringLiteral("browse.count")});
        filter.setSearch(QStringLiteral("42P01"));
        QCOMPARE(column(filter, ActivityModel::Name), QStringList{QStringLiteral("catalog.list")});
        filter.setSearch({});
        filter.setShow(ActivityFilterModel::Show::Running);
        QCOMPARE(column(filter, ActivityModel::Name), QStringList{QStringLiteral("browse.count")});
        filter.setShow(ActivityFilterModel::Show::Failed);
        QCOMPARE(column(filter, ActivityModel::Name), QStringList{QStringLiteral("catalog.list")});
        // A running one that finishes leaves the list of running ones.
        filter.setShow(ActivityFilterModel::Show::Running);
        model.finish(record(2, State::Done, QStringLiteral("browse.count")));
        QCOMPARE(filter.rowCount(), 0);
    }

    void sortsByNumbersNotByText()
    {
        ActivityModel model;
        ActivityFilterModel filter;
        filter.setSourceModel(&model);
        for (const quint64 id : {2, 100, 30})
            model.start(record(id, State::Done));
        filter.sort(ActivityModel::Rows, Qt::AscendingOrder);
        QCOMPARE(column(filter, ActivityModel::Purpose),
                 (QStringList{QStringLiteral("Purpose of 2"), QStringLiteral("Purpose of 30"),
                              QStringLiteral("Purpose of 100")}));
    }

    void psql_data()
    {
        QTest::addColumn<QByteArray>("sql");
        QTest::addColumn<QStringList>("values");
        QTest::addColumn<QString>("expected");
        QTest::newRow("no values") << QByteArray("select 1;") << QStringList()
                                   << QStringLiteral("select 1;\n");
        QTest::newRow("a quote cannot end it")
            << QByteArray("select $1") << QStringList{QStringLiteral("x'); drop table t; --")}
            << QStringLiteral("PREPARE atlas_statement AS\nselect $1\n;\nEXECUTE atlas_statement('x''); drop "
                              "table t; --');\n"
                              "DEALLOCATE atlas_statement;\n");
        QTest::newRow("backslash and line break are written out")
            << QByteArray("select $1") << QStringList{QStringLiteral("a\\b\nc'")}
            << QStringLiteral(
                   "PREPARE atlas_statement AS\nselect $1\n;\nEXECUTE atlas_statement(E'a\\\\b\\u000ac''');\n"
                   "DEALLOCATE atlas_statement;\n");
        QTest::newRow("a byte order mark is a character")
            << QByteArray("select $1") << QStringList{QString(QChar(QChar::ByteOrderMark)) + QLatin1Char('x')}
            << QStringLiteral("PREPARE atlas_statement AS\nselect $1\n;\nEXECUTE atlas_statement('") +
                   QChar(QChar::ByteOrderMark) + QStringLiteral("x');\nDEALLOCATE atlas_statement;\n");
        QTest::newRow("percent signs stay")
            << QByteArray("select '%1' || $1 -- %2") << QStringList{QStringLiteral("%1 %2")}
            << QStringLiteral("PREPARE atlas_statement AS\nselect '%1' || $1 -- %2\n;\nEXECUTE "
                              "atlas_statement('%1 %2');\n"
                              "DEALLOCATE atlas_statement;\n");
    }

    void psql()
    {
        QFETCH(QByteArray, sql);
        QFETCH(QStringList, values);
        QFETCH(QString, expected);
        db::Statement statement;
        statement.sql = sql;
        for (const QString& value : values)
            statement.params << db::param(value);
        QCOMPARE(gui::psqlText(statement), expected);
    }

    void psqlNull()
    {
        db::Statement statement;
        statement.sql = "select $1::int, $2::text";
        statement.params = {std::nullopt, db::param(QStringLiteral("NULL"))};
        QVERIFY(gui::psqlText(statement).contains(QStringLiteral("EXECUTE atlas_statement(NULL, 'NULL');")));
    }

    void theWorkspaceShowsWhatRan()
    {
        auto context = std::make_shared<gui::AppContext>();
        gui::ActivityWorkspace workspace;
        workspace.setContext(context);
        workspace.resize(1200, 700);
        workspace.show();
        QVERIFY(QTest::qWaitForWindowExposed(&workspace));
        workspace.activate();
        // A real statement on an endpoint where nobody listens: port 1 of this machine.
        db::Endpoint endpoint;
        endpoint.id = QStringLiteral("primary");
        endpoint.info.set(QStringLiteral("host"), QStringLiteral("127.0.0.1"));
        endpoint.info.set(QStringLiteral("port"), QStringLiteral("1"));
        endpoint.info.set(QStringLiteral("user"), QStringLiteral("nobody"));
        context->client()->setEndpoint(endpoint);
        db::Statement statement;
        statement.name = QStringLiteral("test.refused");
        statement.purpose = QStringLiteral("Something refused");
        statement.sql = "select $1::text as answer";
        statement.params = {db::param(QStringLiteral("forty-two"))};
        bool answered = false;
        context->client()->query(endpoint.id, statement, this, [&](const db::Result<db::ResultSet>& answer) {
            answered = true;
            QVERIFY(!answer.ok());
        });
        QTRY_VERIFY_WITH_TIMEOUT(answered, 20'000);
        auto* table = workspace.findChild<QTableView*>(QStringLiteral("activityTable"));
        QTRY_COMPARE(table->model()->rowCount(), 1);
        QTRY_COMPARE(table->model()->index(0, ActivityModel::State).data().toString(),
                     QStringLiteral("failed"));
        // From the search field by keyboard.
        workspace.focusSearch();
        auto* search = workspace.findChild<QLineEdit*>(QStringLiteral("activitySearch"));
        QTest::keyClicks(search, QStringLiteral("refused"));
        QTest::keyClick(search, Qt::Key_Down);
        auto* sql = workspace.findChild<QPlainTextEdit*>(QStringLiteral("activitySql"));
        QVERIFY(sql->toPlainText().contains(QStringLiteral("select $1::text as answer")));
        QVERIFY(sql->toPlainText().contains(QStringLiteral("$1 = forty-two")));
        const auto strips = workspace.findChildren<gui::MessageStrip*>();
        QVERIFY(strips.constFirst()->isShowing());
        QVERIFY2(strips.constFirst()->text().contains(QStringLiteral("Nobody answers")),
                 qPrintable(strips.constFirst()->text()));
        QVERIFY(!workspace.findChild<QPushButton*>(QStringLiteral("cancelStatement"))->isEnabled());
        QTest::mouseClick(workspace.findChild<QPushButton*>(QStringLiteral("copyPsql")), Qt::LeftButton);
        QVERIFY(QGuiApplication::clipboard()->text().contains(
            QStringLiteral("EXECUTE atlas_statement('forty-two')")));
        test::shoot(&workspace, QStringLiteral("activity-failed"));
    }

private:
    std::unique_ptr<test::GuiSandbox> m_sandbox;
};

QTEST_MAIN(TestActivity)
#include "tst_activity.moc"
