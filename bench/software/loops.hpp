// SPDX-License-Identifier: Apache-2.0
// Steps that no kernel takes by itself, as plain loops of a host: each is what one call of an eager
// framework does. By so many OpenMP threads, with the vectors of the chosen instruction set; large
// results bypass the caches, as those of the kernels do. Results overlap no input.
#pragma once

#include <cstdint>

#include "backends/cpu/sets.hpp"
#include "problems/dtype.hpp"

namespace moat {

// Rows of a matrix of f32, `leading` elements from one to the next.
template <class T>
struct LoopRows {
  T* data;
  std::int64_t leading;
};

// Of dense tokens × heads × 2·half elements of f32.
struct HeadShape {
  std::int64_t tokens;
  std::int64_t heads;
  std::int64_t half;
};

// Compiled for each instruction set.
struct SoftwareLoops {
  // sum[i] = a[i] + b[i], rounded to the type, for n elements.
  void (*add_elements)(DType type, const void* a, const void* b, void* sum, std::int64_t n,
                       int threads);

  // y = x·σ(x) and y = a·b, element by element, for rows × cols of them.
  void (*silu_rows)(LoopRows<const float> x, LoopRows<float> y, std::int64_t rows,
                    std::int64_t cols, int threads);
  void (*multiply_rows)(LoopRows<const float> a, LoopRows<const float> b, LoopRows<float> y,
                        std::int64_t rows, std::int64_t cols, int threads);

  // y, of half as many elements, is −x of each head's second half.
  void (*negate_second_halves)(const float* x, float* y, const HeadShape& shape, int threads);

  // Each head of y is `first`'s, of half as many elements, and behind it the first half of x's.
  void (*join_halves)(const float* first, const float* x, float* y, const HeadShape& shape,
                      int threads);

  // y = x · factor[token][i], for elements i and half + i of every head.
  void (*scale_heads)(const float* x, const float* factor, float* y, const HeadShape& shape,
                      int threads);
};

inline const SoftwareLoops& loops() { return cpu::chosen<SoftwareLoops>(); }

}  // namespace moat
