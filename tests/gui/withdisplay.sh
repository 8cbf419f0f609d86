#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs a program on an X server of its own, for what needs a real window system and real input.
# Where that is not installed the program runs offscreen and says what it skips.
set -euo pipefail

if ! command -v xvfb-run >/dev/null || ! command -v xauth >/dev/null || ! command -v xdotool >/dev/null; then
    exec "$@"
fi
export QT_QPA_PLATFORM=xcb
unset WAYLAND_DISPLAY
exec xvfb-run --auto-servernum --server-args='-screen 0 1280x800x24' "$@"
