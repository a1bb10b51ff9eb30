// SPDX-License-Identifier: Apache-2.0
// Matrix instructions that add up products of 8-bit floats in few bits, bit by bit as
// problems/reference/code_sums.hpp says, and block-scaled products made of them.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <vector>

#include "problems/scaled_gemm.hpp"

namespace moat::testing {

inline constexpr int kProductsAdded = 32;  // by an instruction

// One instruction: c and the products of up to 32 codes, with `bits` bits behind the point.
template <class C>
float add_codes(float c, std::span<const C> a, std::span<const C> b, int bits) {
  const auto exponent = [](C code) { return std::max(code.bits >> 3 & 15, 1) - C::kBias; };
  int e = c == 0 ? 2 - 2 * C::kBias : std::ilogb(c);
  for (std::size_t i = 0; i < a.size(); ++i) e = std::max(e, exponent(a[i]) + exponent(b[i]));
  // Whole numbers of 2^(e − bits), which 64 bits hold many of.
  const double whole = std::ldexp(1.0, bits - e);
  auto sum = static_cast<std::int64_t>(c * whole);
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += static_cast<std::int64_t>(decode(a[i]) * decode(b[i]) * whole);
  }
  const auto size = static_cast<std::uint64_t>(std::abs(sum));
  const int behind = std::max(static_cast<int>(std::bit_width(size)) - 1 - bits, 0);
  return static_cast<float>(static_cast<double>(sum / (std::int64_t{1} << behind)) *
                            std::ldexp(1.0, behind) / whole);
}

// The sum of a block's products, from such instructions; without bits, in float64, where it is
// exact.
template <class C>
double block_sum(std::span<const C> a, std::span<const C> b, std::optional<int> bits) {
  double exact = 0;
  float sum = 0;
  for (std::size_t k = 0; k < a.size(); k += kProductsAdded) {
    const std::size_t steps = std::min<std::size_t>(kProductsAdded, a.size() - k);
    if (bits) sum = add_codes(sum, a.subspan(k, steps), b.subspan(k, steps), *bits);
    for (std::size_t s = k; s < k + steps; ++s) exact += double{decode(a[s])} * decode(b[s]);
  }
  return bits ? sum : exact;
}

// What a wrong kernel does.
struct ScaledFaults {
  bool no_scales = false;
  int scale_row = 0;    // how many rows below lies the scale of A that is taken
  int lost_block = -1;  // which block of k is left out
  int wrong_code = -1;  // the step of the middle row of A at which the next code is taken
};

// C of a problem whose pointers are the host's; blocks are added in f32.
inline void solve_by_blocks(const ScaledGemmProblem& p, std::optional<int> bits,
                            const ScaledFaults& faults = {}) {
  const int blocks = ceil_div(p.k, kPerScale);
  const auto solve = [&]<class T, class C, class Scale>(Type<T>, Type<C>, Type<Scale>) {
    const auto* a_scales = static_cast<const Scale*>(p.a_scales);
    const auto* b_scales = static_cast<const Scale*>(p.b_scales);
    for (int row = 0; row < p.m; ++row) {
      const C* from = static_cast<const C*>(p.a) + std::int64_t{row} * p.k;
      std::vector<C> a(from, from + p.k);
      if (faults.wrong_code >= 0 && row == p.m / 2) a[faults.wrong_code] = a[faults.wrong_code + 1];
      const int scale_row = (row + faults.scale_row) % p.m;
      for (int col = 0; col < p.n; ++col) {
        const std::span b(static_cast<const C*>(p.b) + std::int64_t{col} * p.k, p.k);
        float sum = 0;
        for (int block = 0; block < blocks; ++block) {
          if (block == faults.lost_block) continue;
          const int k = block * kPerScale;
          const int steps = std::min(p.k - k, kPerScale);
          const auto of_block = static_cast<float>(
              block_sum<C>(std::span(a).subspan(k, steps), b.subspan(k, steps), bits));
          const float scale = decode(a_scales[scale_row * blocks + block]) *
                              decode(b_scales[col / kPerScale * blocks + block]);
          sum += of_block * (faults.no_scales ? 1 : scale);
        }
        static_cast<T*>(p.c)[std::int64_t{row} * p.n + col] = from_float<T>(sum);
      }
    }
  };
  with_dtype(p.dtype, [&]<class T>(Type<T> type) {
    with_scaled_code(p.code, [&]<class C>(Type<C> code) {
      with_scale(p.ue8m0, [&]<class Scale>(Type<Scale> scale) { solve(type, code, scale); });
    });
  });
}

}  // namespace moat::testing
