// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include "gui/theme/theme.h"

namespace atlas::gui {

/// A small rounded label: state, count, type. Tone decides the colour, the text (and icon) carry the meaning.
class Badge : public QWidget
{
    Q_OBJECT
public:
    enum class Tone { Neutral = 1, Accent, Positive, Warning, Critical, Info, Hot, Cold };

    explicit Badge(QWidget* parent = nullptr);
    explicit Badge(const QString& text, Tone tone = Tone::Neutral, QWidget* parent = nullptr);

    void setText(const QString& text);
    QString text() const { return m_text; }
    void setTone(Tone tone);
    Tone tone() const { return m_tone; }
    void setIconName(const QString& name);

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

    /// The same drawing for item delegates: returns the width used. Left-aligned, vertically centred in
    /// `rect`.
    static int paint(QPainter* painter, const QRect& rect, const QString& text, Tone tone,
                     const QString& iconName = {});
    static int width(const QString& text, const QString& iconName = {});
    static ColorRole foreground(Tone tone);
    static ColorRole background(Tone tone);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString m_text;
    QString m_icon;
    Tone m_tone = Tone::Neutral;
};

} // namespace atlas::gui
