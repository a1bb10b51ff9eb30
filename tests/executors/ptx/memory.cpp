// SPDX-License-Identifier: Apache-2.0
// Loads, stores and copies of lanes.
#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <utility>

#include "tests/executors/ptx/block.hpp"
#include "tests/executors/ptx/each_lane.hpp"

namespace moat::ptx {
namespace {

constexpr std::size_t kCopyBytes = 16;  // of cp.async

// Where a generic address lies; in the windows it becomes one of theirs.
Space window_of(u64& address) {
  constexpr u64 kBytes = u64{1} << 32;
  constexpr std::pair<u64, Space> kWindows[] = {{kGenericShared, Space::shared},
                                                {kGenericParam, Space::param}};
  for (const auto& [begin, space] : kWindows) {
    if (address < begin || address - begin >= kBytes) continue;
    address -= begin;
    return space;
  }
  return Space::global;
}

// Elements of memory as registers hold them.
template <class T>
void widen(const unsigned char* from, std::size_t bytes, bool sign, T* to) {
  u64 value = 0;
  std::memcpy(&value, from, bytes);
  if (sign && bytes < 8) {
    const u64 top = u64{1} << (8 * bytes - 1);
    value = (value ^ top) - top;
  }
  *to = static_cast<T>(value);
}

}  // namespace

std::size_t Warp::shared_offset(u64 address, std::size_t bytes, std::size_t alignment, int lane) {
  const u64 offset = address - kSharedWindow;
  if (address < kSharedWindow || offset + bytes > block_.shared_bytes()) {
    fail(lane, fmt::format("{} bytes at offset {} of {} bytes of shared memory", bytes,
                           static_cast<s64>(offset), block_.shared_bytes()));
  }
  if (address % alignment != 0) {
    fail(lane, fmt::format("misaligned: offset {} of shared memory is not a multiple of {}", offset,
                           alignment));
  }
  return offset;
}

GlobalMemory::Allocation& Warp::global(u64 address, std::size_t bytes, std::size_t alignment,
                                       int lane) {
  if (address % alignment != 0) {
    fail(lane, fmt::format("misaligned: {:#x} is not a multiple of {}", address, alignment));
  }
  GlobalMemory::Allocation* const a = block_.grid().memory.find(address, bytes);
  if (a == nullptr) {
    fail(lane, fmt::format("{} bytes at {:#x} lie outside every allocation of global memory", bytes,
                           address));
  }
  return *a;
}

// Whether this lane may see, or replace, what was written in this launch: by itself, by a lane of
// the block before a barrier, by another block that made it visible.
void Warp::check_order(const GlobalWrite& write, const char* what, int lane) {
  if (write.launch != block_.grid().launch) return;
  const VectorClock& known = clock(lane);
  const auto complain = [&](const std::string& who, const char* why) {
    fail(lane, fmt::format("{} global memory that was written by {}, {}: {}", what, who,
                           kernel_.describe(write.pc), why));
  };
  if (write.block == block_.index()) {
    if (write.thread == thread(lane) || known[write.thread] >= write.time) return;
    complain(block_.name(static_cast<Actor>(write.thread)), "no barrier between");
  }
  const auto& published = block_.grid().published;
  for (std::size_t k = known[block_.acquired()]; k-- > 0;) {
    if (published[k].block == write.block && published[k].clock[write.thread] >= write.time) return;
  }
  complain(fmt::format("block {}", write.block),
           "no fence and atomic operation there, or none and a fence here, between");
}

void Warp::check_order(const GlobalMemory::Allocation& a, const std::vector<GlobalWrite>& writes,
                       const char* what, std::size_t offset, std::size_t bytes, int lane) {
  if (writes.empty()) return;
  for (std::size_t k = a.first(offset); k < a.end(offset, bytes); ++k) {
    check_order(writes[k], what, lane);
  }
}

void Warp::note(const GlobalMemory::Allocation& a, std::vector<GlobalWrite>& writes,
                std::size_t offset, std::size_t bytes, int lane) {
  const GlobalWrite mine{block_.grid().launch, block_.index(), thread(lane), time_, pc_};
  for (std::size_t k = a.first(offset); k < a.end(offset, bytes); ++k) writes[k] = mine;
}

void Warp::read_global(GlobalMemory::Allocation& a, std::size_t offset, std::size_t bytes,
                       int lane) {
  if (!a.initialised(offset, bytes)) {
    fail(lane,
         fmt::format("reads global memory that nothing wrote, at byte {} of {}", offset, a.bytes));
  }
  check_order(a, a.writes, "reads", offset, bytes, lane);
  check_order(a, a.atomics, "reads", offset, bytes, lane);
}

void Warp::write_global(GlobalMemory::Allocation& a, std::size_t offset, std::size_t bytes,
                        int lane) {
  if (((offset | bytes) & (a.granule - 1)) != 0) a.refine();
  if (a.writes.empty()) a.writes.resize(a.granules());
  check_order(a, a.writes, "overwrites", offset, bytes, lane);
  check_order(a, a.atomics, "overwrites", offset, bytes, lane);
  note(a, a.writes, offset, bytes, lane);
  a.mark(offset, bytes);
}

// Where the bytes are on the host; checked.
const unsigned char* Warp::readable(Space space, u64 address, std::size_t bytes, int lane) {
  if (space == Space::generic) space = window_of(address);
  if (space == Space::shared) {
    const std::size_t offset = shared_offset(address, bytes, bytes, lane);
    block_.check(block_.shadow().read(access(lane, pc_), offset, bytes), *this, lane);
    return block_.arena() + offset;
  }
  if (space == Space::global) {
    GlobalMemory::Allocation& a = global(address, bytes, bytes, lane);
    const std::size_t offset = address - a.begin();
    read_global(a, offset, bytes, lane);
    return a.data + offset;
  }
  const auto parameters = block_.grid().parameters;
  const u64 offset = address - kParamWindow;
  if (address < kParamWindow || offset + bytes > parameters.size() || offset % bytes != 0) {
    fail(lane, fmt::format("{} bytes at offset {} of {} bytes of parameters", bytes,
                           static_cast<s64>(offset), parameters.size()));
  }
  return parameters.data() + offset;
}

unsigned char* Warp::writable(Space space, u64 address, std::size_t bytes, int lane) {
  if (space == Space::generic) {
    space = window_of(address);
    if (space == Space::param) fail(lane, "writes parameters");
  }
  if (space == Space::shared) {
    const std::size_t offset = shared_offset(address, bytes, bytes, lane);
    block_.check(block_.shadow().write(access(lane, pc_), offset, bytes), *this, lane);
    return block_.arena() + offset;
  }
  GlobalMemory::Allocation& a = global(address, bytes, bytes, lane);
  const std::size_t offset = address - a.begin();
  write_global(a, offset, bytes, lane);
  return a.data + offset;
}

// Lanes of a full warp that read one run of global memory, each its own part: one check for all.
const unsigned char* Warp::readable_run(const Instruction& i, std::size_t bytes) {
  const Operand& o = operand(i, i.dests);
  if (i.space != Space::global || kernel_.bits[o.state] != 64) return nullptr;
  const u64* const at = values<u64>(o);
  const u64 first = at[0];
  u64 differs = (first + static_cast<u64>(i.immediate)) % bytes;
  for (u64 lane = 0; lane < kWarp; ++lane) differs |= at[lane] ^ (first + lane * bytes);
  if (differs != 0) return nullptr;
  const u64 address = first + static_cast<u64>(i.immediate);
  GlobalMemory::Allocation* const a = block_.grid().memory.find(address, bytes * kWarp);
  if (a == nullptr || !a->writes.empty() || !a->atomics.empty()) return nullptr;
  const std::size_t offset = address - a->begin();
  return a->initialised(offset, bytes * kWarp) ? a->data + offset : nullptr;
}

// ld.global.nc may read a cache that no write reaches: what it reads must not change as long as the
// kernel runs (PTX ISA, "ld.global.nc").
void Warp::check_read_only(u64 address, std::size_t bytes, int lane) {
  const GlobalMemory::Allocation& a = global(address, bytes, 1, lane);
  const std::size_t offset = address - a.begin();
  for (const auto* writes : {&a.writes, &a.atomics}) {
    if (writes->empty()) continue;
    for (std::size_t k = a.first(offset); k < a.end(offset, bytes); ++k) {
      const GlobalWrite& write = (*writes)[k];
      if (write.launch != block_.grid().launch) continue;
      fail(lane,
           fmt::format("reads as constant what this launch wrote, {}", kernel_.describe(write.pc)));
    }
  }
}

void Warp::load(const Instruction& i, u32 mask) {
  const std::size_t bytes = i.bytes;
  const std::size_t all = bytes * i.count;
  if (mask == kAllLanes && !i.wide_result && (bytes == 4 || bytes == 2) && !i.sign_extended) {
    if (const unsigned char* const from = readable_run(i, all)) {
      for (std::size_t k = 0; k < i.count; ++k) {
        u32* const to = values<u32>(operand(i, static_cast<int>(k)));
        if (bytes == 4) {
          for (std::size_t lane = 0; lane < kWarp; ++lane) {
            std::memcpy(to + lane, from + lane * all + 4 * k, 4);
          }
        } else {
          for (std::size_t lane = 0; lane < kWarp; ++lane) {
            u16 half = 0;
            std::memcpy(&half, from + lane * all + 2 * k, 2);
            to[lane] = half;
          }
        }
      }
      return;
    }
  }
  each_lane(mask, [&](int lane) {
    const u64 where = address(i, i.dests, lane);
    const unsigned char* const from = readable(i.space, where, all, lane);
    if (i.read_only) check_read_only(where, all, lane);
    for (int k = 0; k < i.count; ++k) {
      const Operand& to = operand(i, k);
      const unsigned char* const at = from + static_cast<std::size_t>(k) * bytes;
      if (i.wide_result) {
        widen(at, bytes, i.sign_extended, values<u64>(to) + lane);
      } else if (kernel_.bits[to.state] == 16) {
        u32 value = 0;
        widen(at, bytes, i.sign_extended, &value);
        values<u32>(to)[lane] = value & 0xffffu;
      } else if (bytes == 4) {
        std::memcpy(values<u32>(to) + lane, at, 4);
      } else {
        widen(at, bytes, i.sign_extended, values<u32>(to) + lane);
      }
    }
  });
}

void Warp::store(const Instruction& i, u32 mask) {
  const std::size_t bytes = i.bytes;
  const std::size_t all = bytes * i.count;
  each_lane(mask, [&](int lane) {
    unsigned char* const to = writable(i.space, address(i, i.count, lane), all, lane);
    for (int k = 0; k < i.count; ++k) {
      const Operand& from = operand(i, k);
      unsigned char* const at = to + static_cast<std::size_t>(k) * bytes;
      if (i.wide_result) {
        std::memcpy(at, values<u64>(from) + lane, bytes);
      } else {
        std::memcpy(at, values<u32>(from) + lane, bytes);
      }
    }
  });
}

// Relaxed, of the device's scope. It makes visible what fences that the lane knows of have covered
// (PTX ISA, "Memory Consistency Model: Release and Acquire Patterns").
void Warp::atomic_add(const Instruction& i, u32 mask) {
  const u32* const add = values<u32>(operand(i, i.dests + 1));
  each_lane(mask, [&](int lane) {
    const u64 at = address(i, i.dests, lane);
    GlobalMemory::Allocation& a = global(at, 4, 4, lane);
    const std::size_t offset = at - a.begin();
    if (!a.initialised(offset, 4)) fail(lane, "adds to global memory that nothing wrote");
    // Against others it is atomic, against plain accesses it is not.
    check_order(a, a.writes, "adds to", offset, 4, lane);
    if (a.atomics.empty()) a.atomics.resize(a.granules());
    note(a, a.atomics, offset, 4, lane);
    u32 old = 0;
    std::memcpy(&old, a.data + offset, 4);
    const u32 sum = old + add[lane];
    std::memcpy(a.data + offset, &sum, 4);
    values<u32>(operand(i, 0))[lane] = old;

    VectorClock made = block_.new_clock();
    const VectorClock& known = clock(lane);
    for (std::size_t t = 0; t < block_.threads(); ++t) {
      const Block::Fence& f = block_.fences[t];
      if (f.time != 0 && (t == thread(lane) || known[t] >= f.time)) made.join(f.clock);
    }
    // Other blocks run when this one has ended: they see all that it published, or nothing.
    auto& published = block_.grid().published;
    if (published.empty() || published.back().block != block_.index()) {
      published.push_back({block_.index(), std::move(made)});
    } else {
      published.back().clock.join(made);
    }
    VectorClock seen = block_.new_clock();
    seen[block_.seen()] = static_cast<Time>(published.size());
    acquire(1u << lane, seen);
  });
}

// cp.async: memory is read and written in the wait only, the latest time that is allowed.
void Warp::cp_async(const Instruction& i, u32 mask) {
  const u32* const valid = values<u32>(operand(i, 2));
  each_lane(mask, [&](int lane) {
    const u32 bytes = valid[lane];
    if (bytes > kCopyBytes) fail(lane, fmt::format("{} valid bytes of 16", bytes));
    const std::size_t to = shared_offset(address(i, 0, lane), kCopyBytes, kCopyBytes, lane);
    const u64 from = address(i, 1, lane);
    if (bytes > 0) {
      GlobalMemory::Allocation& a = global(from, bytes, kCopyBytes, lane);
      read_global(a, from - a.begin(), bytes, lane);
    }
    block_.check(block_.shadow().launch(access(lane, pc_), to, kCopyBytes), *this, lane);
    copies[static_cast<std::size_t>(lane)].open.push_back({to, from, bytes, pc_});
  });
}

void Warp::cp_async_commit(u32 mask) {
  each_lane(mask, [&](int lane) {
    Copies& mine = copies[static_cast<std::size_t>(lane)];
    mine.groups.push_back(std::exchange(mine.open, {}));
  });
}

void Warp::cp_async_wait(const Instruction& i, u32 mask) {
  each_lane(mask, [&](int lane) {
    Copies& mine = copies[static_cast<std::size_t>(lane)];
    if (i.immediate != 0) mine.groups.push_back(std::exchange(mine.open, {}));
    for (; mine.groups.size() > i.count; mine.groups.pop_front()) {
      for (const Copy& copy : mine.groups.front()) {
        unsigned char* const to = block_.arena() + copy.to;
        if (copy.valid > 0) {
          std::memcpy(to, reinterpret_cast<const unsigned char*>(copy.from), copy.valid);
        }
        std::memset(to + copy.valid, 0, kCopyBytes - copy.valid);
        block_.shadow().land(access(lane, copy.pc), copy.to, kCopyBytes);
      }
    }
  });
}

// PTX ISA, "Warp-level matrix load instruction: ldmatrix": lane l gives row l % 8 of matrix l / 8,
// and gets two elements of row l / 4, or of column l / 4 if transposed.
void Warp::load_matrices(const Instruction& i) {
  constexpr std::size_t kRowBytes = 16;
  for (int matrix = 0; matrix < i.count; ++matrix) {
    std::array<std::array<u16, 8>, 8> elements{};
    for (int row = 0; row < 8; ++row) {
      const int lane = matrix * 8 + row;
      const u64 at = address(i, i.dests, lane);
      std::memcpy(elements[static_cast<std::size_t>(row)].data(),
                  readable(Space::shared, at, kRowBytes, lane), kRowBytes);
    }
    u32* const out = values<u32>(operand(i, matrix));
    for (std::size_t lane = 0; lane < kWarp; ++lane) {
      const std::size_t row = lane / 4;
      const std::size_t col = lane % 4 * 2;
      out[lane] = i.transposed ? pair(elements[col][row], elements[col + 1][row])
                               : pair(elements[row][col], elements[row][col + 1]);
    }
  }
}

}  // namespace moat::ptx
