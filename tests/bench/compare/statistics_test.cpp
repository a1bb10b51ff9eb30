// SPDX-License-Identifier: Apache-2.0
// What the verdicts are worth: error rates on simulated machines.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>

#include "bench/compare/comparison.hpp"
#include "tests/bench/compare/noise_model.hpp"
#include "tests/bench/compare/synthetic.hpp"

namespace moat {
namespace {

constexpr NoiseModel kHeavy = {
    .spread = 0.05, .correlation = 0.3, .spike_rate = 0.1, .spike_scale = 0.1};

RatioEstimate compare(const std::vector<double>& base, const std::vector<double>& now,
                      std::uint64_t seed) {
  return ratio_of_medians({base}, {now}, {.seed = seed, .resamples = 500});
}

TEST(Verdicts, AtMostOneInAHundredOfEqualBuildsIsSlower) {
  // Also without any threshold to hide behind, as 95 % intervals promise: 2.5 % on that side.
  int slower = 0;
  int beyond_one = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const auto r =
        compare(sampled(noisy(1e-2, kHeavy, 2 * i)), sampled(noisy(1e-2, kHeavy, 2 * i + 1)), i);
    slower += judge(r, 0.02) == Verdict::slower ? 1 : 0;
    beyond_one += r.lower > 1 ? 1 : 0;
  }
  EXPECT_LE(slower, 10);
  EXPECT_LE(beyond_one, 40);
}

// Few samples are where intervals from resampling are known to be too narrow.
TEST(Verdicts, FewSamplesDoNotInventSlowdowns) {
  for (const int n : {5, 9, 15}) {
    int slower = 0;
    for (std::uint64_t i = 0; i < 1000; ++i) {
      const auto series = [&](std::uint64_t seed) {
        const auto next = noisy(1e-2, kHeavy, seed);
        std::vector<double> samples(static_cast<std::size_t>(n));
        std::ranges::generate(samples, next);
        return samples;
      };
      const auto r = compare(series(2 * i), series(2 * i + 1), i);
      slower += judge(r, 0.05) == Verdict::slower ? 1 : 0;
    }
    EXPECT_LE(slower, 10) << n << " samples";
  }
}

TEST(Verdicts, FindsFivePercentInNineteenOfTwenty) {
  int slower = 0;
  int faster = 0;
  for (std::uint64_t i = 0; i < 300; ++i) {
    const auto base = sampled(noisy(1e-2, {}, 2 * i));
    slower +=
        judge(compare(base, sampled(noisy(1.05e-2, {}, 2 * i + 1)), i), 0.02) == Verdict::slower
            ? 1
            : 0;
    faster +=
        judge(compare(base, sampled(noisy(1e-2 / 1.05, {}, 2 * i + 1)), i), 0.02) == Verdict::faster
            ? 1
            : 0;
  }
  EXPECT_GE(slower, 285);
  EXPECT_GE(faster, 285);
}

// The machine's speed wanders by 20 % during the session, as shared machines do.
class Drift : public testing::Test {
 protected:
  static double speed(double t, std::uint64_t seed) {
    const auto phase = static_cast<double>(seed);
    return 1 + 0.1 * std::sin(2 * std::numbers::pi * (t / 4 + 0.37 * phase));
  }

  // A session of `true_ratio`: base and new alternate as ABBA, or one after the other.
  static std::array<std::vector<double>, 2> measure(bool in_turns, double true_ratio,
                                                    std::uint64_t seed) {
    const std::array next = {noisy(1e-2, {}, 2 * seed), noisy(1e-2 * true_ratio, {}, 2 * seed + 1)};
    std::array<std::vector<double>, 2> samples;
    double t = 0;
    constexpr int kRounds = 100;
    for (int i = 0; i < 2 * kRounds; ++i) {
      const auto build =
          static_cast<std::size_t>(in_turns ? (i % 4 == 1 || i % 4 == 2 ? 1 : 0) : i / kRounds);
      const double x = next[build]() * speed(t, seed);
      t += x;
      samples[build].push_back(x);
    }
    return samples;
  }
};

TEST_F(Drift, TurnsStayRightWhereOneAfterTheOtherDoesNot) {
  int sequential_wrong = 0;
  int paired_wrong = 0;
  int paired_missed = 0;
  constexpr int kSessions = 200;
  for (std::uint64_t i = 0; i < kSessions; ++i) {
    const BootstrapOptions options = {.seed = i, .resamples = 500};
    const auto one_by_one = measure(false, 1, i);
    const auto verdict = judge(ratio_of_medians({one_by_one[0]}, {one_by_one[1]}, options), 0.02);
    sequential_wrong += verdict == Verdict::slower || verdict == Verdict::faster ? 1 : 0;

    const auto equal = measure(true, 1, i);
    const auto paired = judge(paired_ratio({equal[0]}, {equal[1]}, options), 0.02);
    paired_wrong += paired == Verdict::slower || paired == Verdict::faster ? 1 : 0;

    const auto slow = measure(true, 1.05, i);
    paired_missed +=
        judge(paired_ratio({slow[0]}, {slow[1]}, options), 0.02) != Verdict::slower ? 1 : 0;
  }
  EXPECT_GE(sequential_wrong, kSessions / 4);
  EXPECT_LE(paired_wrong, kSessions / 100);
  EXPECT_LE(paired_missed, kSessions / 20);
}

// A gate that cannot judge has an exit code of its own; equal builds must hardly ever see it.
TEST_F(Drift, EqualBuildsAreSeldomUndecided) {
  int undecided = 0;
  constexpr int kSessions = 300;
  for (std::uint64_t i = 0; i < kSessions; ++i) {
    const auto equal = measure(true, 1, i);
    undecided +=
        leaves_undecided(paired_ratio({equal[0]}, {equal[1]}, {.seed = i, .resamples = 500}), 0.05)
            ? 1
            : 0;
  }
  EXPECT_LE(undecided, kSessions / 100);
}

// The libraries are the same code on both sides: their difference is the machine's.
TEST(NoiseFloor, SeesADriftBetweenTwoRunsThroughTheLibraries) {
  std::vector<Timed> base;
  std::vector<Timed> now;
  for (std::uint64_t i = 0; i < 10; ++i) {
    const std::string problem = "sum/f32/n" + std::to_string(i + 1);
    for (const char* by : {"moat", "onednn"}) {
      const std::uint64_t seed = 4 * i + (by[0] == 'm' ? 0 : 2);
      base.push_back({problem, sampled(noisy(1e-2, {}, seed)), by});
      now.push_back({problem, sampled(noisy(1.2e-2, {}, seed + 1)), by});
    }
  }
  const auto comparison = compare_records({timed_record(base)}, {timed_record(now)}, {});
  ASSERT_TRUE(comparison.floor.has_value());
  EXPECT_GT(*comparison.floor, 0.1);
}

TEST(NoiseFloor, RisesWithTheNoise) {
  double before = 0;
  for (const double spread : {0.005, 0.02, 0.08}) {
    std::vector<Timed> cases;
    for (std::uint64_t i = 0; i < 20; ++i) {
      const auto next = noisy(1e-2, {.spread = spread, .correlation = 0}, i);
      std::vector<double> samples(40);
      std::ranges::generate(samples, next);
      cases.push_back({"sum/f32/n" + std::to_string(i + 1), samples});
    }
    const auto comparison = compare_records({timed_record(cases)}, {timed_record(cases)}, {});
    ASSERT_TRUE(comparison.floor.has_value());
    EXPECT_GT(*comparison.floor, 1.5 * before);
    before = *comparison.floor;
  }
}

}  // namespace
}  // namespace moat
