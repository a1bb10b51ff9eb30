// SPDX-License-Identifier: Apache-2.0
// What nvcc's PTX says of each kernel.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "bench/codegen/instructions.hpp"

namespace moat::codegen {

struct PtxEntry {
  int threads = 0;     // .maxntid, all dimensions: the block for which it was compiled; 0 without
  int min_blocks = 0;  // .minnctapersm: the blocks per multiprocessor that were asked for
  Instructions instructions;
};

// Mangled name of the kernel → what its PTX says. Inline assembly counts as what it expands to.
std::map<std::string, PtxEntry> read_ptx(std::string_view ptx);

}  // namespace moat::codegen
