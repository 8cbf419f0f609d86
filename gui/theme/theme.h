// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QFont>
#include <QIcon>
#include <QObject>
#include <QPalette>
#include <QString>

class QWidget;

namespace atlas::gui {

/// Distances in device-independent pixels; every layout takes them from here.
namespace metrics {
inline constexpr int hair = 2;
inline constexpr int tight = 4;
inline constexpr int small = 8;
inline constexpr int normal = 12;
inline constexpr int large = 16;
inline constexpr int huge = 24;
inline constexpr int radius = 5;
inline constexpr int rowHeight = 26;     ///< tables and lists
inline constexpr int controlHeight = 28; ///< buttons, fields
inline constexpr int railWidth = 76;
inline constexpr int topBarHeight = 48;
inline constexpr int iconSize = 16;
} // namespace metrics

/// What a colour means. Ask for it when painting: the answer changes with the theme.
enum class ColorRole {
    Window = 1, ///< behind everything
    Surface,    ///< panels, tables, fields
    SurfaceAlt, ///< alternate rows, headers
    Raised,     ///< menus, cards, popups
    Rail,       ///< the rail on the left
    Border,     ///< lines between panels
    Outline,    ///< around controls, clear enough for 3:1
    Text,
    TextMuted, ///< secondary text, still 4.5:1 on Surface
    TextDisabled,
    Accent,
    AccentText, ///< on Accent
    AccentSoft, ///< background of what is chosen
    Hover,
    Positive,
    PositiveSoft,
    Warning,
    WarningSoft,
    Critical,
    CriticalSoft,
    Info,
    InfoSoft,
    Hot, ///< hot attributes
    HotSoft,
    Cold, ///< cold attributes
    ColdSoft,
    Grid, ///< chart grid
};

class ColorScheme;

/// The looks of the application. One for the process, GUI thread only.
class Theme : public QObject
{
    Q_OBJECT
public:
    enum class Mode { System = 1, Light, Dark };

    static Theme& instance();

    /// Sets style, palette and font of the QApplication. Call once before the first widget, then setMode().
    void install();
    void setMode(Mode mode);
    Mode mode() const { return m_mode; }
    bool isDark() const { return m_dark; }
    static Mode modeFromName(const QString& name, Mode fallback = Mode::System);
    static QString modeName(Mode mode);

    QColor color(ColorRole role) const;
    /// Colour-blind-safe colours for chart series (after Okabe and Ito, lightness fitted to the background);
    /// repeats after seriesCount().
    QColor series(int index) const;
    static int seriesCount();
    QPalette palette() const;

    /// The system's font at our sizes; weights by hand because Qt 6.4 has no variable ones.
    QFont font() const;
    QFont smallFont() const;     ///< captions, badges
    QFont strongFont() const;    ///< demi-bold
    QFont titleFont() const;     ///< of a page
    QFont monospaceFont() const; ///< SQL, identifiers, errors

    /// An icon of resources/icons by name ("search"), painted in `role` of the theme of that moment; greyed
    /// when disabled. Unknown names give a null icon and a warning.
    static QIcon icon(const QString& name, ColorRole role = ColorRole::TextMuted);
    static bool hasIcon(const QString& name);

Q_SIGNALS:
    /// After palette and colours changed. Widgets that only use their palette need not listen.
    void changed();

private:
    Theme();
    void apply();
    bool systemPrefersDark() const;

    Mode m_mode = Mode::System;
    bool m_dark = false;
    ColorScheme* m_scheme = nullptr; ///< from install() on
};

inline QColor color(ColorRole role)
{
    return Theme::instance().color(role);
}
inline QIcon icon(const QString& name, ColorRole role = ColorRole::TextMuted)
{
    return Theme::icon(name, role);
}
/// `over` at `alpha` (0…1) on an opaque `under`.
QColor blend(const QColor& over, const QColor& under, double alpha);

} // namespace atlas::gui
