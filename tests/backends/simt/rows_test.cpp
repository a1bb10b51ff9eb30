// SPDX-License-Identifier: Apache-2.0
#include "kernels/rows.hpp"

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
