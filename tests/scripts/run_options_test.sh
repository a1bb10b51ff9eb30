#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: run_options_test.sh SCRIPTS MOAT: the options that scripts pass on are those of moat run.
set -euo pipefail
moat=$2
# shellcheck source=scripts/build.sh
source "$1/build.sh"
listed=$(printf '%s\n' "${run_options[@]}" | sort)
told=$("$moat" run --help | grep -oP '^  (-h,)?--\K[a-z-]+' | sort)
if [[ $listed != "$told" ]]; then
  printf 'FAILED: run_options of scripts/build.sh (<) and moat run --help (>)\n'
  diff <(printf '%s\n' "$listed") <(printf '%s\n' "$told")
  exit 1
fi
echo 'all checks passed'
