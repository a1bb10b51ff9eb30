// Schedules that the tile layer understands; each GPU's table chooses among them.
#pragma once

namespace moat::simt {

// Tiles of m × n (× k a step) of operands of type T, shared by warps_m × warps_n waves.
template <class T, int kM, int kN, int kK, int kWarpsM, int kWarpsN, int kResidentBlocks>
struct TileSchedule {
  using Operand = T;
  static constexpr int m = kM;
  static constexpr int n = kN;
  static constexpr int k = kK;
  static constexpr int warps_m = kWarpsM;
  static constexpr int warps_n = kWarpsN;
  static constexpr int warps = kWarpsM * kWarpsN;
  static constexpr int resident_blocks = kResidentBlocks;
};

// Work on memory without tiles.
template <int kWarps, int kResidentBlocks>
struct FlatSchedule {
  static constexpr int warps = kWarps;
  static constexpr int resident_blocks = kResidentBlocks;
};

}  // namespace moat::simt
