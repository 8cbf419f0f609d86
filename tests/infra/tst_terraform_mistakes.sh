#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Would the checks of infra/aws notice? Each mistake of mistakes.sh is made in a copy of the module, and the check that it
# names must fail and say what it says it will. A mistake that can no longer be made (the text that it replaces is gone) is
# a failure. Prints Qt Test's summary line, which "./atlas test" adds up.
#   tst_terraform_mistakes.sh [NAME…]   makes the named ones only
set -euo pipefail

HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
REPOSITORY=$(cd -- "$HERE/../.." && pwd -P)
MODULE=$REPOSITORY/infra/aws
JOBS=2
# shellcheck source=infra/check/terraform.sh
source "$REPOSITORY/infra/check/terraform.sh"

skip_without_tools

SCRATCH=$(mktemp -d)
trap 'rm -rf -- "$SCRATCH"' EXIT
use_stand_in "$SCRATCH"

MISTAKES=()
WANTED=("$@")

run_check() { # CHECK FOLDER
    cd -- "$2"
    case $1 in
        fmt) terraform fmt -check -recursive -diff -no-color ;;
        validate) terraform validate -no-color ;;
        rules) node "$INFRA_CHECK/rules.mjs" . ;;
        # FILE of tests, ENVIRONMENT
        *) terraform test -no-color -filter="tests/${1% *}.tftest.hcl" -var-file="env/${1#* }.tfvars" ;;
    esac
}

# Leaves in SCRATCH/NUMBER.failure what is wrong; nothing where the mistake was caught.
make_mistake() { # NUMBER CHECK FILE FROM TO SAYS
    local folder=$SCRATCH/$1 said status=0
    cp -r -- "$MODULE" "$folder"
    if ! FROM=$4 TO=$5 perl -0pi -e 'BEGIN { $found = 0 } $found = s/\Q$ENV{FROM}\E/$ENV{TO}/; END { exit !$found }' "$folder/$3"; then
        printf 'cannot be made any more: %s does not hold "%s"\n' "$3" "$4" >"$folder.failure"
        return
    fi
    said=$(TF_DATA_DIR=$folder.data run_check "$2" "$folder" 2>&1) || status=$?
    rm -rf -- "$folder" "$folder.data"
    # Terraform breaks lines, and draws bars beside them.
    said=$(tr -s ' \n│╷╵' ' ' <<<"$said")
    if ((status == 0)); then
        printf 'not noticed by %s\n' "$2" >"$folder.failure"
    elif [[ $said != *"$6"* ]]; then
        printf '%s fails, but does not say "%s":\n%s\n' "$2" "$6" "$(fold -s -w 150 <<<"$said" | tail -n 20)" >"$folder.failure"
    fi
}

mistake() { # NAME CHECK FILE FROM TO SAYS
    local name number=${#MISTAKES[@]}
    if ((${#WANTED[@]} > 0)); then
        for name in "${WANTED[@]}"; do
            [[ $1 != "$name" ]] || break
        done
        [[ $1 == "$name" ]] || return 0
    fi
    MISTAKES+=("$1")
    while (($(jobs -rp | wc -l) >= JOBS)); do
        wait -n || true
    done
    make_mistake "$number" "${@:2}" &
}

# shellcheck source=tests/infra/mistakes.sh
source "$HERE/mistakes.sh"
wait

FAILED=0
for number in "${!MISTAKES[@]}"; do
    if [[ -e $SCRATCH/$number.failure ]]; then
        FAILED=$((FAILED + 1))
        printf 'FAIL!  : %s: %s\n' "${MISTAKES[number]}" "$(<"$SCRATCH/$number.failure")"
    else
        printf 'PASS   : %s\n' "${MISTAKES[number]}"
    fi
done
printf 'Totals: %d passed, %d failed, 0 skipped, 0 blacklisted\n' "$((${#MISTAKES[@]} - FAILED))" "$FAILED"
# A list that was cut short by mistake would pass, otherwise.
FEWEST=$((${#WANTED[@]} > 0 ? 1 : 25))
if ((${#MISTAKES[@]} < FEWEST)); then
    printf '%d mistakes were made; there are to be %d at least.\n' "${#MISTAKES[@]}" "$FEWEST"
fi
((FAILED == 0 && ${#MISTAKES[@]} >= FEWEST))
