// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/clauseeditor.h"

#include <QApplication>
#include <QCalendarWidget>
#include <QComboBox>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QPainter>
#include <QPushButton>
#include <QSet>
#include <QTimer>
#include <QToolButton>
#include <QVBoxLayout>
#include <QWidgetAction>

#include <algorithm>

#include "gui/assets/attributedelegate.h"
#include "gui/assets/attributelistmodel.h"
#include "gui/assets/clauses.h"
#include "gui/assets/estimatetext.h"
#include "gui/assets/histogram.h"
#include "gui/assets/topvalues.h"
#include "gui/support/timetext.h"
#include "gui/theme/theme.h"
#include "gui/widgets/buttons.h"
#include "gui/widgets/searchfield.h"
#include "gui/widgets/segmentedcontrol.h"
#include "model/filter/validate.h"

namespace atlas::gui {

using namespace filter;

namespace {
constexpr int editorWidth = 400;
constexpr int shadow = 10;
constexpr int suggestPause = 120; // milliseconds without a key before the server is asked
constexpr int mostShown = 200;

bool isComparison(Operator op)
{
    return op == Operator::Less || op == Operator::LessOrEqual || op == Operator::Greater ||
           op == Operator::GreaterOrEqual || op == Operator::Between;
}

QString placeholderFor(ValueType type, Operator op)
{
    if (op == Operator::InTheLast)
        return ClauseEditor::tr("7");
    if (op == Operator::In)
        return ClauseEditor::tr("Type a value, Enter adds it");
    switch (type) {
    case ValueType::Number:
        return ClauseEditor::tr("Number");
    case ValueType::Timestamp:
        return ClauseEditor::tr("2026-01-31 or 2026-01-31T10:30");
    case ValueType::String:
    case ValueType::Boolean:
    case ValueType::Json:
        break;
    }
    return ClauseEditor::tr("Text");
}
} // namespace

ClauseEditor::ClauseEditor(FilterKnowledge* knowledge, QWidget* host)
    : QFrame(host)
    , m_knowledge(knowledge)
    , m_host(host)
    , m_suggestTimer(new QTimer(this))
{
    setObjectName(QStringLiteral("clauseEditor"));
    setFocusPolicy(Qt::StrongFocus);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(shadow + metrics::normal, shadow / 2 + metrics::normal,
                               shadow + metrics::normal, shadow + metrics::normal);
    buildPicker();
    buildForm();
    layout->addWidget(m_picker);
    layout->addWidget(m_form);
    hide();

    m_suggestTimer->setSingleShot(true);
    m_suggestTimer->setInterval(suggestPause);
    connect(m_suggestTimer, &QTimer::timeout, this, [this] { refreshSuggestions(true); });
    connect(m_knowledge, &FilterKnowledge::changed, this, [this] {
        m_catalogStale = true;
        if (!isOpen() || !m_subject || !m_form->isVisible())
            return;
        refreshSuggestions(false);
        refreshHistogram();
        showMessage();
        fit();
    });
}

ClauseEditor::~ClauseEditor() = default;

void ClauseEditor::buildPicker()
{
    m_picker = new QWidget(this);
    m_search = new SearchField(tr("Which attribute?"), m_picker);
    m_search->setObjectName(QStringLiteral("pickerSearch"));
    m_attributes = new AttributeListModel(this);
    m_delegate = new AttributeDelegate(this);
    m_list = new QListView(m_picker);
    m_list->setObjectName(QStringLiteral("pickerList"));
    m_list->setAccessibleName(tr("Attributes"));
    m_list->setModel(m_attributes);
    m_list->setItemDelegate(m_delegate);
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setUniformItemSizes(true);
    m_list->setMouseTracking(true);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_list->setFixedHeight(9 * metrics::rowHeight);
    auto* fieldRow = new QHBoxLayout;
    fieldRow->setSpacing(metrics::tight);
    auto* about = mutedLabel(tr("Or the asset's"), m_picker);
    about->setFont(Theme::instance().smallFont());
    fieldRow->addWidget(about);
    const auto addField = [&](const QString& text, EntityField field) {
        QPushButton* made = button(text, m_picker);
        connect(made, &QPushButton::clicked, this,
                [this, field] { chooseSubject(Subject::ofEntity(field)); });
        fieldRow->addWidget(made);
        m_fields.push_back(made);
    };
    addField(tr("Type"), EntityField::Type);
    addField(tr("Name"), EntityField::Name);
    addField(tr("Id"), EntityField::Id);
    fieldRow->addStretch();
    auto* layout = new QVBoxLayout(m_picker);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(metrics::small);
    layout->addWidget(m_search);
    layout->addWidget(m_list);
    layout->addLayout(fieldRow);

    connect(m_search, &QLineEdit::textChanged, this, [this](const QString& text) {
        m_attributes->setSearch(text);
        m_delegate->setWords(m_attributes->words());
        if (m_attributes->rowCount() > 0)
            m_list->setCurrentIndex(m_attributes->index(0));
        m_list->scrollToTop();
    });
    connect(m_search, &SearchField::downPressed, this, [this] {
        m_list->setFocus(Qt::OtherFocusReason);
        const int next = std::min(m_list->currentIndex().row() + 1, m_attributes->rowCount() - 1);
        m_list->setCurrentIndex(m_attributes->index(std::max(0, next)));
    });
    const auto take = [this](const QModelIndex& index) {
        if (const Attribute* attribute = m_attributes->attributeAt(index))
            chooseSubject(Subject::ofAttribute(attribute->name));
    };
    connect(m_list, &QListView::clicked, this, take);
}

void ClauseEditor::buildForm()
{
    m_form = new QWidget(this);
    m_subjectButton = button({}, m_form);
    m_subjectButton->setObjectName(QStringLiteral("subjectButton"));
    m_subjectButton->setToolTip(tr("Choose another attribute"));
    m_operator = new QComboBox(m_form);
    m_operator->setObjectName(QStringLiteral("operatorBox"));
    m_operator->setAccessibleName(tr("Operator"));
    m_operator->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    const auto makeEdit = [this](const QString& name, const QString& accessible) {
        auto* edit = new QLineEdit(m_form);
        edit->setObjectName(name);
        edit->setAccessibleName(accessible);
        edit->setMaxLength(1 << 20); // Qt's own limit would cut long values silently
        connect(edit, &QLineEdit::textEdited, this, &ClauseEditor::valueTyped);
        return edit;
    };
    m_first = makeEdit(QStringLiteral("firstValue"), tr("Value"));
    m_second = makeEdit(QStringLiteral("secondValue"), tr("Second value"));
    m_and = mutedLabel(tr("and"), m_form);
    m_firstCalendar = iconButton(QStringLiteral("type-time"), tr("Choose a day"), m_form);
    m_secondCalendar = iconButton(QStringLiteral("type-time"), tr("Choose a day"), m_form);
    m_unit = new QComboBox(m_form);
    m_unit->setObjectName(QStringLiteral("unitBox"));
    m_unit->setAccessibleName(tr("Unit of time"));
    for (const auto& [text, unit] :
         {std::pair{tr("seconds"), "s"}, std::pair{tr("minutes"), "min"}, std::pair{tr("hours"), "h"},
          std::pair{tr("days"), "d"}, std::pair{tr("weeks"), "w"}})
        m_unit->addItem(text, QLatin1String(unit));
    m_boolean = new SegmentedControl(m_form);
    m_boolean->setAccessibleName(tr("Value"));
    m_boolean->addSegment(QStringLiteral("true"), true);
    m_boolean->addSegment(QStringLiteral("false"), false);
    m_histogram = new Histogram(m_form);
    m_values = new TopValuesModel(this);
    m_valueList = new TopValuesView(m_form);
    m_valueList->setObjectName(QStringLiteral("suggestions"));
    m_valueList->setAccessibleName(tr("Values to choose from"));
    m_valueList->setModel(m_values);
    m_message = new QLabel(m_form);
    m_message->setObjectName(QStringLiteral("editorMessage"));
    m_message->setWordWrap(true);
    m_message->setFont(Theme::instance().smallFont());
    m_done = primaryButton(tr("Done"), m_form);
    m_done->setToolTip(tr("Enter; Esc goes back to how it was"));

    auto* head = new QHBoxLayout;
    head->setSpacing(metrics::small);
    head->addWidget(m_subjectButton, 1);
    head->addWidget(m_operator);
    auto* values = new QHBoxLayout;
    values->setSpacing(metrics::tight);
    values->addWidget(m_first, 1);
    values->addWidget(m_firstCalendar);
    values->addWidget(m_unit);
    values->addWidget(m_and);
    values->addWidget(m_second, 1);
    values->addWidget(m_secondCalendar);
    auto* foot = new QHBoxLayout;
    foot->addWidget(m_message, 1);
    foot->addWidget(m_done, 0, Qt::AlignBottom);
    auto* layout = new QVBoxLayout(m_form);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(metrics::small);
    layout->addLayout(head);
    layout->addLayout(values);
    layout->addWidget(m_boolean, 0, Qt::AlignLeft);
    layout->addWidget(m_histogram);
    layout->addWidget(m_valueList);
    layout->addLayout(foot);

    connect(m_subjectButton, &QPushButton::clicked, this, &ClauseEditor::showPicker);
    connect(m_operator, &QComboBox::activated, this, [this] {
        m_touched = true;
        // From one value to several and back nothing is lost.
        if (currentOperator() == Operator::In && m_chosen.isEmpty() && !m_first->text().isEmpty()) {
            m_chosen = {m_first->text()};
            m_first->clear();
        } else if (currentOperator() != Operator::In && !m_chosen.isEmpty() && m_first->text().isEmpty()) {
            m_first->setText(m_chosen.first());
        }
        arrangeValues();
        refreshSuggestions(false);
        recompute(false, true);
        focusValue();
    });
    connect(m_unit, &QComboBox::activated, this, [this] {
        m_touched = true;
        recompute(false, true);
    });
    connect(m_boolean, &SegmentedControl::currentChanged, this, [this] {
        if (m_filling)
            return;
        m_touched = true;
        recompute(false, true);
    });
    connect(m_histogram, &Histogram::rangeChosen, this, [this](double low, double high) {
        m_touched = true;
        fillOperators(Operator::Between);
        if (m_type == ValueType::Timestamp) {
            m_first->setText(formatTimestamp(qint64(low)));
            m_second->setText(formatTimestamp(qint64(high)));
        } else {
            m_first->setText(plainNumber(low));
            m_second->setText(plainNumber(high));
        }
        arrangeValues();
        recompute(false, true);
    });
    connect(m_valueList, &TopValuesView::valueChosen, this,
            [this](const QString& value) { takeSuggestion(value); });
    connect(m_done, &QPushButton::clicked, this, &ClauseEditor::done);
    connect(m_firstCalendar, &QToolButton::clicked, this, [this] { openCalendar(m_first, m_firstCalendar); });
    connect(m_secondCalendar, &QToolButton::clicked, this,
            [this] { openCalendar(m_second, m_secondCalendar); });
}

void ClauseEditor::open(const std::optional<Clause>& clause, const std::optional<Draft>& draft)
{
    m_filling = true;
    m_touched = false;
    m_complete.reset();
    m_problem.clear();
    m_subject.reset();
    m_chosen.clear();
    m_first->clear();
    m_second->clear();
    m_suggested.clear();
    m_suggestedFor.clear();
    m_unit->setCurrentIndex(3);
    m_boolean->setCurrentIndex(0);
    Operator op = Operator::Equal;
    if (draft && draft->hasSubject) {
        m_subject = draft->subject;
        op = draft->op;
        m_first->setText(draft->first);
        m_second->setText(draft->second);
        m_chosen = draft->chosen;
        m_boolean->setCurrentIndex(draft->boolean ? 0 : 1);
        if (const int unit = m_unit->findData(draft->unit); unit >= 0)
            m_unit->setCurrentIndex(unit);
        m_touched = true;
    } else if (clause) {
        m_subject = clause->subject;
        op = clause->op;
        const QList<Literal>& literals = clause->literals;
        if (op == Operator::In) {
            for (const Literal& literal : literals)
                m_chosen.append(literal.text);
        } else if (op == Operator::InTheLast && !literals.isEmpty()) {
            const QString text = literals.first().text.trimmed();
            qsizetype digits = 0;
            while (digits < text.size() && (text[digits].isDigit() || text[digits] == QLatin1Char('.')))
                ++digits;
            m_first->setText(text.left(digits));
            // Longer names of units mean the same: "7 days".
            const QString unit = text.mid(digits).trimmed();
            for (int i = 0; i < m_unit->count(); ++i) {
                if (parseDuration(QStringLiteral("1 ") + unit) ==
                    parseDuration(QStringLiteral("1 ") + m_unit->itemData(i).toString()))
                    m_unit->setCurrentIndex(i);
            }
        } else {
            if (!literals.isEmpty())
                m_first->setText(literals.at(0).text);
            if (literals.size() > 1)
                m_second->setText(literals.at(1).text);
            if (!literals.isEmpty() && literals.first().kind == Literal::Kind::Boolean)
                m_boolean->setCurrentIndex(literals.first().text == QLatin1String("true") ? 0 : 1);
        }
        m_complete = clause;
    }
    if (m_subject) {
        m_type = m_knowledge->typeOf(*m_subject);
        m_knowledge->fetchDetails(*m_subject);
        fillOperators(op);
    }
    m_filling = false;
    show();
    raise();
    if (m_subject)
        showForm();
    else
        showPicker();
}

void ClauseEditor::openFor(const Subject& subject)
{
    open(std::nullopt);
    chooseSubject(subject);
}

ClauseEditor::Draft ClauseEditor::draft() const
{
    Draft draft;
    draft.hasSubject = m_subject.has_value();
    if (m_subject)
        draft.subject = *m_subject;
    draft.op = currentOperator();
    draft.first = m_first->text();
    draft.second = m_second->text();
    draft.unit = m_unit->currentData().toString();
    draft.chosen = m_chosen;
    draft.boolean = m_boolean->currentIndex() == 0;
    return draft;
}

void ClauseEditor::showPicker()
{
    if (m_catalogStale) {
        m_attributes->setCatalog(m_knowledge->catalog());
        m_catalogStale = false;
    }
    m_form->hide();
    m_picker->show();
    m_search->clear();
    int row = 0;
    if (m_subject) {
        if (const Attribute* attribute = m_knowledge->attribute(*m_subject))
            row = std::max(0, m_attributes->rowOf(attribute->id));
    }
    m_list->setCurrentIndex(m_attributes->index(row));
    m_list->scrollTo(m_attributes->index(row), QAbstractItemView::PositionAtCenter);
    fit();
    m_search->setFocus(Qt::PopupFocusReason);
}

void ClauseEditor::showForm()
{
    m_picker->hide();
    m_form->show();
    const Attribute* attribute = m_knowledge->attribute(*m_subject);
    m_subjectButton->setText(fontMetrics()
                                 .elidedText(subjectText(*m_subject), Qt::ElideMiddle, 190)
                                 .replace(QLatin1Char('&'), QStringLiteral("&&")));
    m_subjectButton->setIcon(icon(attribute ? typeIcon(attribute->type) : QStringLiteral("assets")));
    m_subjectButton->setAccessibleName(tr("Attribute: %1").arg(subjectText(*m_subject)));
    arrangeValues();
    refreshHistogram();
    refreshSuggestions(true);
    recompute(false, false);
    fit();
    focusValue();
}

void ClauseEditor::chooseSubject(const Subject& subject)
{
    const bool sameType = m_subject && m_type == m_knowledge->typeOf(subject);
    const Operator before = currentOperator();
    m_subject = subject;
    m_type = m_knowledge->typeOf(subject);
    m_suggested.clear();
    m_suggestedFor.clear();
    m_touched = true;
    m_knowledge->fetchDetails(subject);
    // The catalogue's own order: the first is what is asked most often of that type.
    const QList<Operator> possible = operatorsFor(m_type);
    Operator wanted = possible.isEmpty() ? Operator::Equal : possible.first();
    if (sameType && possible.contains(before))
        wanted = before;
    if (!sameType && !m_filling) {
        m_first->clear();
        m_second->clear();
        m_chosen.clear();
    }
    fillOperators(wanted);
    showForm();
    // A truth value is complete as soon as it is named.
    recompute(false, true);
}

void ClauseEditor::fillOperators(Operator wanted)
{
    m_operator->clear();
    QList<Operator> possible = operatorsFor(m_type);
    if (!possible.contains(wanted))
        possible.append(wanted); // a filter written by hand may use one that the menu leaves out
    for (const Operator op : std::as_const(possible))
        m_operator->addItem(operatorText(op, m_type), int(op));
    m_operator->setCurrentIndex(m_operator->findData(int(wanted)));
}

Operator ClauseEditor::currentOperator() const
{
    return m_operator->count() > 0 ? static_cast<Operator>(m_operator->currentData().toInt())
                                   : Operator::Equal;
}

void ClauseEditor::arrangeValues()
{
    const Operator op = currentOperator();
    const bool none = arity(op).most == 0;
    const bool boolean = !none && m_type == ValueType::Boolean && op != Operator::In;
    const bool between = op == Operator::Between;
    const bool last = op == Operator::InTheLast;
    const bool time = m_type == ValueType::Timestamp && !last;
    m_first->setVisible(!none && !boolean);
    m_second->setVisible(between);
    m_and->setVisible(between);
    m_unit->setVisible(last);
    m_boolean->setVisible(boolean);
    // Two dates and their buttons do not fit beside each other.
    m_firstCalendar->setVisible(time && m_first->isVisibleTo(m_form));
    m_secondCalendar->setVisible(time && between);
    m_first->setPlaceholderText(between ? tr("From") : placeholderFor(m_type, op));
    m_second->setPlaceholderText(tr("To"));
    refreshHistogram();
    showSuggestions();
    fit();
}

void ClauseEditor::refreshHistogram()
{
    const Attribute* attribute = m_subject ? m_knowledge->attribute(*m_subject) : nullptr;
    const AttributeDetail* detail = attribute ? m_knowledge->catalog().detail(attribute->id) : nullptr;
    const bool shown = detail && isComparison(currentOperator()) && detail->bounds.size() > 1;
    if (shown)
        m_histogram->setBounds(detail->bounds, m_type, attribute->unit);
    else
        m_histogram->clear();
    m_histogram->setVisible(shown && !m_histogram->isEmpty());
}

QString ClauseEditor::entryText() const
{
    return m_first->text();
}

void ClauseEditor::refreshSuggestions(bool askServer)
{
    if (!m_subject)
        return;
    const Operator op = currentOperator();
    const bool useful = op == Operator::Equal || op == Operator::NotEqual || op == Operator::In ||
                        op == Operator::Contains || op == Operator::StartsWith;
    if (askServer && useful && m_type != ValueType::Boolean && m_suggestedFor != entryText()) {
        const QString asked = entryText();
        const Subject subject = *m_subject;
        m_knowledge->suggest(
            subject, asked, this, [this, asked, subject](const FilterKnowledge::Values& values) {
                if (!isOpen() || !m_subject || !(*m_subject == subject) || asked != entryText())
                    return; // an answer to an older question
                m_suggested = values;
                m_suggestedFor = asked;
                showSuggestions();
                fit();
            });
    }
    showSuggestions();
}

void ClauseEditor::showSuggestions()
{
    const Operator op = currentOperator();
    const bool useful = m_subject && m_type != ValueType::Boolean &&
                        (op == Operator::Equal || op == Operator::NotEqual || op == Operator::In ||
                         op == Operator::Contains || op == Operator::StartsWith);
    FilterKnowledge::Values shown;
    const bool several = op == Operator::In;
    const Attribute* attribute = m_subject ? m_knowledge->attribute(*m_subject) : nullptr;
    if (useful) {
        FilterKnowledge::Values known;
        if (const AttributeDetail* detail =
                attribute ? m_knowledge->catalog().detail(attribute->id) : nullptr)
            known = detail->top;
        // Typed by hand, or given with the clause, before anything is searched for: everything common is
        // offered.
        const QString text = m_touched || several ? entryText() : QString();
        const auto has = [&shown](const QString& value) {
            return std::any_of(shown.begin(), shown.end(),
                               [&](const auto& top) { return top.value == value; });
        };
        const auto add = [&](const AttributeDetail::Top& top) {
            if (int(shown.size()) < mostShown && !has(top.value))
                shown.push_back(top);
        };
        if (several) {
            for (const QString& value : std::as_const(m_chosen)) {
                if (int(shown.size()) >= mostShown)
                    break;
                const auto found = std::find_if(known.begin(), known.end(), [&](const auto& top) {
                    return valueForPeople(m_type, top.value) == value;
                });
                add(found != known.end() ? *found : AttributeDetail::Top{value, 0});
            }
        }
        for (const AttributeDetail::Top& top : known) {
            if (text.isEmpty() || valueForPeople(m_type, top.value).contains(text, Qt::CaseInsensitive))
                add(top);
        }
        if (m_suggestedFor == entryText()) {
            for (const AttributeDetail::Top& top : m_suggested)
                add(top);
        }
        // What is already typed in full needs no suggesting.
        if (!several && shown.size() == 1 && valueForPeople(m_type, shown.front().value) == text)
            shown.clear();
    }
    m_values->setValues(m_type, shown, attribute ? attribute->entitiesWith.value_or(0) : 0);
    m_values->setChecked(several ? std::optional(m_chosen) : std::nullopt);
    const int rows = std::min(8, int(shown.size()));
    m_valueList->setVisible(rows > 0);
    m_valueList->setFixedHeight(std::max(1, rows) * (metrics::rowHeight - 2));
}

void ClauseEditor::valueTyped()
{
    m_touched = true;
    showSuggestions();
    m_suggestTimer->start();
    recompute(true, true);
    fit();
}

void ClauseEditor::takeSuggestion(const QString& value)
{
    m_touched = true;
    const QString text = valueForPeople(m_type, value);
    if (currentOperator() == Operator::In) {
        if (!m_chosen.removeOne(text))
            m_chosen.append(text);
        const int row = m_valueList->currentIndex().row();
        recompute(false, true);
        showSuggestions();
        m_valueList->setCurrentIndex(m_values->index(std::min(row, m_values->rowCount() - 1)));
        fit();
        return;
    }
    m_first->setText(text);
    recompute(false, true);
    if (m_complete)
        Q_EMIT done();
}

void ClauseEditor::addChosen(const QString& text)
{
    // A pasted column of values is what people have, of many thousands at times.
    QSet<QString> known(m_chosen.cbegin(), m_chosen.cend());
    for (const QString& line : text.split(QLatin1Char('\n'))) {
        const QString value = text.contains(QLatin1Char('\n')) ? line.trimmed() : line;
        if (value.isEmpty() || known.contains(value))
            continue;
        known.insert(value);
        m_chosen.append(value);
    }
    m_first->clear();
    m_touched = true;
    showSuggestions();
    recompute(false, true);
    fit();
}

std::optional<Clause> ClauseEditor::build(QString* why) const
{
    if (!m_subject)
        return std::nullopt;
    Clause clause;
    clause.subject = *m_subject;
    clause.op = currentOperator();
    const auto literal = [this](const QString& text) {
        if (m_type == ValueType::Number)
            return isNumberText(text.trimmed()) ? Literal::number(text.trimmed()) : Literal::string(text);
        if (m_type == ValueType::Boolean && (text == QLatin1String("true") || text == QLatin1String("false")))
            return Literal::boolean(text == QLatin1String("true"));
        return Literal::string(text);
    };
    const Arity arguments = arity(clause.op);
    if (clause.op == Operator::In) {
        for (const QString& text : m_chosen)
            clause.literals.append(literal(text));
        if (clause.literals.isEmpty()) {
            *why = tr("Choose values below, or type one and press Enter.");
            return std::nullopt;
        }
    } else if (clause.op == Operator::InTheLast) {
        const QString amount = m_first->text().trimmed();
        if (amount.isEmpty()) {
            *why = tr("How long ago at most?");
            return std::nullopt;
        }
        clause.literals = {Literal::string(amount + QLatin1Char(' ') + m_unit->currentData().toString())};
    } else if (arguments.most != 0 && m_type == ValueType::Boolean) {
        clause.literals = {Literal::boolean(m_boolean->currentIndex() == 0)};
    } else if (arguments.most != 0) {
        // An empty text is a value too, but only where somebody said so: a clause just begun is not complete.
        const bool text = m_type == ValueType::String;
        if (m_first->text().isEmpty() && !(text && m_complete)) {
            *why = clause.op == Operator::Between ? tr("Give both ends; both belong to the range.")
                                                  : tr("Give a value.");
            return std::nullopt;
        }
        clause.literals = {literal(m_first->text())};
        if (clause.op == Operator::Between) {
            if (m_second->text().isEmpty()) {
                *why = tr("Give both ends; both belong to the range.");
                return std::nullopt;
            }
            clause.literals.append(literal(m_second->text()));
        }
    }
    if (m_type == ValueType::Number) {
        for (const Literal& one : std::as_const(clause.literals)) {
            if (one.kind != Literal::Kind::Number) {
                *why = tr("“%1” is no number. Write it with a point: 82.5").arg(one.text.left(40));
                return std::nullopt;
            }
        }
    }
    const bool known = !m_subject->isAttribute() || m_knowledge->attribute(*m_subject);
    if (known) {
        const QList<Problem> problems = validate(Expression(Node(clause)), m_knowledge->catalog());
        if (!problems.isEmpty()) {
            *why = problems.first().message;
            return std::nullopt;
        }
    }
    return clause;
}

void ClauseEditor::recompute(bool typing, bool tell)
{
    if (m_filling)
        return;
    m_problem.clear();
    const std::optional<Clause> before = m_complete;
    std::optional<Clause> now = build(&m_problem);
    if (now && before) // whether it counts is not decided here
        now->enabled = before->enabled;
    if (!tell) {
        showMessage();
        return;
    }
    m_complete = now;
    showMessage();
    if (now && (!before || !(*now == *before)))
        Q_EMIT edited(*now, typing);
}

void ClauseEditor::showMessage()
{
    QString text;
    QString about;
    ColorRole role = ColorRole::TextMuted;
    if (!m_problem.isEmpty()) {
        text = m_problem;
        // Not yet entered is no mistake.
        if (!m_first->text().isEmpty())
            role = ColorRole::Critical;
    } else if (const std::optional<Clause> clause = m_complete) {
        const FilterKnowledge::Facts facts = m_knowledge->facts(*clause);
        if (!facts.problem.isEmpty()) {
            text = facts.problem;
            role = ColorRole::Critical;
        } else if (facts.measured) {
            text = assetsText(boundedText(facts.expected, facts.bounds));
            about = boundsText(facts.bounds);
        }
    }
    m_message->setText(text);
    m_message->setToolTip(about);
    QPalette palette = m_message->palette();
    palette.setColor(QPalette::WindowText, color(role));
    m_message->setPalette(palette);
    m_done->setEnabled(m_problem.isEmpty());
}

bool ClauseEditor::enterPressed()
{
    if (currentOperator() == Operator::In && !m_first->text().isEmpty()) {
        addChosen(m_first->text());
        return true;
    }
    if (m_problem.isEmpty() && m_complete)
        Q_EMIT done();
    return true;
}

void ClauseEditor::focusValue()
{
    QWidget* target = m_first->isVisibleTo(m_form)     ? static_cast<QWidget*>(m_first)
                      : m_boolean->isVisibleTo(m_form) ? static_cast<QWidget*>(m_boolean)
                                                       : static_cast<QWidget*>(m_operator);
    target->setFocus(Qt::PopupFocusReason);
    if (target == m_first)
        m_first->selectAll();
}

void ClauseEditor::closeEditor()
{
    m_suggestTimer->stop();
    hide();
}

void ClauseEditor::placeBelow(const QRect& globalRect)
{
    m_anchor = globalRect;
    fit();
}

void ClauseEditor::fit()
{
    // Heights of hidden and shown parts are known only after their layouts have seen the change.
    m_form->layout()->activate();
    m_picker->layout()->activate();
    layout()->activate();
    resize(editorWidth + 2 * shadow, layout()->hasHeightForWidth()
                                         ? layout()->totalHeightForWidth(editorWidth + 2 * shadow)
                                         : layout()->totalSizeHint().height());
    if (m_anchor.isNull())
        return;
    const QRect anchor(m_host->mapFromGlobal(m_anchor.topLeft()), m_anchor.size());
    int x = std::clamp(anchor.left() - shadow, 0, std::max(0, m_host->width() - width()));
    int y = anchor.bottom() + 2 - shadow / 2 + metrics::hair;
    if (y + height() > m_host->height())
        y = std::max(0, std::min(y, m_host->height() - height()));
    move(x, y);
}

void ClauseEditor::openCalendar(QLineEdit* into, QToolButton* from)
{
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    auto* calendar = new QCalendarWidget(menu);
    calendar->setVerticalHeaderFormat(QCalendarWidget::NoVerticalHeader);
    if (const std::optional<qint64> at = parseTimestamp(into->text()))
        calendar->setSelectedDate(QDateTime::fromMSecsSinceEpoch(*at / 1000, Qt::UTC).date());
    auto* action = new QWidgetAction(menu);
    action->setDefaultWidget(calendar);
    menu->addAction(action);
    connect(calendar, &QCalendarWidget::clicked, menu, [this, menu, into](QDate date) {
        into->setText(date.toString(Qt::ISODate));
        menu->close();
        valueTyped();
        into->setFocus(Qt::OtherFocusReason);
    });
    menu->popup(from->mapToGlobal(QPoint(0, from->height())));
}

void ClauseEditor::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF box = QRectF(rect()).adjusted(shadow, shadow / 2.0, -shadow, -shadow);
    painter.setPen(Qt::NoPen);
    for (int i = shadow; i > 0; --i) {
        painter.setBrush(QColor(0, 0, 0, Theme::instance().isDark() ? 9 : 3));
        painter.drawRoundedRect(box.adjusted(-i, -i + 4, i, i), metrics::radius + i, metrics::radius + i);
    }
    painter.setPen(QPen(color(ColorRole::Outline), 1));
    painter.setBrush(color(ColorRole::Raised));
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 8, 8);
}

void ClauseEditor::showEvent(QShowEvent*)
{
    qApp->installEventFilter(this);
    m_focusWatch = connect(qApp, &QApplication::focusChanged, this, [this](const QWidget* old) {
        // Going from page to page the focus may be elsewhere for a moment: where it comes to rest decides.
        if (old && isAncestorOf(old))
            QTimer::singleShot(0, this, &ClauseEditor::noticeLeaving);
    });
}

void ClauseEditor::hideEvent(QHideEvent*)
{
    qApp->removeEventFilter(this);
    disconnect(m_focusWatch);
}

void ClauseEditor::noticeLeaving()
{
    const QWidget* now = QApplication::focusWidget();
    if (isOpen() && now && now != this && !isAncestorOf(now) && now->window() == window())
        Q_EMIT left();
}

void ClauseEditor::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Escape) {
        Q_EMIT cancelled();
        return;
    }
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
        if (m_form->isVisible())
            enterPressed();
        return;
    }
    QFrame::keyPressEvent(event);
}

bool ClauseEditor::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() == QEvent::MouseButtonPress && isOpen()) {
        auto* widget = qobject_cast<QWidget*>(watched);
        // Menus and the lists of combo boxes are windows of their own; a press in them belongs to this
        // editor.
        if (widget && widget != this && !isAncestorOf(widget) && widget->window() == window()) {
            Q_EMIT done();
            return false;
        }
    }
    if (event->type() != QEvent::KeyPress && event->type() != QEvent::ShortcutOverride)
        return false;
    auto* key = static_cast<QKeyEvent*>(event);
    auto* widget = qobject_cast<QWidget*>(watched);
    if (!widget || !isAncestorOf(widget))
        return false;
    if (event->type() == QEvent::ShortcutOverride) {
        // Esc belongs to the editor while it is open, not to whatever the window does with it.
        if (key->key() == Qt::Key_Escape)
            event->accept();
        return false;
    }
    const bool enter = key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter;
    if (watched == m_search) {
        if (key->key() == Qt::Key_Escape && m_search->text().isEmpty()) {
            Q_EMIT cancelled();
            return true;
        }
        if (enter) {
            const Attribute* attribute = m_attributes->attributeAt(m_list->currentIndex());
            if (attribute)
                chooseSubject(Subject::ofAttribute(attribute->name));
            return true;
        }
    } else if (watched == m_list) {
        if (enter) {
            if (const Attribute* attribute = m_attributes->attributeAt(m_list->currentIndex()))
                chooseSubject(Subject::ofAttribute(attribute->name));
            return true;
        }
        if (key->key() == Qt::Key_Up && m_list->currentIndex().row() <= 0) {
            m_search->setFocus(Qt::OtherFocusReason);
            return true;
        }
    } else if (watched == m_first || watched == m_second) {
        if (enter)
            return enterPressed();
        if (key->key() == Qt::Key_Down && m_valueList->isVisible()) {
            m_valueList->setFocus(Qt::OtherFocusReason);
            m_valueList->setCurrentIndex(m_values->index(0));
            return true;
        }
        if (key->key() == Qt::Key_Backspace && watched == m_first && m_first->text().isEmpty() &&
            !m_chosen.isEmpty() && currentOperator() == Operator::In) {
            m_chosen.removeLast();
            m_touched = true;
            showSuggestions();
            recompute(false, true);
            fit();
            return true;
        }
    } else if (watched == m_valueList) {
        if (key->key() == Qt::Key_Up && m_valueList->currentIndex().row() <= 0) {
            m_first->setFocus(Qt::OtherFocusReason);
            return true;
        }
    }
    return false;
}

} // namespace atlas::gui
