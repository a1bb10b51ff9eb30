// SPDX-License-Identifier: Apache-2.0
#include "tests/executors/kernel_name.hpp"

#include <gtest/gtest.h>

namespace moat {
namespace {

TEST(ExecutorKernelName, IsWithoutResultAndParameters) {
  EXPECT_EQ(kernel_name("_Z5saxpyifPKfPf"), "saxpy");
  EXPECT_EQ(kernel_name("_ZN4moat5entryINS_3SumIfEELm32EEEvPT_"),
            "moat::entry<moat::Sum<float>, 32ul>");
  EXPECT_EQ(kernel_name("_ZN12_GLOBAL__N_14tailEPFvvE"), "(anonymous namespace)::tail");
}

TEST(ExecutorKernelName, OfCIsAsItIs) { EXPECT_EQ(kernel_name("kernel"), "kernel"); }

}  // namespace
}  // namespace moat
