// SPDX-License-Identifier: Apache-2.0
#include "problems/grouped_gemm.hpp"

#include <gtest/gtest.h>

namespace moat {
namespace {

TEST(GroupedGemm, RowsOfExpertsFillTheirSumAndHoldTheirMost) {
  for (const int tokens : {1, 2, 16, 100, 4096}) {
    for (const int experts : {1, 2, 8, 9, 64, 256}) {
      for (const int top : {1, 2, 6, 8}) {
        for (const int masked : {0, ceil_div(tokens * top, experts)}) {
          const GroupedGemmProblem p{
              .tokens = tokens, .experts = experts, .top = top, .masked = masked};
          if (top > experts) continue;
          std::int64_t sum = 0;
          for (const std::int64_t rows : expert_rows(p)) {
            EXPECT_GE(rows, 0);
            EXPECT_LE(rows, most_rows(p));
            sum += rows;
          }
          EXPECT_EQ(sum, total_rows(p));
        }
      }
    }
  }
  const auto rows = expert_rows({.tokens = 4096, .experts = 64, .top = 6});
  EXPECT_EQ(rows[0], 0);
  EXPECT_EQ(rows[32], 4096);
  EXPECT_EQ(rows[63], 1);
}

}  // namespace
}  // namespace moat
