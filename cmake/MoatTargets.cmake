# SPDX-License-Identifier: Apache-2.0
# Targets with the project's warnings and include path.

add_library(moat_options INTERFACE)
target_include_directories(moat_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(moat_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Werror>)

# What runs once and for a moment: compiling it takes longer than running it.
add_library(moat_quick_to_compile INTERFACE)
target_compile_options(moat_quick_to_compile INTERFACE $<$<CONFIG:Release>:-O1>)

# Parsing, comparing and printing: half of a build's time goes into optimising headers of JSON and
# options, whose code runs for milliseconds.
set(MOAT_COMMAND_FLAGS $<$<CONFIG:Release>:-Og>)

# moat_library(NAME [COMMAND] SOURCES... [OPTIMIZED SOURCES...] LIBS...): a static library that links
# LIBS publicly. COMMAND: part of the command line, nothing in it is timed; of its sources, OPTIMIZED
# are those that compute for long.
function(moat_library name)
  cmake_parse_arguments(ARG "COMMAND" "" "SOURCES;OPTIMIZED;LIBS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES} ${ARG_OPTIMIZED})
  target_link_libraries(${name} PUBLIC moat_options ${ARG_LIBS})
  if(ARG_COMMAND)
    set_property(SOURCE ${ARG_SOURCES} APPEND PROPERTY COMPILE_OPTIONS ${MOAT_COMMAND_FLAGS})
  endif()
endfunction()

# moat_test(NAME [OPTIMIZED] SOURCES... LIBS...): a GoogleTest executable whose every case is a CTest
# test. OPTIMIZED: what is tested or takes long is compiled in it, not in LIBS.
function(moat_test name)
  cmake_parse_arguments(ARG "OPTIMIZED" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE moat_options ${ARG_LIBS} GTest::gtest_main)
  if(NOT ARG_OPTIMIZED)
    target_link_libraries(${name} PRIVATE moat_quick_to_compile)
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600)
endfunction()

# moat_skipped_test(NAME REASON): a test that cannot run here. CTest shows it as skipped.
function(moat_skipped_test name reason)
  add_test(NAME ${name} COMMAND ${CMAKE_COMMAND} -E echo "skipped: ${reason}")
  set_tests_properties(${name} PROPERTIES SKIP_REGULAR_EXPRESSION "skipped: ")
endfunction()

# moat_mutation_tests(NAME): NAME.list, whether the list of mutations that mutations.py of this folder
# reads fits the sources; NAME.quick, a few of them against this build's objects.
function(moat_mutation_tests name)
  add_test(NAME ${name}.list
    COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/mutations.py --check)
  if(CMAKE_GENERATOR STREQUAL "Ninja")
    add_test(NAME ${name}.quick
      COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/mutations.py --quick --no-build -j 2
        --build ${PROJECT_BINARY_DIR})
    set_tests_properties(${name}.quick PROPERTIES PROCESSORS 2 TIMEOUT 600)
  else()
    moat_skipped_test(${name}.quick "it asks Ninja for the commands (Debian: ninja-build)")
  endif()
endfunction()
