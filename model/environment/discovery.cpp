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

// Not to_regclass(): it fails where the login may not use the schema.
const RegisteredStatement accessSql{"environments.access", "What a login may do", R"sql(
select c.oid is not null as has_schema,
       coalesce(has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select'), false) as may_read,
       g.names is not null as has_groups, coalesce(g.granted, '') as granted
  from (select string_agg(r.rolname::text, ',') as names,
               string_agg(r.rolname::text, ',') filter (where pg_has_role(r.oid, 'usage')) as granted
          from pg_catalog.pg_roles r
         where r.rolname in ('atlas_analyst', 'atlas_operator', 'atlas_admin')) g
  left join pg_catalog.pg_namespace n on n.nspname = 'atlas'
  left join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = 'tenants')sql"};

// Nothing here that Redshift lacks.
const RegisteredStatement warehouseAccessSql{"environments.warehouseAccess",
                                             "What a login may read of a warehouse",
                                             "select (select count(*) from atlas.tenants) as tenants, "
                                             "(select count(*) from atlas.heartbeat) as beats"};

constexpr std::chrono::seconds patience(8);

} // namespace

db::Statement tenantsStatement(std::chrono::milliseconds deadline)
{
    return tenantsSql({}, deadline);
}

db::Statement replicasStatement()
{
    return replicasSql({}, patience);
}

db::Statement accessStatement()
{
    return accessSql({}, patience);
}

Access accessOf(const db::ResultSet& rows)
{
    Access access;
    if (rows.rowCount() != 1)
        return access;
    access.hasSchema = rows.boolean(0, 0);
    access.mayRead = rows.boolean(0, 1);
    access.hasGroups = rows.boolean(0, 2);
    access.groups = rows.string(0, 3).split(QLatin1Char(','), Qt::SkipEmptyParts);
    return access;
}

db::Statement warehouseAccessStatement()
{
    return warehouseAccessSql({}, patience);
}

} // namespace atlas::discovery
