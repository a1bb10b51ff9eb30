// SPDX-License-Identifier: Apache-2.0
#include "problems/problem.hpp"

#include <gtest/gtest.h>

#include <set>

namespace moat {
namespace {

TEST(Kind, IsWhatTheFilesOfAProblemAreCalled) {
  std::set<std::string> kinds;
  for (const Problem& problem : kernels()) kinds.insert(kind(problem));
  EXPECT_EQ(kinds, (std::set<std::string>{"attention", "gemm", "reduction", "rows"}));
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
