// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/catalog/catalogservice.h"

#include <algorithm>

#include "model/statements.h"

namespace atlas {

namespace {

const RegisteredStatement positionSql{
    "catalog.position", "Position of the primary after a change of one's own",
    "select case when pg_is_in_recovery() then null else pg_current_wal_lsn() end as lsn"};

} // namespace

CatalogService::CatalogService(routing::Reader* reader, int tenant, QObject* parent)
    : QObject(parent)
    , m_reader(reader)
    , m_tenant(tenant)
{
}

void CatalogService::reload(routing::Intent intent)
{
    if (m_loading)
        m_reader->cancel(m_loading);
    if (intent == routing::Intent::Critical)
        notePosition();
    const int tenant = m_tenant;
    // The catalogue lives on the primary and its replicas; a stale state is caught by the server (AT001).
    m_loading = m_reader->read(
        intent,
        [tenant](const QString&, db::EndpointRole) { return AttributeCatalog::listStatement(tenant); }, this,
        [this](db::Result<routing::Routed> result) {
            m_loading = 0;
            if (!result) {
                m_error = result.error();
                Q_EMIT failed(result.error());
                return;
            }
            m_error.reset();
            const AttributeCatalog fresh = AttributeCatalog::fromRows(result->rows);
            // What was measured again meanwhile is fetched again when it is asked for.
            QList<AttributeDetail> known;
            for (int i = 0; i < m_catalog.size(); ++i) {
                const Attribute& before = m_catalog.at(i);
                const AttributeDetail* detail = m_catalog.detail(before.id);
                const Attribute* now = fresh.findId(before.id);
                if (detail && now && now->measuredAt.isValid() && now->measuredAt == before.measuredAt)
                    known.append(*detail);
            }
            m_catalog = fresh.withDetails(known);
            m_failedDetails.clear();
            m_loaded = true;
            Q_EMIT changed();
        },
        Purpose::Analyst, m_afterLsn);
}

/// A node that has replayed the position at which the primary is now has everything that was written before.
void CatalogService::notePosition()
{
    m_reader->read(
        routing::Intent::Critical, [](const QString&, db::EndpointRole) { return positionSql(); }, this,
        [this](const db::Result<routing::Routed>& result) {
            if (result && result->route.role == db::EndpointRole::Primary && !result->rows.isNull(0, 0))
                m_afterLsn = result->rows.string(0, 0);
        });
}

void CatalogService::ensureDetails(const QList<int>& ids, QObject* receiver, std::function<void()> done)
{
    QSet<int> missing;
    for (const int id : ids) {
        if (!m_catalog.detail(id) && !m_failedDetails.contains(id))
            missing.insert(id);
    }
    if (missing.isEmpty()) {
        done();
        return;
    }
    m_wanted |= missing - m_inFlight;
    m_waiting.push_back({missing, receiver, std::move(done)});
    fetchDetails();
}

void CatalogService::retryDetails(const QList<int>& ids)
{
    for (const int id : ids)
        m_failedDetails.remove(id);
}

void CatalogService::fetchDetails()
{
    if (m_fetching || m_wanted.isEmpty())
        return;
    m_inFlight = m_wanted;
    m_wanted.clear();
    const QList<int> ids(m_inFlight.begin(), m_inFlight.end());
    const int tenant = m_tenant;
    m_fetching = m_reader->read(
        routing::Intent::Operational,
        [tenant, ids](const QString&, db::EndpointRole) {
            return AttributeCatalog::detailStatement(tenant, ids);
        },
        this,
        [this](db::Result<routing::Routed> result) {
            m_fetching = 0;
            if (result) {
                m_catalog = m_catalog.withDetails(AttributeCatalog::detailsFromRows(result->rows));
                for (const int id : std::as_const(m_inFlight)) {
                    if (!m_catalog.detail(id))
                        m_failedDetails.insert(id);
                }
            } else {
                // Estimates go without; the next reload asks again.
                m_failedDetails |= m_inFlight;
            }
            m_inFlight.clear();
            settleWaiting();
            fetchDetails();
        },
        Purpose::Analyst, m_afterLsn);
}

void CatalogService::settleWaiting()
{
    std::vector<Waiting> ready;
    std::erase_if(m_waiting, [this, &ready](Waiting& waiting) {
        const bool complete = std::all_of(waiting.ids.cbegin(), waiting.ids.cend(), [this](int id) {
            return m_catalog.detail(id) || m_failedDetails.contains(id);
        });
        if (complete)
            ready.push_back(std::move(waiting));
        return complete;
    });
    for (const Waiting& waiting : ready) {
        if (waiting.receiver)
            waiting.done();
    }
}

} // namespace atlas
