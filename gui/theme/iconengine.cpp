// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/theme/iconengine.h"

#include <QFile>
#include <QPainter>
#include <QPixmapCache>
#include <QSvgRenderer>

namespace atlas::gui {

namespace {
QString resourcePath(const QString& name)
{
    return QStringLiteral(":/icons/%1.svg").arg(name);
}
} // namespace

IconEngine::IconEngine(const QString& name, ColorRole role)
    : m_name(name)
    , m_role(role)
{
}

bool IconEngine::exists(const QString& name)
{
    return QFile::exists(resourcePath(name));
}

QColor IconEngine::colorFor(QIcon::Mode mode, QIcon::State state) const
{
    const Theme& theme = Theme::instance();
    if (mode == QIcon::Disabled)
        return theme.color(ColorRole::TextDisabled);
    // Only the plain icons light up; one that carries a meaning keeps its colour.
    if (state == QIcon::On && m_role == ColorRole::TextMuted)
        return theme.color(ColorRole::Accent);
    if ((mode == QIcon::Active || mode == QIcon::Selected) && m_role == ColorRole::TextMuted)
        return theme.color(ColorRole::Text);
    return theme.color(m_role);
}

QPixmap IconEngine::render(const QSize& pixels, const QColor& color) const
{
    const QString key = QStringLiteral("atlas-icon/%1/%2x%3/%4")
                            .arg(m_name)
                            .arg(pixels.width())
                            .arg(pixels.height())
                            .arg(color.rgba(), 8, 16);
    QPixmap pixmap;
    if (QPixmapCache::find(key, &pixmap))
        return pixmap;
    QImage image(pixels, QImage::Format_ARGB32_Premultiplied);
    image.fill(Qt::transparent);
    QPainter painter(&image);
    painter.setRenderHint(QPainter::Antialiasing);
    QSvgRenderer renderer(resourcePath(m_name));
    renderer.setAspectRatioMode(Qt::KeepAspectRatio);
    renderer.render(&painter, QRectF(QPointF(0, 0), pixels));
    // The drawing is a stencil: what it covers takes our colour.
    painter.setCompositionMode(QPainter::CompositionMode_SourceIn);
    painter.fillRect(image.rect(), color);
    painter.end();
    pixmap = QPixmap::fromImage(image);
    QPixmapCache::insert(key, pixmap);
    return pixmap;
}

void IconEngine::paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State state)
{
    const qreal scale = painter->device() ? painter->device()->devicePixelRatioF() : 1.0;
    const QSize pixels = (QSizeF(rect.size()) * scale).toSize();
    if (pixels.isEmpty())
        return;
    painter->drawPixmap(rect, render(pixels, colorFor(mode, state)));
}

QPixmap IconEngine::pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state)
{
    return render(size, colorFor(mode, state));
}

QPixmap IconEngine::scaledPixmap(const QSize& size, QIcon::Mode mode, QIcon::State state, qreal scale)
{
    // `size` is in device pixels already; QIcon sets the ratio.
    Q_UNUSED(scale)
    return render(size, colorFor(mode, state));
}

QIconEngine* IconEngine::clone() const
{
    return new IconEngine(*this);
}

} // namespace atlas::gui
