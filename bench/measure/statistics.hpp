// SPDX-License-Identifier: Apache-2.0
// Order statistics of a series of samples.
#pragma once

#include <span>
#include <vector>

namespace moat {

// Quantile q ∈ [0, 1] of n ≥ 1 ascending values, interpolated between the two nearest
// (type 7 of Hyndman and Fan 1996, the default of R and NumPy).
double quantile(std::span<const double> ascending, double q);

// Median of n ≥ 1 samples in any order.
double median(std::vector<double> samples);

// Standard error of the median of n ≥ 1 ascending values, without an assumption about their
// distribution: the width of an interval of order statistics, over that of a normal variable with
// the same coverage (Price and Bonett 2001). 0 for one value.
double median_standard_error(std::span<const double> ascending);

struct Summary {
  double median = 0;
  double lower_quartile = 0;
  double upper_quartile = 0;
  double minimum = 0;
  double maximum = 0;
  // Standard error of the median ÷ median; 0 if all samples are equal, infinite if only the median
  // is 0.
  double relative_error = 0;
};

// Of n ≥ 1 samples in any order.
Summary summarize(std::span<const double> samples);
Summary summarize_ascending(std::span<const double> ascending);

}  // namespace moat
