// SPDX-License-Identifier: Apache-2.0
#include "bench/compare/format.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bench/record/strict_json.hpp"

namespace moat {
namespace {

// One of each verdict; names and reasons that every format must escape.
Comparison sample() {
  Comparison c;
  c.base = "aaaa";
  c.now = "bbbb";
  c.threshold = 0.05;
  c.floor = 0.013;
  c.differences = 12;
  const auto add = [&](const std::string& name, Verdict verdict, double ratio,
                       const std::string& reason) -> CaseComparison& {
    CaseComparison one;
    one.name = name + "/cpu/moat";
    one.problem = name;
    one.kernel = name.substr(0, name.find('/'));
    one.backend = "cpu";
    one.implementation = "moat";
    one.verdict = verdict;
    one.reason = reason;
    one.gated = true;
    if (ratio > 0) {
      one.base_seconds = 1e-3;
      one.new_seconds = 1e-3 * ratio;
      one.ratio = RatioEstimate{.ratio = ratio, .lower = ratio - 0.01, .upper = ratio + 0.01};
    }
    return c.cases.emplace_back(one);
  };
  add("gemm/f32/m1n1k1", Verdict::slower, 1.5, "");
  add("gemm/f32/m2n2k2", Verdict::faster, 0.5, "");
  add("sum/f32/n1", Verdict::same, 1, "");
  add("sum/f32/n2", Verdict::inconclusive, 1.04, "too wide");
  add("sum/f32/n3", Verdict::incomparable, 0, "device: <b>A & B</b> | 50%, was C\nD");
  add("sum/f32/n4", Verdict::missing, 0, "not in the new record").only_base = true;
  add("sum/f32/n5", Verdict::unverified, 0, "failed: wrong at 3").broken = true;
  add("sum/f32/n6", Verdict::too_few_samples, 99, "4 samples; 10 are needed").undecided = true;
  add("sum/f32/n7", Verdict::disturbed, 0, "disturbed: threads waited").undecided = true;
  return c;
}

std::string formatted(CompareFormat format) {
  return format_comparison(sample(), format, judge_gate(sample()), false);
}

TEST(Format, CountsVerdicts) {
  EXPECT_EQ(verdict_counts(sample()),
            "1 slower, 1 faster, 1 same, 1 inconclusive, 1 too few samples, 1 disturbed, "
            "1 incomparable, 1 missing, 1 unverified");
}

TEST(Format, CountsOursApartFromOthers) {
  Comparison c = sample();
  c.cases[0].gated = c.cases[2].gated = false;
  EXPECT_EQ(verdict_counts(c),
            "1 faster, 1 inconclusive, 1 too few samples, 1 disturbed, 1 incomparable, 1 missing, "
            "1 unverified; libraries and yardsticks: 1 slower, 1 same");
}

// As of records of two devices.
TEST(Format, ManyIncomparableCasesHaveALineTogether) {
  Comparison c = sample();
  const CaseComparison one = c.cases[4];
  for (const auto format : {CompareFormat::table, CompareFormat::markdown}) {
    c.cases.assign(3, one);
    EXPECT_EQ(format_comparison(c, format, {}, false).find("such as"), std::string::npos);
    c.cases.assign(121, one);
    const std::string text = format_comparison(c, format, {}, false);
    EXPECT_NE(text.find("121 cases are incomparable, such as sum/f32/n3/cpu/moat: device: "),
              std::string::npos)
        << text;
    EXPECT_EQ(text.find("f32/n3", text.find("such as") + 20), std::string::npos) << text;
    EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 20) << text;
  }
}

TEST(Format, SaysWhatSingleRunsCannotTell) {
  Comparison c = sample();
  for (const auto format : {CompareFormat::table, CompareFormat::markdown}) {
    EXPECT_EQ(format_comparison(c, format, {}, false).find("one run on either side"),
              std::string::npos);
    c.single_runs = true;
    EXPECT_NE(format_comparison(c, format, {}, false).find("\nnote: one run on either side"),
              std::string::npos);
    c.single_runs = false;
  }
}

TEST(Format, TableHasEveryCaseAndTheFloor) {
  const std::string text = formatted(CompareFormat::table);
  EXPECT_NE(text.find("+50.0 %"), std::string::npos) << text;
  EXPECT_NE(text.find("+49.0 … +51.0 %"), std::string::npos) << text;
  EXPECT_NE(text.find("noise floor 1.3 %"), std::string::npos) << text;
  EXPECT_NE(text.find("failed: wrong at 3"), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(format_comparison(sample(), CompareFormat::table, {}, true).find("\x1b[31m"),
            std::string::npos);
}

TEST(Format, OneCaseInTurnsIsOne) {
  Comparison c = sample();
  c.cases[0].paired = true;
  EXPECT_NE(format_comparison(c, CompareFormat::table, std::nullopt, false)
                .find("1 case was sampled in turns"),
            std::string::npos);
}

TEST(Format, WhatKeepsAGateFromPassingHasItsNumberAndItsInterval) {
  Comparison c = sample();
  const std::vector<std::string> lines = why_not_passed(c, judge_gate(c));
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_EQ(lines[0],
            "gate 5 %: gemm/f32/m1n1k1/cpu/moat is slower: +50.0 % (+49.0 … +51.0 %), 1.00 ms → "
            "1.50 ms");
  EXPECT_EQ(lines[4], "gate 5 %: sum/f32/n6/cpu/moat has 4 samples; 10 are needed");
  c.cases.resize(3);
  c.cases.erase(c.cases.begin());
  EXPECT_TRUE(why_not_passed(c, judge_gate(c)).empty());
  const std::string text = format_comparison(c, CompareFormat::table, judge_gate(c), false);
  EXPECT_TRUE(
      text.ends_with("gate 5 %: passed; the slowest of 2 cases is sum/f32/n1/cpu/moat: "
                     "+0.0 % (-1.0 … +1.0 %)\n"))
      << text;
}

TEST(Format, MarkdownKeepsItsColumns) {
  const std::string text = formatted(CompareFormat::markdown);
  EXPECT_NE(text.find("\\| 50%, was C D"), std::string::npos) << text;
  EXPECT_NE(text.find("**slower**"), std::string::npos) << text;
  EXPECT_NE(text.find("&lt;b&gt;"), std::string::npos) << "a name is text, not markup: " << text;
}

TEST(Format, JsonIsStrictAndComplete) {
  const Json json = parse_strict(formatted(CompareFormat::json));
  EXPECT_EQ(json["cases"].size(), 9u);
  EXPECT_EQ(json["counts"]["slower"], 1);
  EXPECT_EQ(json["cases"][0]["fails_gate"], true);
  EXPECT_EQ(json["cases"][1]["fails_gate"], false);
  EXPECT_EQ(json["cases"][0]["time"]["ratio"], 1.5);
  EXPECT_TRUE(json["cases"][4]["time"].is_null());
  EXPECT_EQ(json["noise_floor"], 0.013);
}

TEST(Format, JunitFailsWhatFailsTheGate) {
  const std::string gated = formatted(CompareFormat::junit);
  EXPECT_NE(gated.find(R"(tests="9" failures="4" errors="2" skipped="1")"), std::string::npos)
      << gated;
  EXPECT_NE(gated.find(R"(<error type="too few samples" message="too few samples: +9800.0 %)"),
            std::string::npos)
      << gated;
  EXPECT_NE(gated.find(R"(<error type="disturbed")"), std::string::npos) << gated;
  EXPECT_NE(gated.find("&lt;b&gt;A &amp; B&lt;/b&gt;"), std::string::npos) << gated;
  EXPECT_EQ(gated.find("<b>"), std::string::npos);
  const std::string open = format_comparison(sample(), CompareFormat::junit, {}, false);
  EXPECT_NE(open.find(R"(failures="0" errors="0" skipped="6")"), std::string::npos) << open;
}

// A gate below the noise judges nothing: no case of ours passes, whatever its verdict would be.
TEST(Format, ARefusedGatePassesNoCase) {
  Comparison c = sample();
  c.floor = 0.5;
  const Gate gate = judge_gate(c);
  ASSERT_TRUE(gate.refused());
  const std::string junit = format_comparison(c, CompareFormat::junit, gate, false);
  EXPECT_NE(junit.find(R"(name="sum/f32/n1/cpu/moat" time="0.001"><error type="refused")"),
            std::string::npos)
      << junit;
  EXPECT_NE(junit.find(R"(name="gate" time="0"><error)"), std::string::npos) << junit;
  const std::string github = format_comparison(c, CompareFormat::github, gate, false);
  EXPECT_EQ(github.rfind("::error title=moat compare::gate 5 %25: refused: below the noise", 0), 0u)
      << github;
  EXPECT_EQ(github.find("::error title=gemm"), std::string::npos)
      << "nothing was judged: " << github;
  EXPECT_NE(format_comparison(c, CompareFormat::markdown, gate, false).find("**gate 5 %: refused"),
            std::string::npos);
}

// What is wrong, missing or has no number is so whatever the threshold.
TEST(Format, ARefusedGateHidesNoBrokenCase) {
  Comparison c = sample();
  c.floor = 0.5;
  const Gate gate = judge_gate(c);
  ASSERT_TRUE(gate.refused());
  const std::string junit = format_comparison(c, CompareFormat::junit, gate, false);
  EXPECT_NE(junit.find(R"(tests="10" failures="3" errors="7" skipped="0")"), std::string::npos)
      << junit;
  for (const char* element :
       {R"(<failure type="unverified" message="unverified: failed: wrong at 3"/>)",
        R"(<failure type="missing" message="missing: not in the new record"/>)",
        R"(<error type="disturbed" message="disturbed: disturbed: threads waited"/>)"}) {
    EXPECT_NE(junit.find(element), std::string::npos) << element << junit;
  }
  const std::string github = format_comparison(c, CompareFormat::github, gate, false);
  EXPECT_NE(github.find("::error title=sum/f32/n5/cpu/moat::unverified: failed: wrong at 3"),
            std::string::npos)
      << github;
  const auto lines = why_not_passed(c, gate);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[2], "gate 5 %: sum/f32/n5/cpu/moat is unverified: failed: wrong at 3");
}

TEST(Format, AnInterruptedRunIsATestOfItsOwn) {
  Comparison c = sample();
  c.unfinished = {"new: n.json: the run was interrupted after 3 of 9 cases"};
  const std::string junit = format_comparison(c, CompareFormat::junit, judge_gate(c), false);
  EXPECT_NE(junit.find(R"(tests="10" failures="4" errors="3")"), std::string::npos) << junit;
  EXPECT_NE(junit.find("interrupted after 3 of 9 cases"), std::string::npos) << junit;
}

TEST(Format, AnInterruptedRunIsNamedWithoutAGateToo) {
  Comparison c = sample();
  c.unfinished = {"new: n.json: the run was interrupted after 3 of 9 cases"};
  for (const auto format : {CompareFormat::table, CompareFormat::markdown, CompareFormat::json,
                            CompareFormat::github, CompareFormat::junit}) {
    EXPECT_NE(format_comparison(c, format, {}, false).find("interrupted after 3 of 9 cases"),
              std::string::npos);
  }
  const Json json = parse_strict(format_comparison(c, CompareFormat::json, judge_gate(c), false));
  EXPECT_EQ(json["gate_reasons"], Json(c.unfinished));
  EXPECT_TRUE(json["warnings"].empty()) << "once is enough: " << json["warnings"];
}

TEST(Format, JunitHoldsOnlyCharactersOfXml) {
  Comparison c = sample();
  c.cases[6].reason = "failed: \xef\xbf\xbe, \xef\xbf\xbf, \x01 and \xef\xbf\xbd";
  const std::string junit = format_comparison(c, CompareFormat::junit, {}, false);
  EXPECT_NE(junit.find("failed:  ,  ,   and \xef\xbf\xbd"), std::string::npos) << junit;
}

TEST(Format, ANameHoldsNoSequencesForTheTerminal) {
  Comparison c = sample();
  c.cases[0].problem = "gemm/f32/m1\x1b[31m\n";
  const std::string table = format_comparison(c, CompareFormat::table, {}, false);
  EXPECT_EQ(table.find('\x1b'), std::string::npos);
  EXPECT_NE(table.find("m1 [31m"), std::string::npos) << table;
}

TEST(Format, ABuildThatIsNotOptimisedIsNamed) {
  Comparison c = sample();
  c.warnings = {"base: b.json: this build is not optimised (Debug): no"};
  for (const auto format : {CompareFormat::table, CompareFormat::markdown, CompareFormat::json,
                            CompareFormat::github, CompareFormat::junit}) {
    EXPECT_NE(format_comparison(c, format, {}, false).find("not optimised (Debug)"),
              std::string::npos);
  }
}

TEST(Format, GithubAnnotates) {
  const std::string text = formatted(CompareFormat::github);
  EXPECT_NE(text.find("::error title=gemm/f32/m1n1k1/cpu/moat::slower: +50.0 %25"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("was C%0AD"), std::string::npos) << text;
  EXPECT_NE(text.find("::notice title=sum/f32/n2/cpu/moat::inconclusive"), std::string::npos);
  EXPECT_EQ(text.find("m2n2k2"), std::string::npos) << "a speed-up is nothing to warn of";
  EXPECT_NE(text.find("::error title=sum/f32/n6/cpu/moat::too few samples: +9800.0 %25"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("::error title=sum/f32/n7/cpu/moat::disturbed"), std::string::npos) << text;
  EXPECT_NE(
      text.find("::error title=moat compare::gate 5 %25: not passed: 1 slower, 2 unverified or "
                "missing, 1 incomparable, 2 could not be judged"),
      std::string::npos)
      << text;
  EXPECT_EQ(format_comparison(sample(), CompareFormat::github, {}, false).find("::error"),
            std::string::npos);
}

}  // namespace
}  // namespace moat
