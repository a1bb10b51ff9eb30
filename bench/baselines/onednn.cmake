# SPDX-License-Identifier: Apache-2.0
# oneDNN of release 2 or 3, through its own header: what of it a release has the compiler then
# checks, and constants are the header's. Its package file asks for an OpenCL SDK, which its CPU
# part does not need. Distributions have it where the compiler looks; MOAT_ONEDNN_ROOT or
# CMAKE_PREFIX_PATH name another one, of which header and library are taken.
set(MOAT_ONEDNN_ROOT "$ENV{MOAT_ONEDNN_ROOT}" CACHE PATH
  "Where oneDNN is installed (with include/ and lib/); empty: where the system has it")
if(NOT "${MOAT_ONEDNN_ROOT};${CMAKE_PREFIX_PATH}" STREQUAL "${MOAT_ONEDNN_SOUGHT}")
  # What an earlier configuration found elsewhere.
  unset(DNNL_INCLUDE_DIR CACHE)
  unset(DNNL_LIBRARY CACHE)
  set(MOAT_ONEDNN_SOUGHT "${MOAT_ONEDNN_ROOT};${CMAKE_PREFIX_PATH}" CACHE INTERNAL "")
endif()
set(only "")
if(MOAT_ONEDNN_ROOT)
  set(only NO_DEFAULT_PATH)
endif()
find_path(DNNL_INCLUDE_DIR dnnl.hpp HINTS ${MOAT_ONEDNN_ROOT} PATH_SUFFIXES include ${only})
find_library(DNNL_LIBRARY dnnl HINTS ${MOAT_ONEDNN_ROOT} PATH_SUFFIXES lib lib64 ${only})
if(MOAT_ONEDNN_ROOT AND NOT (DNNL_INCLUDE_DIR AND DNNL_LIBRARY))
  message(FATAL_ERROR "MOAT_ONEDNN_ROOT is ${MOAT_ONEDNN_ROOT}, which has no include/dnnl.hpp or no "
    "lib/libdnnl.so. Name the folder that oneDNN was installed into (cmake --install), or leave "
    "MOAT_ONEDNN_ROOT empty.")
endif()

# What speaks its interface; tests compile the same for declarations of release 3.
set(MOAT_ONEDNN_SOURCES onednn.cpp onednn_attention.cpp onednn_codes.cpp onednn_rms_norm.cpp
  onednn_softmax.cpp)
if(DNNL_INCLUDE_DIR AND DNNL_LIBRARY)
  target_sources(moat_baselines PRIVATE ${MOAT_ONEDNN_SOURCES})
  target_include_directories(moat_baselines SYSTEM PRIVATE ${DNNL_INCLUDE_DIR})
  target_link_libraries(moat_baselines PUBLIC ${DNNL_LIBRARY})
else()
  target_sources(moat_baselines PRIVATE onednn_absent.cpp)
endif()
list(TRANSFORM MOAT_ONEDNN_SOURCES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
set_property(GLOBAL PROPERTY MOAT_ONEDNN_SOURCES ${MOAT_ONEDNN_SOURCES})
