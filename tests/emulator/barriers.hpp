// SPDX-License-Identifier: Apache-2.0
// The barriers of a block (PTX ISA, "bar, barrier"): 16, each for all lanes or some of its waves.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "tests/emulator/clock.hpp"
#include "tests/emulator/operation.hpp"

namespace moat::emulator {

class ThreadBlock;

class Barriers {
 public:
  static constexpr int kCount = 16;

  // The current lane arrives; returns when `threads` lanes have, or at once unless it `waits`.
  void arrive(ThreadBlock& block, int id, int threads, bool waits, const Operation& operation);

  // "12 of 64 lanes arrived"
  std::string describe(std::size_t id) const;

  // The block ends: a fault if some have arrived at a barrier and the others never will.
  void finish(const ThreadBlock& block) const;

 private:
  struct Barrier {
    int threads = 0;
    int arrived = 0;
    Actor last = 0;  // that arrived, and where
    OperationId operation = 0;
    VectorClock clock;
    std::vector<int> waiting;   // lanes per wave
    std::vector<int> arriving;  // that do not wait
  };

  void complete(ThreadBlock& block, Barrier& barrier, int id, const Operation& operation);

  // That a block may complete before it counts as an endless loop.
  static constexpr int kMost = 100'000;

  std::array<Barrier, kCount> barriers_;
  int completed_ = 0;
};

}  // namespace moat::emulator
