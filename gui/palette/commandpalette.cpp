// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/palette/commandpalette.h"

#include <QApplication>
#include <QFrame>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPainter>
#include <QStyledItemDelegate>
#include <QVBoxLayout>

#include "gui/palette/palettemodel.h"
#include "gui/theme/theme.h"
#include "gui/widgets/buttons.h"

namespace atlas::gui {

namespace {

constexpr int rowHeight = 34;
constexpr int panelWidth = 620;
constexpr int visibleRows = 11;

class PaletteDelegate : public QStyledItemDelegate
{
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        const bool selected = option.state.testFlag(QStyle::State_Selected);
        if (selected || option.state.testFlag(QStyle::State_MouseOver)) {
            painter->setPen(Qt::NoPen);
            painter->setBrush(color(selected ? ColorRole::AccentSoft : ColorRole::Hover));
            painter->drawRoundedRect(QRectF(option.rect).adjusted(6, 1, -6, -1), 5, 5);
        }
        QRect line = option.rect.adjusted(metrics::large, 0, -metrics::large, 0);
        const QString iconName = index.data(PaletteModel::IconRole).toString();
        if (Theme::hasIcon(iconName)) {
            icon(iconName, selected ? ColorRole::Accent : ColorRole::TextMuted)
                .paint(painter, QRect(line.left(), line.center().y() - 7, 16, 16));
        }
        line.setLeft(line.left() + 26);
        painter->setFont(Theme::instance().smallFont());
        const auto right = [&](const QString& text, ColorRole role) {
            if (text.isEmpty())
                return;
            const int width = painter->fontMetrics().horizontalAdvance(text) + 1;
            painter->setPen(color(role));
            painter->drawText(line, Qt::AlignRight | Qt::AlignVCenter, text);
            line.setRight(line.right() - width - metrics::normal);
        };
        right(index.data(PaletteModel::GroupRole).toString(), ColorRole::TextMuted);
        right(index.data(PaletteModel::ShortcutRole).toString(), ColorRole::Text);
        const QString title = index.data().toString().replace(QLatin1Char('\n'), QChar(0x2424));
        const QString detail =
            index.data(PaletteModel::DetailRole).toString().replace(QLatin1Char('\n'), QChar(0x2424));
        painter->setFont(option.font);
        painter->setPen(color(ColorRole::Text));
        const QString shown = option.fontMetrics.elidedText(title, Qt::ElideRight, line.width());
        painter->drawText(line, Qt::AlignLeft | Qt::AlignVCenter | Qt::TextSingleLine, shown);
        line.setLeft(line.left() + option.fontMetrics.horizontalAdvance(shown) + metrics::normal);
        if (!detail.isEmpty() && line.width() > 40) {
            painter->setPen(color(ColorRole::TextMuted));
            painter->drawText(line, Qt::AlignLeft | Qt::AlignVCenter | Qt::TextSingleLine,
                              option.fontMetrics.elidedText(detail, Qt::ElideRight, line.width()));
        }
        painter->restore();
    }

    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex&) const override
    {
        return {option.rect.width(), rowHeight};
    }
};

} // namespace

CommandPalette::CommandPalette(QWidget* parent)
    : QWidget(parent)
    , m_model(new PaletteModel(this))
    , m_panel(new QFrame(this))
    , m_field(new QLineEdit(m_panel))
    , m_list(new QListView(m_panel))
    , m_none(mutedLabel(tr("Nothing found. Try fewer or other words."), m_panel))
{
    setObjectName(QStringLiteral("commandPalette"));
    hide();
    auto* column = new QVBoxLayout(m_panel);
    column->setContentsMargins(1, 1, 1, 6);
    column->setSpacing(0);
    m_field->setPlaceholderText(tr("Go to an attribute, asset, tenant, environment or action"));
    m_field->setAccessibleName(tr("Go to"));
    m_field->setFrame(false);
    m_field->setFixedHeight(46);
    m_field->setTextMargins(14, 0, 14, 0);
    QFont large = Theme::instance().font();
    large.setPointSizeF(large.pointSizeF() * 1.15);
    m_field->setFont(large);
    column->addWidget(m_field);
    column->addWidget(horizontalLine(m_panel));
    column->addSpacing(5);
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setModel(m_model);
    m_list->setItemDelegate(new PaletteDelegate(m_list));
    m_list->setUniformItemSizes(true);
    m_list->setFocusPolicy(Qt::NoFocus);
    m_list->setMouseTracking(true);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setVerticalScrollMode(QAbstractItemView::ScrollPerItem);
    m_list->setAccessibleName(tr("Matches"));
    column->addWidget(m_list);
    m_none->setAlignment(Qt::AlignCenter);
    m_none->setFixedHeight(rowHeight * 2);
    column->addWidget(m_none);
    m_field->installEventFilter(this);
    parent->installEventFilter(this);
    connect(m_field, &QLineEdit::textChanged, this, [this](const QString& text) {
        m_model->search(text);
        m_list->setCurrentIndex(m_model->index(0, 0));
        m_list->scrollToTop();
        layOut();
    });
    connect(m_list, &QListView::clicked, this, &CommandPalette::run);
}

void CommandPalette::open(const QList<PaletteProvider*>& providers)
{
    m_focusBefore = QApplication::focusWidget();
    m_model->setProviders(providers);
    m_field->clear();
    m_model->search({});
    m_list->setCurrentIndex(m_model->index(0, 0));
    setGeometry(parentWidget()->rect());
    layOut();
    show();
    raise();
    m_field->setFocus(Qt::PopupFocusReason);
}

void CommandPalette::close()
{
    if (!isVisible())
        return;
    hide();
    if (m_focusBefore && m_focusBefore->isVisible())
        m_focusBefore->setFocus(Qt::PopupFocusReason);
    else
        Q_EMIT focusHasNowhereToGo();
}

void CommandPalette::layOut()
{
    const int rows = qBound(0, m_model->rowCount(), visibleRows);
    m_none->setVisible(rows == 0);
    m_list->setVisible(rows > 0);
    m_list->setFixedHeight(qMax(1, rows) * rowHeight);
    const int width = qMin(panelWidth, parentWidget()->width() - 40);
    const int body = rows == 0 ? rowHeight * 2 : rows * rowHeight;
    m_panel->setGeometry((parentWidget()->width() - width) / 2, 62, width, 46 + 1 + 5 + body + 8);
    update();
}

void CommandPalette::run()
{
    const int row = m_list->currentIndex().row();
    if (row < 0)
        return;
    close();
    m_model->activate(row);
}

bool CommandPalette::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == parentWidget() && event->type() == QEvent::Resize && isVisible()) {
        setGeometry(parentWidget()->rect());
        layOut();
    }
    if (watched == m_field && event->type() == QEvent::FocusOut && isVisible()) {
        // Tab or a click elsewhere: no focus may hide under the dimmed window.
        const auto reason = static_cast<QFocusEvent*>(event)->reason();
        if (reason == Qt::TabFocusReason || reason == Qt::BacktabFocusReason)
            m_field->setFocus();
    }
    if (watched == m_field && event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        const int count = m_model->rowCount();
        int row = m_list->currentIndex().row();
        switch (key) {
        case Qt::Key_Escape:
            close();
            return true;
        case Qt::Key_Return:
        case Qt::Key_Enter:
            run();
            return true;
        case Qt::Key_Tab:
        case Qt::Key_Down:
            row = count == 0 ? -1 : (row + 1) % count;
            break;
        case Qt::Key_Backtab:
        case Qt::Key_Up:
            row = count == 0 ? -1 : (row + count - 1) % count;
            break;
        case Qt::Key_PageDown:
            row = qMin(count - 1, row + visibleRows - 1);
            break;
        case Qt::Key_PageUp:
            row = count == 0 ? -1 : qMax(0, row - visibleRows + 1);
            break;
        default:
            return QWidget::eventFilter(watched, event);
        }
        if (row >= 0)
            m_list->setCurrentIndex(m_model->index(row, 0));
        return true;
    }
    return QWidget::eventFilter(watched, event);
}

void CommandPalette::mousePressEvent(QMouseEvent*)
{
    close();
}

void CommandPalette::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const bool dark = Theme::instance().isDark();
    painter.fillRect(rect(), QColor(0, 0, 0, dark ? 110 : 60));
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF panel = QRectF(m_panel->geometry());
    painter.setPen(Qt::NoPen);
    for (int ring = 8; ring > 0; --ring) {
        painter.setBrush(QColor(0, 0, 0, dark ? 12 : 6));
        painter.drawRoundedRect(panel.adjusted(-ring, -ring + 3, ring, ring + 3), 8 + ring, 8 + ring);
    }
    painter.setPen(blend(color(ColorRole::Outline), color(ColorRole::Surface), 0.5));
    painter.setBrush(color(ColorRole::Surface));
    painter.drawRoundedRect(panel.adjusted(-0.5, -0.5, 0.5, 0.5), 8, 8);
}

} // namespace atlas::gui
