// SPDX-License-Identifier: Apache-2.0
// Packed and mixed operations: CDNA3 ISA and RDNA3 ISA, "VOP3P".
#include <cstdint>

#include "tests/executors/amd/lane_wise.hpp"
#include "tests/executors/amd/operations.hpp"

namespace moat::amdgcn {
namespace {

// Word of source `s` that half `half` of a result takes, with its sign.
const u32* half_of(const Instruction& i, Wave& w, int s, int half, LaneValues& t, u64& defined) {
  const Operand& o = i.o[static_cast<std::size_t>(1 + s)];
  const auto bit = [&](std::uint8_t mask) { return (mask >> s & 1) != 0; };
  const int word = bit(half == 0 ? i.op_sel : i.op_sel_hi) ? 1 : 0;
  const u32* values = w.lanes(o, t, defined, word);
  if (!bit(half == 0 ? i.neg_lo : i.neg_hi)) return values;
  for (int l = 0; l < kLanes; ++l) t.lane[l] = values[l] ^ 0x80000000u;
  return t.lane;
}

// Both halves of the result are computed before one is written.
template <int kSources, auto F>
void packed_float(const Instruction& i, Wave& w) {
  LaneValues ta, tb, tc;
  LaneValues r[2];
  u64 defined[2] = {~u64{0}, ~u64{0}};
  for (int half = 0; half < 2; ++half) {
    const u32* a = half_of(i, w, 0, half, ta, defined[half]);
    const u32* b = half_of(i, w, 1, half, tb, defined[half]);
    const u32* c = kSources == 3 ? half_of(i, w, 2, half, tc, defined[half]) : a;
    for (int l = 0; l < kLanes; ++l) {
      r[half].lane[l] = as_bits(F(as_float(a[l]), as_float(b[l]), as_float(c[l])));
    }
  }
  for (int half = 0; half < 2; ++half) {
    w.set_lanes(i, i.o[0].index + half, r[half].lane, defined[half]);
  }
}

// V_PK_MOV_B32: the lower result is a word of the first source, the upper one of the second; op_sel
// chooses both.
void packed_move(const Instruction& i, Wave& w) {
  LaneValues t;
  LaneValues r[2];
  u64 defined[2] = {~u64{0}, ~u64{0}};
  for (int s = 0; s < 2; ++s) {
    const Operand& o = i.o[static_cast<std::size_t>(1 + s)];
    std::memcpy(&r[s], w.lanes(o, t, defined[s], i.op_sel >> s & 1), sizeof r[s]);
  }
  for (int s = 0; s < 2; ++s) w.set_lanes(i, i.o[0].index + s, r[s].lane, defined[s]);
}

// V_PACK_B32_F16: a half of each source, which op_sel chooses; numbers stay as they are.
void pack_halves(const Instruction& i, Wave& w) {
  for (const Operand& o : {i.o[1], i.o[2]}) {
    if (o.negative || o.absolute) throw Fault("v_pack_b32_f16 with a sign of its own");
  }
  LaneValues ta, tb, r;
  u64 defined = ~u64{0};
  const u32* a = w.lanes(i.o[1], ta, defined);
  const u32* b = w.lanes(i.o[2], tb, defined);
  const int low = (i.op_sel & 1) != 0 ? 16 : 0;
  const int high = (i.op_sel & 2) != 0 ? 16 : 0;
  for (int l = 0; l < kLanes; ++l) {
    r.lane[l] = (a[l] >> low & 0xffffu) | (b[l] >> high & 0xffffu) << 16;
  }
  w.set_lanes(i, i.o[0].index, r.lane, defined);
}

// V_FMA_MIX: op_sel_hi says that a source is binary16, op_sel which half of it.
LaneValues mixed(const Instruction& i, Wave& w, u64& defined) {
  LaneValues values[3];
  for (int s = 0; s < 3; ++s) {
    const Operand& o = i.o[static_cast<std::size_t>(1 + s)];
    LaneValues t;
    if ((i.op_sel_hi >> s & 1) == 0) {
      std::memcpy(&values[s], w.floats(o, t, defined), sizeof t);
      continue;
    }
    const u32* a = w.lanes(o, t, defined);
    const int shift = (i.op_sel >> s & 1) != 0 ? 16 : 0;
    const u32 keep = o.absolute ? 0x7fffffffu : ~0u;
    const u32 flip = o.negative ? 0x80000000u : 0u;
    for (int l = 0; l < kLanes; ++l) {
      values[s].lane[l] = (as_bits(half_to_float(a[l] >> shift & 0xffffu)) & keep) ^ flip;
    }
  }
  LaneValues r;
  for (int l = 0; l < kLanes; ++l) {
    r.lane[l] = as_bits(__builtin_fmaf(as_float(values[0].lane[l]), as_float(values[1].lane[l]),
                                       as_float(values[2].lane[l])));
  }
  return r;
}

constexpr auto kAdd = [](float a, float b, float) { return a + b; };
constexpr auto kMul = [](float a, float b, float) { return a * b; };
constexpr auto kFma = [](float a, float b, float c) { return __builtin_fmaf(a, b, c); };

constexpr Operation kOperations[] = {
    {"v_pk_add_f32", packed_float<2, kAdd>},
    {"v_pk_mul_f32", packed_float<2, kMul>},
    {"v_pk_fma_f32", packed_float<3, kFma>},
    {"v_pk_mov_b32", packed_move},
    {"v_pack_b32_f16", pack_halves},
    {"v_fma_mix_f32",
     [](const Instruction& i, Wave& w) {
       u64 defined = ~u64{0};
       const LaneValues r = mixed(i, w, defined);
       w.set_lanes(i, i.o[0].index, r.lane, defined);
     }},
    {"v_fma_mixlo_f16",
     [](const Instruction& i, Wave& w) {
       u64 defined = ~u64{0};
       LaneValues r = mixed(i, w, defined);
       const u32* old = w.v[i.o[0].index].lane;
       for (int l = 0; l < kLanes; ++l) {
         r.lane[l] = float_to_half(as_float(r.lane[l])) | (old[l] & 0xffff0000u);
       }
       w.set_lanes(i, i.o[0].index, r.lane, defined);
     }},
    {"v_fma_mixhi_f16",
     [](const Instruction& i, Wave& w) {
       u64 defined = ~u64{0};
       LaneValues r = mixed(i, w, defined);
       const u32* old = w.v[i.o[0].index].lane;
       for (int l = 0; l < kLanes; ++l) {
         r.lane[l] = float_to_half(as_float(r.lane[l])) << 16 | (old[l] & 0xffffu);
       }
       w.set_lanes(i, i.o[0].index, r.lane, defined & w.v_defined[i.o[0].index]);
     }},
};

}  // namespace

std::span<const Operation> packed_operations() { return kOperations; }

}  // namespace moat::amdgcn
