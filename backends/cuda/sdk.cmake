# SPDX-License-Identifier: Apache-2.0
# Decides whether the CUDA backend is built. Sets MOAT_CUDA_ABSENT to the reason if it is not, and
# MOAT_CUDA_ARCHITECTURES to what it is compiled for.

moat_gpu_wanted(CUDA nvidia)
if(MOAT_CUDA_ABSENT)
  return()
endif()

# The toolkit's installer leaves nvcc off PATH. The environment reaches the trial in check_language,
# which tells a toolkit that does not fit the C++ compiler from a good one.
if(NOT DEFINED ENV{CUDACXX})
  find_program(MOAT_NVCC nvcc HINTS ENV CUDA_PATH ENV CUDA_HOME PATHS /usr/local/cuda PATH_SUFFIXES bin)
  if(MOAT_NVCC)
    set(ENV{CUDACXX} ${MOAT_NVCC})
  endif()
endif()
set(CMAKE_CUDA_ARCHITECTURES OFF)  # -gencode is ours: CMake 3.22 does not know 90a
if(NOT CMAKE_CUDA_COMPILER)
  unset(CMAKE_CUDA_COMPILER CACHE)  # an earlier failure; the toolkit may be here by now
endif()
include(CheckLanguage)
check_language(CUDA)
if(CMAKE_CUDA_COMPILER)
  enable_language(CUDA)
  find_package(CUDAToolkit)
  if(NOT CUDAToolkit_FOUND)
    set(MOAT_CUDA_ABSENT "${CMAKE_CUDA_COMPILER} found, but not the CUDA Toolkit's libraries; \
install the whole CUDA Toolkit 12 or newer")
  elseif(CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 12)
    set(MOAT_CUDA_ABSENT "nvcc ${CMAKE_CUDA_COMPILER_VERSION} does not know C++20; \
install the CUDA Toolkit 12 or newer")
  endif()
elseif(DEFINED ENV{CUDACXX})
  set(MOAT_CUDA_ABSENT "$ENV{CUDACXX} does not work with ${CMAKE_CXX_COMPILER}; install a CUDA \
Toolkit that supports it or set CMAKE_CUDA_HOST_COMPILER (details: ${CMAKE_BINARY_DIR}/CMakeFiles)")
else()
  set(MOAT_CUDA_ABSENT "nvcc not found; install the CUDA Toolkit 12 or newer \
(https://developer.nvidia.com/cuda-downloads) or set CMAKE_CUDA_COMPILER")
endif()
if(MOAT_CUDA_ABSENT)
  moat_gpu_skipped(CUDA)
  return()
endif()

# sm_80 code runs on every 8.x. What this machine has besides is added.
if(NOT DEFINED MOAT_CUDA_ARCHITECTURES)
  set(architectures 80 90a)
  find_program(MOAT_NVIDIA_SMI nvidia-smi)
  if(MOAT_NVIDIA_SMI)
    execute_process(COMMAND ${MOAT_NVIDIA_SMI} --query-gpu=compute_cap --format=csv,noheader
      OUTPUT_VARIABLE seen ERROR_QUIET)
    string(REGEX MATCHALL "[0-9]+\\.[0-9]+" seen "${seen}")
    foreach(capability IN LISTS seen)
      string(REPLACE "." "" capability ${capability})
      if(NOT capability MATCHES "^(8[0-9]|90)$")
        list(APPEND architectures ${capability})
      endif()
    endforeach()
    list(REMOVE_DUPLICATES architectures)
  endif()
  set(MOAT_CUDA_ARCHITECTURES "${architectures}" CACHE STRING
    "Compute capabilities that the CUDA backend is compiled for, such as 80;90a")
endif()
string(REPLACE ";" " " shown "${MOAT_CUDA_ARCHITECTURES}")
message(STATUS "CUDA backend: nvcc ${CMAKE_CUDA_COMPILER_VERSION} for ${shown}")

# CMake before 3.25.2 does not know nvcc's option for C++20.
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
endif()
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_EXTENSIONS OFF)

# Include folders stay on the command line, where the porting counter reads them.
set(CMAKE_CUDA_USE_RESPONSE_FILE_FOR_INCLUDES OFF)

add_library(moat_cuda_options INTERFACE)
set(options --expt-relaxed-constexpr --Werror=all-warnings -Xcompiler=-Wall,-Wextra,-Wshadow)
target_compile_options(moat_cuda_options INTERFACE "$<$<COMPILE_LANGUAGE:CUDA>:${options}>")

# moat_cuda_generate(TARGET ARCHITECTURE...): code and PTX for these.
function(moat_cuda_generate target)
  foreach(architecture IN LISTS ARGN)
    target_compile_options(${target} PRIVATE
      "--generate-code=arch=compute_${architecture},code=[compute_${architecture},sm_${architecture}]")
  endforeach()
endfunction()
