# SPDX-License-Identifier: Apache-2.0
# Where results may go: devices, FIFOs, links, modes, names that are taken.
# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2317,SC2015,SC2094
. "$(dirname "$0")/common.sh"

ends 0 short --out same.json > /dev/null
mode() { stat -c %a "$1"; }

# A FIFO that nobody reads is no reason to wait for ever; what becomes of it is seen below.
mkfifo lonely
{
  code=0
  "$MOAT" compare same.json same.json --out lonely 2> said.lonely || code=$?
  echo "$code" > code.lonely
} &

# Every kind of target, of each writer.
compare() { "$MOAT" compare same.json same.json --out "$1"; }
report() { "$MOAT" report same.json -o "$1"; }
csv() { "$MOAT" report same.json -o page.html --csv "$1"; }
scan() { "$MOAT" port scan source.cu --out "$1"; }
printf 'int x;\n' > source.cu
targets() {
  rm -rf t && mkdir t && mkfifo t/fifo
  echo "what stood here before" > t/real.json && chmod 600 t/real.json && ln -s real.json t/link.json
  ln -s made.json t/dangling.json
}
linked() {
  [[ -L t/link.json && $(mode t/real.json) == 600 ]] || fail "$1: link or mode"
  ! grep -q "what stood here before" t/real.json || fail "$1: nothing came through the link"
}
for writer in compare report csv scan; do
  targets
  cat t/fifo > t/read &
  ends 0 "$writer" t/fifo
  wait $!
  [[ -p t/fifo && -s t/read ]] || fail "$writer: the FIFO, or what was read from it"
  ends 0 "$writer" t/link.json
  linked "$writer"
  ends 0 "$writer" t/dangling.json
  [[ -L t/dangling.json && -s t/made.json ]] || fail "$writer: the target of a dangling link"
  ends 4 "$writer" /dev/full
  says "/dev/full: cannot be written: No space left on device"
  [[ -c /dev/full ]] || fail "$writer: /dev/full is gone"
  ends 0 "$writer" /dev/null
  [[ -c /dev/null ]] || fail "$writer: /dev/null is gone"
  "$writer" /dev/fd/7 7> t/seven 2> said || fail "$writer: /dev/fd/7"
  [[ -s t/seven ]] || fail "$writer: nothing in /dev/fd/7"
  # A redirected file is written where it stands, not replaced.
  { echo first; "$writer" /dev/stdout; } > t/out 2> said || fail "$writer: /dev/stdout"
  [[ $(head -1 t/out) == first && $(wc -l < t/out) -gt 1 ]] || fail "$writer: /dev/stdout"
  [[ $(find t -name '.moat*') == "" ]] || fail "$writer: a temporary file is left"
done
# The three of a run at once, and in turn.
targets
cat t/fifo > t/read &
ends 0 short --out t/fifo --export gbench t/link.json --benchmark_out=t/dangling.json > table
wait $!
linked "--export gbench"
[[ -p t/fifo && -L t/dangling.json && -s t/read && -s t/made.json && -s table ]] || fail "run, FIFO"
targets
cat t/fifo > t/read &
ends 0 short --out t/link.json --export gbench t/dangling.json --benchmark_out=t/fifo > table
wait $!
linked "run --out"
[[ -p t/fifo && -L t/dangling.json && -s t/read && -s t/made.json && -s table ]] || fail "run, links"
ends 0 short --out /dev/null --export gbench /dev/null --benchmark_out=/dev/null > table
ends 4 short --out /dev/full > table
[[ -c /dev/null && -c /dev/full && -s table ]] || fail "run, devices"
short --out - > out.json 2> said || fail "run --out -"
says "cpu/moat"
ends 0 "$MOAT" compare out.json same.json > table
"$MOAT" compare same.json same.json --out - > out || fail "--out -"
[[ -s out && ! -e ./- ]] || fail "--out - is standard output"

# What may not be written.
ends 4 short --out /proc/moat/x.json > /dev/null
ends 4 compare same.json/x
says "same.json/x"
ends 4 compare .
says "Is a directory"
mkdir closed && echo old > closed/file && echo old > shut && chmod 444 shut closed/file && chmod 555 closed
if [[ $EUID == 0 ]] && command -v setpriv > /dev/null && setpriv --reuid 65534 --clear-groups test -x "$MOAT"; then
  as() { setpriv --reuid 65534 --clear-groups "$@"; }
elif [[ $EUID != 0 ]]; then
  as() { "$@"; }
else
  as() { return 4; }
  echo "SKIPPED: read-only files, because root may write everything and no other user can be tried"
  touch said
fi
chmod 644 same.json
for path in shut closed/file closed/other; do
  ends 4 as "$MOAT" compare same.json same.json --out "$path"
  [[ ! -s said ]] || says "$path"
done
[[ $(cat shut) == old && ! -e closed/other ]] || fail "a read-only file was replaced"

# New files have the mode that the user wants, existing ones keep theirs and their owner.
(umask 027 && "$MOAT" compare same.json same.json --out masked)
[[ $(mode masked) == 640 ]] || fail "umask"
if [[ $EUID == 0 ]]; then
  echo x > owned && chown 65534:65534 owned && compare owned
  [[ $(stat -c %u:%g owned) == 65534:65534 ]] || fail "the owner changed"
fi

# One name for two results.
ends 2 short --out one.json --export gbench one.json > /dev/null
says "--out and --export gbench are both one.json"
ends 2 short --out one.json --benchmark_out=./one.json > /dev/null
ends 2 "$MOAT" report same.json -o x --csv ./x
says "--out and --csv are both"
ends 2 "$MOAT" compare same.json same.json --out same.json
says "same.json is one of the records"
[[ ! -e one.json && ! -e x ]] || fail "an output of a usage error was made"

# One file for two results, under other names.
one_file() { ends 2 "$@" && says "are both" && [[ ! -s f.json ]] || fail "one file twice: $*"; }
one_file short --out - --export gbench f.json > f.json
one_file short --out - --benchmark_out=f.json > f.json
one_file short --out f.json --export gbench /dev/fd/3 3> f.json
one_file short --out /dev/fd/3 --benchmark_out=/dev/fd/4 3> f.json 4>&3
one_file short --out /dev/fd/3 --benchmark_out=/dev/fd/4 3> f.json 4>> f.json
ln f.json hard.json
one_file short --out f.json --export gbench hard.json > table
rm hard.json
one_file "$MOAT" report same.json -o - --csv f.json > f.json
mkfifo both
one_file short --out both --export gbench both
one_file short --out - --export gbench both 1<> both
printed=$(short --out - --export gbench /dev/fd/3 3>&1 2> said)
[[ $printed == "" ]] || fail "a pipe twice: $printed"
says "are both"
ends 2 "$MOAT" compare same.json same.json --out - >> same.json
says "is one of the records"
# The table keeps out of what the record has for itself.
for record in /dev/fd/3 f.json; do
  short --out "$record" 3> f.json 1>&3 2> said || fail "--out $record > f.json"
  says "cpu/moat"
  ends 0 "$MOAT" compare f.json same.json > table
done
short --out /dev/fd/3 3>&1 2> said | cat > f.json
says "cpu/moat"
ends 0 "$MOAT" compare f.json same.json > table

# All names of a file keep one text.
echo old > first.json && ln first.json second.json && chmod 640 first.json
ends 0 short --out first.json > table
[[ first.json -ef second.json && $(mode second.json) == 640 ]] || fail "a hard link is lost"
ends 0 "$MOAT" compare second.json same.json > table

# Runs that begin in one second.
for kernel in sum max argmax; do
  "$QUICK" run --case $kernel/f32/n1000 --no-baselines --samples 3 --budget 0.01 --out two \
    > /dev/null 2> said.$kernel &
done
wait  # for the FIFO as well
[[ $(find two -name '*.json' | wc -l) == 3 ]] || fail "two records have one name: $(ls two)"
for kernel in sum max argmax; do
  grep -q "$kernel/f32" "$(sed -n 's/^record: //p' said.$kernel)" || fail "$kernel: another's name"
done

[[ $(cat code.lonely) == 4 ]] || fail "a FIFO without a reader: exit $(cat code.lonely)"
grep -qF "lonely: nothing read from this FIFO" said.lonely || fail "$(cat said.lonely)"

# Nothing is left of a run that was killed before it had a result.
"$QUICK" run --progress --case gemm/f32/m512n512k512 --budget 20 --out killed.json > /dev/null 2> progress &
until grep -qs "/2\] gemm" progress || ! kill -0 $!; do sleep 0.1; done
kill -KILL $!
wait $! 2> /dev/null
grep -q "/2\] gemm" progress || fail "the run ended before it was killed: $(cat progress)"
[[ ! -e killed.json && $(find . -name '.moat*') == "" ]] || fail "a killed run left a file"
finish
