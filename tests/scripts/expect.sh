# SPDX-License-Identifier: Apache-2.0
# Sourced by tests of scripts.
# shellcheck shell=bash

# expect STATUS TEXT COMMAND...: the command ends with STATUS and prints TEXT.
expect() {
  local wanted=$1 text=$2 status=0 output
  shift 2
  output=$("$@" 2>&1) || status=$?
  if [[ $status != "$wanted" || $output != *"$text"* ]]; then
    printf 'FAILED: %s\nexit %s, wanted %s with "%s"\n%s\n' "$*" "$status" "$wanted" "$text" "$output"
    exit 1
  fi
}
