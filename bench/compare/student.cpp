// SPDX-License-Identifier: Apache-2.0
#include "bench/compare/student.hpp"

#include <array>
#include <cmath>
#include <numbers>
#include <random>
#include <utility>

namespace moat {
namespace {

// The 97.5 % quantile of Student's distribution with 1, 2, … degrees of freedom.
constexpr std::array kQuantiles = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306,
                                   2.262,  2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
                                   2.110,  2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064,
                                   2.060,  2.056, 2.052, 2.048, 2.045, 2.042};

double upper_quantile(std::size_t freedom) {
  if (freedom <= kQuantiles.size()) return kQuantiles[freedom - 1];
  return 1.960 + 2.4 / static_cast<double>(freedom);
}

// Box and Muller's. The library's distributions give other numbers on other systems.
double draw_normal(std::mt19937_64& random) {
  const auto uniform = [&] { return (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53; };
  const double radius = std::sqrt(-2 * std::log(uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

double draw_student(std::mt19937_64& random, std::size_t freedom) {
  double squares = 0;
  for (std::size_t i = 0; i < freedom; ++i) squares += std::pow(draw_normal(random), 2);
  return draw_normal(random) / std::sqrt(squares / static_cast<double>(freedom));
}

}  // namespace

RatioEstimate mean_ratio(std::span<const double> logs, const BootstrapOptions& options) {
  const auto n = static_cast<double>(logs.size());
  double mean = 0;
  for (const double x : logs) mean += x / n;
  double squares = 0;
  for (const double x : logs) squares += (x - mean) * (x - mean);
  const std::size_t freedom = logs.size() - 1;
  const double error = std::sqrt(squares / static_cast<double>(freedom) / n);
  std::mt19937_64 random(options.seed);
  std::vector<double> drawn(static_cast<std::size_t>(options.resamples));
  for (double& x : drawn) x = mean + error * draw_student(random, freedom);
  const double reach = upper_quantile(freedom) * error;
  return {.ratio = std::exp(mean),
          .lower = std::exp(mean - reach),
          .upper = std::exp(mean + reach),
          .log_resamples = std::move(drawn)};
}

}  // namespace moat
