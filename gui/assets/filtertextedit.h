// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QPlainTextEdit>
#include <QSyntaxHighlighter>

#include "gui/assets/filterknowledge.h"
#include "model/filter/parser.h"

class QCompleter;
class QStandardItemModel;

namespace atlas::gui {

/// Colours of the text form. Underlines what is wrong.
class FilterHighlighter : public QSyntaxHighlighter
{
    Q_OBJECT
public:
    explicit FilterHighlighter(QTextDocument* document);
    /// Position and length in the whole text; nothing with length < 0. Length 0: the end.
    void setMistake(qsizetype position, qsizetype length);

protected:
    void highlightBlock(const QString& text) override;

private:
    void readTokens();

    QString m_text; ///< that m_tokens belong to
    QList<filter::Token> m_tokens;
    qsizetype m_mistakeAt = 0;
    qsizetype m_mistakeLength = -1;
};

/// Editor of the text form: colours, completion of attributes, operators and values, the first mistake
/// underlined. Enter applies (Shift+Enter breaks the line), Ctrl+Space completes, Alt+Up and Alt+Down go
/// through what was applied before (also Up and Down on the first and last line).
class FilterTextEdit : public QPlainTextEdit
{
    Q_OBJECT
public:
    explicit FilterTextEdit(FilterKnowledge* knowledge, QWidget* parent = nullptr);

    /// Character by character: Qt's own toPlainText() turns no-break spaces into spaces.
    QString filterText() const;
    void setFilterText(const QString& text);

    const filter::ParseResult& parsed() const { return m_parsed; }
    /// What is wrong, for people; empty when the text can be applied. With the position.
    QString problem() const { return m_problem; }
    qsizetype problemPosition() const { return m_problemAt; }

    void setHistory(const QStringList& texts);
    const QStringList& history() const { return m_history; }
    void remember(const QString& text);
    bool isCompleting() const;
    QStringList completions() const;

Q_SIGNALS:
    void applyRequested();
    void cancelRequested();
    /// problem() may be another one.
    void checked();

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    void changeEvent(QEvent* event) override;
    void insertFromMimeData(const QMimeData* source) override;
    QMimeData* createMimeDataFromSelection() const override;

private:
    void check();
    void offer(bool wanted);
    void fillCompletions(const filter::CompletionContext& context,
                         const QList<AttributeDetail::Top>& fromServer);
    void showPopup();
    void complete(const QModelIndex& index);
    bool goBack(int step);

    FilterKnowledge* m_knowledge;
    FilterHighlighter* m_highlighter;
    QCompleter* m_completer;
    QStandardItemModel* m_items;
    filter::ParseResult m_parsed;
    filter::CompletionContext m_context;
    QString m_problem;
    qsizetype m_problemAt = -1;
    QStringList m_history; ///< newest last
    qsizetype m_historyAt = -1;
    QString m_beforeHistory; ///< what was being typed when going back began
    bool m_completing = false;
};

} // namespace atlas::gui
