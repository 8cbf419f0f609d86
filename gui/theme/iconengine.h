// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QIconEngine>
#include <QString>

#include "gui/theme/theme.h"

namespace atlas::gui {

/// Draws one of our line icons in a colour of the current theme: asked at every paint, so a theme switch
/// needs no new QIcon. Sharp at any scale, cached by size and colour.
class IconEngine : public QIconEngine
{
public:
    IconEngine(const QString& name, ColorRole role);
    static bool exists(const QString& name);

    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State state) override;
    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override;
    QPixmap scaledPixmap(const QSize& size, QIcon::Mode mode, QIcon::State state, qreal scale) override;
    QIconEngine* clone() const override;
    bool isNull() override { return false; }

private:
    QColor colorFor(QIcon::Mode mode, QIcon::State state) const;
    QPixmap render(const QSize& pixels, const QColor& color) const;

    QString m_name;
    ColorRole m_role;
};

} // namespace atlas::gui
