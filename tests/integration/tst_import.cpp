// SPDX-License-Identifier: GPL-3.0-or-later
// atlasctl import as people call it: what goes in comes out, what is wrong is told.
#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLocale>
#include <QProcess>
#include <QScopeGuard>
#include <QSet>
#include <QTemporaryDir>
#include <QTest>

#include <csignal>

#include "model/ingest/json.h"
#include "model/ingest/value.h"
#include "tests/support/nastystrings.h"
#include "tests/support/platform.h"

using namespace atlas;
using namespace atlas::ingest;
using test::sql;

namespace {

QByteArray quoted(const QString& text)
{
    std::string out;
    appendJsonString(out, text.toStdString());
    return QByteArray::fromStdString(out);
}

} // namespace

class TestImport : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void everyValueComesBackAsSent();
    void nastyNamesAndTenant();
    void sameFileAgainChangesNothing();
    void longerFileGoesOn();
    void shortFileThatGrewOverwritesNothingNewer();
    void badLinesAreToldTheRestGoesOn();
    void wrongTypesKeepTheirLine();
    void wrongTypesOfOneEntityKeepTheirLines();
    void laterLineWithoutATimeIsNewer();
    void valuesAtATakenTimeAreCounted();
    void pipeIsNotKeptWaiting();
    void interruptedOnAFrozenPrimary();
    void outlivesARestartOfThePrimary();
    void opensANewTenant();
    void nullClears();
    void timestampsByFirstValue();
    void lineOfFiftyMegabytes();
    void severalWritersGiveTheSame_data();
    void severalWritersGiveTheSame();
    void pipeWithSeveralWriters();
    void goesOnWhereItWasEnded_data();
    void goesOnWhereItWasEnded();
    void writersOutliveARestartOfThePrimary();
    void whatOneWriterIsRefusedEndsAll();
    void hotEntitiesDeadlockNobody();
    void wordsThatAreWrong();

private:
    test::Ran import(const QByteArray& text, const QStringList& options = {});
    QList<QJsonObject> rejects();
    /// "line text reason" of each, in the order of the file.
    QStringList shownRejects();
    /// import with these words, in the test's folder.
    std::unique_ptr<QProcess> start(const QStringList& words);
    /// import - with the pipe held open.
    std::unique_ptr<QProcess> startPipe();
    bool cluster(const QStringList& words);
    /// "entity/attribute" → JSON of the current value, read as the analyst.
    QMap<QString, QByteArray> values();
    qint64 count(const QByteArray& table);
    /// Everything that is stored for the tenant but numbers and the ledger: a table a line, its rows counted
    /// and hashed. A time that a line did not have stands as the line's number.
    QByteArray picture();
    /// What a run on the mixed file is to end with, once imported with one writer.
    void importReference();
    /// Waits until so many batches are in, in steps of a few milliseconds. False when the program ended
    /// before.
    bool waitForBatches(const QProcess& process, int batches);
    QByteArray m_mixed; ///< file, made by importReference()
    QByteArray m_referencePicture;
    QList<QJsonObject> m_referenceRejects;
    QByteArray m_referenceCounts; ///< of the last line, up to the time it took
    qint64 m_referenceBatches = 0;
    test::Platform m_platform;
    std::unique_ptr<QTemporaryDir> m_dir;
    QString m_tenant;
};

void TestImport::initTestCase()
{
    test::TestCluster cluster;
    ATLAS_REQUIRE_CLUSTER(cluster);
    QCOMPARE(m_platform.prepare(cluster), QString());
}

void TestImport::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    m_tenant = test::Platform::freshName(QStringLiteral("import"));
}

test::Ran TestImport::import(const QByteArray& text, const QStringList& options)
{
    QFile file(m_dir->filePath(QStringLiteral("data.jsonl")));
    if (!file.open(QIODevice::WriteOnly) || file.write(text) != text.size())
        return {};
    file.close();
    QFile::remove(file.fileName() + QStringLiteral(".rejects.jsonl"));
    return m_platform.ctl(QStringList{QStringLiteral("import"), QStringLiteral("--tenant"), m_tenant,
                                      QStringLiteral("--create")} +
                          options + QStringList{file.fileName()});
}

QList<QJsonObject> TestImport::rejects()
{
    QList<QJsonObject> rows;
    QFile file(m_dir->filePath(QStringLiteral("data.jsonl.rejects.jsonl")));
    if (file.open(QIODevice::ReadOnly)) {
        while (!file.atEnd())
            rows.append(QJsonDocument::fromJson(file.readLine()).object());
    }
    return rows;
}

QStringList TestImport::shownRejects()
{
    QStringList shown;
    for (const QJsonObject& reject : rejects())
        shown.append(
            QStringLiteral("%1 %2 %3")
                .arg(reject[QLatin1String("line")].toInt())
                .arg(reject[QLatin1String("text")].toString(), reject[QLatin1String("reason")].toString()));
    return shown;
}

std::unique_ptr<QProcess> TestImport::startPipe()
{
    return start({QStringLiteral("--create"), QStringLiteral("-")});
}

std::unique_ptr<QProcess> TestImport::start(const QStringList& words)
{
    auto process = std::make_unique<QProcess>();
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("ATLAS_LOCAL_ENVIRONMENT"),
                       m_platform.cluster().stateDirectory() + QStringLiteral("/environment.json"));
    environment.insert(QStringLiteral("ATLAS_ENVIRONMENT"), QStringLiteral("local"));
    process->setProcessEnvironment(environment);
    process->setProcessChannelMode(QProcess::MergedChannels);
    process->setWorkingDirectory(m_dir->path());
    process->start(qEnvironmentVariable("ATLAS_CTL"),
                   QStringList{QStringLiteral("import"), QStringLiteral("--tenant"), m_tenant} + words);
    return process->waitForStarted(10'000) ? std::move(process) : nullptr;
}

bool TestImport::cluster(const QStringList& words)
{
    return QProcess::execute(qEnvironmentVariable("ATLAS_TEST_CLUSTER_SCRIPT",
                                                  QStringLiteral(ATLAS_SOURCE_DIR "/infra/local/cluster.sh")),
                             QStringList{QStringLiteral("--state"), m_platform.cluster().stateDirectory()} +
                                 words) == 0;
}

QMap<QString, QByteArray> TestImport::values()
{
    QMap<QString, QByteArray> out;
    auto session = m_platform.open(QStringLiteral("primary"), QStringLiteral("analyst"), true);
    if (!session)
        return out;
    const auto rows =
        session->exec(sql("select e.external_id || '/' || a.name, a.value_type, v.value_num, v.value_text, "
                          "v.value_exact, v.value_long "
                          "from atlas.attribute_values v join atlas.entities e using (tenant_id, entity_id) "
                          "join atlas.attributes a using (tenant_id, attribute_id) "
                          "join atlas.tenants t using (tenant_id) where t.name = $1",
                          {db::param(m_tenant)}));
    if (!rows) {
        qWarning("%s", qPrintable(rows.error().text()));
        return out;
    }
    const auto cell = [&](int row, int column) -> std::optional<QByteArrayView> {
        return rows->isNull(row, column) ? std::nullopt : std::optional(rows->bytes(row, column));
    };
    for (int row = 0; row < rows->rowCount(); ++row)
        out.insert(QString::fromUtf8(rows->bytes(row, 0)),
                   decodeValue(static_cast<ValueType>(rows->integer(row, 1).value_or(1)), cell(row, 2),
                               cell(row, 3), cell(row, 4), cell(row, 5))
                       .json());
    return out;
}

qint64 TestImport::count(const QByteArray& table)
{
    auto session = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    if (!session)
        return -1;
    const auto rows =
        session->exec(sql("select count(*) from atlas." + table +
                              " where tenant_id = (select tenant_id from atlas.tenants where name = $1)",
                          {db::param(m_tenant)}));
    return rows ? rows->integer(0, 0).value_or(-1) : -1;
}

QByteArray TestImport::picture()
{
    auto session = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    if (!session)
        return {};
    const QByteArray at = "case when observed_at < at then observed_at::text "
                          "else 'line ' || (extract(epoch from observed_at - at) * 1000000)::bigint end";
    const QByteArray value = "value_num, value_text, value_exact, md5(value_long)";
    const auto rows = session->exec(sql(
        "with t as (select tenant_id from atlas.tenants where name = $1), "
        "began as (select min(started_at) as at from atlas.ingest_batches join t using (tenant_id)), "
        "shown (what, line) as ("
        "select 'entity', concat_ws('/', external_id, entity_type, name) "
        "from atlas.entities join t using (tenant_id) "
        "union all select 'attribute', concat_ws('/', name, value_type) "
        "from atlas.attributes join t using (tenant_id) "
        "union all select 'event', concat_ws('/', e.external_id, a.name, " +
            at + ", " + value +
            ") from began, t join atlas.attribute_events using (tenant_id) "
            "join atlas.entities e using (tenant_id, entity_id) "
            "join atlas.attributes a using (tenant_id, attribute_id) "
            "union all select 'value', concat_ws('/', e.external_id, a.name, " +
            at + ", " + value +
            ") from began, t join atlas.attribute_values using (tenant_id) "
            "join atlas.entities e using (tenant_id, entity_id) "
            "join atlas.attributes a using (tenant_id, attribute_id) "
            "union all select 'reject', concat_ws('/', external_id, attribute, value_type, value, reason, " +
            at +
            ") from began, t join atlas.ingest_rejects using (tenant_id)) "
            "select what || ' ' || count(*) || ' ' || md5(string_agg(line, chr(10) order by line collate "
            "\"C\")) "
            "from shown group by what order by what",
        {db::param(m_tenant)}));
    if (!rows) {
        qWarning("%s", qPrintable(rows.error().text()));
        return {};
    }
    QByteArray lines;
    for (int row = 0; row < rows->rowCount(); ++row)
        lines += rows->bytes(row, 0).toByteArray() + '\n';
    return lines;
}

bool TestImport::waitForBatches(const QProcess& process, int batches)
{
    auto session = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    QElapsedTimer timer;
    timer.start();
    while (session && timer.elapsed() < 60'000) {
        const auto rows = session->exec(sql("select count(*) from atlas.ingest_batches join atlas.tenants "
                                            "using (tenant_id) where name = $1 and rows > 0",
                                            {db::param(m_tenant)}));
        if (!rows)
            return false;
        if (rows->integer(0, 0).value_or(0) >= batches)
            return true;
        // Not QProcess::state(), which changes only where events are handled.
        if (::kill(static_cast<pid_t>(process.processId()), 0) != 0)
            return false;
        QTest::qSleep(5);
    }
    return false;
}

/// Some 15 MB: a first batch and several sections. Assets that come again and again, names that change, times
/// that collide within a batch and across, attributes that are new in the middle and get a wrong type a few
/// lines later, lines and values that nobody can take.
void TestImport::importReference()
{
    if (!m_referenceCounts.isEmpty())
        return;
    m_mixed.clear();
    const QByteArray padding(800, '.');
    QMap<QByteArray, QByteArray> newest; // entity/attribute → value, and the time it is of
    QMap<QByteArray, QByteArray> newestAt;
    QSet<QByteArray> keys;
    qint64 serverRejects = 0;
    const QByteArray plain[] = {"not json\n", "{\"id\":\"\"}\n", "\n"};
    for (int i = 1; i <= 17'000; ++i) {
        if (i % 501 == 0) {
            m_mixed += plain[i / 501 % 3];
            continue;
        }
        const QByteArray number = QByteArray::number(i);
        const QByteArray id = "e" + QByteArray::number(i * 7919LL % 1500);
        const bool hasTime = i % 5 != 0;
        // The same second for about three lines of an entity, far from one another in the file.
        const QByteArray at = "2026-01-01T00:00:" + QByteArray::number(10 + i / 4500) + "Z";
        const QByteArray fresh = "a" + QByteArray::number(i / 400);
        const bool wrong = i % 400 == 30 || i % 400 == 31;
        QList<std::pair<QByteArray, QByteArray>> sent{{"n", number}, {"s", '"' + number + padding + '"'}};
        m_mixed += "{\"id\":\"" + id + '"';
        if (hasTime)
            m_mixed += ",\"observed_at\":\"" + at + '"';
        if (i % 3 == 0)
            m_mixed += ",\"type\":\"kind " + QByteArray::number(i % 4) + "\",\"name\":\"name " + number + '"';
        m_mixed += ",\"attributes\":{\"n\":" + number + ",\"s\":\"" + number + padding + '"';
        if (i % 400 < 60 && i > 400) {
            m_mixed += ",\"" + fresh + "\":" + (wrong ? "\"word\"" : number);
            if (!wrong)
                sent.append({fresh, number});
        }
        serverRejects += wrong && i > 400;
        if (i % 997 == 5)
            m_mixed += ",\"big\":1e999999";
        m_mixed += "}}\n";
        for (const auto& value : sent) {
            const QByteArray key = id + '/' + value.first;
            const QByteArray time = hasTime ? at : "9 line " + number.rightJustified(6, '0');
            if (keys.contains(key + '/' + time))
                continue;
            keys.insert(key + '/' + time);
            if (time > newestAt.value(key)) {
                newestAt[key] = time;
                newest[key] = value.second;
            }
        }
    }
    QVERIFY(m_mixed.size() > 14'000'000);
    const test::Ran ran = import(m_mixed, {QStringLiteral("--writers"), QStringLiteral("1")});
    QVERIFY2(ran.status == 1, ran.err.constData());
    // What the file says, not only what one writer makes of it.
    QCOMPARE(count("attribute_events"), keys.size());
    QCOMPARE(count("ingest_rejects"), serverRejects);
    QMap<QString, QByteArray> expected;
    for (auto it = newest.cbegin(); it != newest.cend(); ++it)
        expected.insert(QString::fromUtf8(it.key()), it.value());
    const auto stored = values();
    QCOMPARE(stored.keys(), expected.keys());
    for (auto it = expected.cbegin(); it != expected.cend(); ++it)
        QVERIFY2(stored.value(it.key()) == it.value(), qPrintable(it.key()));
    m_referencePicture = picture();
    QCOMPARE(m_referencePicture.count('\n'), 5);
    m_referenceRejects = rejects();
    m_referenceBatches = count("ingest_batches");
    QVERIFY(m_referenceBatches > 30);
    for (const QByteArray& line : ran.err.split('\n')) {
        if (line.contains(" values taken ("))
            m_referenceCounts = line.left(line.lastIndexOf(';'));
    }
    QVERIFY2(m_referenceCounts.contains("17,000 lines"), m_referenceCounts.constData());
    QVERIFY2(m_referenceCounts.contains("(" + QLocale(QLocale::English).toString(keys.size()).toLatin1() +
                                        " new)"),
             m_referenceCounts.constData());
    qint64 last = 0;
    for (const QJsonObject& reject : m_referenceRejects) {
        const qint64 line = reject[QLatin1String("line")].toInteger();
        QVERIFY(line >= last); // in the order of the file
        last = line;
    }
    m_tenant = test::Platform::freshName(QStringLiteral("import"));
}

void TestImport::severalWritersGiveTheSame_data()
{
    QTest::addColumn<QString>("writers");
    QTest::newRow("2") << QStringLiteral("2");
    QTest::newRow("4") << QStringLiteral("4");
    QTest::newRow("16") << QStringLiteral("16");
}

void TestImport::severalWritersGiveTheSame()
{
    QFETCH(QString, writers);
    importReference();
    QVERIFY(!m_referenceCounts.isEmpty());
    const QStringList words{QStringLiteral("--writers"), writers};
    const test::Ran ran = import(m_mixed, words);
    QVERIFY2(ran.status == 1, ran.err.constData());
    QVERIFY2(ran.err.contains(m_referenceCounts), ran.err.constData());
    QCOMPARE(picture(), m_referencePicture);
    QCOMPARE(rejects(), m_referenceRejects);
    QCOMPARE(count("ingest_batches"), m_referenceBatches);
    // With another number it is the same file.
    const test::Ran again = import(m_mixed, {QStringLiteral("--writers"), QStringLiteral("3")});
    QVERIFY2(again.status == 1 && again.err.contains("were imported before"), again.err.constData());
    QVERIFY2(again.err.contains("(0 new)"), again.err.constData());
    QCOMPARE(picture(), m_referencePicture);
    QCOMPARE(rejects(), m_referenceRejects);
    QCOMPARE(count("ingest_batches"), m_referenceBatches);
}

void TestImport::pipeWithSeveralWriters()
{
    importReference();
    QVERIFY(!m_referenceCounts.isEmpty());
    const test::Ran ran = m_platform.ctl(
        {QStringLiteral("import"), QStringLiteral("--tenant"), m_tenant, QStringLiteral("--create"),
         QStringLiteral("--writers"), QStringLiteral("4"), QStringLiteral("--rejects"),
         m_dir->filePath(QStringLiteral("data.jsonl.rejects.jsonl")), QStringLiteral("-")},
        m_mixed);
    QVERIFY2(ran.status == 1, ran.err.constData());
    QVERIFY2(ran.err.contains(m_referenceCounts), ran.err.constData());
    QCOMPARE(picture(), m_referencePicture);
    QCOMPARE(rejects(), m_referenceRejects);
}

void TestImport::goesOnWhereItWasEnded_data()
{
    QTest::addColumn<int>("signal");
    QTest::addColumn<QString>("writers");
    QTest::addColumn<int>("batches");
    QTest::addColumn<QString>("writersThen");
    const auto row = [](const char* name, int signal, const char* writers, int batches, const char* then) {
        QTest::newRow(name) << signal << QString::fromLatin1(writers) << batches << QString::fromLatin1(then);
    };
    row("killed after the first batch", SIGKILL, "4", 1, "4");
    row("killed, the same number", SIGKILL, "4", 4, "4");
    row("killed, then one", SIGKILL, "4", 9, "1");
    row("killed, then more", SIGKILL, "2", 6, "16");
    row("one killed, then several", SIGKILL, "1", 5, "4");
    row("Ctrl+C", SIGINT, "4", 5, "2");
}

void TestImport::goesOnWhereItWasEnded()
{
    QFETCH(int, signal);
    QFETCH(QString, writers);
    QFETCH(int, batches);
    QFETCH(QString, writersThen);
    importReference();
    QVERIFY(!m_referenceCounts.isEmpty());
    QFile file(m_dir->filePath(QStringLiteral("data.jsonl")));
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write(m_mixed) == m_mixed.size());
    file.close();
    auto process = start({QStringLiteral("--create"), QStringLiteral("--writers"), writers, file.fileName()});
    QVERIFY(process);
    QVERIFY2(waitForBatches(*process, batches), process->readAll().constData());
    ::kill(static_cast<pid_t>(process->processId()), signal);
    QVERIFY(process->waitForFinished(30'000));
    const QByteArray said = process->readAll();
    if (signal == SIGINT) {
        QVERIFY2(process->exitStatus() == QProcess::NormalExit && process->exitCode() == 130,
                 said.constData());
        QVERIFY2(said.contains("the same call goes on from there"), said.constData());
    }
    // What was under way may still be committed; it is in the middle all the same.
    QTest::qWait(500);
    QVERIFY(count("ingest_batches") < m_referenceBatches);
    QVERIFY(picture() != m_referencePicture);
    const test::Ran ran = import(m_mixed, {QStringLiteral("--writers"), writersThen});
    QVERIFY2(ran.status == 1 && ran.err.contains("were imported before"), ran.err.constData());
    QCOMPARE(picture(), m_referencePicture);
    QCOMPARE(rejects(), m_referenceRejects);
}

void TestImport::writersOutliveARestartOfThePrimary()
{
    importReference();
    QVERIFY(!m_referenceCounts.isEmpty());
    QFile file(m_dir->filePath(QStringLiteral("data.jsonl")));
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write(m_mixed) == m_mixed.size());
    file.close();
    auto process = start(
        {QStringLiteral("--create"), QStringLiteral("--writers"), QStringLiteral("4"), file.fileName()});
    QVERIFY(process);
    const bool inTheMiddle = waitForBatches(*process, 4);
    const bool killed = cluster({QStringLiteral("kill"), QStringLiteral("primary")});
    const bool started = cluster({QStringLiteral("start"), QStringLiteral("primary")});
    QVERIFY(killed && started);
    QVERIFY(process->waitForFinished(90'000));
    const QByteArray said = process->readAll();
    QVERIFY2(inTheMiddle, said.constData());
    QVERIFY2(process->exitStatus() == QProcess::NormalExit && process->exitCode() == 1, said.constData());
    QVERIFY2(said.contains("trying again") && said.contains("17,000 lines"), said.constData());
    QCOMPARE(picture(), m_referencePicture);
    QCOMPARE(rejects(), m_referenceRejects);
}

void TestImport::whatOneWriterIsRefusedEndsAll()
{
    importReference();
    QVERIFY(!m_referenceCounts.isEmpty());
    QFile file(m_dir->filePath(QStringLiteral("data.jsonl")));
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write(m_mixed) == m_mixed.size());
    file.close();
    auto owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    QVERIFY(owner);
    const QByteArray function = "execute on function atlas.ingest_batch(integer, uuid, timestamptz, text, "
                                "text, bigint, text[], text[], "
                                "text[], text[], smallint[], integer[], integer[], timestamptz[], double "
                                "precision[], text[], numeric[], "
                                "text[]) ";
    const auto restore =
        qScopeGuard([&] { owner->exec(sql("grant " + function + "to atlas_ingest, atlas_agent")).ok(); });
    auto process = start(
        {QStringLiteral("--create"), QStringLiteral("--writers"), QStringLiteral("4"), file.fileName()});
    QVERIFY(process);
    QVERIFY2(waitForBatches(*process, 4), process->readAll().constData());
    QVERIFY(owner->exec(sql("revoke " + function + "from atlas_ingest, atlas_agent")).ok());
    QElapsedTimer timer;
    timer.start();
    QVERIFY(process->waitForFinished(60'000));
    const qint64 took = timer.elapsed();
    const QByteArray said = process->readAll();
    QVERIFY2(process->exitStatus() == QProcess::NormalExit && process->exitCode() == 4, said.constData());
    QVERIFY2(took < 15'000, qPrintable(QString::number(took)));
    QCOMPARE(said.count("permission denied"), 1); // by whom of the four is no matter
    QVERIFY2(said.contains("what was imported stays, the same call goes on from there"), said.constData());
    QVERIFY(count("ingest_batches") < m_referenceBatches);
    QVERIFY(owner->exec(sql("grant " + function + "to atlas_ingest, atlas_agent")).ok());
    const test::Ran ran = import(m_mixed);
    QVERIFY2(ran.status == 1 && ran.err.contains("were imported before"), ran.err.constData());
    QCOMPARE(picture(), m_referencePicture);
    QCOMPARE(rejects(), m_referenceRejects);
}

void TestImport::hotEntitiesDeadlockNobody()
{
    auto owner = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    QVERIFY(owner);
    const auto deadlocks = [&] {
        return owner->exec(sql("select deadlocks from pg_stat_database where datname = current_database()"))
            ->integer(0, 0)
            .value_or(-1);
    };
    const qint64 before = deadlocks();
    // Two programs with four writers each, all about the same five entities, in opposite orders.
    constexpr int lines = 12'000;
    const QByteArray padding(300, '.');
    std::vector<std::unique_ptr<QProcess>> processes;
    for (const int part : {0, 1}) {
        QByteArray text;
        for (int i = 0; i < lines; ++i) {
            const int entity = part == 0 ? i % 5 : 4 - i % 5;
            text += "{\"id\":\"hot " + QByteArray::number(entity) + "\",\"observed_at\":\"2026-01-0" +
                    QByteArray::number(part + 1) + "T0" + QByteArray::number(i / 3600) + ":" +
                    QByteArray::number(10 + i / 60 % 50) + ":" + QByteArray::number(10 + i % 50) + "." +
                    QByteArray::number(i) + "Z\",\"attributes\":{\"n\":" + QByteArray::number(i) +
                    ",\"s\":\"" + padding + "\"}}\n";
        }
        QFile file(m_dir->filePath(QStringLiteral("hot%1.jsonl").arg(part)));
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write(text) == text.size());
        file.close();
        if (part == 0) // two that make the same tenant at once are not what this is about
            QCOMPARE(import("{\"id\":\"hot 0\"}\n").status, 0);
    }
    for (const int part : {0, 1}) {
        processes.push_back(start({QStringLiteral("--writers"), QStringLiteral("4"),
                                   m_dir->filePath(QStringLiteral("hot%1.jsonl").arg(part))}));
        QVERIFY(processes.back());
    }
    for (const auto& process : processes) {
        QVERIFY(process->waitForFinished(120'000));
        const QByteArray said = process->readAll();
        QVERIFY2(process->exitStatus() == QProcess::NormalExit && process->exitCode() == 0, said.constData());
        QVERIFY2(!said.contains("trying again"), said.constData());
    }
    QCOMPARE(count("entities"), 5);
    QCOMPARE(count("attribute_events"), 2 * 2 * lines);
    QCOMPARE(count("attribute_values"), 10);
    QTest::qWait(1500); // a server process reports what it counted within a second
    QCOMPARE(deadlocks(), before);
}

void TestImport::everyValueComesBackAsSent()
{
    const QByteArrayList sent{"9007199254740993",
                              "0.1",
                              "1.0",
                              "-0",
                              "1e400",
                              "-1e400",
                              "1e-400",
                              "123456789012345678901234567890",
                              "0",
                              "-1.50",
                              "1e+21",
                              "5e-324",
                              "true",
                              "false",
                              "\"text\"",
                              "\"\"",
                              "\"" + QByteArray(300, 'x') + "\"",
                              "[]",
                              "{}",
                              "[1,2.50,{\"a\":null}]",
                              "{\"deep\":[9007199254740993,1e400]}",
                              "\"2026-01-31T12:00:00+02:00\"",
                              "\"2026-01-31T12:00:00.5Z\"",
                              "\"2026-01-31T12:00:00Z\""};
    QByteArray line = R"({"id":"a","attributes":{)";
    for (int i = 0; i < sent.size(); ++i)
        line += (i ? "," : "") + QByteArray("\"v") + QByteArray::number(i) + "\":" + sent[i];
    line += "}}\n";
    const test::Ran ran = import(line);
    QVERIFY2(ran.status == 0, ran.err.constData());
    const auto back = values();
    QCOMPARE(back.size(), sent.size());
    for (int i = 0; i < sent.size(); ++i) {
        QByteArray expected = sent[i];
        // Stored and compared exactly; written out in full, as numeric has it.
        if (expected == "1e400" || expected == "-1e400")
            expected = expected.left(expected.indexOf('e')) + QByteArray(400, '0');
        else if (expected == "1e-400")
            expected = "0." + QByteArray(399, '0') + "1";
        QCOMPARE(back.value(QStringLiteral("a/v%1").arg(i)), expected);
    }
}

void TestImport::nastyNamesAndTenant()
{
    m_tenant = QStringLiteral("'; drop table x; -- \"%s\" \\ ") +
               test::Platform::freshName(QString::fromUtf8("Ümlaut 🚚"));
    const QStringList nasty = test::nastyStrings();
    QByteArray text;
    for (int i = 0; i < nasty.size(); ++i)
        text += "{\"id\":" + quoted(nasty[i]) + ",\"name\":" + quoted(nasty[i]) +
                ",\"type\":" + quoted(nasty[i].left(100)) + ",\"attributes\":{" + quoted(nasty[i]) + ":" +
                quoted(nasty[i]) + "}}\n";
    const test::Ran ran = import(text);
    QVERIFY2(ran.status == 0, ran.err.constData());
    const auto back = values();
    QCOMPARE(back.size(), nasty.size());
    for (const QString& s : nasty) {
        // A byte order mark at the very start is swallowed by QString::fromUtf8 in the key above.
        if (!s.startsWith(QChar(QChar::ByteOrderMark)))
            QCOMPARE(back.value(s + QLatin1Char('/') + s), quoted(s));
    }
}

void TestImport::sameFileAgainChangesNothing()
{
    // Some lines have no time: they must get the same one again.
    QByteArray text;
    for (int i = 0; i < 30'000; ++i)
        text += "{\"id\":\"e" + QByteArray::number(i % 7000) + "\"" +
                (i % 2 ? ",\"observed_at\":\"2026-01-01T00:00:" + QByteArray::number(10 + i % 50) + "Z\""
                       : QByteArray()) +
                ",\"attributes\":{\"n\":" + QByteArray::number(i) + ",\"s\":\"text " + QByteArray::number(i) +
                "\",\"bad\":" + (i % 10'000 == 5 ? "1e999999" : "1") + "}}\n";
    text += "not json\n";
    const test::Ran first = import(text);
    QVERIFY2(first.status == 1, first.err.constData());
    const auto firstRejects = rejects();
    QCOMPARE(firstRejects.size(), 4);
    const QList<qint64> before{count("attribute_events"), count("attribute_values"), count("entities"),
                               count("ingest_batches"), count("ingest_rejects")};
    QVERIFY(before[3] >= 2); // more than one batch
    const auto valuesBefore = values();
    const test::Ran again = import(text);
    QCOMPARE(again.status, 1);
    QVERIFY2(again.err.contains("were imported before"), again.err.constData());
    QCOMPARE((QList<qint64>{count("attribute_events"), count("attribute_values"), count("entities"),
                            count("ingest_batches"), count("ingest_rejects")}),
             before);
    QCOMPARE(values(), valuesBefore);
    QCOMPARE(rejects(), firstRejects);
}

void TestImport::longerFileGoesOn()
{
    QByteArray text;
    for (int i = 0; i < 80'000; ++i)
        text += "{\"id\":\"e" + QByteArray::number(i) + "\",\"attributes\":{\"n\":" + QByteArray::number(i) +
                "}}\n";
    QCOMPARE(import(text.left(text.indexOf('\n', text.size() * 9 / 10) + 1)).status, 0);
    const qint64 batches = count("ingest_batches");
    const test::Ran ran = import(text);
    QVERIFY2(ran.status == 0, ran.err.constData());
    QVERIFY2(ran.err.contains("were imported before"), ran.err.constData());
    QCOMPARE(count("entities"), 80'000);
    QCOMPARE(count("attribute_events"), 80'000); // the overlap has the same times
    QVERIFY(count("ingest_batches") > batches);
}

void TestImport::shortFileThatGrewOverwritesNothingNewer()
{
    // Far less than a batch, and no line has a time. The last one gets its end when the file grows.
    const QByteArray first =
        "{\"id\":\"a\",\"attributes\":{\"x\":1}}\n{\"id\":\"b\",\"attributes\":{\"x\":1}}";
    QCOMPARE(import(first).status, 0);
    QCOMPARE(count("attribute_events"), 2);
    QCOMPARE(import("{\"id\":\"a\",\"attributes\":{\"x\":2}}\n").status, 0);
    QCOMPARE(values().value(QStringLiteral("a/x")), QByteArray("2"));
    QCOMPARE(import(first + "\n{\"id\":\"c\",\"attributes\":{\"x\":3}}\n").status, 0);
    QCOMPARE(count("attribute_events"), 4); // one a line
    QCOMPARE(values(),
             (QMap<QString, QByteArray>{
                 {QStringLiteral("a/x"), "2"}, {QStringLiteral("b/x"), "1"}, {QStringLiteral("c/x"), "3"}}));
    // Another file that only begins alike is news.
    QCOMPARE(
        import("{\"id\":\"a\",\"attributes\":{\"x\":1}}\n{\"id\":\"b\",\"attributes\":{\"x\":5}}\n").status,
        0);
    QCOMPARE(count("attribute_events"), 6);
    QCOMPARE(values().value(QStringLiteral("a/x")), QByteArray("1"));
    QCOMPARE(values().value(QStringLiteral("b/x")), QByteArray("5"));
}

void TestImport::badLinesAreToldTheRestGoesOn()
{
    QByteArray text = "\xEF\xBB\xBF{\"id\":\"a\",\"attributes\":{\"x\":1}}\r\n"
                      "\n"
                      "{\"id\":\"b\",\"attributes\":{\"x\":2}\n"
                      "{\"id\":\"caf\xE9\"}\n"
                      "{\"id\":\"c\",\"attributes\":{\"x\":3,\"nul\":\"a\\u0000b\",\"big\":1e999999}}\n"
                      "{\"id\":\"d\",\"attributes\":{\"x\":\"\\ud800\"}}\n"
                      "{\"id\":\"e\",\"attributes\":{\"x\":5}}";
    const test::Ran ran = import(text);
    QCOMPARE(ran.status, 1);
    QVERIFY2(ran.err.contains("rejected: 3 lines, 2 values"), ran.err.constData());
    QCOMPARE(values().keys(),
             (QStringList{QStringLiteral("a/x"), QStringLiteral("c/x"), QStringLiteral("e/x")}));
    QStringList shown;
    for (const QJsonObject& reject : rejects())
        shown.append(QStringLiteral("%1 %2 %3")
                         .arg(reject[QLatin1String("line")].toInt())
                         .arg(reject[QLatin1String("attribute")].toString(QStringLiteral("-")),
                              reject[QLatin1String("reason")].toString()));
    shown.sort();
    QCOMPARE(
        shown,
        (QStringList{
            QStringLiteral("3 - column 31: the line ends inside an object"),
            QStringLiteral("4 - not valid UTF-8"),
            QStringLiteral("5 big number's exponent is out of range (1e-16383 to 1e131071)"),
            QStringLiteral("5 nul text with the character NUL (U+0000) cannot be stored"),
            QStringLiteral(
                "6 - column 36: a surrogate stands alone (\\uD800 to \\uDBFF without its second half)")}));
}

void TestImport::wrongTypesKeepTheirLine()
{
    const test::Ran ran = import("{\"id\":\"a\",\"attributes\":{\"x\":1}}\n"
                                 "{\"id\":\"b\",\"attributes\":{\"x\":1.5}}\n"
                                 "{\"id\":\"c\",\"attributes\":{\"x\":\"warm\",\"y\":true}}\n"
                                 "{\"id\":\"d\",\"attributes\":{\"x\":{\"a\":1}}}\n");
    QCOMPARE(ran.status, 1);
    QVERIFY2(ran.err.contains("rejected: 0 lines, 2 values"), ran.err.constData());
    QCOMPARE(values().keys(),
             (QStringList{QStringLiteral("a/x"), QStringLiteral("b/x"), QStringLiteral("c/y")}));
    QCOMPARE(count("ingest_rejects"), 2);
    QCOMPARE(shownRejects(),
             (QStringList{QStringLiteral("3 warm attribute x holds numbers, a string was sent"),
                          QStringLiteral("4 {\"a\":1} attribute x holds numbers, a json was sent")}));
}

void TestImport::wrongTypesOfOneEntityKeepTheirLines()
{
    const QString warm = QStringLiteral("warm attribute x holds numbers, a string was sent");
    QCOMPARE(
        import("{\"id\":\"a\",\"attributes\":{\"x\":1}}\n{\"id\":\"a\",\"attributes\":{\"x\":\"warm\"}}\n")
            .status,
        1);
    QCOMPARE(shownRejects(), QStringList{QStringLiteral("2 ") + warm});
    // All at one time, which tells them apart no more; numbers and booleans are written as they were sent.
    m_tenant = test::Platform::freshName(QStringLiteral("import"));
    const QByteArray head = R"({"id":"a","observed_at":"2026-01-01T00:00:00Z","attributes":{)";
    QByteArray text;
    for (const char* attributes : {R"("x":1,"s":"text")", R"("x":"warm")", R"("x":true,"s":1e3)",
                                   R"("x":"hot","s":1e4)", R"("s":"other")", R"("x":false)"})
        text += head + attributes + "}}\n";
    QCOMPARE(import(text).status, 1);
    const QString boolean = QStringLiteral(" attribute x holds numbers, a boolean was sent");
    const QString number = QStringLiteral(" attribute s holds strings, a number was sent");
    QStringList shown = shownRejects();
    shown.sort();
    QCOMPARE(shown, (QStringList{QStringLiteral("2 ") + warm, QStringLiteral("3 1e3") + number,
                                 QStringLiteral("3 true") + boolean, QStringLiteral("4 1e4") + number,
                                 QStringLiteral("4 hot attribute x holds numbers, a string was sent"),
                                 QStringLiteral("6 false") + boolean}));
}

void TestImport::laterLineWithoutATimeIsNewer()
{
    const QByteArray text =
        "{\"id\":\"a\",\"attributes\":{\"x\":1}}\n{\"id\":\"a\",\"attributes\":{\"x\":2}}\n";
    QCOMPARE(import(text).status, 0);
    QCOMPARE(values().value(QStringLiteral("a/x")), QByteArray("2"));
    QCOMPARE(count("attribute_events"), 2);
    // The same again, and grown: the lines keep their times.
    QCOMPARE(import(text).status, 0);
    QCOMPARE(import(text + "{\"id\":\"a\",\"attributes\":{\"x\":3}}\n").status, 0);
    QCOMPARE(count("attribute_events"), 3);
    QCOMPARE(values().value(QStringLiteral("a/x")), QByteArray("3"));
}

void TestImport::valuesAtATakenTimeAreCounted()
{
    const test::Ran ran =
        import("{\"id\":\"a\",\"observed_at\":\"2026-01-01T00:00Z\",\"attributes\":{\"x\":1}}\n"
               "{\"id\":\"a\",\"observed_at\":\"20260101T000000+00\",\"attributes\":{\"x\":2}}\n");
    QVERIFY2(ran.status == 0, ran.err.constData());
    QVERIFY2(ran.err.contains("2 values taken (1 new)"), ran.err.constData());
    QVERIFY2(ran.err.contains("1 of the values taken had the time of an earlier one"), ran.err.constData());
    QCOMPARE(values().value(QStringLiteral("a/x")), QByteArray("1"));
}

void TestImport::pipeIsNotKeptWaiting()
{
    auto pipe = startPipe();
    QVERIFY(pipe);
    pipe->write("{\"id\":\"a\",\"attributes\":{\"x\":1}}\n");
    QTRY_COMPARE_WITH_TIMEOUT(values().value(QStringLiteral("a/x")), QByteArray("1"), 30'000);
    QCOMPARE(pipe->state(), QProcess::Running);
    // Interrupted: the whole line is in, the half one is not.
    pipe->write("{\"id\":\"b\",\"attributes\":{\"x\":2}}\n{\"id\":\"c\"");
    QVERIFY(pipe->waitForBytesWritten(5000));
    QTest::qWait(300); // for the program to read it
    ::kill(static_cast<pid_t>(pipe->processId()), SIGTERM);
    QVERIFY(pipe->waitForFinished(30'000));
    const QByteArray said = pipe->readAll();
    QVERIFY2(pipe->exitStatus() == QProcess::NormalExit && pipe->exitCode() == 130, said.constData());
    QVERIFY2(said.contains("every whole line that was read is imported"), said.constData());
    QCOMPARE(values(),
             (QMap<QString, QByteArray>{{QStringLiteral("a/x"), "1"}, {QStringLiteral("b/x"), "2"}}));
    QCOMPARE(count("entities"), 2);
}

void TestImport::interruptedOnAFrozenPrimary()
{
    auto pipe = startPipe();
    QVERIFY(pipe);
    pipe->write("{\"id\":\"a\",\"attributes\":{\"x\":1}}\n");
    QTRY_COMPARE_WITH_TIMEOUT(count("entities"), 1, 30'000);
    const auto resume = qScopeGuard([this] {
        cluster({QStringLiteral("resume"), QStringLiteral("primary")});
    });
    QVERIFY(cluster({QStringLiteral("pause"), QStringLiteral("primary")}));
    pipe->write("{\"id\":\"b\",\"attributes\":{\"x\":2}}\n");
    QVERIFY(pipe->waitForBytesWritten(5000));
    QTest::qWait(1500); // the program waits for the server by now
    QElapsedTimer timer;
    timer.start();
    ::kill(static_cast<pid_t>(pipe->processId()), SIGTERM);
    QVERIFY(pipe->waitForFinished(60'000));
    const qint64 took = timer.elapsed();
    const QByteArray said = pipe->readAll();
    QVERIFY2(pipe->exitStatus() == QProcess::NormalExit && pipe->exitCode() == 130, said.constData());
    QVERIFY2(said.contains("the lines that were read last are not in"), said.constData());
    QVERIFY2(took < 10'000, qPrintable(QString::number(took))); // three seconds on a quiet machine
    QVERIFY(cluster({QStringLiteral("resume"), QStringLiteral("primary")}));
    QTRY_COMPARE_WITH_TIMEOUT(count("entities"), 1, 30'000);
}

void TestImport::outlivesARestartOfThePrimary()
{
    auto pipe = startPipe();
    QVERIFY(pipe);
    pipe->write("{\"id\":\"a\",\"attributes\":{\"x\":1}}\n");
    QTRY_COMPARE_WITH_TIMEOUT(count("entities"), 1, 30'000);
    const bool killed = cluster({QStringLiteral("kill"), QStringLiteral("primary")});
    const bool started = cluster({QStringLiteral("start"), QStringLiteral("primary")});
    QVERIFY(killed && started);
    // Its catalogue is to be read again, over a connection that has died; so are the rejects.
    pipe->write(
        "{\"id\":\"b\",\"attributes\":{\"x\":2,\"y\":3}}\n{\"id\":\"c\",\"attributes\":{\"x\":\"warm\"}}\n");
    pipe->closeWriteChannel();
    QVERIFY(pipe->waitForFinished(90'000));
    const QByteArray said = pipe->readAll();
    QVERIFY2(pipe->exitStatus() == QProcess::NormalExit && pipe->exitCode() == 1, said.constData());
    QVERIFY2(said.contains("rejected: 0 lines, 1 values"), said.constData());
    QTRY_COMPARE_WITH_TIMEOUT(
        values().keys(), (QStringList{QStringLiteral("a/x"), QStringLiteral("b/x"), QStringLiteral("b/y")}),
        30'000);
    QFile file(m_dir->filePath(QStringLiteral("import.rejects.jsonl")));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArrayList lines = file.readAll().trimmed().split('\n');
    QCOMPARE(lines.size(), 1);
    QCOMPARE(QJsonDocument::fromJson(lines[0]).object()[QLatin1String("line")].toInt(), 3);
}

void TestImport::opensANewTenant()
{
    const QStringList jane{QStringLiteral("--open-to"), QStringLiteral("jane"), QStringLiteral("--open-to"),
                           m_platform.cluster().role(QStringLiteral("analyst"))};
    const test::Ran ran = import("{\"id\":\"a\"}\n", jane);
    QVERIFY2(ran.status == 0, ran.err.constData());
    QVERIFY2(ran.err.contains("jane"), ran.err.constData());
    auto session = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    QVERIFY(session);
    const auto logins =
        session->exec(sql("select count(*) filter (where login = 'jane'), count(*) from atlas.tenant_access "
                          "join atlas.tenants using (tenant_id) where name = $1",
                          {db::param(m_tenant)}));
    QVERIFY(logins.ok());
    QCOMPARE(logins->integer(0, 0), 1);
    QVERIFY(logins->integer(0, 1).value_or(0) >= 3); // the environment's, too, and the one that wrote
    // It says so where it can do nothing.
    const test::Ran again = import("{\"id\":\"b\"}\n", jane);
    QVERIFY2(again.status == 0 && again.err.contains("--open-to changes nothing"), again.err.constData());
    QCOMPARE(m_platform
                 .ctl({QStringLiteral("import"), QStringLiteral("--tenant"), m_tenant,
                       QStringLiteral("--open-to"), QStringLiteral("jane"), QStringLiteral("-")})
                 .status,
             2);
}

void TestImport::nullClears()
{
    QCOMPARE(
        import("{\"id\":\"a\",\"observed_at\":\"2026-01-01T00:00:00Z\",\"attributes\":{\"x\":1,\"y\":2}}\n")
            .status,
        0);
    QCOMPARE(import("{\"id\":\"a\",\"observed_at\":\"2026-01-02T00:00:00Z\",\"attributes\":{\"x\":null,"
                    "\"never\":null}}\n")
                 .status,
             0);
    QCOMPARE(values(),
             (QMap<QString, QByteArray>{{QStringLiteral("a/x"), "null"}, {QStringLiteral("a/y"), "2"}}));
}

void TestImport::timestampsByFirstValue()
{
    QCOMPARE(import("{\"id\":\"a\",\"attributes\":{\"t\":\"2026-01-01T00:00:00Z\",\"s\":\"word\",\"d\":"
                    "\"2026-01-01\"}}\n"
                    "{\"id\":\"b\",\"attributes\":{\"t\":\"2026-01-01T02:00:00+02:00\",\"s\":\"2026-01-01T00:"
                    "00:00Z\"}}\n")
                 .status,
             0);
    auto session = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    const auto types = [&] {
        return session
            ->exec(sql("select string_agg(a.name || value_type, ' ' order by a.name) from atlas.attributes a "
                       "join atlas.tenants t using (tenant_id) where t.name = $1",
                       {db::param(m_tenant)}))
            ->string(0, 0);
    };
    QCOMPARE(types(), QStringLiteral("d1 s1 t4"));
    // The same instant in two notations is one search key.
    QCOMPARE(
        session
            ->exec(sql("select count(distinct value_num) from atlas.attribute_values v join atlas.attributes "
                       "a using (tenant_id, attribute_id) join atlas.tenants t using (tenant_id) "
                       "where t.name = $1 and a.name = 't'",
                       {db::param(m_tenant)}))
            ->string(0, 0),
        QStringLiteral("1"));
    QCOMPARE(values().value(QStringLiteral("b/t")), QByteArray("\"2026-01-01T02:00:00+02:00\""));
    m_tenant = test::Platform::freshName(QStringLiteral("plain"));
    QCOMPARE(import("{\"id\":\"a\",\"attributes\":{\"t\":\"2026-01-01T00:00:00Z\"}}\n",
                    {QStringLiteral("--no-timestamps")})
                 .status,
             0);
    QCOMPARE(types(), QStringLiteral("t1"));
}

void TestImport::lineOfFiftyMegabytes()
{
    const QByteArray big(50 * 1024 * 1024, 'z');
    const test::Ran ran = import("{\"id\":\"a\",\"attributes\":{\"big\":\"" + big +
                                 "\",\"small\":1}}\n{\"id\":\"b\",\"attributes\":{\"small\":2}}\n");
    QVERIFY2(ran.status == 0, ran.err.constData());
    auto session = m_platform.open(QStringLiteral("primary"), QStringLiteral("owner"));
    const auto length =
        session->exec(sql("select length(value_long), length(value_text) from atlas.attribute_values v join "
                          "atlas.tenants t using (tenant_id) where t.name = $1 and value_long is not null",
                          {db::param(m_tenant)}));
    QVERIFY(length.ok() && length->rowCount() == 1);
    QCOMPARE(length->integer(0, 0), big.size());
    QCOMPARE(length->integer(0, 1), 256);
}

void TestImport::wordsThatAreWrong()
{
    QCOMPARE(m_platform.ctl({QStringLiteral("import")}).status, 2);
    QCOMPARE(
        m_platform.ctl({QStringLiteral("import"), QStringLiteral("--tenant"), QStringLiteral("x")}).status,
        2);
    QCOMPARE(m_platform
                 .ctl({QStringLiteral("import"), QStringLiteral("--tenant"), QStringLiteral("x"),
                       QStringLiteral("--bogus"), QStringLiteral("-")})
                 .status,
             2);
    for (const char* writers : {"0", "17", "-1", "two", "1.5", ""}) {
        const test::Ran wrong =
            m_platform.ctl({QStringLiteral("import"), QStringLiteral("--tenant"), QStringLiteral("x"),
                            QStringLiteral("--writers"), QString::fromLatin1(writers), QStringLiteral("-")});
        QCOMPARE(wrong.status, 2);
        QVERIFY2(wrong.err.contains("--writers takes 1 to 16"), wrong.err.constData());
    }
    const test::Ran missing = m_platform.ctl({QStringLiteral("import"), QStringLiteral("--tenant"), m_tenant,
                                              m_dir->filePath(QStringLiteral("nothing"))});
    QCOMPARE(missing.status, 1);
    const test::Ran unknown =
        m_platform.ctl({QStringLiteral("import"), QStringLiteral("--tenant"), m_tenant, QStringLiteral("-")});
    QCOMPARE(unknown.status, 1);
    QVERIFY2(unknown.err.contains(m_tenant.toUtf8()), unknown.err.constData());
}

QTEST_GUILESS_MAIN(TestImport)
#include "tst_import.moc"
