// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/environment/discovery.h"

#include "model/statements.h"

namespace atlas::discovery {

namespace {

const RegisteredStatement tenantsSql{"tenants.list", "Tenants this login may see", R"sql(
select t.tenant_id, t.name,
       coalesce((select max(s.entities_total) from atlas.attribute_stats s where s.tenant_id = t.tenant_id), 0) as entities
  from atlas.tenants t
 order by t.name)sql"};

const RegisteredStatement replicasSql{"environments.findReplicas", "Replicas the primary knows", R"sql(
select r.application_name, host(r.client_addr)
  from pg_catalog.pg_stat_replication r
  left join pg_catalog.pg_replication_slots s on s.active_pid = r.pid
 where coalesce(s.slot_type, 'physical') = 'physical'
   and r.application_name not like 'pg_basebackup%'
 order by r.application_name, r.client_addr)sql"};

} // namespace

db::Statement tenantsStatement(std::chrono::milliseconds deadline)
{
    return tenantsSql({}, deadline);
}

db::Statement replicasStatement()
{
    return replicasSql({}, std::chrono::seconds(8));
}

} // namespace atlas::discovery
