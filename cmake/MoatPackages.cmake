# SPDX-License-Identifier: Apache-2.0
# Everything that is needed from elsewhere, found in one place, so that one error names all that is
# missing with its Debian package. scripts/setup.sh installs the same; the test packages.named holds
# the two lists together. What can be left out is looked for where it is used.

# moat_find_package(NAME [OPTION...] DEBIAN PACKAGE [TARGET TARGET]): find_package(NAME OPTION...);
# if it is not found, or does not define TARGET, moat_require_packages names it and PACKAGE.
function(moat_find_package name)
  cmake_parse_arguments(ARG "" "DEBIAN;TARGET" "" ${ARGN})
  find_package(${name} QUIET ${ARG_UNPARSED_ARGUMENTS})
  set(shown ${name})
  if(ARG_TARGET)
    set(shown ${ARG_TARGET})
  endif()
  if(NOT ${name}_FOUND OR (ARG_TARGET AND NOT TARGET ${ARG_TARGET}))
    moat_missing_package("${shown}" ${ARG_DEBIAN})
  endif()
endfunction()

# moat_missing_package(WHAT PACKAGE): notes what was looked for in vain.
function(moat_missing_package what package)
  set_property(GLOBAL APPEND_STRING PROPERTY MOAT_MISSING "  ${what} not found; on Debian: ${package}\n")
  set_property(GLOBAL APPEND PROPERTY MOAT_MISSING_PACKAGES ${package})
endfunction()

# moat_require_packages(OPTION): ends the configuration if something is missing. OPTION is that of
# scripts/setup.sh that installs it.
function(moat_require_packages option)
  get_property(missing GLOBAL PROPERTY MOAT_MISSING)
  get_property(packages GLOBAL PROPERTY MOAT_MISSING_PACKAGES)
  if(missing)
    list(REMOVE_DUPLICATES packages)
    string(REPLACE ";" " " packages "${packages}")
    string(STRIP "scripts/setup.sh ${option}" setup)
    # As a list of lines, which CMake does not wrap.
    message("\n${missing}\nInstall with: ${setup}\n          or: apt-get install ${packages}\n")
    message(FATAL_ERROR "Packages are missing; they are named above.")
  endif()
endfunction()

# clang's OpenMP is a package of its own, GCC's comes with the compiler.
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  moat_find_package(OpenMP COMPONENTS CXX DEBIAN libomp-dev TARGET OpenMP::OpenMP_CXX)
else()
  moat_find_package(OpenMP COMPONENTS CXX DEBIAN g++ TARGET OpenMP::OpenMP_CXX)
endif()
moat_find_package(Threads DEBIAN g++ TARGET Threads::Threads)
moat_find_package(hwy DEBIAN libhwy-dev TARGET hwy::hwy)
moat_find_package(fmt DEBIAN libfmt-dev TARGET fmt::fmt)
moat_find_package(nlohmann_json DEBIAN nlohmann-json3-dev TARGET nlohmann_json::nlohmann_json)
moat_find_package(CLI11 DEBIAN libcli11-dev TARGET CLI11::CLI11)
moat_find_package(benchmark DEBIAN libbenchmark-dev TARGET benchmark::benchmark)
moat_find_package(pugixml DEBIAN libpugixml-dev TARGET pugixml::pugixml)
moat_find_package(Boost 1.74 DEBIAN libboost-dev TARGET Boost::headers)

# libgit2 brings no CMake package.
find_path(LIBGIT2_INCLUDE_DIR git2.h)
find_library(LIBGIT2_LIBRARY git2)
if(LIBGIT2_INCLUDE_DIR AND LIBGIT2_LIBRARY)
  add_library(moat_libgit2 INTERFACE)
  target_include_directories(moat_libgit2 SYSTEM INTERFACE ${LIBGIT2_INCLUDE_DIR})
  target_link_libraries(moat_libgit2 INTERFACE ${LIBGIT2_LIBRARY})
else()
  moat_missing_package("libgit2 (git2.h)" libgit2-dev)
endif()

if(MOAT_TESTS)
  moat_find_package(GTest DEBIAN libgtest-dev TARGET GTest::gtest_main)
  moat_find_package(GTest DEBIAN libgmock-dev TARGET GTest::gmock)
  moat_find_package(Python3 COMPONENTS Interpreter DEBIAN python3 TARGET Python3::Interpreter)
  if(MOAT_EMULATOR)
    moat_find_package(Boost 1.74 COMPONENTS context DEBIAN libboost-context-dev TARGET Boost::context)
  endif()
  moat_require_packages(--tests)
else()
  moat_require_packages("")
endif()
