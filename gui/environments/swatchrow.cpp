// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/environments/swatchrow.h"

#include <QColorDialog>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>

#include <array>

#include "gui/theme/theme.h"

namespace atlas::gui {

namespace {
constexpr int side = 22;
/// Red last: it says "production, careful" to most people, so nobody gets it by chance.
constexpr std::array suggestions = {"#2a9d8f", "#3a7bd5", "#8e6bbf", "#e0a11b", "#6c7a89", "#d1495b"};
constexpr int count = int(suggestions.size());
} // namespace

SwatchRow::SwatchRow(QWidget* parent)
    : QWidget(parent)
    , m_color(suggestion(0))
{
    setObjectName(QStringLiteral("swatches"));
    setFocusPolicy(Qt::StrongFocus);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setAccessibleName(tr("Colour"));
}

QString SwatchRow::suggestion(int index)
{
    return QLatin1String(suggestions.at(size_t(index % (count - 1))));
}

QSize SwatchRow::sizeHint() const
{
    return {(count + 1) * (side + 4), metrics::controlHeight};
}

QRect SwatchRow::swatchRect(int index) const
{
    return {index * (side + 4) + 2, (height() - side) / 2, side, side};
}

int SwatchRow::current() const
{
    for (int i = 0; i < count; ++i) {
        if (m_color.compare(QLatin1String(suggestions.at(size_t(i))), Qt::CaseInsensitive) == 0)
            return i;
    }
    return count;
}

void SwatchRow::setColor(const QString& color)
{
    m_color = color;
    update();
}

void SwatchRow::choose(int index)
{
    if (index == count) {
        openDialog();
        return;
    }
    m_color = QLatin1String(suggestions.at(size_t(index)));
    update();
    Q_EMIT chosen();
}

void SwatchRow::openDialog()
{
    auto* dialog = new QColorDialog(QColor(m_color), this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QColorDialog::colorSelected, this, [this](const QColor& color) {
        m_color = color.name();
        update();
        Q_EMIT chosen();
    });
    dialog->open();
}

void SwatchRow::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const int chosenOne = current();
    for (int i = 0; i <= count; ++i) {
        const QRectF area = QRectF(swatchRect(i)).adjusted(3, 3, -3, -3);
        if (i == chosenOne) {
            painter.setPen(QPen(hasFocus() ? atlas::gui::color(ColorRole::Accent)
                                           : atlas::gui::color(ColorRole::Outline),
                                1.6));
            painter.setBrush(Qt::NoBrush);
            painter.drawEllipse(area.adjusted(-2.5, -2.5, 2.5, 2.5));
        }
        painter.setPen(Qt::NoPen);
        if (i < count) {
            QColor fill(QLatin1String(suggestions.at(size_t(i))));
            if (!isEnabled())
                fill = blend(fill, atlas::gui::color(ColorRole::Window), 0.45);
            painter.setBrush(fill);
            painter.drawEllipse(area);
        } else if (chosenOne == count) {
            painter.setBrush(QColor(m_color));
            painter.drawEllipse(area);
        } else {
            icon(QStringLiteral("more")).paint(&painter, area.toRect());
        }
    }
}

void SwatchRow::mousePressEvent(QMouseEvent* event)
{
    for (int i = 0; i <= count; ++i) {
        if (swatchRect(i).contains(event->pos()))
            choose(i);
    }
}

void SwatchRow::keyPressEvent(QKeyEvent* event)
{
    const int at = current();
    if (event->key() == Qt::Key_Left && at > 0)
        choose(at - 1);
    else if (event->key() == Qt::Key_Right && at < count - 1)
        choose(at + 1);
    else if (event->key() == Qt::Key_Space)
        openDialog();
    else
        QWidget::keyPressEvent(event);
}

bool SwatchRow::event(QEvent* event)
{
    if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        QToolTip::showText(help->globalPos(),
                           swatchRect(count).contains(help->pos()) ? tr("Any other colour…")
                                                                   : tr("Colour of the environment"),
                           this);
        return true;
    }
    return QWidget::event(event);
}

} // namespace atlas::gui
