// SPDX-License-Identifier: Apache-2.0
#include "tests/emulator/barriers.hpp"

#include <fmt/format.h>

#include "tests/emulator/thread_block.hpp"

namespace moat::emulator {

void Barriers::arrive(ThreadBlock& block, int id, int threads, bool waits,
                      const Operation& operation) {
  Lane& lane = block.lane();
  const int width = block.grid().wave_width;
  if (id < 0 || id >= kCount) {
    block.fail(lane, operation, fmt::format("barrier {}: there are {}", id, kCount));
  }
  if (threads <= 0 || threads % width != 0 || threads > block.size()) {
    block.fail(lane, operation,
               fmt::format("barrier {} for {} lanes: not whole waves of {} of the block's {}", id,
                           threads, width, block.size()));
  }
  Barrier& barrier = barriers_[static_cast<std::size_t>(id)];
  if (barrier.arrived == 0) {
    barrier.threads = threads;
    barrier.clock = VectorClock(block.actors());
    barrier.waiting.assign(static_cast<std::size_t>(block.grid().waves), 0);
    barrier.arriving.assign(static_cast<std::size_t>(block.grid().waves), 0);
  } else if (barrier.threads != threads) {
    block.fail(lane, operation,
               fmt::format("barrier {} for {} lanes, others wait there for {}", id, threads,
                           barrier.threads));
  }
  const auto wave = static_cast<std::size_t>(lane.place.wave);
  auto& mine = waits ? barrier.waiting[wave] : barrier.arriving[wave];
  if (++mine > width) {
    block.fail(lane, operation,
               fmt::format("barrier {}: this wave arrives twice before the others", id));
  }
  barrier.last = lane.actor;
  barrier.operation = intern(operation);
  block.release(lane, barrier.clock);
  if (++barrier.arrived == threads) {
    complete(block, barrier, id, operation);
  } else if (waits) {
    block.wait(Lane::Waits::barrier, operation, static_cast<std::size_t>(id));
  }
}

void Barriers::complete(ThreadBlock& block, Barrier& barrier, int id, const Operation& operation) {
  if (++completed_ > kMost) {
    block.fail(block.lane(), operation,
               fmt::format("an endless loop: the block has passed {} barriers", kMost));
  }
  barrier.arrived = 0;
  const int width = block.grid().wave_width;
  for (int wave = 0; wave < block.grid().waves; ++wave) {
    const int waiting = barrier.waiting[static_cast<std::size_t>(wave)];
    const int arriving = barrier.arriving[static_cast<std::size_t>(wave)];
    if ((waiting != 0 && waiting != width) || (arriving != 0 && arriving != width) ||
        waiting + arriving > width) {
      block.fail(block.lane(), operation,
                 fmt::format("barrier {} is divergent: of wave {} {} of {} lanes wait and {} "
                             "arrive without waiting",
                             id, wave, waiting, width, arriving));
    }
    if (waiting == 0) continue;
    block.converge(wave, barrier.clock);
    block.wake_wave(wave);
  }
  if (id == 0) block.turn();
}

void Barriers::finish(const ThreadBlock& block) const {
  for (std::size_t id = 0; id < barriers_.size(); ++id) {
    const Barrier& barrier = barriers_[id];
    if (barrier.arrived == 0) continue;
    block.fail(block.lane(barrier.last), operation(barrier.operation),
               fmt::format("the block ends, and at barrier {} only {}", id, describe(id)));
  }
}

std::string Barriers::describe(std::size_t id) const {
  const Barrier& barrier = barriers_[id];
  return fmt::format("{} of {} lanes arrived", barrier.arrived, barrier.threads);
}

}  // namespace moat::emulator
