// SPDX-License-Identifier: Apache-2.0
#include "backends/simt/fragment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "backends/simt/accumulator.hpp"
#include "backends/simt/fma.hpp"
#include "backends/simt/plain.hpp"
#include "backends/simt/schedule.hpp"

namespace moat::simt {
namespace {

// The accumulator and left operand of mma.m16n8k16 (PTX ISA, "Matrix fragments for mma.m16n8k16
// with floating point type"): an accumulator becomes an operand without an exchange.
struct Mma16816 {
  using Element = f16;
  static constexpr int m = 16;
  static constexpr int n = 8;
  static constexpr int k = 16;
  struct Left {
    static constexpr int kRegisters = 8;
    static constexpr Position at(int lane, int r) {
      return {.row = lane / 4 + r / 2 % 2 * 8, .col = lane % 4 * 2 + r % 2 + r / 4 * 8};
    }
  };
  struct Acc {
    static constexpr int kRegisters = 4;
    static constexpr Position at(int lane, int r) {
      return {.row = lane / 4 + r / 2 * 8, .col = lane % 4 * 2 + r % 2};
    }
  };
};

template <class Atom, int kLanes>
void expect_exchange_is_right() {
  using Exchange = OperandExchange<Atom, kLanes>;
  constexpr Exchange kExchange{};
  for (int phase = 0; phase < Exchange::kPhases; ++phase) {
    for (int r = 0; r < Atom::Left::kRegisters; ++r) {
      const auto& source = kExchange.sources[phase][r];
      for (int lane = 0; lane < kLanes; ++lane) {
        const Position want = Atom::Left::at(lane, r);
        const Position got = Atom::Acc::at(source.lane(lane), source.register_);
        EXPECT_EQ(got.row, want.row);
        EXPECT_EQ(source.atom * Atom::n + got.col, phase * Atom::k + want.col);
      }
    }
  }
}

TEST(OperandExchange, FindsEveryElement) {
  expect_exchange_is_right<FmaAtom<32>, 32>();
  expect_exchange_is_right<FmaAtom<64>, 64>();
  expect_exchange_is_right<Mma16816, 32>();
}

TEST(OperandExchange, OfMatrixInstructionsStaysInTheLane) {
  for (const auto& source : kOperandExchange<Mma16816, 32>.sources[0]) {
    EXPECT_TRUE(source.own_lane);
  }
  for (const auto& source : kOperandExchange<FmaAtom<32>, 32>.sources[0]) {
    EXPECT_FALSE(source.own_lane);
  }
}

template <class Fragment>
void expect_covers(int lanes, int rows, int cols) {
  std::vector<int> seen(static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols));
  for (int lane = 0; lane < lanes; ++lane) {
    for (int r = 0; r < Fragment::kRegisters; ++r) {
      const Position at = Fragment::at(lane, r);
      ++seen.at(static_cast<std::size_t>(at.row) * static_cast<std::size_t>(cols) +
                static_cast<std::size_t>(at.col));
    }
  }
  const auto [least, most] = std::ranges::minmax(seen);
  EXPECT_GT(least, 0);
  EXPECT_EQ(least, most);
}

template <class Atom>
void expect_fragments_cover(int lanes) {
  expect_covers<typename Atom::Left>(lanes, Atom::m, Atom::k);
  expect_covers<typename Atom::Right>(lanes, Atom::k, Atom::n);
  expect_covers<typename Atom::Acc>(lanes, Atom::m, Atom::n);
}

TEST(FmaAtom, FragmentsCoverTheirMatrices) {
  expect_fragments_cover<FmaAtom<32>>(32);
  expect_fragments_cover<FmaAtom<64>>(64);
}

TEST(Fragments, WidestRuns) {
  constexpr auto kRow = kWidestRuns<FmaAtom<32>::Right, 32, 4, false>;
  EXPECT_EQ(kRow.width, 4);
  EXPECT_EQ(kRow.stride, 1);
  constexpr auto kColumn = kWidestRuns<FmaAtom<32>::Right, 32, 8, true>;
  EXPECT_EQ(kColumn.width, 4);
  EXPECT_EQ(kColumn.stride, 4);
  constexpr auto kPairs = kWidestRuns<Mma16816::Acc, 32, 8, false>;
  EXPECT_EQ(kPairs.width, 2);
  constexpr auto kAcross = kWidestRuns<Mma16816::Acc, 32, 8, true>;
  EXPECT_EQ(kAcross.width, 1);
}

TEST(Fragments, RowsOfALane) {
  constexpr RowSlots<FmaAtom<64>::Acc, 64> kOne;
  EXPECT_EQ(kOne.count, 1);
  constexpr RowSlots<Mma16816::Acc, 32> kTwo;
  EXPECT_EQ(kTwo.count, 2);
  EXPECT_EQ(kTwo.slot[1], 0);
  EXPECT_EQ(kTwo.slot[2], 1);
  EXPECT_EQ(kTwo.register_[1], 2);
  EXPECT_EQ((kRowMask<Mma16816::Acc, 32>), 0b00011);
  EXPECT_EQ((kRowMask<FmaAtom<32>::Acc, 32>), 0b11000);
  EXPECT_EQ((kRowMask<FmaAtom<64>::Acc, 64>), 0b110000);
}

}  // namespace
}  // namespace moat::simt
