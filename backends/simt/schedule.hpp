// SPDX-License-Identifier: Apache-2.0
// Schedules that the tile layer understands; each GPU's table chooses among them.
#pragma once

#include <cstdint>

#include "problems/gemm.hpp"

namespace moat::simt {

// Of m rows and n columns, that the result falls into.
inline std::int64_t tiles(const GemmProblem& p, int m, int n) {
  return std::int64_t{ceil_div(p.m, m)} * ceil_div(p.n, n);
}

// Tiles of m × n (× k a step) of operands of type T, shared by kWarpsM × kWarpsN waves. Where loads
// are asynchronous copies, kStageCount steps are in shared memory at once.
template <class T, int kM, int kN, int kK, int kWarpsM, int kWarpsN, int kResidentBlocks,
          int kStageCount = 2>
struct TileSchedule {
  using Operand = T;
  static constexpr int m = kM;
  static constexpr int n = kN;
  static constexpr int k = kK;
  static constexpr bool all_heads = false;
  static constexpr int kWarpsDown = kWarpsM;
  static constexpr int kWarpsAcross = kWarpsN;
  static constexpr int kWarps = kWarpsM * kWarpsN;
  static constexpr int kResidency = kResidentBlocks;
  static constexpr int kStages = kStageCount;
};

// Work on memory without tiles. A value of `each` is several floats, of which few chains fit a
// lane's registers.
template <int kWarpCount, int kResidentBlocks>
struct FlatSchedule {
  static constexpr int kWarps = kWarpCount;
  static constexpr int kResidency = kResidentBlocks;
  static constexpr int chains = 4;
};

}  // namespace moat::simt
