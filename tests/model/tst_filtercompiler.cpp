// SPDX-License-Identifier: GPL-3.0-or-later
// Structure of the compiled statements: everything bound, dialects kept apart, shapes chosen by expectation.
// That they mean the right thing is tested on real servers (tst_filterequality).
#include <QRegularExpression>
#include <QTest>

#include "model/browse/browse.h"
#include "model/filter/compiler.h"
#include "model/filter/parser.h"
#include "model/filter/printer.h"
#include "tests/gui/fakecatalog.h"
#include "tests/support/nastystrings.h"
#include "tests/support/randomfilter.h"
#include "tests/support/testcatalog.h"

using namespace atlas;
using namespace atlas::filter;

namespace {

const QDateTime now(QDate(2026, 4, 11), QTime(12, 0), Qt::UTC);

Expression parsed(const QString& text)
{
    const ParseResult result = parse(text);
    if (!result.ok())
        qFatal("%s: %s", qPrintable(text), qPrintable(result.error->message));
    return result.expression;
}

} // namespace

class TestFilterCompiler : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void everythingIsBound_data();
    void everythingIsBound();
    void parametersAreNumberedWithoutGaps();
    void firstParameterShiftsThemAll();
    void sameValueIsBoundOnce();
    void shapes_data();
    void shapes();
    void everyShapeCanBeAskedFor();
    void hotEqualitiesFold();
    void whatTheHotSetCouldAnswer();
    void hotDocumentHoldsExactValues();
    void projections();
    void keyset();
    void redshiftIsPlain();
    void realRedshiftNeverRounds();
    void pagesAreMadeForRedshiftItself();
    void problemsKeepItFromCompiling();
    void tooManyValues();
    void manyClausesCompileFast();
    void rarestClauseDrives();
    void probesGoFromRareToCommon();
    void explainIsReadable();
    void disabledPartsLeaveNoTrace();
    void boundariesInCommonCasesAreCheap();

private:
    CompiledStatement compiled(const QString& text, CompileOptions options = {})
    {
        options.now = now;
        const StatsEstimator estimator(m_catalog, now);
        const auto result = compile(5, parsed(text), m_catalog, estimator, options);
        if (!result.ok())
            qFatal("%s: %s", qPrintable(text), qPrintable(result.problems.constFirst().message));
        return *result.value;
    }

    test::TestCatalog m_catalog;
};

void TestFilterCompiler::init()
{
    m_catalog = test::TestCatalog();
    m_catalog.setEntitiesTotal(100'000);
    using test::TestCatalog;
    m_catalog.add(QStringLiteral("status"), ValueType::String).stats =
        TestCatalog::counted(100'000, {{QStringLiteral("active"), 50'000},
                                       {QStringLiteral("idle"), 40'000},
                                       {QStringLiteral("broken"), 20}});
    m_catalog.add(QStringLiteral("region"), ValueType::String, true).stats =
        TestCatalog::counted(100'000, {{QStringLiteral("eu-1"), 3'000}, {QStringLiteral("eu-2"), 97'000}});
    m_catalog.add(QStringLiteral("model"), ValueType::String, true).stats =
        TestCatalog::counted(100'000, {{QStringLiteral("m1"), 2'000}, {QStringLiteral("m2"), 98'000}});
    m_catalog.add(QStringLiteral("temperature"), ValueType::Number).stats =
        TestCatalog::spread(100'000, 90'000, 50'000);
    m_catalog.add(QStringLiteral("level"), ValueType::Number, true).stats =
        TestCatalog::spread(100'000, 90'000, 50);
    m_catalog.add(QStringLiteral("door_open"), ValueType::Boolean, true).stats =
        TestCatalog::counted(100'000, {{QStringLiteral("0"), 60'000}, {QStringLiteral("1"), 30'000}});
    m_catalog.add(QStringLiteral("seen"), ValueType::Timestamp, true).stats =
        TestCatalog::spread(100'000, 100'000, 90'000, 1'767'225'600e6, 1'775'865'600e6);
    m_catalog.add(QStringLiteral("tags"), ValueType::Json, true);
    m_catalog.add(QStringLiteral("rare"), ValueType::String).stats =
        TestCatalog::counted(100'000, {{QStringLiteral("x"), 12}});
}

void TestFilterCompiler::everythingIsBound_data()
{
    QTest::addColumn<int>("dialect");
    QTest::addColumn<int>("projection");
    for (const int dialect : {1, 2}) {
        for (const int projection : {1, 2, 3, 4})
            QTest::addRow("dialect %d, projection %d", dialect, projection) << dialect << projection;
    }
}

void TestFilterCompiler::everythingIsBound()
{
    QFETCH(int, dialect);
    QFETCH(int, projection);
    // Names and values that would be seen in the SQL at once.
    test::TestCatalog catalog;
    catalog.setEntitiesTotal(10'000);
    QList<test::RandomSubject> subjects;
    int n = 0;
    for (const QString& name : test::nastyStrings()) {
        const QString marked = QStringLiteral("NEEDLE") + name;
        catalog.add(marked, n % 4 == 0 ? ValueType::Json : ValueType::String, n % 3 == 0);
        subjects.append({Subject::ofAttribute(marked), n % 4 == 0 ? ValueType::Json : ValueType::String, {}});
        ++n;
    }
    catalog.add(QStringLiteral("NEEDLEnumber"), ValueType::Number, true);
    subjects.append({Subject::ofAttribute(QStringLiteral("NEEDLEnumber")),
                     ValueType::Number,
                     {QStringLiteral("77712345.5"), QStringLiteral("7771e300")}});
    catalog.add(QStringLiteral("NEEDLEtime"), ValueType::Timestamp, true);
    subjects.append({Subject::ofAttribute(QStringLiteral("NEEDLEtime")),
                     ValueType::Timestamp,
                     {QStringLiteral("2077-01-01")}});
    subjects.append({Subject::ofEntity(EntityField::Id), ValueType::String, {}});
    for (test::RandomSubject& subject : subjects) {
        if (subject.values.isEmpty()) {
            for (const QString& value : test::nastyStrings() + test::longStrings())
                subject.values.append(QStringLiteral("NEEDLE") + value);
        }
    }
    const StatsEstimator estimator(catalog, now);
    CompileOptions options;
    options.dialect = static_cast<Dialect>(dialect);
    options.projection = static_cast<Projection>(projection);
    options.now = now;
    options.limit = 87'654;
    options.after = 87'653;
    const QRegularExpression number(QStringLiteral("(?<![$a-z0-9_(,])\\d{2,}"));
    for (quint32 seed = 1; seed <= 300; ++seed) {
        test::RandomFilter random(seed, subjects);
        const Expression expression = random.expression(1 + static_cast<int>(seed % 8));
        const auto result = compile(4'711, expression, catalog, estimator, options);
        QVERIFY2(result.ok(), result.ok() ? "" : qPrintable(result.problems.constFirst().message));
        QByteArray sql = result.value->statement.sql;
        QVERIFY2(!sql.contains('\''), sql.constData());
        QVERIFY2(!sql.contains('"'), sql.constData());
        QVERIFY2(!sql.toUpper().contains("NEEDLE") && !sql.contains("777") && !sql.contains("2077"),
                 sql.constData());
        QVERIFY2(!sql.contains("4711") && !sql.contains("87653"), sql.constData());
        for (const char c : sql)
            QVERIFY(c == '\n' || (c >= ' ' && c < 127));
        // Only what the grammar of the statements themselves needs: the length of the search key, types, and
        // Redshift's limit.
        sql.replace("= 256", "")
            .replace("varchar(65535)", "")
            .replace("decimal(38", "")
            .replace("limit 87654", "");
        QVERIFY2(!number.match(QString::fromLatin1(sql)).hasMatch(), sql.constData());
    }
}

void TestFilterCompiler::parametersAreNumberedWithoutGaps()
{
    const auto statement = compiled(QStringLiteral("status = \"active\" and (temperature > 80 or not (region "
                                                   "in (\"a\", \"b\"))) and seen in the last \"7 d\""))
                               .statement;
    const QString sql = QString::fromLatin1(statement.sql);
    QSet<int> used;
    QRegularExpressionMatchIterator matches =
        QRegularExpression(QStringLiteral("\\$(\\d+)")).globalMatch(sql);
    while (matches.hasNext())
        used.insert(matches.next().captured(1).toInt());
    QCOMPARE(used.size(), statement.params.size());
    for (int i = 1; i <= statement.params.size(); ++i)
        QVERIFY2(used.contains(i), qPrintable(QString::number(i)));
    // Each with its type.
    QVERIFY(!QRegularExpression(QStringLiteral("\\$\\d+(?!\\d|::)")).match(sql).hasMatch());
}

void TestFilterCompiler::firstParameterShiftsThemAll()
{
    CompileOptions options;
    options.now = now;
    options.firstParameter = 40;
    const StatsEstimator estimator(m_catalog, now);
    const auto ids = compileIds(5, parsed(QStringLiteral("status = \"active\" and temperature > 80")),
                                m_catalog, estimator, options);
    QVERIFY(ids.ok());
    QVERIFY(ids.value->sql.contains("$40::"));
    QVERIFY(!QRegularExpression(QStringLiteral("\\$[1-3]?\\d\\b"))
                 .match(QString::fromLatin1(ids.value->sql))
                 .hasMatch());
    QCOMPARE(ids.value->nextParameter, 40 + ids.value->params.size());
}

void TestFilterCompiler::sameValueIsBoundOnce()
{
    const auto statement =
        compiled(QStringLiteral("status = \"active\" or (rare = \"active\" and temperature = 5)")).statement;
    QCOMPARE(statement.params.count(db::param(QStringLiteral("active"))), 1);
    // As text and as a number they are two parameters: a parameter has one type.
    const auto both = compiled(QStringLiteral("status = \"5\" and temperature = 5")).statement;
    QVERIFY(both.params.count(db::param(QStringLiteral("5"))) >= 2);
}

void TestFilterCompiler::shapes_data()
{
    QTest::addColumn<QString>("input");
    QTest::addColumn<int>("projection");
    QTest::addColumn<int>("shape");
    const auto row = [](const char* input, Projection projection, Shape shape) {
        QTest::addRow("%s, %d", input, static_cast<int>(projection))
            << QString::fromUtf8(input) << static_cast<int>(projection) << static_cast<int>(shape);
    };
    row("", Projection::EntityIds, Shape::EntityScan);
    row("status = \"active\"", Projection::EntityIds, Shape::OrderedDriver);
    row("rare = \"x\" and temperature > 1", Projection::EntityIds, Shape::OrderedDriver);
    row("temperature > 99.9 and status = \"active\"", Projection::EntityIds, Shape::SortedDriver);
    row("missing(rare) and status != \"idle\"", Projection::EntityIds, Shape::EntityScan);
    row("status != \"active\" or status != \"idle\"", Projection::EntityIds, Shape::EntityScan);
    row("region = \"eu-1\" or status = \"idle\"", Projection::EntityIds, Shape::UnionPages);
    row("rare = \"x\" or status = \"broken\"", Projection::EntityIds, Shape::SortedDriver);
    row("status = \"active\" and region = \"eu-2\" and temperature > 50", Projection::Count, Shape::Join);
    row("not status = \"active\"", Projection::Count, Shape::SetAlgebra);
    row("status = \"active\" and not temperature > 50", Projection::Count, Shape::Join);
}

void TestFilterCompiler::shapes()
{
    QFETCH(QString, input);
    QFETCH(int, projection);
    QFETCH(int, shape);
    CompileOptions options;
    options.projection = static_cast<Projection>(projection);
    options.useHot = false;
    const auto statement = compiled(input, options);
    QVERIFY2(static_cast<int>(statement.explain.shape) == shape, qPrintable(statement.explain.text()));
}

void TestFilterCompiler::everyShapeCanBeAskedFor()
{
    const StatsEstimator estimator(m_catalog, now);
    const Expression expression =
        parsed(QStringLiteral("status = \"active\" and temperature > 50 and region = \"eu-2\""));
    CompileOptions options;
    options.now = now;
    const auto shapes = possibleShapes(expression, m_catalog, estimator, options);
    for (const Shape shape :
         {Shape::OrderedDriver, Shape::SortedDriver, Shape::EntityScan, Shape::Join, Shape::SetAlgebra})
        QVERIFY2(shapes.contains(shape), qPrintable(name(shape)));
    QSet<QByteArray> texts;
    for (const Shape shape : shapes) {
        options.shape = shape;
        const auto result = compile(5, expression, m_catalog, estimator, options);
        QVERIFY(result.ok());
        QCOMPARE(result.value->explain.shape, shape);
        texts.insert(result.value->statement.sql);
    }
    QCOMPARE(texts.size(), shapes.size());
    options.shape.reset();
    QCOMPARE(compile(5, expression, m_catalog, estimator, options).value->explain.shape, shapes.constFirst());
}

void TestFilterCompiler::hotEqualitiesFold()
{
    CompileOptions options;
    options.projection = Projection::Count;
    const QString filter =
        QStringLiteral("region = \"eu-1\" and model = \"m1\" and door_open = true and temperature > 1");
    const auto hot = compiled(filter, options);
    QCOMPARE(hot.statement.sql.count("atlas.hot_match("), 1);
    QVERIFY(hot.explain.usesHot);
    // The three folded ones are not read anywhere else.
    QCOMPARE(hot.statement.sql.count("attribute_values"), 1);
    const auto region = m_catalog.find(QStringLiteral("region"))->id;
    const auto model = m_catalog.find(QStringLiteral("model"))->id;
    const auto door = m_catalog.find(QStringLiteral("door_open"))->id;
    const QByteArray ids = QStringLiteral("{%1,%2,%3}").arg(region).arg(model).arg(door).toLatin1();
    QVERIFY(hot.statement.params.contains(db::Param(ids)));
    const QByteArray document = QStringLiteral("{\"%1\":\"eu-1\",\"%2\":\"m1\",\"%3\":true}")
                                    .arg(region)
                                    .arg(model)
                                    .arg(door)
                                    .toLatin1();
    QVERIFY(hot.statement.params.contains(db::Param(document)));
    // Where there is nothing else, the rows are counted where they are found.
    const auto counted = compiled(QStringLiteral("region = \"eu-1\" and model = \"m1\""), options);
    QVERIFY(counted.statement.sql.startsWith("select atlas.hot_count("));
    QVERIFY(counted.explain.usesHot);
    options.projection = Projection::EntityIds;
    QVERIFY(!compiled(QStringLiteral("region = \"eu-1\" and model = \"m1\""), options)
                 .statement.sql.contains("hot_count"));
    options.projection = Projection::Count;
    options.useHot = false;
    const auto cold = compiled(filter, options);
    QVERIFY(!cold.statement.sql.contains("hot_match"));
    QVERIFY(!cold.explain.usesHot);
    options.useHot = true;
    options.dialect = Dialect::Redshift;
    QVERIFY(!compiled(filter, options).statement.sql.contains("hot_match"));
    // Attributes that are not hot, ranges and JSON never go there.
    for (const char* other : {"status = \"broken\" and rare = \"x\"", "level > 5 and region != \"eu-1\"",
                              "tags = \"[1]\" and tags contains \"x\""})
        QVERIFY(!compiled(QString::fromUtf8(other)).statement.sql.contains("hot_match"));
}

void TestFilterCompiler::whatTheHotSetCouldAnswer()
{
    test::TestCatalog catalog;
    const int status = catalog.add(QStringLiteral("status"), ValueType::String).id;
    const int level = catalog.add(QStringLiteral("level"), ValueType::Number).id;
    const int open = catalog.add(QStringLiteral("open"), ValueType::Boolean, true).id;
    catalog.add(QStringLiteral("doc"), ValueType::Json);
    const auto of = [&catalog](const char* text) {
        return hotEqualities(parse(QString::fromUtf8(text)).expression, catalog);
    };
    // Whether it is hot already makes no difference.
    QCOMPARE(of("open = true and status = \"a\""), (QList<int>{status, open}));
    QCOMPARE(of("not (status = \"a\") or (level = 3 and open != true)"), (QList<int>{status, level, open}));
    QCOMPARE(of("status in (\"a\")"), QList<int>{status});
    QCOMPARE(of("status in (\"a\", \"b\")"), QList<int>());
    QCOMPARE(of("status = \"a\" or status = \"b\""), QList<int>());
    QCOMPARE(of("level > 3 and status != \"a\" and exists(open) and doc = \"{}\""), QList<int>());
    QCOMPARE(of("off(status = \"a\") and entity.type = \"x\""), QList<int>());
    QCOMPARE(of(""), QList<int>());
}

void TestFilterCompiler::hotDocumentHoldsExactValues()
{
    // Large and not measured: a containment is certainly worth it.
    m_catalog.setEntitiesTotal(10'000'000);
    m_catalog.add(QStringLiteral("number"), ValueType::Number, true);
    m_catalog.add(QStringLiteral("time"), ValueType::Timestamp, true);
    m_catalog.add(QStringLiteral("hotter"), ValueType::String, true);
    CompileOptions options;
    options.projection = Projection::Count;
    const auto document = [&](const QString& filter) {
        const auto statement =
            compiled(filter + QStringLiteral(" and model = \"m1\" and region = \"eu-1\""), options).statement;
        for (const db::Param& param : statement.params) {
            if (param->startsWith("{\""))
                return *param;
        }
        return QByteArray();
    };
    QVERIFY(document(QStringLiteral("number = 9007199254740993")).contains(":9007199254740993,"));
    QVERIFY(document(QStringLiteral("number = +080.50")).contains(":805e-1,"));
    QVERIFY(document(QStringLiteral("door_open != true")).contains(":false,"));
    QVERIFY(
        document(QStringLiteral("time = \"2026-01-01T02:00:00.5+02:00\"")).contains(":1767225600500000,"));
    const QByteArray escaped = document(QStringLiteral("hotter = \"a\\\"\\\\\\n\u00e9\\u0001\""));
    QVERIFY2(escaped.contains("\"a\\\"\\\\\\u000a\xc3\xa9\\u0001\""), escaped.constData());
}

void TestFilterCompiler::projections()
{
    const QString filter = QStringLiteral("status = \"active\"");
    CompileOptions options;
    options.limit = 17;
    const auto page = compiled(filter, options).statement;
    QCOMPARE(page.name, QStringLiteral("filter.page"));
    QVERIFY(page.sql.contains("order by") && page.sql.contains("limit $") &&
            page.params.contains(db::param(17)));
    options.projection = Projection::Stream;
    const auto stream = compiled(filter, options).statement;
    QVERIFY(stream.sql.contains("order by") && !stream.sql.contains("limit"));
    options.projection = Projection::Count;
    const auto count = compiled(filter, options).statement;
    QVERIFY(count.sql.startsWith("select count(*)") && !count.sql.contains("limit") &&
            !count.sql.contains("order by"));
    options.projection = Projection::Exists;
    const auto exists = compiled(filter, options).statement;
    QVERIFY(exists.sql.startsWith("select exists") && exists.params.contains(db::param(1)));
}

void TestFilterCompiler::keyset()
{
    // Every shape must push the cursor down to what it reads.
    const StatsEstimator estimator(m_catalog, now);
    for (const char* filter : {"status = \"active\" and temperature > 50 and region = \"eu-2\"",
                               "rare = \"x\" or region = \"eu-1\"", "missing(rare)", ""}) {
        const Expression expression = parsed(QString::fromUtf8(filter));
        CompileOptions options;
        options.now = now;
        for (const Shape shape : possibleShapes(expression, m_catalog, estimator, options)) {
            options.shape = shape;
            options.after = 12'345;
            options.descending = false;
            const auto forward = compile(5, expression, m_catalog, estimator, options).value->statement;
            QVERIFY2(forward.params.contains(db::param(12'345)), forward.sql.constData());
            QVERIFY(forward.sql.contains("entity_id > $") && !forward.sql.contains("desc"));
            options.descending = true;
            const auto back = compile(5, expression, m_catalog, estimator, options).value->statement;
            QVERIFY(back.sql.contains("entity_id < $") && back.sql.contains(" desc"));
            options.shape.reset();
        }
    }
}

void TestFilterCompiler::redshiftIsPlain()
{
    const QList<QByteArray> forbidden{
        "any (",     "jsonb",   "[]",   "materialized", "lateral", "filter (",          "distinct on",
        "num_nulls", "using (", "hot_", "exists (",     "offset",  "case when (select", "generate_series",
        "::text"};
    CompileOptions options;
    options.dialect = Dialect::Redshift;
    QList<test::RandomSubject> subjects;
    subjects.append({Subject::ofAttribute(QStringLiteral("status")),
                     ValueType::String,
                     {QStringLiteral("active"), QString(300, u'x')}});
    subjects.append({Subject::ofAttribute(QStringLiteral("temperature")),
                     ValueType::Number,
                     {QStringLiteral("80.5"), QStringLiteral("1e400")}});
    subjects.append({Subject::ofAttribute(QStringLiteral("tags")), ValueType::Json, {QStringLiteral("[1]")}});
    subjects.append({Subject::ofEntity(EntityField::Type), ValueType::String, {QStringLiteral("truck")}});
    const StatsEstimator estimator(m_catalog, now);
    for (const bool real : {false, true}) {
        options.realRedshift = real;
        for (const Projection projection :
             {Projection::EntityIds, Projection::Count, Projection::Stream, Projection::Exists}) {
            options.projection = projection;
            for (quint32 seed = 1; seed <= 200; ++seed) {
                const auto result = compile(5, test::RandomFilter(seed, subjects).expression(4), m_catalog,
                                            estimator, options);
                QVERIFY(result.ok());
                for (const QByteArray& word : forbidden)
                    QVERIFY2(!result.value->statement.sql.contains(word),
                             (word + '\n' + result.value->statement.sql).constData());
                // No sub-select looks at a row outside of it.
                QVERIFY2(!result.value->statement.sql.contains("(select strpos"),
                         result.value->statement.sql.constData());
            }
        }
    }
}

void TestFilterCompiler::realRedshiftNeverRounds()
{
    CompileOptions options;
    options.dialect = Dialect::Redshift;
    options.realRedshift = true;
    for (const char* filter : {"temperature > 80.25", "temperature in (1.5, 2)",
                               "temperature between 0.1 and 12345678901234567890"}) {
        const QByteArray sql = compiled(QString::fromUtf8(filter), options).statement.sql;
        QVERIFY2(!sql.contains("::numeric"), sql.constData()); // numeric(18,0) there
        QVERIFY2(sql.contains("as decimal(38,"), sql.constData());
        QVERIFY2(sql.contains("case when"), sql.constData()); // nothing else is converted
    }
}

void TestFilterCompiler::pagesAreMadeForRedshiftItself()
{
    const AttributeCatalog catalog = test::fleetCatalog();
    browse::PageRequest request;
    request.tenant = 5;
    request.filter = parsed(QStringLiteral("temperature > 80.25"));
    request.columns = {catalog.at(1).id};
    request.role = db::EndpointRole::Warehouse;
    for (const bool real : {false, true}) {
        request.realRedshift = real;
        const QByteArray page = browse::pageStatement(request, catalog).statement.sql;
        QVERIFY2(page.contains("as decimal(38,") == real, page.constData());
        QVERIFY2(page.contains("value_exact::text") == !real, page.constData());
        const QByteArray count = browse::countStatement(request, catalog).statement.sql;
        QVERIFY2(count.contains("as decimal(38,") == real, count.constData());
    }
}

void TestFilterCompiler::problemsKeepItFromCompiling()
{
    const StatsEstimator estimator(m_catalog, now);
    const auto result =
        compile(5, parsed(QStringLiteral("nothing = 1 and temperature = \"x\"")), m_catalog, estimator, {});
    QVERIFY(!result.ok());
    QCOMPARE(result.problems.size(), 2);
    QVERIFY(possibleShapes(parsed(QStringLiteral("nothing = 1")), m_catalog, estimator, {}).isEmpty());
    QVERIFY(compile(5, parsed(QStringLiteral("off(nothing = 1)")), m_catalog, estimator, {}).ok());
}

void TestFilterCompiler::tooManyValues()
{
    Clause clause{Subject::ofAttribute(QStringLiteral("status")), Operator::In, {}, true};
    for (int i = 0; i < 40'000; ++i)
        clause.literals.append(Literal::string(QStringLiteral("v%1").arg(i)));
    const StatsEstimator estimator(m_catalog, now);
    CompileOptions options;
    options.dialect = Dialect::Redshift;
    const auto warehouse = compile(5, Expression(Node(clause)), m_catalog, estimator, options);
    QVERIFY(!warehouse.ok());
    QCOMPARE(warehouse.problems.constFirst().kind, Problem::Kind::TooLarge);
    options.dialect = Dialect::Postgres;
    const auto postgres = compile(5, Expression(Node(clause)), m_catalog, estimator, options);
    QVERIFY(postgres.ok());
    QVERIFY(postgres.value->statement.params.size() < 10);
}

void TestFilterCompiler::manyClausesCompileFast()
{
    Group all{GroupKind::All, {}, true};
    Group any{GroupKind::Any, {}, true};
    for (int i = 0; i < 500; ++i) {
        const QString name = QStringLiteral("attribute %1").arg(i);
        m_catalog.add(name, ValueType::Number, i % 2 == 0).stats =
            test::TestCatalog::spread(100'000, 1'000 + i, 500);
        all.children.append(Clause{
            Subject::ofAttribute(name), Operator::Greater, {Literal::number(QString::number(i))}, true});
        any.children.append(
            Clause{Subject::ofAttribute(name), Operator::Equal, {Literal::number(QString::number(i))}, true});
    }
    const StatsEstimator estimator(m_catalog, now);
    QElapsedTimer timer;
    timer.start();
    QVERIFY(compile(5, Expression(all), m_catalog, estimator, {}).ok());
    QVERIFY(compile(5, Expression(any), m_catalog, estimator, {}).ok());
    // Only tells quadratic with a small factor from worse.
    QVERIFY2(timer.elapsed() < 10'000, qPrintable(QString::number(timer.elapsed())));
}

void TestFilterCompiler::rarestClauseDrives()
{
    for (const char* filter : {"status = \"active\" and rare = \"x\" and region = \"eu-2\"",
                               "region = \"eu-2\" and status = \"active\" and rare = \"x\""}) {
        CompileOptions options;
        options.useHot = false;
        const auto statement = compiled(QString::fromUtf8(filter), options);
        QCOMPARE(statement.explain.driver, QStringLiteral("rare = \"x\""));
        QCOMPARE(statement.explain.sources.constFirst().description, QStringLiteral("rare = \"x\""));
        QCOMPARE(statement.explain.sources.constFirst().expected, 12.0);
    }
}

void TestFilterCompiler::probesGoFromRareToCommon()
{
    CompileOptions options;
    options.shape = Shape::EntityScan;
    const auto statement =
        compiled(QStringLiteral("status = \"active\" and rare = \"x\" and region = \"eu-2\""), options);
    QStringList order;
    for (const Explain::Source& source : statement.explain.sources)
        order.append(source.description);
    QCOMPARE(order,
             (QStringList{QStringLiteral("every entity"), QStringLiteral("rare = \"x\""),
                          QStringLiteral("status = \"active\""), QStringLiteral("region = \"eu-2\"")}));
}

void TestFilterCompiler::explainIsReadable()
{
    const QString text =
        compiled(QStringLiteral("status = \"active\" and temperature > 80 and not exists(rare)"))
            .explain.text();
    for (const char* part : {"shape", "driver", "expected", "status = \"active\"", "not exists(rare)",
                             "probed", "rejected", "reason", "ms"})
        QVERIFY2(text.contains(QLatin1String(part)), qPrintable(text));
    const auto explain = compiled(QStringLiteral("status = \"active\" and temperature > 80")).explain;
    QCOMPARE(explain.attributeIds, (QList<int>{m_catalog.find(QStringLiteral("status"))->id,
                                               m_catalog.find(QStringLiteral("temperature"))->id}));
    QVERIFY(std::is_sorted(explain.rejected.cbegin(), explain.rejected.cend(),
                           [](const auto& a, const auto& b) { return a.cost < b.cost; }));
}

void TestFilterCompiler::disabledPartsLeaveNoTrace()
{
    const auto with =
        compiled(QStringLiteral("status = \"active\" and off(temperature > 80) and not off(rare = \"x\")"));
    const auto without = compiled(QStringLiteral("status = \"active\""));
    QCOMPARE(with.statement.sql, without.statement.sql);
    QCOMPARE(with.statement.params, without.statement.params);
}

void TestFilterCompiler::boundariesInCommonCasesAreCheap()
{
    // Only rows at the boundary look at value_exact, and no float is turned into text for it.
    const QByteArray sql = compiled(QStringLiteral("temperature > 80")).statement.sql;
    QVERIFY2(sql.contains("value_num >= $") && sql.contains("value_num > $"), sql.constData());
    QVERIFY2(!sql.contains("value_num::text"), sql.constData());
    // Times are exact in float8: one comparison.
    const QByteArray times = compiled(QStringLiteral("seen before \"2026-01-01\"")).statement.sql;
    QVERIFY2(!times.contains("value_exact"), times.constData());
}

QTEST_APPLESS_MAIN(TestFilterCompiler)
#include "tst_filtercompiler.moc"
