// SPDX-License-Identifier: GPL-3.0-or-later
#include <QFile>
#include <QRegularExpression>
#include <QTest>

#include "model/filter/parser.h"
#include "model/filter/printer.h"

/// The filters of docs/analyst.md are filters.
class TestAnalystGuide : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void everyExampleParses_data()
    {
        QTest::addColumn<QString>("filter");
        QFile file(QStringLiteral(ATLAS_SOURCE_DIR "/docs/analyst.md"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QStringList lines = QString::fromUtf8(file.readAll()).split(QLatin1Char('\n'));
        const QRegularExpression row(QStringLiteral("^\\| [^|]+ \\| (`` .* ``|`[^`]+`) \\|$"));
        bool inTable = false;
        for (const QString& line : lines) {
            if (line == QLatin1String("| question | filter |"))
                inTable = true;
            else if (line.isEmpty())
                inTable = false;
            const QRegularExpressionMatch match = row.match(line);
            if (inTable && match.hasMatch()) {
                QString code = match.captured(1);
                code = code.startsWith(QLatin1String("`` ")) ? code.mid(3, code.size() - 6)
                                                             : code.mid(1, code.size() - 2);
                QTest::newRow(qPrintable(line.left(60))) << code;
            }
            if (line.startsWith(QLatin1String("    ")) && line.contains(QLatin1String(" = \"")))
                QTest::newRow(qPrintable(line.trimmed().left(60))) << line.trimmed();
        }
    }
    void everyExampleParses()
    {
        QFETCH(QString, filter);
        const atlas::filter::ParseResult parsed = atlas::filter::parse(filter);
        QVERIFY2(parsed.ok(), qPrintable(parsed.error ? parsed.error->message : QString()));
        QVERIFY(parsed.expression.clauseCount() > 0);
    }
    void thereAreExamples()
    {
        QFile file(QStringLiteral(ATLAS_SOURCE_DIR "/docs/analyst.md"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        QVERIFY(file.readAll().count("` |\n") >= 7);
    }
};

QTEST_GUILESS_MAIN(TestAnalystGuide)
#include "tst_analystguide.moc"
