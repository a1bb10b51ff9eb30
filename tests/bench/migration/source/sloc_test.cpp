// SPDX-License-Identifier: Apache-2.0
#include "bench/migration/source/sloc.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace moat {
namespace {

using namespace std::string_literals;

// Numbers of the lines that hold code.
std::vector<int> code_lines(const std::string& text) {
  std::vector<int> numbers;
  int n = 0;
  for (const SourceLine& line : classify_lines(text)) {
    ++n;
    if (line.code) numbers.push_back(n);
  }
  return numbers;
}

TEST(Sloc, BlankLinesAndCommentsAreNone) {
  EXPECT_EQ(code_lines("int a;\n\n  \t\n// c\nint b; // c\n"), (std::vector<int>{1, 5}));
  EXPECT_EQ(code_lines("/* a\n b */\n/* c */ int d;\nint e; /*\n*/ int f; /**/\n/*/ */\n"),
            (std::vector<int>{3, 4, 5}));
}

TEST(Sloc, EmptyTextsAndMissingFinalNewlines) {
  EXPECT_EQ(classify_lines("").size(), 0u);
  EXPECT_EQ(classify_lines("\n").size(), 1u);
  EXPECT_EQ(classify_lines("a").size(), 1u);
  EXPECT_EQ(classify_lines("a\nb").size(), 2u);
  EXPECT_EQ(code_lines("a\nb"), (std::vector<int>{1, 2}));
}

TEST(Sloc, CarriageReturnsAreBlank) {
  EXPECT_EQ(code_lines("int a;\r\n\r\n// c\r\nb\r\n"), (std::vector<int>{1, 4}));
}

TEST(Sloc, CommentMarksInLiteralsOpenNoComment) {
  EXPECT_EQ(code_lines("auto a = \"/*\";\nint b;\n"), (std::vector<int>{1, 2}));
  EXPECT_EQ(code_lines("char a = '\"'; // \"\n// \"\nint b;\n"), (std::vector<int>{1, 3}));
  EXPECT_EQ(code_lines("auto a = \"\\\"/*\";\nint b;\n"), (std::vector<int>{1, 2}));
  EXPECT_EQ(code_lines("#include <sys/*.h>\nint b;\n"), (std::vector<int>{1, 2}));
}

TEST(Sloc, QuotesInCommentsOpenNoLiteral) {
  EXPECT_EQ(code_lines("// don't\nint a;\n/* \" */ int b;\n// R\"(\nint c;\n"),
            (std::vector<int>{2, 3, 5}));
}

TEST(Sloc, DigitSeparatorsOpenNoCharacter) {
  EXPECT_EQ(code_lines("int a = 1'000'000; // it's\n// x\nint b = 0x1'F; /*\n*/\n"),
            (std::vector<int>{1, 3}));
  // A number followed by a character literal.
  EXPECT_EQ(code_lines("case 1:'/*';\nint b;\n"), (std::vector<int>{1, 2}));
  EXPECT_EQ(code_lines("f(1'/*');\nint b;\n"), (std::vector<int>{1, 2}));
}

TEST(Sloc, RawStringsHoldWhatTheyHold) {
  EXPECT_EQ(code_lines("auto a = R\"(\n// no comment\n\n/* none\n)\";\n// c\n"),
            (std::vector<int>{1, 2, 4, 5}));
  EXPECT_EQ(code_lines("auto a = u8R\"x(\n)\" )y\"\n)x\"; // c\n// c\n"),
            (std::vector<int>{1, 2, 3}));
  // Not raw: a name that ends in R, and a delimiter with a space.
  EXPECT_EQ(code_lines("auto a = FOUR\"(\"; // )\"\n// c\n"), std::vector{1});
  EXPECT_EQ(code_lines("auto a = R\"a b(\";\n// c\n"), std::vector{1});
}

TEST(Sloc, SplicesJoinLines) {
  EXPECT_EQ(code_lines("// a comment \\\nthat goes on\nint a;\n"), std::vector{3});
  EXPECT_EQ(code_lines("/\\\n/ a comment\nint a;\n"), std::vector{3});
  EXPECT_EQ(code_lines("/\\\n* a\ncomment *\\\n/ int a;\n"), std::vector{4});
  EXPECT_EQ(code_lines("#define A \\\n  \\\n  1\n"), (std::vector<int>{1, 3}));
  EXPECT_EQ(code_lines("#define A \\ \r\n  1\r\n"), (std::vector<int>{1, 2}));
  EXPECT_EQ(code_lines("a \\\n/ b\n"), (std::vector<int>{1, 2}));
  // No splice inside a raw string.
  EXPECT_EQ(code_lines("auto a = R\"(\\\n)\"; // c\n// c\n"), (std::vector<int>{1, 2}));
}

TEST(Sloc, LiteralsLeftOpenEndWithTheirLine) {
  EXPECT_EQ(code_lines("#error don't /* stop\nint a;\n// c\n"), (std::vector<int>{1, 2}));
  EXPECT_EQ(code_lines("\"open\n// c\nint a;\n"), (std::vector<int>{1, 3}));
  EXPECT_EQ(code_lines("/* open\nint a;\n"), (std::vector<int>{}));
  EXPECT_EQ(code_lines("R\"(open\n// a\n"), (std::vector<int>{1, 2}));
}

TEST(Sloc, Directives) {
  const auto lines =
      classify_lines("#if A\n # /* c */ ifdef B\n%: else\nint a; # if\n/* c\n*/ #endif\n#\n");
  ASSERT_EQ(lines.size(), 7u);
  EXPECT_EQ(lines[0].directive, "if");
  EXPECT_EQ(lines[1].directive, "ifdef");
  EXPECT_EQ(lines[2].directive, "else");
  EXPECT_EQ(lines[3].directive, "");
  EXPECT_EQ(lines[5].directive, "endif");
  EXPECT_EQ(lines[6].directive, "#");
}

// Whatever the bytes, the lines are the text's.
TEST(Sloc, AnyBytesAreAccepted) {
  std::mt19937 random(1);
  const std::string alphabet = "\\\n\r\"'/*R()#if endif1e+.x\xff\x80\0 \t%:u8<>"s;
  for (int i = 0; i < 20000; ++i) {
    std::string text(random() % 60, ' ');
    for (char& c : text) c = alphabet[random() % alphabet.size()];
    const auto lines = classify_lines(text);
    std::size_t expected = static_cast<std::size_t>(std::ranges::count(text, '\n'));
    if (!text.empty() && text.back() != '\n') ++expected;
    ASSERT_EQ(lines.size(), expected) << testing::PrintToString(text);
  }
}

}  // namespace
}  // namespace moat
