# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034  # the parts of the atlas script share their variables
# The local cluster seen from the atlas script, and how programs are told of it.

CLUSTER=$REPOSITORY/infra/local/cluster.sh
STATE=$ATLAS/cluster

cluster_runs() { "$CLUSTER" --state "$STATE" status --quiet >/dev/null 2>&1; }

ensure_cluster() { # [cluster.sh up arguments]
    # A clone that was moved has files that name its old place.
    if [[ -n $QUIET ]] && cluster_runs && grep -qsF "\"$STATE/tls/" "$STATE/environment.json"; then
        return 0
    fi
    ADVICE="Look at ./atlas cluster status. To start over, losing its data: ./atlas cluster reset"
    step 'Cluster' "cluster-$(basename -- "$STATE")" "$CLUSTER" --state "$STATE" up "$@"
}

# What makes the local environment the default of the console, of atlasctl and of anything that uses libpq.
export_environment() {
    export ATLAS_LOCAL_ENVIRONMENT=$STATE/environment.json
    export PGSERVICEFILE=$STATE/pg_service.conf
    export PGPASSFILE=$STATE/pgpass
    export ATLAS_ENVIRONMENT=local
    export ATLAS_CTL=$CTL
}

ensure_schema() {
    ADVICE="If the schema is older than a changed migration: ./atlas cluster reset starts over, losing the data."
    step 'Schema' schema "$CTL" schema apply
}

# Copying loaded data is less work for everybody than decoding the load row by row, so demo and "ctl load" subscribe
# after the load; everything else does before its first use.
ensure_subscription() { # [--wait]
    ADVICE="Look at ./atlas cluster status and $STATE/data/log/warehouse.log"
    step 'Warehouse subscription' subscribe "$CLUSTER" --state "$STATE" subscribe "$@"
}

# Without a schema there is nothing to subscribe to, which is no error here.
subscribe_if_missing() {
    [[ -f $STATE/subscribed ]] ||
        "$CLUSTER" --state "$STATE" subscribe >"$LOGS/subscribe.log" 2>&1 6>&- 7>&- 8>&- || true
}
