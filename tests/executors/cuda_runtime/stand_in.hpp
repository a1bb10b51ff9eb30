// SPDX-License-Identifier: Apache-2.0
// A stand-in for the CUDA runtime and, of the driver, cuTensorMapEncodeTiled: it executes the PTX
// that programs bring with them. For tests only; its devices' names say that they are none.
// The environment chooses them: MOAT_INTERPRETED=sm_90a,sm_80 (the default: both, in this order),
// and MOAT_INTERPRETED_UNITS the number of their multiprocessors. With MOAT_INTERPRETED_REPORT it
// says at the end what was executed, and how fast.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/executors/ptx/launch.hpp"

namespace moat::cuda_runtime {

// Launches of one kernel so far.
struct Launched {
  std::string kernel;  // its mangled name
  const ptx::Kernel* code = nullptr;
  std::string_view text;  // of the entry, from its name on
  std::uint64_t times = 0;
  ptx::Counts counts;
  double seconds = 0;            // of the processor
  std::vector<ptx::u32> visits;  // of each instruction
};
std::vector<Launched> launched();
void forget_launched();

// The kernel's entry from now on, or the registered one if empty. Throws ptx::ParseError.
void replace_entry(std::string_view kernel, const std::string& text);

// A block that executes more counts as an endless loop.
void limit_instructions(std::uint64_t most);

// The last launch's fault is forgotten, which a device would need a new process for; returns its
// text, also if cudaGetLastError told of it before.
std::string take_fault();

}  // namespace moat::cuda_runtime
