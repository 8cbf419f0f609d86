// SPDX-License-Identifier: GPL-3.0-or-later
// What was sent against the columns it is stored in, and back.
#include <QTest>

#include "model/ingest/json.h"
#include "model/ingest/value.h"
#include "tests/support/nastystrings.h"

using namespace atlas;
using namespace atlas::ingest;

namespace {

std::string standard(const QString& text)
{
    return text.toStdString();
}

/// "num|text|exact|long", – for NULL.
QString shown(const ValueColumns& value)
{
    const auto column = [](bool present, const std::string& text) {
        return present ? QString::fromStdString(text) : QStringLiteral("–");
    };
    return QStringList{column(value.hasNum, value.num), column(value.hasText, value.text),
                       column(value.hasExact, value.exact), column(value.hasLong, value.longText)}
        .join(QLatin1Char('|'));
}

std::optional<QByteArrayView> view(bool present, const std::string& text)
{
    if (!present)
        return std::nullopt;
    return QByteArrayView(text.data(), static_cast<qsizetype>(text.size()));
}

QString readBack(const ValueColumns& v)
{
    return decodeValue(v.type, view(v.hasNum, v.num), view(v.hasText, v.text), view(v.hasExact, v.exact),
                       view(v.hasLong, v.longText))
        .text;
}

} // namespace

class TestIngestValue : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void numbers_data();
    void numbers();
    void numbersRefused_data();
    void numbersRefused();
    void plainDecimalsNeedNoExactColumn();
    void float8Texts_data();
    void float8Texts();
    void strings();
    void longStrings();
    void nulIsRefused();
    void timestamps_data();
    void timestamps();
    void timestampsRefused_data();
    void timestampsRefused();
    void instants_data();
    void instants();
    void instantsRefused_data();
    void instantsRefused();
    void everyDayOfFourCenturies();
    void booleansAndCleared();
    void escaping_data();
    void escaping();
    void utf8_data();
    void utf8();
    void compactJson_data();
    void compactJson();
    void badJson_data();
    void badJson();
    void unstorableJson();
};

void TestIngestValue::numbers_data()
{
    QTest::addColumn<QString>("sent");
    QTest::addColumn<QString>("columns");
    QTest::addRow("integer") << "42"
                             << "42|–|–|–";
    QTest::addRow("zero") << "0"
                          << "0|–|–|–";
    QTest::addRow("minus zero") << "-0"
                                << "-0|–|–|–";
    QTest::addRow("a tenth") << "0.1"
                             << "0.1|–|–|–";
    QTest::addRow("trailing zero") << "1.0"
                                   << "1|–|1.0|–";
    QTest::addRow("zero with a point") << "0.0"
                                       << "0|–|0.0|–";
    QTest::addRow("beyond 2^53") << "9007199254740993"
                                 << "9.007199254740992e+15|–|9007199254740993|–";
    QTest::addRow("2^53") << "9007199254740992"
                          << "9.007199254740992e+15|–|9007199254740992|–";
    QTest::addRow("15 digits") << "123456789012345"
                               << "123456789012345|–|–|–";
    QTest::addRow("30 digits") << "123456789012345678901234567890"
                               << "1.2345678901234568e+29|–|123456789012345678901234567890|–";
    QTest::addRow("too large for a double") << "1e400"
                                            << "Infinity|–|1e400|–";
    QTest::addRow("too small for a double") << "-1e400"
                                            << "-Infinity|–|-1e400|–";
    QTest::addRow("underflow") << "1e-400"
                               << "0|–|1e-400|–";
    QTest::addRow("denormal") << "5e-324"
                              << "5e-324|–|–|–";
    QTest::addRow("exponent as the server writes it") << "1e+21"
                                                      << "1e+21|–|–|–";
    QTest::addRow("exponent as JSON writes it") << "1e21"
                                                << "1e+21|–|1e21|–";
    QTest::addRow("small exponent") << "0.00001"
                                    << "1e-05|–|0.00001|–";
    QTest::addRow("half way between doubles") << "1e+23"
                                              << "9.999999999999999e+22|–|1e+23|–";
    QTest::addRow("upper case") << "1E5"
                                << "100000|–|1E5|–";
    QTest::addRow("largest numeric") << "1e131071"
                                     << "Infinity|–|1e131071|–";
    QTest::addRow("zero with an exponent") << "0e200000"
                                           << "0|–|0|–";
    QTest::addRow("a thousand digits")
        << QString(1000, u'7') << QStringLiteral("Infinity|–|%1|–").arg(QString(1000, u'7'));
    // As the server writes 12e5000: what a dead letter holds, and an export.
    const QString zeros = QStringLiteral("12") + QString(5000, u'0');
    QTest::addRow("zeros of a whole number do not count")
        << zeros << QStringLiteral("Infinity|–|%1|–").arg(zeros);
}

void TestIngestValue::numbers()
{
    QFETCH(QString, sent);
    QFETCH(QString, columns);
    ValueColumns value;
    QCOMPARE(encodeNumber(standard(sent), value), nullptr);
    QCOMPARE(shown(value), columns);
    if (sent != QLatin1String("0e200000")) // shown as 0, which it is
        QCOMPARE(readBack(value), sent);
}

void TestIngestValue::numbersRefused_data()
{
    QTest::addColumn<QString>("sent");
    QTest::addColumn<QString>("reason");
    for (const char* text : {"", "-", "+1", "01", "1.", ".5", "1e", "1e+", "NaN", "Infinity", "-Infinity",
                             "0x10", "1 ", " 1", "1_000", "--1"})
        QTest::addRow("%s", *text ? text : "nothing") << QString::fromLatin1(text) << "not a JSON number";
    QTest::addRow("1,001 digits") << QString(1001, u'1') << "number has more than 1,000 significant digits";
    QTest::addRow("1,001 digits and zeros")
        << QString(1001, u'1') + QString(10, u'0') << "number has more than 1,000 significant digits";
    QTest::addRow("zeros after the point count")
        << QStringLiteral("1.") + QString(1000, u'0') << "number has more than 1,000 significant digits";
    QTest::addRow("exponent") << "1e131072"
                              << "number's exponent is out of range (1e-16383 to 1e131071)";
    QTest::addRow("negative exponent") << "1e-16384"
                                       << "number's exponent is out of range (1e-16383 to 1e131071)";
    QTest::addRow("absurd exponent") << "1e99999999999999999999"
                                     << "number's exponent is out of range (1e-16383 to 1e131071)";
}

void TestIngestValue::numbersRefused()
{
    QFETCH(QString, sent);
    QFETCH(QString, reason);
    ValueColumns value;
    QCOMPARE(QString::fromLatin1(encodeNumber(standard(sent), value)), reason);
}

void TestIngestValue::plainDecimalsNeedNoExactColumn()
{
    // The short way through encodeNumber must agree with the long one: the text float8 would give is the text
    // itself.
    quint64 state = 12345;
    for (int i = 0; i < 20'000; ++i) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        const int digits = 1 + static_cast<int>((state >> 33) % 15);
        qint64 limit = 1;
        for (int d = 0; d < digits; ++d)
            limit *= 10;
        QByteArray text = QByteArray::number(static_cast<qint64>((state >> 3) % static_cast<quint64>(limit)));
        const int point = static_cast<int>((state >> 50) % 9);
        if (point > 0 && text.size() <= point)
            text = QByteArray(point - text.size() + 1, '0') + text;
        if (point > 0)
            text.insert(text.size() - point, '.');
        if (text.endsWith('0') && point > 0)
            continue;
        ValueColumns value;
        QCOMPARE(encodeNumber(text.toStdString(), value), nullptr);
        const double number = text.toDouble();
        if (number != 0 && qAbs(number) < 1e-4)
            continue;
        QVERIFY2(!value.hasExact, text.constData());
        QCOMPARE(QByteArray::fromStdString(float8Text(number)), text);
    }
}

void TestIngestValue::float8Texts_data()
{
    QTest::addColumn<double>("value");
    QTest::addColumn<QString>("text");
    // As PostgreSQL 15 printed them; tst_ingest asks the server about many more.
    QTest::addRow("1e14") << 1e14 << "100000000000000";
    QTest::addRow("1e15") << 1e15 << "1e+15";
    QTest::addRow("0.0001") << 0.0001 << "0.0001";
    QTest::addRow("0.00001") << 0.00001 << "1e-05";
    QTest::addRow("1e100") << 1e100 << "1e+100";
    QTest::addRow("1e23") << 1e23 << "9.999999999999999e+22";
    QTest::addRow("2e23") << 2e23 << "1.9999999999999998e+23";
    QTest::addRow("9e-265") << 9e-265 << "9e-265";
    QTest::addRow("2^-44") << 0x1p-44 << "5.684341886080802e-14";
    QTest::addRow("16 digits") << 1234567890123456.0 << "1.234567890123456e+15";
    QTest::addRow("largest") << 1.7976931348623157e308 << "1.7976931348623157e+308";
    QTest::addRow("-2.5") << -2.5 << "-2.5";
    QTest::addRow("minus zero") << -0.0 << "-0";
}

void TestIngestValue::float8Texts()
{
    QFETCH(double, value);
    QFETCH(QString, text);
    QCOMPARE(QString::fromStdString(float8Text(value)), text);
}

void TestIngestValue::strings()
{
    for (const QString& text : test::nastyStrings()) {
        ValueColumns value;
        QCOMPARE(encodeString(standard(text), value), nullptr);
        QVERIFY(value.hasText && !value.hasNum && !value.hasExact);
        QCOMPARE(readBack(value), text);
    }
    ValueColumns empty;
    QCOMPARE(encodeString("", empty), nullptr);
    QCOMPARE(shown(empty), QStringLiteral("–||–|–"));
    QVERIFY(!empty.isCleared());
}

void TestIngestValue::longStrings()
{
    ValueColumns value;
    // The limit counts characters, not bytes or UTF-16 units.
    const QString truck = QString::fromUtf8("🚚");
    QCOMPARE(encodeString(standard(truck.repeated(256)), value), nullptr);
    QVERIFY(!value.hasLong);
    QCOMPARE(encodeString(standard(truck.repeated(257)), value), nullptr);
    QVERIFY(value.hasLong);
    QCOMPARE(QString::fromStdString(value.text), truck.repeated(256));
    QCOMPARE(readBack(value), truck.repeated(257));
}

void TestIngestValue::nulIsRefused()
{
    ValueColumns value;
    QCOMPARE(QString::fromLatin1(encodeString(std::string_view("a\0b", 3), value)),
             QStringLiteral("text with the character NUL (U+0000) cannot be stored"));
}

void TestIngestValue::timestamps_data()
{
    QTest::addColumn<QString>("sent");
    QTest::addColumn<qint64>("microseconds");
    QTest::addColumn<bool>("kept"); ///< the text is kept beside the instant
    QTest::addRow("epoch") << "1970-01-01T00:00:00Z" << qint64(0) << false;
    QTest::addRow("canonical with fraction")
        << "2026-01-31T12:34:56.000001Z" << qint64(1'769'862'896'000'001) << false;
    QTest::addRow("short fraction") << "2026-01-31T12:34:56.5Z" << qint64(1'769'862'896'500'000) << true;
    QTest::addRow("nanoseconds are cut")
        << "2026-01-31T12:34:56.123456789Z" << qint64(1'769'862'896'123'456) << true;
    QTest::addRow("offset") << "2026-01-31T14:34:56+02:00" << qint64(1'769'862'896'000'000) << true;
    QTest::addRow("negative offset") << "2026-01-31T09:04:56-03:30" << qint64(1'769'862'896'000'000) << true;
    QTest::addRow("lower case") << "2026-01-31t12:34:56z" << qint64(1'769'862'896'000'000) << true;
    QTest::addRow("blank") << "2026-01-31 12:34:56Z" << qint64(1'769'862'896'000'000) << true;
    QTest::addRow("leap second") << "2016-12-31T23:59:60Z" << qint64(1'483'228'800'000'000) << true;
    QTest::addRow("leap day") << "2024-02-29T00:00:00Z" << qint64(1'709'164'800'000'000) << false;
    QTest::addRow("before 1970") << "1969-12-31T23:59:59.999999Z" << qint64(-1) << false;
    QTest::addRow("beyond 2^53") << "9999-12-31T23:59:59Z" << qint64(253'402'300'799'000'000) << true;
    QTest::addRow("first") << "0001-01-01T00:00:00Z" << qint64(-62'135'596'800'000'000) << true;
}

void TestIngestValue::timestamps()
{
    QFETCH(QString, sent);
    QFETCH(qint64, microseconds);
    QFETCH(bool, kept);
    ValueColumns value;
    QCOMPARE(encodeTimestamp(standard(sent), value), nullptr);
    QCOMPARE(QString::fromStdString(value.num), QString::number(microseconds));
    QCOMPARE(value.hasLong, kept);
    QCOMPARE(readBack(value), sent);
}

void TestIngestValue::timestampsRefused_data()
{
    QTest::addColumn<QString>("sent");
    for (const char* text : {"2026-01-01",
                             "2026-01-01T00:00:00",
                             "2026-01-01T00:00Z",
                             "2026-1-01T00:00:00Z",
                             "2026-13-01T00:00:00Z",
                             "2026-02-29T00:00:00Z",
                             "2026-01-01T24:00:00Z",
                             "2026-01-01T00:60:00Z",
                             "2026-01-01T00:00:61Z",
                             "2026-01-01T00:00:00.Z",
                             "2026-01-01T00:00:00+0200",
                             "2026-01-01T00:00:00+02",
                             "2026-01-01T00:00:00+24:00",
                             "2026-01-01T00:00:00Zx",
                             " 2026-01-01T00:00:00Z",
                             "0000-01-01T00:00:00Z",
                             "9999-12-31T23:59:59-01:00",
                             "20260101T000000Z",
                             "now",
                             "",
                             "2026-01-01T00:00:00,5Z"})
        QTest::addRow("%s", *text ? text : "nothing") << QString::fromLatin1(text);
}

void TestIngestValue::timestampsRefused()
{
    QFETCH(QString, sent);
    QVERIFY(!parseTimestamp(standard(sent)));
}

void TestIngestValue::instants_data()
{
    QTest::addColumn<QString>("sent");
    QTest::addColumn<qint64>("microseconds");
    constexpr qint64 noon = 1'769'860'800'000'000; // 2026-01-31T12:00:00Z
    QTest::addRow("RFC 3339") << "2026-01-31T12:00:00Z" << noon;
    QTest::addRow("blank and lower case") << "2026-01-31 12:00:00z" << noon;
    QTest::addRow("offset") << "2026-01-31T14:00:00+02:00" << noon;
    QTest::addRow("offset of four digits") << "2026-01-31T14:00:00+0200" << noon;
    QTest::addRow("offset of two digits") << "2026-01-31T09:00:00-03" << noon;
    QTest::addRow("offset with minutes") << "2026-01-31T17:30:00+0530" << noon;
    QTest::addRow("point") << "2026-01-31T12:00:00.25+00" << noon + 250'000;
    QTest::addRow("comma") << "2026-01-31T12:00:00,25Z" << noon + 250'000;
    QTest::addRow("nanoseconds are cut") << "2026-01-31T12:00:00,123456789Z" << noon + 123'456;
    QTest::addRow("no seconds") << "2026-01-31T12:00Z" << noon;
    QTest::addRow("no seconds, offset") << "2026-01-31T14:00+0200" << noon;
    QTest::addRow("basic") << "20260131T120000Z" << noon;
    QTest::addRow("basic with an offset") << "20260131T140000+0200" << noon;
    QTest::addRow("basic with a fraction") << "20260131T120000,5Z" << noon + 500'000;
    QTest::addRow("basic without seconds") << "20260131T1200Z" << noon;
    QTest::addRow("basic without seconds, offset") << "20260131T1400+02" << noon;
}

void TestIngestValue::instants()
{
    QFETCH(QString, sent);
    QFETCH(qint64, microseconds);
    const auto parsed = parseInstant(standard(sent));
    QVERIFY(parsed.has_value());
    QCOMPARE(qint64(*parsed), microseconds);
}

void TestIngestValue::instantsRefused_data()
{
    QTest::addColumn<QString>("sent");
    for (const char* text : {"2026-01-31",
                             "20260131",
                             "2026-01-31T12:00:00",
                             "2026-01-31T12:00",
                             "20260131T120000",
                             "2026-01-31T12Z",
                             "2026-01-31T12:0Z",
                             "2026-01-31T12:00:0Z",
                             "2026-01-31T12:00:Z",
                             "2026-01-31T12:00:00.Z",
                             "2026-01-31T12:00,5Z",
                             "2026-01-31T12:00:00 +02:00",
                             "2026-01-31T12:00:00+2",
                             "2026-01-31T12:00:00+02:",
                             "2026-01-31T12:00:00+02:0",
                             "2026-01-31T12:00:00+02000",
                             "2026-01-31T12:00:00+24",
                             "2026-01-31T12:00:00ZZ",
                             "2026-02-29T12:00:00Z",
                             "20260229T120000Z",
                             "2026-0131T12:00:00Z",
                             "202601-31T12:00:00Z",
                             "20260131T12:00:00Z",
                             "2026-01-31T120000Z",
                             "31.01.2026 12:00:00Z",
                             "1769860800",
                             "now",
                             ""})
        QTest::addRow("%s", *text ? text : "nothing") << QString::fromLatin1(text);
}

void TestIngestValue::instantsRefused()
{
    QFETCH(QString, sent);
    QVERIFY(!parseInstant(standard(sent)));
}

void TestIngestValue::everyDayOfFourCenturies()
{
    // Qt's calendar is the second opinion.
    for (QDate date(1799, 12, 30); date.year() < 2201; date = date.addDays(1)) {
        const QString text = date.toString(QStringLiteral("yyyy-MM-dd")) + QStringLiteral("T01:02:03Z");
        const auto parsed = parseTimestamp(standard(text));
        QVERIFY2(parsed, qPrintable(text));
        QCOMPARE(*parsed, QDateTime(date, QTime(1, 2, 3), Qt::UTC).toMSecsSinceEpoch() * 1000);
        QCOMPARE(QString::fromStdString(canonicalTimestamp(*parsed)), text);
    }
}

void TestIngestValue::booleansAndCleared()
{
    ValueColumns value;
    encodeBoolean(true, value);
    QCOMPARE(shown(value), QStringLiteral("1|–|–|–"));
    QCOMPARE(readBack(value), QStringLiteral("true"));
    encodeBoolean(false, value);
    QCOMPARE(readBack(value), QStringLiteral("false"));
    encodeCleared(ValueType::Number, value);
    QCOMPARE(shown(value), QStringLiteral("–|–|–|–"));
    QVERIFY(decodeValue(ValueType::Number, {}, {}, {}, {}).cleared);
    QCOMPARE(decodeValue(ValueType::Number, {}, {}, {}, {}).json(), QByteArray("null"));
}

void TestIngestValue::escaping_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("escaped");
    QTest::addRow("plain") << QByteArray("plain") << QByteArray("plain");
    QTest::addRow("all") << QByteArray("a\tb\nc\rd\\e") << QByteArray("a\\tb\\nc\\rd\\\\e");
    QTest::addRow("end mark") << QByteArray("\\.") << QByteArray("\\\\.");
    QTest::addRow("null mark") << QByteArray("\\N") << QByteArray("\\\\N");
    QTest::addRow("at both ends") << QByteArray("\nx\n") << QByteArray("\\nx\\n");
}

void TestIngestValue::escaping()
{
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, escaped);
    std::string out("x");
    appendEscaped(out, text.toStdString());
    QCOMPARE(QByteArray::fromStdString(out), "x" + escaped);
}

void TestIngestValue::utf8_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<bool>("valid");
    QTest::addRow("ascii") << QByteArray("abc") << true;
    QTest::addRow("two") << QByteArray("\xC3\xA4") << true;
    QTest::addRow("four") << QByteArray("\xF0\x9F\x9A\x9A") << true;
    QTest::addRow("last") << QByteArray("\xF4\x8F\xBF\xBF") << true;
    QTest::addRow("beyond the last") << QByteArray("\xF4\x90\x80\x80") << false;
    QTest::addRow("overlong") << QByteArray("\xC0\x80") << false;
    QTest::addRow("overlong three") << QByteArray("\xE0\x80\x80") << false;
    QTest::addRow("surrogate") << QByteArray("\xED\xA0\x80") << false;
    QTest::addRow("cut") << QByteArray("a\xE2\x82") << false;
    QTest::addRow("alone") << QByteArray("\x80") << false;
    QTest::addRow("latin1") << QByteArray("caf\xE9") << false;
}

void TestIngestValue::utf8()
{
    QFETCH(QByteArray, bytes);
    QFETCH(bool, valid);
    QCOMPARE(isUtf8(bytes.toStdString()), valid);
}

void TestIngestValue::compactJson_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("compact");
    QTest::addRow("empty") << QByteArray(" { } ") << QByteArray("{}");
    QTest::addRow("nested") << QByteArray("{ \"a\" : [ 1 , 2.50, {\"b\":null} ] , \"c\": true }")
                            << QByteArray("{\"a\":[1,2.50,{\"b\":null}],\"c\":true}");
    QTest::addRow("numbers stay") << QByteArray("[9007199254740993, 1e400, -0, 1.0]")
                                  << QByteArray("[9007199254740993,1e400,-0,1.0]");
    QTest::addRow("escapes") << QByteArray("[\"\\u00e4\\/\\n\\\"\\ud83d\\ude9a\"]")
                             << QByteArray("[\"ä/\\n\\\"🚚\"]");
    QTest::addRow("repeated keys stay") << QByteArray("{\"a\":1,\"a\":2}") << QByteArray("{\"a\":1,\"a\":2}");
}

void TestIngestValue::compactJson()
{
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, compact);
    JsonReader reader(std::string_view(text.constData(), static_cast<std::size_t>(text.size())));
    std::string out;
    const char* unstorable = nullptr;
    QVERIFY2(reader.compactValue(out, unstorable), reader.problem());
    QCOMPARE(unstorable, nullptr);
    QVERIFY(reader.atEnd());
    QCOMPARE(QByteArray::fromStdString(out), compact);
    ValueColumns value;
    encodeJson(out, value);
    QCOMPARE(readBack(value).toUtf8(), compact);
}

void TestIngestValue::badJson_data()
{
    QTest::addColumn<QByteArray>("text");
    for (const char* text : {"{",
                             "[",
                             "[1",
                             "[1,",
                             "[1,]",
                             "[1 2]",
                             "{\"a\"",
                             "{\"a\":",
                             "{\"a\":1",
                             "{\"a\":1,",
                             "{\"a\":1,}",
                             "{a:1}",
                             "{\"a\" 1}",
                             "[tru]",
                             "[nul",
                             "['a']",
                             "[\"a",
                             "[\"\\x\"]",
                             "[\"\\u12\"]",
                             "[\"\\ud800\"]",
                             "[\"\\udc00\"]",
                             "[\"\\ud800\\u0041\"]",
                             "[01]",
                             "[1.]",
                             "[.5]",
                             "[+1]",
                             "[1e]",
                             "[NaN]",
                             "[Infinity]",
                             "]",
                             "{]",
                             "[}",
                             "[\"\n\"]"})
        QTest::addRow("%s", text) << QByteArray(text);
}

void TestIngestValue::badJson()
{
    QFETCH(QByteArray, text);
    JsonReader reader(std::string_view(text.constData(), static_cast<std::size_t>(text.size())));
    std::string out;
    const char* unstorable = nullptr;
    QVERIFY(!reader.compactValue(out, unstorable) || !reader.atEnd());
}

void TestIngestValue::unstorableJson()
{
    const auto problem = [](const std::string& text) {
        JsonReader reader(text);
        std::string out;
        const char* unstorable = nullptr;
        return reader.compactValue(out, unstorable) && unstorable ? QString::fromLatin1(unstorable)
                                                                  : QString();
    };
    QCOMPARE(problem("[\"a\\u0000\"]"),
             QStringLiteral("JSON with the character NUL (U+0000) cannot be stored"));
    QCOMPARE(problem("{\"\\u0000\":1}"),
             QStringLiteral("JSON with the character NUL (U+0000) cannot be stored"));
    QCOMPARE(problem("[1e999999]"),
             QStringLiteral("number's exponent is out of range (1e-16383 to 1e131071)"));
    QCOMPARE(problem(std::string(500, '[') + std::string(500, ']')), QString());
    QCOMPARE(problem(std::string(501, '[') + std::string(501, ']')),
             QStringLiteral("JSON is nested deeper than 500 levels"));
    // Far deeper than any stack: read to its end all the same.
    QCOMPARE(problem(std::string(2'000'000, '[') + std::string(2'000'000, ']')),
             QStringLiteral("JSON is nested deeper than 500 levels"));
}

QTEST_GUILESS_MAIN(TestIngestValue)
#include "tst_ingestvalue.moc"
