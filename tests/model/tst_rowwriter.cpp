// SPDX-License-Identifier: GPL-3.0-or-later
#include <QBuffer>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

#include "model/export/rowwriter.h"

using namespace atlas;
using namespace atlas::exporting;

namespace {
browse::Row row(const QString& id, const QString& name, std::vector<std::optional<QString>> values)
{
    browse::Row made;
    made.entityId = 7;
    made.externalId = id;
    made.name = name;
    made.type = QStringLiteral("truck");
    made.seen = QDateTime(QDate(2026, 3, 4), QTime(5, 6, 7), Qt::UTC);
    made.values = std::move(values);
    return made;
}

QByteArray written(RowFormat format, const QList<RowColumn>& columns, const std::vector<browse::Row>& rows)
{
    QBuffer buffer;
    buffer.open(QIODevice::WriteOnly);
    RowWriter writer(format, &buffer, columns);
    bool ok = writer.begin();
    for (const browse::Row& one : rows)
        ok = ok && writer.write(one);
    ok = ok && writer.finish();
    return ok && writer.rows() == qint64(rows.size()) ? buffer.data()
                                                      : QByteArray("failed: ") + writer.error().toUtf8();
}

/// A CSV reader of its own, so that the writer is not checked against itself.
QList<QStringList> readCsv(const QByteArray& bytes)
{
    const QString text = QString::fromUtf8(bytes);
    QList<QStringList> lines;
    QStringList line;
    QString field;
    bool quoted = false;
    for (qsizetype i = 0; i < text.size(); ++i) {
        const QChar c = text.at(i);
        if (quoted) {
            if (c != QLatin1Char('"')) {
                field += c;
            } else if (i + 1 < text.size() && text.at(i + 1) == QLatin1Char('"')) {
                field += c;
                ++i;
            } else {
                quoted = false;
            }
        } else if (c == QLatin1Char('"')) {
            quoted = true;
        } else if (c == QLatin1Char(',')) {
            line.append(std::exchange(field, {}));
        } else if (c == QLatin1Char('\n')) {
            line.append(std::exchange(field, {}));
            lines.append(std::exchange(line, {}));
        } else {
            field += c;
        }
    }
    return lines;
}

class FullDevice : public QIODevice
{
protected:
    qint64 readData(char*, qint64) override { return -1; }
    qint64 writeData(const char*, qint64 size) override
    {
        m_written += size;
        if (m_written <= 200)
            return size;
        setErrorString(QStringLiteral("no space left"));
        return -1;
    }

private:
    qint64 m_written = 0;
};
} // namespace

class TestRowWriter : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void csvKeepsEveryCharacter_data()
    {
        QTest::addColumn<QString>("text");
        QTest::newRow("plain") << QStringLiteral("plain");
        QTest::newRow("comma") << QStringLiteral("a,b");
        QTest::newRow("quote") << QStringLiteral("say \"hi\"");
        QTest::newRow("only a quote") << QStringLiteral("\"");
        QTest::newRow("line break") << QStringLiteral("one\ntwo\r\nthree");
        QTest::newRow("spaces at the edges") << QStringLiteral("  x ");
        QTest::newRow("empty") << QString();
        QTest::newRow("outside the BMP") << QStringLiteral("\U0001F69A truck");
        QTest::newRow("control") << QStringLiteral("\u0001\u001b[31m");
        QTest::newRow("backslash") << QStringLiteral("C:\\new\\table");
    }
    void csvKeepsEveryCharacter()
    {
        QFETCH(QString, text);
        const QByteArray bytes =
            written(RowFormat::Csv, {{text.isEmpty() ? QStringLiteral("x") : text, ValueType::String}},
                    {row(QStringLiteral("id,1"), text, {text})});
        const QList<QStringList> lines = readCsv(bytes);
        QCOMPARE(lines.size(), 2);
        QCOMPARE(lines.at(0).size(), 5);
        QCOMPARE(lines.at(1).at(0), QStringLiteral("id,1"));
        QCOMPARE(lines.at(1).at(2), text);
        QCOMPARE(lines.at(1).at(3), text);
        QCOMPARE(lines.at(1).at(4), QStringLiteral("2026-03-04T05:06:07Z"));
    }
    void csvTellsMissingFromEmpty()
    {
        const QByteArray bytes =
            written(RowFormat::Csv,
                    {{QStringLiteral("a"), ValueType::String}, {QStringLiteral("b"), ValueType::String}},
                    {row(QStringLiteral("1"), QStringLiteral("n"), {QString::fromLatin1(""), std::nullopt})});
        QCOMPARE(bytes.split('\n').at(1), QByteArray("1,truck,n,\"\",,2026-03-04T05:06:07Z"));
    }
    void csvHeaderHasEachNameOnce()
    {
        const QByteArray bytes = written(
            RowFormat::Csv,
            {{QStringLiteral("name"), ValueType::String}, {QStringLiteral("seen"), ValueType::String}}, {});
        QCOMPARE(bytes, QByteArray("id,type,entity.name,name,seen,entity.seen\n"));
    }

    void jsonKeepsNumbersAsSent()
    {
        const QByteArray bytes = written(
            RowFormat::JsonLines,
            {{QStringLiteral("big"), ValueType::Number},
             {QStringLiteral("tenth"), ValueType::Number},
             {QStringLiteral("huge"), ValueType::Number},
             {QStringLiteral("on"), ValueType::Boolean},
             {QStringLiteral("at"), ValueType::Timestamp},
             {QStringLiteral("doc"), ValueType::Json},
             {QStringLiteral("missing"), ValueType::Number}},
            {row(QStringLiteral("1"), QStringLiteral("n"),
                 {QStringLiteral("9007199254740993"), QStringLiteral("0.10"), QStringLiteral("1e+400"),
                  QStringLiteral("true"), QStringLiteral("2026-01-01T00:00:00Z"),
                  QStringLiteral("{\"a\":[1,2.50]}"), std::nullopt})});
        QCOMPARE(
            bytes,
            QByteArray(
                "{\"id\":\"1\",\"type\":\"truck\",\"name\":\"n\",\"observed_at\":\"2026-03-04T05:06:07Z\","
                "\"attributes\":{\"big\":9007199254740993,\"tenth\":0.10,\"huge\":1e+400,\"on\":true,"
                "\"at\":\"2026-01-01T00:00:00Z\",\"doc\":{\"a\":[1,2.50]}}}\n"));
    }
    void jsonNeverWritesWhatIsNoNumber_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QByteArray>("json");
        QTest::newRow("integer") << QStringLiteral("-12") << QByteArray("-12");
        QTest::newRow("exponent") << QStringLiteral("1E-7") << QByteArray("1E-7");
        QTest::newRow("no leading digit") << QStringLiteral(".5") << QByteArray("\".5\"");
        QTest::newRow("no trailing digit") << QStringLiteral("5.") << QByteArray("\"5.\"");
        QTest::newRow("leading zero") << QStringLiteral("007") << QByteArray("\"007\"");
        QTest::newRow("plus") << QStringLiteral("+1") << QByteArray("\"+1\"");
        QTest::newRow("not finite") << QStringLiteral("Infinity") << QByteArray("\"Infinity\"");
        QTest::newRow("code") << QStringLiteral("1,\"x\":2") << QByteArray("\"1,\\\"x\\\":2\"");
        QTest::newRow("empty") << QString() << QByteArray("\"\"");
    }
    void jsonNeverWritesWhatIsNoNumber()
    {
        QFETCH(QString, text);
        QFETCH(QByteArray, json);
        QCOMPARE(jsonValue(ValueType::Number, text), json);
    }
    void jsonStringsReadBack()
    {
        const QString text = QStringLiteral("a\"b\\c\n\t\u0001\u2028 \U0001F69A é");
        const QByteArray line =
            written(RowFormat::JsonLines, {{text, ValueType::String}}, {row(text, text, {text})});
        QCOMPARE(line.count('\n'), 1);
        const QJsonObject object = QJsonDocument::fromJson(line).object();
        QCOMPARE(object.value(QLatin1String("id")).toString(), text);
        QCOMPARE(object.value(QLatin1String("attributes")).toObject().value(text).toString(), text);
    }

    void tableAlignsAndEscapes()
    {
        const QByteArray bytes =
            written(RowFormat::Table, {{QStringLiteral("speed"), ValueType::Number}},
                    {row(QStringLiteral("1"), QStringLiteral("a\u001b[31m\nb"), {QStringLiteral("5")}),
                     row(QStringLiteral("22"), QStringLiteral("\u6771\u4eac"), {std::nullopt})});
        const QStringList lines = QString::fromUtf8(bytes).split(QLatin1Char('\n'));
        QVERIFY2(!bytes.contains('\x1b'), "an escape sequence must not reach the terminal");
        QCOMPARE(lines.at(0), QStringLiteral("ID  TYPE   NAME            speed  SEEN"));
        QCOMPARE(lines.at(1), QStringLiteral("1   truck  a\\u{1b}[31m\\nb      5  2026-03-04T05:06:07Z"));
        QCOMPARE(lines.at(2),
                 QStringLiteral("22  truck  \u6771\u4eac                -  2026-03-04T05:06:07Z"));
    }
    void tableShortensLongValues()
    {
        QCOMPARE(terminalText(QStringLiteral("abcdef"), 6), QStringLiteral("abcdef"));
        QCOMPARE(terminalText(QStringLiteral("abcdefg"), 6), QStringLiteral("abcde\u2026"));
        QCOMPARE(terminalWidth(terminalText(QString(100, QChar(0x6771)), 10)), 9);
    }
    void tableGoesOnAfterItsMeasuredRows()
    {
        std::vector<browse::Row> rows(450, row(QStringLiteral("1"), QStringLiteral("n"), {}));
        QCOMPARE(written(RowFormat::Table, {}, rows).count('\n'), 451);
    }

    void saysWhyTheDeviceRefused()
    {
        FullDevice device;
        device.open(QIODevice::WriteOnly | QIODevice::Unbuffered);
        RowWriter writer(RowFormat::Csv, &device, {});
        QVERIFY(writer.begin());
        bool ok = true;
        int accepted = 0;
        while ((ok = writer.write(row(QStringLiteral("1"), QStringLiteral("n"), {}))) && accepted < 1000)
            ++accepted;
        QVERIFY(!ok);
        QCOMPARE(writer.rows(), accepted);
        QCOMPARE(writer.error(), QStringLiteral("no space left"));
        QVERIFY(!writer.finish());
    }
    void formatNamesReadBack()
    {
        for (const RowFormat format : {RowFormat::Table, RowFormat::Csv, RowFormat::JsonLines})
            QCOMPARE(rowFormatFromName(rowFormatName(format)), std::optional(format));
        QVERIFY(!rowFormatFromName(u"xml"));
    }
};

QTEST_GUILESS_MAIN(TestRowWriter)
#include "tst_rowwriter.moc"
