#include "bench/compare/format.hpp"

#include <gtest/gtest.h>

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
  return c;
}

TEST(Format, CountsVerdicts) {
  EXPECT_EQ(verdict_counts(sample()),
            "1 slower, 1 faster, 1 same, 1 inconclusive, 1 incomparable, 1 missing, 1 unverified");
}

TEST(Format, TableHasEveryCaseAndTheFloor) {
  const std::string text = format_comparison(sample(), CompareFormat::table, true, false);
  EXPECT_NE(text.find("+50.0 %"), std::string::npos) << text;
  EXPECT_NE(text.find("+49.0 … +51.0 %"), std::string::npos) << text;
  EXPECT_NE(text.find("noise floor 1.3 %"), std::string::npos) << text;
  EXPECT_NE(text.find("failed: wrong at 3"), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(format_comparison(sample(), CompareFormat::table, true, true).find("\x1b[31m"),
            std::string::npos);
}

TEST(Format, MarkdownKeepsItsColumns) {
  const std::string text = format_comparison(sample(), CompareFormat::markdown, true, false);
  EXPECT_NE(text.find("\\| 50%, was C D"), std::string::npos) << text;
  EXPECT_NE(text.find("**slower**"), std::string::npos) << text;
  EXPECT_NE(text.find("&lt;b&gt;"), std::string::npos) << "a name is text, not markup: " << text;
}

TEST(Format, JsonIsStrictAndComplete) {
  const Json json = parse_strict(format_comparison(sample(), CompareFormat::json, true, false));
  EXPECT_EQ(json["cases"].size(), 7u);
  EXPECT_EQ(json["counts"]["slower"], 1);
  EXPECT_EQ(json["cases"][0]["fails_gate"], true);
  EXPECT_EQ(json["cases"][1]["fails_gate"], false);
  EXPECT_EQ(json["cases"][0]["time"]["ratio"], 1.5);
  EXPECT_TRUE(json["cases"][4]["time"].is_null());
  EXPECT_EQ(json["noise_floor"], 0.013);
}

TEST(Format, JunitFailsWhatFailsTheGate) {
  const std::string gated = format_comparison(sample(), CompareFormat::junit, true, false);
  EXPECT_NE(gated.find(R"(tests="7" failures="4" skipped="1")"), std::string::npos) << gated;
  EXPECT_NE(gated.find("&lt;b&gt;A &amp; B&lt;/b&gt;"), std::string::npos) << gated;
  EXPECT_EQ(gated.find("<b>"), std::string::npos);
  const std::string open = format_comparison(sample(), CompareFormat::junit, false, false);
  EXPECT_NE(open.find(R"(failures="0" skipped="4")"), std::string::npos) << open;
}

TEST(Format, GithubAnnotates) {
  const std::string text = format_comparison(sample(), CompareFormat::github, true, false);
  EXPECT_NE(text.find("::error title=gemm/f32/m1n1k1/cpu/moat::slower: +50.0 %25"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("was C%0AD"), std::string::npos) << text;
  EXPECT_NE(text.find("::notice title=sum/f32/n2/cpu/moat::inconclusive"), std::string::npos);
  EXPECT_EQ(text.find("m2n2k2"), std::string::npos) << "a speed-up is nothing to warn of";
  EXPECT_EQ(format_comparison(sample(), CompareFormat::github, false, false).find("::error"),
            std::string::npos);
}

}  // namespace
}  // namespace moat
