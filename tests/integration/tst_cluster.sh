#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The local cluster under everything that happens to it: kills, taken ports, lost slots, odd folders, other users.
# Makes clusters of its own in a temporary folder; prints Qt Test's summary line, which "./atlas test" adds up.
#   tst_cluster.sh [NAME…]   runs the named checks only
set -euo pipefail
shopt -s extglob

REPOSITORY=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
CLUSTER=$REPOSITORY/infra/local/cluster.sh
PASSED=0
FAILED=0
SKIPPED=0
SCRATCH=$(mktemp -d)
chmod 0755 "$SCRATCH"
STATE=$SCRATCH/state
LISTENER=''
# shellcheck disable=SC2086  # a list of names
unset ${!PG@}

cleanup() {
    local ports state
    [[ -z $LISTENER ]] || kill "$LISTENER" 2>/dev/null || true
    # Every state at any depth, each as whoever made it.
    while read -r -d '' ports; do
        state=${ports%/ports}
        if [[ $EUID -eq 0 && $(stat -c %u -- "$state") != 0 ]]; then
            setpriv --reuid="$(stat -c %u -- "$state")" --regid="$(stat -c %g -- "$state")" --clear-groups -- \
                env -i PATH=/usr/bin:/bin HOME=/ "$CLUSTER" --state "$state" reset >/dev/null 2>&1 || true
        else
            "$CLUSTER" --state "$state" reset >/dev/null 2>&1 || true
        fi
    done < <(find "$SCRATCH" -name ports -print0 2>/dev/null)
    rm -rf -- "$SCRATCH"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

cluster() { "$CLUSTER" --state "$STATE" "$@"; }
sql() { cluster psql "$1" -X -q -A -t -v ON_ERROR_STOP=1 -c "$2"; }
client() { PGSERVICEFILE=$STATE/pg_service.conf psql -X -q -A -t -w "service=$1 connect_timeout=5" -c "$2" 2>&1; }
fail() {
    printf '   %s\n' "$*" >&2
    exit 1
}
skip() {
    printf '   %s\n' "$*" >&2
    exit 77
}
equal() { # WANTED FOUND WHAT
    [[ $1 == "$2" ]] || fail "$3: wanted '$1', found '$2'"
}
until_true() { # WHAT COMMAND…
    local what=$1 deadline=$((SECONDS + 60))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || fail "not within 60 s: $what"
        sleep 0.1
    done
}
pids() {
    local node
    for node in primary replica-1 replica-2 warehouse; do
        printf '%s=%s ' "$node" "$(cluster pid "$node" 2>/dev/null || printf none)"
    done
}
# Server processes whose working folder is below the given one.
processes_in() {
    local cwd
    for cwd in /proc/[0-9]*/cwd; do
        [[ $(readlink "$cwd" 2>/dev/null) != "$1"* ]] || cat "${cwd%cwd}comm" 2>/dev/null || true
    done | grep -c postgres || true
}
everything_works() {
    cluster status >/dev/null || fail "status says that nodes are down: $(cluster status)"
    local node
    for node in replica-1 replica-2; do
        until_true "$node streams" sql_says primary \
            "select state from pg_stat_replication where application_name = '${node/-/_}'" streaming
    done
    for node in primary replica-1 replica-2 warehouse; do
        equal demo_analyst "$(client "atlas-$node" 'select current_user')" "login at $node"
    done
}
sql_says() { [[ $(sql "$1" "$2") == "$3" ]]; }

check_up_and_again() {
    local before
    cluster up --fast-unsafe >/dev/null
    everything_works
    before=$(pids)
    equal "Cluster: up; the primary is on port $(sed -n s/primary=//p "$STATE/ports")." "$(cluster up)" 'what a second up says'
    equal "$before" "$(pids)" 'processes after a second up'
}

check_roles_by_server() {
    equal f "$(client atlas-primary 'select pg_is_in_recovery()')" primary
    equal t "$(client atlas-replica-1 'select pg_is_in_recovery()')" replica-1
    equal t "$(client atlas-replica-2 'select pg_is_in_recovery()')" replica-2
    equal warehouse "$(client atlas-warehouse 'select current_database()')" warehouse
    equal logical "$(client atlas-primary 'show wal_level')" wal_level
    equal on "$(client atlas-replica-1 'show hot_standby_feedback')" hot_standby_feedback
    equal 'replica_1 replica_2' "$(sql primary "select string_agg(slot_name, ' ' order by slot_name)
        from pg_replication_slots where slot_type = 'physical' and active")" 'physical slots in use'
}

check_only_tls_and_passwords() {
    local port
    port=$(sed -n s/primary=//p "$STATE/ports")
    [[ $(client "atlas-primary sslmode=disable" 'select 1') == *'no encryption'* ]] || fail 'came in without TLS'
    [[ $(client "atlas-primary sslrootcert=$SCRATCH/none" 'select 1') == *'root certificate'* ]] ||
        fail 'came in without knowing the CA'
    [[ $(client "atlas-primary passfile=$SCRATCH/none" 'select 1') == *'no password'* ]] ||
        fail 'came in without a password'
    [[ $(client "atlas-primary user=postgres" 'select 1') == *'rejects'* ]] || fail 'the superuser came in over TCP'
    equal 127.0.0.1 "$(client atlas-primary 'show listen_addresses')" 'listening on'
    [[ $(client "atlas-primary host=127.0.0.1 port=$port passfile=$SCRATCH/none" 'select 1') == *'no password'* ]] ||
        fail 'the certificate does not name 127.0.0.1'
}

check_secrets_stay_secret() {
    local file found
    for file in pgpass passwords tls/ca.key tls/server.key; do
        equal 600 "$(stat -c %a "$STATE/$file")" "mode of $file"
    done
    found=$(awk '{ print $2 }' "$STATE/passwords" | grep -rlFf - "$STATE" | sed "s,$STATE/,," | sort | tr '\n' ' ')
    equal 'data/pgpass passwords pgpass ' "$found" 'files that hold a password'
    equal 0 "$(sql primary "select count(*) from pg_authid where rolpassword not like 'SCRAM-SHA-256\$%'")" \
        'passwords kept otherwise than by scram'
    equal 0 "$(sql primary "select count(*) from pg_stat_statements where query ilike '%password ''%'" 2>/dev/null ||
        printf 0)" 'passwords among the recorded statements'
}

check_killed_nodes() {
    local node before after
    for node in replica-1 warehouse primary; do
        before=$(pids)
        cluster kill "$node"
        if cluster status >/dev/null; then
            fail "status calls a cluster without $node healthy"
        fi
        cluster up >/dev/null
        everything_works
        after=$(pids)
        equal "${before/$node=+([0-9])/}" "${after/$node=+([0-9])/}" 'the other nodes'
    done
}

check_killed_postmaster() {
    local pid
    pid=$(cluster pid primary)
    kill -KILL "$pid"
    cluster up >/dev/null
    everything_works
}

check_stale_pid_file() {
    local folder
    folder=$(realpath "$STATE/data/replica-2")
    cluster kill replica-2
    sed -i "1s/.*/$$/" "$folder/postmaster.pid"
    cluster up >/dev/null
    everything_works
}

check_paused_node() {
    cluster pause primary
    [[ $(cluster status) == *paused* ]] || fail 'status does not say that a node is paused'
    cluster up >/dev/null
    everything_works
    cluster pause replica-1
    cluster stop replica-1
    cluster up >/dev/null
    everything_works
}

check_taken_port() {
    local port source
    prepare_subscription
    until_true 'the first copy is done' sql_says warehouse 'select distinct srsubstate from pg_subscription_rel' r
    port=$(sed -n s/primary=//p "$STATE/ports")
    cluster kill primary
    openssl s_server -accept "127.0.0.1:$port" -cert "$STATE/tls/server.crt" -key "$STATE/tls/server.key" -www \
        >/dev/null 2>&1 </dev/null &
    LISTENER=$!
    until_true 'the port is taken' bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"
    cluster up >/dev/null
    kill "$LISTENER"
    LISTENER=''
    [[ $(sed -n s/primary=//p "$STATE/ports") != "$port" ]] || fail 'the primary kept a port that was taken'
    everything_works
    source=$(sql warehouse 'select subconninfo from pg_subscription')
    [[ $source == *" port=$(sed -n s/primary=//p "$STATE/ports") "* ]] || fail "the subscription asks $source"
    sql primary "insert into atlas.cluster_test values (2)"
    until_true 'the warehouse follows to the new port' sql_says warehouse \
        'select count(*) from atlas.cluster_test where id = 2' 1
}

# A stand-in for the schema: one published table on both sides.
prepare_subscription() {
    sql primary "set client_min_messages = warning; create table if not exists atlas.cluster_test (id int primary key)"
    sql warehouse "set client_min_messages = warning; create table if not exists atlas.cluster_test (id int primary key)"
    [[ -n $(sql primary "select 1 from pg_publication where pubname = 'atlas_warehouse'") ]] ||
        sql primary "create publication atlas_warehouse for table atlas.cluster_test;
                     grant usage on schema atlas to atlas_cdc; grant select on atlas.cluster_test to atlas_cdc"
    cluster subscribe >/dev/null
}

check_subscription() {
    local before
    prepare_subscription
    equal '' "$(cluster subscribe)" 'what a second subscribe says'
    sql primary "insert into atlas.cluster_test values (1)"
    until_true 'a row arrives' sql_says warehouse 'select count(*) from atlas.cluster_test where id = 1' 1
    [[ $(cluster status | grep ^warehouse) != *'not subscribed'* ]] || fail 'status shows no subscription'

    # The slot is gone: the copy starts again, without a collision with the rows already there.
    sql warehouse 'alter subscription atlas_warehouse disable'
    until_true 'the slot is idle' sql_says primary \
        "select active from pg_replication_slots where slot_name = 'atlas_warehouse'" f
    sql primary "select pg_drop_replication_slot('atlas_warehouse')" >/dev/null
    sql primary "insert into atlas.cluster_test values (11)"
    cluster subscribe >/dev/null
    until_true 'the copy is complete' sql_says warehouse 'select count(*) from atlas.cluster_test where id in (1, 11)' 2

    # A first copy that lost its slot before it was recorded as done.
    until_true 'the first copy is done' sql_says warehouse 'select distinct srsubstate from pg_subscription_rel' r
    sql warehouse 'alter subscription atlas_warehouse disable'
    sql warehouse "update pg_subscription_rel set srsubstate = 'f'"
    sql warehouse 'alter subscription atlas_warehouse enable'
    [[ $(cluster subscribe) == *'copied anew'* ]] || fail 'a stuck first copy was not seen'
    until_true 'the copy is complete' sql_says warehouse 'select count(*) from atlas.cluster_test where id in (1, 11)' 2

    # A table was added.
    sql primary 'create table atlas.cluster_more (id int primary key); grant select on atlas.cluster_more to atlas_cdc;
        insert into atlas.cluster_more values (7); alter publication atlas_warehouse add table atlas.cluster_more'
    if cluster subscribe >/dev/null; then
        fail 'subscribed to a table that the warehouse does not have'
    fi
    sql warehouse 'create table atlas.cluster_more (id int primary key)'
    cluster subscribe >/dev/null
    until_true 'the new table is copied' sql_says warehouse 'select id from atlas.cluster_more' 7

    # Row security that hides rows from the publication's reader must be an error, not an empty copy.
    before=$(sql primary "select rolbypassrls from pg_roles where rolname = 'atlas_cdc'")
    equal t "$before" 'atlas_cdc is exempt from row security'
    sql primary 'drop publication atlas_warehouse; drop table atlas.cluster_more'
    sql warehouse 'drop table atlas.cluster_more'
    sql primary 'create publication atlas_warehouse for table atlas.cluster_test'
    cluster subscribe >/dev/null
}

# Writes more WAL than the slot may keep; true once it is lost.
lose_slot() {
    sql primary 'set client_min_messages = warning; create table if not exists atlas.junk (t text); select pg_switch_wal();
        insert into atlas.junk select repeat(md5(i::text), 20) from generate_series(1, 20000) i; checkpoint'
    sql_says primary "select wal_status from pg_replication_slots where slot_name = 'replica_1'" lost
}

check_lost_slot() {
    : >"$STATE/data/replica-1/old-copy"
    cluster stop replica-1
    printf 'max_slot_wal_keep_size = 1MB\nwal_keep_size = 0\nmin_wal_size = 32MB\nmax_wal_size = 32MB\n' \
        >"$(realpath "$STATE/data/primary")/custom.conf"
    chmod 0644 "$STATE/data/primary/custom.conf"
    kill -HUP "$(cluster pid primary)"
    until_true 'the slot is lost' lose_slot
    rm -- "$STATE/data/primary/custom.conf"
    kill -HUP "$(cluster pid primary)"
    [[ $(cluster up) == *'replica-1 has to be copied anew'* ]] || fail 'up did not say that replica-1 is copied anew'
    everything_works
    [[ ! -e $STATE/data/replica-1/old-copy ]] || fail 'replica-1 is the old copy'
}

check_promoted_replica() {
    sql replica-2 'select pg_promote()' >/dev/null
    cluster up >/dev/null
    everything_works
    equal t "$(client atlas-replica-2 'select pg_is_in_recovery()')" replica-2
}

check_deleted_primary() {
    cluster kill primary
    rm -rf -- "$STATE/data/primary"
    cluster up >/dev/null
    everything_works
}

check_interrupted_creation() {
    local delay script
    STATE=$SCRATCH/interrupted
    for delay in 0.1 0.4 0.8 1.2 1.8; do
        "$CLUSTER" --state "$STATE" reset
        setsid "$CLUSTER" --state "$STATE" up --fast-unsafe >/dev/null 2>&1 &
        script=$!
        sleep "$delay"
        # The script and everything of its session except the servers, which have sessions of their own.
        kill -KILL -- "-$script" 2>/dev/null || true
        wait "$script" 2>/dev/null || true
        cluster up --fast-unsafe >/dev/null || fail "up after a kill at $delay s"
        everything_works
    done
    cluster reset
}

check_deleted_state() {
    STATE=$SCRATCH/deleted
    cluster up --fast-unsafe >/dev/null
    rm -rf -- "$STATE"
    cluster up --fast-unsafe >/dev/null
    everything_works
    equal 4 "$(find /proc/[0-9]*/cwd -maxdepth 0 -lname "$STATE/data/*" 2>/dev/null | wc -l |
        awk '{ print ($1 > 4) ? 4 : $1 }')" 'nodes alive'
    equal 0 "$(find /proc/[0-9]*/cwd -maxdepth 0 -lname "$STATE/*(deleted)" 2>/dev/null | wc -l)" 'orphans'
    cluster reset
    equal 0 "$(processes_in "$STATE")" 'processes'
}

check_odd_path() {
    local run
    STATE="$SCRATCH/it's a \"path\" & more, with a long name so that no socket fits into it [1]*"
    cluster up --fast-unsafe >/dev/null
    everything_works
    run=$(<"$STATE/run")
    [[ $run == /tmp/atlas-* ]] || fail "the sockets are in $run"
    prepare_subscription
    sql primary 'insert into atlas.cluster_test values (5)'
    until_true 'a row arrives' sql_says warehouse 'select id from atlas.cluster_test' 5
    cluster down
    [[ ! -e $run ]] || fail "$run is left after down"
    cluster up >/dev/null
    everything_works
    run=$(<"$STATE/run")
    cluster reset
    [[ ! -e $run ]] || fail "$run is left after reset"
    [[ ! -e $STATE ]] || fail 'the state folder is left after reset'
}

check_closed_folder() {
    local data
    [[ $EUID -eq 0 ]] || skip 'needs root'
    mkdir -m 0700 "$SCRATCH/closed"
    STATE=$SCRATCH/closed/inner
    cluster up --fast-unsafe >/dev/null
    data=$(readlink "$STATE/data")
    [[ $data == /var/lib/atlas-console/* ]] || fail "the data is in $data"
    equal 700 "$(stat -c %a "$SCRATCH/closed")" 'mode of the closed folder'
    everything_works
    cluster kill primary
    cluster up >/dev/null
    everything_works

    # A copied clone makes its own cluster, a moved one keeps its.
    cp -a "$STATE" "$SCRATCH/closed/copy"
    STATE=$SCRATCH/closed/copy
    cluster up --fast-unsafe >/dev/null
    everything_works
    [[ $(readlink "$STATE/data") != "$data" ]] || fail 'the copy uses the data of the original'
    cluster reset
    STATE=$SCRATCH/closed/inner
    everything_works
    mv "$STATE" "$SCRATCH/closed/moved"
    STATE=$SCRATCH/closed/moved
    cluster up >/dev/null
    everything_works
    equal "$data" "$(readlink "$STATE/data")" 'data of the moved cluster'

    cluster reset
    [[ ! -e $data ]] || fail "$data is left after reset"
    equal 0 "$(processes_in "$data")" 'processes'
}

check_ordinary_user() {
    local user=nobody
    [[ $EUID -eq 0 ]] || skip 'the other checks run as an ordinary user already'
    setpriv --reuid="$user" --regid=nogroup --clear-groups -- test -x "$CLUSTER" || skip "$user cannot read this clone"
    install -d -o "$user" -m 0700 "$SCRATCH/home"
    STATE=$SCRATCH/home/state
    as_user() {
        setpriv --reuid="$user" --regid=nogroup --clear-groups -- \
            env -i PATH=/usr/bin:/bin HOME="$SCRATCH/home" "$CLUSTER" --state "$STATE" "$@"
    }
    as_user up --fast-unsafe >/dev/null
    as_user status >/dev/null || fail 'nodes are down'
    equal "$user" "$(stat -c %U "$STATE/data/primary/PG_VERSION")" 'owner of the data'
    equal "$user" "$(stat -c %U "/proc/$(as_user pid primary)")" 'user of the server'
    equal 1 "$(setpriv --reuid="$user" --regid=nogroup --clear-groups -- \
        env -i PATH=/usr/bin:/bin HOME="$SCRATCH/home" PGSERVICEFILE="$STATE/pg_service.conf" \
        psql -XAtw service=atlas-replica-1 -c 'select 1')" 'login as the ordinary user'
    if cluster up >/dev/null 2>&1; then
        fail 'root took over a cluster of another user'
    fi
    as_user reset
    equal 0 "$(processes_in "$STATE")" 'processes'
}

# Root in a container has what Docker leaves it: it may not look into other users' processes.
check_container_root() {
    local capabilities=-all capability
    [[ $EUID -eq 0 ]] || skip 'needs root'
    for capability in chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service sys_chroot setfcap; do
        capabilities+=,+$capability
    done
    STATE=$SCRATCH/container
    contained() {
        setpriv --inh-caps=-all --bounding-set="$capabilities" -- "$CLUSTER" --state "$STATE" "$@"
    }
    contained up --fast-unsafe >/dev/null
    contained status >/dev/null || fail 'nodes are down'
    contained kill primary
    if contained status >/dev/null; then
        fail 'a killed primary is not noticed'
    fi
    contained up >/dev/null
    everything_works
    contained down
    equal 0 "$(processes_in "$STATE")" 'processes'
    contained reset
}

check_side_by_side() {
    local first second
    first=$STATE
    second=$SCRATCH/second
    STATE=$second
    cluster up --fast-unsafe >/dev/null
    everything_works
    STATE=$first
    everything_works
    STATE=$second
    cluster reset
    STATE=$first
    everything_works
}

check_parallel_ups() {
    local pids=() pid
    cluster down
    for _ in 1 2 3; do
        cluster up >/dev/null &
        pids+=("$!")
    done
    for pid in "${pids[@]}"; do
        wait "$pid" || fail 'one of three simultaneous ups failed'
    done
    everything_works
}

check_down_and_reset() {
    local folder
    folder=$(realpath "$STATE")
    cluster down
    equal 0 "$(processes_in "$folder")" 'processes after down'
    if cluster status >/dev/null; then
        fail 'status calls a stopped cluster healthy'
    fi
    cluster down
    cluster up >/dev/null
    everything_works
    cluster reset
    equal 0 "$(processes_in "$folder")" 'processes after reset'
    [[ ! -e $STATE ]] || fail 'the state folder is left after reset'
    cluster reset
}

ALL=(up_and_again roles_by_server only_tls_and_passwords secrets_stay_secret killed_nodes killed_postmaster
    stale_pid_file paused_node subscription taken_port lost_slot promoted_replica deleted_primary side_by_side
    parallel_ups interrupted_creation deleted_state odd_path closed_folder ordinary_user container_root
    down_and_reset)

main() {
    local name status
    local names=("$@")
    if ((${#names[@]} == 0)); then
        names=("${ALL[@]}")
    elif [[ ${names[0]} != up_and_again ]]; then
        names=(up_and_again "${names[@]}")
    fi
    for name in "${names[@]}"; do
        # errexit does not reach into a function that is called in a condition, so each check has a shell of its own.
        set +e
        (
            trap - EXIT
            set -e
            "check_$name"
        )
        status=$?
        set -e
        case $status in
            0) PASSED=$((PASSED + 1)) && printf 'PASS   : cluster::%s()\n' "$name" ;;
            77) SKIPPED=$((SKIPPED + 1)) && printf 'SKIP   : cluster::%s()\n' "$name" ;;
            *) FAILED=$((FAILED + 1)) && printf 'FAIL!  : cluster::%s()\n' "$name" ;;
        esac
    done
    printf 'Totals: %d passed, %d failed, %d skipped, 0 blacklisted, %d000ms\n' \
        "$PASSED" "$FAILED" "$SKIPPED" "$SECONDS"
    ((FAILED == 0))
}

main "$@"
