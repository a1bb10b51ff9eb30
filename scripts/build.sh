# Sourced by bench.sh and test.sh: installs what is missing, configures and builds.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${MOAT_BUILD_DIR:-$root/build}
setup_args=()

# step TEXT COMMAND...: runs the command with its output in the log; shows the log's end if it fails.
step() {
  local text=$1 start=$SECONDS status=0
  shift
  printf '%s ... ' "$text" >&2
  "$@" >>"$log" 2>&1 || status=$?
  if ((status != 0)); then
    printf 'failed (exit %d)\n\n' "$status" >&2
    tail -n 40 "$log" >&2
    printf '\nThe whole log: %s\n' "$log" >&2
    exit "$status"
  fi
  printf '%d s\n' $((SECONDS - start)) >&2
}

# install_missing: setup.sh asks and reports on the terminal, so its output is not hidden in the log.
# MOAT_SETUP stands in for it in tests.
install_missing() {
  "${MOAT_SETUP:-$root/scripts/setup.sh}" "${setup_args[@]}" >&2 || exit $?
}

# build TARGET...: configures in Release for this machine and builds the targets.
build() {
  mkdir -p "$build"
  log=$build/build.log
  : >"$log"
  local generator=()
  if [[ ! -e $build/CMakeCache.txt ]] && command -v ninja >/dev/null; then generator=(-G Ninja); fi
  local launcher=()
  if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
  # shellcheck disable=SC2086  # several options in one variable
  step "Configuring in ${build#"$PWD"/}" \
    cmake -S "$root" -B "$build" "${generator[@]}" "${launcher[@]}" \
    -DCMAKE_BUILD_TYPE=Release ${MOAT_CMAKE_ARGS:-}
  step "Building $* (a few minutes the first time)" \
    cmake --build "$build" --parallel "$(nproc)" --target "$@"
}
