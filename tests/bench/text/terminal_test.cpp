// SPDX-License-Identifier: Apache-2.0
#include "bench/text/terminal.hpp"

#include <gtest/gtest.h>

namespace moat {
namespace {

TEST(Terminal, FirstColumnsCountsCharactersNotBytes) {
  EXPECT_EQ(first_columns("45.6 µs", 6), "45.6 µ");
  EXPECT_EQ(first_columns("45.6 µs", 7), "45.6 µs");
  EXPECT_EQ(first_columns("45.6 µs", 80), "45.6 µs");
  EXPECT_EQ(first_columns("", 3), "");
  EXPECT_EQ(first_columns("abc", 0), "");
}

}  // namespace
}  // namespace moat
