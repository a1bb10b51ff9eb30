// Functions of FloatLanes that kernels call, and the same of a float.
#pragma once

#include <hwy/contrib/math/math-inl.h>

#include <cmath>
#include <numbers>

#include "backends/cpu/lanes.hpp"

namespace moat::cpu {

// 2ʳ for r in [−0.5, 0.5]: minimax polynomial with p(0) = 1 (Remez; its linear term rounds to ln
// 2); relative error 2·10⁻⁹.
inline hn::Vec<FloatTag> exp2_fraction(hn::Vec<FloatTag> r) {
  const FloatTag f;
  auto p = hn::Set(f, 0x1.41fbbcp-13f);
  p = hn::MulAdd(p, r, hn::Set(f, 0x1.5f3e52p-10f));
  p = hn::MulAdd(p, r, hn::Set(f, 0x1.3b2d4cp-7f));
  p = hn::MulAdd(p, r, hn::Set(f, 0x1.c6aee8p-5f));
  p = hn::MulAdd(p, r, hn::Set(f, 0x1.ebfbdcp-3f));
  p = hn::MulAdd(p, r, hn::Set(f, std::numbers::ln2_v<float>));
  return hn::MulAdd(p, r, hn::Set(f, 1.0f));
}

// 2ˣ within 2 units in the last place, subnormal results included; 0 below −150, +∞ from 128 on,
// NaN for NaN.
inline FloatLanes exp2(FloatLanes x) {
#if HWY_MAX_BYTES == 64 && HWY_ARCH_X86
  // What is left of an infinity is 0.
  const hn::Vec<FloatTag> r{
      _mm512_reduce_ps(x.v.raw, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
  // A lane that is masked off costs no assist for its underflow; NaN stays.
  const auto kept = _mm512_cmp_ps_mask(x.v.raw, _mm512_set1_ps(-150.0f), _CMP_NLT_UQ);
  return hn::Vec<FloatTag>{_mm512_maskz_scalef_ps(kept, exp2_fraction(r).raw, hn::Sub(x.v, r).raw)};
#else
  const FloatTag f;
  const IntTag i;
  // The limits keep the exponents below in range. x comes second: x86 returns the second operand
  // if one is NaN. −254 gives a first factor of exactly 0, without a subnormal product.
  const auto bounded = hn::Max(hn::Set(f, -254.0f), hn::Min(hn::Set(f, 129.0f), x.v));
  // 1.5·2²³ leaves no fraction bits: the sum rounds to the nearest integer, held in its low bits.
  const auto magic = hn::Set(f, 0x1.8p23f);
  const auto shifted = hn::Add(bounded, magic);
  const auto p = exp2_fraction(hn::Sub(bounded, hn::Sub(shifted, magic)));
  // Two factors, since 2ⁿ alone may be neither finite nor normal where 2ⁿ·p is.
  const auto exponent = hn::Sub(hn::BitCast(i, shifted), hn::BitCast(i, magic));
  const auto half = hn::ShiftRight<1>(exponent);
  const auto bias = hn::Set(i, 127);
  const auto first = hn::ShiftLeft<23>(hn::Add(half, bias));
  const auto second = hn::ShiftLeft<23>(hn::Add(hn::Sub(exponent, half), bias));
  const auto result = hn::Mul(hn::Mul(p, hn::BitCast(f, first)), hn::BitCast(f, second));
#if HWY_ARCH_X86
  return result;
#else
  // Minima and maxima of other processors pass over NaN.
  return hn::IfThenElse(hn::IsNaN(x.v), x.v, result);
#endif
#endif
}

inline FloatLanes log2(FloatLanes x) { return hn::Log2(FloatTag{}, x.v); }

inline FloatLanes rsqrt(FloatLanes x) { return hn::Div(hn::Set(FloatTag{}, 1.0f), hn::Sqrt(x.v)); }

inline float exp2(float x) { return std::exp2(x); }
inline float log2(float x) { return std::log2(x); }
inline float rsqrt(float x) { return 1.0f / std::sqrt(x); }

}  // namespace moat::cpu
