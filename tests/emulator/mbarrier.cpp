// SPDX-License-Identifier: Apache-2.0
#include "tests/emulator/mbarrier.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tests/emulator/thread_block.hpp"

namespace moat::emulator {
namespace {

constexpr unsigned kMaxCount = (1u << 20) - 1;

}  // namespace

void Mbarriers::init(ThreadBlock& block, const std::uint64_t* at, unsigned arrivals,
                     const Operation& operation) {
  Lane& lane = block.lane();
  const std::size_t offset =
      block.offset(at, sizeof(std::uint64_t), sizeof(std::uint64_t), lane, operation);
  if (arrivals < 1 || arrivals > kMaxCount) {
    block.fail(lane, operation, fmt::format("{} arrivals: from 1 to {}", arrivals, kMaxCount));
  }
  if (std::ranges::find(mbarriers_, offset, &Mbarrier::offset) != mbarriers_.end()) {
    block.fail(
        lane, operation,
        fmt::format("an mbarrier lives at offset {} already (PTX ISA, mbarrier.init)", offset));
  }
  if (mbarriers_.size() == ThreadBlock::kMaxMbarriers) {
    block.fail(lane, operation, fmt::format("more than {} mbarriers", ThreadBlock::kMaxMbarriers));
  }
  const Access access = block.access(lane, intern(operation));
  block.check(block.shadow().reserve(access, offset, sizeof(std::uint64_t)), lane, operation);
  mbarriers_.push_back({.offset = offset,
                        .initialiser = access.actor,
                        .initialised = access.time,
                        .arrivals = arrivals,
                        .missing = arrivals,
                        .actor = block.mbarrier_actor(mbarriers_.size()),
                        .arriving = VectorClock(block.actors()),
                        .completed = VectorClock(block.actors()),
                        .flights = {}});
}

void Mbarriers::fence_init(ThreadBlock& block) {
  for (Mbarrier& barrier : mbarriers_) {
    if (barrier.initialiser == block.lane().actor) barrier.fenced = true;
  }
}

Mbarriers::Mbarrier& Mbarriers::find(ThreadBlock& block, const std::uint64_t* at, const Lane& lane,
                                     const Operation& operation) {
  const std::size_t offset =
      block.offset(at, sizeof(std::uint64_t), sizeof(std::uint64_t), lane, operation);
  const auto it = std::ranges::find(mbarriers_, offset, &Mbarrier::offset);
  if (it == mbarriers_.end()) {
    block.fail(lane, operation, fmt::format("no mbarrier was initialised at offset {}", offset));
  }
  if (it->initialiser != lane.actor && block.clock(lane)[it->initialiser] < it->initialised) {
    block.fail(
        lane, operation,
        fmt::format("the mbarrier at offset {} was initialised by {} with no barrier between",
                    offset, block.name(it->initialiser)));
  }
  return *it;
}

void Mbarriers::arrive(ThreadBlock& block, const std::uint64_t* at, unsigned bytes,
                       const Operation& operation) {
  Lane& lane = block.lane();
  Mbarrier& barrier = find(block, at, lane, operation);
  if (bytes > kMaxCount) {
    block.fail(lane, operation, fmt::format("{} bytes: at most {} a phase", bytes, kMaxCount));
  }
  if (barrier.missing == 0) {
    block.fail(lane, operation,
               fmt::format("phase {} of the mbarrier at offset {} has all its {} arrivals already",
                           barrier.phase, barrier.offset, barrier.arrivals));
  }
  barrier.bytes += bytes;
  --barrier.missing;
  block.release(lane, barrier.arriving);
  complete_if_done(block, barrier);
}

void Mbarriers::wait(ThreadBlock& block, const std::uint64_t* at, unsigned parity,
                     const Operation& operation) {
  Lane& lane = block.lane();
  if (parity > 1) block.fail(lane, operation, fmt::format("parity {}: 0 or 1", parity));
  const std::size_t index =
      static_cast<std::size_t>(&find(block, at, lane, operation) - mbarriers_.data());
  while (mbarriers_[index].phase % 2 == parity) {
    block.wait(Lane::Waits::mbarrier, operation, mbarriers_[index].offset);
  }
  block.acquire(lane, mbarriers_[index].completed);
}

void Mbarriers::load(ThreadBlock& block, const std::uint64_t* at, const TensorLoad& load,
                     const Operation& operation) {
  Lane& lane = block.lane();
  Mbarrier& barrier = find(block, at, lane, operation);
  if (!barrier.fenced) {
    block.fail(lane, operation,
               fmt::format("the mbarrier at offset {} was initialised without mbarrier_fence_init",
                           barrier.offset));
  }
  const OperationId id = intern(operation);
  block.check(block.shadow().launch(block.access(lane, id), load.to, box_bytes(load.map)), lane,
              operation);
  barrier.flights.push_back({load, lane.actor, id});
}

bool Mbarriers::waited_for(const Lane& lane, const Mbarrier& barrier) {
  return lane.waits == Lane::Waits::mbarrier && lane.subject == barrier.offset;
}

bool Mbarriers::land(ThreadBlock& block) {
  for (Mbarrier& barrier : mbarriers_) {
    if (barrier.missing != 0 || barrier.flights.empty()) continue;
    const auto waits = [&](const Lane& lane) { return waited_for(lane, barrier); };
    if (!std::ranges::any_of(block.lanes(), waits)) continue;
    const auto phase = barrier.phase;
    land(block, barrier);
    if (barrier.phase != phase) return true;
  }
  return false;
}

void Mbarriers::land(ThreadBlock& block, Mbarrier& barrier) {
  for (const Flight& flight : barrier.flights) {
    copy(flight.load, block.arena(), kSharedWindow);
    const Access access{.actor = barrier.actor,
                        .time = barrier.phase + 1,
                        .operation = flight.operation,
                        .clock = barrier.completed.data()};
    const std::size_t bytes = box_bytes(flight.load.map);
    block.shadow().land(access, flight.load.to, bytes);
    barrier.bytes -= static_cast<std::int64_t>(bytes);
    if (barrier.bytes < 0) {
      block.fail(block.lane(flight.lane), operation(flight.operation),
                 fmt::format("phase {} of the mbarrier at offset {} gets {} bytes more than it "
                             "expects",
                             barrier.phase, barrier.offset, -barrier.bytes));
    }
  }
  barrier.flights.clear();
  complete_if_done(block, barrier);
}

void Mbarriers::complete_if_done(ThreadBlock& block, Mbarrier& barrier) {
  if (barrier.missing != 0 || barrier.bytes != 0) return;
  ++barrier.phase;
  std::swap(barrier.completed, barrier.arriving);
  barrier.completed[barrier.actor] = barrier.phase;
  barrier.arriving.clear();
  barrier.missing = barrier.arrivals;
  for (Lane& lane : block.lanes()) {
    if (waited_for(lane, barrier)) block.wake(lane);
  }
}

std::string Mbarriers::describe(std::size_t offset) const {
  const auto it = std::ranges::find(mbarriers_, offset, &Mbarrier::offset);
  std::size_t under_way = 0;
  for (const Flight& flight : it->flights) under_way += box_bytes(flight.load.map);
  return fmt::format("phase {} lacks {} of {} arrivals and {} bytes, {} under way", it->phase,
                     it->missing, it->arrivals, it->bytes, under_way);
}

void Mbarriers::finish(const ThreadBlock& block) const {
  for (const Mbarrier& barrier : mbarriers_) {
    if (barrier.flights.empty()) continue;
    const Flight& flight = barrier.flights.front();
    block.fail(
        block.lane(flight.lane), operation(flight.operation),
        fmt::format("the block ends while the load to offset {} is under way", flight.load.to));
  }
}

}  // namespace moat::emulator
