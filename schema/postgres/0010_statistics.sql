-- SPDX-License-Identifier: GPL-3.0-or-later
-- Statistics that follow the data. Every batch notes how many values of each attribute it wrote; the agent adds that up and
-- measures again, within a budget of time, those attributes of which a tenth has changed: all of their values where these are
-- few, else a sample of entities. No schedule reads everything.

alter table atlas.attribute_stats
    add column text_histogram   jsonb not null default '[]',
    add column sampled_entities integer check (sampled_entities > 0),
    add column writes_since     bigint not null default 0,
    add column write_rate       double precision not null default 0,
    set (fillfactor = 70);
comment on column atlas.attribute_stats.entities_with is 'Entities that have the attribute; from a sample: its share of all.';
comment on column atlas.attribute_stats.distinct_values is 'Distinct search keys among them; from a sample: estimated as PostgreSQL does (Haas and Stokes, Duj1).';
comment on column atlas.attribute_stats.text_histogram is 'Text: up to 101 ascending bounds (their first 64 characters) of equal-frequency buckets, where not all values are common ones.';
comment on column atlas.attribute_stats.sampled_entities is 'Entities that were looked at; null: every value was counted. Of a share p of n sampled entities the standard error is sqrt(p(1-p)/n).';
comment on column atlas.attribute_stats.writes_since is 'Current values written since it was measured.';
comment on column atlas.attribute_stats.write_rate is 'Current values written a second, averaged over some five minutes.';

create table atlas.entity_field_stats (
    tenant_id        integer not null,
    field            text not null check (field in ('type', 'id', 'name')),
    entities_total   bigint not null,
    distinct_values  bigint not null,
    top_values       jsonb not null default '[]',
    text_histogram   jsonb not null default '[]',
    sampled_entities integer check (sampled_entities > 0),
    entities_since   bigint not null default 0,
    measured_at      timestamptz not null default clock_timestamp(),
    primary key (tenant_id, field)
);
comment on table atlas.entity_field_stats is 'What the filter compiler knows of what every entity has: its type, id and name.';
comment on column atlas.entity_field_stats.tenant_id is 'Owner of the entities.';
comment on column atlas.entity_field_stats.field is 'type, id or name.';
comment on column atlas.entity_field_stats.entities_total is 'Entities of the tenant when it was measured.';
comment on column atlas.entity_field_stats.distinct_values is 'Distinct values; from a sample: estimated.';
comment on column atlas.entity_field_stats.top_values is 'As in attribute_stats.';
comment on column atlas.entity_field_stats.text_histogram is 'As in attribute_stats.';
comment on column atlas.entity_field_stats.sampled_entities is 'As in attribute_stats.';
comment on column atlas.entity_field_stats.entities_since is 'Entities added since.';
comment on column atlas.entity_field_stats.measured_at is 'When it was measured, by the primary''s clock.';

create unlogged table atlas.attribute_writes (
    tenant_id    integer not null,
    attribute_id integer not null,
    writes       bigint not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);
comment on table atlas.attribute_writes is 'Values written, a row per batch and attribute, until the agent has added them up. Unlogged: what a crash takes only makes statistics late.';
comment on column atlas.attribute_writes.tenant_id is 'Owner of the attribute.';
comment on column atlas.attribute_writes.attribute_id is 'The attribute; 0: entities that are new.';
comment on column atlas.attribute_writes.writes is 'Current values that became newer.';

create table atlas.statistics_duty (
    id       smallint primary key default 1 check (id = 1),
    noted_at timestamptz not null default clock_timestamp()
);
insert into atlas.statistics_duty default values;
comment on table atlas.statistics_duty is 'One row: where the agent is with the statistics.';
comment on column atlas.statistics_duty.id is 'Always 1.';
comment on column atlas.statistics_duty.noted_at is 'When attribute_writes was last added up, by the primary''s clock.';

alter table atlas.entity_field_stats enable row level security;
alter table atlas.attribute_writes enable row level security;
create policy granted_tenants on atlas.entity_field_stats for select to atlas_analyst, atlas_operator, atlas_admin
    using (tenant_id = any ((select atlas.my_tenants())::integer[]));
create policy services on atlas.entity_field_stats to atlas_agent using (true) with check (true);
create policy services on atlas.attribute_writes to atlas_agent using (true) with check (true);
create policy writers on atlas.attribute_writes to atlas_ingest
    using (array_position((select atlas.my_tenants()), tenant_id) is not null)
    with check (array_position((select atlas.my_tenants()), tenant_id) is not null);
grant select on atlas.entity_field_stats to atlas_analyst, atlas_operator, atlas_admin, atlas_agent;
grant insert on atlas.attribute_writes to atlas_ingest, atlas_agent;
grant select on atlas.statistics_duty to atlas_analyst, atlas_operator, atlas_admin, atlas_agent;

-- As in 0003, and it notes what it wrote.
create or replace function atlas.ingest_commit(p_tenant integer, p_batch uuid, p_started timestamptz, p_door text, p_source text, p_bytes bigint,
                                    out duplicate boolean, out rows bigint, out changed bigint, out rejected bigint,
                                    out new_entities bigint, out new_attributes bigint)
    language plpgsql set search_path = atlas, pg_temp as $$
declare
    first_at timestamptz;
    last_at  timestamptz;
    -- A clock that is far ahead would win against every true observation to come, and its rows would lie where partitions
    -- are still to be made.
    horizon  timestamptz := clock_timestamp() + interval '1 day';
begin
    -- A transaction id before the first snapshot that reads attributes.state: promotion waits for older ids.
    perform pg_current_xact_id();
    rows := 0; changed := 0; rejected := 0; new_entities := 0; new_attributes := 0;

    duplicate := exists (select from ingest_batches b
                          where b.tenant_id = p_tenant and b.batch_id = p_batch and b.started_at = p_started);
    if duplicate then
        return;
    end if;
    -- The past is fine: an import goes on with the start of its first run.
    if p_started > horizon then
        raise invalid_parameter_value using message = 'the batch''s started_at is more than a day ahead of the primary''s clock',
            hint = 'Set the sender''s clock.';
    end if;

    -- Sorted by key everywhere below: two writers then lock in the same order and cannot deadlock.
    insert into entities (tenant_id, external_id, entity_type, name)
        select p_tenant, i.external_id, coalesce(i.entity_type, ''), coalesce(i.entity_name, '')
          from pg_temp.ingest_entities i
         where not exists (select from entities e where e.tenant_id = p_tenant and e.external_id = i.external_id)
         order by i.external_id
        on conflict (tenant_id, external_id) do nothing;
    get diagnostics new_entities = row_count;
    if new_entities > 0 then
        insert into attribute_writes (tenant_id, attribute_id, writes) values (p_tenant, 0, new_entities);
    end if;

    if exists (select from pg_temp.ingest_entities i where i.entity_type is not null or i.entity_name is not null) then
        update entities e set entity_type = coalesce(c.entity_type, e.entity_type), name = coalesce(c.entity_name, e.name)
          from (select o.entity_id, i.entity_type, i.entity_name
                  from pg_temp.ingest_entities i
                  join entities o on o.tenant_id = p_tenant and o.external_id = i.external_id
                 where o.entity_type is distinct from coalesce(i.entity_type, o.entity_type)
                    or o.name is distinct from coalesce(i.entity_name, o.name)
                 order by o.entity_id
                   for no key update of o) c
         where e.tenant_id = p_tenant and e.entity_id = c.entity_id;
    end if;

    insert into attributes (tenant_id, name, value_type)
        select distinct on (i.name) p_tenant, i.name, i.value_type
          from pg_temp.ingest_attributes i
         where not exists (select from attributes a where a.tenant_id = p_tenant and a.name = i.name)
         order by i.name, i.attribute_ord
        on conflict (tenant_id, name) do nothing;
    get diagnostics new_attributes = row_count;

    if exists (select from pg_temp.ingest_attributes i
                 join attributes a on a.tenant_id = p_tenant and a.name = i.name where a.value_type <> i.value_type)
       or exists (select from pg_temp.ingest_values v where v.observed_at > horizon) then
        insert into ingest_rejects (tenant_id, batch_id, external_id, attribute, observed_at, value_type, value, reason)
            select p_tenant, p_batch, e.external_id, i.name, v.observed_at, i.value_type,
                   reject_value(i.value_type, v.value_num, v.value_text, v.value_exact, v.value_long),
                   case when a.value_type <> i.value_type
                        then format('attribute %s holds %ss, a %s was sent', i.name, value_type_name(a.value_type), value_type_name(i.value_type))
                        else 'observed_at is more than a day ahead of the primary''s clock' end
              from pg_temp.ingest_attributes i
              join attributes a on a.tenant_id = p_tenant and a.name = i.name
              join pg_temp.ingest_values v on v.attribute_ord = i.attribute_ord
              join pg_temp.ingest_entities e on e.entity_ord = v.entity_ord
             where a.value_type <> i.value_type or v.observed_at > horizon;
        get diagnostics rejected = row_count;
    end if;

    -- Of observations with the same key the first that arrived stands, in history and as current value alike.
    -- The dictionary first, once an entry: left to itself the planner looks each entity up once a value.
    with sent_entities as materialized (
        select i.entity_ord, o.entity_id from pg_temp.ingest_entities i
          join entities o on o.tenant_id = p_tenant and o.external_id = i.external_id
    ), sent_attributes as materialized (
        select i.attribute_ord, o.attribute_id from pg_temp.ingest_attributes i
          join attributes o on o.tenant_id = p_tenant and o.name = i.name and o.value_type = i.value_type
    ), resolved as materialized (
        select e.entity_id, a.attribute_id, v.observed_at, v.value_num, v.value_text, v.value_exact, v.value_long, v.ctid as arrival
          from pg_temp.ingest_values v
          join sent_entities e using (entity_ord)
          join sent_attributes a using (attribute_ord)
         where v.observed_at <= horizon
    ), history as (
        insert into attribute_events (tenant_id, entity_id, attribute_id, observed_at, value_num, value_text, value_exact, value_long)
            select p_tenant, entity_id, attribute_id, observed_at, value_num, value_text, value_exact, value_long
              from resolved order by entity_id, attribute_id, observed_at, arrival
            on conflict do nothing
            returning observed_at
    ), newest as (
        insert into attribute_values as current
               (tenant_id, entity_id, attribute_id, observed_at, value_num, value_text, value_exact, value_long)
            select distinct on (entity_id, attribute_id)
                   p_tenant, entity_id, attribute_id, observed_at, value_num, value_text, value_exact, value_long
              from resolved order by entity_id, attribute_id, observed_at desc, arrival
            on conflict (tenant_id, entity_id, attribute_id) do update
               set observed_at = excluded.observed_at, value_num = excluded.value_num, value_text = excluded.value_text,
                   value_exact = excluded.value_exact, value_long = excluded.value_long
             where excluded.observed_at > current.observed_at
            returning entity_id, attribute_id, value_num, value_text, value_exact, value_long
    ), projected as (
        insert into entity_hot as h (tenant_id, entity_id, doc)
            select p_tenant, n.entity_id,
                   jsonb_object_agg(n.attribute_id::text,
                                    hot_value(a.value_type, n.value_num, n.value_text, n.value_exact, n.value_long))
              from newest n
              join attributes a on a.tenant_id = p_tenant and a.attribute_id = n.attribute_id and a.state in ('warming', 'hot')
             group by n.entity_id order by n.entity_id
            -- A cleared value stands as null in the document: containment of a value never matches it.
            on conflict (tenant_id, entity_id) do update set doc = h.doc || excluded.doc
    ), noted as (
        insert into attribute_writes (tenant_id, attribute_id, writes)
            select p_tenant, n.attribute_id, count(*) from newest n group by n.attribute_id
    )
    select (select count(*) from history), (select count(*) from newest),
           (select min(observed_at) from resolved), (select max(observed_at) from resolved)
      into rows, changed, first_at, last_at;

    -- The same batch running twice at once meets here: the second fails on the key and changes nothing.
    insert into ingest_batches (tenant_id, batch_id, started_at, door, source, rows, changed, rejected, bytes, first_observed, last_observed)
        values (p_tenant, p_batch, p_started, p_door, p_source, ingest_commit.rows, ingest_commit.changed, ingest_commit.rejected,
                p_bytes, first_at, last_at);
end $$;

-- Some entities of a tenant, each as likely as the others where their numbers are spread evenly.
create function atlas.sample_entities(p_tenant integer, p_count integer) returns bigint[]
    language sql volatile set search_path = atlas, pg_temp as $$
    select array_agg(distinct e.entity_id)
      from (select min(entity_id) as low, max(entity_id) as high from entities where tenant_id = p_tenant) b,
           lateral (select b.low + floor(random() * (b.high - b.low + 1))::bigint as at from generate_series(1, p_count)) s,
           lateral (select n.entity_id from entities n where n.tenant_id = p_tenant and n.entity_id >= s.at order by n.entity_id limit 1) e
$$;
comment on function atlas.sample_entities(integer, integer) is 'At most p_count different entities, drawn by look-ups in the primary key.';

-- All attributes (p_attribute null) or one; from every value (p_sample null) or, of one attribute, from those of p_sample.
create function atlas.measure_attributes(p_tenant integer, p_attribute integer, p_sample bigint[], p_total bigint) returns integer
    language plpgsql set search_path = atlas, pg_temp set work_mem = '256MB' set plan_cache_mode = force_custom_plan as $$
declare
    factor  double precision := case when p_sample is null then 1 else p_total::double precision / cardinality(p_sample) end;
    written integer;
begin
    with counted as materialized (
        select attribute_id, value_num, null::text collate "C" as value_text, count(*) as n
          from attribute_values
         where tenant_id = p_tenant and value_num is not null and (p_attribute is null or attribute_id = p_attribute) and p_sample is null
         group by 1, 2
        union all
        select attribute_id, null, value_text, count(*)
          from attribute_values
         where tenant_id = p_tenant and value_text is not null and (p_attribute is null or attribute_id = p_attribute) and p_sample is null
         group by 1, 3
        union all
        select v.attribute_id, v.value_num, v.value_text, count(*)
          from unnest(p_sample) s(entity_id),
               -- limit: looked up one by one, however few of them the server believes there are
               lateral (select x.attribute_id, x.value_num, x.value_text from attribute_values x
                         where x.tenant_id = p_tenant and x.entity_id = s.entity_id and x.attribute_id = p_attribute limit 1) v
         where p_sample is not null and (v.value_num is not null or v.value_text is not null)
         group by 1, 2, 3
    ), totals as (
        select attribute_id, sum(n)::bigint as found, count(*) as values_found, count(*) filter (where n = 1) as once from counted group by 1
    ), ranked as (
        select c.*, row_number() over (partition by attribute_id order by n desc, value_num, value_text) as place from counted c
    ), top as (
        select attribute_id,
               jsonb_agg(jsonb_build_array(coalesce(to_jsonb(value_num), to_jsonb(value_text)), round(n * factor)) order by place) as top_values
          from ranked where place <= 100 group by 1
    ), running as (
        -- Equal-frequency bounds from the counted values: cheaper than sorting every row again.
        select attribute_id, value_num, value_text, n,
               sum(n) over (partition by attribute_id order by value_num, value_text) as upto,
               sum(n) over (partition by attribute_id) as all_rows
          from counted join totals using (attribute_id)
         where value_num is not null or values_found > 100
    ), bounds as (
        select attribute_id, value_num, value_text,
               generate_series(ceil((upto - n) * 100.0 / all_rows)::integer, floor(upto * 100.0 / all_rows)::integer) as bucket
          from running
    ), histogram as (
        select attribute_id,
               jsonb_agg(value_num order by bucket) filter (where value_num is not null) as numbers,
               jsonb_agg(left(value_text, 64) order by bucket) filter (where value_text is not null) as texts
          from (select attribute_id, bucket, min(value_num) as value_num, min(value_text) as value_text from bounds group by 1, 2) b group by 1
    )
    insert into attribute_stats as s (tenant_id, attribute_id, entities_total, entities_with, distinct_values, top_values, histogram,
                                      text_histogram, sampled_entities, measured_at)
        select p_tenant, a.attribute_id, p_total, least(p_total, round(coalesce(t.found, 0) * factor)),
               case when t.found is null then 0
                    when p_sample is null then t.values_found
                    -- Duj1: n d / (n - f1 + f1 n / N)
                    else round(t.found::double precision * t.values_found / (t.found - t.once + t.once / factor)) end,
               coalesce(top.top_values, '[]'), coalesce(h.numbers, '[]'), coalesce(h.texts, '[]'), cardinality(p_sample), clock_timestamp()
          from attributes a
          left join totals t using (attribute_id)
          left join top using (attribute_id)
          left join histogram h using (attribute_id)
         where a.tenant_id = p_tenant and (p_attribute is null or a.attribute_id = p_attribute)
        on conflict (tenant_id, attribute_id) do update
           set entities_total = excluded.entities_total, entities_with = excluded.entities_with, distinct_values = excluded.distinct_values,
               top_values = excluded.top_values, histogram = excluded.histogram, text_histogram = excluded.text_histogram,
               sampled_entities = excluded.sampled_entities, writes_since = 0, measured_at = excluded.measured_at;
    get diagnostics written = row_count;
    return written;
end $$;
comment on function atlas.measure_attributes(integer, integer, bigint[], bigint) is 'Measures attributes of a tenant that has p_total entities; returns how many. Checks nobody: only for functions that do.';

create function atlas.measure_entity_fields(p_tenant integer, p_sample bigint[], p_total bigint) returns void
    language plpgsql set search_path = atlas, pg_temp set work_mem = '256MB' set plan_cache_mode = force_custom_plan as $$
declare
    factor double precision := case when p_sample is null then 1 else p_total::double precision / cardinality(p_sample) end;
    f      text;
begin
    foreach f in array array['type', 'id', 'name'] loop
        with counted as materialized (
            select left(case f when 'type' then e.entity_type when 'id' then e.external_id else e.name end, 256) collate "C" as value, count(*) as n
              from entities e
             where e.tenant_id = p_tenant and p_sample is null
             group by 1
            union all
            select left(case f when 'type' then e.entity_type when 'id' then e.external_id else e.name end, 256) collate "C", count(*)
              from unnest(p_sample) s(entity_id),
                   lateral (select x.entity_type, x.external_id, x.name from entities x
                             where x.tenant_id = p_tenant and x.entity_id = s.entity_id limit 1) e
             where p_sample is not null
             group by 1
        ), totals as (
            select coalesce(sum(n), 0)::bigint as found, count(*) as values_found, count(*) filter (where n = 1) as once from counted
        ), running as (
            select value, n, sum(n) over (order by value) as upto, sum(n) over () as all_rows from counted
        ), bounds as (
            select value, generate_series(ceil((upto - n) * 100.0 / all_rows)::integer, floor(upto * 100.0 / all_rows)::integer) as bucket from running
        )
        insert into entity_field_stats as s (tenant_id, field, entities_total, distinct_values, top_values, text_histogram, sampled_entities, measured_at)
            select p_tenant, f, p_total,
                   case when t.found = 0 then 0
                        when p_sample is null then t.values_found
                        else round(t.found::double precision * t.values_found / (t.found - t.once + t.once / factor)) end,
                   coalesce((select jsonb_agg(jsonb_build_array(c.value, round(c.n * factor)) order by c.n desc, c.value)
                               from (select value, n from counted order by n desc, value limit 100) c), '[]'),
                   coalesce((select jsonb_agg(left(b.value, 64) order by b.bucket)
                               from (select bucket, min(value) as value from bounds group by bucket) b where t.values_found > 100), '[]'),
                   cardinality(p_sample), clock_timestamp()
              from totals t
            on conflict (tenant_id, field) do update
               set entities_total = excluded.entities_total, distinct_values = excluded.distinct_values, top_values = excluded.top_values,
                   text_histogram = excluded.text_histogram, sampled_entities = excluded.sampled_entities, entities_since = 0,
                   measured_at = excluded.measured_at;
    end loop;
end $$;
comment on function atlas.measure_entity_fields(integer, bigint[], bigint) is 'Measures type, id and name of a tenant''s entities, of all or of a sample. Checks nobody: only for functions that do.';

create or replace function atlas.refresh_attribute_stats(p_tenant integer) returns integer
    language plpgsql security definer set search_path = atlas, pg_temp as $$
declare
    total bigint;
begin
    -- The agent and the owner measure every tenant, everybody else what is open to himself.
    if not serves_every_tenant() then
        perform require_tenant(p_tenant);
    end if;
    delete from attribute_writes where tenant_id = p_tenant;
    total := (select count(*) from entities where tenant_id = p_tenant);
    perform measure_entity_fields(p_tenant, null, total);
    return measure_attributes(p_tenant, null, null, total);
end $$;
comment on function atlas.refresh_attribute_stats(integer) is 'Counts every value of a tenant, for after a large load; returns how many attributes there are. The agent keeps it fresh from then on.';

create function atlas.note_attribute_writes() returns bigint
    language plpgsql security definer set search_path = atlas, pg_temp as $$
declare
    seconds double precision;
    noted   bigint;
begin
    update statistics_duty d set noted_at = clock_timestamp() from statistics_duty before
     where d.id = 1 and before.id = 1 returning greatest(extract(epoch from d.noted_at - before.noted_at), 1) into seconds;
    with taken as (
        delete from attribute_writes returning tenant_id, attribute_id, writes
    ), summed as materialized (
        select tenant_id, attribute_id, sum(writes) as writes from taken group by 1, 2
    ), fields as (
        update entity_field_stats f set entities_since = f.entities_since + s.writes
          from summed s where s.attribute_id = 0 and f.tenant_id = s.tenant_id
    ), changed as (
        -- What nobody writes any more fades.
        update attribute_stats a
           set writes_since = a.writes_since + coalesce(s.writes, 0),
               write_rate = case when s.writes is null and a.write_rate < 0.001 then 0
                                 else a.write_rate * exp(-seconds / 300) + coalesce(s.writes, 0) / seconds * (1 - exp(-seconds / 300)) end
          from attribute_stats b
          left join summed s on s.tenant_id = b.tenant_id and s.attribute_id = b.attribute_id
         where a.tenant_id = b.tenant_id and a.attribute_id = b.attribute_id and (s.writes is not null or b.write_rate > 0)
    )
    select coalesce(sum(writes), 0) into noted from summed where attribute_id <> 0;
    return noted;
end $$;
comment on function atlas.note_attribute_writes() is 'Adds up what batches wrote since it was last called; returns how many values.';

create function atlas.refresh_stale_stats(p_seconds double precision, p_exact_limit bigint, p_sample integer,
                                          out measured integer, out waiting integer)
    language plpgsql security definer set search_path = atlas, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
    until  timestamptz := clock_timestamp() + make_interval(secs => p_seconds);
    one    record;
    tenant integer;
    total  bigint;
    sample bigint[];
begin
    measured := 0;
    waiting := 0;
    for one in
        select t.tenant_id, coalesce(f.entities_total + f.entities_since, 0) as entities, f.tenant_id is null as never
          from tenants t left join entity_field_stats f on f.tenant_id = t.tenant_id and f.field = 'type'
         where f.tenant_id is null or f.entities_since > 0.05 * f.entities_total
         order by f.measured_at nulls first loop
        if clock_timestamp() >= until then
            waiting := waiting + 1;
            continue;
        end if;
        if one.never then
            one.entities := (select count(*) from (select from entities where tenant_id = one.tenant_id limit p_exact_limit + 1) e);
        end if;
        if one.entities <= p_exact_limit then
            perform measure_entity_fields(one.tenant_id, null, (select count(*) from entities where tenant_id = one.tenant_id));
        else
            -- Counted once, when it is first seen; from then on the batches say what they add.
            perform measure_entity_fields(one.tenant_id, sample_entities(one.tenant_id, p_sample),
                                          case when one.never then (select count(*) from entities where tenant_id = one.tenant_id) else one.entities end);
        end if;
    end loop;

    for one in
        select a.tenant_id, a.attribute_id, f.entities_total + f.entities_since as entities, s.tenant_id is null as never,
               s.entities_with + s.writes_since as rows
          from attributes a
          join entity_field_stats f on f.tenant_id = a.tenant_id and f.field = 'type'
          left join attribute_stats s on s.tenant_id = a.tenant_id and s.attribute_id = a.attribute_id
         where s.tenant_id is null
            or (s.writes_since > 0.1 * s.entities_with and s.measured_at < clock_timestamp() - interval '5 minutes')
            or (s.writes_since > 0 and s.measured_at < clock_timestamp() - interval '1 day')
         order by s.tenant_id is not null, s.writes_since / greatest(s.entities_with, 1)::double precision desc, a.tenant_id loop
        if clock_timestamp() >= until then
            waiting := waiting + 1;
            continue;
        end if;
        if one.never then
            one.rows := (select count(*) from (select from attribute_values where tenant_id = one.tenant_id and attribute_id = one.attribute_id
                                                  and value_num is not null limit p_exact_limit + 1) v)
                      + (select count(*) from (select from attribute_values where tenant_id = one.tenant_id and attribute_id = one.attribute_id
                                                  and value_text is not null limit p_exact_limit + 1) v);
        end if;
        if least(one.rows, one.entities) <= p_exact_limit then
            perform measure_attributes(one.tenant_id, one.attribute_id, null, one.entities);
        else
            -- One sample serves all attributes of a tenant in a round.
            if tenant is distinct from one.tenant_id then
                tenant := one.tenant_id;
                sample := sample_entities(tenant, p_sample);
            end if;
            perform measure_attributes(one.tenant_id, one.attribute_id, sample, one.entities);
        end if;
        measured := measured + 1;
    end loop;
end $$;
comment on function atlas.refresh_stale_stats(double precision, bigint, integer) is 'Measures what changed most, for about p_seconds: attributes of up to p_exact_limit values whole, others from p_sample entities. Returns how many, and how many wait.';

revoke execute on function atlas.sample_entities(integer, integer), atlas.measure_attributes(integer, integer, bigint[], bigint),
    atlas.measure_entity_fields(integer, bigint[], bigint), atlas.note_attribute_writes(),
    atlas.refresh_stale_stats(double precision, bigint, integer) from public;
grant execute on function atlas.note_attribute_writes(), atlas.refresh_stale_stats(double precision, bigint, integer) to atlas_agent;
