// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QPointer>
#include <QWidget>

#include "gui/palette/paletteprovider.h"

class QFrame;
class QLabel;
class QLineEdit;
class QListView;

namespace atlas::gui {

class PaletteModel;

/// Ctrl+K: a field and a list over the window. Type, Up and Down, Return; Esc or a click beside it closes.
/// Lies over its parent as a child, not as a window of its own: no window manager can put it elsewhere.
class CommandPalette : public QWidget
{
    Q_OBJECT
public:
    explicit CommandPalette(QWidget* parent);

    void open(const QList<PaletteProvider*>& providers);
    void close();
    bool isOpen() const { return isVisible(); }
    QLineEdit* field() const { return m_field; }
    QListView* list() const { return m_list; }

Q_SIGNALS:
    /// Closed, and what had the focus before has gone.
    void focusHasNowhereToGo();

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void layOut();
    void run();

    PaletteModel* m_model = nullptr;
    QFrame* m_panel = nullptr;
    QLineEdit* m_field = nullptr;
    QListView* m_list = nullptr;
    QLabel* m_none = nullptr;
    QPointer<QWidget> m_focusBefore;
};

} // namespace atlas::gui
