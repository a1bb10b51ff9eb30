#!/usr/bin/env bash
# Installs what is missing, builds, runs the quick suite on the CPU and on every GPU found, prints
# the table and writes the record under results/<device>/.
set -euo pipefail
# shellcheck source=scripts/build.sh
source "$(dirname "${BASH_SOURCE[0]}")/build.sh"

usage() {
  cat <<EOF
usage: scripts/bench.sh [--no-install] [options of moat run]

Installs what is missing (apt), builds for this machine and runs 'moat run'.

  --no-install    never install; list what is missing and stop (exit 3)
  -h, --help      this text; 'build/bin/moat run --help' shows the options of the run itself

Environment: MOAT_BUILD_DIR (build folder, default: build), MOAT_CMAKE_ARGS (options for CMake,
such as -DMOAT_CUDA=OFF).

examples:
  scripts/bench.sh                                    the quick suite, about one minute
  scripts/bench.sh --suite llama3-8b                  the shapes of a model
  scripts/bench.sh --case gemm/bf16/m300n500k700      one shape of your own
EOF
}

args=()
while (($#)); do
  case $1 in
    --no-install) setup_args+=(--no-install) ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) args+=("$1") ;;
  esac
  shift
done

install_missing
build moat
exec "$build/bin/moat" run "${args[@]}"
