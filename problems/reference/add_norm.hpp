// SPDX-License-Identifier: Apache-2.0
// Residual addition and RMSNorm in float64, one row at a time. Pointers of the problem are the
// host's.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "problems/add_norm.hpp"
#include "problems/reference/bound.hpp"

namespace moat::reference {

// x + residual at `index`, and how far the stored sum may lie from it: one addition in f32 and one
// rounding.
struct ResidualSum {
  double value;
  double bound;
};
inline ResidualSum residual_sum(const AddNormProblem& p, std::int64_t index) {
  return with_dtype(p.dtype, [&]<class T>(Type<T>) -> ResidualSum {
    const double value = double{to_float(static_cast<const T*>(p.x)[index])} +
                         double{to_float(static_cast<const T*>(p.residual)[index])};
    return {.value = value, .bound = rounded(value, std::abs(value) * kRoundoffF32, p.dtype)};
  });
}

// RMSNorm of a row of sums as they were stored: y is held to what the kernel itself left, which is
// within a rounding of the reference, and not to a sum whose rounding it may have decided
// otherwise.
inline std::vector<double> norm_of_sums(const AddNormProblem& p, const std::vector<double>& sums) {
  return with_dtype(p.dtype, [&]<class T>(Type<T>) {
    const auto* weight = static_cast<const T*>(p.weight);
    double squares = 0;
    for (const double sum : sums) squares += sum * sum;
    const double scale = 1 / std::sqrt(squares / p.cols + double{p.epsilon});
    std::vector<double> y(sums.size());
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = sums[i] * scale * to_float(weight[i]);
    return y;
  });
}

// An element of y, as that of RMSNorm.
inline double bound(const AddNormProblem& p, double y, Summation summation, Data data) {
  return bound(RowsProblem{.op = RowsOp::rms_norm, .dtype = p.dtype, .cols = p.cols}, y, summation,
               data);
}

}  // namespace moat::reference
