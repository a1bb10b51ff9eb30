#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: shellcheck_test.sh ROOT: shellcheck on every shell script below ROOT. Exits 77 without it.
set -euo pipefail
cd "$1"
if ! command -v shellcheck >/dev/null; then
  printf 'skipped: shellcheck is missing (Debian: shellcheck)\n'
  exit 77
fi
mapfile -t scripts < <(find scripts tests examples cmake .ci -type f \
  \( -name '*.sh' -o -path '.ci/*' \) | sort)
((${#scripts[@]} > 10)) || {
  printf 'only %d scripts found\n' "${#scripts[@]}"
  exit 1
}
shellcheck -x "${scripts[@]}"
