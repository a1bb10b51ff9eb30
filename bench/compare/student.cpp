// SPDX-License-Identifier: Apache-2.0
#include "bench/compare/student.hpp"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numbers>
#include <random>
#include <utility>

namespace moat {
namespace {

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
  const boost::math::students_t_distribution<double> student(static_cast<double>(freedom));
  const double reach = quantile(student, 0.975) * error;
  return {.ratio = std::exp(mean),
          .lower = std::exp(mean - reach),
          .upper = std::exp(mean + reach),
          .log_resamples = std::move(drawn)};
}

}  // namespace moat
