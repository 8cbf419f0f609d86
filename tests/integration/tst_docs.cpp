// SPDX-License-Identifier: GPL-3.0-or-later
// The guides are true: every command of theirs that ends by itself runs, every filter in them parses.
#include <QDir>
#include <QFile>
#include <QProcess>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>

#include "model/filter/parser.h"
#include "tests/support/platform.h"

using namespace atlas;

class TestDocs : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void commands_data();
    void commands();
    void filters_data();
    void filters();
    void errors();
    void linksLeadSomewhere();

private:
    static QStringList pages();
    static QString read(const QString& file);
    /// In bash, on the test cluster, with our atlasctl.
    test::Ran shell(const QString& command) const;
    test::Platform m_platform;
};

QStringList TestDocs::pages()
{
    QStringList files{QStringLiteral(ATLAS_SOURCE_DIR "/README.md")};
    const QDir docs(QStringLiteral(ATLAS_SOURCE_DIR "/docs"));
    const QStringList names = docs.entryList({QStringLiteral("*.md")});
    for (const QString& name : names)
        files.append(docs.filePath(name));
    return files;
}

QString TestDocs::read(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

void TestDocs::initTestCase()
{
    test::TestCluster cluster;
    ATLAS_REQUIRE_CLUSTER(cluster);
    QCOMPARE(m_platform.prepare(cluster), QString());
    // The platform that the guides speak of, small.
    const test::Ran loaded =
        m_platform.ctl({QStringLiteral("load"), QStringLiteral("--entities"), QStringLiteral("4000"),
                        QStringLiteral("--attributes"), QStringLiteral("600")});
    QVERIFY2(loaded.status == 0 || loaded.err.contains("loaded"), loaded.err.constData());
    QVERIFY(m_platform.waitForEveryNode(60'000));
}

void TestDocs::commands_data()
{
    QTest::addColumn<QString>("command");
    static const QRegularExpression block(QStringLiteral("^```sh\\n(.*?)^```"),
                                          QRegularExpression::MultilineOption |
                                              QRegularExpression::DotMatchesEverythingOption);
    for (const QString& page : pages()) {
        auto blocks = block.globalMatch(read(page));
        while (blocks.hasNext()) {
            QString text = blocks.next().captured(1);
            text.replace(QStringLiteral("\\\n"), QStringLiteral(" "));
            const QStringList lines = text.split(QLatin1Char('\n'), Qt::SkipEmptyParts);
            for (const QString& line : lines) {
                const QString command = line.trimmed();
                const bool ours = command.startsWith(QStringLiteral("./atlas ctl ")) ||
                                  command.startsWith(QStringLiteral("atlasctl "));
                // Services run until stopped; capitals stand for something of the reader's.
                static const QRegularExpression notHere(QStringLiteral(
                    "--telemetry|--watch|\\b(agent|collect|import)\\b|YOUR_|--service|\\.\\.\\.|…"));
                if (ours && !notHere.match(command).hasMatch())
                    QTest::addRow("%s: %s", qPrintable(QFileInfo(page).fileName()), qPrintable(command))
                        << command;
            }
        }
    }
}

test::Ran TestDocs::shell(const QString& command) const
{
    QString line = command;
    line.replace(QRegularExpression(QStringLiteral("\\./atlas ctl |\\batlasctl ")),
                 QStringLiteral("\"$ATLAS_CTL\" "));
    QTemporaryDir folder;
    QProcess bash;
    bash.setWorkingDirectory(folder.path());
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("ATLAS_LOCAL_ENVIRONMENT"),
                       m_platform.cluster().stateDirectory() + QStringLiteral("/environment.json"));
    environment.insert(QStringLiteral("ATLAS_ENVIRONMENT"), QStringLiteral("local"));
    bash.setProcessEnvironment(environment);
    bash.start(QStringLiteral("bash"),
               {QStringLiteral("-o"), QStringLiteral("pipefail"), QStringLiteral("-c"), line});
    test::Ran ran;
    if (bash.waitForFinished(120'000))
        ran.status = bash.exitCode();
    ran.out = bash.readAllStandardOutput();
    ran.err = bash.readAllStandardError();
    return ran;
}

void TestDocs::commands()
{
    QFETCH(QString, command);
    const test::Ran ran = shell(command);
    // Without an agent the stages are not current, and lag says so by its status.
    const bool lag = command.contains(QStringLiteral(" lag"));
    QVERIFY2(ran.status == 0 || (lag && ran.status == 1), ran.err.constData());
}

void TestDocs::filters_data()
{
    QTest::addColumn<QString>("text");
    static const QRegularExpression block(QStringLiteral("^```(?:filter|text)?\\n(.*?)^```"),
                                          QRegularExpression::MultilineOption |
                                              QRegularExpression::DotMatchesEverythingOption);
    auto blocks = block.globalMatch(read(QStringLiteral(ATLAS_SOURCE_DIR "/docs/filter-language.md")));
    int number = 0;
    while (blocks.hasNext()) {
        const QString text = blocks.next().captured(1);
        // Not the grammar itself, nor what a terminal shows.
        if (!text.contains(QStringLiteral("conjunction =")) && !text.startsWith(QLatin1Char('$')))
            QTest::addRow("example %d", ++number) << text;
    }
    QTest::newRow("empty") << QString();
}

void TestDocs::filters()
{
    QFETCH(QString, text);
    const auto parsed = filter::parse(text);
    QVERIFY2(parsed.ok(), parsed.ok() ? "" : qPrintable(text + parsed.error->message));
}

void TestDocs::errors()
{
    static const QRegularExpression block(QStringLiteral("^```\\n\\$ ([^\\n]*)\\n(.*?)^```"),
                                          QRegularExpression::MultilineOption |
                                              QRegularExpression::DotMatchesEverythingOption);
    const QRegularExpressionMatch shown =
        block.match(read(QStringLiteral(ATLAS_SOURCE_DIR "/docs/filter-language.md")));
    QVERIFY(shown.hasMatch());
    const test::Ran ran = shell(shown.captured(1));
    QCOMPARE(ran.status, 2);
    QCOMPARE(QString::fromUtf8(ran.err), shown.captured(2));
}

void TestDocs::linksLeadSomewhere()
{
    static const QRegularExpression link(QStringLiteral("\\]\\(([^)#]+?)(?:#[^)]*)?\\)"));
    for (const QString& page : pages()) {
        auto links = link.globalMatch(read(page));
        while (links.hasNext()) {
            const QString target = links.next().captured(1);
            if (!target.contains(QStringLiteral("://")))
                QVERIFY2(QFileInfo::exists(QFileInfo(page).dir().filePath(target)),
                         qPrintable(page + QStringLiteral(": ") + target));
        }
    }
}

QTEST_GUILESS_MAIN(TestDocs)
#include "tst_docs.moc"
