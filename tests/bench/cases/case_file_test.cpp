// SPDX-License-Identifier: Apache-2.0
#include "bench/cases/case_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "bench/cases/case.hpp"
#include "bench/cases/suites.hpp"

namespace moat {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::vector<FileCase> read(const std::string& text) {
  std::istringstream in(text);
  return read_cases(in, "cases.txt");
}

std::string error_of(const std::string& text) {
  try {
    read(text);
  } catch (const CaseError& e) {
    return e.what();
  }
  return "";
}

TEST(CaseFile, HasANameALineAndHowOftenItOccurs) {
  const auto cases = read(
      "# of a layer\n"
      "\n"
      "sum/f32/n10\t32\r\n"
      "  softmax/bf16/r2c3   # once\n"
      "max/f16/n7 0.5#half");
  ASSERT_EQ(cases.size(), 3u);
  const std::vector<std::pair<std::string, double>> expected{
      {"sum/f32/n10", 32}, {"softmax/bf16/r2c3", 1}, {"max/f16/n7", 0.5}};
  for (std::size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(case_name(cases[i].problem), expected[i].first);
    EXPECT_EQ(cases[i].weight, expected[i].second);
  }
}

TEST(CaseFile, MayBeginWithAByteOrderMark) {
  EXPECT_EQ(case_name(read("\xEF\xBB\xBFsum/f32/n10\n").at(0).problem), "sum/f32/n10");
}

TEST(CaseFile, WithoutNumbersNothingIsWeighted) {
  for (const FileCase& c : read("sum/f32/n10\nsum/f32/n11\n")) EXPECT_FALSE(c.weight);
}

TEST(CaseFile, ErrorsNameTheLineAndWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> faults{
      {"sum/f32/n1\ngem/f32/m1n1k1", "line 2: case 'gem/f32/m1n1k1': there is no kernel 'gem'"},
      {"\n\nsum/f32/n0", "line 3: case 'sum/f32/n0': n=0 leaves nothing to do"},
      {"sum/f32/n1 0", "line 1: '0' is not how often"},
      {"sum/f32/n1 -2", "'-2' is not how often"},
      {"sum/f32/n1 nan", "'nan' is not how often"},
      {"sum/f32/n1 inf", "'inf' is not how often"},
      {"sum/f32/n1 1e400", "'1e400' is not how often"},
      {"sum/f32/n1 3x", "'3x' is not how often"},
      {"sum/f32/n1 3 4", "line 1: '4' is too much"},
      {"sum/f32/n1 3\n# other\nsum/f32/n1", "line 3: sum/f32/n1 is in line 1 already"},
      {"", "there is no case in it"},
      {"# nothing\n \n", "there is no case in it"},
  };
  for (const auto& [text, part] : faults) {
    EXPECT_THAT(error_of(text), AllOf(HasSubstr("cases.txt: "), HasSubstr(part))) << text;
  }
  // All wrong lines are named, but not hundreds.
  EXPECT_THAT(error_of("sum/f32/n0\nsum/f32/n1\nsum/f32/n2 x"),
              AllOf(HasSubstr("line 1: case 'sum/f32/n0'"), HasSubstr("line 3: 'x' is not how")));
  std::string many;
  for (int i = 0; i < 9; ++i) many += "x\n";
  EXPECT_THAT(error_of(many), AllOf(HasSubstr("line 5: "), Not(HasSubstr("line 6: ")),
                                    HasSubstr("cases.txt: 4 more lines are wrong")));
  EXPECT_THROW(read_case_file("/no/such/file"), CaseError);
  EXPECT_THROW(read_case_file("/"), CaseError);
}

// Every case of the example is one of the suite, and layers have theirs 32 times.
TEST(CaseFile, TheExampleIsAStepOfTheModel) {
  const auto cases = read_case_file(MOAT_EXAMPLES "/models/llama-3.1-8b-decode.txt");
  const auto& suite = find_suite("llama3-8b").cases;
  double often = 0;
  for (const FileCase& c : cases) {
    const std::string name = case_name(c.problem);
    EXPECT_TRUE(std::ranges::any_of(suite, [&](const Problem& p) { return case_name(p) == name; }))
        << name;
    often += c.weight.value_or(0);
  }
  EXPECT_EQ(often, 32 * 9 + 4);
}

}  // namespace
}  // namespace moat
