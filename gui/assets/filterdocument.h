// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QUndoStack>

#include "model/filter/expression.h"

namespace atlas::gui {

/// The filter being worked on: the one truth that builder, text form and results follow. Every change is a
/// whole new value, so undo and redo go from value to value.
class FilterDocument : public QObject
{
    Q_OBJECT
public:
    /// Whether more of the same is to be expected at once.
    enum class Pace { Now = 1, Typing };

    explicit FilterDocument(QObject* parent = nullptr);

    const filter::Expression& expression() const { return m_expression; }
    /// Another tenant, a restored session: nothing to undo.
    void load(const filter::Expression& expression);
    /// One step that can be undone; the same as before is none. Steps of one `session` (not 0) become one
    /// step.
    void apply(const filter::Expression& expression, const QString& what, Pace pace = Pace::Now,
               int session = 0);
    /// A number for a series of changes that are undone together.
    int newSession() { return ++m_sessions; }
    QUndoStack* undoStack() { return &m_undo; }
    bool canUndo() const { return m_undo.canUndo(); }

Q_SIGNALS:
    void changed(atlas::gui::FilterDocument::Pace pace);

private:
    friend class FilterStep;
    void set(const filter::Expression& expression, Pace pace);

    filter::Expression m_expression;
    QUndoStack m_undo;
    int m_sessions = 0;
};

/// The filter with a clause that somebody pointed at. Under an all-of root a second value of the same
/// attribute widens it to "one of", a second range replaces the first; what is there already is not added
/// again.
filter::Expression withClause(const filter::Expression& expression, const filter::Clause& clause);

} // namespace atlas::gui
