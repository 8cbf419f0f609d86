// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/filterbuilder.h"

#include <QDrag>
#include <QKeyEvent>
#include <QMenu>
#include <QToolButton>
#include <QVBoxLayout>

#include "gui/assets/clausechip.h"
#include "gui/assets/clauses.h"
#include "gui/assets/groupbox.h"
#include "gui/assets/mimetypes.h"
#include "gui/theme/theme.h"
#include "model/filter/printer.h"

namespace atlas::gui {

using namespace filter;

namespace {
NodePath parentOf(const NodePath& path)
{
    return path.mid(0, path.size() - 1);
}

NodePath child(NodePath path, int index)
{
    path.append(index);
    return path;
}

bool isInside(const NodePath& path, const NodePath& group)
{
    return path.size() >= group.size() && path.mid(0, group.size()) == group;
}
} // namespace

NodePath pathAfterMove(const NodePath& from, const NodePath& to)
{
    NodePath result = to;
    const qsizetype depth = from.size() - 1;
    // Taking it out moves up what stood behind it in the same group, and everything inside that.
    if (depth >= 0 && to.size() > depth && to.mid(0, depth) == from.mid(0, depth) &&
        to.at(depth) > from.at(depth))
        --result[depth];
    return result;
}

FilterBuilder::FilterBuilder(FilterDocument* document, FilterKnowledge* knowledge, QWidget* parent)
    : QWidget(parent)
    , m_document(document)
    , m_knowledge(knowledge)
{
    setObjectName(QStringLiteral("filterBuilder"));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    m_root = makeGroup({}, this);
    layout->addWidget(m_root);
    layout->addStretch(); // not an alignment: that would give the root the height of its one-line hint
    connect(m_document, &FilterDocument::changed, this, &FilterBuilder::sync);
    connect(m_knowledge, &FilterKnowledge::changed, this, &FilterBuilder::refreshFacts);
    sync();
}

FilterBuilder::~FilterBuilder()
{
    delete m_editor; // lives in the window, belongs to this
}

ClauseEditor* FilterBuilder::editor()
{
    if (!m_editor) {
        m_editor = new ClauseEditor(m_knowledge, window());
        connect(m_editor, &ClauseEditor::edited, this, &FilterBuilder::editorEdited);
        connect(m_editor, &ClauseEditor::done, this, [this] {
            finishEditing();
            focusPath(m_editPath);
        });
        connect(m_editor, &ClauseEditor::left, this, &FilterBuilder::finishEditing);
        connect(m_editor, &ClauseEditor::cancelled, this, &FilterBuilder::editorCancelled);
    }
    return m_editor;
}

ClauseChip* FilterBuilder::makeChip(const NodePath& path, const Clause& clause, QWidget* parent)
{
    auto* chip = new ClauseChip(path, clause, parent);
    connect(chip, &ClauseChip::editRequested, this, [this, chip] { edit(chip->path()); });
    connect(chip, &ClauseChip::switchRequested, this, [this, chip] { toggle(chip->path()); });
    connect(chip, &ClauseChip::removeRequested, this, [this, chip] { remove(chip->path()); });
    connect(chip, &ClauseChip::dragRequested, this, [this, chip] { startDrag(chip->path()); });
    connect(chip, &ClauseChip::menuRequested, this,
            [this, chip](const QPoint& at) { showChipMenu(chip->path(), at); });
    connect(chip, &ClauseChip::keyPressed, this,
            [this, chip](QKeyEvent* event) { handleKey(chip->path(), event); });
    return chip;
}

GroupBox* FilterBuilder::makeGroup(const NodePath& path, QWidget* parent)
{
    auto* box = new GroupBox(path, parent);
    connect(box, &GroupBox::kindMenuRequested, this,
            [this, box](const QPoint& at) { showGroupMenu(box->path(), at); });
    connect(box, &GroupBox::addClauseRequested, this, [this, box] { addClause(box->path()); });
    connect(box, &GroupBox::addGroupRequested, this, [this, box] {
        const NodePath at = child(box->path(), int(box->members().size()));
        Group group;
        // Inside all-of an any-of is what is wanted, and the other way round.
        group.kind = box->kind() == GroupKind::Any ? GroupKind::All : GroupKind::Any;
        m_document->apply(m_document->expression().inserted(at, Node(group)), tr("Add a group"));
        addClause(at);
    });
    connect(box, &GroupBox::dropped, this,
            [this, box](const QMimeData* dragged, int index) { takeDrop(box->path(), dragged, index); });
    connect(box, &GroupBox::keyPressed, this,
            [this, box](QKeyEvent* event) { handleKey(box->path(), event); });
    return box;
}

void FilterBuilder::sync()
{
    // Somebody else changed what is being edited here.
    if (m_editor && m_editor->isOpen() && !m_applying && !m_editIsNew) {
        const std::optional<Node> node = m_document->expression().at(m_editPath);
        if (!node || !node->isClause() || !m_editor->clause() || !(node->clause() == *m_editor->clause())) {
            m_editor->closeEditor();
            markOpen(false);
        }
    }
    // A new clause that is still being entered has no node yet; where it was to go may be gone.
    if (m_editor && m_editor->isOpen() && m_editIsNew && !m_applying &&
        !(m_document->expression().at(parentOf(m_editPath)) || m_editPath.size() == 1))
        finishEditing();
    const bool hadFocus = focusWidget() && isAncestorOf(focusWidget()) && focusWidget()->hasFocus();
    NodePath focused;
    if (auto* chip = qobject_cast<ClauseChip*>(focusWidget()))
        focused = chip->path();
    syncGroup(m_root, m_document->expression().root(), {}, false);
    m_root->setHint(m_document->expression().isEmpty() ? tr("Click a value on the left, or + to add a clause")
                                                       : QString());
    refreshFacts();
    updateGeometry();
    if (hadFocus && (!focusWidget() || !focusWidget()->isVisible()))
        focusPath(focused);
    Q_EMIT contentChanged();
    if (m_editor && m_editor->isOpen())
        placeEditor();
}

void FilterBuilder::syncGroup(GroupBox* box, const Group& group, const NodePath& path, bool outsideOff)
{
    box->setPath(path);
    box->setGroup(group.kind, group.enabled, outsideOff);
    const bool off = outsideOff || !group.enabled;
    for (int i = 0; i < int(group.children.size()); ++i) {
        const Node& node = group.children.at(i);
        const NodePath at = child(path, i);
        // What stays keeps its widget, and with it the focus.
        QWidget* widget = i < box->members().size() ? box->members().at(i) : nullptr;
        if (node.isClause()) {
            auto* chip = qobject_cast<ClauseChip*>(widget);
            if (widget && !chip) {
                box->removeMember(i);
                chip = nullptr;
            }
            if (!chip) {
                chip = makeChip(at, node.clause(), box);
                box->insertMember(i, chip);
            } else if (!(chip->clause() == node.clause())) {
                chip->setClause(node.clause());
            }
            chip->setPath(at);
            chip->setOutsideOff(off);
        } else {
            auto* inner = qobject_cast<GroupBox*>(widget);
            if (widget && !inner) {
                box->removeMember(i);
                inner = nullptr;
            }
            if (!inner) {
                inner = makeGroup(at, box);
                box->insertMember(i, inner);
            }
            syncGroup(inner, node.group(), at, off);
        }
    }
    while (box->members().size() > group.children.size())
        box->removeMember(int(group.children.size()));
    if (!path.isEmpty())
        box->setHint(group.children.isEmpty() ? tr("empty, counts for nothing") : QString());
}

void FilterBuilder::refreshFacts()
{
    const auto visit = [this](auto&& self, GroupBox* box) -> void {
        for (QWidget* member : box->members()) {
            if (auto* chip = qobject_cast<ClauseChip*>(member))
                chip->setFacts(m_knowledge->facts(chip->clause()));
            else if (auto* group = qobject_cast<GroupBox*>(member))
                self(self, group);
        }
    };
    visit(visit, m_root);
}

QWidget* FilterBuilder::widgetAt(const NodePath& path) const
{
    QWidget* widget = m_root;
    for (const int step : path) {
        auto* group = qobject_cast<GroupBox*>(widget);
        if (!group || step < 0 || step >= group->members().size())
            return nullptr;
        widget = group->members().at(step);
    }
    return widget;
}

ClauseChip* FilterBuilder::chipAt(const NodePath& path) const
{
    return qobject_cast<ClauseChip*>(widgetAt(path));
}

GroupBox* FilterBuilder::groupAt(const NodePath& path) const
{
    return qobject_cast<GroupBox*>(widgetAt(path));
}

void FilterBuilder::addClause(const NodePath& group)
{
    const std::optional<Node> node = m_document->expression().at(group);
    if (!group.isEmpty() && (!node || !node->isGroup()))
        return;
    finishEditing();
    const GroupBox* box = groupAt(group);
    m_editPath = child(group, box ? int(box->members().size()) : 0);
    m_editIsNew = true;
    m_original.reset();
    m_session = m_document->newSession();
    editor()->open(std::nullopt, std::exchange(m_newDraft, std::nullopt));
    placeEditor();
}

void FilterBuilder::addClauseFor(const Subject& subject, const NodePath& group, int index)
{
    finishEditing();
    m_editPath = child(group, index);
    m_editIsNew = true;
    m_original.reset();
    m_session = m_document->newSession();
    editor()->openFor(subject);
    placeEditor();
}

void FilterBuilder::edit(const NodePath& path)
{
    const std::optional<Node> node = m_document->expression().at(path);
    if (!node || !node->isClause())
        return;
    finishEditing();
    m_editPath = path;
    m_editIsNew = false;
    m_original = node->clause();
    m_session = m_document->newSession();
    const QString key = print(*node);
    std::optional<ClauseEditor::Draft> draft;
    if (m_drafts.contains(key))
        draft = m_drafts.take(key);
    editor()->open(m_original, draft);
    markOpen(true);
    placeEditor();
}

void FilterBuilder::placeEditor()
{
    const QWidget* anchor = nullptr;
    if (!m_editIsNew)
        anchor = chipAt(m_editPath);
    if (!anchor) {
        const GroupBox* box = groupAt(parentOf(m_editPath));
        anchor = (box ? box : m_root)->addButton();
    }
    editor()->placeBelow(QRect(anchor->mapToGlobal(QPoint(0, 0)), anchor->size()));
}

void FilterBuilder::markOpen(bool open)
{
    if (ClauseChip* chip = chipAt(m_editPath))
        chip->setOpen(open);
}

void FilterBuilder::editorEdited(const Clause& clause, bool typing)
{
    m_applying = true;
    const Expression& now = m_document->expression();
    const FilterDocument::Pace pace = typing ? FilterDocument::Pace::Typing : FilterDocument::Pace::Now;
    if (m_editIsNew) {
        m_document->apply(now.inserted(m_editPath, Node(clause)),
                          tr("Add %1").arg(clauseText(clause).subject), pace, m_session);
        m_editIsNew = false;
    } else {
        m_document->apply(now.replaced(m_editPath, Node(clause)),
                          tr("Change %1").arg(clauseText(clause).subject), pace, m_session);
    }
    m_applying = false;
    markOpen(true);
}

void FilterBuilder::finishEditing()
{
    if (!m_editor || !m_editor->isOpen())
        return;
    if (m_editor->hasUnsaved()) {
        if (m_editIsNew)
            m_newDraft = m_editor->draft();
        else if (const std::optional<Node> node = m_document->expression().at(m_editPath))
            m_drafts.insert(print(*node), m_editor->draft());
    }
    m_editor->closeEditor();
    markOpen(false);
}

void FilterBuilder::editorCancelled()
{
    m_editor->closeEditor();
    markOpen(false);
    m_applying = true;
    const Expression& now = m_document->expression();
    if (m_original)
        m_document->apply(now.replaced(m_editPath, Node(*m_original)), tr("Back"), FilterDocument::Pace::Now,
                          m_session);
    else if (!m_editIsNew)
        m_document->apply(now.removed(m_editPath), tr("Back"), FilterDocument::Pace::Now, m_session);
    m_applying = false;
    focusPath(m_editPath);
}

void FilterBuilder::toggle(const NodePath& path)
{
    const std::optional<Node> node = m_document->expression().at(path);
    if (!node)
        return;
    finishEditing();
    m_document->apply(m_document->expression().replaced(path, node->withEnabled(!node->enabled())),
                      node->enabled() ? tr("Switch off") : tr("Switch on"));
}

void FilterBuilder::remove(const NodePath& path)
{
    if (path.isEmpty()) {
        m_document->apply(Expression(), tr("Remove everything"));
        return;
    }
    finishEditing();
    m_document->apply(m_document->expression().removed(path), tr("Remove"));
    focusPath(path);
}

void FilterBuilder::wrap(const NodePath& path)
{
    const std::optional<Node> node = m_document->expression().at(path);
    if (!node || path.isEmpty())
        return;
    finishEditing();
    const GroupBox* around = groupAt(parentOf(path));
    Group group;
    group.kind = around && around->kind() == GroupKind::Any ? GroupKind::All : GroupKind::Any;
    group.children = {*node};
    m_document->apply(m_document->expression().replaced(path, Node(group)), tr("Wrap in a group"));
    focusPath(child(path, 0));
}

void FilterBuilder::unwrap(const NodePath& path)
{
    const std::optional<Node> node = m_document->expression().at(path);
    if (!node || !node->isGroup() || path.isEmpty())
        return;
    finishEditing();
    Expression changed = m_document->expression().removed(path);
    NodePath at = path;
    for (const Node& inner : node->group().children) {
        changed = changed.inserted(at, inner);
        ++at.last();
    }
    m_document->apply(changed, tr("Take out of the group"));
    focusPath(path);
}

void FilterBuilder::setKind(const NodePath& path, GroupKind kind)
{
    finishEditing();
    if (path.isEmpty()) {
        m_document->apply(m_document->expression().withRootKind(kind), groupKindText(kind));
        return;
    }
    const std::optional<Node> node = m_document->expression().at(path);
    if (!node || !node->isGroup())
        return;
    Group group = node->group();
    group.kind = kind;
    m_document->apply(m_document->expression().replaced(path, Node(group)), groupKindText(kind));
}

void FilterBuilder::move(const NodePath& from, const NodePath& to)
{
    finishEditing();
    m_document->apply(m_document->expression().moved(from, to), tr("Move"));
    focusPath(pathAfterMove(from, to));
}

void FilterBuilder::moveByKey(const NodePath& path, int key)
{
    if (path.isEmpty())
        return;
    const NodePath group = parentOf(path);
    const GroupBox* box = groupAt(group);
    if (!box)
        return;
    const int index = path.last();
    const int count = int(box->members().size());
    NodePath behind = group; // the place behind the group it is in
    if (!behind.isEmpty())
        ++behind.last();
    switch (key) {
    case Qt::Key_Left:
        if (index > 0)
            move(path, child(group, index - 1));
        else if (!group.isEmpty())
            move(path, group);
        break;
    case Qt::Key_Right:
        if (index + 1 < count)
            move(path, child(group, index + 2));
        else if (!group.isEmpty())
            move(path, behind);
        break;
    case Qt::Key_Up:
        if (!group.isEmpty())
            move(path, group);
        break;
    case Qt::Key_Down:
        for (int distance = 1; distance < count; ++distance) {
            for (const int other : {index + distance, index - distance}) {
                if (other < 0 || other >= count)
                    continue;
                if (const auto* inner = qobject_cast<GroupBox*>(box->members().at(other))) {
                    move(path, child(child(group, other), other > index ? 0 : int(inner->members().size())));
                    return;
                }
            }
        }
        break;
    default:
        break;
    }
}

void FilterBuilder::handleKey(const NodePath& path, QKeyEvent* event)
{
    const bool chip = chipAt(path) != nullptr;
    const bool control = event->modifiers().testFlag(Qt::ControlModifier);
    const bool shift = event->modifiers().testFlag(Qt::ShiftModifier);
    const bool onKind = !chip && groupAt(path) && groupAt(path)->kindButton()->hasFocus();
    event->accept();
    switch (event->key()) {
    case Qt::Key_Left:
    case Qt::Key_Right:
    case Qt::Key_Up:
    case Qt::Key_Down:
        if (control && shift && (chip || onKind))
            moveByKey(path, event->key());
        else if (!control && !shift)
            focusStep(event->key() == Qt::Key_Left || event->key() == Qt::Key_Up ? -1 : 1);
        return;
    case Qt::Key_Return:
    case Qt::Key_Enter:
    case Qt::Key_F2:
        if (!chip)
            break;
        edit(path);
        return;
    case Qt::Key_Space:
        if (!chip)
            break;
        toggle(path);
        return;
    case Qt::Key_Delete:
    case Qt::Key_Backspace:
        if (!chip && (!onKind || path.isEmpty()))
            break;
        remove(path);
        return;
    case Qt::Key_Insert:
        addClause(chip ? parentOf(path) : path);
        return;
    case Qt::Key_G:
        if (!control || path.isEmpty())
            break;
        wrap(path);
        return;
    case Qt::Key_Plus:
        if (control)
            break;
        addClause(chip ? parentOf(path) : path);
        return;
    case Qt::Key_Menu:
        if (chip)
            showChipMenu(path, chipAt(path)->mapToGlobal(QPoint(8, chipAt(path)->height())));
        else
            showGroupMenu(path, groupAt(path)->kindButton()->mapToGlobal(
                                    QPoint(0, groupAt(path)->kindButton()->height())));
        return;
    default:
        break;
    }
    event->ignore();
}

void FilterBuilder::showChipMenu(const NodePath& path, const QPoint& position)
{
    const std::optional<Node> node = m_document->expression().at(path);
    if (!node)
        return;
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->addAction(icon(QStringLiteral("edit")), tr("Edit\tEnter"), this, [this, path] { edit(path); });
    menu->addAction(icon(node->enabled() ? QStringLiteral("eye-off") : QStringLiteral("eye")),
                    node->enabled() ? tr("Switch off\tSpace") : tr("Switch on\tSpace"), this,
                    [this, path] { toggle(path); });
    menu->addSeparator();
    menu->addAction(icon(QStringLiteral("group")), tr("Wrap in a group\tCtrl+G"), this,
                    [this, path] { wrap(path); });
    QAction* out = menu->addAction(tr("Move out of the group\tCtrl+Shift+Up"), this,
                                   [this, path] { moveByKey(path, Qt::Key_Up); });
    out->setEnabled(path.size() > 1);
    menu->addAction(icon(QStringLiteral("duplicate")), tr("Duplicate"), this, [this, path, node = *node] {
        NodePath at = path;
        ++at.last();
        m_document->apply(m_document->expression().inserted(at, node), tr("Duplicate"));
        focusPath(at);
    });
    menu->addSeparator();
    menu->addAction(icon(QStringLiteral("trash")), tr("Remove\tDelete"), this,
                    [this, path] { remove(path); });
    menu->popup(position);
}

void FilterBuilder::showGroupMenu(const NodePath& path, const QPoint& position)
{
    const GroupBox* box = groupAt(path);
    if (!box)
        return;
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    const auto addKind = [&](GroupKind kind, const QString& text) {
        QAction* action = menu->addAction(text, this, [this, path, kind] { setKind(path, kind); });
        action->setCheckable(true);
        action->setChecked(box->kind() == kind);
    };
    addKind(GroupKind::All, tr("All of: every one must be true"));
    addKind(GroupKind::Any, tr("Any of: at least one must be true"));
    addKind(GroupKind::None, tr("None of: not one may be true"));
    menu->addSeparator();
    menu->addAction(icon(QStringLiteral("add")), tr("Add a clause here\tInsert"), this,
                    [this, path] { addClause(path); });
    if (!path.isEmpty()) {
        const std::optional<Node> node = m_document->expression().at(path);
        const bool on = node && node->enabled();
        menu->addAction(icon(on ? QStringLiteral("eye-off") : QStringLiteral("eye")),
                        on ? tr("Switch the group off") : tr("Switch the group on"), this,
                        [this, path] { toggle(path); });
        menu->addAction(icon(QStringLiteral("group")), tr("Wrap in a group\tCtrl+G"), this,
                        [this, path] { wrap(path); });
        menu->addAction(tr("Dissolve the group"), this, [this, path] { unwrap(path); });
        menu->addSeparator();
        menu->addAction(icon(QStringLiteral("trash")), tr("Remove the group\tDelete"), this,
                        [this, path] { remove(path); });
    } else if (!m_document->expression().isEmpty()) {
        menu->addSeparator();
        menu->addAction(icon(QStringLiteral("trash")), tr("Remove everything"), this, [this] { remove({}); });
    }
    menu->popup(position);
}

void FilterBuilder::takeDrop(const NodePath& group, const QMimeData* dragged, int index)
{
    const NodePath to = child(group, index);
    if (const std::optional<NodePath> from = mime::nodePath(dragged)) {
        if (!isInside(group, *from))
            move(*from, to);
        return;
    }
    if (const std::optional<QString> name = mime::attributeName(dragged))
        addClauseFor(Subject::ofAttribute(*name), group, index);
}

void FilterBuilder::startDrag(const NodePath& path)
{
    QWidget* widget = widgetAt(path);
    const std::optional<Node> node = m_document->expression().at(path);
    if (!widget || !node)
        return;
    finishEditing();
    auto* drag = new QDrag(this);
    drag->setMimeData(mime::ofNode(path, print(*node)));
    drag->setPixmap(widget->grab());
    drag->setHotSpot(QPoint(16, 14));
    drag->exec(Qt::MoveAction);
}

QList<QWidget*> FilterBuilder::stops() const
{
    QList<QWidget*> found;
    const auto visit = [&found](auto&& self, GroupBox* box) -> void {
        found.append(box->kindButton());
        for (QWidget* member : box->members()) {
            if (auto* group = qobject_cast<GroupBox*>(member))
                self(self, group);
            else
                found.append(member);
        }
        found.append(box->addButton());
    };
    visit(visit, m_root);
    return found;
}

void FilterBuilder::focusStep(int step)
{
    const QList<QWidget*> all = stops();
    const qsizetype at = all.indexOf(focusWidget());
    const qsizetype next = at + step;
    if (at >= 0 && next >= 0 && next < all.size())
        all.at(next)->setFocus(step > 0 ? Qt::TabFocusReason : Qt::BacktabFocusReason);
}

void FilterBuilder::focusPath(const NodePath& path)
{
    NodePath at = path;
    while (!at.isEmpty()) {
        QWidget* widget = widgetAt(at);
        if (auto* group = qobject_cast<GroupBox*>(widget)) {
            group->kindButton()->setFocus(Qt::OtherFocusReason);
            return;
        }
        if (widget) {
            widget->setFocus(Qt::OtherFocusReason);
            return;
        }
        // The one before it, else the group.
        if (at.last() > 0)
            --at.last();
        else
            at.removeLast();
    }
    m_root->addButton()->setFocus(Qt::OtherFocusReason);
}

bool FilterBuilder::event(QEvent* event)
{
    const bool done = QWidget::event(event);
    // Sizes of chips that were made or changed just now are known from here on.
    if (event->type() == QEvent::LayoutRequest) {
        Q_EMIT contentChanged();
        if (m_editor && m_editor->isOpen())
            placeEditor();
    }
    // Another workspace, or the text form: the editor lives in the window and would stay above it.
    if (event->type() == QEvent::Hide && !event->spontaneous())
        finishEditing();
    return done;
}

void FilterBuilder::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    Q_EMIT contentChanged();
}

void FilterBuilder::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_root)
        syncGroup(m_root, m_document->expression().root(), {}, false);
}

} // namespace atlas::gui
