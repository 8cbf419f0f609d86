// SPDX-License-Identifier: GPL-3.0-or-later
// Dead letters: listed, sent again, thrown away.
#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

#include <thread>

#include "db/blocking.h"
#include "model/ingest/batch.h"
#include "model/ingest/rejects.h"
#include "tests/support/platform.h"

using namespace atlas;
using test::sql;

class TestRejects : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init();
    void listsByReasonThenEach();
    void sentAgainAsTheyAreTheyAreRefusedAgain();
    void convertsWhatCanBeRead();
    void takesWhatHasBecomePossible();
    void goesOnWhereItWasKilled();
    void twoAtOnceTakeEachOnce();
    void longValuesWhole();
    void onlyAnAdministratorThrowsAway();
    void wordsThatAreWrong();

private:
    test::Ran rejects(const QStringList& words) const;
    void import(const QByteArray& lines) const;
    qint64 letters() const;
    QString value(const QString& entity, const QString& attribute) const;

    mutable test::Platform m_platform;
    QString m_name;
    int m_tenant = 0;
    std::unique_ptr<db::BlockingSession> m_owner;
};

void TestRejects::initTestCase()
{
    test::TestCluster cluster;
    ATLAS_REQUIRE_CLUSTER(cluster);
    QCOMPARE(m_platform.prepare(cluster), QString());
    m_owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    QVERIFY(m_owner);
    QVERIFY(m_owner->exec(sql("set row_security = off")).ok());
}

/// A tenant whose "level" holds numbers, "open" booleans, "at" times, "note" text and "doc" JSON.
void TestRejects::init()
{
    m_name = test::Platform::freshName(QStringLiteral("rejects"));
    QCOMPARE(m_platform.import(
                 m_name,
                 R"({"id":"a","observed_at":"2026-01-01T00:00:00Z","attributes":{"level":1,"open":true,)"
                 R"("at":"2026-01-01T00:00:00Z","note":"x","doc":{"a":1}}})"
                 "\n"),
             QString());
    m_tenant = m_platform.tenantId(m_name);
    QVERIFY(m_tenant > 0);
}

test::Ran TestRejects::rejects(const QStringList& words) const
{
    return m_platform.ctl(QStringList{QStringLiteral("rejects"), QStringLiteral("--tenant"), m_name} + words);
}

/// Lines of which some values are refused.
void TestRejects::import(const QByteArray& lines) const
{
    const test::Ran ran =
        m_platform.ctl({QStringLiteral("import"), QStringLiteral("--tenant"), m_name,
                        QStringLiteral("--rejects"), QStringLiteral("/dev/null"), QStringLiteral("-")},
                       lines);
    QVERIFY2(ran.status == 1, ran.err.constData());
}

qint64 TestRejects::letters() const
{
    const auto rows = m_owner->exec(
        sql("select count(*) from atlas.ingest_rejects where tenant_id = $1::int", {db::param(m_tenant)}));
    return rows.ok() ? rows->integer(0, 0).value_or(-1) : -1;
}

QString TestRejects::value(const QString& entity, const QString& attribute) const
{
    const auto rows = m_owner->exec(sql("select coalesce(v.value_long, v.value_text, v.value_exact::text, "
                                        "v.value_num::text) from atlas.attribute_values v join "
                                        "atlas.entities e using (tenant_id, entity_id) join atlas.attributes "
                                        "a using (tenant_id, attribute_id) where "
                                        "v.tenant_id = $1::int and e.external_id = $2 and a.name = $3",
                                        {db::param(m_tenant), db::param(entity), db::param(attribute)}));
    return rows.ok() && rows->rowCount() == 1 ? rows->string(0, 0) : QStringLiteral("(none)");
}

void TestRejects::listsByReasonThenEach()
{
    const test::Ran none = rejects({QStringLiteral("list")});
    QVERIFY2(none.status == 0 && none.out.isEmpty() && none.err.contains("no rejects"), none.err.constData());
    import(R"({"id":"b","attributes":{"level":"warm","note":7}})"
           "\n"
           R"({"id":"c","attributes":{"level":"cold\nand wet","open":"yes"}})"
           "\n");
    QCOMPARE(letters(), 4);
    const test::Ran all = rejects({QStringLiteral("list")});
    QCOMPARE(all.status, 0);
    QVERIFY2(all.out.contains("2  level: attribute level holds numbers, a string was sent"),
             all.out.constData());
    QVERIFY2(all.out.contains("b  level = warm  (attribute level holds numbers"), all.out.constData());
    QVERIFY(all.out.contains("level = cold and wet"));
    const test::Ran some =
        rejects({QStringLiteral("list"), QStringLiteral("--attribute"), QStringLiteral("note"),
                 QStringLiteral("--format"), QStringLiteral("jsonl")});
    const QJsonObject note = QJsonDocument::fromJson(some.out).object();
    QCOMPARE(note[QLatin1String("id")].toString(), QStringLiteral("b"));
    QCOMPARE(note[QLatin1String("value")].toString(), QStringLiteral("7"));
    QCOMPARE(note[QLatin1String("type")].toString(), QStringLiteral("number"));
    const test::Ran reason =
        rejects({QStringLiteral("list"), QStringLiteral("--reason"), QStringLiteral("booleans"),
                 QStringLiteral("--format"), QStringLiteral("jsonl")});
    QCOMPARE(reason.out.count('\n'), 1);
    QCOMPARE(rejects({QStringLiteral("list"), QStringLiteral("--limit"), QStringLiteral("3"),
                      QStringLiteral("--format"), QStringLiteral("jsonl")})
                 .out.count('\n'),
             3);
}

void TestRejects::sentAgainAsTheyAreTheyAreRefusedAgain()
{
    import(R"({"id":"b","attributes":{"level":"warm"}})"
           "\n");
    const test::Ran ran = rejects({QStringLiteral("replay")});
    QVERIFY2(ran.status == 1 && ran.err.contains("0 taken, 1 rejected again, 0 not sent"),
             ran.err.constData());
    QCOMPARE(letters(), 1);
    QCOMPARE(value(QStringLiteral("b"), QStringLiteral("level")), QStringLiteral("(none)"));
}

void TestRejects::convertsWhatCanBeRead()
{
    import(
        R"({"id":"b","observed_at":"2026-02-01T00:00:00Z","attributes":{"level":"9007199254740993.50","open":"false","note":12.5}})"
        "\n"
        R"({"id":"c","observed_at":"2026-02-01T00:00:00Z","attributes":{"level":"warm","open":"yes","doc":"{\"b\": [1, 2]}"}})"
        "\n"
        R"({"id":"d","observed_at":"2026-02-01T00:00:00Z","attributes":{"at":17,"level":"NaN","note":true}})"
        "\n");
    QCOMPARE(letters(), 9);
    const test::Ran ran = rejects({QStringLiteral("replay"), QStringLiteral("--convert")});
    QVERIFY2(ran.status == 1 && ran.err.contains("5 taken, 0 rejected again, 4 not sent"),
             ran.err.constData());
    QVERIFY2(ran.err.contains("level = warm: it is not a number"), ran.err.constData());
    QCOMPARE(letters(), 4);
    QCOMPARE(value(QStringLiteral("b"), QStringLiteral("level")),
             QStringLiteral("9007199254740993.50")); // as it was sent
    QCOMPARE(value(QStringLiteral("b"), QStringLiteral("open")), QStringLiteral("0"));
    QCOMPARE(value(QStringLiteral("b"), QStringLiteral("note")), QStringLiteral("12.5"));
    QCOMPARE(value(QStringLiteral("c"), QStringLiteral("doc")), QStringLiteral("{\"b\":[1,2]}"));
    QCOMPARE(value(QStringLiteral("d"), QStringLiteral("note")), QStringLiteral("true"));
    // At the time they were observed: history and the newest value are what they would have been.
    const auto when = m_owner->exec(sql(
        "select min(v.observed_at) = '2026-02-01 00:00:00+00' and max(v.observed_at) = min(v.observed_at) "
        "from atlas.attribute_values v join atlas.entities e using (tenant_id, entity_id) where "
        "v.tenant_id = $1::int and e.external_id <> 'a'",
        {db::param(m_tenant)}));
    QVERIFY(when->boolean(0, 0));
    const auto audit = m_owner->exec(
        sql("select detail ->> 'rejects' from atlas.audit_log where tenant_id = $1::int and action = "
            "'replay rejects'",
            {db::param(m_tenant)}));
    QCOMPARE(audit->rowCount(), 1);
    QCOMPARE(audit->string(0, 0), QStringLiteral("5"));
}

void TestRejects::takesWhatHasBecomePossible()
{
    // A sender's clock was a week ahead; by the time the letters are sent again it is no longer the future.
    QVERIFY(m_owner
                ->exec(sql("insert into atlas.ingest_rejects (tenant_id, batch_id, external_id, attribute, "
                           "observed_at, value_type, "
                           "value, reason) values ($1::int, gen_random_uuid(), 'early', 'level', "
                           "clock_timestamp() - interval '1 "
                           "second', 2, '3.5', 'observed_at is more than a day ahead of the primary''s "
                           "clock'), ($1::int, "
                           "gen_random_uuid(), 'early', 'level', 'infinity', 2, '4', 'observed_at is more "
                           "than a day ahead'), "
                           "($1::int, gen_random_uuid(), 'early', 'note', clock_timestamp() - interval '1 "
                           "second', 1, null, 'test')",
                           {db::param(m_tenant)}))
                .ok());
    const test::Ran ran = rejects({QStringLiteral("replay")});
    QVERIFY2(ran.status == 1 && ran.err.contains("2 taken, 0 rejected again, 1 not sent"),
             ran.err.constData());
    QVERIFY(ran.err.contains("it has no time"));
    QCOMPARE(value(QStringLiteral("early"), QStringLiteral("level")), QStringLiteral("3.5"));
    QCOMPARE(value(QStringLiteral("early"), QStringLiteral("note")), QString()); // cleared
}

void TestRejects::goesOnWhereItWasKilled()
{
    import(R"({"id":"b","attributes":{"level":"1"}})"
           "\n"
           R"({"id":"c","attributes":{"level":"warm"}})"
           "\n");
    auto ingest = m_platform.open(QStringLiteral("primary"), QStringLiteral("ingest"));
    QVERIFY(ingest);
    const ingest::RejectSelection selection{m_tenant, {}, {}};
    const auto before = ingest::listRejects(*ingest, selection, 0, 10, 0);
    QVERIFY(before.ok());
    QCOMPARE(before->size(), 2);
    // Killed after the commit, before the letters were removed: the batch is in the ledger, they are still
    // there.
    ingest::RetryPolicy policy;
    ingest::DurableDoor door(m_platform.client(), QStringLiteral("primary#ingest"), policy);
    const auto first = ingest::replayRejects(door, *ingest, selection, {});
    QVERIFY2(first.ok(), first.ok() ? "" : qPrintable(first.error().text()));
    QCOMPARE(first->rejected, 2);
    QVERIFY(
        m_owner
            ->exec(sql("delete from atlas.ingest_rejects where tenant_id = $1::int", {db::param(m_tenant)}))
            .ok());
    for (const ingest::Reject& letter : *before) {
        QVERIFY(
            m_owner
                ->exec(sql(
                    "insert into atlas.ingest_rejects (tenant_id, reject_id, batch_id, rejected_at, "
                    "external_id, attribute, "
                    "observed_at, value_type, value, reason) values ($1::int, $2::bigint, gen_random_uuid(), "
                    "to_timestamp($3::float8), $4, $5, clock_timestamp(), 1, $6, 'again')",
                    {db::param(m_tenant), db::param(letter.id),
                     db::param(static_cast<double>(letter.rejectedAt.toMSecsSinceEpoch()) / 1000),
                     db::param(letter.externalId), db::param(letter.attribute), db::param(*letter.value)}))
                .ok());
    }
    const auto second = ingest::replayRejects(door, *ingest, selection, {});
    QVERIFY2(second.ok(), second.ok() ? "" : qPrintable(second.error().text()));
    // Found in the ledger: no second set of letters.
    QCOMPARE(letters(), 0);
}

void TestRejects::twoAtOnceTakeEachOnce()
{
    QByteArray lines;
    for (int i = 0; i < 500; ++i)
        lines += "{\"id\":\"e" + QByteArray::number(i) + R"(","attributes":{"level":")" +
                 QByteArray::number(i) + "\"}}\n";
    import(lines);
    QCOMPARE(letters(), 500);
    test::Ran one, two;
    std::thread other([&] { one = rejects({QStringLiteral("replay"), QStringLiteral("--convert")}); });
    two = rejects({QStringLiteral("replay"), QStringLiteral("--convert")});
    other.join();
    QVERIFY2(one.status == 0 && two.status == 0, (one.err + two.err).constData());
    QCOMPARE(letters(), 0);
    const auto history =
        m_owner->exec(sql("select count(*), count(distinct v.entity_id) from atlas.attribute_events v join "
                          "atlas.attributes a using (tenant_id, attribute_id) join atlas.entities e using "
                          "(tenant_id, entity_id) where v.tenant_id = $1::int and a.name = 'level' and "
                          "e.external_id <> 'a'",
                          {db::param(m_tenant)}));
    QCOMPARE(history->integer(0, 0), 500);
    QCOMPARE(history->integer(0, 1), 500);
}

void TestRejects::longValuesWhole()
{
    const QByteArray text(2'000'000, 'x');
    import("{\"id\":\"b\",\"attributes\":{\"level\":\"" + text + "\"}}\n");
    const test::Ran shown = rejects({QStringLiteral("list")});
    QVERIFY2(shown.out.size() < 1'000 && shown.out.contains("2,000,000 bytes"),
             shown.out.left(1'000).constData());
    const test::Ran whole =
        rejects({QStringLiteral("list"), QStringLiteral("--format"), QStringLiteral("jsonl")});
    QCOMPARE(QJsonDocument::fromJson(whole.out).object()[QLatin1String("value")].toString().toUtf8(), text);
}

void TestRejects::onlyAnAdministratorThrowsAway()
{
    import(R"({"id":"b","attributes":{"level":"warm","note":7}})"
           "\n");
    const auto call = sql("select atlas.settle_rejects($1::int, '{1}', true)", {db::param(m_tenant)});
    for (const char* login : {"analyst", "operator", "ingest"}) {
        auto session = m_platform.open(QStringLiteral("primary"), QString::fromLatin1(login));
        const auto refused = session->exec(call);
        QVERIFY2(!refused.ok(), login);
        QCOMPARE(refused.error().sqlState, QStringLiteral("42501"));
    }
    QCOMPARE(rejects({QStringLiteral("discard")}).status, 2);
    QCOMPARE(letters(), 2);
    const test::Ran ran = rejects({QStringLiteral("discard"), QStringLiteral("--yes"),
                                   QStringLiteral("--attribute"), QStringLiteral("note")});
    QVERIFY2(ran.status == 0 && ran.err.contains("1 thrown away"), ran.err.constData());
    QCOMPARE(letters(), 1);
}

void TestRejects::wordsThatAreWrong()
{
    for (const QStringList& words :
         {QStringList{}, QStringList{QStringLiteral("drop")},
          QStringList{QStringLiteral("list"), QStringLiteral("--convert")},
          QStringList{QStringLiteral("replay"), QStringLiteral("--yes")},
          QStringList{QStringLiteral("list"), QStringLiteral("--limit"), QStringLiteral("0")},
          QStringList{QStringLiteral("list"), QStringLiteral("--format"), QStringLiteral("csv")}})
        QCOMPARE(rejects(words).status, 2);
    QCOMPARE(m_platform.ctl({QStringLiteral("rejects"), QStringLiteral("list")}).status, 2);
    QCOMPARE(m_platform
                 .ctl({QStringLiteral("rejects"), QStringLiteral("list"), QStringLiteral("--tenant"),
                       QStringLiteral("no such tenant")})
                 .status,
             1);
}

QTEST_GUILESS_MAIN(TestRejects)
#include "tst_rejects.moc"
