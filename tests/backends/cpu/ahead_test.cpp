// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/ahead.hpp"

#include <gtest/gtest.h>

namespace moat::cpu {
namespace {

class CpuAhead : public ::testing::Test {
 protected:
  static constexpr int kCols = 3000;
  // Elements of a row that lie far enough from its beginning.
  static constexpr int kOwn = kCols - Ahead::kLead / int{sizeof(float)};

  const std::byte* at(int row) const {
    return reinterpret_cast<const std::byte*>(rows_ + std::ptrdiff_t{row} * kCols);
  }
  void read(int row, bool more) {
    ahead_.turn(more);
    ahead_.read(rows_ + std::ptrdiff_t{row} * kCols, kCols);
  }

  float rows_[9 * kCols];
  Ahead ahead_;
};

TEST_F(CpuAhead, FollowsRowsThatLieBehindEachOther) {
  read(0, true);
  EXPECT_TRUE(ahead_.told());
  // Whether rows follow each other is not yet known.
  EXPECT_EQ(ahead_.next(0).from(), nullptr);
  EXPECT_EQ(ahead_.soon(0).own().count(), kOwn);
  read(1, true);
  EXPECT_EQ(ahead_.next(0).from(), at(2));
  EXPECT_EQ(ahead_.next(0).count(), kCols);
  EXPECT_EQ(ahead_.soon(0).own().from(), at(1) + Ahead::kLead);
  EXPECT_EQ(ahead_.soon(0).own().count(), kCols);
}

TEST_F(CpuAhead, FetchesNothingBehindTheLastItem) {
  read(0, true);
  read(1, false);
  EXPECT_EQ(ahead_.next(0).from(), nullptr);
  EXPECT_EQ(ahead_.soon(0).own().from(), at(1) + Ahead::kLead);
  EXPECT_EQ(ahead_.soon(0).own().count(), kOwn);
}

TEST_F(CpuAhead, FetchesOnlyTheRowItselfInAnotherOrder) {
  read(0, true);
  read(2, true);
  EXPECT_EQ(ahead_.next(0).from(), nullptr);
  EXPECT_EQ(ahead_.soon(0).own().from(), at(2) + Ahead::kLead);
  EXPECT_EQ(ahead_.soon(0).own().count(), kOwn);
}

// As gates and values that lie side by side: a row begins where one of the other kind ends.
TEST_F(CpuAhead, FollowsRowsThatLieEquallyFarApart) {
  read(0, true);
  read(2, true);
  // It may be by chance.
  EXPECT_EQ(ahead_.next(0).from(), nullptr);
  read(4, true);
  EXPECT_EQ(ahead_.next(0).from(), at(6));
  EXPECT_EQ(ahead_.next(0).count(), kCols);
  EXPECT_EQ(ahead_.soon(0).own().from(), at(4) + Ahead::kLead);
  EXPECT_EQ(ahead_.soon(0).own().count(), kOwn);
  // Behind what is left of the row comes the beginning of the next one.
  const Ahead::Next then = ahead_.soon(0).then();
  EXPECT_EQ(then.from() + std::ptrdiff_t{kOwn} * std::ptrdiff_t{sizeof(float)}, at(6));
  EXPECT_EQ(then.count(), kCols);
  read(6, false);
  EXPECT_EQ(ahead_.next(0).from(), nullptr);
  EXPECT_EQ(ahead_.soon(0).then().count(), kOwn);
  read(7, true);
  EXPECT_EQ(ahead_.next(0).from(), at(8));
  read(7, true);  // the same once more, as weights are
  read(7, true);
  EXPECT_EQ(ahead_.next(0).from(), nullptr);
}

// What lies that far ahead is not the next row's yet.
TEST_F(CpuAhead, FetchesShortRowsWhole) {
  constexpr int kShort = 100;
  for (const int row : {0, 2, 4}) {
    ahead_.turn(true);
    ahead_.read(rows_ + std::ptrdiff_t{row} * kShort, kShort);
  }
  EXPECT_EQ(ahead_.soon(0).own().from(), reinterpret_cast<const std::byte*>(rows_ + 6 * kShort));
  EXPECT_EQ(ahead_.soon(0).own().count(), kShort);
}

TEST_F(CpuAhead, KeepsTwoRowsOfAnItemApart) {
  for (const int row : {0, 1}) {
    read(row, true);
    ahead_.read(rows_ + (row + 2) * kCols, kCols);
    ahead_.read(rows_, kCols);  // a third one is not followed
  }
  EXPECT_EQ(ahead_.soon(0).own().from(), at(1) + Ahead::kLead);
  EXPECT_EQ(ahead_.soon(1).own().from(), at(3) + Ahead::kLead);
  EXPECT_EQ(ahead_.soon(2).own().from(), nullptr);
}

TEST_F(CpuAhead, RemembersWhetherTheItemBeforeFetchedTheRows) {
  read(0, true);
  ahead_.fetch_next();  // nothing: it is not known where the next one is
  read(1, true);
  EXPECT_FALSE(ahead_.fetched());
  ahead_.fetch_next();
  EXPECT_FALSE(ahead_.fetched());
  read(2, true);
  EXPECT_TRUE(ahead_.fetched());
  read(3, false);
  EXPECT_FALSE(ahead_.fetched());
}

TEST_F(CpuAhead, AnItemBeginsWithoutRows) {
  read(0, true);
  ahead_.turn(true);
  EXPECT_FALSE(ahead_.told());
  EXPECT_EQ(ahead_.soon(0).own().from(), nullptr);
}

// A row that would not stay in the second cache beside the next one.
TEST_F(CpuAhead, LeavesLongRowsAlone) {
  constexpr int kLong = 1 << 16;
  const auto* x = rows_;
  for (int i = 0; i < 2; ++i) {
    ahead_.turn(true);
    ahead_.read(x, kLong);
    EXPECT_FALSE(ahead_.told());
  }
}

}  // namespace
}  // namespace moat::cpu
