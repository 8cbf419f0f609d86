// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QMap>
#include <QObject>
#include <QString>

#include <map>
#include <memory>
#include <optional>
#include <typeindex>

#include "db/client.h"
#include "model/environment/environment.h"

class QTimer;

namespace atlas::gui {

struct Tenant
{
    int id = 0; ///< 0: none chosen
    QString name;
    bool isValid() const { return id != 0; }
    bool operator==(const Tenant&) const = default;
};

/// What all workspaces share: the connections, the environment, the tenant, and models that more than one
/// shows. GUI thread only. Connects nothing by itself except the tenants' list.
class AppContext : public QObject
{
    Q_OBJECT
public:
    enum class Loading { Idle = 1, Busy, Ready, Failed };
    /// How long a shared model lives: it is dropped when what it belongs to changes.
    enum class Scope { Application = 1, Environment, Tenant };

    explicit AppContext(QObject* parent = nullptr);
    ~AppContext() override;

    db::Client* client() const { return m_client; }

    /// nullptr before one is chosen.
    const Environment* environment() const { return m_environment ? &*m_environment : nullptr; }
    /// Points the client at it (as analyst, operator and admin), forgets the tenant, then reads the tenants.
    void setEnvironment(const Environment& environment);
    void clearEnvironment();
    /// Endpoint id for a node and purpose; see atlas::endpointId.
    QString endpoint(const QString& node, Purpose purpose = Purpose::Analyst) const
    {
        return endpointId(node, purpose);
    }
    /// Node names without those of which it is known that they are down or do not let the analyst in (all,
    /// when that leaves none), replicas first, then the primary. For reads that do not go through the router.
    QStringList readNodes() const;
    QStringList replicaNodes() const;
    bool hasWarehouse() const;
    /// Of the node: the newest of what is known through any of our purposes, but not down for a login that is
    /// refused while another is in. `endpoint` is the node's name.
    db::EndpointState nodeState(const QString& node) const;
    /// The logins that the node does not let in, also while it is up for others, with its words.
    QMap<Purpose, db::DbError> refusedLogins(const QString& node) const;
    /// "Down" only for want of a login: the server is there.
    static bool isLoginRefused(const db::EndpointState& state);

    const Tenant& tenant() const { return m_tenant; }
    QList<Tenant> tenants() const { return m_tenants; }
    Loading tenantsLoading() const { return m_tenantsLoading; }
    const std::optional<db::DbError>& tenantsError() const { return m_tenantsError; }
    void setTenant(const Tenant& tenant);
    /// Chosen as soon as a tenant of that name is in the list (session restore, --tenant).
    void setWantedTenant(const QString& name);
    QString wantedTenant() const { return m_wantedTenant; }
    void reloadTenants();

    /// The shared model of that type, nullptr when nobody has set one.
    template<class T> std::shared_ptr<T> model() const
    {
        const auto found = m_models.find(typeid(T));
        return found == m_models.end() ? nullptr : std::static_pointer_cast<T>(found->second.model);
    }
    template<class T> void setModel(std::shared_ptr<T> model, Scope scope)
    {
        m_models[typeid(T)] = {std::move(model), scope};
    }
    /// The shared model of that type, made with `make` by whoever asks first.
    template<class T, class Make> std::shared_ptr<T> sharedModel(Scope scope, Make make)
    {
        if (auto known = model<T>())
            return known;
        std::shared_ptr<T> made = make();
        setModel<T>(made, scope);
        return made;
    }

Q_SIGNALS:
    /// Models of Scope::Environment are gone, the tenant is none.
    void environmentChanged();
    /// Models of Scope::Tenant are gone.
    void tenantChanged(const atlas::gui::Tenant& tenant);
    void tenantsChanged();
    void nodeStateChanged(const QString& node);

private:
    struct Shared
    {
        std::shared_ptr<void> model;
        Scope scope;
    };
    void dropModels(Scope scope);
    void applyEndpoints(const QMap<QString, QString>& passwords);
    void loadTenants(QStringList nodesLeft, quint64 generation);
    void finishTenants(std::optional<db::DbError> error);
    void noteState(const db::EndpointState& state);
    void scheduleRetry();

    db::Client* m_client = nullptr;
    std::optional<Environment> m_environment;
    Tenant m_tenant;
    QList<Tenant> m_tenants;
    Loading m_tenantsLoading = Loading::Idle;
    std::optional<db::DbError> m_tenantsError;
    QString m_wantedTenant;
    Tenant m_largestTenant;
    QMap<QString, db::EndpointState> m_nodeStates;
    QMap<QString, db::EndpointState> m_loginStates; ///< by endpoint id: what was last heard of each login
    QTimer* m_retry = nullptr;
    int m_failures = 0;
    quint64 m_generation = 0; ///< of tenant lists: a late answer of an older environment is dropped
    std::map<std::type_index, Shared> m_models;
};

} // namespace atlas::gui

Q_DECLARE_METATYPE(atlas::gui::Tenant)
