// SPDX-License-Identifier: Apache-2.0
#include "bench/measure/statistics.hpp"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <cstddef>
#include <limits>

namespace moat {
namespace {

// Long doubles, which Boost would compute with, tell no more of a few dozen samples.
using Doubles = boost::math::policies::policy<boost::math::policies::promote_double<false>>;

}  // namespace

// By hand: of Boost 1.74, whose distributions serve below, univariate statistics know no quantile of
// samples, and its accumulators only estimate one (P²).
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
  const boost::math::binomial_distribution<double, Doubles> below_median(count, 0.5);
  const boost::math::normal_distribution<double, Doubles> normal;
  const double tail = cdf(below_median, rank - 1);
  return width / (2 * boost::math::quantile(complement(normal, tail)));
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
