// SPDX-License-Identifier: Apache-2.0
#include "tests/emulator/emulator.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <memory>
#include <vector>

#include "tests/emulator/thread_block.hpp"

namespace moat::emulator {
namespace {

// What swizzled tiles must be aligned to.
constexpr std::size_t kSharedAlignment = 1024;

struct Exchange {
  std::uint64_t value;
  int source;
  int mask;
};

void execute_exchange(std::span<void* const> arguments, const Operation& operation) {
  ThreadBlock& block = ThreadBlock::current();
  const auto lanes = block.lanes_of_wave(block.lane().place.wave);
  const auto of = [&](std::size_t i) { return static_cast<Exchange*>(arguments[i]); };
  std::array<std::uint64_t, 64> given{};
  for (std::size_t i = 0; i < lanes.size(); ++i) given[i] = of(i)->value;
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    if (of(i)->mask != of(0)->mask) {
      block.fail(lanes[i], operation,
                 fmt::format("shuffles with mask {}, lane 0 with {}", of(i)->mask, of(0)->mask));
    }
    const int source = of(i)->source;
    if (source < 0 || source >= block.grid().wave_width) {
      block.fail(
          lanes[i], operation,
          fmt::format("shuffle from lane {} of a wave of {}", source, block.grid().wave_width));
    }
    of(i)->value = given[static_cast<std::size_t>(source)];
  }
}

std::size_t natural_alignment(std::size_t bytes) {
  return std::has_single_bit(bytes) && bytes <= 16 ? bytes : 1;
}

}  // namespace

void run(const Grid& grid, const std::function<void(unsigned char*)>& entry) {
  std::vector<unsigned char> memory(grid.shared_bytes + kSharedAlignment);
  void* aligned = memory.data();
  std::size_t space = memory.size();
  std::align(kSharedAlignment, grid.shared_bytes, aligned, space);
  auto* const arena = static_cast<unsigned char*>(aligned);
  Shadow shadow(grid.shared_bytes);
  DeviceScope device(grid.exchanged);
  for (int index = 0; index < grid.blocks; ++index) {
    std::memset(arena, 0xff, grid.shared_bytes);
    if (index > 0) shadow.clear();
    device.begin_block();
    ThreadBlock(grid, index, arena, shadow, device, entry).run();
    device.end_block();
  }
  device.end_grid();
}

const Place& place() { return ThreadBlock::current().lane().place; }

void barrier(const std::source_location& where) {
  named_barrier(0, ThreadBlock::current().size(), true, {"barrier", where});
}

void named_barrier(int id, int threads, bool waits, const Operation& operation) {
  ThreadBlock& block = ThreadBlock::current();
  block.barriers.arrive(block, id, threads, waits, operation);
}

void together(const Operation& operation, void* arguments, Execute execute, bool orders) {
  ThreadBlock::current().together(operation, arguments, execute, orders);
}

std::uint64_t exchange(std::uint64_t value, int source, int mask,
                       const std::source_location& where) {
  Exchange mine{value, source, mask};
  // No memory barrier (CUDA C++ Programming Guide, "Warp Shuffle Functions").
  together({"shuffle", where}, &mine, execute_exchange, false);
  return mine.value;
}

void wave_barrier(const Operation& operation) {
  together(
      operation, nullptr, [](std::span<void* const>, const Operation&) {}, true);
}

void read_shared(const void* p, std::size_t bytes, const Operation& operation) {
  ThreadBlock& block = ThreadBlock::current();
  block.read_shared(p, bytes, natural_alignment(bytes), block.lane(), operation);
}

void write_shared(const void* p, std::size_t bytes, const Operation& operation) {
  ThreadBlock& block = ThreadBlock::current();
  block.write_shared(p, bytes, natural_alignment(bytes), block.lane(), operation);
}

void access_global(const void* p, std::size_t bytes, const Operation& operation) {
  ThreadBlock& block = ThreadBlock::current();
  if (reinterpret_cast<std::uintptr_t>(p) % natural_alignment(bytes) != 0) {
    fail(operation, fmt::format("misaligned: {} is not a multiple of {}", p, bytes));
  }
  block.check_global(p, bytes, block.lane(), operation);
}

void stored_global(const void* p, std::size_t bytes) {
  ThreadBlock::current().stored_global(p, bytes);
}

void device_fence() { ThreadBlock::current().device_fence(); }

void device_atomic(const Operation& operation) { ThreadBlock::current().device_atomic(operation); }

void fail(const Operation& operation, const std::string& what) {
  ThreadBlock& block = ThreadBlock::current();
  block.fail(block.lane(), operation, what);
}

void fail_in_wave(int lane, const Operation& operation, const std::string& what) {
  ThreadBlock& block = ThreadBlock::current();
  const auto lanes = block.lanes_of_wave(block.lane().place.wave);
  block.fail(lanes[static_cast<std::size_t>(lane)], operation, what);
}

}  // namespace moat::emulator
