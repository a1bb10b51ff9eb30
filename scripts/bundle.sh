#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Packs this commit and the sources of what it is built with into one archive, for machines where
# nothing can be downloaded.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
  cat <<'EOF'
usage: scripts/bundle.sh [FILE]

Writes FILE (default: moat-COMMIT.tar.gz in the current folder): the commit that is checked out, and
the sources of fmt, nlohmann-json, CLI11, pugixml, Google Benchmark, GoogleTest, Highway and libgit2
with zlib and http-parser, and the headers of Boost.Math. They come from Debian, so this needs apt and a network; the archive needs
neither. Where it is unpacked, these build with only a C++20 compiler, CMake
(3.22), make or ninja, and for gpu.sh Python 3 and the GPU's SDK; the libraries are compiled there
once:

  tar xzf FILE && cd moat-COMMIT
  scripts/gpu.sh       on a machine with a GPU: device tests, sanitizer, suite, record
  scripts/bench.sh     on a machine without one

Left out, because they can be: oneDNN and OpenBLAS (baselines on a CPU), cuDNN (baseline on NVIDIA's
GPUs), npm's packages (charts of moat report), Boost.Context (tests on the emulator). What is not
committed is not packed.

exit codes: 0 written, 1 something could not be fetched or written, 2 bad usage, 3 apt, git, xz or
bzip2 is not here
EOF
}

if [[ ${1:-} == -h || ${1:-} == --help ]]; then usage; exit 0; fi
if (($# > 1)) || [[ ${1:-} == -* ]]; then
  echo "scripts/bundle.sh: one FILE is all it takes; scripts/bundle.sh --help" >&2
  exit 2
fi
for tool in apt-get git xz bzip2; do
  if ! command -v "$tool" >/dev/null; then
    case $tool in
      git | xz | bzip2) mend="apt-get install ${tool/xz/xz-utils}, or scripts/setup.sh --tests" ;;
      *) mend="the sources come from Debian's archive; run it on a Debian or Ubuntu" ;;
    esac
    echo "scripts/bundle.sh: $tool is not here: $mend" >&2
    exit 3
  fi
done

commit=$(git -C "$root" rev-parse --short=12 HEAD)
file=${1:-moat-$commit.tar.gz}
case $file in /*) ;; *) file=$PWD/$file ;; esac
if [[ -n $(git -C "$root" status --porcelain --untracked-files=no) ]]; then
  echo "scripts/bundle.sh: changes that are not committed are not packed" >&2
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
  echo "scripts/bundle.sh: $1" >&2
  exit 1
}

# Package lists of sources, beside the system's own.
mkdir -p "$work/lists/partial" "$work/fetched"
chmod -R a+rX "$work"
# shellcheck disable=SC1091  # the system's own
source /etc/os-release
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
mirror=http://deb.debian.org/debian
parts=main
if [[ $ID == ubuntu ]]; then
  keyring=/usr/share/keyrings/ubuntu-archive-keyring.gpg
  mirror=http://archive.ubuntu.com/ubuntu
  parts="main universe"
fi
for kind in deb deb-src; do
  echo "$kind [signed-by=$keyring] $mirror $VERSION_CODENAME $parts"
done >"$work/sources.list"
apt_options=(-o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o "Dir::State::lists=$work/lists" -o APT::Sandbox::User=root)
apt=(apt-get -qq "${apt_options[@]}")
"${apt[@]}" update || fail "the package lists of $mirror could not be fetched"
packages=(fmtlib nlohmann-json3 cli11 pugixml benchmark googletest highway libgit2 zlib http-parser)
(cd "$work/fetched" && "${apt[@]}" source --download-only --only-source "${packages[@]}") ||
  fail "the sources of ${packages[*]} could not be fetched from $mirror"
# Boost's sources are far larger than the headers in the package that libboost-dev stands for.
boost=$(apt-cache "${apt_options[@]}" depends libboost-dev | sed -n 's/.*Depends: \(libboost.*-dev\)$/\1/p')
(cd "$work/fetched" && "${apt[@]}" download "$boost") ||
  fail "$boost could not be fetched from $mirror"

top=$work/moat-$commit
git -C "$root" archive --prefix="moat-$commit/" HEAD | tar x -C "$work"
mkdir -p "$top/deps"
for package in "${packages[@]}"; do
  mkdir "$top/deps/$package"
  tar xf "$work/fetched/${package}"_*.orig.tar.* -C "$top/deps/$package" --strip-components=1
done
# Half of the archive otherwise.
rm -rf "$top"/deps/nlohmann-json3/{tests,test,doc,docs,benchmarks}
# Of Boost the folders of what the distributions include, one by the other: a third of it. Whole ones,
# because macros put names of headers together.
dpkg-deb -x "$work/fetched/$boost"_*.deb "$work/boost"
mkdir -p "$top/deps/boost/boost"
(
  cd "$work/boost/usr/include"
  ls boost/math/distributions/{binomial,students_t}.hpp >"$work/reached"
  : >"$work/before"
  until cmp -s "$work/before" "$work/reached"; do
    cp "$work/reached" "$work/before"
    xargs sed -nE 's/^ *# *include *[<"](boost\/[^">]+)[">].*/\1/p' <"$work/before" >"$work/named"
    while read -r header; do [[ ! -e $header ]] || echo "$header"; done <"$work/named" |
      sort -u - "$work/before" >"$work/reached"
  done
  cut -d/ -f2 "$work/reached" | sort -u | sed 's|^|boost/|' | xargs cp -rt "$top/deps/boost/boost"
)
cp "$work/boost/usr/share/doc/$boost/copyright" "$top/deps/boost"
cat >"$top/deps/boost/CMakeLists.txt" <<'EOF'
cmake_minimum_required(VERSION 3.22)
project(boost NONE)
install(DIRECTORY boost DESTINATION include)
EOF
(cd "$work/fetched" && ls ./*.dsc ./*.deb) | sed 's|^\./||' >"$top/deps/VERSIONS"
# Debian's zlib lacks files that its own CMakeLists.txt asks for; http-parser has none; Highway's
# exports no package in older versions, and builds its tests' library.
cat >"$top/deps/highway/CMakeLists.txt" <<'EOF'
cmake_minimum_required(VERSION 3.22)
project(hwy CXX)
set(CMAKE_CXX_STANDARD 17)
file(GLOB sources hwy/*.cc)
list(FILTER sources EXCLUDE REGEX "_test\\.cc$|nanobenchmark")
add_library(hwy STATIC ${sources})
target_compile_definitions(hwy PUBLIC HWY_STATIC_DEFINE)
target_include_directories(hwy PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}> $<INSTALL_INTERFACE:include>)
install(TARGETS hwy EXPORT hwy)
install(EXPORT hwy NAMESPACE hwy:: FILE hwy-config.cmake DESTINATION lib/cmake/hwy)
install(DIRECTORY hwy DESTINATION include FILES_MATCHING PATTERN "*.h")
EOF
cat >"$top/deps/zlib/CMakeLists.txt" <<'EOF'
cmake_minimum_required(VERSION 3.22)
project(zlib C)
file(GLOB sources *.c)
add_library(z STATIC ${sources})
target_compile_definitions(z PRIVATE HAVE_UNISTD_H)
install(TARGETS z)
install(FILES zlib.h zconf.h DESTINATION include)
EOF
cat >"$top/deps/http-parser/CMakeLists.txt" <<'EOF'
cmake_minimum_required(VERSION 3.22)
project(http_parser C)
add_library(http_parser STATIC http_parser.c)
install(TARGETS http_parser)
install(FILES http_parser.h DESTINATION include)
EOF

tar cz -C "$work" --owner=0 --group=0 -f "$file.part" "moat-$commit" || fail "$file could not be written"
mv "$file.part" "$file"
echo "$file: $(du -h "$file" | cut -f1), $(wc -l <"$top/deps/VERSIONS") packages" >&2
