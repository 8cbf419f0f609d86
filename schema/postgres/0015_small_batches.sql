-- SPDX-License-Identifier: GPL-3.0-or-later
-- Small batches in one statement. The three temporary tables of ingest_commit pay for themselves with hundreds of values; for
-- one value they, and the round trips that fill them, took ten times as long as the writing.

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
