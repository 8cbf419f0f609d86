# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Where a cluster lives: the state folder (ours), the data folder (the servers'), the socket folder, the ports.

# The folder for data that cannot live inside the clone: it belongs to this state folder's path alone.
outside_folder() {
    local base=/var/lib/atlas-console hash
    [[ $EUID -eq 0 ]] || base=${XDG_DATA_HOME:-$HOME/.local/share}/atlas-console
    hash=$(printf '%s' "$STATE" | sha256sum)
    printf '%s/%s' "$base" "${hash:0:16}"
}

# Finds an existing cluster without changing anything; returns 1 if there is none.
locate_state() {
    STATE=$(realpath -m -- "$STATE")
    [[ -e $STATE/data && -f $STATE/ports ]] || return 1
    local owner
    owner=$(stat -c %U -- "$STATE")
    if [[ $owner != "$(id -un)" && $EUID -ne 0 ]]; then
        die "$STATE belongs to $owner; run this as $owner, or use another clone."
    fi
    if [[ $EUID -eq 0 && $owner != root ]]; then
        die "$STATE belongs to $owner, and so do its servers; run this as $owner (or: runuser -u $owner -- …)."
    fi
    DATA=$(realpath -- "$STATE/data")
    RUN=$(cat -- "$STATE/run" 2>/dev/null) || RUN=''
    read_ports
}

# Folders that the servers' user may pass through. Existing ones keep the mode that somebody gave them.
make_folder() { (umask 022 && mkdir -p -- "$1"); }

# Makes the folders, or finds them again.
prepare_state() {
    STATE=$(realpath -m -- "$STATE")
    make_folder "$STATE"
    if [[ -L $STATE/data ]]; then
        adopt_outside_data
    fi
    if [[ ! -d $STATE/data ]]; then
        create_data_folder
    fi
    DATA=$(realpath -- "$STATE/data")
    prepare_socket_folder
}

# Data outside the clone carries the path of its state folder, so that a copied clone does not share the original's
# servers and a moved one keeps its own.
adopt_outside_data() {
    local target other
    target=$(readlink -- "$STATE/data")
    if [[ ! -d $target ]]; then
        rm -f -- "$STATE/data"
        return
    fi
    other=$(cat -- "$target/state" 2>/dev/null) || other=''
    [[ $other == "$STATE" ]] && return
    if [[ -n $other && $other/data -ef $target ]]; then
        note "this clone is a copy of the one of $other; it gets a cluster of its own."
        rm -f -- "$STATE/data" "$STATE/ports" "$STATE/run"
    else
        DATA=$target
        write_as_server "$target/state" "$STATE"
    fi
}

create_data_folder() {
    local folder=$STATE/data
    if ! try_data_folder "$folder"; then
        folder=$(outside_folder)
        if [[ -d $folder ]]; then
            # The state folder was deleted under a cluster; nobody has its passwords any more.
            note "removing what a deleted state folder left in $folder."
            DATA=$folder
            kill_under "$folder"
            rm -rf -- "$folder"
        fi
        make_folder "$(dirname -- "$folder")"
        try_data_folder "$folder" || die "cannot make $folder with access for $SERVER_USER alone."
        ln -s -- "$folder" "$STATE/data"
        note "the servers' user ($SERVER_USER) cannot use $STATE, so the data lives in $folder."
    fi
    DATA=$(realpath -- "$folder")
    write_as_server "$DATA/state" "$STATE"
}

# A usable data folder: PostgreSQL demands that it is its own and closed to others, which some file systems cannot
# give, and that its user can walk down to it.
try_data_folder() {
    if [[ -e $1 && ! -d $1 ]]; then
        return 1
    fi
    (umask 077 && mkdir -p -- "$1") || return 1
    if [[ $EUID -eq 0 ]]; then
        chown "$SERVER_USER:$SERVER_USER" -- "$1" || true
    fi
    if [[ $(stat -c '%U %a' -- "$1") == "$SERVER_USER 700" ]] && DATA='' as_server test -w "$1" -a -x "$1"; then
        return 0
    fi
    rmdir -- "$1" 2>/dev/null || true
    return 1
}

# Socket paths are limited to 107 bytes, and PostgreSQL reads their folder as a list: a long or unusual path goes to /tmp.
prepare_socket_folder() {
    local recorded
    recorded=$(cat -- "$STATE/run" 2>/dev/null) || recorded=''
    if [[ $DATA =~ ^[A-Za-z0-9/._-]{1,80}$ ]]; then
        RUN=$DATA/run
        [[ -d $RUN ]] || as_server mkdir -m 0700 "$RUN"
    elif [[ -n $recorded && -d $recorded && ! -L $recorded &&
        $(stat -c '%U %a' -- "$recorded") == "$SERVER_USER 700" ]]; then
        RUN=$recorded
    else
        RUN=$(as_server mktemp -d /tmp/atlas-XXXXXXXX)
    fi
    write_as_caller "$STATE/run" 0644 "$RUN"
    if [[ -n $recorded && $recorded != "$RUN" ]]; then
        remove_socket_folder "$recorded"
    fi
}

remove_socket_folder() {
    if [[ $1 == /tmp/atlas-* && -d $1 && ! -L $1 && $(stat -c %U -- "$1") == "$SERVER_USER" ]]; then
        rm -rf -- "$1"
    fi
}

read_ports() {
    local node port
    PORT=()
    [[ -f $STATE/ports ]] || return 0
    while IFS='=' read -r node port; do
        if is_node "$node" && [[ $port =~ ^[0-9]+$ ]]; then
            PORT["$node"]=$port
        fi
    done <"$STATE/ports"
}

write_ports() {
    local node lines=()
    for node in "${NODES[@]}"; do
        lines+=("$node=${PORT[$node]}")
    done
    write_as_caller "$STATE/ports" 0644 "$(printf '%s\n' "${lines[@]}")"
}

# Keeps the port of every running node; the others keep theirs unless somebody else took it meanwhile. Below the range
# from which the kernel picks ports for outgoing connections.
choose_ports() {
    local node port taken
    taken=" $(ss -Hltn | awk '{ n = split($4, part, ":"); printf "%s ", part[n] }')"
    for node in "${NODES[@]}"; do
        if node_pid "$node"; then
            port=$(sed -n 4p -- "$DATA/$node/postmaster.pid")
            PORT["$node"]=${port//[^0-9]/}
            taken+="${PORT[$node]} "
        fi
    done
    for node in "${NODES[@]}"; do
        if node_pid "$node"; then
            continue
        fi
        port=${PORT[$node]:-}
        if [[ -z $port || $taken == *" $port "* ]]; then
            [[ -z $port ]] || note "port $port of $node is taken by another program; choosing another."
            port=''
            while [[ -z $port || $taken == *" $port "* ]]; do
                port=$((20000 + SRANDOM % 10000))
            done
        fi
        PORT["$node"]=$port
        taken+="$port "
    done
    write_ports
}
