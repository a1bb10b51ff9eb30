// SPDX-License-Identifier: Apache-2.0
// Integer arithmetic of lanes: CDNA3 ISA and RDNA3 ISA, "VOP1", "VOP2", "VOP3".
#include <algorithm>
#include <cstdint>

#include "tests/executors/amd/lane_wise.hpp"
#include "tests/executors/amd/operations.hpp"

namespace moat::amdgcn {
namespace {

i32 sign(u32 x) { return static_cast<i32>(x); }
u32 bits(i32 x) { return static_cast<u32>(x); }
std::int64_t wide(u64 x) { return static_cast<std::int64_t>(x); }

// Results of 16 bits: gfx9 clears the upper half of the register, gfx11 leaves it.
template <auto F>
void short_binary(const Instruction& i, Wave& w) {
  LaneValues ta, tb, r;
  u64 defined = ~u64{0};
  const u32* a = w.lanes(i.o[1], ta, defined);
  const u32* b = w.lanes(i.o[2], tb, defined);
  const u32 keep = i.keeps_high ? 0xffff0000u : 0u;
  const u32* old = w.v[i.o[0].index].lane;
  for (int l = 0; l < kLanes; ++l) {
    r.lane[l] = (F(a[l] & 0xffffu, b[l] & 0xffffu) & 0xffffu) | (old[l] & keep);
  }
  w.set_lanes(i, i.o[0].index, r.lane, defined);
}

// Which lanes are defined of the lower and of the upper half of 64 bits. Compilers use an operation
// of 64 bits for its lower half, whose operands' upper halves nothing wrote.
struct Halves {
  u64 low = ~u64{0};
  u64 high = ~u64{0};
  u64 both() const { return low & high; }
};

// Lanes of 64 bits from two registers.
void read_wide(Wave& w, const Operand& o, u64 (&to)[kLanes], Halves& defined) {
  if (o.kind != Operand::Kind::vector) {
    const bool known = w.known;
    w.known = true;
    const u64 value = w.scalar64(o);
    if (!w.known) defined = {0, 0};
    w.known = known;
    for (u64& lane : to) lane = value;
    return;
  }
  LaneValues t;
  const u32* low = w.lanes(o, t, defined.low);
  const u32* high = w.lanes(o, t, defined.high, 1);
  for (int l = 0; l < kLanes; ++l) to[l] = u64{high[l]} << 32 | low[l];
}

void write_wide(const Instruction& i, Wave& w, const u64 (&values)[kLanes], Halves defined) {
  LaneValues low, high;
  for (int l = 0; l < kLanes; ++l) {
    low.lane[l] = static_cast<u32>(values[l]);
    high.lane[l] = static_cast<u32>(values[l] >> 32);
  }
  w.set_lanes(i, i.o[0].index, low.lane, defined.low);
  w.set_lanes(i, i.o[0].index + 1, high.lane, defined.high);
}

template <auto F>
void compare_wide(const Instruction& i, Wave& w) {
  u64 a[kLanes], b[kLanes];
  Halves defined;
  read_wide(w, i.o[1], a, defined);
  read_wide(w, i.o[2], b, defined);
  std::uint8_t truth[kLanes];
  for (int l = 0; l < kLanes; ++l) truth[l] = F(a[l], b[l]) ? 1 : 0;
  set_truth(i, w, i.o[0], truth, defined.both());
}

// d = a · b + c with c and d of 64 bits.
template <auto F>
void multiply_add(const Instruction& i, Wave& w) {
  LaneValues ta, tb;
  u64 c[kLanes], r[kLanes];
  Halves defined;
  const u32* a = w.lanes(i.o[2], ta, defined.low);
  const u32* b = w.lanes(i.o[3], tb, defined.low);
  read_wide(w, i.o[4], c, defined);
  defined.high &= defined.low;
  u64 carries = 0;
  for (int l = 0; l < kLanes; ++l) {
    r[l] = F(a[l], b[l]) + c[l];
    carries |= u64{r[l] < c[l]} << l;
  }
  if (i.o[1].index != kNull) w.set_mask(i.o[1], {carries & w.exec(), ~(w.exec() & ~defined.high)});
  write_wide(i, w, r, defined);
}

// d and the carry of each lane: F(a, b, carry in) of 64 bits, whose bit 32 is the carry.
template <bool kCarryIn, auto F>
void carry(const Instruction& i, Wave& w) {
  LaneValues ta, tb, r;
  u64 defined = ~u64{0};
  const u32* a = w.lanes(i.o[2], ta, defined);
  const u32* b = w.lanes(i.o[3], tb, defined);
  Wave::Bits in{0, ~u64{0}};
  if (kCarryIn) in = w.mask(i.o[4]);
  defined &= in.defined;
  std::uint8_t truth[kLanes];
  for (u32 l = 0; l < kLanes; ++l) {
    const u64 sum = F(u64{a[l]}, u64{b[l]}, in.value >> l & 1u);
    r.lane[l] = static_cast<u32>(sum);
    truth[l] = sum >> 32 & 1u;
  }
  set_truth(i, w, i.o[1], truth, defined);
  w.set_lanes(i, i.o[0].index, r.lane, defined);
}

// Of 64 bits, by as many as the first operand says.
template <auto F>
void wide_shift_right(const Instruction& i, Wave& w) {
  LaneValues t;
  u64 b[kLanes];
  Halves defined;
  const u32* a = w.lanes(i.o[1], t, defined.high);
  read_wide(w, i.o[2], b, defined);
  defined.low &= defined.high;
  for (int l = 0; l < kLanes; ++l) b[l] = F(b[l], a[l] & 63);
  write_wide(i, w, b, defined);
}

constexpr Operation kOperations[] = {
    {"v_mov_b32", unary<[](u32 a) { return a; }>},
    {"v_not_b32", unary<[](u32 a) { return ~a; }>},
    {"v_bfrev_b32", unary<reversed>},
    {"v_add_u32", binary<[](u32 a, u32 b) { return a + b; }>},
    {"v_sub_u32", binary<[](u32 a, u32 b) { return a - b; }>},
    {"v_subrev_u32", binary<[](u32 a, u32 b) { return b - a; }>},
    {"v_and_b32", binary<[](u32 a, u32 b) { return a & b; }>},
    {"v_or_b32", binary<[](u32 a, u32 b) { return a | b; }>},
    {"v_xor_b32", binary<[](u32 a, u32 b) { return a ^ b; }>},
    {"v_lshlrev_b32", binary<[](u32 a, u32 b) { return b << (a & 31); }>},
    {"v_lshrrev_b32", binary<[](u32 a, u32 b) { return (b >> (a & 31)); }>},
    {"v_ashrrev_i32", binary<[](u32 a, u32 b) { return (bits(sign(b) >> (a & 31))); }>},
    {"v_mul_lo_u32", binary<[](u32 a, u32 b) { return a * b; }>},
    {"v_mul_hi_u32", binary<[](u32 a, u32 b) { return (static_cast<u32>(u64{a} * b >> 32)); }>},
    {"v_mul_hi_i32", binary<[](u32 a, u32 b) {
       return static_cast<u32>(static_cast<u64>(std::int64_t{sign(a)} * sign(b)) >> 32);
     }>},
    {"v_mul_u32_u24",
     binary<[](u32 a, u32 b) { return (a & 0xffffffu) * (b & 0xffffffu); }>},
    {"v_min_i32", binary<[](u32 a, u32 b) { return bits(std::min(sign(a), sign(b))); }>},
    {"v_max_i32", binary<[](u32 a, u32 b) { return bits(std::max(sign(a), sign(b))); }>},
    {"v_min_u32", binary<[](u32 a, u32 b) { return std::min(a, b); }>},
    {"v_max_u32", binary<[](u32 a, u32 b) { return std::max(a, b); }>},
    {"v_add_u16", short_binary<[](u32 a, u32 b) { return a + b; }>},
    {"v_sub_u16", short_binary<[](u32 a, u32 b) { return a - b; }>},
    {"v_lshlrev_b16", short_binary<[](u32 a, u32 b) { return b << (a & 15); }>},
    {"v_lshrrev_b16", short_binary<[](u32 a, u32 b) { return (b >> (a & 15)); }>},
    {"v_ashrrev_i16",
     short_binary<[](u32 a, u32 b) { return (bits(sign(b << 16) >> (16 + (a & 15)))); }>},
    {"v_add3_u32", ternary<[](u32 a, u32 b, u32 c) { return a + b + c; }>},
    {"v_lshl_add_u32", ternary<[](u32 a, u32 b, u32 c) { return (a << (b & 31)) + c; }>},
    {"v_add_lshl_u32", ternary<[](u32 a, u32 b, u32 c) { return (a + b) << (c & 31); }>},
    {"v_lshl_or_b32", ternary<[](u32 a, u32 b, u32 c) { return (a << (b & 31)) | c; }>},
    {"v_and_or_b32", ternary<[](u32 a, u32 b, u32 c) { return (a & b) | c; }>},
    {"v_or3_b32", ternary<[](u32 a, u32 b, u32 c) { return a | b | c; }>},
    {"v_xor3_b32", ternary<[](u32 a, u32 b, u32 c) { return a ^ b ^ c; }>},
    {"v_xad_u32", ternary<[](u32 a, u32 b, u32 c) { return (a ^ b) + c; }>},
    {"v_min3_i32", ternary<[](u32 a, u32 b, u32 c) {
       return bits(std::min({sign(a), sign(b), sign(c)}));
     }>},
    {"v_max3_i32", ternary<[](u32 a, u32 b, u32 c) {
       return bits(std::max({sign(a), sign(b), sign(c)}));
     }>},
    {"v_bfe_u32", ternary<[](u32 a, u32 b, u32 c) {
       return (a >> (b & 31) & ((1u << (c & 31)) - 1u));
     }>},
    {"v_bfe_i32", ternary<[](u32 a, u32 b, u32 c) {
       // Behind the register's end the field has its sign.
       const u32 width = c & 31;
       const u32 field = bits(sign(a) >> (b & 31)) & ((1u << width) - 1u);
       const u32 top = width == 0 ? 0 : 1u << (width - 1);
       return (field ^ top) - top;
     }>},
    {"v_bfi_b32", ternary<[](u32 a, u32 b, u32 c) { return (a & b) | (~a & c); }>},
    {"v_alignbit_b32", ternary<[](u32 a, u32 b, u32 c) {
       return (static_cast<u32>((u64{a} << 32 | b) >> (c & 31)));
     }>},
    {"v_perm_b32", ternary<[](u32 a, u32 b, u32 c) {
       u32 r = 0;
       for (u32 byte = 0; byte < 4; ++byte) {
         const u32 which = (c >> (8 * byte) & 0xffu);
         const u64 data = u64{a} << 32 | b;
         u32 value = 0xff;
         if (which < 8) {
           value = (static_cast<u32>(data >> (8 * which)) & 0xffu);
         } else if (which < 12) {
           value = (data >> (16 * (which - 8) + 15) & 1u) != 0 ? 0xff : 0;
         } else if (which == 12) {
           value = 0;
         }
         r |= value << (8 * byte);
       }
       return r;
     }>},
    {"v_add_co_u32", carry<false, [](u64 a, u64 b, u64) { return a + b; }>},
    {"v_addc_co_u32", carry<true, [](u64 a, u64 b, u64 c) { return a + b + c; }>},
    {"v_sub_co_u32", carry<false, [](u64 a, u64 b, u64) { return a - b; }>},
    {"v_subb_co_u32", carry<true, [](u64 a, u64 b, u64 c) { return a - b - c; }>},
    {"v_subrev_co_u32", carry<false, [](u64 a, u64 b, u64) { return b - a; }>},
    {"v_mad_u64_u32", multiply_add<[](u32 a, u32 b) { return u64{a} * b; }>},
    {"v_mad_i64_i32", multiply_add<[](u32 a, u32 b) {
       return (static_cast<u64>(std::int64_t{sign(a)} * sign(b)));
     }>},
    {"v_mov_b64",
     [](const Instruction& i, Wave& w) {
       u64 a[kLanes];
       Halves defined;
       read_wide(w, i.o[1], a, defined);
       write_wide(i, w, a, defined);
     }},
    {"v_lshlrev_b64",
     [](const Instruction& i, Wave& w) {
       LaneValues t;
       u64 b[kLanes];
       Halves defined;
       const u32* a = w.lanes(i.o[1], t, defined.low);
       read_wide(w, i.o[2], b, defined);
       defined.high &= defined.low;
       for (int l = 0; l < kLanes; ++l) b[l] <<= a[l] & 63;
       write_wide(i, w, b, defined);
     }},
    {"v_ashrrev_i64", wide_shift_right<[](u64 b, u32 by) {
       return (static_cast<u64>(static_cast<std::int64_t>(b) >> by));
     }>},
    {"v_lshrrev_b64", wide_shift_right<[](u64 b, u32 by) { return (b >> by); }>},
    {"v_lshl_add_u64",
     [](const Instruction& i, Wave& w) {
       LaneValues t;
       u64 a[kLanes], c[kLanes];
       Halves defined;
       read_wide(w, i.o[1], a, defined);
       const u32* b = w.lanes(i.o[2], t, defined.low);
       read_wide(w, i.o[3], c, defined);
       defined.high &= defined.low;
       for (int l = 0; l < kLanes; ++l) a[l] = (a[l] << (b[l] & 7)) + c[l];
       write_wide(i, w, a, defined);
     }},
    {"v_cmp_eq_i64", compare_wide<[](u64 a, u64 b) { return (wide(a) == wide(b)); }>},
    {"v_cmp_ne_i64", compare_wide<[](u64 a, u64 b) { return (wide(a) != wide(b)); }>},
    {"v_cmp_lt_i64", compare_wide<[](u64 a, u64 b) { return (wide(a) < wide(b)); }>},
    {"v_cmp_le_i64", compare_wide<[](u64 a, u64 b) { return (wide(a) <= wide(b)); }>},
    {"v_cmp_gt_i64", compare_wide<[](u64 a, u64 b) { return (wide(a) > wide(b)); }>},
    {"v_cmp_ge_i64", compare_wide<[](u64 a, u64 b) { return (wide(a) >= wide(b)); }>},
    {"v_cmp_eq_u64", compare_wide<[](u64 a, u64 b) { return (a == b); }>},
    {"v_cmp_ne_u64", compare_wide<[](u64 a, u64 b) { return (a != b); }>},
    {"v_cmp_lt_u64", compare_wide<[](u64 a, u64 b) { return (a < b); }>},
    {"v_cmp_le_u64", compare_wide<[](u64 a, u64 b) { return (a <= b); }>},
    {"v_cmp_gt_u64", compare_wide<[](u64 a, u64 b) { return (a > b); }>},
    {"v_cmp_ge_u64", compare_wide<[](u64 a, u64 b) { return (a >= b); }>},
};

}  // namespace

std::span<const Operation> integer_operations() { return kOperations; }

}  // namespace moat::amdgcn
