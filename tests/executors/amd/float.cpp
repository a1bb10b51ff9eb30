// SPDX-License-Identifier: Apache-2.0
// Floating point of lanes: CDNA3 ISA and RDNA3 ISA, "VOP1", "VOP2", "VOP3". Rounding is to the
// nearest and denormals are kept, which machine.cpp demands of the descriptor; operations of the
// transcendental unit flush denormal operands and results (LLVM, SIISelLowering: "does not handle
// denormals").
#include <cmath>
#include <cstdint>
#include <limits>

#include "tests/executors/amd/lane_wise.hpp"
#include "tests/executors/amd/operations.hpp"

namespace moat::amdgcn {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

bool is_nan(float x) { return x != x; }
float quiet(float x) { return as_float(as_bits(x) | 0x400000u); }
bool is_signalling(float x) { return is_nan(x) && (as_bits(x) & 0x400000u) == 0; }

// V_MAX_F32 in IEEE mode: a signalling NaN wins, quieted; else the number that is no NaN; +0 > -0.
float maximum(float a, float b) {
  const float larger = a > b || (a == b && as_bits(a) >> 31 == 0) ? a : b;
  const float number = is_nan(a) ? b : is_nan(b) ? a : larger;
  return is_signalling(a) ? quiet(a) : is_signalling(b) ? quiet(b) : number;
}
float minimum(float a, float b) {
  const float smaller = a < b || (a == b && as_bits(a) >> 31 != 0) ? a : b;
  const float number = is_nan(a) ? b : is_nan(b) ? a : smaller;
  return is_signalling(a) ? quiet(a) : is_signalling(b) ? quiet(b) : number;
}

float fused(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

// Rounds the product, too, and takes and gives 0 for subnormal numbers ("V_MAC_F32", CDNA2 ISA).
float in_turn(float a, float b, float c) {
  const auto flushed = [](float x) {
    return std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(0.0f, x) : x;
  };
  volatile const float product = flushed(flushed(a) * flushed(b));
  return flushed(product + flushed(c));
}

// 2^x in double, good to 1e-14; written so that compilers vectorise it.
float exp2_of(float x) {
  const float flat = flushed(x);
  // Beyond these the result is 0 or Inf. NaN goes through the comparisons.
  const float bounded = flat < -160.f ? -160.f : flat > 160.f ? 160.f : flat;
  const double v = is_nan(bounded) ? 0.0 : static_cast<double>(bounded);
  // Rounds to the nearest integer.
  const double whole = (v + 0x1.8p52) - 0x1.8p52;
  const double t = (v - whole) * 0.693147180559945309417;
  double p = 1.0 / 479001600;
  for (const double c : {1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
                         1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1.0, 1.0}) {
    p = p * t + c;
  }
  const auto exponent = static_cast<std::int64_t>(static_cast<i32>(whole)) + 1023;
  const float r = static_cast<float>(p * std::bit_cast<double>(exponent << 52));
  return is_nan(x) ? quiet(x) : flushed(r);
}

float log2_of(float x) { return static_cast<float>(std::log2(static_cast<double>(flushed(x)))); }
float reciprocal(float x) {
  return flushed(static_cast<float>(1.0 / static_cast<double>(flushed(x))));
}
float reciprocal_root(float x) {
  return static_cast<float>(1.0 / std::sqrt(static_cast<double>(flushed(x))));
}

int exponent_of(float x) { return static_cast<int>(as_bits(x) >> 23 & 0xffu); }
bool is_denormal(double x) { return x != 0 && std::fabs(x) < 0x1p-126; }

// V_DIV_SCALE_F32 of s0, which is the denominator s1 or the numerator s2: scaled by 2^±64 where the
// quotient's steps would lose bits; `scaled` goes to VCC.
float div_scale(float s0, float s1, float s2, bool& scaled) {
  scaled = false;
  if (s2 == 0 || s1 == 0) return std::numeric_limits<float>::quiet_NaN();
  const double denominator = s1;
  const double numerator = s2;
  const bool is_denominator = as_bits(s0) == as_bits(s1);
  if (exponent_of(s2) - exponent_of(s1) >= 96) {
    scaled = true;
    return is_denominator ? std::ldexp(s0, 64) : s0;
  }
  if (is_denormal(denominator)) return std::ldexp(s0, 64);
  if (is_denormal(1 / denominator) && is_denormal(numerator / denominator)) {
    // Down: up, so large a denominator would overflow.
    scaled = true;
    return is_denominator ? std::ldexp(s0, -64) : s0;
  }
  if (is_denormal(1 / denominator)) return std::ldexp(s0, -64);
  if (is_denormal(numerator / denominator)) {
    scaled = true;
    return as_bits(s0) == as_bits(s2) ? std::ldexp(s0, 64) : s0;
  }
  if (exponent_of(s2) <= 23) return std::ldexp(s0, 64);
  return s0;
}

void scale_for_division(const Instruction& i, Wave& w) {
  LaneValues ta, tb, tc, r;
  u64 defined = ~u64{0};
  const u32* a = w.floats(i.o[2], ta, defined);
  const u32* b = w.floats(i.o[3], tb, defined);
  const u32* c = w.floats(i.o[4], tc, defined);
  std::uint8_t truth[kLanes];
  for (int l = 0; l < kLanes; ++l) {
    bool scaled = false;
    r.lane[l] = as_bits(div_scale(as_float(a[l]), as_float(b[l]), as_float(c[l]), scaled));
    truth[l] = scaled ? 1 : 0;
  }
  set_truth(i, w, i.o[1], truth, defined);
  w.set_lanes(i, i.o[0].index, r.lane, defined);
}

// V_DIV_FMAS_F32: an FMA that undoes the scale in lanes of VCC.
void divide_fma(const Instruction& i, Wave& w) {
  LaneValues ta, tb, tc, r;
  Operand vcc;
  vcc.kind = Operand::Kind::scalar;
  vcc.index = kVcc;
  const Wave::Bits scaled = w.mask(vcc);
  u64 defined = scaled.defined;
  const u32* a = w.floats(i.o[1], ta, defined);
  const u32* b = w.floats(i.o[2], tb, defined);
  const u32* c = w.floats(i.o[3], tc, defined);
  for (int l = 0; l < kLanes; ++l) {
    const float x = fused(as_float(a[l]), as_float(b[l]), as_float(c[l]));
    const bool undo = (scaled.value >> l & 1u) != 0;
    r.lane[l] = as_bits(undo ? std::ldexp(x, exponent_of(as_float(c[l])) > 127 ? 64 : -64) : x);
  }
  w.set_lanes(i, i.o[0].index, r.lane, defined);
}

// V_DIV_FIXUP_F32: the quotient q of numerator n and denominator d, with the special cases.
float div_fixup(float q, float d, float n) {
  const bool negative = (as_bits(d) ^ as_bits(n)) >> 31 != 0;
  const auto with_sign = [&](float x) { return negative ? -x : x; };
  if (is_nan(n)) return quiet(n);
  if (is_nan(d)) return quiet(d);
  const float size_d = std::fabs(d);
  const float size_n = std::fabs(n);
  if ((d == 0 && n == 0) || (size_d == kInf && size_n == kInf)) return as_float(0xffc00000u);
  if (d == 0 || size_n == kInf) return with_sign(kInf);
  if (size_d == kInf || n == 0) return with_sign(0.f);
  if (exponent_of(n) - exponent_of(d) < -150) return with_sign(0.f);
  // The steps before made Inf − Inf of a quotient that is too large.
  if (is_nan(q)) return with_sign(kInf);
  return with_sign(std::fabs(q));
}

void to_half(const Instruction& i, Wave& w) {
  LaneValues ta, r;
  u64 defined = ~u64{0};
  const u32* a = w.floats(i.o[1], ta, defined);
  const u32 keep = i.keeps_high ? 0xffff0000u : 0u;
  const u32 shift = i.destination_select == Select::word1 ? 16 : 0;
  const u32* old = w.v[i.o[0].index].lane;
  for (int l = 0; l < kLanes; ++l) {
    r.lane[l] = float_to_half(as_float(a[l])) << shift | (old[l] & keep);
  }
  w.set_lanes(i, i.o[0].index, r.lane, defined);
}

// The third operand is where the result goes.
template <auto f>
void accumulate(const Instruction& i, Wave& w) {
  LaneValues ta, tb, tc, r;
  u64 defined = ~u64{0};
  const u32* a = w.floats(i.o[1], ta, defined);
  const u32* b = w.floats(i.o[2], tb, defined);
  const u32* c = w.lanes(i.o[0], tc, defined);
  for (int l = 0; l < kLanes; ++l) {
    r.lane[l] = as_bits(f(as_float(a[l]), as_float(b[l]), as_float(c[l])));
  }
  w.set_lanes(i, i.o[0].index, r.lane, defined);
}

constexpr Operation kOperations[] = {
    {"v_add_f32", float_binary<[](float a, float b) { return a + b; }>},
    {"v_sub_f32", float_binary<[](float a, float b) { return a - b; }>},
    {"v_subrev_f32", float_binary<[](float a, float b) { return b - a; }>},
    {"v_mul_f32", float_binary<[](float a, float b) { return a * b; }>},
    {"v_max_f32", float_binary<maximum>},
    {"v_min_f32", float_binary<minimum>},
    {"v_max3_f32",
     float_ternary<[](float a, float b, float c) { return maximum(maximum(a, b), c); }>},
    {"v_fma_f32", float_ternary<fused>},
    {"v_fmac_f32", accumulate<fused>},
    {"v_mac_f32", accumulate<in_turn>},
    {"v_exp_f32", float_unary<exp2_of>},
    {"v_log_f32", float_unary<log2_of>},
    {"v_rcp_f32", float_unary<reciprocal>},
    {"v_rcp_iflag_f32", float_unary<reciprocal>},
    {"v_rsq_f32", float_unary<reciprocal_root>},
    {"v_rndne_f32", float_unary<[](float a) { return __builtin_rintf(a); }>},
    {"v_floor_f32", float_unary<[](float a) { return __builtin_floorf(a); }>},
    {"v_trunc_f32", float_unary<[](float a) { return __builtin_truncf(a); }>},
    {"v_div_scale_f32", scale_for_division},
    {"v_div_fmas_f32", divide_fma},
    {"v_div_fixup_f32", float_ternary<div_fixup>},
    {"v_cvt_f16_f32", to_half},
    {"v_cvt_f32_f16",
     [](const Instruction& i, Wave& w) {
       LaneValues ta, r;
       u64 defined = ~u64{0};
       const u32* a = w.lanes(i.o[1], ta, defined);
       const u32 keep = i.o[1].absolute ? 0x7fffu : 0xffffu;
       const u32 flip = i.o[1].negative ? 0x8000u : 0u;
       for (int l = 0; l < kLanes; ++l) {
         r.lane[l] = as_bits(half_to_float((a[l] & keep) ^ flip));
       }
       w.set_lanes(i, i.o[0].index, r.lane, defined);
     }},
    {"v_cvt_f32_i32",
     unary<[](u32 a) { return (as_bits(static_cast<float>(static_cast<i32>(a)))); }>},
    {"v_cvt_f32_u32", unary<[](u32 a) { return (as_bits(static_cast<float>(a))); }>},
    {"v_cvt_u32_f32",
     [](const Instruction& i, Wave& w) {
       LaneValues ta, r;
       u64 defined = ~u64{0};
       const u32* a = w.floats(i.o[1], ta, defined);
       for (int l = 0; l < kLanes; ++l) {
         const float x = as_float(a[l]);
         // Beyond the range it clamps; a NaN becomes 0.
         r.lane[l] = x >= 0x1p32f ? ~0u : x > 0 ? static_cast<u32>(x) : 0u;
       }
       w.set_lanes(i, i.o[0].index, r.lane, defined);
     }},
};

}  // namespace

std::span<const Operation> float_operations() { return kOperations; }

}  // namespace moat::amdgcn
