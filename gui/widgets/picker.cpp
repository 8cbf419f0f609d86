// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/widgets/picker.h"

#include <QAbstractListModel>
#include <QFrame>
#include <QKeyEvent>
#include <QLabel>
#include <QListView>
#include <QPainter>
#include <QScreen>
#include <QStyleOptionToolButton>
#include <QStyledItemDelegate>
#include <QVBoxLayout>

#include "gui/theme/theme.h"
#include "gui/widgets/buttons.h"
#include "gui/widgets/searchfield.h"

namespace atlas::gui {

namespace {
constexpr int detailRole = Qt::UserRole + 1;
constexpr int indexRole = Qt::UserRole + 2;
constexpr int currentRole = Qt::UserRole + 3;
constexpr int mostWidth = 300;
constexpr int visibleRows = 12;

class PickerDelegate : public QStyledItemDelegate
{
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        const bool selected = option.state.testFlag(QStyle::State_Selected);
        const bool hovered = option.state.testFlag(QStyle::State_MouseOver);
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        if (selected || hovered) {
            painter->setPen(Qt::NoPen);
            painter->setBrush(color(selected ? ColorRole::AccentSoft : ColorRole::Hover));
            painter->drawRoundedRect(QRectF(option.rect).adjusted(2, 1, -2, -1), 4, 4);
        }
        QRect line = option.rect.adjusted(metrics::small, 0, -metrics::small, 0);
        const QIcon itemIcon = qvariant_cast<QIcon>(index.data(Qt::DecorationRole));
        if (!itemIcon.isNull()) {
            itemIcon.paint(painter, QRect(line.left(), line.center().y() - 7, 16, 16));
            line.setLeft(line.left() + 22);
        }
        if (index.data(currentRole).toBool()) {
            icon(QStringLiteral("check"), ColorRole::Accent)
                .paint(painter, QRect(line.right() - 13, line.center().y() - 6, 14, 14));
        }
        line.setRight(line.right() - 20);
        const QString detail = index.data(detailRole).toString();
        if (!detail.isEmpty()) {
            painter->setFont(Theme::instance().smallFont());
            painter->setPen(color(ColorRole::TextMuted));
            const int width = qMin(painter->fontMetrics().horizontalAdvance(detail), line.width() / 2);
            const QRect place(line.right() - width, line.top(), width + 1, line.height());
            painter->drawText(place, Qt::AlignRight | Qt::AlignVCenter | Qt::TextSingleLine,
                              painter->fontMetrics().elidedText(detail, Qt::ElideRight, width + 1));
            line.setRight(place.left() - metrics::small);
        }
        painter->setFont(option.font);
        painter->setPen(color(ColorRole::Text));
        QString text = index.data().toString();
        text.replace(QLatin1Char('\n'), QChar(0x2424));
        painter->drawText(line, Qt::AlignLeft | Qt::AlignVCenter | Qt::TextSingleLine,
                          option.fontMetrics.elidedText(text, Qt::ElideRight, line.width()));
        painter->restore();
    }

    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex&) const override
    {
        return {option.rect.width(), 30};
    }
};
} // namespace

class PickerModel : public QAbstractListModel
{
public:
    explicit PickerModel(const Picker* picker, QObject* parent)
        : QAbstractListModel(parent)
        , m_picker(picker)
    {
    }

    void search(const QString& text)
    {
        const QStringList words = searchWords(text);
        beginResetModel();
        m_rows.clear();
        const QList<Picker::Item> all = m_picker->items();
        for (int i = 0; i < all.size(); ++i) {
            if (matchesWords((all.at(i).text + QLatin1Char(' ') + all.at(i).detail).toLower(), words))
                m_rows << i;
        }
        endResetModel();
    }

    int rowCount(const QModelIndex& parent = {}) const override
    {
        return parent.isValid() ? 0 : int(m_rows.size());
    }

    QVariant data(const QModelIndex& index, int role) const override
    {
        if (!checkIndex(index, CheckIndexOption::IndexIsValid))
            return {};
        const int source = m_rows.at(index.row());
        const QList<Picker::Item> all = m_picker->items();
        if (source >= all.size())
            return {};
        const Picker::Item& item = all.at(source);
        switch (role) {
        case Qt::DisplayRole:
        case Qt::AccessibleTextRole:
            return item.text;
        case Qt::DecorationRole:
            return item.icon;
        case detailRole:
            return item.detail;
        case indexRole:
            return source;
        case currentRole:
            return source == m_picker->currentIndex();
        default:
            return {};
        }
    }

    int rowOf(int source) const { return int(m_rows.indexOf(source)); }

private:
    const Picker* m_picker;
    QList<int> m_rows;
};

Picker::Picker(const QString& caption, const QString& placeholder, QWidget* parent)
    : QToolButton(parent)
    , m_caption(caption)
    , m_placeholder(placeholder)
{
    setAutoRaise(true);
    setFocusPolicy(Qt::StrongFocus);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    setAccessibleName(caption);
    connect(this, &QToolButton::clicked, this, &Picker::openList);
}

Picker::~Picker() = default;

void Picker::setItems(const QList<Item>& items)
{
    const QVariant kept = currentData();
    m_items = items;
    m_current = -1;
    if (kept.isValid())
        setCurrentData(kept);
    if (m_model)
        m_model->search(m_search->text());
    updateGeometry();
    update();
}

void Picker::setCurrent(int index)
{
    m_current = index >= 0 && index < m_items.size() ? index : -1;
    setAccessibleDescription(shownText());
    setToolTip(m_current < 0 ? QString() : m_items.at(m_current).text.toHtmlEscaped());
    updateGeometry();
    update();
}

void Picker::setCurrentData(const QVariant& wanted)
{
    int found = -1;
    for (int i = 0; i < m_items.size() && found < 0; ++i) {
        if (m_items.at(i).data == wanted)
            found = i;
    }
    setCurrent(found);
}

QVariant Picker::currentData() const
{
    return m_current < 0 ? QVariant() : m_items.at(m_current).data;
}

void Picker::setStatusText(const QString& text)
{
    m_status = text;
    updateGeometry();
    update();
}

QString Picker::shownText() const
{
    if (!m_status.isEmpty())
        return m_status;
    QString text = m_current < 0 ? m_placeholder : m_items.at(m_current).text;
    return text.replace(QLatin1Char('\n'), QChar(0x2424));
}

void Picker::buildPopup()
{
    if (m_popup)
        return;
    m_popup = new QFrame(this, Qt::Popup);
    m_popup->setFrameShape(QFrame::StyledPanel);
    m_popup->setObjectName(QStringLiteral("pickerPopup"));
    m_popup->setBackgroundRole(QPalette::Base);
    m_popup->setAutoFillBackground(true);
    m_column = new QVBoxLayout(m_popup);
    m_column->setContentsMargins(6, 6, 6, 6);
    m_column->setSpacing(metrics::tight);
    m_search = new SearchField(tr("Search"), m_popup);
    m_list = new QListView(m_popup);
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setMouseTracking(true);
    m_list->setUniformItemSizes(true);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setFocusPolicy(Qt::NoFocus);
    m_list->setItemDelegate(new PickerDelegate(m_list));
    m_model = new PickerModel(this, m_list);
    m_list->setModel(m_model);
    m_none = mutedLabel(tr("Nothing of that name"), m_popup);
    m_none->setAlignment(Qt::AlignCenter);
    m_column->addWidget(m_search);
    m_column->addWidget(m_list);
    m_column->addWidget(m_none);
    m_search->installEventFilter(this);
    connect(m_search, &QLineEdit::textChanged, this, [this](const QString& text) {
        m_model->search(text);
        m_list->setCurrentIndex(m_model->index(0, 0));
        m_none->setVisible(m_model->rowCount() == 0);
    });
    connect(m_search, &QLineEdit::returnPressed, this, [this] { choose(m_list->currentIndex()); });
    connect(m_list, &QListView::clicked, this, &Picker::choose);
}

void Picker::addFooter(const QString& text, const QString& iconName, std::function<void()> run)
{
    buildPopup();
    auto* line = new QToolButton(m_popup);
    line->setAutoRaise(true);
    line->setText(text);
    line->setIcon(Theme::icon(iconName));
    line->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    line->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    m_column->addWidget(horizontalLine(m_popup));
    m_column->addWidget(line);
    connect(line, &QToolButton::clicked, this, [this, run = std::move(run)] {
        m_popup->hide();
        run();
    });
}

bool Picker::isListOpen() const
{
    return m_popup && m_popup->isVisible();
}

void Picker::openList()
{
    buildPopup();
    m_search->clear();
    m_search->setVisible(m_items.size() > 6);
    m_model->search({});
    m_none->setVisible(m_items.isEmpty());
    const int rows = qBound(1, int(m_items.size()), visibleRows);
    m_list->setFixedHeight(rows * 30 + 2);
    m_list->setVisible(!m_items.isEmpty());
    m_popup->setFixedWidth(qMax(mostWidth, width()));
    m_popup->adjustSize();
    QPoint at = mapToGlobal(QPoint(0, height() + 4));
    if (const QScreen* here = screen()) {
        const QRect area = here->availableGeometry();
        at.setX(qMax(area.left(), qMin(at.x(), area.right() - m_popup->width())));
    }
    m_popup->move(at);
    m_popup->show();
    // The list's keys come through the field, also when the field is hidden because the list is short.
    if (m_search->isVisible()) {
        m_search->setFocus(Qt::PopupFocusReason);
    } else {
        m_popup->installEventFilter(this);
        m_popup->setFocusPolicy(Qt::StrongFocus);
        m_popup->setFocus(Qt::PopupFocusReason);
    }
    m_list->setCurrentIndex(m_model->index(qMax(0, m_model->rowOf(m_current)), 0));
}

bool Picker::eventFilter(QObject* watched, QEvent* event)
{
    if (m_popup && (watched == m_search || watched == m_popup) && event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        const int step = key == Qt::Key_Down       ? 1
                         : key == Qt::Key_Up       ? -1
                         : key == Qt::Key_PageDown ? 10
                         : key == Qt::Key_PageUp   ? -10
                                                   : 0;
        if (step != 0 && m_model->rowCount() > 0) {
            const int row = qBound(0, m_list->currentIndex().row() + step, m_model->rowCount() - 1);
            m_list->setCurrentIndex(m_model->index(row, 0));
            return true;
        }
        if (key == Qt::Key_Escape && m_search->text().isEmpty()) {
            m_popup->hide();
            setFocus(Qt::PopupFocusReason);
            return true;
        }
        if (watched == m_popup && (key == Qt::Key_Return || key == Qt::Key_Enter)) {
            choose(m_list->currentIndex());
            return true;
        }
    }
    return QToolButton::eventFilter(watched, event);
}

void Picker::choose(const QModelIndex& index)
{
    if (!index.isValid())
        return;
    const int source = index.data(indexRole).toInt();
    m_popup->hide();
    setFocus(Qt::PopupFocusReason);
    setCurrent(source);
    Q_EMIT chosen(source);
}

void Picker::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Down || event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
        openList();
        return;
    }
    QToolButton::keyPressEvent(event);
}

QSize Picker::sizeHint() const
{
    const QFontMetrics strong(Theme::instance().strongFont());
    int width = 2 * metrics::small + strong.horizontalAdvance(shownText()) + 20;
    if (!m_caption.isEmpty())
        width += fontMetrics().horizontalAdvance(m_caption) + 6;
    if (m_current >= 0 && !m_items.at(m_current).icon.isNull())
        width += 20;
    return {qMin(width, mostWidth), metrics::controlHeight + 2};
}

QSize Picker::minimumSizeHint() const
{
    return {qMin(sizeHint().width(), 120), metrics::controlHeight + 2};
}

void Picker::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    QStyleOptionToolButton option;
    initStyleOption(&option);
    option.state.setFlag(QStyle::State_Sunken, isDown() || isListOpen());
    style()->drawPrimitive(QStyle::PE_PanelButtonTool, &option, &painter, this);
    QRect line = rect().adjusted(metrics::small, 0, -metrics::tight, 0);
    Theme::icon(QStringLiteral("chevron-down"))
        .paint(&painter, QRect(line.right() - 13, line.center().y() - 6, 12, 12));
    line.setRight(line.right() - 18);
    if (m_status.isEmpty() && m_current >= 0 && !m_items.at(m_current).icon.isNull()) {
        m_items.at(m_current).icon.paint(&painter, QRect(line.left() - 2, line.center().y() - 7, 16, 16));
        line.setLeft(line.left() + 18);
    }
    if (!m_caption.isEmpty()) {
        painter.setPen(color(ColorRole::TextMuted));
        painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter, m_caption);
        line.setLeft(line.left() + fontMetrics().horizontalAdvance(m_caption) + 6);
    }
    const bool plain = !m_status.isEmpty() || m_current < 0;
    painter.setFont(plain ? font() : Theme::instance().strongFont());
    painter.setPen(color(!isEnabled() ? ColorRole::TextDisabled
                         : plain      ? ColorRole::TextMuted
                                      : ColorRole::Text));
    painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter | Qt::TextSingleLine,
                     painter.fontMetrics().elidedText(shownText(), Qt::ElideRight, line.width()));
}

} // namespace atlas::gui
