# SPDX-License-Identifier: Apache-2.0
# Sourced by the tests of the command: MOAT is the executable, QUICK the same but for the ceilings,
# which take seconds; the working folder is empty.
# shellcheck shell=bash
set -uo pipefail
# shellcheck disable=SC2034
MOAT=$1
QUICK=$2
unset NO_COLOR FORCE_COLOR CLICOLOR CLICOLOR_FORCE OMP_NUM_THREADS OMP_THREAD_LIMIT OMP_STACKSIZE
folder=$(mktemp -d)
trap 'cd /; rm -rf "$folder"' EXIT
chmod 755 "$folder"
cd "$folder" || exit 1
failures=0

# fail TEXT: notes it and goes on. On stderr, because many a caller throws stdout away.
fail() {
  printf 'FAILED: %s\n' "$*" >&2
  failures=$((failures + 1))
}

# ends STATUS COMMAND...: the command's exit status; what it says is in the file said. Where 0 is
# wanted 6 will do: on a busy machine every sample of a moment's run may be disturbed.
ends() {
  local wanted=$1 status=0
  shift
  "$@" 2>said || status=$?
  [[ $status == "$wanted" || $wanted == 0 && $status == 6 ]] ||
    fail "exit $status, wanted $wanted: $* $(cat said)"
}

# says TEXT: of the last command of ends.
says() { grep -qF -- "$1" said || fail "no \"$1\" in: $(cat said)"; }

# short ARGUMENTS...: a run of a moment.
short() { "$QUICK" run --case sum/f32/n1000 --no-baselines --samples 3 --budget 0.01 "$@"; }

finish() {
  [[ $failures == 0 ]] && exit 0
  exit 1
}
