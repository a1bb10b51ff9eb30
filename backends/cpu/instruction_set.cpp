// SPDX-License-Identifier: Apache-2.0
// Compiled for each set: only the compiler's own macros tell what its options enable. Holds no
// code.
#include "backends/cpu/sets.hpp"

#define MOAT_CPU_TEXT_OF(set) #set
#define MOAT_CPU_TEXT(set) MOAT_CPU_TEXT_OF(set)

namespace {

constexpr const char* kFeatures[] = {
#ifdef __SSE4_2__
    "sse4_2",
#endif
#ifdef __AVX__
    "avx",
#endif
#ifdef __AVX2__
    "avx2",
#endif
#ifdef __FMA__
    "fma",
#endif
#ifdef __F16C__
    "f16c",
#endif
#ifdef __BMI__
    "bmi1",
#endif
#ifdef __BMI2__
    "bmi2",
#endif
#ifdef __AVX512F__
    "avx512f",
#endif
#ifdef __AVX512BW__
    "avx512bw",
#endif
#ifdef __AVX512DQ__
    "avx512dq",
#endif
#ifdef __AVX512VL__
    "avx512vl",
#endif
#ifdef __AVX512VBMI__
    "avx512vbmi",
#endif
#ifdef __AVX512VBMI2__
    "avx512_vbmi2",
#endif
#ifdef __AVX512IFMA__
    "avx512ifma",
#endif
#ifdef __AVX512VNNI__
    "avx512_vnni",
#endif
#ifdef __AVX512BITALG__
    "avx512_bitalg",
#endif
#ifdef __AVX512VPOPCNTDQ__
    "avx512_vpopcntdq",
#endif
#ifdef __AVX512BF16__
    "avx512_bf16",
#endif
#ifdef __AVX512FP16__
    "avx512_fp16",
#endif
#ifdef __GFNI__
    "gfni",
#endif
#ifdef __VAES__
    "vaes",
#endif
#ifdef __VPCLMULQDQ__
    "vpclmulqdq",
#endif
#ifdef __AMX_TILE__
    "amx_tile",
#endif
#ifdef __AMX_BF16__
    "amx_bf16",
#endif
#ifdef __AMX_INT8__
    "amx_int8",
#endif
#ifdef __ARM_NEON
    "asimd",
#endif
#ifdef __ARM_FEATURE_CRYPTO
    "aes",
    "pmull",
    "sha1",
    "sha2",
#endif
#ifdef __ARM_FEATURE_CRC32
    "crc32",
#endif
#ifdef __ARM_FEATURE_ATOMICS
    "atomics",
#endif
#ifdef __ARM_FEATURE_QRDMX
    "asimdrdm",
#endif
#ifdef __ARM_FEATURE_FP16_SCALAR_ARITHMETIC
    "fphp",
#endif
#ifdef __ARM_FEATURE_FP16_VECTOR_ARITHMETIC
    "asimdhp",
#endif
#ifdef __ARM_FEATURE_DOTPROD
    "asimddp",
#endif
#ifdef __ARM_FEATURE_BF16_VECTOR_ARITHMETIC
    "bf16",
#endif
#ifdef __ARM_FEATURE_MATMUL_INT8
    "i8mm",
#endif
#ifdef __ARM_FEATURE_SVE
    "sve",
#ifdef __ARM_FEATURE_SVE_BF16
    "svebf16",
#endif
#ifdef __ARM_FEATURE_SVE_MATMUL_INT8
    "svei8mm",
#endif
#endif
    nullptr,
};

}  // namespace

MOAT_CPU_TABLE(cpu::InstructionSet, moat_cpu_set) = {
    .name = MOAT_CPU_TEXT(MOAT_CPU_SET),
    .architecture =
#if defined(__AMX_TILE__) && defined(__AMX_BF16__)
        "amx",
#elif defined(__AVX512BF16__) && defined(__AVX512VBMI__)
        "avx512bf16",
#elif defined(__AVX512F__)
        "avx512",
#elif defined(__AVX2__)
        "avx2",
#elif defined(__SSE4_2__)
        "sse4",
#elif defined(__ARM_FEATURE_SVE_BITS) && __ARM_FEATURE_SVE_BITS == 256
        "sve256",
#elif defined(__ARM_NEON) && defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC) && \
    defined(__ARM_FEATURE_MATMUL_INT8)
        "neonbf16",
#elif defined(__ARM_NEON)
        "neon",
#else
        "baseline",
#endif
    .features = kFeatures,
};
