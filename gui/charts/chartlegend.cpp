// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/charts/chartlegend_p.h"

#include <QKeyEvent>
#include <QPainter>

#include <algorithm>

namespace atlas::gui {

namespace {
constexpr int kSwatch = 10;
constexpr int kPadding = 5;
constexpr int kSpacing = 2;
constexpr int kLongestName = 180;
} // namespace

ChartLegend::ChartLegend(QWidget* parent)
    : QWidget(parent)
{
    QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
}

void ChartLegend::setStyle(const ChartStyle& style)
{
    m_style = style;
    for (LegendItem* item : m_items)
        item->update();
    updateGeometry();
    arrange(width(), true);
}

void ChartLegend::setEntries(const QList<Entry>& entries)
{
    if (m_entries == entries)
        return;
    const auto sameIds = [](const Entry& a, const LegendItem* b) { return a.id == b->id(); };
    if (!std::equal(entries.begin(), entries.end(), m_items.begin(), m_items.end(), sameIds)) {
        QList<LegendItem*> items;
        for (const Entry& entry : entries) {
            const auto known =
                std::find_if(m_items.cbegin(), m_items.cend(),
                             [&entry](const LegendItem* item) { return item->id() == entry.id; });
            if (known != m_items.cend()) {
                items << *known;
                m_items.erase(known);
                continue;
            }
            auto* item = new LegendItem(this, entry.id);
            connect(item, &QAbstractButton::clicked, this,
                    [this, item] { Q_EMIT toggled(item->id(), item->isChecked()); });
            item->show();
            items << item;
        }
        qDeleteAll(m_items);
        m_items = items;
        const auto stop = std::find_if(m_items.begin(), m_items.end(), [](const LegendItem* item) {
            return item->focusPolicy() & Qt::TabFocus;
        });
        if (stop == m_items.end() && !m_items.isEmpty())
            makeTabStop(m_items.first());
    }
    m_entries = entries;
    for (int i = 0; i < m_items.size(); ++i)
        m_items[i]->setEntry(m_entries[i]);
    updateGeometry();
    arrange(width(), true);
}

int ChartLegend::arrange(int width, bool apply) const
{
    int x = 0;
    int y = 0;
    int line = 0;
    for (LegendItem* item : m_items) {
        const QSize size = item->sizeHint();
        if (x > 0 && x + size.width() > width) {
            x = 0;
            y += line;
            line = 0;
        }
        if (apply)
            item->setGeometry(x, y, std::min(size.width(), width), size.height());
        x += size.width() + kSpacing;
        line = std::max(line, size.height());
    }
    return y + line;
}

QSize ChartLegend::sizeHint() const
{
    int total = 0;
    int height = 0;
    for (const LegendItem* item : m_items) {
        total += item->sizeHint().width() + kSpacing;
        height = std::max(height, item->sizeHint().height());
    }
    return {total, height};
}

QSize ChartLegend::minimumSizeHint() const
{
    QSize size;
    for (const LegendItem* item : m_items)
        size = size.expandedTo(item->sizeHint());
    return size;
}

void ChartLegend::resizeEvent(QResizeEvent*)
{
    arrange(width(), true);
}

void ChartLegend::makeTabStop(LegendItem* stop)
{
    for (LegendItem* item : m_items)
        item->setFocusPolicy(item == stop ? Qt::StrongFocus : Qt::ClickFocus);
}

void ChartLegend::moveFocus(LegendItem* from, int by)
{
    const auto index = m_items.indexOf(from) + by;
    if (index < 0 || index >= m_items.size())
        return;
    makeTabStop(m_items[index]);
    m_items[index]->setFocus(Qt::TabFocusReason);
}

LegendItem::LegendItem(ChartLegend* legend, const QString& id)
    : QAbstractButton(legend)
    , m_legend(legend)
    , m_id(id)
{
    setCheckable(true);
    setFocusPolicy(Qt::ClickFocus);
    setCursor(Qt::PointingHandCursor);
    setObjectName(QStringLiteral("legend:") + id);
}

void LegendItem::setEntry(const ChartLegend::Entry& entry)
{
    if (text() == entry.name && m_color == entry.color && isChecked() == entry.visible &&
        !toolTip().isEmpty())
        return;
    setText(entry.name);
    setChecked(entry.visible);
    m_color = entry.color;
    setAccessibleName(entry.visible ? tr("%1, shown").arg(entry.name) : tr("%1, hidden").arg(entry.name));
    setToolTip(tr("%1\nClick or Space: show or hide. Shift-click or Enter: only this one.").arg(entry.name));
    update();
}

QSize LegendItem::sizeHint() const
{
    const QFontMetrics metrics(m_legend->style().smallFont);
    const int name = std::min(metrics.horizontalAdvance(text()), kLongestName);
    return {kPadding + kSwatch + 6 + name + kPadding + 2, metrics.height() + 6};
}

void LegendItem::paintEvent(QPaintEvent*)
{
    const ChartStyle& style = m_legend->style();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    if (underMouse() || hasFocus()) {
        painter.setPen(hasFocus() ? QPen(style.accent, 1.5) : QPen(Qt::NoPen));
        painter.setBrush(underMouse() ? style.grid : QColor(Qt::transparent));
        painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), 4, 4);
    }
    const QRectF swatch(kPadding + 0.5, (height() - kSwatch) / 2.0 + 0.5, kSwatch - 1, kSwatch - 1);
    painter.setPen(QPen(isChecked() ? m_color : style.mutedText, 1.2));
    painter.setBrush(isChecked() ? QBrush(m_color) : QBrush(Qt::NoBrush));
    painter.drawRoundedRect(swatch, 2.5, 2.5);
    QFont font = style.smallFont;
    font.setStrikeOut(!isChecked());
    painter.setFont(font);
    painter.setPen(isChecked() ? style.text : style.mutedText);
    const QRect label = rect().adjusted(kPadding + kSwatch + 6, 0, -kPadding, 0);
    painter.drawText(label, Qt::AlignLeft | Qt::AlignVCenter,
                     painter.fontMetrics().elidedText(text(), Qt::ElideRight, label.width() + 2));
}

void LegendItem::keyPressEvent(QKeyEvent* event)
{
    switch (event->key()) {
    case Qt::Key_Left:
    case Qt::Key_Up:
        m_legend->moveFocus(this, -1);
        return;
    case Qt::Key_Right:
    case Qt::Key_Down:
        m_legend->moveFocus(this, 1);
        return;
    case Qt::Key_Return:
    case Qt::Key_Enter:
        Q_EMIT m_legend->onlyRequested(m_id);
        return;
    default:
        QAbstractButton::keyPressEvent(event);
    }
}

void LegendItem::mouseReleaseEvent(QMouseEvent* event)
{
    if (event->button() == Qt::LeftButton && (event->modifiers() & Qt::ShiftModifier) &&
        rect().contains(event->pos())) {
        setDown(false);
        Q_EMIT m_legend->onlyRequested(m_id);
        return;
    }
    QAbstractButton::mouseReleaseEvent(event);
}

void LegendItem::focusInEvent(QFocusEvent* event)
{
    m_legend->makeTabStop(this);
    QAbstractButton::focusInEvent(event);
}

void LegendItem::enterEvent(QEnterEvent* event)
{
    QAbstractButton::enterEvent(event);
    update();
}

void LegendItem::leaveEvent(QEvent* event)
{
    QAbstractButton::leaveEvent(event);
    update();
}

} // namespace atlas::gui
