// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QFont>
#include <QList>

namespace atlas::gui {

/// The looks of a chart. Charts know nothing of the theme: whoever makes one sets this, and again when the
/// theme changes (gui/support/chartlooks.h does both).
struct ChartStyle
{
    QColor background = Qt::white;
    QColor text = Qt::black;
    QColor mutedText = Qt::darkGray;
    QColor grid = QColor(0xe6e6e6);
    QColor axis = Qt::lightGray;
    QColor accent = Qt::blue;      ///< crosshair, focus
    QColor readout = Qt::white;    ///< background of the readout box
    QColor border = Qt::lightGray; ///< of the readout box
    QColor budget = QColor(0xb26b00);
    QColor breach = QColor(0xd64545); ///< shade, drawn translucent
    QColor annotation = Qt::darkGray;
    QFont font;
    QFont smallFont;
    QFont strongFont;
    QList<QColor> series{Qt::blue}; ///< repeated when there are more series
};

} // namespace atlas::gui
