// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/filterdocument.h"

#include <QUndoCommand>

namespace atlas::gui {

using namespace filter;

class FilterStep : public QUndoCommand
{
public:
    FilterStep(FilterDocument* document, Expression before, Expression after, const QString& what,
               FilterDocument::Pace pace, int session)
        : QUndoCommand(what)
        , m_document(document)
        , m_before(std::move(before))
        , m_after(std::move(after))
        , m_pace(pace)
        , m_session(session)
    {
    }
    void undo() override { m_document->set(m_before, FilterDocument::Pace::Now); }
    void redo() override { m_document->set(m_after, std::exchange(m_pace, FilterDocument::Pace::Now)); }
    int id() const override { return 1; }
    bool mergeWith(const QUndoCommand* other) override
    {
        const auto* step = static_cast<const FilterStep*>(other);
        if (m_session == 0 || step->m_session != m_session)
            return false;
        m_after = step->m_after;
        // Back where it began: nothing is left to undo.
        setObsolete(m_after == m_before);
        return true;
    }

private:
    FilterDocument* m_document;
    Expression m_before;
    Expression m_after;
    FilterDocument::Pace m_pace;
    int m_session;
};

FilterDocument::FilterDocument(QObject* parent)
    : QObject(parent)
{
    m_undo.setUndoLimit(500);
}

void FilterDocument::load(const Expression& expression)
{
    m_undo.clear();
    set(expression, Pace::Now);
}

void FilterDocument::apply(const Expression& expression, const QString& what, Pace pace, int session)
{
    if (expression == m_expression)
        return;
    m_undo.push(new FilterStep(this, m_expression, expression, what, pace, session));
}

void FilterDocument::set(const Expression& expression, Pace pace)
{
    m_expression = expression;
    Q_EMIT changed(pace);
}

Expression withClause(const Expression& expression, const Clause& clause)
{
    const Group& root = expression.root();
    if (root.kind == GroupKind::None && !root.children.isEmpty()) {
        // Put among what is excluded it would mean the opposite.
        Group all;
        all.children = {Node(root), Node(clause)};
        return Expression(all);
    }
    if (root.kind == GroupKind::All) {
        for (qsizetype i = 0; i < root.children.size(); ++i) {
            if (!root.children.at(i).isClause())
                continue;
            const Clause& known = root.children.at(i).clause();
            if (!(known.subject == clause.subject))
                continue;
            const NodePath path{int(i)};
            Clause changed = known;
            changed.enabled = true;
            const bool values =
                clause.op == Operator::Equal && (known.op == Operator::Equal || known.op == Operator::In);
            if (values) {
                for (const Literal& literal : clause.literals) {
                    if (!changed.literals.contains(literal))
                        changed.literals.append(literal);
                }
                changed.op = changed.literals.size() > 1 ? Operator::In : Operator::Equal;
                // What was switched off is not asked for again by pointing at another value.
                if (!known.enabled)
                    changed = clause;
                return expression.replaced(path, Node(changed));
            }
            const bool ranges = clause.op == Operator::Between && known.op == Operator::Between;
            const bool same = known.op == clause.op && known.literals == clause.literals;
            const bool opposite = (clause.op == Operator::Exists && known.op == Operator::Missing) ||
                                  (clause.op == Operator::Missing && known.op == Operator::Exists);
            if (ranges || same || opposite)
                return expression.replaced(path, Node(clause));
        }
    }
    return expression.inserted({int(root.children.size())}, Node(clause));
}

} // namespace atlas::gui
