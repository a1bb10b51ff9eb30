#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# native.sh COMMAND…: runs the command with MOAT_MATRIX_UNIT=native, so that the processor executes its
# matrix instructions. Exits 77, which CTest reports as skipped, where it has none.
set -euo pipefail

for feature in amx_tile amx_bf16 amx_int8; do
  if ! grep -qw "$feature" /proc/cpuinfo; then
    printf 'skipped: the processor lacks %s\n' "$feature"
    exit 77
  fi
done
MOAT_MATRIX_UNIT=native exec "$@"
