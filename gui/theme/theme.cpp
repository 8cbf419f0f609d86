// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/theme/theme.h"

#include <QApplication>
#include <QFontDatabase>
#include <QSettings>
#include <QStandardPaths>
#include <QToolTip>

#include <array>

#include "gui/theme/colorscheme.h"
#include "gui/theme/iconengine.h"
#include "gui/theme/style.h"

namespace atlas::gui {

namespace {

struct Pair
{
    QRgb light;
    QRgb dark;
};

constexpr Pair colorPair(ColorRole role)
{
    switch (role) {
    case ColorRole::Window:
        return {0xfff5f6f8, 0xff13171d};
    case ColorRole::Surface:
        return {0xffffffff, 0xff191e26};
    case ColorRole::SurfaceAlt:
        return {0xfff3f5f7, 0xff1e242d};
    case ColorRole::Raised:
        return {0xffffffff, 0xff222933};
    case ColorRole::Rail:
        return {0xffebeef2, 0xff0f1318};
    case ColorRole::Border:
        return {0xffdfe3e8, 0xff2b333e};
    case ColorRole::Outline:
        return {0xff8a94a1, 0xff687382};
    case ColorRole::Text:
        return {0xff1a222d, 0xffe3e8ee};
    case ColorRole::TextMuted:
        return {0xff586373, 0xff9ca8b6};
    case ColorRole::TextDisabled:
        return {0xffa0a8b3, 0xff5f6a77};
    case ColorRole::Accent:
        return {0xff0d7a75, 0xff38c3b1};
    case ColorRole::AccentText:
        return {0xffffffff, 0xff06231f};
    case ColorRole::AccentSoft:
        return {0xffdcf0ee, 0xff17393a};
    case ColorRole::Hover:
        return {0xffebeef2, 0xff262e38};
    case ColorRole::Positive:
        return {0xff17794a, 0xff4cc38a};
    case ColorRole::PositiveSoft:
        return {0xffdff3e7, 0xff173527};
    case ColorRole::Warning:
        return {0xff8f5d00, 0xffe5b04c};
    case ColorRole::WarningSoft:
        return {0xfffdf0d5, 0xff3a2e14};
    case ColorRole::Critical:
        return {0xffbb332a, 0xfff5857b};
    case ColorRole::CriticalSoft:
        return {0xfffde7e4, 0xff432220};
    case ColorRole::Info:
        return {0xff2460b4, 0xff74aff8};
    case ColorRole::InfoSoft:
        return {0xffe3edfb, 0xff1b304b};
    case ColorRole::Hot:
        return {0xffb0440a, 0xffff9f66};
    case ColorRole::HotSoft:
        return {0xffffe9dc, 0xff402a1d};
    case ColorRole::Cold:
        return {0xff45637f, 0xff93b5d6};
    case ColorRole::ColdSoft:
        return {0xffe6eef5, 0xff20303f};
    case ColorRole::Grid:
        return {0xffe6e9ee, 0xff2a313c};
    }
    return {0xff808080, 0xff808080};
}

// Okabe and Ito (2008), darkened on white and lightened on dark until each has 3:1 against Surface.
constexpr std::array<Pair, 8> seriesColors = {{
    {0xff0072b2, 0xff56b4e9},
    {0xffd55e00, 0xffff8b3d},
    {0xff00875f, 0xff2fc79a},
    {0xffb85a8f, 0xffe59ac4},
    {0xffa87400, 0xfff0c24b},
    {0xff2e8fc4, 0xff9fd8ff},
    {0xff6f7a1f, 0xfff0e442},
    {0xff555d68, 0xffb9c2cc},
}};

QFont weighted(QFont font, QFont::Weight weight, qreal factor)
{
    font.setWeight(weight);
    font.setPointSizeF(font.pointSizeF() * factor);
    return font;
}

} // namespace

Theme& Theme::instance()
{
    // Belongs to the process; never destroyed, so that widgets may ask while the application goes down.
    static Theme* theme = new Theme;
    return *theme;
}

Theme::Theme() = default;

void Theme::install()
{
    QFont base = QFontDatabase::systemFont(QFontDatabase::GeneralFont);
    if (base.pointSizeF() <= 0)
        base.setPointSizeF(10);
    // Dense, but never below what the person asked the desktop for by more than one point.
    base.setPointSizeF(qBound(9.0, base.pointSizeF(), 12.0));
    base.setHintingPreference(QFont::PreferVerticalHinting);
    base.setStyleStrategy(QFont::PreferAntialias);
    QApplication::setStyle(new Style);
    QApplication::setFont(base);
    if (!m_scheme) {
        m_scheme = new ColorScheme(this);
        connect(m_scheme, &ColorScheme::changed, this, [this] { setMode(m_mode); });
    }
    m_dark = systemPrefersDark();
    apply();
}

Theme::Mode Theme::modeFromName(const QString& name, Mode fallback)
{
    if (name == QLatin1String("light"))
        return Mode::Light;
    if (name == QLatin1String("dark"))
        return Mode::Dark;
    if (name == QLatin1String("system"))
        return Mode::System;
    return fallback;
}

QString Theme::modeName(Mode mode)
{
    switch (mode) {
    case Mode::Light:
        return QStringLiteral("light");
    case Mode::Dark:
        return QStringLiteral("dark");
    case Mode::System:
        break;
    }
    return QStringLiteral("system");
}

void Theme::setMode(Mode mode)
{
    m_mode = mode;
    const bool dark = mode == Mode::Dark || (mode == Mode::System && systemPrefersDark());
    if (dark == m_dark)
        return;
    m_dark = dark;
    apply();
    Q_EMIT changed();
}

bool Theme::systemPrefersDark() const
{
    if (m_scheme && m_scheme->prefersDark())
        return *m_scheme->prefersDark();
    // Without a portal: the places desktops keep it in.
    const QString gtkTheme = qEnvironmentVariable("GTK_THEME");
    if (!gtkTheme.isEmpty())
        return gtkTheme.endsWith(QLatin1String("dark"), Qt::CaseInsensitive);
    const QString config = QStandardPaths::writableLocation(QStandardPaths::GenericConfigLocation);
    const QSettings kde(config + QStringLiteral("/kdeglobals"), QSettings::IniFormat);
    const QString scheme = kde.value(QStringLiteral("General/ColorScheme")).toString();
    if (!scheme.isEmpty())
        return scheme.contains(QLatin1String("dark"), Qt::CaseInsensitive);
    for (const char* version : {"/gtk-4.0/settings.ini", "/gtk-3.0/settings.ini"}) {
        const QSettings gtk(config + QLatin1String(version), QSettings::IniFormat);
        if (gtk.value(QStringLiteral("Settings/gtk-application-prefer-dark-theme")).toBool())
            return true;
        if (gtk.value(QStringLiteral("Settings/gtk-theme-name"))
                .toString()
                .endsWith(QLatin1String("dark"), Qt::CaseInsensitive))
            return true;
    }
    return false;
}

void Theme::apply()
{
    QApplication::setPalette(palette());
    QPalette tip = palette();
    tip.setColor(QPalette::ToolTipBase, color(ColorRole::Raised));
    tip.setColor(QPalette::ToolTipText, color(ColorRole::Text));
    QToolTip::setPalette(tip);
    QToolTip::setFont(font());
}

QColor Theme::color(ColorRole role) const
{
    const Pair pair = colorPair(role);
    return QColor::fromRgba(m_dark ? pair.dark : pair.light);
}

QColor Theme::series(int index) const
{
    const int count = seriesCount();
    const Pair pair = seriesColors.at(size_t(((index % count) + count) % count));
    return QColor::fromRgba(m_dark ? pair.dark : pair.light);
}

int Theme::seriesCount()
{
    return int(seriesColors.size());
}

QPalette Theme::palette() const
{
    QPalette p;
    const auto set = [&p, this](QPalette::ColorRole target, ColorRole source) {
        p.setColor(target, color(source));
    };
    set(QPalette::Window, ColorRole::Window);
    set(QPalette::WindowText, ColorRole::Text);
    set(QPalette::Base, ColorRole::Surface);
    set(QPalette::AlternateBase, ColorRole::SurfaceAlt);
    set(QPalette::Text, ColorRole::Text);
    set(QPalette::Button, ColorRole::Surface);
    set(QPalette::ButtonText, ColorRole::Text);
    set(QPalette::BrightText, ColorRole::Critical);
    // Of text; item views are given the softer AccentSoft by the style.
    p.setColor(QPalette::Highlight, blend(color(ColorRole::Accent), color(ColorRole::Surface), 0.32));
    set(QPalette::HighlightedText, ColorRole::Text);
    set(QPalette::Link, ColorRole::Accent);
    set(QPalette::LinkVisited, ColorRole::Accent);
    set(QPalette::PlaceholderText, ColorRole::TextMuted);
    set(QPalette::ToolTipBase, ColorRole::Raised);
    set(QPalette::ToolTipText, ColorRole::Text);
    set(QPalette::Light, ColorRole::Surface);
    set(QPalette::Midlight, ColorRole::SurfaceAlt);
    set(QPalette::Mid, ColorRole::Border);
    set(QPalette::Dark, ColorRole::Outline);
    p.setColor(QPalette::Shadow, m_dark ? QColor(0, 0, 0) : QColor(90, 100, 112));
    for (const QPalette::ColorRole role :
         {QPalette::WindowText, QPalette::Text, QPalette::ButtonText, QPalette::HighlightedText})
        p.setColor(QPalette::Disabled, role, color(ColorRole::TextDisabled));
    p.setColor(QPalette::Disabled, QPalette::Base, color(ColorRole::Window));
    return p;
}

QFont Theme::font() const
{
    return QApplication::font();
}

QFont Theme::smallFont() const
{
    return weighted(font(), QFont::Normal, 0.9);
}

QFont Theme::strongFont() const
{
    return weighted(font(), QFont::DemiBold, 1.0);
}

QFont Theme::titleFont() const
{
    return weighted(font(), QFont::DemiBold, 1.4);
}

QFont Theme::monospaceFont() const
{
    QFont fixed = QFontDatabase::systemFont(QFontDatabase::FixedFont);
    fixed.setPointSizeF(font().pointSizeF() * 0.95);
    return fixed;
}

QIcon Theme::icon(const QString& name, ColorRole role)
{
    if (!hasIcon(name)) {
        qWarning("No icon called %s", qPrintable(name));
        return {};
    }
    return QIcon(new IconEngine(name, role));
}

bool Theme::hasIcon(const QString& name)
{
    return IconEngine::exists(name);
}

QColor blend(const QColor& over, const QColor& under, double alpha)
{
    const auto mix = [alpha](int a, int b) { return qRound(a * alpha + b * (1 - alpha)); };
    return QColor(mix(over.red(), under.red()), mix(over.green(), under.green()),
                  mix(over.blue(), under.blue()));
}

} // namespace atlas::gui
