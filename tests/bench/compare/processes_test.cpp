// SPDX-License-Identifier: Apache-2.0
// What processes of one binary differ by is no difference between builds.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "bench/compare/comparison.hpp"
#include "bench/compare/gate.hpp"
#include "bench/compare/noise.hpp"
#include "bench/compare/student.hpp"
#include "tests/bench/compare/synthetic.hpp"

namespace moat {
namespace {

constexpr double kBias = 0.03;    // standard deviation of a process
constexpr double kNoise = 0.003;  // of a sample

// A build in a session: in each process its times are off by a random bias of their own.
NamedRecord build(double seconds, int processes, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  NamedRecord r = timed_record({{"sum/f32/n1", {1}}});
  CaseRecord& c = r.record.cases[0];
  const SeriesRecord empty = c.series[0];
  c.series.clear();
  for (int p = 0; p < processes; ++p) {
    const double own = seconds * std::exp(kBias * normal(random));
    SeriesRecord& s = c.series.emplace_back(empty);
    s.seconds.clear();
    for (int i = 0; i < 40; ++i) s.seconds.push_back(own * std::exp(kNoise * normal(random)));
  }
  r.record.run.session = "s";
  return r;
}

struct Verdicts {
  int slower = 0;
  int faster = 0;
  int other = 0;
  int failed_gates = 0;  // of 10 %
};

Verdicts verdicts(double factor, int processes, int trials) {
  Verdicts v;
  for (int t = 0; t < trials; ++t) {
    const auto seed = static_cast<std::uint64_t>(2 * t);
    const auto base = build(1e-3, processes, seed);
    const auto now = build(factor * 1e-3, processes, seed + 1);
    CompareOptions options;
    options.bootstrap.resamples = 200;
    const Verdict verdict = compare_records({base}, {now}, options).cases[0].verdict;
    v.slower += verdict == Verdict::slower ? 1 : 0;
    v.faster += verdict == Verdict::faster ? 1 : 0;
    v.other += verdict != Verdict::slower && verdict != Verdict::faster ? 1 : 0;
    options.threshold = 0.1;
    const Gate gate = judge_gate(compare_records({base}, {now}, options));
    v.failed_gates += gate.exit_code == kCompareSlower ? 1 : 0;
  }
  return v;
}

constexpr int kTrials = 500;

// The interval promises at most 2.5 % on each side.
TEST(Processes, EqualCodeIsSeldomCalledSlowerOrFaster) {
  for (const int processes : {1, 2, 3, 6, 10}) {
    const Verdicts v = verdicts(1, processes, kTrials);
    EXPECT_LE(v.slower, kTrials * 0.025) << processes;
    EXPECT_LE(v.faster, kTrials * 0.025) << processes;
    EXPECT_EQ(v.failed_gates, 0) << processes;
  }
}

TEST(Processes, ASlowdownOfATenthIsFound) {
  EXPECT_GE(verdicts(1.1, 6, kTrials).slower, kTrials * 0.7);
  EXPECT_GE(verdicts(1.1, 10, kTrials).slower, kTrials * 0.95);
  EXPECT_GE(verdicts(1 / 1.1, 10, kTrials).faster, kTrials * 0.95);
  EXPECT_GE(verdicts(1.25, 6, kTrials).failed_gates, kTrials * 0.9);
}

TEST(Processes, TooFewAreInconclusive) {
  for (const int processes : {1, 2}) {
    const Comparison c = compare_records({build(1e-3, processes, 1)}, {build(2e-3, processes, 2)},
                                         {.threshold = 0.05, .bootstrap = {}});
    EXPECT_EQ(c.cases[0].verdict, Verdict::inconclusive);
    EXPECT_TRUE(c.cases[0].undecided);
    EXPECT_NE(c.cases[0].reason.find("3 are needed"), std::string::npos) << c.cases[0].reason;
    EXPECT_EQ(judge_gate(c).exit_code, kCompareUndecided);
  }
  EXPECT_EQ(verdicts(2, 3, 20).slower, 20);
}

TEST(Processes, TheIntervalIsStudents) {
  const RatioEstimate r = mean_ratio(std::vector{0.1, 0.2, 0.3}, {.resamples = 20000});
  // Of two degrees of freedom the quantile has a closed form: (2p − 1) ÷ √(2p(1 − p)).
  const double reach = 0.95 / std::sqrt(2 * 0.975 * 0.025) * 0.1 / std::sqrt(3);
  EXPECT_NEAR(std::log(r.ratio), 0.2, 1e-12);
  EXPECT_NEAR(std::log(r.lower), 0.2 - reach, 1e-12);
  EXPECT_NEAR(std::log(r.upper), 0.2 + reach, 1e-12);
  const auto within =
      std::ranges::count_if(r.log_resamples, [&](double x) { return std::abs(x - 0.2) < reach; });
  EXPECT_NEAR(static_cast<double>(within) / 20000, 0.95, 0.005);
}

// Halves that differ only by the builds' roles: the builds' difference cancels.
TEST(Processes, TheNoiseFloorLeavesOutTheBuildsDifference) {
  const Series base = {{1}, {1}, {1}, {1}};
  EXPECT_LT(*noise_floor(process_self_differences(base, {{2}, {2}, {2}, {2}})), 1e-12);
  EXPECT_NEAR(*noise_floor(process_self_differences(base, {{1}, {1}, {1}, {1.21}})),
              std::pow(1.21, 0.25) - 1, 1e-9);
  EXPECT_TRUE(process_self_differences({{1}, {1}}, {{1}, {2}}).empty());
}

}  // namespace
}  // namespace moat
