// SPDX-License-Identifier: Apache-2.0
// What each mnemonic does. Mnemonics are those of gfx9, without suffixes of encodings; decode.cpp
// renames gfx11's. References are to AMD's "CDNA3 Instruction Set Architecture" (CDNA3 ISA) and
// "RDNA3 Instruction Set Architecture" (RDNA3 ISA).
#pragma once

#include <span>
#include <string_view>

#include "tests/executors/amd/instruction.hpp"

namespace moat::amdgcn {

struct Operation {
  std::string_view name;
  Instruction::Execute execute;
};

std::span<const Operation> scalar_operations();
std::span<const Operation> control_operations();
std::span<const Operation> integer_operations();
std::span<const Operation> float_operations();
std::span<const Operation> packed_operations();
std::span<const Operation> compare_operations();
std::span<const Operation> lane_operations();
std::span<const Operation> lds_operations();
std::span<const Operation> memory_operations();
std::span<const Operation> matrix_operations();

}  // namespace moat::amdgcn
