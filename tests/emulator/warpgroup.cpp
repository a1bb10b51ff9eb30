// SPDX-License-Identifier: Apache-2.0
#include "tests/emulator/warpgroup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "tests/emulator/ptx/wgmma.hpp"
#include "tests/emulator/thread_block.hpp"

namespace moat::emulator {
namespace {

constexpr std::size_t kLanes = ThreadBlock::kWarpgroup;
constexpr int kWave = 32;

}  // namespace

Warpgroups::Warpgroups(int lanes)
    : lanes_(static_cast<std::size_t>(lanes)),
      warpgroups_((static_cast<std::size_t>(lanes) + kLanes - 1) / kLanes) {}

std::size_t Warpgroups::of(ThreadBlock& block, const Lane& lane, const Operation& operation) const {
  const std::size_t warpgroup = lane.actor / kLanes;
  if (block.grid().wave_width != kWave || (warpgroup + 1) * kLanes > lanes_.size()) {
    block.fail(lane, operation, "not in a warpgroup: four consecutive waves from a multiple of 4");
  }
  return warpgroup;
}

void Warpgroups::fence(ThreadBlock& block, const Operation& operation) {
  of(block, block.lane(), operation);
  lanes_[block.lane().actor].fenced = true;
}

void Warpgroups::issue(ThreadBlock& block, Wgmma wgmma, const Operation& operation) {
  Lane& lane = block.lane();
  of(block, lane, operation);
  Issues& mine = lanes_[lane.actor];
  if (!mine.fenced) {
    block.fail(lane, operation, "no wgmma_fence since the last wgmma_wait");
  }
  wgmma.operation = intern(operation);
  if (lane.place.lane == 0) wgmma.clock = block.clock(lane);
  const auto same = [&](const Wgmma& other) { return other.c == wgmma.c; };
  if (std::ranges::none_of(mine.wgmmas, same)) {
    wgmma.before.assign(wgmma.c, wgmma.c + wgmma.shape.n / 2);
  }
  mine.wgmmas.push_back(std::move(wgmma));
  ++mine.open;
}

void Warpgroups::commit(ThreadBlock& block, const Operation& operation) {
  Lane& lane = block.lane();
  const std::size_t warpgroup = of(block, lane, operation);
  Issues& mine = lanes_[lane.actor];
  mine.groups.push_back(std::exchange(mine.open, 0));
  ++mine.committed;
  // Lanes that wait for a group of which this was the last part.
  const std::uint64_t all = committed_by_all(warpgroup);
  for (Lane& other : block.lanes().subspan(warpgroup * kLanes, kLanes)) {
    if (other.waits == Lane::Waits::wgmma && other.subject <= all) block.wake(other);
  }
}

std::uint64_t Warpgroups::committed_by_all(std::size_t warpgroup) const {
  std::uint64_t least = lanes_[warpgroup * kLanes].committed;
  for (std::size_t i = 1; i < kLanes; ++i) {
    least = std::min(least, lanes_[warpgroup * kLanes + i].committed);
  }
  return least;
}

void Warpgroups::wait(ThreadBlock& block, int pending, const Operation& operation) {
  Lane& lane = block.lane();
  const std::size_t index = of(block, lane, operation);
  Issues& mine = lanes_[lane.actor];
  mine.fenced = false;
  if (std::cmp_less_equal(mine.committed, pending)) return;
  const std::uint64_t wanted = mine.committed - static_cast<std::uint64_t>(pending);
  while (committed_by_all(index) < wanted) {
    block.wait(Lane::Waits::wgmma, operation, wanted);
  }
  while (warpgroups_[index].computed < wanted) compute_group(block, index);
  block.learn(lane, block.warpgroup_actor(static_cast<int>(index)), static_cast<Time>(wanted));
}

void Warpgroups::compute_group(ThreadBlock& block, std::size_t warpgroup) {
  const auto issues = std::span(lanes_).subspan(warpgroup * kLanes, kLanes);
  const std::size_t count = issues[0].groups.front();
  const auto time = static_cast<Time>(++warpgroups_[warpgroup].computed);
  for (std::size_t i = 0; i < kLanes; ++i) {
    if (issues[i].groups.front() == count) continue;
    const Lane& lane = block.lane(static_cast<int>(warpgroup * kLanes + i));
    const OperationId id = issues[count == 0 ? i : 0].wgmmas.front().operation;
    block.fail(lane, operation(id),
               fmt::format("group {} of this lane has {} wgmma, of the warpgroup's first lane {}",
                           time, issues[i].groups.front(), count));
  }
  for (std::size_t k = 0; k < count; ++k) {
    const Wgmma& first = issues[0].wgmmas.front();
    const Operation& what = operation(first.operation);
    VectorClock known = first.clock;
    std::array<Wgmma*, kLanes> lanes{};
    for (std::size_t i = 0; i < kLanes; ++i) {
      Wgmma& mine = issues[i].wgmmas.front();
      const Lane& lane = block.lane(static_cast<int>(warpgroup * kLanes + i));
      if (!(mine.shape == first.shape) || mine.a != first.a || mine.b != first.b) {
        block.fail(lane, what,
                   fmt::format("descriptors {:#x} and {:#x} or shape differ from those of the "
                               "warpgroup's first lane, {:#x} and {:#x}",
                               mine.a, mine.b, first.a, first.b));
      }
      if (!mine.before.empty() &&
          std::memcmp(mine.before.data(), mine.c, mine.before.size() * sizeof(float)) != 0) {
        block.fail(lane, what, "its accumulators were changed while it was under way");
      }
      if (!mine.clock.empty()) known.meet(mine.clock);
      lanes[i] = &mine;
    }
    const Access access{.actor = block.warpgroup_actor(static_cast<int>(warpgroup)),
                        .time = time,
                        .operation = first.operation,
                        .clock = known.data()};
    ptx::wgmma(block, block.lane(static_cast<int>(warpgroup * kLanes)), lanes, access);
    for (Issues& i : issues) i.wgmmas.pop_front();
  }
  for (Issues& i : issues) i.groups.pop_front();
}

}  // namespace moat::emulator
