# SPDX-License-Identifier: Apache-2.0
# Reads backends/*/backend.cmake, which say once what a backend consists of, and looks for the SDKs of
# those that have a sdk.cmake. C++ reads the same in backends/descriptor.hpp.

# moat_backend(NAME [CODE FORMAT] DEVICE_TESTS PATTERN [INTERPRETED WHAT] [BASELINES NAME...])
#   CODE          how its object files hold what its compiler made of a kernel, for `moat codegen`:
#                 a CodeFormat of backends/descriptor.hpp; none by default
#   DEVICE_TESTS  whole names of the tests that run its kernels on devices, a regular expression
#   INTERPRETED   what tests/executors executes of it: "machine code", PTX
#   BASELINES     open_<name>(Device&, Baselines&) in bench/baselines/<name>.hpp, in this order
# Appends NAME to MOAT_BACKENDS.
function(moat_backend name)
  cmake_parse_arguments(ARG "" "CODE;DEVICE_TESTS;INTERPRETED" "BASELINES" ${ARGN})
  if(NOT ARG_CODE)
    set(ARG_CODE none)
  endif()
  foreach(key CODE DEVICE_TESTS INTERPRETED BASELINES)
    set(MOAT_${name}_${key} "${ARG_${key}}" PARENT_SCOPE)
  endforeach()
  set(MOAT_${name}_FAMILIES "" PARENT_SCOPE)
  list(APPEND MOAT_BACKENDS ${name})
  set(MOAT_BACKENDS "${MOAT_BACKENDS}" PARENT_SCOPE)
endfunction()

# moat_family(BACKEND NAME SERVES PREFIX... EMULATED HEADER): architectures whose names begin with a
# PREFIX, and with none of an earlier family's, run the kernels that are compiled with
# backends/BACKEND/NAME_backend.hpp. HEADER: the same for the emulator.
function(moat_family backend name)
  cmake_parse_arguments(ARG "" "EMULATED" "SERVES" ${ARGN})
  list(APPEND MOAT_${backend}_FAMILIES ${name})
  set(MOAT_${backend}_FAMILIES "${MOAT_${backend}_FAMILIES}" PARENT_SCOPE)
  set(MOAT_${backend}_${name}_SERVES "${ARG_SERVES}" PARENT_SCOPE)
  set(MOAT_${backend}_${name}_EMULATED "${ARG_EMULATED}" PARENT_SCOPE)
endfunction()

# moat_family_of(OUT BACKEND ARCHITECTURE): whose kernels it runs.
function(moat_family_of out backend architecture)
  foreach(family IN LISTS MOAT_${backend}_FAMILIES)
    foreach(prefix IN LISTS MOAT_${backend}_${family}_SERVES)
      string(FIND ${architecture} ${prefix} at)
      if(at EQUAL 0)
        set(${out} ${family} PARENT_SCOPE)
        return()
      endif()
    endforeach()
  endforeach()
  message(FATAL_ERROR "No family of backends/${backend}/backend.cmake serves ${architecture}.")
endfunction()

# moat_families_header(BACKEND FAMILY...): families.hpp in the current binary folder, for the host:
# which family serves an architecture, and which this build has, the FAMILYs.
function(moat_families_header backend)
  set(MOAT_SERVING "")
  foreach(family IN LISTS MOAT_${backend}_FAMILIES)
    foreach(prefix IN LISTS MOAT_${backend}_${family}_SERVES)
      string(APPEND MOAT_SERVING "\n    {\"${prefix}\", \"${family}\"},")
    endforeach()
  endforeach()
  set(MOAT_BUILT "")
  foreach(family IN LISTS ARGN)
    string(APPEND MOAT_BUILT " MOAT_FAMILY(${family})")
  endforeach()
  set(MOAT_BACKEND_NAME ${backend})
  configure_file(${PROJECT_SOURCE_DIR}/backends/simt/families.hpp.in families.hpp @ONLY)
endfunction()

set(MOAT_BACKENDS "")
file(GLOB descriptors CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/backends/*/backend.cmake)
foreach(descriptor IN LISTS descriptors)
  include(${descriptor})
endforeach()
foreach(name IN LISTS MOAT_BACKENDS)
  if(EXISTS ${PROJECT_SOURCE_DIR}/backends/${name}/sdk.cmake)
    string(TOUPPER ${name} upper)
    set(MOAT_${upper} AUTO CACHE STRING
      "${upper} backend: AUTO (if the SDK is found), SEEN (if such a GPU is too), ON or OFF")
    include(${PROJECT_SOURCE_DIR}/backends/${name}/sdk.cmake)
  endif()
endforeach()
