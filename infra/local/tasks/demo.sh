# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034  # the parts of the atlas script share their variables
# The demo: cluster, schema, data, what keeps the data flowing, and the console over it.

SHOTS=$ATLAS/shots

run_demo() {
    local headless='' status=0 ended started
    if [[ ${1:-} == --headless ]]; then
        headless=yes
        shift
    fi
    (($# == 0)) || die "demo does not know '$1'." 'Usage: ./atlas demo [--headless]'
    [[ -n $headless ]] || require_display
    make_state
    started=$(milliseconds)
    exec 7>>"$ATLAS/demo.lock"
    flock -n 7 || die 'a demo is already running in this clone.' 'Close its window, or stop it with Ctrl+C.'

    lock
    ensure_packages build run
    ensure_build atlas-console atlasctl
    # The demo stops what it started: also what an earlier demo started and could not stop because it was killed.
    if ! cluster_runs; then
        : >"$ATLAS/demo-owns-cluster"
    fi
    AT_END=end_demo
    ensure_cluster
    end_leftovers
    export ATLAS_DEMO=$REPOSITORY
    export_environment
    ensure_schema
    ensure_data
    if [[ -n $headless ]]; then
        ensure_subscription --wait
    else
        ensure_subscription
    fi
    unlock

    background agent "$CTL" agent
    background telemetry "$CTL" load --telemetry --rate 200
    background collect "$CTL" collect
    say "Agent, telemetry and this machine's own metrics run in the background (logs in ${LOGS#"$PWD"/})"
    if [[ -n $headless ]]; then
        tour
        say "Demo: pictures in ${SHOTS#"$PWD"/}, $(duration "$(($(milliseconds) - started))") in all"
        return 0
    fi
    background console "$CONSOLE"
    say "The console is open; close its window or press Ctrl+C to stop everything."
    while :; do
        ended=''
        wait -n -p ended "${BACKGROUND[@]}" || status=$?
        [[ $ended != "${BACKGROUND[console]}" ]] || break
        report_dead "$ended"
        status=0
    done
    unset 'BACKGROUND[console]'
    if ((status != 0)); then
        tail -n 15 -- "$LOGS/console.log" | sed 's/^/    /' >&2
        die "the console ended with status $status." "Its log is $LOGS/console.log"
    fi
}

require_display() {
    if [[ -z ${DISPLAY:-} && -z ${WAYLAND_DISPLAY:-} ]]; then
        die 'there is no display here to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set).' \
            'Run this in a desktop session or with "ssh -X", or see pictures instead: ./atlas demo --headless'
    fi
    if [[ -z ${DISPLAY:-} ]] && ! compgen -G '/usr/lib/*/qt6/plugins/platforms/libqwayland*.so' >/dev/null; then
        die 'this Wayland session has no X server, and the Wayland plugin of Qt is not installed.' \
            'Install it (apt-get install qt6-wayland), or see pictures instead: ./atlas demo --headless'
    fi
}

# The generated platform, once.
ensure_data() {
    local status=0 started
    "$CTL" load --status >"$LOGS/load-status.log" 2>&1 </dev/null || status=$?
    case $status in
        0)
            need_space 1000 "$STATE/data" 'The demo'
            say 'Data: loaded'
            return 0
            ;;
        1) need_space 14000 "$STATE/data" 'Loading the demo' ;;
        *)
            tail -n 15 -- "$LOGS/load-status.log" | sed 's/^/    /' >&2
            die 'cannot tell whether the data is loaded.' 'To start over, losing the data: ./atlas cluster reset'
            ;;
    esac
    if [[ ! -t 2 ]]; then
        ADVICE="To start over, losing the data: ./atlas cluster reset"
        step 'Loading the generated platform' load "$CTL" load
        trim_wal
        return 0
    fi
    say 'Loading the generated platform (once)…'
    started=$(milliseconds)
    # With the terminal as its output, for the progress bar.
    setsid "$CTL" load </dev/null 6>&- 7>&- 8>&- &
    STEP_GROUP=$!
    wait "$STEP_GROUP" || true
    STEP_GROUP=''
    "$CTL" load --status >"$LOGS/load-status.log" 2>&1 </dev/null ||
        die 'the data was not loaded; the lines above say why.' 'To start over, losing the data: ./atlas cluster reset'
    say "Loading… done $(duration "$(($(milliseconds) - started))")"
    trim_wal
}

# The load's WAL, 2.7 GB in each of them, is needed by nobody once it has arrived. A replica lets go of it only after it
# has replayed the primary's checkpoint.
trim_wal() {
    local node
    for node in primary replica-1 replica-2; do
        "$CLUSTER" --state "$STATE" psql "$node" -X -q -c checkpoint
        sleep 2
    done </dev/null >/dev/null 2>&1 6>&- 7>&- 8>&- &
}

# Drives the console without a display and has it take its pictures.
tour() {
    local workspace theme picture marker=$LOGS/tour-started
    mkdir -p -- "$SHOTS"
    : >"$marker"
    export QT_QPA_PLATFORM=offscreen
    # The pictures depend on nobody's settings and change nobody's.
    export XDG_CONFIG_HOME=$ATLAS/tour-home/config XDG_DATA_HOME=$ATLAS/tour-home/data
    export XDG_CACHE_HOME=$ATLAS/tour-home/cache XDG_STATE_HOME=$ATLAS/tour-home/state
    rm -rf -- "$ATLAS/tour-home"
    ADVICE="The servers' state: ./atlas cluster status. Other logs are in $LOGS"
    step 'Tour of the console' tour timeout -k 5 180 "$CONSOLE" --tour "$SHOTS"
    for workspace in assets pipeline hotset activity; do
        for theme in light dark; do
            picture=$SHOTS/$workspace-$theme.png
            [[ -s $picture && ! $picture -ot $marker ]] ||
                die "the tour ended well but did not take $picture." "Its log is $LOGS/tour.log"
        done
    done
    local name
    for name in agent telemetry collect; do
        if ! kill -0 "${BACKGROUND[$name]}" 2>/dev/null; then
            tail -n 15 -- "$LOGS/$name.log" | sed 's/^/    /' >&2
            die "'$name' ended during the demo." "Its log is $LOGS/$name.log"
        fi
    done
}

# What a demo that was killed may have left: its programs carry the clone in their environment.
end_leftovers() {
    local link process pattern
    # shellcheck disable=SC2001  # a class of characters, not one string
    pattern=$(sed 's/[][*?\\]/\\&/g' <<<"$REPOSITORY/build")
    while read -r link; do
        process=${link%/exe}
        if grep -zFqxs "ATLAS_DEMO=$REPOSITORY" "$process/environ"; then
            kill -KILL "${process#/proc/}" 2>/dev/null || true
        fi
    done < <(find /proc/[0-9]*/exe -maxdepth 0 -lname "$pattern/*" 2>/dev/null)
}

report_dead() { # PID
    local name
    for name in "${!BACKGROUND[@]}"; do
        if [[ ${BACKGROUND[$name]} == "$1" ]]; then
            say "'$name' ended; its log is $LOGS/$name.log:"
            tail -n 5 -- "$LOGS/$name.log" | sed 's/^/    /' >&6
            unset "BACKGROUND[$name]"
        fi
    done
}

end_demo() {
    end_leftovers
    if [[ -f $ATLAS/demo-owns-cluster ]]; then
        "$CLUSTER" --state "$ATLAS/cluster" down >/dev/null 2>&1
        rm -f -- "$ATLAS/demo-owns-cluster"
    fi
}
