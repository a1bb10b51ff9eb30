// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/backends/cpu/sets/width.hpp"

namespace moat {
namespace {

using testing::Width;

// The linker would keep one of two inline functions of a name; nothing here runs wider instructions.
TEST(CpuSets, TwoInOneProgramShareNothing) {
  const Width* const* tables = cpu::Tables<Width>::of;
  ASSERT_NE(tables[0], nullptr);
  ASSERT_NE(tables[1], nullptr);
  EXPECT_EQ(tables[2], nullptr);
  EXPECT_EQ(tables[0]->bytes(), 32);
  EXPECT_EQ(tables[1]->bytes(), 64);
  EXPECT_EQ(tables[0]->bytes_elsewhere(), 32);
  EXPECT_EQ(tables[1]->bytes_elsewhere(), 64);
  EXPECT_NE(tables[0]->where(), tables[1]->where());
  EXPECT_EQ(*tables[0]->where(), 32);
  EXPECT_EQ(*tables[1]->where(), 64);
}

}  // namespace
}  // namespace moat
