-- SPDX-License-Identifier: GPL-3.0-or-later
-- Promotion and demotion of one attribute, in small steps that any client can go on with.
--   promote: cold → warming (writers project it) → drain → fill → verify → hot (readers may use it)
--   demote:  hot → cooling (readers and writers stop) → drain → fill (strip) → verify → cold
-- Drain: a writer that read the old state may still commit; fill starts when every transaction that was open after the
-- state changed has ended. Fill locks the current values FOR SHARE before it reads them: a batch that waited for a writer
-- then sees what that writer left, and a later writer waits for the batch.

alter table atlas.hot_set_jobs add cursor_num double precision, add cursor_text text collate "C";
comment on column atlas.hot_set_jobs.cursor_num is 'Keyset position of a promotion''s fill in the covering index of numbers.';
comment on column atlas.hot_set_jobs.cursor_text is 'Keyset position of a promotion''s fill in the covering index of text.';

create function atlas.hot_match(p_tenant integer, p_attributes integer[], p_doc jsonb) returns setof bigint
    language plpgsql stable security definer
    set search_path = atlas, pg_temp set plan_cache_mode = force_custom_plan as $$
begin
    perform require_tenant(p_tenant);
    if exists (select from unnest(p_attributes) u(id)
                 left join attributes a on a.tenant_id = p_tenant and a.attribute_id = u.id
                where a.state is distinct from 'hot') then
        raise exception using errcode = 'AT001', message = 'an attribute of this filter is no longer in the hot set',
            hint = 'Read the catalogue again and compile the filter anew.';
    end if;
    return query select h.entity_id from entity_hot h where h.tenant_id = p_tenant and h.doc @> p_doc;
end $$;
comment on function atlas.hot_match(integer, integer[], jsonb) is 'Entities whose hot document contains p_doc. Row security keeps @> out of indexes; this function checks the tenant once and uses them. AT001 when an attribute is not hot.';

create function atlas.hot_set_begin(p_tenant integer, p_attribute integer, p_kind text) returns bigint
    language plpgsql security definer set search_path = atlas, pg_temp as $$
declare
    attribute attributes;
    job       bigint;
begin
    perform require_tenant(p_tenant);
    select * into attribute from attributes where tenant_id = p_tenant and attribute_id = p_attribute for update;
    if not found then
        raise no_data_found using message = format('tenant %s has no attribute %s', p_tenant, p_attribute);
    end if;
    select job_id into job from hot_set_jobs
     where tenant_id = p_tenant and attribute_id = p_attribute and phase in ('drain', 'fill', 'verify');
    if found then
        if exists (select from hot_set_jobs where tenant_id = p_tenant and job_id = job and kind = p_kind) then
            return job;
        end if;
        raise object_in_use using message = format('attribute %s is being changed by job %s', attribute.name, job),
            hint = 'Wait for it or cancel it.';
    end if;
    if p_kind = 'promote' and attribute.state not in ('cold', 'warming') or p_kind = 'demote' and attribute.state = 'cold' then
        raise object_not_in_prerequisite_state using message = format('attribute %s is %s already', attribute.name, attribute.state);
    end if;
    update attributes set state = case p_kind when 'promote' then 'warming' else 'cooling' end, state_changed_at = clock_timestamp()
     where tenant_id = p_tenant and attribute_id = p_attribute;
    insert into hot_set_jobs (tenant_id, attribute_id, kind, rows_expected, message)
        values (p_tenant, p_attribute, p_kind,
                coalesce((select entities_with from attribute_stats where tenant_id = p_tenant and attribute_id = p_attribute), 0),
                'waiting for writers that began before')
        returning job_id into job;
    insert into audit_log (tenant_id, action, detail)
        values (p_tenant, p_kind, jsonb_build_object('attribute', attribute.name, 'job', job));
    return job;
end $$;
comment on function atlas.hot_set_begin(integer, integer, text) is 'Begins a promotion or demotion, or finds the one that is under way; returns its job.';

create function atlas.hot_set_step(p_tenant integer, p_job bigint, p_limit integer) returns atlas.hot_set_jobs
    language plpgsql security definer
    set search_path = atlas, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
    job       hot_set_jobs;
    attribute attributes;
    key       text;
    n         bigint;
    wrong     bigint;
begin
    perform require_tenant(p_tenant);
    select * into job from hot_set_jobs where tenant_id = p_tenant and job_id = p_job for update;
    if not found then
        raise no_data_found using message = format('no job %s', p_job);
    end if;
    if job.phase not in ('drain', 'fill', 'verify') then
        return job;
    end if;
    select * into attribute from attributes where tenant_id = p_tenant and attribute_id = job.attribute_id;
    key := job.attribute_id::text;

    if job.phase = 'drain' then
        if job.drain_xid is null then
            -- Our own id, taken after the new state was committed: whoever has a later one reads the new state, because
            -- ingest_commit takes its id before its snapshot. (A snapshot's xmax will not do: it is one above the last
            -- id that ended, and a writer that still runs may have it.)
            job.drain_xid := pg_current_xact_id();
        end if;
        if pg_snapshot_xmin(pg_current_snapshot()) >= job.drain_xid then
            job.phase := 'fill';
            job.message := case job.kind when 'promote' then 'writing the projection' else 'removing the projection' end;
        end if;

    elsif job.phase = 'fill' and job.kind = 'promote' then
        -- The next rows in the order of the covering index. A value that changes meanwhile is projected by its writer,
        -- so it does not matter on which side of the cursor it lands. Locked in key order, as writers lock.
        with candidates as materialized (
            select c.entity_id, c.value_num, c.value_text from (
                select v.entity_id, v.value_num, null::text collate "C" as value_text from attribute_values v
                 where attribute.value_type in (2, 3, 4) and v.tenant_id = p_tenant and v.attribute_id = job.attribute_id and v.value_num is not null
                   and (job.cursor_num is null or (v.value_num, v.entity_id) > (job.cursor_num, job.last_entity_id))
                 order by v.value_num, v.entity_id limit p_limit) c
            union all
            select c.entity_id, c.value_num, c.value_text from (
                select v.entity_id, null::double precision as value_num, v.value_text from attribute_values v
                 where attribute.value_type in (1, 5) and v.tenant_id = p_tenant and v.attribute_id = job.attribute_id and v.value_text is not null
                   and (job.cursor_text is null or (v.value_text, v.entity_id) > (job.cursor_text, job.last_entity_id))
                 order by v.value_text, v.entity_id limit p_limit) c
        ), locked as materialized (
            select v.entity_id, v.value_num, v.value_text, v.value_exact, v.value_long
              from attribute_values v
             where v.tenant_id = p_tenant and v.attribute_id = job.attribute_id
               and v.entity_id = any (array(select c.entity_id from candidates c))
             order by v.entity_id for share
        ), written as (
            insert into entity_hot as h (tenant_id, entity_id, doc)
                select p_tenant, l.entity_id,
                       jsonb_build_object(key, hot_value(attribute.value_type, l.value_num, l.value_text, l.value_exact, l.value_long))
                  from locked l order by l.entity_id
                on conflict (tenant_id, entity_id) do update set doc = h.doc || excluded.doc
        ), last as (
            select c.entity_id, c.value_num, c.value_text from candidates c
             order by c.value_num desc nulls last, c.value_text desc nulls last, c.entity_id desc limit 1)
        select (select count(*) from candidates), l.entity_id, l.value_num, l.value_text
          into n, job.last_entity_id, job.cursor_num, job.cursor_text
          from last l;
        job.rows_done := job.rows_done + coalesce(n, 0);
        if coalesce(n, 0) < p_limit then
            job.phase := 'verify';
            job.last_entity_id := 0;
            job.message := 'comparing every row';
        end if;

    elsif job.phase = 'fill' then
        with page as materialized (
            select h.entity_id, h.doc ? key as present from entity_hot h
             where h.tenant_id = p_tenant and h.entity_id > job.last_entity_id order by h.entity_id limit p_limit
        ), locked as materialized (
            select h.entity_id from entity_hot h
             where h.tenant_id = p_tenant and h.entity_id = any (array(select entity_id from page where present))
             order by h.entity_id for update
        ), stripped as (
            update entity_hot h set doc = h.doc - key from locked l
             where h.tenant_id = p_tenant and h.entity_id = l.entity_id returning 1)
        select (select count(*) from page), coalesce((select max(entity_id) from page), job.last_entity_id),
               job.rows_done + (select count(*) from stripped)
          into n, job.last_entity_id, job.rows_done;
        if n < p_limit then
            job.phase := 'verify';
            job.message := 'looking for leftovers';
        end if;

    elsif job.kind = 'promote' then
        -- One statement, one snapshot: writers commit value and projection together, so any difference is an error.
        select (select count(*) from attribute_values v
                  left join entity_hot h on h.tenant_id = p_tenant and h.entity_id = v.entity_id
                 where v.tenant_id = p_tenant and v.attribute_id = job.attribute_id
                   and coalesce(h.doc -> key, 'null')
                       is distinct from coalesce(hot_value(attribute.value_type, v.value_num, v.value_text, v.value_exact, v.value_long), 'null'))
             + (select count(*) from entity_hot h
                 where h.tenant_id = p_tenant and h.doc -> key <> 'null'
                   and not exists (select from attribute_values v where v.tenant_id = p_tenant and v.entity_id = h.entity_id
                                      and v.attribute_id = job.attribute_id))
          into wrong;
        job.mismatches := wrong;
        if wrong = 0 then
            job.phase := 'done';
            job.message := format('verified: %s rows, no difference', job.rows_done);
            update attributes set state = 'hot', state_changed_at = clock_timestamp()
             where tenant_id = p_tenant and attribute_id = job.attribute_id;
        else
            job.phase := 'failed';
            job.message := format('%s rows differ; readers were not switched', wrong);
        end if;

    else
        select count(*) into wrong from entity_hot h where h.tenant_id = p_tenant and h.doc ? key;
        job.mismatches := wrong;
        if wrong = 0 then
            job.phase := 'done';
            job.message := format('verified: removed from %s documents, none left', job.rows_done);
            update attributes set state = 'cold', state_changed_at = clock_timestamp()
             where tenant_id = p_tenant and attribute_id = job.attribute_id;
        else
            job.phase := 'failed';
            job.message := format('%s documents still hold it', wrong);
        end if;
    end if;

    job.updated_at := clock_timestamp();
    update hot_set_jobs j set phase = job.phase, drain_xid = job.drain_xid, last_entity_id = job.last_entity_id, rows_done = job.rows_done,
           mismatches = job.mismatches, message = job.message, cursor_num = job.cursor_num, cursor_text = job.cursor_text,
           updated_at = job.updated_at
     where j.tenant_id = p_tenant and j.job_id = p_job;
    if job.phase in ('done', 'failed') then
        insert into audit_log (tenant_id, action, detail)
            values (p_tenant, job.kind || ' ' || job.phase, jsonb_build_object('attribute', attribute.name, 'job', p_job, 'mismatches', wrong));
    end if;
    return job;
end $$;
comment on function atlas.hot_set_step(integer, bigint, integer) is 'Does one step of a job, of at most p_limit rows, and returns where it stands. Call until phase is done, failed or cancelled.';

create function atlas.hot_set_cancel(p_tenant integer, p_job bigint) returns bigint
    language plpgsql security definer set search_path = atlas, pg_temp as $$
declare
    job hot_set_jobs;
begin
    perform require_tenant(p_tenant);
    select * into job from hot_set_jobs where tenant_id = p_tenant and job_id = p_job for update;
    if not found or job.phase not in ('drain', 'fill', 'verify') then
        return null;
    end if;
    if job.kind = 'demote' then
        raise object_not_in_prerequisite_state using message = 'a demotion cannot be cancelled half way',
            hint = 'Let it end, then promote again.';
    end if;
    update hot_set_jobs set phase = 'cancelled', message = 'cancelled; what was written is being removed', updated_at = clock_timestamp()
     where tenant_id = p_tenant and job_id = p_job;
    return hot_set_begin(p_tenant, job.attribute_id, 'demote');
end $$;
comment on function atlas.hot_set_cancel(integer, bigint) is 'Cancels a promotion: returns the job that removes what it had written, null when there was nothing to cancel.';

grant execute on function atlas.hot_match(integer, integer[], jsonb) to atlas_analyst, atlas_operator, atlas_admin;
grant execute on function atlas.hot_set_begin(integer, integer, text), atlas.hot_set_step(integer, bigint, integer),
    atlas.hot_set_cancel(integer, bigint) to atlas_admin;
