// SPDX-License-Identifier: GPL-3.0-or-later
// Text that has broken somebody's program as a tenant's name, and in that tenant as id, name, attribute and
// value of an asset: in through atlasctl import, out through atlasctl filter, every byte as it was.
#include <QTest>
#include <QThreadPool>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "model/filter/printer.h"
#include "model/ingest/json.h"
#include "tests/support/csv.h"
#include "tests/support/nastystrings.h"
#include "tests/support/platform.h"

using namespace atlas;

namespace {

constexpr qsizetype longestTenantName = 200; // characters, as the table has it
constexpr int atOnce = 4;                    // a program each; most of its time it waits
const char longAttribute[] = "a long one";

struct Case
{
    QString tenant;
    QString text;
    QString longText;
    test::Ran imported{};
    test::Ran csv{};
    test::Ran jsonLines{};
};

qsizetype characters(const QString& text)
{
    return text.toUcs4().size();
}

QByteArray quoted(const QString& text)
{
    std::string out;
    ingest::appendJsonString(out, text.toStdString());
    return QByteArray::fromStdString(out);
}

/// An asset that is the text through and through, and one beside it that only begins like it.
QByteArray linesOf(const Case& each)
{
    const QByteArray text = quoted(each.text);
    return "{\"id\":" + text + ",\"type\":\"thing\",\"name\":" + text + ",\"attributes\":{" + text + ":" +
           text + "," + quoted(QLatin1String(longAttribute)) + ":" + quoted(each.longText) + "}}\n" +
           "{\"id\":\"another\",\"type\":\"thing\",\"attributes\":{" + text + ":" +
           quoted(each.text + QStringLiteral(" not")) + "}}\n";
}

QStringList tenantOption(const QString& name)
{
    // Qt drops a byte order mark from the beginning of an argument.
    if (name.startsWith(QChar(QChar::ByteOrderMark)))
        return {QStringLiteral("--tenant=") + name};
    return {QStringLiteral("--tenant"), name};
}

QStringList filterCall(const Case& each, const QString& format)
{
    const filter::Clause clause{filter::Subject::ofAttribute(each.text),
                                filter::Operator::Equal,
                                {filter::Literal::string(each.text)},
                                true};
    QString column = each.text;
    column.replace(QLatin1Char('`'), QLatin1String("``"));
    return QStringList{QStringLiteral("filter")} + tenantOption(each.tenant) +
           QStringList{QStringLiteral("--columns"),
                       QStringLiteral("`") + column + QStringLiteral("`,") + QLatin1String(longAttribute),
                       QStringLiteral("--format"), format,
                       filter::print(filter::Expression(filter::Node(clause)))};
}

void eachOf(std::vector<Case>& cases, const std::function<void(Case&)>& work)
{
    QThreadPool pool;
    pool.setMaxThreadCount(atOnce);
    for (Case& each : cases)
        pool.start([&work, &each] { work(each); });
    pool.waitForDone();
}

/// A line of the export: its texts, and those of its attributes behind "attributes/". Empty when it is not
/// JSON.
using Texts = std::map<std::string, std::string>;

bool readTexts(ingest::JsonReader& reader, const std::string& prefix, Texts& texts)
{
    using Kind = ingest::JsonReader::Kind;
    reader.enterObject();
    std::string key;
    while (reader.nextMember(key)) {
        bool read = false;
        if (reader.peek() == Kind::Object && prefix.empty())
            read = readTexts(reader, key + '/', texts);
        else if (reader.peek() == Kind::String)
            read = reader.readString(texts[prefix + key]);
        if (!read)
            return false;
    }
    return !reader.failed();
}

Texts textsOf(const QByteArray& line)
{
    const std::string text = line.toStdString();
    ingest::JsonReader reader(text);
    Texts texts;
    if (reader.peek() != ingest::JsonReader::Kind::Object || !readTexts(reader, {}, texts) || !reader.atEnd())
        return {};
    return texts;
}

} // namespace

class TestNastyTenants : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void goesIn();
    void comesOutEqual();
    void aNameThatIsTooLongIsRefused();

private:
    test::Platform m_platform;
    std::vector<Case> m_cases;
};

void TestNastyTenants::initTestCase()
{
    test::TestCluster cluster;
    ATLAS_REQUIRE_CLUSTER(cluster);
    QCOMPARE(m_platform.prepare(cluster), QString());
}

void TestNastyTenants::goesIn()
{
    const QStringList nasty = test::nastyStrings();
    const QStringList longTexts = test::longStrings();
    const auto add = [&](const QString& tenant, const QString& text) {
        m_cases.push_back({tenant, text, longTexts.at(qsizetype(m_cases.size()) % longTexts.size())});
    };
    for (const QString& text : nasty) {
        // What is too long for a tenant still goes through as everything else.
        const bool fits = characters(text) <= longestTenantName;
        add(fits ? text : QStringLiteral("long %1").arg(m_cases.size()), text);
    }
    add(QString(longestTenantName, u't'), QStringLiteral("the longest name"));
    add(QStringLiteral("\U0001F69A").repeated(longestTenantName),
        QStringLiteral("the longest in characters"));

    eachOf(m_cases, [this](Case& each) {
        each.imported =
            m_platform.ctl(QStringList{QStringLiteral("import")} + tenantOption(each.tenant) +
                               QStringList{QStringLiteral("--create"), QStringLiteral("--rejects"),
                                           QStringLiteral("/dev/null"), QStringLiteral("-")},
                           linesOf(each));
    });
    for (const Case& each : m_cases) {
        QVERIFY2(each.imported.status == 0, (quoted(each.tenant) + ": " + each.imported.err).constData());
        // Called what it was called, not something that is read as the same.
        QVERIFY2(m_platform.tenantId(each.tenant) > 0, quoted(each.tenant).constData());
    }
    QVERIFY(m_platform.waitForEveryNode());
}

void TestNastyTenants::comesOutEqual()
{
    QVERIFY(!m_cases.empty());
    eachOf(m_cases, [this](Case& each) {
        each.csv = m_platform.ctl(filterCall(each, QStringLiteral("csv")));
        each.jsonLines = m_platform.ctl(filterCall(each, QStringLiteral("jsonl")));
    });
    for (const Case& each : m_cases) {
        const QByteArray name = quoted(each.tenant) + " / " + quoted(each.text).left(80) + ": ";
        QVERIFY2(each.csv.status == 0, (name + each.csv.err).constData());
        QVERIFY2(each.jsonLines.status == 0, (name + each.jsonLines.err).constData());
        const QByteArray text = each.text.toUtf8();

        const QList<test::CsvRow> rows = test::csvRows(each.csv.out);
        const QList<test::CsvRow> wantedRows{{"id", "type", "name", text, longAttribute},
                                             {text, "thing", text, text, each.longText.toUtf8()}};
        QVERIFY2(rows.size() == 2 && rows.at(0).size() == 6 && rows.at(1).size() == 6,
                 (name + each.csv.out.left(2000)).constData());
        for (qsizetype row = 0; row < rows.size(); ++row) // but for the last column, which is now
            QVERIFY2(rows.at(row).mid(0, 5) == wantedRows.at(row),
                     (name + each.csv.out.left(2000)).constData());

        Texts texts = textsOf(each.jsonLines.out);
        texts.erase("observed_at"); // now
        const std::string whole = text.toStdString();
        const Texts wantedTexts{{"id", whole},
                                {"type", "thing"},
                                {"name", whole},
                                {"attributes/" + whole, whole},
                                {std::string("attributes/") + longAttribute, each.longText.toStdString()}};
        QVERIFY2(texts == wantedTexts, (name + each.jsonLines.out.left(2000)).constData());
    }
}

void TestNastyTenants::aNameThatIsTooLongIsRefused()
{
    for (const QString& name : {QString(longestTenantName + 1, u't'),
                                QStringLiteral("\U0001F69A").repeated(longestTenantName + 1)}) {
        const QString problem = m_platform.import(name, "{\"id\":\"a\"}\n");
        QVERIFY(!problem.isEmpty());
        QCOMPARE(m_platform.tenantId(name), 0);
    }
}

QTEST_GUILESS_MAIN(TestNastyTenants)
#include "tst_nastytenants.moc"
