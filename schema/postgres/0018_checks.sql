-- SPDX-License-Identifier: GPL-3.0-or-later
-- What a sender could still store past the checks of our own programs, back-pressure that came too late, statistics that
-- could go stale or astray unseen, and counts of hot documents by several processes.

-- Values that are not what their type says -------------------------------------------------------------------------------
-- Our doors send none; a sender of its own, or what was staged, may: a NaN would be greater than every number, and text that
-- is no JSON ends the batch, or the promotion, that casts it.
create function atlas.is_json(p_text text) returns boolean
    language plpgsql immutable strict parallel safe as $$
begin
    perform p_text::jsonb;
    return true;
exception when data_exception or program_limit_exceeded then
    return false;
end $$;
comment on function atlas.is_json(text) is 'Whether jsonb takes the text.';

-- No search_path of its own: so the server writes it into the statement that calls it.
create function atlas.value_problem(p_type smallint, p_observed timestamptz, p_num double precision, p_text text, p_exact numeric, p_long text) returns text
    language sql immutable parallel safe
    return case
        when p_observed = '-infinity' then 'observed_at is no time'
        -- A number that float8 does not hold stands in value_exact, and the nearest infinity in value_num.
        when p_type = 2 and (p_num = 'NaN' or p_exact = 'NaN' or (p_num in ('Infinity', '-Infinity') and p_exact is null))
        then 'NaN and infinite values are no numbers here'
        when p_type = 2 and (p_text is not null or p_long is not null) then 'a text was sent as a number'
        when p_type = 3 and (p_text is not null or p_exact is not null or p_long is not null or p_num not in (0, 1)) then 'not a boolean'
        -- Microseconds since 1970, as far as timestamptz reaches; beside them the text, where it was not written as we would.
        when p_type = 4 and (p_text is not null or p_exact is not null or (p_long is not null and p_num is null)
                             or p_num not between -210866803200000000 and 9223371331199999000)
        then 'not a time'
        when p_type in (1, 5) and (p_num is not null or p_exact is not null) then 'a number was sent as a text'
        when p_type = 5 and not atlas.is_json(coalesce(p_long, p_text)) then 'not JSON' end;
comment on function atlas.value_problem(smallint, timestamptz, double precision, text, numeric, text) is 'Why the columns of a value are none of its type; null when they are.';
revoke execute on function atlas.is_json(text), atlas.value_problem(smallint, timestamptz, double precision, text, numeric, text) from public;
grant execute on function atlas.is_json(text), atlas.value_problem(smallint, timestamptz, double precision, text, numeric, text) to atlas_ingest, atlas_agent;

-- ingest_batch looks at every value once; where one is bad, each is looked at again on its way. And it notes whose type or
-- name has changed: the statistics of those were never measured again.
do $$
declare
    problem text := 'value_problem(p_value_types[v.attribute_ord + 1], v.observed_at, v.value_num, v.value_text, v.value_exact, v.value_long)';
    body    text := pg_get_functiondef('atlas.ingest_batch(integer, uuid, timestamptz, text, text, bigint, text[], text[], text[], text[], smallint[], integer[], integer[], timestamptz[], double precision[], text[], numeric[], text[])'::regprocedure);
    change  record;
begin
    for change in select * from (values
        ('    differs       boolean;
', '    differs       boolean;
    bad           boolean;   -- a value is none of its type
    renamed       bigint;    -- entities with another type or name than before
'),
        (' where e.tenant_id = p_tenant and e.entity_id = c.entity_id;
', ' where e.tenant_id = p_tenant and e.entity_id = c.entity_id;
        get diagnostics renamed = row_count;
        if renamed > 0 then
            insert into attribute_writes (tenant_id, attribute_id, writes) values (p_tenant, -1, renamed);
        end if;
'),
        ('    if differs or horizon < any (p_observed) then
', '    bad := exists (select from unnest(p_attribute_ords, p_observed, p_nums, p_texts, p_exacts, p_longs)
                               v (attribute_ord, observed_at, value_num, value_text, value_exact, value_long)
                    where ' || problem || ' is not null);
    if differs or bad or horizon < any (p_observed) then
'),
        ('else ''observed_at is more than a day ahead of the primary''''s clock'' end',
         'when bad and ' || problem || ' is not null then ' || problem || '
                        else ''observed_at is more than a day ahead of the primary''''s clock'' end'),
        ('or v.observed_at > horizon
', 'or v.observed_at > horizon or (bad and ' || problem || ' is not null)
'),
        ('is distinct from 0
', 'is distinct from 0
           and (not bad or ' || problem || ' is null)
')) c (old, new) loop
        if position(change.old in body) = 0 then
            raise 'ingest_batch is not as 0016 made it: %', change.old;
        end if;
        body := replace(body, change.old, change.new);
    end loop;
    execute body;
end $$;

-- A value whose entity or attribute is not among what was copied is refused, as ingest_batch refuses it, and not left out.
do $$
declare
    before text := pg_get_functiondef('atlas.ingest_commit(integer, uuid, timestamptz, text, text, bigint)'::regprocedure);
    after  text := regexp_replace(before, '\n(\s+)join (\(select i\.(entity|attribute)_ord)', E'\n\\1left join \\2', 'g');
begin
    if (select count(*) from regexp_matches(after, 'left join', 'g')) <> 2 then
        raise 'ingest_commit is not as 0016 made it';
    end if;
    execute after;
end $$;

-- Back-pressure ----------------------------------------------------------------------------------------------------------
-- The server drops a slot that holds back more than max_slot_wal_keep_size, and with it the warehouse: the limit's default was
-- within a tenth of that of the local cluster, and a load that is faster than the warehouse lost the slot in three minutes.
do $$
declare
    before text := pg_get_functiondef('atlas.write_pressure()'::regprocedure);
    after  text := replace(before, 'select * into limits from write_limits;',
        'select * into limits from write_limits;
    -- Half of what the server keeps: what is written while writers slow down needs room, too.
    if pg_size_bytes(current_setting(''max_slot_wal_keep_size'')) >= 0 then
        limits.slot_retained_bytes := least(limits.slot_retained_bytes, pg_size_bytes(current_setting(''max_slot_wal_keep_size'')) / 2);
    end if;');
begin
    if after = before then
        raise 'write_pressure is not as 0013 made it';
    end if;
    execute after;
end $$;
comment on column atlas.write_limits.slot_retained_bytes is 'Bytes of WAL that a replication slot may hold back; never more than half of max_slot_wal_keep_size.';

-- Statistics -------------------------------------------------------------------------------------------------------------
alter table atlas.entity_field_stats
    add column changes_since bigint not null default 0,
    add column recount       boolean not null default false;
comment on column atlas.entity_field_stats.changes_since is 'Entities whose type or name was replaced since.';
comment on column atlas.entity_field_stats.recount is 'A crash took notes of what was added: entities_total is to be counted again.';
comment on column atlas.attribute_writes.attribute_id is 'The attribute; 0: entities that are new; -1: entities with another type or name.';
comment on table atlas.attribute_writes is 'Values written, a row per batch and attribute, until the agent has added them up. Unlogged: a crash or a failover empties it, which the agent finds by the row of tenant 0, and measures again.';
insert into atlas.attribute_writes (tenant_id, attribute_id, writes) values (0, 0, 0);

-- Each entity as likely as any other: ranges of one width are drawn, and all entities in a range belong to the sample. (To
-- take the next entity after a number drawn favours those behind a gap, and where many tenants grow at once there are gaps.)
drop function atlas.sample_entities(integer, integer);
create function atlas.sample_entities(p_tenant integer, p_count integer, p_total bigint) returns bigint[]
    language sql volatile set search_path = atlas, pg_temp as $$
    select array_agg(distinct e.entity_id)
      from (select low, high, ceil((high - low + 1) / greatest(p_total, 1)::double precision)::bigint as width
              from (select min(entity_id) as low, max(entity_id) as high from entities where tenant_id = p_tenant) r) b,
           lateral (select b.low - b.width + 1 + floor(random() * (b.high - b.low + b.width))::bigint as at from generate_series(1, p_count)) s,
           lateral (select n.entity_id from entities n
                     where n.tenant_id = p_tenant and n.entity_id >= s.at and n.entity_id < s.at + b.width order by n.entity_id offset 0) e
$$;
comment on function atlas.sample_entities(integer, integer, bigint) is 'Some p_count different entities of a tenant that has p_total, drawn by look-ups in the primary key; up to twice as many.';
revoke execute on function atlas.sample_entities(integer, integer, bigint) from public;

create or replace function atlas.refresh_attribute_stats(p_tenant integer) returns integer
    language plpgsql security definer set search_path = atlas, pg_temp as $$
declare
    total bigint;
begin
    -- The agent and the owner measure every tenant, everybody else what is open to himself.
    if not serves_every_tenant() then
        perform require_tenant(p_tenant);
    end if;
    -- One snapshot: what is counted is not noted any more, what is still noted is not counted.
    with counted as (delete from attribute_writes where tenant_id = p_tenant)
    select count(*) into total from entities where tenant_id = p_tenant;
    perform measure_entity_fields(p_tenant, null, total);
    return measure_attributes(p_tenant, null, null, total);
end $$;

create or replace function atlas.note_attribute_writes() returns bigint
    language plpgsql security definer set search_path = atlas, pg_temp as $$
declare
    seconds double precision;
    noted   bigint;
begin
    update statistics_duty d set noted_at = clock_timestamp() from statistics_duty before
     where d.id = 1 and before.id = 1 returning greatest(extract(epoch from d.noted_at - before.noted_at), 1) into seconds;
    if not exists (select from attribute_writes where tenant_id = 0) then
        -- Each attribute is measured again within a day, and entities are counted once.
        insert into attribute_writes (tenant_id, attribute_id, writes) values (0, 0, 0);
        update entity_field_stats set recount = true;
        update attribute_stats set writes_since = 1 where writes_since = 0;
    end if;
    with taken as (
        delete from attribute_writes where tenant_id <> 0 returning tenant_id, attribute_id, writes
    ), summed as materialized (
        select tenant_id, attribute_id, sum(writes) as writes from taken group by 1, 2
    ), fields as (
        update entity_field_stats f set entities_since = f.entities_since + s.added, changes_since = f.changes_since + s.changed
          from (select tenant_id, coalesce(sum(writes) filter (where attribute_id = 0), 0) as added,
                       coalesce(sum(writes) filter (where attribute_id = -1), 0) as changed
                  from summed where attribute_id <= 0 group by 1) s
         where f.tenant_id = s.tenant_id
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
    select coalesce(sum(writes), 0) into noted from summed where attribute_id > 0;
    return noted;
end $$;

do $$
declare
    body   text := pg_get_functiondef('atlas.refresh_stale_stats(double precision, bigint, integer)'::regprocedure);
    change record;
begin
    for change in select * from (values
        -- What is replaced or added a little at a time is due after a day, as attributes are.
        ('f.tenant_id is null as never', 'f.tenant_id is null as never, f.recount'),
        ('or f.entities_since > 0.05 * f.entities_total
', 'or f.recount or greatest(f.entities_since, f.changes_since) > 0.05 * f.entities_total
            or (f.entities_since + f.changes_since > 0 and f.measured_at < clock_timestamp() - interval ''1 day'')
'),
        -- In one snapshot, as in refresh_attribute_stats.
        ('        if one.entities <= p_exact_limit then
            perform measure_entity_fields(one.tenant_id, null, (select count(*) from entities where tenant_id = one.tenant_id));
', '        if one.never or one.recount or one.entities <= p_exact_limit then
            with counted as (delete from attribute_writes where tenant_id = one.tenant_id and attribute_id <= 0)
            select count(*) into total from entities where tenant_id = one.tenant_id;
        else
            total := one.entities;
        end if;
        if one.entities <= p_exact_limit then
            perform measure_entity_fields(one.tenant_id, null, total);
'),
        ('            perform measure_entity_fields(one.tenant_id, sample_entities(one.tenant_id, p_sample),
                                          case when one.never then (select count(*) from entities where tenant_id = one.tenant_id) else one.entities end);
', '            perform measure_entity_fields(one.tenant_id, sample_entities(one.tenant_id, p_sample, total), total);
'),
        ('sample := sample_entities(tenant, p_sample);', 'sample := sample_entities(tenant, p_sample, one.entities);')) c (old, new) loop
        if position(change.old in body) = 0 then
            raise 'refresh_stale_stats is not as 0010 made it: %', change.old;
        end if;
        body := replace(body, change.old, change.new);
    end loop;
    execute body;
    body := pg_get_functiondef('atlas.measure_entity_fields(integer, bigint[], bigint)'::regprocedure);
    if position('entities_since = 0,' in body) = 0 then
        raise 'measure_entity_fields is not as 0010 made it';
    end if;
    execute replace(body, 'entities_since = 0,', 'entities_since = 0, changes_since = 0, recount = false,');
end $$;

-- Vacuum -----------------------------------------------------------------------------------------------------------------
-- "not" and "missing" read a tenant's entities by an index-only scan, which lives on the visibility map.
do $$
declare
    options text := 'autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05';
    before  text := pg_get_functiondef('atlas.create_branches(integer)'::regprocedure);
    after   text := replace(replace(before,
        'else '''' end;', format('else ''with (%s)'' end;', options)),
        'execute format(''create table %I partition of entities %s'', ''entities_'' || suffix, bounds);',
        format('execute format(''create table %%I partition of entities %%s with (%s)'', ''entities_'' || suffix, bounds);', options));
    leaf    text;
begin
    if (select count(*) from regexp_matches(after, 'insert_scale_factor = 0\.05', 'g')) <> 2 then
        raise 'create_branches is not as 0001 made it';
    end if;
    execute after;
    for leaf in select t.relid::regclass::text from pg_partition_tree('atlas.entities') t where t.isleaf loop
        execute format('alter table %s set (%s)', leaf, options);
    end loop;
end $$;

-- Counts of hot documents ------------------------------------------------------------------------------------------------
-- By execute: so the server may use several processes, which it does not where a function wants one row of a query. A leaf of
-- some megabytes is worth one.
create or replace function atlas.hot_count(p_tenant integer, p_attributes integer[], p_doc jsonb) returns bigint
    language plpgsql stable security definer parallel restricted
    set search_path = atlas, pg_temp set min_parallel_table_scan_size = '1MB' as $$
declare
    found bigint;
begin
    perform require_hot(p_tenant, p_attributes);
    execute 'select count(*) from entity_hot h where h.tenant_id = $1 and h.doc @> $2' into found using p_tenant, p_doc;
    return found;
end $$;
