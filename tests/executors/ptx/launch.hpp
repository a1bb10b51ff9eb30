// SPDX-License-Identifier: Apache-2.0
// Executes a grid, block after block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

#include "tests/executors/ptx/global_memory.hpp"
#include "tests/executors/ptx/program.hpp"

namespace moat::ptx {

// What a GPU could not have run, or not with this result: kernel, instruction and line, lanes.
struct Fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Shape {
  u32 blocks = 1;
  u32 threads = kWarp;           // per block
  std::size_t shared_bytes = 0;  // dynamic
  // Instructions of a warp that one block may execute before it counts as an endless loop.
  u64 most_instructions = u64{1} << 31;
  // How often each instruction was executed by a warp, added up; as many as the kernel has.
  std::vector<u32>* visits = nullptr;
};

struct Counts {
  u64 warp_instructions = 0;
  u64 lane_instructions = 0;
};

// `parameters` holds one pointer per parameter. Throws Fault.
Counts launch(const Kernel& kernel, const Shape& shape, const void* const* parameters,
              GlobalMemory& memory);

}  // namespace moat::ptx
