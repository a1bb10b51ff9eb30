// SPDX-License-Identifier: Apache-2.0
#include "bench/port/conditional_groups.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "bench/migration/source/sloc.hpp"

namespace moat {
namespace {

std::vector<int> groups_of(const std::string& text) {
  return conditional_groups(classify_lines(text)).of_line;
}

TEST(ConditionalGroups, DirectivesBelongToTheGroupThatReadsThem) {
  EXPECT_EQ(groups_of("a\n#if A\nb\n#elif B\nc\n#else\nd\n#endif\ne\n"),
            (std::vector{0, 0, 1, 0, 2, 0, 3, 0, 0}));
  EXPECT_EQ(groups_of("#if A\n#if B\nb\n#endif\nc\n#endif\n"), (std::vector{0, 1, 2, 1, 1, 0}));
}

TEST(ConditionalGroups, AConditionMayTakeSeveralLines) {
  EXPECT_EQ(groups_of("#if A && \\\n B\nb\n#elif C /*\n*/ && D\nc\n#endif\n"),
            (std::vector{0, 0, 1, 0, 0, 2, 0}));
}

TEST(ConditionalGroups, StrayDirectivesAreNotFatal) {
  EXPECT_EQ(groups_of("#endif\n#else\na\n#if A\nb\n"), (std::vector{0, 0, 0, 0, 1}));
}

// Every line of any text is in one of its groups.
TEST(ConditionalGroups, AnyDirectivesAreAccepted) {
  std::mt19937 random(1);
  const std::vector<std::string> pieces = {"#if A", "#else", "#elif B", "#endif", "#",
                                           "a",     "\\",    "/*",      "*/",     "\n"};
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (auto n = random() % 20; n > 0; --n) {
      text += pieces[random() % pieces.size()];
      if (random() % 2 == 0) text += '\n';
    }
    const auto lines = classify_lines(text);
    const auto groups = conditional_groups(lines);
    ASSERT_EQ(groups.of_line.size(), lines.size());
    for (const int g : groups.of_line) ASSERT_LT(g, static_cast<int>(groups.parent.size()));
  }
}

}  // namespace
}  // namespace moat
