// SPDX-License-Identifier: Apache-2.0
#include "bench/migration/corpus/distribution.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "bench/measure/statistics.hpp"

namespace moat {
namespace {

constexpr double kTail = 0.025;

// P(X ≤ k) for X ~ Binomial(n, p), 0 < p < 1.
double binomial_at_most(int k, int n, double p) {
  double sum = 0;
  for (int i = 0; i <= k; ++i) {
    sum += std::exp(std::lgamma(n + 1.0) - std::lgamma(i + 1.0) - std::lgamma(n - i + 1.0) +
                    i * std::log(p) + (n - i) * std::log1p(-p));
  }
  return std::min(sum, 1.0);
}

// Where a monotone function of p crosses from true to false.
template <class Holds>
double crossing(Holds holds) {
  double low = 0;
  double high = 1;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (holds(middle) ? low : high) = middle;
  }
  return (low + high) / 2;
}

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
  Interval interval{.lower = 0, .upper = 1};
  if (k > 0) {
    interval.lower = crossing([&](double p) { return 1 - binomial_at_most(k - 1, n, p) < kTail; });
  }
  if (k < n) {
    interval.upper = crossing([&](double p) { return binomial_at_most(k, n, p) > kTail; });
  }
  return interval;
}

std::optional<Interval> median_interval(const std::vector<double>& ascending) {
  const auto n = static_cast<int>(ascending.size());
  int k = 0;  // values that may be left out at each end
  while (2 * (k + 1) <= n && binomial_at_most(k, n, 0.5) <= kTail) ++k;
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
