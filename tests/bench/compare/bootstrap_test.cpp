// SPDX-License-Identifier: Apache-2.0
#include "bench/compare/bootstrap.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace moat {
namespace {

std::vector<double> normal(std::size_t n, double mean, double deviation, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> distribution(mean, deviation);
  std::vector<double> values(n);
  for (double& v : values) v = distribution(random);
  return values;
}

TEST(Bootstrap, MediansOfEvenAndOddSeries) {
  EXPECT_DOUBLE_EQ(bootstrap_median({{3, 1, 2}}, {}).median, 2);
  EXPECT_DOUBLE_EQ(bootstrap_median({{4, 1, 2, 3}}, {}).median, 2.5);
  EXPECT_DOUBLE_EQ(bootstrap_median({{1}, {9, 9}, {4, 4, 4}, {}}, {}).median, 4);
  EXPECT_THROW(bootstrap_median({{}}, {}), std::invalid_argument);
}

// The standard error of a normal sample's median is 1.2533 σ ÷ √n.
TEST(Bootstrap, ErrorOfTheMedianIsThatOfTheory) {
  constexpr std::size_t kSamples = 200;
  double variance = 0;
  constexpr int kSeries = 40;
  for (std::uint64_t s = 0; s < kSeries; ++s) {
    const auto m = bootstrap_median({normal(kSamples, 1, 0.05, s)}, {.seed = s});
    for (const double e : m.log_error) variance += e * e;
  }
  const double error = std::sqrt(variance / (kSeries * 1000.0));
  const double theory = 1.2533 * 0.05 / std::sqrt(static_cast<double>(kSamples));
  EXPECT_NEAR(error / theory, 1, 0.15);
}

// Neighbours that resemble each other are fewer samples than they seem.
TEST(Bootstrap, CorrelatedSamplesWidenTheInterval) {
  const auto independent = normal(400, 1, 0.05, 1);
  std::vector<double> correlated(400);
  double state = 0;
  for (std::size_t i = 0; i < 400; ++i) {
    state = 0.9 * state + std::sqrt(1 - 0.81) * (independent[i] - 1) / 0.05;
    correlated[i] = 1 + 0.05 * state;
  }
  const auto width = [](const std::vector<double>& v) {
    const auto r = ratio_of_medians({v}, {v}, {});
    return r.upper - r.lower;
  };
  EXPECT_GT(width(correlated), 1.8 * width(independent));
}

TEST(Bootstrap, RunsThatDifferWidenTheInterval) {
  const auto a = normal(100, 1, 0.01, 1);
  const auto b = normal(100, 1.1, 0.01, 2);
  const auto c = normal(100, 0.9, 0.01, 3);
  const auto r = ratio_of_medians({a, b, c}, {a, b, c}, {});
  EXPECT_NEAR(r.ratio, 1, 1e-9);
  EXPECT_LT(r.lower, 0.93);
  EXPECT_GT(r.upper, 1.07);
}

TEST(Bootstrap, TheSameSeedGivesTheSameInterval) {
  const auto a = normal(50, 1, 0.1, 1);
  const auto b = normal(50, 2, 0.1, 2);
  const auto first = ratio_of_medians({a}, {b}, {.seed = 3});
  EXPECT_EQ(first.lower, ratio_of_medians({a}, {b}, {.seed = 3}).lower);
  EXPECT_NE(first.lower, ratio_of_medians({a}, {b}, {.seed = 4}).lower);
  EXPECT_NEAR(first.ratio, 2, 0.1);
  EXPECT_LT(first.lower, first.ratio);
  EXPECT_GT(first.upper, first.ratio);
  EXPECT_NE(seed_of(1, "a"), seed_of(1, "b"));
}

TEST(Bootstrap, PairsCancelWhatBothShare) {
  std::vector<double> base = {1, 2, 3, 4, 5, 6, 7, 8};
  std::vector<double> now;
  for (const double x : base) now.push_back(1.5 * x);
  now.push_back(100);  // a round that the other side did not reach
  const auto r = paired_ratio({base}, {now}, {});
  EXPECT_DOUBLE_EQ(r.ratio, 1.5);
  EXPECT_NEAR(r.upper - r.lower, 0, 1e-12);
}

}  // namespace
}  // namespace moat
