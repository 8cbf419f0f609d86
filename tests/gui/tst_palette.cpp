// SPDX-License-Identifier: GPL-3.0-or-later
#include <QAbstractItemModelTester>
#include <QElapsedTimer>
#include <QLineEdit>
#include <QListView>
#include <QTest>

#include "gui/assets/assetspalette.h"
#include "gui/palette/commandpalette.h"
#include "gui/palette/palettemodel.h"
#include "tests/gui/guitest.h"

using namespace atlas;
using gui::CommandPalette;
using gui::PaletteItem;
using gui::PaletteModel;
using gui::PaletteProvider;

namespace {

class ListProvider : public PaletteProvider
{
public:
    explicit ListProvider(const QStringList& titles)
        : m_titles(titles)
    {
    }
    QString group() const override { return QStringLiteral("Things"); }
    QList<PaletteItem> items() const override
    {
        ++m_asked;
        QList<PaletteItem> all;
        for (int i = 0; i < m_titles.size(); ++i)
            all << PaletteItem{m_titles.at(i),           {}, QStringLiteral("synonym"),
                               QStringLiteral("search"), {}, quint64(i)};
        return all;
    }
    QList<PaletteItem> itemsFor(const QString& text) const override
    {
        bool isNumber = false;
        const int number = text.toInt(&isNumber);
        if (!isNumber)
            return {};
        return {PaletteItem{
            QStringLiteral("Open asset %1").arg(number), {}, {}, {}, {}, quint64(number) + 1'000'000}};
    }
    void activate(quint64 key, const QString&) override { m_activated << key; }

    mutable int m_asked = 0;
    QList<quint64> m_activated;

private:
    QStringList m_titles;
};

QStringList titles(const PaletteModel& model)
{
    QStringList all;
    for (int row = 0; row < model.rowCount(); ++row)
        all << model.index(row, 0).data().toString();
    return all;
}

} // namespace

class TestPalette : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { m_sandbox = std::make_unique<test::GuiSandbox>(); }

    void search_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QStringList>("expected");
        const QString geo = QStringLiteral("geo.destination.lat");
        QTest::newRow("words in any order") << QStringLiteral("dest geo") << QStringList{geo};
        QTest::newRow("case") << QStringLiteral("GEO LAT") << QStringList{geo};
        QTest::newRow("start of a title first")
            << QStringLiteral("temp")
            << QStringList{QStringLiteral("temperature"), QStringLiteral("oil_temp")};
        QTest::newRow("letters in order")
            << QStringLiteral("hset") << QStringList{QStringLiteral("Show Hot set")};
        QTest::newRow("nothing") << QStringLiteral("zzz") << QStringList{};
        QTest::newRow("a number opens an asset first")
            << QStringLiteral("42")
            << QStringList{QStringLiteral("Open asset 42"), QStringLiteral("sensor_42")};
    }

    void search()
    {
        QFETCH(QString, text);
        QFETCH(QStringList, expected);
        ListProvider provider({QStringLiteral("oil_temp"), QStringLiteral("temperature"),
                               QStringLiteral("geo.destination.lat"), QStringLiteral("Show Hot set"),
                               QStringLiteral("sensor_42")});
        PaletteModel model;
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.setProviders({&provider});
        model.search(text);
        QCOMPARE(titles(model), expected);
    }

    void anyTextMayBeTheIdOfAnAsset_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QStringList>("expected");
        QTest::newRow("digits") << QStringLiteral("TRK-7")
                                << QStringList{QStringLiteral("Open asset TRK-7"),
                                               QStringLiteral("sensor trk-7")};
        QTest::newRow("a word") << QStringLiteral("export")
                                << QStringList{QStringLiteral("export rows"),
                                               QStringLiteral("Open asset export")};
        QTest::newRow("found by nothing else")
            << QStringLiteral("hall lamp 3") << QStringList{QStringLiteral("Open asset hall lamp 3")};
        QTest::newRow("exactly as it is typed")
            << QStringLiteral(" zz ") << QStringList{QStringLiteral("Open asset  zz ")};
    }

    void anyTextMayBeTheIdOfAnAsset()
    {
        QFETCH(QString, text);
        QFETCH(QStringList, expected);
        QString opened;
        gui::AssetIdPalette ids([&opened](const QString& id) { opened = id; });
        ListProvider things({QStringLiteral("export rows"), QStringLiteral("sensor trk-7")});
        PaletteModel model;
        model.setProviders({&ids, &things});
        model.search(text);
        QVERIFY(!titles(model).join(QString()).contains(QStringLiteral("Open asset"))); // no tenant
        ids.setEnabled(true);
        model.search(text);
        QCOMPARE(titles(model), expected);
        for (int row = 0; row < model.rowCount(); ++row) {
            if (model.index(row, 0).data().toString().startsWith(QStringLiteral("Open asset")))
                model.activate(row);
        }
        QCOMPARE(opened, text);
    }

    void linesAreMadeOnce()
    {
        ListProvider provider({QStringLiteral("one")});
        PaletteModel model;
        model.setProviders({&provider});
        model.search(QStringLiteral("o"));
        model.setProviders({&provider});
        model.search(QStringLiteral("on"));
        QCOMPARE(provider.m_asked, 1);
    }

    void tenThousandLines()
    {
        QStringList many;
        for (int i = 0; i < 10'000; ++i)
            many << QStringLiteral("attribute.group%1.sensor_%2").arg(i % 97).arg(i);
        ListProvider provider(many);
        PaletteModel model;
        model.setProviders({&provider});
        QElapsedTimer timer;
        timer.start();
        model.search(QStringLiteral("sensor_9999 group"));
        const qint64 took = timer.elapsed();
        QCOMPARE(titles(model).value(0), many.last());
        qInfo("searched 10,000 lines in %lld ms", took);
        // Many match: only the best are listed.
        model.search(QStringLiteral("sensor"));
        QCOMPARE(model.rowCount(), 200);
    }

    void keyboardOnly()
    {
        ListProvider provider({QStringLiteral("alpha"), QStringLiteral("beta"), QStringLiteral("gamma")});
        QWidget window;
        window.resize(900, 600);
        QLineEdit other(&window);
        CommandPalette palette(&window);
        window.show();
        QVERIFY(QTest::qWaitForWindowActive(&window));
        other.setFocus();
        palette.open({&provider});
        QTRY_VERIFY(palette.field()->hasFocus());
        test::shoot(&window, QStringLiteral("palette"));
        QTest::keyClick(palette.field(), Qt::Key_Down);
        QTest::keyClick(palette.field(), Qt::Key_Return);
        QCOMPARE(provider.m_activated, QList<quint64>{1});
        QVERIFY(!palette.isOpen());
        QTRY_VERIFY(other.hasFocus());

        palette.open({&provider});
        QTest::keyClicks(palette.field(), QStringLiteral("gam"));
        QTest::keyClick(palette.field(), Qt::Key_Return);
        QCOMPARE(provider.m_activated.last(), quint64(2));

        palette.open({&provider});
        QVERIFY(palette.field()->text().isEmpty());
        // Up from the first is the last.
        QTest::keyClick(palette.field(), Qt::Key_Up);
        QCOMPARE(palette.list()->currentIndex().data().toString(), QStringLiteral("gamma"));
        QTest::keyClick(palette.field(), Qt::Key_Escape);
        QVERIFY(!palette.isOpen());
        QCOMPARE(provider.m_activated.size(), 2);

        palette.open({&provider});
        QTest::keyClicks(palette.field(), QStringLiteral("nothing like it"));
        QTest::keyClick(palette.field(), Qt::Key_Return);
        QVERIFY(palette.isOpen());
        QCOMPARE(provider.m_activated.size(), 2);
    }

private:
    std::unique_ptr<test::GuiSandbox> m_sandbox;
};

QTEST_MAIN(TestPalette)
#include "tst_palette.moc"
