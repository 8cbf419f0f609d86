-- SPDX-License-Identifier: GPL-3.0-or-later
-- Access, narrower. Until here atlas_ingest read and wrote every tenant; from here a writer has the tenants that
-- tenant_access grants, as everybody else has. Only atlas_agent works for all. And people fill in only those columns that
-- are theirs to fill in.

-- Once a statement, and no reason for the planner to give up parallel plans. (As an SQL function it was unsafe by
-- default and planned anew for every reference to it.)
create or replace function atlas.my_tenants() returns integer[]
    language plpgsql stable parallel safe security definer set search_path = atlas, pg_temp as $$
begin
    return coalesce((select array_agg(a.tenant_id) from tenant_access a where a.login = session_user), '{}');
end $$;
alter function atlas.require_tenant(integer) parallel safe;
alter function atlas.hot_match(integer, integer[], jsonb) parallel restricted;

-- Writers -------------------------------------------------------------------------------------------------------------
do $$
declare
    t text;
begin
    foreach t in array array['tenants', 'tenant_access', 'entities', 'attributes', 'attribute_values', 'attribute_events', 'entity_hot',
                             'ingest_batches', 'ingest_rejects', 'attribute_stats', 'ingest_rate_samples',
                             'hot_set_jobs', 'filter_usage'] loop
        execute format('alter policy services on atlas.%I to atlas_agent', t);
        -- Not "= any": to the planner that would leave one row in twenty of what ingest_commit has narrowed to one tenant
        -- already, and it would choose nested loops for whole batches.
        execute format('create policy writers on atlas.%I to atlas_ingest
                        using (array_position((select atlas.my_tenants()), tenant_id) is not null)
                        with check (array_position((select atlas.my_tenants()), tenant_id) is not null)', t);
    end loop;
end $$;
-- Who wrote to a tenant so far goes on writing to it.
insert into atlas.tenant_access (tenant_id, login)
    select distinct b.tenant_id, b.login
      from atlas.ingest_batches b
      join atlas.tenants t on t.tenant_id = b.tenant_id
      join pg_catalog.pg_roles r on r.rolname = b.login
     where pg_has_role(r.oid, 'atlas_ingest', 'member')
    on conflict do nothing;

create function atlas.serves_every_tenant() returns boolean
    language sql stable set search_path = atlas, pg_temp
    return pg_has_role(session_user, 'atlas_agent', 'member') or pg_has_role(session_user, 'atlas_owner', 'member');
comment on function atlas.serves_every_tenant() is 'Whether this login is the agent or the owner, who work for all tenants.';

-- COPY refuses tables with row security, so the fast door looks at what was copied, once a statement.
create function atlas.check_staged() returns trigger
    language plpgsql set search_path = atlas, pg_temp as $$
declare
    mine   integer[] := my_tenants();
    closed integer;
begin
    if serves_every_tenant() then
        return null;
    end if;
    select s.tenant_id into closed from staged s where s.tenant_id <> all (mine) limit 1;
    if found then
        raise insufficient_privilege using message = format('no access to tenant %s', closed),
            hint = 'An administrator grants it with atlas.grant_tenant().';
    end if;
    return null;
end $$;
comment on function atlas.check_staged() is 'Refuses staged rows of tenants that are not open to this login.';
create trigger own_tenants after insert on atlas.ingest_staging
    referencing new table as staged for each statement execute function atlas.check_staged();

create or replace function atlas.create_tenant(p_name text, p_isolation text, p_logins name[]) returns integer
    language plpgsql security definer set search_path = atlas, pg_temp as $$
declare
    created integer;
begin
    if p_isolation not in ('shared', 'partition') then
        raise invalid_parameter_value using message = format('isolation %L is not shared or partition', p_isolation);
    end if;
    begin
        insert into tenants (name, isolation) values (p_name, p_isolation) returning tenant_id into created;
    exception when unique_violation then
        raise unique_violation using message = format('tenant %s exists already', p_name),
            hint = 'If it is not open to this login, an administrator to whom it is opens it with atlas.grant_tenant().';
    end;
    insert into tenant_access (tenant_id, login)
        select created, l from unnest(p_logins || session_user::name) l on conflict do nothing;
    if p_isolation = 'partition' then
        perform create_branches(created);
    end if;
    insert into audit_log (tenant_id, action, detail)
        values (created, 'create tenant', jsonb_build_object('name', p_name, 'isolation', p_isolation, 'logins', p_logins));
    return created;
end $$;

create or replace function atlas.refresh_attribute_stats(p_tenant integer) returns integer
    language plpgsql security definer set search_path = atlas, pg_temp set work_mem = '256MB' set plan_cache_mode = force_custom_plan as $$
declare
    total   bigint;
    written integer;
begin
    -- The agent and the owner measure every tenant, everybody else what is open to himself.
    if not serves_every_tenant() then
        perform require_tenant(p_tenant);
    end if;
    total := (select count(*) from entities where tenant_id = p_tenant);
    with counted as materialized (
        select attribute_id, value_num, null::text collate "C" as value_text, count(*) as n
          from attribute_values where tenant_id = p_tenant and value_num is not null group by 1, 2
        union all
        select attribute_id, null, value_text, count(*)
          from attribute_values where tenant_id = p_tenant and value_text is not null group by 1, 3
    ), totals as (
        select attribute_id, sum(n)::bigint as entities_with, count(*) as distinct_values from counted group by 1
    ), ranked as (
        select c.*, row_number() over (partition by attribute_id order by n desc, value_num, value_text) as place from counted c
    ), top as (
        select attribute_id,
               jsonb_agg(jsonb_build_array(coalesce(to_jsonb(value_num), to_jsonb(value_text)), n) order by place) as top_values
          from ranked where place <= 100 group by 1
    ), running as (
        -- Equal-frequency bounds from the counted values: cheaper than sorting every row again.
        select attribute_id, value_num, n,
               sum(n) over (partition by attribute_id order by value_num) as upto,
               sum(n) over (partition by attribute_id) as all_rows
          from counted where value_num is not null
    ), bounds as (
        select attribute_id, value_num,
               generate_series(ceil((upto - n) * 100.0 / all_rows)::integer, floor(upto * 100.0 / all_rows)::integer) as bucket
          from running
    ), histogram as (
        select attribute_id, jsonb_agg(value_num order by bucket) as histogram
          from (select attribute_id, bucket, min(value_num) as value_num from bounds group by 1, 2) b group by 1
    )
    insert into attribute_stats as s (tenant_id, attribute_id, entities_total, entities_with, distinct_values, top_values, histogram, measured_at)
        select p_tenant, a.attribute_id, total, coalesce(t.entities_with, 0), coalesce(t.distinct_values, 0),
               coalesce(top.top_values, '[]'), coalesce(h.histogram, '[]'), clock_timestamp()
          from attributes a
          left join totals t using (attribute_id)
          left join top using (attribute_id)
          left join histogram h using (attribute_id)
         where a.tenant_id = p_tenant
        on conflict (tenant_id, attribute_id) do update
           set entities_total = excluded.entities_total, entities_with = excluded.entities_with, distinct_values = excluded.distinct_values,
               top_values = excluded.top_values, histogram = excluded.histogram, measured_at = excluded.measured_at;
    get diagnostics written = row_count;
    return written;
end $$;

-- Columns -------------------------------------------------------------------------------------------------------------
-- Numbers, logins and times of one's own rows come from the server.
revoke insert on atlas.filter_usage from atlas_analyst, atlas_operator, atlas_admin;
grant insert (tenant_id, filter, attributes, milliseconds, rows, endpoint) on atlas.filter_usage
    to atlas_analyst, atlas_operator, atlas_admin;
revoke insert, update on atlas.saved_filters from atlas_analyst, atlas_operator, atlas_admin;
grant insert (tenant_id, name, filter, shared), update (name, filter, shared) on atlas.saved_filters
    to atlas_analyst, atlas_operator, atlas_admin;
revoke update on atlas.freshness_budgets from atlas_operator, atlas_admin;
grant update (wanted_seconds) on atlas.freshness_budgets to atlas_operator, atlas_admin;

create function atlas.stamp_budget() returns trigger
    language plpgsql set search_path = atlas, pg_temp as $$
begin
    new.set_by := session_user;
    new.set_at := clock_timestamp();
    return new;
end $$;
comment on function atlas.stamp_budget() is 'Writes down who set a freshness budget, and when.';
create trigger stamp before update on atlas.freshness_budgets for each row execute function atlas.stamp_budget();

create function atlas.stamp_saved_filter() returns trigger
    language plpgsql set search_path = atlas, pg_temp as $$
begin
    new.saved_at := clock_timestamp();
    return new;
end $$;
comment on function atlas.stamp_saved_filter() is 'Writes down when a filter was saved again.';
create trigger stamp before update on atlas.saved_filters for each row execute function atlas.stamp_saved_filter();

create function atlas.stamp_acknowledgement() returns trigger
    language plpgsql set search_path = atlas, pg_temp as $$
begin
    if new.acknowledged_by is null and new.acknowledged_at is null then
        return new;
    end if;
    new.acknowledged_by := session_user;
    new.acknowledged_at := clock_timestamp();
    return new;
end $$;
comment on function atlas.stamp_acknowledgement() is 'Writes down who took notice of an alert, and when, whatever the statement says; with both columns null it is taken back.';
create trigger stamp before update of acknowledged_by, acknowledged_at on atlas.alert_events
    for each row execute function atlas.stamp_acknowledgement();

-- Nothing of these is for everybody, whoever owns the defaults.
revoke execute on all functions in schema atlas from public;
grant execute on function atlas.serves_every_tenant() to atlas_ingest, atlas_agent;
