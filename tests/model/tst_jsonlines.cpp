// SPDX-License-Identifier: GPL-3.0-or-later
// The import format: lines, observations, and what is wrong with them.
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QTest>

#include "model/ingest/batch.h"
#include "model/ingest/importer.h"
#include "model/ingest/jsonlines.h"
#include "tests/support/nastystrings.h"

using namespace atlas;
using namespace atlas::ingest;

namespace {

std::string_view viewOf(const QByteArray& bytes)
{
    return {bytes.constData(), static_cast<std::size_t>(bytes.size())};
}

/// Reads `text` in steps of `step` bytes; lines joined by |, long ones as <length>.
QByteArray linesOf(const QByteArray& text, qint64 step, std::size_t maxLine = LineReader::defaultMaxLine,
                   QByteArray* consumed = nullptr)
{
    qint64 at = 0;
    LineReader reader(
        [&](char* data, std::int64_t size) -> std::int64_t {
            const qint64 n = std::min({step, static_cast<qint64>(size), text.size() - at});
            memcpy(data, text.constData() + at, static_cast<std::size_t>(n));
            at += n;
            return n;
        },
        maxLine);
    if (consumed)
        reader.consumed = [consumed](std::string_view bytes) {
            consumed->append(bytes.data(), static_cast<qsizetype>(bytes.size()));
        };
    QByteArrayList out;
    std::string_view line;
    for (;;) {
        switch (reader.next(line)) {
        case LineReader::Result::Line:
            out.append(QByteArray::number(static_cast<qint64>(reader.lineNumber())) + ':' +
                       QByteArray(line.data(), static_cast<qsizetype>(line.size())));
            break;
        case LineReader::Result::LongLine: {
            std::size_t length = 0;
            while (reader.nextPiece(line))
                length += line.size();
            out.append(QByteArray::number(static_cast<qint64>(reader.lineNumber())) + ":<" +
                       QByteArray::number(static_cast<qulonglong>(length)) + '>');
            break;
        }
        default:
            return out.join('|');
        }
    }
}

} // namespace

class TestJsonLines : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void lines_data();
    void lines();
    void longLines();
    void quietSources();
    void whole();
    void optionalParts();
    void observedAtAsOthersWriteIt();
    void numericId();
    void badLines_data();
    void badLines();
    void badValues();
    void repeatedAttributeKeepsTheFirst();
    void nastyNamesAndValues();
    void batchDictionary();
    void batchForStaging();
    void batchIdentity();
    void names();
    void rejectsFile();
};

void TestJsonLines::lines_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("lines");
    QTest::addRow("none") << QByteArray() << QByteArray();
    QTest::addRow("one without an end") << QByteArray("a") << QByteArray("1:a");
    QTest::addRow("one") << QByteArray("a\n") << QByteArray("1:a");
    QTest::addRow("two") << QByteArray("a\nbc") << QByteArray("1:a|2:bc");
    QTest::addRow("empty ones count") << QByteArray("\n\na\n\n") << QByteArray("1:|2:|3:a|4:");
    QTest::addRow("carriage returns stay") << QByteArray("a\r\nb\r\n") << QByteArray("1:a\r|2:b\r");
    QTest::addRow("byte order mark") << QByteArray("\xEF\xBB\xBF"
                                                   "a\nb")
                                     << QByteArray("1:a|2:b");
    QTest::addRow("only a mark") << QByteArray("\xEF\xBB\xBF") << QByteArray();
    QTest::addRow("mark elsewhere") << QByteArray("a\n\xEF\xBB\xBF"
                                                  "b")
                                    << QByteArray("1:a|2:\xEF\xBB\xBF"
                                                  "b");
    QTest::addRow("two bytes") << QByteArray("ab") << QByteArray("1:ab");
}

void TestJsonLines::lines()
{
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, lines);
    for (const qint64 step : {1, 2, 3, 7, 4096})
        QCOMPARE(linesOf(text, step), lines);
}

void TestJsonLines::longLines()
{
    const QByteArray text = QByteArray("short\n") + QByteArray(5000, 'x') + "\nafter\n" +
                            QByteArray(64, 'y') + '\n' + QByteArray(63, 'z');
    for (const qint64 step : {1, 64, 100, 100'000}) {
        QByteArray consumed;
        QCOMPARE(linesOf(text, step, 64, &consumed),
                 QByteArray("1:short|2:<5000>|3:after|4:<64>|5:") + QByteArray(63, 'z'));
        QCOMPARE(consumed, text);
    }
}

void TestJsonLines::quietSources()
{
    // Before anything, in the middle of a line, and in a line that is too long.
    QByteArrayList pieces{"", "a", "", "b\nc", "", "\n", QByteArray(20, 'x'), "", "y\n", "end"};
    LineReader reader(
        [&pieces](char* data, std::int64_t size) -> std::int64_t {
            if (pieces.isEmpty())
                return 0;
            QByteArray piece = pieces.takeFirst();
            if (piece.isEmpty())
                return LineReader::quiet;
            const auto length = std::min(static_cast<qsizetype>(size), piece.size());
            memcpy(data, piece.constData(), static_cast<std::size_t>(length));
            if (length < piece.size())
                pieces.prepend(piece.mid(length));
            return length;
        },
        16);
    QByteArrayList seen;
    for (std::string_view line;;) {
        const LineReader::Result result = reader.next(line);
        if (result == LineReader::Result::Line) {
            seen.append(QByteArray(line.data(), static_cast<qsizetype>(line.size())));
        } else if (result == LineReader::Result::LongLine) {
            qsizetype length = 0;
            while (reader.nextPiece(line))
                length += static_cast<qsizetype>(line.size());
            seen.append('<' + QByteArray::number(length) + '>');
        } else if (result == LineReader::Result::Quiet) {
            seen.append("quiet");
        } else {
            QVERIFY(result == LineReader::Result::End);
            break;
        }
    }
    QCOMPARE(seen, (QByteArrayList{"quiet", "quiet", "ab", "quiet", "c", "<21>", "end"}));
}

void TestJsonLines::whole()
{
    Observation o;
    const std::string problem = parseObservation(
        R"( {"id": "t-1", "type": "truck", "name": "Ä\u0031", "observed_at": "2026-01-01T00:00:00Z", "attributes": {"n": 1.50, "s": "x", "b": true, "z": null, "j": [1, 2]}} )",
        o);
    QCOMPARE(QString::fromStdString(problem), QString());
    QCOMPARE(QString::fromStdString(o.id), QStringLiteral("t-1"));
    QCOMPARE(QString::fromStdString(*o.type), QStringLiteral("truck"));
    QCOMPARE(QString::fromStdString(*o.name), QStringLiteral("Ä1"));
    QCOMPARE(*o.observedAt, std::int64_t(1'767'225'600'000'000));
    QCOMPARE(o.valueCount, std::size_t(5));
    QCOMPARE(QString::fromStdString(o.values[0].text), QStringLiteral("1.50"));
    QVERIFY(o.values[3].kind == JsonReader::Kind::Null);
    QCOMPARE(QString::fromStdString(o.values[4].text), QStringLiteral("[1,2]"));
}

void TestJsonLines::optionalParts()
{
    Observation o;
    QCOMPARE(parseObservation(R"({"id":"a","type":null,"name":null,"observed_at":null})", o), std::string());
    QVERIFY(!o.type && !o.name && !o.observedAt && o.valueCount == 0);
    QCOMPARE(parseObservation(R"({"id":"a","type":"","attributes":{}})", o), std::string());
    QVERIFY(o.type && o.type->empty());
}

void TestJsonLines::observedAtAsOthersWriteIt()
{
    Observation o;
    QCOMPARE(parseObservation(R"({"id":"a","observed_at":"20260101T000000+0000"})", o), std::string());
    QCOMPARE(*o.observedAt, std::int64_t(1'767'225'600'000'000));
    // As a value it stays what it was: text.
    QVERIFY(!parseTimestamp("20260101T000000+0000"));
}

void TestJsonLines::numericId()
{
    Observation o;
    QCOMPARE(parseObservation(R"({"id":9007199254740993})", o), std::string());
    QCOMPARE(QString::fromStdString(o.id), QStringLiteral("9007199254740993"));
}

void TestJsonLines::badLines_data()
{
    QTest::addColumn<QByteArray>("line");
    QTest::addColumn<QString>("problem");
    QTest::addRow("nothing") << QByteArray("x") << "column 1: a JSON object is expected";
    QTest::addRow("array") << QByteArray("[]") << "column 1: a JSON object is expected";
    QTest::addRow("no id") << QByteArray("{}") << "id is missing";
    QTest::addRow("empty id") << QByteArray(R"({"id":""})") << "id: the entity's id is empty";
    QTest::addRow("null id") << QByteArray(R"({"id":null})") << "column 11: id must not be null";
    QTest::addRow("real id") << QByteArray(R"({"id":1.5})") << "column 10: id must be a string or an integer";
    QTest::addRow("id twice") << QByteArray(R"({"id":"a","id":"b"})") << "key \"id\" appears twice";
    QTest::addRow("unknown key")
        << QByteArray(R"({"id":"a","atributes":{}})")
        << "unknown key \"atributes\" (id, type, name, observed_at and attributes are known)";
    QTest::addRow("type is a number")
        << QByteArray(R"({"id":"a","type":1})") << "column 18: type must be a string";
    QTest::addRow("attributes is a list")
        << QByteArray(R"({"id":"a","attributes":[]})") << "column 24: attributes must be an object";
    QTest::addRow("observed_at is a number")
        << QByteArray(R"({"id":"a","observed_at":5})")
        << "column 25: observed_at must be a string (ISO 8601, with zone)";
    QTest::addRow("observed_at without zone")
        << QByteArray(R"({"id":"a","observed_at":"2026-01-01T00:00:00"})")
        << "observed_at is not a date and time with zone (ISO 8601), years 1 to 9999";
    QTest::addRow("missing colon") << QByteArray(R"({"id" "a"})") << "column 7: a colon is expected";
    QTest::addRow("more text") << QByteArray(R"({"id":"a"} x)") << "column 12: more text after the object";
    QTest::addRow("two objects") << QByteArray(R"({"id":"a"}{"id":"b"})")
                                 << "column 11: more text after the object";
    QTest::addRow("cut") << QByteArray(R"({"id":"a","attributes":{"x":1)")
                         << "column 30: the line ends inside an object";
    QTest::addRow("utf-8") << QByteArray("{\"id\":\"caf\xE9\"}") << "not valid UTF-8";
    QTest::addRow("lone surrogate")
        << QByteArray(R"({"id":"a","attributes":{"x":"\ud800"}})")
        << "column 36: a surrogate stands alone (\\uD800 to \\uDBFF without its second half)";
    QTest::addRow("NUL in the id") << QByteArray(R"({"id":"a\u0000"})")
                                   << "id: a name with the character NUL (U+0000) cannot be stored";
    QTest::addRow("raw NUL") << QByteArray("{\"id\":\"a\0\"}", 11)
                             << "column 9: a control character inside a string must be escaped";
    QTest::addRow("long id") << QByteArray("{\"id\":\"" + QByteArray(501, 'x') + "\"}")
                             << "id: the entity's id is longer than 500 characters";
    QTest::addRow("single quotes") << QByteArray("{'id':'a'}")
                                   << "column 2: a key in double quotes is expected";
}

void TestJsonLines::badLines()
{
    QFETCH(QByteArray, line);
    QFETCH(QString, problem);
    Observation o;
    QCOMPARE(QString::fromStdString(parseObservation(viewOf(line), o)), problem);
}

void TestJsonLines::badValues()
{
    // What is wrong with one value leaves the others.
    Observation o;
    const QByteArray line = R"({"id":"a","attributes":{"ok":1,"":2,"nul\u0000":3,"j":["\u0000"],")" +
                            QByteArray(501, 'n') + R"(":4,"last":5}})";
    QCOMPARE(parseObservation(viewOf(line), o), std::string());
    QStringList problems;
    for (std::size_t i = 0; i < o.valueCount; ++i)
        problems.append(QString::fromUtf8(o.values[i].problem ? o.values[i].problem : "-"));
    QCOMPARE(problems, (QStringList{QStringLiteral("-"), QStringLiteral("an attribute's name is empty"),
                                    QStringLiteral("a name with the character NUL (U+0000) cannot be stored"),
                                    QStringLiteral("JSON with the character NUL (U+0000) cannot be stored"),
                                    QStringLiteral("an attribute's name is longer than 500 characters"),
                                    QStringLiteral("-")}));
}

void TestJsonLines::repeatedAttributeKeepsTheFirst()
{
    for (const int others : {0, 40}) { // few and many are looked through in different ways
        QByteArray line = R"({"id":"a","attributes":{"x":1,"x":2)";
        for (int i = 0; i < others; ++i)
            line += ",\"o" + QByteArray::number(i) + "\":0";
        line += R"(,"x":3}})";
        Observation o;
        QCOMPARE(parseObservation(viewOf(line), o), std::string());
        int repeated = 0;
        for (std::size_t i = 0; i < o.valueCount; ++i)
            repeated += o.values[i].problem != nullptr;
        QCOMPARE(repeated, 2);
        QCOMPARE(o.values[0].problem, nullptr);
    }
}

void TestJsonLines::nastyNamesAndValues()
{
    for (const QString& text : test::nastyStrings()) {
        std::string quoted;
        appendJsonString(quoted, text.toStdString());
        // Qt's parser is the second opinion on our writer; it swallows byte order marks.
        if (!text.startsWith(QChar(QChar::ByteOrderMark)))
            QCOMPARE(QJsonDocument::fromJson("[" + QByteArray::fromStdString(quoted) + "]")[0].toString(),
                     text);
        std::string line = "{\"id\":" + quoted;
        line.append(",\"attributes\":{").append(quoted).append(":").append(quoted).append("}}");
        Observation o;
        QCOMPARE(parseObservation(line, o), std::string());
        QCOMPARE(o.id, text.toStdString());
        QCOMPARE(o.values[0].name, text.toStdString());
        QCOMPARE(o.values[0].text, text.toStdString());
    }
}

void TestJsonLines::batchDictionary()
{
    Batch batch(7, "test");
    const int a = batch.entity("a", "truck");
    QCOMPARE(batch.entity("b"), a + 1);
    QCOMPARE(batch.entity("a", std::nullopt, "Name\tof a"), a);
    const int x = batch.attribute("x", ValueType::Number);
    QVERIFY(batch.attribute("x", ValueType::String) != x); // the server decides which of them is right
    QCOMPARE(batch.attribute("x", ValueType::Number), x);
    batch.addDecimal(a, x, 0, -1250, 3);
    batch.addDecimal(a, x, 1, 1000, 3);
    batch.addDecimal(a, x, 1, -5, 3);
    batch.addBoolean(a, x, 1, true);
    batch.addShortText(a, x, 1, "t\\");
    QCOMPARE(QByteArray::fromStdString(batch.entitiesCopy()),
             QByteArray("0\ta\ttruck\tName\\tof a\n1\tb\t\\N\t\\N\n"));
    QCOMPARE(QByteArray::fromStdString(batch.attributesCopy()), QByteArray("0\tx\t2\n1\tx\t1\n"));
    QCOMPARE(QByteArray::fromStdString(batch.valuesCopy()),
             QByteArray("0\t0\t1970-01-01T00:00:00Z\t-1.25\t\\N\t\\N\t\\N\n"
                        "0\t0\t1970-01-01T00:00:00.000001Z\t1\t\\N\t\\N\t\\N\n"
                        "0\t0\t1970-01-01T00:00:00.000001Z\t-0.005\t\\N\t\\N\t\\N\n"
                        "0\t0\t1970-01-01T00:00:00.000001Z\t1\t\\N\t\\N\t\\N\n"
                        "0\t0\t1970-01-01T00:00:00.000001Z\t\\N\tt\\\\\t\\N\t\\N\n"));
    QCOMPARE(batch.rows(), std::int64_t(5));
    QCOMPARE(batch.bytes(), std::int64_t(5 * 2 + 4 * 8 + 2));
    batch.reset();
    QVERIFY(batch.isEmpty());
    QCOMPARE(batch.entity("c"), 0);
}

void TestJsonLines::batchForStaging()
{
    Batch batch(7, "my\tsource");
    const int a = batch.entity("a\\", "truck");
    const int b = batch.entity("b");
    batch.addShortText(a, batch.attribute("s", ValueType::String), 0, "one\ntwo");
    batch.addDecimal(b, batch.attribute("n", ValueType::Number), 0, 5, 0);
    QByteArray copy;
    batch.stagingCopy([&](std::string&& piece) { copy += QByteArray::fromStdString(piece); });
    QCOMPARE(
        copy,
        QByteArray("7\ta\\\\\ttruck\t\\N\ts\t1\t1970-01-01T00:00:00Z\t\\N\tone\\ntwo\t\\N\t\\N\tmy\\tsource\n"
                   "7\tb\t\\N\t\\N\tn\t2\t1970-01-01T00:00:00Z\t5\t\\N\t\\N\t\\N\tmy\\tsource\n"));
}

void TestJsonLines::batchIdentity()
{
    QCOMPARE(BatchId::derive("words", 5), BatchId::derive("words", 5));
    QCOMPARE(BatchId::derive("words", 5).uuid, BatchId::derive("words", 6).uuid);
    QVERIFY(BatchId::derive("words", 5).uuid != BatchId::derive("other", 5).uuid);
    QVERIFY(BatchId::random().uuid != BatchId::random().uuid);
    QCOMPARE(BatchId::derive("words", 5).uuid.size(), 36);
}

void TestJsonLines::names()
{
    QCOMPARE(nameProblem("", NameKind::EntityName), nullptr);
    QVERIFY(nameProblem("", NameKind::Attribute));
    QCOMPARE(nameProblem(QString::fromUtf8("🚚").repeated(500).toStdString(), NameKind::Attribute), nullptr);
    QVERIFY(nameProblem(QString::fromUtf8("🚚").repeated(501).toStdString(), NameKind::Attribute));
    QVERIFY(nameProblem(std::string(201, 'x'), NameKind::EntityType));
    QVERIFY(nameProblem("\xff", NameKind::EntityId));
}

void TestJsonLines::rejectsFile()
{
    QTemporaryDir dir;
    const QString path = dir.filePath(QStringLiteral("rejects.jsonl"));
    const QByteArray bad = QByteArray("caf\xE9\0\"", 6);
    {
        RejectsFile rejects(path);
        QVERIFY(!rejects.isUsed());
        QVERIFY(!QFile::exists(path));
        rejects.write(RejectsFile::line(3, "bad \"thing\"", "text \\ with\ttabs"));
        rejects.write(RejectsFile::line(4, "bytes", viewOf(bad)));
        rejects.write(RejectsFile::value(5, "why", "e", "a", "v"));
        const QList<QByteArray> pieces{"abcd", "", "e", QByteArray("\n\xFF", 2)};
        int next = 0;
        rejects.longLine(6, "long", [&](std::string_view& piece) {
            if (next == pieces.size())
                return false;
            piece = viewOf(pieces[next++]);
            return true;
        });
        QVERIFY(rejects.isGood());
    }
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    QList<QJsonObject> rows;
    while (!file.atEnd()) {
        QJsonParseError error;
        rows.append(QJsonDocument::fromJson(file.readLine(), &error).object());
        QCOMPARE(error.error, QJsonParseError::NoError);
    }
    QCOMPARE(rows.size(), 4);
    QCOMPARE(rows[0][QLatin1String("line")].toInt(), 3);
    QCOMPARE(rows[0][QLatin1String("reason")].toString(), QStringLiteral("bad \"thing\""));
    QCOMPARE(rows[0][QLatin1String("text")].toString(), QStringLiteral("text \\ with\ttabs"));
    QCOMPARE(QByteArray::fromBase64(rows[1][QLatin1String("base64")].toString().toLatin1()), bad);
    QCOMPARE(rows[2][QLatin1String("attribute")].toString(), QStringLiteral("a"));
    QCOMPARE(QByteArray::fromBase64(rows[3][QLatin1String("base64")].toString().toLatin1()),
             QByteArray("abcde\n\xFF", 7));

    RejectsFile unwritable(dir.filePath(QStringLiteral("missing/rejects.jsonl")));
    unwritable.write(RejectsFile::line(1, "a", "b"));
    QVERIFY(!unwritable.isGood());
}

QTEST_GUILESS_MAIN(TestJsonLines)
#include "tst_jsonlines.moc"
