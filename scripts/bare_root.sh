#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Shows that scripts/bench.sh and scripts/test.sh work on a machine where nothing is installed: in a
# Debian root of its own, which sees no package of this machine.
set -euo pipefail
# shellcheck source=scripts/build.sh
source "$(dirname "${BASH_SOURCE[0]}")/build.sh"

suite=bookworm
folder=$build/bare-root

usage() {
  cat <<END
usage: scripts/bare_root.sh [--full] [--keep] [--folder FOLDER] [--cpus LIST]

Makes a Debian root ($suite, minbase), clones the commit that is checked out into it, as after a
'git clone' and nothing else, and there

  1. installs what scripts/bench.sh asks for and configures; nothing that only tests need may come
  2. installs what scripts/test.sh asks for and configures
  3. takes every library away: CMake must name each missing package

  --full           builds and runs both scripts to their end instead of 1 and 2, and prints how long
                   each took
  --keep           leave the root in FOLDER/root
  --folder FOLDER  root, log and downloaded packages, which the next run uses again
                   (default: ${folder#"$PWD"/})
  --cpus LIST      keep to these processors, as taskset takes them
  -h, --help       this text

apt's mirror, proxy and certificates are this machine's. Needs root, debootstrap, git and a private
mount namespace (unshare --mount).

exit codes: 0 all of it works; 1 something does not, see the log; 2 bad usage; 3 it cannot be tried
here, for the reason that is printed
END
}

full=0
keep=0
cpus=
arguments=("$@")
while (($#)); do
  case $1 in
    --full) full=1 ;;
    --keep) keep=1 ;;
    --folder | --cpus)
      if (($# < 2)); then
        printf 'bare_root.sh: %s needs a value; see scripts/bare_root.sh --help\n' "$1" >&2
        exit 2
      fi
      if [[ $1 == --folder ]]; then folder=$(realpath -m "$2"); else cpus=$2; fi
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      printf 'bare_root.sh: unknown option %s; see scripts/bare_root.sh --help\n' "$1" >&2
      exit 2
      ;;
  esac
  shift
done
target=$folder/root
packages=$folder/packages
log=$folder/log

cannot() {
  printf 'skipped: %s\n' "$1" >&2
  exit 3
}

# The outer half: what must be here, and the tidying up, where no mount of the inner half is seen.
if [[ -z ${MOAT_BARE_ROOT_INNER:-} ]]; then
  [[ ! -e /etc/moat-bare-root ]] || cannot "this is such a root"
  ((EUID == 0)) || cannot "a root of its own needs root's rights"
  for tool in debootstrap git unshare chroot; do
    command -v "$tool" >/dev/null ||
      cannot "$tool is missing; apt-get install $tool, or scripts/setup.sh --tests"
  done
  unshare --mount --pid --fork true 2>/dev/null || cannot "this machine allows no private mount namespace"
  git -C "$root" rev-parse --quiet --verify HEAD >/dev/null || cannot "$root is no git repository"
  mkdir -p "$packages"
  rm -rf --one-file-system "$target"
  : >"$log"
  status=0
  # The namespace of processes ends what is left running.
  MOAT_BARE_ROOT_INNER=1 unshare --mount --propagation private --pid --fork --kill-child \
    bash "${BASH_SOURCE[0]}" "${arguments[@]}" || status=$?
  if ((!keep)); then rm -rf --one-file-system "$target"; fi
  case $status in
    0 | 1 | 3) exit "$status" ;;
    *) exit 1 ;;
  esac
fi

# apt's mirror of Debian on this machine.
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources \
  2>/dev/null | grep -v '^#' | grep -oE 'https?://[^ ]*/debian/?( |$)' | head -n 1) || true
mirror=${mirror:-http://deb.debian.org/debian}
mirror=${mirror%% *}

make_root() {
  debootstrap --variant=minbase --include=git --cache-dir="$packages" "$suite" "$target" "$mirror"
}
started=$SECONDS
printf 'Making a root of %s ... ' "$mirror" >&2
if ! make_root >>"$log" 2>&1; then
  printf 'failed\n' >&2
  if grep -qE 'Failed getting release file|Couldn.t download' "$log"; then
    cannot "$mirror cannot be reached"
  fi
  # As in a container whose root is none outside.
  if grep -q 'mounted with noexec or nodev' "$log"; then
    cannot "$folder allows no programs or no device files"
  fi
  tail -n 20 "$log" >&2
  exit 1
fi
printf '%d s\n' $((SECONDS - started)) >&2

touch "$target/etc/moat-bare-root"
# How this machine's apt reaches the mirror.
apt-config dump | grep '^Acquire::' | grep -v '^Acquire::IndexTargets' >"$target/etc/apt/apt.conf.d/99host" || true
certificates=/etc/ssl/certs/ca-certificates.crt
if [[ -e $certificates ]]; then
  cp "$certificates" "$target/etc/apt/host-certificates.crt"
  echo 'Acquire::https::CaInfo "/etc/apt/host-certificates.crt";' >>"$target/etc/apt/apt.conf.d/99host"
fi
cp -L /etc/resolv.conf /etc/hosts "$target/etc/"

if ! { mount -t proc proc "$target/proc" && mount --rbind /sys "$target/sys" &&
  mount --rbind /dev "$target/dev" && mount --bind "$packages" "$target/var/cache/apt/archives"; }; then
  cannot "this machine allows no mounts"
fi
git clone --quiet "$root" "$target/root/moat"

inside=(env -i HOME=/root "TERM=${TERM:-dumb}" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
for variable in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
  if [[ -n ${!variable:-} ]]; then inside+=("$variable=${!variable}"); fi
done
if [[ -n $cpus ]]; then inside=(taskset --cpu-list "$cpus" "${inside[@]}"); fi

# in_root COMMAND...: in the clone in the root.
in_root() {
  chroot "$target" "${inside[@]}" bash -c 'cd /root/moat && exec "$@"' bash "$@"
}

# libraries_of PURPOSE: the libraries without which nothing is built for it, one a line.
libraries_of() {
  "$root/scripts/setup.sh" --tests --list | while read -r purpose necessity package programs _; do
    if [[ $purpose == "$1" && $necessity == need && $programs == - ]]; then printf '%s\n' "$package"; fi
  done
}
# installed PACKAGE...: those of them that are in the root.
installed() {
  # shellcheck disable=SC2016  # dpkg's own
  chroot "$target" dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null |
    sed -n 's/^ii *//p' || true
}

# no_tests: the main job has installed nothing that only tests need.
no_tests() {
  local extra
  # shellcheck disable=SC2046  # one package a word
  extra=$(installed $("$root/scripts/setup.sh" --tests --list | awk '$1 == "tests" && $3 != "git" { print $3 }'))
  [[ -z $extra ]] || {
    printf 'bench.sh installed what only tests need: %s\n' "$extra"
    return 1
  }
}

# every_package_is_named: without its libraries, CMake names each of them.
every_package_is_named() {
  local wanted named
  wanted=$({ libraries_of build && libraries_of tests; } | sort)
  # With what came for their sake: libboost-context-dev only points to the release's own package.
  # shellcheck disable=SC2046,SC2086  # one package a word
  in_root apt-get purge -y --auto-remove $(installed $wanted)
  rm -rf "$target/root/named"
  if in_root cmake -S . -B ../named -G Ninja >"$folder/named" 2>&1; then
    cat "$folder/named"
    printf 'CMake configured without %s\n' "$wanted"
    return 1
  fi
  cat "$folder/named"
  named=$(sed -n 's/.*or: apt-get install //p' "$folder/named" | tr ' ' '\n' | sort)
  [[ $named == "$wanted" ]] || {
    printf 'setup.sh installs:\n%s\nCMake names:\n%s\n' "$wanted" "$named"
    return 1
  }
}

# to_the_end SCRIPT: shows all that it prints, and how long it took.
to_the_end() {
  local TIMEFORMAT="$1: %0R s, %0U + %0S s of processor time"
  time in_root "$1" 2>&1 | tee -a "$log" >&2
}

what=--configure-only
# A root that is thrown away need not survive a power cut.
if ((!full)); then echo force-unsafe-io >"$target/etc/dpkg/dpkg.cfg.d/unsafe-io"; fi
if ((full)); then
  # 6: other work on the machine disturbed some times; the job was done to its end.
  to_the_end scripts/bench.sh || (($? == 6)) || exit 1
  # shellcheck disable=SC2016  # of the clone
  in_root bash -c 'compgen -G "results/*/*$(git rev-parse --short=12 HEAD).json"' >/dev/null || {
    printf 'bench.sh left no record of this commit\n' >&2
    exit 1
  }
  no_tests
  to_the_end scripts/test.sh
else
  step "scripts/bench.sh $what" in_root scripts/bench.sh $what
  step "Looking for packages that only tests need" no_tests
  step "scripts/test.sh $what" in_root scripts/test.sh $what
fi
step "Taking the libraries away: CMake names them" every_package_is_named
