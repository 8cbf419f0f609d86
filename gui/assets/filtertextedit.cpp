// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/filtertextedit.h"

#include <QAbstractItemView>
#include <QCompleter>
#include <QKeyEvent>
#include <QMimeData>
#include <QScrollBar>
#include <QStandardItemModel>
#include <QTextBlock>

#include <algorithm>

#include "gui/assets/attributelistmodel.h"
#include "gui/assets/clauses.h"
#include "gui/support/timetext.h"
#include "gui/theme/theme.h"
#include "gui/widgets/searchfield.h"
#include "model/filter/printer.h"
#include "model/filter/validate.h"

namespace atlas::gui {

using namespace filter;

namespace {
constexpr int mostCompletions = 50;
constexpr int longestHistory = 100;
constexpr int insertRole = Qt::UserRole + 1;

/// The document's own text, in which a line break is a paragraph separator and everything else is as typed.
QString rawText(const QTextDocument* document)
{
    QString text = document->toRawText();
    text.replace(QChar::ParagraphSeparator, QLatin1Char('\n'));
    return text;
}
} // namespace

FilterHighlighter::FilterHighlighter(QTextDocument* document)
    : QSyntaxHighlighter(document)
{
}

void FilterHighlighter::setMistake(qsizetype position, qsizetype length)
{
    if (position == m_mistakeAt && length == m_mistakeLength)
        return;
    m_mistakeAt = position;
    m_mistakeLength = length;
    rehighlight();
}

void FilterHighlighter::readTokens()
{
    const QString text = rawText(document());
    if (text == m_text && !m_tokens.isEmpty())
        return;
    m_text = text;
    m_tokens = tokens(text);
}

void FilterHighlighter::highlightBlock(const QString& text)
{
    readTokens();
    const qsizetype from = currentBlock().position();
    const qsizetype to = from + text.size();
    const auto formatOf = [](TokenKind kind) {
        QTextCharFormat format;
        switch (kind) {
        case TokenKind::Name:
            format.setForeground(color(ColorRole::Text));
            format.setFontWeight(QFont::DemiBold);
            break;
        case TokenKind::EntityField:
            format.setForeground(color(ColorRole::Cold));
            format.setFontWeight(QFont::DemiBold);
            break;
        case TokenKind::Operator:
        case TokenKind::Function:
            format.setForeground(color(ColorRole::Accent));
            break;
        case TokenKind::Connective:
            format.setForeground(color(ColorRole::Info));
            format.setFontWeight(QFont::DemiBold);
            break;
        case TokenKind::String:
            format.setForeground(color(ColorRole::Positive));
            break;
        case TokenKind::Number:
        case TokenKind::Boolean:
            format.setForeground(color(ColorRole::Hot));
            break;
        case TokenKind::Punctuation:
            format.setForeground(color(ColorRole::TextMuted));
            break;
        case TokenKind::Error:
            format.setForeground(color(ColorRole::Critical));
            break;
        }
        return format;
    };
    for (const Token& token : std::as_const(m_tokens)) {
        const qsizetype start = std::max(token.position, from);
        const qsizetype end = std::min(token.position + token.length, to);
        if (start < end)
            setFormat(int(start - from), int(end - start), formatOf(token.kind));
    }
    if (m_mistakeLength < 0)
        return;
    // A mistake at the end of the text has nothing to underline but the last character.
    qsizetype start = m_mistakeAt;
    qsizetype end = m_mistakeAt + std::max<qsizetype>(1, m_mistakeLength);
    if (start >= m_text.size() && !m_text.isEmpty()) {
        start = m_text.size() - 1;
        end = m_text.size();
    }
    start = std::max(start, from);
    end = std::min(end, to);
    for (qsizetype i = start; i < end; ++i) {
        QTextCharFormat marked = format(int(i - from));
        marked.setUnderlineStyle(QTextCharFormat::WaveUnderline);
        marked.setUnderlineColor(color(ColorRole::Critical));
        setFormat(int(i - from), 1, marked);
    }
}

FilterTextEdit::FilterTextEdit(FilterKnowledge* knowledge, QWidget* parent)
    : QPlainTextEdit(parent)
    , m_knowledge(knowledge)
    , m_highlighter(new FilterHighlighter(document()))
    , m_completer(new QCompleter(this))
    , m_items(new QStandardItemModel(this))
{
    setObjectName(QStringLiteral("filterText"));
    setAccessibleName(tr("Filter as text"));
    setFont(Theme::instance().monospaceFont());
    setPlaceholderText(tr("status = \"active\" and temperature > 80"));
    setTabChangesFocus(true);
    setLineWrapMode(QPlainTextEdit::WidgetWidth);
    m_completer->setModel(m_items);
    m_completer->setWidget(this);
    m_completer->setCompletionMode(QCompleter::UnfilteredPopupCompletion);
    m_completer->setMaxVisibleItems(10);
    m_completer->popup()->setObjectName(QStringLiteral("filterCompletions"));
    m_completer->popup()->setFont(Theme::instance().font());
    connect(m_completer, qOverload<const QModelIndex&>(&QCompleter::activated), this,
            &FilterTextEdit::complete);
    connect(this, &QPlainTextEdit::textChanged, this, &FilterTextEdit::check);
    connect(m_knowledge, &FilterKnowledge::changed, this, &FilterTextEdit::check);
    check();
}

QString FilterTextEdit::filterText() const
{
    return rawText(document());
}

void FilterTextEdit::setFilterText(const QString& text)
{
    if (text == filterText())
        return;
    // Through the cursor, so that Ctrl+Z in the editor brings back what was typed.
    QTextCursor cursor(document());
    cursor.beginEditBlock();
    cursor.select(QTextCursor::Document);
    cursor.insertText(text);
    cursor.endEditBlock();
    cursor.movePosition(QTextCursor::End);
    setTextCursor(cursor);
}

void FilterTextEdit::check()
{
    const QString text = filterText();
    m_parsed = parse(text);
    m_problem.clear();
    m_problemAt = -1;
    qsizetype length = -1;
    if (m_parsed.error) {
        m_problem = m_parsed.error->message;
        m_problemAt = m_parsed.error->position;
        length = m_parsed.error->length;
    } else if (m_knowledge->catalog().size() > 0) {
        const QList<Problem> problems = validate(m_parsed, m_knowledge->catalog());
        if (!problems.isEmpty()) {
            const Problem& first = problems.first();
            m_problem = first.message;
            if (!first.suggestion.isEmpty() && !m_problem.contains(first.suggestion))
                m_problem += tr(" Did you mean %1?").arg(quoteName(first.suggestion));
            m_problemAt = std::max<qsizetype>(0, first.position);
            length = first.length;
        }
    }
    // The highlighter listens to the document before anybody else does; the mistake comes after.
    m_highlighter->setMistake(m_problemAt, m_problemAt < 0 ? -1 : length);
    Q_EMIT checked();
}

void FilterTextEdit::setHistory(const QStringList& texts)
{
    m_history = texts;
    m_historyAt = -1;
}

void FilterTextEdit::remember(const QString& text)
{
    m_historyAt = -1;
    if (text.trimmed().isEmpty())
        return;
    m_history.removeAll(text);
    m_history.append(text);
    while (m_history.size() > longestHistory)
        m_history.removeFirst();
}

bool FilterTextEdit::goBack(int step)
{
    if (m_history.isEmpty())
        return false;
    if (m_historyAt < 0) {
        if (step > 0)
            return false;
        m_beforeHistory = filterText();
        m_historyAt = m_history.size();
        // What is shown already is not "the one before".
        if (m_history.last() == m_beforeHistory)
            --m_historyAt;
    }
    const qsizetype at = m_historyAt + step;
    if (at < 0)
        return true;
    if (at >= m_history.size()) {
        m_historyAt = -1;
        setFilterText(m_beforeHistory);
        return true;
    }
    m_historyAt = at;
    setFilterText(m_history.at(at));
    return true;
}

bool FilterTextEdit::isCompleting() const
{
    return m_completer->popup()->isVisible();
}

QStringList FilterTextEdit::completions() const
{
    QStringList texts;
    for (int row = 0; row < m_items->rowCount(); ++row)
        texts.append(m_items->item(row)->data(insertRole).toString());
    return texts;
}

void FilterTextEdit::offer(bool wanted)
{
    const QString text = filterText();
    m_context = completionContext(text, textCursor().position());
    const bool value = m_context.expecting == CompletionContext::Expecting::Value;
    // Unasked only where it helps: a name begun, a value that is expected.
    if (!wanted && m_context.prefix.isEmpty() && !value) {
        m_completer->popup()->hide();
        return;
    }
    fillCompletions(m_context, {});
    showPopup();
    if (value && m_context.subject) {
        m_knowledge->fetchDetails(*m_context.subject);
        const CompletionContext asked = m_context;
        m_knowledge->suggest(
            *m_context.subject, m_context.prefix, this, [this, asked](const FilterKnowledge::Values& values) {
                if (!hasFocus() || m_context.prefix != asked.prefix ||
                    m_context.replace.position != asked.replace.position)
                    return; // typed on meanwhile
                fillCompletions(m_context, QList<AttributeDetail::Top>(values.begin(), values.end()));
                showPopup();
            });
    }
}

void FilterTextEdit::fillCompletions(const CompletionContext& context,
                                     const QList<AttributeDetail::Top>& fromServer)
{
    m_items->clear();
    QStringList inserted;
    const auto add = [&](const QString& shown, const QString& insert, const QString& detail,
                         const QIcon& symbol) {
        if (m_items->rowCount() >= mostCompletions || inserted.contains(insert))
            return;
        inserted.append(insert);
        auto* item =
            new QStandardItem(symbol, detail.isEmpty() ? shown : shown + QStringLiteral("   ") + detail);
        item->setData(insert, insertRole);
        m_items->appendRow(item);
    };
    const QString prefix = context.prefix.toLower();
    using Expecting = CompletionContext::Expecting;
    if (context.expecting == Expecting::Value && context.subject) {
        const ValueType type = m_knowledge->typeOf(*context.subject);
        if (type == ValueType::Boolean) {
            add(QStringLiteral("true"), QStringLiteral("true"), {}, icon(typeIcon(type)));
            add(QStringLiteral("false"), QStringLiteral("false"), {}, icon(typeIcon(type)));
        }
        QList<AttributeDetail::Top> known;
        const Attribute* attribute = m_knowledge->attribute(*context.subject);
        if (const AttributeDetail* detail =
                attribute ? m_knowledge->catalog().detail(attribute->id) : nullptr)
            known = QList<AttributeDetail::Top>(detail->top.begin(), detail->top.end());
        known += fromServer;
        for (const AttributeDetail::Top& top : std::as_const(known)) {
            const QString shown = valueForPeople(type, top.value);
            if (prefix.isEmpty() || shown.contains(prefix, Qt::CaseInsensitive))
                add(shown.left(80), filter::print(literalFor(type, top.value)), countText(top.entities),
                    icon(typeIcon(type)));
        }
    }
    // Words of the language before 10,000 names only where they begin like what is typed.
    const auto addKeywords = [&](bool beginning) {
        for (const QString& word : context.keywords) {
            if (word.startsWith(prefix) == beginning && (beginning || word.contains(prefix)))
                add(word, word, {}, icon(QStringLiteral("code")));
        }
    };
    if (!context.quoted && !prefix.isEmpty())
        addKeywords(true);
    if (context.expecting == Expecting::Name) {
        const AttributeCatalog& catalog = m_knowledge->catalog();
        const QStringList words = searchWords(context.prefix);
        QList<const Attribute*> beginning;
        QList<const Attribute*> others;
        for (int i = 0; i < catalog.size(); ++i) {
            const Attribute& attribute = catalog.at(i);
            const QString lower = attribute.name.toLower();
            if (!matchesWords(lower, words))
                continue;
            (lower.startsWith(prefix) ? beginning : others).append(&attribute);
        }
        // The most common first: that is what is asked for.
        const auto common = [](const Attribute* a, const Attribute* b) {
            return a->entitiesWith.value_or(-1) > b->entitiesWith.value_or(-1);
        };
        std::stable_sort(beginning.begin(), beginning.end(), common);
        std::stable_sort(others.begin(), others.end(), common);
        for (const Attribute* attribute : beginning + others)
            add(attribute->name, quoteName(attribute->name), typeText(attribute->type),
                icon(typeIcon(attribute->type)));
    }
    if (!context.quoted)
        addKeywords(prefix.isEmpty());
}

void FilterTextEdit::showPopup()
{
    // The one word that is typed already is no offer.
    const bool nothing = m_items->rowCount() == 0 ||
                         (m_items->rowCount() == 1 &&
                          m_items->item(0)->data(insertRole).toString() ==
                              filterText().mid(m_context.replace.position, m_context.replace.length));
    if (nothing) {
        m_completer->popup()->hide();
        return;
    }
    QRect place = cursorRect();
    place.translate(viewport()->pos());
    place.setWidth(std::clamp(m_completer->popup()->sizeHintForColumn(0) +
                                  m_completer->popup()->verticalScrollBar()->sizeHint().width() + 16,
                              220, 460));
    m_completer->complete(place);
    m_completer->popup()->setCurrentIndex(m_completer->completionModel()->index(0, 0));
}

void FilterTextEdit::complete(const QModelIndex& index)
{
    // The completer hands out indexes of its own proxy; roles pass through.
    QString insert = index.data(insertRole).toString();
    if (insert.isEmpty())
        return;
    QTextCursor cursor = textCursor();
    cursor.setPosition(int(m_context.replace.position));
    cursor.setPosition(int(m_context.replace.position + m_context.replace.length), QTextCursor::KeepAnchor);
    const QString after = filterText().mid(m_context.replace.position + m_context.replace.length, 1);
    if (!insert.endsWith(QLatin1Char('(')) && after.isEmpty())
        insert += QLatin1Char(' ');
    cursor.insertText(insert);
    setTextCursor(cursor);
    m_completer->popup()->hide();
    // A name is followed by an operator, an operator by a value: go on offering.
    if (m_context.expecting == CompletionContext::Expecting::Name ||
        m_context.expecting == CompletionContext::Expecting::Operator)
        offer(true);
}

void FilterTextEdit::keyPressEvent(QKeyEvent* event)
{
    const bool enter = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
    const bool control = event->modifiers().testFlag(Qt::ControlModifier);
    const bool alt = event->modifiers().testFlag(Qt::AltModifier);
    if (isCompleting()) {
        switch (event->key()) {
        case Qt::Key_Return:
        case Qt::Key_Enter:
        case Qt::Key_Tab: {
            if (control)
                break;
            const QModelIndex index = m_completer->popup()->currentIndex();
            m_completer->popup()->hide();
            if (index.isValid()) {
                complete(index);
                return;
            }
            break;
        }
        case Qt::Key_Escape:
            m_completer->popup()->hide();
            return;
        default:
            break;
        }
    }
    if (enter && !event->modifiers().testFlag(Qt::ShiftModifier)) {
        Q_EMIT applyRequested();
        return;
    }
    if (event->key() == Qt::Key_Escape) {
        Q_EMIT cancelRequested();
        return;
    }
    if (event->key() == Qt::Key_Space && control) {
        offer(true);
        return;
    }
    if (event->key() == Qt::Key_Up || event->key() == Qt::Key_Down) {
        const int step = event->key() == Qt::Key_Up ? -1 : 1;
        QTextCursor probe = textCursor();
        const bool atEdge = !probe.movePosition(step < 0 ? QTextCursor::Up : QTextCursor::Down);
        if ((alt || (atEdge && !event->modifiers().testFlag(Qt::ShiftModifier))) && goBack(step))
            return;
    }
    const QString before = filterText();
    QPlainTextEdit::keyPressEvent(event);
    if (filterText() != before) {
        m_historyAt = -1;
        offer(false);
    } else if (isCompleting() && (event->key() == Qt::Key_Left || event->key() == Qt::Key_Right)) {
        m_completer->popup()->hide();
    }
}

void FilterTextEdit::focusOutEvent(QFocusEvent* event)
{
    if (event->reason() != Qt::PopupFocusReason)
        m_completer->popup()->hide();
    QPlainTextEdit::focusOutEvent(event);
}

void FilterTextEdit::changeEvent(QEvent* event)
{
    QPlainTextEdit::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_highlighter)
        m_highlighter->rehighlight();
}

void FilterTextEdit::insertFromMimeData(const QMimeData* source)
{
    if (source->hasText())
        insertPlainText(source->text());
}

QMimeData* FilterTextEdit::createMimeDataFromSelection() const
{
    QString text = textCursor().selectedText();
    text.replace(QChar::ParagraphSeparator, QLatin1Char('\n'));
    auto* copied = new QMimeData;
    copied->setText(text);
    return copied;
}

} // namespace atlas::gui
