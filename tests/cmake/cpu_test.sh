#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: cpu_test.sh CMAKE PROJECT: what is said of values of MOAT_CPU that are none.
set -euo pipefail
cmake=$1 project=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# refused VALUE TEXT...: CMake ends with an error that has every TEXT, which it may wrap.
refused() {
  local value=$1 text said
  shift
  rm -rf "$work/build"
  if said=$("$cmake" -S "$project" -B "$work/build" "-DMOAT_CPU=$value" 2>&1); then
    printf 'FAILED: MOAT_CPU=%s is taken\n' "$value"
    exit 1
  fi
  said=$(tr -s '[:space:]' ' ' <<<"$said")
  for text; do
    [[ $said == *"$text"* ]] && continue
    printf 'FAILED: MOAT_CPU=%s: no "%s" in: %s\n' "$value" "$text" "$said"
    exit 1
  done
}

for empty in '' ',' ';' ' '; do
  refused "$empty" 'MOAT_CPU is empty; is a variable not set?' 'there are native, ' '-DMOAT_CPU=native'
done
refused avx3 'MOAT_CPU=avx3: avx3 is not known; on ' 'there are native, '
