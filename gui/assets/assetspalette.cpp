// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/assetspalette.h"

#include <QCoreApplication>

#include "gui/assets/attributelistmodel.h"

namespace atlas::gui {

namespace {
QString tr(const char* text)
{
    return QCoreApplication::translate("AssetsPalette", text);
}
} // namespace

void AttributePalette::setCatalog(const AttributeCatalog& catalog)
{
    m_catalog = catalog;
    ++m_revision;
}

QString AttributePalette::group() const
{
    return tr("Attributes");
}

QList<PaletteItem> AttributePalette::items() const
{
    QList<PaletteItem> items;
    items.reserve(m_catalog.size());
    const double total = m_catalog.entitiesTotal();
    for (int i = 0; i < m_catalog.size(); ++i) {
        const Attribute& attribute = m_catalog.at(i);
        PaletteItem item;
        item.title = attribute.name;
        item.detail = attribute.entitiesWith && total > 0
                          ? typeText(attribute.type) + QStringLiteral(" · ") +
                                shareText(double(*attribute.entitiesWith) / total)
                          : typeText(attribute.type);
        item.icon = typeIcon(attribute.type);
        item.key = quint64(attribute.id);
        items.append(item);
    }
    return items;
}

void AttributePalette::activate(quint64 key, const QString&)
{
    m_chosen(int(key));
}

QString AssetIdPalette::group() const
{
    return tr("Assets");
}

QList<PaletteItem> AssetIdPalette::itemsFor(const QString& text) const
{
    const QString words = text.trimmed();
    if (!m_enabled || words.isEmpty())
        return {};
    PaletteItem item;
    item.title = tr("Open asset %1").arg(text);
    item.icon = QStringLiteral("assets");
    // An id may be anything. Most have digits and no blank; what looks like a word ("export") is looked for
    // among attributes and commands first.
    const bool digits = std::any_of(words.begin(), words.end(), [](QChar c) { return c.isDigit(); });
    item.last = !digits || words.contains(QLatin1Char(' '));
    return {item};
}

void AssetIdPalette::activate(quint64, const QString& text)
{
    m_chosen(text);
}

} // namespace atlas::gui
