// SPDX-License-Identifier: Apache-2.0
// Matrix products of bfloat16 in the vector registers of arm64 (BFMMLA).
//
// BFMMLA adds the product of a block of the left operand, 2 rows of 4 elements, and one of the
// right operand, 2 columns of 4, to 2 × 2 sums in f32: 16 multiply-adds, where FMLA does 4.
//
// It multiplies exactly, rounds the sum of a pair of products, and rounds again what becomes of the
// sum so far (Arm ARM, "BFMMLA", where FPCR.EBF is 0, as Linux leaves it). It rounds to odd: off by
// less than a unit in the last place, 2u, up as likely as down. problems/reference/bound.hpp counts
// a rounding of u for each of k terms: at worst that is the same, since a term passes ⌈k/2⌉ of 2u;
// of random signs the squares of k/2 errors of 2u are twice those of k of u, so that of the bounds'
// λ = 8 there remain 5.6. Subnormal operands and results count as 0, as problems/dtype.hpp allows
// for bfloat16 and f32.
#pragma once

#include <cstdint>

#include "backends/cpu/lanes.hpp"

#if HWY_ARCH_ARM_A64 && defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC)
#define MOAT_CPU_BFMMLA 1
#else
#define MOAT_CPU_BFMMLA 0
#endif

#if MOAT_CPU_BFMMLA

#include <arm_neon.h>

namespace moat::cpu {

// Depth of a product.
inline constexpr int kBlockDepth = 4;
// Elements of an operand, and sums.
inline constexpr int kBlockElements = 2 * kBlockDepth;

// Rows and columns of sums that stay in registers: 24 vectors, beside the 4 of a step's columns and
// those of rows that are on their way. As many chains hide a latency of 5 on four pipelines.
inline constexpr int kRowPairs = 6;
inline constexpr int kColumnPairs = 4;
inline constexpr int kBlockRows = 2 * kRowPairs;
inline constexpr int kBlockCols = 2 * kColumnPairs;

// As kPackingCost: the 2 bytes of an element take 0.4 cycles at 5 bytes a cycle, in which four
// pipelines do 26 multiply-adds.
inline constexpr std::int64_t kBlockPackingCost = 26;

}  // namespace moat::cpu

#endif
