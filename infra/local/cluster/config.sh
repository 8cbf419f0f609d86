# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034  # the parts of the cluster script share their variables
# The configuration files of a node. They are ours: written whole at every start, left alone while they say the same.

# How a standby or the warehouse reaches the primary.
upstream() { # LOGIN APPLICATION_NAME [DATABASE]
    printf "host=localhost hostaddr=127.0.0.1 port=%s user=%s application_name=%s sslmode=verify-full " \
        "${PORT[primary]}" "$1" "$2"
    printf "gssencmode=disable sslrootcert=%s passfile=%s" \
        "$(quote_conninfo "$DATA/tls/ca.crt")" "$(quote_conninfo "$DATA/pgpass")"
    [[ -z ${3:-} ]] || printf ' dbname=%s' "$3"
}

postgresql_conf() { # NODE
    local node=$1 buffers=256MB cache=2GB memory shm
    memory=$(awk '/^MemTotal:/ { print int($2 / 1048576) }' /proc/meminfo)
    [[ $node != primary ]] || buffers=512MB
    if ((memory < 7)); then
        buffers=128MB
        cache=1GB
    fi
    cat <<END
# Written by infra/local/cluster.sh at every start; your own settings go into custom.conf beside this file.
cluster_name = 'atlas-$node'
listen_addresses = '127.0.0.1'
port = ${PORT[$node]}
unix_socket_directories = '$RUN'
unix_socket_permissions = 0700
max_connections = 100
password_encryption = 'scram-sha-256'
ssl = on
ssl_cert_file = $(quote_conf "$DATA/tls/server.crt")
ssl_key_file = $(quote_conf "$DATA/tls/server.key")
tcp_keepalives_idle = 30
tcp_keepalives_interval = 5
tcp_keepalives_count = 3

shared_preload_libraries = 'pg_stat_statements'
shared_buffers = $buffers
effective_cache_size = $cache
work_mem = 16MB
maintenance_work_mem = 256MB
random_page_cost = 1.1
effective_io_concurrency = 200
jit = off
max_worker_processes = 16
max_parallel_workers = 4
max_parallel_workers_per_gather = 2

wal_level = logical
wal_compression = lz4
max_wal_size = 4GB
# Used segments are deleted: kept under new names, a load would leave 2.7 GB of them in each node for good.
wal_recycle = off
min_wal_size = 80MB
checkpoint_timeout = 15min
synchronous_commit = on
max_wal_senders = 16
max_replication_slots = 16
max_slot_wal_keep_size = 4GB
wal_keep_size = 0
wal_sender_timeout = 30s

hot_standby = on
hot_standby_feedback = on
max_standby_streaming_delay = 30s
wal_receiver_status_interval = 1s
wal_receiver_timeout = 30s
wal_retrieve_retry_interval = 1s
max_logical_replication_workers = 8
max_sync_workers_per_subscription = 2

autovacuum_naptime = 15s
autovacuum_vacuum_scale_factor = 0.05
autovacuum_vacuum_insert_scale_factor = 0.05
autovacuum_analyze_scale_factor = 0.05
autovacuum_vacuum_cost_limit = 2000

track_io_timing = on
log_destination = 'stderr'
log_line_prefix = '%m [%p] %q%u@%d '
log_timezone = 'UTC'
log_lock_waits = on
log_statement = 'none'
log_autovacuum_min_duration = 60s
timezone = 'UTC'
datestyle = 'iso, ymd'
lc_messages = 'C.UTF-8'
lc_monetary = 'C.UTF-8'
lc_numeric = 'C.UTF-8'
lc_time = 'C.UTF-8'
END
    # Containers often give 64 MB of /dev/shm, which parallel queries overrun, or one that is root's alone.
    shm=$(df -P -k /dev/shm 2>/dev/null | awk 'NR == 2 { print $2 }') || shm=''
    as_server test -w /dev/shm || shm=''
    if ((${shm:-0} < 524288)); then
        printf 'dynamic_shared_memory_type = sysv\n'
    fi
    if [[ -f $STATE/fast-unsafe ]]; then
        printf '\n# --fast-unsafe: data that a test run throws away anyway\nfsync = off\nfull_page_writes = off\n'
    fi
    # It writes what it was sent, never in a hurry.
    [[ $node != warehouse ]] || printf '\nmax_wal_size = 1GB\n'
    if [[ $node == replica-* ]]; then
        printf "\nprimary_conninfo = %s\n" "$(quote_conf "$(upstream atlas_replicator "$(slot_of "$node")")")"
        printf "primary_slot_name = '%s'\n" "$(slot_of "$node")"
    fi
    printf "\ninclude_if_exists = 'custom.conf'\n"
}

pg_hba_conf() {
    cat <<'END'
# Written by infra/local/cluster.sh at every start.
# The superuser has no password and comes through the private socket only; everybody else needs TLS and scram.
local    all          postgres                         peer map=atlas
hostssl  all          postgres          all            reject
hostssl  replication  atlas_replicator  127.0.0.1/32   scram-sha-256
hostssl  all          all               127.0.0.1/32   scram-sha-256
END
}

pg_ident_conf() {
    printf 'atlas "%s" postgres\n' "$SERVER_USER"
    [[ $EUID -ne 0 ]] || printf 'atlas root postgres\n'
}

# Sets CHANGED if a file changed.
configure_node() { # NODE
    local folder=$DATA/$1
    CHANGED=''
    write_as_server "$folder/postgresql.conf" "$(postgresql_conf "$1")"
    write_as_server "$folder/pg_hba.conf" "$(pg_hba_conf)"
    write_as_server "$folder/pg_ident.conf" "$(pg_ident_conf)"
}
