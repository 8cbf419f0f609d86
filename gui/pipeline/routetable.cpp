// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/pipeline/routetable.h"

#include <QHeaderView>

#include "gui/support/timetext.h"
#include "gui/theme/theme.h"

namespace atlas::gui {

namespace {

QString ageText(const routing::Route& route)
{
    if (route.node.isEmpty())
        return QStringLiteral("–");
    if (route.role == db::EndpointRole::Primary)
        return RouteModel::tr("live");
    if (!route.ageSeconds)
        return RouteModel::tr("unknown");
    return durationText(*route.ageSeconds);
}

/// Budgets are round: "10 s", not "10.0 s".
QString wantedText(const routing::Route& route)
{
    if (!route.wantedSeconds)
        return RouteModel::tr("best effort");
    const double seconds = *route.wantedSeconds;
    if (seconds >= 60 && seconds < 7200 && qRound64(seconds) % 60 == 0)
        return RouteModel::tr("< %1 min").arg(qRound64(seconds) / 60);
    if (seconds < 60 && double(qRound64(seconds)) == seconds)
        return RouteModel::tr("< %1 s").arg(qRound64(seconds));
    return RouteModel::tr("< %1").arg(durationText(seconds));
}

bool isBad(const routing::Route& route)
{
    return route.node.isEmpty() || !route.met;
}

} // namespace

RouteModel::RouteModel(QObject* parent)
    : QAbstractTableModel(parent)
{
}

void RouteModel::setRoutes(const QList<routing::Route>& routes)
{
    bool same = routes.size() == m_routes.size();
    for (int i = 0; same && i < routes.size(); ++i)
        same = routes.at(i).intent == m_routes.at(i).intent;
    if (!same) {
        beginResetModel();
        m_routes = routes;
        endResetModel();
        return;
    }
    m_routes = routes;
    if (!m_routes.isEmpty())
        Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
}

QString RouteModel::verdictText(const routing::Route& route)
{
    if (route.node.isEmpty())
        return tr("nowhere");
    if (!route.wantedSeconds)
        return tr("best effort");
    return route.met ? tr("met") : tr("not met");
}

QString RouteModel::reasonText(const routing::Route& route)
{
    QStringList lines;
    if (!route.node.isEmpty()) {
        const QString age = route.role == db::EndpointRole::Primary ? tr("live")
                            : route.ageSeconds                      ? tr("%1 old").arg(ageText(route))
                                                                    : tr("age unknown");
        lines
            << (route.wantedSeconds
                    ? tr("%1, %2; wanted %3: %4").arg(route.node, age, wantedText(route), verdictText(route))
                    : tr("%1, %2; best effort").arg(route.node, age));
    }
    QString reason = route.reason;
    if (!reason.isEmpty()) {
        reason[0] = reason.at(0).toUpper();
        lines << reason + QLatin1Char('.');
    }
    QString text = lines.join(QLatin1Char('\n'));
    if (!route.passedOver.isEmpty())
        text += QStringLiteral("\n") + tr("Passed over:") + QStringLiteral("\n") +
                route.passedOver.join(QLatin1Char('\n'));
    return text;
}

int RouteModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_routes.size());
}

int RouteModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(ColumnCount);
}

QVariant RouteModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole)
        return int((section == Wanted || section == Age ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Intent:
        return tr("Query");
    case Wanted:
        return tr("Wanted");
    case Node:
        return tr("Goes to");
    case Age:
        return tr("Age there");
    case Verdict:
        return tr("Now");
    default:
        return {};
    }
}

QVariant RouteModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const routing::Route& route = m_routes.at(index.row());
    const int column = index.column();
    switch (role) {
    case Qt::DisplayRole:
        switch (column) {
        case Intent:
            return routing::intentName(route.intent);
        case Wanted:
            return wantedText(route);
        case Node:
            return route.node.isEmpty() ? QStringLiteral("–") : route.node;
        case Age:
            return ageText(route);
        case Verdict:
            return verdictText(route);
        default:
            return {};
        }
    case Qt::TextAlignmentRole:
        return int((column == Wanted || column == Age ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    case Qt::DecorationRole:
        if (column != Verdict)
            return {};
        if (isBad(route))
            return icon(QStringLiteral("warning"),
                        route.node.isEmpty() ? ColorRole::Critical : ColorRole::Warning);
        return route.wantedSeconds ? icon(QStringLiteral("check"), ColorRole::Positive)
                                   : icon(QStringLiteral("clock"), ColorRole::TextMuted);
    case Qt::ForegroundRole:
        if (column == Wanted)
            return color(ColorRole::TextMuted);
        if (column == Verdict && isBad(route))
            return color(route.node.isEmpty() ? ColorRole::Critical : ColorRole::Warning);
        return {};
    case Qt::ToolTipRole:
        return QStringLiteral("<p>%1</p>")
            .arg(reasonText(route).toHtmlEscaped().replace(QLatin1Char('\n'), QLatin1String("<br>")));
    case Qt::AccessibleDescriptionRole:
        return reasonText(route);
    default:
        return {};
    }
}

RouteTable::RouteTable(QWidget* parent)
    : QTableView(parent)
    , m_model(new RouteModel(this))
{
    setObjectName(QStringLiteral("routeTable"));
    setAccessibleName(tr("Freshness of each kind of query"));
    verticalHeader()->hide();
    verticalHeader()->setDefaultSectionSize(metrics::rowHeight);
    verticalHeader()->setMinimumSectionSize(metrics::rowHeight);
    setModel(m_model);
    setFrameShape(QFrame::NoFrame);
    setShowGrid(false);
    setIconSize(QSize(metrics::iconSize, metrics::iconSize));
    setWordWrap(false);
    setTabKeyNavigation(false);
    setSelectionBehavior(QAbstractItemView::SelectRows);
    setSelectionMode(QAbstractItemView::SingleSelection);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAsNeeded);
    QHeaderView* header = horizontalHeader();
    header->setHighlightSections(false);
    const QFontMetrics text(Theme::instance().font());
    const auto width = [&](int section, const QString& sample) {
        header->resizeSection(section, text.horizontalAdvance(sample) + 18);
    };
    width(RouteModel::Intent, QStringLiteral("operational"));
    width(RouteModel::Wanted, QStringLiteral("best effort"));
    width(RouteModel::Node, QStringLiteral("warehouse"));
    width(RouteModel::Age, QStringLiteral("Age there"));
    header->setStretchLastSection(true);
    connect(selectionModel(), &QItemSelectionModel::currentRowChanged, this, &RouteTable::chosenChanged);
    connect(m_model, &QAbstractItemModel::dataChanged, this, &RouteTable::chosenChanged);
    connect(m_model, &QAbstractItemModel::modelReset, this, &RouteTable::chosenChanged);
}

const routing::Route* RouteTable::chosen() const
{
    const int row = currentIndex().row();
    return row >= 0 && row < m_model->routes().size() ? &m_model->routes().at(row) : nullptr;
}

QSize RouteTable::sizeHint() const
{
    const int rows = qMax(1, m_model->rowCount());
    const QFontMetrics text(Theme::instance().font());
    return {horizontalHeader()->sectionPosition(RouteModel::Verdict) +
                text.horizontalAdvance(QStringLiteral("best effort")) + 48,
            horizontalHeader()->sizeHint().height() + rows * metrics::rowHeight + metrics::hair};
}

} // namespace atlas::gui
