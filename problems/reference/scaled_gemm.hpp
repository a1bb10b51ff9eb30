// SPDX-License-Identifier: Apache-2.0
// Operands of a block-scaled GEMM, decoded. Pointers of the problem are the host's.
#pragma once

#include <cstdint>
#include <vector>

#include "problems/scaled_gemm.hpp"

namespace moat::reference {

// rows × k numbers; `together` rows share the scales of a row of them.
inline std::vector<float> decoded_blocks(const ScaledGemmProblem& p, const void* codes,
                                         const void* scales, int rows, int together) {
  const std::int64_t blocks = ceil_div(p.k, kPerScale);
  std::vector<float> numbers(std::int64_t{rows} * p.k);
  with_scaled_code(p.code, [&]<class C>(Type<C>) {
    with_scale(p.ue8m0, [&]<class Scale>(Type<Scale>) {
#pragma omp parallel for schedule(static)
      for (int row = 0; row < rows; ++row) {
        const C* from = static_cast<const C*>(codes) + std::int64_t{row} * p.k;
        float* to = numbers.data() + std::int64_t{row} * p.k;
        const Scale* of_row = static_cast<const Scale*>(scales) + row / together * blocks;
        for (int s = 0; s < p.k; ++s) to[s] = decode(from[s]) * decode(of_row[s / kPerScale]);
      }
    });
  });
  return numbers;
}

// A, m × k, and B, n × k.
inline std::vector<float> decoded_a(const ScaledGemmProblem& p) {
  return decoded_blocks(p, p.a, p.a_scales, p.m, 1);
}
inline std::vector<float> decoded_b(const ScaledGemmProblem& p) {
  return decoded_blocks(p, p.b, p.b_scales, p.n, kPerScale);
}

}  // namespace moat::reference
