// SPDX-License-Identifier: Apache-2.0
// How items of unequal length are dealt to the blocks of a grid.
#pragma once

#include "backends/simt/atoms.hpp"

namespace moat::simt {

// Groups whose items are dealt side by side. The u blocks that run at once read the memory of as
// many groups at a time, each u ÷ kGroupsBeside times: on 108 units and more that halves its
// traffic at least. More groups would balance the last round better.
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

}  // namespace moat::simt
