// SPDX-License-Identifier: Apache-2.0
// The matrix unit of x86 (AMX): its registers, and who may use them.
//
// A tile register holds 16 rows of 64 bytes. TDPBF16PS adds the product of a tile of the left
// operand, 16 rows of 32 elements of bfloat16, and one of the right operand, whose row r holds the
// elements 2r and 2r + 1 of 16 columns as pairs, to 16 × 16 sums in f32.
//
// Blocking, by Intel's Optimization Reference Manual (chapter "Intel Advanced Matrix Extensions",
// table of throughputs): a TDPBF16PS every 16 cycles, a TILELOADD from L1 every 8, a TILESTORED
// every 16. One sum at a time needs two loads a product: 16 cycles of each. 2 × 2 sums, with two
// tiles of each operand all 8 registers, need one: 64 cycles of products beside 32 of loads, in
// which 2 KiB come from L2 and 2 KiB from L1.
#pragma once

#include <cstdint>

#include "backends/cpu/lanes.hpp"

#if HWY_MAX_BYTES == 64 && defined(__AMX_TILE__) && defined(__AMX_BF16__) && defined(__AVX512BF16__)
#define MOAT_CPU_TILES 1
#else
#define MOAT_CPU_TILES 0
#endif

#if MOAT_CPU_TILES

#include <immintrin.h>

#include "backends/cpu/tile_permission.hpp"

namespace moat::cpu {

inline constexpr int kTileRows = 16;
inline constexpr int kTileBytes = 64;  // of a row
// Elements of a row of the left operand, and columns of the right one and of sums.
inline constexpr int kTileDepth = kTileBytes / 2;
inline constexpr int kTileCols = kTileBytes / 4;
inline constexpr int kTileElements = kTileRows * kTileDepth;
inline constexpr int kTileSums = kTileRows * kTileCols;
static_assert(kTileCols == kLanes);

// Rows and columns of a block of 2 × 2 tiles.
inline constexpr int kBlock = 2 * kTileRows;

// As kPackingCost: the 2 bytes of an element take 0.4 cycles at 5 bytes a cycle, in which TDPBF16PS
// does 205 of its 512 multiply-adds a cycle.
inline constexpr std::int64_t kTilePackingCost = 205;

// What LDTILECFG reads: all tiles are whole, edges are filled with zeros.
struct TileConfiguration {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};

  constexpr TileConfiguration() {
    for (int i = 0; i < 8; ++i) {
      row_bytes[i] = kTileBytes;
      rows[i] = kTileRows;
    }
  }
};
inline constexpr TileConfiguration kWholeTiles;

// The tiles of this thread are configured as long as this lives. Throws DeviceError where the
// system refuses them.
class TilesInUse {
 public:
  TilesInUse() {
    require_tiles();
    _tile_loadconfig(&kWholeTiles);
  }
  ~TilesInUse() { _tile_release(); }
  TilesInUse(const TilesInUse&) = delete;
  TilesInUse& operator=(const TilesInUse&) = delete;
};

}  // namespace moat::cpu

#endif
