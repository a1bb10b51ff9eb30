// SPDX-License-Identifier: Apache-2.0
// mbarriers and the TMA loads that complete on them (PTX ISA, "Parallel Synchronization and
// Communication Instructions: mbarrier").
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/emulator/clock.hpp"
#include "tests/emulator/operation.hpp"
#include "tests/emulator/tensor_map.hpp"

namespace moat::emulator {

class ThreadBlock;
struct Lane;

class Mbarriers {
 public:
  void init(ThreadBlock& block, const std::uint64_t* at, unsigned arrivals,
            const Operation& operation);
  // What this lane initialised becomes visible to the asynchronous proxy.
  void fence_init(ThreadBlock& block);
  // Expects `bytes` more in this phase, then arrives.
  void arrive(ThreadBlock& block, const std::uint64_t* at, unsigned bytes,
              const Operation& operation);
  // Returns when the phase of this parity has completed; the phase before the first counts as one.
  void wait(ThreadBlock& block, const std::uint64_t* at, unsigned parity,
            const Operation& operation);

  // Starts a load that completes on `at`; its data arrive when a lane waits for them and nothing
  // else can go on.
  void load(ThreadBlock& block, const std::uint64_t* at, const TensorLoad& load,
            const Operation& operation);
  // The loads of one mbarrier arrive, if that wakes a lane.
  bool land(ThreadBlock& block);

  // "phase 3 lacks 1 arrival of 128 and 512 bytes"
  std::string describe(std::size_t offset) const;

  // Throws if loads are under way.
  void finish(const ThreadBlock& block) const;

 private:
  struct Flight {
    TensorLoad load;
    Actor lane;
    OperationId operation;
  };
  struct Mbarrier {
    std::size_t offset;
    Actor initialiser;
    Time initialised;
    unsigned arrivals;  // a phase takes
    unsigned missing;
    Actor actor;  // of its loads
    bool fenced = false;
    std::int64_t bytes = 0;  // expected in this phase
    std::uint32_t phase = 0;
    VectorClock arriving;   // what those know who arrived in this phase
    VectorClock completed;  // and in the last one
    std::vector<Flight> flights;
  };

  Mbarrier& find(ThreadBlock& block, const std::uint64_t* at, const Lane& lane,
                 const Operation& operation);
  static bool waited_for(const Lane& lane, const Mbarrier& barrier);
  void land(ThreadBlock& block, Mbarrier& barrier);
  void complete_if_done(ThreadBlock& block, Mbarrier& barrier);

  std::vector<Mbarrier> mbarriers_;
};

}  // namespace moat::emulator
