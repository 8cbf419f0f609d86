// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/app/appcontext.h"

#include <QTimer>

#include <algorithm>
#include <array>
#include <chrono>

#include "gui/environments/secretstore.h"
#include "model/environment/discovery.h"
#include "model/hotset/usage.h"

namespace atlas::gui {

namespace {

/// A replica that does not answer is given up soon: the primary has the list too.
constexpr std::chrono::seconds replicaPatience(2);
constexpr std::chrono::seconds primaryPatience(10);

} // namespace

AppContext::AppContext(QObject* parent)
    : QObject(parent)
    , m_client(new db::Client(this))
    , m_retry(new QTimer(this))
{
    m_retry->setSingleShot(true);
    connect(m_retry, &QTimer::timeout, this, &AppContext::reloadTenants);
    connect(m_client, &db::Client::endpointStateChanged, this, &AppContext::noteState);
}

AppContext::~AppContext()
{
    // Shared models use the client: they go first.
    m_models.clear();
}

void AppContext::setEnvironment(const Environment& environment)
{
    clearEnvironment();
    m_environment = environment;
    const quint64 generation = m_generation;
    const auto ready = [this, generation](const QMap<QString, QString>& passwords) {
        if (generation != m_generation)
            return;
        applyEndpoints(passwords);
        Q_EMIT environmentChanged();
        reloadTenants();
    };
    if (environment.useKeychain && secrets::isAvailable())
        secrets::readAll(secrets::keysOf(environment), this, ready);
    else
        ready({});
}

void AppContext::clearEnvironment()
{
    ++m_generation;
    m_retry->stop();
    m_failures = 0;
    const bool hadOne = m_environment.has_value();
    m_environment.reset();
    const bool hadTenant = m_tenant.isValid();
    m_tenant = {};
    m_tenants.clear();
    m_tenantsError.reset();
    m_tenantsLoading = Loading::Idle;
    m_nodeStates.clear();
    m_loginStates.clear();
    dropModels(Scope::Environment);
    const QList<db::Endpoint> known = m_client->endpoints();
    for (const db::Endpoint& endpoint : known)
        m_client->removeEndpoint(endpoint.id);
    if (hadTenant)
        Q_EMIT tenantChanged(m_tenant);
    if (hadOne) {
        Q_EMIT environmentChanged();
        Q_EMIT tenantsChanged();
    }
}

void AppContext::applyEndpoints(const QMap<QString, QString>& passwords)
{
    for (const Purpose purpose : consolePurposes) {
        QList<db::Endpoint> endpoints = m_environment->endpointsFor(purpose);
        for (db::Endpoint& endpoint : endpoints) {
            const QString key =
                secrets::keyFor(m_environment->name, endpoint.role == db::EndpointRole::Warehouse,
                                endpoint.info.value(QStringLiteral("user")));
            if (passwords.contains(key))
                endpoint.info.set(QStringLiteral("password"), passwords.value(key));
            m_client->setEndpoint(endpoint);
        }
    }
}

QStringList AppContext::readNodes() const
{
    if (!m_environment)
        return {};
    QStringList all = replicaNodes();
    all << QStringLiteral("primary");
    QStringList alive;
    for (const QString& node : all) {
        const db::EndpointState state = nodeState(node);
        // Another purpose's login that is refused does not keep the analyst out; its own does.
        const bool isDown = state.link == db::EndpointState::Link::Down && !isLoginRefused(state);
        if (!isDown && !refusedLogins(node).contains(Purpose::Analyst))
            alive << node;
    }
    return alive.isEmpty() ? all : alive;
}

QStringList AppContext::replicaNodes() const
{
    QStringList names;
    if (m_environment) {
        for (const NamedConnection& replica : m_environment->replicas)
            names << replica.name;
    }
    return names;
}

bool AppContext::hasWarehouse() const
{
    return m_environment && m_environment->warehouse;
}

db::EndpointState AppContext::nodeState(const QString& node) const
{
    db::EndpointState state = m_nodeStates.value(node);
    state.endpoint = node;
    return state;
}

bool AppContext::isLoginRefused(const db::EndpointState& state)
{
    return state.link == db::EndpointState::Link::Down && state.lastError && refusesLogin(*state.lastError);
}

QMap<Purpose, db::DbError> AppContext::refusedLogins(const QString& node) const
{
    QMap<Purpose, db::DbError> refused;
    for (const db::EndpointState& state : std::as_const(m_loginStates)) {
        if (endpointNode(state.endpoint) == node && isLoginRefused(state))
            refused.insert(endpointPurpose(state.endpoint), *state.lastError);
    }
    return refused;
}

void AppContext::noteState(const db::EndpointState& state)
{
    const QString node = endpointNode(state.endpoint);
    if (!m_environment || !m_environment->nodes().contains(node) ||
        state.link == db::EndpointState::Link::Unknown || hotset::isUsageEndpoint(state.endpoint))
        return;
    const db::EndpointState before = m_nodeStates.value(node);
    m_loginStates.insert(state.endpoint, state);
    // Another purpose connecting says nothing new about a node that is known to be up or down.
    if (state.link == db::EndpointState::Link::Connecting &&
        before.link != db::EndpointState::Link::Unknown && before.link != db::EndpointState::Link::Connecting)
        return;
    db::EndpointState merged = state;
    if (isLoginRefused(state)) {
        // A node that does not let one login in while another is in is not down.
        const auto letIn =
            std::find_if(m_loginStates.cbegin(), m_loginStates.cend(), [&node](const auto& other) {
                return endpointNode(other.endpoint) == node && other.link == db::EndpointState::Link::Up;
            });
        if (letIn != m_loginStates.cend())
            merged = *letIn;
    }
    if (before.link == merged.link && before.since.isValid())
        merged.since = before.since;
    if (merged.serverVersion == 0)
        merged.serverVersion = before.serverVersion;
    m_nodeStates.insert(node, merged);
    Q_EMIT nodeStateChanged(node);
    if (merged.link == db::EndpointState::Link::Up && before.link != db::EndpointState::Link::Up &&
        m_tenantsLoading == Loading::Failed && !refusedLogins(node).contains(Purpose::Analyst))
        reloadTenants();
}

void AppContext::setTenant(const Tenant& tenant)
{
    if (tenant.isValid())
        m_wantedTenant = tenant.name;
    if (tenant == m_tenant)
        return;
    m_tenant = tenant;
    dropModels(Scope::Tenant);
    Q_EMIT tenantChanged(m_tenant);
}

void AppContext::setWantedTenant(const QString& name)
{
    m_wantedTenant = name;
    for (const Tenant& tenant : std::as_const(m_tenants)) {
        if (tenant.name == name) {
            setTenant(tenant);
            return;
        }
    }
}

void AppContext::reloadTenants()
{
    if (!m_environment || m_tenantsLoading == Loading::Busy)
        return;
    m_retry->stop();
    m_tenantsLoading = Loading::Busy;
    m_tenantsError.reset();
    Q_EMIT tenantsChanged();
    loadTenants(readNodes(), m_generation);
}

void AppContext::loadTenants(QStringList nodesLeft, quint64 generation)
{
    if (nodesLeft.isEmpty())
        return;
    const QString node = nodesLeft.takeFirst();
    const bool isLast = nodesLeft.isEmpty();
    const std::chrono::milliseconds deadline = isLast ? primaryPatience : replicaPatience;
    m_client->query(
        endpoint(node), discovery::tenantsStatement(deadline), this,
        [this, nodesLeft, generation, isLast](const db::Result<db::ResultSet>& answer) {
            if (generation != m_generation)
                return;
            if (!answer) {
                // Whatever is wrong with one node need not be wrong with the next.
                if (isLast)
                    finishTenants(answer.error());
                else
                    loadTenants(nodesLeft, generation);
                return;
            }
            m_tenants.clear();
            qint64 most = -1;
            for (int row = 0; row < answer->rowCount(); ++row) {
                m_tenants << Tenant{int(answer->integer(row, 0).value_or(0)), answer->string(row, 1)};
                const qint64 entities = answer->integer(row, 2).value_or(0);
                if (entities > most) {
                    most = entities;
                    m_largestTenant = m_tenants.constLast();
                }
            }
            finishTenants(std::nullopt);
        });
}

void AppContext::finishTenants(std::optional<db::DbError> error)
{
    m_tenantsError = std::move(error);
    m_tenantsLoading = m_tenantsError ? Loading::Failed : Loading::Ready;
    if (m_tenantsError) {
        scheduleRetry();
        Q_EMIT tenantsChanged();
        return;
    }
    m_failures = 0;
    const auto named = [this](const QString& name) {
        return std::find_if(m_tenants.cbegin(), m_tenants.cend(),
                            [&](const Tenant& t) { return t.name == name; });
    };
    if (m_tenant.isValid() && !m_tenants.contains(m_tenant))
        setTenant({});
    Q_EMIT tenantsChanged();
    if (m_tenant.isValid() || m_tenants.isEmpty())
        return;
    const auto wanted = named(m_wantedTenant);
    if (wanted != m_tenants.cend())
        setTenant(*wanted);
    else if (m_wantedTenant.isEmpty())
        setTenant(m_largestTenant); // somebody who has no habit yet sees most there
}

void AppContext::scheduleRetry()
{
    constexpr std::array seconds = {2, 4, 8, 15, 30};
    const size_t step = std::min(size_t(m_failures), seconds.size() - 1);
    ++m_failures;
    // Only what can mend itself is tried again by itself: a wrong password would lock the account.
    if (m_tenantsError->isTransient())
        m_retry->start(std::chrono::seconds(seconds.at(step)));
}

void AppContext::dropModels(Scope scope)
{
    for (auto it = m_models.begin(); it != m_models.end();) {
        const bool gone =
            it->second.scope == scope || (scope == Scope::Environment && it->second.scope == Scope::Tenant);
        it = gone ? m_models.erase(it) : std::next(it);
    }
}

} // namespace atlas::gui
