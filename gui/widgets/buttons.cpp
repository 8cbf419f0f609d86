// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/widgets/buttons.h"

#include <QFrame>
#include <QLabel>
#include <QPushButton>
#include <QToolButton>

#include "gui/theme/theme.h"

namespace atlas::gui {

QPushButton* button(const QString& text, QWidget* parent, const QString& iconName)
{
    auto* made = new QPushButton(text, parent);
    made->setAutoDefault(false);
    if (!iconName.isEmpty())
        made->setIcon(icon(iconName));
    return made;
}

void markPrimary(QPushButton* button)
{
    button->setProperty("atlasPrimary", true);
    button->update();
}

QPushButton* primaryButton(const QString& text, QWidget* parent, const QString& iconName)
{
    auto* made = new QPushButton(text, parent);
    made->setAutoDefault(false);
    if (!iconName.isEmpty())
        made->setIcon(icon(iconName, ColorRole::AccentText));
    markPrimary(made);
    return made;
}

QToolButton* iconButton(const QString& iconName, const QString& tooltip, QWidget* parent)
{
    auto* made = new QToolButton(parent);
    made->setIcon(icon(iconName));
    made->setToolTip(tooltip);
    made->setAccessibleName(tooltip);
    made->setAutoRaise(true);
    made->setFocusPolicy(Qt::TabFocus);
    made->setFixedSize(metrics::controlHeight, metrics::controlHeight);
    return made;
}

namespace {
/// A plain QFrame line takes its colours from light and shadow; this one is flat.
QFrame* flatLine(QWidget* parent)
{
    auto* line = new QFrame(parent);
    line->setFrameShape(QFrame::NoFrame);
    line->setAutoFillBackground(true);
    line->setBackgroundRole(QPalette::Mid);
    return line;
}
} // namespace

QFrame* horizontalLine(QWidget* parent)
{
    QFrame* line = flatLine(parent);
    line->setFixedHeight(1);
    return line;
}

QFrame* verticalLine(QWidget* parent)
{
    QFrame* line = flatLine(parent);
    line->setFixedWidth(1);
    return line;
}

QLabel* sectionLabel(const QString& text, QWidget* parent)
{
    auto* label = new QLabel(text.toUpper(), parent);
    QFont font = Theme::instance().smallFont();
    font.setWeight(QFont::DemiBold);
    font.setLetterSpacing(QFont::AbsoluteSpacing, 0.6);
    label->setFont(font);
    label->setForegroundRole(QPalette::PlaceholderText);
    return label;
}

QLabel* mutedLabel(const QString& text, QWidget* parent)
{
    auto* label = new QLabel(text, parent);
    label->setForegroundRole(QPalette::PlaceholderText);
    return label;
}

QLabel* titleLabel(const QString& text, QWidget* parent)
{
    auto* label = new QLabel(text, parent);
    label->setFont(Theme::instance().titleFont());
    return label;
}

} // namespace atlas::gui
