// SPDX-License-Identifier: GPL-3.0-or-later
// Drag and drop as a hand does it: a real window system moves a real pointer, see withdisplay.sh.
#include <QApplication>
#include <QListView>
#include <QProcess>
#include <QTest>
#include <QUndoStack>
#include <QVBoxLayout>

#include "gui/assets/attributelistmodel.h"
#include "gui/assets/clausechip.h"
#include "gui/assets/clauseeditor.h"
#include "gui/assets/filterbuilder.h"
#include "gui/assets/filterdocument.h"
#include "gui/assets/filterknowledge.h"
#include "gui/assets/filterpane.h"
#include "gui/assets/groupbox.h"
#include "model/filter/parser.h"
#include "model/filter/printer.h"
#include "tests/gui/fakecatalog.h"
#include "tests/gui/guitest.h"

using namespace atlas;
using namespace atlas::gui;

class TestDrag : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        if (QGuiApplication::platformName() != QLatin1String("xcb"))
            QSKIP("no X server here: install xvfb, xauth and xdotool");
        m_sandbox = std::make_unique<test::GuiSandbox>();
    }

    void init()
    {
        m_document = std::make_unique<FilterDocument>();
        m_knowledge = std::make_unique<FilterKnowledge>();
        m_knowledge->setCatalog(test::fleetCatalog());
        m_window = std::make_unique<QWidget>();
        m_window->setGeometry(100, 100, 900, 500);
        auto* row = new QHBoxLayout(m_window.get());
        auto* column = new QVBoxLayout;
        m_list = new QListView(m_window.get());
        m_list->setFixedWidth(220);
        m_list->setDragEnabled(true);
        m_list->setDragDropMode(QAbstractItemView::DragOnly);
        m_model = std::make_unique<AttributeListModel>();
        m_model->setCatalog(test::fleetCatalog());
        m_list->setModel(m_model.get());
        m_pane = new FilterPane(m_document.get(), m_knowledge.get(), m_window.get());
        column->addWidget(m_pane);
        column->addStretch(1);
        row->addWidget(m_list);
        row->addLayout(column, 1);
        m_window->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_window.get()));
        letItBeLaidOut();
    }

    void cleanup()
    {
        m_window.reset();
        m_model.reset();
        m_knowledge.reset();
        m_document.reset();
    }

    void anAttributeIsDraggedIntoTheFilter()
    {
        int row = 0;
        while (row < m_model->rowCount() && m_model->attributeAt(row)->name != QLatin1String("door_open"))
            ++row;
        QVERIFY(row < m_model->rowCount());
        const QRect place = m_list->visualRect(m_model->index(row, 0));
        drag(m_list->viewport()->mapToGlobal(place.center()),
             m_pane->builder()->rootGroup()->mapToGlobal(m_pane->builder()->rootGroup()->rect().center()));
        // The editor of the new clause opens with the attribute chosen.
        QTRY_COMPARE(filter::print(m_document->expression()), QStringLiteral("door_open = true"));
        test::shoot(m_window.get(), QStringLiteral("drag-attribute"));
    }

    void aClauseIsDraggedIntoAnotherGroup()
    {
        const auto parsed = filter::parse(u"status = \"active\" and (region = \"eu-1\" or temperature > 80)");
        QVERIFY(parsed.ok());
        m_document->load(parsed.expression);
        FilterBuilder* builder = m_pane->builder();
        QTRY_VERIFY(builder->chipAt({0}) && builder->groupAt({1}));
        letItBeLaidOut();
        ClauseChip* chip = builder->chipAt({0});
        GroupBox* group = builder->groupAt({1});
        drag(chip->mapToGlobal(chip->rect().center()),
             group->mapToGlobal(QPoint(group->width() - 6, group->height() / 2)));
        QTRY_COMPARE(filter::print(m_document->expression()),
                     QStringLiteral("region = \"eu-1\" or temperature > 80 or status = \"active\""));
        m_document->undoStack()->undo();
        QCOMPARE(filter::print(m_document->expression()), filter::print(parsed.expression));
    }

private:
    /// The builder asks its surroundings for room when it knows what it needs, and they ask theirs.
    static void letItBeLaidOut()
    {
        for (int i = 0; i < 10; ++i)
            QCoreApplication::processEvents();
    }

    /// The pointer is moved by another process: the drag runs an event loop of its own.
    static void drag(const QPoint& from, const QPoint& to)
    {
        QStringList steps{QStringLiteral("mousemove")};
        const auto at = [&](const QPoint& point) {
            return QStringList{QString::number(point.x()), QString::number(point.y())};
        };
        steps << at(from) << QStringLiteral("sleep") << QStringLiteral("0.1") << QStringLiteral("mousedown")
              << QStringLiteral("1");
        constexpr int count = 8;
        for (int i = 1; i <= count; ++i) {
            steps << QStringLiteral("sleep") << QStringLiteral("0.03") << QStringLiteral("mousemove")
                  << at(from + (to - from) * i / count);
        }
        steps << QStringLiteral("sleep") << QStringLiteral("0.1") << QStringLiteral("mouseup")
              << QStringLiteral("1");
        QProcess hand;
        hand.start(QStringLiteral("xdotool"), steps);
        QVERIFY(QTest::qWaitFor([&] { return hand.state() == QProcess::NotRunning; }, 10'000));
        QVERIFY2(hand.exitCode() == 0, hand.readAllStandardError().constData());
    }

    std::unique_ptr<test::GuiSandbox> m_sandbox;
    std::unique_ptr<FilterDocument> m_document;
    std::unique_ptr<FilterKnowledge> m_knowledge;
    std::unique_ptr<AttributeListModel> m_model;
    std::unique_ptr<QWidget> m_window;
    QListView* m_list = nullptr;
    FilterPane* m_pane = nullptr;
};

QTEST_MAIN(TestDrag)
#include "tst_drag.moc"
