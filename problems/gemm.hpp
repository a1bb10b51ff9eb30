// SPDX-License-Identifier: Apache-2.0
// The GEMM problem: what is computed, and how its work is counted.
#pragma once

#include <cstdint>

#include "problems/dtype.hpp"

namespace moat {

// A is m × k, B is k × n (stored n × k when `order_b` is transposed), C is m × n; all of `dtype`,
// row-major with leading dimensions in elements (0: as wide as the matrix). Any m, n, k ≥ 1.
struct GemmProblem {
  DType dtype = DType::f32;
  int m = 1;
  int n = 1;
  int k = 1;
  Order order_b = Order::row_major;
  std::int64_t lda = 0;
  std::int64_t ldb = 0;
  std::int64_t ldc = 0;
  const void* a = nullptr;
  const void* b = nullptr;
  void* c = nullptr;
};

// One multiplication and one addition per product.
inline double flops(const GemmProblem& p) { return 2.0 * p.m * p.n * p.k; }

// Every operand moved once.
inline double bytes(const GemmProblem& p) {
  return (1.0 * p.m * p.k + 1.0 * p.k * p.n + 1.0 * p.m * p.n) *
         static_cast<double>(size_of(p.dtype));
}

}  // namespace moat
