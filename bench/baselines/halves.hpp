// SPDX-License-Identifier: Apache-2.0
// f16 and bf16 from and to f32 with the vectors of the chosen instruction set.
#pragma once

#include <cstdint>

#include "backends/cpu/sets.hpp"
#include "problems/dtype.hpp"

namespace moat {

// Compiled for each instruction set.
struct HalvesLoops {
  void (*widen)(DType type, const void* from, std::int64_t stride, float* to, std::int64_t rows,
                std::int64_t cols, int threads);
  void (*narrow)(DType type, const float* from, void* to, std::int64_t stride, std::int64_t rows,
                 std::int64_t cols, int threads);
};

// `to` is dense; rows of `from` are `stride` elements apart.
inline void widen_halves(DType type, const void* from, std::int64_t stride, float* to,
                         std::int64_t rows, std::int64_t cols, int threads) {
  cpu::chosen<HalvesLoops>().widen(type, from, stride, to, rows, cols, threads);
}

// `from` is dense; rows of `to` are `stride` elements apart. Rounds to nearest even.
inline void narrow_halves(DType type, const float* from, void* to, std::int64_t stride,
                          std::int64_t rows, std::int64_t cols, int threads) {
  cpu::chosen<HalvesLoops>().narrow(type, from, to, stride, rows, cols, threads);
}

}  // namespace moat
