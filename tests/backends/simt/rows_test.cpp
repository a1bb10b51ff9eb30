// SPDX-License-Identifier: Apache-2.0
#include "kernels/rows.hpp"

#include <cstdint>
#include <limits>

#include "tests/backends/simt/emulated.hpp"

namespace moat::testing {
namespace {

class EmulatedRows : public EmulatedTest {
 protected:
  void check(int rows, int cols, Launch how = {}) {
    for (const RowsOp op : {RowsOp::softmax, RowsOp::rms_norm}) {
      SCOPED_TRACE(::testing::Message() << rows << " x " << cols);
      expect_verified(RowsProblem{.op = op, .dtype = dtype(), .rows = rows, .cols = cols}, how);
    }
  }
};

TEST_P(EmulatedRows, EveryShortLength) {
  for (int cols = 1; cols <= 40; ++cols) check(3, cols);
}

TEST_P(EmulatedRows, OddLengthsAroundTheBlocks) {
  for (const int cols : {255, 256, 257, 1023, 1024, 1025, 4093, 20011}) check(2, cols);
}

TEST_P(EmulatedRows, OneBlockDoesAllRows) {
  check(9, 77, {.max_blocks = 1});
  check(9, 2049, {.max_blocks = 1});
}

// Rows that several blocks share, whose last part is shorter.
TEST_P(EmulatedRows, FewLongRowsInParts) {
  check(1, 33001, {.max_blocks = 3});
  check(2, 33001, {.max_blocks = 5});
  check(1, 33001, {.max_blocks = 20});
}

TEST(RowParts, AreManyWhereRowsAreFewAndLong) {
  const auto parts = [](int rows, int cols, int blocks) {
    const RowParts made = row_parts(rows, cols, blocks);
    EXPECT_GE(std::int64_t{made.part_cols} * made.parts, cols);
    EXPECT_LT(std::int64_t{made.part_cols} * (made.parts - 1), cols) << "an empty part";
    EXPECT_GE(made.parts, 1);
    EXPECT_TRUE(made.parts == 1 || std::int64_t{rows} * made.parts <= blocks) << "a second round";
    return made.parts;
  };
  EXPECT_EQ(parts(1, 128256, 528), 30);
  EXPECT_EQ(parts(16, 128256, 528), 30);
  EXPECT_EQ(parts(100, 128256, 528), 5);
  // Half of the blocks have a row of their own.
  EXPECT_EQ(parts(264, 128256, 528), 2);
  EXPECT_EQ(parts(265, 128256, 528), 1);
  EXPECT_EQ(parts(1, 128256, 2), 2);
  EXPECT_EQ(parts(1, 128256, 1), 1);
  // What would take less than another launch.
  EXPECT_EQ(parts(1, 32767, 528), 1);
  EXPECT_EQ(parts(1, 32768, 528), 8);
  constexpr int kMost = std::numeric_limits<int>::max();
  for (const int blocks : {2, 3, 264, 528}) EXPECT_EQ(parts(1, kMost, blocks), blocks);
}

// Groups of which some waves have none, or one that is not whole.
TEST_P(EmulatedRows, QuantiseGroups) {
  for (const int cols : {1, 127, 128, 129, 640, 1025, 2300}) {
    for (const bool ue8m0 : {false, true}) {
      SCOPED_TRACE(::testing::Message() << cols << (ue8m0 ? " ue8m0" : ""));
      expect_verified(QuantiseProblem{.dtype = dtype(), .rows = 5, .cols = cols, .ue8m0 = ue8m0});
      expect_verified(QuantiseProblem{
          .dtype = dtype(), .rows = 131, .cols = cols / 4 + 1, .ue8m0 = ue8m0, .per_block = true});
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Architectures, EmulatedRows, all_architectures, architecture_name);

}  // namespace
}  // namespace moat::testing
