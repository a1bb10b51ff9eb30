// SPDX-License-Identifier: Apache-2.0
// How items and tiles are dealt to the blocks of a grid.
#pragma once

#include "backends/simt/atoms.hpp"

namespace moat::simt {

// Groups whose items are dealt side by side: of u blocks that run at once u ÷ kGroupsBeside read
// the same memory together, two or more where a device has room for 128. Fewer groups would share
// more and balance their last rounds worse; more would read memory once for each block where keys
// have as many heads as queries.
inline constexpr int kGroupsBeside = 64;

// f(group, item) for the items of 0 … count of each group, item 0 the longest of its group, that
// fall to number `block` of `blocks`. First come the longest of all groups, or of kGroupsBeside of
// them. Rounds go over the blocks back and forth, so that what had the longest item of one has the
// shortest of the next; where there are as many blocks as items, the device takes up the longest
// first.
template <class F>
MOAT_FN void deal(int block, int blocks, int groups, int count, F f) {
  const int beside = groups < kGroupsBeside ? groups : kGroupsBeside;
  MOAT_UNROLL_BY(1)
  for (int number = block, turn = 2 * blocks - 1; number < groups * count;
       number = turn - number, turn += 2 * blocks) {
    const int section = number / (beside * count);
    const int within = number - section * beside * count;
    const int left = groups - section * beside;
    const int width = left < beside ? left : beside;
    MOAT_INLINED f(section * beside + within % width, within / width);
  }
}

// Dies of a device that have an L2 of their own; blocks go to them in turn.
template <class Atoms>
constexpr int dies() {
  if constexpr (requires { Atoms::kDies; }) {
    return Atoms::kDies;
  } else {
    return 1;
  }
}

// Number of a block where those of a die follow each other.
MOAT_FN int by_die(int block, int blocks, int die_count) {
  const int die = block % die_count;
  const int longer = blocks % die_count;  // dies with a block more
  return die * (blocks / die_count) + (die < longer ? die : longer) + block / die_count;
}

// Rows in a band of output tiles, whose blocks share their operands through the cache. u blocks
// that run at once read kBandRows + u ÷ kBandRows panels, the fewest with √u rows: 8 to 17 for the
// 64 to 304 units of a device, 6 to 9 for the 38 to 76 blocks of a die.
inline constexpr int kBandRows = 8;

// f(row, column) for the tiles, of down() × across(), that fall to a block of `blocks` whose first
// one is number `tile`: bands of kBandRows rows, column by column. The number of the first one
// beyond, counted from there. Sizes are asked for anew at each tile, so that none occupies a
// register meanwhile.
template <class Size, class F>
MOAT_FN int deal_tiles_from(int tile, int blocks, Size down, Size across, F f) {
  MOAT_UNROLL_BY(1)
  for (; tile < down() * across(); tile += blocks) {
    const int columns = across();
    const int band = tile / (kBandRows * columns);
    const int in_band = tile - band * kBandRows * columns;
    const int left = down() - band * kBandRows;
    const int height = left < kBandRows ? left : kBandRows;
    MOAT_INLINED f(band * kBandRows + in_band % height, in_band / height);
  }
  return tile - down() * across();
}

// The same for number `block`, where each die has a part of the tiles.
template <class F>
MOAT_FN void deal_tiles(int block, int blocks, int die_count, int down, int across, F f) {
  const auto size = [](int x) { return [x] { return x; }; };
  deal_tiles_from(by_die(block, blocks, die_count), blocks, size(down), size(across), f);
}

}  // namespace moat::simt
