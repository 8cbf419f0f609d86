// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

class QHBoxLayout;
class QLabel;
class QPushButton;

namespace atlas::gui {

/// What a page says when there is nothing to show yet: an icon, a line, what to do, perhaps a button.
class EmptyState : public QWidget
{
    Q_OBJECT
public:
    EmptyState(const QString& iconName, const QString& title, const QString& text = {},
               QWidget* parent = nullptr);
    void setTexts(const QString& title, const QString& text);
    void setIconName(const QString& name);
    QPushButton* addButton(const QString& text, bool primary = true);
    QString title() const;

private:
    QLabel* m_icon = nullptr;
    QLabel* m_title = nullptr;
    QLabel* m_text = nullptr;
    QHBoxLayout* m_buttons = nullptr;
};

} // namespace atlas::gui
