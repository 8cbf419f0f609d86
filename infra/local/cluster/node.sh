# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# One node: its processes, its creation, its start and stop.

NODE_PID=''

# Where a process is at home. /proc tells its own user, and root only where root may trace: in a container it may not.
home_of() { DATA='' as_server readlink "/proc/$1/cwd" 2>/dev/null; }

# Is the node's postmaster alive? Sets NODE_PID. A PID file survives a crash and its number may be somebody else's by
# now, so the process must also be at home in the node's folder.
node_pid() { # NODE
    local pid
    NODE_PID=''
    { read -r pid <"$DATA/$1/postmaster.pid"; } 2>/dev/null || return 1
    [[ $pid =~ ^[0-9]+$ && $(home_of "$pid") == "$DATA/$1" ]] || return 1
    NODE_PID=$pid
}

process_state() { # PID: one letter, T is stopped
    local text
    { read -r text <"/proc/$1/stat"; } 2>/dev/null || return 0
    text=${text##*) }
    printf '%s' "${text:0:1}"
}

# Server processes at home in FOLDER or below it, whoever their parent is: also those that outlived a killed postmaster,
# or whose folder was deleted. Someone's shell in the same folder is none of our business.
pids_under() { # FOLDER
    local pattern link pid name
    # shellcheck disable=SC2001  # a class of characters, not one string
    pattern=$(sed 's/[][*?\\]/\\&/g' <<<"$1")
    while read -r link; do
        pid=${link#/proc/}
        pid=${pid%/cwd}
        { read -r name <"/proc/$pid/comm"; } 2>/dev/null || continue
        case $name in
            postgres | initdb | pg_ctl | pg_basebackup) printf '%s\n' "$pid" ;;
        esac
    done < <(DATA='' as_server find /proc/[0-9]*/cwd -maxdepth 0 \
        \( -lname "$pattern" -o -lname "$pattern/*" -o -lname "$pattern (deleted)" \) 2>/dev/null)
}

signal_under() { # SIGNAL FOLDER
    local pids
    mapfile -t pids < <(pids_under "$2")
    ((${#pids[@]} == 0)) || kill -s "$1" "${pids[@]}" 2>/dev/null || true
}

kill_under() { # FOLDER
    local pids tries
    for ((tries = 0; tries < 100; tries++)); do
        mapfile -t pids < <(pids_under "$1")
        ((${#pids[@]} > 0)) || return 0
        kill -KILL "${pids[@]}" 2>/dev/null || true
        sleep 0.05
    done
    die "processes ${pids[*]} of $1 do not die."
}

# What an interrupted script may have left: half-built nodes and the programs that were building them.
remove_unfinished() {
    local name pid folder
    while read -r pid; do
        { read -r name <"/proc/$pid/comm"; } 2>/dev/null || continue
        [[ $name == postgres ]] || kill -KILL "$pid" 2>/dev/null || true
    done < <(pids_under "$DATA")
    for folder in "$DATA"/.*.new; do
        [[ -d $folder ]] || continue
        kill_under "$folder"
        rm -rf -- "$folder"
    done
    # Deleted while their servers ran: nothing can stop these any more but us.
    while read -r pid; do
        if [[ $(home_of "$pid") == *' (deleted)' ]]; then
            kill -KILL "$pid" 2>/dev/null || true
        fi
    done < <(pids_under "$DATA")
}

log_of() { printf '%s/log/%s.log' "$DATA" "$1"; }

log_tail() { # NODE
    tail -n 8 -- "$(log_of "$1")" 2>/dev/null | sed 's/^/    /' || true
}

create_server() { # NODE
    local node=$1 fresh=$DATA/.$1.new options=()
    [[ ! -f $DATA/$node/PG_VERSION ]] || return 0
    note "creating $node."
    rm -f -- "$STATE/subscribed"
    [[ ! -f $STATE/fast-unsafe ]] || options+=(--no-sync)
    rm -rf -- "${DATA:?}/$node"
    # Only the encoding and code point order: production servers differ in their collation, the schema must not care.
    as_server "$BIN/initdb" -D ".$node.new" -U postgres -E UTF8 --locale=C.UTF-8 --auth-local=peer \
        --auth-host=scram-sha-256 --no-instructions "${options[@]}" >"$STATE/initdb-$node.log" 2>&1 ||
        die "initdb of $node failed: $(tail -n 3 "$STATE/initdb-$node.log")"
    rm -f -- "$STATE/initdb-$node.log"
    as_server mv -T "$fresh" "$DATA/$node"
}

# Starts a node that is not running; fails if it does not come up.
start_node() { # NODE
    local node=$1 log
    log=$(log_of "$node")
    node_pid "$node" && return 0
    kill_under "$DATA/$node"
    # A killed postmaster may stay a zombie for as long as nobody reaps it; PostgreSQL would take it for a rival.
    rm -f -- "$DATA/$node/postmaster.pid" "$RUN/.s.PGSQL.${PORT[$node]}" "$RUN/.s.PGSQL.${PORT[$node]}.lock"
    # shellcheck disable=SC2016  # expanded by the inner shell
    as_server sh -c 'mkdir -p -m 0700 log; [ ! -f "$1" ] || mv -f "$1" "$1.1"' sh "$log"
    # Paths relative to the data folder: pg_ctl passes them through a shell, and a clone may live anywhere.
    # pg_ctl gives the server a session of its own: a Ctrl+C in this terminal is not meant for it.
    if ! as_server "$BIN/pg_ctl" -D "$node" -l "log/$node.log" -w -t 300 -s start >/dev/null 2>&1; then
        return 1
    fi
    note "$node started on port ${PORT[$node]}."
}

port_was_taken() { # NODE
    ! node_pid "$1" && grep -qs 'Address already in use' "$(log_of "$1")"
}

# Waits until a running node answers; a node that does not is stopped at once so that it can be started again.
await_answer() { # NODE
    local deadline=$((SECONDS + 60))
    if [[ $(process_state "$NODE_PID") == T ]]; then
        note "$1 was paused; resuming it."
        signal_under CONT "$DATA/$1"
    fi
    until super "$1" postgres -c 'select 1' >/dev/null 2>&1; do
        if ((SECONDS > deadline)); then
            note "$1 runs but does not answer; restarting it."
            stop_node "$1" immediate
            return 1
        fi
        sleep 0.1
    done
}

# Brings a node to where it should be: configured, running, answering. Healthy ones are left alone.
ensure_node() { # NODE
    local node=$1
    configure_node "$node"
    if node_pid "$node" && await_answer "$node"; then
        # Always told to read its files again: custom.conf is the user's, and we do not know whether it changed.
        kill -HUP "$NODE_PID"
        if [[ -n $CHANGED || -n $CERTIFICATES_CHANGED ]]; then
            sleep 0.3
            if [[ $(super "$node" postgres -c 'select count(*) from pg_settings where pending_restart') != 0 ]]; then
                note "$node is restarted for its new configuration."
                stop_node "$node" fast
                start_node "$node" || return 1
            fi
        fi
        return 0
    fi
    start_node "$node"
}

# MODE is fast or immediate (no checkpoint, recovery at the next start). Whatever does not obey is killed.
stop_node() { # NODE MODE
    local node=$1 patience=300 signal=INT
    if [[ $2 == immediate ]]; then
        patience=50
        signal=QUIT
    fi
    if node_pid "$node"; then
        [[ $(process_state "$NODE_PID") != T ]] || signal_under CONT "$DATA/$node"
        kill -s "$signal" "$NODE_PID" 2>/dev/null || true
        await_end "$node" "$patience" || {
            [[ $signal == QUIT ]] || note "$node takes too long to stop; stopping it at once."
            kill -QUIT "$NODE_PID" 2>/dev/null || true
            await_end "$node" 50 || true
        }
    fi
    kill_under "$DATA/$node"
}

stop_fast() { stop_node "$1" fast; }
stop_immediate() { stop_node "$1" immediate; }

await_end() { # NODE TENTHS
    local tries pid
    node_pid "$1" || return 0
    pid=$NODE_PID
    for ((tries = 0; tries < $2 * 2; tries++)); do
        [[ -e /proc/$pid && $(home_of "$pid") == "$DATA/$1" ]] || return 0
        sleep 0.05
    done
    return 1
}

# Roles, databases and extensions of a server, from the files that production uses too, then the demo's own logins.
bootstrap_node() { # NODE: primary or warehouse
    local node=$1 file=$REPOSITORY/schema/postgres/bootstrap.sql wanted marker=$DATA/$1/atlas.bootstrap login
    [[ $node == primary ]] || file=$REPOSITORY/schema/redshift/local/bootstrap.sql
    wanted=$(cat -- "$file" "$REPOSITORY/infra/local/demo-logins.sql" "$STATE/passwords" | sha256sum)
    if [[ -f $marker && $(<"$marker") == "$wanted" ]]; then
        return 0
    fi
    note "roles and databases of $node."
    super "$node" postgres -v database="$(database_of "$node")" -f "$file" >/dev/null ||
        die "$file failed on $node."
    {
        # Nothing that could write a password down: not the log, not the statement statistics.
        printf "set log_statement = 'none'; set log_min_duration_statement = -1; set log_min_error_statement = panic;\n"
        printf "set pg_stat_statements.track_utility = off;\n"
        cat -- "$REPOSITORY/infra/local/demo-logins.sql"
        for login in "${LOGINS[@]}"; do
            [[ $node == warehouse && $login == atlas_@(replicator|cdc) ]] ||
                printf "alter role %s password '%s';\n" "$login" "${PASSWORD[$login]}"
        done
    } | super "$node" postgres -1 -f - >/dev/null || die "the logins of $node could not be made."
    write_as_server "$marker" "$wanted"
}
