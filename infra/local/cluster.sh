#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The local cluster: a primary, two streaming replicas, and a warehouse fed by logical replication.
set -euo pipefail
shopt -s extglob

REPOSITORY=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
HERE=$REPOSITORY/infra/local/cluster
# shellcheck source=infra/local/space.sh
source "$REPOSITORY/infra/local/space.sh"
# shellcheck source=infra/local/cluster/common.sh
source "$HERE/common.sh"
# shellcheck source=infra/local/cluster/state.sh
source "$HERE/state.sh"
# shellcheck source=infra/local/cluster/secrets.sh
source "$HERE/secrets.sh"
# shellcheck source=infra/local/cluster/config.sh
source "$HERE/config.sh"
# shellcheck source=infra/local/cluster/node.sh
source "$HERE/node.sh"
# shellcheck source=infra/local/cluster/replication.sh
source "$HERE/replication.sh"
# shellcheck source=infra/local/cluster/status.sh
source "$HERE/status.sh"

CERTIFICATES_CHANGED=''

usage() {
    cat <<'END'
Usage: infra/local/cluster.sh [--state DIR] COMMAND

  up [--fast-unsafe]   create or start what is missing; healthy nodes are left alone
                       (--fast-unsafe: no fsync, for tests; kept until reset)
  down                 stop every node
  status [--quiet]     a table; exit status 0 if all nodes are up, 1 if some are down
  reset                stop and delete everything
  subscribe [--wait]   feed the warehouse from the primary, once the schema is applied; --wait: until the
                       first copy is done. Cheaper after a first load than before
  psql NODE [ARGS]     psql as the superuser, through the private socket
  pid NODE             the process number of the node's postmaster
  start NODE           start one node
  stop NODE            stop one node (fast)
  kill NODE            kill -9 one node
  pause NODE, resume NODE
                       SIGSTOP and SIGCONT to all processes of a node

Nodes: primary, replica-1, replica-2, warehouse. DIR is .atlas/cluster unless given.
END
}

# One command at a time on a state folder. Taken again if the folder was deleted while we waited.
lock_state() {
    while :; do
        exec 9>>"$STATE/lock"
        if ! flock -n 9; then
            note 'waiting for another command on this cluster.'
            flock 9
        fi
        [[ $STATE/lock -ef /proc/self/fd/9 ]] && return
        make_folder "$STATE"
    done
}

check_server_programs() {
    [[ -x $BIN/initdb ]] || die "PostgreSQL's server programs are not in $BIN; install postgresql-15."
    [[ $EUID -ne 0 ]] || getent passwd "$SERVER_USER" >/dev/null || die "there is no user $SERVER_USER to run servers."
}

# Starts NODES, with other ports if somebody else was quicker.
ensure_nodes() { # FUNCTION NODE…
    local function=$1 attempt node failed
    shift
    for attempt in 1 2 3; do
        for_each "$function" "$@" && return 0
        failed=''
        for node in "$@"; do
            port_was_taken "$node" && failed=$node
        done
        [[ -n $failed && $attempt != 3 ]] || break
        choose_ports
        write_client_files
        for node in "${NODES[@]}"; do
            if node_pid "$node"; then
                configure_node "$node"
                kill -HUP "$NODE_PID"
            fi
        done
    done
    for node in "$@"; do
        if ! node_pid "$node"; then
            printf 'Cluster: %s did not start. The end of %s:\n' "$node" "$(log_of "$node")" >&2
            log_tail "$node" >&2
        fi
    done
    die "some nodes did not start; './atlas cluster reset' starts over and deletes their data."
}

command_up() {
    local node
    check_server_programs
    STATE=$(realpath -m -- "$STATE")
    make_folder "$STATE"
    [[ $(stat -c %u -- "$STATE") == "$EUID" ]] ||
        die "$STATE belongs to $(stat -c %U -- "$STATE"); run this as that user, or use another clone."
    lock_state
    prepare_state
    [[ ${1:-} != --fast-unsafe ]] || : >"$STATE/fast-unsafe"
    remove_unfinished
    need_space 700 "$DATA" 'The cluster'
    read_ports
    read_passwords
    choose_ports
    prepare_certificates
    write_client_files
    for_each create_server primary warehouse
    ensure_nodes ensure_node primary warehouse
    for_each bootstrap_node primary warehouse || die 'roles and databases could not be made.'
    ensure_nodes ensure_replica "${REPLICAS[@]}"
    for node in "${NODES[@]}"; do
        node_pid "$node" || die "$node did not stay up; see $(log_of "$node")."
    done
    repoint_subscription || note 'the subscription could not be pointed at the primary; try: ./atlas cluster subscribe'
    note "up; the primary is on port ${PORT[primary]}."
}

command_down() { # MODE
    if ! locate_state; then
        # The state folder is gone, but servers that lived elsewhere may run on.
        kill_under "$STATE/data"
        kill_under "$(outside_folder)"
        return 0
    fi
    lock_state
    # Those that follow first: a primary waits until its followers have everything, the warehouse may be far behind.
    for_each "stop_$1" warehouse "${REPLICAS[@]}"
    "stop_$1" primary
    remove_unfinished
    kill_under "$DATA"
    [[ -z $RUN ]] || remove_socket_folder "$RUN"
}

command_reset() {
    local outside
    STATE=$(realpath -m -- "$STATE")
    command_down immediate
    outside=$(outside_folder)
    if [[ -L $STATE/data && $(cat -- "$STATE/data/state" 2>/dev/null) == "$STATE" ]]; then
        outside=$(readlink -- "$STATE/data")
    fi
    if [[ -d $outside ]]; then
        kill_under "$outside"
        rm -rf -- "$outside"
    fi
    rmdir -- "$(dirname -- "$outside")" 2>/dev/null || true
    rm -rf -- "$STATE"
}

require_cluster() {
    locate_state || die "there is no cluster here; './atlas cluster up' makes one."
}

require_running() { # NODE
    require_node "${1:-}"
    require_cluster
    node_pid "$1" || die "$1 is not running; './atlas cluster up' starts it."
}

main() {
    local command node jobs
    # What runs in the background would go on: bash lets it ignore interrupts.
    trap 'trap - TERM; mapfile -t jobs < <(jobs -p); ((${#jobs[@]} == 0)) || kill "${jobs[@]}" 2>/dev/null; exit 130' INT TERM HUP
    STATE=$REPOSITORY/.atlas/cluster
    # Somebody's own libpq settings must not redirect us.
    # shellcheck disable=SC2086  # a list of names
    unset ${!PG@}
    export LC_ALL=C.UTF-8
    if [[ ${1:-} == --state ]]; then
        STATE=${2:?--state needs a folder}
        shift 2
    fi
    command=${1:-}
    shift || true
    case $command in
        up) command_up "$@" ;;
        down) command_down fast ;;
        reset) command_reset ;;
        status)
            if ! locate_state; then
                [[ ${1:-} == --quiet ]] || say "There is no cluster here; './atlas cluster up' makes one."
                exit 1
            fi
            if [[ ${1:-} == --quiet ]]; then
                for node in "${NODES[@]}"; do
                    node_pid "$node" || exit 1
                done
            else
                print_status
            fi
            ;;
        subscribe)
            require_cluster
            lock_state
            subscribe
            : >"$STATE/subscribed"
            [[ ${1:-} != --wait ]] || await_first_copy
            ;;
        psql)
            require_running "${1:-}"
            node=$1
            shift
            exec "$BIN/psql" -h "$RUN" -p "${PORT[$node]}" -U postgres -d "$(database_of "$node")" "$@"
            ;;
        pid)
            require_running "${1:-}"
            say "$NODE_PID"
            ;;
        start)
            require_node "${1:-}"
            require_cluster
            lock_state
            [[ -d $DATA/$1 ]] || die "$1 does not exist yet; './atlas cluster up' makes it."
            start_node "$1" || die "$1 did not start; see $(log_of "$1")."
            ;;
        stop | kill)
            require_node "${1:-}"
            require_cluster
            lock_state
            if [[ $command == stop ]]; then
                stop_node "$1" fast
            else
                kill_under "$DATA/$1"
            fi
            ;;
        pause)
            require_running "${1:-}"
            signal_under STOP "$DATA/$1"
            ;;
        resume)
            require_running "${1:-}"
            signal_under CONT "$DATA/$1"
            ;;
        -h | --help | help) usage ;;
        *)
            usage >&2
            exit 2
            ;;
    esac
}

main "$@"
