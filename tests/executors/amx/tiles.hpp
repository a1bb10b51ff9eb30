// SPDX-License-Identifier: Apache-2.0
// The tiles of a thread and what instructions do with them.
#pragma once

#include <cstdint>

#include "tests/executors/amx/fault.hpp"
#include "tests/executors/amx/instruction.hpp"

namespace moat::amx {

inline constexpr int kTiles = 8;
inline constexpr int kMostRows = 16;
inline constexpr int kMostBytes = 64;  // of a row

// The 64 bytes that LDTILECFG reads and STTILECFG writes (the manual's table "Memory Area Layout").
struct Configuration {
  std::uint8_t palette;
  std::uint8_t start_row;
  std::uint8_t reserved[14];
  std::uint16_t row_bytes[16];
  std::uint8_t rows[16];
};
static_assert(sizeof(Configuration) == 64);

struct alignas(64) Tile {
  std::uint8_t bytes[kMostRows][kMostBytes];
};

// Palette 1, the only one there is besides none. Bytes and rows beyond a tile's size are zeros.
// Left out of the model: restarts within an instruction (a start row is a fault, as nothing here
// stops in the midst of one), and which NaN an operation gives.
class Tiles {
 public:
  // Executes an instruction, or changes nothing and says why not.
  Fault execute(const Instruction& instruction);

  bool configured() const { return configuration_.palette != 0; }

 private:
  Fault configure(const Configuration& from);
  Fault check(int tile) const;
  Fault check_product(const Instruction& instruction) const;
  void load(const Instruction& instruction);
  void store(const Instruction& instruction) const;

  Configuration configuration_ = {};
  Tile tiles_[kTiles] = {};
};

}  // namespace moat::amx
