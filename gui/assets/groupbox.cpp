// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/groupbox.h"

#include <QContextMenuEvent>
#include <QDragEnterEvent>
#include <QLabel>
#include <QPainter>
#include <QToolButton>

#include "gui/assets/clauses.h"
#include "gui/assets/flowlayout.h"
#include "gui/assets/mimetypes.h"
#include "gui/theme/theme.h"
#include "gui/widgets/buttons.h"

namespace atlas::gui {

using namespace filter;

namespace {
constexpr int memberHeight = 28;
constexpr int frame = 5;

ColorRole roleOf(GroupKind kind)
{
    switch (kind) {
    case GroupKind::All:
        return ColorRole::Accent;
    case GroupKind::Any:
        return ColorRole::Info;
    case GroupKind::None:
        return ColorRole::Critical;
    }
    return ColorRole::Accent;
}
} // namespace

GroupBox::GroupBox(const NodePath& path, QWidget* parent)
    : QWidget(parent)
    , m_path(path)
    , m_flow(new FlowLayout(this, 6))
{
    setObjectName(QStringLiteral("filterGroup"));
    setAcceptDrops(true);
    // Nested groups wear a frame; their first line stays in line with the chips beside them.
    m_flow->setContentsMargins(path.isEmpty() ? 0 : frame + 3, path.isEmpty() ? 2 : frame,
                               path.isEmpty() ? 0 : frame, path.isEmpty() ? 2 : frame);
    m_kindButton = new QToolButton(this);
    m_kindButton->setObjectName(QStringLiteral("groupKind"));
    m_kindButton->setFixedHeight(memberHeight);
    m_kindButton->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_kindButton->setLayoutDirection(Qt::RightToLeft); // the arrow stands behind the word
    m_kindButton->setIcon(icon(QStringLiteral("chevron-down")));
    m_kindButton->setIconSize({12, 12});
    m_kindButton->setAutoRaise(true);
    m_kindButton->setFocusPolicy(Qt::StrongFocus);
    m_kindButton->setFont(Theme::instance().strongFont());
    m_kindButton->installEventFilter(this);
    m_add = iconButton(QStringLiteral("add"), tr("Add a clause here (Insert)"), this);
    m_add->setObjectName(QStringLiteral("addClause"));
    m_addGroup =
        iconButton(QStringLiteral("group"), tr("Add a group here (Ctrl+G wraps a clause in one)"), this);
    m_addGroup->setObjectName(QStringLiteral("addGroup"));
    m_add->installEventFilter(this);
    m_addGroup->installEventFilter(this);
    m_hint = mutedLabel({}, this);
    m_hint->setFixedHeight(memberHeight);
    m_hint->hide();
    m_flow->insertWidget(0, m_kindButton);
    m_flow->insertWidget(1, m_hint);
    m_flow->insertWidget(2, m_add);
    m_flow->insertWidget(3, m_addGroup);
    connect(m_kindButton, &QToolButton::clicked, this, [this] {
        Q_EMIT kindMenuRequested(m_kindButton->mapToGlobal(QPoint(0, m_kindButton->height())));
    });
    connect(m_add, &QToolButton::clicked, this, &GroupBox::addClauseRequested);
    connect(m_addGroup, &QToolButton::clicked, this, &GroupBox::addGroupRequested);
}

void GroupBox::setGroup(GroupKind kind, bool enabled, bool outsideOff)
{
    m_kind = kind;
    m_enabled = enabled;
    m_outsideOff = outsideOff;
    m_kindButton->setText(groupKindText(kind));
    m_kindButton->setToolTip(kind == GroupKind::All   ? tr("Every one of these must be true")
                             : kind == GroupKind::Any ? tr("At least one of these must be true")
                                                      : tr("None of these may be true"));
    m_kindButton->setAccessibleName(enabled ? tr("Group: %1").arg(groupKindText(kind))
                                            : tr("Group: %1, switched off").arg(groupKindText(kind)));
    QPalette palette = m_kindButton->palette();
    palette.setColor(QPalette::ButtonText,
                     color(!enabled || outsideOff ? ColorRole::TextDisabled : roleOf(kind)));
    m_kindButton->setPalette(palette);
    update();
}

void GroupBox::setHint(const QString& text)
{
    m_hint->setText(text);
    m_hint->setVisible(!text.isEmpty());
}

void GroupBox::insertMember(int index, QWidget* widget)
{
    m_members.insert(index, widget);
    m_flow->insertWidget(1 + index, widget);
    widget->show();
    // Tab goes through a group as it is read.
    QWidget* previous = m_kindButton;
    for (QWidget* member : std::as_const(m_members)) {
        if (auto* group = qobject_cast<GroupBox*>(member)) {
            setTabOrder(previous, group->kindButton());
            previous = group->addGroupButton();
        } else {
            setTabOrder(previous, member);
            previous = member;
        }
    }
    setTabOrder(previous, m_add);
    setTabOrder(m_add, m_addGroup);
}

void GroupBox::removeMember(int index)
{
    QWidget* widget = m_members.takeAt(index);
    delete m_flow->takeAt(1 + index);
    widget->hide();
    widget->deleteLater(); // it may be in the middle of telling that it wants to go
}

int GroupBox::indexAt(const QPoint& point) const
{
    for (qsizetype i = 0; i < m_members.size(); ++i) {
        const QRect place = m_members.at(i)->geometry();
        const bool above = point.y() < place.top() - 3;
        const bool beside = point.y() <= place.bottom() + 3 && point.x() < place.center().x();
        if (above || beside)
            return int(i);
    }
    return int(m_members.size());
}

void GroupBox::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const bool off = !m_enabled || m_outsideOff;
    if (!isRoot()) {
        const QColor tint = color(off ? ColorRole::TextDisabled : roleOf(m_kind));
        const QColor ground = blend(tint, color(ColorRole::Surface), 0.06);
        const QRectF box = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
        QPen pen(blend(tint, color(ColorRole::Surface), 0.35), 1);
        if (off)
            pen.setStyle(Qt::DashLine);
        painter.setPen(pen);
        painter.setBrush(ground);
        painter.drawRoundedRect(box, 7, 7);
        painter.setPen(Qt::NoPen);
        painter.setBrush(blend(tint, color(ColorRole::Surface), 0.8));
        painter.drawRoundedRect(QRectF(0, 6, 3, height() - 12), 1.5, 1.5);
    }
    if (m_dropAt >= 0) {
        // Where it will stand: before the member there, or behind the last one.
        QRectF line;
        if (m_dropAt < m_members.size()) {
            const QRect place = m_members.at(m_dropAt)->geometry();
            line = QRectF(place.left() - 4, place.top(), 2, memberHeight);
        } else {
            const QRect place = m_members.isEmpty() ? m_kindButton->geometry() : m_members.last()->geometry();
            line = QRectF(place.right() + 3, place.bottom() - memberHeight, 2, memberHeight);
        }
        painter.setPen(Qt::NoPen);
        painter.setBrush(color(ColorRole::Accent));
        painter.drawRoundedRect(line, 1, 1);
        painter.setPen(QPen(color(ColorRole::Accent), 1, Qt::DashLine));
        painter.setBrush(Qt::NoBrush);
        painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 7, 7);
    }
}

bool GroupBox::accepts(const QMimeData* dragged) const
{
    if (mime::attributeName(dragged))
        return true;
    const std::optional<NodePath> moved = mime::nodePath(dragged);
    if (!moved || moved->isEmpty())
        return false;
    // A group does not go into itself.
    return m_path.size() < moved->size() || m_path.mid(0, moved->size()) != *moved;
}

void GroupBox::dragEnterEvent(QDragEnterEvent* event)
{
    if (!accepts(event->mimeData()))
        return;
    event->setDropAction(mime::attributeName(event->mimeData()) ? Qt::CopyAction : Qt::MoveAction);
    event->accept();
    m_dropAt = indexAt(event->position().toPoint());
    update();
}

void GroupBox::dragMoveEvent(QDragMoveEvent* event)
{
    if (!accepts(event->mimeData())) {
        event->ignore();
        return;
    }
    event->setDropAction(mime::attributeName(event->mimeData()) ? Qt::CopyAction : Qt::MoveAction);
    event->accept();
    const int at = indexAt(event->position().toPoint());
    if (at != m_dropAt) {
        m_dropAt = at;
        update();
    }
}

void GroupBox::dragLeaveEvent(QDragLeaveEvent*)
{
    m_dropAt = -1;
    update();
}

void GroupBox::dropEvent(QDropEvent* event)
{
    m_dropAt = -1;
    update();
    if (!accepts(event->mimeData()))
        return;
    event->setDropAction(mime::attributeName(event->mimeData()) ? Qt::CopyAction : Qt::MoveAction);
    event->accept();
    Q_EMIT dropped(event->mimeData(), indexAt(event->position().toPoint()));
}

void GroupBox::contextMenuEvent(QContextMenuEvent* event)
{
    Q_EMIT kindMenuRequested(event->globalPos());
}

bool GroupBox::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() == QEvent::KeyPress) {
        event->ignore();
        Q_EMIT keyPressed(static_cast<QKeyEvent*>(event));
        if (event->isAccepted())
            return true;
    }
    return QWidget::eventFilter(watched, event);
}

} // namespace atlas::gui
