# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034  # the parts of the atlas script share their variables
# Configuring and building with one CMake preset.

PRESET=${ATLAS_PRESET:-release}
BUILD=$REPOSITORY/build/$PRESET
CONSOLE=$BUILD/gui/atlas-console
CTL=$BUILD/cli/atlasctl
BENCH=$BUILD/tests/bench/atlas-bench

# Builds TARGETs, or everything.
ensure_build() { # [TARGET…]
    local targets=()
    (($# == 0)) || targets=(--target "$@")
    # A build folder of another place (a moved or copied clone) cannot be used again.
    if [[ -f $BUILD/CMakeCache.txt ]] &&
        [[ $(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$BUILD/CMakeCache.txt") != "$REPOSITORY" ]]; then
        rm -rf -- "$BUILD"
    fi
    if [[ ! -f $BUILD/build.ninja ]]; then
        if [[ $PRESET == asan ]]; then
            need_space 3000 "$BUILD" 'Building with sanitizers'
        else
            need_space 1200 "$BUILD" 'Building'
        fi
        ADVICE="If a package is said to be missing: ./atlas packages. To start over: rm -r build/$PRESET"
        step "Configuring ($PRESET preset)" "configure-$PRESET" cmake -S "$REPOSITORY" --preset "$PRESET"
    fi
    ADVICE="To start over: rm -r build/$PRESET"
    step "Building ($PRESET preset)" "build-$PRESET" cmake --build "$BUILD" "${targets[@]}"
}
