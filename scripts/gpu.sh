#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# On a machine with a GPU: builds for it, runs the device tests, watches small shapes with
# compute-sanitizer, runs the suite with the vendor's libraries and writes the record.
set -euo pipefail
# shellcheck source=scripts/build.sh
source "$(dirname "${BASH_SOURCE[0]}")/build.sh"

steps=(tests sanitizer bench)
minutes=28

usage() {
  cat <<EOF2
usage: scripts/gpu.sh [--no-install] [--only STEP,…] [--minutes N] [options of moat run]

Builds for the GPUs of this machine and runs, in this order:

  tests      every kernel, type and odd shape on the device, against float64; NVIDIA's libraries
             likewise
  sanitizer  compute-sanitizer's memcheck, racecheck and initcheck on small shapes (NVIDIA, where
             the tool exists)
  bench      moat run on the GPU with the vendor's libraries beside it; writes the record after each
             case (results/gpu/<UTC time>.json, if --out says nothing else), so that a device that
             hangs ends no more than one, which the log names last

A later step runs although an earlier one failed. Logs are under build/gpu/.

  --no-install    never install; list what is missing and stop (exit 3). Needs no network
  --only STEP,…   some of the steps: ${steps[*]}
  --minutes N     stop a step when N minutes have passed since the start (default: $minutes)
  -h, --help      this text

Environment: MOAT_BUILD_DIR, MOAT_CMAKE_ARGS as for scripts/bench.sh.
Exit codes: 0 all steps passed; 1 a step failed; 2 bad usage; 3 something is missing; 4 no GPU here.

examples:
  scripts/gpu.sh                                 everything, the quick suite
  scripts/gpu.sh --only bench --suite llama3-8b  the shapes of a model
  scripts/gpu.sh --no-install --only tests       on a machine without network
EOF2
}

fail_usage() {
  echo "scripts/gpu.sh: $1; scripts/gpu.sh --help lists the options" >&2
  exit 2
}

run_args=()
while (($#)); do
  case $1 in
    --no-install) setup_args+=(--no-install) ;;
    --only)
      (($# > 1)) || fail_usage "--only needs a step"
      IFS=, read -r -a steps <<<"$2"
      shift
      ;;
    --minutes)
      (($# > 1)) || fail_usage "--minutes needs a number"
      [[ $2 =~ ^[1-9][0-9]*$ ]] || fail_usage "--minutes $2 is not a whole number of minutes"
      minutes=$2
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) run_args+=("$1") ;;
  esac
  shift
done
for s in "${steps[@]}"; do
  [[ $s == tests || $s == sanitizer || $s == bench ]] || fail_usage "--only $s is no step"
done
require_run_options scripts/gpu.sh "${run_args[@]}"

vendor=""
if "$root/scripts/gpu_seen.sh" --driver nvidia >/dev/null; then
  vendor=cuda
elif "$root/scripts/gpu_seen.sh" --driver amd >/dev/null; then
  vendor=hip
else
  echo "scripts/gpu.sh: no GPU here: neither NVIDIA's driver (/dev/nvidiactl, libcuda.so.1) nor AMD's" \
    "(/dev/kfd) is seen. scripts/bench.sh measures the CPU." >&2
  exit 4
fi

# Only this GPU's architecture: the others would take minutes for nothing.
if [[ $vendor == cuda ]]; then
  options="-DMOAT_HIP=OFF -DMOAT_CUDA=ON"
  capabilities=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | sort -u) || true
  architectures=""
  for c in $capabilities; do
    c=${c/./}
    [[ $c == 90 ]] && c=90a
    architectures+="${architectures:+;}$c"
  done
  if [[ -n $architectures ]]; then options+=" -DMOAT_CUDA_ARCHITECTURES=$architectures"; fi
else
  options="-DMOAT_CUDA=OFF -DMOAT_HIP=ON"
fi
export MOAT_CMAKE_ARGS="$options -DMOAT_TESTS=ON ${MOAT_CMAKE_ARGS:-}"
setup_args+=(--tests)

install_missing
build moat "${vendor}_device_test" gpu_baselines_test

logs=$build/gpu
mkdir -p "$logs"
device_test=$build/tests/backends/$vendor/${vendor}_device_test
deadline=$((minutes * 60))
failed=0
summary=""

# given OPTION...: whether one of them is among those of moat run.
given() {
  local option argument
  for option; do
    for argument in "${run_args[@]}"; do
      if [[ $argument == "$option" || $argument == "$option="* ]]; then return 0; fi
    done
  done
  return 1
}
bench_args=("${run_args[@]}")
given --backend --device || bench_args+=(--backend "$vendor")
given --progress || bench_args+=(--progress)
# Signals do not reach a process that waits for a device that hangs: what it keeps until its end is lost.
given --out --resume --ab || bench_args+=(--resume --out "$root/results/gpu/$(date -u +%Y%m%dT%H%M%SZ).json")

# timed NAME COMMAND...: runs it until the deadline, its output on the terminal and in a log.
timed() {
  local name=$1 start=$SECONDS status=0 left=$((deadline - SECONDS))
  shift
  if ((left <= 0)); then
    summary+="$name: not run, the $minutes minutes are over"$'\n'
    failed=1
    return
  fi
  echo "== $name" >&2
  # SIGINT lets moat run write what it has.
  local log=$logs/${name// /-}.log
  timeout --signal=INT --kill-after=30 "$left" "$@" 2>&1 | tee "$log" || status=$?
  # A driver without a usable device: GoogleTest passes what it skips.
  if ((status == 0)) && grep -q '^\[  SKIPPED \]' "$log"; then status=77; fi
  if ((status == 0)); then
    summary+="$name: passed, $((SECONDS - start)) s"$'\n'
  else
    summary+="$name: FAILED (exit $status), $((SECONDS - start)) s, see $log"$'\n'
    failed=1
  fi
}

for s in "${steps[@]}"; do
  case $s in
    tests)
      timed "device tests" "$device_test" --gtest_filter='*Devices.*'
      # There are none for AMD's GPUs yet.
      if [[ $vendor == cuda ]]; then
        timed "library tests" "$build/tests/bench/baselines/gpu_baselines_test" \
          --gtest_filter='*.AreRightOnEveryDevice'
      fi
      ;;
    sanitizer)
      if [[ $vendor != cuda ]]; then
        summary+="sanitizer: skipped, compute-sanitizer is NVIDIA's"$'\n'
        continue
      fi
      sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null || true)
      if [[ -z $sanitizer ]]; then
        summary+="sanitizer: skipped, compute-sanitizer not found on PATH or in /usr/local/cuda/bin"$'\n'
        continue
      fi
      for tool in memcheck racecheck initcheck; do
        timed "$tool" "$sanitizer" --tool "$tool" --error-exitcode 1 "$device_test" \
          --gtest_filter='*Devices.SmallShapes'
      done
      ;;
    bench) timed "moat run" "$build/bin/moat" run "${bench_args[@]}" ;;
  esac
done

printf '\n%s' "$summary" >&2
exit "$failed"
