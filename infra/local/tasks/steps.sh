# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034  # the parts of the atlas script share their variables
# Steps: a title, a log, a time; what went wrong and what to do about it. Background processes and their end.

LOGS=$ATLAS/logs

# Messages go to descriptor 6, so that "ctl" can leave standard output to the program.
exec 6>&1

# With QUIET=yes a step is mentioned only once it has taken a second, or failed.
QUIET=''

say() { printf '%s\n' "$*" >&6; }
die() { # MESSAGE [WHAT TO DO]
    printf 'atlas: %s\n' "$1" >&2
    [[ -z ${2:-} ]] || printf '       %s\n' "$2" >&2
    space_hint "$ATLAS" "${STATE:-}/data" "${TMPDIR:-/tmp}"
    exit 1
}

milliseconds() { printf '%s' "$((${EPOCHREALTIME/[.,]/} / 1000))"; }

duration() { # MILLISECONDS
    if (($1 < 10000)); then
        printf '%d.%d s' "$(($1 / 1000))" "$(($1 % 1000 / 100))"
    elif (($1 < 120000)); then
        printf '%d s' "$(($1 / 1000))"
    else
        printf '%d min %d s' "$(($1 / 60000))" "$(($1 / 1000 % 60))"
    fi
}

# The process group of the step that runs now, for an interrupt.
STEP_GROUP=''

# Runs COMMAND in a session of its own with its output in LOG. On failure says so, shows the end of the log, exits.
ADVICE=''
SAME_SESSION=''
step() { # TITLE LOG COMMAND…
    local title=$1 log=$LOGS/$2.log started now shown='' progress status=0
    shift 2
    mkdir -p -- "$LOGS"
    started=$(milliseconds)
    if [[ -z $QUIET ]]; then
        printf '%s… ' "$title" >&6
        shown=yes
    fi
    # Gone with this script, even when it is killed. sudo's ticket is of the terminal's session: it stays in that.
    local launch=(setsid setpriv --pdeathsig TERM --)
    [[ -z $SAME_SESSION ]] || launch=()
    # Locks must not be held by what a step leaves running.
    "${launch[@]}" "$@" </dev/null >"$log" 2>&1 6>&- 7>&- 8>&- 9>&- &
    STEP_GROUP=$!
    while kill -0 "$STEP_GROUP" 2>/dev/null; do
        sleep 0.05
        now=$(milliseconds)
        if [[ -z $shown ]] && ((now - started > 1000)); then
            printf '%s… ' "$title" >&6
            shown=yes
        fi
        if [[ -t 6 && -n $shown ]] && ((now - started > 2000)); then
            progress=$(tail -n 1 -- "$log" | grep -Eo '^\[[0-9]+/[0-9]+\]' || true)
            [[ -z $progress ]] || printf '\r%s… %s ' "$title" "$progress" >&6
        fi
    done
    wait "$STEP_GROUP" || status=$?
    STEP_GROUP=''
    now=$(($(milliseconds) - started))
    if ((status == 0)); then
        [[ -z $shown ]] || say "done $(duration "$now")"
        ADVICE=''
        return 0
    fi
    [[ -n $shown ]] || printf '%s… ' "$title" >&6
    say "failed after $(duration "$now") (status $status)"
    printf '\n' >&2
    tail -n 25 -- "$log" | sed 's/^/    /' >&2
    printf '\n' >&2
    die "the step '$title' failed; the whole log is $log." "${ADVICE:-}"
}

# One invocation at a time may install, build or start things; COMMANDs after that run side by side.
# The folder of everything that is made here. Once root has made it, nobody else can use it.
make_state() {
    local folder
    for folder in "$ATLAS" "$BUILD"; do
        [[ ! -e $folder || -w $folder ]] ||
            die "$folder belongs to $(stat -c %U -- "$folder"), not to you." \
                "Run this as that user, or have it given to you: chown -R $(id -un) '$folder'"
    done
    mkdir -p -- "$ATLAS" "$LOGS"
}

lock() {
    make_state
    exec 8>>"$ATLAS/lock"
    if ! flock -n 8; then
        say 'Waiting for another ./atlas that is building or starting something…'
        flock 8
    fi
}
unlock() { exec 8>&-; }

# Background processes: each leads a session of its own, so that its whole family can be signalled, and gets SIGTERM
# from the kernel should this script be killed without a chance to clean up.
declare -A BACKGROUND=()

background() { # NAME COMMAND…
    local name=$1
    shift
    setsid setpriv --pdeathsig TERM -- "$@" </dev/null >"$LOGS/$name.log" 2>&1 6>&- 7>&- 8>&- 9>&- &
    BACKGROUND[$name]=$!
}

end_family() { # GROUP
    local tries
    kill -TERM -- "-$1" 2>/dev/null || return 0
    # A stopped process would keep its SIGTERM for later.
    kill -CONT -- "-$1" 2>/dev/null || true
    for ((tries = 0; tries < 100; tries++)); do
        kill -0 -- "-$1" 2>/dev/null || return 0
        sleep 0.05
    done
    kill -KILL -- "-$1" 2>/dev/null || true
}

end_background() {
    local name pids=()
    [[ -z $STEP_GROUP ]] || end_family "$STEP_GROUP" &
    pids=("$!")
    for name in "${!BACKGROUND[@]}"; do
        end_family "${BACKGROUND[$name]}" &
        pids+=("$!")
    done
    wait "${pids[@]}" 2>/dev/null || true
    BACKGROUND=()
    STEP_GROUP=''
}

# Runs FUNCTION once, however this script ends, with further signals ignored meanwhile.
AT_END=''
finish() {
    local status=$?
    trap '' INT TERM HUP PIPE
    trap - EXIT
    set +e
    end_background
    [[ -z $AT_END ]] || "$AT_END"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
