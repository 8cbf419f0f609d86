// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/app/topbar.h"

#include <QFrame>
#include <QHBoxLayout>
#include <QPainter>
#include <QToolButton>

#include "gui/app/freshnessbadge.h"
#include "gui/theme/theme.h"
#include "gui/widgets/buttons.h"
#include "gui/widgets/picker.h"

namespace atlas::gui {

namespace {

/// Looks like a field that is not one: opens the palette.
class GoToButton : public QToolButton
{
public:
    explicit GoToButton(QWidget* parent)
        : QToolButton(parent)
    {
        setAttribute(Qt::WA_Hover);
        setFocusPolicy(Qt::TabFocus);
        setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
        setMinimumWidth(150);
        setMaximumWidth(320);
        setFixedHeight(metrics::controlHeight + 2);
        setAccessibleName(tr("Go to"));
        setToolTip(tr("Go to any attribute, asset, tenant or action (Ctrl+K)"));
    }
    QSize sizeHint() const override { return {300, metrics::controlHeight + 2}; }

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(hasFocus() ? color(ColorRole::Accent)
                                  : blend(color(ColorRole::Outline), color(ColorRole::Surface),
                                          underMouse() ? 0.8 : 0.4));
        painter.setBrush(underMouse() ? color(ColorRole::Hover) : color(ColorRole::Window));
        painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), metrics::radius + 1,
                                metrics::radius + 1);
        QRect line = rect().adjusted(metrics::small, 0, -metrics::small, 0);
        Theme::icon(QStringLiteral("search"))
            .paint(&painter, QRect(line.left(), line.center().y() - 7, 15, 15));
        painter.setPen(color(ColorRole::TextMuted));
        painter.drawText(line.adjusted(22, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter, tr("Go to…"));
        const QFont small = Theme::instance().smallFont();
        painter.setFont(small);
        const QString keys = QStringLiteral("Ctrl+K");
        const int width = painter.fontMetrics().horizontalAdvance(keys) + 10;
        const QRect cap(line.right() - width + 2, line.center().y() - 9, width, 19);
        painter.setPen(color(ColorRole::Border));
        painter.setBrush(color(ColorRole::Surface));
        painter.drawRoundedRect(QRectF(cap).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
        painter.setPen(color(ColorRole::TextMuted));
        painter.drawText(cap, Qt::AlignCenter, keys);
    }
};

} // namespace

TopBar::TopBar(QWidget* parent)
    : QWidget(parent)
    , m_environments(new Picker(QString(), tr("No environment"), this))
    , m_tenants(new Picker(tr("Tenant"), tr("none"), this))
    , m_palette(new GoToButton(this))
    , m_freshness(new FreshnessBadge(this))
{
    setObjectName(QStringLiteral("topBar"));
    setFixedHeight(metrics::topBarHeight);
    m_environments->setObjectName(QStringLiteral("environmentPicker"));
    m_environments->setAccessibleName(tr("Environment"));
    m_tenants->setObjectName(QStringLiteral("tenantPicker"));
    m_palette->setObjectName(QStringLiteral("paletteButton"));
    auto* line = new QHBoxLayout(this);
    line->setContentsMargins(metrics::small, 2, metrics::normal, 0);
    line->setSpacing(metrics::tight);
    line->addWidget(m_environments);
    QFrame* divider = verticalLine(this);
    divider->setFixedHeight(20);
    line->addWidget(divider);
    line->addWidget(m_tenants);
    line->addStretch(1);
    line->addWidget(m_palette, 2);
    line->addStretch(1);
    line->addWidget(m_freshness);
    connect(m_palette, &QAbstractButton::clicked, this, &TopBar::paletteRequested);
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

void TopBar::setEnvironmentColor(const QColor& color)
{
    m_color = color;
    update();
}

void TopBar::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.fillRect(rect(), color(ColorRole::Surface));
    painter.setPen(color(ColorRole::Border));
    painter.drawLine(0, height() - 1, width(), height() - 1);
    if (m_color.isValid())
        painter.fillRect(0, 0, width(), 2, m_color);
}

} // namespace atlas::gui
