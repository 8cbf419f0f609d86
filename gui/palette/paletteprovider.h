// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QString>

#include <functional>

namespace atlas::gui {

/// One line of the Ctrl+K palette. `key` is the provider's own.
struct PaletteItem
{
    QString title;
    QString detail;
    QString keywords;
    QString icon;
    QString shortcut;
    quint64 key = 0;
    bool last = false; ///< of itemsFor(): behind all that was found
};

/// A source of palette lines: commands, tenants, attributes… Lives at least as long as it is registered.
class PaletteProvider
{
public:
    virtual ~PaletteProvider() = default;
    /// Heading: "Attributes".
    virtual QString group() const = 0;
    /// All lines that do not depend on what is typed. 10,000 are fine: they are asked for again only when
    /// revision() has changed.
    virtual QList<PaletteItem> items() const { return {}; }
    virtual quint64 revision() const { return 0; }
    /// Lines made from what is typed ("Open asset 10482"), exactly as it is typed; shown first, unless they
    /// are to be last. Called at every key: no I/O.
    virtual QList<PaletteItem> itemsFor(const QString& text) const
    {
        Q_UNUSED(text)
        return {};
    }
    virtual void activate(quint64 key, const QString& text) = 0;
};

} // namespace atlas::gui
