// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include <optional>

#include "gui/assets/filterdocument.h"
#include "gui/assets/filterknowledge.h"

class QLabel;
class QPushButton;
class QScrollArea;
class QStackedWidget;
class QToolButton;

namespace atlas::gui {

class BusyIndicator;
class ElidedLabel;
class FilterBuilder;
class FilterTextEdit;

/// What the line under the filter says.
struct ResultSummary
{
    enum class Counting { NotAsked = 1, Running, Exact, OutOfTime, Failed, Cancelled };
    std::optional<double> expected;       ///< by statistics
    std::optional<filter::Bounds> bounds; ///< what that may be wrong by
    bool combined = false;                ///< of several clauses
    std::optional<qint64> counted;        ///< when Exact
    Counting counting = Counting::NotAsked;
    std::optional<double> milliseconds; ///< of the rows, click to answer
    QString node;
    std::optional<double> ageSeconds; ///< as of now
    QString note;                     ///< for the tooltip
    bool running = false;
    bool operator==(const ResultSummary&) const = default;
};
QString summaryText(const ResultSummary& summary);
/// Its tooltip: how good the estimate is, then the note.
QString summaryNote(const ResultSummary& summary);

/// Top of the middle: the filter as groups of chips or as text, undo, redo, and the line that says what it
/// finds.
class FilterPane : public QWidget
{
    Q_OBJECT
public:
    FilterPane(FilterDocument* document, FilterKnowledge* knowledge, QWidget* parent = nullptr);

    FilterBuilder* builder() const { return m_builder; }
    FilterTextEdit* textEdit() const { return m_text; }
    bool showsText() const;
    void setTextShown(bool shown);
    /// Makes the text of the editor the filter. False when it is wrong; it then stays as it is.
    bool applyText();
    /// Text that was typed and is not the filter; empty when there is none.
    QString unappliedText() const;
    /// Of a filter just loaded; an empty text: nothing waits, the editor shows the filter.
    void setUnappliedText(const QString& text);
    void setSummary(const ResultSummary& summary);
    const ResultSummary& summary() const { return m_summary; }
    QString summaryShown() const;
    void addClause();
    void clearFilter();
    void finishEditing();

Q_SIGNALS:
    void countCancelRequested();
    void countRequested();

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void documentChanged();
    void showProblem();
    void fitHeight();

    FilterDocument* m_document;
    FilterKnowledge* m_knowledge;
    QToolButton* m_undo;
    QToolButton* m_redo;
    QToolButton* m_clear;
    QToolButton* m_textToggle;
    QStackedWidget* m_pages;
    QScrollArea* m_scroll;
    FilterBuilder* m_builder;
    FilterTextEdit* m_text;
    QLabel* m_problem;
    QPushButton* m_apply;
    QPushButton* m_revert;
    QWidget* m_textFoot;
    BusyIndicator* m_busy;
    ElidedLabel* m_line;
    QToolButton* m_stopCount;
    ResultSummary m_summary;
    QString m_synced; ///< text of the filter as the editor last had it
};

} // namespace atlas::gui
