// SPDX-License-Identifier: Apache-2.0
// The reduction problem: what is computed, and how its work is counted.
#pragma once

#include <cstdint>

#include "problems/dtype.hpp"

namespace moat {

enum class ReductionOp : std::uint8_t { sum, max, argmax };

// x holds n ≥ 1 elements of `dtype`. The result is a float (sum, max) or a std::int64_t (argmax:
// the first position of the maximum). max and argmax pass over NaN.
struct ReductionProblem {
  ReductionOp op = ReductionOp::sum;
  DType dtype = DType::f32;
  std::int64_t n = 1;
  const void* x = nullptr;
  void* result = nullptr;
};

// One addition or comparison per element.
inline double flops(const ReductionProblem& p) { return static_cast<double>(p.n); }

inline double bytes(const ReductionProblem& p) {
  return static_cast<double>(p.n) * static_cast<double>(size_of(p.dtype)) +
         (p.op == ReductionOp::argmax ? 8.0 : 4.0);
}

}  // namespace moat
