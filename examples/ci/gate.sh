#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Gates this commit against a base: builds both, measures them in turns, fails if a kernel is slower.
set -Eeuo pipefail
# shellcheck source=scripts/build.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/build.sh"

usage() {
  cat <<'HELP'
usage: examples/ci/gate.sh BASE_COMMIT [GATE] [options of moat run]

Builds this commit, with the changes of the working tree that are not committed, and BASE_COMMIT,
measures them in turns, and judges our kernels by GATE (default 10%), which comes before the
options. The last line is the verdict; before it stands, for each case that keeps the gate from
passing, how much slower it is with its interval, or why it could not be judged.

Builds in build/gate, which a cache may keep, the CUDA and HIP backends where such a GPU is seen;
one gate at a time. MOAT_CMAKE_ARGS are options for CMake, which come last: -DMOAT_CUDA=ON builds
that backend anyway. Leaves ci-records/: base.json, new.json, compare.md; --out, --ab, --export,
--format, --benchmark_out, --benchmark_format and --benchmark_list_tests of moat run are the
script's own.

example: examples/ci/gate.sh origin/main 10% --backend cpu

exit codes, of which each has one meaning:
  0      the gate is passed
  1      one of our kernels is slower by more than the gate
  2      bad usage: no base, an empty argument, a gate that is no share, an option or value that
         moat run does not have
  3-9    the gate is not passed for another reason, as moat compare --help lists them: 6 the gate is
         below the noise, 7 a result is wrong or missing, 8 not comparable, 9 could not be judged, …
  10     nothing was judged, because something failed before: the base is no commit, a build or a
         run failed, moat is missing, no case matches the options, another gate runs in this clone
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

(($#)) || bad_usage 'no base commit'
for argument in "$@"; do
  if [[ $argument == -h || $argument == --help ]]; then
    usage
    exit 0
  fi
  [[ $argument == *[![:space:]]* ]] || bad_usage 'an argument is empty; is a variable not set?'
done
[[ $1 != -* ]] || bad_usage "$1 is no commit; the base comes first"
base=$1
shift
gate=10%
if (($#)) && [[ $1 != -* ]]; then
  gate=$1
  shift
fi
# Before anything is built: what moat compare takes.
threshold='^(0*(1000(\.0+)?|[0-9]{0,3}(\.[0-9]+)?) ?%|0?\.[0-9]+)$'
[[ $gate =~ $threshold && $gate == *[1-9]* && ${#gate} -le 20 ]] ||
  bad_usage "the gate $gate: write a threshold as 5%, above 0 and at most 1000%"
for argument in "$@"; do
  case ${argument%%=*} in
    --out | --ab | --export | --format | --benchmark_out | --benchmark_format | --benchmark_list_tests)
      bad_usage "${argument%%=*} is the script's own; the records lie in ci-records/"
      ;;
  esac
done
require_run_options examples/ci/gate.sh "$@"

root=$(git rev-parse --show-toplevel 2>/dev/null) || fail "$PWD lies in no git repository"
work=$root/build/gate
records=$root/ci-records
commit=$(git -C "$root" rev-parse --verify --quiet "$base^{commit}") || {
  kind=$(git -C "$root" cat-file -t "$base" 2>/dev/null) && fail "$base is a $kind, no commit"
  [[ $(git -C "$root" rev-parse --is-shallow-repository) != true ]] ||
    fail "$base is no commit of this shallow clone; a CI job must fetch it: fetch-depth 0"
  fail "$base is no commit of this repository"
}
new=$(git -C "$root" rev-parse --short HEAD)
[[ -z $(git -C "$root" status --porcelain --untracked-files=no) ]] || new+=' with uncommitted changes'

mkdir -p "$work"
exec {lock}>"$work/lock"
flock --nonblock "$lock" || fail "another gate runs in this clone, in $work; wait for it"

prefer_ninja
build_moat() {
  # One that a cache brought from another folder cannot be configured here.
  local of
  for of in CMAKE_HOME_DIRECTORY CMAKE_CACHEFILE_DIR; do
    of=$(sed -n "s/^$of:INTERNAL=//p" "$2/CMakeCache.txt" 2>/dev/null) || true
    [[ -z $of || $of -ef $1 || $of -ef $2 ]] || rm -rf "$2"
  done
  if command -v ccache >/dev/null; then export CMAKE_CXX_COMPILER_LAUNCHER=ccache; fi
  # shellcheck disable=SC2086  # several options
  cmake -S "$1" -B "$2" -DCMAKE_BUILD_TYPE=Release -DMOAT_TESTS=OFF -DMOAT_CUDA=SEEN \
    -DMOAT_HIP=SEEN ${MOAT_CMAKE_ARGS:-} >&2 &&
    cmake --build "$2" --parallel "$(nproc)" --target moat >&2
}
# require_taken PROGRAM WHOSE OPTION...: exit unless it takes the options, whose values it alone knows.
require_taken() {
  local program=$1 whose=$2 code=0
  shift 2
  [[ -x $program ]] || fail "the build left no $program"
  "$program" run --benchmark_list_tests "$@" >/dev/null || code=$?
  ((code != 2)) || bad_usage "$whose moat run does not take these options"
  ((code == 0)) || fail "$whose moat run cannot use these options: exit code $code"
}

moat=$work/new-build/bin/moat
base_moat=$work/base-build/bin/moat
build_moat "$root" "$work/new-build" || fail "this commit does not build"
require_taken "$moat" "this commit's" "$@"

# By its name HEAD~1 would be another commit in the base's own worktree.
git -C "$root" worktree prune
# What a cache brought may be the worktree of another clone, or none: git would then work there, or in
# this commit's own tree.
shared=$(git -C "$root" rev-parse --path-format=absolute --git-common-dir)
if [[ $(git -C "$work/base" rev-parse --show-toplevel 2>/dev/null) -ef $work/base &&
  $(git -C "$work/base" rev-parse --path-format=absolute --git-common-dir) -ef $shared ]]; then
  git -C "$work/base" checkout --quiet --detach "$commit" || fail "$base cannot be checked out"
else
  rm -rf "$work/base"
  git -C "$root" worktree prune
  git -C "$root" worktree add --quiet --detach "$work/base" "$commit" ||
    fail "$base cannot be checked out"
fi
build_moat "$work/base" "$work/base-build" || fail "the base, $base, does not build"
require_taken "$base_moat" "the base's" "$@"

rm -rf "$records"
# A case that failed its verification is in the records, and the gate judges it. The comparison that
# is printed here knows nothing of the gate.
code=0
"$moat" run --ab "$base_moat" --out "$records" "$@" >/dev/null || code=$?
[[ -e $records/base.json && -e $records/new.json ]] || fail "moat run --ab failed with exit code $code"

compare() { "$moat" compare "$records/base.json" "$records/new.json" --gate "$gate" "$@"; }
compare --format markdown --out "$records/compare.md" 2>/dev/null || true
if [[ -n ${GITHUB_STEP_SUMMARY:-} && -e $records/compare.md ]]; then
  cat "$records/compare.md" >>"$GITHUB_STEP_SUMMARY"
fi
if [[ -n ${GITHUB_ACTIONS:-} ]]; then compare --format github 2>/dev/null || true; fi
status=0
table=$(compare 2>"$work/reasons") || status=$?
# What moat compare does not document is a crash, and without a table there is no verdict.
if ((status > 9)) || [[ ! $table =~ [^[:space:]] ]]; then
  cat "$work/reasons" >&2
  fail "moat compare failed with exit code $status"
fi
printf '%s\n' "${table%$'\n'*}"
cat "$work/reasons" >&2
printf 'gate.sh: %s; this commit, %s, against %s, %s\n' "${table##*$'\n'}" "$new" "$base" "${commit:0:12}"
exit "$status"
