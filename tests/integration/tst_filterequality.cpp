// SPDX-License-Identifier: GPL-3.0-or-later
// Compiled filters against an independent evaluator: the same entities on every node, hot and cold, in every
// shape.
#include <QTest>

#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <thread>

#include "model/filter/compiler.h"
#include "model/filter/parser.h"
#include "model/filter/printer.h"
#include "model/ingest/value.h"
#include "tests/support/evaluator.h"
#include "tests/support/nastystrings.h"
#include "tests/support/platform.h"
#include "tests/support/randomfilter.h"
#include "tests/support/testcatalog.h"

using namespace atlas;
using namespace atlas::filter;
using test::sql;

namespace {

const QDateTime now(QDate(2026, 4, 11), QTime(12, 0, 0, 250), Qt::UTC);

struct Attribute
{
    QString name;
    ValueType type;
    bool hot;
    int percent; ///< of the entities have it
    QStringList values;
};

QStringList longTexts()
{
    const QString base = QStringLiteral("\u00e9").repeated(250);
    QStringList texts;
    for (const int extra : {4, 5, 6, 7, 8, 50}) { // 254 … 300 characters with the same beginning
        texts.append(base + QString(extra, u'a'));
        texts.append(base + QString(extra - 1, u'a') + u'b');
    }
    texts.append(QString(256, u'z'));
    texts.append(QString(256, u'z') + QStringLiteral("needle"));
    texts.append(QString(2'000, u'z') + QStringLiteral("needle") + QString(2'000, u'z'));
    texts.append(QStringLiteral("\U0001F600").repeated(256));
    texts.append(QStringLiteral("\U0001F600").repeated(257));
    return texts;
}

/// Numbers that float8 cannot hold, or cannot tell apart, or that printers disagree about.
QStringList trickyNumbers()
{
    return {QStringLiteral("9007199254740991"),
            QStringLiteral("9007199254740992"),
            QStringLiteral("9007199254740993"),
            QStringLiteral("9007199254740994"),
            QStringLiteral("-9007199254740993"),
            QStringLiteral("0.1"),
            QStringLiteral("0.10"),
            QStringLiteral("0.1000000000000000055511151231257827021181583404541015625"),
            QStringLiteral("0.10000000000000000000000000000001"),
            QStringLiteral("1"),
            QStringLiteral("1.0"),
            QStringLiteral("1e0"),
            QStringLiteral("10e-1"),
            QStringLiteral("0"),
            QStringLiteral("-0"),
            QStringLiteral("0.0"),
            QStringLiteral("1e400"),
            QStringLiteral("1.0000000000000000001e400"),
            QStringLiteral("-1e400"),
            QStringLiteral("1e-400"),
            QStringLiteral("-1e-400"),
            QStringLiteral("5e-324"),
            QStringLiteral("2e-324"),
            QStringLiteral("3e-324"),
            QStringLiteral("1e23"),
            QStringLiteral("9.999999999999999e22"),
            QStringLiteral("99999999999999991611392"),
            QStringLiteral("1.7976931348623157e308"),
            QStringLiteral("1.7976931348623158e308"),
            QStringLiteral("1.7976931348623159e308"),
            QStringLiteral("2.2250738585072014e-308"),
            QStringLiteral("1e15"),
            QStringLiteral("123456789012345678901234567890"),
            QStringLiteral("80"),
            QStringLiteral("80.00000000000000000001"),
            QStringLiteral("79.99999999999999999999"),
            QStringLiteral("100000000000000000000"),
            QStringLiteral("4.35"),
            QStringLiteral("-273.15")};
}

QStringList smallNumbers()
{
    QStringList numbers;
    for (int i = -5; i <= 60; ++i)
        numbers.append(QString::number(i / 4.0));
    return numbers;
}

QStringList times()
{
    return {QStringLiteral("2026-04-11T12:00:00Z"),        QStringLiteral("2026-04-11T12:00:00.25Z"),
            QStringLiteral("2026-04-11T12:00:00.250001Z"), QStringLiteral("2026-04-11T11:59:45.1Z"),
            QStringLiteral("2026-04-11T11:50:00.249999Z"), QStringLiteral("2026-04-04T12:00:00.250000Z"),
            QStringLiteral("2026-04-11T14:00:00+02:00"),   QStringLiteral("2026-01-01T00:00:00Z"),
            QStringLiteral("2025-12-31T23:59:59.999999Z"), QStringLiteral("1969-07-20T20:17:40Z"),
            QStringLiteral("1970-01-01T00:00:00Z"),        QStringLiteral("0001-01-01T00:00:00Z"),
            QStringLiteral("2300-06-01T10:00:00.000001Z"), QStringLiteral("9999-12-31T23:59:59.999999Z")};
}

QStringList documents()
{
    return {QStringLiteral("[]"),
            QStringLiteral("{}"),
            QStringLiteral("[1,2,3]"),
            QStringLiteral("{\"a\":1.0,\"b\":[true,null,\"x, y\"]}"),
            QStringLiteral("{\"b\":2,\"a\":1}"),
            QStringLiteral("{\"text\":\"'quoted' \u6e29 %_\"}"),
            QStringLiteral("[\"%1\"]").arg(QString(300, u'j')),
            QStringLiteral("[\"%1\",\"needle\"]").arg(QString(300, u'j'))};
}

QList<Attribute> attributes()
{
    const QStringList words{QStringLiteral("active"), QStringLiteral("idle"), QStringLiteral("retired"),
                            QStringLiteral("Active")};
    return {
        {QStringLiteral("text"), ValueType::String, false, 70, test::nastyStrings()},
        {QStringLiteral("long text"), ValueType::String, true, 60, longTexts()},
        {QStringLiteral("status"), ValueType::String, true, 95, words},
        {QStringLiteral("region"),
         ValueType::String,
         true,
         90,
         {QStringLiteral("eu-1"), QStringLiteral("eu-2"), QStringLiteral("us-1")}},
        {QStringLiteral("firmware"),
         ValueType::String,
         false,
         80,
         {QStringLiteral("1.2.3"), QStringLiteral("1.2.10"), QStringLiteral("1.20"), QStringLiteral("2.0")}},
        {QStringLiteral("temperature"), ValueType::Number, false, 90, smallNumbers()},
        {QStringLiteral("tricky"), ValueType::Number, false, 80, trickyNumbers()},
        {QStringLiteral("level"), ValueType::Number, true, 80,
         trickyNumbers().mid(0, 16) + smallNumbers().mid(0, 8)},
        {QStringLiteral("door_open"),
         ValueType::Boolean,
         true,
         70,
         {QStringLiteral("true"), QStringLiteral("false")}},
        {QStringLiteral("seen"), ValueType::Timestamp, true, 85, times()},
        {QStringLiteral("tags"), ValueType::Json, true, 60, documents()},
        {QStringLiteral("rare"), ValueType::Number, false, 2, {QStringLiteral("1"), QStringLiteral("2")}},
        {QStringLiteral("everywhere"), ValueType::String, false, 100, {QStringLiteral("x")}},
    };
}

/// What the ingest layer stores of a value, as COPY text.
std::string columnsOf(const test::TestValue& value, bool cleared)
{
    ingest::ValueColumns columns;
    const std::string text = value.text.toStdString();
    const char* problem = nullptr;
    if (cleared) {
        ingest::encodeCleared(value.type, columns);
    } else {
        switch (value.type) {
        case ValueType::String:
            problem = ingest::encodeString(text, columns);
            break;
        case ValueType::Number:
            problem = ingest::encodeNumber(text, columns);
            break;
        case ValueType::Boolean:
            ingest::encodeBoolean(value.text == u"true", columns);
            break;
        case ValueType::Timestamp:
            problem = ingest::encodeTimestamp(text, columns);
            break;
        case ValueType::Json:
            problem = ingest::encodeJson(text, columns);
            break;
        }
    }
    if (problem)
        qFatal("%s: %s", text.c_str(), problem);
    std::string out;
    ingest::appendColumns(out, columns);
    return out;
}

QByteArray escaped(const QString& text)
{
    std::string out;
    const QByteArray utf8 = text.toUtf8();
    ingest::appendEscaped(out, std::string_view(utf8.constData(), static_cast<std::size_t>(utf8.size())));
    return QByteArray::fromStdString(out);
}

/// Claims anything, always the same for the same clause: results must not depend on what is expected.
class WildEstimator : public Estimator
{
public:
    explicit WildEstimator(size_t seed)
        : m_seed(seed)
    {
    }
    double entitiesTotal() const override { return 3'000'000; }
    Estimate clause(const Clause& clause) const override
    {
        const size_t hash = qHash(print(Node(clause)), m_seed);
        return {std::pow(10.0, static_cast<double>(hash % 650) / 100), true};
    }

private:
    size_t m_seed;
};

/// One or two equalities that occur, on attributes of the hot set.
QList<Node> hotEqualities(quint32 seed)
{
    QList<test::RandomSubject> hot;
    for (const Attribute& attribute : attributes()) {
        if (attribute.hot && attribute.type != ValueType::Json)
            hot.append({Subject::ofAttribute(attribute.name), attribute.type, attribute.values});
    }
    QRandomGenerator random(seed);
    QList<Node> nodes;
    for (quint32 i = 0; i <= seed % 4 / 2; ++i) {
        const test::RandomSubject& subject =
            hot.at(static_cast<qsizetype>(random.bounded(static_cast<quint32>(hot.size()))));
        const QString value = subject.values.at(static_cast<qsizetype>(random.bounded(static_cast<quint32>(
            seed % 8 == 0 ? subject.values.size() : qMin(subject.values.size(), qsizetype(4))))));
        const Literal literal = subject.type == ValueType::Number    ? Literal::number(value)
                                : subject.type == ValueType::Boolean ? Literal::boolean(value == u"true")
                                                                     : Literal::string(value);
        nodes.append(Clause{subject.subject, Operator::Equal, {literal}, true});
    }
    return nodes;
}

/// A tenant with its entities, as they were sent.
struct Tenant
{
    int id = 0;
    test::TestCatalog measured;
    test::TestCatalog unmeasured;
    QList<test::TestEntity> entities; ///< entity_id is firstEntity + index
    qint64 firstEntity = 0;
    int partitions = 1;
};

} // namespace

class TestFilterEquality : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void examples_data();
    void examples();
    void randomFilters_data();
    void randomFilters();
    void everyShape();
    void pages();
    void sorted_data();
    void sorted();
    void topValues();
    void histograms();
    void lookUpsGoByKey();
    void commandLine();
    void countThatTakesTooLong();
    void oneSnapshotWhileIngestRuns();
    void subSelect();
    void nastyNamesAndValues();
    void anotherTenantStaysOut();
    void noLongerHot();
    void plainNumbersAreWhatTheServerPrints();

private:
    QString makeTenant(Tenant& tenant, const QString& isolation, int entityCount, quint32 seed);
    QString copy(const QByteArray& table, const QByteArray& rows);
    QString fillHot(const Tenant& tenant);
    QString readStatistics(Tenant& tenant);
    QList<qint64> expected(const Tenant& tenant, const Expression& expression);
    /// Runs it and compares; empty, or what differs.
    QString compare(const QString& node, const Tenant& tenant, const Expression& expression,
                    const Estimator& estimator, CompileOptions options, bool* usedHot = nullptr);
    QList<test::RandomSubject> subjects() const;
    static CompileOptions optionsFor(const QString& node, const Tenant& tenant);
    db::BlockingSession& session(const QString& node);

    test::Platform m_platform;
    std::map<QString, std::unique_ptr<db::BlockingSession>> m_sessions;
    Tenant m_shared;
    Tenant m_branch;
    QHash<QString, QList<qint64>> m_expected; ///< the evaluator is slow, and asked for every node
};

db::BlockingSession& TestFilterEquality::session(const QString& node)
{
    auto& known = m_sessions[node];
    if (!known)
        known = m_platform.open(node, node == u"owner" ? QStringLiteral("owner") : QStringLiteral("analyst"));
    if (!known)
        qFatal("no session on %s", qPrintable(node));
    return *known;
}

QString TestFilterEquality::copy(const QByteArray& table, const QByteArray& rows)
{
    if (!m_sessions.contains(QStringLiteral("owner")))
        m_sessions[QStringLiteral("owner")] =
            m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    bool sent = false;
    const auto copied = session(QStringLiteral("owner")).copyIn(sql("copy " + table + " from stdin"), [&] {
        return std::exchange(sent, true) ? QByteArray() : rows;
    });
    return copied ? QString() : copied.error().text();
}

QString TestFilterEquality::makeTenant(Tenant& tenant, const QString& isolation, int entityCount,
                                       quint32 seed)
{
    auto& owner = session(QStringLiteral("owner"));
    const auto made = owner.exec(
        sql("insert into atlas.tenants (name, isolation) values ($1, $2) returning tenant_id",
            {db::param(test::Platform::freshName(QStringLiteral("filter"))), db::param(isolation)}));
    if (!made)
        return made.error().text();
    tenant.id = static_cast<int>(made->integer(0, 0).value_or(0));
    if (isolation == u"partition") {
        tenant.partitions = 8;
        if (const auto branches =
                owner.exec(sql("select atlas.create_branches($1::int)", {db::param(tenant.id)}));
            !branches)
            return branches.error().text();
    }
    const auto granted = owner.exec(
        sql("insert into atlas.tenant_access (tenant_id, login) values ($1::int, $2)",
            {db::param(tenant.id), db::param(m_platform.cluster().role(QStringLiteral("analyst")))}));
    if (!granted)
        return granted.error().text();

    const QByteArray id = QByteArray::number(tenant.id);
    QRandomGenerator random(seed);
    tenant.firstEntity = 1'000'000LL * tenant.id;
    QByteArray entities, values;
    for (int i = 0; i < entityCount; ++i) {
        test::TestEntity entity;
        entity.externalId = QStringLiteral("asset-%1").arg(i);
        entity.type = QStringList{QStringLiteral("truck"), QStringLiteral("turbine"), QString()}.at(
            static_cast<int>(random.bounded(3)));
        entity.name = random.bounded(3) == 0 ? test::nastyStrings().at(static_cast<int>(random.bounded(100)))
                                             : QStringLiteral("Asset %1").arg(i);
        tenant.entities.append(entity);
        entities += id + '\t' + QByteArray::number(tenant.firstEntity + i) + '\t' +
                    escaped(entity.externalId) + '\t' + escaped(entity.type) + '\t' + escaped(entity.name) +
                    '\n';
    }
    QByteArray catalogue;
    const auto all = attributes();
    for (const Attribute& attribute : all) {
        const int attributeId =
            tenant.unmeasured.add(attribute.name, attribute.type, attribute.hot).id + tenant.id * 1000;
        catalogue += id + '\t' + QByteArray::number(attributeId) + '\t' + escaped(attribute.name) + '\t' +
                     QByteArray::number(static_cast<int>(attribute.type)) + '\t' +
                     (attribute.hot ? "hot" : "cold") + '\n';
        tenant.unmeasured.add(attribute.name, attribute.type, attribute.hot).id = attributeId;
        for (int i = 0; i < entityCount; ++i) {
            const bool has = static_cast<int>(random.bounded(100)) < attribute.percent;
            const bool cleared = !has && random.bounded(10) == 0; // a row, but no value
            if (!has && !cleared)
                continue;
            const test::TestValue value{attribute.type,
                                        attribute.values.at(static_cast<qsizetype>(
                                            random.bounded(static_cast<quint32>(attribute.values.size()))))};
            if (has)
                tenant.entities[i].values.insert(attribute.name, value);
            values += id + '\t' + QByteArray::number(tenant.firstEntity + i) + '\t' +
                      QByteArray::number(attributeId) + "\t2026-04-01T00:00:00Z\t" +
                      QByteArray::fromStdString(columnsOf(value, cleared)) + '\n';
        }
    }
    tenant.unmeasured.setEntitiesTotal(entityCount);
    for (const auto& [table, rows] :
         {std::pair<QByteArray, QByteArray>(
              "atlas.entities (tenant_id, entity_id, external_id, entity_type, name)", entities),
          std::pair<QByteArray, QByteArray>(
              "atlas.attributes (tenant_id, attribute_id, name, value_type, state)", catalogue),
          std::pair<QByteArray, QByteArray>("atlas.attribute_values (tenant_id, entity_id, attribute_id, "
                                            "observed_at, value_num, value_text, "
                                            "value_exact, value_long)",
                                            values)}) {
        if (const QString problem = copy(table, rows); !problem.isEmpty())
            return problem;
    }
    if (const QString problem = fillHot(tenant); !problem.isEmpty())
        return problem;
    return readStatistics(tenant);
}

/// The projection as the schema describes it.
QString TestFilterEquality::fillHot(const Tenant& tenant)
{
    const auto filled =
        session(QStringLiteral("owner"))
            .exec(
                sql("insert into atlas.entity_hot (tenant_id, entity_id, doc)"
                    " select v.tenant_id, v.entity_id, jsonb_object_agg(v.attribute_id::text,"
                    "        atlas.hot_value(a.value_type, v.value_num, v.value_text, v.value_exact, "
                    "v.value_long))"
                    "   from atlas.attribute_values v join atlas.attributes a using (tenant_id, attribute_id)"
                    "  where v.tenant_id = $1::int and a.state = 'hot' and (v.value_num is not null or "
                    "v.value_text is not null)"
                    "  group by 1, 2",
                    {db::param(tenant.id)}));
    return filled ? QString() : filled.error().text();
}

QString TestFilterEquality::readStatistics(Tenant& tenant)
{
    auto& owner = session(QStringLiteral("owner"));
    if (const auto refreshed =
            owner.exec(sql("select atlas.refresh_attribute_stats($1::int)", {db::param(tenant.id)}));
        !refreshed)
        return refreshed.error().text();
    const auto rows =
        owner.exec(sql("select a.name, a.attribute_id, a.value_type, a.state, s.entities_total, "
                       "s.entities_with, s.distinct_values, s.top_values, s.histogram"
                       "  from atlas.attributes a join atlas.attribute_stats s using (tenant_id, "
                       "attribute_id) where tenant_id = $1::int",
                       {db::param(tenant.id)}));
    if (!rows)
        return rows.error().text();
    tenant.measured.setEntitiesTotal(static_cast<double>(tenant.entities.size()));
    for (int row = 0; row < rows->rowCount(); ++row) {
        auto stats = std::make_shared<AttributeStats>();
        stats->entitiesTotal = rows->real(row, 4).value_or(0);
        stats->entitiesWith = rows->real(row, 5).value_or(0);
        stats->distinctValues = rows->real(row, 6).value_or(0);
        stats->readJson(rows->bytes(row, 7).toByteArray(), rows->bytes(row, 8).toByteArray());
        AttributeInfo& info =
            tenant.measured.add(rows->string(row, 0),
                                valueTypeFromNumber(static_cast<int>(rows->integer(row, 2).value_or(1)))
                                    .value_or(ValueType::String),
                                rows->string(row, 3) == u"hot");
        info.id = static_cast<int>(rows->integer(row, 1).value_or(0));
        info.stats = stats;
    }
    return {};
}

void TestFilterEquality::initTestCase()
{
    test::TestCluster cluster;
    ATLAS_REQUIRE_CLUSTER(cluster);
    QCOMPARE(m_platform.prepare(cluster), QString());
    m_sessions[QStringLiteral("owner")] = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    QVERIFY(m_sessions[QStringLiteral("owner")]);
    QCOMPARE(makeTenant(m_shared, QStringLiteral("shared"), 700, 1), QString());
    QCOMPARE(makeTenant(m_branch, QStringLiteral("partition"), 500, 2), QString());
    QVERIFY(m_platform.waitForEveryNode());
    // Not vacuous: the data holds what the filters look for.
    QVERIFY(!expected(m_shared, parse(u"tricky = 9007199254740993").expression).isEmpty());
    QVERIFY(!expected(m_shared, parse(u"rare = 1").expression).isEmpty());
}

CompileOptions TestFilterEquality::optionsFor(const QString& node, const Tenant& tenant)
{
    CompileOptions options;
    options.now = now;
    options.dialect = node == u"warehouse" ? Dialect::Redshift : Dialect::Postgres;
    options.partitions = node == u"warehouse" ? 1 : tenant.partitions;
    options.projection = Projection::Stream;
    return options;
}

QList<qint64> TestFilterEquality::expected(const Tenant& tenant, const Expression& expression)
{
    const QString key = QString::number(tenant.id) + u' ' + print(expression);
    if (const auto known = m_expected.constFind(key); known != m_expected.constEnd())
        return *known;
    QList<qint64> ids;
    for (qsizetype i = 0; i < tenant.entities.size(); ++i) {
        if (test::matches(expression, tenant.entities.at(i), now))
            ids.append(tenant.firstEntity + i);
    }
    m_expected.insert(key, ids);
    return ids;
}

QString TestFilterEquality::compare(const QString& node, const Tenant& tenant, const Expression& expression,
                                    const Estimator& estimator, CompileOptions options, bool* usedHot)
{
    const auto compiled = compile(tenant.id, expression, tenant.measured, estimator, options);
    const QString what = QStringLiteral("%1: %2\n").arg(node, print(expression));
    if (!compiled.ok())
        return what + compiled.problems.constFirst().message;
    if (usedHot && compiled.value->explain.usesHot)
        *usedHot = true;
    const db::Statement& statement = compiled.value->statement;
    const auto rows = session(node).exec(statement);
    const auto detail = [&] {
        QString text = what + compiled.value->explain.text() + QString::fromUtf8(statement.sql) + u'\n';
        for (const db::Param& param : statement.params)
            text += QString::fromUtf8(param.value_or("null").left(200)) + u'\n';
        return text;
    };
    if (!rows)
        return rows.error().text() + u'\n' + detail();
    const QList<qint64> wanted = expected(tenant, expression);
    if (options.projection == Projection::Count) {
        const qint64 count = rows->integer(0, 0).value_or(-1);
        return count == wanted.size()
                   ? QString()
                   : QStringLiteral("%1 instead of %2\n").arg(count).arg(wanted.size()) + detail();
    }
    if (options.projection == Projection::Exists)
        return rows->boolean(0, 0) == !wanted.isEmpty() ? QString()
                                                        : QStringLiteral("exists is wrong\n") + detail();
    QList<qint64> got;
    for (int row = 0; row < rows->rowCount(); ++row)
        got.append(rows->integer(row, 0).value_or(-1));
    QList<qint64> page = wanted;
    if (options.projection == Projection::EntityIds) {
        if (options.descending)
            std::reverse(page.begin(), page.end());
        if (options.after)
            page.removeIf(
                [&](qint64 id) { return options.descending ? id >= *options.after : id <= *options.after; });
        page = page.first(qMin(page.size(), qsizetype(options.limit)));
    }
    if (got == page)
        return {};
    QStringList differences;
    for (qsizetype i = 0; i < tenant.entities.size() && differences.size() < 5; ++i) {
        const qint64 id = tenant.firstEntity + i;
        if (got.contains(id) == page.contains(id))
            continue;
        QStringList values;
        for (const QString& name : expression.attributes())
            values.append(name + u'=' +
                          tenant.entities.at(i)
                              .values.value(name, {ValueType::String, QStringLiteral("(none)")})
                              .text.left(80));
        differences.append(QStringLiteral("%1 %2: %3")
                               .arg(got.contains(id) ? QStringLiteral("too much") : QStringLiteral("missing"))
                               .arg(id)
                               .arg(values.join(QStringLiteral(", "))));
    }
    return QStringLiteral("%1 rows instead of %2 (or another order)\n").arg(got.size()).arg(page.size()) +
           differences.join(u'\n') + u'\n' + detail();
}

QList<test::RandomSubject> TestFilterEquality::subjects() const
{
    QList<test::RandomSubject> list;
    for (const Attribute& attribute : attributes())
        list.append({Subject::ofAttribute(attribute.name), attribute.type, attribute.values});
    list.append({Subject::ofEntity(EntityField::Id),
                 ValueType::String,
                 {QStringLiteral("asset-1"), QStringLiteral("asset-42"), QStringLiteral("nobody")}});
    list.append({Subject::ofEntity(EntityField::Type),
                 ValueType::String,
                 {QStringLiteral("truck"), QStringLiteral("turbine"), QString()}});
    list.append({Subject::ofEntity(EntityField::Name), ValueType::String,
                 test::nastyStrings() + QStringList{QStringLiteral("Asset 17")}});
    return list;
}

void TestFilterEquality::examples_data()
{
    QTest::addColumn<QString>("input");
    for (const char* input :
         {"",
          ("status = \"active\" and (region in (\"eu-1\",\"eu-2\") or firmware starts with \"1.2\") and "
           "temperature > 8 and not exists(door_open) and seen before \"2026-01-01\""),
          "tricky = 9007199254740993",
          "tricky != 9007199254740993",
          "tricky > 9007199254740992",
          "tricky >= 9007199254740993",
          "tricky < 9007199254740993",
          "tricky = 1",
          "tricky = 1.000",
          "tricky = 0.1",
          "tricky > 0.1",
          "tricky <= 0.1",
          "tricky = 0",
          "tricky > 0",
          "tricky >= -0",
          "tricky < 1e-400",
          "tricky = 1e400",
          "tricky > 1e400",
          "tricky >= 1e400",
          "tricky > 1e308",
          "tricky = 1e23",
          "tricky < 1e23",
          "tricky = 99999999999999991611392",
          "tricky = 9.999999999999999e22",
          "tricky in (1, 0.10, 9007199254740993, 1e400, 77)",
          "tricky between 0.1 and 80",
          "tricky between 80 and 80",
          "tricky between 2 and 1",
          "tricky > 80",
          "tricky >= 80",
          "tricky < 80",
          "tricky = 3e-324",
          "tricky = 5e-324",
          "level = 0.1 and status = \"active\"",
          "level = 9007199254740993 and region = \"eu-1\"",
          "door_open = true",
          "door_open != true",
          "not door_open = true",
          "door_open = false and level = 1",
          "missing(door_open)",
          "not missing(door_open)",
          "exists(door_open) and missing(rare)",
          "not (exists(door_open) or exists(rare))",
          "status != \"active\"",
          "not status = \"active\"",
          "status in (\"active\", \"ACTIVE\", \"idle\")",
          "status > \"active\"",
          "status between \"B\" and \"b\"",
          "`long text` contains \"needle\"",
          "`long text` contains \"ab\"",
          "`long text` starts with \"zzz\"",
          "text contains \"%\"",
          "text contains \"_\"",
          "text starts with \"%\"",
          "text contains \"\"",
          "text starts with \"\"",
          "text = \" \"",
          "text starts with \"\\\\\"",
          "text < \"\U0001F600\"",
          "text >= \"\uffff\"",
          "text starts with \"\U0010FFFF\"",
          "text starts with \"\ud7ff\"",
          "seen in the last \"7 d\"",
          "seen in the last \"10 min\"",
          "seen = \"2026-04-11T12:00:00+00:00\"",
          "seen after \"2026-04-11 12:00:00.25\"",
          "seen > \"9999-12-31\"",
          "seen = \"0001-01-01\"",
          "seen between \"2026-04-11\" and \"2026-04-12\"",
          "tags = \"{ \\\"b\\\": 2, \\\"a\\\": 1 }\"",
          "tags contains \"needle\"",
          "tags != \"[]\"",
          "tags = \"no json\"",
          "entity.type = \"truck\" and entity.name contains \"1\"",
          "entity.type = \"\"",
          "entity.id = \"asset-42\"",
          "entity.id in (\"asset-42\", \"asset-7\") or rare = 1",
          "exists(entity.name)",
          "missing(entity.name) or rare = 2",
          "not exists(entity.id)",
          "temperature > 1 and temperature < 5 and temperature != 3",
          "temperature > 1 and temperature <= 0",
          "temperature = 1 or temperature = 2 or temperature = 2.0",
          "rare = 1 or (rare = 2 and status = \"active\") or not (everywhere = \"x\")",
          "everywhere = \"x\" and not everywhere = \"x\"",
          "off(rare = 1) and status = \"idle\"",
          "not off(rare = 1)",
          "not (not (not (status = \"idle\")))",
          "status = \"idle\" and (region = \"eu-1\" and (level > 0 or rare = 1))"})
        QTest::newRow(input) << QString::fromUtf8(input);
    // Long literals around the search key's length.
    const QStringList texts = longTexts();
    for (int i = 0; i < texts.size(); ++i) {
        for (const Operator op : {Operator::Equal, Operator::NotEqual, Operator::Less,
                                  Operator::GreaterOrEqual, Operator::StartsWith})
            QTest::addRow("long %d %s", i, qPrintable(text(op)))
                << print(Expression(Node(Clause{Subject::ofAttribute(QStringLiteral("long text")),
                                                op,
                                                {Literal::string(texts.at(i))},
                                                true})));
    }
    Clause in{Subject::ofAttribute(QStringLiteral("long text")), Operator::In, {}, true};
    for (const QString& value : texts)
        in.literals.append(Literal::string(value));
    QTest::newRow("in long ones") << print(Expression(Node(in)));
}

void TestFilterEquality::examples()
{
    QFETCH(QString, input);
    const ParseResult parsed = parse(input);
    QVERIFY2(parsed.ok(), parsed.ok() ? "" : qPrintable(parsed.error->message));
    for (const Tenant* tenant : {&m_shared, &m_branch}) {
        const StatsEstimator estimator(tenant->measured, now);
        for (const QString& node : m_platform.cluster().nodes()) {
            for (const Projection projection : {Projection::Stream, Projection::Count, Projection::Exists}) {
                if (projection != Projection::Stream && node.startsWith(u"replica"))
                    continue; // the very statements that the primary answered
                CompileOptions options = optionsFor(node, *tenant);
                options.projection = projection;
                const QString difference = compare(node, *tenant, parsed.expression, estimator, options);
                QVERIFY2(difference.isEmpty(), qPrintable(difference));
            }
        }
    }
}

void TestFilterEquality::randomFilters_data()
{
    QTest::addColumn<QString>("node");
    QTest::addColumn<bool>("hot");
    for (const QString& node : m_platform.cluster().nodes()) {
        QTest::newRow(qPrintable(node + QStringLiteral(" cold"))) << node << false;
        if (node != u"warehouse")
            QTest::newRow(qPrintable(node + QStringLiteral(" hot"))) << node << true;
    }
}

void TestFilterEquality::randomFilters()
{
    QFETCH(QString, node);
    QFETCH(bool, hot);
    int withHot = 0;
    int matching = 0;
    for (quint32 seed = 1; seed <= 400; ++seed) {
        const Tenant& tenant = seed % 3 == 0 ? m_branch : m_shared;
        // The same filters on every node and both ways.
        Expression expression =
            test::RandomFilter(seed, subjects()).expression(1 + static_cast<int>(seed % 7));
        if (seed % 2 == 0)
            expression =
                Expression(Group{GroupKind::All, hotEqualities(seed) << Node(expression.root()), true});
        CompileOptions options = optionsFor(node, tenant);
        options.useHot = options.forceHot = hot;
        options.projection = seed % 4 == 0 ? Projection::Count : Projection::Stream;
        const StatsEstimator measured(tenant.measured, now);
        const StatsEstimator guessed(tenant.unmeasured, now);
        const WildEstimator wild(seed);
        const std::array<const Estimator*, 3> estimators{&measured, &guessed, &wild};
        bool usedHot = false;
        const QString difference =
            compare(node, tenant, expression, *estimators[seed % 3], options, &usedHot);
        QVERIFY2(difference.isEmpty(), qPrintable(QStringLiteral("seed %1\n").arg(seed) + difference));
        withHot += usedHot;
        matching += !expected(tenant, expression).isEmpty();
        if (node.startsWith(u"replica"))
            continue;
        const auto wildly = compare(node, tenant, expression, wild, options, &usedHot);
        QVERIFY2(wildly.isEmpty(), qPrintable(QStringLiteral("seed %1, wild\n").arg(seed) + wildly));
    }
    // Nothing is shown by filters that match nothing, nor by hot ones that never were.
    QVERIFY2(matching > 120, qPrintable(QString::number(matching)));
    QVERIFY2(hot ? withHot > 150 : withHot == 0, qPrintable(QString::number(withHot)));
}

void TestFilterEquality::everyShape()
{
    const QString node = QStringLiteral("primary");
    QMap<Shape, int> seen;
    for (quint32 seed = 1001; seed <= 1120; ++seed) {
        const Tenant& tenant = seed % 3 == 0 ? m_branch : m_shared;
        const Expression expression =
            test::RandomFilter(seed, subjects()).expression(1 + static_cast<int>(seed % 6));
        const WildEstimator estimator(seed);
        for (const Projection projection :
             {Projection::EntityIds, Projection::Stream, Projection::Count, Projection::Exists}) {
            CompileOptions options = optionsFor(node, tenant);
            options.projection = projection;
            options.limit = 25;
            options.descending = seed % 2 == 0;
            if (projection == Projection::Stream)
                options.descending = false;
            if (projection == Projection::EntityIds && seed % 4 < 2)
                options.after = tenant.firstEntity + static_cast<qint64>(seed % 400);
            for (const Shape shape : possibleShapes(expression, tenant.measured, estimator, options)) {
                options.shape = shape;
                const QString difference = compare(node, tenant, expression, estimator, options);
                QVERIFY2(difference.isEmpty(),
                         qPrintable(QStringLiteral("seed %1, %2\n").arg(seed).arg(name(shape)) + difference));
                ++seen[shape];
            }
        }
    }
    for (const Shape shape : {Shape::OrderedDriver, Shape::SortedDriver, Shape::EntityScan, Shape::Join,
                              Shape::SetAlgebra, Shape::UnionPages})
        QVERIFY2(seen.value(shape) >= 10, qPrintable(name(shape)));
}

void TestFilterEquality::pages()
{
    for (const QString& node : m_platform.cluster().nodes()) {
        for (const char* input : {"status = \"active\"", "status = \"active\" and temperature > 2",
                                  "temperature > 10 or rare = 1", "missing(door_open)", ""}) {
            const Expression expression = parse(QString::fromUtf8(input)).expression;
            const StatsEstimator estimator(m_shared.measured, now);
            const QList<qint64> all = expected(m_shared, expression);
            QVERIFY(all.size() > 74);
            CompileOptions options = optionsFor(node, m_shared);
            options.projection = Projection::EntityIds;
            options.limit = 37;
            for (const bool descending : {false, true}) {
                options.descending = descending;
                options.after.reset();
                QList<qint64> collected;
                while (true) {
                    const auto compiled =
                        compile(m_shared.id, expression, m_shared.measured, estimator, options);
                    const auto rows = session(node).exec(compiled.value->statement);
                    QVERIFY2(rows.ok(), rows.ok() ? "" : qPrintable(rows.error().text()));
                    for (int row = 0; row < rows->rowCount(); ++row)
                        collected.append(rows->integer(row, 0).value_or(-1));
                    if (rows->rowCount() < options.limit)
                        break;
                    options.after = collected.constLast();
                }
                if (descending)
                    std::reverse(collected.begin(), collected.end());
                QCOMPARE(collected, all);
            }
        }
    }
}

void TestFilterEquality::sorted_data()
{
    QTest::addColumn<QString>("node");
    QTest::addColumn<bool>("descending");
    // A replica answers the statements of the primary.
    for (const char* node : {"primary", "warehouse"}) {
        QTest::addRow("%s ascending", node) << QString::fromLatin1(node) << false;
        QTest::addRow("%s descending", node) << QString::fromLatin1(node) << true;
    }
}

/// All pages of a sort put together, in each shape and of both tenants, and the stream of the same.
void TestFilterEquality::sorted()
{
    QFETCH(QString, node);
    QFETCH(bool, descending);
    QList<Subject> sortedBy{Subject::ofEntity(EntityField::Id), Subject::ofEntity(EntityField::Type),
                            Subject::ofEntity(EntityField::Name)};
    for (const Attribute& attribute : attributes())
        sortedBy.append(Subject::ofAttribute(attribute.name));
    QSet<Shape> seen;
    for (const Tenant* tenant : {&m_shared, &m_branch}) {
        const StatsEstimator estimator(tenant->measured, now);
        for (const char* input :
             {"", "status = \"active\"", "rare = 1", "missing(door_open)", "status = \"nobody\"",
              "tricky > 0 and not region = \"eu-1\"", "level = 1 or entity.type = \"truck\"",
              "entity.name contains \"1\" and temperature > 3"}) {
            const Expression expression = parse(QString::fromUtf8(input)).expression;
            for (const Subject& subject : sortedBy) {
                QList<qint64> wanted = expected(*tenant, expression);
                if (descending)
                    std::reverse(wanted.begin(), wanted.end());
                std::stable_sort(wanted.begin(), wanted.end(), [&](qint64 a, qint64 b) {
                    return test::sortOrder(tenant->entities.at(a - tenant->firstEntity),
                                           tenant->entities.at(b - tenant->firstEntity), subject,
                                           descending) < 0;
                });
                CompileOptions options = optionsFor(node, *tenant);
                options.sort = Sort{subject, descending};
                options.projection = Projection::EntityIds;
                const QList<Shape> possible =
                    possibleShapes(expression, tenant->measured, estimator, options);
                QVERIFY(!possible.isEmpty());
                for (const Shape shape : possible) {
                    seen.insert(shape);
                    options.shape = shape;
                    // Cuts within runs of equal values and within those without a value.
                    options.limit = shape == possible.constFirst() ? 61 : 149;
                    options.sortAfter.reset();
                    options.projection = Projection::EntityIds;
                    QList<qint64> collected;
                    QString last;
                    while (collected.size() <= wanted.size()) {
                        const auto compiled =
                            compile(tenant->id, expression, tenant->measured, estimator, options);
                        QVERIFY2(compiled.ok(),
                                 compiled.ok() ? "" : qPrintable(compiled.problems.constFirst().message));
                        last = QString::fromUtf8(input) + u'\n' + compiled.value->explain.text() +
                               QString::fromUtf8(compiled.value->statement.sql);
                        const auto rows = session(node).exec(compiled.value->statement);
                        QVERIFY2(rows.ok(), rows.ok() ? "" : qPrintable(rows.error().text() + u'\n' + last));
                        for (int row = 0; row < rows->rowCount(); ++row)
                            collected.append(rows->integer(row, 0).value_or(-1));
                        if (rows->rowCount() < options.limit)
                            break;
                        const int end = rows->rowCount() - 1;
                        SortCursor cursor{std::nullopt, rows->integer(end, 0).value_or(-1)};
                        if (!rows->isNull(end, 1))
                            cursor.value = rows->string(end, 1);
                        options.sortAfter = cursor;
                    }
                    QVERIFY2(collected == wanted, qPrintable(last));
                }
                options.shape.reset();
                options.sortAfter.reset();
                options.projection = Projection::Stream;
                const auto whole = compile(tenant->id, expression, tenant->measured, estimator, options);
                QVERIFY(whole.ok());
                const auto rows = session(node).exec(whole.value->statement);
                QVERIFY2(rows.ok(), rows.ok() ? "" : qPrintable(rows.error().text()));
                QList<qint64> streamed;
                for (int row = 0; row < rows->rowCount(); ++row)
                    streamed.append(rows->integer(row, 0).value_or(-1));
                QVERIFY2(streamed == wanted, whole.value->statement.sql.constData());
            }
        }
    }
    if (node != u"warehouse")
        QVERIFY(seen.contains(Shape::SortWalk) && seen.contains(Shape::SortLookups) &&
                seen.contains(Shape::SortJoin));
}

/// The most common values within a filter, in every shape.
void TestFilterEquality::topValues()
{
    QSet<Shape> seen;
    for (const QString& node : {QStringLiteral("primary"), QStringLiteral("warehouse")}) {
        for (const Tenant* tenant : {&m_shared, &m_branch}) {
            const StatsEstimator estimator(tenant->measured, now);
            for (const char* input : {"", "status = \"active\"", "rare = 1", "missing(door_open)",
                                      "tricky > 0 and not region = \"eu-1\"", "status = \"nobody\""}) {
                const Expression expression = parse(QString::fromUtf8(input)).expression;
                for (const Attribute& attribute : attributes()) {
                    const Subject subject = Subject::ofAttribute(attribute.name);
                    const auto entity = [&](qint64 id) -> const test::TestEntity& {
                        return tenant->entities.at(id - tenant->firstEntity);
                    };
                    QList<qint64> having = expected(*tenant, expression);
                    having.removeIf([&](qint64 id) { return !entity(id).values.contains(attribute.name); });
                    const auto order = [&](qint64 a, qint64 b) {
                        return test::sortOrder(entity(a), entity(b), subject, false);
                    };
                    std::stable_sort(having.begin(), having.end(),
                                     [&](qint64 a, qint64 b) { return order(a, b) < 0; });
                    QList<std::pair<qint64, qint64>> wanted; // entities, one of them
                    for (const qint64 id : having) {
                        if (!wanted.isEmpty() && order(wanted.constLast().second, id) == 0)
                            ++wanted.last().first;
                        else
                            wanted.append({1, id});
                    }
                    std::stable_sort(wanted.begin(), wanted.end(),
                                     [](const auto& a, const auto& b) { return a.first > b.first; });
                    wanted = wanted.first(qMin(wanted.size(), qsizetype(7)));
                    CompileOptions options = optionsFor(node, *tenant);
                    options.projection = Projection::Top;
                    options.sort = Sort{subject, false};
                    options.limit = 7;
                    for (const Shape shape :
                         possibleShapes(expression, tenant->measured, estimator, options)) {
                        seen.insert(shape);
                        options.shape = shape;
                        const auto compiled =
                            compile(tenant->id, expression, tenant->measured, estimator, options);
                        QVERIFY(compiled.ok());
                        const QByteArray& statement = compiled.value->statement.sql;
                        const auto rows = session(node).exec(compiled.value->statement);
                        QVERIFY2(rows.ok(),
                                 rows.ok() ? ""
                                           : qPrintable(rows.error().text() + QString::fromUtf8(statement)));
                        QVERIFY2(rows->rowCount() == wanted.size(), statement.constData());
                        for (int row = 0; row < rows->rowCount(); ++row) {
                            const auto& [entities, id] = wanted.at(row);
                            QVERIFY2(rows->integer(row, 1) == entities, statement.constData());
                            const QString text = entity(id).values.value(attribute.name).text;
                            if (attribute.type == ValueType::Number)
                                QCOMPARE(test::compareNumbers(rows->string(row, 0), text), 0);
                            else if (attribute.type == ValueType::Boolean)
                                QCOMPARE(rows->string(row, 0) == u"1", text == u"true");
                            else if (attribute.type == ValueType::String)
                                QCOMPARE(rows->string(row, 0).toUcs4(), text.toUcs4().mid(0, 256));
                        }
                    }
                }
            }
        }
    }
    QCOMPARE(seen, (QSet<Shape>{Shape::SortLookups, Shape::SortJoin, Shape::SortWalk}));
}

/// Bins of equal width within a filter, in every shape.
void TestFilterEquality::histograms()
{
    constexpr int bins = 6;
    for (const QString& node : {QStringLiteral("primary"), QStringLiteral("warehouse")}) {
        for (const Tenant* tenant : {&m_shared, &m_branch}) {
            const StatsEstimator estimator(tenant->measured, now);
            for (const char* input : {"", "status = \"active\"", "rare = 1", "missing(door_open)",
                                      "tricky > 0 and not region = \"eu-1\"", "status = \"nobody\""}) {
                const Expression expression = parse(QString::fromUtf8(input)).expression;
                for (const Attribute& attribute : attributes()) {
                    CompileOptions options = optionsFor(node, *tenant);
                    options.projection = Projection::Histogram;
                    options.sort = Sort{Subject::ofAttribute(attribute.name), false};
                    options.limit = bins;
                    if (attribute.type != ValueType::Number && attribute.type != ValueType::Timestamp) {
                        const auto refused =
                            compile(tenant->id, expression, tenant->measured, estimator, options);
                        QVERIFY(!refused.ok() && !refused.problems.isEmpty());
                        continue;
                    }
                    // What the search key holds, as anybody would ask for it.
                    QStringList ids;
                    for (const qint64 id : expected(*tenant, expression))
                        ids.append(QString::number(id));
                    const auto values =
                        session(QStringLiteral("owner"))
                            .exec(
                                sql("select value_num from atlas.attribute_values v join "
                                    "atlas.attributes a using (tenant_id, attribute_id) where "
                                    "tenant_id = $1::int and a.name = $2 and value_num is not "
                                    "null and entity_id = any ($3::bigint[])",
                                    {db::param(tenant->id), db::param(attribute.name), db::arrayParam(ids)}));
                    QVERIFY(values.ok());
                    std::vector<double> numbers;
                    for (int row = 0; row < values->rowCount(); ++row)
                        numbers.push_back(std::clamp(values->real(row, 0).value_or(0), -1e300, 1e300));
                    for (const Shape shape :
                         possibleShapes(expression, tenant->measured, estimator, options)) {
                        options.shape = shape;
                        const auto compiled =
                            compile(tenant->id, expression, tenant->measured, estimator, options);
                        QVERIFY(compiled.ok());
                        const auto rows = session(node).exec(compiled.value->statement);
                        QVERIFY2(rows.ok(),
                                 rows.ok() ? ""
                                           : qPrintable(rows.error().text() +
                                                        QString::fromUtf8(compiled.value->statement.sql)));
                        const std::vector<filter::Bin> found = filter::binsOf(*rows, bins);
                        qint64 all = 0;
                        for (const filter::Bin& bin : found)
                            all += bin.entities;
                        QCOMPARE(all, static_cast<qint64>(numbers.size()));
                        QCOMPARE(found.empty(), numbers.empty());
                        if (numbers.empty())
                            continue;
                        const auto ends = std::minmax_element(numbers.begin(), numbers.end());
                        const double low = *ends.first;
                        const double high = *ends.second;
                        QCOMPARE(found.front().from, low);
                        QCOMPARE(found.back().to, high);
                        QCOMPARE(found.size(), low == high ? 1u : static_cast<std::size_t>(bins));
                        for (std::size_t i = 0; i < found.size(); ++i) {
                            // A value right at an edge may be rounded to either side of it.
                            const double slack = (high - low) * 1e-9;
                            const auto within = [&](double by) {
                                return std::count_if(numbers.begin(), numbers.end(), [&](double x) {
                                    return x >= found[i].from - by &&
                                           (x < found[i].to + by || (i + 1 == found.size() && x <= high));
                                });
                            };
                            QVERIFY(found[i].entities >= within(-slack) &&
                                    found[i].entities <= within(slack));
                        }
                    }
                }
            }
        }
    }
}

/// Under row security a comparison with a coalesce, which is what a full join's column is, stays out of every
/// index: each look-up would read all values of its attribute.
void TestFilterEquality::lookUpsGoByKey()
{
    int statements = 0;
    int joined = 0;
    // Estimates of any kind, so that every form of a set is looked up from.
    for (unsigned seed = 0; seed < 12; ++seed) {
        const WildEstimator estimator(seed);
        for (const char* input :
             {"status = \"active\" and temperature > 2",
              "status = \"active\" and temperature > 2 and exists(rare)", "status = \"active\" or rare = 1",
              "not status = \"active\" and temperature > 2",
              "missing(rare) and (status = \"active\" or temperature > 10)"}) {
            const Expression expression = parse(QString::fromUtf8(input)).expression;
            for (const Projection projection : {Projection::EntityIds, Projection::Stream, Projection::Count,
                                                Projection::Top, Projection::Histogram}) {
                CompileOptions options = optionsFor(QStringLiteral("primary"), m_branch);
                options.projection = projection;
                options.sort = Sort{Subject::ofAttribute(QStringLiteral("temperature")), false};
                for (const Shape shape : possibleShapes(expression, m_branch.measured, estimator, options)) {
                    options.shape = shape;
                    const auto compiled =
                        compile(m_branch.id, expression, m_branch.measured, estimator, options);
                    QVERIFY(compiled.ok());
                    db::Statement explain = compiled.value->statement;
                    joined += explain.sql.contains("full join") ? 1 : 0;
                    explain.sql = "explain (costs off) " + explain.sql;
                    const auto plan = session(QStringLiteral("primary")).exec(explain);
                    QVERIFY2(plan.ok(), plan.ok() ? "" : qPrintable(plan.error().text()));
                    for (int row = 0; row < plan->rowCount(); ++row)
                        QVERIFY2(!plan->string(row, 0).contains(QStringLiteral("entity_id = COALESCE")),
                                 qPrintable(name(shape) + u'\n' + QString::fromUtf8(explain.sql)));
                    ++statements;
                }
            }
        }
    }
    QVERIFY(joined > 50);
    QVERIFY2(statements > 100, qPrintable(QString::number(statements)));
}

/// The order of atlasctl's rows, and what it says each condition finds.
void TestFilterEquality::commandLine()
{
    const auto named =
        session(QStringLiteral("owner"))
            .exec(sql("select name from atlas.tenants where tenant_id = $1::int", {db::param(m_shared.id)}));
    QVERIFY(named.ok());
    const QString tenant = named->string(0, 0);
    const auto filter = [&](const QStringList& arguments) {
        return m_platform.ctl(QStringList{QStringLiteral("filter"), QStringLiteral("--tenant"), tenant} +
                              arguments);
    };
    const QString text = QStringLiteral("status = \"active\" and rare = 1");
    const Expression expression = parse(text).expression;
    QList<qint64> wanted = expected(m_shared, expression);
    QVERIFY(wanted.size() > 1);
    std::reverse(wanted.begin(), wanted.end());
    std::stable_sort(wanted.begin(), wanted.end(), [&](qint64 a, qint64 b) {
        return test::sortOrder(m_shared.entities.at(a - m_shared.firstEntity),
                               m_shared.entities.at(b - m_shared.firstEntity),
                               Subject::ofAttribute(QStringLiteral("long text")), true) < 0;
    });
    QByteArrayList ids;
    for (const qint64 id : wanted)
        ids.append(m_shared.entities.at(id - m_shared.firstEntity).externalId.toUtf8());
    const test::Ran ran = filter({QStringLiteral("--format"), QStringLiteral("csv"), QStringLiteral("--sort"),
                                  QStringLiteral("`long text`:desc"), QStringLiteral("--analyze"), text});
    QCOMPARE(ran.status, 0);
    QByteArrayList got;
    for (const QByteArray& line : ran.out.trimmed().split('\n').mid(1))
        got.append(line.left(line.indexOf(',')));
    QCOMPARE(got, ids);
    for (const char* part : {"status = \"active\"", "rare = 1"}) {
        const auto found = expected(m_shared, parse(QString::fromUtf8(part)).expression).size();
        QVERIFY2(ran.err.contains(", found " + QByteArray::number(found)), ran.err.constData());
    }
    for (const char* wrong : {"nobody's", "status:up", "`status", "status = 1", ""}) {
        const test::Ran refused = filter({QStringLiteral("--sort"), QString::fromUtf8(wrong), QString()});
        QVERIFY2(refused.status != 0 && refused.out.isEmpty(), wrong);
    }
}

/// A count that waits for a lock ends with its budget, says what is expected, and leaves nothing running.
void TestFilterEquality::countThatTakesTooLong()
{
    auto& owner = session(QStringLiteral("owner"));
    const auto named =
        owner.exec(sql("select name from atlas.tenants where tenant_id = $1::int", {db::param(m_shared.id)}));
    QVERIFY(named.ok());
    QVERIFY(owner.exec(sql("begin")).ok());
    QVERIFY(owner.exec(sql("lock table atlas.attribute_values in access exclusive mode")).ok());
    const QStringList call{
        QStringLiteral("filter"),   QStringLiteral("--tenant"), named->string(0, 0),
        QStringLiteral("--count"),  QStringLiteral("--intent"), QStringLiteral("critical"),
        QStringLiteral("--budget"), QStringLiteral("300ms"),    QStringLiteral("exists(temperature)")};
    const test::Ran late = m_platform.ctl(call);
    const auto running = owner.exec(
        sql("select count(*) from pg_stat_activity where usename = $1::text and state = 'active' and "
            "query like '%attribute_values%'",
            {db::param(m_platform.cluster().role(QStringLiteral("analyst")))}));
    QVERIFY(owner.exec(sql("rollback")).ok());
    QCOMPARE(late.status, 0);
    QVERIFY2(late.out.startsWith("about "), late.out.constData());
    QVERIFY2(late.err.contains("not counted within 300 ms"), late.err.constData());
    QVERIFY(running.ok());
    QCOMPARE(running->integer(0, 0), std::optional<qint64>(0));
    const test::Ran inTime =
        m_platform.ctl(call.first(call.size() - 2) + QStringList{QStringLiteral("1min")} + call.last(1));
    QCOMPARE(inTime.status, 0);
    QCOMPARE(inTime.out.trimmed().toLongLong(),
             expected(m_shared, parse(u"exists(temperature)").expression).size());
}

/// All shapes of a filter in one transaction agree with each other and with the evaluator, which is fed from
/// the same snapshot, while values change under them.
void TestFilterEquality::oneSnapshotWhileIngestRuns()
{
    const QString name = test::Platform::freshName(QStringLiteral("moving"));
    const auto batch = [](int round) {
        QByteArray lines;
        for (int i = 0; i < 200; ++i) {
            const QByteArray level = QByteArray::number((i * 7 + round * 13) % 40);
            lines += "{\"id\": \"m" + QByteArray::number(i + round % 5) + "\", \"observed_at\": \"" +
                     QDateTime(QDate(2026, 1, 1), QTime(0, 0), Qt::UTC)
                         .addSecs(round)
                         .toString(Qt::ISODate)
                         .toUtf8() +
                     "\", \"attributes\": {\"level\": " + level + ", \"status\": \"" +
                     ((i + round) % 3 == 0 ? "active" : "idle") + "\"" +
                     ((i + round) % 29 == 0 ? ", \"fault\": 1" : "") + "}}\n";
        }
        return lines;
    };
    QCOMPARE(m_platform.import(name, batch(0)), QString());
    // Of the three attributes two are hot: what is written reaches the document in the same commit.
    for (const char* attribute : {"status", "fault"}) {
        const test::Ran promoted = m_platform.ctl(
            {QStringLiteral("promote"), QStringLiteral("--tenant"), name, QString::fromLatin1(attribute)});
        QVERIFY2(promoted.status == 0, promoted.err.constData());
    }
    Tenant tenant;
    tenant.id = m_platform.tenantId(name);
    auto analyst = m_platform.open(QStringLiteral("primary"), QStringLiteral("analyst"));
    QVERIFY(analyst);
    const auto catalogue =
        analyst->exec(sql("select name, attribute_id, value_type from atlas.attributes where "
                          "tenant_id = $1::int",
                          {db::param(tenant.id)}));
    QVERIFY(catalogue.ok());
    QCOMPARE(catalogue->rowCount(), 3);
    for (int row = 0; row < catalogue->rowCount(); ++row) {
        const auto type = valueTypeFromNumber(static_cast<int>(catalogue->integer(row, 2).value_or(0)));
        tenant.measured
            .add(catalogue->string(row, 0), type.value_or(ValueType::String),
                 catalogue->string(row, 0) != u"level")
            .id = static_cast<int>(catalogue->integer(row, 1).value_or(0));
    }
    tenant.measured.setEntitiesTotal(200);

    std::atomic<bool> stop = false;
    std::atomic<int> imported = 0;
    QString importProblem;
    bool usedHot = false;
    std::thread ingest([&] {
        for (int round = 1; !stop && importProblem.isEmpty(); ++round) {
            importProblem = m_platform.import(name, batch(round));
            ++imported;
        }
    });
    QString problem;
    const auto check = [&](bool ok, const QString& what) {
        if (!ok && problem.isEmpty())
            problem = what;
        return ok;
    };
    // The thread must be joined whatever happens: no QVERIFY in between.
    const auto round = [&](quint32 seed) {
        if (!check(analyst->exec(sql("begin isolation level repeatable read read only")).ok(),
                   QStringLiteral("begin")))
            return;
        const auto rows = analyst->exec(
            sql("select e.entity_id, e.external_id, a.name, v.value_text, v.value_num::text, a.value_type"
                "  from atlas.entities e left join atlas.attribute_values v using (tenant_id, entity_id)"
                "  left join atlas.attributes a using (tenant_id, attribute_id)"
                " where e.tenant_id = $1::int order by e.entity_id",
                {db::param(tenant.id)}));
        if (!check(rows.ok(), QStringLiteral("snapshot")))
            return;
        QMap<qint64, test::TestEntity> entities;
        for (int row = 0; row < rows->rowCount(); ++row) {
            test::TestEntity& entity = entities[rows->integer(row, 0).value_or(0)];
            entity.externalId = rows->string(row, 1);
            if (!rows->isNull(row, 3))
                entity.values.insert(rows->string(row, 2), {ValueType::String, rows->string(row, 3)});
            else if (!rows->isNull(row, 4))
                entity.values.insert(rows->string(row, 2), {ValueType::Number, rows->string(row, 4)});
        }
        const int before = imported;
        // Something is committed after the snapshot and before the filters.
        for (int waited = 0; waited < 600 && imported == before && !stop; ++waited)
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        check(imported > before, QStringLiteral("nothing was imported"));
        const WildEstimator estimator(seed);
        const Subject level = Subject::ofAttribute(QStringLiteral("level"));
        for (const char* input : {"status = \"active\" and level > 10", "fault = 1 or level < 3",
                                  "missing(fault) and not status = \"idle\"", "level between 5 and 9",
                                  "status = \"active\" and fault = 1"}) {
            const Expression expression = parse(QString::fromUtf8(input)).expression;
            QList<qint64> wanted;
            for (auto it = entities.cbegin(); it != entities.cend(); ++it) {
                if (test::matches(expression, it.value(), now))
                    wanted.append(it.key());
            }
            QList<qint64> inOrder = wanted;
            std::stable_sort(inOrder.begin(), inOrder.end(), [&](qint64 a, qint64 b) {
                return test::sortOrder(entities.value(a), entities.value(b), level, false) < 0;
            });
            CompileOptions options;
            options.now = now;
            options.limit = 1'000;
            for (const int form : {0, 1, 2, 3}) {
                const bool isSorted = form % 2 == 1;
                options.useHot = options.forceHot = form >= 2;
                options.sort = isSorted ? std::optional(Sort{level, false}) : std::nullopt;
                for (const Projection projection :
                     {Projection::EntityIds, Projection::Stream, Projection::Count}) {
                    options.projection = projection;
                    options.shape.reset();
                    for (const Shape shape :
                         possibleShapes(expression, tenant.measured, estimator, options)) {
                        options.shape = shape;
                        const auto compiled =
                            compile(tenant.id, expression, tenant.measured, estimator, options);
                        usedHot = usedHot || compiled.value->statement.sql.contains("atlas.hot_");
                        const auto found = analyst->exec(compiled.value->statement);
                        const QString what = QString::fromUtf8(input) + u'\n' + atlas::filter::name(shape);
                        if (!check(found.ok(), what))
                            return;
                        if (projection == Projection::Count) {
                            check(found->integer(0, 0) == wanted.size(), what);
                            continue;
                        }
                        QList<qint64> got;
                        for (int row = 0; row < found->rowCount(); ++row)
                            got.append(found->integer(row, 0).value_or(-1));
                        check(got == (isSorted ? inOrder : wanted), what);
                    }
                }
            }
        }
        check(analyst->exec(sql("rollback")).ok(), QStringLiteral("rollback"));
    };
    for (quint32 seed = 1; seed <= 4 && problem.isEmpty(); ++seed)
        round(seed);
    stop = true;
    ingest.join();
    QCOMPARE(importProblem, QString());
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    QVERIFY(usedHot);
}

void TestFilterEquality::subSelect()
{
    const Expression expression = parse(u"status = \"active\" and temperature > 5").expression;
    const StatsEstimator estimator(m_shared.measured, now);
    for (const QString& node : m_platform.cluster().nodes()) {
        CompileOptions options = optionsFor(node, m_shared);
        options.projection = Projection::EntityIds;
        options.limit = 20;
        options.firstParameter = 2;
        const auto ids = compileIds(m_shared.id, expression, m_shared.measured, estimator, options);
        QVERIFY(ids.ok());
        const auto rows =
            session(node).exec(sql("select p.entity_id, e.external_id from (" + ids.value->sql +
                                       ") p join atlas.entities e on e.tenant_id = $1::int"
                                       " and e.entity_id = p.entity_id order by p.entity_id",
                                   QList<db::Param>{db::param(m_shared.id)} + ids.value->params));
        QVERIFY2(rows.ok(), rows.ok() ? "" : qPrintable(rows.error().text()));
        QCOMPARE(rows->rowCount(), 20);
        for (int row = 0; row < rows->rowCount(); ++row) {
            const qint64 id = rows->integer(row, 0).value_or(-1);
            QCOMPARE(id, expected(m_shared, expression).at(row));
            QCOMPARE(rows->string(row, 1), m_shared.entities.at(id - m_shared.firstEntity).externalId);
        }
    }
}

void TestFilterEquality::nastyNamesAndValues()
{
    // Entity i has attribute i, named as the nasty string i, with it as its value.
    auto& owner = session(QStringLiteral("owner"));
    const auto made = owner.exec(
        sql("insert into atlas.tenants (name) values ($1) returning tenant_id",
            {db::param(test::Platform::freshName(QStringLiteral("'; drop table atlas.tenants; --")))}));
    QVERIFY2(made.ok(), made.ok() ? "" : qPrintable(made.error().text()));
    Tenant tenant;
    tenant.id = static_cast<int>(made->integer(0, 0).value_or(0));
    QVERIFY(owner
                .exec(sql(
                    "insert into atlas.tenant_access (tenant_id, login) values ($1::int, $2)",
                    {db::param(tenant.id), db::param(m_platform.cluster().role(QStringLiteral("analyst")))}))
                .ok());
    tenant.firstEntity = 1'000'000LL * tenant.id;
    const QStringList strings = test::nastyStrings();
    const QByteArray id = QByteArray::number(tenant.id);
    QByteArray entities, catalogue, values;
    for (int i = 0; i < strings.size(); ++i) {
        const test::TestValue value{ValueType::String, strings.at(i)};
        AttributeInfo& info = tenant.measured.add(strings.at(i), ValueType::String);
        info.id = tenant.id * 1000 + i;
        entities += id + '\t' + QByteArray::number(tenant.firstEntity + i) + '\t' + escaped(strings.at(i)) +
                    "\t\t" + escaped(strings.at(i)) + '\n';
        catalogue += id + '\t' + QByteArray::number(info.id) + '\t' + escaped(strings.at(i)) + "\t1\n";
        values += id + '\t' + QByteArray::number(tenant.firstEntity + i) + '\t' +
                  QByteArray::number(info.id) + "\t2026-04-01T00:00:00Z\t" +
                  QByteArray::fromStdString(columnsOf(value, false)) + '\n';
        tenant.entities.append({strings.at(i), QString(), strings.at(i), {{strings.at(i), value}}});
    }
    tenant.measured.setEntitiesTotal(static_cast<double>(strings.size()));
    QCOMPARE(copy("atlas.entities (tenant_id, entity_id, external_id, entity_type, name)", entities),
             QString());
    QCOMPARE(copy("atlas.attributes (tenant_id, attribute_id, name, value_type)", catalogue), QString());
    QCOMPARE(copy("atlas.attribute_values (tenant_id, entity_id, attribute_id, observed_at, value_num, "
                  "value_text, value_exact, value_long)",
                  values),
             QString());
    QVERIFY(m_platform.waitForEveryNode());
    const StatsEstimator estimator(tenant.measured, now);
    for (const QString& node : m_platform.cluster().nodes()) {
        for (int i = 0; i < strings.size(); ++i) {
            const Literal literal = Literal::string(strings.at(i));
            for (const Operator op : {Operator::Equal, Operator::Contains, Operator::StartsWith}) {
                Group root{GroupKind::All, {}, true};
                root.children.append(Clause{Subject::ofAttribute(strings.at(i)), op, {literal}, true});
                root.children.append(Clause{Subject::ofEntity(EntityField::Name), op, {literal}, true});
                root.children.append(
                    Clause{Subject::ofEntity(EntityField::Id), Operator::Equal, {literal}, true});
                // By way of its text, as a person would hand it on.
                const ParseResult parsed = parse(print(Expression(root)));
                QVERIFY(parsed.ok());
                QCOMPARE(expected(tenant, parsed.expression), QList<qint64>{tenant.firstEntity + i});
                const QString difference =
                    compare(node, tenant, parsed.expression, estimator, optionsFor(node, tenant));
                QVERIFY2(difference.isEmpty(), qPrintable(difference));
            }
        }
    }
}

void TestFilterEquality::anotherTenantStaysOut()
{
    auto& owner = session(QStringLiteral("owner"));
    const auto made = owner.exec(sql("insert into atlas.tenants (name) values ($1) returning tenant_id",
                                     {db::param(test::Platform::freshName(QStringLiteral("closed")))}));
    QVERIFY(made.ok());
    const int closed = static_cast<int>(made->integer(0, 0).value_or(0));
    // The very same entities, attributes and values, in a tenant that is not open to the analyst.
    const QByteArray script = "insert into atlas.entities (tenant_id, entity_id, external_id, entity_type, "
                              "name) select %1, entity_id, external_id, entity_type, name"
                              " from atlas.entities where tenant_id = %2; insert into atlas.attribute_values "
                              "(tenant_id, entity_id, attribute_id, observed_at, value_num, value_text,"
                              " value_exact, value_long) select %1, entity_id, attribute_id, observed_at, "
                              "value_num, value_text, value_exact, value_long from atlas.attribute_values"
                              " where tenant_id = %2";
    QVERIFY(owner
                .execScript(QByteArray(script)
                                .replace("%1", QByteArray::number(closed))
                                .replace("%2", QByteArray::number(m_shared.id)),
                            QStringLiteral("test"))
                .ok());
    QVERIFY(m_platform.waitForEveryNode());
    const StatsEstimator estimator(m_shared.measured, now);
    const Expression expression = parse(u"status = \"active\" or missing(rare)").expression;
    for (const QString& node : m_platform.cluster().nodes()) {
        CompileOptions options = optionsFor(node, m_shared);
        options.projection = Projection::Count;
        options.useHot = false;
        for (const Shape shape : possibleShapes(expression, m_shared.measured, estimator, options)) {
            options.shape = shape;
            const auto rows = session(node).exec(
                compile(closed, expression, m_shared.measured, estimator, options).value->statement);
            QVERIFY2(rows.ok(), rows.ok() ? "" : qPrintable(rows.error().text()));
            QCOMPARE(rows->integer(0, 0).value_or(-1), qint64(0));
        }
        // And its presence changes nothing for the open one.
        const QString difference = compare(node, m_shared, expression, estimator, optionsFor(node, m_shared));
        QVERIFY2(difference.isEmpty(), qPrintable(difference));
    }
}

void TestFilterEquality::noLongerHot()
{
    // What the console knows may be older than the catalogue: the server says so instead of answering from a
    // projection that is being taken down.
    const QString node = QStringLiteral("primary");
    const Expression expression = parse(u"status = \"active\" and region = \"eu-1\"").expression;
    const WildEstimator estimator(3);
    auto& owner = session(QStringLiteral("owner"));
    const auto setState = [&](const QByteArray& state) {
        return owner
            .exec(sql("update atlas.attributes set state = $2 where tenant_id = $1::int and name = 'status'",
                      {db::param(m_shared.id), db::param(state)}))
            .ok();
    };
    CompileOptions hotOptions = optionsFor(node, m_shared);
    hotOptions.forceHot = true;
    const auto compiled = compile(m_shared.id, expression, m_shared.measured, estimator, hotOptions);
    QVERIFY(compiled.ok() && compiled.value->explain.usesHot);
    QVERIFY(setState("cooling"));
    const auto refused = session(node).exec(compiled.value->statement);
    QVERIFY(setState("hot"));
    QVERIFY(!refused.ok());
    QCOMPARE(refused.error().sqlState, QLatin1String(notHotSqlState));
    CompileOptions options = optionsFor(node, m_shared);
    options.useHot = false;
    const QString difference = compare(node, m_shared, expression, estimator, options);
    QVERIFY2(difference.isEmpty(), qPrintable(difference));
}

void TestFilterEquality::plainNumbersAreWhatTheServerPrints()
{
    // The compiler relies on knowing what float8 output says.
    QList<double> numbers;
    QRandomGenerator random(11);
    for (int i = 0; i < 20'000; ++i) {
        const quint64 bits = random.generate64();
        double number = 0;
        std::memcpy(&number, &bits, sizeof number);
        if (std::isfinite(number))
            numbers.append(number);
    }
    for (int power = -1074; power <= 1023; ++power) {
        const double two = std::ldexp(1.0, power);
        numbers << two << std::nextafter(two, 0.0)
                << std::nextafter(two, std::numeric_limits<double>::infinity());
    }
    for (int power = -323; power <= 308; ++power)
        numbers << QByteArray("1e" + QByteArray::number(power)).toDouble()
                << QByteArray("5e" + QByteArray::number(power)).toDouble();
    QByteArray array = "{";
    for (const double number : numbers)
        array += (array.size() > 1 ? "," : "") + QByteArray::number(number, 'g', 17);
    const auto rows =
        session(QStringLiteral("primary"))
            .exec(sql("select x::text from unnest($1::float8[]) with ordinality u (x, n) order by n",
                      {db::Param(array + '}')}));
    QVERIFY2(rows.ok(), rows.ok() ? "" : qPrintable(rows.error().text()));
    QCOMPARE(rows->rowCount(), numbers.size());
    for (int row = 0; row < rows->rowCount(); ++row)
        QCOMPARE(rows->string(row, 0), QString::fromStdString(ingest::float8Text(numbers.at(row))));
}

QTEST_GUILESS_MAIN(TestFilterEquality)
#include "tst_filterequality.moc"
