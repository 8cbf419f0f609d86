# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Free disk space: asked for before something large is made, named when something failed for want of it.

free_megabytes() { # FOLDER, existing or not
    local folder
    folder=$(realpath -m -- "$1")
    while [[ ! -d $folder ]]; do
        folder=$(dirname -- "$folder")
    done
    df -Pm -- "$folder" 2>/dev/null | awk 'NR == 2 { print $4 }'
}

# Ends with die unless there is room. Where df does not know, nothing is asked.
need_space() { # MEGABYTES FOLDER WHAT
    local free
    free=$(free_megabytes "$2") || return 0
    [[ $free =~ ^[0-9]+$ ]] || return 0
    ((free >= $1)) ||
        die "$3 needs about $1 MB, but the disk of $2 has only $free MB free." \
            'Make room there and try again. Data of a demo goes with: ./atlas cluster reset'
}

# One line for each disk of these folders that is as good as full.
space_hint() { # FOLDER…
    local folder free
    for folder in "$@"; do
        [[ -e $folder ]] || continue
        free=$(free_megabytes "$folder") || continue
        [[ ! $free =~ ^[0-9]+$ ]] || ((free >= 300)) ||
            printf '       The disk of %s is full (%s MB free): that is the likely reason.\n' "$folder" "$free" >&2
    done
}
