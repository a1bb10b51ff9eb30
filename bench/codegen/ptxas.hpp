// SPDX-License-Identifier: Apache-2.0
// What ptxas says of each kernel (nvcc's -Xptxas=-v).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace moat::codegen {

struct PtxasEntry {
  std::string entry;         // mangled name
  std::string architecture;  // sm_90a
  int registers = 0;         // per lane
  int stack_bytes = 0;       // per lane
  int spill_store_bytes = 0;
  int spill_load_bytes = 0;
  int static_shared_bytes = 0;  // per block
  bool complete = false;        // both the properties and the resources were printed
};

struct PtxasReport {
  std::vector<PtxasEntry> entries;
  // Messages besides the resources: warnings, errors and advice such as C7510, that wgmma
  // instructions are serialised.
  std::vector<std::string> messages;
};

// Reads what was printed for one source and all its architectures; other programs' lines are left
// out.
PtxasReport read_ptxas(std::string_view text);

}  // namespace moat::codegen
