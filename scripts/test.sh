#!/usr/bin/env bash
# Installs what is missing, builds everything and runs all tests. The last line is CTest's summary.
set -euo pipefail
# shellcheck source=scripts/build.sh
source "$(dirname "${BASH_SOURCE[0]}")/build.sh"

usage() {
  cat <<EOF
usage: scripts/test.sh [--no-install] [--gpu-sdks] [--report] [options of ctest]

Installs what is missing (apt), builds everything for this machine and runs all tests.

  --no-install    never install; list what is missing and stop (exit 3)
  --gpu-sdks      also install what builds the HIP backend without an AMD GPU
  --report        also install what draws and tests the charts of moat report (npm, Chromium)
  -h, --help      this text

examples:
  scripts/test.sh                 all tests
  scripts/test.sh -R Sampler      those whose name matches
EOF
}

args=()
while (($#)); do
  case $1 in
    --no-install | --report) setup_args+=("$1") ;;
    --gpu-sdks)
      setup_args+=("$1")
      # What was asked for must be built: AUTO would skip it in silence where a package is lacking.
      cmake_options+=(-DMOAT_HIP=ON)
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) args+=("$1") ;;
  esac
  shift
done

install_missing
build all
cd "$build"
exec ctest --output-on-failure --parallel "$(nproc)" "${args[@]}"
