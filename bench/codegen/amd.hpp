// SPDX-License-Identifier: Apache-2.0
// What clang's AMD code objects say of each kernel.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bench/codegen/instructions.hpp"

namespace moat::codegen {

// A kernel's metadata, https://llvm.org/docs/AMDGPUUsage.html#code-object-v5-metadata.
struct AmdEntry {
  std::string entry;         // mangled name
  int vector_registers = 0;  // per lane; where the file is unified, accumulation registers too
  int accumulation_registers = 0;  // of them, or besides them on gfx908
  int scalar_registers = 0;        // per wave
  int vector_spills = 0;           // registers
  int scalar_spills = 0;           // registers, to lanes of vector registers or to memory
  int stack_bytes = 0;             // per lane: the fixed private segment
  bool dynamic_stack = false;
  int static_shared_bytes = 0;  // per block
  int threads = 0;              // most per block, for which it was compiled
  int wave_width = 0;
  int code_bytes = 0;
};

// Throws std::runtime_error if the file has no metadata or is not understood.
std::vector<AmdEntry> read_code_object(std::string_view file);

// Symbol → its instructions, from the output of llvm-objdump -d.
std::map<std::string, Instructions> read_disassembly(std::string_view text);

}  // namespace moat::codegen
