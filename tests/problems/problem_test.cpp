// SPDX-License-Identifier: Apache-2.0
#include "problems/problem.hpp"

#include <gtest/gtest.h>

namespace moat {
namespace {

TEST(Kind, IsWhatTheFilesOfAProblemAreCalled) {
  EXPECT_EQ(kind(GemmProblem{}), "gemm");
  EXPECT_EQ(kind(AttentionProblem{}), "attention");
  EXPECT_EQ(kind(ReductionProblem{.op = ReductionOp::argmax}), "reduction");
  EXPECT_EQ(kind(RowsProblem{.op = RowsOp::rms_norm}), "rows");
  EXPECT_EQ(kind(CeilingProblem{}), "ceiling");
}

TEST(Kernels, AreFoundByTheirNames) {
  for (const Problem& problem : kernels()) {
    const Problem* found = find_kernel(describe(problem).kernel);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(describe(*found).text, describe(problem).text);
  }
  EXPECT_EQ(find_kernel("reduction"), nullptr);
  EXPECT_EQ(find_kernel(""), nullptr);
}

}  // namespace
}  // namespace moat
