-- SPDX-License-Identifier: GPL-3.0-or-later
-- What is known of each attribute. Measured by whole tenant, from index-only scans of the covering indexes.

create function atlas.refresh_attribute_stats(p_tenant integer) returns integer
    language plpgsql security definer set search_path = atlas, pg_temp set work_mem = '256MB' set plan_cache_mode = force_custom_plan as $$
declare
    total   bigint;
    written integer;
begin
    -- The services and the owner measure every tenant, an administrator what is open to himself.
    if not (pg_has_role(session_user, 'atlas_ingest', 'member') or pg_has_role(session_user, 'atlas_agent', 'member')
            or pg_has_role(session_user, 'atlas_owner', 'member')) then
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
comment on function atlas.refresh_attribute_stats(integer) is 'Measures every attribute of a tenant; returns how many.';

-- After a large load the planner must know the new rows at once, and index-only scans need the visibility map:
-- VACUUM is the owner's, so this only analyses.
create function atlas.analyze_values() returns void
    language plpgsql security definer set search_path = atlas, pg_temp as $$
begin
    analyze entities; analyze attributes; analyze attribute_values; analyze entity_hot;
end $$;
comment on function atlas.analyze_values() is 'Refreshes the planner''s statistics of the large tables.';

grant execute on function atlas.refresh_attribute_stats(integer), atlas.analyze_values() to atlas_ingest, atlas_agent, atlas_admin;
