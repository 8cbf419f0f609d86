// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/explaindialog.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QShortcut>
#include <QTableWidget>
#include <QVBoxLayout>

#include <algorithm>

#include "gui/assets/clauses.h"
#include "gui/assets/estimatetext.h"
#include "gui/support/timetext.h"
#include "gui/theme/theme.h"
#include "gui/widgets/busyindicator.h"
#include "gui/widgets/buttons.h"
#include "gui/widgets/messagestrip.h"
#include "model/filter/printer.h"

namespace atlas::gui {

namespace {

enum ConditionColumn { Condition = 0, Role, Access, Expected, Found };
enum ShapeColumn { ShapeName = 0, Driver, Cost };

constexpr int wholeFilter = -1;
constexpr int longestFilter = 400;
constexpr int widestColumn = 240; // beside the one that takes the rest

QTableWidget* table(const QString& name, const QString& accessibleName, const QStringList& heads,
                    QWidget* parent)
{
    auto* made = new QTableWidget(0, int(heads.size()), parent);
    made->setObjectName(name);
    made->setAccessibleName(accessibleName);
    made->setHorizontalHeaderLabels(heads);
    made->verticalHeader()->hide();
    made->verticalHeader()->setDefaultSectionSize(metrics::rowHeight);
    made->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    made->horizontalHeader()->setHighlightSections(false);
    made->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    made->setEditTriggers(QAbstractItemView::NoEditTriggers);
    made->setSelectionBehavior(QAbstractItemView::SelectRows);
    made->setSelectionMode(QAbstractItemView::SingleSelection);
    made->setShowGrid(false);
    made->setWordWrap(false);
    made->setTabKeyNavigation(false);
    made->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    return made;
}

void setCell(QTableWidget* table, int row, int column, const QString& text, const QString& toolTip = {},
             bool isNumber = false)
{
    auto* item = new QTableWidgetItem(text);
    item->setToolTip(toolTip.isEmpty() ? text : toolTip);
    if (isNumber)
        item->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
    table->setItem(row, column, item);
}

QString costText(double microseconds)
{
    return elapsedText(microseconds / 1000);
}

} // namespace

ExplainDialog::ExplainDialog(Source source, QWidget* parent)
    : QDialog(parent)
    , m_source(std::move(source))
{
    setObjectName(QStringLiteral("explainDialog"));
    setAttribute(Qt::WA_DeleteOnClose);
    setWindowTitle(tr("How the filter was answered"));

    m_filter = new QLabel(this);
    m_filter->setFont(Theme::instance().monospaceFont());
    m_filter->setWordWrap(true);
    m_filter->setMinimumWidth(1); // one long word must not widen the window
    m_filter->setTextFormat(Qt::PlainText);
    m_reason = new QLabel(this);
    m_reason->setWordWrap(true);
    m_reason->setTextFormat(Qt::PlainText);
    m_summary = new QLabel(this);
    m_summary->setObjectName(QStringLiteral("explainSummary"));
    m_summary->setFont(Theme::instance().strongFont());
    m_where = mutedLabel({}, this);
    m_where->setWordWrap(true);
    m_busy = new BusyIndicator(this);
    m_stop = button(tr("Stop"), this);
    m_strip = new MessageStrip(this);
    m_conditions = table(
        QStringLiteral("explainConditions"), tr("Conditions"),
        {tr("Condition"), tr("Its part"), tr("Read from"), tr("Expected"), tr("Found by itself")}, this);
    m_shapes = table(QStringLiteral("explainShapes"), tr("Shapes"),
                     {tr("Shape"), tr("Begins with"), tr("Cost expected")}, this);
    for (const auto& [each, column] :
         {std::pair{m_conditions, int(Expected)}, {m_conditions, int(Found)}, {m_shapes, int(Cost)}})
        each->horizontalHeaderItem(column)->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);

    auto* line = new QHBoxLayout;
    line->addWidget(m_summary, 1);
    line->addWidget(m_busy);
    line->addWidget(m_stop);
    QPushButton* copy = button(tr("Copy as text"), this, QStringLiteral("copy"));
    QPushButton* again = button(tr("Count again"), this);
    QPushButton* shut = button(tr("Close"), this);
    for (QPushButton* each : {copy, again, shut, m_stop})
        each->setAutoDefault(false);
    auto* foot = new QHBoxLayout;
    foot->addWidget(copy);
    foot->addWidget(again);
    foot->addStretch();
    foot->addWidget(shut);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(metrics::large, metrics::large, metrics::large, metrics::normal);
    layout->setSpacing(metrics::small);
    layout->addWidget(m_filter);
    layout->addWidget(m_strip);
    layout->addLayout(line);
    layout->addWidget(m_where);
    layout->addWidget(sectionLabel(tr("Conditions"), this));
    layout->addWidget(m_conditions, 3);
    layout->addWidget(sectionLabel(tr("Shape"), this));
    layout->addWidget(m_reason);
    layout->addWidget(m_shapes, 2);
    layout->addLayout(foot);
    resize(960, 600);

    connect(m_stop, &QPushButton::clicked, this, &ExplainDialog::stop);
    connect(again, &QPushButton::clicked, this, &ExplainDialog::againRequested);
    connect(m_strip, &MessageStrip::retryRequested, this, &ExplainDialog::againRequested);
    connect(shut, &QPushButton::clicked, this, &QDialog::close);
    const auto copyAll = [this] { QGuiApplication::clipboard()->setText(text()); };
    connect(copy, &QPushButton::clicked, this, copyAll);
    connect(new QShortcut(QKeySequence::Copy, this), &QShortcut::activated, this, copyAll);
    connect(new QShortcut(QKeySequence::Refresh, this), &QShortcut::activated, this,
            &ExplainDialog::againRequested);
}

ExplainDialog::~ExplainDialog()
{
    stop();
}

void ExplainDialog::explain(Asked asked)
{
    stop();
    m_asked = std::move(asked);
    const filter::Explain& plan = m_asked.plan;
    const QString written = filter::print(m_asked.filter);
    m_filter->setText(written.isEmpty()                ? tr("every asset")
                      : written.size() > longestFilter ? written.left(longestFilter) + QChar(0x2026)
                                                       : written);
    m_reason->setText(plan.reason);
    m_reason->setVisible(!plan.reason.isEmpty());
    m_where->setText(tr("The first page took %1 on %2")
                         .arg(elapsedText(m_asked.milliseconds), routing::describe(m_asked.route)));

    m_conditions->setRowCount(int(plan.sources.size()));
    for (int row = 0; row < int(plan.sources.size()); ++row) {
        const filter::Explain::Source& source = plan.sources.at(row);
        setCell(m_conditions, row, Condition, beginningOf(source.description), source.description.left(1000));
        setCell(m_conditions, row, Role, source.role);
        setCell(m_conditions, row, Access, source.access);
        const QString about = source.bounds ? boundsText(*source.bounds) : QString();
        setCell(m_conditions, row, Expected,
                source.measured && source.bounds ? boundedText(source.expected, *source.bounds)
                                                 : tr("perhaps %1").arg(estimateText(source.expected)),
                about, true);
        showFound(row);
    }
    m_shapes->setRowCount(1 + int(plan.rejected.size()));
    const auto showShape = [this](int row, filter::Shape shape, const QString& driver, double cost) {
        const bool isChosen = row == 0;
        setCell(m_shapes, row, ShapeName, filter::name(shape),
                isChosen ? tr("%1: chosen").arg(filter::name(shape)) : QString());
        setCell(m_shapes, row, Driver, beginningOf(driver), driver.left(1000));
        setCell(m_shapes, row, Cost, isChosen ? tr("%1, chosen").arg(costText(cost)) : costText(cost), {},
                true);
        if (isChosen) {
            m_shapes->item(row, ShapeName)->setIcon(icon(QStringLiteral("check"), ColorRole::Positive));
            for (int column = 0; column < m_shapes->columnCount(); ++column)
                m_shapes->item(row, column)->setFont(Theme::instance().strongFont());
        }
    };
    showShape(0, plan.shape, plan.driver, plan.cost);
    for (int i = 0; i < int(plan.rejected.size()); ++i)
        showShape(i + 1, plan.rejected.at(i).shape, plan.rejected.at(i).driver, plan.rejected.at(i).cost);
    fitTables();
    count();
    if (!m_conditions->hasFocus() && !focusWidget())
        m_conditions->setFocus(Qt::OtherFocusReason);
}

void ExplainDialog::fitTables()
{
    const auto fit = [](QTableWidget* table, int stretched) {
        QHeaderView* header = table->horizontalHeader();
        for (int column = 0; column < table->columnCount(); ++column) {
            if (column == stretched)
                continue;
            table->resizeColumnToContents(column);
            table->setColumnWidth(column, std::min(table->columnWidth(column), widestColumn));
        }
        header->setSectionResizeMode(stretched, QHeaderView::Stretch);
        const auto high = [table, header](int rows) {
            return header->sizeHint().height() + rows * metrics::rowHeight + 6;
        };
        table->setMinimumHeight(high(std::clamp(table->rowCount(), 2, 4)));
        return high(std::max(table->rowCount(), 2));
    };
    // What few conditions leave is for the shapes.
    m_conditions->setMaximumHeight(fit(m_conditions, Condition));
    fit(m_shapes, Driver);
}

void ExplainDialog::count()
{
    m_strip->clear();
    m_found.reset();
    m_waiting.clear();
    m_counting = true;
    for (int row = int(m_asked.plan.sources.size()) - 1; row >= 0; --row) {
        m_asked.plan.sources[row].actual.reset();
        if (m_asked.plan.sources.at(row).filter)
            m_waiting.push_back(row);
        showFound(row);
    }
    m_waiting.push_back(wholeFilter);
    countNext();
}

void ExplainDialog::countNext()
{
    if (m_waiting.empty()) {
        m_counting = false;
        showSummary();
        return;
    }
    m_current = m_waiting.back();
    m_waiting.pop_back();
    const bool isWhole = m_current == wholeFilter;
    const quint64 run = ++m_run;
    m_ticket =
        m_source.count(isWhole ? m_asked.filter : *m_asked.plan.sources.at(m_current).filter,
                       isWhole ? wholeBudget : conditionBudget, this, [this, run](const auto& outcome) {
                           if (run == m_run)
                               take(outcome);
                       });
    showSummary();
    if (!isWhole)
        showFound(m_current);
}

void ExplainDialog::take(const std::variant<browse::Count, browse::Problem>& outcome)
{
    m_ticket = 0;
    if (const auto* problem = std::get_if<browse::Problem>(&outcome)) {
        // Whatever it was, the next would meet it too; what is known stays.
        stop();
        if (problem->error)
            m_strip->showError(tr("The assets could not be counted"), *problem->error);
        else
            m_strip->showMessage(MessageStrip::Kind::Warning, problem->message);
        m_strip->setRetryVisible(true);
        return;
    }
    const auto& counted = std::get<browse::Count>(outcome);
    const qint64 found = counted.exact ? counted.entities : -1;
    if (m_current == wholeFilter) {
        m_found = found;
    } else {
        m_asked.plan.sources[m_current].actual = found;
        showFound(m_current);
    }
    countNext();
}

void ExplainDialog::stop()
{
    if (!m_counting)
        return;
    if (m_ticket)
        m_source.cancel(std::exchange(m_ticket, 0));
    ++m_run;
    m_counting = false;
    m_waiting.clear();
    for (int row = 0; row < m_conditions->rowCount(); ++row)
        showFound(row);
    showSummary();
}

void ExplainDialog::showFound(int row)
{
    const filter::Explain::Source& source = m_asked.plan.sources.at(row);
    QString text = QStringLiteral("–");
    QString about = tr("Not counted");
    if (source.actual && *source.actual >= 0) {
        text = countText(*source.actual);
        about = tr("Counted after the rows were read");
    } else if (source.actual) {
        text = tr("not within %1").arg(elapsedText(double(conditionBudget.count())));
    } else if (!source.filter) {
        about = tr("No filter of its own");
    } else if (m_counting) {
        text = QStringLiteral("…");
        about = tr("Counting");
    }
    setCell(m_conditions, row, Found, text, about, true);
}

void ExplainDialog::showSummary()
{
    const filter::Explain& plan = m_asked.plan;
    const QString expected = plan.measured && plan.bounds
                                 ? tr("%1 expected").arg(assetsText(boundedText(plan.expected, *plan.bounds)))
                                 : tr("perhaps %1, a guess").arg(assetsText(estimateText(plan.expected)));
    QString found = tr("not counted");
    if (m_found && *m_found >= 0)
        found = tr("%1 found").arg(countText(*m_found));
    else if (m_found)
        found = tr("not counted within %1").arg(elapsedText(double(wholeBudget.count())));
    else if (m_counting)
        found = tr("counting…");
    m_summary->setText(expected + QStringLiteral(" · ") + found);
    m_summary->setToolTip(plan.bounds ? boundsText(*plan.bounds, plan.sources.size() > 1) : QString());
    m_busy->setRunning(m_counting);
    m_stop->setVisible(m_counting);
}

void ExplainDialog::setOutdated()
{
    stop();
    m_strip->showMessage(MessageStrip::Kind::Info, tr("This is about what was asked before."));
    m_strip->setRetryVisible(true, tr("Explain the rows shown now"));
}

QString ExplainDialog::summaryShown() const
{
    return m_summary->text();
}

QString ExplainDialog::text() const
{
    QString found = tr("not counted");
    if (m_found && *m_found >= 0)
        found = tr("found %1").arg(*m_found);
    else if (m_found)
        found = tr("not counted in time");
    return filter::print(m_asked.filter) + QLatin1Char('\n') + m_asked.plan.text() + found +
           QLatin1Char('\n') + QString::fromUtf8(m_asked.sql) + QLatin1Char('\n') + m_where->text() +
           QLatin1Char('\n');
}

} // namespace atlas::gui
