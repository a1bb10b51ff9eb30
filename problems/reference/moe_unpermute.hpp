// SPDX-License-Identifier: Apache-2.0
// Weighted sums of rows in float64, one element at a time. Pointers of the problem are the host's.
#pragma once

#include <cstdint>

#include "problems/moe_unpermute.hpp"
#include "problems/reference/bound.hpp"

namespace moat::reference {

struct WeightedSum {
  double value;
  double bound;
};

// Element `col` of a token's row: each of `top` terms is a rounded product, which may be subnormal,
// and is added with a rounding, before the sum is rounded to the type.
inline WeightedSum weighted_sum(const MoeUnpermuteProblem& p, std::int64_t token,
                                std::int64_t col) {
  const auto* positions = static_cast<const std::int64_t*>(p.positions) + token * p.top;
  const auto* weights = static_cast<const float*>(p.weights) + token * p.top;
  Estimate sum;
  for (int i = 0; i < p.top; ++i) {
    sum.add(read(p.x, p.dtype, positions[i] * p.cols + col) * weights[i]);
  }
  const double error = growth(p.top + 1, Data::any) * sum.abs + 2 * p.top * underflow(DType::f32);
  return {.value = sum.value, .bound = rounded(sum.value, error, p.dtype)};
}

}  // namespace moat::reference
