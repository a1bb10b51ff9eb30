# SPDX-License-Identifier: Apache-2.0
# Threads, limits and signals that the surroundings set.
# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2317
. "$(dirname "$0")/common.sh"

field() { sed -n "s/^ *\"$2\": \([0-9]*\),*$/\1/p" "$1" | head -1; }
processors=$(nproc)

for value in 100000 32768 4097 abc 0 -1 1.5 "2," ",2" 99999999999999999999; do
  OMP_NUM_THREADS=$value ends 2 short --out r.json > /dev/null
  says "OMP_NUM_THREADS=$value"
done
OMP_NUM_THREADS=4096 ends 0 short --out r.json > /dev/null
says "note: OMP_NUM_THREADS=4096: this process may run on"
[[ $(field r.json threads) == "$processors" ]] || fail "OMP_NUM_THREADS=4096"
for value in 1 "1,7" " 1 , 2"; do
  OMP_NUM_THREADS=$value ends 0 short --out r.json > /dev/null
  [[ $(field r.json threads) == 1 && $(field r.json compute_units) == 1 ]] || fail "\"$value\" is 1"
done
# The option is the last word, however odd the environment.
OMP_NUM_THREADS=100000 ends 0 short --threads 1 --out r.json > /dev/null
[[ $(field r.json threads) == 1 ]] || fail "--threads 1"
OMP_NUM_THREADS=abc ends 0 "$MOAT" list > /dev/null
ends 2 short --threads $((processors + 1)) --out r.json > /dev/null
says "--threads $((processors + 1)): this process may run on $processors processor"
ends 2 taskset -c 0 "$QUICK" run --threads 2 --case sum/f32/n1000 --out r.json > /dev/null
says "1 processor"

# Ceilings keep to the limit as well.
OMP_THREAD_LIMIT=1 ends 0 "$MOAT" run --case sum/f32/n1000 --no-baselines --budget 0.01 --out r.json > /dev/null
[[ $(field r.json threads) == 1 && $(field r.json compute_units) == 1 ]] || fail "OMP_THREAD_LIMIT=1"
if [[ $processors -gt 1 ]]; then
  OMP_THREAD_LIMIT=1 ends 2 short --threads 2 --out r.json > /dev/null
  says "OMP_THREAD_LIMIT allows 1"
fi
for setting in OMP_DYNAMIC=true OMP_MAX_ACTIVE_LEVELS=0 OMP_NESTED=true; do
  ends 0 env "$setting" "$QUICK" run --case sum/f32/n1000 --no-baselines --budget 0.01 --out r.json > /dev/null
  [[ $(field r.json threads) == "$processors" ]] || fail "$setting"
done

# Limits on what the process may have.
if [[ $processors -gt 1 ]]; then
  OMP_STACKSIZE=100000G ends 5 short --out r.json > /dev/null
  says "the system lets this process start 0 of"
  if [[ $EUID == 0 ]] && setpriv --reuid 65534 --clear-groups test -x "$QUICK" 2> /dev/null; then
    ends 5 setpriv --reuid 65534 --clear-groups bash -c \
      "ulimit -u 1; exec '$QUICK' run --case sum/f32/n1000 --no-baselines --out /tmp/r.json" > /dev/null
    says "ulimit -u"
  else
    echo "SKIPPED: ulimit -u, which root does not have, because no other user can be tried"
  fi
fi
# What ceilings need does not fit.
(ulimit -v 275000 && ends 5 "$MOAT" run --case sum/f32/n1000 --no-baselines --out r.json > /dev/null && says "memory" && exit "$failures") ||
  fail "ulimit -v 275000"

# Control groups, for real.
group=
cgroup() {
  local folder=/sys/fs/cgroup/$1/moat-test-$$ file=$2 value=$3
  # Where version 2 is not mounted there are no files of groups.
  [[ $EUID == 0 && -e /sys/fs/cgroup/$1/cgroup.procs ]] && mkdir "$folder" 2> /dev/null || return 1
  group=$folder
  { echo "$value" > "$folder/$file"; } 2> /dev/null
}
inside() (
  echo "$BASHPID" > "$group/cgroup.procs" && exec "$@"
)
for layout in "memory memory.limit_in_bytes" ". memory.max"; do
  read -r hierarchy file <<< "$layout"
  if cgroup "$hierarchy" "$file" 400M; then
    ends 0 inside "$MOAT" run --case sum/f32/n16777216 --budget 0.1 --out r.json > /dev/null
    [[ $(field r.json rotation_sets) -le 2 ]] || fail "$file: $(field r.json rotation_sets) sets"
    # The first is the host's, the second the device's.
    [[ $(grep -c '"memory_bytes": 419430400' r.json) == 1 ]] || fail "$file: memory_bytes"
    # One set of operands would fit, its originals beside it would not.
    ends 2 inside "$QUICK" run --case sum/f32/n30000000 --no-baselines --out r.json > /dev/null
    says "needs"
  else
    echo "SKIPPED: $file, because such a group cannot be made here"
  fi
  [[ -z $group ]] || rmdir "$group"
  group=
done
for layout in "cpu cpu.cfs_quota_us 150000" ". cpu.max 150000"; do
  read -r hierarchy file value <<< "$layout"
  if cgroup "$hierarchy" "$file" "$value"; then
    ends 0 inside "$QUICK" run --case sum/f32/n1000 --no-baselines --budget 0.01 --out r.json > /dev/null
    grep -q '"cpu_quota": 1.5,' r.json || fail "$file: cpu_quota"
    [[ $(field r.json threads) == 1 ]] || fail "$file: threads"
  else
    echo "SKIPPED: $file, because such a group cannot be made here"
  fi
  [[ -z $group ]] || rmdir "$group"
  group=
done
if [[ $processors -gt 1 ]]; then
  if cgroup pids pids.max 1; then
    ends 5 inside "$QUICK" run --case sum/f32/n1000 --out r.json > /dev/null
    says "pids.max"
  else
    echo "SKIPPED: pids.max, because such a group cannot be made here"
  fi
  [[ -z $group ]] || rmdir "$group"
fi

# A terminal that is closed sends several; nohup keeps the run.
for signals in "HUP" "HUP HUP" "TERM" "HUP TERM"; do
  rm -f r.json progress
  "$QUICK" run --progress --case sum/f32/n1000 --case gemm/f32/m1024n1024k1024 --budget 30 \
    --no-baselines --out r.json > /dev/null 2> progress &
  until grep -qs "/3\] gemm" progress || ! kill -0 $!; do sleep 0.1; done
  for signal in $signals; do kill -"$signal" $!; done
  wait $!
  status=$?
  [[ $status == 130 ]] || fail "$signals: exit $status"
  [[ $signals == "HUP TERM" ]] || grep -q '"interrupted": true' r.json || fail "$signals: no record"
done
rm -f progress
(trap '' HUP && exec "$QUICK" run --progress --case sum/f32/n1000 --case sum/f32/n2000 --budget 2 \
  --no-baselines --out r.json > /dev/null 2> progress) &
until grep -qs "/3\] sum" progress || ! kill -0 $!; do sleep 0.1; done
kill -HUP $!
wait $!
grep -q '"interrupted": false' r.json || fail "SIGHUP that was ignored"
finish
