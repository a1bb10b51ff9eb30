// SPDX-License-Identifier: Apache-2.0
// Operands of a block-scaled GEMM, decoded. Pointers of the problem are the host's.
#pragma once

#include <cstdint>
#include <type_traits>
#include <vector>

#include "problems/scaled_gemm.hpp"

namespace moat::reference {

// Codes that such a GEMM takes.
template <class C>
inline constexpr bool kIsScaledCode = std::is_same_v<C, e4m3> || std::is_same_v<C, e4m3fnuz>;

// rows × k numbers; `together` rows share the scales of a row of them.
inline std::vector<float> decoded_blocks(const ScaledGemmProblem& p, const void* codes,
                                         const void* scales, int rows, int together) {
  const std::int64_t blocks = ceil_div(p.k, kPerScale);
  const auto* factors = static_cast<const float*>(scales);
  std::vector<float> numbers(std::int64_t{rows} * p.k);
  with_code(p.code, [&]<class C>(Type<C>) {
    if constexpr (kIsScaledCode<C>) {
#pragma omp parallel for schedule(static)
      for (int row = 0; row < rows; ++row) {
        const C* from = static_cast<const C*>(codes) + std::int64_t{row} * p.k;
        float* to = numbers.data() + std::int64_t{row} * p.k;
        const float* of_row = factors + row / together * blocks;
        for (int s = 0; s < p.k; ++s) to[s] = decode(from[s]) * of_row[s / kPerScale];
      }
    }
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
