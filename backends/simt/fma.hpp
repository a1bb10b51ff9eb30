// SPDX-License-Identifier: Apache-2.0
// The matrix atom of an architecture without matrix instructions: every lane multiplies and adds.
#pragma once

#include "backends/simt/atoms.hpp"

namespace moat::simt {

// Lane l holds row l mod m and four neighbouring columns of the product, so that a store is 16
// bytes of f32 and each product of a lane reads 4 + 16 elements for 16 multiplications.
template <int kWaveWidth>
struct FmaAtom {
  static constexpr int m = kWaveWidth / 4;
  static constexpr int n = 16;
  static constexpr int k = 4;
  using Element = float;
  static constexpr bool kUnrolled = false;

  struct Left {
    static constexpr int kRegisters = k;
    static constexpr MOAT_SHARED_FN Position at(int lane, int r) {
      return {.row = lane % m, .col = r};
    }
  };
  struct Right {
    static constexpr int kRegisters = 4 * k;
    static constexpr MOAT_SHARED_FN Position at(int lane, int r) {
      return {.row = r / 4, .col = lane / m * 4 + r % 4};
    }
  };
  struct Acc {
    static constexpr int kRegisters = 4;
    static constexpr MOAT_SHARED_FN Position at(int lane, int r) {
      return {.row = lane % m, .col = lane / m * 4 + r};
    }
  };

  static MOAT_FN void multiply(float (&c)[Acc::kRegisters], const float (&a)[Left::kRegisters],
                               const float (&b)[Right::kRegisters]) {
    MOAT_UNROLL
    for (int i = 0; i < k; ++i) {
      MOAT_UNROLL
      for (int j = 0; j < 4; ++j) c[j] = __builtin_fmaf(a[i], b[4 * i + j], c[j]);
    }
  }
};

}  // namespace moat::simt
