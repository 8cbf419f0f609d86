// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/histogrampanel.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QToolButton>
#include <QVBoxLayout>

#include <numeric>

#include "gui/assets/clauses.h"
#include "gui/assets/histogram.h"
#include "gui/support/timetext.h"
#include "gui/theme/theme.h"
#include "gui/widgets/busyindicator.h"
#include "gui/widgets/buttons.h"
#include "gui/widgets/messagestrip.h"

namespace atlas::gui {

namespace {

QToolButton* textButton(const QString& name, QWidget* parent)
{
    auto* made = new QToolButton(parent);
    made->setObjectName(name);
    made->setAutoRaise(true);
    made->setFont(Theme::instance().smallFont());
    made->setToolButtonStyle(Qt::ToolButtonTextOnly);
    made->setFocusPolicy(Qt::TabFocus);
    return made;
}

} // namespace

HistogramPanel::HistogramPanel(QWidget* parent)
    : QWidget(parent)
    , m_histogram(new Histogram(this))
    , m_text(mutedLabel({}, this))
    , m_busy(new BusyIndicator(this, 14))
    , m_count(textButton(QStringLiteral("countWithin"), this))
    , m_all(textButton(QStringLiteral("showAll"), this))
    , m_strip(new MessageStrip(this))
{
    setObjectName(QStringLiteral("histogramPanel"));
    m_text->setFont(Theme::instance().smallFont());
    m_text->setWordWrap(true);
    m_all->setText(tr("All assets"));
    m_all->setToolTip(tr("Back to all assets, as statistics know them"));

    // In a narrow pane its words need more lines than it would like to have.
    m_strip->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Minimum);

    auto* buttons = new QHBoxLayout;
    buttons->setSpacing(metrics::tight);
    buttons->addWidget(m_count);
    buttons->addWidget(m_all);
    buttons->addWidget(m_busy);
    buttons->addStretch();
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(metrics::hair);
    layout->addWidget(m_histogram);
    layout->addWidget(m_text);
    layout->addLayout(buttons);
    layout->addWidget(m_strip);

    connect(m_histogram, &Histogram::rangeChosen, this, &HistogramPanel::rangeChosen);
    connect(m_count, &QToolButton::clicked, this, [this] {
        if (isCounting())
            stop();
        else
            ask();
    });
    connect(m_all, &QToolButton::clicked, this, &HistogramPanel::returnToMeasured);
    clear();
}

HistogramPanel::~HistogramPanel()
{
    if (m_ticket)
        m_source.cancel(m_ticket);
}

void HistogramPanel::setSource(Source source)
{
    m_source = std::move(source);
    m_count->setVisible(m_source.ask != nullptr);
}

void HistogramPanel::showMeasured(const Attribute& attribute, const std::vector<double>& bounds)
{
    const bool isSame = attribute.id == m_attribute.id;
    m_attribute = attribute;
    m_bounds = bounds;
    show();
    if (!isSame || (!m_showsCounted && !isCounting() && !m_strip->isShowing())) {
        returnToMeasured();
    } else if (!m_showsCounted) { // what runs or went wrong stays, the columns are these
        m_histogram->setBounds(m_bounds, m_attribute.type, m_attribute.unit);
        m_histogram->setVisible(!m_histogram->isEmpty());
    }
}

void HistogramPanel::clear()
{
    m_attribute = {};
    m_bounds.clear();
    returnToMeasured();
    hide();
}

void HistogramPanel::setScope(Scope scope, const QString& text)
{
    m_scope = scope;
    m_text->setText(text);
    m_text->setVisible(!text.isEmpty());
    m_busy->setRunning(isCounting());
    m_busy->setVisible(isCounting());
    m_all->setVisible(m_showsCounted && !isCounting());
    m_count->setText(isCounting()               ? tr("Stop")
                     : scope == Scope::Measured ? tr("Count within the filter")
                                                : tr("Count again"));
    m_count->setToolTip(isCounting() ? tr("Stop counting (Esc)")
                                     : tr("How they are spread among the assets of the filter, now"));
    m_histogram->setFaded(scope == Scope::Outdated || (isCounting() && m_showsCounted));
    m_histogram->setVisible(!m_histogram->isEmpty());
    Q_EMIT scopeChanged();
}

void HistogramPanel::returnToMeasured()
{
    if (m_ticket)
        m_source.cancel(std::exchange(m_ticket, 0));
    ++m_asked;
    m_strip->clear();
    m_showsCounted = false;
    m_histogram->setBounds(m_bounds, m_attribute.type, m_attribute.unit);
    setScope(Scope::Measured, {});
}

void HistogramPanel::ask()
{
    if (!m_source.ask || !m_attribute.id)
        return;
    if (m_ticket)
        m_source.cancel(std::exchange(m_ticket, 0));
    m_strip->clear();
    const quint64 asked = ++m_asked;
    m_ticket = m_source.ask(m_attribute, this, [this, asked](const auto& outcome) {
        if (asked == m_asked)
            take(outcome);
    });
    setScope(Scope::Counting, tr("Counting within the filter…"));
}

void HistogramPanel::stop()
{
    if (!isCounting())
        return;
    if (m_ticket)
        m_source.cancel(std::exchange(m_ticket, 0));
    ++m_asked;
    // What stands there from an earlier count may be of another filter: nobody said so while it counted.
    if (m_showsCounted)
        setScope(Scope::Outdated, tr("Stopped: from an earlier count"));
    else
        setScope(Scope::Measured, {});
}

void HistogramPanel::filterChanged()
{
    if (!m_showsCounted && !isCounting() && !m_strip->isShowing())
        return;
    if (m_ticket)
        m_source.cancel(std::exchange(m_ticket, 0));
    ++m_asked;
    m_strip->clear();
    if (m_showsCounted)
        setScope(Scope::Outdated, tr("The filter has changed since"));
    else
        setScope(Scope::Measured, {});
}

void HistogramPanel::take(const std::variant<browse::ValueBins, browse::Problem>& outcome)
{
    m_ticket = 0;
    if (const auto* problem = std::get_if<browse::Problem>(&outcome)) {
        if (problem->error)
            m_strip->showError(tr("The values could not be counted"), *problem->error);
        else
            m_strip->showMessage(MessageStrip::Kind::Warning, problem->message);
        // The button above tries again: a second one leaves a narrow pane no room for words.
        m_strip->setRetryVisible(false);
        setScope(m_showsCounted ? Scope::Outdated : Scope::Measured,
                 m_showsCounted ? tr("From an earlier count") : QString());
        return;
    }
    const auto& counted = std::get<browse::ValueBins>(outcome);
    m_showsCounted = true;
    m_histogram->setBins(counted.bins, m_attribute.type, m_attribute.unit, counted.outside > 0);
    const qint64 having =
        std::accumulate(counted.bins.begin(), counted.bins.end(), counted.outside,
                        [](qint64 sum, const filter::Bin& bin) { return sum + bin.entities; });
    QString text =
        tr("Within the filter: %1%2 · %3")
            .arg(assetsText(countText(having)),
                 counted.outside > 0 ? tr(", %1 far out").arg(countText(counted.outside)) : QString(),
                 elapsedText(counted.milliseconds));
    if (having == 0)
        text = tr("None of the filter's assets has a value");
    else if (m_histogram->isEmpty())
        text =
            tr("Within the filter: %1, all with %2 · %3")
                .arg(assetsText(countText(having)),
                     valueForPeople(m_attribute.type, m_attribute.type == ValueType::Timestamp
                                                          ? QString::number(counted.bins.front().from, 'f', 0)
                                                          : plainNumber(counted.bins.front().from)),
                     elapsedText(counted.milliseconds));
    QString tip = tr("Counted on %1").arg(routing::describe(counted.route));
    if (counted.outside > 0)
        tip = tr("%1 with values far out, beyond both ends, are not drawn")
                  .arg(assetsText(countText(counted.outside))) +
              QLatin1Char('\n') + tip;
    m_text->setToolTip(tip);
    setScope(Scope::Counted, text);
}

QString HistogramPanel::scopeShown() const
{
    return m_text->text();
}

void HistogramPanel::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Escape && isCounting()) {
        stop();
        return;
    }
    QWidget::keyPressEvent(event);
}

} // namespace atlas::gui
