// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "gui/palette/paletteprovider.h"
#include "model/catalog/attributecatalog.h"

namespace atlas::gui {

/// Every attribute of the tenant, for Ctrl+K.
class AttributePalette : public PaletteProvider
{
public:
    explicit AttributePalette(std::function<void(int attributeId)> chosen)
        : m_chosen(std::move(chosen))
    {
    }
    void setCatalog(const AttributeCatalog& catalog);
    QString group() const override;
    QList<PaletteItem> items() const override;
    quint64 revision() const override { return m_revision; }
    void activate(quint64 key, const QString& text) override;

private:
    std::function<void(int)> m_chosen;
    AttributeCatalog m_catalog;
    quint64 m_revision = 0;
};

/// What is typed may be an asset's id: whether it is one is found out when it is chosen.
class AssetIdPalette : public PaletteProvider
{
public:
    explicit AssetIdPalette(std::function<void(const QString& externalId)> chosen)
        : m_chosen(std::move(chosen))
    {
    }
    void setEnabled(bool enabled) { m_enabled = enabled; }
    QString group() const override;
    QList<PaletteItem> itemsFor(const QString& text) const override;
    void activate(quint64 key, const QString& text) override;

private:
    std::function<void(const QString&)> m_chosen;
    bool m_enabled = false;
};

} // namespace atlas::gui
