// SPDX-License-Identifier: GPL-3.0-or-later
#include <QDir>
#include <QFile>
#include <QRegularExpression>
#include <QTest>

#include "model/schema/schema.h"

using namespace atlas::schema;

class TestSchema : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void filesAreCompiledIn();
    void conflicts_data();
    void conflicts();
    void everyColumnHasAComment();
    void redshiftFilesUseNothingItLacks();
};

namespace {

QList<Applied> appliedFrom(const QList<Migration>& known, int count)
{
    QList<Applied> list;
    for (int i = 0; i < count; ++i)
        list.append({known.at(i).version, known.at(i).name, known.at(i).checksum, {}});
    return list;
}

} // namespace

void TestSchema::filesAreCompiledIn()
{
    for (const auto& [target, folder] : {std::pair{Target::Postgres, "schema/postgres"},
                                         {Target::LocalWarehouse, "schema/redshift/local"}}) {
        const QList<Migration> known = migrations(target);
        const QDir sources(QStringLiteral(ATLAS_SOURCE_DIR) + QLatin1Char('/') + QLatin1String(folder));
        QCOMPARE(known.size(), sources.entryList({QStringLiteral("0*.sql")}).size());
        for (int i = 0; i < known.size(); ++i) {
            QCOMPARE(known.at(i).version, i + 1); // no gaps
            QFile file(sources.filePath(QStringLiteral("%1_%2.sql")
                                            .arg(known.at(i).version, 4, 10, QLatin1Char('0'))
                                            .arg(known.at(i).name)));
            QVERIFY(file.open(QIODevice::ReadOnly));
            QCOMPARE(known.at(i).sql, file.readAll());
        }
    }
}

void TestSchema::conflicts_data()
{
    QTest::addColumn<int>("change");
    QTest::addColumn<QString>("says");
    QTest::newRow("none") << 0 << QString();
    QTest::newRow("newer database") << 1 << "newer atlasctl";
    QTest::newRow("altered file") << 2 << "other contents";
    QTest::newRow("gap") << 3 << "is missing";
}

void TestSchema::conflicts()
{
    QFETCH(int, change);
    QFETCH(QString, says);
    const QList<Migration> known = migrations(Target::Postgres);
    QVERIFY(known.size() > 2);
    QList<Applied> applied = appliedFrom(known, static_cast<int>(known.size()));
    if (change == 1)
        applied.append(
            {static_cast<int>(known.size()) + 1, QStringLiteral("future"), QStringLiteral("x"), {}});
    else if (change == 2)
        applied[1].checksum = QStringLiteral("0");
    else if (change == 3)
        applied.removeAt(1);
    const QString problem = conflict(known, applied);
    if (says.isEmpty())
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
    else
        QVERIFY2(problem.contains(says), qPrintable(problem));
    QVERIFY(conflict(known, {}).isEmpty());
    QVERIFY(conflict(known, appliedFrom(known, 2)).isEmpty());
}

void TestSchema::everyColumnHasAComment()
{
    QByteArray all;
    for (const Migration& migration : migrations(Target::Postgres))
        all += migration.sql;
    const QString text = QString::fromUtf8(all);
    static const QRegularExpression tables(
        QStringLiteral("create (?:unlogged )?table atlas\\.(\\w+) \\(\\n(.*?)\\n\\)"),
        QRegularExpression::DotMatchesEverythingOption);
    int columns = 0;
    auto matches = tables.globalMatch(text);
    while (matches.hasNext()) {
        const auto match = matches.next();
        QVERIFY2(text.contains(QStringLiteral("comment on table atlas.%1 is").arg(match.captured(1))),
                 qPrintable(match.captured(1)));
        const QStringList lines = match.captured(2).split(QLatin1Char('\n'));
        static const QRegularExpression column(QStringLiteral("^    (\\w+) +[a-z]"));
        for (const QString& line : lines) {
            const auto name = column.match(line);
            static const QStringList notColumns{QStringLiteral("primary"), QStringLiteral("unique"),
                                                QStringLiteral("check")};
            if (!name.hasMatch() || notColumns.contains(name.captured(1)))
                continue;
            ++columns;
            const QString wanted =
                QStringLiteral("comment on column atlas.%1.%2 is").arg(match.captured(1), name.captured(1));
            QVERIFY2(text.contains(wanted), qPrintable(wanted));
        }
    }
    QVERIFY(columns > 100);
}

void TestSchema::redshiftFilesUseNothingItLacks()
{
    const QDir folder(QStringLiteral(ATLAS_SOURCE_DIR "/schema/redshift"));
    const QStringList names = folder.entryList({QStringLiteral("0*.sql")});
    QVERIFY(names.size() >= 2);
    for (const QString& name : names) {
        QFile file(folder.filePath(name));
        QVERIFY(file.open(QIODevice::ReadOnly));
        QString sql = QString::fromUtf8(file.readAll()).toLower();
        sql.remove(QRegularExpression(QStringLiteral("--[^\\n]*")));
        for (const char* lacking :
             {"jsonb", "create index", "partition by", " text ", "pg_lsn", "on conflict", "generated ",
              "serial", "plpgsql", "numeric,", "any (", " bytea"})
            QVERIFY2(!sql.contains(QLatin1String(lacking)), lacking);
    }
}

QTEST_GUILESS_MAIN(TestSchema)
#include "tst_schema.moc"
