#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: bundle_test.sh BUNDLE: what the archive holds, and what is said when it cannot be made.
# That it builds without a network is shown by hand: it takes minutes.
set -euo pipefail
bundle=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
fail() {
  echo "FAILED: $1" >&2
  failures=1
}

"$bundle" --help | grep -q '^usage: scripts/bundle.sh' || fail "--help"
status=0
"$bundle" one two 2>"$work/err" || status=$?
((status == 2)) || fail "two files: exit $status"
grep -q -- --help "$work/err" || fail "two files: no mend named"

# A machine without apt: only what the script itself needs is on its path.
mkdir "$work/bin"
for tool in bash dirname git; do ln -s "$(command -v "$tool")" "$work/bin/$tool"; done
status=0
PATH=$work/bin bash "$bundle" "$work/never.tar.gz" 2>"$work/err" || status=$?
((status == 3)) || fail "no apt: exit $status"
grep -q 'apt-get is not here' "$work/err" || fail "no apt: $(cat "$work/err")"
# One without xz, in which most of Debian's sources are packed.
printf '#!/bin/sh\n' >"$work/bin/apt-get"
chmod +x "$work/bin/apt-get"
status=0
PATH=$work/bin bash "$bundle" "$work/never.tar.gz" 2>"$work/err" || status=$?
((status == 3)) || fail "no xz: exit $status"
grep -q 'xz is not here: apt-get install xz-utils' "$work/err" || fail "no xz: $(cat "$work/err")"
ln -s "$(command -v bash)" "$work/bin/xz"
status=0
PATH=$work/bin bash "$bundle" "$work/never.tar.gz" 2>"$work/err" || status=$?
((status == 3)) || fail "no bzip2: exit $status"
grep -q 'bzip2 is not here: apt-get install bzip2' "$work/err" || fail "no bzip2: $(cat "$work/err")"

if ! git -C "$(dirname "$bundle")" rev-parse HEAD >/dev/null 2>&1; then
  echo "skipped: not a git repository" >&2
  exit 77
fi
status=0
"$bundle" "$work/a.tar.gz" 2>"$work/err" || status=$?
if ((status == 3)) || { ((status == 1)) && grep -q 'could not be fetched' "$work/err"; }; then
  ((failures == 0)) || exit 1
  echo "skipped: $(tail -1 "$work/err")" >&2
  exit 77
fi
((status == 0)) || fail "packing: exit $status: $(cat "$work/err")"
tar tzf "$work/a.tar.gz" >"$work/list"
for part in CMakeLists.txt kernels/gemm.hpp scripts/gpu.sh deps/VERSIONS deps/fmtlib/CMakeLists.txt \
  deps/nlohmann-json3/CMakeLists.txt deps/cli11/CMakeLists.txt deps/pugixml/CMakeLists.txt deps/benchmark/CMakeLists.txt \
  deps/googletest/CMakeLists.txt deps/highway/CMakeLists.txt deps/libgit2/CMakeLists.txt \
  deps/zlib/CMakeLists.txt deps/http-parser/CMakeLists.txt deps/boost/boost/math/distributions/binomial.hpp \
  deps/boost/boost/math/distributions/students_t.hpp; do
  grep -q "^moat-[0-9a-f]*/$part$" "$work/list" || fail "the archive lacks $part"
done
[[ ! -e $work/a.tar.gz.part ]] || fail "a partial file is left"

((failures == 0)) && echo "all checks passed"
exit $failures
