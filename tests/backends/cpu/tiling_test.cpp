// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/tiling.hpp"

#include <gtest/gtest.h>

namespace moat::cpu {
namespace {

constexpr TileSize kMost{576, 1024};
constexpr TileSize kUnit{16, 8};

std::int64_t tiles_of(int rows, int cols, TileSize size) {
  return std::int64_t{ceil_div(rows, size.rows)} * ceil_div(cols, size.cols);
}

TEST(TileSizes, OneWorkerTakesWhatFitsWhole) {
  EXPECT_EQ(tile_size(512, 512, kMost, kUnit, 1), (TileSize{512, 512}));
  EXPECT_EQ(tile_size(300, 500, kMost, kUnit, 1), (TileSize{304, 504}));
}

TEST(TileSizes, PartsAreAlike) {
  EXPECT_EQ(tile_size(1024, 1024, kMost, kUnit, 1), (TileSize{512, 1024}));
  EXPECT_EQ(tile_size(600, 100, kMost, kUnit, 1), (TileSize{304, 104}));
}

TEST(TileSizes, AllWorkersGetAsMuch) {
  for (const int workers : {2, 3, 8, 64}) {
    const TileSize size = tile_size(2304, 4096, kMost, kUnit, workers);
    const std::int64_t turns = ceil_div(tiles_of(2304, 4096, size), std::int64_t{workers});
    const double busiest = 1.0 * turns * size.rows * size.cols * workers;
    EXPECT_LE(busiest / (2304.0 * 4096), 1.1) << workers;
  }
  EXPECT_EQ(tiles_of(512, 512, tile_size(512, 512, kMost, kUnit, 2)), 2);
}

TEST(TileSizes, StayWithinTheMostAndInUnits) {
  for (const int rows : {1, 15, 16, 17, 575, 577, 5000}) {
    for (const int cols : {1, 7, 9, 1023, 1025, 9000}) {
      for (const int workers : {1, 2, 7, 64}) {
        const TileSize size = tile_size(rows, cols, kMost, kUnit, workers);
        EXPECT_LE(size.rows, kMost.rows);
        EXPECT_LE(size.cols, kMost.cols);
        EXPECT_GT(size.rows, 0);
        EXPECT_GT(size.cols, 0);
        EXPECT_EQ(size.rows % kUnit.rows, 0);
        EXPECT_EQ(size.cols % kUnit.cols, 0);
      }
    }
  }
}

TEST(TileSizes, HugeMatricesDoNotOverflow) {
  const TileSize size = tile_size(INT32_MAX - 1024, INT32_MAX - 1024, kMost, kUnit, 2);
  EXPECT_LE(size.rows, kMost.rows);
  EXPECT_LE(size.cols, kMost.cols);
}

}  // namespace
}  // namespace moat::cpu
