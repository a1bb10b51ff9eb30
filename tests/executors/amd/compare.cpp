// SPDX-License-Identifier: Apache-2.0
// Comparisons, whose result is a mask of lanes, and the choice by one: CDNA3 ISA and RDNA3 ISA,
// "VOPC".
#include <cmath>
#include <cstdint>

#include "tests/executors/amd/lane_wise.hpp"
#include "tests/executors/amd/operations.hpp"

namespace moat::amdgcn {
namespace {

i32 sign(u32 x) { return static_cast<i32>(x); }

// Values as they are compared.
struct Float {
  static const u32* read(Wave& w, const Operand& o, LaneValues& t, u64& d) {
    return w.floats(o, t, d);
  }
  static float value(u32 x) { return as_float(x); }
};
struct Half {
  static const u32* read(Wave& w, const Operand& o, LaneValues& t, u64& d) {
    const u32* values = w.lanes(o, t, d);
    if (!o.negative && !o.absolute) return values;
    const u32 keep = o.absolute ? 0x7fffu : 0xffffu;
    const u32 flip = o.negative ? 0x8000u : 0u;
    for (int l = 0; l < kLanes; ++l) t.lane[l] = (values[l] & keep) ^ flip;
    return t.lane;
  }
  static float value(u32 x) { return half_to_float(x & 0xffffu); }
};
struct Signed {
  static const u32* read(Wave& w, const Operand& o, LaneValues& t, u64& d) {
    return w.lanes(o, t, d);
  }
  static i32 value(u32 x) { return sign(x); }
};
struct Unsigned : Signed {
  static u32 value(u32 x) { return x; }
};
struct Short : Signed {
  static i32 value(u32 x) { return sign(x << 16) >> 16; }
};
struct UnsignedShort : Signed {
  static u32 value(u32 x) { return x & 0xffffu; }
};

template <class As, auto F>
void compare(const Instruction& i, Wave& w) {
  LaneValues ta, tb;
  u64 defined = ~u64{0};
  const u32* a = As::read(w, i.o[1], ta, defined);
  const u32* b = As::read(w, i.o[2], tb, defined);
  std::uint8_t truth[kLanes];
  for (int l = 0; l < kLanes; ++l) truth[l] = F(As::value(a[l]), As::value(b[l])) ? 1 : 0;
  set_truth(i, w, i.o[0], truth, defined);
}

constexpr auto kEq = [](auto a, auto b) { return a == b; };
constexpr auto kNe = [](auto a, auto b) { return a != b; };
constexpr auto kLt = [](auto a, auto b) { return a < b; };
constexpr auto kLe = [](auto a, auto b) { return a <= b; };
constexpr auto kGt = [](auto a, auto b) { return a > b; };
constexpr auto kGe = [](auto a, auto b) { return a >= b; };
// Of floats, with what a NaN makes of them.
constexpr auto kLg = [](auto a, auto b) { return a < b || a > b; };
constexpr auto kUnordered = [](float a, float b) { return a != a || b != b; };
constexpr auto kOrdered = [](float a, float b) { return a == a && b == b; };
constexpr auto kNlt = [](auto a, auto b) { return !(a < b); };
constexpr auto kNle = [](auto a, auto b) { return !(a <= b); };
constexpr auto kNgt = [](auto a, auto b) { return !(a > b); };
constexpr auto kNge = [](auto a, auto b) { return !(a >= b); };
constexpr auto kNlg = [](auto a, auto b) { return !(a < b || a > b); };

// V_CMP_CLASS_F32: bit i of the second operand asks for class i, from signalling NaN (0) to +Inf
// (9).
u32 class_of(u32 x) {
  const u32 exponent = x >> 23 & 0xffu;
  const u32 fraction = x & 0x7fffffu;
  const bool negative = x >> 31 != 0;
  if (exponent == 255) {
    if (fraction != 0) return fraction >> 22 != 0 ? 1 : 0;
    return negative ? 2 : 9;
  }
  if (exponent == 0) {
    if (fraction != 0) return negative ? 4 : 7;
    return negative ? 5 : 6;
  }
  return negative ? 3 : 8;
}

void choose(const Instruction& i, Wave& w) {
  LaneValues ta, tb, r;
  u64 defined_a = ~u64{0};
  u64 defined_b = ~u64{0};
  const u32* a = w.floats(i.o[1], ta, defined_a);
  const u32* b = w.floats(i.o[2], tb, defined_b);
  const Wave::Bits mask = w.mask(i.o[3]);
  for (int l = 0; l < kLanes; ++l) r.lane[l] = a[l];
  Wave::blend(r.lane, b, mask.value);
  w.set_lanes(i, i.o[0].index, r.lane,
              mask.defined & ((mask.value & defined_b) | (~mask.value & defined_a)));
}

constexpr Operation kOperations[] = {
    {"v_cndmask_b32", choose},
    {"v_cmp_class_f32",
     [](const Instruction& i, Wave& w) {
       LaneValues ta, tb;
       u64 defined = ~u64{0};
       const u32* a = w.floats(i.o[1], ta, defined);
       const u32* b = w.lanes(i.o[2], tb, defined);
       std::uint8_t truth[kLanes];
       for (int l = 0; l < kLanes; ++l) truth[l] = b[l] >> class_of(a[l]) & 1u;
       set_truth(i, w, i.o[0], truth, defined);
     }},
    {"v_cmp_eq_f32", compare<Float, kEq>},
    {"v_cmp_neq_f32", compare<Float, kNe>},
    {"v_cmp_lt_f32", compare<Float, kLt>},
    {"v_cmp_le_f32", compare<Float, kLe>},
    {"v_cmp_gt_f32", compare<Float, kGt>},
    {"v_cmp_ge_f32", compare<Float, kGe>},
    {"v_cmp_lg_f32", compare<Float, kLg>},
    {"v_cmp_nlt_f32", compare<Float, kNlt>},
    {"v_cmp_nle_f32", compare<Float, kNle>},
    {"v_cmp_ngt_f32", compare<Float, kNgt>},
    {"v_cmp_nge_f32", compare<Float, kNge>},
    {"v_cmp_nlg_f32", compare<Float, kNlg>},
    {"v_cmp_u_f32", compare<Float, kUnordered>},
    {"v_cmp_o_f32", compare<Float, kOrdered>},
    {"v_cmp_eq_f16", compare<Half, kEq>},
    {"v_cmp_neq_f16", compare<Half, kNe>},
    {"v_cmp_lt_f16", compare<Half, kLt>},
    {"v_cmp_le_f16", compare<Half, kLe>},
    {"v_cmp_gt_f16", compare<Half, kGt>},
    {"v_cmp_ge_f16", compare<Half, kGe>},
    {"v_cmp_lg_f16", compare<Half, kLg>},
    {"v_cmp_nlt_f16", compare<Half, kNlt>},
    {"v_cmp_nle_f16", compare<Half, kNle>},
    {"v_cmp_ngt_f16", compare<Half, kNgt>},
    {"v_cmp_nge_f16", compare<Half, kNge>},
    {"v_cmp_nlg_f16", compare<Half, kNlg>},
    {"v_cmp_u_f16", compare<Half, kUnordered>},
    {"v_cmp_o_f16", compare<Half, kOrdered>},
    {"v_cmp_eq_i32", compare<Signed, kEq>},
    {"v_cmp_ne_i32", compare<Signed, kNe>},
    {"v_cmp_lt_i32", compare<Signed, kLt>},
    {"v_cmp_le_i32", compare<Signed, kLe>},
    {"v_cmp_gt_i32", compare<Signed, kGt>},
    {"v_cmp_ge_i32", compare<Signed, kGe>},
    {"v_cmp_eq_u32", compare<Unsigned, kEq>},
    {"v_cmp_ne_u32", compare<Unsigned, kNe>},
    {"v_cmp_lt_u32", compare<Unsigned, kLt>},
    {"v_cmp_le_u32", compare<Unsigned, kLe>},
    {"v_cmp_gt_u32", compare<Unsigned, kGt>},
    {"v_cmp_ge_u32", compare<Unsigned, kGe>},
    {"v_cmp_eq_u16", compare<UnsignedShort, kEq>},
    {"v_cmp_ne_u16", compare<UnsignedShort, kNe>},
    {"v_cmp_lt_u16", compare<UnsignedShort, kLt>},
    {"v_cmp_le_u16", compare<UnsignedShort, kLe>},
    {"v_cmp_gt_u16", compare<UnsignedShort, kGt>},
    {"v_cmp_ge_u16", compare<UnsignedShort, kGe>},
    {"v_cmp_eq_i16", compare<Short, kEq>},
    {"v_cmp_ne_i16", compare<Short, kNe>},
    {"v_cmp_lt_i16", compare<Short, kLt>},
    {"v_cmp_le_i16", compare<Short, kLe>},
    {"v_cmp_gt_i16", compare<Short, kGt>},
    {"v_cmp_ge_i16", compare<Short, kGe>},
};

}  // namespace

std::span<const Operation> compare_operations() { return kOperations; }

}  // namespace moat::amdgcn
