# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The status table: what each node says of itself, and what the primary says of those that follow it.

# One line of pipe-separated fields, or nothing if the node does not answer.
ask_node() { # NODE
    super "$1" "$(database_of "$1")" -f - 2>/dev/null <<'END'
select case when current_database() = 'warehouse' then 'warehouse'
            when pg_is_in_recovery() then 'replica' else 'primary' end,
       (select pg_size_pretty(sum(pg_database_size(oid))) from pg_database)
END
}

# name|bytes|seconds for every follower that is connected. Seconds are empty while it is idle and caught up, and while
# WAL is not even sent yet: PostgreSQL measures only what was.
ask_lag() {
    super primary atlas -f - 2>/dev/null <<'END'
select replace(application_name, '_', '-'),
       greatest(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn), 0)::bigint,
       case when pg_wal_lsn_diff(pg_current_wal_lsn(), sent_lsn) < 1048576
            then round(extract(epoch from replay_lag)::numeric, 1) end
  from pg_stat_replication where state in ('streaming', 'catchup')
END
}

human_bytes() {
    awk -v bytes="$1" 'BEGIN {
        split("B kB MB GB TB", unit, " ")
        for (i = 1; bytes >= 1024 && i < 5; i++) bytes /= 1024
        printf(i == 1 ? "%d %s" : "%.1f %s", bytes, unit[i])
    }'
}

lag_text() { # NODE ROLE, reads LAG
    local name=$1 bytes seconds
    [[ $2 != primary ]] || { printf '–' && return; }
    [[ -n $LAG_KNOWN ]] || { printf 'unknown (no primary)' && return; }
    [[ $2 != warehouse ]] || name=atlas-warehouse
    IFS='|' read -r bytes seconds <<<"${LAG[$name]:-}"
    if [[ -z $bytes ]]; then
        [[ $2 == warehouse ]] && printf 'not subscribed' || printf 'not streaming'
    elif ((bytes == 0)); then
        printf 'none (idle)'
    else
        printf '%s' "$(human_bytes "$bytes")"
        [[ -z $seconds ]] || printf ', %s s' "$seconds"
    fi
}

# Returns 0 if every node is up, 1 if some are down.
print_status() {
    local node answer role size state pid name rest down=0 folder
    local -A LAG=()
    local LAG_KNOWN=''
    folder=$(mktemp -d)
    for node in "${NODES[@]}"; do
        ask_node "$node" >"$folder/$node" &
    done
    ask_lag >"$folder/lag" && LAG_KNOWN=yes
    wait
    while IFS='|' read -r name rest; do
        [[ -z $name ]] || LAG[$name]=$rest
    done <"$folder/lag"
    printf '%-10s  %-9s  %5s  %8s  %-9s  %-22s  %s\n' NODE ROLE PORT PID STATE LAG SIZE
    for node in "${NODES[@]}"; do
        answer=$(<"$folder/$node")
        role=${answer%%|*}
        size=${answer#*|}
        pid=–
        state=down
        if node_pid "$node"; then
            pid=$NODE_PID
            state=up
            if [[ $(process_state "$pid") == T ]]; then
                state=paused
            elif [[ -z $answer ]]; then
                state='no answer'
            fi
        fi
        [[ $state == up ]] || down=1
        printf '%-10s  %-9s  %5s  %8s  %-9s  %-22s  %s\n' "$node" "${role:-–}" "${PORT[$node]:-–}" "$pid" "$state" \
            "$([[ $state == up ]] && lag_text "$node" "$role" || printf '–')" "${size:-–}"
    done
    rm -rf -- "$folder"
    return "$down"
}
