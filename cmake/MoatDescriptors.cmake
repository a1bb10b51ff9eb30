# SPDX-License-Identifier: Apache-2.0
# What a backends/*/backend.cmake says. A word in it that nothing reads, and a name of what is not
# there, stop the configuration.

# moat_descriptor_fails(WHAT): stops the configuration.
function(moat_descriptor_fails what)
  message(FATAL_ERROR "backends/${MOAT_DESCRIBED}/backend.cmake: ${what}")
endfunction()

# moat_backend(NAME [CODE FORMAT COUNTED_IN TEXT] DEVICE_TESTS PATTERN [INTERPRETED WHAT]
#              [BASELINES NAME...])
#   NAME          of the folder, MOAT_DESCRIBED
#   CODE          how its object files hold what its compiler made of a kernel, for `moat codegen`: a
#                 name, which becomes a value of CodeFormat and asks for a reader in
#                 bench/codegen/report.cpp; without it, none is read
#   COUNTED_IN    what that reader counts instructions in: "machine code", PTX
#   DEVICE_TESTS  whole names of the tests that run its kernels on devices, a regular expression
#   INTERPRETED   what tests/executors executes of it: "machine code", PTX
#   BASELINES     open_<name>(Device&, Baselines&) in bench/baselines/<name>.hpp, in this order
# Appends NAME to MOAT_BACKENDS.
function(moat_backend name)
  cmake_parse_arguments(ARG "" "CODE;COUNTED_IN;DEVICE_TESTS;INTERPRETED" "BASELINES" ${ARGN})
  moat_check_keys("moat_backend(${name})")
  if(NOT name STREQUAL MOAT_DESCRIBED)
    moat_descriptor_fails("moat_backend(${name}) is not named as its folder")
  endif()
  if(name IN_LIST MOAT_BACKENDS)
    moat_descriptor_fails("moat_backend(${name}) stands there twice")
  endif()
  if(NOT ARG_DEVICE_TESTS)
    moat_descriptor_fails("moat_backend(${name}): DEVICE_TESTS is missing")
  endif()
  if(ARG_CODE AND NOT ARG_CODE MATCHES "^[a-z][a-z0-9_]*$" OR ARG_CODE STREQUAL none)
    moat_descriptor_fails("moat_backend(${name}): CODE ${ARG_CODE} is no name of a format")
  endif()
  if((ARG_CODE AND NOT ARG_COUNTED_IN) OR (ARG_COUNTED_IN AND NOT ARG_CODE))
    moat_descriptor_fails("moat_backend(${name}): CODE and COUNTED_IN stand together")
  endif()
  foreach(baseline IN LISTS ARG_BASELINES)
    if(NOT EXISTS ${PROJECT_SOURCE_DIR}/bench/baselines/${baseline}.hpp)
      moat_descriptor_fails("BASELINES: there is no bench/baselines/${baseline}.hpp")
    endif()
  endforeach()
  if(NOT ARG_CODE)
    set(ARG_CODE none)
  endif()
  foreach(key CODE COUNTED_IN DEVICE_TESTS INTERPRETED BASELINES)
    set(MOAT_${name}_${key} "${ARG_${key}}" PARENT_SCOPE)
  endforeach()
  set(MOAT_${name}_FAMILIES "" PARENT_SCOPE)
  list(APPEND MOAT_BACKENDS ${name})
  set(MOAT_BACKENDS "${MOAT_BACKENDS}" PARENT_SCOPE)
endfunction()

# moat_family(BACKEND NAME SERVES PREFIX... EMULATED HEADER): architectures whose names begin with a
# PREFIX, and with none of an earlier family's, run the kernels that are compiled with
# backends/BACKEND/NAME_backend.hpp. HEADER: the same for the emulator. No family of another backend
# has the NAME: reports and tests call a family by it alone.
function(moat_family backend name)
  cmake_parse_arguments(ARG "" "EMULATED" "SERVES" ${ARGN})
  set(call "moat_family(${backend} ${name})")
  moat_check_keys("${call}")
  if(NOT backend STREQUAL MOAT_DESCRIBED OR NOT backend IN_LIST MOAT_BACKENDS)
    moat_descriptor_fails("${call}: there is no moat_backend(${backend}) above it")
  endif()
  foreach(other IN LISTS MOAT_BACKENDS)
    if(name IN_LIST MOAT_${other}_FAMILIES)
      moat_descriptor_fails("${call}: backends/${other} has a family of that name")
    endif()
  endforeach()
  if(NOT ARG_SERVES OR NOT ARG_EMULATED)
    moat_descriptor_fails("${call}: SERVES and EMULATED are needed")
  endif()
  foreach(header backends/${backend}/${name}_backend.hpp ${ARG_EMULATED})
    if(NOT EXISTS ${PROJECT_SOURCE_DIR}/${header})
      moat_descriptor_fails("${call}: there is no ${header}")
    endif()
  endforeach()
  foreach(prefix IN LISTS ARG_SERVES)
    if(NOT prefix MATCHES "^[a-z0-9_]+$")
      moat_descriptor_fails("${call}: SERVES ${prefix} begins no architecture's name")
    endif()
    foreach(earlier IN LISTS MOAT_${backend}_FAMILIES)
      foreach(taken IN LISTS MOAT_${backend}_${earlier}_SERVES)
        string(FIND ${prefix} ${taken} at)
        if(at EQUAL 0)
          moat_descriptor_fails("${call}: ${earlier}, above it, serves all of ${prefix} with ${taken}")
        endif()
      endforeach()
    endforeach()
  endforeach()
  list(APPEND MOAT_${backend}_FAMILIES ${name})
  set(MOAT_${backend}_FAMILIES "${MOAT_${backend}_FAMILIES}" PARENT_SCOPE)
  set(MOAT_${backend}_${name}_SERVES "${ARG_SERVES}" PARENT_SCOPE)
  set(MOAT_${backend}_${name}_EMULATED "${ARG_EMULATED}" PARENT_SCOPE)
endfunction()

# Within the two functions above: every argument belongs to a key, and every key has one.
macro(moat_check_keys call)
  if(DEFINED ARG_UNPARSED_ARGUMENTS)
    list(JOIN ARG_UNPARSED_ARGUMENTS " " words)
    moat_descriptor_fails("${call}: ${words} is read by nothing")
  endif()
  if(DEFINED ARG_KEYWORDS_MISSING_VALUES)
    moat_descriptor_fails("${call}: ${ARG_KEYWORDS_MISSING_VALUES} says nothing")
  endif()
endmacro()
