// SPDX-License-Identifier: Apache-2.0
// Statistics of a share over many ports.
#pragma once

#include <optional>
#include <vector>

#include "bench/record/strict_json.hpp"

namespace moat {

struct Interval {
  double lower = 0;
  double upper = 0;
};

// Exact (Clopper and Pearson 1934) interval of a proportion of k out of n ≥ 1, coverage ≥ 95 %.
Interval proportion_interval(int k, int n);

// Distribution-free interval of the median from order statistics, coverage ≥ 95 %; nothing below
// n = 6, where the whole range covers less.
std::optional<Interval> median_interval(const std::vector<double>& ascending);

// Interval of the pooled share Σ numerators ÷ Σ denominators, coverage about 95 %: percentile
// bootstrap over the ports (Efron 1979), seeded, 10,000 resamples; nothing below n = 6. Lines of
// one port are not independent, so the port is what is resampled.
struct PooledPart {
  double numerator = 0;
  double denominator = 0;
};
std::optional<Interval> pooled_interval(const std::vector<PooledPart>& ports);

// [lower, upper], or null.
Json interval_json(const std::optional<Interval>& interval);

// n, median with its interval, p10, p90, minimum, maximum, share of values above 0.3 and 0.8 with
// their intervals, and a histogram of 20 bins over [0, 1] and one beyond. `values` in any order.
Json distribution_json(std::vector<double> values);

}  // namespace moat
