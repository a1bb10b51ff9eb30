// SPDX-License-Identifier: Apache-2.0
// Softmax and RMSNorm in float64, one row at a time. Pointers of the problem are the host's.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "problems/reference/estimate.hpp"
#include "problems/rows.hpp"

namespace moat::reference {

struct SoftmaxRow {
  std::vector<double> y;  // cols elements; zeros for a row of −∞
  double top = 0;         // the largest x
};

inline SoftmaxRow softmax_row(const RowsProblem& p, int row) {
  return with_dtype(p.dtype, [&]<class T>(Type<T>) {
    const T* x = static_cast<const T*>(p.x) + std::int64_t{row} * p.cols;
    SoftmaxRow result{.y = std::vector<double>(p.cols),
                      .top = -std::numeric_limits<double>::infinity()};
    for (int i = 0; i < p.cols; ++i) result.top = std::max<double>(result.top, to_float(x[i]));
    if (!std::isfinite(result.top)) return result;
    double sum = 0;
    for (int i = 0; i < p.cols; ++i) sum += result.y[i] = std::exp(to_float(x[i]) - result.top);
    for (double& y : result.y) y /= sum;
    return result;
  });
}

// cols elements of y.
inline std::vector<double> rms_norm_row(const RowsProblem& p, int row) {
  return with_dtype(p.dtype, [&]<class T>(Type<T>) {
    const T* x = static_cast<const T*>(p.x) + std::int64_t{row} * p.cols;
    const auto* weight = static_cast<const T*>(p.weight);
    double squares = 0;
    for (int i = 0; i < p.cols; ++i) {
      const double value = to_float(x[i]);
      squares += value * value;
    }
    const double scale = 1 / std::sqrt(squares / p.cols + double{p.epsilon});
    std::vector<double> y(p.cols);
    for (int i = 0; i < p.cols; ++i) y[i] = to_float(x[i]) * scale * to_float(weight[i]);
    return y;
  });
}

}  // namespace moat::reference
