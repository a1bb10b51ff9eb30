# SPDX-License-Identifier: Apache-2.0
# moat_cpu_isa: Highway and the instruction set that MOAT_CPU names, for targets whose code runs
# only on processors that have it. Highway takes its target from the compiler's options.

set(MOAT_CPU_FLAGS_native -march=native)
set(MOAT_CPU_FLAGS_avx2 -march=x86-64-v3)
set(MOAT_CPU_FLAGS_avx512 -march=x86-64-v4)
# Highway compiles its NEON functions with the cryptographic extension.
set(MOAT_CPU_FLAGS_neon -march=armv8-a+crypto)
if(NOT DEFINED MOAT_CPU_FLAGS_${MOAT_CPU})
  message(FATAL_ERROR "MOAT_CPU=${MOAT_CPU} is not known; use native, avx2, avx512 or neon.")
endif()

add_library(moat_cpu_isa INTERFACE)
# Products and sums of kernels fuse with every compiler, as they do on GPUs.
target_compile_options(moat_cpu_isa INTERFACE ${MOAT_CPU_FLAGS_${MOAT_CPU}} -ffp-contract=fast)
# x86-64-v3 lacks AES instructions, without which Highway would fall back to SSE. Only the compiler's
# own target is compiled: where that is Ice Lake's or newer, Highway 1.0 refuses to choose others.
target_compile_definitions(moat_cpu_isa INTERFACE HWY_DISABLE_PCLMUL_AES HWY_COMPILE_ONLY_STATIC)
target_link_libraries(moat_cpu_isa INTERFACE hwy::hwy)
