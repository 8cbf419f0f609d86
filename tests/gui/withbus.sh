#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs a program with a session bus and a Secret Service of its own, both gone afterwards, whatever is on this desktop.
# Where they are not installed the program runs without and says what it skips.
set -euo pipefail

if ! command -v dbus-run-session >/dev/null || ! command -v gnome-keyring-daemon >/dev/null; then
    exec "$@"
fi
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
mkdir -m 700 -- "$folder/run" "$folder/data"
export XDG_RUNTIME_DIR=$folder/run XDG_DATA_HOME=$folder/data
# shellcheck disable=SC2016  # for the inner shell
dbus-run-session -- bash -c '
    # It goes to the background once it is unlocked, and ends with the bus.
    eval "$(printf keyring | gnome-keyring-daemon --unlock --components=secrets)"
    for process in $(pgrep -u "$EUID" gnome-keyring-d); do
        if grep -zFqxs "XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR" "/proc/$process/environ"; then
            export ATLAS_TEST_KEYRING_PID=$process
        fi
    done
    "$@"' bash "$@"
