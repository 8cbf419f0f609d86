-- SPDX-License-Identifier: GPL-3.0-or-later
-- One function takes every batch, small or large, given whole as arrays: one round trip, no temporary tables, no statistics
-- that a plan could depend on (numbers of a batch are looked up in arrays, names one by one). It runs with the owner's rights
-- after it has looked once whether the tenant is open to the caller: row security asked for every row of every table.

drop function atlas.ingest_few(integer, uuid, timestamptz, text, text, bigint, text[], text[], text[], text[], smallint[], integer[], integer[], timestamptz[], double precision[], text[], numeric[], text[]);

do $migration$
declare
    -- History, current values, hot projection and ledger. Sorted by key once: two writers then lock in the same order and cannot
    -- deadlock, and neighbours meet the same pages. A materialized query is read in its order; distinct on finds it sorted.
    writing text := $sql$
    with sent as materialized (
        select entity_ids[v.entity_ord + 1] as entity_id, attribute_ids[v.attribute_ord + 1] as attribute_id,
               v.observed_at, v.value_num, v.value_text, v.value_exact, v.value_long, v.arrival
          from unnest(p_entity_ords, p_attribute_ords, p_observed, p_nums, p_texts, p_exacts, p_longs) with ordinality
               v (entity_ord, attribute_ord, observed_at, value_num, value_text, value_exact, value_long, arrival)
         where (v.observed_at > horizon) is not true and attribute_ids[v.attribute_ord + 1] is distinct from 0
         -- Of observations with the same key the first that arrived stands, in history and as current value alike.
         order by 1, 2, 3 desc, arrival
    ), history as (
        insert into attribute_events (tenant_id, entity_id, attribute_id, observed_at, value_num, value_text, value_exact, value_long)
            select <distinct> p_tenant, entity_id, attribute_id, observed_at, value_num, value_text, value_exact, value_long
              from sent <order>
            <history>
            returning 1
    ), newest as (
        insert into attribute_values as current
               (tenant_id, entity_id, attribute_id, observed_at, value_num, value_text, value_exact, value_long)
            select distinct on (entity_id, attribute_id)
                   p_tenant, entity_id, attribute_id, observed_at, value_num, value_text, value_exact, value_long
              from sent order by entity_id, attribute_id, observed_at desc, arrival
            <current>
            returning entity_id, attribute_id, value_num, value_text, value_exact, value_long
    ), projected as (
        insert into entity_hot as h (tenant_id, entity_id, doc)
            select p_tenant, n.entity_id,
                   jsonb_object_agg(n.attribute_id::text,
                                    hot_value(t.value_type, n.value_num, n.value_text, n.value_exact, n.value_long))
              from newest n join unnest(hot_ids, hot_types) t (attribute_id, value_type) using (attribute_id)
             group by n.entity_id order by n.entity_id
            -- A cleared value stands as null in the document: containment of a value never matches it.
            on conflict (tenant_id, entity_id) do update set doc = h.doc || excluded.doc
    ), noted as (
        insert into attribute_writes (tenant_id, attribute_id, writes)
            select p_tenant, n.attribute_id, count(*) from newest n group by n.attribute_id
    )
    select (select count(*) from history), (select count(*) from newest), (select min(observed_at) from sent), (select max(observed_at) from sent)
      into rows, changed, first_at, last_at;
    -- A statement of its own: committed_at is the end. The same batch running twice at once meets here: the second fails on the key and
    -- changes nothing.
    insert into ingest_batches (tenant_id, batch_id, started_at, door, source, rows, changed, rejected, bytes, first_observed, last_observed)
        values (p_tenant, p_batch, p_started, p_door, p_source, ingest_batch.rows, ingest_batch.changed, ingest_batch.rejected, p_bytes,
                first_at, last_at);
$sql$;
    skip_known text := 'on conflict do nothing';
    keep_newest text := $sql$on conflict (tenant_id, entity_id, attribute_id) do update
               set observed_at = excluded.observed_at, value_num = excluded.value_num, value_text = excluded.value_text,
                   value_exact = excluded.value_exact, value_long = excluded.value_long
             where excluded.observed_at > current.observed_at$sql$;
    -- Of what one batch holds twice a plain insert would take both.
    once text := 'distinct on (entity_id, attribute_id, observed_at)';
    first text := 'order by entity_id, attribute_id, observed_at desc, arrival';
    body text := $body$
declare
    horizon       timestamptz := clock_timestamp() + interval '1 day';
    -- A transaction id before the first snapshot that reads attributes.state: promotion waits for older ids.
    writer        xid8 := pg_current_xact_id();
    entity_ids    bigint[];  -- in the order of p_entities
    attribute_ids integer[]; -- in the order of p_attributes; 0: the attribute holds values of another type
    hot_ids       integer[];
    hot_types     smallint[];
    missing       boolean;
    differs       boolean;
    first_at      timestamptz;
    last_at       timestamptz;
    looked        record;    -- some of the keys
    new_values    boolean := false;
    new_history   boolean := false;
begin
    if array_position(my_tenants(), p_tenant) is null and not serves_every_tenant() then
        raise insufficient_privilege using message = format('no access to tenant %s', p_tenant),
            hint = 'An administrator grants it with atlas.grant_tenant().';
    end if;
    duplicate := exists (select from ingest_batches b where b.tenant_id = p_tenant and b.batch_id = p_batch and b.started_at = p_started);
    rows := 0; changed := 0; rejected := 0; new_entities := 0; new_attributes := 0;
    if duplicate then
        return;
    end if;
    -- The past is fine: an import goes on with the start of its first run.
    if p_started > horizon then
        raise invalid_parameter_value using message = 'the batch''s started_at is more than a day ahead of the primary''s clock',
            hint = 'Set the sender''s clock.';
    end if;

    -- Names become numbers. Most batches find all of them.
    for attempt in 1 .. 2 loop
        select array_agg(e.entity_id order by i.ord), bool_or(e.entity_id is null),
               bool_or(e.entity_type <> i.entity_type or e.name <> i.entity_name)
          into entity_ids, missing, differs
          from unnest(p_entities, p_entity_types, p_entity_names) with ordinality i (external_id, entity_type, entity_name, ord)
          left join entities e on e.tenant_id = p_tenant and e.external_id = i.external_id;
        exit when attempt = 2 or missing is not true;
        insert into entities (tenant_id, external_id, entity_type, name)
            select p_tenant, i.external_id, coalesce(i.entity_type, ''), coalesce(i.entity_name, '')
              from unnest(p_entities, p_entity_types, p_entity_names, entity_ids) i (external_id, entity_type, entity_name, entity_id)
             where i.entity_id is null order by i.external_id
            on conflict (tenant_id, external_id) do nothing;
        get diagnostics new_entities = row_count;
        if new_entities > 0 then
            insert into attribute_writes (tenant_id, attribute_id, writes) values (p_tenant, 0, new_entities);
        end if;
    end loop;
    if differs then
        update entities e set entity_type = coalesce(c.entity_type, e.entity_type), name = coalesce(c.entity_name, e.name)
          from (select o.entity_id, i.entity_type, i.entity_name
                  from unnest(entity_ids, p_entity_types, p_entity_names) i (entity_id, entity_type, entity_name)
                  join entities o on o.tenant_id = p_tenant and o.entity_id = i.entity_id
                 where o.entity_type <> i.entity_type or o.name <> i.entity_name
                 order by o.entity_id
                   for no key update of o) c
         where e.tenant_id = p_tenant and e.entity_id = c.entity_id;
    end if;

    for attempt in 1 .. 2 loop
        -- A type that was not given becomes no attribute, which no table takes.
        select array_agg(case when a.value_type <> i.value_type then 0 when i.value_type is not null then a.attribute_id end order by i.ord),
               bool_or(a.attribute_id is null), bool_or(a.value_type <> i.value_type),
               array_agg(a.attribute_id order by i.ord) filter (where a.state in ('warming', 'hot') and a.value_type = i.value_type),
               array_agg(a.value_type order by i.ord) filter (where a.state in ('warming', 'hot') and a.value_type = i.value_type)
          into attribute_ids, missing, differs, hot_ids, hot_types
          from unnest(p_attributes, p_value_types) with ordinality i (name, value_type, ord)
          left join attributes a on a.tenant_id = p_tenant and a.name = i.name;
        exit when attempt = 2 or missing is not true;
        insert into attributes (tenant_id, name, value_type)
            select distinct on (i.name) p_tenant, i.name, i.value_type
              from unnest(p_attributes, p_value_types) with ordinality i (name, value_type, ord)
             where not exists (select from attributes a where a.tenant_id = p_tenant and a.name = i.name)
             order by i.name, i.ord
            on conflict (tenant_id, name) do nothing;
        get diagnostics new_attributes = row_count;
    end loop;
    if differs or horizon < any (p_observed) then
        insert into ingest_rejects (tenant_id, batch_id, external_id, attribute, observed_at, value_type, value, reason)
            select p_tenant, p_batch, p_entities[v.entity_ord + 1], a.name, v.observed_at, p_value_types[v.attribute_ord + 1],
                   reject_value(p_value_types[v.attribute_ord + 1], v.value_num, v.value_text, v.value_exact, v.value_long),
                   case when attribute_ids[v.attribute_ord + 1] = 0
                        then format('attribute %s holds %ss, a %s was sent', a.name, value_type_name(a.value_type),
                                    value_type_name(p_value_types[v.attribute_ord + 1]))
                        else 'observed_at is more than a day ahead of the primary''s clock' end
              from unnest(p_entity_ords, p_attribute_ords, p_observed, p_nums, p_texts, p_exacts, p_longs) with ordinality
                   v (entity_ord, attribute_ord, observed_at, value_num, value_text, value_exact, value_long, arrival)
              join attributes a on a.tenant_id = p_tenant and a.name = p_attributes[v.attribute_ord + 1]
             where attribute_ids[v.attribute_ord + 1] = 0 or v.observed_at > horizon
             order by v.arrival;
        get diagnostics rejected = row_count;
    end if;

    -- To look for a key that might be there already costs a descent a row, a record in the WAL and another pass over the row. So
    -- some rows of a large batch are looked up: what they have not met is written without.
    if cardinality(p_observed) >= 1000 then
        select array_agg(entity_ids[p_entity_ords[i] + 1] order by i) as entities, array_agg(attribute_ids[p_attribute_ords[i] + 1] order by i) as attributes,
               array_agg(p_observed[i] order by i) as times, min(p_observed[i]) as since, max(p_observed[i]) as until into looked
          from generate_series(1, cardinality(p_observed), cardinality(p_observed) / 16) i;
        -- Planned each time, so that it opens and locks those partitions alone that the keys may lie in.
        execute $probe$
            select bool_and(c.observed_at is null), bool_and(h.observed_at is null)
              from unnest($2, $3, $4) k (entity_id, attribute_id, observed_at)
              left join lateral (select v.observed_at from attribute_values v
                                  where v.tenant_id = $1 and v.entity_id = k.entity_id and v.attribute_id = k.attribute_id limit 1) c on true
              left join lateral (select e.observed_at from attribute_events e
                                  where e.tenant_id = $1 and e.entity_id = k.entity_id and e.attribute_id = k.attribute_id
                                    and e.observed_at = k.observed_at and e.observed_at between $5 and $6 limit 1) h on true $probe$
           into new_values, new_history using p_tenant, looked.entities, looked.attributes, looked.times, looked.since, looked.until;
    end if;
    if new_history then
        begin
            if new_values then
                <plain>
            else
                <mixed>
            end if;
            return;
        exception when unique_violation then
            null; -- not all of it was new after all: row by row
        end;
    end if;
    <careful>
end $body$;
begin
    body := replace(body, '<careful>', replace(replace(replace(replace(writing, '<distinct>', ''), '<order>', ''),
                                                       '<history>', skip_known), '<current>', keep_newest));
    writing := replace(replace(replace(writing, '<distinct>', once), '<order>', first), '<history>', '');
    body := replace(body, '<mixed>', replace(writing, '<current>', keep_newest));
    body := replace(body, '<plain>', replace(writing, '<current>', ''));
    execute format($create$
        create function atlas.ingest_batch(p_tenant integer, p_batch uuid, p_started timestamptz, p_door text, p_source text, p_bytes bigint,
                                           p_entities text[], p_entity_types text[], p_entity_names text[],
                                           p_attributes text[], p_value_types smallint[],
                                           p_entity_ords integer[], p_attribute_ords integer[], p_observed timestamptz[],
                                           p_nums double precision[], p_texts text[], p_exacts numeric[], p_longs text[],
                                           out duplicate boolean, out rows bigint, out changed bigint, out rejected bigint,
                                           out new_entities bigint, out new_attributes bigint)
            -- Planned once a session: planning a small batch anew took twice as long as running it. Nothing in here depends on how
            -- large anything is.
            language plpgsql security definer
            set search_path = atlas, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off as %L$create$, body);
end $migration$;
comment on function atlas.ingest_batch(integer, uuid, timestamptz, text, text, bigint, text[], text[], text[], text[], smallint[], integer[], integer[], timestamptz[], double precision[], text[], numeric[], text[]) is
    'Takes a batch into history, current values, hot projection and ledger. Values name their entity and attribute by number, counted from 0; arrays that hold nothing but nulls may be empty.';
revoke execute on function atlas.ingest_batch(integer, uuid, timestamptz, text, text, bigint, text[], text[], text[], text[], smallint[], integer[], integer[], timestamptz[], double precision[], text[], numeric[], text[]) from public;
grant execute on function atlas.ingest_batch(integer, uuid, timestamptz, text, text, bigint, text[], text[], text[], text[], smallint[], integer[], integer[], timestamptz[], double precision[], text[], numeric[], text[]) to atlas_ingest, atlas_agent;

-- For senders that rather COPY, and for the fast door's flush. The values say in which order they came: where a row lies in its
-- table (which ingest_commit went by) does not, a short one fills what a long one left of an earlier page.
create or replace function atlas.ingest_open() returns void
    language plpgsql set search_path = atlas, pg_temp as $$
begin
    if to_regclass('pg_temp.ingest_values') is not null then
        -- Made before this migration.
        if not exists (select from pg_attribute where attrelid = 'pg_temp.ingest_values'::regclass and attname = 'arrival') then
            alter table pg_temp.ingest_values add column arrival bigint generated always as identity;
        end if;
        return;
    end if;
    create temporary table ingest_entities (
        entity_ord integer, external_id text collate "C", entity_type text collate "C", entity_name text collate "C") on commit delete rows;
    create temporary table ingest_attributes (
        attribute_ord integer, name text collate "C", value_type smallint) on commit delete rows;
    create temporary table ingest_values (
        entity_ord integer, attribute_ord integer, observed_at timestamptz,
        value_num double precision, value_text text collate "C", value_exact numeric, value_long text collate "C",
        arrival bigint generated always as identity) on commit delete rows;
end $$;

create or replace function atlas.ingest_commit(p_tenant integer, p_batch uuid, p_started timestamptz, p_door text, p_source text, p_bytes bigint,
                                    out duplicate boolean, out rows bigint, out changed bigint, out rejected bigint,
                                    out new_entities bigint, out new_attributes bigint)
    language plpgsql set search_path = atlas, pg_temp as $$
begin
    select b.* into duplicate, rows, changed, rejected, new_entities, new_attributes
      from (select coalesce(array_agg(i.external_id order by i.entity_ord), '{}') as ids, array_agg(i.entity_type order by i.entity_ord) as types,
                   array_agg(i.entity_name order by i.entity_ord) as names
              from pg_temp.ingest_entities i) e,
           (select coalesce(array_agg(i.name order by i.attribute_ord), '{}') as names, array_agg(i.value_type order by i.attribute_ord) as types
              from pg_temp.ingest_attributes i) a,
           (select coalesce(array_agg(e.place order by v.arrival), '{}') as entities, array_agg(a.place order by v.arrival) as attributes,
                   coalesce(array_agg(v.observed_at order by v.arrival), '{}') as observed, array_agg(v.value_num order by v.arrival) as nums,
                   array_agg(v.value_text order by v.arrival) as texts, array_agg(v.value_exact order by v.arrival) as exacts,
                   array_agg(v.value_long order by v.arrival) as longs
              from pg_temp.ingest_values v
              join (select i.entity_ord, row_number() over (order by i.entity_ord)::integer - 1 as place from pg_temp.ingest_entities i) e using (entity_ord)
              join (select i.attribute_ord, row_number() over (order by i.attribute_ord)::integer - 1 as place from pg_temp.ingest_attributes i) a
                   using (attribute_ord)) v,
           ingest_batch(p_tenant, p_batch, p_started, p_door, p_source, p_bytes, e.ids, e.types, e.names, a.names, a.types,
                        v.entities, v.attributes, v.observed, v.nums, v.texts, v.exacts, v.longs) b;
end $$;

-- A flush passes through memory: not more than some 64 MB of long values at once, whatever the number of rows.
do $$
declare
    before text := pg_get_functiondef('atlas.flush_staging(integer)'::regprocedure);
    after  text := replace(replace(before,
        'array(select ctid from ingest_staging limit p_limit)',
        'array(select s.ctid
                 from (select t.ctid, sum(coalesce(octet_length(t.value_long), 0)) over (rows unbounded preceding) - coalesce(octet_length(t.value_long), 0) as ahead
                         from (select ctid, value_long from ingest_staging limit p_limit) t) s
                where s.ahead < 67108864)'),
        'waiting := flush_staging.rows >= p_limit;',
        'waiting := flush_staging.rows >= p_limit or (select sum(octet_length(t.value_long)) from pg_temp.ingest_taken t) >= 67108864;
    waiting := coalesce(waiting, false);');
begin
    if after !~ 'ahead < 67108864' or after !~ 'coalesce\(waiting' then
        raise 'flush_staging is not as 0003 made it';
    end if;
    execute after;
end $$;
