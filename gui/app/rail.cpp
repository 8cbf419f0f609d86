// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/app/rail.h"

#include <QButtonGroup>
#include <QKeyEvent>
#include <QMenu>
#include <QPainter>
#include <QToolButton>
#include <QVBoxLayout>

#include "gui/theme/theme.h"

namespace atlas::gui {

namespace {

class RailButton : public QToolButton
{
public:
    RailButton(const QString& text, const QString& iconName, QWidget* parent)
        : QToolButton(parent)
        , m_icon(iconName)
    {
        setText(text);
        setAccessibleName(text);
        setFocusPolicy(Qt::TabFocus);
        setAttribute(Qt::WA_Hover);
        setFixedSize(metrics::railWidth - 12, text.isEmpty() ? 40 : 54);
    }

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        const bool on = isChecked();
        const QRectF box = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
        if (on || underMouse() || hasFocus()) {
            painter.setPen(hasFocus() ? QPen(color(ColorRole::Accent), 1) : QPen(Qt::NoPen));
            painter.setBrush(on             ? color(ColorRole::AccentSoft)
                             : underMouse() ? color(ColorRole::Hover)
                                            : QColor(Qt::transparent));
            painter.drawRoundedRect(box, 7, 7);
        }
        const ColorRole ink = on ? ColorRole::Accent : underMouse() ? ColorRole::Text : ColorRole::TextMuted;
        const int side = 20;
        const int top = text().isEmpty() ? (height() - side) / 2 : 9;
        Theme::icon(m_icon, ink).paint(&painter, QRect((width() - side) / 2, top, side, side));
        if (text().isEmpty())
            return;
        QFont font = Theme::instance().smallFont();
        font.setWeight(on ? QFont::DemiBold : QFont::Normal);
        painter.setFont(font);
        painter.setPen(color(on ? ColorRole::Text : ink));
        painter.drawText(QRect(0, 31, width(), height() - 33), Qt::AlignHCenter | Qt::AlignVCenter, text());
    }

private:
    QString m_icon;
};

} // namespace

Rail::Rail(const QList<WorkspaceInfo>& workspaces, QMenu* menu, QWidget* parent)
    : QWidget(parent)
    , m_workspaces(workspaces)
    , m_group(new QButtonGroup(this))
{
    setObjectName(QStringLiteral("rail"));
    setFixedWidth(metrics::railWidth);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(6, metrics::small, 6, metrics::small);
    column->setSpacing(metrics::tight);
    for (int i = 0; i < workspaces.size(); ++i) {
        const WorkspaceInfo& info = workspaces.at(i);
        auto* made = new RailButton(info.title, info.icon, this);
        made->setObjectName(QStringLiteral("rail-") + info.id);
        made->setCheckable(true);
        made->setToolTip(QStringLiteral("<p>%1<br><small>Ctrl+%2</small></p>")
                             .arg(info.tooltip.toHtmlEscaped())
                             .arg(i + 1));
        m_group->addButton(made, i);
        column->addWidget(made, 0, Qt::AlignHCenter);
    }
    column->addStretch();
    auto* more = new RailButton(QString(), QStringLiteral("settings"), this);
    more->setObjectName(QStringLiteral("rail-menu"));
    more->setAccessibleName(tr("Menu"));
    more->setToolTip(tr("Theme, environments, help"));
    connect(more, &QToolButton::clicked, this, [menu, more] {
        menu->adjustSize();
        menu->popup(more->mapToGlobal(QPoint(more->width() + 4, more->height() - menu->sizeHint().height())));
    });
    column->addWidget(more, 0, Qt::AlignHCenter);
    connect(m_group, &QButtonGroup::idClicked, this, [this](int i) { Q_EMIT chosen(m_workspaces.at(i).id); });
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

QAbstractButton* Rail::button(const QString& id) const
{
    for (int i = 0; i < m_workspaces.size(); ++i) {
        if (m_workspaces.at(i).id == id)
            return m_group->button(i);
    }
    return nullptr;
}

void Rail::setCurrent(const QString& id)
{
    if (QAbstractButton* found = button(id)) {
        found->setChecked(true);
        return;
    }
    m_group->setExclusive(false);
    if (QAbstractButton* checked = m_group->checkedButton())
        checked->setChecked(false);
    m_group->setExclusive(true);
}

void Rail::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.fillRect(rect(), color(ColorRole::Rail));
    painter.setPen(color(ColorRole::Border));
    painter.drawLine(width() - 1, 0, width() - 1, height());
}

} // namespace atlas::gui
