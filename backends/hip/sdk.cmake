# SPDX-License-Identifier: Apache-2.0
# Decides whether the HIP backend is built: with ROCm's clang if there is one, else with the
# distribution's clang and HIP runtime. Sets MOAT_HIP_ABSENT to the reason if it is not built,
# MOAT_HIP_ARCHITECTURES to what it is compiled for and MOAT_HIP_COMPILE to the command up to these.
# Like nvcc, the command includes the runtime's header ahead of every source.
# CMake's own HIP language asks for files that Debian does not install.

moat_gpu_wanted(HIP amd)
if(MOAT_HIP_ABSENT)
  return()
endif()

set(MOAT_HIP_HINT "install ROCm, or on Debian clang-19, clang-tools-19, lld-19, libamdhip64-dev \
and rocm-device-libs (scripts/setup.sh --gpu-sdks)")
find_path(MOAT_ROCM NAMES llvm/bin/clang++ HINTS ENV ROCM_PATH PATHS /opt/rocm NO_DEFAULT_PATH)
if(MOAT_ROCM)
  set(root ${MOAT_ROCM})
  find_program(MOAT_HIP_COMPILER NAMES amdclang++ clang++ PATHS ${MOAT_ROCM}/llvm/bin NO_DEFAULT_PATH)
else()
  set(root /usr)
  # Older ones lack __builtin_amdgcn_make_buffer_rsrc.
  find_program(MOAT_HIP_COMPILER NAMES clang++-21 clang++-20 clang++-19)
endif()
find_path(MOAT_HIP_INCLUDE hip/hip_runtime.h PATHS ${root}/include NO_DEFAULT_PATH)
find_library(MOAT_HIP_LIBRARY amdhip64 HINTS ${root}/lib)
if(NOT MOAT_HIP_COMPILER)
  set(MOAT_HIP_ABSENT "no clang 19 or newer found; ${MOAT_HIP_HINT}")
elseif(NOT MOAT_HIP_INCLUDE OR NOT MOAT_HIP_LIBRARY)
  set(MOAT_HIP_ABSENT "HIP's headers or libamdhip64.so not found; ${MOAT_HIP_HINT}")
endif()

# What this machine has and the compiler knows is compiled for, besides the default.
if(NOT MOAT_HIP_ABSENT AND NOT DEFINED MOAT_HIP_ARCHITECTURES)
  set(architectures gfx90a gfx942 gfx1100)
  file(GLOB nodes $ENV{MOAT_SYSROOT}/sys/class/kfd/kfd/topology/nodes/*/properties)
  foreach(node IN LISTS nodes)
    file(STRINGS ${node} version REGEX "^gfx_target_version [1-9]")
    if(version MATCHES " ([0-9]+)([0-9][0-9])([0-9][0-9])$")
      # 90402 is gfx942, 90010 is gfx90a: minor and stepping are hexadecimal digits.
      set(major ${CMAKE_MATCH_1})
      math(EXPR minor "1${CMAKE_MATCH_2} - 100" OUTPUT_FORMAT HEXADECIMAL)
      math(EXPR stepping "1${CMAKE_MATCH_3} - 100" OUTPUT_FORMAT HEXADECIMAL)
      string(REPLACE "0x" "" name "gfx${major}${minor}${stepping}")
      if(NOT name IN_LIST architectures)
        execute_process(COMMAND ${MOAT_HIP_COMPILER} --target=amdgcn-amd-amdhsa -mcpu=${name}
          -nogpulib -x c -c /dev/null -o /dev/null
          RESULT_VARIABLE unknown OUTPUT_QUIET ERROR_QUIET)
        if(unknown)
          message(STATUS "HIP backend: ${name}, which is here, is left out: ${MOAT_HIP_COMPILER} \
does not know it; a newer LLVM or ROCm may")
        else()
          list(APPEND architectures ${name})
        endif()
      endif()
    endif()
  endforeach()
  set(MOAT_HIP_ARCHITECTURES "${architectures}" CACHE STRING
    "Architectures that the HIP backend is compiled for, such as gfx90a;gfx942")
endif()

if(NOT MOAT_HIP_ABSENT)
  set(MOAT_HIP_COMPILE ${MOAT_HIP_COMPILER} -x hip -std=c++20 --rocm-path=${root}
    -include hip/hip_runtime.h)
  list(TRANSFORM MOAT_HIP_ARCHITECTURES PREPEND --offload-arch= OUTPUT_VARIABLE offload)
  find_path(MOAT_HIP_DEVICE_LIBS ockl.bc HINTS ${root}/amdgcn/bitcode
    PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/amdgcn/bitcode /usr/lib/amdgcn/bitcode
    NO_DEFAULT_PATH)
  if(NOT MOAT_ROCM AND MOAT_HIP_DEVICE_LIBS)
    # Debian's device libraries lack the file that states the number of a newer architecture.
    set(libs ${CMAKE_BINARY_DIR}/hip-device-libs)
    file(COPY ${MOAT_HIP_DEVICE_LIBS}/ DESTINATION ${libs} FILES_MATCHING PATTERN "*.bc")
    foreach(architecture IN LISTS MOAT_HIP_ARCHITECTURES)
      string(REGEX MATCH "^gfx([0-9]+)([0-9a-f])([0-9a-f])" unused ${architecture})
      set(version ${CMAKE_MATCH_1}${CMAKE_MATCH_2}${CMAKE_MATCH_3})
      if(NOT EXISTS ${libs}/oclc_isa_version_${version}.bc)
        math(EXPR number "${CMAKE_MATCH_1} * 1000 + 0x${CMAKE_MATCH_2} * 100 + 0x${CMAKE_MATCH_3}")
        file(WRITE ${libs}/oclc_isa_version_${version}.ll
          "target triple = \"amdgcn-amd-amdhsa\"\n"
          "@__oclc_ISA_version = linkonce_odr protected local_unnamed_addr addrspace(4) "
          "constant i32 ${number}, align 4\n")
        execute_process(COMMAND ${MOAT_HIP_COMPILER} -Wno-override-module -x ir -c -emit-llvm
          --target=amdgcn-amd-amdhsa -nogpulib oclc_isa_version_${version}.ll
          -o oclc_isa_version_${version}.bc WORKING_DIRECTORY ${libs} OUTPUT_QUIET ERROR_QUIET)
      endif()
    endforeach()
    list(APPEND MOAT_HIP_COMPILE --rocm-device-lib-path=${libs})
  endif()

  # Distributions combine compilers, headers and device libraries freely: see whether these fit, and
  # know the functions of amdgpu.hpp that are the newest.
  string(SHA1 trial "${MOAT_HIP_COMPILE} ${offload}")
  if(NOT MOAT_HIP_TRIAL STREQUAL trial)
    set(source ${CMAKE_BINARY_DIR}/hip-device-libs/trial.hip)
    file(WRITE ${source} [[
__global__ void trial(float* x) {
  const auto buffer = __builtin_amdgcn_make_buffer_rsrc(x, 0, 1024, 0x00027000);
  const auto words = __builtin_amdgcn_raw_buffer_load_b128(buffer, 16 * threadIdx.x, 0, 0);
  x[threadIdx.x] = exp2f(__builtin_bit_cast(float, words[0]));
}
]])
    execute_process(COMMAND ${MOAT_HIP_COMPILE} ${offload} -c ${source} -o ${source}.o
      RESULT_VARIABLE failed ERROR_VARIABLE message OUTPUT_QUIET)
    if(failed AND message MATCHES "error: [^\n]*__builtin_amdgcn_(make_buffer_rsrc|raw_buffer_load_b128)")
      set(MOAT_HIP_ABSENT "${MOAT_HIP_COMPILER} lacks __builtin_amdgcn_${CMAKE_MATCH_1}, which LLVM 19 \
and newer have; ${MOAT_HIP_HINT}")
    elseif(failed)
      string(REGEX MATCH "error: [^\n]*" message "${message}")
      set(MOAT_HIP_ABSENT "${MOAT_HIP_COMPILER} does not compile HIP here (${message}); \
${MOAT_HIP_HINT}")
    else()
      set(MOAT_HIP_TRIAL ${trial} CACHE INTERNAL "Compile command that was tried")
    endif()
  endif()
endif()

if(MOAT_HIP_ABSENT)
  moat_gpu_skipped(HIP)
  return()
endif()
string(REPLACE ";" " " shown "${MOAT_HIP_ARCHITECTURES}")
message(STATUS "HIP backend: ${MOAT_HIP_COMPILER} for ${shown}")

# moat_hip_object(OUT SOURCE FAMILY ARCHITECTURES OPTION...): an object file of SOURCE for these
# architectures of one family; OUT is its path. The command is the one in the compile manifest.
function(moat_hip_object out source family architectures)
  cmake_path(GET source STEM name)
  list(TRANSFORM architectures PREPEND --offload-arch=)
  set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.${family}.o)
  string(TOUPPER "${CMAKE_BUILD_TYPE}" config)
  separate_arguments(flags UNIX_COMMAND "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${config}}")
  set(command ${MOAT_HIP_COMPILE} ${architectures} ${flags} -I${PROJECT_SOURCE_DIR} -Wall -Wextra -Wpedantic -Wshadow -Werror ${ARGN} -c ${source} -o ${object})
  add_custom_command(OUTPUT ${object}
    COMMAND ${CMAKE_CXX_COMPILER_LAUNCHER} ${command} -MD -MF ${object}.d -MT ${object}
    DEPENDS ${source} DEPFILE ${object}.d WORKING_DIRECTORY ${CMAKE_BINARY_DIR}
    COMMENT "Building HIP object ${name} for ${family}" VERBATIM)
  set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
  moat_manifest_command(hip "${family}" ${source} ${command})
  set(${out} ${object} PARENT_SCOPE)
endfunction()
