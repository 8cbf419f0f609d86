// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/hotset/usage.h"

#include <algorithm>

#include "model/environment/environment.h"
#include "model/filter/compiler.h"
#include "model/filter/printer.h"
#include "model/statements.h"

namespace atlas::hotset {

namespace {

using namespace std::chrono_literals;

// Number, login and time are the server's.
const RegisteredStatement usageSql{"usage.note", "Note what a filter compared and how long it took", R"sql(
insert into atlas.filter_usage (tenant_id, filter, attributes, milliseconds, rows, endpoint)
values ($1::int, $2::text, $3::int[], $4::float8, $5::bigint, $6::text))sql"};

const RegisteredStatement candidatesSql{"hotset.candidates", "Attributes that filters compared for equality",
                                        R"sql(
select attribute_id, filters, combined, milliseconds, entities_with, distinct_values, write_rate
  from atlas.hot_set_candidates($1::int, $2::int))sql"};

constexpr qsizetype longestShape = 4'000;
constexpr qsizetype mostAttributes = 1'000;
constexpr qsizetype mostWaiting = 10;
constexpr auto pause = 1s;
constexpr auto quiet = 1min;
constexpr auto patience = 5s;

} // namespace

std::optional<Usage> usageOf(const filter::Expression& filter, const filter::CatalogLookup& catalog,
                             int tenant)
{
    Usage usage;
    usage.attributes = filter::hotEqualities(filter, catalog).mid(0, mostAttributes);
    if (usage.attributes.isEmpty())
        return std::nullopt;
    usage.tenant = tenant;
    usage.shape = filter::shape(filter).left(longestShape);
    // Not half a character.
    if (!usage.shape.isEmpty() && usage.shape.back().isHighSurrogate())
        usage.shape.chop(1);
    return usage;
}

db::Statement usageStatement(const Usage& usage)
{
    return about(usage.tenant,
                 usageSql({db::param(usage.tenant), db::param(usage.shape), db::arrayParam(usage.attributes),
                           db::param(usage.milliseconds), usage.rows ? db::param(*usage.rows) : db::Param(),
                           db::param(usage.endpoint)},
                          patience));
}

QString usageEndpoint(db::Client& client)
{
    const QString primary = endpointId(QStringLiteral("primary"));
    const QList<db::Endpoint> known = client.endpoints();
    const auto found = std::find_if(known.cbegin(), known.cend(),
                                    [&primary](const db::Endpoint& one) { return one.id == primary; });
    if (found == known.cend())
        return {};
    db::Endpoint endpoint = *found;
    endpoint.id = primary + QStringLiteral("#usage");
    endpoint.maxConnections = 1;
    endpoint.readOnly = false;
    client.setEndpoint(endpoint);
    return endpoint.id;
}

bool isUsageEndpoint(const QString& id)
{
    return id.endsWith(QStringLiteral("#usage"));
}

UsageRecorder::UsageRecorder(db::Client* client, QObject* parent)
    : QObject(parent)
    , m_client(client)
{
    m_pause.setSingleShot(true);
    m_pause.setInterval(pause);
    connect(&m_pause, &QTimer::timeout, this, &UsageRecorder::send);
}

void UsageRecorder::record(const Usage& usage)
{
    if (m_refused || !m_quiet.hasExpired() || m_waiting.size() >= mostWaiting) {
        ++m_dropped;
        return;
    }
    m_waiting.append(usage);
    if (!m_sending && !m_pause.isActive())
        send();
}

void UsageRecorder::send()
{
    if (m_waiting.isEmpty() || m_sending || !m_client)
        return;
    const QString endpoint = usageEndpoint(*m_client);
    if (endpoint.isEmpty())
        return;
    m_sending = true;
    m_client->query(endpoint, usageStatement(m_waiting.takeFirst()), this,
                    [this](const db::Result<db::ResultSet>& result) {
                        m_sending = false;
                        if (!result) {
                            m_dropped += 1 + m_waiting.size();
                            m_waiting.clear();
                            m_refused = refusesLogin(result.error()) ||
                                        result.error().kind == db::ErrorKind::ReadOnly;
                            m_quiet.setRemainingTime(quiet);
                        }
                        m_pause.start();
                    });
}

db::Statement candidatesStatement(int tenant, int days)
{
    return about(tenant, candidatesSql({db::param(tenant), db::param(days)}));
}

std::vector<Candidate> candidatesFromRows(const db::ResultSet& rows)
{
    std::vector<Candidate> candidates;
    for (int row = 0; row < rows.rowCount(); ++row) {
        Candidate one;
        one.attributeId = static_cast<int>(rows.integer(row, 0).value_or(0));
        one.filters = rows.integer(row, 1).value_or(0);
        one.combined = rows.integer(row, 2).value_or(0);
        one.milliseconds = rows.real(row, 3).value_or(0);
        one.entitiesWith = rows.integer(row, 4);
        one.distinctValues = rows.integer(row, 5);
        one.writeRate = rows.real(row, 6);
        candidates.push_back(one);
    }
    return candidates;
}

} // namespace atlas::hotset
