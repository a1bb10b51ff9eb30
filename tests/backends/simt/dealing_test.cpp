// SPDX-License-Identifier: Apache-2.0
#include "backends/simt/dealing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "backends/hip/cdna.hpp"
#include "backends/simt/thread_block.hpp"

namespace moat::simt {
namespace {

using Pairs = std::vector<std::pair<int, int>>;

// The pairs of all blocks together, sorted.
template <class Deal>
Pairs of_all(int blocks, Deal dealt) {
  Pairs all;
  for (int block = 0; block < blocks; ++block) {
    dealt(block, [&](int a, int b) { all.emplace_back(a, b); });
  }
  std::ranges::sort(all);
  return all;
}

Pairs each_once(int rows, int cols) {
  Pairs all;
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < cols; ++j) all.emplace_back(i, j);
  }
  return all;
}

TEST(Dealing, EveryItemFallsToOneBlock) {
  for (const int blocks : {1, 2, 3, 78, 132, 1000}) {
    for (const auto& [groups, count] : {std::pair{1, 1}, {1, 17}, {8, 16}, {65, 3}, {200, 7}}) {
      EXPECT_EQ(of_all(blocks, [&, groups = groups, count = count](
                                   int block, auto f) { deal(block, blocks, groups, count, f); }),
                each_once(groups, count))
          << blocks << " blocks, " << groups << " × " << count;
    }
  }
}

TEST(Dealing, EveryTileFallsToOneBlock) {
  for (const int blocks : {1, 3, 8, 17, 132, 1000}) {
    for (const int die_count : {1, 6, 8}) {
      for (const auto& [down, across] : {std::pair{1, 1}, {1, 40}, {9, 13}, {40, 3}}) {
        EXPECT_EQ(of_all(blocks,
                         [&, down = down, across = across](int block, auto f) {
                           deal_tiles(block, blocks, die_count, down, across, f);
                         }),
                  each_once(down, across))
            << blocks << " blocks, " << die_count << " dies, " << down << " × " << across;
      }
    }
  }
}

// A block that had a longer item than another of the same round has no longer one in the next.
TEST(Dealing, RoundsGoBackAndForth) {
  for (const auto& [block, places] :
       {std::pair{0, std::vector{0, 7, 8, 15}}, {1, {1, 6, 9, 14}}, {3, {3, 4, 11, 12}}}) {
    std::vector<int> dealt;
    deal(block, 4, 1, 16, [&](int, int item) { dealt.push_back(item); });
    EXPECT_EQ(dealt, places);
  }
}

struct Numbered {
  static constexpr int kWaveWidth = 64;
  static int block() { return number; }
  static int blocks() { return count; }
  static inline int number = 0;
  static inline int count = 1;
};
using Cdna = hip::Cdna<Numbered>;
struct InTurn : Cdna {
  static constexpr int kDies = 1;
};

// The most panels of both operands that the blocks of a die read at once: those of MI300X, two on
// each of 38 units, with a block for each tile of 128 × 128.
template <class Atoms>
int panels_of_a_die(int side) {
  constexpr int kXcds = 8;
  ThreadBlock<Atoms, FlatSchedule<1, 1>> block(nullptr);
  Numbered::count = side / 128 * (side / 128);
  constexpr int kAtOnce = 2 * 38;
  std::size_t most = 0;
  for (int die = 0; die < kXcds; ++die) {
    std::set<int> rows;
    std::set<int> cols;
    for (int i = 0; i < kAtOnce; ++i) {
      Numbered::number = i * kXcds + die;
      block.template tiles<128, 128>(side, side, [&](int row, int col) {
        rows.insert(row);
        cols.insert(col);
      });
    }
    most = std::max(most, rows.size() + cols.size());
  }
  return static_cast<int>(most);
}

TEST(Dealing, BlocksOfADieShareTheirPanels) {
  for (const int side : {4096, 8192}) {
    EXPECT_LE(panels_of_a_die<Cdna>(side), 20) << side;
    // In turn, a die has one row of every band.
    EXPECT_GE(panels_of_a_die<InTurn>(side), 34) << side;
  }
}

}  // namespace
}  // namespace moat::simt
