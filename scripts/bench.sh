#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds, runs the quick suite on the CPU and on every GPU found, prints
# the table and writes the record under results/<device>/.
set -euo pipefail
# shellcheck source=scripts/build.sh
source "$(dirname "${BASH_SOURCE[0]}")/build.sh"

usage() {
  cat <<EOF
usage: scripts/bench.sh [--no-install] [--configure-only] [options of moat run]

Installs what is missing (apt), builds what this machine can run and runs 'moat run'. The CUDA and
HIP backends are built where such a GPU is seen (scripts/gpu_seen.sh) and its SDK is installed; the
tests are not. A build folder of scripts/test.sh keeps all that it has.

  --no-install      never install; list what is missing and stop (exit 3)
  --configure-only  stop when the build folder is configured
  -h, --help        this text; 'build/bin/moat run --help' shows the options of the run itself

Environment: MOAT_BUILD_DIR (build folder, default: build), MOAT_CMAKE_ARGS (options for CMake,
which come last: -DMOAT_CUDA=ON builds the CUDA backend where no GPU is seen).

examples:
  scripts/bench.sh                                    the quick suite, one to three minutes
  scripts/bench.sh --suite llama3-8b                  the shapes of a model
  scripts/bench.sh --case gemm/bf16/m300n500k700      one shape of your own
EOF
}

args=()
while (($#)); do
  case $1 in
    --no-install) setup_args+=(--no-install) ;;
    --configure-only) configure_only=1 ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) args+=("$1") ;;
  esac
  shift
done
require_run_options scripts/bench.sh "${args[@]}"

if [[ ! -e $build/CMakeCache.txt ]]; then
  cmake_options+=(-DMOAT_TESTS=OFF -DMOAT_CUDA=SEEN -DMOAT_HIP=SEEN)
elif [[ $(cached MOAT_TESTS) == ON ]]; then
  setup_args+=(--tests)
fi
install_missing
build moat
exec "$build/bin/moat" run "${args[@]}"
