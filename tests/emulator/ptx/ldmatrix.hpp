// SPDX-License-Identifier: Apache-2.0
// ldmatrix (PTX ISA, "Warp-level matrix load instruction: ldmatrix", .m8n8, .b16).
#pragma once

#include <cstdint>
#include <span>

#include "tests/emulator/operation.hpp"

namespace moat::emulator::ptx {

// One lane's operands: `row` is read for lanes 0 … 8 · count − 1, row l % 8 of matrix l / 8.
struct LdMatrix {
  std::uint32_t* registers;
  const void* row;
};

// `count` is 1, 2 or 4.
void ldmatrix(std::span<void* const> lanes, const Operation& operation, int count, bool transposed);

}  // namespace moat::emulator::ptx
