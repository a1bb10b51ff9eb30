// SPDX-License-Identifier: Apache-2.0
#include "bench/measure/statistics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

namespace moat {
namespace {

TEST(Quantile, InterpolatesBetweenNeighbours) {
  const std::vector<double> x{1, 2, 4, 8};
  EXPECT_DOUBLE_EQ(quantile(x, 0), 1);
  EXPECT_DOUBLE_EQ(quantile(x, 0.25), 1.75);
  EXPECT_DOUBLE_EQ(quantile(x, 0.5), 3);
  EXPECT_DOUBLE_EQ(quantile(x, 0.75), 5);
  EXPECT_DOUBLE_EQ(quantile(x, 1), 8);
  EXPECT_DOUBLE_EQ(quantile(std::vector<double>{7}, 0.3), 7);
}

// Ranks and coverage worked out by hand: n = 5 takes the 1st and the 5th value with z(1/32) =
// 1.8627, n = 2 both with z(1/4) = 0.6745, n = 100 the 41st and the 60th with z(0.028444) = 1.9044.
TEST(MedianStandardError, MatchesHandValues) {
  EXPECT_DOUBLE_EQ(median_standard_error(std::vector<double>{3}), 0);
  EXPECT_NEAR(median_standard_error(std::vector<double>{10, 12}), 2 / (2 * 0.67449), 1e-4);
  EXPECT_NEAR(median_standard_error(std::vector<double>{1, 2, 3, 4, 5}), 1.0737, 1e-4);
  std::vector<double> hundred(100);
  std::iota(hundred.begin(), hundred.end(), 1.0);
  EXPECT_NEAR(median_standard_error(hundred), 19 / (2 * 1.9044), 1e-3);
}

// From exact fractions: P(X < 469) of 1000 trials is 0.0231455981, P(X < 4901) of 10 000
// 0.0232927639.
TEST(MedianStandardError, MatchesExactBinomialTails) {
  const auto ranks = [](std::size_t n) {
    std::vector<double> x(n);
    std::iota(x.begin(), x.end(), 1.0);
    return x;
  };
  EXPECT_NEAR(median_standard_error(ranks(5)), 4 / (2 * 1.862731867422), 1e-11);
  EXPECT_NEAR(median_standard_error(ranks(1000)), 63 / (2 * 1.992728385533), 1e-9);
  EXPECT_NEAR(median_standard_error(ranks(10000)), 199 / (2 * 1.990049093749), 1e-8);
}

// The median of n normal samples has the standard deviation 1.2533 σ ÷ √n for large n.
TEST(MedianStandardError, EstimatesTheSpreadOfMedians) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal(100, 1);
  constexpr int kSamples = 201;
  constexpr int kSeries = 400;
  double mean = 0;
  for (int s = 0; s < kSeries; ++s) {
    std::vector<double> x(kSamples);
    std::ranges::generate(x, [&] { return normal(random); });
    std::ranges::sort(x);
    mean += median_standard_error(x) / kSeries;
  }
  EXPECT_NEAR(mean, 1.2533 / std::sqrt(kSamples), 0.1 * 1.2533 / std::sqrt(kSamples));
}

TEST(Summarize, TakesSamplesInAnyOrder) {
  const Summary s = summarize(std::vector<double>{5, 1, 4, 2, 3});
  EXPECT_DOUBLE_EQ(s.median, 3);
  EXPECT_DOUBLE_EQ(s.lower_quartile, 2);
  EXPECT_DOUBLE_EQ(s.upper_quartile, 4);
  EXPECT_DOUBLE_EQ(s.minimum, 1);
  EXPECT_DOUBLE_EQ(s.maximum, 5);
  EXPECT_NEAR(s.relative_error, 1.0737 / 3, 1e-4);
}

TEST(Summarize, ZeroTimesDoNotDivide) {
  const Summary zeros = summarize(std::vector<double>{0, 0, 0});
  EXPECT_EQ(zeros.median, 0);
  EXPECT_EQ(zeros.relative_error, 0);
  EXPECT_TRUE(std::isinf(summarize(std::vector<double>{0, 0, 1}).relative_error));
}

}  // namespace
}  // namespace moat
