// SPDX-License-Identifier: Apache-2.0
// Confidence intervals of ratios of medians, by resampling.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace moat {

// Series of positive values, each in the order it was measured: one per run or repetition.
using Series = std::vector<std::vector<double>>;

struct BootstrapOptions {
  std::uint64_t seed = 1;
  int resamples = 1000;
};

// What resampling made of a median.
struct MedianEstimate {
  double median = 0;              // of the only series, else the median of the series' medians
  std::vector<double> log_error;  // log of each resampled median ÷ median
};

// Resamples series with replacement, and in each of them blocks of √n neighbours, because samples
// that were taken one after the other resemble each other (moving blocks, Künsch 1989; here
// circular). Errors are widened by the factor by which resampling few series or few blocks falls
// short. Empty series are left out; throws std::invalid_argument if none is left.
MedianEstimate bootstrap_median(const Series& series, const BootstrapOptions& options);

// A ratio with its 95 % interval.
struct RatioEstimate {
  double ratio = 1;
  double lower = 1;
  double upper = 1;
  std::vector<double> log_resamples = {};  // in the order of the resamples, not sorted
};

// Median of `now` ÷ median of `base`, of samples taken at different times.
RatioEstimate ratio_of_medians(const Series& base, const Series& now,
                               const BootstrapOptions& options);

// now[s][i] ÷ base[s][i], for samples taken in one round: what slows both down cancels. Series that
// differ in length are compared as far as both go.
Series ratios_of_rounds(const Series& base, const Series& now);

// The median of those ratios or, of several series, each of processes of its own, the geometric
// mean of the series' medians (student.hpp). The interval of one series leaves out how processes
// differ.
RatioEstimate paired_ratio(const Series& base, const Series& now, const BootstrapOptions& options);

// From the logs of resampled ratios around `ratio`.
RatioEstimate to_estimate(double ratio, std::vector<double> log_resamples);

// A seed that depends on a name, so that adding a case changes no other case's interval.
std::uint64_t seed_of(std::uint64_t seed, std::string_view name);

}  // namespace moat
