// SPDX-License-Identifier: Apache-2.0
// What a lane computes from registers alone (PTX ISA, "Instruction Set"), as tables of rows
// (operation, mnemonics, type of the result, types of the operands, expression of a, b, c).
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "problems/dtype.hpp"

namespace moat::ptx {

using u16 = std::uint16_t;
using s16 = std::int16_t;
using u32 = std::uint32_t;
using s32 = std::int32_t;
using u64 = std::uint64_t;
using s64 = std::int64_t;
using f32 = float;

// Shifts clamp their amount ("Logic and Shift Instructions: shl, shr").
template <class T>
constexpr T shift_left(T x, u32 by) {
  return by < 8 * sizeof(T) ? static_cast<T>(x << by) : T{0};
}
template <class T>
constexpr T shift_right(T x, u32 by) {
  constexpr u32 kMost = 8 * sizeof(T) - 1;
  if constexpr (std::numeric_limits<T>::is_signed) return static_cast<T>(x >> std::min(by, kMost));
  return by <= kMost ? static_cast<T>(x >> by) : T{0};
}

// By 0 the result is unspecified ("div"); here it is all ones.
template <class T>
constexpr T quotient(T a, T b) {
  if (b == 0) return static_cast<T>(-1);
  if constexpr (std::numeric_limits<T>::is_signed) {
    if (b == -1) return static_cast<T>(u64{0} - static_cast<u64>(a));
  }
  return static_cast<T>(a / b);
}
template <class T>
constexpr T remainder(T a, T b) {
  if (b == 0) return a;
  if constexpr (std::numeric_limits<T>::is_signed) {
    if (b == -1) return 0;
  }
  return static_cast<T>(a % b);
}

// Of a number and a NaN the number; -0 is below +0 ("max", "min").
inline f32 larger(f32 a, f32 b) {
  const f32 equal = std::bit_cast<f32>(std::bit_cast<u32>(a) & std::bit_cast<u32>(b));
  const f32 ordered = a > b ? a : b;
  const f32 number = b != b ? a : ordered;
  return a == b ? equal : number;
}
inline f32 smaller(f32 a, f32 b) {
  const f32 equal = std::bit_cast<f32>(std::bit_cast<u32>(a) | std::bit_cast<u32>(b));
  const f32 ordered = a < b ? a : b;
  const f32 number = b != b ? a : ordered;
  return a == b ? equal : number;
}

inline f32 flushed(f32 x) {
  return std::fabs(x) < std::numeric_limits<f32>::min() ? std::copysign(0.0f, x) : x;
}

// To nearest, ties away from zero; the lower 13 bits are 0 ("cvt.rna.tf32.f32").
inline u32 to_tf32(f32 x) {
  const auto bits = std::bit_cast<u32>(x);
  return std::isfinite(x) ? (bits + 0x1000u) & 0xffffe000u : bits;
}

inline f32 half_to_float(u16 bits) { return to_float(moat::f16{bits}); }
inline u16 float_to_half(f32 x) { return from_float<moat::f16>(x).bits; }
inline u16 float_to_bf16(f32 x) { return from_float<moat::bf16>(x).bits; }
inline u32 pair(u16 low, u16 high) { return u32{low} | u32{high} << 16; }

// Each digit of `selectors` chooses a byte of a, then b; its highest bit the byte's sign instead
// ("prmt.b32").
inline u32 permuted(u32 a, u32 b, u32 selectors) {
  const u64 bytes = u64{b} << 32 | a;
  u32 result = 0;
  for (int i = 0; i < 4; ++i) {
    const u32 selector = selectors >> (4 * i) & 0xfu;
    const auto byte = static_cast<u32>(bytes >> (8 * (selector & 7u)) & 0xffu);
    const u32 sign = byte >= 0x80u ? 0xffu : 0u;
    result |= (selector >= 8 ? sign : byte) << (8 * i);
  }
  return result;
}
// What an integer of 8 bits in a wider register is.
inline s16 lowest_byte(u16 a) {
  const auto byte = static_cast<s16>(a & 0xffu);
  return static_cast<s16>(byte >= 0x80 ? byte - 0x100 : byte);
}

// ROW(operation, "mnemonics", result, a, expression)
#define MOAT_PTX_UNARY(ROW)                                                                  \
  ROW(mov_b16, "mov.b16 mov.u16 mov.s16", u16, u16, a)                                       \
  ROW(mov_b32, "mov.b32 mov.u32 mov.s32", u32, u32, a)                                       \
  ROW(mov_f32, "mov.f32", f32, f32, a)                                                       \
  ROW(mov_b64, "mov.b64 mov.u64 mov.s64", u64, u64, a)                                       \
  ROW(not_b16, "not.b16", u16, u16, static_cast<u16>(~a))                                    \
  ROW(not_b32, "not.b32", u32, u32, ~a)                                                      \
  ROW(not_b64, "not.b64", u64, u64, ~a)                                                      \
  ROW(neg_s32, "neg.s32", u32, u32, 0u - a)                                                  \
  ROW(neg_s64, "neg.s64", u64, u64, u64{0} - a)                                              \
  ROW(neg_f32, "neg.f32", f32, f32, -a)                                                      \
  ROW(abs_s32, "abs.s32", u32, s32, a < 0 ? 0u - static_cast<u32>(a) : static_cast<u32>(a))  \
  ROW(abs_f32, "abs.f32", f32, f32, std::fabs(a))                                            \
  ROW(cvt_s64_s32, "cvt.s64.s32", s64, s32, s64{a})                                          \
  ROW(cvt_u64_u32, "cvt.u64.u32", u64, u32, u64{a})                                          \
  ROW(cvt_s64_lower, "cvt.s64.s32.of64", s64, u64, s64{static_cast<s32>(a)})                 \
  ROW(cvt_u64_lower, "cvt.u64.u32.of64", u64, u64, u64{static_cast<u32>(a)})                 \
  ROW(cvt_u32_u64, "cvt.u32.u64 cvt.s32.s64", u32, u64, static_cast<u32>(a))                 \
  ROW(cvt_u16_u32, "cvt.u16.u32 cvt.s16.s32", u16, u32, static_cast<u16>(a))                 \
  ROW(cvt_u16_u64, "cvt.u16.u64", u16, u64, static_cast<u16>(a))                             \
  ROW(cvt_u32_u16, "cvt.u32.u16", u32, u16, u32{a})                                          \
  ROW(cvt_s32_s16, "cvt.s32.s16", s32, s16, s32{a})                                          \
  ROW(cvt_u64_u16, "cvt.u64.u16", u64, u16, u64{a})                                          \
  ROW(cvt_s16_s8, "cvt.s16.s8", s16, u16, lowest_byte(a))                                    \
  ROW(cvt_f32_s16, "cvt.rn.f32.s16", f32, s16, static_cast<f32>(a))                          \
  ROW(cvt_f32_u16, "cvt.rn.f32.u16", f32, u16, static_cast<f32>(a))                          \
  ROW(cvt_f32_s32, "cvt.rn.f32.s32", f32, s32, static_cast<f32>(a))                          \
  ROW(cvt_f32_u32, "cvt.rn.f32.u32", f32, u32, static_cast<f32>(a))                          \
  ROW(cvt_f32_s64, "cvt.rn.f32.s64", f32, s64, static_cast<f32>(a))                          \
  ROW(cvt_f32_f16, "cvt.f32.f16", f32, u16, half_to_float(a))                                \
  ROW(cvt_f16_f32, "cvt.rn.f16.f32", u16, f32, float_to_half(a))                             \
  ROW(cvt_bf16_f32, "cvt.rn.bf16.f32", u16, f32, float_to_bf16(a))                           \
  ROW(cvt_tf32_f32, "cvt.rna.tf32.f32", u32, f32, to_tf32(a))                                \
  ROW(ex2_f32, "ex2.approx.f32", f32, f32, std::exp2(a))                                     \
  ROW(ex2_ftz_f32, "ex2.approx.ftz.f32", f32, f32, flushed(std::exp2(flushed(a))))           \
  ROW(lg2_f32, "lg2.approx.f32", f32, f32, std::log2(a))                                     \
  ROW(rcp_f32, "rcp.rn.f32 rcp.approx.f32", f32, f32, 1.0f / a)                              \
  ROW(rcp_ftz_f32, "rcp.approx.ftz.f32", f32, f32, flushed(1.0f / flushed(a)))               \
  ROW(sqrt_f32, "sqrt.rn.f32 sqrt.approx.f32", f32, f32, std::sqrt(a))                       \
  ROW(rsqrt_f32, "rsqrt.approx.f32", f32, f32, static_cast<f32>(1.0 / std::sqrt(double{a}))) \
  ROW(popc_b32, "popc.b32", u32, u32, static_cast<u32>(std::popcount(a)))                    \
  ROW(clz_b32, "clz.b32", u32, u32, static_cast<u32>(std::countl_zero(a)))

// ROW(operation, "mnemonics", result, a, b, expression)
#define MOAT_PTX_BINARY(ROW)                                                                  \
  ROW(add_b16, "add.s16 add.u16", u16, u16, u16, static_cast<u16>(a + b))                     \
  ROW(add_b32, "add.s32 add.u32", u32, u32, u32, a + b)                                       \
  ROW(add_b64, "add.s64 add.u64", u64, u64, u64, a + b)                                       \
  ROW(add_f32, "add.f32 add.rn.f32", f32, f32, f32, a + b)                                    \
  ROW(sub_b16, "sub.s16 sub.u16", u16, u16, u16, static_cast<u16>(a - b))                     \
  ROW(sub_b32, "sub.s32 sub.u32", u32, u32, u32, a - b)                                       \
  ROW(sub_b64, "sub.s64 sub.u64", u64, u64, u64, a - b)                                       \
  ROW(sub_f32, "sub.f32 sub.rn.f32", f32, f32, f32, a - b)                                    \
  ROW(mul_b16, "mul.lo.s16 mul.lo.u16", u16, u16, u16, static_cast<u16>(u32{a} * b))          \
  ROW(mul_b32, "mul.lo.s32 mul.lo.u32", u32, u32, u32, a* b)                                  \
  ROW(mul_b64, "mul.lo.s64 mul.lo.u64", u64, u64, u64, a* b)                                  \
  ROW(mul_f32, "mul.f32 mul.rn.f32", f32, f32, f32, a* b)                                     \
  ROW(mul_ftz_f32, "mul.ftz.f32", f32, f32, f32, flushed(flushed(a) * flushed(b)))            \
  ROW(mul_hi_u32, "mul.hi.u32", u32, u32, u32, static_cast<u32>((u64{a} * b) >> 32))          \
  ROW(mul_hi_s32, "mul.hi.s32", s32, s32, s32, static_cast<s32>((s64{a} * b) >> 32))          \
  ROW(mul_wide_s32, "mul.wide.s32", s64, s32, s32, s64{a} * b)                                \
  ROW(mul_wide_u32, "mul.wide.u32", u64, u32, u32, u64{a} * b)                                \
  ROW(mul_wide_u16, "mul.wide.u16", u32, u16, u16, u32{a} * b)                                \
  ROW(mul_wide_s16, "mul.wide.s16", s32, s16, s16, s32{a} * b)                                \
  ROW(div_s32, "div.s32", s32, s32, s32, quotient(a, b))                                      \
  ROW(div_u32, "div.u32", u32, u32, u32, quotient(a, b))                                      \
  ROW(div_s64, "div.s64", s64, s64, s64, quotient(a, b))                                      \
  ROW(div_u64, "div.u64", u64, u64, u64, quotient(a, b))                                      \
  ROW(div_f32, "div.rn.f32", f32, f32, f32, a / b)                                            \
  ROW(rem_s32, "rem.s32", s32, s32, s32, remainder(a, b))                                     \
  ROW(rem_u32, "rem.u32", u32, u32, u32, remainder(a, b))                                     \
  ROW(rem_s64, "rem.s64", s64, s64, s64, remainder(a, b))                                     \
  ROW(min_s16, "min.s16", s16, s16, s16, std::min(a, b))                                      \
  ROW(min_s32, "min.s32", s32, s32, s32, std::min(a, b))                                      \
  ROW(min_u32, "min.u32", u32, u32, u32, std::min(a, b))                                      \
  ROW(min_s64, "min.s64", s64, s64, s64, std::min(a, b))                                      \
  ROW(min_u64, "min.u64", u64, u64, u64, std::min(a, b))                                      \
  ROW(min_f32, "min.f32", f32, f32, f32, smaller(a, b))                                       \
  ROW(max_s16, "max.s16", s16, s16, s16, std::max(a, b))                                      \
  ROW(max_s32, "max.s32", s32, s32, s32, std::max(a, b))                                      \
  ROW(max_u32, "max.u32", u32, u32, u32, std::max(a, b))                                      \
  ROW(max_s64, "max.s64", s64, s64, s64, std::max(a, b))                                      \
  ROW(max_u64, "max.u64", u64, u64, u64, std::max(a, b))                                      \
  ROW(max_f32, "max.f32", f32, f32, f32, larger(a, b))                                        \
  ROW(and_b16, "and.b16", u16, u16, u16, static_cast<u16>(a & b))                             \
  ROW(and_b32, "and.b32", u32, u32, u32, a& b)                                                \
  ROW(and_b64, "and.b64", u64, u64, u64, a& b)                                                \
  ROW(or_b16, "or.b16", u16, u16, u16, static_cast<u16>(a | b))                               \
  ROW(or_b32, "or.b32", u32, u32, u32, a | b)                                                 \
  ROW(or_b64, "or.b64", u64, u64, u64, a | b)                                                 \
  ROW(xor_b16, "xor.b16", u16, u16, u16, static_cast<u16>(a ^ b))                             \
  ROW(xor_b32, "xor.b32", u32, u32, u32, a ^ b)                                               \
  ROW(xor_b64, "xor.b64", u64, u64, u64, a ^ b)                                               \
  ROW(shl_b16, "shl.b16", u16, u16, u32, shift_left(a, b))                                    \
  ROW(shl_b32, "shl.b32", u32, u32, u32, shift_left(a, b))                                    \
  ROW(shl_b64, "shl.b64", u64, u64, u32, shift_left(a, b))                                    \
  ROW(shr_u16, "shr.u16 shr.b16", u16, u16, u32, shift_right(a, b))                           \
  ROW(shr_u32, "shr.u32 shr.b32", u32, u32, u32, shift_right(a, b))                           \
  ROW(shr_u64, "shr.u64 shr.b64", u64, u64, u32, shift_right(a, b))                           \
  ROW(shr_s16, "shr.s16", s16, s16, u32, shift_right(a, b))                                   \
  ROW(shr_s32, "shr.s32", s32, s32, u32, shift_right(a, b))                                   \
  ROW(shr_s64, "shr.s64", s64, s64, u32, shift_right(a, b))                                   \
  ROW(cvt_f16x2, "cvt.rn.f16x2.f32", u32, f32, f32, pair(float_to_half(b), float_to_half(a))) \
  ROW(cvt_bf16x2, "cvt.rn.bf16x2.f32", u32, f32, f32, pair(float_to_bf16(b), float_to_bf16(a)))

// ROW(operation, "mnemonics", result, a, b, c, expression)
#define MOAT_PTX_TERNARY(ROW)                                               \
  ROW(mad_b32, "mad.lo.s32 mad.lo.u32", u32, u32, u32, u32, a* b + c)       \
  ROW(mad_b64, "mad.lo.s64 mad.lo.u64", u64, u64, u64, u64, a* b + c)       \
  ROW(mad_wide_s32, "mad.wide.s32", s64, s32, s32, s64,                     \
      static_cast<s64>(static_cast<u64>(s64{a} * b) + static_cast<u64>(c))) \
  ROW(mad_wide_u32, "mad.wide.u32", u64, u32, u32, u64, u64{a} * b + c)     \
  ROW(prmt_b32, "prmt.b32", u32, u32, u32, u32, permuted(a, b, c))          \
  ROW(fma_f32, "fma.rn.f32", f32, f32, f32, f32, std::fma(a, b, c))         \
  ROW(fma_ftz_f32, "fma.rn.ftz.f32", f32, f32, f32, f32,                    \
      flushed(std::fma(flushed(a), flushed(b), flushed(c))))

// ROW(operation, "mnemonics", a and b, expression)
#define MOAT_PTX_ORDERED(ROW, T)             \
  ROW(setp_eq_##T, "setp.eq." #T, T, a == b) \
  ROW(setp_ne_##T, "setp.ne." #T, T, a != b) \
  ROW(setp_lt_##T, "setp.lt." #T, T, a < b)  \
  ROW(setp_le_##T, "setp.le." #T, T, a <= b) \
  ROW(setp_gt_##T, "setp.gt." #T, T, a > b)  \
  ROW(setp_ge_##T, "setp.ge." #T, T, a >= b)
#define MOAT_PTX_COMPARE(ROW)                                 \
  MOAT_PTX_ORDERED(ROW, s16)                                  \
  MOAT_PTX_ORDERED(ROW, u16)                                  \
  MOAT_PTX_ORDERED(ROW, s32)                                  \
  MOAT_PTX_ORDERED(ROW, u32)                                  \
  MOAT_PTX_ORDERED(ROW, s64)                                  \
  MOAT_PTX_ORDERED(ROW, u64)                                  \
  ROW(setp_eq_b16, "setp.eq.b16", u16, a == b)                \
  ROW(setp_ne_b16, "setp.ne.b16", u16, a != b)                \
  ROW(setp_eq_b32, "setp.eq.b32", u32, a == b)                \
  ROW(setp_ne_b32, "setp.ne.b32", u32, a != b)                \
  ROW(setp_eq_b64, "setp.eq.b64", u64, a == b)                \
  ROW(setp_ne_b64, "setp.ne.b64", u64, a != b)                \
  ROW(setp_eq_f32, "setp.eq.f32", f32, a == b)                \
  ROW(setp_ne_f32, "setp.ne.f32", f32, a<b || a> b)           \
  ROW(setp_lt_f32, "setp.lt.f32", f32, a < b)                 \
  ROW(setp_le_f32, "setp.le.f32", f32, a <= b)                \
  ROW(setp_gt_f32, "setp.gt.f32", f32, a > b)                 \
  ROW(setp_ge_f32, "setp.ge.f32", f32, a >= b)                \
  ROW(setp_equ_f32, "setp.equ.f32", f32, !(a < b || a > b))   \
  ROW(setp_neu_f32, "setp.neu.f32", f32, a != b)              \
  ROW(setp_ltu_f32, "setp.ltu.f32", f32, !(a >= b))           \
  ROW(setp_leu_f32, "setp.leu.f32", f32, !(a > b))            \
  ROW(setp_gtu_f32, "setp.gtu.f32", f32, !(a <= b))           \
  ROW(setp_geu_f32, "setp.geu.f32", f32, !(a < b))            \
  ROW(setp_num_f32, "setp.num.f32", f32, !(a != a || b != b)) \
  ROW(setp_nan_f32, "setp.nan.f32", f32, a != a || b != b)

// ROW(operation, "mnemonics", a, b and result)
#define MOAT_PTX_SELECT(ROW)                       \
  ROW(selp_b16, "selp.b16 selp.u16 selp.s16", u16) \
  ROW(selp_b32, "selp.b32 selp.u32 selp.s32", u32) \
  ROW(selp_f32, "selp.f32", f32)                   \
  ROW(selp_b64, "selp.b64 selp.u64 selp.s64", u64)

// ROW(operation, "mnemonic", operands, expression): on predicates, a bit for each lane.
#define MOAT_PTX_PREDICATE(ROW)      \
  ROW(mov_pred, "mov.pred", 1, a)    \
  ROW(not_pred, "not.pred", 1, ~a)   \
  ROW(and_pred, "and.pred", 2, a& b) \
  ROW(or_pred, "or.pred", 2, a | b)  \
  ROW(xor_pred, "xor.pred", 2, a ^ b)

}  // namespace moat::ptx
