// SPDX-License-Identifier: Apache-2.0
#include "bench/port/line_markers.hpp"

#include <gtest/gtest.h>

#include "bench/port/line_set.hpp"

namespace moat {
namespace {

std::string same(const std::string& name) { return name; }

TEST(LineMarkers, LinesCountOnFromTheirMarker) {
  const auto marked = read_line_markers(
      "# 1 \"a.cpp\"\n# 1 \"<built-in>\"\nint built_in;\n# 1 \"b.hpp\" 1 3 4\n\nint b;\n"
      "# 7 \"a.cpp\" 2\nint a;\n\nint c;\n#line 40 \"a.cpp\"\nint d;\n",
      same);
  EXPECT_EQ(to_ranges(marked.at("a.cpp")), "7,9,40");
  EXPECT_EQ(to_ranges(marked.at("b.hpp")), "2");
}

TEST(LineMarkers, AFileThatWasEnteredIsThere) {
  const auto marked = read_line_markers("# 1 \"a.hpp\" 1\n\n# 3 \"a.cpp\" 2\n", same);
  EXPECT_TRUE(marked.contains("a.hpp"));
  EXPECT_TRUE(marked.at("a.hpp").empty());
}

TEST(LineMarkers, NamesAreUnescaped) {
  const auto marked = read_line_markers("# 2 \"a\\\"b\\\\c\\303\\244.h\" 1\nx\n", same);
  EXPECT_TRUE(marked.contains("a\"b\\c\xc3\xa4.h"));
}

TEST(LineMarkers, TextInRawStringsAndCommentsIsNoMarker) {
  const auto marked = read_line_markers(
      "# 1 \"a.cpp\"\nauto s = R\"(\n# 50 \"other.cpp\"\n)\";\n/*\n# 60 \"other.cpp\"\n*/ int x;\n",
      same);
  EXPECT_FALSE(marked.contains("other.cpp"));
  EXPECT_EQ(to_ranges(marked.at("a.cpp")), "1-6");
}

TEST(LineMarkers, OtherDirectivesAreText) {
  const auto marked =
      read_line_markers("# 5 \"a.cpp\"\n#define A 1\n#pragma unroll\n#\n# x\n#12\n", same);
  EXPECT_EQ(to_ranges(marked.at("a.cpp")), "5-9");
}

TEST(LineMarkers, NamesWithinTheProject) {
  const auto name = names_within("/p/q", "/p/q/build", "/p/q/sub");
  EXPECT_EQ(name("/p/q/a.cpp"), "a.cpp");
  EXPECT_EQ(name("../kernels/./a.cpp"), "kernels/a.cpp");
  EXPECT_EQ(name("b.hpp"), "sub/b.hpp");
  EXPECT_EQ(name("/p/qq/a.cpp"), "");
  EXPECT_EQ(name("/p/q/build/made.cpp"), "");
  EXPECT_EQ(name("/p/q/building/a.cpp"), "building/a.cpp");
  EXPECT_EQ(name("<command-line>"), "");
  EXPECT_EQ(name(""), "");
}

}  // namespace
}  // namespace moat
