#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Generates schema.json anew, after infra/aws began (or ceased) to use a type of resource. Needs the network and npm; the
# checks need neither.
set -euo pipefail

HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
# Bindings generated from hashicorp/aws 6.66.0.
PACKAGE=@cdktn/provider-aws@25.7.0
SHA512=13f9e1bb4c95644e265cc8083ee23cb4416dd411312e403b0118e285d1befc799f0dfccbafe384177764151bc8ea0951b77d25aeb05640bc17a82241c5c9b252

SCRATCH=$(mktemp -d)
trap 'rm -rf -- "$SCRATCH"' EXIT
cd -- "$SCRATCH"
file=$(npm pack --silent --ignore-scripts "$PACKAGE")
sha512sum --check --status <<<"$SHA512  $file" || {
    printf '%s is not the package that was pinned.\n' "$PACKAGE" >&2
    exit 1
}
tar -xzf "$file" --wildcards 'package/lib/*/index.js'
node "$HERE/gen-schema.mjs" package "$HERE/schema.json" "$HERE/../aws"
