#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs examples/ci/gate.sh in a repository whose builds are real: a base, the same code again, one
# with a GEMM that takes half as long again, and one with a GEMM that is wrong.
#   gate_test.sh GATE_SCRIPT MOAT SLOW_MOAT
# Exit codes: 0 passed, 1 failed, 77 skipped because the machine is too noisy to judge.
set -euo pipefail

gate=$1 moat=$2 slow=$3
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

git init -q .
git config user.email test@example.org
git config user.name test
cp "$here/project/CMakeLists.txt" .
printf '/build/\n/ci-records/\n' >.gitignore
commit() {
  printf '%s\n' "$2" >moat.path
  git add -A && git commit -qm "$1"
  git tag "$1"
}
commit base "$moat"
printf 'no code\n' >README
commit same "$moat"
commit slow "$slow"
printf '#!/bin/sh\nMOAT_TEST_WRONG=1 exec %s "$@"\n' "$slow" >wrong.sh
chmod +x wrong.sh
commit wrong "$work/wrong.sh"
# shellcheck disable=SC2016  # for the script that is written
printf '#!/bin/sh\n[ "$1" != compare ] || { echo no disk >&2; exit 4; }\nexec %s "$@"\n' "$moat" >mute.sh
chmod +x mute.sh
commit mute "$work/mute.sh"

# A run is judged again, with more samples, where the noise of the machine refused the gate, left a
# case that could not be judged or, given a case that has changed, left that case inconclusive.
#   run_gate BASE [CHANGED_CASE]
attempts=(0.5 1 2)
run_gate() {
  local budget
  for budget in "${attempts[@]}"; do
    rm -f "$work/summary.md"
    status=0
    GITHUB_STEP_SUMMARY=$work/summary.md GITHUB_ACTIONS=true "$gate" "$1" 25% --backend cpu \
      --case gemm/f32/m60n60k60 --case sum/f32/n20000 --hot --threads 1 --no-baselines \
      --budget "$budget" >out 2>err || status=$?
    if ((status == 6)); then
      grep -q 'below the noise floor' err || fail 'exit 6 does not name the noise floor'
    elif ((status == 9)); then
      grep -q 'could not be judged' out || fail 'exit 9 does not say what could not be judged'
    elif ((status != 0)) || [[ -z ${2:-} ]] || ! grep -q "title=$2/.*::inconclusive" out; then
      return 0
    fi
  done
  printf 'skipped: this machine is too noisy to see a change of 25 %%\n'
  exit 77
}
fail() {
  printf 'FAILED: %s\n--- out\n' "$1"
  cat out
  printf -- '--- err\n'
  tail -n 40 err
  exit 1
}
expect() { "${@:2}" || fail "$1"; }

git checkout -q same
run_gate base
expect "equal code passes the gate, not $status" test "$status" = 0
# last_line PATTERN: the last line of standard output is the verdict.
last_line() { tail -n 1 out | grep -qE "$1"; }
number='[+-][0-9.]+ % \([+-][0-9.]+ … [+-][0-9.]+ %\)'
expect 'the last line is the verdict, with the slowest case' last_line \
  "^gate.sh: gate 25 %: passed; the slowest of 2 cases is (gemm|sum)/.*: $number; this commit, [0-9a-f]+, against base, [0-9a-f]{12}\$"
if grep -hE 'threshold|--gate' out err | grep -qv 'threshold 25 %'; then
  fail 'another gate than the one in force is named'
fi
expect 'both records are kept' test -s ci-records/base.json -a -s ci-records/new.json
for build in base new; do
  expect "the $build build has the GPU backends that can run here" \
    grep -q '^MOAT_CUDA:.*=SEEN' "build/gate/$build-build/CMakeCache.txt"
done
expect 'the table is markdown' grep -q '^| ' ci-records/compare.md
expect 'the table is in the job summary' cmp -s ci-records/compare.md summary.md

git checkout -q slow
# HEAD~1 of this commit, not of the base that is checked out already.
run_gate HEAD~1 gemm/f32/m60n60k60
expect "a delay of half the time fails the gate with 1, not $status" test "$status" = 1
expect 'the slower case is named with its number' \
  grep -qE "gate 25 %: gemm/f32/m60n60k60/cpu/moat is slower: $number" err
expect 'the last line is the verdict' last_line '^gate.sh: gate 25 %: not passed: 1 slower'
expect 'and annotated' grep -q '^::error.*gemm/f32/m60n60k60' out
if grep -q 'gate 25 %: sum/' err; then fail 'a case that is as fast is named too'; fi
expect 'the failing table is kept' grep -q 'slower' ci-records/compare.md

git checkout -q wrong
run_gate base
expect "a wrong result fails the gate with 7, not $status" test "$status" = 7
expect 'the wrong case is named' grep -q 'gate 25 %: gemm/f32/m60n60k60/cpu/moat is unverified' err

# What is no judgement has no exit code of one.
#   expect_code CODE TEXT ARGUMENTS...: the script ends with CODE and says TEXT.
expect_code() {
  status=0
  "$gate" "${@:3}" >out 2>err || status=$?
  expect "exit code $1 after '${*:3}', not $status" test "$status" = "$1"
  expect "and says $2" grep -q -- "$2" out err
}
expect_code 0 'exit codes' --help
expect_code 2 'no base commit'
expect_code 2 'an argument is empty' ''
expect_code 2 'an argument is empty' ' '
expect_code 2 'an argument is empty' base ''
expect_code 2 'an argument is empty' base 25% --case ''
# Before anything is built, and with the records of the last gate in place.
for builds in base new; do rm "build/gate/$builds-build/bin/moat"; done
nothing_done() {
  expect "${*}: nothing is built" test ! -e build/gate/new-build/bin/moat
  expect "${*}: the last records stay" test -s ci-records/base.json
}
expect_code 2 'unknown argument --frobnicate' base 25% --frobnicate
nothing_done unknown option
for value in 0% 0.0% 0.0 .0 1000.1% 1001% 2000% 0.000000000000000000001%; do
  expect_code 2 'above 0 and at most 1000%' base "$value"
  nothing_done "$value"
done
for option in --benchmark_list_tests --benchmark_out=g.json --benchmark_format=json; do
  expect_code 2 "${option%%=*} is the script" base 25% "$option"
  nothing_done "$option"
done
expect_code 2 '--out is the script' base 25% --out elsewhere
expect_code 2 '-x is no commit' -x
expect_code 10 'HEAD:README is a blob, no commit' HEAD:README
nothing_done
exec 9>build/gate/lock
flock 9
expect_code 10 'another gate runs in this clone' base
exec 9>&-
nothing_done locked
# A value is known to this commit's moat alone, which is built first. GATE may be left out.
expect_code 2 '--kernel: nosuch is not known' base --kernel nosuch
expect "the base is not built" test ! -e build/gate/base-build/bin/moat
expect 'the last records stay' test -s ci-records/base.json
expect_code 10 'cannot use these options: exit code 3' base --filter nosuch
expect 'the last records stay' test -s ci-records/base.json
expect_code 2 'write a threshold as 5%' base 5 --backend cpu --case sum/f32/n1000 --hot --samples 1 \
  --no-baselines
printf 'changed\n' >>README
expect_code 9 'gate 25 %: sum/f32/n1000/cpu/moat has . samples; 10 are needed: give the run a larger --samples' \
  base 25% --backend cpu --case sum/f32/n1000 --hot --samples 4 --no-baselines
expect 'the verdict tells of the working tree' last_line \
  ': not passed: 1 could not be judged; this commit, [0-9a-f]+ with uncommitted changes, against base'
git checkout -q README
# A cache keeps the builds for another clone: the one they are of is still there, or gone; the base
# there is no worktree at all.
few=(base 25% --backend cpu --case sum/f32/n1000 --hot --samples 4 --no-baselines)
git -c advice.detachedHead=false clone -q . other
mkdir other/build
cp -a build/gate other/build/gate
head=$(git -C build/gate/base rev-parse HEAD)
own=$(git -C other rev-parse HEAD)
for source in there gone bare; do
  cd other
  case $source in
    gone) sed -i 's/gitdir: .*/gitdir: \/nowhere\/.git\/worktrees\/base/' build/gate/base/.git ;;
    bare) rm build/gate/base/.git ;;
  esac
  expect_code 9 'could not be judged' "${few[@]}"
  expect "$source: the base is this clone's" \
    test "$(git -C build/gate/base rev-parse --path-format=absolute --git-common-dir)" -ef .git
  expect "$source: it holds the base" \
    test "$(git -C build/gate/base rev-parse HEAD)" = "$(git rev-parse "base^{commit}")"
  expect "$source: this clone stays at its commit" test "$(git rev-parse HEAD)" = "$own"
  cd ..
  expect "$source: the other clone is left alone" test "$(git -C build/gate/base rev-parse HEAD)" = "$head"
done
rm -rf other
# A comparison that prints no table is no verdict.
git checkout -q mute
expect_code 10 'moat compare failed with exit code 4' "${few[@]}"
expect 'its reason is said' grep -q 'no disk' err
expect_code 10 'no-such-commit is no commit' no-such-commit
mkdir elsewhere
cd elsewhere
GIT_CEILING_DIRECTORIES=$work GIT_DIR=/nowhere expect_code 10 'lies in no git repository' base
cd ..
git checkout -q same
printf 'message(FATAL_ERROR "broken")\n' >CMakeLists.txt
expect_code 10 'this commit does not build' base
git checkout -q CMakeLists.txt
sed -i 's/^add_custom_target(moat/add_custom_target(not_moat/' CMakeLists.txt
expect_code 10 'this commit does not build' base
git checkout -q CMakeLists.txt
printf 'passed\n'
