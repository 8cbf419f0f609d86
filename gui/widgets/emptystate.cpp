// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/widgets/emptystate.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include "gui/theme/theme.h"
#include "gui/widgets/buttons.h"

namespace atlas::gui {

namespace {
constexpr int iconSide = 40;

/// Repaints with the theme, which a pixmap in a label would not.
class IconLabel : public QLabel
{
public:
    using QLabel::QLabel;
    void setIconName(const QString& name)
    {
        m_name = name;
        setPixmap(icon(m_name, ColorRole::TextDisabled).pixmap(iconSide));
    }

protected:
    void changeEvent(QEvent* event) override
    {
        QLabel::changeEvent(event);
        if (event->type() == QEvent::PaletteChange && !m_name.isEmpty())
            setIconName(m_name);
    }

private:
    QString m_name;
};
} // namespace

EmptyState::EmptyState(const QString& iconName, const QString& title, const QString& text, QWidget* parent)
    : QWidget(parent)
    , m_icon(new IconLabel(this))
    , m_title(new QLabel(title, this))
    , m_text(new QLabel(text, this))
    , m_buttons(new QHBoxLayout)
{
    auto* column = new QVBoxLayout(this);
    column->setSpacing(metrics::small);
    column->addStretch(2);
    m_icon->setAlignment(Qt::AlignCenter);
    column->addWidget(m_icon);
    m_title->setAlignment(Qt::AlignCenter);
    m_title->setTextFormat(Qt::PlainText);
    m_title->setWordWrap(true);
    QFont strong = Theme::instance().strongFont();
    strong.setPointSizeF(strong.pointSizeF() * 1.1);
    m_title->setFont(strong);
    column->addWidget(m_title);
    m_text->setAlignment(Qt::AlignHCenter | Qt::AlignTop);
    m_text->setTextFormat(Qt::PlainText);
    m_text->setWordWrap(true);
    m_text->setForegroundRole(QPalette::PlaceholderText);
    m_text->setVisible(!text.isEmpty());
    column->addWidget(m_text);
    m_buttons->setSpacing(metrics::small);
    m_buttons->addStretch();
    m_buttons->addStretch();
    column->addSpacing(metrics::small);
    column->addLayout(m_buttons);
    column->addStretch(3);
    setIconName(iconName);
}

void EmptyState::setIconName(const QString& name)
{
    static_cast<IconLabel*>(m_icon)->setIconName(name);
}

void EmptyState::setTexts(const QString& title, const QString& text)
{
    m_title->setText(title);
    m_text->setText(text);
    m_text->setVisible(!text.isEmpty());
}

QString EmptyState::title() const
{
    return m_title->text();
}

QPushButton* EmptyState::addButton(const QString& text, bool primary)
{
    QPushButton* added = primary ? primaryButton(text, this) : button(text, this);
    m_buttons->insertWidget(m_buttons->count() - 1, added);
    return added;
}

} // namespace atlas::gui
