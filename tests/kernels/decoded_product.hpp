// SPDX-License-Identifier: Apache-2.0
// What kernels that multiply codes are held to.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "problems/reference/bound.hpp"
#include "problems/reference/gemm.hpp"
#include "tests/kernels/on_device.hpp"

namespace moat::testing {

// Largest error ÷ bound of C, m × n of `dtype`, as A·Bᵀ of decoded operands; `operand_error` is how
// far each product of two elements may be off, relative to it.
inline double worst_of_product(const HostArray& c, DType dtype, int m, int n, int k,
                               const std::vector<float>& a, const std::vector<float>& b,
                               double operand_error) {
  const auto want = reference::gemm(reference::decoded_product(m, n, k, a, b));
  double worst = 0;
  for (std::int64_t i = 0; i < c.count(); ++i) {
    const double bound = reference::product_bound(k, dtype, want[i], reference::Data::random_signs,
                                                  operand_error, 0);
    worst = std::max(worst, reference::error_over_bound(c[i], want[i].value, bound, dtype));
  }
  return worst;
}

}  // namespace moat::testing
