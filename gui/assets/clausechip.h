// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include "gui/assets/clauses.h"
#include "gui/assets/filterknowledge.h"
#include "model/filter/expression.h"

namespace atlas::gui {

/// One clause: switch, what it says, hot or rows expected, remove. One widget that paints itself, so that a
/// filter of hundreds of clauses opens at once.
class ClauseChip : public QWidget
{
    Q_OBJECT
public:
    enum class Zone { Nowhere = 1, Switch, Body, Remove };

    ClauseChip(const filter::NodePath& path, const filter::Clause& clause, QWidget* parent);

    const filter::NodePath& path() const { return m_path; }
    const filter::Clause& clause() const { return m_clause; }
    void setPath(const filter::NodePath& path) { m_path = path; }
    void setClause(const filter::Clause& clause);
    void setFacts(const FilterKnowledge::Facts& facts);
    const FilterKnowledge::Facts& facts() const { return m_facts; }
    /// Being edited right now.
    void setOpen(bool open);
    /// Switched off by a group around it.
    void setOutsideOff(bool off);
    /// Where in the chip that part is; for tests and for the editor's place.
    QRect zoneRect(Zone zone) const;

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

Q_SIGNALS:
    void editRequested();
    void switchRequested();
    void removeRequested();
    void dragRequested();
    void menuRequested(const QPoint& globalPosition);
    /// A key that the builder decides on.
    void keyPressed(QKeyEvent* event);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    bool event(QEvent* event) override;

private:
    struct Places
    {
        QRect switchBox, subject, op, value, badge, expected, remove;
        int width = 0;
    };
    Places places(int width) const;
    Zone zoneAt(const QPoint& point) const;
    QString expectedText() const;
    void describe();

    filter::NodePath m_path;
    filter::Clause m_clause;
    ClauseText m_text;
    FilterKnowledge::Facts m_facts;
    bool m_haveFacts = false;
    bool m_open = false;
    bool m_outsideOff = false;
    Zone m_hover = Zone::Nowhere;
    Zone m_pressed = Zone::Nowhere;
    QPoint m_pressedAt;
};

/// "12k", "≈ 250k" style: three characters say enough on a chip.
QString shortCount(double count);

} // namespace atlas::gui
