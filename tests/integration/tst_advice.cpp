// SPDX-License-Identifier: GPL-3.0-or-later
// Filters that ran are noted without their values, nobody is held up by it, and the advice adds them up.
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QRandomGenerator>
#include <QTest>

#include "model/browse/browse.h"
#include "model/filter/parser.h"
#include "model/hotset/usage.h"
#include "model/lag/monitor.h"
#include "tests/support/platform.h"

using namespace atlas;
using test::sql;

namespace {

const QString primary = QStringLiteral("primary");
constexpr int patience = 20'000;

QByteArray pumps()
{
    QByteArray lines;
    for (int i = 0; i < 60; ++i)
        lines += "{\"id\":\"P-" + QByteArray::number(i) +
                 "\",\"observed_at\":\"2026-01-01T00:00:00Z\",\"attributes\":{\"region\":\"north " +
                 QByteArray::number(i % 5) + "\",\"status\":\"s" + QByteArray::number(i % 3) +
                 "\",\"level\":" + QByteArray::number(i) + ",\"open\":true}}\n";
    return lines;
}

} // namespace

class TestAdvice : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanupTestCase();
    void theCommandLineNotes_data();
    void theCommandLineNotes();
    void theWarehouseIsNotNoted();
    void theConsoleNotes();
    void aRefusedNoteBreaksNothing();
    void aDeadPrimaryBreaksNothing();
    void whatComesTooFastIsDropped();
    void thoseWithMostTimeComeFirst();
    void nothingOfAnotherTenant();
    void whatIsOldIsForgotten();

private:
    /// Rows of the tenant, oldest first: shape | names of the attributes | rows.
    QStringList noted();
    QString exec(const QByteArray& script);
    test::Ran candidates(const QString& tenant, const QStringList& more = {}) const;
    /// The environment as a client has it, everybody logging in as `role` where it is given.
    Environment use(db::Client& client, const QString& role = {}) const;

    test::Platform m_platform;
    QString m_tenant, m_other, m_readOnlyRole, m_password;
    int m_tenantId = 0, m_otherId = 0;
};

void TestAdvice::initTestCase()
{
    test::TestCluster cluster;
    ATLAS_REQUIRE_CLUSTER(cluster);
    QCOMPARE(m_platform.prepare(cluster), QString());
    m_tenant = test::Platform::freshName(QStringLiteral("advice"));
    m_other = test::Platform::freshName(QStringLiteral("other"));
    QCOMPARE(m_platform.import(m_tenant, pumps()), QString());
    QCOMPARE(m_platform.import(m_other, pumps()), QString());
    m_tenantId = m_platform.tenantId(m_tenant);
    m_otherId = m_platform.tenantId(m_other);
    QVERIFY(m_tenantId > 0 && m_otherId > 0);

    // A login that the server itself keeps from writing.
    m_password = QString::number(QRandomGenerator::system()->generate64(), 16);
    m_readOnlyRole =
        QStringLiteral("reader_%1").arg(QRandomGenerator::system()->generate64(), 16, 16, QLatin1Char('0'));
    QVERIFY(cluster.superuser(
        primary, QStringLiteral("postgres"),
        {QStringLiteral("-c"),
         QStringLiteral("create role %1 login password '%2' in role atlas_analyst, pg_monitor")
             .arg(m_readOnlyRole, m_password),
         QStringLiteral("-c"),
         QStringLiteral("alter role %1 set default_transaction_read_only = on").arg(m_readOnlyRole)}));
    const QByteArray mine = QByteArray::number(m_tenantId);
    QCOMPARE(exec("insert into atlas.tenant_access (tenant_id, login) values (" + mine + ", '" +
                  m_readOnlyRole.toUtf8() +
                  "');"
                  "delete from atlas.tenant_access where tenant_id = " +
                  QByteArray::number(m_otherId) + " and login <> 'atlas_ingest';" +
                  "select atlas.refresh_attribute_stats(" + mine + ")"),
             QString());
    QVERIFY(m_platform.waitForEveryNode());
}

void TestAdvice::init()
{
    if (m_tenantId == 0)
        QSKIP("no cluster");
    QCOMPARE(exec("delete from atlas.filter_usage where tenant_id = " + QByteArray::number(m_tenantId)),
             QString());
}

void TestAdvice::cleanupTestCase()
{
    if (!m_readOnlyRole.isEmpty())
        QVERIFY(m_platform.cluster().superuser(
            primary, QStringLiteral("postgres"),
            {QStringLiteral("-c"),
             QStringLiteral(
                 "select pg_terminate_backend(pid, 10000) from pg_stat_activity where usename = '%1'")
                 .arg(m_readOnlyRole),
             QStringLiteral("-c"), QStringLiteral("drop role if exists %1").arg(m_readOnlyRole)}));
}

QString TestAdvice::exec(const QByteArray& script)
{
    auto owner = m_platform.open(primary, QStringLiteral("owner"));
    if (!owner)
        return QStringLiteral("no session");
    const auto done = owner->execScript(script, QStringLiteral("test"));
    return done ? QString() : done.error().text();
}

QStringList TestAdvice::noted()
{
    auto owner = m_platform.open(primary, QStringLiteral("owner"));
    const auto rows = owner->exec(sql(R"(
        select concat_ws(' | ', u.filter, (select string_agg(a.name, ' ' order by a.name) from atlas.attributes a
                                            where a.tenant_id = u.tenant_id and a.attribute_id = any (u.attributes)), u.rows)
          from atlas.filter_usage u
         where u.tenant_id = $1::int and u.milliseconds > 0 and u.endpoint <> '' and u.login <> 'atlas_owner'
         order by u.usage_id)",
                                      {db::param(m_tenantId)}));
    if (!rows)
        return {rows.error().text()};
    QStringList lines;
    for (int row = 0; row < rows->rowCount(); ++row)
        lines.append(rows->string(row, 0));
    return lines;
}

test::Ran TestAdvice::candidates(const QString& tenant, const QStringList& more) const
{
    return m_platform.ctl(QStringList{QStringLiteral("candidates"), QStringLiteral("--tenant"), tenant} +
                          more);
}

Environment TestAdvice::use(db::Client& client, const QString& role) const
{
    const auto environment =
        Environment::fromFile(m_platform.cluster().stateDirectory() + QStringLiteral("/environment.json"));
    if (!environment)
        return {};
    for (const Purpose purpose : {Purpose::Analyst, Purpose::Operator}) {
        for (db::Endpoint& endpoint : environment->endpointsFor(purpose)) {
            if (!role.isEmpty()) {
                endpoint.info.set(QStringLiteral("user"), role);
                endpoint.info.set(QStringLiteral("password"), m_password);
            }
            client.setEndpoint(endpoint);
        }
    }
    return *environment;
}

void TestAdvice::theCommandLineNotes_data()
{
    QTest::addColumn<QStringList>("call");
    QTest::addColumn<QStringList>("expected");
    const auto row = [](const QString& text, const QStringList& options, const QStringList& expected) {
        QTest::addRow("%s %s", qPrintable(options.join(QLatin1Char(' '))), qPrintable(text))
            << QStringList{text} + options << expected;
    };
    const QString count = QStringLiteral("--count");
    row(QStringLiteral("region = \"north 1\" and level > 7"), {},
        {QStringLiteral("region = ? and level > ? | region | 10")});
    row(QStringLiteral("region = \"north 1\" and (status = \"s1\" or open = true)"), {count},
        {QStringLiteral("region = ? and (status = ? or open = ?) | open region status | 12")});
    row(QStringLiteral("region = \"north 1\" and off(status = \"s1\")"), {count},
        {QStringLiteral("region = ? | region | 12")});
    row(QStringLiteral("not (level = 3)"), {count}, {QStringLiteral("not (level = ?) | level | 59")});
    // What the hot set does not serve.
    row(QStringLiteral("level > 7 and status in (\"s1\", \"s2\") and entity.name = \"x\""), {count}, {});
    row(QString(), {count}, {});
    // What is asked is another thing than which assets match.
    row(QStringLiteral("region = \"north 1\""), {QStringLiteral("--top"), QStringLiteral("status")}, {});
}

void TestAdvice::theCommandLineNotes()
{
    QFETCH(QStringList, call);
    QFETCH(QStringList, expected);
    const test::Ran ran =
        m_platform.ctl(QStringList{QStringLiteral("filter"), QStringLiteral("--tenant"), m_tenant} + call);
    QVERIFY2(ran.status == 0, ran.err.constData());
    QCOMPARE(noted(), expected);
}

void TestAdvice::theWarehouseIsNotNoted()
{
    QProcess agent;
    QProcessEnvironment variables = QProcessEnvironment::systemEnvironment();
    variables.insert(QStringLiteral("ATLAS_LOCAL_ENVIRONMENT"),
                     m_platform.cluster().stateDirectory() + QStringLiteral("/environment.json"));
    variables.insert(QStringLiteral("ATLAS_ENVIRONMENT"), QStringLiteral("local"));
    agent.setProcessEnvironment(variables);
    agent.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    agent.start(qEnvironmentVariable("ATLAS_CTL"), {QStringLiteral("agent")});
    QVERIFY(agent.waitForStarted());
    test::Ran ran;
    // The warehouse answers once its heartbeat has been seen.
    const auto onWarehouse = [&] {
        init();
        ran = m_platform.ctl({QStringLiteral("filter"), QStringLiteral("--tenant"), m_tenant,
                              QStringLiteral("--intent"), QStringLiteral("analytics"),
                              QStringLiteral("--count"), QStringLiteral("status = \"s1\"")});
        return ran.err.contains("route: warehouse");
    };
    QTRY_VERIFY2_WITH_TIMEOUT(onWarehouse(), ran.err.constData(), patience);
    QCOMPARE(ran.out, QByteArray("20\n"));
    QCOMPARE(noted(), QStringList());
    agent.terminate();
    QVERIFY(agent.waitForFinished());
}

void TestAdvice::theConsoleNotes()
{
    db::Client client;
    const Environment environment = use(client);
    lag::Monitor monitor(&client, environment);
    routing::Reader reader(&client, &monitor);
    browse::Browser browser(&reader, m_tenantId);
    const auto rows = m_platform.open(primary, QStringLiteral("analyst"))
                          ->exec(AttributeCatalog::listStatement(m_tenantId));
    QVERIFY(rows.ok());
    const AttributeCatalog catalog = AttributeCatalog::fromRows(*rows);
    const filter::Expression filter = filter::parse(QStringLiteral("status = \"s1\"")).expression;
    QObject receiver;
    std::optional<browse::Page> page;
    QString problem;
    const auto take = [&](std::variant<browse::Page, browse::Problem> outcome) {
        if (const auto* failed = std::get_if<browse::Problem>(&outcome))
            problem = failed->message;
        else
            page = std::get<browse::Page>(outcome);
    };
    browser.page(filter, catalog, {}, 0, 5, &receiver, take);
    QTRY_VERIFY2_WITH_TIMEOUT(page || !problem.isEmpty(), "no answer", patience);
    QCOMPARE(problem, QString());
    QCOMPARE(page->rows.size(), size_t(5));
    const qint64 last = page->rows.back().entityId;
    page.reset();
    browser.page(filter, catalog, {}, last, 5, &receiver, take);
    QTRY_VERIFY_WITH_TIMEOUT(page, patience);
    std::optional<browse::Count> counted;
    const auto takeCount = [&](std::variant<browse::Count, browse::Problem> outcome) {
        if (const auto* count = std::get_if<browse::Count>(&outcome))
            counted = *count;
    };
    // A part of a filter that is looked at is no filter that ran.
    browser.count(filter, catalog, std::chrono::seconds(5), &receiver, takeCount,
                  routing::Intent::Operational, browse::Browser::Noted::No);
    QTRY_VERIFY_WITH_TIMEOUT(counted, patience);
    counted.reset();
    browser.count(filter, catalog, std::chrono::seconds(5), &receiver, takeCount);
    QTRY_VERIFY_WITH_TIMEOUT(counted, patience);
    QCOMPARE(counted->entities, 20);
    // The first page and the count, a second apart.
    QTRY_COMPARE_WITH_TIMEOUT(
        noted(),
        (QStringList{QStringLiteral("status = ? | status | 5"), QStringLiteral("status = ? | status | 20")}),
        patience);
    // What is read is still read by a session that may not write.
    const QList<db::Endpoint> endpoints = client.endpoints();
    for (const db::Endpoint& endpoint : endpoints)
        QCOMPARE(endpoint.readOnly, !hotset::isUsageEndpoint(endpoint.id));
}

void TestAdvice::aRefusedNoteBreaksNothing()
{
    qputenv("PGPASSWORD", m_password.toUtf8());
    const test::Ran ran = m_platform.ctl({QStringLiteral("filter"), QStringLiteral("--tenant"), m_tenant,
                                          QStringLiteral("--user"), m_readOnlyRole, QStringLiteral("--count"),
                                          QStringLiteral("status = \"s1\"")});
    qunsetenv("PGPASSWORD");
    QVERIFY2(ran.status == 0, ran.err.constData());
    QCOMPARE(ran.out, QByteArray("20\n"));
    QVERIFY2(!ran.err.contains("read-only"), ran.err.constData());

    db::Client client;
    use(client, m_readOnlyRole);
    hotset::UsageRecorder recorder(&client);
    hotset::Usage usage;
    usage.tenant = m_tenantId;
    usage.shape = QStringLiteral("status = ?");
    usage.attributes = {1};
    usage.endpoint = primary;
    recorder.record(usage);
    QTRY_COMPARE_WITH_TIMEOUT(recorder.dropped(), 1, patience);
    // It does not ask again.
    recorder.record(usage);
    QCOMPARE(recorder.dropped(), 2);
    QCOMPARE(noted(), QStringList());
}

void TestAdvice::aDeadPrimaryBreaksNothing()
{
    db::Client client;
    const Environment environment = use(client);
    for (const db::Endpoint& known : environment.endpointsFor(Purpose::Analyst)) {
        if (known.role != db::EndpointRole::Primary)
            continue;
        db::Endpoint endpoint = known;
        endpoint.info.set(QStringLiteral("port"), QStringLiteral("1")); // nobody listens there
        client.setEndpoint(endpoint);
    }
    lag::Monitor monitor(&client, environment);
    routing::Reader reader(&client, &monitor);
    browse::Browser browser(&reader, m_tenantId);
    const auto rows = m_platform.open(primary, QStringLiteral("analyst"))
                          ->exec(AttributeCatalog::listStatement(m_tenantId));
    QVERIFY(rows.ok());
    for (int i = 0; i < 2; ++i) {
        QObject receiver;
        std::optional<browse::Count> counted;
        browser.count(filter::parse(QStringLiteral("status = \"s1\"")).expression,
                      AttributeCatalog::fromRows(*rows), std::chrono::seconds(5), &receiver,
                      [&](std::variant<browse::Count, browse::Problem> outcome) {
                          if (const auto* count = std::get_if<browse::Count>(&outcome))
                              counted = *count;
                      });
        QTRY_VERIFY_WITH_TIMEOUT(counted, patience);
        QCOMPARE(counted->entities, 20);
    }
    QCOMPARE(noted(), QStringList());
}

void TestAdvice::whatComesTooFastIsDropped()
{
    db::Client client;
    use(client);
    hotset::UsageRecorder recorder(&client);
    hotset::Usage usage;
    usage.tenant = m_tenantId;
    usage.shape = QStringLiteral("status = ?");
    usage.attributes = {1};
    usage.milliseconds = 1;
    usage.endpoint = primary;
    for (int i = 0; i < 30; ++i)
        recorder.record(usage);
    // One is under way, ten wait.
    QCOMPARE(recorder.dropped(), 19);
    QTRY_VERIFY_WITH_TIMEOUT(noted().size() >= 2, patience);
    QVERIFY(noted().size() < 11);
}

void TestAdvice::thoseWithMostTimeComeFirst()
{
    test::Ran ran = candidates(m_tenant);
    QVERIFY2(ran.status == 0, ran.err.constData());
    QVERIFY(ran.out.isEmpty());
    QVERIFY2(ran.err.contains("no filter of tenant " + m_tenant.toUtf8()), ran.err.constData());

    const QByteArray id = QByteArray::number(m_tenantId);
    const auto usage = [&id](const QByteArray& names, const QByteArray& milliseconds, const QByteArray& age) {
        return "insert into atlas.filter_usage (tenant_id, filter, attributes, milliseconds, at) values (" +
               id + ", 'x', array(select attribute_id from atlas.attributes where tenant_id = " + id +
               " and name = any ('{" + names + "}')) || 999999999, " + milliseconds +
               ", clock_timestamp() - interval '" + age + "');";
    };
    // Region in the most filters, status in those that took longest, level only long ago.
    QCOMPARE(exec(usage("region", "10", "1 hour") + usage("region", "10", "1 hour") +
                  usage("region", "10", "1 hour") + usage("region,status", "5000", "20 days") +
                  usage("status", "300", "1 hour") + usage("level", "90000", "31 days")),
             QString());
    const auto listed = [this](const QStringList& more) {
        QStringList lines;
        const QJsonArray array = QJsonDocument::fromJson(candidates(m_tenant, more).out).array();
        for (const QJsonValue& one : array)
            lines.append(
                QStringLiteral("%1 %2 %3 %4 %5")
                    .arg(one[QStringLiteral("attribute")].toString(), one[QStringLiteral("state")].toString())
                    .arg(one[QStringLiteral("filters")].toInt())
                    .arg(one[QStringLiteral("combined")].toInt())
                    .arg(one[QStringLiteral("milliseconds")].toDouble()));
        return lines;
    };
    // A number that is no attribute is not listed, though a filter with it counts as combined.
    QCOMPARE(listed({QStringLiteral("--json")}),
             (QStringList{QStringLiteral("status cold 2 2 5300"), QStringLiteral("region cold 4 4 5030")}));
    QCOMPARE(listed({QStringLiteral("--json"), QStringLiteral("--days"), QStringLiteral("2")}),
             (QStringList{QStringLiteral("status cold 1 1 300"), QStringLiteral("region cold 3 3 30")}));
    QCOMPARE(listed({QStringLiteral("--json"), QStringLiteral("--days"), QStringLiteral("35")}).constFirst(),
             QStringLiteral("level cold 1 1 90000"));
    ran = candidates(m_tenant);
    QVERIFY2(ran.out.startsWith("attribute"), ran.out.constData());
    QVERIFY2(ran.out.contains("5.30 s") && ran.out.contains(" 60 "), ran.out.constData());
    QCOMPARE(candidates(m_tenant, {QStringLiteral("--days"), QStringLiteral("0")}).status, 2);
}

void TestAdvice::nothingOfAnotherTenant()
{
    QCOMPARE(exec("insert into atlas.filter_usage (tenant_id, filter, attributes, milliseconds) select "
                  "tenant_id, 'x', "
                  "array[attribute_id], 1 from atlas.attributes where tenant_id = " +
                  QByteArray::number(m_otherId)),
             QString());
    const test::Ran ran = candidates(m_other);
    QCOMPARE(ran.status, 1);
    QVERIFY(ran.out.isEmpty());
    for (const char* login : {"analyst", "operator", "admin"}) {
        auto session = m_platform.open(primary, QString::fromLatin1(login));
        const auto rows = session->exec(hotset::candidatesStatement(m_otherId));
        QVERIFY2(rows.ok(), rows.ok() ? "" : qPrintable(rows.error().text()));
        QCOMPARE(rows->rowCount(), 0);
        hotset::Usage usage;
        usage.tenant = m_otherId;
        const auto noted = session->exec(hotset::usageStatement(usage));
        QVERIFY(!noted.ok());
        QCOMPARE(noted.error().sqlState, QStringLiteral("42501"));
    }
    auto owner = m_platform.open(primary, QStringLiteral("owner"));
    QVERIFY(owner->exec(hotset::candidatesStatement(m_otherId))->rowCount() == 4);
}

void TestAdvice::whatIsOldIsForgotten()
{
    const QByteArray id = QByteArray::number(m_tenantId);
    QCOMPARE(exec("insert into atlas.filter_usage (tenant_id, filter, milliseconds, at) select " + id +
                  ", 'age ' || d, 1, clock_timestamp() - d * interval '1 day' from unnest(array[1, 34, 36, "
                  "40, 300]) d"),
             QString());
    auto agent = m_platform.open(primary, QStringLiteral("agent"));
    const auto forget = [&agent](int most) {
        const auto gone =
            agent->exec(sql("select atlas.forget_filter_usage(35, $1::int)", {db::param(most)}));
        return gone ? gone->integer(0, 0).value_or(-1) : -1;
    };
    QCOMPARE(forget(2), 2);
    QCOMPARE(forget(1000), 1);
    QCOMPARE(forget(1000), 0);
    auto owner = m_platform.open(primary, QStringLiteral("owner"));
    const auto left = owner->exec(
        sql("select string_agg(filter, ' ' order by at) from atlas.filter_usage where tenant_id = " + id));
    QCOMPARE(left->string(0, 0), QStringLiteral("age 34 age 1"));
    // Nobody else may.
    const auto refused = m_platform.open(primary, QStringLiteral("admin"))
                             ->exec(sql("select atlas.forget_filter_usage(0, 1000)"));
    QVERIFY(!refused.ok());
    QCOMPARE(refused.error().sqlState, QStringLiteral("42501"));
}

QTEST_GUILESS_MAIN(TestAdvice)
#include "tst_advice.moc"
