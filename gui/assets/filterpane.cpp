// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/filterpane.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QScrollBar>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

#include "gui/assets/estimatetext.h"
#include "gui/assets/filterbuilder.h"
#include "gui/assets/filtertextedit.h"
#include "gui/assets/groupbox.h"
#include "gui/support/timetext.h"
#include "gui/theme/theme.h"
#include "gui/widgets/busyindicator.h"
#include "gui/widgets/buttons.h"
#include "gui/widgets/elidedlabel.h"
#include "model/filter/printer.h"

namespace atlas::gui {

using namespace filter;

QString summaryText(const ResultSummary& summary)
{
    using Counting = ResultSummary::Counting;
    QStringList parts;
    const bool exact = summary.counting == Counting::Exact && summary.counted;
    if (exact) {
        const QString counted = assetsText(countText(*summary.counted));
        // An estimate that is right needs no mention.
        const bool same =
            !summary.expected || estimateText(*summary.expected) == estimateText(double(*summary.counted));
        parts.append(same ? counted : estimateText(*summary.expected) + QStringLiteral(" → ") + counted);
    } else if (summary.expected) {
        // Where it stays the only number, one wants to know how good it is.
        const bool isLast = summary.counting == Counting::OutOfTime ||
                            summary.counting == Counting::Cancelled || summary.counting == Counting::Failed;
        QString text = assetsText(isLast && summary.bounds ? boundedText(*summary.expected, *summary.bounds)
                                                           : estimateText(*summary.expected));
        switch (summary.counting) {
        case Counting::Running:
            text += FilterPane::tr(", counting…");
            break;
        case Counting::OutOfTime:
            text += FilterPane::tr(", expected: counting took too long");
            break;
        case Counting::Cancelled:
            text += FilterPane::tr(", expected: not counted");
            break;
        case Counting::Failed:
            text += FilterPane::tr(", expected: could not be counted");
            break;
        case Counting::NotAsked:
        case Counting::Exact:
            text += FilterPane::tr(" expected");
            break;
        }
        parts.append(text);
    }
    if (summary.milliseconds)
        parts.append(elapsedText(*summary.milliseconds));
    if (!summary.node.isEmpty()) {
        parts.append(summary.node);
        parts.append(summary.ageSeconds
                         ? (*summary.ageSeconds <= 0
                                ? FilterPane::tr("current")
                                : FilterPane::tr("%1 old").arg(durationText(*summary.ageSeconds)))
                         : FilterPane::tr("age unknown"));
    }
    return parts.join(QStringLiteral(" · "));
}

QString summaryNote(const ResultSummary& summary)
{
    QStringList parts;
    if (summary.expected && summary.bounds) {
        const QString about = boundsText(*summary.bounds, summary.combined);
        if (!about.isEmpty())
            parts.append(
                FilterPane::tr("Expected: %1\n%2").arg(assetsText(estimateText(*summary.expected)), about));
    }
    if (!summary.note.isEmpty())
        parts.append(summary.note);
    return parts.join(QStringLiteral("\n\n"));
}

FilterPane::FilterPane(FilterDocument* document, FilterKnowledge* knowledge, QWidget* parent)
    : QWidget(parent)
    , m_document(document)
    , m_knowledge(knowledge)
{
    setObjectName(QStringLiteral("filterPane"));
    setAutoFillBackground(true);
    setBackgroundRole(QPalette::Base);

    m_builder = new FilterBuilder(document, knowledge, this);
    m_scroll = new QScrollArea(this);
    m_scroll->setFrameShape(QFrame::NoFrame);
    m_scroll->setWidgetResizable(true);
    m_scroll->setFocusPolicy(Qt::NoFocus);
    m_scroll->setWidget(m_builder);
    m_scroll->viewport()->setAutoFillBackground(false);
    m_builder->setAutoFillBackground(false);

    auto* textPage = new QWidget(this);
    m_text = new FilterTextEdit(knowledge, textPage);
    m_problem = new QLabel(textPage);
    m_problem->setObjectName(QStringLiteral("filterProblem"));
    m_problem->setWordWrap(true);
    m_problem->setTextFormat(Qt::PlainText);
    m_apply = primaryButton(tr("Apply"), textPage);
    m_apply->setToolTip(tr("Enter"));
    m_revert = button(tr("Discard"), textPage);
    m_revert->setToolTip(tr("Back to the filter that is applied"));
    m_textFoot = new QWidget(textPage);
    auto* foot = new QHBoxLayout(m_textFoot);
    foot->setContentsMargins(0, 0, 0, 0);
    foot->addWidget(m_problem, 1);
    foot->addWidget(m_revert);
    foot->addWidget(m_apply);
    auto* textLayout = new QVBoxLayout(textPage);
    textLayout->setContentsMargins(0, 0, 0, 0);
    textLayout->setSpacing(metrics::tight);
    textLayout->addWidget(m_text, 1);
    textLayout->addWidget(m_textFoot);

    m_pages = new QStackedWidget(this);
    m_pages->addWidget(m_scroll);
    m_pages->addWidget(textPage);

    auto* title = sectionLabel(tr("Filter"), this);
    m_undo = iconButton(QStringLiteral("undo"), tr("Undo (Ctrl+Z)"), this);
    m_redo = iconButton(QStringLiteral("redo"), tr("Redo (Ctrl+Y)"), this);
    m_clear = iconButton(QStringLiteral("trash"), tr("Remove the whole filter (can be undone)"), this);
    m_textToggle = iconButton(QStringLiteral("code"), tr("Edit as text (Ctrl+T)"), this);
    m_textToggle->setObjectName(QStringLiteral("textToggle"));
    m_textToggle->setCheckable(true);
    auto* tools = new QHBoxLayout;
    tools->setSpacing(0);
    for (QToolButton* tool : {m_undo, m_redo, m_clear, m_textToggle})
        tools->addWidget(tool);

    m_busy = new BusyIndicator(this, 14);
    m_line = new ElidedLabel(this);
    m_line->setForegroundRole(QPalette::Text);
    m_line->setObjectName(QStringLiteral("countLine"));
    m_stopCount = iconButton(QStringLiteral("stop"), tr("Stop counting"), this);
    m_stopCount->setFixedSize(20, 20);
    m_stopCount->setIconSize({12, 12});
    m_stopCount->hide();
    auto* line = new QHBoxLayout;
    line->setSpacing(metrics::tight);
    line->addWidget(m_line, 1);
    line->addWidget(m_stopCount);
    line->addWidget(m_busy);

    auto* head = new QHBoxLayout;
    head->addWidget(title);
    head->addStretch();
    head->addLayout(tools);
    head->setContentsMargins(metrics::normal, metrics::tight, metrics::small, 0);
    auto* body = new QVBoxLayout;
    body->setContentsMargins(metrics::normal, metrics::hair, metrics::normal, metrics::small);
    body->setSpacing(metrics::tight);
    body->addWidget(m_pages);
    body->addLayout(line);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addLayout(head);
    layout->addLayout(body);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);

    QUndoStack* undo = m_document->undoStack();
    m_undo->setEnabled(false);
    m_redo->setEnabled(false);
    connect(undo, &QUndoStack::canUndoChanged, m_undo, &QWidget::setEnabled);
    connect(undo, &QUndoStack::canRedoChanged, m_redo, &QWidget::setEnabled);
    connect(undo, &QUndoStack::undoTextChanged, this, [this](const QString& what) {
        m_undo->setToolTip(what.isEmpty() ? tr("Undo (Ctrl+Z)") : tr("Undo: %1 (Ctrl+Z)").arg(what));
    });
    connect(undo, &QUndoStack::redoTextChanged, this, [this](const QString& what) {
        m_redo->setToolTip(what.isEmpty() ? tr("Redo (Ctrl+Y)") : tr("Redo: %1 (Ctrl+Y)").arg(what));
    });
    connect(m_undo, &QToolButton::clicked, undo, &QUndoStack::undo);
    connect(m_redo, &QToolButton::clicked, undo, &QUndoStack::redo);
    connect(m_clear, &QToolButton::clicked, this, &FilterPane::clearFilter);
    connect(m_textToggle, &QToolButton::clicked, this, [this](bool on) { setTextShown(on); });
    connect(m_builder, &FilterBuilder::contentChanged, this, &FilterPane::fitHeight);
    connect(m_document, &FilterDocument::changed, this, &FilterPane::documentChanged);
    connect(m_text, &FilterTextEdit::checked, this, &FilterPane::showProblem);
    connect(m_text, &FilterTextEdit::applyRequested, this, &FilterPane::applyText);
    connect(m_text, &FilterTextEdit::cancelRequested, this, [this] { setTextShown(false); });
    connect(m_apply, &QPushButton::clicked, this, &FilterPane::applyText);
    connect(m_revert, &QPushButton::clicked, this, [this] {
        m_text->setFilterText(print(m_document->expression()));
        m_text->setFocus();
    });
    connect(m_stopCount, &QToolButton::clicked, this, &FilterPane::countCancelRequested);
    documentChanged();
}

bool FilterPane::showsText() const
{
    return m_pages->currentIndex() == 1;
}

void FilterPane::setTextShown(bool shown)
{
    m_builder->finishEditing();
    m_textToggle->setChecked(shown);
    if (shown == showsText())
        return;
    m_pages->setCurrentIndex(shown ? 1 : 0);
    if (shown) {
        m_text->setFocus(Qt::OtherFocusReason);
        m_text->moveCursor(QTextCursor::End);
    } else {
        m_builder->rootGroup()->addButton()->setFocus(Qt::OtherFocusReason);
    }
    showProblem();
    fitHeight();
}

QString FilterPane::unappliedText() const
{
    const QString text = m_text->filterText();
    return text == print(m_document->expression()) ? QString() : text;
}

void FilterPane::setUnappliedText(const QString& text)
{
    m_text->setFilterText(text.isEmpty() ? print(m_document->expression()) : text);
    // What was typed for another tenant does not come back by Ctrl+Z either.
    m_text->document()->clearUndoRedoStacks();
    showProblem();
}

bool FilterPane::applyText()
{
    const ParseResult& parsed = m_text->parsed();
    if (!parsed.ok() || !m_text->problem().isEmpty()) {
        // Where it is wrong is where one wants to go on.
        QTextCursor cursor = m_text->textCursor();
        cursor.setPosition(
            int(std::clamp<qsizetype>(m_text->problemPosition(), 0, m_text->filterText().size())));
        m_text->setTextCursor(cursor);
        m_text->setFocus(Qt::OtherFocusReason);
        return false;
    }
    const QString text = m_text->filterText();
    m_text->remember(text);
    // The same filter written differently changes nothing but the writing.
    if (parsed.expression == m_document->expression().canonical())
        m_text->setFilterText(print(m_document->expression()));
    else
        m_document->apply(parsed.expression, tr("Edit as text"));
    showProblem();
    return true;
}

void FilterPane::documentChanged()
{
    m_clear->setEnabled(!m_document->expression().isEmpty());
    const QString text = print(m_document->expression());
    // A text that somebody typed and that is not applied stays; everything else follows the filter.
    const QString shown = m_text->filterText();
    // What does not parse has no expression; that is not the empty filter.
    if (shown == m_synced || shown.trimmed().isEmpty() ||
        (m_text->parsed().ok() && m_text->parsed().expression == m_document->expression().canonical()))
        m_text->setFilterText(text);
    m_synced = text;
    showProblem();
    fitHeight();
}

void FilterPane::showProblem()
{
    const QString problem = m_text->problem();
    const QString text = m_text->filterText();
    const bool differs = text != print(m_document->expression());
    QPalette palette = m_problem->palette();
    if (!problem.isEmpty()) {
        const LineColumn at = lineColumn(text, m_text->problemPosition());
        m_problem->setText(at.line > 1 ? tr("Line %1, column %2: %3").arg(at.line).arg(at.column).arg(problem)
                                       : tr("Column %1: %2").arg(at.column).arg(problem));
        palette.setColor(QPalette::WindowText, color(ColorRole::Critical));
    } else {
        m_problem->setText(differs ? tr("Enter applies it.")
                                   : tr("Enter applies, Ctrl+Space completes, Alt+Up brings back earlier "
                                        "filters, Esc returns."));
        palette.setColor(QPalette::WindowText, color(ColorRole::TextMuted));
    }
    m_problem->setPalette(palette);
    m_apply->setEnabled(differs && problem.isEmpty());
    m_revert->setVisible(differs);
    const bool waiting = differs && !showsText();
    m_textToggle->setIcon(icon(QStringLiteral("code"), waiting       ? ColorRole::Warning
                                                       : showsText() ? ColorRole::Accent
                                                                     : ColorRole::TextMuted));
    m_textToggle->setToolTip(waiting ? tr("Edit as text (Ctrl+T): a text waits there that is not applied")
                                     : tr("Edit as text (Ctrl+T)"));
    fitHeight();
}

void FilterPane::setSummary(const ResultSummary& summary)
{
    ResultSummary older = m_summary;
    older.ageSeconds = summary.ageSeconds;
    const bool onlyOlder = older == summary && m_summary.ageSeconds.has_value();
    m_summary = summary;
    if (onlyOlder)
        m_line->setTextQuietly(summaryText(summary));
    else
        m_line->setText(summaryText(summary));
    m_line->setToolTip(summaryNote(summary));
    m_busy->setRunning(summary.running || summary.counting == ResultSummary::Counting::Running);
    m_stopCount->setVisible(summary.counting == ResultSummary::Counting::Running);
}

QString FilterPane::summaryShown() const
{
    return m_line->text();
}

void FilterPane::addClause()
{
    setTextShown(false);
    m_builder->addClause();
}

void FilterPane::clearFilter()
{
    m_builder->finishEditing();
    m_document->apply(Expression(), tr("Remove everything"));
}

void FilterPane::finishEditing()
{
    m_builder->finishEditing();
}

void FilterPane::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    fitHeight();
}

void FilterPane::fitHeight()
{
    // As high as the filter needs, up to a third of what there is: the rows are what it is for.
    const int room = std::max(120, (parentWidget() ? parentWidget()->height() : 600) * 2 / 5);
    int wanted = 0;
    if (showsText()) {
        const int lines = std::clamp(int(std::ceil(m_text->document()->size().height())), 2, 8);
        wanted = lines * m_text->fontMetrics().lineSpacing() + 18 +
                 std::max(metrics::controlHeight,
                          m_textFoot->layout()->totalHeightForWidth(std::max(200, m_pages->width())));
    } else {
        const int width = std::max(100, m_scroll->width());
        wanted = m_builder->layout()->hasHeightForWidth() ? m_builder->layout()->totalHeightForWidth(width)
                                                          : m_builder->sizeHint().height();
        if (m_builder->minimumSizeHint().width() > width)
            wanted += m_scroll->horizontalScrollBar()->sizeHint().height();
    }
    const int height = std::clamp(wanted, 32, room);
    if (m_pages->height() != height || m_pages->minimumHeight() != height)
        m_pages->setFixedHeight(height);
}

} // namespace atlas::gui
