// SPDX-License-Identifier: Apache-2.0
// The local data share: CDNA3 ISA and RDNA3 ISA, "Data Share". A wave's operations are done in
// order; what they read is in the registers after the wait.
#include <cstdint>
#include <cstring>

#include "tests/executors/amd/lane_wise.hpp"
#include "tests/executors/amd/operations.hpp"

namespace moat::amdgcn {
namespace {

// Addresses of the active lanes, which must lie within LDS. Base and offset are added in 32 bits
// and may wrap (LLVM, AMDGPUSubtarget::hasUsableDSOffset(): from Sea Islands on), as compilers have
// it for a base that they subtract.
void find_addresses(const Operand& o, Wave& w, std::int32_t offset, u32 bytes, LaneValues& to) {
  u64 defined = ~u64{0};
  const u32* base = w.lanes(o, to, defined);
  const u64 active = w.exec();
  w.demand(o, defined, active, "an LDS address");
  const auto size = static_cast<u32>(w.context->lds.bytes.size());
  u32 bad = 0;
  for (int l = 0; l < kLanes; ++l) {
    const u32 a = base[l] + static_cast<u32>(offset);
    to.lane[l] = (active >> l & 1u) != 0 ? a : 0;
    bad |= (active >> l & 1u) != 0 && (a >= size || bytes > size - a) ? 1u : 0u;
    bad |= (active >> l & 1u) != 0 && a % 4 != 0 ? 2u : 0u;
  }
  if (bad == 0) return;
  for (int l = 0; l < kLanes; ++l) {
    const u32 a = to.lane[l];
    if ((active >> l & 1u) == 0) continue;
    if (a >= size || bytes > size - a) {
      throw Fault("LDS has " + std::to_string(size) + " bytes, " + std::to_string(bytes) + " at " +
                  std::to_string(static_cast<std::int32_t>(a)) + " lie outside" +
                  in_lane(u64{1} << l));
    }
    if (a % 4 != 0) {
      throw Fault("LDS address " + std::to_string(a) + " is not aligned" + in_lane(u64{1} << l));
    }
  }
}

template <class F>
void for_active(const Wave& w, F f) {
  for (u64 left = w.exec(); left != 0; left &= left - 1) f(std::countr_zero(left));
}

// Reads kWords words of each active lane into the words of p from `first` on.
template <u32 kWords>
void fetch(Wave& w, const LaneValues& address, u32 line, Pending& p, u32 first) {
  Lds& lds = w.context->lds;
  for (u32 i = 0; i < kWords; ++i) p.defined[first + i] = ~u64{0};
  for_active(w, [&](int l) {
    const u32 a = address.lane[l];
    lds.touch_read(a, 4 * kWords, w.number);
    for (u32 i = 0; i < kWords; ++i) {
      std::memcpy(&p.data[first + i].lane[l], &lds.bytes[a + 4 * i], 4);
      u32 defined = 0;
      std::memcpy(&defined, &lds.defined[a + 4 * i], 4);
      if (defined == ~0u) continue;
      p.defined[first + i] &= ~(u64{1} << l);
      if (p.origin.line == Origin::kNone) {
        p.origin = {.line = line,
                    .byte = a + 4 * i,
                    .lane = static_cast<std::uint8_t>(l),
                    .written = lds.written(a + 4 * i)};
      }
    }
  });
}

void expect(const Instruction& i, Wave& w, Pending& p, std::size_t words) {
  const u64 active = w.exec();
  for (std::size_t word = 0; word < words; ++word) {
    const std::size_t at = i.o[0].index + word;
    w.check_arrived(static_cast<int>(at), active, "loads into");
    w.v_defined[at] &= ~active;
    w.v_pending[at] |= active;
  }
  p.first = i.o[0].index;
  p.words = static_cast<std::uint8_t>(words);
  p.lanes = active;
  p.line = i.line;
}

template <u32 kWords, bool kTwo>
void read(const Instruction& i, Wave& w) {
  Pending& p = w.lds.push();
  p.kind = Pending::Kind::lds_read;
  p.bytes = 4 * kWords;
  p.second = 0;
  p.words = 0;
  p.lanes = 0;
  find_addresses(i.o[1], w, i.offset, 4 * kWords, p.address);
  p.origin = {};
  fetch<kWords>(w, p.address, i.line, p, 0);
  if (kTwo) {
    LaneValues other;
    find_addresses(i.o[1], w, i.offset1, 4 * kWords, other);
    p.second = static_cast<u32>(i.offset1 - i.offset);
    fetch<kWords>(w, other, i.line, p, kWords);
  }
  expect(i, w, p, kTwo ? 2 * kWords : kWords);
}

template <u32 kWords>
void store(const Operand& o, Wave& w, const LaneValues& address) {
  Lds& lds = w.context->lds;
  const u64 active = w.exec();
  const u32* data[kWords];
  LaneValues temporary[kWords];
  u64 defined[kWords];
  for (u32 i = 0; i < kWords; ++i) {
    defined[i] = ~u64{0};
    data[i] = w.lanes(o, temporary[i], defined[i], static_cast<int>(i));
    if ((active & ~defined[i]) != 0)
      w.check_arrived(o.index + static_cast<int>(i), active, "reads");
  }
  ++lds.stores;
  for_active(w, [&](int l) {
    const u32 a = address.lane[l];
    lds.touch_write(a, 4 * kWords, w.number);
    for (u32 i = 0; i < kWords; ++i) {
      // Which lane's value stays is not told.
      LdsWord& word = lds.words[a / 4 + i];
      if (word.store == lds.stores && std::memcmp(&lds.bytes[a + 4 * i], &data[i][l], 4) != 0) {
        throw Fault("lanes write different values to LDS byte " + std::to_string(a + 4 * i) +
                    in_lane(u64{1} << l));
      }
      word.store = lds.stores;
      std::memcpy(&lds.bytes[a + 4 * i], &data[i][l], 4);
      const u32 mark = (defined[i] >> l & 1u) != 0 ? ~0u : 0u;
      std::memcpy(&lds.defined[a + 4 * i], &mark, 4);
    }
  });
}

template <u32 kWords, bool kTwo>
void write(const Instruction& i, Wave& w) {
  w.make_room(w.lds, w.context->most_lds());
  Pending& p = w.lds.push();
  p.kind = Pending::Kind::lds_write;
  p.bytes = 4 * kWords;
  p.second = 0;
  p.words = 0;
  p.lanes = w.exec();
  p.line = i.line;
  find_addresses(i.o[0], w, i.offset, 4 * kWords, p.address);
  store<kWords>(i.o[1], w, p.address);
  if (kTwo) {
    LaneValues other;
    find_addresses(i.o[0], w, i.offset1, 4 * kWords, other);
    p.second = static_cast<u32>(i.offset1 - i.offset);
    store<kWords>(i.o[2], w, other);
  }
}

// DS_BPERMUTE_B32: each lane reads the value of the lane whose number, times 4, it gives. Of an
// inactive lane it reads 0.
void permute(const Instruction& i, Wave& w) {
  LaneValues ta, tb;
  u64 defined_a = ~u64{0};
  u64 defined_b = ~u64{0};
  const u32* a = w.lanes(i.o[1], ta, defined_a);
  const u32* b = w.lanes(i.o[2], tb, defined_b);
  const u64 active = w.exec();
  w.demand(i.o[1], defined_a, active, "the number of a lane");
  if ((active & ~defined_b) != 0) w.check_arrived(i.o[2].index, active, "reads");
  Pending& p = w.lds.push();
  p.kind = Pending::Kind::lds_read;
  p.bytes = 0;
  p.origin = i.o[2].kind == Operand::Kind::vector ? w.v_origin[i.o[2].index] : Origin{};
  p.defined[0] = ~u64{0};
  for (int l = 0; l < kLanes; ++l) {
    const u32 from =
        (a[l] + static_cast<u32>(i.offset)) / 4 & static_cast<u32>(w.context->wave_width - 1);
    const bool is_active = (active >> from & 1u) != 0;
    p.data[0].lane[l] = is_active ? b[from] : 0;
    if (is_active && (defined_b >> from & 1u) == 0) p.defined[0] &= ~(u64{1} << l);
  }
  expect(i, w, p, 1);
}

constexpr Operation kOperations[] = {
    {"ds_read_b32", read<1, false>},       {"ds_read_b64", read<2, false>},
    {"ds_read_b96", read<3, false>},       {"ds_read_b128", read<4, false>},
    {"ds_read2_b32", read<1, true>},       {"ds_read2_b64", read<2, true>},
    {"ds_write_b32", write<1, false>},     {"ds_write_b64", write<2, false>},
    {"ds_write_b96", write<3, false>},     {"ds_write_b128", write<4, false>},
    {"ds_write2_b32", write<1, true>},     {"ds_write2_b64", write<2, true>},
    {"ds_read2st64_b32", read<1, true>},   {"ds_read2st64_b64", read<2, true>},
    {"ds_write2st64_b32", write<1, true>}, {"ds_write2st64_b64", write<2, true>},
    {"ds_bpermute_b32", permute},
};

}  // namespace

std::span<const Operation> lds_operations() { return kOperations; }

}  // namespace moat::amdgcn
