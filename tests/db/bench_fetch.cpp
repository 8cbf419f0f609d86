// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include <libpq-fe.h>

#include <algorithm>
#include <vector>

#include "db/blocking.h"
#include "tests/db/asyncresult.h"
#include "tests/support/testcluster.h"

using namespace atlas;
using namespace atlas::db;
using namespace atlas::test;

/// Rows a second through all of this layer, against a plain loop over libpq that reads the same cells.
class BenchFetch : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void hundredThousandRows();
    void smallStatements();

private:
    TestCluster m_cluster;
};

static const QString P = QStringLiteral("primary");
static constexpr int Rounds = 15;

void BenchFetch::initTestCase()
{
    ATLAS_REQUIRE_CLUSTER(m_cluster);
}

/// The fastest of many: what the code takes when nothing else wanted the processors.
static double best(const std::vector<double>& times)
{
    return *std::min_element(times.begin(), times.end());
}

template<class Run> static double timed(Run run)
{
    const auto start = std::chrono::steady_clock::now();
    run();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

static PGconn* rawConnection(const Endpoint& endpoint)
{
    std::vector<QByteArray> text;
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (auto it = endpoint.info.options().cbegin(); it != endpoint.info.options().cend(); ++it) {
        text.push_back(it.key().toUtf8());
        text.push_back(it.value().toUtf8());
    }
    for (std::size_t i = 0; i < text.size(); i += 2) {
        keywords.push_back(text[i].constData());
        values.push_back(text[i + 1].constData());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    return PQconnectdbParams(keywords.data(), values.data(), 0);
}

static const char Setup[] =
    "create temp table rows_to_fetch as select g a, g * 2 b, md5(g::text) c, 'active'::text d, g::float8 / 3 "
    "e, timestamptz '2026-01-02 03:04:05.678901+00' f, "
    "true g, 'eu-1'::text h, null::text i, 'firmware 1.2.' || g % 10 j from generate_series(1, 100000) g";
static const char Fetch[] = "select * from rows_to_fetch";

void BenchFetch::hundredThousandRows()
{
    const Endpoint endpoint = m_cluster.endpoint(P, QStringLiteral("owner"), false);
    PGconn* raw = rawConnection(endpoint);
    QVERIFY2(PQstatus(raw) == CONNECTION_OK, PQerrorMessage(raw));
    PQclear(PQexec(raw, Setup));
    Client client;
    client.setEndpoint(endpoint);
    auto session = BlockingSession::open(client, P);
    QVERIFY(session.ok());
    QVERIFY((*session)->exec(statement(Setup, {}, 60s)).ok());

    std::vector<double> rawTimes;
    std::vector<double> ours;
    std::vector<double> streamed;
    qint64 rawBytes = 0;
    qint64 ourBytes = 0;
    for (int round = 0; round < Rounds; ++round) { // in turn, so that both see the same weather
        rawBytes = 0;
        ourBytes = 0;
        rawTimes.push_back(timed([&] {
            PGresult* result = PQexecParams(raw, Fetch, 0, nullptr, nullptr, nullptr, nullptr, 0);
            const int columns = PQnfields(result);
            for (int row = 0; row < PQntuples(result); ++row) {
                for (int column = 0; column < columns; ++column) {
                    if (PQgetisnull(result, row, column) == 0 && PQgetvalue(result, row, column))
                        rawBytes += PQgetlength(result, row, column);
                }
            }
            PQclear(result);
        }));
        ours.push_back(timed([&] {
            const auto rows = (*session)->exec(statement(Fetch, {}, 60s));
            QVERIFY(rows.ok());
            for (int row = 0; row < rows->rowCount(); ++row) {
                for (int column = 0; column < rows->columnCount(); ++column)
                    ourBytes += rows->bytes(row, column).size();
            }
        }));
        QCOMPARE(ourBytes, rawBytes);
        streamed.push_back(timed([&] {
            QVERIFY((*session)->stream(statement(Fetch, {}, 60s), 5000, [](const ResultSet&) {}).ok());
        }));
    }
    PQfinish(raw);
    const double ratio = best(rawTimes) / best(ours);
    qInfo("100,000 x 10 over TLS: raw libpq %.1f ms, query %.1f ms (%.2f of its rate), stream %.1f ms",
          best(rawTimes), best(ours), ratio, best(streamed));
    QVERIFY2(ratio >= 0.8, "fetching must reach 0.8 of raw libpq");
}

void BenchFetch::smallStatements()
{
    Client client;
    client.setEndpoint(m_cluster.endpoint(P, QStringLiteral("owner"), false));
    auto session = BlockingSession::open(client, P);
    QVERIFY(session.ok());
    PGconn* raw = rawConnection(client.endpoints().first());
    constexpr int Count = 2000;
    const double rawTime = timed([&] {
        for (int i = 0; i < Count; ++i)
            PQclear(PQexecParams(raw, "select 1", 0, nullptr, nullptr, nullptr, nullptr, 0));
    });
    const double blocking = timed([&] {
        for (int i = 0; i < Count; ++i)
            QVERIFY((*session)->exec(statement("select 1")).ok());
    });
    int left = Count;
    const double asynchronous = timed([&] {
        for (int i = 0; i < Count; ++i)
            client.query(P, statement("select 1"), this, [&](const Result<ResultSet>&) { --left; });
        QVERIFY(QTest::qWaitFor([&] { return left == 0; }, 60'000));
    });
    PQfinish(raw);
    qInfo("a small statement: raw libpq %.0f us, BlockingSession %.0f us, query() on 4 connections %.0f us",
          rawTime * 1000 / Count, blocking * 1000 / Count, asynchronous * 1000 / Count);
}

QTEST_GUILESS_MAIN(BenchFetch)
#include "bench_fetch.moc"
