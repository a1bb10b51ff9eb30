// SPDX-License-Identifier: Apache-2.0
// Quantisation in float64: scales, the codes nearest to a number, and what is lost. Pointers of
// the problem are the host's.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "problems/quantise.hpp"
#include "problems/reference/bound.hpp"

namespace moat::reference {

// The scale of a block whose largest absolute value is `amax`, before it is rounded.
inline double exact_scale(double amax, Code code) {
  return std::max(amax, double{kLeastAmax}) / traits(code).largest;
}

// A scale of f32 is off by the rounding of a quotient, or of a product with the reciprocal of the
// largest number, which was rounded itself: (1 + u)² − 1.
inline constexpr double kScaleError = 2 * kRoundoffF32 + kRoundoffF32 * kRoundoffF32;

// The least power of two that is not below a scale, as its exponent with a bias of 127.
inline int exact_e8m0(double scale) {
  if (!std::isfinite(scale)) return 254;
  int exponent = 0;
  const double fraction = std::frexp(scale, &exponent);  // in [0.5, 1)
  return std::min(127 + (fraction == 0.5 ? exponent - 1 : exponent), 254);
}

// x ÷ a scale may be computed as x · (1 ÷ the scale) in f32: relative to it two roundings, none if
// the scale is a power of two.
inline double quotient_error(double scale) {
  int exponent = 0;
  return std::frexp(scale, &exponent) == 0.5 ? 0 : kScaleError;
}

// The code nearest to a number, of two the even one, limited to the largest. By division, not as
// encode() of problems/codes.hpp does.
template <Float8 F>
F nearest_code(double x) {
  constexpr int kLeast = 1 - F::kBias;
  if (std::isnan(x)) return {static_cast<std::uint8_t>(F::kFnuz ? 0x80 : 0x7f)};
  const double size = std::min(std::abs(x), double{kLargest<F>});
  const int exponent = size > 0 ? std::max(std::ilogb(size), kLeast) : kLeast;
  const double units = std::nearbyint(std::ldexp(size, F::kMantissa - exponent));
  const int code = static_cast<int>(units) + ((exponent - kLeast) << F::kMantissa);
  const int sign = std::signbit(x) && !(F::kFnuz && code == 0) ? 0x80 : 0;
  return {static_cast<std::uint8_t>(code | sign)};
}

// Whether a code is nearest to a number that may be off by `error`, relative to it.
template <Float8 F>
bool is_nearest(F code, double x, double error) {
  if (nearest_code<F>(x).bits == code.bits) return true;
  return error > 0 && (nearest_code<F>(x * (1 - error)).bits == code.bits ||
                       nearest_code<F>(x * (1 + error)).bits == code.bits);
}

// 1 − 2·Σxy ÷ Σ(x² + y²) of numbers x and what they became, y: 0 if they are the same, as DeepGEMM
// compares results (deep_gemm/testing/numeric.py, calc_diff).
struct Difference {
  double products = 0;
  double squares = 0;

  void add(double x, double y) {
    products += x * y;
    squares += x * x + y * y;
  }
  void merge(const Difference& other) {
    products += other.products;
    squares += other.squares;
  }
  double value() const { return squares > 0 ? 1 - 2 * products / squares : 0; }
};

}  // namespace moat::reference
