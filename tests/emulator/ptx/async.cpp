// SPDX-License-Identifier: Apache-2.0
#include "tests/emulator/ptx/async.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tests/emulator/thread_block.hpp"

namespace moat::emulator::ptx {
namespace {

// Of the destination of a TMA load.
constexpr std::size_t kTmaAlignment = 128;

// The part of the box that lies in the tensor must lie in global memory.
void check_source(ThreadBlock& block, const TensorLoad& load, const Operation& operation) {
  const TensorMap& map = load.map;
  std::int64_t first = 0;
  std::int64_t last = 0;
  for (std::size_t d = 0; d < static_cast<std::size_t>(map.rank); ++d) {
    const std::int64_t begin = std::max(load.at[d], 0);
    const std::int64_t end =
        std::min(std::int64_t{load.at[d]} + map.box[d], static_cast<std::int64_t>(map.sizes[d]));
    if (begin >= end) return;
    const auto stride = static_cast<std::int64_t>(
        d == 0 ? static_cast<std::uint64_t>(map.element_bytes) : map.strides[d]);
    first += begin * stride;
    last += (end - 1) * stride;
  }
  block.check_global(static_cast<const unsigned char*>(map.address) + first,
                     static_cast<std::size_t>(last - first + map.element_bytes), block.lane(),
                     operation);
}

}  // namespace

void cp_async(void* to, const void* from, int valid_bytes, const Operation& operation) {
  ThreadBlock& block = ThreadBlock::current();
  block.copies.copy(block, to, from, valid_bytes, operation);
}

void cp_async_commit() {
  ThreadBlock& block = ThreadBlock::current();
  block.copies.commit(block);
}

void cp_async_wait(int pending) {
  ThreadBlock& block = ThreadBlock::current();
  block.copies.wait(block, pending);
}

void mbarrier_init(const std::uint64_t* at, unsigned arrivals, const Operation& operation) {
  ThreadBlock& block = ThreadBlock::current();
  block.mbarriers.init(block, at, arrivals, operation);
}

void mbarrier_fence_init() {
  ThreadBlock& block = ThreadBlock::current();
  block.mbarriers.fence_init(block);
}

void mbarrier_arrive(const std::uint64_t* at, unsigned bytes, const Operation& operation) {
  ThreadBlock& block = ThreadBlock::current();
  block.mbarriers.arrive(block, at, bytes, operation);
}

void mbarrier_wait(const std::uint64_t* at, unsigned parity, const Operation& operation) {
  ThreadBlock& block = ThreadBlock::current();
  block.mbarriers.wait(block, at, parity, operation);
}

void fence_async_shared() { ThreadBlock::current().fence_async(); }

void tma_load(void* to, const TensorMap& map, const std::uint64_t* mbarrier,
              const std::array<int, kMaxRank>& at, int rank, const Operation& operation) {
  ThreadBlock& block = ThreadBlock::current();
  const Lane& lane = block.lane();
  if (reinterpret_cast<std::uintptr_t>(&map) % alignof(TensorMap) != 0) {
    block.fail(lane, operation,
               fmt::format("the tensor map is not aligned to {} bytes", alignof(TensorMap)));
  }
  if (rank != map.rank) {
    block.fail(lane, operation,
               fmt::format("{} coordinates for a tensor of rank {}", rank, map.rank));
  }
  const TensorLoad load{
      .map = map, .to = block.offset(to, box_bytes(map), kTmaAlignment, lane, operation), .at = at};
  check_source(block, load, operation);
  block.mbarriers.load(block, mbarrier, load, operation);
}

void issue_wgmma(Wgmma wgmma, const Operation& operation) {
  ThreadBlock& block = ThreadBlock::current();
  block.warpgroups.issue(block, std::move(wgmma), operation);
}

std::uint64_t shared_address(const void* p, const Operation& operation) {
  ThreadBlock& block = ThreadBlock::current();
  return block.offset(p, 0, 1, block.lane(), operation) + kSharedWindow;
}

void wgmma_fence(const Operation& operation) {
  ThreadBlock& block = ThreadBlock::current();
  block.warpgroups.fence(block, operation);
}

void wgmma_commit(const Operation& operation) {
  ThreadBlock& block = ThreadBlock::current();
  block.warpgroups.commit(block, operation);
}

void wgmma_wait(int pending, const Operation& operation) {
  ThreadBlock& block = ThreadBlock::current();
  block.warpgroups.wait(block, pending, operation);
}

void set_registers(int count, bool more, const Operation& operation) {
  ThreadBlock& block = ThreadBlock::current();
  block.registers.change(block, count, more, operation);
}

}  // namespace moat::emulator::ptx
