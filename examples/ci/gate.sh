#!/usr/bin/env bash
# Gates this commit against a base: builds both, measures them in turns, fails if a kernel is slower.
#   examples/ci/gate.sh BASE_COMMIT [GATE, default 10%] [options of moat run]
# Builds in build/gate, which a cache may keep; MOAT_CMAKE_ARGS are options for CMake. Leaves
# ci-records/: base.json, new.json, compare.md. Exit codes: those of moat compare --help; 10 if a
# build or a run failed.
set -euo pipefail

base=${1:?usage: examples/ci/gate.sh BASE_COMMIT [GATE] [options of moat run]}
gate=${2:-10%}
shift $(($# > 1 ? 2 : 1))
root=$(git rev-parse --show-toplevel)
work=$root/build/gate
records=$root/ci-records

# CMake's own default is make, which is not installed where ninja is.
if [[ -z ${CMAKE_GENERATOR:-} ]] && command -v ninja >/dev/null; then export CMAKE_GENERATOR=Ninja; fi
build() {
  # shellcheck disable=SC2086  # several options
  cmake -S "$1" -B "$2" -DCMAKE_BUILD_TYPE=Release -DMOAT_TESTS=OFF ${MOAT_CMAKE_ARGS:-} >&2 &&
    cmake --build "$2" --parallel "$(nproc)" --target moat >&2
}
fail() {
  printf 'gate.sh: %s\n' "$1" >&2
  exit 10
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

rm -rf "$records"
# A case that failed its verification is in the records, and the gate judges it.
"$moat" run --ab "$work/base-build/bin/moat" --out "$records" "$@" ||
  [[ -e $records/base.json && -e $records/new.json ]] || fail "moat run --ab failed"

compare() { "$moat" compare "$records/base.json" "$records/new.json" --gate "$gate" "$@"; }
status=0
compare --format markdown --out "$records/compare.md" || status=$?
# A gate below the noise is refused; the table without a judgement still tells.
if [[ ! -e $records/compare.md ]]; then
  "$moat" compare "$records/base.json" "$records/new.json" --format markdown \
    --out "$records/compare.md" || true
fi
if [[ -n ${GITHUB_STEP_SUMMARY:-} ]]; then cat "$records/compare.md" >>"$GITHUB_STEP_SUMMARY"; fi
if [[ -n ${GITHUB_ACTIONS:-} ]]; then compare --format github 2>/dev/null || true; fi
exit "$status"
