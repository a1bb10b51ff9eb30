// SPDX-License-Identifier: Apache-2.0
// What each mnemonic does. Mnemonics are those of gfx9, without suffixes of encodings; decode.cpp
// renames gfx11's. References are to AMD's "CDNA3 Instruction Set Architecture" (CDNA3 ISA) and
// "RDNA3 Instruction Set Architecture" (RDNA3 ISA).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tests/executors/amd/instruction.hpp"

namespace moat::amdgcn {

// The bits in the opposite order.
inline std::uint32_t reversed(std::uint32_t x) {
  x = (x >> 1 & 0x55555555u) | (x & 0x55555555u) << 1;
  x = (x >> 2 & 0x33333333u) | (x & 0x33333333u) << 2;
  x = (x >> 4 & 0x0f0f0f0fu) | (x & 0x0f0f0f0fu) << 4;
  x = (x >> 8 & 0x00ff00ffu) | (x & 0x00ff00ffu) << 8;
  return x >> 16 | x << 16;
}

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
