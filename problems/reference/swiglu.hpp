// SPDX-License-Identifier: Apache-2.0
// SwiGLU in float64, one element at a time. Pointers of the problem are the host's.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "problems/reference/bound.hpp"
#include "problems/swiglu.hpp"

namespace moat::reference {

struct SwigluElement {
  double y;
  double bound;
};

// Element `col` of row `row`, and how far a kernel's may lie from it.
//
// y = g·s·u with s = 1 ÷ (1 + e), e = exp(−t). What e is off by, relative to e, s is off by no more
// than that, relative to s. The rounded exponent, the sum, the division and two products add a
// rounding each; with a limit so do the slope and u + 1. An e beyond the range of f32 makes s
// vanish, which is below its smallest normal number then.
inline SwigluElement swiglu_element(const SwigluProblem& p, std::int64_t row, std::int64_t col) {
  return with_dtype(p.dtype, [&]<class T>(Type<T>) -> SwigluElement {
    const T* x = static_cast<const T*>(p.x) + row * 2 * p.cols;
    double gate = to_float(x[col]);
    double value = to_float(x[p.cols + col]);
    double exponent = gate;
    if (const double limit = p.limit; limit > 0) {
      gate = std::min(gate, limit);
      value = std::clamp(value, -limit, limit) + 1;
      exponent = double{kLimitedSlope} * gate;
    }
    constexpr double kRoundings = 8;
    const double y = gate / (1 + std::exp(-exponent)) * value;
    const double relative = exp_error(std::abs(exponent)) + kRoundings * kRoundoffF32;
    const double vanished = underflow(DType::f32) * (1 + std::abs(gate * value));
    return {.y = y, .bound = rounded(y, std::abs(y) * relative + vanished, p.dtype)};
  });
}

}  // namespace moat::reference
