// SPDX-License-Identifier: Apache-2.0
#include "bench/migration/corpus/distribution.hpp"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "bench/measure/statistics.hpp"

namespace moat {
namespace {

using Binomial = boost::math::binomial_distribution<double>;

constexpr double kTail = 0.025;

Json above_json(const std::vector<double>& values, double threshold) {
  const auto k =
      static_cast<int>(std::ranges::count_if(values, [&](double v) { return v > threshold; }));
  const auto n = static_cast<int>(values.size());
  return {{"count", k},
          {"of", n},
          {"share", static_cast<double>(k) / n},
          {"interval", interval_json(proportion_interval(k, n))}};
}

}  // namespace

Interval proportion_interval(int k, int n) {
  // Clopper and Pearson's is the method that Boost takes if none is named.
  return {.lower = Binomial::find_lower_bound_on_p(n, k, kTail),
          .upper = Binomial::find_upper_bound_on_p(n, k, kTail)};
}

std::optional<Interval> median_interval(const std::vector<double>& ascending) {
  const auto n = static_cast<int>(ascending.size());
  const Binomial below_median(n, 0.5);
  int k = 0;  // values that may be left out at each end
  while (2 * (k + 1) <= n && cdf(below_median, k) <= kTail) ++k;
  if (k == 0) return std::nullopt;
  return Interval{.lower = ascending[static_cast<std::size_t>(k) - 1],
                  .upper = ascending[static_cast<std::size_t>(n - k)]};
}

std::optional<Interval> pooled_interval(const std::vector<PooledPart>& ports) {
  if (ports.size() < 6) return std::nullopt;
  constexpr int kResamples = 10000;
  std::mt19937_64 random(1);
  std::vector<double> shares;
  for (int i = 0; i < kResamples; ++i) {
    PooledPart sum;
    for (std::size_t k = 0; k < ports.size(); ++k) {
      const PooledPart& port = ports[random() % ports.size()];
      sum.numerator += port.numerator;
      sum.denominator += port.denominator;
    }
    if (sum.denominator > 0) shares.push_back(sum.numerator / sum.denominator);
  }
  if (shares.empty()) return std::nullopt;
  std::ranges::sort(shares);
  return Interval{.lower = quantile(shares, kTail), .upper = quantile(shares, 1 - kTail)};
}

Json interval_json(const std::optional<Interval>& interval) {
  return interval ? Json::array({interval->lower, interval->upper}) : Json(nullptr);
}

Json distribution_json(std::vector<double> values) {
  if (values.empty()) return {{"n", 0}};
  std::ranges::sort(values);
  constexpr int kBins = 20;
  std::vector<int> bins(kBins + 1);
  for (const double v : values) {
    ++bins[v >= 1 ? (v > 1 ? kBins : kBins - 1) : static_cast<std::size_t>(v * kBins)];
  }
  return {{"n", values.size()},
          {"median", quantile(values, 0.5)},
          {"median_interval", interval_json(median_interval(values))},
          {"p10", quantile(values, 0.1)},
          {"p90", quantile(values, 0.9)},
          {"minimum", values.front()},
          {"maximum", values.back()},
          {"above_0.3", above_json(values, 0.3)},
          {"above_0.8", above_json(values, 0.8)},
          {"histogram", {{"bin_width", 1.0 / kBins}, {"counts", bins}}}};
}

}  // namespace moat
