// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLineEdit>

namespace atlas::gui {

/// A line edit with a magnifier and a clear button; Esc clears it, Down asks to move on to the results.
class SearchField : public QLineEdit
{
    Q_OBJECT
public:
    explicit SearchField(const QString& placeholder, QWidget* parent = nullptr);

Q_SIGNALS:
    void downPressed();

protected:
    void keyPressEvent(QKeyEvent* event) override;
};

/// Lower-cased words of what was typed.
QStringList searchWords(const QString& text);
/// True when every word occurs in `lowerCased`, in any order.
bool matchesWords(const QString& lowerCased, const QStringList& words);

} // namespace atlas::gui
