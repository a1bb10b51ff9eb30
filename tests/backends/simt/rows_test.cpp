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

INSTANTIATE_TEST_SUITE_P(Architectures, EmulatedRows, all_architectures, architecture_name);

}  // namespace
}  // namespace moat::testing
