// SPDX-License-Identifier: Apache-2.0
// Reductions in float64. Pointers of the problem are the host's.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "problems/reduction.hpp"
#include "problems/reference/estimate.hpp"

namespace moat::reference {

// A sum and what bounds the error of its partial sums.
struct SumEstimate : Estimate {
  double largest = 0;  // |x|
  double reach = 0;    // |Σ| of the first elements, whichever number of them
  int granule = std::numeric_limits<int>::max();  // every x is a multiple of 2^granule

  // Appends the elements that `next` is the sum of.
  void append(const SumEstimate& next) {
    // The prefixes of what is appended begin at this sum.
    reach = std::max(reach, std::abs(value) + next.reach);
    value += next.value;
    abs += next.abs;
    square += next.square;
    largest = std::max(largest, next.largest);
    granule = std::min(granule, next.granule);
  }
};

// Exponent of the least digit of x; the largest int of 0.
inline int granule(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t exponent = (bits >> 23) & 0xff;
  const std::uint32_t mantissa = (bits & 0x7fffff) | (exponent != 0 ? 0x800000 : 0);
  if (mantissa == 0) return std::numeric_limits<int>::max();
  return static_cast<int>(std::max(exponent, 1u)) - 150 + std::countr_zero(mantissa);
}

// Σx, Σ|x| and Σx². Parts of 4096 elements are summed one by one and their sums merged, which
// keeps the reference's own error below 2⁻⁴⁰ Σ|x| up to 10¹¹ elements.
inline SumEstimate sum(const ReductionProblem& p) {
  constexpr std::int64_t kPart = 4096;
  return with_dtype(p.dtype, [&]<class T>(Type<T>) {
    const auto* x = static_cast<const T*>(p.x);
    SumEstimate total;
    for (std::int64_t begin = 0; begin < p.n; begin += kPart) {
      SumEstimate part;
      for (std::int64_t i = begin; i < std::min(p.n, begin + kPart); ++i) {
        const float value = to_float(x[i]);
        part.add(value);
        part.largest = std::max(part.largest, std::abs(double{value}));
        part.granule = std::min(part.granule, granule(value));
        part.reach = std::max(part.reach, std::abs(part.value));
      }
      total.append(part);
    }
    return total;
  });
}

struct Peak {
  float value = -std::numeric_limits<float>::infinity();
  std::int64_t index = 0;  // first position; 0 if nothing is above −∞
};

// The maximum, passing over NaN.
inline Peak max(const ReductionProblem& p) {
  return with_dtype(p.dtype, [&]<class T>(Type<T>) {
    const auto* x = static_cast<const T*>(p.x);
    Peak peak;
    for (std::int64_t i = 0; i < p.n; ++i) {
      const float value = to_float(x[i]);
      if (value > peak.value) peak = {.value = value, .index = i};
    }
    return peak;
  });
}

}  // namespace moat::reference
