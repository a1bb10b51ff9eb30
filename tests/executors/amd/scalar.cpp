// SPDX-License-Identifier: Apache-2.0
// Scalar arithmetic: CDNA3 ISA and RDNA3 ISA, "SOP2", "SOPK", "SOP1", "SOPC".
#include <bit>
#include <cstdint>

#include "tests/executors/amd/operations.hpp"
#include "tests/executors/amd/wave.hpp"

namespace moat::amdgcn {
namespace {

using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i32 = std::int32_t;
using i64 = std::int64_t;

i32 sign(u32 x) { return static_cast<i32>(x); }
i64 wide(u32 x) { return static_cast<i32>(x); }

bool demand_scc(const Wave& w) {
  if (!w.scc_defined) throw Fault("SCC is undefined");
  return w.scc;
}

// d = F(a, b), SCC as it was.
template <auto F>
void plain(const Instruction& i, Wave& w) {
  const u32 a = w.scalar(i.o[1]);
  const u32 b = w.scalar(i.o[2]);
  w.set_scalar(i.o[0], F(a, b), w.known);
}

// d = F(a, b), SCC = d is not 0.
template <auto F>
void nonzero(const Instruction& i, Wave& w) {
  const u32 a = w.scalar(i.o[1]);
  const u32 r = F(a, w.scalar(i.o[2]));
  w.set_scalar(i.o[0], r, w.known);
  w.set_scc(r != 0);
}

template <auto F>
void nonzero64(const Instruction& i, Wave& w) {
  const u64 a = w.scalar64(i.o[1]);
  const u64 r = F(a, w.scalar(i.o[2]));
  w.set_scalar64(i.o[0], r, w.known);
  w.set_scc(r != 0);
}

// F gives the result in 64 bits and SCC from a, b and SCC.
struct WithCarry {
  u32 value;
  bool carry;
};
template <auto F>
void with_carry(const Instruction& i, Wave& w) {
  const u32 a = w.scalar(i.o[1]);
  const WithCarry r = F(a, w.scalar(i.o[2]), w.scc);
  w.set_scalar(i.o[0], r.value, w.known);
  w.set_scc(r.carry);
}
// The same with the carry that SCC holds.
template <auto F>
void carry_chain(const Instruction& i, Wave& w) {
  demand_scc(w);
  with_carry<F>(i, w);
}

WithCarry signed_result(i64 r) {
  return {static_cast<u32>(r), r != static_cast<i32>(static_cast<u32>(r))};
}

// Bitwise operations know each bit. F combines values, D says which bits of the result are defined.
using Bits = Wave::Bits;
Bits both(Bits a, Bits b) {
  return {a.value & b.value,
          (a.defined & b.defined) | (a.defined & ~a.value) | (b.defined & ~b.value)};
}
Bits inverted(Bits a) { return {~a.value, a.defined}; }
Bits either(Bits a, Bits b) { return inverted(both(inverted(a), inverted(b))); }
Bits differing(Bits a, Bits b) { return {a.value ^ b.value, a.defined & b.defined}; }

void set_with_scc(const Operand& d, Wave& w, Bits r, bool is_wide) {
  const u64 used = is_wide ? ~u64{0} : u64{0xffffffff};
  w.set_bits(d, r, is_wide);
  w.scc = (r.value & used) != 0;
  // A defined bit that is set decides it alone.
  w.scc_defined = (r.defined & used) == used || (r.value & r.defined & used) != 0;
}

template <bool kWide, auto F>
void bitwise(const Instruction& i, Wave& w) {
  set_with_scc(i.o[0], w, F(w.bits(i.o[1], kWide), w.bits(i.o[2], kWide)), kWide);
}
template <bool kWide>
void invert(const Instruction& i, Wave& w) {
  set_with_scc(i.o[0], w, inverted(w.bits(i.o[1], kWide)), kWide);
}
template <bool kWide, auto F>
void save_exec(const Instruction& i, Wave& w) {
  const Bits a = w.bits(i.o[1], kWide);
  const Bits exec{kWide ? w.exec() : w.s[kExec], ~u64{0}};
  w.set_bits(i.o[0], exec, kWide);
  Operand to;
  to.index = kExec;
  Bits r = F(a, exec);
  if (!kWide) r = {r.value & 0xffffffff, r.defined | ~u64{0xffffffff}};
  set_with_scc(to, w, r, kWide);
}
Bits and_not(Bits a, Bits b) { return both(a, inverted(b)); }
Bits or_not(Bits a, Bits b) { return either(a, inverted(b)); }
Bits not_and(Bits a, Bits b) { return both(inverted(a), b); }

template <bool kWide>
void move(const Instruction& i, Wave& w) {
  w.set_bits(i.o[0], w.bits(i.o[1], kWide), kWide);
}
template <bool kWide>
void select(const Instruction& i, Wave& w) {
  Bits r = w.bits(i.o[demand_scc(w) ? 1 : 2], kWide);
  w.set_bits(i.o[0], r, kWide);
}

template <auto F>
void compare(const Instruction& i, Wave& w) {
  const u32 a = w.scalar(i.o[0]);
  w.set_scc(F(a, w.scalar(i.o[1])));
}
template <auto F>
void compare64(const Instruction& i, Wave& w) {
  const u64 a = w.scalar64(i.o[0]);
  w.set_scc(F(a, w.scalar64(i.o[1])));
}

// A literal of 16 bits in the text: sign extended for s_…k_i32.
u32 extended(const Operand& o) {
  return static_cast<u32>(i32{static_cast<std::int16_t>(static_cast<std::uint16_t>(o.value))});
}
template <auto F>
void compare_literal(const Instruction& i, Wave& w) {
  w.set_scc(F(w.scalar(i.o[0]), extended(i.o[1])));
}

constexpr auto kEq = [](auto a, auto b) { return a == b; };
constexpr auto kNe = [](auto a, auto b) { return a != b; };
constexpr auto kLtU = [](u32 a, u32 b) { return a < b; };
constexpr auto kLeU = [](u32 a, u32 b) { return a <= b; };
constexpr auto kGtU = [](u32 a, u32 b) { return a > b; };
constexpr auto kGeU = [](u32 a, u32 b) { return a >= b; };
constexpr auto kLtI = [](u32 a, u32 b) { return sign(a) < sign(b); };
constexpr auto kLeI = [](u32 a, u32 b) { return sign(a) <= sign(b); };
constexpr auto kGtI = [](u32 a, u32 b) { return sign(a) > sign(b); };
constexpr auto kGeI = [](u32 a, u32 b) { return sign(a) >= sign(b); };

constexpr auto kAdd = [](u32 a, u32 b, bool) { return WithCarry{a + b, (u64{a} + b) >> 32 != 0}; };
constexpr auto kAddCarry = [](u32 a, u32 b, bool c) {
  return WithCarry{a + b + u32{c}, (u64{a} + b + u64{c}) >> 32 != 0};
};
constexpr auto kSub = [](u32 a, u32 b, bool) { return WithCarry{a - b, b > a}; };
constexpr auto kSubBorrow = [](u32 a, u32 b, bool c) {
  return WithCarry{a - b - u32{c}, u64{b} + u64{c} > a};
};

// Offset in bits 0 … 4, width in bits 16 … 22.
constexpr auto kFieldU = [](u32 a, u32 field) {
  const u32 width = field >> 16 & 127;
  return static_cast<u32>(u64{a >> (field & 31)} & ((u64{1} << (width > 32 ? 32 : width)) - 1));
};
constexpr auto kFieldI = [](u32 a, u32 field) {
  const u32 width = field >> 16 & 127;
  const i32 shifted = sign(a) >> (field & 31);
  if (width == 0) return u32{0};
  if (width >= 32) return static_cast<u32>(shifted);
  return static_cast<u32>(sign(static_cast<u32>(shifted) << (32 - width)) >> (32 - width));
};

constexpr Operation kOperations[] = {
    {"s_mov_b32", move<false>},
    {"s_mov_b64", move<true>},
    {"s_cselect_b32", select<false>},
    {"s_cselect_b64", select<true>},
    {"s_and_b32", bitwise<false, both>},
    {"s_and_b64", bitwise<true, both>},
    {"s_or_b32", bitwise<false, either>},
    {"s_or_b64", bitwise<true, either>},
    {"s_xor_b32", bitwise<false, differing>},
    {"s_xor_b64", bitwise<true, differing>},
    {"s_andn2_b32", bitwise<false, and_not>},
    {"s_andn2_b64", bitwise<true, and_not>},
    {"s_orn2_b32", bitwise<false, or_not>},
    {"s_orn2_b64", bitwise<true, or_not>},
    {"s_not_b32", invert<false>},
    {"s_not_b64", invert<true>},
    {"s_and_saveexec_b32", save_exec<false, both>},
    {"s_and_saveexec_b64", save_exec<true, both>},
    {"s_or_saveexec_b32", save_exec<false, either>},
    {"s_or_saveexec_b64", save_exec<true, either>},
    {"s_andn2_saveexec_b32", save_exec<false, and_not>},
    {"s_andn2_saveexec_b64", save_exec<true, and_not>},
    {"s_xor_saveexec_b32", save_exec<false, differing>},
    {"s_xor_saveexec_b64", save_exec<true, differing>},
    {"s_and_not0_saveexec_b32", save_exec<false, not_and>},
    {"s_and_not0_saveexec_b64", save_exec<true, not_and>},
    {"s_add_u32", with_carry<kAdd>},
    {"s_addc_u32", carry_chain<kAddCarry>},
    {"s_sub_u32", with_carry<kSub>},
    {"s_subb_u32", carry_chain<kSubBorrow>},
    {"s_add_i32", with_carry<[](u32 a, u32 b, bool) { return signed_result(wide(a) + wide(b)); }>},
    {"s_sub_i32", with_carry<[](u32 a, u32 b, bool) { return signed_result(wide(a) - wide(b)); }>},
    {"s_addk_i32",
     [](const Instruction& i, Wave& w) {
       const WithCarry r = signed_result(wide(w.scalar(i.o[0])) + wide(extended(i.o[1])));
       w.set_scalar(i.o[0], r.value, w.known);
       w.set_scc(r.carry);
     }},
    {"s_mulk_i32",
     [](const Instruction& i, Wave& w) {
       w.set_scalar(i.o[0], w.scalar(i.o[0]) * extended(i.o[1]), w.known);
     }},
    {"s_movk_i32",
     [](const Instruction& i, Wave& w) { w.set_scalar(i.o[0], extended(i.o[1]), true); }},
    {"s_mul_i32", plain<[](u32 a, u32 b) { return a * b; }>},
    {"s_mul_hi_u32", plain<[](u32 a, u32 b) { return (static_cast<u32>(u64{a} * b >> 32)); }>},
    {"s_mul_hi_i32",
     plain<[](u32 a, u32 b) { return (static_cast<u32>(wide(a) * wide(b) >> 32)); }>},
    {"s_min_i32", with_carry<[](u32 a, u32 b, bool) {
       return sign(a) < sign(b) ? WithCarry{a, true} : WithCarry{b, false};
     }>},
    {"s_max_i32", with_carry<[](u32 a, u32 b, bool) {
       return (sign(a) > sign(b) ? WithCarry{a, true} : WithCarry{b, false});
     }>},
    {"s_min_u32", with_carry<[](u32 a, u32 b, bool) {
       return a < b ? WithCarry{a, true} : WithCarry{b, false};
     }>},
    {"s_max_u32", with_carry<[](u32 a, u32 b, bool) {
       return (a > b ? WithCarry{a, true} : WithCarry{b, false});
     }>},
    {"s_lshl_b32", nonzero<[](u32 a, u32 b) { return a << (b & 31); }>},
    {"s_lshr_b32", nonzero<[](u32 a, u32 b) { return (a >> (b & 31)); }>},
    {"s_ashr_i32", nonzero<[](u32 a, u32 b) { return (static_cast<u32>(sign(a) >> (b & 31))); }>},
    {"s_lshl_b64", nonzero64<[](u64 a, u32 b) { return a << (b & 63); }>},
    {"s_lshr_b64", nonzero64<[](u64 a, u32 b) { return (a >> (b & 63)); }>},
    {"s_ashr_i64",
     nonzero64<[](u64 a, u32 b) { return (static_cast<u64>(static_cast<i64>(a) >> (b & 63))); }>},
    {"s_bfe_u32", nonzero<kFieldU>},
    {"s_bfe_i32", nonzero<kFieldI>},
    {"s_bfm_b32", plain<[](u32 a, u32 b) { return ((1u << (a & 31)) - 1) << (b & 31); }>},
    {"s_abs_i32",
     [](const Instruction& i, Wave& w) {
       const u32 a = w.scalar(i.o[1]);
       const u32 r = sign(a) < 0 ? 0 - a : a;
       w.set_scalar(i.o[0], r, w.known);
       w.set_scc(r != 0);
     }},
    {"s_brev_b32",
     [](const Instruction& i, Wave& w) {
       const u32 a = w.scalar(i.o[1]);
       w.set_scalar(i.o[0], reversed(a), w.known);
     }},
    {"s_bcnt1_i32_b32",
     [](const Instruction& i, Wave& w) {
       const auto r = static_cast<u32>(std::popcount(w.scalar(i.o[1])));
       w.set_scalar(i.o[0], r, w.known);
       w.set_scc(r != 0);
     }},
    {"s_bcnt1_i32_b64",
     [](const Instruction& i, Wave& w) {
       const auto r = static_cast<u32>(std::popcount(w.scalar64(i.o[1])));
       w.set_scalar(i.o[0], r, w.known);
       w.set_scc(r != 0);
     }},
    {"s_ff1_i32_b32",
     [](const Instruction& i, Wave& w) {
       const u32 a = w.scalar(i.o[1]);
       w.set_scalar(i.o[0], a == 0 ? ~0u : static_cast<u32>(std::countr_zero(a)), w.known);
     }},
    {"s_ff1_i32_b64",
     [](const Instruction& i, Wave& w) {
       const u64 a = w.scalar64(i.o[1]);
       w.set_scalar(i.o[0], a == 0 ? ~0u : static_cast<u32>(std::countr_zero(a)), w.known);
     }},
    {"s_bitset1_b32",
     [](const Instruction& i, Wave& w) {
       w.set_scalar(i.o[0], w.scalar(i.o[0]) | 1u << (w.scalar(i.o[1]) & 31), w.known);
     }},
    {"s_bitset0_b32",
     [](const Instruction& i, Wave& w) {
       w.set_scalar(i.o[0], w.scalar(i.o[0]) & ~(1u << (w.scalar(i.o[1]) & 31)), w.known);
     }},
    {"s_bitcmp1_b32", compare<[](u32 a, u32 b) { return ((a >> (b & 31) & 1u) != 0); }>},
    {"s_bitcmp0_b32", compare<[](u32 a, u32 b) { return ((a >> (b & 31) & 1u) == 0); }>},
    {"s_cmp_eq_u32", compare<kEq>},
    {"s_cmp_lg_u32", compare<kNe>},
    {"s_cmp_eq_i32", compare<kEq>},
    {"s_cmp_lg_i32", compare<kNe>},
    {"s_cmp_lt_u32", compare<kLtU>},
    {"s_cmp_le_u32", compare<kLeU>},
    {"s_cmp_gt_u32", compare<kGtU>},
    {"s_cmp_ge_u32", compare<kGeU>},
    {"s_cmp_lt_i32", compare<kLtI>},
    {"s_cmp_le_i32", compare<kLeI>},
    {"s_cmp_gt_i32", compare<kGtI>},
    {"s_cmp_ge_i32", compare<kGeI>},
    {"s_cmp_eq_u64", compare64<kEq>},
    {"s_cmp_lg_u64", compare64<kNe>},
    {"s_cmpk_eq_i32", compare_literal<kEq>},
    {"s_cmpk_lg_i32", compare_literal<kNe>},
    {"s_cmpk_lt_i32", compare_literal<kLtI>},
    {"s_cmpk_le_i32", compare_literal<kLeI>},
    {"s_cmpk_gt_i32", compare_literal<kGtI>},
    {"s_cmpk_ge_i32", compare_literal<kGeI>},
};

}  // namespace

std::span<const Operation> scalar_operations() { return kOperations; }

}  // namespace moat::amdgcn
