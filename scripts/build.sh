# SPDX-License-Identifier: Apache-2.0
# Sourced by bench.sh, test.sh, gpu.sh and cpu_table.sh: installs what is missing, configures and builds.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${MOAT_BUILD_DIR:-$root/build}
setup_args=()
cmake_options=()
# 1: stop when the build folder is configured.
configure_only=0

# Options of moat run; tests/scripts/run_options_test.sh holds them against its help.
run_options=(help suite case model tp tokens context quant cases kernel dtype filter backend device no-baselines seed
  threads cpu budget samples min-samples hot tuned ab plugin plugin-timeout command out resume progress format export)

# require_run_options SCRIPT ARGUMENT...: exit 2 at an option that moat run does not have, minutes before it could
# say so itself.
require_run_options() {
  local script=$1 argument option known
  shift
  for argument; do
    [[ $argument == --?* && $argument != --benchmark_* ]] || continue
    option=${argument#--}
    for known in "${run_options[@]}"; do
      [[ ${option%%=*} == "$known" ]] && continue 2
    done
    echo "$script: unknown argument $argument; beside its own (--help) it takes those of moat run:" \
      "${run_options[@]/#/--}" >&2
    exit 2
  done
}

# prefer_ninja: CMake's own default is make, which is not installed where ninja is. A folder that has
# been configured keeps what it has. Asked after the installation, which may bring ninja.
prefer_ninja() {
  if [[ -z ${CMAKE_GENERATOR:-} ]] && command -v ninja >/dev/null; then export CMAKE_GENERATOR=Ninja; fi
}

# cached NAME: its value in the cache of the build folder; nothing before the first configuration.
cached() { sed -n "s/^$1:[^=]*=//p" "$build/CMakeCache.txt" 2>/dev/null || true; }

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
# An archive of bundle.sh brings what is missing and builds it, once.
install_missing() {
  if [[ -d $root/deps ]]; then
    build_deps
    return
  fi
  "${MOAT_SETUP:-$root/scripts/setup.sh}" "${setup_args[@]}" >&2 || exit $?
}

# install_dep NAME OPTION...: one of the sources under deps/, through CMake.
install_dep() {
  local source=$root/deps/$1 folder=$build/deps/$1 prefix=$build/deps/prefix
  shift
  # Some ask for a minimum version that CMake 4 refuses.
  cmake -S "$source" -B "$folder" -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$prefix" \
    -DCMAKE_POLICY_VERSION_MINIMUM=3.5 -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DBUILD_SHARED_LIBS=OFF -DBUILD_TESTING=OFF "$@" &&
    cmake --build "$folder" --parallel "$(nproc)" &&
    cmake --install "$folder"
}

# build_deps: compiles the sources under deps/, once, where CMake then finds them.
build_deps() {
  local name flags
  prefer_ninja
  mkdir -p "$build/deps"
  log=$build/deps/build.log
  : >"$log"
  # zlib and http-parser first: libgit2 is linked with them.
  for name in zlib http-parser boost fmtlib nlohmann-json3 cli11 pugixml benchmark googletest highway libgit2; do
    [[ -e $build/deps/$name.done ]] && continue
    flags=()
    case $name in
      fmtlib) flags=(-DFMT_TEST=OFF -DFMT_DOC=OFF) ;;
      nlohmann-json3) flags=(-DJSON_BuildTests=OFF) ;;
      cli11) flags=(-DCLI11_BUILD_TESTS=OFF -DCLI11_BUILD_EXAMPLES=OFF -DCLI11_BUILD_DOCS=OFF) ;;
      benchmark) flags=(-DBENCHMARK_ENABLE_TESTING=OFF -DBENCHMARK_ENABLE_WERROR=OFF) ;;
      libgit2)
        flags=(-DBUILD_SHARED_LIBS=ON -DBUILD_TESTS=OFF -DBUILD_CLAR=OFF -DBUILD_CLI=OFF -DUSE_SSH=OFF
          -DUSE_HTTPS=OFF -DUSE_NTLMCLIENT=OFF -DREGEX_BACKEND=regcomp -DUSE_HTTP_PARSER=system)
        ;;
    esac
    step "Building $name" install_dep "$name" "${flags[@]}"
    touch "$build/deps/$name.done"
  done
  export CMAKE_PREFIX_PATH=$build/deps/prefix${CMAKE_PREFIX_PATH:+:$CMAKE_PREFIX_PATH}
  # Boost.Context is not among them.
  cmake_options+=(-DMOAT_EMULATOR=OFF)
}

# build TARGET...: configures in Release for this machine and builds the targets.
build() {
  prefer_ninja
  mkdir -p "$build"
  log=$build/build.log
  : >"$log"
  local launcher=()
  if command -v ccache >/dev/null; then
    launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_CUDA_COMPILER_LAUNCHER=ccache)
    # A clone in another folder finds what was compiled in this one.
    export CCACHE_BASEDIR=${CCACHE_BASEDIR-$root} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR-1}
  fi
  # shellcheck disable=SC2086  # several options in one variable
  step "Configuring in ${build#"$PWD"/}" \
    cmake -S "$root" -B "$build" "${launcher[@]}" \
    -DCMAKE_BUILD_TYPE=Release "${cmake_options[@]}" ${MOAT_CMAKE_ARGS:-}
  if ((configure_only)); then exit 0; fi
  step "Building $* (a few minutes the first time)" \
    cmake --build "$build" --parallel "$(nproc)" --target "$@"
}
