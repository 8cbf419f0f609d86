// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include <cmath>
#include <thread>

#include "db/resultset.h"

using namespace atlas::db;

class TestResultSet : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void emptySet();
    void cellsComeBack();
    void nullIsNotEmpty();
    void numbers_data();
    void numbers();
    void takeStartsOver();
    void rowsWithoutColumnsCount();
    void manyRows();
    void copiesShareAndOutlive();
};

static ResultSet::Builder builderOf(const QStringList& names)
{
    QList<Column> columns;
    for (const QString& name : names)
        columns += Column{name, 25};
    return ResultSet::Builder(columns);
}

void TestResultSet::emptySet()
{
    const ResultSet set;
    QCOMPARE(set.rowCount(), 0);
    QCOMPARE(set.columnCount(), 0);
    QCOMPARE(set.affectedRows(), -1);
    QCOMPARE(set.columnIndex(u"a"), -1);
    QVERIFY(set.commandTag().isEmpty());
}

void TestResultSet::cellsComeBack()
{
    auto builder = builderOf({QStringLiteral("a"), QStringLiteral("b")});
    builder.addCell("1");
    builder.addCell("zwölf");
    builder.addNull();
    builder.addCell("t");
    builder.setCommand(QStringLiteral("SELECT 2"), 2);
    QCOMPARE(builder.rowCount(), 2);
    const ResultSet set = builder.take();
    QCOMPARE(set.rowCount(), 2);
    QCOMPARE(set.columnIndex(u"b"), 1);
    QCOMPARE(set.columnIndex(u"B"), -1);
    QCOMPARE(set.string(0, 1), QStringLiteral("zwölf"));
    QCOMPARE(set.integer(0, 0), std::optional<qint64>(1));
    QVERIFY(set.isNull(1, 0));
    QVERIFY(!set.integer(1, 0));
    QVERIFY(set.boolean(1, 1));
    QVERIFY(!set.boolean(0, 0));
    QVERIFY(!set.boolean(1, 0));
    QCOMPARE(set.commandTag(), QStringLiteral("SELECT 2"));
    QCOMPARE(set.affectedRows(), 2);
}

void TestResultSet::nullIsNotEmpty()
{
    auto builder = builderOf({QStringLiteral("a"), QStringLiteral("b"), QStringLiteral("c")});
    builder.addCell("");
    builder.addNull();
    builder.addCell("x");
    const ResultSet set = builder.take();
    QVERIFY(!set.isNull(0, 0));
    QVERIFY(!set.bytes(0, 0).isNull());
    QVERIFY(set.bytes(0, 0).isEmpty());
    QVERIFY(set.isNull(0, 1));
    QVERIFY(set.bytes(0, 1).isNull());
    // The cell behind a null begins where the one before it ended.
    QCOMPARE(set.bytes(0, 2), QByteArrayView("x"));
}

void TestResultSet::numbers_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<bool>("isInteger");
    QTest::addColumn<bool>("isReal");
    QTest::addColumn<double>("real");
    QTest::newRow("zero") << QByteArray("0") << true << true << 0.0;
    QTest::newRow("smallest bigint") << QByteArray("-9223372036854775808") << true << true
                                     << -9223372036854775808.0;
    QTest::newRow("past bigint") << QByteArray("9223372036854775808") << false << true
                                 << 9223372036854775808.0;
    QTest::newRow("fraction") << QByteArray("0.1") << false << true << 0.1;
    QTest::newRow("exponent") << QByteArray("1e-300") << false << true << 1e-300;
    QTest::newRow("infinity") << QByteArray("-Infinity") << false << true
                              << -std::numeric_limits<double>::infinity();
    QTest::newRow("numeric past double")
        << QByteArray("1e400") << false << true << std::numeric_limits<double>::infinity();
    QTest::newRow("empty") << QByteArray("") << false << false << 0.0;
    QTest::newRow("word") << QByteArray("abc") << false << false << 0.0;
    QTest::newRow("trailing") << QByteArray("12 ") << false << false << 0.0;
    QTest::newRow("leading") << QByteArray(" 12") << false << false << 0.0;
}

void TestResultSet::numbers()
{
    QFETCH(QByteArray, text);
    QFETCH(bool, isInteger);
    QFETCH(bool, isReal);
    QFETCH(double, real);
    auto builder = builderOf({QStringLiteral("a")});
    builder.addCell(text);
    builder.addCell("NaN");
    const ResultSet set = builder.take();
    QCOMPARE(set.integer(0, 0).has_value(), isInteger);
    QCOMPARE(set.real(0, 0).has_value(), isReal);
    if (isReal)
        QCOMPARE(*set.real(0, 0), real);
    QVERIFY(std::isnan(*set.real(1, 0)));
}

void TestResultSet::takeStartsOver()
{
    auto builder = builderOf({QStringLiteral("a")});
    builder.addCell("first");
    const ResultSet first = builder.take();
    QCOMPARE(builder.rowCount(), 0);
    builder.addCell("second");
    const ResultSet second = builder.take();
    QCOMPARE(first.string(0, 0), QStringLiteral("first"));
    QCOMPARE(second.rowCount(), 1);
    QCOMPARE(second.string(0, 0), QStringLiteral("second"));
    QCOMPARE(second.columns().first().name, QStringLiteral("a"));
}

void TestResultSet::rowsWithoutColumnsCount()
{
    ResultSet::Builder builder({});
    builder.addEmptyRow();
    builder.addEmptyRow();
    QCOMPARE(builder.take().rowCount(), 2);
}

void TestResultSet::manyRows()
{
    auto builder = builderOf({QStringLiteral("a"), QStringLiteral("b")});
    const QByteArray large(3 * 1024 * 1024, 'x');
    for (int i = 0; i < 50'000; ++i) {
        builder.addCell(QByteArray::number(i));
        if (i == 25'000)
            builder.addCell(large);
        else if (i % 3 == 0)
            builder.addNull();
        else
            builder.addCell("v" + QByteArray::number(i * 7));
    }
    const ResultSet set = builder.take();
    QCOMPARE(set.rowCount(), 50'000);
    for (int i = 0; i < 50'000; ++i) {
        QCOMPARE(*set.integer(i, 0), qint64(i));
        if (i == 25'000)
            QCOMPARE(set.bytes(i, 1), QByteArrayView(large));
        else if (i % 3 == 0)
            QVERIFY(set.isNull(i, 1));
        else
            QCOMPARE(set.bytes(i, 1).toByteArray(), "v" + QByteArray::number(i * 7));
    }
    // Text of 4 MB, 12 bytes a row of bookkeeping and some slack.
    QVERIFY2(set.sizeInBytes() < 6 * 1024 * 1024, qPrintable(QString::number(set.sizeInBytes())));
}

void TestResultSet::copiesShareAndOutlive()
{
    auto set = std::make_unique<ResultSet>([] {
        auto builder = builderOf({QStringLiteral("a")});
        builder.addCell("shared");
        return builder.take();
    }());
    const ResultSet copy = *set;
    const QByteArrayView bytes = copy.bytes(0, 0);
    QVERIFY(bytes.data() == set->bytes(0, 0).data()); // one arena
    std::thread([other = std::move(set)]() mutable { other.reset(); }).join();
    QCOMPARE(bytes, QByteArrayView("shared"));
}

QTEST_APPLESS_MAIN(TestResultSet)
#include "tst_resultset.moc"
