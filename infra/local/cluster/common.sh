# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034  # the parts of the cluster script share their variables
# What every part of the local cluster needs: names, places, the server's user, messages.

NODES=(primary replica-1 replica-2 warehouse)
REPLICAS=(replica-1 replica-2)

# Roles with a login and so with a password; the demo logins come last.
LOGINS=(atlas_owner atlas_ingest atlas_agent atlas_replicator atlas_cdc demo_analyst demo_operator demo_admin)

BIN=${ATLAS_POSTGRES_BIN:-/usr/lib/postgresql/15/bin}

# Set by locate_state: absolute paths, DATA without symbolic links.
STATE=''
DATA=''
RUN=''
declare -A PORT=()

# Set by the functions that write files, when a file was not yet what it should be.
CHANGED=''

if [[ $EUID -eq 0 ]]; then
    SERVER_USER=postgres
else
    SERVER_USER=$(id -un)
fi

say() { printf '%s\n' "$*"; }
note() { printf 'Cluster: %s\n' "$*"; }
die() { # MESSAGE [WHAT TO DO]
    printf 'Cluster: %s\n' "$1" >&2
    [[ -z ${2:-} ]] || printf '         %s\n' "$2" >&2
    space_hint "$STATE" "$DATA"
    exit 1
}

is_node() {
    local node
    for node in "${NODES[@]}"; do
        [[ $node == "$1" ]] && return 0
    done
    return 1
}

require_node() {
    is_node "${1:-}" || die "there is no node '${1:-}'; the nodes are ${NODES[*]}."
}

# Runs a command as the servers' user in the data folder, with a clean environment. Descriptors 6 to 9 carry locks and output
# (ours and the atlas script's); a server that inherited one would hold it for as long as it lives.
as_server() (
    cd "${DATA:-/}" || exit 1
    exec 6>&- 7>&- 8>&- 9>&-
    local environment=(PATH="$BIN:/usr/sbin:/usr/bin:/sbin:/bin" HOME=/ LC_ALL=C.UTF-8)
    if [[ $EUID -eq 0 ]]; then
        exec env -i "${environment[@]}" \
            setpriv --reuid="$SERVER_USER" --regid="$SERVER_USER" --init-groups --inh-caps=-all -- "$@"
    fi
    exec env -i "${environment[@]}" "$@"
)

# Makes a file of the servers' user say CONTENT and a newline, in one step. Written as that user, so that nothing it may
# have put in the way of root is followed. Sets CHANGED if it changed.
# (Arguments of a shell function are seen by no other process, so CONTENT may be a secret.)
write_as_server() { # PATH CONTENT
    if [[ -f $1 ]] && cmp -s "$1" <(printf '%s\n' "$2"); then
        return 0
    fi
    # shellcheck disable=SC2016  # expanded by the inner shell
    printf '%s\n' "$2" | as_server sh -c 'umask 077; cat > "$1.new" && mv -f "$1.new" "$1"' sh "$1" ||
        die "cannot write $1."
    CHANGED=yes
}

# The same for a file of ours; MODE is its mode.
write_as_caller() { # PATH MODE CONTENT
    if [[ -f $1 ]] && cmp -s "$1" <(printf '%s\n' "$3"); then
        return 0
    fi
    (umask 077 && printf '%s\n' "$3" >"$1.new" && chmod "$2" "$1.new" && mv -f "$1.new" "$1") ||
        die "cannot write $1."
    CHANGED=yes
}

# A value inside the quotes of a connection string, of postgresql.conf, of JSON.
quote_conninfo() {
    local value=${1//\\/\\\\}
    printf "'%s'" "${value//\'/\\\'}"
}
quote_conf() {
    local value=${1//\\/\\\\}
    printf "'%s'" "${value//\'/\'\'}"
}
quote_json() {
    local value=${1//\\/\\\\}
    printf '"%s"' "${value//\"/\\\"}"
}

# SQL as the superuser, over the private socket: NODE DATABASE [psql arguments]. Statements come by -c, -f or stdin.
super() {
    local node=$1 database=$2
    shift 2
    PGCONNECT_TIMEOUT=5 PGAPPNAME=atlas-cluster "$BIN/psql" -X -q -A -t -v ON_ERROR_STOP=1 \
        -h "$RUN" -p "${PORT[$node]}" -U postgres -d "$database" "$@" 7>&- 8>&- 9>&-
}

# Runs FUNCTION NODE for every node at once; fails if one of them failed.
for_each() { # FUNCTION NODE…
    local function=$1 node pid failed=0
    local pids=()
    shift
    for node in "$@"; do
        "$function" "$node" &
        pids+=("$!")
    done
    for pid in "${pids[@]}"; do
        wait "$pid" || failed=1
    done
    return "$failed"
}

slot_of() { printf '%s' "${1//-/_}"; }
