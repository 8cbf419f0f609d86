-- SPDX-License-Identifier: GPL-3.0-or-later
-- Small batches in one statement. The three temporary tables of ingest_commit pay for themselves with hundreds of values; for
-- one value they, and the round trips that fill them, took ten times as long as the writing.

-- As in 0010, with its own tenant only before the policies' eyes, and plans that do not depend on the statistics of a new tenant.
create or replace function atlas.ingest_commit(p_tenant integer, p_batch uuid, p_started timestamptz, p_door text, p_source text, p_bytes bigint,
                                    out duplicate boolean, out rows bigint, out changed bigint, out rejected bigint,
                                    out new_entities bigint, out new_attributes bigint)
    language plpgsql set search_path = atlas, pg_temp as $$
declare
    first_at timestamptz;
    last_at  timestamptz;
    before   text := coalesce(current_setting('atlas.tenant', true), '');
    -- A clock that is far ahead would win against every true observation to come, and its rows would lie where partitions
    -- are still to be made.
    horizon  timestamptz := clock_timestamp() + interval '1 day';
begin
    -- A transaction id before the first snapshot that reads attributes.state: promotion waits for older ids.
    perform pg_current_xact_id();
    -- The policies look at this tenant alone.
    perform set_config('atlas.tenant', p_tenant::text, true);
    rows := 0; changed := 0; rejected := 0; new_entities := 0; new_attributes := 0;

    duplicate := exists (select from ingest_batches b
                          where b.tenant_id = p_tenant and b.batch_id = p_batch and b.started_at = p_started);
    if duplicate then
        perform set_config('atlas.tenant', before, true);
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
    -- The dictionary first, once an entry: left to itself the planner looks each entity up once a value. By outer joins, so that
    -- it expects as many rows as were sent: of a tenant that is not in its statistics yet it expects one row of everything, and
    -- ten thousand new attributes took a minute.
    with sent_entities as materialized (
        select i.entity_ord, o.entity_id from pg_temp.ingest_entities i
          left join entities o on o.tenant_id = p_tenant and o.external_id = i.external_id
    ), sent_attributes as materialized (
        select i.attribute_ord, o.attribute_id, o.value_type, o.state from pg_temp.ingest_attributes i
          left join attributes o on o.tenant_id = p_tenant and o.name = i.name and o.value_type = i.value_type
    ), resolved as materialized (
        select e.entity_id, a.attribute_id, v.observed_at, v.value_num, v.value_text, v.value_exact, v.value_long, v.ctid as arrival
          from pg_temp.ingest_values v
          join sent_entities e using (entity_ord)
          join sent_attributes a using (attribute_ord)
         where v.observed_at <= horizon and a.attribute_id is not null
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
              join sent_attributes a on a.attribute_id = n.attribute_id and a.state in ('warming', 'hot')
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
    perform set_config('atlas.tenant', before, true);
end $$;

create function atlas.ingest_few(p_tenant integer, p_batch uuid, p_started timestamptz, p_door text, p_source text, p_bytes bigint,
                                 p_entities text[], p_entity_types text[], p_entity_names text[],
                                 p_attributes text[], p_value_types smallint[],
                                 p_entity_ords integer[], p_attribute_ords integer[], p_observed timestamptz[],
                                 p_nums double precision[], p_texts text[], p_exacts numeric[], p_longs text[],
                                 out duplicate boolean, out rows bigint, out changed bigint, out rejected bigint,
                                 out new_entities bigint, out new_attributes bigint)
    -- Planned once a session: planning anew took twice as long as running. Nothing in here depends on how large anything is.
    language plpgsql set search_path = atlas, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
    before   text := coalesce(current_setting('atlas.tenant', true), '');
    horizon  timestamptz := clock_timestamp() + interval '1 day';
    entities integer[];    -- ords, and what they are called here
    entity_ids bigint[];
    attributes integer[];
    attribute_ids integer[];
    states   text[];
begin
    -- A transaction id before the first snapshot that reads attributes.state: promotion waits for older ids.
    perform pg_current_xact_id();
    -- The policies look at this tenant alone.
    perform set_config('atlas.tenant', p_tenant::text, true);

    -- The common case is that everything named is there already and nothing about it changes.
    select array_agg((i.ord - 1)::integer), array_agg(e.entity_id) into entities, entity_ids
      from unnest(p_entities, p_entity_types, p_entity_names) with ordinality i (external_id, entity_type, entity_name, ord)
      join atlas.entities e on e.tenant_id = p_tenant and e.external_id = i.external_id
     where e.entity_type = coalesce(i.entity_type, e.entity_type) and e.name = coalesce(i.entity_name, e.name);
    select array_agg((i.ord - 1)::integer), array_agg(a.attribute_id), array_agg(a.state) into attributes, attribute_ids, states
      from unnest(p_attributes, p_value_types) with ordinality i (name, value_type, ord)
      join atlas.attributes a on a.tenant_id = p_tenant and a.name = i.name
     where a.value_type = i.value_type;

    if cardinality(entities) is distinct from cardinality(p_entities) or cardinality(attributes) is distinct from cardinality(p_attributes)
       or p_started > horizon or horizon < any (p_observed)
       or exists (select from ingest_batches b where b.tenant_id = p_tenant and b.batch_id = p_batch and b.started_at = p_started) then
        set local plan_cache_mode = auto; -- what follows has its own ideas
        perform ingest_open();
        insert into pg_temp.ingest_entities (entity_ord, external_id, entity_type, entity_name)
            select i.ord - 1, i.external_id, i.entity_type, i.entity_name
              from unnest(p_entities, p_entity_types, p_entity_names) with ordinality i (external_id, entity_type, entity_name, ord);
        insert into pg_temp.ingest_attributes (attribute_ord, name, value_type)
            select i.ord - 1, i.name, i.value_type from unnest(p_attributes, p_value_types) with ordinality i (name, value_type, ord);
        insert into pg_temp.ingest_values (entity_ord, attribute_ord, observed_at, value_num, value_text, value_exact, value_long)
            select * from unnest(p_entity_ords, p_attribute_ords, p_observed, p_nums, p_texts, p_exacts, p_longs);
        select * into duplicate, rows, changed, rejected, new_entities, new_attributes
          from ingest_commit(p_tenant, p_batch, p_started, p_door, p_source, p_bytes);
        perform set_config('atlas.tenant', before, true);
        return;
    end if;
    duplicate := false; rejected := 0; new_entities := 0; new_attributes := 0;

    -- The same statements as in ingest_commit, which says why they are as they are.
    with resolved as materialized (
        select e.entity_id, a.attribute_id, a.state, p_value_types[v.attribute_ord + 1] as value_type,
               v.observed_at, v.value_num, v.value_text, v.value_exact, v.value_long, v.arrival
          from unnest(p_entity_ords, p_attribute_ords, p_observed, p_nums, p_texts, p_exacts, p_longs) with ordinality
               v (entity_ord, attribute_ord, observed_at, value_num, value_text, value_exact, value_long, arrival)
          join unnest(entities, entity_ids) e (entity_ord, entity_id) using (entity_ord)
          join unnest(attributes, attribute_ids, states) a (attribute_ord, attribute_id, state) using (attribute_ord)
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
                                    hot_value(r.value_type, n.value_num, n.value_text, n.value_exact, n.value_long))
              from newest n
              join (select distinct attribute_id, value_type from resolved where state in ('warming', 'hot')) r using (attribute_id)
             group by n.entity_id order by n.entity_id
            on conflict (tenant_id, entity_id) do update set doc = h.doc || excluded.doc
    ), noted as (
        insert into attribute_writes (tenant_id, attribute_id, writes)
            select p_tenant, n.attribute_id, count(*) from newest n group by n.attribute_id
    ), counted as (
        select (select count(*) from history) as rows, (select count(*) from newest) as changed
    )
    insert into ingest_batches (tenant_id, batch_id, started_at, door, source, rows, changed, rejected, bytes, first_observed, last_observed)
        select p_tenant, p_batch, p_started, p_door, p_source, c.rows, c.changed, 0, p_bytes,
               (select min(observed_at) from resolved), (select max(observed_at) from resolved)
          from counted c
        returning ingest_batches.rows, ingest_batches.changed into ingest_few.rows, ingest_few.changed;
    perform set_config('atlas.tenant', before, true);
end $$;
comment on function atlas.ingest_few(integer, uuid, timestamptz, text, text, bigint, text[], text[], text[], text[], smallint[], integer[], integer[], timestamptz[], double precision[], text[], numeric[], text[]) is
    'Takes a batch that is given whole, its values'' ords counted from 0: what ingest_commit does, in one statement. For at most some hundred values.';
revoke execute on function atlas.ingest_few(integer, uuid, timestamptz, text, text, bigint, text[], text[], text[], text[], smallint[], integer[], integer[], timestamptz[], double precision[], text[], numeric[], text[]) from public;
grant execute on function atlas.ingest_few(integer, uuid, timestamptz, text, text, bigint, text[], text[], text[], text[], smallint[], integer[], integer[], timestamptz[], double precision[], text[], numeric[], text[]) to atlas_ingest, atlas_agent;
