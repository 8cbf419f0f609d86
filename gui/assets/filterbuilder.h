// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QHash>
#include <QPointer>
#include <QWidget>

#include "gui/assets/clauseeditor.h"
#include "gui/assets/filterdocument.h"
#include "gui/assets/filterknowledge.h"

class QMimeData;

namespace atlas::gui {

class ClauseChip;
class GroupBox;

/// The filter as nested groups of chips. Shows the document's expression and changes it; holds nothing of its
/// own but what is being typed.
///
/// Keyboard: arrows go from part to part, Enter or F2 edits, Space switches on and off, Delete removes,
/// Insert adds, Ctrl+G wraps in a group, Ctrl+Shift+Left/Right moves among neighbours, Ctrl+Shift+Up out of
/// the group, Ctrl+Shift+Down into the group behind (or before) it.
class FilterBuilder : public QWidget
{
    Q_OBJECT
public:
    FilterBuilder(FilterDocument* document, FilterKnowledge* knowledge, QWidget* parent = nullptr);
    ~FilterBuilder() override;

    GroupBox* rootGroup() const { return m_root; }
    /// nullptr: there is none.
    ClauseChip* chipAt(const filter::NodePath& path) const;
    GroupBox* groupAt(const filter::NodePath& path) const;
    ClauseEditor* editor();

    void addClause(const filter::NodePath& group = {});
    void addClauseFor(const filter::Subject& subject, const filter::NodePath& group, int index);
    void edit(const filter::NodePath& path);
    /// Ends an edit under way: what is complete stays, what is not is kept for the next time.
    void finishEditing();

Q_SIGNALS:
    /// The height it needs changed.
    void contentChanged();

protected:
    bool event(QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    void sync();
    void syncGroup(GroupBox* box, const filter::Group& group, const filter::NodePath& path, bool outsideOff);
    ClauseChip* makeChip(const filter::NodePath& path, const filter::Clause& clause, QWidget* parent);
    GroupBox* makeGroup(const filter::NodePath& path, QWidget* parent);
    void refreshFacts();

    void placeEditor();
    void editorEdited(const filter::Clause& clause, bool typing);
    void editorCancelled();
    void markOpen(bool open);

    void toggle(const filter::NodePath& path);
    void remove(const filter::NodePath& path);
    void wrap(const filter::NodePath& path);
    void unwrap(const filter::NodePath& path);
    void setKind(const filter::NodePath& path, filter::GroupKind kind);
    void move(const filter::NodePath& from, const filter::NodePath& to);
    void handleKey(const filter::NodePath& path, QKeyEvent* event);
    void moveByKey(const filter::NodePath& path, int key);
    void showChipMenu(const filter::NodePath& path, const QPoint& position);
    void showGroupMenu(const filter::NodePath& path, const QPoint& position);
    void takeDrop(const filter::NodePath& group, const QMimeData* dragged, int index);
    void startDrag(const filter::NodePath& path);
    QList<QWidget*> stops() const;
    void focusStep(int step);
    void focusPath(const filter::NodePath& path);
    QWidget* widgetAt(const filter::NodePath& path) const;

    FilterDocument* m_document;
    FilterKnowledge* m_knowledge;
    GroupBox* m_root = nullptr;
    QPointer<ClauseEditor> m_editor;

    // What the editor is open for.
    filter::NodePath m_editPath;
    bool m_editIsNew = false;
    std::optional<filter::Clause> m_original;
    int m_session = 0;
    bool m_applying = false;
    std::optional<ClauseEditor::Draft> m_newDraft; ///< of a clause that was begun and left
    QHash<QString, ClauseEditor::Draft> m_drafts;  ///< by text form of the clause that was being changed
};

/// Where a node is after Expression::moved(from, to).
filter::NodePath pathAfterMove(const filter::NodePath& from, const filter::NodePath& to);

} // namespace atlas::gui
