// SPDX-License-Identifier: GPL-3.0-or-later
// atlasctl import as people call it: what goes in comes out, what is wrong is told.
#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QScopeGuard>
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
    void wordsThatAreWrong();

private:
    test::Ran import(const QByteArray& text, const QStringList& options = {});
    QList<QJsonObject> rejects();
    /// "line text reason" of each, in the order of the file.
    QStringList shownRejects();
    /// import - with the pipe held open.
    std::unique_ptr<QProcess> startPipe();
    bool cluster(const QStringList& words);
    /// "entity/attribute" → JSON of the current value, read as the analyst.
    QMap<QString, QByteArray> values();
    qint64 count(const QByteArray& table);
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
    auto process = std::make_unique<QProcess>();
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("ATLAS_LOCAL_ENVIRONMENT"),
                       m_platform.cluster().stateDirectory() + QStringLiteral("/environment.json"));
    environment.insert(QStringLiteral("ATLAS_ENVIRONMENT"), QStringLiteral("local"));
    process->setProcessEnvironment(environment);
    process->setProcessChannelMode(QProcess::MergedChannels);
    process->setWorkingDirectory(m_dir->path());
    process->start(qEnvironmentVariable("ATLAS_CTL"),
                   {QStringLiteral("import"), QStringLiteral("--tenant"), m_tenant,
                    QStringLiteral("--create"), QStringLiteral("-")});
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
