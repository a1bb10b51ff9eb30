#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/readme.sh in a repository of its own, with a run that is there already: usage: readme_test.sh
# SCRIPT MOAT
set -euo pipefail
# shellcheck source=tests/scripts/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
source=$(cd "$(dirname "$1")/.." && pwd)
moat=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$work"
mkdir -p scripts results/porting results/this-device
cp "$source/scripts/readme.sh" scripts/
cp "$source/results/porting/porting.json" results/porting/
record=$(cd "$source" && sed -n 's|.*(\[record\](\(results/[^)]*\.json\))).*|\1|p' README.md)
cp "$source/$record" run.json
sed 's/"started": "20[0-9-]*T/"started": "2026-01-31T/' run.json >results/this-device/old.json
for part in figure table porting; do
  printf '<!-- moat:%s:begin -->\n<!-- moat:%s:end -->\n' $part $part
done >README.md
# Leaves the record that is there already.
cat >scripts/bench.sh <<EOF
#!/bin/sh
mkdir -p results/this-device && cp "$work/run.json" results/this-device/new.json
EOF
chmod +x scripts/*.sh
git init -q
git add README.md scripts results
git -c user.name=a -c user.email=b commit -qm first
run() { scripts/readme.sh --moat "$moat" "$@"; }

expect 0 "usage: scripts/readme.sh" run --help
expect 2 "unknown option --no-such-option" run --no-such-option
expect 2 "--max-spread needs a value" run --max-spread
expect 1 "README.md links no record" run --check

printf 'changed\n' >>scripts/bench.sh
expect 1 "changes that are not committed" run --max-spread 1000
git checkout -q scripts/bench.sh

# What is refused changes nothing.
expect 1 "has a spread of" run --max-spread 0.001
expect 0 "" git diff --quiet
[[ ! -e results/this-device/new.json && -e results/this-device/old.json ]]

# What is not becomes the only record of its device.
expect 0 "are written" run --max-spread 1000
[[ -e results/this-device/new.json && ! -e results/this-device/old.json ]]
grep -q '^<svg' results/this-device/speed.svg
grep -qF '([record](results/this-device/new.json))' README.md
expect 0 "README.md is what results/this-device/new.json gives" run --check
sed -i 's/^| cpu |/| CPU |/' README.md
expect 1 "README.md is not what" run --check
expect 0 "" run --max-spread 1000 results/this-device/new.json
expect 0 "" run --check
