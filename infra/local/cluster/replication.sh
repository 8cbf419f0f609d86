# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The physical replicas and the warehouse's subscription.

SUBSCRIPTION=atlas_warehouse

system_of() { # NODE, running or not
    LC_ALL=C "$BIN/pg_controldata" -D "$DATA/$1" 2>/dev/null |
        awk -F': *' '/^Database system identifier/ { print $2 }'
}

# Says why a replica cannot follow the primary any more, or fails if nothing speaks against it.
unfit_reason() { # NODE
    local node=$1 folder=$DATA/$1
    if [[ ! -f $folder/standby.signal ]]; then
        printf 'it is not a standby any more'
    elif [[ $(system_of "$node") != "$(system_of primary)" ]]; then
        printf 'it was copied from another primary'
    elif [[ $(super primary postgres -v slot="$(slot_of "$node")" -f - \
        <<<"select wal_status from pg_replication_slots where slot_name = :'slot'") == lost ]]; then
        printf 'its slot lost WAL that it still needs'
    elif ! streaming "$node" && grep -Eqs \
        'has already been removed|is ahead of the WAL flush position|not in this server.s history' \
        "$(log_of "$node")"; then
        printf 'the primary no longer has the WAL that it needs'
    else
        return 1
    fi
}

streaming() { # NODE
    [[ $(super primary postgres -v name="$(slot_of "$1")" -f - 2>/dev/null \
        <<<"select state from pg_stat_replication where application_name = :'name'") == streaming ]]
}

build_replica() { # NODE
    local node=$1 slot fresh=$DATA/.$1.new options=()
    slot=$(slot_of "$1")
    note "copying the primary to $node."
    [[ ! -f $STATE/fast-unsafe ]] || options+=(--no-sync)
    super primary postgres -v slot="$slot" -f - >/dev/null <<'END'
select pg_terminate_backend(active_pid, 5000) from pg_replication_slots where slot_name = :'slot' and active;
select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = :'slot';
select pg_create_physical_replication_slot(:'slot', true);
END
    as_server "$BIN/pg_basebackup" -d "$(upstream atlas_replicator "$slot-copy")" -D ".$node.new" -S "$slot" \
        -X stream -c fast "${options[@]}" >"$STATE/basebackup-$node.log" 2>&1 ||
        die "pg_basebackup of $node failed: $(tail -n 3 "$STATE/basebackup-$node.log")"
    rm -f -- "$STATE/basebackup-$node.log"
    as_server touch "$fresh/standby.signal"
    as_server mv -T "$fresh" "$DATA/$node"
}

ensure_slot() { # NODE
    super primary postgres -v slot="$(slot_of "$1")" -f - >/dev/null <<'END'
select pg_create_physical_replication_slot(:'slot', true)
 where not exists (select from pg_replication_slots where slot_name = :'slot');
END
}

# Built, configured, running and following the primary.
ensure_replica() { # NODE
    local node=$1 reason rebuilt='' deadline=$((SECONDS + 30))
    while :; do
        if [[ -d $DATA/$node ]] && reason=$(unfit_reason "$node"); then
            if [[ -n $rebuilt ]]; then
                note "$node was copied anew and still cannot follow: $reason."
                return 1
            fi
            note "$node has to be copied anew: $reason."
            stop_node "$node" immediate
            rm -rf -- "${DATA:?}/$node"
            rebuilt=yes
            deadline=$((SECONDS + 30))
        fi
        if [[ ! -d $DATA/$node ]]; then
            build_replica "$node"
        else
            ensure_slot "$node"
        fi
        ensure_node "$node" || return 1
        until streaming "$node"; do
            if ((SECONDS > deadline)); then
                note "$node runs but does not stream yet; see $(log_of "$node")."
                return 0
            fi
            if unfit_reason "$node" >/dev/null; then
                continue 2
            fi
            sleep 0.1
        done
        return 0
    done
}

# Connecting without row security: a policy would silently empty the first copy, so it must be an error instead.
subscription_source() {
    printf '%s options=-crow_security=off' "$(upstream atlas_cdc "$SUBSCRIPTION" atlas)"
}

# The primary's port may have changed since the subscription was made.
repoint_subscription() {
    local source
    source=$(subscription_source)
    super warehouse warehouse -v source="$source" -v name="$SUBSCRIPTION" -f - <<'END'
select format('alter subscription %I connection %L', subname, :'source')
  from pg_subscription
 where subname = :'name' and subconninfo <> :'source' \gexec
END
}

slot_state() { # of the subscription, on the primary; empty if there is none
    super primary atlas -v name="$SUBSCRIPTION" -f - \
        <<<"select coalesce(wal_status, 'lost') from pg_replication_slots where slot_name = :'name'"
}

# PostgreSQL 15 drops the slot of a table's first copy before it records that the copy is done. A primary that dies in
# between leaves a copy that waits for its slot for ever. Seen twice, two seconds apart, it is that and not the
# normal end of a copy.
first_copy_is_stuck() {
    local attempt slots
    for attempt in 1 2; do
        slots=$(super warehouse warehouse -v name="$SUBSCRIPTION" -f - <<'END'
select string_agg(format('pg_%s_sync_%s_%s', r.srsubid, r.srrelid, system_identifier), ',')
  from pg_subscription_rel r join pg_subscription s on s.oid = r.srsubid, pg_control_system()
 where s.subname = :'name' and r.srsubstate = 'f'
END
        )
        [[ -n $slots ]] || return 1
        [[ $(super primary atlas -v slots="$slots" -f - <<'END'
select count(*) from unnest(string_to_array(:'slots', ',')) as wanted
 where wanted not in (select slot_name from pg_replication_slots)
END
        ) != 0 ]] || return 1
        [[ $attempt == 2 ]] || sleep 2
    done
}

# Creates the subscription, or makes the existing one fit the publication.
subscribe() {
    local tables missing exists slot
    tables=$(super primary atlas -v name="$SUBSCRIPTION" -f - <<'END'
select string_agg(format('%I.%I', schemaname, tablename), ', ' order by schemaname, tablename)
  from pg_publication_tables where pubname = :'name'
END
    ) || die 'cannot ask the primary; is the cluster up?'
    if [[ -z $tables ]]; then
        note "the primary has no publication $SUBSCRIPTION yet; apply the schema first (./atlas ctl schema apply)."
        return 1
    fi
    missing=$(super warehouse warehouse -v tables="$tables" -f - <<'END'
select string_agg(name, ', ') from unnest(string_to_array(:'tables', ', ')) as name where to_regclass(name) is null
END
    ) || die 'cannot ask the warehouse; is the cluster up?'
    if [[ -n $missing ]]; then
        note "the warehouse has no table $missing yet; apply the schema first (./atlas ctl schema apply)."
        return 1
    fi
    exists=$(super warehouse warehouse -v name="$SUBSCRIPTION" -f - \
        <<<"select 1 from pg_subscription where subname = :'name'")
    slot=$(slot_state)
    if [[ -n $exists && (-z $slot || $slot == lost) ]]; then
        note 'the subscription lost its slot on the primary; the warehouse is copied anew.'
        drop_subscription
        exists=''
    elif [[ -n $exists ]] && first_copy_is_stuck; then
        note 'the first copy of a table was cut off; the warehouse is copied anew.'
        drop_subscription
        exists=''
    fi
    if [[ -z $exists ]]; then
        create_subscription "$tables"
        return
    fi
    repoint_subscription
    super warehouse warehouse -v name="$SUBSCRIPTION" -v tables="$tables" -f - <<'END'
select format('alter subscription %I enable', subname)
  from pg_subscription where subname = :'name' and not subenabled \gexec
select format('alter subscription %I refresh publication', :'name')
 where (select string_agg(r.srrelid::regclass::oid::text, ',' order by r.srrelid)
          from pg_subscription_rel r join pg_subscription s on s.oid = r.srsubid where s.subname = :'name')
       is distinct from
       (select string_agg(to_regclass(name)::oid::text, ',' order by to_regclass(name)::oid)
          from unnest(string_to_array(:'tables', ', ')) as name) \gexec
END
}

# Without its slots, which create_subscription removes.
drop_subscription() {
    super warehouse warehouse -c "alter subscription $SUBSCRIPTION disable" \
        -c "alter subscription $SUBSCRIPTION set (slot_name = none)" -c "drop subscription $SUBSCRIPTION"
}

# Until every table's first copy is done.
await_first_copy() {
    local deadline=$((SECONDS + 900)) left
    while :; do
        left=$(super warehouse warehouse -c "select count(*) from pg_subscription_rel where srsubstate <> 'r'") ||
            die 'cannot ask the warehouse; is the cluster up?'
        [[ $left != 0 ]] || return 0
        ((SECONDS < deadline)) || die "the first copy is not done after 15 minutes; see $(log_of warehouse)."
        sleep 0.5
    done
}

create_subscription() { # TABLES
    note 'subscribing the warehouse to the primary.'
    # Slots of an earlier subscription keep WAL for nobody, and rows of an earlier one would collide with the copy.
    super primary atlas -v name="$SUBSCRIPTION" -f - >/dev/null <<'END'
select pg_terminate_backend(active_pid, 5000) from pg_replication_slots
 where (slot_name = :'name' or slot_name ~ '^pg_[0-9]+_sync_[0-9]+_') and active;
select pg_drop_replication_slot(slot_name) from pg_replication_slots
 where slot_name = :'name' or slot_name ~ '^pg_[0-9]+_sync_[0-9]+_';
END
    super warehouse warehouse -c "truncate $1"
    super warehouse warehouse -v source="$(subscription_source)" -v name="$SUBSCRIPTION" -f - 2>/dev/null <<'END' ||
create subscription :"name" connection :'source' publication :"name";
END
        die "the subscription could not be created; see $(log_of warehouse)."
}
