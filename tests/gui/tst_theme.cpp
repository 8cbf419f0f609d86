// SPDX-License-Identifier: GPL-3.0-or-later
#include <QDirIterator>
#include <QPainter>
#include <QSignalSpy>
#include <QTest>

#include <cmath>

#include "gui/theme/theme.h"
#include "tests/gui/guitest.h"

using namespace atlas;
using gui::ColorRole;
using gui::Theme;

namespace {

double luminance(const QColor& color)
{
    const auto linear = [](double c) {
        return c <= 0.03928 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF());
}

/// WCAG 2 contrast ratio.
double contrast(const QColor& a, const QColor& b)
{
    const double x = luminance(a);
    const double y = luminance(b);
    return (qMax(x, y) + 0.05) / (qMin(x, y) + 0.05);
}

/// The colour of the pixel with the most ink.
QColor ink(const QIcon& icon, QIcon::Mode mode = QIcon::Normal)
{
    const QImage image =
        icon.pixmap(QSize(32, 32), 1.0, mode).toImage().convertToFormat(QImage::Format_ARGB32);
    QColor strongest(0, 0, 0, 0);
    for (int y = 0; y < image.height(); ++y) {
        for (int x = 0; x < image.width(); ++x) {
            const QColor here = QColor::fromRgba(image.pixel(x, y));
            if (here.alpha() > strongest.alpha())
                strongest = here;
        }
    }
    return strongest;
}

} // namespace

class TestTheme : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { m_sandbox = std::make_unique<test::GuiSandbox>(); }
    void cleanup() { Theme::instance().setMode(Theme::Mode::Light); }

    void everyIconDrawsSomething()
    {
        QDirIterator files(QStringLiteral(":/icons"), {QStringLiteral("*.svg")});
        int count = 0;
        while (files.hasNext()) {
            const QString file = files.next();
            const QString name = files.fileInfo().completeBaseName();
            const QColor color = ink(Theme::icon(name, ColorRole::Text));
            QVERIFY2(color.alpha() > 128, qPrintable(file));
            ++count;
        }
        QVERIFY(count > 60);
    }

    void iconsTakeTheColourOfTheTheme()
    {
        const QIcon icon = Theme::icon(QStringLiteral("search"), ColorRole::Text);
        QCOMPARE(ink(icon).rgb(), Theme::instance().color(ColorRole::Text).rgb());
        Theme::instance().setMode(Theme::Mode::Dark);
        // The same QIcon, no new one asked for.
        QCOMPARE(ink(icon).rgb(), Theme::instance().color(ColorRole::Text).rgb());
        QVERIFY(luminance(ink(icon)) > 0.5);
        QCOMPARE(ink(icon, QIcon::Disabled).rgb(), Theme::instance().color(ColorRole::TextDisabled).rgb());
    }

    void unknownIconIsNull()
    {
        QTest::ignoreMessage(QtWarningMsg, "No icon called no-such-icon");
        QVERIFY(Theme::icon(QStringLiteral("no-such-icon")).isNull());
    }

    void switchingTellsAndRepaints()
    {
        QSignalSpy changed(&Theme::instance(), &Theme::changed);
        const QColor before = QApplication::palette().color(QPalette::Base);
        Theme::instance().setMode(Theme::Mode::Dark);
        QCOMPARE(changed.count(), 1);
        QVERIFY(QApplication::palette().color(QPalette::Base) != before);
        Theme::instance().setMode(Theme::Mode::Dark);
        QCOMPARE(changed.count(), 1);
    }

    void systemFollowsTheDesktop()
    {
        qputenv("GTK_THEME", "Adwaita:dark");
        Theme::instance().setMode(Theme::Mode::System);
        QVERIFY(Theme::instance().isDark());
        qputenv("GTK_THEME", "Adwaita");
        Theme::instance().setMode(Theme::Mode::System);
        QVERIFY(!Theme::instance().isDark());
        qunsetenv("GTK_THEME");
    }

    void colorsCanBeRead_data()
    {
        QTest::addColumn<bool>("dark");
        QTest::newRow("light") << false;
        QTest::newRow("dark") << true;
    }

    void colorsCanBeRead()
    {
        QFETCH(bool, dark);
        Theme& theme = Theme::instance();
        theme.setMode(dark ? Theme::Mode::Dark : Theme::Mode::Light);
        const QColor surface = theme.color(ColorRole::Surface);
        for (const ColorRole role :
             {ColorRole::Text, ColorRole::TextMuted, ColorRole::Accent, ColorRole::Positive,
              ColorRole::Warning, ColorRole::Critical, ColorRole::Info, ColorRole::Hot, ColorRole::Cold})
            QVERIFY2(contrast(theme.color(role), surface) >= 4.5,
                     qPrintable(QStringLiteral("role %1").arg(int(role))));
        QVERIFY(contrast(theme.color(ColorRole::Outline), surface) >= 3);
        QVERIFY(contrast(theme.color(ColorRole::AccentText), theme.color(ColorRole::Accent)) >= 4.5);
        const QList<QPair<ColorRole, ColorRole>> badges = {
            {ColorRole::Positive, ColorRole::PositiveSoft}, {ColorRole::Warning, ColorRole::WarningSoft},
            {ColorRole::Critical, ColorRole::CriticalSoft}, {ColorRole::Info, ColorRole::InfoSoft},
            {ColorRole::Hot, ColorRole::HotSoft},           {ColorRole::Cold, ColorRole::ColdSoft}};
        for (const auto& [fore, back] : badges)
            QVERIFY2(contrast(theme.color(fore), theme.color(back)) >= 4.5,
                     qPrintable(QStringLiteral("badge %1").arg(int(fore))));
        for (int i = 0; i < Theme::seriesCount(); ++i)
            QVERIFY2(contrast(theme.series(i), surface) >= 3, qPrintable(QStringLiteral("series %1").arg(i)));
        QCOMPARE(theme.series(Theme::seriesCount()), theme.series(0));
    }

private:
    std::unique_ptr<test::GuiSandbox> m_sandbox;
};

QTEST_MAIN(TestTheme)
#include "tst_theme.moc"
