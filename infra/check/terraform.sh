# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# For scripts that run Terraform on a machine without the AWS provider, without an account and without a network.

INFRA_CHECK=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)

# Prints what is missing on this machine; nothing where all is there.
missing_tools() {
    local tool
    for tool in terraform node; do
        command -v "$tool" >/dev/null || printf '%s is not on PATH\n' "$tool"
    done
}

# Terraform takes the stand-in for the provider, and nothing of the caller's configuration, variables or credentials.
use_stand_in() { # SCRATCH FOLDER
    cat >"$1/terraform.rc" <<END
disable_checkpoint = true
provider_installation {
  dev_overrides {
    "hashicorp/aws" = "$INFRA_CHECK"
  }
}
END
    # shellcheck disable=SC2086  # a list of names
    unset ${!TF_@} ${!AWS_@}
    # Fewer collections of garbage: half the time, for some hundred MB.
    export GOGC=400
    export TF_CLI_CONFIG_FILE=$1/terraform.rc TF_DISABLE_PLUGIN_TLS=1 TF_DATA_DIR=$1/data TF_IN_AUTOMATION=1 CHECKPOINT_DISABLE=1
}

# Ends the script as skipped, with the reason, where a tool is missing.
skip_without_tools() {
    local missing
    missing=$(missing_tools)
    [[ -n $missing ]] || return 0
    printf 'SKIP   : %s\n' "${missing//$'\n'/, }"
    printf 'Totals: 0 passed, 0 failed, 1 skipped, 0 blacklisted\n'
    exit 77
}
