// SPDX-License-Identifier: Apache-2.0
// Executes launches of kernels. Blocks run one after another, waves of a block from barrier to
// barrier, in an order that changes with blocks and barriers.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/executors/amd/global_memory.hpp"
#include "tests/executors/amd/instruction.hpp"
#include "tests/executors/amd/wave.hpp"

namespace moat::amdgcn {

using Size3 = std::array<std::uint32_t, 3>;

struct Launch {
  const Program* program = nullptr;
  Size3 blocks{1, 1, 1};
  Size3 threads{1, 1, 1};
  std::uint32_t dynamic_lds_bytes = 0;
  // The values of the explicit arguments, in order.
  std::vector<const void*> arguments;
  // Of a wave, as a guard against loops that do not end.
  std::uint64_t instruction_limit = 200'000'000;
};

// What a launch did, by Instruction::line.
struct Trace {
  std::vector<std::uint32_t> executed;
  std::vector<std::uint32_t> completed;  // operations of memory that a wait ended
};

class Machine {
 public:
  explicit Machine(GlobalMemory& memory) : memory_(memory) {}

  // Throws Fault. Returns the number of wave instructions.
  std::uint64_t run(const Launch& launch, Trace* trace = nullptr);

 private:
  void check(const Launch& launch) const;
  std::vector<std::uint8_t> kernel_arguments(const Launch& launch) const;
  void start_block(const Launch& launch, const Size3& block, std::uint64_t arguments);
  void run_block(const Launch& launch, std::uint64_t number, Trace* trace);
  void run_wave(Wave& wave, const Launch& launch, Trace* trace);
  void pass_barrier();

  GlobalMemory& memory_;
  Context context_;
  std::vector<Wave> waves_;
  std::vector<std::uint64_t> initial_exec_;
  std::uint64_t executed_ = 0;
};

}  // namespace moat::amdgcn
