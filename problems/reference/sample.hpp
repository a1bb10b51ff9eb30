// SPDX-License-Identifier: Apache-2.0
// Sampling in float64: the sums of a row's kept weights, how far those of a kernel may lie from
// them, and which tokens that allows. Pointers of the problem are the host's.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "problems/reference/bound.hpp"
#include "problems/reference/topk.hpp"
#include "problems/sample.hpp"

namespace moat::reference {

// A row's k largest logits: their columns, and the sums of their weights from the first on.
struct SampledRow {
  std::vector<std::int64_t> columns{};
  std::vector<double> sums{};
  std::vector<double> errors{};  // of a kernel's sums
  double total_error = 0;        // of its sum of all, which it may add in another order
};

// Where u of the kept weights lies, the nearest such place at which a token is the result, and how
// far apart these may be.
struct PlaceOfToken {
  double place = 0;
  double nearest = 0;
  double bound = 0;

  double error_over_bound() const {
    const double error = std::abs(place - nearest);
    return error == 0 ? 0 : error / bound;
  }
};

// A weight's exponent is a difference of logits times a factor; its constant, the division by the
// temperature, the difference and the product are rounded, which exp_error counts. It may vanish
// below the normal numbers. A sum of n weights is off by what these are and by n roundings.
inline SampledRow sampled_row(const SampleProblem& p, std::int64_t row) {
  const TopkProblem largest{
      .dtype = p.dtype, .rows = p.rows, .cols = p.cols, .k = p.k, .x = p.logits};
  SampledRow result{.columns = largest_of_row(largest, row)};
  const auto logit = [&](std::int64_t col) { return read(p.logits, p.dtype, row * p.cols + col); };
  const double top = logit(result.columns.front());
  double sum = 0;
  double of_weights = 0;
  for (const std::int64_t col : result.columns) {
    const double range = (top - logit(col)) / p.temperature;
    const double weight = std::exp(-range);
    sum += weight;
    of_weights += (weight > 0 ? weight * exp_error(range) : 0) + underflow(DType::f32);
    const auto count = static_cast<double>(result.sums.size() + 1);
    result.sums.push_back(sum);
    result.errors.push_back(of_weights + growth(count, Data::any) * sum);
  }
  result.total_error = result.errors.back() + sum_error(p.k, Summation::folded, Data::any) * sum;
  return result;
}

// How many of the largest are kept at least and at most: c of them weigh as much as top_p of all,
// or may seem to.
inline std::pair<int, int> kept_counts(const SampleProblem& p, const SampledRow& row) {
  if (p.top_p >= 1) return {p.k, p.k};
  const double wanted = p.top_p * row.sums.back();
  const auto count = [&](double sign) {
    for (int c = 1; c < p.k; ++c) {
      const double bound = row.errors[c - 1] + p.top_p * row.total_error + kRoundoffF32 * wanted;
      if (row.sums[c - 1] + sign * bound >= wanted) return c;
    }
    return p.k;
  };
  return {count(1), count(-1)};
}

// Of the token that is largest but `rank` others, if `kept` are kept. The sum up to a token, that
// of the kept and its product with u are a kernel's.
inline PlaceOfToken place_of(const SampleProblem& p, const SampledRow& row, std::int64_t index,
                             int rank, int kept) {
  const double u = static_cast<const float*>(p.uniform)[index];
  const double place = u * row.sums[kept - 1];
  const double begin = rank == 0 ? 0 : row.sums[rank - 1];
  const double bound = row.errors[rank] + u * row.errors[kept - 1] + kRoundoffF32 * place;
  return {.place = place, .nearest = std::clamp(place, begin, row.sums[rank]), .bound = bound};
}

// The rank of the result, with the fewest or the most that may be kept.
inline int sampled_rank(const SampleProblem& p, const SampledRow& row, std::int64_t index,
                        int kept) {
  const double u = static_cast<const float*>(p.uniform)[index];
  int rank = 0;
  while (rank + 1 < kept && row.sums[rank] <= u * row.sums[kept - 1]) ++rank;
  return rank;
}

}  // namespace moat::reference
