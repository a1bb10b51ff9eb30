// SPDX-License-Identifier: Apache-2.0
// How far a correct result may lie from the float64 reference, element by element.
//
// Every bound is built from six parts, which hold for any order of summation and any block size:
//
// 1. Roundings in f32. A sum of n terms is off by at most n·u · Σ|t| (Higham 2002, section 4.2,
//    with γ_n replaced by n·u: Jeannerod and Rump 2013). Roundings that are independent with mean 0
//    stay below λ·√n·u, save with probability 2·exp(−λ²/2) (Higham and Mary 2019).
// 2. Signs of the data. If the terms are independent and as likely negative as positive, as those
//    of the benchmark's products are, then errors δ·t with |δ| ≤ ε, and the partial sums of t, stay
//    below ε · λ · sqrt(Σt²), save with probability 2·exp(−λ²/2) (Hoeffding 1963). How far the
//    partial sums of a vector reach, whose signs are alike in runs, is taken from its elements.
// 3. Rounding of the result to its type: its unit roundoff times the result.
// 4. Underflow, where relative errors mean nothing.
// 5. Operands that count as zero, on a device whose matrix instructions take subnormal ones for
//    that (DeviceInfo::flushes_subnormals): |a·b| of each product with such a factor, and no more.
// 6. Truncations, on a device whose matrix instructions add up products of 8-bit floats in fewer
//    bits than f32 has (DeviceInfo::code_sum_bits): code_sums.hpp.
//
// The worst case (n·u, Σ|t|) is so wide for long sums that products in TF32 or sums in binary16
// would pass; with inputs of random sign the smaller of both bounds is taken, with λ = 8:
// 2·exp(−32) < 3·10⁻¹⁴ per element.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "problems/problem.hpp"
#include "problems/reference/estimate.hpp"
#include "problems/reference/reduction.hpp"
#include "problems/summation.hpp"

namespace moat::reference {

// What is known of the inputs: nothing, or that signs are independent and fair.
enum class Data : std::uint8_t { any, random_signs };

// How the terms of a sum were added: as kernels/monoids.hpp does, or in f32 in any order
// (libraries).
enum class Summation : std::uint8_t { folded, any_order };

inline constexpr double kLambda = 8;
inline constexpr double kRoundoffF32 = 0x1p-24;

// Largest relative error of rounding to `dtype`.
constexpr double unit_roundoff(DType dtype) { return traits(dtype).roundoff(); }

// Largest absolute error of rounding near 0.
constexpr double underflow(DType dtype) { return traits(dtype).underflow; }

// Largest finite value.
constexpr double largest(DType dtype) { return traits(dtype).largest; }

// Relative error of a sum of n terms in f32, of Σ|t|.
inline double growth(double n, Data data) {
  return kRoundoffF32 * (data == Data::any ? n : std::min(n, kLambda * std::sqrt(n)));
}

// Largest |Σ δ·t| with |δ| ≤ 1.
inline double spread(const Estimate& t, Data data) {
  return data == Data::any ? t.abs : std::min(t.abs, kLambda * std::sqrt(t.square));
}

// Adds the rounding of a result to `dtype` to an error made in f32.
inline double rounded(double value, double error, DType dtype) {
  return error + unit_roundoff(dtype) * (std::abs(value) + error) + underflow(dtype);
}

// An element of a product of matrices over k, rounded to `dtype`. `operand_error` is how far each
// a·b may be off, relative to it, before it is added; `lost` is what the sum may lose besides:
// Σ|a·b| over what counts as zero, truncations.
inline double product_bound(int k, DType dtype, const Estimate& c, Data data, double operand_error,
                            double lost) {
  const double relative = operand_error + growth(k, data) * (1 + operand_error);
  // Products below the smallest normal number may vanish.
  return rounded(c.value, relative * spread(c, data) + k * underflow(DType::f32) + lost, dtype);
}

// An element of C.
inline double bound(const GemmProblem& p, const Estimate& c, Data data, double flushed = 0) {
  return product_bound(p.k, p.dtype, c, data, 0, flushed);
}

// Relative error of exp(x) computed as exp2 of a product, with |x| up to `range`: the constant, the
// product and a subtraction are rounded; exp2 is good to 4 units in the last place (8 roundoffs).
inline double exp_error(double range) { return (8 + 4 * range) * kRoundoffF32; }

// What is known of a row of attention: the largest scale · Σ|q·k| and |scale · Σ q·k| of a visible
// key, how many there are, the largest scale · Σ|q·k| over products that count as zero, the terms
// of each sum, and |logit| of a sink, 0 without one.
struct Logits {
  double abs = 0;
  double value = 0;
  int visible = 0;
  double flushed = 0;
  int dim = 0;
  double sink = 0;
};

// δ, the relative error of a weight: a logit is off by E = (d + 2)·u · scale · Σ|q·k| + roundings
// of the exponent, which shifts its weight p by exp(E) − 1; partial results of key ranges are
// merged with such weights once more.
inline double weight_error(const Logits& x) {
  const double exponent = growth(x.dim + 2, Data::any) * x.abs + exp_error(2 * x.value) + x.flushed;
  const double merge = exp_error(2 * (x.value + std::log(x.visible) + 1));
  return std::expm1(exponent + merge);
}

// An element of O, o = Σ p·v ÷ Σ p over n visible keys. To first order:
// - δ counts in the numerator and in the denominator.
// - p is rounded to the type of V for the product (relative u_T, absolute below the normal range),
//   before or after it is normalised; or not at all.
// - Numerator and denominator are sums of n terms, rescaled as the maximum rises: 2n roundings.
// - Weights depend on Q and K only, so that V's signs are independent of their errors.
// - The weight of a sink is off by that of an exponential of it, relative to a log-sum-exp.
// `value_abs` is Σ|v| of the element's column, `flushed` Σ|p·v| ÷ Σ p over what counts as zero.
inline double attention_bound(DType dtype, const Estimate& o, double value_abs,
                              const Logits& logits, Data data, double flushed) {
  if (logits.visible == 0) return underflow(dtype);
  const double of_sink =
      logits.sink == 0 ? 0
                       : exp_error(2 * (logits.sink + logits.value + std::log(logits.visible) + 1));
  const double weight = weight_error(logits) + of_sink;
  const double sums = growth(2.0 * logits.visible + 4, data);
  const double narrow = dtype == DType::f32 ? 0 : unit_roundoff(dtype);
  // Values of one sign add up to more than those of random signs.
  const double reach = std::min(o.abs, std::max(spread(o, data), std::abs(o.value)));
  const double numerator = (narrow * (1 + weight) + weight + sums) * reach + flushed;
  const double denominator = (weight + sums + 4 * kRoundoffF32) * std::abs(o.value);
  return rounded(o.value,
                 (numerator + denominator) * (1 + weight + sums) + underflow(dtype) * value_abs,
                 dtype);
}
inline double bound(const AttentionProblem& p, const Estimate& o, double value_abs,
                    const Logits& logits, Data data, double flushed = 0) {
  return attention_bound(p.dtype, o, value_abs, logits, data, flushed);
}
inline double bound(const PagedAttentionProblem& p, const Estimate& o, double value_abs,
                    const Logits& logits, Data data, double flushed = 0) {
  return attention_bound(p.dtype, o, value_abs, logits, data, flushed);
}

// log2 of the sum of the weights, l, in f32. A relative error ε of the sum of n terms, of its
// weights and of their addition, moves it by log2(e) · ε; maximum, logarithm, their product with
// log2(e) and sum are rounded, each relative to |l| or the largest exponent.
inline double log2_sum_bound(double l, const Logits& logits, Data data) {
  if (logits.visible == 0) return 0;
  const double relative = weight_error(logits) + growth(2.0 * logits.visible + 4, data);
  const double reach =
      std::abs(l) + (logits.value + std::log(logits.visible) + 1) * std::numbers::log2e;
  return std::numbers::log2e * relative * (1 + relative) + 8 * kRoundoffF32 * reach;
}

// Relative error of a sum of n terms ≥ 0, of which folded ones are added as those of a reduction.
inline double sum_error(double n, Summation summation, Data data) {
  return summation == Summation::folded ? growth(std::min<double>(n, kFoldInterval) + 4, Data::any)
                                        : growth(n, data);
}

// An element of softmax, y = exp(x − top) ÷ Σ exp(x − top); `range` is |x − top|, `widest` its
// largest value in the row.
inline double bound(const RowsProblem& p, double y, double range, double widest,
                    Summation summation, Data data) {
  // The sum is at least 1 and its terms' errors are below exp(−r) · r ≤ 1 ÷ e each. Of a row that
  // is summed in parts, of 4096 columns or more, a term has another exponential, whose range and
  // the first one's add up to the same; sums of parts are added plainly.
  const double parts =
      p.cols < 2 * 4096 ? 0 : exp_error(0) + growth(2 + p.cols / 4096.0, Data::any);
  const double sum = exp_error(std::min(widest, p.cols / std::numbers::e)) + parts +
                     sum_error(p.cols, summation, data);
  const double relative = exp_error(range) + sum + 4 * kRoundoffF32;
  return rounded(y, y * relative + underflow(DType::f32), p.dtype);
}

// An element of RMSNorm. The sum of squares enters by its root; root, division and products add a
// few roundings.
inline double bound(const RowsProblem& p, double y, Summation summation, Data data) {
  const double relative = sum_error(p.cols + 2, summation, data) / 2 + 12 * kRoundoffF32;
  return rounded(y, std::abs(y) * relative + underflow(DType::f32), p.dtype);
}

// A sum of p.n elements. Folded: up to kFoldInterval additions are plain, and exact if all elements
// are multiples of a number that their sums hold; these sums are added with what each addition
// lost, and what was lost is added up plainly, an error of second order.
inline double bound(const ReductionProblem& p, const SumEstimate& x, Summation summation,
                    Data data) {
  const auto n = static_cast<double>(p.n);
  // Partial sums of elements whose signs are alike in runs go further than those of random signs.
  const double partial =
      data == Data::any ? x.abs : std::min(x.abs, std::max(spread(x, data), 2 * x.reach));
  if (summation == Summation::any_order) {
    return rounded(x.value, growth(n, data) * partial, DType::f32);
  }
  const double chunk = std::min<double>(kFoldInterval, n);
  // n roundings, each of at most u times a partial sum of `chunk` elements.
  double plain = growth(chunk, Data::any) * x.abs;
  if (std::ldexp(x.largest * chunk, -x.granule) <= 0x1p24) {
    plain = 0;
  } else if (data == Data::random_signs) {
    const double rms = std::sqrt(x.square / n);
    plain =
        std::min(plain, kLambda * std::sqrt(n) * kRoundoffF32 * kLambda * std::sqrt(chunk) * rms);
  }
  const double second_order = kRoundoffF32 * growth(n, data) * partial;
  return rounded(x.value, plain + second_order + 4 * kRoundoffF32 * std::abs(x.value), DType::f32);
}

// Error ÷ bound of one element: above 1 is wrong. Infinite for a NaN, and for anything but the
// reference where the bound is 0. An infinity passes where the reference overflows `dtype`.
inline double error_over_bound(double got, double want, double bound, DType dtype) {
  if (std::isnan(got)) return std::numeric_limits<double>::infinity();
  if (std::isinf(got)) {
    const bool overflow = std::abs(want) + bound >= largest(dtype) && (got > 0) == (want > 0);
    return overflow ? 0 : std::numeric_limits<double>::infinity();
  }
  const double error = std::abs(got - want);
  if (error == 0) return 0;
  return bound > 0 ? error / bound : std::numeric_limits<double>::infinity();
}

}  // namespace moat::reference
