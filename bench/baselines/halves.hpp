// SPDX-License-Identifier: Apache-2.0
// f16 and bf16 from and to f32 with the vector instructions of this build.
#pragma once

#include <cstdint>

#include "problems/dtype.hpp"

namespace moat {

// `to` is dense; rows of `from` are `stride` elements apart.
void widen_halves(DType type, const void* from, std::int64_t stride, float* to, std::int64_t rows,
                  std::int64_t cols, int threads);

// `from` is dense; rows of `to` are `stride` elements apart. Rounds to nearest even.
void narrow_halves(DType type, const float* from, void* to, std::int64_t stride, std::int64_t rows,
                   std::int64_t cols, int threads);

}  // namespace moat
