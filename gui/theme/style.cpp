// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/theme/style.h"

#include <QAbstractItemView>
#include <QComboBox>
#include <QLineEdit>
#include <QMenu>
#include <QPainter>
#include <QPainterPath>
#include <QPushButton>
#include <QScrollBar>
#include <QSpinBox>
#include <QStyleFactory>
#include <QStyleOption>
#include <QTabBar>
#include <QToolButton>

#include "gui/theme/theme.h"

namespace atlas::gui {

namespace {
constexpr int headerMargin = 6;
constexpr int headerArrow = 14;

bool isEnabled(const QStyleOption* option)
{
    return option->state.testFlag(QStyle::State_Enabled);
}

bool isHovered(const QStyleOption* option)
{
    return isEnabled(option) && option->state.testFlag(QStyle::State_MouseOver);
}

bool isPressed(const QStyleOption* option)
{
    return option->state.testFlag(QStyle::State_Sunken);
}

bool isFocused(const QStyleOption* option)
{
    return isEnabled(option) && option->state.testFlag(QStyle::State_HasFocus);
}

bool isOn(const QStyleOption* option)
{
    return option->state.testFlag(QStyle::State_On);
}

bool flagged(const QWidget* widget, const char* property)
{
    return widget && widget->property(property).toBool();
}

QRectF inner(const QRect& rect, qreal by = 0.5)
{
    return QRectF(rect).adjusted(by, by, -by, -by);
}

void drawIcon(QPainter* painter, const QString& name, const QRect& area, int size, ColorRole role,
              bool enabled = true)
{
    QRect rect(0, 0, size, size);
    rect.moveCenter(area.center());
    Theme::icon(name, role).paint(painter, rect, Qt::AlignCenter, enabled ? QIcon::Normal : QIcon::Disabled);
}

} // namespace

Style::Style()
    : QProxyStyle(QStyleFactory::create(QStringLiteral("Fusion")))
{
}

void Style::polish(QWidget* widget)
{
    QProxyStyle::polish(widget);
    if (qobject_cast<QPushButton*>(widget) || qobject_cast<QToolButton*>(widget) ||
        qobject_cast<QComboBox*>(widget) || qobject_cast<QLineEdit*>(widget) ||
        qobject_cast<QScrollBar*>(widget) || qobject_cast<QTabBar*>(widget) ||
        qobject_cast<QAbstractSpinBox*>(widget))
        widget->setAttribute(Qt::WA_Hover);
}

void Style::drawButtonPanel(const QStyleOption* option, QPainter* painter, const QWidget* widget) const
{
    const auto* asButton = qstyleoption_cast<const QStyleOptionButton*>(option);
    const bool isFlat = asButton && asButton->features.testFlag(QStyleOptionButton::Flat);
    const bool primary = flagged(widget, "atlasPrimary");
    QColor fill = color(ColorRole::Surface);
    QColor line = blend(color(ColorRole::Outline), color(ColorRole::Surface), 0.6);
    if (primary && isEnabled(option)) {
        fill = color(ColorRole::Accent);
        if (isPressed(option))
            fill = blend(Qt::black, fill, 0.18);
        else if (isHovered(option))
            fill = blend(Qt::white, fill, 0.1);
        line = fill;
    } else if (!isEnabled(option)) {
        fill = color(ColorRole::Window);
        line = color(ColorRole::Border);
    } else if (isPressed(option) || isOn(option)) {
        fill = color(ColorRole::AccentSoft);
    } else if (isHovered(option)) {
        fill = color(ColorRole::Hover);
    } else if (isFlat) {
        return;
    }
    if (isFlat && !primary)
        line = Qt::transparent;
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    if (isFocused(option) && option->state.testFlag(State_KeyboardFocusChange)) {
        painter->setPen(QPen(blend(color(ColorRole::Accent), color(ColorRole::Surface), 0.55), 2));
        painter->setBrush(fill);
        painter->drawRoundedRect(inner(option->rect, 1), metrics::radius, metrics::radius);
        if (primary) {
            painter->setPen(QPen(color(ColorRole::AccentText), 1));
            painter->setBrush(Qt::NoBrush);
            painter->drawRoundedRect(inner(option->rect, 2.5), metrics::radius - 2, metrics::radius - 2);
        }
    } else {
        painter->setPen(QPen(line, 1));
        painter->setBrush(fill);
        painter->drawRoundedRect(inner(option->rect), metrics::radius, metrics::radius);
    }
    painter->restore();
}

void Style::drawField(const QStyleOption* option, QPainter* painter) const
{
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    const bool focused = isFocused(option);
    QColor line = blend(color(ColorRole::Outline), color(ColorRole::Surface), isHovered(option) ? 1.0 : 0.75);
    if (!isEnabled(option))
        line = color(ColorRole::Border);
    if (focused)
        line = color(ColorRole::Accent);
    painter->setPen(QPen(line, focused ? 1.5 : 1));
    painter->setBrush(isEnabled(option) ? color(ColorRole::Surface) : color(ColorRole::Window));
    painter->drawRoundedRect(inner(option->rect, focused ? 0.75 : 0.5), metrics::radius, metrics::radius);
    painter->restore();
}

void Style::drawIndicator(const QStyleOption* option, QPainter* painter, bool isRound) const
{
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    const qreal side = qMin(option->rect.width(), option->rect.height());
    QRectF box(0, 0, side, side);
    box.moveCenter(QRectF(option->rect).center());
    box.adjust(1, 1, -1, -1);
    const bool on = isOn(option) || option->state.testFlag(State_NoChange);
    QColor fill = on ? color(ColorRole::Accent) : color(ColorRole::Surface);
    QColor line = on ? fill : color(ColorRole::Outline);
    if (!isEnabled(option)) {
        fill = on ? color(ColorRole::TextDisabled) : color(ColorRole::Window);
        line = color(ColorRole::TextDisabled);
    } else if (isHovered(option) && !on) {
        fill = color(ColorRole::Hover);
    }
    if (isFocused(option) && option->state.testFlag(State_KeyboardFocusChange)) {
        painter->setPen(QPen(blend(color(ColorRole::Accent), color(ColorRole::Surface), 0.5), 2));
        painter->setBrush(Qt::NoBrush);
        const QRectF ring = box.adjusted(-1, -1, 1, 1);
        isRound ? painter->drawEllipse(ring) : painter->drawRoundedRect(ring, 4, 4);
    }
    painter->setPen(QPen(line, 1.2));
    painter->setBrush(fill);
    isRound ? painter->drawEllipse(box) : painter->drawRoundedRect(box, 3, 3);
    const QColor mark = color(ColorRole::AccentText);
    if (on && isRound) {
        painter->setPen(Qt::NoPen);
        painter->setBrush(mark);
        painter->drawEllipse(box.center(), side * 0.18, side * 0.18);
    } else if (on) {
        painter->setPen(QPen(mark, 1.8, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
        painter->setBrush(Qt::NoBrush);
        const qreal unit = box.width() / 12;
        if (option->state.testFlag(State_NoChange))
            painter->drawLine(box.topLeft() + QPointF(3 * unit, 6 * unit),
                              box.topLeft() + QPointF(9 * unit, 6 * unit));
        else
            painter->drawPolyline(QPolygonF({box.topLeft() + QPointF(2.8 * unit, 6.2 * unit),
                                             box.topLeft() + QPointF(5.1 * unit, 8.5 * unit),
                                             box.topLeft() + QPointF(9.3 * unit, 3.8 * unit)}));
    }
    painter->restore();
}

void Style::drawHeaderSection(const QStyleOption* option, QPainter* painter) const
{
    const auto* header = qstyleoption_cast<const QStyleOptionHeader*>(option);
    QColor fill = color(ColorRole::SurfaceAlt);
    if (isPressed(option) || isHovered(option))
        fill = blend(color(ColorRole::Hover), fill, 0.9);
    painter->fillRect(option->rect, fill);
    painter->setPen(color(ColorRole::Border));
    const QRect& r = option->rect;
    if (header && header->orientation == Qt::Vertical) {
        painter->drawLine(r.topRight(), r.bottomRight());
        return;
    }
    painter->drawLine(r.bottomLeft(), r.bottomRight());
    if (header && header->position != QStyleOptionHeader::End &&
        header->position != QStyleOptionHeader::OnlyOneSection)
        painter->drawLine(r.topRight() + QPoint(0, 6), r.bottomRight() - QPoint(0, 6));
}

void Style::drawTab(const QStyleOption* option, QPainter* painter) const
{
    const QRect& r = option->rect;
    painter->save();
    if (option->state.testFlag(State_Selected)) {
        painter->fillRect(QRect(r.left() + 6, r.bottom() - 1, r.width() - 12, 2), color(ColorRole::Accent));
    } else if (isHovered(option)) {
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(Qt::NoPen);
        painter->setBrush(color(ColorRole::Hover));
        painter->drawRoundedRect(QRectF(r).adjusted(2, 3, -2, -4), metrics::radius, metrics::radius);
    }
    if (isFocused(option) && option->state.testFlag(State_KeyboardFocusChange)) {
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(QPen(color(ColorRole::Accent), 1));
        painter->setBrush(Qt::NoBrush);
        painter->drawRoundedRect(QRectF(r).adjusted(2.5, 3.5, -2.5, -4.5), metrics::radius, metrics::radius);
    }
    painter->restore();
}

void Style::drawProgress(const QStyleOption* option, QPainter* painter) const
{
    const auto* bar = qstyleoption_cast<const QStyleOptionProgressBar*>(option);
    if (!bar)
        return;
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setPen(Qt::NoPen);
    const qreal height = qMin(8.0, qreal(option->rect.height()));
    QRectF track(option->rect.left(), 0, option->rect.width(), height);
    track.moveCenter(QRectF(option->rect).center());
    painter->setBrush(color(ColorRole::Border));
    painter->drawRoundedRect(track, height / 2, height / 2);
    QRectF done = track;
    if (bar->maximum > bar->minimum) {
        const double share = double(bar->progress - bar->minimum) / (double(bar->maximum) - bar->minimum);
        done.setWidth(track.width() * qBound(0.0, share, 1.0));
    } else {
        // Unknown length: a still block in the middle; whoever shows it has a BusyIndicator for the motion.
        done.adjust(track.width() * 0.35, 0, -track.width() * 0.35, 0);
    }
    if (done.width() > 0) {
        QPainterPath clip;
        clip.addRoundedRect(track, height / 2, height / 2);
        painter->setClipPath(clip);
        painter->setBrush(isEnabled(option) ? color(ColorRole::Accent) : color(ColorRole::TextDisabled));
        painter->drawRoundedRect(done, height / 2, height / 2);
    }
    painter->restore();
}

void Style::drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                          const QWidget* widget) const
{
    switch (element) {
    case PE_PanelButtonCommand:
        drawButtonPanel(option, painter, widget);
        return;
    case PE_FrameDefaultButton:
        return;
    case PE_PanelButtonTool:
    case PE_FrameButtonTool: {
        const bool keyboard = isFocused(option) && option->state.testFlag(State_KeyboardFocusChange);
        const bool hovered = isHovered(option);
        const bool down = isPressed(option) || isOn(option);
        if (!hovered && !down && !keyboard)
            return;
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(keyboard ? QPen(color(ColorRole::Accent), 1) : QPen(Qt::NoPen));
        painter->setBrush(down      ? QBrush(color(ColorRole::AccentSoft))
                          : hovered ? QBrush(color(ColorRole::Hover))
                                    : QBrush(Qt::NoBrush));
        painter->drawRoundedRect(inner(option->rect), metrics::radius, metrics::radius);
        painter->restore();
        return;
    }
    case PE_PanelLineEdit: {
        const auto* frame = qstyleoption_cast<const QStyleOptionFrame*>(option);
        if (frame && frame->lineWidth <= 0)
            painter->fillRect(option->rect, option->palette.brush(QPalette::Base));
        else
            drawField(option, painter);
        return;
    }
    case PE_FrameLineEdit:
        drawField(option, painter);
        return;
    case PE_IndicatorCheckBox:
    case PE_IndicatorItemViewItemCheck:
        drawIndicator(option, painter, false);
        return;
    case PE_IndicatorRadioButton:
        drawIndicator(option, painter, true);
        return;
    case PE_PanelItemViewItem:
    case PE_PanelItemViewRow: {
        const auto* item = qstyleoption_cast<const QStyleOptionViewItem*>(option);
        if (!item)
            break;
        QStyleOptionViewItem copy(*item);
        copy.palette.setColor(QPalette::Highlight, color(ColorRole::AccentSoft));
        QProxyStyle::drawPrimitive(element, &copy, painter, widget);
        return;
    }
    case PE_FrameFocusRect: {
        if (!option->state.testFlag(State_KeyboardFocusChange))
            return;
        // Item views mark the current cell by themselves; a second rectangle in it is noise.
        if (qobject_cast<const QAbstractItemView*>(widget) || qobject_cast<const QTabBar*>(widget))
            return;
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(QPen(color(ColorRole::Accent), 1));
        painter->setBrush(Qt::NoBrush);
        painter->drawRoundedRect(inner(option->rect), 3, 3);
        painter->restore();
        return;
    }
    case PE_IndicatorArrowDown:
        drawIcon(painter, QStringLiteral("chevron-down"), option->rect, 12, ColorRole::TextMuted,
                 isEnabled(option));
        return;
    case PE_IndicatorArrowUp:
        drawIcon(painter, QStringLiteral("chevron-up"), option->rect, 12, ColorRole::TextMuted,
                 isEnabled(option));
        return;
    case PE_IndicatorArrowRight:
        drawIcon(painter, QStringLiteral("chevron-right"), option->rect, 12, ColorRole::TextMuted,
                 isEnabled(option));
        return;
    case PE_IndicatorArrowLeft:
        drawIcon(painter, QStringLiteral("chevron-left"), option->rect, 12, ColorRole::TextMuted,
                 isEnabled(option));
        return;
    case PE_IndicatorSpinUp:
    case PE_IndicatorSpinPlus:
        drawIcon(painter, QStringLiteral("chevron-up"), option->rect, 10, ColorRole::TextMuted,
                 isEnabled(option));
        return;
    case PE_IndicatorSpinDown:
    case PE_IndicatorSpinMinus:
        drawIcon(painter, QStringLiteral("chevron-down"), option->rect, 10, ColorRole::TextMuted,
                 isEnabled(option));
        return;
    case PE_IndicatorBranch:
        if (option->state.testFlag(State_Children))
            drawIcon(painter,
                     option->state.testFlag(State_Open) ? QStringLiteral("chevron-down")
                                                        : QStringLiteral("chevron-right"),
                     option->rect, 12, ColorRole::TextMuted);
        return;
    case PE_IndicatorHeaderArrow: {
        const auto* header = qstyleoption_cast<const QStyleOptionHeader*>(option);
        if (header && header->sortIndicator != QStyleOptionHeader::None)
            drawIcon(painter,
                     header->sortIndicator == QStyleOptionHeader::SortUp ? QStringLiteral("chevron-down")
                                                                         : QStringLiteral("chevron-up"),
                     option->rect, 12, ColorRole::Accent);
        return;
    }
    case PE_Frame:
    case PE_FrameWindow: {
        painter->save();
        painter->setPen(color(ColorRole::Border));
        painter->drawRect(option->rect.adjusted(0, 0, -1, -1));
        painter->restore();
        return;
    }
    case PE_FrameMenu:
    case PE_PanelTipLabel: {
        painter->save();
        painter->setPen(blend(color(ColorRole::Outline), color(ColorRole::Raised), 0.6));
        painter->setBrush(color(ColorRole::Raised));
        painter->drawRect(option->rect.adjusted(0, 0, -1, -1));
        painter->restore();
        return;
    }
    case PE_PanelMenu:
        painter->fillRect(option->rect, color(ColorRole::Raised));
        return;
    case PE_FrameTabWidget:
    case PE_FrameTabBarBase: {
        painter->save();
        painter->setPen(color(ColorRole::Border));
        painter->drawLine(option->rect.bottomLeft(), option->rect.bottomRight());
        painter->restore();
        return;
    }
    case PE_FrameGroupBox:
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(color(ColorRole::Border));
        painter->setBrush(Qt::NoBrush);
        painter->drawRoundedRect(inner(option->rect), metrics::radius, metrics::radius);
        painter->restore();
        return;
    case PE_FrameStatusBarItem:
    case PE_PanelStatusBar:
        return;
    default:
        break;
    }
    QProxyStyle::drawPrimitive(element, option, painter, widget);
}

void Style::drawControl(ControlElement element, const QStyleOption* option, QPainter* painter,
                        const QWidget* widget) const
{
    switch (element) {
    case CE_Header: {
        const auto* header = qstyleoption_cast<const QStyleOptionHeader*>(option);
        if (!header)
            break;
        // Here, because Qt's own asks no proxy for these places.
        QStyleOptionHeaderV2 part;
        if (const auto* v2 = qstyleoption_cast<const QStyleOptionHeaderV2*>(option))
            part = *v2;
        else
            static_cast<QStyleOptionHeader&>(part) = *header;
        painter->save();
        painter->setClipRect(option->rect, Qt::IntersectClip);
        drawControl(CE_HeaderSection, option, painter, widget);
        part.rect = subElementRect(SE_HeaderLabel, option, widget);
        if (part.rect.isValid())
            drawControl(CE_HeaderLabel, &part, painter, widget);
        if (header->sortIndicator != QStyleOptionHeader::None) {
            part.rect = subElementRect(SE_HeaderArrow, option, widget);
            drawPrimitive(PE_IndicatorHeaderArrow, &part, painter, widget);
        }
        painter->restore();
        return;
    }
    case CE_HeaderSection:
        drawHeaderSection(option, painter);
        return;
    case CE_HeaderEmptyArea:
        painter->fillRect(option->rect, color(ColorRole::SurfaceAlt));
        painter->setPen(color(ColorRole::Border));
        painter->drawLine(option->rect.bottomLeft(), option->rect.bottomRight());
        return;
    case CE_HeaderLabel: {
        const auto* header = qstyleoption_cast<const QStyleOptionHeader*>(option);
        if (!header)
            break;
        QStyleOptionHeaderV2 copy;
        if (const auto* v2 = qstyleoption_cast<const QStyleOptionHeaderV2*>(option))
            copy = *v2;
        else
            static_cast<QStyleOptionHeader&>(copy) = *header;
        copy.state.setFlag(State_On, false); // Fusion sets it bold for the current column
        copy.palette.setColor(QPalette::ButtonText, color(ColorRole::TextMuted));
        QProxyStyle::drawControl(element, &copy, painter, widget);
        return;
    }
    case CE_TabBarTabShape:
        drawTab(option, painter);
        return;
    case CE_TabBarTabLabel: {
        const auto* tab = qstyleoption_cast<const QStyleOptionTab*>(option);
        if (!tab)
            break;
        QStyleOptionTab copy(*tab);
        copy.state.setFlag(State_HasFocus, false);
        if (!tab->state.testFlag(State_Selected))
            copy.palette.setColor(QPalette::WindowText, color(ColorRole::TextMuted));
        QProxyStyle::drawControl(element, &copy, painter, widget);
        return;
    }
    case CE_PushButtonLabel: {
        const auto* asButton = qstyleoption_cast<const QStyleOptionButton*>(option);
        if (!asButton)
            break;
        QStyleOptionButton copy(*asButton);
        if (flagged(widget, "atlasPrimary") && isEnabled(option))
            copy.palette.setColor(QPalette::ButtonText, color(ColorRole::AccentText));
        QProxyStyle::drawControl(element, &copy, painter, widget);
        return;
    }
    case CE_ProgressBarGroove:
        return;
    case CE_ProgressBarContents:
        drawProgress(option, painter);
        return;
    case CE_Splitter:
        painter->fillRect(option->rect, color(ColorRole::Border));
        if (isHovered(option))
            painter->fillRect(option->rect, blend(color(ColorRole::Accent), color(ColorRole::Border), 0.6));
        return;
    case CE_MenuItem: {
        const auto* item = qstyleoption_cast<const QStyleOptionMenuItem*>(option);
        if (!item)
            break;
        QStyleOptionMenuItem copy(*item);
        if (item->menuItemType == QStyleOptionMenuItem::Separator) {
            painter->fillRect(option->rect, color(ColorRole::Raised));
            painter->setPen(color(ColorRole::Border));
            const int y = option->rect.center().y();
            painter->drawLine(option->rect.left() + 8, y, option->rect.right() - 8, y);
            return;
        }
        copy.palette.setColor(QPalette::Window, color(ColorRole::Raised));
        copy.palette.setColor(QPalette::Base, color(ColorRole::Raised));
        copy.palette.setColor(QPalette::Highlight, color(ColorRole::AccentSoft));
        copy.palette.setColor(QPalette::HighlightedText, color(ColorRole::Text));
        QProxyStyle::drawControl(element, &copy, painter, widget);
        return;
    }
    default:
        break;
    }
    QProxyStyle::drawControl(element, option, painter, widget);
}

void Style::drawScrollBar(const QStyleOptionComplex* option, QPainter* painter, const QWidget* widget) const
{
    const auto* slider = qstyleoption_cast<const QStyleOptionSlider*>(option);
    if (!slider)
        return;
    painter->save();
    if (widget && widget->parentWidget() && widget->isVisible())
        painter->fillRect(option->rect, option->palette.brush(QPalette::Base));
    const QRect handle = proxy()->subControlRect(CC_ScrollBar, option, SC_ScrollBarSlider, widget);
    if (slider->maximum > slider->minimum && handle.isValid()) {
        const bool active = isHovered(option) || (option->activeSubControls & SC_ScrollBarSlider);
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(Qt::NoPen);
        painter->setBrush(blend(color(ColorRole::Outline), color(ColorRole::Surface), active ? 0.9 : 0.5));
        const bool across = slider->orientation == Qt::Horizontal;
        const qreal margin = 2.5;
        const QRectF bar = across ? QRectF(handle).adjusted(1, margin, -1, -margin)
                                  : QRectF(handle).adjusted(margin, 1, -margin, -1);
        const qreal radius = qMin(bar.width(), bar.height()) / 2;
        painter->drawRoundedRect(bar, radius, radius);
    }
    painter->restore();
}

void Style::drawComboBox(const QStyleOptionComplex* option, QPainter* painter, const QWidget* widget) const
{
    const auto* combo = qstyleoption_cast<const QStyleOptionComboBox*>(option);
    if (!combo)
        return;
    if (combo->frame && !flagged(widget, "atlasPlain")) {
        if (combo->editable) {
            QStyleOptionComplex frame(*option);
            drawField(&frame, painter);
        } else {
            QStyleOptionButton panel;
            panel.QStyleOption::operator=(*option);
            panel.state.setFlag(State_Sunken, false);
            panel.state.setFlag(State_On, false);
            drawButtonPanel(&panel, painter, nullptr);
        }
    } else if (isHovered(option)) {
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(Qt::NoPen);
        painter->setBrush(color(ColorRole::Hover));
        painter->drawRoundedRect(inner(option->rect), metrics::radius, metrics::radius);
        painter->restore();
    }
    const QRect arrow = proxy()->subControlRect(CC_ComboBox, option, SC_ComboBoxArrow, widget);
    drawIcon(painter, QStringLiteral("chevron-down"), arrow, 12, ColorRole::TextMuted, isEnabled(option));
}

void Style::drawComplexControl(ComplexControl control, const QStyleOptionComplex* option, QPainter* painter,
                               const QWidget* widget) const
{
    switch (control) {
    case CC_ScrollBar:
        drawScrollBar(option, painter, widget);
        return;
    case CC_ComboBox:
        drawComboBox(option, painter, widget);
        return;
    case CC_SpinBox: {
        const auto* spin = qstyleoption_cast<const QStyleOptionSpinBox*>(option);
        if (spin && spin->frame)
            drawField(option, painter);
        for (const SubControl part : {SC_SpinBoxUp, SC_SpinBoxDown}) {
            if (!spin || spin->buttonSymbols == QAbstractSpinBox::NoButtons)
                break;
            const QRect area = proxy()->subControlRect(CC_SpinBox, option, part, widget);
            const bool can =
                isEnabled(option) &&
                spin->stepEnabled.testFlag(part == SC_SpinBoxUp ? QAbstractSpinBox::StepUpEnabled
                                                                : QAbstractSpinBox::StepDownEnabled);
            drawIcon(painter,
                     part == SC_SpinBoxUp ? QStringLiteral("chevron-up") : QStringLiteral("chevron-down"),
                     area, 10, ColorRole::TextMuted, can);
        }
        return;
    }
    default:
        break;
    }
    QProxyStyle::drawComplexControl(control, option, painter, widget);
}

QRect Style::subControlRect(ComplexControl control, const QStyleOptionComplex* option, SubControl subControl,
                            const QWidget* widget) const
{
    if (control == CC_ScrollBar) {
        const auto* bar = qstyleoption_cast<const QStyleOptionSlider*>(option);
        if (!bar)
            return {};
        const QRect& r = option->rect;
        const bool across = bar->orientation == Qt::Horizontal;
        const int length = across ? r.width() : r.height();
        int handle = length;
        if (bar->maximum > bar->minimum) {
            const qint64 range = qint64(bar->maximum) - bar->minimum;
            handle = int(qint64(bar->pageStep) * length / (range + bar->pageStep));
            handle = qBound(qMin(28, length), handle, length);
        }
        const int start = sliderPositionFromValue(bar->minimum, bar->maximum, bar->sliderPosition,
                                                  length - handle, bar->upsideDown);
        const auto along = [&](int from, int size) {
            return across ? QRect(r.left() + from, r.top(), size, r.height())
                          : QRect(r.left(), r.top() + from, r.width(), size);
        };
        QRect result;
        switch (subControl) {
        case SC_ScrollBarSlider:
            result = along(start, handle);
            break;
        case SC_ScrollBarSubPage:
            result = along(0, start);
            break;
        case SC_ScrollBarAddPage:
            result = along(start + handle, length - start - handle);
            break;
        case SC_ScrollBarGroove:
            result = r;
            break;
        default:
            return {}; // no arrow buttons
        }
        return visualRect(option->direction, r, result);
    }
    if (control == CC_ComboBox && subControl == SC_ComboBoxEditField) {
        QRect field = option->rect.adjusted(8, 1, -24, -1);
        return visualRect(option->direction, option->rect, field);
    }
    if (control == CC_ComboBox && subControl == SC_ComboBoxArrow) {
        const QRect arrow(option->rect.right() - 22, option->rect.top(), 20, option->rect.height());
        return visualRect(option->direction, option->rect, arrow);
    }
    return QProxyStyle::subControlRect(control, option, subControl, widget);
}

QSize Style::sizeFromContents(ContentsType type, const QStyleOption* option, const QSize& size,
                              const QWidget* widget) const
{
    QSize result = QProxyStyle::sizeFromContents(type, option, size, widget);
    switch (type) {
    case CT_PushButton:
        result.setHeight(qMax(metrics::controlHeight, size.height() + 10));
        result.rwidth() += 8;
        break;
    case CT_LineEdit:
    case CT_SpinBox:
        result.setHeight(qMax(metrics::controlHeight, result.height()));
        break;
    case CT_ComboBox:
        result.setHeight(qMax(metrics::controlHeight, size.height() + 8));
        result.rwidth() += 8;
        break;
    case CT_TabBarTab:
        result.setHeight(qMax(32, result.height()));
        result.rwidth() += 8;
        break;
    case CT_MenuItem:
        if (const auto* item = qstyleoption_cast<const QStyleOptionMenuItem*>(option);
            item && item->menuItemType != QStyleOptionMenuItem::Separator)
            result.setHeight(qMax(metrics::controlHeight, result.height()));
        break;
    case CT_ItemViewItem:
        result.setHeight(qMax(metrics::rowHeight, result.height()));
        break;
    case CT_HeaderSection:
        result.setHeight(qMax(28, result.height()));
        break;
    default:
        break;
    }
    return result;
}

QRect Style::subElementRect(SubElement element, const QStyleOption* option, const QWidget* widget) const
{
    if (element == SE_LineEditContents) {
        const auto* frame = qstyleoption_cast<const QStyleOptionFrame*>(option);
        const QRect inside = QProxyStyle::subElementRect(element, option, widget);
        return frame && frame->lineWidth > 0 ? inside.adjusted(5, 0, -3, 0) : inside;
    }
    if (element == SE_HeaderArrow) {
        const QRect& r = option->rect;
        return visualRect(option->direction, r,
                          QRect(r.right() - headerArrow - 4, r.top(), headerArrow, r.height()));
    }
    if (element == SE_HeaderLabel) {
        // As much room for the arrow as the header elides its text for.
        const auto* header = qstyleoption_cast<const QStyleOptionHeader*>(option);
        if (header && header->sortIndicator != QStyleOptionHeader::None) {
            const QRect& r = option->rect;
            return visualRect(option->direction, r,
                              r.adjusted(headerMargin, 0, -headerMargin - headerArrow, 0));
        }
    }
    return QProxyStyle::subElementRect(element, option, widget);
}

int Style::pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const
{
    switch (metric) {
    case PM_ScrollBarExtent:
        return 11;
    case PM_ScrollView_ScrollBarSpacing:
        return 0;
    case PM_ScrollBarSliderMin:
        return 28;
    case PM_SplitterWidth:
        return 1;
    case PM_IndicatorWidth:
    case PM_IndicatorHeight:
    case PM_ExclusiveIndicatorWidth:
    case PM_ExclusiveIndicatorHeight:
        return 16;
    case PM_ButtonIconSize:
    case PM_SmallIconSize:
    case PM_ListViewIconSize:
        return metrics::iconSize;
    case PM_ButtonShiftHorizontal:
    case PM_ButtonShiftVertical:
        return 0;
    case PM_LayoutLeftMargin:
    case PM_LayoutTopMargin:
    case PM_LayoutRightMargin:
    case PM_LayoutBottomMargin:
        return metrics::normal;
    case PM_LayoutHorizontalSpacing:
    case PM_LayoutVerticalSpacing:
        return metrics::small;
    case PM_HeaderMargin:
        return headerMargin;
    case PM_HeaderMarkSize:
        return headerArrow;
    case PM_FocusFrameHMargin:
        return 5; // of cells too: in line with their header
    case PM_TabBarTabHSpace:
        return 20;
    case PM_TabBarBaseHeight:
    case PM_TabBarBaseOverlap:
        return 0;
    case PM_MenuPanelWidth:
        return 1;
    case PM_MenuVMargin:
        return 4;
    case PM_ToolTipLabelFrameWidth:
        return 6;
    case PM_TreeViewIndentation:
        return 18;
    default:
        break;
    }
    return QProxyStyle::pixelMetric(metric, option, widget);
}

int Style::styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget,
                     QStyleHintReturn* data) const
{
    switch (hint) {
    case SH_ScrollView_FrameOnlyAroundContents:
        return 0;
    case SH_ComboBox_Popup:
        return 0;
    case SH_ItemView_ShowDecorationSelected:
        return 1;
    case SH_EtchDisabledText:
        return 0;
    case SH_DitherDisabledText:
        return 0;
    case SH_Header_ArrowAlignment:
        return Qt::AlignRight | Qt::AlignVCenter;
    case SH_ScrollBar_LeftClickAbsolutePosition:
        return 0;
    case SH_ToolTip_WakeUpDelay:
        return 400;
    case SH_TabBar_Alignment:
        return Qt::AlignLeft;
    default:
        break;
    }
    return QProxyStyle::styleHint(hint, option, widget, data);
}

} // namespace atlas::gui
