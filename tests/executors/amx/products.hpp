// SPDX-License-Identifier: Apache-2.0
// Products of tiles: c (rows × 16 words) += a (rows × depth words) · b (depth × 16 words). Words
// beyond the columns of a tile are zeros, and are left so by integers; of floats the caller clears
// them, as infinity times 0 is none.
#pragma once

#include "tests/executors/amx/tiles.hpp"

namespace moat::amx {

// Words are pairs of bfloat16, or of binary16. Sums of first and of second elements are fused
// multiplications and additions in f32, step by step from 0; then both are added, and their sum to
// c (the manual's "Operation" of TDPBF16PS and of TDPFP16PS). Each rounds to nearest even and
// flushes subnormal results; subnormal inputs count as 0, but those of binary16. MXCSR is neither
// consulted nor updated.
void multiply_bf16(Tile& c, const Tile& a, const Tile& b, int rows, int depth);
void multiply_f16(Tile& c, const Tile& a, const Tile& b, int rows, int depth);

// Words are four integers of 8 bits; sums wrap around.
void multiply_int8(Tile& c, const Tile& a, const Tile& b, int rows, int depth, bool a_signed,
                   bool b_signed);

}  // namespace moat::amx
