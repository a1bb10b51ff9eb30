// SPDX-License-Identifier: Apache-2.0
// Scalar, global and buffer memory: CDNA3 ISA and RDNA3 ISA, "Scalar Memory Operations", "Vector
// Memory Operations". Accesses read and write this process's memory when they are issued; what they
// load is in the registers after the wait.
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "tests/executors/amd/lane_wise.hpp"
#include "tests/executors/amd/operations.hpp"

namespace moat::amdgcn {
namespace {

std::string hexadecimal(u64 x) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(x));
  return text;
}

void* at(u64 address) { return reinterpret_cast<void*>(static_cast<std::uintptr_t>(address)); }

// Addresses of the active lanes: a register of 64 bits, or one of 32 on top of a scalar.
void find_addresses(const Instruction& i, Wave& w, const Operand& vector, const Operand& scalar,
                    u32 bytes, u64 (&to)[kLanes]) {
  const u64 active = w.exec();
  u64 defined = ~u64{0};
  LaneValues t;
  const u32* low = w.lanes(vector, t, defined);
  if (scalar.kind == Operand::Kind::none) {
    const u32* high = w.lanes(vector, t, defined, 1);
    for (int l = 0; l < kLanes; ++l) to[l] = u64{high[l]} << 32 | low[l];
  } else {
    const u64 base = w.scalar64(scalar);
    if (!w.known) throw Fault("the base of an address is undefined");
    for (int l = 0; l < kLanes; ++l) to[l] = base + low[l];
  }
  w.demand(vector, defined, active, "an address");
  const auto offset = static_cast<u64>(std::int64_t{i.offset});
  for (u64& a : to) a += offset;
  for (u64 left = active; left != 0; left &= left - 1) {
    const int l = std::countr_zero(left);
    if (!w.context->memory->contains(to[l], bytes)) {
      throw Fault("out of bounds: " + std::to_string(bytes) + " bytes at " + hexadecimal(to[l]) +
                  in_lane(left));
    }
  }
}

Pending& expect(const Instruction& i, Wave& w, std::size_t words) {
  const u64 active = w.exec();
  for (std::size_t word = 0; word < words; ++word) {
    const std::size_t index = i.o[0].index + word;
    w.check_arrived(static_cast<int>(index), active, "loads into");
    w.v_defined[index] &= ~active;
    w.v_pending[index] |= active;
  }
  Pending& p = w.vector_memory.push();
  p.kind = Pending::Kind::load;
  p.first = i.o[0].index;
  p.words = static_cast<std::uint8_t>(words);
  p.lanes = active;
  p.line = i.line;
  for (std::size_t word = 0; word < words; ++word) p.defined[word] = ~u64{0};
  return p;
}

template <u32 kBytes>
void load(const Instruction& i, Wave& w) {
  constexpr u32 kWords = (kBytes + 3) / 4;
  u64 address[kLanes];
  find_addresses(i, w, i.o[1], i.o[2], kBytes, address);
  Pending& p = expect(i, w, kWords);
  for (u64 left = p.lanes; left != 0; left &= left - 1) {
    const int l = std::countr_zero(left);
    u32 words[kWords] = {};
    std::memcpy(words, at(address[l]), kBytes);
    for (u32 word = 0; word < kWords; ++word) p.data[word].lane[l] = words[word];
  }
}

void note_store(const Instruction& i, Wave& w) {
  PendingQueue& queue = w.context->separate_stores ? w.stores : w.vector_memory;
  w.make_room(queue, Context::kMostVectorMemory);
  Pending& p = queue.push();
  p.kind = Pending::Kind::store;
  p.words = 0;
  p.lanes = w.exec();
  p.line = i.line;
}

// Of a register, from bit kShift on.
template <u32 kBytes, u32 kShift = 0>
void store(const Instruction& i, Wave& w) {
  constexpr u32 kWords = (kBytes + 3) / 4;
  u64 address[kLanes];
  find_addresses(i, w, i.o[0], i.o[2], kBytes, address);
  const u64 active = w.exec();
  const u32* data[kWords];
  LaneValues t[kWords];
  u64 defined = ~u64{0};
  for (u32 word = 0; word < kWords; ++word) {
    data[word] = w.lanes(i.o[1], t[word], defined, static_cast<int>(word));
  }
  w.demand(i.o[1], defined, active, "what is stored");
  for (u64 left = active; left != 0; left &= left - 1) {
    const int l = std::countr_zero(left);
    u32 words[kWords];
    for (u32 word = 0; word < kWords; ++word) words[word] = data[word][l] >> kShift;
    std::memcpy(at(address[l]), words, kBytes);
  }
  note_store(i, w);
}

bool has_stores(const Wave& w) {
  for (std::size_t q = 0; q < w.vector_memory.size(); ++q) {
    if (w.vector_memory[q].kind == Pending::Kind::store) return true;
  }
  return w.stores.size() != 0;
}

// An addition by which blocks tell each other that something is stored. What the block stored
// before must have arrived: stores are waited for by their wave, and before a barrier if another
// wave adds.
void atomic_add(const Instruction& i, Wave& w) {
  const std::size_t first = i.returns ? 1 : 0;
  if (has_stores(w)) throw Fault("an atomic with stores of this wave under way");
  if (w.context->unreleased != 0) {
    throw Fault("an atomic after a barrier that wave " +
                std::to_string(std::countr_zero(w.context->unreleased)) +
                " passed with stores under way");
  }
  u64 address[kLanes];
  find_addresses(i, w, i.o[first], i.o[first + 2], 4, address);
  const u64 active = w.exec();
  u64 defined = ~u64{0};
  LaneValues t;
  const u32* data = w.lanes(i.o[first + 1], t, defined);
  w.demand(i.o[first + 1], defined, active, "what is added");
  u32 added[kLanes];
  std::memcpy(added, data, sizeof added);
  LaneValues before;
  for (u64 left = active; left != 0; left &= left - 1) {
    const int l = std::countr_zero(left);
    u32 value = 0;
    std::memcpy(&value, at(address[l]), 4);
    before.lane[l] = value;
    value += added[l];
    std::memcpy(at(address[l]), &value, 4);
  }
  if (i.returns) {
    expect(i, w, 1).data[0] = before;
  } else {
    note_store(i, w);
  }
}

// BUFFER_LOAD_DWORDX4 with an offset per lane from a raw buffer (stride 0): what lies behind
// NUM_RECORDS is 0 ("Buffer Resource Descriptor", "Range Checking"). Word 3: gfx9 takes a buffer
// without DATA_FORMAT for unbound; gfx11 checks bytes only with OOB_SELECT 3, and takes a load that
// reaches out partly for outside as a whole, which CDNA does not: that is a fault.
void buffer_load(const Instruction& i, Wave& w) {
  const Operand& resource = i.o[2];
  u32 descriptor[4];
  for (int word = 0; word < 4; ++word) {
    Operand o = resource;
    o.index = static_cast<std::uint16_t>(o.index + word);
    descriptor[word] = w.scalar(o);
  }
  const u32 scalar_offset = w.scalar(i.o[3]);
  if (!w.known) throw Fault("a buffer's descriptor is undefined");
  if ((descriptor[1] >> 16) != 0) throw Fault("a buffer with a stride or swizzle");
  const bool gfx11 = w.context->separate_stores;
  if (gfx11 && (descriptor[3] >> 28 & 3u) != 3) {
    throw Fault("OOB_SELECT is not 3: the buffer's range is not one of bytes");
  }
  if (!gfx11 && (descriptor[3] >> 15 & 0xfu) == 0) throw Fault("the buffer is unbound");
  if (!gfx11 && (descriptor[3] >> 23 & 1u) != 0) throw Fault("the buffer adds the lane's number");
  if (descriptor[3] >> 30 != 0) throw Fault("the descriptor is of no buffer");
  const u64 base = u64{descriptor[1] & 0xffffu} << 32 | descriptor[0];
  const u64 records = descriptor[2];
  u64 defined = ~u64{0};
  LaneValues t;
  const u32* offsets = w.lanes(i.o[1], t, defined);
  w.demand(i.o[1], defined, w.exec(), "a buffer's offset");
  LaneValues kept;
  std::memcpy(&kept, offsets, sizeof kept);
  Pending& p = expect(i, w, 4);
  for (u64 left = p.lanes; left != 0; left &= left - 1) {
    const int l = std::countr_zero(left);
    const u64 offset = u64{kept.lane[l]} + static_cast<u64>(std::int64_t{i.offset}) + scalar_offset;
    u32 words[4] = {};
    if (offset < records) {
      if (offset + 16 > records) {
        throw Fault("a buffer load lies partly in range: " + std::to_string(records - offset) +
                    " bytes of 16" + in_lane(left));
      }
      if (!w.context->memory->contains(base + offset, 16)) {
        throw Fault("out of bounds: 16 bytes at " + hexadecimal(base + offset) + in_lane(left));
      }
      std::memcpy(words, at(base + offset), 16);
    }
    for (int word = 0; word < 4; ++word)
      p.data[static_cast<std::size_t>(word)].lane[l] = words[word];
  }
}

template <u32 kWords>
void scalar_load(const Instruction& i, Wave& w) {
  const u64 base = w.scalar64(i.o[1]);
  u64 offset = static_cast<u64>(std::int64_t{i.offset});
  if (i.o[2].kind != Operand::Kind::none) offset += w.scalar(i.o[2]);
  if (!w.known) throw Fault("an address is undefined");
  // Both parts lose their low bits.
  const u64 address = (base & ~u64{3}) + (offset & ~u64{3});
  if (!w.context->memory->contains(address, 4 * kWords)) {
    throw Fault("out of bounds: " + std::to_string(4 * kWords) + " bytes at " +
                hexadecimal(address));
  }
  Pending& p = w.scalar_loads.push();
  p.kind = Pending::Kind::scalar_load;
  p.first = i.o[0].index;
  p.words = kWords;
  p.line = i.line;
  std::memcpy(p.data[0].lane, at(address), 4 * kWords);
  for (std::size_t word = 0; word < kWords; ++word) {
    if (w.s_pending[p.first + word]) w.overwritten_scalar(static_cast<int>(p.first + word));
    w.s_pending[p.first + word] = true;
    w.s_defined[p.first + word] = 0;
  }
}

constexpr Operation kOperations[] = {
    {"s_load_dword", scalar_load<1>},
    {"s_load_dwordx2", scalar_load<2>},
    {"s_load_dwordx4", scalar_load<4>},
    {"s_load_dwordx8", scalar_load<8>},
    {"s_load_dwordx16", scalar_load<16>},
    {"global_load_ushort", load<2>},
    {"global_load_ubyte", load<1>},
    {"global_load_dword", load<4>},
    {"global_load_dwordx2", load<8>},
    {"global_load_dwordx3", load<12>},
    {"global_load_dwordx4", load<16>},
    {"global_store_byte", store<1>},
    {"global_store_short", store<2>},
    {"global_store_dword", store<4>},
    {"global_store_dwordx2", store<8>},
    {"global_store_dwordx3", store<12>},
    {"global_store_dwordx4", store<16>},
    {"global_atomic_add", atomic_add},
    {"global_store_short_d16_hi", store<2, 16>},
    {"buffer_load_dwordx4", buffer_load},
};

}  // namespace

std::span<const Operation> memory_operations() { return kOperations; }

}  // namespace moat::amdgcn
