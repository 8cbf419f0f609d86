// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/topvaluespopup.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QScreen>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <numeric>

#include "gui/assets/clauses.h"
#include "gui/assets/topvalues.h"
#include "gui/support/timetext.h"
#include "gui/theme/theme.h"
#include "gui/widgets/busyindicator.h"
#include "gui/widgets/buttons.h"
#include "gui/widgets/elidedlabel.h"
#include "gui/widgets/messagestrip.h"

namespace atlas::gui {

namespace {
constexpr int popupWidth = 320;
constexpr int errorWidth = 520; // its text has two buttons beside it
constexpr int shownRows = 10;
} // namespace

TopValuesPopup::TopValuesPopup(const Attribute& attribute, const QString& among, Source source,
                               QWidget* parent)
    : QFrame(parent, Qt::Popup)
    , m_attribute(attribute)
    , m_among(among)
    , m_source(std::move(source))
{
    setObjectName(QStringLiteral("topValuesPopup"));
    setAttribute(Qt::WA_DeleteOnClose);
    setFrameShape(QFrame::StyledPanel);
    setBackgroundRole(QPalette::Base);
    setAutoFillBackground(true);
    setAccessibleName(tr("Most common values of %1").arg(attribute.name));

    auto* title = new ElidedLabel(this);
    title->setText(tr("Most common values of %1").arg(attribute.name));
    QFont bold = title->font();
    bold.setBold(true);
    title->setFont(bold);
    m_summary = mutedLabel({}, this);
    m_strip = new MessageStrip(this);

    auto* waiting = new QWidget(this);
    m_busy = new BusyIndicator(waiting);
    auto* row = new QHBoxLayout(waiting);
    row->setContentsMargins(metrics::small, metrics::small, metrics::small, metrics::small);
    row->addWidget(m_busy);
    row->addWidget(mutedLabel(tr("Counting, Esc stops"), waiting), 1);

    m_values = new TopValuesModel(this);
    m_list = new TopValuesView(this);
    m_list->setAccessibleName(accessibleName());
    m_list->setModel(m_values);
    m_pages = new QStackedWidget(this);
    m_pages->addWidget(waiting);
    m_pages->addWidget(m_list);
    m_keys = mutedLabel(tr("Enter: is · Alt+Enter: is not"), this);

    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(metrics::small, metrics::small, metrics::small, metrics::small);
    layout->setSpacing(metrics::tight);
    layout->addWidget(title);
    layout->addWidget(m_summary);
    layout->addWidget(m_strip);
    layout->addWidget(m_pages, 1);
    layout->addWidget(m_keys);

    connect(m_strip, &MessageStrip::retryRequested, this, &TopValuesPopup::ask);
    connect(m_list, &TopValuesView::valueChosen, this, [this](const QString& value, bool excluded) {
        // Closed first: what listens may open something else.
        const filter::Clause clause = valueClause(m_attribute, value, excluded);
        close();
        Q_EMIT clauseChosen(clause);
    });
}

TopValuesPopup::~TopValuesPopup()
{
    stop();
}

void TopValuesPopup::openAt(const QPoint& topLeft)
{
    move(topLeft);
    ask();
    show();
}

/// As high as what it shows, and on the screen.
void TopValuesPopup::fit()
{
    setFixedWidth(m_strip->isShowing() ? errorWidth : popupWidth);
    const int rows = std::clamp(m_values->rowCount(), 1, shownRows);
    m_pages->setFixedHeight(std::max(metrics::controlHeight, rows * (metrics::rowHeight - 2) + 2));
    layout()->activate();
    const bool wraps = layout()->hasHeightForWidth();
    resize(width(), wraps ? layout()->totalHeightForWidth(width()) : sizeHint().height());
    const QScreen* here = parentWidget() ? parentWidget()->screen() : screen();
    if (!here)
        return;
    const QRect area = here->availableGeometry();
    move(std::max(area.left(), std::min(x(), area.right() - width())),
         std::max(area.top(), std::min(y(), area.bottom() - height())));
}

void TopValuesPopup::ask()
{
    stop();
    m_strip->clear();
    m_values->clear();
    m_summary->setText(tr("among %1").arg(m_among));
    m_pages->setCurrentIndex(0);
    m_pages->show();
    m_keys->hide();
    m_busy->setRunning(true);
    m_counting = true;
    m_ticket = m_source.ask(this, [this](const auto& outcome) { take(outcome); });
    setFocus(Qt::PopupFocusReason);
    fit();
}

void TopValuesPopup::stop()
{
    m_busy->setRunning(false);
    if (std::exchange(m_counting, false) && m_ticket)
        m_source.cancel(m_ticket);
    m_ticket = 0;
}

void TopValuesPopup::take(const std::variant<browse::TopValues, browse::Problem>& outcome)
{
    m_counting = false;
    m_ticket = 0;
    m_busy->setRunning(false);
    if (const auto* problem = std::get_if<browse::Problem>(&outcome)) {
        m_pages->hide();
        if (problem->error)
            m_strip->showError(tr("The values could not be counted"), *problem->error);
        else
            m_strip->showMessage(MessageStrip::Kind::Warning, problem->message);
        m_strip->setRetryVisible(true);
        fit();
        return;
    }
    std::vector<AttributeDetail::Top> values = std::get<browse::TopValues>(outcome).values;
    if (values.empty()) {
        m_pages->hide();
        m_summary->setText(tr("None of %1 has a value.").arg(m_among));
        fit();
        return;
    }
    const bool isAll = int(values.size()) <= mostValues;
    if (!isAll)
        values.resize(mostValues);
    const qint64 having =
        std::accumulate(values.begin(), values.end(), qint64(0),
                        [](qint64 sum, const AttributeDetail::Top& value) { return sum + value.entities; });
    const QString howMany =
        values.size() == 1 ? tr("1 value") : tr("%1 values").arg(countText(qint64(values.size())));
    m_summary->setText(isAll ? tr("%1, on %2 of %3").arg(howMany, countText(having), m_among)
                             : tr("The %1 most common among %2").arg(countText(mostValues), m_among));
    // Shares are of all that have a value, which is known where these are all values.
    m_values->setValues(m_attribute.type, std::move(values), isAll ? having : 0);
    m_pages->setCurrentWidget(m_list);
    m_keys->show();
    m_list->setCurrentIndex(m_values->index(0));
    m_list->setFocus(Qt::PopupFocusReason);
    fit();
}

QString TopValuesPopup::summaryShown() const
{
    return m_summary->text();
}

} // namespace atlas::gui
