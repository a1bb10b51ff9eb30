// SPDX-License-Identifier: Apache-2.0
// Machine code of the matrix instructions of x86. Names, encodings and conditions of faults are
// those of Intel's Software Developer's Manual, volume 2 (the instructions' own pages and "Intel
// AMX Instruction Exception Classes"); TDPFP16PS is described in "Intel Architecture Instruction
// Set Extensions Programming Reference", chapter "AMX-FP16".
#pragma once

#include <array>
#include <cstdint>

#include "tests/executors/amx/fault.hpp"

namespace moat::amx {

// ROW(name, name in capitals, VEX.pp, opcode): all are VEX.128.0F38.W0. pp is 0 without a prefix, 1
// for 66, 2 for F3, 3 for F2.
#define MOAT_AMX_OPERATIONS(ROW)           \
  ROW(ldtilecfg, "LDTILECFG", 0, 0x49)     \
  ROW(sttilecfg, "STTILECFG", 1, 0x49)     \
  ROW(tilerelease, "TILERELEASE", 0, 0x49) \
  ROW(tilezero, "TILEZERO", 3, 0x49)       \
  ROW(tileloadd, "TILELOADD", 3, 0x4b)     \
  ROW(tileloaddt1, "TILELOADDT1", 1, 0x4b) \
  ROW(tilestored, "TILESTORED", 2, 0x4b)   \
  ROW(tdpbf16ps, "TDPBF16PS", 2, 0x5c)     \
  ROW(tdpfp16ps, "TDPFP16PS", 3, 0x5c)     \
  ROW(tdpbssd, "TDPBSSD", 3, 0x5e)         \
  ROW(tdpbsud, "TDPBSUD", 2, 0x5e)         \
  ROW(tdpbusd, "TDPBUSD", 1, 0x5e)         \
  ROW(tdpbuud, "TDPBUUD", 0, 0x5e)

enum class Operation : std::uint8_t {
#define MOAT_ROW(name, ...) name,
  MOAT_AMX_OPERATIONS(MOAT_ROW)
#undef MOAT_ROW
};

#define MOAT_ROW(...) +1
inline constexpr int kOperations = MOAT_AMX_OPERATIONS(MOAT_ROW);
#undef MOAT_ROW

constexpr const char* name_of(Operation operation) {
  constexpr const char* kNames[] = {
#define MOAT_ROW(name, capitals, ...) capitals,
      MOAT_AMX_OPERATIONS(MOAT_ROW)
#undef MOAT_ROW
  };
  return kNames[static_cast<int>(operation)];
}

// The general registers by their numbers: rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8 … r15.
using Registers = std::array<std::uint64_t, 16>;

struct Instruction {
  Operation operation;
  int length = 0;  // bytes
  // Tiles: the destination, or what is stored; of products the operands too.
  int tile = 0;
  int left = 0;
  int right = 0;
  std::uint64_t address = 0;  // in memory
  std::int64_t stride = 0;    // from row to row, in bytes
};

enum class Decoded : std::uint8_t { no_matrix_instruction, instruction, faulty };

// Decodes what lies at `code`, as a processor with these registers has it. `to` has the operation
// also if that is faulty.
Decoded decode(const std::uint8_t* code, const Registers& registers, Instruction& to, Fault& why);

}  // namespace moat::amx
