#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# infra/aws: format, Terraform's validation, the rules of infra/check/rules.mjs, and Terraform's tests for both
# environments. Prints Qt Test's summary line, which "./atlas test" adds up.
set -euo pipefail

REPOSITORY=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
MODULE=$REPOSITORY/infra/aws
# shellcheck source=infra/check/terraform.sh
source "$REPOSITORY/infra/check/terraform.sh"

skip_without_tools

SCRATCH=$(mktemp -d)
trap 'rm -rf -- "$SCRATCH"' EXIT
use_stand_in "$SCRATCH"
cd -- "$MODULE"

PASSED=0
FAILED=0
pass() {
    PASSED=$((PASSED + 1))
    printf 'PASS   : %s\n' "$1"
}
fail() {
    FAILED=$((FAILED + 1))
    printf 'FAIL!  : %s\n' "$1"
}
check() { # NAME COMMAND…
    local name=$1
    shift
    if "$@" >"$SCRATCH/output" 2>&1; then
        pass "$name"
    else
        fail "$name"
        cat -- "$SCRATCH/output"
    fi
}

check 'fmt' terraform fmt -check -recursive -diff -no-color
check 'validate' terraform validate -no-color

node "$INFRA_CHECK/rules.mjs" "$MODULE" >"$SCRATCH/rules" 2>&1 || true
[[ -s $SCRATCH/rules ]] || fail 'rules: nothing was said'
while read -r line; do
    case $line in
        'PASS '*) pass "rules: ${line#PASS }" ;;
        *) fail "rules: $line" ;;
    esac
done <"$SCRATCH/rules"

start_tests() { # ENVIRONMENT
    local status=0
    TF_DATA_DIR=$SCRATCH/data-$1 terraform test -no-color -var-file="env/$1.tfvars" >"$SCRATCH/test-$1" 2>&1 || status=$?
    printf '%d\n' "$status" >"$SCRATCH/status-$1"
}

# One line a run: '  run "NAME"... pass'. What follows a failure says why, and what comes after it in the file is not run.
read_tests() { # ENVIRONMENT
    local line file='' status runs=0 failed=$FAILED
    status=$(<"$SCRATCH/status-$1")
    while IFS= read -r line; do
        if [[ $line =~ ^tests/(.*)\.tftest\.hcl\.\.\.\ in\ progress$ ]]; then
            file=${BASH_REMATCH[1]}
        elif [[ $line =~ ^\ \ run\ \"(.*)\"\.\.\.\ (pass|fail|skip)$ ]]; then
            runs=$((runs + 1))
            if [[ ${BASH_REMATCH[2]} == pass ]]; then
                pass "$1: $file: ${BASH_REMATCH[1]}"
            else
                fail "$1: $file: ${BASH_REMATCH[1]} (${BASH_REMATCH[2]})"
            fi
        elif [[ -n $line && ! $line =~ ^(tests/.*|Success!.*)$ ]]; then
            printf '    %s\n' "$line"
        fi
    done <"$SCRATCH/test-$1"
    ((runs > 0 && (status == 0 || FAILED > failed))) || fail "$1: terraform test ended with status $status after $runs runs"
}

start_tests dev &
start_tests prod &
wait
read_tests dev
read_tests prod

printf 'Totals: %d passed, %d failed, 0 skipped, 0 blacklisted\n' "$PASSED" "$FAILED"
((FAILED == 0))
