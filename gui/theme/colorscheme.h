// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDBusConnection>
#include <QDBusVariant>
#include <QObject>

#include <optional>

namespace atlas::gui {

/// Light or dark as the desktop's settings portal has it (org.freedesktop.appearance, color-scheme), now and
/// whenever it changes: Qt 6.4 has no QStyleHints::colorScheme. Asks without waiting; where there is no
/// session bus or no portal nothing is ever known.
class ColorScheme : public QObject
{
    Q_OBJECT
public:
    explicit ColorScheme(QObject* parent = nullptr);

    /// Not known, or the person has no preference: nullopt.
    std::optional<bool> prefersDark() const { return m_dark; }

Q_SIGNALS:
    void changed();

private Q_SLOTS:
    void settingChanged(const QString& section, const QString& key, const QDBusVariant& value);

private:
    void take(const QVariant& value);

    std::optional<bool> m_dark;
};

} // namespace atlas::gui
