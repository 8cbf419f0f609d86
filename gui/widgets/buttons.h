// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

class QFrame;
class QLabel;
class QPushButton;
class QToolButton;
class QWidget;

namespace atlas::gui {

/// The button of a page that is meant to be pressed: filled with the accent colour. One per page at most.
QPushButton* primaryButton(const QString& text, QWidget* parent, const QString& iconName = {});
QPushButton* button(const QString& text, QWidget* parent, const QString& iconName = {});
/// Flat, square, with an icon; the tooltip is its accessible name too.
QToolButton* iconButton(const QString& iconName, const QString& tooltip, QWidget* parent);
void markPrimary(QPushButton* button);

/// A line between panels.
QFrame* horizontalLine(QWidget* parent);
QFrame* verticalLine(QWidget* parent);
/// Small capitals-like muted heading of a panel ("ATTRIBUTES").
QLabel* sectionLabel(const QString& text, QWidget* parent);
QLabel* mutedLabel(const QString& text, QWidget* parent);
QLabel* titleLabel(const QString& text, QWidget* parent);

} // namespace atlas::gui
