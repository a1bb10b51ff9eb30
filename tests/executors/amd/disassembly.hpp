// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/executors/amd/code_object.hpp"

namespace moat::amdgcn {

// An instruction as llvm-objdump prints it.
struct Line {
  std::uint64_t address = 0;  // virtual
  std::uint32_t bytes = 0;
  std::uint32_t encoding = 0;  // its first word
  std::string mnemonic;        // v_add_f32_e32
  std::string operands;        // "v1, v2, v3 offset:16", without the comment
  std::string source;          // "gemm.hpp:12" if the object has line numbers, else empty
};

// The instructions of a kernel. `objdump` is the path of LLVM's llvm-objdump. Throws Fault if it
// cannot be run.
std::vector<Line> disassemble(const CodeObject& object, const std::string& kernel,
                              const std::string& objdump);

}  // namespace moat::amdgcn
