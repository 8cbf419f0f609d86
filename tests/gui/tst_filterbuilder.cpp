// SPDX-License-Identifier: GPL-3.0-or-later
#include <QComboBox>
#include <QDropEvent>
#include <QLineEdit>
#include <QListView>
#include <QMimeData>
#include <QScrollArea>
#include <QSignalSpy>
#include <QTest>
#include <QToolButton>
#include <QVBoxLayout>

#include "gui/assets/attributelistmodel.h"
#include "gui/assets/clausechip.h"
#include "gui/assets/clauseeditor.h"
#include "gui/assets/filterbuilder.h"
#include "gui/assets/filterdocument.h"
#include "gui/assets/filterknowledge.h"
#include "gui/assets/filterpane.h"
#include "gui/assets/filtertextedit.h"
#include "gui/assets/groupbox.h"
#include "gui/assets/mimetypes.h"
#include "gui/assets/topvalues.h"
#include "model/filter/parser.h"
#include "model/filter/printer.h"
#include "tests/gui/fakecatalog.h"
#include "tests/gui/guitest.h"
#include "tests/support/nastystrings.h"
#include "tests/support/randomfilter.h"

using namespace atlas;
using namespace atlas::filter;
using namespace atlas::gui;

namespace {
Clause is(const QString& attribute, const QString& value)
{
    return Clause{Subject::ofAttribute(attribute), Operator::Equal, {Literal::string(value)}, true};
}

Clause above(const QString& attribute, const QString& number)
{
    return Clause{Subject::ofAttribute(attribute), Operator::Greater, {Literal::number(number)}, true};
}

Group group(GroupKind kind, const QList<Node>& children)
{
    Group made;
    made.kind = kind;
    made.children = children;
    return made;
}

QList<test::RandomSubject> subjects()
{
    return {
        {Subject::ofAttribute(QStringLiteral("status")),
         ValueType::String,
         {QStringLiteral("active"), QStringLiteral("idle \"x\"")}},
        {Subject::ofAttribute(QStringLiteral("temperature")),
         ValueType::Number,
         {QStringLiteral("80"), QStringLiteral("9007199254740993"), QStringLiteral("0.10")}},
        {Subject::ofAttribute(QStringLiteral("door_open")), ValueType::Boolean, {QStringLiteral("true")}},
        {Subject::ofAttribute(QStringLiteral("last_service")),
         ValueType::Timestamp,
         {QStringLiteral("2026-01-01")}},
        {Subject::ofEntity(EntityField::Type), ValueType::String, {QStringLiteral("truck")}},
    };
}

/// A pane over a filter, shown in a window of its own.
struct Fixture
{
    FilterDocument document;
    FilterKnowledge knowledge;
    QWidget window;
    FilterPane* pane;
    FilterBuilder* builder;

    explicit Fixture(const AttributeCatalog& catalog = test::fleetCatalog())
    {
        knowledge.setCatalog(catalog);
        window.resize(760, 640);
        auto* layout = new QVBoxLayout(&window);
        pane = new FilterPane(&document, &knowledge, &window);
        layout->addWidget(pane);
        layout->addStretch(1);
        builder = pane->builder();
        window.show();
        window.activateWindow();
        if (!QTest::qWaitForWindowActive(&window))
            qWarning("the window did not become active");
    }
    template<class T> T* inEditor(const char* name)
    {
        return builder->editor()->findChild<T*>(QLatin1String(name));
    }
    void click(ClauseChip* chip, ClauseChip::Zone zone)
    {
        QTest::mouseClick(chip, Qt::LeftButton, {}, chip->zoneRect(zone).center());
    }
    QString text() const { return print(document.expression()); }
};

/// What the widgets show, read back from them alone.
Group shown(const GroupBox* box)
{
    Group group;
    group.kind = box->kind();
    for (QWidget* member : box->members()) {
        if (const auto* chip = qobject_cast<ClauseChip*>(member))
            group.children.append(Node(chip->clause()));
        else
            group.children.append(Node(shown(qobject_cast<GroupBox*>(member))));
    }
    return group;
}

Group withoutGroupSwitches(const Group& group)
{
    Group plain;
    plain.kind = group.kind;
    for (const Node& node : group.children)
        plain.children.append(node.isClause() ? node : Node(withoutGroupSwitches(node.group())));
    return plain;
}

bool drop(GroupBox* onto, const QPoint& at, QMimeData* dragged)
{
    QDragEnterEvent enter(at, Qt::MoveAction | Qt::CopyAction, dragged, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(onto, &enter);
    if (!enter.isAccepted())
        return false;
    QDragMoveEvent over(at, Qt::MoveAction | Qt::CopyAction, dragged, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(onto, &over);
    QDropEvent dropped(at, Qt::MoveAction | Qt::CopyAction, dragged, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(onto, &dropped);
    return dropped.isAccepted();
}
} // namespace

class TestFilterBuilder : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { m_sandbox = std::make_unique<test::GuiSandbox>(); }

    void showsEveryTree()
    {
        Fixture f;
        test::RandomFilter random(42, subjects());
        for (int i = 0; i < 120; ++i) {
            const Expression expression = random.expression(1 + i % 12);
            f.document.apply(expression, QStringLiteral("random"));
            QCOMPARE(f.document.expression(), expression);
            QVERIFY2(shown(f.builder->rootGroup()) == withoutGroupSwitches(expression.root()),
                     qPrintable(print(expression)));
        }
        while (f.document.canUndo())
            f.document.undoStack()->undo();
        QVERIFY(f.document.expression().isEmpty());
        QCOMPARE(f.builder->rootGroup()->members().size(), 0);
    }
    void textFormAndBuilderAreTheSameFilter()
    {
        Fixture f;
        test::RandomFilter random(43, subjects());
        for (int i = 0; i < 120; ++i) {
            const Expression expression = random.expression(1 + i % 9);
            f.document.apply(expression, QStringLiteral("random"));
            const QString text = f.pane->textEdit()->filterText();
            QCOMPARE(text, print(expression));
            // Through the editor and back, from something else in between.
            f.document.apply(Expression(), QStringLiteral("clear"));
            f.pane->textEdit()->setFilterText(text);
            QVERIFY2(f.pane->applyText(),
                     qPrintable(f.pane->textEdit()->problem() + QLatin1Char('\n') + text));
            QCOMPARE(f.document.expression(), expression.canonical());
        }
    }
    void nastyStringsStayWhatTheyAre()
    {
        for (const QString& text : test::nastyStrings()) {
            Fixture f(
                test::fakeCatalog({{text, ValueType::String, 10, QStringLiteral("cold"), {{text, 3}}}}));
            const Expression expression{Node(is(text, text))};
            f.document.apply(expression, QStringLiteral("nasty"));
            // Opened and closed without a change.
            f.click(f.builder->chipAt({0}), ClauseChip::Zone::Body);
            QVERIFY(f.builder->editor()->isOpen());
            QTest::keyClick(f.inEditor<QLineEdit>("firstValue"), Qt::Key_Return);
            QVERIFY(!f.builder->editor()->isOpen());
            QVERIFY2(f.document.expression() == expression, qPrintable(text));
            // Changed by its operator, so that the value passes through the editor's field.
            f.builder->edit({0});
            auto* box = f.inEditor<QComboBox>("operatorBox");
            box->setCurrentIndex(box->findData(int(Operator::NotEqual)));
            Q_EMIT box->activated(box->currentIndex());
            f.builder->finishEditing();
            QCOMPARE(f.document.expression().root().children.first().clause().literals.first().text, text);
            QCOMPARE(f.document.expression().root().children.first().clause().op, Operator::NotEqual);
            // And through the text form.
            const Expression changed = f.document.expression();
            const QString written = f.pane->textEdit()->filterText();
            QCOMPARE(written, print(changed));
            f.document.apply(Expression(), QStringLiteral("clear"));
            f.pane->textEdit()->setFilterText(written);
            QVERIFY2(f.pane->applyText(),
                     qPrintable(f.pane->textEdit()->problem() + QLatin1Char('\n') + written));
            QVERIFY2(f.document.expression() == changed, qPrintable(written));
        }
    }

    void undoAndRedo()
    {
        FilterDocument document;
        QList<Expression> seen{document.expression()};
        test::RandomFilter random(3, subjects());
        for (int i = 0; i < 20; ++i) {
            document.apply(random.expression(4), QStringLiteral("step"));
            if (!(document.expression() == seen.last()))
                seen.append(document.expression());
        }
        for (qsizetype i = seen.size() - 2; i >= 0; --i) {
            document.undoStack()->undo();
            QCOMPARE(document.expression(), seen.at(i));
        }
        QVERIFY(!document.canUndo());
        for (qsizetype i = 1; i < seen.size(); ++i) {
            document.undoStack()->redo();
            QCOMPARE(document.expression(), seen.at(i));
        }
    }
    void oneEditIsOneStep()
    {
        FilterDocument document;
        document.apply(Expression(Node(is(QStringLiteral("status"), QStringLiteral("x")))),
                       QStringLiteral("add"));
        const int session = document.newSession();
        for (const char* text : {"a", "ac", "act"})
            document.apply(Expression(Node(is(QStringLiteral("status"), QLatin1String(text)))),
                           QStringLiteral("type"), FilterDocument::Pace::Typing, session);
        document.undoStack()->undo();
        QCOMPARE(print(document.expression()), QStringLiteral("status = \"x\""));
        document.undoStack()->redo();
        QCOMPARE(print(document.expression()), QStringLiteral("status = \"act\""));
    }
    void anEditTakenBackLeavesNoStep()
    {
        FilterDocument document;
        const Expression start{Node(is(QStringLiteral("status"), QStringLiteral("x")))};
        document.load(start);
        const int session = document.newSession();
        document.apply(Expression(Node(is(QStringLiteral("status"), QStringLiteral("y")))),
                       QStringLiteral("type"), FilterDocument::Pace::Typing, session);
        document.apply(start, QStringLiteral("back"), FilterDocument::Pace::Now, session);
        QCOMPARE(document.expression(), start);
        QVERIFY(!document.canUndo());
    }

    void pointingAtValues()
    {
        Expression e;
        e = withClause(e, is(QStringLiteral("status"), QStringLiteral("active")));
        e = withClause(e, above(QStringLiteral("temperature"), QStringLiteral("80")));
        e = withClause(e, is(QStringLiteral("status"), QStringLiteral("idle")));
        e = withClause(e, is(QStringLiteral("status"), QStringLiteral("idle")));
        QCOMPARE(print(e), QStringLiteral("status in (\"active\", \"idle\") and temperature > 80"));
        Clause range{Subject::ofAttribute(QStringLiteral("temperature")),
                     Operator::Between,
                     {Literal::number(QStringLiteral("1")), Literal::number(QStringLiteral("2"))},
                     true};
        e = withClause(e, range);
        range.literals = {Literal::number(QStringLiteral("3")), Literal::number(QStringLiteral("4"))};
        e = withClause(e, range);
        QCOMPARE(
            print(e),
            QStringLiteral(
                "status in (\"active\", \"idle\") and temperature > 80 and temperature between 3 and 4"));
    }
    void pointingAtAValueUnderNoneOfDoesNotExcludeIt()
    {
        const Expression none(
            group(GroupKind::None, {Node(is(QStringLiteral("status"), QStringLiteral("idle")))}));
        const Expression e = withClause(none, is(QStringLiteral("region"), QStringLiteral("eu-1")));
        QCOMPARE(print(e), QStringLiteral("not (status = \"idle\") and region = \"eu-1\""));
    }

    void switchingOffKeepsTheClause()
    {
        Fixture f;
        f.document.apply(
            Expression(
                group(GroupKind::All, {Node(is(QStringLiteral("status"), QStringLiteral("active"))),
                                       Node(above(QStringLiteral("temperature"), QStringLiteral("80")))})),
            QStringLiteral("two"));
        f.click(f.builder->chipAt({0}), ClauseChip::Zone::Switch);
        QVERIFY(!f.document.expression().root().children.at(0).enabled());
        QCOMPARE(f.document.expression().enabledOnly(),
                 Expression(Node(above(QStringLiteral("temperature"), QStringLiteral("80")))));
        f.builder->chipAt({0})->setFocus();
        QTest::keyClick(f.builder->chipAt({0}), Qt::Key_Space);
        QVERIFY(f.document.expression().root().children.at(0).enabled());
        f.click(f.builder->chipAt({0}), ClauseChip::Zone::Remove);
        QCOMPARE(f.text(), QStringLiteral("temperature > 80"));
        QTest::keyClick(f.builder->chipAt({0}), Qt::Key_Delete);
        QVERIFY(f.document.expression().isEmpty());
    }

    void addsAClauseByKeyboardAlone()
    {
        Fixture f;
        f.builder->rootGroup()->addButton()->setFocus();
        QTest::keyClick(f.builder->rootGroup()->addButton(), Qt::Key_Space);
        QVERIFY(f.builder->editor()->isOpen());
        auto* search = f.inEditor<QLineEdit>("pickerSearch");
        QTRY_VERIFY(search->hasFocus());
        QTest::keyClicks(search, QStringLiteral("temp"));
        QTest::keyClick(search, Qt::Key_Return);
        auto* value = f.inEditor<QLineEdit>("firstValue");
        QTRY_VERIFY(value->hasFocus());
        QVERIFY(f.document.expression().isEmpty()); // nothing is asked before it is complete
        auto* box = f.inEditor<QComboBox>("operatorBox");
        box->setCurrentIndex(box->findData(int(Operator::GreaterOrEqual)));
        Q_EMIT box->activated(box->currentIndex());
        QTest::keyClicks(value, QStringLiteral("82.50"));
        QCOMPARE(f.text(), QStringLiteral("temperature >= 82.50"));
        QTest::keyClick(value, Qt::Key_Return);
        QVERIFY(!f.builder->editor()->isOpen());
        QVERIFY(f.builder->chipAt({0})->hasFocus());
        // One undo takes the whole clause away.
        f.document.undoStack()->undo();
        QVERIFY(f.document.expression().isEmpty());
    }
    void escapeGoesBack()
    {
        Fixture f;
        f.document.apply(Expression(Node(above(QStringLiteral("temperature"), QStringLiteral("80")))),
                         QStringLiteral("add"));
        f.builder->edit({0});
        auto* value = f.inEditor<QLineEdit>("firstValue");
        value->selectAll();
        QTest::keyClicks(value, QStringLiteral("95"));
        QCOMPARE(f.text(), QStringLiteral("temperature > 95"));
        QTest::keyClick(value, Qt::Key_Escape);
        QVERIFY(!f.builder->editor()->isOpen());
        QCOMPARE(f.text(), QStringLiteral("temperature > 80"));
    }
    void whatIsNoNumberIsSaidAndKept()
    {
        Fixture f;
        f.document.apply(Expression(Node(above(QStringLiteral("temperature"), QStringLiteral("80")))),
                         QStringLiteral("add"));
        f.builder->edit({0});
        auto* value = f.inEditor<QLineEdit>("firstValue");
        value->selectAll();
        QTest::keyClicks(value, QStringLiteral("8o"));
        QCOMPARE(f.text(), QStringLiteral("temperature > 8")); // the last that was a number
        QVERIFY(f.builder->editor()->problem().contains(QStringLiteral("8o")));
        QTest::keyClick(value, Qt::Key_Return);
        QVERIFY(f.builder->editor()->isOpen());
        // Somewhere else and back: what was typed is still there.
        f.builder->finishEditing();
        f.builder->edit({0});
        QCOMPARE(value->text(), QStringLiteral("8o"));
    }
    void numbersStayExact()
    {
        Fixture f;
        f.document.apply(Expression(Node(above(QStringLiteral("temperature"), QStringLiteral("1")))),
                         QStringLiteral("add"));
        f.builder->edit({0});
        auto* value = f.inEditor<QLineEdit>("firstValue");
        value->selectAll();
        QTest::keyClicks(value, QStringLiteral("9007199254740993"));
        QCOMPARE(f.document.expression().root().children.first().clause().literals.first().text,
                 QStringLiteral("9007199254740993"));
    }
    void suggestionsAreTaken()
    {
        Fixture f;
        f.builder->addClause();
        auto* search = f.inEditor<QLineEdit>("pickerSearch");
        QTest::keyClicks(search, QStringLiteral("region"));
        QTest::keyClick(search, Qt::Key_Return);
        auto* list = f.inEditor<TopValuesView>("suggestions");
        QTRY_VERIFY(list->isVisible());
        QCOMPARE(list->model()->rowCount(), 2);
        auto* value = f.inEditor<QLineEdit>("firstValue");
        QTest::keyClick(value, Qt::Key_Down);
        QVERIFY(list->hasFocus());
        QTest::keyClick(list, Qt::Key_Down);
        QTest::keyClick(list, Qt::Key_Return);
        QCOMPARE(f.text(), QStringLiteral("region = \"us-1\""));
        QVERIFY(!f.builder->editor()->isOpen());
    }
    void oneOfTakesSeveral()
    {
        Fixture f;
        f.document.apply(Expression(Node(is(QStringLiteral("status"), QStringLiteral("active")))),
                         QStringLiteral("add"));
        f.builder->edit({0});
        auto* box = f.inEditor<QComboBox>("operatorBox");
        box->setCurrentIndex(box->findData(int(Operator::In)));
        Q_EMIT box->activated(box->currentIndex());
        auto* value = f.inEditor<QLineEdit>("firstValue");
        QTest::keyClicks(value, QStringLiteral("never seen"));
        QTest::keyClick(value, Qt::Key_Return);
        QCOMPARE(f.text(), QStringLiteral("status in (\"active\", \"never seen\")"));
        auto* list = f.inEditor<TopValuesView>("suggestions");
        list->setFocus();
        for (int row = 0; row < list->model()->rowCount(); ++row) {
            if (list->model()->index(row, 0).data().toString() == QLatin1String("active")) {
                list->setCurrentIndex(list->model()->index(row, 0));
                break;
            }
        }
        QTest::keyClick(list, Qt::Key_Space);
        QCOMPARE(f.text(), QStringLiteral("status in (\"never seen\")"));
    }
    void everyOperatorCanBeEdited()
    {
        Fixture f;
        test::RandomFilter random(5, subjects());
        QSet<int> seen;
        for (int i = 0; i < 300; ++i) {
            Clause clause = random.clause();
            clause.enabled = true;
            seen.insert(int(clause.op));
            f.document.load(Expression(Node(clause)));
            f.builder->edit({0});
            // As complete as it was, and closing it changes nothing.
            QVERIFY2(f.builder->editor()->problem().isEmpty(),
                     qPrintable(f.builder->editor()->problem() + QLatin1Char('\n') + print(Node(clause))));
            f.builder->finishEditing();
            QCOMPARE(f.document.expression(), Expression(Node(clause)));
            QVERIFY(!f.document.canUndo());
        }
        QVERIFY2(seen.size() >= 13, qPrintable(QString::number(seen.size())));
    }

    void movesByKeyboard()
    {
        Fixture f;
        const Node a(is(QStringLiteral("status"), QStringLiteral("a")));
        const Node b(is(QStringLiteral("status"), QStringLiteral("b")));
        const Node c(is(QStringLiteral("region"), QStringLiteral("c")));
        const Node d(is(QStringLiteral("region"), QStringLiteral("d")));
        f.document.load(Expression(group(GroupKind::All, {a, b, Node(group(GroupKind::Any, {c, d}))})));
        const auto press = [&f](const NodePath& path, int key) {
            f.builder->chipAt(path)->setFocus();
            QTest::keyClick(f.builder->chipAt(path), Qt::Key(key), Qt::ControlModifier | Qt::ShiftModifier);
        };
        press({0}, Qt::Key_Right);
        QCOMPARE(f.document.expression().root().children.at(0), b);
        QVERIFY(f.builder->chipAt({1})->hasFocus());
        press({1}, Qt::Key_Down); // into the group behind it
        QCOMPARE(f.text(),
                 QStringLiteral("status = \"b\" and (status = \"a\" or region = \"c\" or region = \"d\")"));
        QVERIFY(f.builder->chipAt({1, 0})->hasFocus());
        press({1, 0}, Qt::Key_Up); // and out again, before it
        QCOMPARE(f.text(),
                 QStringLiteral("status = \"b\" and status = \"a\" and (region = \"c\" or region = \"d\")"));
        press({2, 1}, Qt::Key_Right); // past the end of the group
        QCOMPARE(f.document.expression().root().children.size(), 4);
        QCOMPARE(f.document.expression().root().children.at(3), d);
    }
    void wrapsInAGroup()
    {
        Fixture f;
        f.document.load(
            Expression(group(GroupKind::All, {Node(is(QStringLiteral("status"), QStringLiteral("a"))),
                                              Node(is(QStringLiteral("region"), QStringLiteral("b")))})));
        f.builder->chipAt({1})->setFocus();
        QTest::keyClick(f.builder->chipAt({1}), Qt::Key_G, Qt::ControlModifier);
        QVERIFY(f.document.expression().root().children.at(1).isGroup());
        QVERIFY(f.builder->chipAt({1, 0}) && f.builder->chipAt({1, 0})->hasFocus());
    }
    void arrowsReachEverything()
    {
        Fixture f;
        f.document.load(Expression(
            group(GroupKind::All,
                  {Node(is(QStringLiteral("status"), QStringLiteral("a"))),
                   Node(group(GroupKind::Any, {Node(is(QStringLiteral("region"), QStringLiteral("b")))}))})));
        f.builder->rootGroup()->kindButton()->setFocus();
        QSet<QWidget*> visited;
        for (int i = 0; i < 12; ++i) {
            visited.insert(f.builder->focusWidget());
            QTest::keyClick(f.builder->focusWidget(), Qt::Key_Right);
        }
        QVERIFY(visited.contains(f.builder->chipAt({0})));
        QVERIFY(visited.contains(f.builder->groupAt({1})->kindButton()));
        QVERIFY(visited.contains(f.builder->chipAt({1, 0})));
        QVERIFY(visited.contains(f.builder->rootGroup()->addButton()));
    }
    void theEditorClosesWhenTheFocusLeaves()
    {
        Fixture f;
        auto* elsewhere = new QLineEdit(&f.window);
        elsewhere->show();
        f.document.load(
            Expression(group(GroupKind::All, {Node(is(QStringLiteral("status"), QStringLiteral("a")))})));
        f.builder->edit({0});
        QVERIFY(f.builder->editor()->isOpen());
        auto* value = qobject_cast<QLineEdit*>(QApplication::focusWidget());
        QVERIFY(value && f.builder->editor()->isAncestorOf(value));
        QTest::keyClicks(value, QStringLiteral("b"));
        elsewhere->setFocus(Qt::ShortcutFocusReason); // F6, the palette
        QTRY_VERIFY(!f.builder->editor()->isOpen());
        QVERIFY(elsewhere->hasFocus());
        QCOMPARE(f.text(), QStringLiteral("status = \"b\"")); // what was entered stays
        // Going from the attributes to the value stays inside.
        f.builder->addClause();
        QTest::keyClicks(QApplication::focusWidget(), QStringLiteral("temperature"));
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Return);
        QTest::qWait(0);
        QVERIFY(f.builder->editor()->isOpen());
        QVERIFY(f.builder->editor()->isAncestorOf(QApplication::focusWidget()));
        f.pane->hide(); // another workspace
        QVERIFY(!f.builder->editor()->isOpen());
    }
    void dropsIntoAnotherGroup()
    {
        Fixture f;
        f.document.load(Expression(
            group(GroupKind::All,
                  {Node(is(QStringLiteral("status"), QStringLiteral("a"))),
                   Node(group(GroupKind::Any, {Node(is(QStringLiteral("region"), QStringLiteral("b"))),
                                               Node(is(QStringLiteral("region"), QStringLiteral("c")))}))})));
        QCoreApplication::sendPostedEvents(nullptr, QEvent::LayoutRequest);
        GroupBox* target = f.builder->groupAt({1});
        const std::unique_ptr<QMimeData> dragged(mime::ofNode({0}, QStringLiteral("status = \"a\"")));
        // Between the two that are there.
        const QPoint between(target->members().at(1)->geometry().left() + 2,
                             target->members().at(1)->geometry().center().y());
        QVERIFY(drop(target, between, dragged.get()));
        QCOMPARE(f.document.expression().root().children.size(), 1);
        QCOMPARE(f.text(), QStringLiteral("region = \"b\" or status = \"a\" or region = \"c\""));
        f.document.undoStack()->undo();
        // A group does not go into itself: the one around it takes it, and nothing changes.
        const Expression before = f.document.expression();
        const std::unique_ptr<QMimeData> itself(mime::ofNode({1}, QString()));
        drop(f.builder->groupAt({1}), QPoint(5, 5), itself.get());
        QCOMPARE(f.document.expression(), before);
    }
    void droppedAttributeBeginsAClause()
    {
        Fixture f;
        const std::unique_ptr<QMimeData> dragged(mime::ofAttribute(QStringLiteral("door_open")));
        QVERIFY(drop(f.builder->rootGroup(), QPoint(200, 10), dragged.get()));
        QCOMPARE(f.text(), QStringLiteral("door_open = true")); // complete as soon as it is named
        QVERIFY(f.builder->editor()->isOpen());
    }
    void pathsAfterMoves()
    {
        QCOMPARE(pathAfterMove({0}, {3}), (NodePath{2}));
        QCOMPARE(pathAfterMove({3}, {0}), (NodePath{0}));
        QCOMPARE(pathAfterMove({0}, {2, 1}), (NodePath{1, 1}));
        QCOMPARE(pathAfterMove({1, 0}, {1}), (NodePath{1}));
        QCOMPARE(pathAfterMove({1, 0}, {2}), (NodePath{2}));
    }

    void wrongTextStaysAndSaysWhere()
    {
        Fixture f;
        f.document.load(Expression(Node(is(QStringLiteral("status"), QStringLiteral("a")))));
        f.pane->setTextShown(true);
        auto* edit = f.pane->textEdit();
        edit->selectAll();
        QTest::keyClicks(edit, QStringLiteral("status = "));
        QTest::keyClick(edit, Qt::Key_Escape); // the completion, if it is open
        QVERIFY(!f.pane->applyText());
        QVERIFY(!edit->problem().isEmpty());
        QCOMPARE(f.text(), QStringLiteral("status = \"a\""));
        // To the groups, change something there, and back: the text is still what was typed.
        f.pane->setTextShown(false);
        f.document.apply(
            withClause(f.document.expression(), is(QStringLiteral("region"), QStringLiteral("b"))),
            QStringLiteral("click"));
        f.pane->setTextShown(true);
        QCOMPARE(edit->filterText(), QStringLiteral("status = "));
        QCOMPARE(f.pane->unappliedText(), QStringLiteral("status = "));
    }
    void validTextThatWasNotAppliedStaysToo()
    {
        Fixture f;
        f.pane->setTextShown(true);
        f.pane->textEdit()->setFilterText(QStringLiteral("region = \"eu-1\""));
        f.pane->setTextShown(false);
        f.document.apply(Expression(Node(is(QStringLiteral("status"), QStringLiteral("a")))),
                         QStringLiteral("click"));
        QCOMPARE(f.pane->textEdit()->filterText(), QStringLiteral("region = \"eu-1\""));
    }
    void aTextThatDoesNotParseIsNotTheEmptyFilter()
    {
        Fixture f;
        f.document.load(Expression(Node(is(QStringLiteral("status"), QStringLiteral("a")))));
        f.pane->textEdit()->setFilterText(QStringLiteral("status = "));
        f.document.apply(Expression(), QStringLiteral("clear"));
        QCOMPARE(f.pane->textEdit()->filterText(), QStringLiteral("status = "));
    }
    void whatWasTypedForAnotherTenantDoesNotStay()
    {
        Fixture f;
        f.pane->textEdit()->setFilterText(QStringLiteral("region = \"eu-1\" and"));
        f.document.load(Expression(Node(is(QStringLiteral("status"), QStringLiteral("a")))));
        f.pane->setUnappliedText({});
        QCOMPARE(f.pane->textEdit()->filterText(), f.text());
        QCOMPARE(f.pane->unappliedText(), QString());
        QVERIFY(!f.pane->textEdit()->document()->isUndoAvailable());
        f.pane->setUnappliedText(QStringLiteral("region = "));
        QCOMPARE(f.pane->unappliedText(), QStringLiteral("region = "));
    }
    void hugeValuesAreShownByTheirBeginning()
    {
        Fixture f;
        const QString huge(200'000, QLatin1Char('x'));
        f.document.load(Expression(Node(is(QStringLiteral("status"), huge))));
        QTRY_VERIFY(f.builder->chipAt({0}));
        const ClauseChip* chip = f.builder->chipAt({0});
        QVERIFY(chip->accessibleName().size() < 1000);
        QCOMPARE(chip->clause().literals.first().text, huge);
    }
    void enterApplies()
    {
        Fixture f;
        f.pane->setTextShown(true);
        auto* edit = f.pane->textEdit();
        edit->setFilterText(QStringLiteral("temperature > 80 or door_open = true"));
        QTest::keyClick(edit, Qt::Key_Return);
        QCOMPARE(f.document.expression().root().kind, GroupKind::Any);
        QCOMPARE(f.builder->rootGroup()->members().size(), 2);
    }
    void unknownNamesAreSaid()
    {
        Fixture f;
        f.pane->textEdit()->setFilterText(QStringLiteral("status = \"a\" and temprature > 3"));
        QVERIFY(f.pane->textEdit()->problem().contains(QStringLiteral("temperature")));
        QCOMPARE(f.pane->textEdit()->problemPosition(), qsizetype(17));
        QVERIFY(!f.pane->applyText());
    }
    void historyBringsBackEarlierFilters()
    {
        Fixture f;
        f.pane->setTextShown(true);
        auto* edit = f.pane->textEdit();
        for (const char* text : {"temperature > 1", "temperature > 2", "temperature > 3"}) {
            edit->setFilterText(QLatin1String(text));
            QVERIFY(f.pane->applyText());
        }
        edit->setFilterText(QStringLiteral("half typed"));
        QTest::keyClick(edit, Qt::Key_Up, Qt::AltModifier);
        QCOMPARE(edit->filterText(), QStringLiteral("temperature > 3"));
        QTest::keyClick(edit, Qt::Key_Up, Qt::AltModifier);
        QCOMPARE(edit->filterText(), QStringLiteral("temperature > 2"));
        QTest::keyClick(edit, Qt::Key_Down, Qt::AltModifier);
        QTest::keyClick(edit, Qt::Key_Down, Qt::AltModifier);
        QCOMPARE(edit->filterText(), QStringLiteral("half typed"));
    }
    void completes()
    {
        Fixture f;
        f.pane->setTextShown(true);
        auto* edit = f.pane->textEdit();
        QTest::keyClicks(edit, QStringLiteral("stat"));
        QVERIFY(edit->isCompleting());
        QVERIFY(edit->completions().contains(QStringLiteral("status")));
        auto* popup = edit->findChild<QWidget*>(QStringLiteral("filterCompletions"));
        QWidget* keys = popup ? popup : edit;
        QTest::keyClick(keys, Qt::Key_Return);
        QVERIFY2(edit->filterText().startsWith(QStringLiteral("status ")), qPrintable(edit->filterText()));
        edit->setFilterText(QStringLiteral("status = "));
        edit->moveCursor(QTextCursor::End);
        QTest::keyClick(edit, Qt::Key_Space, Qt::ControlModifier);
        QVERIFY2(edit->completions().contains(QStringLiteral("\"active\"")),
                 qPrintable(edit->completions().join(QLatin1Char('|'))));
    }

    void everythingIsInView()
    {
        Fixture f;
        f.document.load(
            parse(QStringLiteral("status = \"active\" and temperature > 80 and (region = \"eu-1\" or "
                                 "firmware starts with \"1.2\")"
                                 " and not (door_open = true or last_service in the last \"7 d\")"))
                .expression);
        QTRY_VERIFY(f.builder->groupAt({3}));
        auto* area = f.pane->findChild<QScrollArea*>();
        const auto visible = [&](QWidget* widget) {
            const QRect place(widget->mapTo(area->viewport(), QPoint(0, 0)), widget->size());
            return area->viewport()->rect().contains(place) &&
                   widget->parentWidget()->rect().contains(widget->geometry());
        };
        for (const NodePath& path :
             {NodePath{0}, NodePath{1}, NodePath{2, 0}, NodePath{2, 1}, NodePath{3, 0}, NodePath{3, 1}})
            QTRY_VERIFY2(visible(f.builder->chipAt(path)),
                         qPrintable(f.builder->chipAt(path)->accessibleName()));
        const auto shoot = [&f](const char* name) {
            for (int i = 0; i < 5; ++i) // layouts and colours come with events of their own
                QCoreApplication::processEvents();
            test::shoot(&f.window, QLatin1String(name));
        };
        shoot("filterbuilder-light");
        f.builder->edit({2, 1});
        shoot("filterbuilder-edit-light");
        f.builder->finishEditing();
        f.builder->addClause();
        shoot("filterbuilder-pick-light");
        f.builder->editor()->closeEditor();
        f.builder->edit({1});
        shoot("filterbuilder-number-light");
        f.builder->finishEditing();
        f.pane->setTextShown(true);
        shoot("filterbuilder-text-light");
        Theme::instance().setMode(Theme::Mode::Dark);
        f.pane->textEdit()->setFilterText(QStringLiteral("status = \"active\" and temprature > 80"));
        shoot("filterbuilder-text-dark");
        f.pane->setTextShown(false);
        f.builder->edit({0});
        shoot("filterbuilder-edit-dark");
        f.builder->finishEditing();
        Theme::instance().setMode(Theme::Mode::Light);
    }
    void hundredsOfClausesAndDeepGroupsOpen()
    {
        Fixture f;
        Node deep(is(QStringLiteral("status"), QStringLiteral("x")));
        for (int i = 0; i < 40; ++i)
            deep = Node(group(i % 2 ? GroupKind::All : GroupKind::Any,
                              {deep, Node(is(QStringLiteral("region"), QString::number(i)))}));
        QList<Node> children{deep};
        for (int i = 0; i < 200; ++i)
            children.append(Node(is(QStringLiteral("status"), QString::number(i))));
        f.document.load(Expression(group(GroupKind::All, children)));
        QCoreApplication::processEvents();
        QCOMPARE(f.builder->rootGroup()->members().size(), 201);
    }

private:
    std::unique_ptr<test::GuiSandbox> m_sandbox;
};

QTEST_MAIN(TestFilterBuilder)
#include "tst_filterbuilder.moc"
