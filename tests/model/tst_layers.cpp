// SPDX-License-Identifier: GPL-3.0-or-later
// The layers hold: db ← model ← gui, db ← model ← cli; libpq and QCustomPlot stay where they belong.
#include <QDirIterator>
#include <QFile>
#include <QRegularExpression>
#include <QTest>

class TestLayers : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void includes_data();
    void includes();
    void everyFileHasItsLicence();
    void sqlIsBoundNotPasted();

private:
    static QStringList sources(const QString& folder);
    static QString read(const QString& file);
};

QStringList TestLayers::sources(const QString& folder)
{
    QStringList files;
    QDirIterator it(QStringLiteral(ATLAS_SOURCE_DIR) + QLatin1Char('/') + folder,
                    {QStringLiteral("*.cpp"), QStringLiteral("*.h")}, QDir::Files,
                    QDirIterator::Subdirectories);
    while (it.hasNext())
        files.append(it.next());
    return files;
}

QString TestLayers::read(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

void TestLayers::includes_data()
{
    QTest::addColumn<QString>("folder");
    QTest::addColumn<QString>("forbidden"); // of the include's path
    QTest::addColumn<QString>("except");    // files that may
    QTest::newRow("db knows nothing above it") << "db"
                                               << "^(model|gui|cli|tests)/"
                                               << "";
    QTest::newRow("db is Qt Core only") << "db"
                                        << "^Q(Widget|Application|Gui|Painter|Pixmap|Icon)"
                                        << "";
    QTest::newRow("model knows db only") << "model"
                                         << "^(gui|cli|tests)/"
                                         << "";
    QTest::newRow("model is Qt Core only")
        << "model"
        << "^Q(Widget|Application$|GuiApplication|Painter|Pixmap|Icon|Color|Font)"
        << "";
    QTest::newRow("gui does not know the command line") << "gui"
                                                        << "^(cli|tests)/"
                                                        << "";
    QTest::newRow("the command line has no window") << "cli"
                                                    << "^(gui|tests)/|^Q(Widget|Application$)"
                                                    << "";
    for (const char* folder : {"model", "gui", "cli", "tests"})
        QTest::addRow("libpq is not for %s", folder) << folder << "libpq-fe\\.h|libpq/"
                                                     << "tests/(bench|db)/bench_";
    QTest::newRow("libpq is for db's sources and private headers") << "db"
                                                                   << "libpq-fe\\.h"
                                                                   << "(\\.cpp|_p\\.h)$";
    for (const char* folder : {"db", "model", "cli", "tests"})
        QTest::addRow("QCustomPlot is not for %s", folder) << folder << "qcustomplot"
                                                           << "";
    QTest::newRow("QCustomPlot is for charts") << "gui"
                                               << "qcustomplot"
                                               << "/gui/charts/";
}

void TestLayers::includes()
{
    QFETCH(QString, folder);
    QFETCH(QString, forbidden);
    QFETCH(QString, except);
    const QStringList files = sources(folder);
    QVERIFY(!files.isEmpty());
    const QRegularExpression wrong(forbidden);
    const QRegularExpression allowed(except);
    static const QRegularExpression include(QStringLiteral("^#include [<\"]([^>\"]+)[>\"]"),
                                            QRegularExpression::MultilineOption);
    for (const QString& file : files) {
        if (!except.isEmpty() && allowed.match(file).hasMatch())
            continue;
        auto matches = include.globalMatch(read(file));
        while (matches.hasNext()) {
            const QString name = matches.next().captured(1);
            QVERIFY2(!wrong.match(name).hasMatch(), qPrintable(file + QStringLiteral(" includes ") + name));
        }
    }
}

void TestLayers::everyFileHasItsLicence()
{
    for (const char* folder : {"db", "model", "gui", "cli", "tests", "resources"}) {
        for (const QString& file : sources(QString::fromLatin1(folder)))
            QVERIFY2(read(file).startsWith(QStringLiteral("// SPDX-License-Identifier: GPL-3.0-or-later\n")),
                     qPrintable(file));
    }
}

void TestLayers::sqlIsBoundNotPasted()
{
    // Statements of the product are built from fixed text and numbers of parameters: no QString::arg, no user
    // text in SQL.
    static const QRegularExpression pasted(QStringLiteral(
        "(?i)\"[^\"\\n]*\\b(where|values|select|insert|update|delete)\\b[^\"\\n]*%[1-9][^\"\\n]*\""));
    for (const char* folder : {"db", "model", "gui", "cli"}) {
        for (const QString& file : sources(QString::fromLatin1(folder))) {
            const auto match = pasted.match(read(file));
            const QString found = match.captured(0);
            // Sentences for people may contain such words; SQL has from, set or into as well.
            static const QRegularExpression sql(
                QStringLiteral("(?i)\\b(from|set|into)\\b\\s+(atlas|pg_|\\$)"));
            QVERIFY2(!match.hasMatch() || !sql.match(found).hasMatch(),
                     qPrintable(file + QStringLiteral(": ") + found));
        }
    }
}

QTEST_GUILESS_MAIN(TestLayers)
#include "tst_layers.moc"
