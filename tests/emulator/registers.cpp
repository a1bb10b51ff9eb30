// SPDX-License-Identifier: Apache-2.0
#include "tests/emulator/registers.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tests/emulator/thread_block.hpp"

namespace moat::emulator {
namespace {

// What a lane can have, and in which steps.
constexpr int kLeast = 24;
constexpr int kMost = 256;
constexpr int kStep = 8;

int share(int lanes) { return std::min(Registers::kTotal / lanes, kMost) / kStep * kStep; }

}  // namespace

Registers::Registers(int lanes)
    : lanes_(static_cast<std::size_t>(lanes), share(lanes)), used_(share(lanes) * lanes) {}

void Registers::change(ThreadBlock& block, int count, bool more, const Operation& operation) {
  Lane& lane = block.lane();
  int& mine = lanes_[lane.actor];
  if (count < kLeast || count > kMost || count % kStep != 0) {
    block.fail(lane, operation,
               fmt::format("{} registers: not a multiple of {} from {} to {}", count, kStep, kLeast,
                           kMost));
  }
  if (more ? count < mine : count > mine) {
    block.fail(lane, operation, fmt::format("{} registers: the lane has {}", count, mine));
  }
  while (used_ + count - mine > kTotal) {
    block.wait(Lane::Waits::registers, operation, static_cast<std::size_t>(count - mine));
  }
  used_ += count - mine;
  mine = count;
  last_ = operation;
  for (Lane& other : block.lanes()) {
    if (!more && other.waits == Lane::Waits::registers) block.wake(other);
  }
}

void Registers::finish(const ThreadBlock& block) const {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    const std::size_t first = i / ThreadBlock::kWarpgroup * ThreadBlock::kWarpgroup;
    if (lanes_[i] != lanes_[first]) {
      block.fail(block.lane(static_cast<int>(i)), last_,
                 fmt::format("ends with {} registers, the first lane of its warpgroup with {}",
                             lanes_[i], lanes_[first]));
    }
  }
}

}  // namespace moat::emulator
