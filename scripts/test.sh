#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds everything and runs all tests. The last line is CTest's summary.
set -euo pipefail
# shellcheck source=scripts/build.sh
source "$(dirname "${BASH_SOURCE[0]}")/build.sh"

usage() {
  cat <<EOF
usage: scripts/test.sh [--no-install] [--configure-only] [--gpu-sdks] [--report]
                       [options of ctest]

Installs what is missing (apt), builds everything, the CUDA and HIP backends wherever their SDKs are
installed, and runs all tests. A build folder of scripts/bench.sh is completed.

  --no-install      never install; list what is missing and stop (exit 3)
  --configure-only  stop when the build folder is configured
  --gpu-sdks        also install what builds the HIP backend without an AMD GPU
  --report          also install what draws and tests the charts of moat report (npm, Chromium)
  -h, --help        this text

Environment: MOAT_BUILD_DIR, MOAT_CMAKE_ARGS as for scripts/bench.sh.

examples:
  scripts/test.sh                 all tests
  scripts/test.sh -R Sampler      those whose name matches
EOF
}

args=()
hip=
setup_args+=(--tests)
while (($#)); do
  case $1 in
    --configure-only) configure_only=1 ;;
    --no-install | --report) setup_args+=("$1") ;;
    --gpu-sdks)
      setup_args+=("$1")
      # What was asked for must be built: AUTO would skip it in silence where a package is lacking.
      hip=ON
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) args+=("$1") ;;
  esac
  shift
done

cmake_options+=(-DMOAT_TESTS=ON)
# What bench.sh left out because no GPU is seen; another choice in the build folder stays.
for backend in CUDA HIP; do
  case $(cached MOAT_$backend) in
    '' | SEEN) cmake_options+=("-DMOAT_$backend=AUTO") ;;
  esac
done
if [[ -n $hip ]]; then cmake_options+=("-DMOAT_HIP=$hip"); fi
install_missing
build all
cd "$build"
exec ctest --output-on-failure --parallel "$(nproc)" "${args[@]}"
