// SPDX-License-Identifier: Apache-2.0
#include "bench/measure/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>

namespace moat {
namespace {

// P(X < c) for X binomial with n trials of probability one half, c ≥ 1.
double binomial_tail(std::size_t n, std::size_t c) {
  const auto count = static_cast<double>(n);
  auto i = static_cast<double>(c - 1);
  double term = std::exp(std::lgamma(count + 1) - std::lgamma(i + 1) - std::lgamma(count - i + 1) -
                         count * std::numbers::ln2);
  double sum = 0;
  while (term > sum * 1e-12) {
    sum += term;
    term *= i / (count - i + 1);
    i -= 1;
  }
  return sum;
}

// z with P(Z > z) = tail for a standard normal Z, 0 < tail < 1/2.
double normal_upper_quantile(double tail) {
  double low = 0;
  double high = 40;
  while (high - low > 1e-12) {
    const double z = (low + high) / 2;
    (std::erfc(z / std::numbers::sqrt2) / 2 > tail ? low : high) = z;
  }
  return low;
}

}  // namespace

double quantile(std::span<const double> ascending, double q) {
  const double position = q * static_cast<double>(ascending.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, ascending.size() - 1);
  const double fraction = position - static_cast<double>(below);
  return ascending[below] + fraction * (ascending[above] - ascending[below]);
}

double median(std::vector<double> samples) {
  std::ranges::sort(samples);
  return quantile(samples, 0.5);
}

double median_standard_error(std::span<const double> ascending) {
  const std::size_t n = ascending.size();
  if (n < 2) return 0;
  const auto count = static_cast<double>(n);
  const double rank = std::max(1.0, std::round((count + 1) / 2 - std::sqrt(count)));
  const auto c = static_cast<std::size_t>(rank);
  const double width = ascending[n - c] - ascending[c - 1];
  return width / (2 * normal_upper_quantile(binomial_tail(n, c)));
}

Summary summarize_ascending(std::span<const double> ascending) {
  Summary s{.median = quantile(ascending, 0.5),
            .lower_quartile = quantile(ascending, 0.25),
            .upper_quartile = quantile(ascending, 0.75),
            .minimum = ascending.front(),
            .maximum = ascending.back()};
  const double error = median_standard_error(ascending);
  if (error > 0) {
    s.relative_error = s.median > 0 ? error / s.median : std::numeric_limits<double>::infinity();
  }
  return s;
}

Summary summarize(std::span<const double> samples) {
  std::vector<double> ascending(samples.begin(), samples.end());
  std::ranges::sort(ascending);
  return summarize_ascending(ascending);
}

}  // namespace moat
