// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractTableModel>
#include <QTableView>

#include "model/routing/router.h"

namespace atlas::gui {

/// For each kind of query: how fresh it must be, where it goes now, how old the data are there.
class RouteModel : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column { Intent, Wanted, Node, Age, Verdict, ColumnCount };

    explicit RouteModel(QObject* parent = nullptr);
    /// In the order given; the selection stays as long as the intents do.
    void setRoutes(const QList<routing::Route>& routes);
    const QList<routing::Route>& routes() const { return m_routes; }
    /// "met", "not met", "best effort", "nowhere".
    static QString verdictText(const routing::Route& route);
    /// Where it goes and how old the data are there, why, and what was passed over.
    static QString reasonText(const routing::Route& route);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    QList<routing::Route> m_routes;
};

class RouteTable : public QTableView
{
    Q_OBJECT
public:
    explicit RouteTable(QWidget* parent = nullptr);
    RouteModel* routeModel() const { return m_model; }
    /// nullptr while nothing is chosen.
    const routing::Route* chosen() const;
    QSize sizeHint() const override;

Q_SIGNALS:
    void chosenChanged();

private:
    RouteModel* m_model;
};

} // namespace atlas::gui
