// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>

#include <optional>
#include <vector>

#include "gui/assets/filterknowledge.h"
#include "model/filter/expression.h"

class QComboBox;
class QLabel;
class QLineEdit;
class QListView;
class QPushButton;
class QTimer;
class QToolButton;

namespace atlas::gui {

class AttributeDelegate;
class AttributeListModel;
class Histogram;
class SearchField;
class SegmentedControl;
class TopValuesModel;
class TopValuesView;

/// Edits one clause in place: attribute, operator, values by type. Floats above the window it belongs to
/// without grabbing the mouse, so the rest can be used meanwhile. What is complete is told at once; what is
/// not stays here.
class ClauseEditor : public QFrame
{
    Q_OBJECT
public:
    /// What was entered, complete or not: taken up again when the same clause is opened.
    struct Draft
    {
        filter::Subject subject;
        bool hasSubject = false;
        filter::Operator op = filter::Operator::Equal;
        QString first;
        QString second;
        QString unit;
        QStringList chosen;
        bool boolean = true;
    };

    /// `host` is what it floats above, usually the window.
    ClauseEditor(FilterKnowledge* knowledge, QWidget* host);
    ~ClauseEditor() override;

    /// Starts with the attributes to choose from when there is no clause.
    void open(const std::optional<filter::Clause>& clause, const std::optional<Draft>& draft = {});
    void openFor(const filter::Subject& subject);
    /// Below that place (global), within the host.
    void placeBelow(const QRect& globalRect);
    bool isOpen() const { return isVisible(); }
    /// The clause as it stands when it is complete.
    std::optional<filter::Clause> clause() const { return m_complete; }
    /// Something was entered that is not in the last clause told.
    bool hasUnsaved() const { return m_touched && !m_complete; }
    Draft draft() const;
    QString problem() const { return m_problem; }
    void closeEditor();
    /// Entering begins in the value, at its end.
    void focusValue();

Q_SIGNALS:
    /// Complete and different from before. `typing`: more is likely to follow.
    void edited(const atlas::filter::Clause& clause, bool typing);
    /// Enter, Done, or a click elsewhere.
    void done();
    /// The focus went elsewhere in the window by itself: what was edited stays, the focus is not taken back.
    void left();
    /// Esc: back to how it was.
    void cancelled();

protected:
    void paintEvent(QPaintEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;

private:
    void noticeLeaving();
    void buildPicker();
    void buildForm();
    void showPicker();
    void showForm();
    void chooseSubject(const filter::Subject& subject);
    void fillOperators(filter::Operator wanted);
    filter::Operator currentOperator() const;
    void arrangeValues();
    void refreshSuggestions(bool askServer);
    void showSuggestions();
    void refreshHistogram();
    void valueTyped();
    void takeSuggestion(const QString& value);
    void addChosen(const QString& text);
    void recompute(bool typing, bool tell);
    std::optional<filter::Clause> build(QString* why) const;
    void showMessage();
    void fit();
    bool enterPressed();
    QString entryText() const;
    void openCalendar(QLineEdit* into, QToolButton* button);

    FilterKnowledge* m_knowledge;
    QWidget* m_host;
    QRect m_anchor;

    QWidget* m_picker = nullptr;
    SearchField* m_search = nullptr;
    AttributeListModel* m_attributes = nullptr;
    AttributeDelegate* m_delegate = nullptr;
    QListView* m_list = nullptr;
    std::vector<QPushButton*> m_fields;

    QWidget* m_form = nullptr;
    QPushButton* m_subjectButton = nullptr;
    QComboBox* m_operator = nullptr;
    QLineEdit* m_first = nullptr;
    QToolButton* m_firstCalendar = nullptr;
    QLabel* m_and = nullptr;
    QLineEdit* m_second = nullptr;
    QToolButton* m_secondCalendar = nullptr;
    QComboBox* m_unit = nullptr;
    SegmentedControl* m_boolean = nullptr;
    Histogram* m_histogram = nullptr;
    TopValuesModel* m_values = nullptr;
    TopValuesView* m_valueList = nullptr;
    QLabel* m_message = nullptr;
    QPushButton* m_done = nullptr;

    std::optional<filter::Subject> m_subject;
    ValueType m_type = ValueType::String;
    QStringList m_chosen; ///< of "is one of", as literals will hold them
    FilterKnowledge::Values m_suggested;
    QString m_suggestedFor;
    QTimer* m_suggestTimer = nullptr;
    std::optional<filter::Clause> m_complete;
    QString m_problem;
    bool m_touched = false;
    bool m_filling = false;
    bool m_catalogStale = true;
    QMetaObject::Connection m_focusWatch; ///< while shown
};

} // namespace atlas::gui
