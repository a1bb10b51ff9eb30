// SPDX-License-Identifier: Apache-2.0
// What the compilers must not have done to a kernel.
#pragma once

#include <string>
#include <vector>

#include "bench/codegen/report.hpp"

namespace moat::codegen {

// What kernels of a family must contain. An empty string stands for any.
struct Promise {
  std::string family;
  std::string dtype;
  std::vector<std::string> kernels;  // EntryName::kernel
  std::string type = {};             // part of the entry's mangled name: WarpSpecializedSchedule
  std::string without = {};          // no part of it: Grouped
  std::vector<std::string> instructions = {};  // prefixes of opcodes, one of which must occur
  int wide_loads = 0;  // least number of global loads of 16 bytes per lane, or of whole boxes (TMA)
  int wide_stores = 0;           // least number of stores of 16 bytes per lane to global memory
  int async_copies = 0;          // least number of cp.async of 16 bytes per lane
  int box_copies = 0;            // least number of copies of whole boxes (TMA)
  int ranged_loads = 0;          // least number of range-checked loads of 16 bytes per lane
  int loads_ahead = 0;           // least number of those under way during a matrix instruction
  bool only_box_copies = false;  // no other loads from global memory beside them
  // …but of sums that blocks share: of 16 bytes per lane, no more than stores of as many.
  bool shared_sums = false;
  // Every exponential lies before the wait for the products that it hides, but for those of the
  // first step, which has none to hide behind.
  bool hidden_exponentials = false;
  bool plain_exponentials = false;  // nothing beside them rescues subnormal results

  // Kept or not by machine code that was disassembled.
  bool of_machine_code() const { return hidden_exponentials || plain_exponentials; }
};

// Kernels of a family whose registers are known not to suffice. An empty string stands for any.
struct Spilling {
  std::string family;
  std::string kernel;  // EntryName::kernel
  std::string dtype;
  std::string part;  // of the entry's mangled name
  std::string why;
};

// Those that are not mended yet.
const std::vector<Spilling>& spilling();

// What the atoms of backends/cuda and backends/hip promise.
const std::vector<Promise>& promises();

struct Failure {
  std::string where;  // name of the kernel, or of the source: gemm/sm_90a
  std::string what;
};

// Every spill of vector registers, stack frame (AMD's scratch is one), message of ptxas, promised
// instruction or load that is missing, kernel that does not fit its architecture as often as its
// launch bounds ask (NVIDIA) or its schedule says (AMD, whose code does not state it), and source
// that could not be read. A promise for a compiled family that no kernel could keep is a failure
// too, and so is a kernel of products that no promise of its family names. Scalar registers that
// AMD's compiler parks in lanes of vector registers are no failure.
// Spills that are known are none, but one that no kernel of a compiled family has any more is.
// Promises of machine code that was not disassembled are not looked at.
std::vector<Failure> failures(const Report& report,
                              const std::vector<Promise>& promised = promises(),
                              const std::vector<Spilling>& known = {});

// Each kernel whose spills are known, and why it has them.
std::vector<Failure> known_spills(const Report& report,
                                  const std::vector<Spilling>& known = spilling());

// Each promise of machine code that was not disassembled, by its kernel, and what to install.
std::vector<Failure> skipped(const Report& report,
                             const std::vector<Promise>& promised = promises());

}  // namespace moat::codegen
