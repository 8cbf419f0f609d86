-- SPDX-License-Identifier: GPL-3.0-or-later
-- Back-pressure: writers ask now and then whether something downstream is behind, and slow down while it is. They never
-- stop and never drop: a sender's own buffer is where telemetry waits.

create table atlas.write_limits (
    id                  smallint primary key default 1 check (id = 1),
    replica_lag_seconds double precision default 10 check (replica_lag_seconds > 0),
    slot_retained_bytes bigint default 4000000000 check (slot_retained_bytes > 0),
    staging_rows        bigint default 500000 check (staging_rows > 0),
    set_by              name not null default session_user,
    set_at              timestamptz not null default clock_timestamp()
);
insert into atlas.write_limits default values;
comment on table atlas.write_limits is 'One row: how far what is downstream may be behind before writers slow down. Null: no limit.';
comment on column atlas.write_limits.id is 'Always 1.';
comment on column atlas.write_limits.replica_lag_seconds is 'Seconds that a replica may be behind, as the agent samples it.';
comment on column atlas.write_limits.slot_retained_bytes is 'Bytes of WAL that a replication slot may hold back.';
comment on column atlas.write_limits.staging_rows is 'Rows of the fast door that may wait to be flushed.';
comment on column atlas.write_limits.set_by is 'Login that set them.';
comment on column atlas.write_limits.set_at is 'When they were set.';
grant select on atlas.write_limits to atlas_analyst, atlas_operator, atlas_admin, atlas_ingest, atlas_agent;

create function atlas.set_write_limits(p_replica_lag_seconds double precision, p_slot_retained_bytes bigint, p_staging_rows bigint) returns void
    language plpgsql security definer set search_path = atlas, pg_temp as $$
begin
    update write_limits set replica_lag_seconds = p_replica_lag_seconds, slot_retained_bytes = p_slot_retained_bytes,
           staging_rows = p_staging_rows, set_by = session_user, set_at = clock_timestamp();
    insert into audit_log (action, detail)
        values ('set write limits', jsonb_build_object('replica_lag_seconds', p_replica_lag_seconds,
                                                       'slot_retained_bytes', p_slot_retained_bytes, 'staging_rows', p_staging_rows));
end $$;
comment on function atlas.set_write_limits(double precision, bigint, bigint) is 'Sets when writers slow down; null: no limit.';

create function atlas.write_pressure() returns text
    language plpgsql stable security definer set search_path = atlas, pg_temp as $$
declare
    limits write_limits;
    reason text;
begin
    select * into limits from write_limits;
    -- A replica that cannot be seen (state unknown) does not slow anybody down by its lag: its slot does, in time.
    select format('%s is %s s behind (limit %s s)', s.node, round(s.lag_seconds::numeric, 1), limits.replica_lag_seconds) into reason
      from (select distinct on (node) node, lag_seconds, state from stage_lag_samples
             where stage = 'replica' and measured_at > clock_timestamp() - interval '15 seconds'
             order by node, measured_at desc) s
     where s.state <> 'unknown' and s.lag_seconds > limits.replica_lag_seconds
     order by s.lag_seconds desc limit 1;
    if reason is not null then
        return reason;
    end if;
    if not pg_is_in_recovery() then
        select format('slot %s holds back %s of WAL (limit %s)', r.slot_name, pg_size_pretty(r.retained), pg_size_pretty(limits.slot_retained_bytes)) into reason
          from (select slot_name, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint as retained from pg_replication_slots
                 where restart_lsn is not null and not temporary) r
         where r.retained > limits.slot_retained_bytes
         order by r.retained desc limit 1;
        if reason is not null then
            return reason;
        end if;
    end if;
    -- What is written to a tenant that moves is copied a second time; the move ends when that has caught up.
    if exists (select from tenant_moves where phase in ('follow', 'verify', 'switch'))
       and (select count(*) from (select from atlas_moves.changes limit 200001) c) > 200000 then
        return 'a tenant is being moved, and what was written meanwhile waits to be copied again';
    end if;
    -- The size of the table is looked at first: counting reads it.
    if limits.staging_rows is not null and pg_relation_size('atlas.ingest_staging') > limits.staging_rows * 60
       and (select count(*) from (select from ingest_staging limit limits.staging_rows + 1) s) > limits.staging_rows then
        return format('more than %s rows wait to be flushed', limits.staging_rows);
    end if;
    return null;
end $$;
comment on function atlas.write_pressure() is 'Why writers should slow down, for people; null when nothing is too far behind. From the agent''s samples of the last 15 seconds, the slots and the staging table.';

revoke execute on function atlas.set_write_limits(double precision, bigint, bigint), atlas.write_pressure() from public;
grant execute on function atlas.set_write_limits(double precision, bigint, bigint) to atlas_operator, atlas_admin;
grant execute on function atlas.write_pressure() to atlas_ingest, atlas_agent, atlas_operator, atlas_admin;
