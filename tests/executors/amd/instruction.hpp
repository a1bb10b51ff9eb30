// SPDX-License-Identifier: Apache-2.0
// Instructions in the form in which they are executed: no text is left to look at.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/executors/amd/code_object.hpp"

namespace moat::amdgcn {

inline constexpr int kLanes = 64;

// Numbers of scalar registers that have names. What is written to `null` is never read.
inline constexpr int kVcc = 106;
inline constexpr int kNull = 120;
inline constexpr int kM0 = 124;
inline constexpr int kExec = 126;
inline constexpr int kScalars = 128;

// A 32-bit value of every lane. Of waves of 32, the upper half is not used.
struct alignas(64) LaneValues {
  std::uint32_t lane[kLanes];
};

// Part of a register that SDWA takes.
enum class Select : std::uint8_t { dword, byte0, byte1, byte2, byte3, word0, word1 };

struct Operand {
  enum class Kind : std::uint8_t { none, vector, scalar, constant };
  Kind kind = Kind::none;
  Select select = Select::dword;
  bool sign_extended = false;
  bool negative = false;  // of floating point: applied after `absolute`
  bool absolute = false;
  bool is_float = false;  // of a constant: its text was one of floating point
  std::uint8_t words = 1;
  std::uint16_t index = 0;                // of the first register
  std::uint64_t value = 0;                // of a constant
  const LaneValues* broadcast = nullptr;  // the same in all lanes
};

struct Wave;

struct Instruction {
  using Execute = void (*)(const Instruction&, Wave&);

  Execute execute = nullptr;
  std::array<Operand, 5> o;  // as the text orders them, destinations first
  std::int32_t offset = 0;   // in bytes; of LDS accesses in two places, the first
  std::int32_t offset1 = 0;
  std::uint32_t target = 0;  // of a branch, an index
  std::uint32_t line = 0;    // index of its text
  Select destination_select = Select::dword;
  bool returns = false;     // of an atomic: the value before
  bool keeps_high = false;  // 16-bit results leave the upper half (gfx11), else clear it
  // Of waits: operations that may be left under way; -1 does not wait.
  std::int8_t vector_count = -1;
  std::int8_t lds_count = -1;
  std::int8_t store_count = -1;
  // Of packed operations a bit per source.
  std::uint8_t op_sel = 0;
  std::uint8_t op_sel_hi = 0;
  std::uint8_t neg_lo = 0;
  std::uint8_t neg_hi = 0;
};

// A kernel, decoded.
struct Program {
  const KernelInfo* kernel = nullptr;
  std::string architecture;
  std::vector<Instruction> instructions;
  std::vector<std::string> text;         // "0x1c v_add_f32_e32 v1, v2, v3", by Instruction::line
  std::vector<std::uint64_t> addresses;  // virtual, by Instruction::line
  std::vector<std::string> unknown;      // lines whose execution is a fault
  // Constants that vector instructions read, in two words. Addresses stay as they are.
  std::unordered_map<std::uint64_t, std::array<LaneValues, 2>> constants;
};

}  // namespace moat::amdgcn
