# SPDX-License-Identifier: Apache-2.0
# Standard streams that are full, closed or given up, and a full disk.
# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2317
. "$(dirname "$0")/common.sh"

ends 0 "$MOAT" run --case sum/f32/n1000 --no-baselines --budget 0.01 --out same.json > /dev/null
printf 'int x;\n' > a.cu
while read -r -a command; do
  "$QUICK" "${command[@]}" > /dev/full 2> said
  [[ $? == 4 ]] || fail "${command[*]} > /dev/full"
  [[ $(grep -c "standard output could not be written" said) == 1 ]] || fail "${command[*]}: $(cat said)"
  "$QUICK" "${command[@]}" >&- 2> said
  [[ $? == 4 ]] || fail "${command[*]} >&-"
done << END
--help
--version
run --help
list
list --json
port
port --csv
port --json
port --details gemm
port scan a.cu
port diff a.cu a.cu --json
port --help
compare same.json same.json
compare same.json same.json --format json
compare same.json same.json --format junit
compare --across same.json --baseline cpu
compare --help
report --help
codegen --help
run --case sum/f32/n1000 --no-baselines --budget 0.01 --out r.json
run --case sum/f32/n1000 --no-baselines --budget 0.01 --out r.json --format csv
run --case sum/f32/n1000 --no-baselines --budget 0.01 --out r.json --format markdown
run --case sum/f32/n1000 --no-baselines --budget 0.01 --out r.json --benchmark_format=json
run --case sum/f32/n1000 --no-baselines --budget 0.01 --out r.json --benchmark_list_tests
END
[[ -s r.json ]] || fail "the record is written though the table is lost"

# Standard error: messages vanish, results and exit codes do not.
rm r.json
short --out r.json > /dev/null 2>&-
[[ $? == 0 && -s r.json ]] || fail "run 2>&-"
"$MOAT" compare no such 2>&-
[[ $? == 5 ]] || fail "compare 2>&-"
"$MOAT" compare no such 2> /dev/full
[[ $? == 5 ]] || fail "compare 2> /dev/full"
"$MOAT" frobnicate 2> /dev/full
[[ $? == 2 ]] || fail "usage 2> /dev/full"
# All three closed: no file of the program takes their place.
rm r.json
short --out r.json <&- >&- 2>&-
[[ $? == 4 && $(head -c 1 r.json) == "{" ]] || fail "all streams closed"
"$MOAT" report r.json > /dev/null 2>&1 || fail "the record of a run with closed streams"

# A reader that has seen enough: no words, the code for lost output.
# It has gone before anything is written, because a short text would fit the pipe.
without_reader() {
  { sleep 0.5; code=0; "$@" 2> said || code=$?; echo "$code" > code; } | true
}
without_reader "$MOAT" port --json
[[ $(cat code) == 4 && ! -s said ]] || fail "port | true: $(cat code said)"
without_reader "$MOAT" report --out - r.json
[[ $(cat code) == 4 ]] || fail "report --out - | true: $(cat code said)"
# What it says of its build is no error.
if grep -v "charts" said; then fail "report --out - | true"; fi

# A file that may not grow. The limit is a subshell's, which tells its own failures.
for picture in "" --svg; do
  mkdir limited
  # shellcheck disable=SC2086
  (failures=0 && ulimit -f 1 && ends 4 "$MOAT" report $picture same.json -o limited/out && exit "$failures") || fail "ulimit -f: report $picture"
  says "limited/out: cannot be written: File too large"
  [[ $(ls -A limited) == "" ]] || fail "left by ulimit -f: $(ls -A limited)"
  rmdir limited
done
(failures=0 && ulimit -f 1 && ends 4 "$MOAT" report --svg same.json > limited && exit "$failures") || fail "ulimit -f: stdout"
says "standard output could not be written: File too large"

# A full disk.
if [[ $EUID == 0 ]] && mkdir full && mount -t tmpfs -o size=200k moat full 2> /dev/null; then
  trap 'cd /; umount "$folder/full"; rm -rf "$folder"' EXIT
  head -c 200k /dev/zero > full/zeros
  ends 4 short --out r.json --benchmark_out=full/b.json > /dev/null
  says "full/b.json: cannot be written: No space left on device"
  ends 4 short --out r.json --export gbench full/b.json > /dev/null
  ends 4 env TMPDIR="$folder" "$QUICK" run --case sum/f32/n1000 --no-baselines --samples 3 \
    --budget 0.01 --out full/r.json --benchmark_out=b.json > /dev/null
  says "the record is in $folder/moat-record.json instead"
  "$MOAT" report --table moat-record.json > /dev/null || fail "the record that was kept elsewhere"
  [[ -s b.json ]] || fail "the other output is kept"
  ends 4 "$MOAT" compare same.json same.json --out full/c
  ends 4 "$MOAT" report same.json -o full/r.html
  [[ $(ls -A full) == zeros ]] || fail "left on the full disk: $(ls -A full)"
  # A file of two names is overwritten where it stands.
  rm full/zeros
  echo old > full/one
  ln full/one full/two
  head -c 300k /dev/zero > full/zeros 2> /dev/null || true
  ends 4 "$MOAT" report same.json -o full/one
  [[ $(cat full/two) == old ]] || fail "the old text is lost on a full disk"
else
  echo "SKIPPED: a full disk, because this user cannot mount one"
fi
finish
