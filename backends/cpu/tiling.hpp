// SPDX-License-Identifier: Apache-2.0
// How a matrix is cut into tiles of like size for a number of workers.
#pragma once

#include <algorithm>
#include <cstdint>

#include "problems/dtype.hpp"

namespace moat::cpu {

struct TileSize {
  int rows;
  int cols;

  bool operator==(const TileSize&) const = default;
};

// Time of packing an element, in multiply-adds of the microkernel: two FMA units of 16 lanes do 24
// in the 0.75 cycles in which a core reads an f32 from memory at 5 bytes a cycle.
inline constexpr std::int64_t kPackingCost = 24;

// Tiles of rows × cols elements, of at most `most` and in multiples of `unit`, that finish first
// when `workers` take one after the other. A tile costs its multiplications and the packing of its
// operands, `packing_cost` an element. Where that is the same, there are as few tiles as possible.
inline TileSize tile_size(int rows, int cols, TileSize most, TileSize unit, int workers,
                          std::int64_t packing_cost = kPackingCost) {
  const auto part = [](int size, std::int64_t parts, int step) {
    const auto even = static_cast<int>(ceil_div(std::int64_t{size}, parts));
    return ceil_div(even, step) * step;
  };
  const std::int64_t least_down = ceil_div(rows, most.rows);
  const std::int64_t least_across = ceil_div(cols, most.cols);
  // More tiles than that do not balance better.
  const std::int64_t most_tiles = 2 * least_down * least_across + workers;
  TileSize best = most;
  std::int64_t best_cost = INT64_MAX;
  for (std::int64_t down = least_down; down < least_down + workers; ++down) {
    if (down * least_across > most_tiles) break;
    for (std::int64_t across = least_across; across < least_across + workers; ++across) {
      if (down * across > most_tiles) break;
      const TileSize size{part(rows, down, unit.rows), part(cols, across, unit.cols)};
      const std::int64_t tiles =
          std::int64_t{ceil_div(rows, size.rows)} * ceil_div(cols, size.cols);
      const std::int64_t cost =
          ceil_div(tiles, std::int64_t{workers}) *
          (std::int64_t{size.rows} * size.cols + packing_cost * (size.rows + size.cols));
      if (cost < best_cost) {
        best_cost = cost;
        best = size;
      }
    }
  }
  return best;
}

}  // namespace moat::cpu
