// SPDX-License-Identifier: Apache-2.0
// Values that go from lane to lane or between lanes and scalars.
#include <bit>
#include <cstdint>

#include "tests/executors/amd/lane_wise.hpp"
#include "tests/executors/amd/operations.hpp"

namespace moat::amdgcn {
namespace {

void read_lane(const Instruction& i, Wave& w, u32 lane) {
  const Operand& o = i.o[1];
  if (o.kind != Operand::Kind::vector) throw Fault("reads a lane of no vector register");
  const bool defined = (w.v_defined[o.index] >> lane & 1u) != 0;
  if (!defined) w.check_arrived(o.index, u64{1} << lane, "reads");
  w.set_scalar(i.o[0], w.v[o.index].lane[lane], defined);
}

// V_MBCNT: lanes below this one that are set in half of a mask.
template <int kFirst>
void count_below(const Instruction& i, Wave& w) {
  LaneValues ta, tb, r;
  u64 defined = ~u64{0};
  const u32* a = w.lanes(i.o[1], ta, defined);
  const u32* b = w.lanes(i.o[2], tb, defined);
  for (int l = 0; l < kLanes; ++l) {
    const int below = l - kFirst;
    const u32 mask = below >= 32 ? ~0u : below <= 0 ? 0u : (1u << below) - 1u;
    r.lane[l] = b[l] + static_cast<u32>(std::popcount(a[l] & mask));
  }
  w.set_lanes(i, i.o[0].index, r.lane, defined);
}

constexpr Operation kOperations[] = {
    // Of no active lane, it reads lane 0.
    {"v_readfirstlane_b32",
     [](const Instruction& i, Wave& w) {
       const u64 active = w.exec();
       read_lane(i, w, active == 0 ? 0 : static_cast<u32>(std::countr_zero(active)));
     }},
    {"v_readlane_b32",
     [](const Instruction& i, Wave& w) {
       const u32 lane = w.scalar(i.o[2]);
       if (!w.known) throw Fault("the number of a lane is undefined");
       read_lane(i, w, lane & static_cast<u32>(w.context->wave_width - 1));
     }},
    // Writes whether the lane is active or not.
    {"v_writelane_b32",
     [](const Instruction& i, Wave& w) {
       const u32 lane = w.scalar(i.o[2]) & static_cast<u32>(w.context->wave_width - 1);
       if (!w.known) throw Fault("the number of a lane is undefined");
       const u32 value = w.scalar(i.o[1]);
       const std::size_t to = i.o[0].index;
       w.check_arrived(i.o[0].index, u64{1} << lane, "writes");
       w.v[to].lane[lane] = value;
       w.v_defined[to] = (w.v_defined[to] & ~(u64{1} << lane)) | u64{w.known} << lane;
     }},
    {"v_mbcnt_lo_u32_b32", count_below<0>},
    {"v_mbcnt_hi_u32_b32", count_below<32>},
};

}  // namespace

std::span<const Operation> lane_operations() { return kOperations; }

}  // namespace moat::amdgcn
