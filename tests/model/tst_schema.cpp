// SPDX-License-Identifier: GPL-3.0-or-later
#include <QDir>
#include <QFile>
#include <QHash>
#include <QMap>
#include <QRegularExpression>
#include <QTest>

#include <utility>

#include "model/schema/schema.h"

using namespace atlas::schema;

class TestSchema : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void filesAreCompiledIn();
    void conflicts_data();
    void conflicts();
    void alterations_data();
    void alterations();
    void everyColumnHasAComment_data();
    void everyColumnHasAComment();
    void publishedTablesAgree();
    void redshiftFilesAreItsLanguage();
    void otherStatementsAreNot_data();
    void otherStatementsAreNot();
};

namespace {

QList<Applied> appliedFrom(const QList<Migration>& known, int count)
{
    QList<Applied> list;
    for (int i = 0; i < count; ++i)
        list.append({known.at(i).version, known.at(i).name, known.at(i).checksum, {}});
    return list;
}

/// All numbered files of a folder below schema/, one after another.
QString filesOf(const QString& folder)
{
    const QDir sources(QStringLiteral(ATLAS_SOURCE_DIR "/schema/") + folder);
    QByteArray all;
    const QStringList names = sources.entryList({QStringLiteral("0*.sql")}, QDir::Files, QDir::Name);
    for (const QString& name : names) {
        QFile file(sources.filePath(name));
        if (file.open(QIODevice::ReadOnly))
            all += file.readAll();
    }
    return QString::fromUtf8(all);
}

/// Tables and their columns, also those that were added later.
QMap<QString, QStringList> columnsOf(const QString& sql)
{
    QMap<QString, QStringList> tables;
    static const QRegularExpression created(
        QStringLiteral("create (?:unlogged )?table atlas\\.(\\w+) \\(\\n(.*?)\\n\\)"),
        QRegularExpression::DotMatchesEverythingOption);
    static const QRegularExpression column(
        QStringLiteral("^    (?!(?:primary|unique|check)\\b)(\\w+) +[a-z]"),
        QRegularExpression::MultilineOption);
    static const QRegularExpression added(QStringLiteral("alter table atlas\\.(\\w+) (add [^;]*);"));
    static const QRegularExpression one(QStringLiteral("\\badd (?:column )?(\\w+) "));
    for (const auto& [table, each] : {std::pair(&created, &column), std::pair(&added, &one)}) {
        for (auto match = table->globalMatch(sql); match.hasNext();) {
            const auto found = match.next();
            for (auto name = each->globalMatch(found.captured(2)); name.hasNext();)
                tables[found.captured(1)].append(name.next().captured(1));
        }
    }
    return tables;
}

/// Reads the part of Redshift's DDL that this project uses, as AWS documents it, and nothing else: whatever
/// it does not know is a problem, also where Redshift would take it.
class RedshiftReader
{
public:
    /// The first problem, empty when every statement is known.
    QString read(const QString& sql)
    {
        static const QRegularExpression token(QStringLiteral("--[^\\n]*|'(?:[^']|'')*'|\\w+|[^\\s\\w]"));
        QStringList statement;
        for (auto match = token.globalMatch(sql); match.hasNext();) {
            const QString word = match.next().captured();
            if (word.startsWith(QLatin1String("--")))
                continue;
            if (word != QLatin1String(";")) {
                statement.append(word.startsWith(QLatin1Char('\'')) ? QStringLiteral("'text'")
                                                                    : word.toLower());
                continue;
            }
            const QString text =
                statement.join(QLatin1Char(' ')).replace(QLatin1String(" . "), QLatin1String("."));
            if (const QString problem = problemOf(text); !problem.isEmpty())
                return problem + QStringLiteral(": ") + text;
            statement.clear();
        }
        return statement.isEmpty() ? QString()
                                   : QStringLiteral("no semicolon: ") + statement.join(QLatin1Char(' '));
    }

private:
    static QRegularExpressionMatch whole(const QString& pattern, const QString& text)
    {
        return QRegularExpression(QRegularExpression::anchoredPattern(pattern)).match(text);
    }
    bool known(const QString& table, const QString& column = {}) const
    {
        return m_tables.contains(table) && (column.isEmpty() || m_tables[table].contains(column));
    }

    QString problemOf(const QString& text)
    {
        static const QString roles = QStringLiteral("role \\w+(?: , role \\w+)*");
        static const QString tables = QStringLiteral("atlas\\.\\w+(?: , atlas\\.\\w+)*");
        static const QString rights = QStringLiteral("(?:select|insert|update|delete)"
                                                     "(?: , (?:select|insert|update|delete))*");
        if (const auto table = whole(QStringLiteral("create table atlas\\.(\\w+) \\( (.*?) \\)([^()]*"
                                                    "(?:sortkey \\( [^()]* \\))?)"),
                                     text);
            table.hasMatch())
            return tableProblem(table.captured(1), table.captured(2), table.captured(3));
        if (const auto wider = whole(
                QStringLiteral("alter table atlas\\.(\\w+) alter column (\\w+) type varchar \\( (\\d+) \\)"),
                text);
            wider.hasMatch()) {
            if (!known(wider.captured(1), wider.captured(2)))
                return QStringLiteral("unknown column");
            const QString encoding =
                m_encodings.value(wider.captured(1) + QLatin1Char('.') + wider.captured(2));
            if (encoding == QLatin1String("bytedict"))
                return QStringLiteral("the encoding keeps it from being widened");
            return wider.captured(3).toInt() <= 65535 ? QString() : QStringLiteral("varchar is too long");
        }
        if (const auto comment =
                whole(QStringLiteral(
                          "comment on (?:table atlas\\.(\\w+)|column atlas\\.(\\w+)\\.(\\w+)) is 'text'"),
                      text);
            comment.hasMatch())
            return known(comment.captured(1) + comment.captured(2), comment.captured(3))
                       ? QString()
                       : QStringLiteral("unknown table or column");
        for (const QString& pattern :
             {QStringLiteral("create schema if not exists atlas"), QStringLiteral("create role \\w+"),
              QStringLiteral("create rls policy \\w+ with \\( \\w+ \\w+ \\) using \\( .* \\)"),
              QStringLiteral("attach rls policy \\w+ on atlas\\.\\w+ to ") + roles,
              QStringLiteral("alter table atlas\\.\\w+ row level security on"),
              QStringLiteral("grant usage on schema atlas to ") + roles,
              QStringLiteral("grant ignore rls to ") + roles,
              QStringLiteral("grant %1 on %2 to %3").arg(rights, tables, roles),
              QStringLiteral("grant select on %1 to rls policy \\w+").arg(tables)}) {
            if (whole(pattern, text).hasMatch())
                return {};
        }
        return QStringLiteral("unknown statement");
    }

    QString tableProblem(const QString& name, const QString& body, const QString& attributes)
    {
        static const QHash<QString, QString> encodings{
            {QStringLiteral("az64"), QStringLiteral("smallint integer bigint timestamptz")},
            {QStringLiteral("bytedict"),
             QStringLiteral("smallint integer bigint timestamptz double varchar")},
            {QStringLiteral("zstd"),
             QStringLiteral("smallint integer bigint timestamptz double boolean varchar")},
            {QStringLiteral("raw"),
             QStringLiteral("smallint integer bigint timestamptz double boolean varchar super")}};
        QHash<QString, QString> types;
        QStringList keys;
        int distributions = 0;
        // No type that is used has a comma of its own.
        static const QRegularExpression comma(QStringLiteral(" , (?![^()]*\\))"));
        const QStringList parts = body.split(comma);
        for (const QString& part : parts) {
            if (const auto key = whole(QStringLiteral("primary key \\( (.*) \\)"), part); key.hasMatch()) {
                keys += key.captured(1).split(QStringLiteral(" , "));
                continue;
            }
            const auto column =
                whole(QStringLiteral(
                          "(\\w+) (smallint|integer|bigint|timestamptz|double(?: precision)|boolean|super|"
                          "varchar)(?: \\( (\\d+) \\))?(?: not null)?(?: encode (\\w+))?( distkey)?"),
                      part);
            const QString type = column.captured(2).section(QLatin1Char(' '), 0, 0);
            const QString encoding = column.captured(4);
            if (!column.hasMatch() || types.contains(column.captured(1)) ||
                (type == QLatin1String("varchar")) == column.captured(3).isEmpty())
                return QStringLiteral("column \"%1\"").arg(part);
            if (column.captured(3).toInt() > 65535)
                return QStringLiteral("varchar is too long");
            if (!encoding.isEmpty() && !encodings.value(encoding).split(QLatin1Char(' ')).contains(type))
                return QStringLiteral("no encoding %1 for %2").arg(encoding, type);
            if (!column.captured(5).isEmpty()) {
                ++distributions;
                keys.append(column.captured(1));
            }
            types.insert(column.captured(1), type);
            m_encodings.insert(name + QLatin1Char('.') + column.captured(1), encoding);
        }
        const auto tail = whole(
            QStringLiteral("( diststyle (?:all|even))?(?: (?:compound )?sortkey \\( (.*) \\))?"), attributes);
        if (!tail.hasMatch())
            return QStringLiteral("table attributes");
        distributions += !tail.captured(1).isEmpty();
        if (distributions != 1)
            return QStringLiteral("not one of DISTKEY and DISTSTYLE");
        if (!tail.captured(2).isEmpty())
            keys += tail.captured(2).split(QStringLiteral(" , "));
        for (const QString& key : std::as_const(keys)) {
            if (!types.contains(key) || types.value(key) == QLatin1String("super"))
                return QStringLiteral("key %1").arg(key);
        }
        m_tables.insert(name, types.keys());
        return {};
    }

    QHash<QString, QStringList> m_tables;
    QHash<QString, QString> m_encodings; ///< by "table.column"
};

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

void TestSchema::alterations_data()
{
    QTest::addColumn<QStringList>("recorded");
    QTest::addColumn<QStringList>("found");
    QTest::addColumn<QString>("says");
    const QStringList lines{QStringLiteral("index a_b: CREATE INDEX a_b ON atlas.a USING btree (b)"),
                            QStringLiteral("table a: kind r, row security on")};
    QTest::newRow("none") << lines << lines << QString();
    QTest::newRow("not recorded") << QStringList() << lines << QString();
    QTest::newRow("missing") << lines << lines.mid(1) << "index a_b is missing.";
    QTest::newRow("added") << lines << lines + QStringList{QStringLiteral("grant of SELECT on table a to b")}
                           << "grant of SELECT on table a to b was added.";
    QTest::newRow("changed") << lines
                             << QStringList{lines.at(0), QStringLiteral("table a: kind r, row security off")}
                             << "table a is now kind r, row security off.";
    QStringList many;
    for (int i = 0; i < 7; ++i)
        many.append(QStringLiteral("table t%1: kind r").arg(i));
    QTest::newRow("many") << many << QStringList{many.at(6)} << "table t4 is missing; and 1 more.";
}

void TestSchema::alterations()
{
    QFETCH(QStringList, recorded);
    QFETCH(QStringList, found);
    QFETCH(QString, says);
    const QString problem = alteration(State{{}, found, recorded});
    if (says.isEmpty())
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
    else
        QVERIFY2(problem.contains(says), qPrintable(problem));
}

void TestSchema::everyColumnHasAComment_data()
{
    QTest::addColumn<QString>("folder");
    QTest::addColumn<int>("atLeast");
    QTest::newRow("postgres") << QStringLiteral("postgres") << 130;
    QTest::newRow("Redshift") << QStringLiteral("redshift") << 40;
    QTest::newRow("local warehouse") << QStringLiteral("redshift/local") << 40;
}

void TestSchema::everyColumnHasAComment()
{
    QFETCH(QString, folder);
    QFETCH(int, atLeast);
    const QString text = filesOf(folder);
    const QMap<QString, QStringList> tables = columnsOf(text);
    int columns = 0;
    for (auto table = tables.cbegin(); table != tables.cend(); ++table) {
        QVERIFY2(text.contains(QStringLiteral("comment on table atlas.%1 is").arg(table.key())),
                 qPrintable(table.key()));
        for (const QString& column : table.value()) {
            ++columns;
            const QString wanted =
                QStringLiteral("comment on column atlas.%1.%2 is").arg(table.key(), column);
            QVERIFY2(text.contains(wanted), qPrintable(wanted));
        }
    }
    QVERIFY2(columns >= atLeast, qPrintable(QString::number(columns)));
}

void TestSchema::publishedTablesAgree()
{
    const QString primarySql = filesOf(QStringLiteral("postgres"));
    const QMap<QString, QStringList> primary = columnsOf(primarySql);
    const QMap<QString, QStringList> redshift = columnsOf(filesOf(QStringLiteral("redshift")));
    const QMap<QString, QStringList> local = columnsOf(filesOf(QStringLiteral("redshift/local")));
    static const QRegularExpression publication(
        QStringLiteral("create publication atlas_warehouse\\s+for table ([^;]*?)\\s+with"));
    QStringList published = publication.match(primarySql)
                                .captured(1)
                                .remove(QStringLiteral("atlas."))
                                .split(QRegularExpression(QStringLiteral("[,\\s]+")));
    published.sort();
    QVERIFY(published.size() >= 7);
    QCOMPARE(local.keys(), published);
    QCOMPARE(redshift.keys(), published);
    for (const QString& table : std::as_const(published)) {
        QStringList wanted = primary.value(table);
        QCOMPARE(local.value(table), wanted);
        // A document is text on the primary; on Redshift it stands beside that as SUPER.
        if (table == QLatin1String("attribute_values") || table == QLatin1String("attribute_events"))
            wanted.append(QStringLiteral("value_json"));
        QCOMPARE(redshift.value(table), wanted);
    }
}

void TestSchema::redshiftFilesAreItsLanguage()
{
    QCOMPARE(RedshiftReader().read(filesOf(QStringLiteral("redshift"))), QString());
}

void TestSchema::otherStatementsAreNot_data()
{
    QTest::addColumn<QString>("sql");
    const auto add = [](const char* name, const char* sql) {
        QTest::newRow(name) << QString::fromLatin1(sql);
    };
    add("text", "create table atlas.t (a text) diststyle all;");
    add("jsonb", "create table atlas.t (a jsonb) diststyle all;");
    add("numeric", "create table atlas.t (a numeric(40, 2)) diststyle all;");
    add("identity", "create table atlas.t (a bigint generated always as identity) diststyle all;");
    add("long varchar", "create table atlas.t (a varchar(65536)) diststyle all;");
    add("varchar without length", "create table atlas.t (a varchar) diststyle all;");
    add("encoding of another type", "create table atlas.t (a varchar(10) encode az64) diststyle all;");
    add("unknown encoding", "create table atlas.t (a integer encode lz4) diststyle all;");
    add("no distribution", "create table atlas.t (a integer);");
    add("two distributions", "create table atlas.t (a integer distkey) diststyle all;");
    add("sorted by what is not there", "create table atlas.t (a integer) diststyle all sortkey (b);");
    add("sorted by a document", "create table atlas.t (a integer, b super) diststyle all sortkey (a, b);");
    add("key of what is not there", "create table atlas.t (a integer, primary key (a, b)) diststyle all;");
    add("the same column twice", "create table atlas.t (a integer, a bigint) diststyle all;");
    add("partitions", "create table atlas.t (a integer) partition by list (a);");
    add("index", "create index t_a on atlas.t (a);");
    add("block", "do 'begin end';");
    add("comment on nothing", "comment on column atlas.t.a is 'x';");
    add("widened to too much", "create table atlas.t (a varchar(10)) diststyle all; "
                               "alter table atlas.t alter column a type varchar(70000);");
    add("widened in spite of its encoding",
        "create table atlas.t (a varchar(10) encode bytedict) diststyle all; "
        "alter table atlas.t alter column a type varchar(20);");
    add("no semicolon", "create role a");
}

void TestSchema::otherStatementsAreNot()
{
    QFETCH(QString, sql);
    QVERIFY(!RedshiftReader().read(sql).isEmpty());
}

QTEST_GUILESS_MAIN(TestSchema)
#include "tst_schema.moc"
