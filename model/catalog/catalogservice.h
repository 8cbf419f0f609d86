// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QSet>

#include "model/catalog/attributecatalog.h"
#include "model/routing/reader.h"

namespace atlas {

/// Keeps the catalogue of the current tenant for everything that shows or compiles attributes. GUI thread.
class CatalogService : public QObject
{
    Q_OBJECT
public:
    CatalogService(routing::Reader* reader, int tenant, QObject* parent = nullptr);

    int tenant() const { return m_tenant; }
    const AttributeCatalog& catalog() const { return m_catalog; }
    bool isLoaded() const { return m_loaded; }
    const std::optional<db::DbError>& error() const { return m_error; }

    /// Reads all attributes again; changed() or failed() follows. With Critical it comes from the primary:
    /// after a change of one's own a replica may still have the state before. Later reads then come from
    /// nodes that have replayed that change.
    void reload(routing::Intent intent = routing::Intent::Operational);
    /// Fetches top values and histograms of these, once for each measurement; `done` runs when all are there
    /// (also at once) or it failed.
    void ensureDetails(const QList<int>& ids, QObject* receiver, std::function<void()> done);
    /// The next ensureDetails() asks for these again, should they have failed before.
    void retryDetails(const QList<int>& ids);

Q_SIGNALS:
    void changed();
    void failed(const atlas::db::DbError& error);

private:
    struct Waiting
    {
        QSet<int> ids;
        QPointer<QObject> receiver;
        std::function<void()> done;
    };
    void notePosition();
    void fetchDetails();
    void settleWaiting();

    routing::Reader* m_reader;
    int m_tenant;
    QString m_afterLsn; ///< position of the primary after the last change of our own
    quint64 m_loading = 0;
    quint64 m_fetching = 0;
    QSet<int> m_wanted; ///< asked for, not sent yet
    QSet<int> m_inFlight;
    QSet<int> m_failedDetails; ///< not asked again before the next reload or retryDetails()
    std::vector<Waiting> m_waiting;
    AttributeCatalog m_catalog;
    bool m_loaded = false;
    std::optional<db::DbError> m_error;
};

} // namespace atlas
