// SPDX-License-Identifier: Apache-2.0
// Functions of FloatLanes that kernels call, and the same of a float.
#pragma once

#include <hwy/contrib/math/math-inl.h>

#include <cmath>
#include <numbers>

#include "backends/cpu/lanes.hpp"

namespace moat::cpu {

#if HWY_MAX_BYTES == 64 && HWY_ARCH_X86
// 2ʳ for r in [0, 1]: minimax polynomial with p(0) = 1 (Remez); relative error 2·10⁻⁹.
inline hn::Vec<FloatTag> exp2_fraction(hn::Vec<FloatTag> r) {
  const FloatTag f;
  auto p = hn::Set(f, 0x1.c44722p-13f);
  p = hn::MulAdd(p, r, hn::Set(f, 0x1.473802p-10f));
  p = hn::MulAdd(p, r, hn::Set(f, 0x1.3cfd6ap-7f));
  p = hn::MulAdd(p, r, hn::Set(f, 0x1.c68af6p-5f));
  p = hn::MulAdd(p, r, hn::Set(f, 0x1.ebfd3ap-3f));
  p = hn::MulAdd(p, r, hn::Set(f, 0x1.62e42cp-1f));
  return hn::MulAdd(p, r, hn::Set(f, 1.0f));
}
#else
// 2ʳ for r in [−0.5, 0.5]: minimax polynomial with p(0) = 1 (Remez; its linear term rounds to
// ln 2); relative error 2·10⁻⁹.
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

// exp2 for arguments up to 127.
inline hn::Vec<FloatTag> exp2_up_to_127(hn::Vec<FloatTag> x) {
  const FloatTag f;
  constexpr int kBias = 127;
  // 1.5·2²³ leaves no fraction bits: the sum rounds to an integer n, held in its low bits, with the
  // bias of the factor's exponent, which is exactly 0 for −127. x comes second: x86 returns the
  // second operand if one is NaN.
  const auto magic = hn::Set(f, 0x1.8p23f + kBias);
  const auto bounded = hn::Max(hn::Set(f, -float{kBias}), x);
  const auto shifted = hn::Add(bounded, magic);
  const auto p = exp2_fraction(hn::Sub(bounded, hn::Sub(shifted, magic)));
  return hn::Mul(p, hn::BitCast(f, hn::ShiftLeft<23>(hn::BitCast(IntTag{}, shifted))));
}
#endif

// 2ˣ within 2 units in the last place; what is below 2⁻¹²⁶ may be 0, +∞ from 128 on, NaN for NaN.
// Many processors take an assist, of a hundred cycles and more, for a subnormal result.
inline FloatLanes exp2(FloatLanes x) {
#if HWY_MAX_BYTES == 64 && HWY_ARCH_X86
  // The scaling below takes the same whole part, which it rounds down; an infinity leaves 0.
  const hn::Vec<FloatTag> r{_mm512_reduce_ps(x.v.raw, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)};
  // A lane that is masked off costs no assist for its underflow; NaN stays.
  const auto kept = _mm512_cmp_ps_mask(x.v.raw, _mm512_set1_ps(-126.0f), _CMP_NLT_UQ);
  return hn::Vec<FloatTag>{_mm512_maskz_scalef_ps(kept, exp2_fraction(r).raw, x.v.raw)};
#else
  const FloatTag f;
  const auto most = hn::Set(f, 127.0f);
  const auto above = (x > FloatLanes(most)).mask;
  hn::Vec<FloatTag> result;
  if (any({above})) [[unlikely]] {
    const auto less = hn::Min(most, hn::Sub(x.v, hn::IfThenElseZero(above, hn::Set(f, 64.0f))));
    const auto factor = hn::IfThenElse(above, hn::Set(f, 0x1p64f), hn::Set(f, 1.0f));
    result = hn::Mul(exp2_up_to_127(less), factor);
  } else {
    result = exp2_up_to_127(x.v);
  }
#if HWY_ARCH_X86
  return result;
#else
  // Minima and maxima of other processors pass over NaN.
  return hn::IfThenElse(hn::IsNaN(x.v), x.v, result);
#endif
#endif
}

inline FloatLanes abs(FloatLanes x) { return hn::Abs(x.v); }

inline FloatLanes log2(FloatLanes x) { return hn::Log2(FloatTag{}, BareVec<FloatTag>(x.v)); }

inline FloatLanes rsqrt(FloatLanes x) { return hn::Div(hn::Set(FloatTag{}, 1.0f), hn::Sqrt(x.v)); }

inline float abs(float x) { return std::abs(x); }
inline float exp2(float x) { return std::exp2(x); }
inline float log2(float x) { return std::log2(x); }
inline float rsqrt(float x) { return 1.0f / std::sqrt(x); }

}  // namespace moat::cpu
