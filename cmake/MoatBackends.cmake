# SPDX-License-Identifier: Apache-2.0
# Reads backends/*/backend.cmake, which say once what a backend consists of, and looks for the SDKs of
# those that have a sdk.cmake. C++ reads the same in backends/descriptor.hpp.

include(MoatDescriptors)

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
  cmake_path(GET descriptor PARENT_PATH folder)
  cmake_path(GET folder FILENAME MOAT_DESCRIBED)
  include(${descriptor})
  if(NOT MOAT_DESCRIBED IN_LIST MOAT_BACKENDS)
    moat_descriptor_fails("it calls no moat_backend(${MOAT_DESCRIBED})")
  endif()
endforeach()
foreach(name IN LISTS MOAT_BACKENDS)
  if(EXISTS ${PROJECT_SOURCE_DIR}/backends/${name}/sdk.cmake)
    string(TOUPPER ${name} upper)
    set(MOAT_${upper} AUTO CACHE STRING
      "${upper} backend: AUTO (if the SDK is found), SEEN (if such a GPU is too), ON or OFF")
    include(${PROJECT_SOURCE_DIR}/backends/${name}/sdk.cmake)
  endif()
endforeach()
