// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/widgets/searchfield.h"

#include <QAction>
#include <QKeyEvent>

#include "gui/theme/theme.h"

namespace atlas::gui {

SearchField::SearchField(const QString& placeholder, QWidget* parent)
    : QLineEdit(parent)
{
    setPlaceholderText(placeholder);
    setAccessibleName(placeholder);
    setClearButtonEnabled(true);
    QAction* lens = addAction(icon(QStringLiteral("search")), QLineEdit::LeadingPosition);
    lens->setEnabled(true);
    // Qt's own clear button has a coloured bitmap.
    if (auto* clearAction = findChild<QAction*>(QStringLiteral("_q_qlineeditclearaction")))
        clearAction->setIcon(icon(QStringLiteral("close")));
}

void SearchField::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Escape && !text().isEmpty()) {
        clear();
        event->accept();
        return;
    }
    if (event->key() == Qt::Key_Down) {
        Q_EMIT downPressed();
        event->accept();
        return;
    }
    QLineEdit::keyPressEvent(event);
}

QStringList searchWords(const QString& text)
{
    return text.toLower().simplified().split(QLatin1Char(' '), Qt::SkipEmptyParts);
}

bool matchesWords(const QString& lowerCased, const QStringList& words)
{
    for (const QString& word : words) {
        if (!lowerCased.contains(word))
            return false;
    }
    return true;
}

} // namespace atlas::gui
