// SPDX-License-Identifier: Apache-2.0
// What the float64 references give for one element of a result.
#pragma once

#include <cmath>
#include <cstdint>

#include "problems/dtype.hpp"

namespace moat::reference {

// A sum of terms t in float64: Σt, Σ|t| and Σt². The last two scale the error that an
// implementation in a lower precision may make.
struct Estimate {
  double value = 0;
  double abs = 0;
  double square = 0;

  void add(double term) {
    value += term;
    abs += term < 0 ? -term : term;
    square += term * term;
  }
};

// Smallest normal number above 0: 2^(1 - e) where the largest finite one is below 2^(e + 1).
inline double smallest_normal(DType dtype) {
  return std::ldexp(1.0, 1 - std::ilogb(traits(dtype).largest));
}

// Below this, operands of matrix instructions count as zero where these flush subnormal ones.
inline double flushed_below(DType dtype) {
  return size_of(dtype) == 2 ? smallest_normal(dtype) : 0;
}

// Element `index` of an array of `dtype` on the host.
inline double read(const void* data, DType dtype, std::int64_t index) {
  return with_dtype(dtype, [&]<class T>(Type<T>) {
    return static_cast<double>(to_float(static_cast<const T*>(data)[index]));
  });
}

}  // namespace moat::reference
