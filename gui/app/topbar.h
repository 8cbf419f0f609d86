// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QWidget>

class QAbstractButton;

namespace atlas::gui {

class FreshnessBadge;
class Picker;

/// The bar on top: environment, tenant, Go to…, freshness. A line in the environment's colour above it all.
class TopBar : public QWidget
{
    Q_OBJECT
public:
    explicit TopBar(QWidget* parent = nullptr);

    Picker* environments() const { return m_environments; }
    Picker* tenants() const { return m_tenants; }
    FreshnessBadge* freshness() const { return m_freshness; }
    QAbstractButton* paletteButton() const { return m_palette; }
    /// Invalid: no line.
    void setEnvironmentColor(const QColor& color);

Q_SIGNALS:
    void paletteRequested();

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QColor m_color;
    Picker* m_environments = nullptr;
    Picker* m_tenants = nullptr;
    QAbstractButton* m_palette = nullptr;
    FreshnessBadge* m_freshness = nullptr;
};

} // namespace atlas::gui
