# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034  # the parts of the atlas script share their variables
# The Debian packages in infra/local/packages.txt.

packages_of() { # SECTION…
    awk -v wanted=" $* " '
        /^\[.*\]$/ { section = substr($0, 2, length($0) - 2); next }
        /^#/ || NF == 0 { next }
        index(wanted, " " section " ") { print $1 }' "$REPOSITORY/infra/local/packages.txt"
}

ensure_packages() { # SECTION…
    local packages missing=() apt line section
    for section in "$@"; do
        grep -qxF "[$section]" "$REPOSITORY/infra/local/packages.txt" ||
            die "there is no section '$section' in infra/local/packages.txt."
    done
    mapfile -t packages < <(packages_of "$@")
    [[ -z ${ATLAS_SKIP_PACKAGES:-} ]] || return 0
    command -v dpkg-query >/dev/null || die 'this is not a Debian system, so packages cannot be checked.' \
        "Install what infra/local/packages.txt names by its names here, then set ATLAS_SKIP_PACKAGES=1."
    mapfile -t missing < <(missing_packages "${packages[@]}")
    if ((${#missing[@]} == 0)); then
        [[ -n $QUIET ]] || say "Packages: all ${#packages[@]} installed"
        return 0
    fi
    apt=(apt-get -y -o DPkg::Lock::Timeout=300 --no-install-recommends)
    line="apt-get update && apt-get install --no-install-recommends ${missing[*]}"
    if [[ $EUID -eq 0 ]]; then
        apt=(env DEBIAN_FRONTEND=noninteractive "${apt[@]}")
    elif may_use_sudo "${#missing[@]}"; then
        apt=(sudo -n env DEBIAN_FRONTEND=noninteractive "${apt[@]}")
        line="sudo sh -c '$line'"
        SAME_SESSION=yes
    else
        ! command -v sudo >/dev/null || line="sudo sh -c '$line'"
        printf 'atlas: %d packages are missing and only root can install them. Run this as root, then try again:\n\n' \
            "${#missing[@]}" >&2
        printf '    %s\n\n' "$line" >&2
        exit 3
    fi
    if compgen -G '/var/lib/dpkg/updates/[0-9]*' >/dev/null && [[ $EUID -eq 0 ]]; then
        ADVICE='Try by hand: dpkg --configure -a'
        step 'Packages: finishing an interrupted installation' dpkg-configure \
            env DEBIAN_FRONTEND=noninteractive dpkg --configure -a
    fi
    ADVICE="Check the network and /etc/apt/sources.list (Debian 12), or try by hand: $line"
    step 'Packages: reading the lists' apt-update "${apt[@]}" update
    ADVICE="Check the network and /etc/apt/sources.list (Debian 12), or try by hand: $line"
    step "Packages: installing ${#missing[@]}" apt-install "${apt[@]}" install "${missing[@]}"
    SAME_SESSION=''
}

# Asks for the password on the terminal, where there is one.
may_use_sudo() { # COUNT
    command -v sudo >/dev/null || return 1
    sudo -n true 2>/dev/null && return 0
    [[ -t 0 && -t 2 ]] || return 1
    say "Packages: $1 are missing; sudo asks for your password to install them."
    sudo -v
}

missing_packages() { # PACKAGE…
    local name status package
    local -A installed=()
    while read -r name status; do
        [[ $status != installed ]] || installed[$name]=yes
    done < <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true)
    for package in "$@"; do
        [[ -n ${installed[$package]:-} ]] || printf '%s\n' "$package"
    done
}
