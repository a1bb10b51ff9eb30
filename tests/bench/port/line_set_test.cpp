// SPDX-License-Identifier: Apache-2.0
#include "bench/port/line_set.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace moat {
namespace {

TEST(LineSet, Operations) {
  const LineSet a = {
      {.file = "f", .number = 1}, {.file = "f", .number = 2}, {.file = "g", .number = 1}};
  const LineSet b = {{.file = "f", .number = 2}, {.file = "h", .number = 1}};
  EXPECT_EQ(set_union(a, b).size(), 4u);
  EXPECT_EQ(set_intersection(a, b), (LineSet{{.file = "f", .number = 2}}));
  EXPECT_EQ(set_difference(a, b),
            (LineSet{{.file = "f", .number = 1}, {.file = "g", .number = 1}}));
  EXPECT_EQ(by_file(a).at("f"), (std::set{1, 2}));
}

TEST(LineSet, RangesGoBothWays) {
  for (const char* text : {"", "1", "1-3", "1-3,7", "2,4,6-7,900"}) {
    EXPECT_EQ(to_ranges(parse_ranges(text)), text);
  }
}

TEST(LineSet, DamagedRangesAreRefused) {
  for (const char* text : {"x", "0", "-1", "3-1", "1,", ",1", "1-", "2,1", "1-3,2", "1 2", "1-3-5",
                           "1-99999999999999"}) {
    EXPECT_THROW(parse_ranges(text), std::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace moat
