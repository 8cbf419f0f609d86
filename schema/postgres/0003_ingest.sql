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

-- What ingest_rejects holds of one value: what people would have written, not how it is kept.
create function atlas.reject_value(p_type smallint, p_num double precision, p_text text, p_exact numeric, p_long text) returns text
    language sql stable
    return coalesce(p_long, p_text, p_exact::text, case
        when p_type = 3 then (p_num <> 0)::text
        -- Years 1 to 9999; a sender that skipped every check may have staged any number.
        when p_type = 4 and p_num between -62135596800000000 and 253402300799999999
        then regexp_replace(to_char((timestamptz '1970-01-01 00:00:00+00' + p_num * interval '1 microsecond') at time zone 'UTC',
                                    'YYYY-MM-DD"T"HH24:MI:SS.US'), '\.?0+$', '') || 'Z'
        else p_num::text end);
comment on function atlas.reject_value(smallint, double precision, text, numeric, text) is 'The value as it stands in ingest_rejects.value.';

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

-- The checks of the tables that ingest_commit would meet, with a reason for people; null when a row passes them all.
create function atlas.staged_problem(p_external_id text, p_entity_type text, p_entity_name text, p_attribute text, p_type smallint,
                                     p_num double precision, p_text text) returns text
    language sql immutable
    return case
        when p_external_id = '' then 'the entity''s id is empty'
        when length(p_external_id) > 500 then 'the entity''s id is longer than 500 characters'
        when length(p_entity_type) > 200 then 'the entity''s type is longer than 200 characters'
        when length(p_entity_name) > 500 then 'the entity''s name is longer than 500 characters'
        when p_attribute = '' then 'an attribute''s name is empty'
        when length(p_attribute) > 500 then 'an attribute''s name is longer than 500 characters'
        when p_type not between 1 and 5 then 'the value''s type is none of 1 to 5'
        when p_num is not null and p_text is not null then 'the value has a number and a text'
        when length(p_text) > 256 then 'the value''s search key is longer than 256 characters' end;
comment on function atlas.staged_problem(text, text, text, text, smallint, double precision, text) is 'Why no table takes the staged row; null when one does.';

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

    -- A row that no table takes goes to the dead letters alone, not with all of its sender's.
    with bad as materialized (
        delete from pg_temp.ingest_taken t
         where staged_problem(t.external_id, t.entity_type, t.entity_name, t.attribute, t.value_type, t.value_num, t.value_text) is not null
        returning t.*
    ), ledger as materialized (
        select b.tenant_id, b.source, gen_random_uuid() as batch_id, count(*) as bad_rows,
               sum(octet_length(b.external_id) + octet_length(b.attribute) + coalesce(octet_length(b.value_long), octet_length(b.value_text), 8)) as bytes
          from bad b group by b.tenant_id, b.source
    ), letters as (
        insert into ingest_rejects (tenant_id, batch_id, external_id, attribute, observed_at, value_type, value, reason)
            select b.tenant_id, l.batch_id, b.external_id, b.attribute, b.observed_at, b.value_type,
                   reject_value(b.value_type, b.value_num, b.value_text, b.value_exact, b.value_long),
                   staged_problem(b.external_id, b.entity_type, b.entity_name, b.attribute, b.value_type, b.value_num, b.value_text)
              from bad b join ledger l on l.tenant_id = b.tenant_id and l.source = b.source
             order by b.staged_id
    )
    insert into ingest_batches (tenant_id, batch_id, started_at, door, source, rows, changed, rejected, bytes)
        select l.tenant_id, l.batch_id, clock_timestamp(), 'fast', l.source, 0, 0, l.bad_rows, l.bytes from ledger l;

    for one in select t.tenant_id, t.source,
                      sum(octet_length(t.external_id) + octet_length(t.attribute) + coalesce(octet_length(t.value_long), octet_length(t.value_text), 8)) as bytes
                 from pg_temp.ingest_taken t group by t.tenant_id, t.source order by 1, 2 loop
        delete from pg_temp.ingest_entities;
        delete from pg_temp.ingest_attributes;
        delete from pg_temp.ingest_values;
        insert into pg_temp.ingest_entities
            select row_number() over (order by external_id), external_id,
                   (array_agg(entity_type order by staged_id desc) filter (where entity_type is not null))[1],
                   (array_agg(entity_name order by staged_id desc) filter (where entity_name is not null))[1]
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
                       reject_value(t.value_type, t.value_num, t.value_text, t.value_exact, t.value_long), problem
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

-- A partition cannot be attached while rows of its range lie in the default one: a sender's clock was ahead, or nobody made partitions
-- in time. Only those rows are moved. partman.partition_data_time would move all: history from before the first partition
-- would be retired at once, and a partition for a day far ahead would count as the newest made.
create function atlas.drain_default(p_parent text) returns void
    language plpgsql set search_path = atlas, partman, pg_temp as $$
declare
    config  record;
    spare   regclass;
    starts  timestamptz;
    horizon timestamptz;
    newest  timestamptz;
begin
    select c.control, c.partition_interval, c.premake into strict config from partman.part_config c where c.parent_table = p_parent;
    select p.partdefid::regclass into strict spare from pg_partitioned_table p where p.partrelid = p_parent::regclass;
    select i.child_end_time into strict starts
      from (select s.partition_schemaname, s.partition_tablename from partman.show_partitions(p_parent, 'DESC') s limit 1) last,
           lateral partman.show_partition_info(last.partition_schemaname || '.' || last.partition_tablename, config.partition_interval, p_parent) i;
    horizon := now() + (config.premake + 1) * config.partition_interval::interval;
    execute format('select max(%1$I) from %2$s where %1$I >= $1 and %1$I < $2', config.control, spare) into newest using starts, horizon;
    if newest is null then
        return;
    end if;
    -- Attaching needs the lock anyhow; from now on no writer puts another row in the way.
    execute format('lock table %s in access exclusive mode', spare);
    while starts <= newest loop
        execute format('create temporary table drained as select * from %2$s where %1$I >= %3$L and %1$I < %4$L',
                       config.control, spare, starts, starts + config.partition_interval::interval);
        execute format('delete from %2$s where %1$I >= $1 and %1$I < $2', config.control, spare)
            using starts, starts + config.partition_interval::interval;
        perform partman.create_partition_time(p_parent, array[starts], false);
        execute format('insert into %s select * from pg_temp.drained', p_parent::regclass);
        drop table pg_temp.drained;
        starts := starts + config.partition_interval::interval;
    end loop;
end $$;
comment on function atlas.drain_default(text) is 'Makes the partitions whose rows lie in the default one, up to those made ahead, and moves the rows there.';

create function atlas.maintain() returns text
    language plpgsql security definer set search_path = atlas, partman, pg_temp as $$
declare
    parent   text;
    problem  text;
    problems text;
begin
    -- In the order in which writers lock them. One that fails must not hold up the others.
    foreach parent in array array['atlas.ingest_rate_samples', 'atlas.ingest_batches', 'atlas.attribute_events', 'atlas.stage_lag_samples'] loop
        begin
            perform drain_default(parent);
            perform partman.run_maintenance(parent);
        exception when others then
            get stacked diagnostics problem = message_text;
            problems := concat_ws('; ', problems, format('%s: %s', parent, problem));
        end;
    end loop;
    if problems is not null then
        raise warning 'partitions are not maintained: %', problems;
    end if;
    return problems;
end $$;
comment on function atlas.maintain() is 'Makes time partitions ahead and drops the retired ones. Returns what went wrong, null when nothing did.';

grant execute on function atlas.ingest_open(), atlas.value_type_name(smallint),
    atlas.hot_value(smallint, double precision, text, numeric, text),
    atlas.reject_value(smallint, double precision, text, numeric, text),
    atlas.ingest_commit(integer, uuid, timestamptz, text, text, bigint), atlas.staging_waiting() to atlas_ingest, atlas_agent;
grant execute on function atlas.staged_problem(text, text, text, text, smallint, double precision, text) to atlas_agent;
grant execute on function atlas.flush_staging(integer), atlas.beat(), atlas.sample_ingest_rate(integer), atlas.maintain() to atlas_agent;
grant execute on function atlas.staging_backlog() to atlas_agent, atlas_operator, atlas_admin, atlas_analyst;
