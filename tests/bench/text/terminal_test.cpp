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

TEST(Terminal, LongLinesHang) {
  EXPECT_EQ(wrapped("absent: no such thing", 8, 14), "absent: no\n        such\n        thing");
  EXPECT_EQ(wrapped("takes 45.6 µs of all", 2, 11), "takes\n  45.6 µs\n  of all");
  EXPECT_EQ(wrapped("nothing-to-break", 2, 5), "nothing-to-break");
  EXPECT_EQ(wrapped("short", 2, 5), "short");
}

}  // namespace
}  // namespace moat
