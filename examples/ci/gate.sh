#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Gates this commit against a base: builds both, measures them in turns, fails if a kernel is slower.
set -Eeuo pipefail

usage() {
  cat <<'HELP'
usage: examples/ci/gate.sh BASE_COMMIT [GATE] [options of moat run]

Builds BASE_COMMIT and this commit, measures them in turns, and judges our kernels by GATE (default
10%). Builds in build/gate, which a cache may keep, the CUDA and HIP backends where such a GPU is
seen. MOAT_CMAKE_ARGS are options for CMake, which come last: -DMOAT_CUDA=ON builds that backend
anyway. Leaves ci-records/: base.json, new.json, compare.md.

example: examples/ci/gate.sh origin/main 10% --backend cpu

exit codes, of which each has one meaning:
  0      the gate is passed
  1      one of our kernels is slower by more than the gate
  2      bad usage: no base, an empty argument, a gate that is no share
  3-9    the gate is not passed for another reason, as moat compare --help lists them: 6 the gate is
         below the noise, 7 a result is wrong or missing, 8 not comparable, 9 could not be judged, …
  10     nothing was judged, because something failed before: the base is no commit, a build or a
         run failed, moat is missing
HELP
}
bad_usage() {
  printf 'gate.sh: %s; see examples/ci/gate.sh --help\n' "$1" >&2
  exit 2
}
fail() {
  printf 'gate.sh: %s\n' "$1" >&2
  exit 10
}
# No command's own exit code is taken for one of these meanings.
trap 'fail "line $LINENO: $BASH_COMMAND failed"' ERR

if [[ ${1-} == -h || ${1-} == --help ]]; then
  usage
  exit 0
fi
(($#)) || bad_usage 'no base commit'
for argument in "$@"; do
  [[ $argument == *[![:space:]]* ]] || bad_usage 'an argument is empty; is a variable not set?'
done
base=$1
gate=${2:-10%}
shift $(($# > 1 ? 2 : 1))
# Before anything is built.
[[ $gate =~ ^([0-9]*\.?[0-9]+\ ?%|0?\.[0-9]+)$ ]] || bad_usage "the gate $gate: write a threshold as 5%"
root=$(git rev-parse --show-toplevel)
work=$root/build/gate
records=$root/ci-records

# CMake's own default is make, which is not installed where ninja is.
if [[ -z ${CMAKE_GENERATOR:-} ]] && command -v ninja >/dev/null; then export CMAKE_GENERATOR=Ninja; fi
build() {
  # shellcheck disable=SC2086  # several options
  cmake -S "$1" -B "$2" -DCMAKE_BUILD_TYPE=Release -DMOAT_TESTS=OFF -DMOAT_CUDA=SEEN \
    -DMOAT_HIP=SEEN ${MOAT_CMAKE_ARGS:-} >&2 &&
    cmake --build "$2" --parallel "$(nproc)" --target moat >&2
}

# Resolved here: HEAD~1 would be another commit in the base's own worktree.
commit=$(git -C "$root" rev-parse --verify --quiet "$base^{commit}") ||
  fail "$base is no commit of this repository; a CI job must fetch it: fetch-depth 0"
git -C "$root" worktree prune
if [[ -e $work/base ]]; then
  git -C "$work/base" checkout --quiet --detach "$commit" || fail "$base cannot be checked out"
else
  git -C "$root" worktree add --quiet --detach "$work/base" "$commit" ||
    fail "$base cannot be checked out"
fi
build "$work/base" "$work/base-build" || fail "the base, $base, does not build"
build "$root" "$work/new-build" || fail "this commit does not build"
moat=$work/new-build/bin/moat
for program in "$moat" "$work/base-build/bin/moat"; do
  [[ -x $program ]] || fail "the build left no $program"
done

rm -rf "$records"
# A case that failed its verification is in the records, and the gate judges it.
code=0
"$moat" run --ab "$work/base-build/bin/moat" --out "$records" "$@" || code=$?
((code != 2)) || bad_usage 'moat run does not take these options'
[[ -e $records/base.json && -e $records/new.json ]] || fail "moat run --ab failed with exit code $code"

compare() { "$moat" compare "$records/base.json" "$records/new.json" --gate "$gate" "$@"; }
status=0
compare --format markdown --out "$records/compare.md" || status=$?
# What moat compare does not document is a crash.
((status <= 9)) || fail "moat compare failed with exit code $status"
if [[ -n ${GITHUB_STEP_SUMMARY:-} && -e $records/compare.md ]]; then
  cat "$records/compare.md" >>"$GITHUB_STEP_SUMMARY"
fi
if [[ -n ${GITHUB_ACTIONS:-} ]]; then compare --format github 2>/dev/null || true; fi
exit "$status"
