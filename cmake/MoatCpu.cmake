# SPDX-License-Identifier: Apache-2.0
# Instruction sets of the host's processor. MOAT_CPU names those that the kernels of the CPU backend,
# and the loops that stand beside them, are compiled for; a program picks one when it starts. Highway
# takes its target from the compiler's options.
include(CheckCXXCompilerFlag)

set(MOAT_CPU_FLAGS_native -march=native)
set(MOAT_CPU_FLAGS_avx2 -march=x86-64-v3)
set(MOAT_CPU_FLAGS_avx512 -march=x86-64-v4)
# What Ice Lake brought, and products of bfloat16: Zen 4, Sapphire Rapids and newer.
set(MOAT_CPU_FLAGS_avx512bf16 -march=x86-64-v4 -mavx512bf16 -mavx512vnni -mavx512vbmi -mavx512vbmi2
  -mavx512ifma -mavx512bitalg -mavx512vpopcntdq -mgfni -maes -mvaes -mpclmul -mvpclmulqdq)
# Without AVX512-FP16, which no kernel needs: the tests run all but the tiles on processors without them.
set(MOAT_CPU_FLAGS_amx ${MOAT_CPU_FLAGS_avx512bf16} -mamx-tile -mamx-bf16 -mamx-int8)
# Highway compiles its NEON functions with the cryptographic extension. Atomic operations are no calls of
# libgcc.a, from which the weak symbols of a set's object file would bring nothing.
set(MOAT_CPU_FLAGS_neon -march=armv8-a+crypto -mno-outline-atomics)
# Products of bfloat16 and of 8-bit integers: Neoverse V1 and N2, Apple M2, and newer.
set(MOAT_CPU_FLAGS_neonbf16 -march=armv8.2-a+crypto+fp16+dotprod+bf16+i8mm)
# Vectors of 256 bits besides, as the Neoverse V1 has them; the compiler has to be told their length.
set(MOAT_CPU_FLAGS_sve256 -march=armv8.2-a+crypto+fp16+dotprod+bf16+i8mm+sve -msve-vector-bits=256)
# From the least to the most; of those that a processor has, the last is picked.
set(MOAT_CPU_SETS_x86_64 avx2 avx512 avx512bf16 amx)
set(MOAT_CPU_SETS_aarch64 neon neonbf16 sve256)

# MOAT_CPU_SETS: what MOAT_CPU means here.
function(moat_cpu_sets)
  set(processor ${CMAKE_SYSTEM_PROCESSOR})
  string(REGEX REPLACE "^(AMD64|amd64)$" x86_64 processor "${processor}")
  string(REGEX REPLACE "^arm64$" aarch64 processor "${processor}")
  # The value that is cached may have been given as a list with commas, and blanks behind them.
  string(REGEX REPLACE "[, ]+" ";" MOAT_CPU_WANTED "${MOAT_CPU}")
  set(known native ${MOAT_CPU_SETS_${processor}})
  list(JOIN known ", " known)
  # Also of separators alone: a variable that nobody set.
  list(REMOVE_ITEM MOAT_CPU_WANTED "")
  if(NOT MOAT_CPU_WANTED)
    message(FATAL_ERROR "MOAT_CPU is empty; is a variable not set? On ${processor} there are ${known}, several of them, \
and all: -DMOAT_CPU=native, which is what is taken where the option is left out.")
  endif()
  set(MOAT_CPU_SETS "")
  foreach(set IN LISTS MOAT_CPU_SETS_${processor} ITEMS native)
    if(set IN_LIST MOAT_CPU_WANTED OR ("all" IN_LIST MOAT_CPU_WANTED AND NOT set STREQUAL native))
      list(JOIN MOAT_CPU_FLAGS_${set} " " flags)
      check_cxx_compiler_flag("${flags}" MOAT_COMPILES_${set})
      if(MOAT_COMPILES_${set})
        list(APPEND MOAT_CPU_SETS ${set})
      elseif(set IN_LIST MOAT_CPU_WANTED)
        message(FATAL_ERROR "MOAT_CPU=${MOAT_CPU}: ${CMAKE_CXX_COMPILER} knows no ${flags}; leave ${set} out.")
      else()
        message(STATUS "CPU backend: without ${set}, whose options ${CMAKE_CXX_COMPILER} does not know")
      endif()
    endif()
  endforeach()
  foreach(set IN LISTS MOAT_CPU_WANTED)
    if(NOT set IN_LIST MOAT_CPU_SETS AND NOT set STREQUAL all)
      message(FATAL_ERROR "MOAT_CPU=${MOAT_CPU}: ${set} is not known; on ${processor} there are ${known}, \
several of them, and all.")
    endif()
  endforeach()
  list(LENGTH MOAT_CPU_SETS count)
  if(count EQUAL 0)
    message(FATAL_ERROR "MOAT_CPU=${MOAT_CPU}: nothing is known for ${processor} but native.")
  endif()
  # Code of several sets must share no inline function: each set's is joined to one object file, in
  # which everything but its table is local. What is compiled for this machine may stay as it is.
  if(count GREATER 1)
    execute_process(COMMAND ${CMAKE_LINKER} --help OUTPUT_VARIABLE help ERROR_QUIET)
    if(NOT help MATCHES "force-group-allocation" OR NOT CMAKE_OBJCOPY)
      message(FATAL_ERROR "MOAT_CPU=${MOAT_CPU}: several sets in one program need the ld and objcopy of GNU binutils \
(2.29 or newer), not ${CMAKE_LINKER}; choose one set, or -DCMAKE_LINKER=…")
    endif()
  endif()
  set(MOAT_CPU_SETS ${MOAT_CPU_SETS} PARENT_SCOPE)
endfunction()
moat_cpu_sets()

# moat_cpu_isa(SET): moat_cpu_isa_SET, what is compiled for the set links.
function(moat_cpu_isa set)
  if(TARGET moat_cpu_isa_${set})
    return()
  endif()
  add_library(moat_cpu_isa_${set} INTERFACE)
  # Products and sums of kernels fuse with every compiler, as they do on GPUs.
  target_compile_options(moat_cpu_isa_${set} INTERFACE ${MOAT_CPU_FLAGS_${set}} -ffp-contract=fast)
  # x86-64-v3 lacks AES instructions, without which Highway would fall back to SSE. Only the compiler's
  # own target is compiled: where that is Ice Lake's or newer, Highway 1.0 refuses to choose others.
  target_compile_definitions(moat_cpu_isa_${set} INTERFACE HWY_DISABLE_PCLMUL_AES HWY_COMPILE_ONLY_STATIC)
  # Kernels use vectors of SVE only where the compiler knows their length (backends/cpu/vectors.hpp): where
  # `native` has SVE, they use NEON beside it.
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$" AND NOT set STREQUAL sve256)
    target_compile_definitions(moat_cpu_isa_${set} INTERFACE
      "HWY_DISABLED_TARGETS=(HWY_SVE|HWY_SVE2|HWY_SVE_256|HWY_SVE2_128)")
  endif()
  target_link_libraries(moat_cpu_isa_${set} INTERFACE hwy::hwy)
endfunction()
foreach(set IN LISTS MOAT_CPU_SETS)
  moat_cpu_isa(${set})
endforeach()
# For what runs on the machine that builds it: tests of the vectors, emulators.
list(GET MOAT_CPU_SETS 0 MOAT_CPU_OWN)
if("native" IN_LIST MOAT_CPU_SETS)
  set(MOAT_CPU_OWN native)
endif()
add_library(moat_cpu_isa INTERFACE)
target_link_libraries(moat_cpu_isa INTERFACE moat_cpu_isa_${MOAT_CPU_OWN})

# moat_cpu_code(NAME TABLE HEADER SOURCES... LIBS... [DEFINITIONS...] [SOURCES_SET...]): compiles
# SOURCES for every set, or what SOURCES_SET names for SET. Each set's define
# `MOAT_CPU_TABLE(TABLE, NAME)` of backends/cpu/sets.hpp, a TABLE of its functions, which HEADER declares
# and cpu::chosen<TABLE>() gives. NAME_SOURCES is what the library then consists of; the targets,
# NAME_TARGETS, are NAME_SET, but NAME where the set is native.
function(moat_cpu_code name table header)
  list(TRANSFORM MOAT_CPU_SETS PREPEND SOURCES_ OUTPUT_VARIABLE of_sets)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS;DEFINITIONS;${of_sets}" ${ARGN})
  set(targets "")
  set(objects "")
  set(declared "")
  set(listed "")
  foreach(set IN LISTS MOAT_CPU_SETS)
    set(target ${name}_${set})
    if(set STREQUAL native)
      set(target ${name})
    endif()
    list(APPEND targets ${target})
    if(DEFINED ARG_SOURCES_${set})
      add_library(${target} OBJECT ${ARG_SOURCES_${set}})
    else()
      add_library(${target} OBJECT ${ARG_SOURCES})
    endif()
    target_compile_definitions(${target} PRIVATE MOAT_CPU_SET=${set} ${ARG_DEFINITIONS})
    target_link_libraries(${target} PRIVATE ${ARG_LIBS} moat_cpu_isa_${set})
    list(LENGTH MOAT_CPU_SETS count)
    if(set STREQUAL native OR count EQUAL 1)
      list(APPEND objects $<TARGET_OBJECTS:${target}>)
    else()
      set(whole ${CMAKE_CURRENT_BINARY_DIR}/${target}.o)
      add_custom_command(OUTPUT ${whole}
        COMMAND ${CMAKE_LINKER} -r --force-group-allocation -o ${whole} $<TARGET_OBJECTS:${target}>
        # Symbols that are to be unique in a process become local only once they are weak.
        COMMAND ${CMAKE_OBJCOPY} --weaken ${whole}
        COMMAND ${CMAKE_OBJCOPY} --keep-global-symbol=${name}_${set} ${whole}
        DEPENDS $<TARGET_OBJECTS:${target}>
        COMMAND_EXPAND_LISTS VERBATIM)
      set_property(GLOBAL APPEND PROPERTY MOAT_CPU_OBJECTS ${name}_${set}=${whole})
      set_source_files_properties(${whole} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
      list(APPEND objects ${whole})
    endif()
    string(APPEND declared "extern const moat::${table} ${name}_${set};\n")
    string(APPEND listed "&${name}_${set}, ")
  endforeach()
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp @ONLY CONTENT
"#include \"@header@\"

extern \"C\" {
@declared@}

namespace moat::cpu {
template <>
const ${table}* const Tables<${table}>::of[] = {@listed@nullptr};
}  // namespace moat::cpu
")
  set(${name}_SOURCES ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp ${objects} PARENT_SCOPE)
  set(${name}_TARGETS ${targets} PARENT_SCOPE)
endfunction()
