-- SPDX-License-Identifier: GPL-3.0-or-later
-- The write path. Senders COPY a batch into three temporary tables of their own session (a dictionary of entities, one
-- of attributes, and the values that refer to them by number), then call ingest_commit once: history, current value,
-- hot projection and ledger change in one transaction. The functions run with the caller's rights.

create function atlas.ingest_open() returns void
    language plpgsql set search_path = atlas, pg_temp as $$
begin
    if to_regclass('pg_temp.ingest_values') is not null then
        return;
    end if;
    create temporary table ingest_entities (
        entity_ord integer, external_id text collate "C", entity_type text collate "C", entity_name text collate "C") on commit delete rows;
    create temporary table ingest_attributes (
        attribute_ord integer, name text collate "C", value_type smallint) on commit delete rows;
    create temporary table ingest_values (
        entity_ord integer, attribute_ord integer, observed_at timestamptz,
        value_num double precision, value_text text collate "C", value_exact numeric, value_long text collate "C") on commit delete rows;
end $$;
comment on function atlas.ingest_open() is 'Makes the session''s temporary tables ingest_entities, ingest_attributes, ingest_values. Cheap when they exist.';

create function atlas.value_type_name(p_type smallint) returns text
    language sql immutable
    return (array['string', 'number', 'boolean', 'timestamp', 'json'])[p_type];
comment on function atlas.value_type_name(smallint) is 'Name of a value_type.';

-- What entity_hot holds of one value; null for a cleared one.
create function atlas.hot_value(p_type smallint, p_num double precision, p_text text, p_exact numeric, p_long text) returns jsonb
    language sql immutable
    return case
        when p_num is null and p_text is null then null
        when p_type = 1 then to_jsonb(coalesce(p_long, p_text))
        -- float8out is the shortest text that reads back: the number as it was sent, unless value_exact holds it
        when p_type = 2 then to_jsonb(coalesce(p_exact, p_num::text::numeric))
        when p_type = 3 then to_jsonb(p_num <> 0)
        when p_type = 4 then to_jsonb(p_num::bigint)
        else coalesce(p_long, p_text)::jsonb end;
comment on function atlas.hot_value(smallint, double precision, text, numeric, text) is 'The value as it stands in entity_hot.doc.';

create function atlas.ingest_commit(p_tenant integer, p_batch uuid, p_started timestamptz, p_door text, p_source text, p_bytes bigint,
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

    -- Sorted by key everywhere below: two writers then lock in the same order and cannot deadlock.
    insert into entities (tenant_id, external_id, entity_type, name)
        select p_tenant, i.external_id, coalesce(i.entity_type, ''), coalesce(i.entity_name, '')
          from pg_temp.ingest_entities i
         where not exists (select from entities e where e.tenant_id = p_tenant and e.external_id = i.external_id)
         order by i.external_id
        on conflict (tenant_id, external_id) do nothing;
    get diagnostics new_entities = row_count;

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
                   coalesce(v.value_long, v.value_text, v.value_exact::text, v.value_num::text),
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
    )
    select (select count(*) from history), (select count(*) from newest),
           (select min(observed_at) from resolved), (select max(observed_at) from resolved)
      into rows, changed, first_at, last_at;

    -- The same batch running twice at once meets here: the second fails on the key and changes nothing.
    insert into ingest_batches (tenant_id, batch_id, started_at, door, source, rows, changed, rejected, bytes, first_observed, last_observed)
        values (p_tenant, p_batch, p_started, p_door, p_source, ingest_commit.rows, ingest_commit.changed, ingest_commit.rejected,
                p_bytes, first_at, last_at);
end $$;
comment on function atlas.ingest_commit(integer, uuid, timestamptz, text, text, bigint) is 'Takes the batch in the temporary tables. A batch (tenant, id, started) that is already in the ledger changes nothing and returns duplicate.';

create function atlas.flush_staging(p_limit integer, out batches integer, out rows bigint, out waiting boolean)
    language plpgsql set search_path = atlas, pg_temp as $$
declare
    one     record;
    result  record;
    batch   uuid;
    problem text;
begin
    perform pg_current_xact_id();
    batches := 0; rows := 0;
    perform ingest_open();
    if to_regclass('pg_temp.ingest_taken') is null then
        create temporary table ingest_taken (like ingest_staging) on commit delete rows;
    end if;
    with taken as (
        delete from ingest_staging where ctid = any (array(select ctid from ingest_staging limit p_limit)) returning *)
    insert into pg_temp.ingest_taken select * from taken;
    get diagnostics flush_staging.rows = row_count;
    waiting := flush_staging.rows >= p_limit;

    for one in select t.tenant_id, t.source,
                      sum(octet_length(t.external_id) + octet_length(t.attribute) + coalesce(octet_length(t.value_long), octet_length(t.value_text), 8)) as bytes
                 from pg_temp.ingest_taken t group by t.tenant_id, t.source order by 1, 2 loop
        delete from pg_temp.ingest_entities;
        delete from pg_temp.ingest_attributes;
        delete from pg_temp.ingest_values;
        insert into pg_temp.ingest_entities
            select row_number() over (order by external_id), external_id, max(entity_type), max(entity_name)
              from pg_temp.ingest_taken t where t.tenant_id = one.tenant_id and t.source = one.source group by external_id;
        insert into pg_temp.ingest_attributes
            select row_number() over (order by min(staged_id)), attribute, value_type
              from pg_temp.ingest_taken t where t.tenant_id = one.tenant_id and t.source = one.source group by attribute, value_type;
        insert into pg_temp.ingest_values
            select e.entity_ord, a.attribute_ord, t.observed_at, t.value_num, t.value_text, t.value_exact, t.value_long
              from pg_temp.ingest_taken t
              join pg_temp.ingest_entities e using (external_id)
              join pg_temp.ingest_attributes a on a.name = t.attribute and a.value_type = t.value_type
             where t.tenant_id = one.tenant_id and t.source = one.source
             order by t.staged_id;
        batch := gen_random_uuid();
        begin
            select * into result from ingest_commit(one.tenant_id, batch, clock_timestamp(), 'fast', one.source, one.bytes);
        exception when data_exception or integrity_constraint_violation or program_limit_exceeded then
            -- One sender's rows that no table takes must not hold up everybody's: they go to the dead letters.
            get stacked diagnostics problem = message_text;
            insert into ingest_rejects (tenant_id, batch_id, external_id, attribute, observed_at, value_type, value, reason)
                select t.tenant_id, batch, t.external_id, t.attribute, t.observed_at, t.value_type,
                       coalesce(t.value_long, t.value_text, t.value_exact::text, t.value_num::text), problem
                  from pg_temp.ingest_taken t where t.tenant_id = one.tenant_id and t.source = one.source;
            insert into ingest_batches (tenant_id, batch_id, started_at, door, source, rows, changed, rejected, bytes)
                values (one.tenant_id, batch, clock_timestamp(), 'fast', one.source, 0, 0,
                        (select count(*) from pg_temp.ingest_taken t where t.tenant_id = one.tenant_id and t.source = one.source), one.bytes);
        end;
        batches := batches + 1;
    end loop;
end $$;
comment on function atlas.flush_staging(integer) is 'Moves at most p_limit staged rows on, a batch per tenant and source; waiting tells whether more may be there.';

create function atlas.staging_waiting() returns boolean
    language sql security definer set search_path = atlas, pg_temp
    return exists (select from atlas.ingest_staging);
comment on function atlas.staging_waiting() is 'Whether rows of the fast door wait to be flushed. For senders, who may not read the table.';

create function atlas.beat(out seq bigint, out beat_at timestamptz, out lsn pg_lsn)
    language sql set search_path = atlas, pg_temp as $$
    update heartbeat set seq = heartbeat.seq + 1, beat_at = clock_timestamp(), lsn = pg_current_wal_lsn()
     where id = 1 returning seq, beat_at, lsn
$$;
comment on function atlas.beat() is 'Stamps the heartbeat with the primary''s clock and WAL position.';

create function atlas.sample_ingest_rate(p_seconds integer) returns integer
    language plpgsql set search_path = atlas, pg_temp as $$
declare
    until timestamptz := date_bin(make_interval(secs => p_seconds), clock_timestamp() - interval '2 seconds', 'epoch');
    since timestamptz := greatest((select max(sampled_at) + make_interval(secs => p_seconds) from ingest_rate_samples), until - interval '1 hour');
    added integer;
begin
    insert into ingest_rate_samples (sampled_at, tenant_id, seconds, rows, bytes, batches)
        select date_bin(make_interval(secs => p_seconds), committed_at, 'epoch'), tenant_id, p_seconds, sum(rows), sum(bytes), count(*)
          from ingest_batches where committed_at >= since and committed_at < until group by 1, 2
        on conflict do nothing;
    get diagnostics added = row_count;
    return added;
end $$;
comment on function atlas.sample_ingest_rate(integer) is 'Sums the ledger''s finished intervals into ingest_rate_samples.';

create function atlas.staging_backlog(out waiting bigint, out oldest timestamptz)
    language sql stable security definer set search_path = atlas, pg_temp as $$
    select count(*), min(staged_at) from (select staged_at from ingest_staging limit 200000) s
$$;
comment on function atlas.staging_backlog() is 'Rows of the fast door that wait to be flushed (counted up to 200,000) and since when; no values, no tenants.';

create function atlas.maintain() returns void
    language plpgsql security definer set search_path = atlas, partman, pg_temp as $$
begin
    perform partman.run_maintenance();
end $$;
comment on function atlas.maintain() is 'Makes time partitions ahead and drops the retired ones.';

grant execute on function atlas.ingest_open(), atlas.value_type_name(smallint),
    atlas.hot_value(smallint, double precision, text, numeric, text),
    atlas.ingest_commit(integer, uuid, timestamptz, text, text, bigint), atlas.staging_waiting() to atlas_ingest, atlas_agent;
grant execute on function atlas.flush_staging(integer), atlas.beat(), atlas.sample_ingest_rate(integer), atlas.maintain() to atlas_agent;
grant execute on function atlas.staging_backlog() to atlas_agent, atlas_operator, atlas_admin, atlas_analyst;
