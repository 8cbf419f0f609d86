-- SPDX-License-Identifier: GPL-3.0-or-later
-- Who may see and change what. A login sees the tenants that tenant_access grants it, on every table that carries
-- tenant_id. The check is on session_user: SET ROLE and SECURITY DEFINER do not change it.
-- ingest_staging is the exception: COPY refuses tables with row security, so it has none and only the two services may touch it.
-- Partitions carry no grants of their own, so the parents' policies cannot be walked around.

create function atlas.my_tenants() returns integer[]
    language sql stable security definer set search_path = atlas, pg_temp
    return (select coalesce(array_agg(a.tenant_id), '{}') from atlas.tenant_access a where a.login = session_user);
comment on function atlas.my_tenants() is 'Tenants of this login. Policies call it once per statement, through a sub-select.';

create function atlas.require_tenant(p_tenant integer) returns void
    language plpgsql stable security definer set search_path = atlas, pg_temp as $$
begin
    if not exists (select from tenant_access where tenant_id = p_tenant and login = session_user) then
        raise insufficient_privilege using message = format('no access to tenant %s', p_tenant),
            hint = 'An administrator grants it with atlas.grant_tenant().';
    end if;
end $$;
comment on function atlas.require_tenant(integer) is 'Raises 42501 unless this login has access to the tenant.';

do $$
declare
    t text;
begin
    foreach t in array array['tenants', 'tenant_access', 'entities', 'attributes', 'attribute_values', 'attribute_events', 'entity_hot',
                             'ingest_batches', 'ingest_rejects', 'attribute_stats', 'ingest_rate_samples',
                             'hot_set_jobs', 'filter_usage', 'saved_filters', 'audit_log'] loop
        execute format('alter table atlas.%I enable row level security', t);
        execute format('create policy granted_tenants on atlas.%I for select to atlas_analyst, atlas_operator, atlas_admin
                        using (tenant_id = any ((select atlas.my_tenants())::integer[]))', t);
    end loop;
    -- The two services work for all tenants; what they may do is limited by grants.
    foreach t in array array['tenants', 'tenant_access', 'entities', 'attributes', 'attribute_values', 'attribute_events', 'entity_hot',
                             'ingest_batches', 'ingest_rejects', 'attribute_stats', 'ingest_rate_samples',
                             'hot_set_jobs', 'filter_usage'] loop
        execute format('create policy services on atlas.%I to atlas_ingest, atlas_agent using (true) with check (true)', t);
    end loop;
end $$;

-- What people write themselves: their own filters, and what those cost.
create policy own_usage on atlas.filter_usage for insert to atlas_analyst, atlas_operator, atlas_admin
    with check (login = session_user and tenant_id = any ((select atlas.my_tenants())::integer[]));
drop policy granted_tenants on atlas.saved_filters;
create policy visible_filters on atlas.saved_filters for select to atlas_analyst, atlas_operator, atlas_admin
    using (tenant_id = any ((select atlas.my_tenants())::integer[]) and (shared or owner = session_user));
create policy own_filters on atlas.saved_filters to atlas_analyst, atlas_operator, atlas_admin
    using (owner = session_user and tenant_id = any ((select atlas.my_tenants())::integer[]))
    with check (owner = session_user and tenant_id = any ((select atlas.my_tenants())::integer[]));

grant usage on schema atlas to atlas_analyst, atlas_operator, atlas_admin, atlas_ingest, atlas_agent;

grant select on atlas.tenants, atlas.tenant_access, atlas.entities, atlas.attributes, atlas.attribute_values, atlas.attribute_events,
                atlas.attribute_stats, atlas.heartbeat, atlas.stage_lag_samples, atlas.freshness_budgets, atlas.saved_filters,
                atlas.filter_usage
    to atlas_analyst, atlas_operator, atlas_admin;
grant insert on atlas.filter_usage to atlas_analyst, atlas_operator, atlas_admin;
grant insert, update, delete on atlas.saved_filters to atlas_analyst, atlas_operator, atlas_admin;
grant select on atlas.ingest_batches, atlas.ingest_rejects, atlas.ingest_rate_samples, atlas.alert_rules, atlas.alert_events,
                atlas.hot_set_jobs
    to atlas_analyst, atlas_operator, atlas_admin;
grant select on atlas.entity_hot, atlas.audit_log to atlas_admin;
grant update on atlas.freshness_budgets to atlas_operator, atlas_admin;
grant insert, update, delete on atlas.alert_rules to atlas_operator, atlas_admin;
grant update (acknowledged_by, acknowledged_at) on atlas.alert_events to atlas_operator, atlas_admin;

grant select on atlas.tenants, atlas.tenant_access to atlas_ingest, atlas_agent;
grant select, insert, update on atlas.entities, atlas.attributes, atlas.attribute_values, atlas.entity_hot to atlas_ingest, atlas_agent;
grant delete on atlas.entity_hot to atlas_ingest, atlas_agent;
grant select, insert on atlas.attribute_events, atlas.ingest_batches, atlas.ingest_rejects to atlas_ingest, atlas_agent;
grant insert on atlas.ingest_staging to atlas_ingest;
grant select on atlas.heartbeat to atlas_ingest;
grant select, insert, delete on atlas.ingest_staging to atlas_agent;
grant select, update on atlas.heartbeat to atlas_agent;
grant select, insert on atlas.stage_lag_samples, atlas.ingest_rate_samples, atlas.alert_events to atlas_agent;
grant select on atlas.attribute_stats, atlas.alert_rules, atlas.freshness_budgets, atlas.hot_set_jobs, atlas.filter_usage to atlas_agent, atlas_ingest;

-- Names of objects are for everybody with USAGE; functions are for whom they are granted to.
-- Without IN SCHEMA: a schema's own defaults can only add to what every function starts with.
alter default privileges revoke execute on functions from public;
revoke execute on all functions in schema atlas from public;
grant execute on function atlas.my_tenants(), atlas.require_tenant(integer)
    to atlas_analyst, atlas_operator, atlas_admin, atlas_ingest, atlas_agent;

create function atlas.grant_tenant(p_tenant integer, p_login name) returns void
    language plpgsql security definer set search_path = atlas, pg_temp as $$
begin
    perform require_tenant(p_tenant);
    insert into tenant_access (tenant_id, login) values (p_tenant, p_login) on conflict do nothing;
    insert into audit_log (tenant_id, action, detail) values (p_tenant, 'grant', jsonb_build_object('login', p_login));
end $$;
comment on function atlas.grant_tenant(integer, name) is 'Opens a tenant to a login. An administrator can open only what is open to himself.';

create function atlas.revoke_tenant(p_tenant integer, p_login name) returns void
    language plpgsql security definer set search_path = atlas, pg_temp as $$
begin
    perform require_tenant(p_tenant);
    delete from tenant_access where tenant_id = p_tenant and login = p_login;
    insert into audit_log (tenant_id, action, detail) values (p_tenant, 'revoke', jsonb_build_object('login', p_login));
end $$;
comment on function atlas.revoke_tenant(integer, name) is 'Closes a tenant to a login.';

create function atlas.create_tenant(p_name text, p_isolation text, p_logins name[]) returns integer
    language plpgsql security definer set search_path = atlas, pg_temp as $$
declare
    created integer;
begin
    if p_isolation not in ('shared', 'partition') then
        raise invalid_parameter_value using message = format('isolation %L is not shared or partition', p_isolation);
    end if;
    insert into tenants (name, isolation) values (p_name, p_isolation) returning tenant_id into created;
    insert into tenant_access (tenant_id, login)
        select created, l from unnest(p_logins || session_user::name) l on conflict do nothing;
    if p_isolation = 'partition' then
        perform create_branches(created);
    end if;
    insert into audit_log (tenant_id, action, detail)
        values (created, 'create tenant', jsonb_build_object('name', p_name, 'isolation', p_isolation, 'logins', p_logins));
    return created;
end $$;
comment on function atlas.create_tenant(text, text, name[]) is 'Adds a tenant and opens it to the logins given and to the caller. With isolation partition it gets branches of its own; do that for a tenant that will be large.';

grant execute on function atlas.grant_tenant(integer, name), atlas.revoke_tenant(integer, name) to atlas_admin;
grant execute on function atlas.create_tenant(text, text, name[]) to atlas_admin, atlas_ingest;
