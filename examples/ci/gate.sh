#!/usr/bin/env bash
# Gates this commit against a base: builds both, measures them in turns, fails if a kernel is slower.
#   examples/ci/gate.sh BASE_COMMIT [GATE, default 10%] [options of moat run]
# Leaves ci-records/: base.json, new.json, compare.md. Exit codes: moat compare --help.
set -euo pipefail

base=${1:?usage: examples/ci/gate.sh BASE_COMMIT [GATE] [options of moat run]}
gate=${2:-10%}
shift $(($# > 1 ? 2 : 1))
root=$(git rev-parse --show-toplevel)
work=$(mktemp -d)
trap 'git -C "$root" worktree remove --force "$work/base" 2>/dev/null; rm -rf "$work"' EXIT

git -C "$root" worktree add --detach "$work/base" "$base" >&2
build() {
  cmake -S "$1" -B "$2" -DCMAKE_BUILD_TYPE=Release -DMOAT_TESTS=OFF ${MOAT_CMAKE_ARGS:-} >&2
  cmake --build "$2" --parallel --target moat >&2
}
build "$root" "$work/new-build"
build "$work/base" "$work/base-build"

records=$root/ci-records
"$work/new-build/bin/moat" run --ab "$work/base-build/bin/moat" --out "$records" "$@"
status=0
"$work/new-build/bin/moat" compare "$records/base.json" "$records/new.json" --gate "$gate" \
  --format markdown --out "$records/compare.md" || status=$?
if [[ -n ${GITHUB_STEP_SUMMARY:-} && -e $records/compare.md ]]; then
  cat "$records/compare.md" >>"$GITHUB_STEP_SUMMARY"
fi
if [[ -n ${GITHUB_ACTIONS:-} ]]; then
  "$work/new-build/bin/moat" compare "$records/base.json" "$records/new.json" --gate "$gate" \
    --format github || true
fi
exit "$status"
