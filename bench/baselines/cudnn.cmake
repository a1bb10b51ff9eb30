# SPDX-License-Identifier: Apache-2.0
# cuDNN is loaded at run time. It is no part of the toolkit: NVIDIA's packages put it there or where
# the compiler looks. Headers before 9.8 know no device that is not here, for which tests plan.
target_sources(moat_baselines PRIVATE cudnn_attention.cpp)
set(version 0)
if(TARGET moat_cuda)
  find_path(MOAT_CUDNN_INCLUDE_DIR cudnn_version.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
  find_path(MOAT_CUDNN_LIBRARY_DIR NAMES libcudnn.so libcudnn.so.9
    HINTS ${MOAT_CUDNN_INCLUDE_DIR}/../lib ${MOAT_CUDNN_INCLUDE_DIR}/../lib64
          ${CUDAToolkit_LIBRARY_DIR}
    PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE})
  if(NOT MOAT_CUDNN_LIBRARY_DIR)
    set(MOAT_CUDNN_LIBRARY_DIR "")
  endif()
  if(EXISTS ${MOAT_CUDNN_INCLUDE_DIR}/cudnn_version.h)
    file(STRINGS ${MOAT_CUDNN_INCLUDE_DIR}/cudnn_version.h lines REGEX "define CUDNN_(MAJOR|MINOR) ")
    string(REGEX REPLACE ".*MAJOR ([0-9]+).*MINOR ([0-9]+).*" "\\1.\\2" version "${lines}")
  endif()
endif()
if(version VERSION_GREATER_EQUAL 9.8)
  add_library(moat_cudnn_headers INTERFACE)
  target_include_directories(moat_cudnn_headers SYSTEM INTERFACE ${MOAT_CUDNN_INCLUDE_DIR})
  target_compile_definitions(moat_cudnn_headers INTERFACE
    MOAT_CUDNN_LIBRARY_DIR="${MOAT_CUDNN_LIBRARY_DIR}")
  target_sources(moat_baselines PRIVATE cudnn.cpp cudnn_library.cpp cudnn_plan.cpp)
  target_include_directories(moat_baselines SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS})
  target_link_libraries(moat_baselines PRIVATE moat_cudnn_headers)
else()
  target_sources(moat_baselines PRIVATE cudnn_absent.cpp)
endif()
