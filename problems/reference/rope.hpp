// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding in float64, one element at a time. Pointers of the problem are the
// host's.
#pragma once

#include <cmath>
#include <cstdint>

#include "problems/reference/bound.hpp"
#include "problems/rope.hpp"

namespace moat::reference {

struct RopeElement {
  double y;
  double bound;
};

// Element `element` of head `head` of a token, and how far a kernel's may lie from it: two products
// and a sum are rounded in f32, and may be subnormal, before the result is.
inline RopeElement rope_element(const RopeProblem& p, std::int64_t token, int head, int element) {
  const int half = p.head_dim / 2;
  const bool second = p.interleaved ? element % 2 != 0 : element >= half;
  const int pair = p.interleaved ? element / 2 : element % half;
  const int apart = p.interleaved ? 1 : half;
  const int other = second ? element - apart : element + apart;
  const double cos = static_cast<const float*>(p.cos)[token * half + pair];
  const double sin = static_cast<const float*>(p.sin)[token * half + pair];
  return with_dtype(p.dtype, [&]<class T>(Type<T>) -> RopeElement {
    const T* x = static_cast<const T*>(p.x) + (token * p.heads + head) * p.head_dim;
    const double own = to_float(x[element]) * cos;
    const double turned = to_float(x[other]) * (second ? sin : -sin);
    constexpr double kRoundings = 2;
    const double error =
        kRoundings * kRoundoffF32 * (std::abs(own) + std::abs(turned)) + 3 * underflow(DType::f32);
    return {.y = own + turned, .bound = rounded(own + turned, error, p.dtype)};
  });
}

}  // namespace moat::reference
