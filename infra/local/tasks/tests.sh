# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034  # the parts of the atlas script share their variables
# The test suite: one throw-away cluster a run, and a summary that counts test functions.

TEST_HOME=$ATLAS/test-home

run_tests() { # [ctest arguments]
    local selection=("$@") started status=0 reader passed failed skipped
    [[ " $* " == *' -LE '* || " $* " == *' --label-exclude '* ]] || selection+=(-LE '^bench$')
    make_state
    # Two runs would use the same cluster and the same build.
    exec 7>>"$ATLAS/test.lock"
    flock -n 7 || {
        say 'Waiting for another ./atlas test…'
        flock 7
    }
    lock
    ensure_packages build run test
    ensure_build
    unlock

    STATE=$ATLAS/test
    started=$(milliseconds)
    if needs_cluster "${selection[@]}"; then
        need_space 3000 "$ATLAS" 'The test cluster'
        need_space 1000 "${TMPDIR:-/tmp}" 'The test of the cluster script'
        AT_END=end_test_cluster
        "$CLUSTER" --state "$STATE" reset >/dev/null
        QUIET='' ensure_cluster --fast-unsafe
        export_environment
        # The db layer alone (the tsan preset) needs servers, not our schema.
        if [[ -x $CTL ]]; then
            ensure_schema
            ensure_subscription
        fi
        unset ATLAS_LOCAL_ENVIRONMENT ATLAS_ENVIRONMENT
        export ATLAS_TEST_STATE=$STATE
    fi
    export ATLAS_TEST_CLUSTER_SCRIPT=$CLUSTER ATLAS_CTL=$CTL
    use_test_home

    rm -f -- "$LOGS/test.fifo"
    mkfifo -- "$LOGS/test.fifo"
    awk -v log_file="$LOGS/test.log" -v counts="$LOGS/test.counts" -f "$REPOSITORY/infra/local/tasks/count-tests.awk" \
        <"$LOGS/test.fifo" >&6 7>&- &
    reader=$!
    setsid setpriv --pdeathsig TERM -- ctest --test-dir "$BUILD" -V --no-tests=error --output-junit "$LOGS/test.xml" "${selection[@]}" \
        </dev/null >"$LOGS/test.fifo" 2>&1 6>&- 7>&- &
    STEP_GROUP=$!
    wait "$STEP_GROUP" || status=$?
    STEP_GROUP=''
    wait "$reader"
    rm -f -- "$LOGS/test.fifo"
    read -r passed failed skipped <"$LOGS/test.counts"
    if ((status != 0 && failed == 0)); then
        printf 'atlas: ctest ended with status %d; see %s.\n' "$status" "$LOGS/test.log" >&2
    fi
    if [[ -n $AT_END ]]; then
        AT_END=''
        end_test_cluster
    fi
    ((failed == 0)) || say "Logs: $LOGS/test.log"
    say "Tests took $(duration "$(($(milliseconds) - started))")"
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped" >&6
    ((status == 0 && failed == 0))
}

# Nobody's settings decide a test or a figure, and neither changes anybody's settings.
use_test_home() {
    rm -rf -- "$TEST_HOME"
    mkdir -p -- "$TEST_HOME"
    export XDG_CONFIG_HOME=$TEST_HOME/config XDG_DATA_HOME=$TEST_HOME/data XDG_CACHE_HOME=$TEST_HOME/cache
    export XDG_STATE_HOME=$TEST_HOME/state QT_QPA_PLATFORM=${QT_QPA_PLATFORM:-offscreen} LC_ALL=C.UTF-8
    unset XDG_CURRENT_DESKTOP DBUS_SESSION_BUS_ADDRESS
    # shellcheck disable=SC2086  # a list of names
    unset ${!PG@}
}

# The servers' logs outlive them.
end_test_cluster() {
    mkdir -p -- "$LOGS/test-servers"
    cp -f -- "$ATLAS"/test/data/log/*.log* "$LOGS/test-servers/" 2>/dev/null || true
    "$CLUSTER" --state "$ATLAS/test" reset >"$LOGS/test-reset.log" 2>&1 ||
        say "The test cluster could not be removed: $(tail -n 1 -- "$LOGS/test-reset.log")"
}

# Unit tests alone need no servers.
needs_cluster() { # ctest arguments
    local selected
    selected=$(ctest --test-dir "$BUILD" -N "$@" 2>/dev/null | sed -n 's/^ *Test *#[0-9]*: //p' | sort)
    [[ -n $(comm -12 <(printf '%s\n' "$selected") <(ctest --test-dir "$BUILD" -N -L '^(integration|gui|bench)$' \
        2>/dev/null | sed -n 's/^ *Test *#[0-9]*: //p' | sort)) && -n $selected ]]
}

run_benchmarks() { # arguments of atlas-bench
    make_state
    exec 7>>"$ATLAS/bench.lock"
    flock -n 7 || die 'a benchmark is already running in this clone.' 'Two at once would measure each other.'
    lock
    ensure_packages build run bench
    ensure_build
    # A cluster of its own, as safe as the demo's (fsync on), its data kept between runs.
    STATE=$ATLAS/bench
    if [[ " $* " == *' --scale '* ]]; then
        STATE=$ATLAS/bench-scale
        [[ -d $STATE/data ]] || need_space 45000 "$ATLAS" 'A million entities and what the servers keep of them'
    elif [[ -n ${ATLAS_BENCH_SHORT:-} ]]; then
        # Whether they work, not how fast: .ci/run.
        STATE=$ATLAS/bench-short
    fi
    AT_END=end_bench_cluster
    ensure_cluster
    unlock
    use_test_home
    export_environment
    export ATLAS_TEST_STATE=$STATE ATLAS_TEST_CLUSTER_SCRIPT=$CLUSTER
    [[ -x $BENCH ]] || die "there is no $BENCH."
    setsid setpriv --pdeathsig TERM -- "$BENCH" "$@" </dev/null 6>&- 7>&- &
    STEP_GROUP=$!
    local status=0
    wait "$STEP_GROUP" || status=$?
    STEP_GROUP=''
    return "$status"
}

end_bench_cluster() { "$CLUSTER" --state "$STATE" down >/dev/null 2>&1; }
