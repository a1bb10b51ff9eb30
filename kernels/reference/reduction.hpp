// Reductions in float64. Pointers of the problem are the host's.
#pragma once

#include <algorithm>
#include <limits>

#include "kernels/problems/reduction.hpp"
#include "kernels/reference/estimate.hpp"

namespace moat::reference {

// Σx, Σ|x| and Σx². Parts of 4096 elements are summed one by one and their sums merged, which
// keeps the reference's own error below 2⁻⁴⁰ Σ|x| up to 10¹¹ elements.
inline Estimate sum(const ReductionProblem& p) {
  constexpr std::int64_t kPart = 4096;
  return with_dtype(p.dtype, [&]<class T>(Type<T>) {
    const auto* x = static_cast<const T*>(p.x);
    Estimate total;
    for (std::int64_t begin = 0; begin < p.n; begin += kPart) {
      Estimate part;
      for (std::int64_t i = begin; i < std::min(p.n, begin + kPart); ++i) part.add(to_float(x[i]));
      total.value += part.value;
      total.abs += part.abs;
      total.square += part.square;
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
